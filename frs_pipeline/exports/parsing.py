"""Cells of a column as numbers and times; what can't be read is said cell by cell, and nothing is guessed."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from frs_pipeline.exports.personal_numbers import holds_personal_number

_CODE = re.compile(r"-?[0-9]{1,9}")
_TIME = "%Y-%m-%d %H:%M:%S"
_TIME_LENGTH = 19
_SHAPE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-5][0-9]")
# Stands where a cell holds no code; none has more than nine digits.
MISSING = -2_000_000_000


@dataclass(frozen=True)
class Codes:
    """A column of whole numbers, one element a cell: `values` (int32, `MISSING` where there is none), and which cells are
    blank, hold something else, or hold a personal number."""

    values: np.ndarray
    blank: np.ndarray
    unreadable: np.ndarray
    personal: np.ndarray

    @property
    def readable(self) -> np.ndarray:
        return np.asarray(~(self.blank | self.unreadable))


def codes(column: pa.ChunkedArray) -> Codes:
    """Whole numbers of up to nine digits; blanks around them don't count."""
    encoded = column.combine_chunks().dictionary_encode()
    # A column has few different cells: each is looked at once.
    cells = [cell.strip() for cell in encoded.dictionary.to_pylist()]
    read = [int(cell) if _CODE.fullmatch(cell) and cell.isascii() else MISSING for cell in cells]
    at = encoded.indices.to_numpy()

    def where(each: list[bool]) -> np.ndarray:
        return np.array(each, dtype=bool)[at] if any(each) else np.zeros(len(at), dtype=bool)

    blank = [not cell for cell in cells]
    unreadable = [code == MISSING and not empty for code, empty in zip(read, blank, strict=True)]
    personal = [odd and holds_personal_number(cell) for cell, odd in zip(cells, unreadable, strict=True)]
    return Codes(np.array(read, dtype=np.int32)[at], where(blank), where(unreadable), where(personal))


def respondents(column: pa.ChunkedArray) -> np.ndarray:
    """Respondent ids (int64), one to nine digits; -1 where a cell is none."""
    cells = pc.utf8_trim_whitespace(column.combine_chunks())
    readable = pc.and_(pc.ascii_is_decimal(cells), pc.less_equal(pc.binary_length(cells), 9))
    ids = pc.if_else(readable, cells, pa.scalar("-1"))
    return np.asarray(pc.cast(ids, pa.int64()).to_numpy(zero_copy_only=False))


def times(column: pa.ChunkedArray) -> np.ndarray:
    """Times of day (datetime64[s]) as SurveyXact writes them; NaT where a cell is none."""
    cells = column.combine_chunks()
    if pc.all(pc.equal(pc.binary_length(cells), _TIME_LENGTH)).as_py():
        try:
            return np.asarray(pc.cast(cells, pa.timestamp("s")).to_numpy(zero_copy_only=False))
        except pa.ArrowInvalid:
            pass  # one wild cell: looked at one by one
    # What is a time must not depend on the cells around it: Arrow takes a T between day and time, pandas odder things.
    stripped = [cell.strip().replace("T", " ", 1) for cell in cells.to_pylist()]
    shaped = pd.Series([cell if _SHAPE.fullmatch(cell) else None for cell in stripped], dtype=object)
    return pd.to_datetime(shaped, format=_TIME, errors="coerce").to_numpy(dtype="datetime64[s]")
