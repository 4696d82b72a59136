"""Where in a file the cells of a table stand, so that errors can say so; and what was read, with those places."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NoReturn

from frs_pipeline.stats.cells import Kind, is_error, kind, one_line
from frs_pipeline.stats.delimited import ContingencyError, Row


@dataclass(frozen=True)
class Place:
    """A cell: its row, and its column counted from 0."""

    row: Row
    column: int

    @property
    def cell(self) -> str:
        return self.row.cells[self.column]

    @property
    def kind(self) -> Kind:
        return kind(self.cell)


@dataclass
class Counts:
    """Tables of counts by stratum, and where the labels of rows (by stratum), columns and strata stand."""

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    strata: dict[str, list[list[int]]]
    taken: str
    row_at: dict[tuple[str, str], Place]
    column_at: dict[str, Place]
    stratum_at: dict[str, Place] = field(default_factory=dict)


def down(rows: Sequence[Row], column: int) -> list[Place]:
    """Return the cells of a column."""
    return [Place(row, column) for row in rows]


def across(row: Row, columns: Sequence[int]) -> list[Place]:
    """Return the cells of a row."""
    return [Place(row, column) for column in columns]


def column_name(column: int, header: Row | None) -> str:
    """Name a column, counted from 0, as errors and remarks do: `column 2 (income)`."""
    heading = one_line(header.cells[column]) if header else ""
    return f"column {column + 1} ({heading})" if heading else f"column {column + 1}"


def refuse(place: Place, problem: str, header: Row | None = None) -> NoReturn:
    """Raise ContingencyError for a cell, by line and column; `header` holds the headings, if there are any."""
    raise ContingencyError(place.row.line, f"{column_name(place.column, header)} {problem}")


def check_labels(places: Sequence[Place], do: str, header: Row | None = None) -> None:
    """Raise ContingencyError for an empty label, saying what to `do`, or for a spreadsheet's error."""
    for place in places:
        if place.kind is Kind.EMPTY:
            refuse(place, f"is empty; {do}", header)
        if is_error(place.cell):
            refuse(place, "is an error of a spreadsheet; write what belongs there", header)


def check_once(places: Sequence[Place]) -> None:
    """Raise ContingencyError for a label that stands twice: two tables below each other, or one line per cell."""
    seen: set[str] = set()
    for place in places:
        if place.cell in seen:
            what = "repeats a label; add the two up or label them apart"
            refuse(place, f"{what}; strata need --by, and a table with one line per cell calls its column of counts n")
        seen.add(place.cell)
