"""What the sheets of a workbook hold, by their XML alone: what is read has to agree with this count.

The library that reads workbooks goes by the numbers that rows and cells give themselves: of two rows with one number
it drops the second, and a cell whose column was there before takes the place of the other. Here every row and cell is
counted where it stands, and numbers that repeat, run backwards or are partly missing are refused.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Collection, Iterator
from typing import IO, NamedTuple
from xml.parsers import expat

from frs_pipeline.errors import InputError

AGAIN = "export it again from SurveyXact; the last good result stays"
# The most rows that a sheet can have.
MOST_ROWS = 1 << 20
_PIECE = 1 << 16
_NUMBER = re.compile(r"[1-9][0-9]*")
_CELL = re.compile(r"([A-Z]{1,3})([1-9][0-9]*)")
_RANGE = re.compile(rf"{_CELL.pattern}(?::{_CELL.pattern})?")
# The root of a part of a workbook that isn't XML, or can't be read.
_UNKNOWN = ""


class FilledRow(NamedTuple):
    """A row of a sheet: its number, and the columns (from 1) of the cells that hold more than blanks."""

    line: int
    columns: tuple[int, ...]


class Damaged(Exception):
    """The XML isn't that of a workbook."""


def roots(parts: zipfile.ZipFile) -> dict[str, str]:
    """Return the name of the outermost element of each part, without its namespace; "" for what isn't XML.

    Raises `Damaged` for a part that is there twice, or that declares a document type, which could make much of little.
    """
    names = [part.filename for part in parts.infolist()]
    if len(names) != len(set(names)):
        raise Damaged
    return {name: _root(parts, name) for name in names if not name.endswith("/")}


def _root(parts: zipfile.ZipFile, name: str) -> str:
    outermost: list[str] = []

    def start(element: str, _attributes: dict[str, str]) -> None:
        outermost.append(_local(element))

    with parts.open(name) as file:
        parser = _parser(start)
        try:
            while not outermost and (data := file.read(_PIECE)):
                parser.Parse(data)
        except expat.ExpatError:
            pass  # a picture; or broken further down, which reading the part will show
    return outermost[0] if outermost else _UNKNOWN


def sheets_listed(file: IO[bytes]) -> int:
    """Count the sheets that the workbook's own part lists."""
    listed = 0

    def start(element: str, _attributes: dict[str, str]) -> None:
        nonlocal listed
        listed += _local(element) == "sheet"

    _parser(start).ParseFile(file)
    return listed


def blank_strings(file: IO[bytes]) -> frozenset[int]:
    """Return which of the texts stored once for the whole workbook hold nothing but blanks, by their place from 0."""
    blank: set[int] = set()
    texts = _Texts()
    at = 0

    def start(element: str, _attributes: dict[str, str]) -> None:
        texts.start(_local(element))

    def end(element: str) -> None:
        nonlocal at
        name = _local(element)
        texts.end(name)
        if name == "si":
            if not texts.taken().strip():
                blank.add(at)
            at += 1

    parser = _parser(start)
    parser.EndElementHandler, parser.CharacterDataHandler = end, texts.letters
    parser.ParseFile(file)
    return frozenset(blank)


def filled_rows(file: IO[bytes], where: str, blank: Collection[int] = ()) -> Iterator[FilledRow]:
    """Yield the rows of a sheet in their order, also those without a value; `blank` are places of `blank_strings`.

    Raises `InputError` with row, cell or range when a number repeats, runs backwards or is missing where others are
    stated, and for merged cells among those that hold something. Raises `ExpatError` or `Damaged` for what is no sheet.
    """
    sheet = _Sheet(where, blank)
    parser = _parser(sheet.start)
    parser.EndElementHandler, parser.CharacterDataHandler = sheet.end, sheet.texts.letters
    while data := file.read(_PIECE):
        parser.Parse(data)
        yield from sheet.rows
        sheet.rows.clear()
    parser.Parse(b"", True)
    yield from sheet.rows
    sheet.refuse_merged()


class _Texts:
    """Collects the text of the elements that hold a value: `v` of a cell, `t` of a text but not of how to pronounce it."""

    def __init__(self) -> None:
        self.open = self.spoken = 0
        self.pieces: list[str] = []

    def start(self, name: str) -> None:
        if name == "rPh":
            self.spoken += 1
        elif name in ("v", "t"):
            self.open += 1

    def end(self, name: str) -> None:
        if name == "rPh":
            self.spoken -= 1
        elif name in ("v", "t"):
            self.open -= 1

    def letters(self, text: str) -> None:
        if self.open and not self.spoken:
            self.pieces.append(text)

    def taken(self) -> str:
        """Take what was collected since the last time."""
        text = "".join(self.pieces)
        self.pieces.clear()
        return text


