"""CSV files that people keep in a spreadsheet: the ledger, corrections, exceptions, withdrawals.

Spreadsheets save them in one of several encodings, with dates as the country writes them, and sometimes with a first line
`sep=;` of their own.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from frs_pipeline.errors import InputError
from frs_pipeline.intake.readers.csvfiles import open_csv
from frs_pipeline.intake.readers.encodings import WRONG, garbled, is_garbled, same_letters

AS_UTF8 = "save it in the spreadsheet as CSV UTF-8; nothing was changed"
_LINE_END = re.compile(r"[\r\n]")
_DANISH = re.compile(r"(?P<d>[0-9]{1,2})[-.](?P<m>[0-9]{1,2})[-.](?P<y>[0-9]{4})")
_SLASHES = r"(?P<{}>[0-9]{{1,2}})/(?P<{}>[0-9]{{1,2}})/(?P<y>[0-9]{{4}})"
_FORMATS = (_DANISH, re.compile(_SLASHES.format("d", "m")), re.compile(_SLASHES.format("m", "d")))


def kept_rows(path: Path, columns: Sequence[str], do: str, words: Iterable[str] = ()) -> list[tuple[int, list[str]]]:
    """Read (line, cells) of each row below the header, which must be `columns`, also where it is blank.

    `words` are those that a column can hold. Raises `InputError` with the line for another header, for letters that a
    wrong encoding makes, and for a cell that holds a whole line: a quotation mark has swallowed it.
    """
    wrong = garbled(words)
    rows = []
    for line, cells in _rows(path, do):
        if any(is_garbled(cell) or cell in wrong for cell in cells):
            raise InputError(WRONG, where=f"{path}:{line}", do=AS_UTF8)
        if any(_LINE_END.search(cell) and cell.count(";") >= len(columns) - 1 for cell in cells):
            what = "a cell holds a whole line: a quotation mark stands where none belongs"
            raise InputError(what, where=f"{path}:{line}", do="take the mark out")
        rows.append((line, [same_letters(cell) for cell in cells]))
    line, header = rows[0] if rows else (1, [])
    if tuple(header) != tuple(columns):
        what, remedy = _other_header(header, columns)
        raise InputError(f"the header isn't {';'.join(columns)}{what}", where=f"{path}:{line}", do=remedy or do)
    return rows[1:]


def _rows(path: Path, do: str) -> Iterator[tuple[int, list[str]]]:
    try:
        yield from open_csv(path, ";").rows()
    except InputError as error:
        # What helps with an export is of no use here, except for a missing file.
        raise InputError(error.what, where=error.where, do=do if path.exists() else error.do) from error


def _other_header(header: list[str], columns: Sequence[str]) -> tuple[str, str]:
    """Say what another header looks like, where that is recognisable, and what to do about it."""
    while header and not header[-1].strip():
        header = header[:-1]
    if tuple(header) == tuple(columns):
        return ": empty columns stand to the right of it", "delete these columns in the spreadsheet and save it again"
    joined = ";".join(header)
    for name, sign in (("commas", ","), ("tabs", "\t")):
        if tuple(joined.split(sign)) == tuple(columns):
            return f": {name} stand where semicolons belong", "save it with semicolons"
    if [cell.strip().lower() for cell in header] == list(columns):
        return ": it differs in blanks or capitals", "write it exactly so"
    return "", ""


def days_of(texts: Sequence[str]) -> list[dt.date | None]:
    """Parse the dates of a column: ISO, else the one format that fits all the others. None where a cell is no date.

    Raises `AmbiguousDays` where it isn't clear which is day and which is month.
    """
    read = [_iso(text) for text in texts]
    others = [at for at, day in enumerate(read) if day is None]
    ways = [[_read(pattern, texts[at]) for at in others] for pattern in _FORMATS]
    fitting = [days for days in ways if None not in days]
    for at, *days in zip(others, *fitting, strict=True):
        if len(set(days)) > 1:
            raise AmbiguousDays(at)
    # Where no format fits all, what is wrong is a cell that doesn't fit the most fitting.
    best = (fitting or sorted(ways, key=lambda days: days.count(None)))[0]
    for at, day in zip(others, best, strict=True):
        read[at] = day
    return read


class AmbiguousDays(ValueError):
    """Dates that could be read with day and month either way round; `at` is the position of the first."""

    def __init__(self, at: int) -> None:
        super().__init__("day and month can't be told apart")
        self.at = at


def dates(wheres: Sequence[str], texts: Sequence[str], do: str) -> list[dt.date]:
    """Parse the dates of a column whose cells stand at `wheres`. Raises `InputError` with the place of the first non-date."""
    try:
        days = days_of(texts)
    except AmbiguousDays as error:
        what = "the date may be one of two: day and month can't be told apart"
        raise InputError(what, where=wheres[error.at], do=do) from None
    parsed = []
    for where, day in zip(wheres, days, strict=True):
        if day is None:
            raise InputError("not a date", where=where, do=do)
        parsed.append(day)
    return parsed


def _iso(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None


def _read(pattern: re.Pattern[str], text: str) -> dt.date | None:
    parts = pattern.fullmatch(text)
    try:
        return dt.date(int(parts["y"]), int(parts["m"]), int(parts["d"])) if parts and text.isascii() else None
    except ValueError:
        return None
