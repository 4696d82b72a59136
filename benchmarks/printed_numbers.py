"""Printed tables as exact numbers, and the list of what must hold between them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from frs_pipeline.printed.model import PrintedTable, Scale

# Family and words of every identity; `misprints.py` prints them beside its results.
LISTED = {
    "cells of a row": ("sums", "the counts of a row add up to its total"),
    "cells of a column": ("sums", "the counts of a column, totals too, add up to its total"),
    "answers": ("sums", "the counts of the answers add up to the valid ones, or to the total where there are no missing ones"),
    "valid and missing": ("sums", "valid + missing = total"),
    "per cent of counts": ("rounding", "a per cent is that of the counts beside it, within half a unit of its last decimal"),
    "cumulative": ("rounding", "a cumulative per cent is that of the counts so far, within the same"),
    "all of it": ("rounding", "percentages of a whole table without counts add up to 100, within half a unit for each"),
    "gamma": ("range", "a gamma or partial gamma is from -1 to 1"),
    "ASE": ("range", "an ASE isn't negative"),
    "p": ("range", "a p is from 0 to 1"),
    "per cent": ("range", "a per cent is from 0 to 100"),
    "sign of T": ("range", "T has the sign of its gamma"),
    "p of T": ("range", "p is that of T, two-sided and normal, as wide as their decimals"),
    "monotone": ("range", "cumulative percentages don't fall"),
    "partial gamma": ("range", "a partial gamma lies between the least and the greatest gamma of its groups"),
    "groups": ("range", "the groups have no more forms than all of them together"),
    "part of the answers": ("range", "forms that answer two questions, or one as a group, are no more than answer either"),
    "both of two": ("range", "as many forms answer two questions as must, if so many answer each and there are so many"),
    "printed twice": ("repetition", "a table that is printed twice prints the same, to the decimals that both have"),
    "percent of the other": ("repetition", "a per cent is that of the counts which another table prints for the same answers"),
    "forms of a file": ("repetition", "frequencies of the same forms have the same total"),
    "files added up": ("repetition", "a table of two files counts what the crosstabs of each, of the same forms, add up to"),
    "N of the table": ("repetition", "a correlation's N is the total of the crosstab of the same answers"),
    "recomputed": ("recomputing", "gamma, ASE, T and p are those of the crosstab of the same answers, within half a unit"),
}

_FIGURE = re.compile(r"(-?)([0-9]*)(?:,([0-9]+))?%?")
TOTAL, VALID, MISSING = "Total", "Total valid", "Missing"
# A recomputed statistic takes square roots, and p a function of floats.
SLACK = 1e-9


@dataclass(frozen=True)
class Broken:
    """An identity of `LISTED` that doesn't hold: which, between figures of which tables, and where."""

    what: str
    tables: tuple[int, ...]
    place: str

    @property
    def family(self) -> str:
        return LISTED[self.what][0]


@dataclass(frozen=True)
class Figure:
    """A printed figure as a number and half a unit of its last decimal."""

    value: Fraction
    half: Fraction

    def may_be(self, exact: Fraction | float) -> bool:
        """Return whether `exact` could have been printed so."""
        return abs(exact - self.value) <= self.half + (SLACK if isinstance(exact, float) else 0)


def figure(text: str) -> Figure:
    """Read what is printed. Raises ValueError for what isn't a figure."""
    match = _FIGURE.fullmatch(text)
    if match is None or not (match[2] or match[3]):
        raise ValueError("not a figure")
    decimals = match[3] or ""
    scale = 10 ** len(decimals)
    value = Fraction(int((match[2] or "0") + decimals), scale)
    return Figure(-value if match[1] else value, Fraction(1, 2 * scale))


# Labels of row, column and group, and the measure.


# Labels of row, column and group, and the measure.
Place = tuple[str, str, str, str]


@dataclass
class Reader:
    """One table as numbers, with what each axis is about."""

    table: PrintedTable
    figures: dict[Place, Figure] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.figures = {(a.row, a.column, a.group, a.measure): figure(text) for a, text in self.table.figures.items()}

    def get(self, row: str = "", column: str = "", measure: str = "count", group: str = "") -> Figure | None:
        return self.figures.get((row, column, group, measure))

    def count(self, row: str = "", column: str = "", measure: str = "count", group: str = "") -> Fraction | None:
        got = self.get(row, column, measure, group)
        return None if got is None else got.value

    def counts(self, places: Sequence[tuple[str, str]]) -> list[Fraction] | None:
        """Return the counts of several places; None where one isn't printed."""
        found = [self.count(row, column) for row, column in places]
        return None if None in found else [n for n in found if n is not None]

    @property
    def cells(self) -> list[list[int]] | None:
        """The counts of a crosstab without totals, (rows, columns)."""
        if self.table.columns is None:
            return None
        rows = [self.counts([(r, c) for c in self.table.columns.labels]) for r in self.table.rows.labels]
        return None if None in rows else [[int(n) for n in row] for row in rows if row is not None]

    @property
    def axes(self) -> tuple[object, ...]:
        return axis(self.table.rows), self.table.columns and axis(self.table.columns)

    @property
    def groups(self) -> list[str]:
        return list(dict.fromkeys(group for _, _, group, _ in self.figures))

    def total(self) -> Fraction | None:
        """Return how many forms a crosstab or a correlation counts."""
        printed = self.count(TOTAL, TOTAL) if self.table.columns else None
        cells = self.cells
        return printed if printed is not None or cells is None else Fraction(sum(map(sum, cells)))


def axis(scale: Scale) -> tuple[object, ...]:
    """Say what an axis counts, in its order, whatever it calls it where the codes are known."""
    return scale.question, scale.codes or scale.labels


def meant(scale: Scale) -> frozenset[object]:
    return frozenset(code for codes in scale.codes for code in codes) if scale.codes else frozenset(scale.labels)


def share(of: Reader, row: str, column: str, measure: str) -> Fraction | None:
    """Return the per cent by the printed counts; None where they aren't printed."""
    table = of.table
    part, whole = of.count(row, column), None
    if table.columns is None:
        whole = of.count(TOTAL) if measure == "percent" else valid(of)
        if measure == "cumulative_percent":
            labels = table.rows.labels
            so_far = of.counts([(label, "") for label in labels[: labels.index(row) + 1]]) if row in labels else None
            part = None if so_far is None else sum(so_far, Fraction(0))
    elif measure == "row_percent":
        whole = of.count(row, TOTAL) or total_of(of.counts([(row, c) for c in table.columns.labels]))
    elif measure == "column_percent":
        whole = of.count(TOTAL, column) or total_of(of.counts([(r, column) for r in table.rows.labels]))
    elif measure == "total_percent":
        whole = of.total()
    return None if part is None or not whole else 100 * part / whole


def valid(of: Reader) -> Fraction | None:
    """Return how many answered: all, where a table has no row of missing ones."""
    printed = of.count(VALID)
    return of.count(TOTAL) if printed is None and of.count(MISSING) is None else printed


def total_of(counts: list[Fraction] | None) -> Fraction | None:
    return None if counts is None else sum(counts, Fraction(0))
