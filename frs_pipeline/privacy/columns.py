"""What gives a person away in a table, whatever kind of file it stands in: names of columns, texts, and numbers.

Conference numbers are small whole numbers like any other. What can be decided is whether a column is called so, whether
it says of conferences the numbers that the codebook has for them, and whether it tells conferences apart as well as
their pseudonym does. Rows are looked at some at a time, and of texts the different ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from frs_pipeline.personal_numbers import are_personal_numbers, holding
from frs_pipeline.privacy.codebook import ID, Beside, Codebook, told
from frs_pipeline.privacy.patterns import CONFERENCE, FORBIDDEN_COLUMNS, PERSONAL, ROW, kinds_in, readings
from frs_pipeline.privacy.phrases import BETWEEN

_PSEUDONYMS = "conference_id"
# Smaller numbers are no date with a serial number behind it.
_SMALLEST = 101_000_000
# So many texts are looked through together.
_TOGETHER = 5_000
# So many conferences before it means something that a column tells them apart.
_SEVERAL = 20
_WHOLE = r"^[0-9]{1,12}(\.0+)?$"

Whole = NDArray[np.int64]


def kinds_in_parquet(path: Path, codebook: Codebook, said: Callable[[str], None]) -> set[str]:
    """Kinds of findings in a Parquet file; `said` is given its texts. Raises OSError or `pa.ArrowInvalid` when damaged."""
    with pq.ParquetFile(path) as about:
        schema = about.schema_arrow
    words = [f.name for f in schema if _is_text(f.type)]
    search = Table(schema.names, codebook, said, [*_metadata(schema)])
    with pq.ParquetFile(path, read_dictionary=words) as file:
        read = [*_numbers(file, schema, codebook), *(f.name for f in schema if _holds_text(f.type))]
        for group in range(file.num_row_groups) if read else ():
            search.take(file.read_row_group(group, columns=read))
        return search.found(file.metadata.num_rows)


class Table:
    """What was found in a table so far, some rows after others."""

    def __init__(self, names: list[str], codebook: Codebook, said: Callable[[str], None], about: list[str] | None = None) -> None:
        self.codebook, self.said = codebook, said
        self.kinds = {CONFERENCE for name in names if FORBIDDEN_COLUMNS.fullmatch(name)}
        self.texts = [*names, *(about or [])]
        self.beside = (Beside(codebook), Beside(codebook))
        # By the column of pseudonyms and that of numbers.
        self.telling: dict[tuple[str, str], Telling] = {}
        self.different: dict[str, Whole] = {}
        self.rows = 0

    def take(self, table: pa.Table) -> None:
        """Look through some rows."""
        places, whole = {}, {}
        for name in table.column_names:
            column = table[name].combine_chunks()
            if _is_number(column.type):
                whole[name] = _whole(column)
            elif _holds_text(column.type):
                coded = _coded(column)
                at, numbers = self._texts(name, coded.dictionary)
                indices = pc.fill_null(coded.indices, len(coded.dictionary)).to_numpy(zero_copy_only=False)
                if (at >= 0).any():
                    places[name] = at[indices]
                if (numbers >= 0).any():
                    whole[name] = numbers[indices]
        for numbers in whole.values():
            large = numbers[numbers >= _SMALLEST]
            if len(large) and are_personal_numbers(large).any():
                self.kinds.add(PERSONAL)
        for name, numbers in whole.items() if self.codebook.size else ():
            for of, at in places.items():
                if of != name:
                    self.telling.setdefault((of, name), Telling(self.codebook)).take(at, numbers)
            if not places:
                # No more than there are conference numbers, and one: more say that it is something else.
                seen = np.union1d(self.different.get(name, numbers[:0]), numbers[numbers >= 0])
                self.different[name] = seen[: self.codebook.size * 2]
        self.rows += table.num_rows
        if len(self.texts) > _TOGETHER:
            self._say()

    def _texts(self, name: str, texts: pa.Array) -> tuple[Whole, Whole]:
        """Look through the different texts (n,) of a column: the conferences that they name, and the whole numbers that they are.

        Both (n + 1,), -1 where there is none; the last is that of a blank.
        """
        texts = pc.fill_null(texts, "")
        if holding(texts, figures=True).any():
            self.kinds.add(PERSONAL)
        words = ~pc.match_substring_regex(texts, ID).to_numpy(zero_copy_only=False)
        looked_up = words | self.codebook.like_ids
        places = np.full(len(texts), -1)
        places[looked_up] = self.codebook.places(texts.filter(pa.array(looked_up)))
        is_whole = pc.match_substring_regex(texts, _WHOLE)
        numbers = pc.if_else(is_whole, texts, pa.scalar("-1")).cast(pa.float64()).cast(pa.int64()).to_numpy(zero_copy_only=False)
        if name == _PSEUDONYMS and len(texts) and pc.all(is_whole).as_py():
            self.kinds.add(CONFERENCE)  # a pseudonym is never made of digits alone
        self.texts += texts.filter(pa.array(words & (places < 0))).to_pylist()
        return np.append(places, -1), np.append(numbers, -1)

    def _say(self) -> None:
        for beside, reading in zip(self.beside, readings(BETWEEN.join(dict.fromkeys(self.texts))), strict=False):
            self.said(reading)
            self.kinds |= kinds_in(reading)
            beside.take(reading)
        self.texts = []

    def found(self, rows: int | None = None) -> set[str]:
        """All kinds, when all rows were taken."""
        self._say()
        if any(beside.gives_away() for beside in self.beside):
            self.kinds.add(ROW)
        every = self.different.values() if _near(self.rows if rows is None else rows, self.codebook) else ()
        if any(column.gives_away() for column in self.telling.values()) or any(_all_numbers(v, self.codebook) for v in every):
            self.kinds.add(CONFERENCE)
        return self.kinds


@dataclass
class Telling:
    """What a column of whole numbers says of conferences, some rows after others."""

    codebook: Codebook
    consistent: bool = True
    first: Whole | None = field(default=None, repr=False)
    # Of each conference: its rows, those that say its number, and those of others that do.
    rows: Whole | None = field(default=None, repr=False)
    own: Whole | None = field(default=None, repr=False)
    elsewhere: Whole | None = field(default=None, repr=False)

    def take(self, places: Whole, values: Whole) -> None:
        """More rows: where each row's conference stands in the codebook, and what the column says (-1 nothing)."""
        size = self.codebook.size
        known = (places >= 0) & (values >= 0)
        places, values = places[known], values[known]
        if self.first is None or self.rows is None or self.own is None or self.elsewhere is None:
            self.first = np.full(size, -1, np.int64)
            self.rows, self.own, self.elsewhere = (np.zeros(size, np.int64) for _ in range(3))
        self.rows += np.bincount(places, minlength=size)
        owners = _owners(self.codebook, values)
        self.own += np.bincount(places[owners == places], minlength=size)
        self.elsewhere += np.bincount(owners[(owners >= 0) & (owners != places)], minlength=size)
        if self.consistent:
            new = self.first[places] < 0
            self.first[places[new]] = values[new]
            self.consistent = bool((self.first[places] == values).all())

    def gives_away(self) -> bool:
        """Does it say the conference number, or is it another name of the conference?"""
        if self.first is None or self.rows is None or self.own is None or self.elsewhere is None:
            return False
        there = np.flatnonzero(self.rows)
        rows = self.rows[there]
        hits = int((2 * self.own[there] > rows).sum())
        share = self.elsewhere[there] / np.maximum(1, rows.sum() - rows)
        if hits and told(self.codebook, there, hits, share, self.elsewhere.sum() / rows.sum()):
            return True
        said = self.first[self.first >= 0]
        return self.consistent and len(said) >= _SEVERAL and len(np.unique(said)) == len(said)


