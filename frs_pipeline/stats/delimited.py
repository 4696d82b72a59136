"""Rows of cells from delimited text; the delimiter is detected, or named by a line `sep=`."""

import csv
import io
import re
from collections.abc import Callable
from dataclasses import dataclass

from frs_pipeline.stats.cells import number

# The comma comes first: it wins when a file has one column and nothing to tell the delimiters apart.
_DELIMITERS = (",", ";", "\t")
_BLANK = "".join(_DELIMITERS) + " "
# A first line for Excel, which adds its own delimiters and quotes when it saves the file again.
_SEP = re.compile(r'"?sep=([^"\r\n])"?[,;\t]*(?:\r\n|\r|\n|\Z)', re.IGNORECASE)


class ContingencyError(ValueError):
    """A table that can't be read; `line` is the line of the file, or the row of the sheet, counted from 1."""

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(f"line {line}: {problem}")
        self.line = line


@dataclass(frozen=True)
class Row:
    """The cells of a row, without blanks around them, and the line on which the row starts."""

    line: int
    cells: tuple[str, ...]


def _is_number(cell: str) -> bool:
    return number(cell) is not None


def parse(text: str, is_number: Callable[[str], bool] = _is_number) -> list[Row]:
    """Split `text` into rows, without blank ones. Raises ContingencyError when its quotes don't match.

    The delimiter is the one that `sep=` names, or else the one that gives all rows the same number of cells; of several,
    the one that gives the most numbers, then leaves the fewest delimiters inside words, then gives the fewest cells.
    `is_number` says what a number is.
    """
    sep = _SEP.match(text)
    if sep is not None:
        return _rows(text[sep.end() :], sep[1], 2)
    best: tuple[bool, int, int, int] | None = None
    rows: list[Row] = []
    failure: ContingencyError | None = None
    for delimiter in _DELIMITERS:
        try:
            candidate = _rows(text, delimiter, 1)
        except ContingencyError as error:
            # A wrong delimiter may trip over quotes that are right under another; report the one that got furthest.
            failure = error if failure is None or error.line > failure.line else failure
            continue
        score = _score(candidate, is_number)
        if best is None or score > best:
            best, rows = score, candidate
    if best is None and failure is not None:
        raise failure
    return rows


def _score(rows: list[Row], is_number: Callable[[str], bool]) -> tuple[bool, int, int, int]:
    cells = [cell for row in rows for cell in row.cells]
    words = [cell for cell in cells if not is_number(cell)]
    numbers = len(cells) - len(words)
    widths = {len(row.cells) for row in rows}
    even = len(widths) == 1 and widths != {1}
    # Without any number, more cells are better: the delimiter that occurs at all is the likely one.
    return even, numbers, -sum(not set(_DELIMITERS).isdisjoint(word) for word in words), -len(cells) if numbers else len(cells)


def _rows(text: str, delimiter: str, line: int) -> list[Row]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[Row] = []
    first = start = line
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise ContingencyError(
                start,
                "the quotes do not match; delimit cells by commas, semicolons or tabs, quote whole cells, "
                "and double the quotes inside them",
            ) from error
        if cells is None:
            return rows
        row = Row(start, tuple(cell.strip() for cell in cells))
        # A quoted cell may span lines; a row is reported where it starts.
        start = reader.line_num + first
        # Spreadsheets save blank rows as bare delimiters, which must not look like text under another one.
        if any(cell.strip(_BLANK + delimiter) for cell in row.cells):
            rows.append(row)
