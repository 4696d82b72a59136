"""Contingency tables from the text of a CSV file, as people type or export them."""

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

# The comma comes first: it wins when a file has one column and nothing to tell the delimiters apart.
_DELIMITERS = (",", ";", "\t")
_BLANK = "".join(_DELIMITERS) + " "
_COUNT = re.compile(r"[0-9]+")
# Wider than a count, so that 1.5 or -3 is reported as a bad count and does not turn its row into a header.
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:[.,][0-9]*)?|[.,][0-9]+)")
# Counts of so many digits fit 64 bits whatever they are.
_MAX_DIGITS = 18


# What printed tables call their margins.
_TOTALS = ("total", "i alt")


class ContingencyError(ValueError):
    """A file that is no contingency table; `line` is the line of the file, counted from 1."""

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(f"line {line}: {problem}")
        self.line = line


@dataclass(frozen=True, eq=False)
class ContingencyFile:
    """Tables of shape (row labels, column labels), one per stratum in order of first appearance.

    A file that is not stratified has the single stratum "". Labels are "1", "2", … where the file has none.
    """

    row_labels: tuple[str, ...]
    column_labels: tuple[str, ...]
    strata: dict[str, NDArray[np.int64]]


@dataclass(frozen=True)
class _Row:
    line: int
    cells: tuple[str, ...]


def read_contingency(text: str, *, by: str | None = None) -> ContingencyFile:
    """Read counts from CSV text delimited by commas, semicolons or tabs; a BOM and blank lines are ignored.

    The first row is a header if its first cell is empty or any later cell is a word. A word before nothing
    but numbers is a label before counts where the numbers neither rise nor fall throughout, as headings on an
    ordered scale would; else a header where the column below the word is all numbers; else it is refused,
    as either reading could be wrong without a sign of it. The first column holds labels if any cell below
    the header is a word, or if the header has an empty first cell or a word before headings that are all
    numbers. Totals are refused: they must be left out.

    With `by`, the column of that name holds the stratum, the first other column the row label and the rest
    the counts; a header is required, rows come in order of first appearance, and a row that a stratum lacks
    is zeros there. Raises ContingencyError, with the line, for everything that is not such a table.
    """
    rows = _parse(text.removeprefix("\ufeff"))
    if not rows:
        raise ContingencyError(1, "the file holds no counts; give one row of counts per line")
    first = rows[0]
    for row in rows[1:]:
        if len(row.cells) != len(first.cells):
            raise ContingencyError(
                row.line,
                f"{len(row.cells)} cells where line {first.line} has {len(first.cells)}; "
                "give every line the same number of cells",
            )
    header = first if _is_header(first, rows[1:], stratified=by is not None) else None
    body = rows if header is None else rows[1:]
    if by is not None:
        if header is None:
            raise ContingencyError(first.line, "stratifying needs a header row; name the columns here")
        stratum_column = _stratum_column(header, by)
    if not body:
        raise ContingencyError(first.line, "no counts below the header; give one row of counts per line")
    if header is not None and by is not None:
        return _read_strata(header, body, stratum_column)
    return _read_plain(header, body)


def _read_plain(header: _Row | None, body: Sequence[_Row]) -> ContingencyFile:
    labelled = _has_label_column(header, body)
    start = 1 if labelled else 0
    width = len(body[0].cells)
    if start == width:
        raise ContingencyError(body[0].line, "no counts beside the labels; give a column of counts")
    row_labels = tuple(row.cells[0] if labelled else str(i) for i, row in enumerate(body, 1))
    column_labels = header.cells[start:] if header else tuple(str(i) for i in range(1, width - start + 1))
    counts = [[_count(row, column, header) for column in range(start, width)] for row in body]
    _refuse_totals(row_labels if labelled else (), column_labels if header else (), counts, body[-1].line)
    return ContingencyFile(row_labels, column_labels, {"": np.array(counts, dtype=np.int64)})


def _read_strata(header: _Row, body: Sequence[_Row], stratum_column: int) -> ContingencyFile:
    others = [column for column in range(len(header.cells)) if column != stratum_column]
    if len(others) < 2:
        raise ContingencyError(
            header.line,
            "too few columns to stratify; give a column of row labels and at least one column of counts "
            "beside the column of strata",
        )
    label_column, *count_columns = others
    found: dict[tuple[str, str], list[int]] = {}
    for row in body:
        stratum, label = row.cells[stratum_column], row.cells[label_column]
        if stratum.casefold() in _TOTALS or label.casefold() in _TOTALS:
            raise ContingencyError(row.line, "these are totals; leave them out, they would be counted as answers")
        if not stratum:
            where = _column(stratum_column, header)
            raise ContingencyError(row.line, f"{where} is empty; name the stratum on every line")
        if (stratum, label) in found:
            raise ContingencyError(
                row.line,
                f"row {_one_line(label)} occurs twice in stratum {_one_line(stratum)}; add the two lines up or label them apart",
            )
        found[stratum, label] = [_count(row, column, header) for column in count_columns]
    row_labels = tuple(dict.fromkeys(label for _, label in found))
    zeros = [0] * len(count_columns)
    strata = {
        stratum: np.array([found.get((stratum, label), zeros) for label in row_labels], dtype=np.int64)
        for stratum in dict.fromkeys(stratum for stratum, _ in found)
    }
    return ContingencyFile(row_labels, tuple(header.cells[column] for column in count_columns), strata)


