"""How many forms the files of a delivery hold, counted by what doesn't read them in a run."""

from __future__ import annotations

import codecs
import csv
import io
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
# In a process of its own, which a damaged file may kill.
_CASES = """
import pyreadstat, sys
frame, _ = pyreadstat.read_sav(sys.argv[1], user_missing=True, disable_datetime_conversion=True)
print(int((frame.notna() & (frame != "")).any(axis=1).sum()))
"""
_NAMESPACE = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def forms_in(folder: Path) -> int:
    """Forms of the export in a questionnaire's folder: rows that hold more than blanks, the header not."""
    (file,) = (path for path in folder.iterdir() if path.name == "dataset.csv" or path.suffix in (".xlsx", ".sav"))
    return {".csv": _of_csv, ".xlsx": _of_workbook, ".sav": _of_spss}[file.suffix](file)


def text_of(data: bytes) -> str:
    """Text of a delivered file. Raises UnicodeError."""
    for mark, named in MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(named)
    try:
        return data.decode("utf-8")
    except UnicodeError:
        return data.decode("cp1252")


def _of_csv(file: Path) -> int:
    text = text_of(file.read_bytes())
    delimiter = max(";\t,", key=text_of(file.with_name("structure.csv").read_bytes()).partition("choiceText")[0].count)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    return sum(any(cell.strip() for cell in row) for row in rows) - 1


def _of_workbook(file: Path) -> int:
    """Elements `row` of the sheets called Dataset in which a cell has a value; a header a sheet."""
    with zipfile.ZipFile(file) as book:
        strings = [_text(item) for item in _elements(book, "xl/sharedStrings.xml", "si")]
        targets = {item.get("Id"): item.get("Target", "") for item in _elements(book, "xl/_rels/workbook.xml.rels", "")}
        link = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
        sheets = [
            "xl/" + targets[sheet.get(link)].removeprefix("/xl/")
            for sheet in _elements(book, "xl/workbook.xml", "sheet")
            if sheet.get("name", "").startswith("Dataset")
        ]
        rows = (row for name in sheets for row in _elements(book, name, "row"))
        return sum(any(_value(cell, strings).strip() for cell in row) for row in rows) - len(sheets)


def _elements(book: zipfile.ZipFile, name: str, tag: str) -> Iterator[ElementTree.Element]:
    if name in book.namelist():
        yield from ElementTree.fromstring(book.read(name)).iter(f"{_NAMESPACE}{tag}" if tag else None)


def _value(cell: ElementTree.Element, strings: list[str]) -> str:
    value = cell.findtext(f"{_NAMESPACE}v") or ""
    return strings[int(value)] if cell.get("t") == "s" and value else value or _text(cell)


def _text(item: ElementTree.Element) -> str:
    return "".join(piece.text or "" for piece in item.iter(f"{_NAMESPACE}t"))


def _of_spss(file: Path) -> int:
    """Cases as far as the data go: a copy doesn't say how many there are."""
    data = file.read_bytes()
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy.sav"
        copy.write_bytes(data[:80] + b"\xff\xff\xff\xff" + data[84:])
        done = subprocess.run([sys.executable, "-c", _CASES, str(copy)], capture_output=True, check=True)
    return int(done.stdout)
