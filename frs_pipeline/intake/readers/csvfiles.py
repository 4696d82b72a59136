"""The CSV files of SurveyXact: encodings and delimiters of its dialects, small files whole, datasets in chunks.

A dataset is cut at line ends into blocks. A block without quotation marks, blank lines and other oddities goes to
Arrow's reader; any other goes to the standard library's, row by row, which is also the one that says what is wrong.
Both give the same cells and the same lines. Rows of delimiters and blanks only are skipped, and counted.
"""

from __future__ import annotations

import codecs
import csv
import io
import itertools
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from frs_pipeline.errors import InputError
from frs_pipeline.intake.readers.records import Counted, count
from frs_pipeline.intake.readers.sheets import AGAIN
from frs_pipeline.intake.readers.workbooks import STRUCTURE_COLUMNS, Rows
from frs_pipeline.store.rows import ahead

BLOCK = 8 << 20
# The most rows of a chunk that are read one at a time: more would be Python objects than memory should hold.
CHUNK = 50_000
LONGEST_LINE = 64 << 20
# Letters of the longest cell that is read; a longer one is a quotation mark that was never closed.
LONGEST_CELL = 1 << 17
_LINE = re.compile(rb"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
# A list of labels: a line per answer of a column; one without a code has the text of the question.
LIST_COLUMNS = ("column", "code", "label")
_DELIMITERS = (";", "\t", ",")
# A first line by which a file names its delimiter to Excel.
_SEP = re.compile(r'"?sep=([;,\t])"?[ ;,\t]*(?:\r\n|\r|\n)', re.IGNORECASE)
_LONGEST_SEP = 64
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


class Chunk(NamedTuple):
    """Some rows of a dataset: the line on which each starts, and its cells as text, one array per column.

    `passed` are the lines of rows among them that hold nothing.
    """

    lines: np.ndarray
    cells: pa.Table
    passed: np.ndarray


class Block(NamedTuple):
    """Whole lines of a file as UTF-8: the number of the first, how many there are, and whether each is one row."""

    line: int
    text: bytes
    lines: int
    plain: bool


@dataclass(frozen=True)
class CsvFile:
    """One CSV file whose encoding is known. `start` is the length of what stands before its first row: its byte-order mark,
    and a line `sep=;` for Excel; `first` is the line on which that row stands."""

    path: Path
    encoding: str
    start: int
    delimiter: str
    first: int = 1

    def blocks(self) -> Iterator[Block]:
        """Yield the file as UTF-8, cut at line ends into pieces of about `BLOCK` bytes."""
        line, rest = self.first, b""
        for text in self._text():
            rest += text
            # A carriage return may be half a line end; a file that has nothing else was saved on an old Macintosh.
            end = rest.rfind(b"\n") + 1 or rest.rfind(b"\r", 0, len(rest) - 1) + 1
            if end:
                block = _block(line, rest[:end])
                yield block
                line, rest = line + block.lines, rest[end:]
            elif len(rest) > LONGEST_LINE:
                raise InputError("a line without an end", where=f"{self.path}:{line}", do=AGAIN)
        if rest:
            yield _block(line, rest)

    def _text(self) -> Iterator[bytes]:
        """Yield the file as UTF-8. Raises `InputError` with the line of what can't be read."""
        decoder = codecs.getincrementaldecoder(self.encoding)("strict")
        with _opened(self.path) as file:
            file.seek(self.start)
            data = b"first"
            while data:
                # Half a letter may be left from the block before.
                half = decoder.getstate()[0]
                before = file.tell() - len(half)
                data = file.read(BLOCK)
                text = data
                # Letters of the alphabet are the same in both: decoding them would only take time.
                if half or not (self.encoding in ("utf-8", "cp1252") and data.isascii()):
                    try:
                        text = decoder.decode(data, final=not data).encode("utf-8")
                    except UnicodeError as error:
                        where = self._line_of(before + getattr(error, "start", 0))
                        raise InputError(f"not readable as {self.encoding}", where=where, do=AGAIN) from None
                if b"\0" in text:
                    at = before + len(text[: text.index(b"\0")].decode("utf-8").encode(self.encoding))
                    raise InputError("holds null bytes: not a text file", where=self._line_of(at), do=AGAIN)
                yield text

    def _line_of(self, at: int) -> str:
        """Find the line on which a byte of the file stands."""
        line = 1
        # All three kinds of line ends count, also where a block ends between the two bytes of one.
        decoder = io.IncrementalNewlineDecoder(codecs.getincrementaldecoder(self.encoding)("replace"), translate=True)
        with _opened(self.path) as file:
            while at > 0 and (data := file.read(min(at, BLOCK))):
                at -= len(data)
                line += decoder.decode(data, final=at == 0).count("\n")
        return f"{self.path}:{line}"

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Yield (line on which the row starts, its cells) of every row that holds more than blanks."""
        return (row for row in self.exactly(_Lines(self.blocks())) if row[1])

    def counted(self) -> Counted:
        """Count what it holds, in a way that shares nothing with what reads it."""
        return count(self.path, self.encoding, self.start, self.delimiter)

    def refuse_cut(self) -> None:
        """Raise `InputError` when the last line has no end, as every line has that a machine exports."""
        with _opened(self.path) as file:
            file.seek(max(self.start, file.seek(0, io.SEEK_END) - len("\n".encode(self.encoding))))
            whole = file.read().decode(self.encoding, "replace") in ("\n", "\r", "")
        if not whole:
            where = f"{self.path}:{self.counted().lines}"
            raise InputError("the last line has no end: the file was cut", where=where, do=AGAIN)

    def exactly(self, lines: _Lines) -> Iterator[tuple[int, list[str]]]:
        """Yield rows by the standard library's reader, blank ones without cells; `lines` knows how far it has read."""
        # The limit applies to the whole process, and some libraries lift it.
        csv.field_size_limit(LONGEST_CELL)
        reader = csv.reader(lines, delimiter=self.delimiter, strict=True)
        while True:
            start = lines.line
            try:
                cells = next(reader, None)
            except csv.Error as error:
                what = str(error).replace("\t", "tab")
                raise InputError(f"not a CSV file: {what}", where=f"{self.path}:{start}", do=AGAIN) from error
            if cells is None:
                return
            if cells:
                yield start, cells if any(map(str.strip, cells)) else []


class _Lines:
    """Lines of blocks, one at a time, for the row reader, which takes no more of them than a row needs."""

    def __init__(self, blocks: Iterator[Block]) -> None:
        self.blocks = blocks
        self.text = b""
        self.read = 0
        self.line = 1
        self.left = 0

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        if not self.left:
            self.take(next(self.blocks))
        line = _LINE.match(self.text, self.read)
        assert line is not None, "a block has as many lines as it says"
        self.read = line.end()
        self.left -= 1
        self.line += 1
        return line.group().decode("utf-8")

    def rest(self) -> bytes:
        """Return what is left of the block."""
        return self.text[self.read :]

    def take(self, block: Block) -> None:
        """Go on with the lines of `block`."""
        self.text, self.read = block.text, 0
        self.line, self.left = block.line, block.lines


def open_csv(path: Path, delimiter: str = "") -> CsvFile:
    """Open a CSV file: encoding by its byte-order mark, else strict UTF-8, else cp1252; `delimiter` unless a first line `sep=;`
    says another. Raises `InputError`."""
    file = _encoded(path, delimiter)
    with _opened(path) as data:
        data.seek(file.start)
        head = data.read(2 * _LONGEST_SEP).decode(file.encoding, "ignore")
    for_excel = _SEP.match(head)
    if for_excel is None:
        return file
    return replace(file, start=file.start + len(for_excel[0].encode(file.encoding)), delimiter=for_excel[1], first=2)


def _encoded(path: Path, delimiter: str) -> CsvFile:
    with _opened(path) as file:
        head = file.read(4)
        for mark, encoding in _MARKS:
            if head.startswith(mark):
                return CsvFile(path, encoding, len(mark), delimiter)
        file.seek(0)
        decoder = codecs.getincrementaldecoder("utf-8")("strict")
        try:
            while data := file.read(BLOCK):
                if decoder.getstate()[0] or not data.isascii():
                    decoder.decode(data)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return CsvFile(path, "cp1252", 0, delimiter)
    return CsvFile(path, "utf-8", 0, delimiter)


def _block(line: int, text: bytes) -> Block:
    """Make a block of a piece of a file. Its lines are rows, one each, if it has no quotes, blank rows or odd ends."""
    letters = np.frombuffer(text, dtype=np.uint8)
    ends = np.flatnonzero(letters == ord("\n"))
    # The first byte has none before it.
    before_ends = (letters[ends - 1] == ord("\r")) & (ends > 0)
    alone = int(np.count_nonzero(letters == ord("\r"))) - int(np.count_nonzero(before_ends))
    lines = len(ends) + alone + (letters[-1] not in b"\r\n")
    widths = np.diff(ends, prepend=-1) - 1 - before_ends
    # The row reader has a limit, and a row must not be readable by one reader and not by the other.
    longest = max(widths.max(initial=0), len(letters) - 1 - ends[-1] if len(ends) else len(letters))
    # A row of blanks begins with a delimiter or a blank, some of which are no ASCII; and a mark of encoding that begins a
    # cell would be taken for one that begins the file.
    first = letters[np.append(0, ends[ends < len(letters) - 1] + 1)]
    doubtful = (first <= ord(" ")) | (first > ord("~")) | np.isin(first, [ord(delimiter) for delimiter in _DELIMITERS])
    odd = alone or b'"' in text or longest > LONGEST_CELL or doubtful.any()
    return Block(line, text, lines, not odd and bool((widths > 0).all()))


def open_structure(path: Path) -> tuple[CsvFile, Rows]:
    """Open structure.csv: its rows, and the file with the delimiter that its known header shows. Raises `InputError`."""
    file = _by_header(path, STRUCTURE_COLUMNS, "that of a SurveyXact structure file", AGAIN)
    # Some exports end a row with one empty field too many; that, and nothing else, is tolerated.
    surplus = len(STRUCTURE_COLUMNS) + 1
    return file, [(line, cells[:-1] if len(cells) == surplus and cells[-1] == "" else cells) for line, cells in file.rows()]


def open_list(path: Path) -> CsvFile:
    """Open the list of labels of a plain CSV file, with the delimiter that its header shows. Raises `InputError`."""
    return _by_header(
        path, LIST_COLUMNS, ";".join(LIST_COLUMNS), f"let its first line be {';'.join(LIST_COLUMNS)}, or with tabs or commas"
    )


def _by_header(path: Path, columns: Sequence[str], known: str, do: str) -> CsvFile:
    """Open a file whose first `columns` are `known`, with the delimiter that stands between them."""
    file = open_csv(path)
    first = _LINE.match(next((block.text for block in file.blocks()), b""))
    head = first[0].decode("utf-8").rstrip("\r\n") if first else ""
    delimiter = next((d for d in _DELIMITERS if tuple(_unquoted(head.split(d)))[: len(columns)] == tuple(columns)), None)
    if delimiter is None:
        raise InputError(f"the header isn't {known}", where=f"{path}:{file.first}", do=do)
    return replace(file, delimiter=delimiter)


def header(file: CsvFile) -> tuple[int, list[str]]:
    """Return line and cells of the first row. Raises `InputError` when there is none."""
    first = next(file.rows(), None)
    if first is None:
        raise InputError("empty file", where=file.path, do=AGAIN)
    return first


def chunks(file: CsvFile, names: list[str], wanted: np.ndarray | None = None, closed: Collection[str] = ()) -> Iterator[Chunk]:
    """Yield the rows below the header, with `names` for their columns; all, or at least those on `wanted` lines (ascending).

    Raises `InputError` for a row that has more or fewer cells, and where a quotation mark has swallowed what follows: a cell
    of the `closed` columns, in which nobody writes, has a delimiter or a line end in it, or any other cell a whole row.
    """
    return ahead(_chunks(file, names, wanted, {at for at, name in enumerate(names) if name in closed}))


def _chunks(file: CsvFile, names: list[str], wanted: np.ndarray | None, closed: set[int]) -> Iterator[Chunk]:
    blocks = file.blocks()
    block = _below_header(file, blocks)
    while block is not None:
        here = None if wanted is None or not block.plain else _within(block, wanted)
        chunk = _by_arrow(block, names, file.delimiter, here) if block.plain and (here is None or len(here)) else None
        if chunk is not None:
            yield chunk
        elif here is None or len(here):
            # A row that goes on beyond the block takes the next block with it.
            lines = _Lines(blocks)
            lines.take(block)
            rows = _until_done(file.exactly(lines), lines)
            while part := list(itertools.islice(rows, CHUNK)):
                _refuse_swallowed(file, part, closed)
                yield chunk_of(part, names, lambda line: f"{file.path}:{line}")
        block = next(blocks, None)


def _below_header(file: CsvFile, blocks: Iterator[Block]) -> Block | None:
    """Return what is left of the first block below the header."""
    lines = _Lines(blocks)
    if next((row for row in file.exactly(lines) if row[1]), None) is None:
        return None
    rest = lines.rest()
    return _block(lines.line, rest) if rest else next(blocks, None)


def chunk_of(rows: Rows, names: list[str], where: Callable[[int], str]) -> Chunk:
    """Make a chunk of rows of cells. Raises `InputError` for one that is longer or shorter than the header."""
    filled = [row for row in rows if row[1]]
    for line, cells in filled:
        if len(cells) > len(names) and not any(cells[len(names) :]):
            what = f"{len(cells)} fields where {len(names)} belong: empty columns stand to the right"
            raise InputError(what, where=where(line), do=f"delete them, or {AGAIN}")
        if len(cells) != len(names):
            raise InputError(f"{len(cells)} fields where {len(names)} belong", where=where(line), do=AGAIN)
    columns = zip(*(cells for _, cells in filled), strict=True) if filled else ([] for _ in names)
    return Chunk(
        np.array([line for line, _ in filled], dtype=np.int64),
        pa.table([pa.array(column, pa.string()) for column in columns], names=names),
        np.array([line for line, cells in rows if not cells], dtype=np.int64),
    )


def _refuse_swallowed(file: CsvFile, rows: Rows, closed: set[int]) -> None:
    """Raise `InputError` for the first row in which a quotation mark has swallowed what follows it.

    A text may hold delimiters and line ends. But where there are as many as in a row, and a line begins as rows do, with a
    number, a time or nothing, it holds one; the cell may end behind that.
    """
    begins = re.compile(rf'[\r\n](?:\s*"?[0-9][0-9 :.-]*"?(?:{file.delimiter}|\Z)|{file.delimiter})')
    for line, cells in rows if closed else ():
        together = "".join(cells)
        if not any(mark in together for mark in (file.delimiter, "\r", "\n")):
            continue
        for at, cell in enumerate(cells):
            if at in closed and set(cell) & {file.delimiter, "\r", "\n"}:
                what = "where a code or a time belongs"
            elif cell.count(file.delimiter) >= len(cells) - 1 and begins.search(cell):
                what = "and with them a row"
            else:
                continue
            what = f"column {at + 1} holds a delimiter or a line end {what}: a quotation mark stands where none belongs"
            raise InputError(what, where=f"{file.path}:{line}", do=AGAIN)


def _until_done(rows: Iterable[tuple[int, list[str]]], lines: _Lines) -> Iterator[tuple[int, list[str]]]:
    """Yield rows until the block that is being read ends together with a row."""
    for row in rows:
        yield row
        if not lines.left:
            return


def _by_arrow(block: Block, names: list[str], delimiter: str, lines: np.ndarray | None = None) -> Chunk | None:
    """Read a plain block, or these lines of it, with Arrow; None when a row is too long or too short."""
    text = block.text if lines is None else _cut(block, lines)
    if lines is None:
        lines = np.arange(block.line, block.line + block.lines, dtype=np.int64)
    try:
        cells = pacsv.read_csv(
            pa.BufferReader(text),
            read_options=pacsv.ReadOptions(column_names=names, block_size=4 << 20),
            parse_options=pacsv.ParseOptions(delimiter=delimiter, quote_char=False, ignore_empty_lines=False),
            convert_options=pacsv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), null_values=[], strings_can_be_null=False, check_utf8=False
            ),
        )
    except pa.ArrowInvalid:
        return None
    return Chunk(lines, cells.combine_chunks(), lines[:0]) if cells.num_rows == len(lines) else None


def _within(block: Block, wanted: np.ndarray) -> np.ndarray:
    """Return which of the `wanted` lines (ascending) stand in a block."""
    first, last = np.searchsorted(wanted, (block.line, block.line + block.lines))
    return wanted[first:last]


def _cut(block: Block, lines: np.ndarray) -> bytes:
    """Return these lines of a plain block, and no others."""
    ends = np.flatnonzero(np.frombuffer(block.text, dtype=np.uint8) == ord("\n")) + 1
    bounds = np.concatenate([[0], ends, [len(block.text)]])
    return b"".join(block.text[bounds[at] : bounds[at + 1]] for at in (lines - block.line).tolist())


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except FileNotFoundError as error:
        raise InputError("missing file", where=path, do="ask for the delivery again; nothing was changed") from error
    except OSError as error:
        raise InputError("cannot be read", where=path, do="check the file's rights; nothing was changed") from error


def _unquoted(cells: list[str]) -> list[str]:
    return [cell.strip().strip('"') for cell in cells]
