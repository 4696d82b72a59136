"""What the printed tables demand of one questionnaire's forms, as constraints on counts and correlations.

Figures that contradict others, according to the audit, aren't demanded.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from frs_pipeline.printed.contradictions import not_reproducible
from frs_pipeline.printed.model import printed_tables
from frs_pipeline.printed.places import Cells as PrintedCells
from frs_pipeline.printed.places import cells as printed_cells
from frs_pipeline.reconstruction.papers import papers
from frs_pipeline.study import Study
from frs_pipeline.study.printed import printed_count, prose, published, value
from frs_pipeline.study.tables import TOTAL, Address, Axis, Category, Table, catalogue


@dataclass(frozen=True)
class Cells:
    """A printed crosstab: the number of forms in every cell."""

    row: Axis
    column: Axis
    counts: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class BothAnswered:
    """Number of forms, of one role or of all, with a counted answer to both questions.

    Not `firm` when no data can have it: then it is only met as nearly as the rest allows.
    """

    row: Axis
    column: Axis
    role: int | None
    n: int
    firm: bool = True


@dataclass(frozen=True)
class Correlation:
    """A printed gamma: of one role, of all forms with a role (`by_role`), or of all forms.

    `ase` and `t` are None where the report prints none, and not `firm` where they rest on an N that no data
    can have. `partial` is the first-order partial gamma printed under the same table.
    """

    table: int | None
    row: Axis
    column: Axis
    role: int | None
    by_role: bool
    gamma: float
    ase: float | None
    t: float | None
    firm: bool = True
    partial: float | None = None


@dataclass
class Targets:
    """Everything that is demanded of one questionnaire's forms."""

    instrument: str
    forms: int
    margins: dict[str, dict[int, int]] = field(default_factory=dict)
    cells: list[Cells] = field(default_factory=list)
    both_answered: list[BothAnswered] = field(default_factory=list)
    correlations: list[Correlation] = field(default_factory=list)


def targets(study: Study, instrument: str) -> Targets:
    """Collect the demands that the catalogue's printed tables make on the forms of `instrument`."""
    tables = [t for t in catalogue(study).values() if t.marts == (instrument,)]
    sizes = {printed_count(study, Address(t.number, TOTAL, "", "", "count")) for t in tables if t.kind == "frequency"}
    if len(sizes) != 1:
        raise ValueError(f"the frequency tables of {instrument} don't print one file size")
    result = Targets(instrument, forms=sizes.pop() or 0)
    for table in tables:
        if table.kind == "frequency":
            result.margins[table.row.variable] = {
                category.codes[0]: _number(study, Address(table.number, category.label, "", "", "count"))
                for category in table.row.categories
            }
        elif table.column is not None and table.kind.endswith("crosstab"):
            cells = _cells(study, table)
            if cells is not None:
                result.cells.append(Cells(table.row, table.column, cells))
        elif table.column is not None:
            _add_correlations(study, result, table, table.column)
    result.correlations += _of_prose(study, instrument)
    return result


def _cells(study: Study, table: Table) -> PrintedCells | None:
    printed = printed_tables(study).tables.get(table.number)
    return None if printed is None else printed_cells(printed)


def _add_correlations(study: Study, result: Targets, table: Table, column: Axis) -> None:
    groups: Iterable[tuple[str, int | None]] = [("", None)]
    if table.group is not None:
        groups = [*((c.label, c.codes[0]) for c in table.group.categories), (TOTAL, None)]
    for label, role in groups:
        keys = {m: Address(table.number, "", "", label, m) for m in ("gamma", "ase", "t", "n", "partial_gamma")}
        numbers = {m: float(value(published(study)[key])) if key in published(study) else None for m, key in keys.items()}
        firm = keys["n"] not in not_reproducible(study)
        if numbers["n"] is not None and not (table.group is not None and role is None):
            result.both_answered.append(BothAnswered(table.row, column, role, int(numbers["n"]), firm))
        if numbers["gamma"] is not None and keys["gamma"] not in not_reproducible(study):
            result.correlations.append(
                Correlation(
                    table.number,
                    table.row,
                    column,
                    role,
                    by_role=table.group is not None and role is None,
                    gamma=numbers["gamma"],
                    ase=numbers["ase"],
                    t=numbers["t"],
                    firm=firm,
                    partial=numbers["partial_gamma"],
                )
            )


def _of_prose(study: Study, instrument: str) -> list[Correlation]:
    correlations = []
    for item in prose(study):
        if item.mart != instrument:
            continue
        role = papers(study)[instrument].role
        code = role.code(item.role) if role and item.role else None
        row, column = (_scale(study, instrument, name) for name in (item.row, item.column))
        correlations.append(Correlation(None, row, column, code, False, float(value(item.gamma)), None, None))
    return correlations


def _scale(study: Study, instrument: str, name: str) -> Axis:
    question = papers(study)[instrument].question(name)
    if question is None:
        raise ValueError(f"prose.yaml names {name}, which {instrument} doesn't ask")
    return Axis(
        variable=name,
        categories=tuple(
            Category(label=answer.label, codes=(answer.code,)) for answer in question.answers if answer.code != question.dont_know
        ),
    )


def _number(study: Study, key: Address) -> int:
    number = printed_count(study, key)
    if number is None:
        raise ValueError(f"table {key.table} of the catalogue has no printed counterpart")
    return number