class _Sheet:
    """Follows the elements of a sheet and keeps what its rows hold."""

    def __init__(self, where: str, blank: Collection[int]) -> None:
        self.where, self.blank = where, blank
        self.texts = _Texts()
        self.rows: list[FilledRow] = []
        self.merged: list[str] = []
        self.line = self.column = self.cells = self.values = 0
        # How many cells the first row has, and the last row and column that hold anything.
        self.width = self.last = self.widest = 0
        self.columns: list[int] = []
        self.in_row = self.in_cell = self.formula = False
        self.kind = ""
        # Whether rows state their numbers, and cells theirs. All of a sheet or none: what a mixture means is a guess.
        self.numbered: bool | None = None
        self.referenced: bool | None = None

    def start(self, element: str, attributes: dict[str, str]) -> None:
        name = _local(element)
        if name == "c" and self.in_row:
            self._cell(attributes)
        elif self.in_cell:
            self.values += name in ("v", "is")
            self.formula = self.formula or name == "f"
            self.texts.start(name)
        elif name == "row":
            self._row(attributes.get("r"))
        elif name == "mergeCell":
            self.merged.append(attributes.get("ref", ""))

    def end(self, element: str) -> None:
        name = _local(element)
        if name == "c" and self.in_cell:
            self._cell_ends()
        elif self.in_cell:
            self.texts.end(name)
        elif name == "row" and self.in_row:
            self._row_ends()

    def _row(self, stated: str | None) -> None:
        if self.in_row:
            raise Damaged
        least = self.line + 1
        if self.numbered is None:
            self.numbered = stated is not None
        if (stated is not None) != self.numbered:
            self._refuse("only some of the rows state their number", least)
        self.line = least
        if stated is not None:
            if not _NUMBER.fullmatch(stated):
                self._refuse("a row's number is none", least)
            self.line = int(stated[:8])
            if self.line < least:
                self._refuse("the row's number repeats or runs backwards", self.line)
        if self.line > MOST_ROWS:
            self._refuse("more rows than a sheet has", MOST_ROWS + 1)
        self.in_row, self.column, self.cells, self.columns = True, 0, 0, []

    def _row_ends(self) -> None:
        self.in_row = False
        if self.columns:
            if not self.referenced and self.width and self.cells != self.width:
                # Nobody can say which of them was left out.
                self._refuse(f"{self.cells} cells without a reference where {self.width} belong", self.line)
            self.width = self.width or self.cells
            self.last, self.widest = self.line, max(self.widest, self.columns[-1])
        self.rows.append(FilledRow(self.line, tuple(self.columns)))

    def _cell(self, attributes: dict[str, str]) -> None:
        if self.in_cell:
            raise Damaged
        stated = attributes.get("r")
        if self.referenced is None:
            self.referenced = stated is not None
        if (stated is not None) != self.referenced:
            self._refuse("only some of the cells state where they stand", self.line)
        least = self.column + 1
        self.column = least
        if stated is not None:
            place = _CELL.fullmatch(stated)
            if place is None or place[2] != str(self.line):
                self._refuse("a cell that states another row", self.line)
            else:
                self.column = _column(place[1])
                if self.column < least:
                    self._refuse("the cell's column repeats or runs backwards", stated)
        self.in_cell, self.values, self.formula, self.kind = True, 0, False, attributes.get("t", "n")
        self.cells += 1

    def _cell_ends(self) -> None:
        self.in_cell = False
        text = self.texts.taken().strip()
        if self.values > 1:
            self._refuse("a cell with two values", self.line)
        if self.kind == "s" and text:
            # A place counted from the end would be another text's.
            if not (text.isascii() and text.isdigit()):
                raise Damaged
            text = "" if int(text) in self.blank else text
        if text or self.formula:
            self.columns.append(self.column)

    def refuse_merged(self) -> None:
        """Raise `InputError` for the first merged range that reaches into the cells that are read."""
        for stated in self.merged:
            place = _RANGE.fullmatch(stated)
            if place is None:
                raise Damaged
            if int(place[2]) <= self.last and _column(place[1]) <= self.widest:
                self._refuse("merged cells where each belongs to one answer", stated)

    def _refuse(self, what: str, at: int | str) -> None:
        raise InputError(what, where=f"{self.where}!{at}", do=AGAIN)


def _column(letters: str) -> int:
    """Return a column's number from its letters: `A` is 1, `AA` 27."""
    number = 0
    for letter in letters:
        number = 26 * number + ord(letter) - ord("A") + 1
    return number


def _local(element: str) -> str:
    return element.rpartition(" ")[2]


def _parser(start: Callable[[str, dict[str, str]], None]) -> expat.XMLParserType:
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.StartDoctypeDeclHandler = _refuse_doctype
    return parser


def _refuse_doctype(*_: object) -> None:
    raise Damaged
