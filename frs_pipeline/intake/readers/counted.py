"""Tables of counts from anywhere, for a gamma: a delimited text file in any usual encoding, or a workbook."""

from __future__ import annotations

import datetime as dt
import warnings
import zipfile
from collections.abc import Callable
from itertools import zip_longest
from pathlib import Path
from typing import IO, Any

from frs_pipeline.errors import InputError
from frs_pipeline.intake.readers.csvfiles import open_csv
from frs_pipeline.intake.readers.sheets import FilledRow, blank_strings, filled_rows, roots
from frs_pipeline.intake.readers.workbooks import MOST_UNPACKED
from frs_pipeline.stats.contingency import ContingencyError, ContingencyFile, read_contingency, read_rows
from frs_pipeline.stats.delimited import Row

_AS_CSV = "save the table as a CSV file in UTF-8, or alone in an .xlsx workbook"
FILL = "paste it as text or number"
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"


def read_counted(path: Path, *, by: str | None = None, as_it_stands: bool = False) -> ContingencyFile:
    """Read the table of counts in a file, whose kind is what its first bytes say, whatever it is called.

    See `stats.contingency.read_rows` for `by` and `as_it_stands`. Raises `InputError` with line and column, which in a
    workbook are those of the sheet.
    """
    try:
        if is_workbook(path):
            return read_rows(_sheet(path), by=by, as_it_stands=as_it_stands)
        return read_contingency(text_of(path), by=by, as_it_stands=as_it_stands)
    except ContingencyError as error:
        raise InputError(str(error), where=path) from error


def is_workbook(path: Path) -> bool:
    """Return whether the first bytes of a file are those of a workbook. Raises `InputError` for one that can't be read at all."""
    try:
        with path.open("rb") as file:
            start = file.read(4)
    except OSError as error:
        raise InputError("cannot be read", where=path, do="give a CSV file or an .xlsx workbook") from error
    if start == _OLE:
        raise InputError("locked with a password, or an old .xls", where=path, do=_AS_CSV)
    return start == _ZIP


def text_of(path: Path) -> str:
    """Read the text of a file. Raises `InputError` with the line that can't be read."""
    file = open_csv(path)
    try:
        return b"".join(block.text for block in file.blocks()).decode("utf-8")
    except InputError as error:
        raise InputError(error.what, where=error.where, do=_AS_CSV) from None


def _sheet(path: Path) -> list[Row]:
    """Read the one sheet that holds anything. Raises `InputError` for several, and for what isn't read as it is stored."""
    sheets = sheets_of(path, _cell)
    if len(sheets) > 1:
        raise InputError("several sheets hold something", where=path, do="leave the table of counts alone in its workbook")
    return next(iter(sheets.values()), [])


def sheets_of(path: Path, cell: Callable[[str, Any], str]) -> dict[str, list[Row]]:
    """Read all sheets that hold anything, by file and sheet; `cell` gives the text of a cell, knowing the place of its sheet.

    Raises `InputError` for a damaged workbook, for what isn't read as it is stored, and what `cell` raises.
    """
    # What the library says about damage may quote cells: it is neither passed on nor chained.
    try:
        with path.open("rb") as file, zipfile.ZipFile(file) as parts, warnings.catch_warnings(action="ignore"):
            if sum(part.file_size for part in parts.infolist()) > MOST_UNPACKED:
                raise InputError("unpacks to more than two gigabytes", where=path, do=_AS_CSV)
            sheets = _sheets(path, file, parts, cell)
    except InputError as error:
        raise InputError(error.what, where=error.where, do=error.do if error.do == FILL else _AS_CSV) from None
    except Exception:
        raise InputError("no workbook, or a damaged one", where=path, do=_AS_CSV) from None
    for where, rows in sheets.items():
        if not any(row.cells[0] for row in rows):
            raise InputError("column A is empty", where=where, do="move the table to the left edge of its sheet")
    return sheets


def _sheets(path: Path, file: IO[bytes], parts: zipfile.ZipFile, cell: Callable[[str, Any], str]) -> dict[str, list[Row]]:
    """Read all sheets that hold anything, by file and sheet; the XML of a sheet has to say the same as the library."""
    import openpyxl

    kinds = roots(parts)
    blank = frozenset[int]()
    for name in (name for name, kind in kinds.items() if kind == "sst"):
        with parts.open(name) as part:
            blank = blank_strings(part)
    book = openpyxl.load_workbook(file, read_only=True, keep_links=False)
    stored, sheets = {name for name, kind in kinds.items() if kind == "worksheet"}, {}
    for sheet in book.worksheets:
        where = f"{path}:{sheet.title}"
        stored.discard(sheet._worksheet_path)
        with parts.open(sheet._worksheet_path) as part:
            there = [row for row in filled_rows(part, where, blank) if row.columns]
        rows = _rows(where, sheet, cell)
        for row, read in zip_longest(there, rows):
            if read is None or row is None or row != FilledRow(read.line, _columns(read)):
                raise InputError("the row isn't read as it is stored", where=f"{where}!{(row or read).line}")
        if rows:
            sheets[where] = rows
    for name in stored:
        with parts.open(name) as part:
            if any(row.columns for row in filled_rows(part, str(path), blank)):
                raise InputError("holds a sheet that the workbook doesn't list", where=path)
    return sheets


def _columns(row: Row) -> tuple[int, ...]:
    return tuple(column for column, cell in enumerate(row.cells, start=1) if cell)


def _rows(where: str, sheet: Any, text: Callable[[str, Any], str]) -> list[Row]:
    """Return the rows that hold anything, each as wide as the widest."""
    # The size that a sheet states for itself may be wrong.
    sheet.reset_dimensions()
    rows = [(line, [text(where, cell) for cell in row]) for line, row in enumerate(sheet.iter_rows(), start=1)]
    width = max((column for _, cells in rows for column, cell in enumerate(cells, start=1) if cell), default=0)
    return [Row(line, (*cells, *[""] * (width - len(cells)))[:width]) for line, cells in rows if any(cells)]


def _cell(where: str, cell: Any) -> str:
    """Return the text of a cell: a number as it is, whatever its format shows."""
    value = value_of(where, cell)
    if isinstance(value, float) and value == int(value) and abs(value) < 1e15:
        return str(int(value))
    return str(value).strip()


def value_of(where: str, cell: Any) -> str | int | float:
    """Return what a cell holds, a text or a number. Raises `InputError` for anything else, such as a formula or a date."""
    value = cell.value
    if value is None:
        return ""
    other = {"f": "a formula", "e": "an error", "b": "a truth value"}.get(cell.data_type)
    if isinstance(value, (dt.date, dt.time, dt.timedelta)):
        # A label such as 1-5 becomes one in a spreadsheet.
        other = "a date"
    if other:
        raise InputError(f"{other} where a count or a label belongs", where=f"{where}!{cell.coordinate}", do=FILL)
    return value if isinstance(value, int | float) else str(value)
