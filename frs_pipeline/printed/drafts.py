"""A printed table while its file is being read: its figures with their places, from which the table is made."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from frs_pipeline.errors import Gathered, InputError
from frs_pipeline.language import Text
from frs_pipeline.printed.model import PrintedTable, Scale
from frs_pipeline.printed.notation import rewritten
from frs_pipeline.study.tables import MISSING, TOTAL, TOTAL_VALID, Address, Place

TOTALS = (TOTAL, TOTAL_VALID, MISSING)
_OF_CORRELATION = frozenset(("gamma", "ase", "t", "p", "partial_gamma"))
_CROSSED = ("crosstab", "collapsed_crosstab")
_OF_FREQUENCY = frozenset(("valid_percent", "cumulative_percent"))


@dataclass(frozen=True)
class Figure:
    """One printed figure: as rewritten, where it stands, and whether it was printed with a decimal point."""

    text: str
    where: str
    point: bool


@dataclass
class Draft:
    """One table as its file gives it: figures by place (row, column, group) and measure, in the order of the file.

    `number` is None where the file gives none; `where` is where the table begins.
    """

    where: str
    number: int | None = None
    title: str = ""
    row_question: str = ""
    column_question: str = ""
    forms: tuple[str, ...] = ()
    figures: dict[tuple[Place, str], Figure] = field(default_factory=dict)
    # Answers of a correlation, which print no figure of their own.
    rows: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()

    def add(self, place: Place, measure: str, cell: str, where: str) -> None:
        """Add a printed figure. Raises `InputError` for a cell that is none, and for a figure that stands twice."""
        try:
            text, point = rewritten(cell, measure)
        except ValueError as error:
            what, _, do = str(error).partition("; ")
            raise InputError(f"'{cell[:40]}' {what}", where=where, do=do) from None
        first = self.figures.get((place, measure))
        if first is not None:
            labels = " · ".join((*filter(None, place), measure))
            raise InputError(f"{labels} stands twice, also at {first.where}", where=where, do="take one out, or label them apart")
        self.figures[place, measure] = Figure(text, where, point)

    @property
    def measures(self) -> frozenset[str]:
        return frozenset(measure for _, measure in self.figures)

    @property
    def kind(self) -> str:
        """Name the kind of the catalogue that such figures make."""
        if self.measures & _OF_CORRELATION:
            grouped = any(group for (_, _, group), _ in self.figures)
            return "correlation_by_group" if grouped else "correlation"
        if any(column for (_, column, _), _ in self.figures):
            return "collapsed_crosstab" if "total_percent" in self.measures else "crosstab"
        rows = {row for (row, _, _), _ in self.figures}
        return "frequency" if self.measures & _OF_FREQUENCY or rows & {TOTAL_VALID, MISSING} else "distribution"

    def check(self) -> None:
        """Raise `InputError` for figures that can't stand in one table, or at no place of it."""
        kind = self.kind
        wrong = Gathered()
        for (place, measure), figure in self.figures.items():
            row, column, _ = place
            with wrong:
                if kind.startswith("correlation"):
                    if measure not in (*_OF_CORRELATION, "n"):
                        what = f"{measure} in a table that prints a correlation"
                        raise InputError(what, where=figure.where, do="give what is counted a number of its own")
                    if row or column:
                        raise InputError(
                            "a correlation has no rows and columns", where=figure.where, do="write its group, or nothing"
                        )
                elif measure != "n" and (not row or (kind in _CROSSED and not column)):
                    lacks = "row" if not row else "column"
                    raise InputError(f"no {lacks} is named", where=figure.where, do=f"write the label of the {lacks}, or Total")
        wrong.check()

    def table(self, number: int, name: Text) -> PrintedTable:
        """Return the finished table under its number."""
        rows = self.rows or _labels(row for (row, _, _), _ in self.figures)
        columns = self.columns or _labels(column for (_, column, _), _ in self.figures)
        kind = self.kind
        crossed = kind not in ("frequency", "distribution")
        return PrintedTable(
            number,
            name,
            kind,
            Scale(rows, self.row_question),
            Scale(columns, self.column_question) if crossed else None,
            {Address(number, *place, measure): figure.text for (place, measure), figure in self.figures.items()},
            self.forms,
        )


def _labels(found: Iterable[str]) -> tuple[str, ...]:
    return tuple(label for label in dict.fromkeys(found) if label and label not in TOTALS)
