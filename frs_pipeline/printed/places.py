"""Where the figures of a printed table stand: cells, margins and rows, by group."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from frs_pipeline.printed.model import PrintedTable
from frs_pipeline.printed.numerals import Figure, figure
from frs_pipeline.study.tables import TOTAL, TOTAL_VALID, Address

CROSSED: AbstractSet[str] = frozenset({"crosstab", "collapsed_crosstab", "change"})
CORRELATED: AbstractSet[str] = frozenset({"correlation", "correlation_by_group"})
Cells = tuple[tuple[int, ...], ...]
P = ParamSpec("P")
R = TypeVar("R")


def once(make: Callable[Concatenate[PrintedTable, P], R]) -> Callable[Concatenate[PrintedTable, P], R]:
    """Keep what is read of a table with the table itself, as a cached property is kept: a changed copy is read anew."""

    @wraps(make)
    def kept(table: PrintedTable, /, *args: P.args, **kwargs: P.kwargs) -> R:
        known = table.__dict__.setdefault("_read", {})
        key = (make.__module__, make.__name__, args, tuple(sorted(kwargs.items())))
        if key not in known:
            known[key] = make(table, *args, **kwargs)
        found: R = known[key]
        return found

    return kept


@once
def numbers(table: PrintedTable) -> Mapping[Address, Figure]:
    """Return all printed numbers of a table."""
    read = {address: figure(address, text) for address, text in table.figures.items()}
    return {address: found for address, found in read.items() if found}


def at(table: PrintedTable, row: str = "", column: str = "", measure: str = "count", group: str = "") -> Figure | None:
    """Return the number that is printed in one place; None where none is."""
    return numbers(table).get(Address(table.number, row, column, group, measure))


@once
def groups(table: PrintedTable) -> tuple[str, ...]:
    """Return the groups that a table has figures of, in printed order; one without a label if it has none."""
    return tuple(dict.fromkeys(address.group for address in table.figures))


@once
def cells(table: PrintedTable, group: str = "") -> Cells | None:
    """Return the printed counts of a crosstab without its totals, (rows, columns); None unless all are printed."""
    if table.columns is None or table.kind not in CROSSED:
        return None
    rows = [[at(table, row, column, group=group) for column in table.columns.labels] for row in table.rows.labels]
    counts = tuple(tuple(-1 if cell is None or cell.whole is None else cell.whole for cell in row) for row in rows)
    return counts if counts and all(n >= 0 for row in counts for n in row) else None


def answers(table: PrintedTable, group: str = "") -> list[Figure] | None:
    """Return the printed counts of the answers of a table of one question; None unless all are printed."""
    found = [at(table, row, group=group) for row in table.rows.labels]
    return [f for f in found if f] if found and all(f and f.whole is not None for f in found) else None


def total_of(table: PrintedTable, group: str = "") -> Figure | None:
    """Return the number of forms of which a table counts the answers: the corner of a crosstab, valid of a frequency, N."""
    if table.kind in CROSSED:
        found = at(table, TOTAL, TOTAL, group=group)
    elif table.kind in CORRELATED or table.kind == "summary":
        return at(table, measure="n", group=group)
    else:
        found = at(table, TOTAL_VALID, group=group) or at(table, TOTAL, group=group)
    return found or at(table, measure="n", group=group)


def forms_counted(table: PrintedTable, group: str = "") -> int | None:
    """Return how many forms a table counts the answers of: as printed, or else the sum of its cells or answers."""
    printed = total_of(table, group)
    if printed is not None:
        return printed.whole
    counts = cells(table, group)
    if counts is not None:
        return sum(map(sum, counts))
    of_answers = None if table.kind in (*CROSSED, *CORRELATED, "summary", "multiple") else answers(table, group)
    return None if of_answers is None else sum(f.whole or 0 for f in of_answers)


def figures_of(table: PrintedTable, *measures: str) -> Iterator[Figure]:
    """Yield the printed numbers of some measures, in printed order."""
    for address, found in numbers(table).items():
        if address.measure in measures:
            yield found
