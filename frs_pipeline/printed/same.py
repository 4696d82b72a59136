"""Which printed tables are about the same: the same questions over the same forms, finer or coarser, the other way round."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from frs_pipeline.printed.model import PrintedTable, PrintedTables, Scale
from frs_pipeline.printed.places import CROSSED, Cells, cells

# A category as what it counts: its codes, or its label where they aren't known.
Kept = frozenset[int] | frozenset[str]
Kinds = tuple[str, ...]
ONE_QUESTION: Kinds = ("frequency", "distribution")


def categories(scale: Scale) -> tuple[Kept, ...]:
    """Return what each category of a scale counts."""
    return tuple(map(frozenset, scale.codes)) if scale.codes else tuple(frozenset((name,)) for name in scale.labels)


def counted(scale: Scale) -> frozenset[int | str]:
    """Return all that a scale counts."""
    return frozenset(code for kept in categories(scale) for code in kept)


def grouping(fine: Scale, coarse: Scale) -> tuple[int, ...] | None:
    """Return the coarse category of each fine one; None unless both are of one question and count the same in all."""
    if not fine.question or fine.question != coarse.question or counted(fine) != counted(coarse):
        return None
    wide = categories(coarse)
    found = [next((i for i, kept in enumerate(wide) if own <= kept), None) for own in categories(fine)]
    return None if None in found else tuple(i for i in found if i is not None)


def same_forms(a: PrintedTable, b: PrintedTable) -> bool:
    """Return whether two tables are known to count the same forms."""
    return bool(a.forms) and a.forms[:1] == b.forms[:1] and set(a.forms) == set(b.forms)


@dataclass(frozen=True)
class Matched:
    """How the cells of a fine crosstab go into the cells of a coarse one: coarse row and column of each fine row and column."""

    rows: tuple[int, ...]
    columns: tuple[int, ...]
    turned: bool

    def collapse(self, counts: Cells, shape: tuple[int, int]) -> list[list[int]]:
        """Add up the cells of the fine table as the coarse one has them, (rows, columns) of `shape`."""
        result = [[0] * shape[1] for _ in range(shape[0])]
        for i, line in enumerate(counts):
            for j, n in enumerate(line):
                row, column = (self.columns[j], self.rows[i]) if self.turned else (self.rows[i], self.columns[j])
                result[row][column] += n
        return result


def matched(fine: PrintedTable, coarse: PrintedTable) -> Matched | None:
    """Return how a fine crosstab goes into another table of the same two questions over the same forms; None if it doesn't."""
    if not same_forms(fine, coarse) or fine.columns is None or coarse.columns is None:
        return None
    for turned, rows, columns in ((False, coarse.rows, coarse.columns), (True, coarse.columns, coarse.rows)):
        of_rows, of_columns = grouping(fine.rows, rows), grouping(fine.columns, columns)
        if of_rows is not None and of_columns is not None:
            return Matched(of_rows, of_columns, turned)
    return None


def shape(table: PrintedTable) -> tuple[int, int]:
    """Return how many rows and columns a table has without totals."""
    return len(table.rows.labels), len(table.columns.labels) if table.columns else 1


def collapsed_into(table: PrintedTable, tables: PrintedTables) -> Iterator[tuple[PrintedTable, list[list[int]]]]:
    """Yield every other table that prints the cells of the same questions and forms, with them as `table` would have them."""
    for other in tables.tables.values():
        if other.number == table.number or other.kind not in CROSSED or other.kind == "change":
            continue
        found = matched(other, table)
        counts = cells(other) if found else None
        if found and counts is not None:
            yield other, found.collapse(counts, shape(table))


def pairs(tables: PrintedTables, kinds: Sequence[str]) -> Iterator[tuple[PrintedTable, PrintedTable]]:
    """Yield each two tables of these kinds, the first in the report first."""
    every = [table for table in tables.tables.values() if table.kind in kinds]
    for position, a in enumerate(every):
        for b in every[position + 1 :]:
            yield a, b
