"""Contingency tables from rows of cells, as people type or export them."""

import graphlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from frs_pipeline.stats.cells import Kind, count, kind, number, one_line, rise_or_fall
from frs_pipeline.stats.delimited import ContingencyError, Row, parse
from frs_pipeline.stats.margins import refuse_named_totals, refuse_sums
from frs_pipeline.stats.places import Counts, Place, across, check_labels, check_once, column_name, down, refuse
from frs_pipeline.stats.shapes import (
    check_headings,
    check_numbers,
    find_shape,
    is_long,
    numbers_of_rows,
    refuse_codes,
    refuse_column_of_codes,
    refuse_forms,
)

__all__ = ["ContingencyError", "ContingencyFile", "read_contingency", "read_rows"]

_NUMBERS = re.compile(r"[0-9][^0-9.,]+[0-9]")
_NO_COUNTS = "no counts below the header; give one row of counts per line"


@dataclass(frozen=True, eq=False)
class ContingencyFile:
    """Tables of shape (row labels, column labels), one per stratum in order of first appearance.

    A file that is not stratified has the single stratum "". Labels are "1", "2", … where the file has none. `taken` says
    in one line where labels and counts were taken from.
    """

    row_labels: tuple[str, ...]
    column_labels: tuple[str, ...]
    strata: dict[str, NDArray[np.int64]]
    taken: str


def read_contingency(text: str, *, by: str | None = None, as_it_stands: bool = False) -> ContingencyFile:
    """Read counts from text delimited by commas, semicolons or tabs; a BOM and blank lines are ignored.

    See `read_rows` for the rest.
    """
    return read_rows(parse(text.removeprefix("\ufeff")), by=by, as_it_stands=as_it_stands)


def read_rows(rows: Sequence[Row], *, by: str | None = None, as_it_stands: bool = False) -> ContingencyFile:
    """Read counts from rows: a table as it is printed (`shapes.find_shape`), or one line per cell of the table.

    With `by`, the column of that name holds the stratum and a line of headings is required. Of the other columns, the
    first holds the row's label and the rest the counts, or three hold one cell of the table (`shapes.is_long`); a row
    or cell that a stratum lacks is zero there. Lines of totals are refused: by their name, and unless `as_it_stands` by
    their numbers, as are counts that look like codes.

    Raises ContingencyError, with line and column, for every cell that is neither a count nor plainly a label.
    """
    if not rows:
        raise ContingencyError(1, "the file holds no counts; give one row of counts per line")
    first = rows[0]
    for row in rows[1:]:
        if len(row.cells) != len(first.cells):
            raise ContingencyError(
                row.line,
                f"{len(row.cells)} cell{'' if len(row.cells) == 1 else 's'} where line {first.line} has {len(first.cells)}; "
                "give every line the same number of cells, also the first, which begins with an empty one above labels",
            )
    rows = _without_empty_columns(rows)
    _refuse_undelimited(rows)
    counts = _read_plain(rows, as_it_stands) if by is None else _read_strata(rows, by, as_it_stands)
    refuse_named_totals(counts)
    if not as_it_stands:
        refuse_sums(counts)
    tables = {name: np.array(table, dtype=np.int64) for name, table in counts.strata.items()}
    return ContingencyFile(counts.rows, counts.columns, tables, counts.taken)


def _refuse_undelimited(rows: Sequence[Row]) -> None:
    """Raise ContingencyError for a line that is a single cell with several numbers in it."""
    for row in rows:
        if len(row.cells) == 1 and _NUMBERS.search(row.cells[0]):
            refuse(
                Place(row, 0), "holds several numbers; put a comma, semicolon or tab between cells, and nothing inside numbers"
            )


def _without_empty_columns(rows: Sequence[Row]) -> Sequence[Row]:
    """Leave out the empty columns that a spreadsheet saves to the right of a table with headings."""
    if all(kind(cell) in (Kind.COUNT, Kind.EMPTY) for cell in rows[0].cells):
        return rows
    width = max(column for row in rows for column, cell in enumerate(row.cells, start=1) if cell)
    return [Row(row.line, row.cells[:width]) for row in rows]


