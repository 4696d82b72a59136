"""How many cases the data of an SPSS file hold, counted by their bytes: the number read has to agree with this count.

A file states its number of cases in its header, and what reads it stops there. Here the dictionary is walked through for
the width of a case, and the data behind it for how many cases there are, whatever the header says. The layout is that of
PSPP's description of the format.
"""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

# Codes of compressed data: nothing, the end, a value that stands behind the block of eight codes.
_NOTHING, _END, _BEHIND = 0, 252, 253
_VARIABLE, _LABELS, _LABELLED, _DOCUMENT, _MORE, _DATA = 2, 3, 4, 6, 7, 999
# Length of the header, in which the layout stands at byte 64 and the compression at 72.
_HEADER = 176
# Lengths in bytes: of a value, of a line of a document, and of the fixed part of a variable.
_VALUE, _DOCUMENT_LINE, _FIXED = 8, 80, 32

# The most bytes that a piece may unpack to (writers make 4 MB): more could fill any memory.
_MOST_OF_A_PIECE = 1 << 24


class Uncountable(Exception):
    """The file ends within a case, or isn't laid out as an SPSS file."""


def cases_in(path: Path) -> int:
    """Count the cases. Raises `Uncountable`, `struct.error` or `zlib.error` for a damaged file."""
    data = path.read_bytes()
    order = "<" if struct.unpack_from("<i", data, 64)[0] in (2, 3) else ">"
    (compression,) = struct.unpack_from(order + "i", data, 72)
    width, start = _dictionary(data, order)
    if not width:
        raise Uncountable
    if compression == 0:
        values, rest = divmod(len(data) - start, _VALUE)
        if rest:
            raise Uncountable
    else:
        values = _compressed(data[start:] if compression == 1 else _unzipped(data, start, order))
    cases, rest = divmod(values, width)
    if rest:
        raise Uncountable
    return cases


def _dictionary(data: bytes, order: str) -> tuple[int, int]:
    """Return how many values a case has, and where the first case starts."""

    def number(at: int) -> int:
        value: int = struct.unpack_from(order + "i", data, at)[0]
        return value

    def many(at: int) -> int:
        # A negative number would run backwards, and the end might never be reached.
        if (value := number(at)) < 0:
            raise Uncountable
        return value

    at, width = _HEADER, 0
    while (kind := number(at)) != _DATA:
        if kind == _VARIABLE:
            width += 1
            labelled, missing = number(at + 8), abs(number(at + 12))
            at += _FIXED
            if labelled:
                at += 4 + _up(many(at), 4)
            at += _VALUE * missing
        elif kind == _LABELS:
            labels = many(at + 4)
            at += 8
            for _ in range(labels):
                # The label's length is one byte, and both together end at a multiple of eight.
                at += _VALUE + _up(1 + data[at + _VALUE], 8)
        elif kind == _LABELLED:
            at += 8 + 4 * many(at + 4)
        elif kind == _DOCUMENT:
            at += 8 + _DOCUMENT_LINE * many(at + 4)
        elif kind == _MORE:
            at += 16 + many(at + 8) * many(at + 12)
        else:
            raise Uncountable
    return width, at + 8


def _up(size: int, to: int) -> int:
    """Round `size` up to a multiple."""
    return -(-size // to) * to


def _compressed(data: bytes) -> int:
    """Count the values in blocks of eight codes, each with the values that stand behind it."""
    values = at = 0
    while at + _VALUE <= len(data):
        codes = data[at : at + _VALUE]
        end = codes.find(_END)
        if end >= 0:
            codes, behind = codes[:end], data[at + _VALUE * (1 + codes[:end].count(_BEHIND)) :]
            if behind.strip(b"\0"):
                raise Uncountable
        values += len(codes) - codes.count(_NOTHING)
        at += _VALUE * (1 + codes.count(_BEHIND))
        if end >= 0:
            return values
    if at != len(data):
        raise Uncountable
    return values


def _unzipped(data: bytes, start: int, order: str) -> bytes:
    """Unpack the compressed data of a file that was packed once more: its pieces, as the list at its end has them."""
    _, at, _ = struct.unpack_from(order + "3q", data, start)
    (many,) = struct.unpack_from(order + "i", data, at + 20)
    pieces = []
    for piece in range(many):
        _, place, _, size = struct.unpack_from(order + "2q2i", data, at + 24 + 24 * piece)
        packed = zlib.decompressobj()
        pieces.append(packed.decompress(data[place : place + size], _MOST_OF_A_PIECE))
        if not packed.eof:
            raise Uncountable
    return b"".join(pieces)
