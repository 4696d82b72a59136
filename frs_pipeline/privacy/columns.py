"""What gives a person away in a Parquet file: its columns' names and metadata, texts, and numbers.

Conference numbers are small whole numbers like any other. What can be decided is whether a column is called so, whether
it says of each conference the number that the codebook has for it, and whether it tells conferences apart as well as
their pseudonym does. Row groups are looked at one by one, and of texts the different ones.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from frs_pipeline.exports.personal_numbers import PATTERN
from frs_pipeline.privacy.patterns import CONFERENCE, FORBIDDEN_COLUMNS, PERSONAL, Codebook, kinds_in, readings
from frs_pipeline.privacy.phrases import BETWEEN

_IDS = ("form_id", "conference_id")
# Smaller numbers are no date with a serial number behind it.
_SMALLEST = 101_000_000
# More different texts than this in a row group are looked through for personal numbers only.
_SAID = 5_000
# So many conferences before it means something that a column tells them apart.
_SEVERAL = 20


def kinds_in_table(path: Path, codebook: Codebook, said: Callable[[str], None]) -> set[str]:
    """Kinds of findings in a Parquet file; `said` is given its texts. Raises OSError or `pa.ArrowInvalid` when damaged."""
    with pq.ParquetFile(path) as about:
        schema = about.schema_arrow
    words = [f.name for f in schema if _is_text(f.type) and f.name not in _IDS]
    search = _Search(schema, codebook, said)
    with pq.ParquetFile(path, read_dictionary=words) as file:
        numbers = _numbers(file, schema, codebook)
        read = [f.name for f in schema if f.name in numbers or f.name in _IDS or _holds_text(f.type)]
        for group in range(file.num_row_groups) if read else ():
            search.take(file.read_row_group(group, columns=read), numbers)
        return search.found(file.metadata.num_rows)


class _Search:
    """What was found in a table so far, row group after row group."""

    def __init__(self, schema: pa.Schema, codebook: Codebook, said: Callable[[str], None]) -> None:
        self.codebook, self.said = codebook, said
        self.kinds = {CONFERENCE for name in schema.names if FORBIDDEN_COLUMNS.fullmatch(name)}
        self.texts = [*schema.names, *_metadata(schema)]
        self.telling: dict[str, Telling] = defaultdict(lambda: Telling(codebook))
        self.different: dict[str, NDArray[np.int64]] = {}

    def take(self, table: pa.Table, numbers: list[str]) -> None:
        """Look through some rows; `numbers` are columns whose numbers could say something."""
        whole = {name: _whole(table[name]) for name in numbers}
        if any(_personal(values) for values in whole.values()):
            self.kinds.add(PERSONAL)
        for name in table.column_names:
            if name not in whole:
                whole |= self._words(name, _texts(table[name]), table[name])
        if self.codebook.size and "conference_id" in table.column_names:
            places = self._places(table["conference_id"])
            for name, values in whole.items():
                self.telling[name].take(places, values)
        elif self.codebook.size:
            for name, values in whole.items():
                # No more than there are conference numbers, and one: more say that it is something else.
                seen = np.union1d(self.different.get(name, values[:0]), values[values >= 0])
                self.different[name] = seen[: self.codebook.size * 2]
        if len(self.texts) > _SAID:
            self._say()

    def _words(self, name: str, texts: pa.ChunkedArray, column: pa.ChunkedArray) -> dict[str, NDArray[np.int64]]:
        """Look through the different texts of a column; where all are digits, it is a column of numbers."""
        if (name in _IDS or len(texts) > _SAID) and pc.any(pc.match_substring_regex(texts, PATTERN)).as_py():
            self.kinds.add(PERSONAL)
        digits = bool(len(texts)) and pc.all(pc.match_substring_regex(texts, "^[0-9]{1,9}$")).as_py()
        if name not in _IDS:
            self.texts += texts.slice(0, _SAID).to_pylist()
            return {name: _whole(column.cast(pa.string()).cast(pa.int64()))} if digits else {}
        if digits and name == "conference_id":
            self.kinds.add(CONFERENCE)  # a pseudonym is never made of digits alone
        return {}

    def _places(self, column: pa.ChunkedArray) -> NDArray[np.int64]:
        coded = column.combine_chunks().dictionary_encode()
        names = [(name or "").encode() for name in coded.dictionary.to_pylist()]
        places = self.codebook.places(np.array([*names, b""]))
        return np.asarray(places[pc.fill_null(coded.indices, len(names)).to_numpy(zero_copy_only=False)])

    def _say(self) -> None:
        for reading in readings(BETWEEN.join(dict.fromkeys(self.texts))):
            self.said(reading)
            self.kinds |= kinds_in(reading, self.codebook)
        self.texts = []

    def found(self, rows: int) -> set[str]:
        """All kinds, when every row group was taken."""
        self._say()
        every = (values for values in self.different.values() if _near(rows, self.codebook.size))
        if any(column.gives_away() for column in self.telling.values()) or any(_all_numbers(v, self.codebook) for v in every):
            self.kinds.add(CONFERENCE)
        return self.kinds


@dataclass
class Telling:
    """What a column of whole numbers says of conferences, row group after row group."""

    codebook: Codebook
    rows: int = 0
    equal: int = 0
    consistent: bool = True
    first: NDArray[np.int64] | None = field(default=None, repr=False)

    def take(self, places: NDArray[np.int64], values: NDArray[np.int64]) -> None:
        """More rows: where each row's conference stands in the codebook, and what the column says (-1 nothing)."""
        known = (places >= 0) & (values >= 0)
        places, values = places[known], values[known]
        self.rows += len(values)
        self.equal += int((self.codebook.number_at(places) == values).sum())
        if self.first is None:
            self.first = np.full(self.codebook.size, -1, np.int64)
        if self.consistent:
            new = self.first[places] < 0
            self.first[places[new]] = values[new]
            self.consistent = bool((self.first[places] == values).all())

    def gives_away(self) -> bool:
        """Is it the conference number for most rows, or another name of the conference?"""
        if self.equal >= 3 and 2 * self.equal > self.rows:
            return True
        if self.first is None or not self.consistent:
            return False
        said = self.first[self.first >= 0]
        return len(said) >= _SEVERAL and len(np.unique(said)) == len(said)


