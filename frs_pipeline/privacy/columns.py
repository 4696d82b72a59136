"""What gives a person away in a Parquet file: its columns' names and metadata, texts, and numbers.

Conference numbers are small whole numbers like any other. What can be decided is whether a column is called so, whether
it says of each conference the number that the codebook has for it, and whether it tells conferences apart as well as
their pseudonym does. Row groups are looked at one by one, and of texts the different ones.
"""

from __future__ import annotations

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
from frs_pipeline.privacy.patterns import CONFERENCE, FORBIDDEN_COLUMNS, PERSONAL, Codebook, kinds_in
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
        schema, rows = about.schema_arrow, about.metadata.num_rows
    found: set[str] = set()
    if any(FORBIDDEN_COLUMNS.fullmatch(name) for name in schema.names):
        found.add(CONFERENCE)
    texts = [*schema.names, *_metadata(schema)]
    words = [f.name for f in schema if _is_text(f.type) and f.name not in _IDS]
    with pq.ParquetFile(path, read_dictionary=words) as file:
        numeric = _numeric(file, schema, codebook)
        telling = {name: Telling(codebook) for name in numeric} if "conference_id" in schema.names else {}
        every = not telling and codebook.size > 0 and _near(rows, codebook.size)
        once: dict[str, list[NDArray[np.int64]]] = {name: [] for name in numeric} if every else {}
        read = [f.name for f in schema if f.name in numeric or f.name in _IDS or _read(f.type)]
        for group in range(file.num_row_groups) if read else ():
            table = file.read_row_group(group, columns=read)
            found |= {PERSONAL} if any(_personal(_whole(table[name])) for name in numeric) else set()
            for name in read:
                if name not in numeric:
                    few, personal = _texts(table[name], name in _IDS)
                    texts += few
                    found |= {PERSONAL} if personal else set()
            if len(texts) > _SAID:
                found |= _said(texts, codebook, said)
                texts = []
            places = codebook.places(_bytes(table["conference_id"])) if telling else np.array([], np.int64)
            for name in numeric:
                values = _whole(table[name])
                if name in telling:
                    telling[name].take(places, values)
                if name in once:
                    once[name].append(values)
    found |= _said(texts, codebook, said)
    if any(column.gives_away() for column in telling.values()):
        found.add(CONFERENCE)
    if any(_every_number(np.concatenate(values), codebook) for values in once.values()):
        found.add(CONFERENCE)
    return found


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
    return rows >= _SEVERAL and abs(rows - conferences) <= conferences // 20


def _every_number(values: NDArray[np.int64], codebook: Codebook) -> bool:
    """Does a column of a file without pseudonyms go through (nearly) all conference numbers?"""
    different = np.unique(values[values >= 0])
    shared = len(np.intersect1d(different, codebook.numbers()))
    return len(different) >= _SEVERAL and shared >= 0.95 * max(len(different), codebook.size)


def _metadata(schema: pa.Schema) -> Iterator[str]:
    for metadata in (schema.metadata, *(f.metadata for f in schema)):
        for key, value in (metadata or {}).items():
            yield f"{key.decode('utf-8', 'replace')} {value.decode('utf-8', 'replace')}"


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_binary(kind))


def _read(kind: pa.DataType) -> bool:
    """Texts, and what holds several values."""
    return _is_text(kind) or pa.types.is_dictionary(kind) or pa.types.is_nested(kind)


def _numeric(file: pq.ParquetFile, schema: pa.Schema, codebook: Codebook) -> list[str]:
    """Columns whose numbers could be conference or personal numbers."""
    small = pa.types.is_int8
    wide = {f.name for f in schema if pa.types.is_integer(f.type) or pa.types.is_floating(f.type)}
    keep = [name for name in wide if not small(schema.field(name).type) or 0 < codebook.largest <= 127]
    if not any(name in schema.names for name in ("conference_id",)) and not _near(file.metadata.num_rows, codebook.size):
        keep = [name for name in keep if _largest(file, schema.names.index(name)) >= _SMALLEST]
    return [name for name in schema.names if name in keep]


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


def _texts(column: pa.ChunkedArray, ids: bool) -> tuple[list[str], bool]:
    """The different texts of a column where they are few, and whether there is a personal number among many."""
    if pa.types.is_nested(column.type):
        texts = pa.chunked_array([pa.array([str(value) for value in column.to_pylist()], pa.string())])
    elif pa.types.is_dictionary(column.type):
        texts = pa.chunked_array([chunk.dictionary for chunk in column.chunks], column.type.value_type).cast(pa.string())
    else:
        texts = column.cast(pa.string())
    texts = texts.drop_null()
    if ids or len(texts) > _SAID:
        return [], bool(pc.any(pc.match_substring_regex(texts, PATTERN)).as_py())
    return texts.unique().to_pylist(), False


def _said(texts: list[str], codebook: Codebook, said: Callable[[str], None]) -> set[str]:
    text = BETWEEN.join(dict.fromkeys(texts))
    said(text)
    return kinds_in(text, codebook)


def _personal(values: NDArray[np.int64]) -> bool:
    """Is any whole number a personal number, of which a leading zero may be missing?"""
    large = np.unique(values[(values >= _SMALLEST) & (values < 10**10)])
    return bool(pc.any(pc.match_substring_regex(pa.array([f"{value:010d}" for value in large], pa.string()), PATTERN)).as_py())


def _whole(column: Any) -> NDArray[np.int64]:
    """A column of numbers as whole ones; -1 for what is blank, negative or none."""
    values = pc.fill_null(column.cast(pa.float64()), -1.0).to_numpy()
    # Up to 2**53 nothing is lost, and no personal number is longer.
    usable = (
        np.isfinite(values) & (values >= 0) & (values < 2**53) & (values == np.floor(np.where(np.isfinite(values), values, 0)))
    )
    return np.where(usable, values, -1).astype(np.int64)


def _bytes(column: Any) -> NDArray[np.bytes_]:
    return np.array([value.encode() for value in pc.fill_null(column.cast(pa.string()), "").to_pylist()] or [b""])[: len(column)]