def _read_plain(rows: Sequence[Row], as_it_stands: bool) -> Counts:
    header, body = rows[0], rows[1:]
    columns = list(range(len(header.cells)))
    for taken in (columns, columns[1:] if numbers_of_rows(header, body) else []):
        if is_long(header, taken, body):
            return _read_long(header, body, taken)
    shape = find_shape(rows, as_it_stands=as_it_stands)
    if shape.headings:
        rows = body
    if not rows:
        raise ContingencyError(header.line, _NO_COUNTS)
    start = 1 if shape.labels else 0
    heads = across(header, columns[start:])
    labels = [row.cells[0] if shape.labels else str(i) for i, row in enumerate(rows, 1)]
    names = [head.cell if shape.headings else str(i) for i, head in enumerate(heads, 1)]
    named = header if shape.headings else None
    cells = [_counts(row, columns[start:], named) for row in rows]
    check_once(down(rows, 0) if shape.labels else [])
    check_once(heads if shape.headings else [])
    if not as_it_stands:
        refuse_codes(cells, shape, rows)
        refuse_forms(cells, rows)
    return Counts(
        tuple(labels),
        tuple(names),
        {"": cells},
        f"Rows: {column_name(0, named) if shape.labels else 'numbered'}. "
        f"Columns: {f'line {header.line}' if shape.headings else 'numbered'}.",
        {("", label): Place(row, 0) for label, row in zip(labels, rows, strict=True)},
        dict(zip(names, heads, strict=True)),
    )


def _read_strata(rows: Sequence[Row], by: str, as_it_stands: bool) -> Counts:
    header, body = rows[0], rows[1:]
    stratum = _stratum_column(header, by)
    if not body:
        raise ContingencyError(header.line, _NO_COUNTS)
    others = [column for column in range(len(header.cells)) if column != stratum]
    if others and others[0] == 0 and numbers_of_rows(header, body):
        others = others[1:]
    if len(others) < 2:
        raise ContingencyError(
            header.line,
            "too few columns to stratify; give a column of row labels and at least one column of counts "
            "beside the column of strata",
        )
    check_labels(down(body, stratum), "name the stratum on every line", header)
    if is_long(header, others, body):
        return _read_long(header, body, others, stratum)
    label, *columns = others
    heads = across(header, columns)
    check_headings(heads)
    check_labels(down(body, label), "every row needs a label", header)
    check_numbers(down(body, label), header)
    check_once(heads)
    cells_by_row: dict[str, dict[str, list[int]]] = {}
    for row in body:
        own, name = cells_by_row.setdefault(row.cells[stratum], {}), row.cells[label]
        if name in own:
            raise ContingencyError(
                row.line,
                f"row {one_line(name)} occurs twice in stratum {one_line(row.cells[stratum])}; "
                "add the two lines up or label them apart",
            )
        own[name] = _counts(row, columns, header)
    if not as_it_stands:
        refuse_column_of_codes(heads[0], [[cells[0] for cells in own.values()] for own in cells_by_row.values()])
    order = _in_order([list(own) for own in cells_by_row.values()])
    if order is None:
        what = "the strata have their rows in different orders; give all rows to each, in the order of the scale"
        raise ContingencyError(header.line, what)
    zeros = [0] * len(columns)
    return Counts(
        tuple(order),
        tuple(head.cell for head in heads),
        {name: [own.get(row, zeros) for row in order] for name, own in cells_by_row.items()},
        f"Strata: {column_name(stratum, header)}. Rows: {column_name(label, header)}. Columns: line {header.line}.",
        {(row.cells[stratum], row.cells[label]): Place(row, label) for row in body},
        {head.cell: head for head in heads},
        {row.cells[stratum]: Place(row, stratum) for row in reversed(body)},
    )


