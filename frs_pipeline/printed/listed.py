"""Files with one printed figure a line: its table, row, column, group and measure, and what is printed."""

from __future__ import annotations

from collections.abc import Sequence

from frs_pipeline.errors import Gathered, InputError
from frs_pipeline.printed.drafts import Draft
from frs_pipeline.printed.measures import reserved
from frs_pipeline.printed.notation import NOTHING
from frs_pipeline.stats.delimited import Row
from frs_pipeline.study.csvfile import whole_number
from frs_pipeline.study.faults import choices
from frs_pipeline.study.tables import Address

COLUMNS = (*Address._fields, "printed")
# What may be said of a table, on any or all of its lines.
ABOUT = ("title", "row_question", "column_question", "forms")
MEASURES = (
    "count",
    "percent",
    "valid_percent",
    "cumulative_percent",
    "row_percent",
    "column_percent",
    "total_percent",
    "gamma",
    "ase",
    "t",
    "p",
    "n",
    "partial_gamma",
)
_MANY = 3


def is_list(header: Sequence[str]) -> bool:
    """Return whether a first line is that of a list of figures, perhaps with a mistake in it."""
    return sum(name.casefold() in COLUMNS for name in header) > _MANY


def read_list(rows: Sequence[Row], where: str) -> list[Draft]:
    """Read the tables of a list of figures. Raises `InputError` for every line that can't be one."""
    names = [name.casefold() for name in rows[0].cells]
    _check_header(names, f"{where}{rows[0].line}")
    wrong, drafts = Gathered(), dict[int, Draft]()
    labels = _labels(names, rows[1:])
    for row in rows[1:]:
        with wrong:
            at = f"{where}{row.line}"
            if len(row.cells) > len(names) and any(row.cells[len(names) :]):
                raise InputError(
                    f"{len(row.cells)} cells where {len(names)} belong", where=at, do="put a text with ; into quotes"
                )
            cells = dict(zip(names, (*row.cells, *[""] * len(names)), strict=False))
            number = whole_number(cells["table"], at)
            draft = drafts.setdefault(number, Draft(at, number))
            _describe(draft, cells, at)
            _add(draft, cells, labels[number], at)
    wrong.check()
    return list(drafts.values())


def _check_header(names: Sequence[str], where: str) -> None:
    for name in COLUMNS:
        if name not in names:
            raise InputError(f"there is no column {name}", where=where, do=f"write {';'.join(COLUMNS)}")
    for name in filter(None, names):
        if name not in (*COLUMNS, *ABOUT):
            raise InputError(f"no column is called {name}", where=where, do=choices((*COLUMNS, *ABOUT), name))
        if names.count(name) > 1:
            raise InputError(f"column {name} stands twice", where=where, do="leave one of them")


def _labels(names: Sequence[str], rows: Sequence[Row]) -> dict[int, dict[str, set[str]]]:
    """Collect the labels of every table by axis, so that a total is known by whatever name it has."""
    found: dict[int, dict[str, set[str]]] = {}
    for row in rows:
        cells = dict(zip(names, row.cells, strict=False))
        if cells["table"].isascii() and cells["table"].isdigit():
            own = found.setdefault(int(cells["table"]), {axis: set() for axis in ("row", "column", "group")})
            for axis, seen in own.items():
                seen.add(cells.get(axis, ""))
    return found


def _describe(draft: Draft, cells: dict[str, str], where: str) -> None:
    """Note what a line says of its table. Raises `InputError` where another line says something else."""
    for name in ABOUT:
        said = cells.get(name, "")
        given = tuple(part for one in said.split(",") if (part := one.strip())) if name == "forms" else said
        before = getattr(draft, name)
        if given and before and given != before:
            first = ", ".join(before) if name == "forms" else before
            what = f"table {draft.number} has another {name} here than above: '{said[:40]}', not '{first[:40]}'"
            raise InputError(what, where=where, do="say the same on each of its lines, or say it once")
        if given:
            setattr(draft, name, given)


def _add(draft: Draft, cells: dict[str, str], labels: dict[str, set[str]], where: str) -> None:
    measure = cells["measure"].casefold()
    if measure not in MEASURES:
        raise InputError(f"there is no measure '{cells['measure'][:40]}'", where=where, do=choices(MEASURES, measure))
    if cells["printed"] in NOTHING:
        raise InputError("nothing is printed", where=where, do="take the line out, or write what the report prints")
    row, column, group = (reserved(cells[axis], labels[axis]) for axis in ("row", "column", "group"))
    draft.add((row, column, group), measure, cells["printed"], where)
