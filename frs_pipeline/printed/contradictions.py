"""Where the printed report contradicts itself, as the study keeps it.

The audit takes seconds and depends on the printed report alone, so what it found is kept in the study's
`published/contradictions.csv`.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence

from frs_pipeline.errors import Gathered, InputError
from frs_pipeline.language import Text
from frs_pipeline.printed.model import WEIGHTS, Contradiction, Weight, printed_tables
from frs_pipeline.study import Study, derived
from frs_pipeline.study.csvfile import rows_of, whole_number
from frs_pipeline.study.faults import choices
from frs_pipeline.study.printed import address_of, published
from frs_pipeline.study.tables import Address

FILE = "published/contradictions.csv"
# What a contradiction says as a whole, on each of its lines; a text has a column in each language.
_SAID = (
    "rule",
    "tables",
    "weight",
    "reason",
    "reason_danish",
    "expected",
    "possible",
    "possible_danish",
    "either",
    "either_danish",
    "worked",
    "worked_danish",
)
# Whether the figure of a line is one that the contradiction is about, one that gives way, or both.
ABOUT, GIVES_WAY, BOTH = STANDS = ("about", "gives way", "both")
_COLUMNS = (*_SAID, *Address._fields, "stands")
_NOWHERE = ("", "", "", "", "", "")


def audit(study: Study) -> tuple[Contradiction, ...]:
    """Find all contradictions of the printed report again, in the order of its tables."""
    # HiGHS comes with SciPy, which takes a second to import and is needed for nothing else at run time.
    from frs_pipeline.printed import auditing

    return auditing.audit(printed_tables(study))


@derived
def kept(study: Study) -> tuple[Contradiction, ...]:
    """Read what the study keeps from the audit. Raises `InputError` with file and line for figures that aren't printed."""
    path, wrong, figures = study.folder / FILE, Gathered(), published(study)
    found: dict[tuple[str, ...], list[tuple[Address, str]]] = {}
    with wrong:
        for line, cells in rows_of(path, _COLUMNS):
            where = f"{path}:{line}"
            with wrong:
                _check(cells, where)
                lines = found.setdefault(tuple(cells[name] for name in _SAID), [])
                if cells["table"]:
                    address = address_of(cells, where)
                    if address not in figures:
                        raise InputError(
                            "the report doesn't print this figure", where=where, do="make docs writes the file again"
                        )
                    lines.append((address, cells["stands"]))
    wrong.check()
    return tuple(_contradiction(dict(zip(_SAID, said, strict=True)), lines) for said, lines in found.items())


def _check(cells: Mapping[str, str], where: str) -> None:
    for number in cells["tables"].split():
        whole_number(number, where)
    for name, known in (("weight", WEIGHTS), ("stands", (*STANDS, ""))):
        if cells[name] not in known:
            raise InputError(f"{name} is '{cells[name][:40]}'", where=where, do=choices(known, cells[name]))


def _contradiction(said: Mapping[str, str], lines: Sequence[tuple[Address, str]]) -> Contradiction:
    (weight,) = (one for one in WEIGHTS if one == said["weight"])
    found: Weight = weight
    return Contradiction(
        said["rule"],
        tuple(map(int, said["tables"].split())),
        Text(said["reason_danish"], said["reason"]),
        found,
        tuple(address for address, stands in lines if stands != GIVES_WAY),
        tuple(address for address, stands in lines if stands != ABOUT),
        said["expected"],
        _text(said, "possible"),
        _text(said, "either"),
        _text(said, "worked"),
    )


def _text(said: Mapping[str, str], name: str) -> Text | None:
    return Text(said[f"{name}_danish"], said[name]) if said[name] else None


@derived
def not_reproducible(study: Study) -> Mapping[Address, Contradiction]:
    """Return the contradiction behind every printed figure that no data can agree with."""
    return {key: contradiction for contradiction in kept(study) for key in contradiction.gives_way}


def as_csv(contradictions: tuple[Contradiction, ...]) -> str:
    """Write contradictions as the text of `contradictions.csv`: one line per figure (or one without a figure)."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\n")
    writer.writerow(_COLUMNS)
    for one in contradictions:
        said = [one.rule, " ".join(map(str, one.tables)), one.weight, one.reason.english, one.reason.danish, one.expected]
        for more in (one.possible, one.either, one.worked):
            said += [more.english, more.danish] if more else ["", ""]
        for key in dict.fromkeys((*one.figures, *one.gives_way)):
            stands = BOTH if key in one.figures and key in one.gives_way else GIVES_WAY if key in one.gives_way else ABOUT
            writer.writerow([*said, *key, stands])
        if not (one.figures or one.gives_way):
            writer.writerow([*said, *_NOWHERE])
    return text.getvalue()