def _read_long(header: Row, body: Sequence[Row], columns: Sequence[int], stratum: int | None = None) -> Counts:
    one, two, counts = columns
    for column in (one, two):
        check_labels(down(body, column), "every line needs both labels", header)
    cells: dict[tuple[str, str, str], int] = {}
    for row in body:
        key = _stratum(row, stratum), row.cells[one], row.cells[two]
        if key in cells:
            refuse(Place(row, one), "and the next repeat the labels of a line before; write one line per cell", header)
        cells[key] = _counts(row, [counts], header)[0]
    rows, names = _order_of_long(header, columns, list(cells))
    strata = dict.fromkeys(name for name, _, _ in cells)
    zeros = len(rows) * len(names) * len(strata) - len(cells)
    places = {"Strata": stratum, "Rows": one, "Columns": two, "Counts": counts}
    taken = [f"{what}: {column_name(column, header)}." for what, column in places.items() if column is not None]
    if zeros:
        taken.append(f"Cells without a line, taken as 0: {zeros}.")
    return Counts(
        tuple(rows),
        tuple(names),
        {stratum: [[cells.get((stratum, row, name), 0) for name in names] for row in rows] for stratum in strata},
        " ".join(taken),
        # Reversed, so that errors name the first line that has the label.
        {(_stratum(row, stratum), row.cells[one]): Place(row, one) for row in reversed(body)},
        {row.cells[two]: Place(row, two) for row in reversed(body)},
        {} if stratum is None else {row.cells[stratum]: Place(row, stratum) for row in reversed(body)},
    )


def _stratum(row: Row, column: int | None) -> str:
    return "" if column is None else row.cells[column]


def _order_of_long(header: Row, columns: Sequence[int], cells: Sequence[tuple[str, str, str]]) -> list[list[str]]:
    """Return the labels of rows and of columns in order. Raises ContingencyError where the lines leave it open."""
    orders = []
    for mine, other in ((1, 2), (2, 1)):
        blocks: dict[tuple[str, str], list[str]] = {}
        for key in cells:
            blocks.setdefault((key[0], key[other]), []).append(key[mine])
        # The order of lines says nothing about the table, so codes are sorted by size however the lines are sorted.
        order = _by_size(key[mine] for key in cells) or _in_order(list(blocks.values()))
        if order is None:
            raise ContingencyError(
                header.line,
                f"the order of the labels in {column_name(columns[mine - 1], header)} isn't clear; "
                "give one line for every cell, 0 where there are none, sorted in the order of the scale",
            )
        orders.append(order)
    return orders


def _in_order(sequences: Sequence[Sequence[str]]) -> list[str] | None:
    """Return the one order that agrees with all `sequences`; None if there is none, or more than one.

    Numbers are sorted by size, unless they rise or fall in that order anyway.
    """
    before = graphlib.TopologicalSorter[str]()
    for sequence in sequences:
        for label in sequence:
            before.add(label)
        for one, next_one in pairwise(sequence):
            before.add(next_one, one)
    order: list[str] = []
    try:
        before.prepare()
    except graphlib.CycleError:
        return _by_size(label for sequence in sequences for label in sequence)
    while before:
        ready = before.get_ready()
        if len(ready) > 1:
            return _by_size(label for sequence in sequences for label in sequence)
        order += ready
        before.done(*ready)
    values = [value for label in order if (value := number(label)) is not None]
    return _by_size(order) if len(values) == len(order) and not rise_or_fall(values) else order


def _by_size(labels: Iterable[str]) -> list[str] | None:
    """Sort the labels, each once, as numbers; return None if one isn't a number."""
    values = {label: number(label) for label in labels}
    known = [(value, label) for label, value in values.items() if value is not None]
    return [label for _, label in sorted(known)] if len(known) == len(values) else None


def _stratum_column(header: Row, by: str) -> int:
    if all(kind(cell) is Kind.COUNT for cell in header.cells):
        raise ContingencyError(header.line, "stratifying needs a header row; name the columns here")
    # An empty heading is no name, so an empty `by` matches nothing.
    matches = [i for i, name in enumerate(header.cells) if name and name == by.strip()]
    if len(matches) == 1:
        return matches[0]
    if matches:
        raise ContingencyError(header.line, f"{len(matches)} columns are named {one_line(by)}; give each column its own name")
    names = ", ".join(one_line(name) for name in header.cells if name)
    raise ContingencyError(header.line, f"no column is named {one_line(by)}; stratify by one of the columns here: {names}")


def _counts(row: Row, columns: Sequence[int], header: Row | None) -> list[int]:
    counts = []
    for place in across(row, columns):
        try:
            counts.append(count(place.cell))
        except ValueError as error:
            refuse(place, str(error), header)
    return counts
