"""Parse the cells of a column as numbers; what can't be read is reported cell by cell, and nothing is guessed."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from frs_pipeline.personal_numbers import holds_personal_number
from frs_pipeline.study.about import Forms
from frs_pipeline.study.calendar import Calendar, day_in
from frs_pipeline.study.numbers import NO_PLACE, Measured, place_of

_CODE = re.compile(r"-?[0-9]{1,9}")
# Stands where a cell holds no code; none has more than nine digits.
MISSING = -2_000_000_000


@dataclass(frozen=True)
class Codes:
    """A column of whole numbers, one element per cell: `values` (int32, `MISSING` where there is none), and which cells are
    blank, hold something else, or hold a personal number."""

    values: np.ndarray
    blank: np.ndarray
    unreadable: np.ndarray
    personal: np.ndarray

    @property
    def readable(self) -> np.ndarray:
        return np.asarray(~(self.blank | self.unreadable))

    @property
    def distinct(self) -> tuple[int, ...]:
        """The numbers that occur, ascending."""
        numbers = np.unique(self.values)
        return tuple(numbers[numbers != MISSING].tolist())


def not_asked(forms: int) -> Codes:
    """Return the column of a question that isn't on the paper: blank on every form."""
    none = np.zeros(forms, dtype=bool)
    return Codes(np.full(forms, MISSING, dtype=np.int32), ~none, none, none)


def codes(column: pa.ChunkedArray) -> Codes:
    """Parse whole numbers of up to nine digits; blanks around them don't count."""
    cells = column.combine_chunks()
    values = _digits(cells)
    if values is None:
        values = _plain_numbers(cells)
    if values is not None:
        none = np.zeros(len(values), dtype=bool)
        return Codes(values, values == MISSING, none, none)
    encoded = cells.dictionary_encode()
    # A column has few different cells: each is parsed once.
    at = encoded.indices.to_numpy()
    read, blank, odd, personal = (each[at] for each in _one_by_one(encoded.dictionary.to_pylist()))
    return Codes(read, blank, odd, personal)


def numbers(column: pa.ChunkedArray, measured: Measured) -> Codes:
    """Parse numbers with decimal comma or point, as the whole numbers of their last decimal place; nothing is guessed.

    `1.234` is one and a bit, never a thousand.
    """
    cells = column.combine_chunks()
    if not measured.decimals and (values := _plain_numbers(cells)) is not None:
        none = np.zeros(len(values), dtype=bool)
        return Codes(values, none, none, none)
    encoded = cells.dictionary_encode()
    at = encoded.indices.to_numpy()
    words = [word.strip() for word in encoded.dictionary.to_pylist()]
    read = [place_of(word, measured) for word in words]
    blank = [not word for word in words]
    odd = [place is None and bool(word) for word, place in zip(words, read, strict=True)]
    strange = [place in (None, NO_PLACE) for place in read]
    personal = [none and holds_personal_number(word) for word, none in zip(words, strange, strict=True)]
    values = np.array([MISSING if place is None else place for place in read], dtype=np.int32)
    return Codes(values[at], *(np.array(each, dtype=bool)[at] for each in (blank, odd, personal)))


def dates(column: pa.ChunkedArray, calendar: Calendar) -> Codes:
    """Parse dates, as the periods that are kept of them, counted from 1; 0 for a day outside the calendar."""
    encoded = column.combine_chunks().dictionary_encode()
    at, words = encoded.indices.to_numpy(), [word.strip() for word in encoded.dictionary.to_pylist()]
    days = [day_in(word) for word in words]
    odd = [day is None and bool(word) for word, day in zip(words, days, strict=True)]
    personal = [strange and holds_personal_number(word) for word, strange in zip(words, odd, strict=True)]
    values = np.array([MISSING if day is None else calendar.code(day) for day in days], dtype=np.int32)
    blank = [not word for word in words]
    return Codes(values[at], *(np.array(each, dtype=bool)[at] for each in (blank, odd, personal)))


def grouped(number: Codes, measured: Measured) -> Codes:
    """Return the groups of a column of numbers, counted from 1; a number that is in none is blank."""
    ends = np.array([measured.places(high) for _, _, high in measured.groups])
    at = np.searchsorted(ends, number.values).astype(np.int32) + 1
    inside = (number.values >= measured.places(measured.low)) & (number.values <= measured.places(measured.high))
    values = np.where(inside, at, np.int32(MISSING))
    return Codes(values, ~inside, np.zeros(len(values), dtype=bool), np.zeros(len(values), dtype=bool))


def _digits(cells: pa.StringArray) -> np.ndarray | None:
    """Parse a column that holds nothing but single digits and blanks, as nearly all do; None for any other."""
    bounds = np.frombuffer(cells.buffers()[1], dtype=np.int32)[cells.offset : cells.offset + len(cells) + 1]
    lengths = np.diff(bounds)
    if not len(cells) or lengths.max() != 1:
        return None
    digits = np.frombuffer(cells.buffers()[2], dtype=np.uint8)[bounds[0] : bounds[-1]] - np.int32(ord("0"))
    if digits.min() < 0 or digits.max() > 9:
        return None
    if len(digits) == len(cells):
        return digits
    values = np.full(len(cells), MISSING, dtype=np.int32)
    values[lengths == 1] = digits
    return values


def _plain_numbers(cells: pa.StringArray) -> np.ndarray | None:
    """Parse a column that holds nothing but digits, without signs and blanks; None for any other."""
    plain = pc.and_(pc.ascii_is_decimal(cells), pc.less_equal(pc.binary_length(cells), 9))
    return pc.cast(cells, pa.int32()).to_numpy() if pc.all(plain).as_py() else None


def _one_by_one(words: list[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return for each cell: its number or `MISSING`, is it blank, is it something else, is that a personal number."""
    cells = [word.strip() for word in words]
    read = [int(cell) if _CODE.fullmatch(cell) and cell.isascii() else MISSING for cell in cells]
    blank = [not cell for cell in cells]
    odd = [code == MISSING and not empty for code, empty in zip(read, blank, strict=True)]
    personal = [strange and holds_personal_number(cell) for cell, strange in zip(cells, odd, strict=True)]
    return np.array(read, dtype=np.int32), np.array(blank, bool), np.array(odd, bool), np.array(personal, bool)


def respondents(forms: Forms, cells: pa.Table) -> np.ndarray:
    """Parse the ids (int64) of a chunk's forms, one to nine digits; -1 where a cell is none, or exports have no such column."""
    if not forms.id:
        return np.full(cells.num_rows, -1)
    texts = pc.utf8_trim_whitespace(cells[forms.id].combine_chunks())
    readable = pc.and_(pc.ascii_is_decimal(texts), pc.less_equal(pc.binary_length(texts), 9))
    ids = pc.if_else(readable, texts, pa.scalar("-1"))
    return np.asarray(pc.cast(ids, pa.int64()).to_numpy(zero_copy_only=False))
