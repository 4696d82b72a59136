"""What each printed percentage is of: its count and its base, as the table prints them, and the habit of rounding."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from frs_pipeline.language import Text
from frs_pipeline.printed.model import PrintedTable, PrintedTables
from frs_pipeline.printed.numerals import HABITS, Figure, prints
from frs_pipeline.printed.places import CROSSED, Cells, answers, at, cells, figures_of, groups, once
from frs_pipeline.study.tables import MISSING, TOTAL, TOTAL_VALID

PERCENTAGES = ("percent", "valid_percent", "cumulative_percent", "row_percent", "column_percent", "total_percent", "case_percent")
# Two figures show that a table has a habit of its own; one alone is more likely wrong.
_OWN_HABIT = 2

OF_ROW, OF_COLUMN, OF_ALL = Text("rækken", "the row"), Text("kolonnen", "the column"), Text("hele tabellen", "the whole table")
OF_VALID, OF_TOTAL = Text("de besvarede", "the valid ones"), Text("alle med ubesvarede", "all with the missing")
OF_TICKS, OF_CASES = Text("alle kryds", "all ticks"), Text("alle skemaer", "all forms")


@dataclass(frozen=True)
class Share:
    """A printed percentage with the count and the base that its table prints.

    `wholes` are the base as printed and as its parts add up, which are the same in a table that adds up. `others` are bases that
    it isn't of, by name.
    """

    figure: Figure
    part: int
    wholes: tuple[int, ...]
    of: Text
    others: tuple[tuple[Text, int], ...]

    @property
    def exact(self) -> Fraction:
        """The percentage, unrounded."""
        return Fraction(100 * self.part, self.wholes[0])

    def holds(self, habit: str) -> bool:
        """Return whether it is printed as one of its bases gives it."""
        return habit in self._habits

    @cached_property
    def _habits(self) -> frozenset[str]:
        exact = [Fraction(100 * self.part, whole) for whole in self.wholes]
        return frozenset(habit for habit in HABITS if any(prints(one, self.figure, habit) for one in exact))


@once
def shares(table: PrintedTable) -> tuple[Share, ...]:
    """Return each percentage of which the table prints the count and the base."""
    return tuple(_shares(table))


def _shares(table: PrintedTable) -> Iterator[Share]:
    counts = {group: cells(table, group) for group in groups(table)}
    for printed in figures_of(table, *PERCENTAGES):
        part = _part(table, printed)
        named = _bases(table, printed, counts[printed.address.group]) if part is not None else []
        own = _own(table, printed)
        wholes = tuple(dict.fromkeys(n for name, n in named if name == own and n))
        if part is not None and wholes:
            others = tuple(dict.fromkeys((name, n) for name, n in named if name != own and n and n not in wholes))
            yield Share(printed, part, wholes, own, others)


def habit_of(every: Sequence[Share]) -> str:
    """Return the habit of rounding by which most of these percentages come out; the most usual one where none is better."""
    return max(HABITS, key=lambda habit: sum(share.holds(habit) for share in every))


def habits(tables: PrintedTables) -> dict[int, str]:
    """Return how each table rounds: as most of the report does, unless another habit explains all of its percentages."""
    found = {number: shares(table) for number, table in tables.tables.items()}
    usual = habit_of([share for of_table in found.values() for share in of_table])
    return {number: _own_habit(of_table, usual) for number, of_table in found.items()}


def _own_habit(of_table: Sequence[Share], usual: str) -> str:
    if sum(not share.holds(usual) for share in of_table) >= _OWN_HABIT:
        for habit in HABITS:
            if all(share.holds(habit) for share in of_table):
                return habit
    return usual


def _part(table: PrintedTable, printed: Figure) -> int | None:
    address = printed.address
    if address.measure == "cumulative_percent":
        labels = table.rows.labels
        if address.row not in labels:
            return None
        found = [at(table, name, group=address.group) for name in labels[: labels.index(address.row) + 1]]
        counts = [f.whole if f else None for f in found]
        return None if None in counts else sum(n or 0 for n in counts)
    ticks = table.kind == "multiple" and address.row == TOTAL
    count = at(table, address.row, address.column, "answers" if ticks else "count", address.group)
    return count.whole if count else None


def _own(table: PrintedTable, printed: Figure) -> Text:
    if table.kind == "frequency":
        return OF_TOTAL if printed.address.measure == "percent" else OF_VALID
    if table.kind == "multiple":
        return OF_CASES if printed.address.measure == "case_percent" else OF_TICKS
    return {"row_percent": OF_ROW, "column_percent": OF_COLUMN}.get(printed.address.measure, OF_ALL)


def _bases(table: PrintedTable, printed: Figure, counts: Cells | None) -> list[tuple[Text, int | None]]:
    """Return each base that stands in the table, by its name: as printed first, then as its parts add up.

    `counts` are the cells of a crosstab, where all are printed.
    """
    group = printed.address.group

    def count(row: str, column: str = "", measure: str = "count") -> int | None:
        found = at(table, row, column, measure, group)
        return found.whole if found else None

    if table.kind in CROSSED:
        return _of_crosstab(table, printed, counts)
    found = [f.whole or 0 for f in answers(table, group) or ()]
    added = sum(found) if found else None
    total, valid, missing = count(TOTAL), count(TOTAL_VALID), count(MISSING)
    if table.kind == "multiple":
        return [(OF_TICKS, count(TOTAL, measure="answers")), (OF_TICKS, added), (OF_CASES, valid)]
    if table.kind != "frequency":
        return [(OF_ALL, total), (OF_ALL, added), (OF_ALL, valid)]
    whole = valid if valid is not None else added
    with_missing = whole + (missing or 0) if whole is not None else None
    return [(OF_TOTAL, total), (OF_TOTAL, with_missing), (OF_VALID, valid), (OF_VALID, added)]


def _of_crosstab(table: PrintedTable, printed: Figure, counts: Cells | None) -> list[tuple[Text, int | None]]:
    assert table.columns is not None
    address, group = printed.address, printed.address.group

    def count(row: str, column: str) -> int | None:
        found = at(table, row, column, group=group)
        return found.whole if found else None

    rows, columns = table.rows.labels, table.columns.labels
    of_row = of_column = of_all = None
    if counts is not None:
        of_all = sum(map(sum, counts))
        down = [sum(line[i] for line in counts) for i in range(len(columns))]
        of_row = sum(counts[rows.index(address.row)]) if address.row in rows else of_all
        of_column = down[columns.index(address.column)] if address.column in columns else of_all
    return [
        *([(OF_ROW, count(address.row, TOTAL)), (OF_ROW, of_row)] if address.row else []),
        *([(OF_COLUMN, count(TOTAL, address.column)), (OF_COLUMN, of_column)] if address.column else []),
        (OF_ALL, count(TOTAL, TOTAL)),
        (OF_ALL, of_all),
    ]
