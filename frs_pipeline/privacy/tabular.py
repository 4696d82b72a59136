"""Read tables in files other than Parquet, as Arrow tables some rows at a time: CSV, workbooks, SPSS files.

Cells are texts, as they stand there. A name of a column is a cell, too: a file may have no line of names.
"""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

import pyarrow as pa
import pyarrow.csv as pacsv

# How much is held in memory at a time: bytes of a CSV file, rows of a workbook, cases of an SPSS file.
_BLOCK, _ROWS, _CASES = 8 << 20, 50_000, 250_000
# The most lines of a table that may be longer or shorter than the first: a file with more is no table.
_MOST_ODD = 1_000
_CSV = (".csv", ".tsv", ".csv.gz", ".tsv.gz")
_WORKBOOKS = (".xlsx", ".xlsm")
_DELIMITERS = ";,\t|"
_CODED = pa.dictionary(pa.int32(), pa.string())


class NoTableError(Exception):
    """A file that isn't a table after all: it is searched as text."""


@dataclass(frozen=True)
class Sheet:
    """A table in a file: its first line, what else it says (whole only after the rows), and its rows below, some at a time."""

    names: list[str]
    about: list[str]
    rows: Iterator[pa.Table]


def sheets(path: Path) -> Iterator[Sheet] | None:
    """Yield the tables of a file; None for a file that by its name holds none.

    Going through them raises `NoTableError` for one that isn't what its name says, OSError for an SPSS file that can't be read.
    """
    name = path.name.lower()
    if name.endswith(_CSV):
        return _csv(path)
    if is_workbook(path):
        return _workbook(path)
    return _spss(path) if name.endswith(".sav") else None


def is_workbook(path: Path) -> bool:
    """Return whether a file is a workbook, by its name."""
    return path.name.lower().endswith(_WORKBOOKS)


def _csv(path: Path) -> Iterator[Sheet]:
    try:
        with _opened(path) as file:
            start = file.read(1 << 16)
        encoding = _encoding(path, start)
        lines = start.decode(encoding, "replace").lstrip("\ufeff").splitlines()
        first = lines[0] if lines else ""
        delimiter = max(_DELIMITERS, key=first.count)
        if delimiter not in first:
            raise NoTableError
        cells = next(csv.reader([first], delimiter=delimiter))
        names = [f"{name}\0{at}" if name in cells[:at] else name for at, name in enumerate(cells)]
        odd: list[str] = []
        with _opened(path) as file:
            yield Sheet(cells, odd, _csv_rows(file, encoding, delimiter, names, odd))
    except (UnicodeError, csv.Error, pa.ArrowInvalid) as error:
        raise NoTableError from error


def _opened(path: Path) -> IO[bytes]:
    return cast(IO[bytes], gzip.open(path)) if path.suffix.lower() == ".gz" else path.open("rb")


def _encoding(path: Path, start: bytes) -> str:
    """Guess an encoding: UTF-16 where the file says so, UTF-8 where it fits, and otherwise what Windows takes for text."""
    if start[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    try:
        with io.TextIOWrapper(_opened(path), "utf-8", newline="") as text:
            while text.read(1 << 20):
                pass
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def _csv_rows(file: Any, encoding: str, delimiter: str, names: list[str], odd: list[str]) -> Iterator[pa.Table]:
    def odd_line(row: Any) -> str:
        odd.append(row.text or "")
        return "skip" if len(odd) <= _MOST_ODD else "error"

    try:
        reader = pacsv.open_csv(
            file,
            read_options=pacsv.ReadOptions(block_size=_BLOCK, encoding=encoding, column_names=names, skip_rows=1),
            parse_options=pacsv.ParseOptions(delimiter=delimiter, newlines_in_values=True, invalid_row_handler=odd_line),
            convert_options=pacsv.ConvertOptions(column_types=dict.fromkeys(names, _CODED)),
        )
    except pa.ArrowInvalid as error:
        if "Empty" in str(error):
            return
        raise
    for batch in reader:
        yield pa.table(batch)


def _workbook(path: Path) -> Iterator[Sheet]:
    import warnings

    import openpyxl

    try:
        with warnings.catch_warnings(action="ignore"), path.open("rb") as file:
            book = openpyxl.load_workbook(file, read_only=True, keep_links=False)
            for sheet in book.worksheets:
                sheet.reset_dimensions()
                rows = sheet.iter_rows(values_only=True)
                first = next(rows, ())
                yield Sheet([_written(cell) for cell in first], [], _tables(rows))
    except (OSError, pa.ArrowException):
        raise
    except Exception as error:  # the library raises what it comes across
        raise NoTableError from error


def _tables(rows: Iterator[tuple[Any, ...]]) -> Iterator[pa.Table]:
    """Yield the rows of a sheet, some longer than others, with columns named by their places."""
    waiting: list[tuple[Any, ...]] = []
    for row in rows:
        waiting.append(row)
        if len(waiting) == _ROWS:
            yield _table(waiting)
            waiting = []
    if waiting:
        yield _table(waiting)


def _table(rows: list[tuple[Any, ...]]) -> pa.Table:
    width = max(map(len, rows))
    columns = ([_written(row[at]) if at < len(row) else "" for row in rows] for at in range(width))
    return pa.table({str(at): pa.array(column, pa.string()) for at, column in enumerate(columns)})


def _written(cell: Any) -> str:
    return "" if cell is None else str(cell)


def _spss(path: Path) -> Iterator[Sheet]:
    """Yield names, labels and notes, and the cases, of an SPSS file."""
    import pyreadstat

    try:
        _, about = pyreadstat.read_sav(str(path), metadataonly=True)
        notes = [str(value) for name, value in vars(about).items() if not name.startswith("_")]
        # Of a file without cases, the library can't read some at a time.
        yield Sheet(list(about.column_names), notes, _cases(path) if about.number_rows else iter(()))
    except (pyreadstat.ReadstatError, ValueError) as error:
        raise OSError("not an SPSS file that can be read") from error


def _cases(path: Path) -> Iterator[pa.Table]:
    import pyreadstat

    reader: Any = pyreadstat.read_file_in_chunks(
        pyreadstat.read_sav, str(path), chunksize=_CASES, output_format="dict", user_missing=True
    )
    for columns, _ in reader:
        yield pa.table({name: _column(values) for name, values in columns.items()})


def _column(values: Any) -> pa.Array:
    try:
        return pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return pa.array([_written(value) for value in values], pa.string())