def _owners(codebook: Codebook, values: Whole) -> Whole:
    """Places of the conferences that have these numbers (n,); -1 for none. Columns mostly hold few different ones."""
    if not len(values):
        return values
    largest = int(values.max())
    if largest < len(values):
        return np.asarray(codebook.owners(np.arange(largest + 1))[values])
    return codebook.owners(values)


def _near(rows: int, codebook: Codebook) -> bool:
    """Could a file of so many rows have one a conference, and numbers that are no mere numbers of rows?"""
    return rows >= _SEVERAL and abs(rows - codebook.size) <= codebook.size // 20 and not codebook.counts_up


def _all_numbers(values: Whole, codebook: Codebook) -> bool:
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
    """Columns whose numbers could be conference or personal numbers, by the largest that the file says it has."""
    if codebook.size and (any(_holds_text(f.type) for f in schema) or _near(file.metadata.num_rows, codebook)):
        # What tells several conferences apart needs as many numbers.
        smallest = min(int(codebook.numbers()[0]), _SEVERAL - 1)
    else:
        smallest = _SMALLEST
    return [f.name for f in schema if _is_number(f.type) and _largest(file, schema.names.index(f.name)) >= smallest]


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


def _coded(column: pa.Array) -> pa.DictionaryArray:
    """A column's different texts, and which of them stands in each row."""
    if pa.types.is_nested(column.type):
        column = pa.array([None if value is None else str(value) for value in column.to_pylist()], pa.string())
    if not pa.types.is_dictionary(column.type):
        return column.cast(pa.string()).dictionary_encode()
    if not pa.types.is_string(column.type.value_type):
        return pa.DictionaryArray.from_arrays(column.indices, column.dictionary.cast(pa.string()))
    return column


def _whole(column: pa.Array) -> Whole:
    """A column of numbers as whole ones; -1 for what is blank, negative or none."""
    values = pc.fill_null(column.cast(pa.float64()), -1.0).to_numpy(zero_copy_only=False)
    # Up to 2**53 nothing is lost, and no personal number is longer.
    usable = np.isfinite(values) & (values >= 0) & (values < 2**53)
    whole = np.where(usable, values, -1).astype(np.int64)
    return np.where(whole == values, whole, -1)
