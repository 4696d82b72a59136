"""The printed figures of the report: one line of `figures.csv` per number, exactly as printed."""

from __future__ import annotations

from decimal import Decimal

from frs_pipeline.errors import Gathered, InputError
from frs_pipeline.stats.printing import decimals_of, parse
from frs_pipeline.study import Study, derived
from frs_pipeline.study.about import about
from frs_pipeline.study.csvfile import rows_of, whole_number
from frs_pipeline.study.faults import choices
from frs_pipeline.study.instruments import DATED
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.study.spec import Spec, YamlFile
from frs_pipeline.study.tables import Address

# A study without a printed report has neither.
FILE = "published/figures.csv"
PROSE = "published/prose.yaml"


@derived
def published(study: Study) -> dict[Address, str]:
    """Return the printed string of every figure, in the order of the report."""
    return {key: printed for key, (printed, _) in _lines(study).items()}


def line_of(study: Study) -> dict[Address, int]:
    """Return the line of figures.csv on which each figure stands, counted from 1."""
    return {key: line for key, (_, line) in _lines(study).items()}


@derived
def _lines(study: Study) -> dict[Address, tuple[str, int]]:
    path = study.folder / FILE
    figures: dict[Address, tuple[str, int]] = {}
    wrong = Gathered()
    with wrong:
        for line, cells in rows_of(path, (*Address._fields, "printed")):
            where = f"{path}:{line}"
            with wrong:
                key = address_of(cells, where)
                _require_number(cells["printed"], where)
                if key in figures:
                    raise InputError("the same figure stands twice", where=where, do="remove one line")
                figures[key] = cells["printed"], line
    wrong.check()
    return figures


def address_of(cells: dict[str, str], where: str) -> Address:
    """Return the address of the figure that a row is about. Raises `InputError` when its table isn't a number."""
    return Address(whole_number(cells["table"], where), *(cells[name] for name in Address._fields[1:]))


def _require_number(printed: str, where: str) -> None:
    try:
        value(printed)
    except ValueError as error:
        raise InputError(f"'{printed[:40]}' is {error}", where=where, do="write it as the report prints it") from None


def of_table(study: Study, number: int) -> dict[Address, str]:
    """Return the printed figures of one table."""
    return {key: printed for key, printed in published(study).items() if key.table == number}


def value(printed: str) -> Decimal:
    """Return the number in a printed figure, with or without a per cent sign."""
    return parse(printed.removesuffix("%"))


def decimals(printed: str) -> int:
    """Return how many decimals a printed figure shows, with or without a per cent sign."""
    return decimals_of(printed.removesuffix("%"))


def printed_count(study: Study, key: Address) -> int | None:
    """Return a printed count or N as a number; None when the report doesn't print it."""
    printed = published(study).get(key)
    return None if printed is None else int(parse(printed))


class ProseCorrelation(Spec):
    """A gamma in the running text, with neither table nor N."""

    mart: str
    row: str
    column: str
    role: str | None = None
    gamma: str


class _Prose(Spec):
    correlations: tuple[ProseCorrelation, ...]


@derived
def prose(study: Study) -> tuple[ProseCorrelation, ...]:
    """Read the correlations that only the text mentions. Raises `InputError` with file and line for unknown questions."""
    path = study.folder / PROSE
    if not path.exists():
        return ()
    file, wrong = YamlFile(path), Gathered()
    correlations, asked = file.parse(_Prose).correlations, questionnaires(study)
    for index, line in enumerate(correlations):
        at: list[str | int] = ["correlations", index]
        with wrong:
            if line.mart not in asked:
                raise file.error([*at, "mart"], f"there is no questionnaire {line.mart}", choices(asked, line.mart))
            mart = asked[line.mart]
            for key in ("row", "column"):
                with wrong:
                    question = mart.question(name := getattr(line, key))
                    if question is None:
                        known = [question.name for question in mart.questions]
                        raise file.error([*at, key], f"questionnaire {line.mart} has no question {name}", choices(known, name))
                    if question.type != "ordinal":
                        known = [question.name for question in mart.questions if question.type == "ordinal"]
                        raise file.error(
                            [*at, key], f"the answers to {name} have no order, which gamma needs", choices(known, name)
                        )
            if line.row == line.column:
                raise file.error([*at, "column"], f"column is the question of the row, {line.row}", "name another question")
            role = mart.role
            if line.role is not None and (role is None or role.code(line.role) is None):
                known = list(role.labels.values()) if role else []
                raise file.error([*at, "role"], f"questionnaire {line.mart} has no role {line.role}", choices(known, line.role))
            where = f"{path}:{file.line([*at, 'gamma'])}"
            _require_number(line.gamma, where)
            if abs(value(line.gamma)) > 1:
                raise InputError(f"gamma is {line.gamma}", where=where, do="write a number from -1 to 1, as the report prints it")
    wrong.check()
    return correlations


def printed_from(study: Study, delivery: str) -> bool:
    """Return whether the report was printed from this delivery; for any other, nothing printed exists to compare with."""
    return about(study).printed_from == delivery


def not_printed_from(study: Study, delivery: str, predecessor: str | None) -> str:
    """Say, in one line, why a delivery isn't compared with the printed report, and which command shows more."""
    printed = about(study).printed_from
    why = (
        f"The report was printed from delivery {printed}: there are no printed figures of delivery {delivery}."
        if printed
        else "This study has no printed report."
    )
    older = (predecessor or printed) if DATED.fullmatch(delivery) else None  # deliveries together aren't compared with one
    return f"{why} frs diff {' '.join(sorted((older, delivery)))} shows which figures differ." if older else why
