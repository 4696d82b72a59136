"""What stands in a file, as texts of bounded size, whatever kind of file it is."""

from __future__ import annotations

import gzip
import re
import sqlite3
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import IO

_BLOCK = 1 << 20
# How many letters of a block are repeated in the next: what the end of a block cuts in two, if no longer, is whole there.
_OVERLAP = 400
_SQLITE = b"SQLite format 3\0"
_CELLS = re.compile(r"xl/(?:worksheets/sheet[0-9]*|sharedStrings)\.xml")


def texts(path: Path, run: str | None = None, *, cells: bool = True) -> Iterator[str]:
    """Yield everything that can be read in a file; of a database only what is about `run`, where one is given.

    Without `cells`, those of a workbook are left out: they are searched by column. Raises OSError when the file can't be read.
    """
    with path.open("rb") as file:
        start = file.read(16)
    if start == _SQLITE:
        yield from _database(path, run)
    elif start[:2] == b"PK" and zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if not cells and _CELLS.fullmatch(name):
                    continue
                yield name
                with archive.open(name) as member:
                    yield from _blocks(member)
    elif start[:2] == b"\x1f\x8b":
        with gzip.open(path) as packed:
            yield from _blocks(packed)
    else:
        with path.open("rb") as file:
            yield from _blocks(file)


def _blocks(file: IO[bytes] | gzip.GzipFile) -> Iterator[str]:
    wide, before, carry = "", "", b""
    while data := file.read(_BLOCK):
        if not before and data[:2] in (b"\xff\xfe", b"\xfe\xff"):
            wide = "utf-16-le" if data[:2] == b"\xff\xfe" else "utf-16-be"
        text = data.decode(wide, "replace") if wide else ""
        if not wide:
            data = carry + data
            # A letter of several bytes may continue in the next block.
            end = next((i for i in range(1, 4) if len(data) >= i and data[-i] >= 0xC0), 0)
            carry, data = (data[-end:], data[:-end]) if end and len(data) > end else (b"", data)
            text = _decoded(data)
        yield before + text
        before = text[-_OVERLAP:]
    if carry:
        yield before + _decoded(carry)


def _decoded(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def _database(path: Path, run: str | None) -> Iterator[str]:
    """Yield the text of every table, and what was deflated into a blob."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        try:
            tables = [name for (name,) in database.execute("select name from sqlite_master where type = 'table'")]
            for table in tables:
                columns = [row[1] for row in database.execute(f'pragma table_info("{table}")')]
                mine = run is not None and "run_id" in columns
                query = f'select * from "{table}"' + (" where run_id = ?" if mine else "")  # noqa: S608 - names of tables
                rows = database.execute(query, (run,) if mine else ())
                while some := rows.fetchmany(200):
                    yield "\n".join(_cell(cell) for row in some for cell in row if isinstance(cell, str | bytes))
        except sqlite3.Error as error:
            raise OSError(f"not a database that can be read ({type(error).__name__})") from error


def _cell(cell: str | bytes) -> str:
    if isinstance(cell, str):
        return cell
    try:
        return _decoded(zlib.decompress(cell))
    except zlib.error:
        return _decoded(cell)
