"""Lines of text, made column by column: bytes in arrays instead of one Python object per cell."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Whole = NDArray[np.int64]
Letters = NDArray[np.uint8]
# What stands side by side in a line: a column of texts of one width, or a text that is the same in every line.
Part = Letters | str

_THREE_DIGITS: Letters = np.frombuffer("".join(f"{n:03d}" for n in range(1000)).encode(), np.uint8).reshape(1000, 3)
_CLOCK: Letters = np.frombuffer(
    "".join(f"{s // 3600:02d}:{s // 60 % 60:02d}:{s % 60:02d}" for s in range(86_400)).encode(), np.uint8
).reshape(86_400, 8)


def digits(values: Whole, width: int) -> Letters:
    """Write `values` (n,) of zero or more with `width` digits each, padded with zeros: (n, width)."""
    groups = -(-width // 3)
    written = np.empty((len(values), 3 * groups), np.uint8)
    for group in range(groups):
        end = 3 * (groups - group)
        written[:, end - 3 : end] = _THREE_DIGITS[values // 1000**group % 1000]
    return written[:, 3 * groups - width :]


def spelled(values: Whole, alphabet: str, width: int) -> Letters:
    """Write `values` (n,) of zero or more as words of `width` letters, with the alphabet's letters as digits: (n, width)."""
    letters = np.frombuffer(alphabet.encode("ascii"), np.uint8)
    written = np.empty((len(values), width), np.uint8)
    rest = values
    for at in range(width - 1, -1, -1):
        rest, last = np.divmod(rest, len(letters))
        written[:, at] = letters[last]
    return written


def dates(days: Whole) -> Letters:
    """Write days since 1970 (n,) as ISO dates: (n, 10)."""
    first = int(days.min()) if len(days) else 0
    last = int(days.max()) if len(days) else 0
    known = np.datetime_as_string(np.arange(first, last + 1).astype("datetime64[D]")).astype("S10")
    return known.view(np.uint8).reshape(-1, 10)[days - first]


def stamps(seconds: Whole) -> Letters:
    """Write seconds since 1970 (n,) as SurveyXact writes a time, `2020-01-20 08:05:33`: (n, 19)."""
    days, seconds_of_day = np.divmod(seconds, 86_400)
    written = np.full((len(seconds), 19), ord(" "), np.uint8)
    written[:, :10] = dates(days)
    written[:, 11:] = _CLOCK[seconds_of_day]
    return written


def joined(parts: Sequence[Part]) -> pa.Array:
    """Join parts into n binary cells: at least one array (n, width), and texts that are the same in every cell."""
    columns = [np.frombuffer(part.encode(), np.uint8)[None, :] if isinstance(part, str) else part for part in parts]
    rows = max(len(part) for part in parts if not isinstance(part, str))
    width = sum(column.shape[1] for column in columns)
    cells = np.empty((rows, width), np.uint8)
    at = 0
    for column in columns:
        cells[:, at : at + column.shape[1]] = column
        at += column.shape[1]
    ends = np.arange(0, rows * width + 1, width, dtype=np.int32)
    return pa.Array.from_buffers(pa.binary(), rows, [None, pa.py_buffer(ends), pa.py_buffer(cells)])


def chosen(words: Sequence[str], which: NDArray[np.integer]) -> pa.Array:
    """Return `words[which]` as binary cells (n,), in UTF-8."""
    return pa.array([word.encode() for word in words], pa.binary()).take(pa.array(which))


def text(columns: Sequence[pa.Array]) -> memoryview:
    """Concatenate the columns' cells, row after row, with nothing between them."""
    cells = pc.binary_join_element_wise(*columns, b"")
    end = cells.offset + len(cells)
    offsets = np.frombuffer(cells.buffers()[1], np.int32, end + 1)
    return memoryview(cells.buffers()[2])[int(offsets[cells.offset]) : int(offsets[end])]