def _refuse_totals(
    row_labels: Sequence[str], column_labels: Sequence[str], counts: Sequence[Sequence[int]], last_line: int
) -> None:
    """Printed tables carry totals; counted as answers they would give another gamma without a sign of it."""
    columns = list(zip(*counts, strict=True))
    summed = all(
        len(lines) > 2 and any(lines[-1]) and list(lines[-1]) == [sum(cells) for cells in zip(*lines[:-1], strict=True)]
        for lines in (counts, columns)
    )
    named = any(label.casefold() in _TOTALS for label in (*row_labels, *column_labels))
    if summed or named:
        raise ContingencyError(last_line, "the table carries totals; leave them out, they would be counted as answers")


def _stratum_column(header: _Row, by: str) -> int:
    # An empty heading is no name, so an empty `by` matches nothing.
    matches = [i for i, name in enumerate(header.cells) if name and name == by.strip()]
    if len(matches) == 1:
        return matches[0]
    if matches:
        raise ContingencyError(header.line, f"{len(matches)} columns are named {_one_line(by)}; give each column its own name")
    names = ", ".join(_one_line(name) for name in header.cells if name)
    raise ContingencyError(header.line, f"no column is named {_one_line(by)}; stratify by one of the columns here: {names}")


def _parse(text: str) -> list[_Row]:
    """Rows under the delimiter that gives most numbers; of equals, the one that gives fewest other cells."""
    best: tuple[int, int] | None = None
    rows: list[_Row] = []
    failure: ContingencyError | None = None
    for delimiter in _DELIMITERS:
        try:
            candidate = _rows(text, delimiter)
        except ContingencyError as error:
            # A wrong delimiter may trip over quotes that are right under another; the furthest is the right.
            failure = error if failure is None or error.line > failure.line else failure
            continue
        cells = [cell for row in candidate for cell in row.cells]
        numbers = sum(_is_number(cell) for cell in cells)
        # Without any number, the delimiter that occurs at all is the likely one.
        score = (numbers, -len(cells) if numbers else len(cells))
        if best is None or score > best:
            best, rows = score, candidate
    if best is None and failure is not None:
        raise failure
    return rows


def _rows(text: str, delimiter: str) -> list[_Row]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[_Row] = []
    start = 1
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise ContingencyError(
                start, "the quotes do not match; quote whole cells and double the quotes inside them"
            ) from error
        if cells is None:
            return rows
        row = _Row(start, tuple(cell.strip() for cell in cells))
        # A quoted cell may span lines; a row is reported where it starts.
        start = reader.line_num + 1
        # Spreadsheets save blank rows as bare delimiters, which must not look like text under another one.
        if any(cell.strip(_BLANK) for cell in row.cells):
            rows.append(row)


def _is_number(cell: str) -> bool:
    return _NUMBER.fullmatch(cell) is not None


def _is_word(cell: str) -> bool:
    """Text that is no number; an empty cell is a missing count rather than a label."""
    return bool(cell) and not _is_number(cell)


def _is_header(first: _Row, below: Sequence[_Row], *, stratified: bool) -> bool:
    corner, *rest = first.cells
    if not corner or any(_is_word(cell) for cell in rest):
        return True
    if not _is_word(corner):
        return False
    if stratified or not rest:
        return True
    if not all(_is_number(cell) for cell in rest):
        return False
    values = [float(cell.replace(",", ".")) for cell in rest]
    steps = [after - before for before, after in pairwise(values)]
    if not (all(step > 0 for step in steps) or all(step < 0 for step in steps)):
        return False
    if below and not any(_is_word(row.cells[0]) for row in below):
        return True
    raise ContingencyError(
        first.line,
        "this line may be headings or counts; leave its first cell empty if it is headings, "
        "or put a line of headings above it if it is counts",
    )


def _has_label_column(header: _Row | None, body: Sequence[_Row]) -> bool:
    if any(_is_word(row.cells[0]) for row in body):
        return True
    if header is None:
        return False
    # Row labels may be numbers too, and must not pass for counts where the header shows what they are.
    top_left, *headings = header.cells
    return not top_left or (bool(headings) and all(_is_number(cell) for cell in headings))


def _count(row: _Row, column: int, header: _Row | None) -> int:
    cell = row.cells[column]
    where = _column(column, header)
    if not cell:
        raise ContingencyError(row.line, f"{where} is empty; write 0 where there are none")
    if cell.startswith("-") and _is_number(cell):
        raise ContingencyError(row.line, f"{where} is negative; give counts of zero or more")
    if _COUNT.fullmatch(cell) is None:
        raise ContingencyError(row.line, f"{where} is not a whole number; give plain digits, and labels in the first column only")
    if len(cell.lstrip("0")) > _MAX_DIGITS:
        raise ContingencyError(row.line, f"{where} is too large; give at most {_MAX_DIGITS} digits")
    return int(cell)


def _column(column: int, header: _Row | None) -> str:
    name = header.cells[column] if header else ""
    return f"column {column + 1} ({_one_line(name)})" if name else f"column {column + 1}"


def _one_line(label: str) -> str:
    printable = "".join(character if character.isprintable() else " " for character in label)
    return " ".join(printable.split())