def _near(rows: int, conferences: int) -> bool:
    """Could a file of so many rows have one a conference?"""
    return rows >= _SEVERAL and abs(rows - conferences) <= conferences // 20


def _all_numbers(values: NDArray[np.int64], codebook: Codebook) -> bool:
    """Are different numbers (nearly) all conference numbers there are, and no others?"""
    shared = len(np.intersect1d(values, codebook.numbers()))
    return len(values) >= _SEVERAL and shared >= 0.95 * max(len(values), codebook.size)


def _metadata(schema: pa.Schema) -> Iterator[str]:
    for metadata in (schema.metadata, *(f.metadata for f in schema)):
        for key, value in (metadata or {}).items():
            yield f"{key.decode('utf-8', 'replace')} {value.decode('utf-8', 'replace')}"


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_binary(kind))


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def _holds_text(kind: pa.DataType) -> bool:
    """Texts, and what holds several values."""
    return _is_text(kind) or pa.types.is_dictionary(kind) or pa.types.is_nested(kind)


def _numbers(file: pq.ParquetFile, schema: pa.Schema, codebook: Codebook) -> list[str]:
    """Columns whose numbers could be conference or personal numbers; codes of answers are too small for either."""
    keep = [f for f in schema if _is_number(f.type) and not (pa.types.is_int8(f.type) and codebook.largest > 127)]
    if "conference_id" not in schema.names and not _near(file.metadata.num_rows, codebook.size):
        keep = [f for f in keep if _largest(file, schema.names.index(f.name)) >= _SMALLEST]
    return [f.name for f in keep]


def _largest(file: pq.ParquetFile, column: int) -> float:
    """The largest number of a column, by what the file says of itself; infinite where it says nothing."""
    found: list[float] = []
    for group in range(file.num_row_groups):
        about = file.metadata.row_group(group).column(column)
        if about.statistics is None or not about.statistics.has_min_max:
            if about.statistics is not None and about.statistics.null_count == about.num_values:
                continue
            return float("inf")
        found.append(float(about.statistics.max))
    return max(found, default=0)


def _texts(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """The different texts of a column."""
    if pa.types.is_nested(column.type):
        texts = pa.chunked_array([pa.array([str(value) for value in column.to_pylist()], pa.string())])
    elif pa.types.is_dictionary(column.type):
        texts = pa.chunked_array([chunk.dictionary for chunk in column.chunks], column.type.value_type).cast(pa.string())
    else:
        texts = column.cast(pa.string())
    return pa.chunked_array([texts.unique().drop_null()])


def _personal(values: NDArray[np.int64]) -> bool:
    """Is any whole number a personal number, of which a leading zero may be missing?"""
    large = np.unique(values[(values >= _SMALLEST) & (values < 10**10)])
    return bool(pc.any(pc.match_substring_regex(pa.array([f"{value:010d}" for value in large], pa.string()), PATTERN)).as_py())


def _whole(column: Any) -> NDArray[np.int64]:
    """A column of numbers as whole ones; -1 for what is blank, negative or none."""
    values = pc.fill_null(column.cast(pa.float64()), -1.0).to_numpy()
    # Up to 2**53 nothing is lost, and no personal number is longer.
    usable = np.isfinite(values) & (values >= 0) & (values < 2**53)
    whole = np.where(usable, values, -1).astype(np.int64)
    return np.where(whole == values, whole, -1)
