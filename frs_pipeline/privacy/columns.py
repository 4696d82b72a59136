"""What gives a person away in a table, whatever kind of file it stands in: names of columns, texts, and numbers.

Conference numbers are small whole numbers like any other. What can be decided is whether a column is called so, whether it
gives conferences the numbers that the codebook has for them, and whether it distinguishes conferences as well as their
pseudonym does. Rows are searched some at a time, and each different text once.
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
from frs_pipeline.privacy.codebook import ID, Beside, Codebook, beyond_chance
from frs_pipeline.privacy.patterns import CONFERENCE, PERSONAL, ROW, kinds_in, readings
from frs_pipeline.privacy.phrases import BETWEEN
from frs_pipeline.study.cases import CASE_COLUMNS

_PSEUDONYMS = "conference_id"
# The smallest number that can be a personal number, a date with a serial number behind it; and, as `PersonalId` has it, one
# of a study's own kind.
_SMALLEST, _SMALLEST_OWN = 101_000_000, 100_000
# How many texts are searched together.
_TOGETHER = 5_000
# The fewest conferences of which it means something that a column distinguishes them.
_SEVERAL = 20
_WHOLE = r"^[0-9]{1,12}(\.0+)?$"

Whole = NDArray[np.int64]


def kinds_in_parquet(path: Path, codebook: Codebook, note: Callable[[str], None]) -> set[str]:
    """Find what gives people away in a Parquet file; `note` gets its texts. Raises OSError or `pa.ArrowInvalid` if damaged."""
    with pq.ParquetFile(path) as about:
        schema = about.schema_arrow
    words = [f.name for f in schema if _is_text(f.type)]
    search = Table(schema.names, codebook, note, [*_metadata(schema)])
    with pq.ParquetFile(path, read_dictionary=words) as file:
        read = [*_numbers(file, schema, codebook), *(f.name for f in schema if _holds_text(f.type))]
        for group in range(file.num_row_groups) if read else ():
            search.take(file.read_row_group(group, columns=read))
        return search.kinds_found(file.metadata.num_rows)


class Table:
    """What gives people away in a table, searched some rows at a time."""

    def __init__(self, names: list[str], codebook: Codebook, note: Callable[[str], None], about: list[str] | None = None) -> None:
        self.codebook, self.note = codebook, note
        self.kinds = {CONFERENCE for name in names if codebook.words.columns.fullmatch(name)}
        self.texts = [*names, *(about or [])]
        self.beside = (Beside(codebook), Beside(codebook))
        # By the column of pseudonyms, whether these are children's, and the column of numbers.
        self.revealing: dict[tuple[str, bool, str], Revealing] = {}
        self.different: dict[str, Whole] = {}
        self.rows = 0

    def take(self, table: pa.Table) -> None:
        """Search some rows."""
        places: dict[tuple[str, bool], Whole] = {}
        whole: dict[str, Whole] = {}
        for name in table.column_names:
            column = table[name].combine_chunks()
            if _is_number(column.type):
                whole[name] = _whole(column)
            elif _holds_text(column.type):
                coded = _coded(column)
                at, cases, numbers = self._texts(name, coded.dictionary)
                indices = pc.fill_null(coded.indices, len(coded.dictionary)).to_numpy(zero_copy_only=False)
                for of_children, named in ((False, at), (True, cases)):
                    if (named >= 0).any():
                        places[name, of_children] = named[indices]
                if (numbers >= 0).any():
                    whole[name] = numbers[indices]
        own = self.codebook.words.personal
        for numbers in whole.values():
            large = numbers[numbers >= _SMALLEST]
            if len(large) and are_personal_numbers(large).any():
                self.kinds.add(PERSONAL)
            if own.pattern and any(own.found(str(n)) for n in np.unique(numbers[numbers >= _SMALLEST_OWN]).tolist()):
                self.kinds.add(PERSONAL)
        for name, numbers in whole.items() if self.codebook.size else ():
            for (of, of_children), at in places.items():
                if of != name:
                    key = (of, of_children, name)
                    if key not in self.revealing:
                        book = self.codebook.cases if of_children else self.codebook
                        self.revealing[key] = Revealing(book or Codebook(), consistent=name not in CASE_COLUMNS)
                    self.revealing[key].take(at, numbers)
            if not places:
                # Twice as many as there are conference numbers are enough to see that these are something else.
                seen = np.union1d(self.different.get(name, numbers[:0]), numbers[numbers >= 0])
                self.different[name] = seen[: self.codebook.size * 2]
        self.rows += table.num_rows
        if len(self.texts) > _TOGETHER:
            self._say()

    def _texts(self, name: str, texts: pa.Array) -> tuple[Whole, Whole, Whole]:
        """Search the different texts (n,) of a column; return the conferences and the children that they name, and the whole
        numbers they are.

        Each is (n + 1,), -1 where there is none; the last element stands for a blank.
        """
        texts = pc.fill_null(texts, "")
        if holding(texts, figures=True).any():
            self.kinds.add(PERSONAL)
        own = self.codebook.words.personal
        # Ids of a study may look like those of forms, which aren't searched as text.
        if own.pattern and any(map(own.found, texts.to_pylist())):
            self.kinds.add(PERSONAL)
        words = ~pc.match_substring_regex(texts, ID).to_numpy(zero_copy_only=False)
        looked_up = words | self.codebook.like_ids
        places, cases = np.full(len(texts), -1), np.full(len(texts), -1)
        places[looked_up] = self.codebook.places(texts.filter(pa.array(looked_up)))
        if self.codebook.cases:
            # Their pseudonyms are made of letters alone.
            cases[words] = self.codebook.cases.places(texts.filter(pa.array(words)))
        is_whole = pc.match_substring_regex(texts, _WHOLE)
        numbers = pc.if_else(is_whole, texts, pa.scalar("-1")).cast(pa.float64()).cast(pa.int64()).to_numpy(zero_copy_only=False)
        if name == _PSEUDONYMS and len(texts) and pc.all(is_whole).as_py():
            self.kinds.add(CONFERENCE)  # a pseudonym is never made of digits alone
        self.texts += texts.filter(pa.array(words & (places < 0) & (cases < 0))).to_pylist()
        return np.append(places, -1), np.append(cases, -1), np.append(numbers, -1)

    def _say(self) -> None:
        for beside, reading in zip(self.beside, readings(BETWEEN.join(dict.fromkeys(self.texts))), strict=False):
            self.note(reading)
            self.kinds |= kinds_in(reading, self.codebook.words)
            beside.take(reading)
        self.texts = []

    def kinds_found(self, rows: int | None = None) -> set[str]:
        """Return all kinds of findings, once all rows were taken."""
        self._say()
        if any(beside.gives_away() for beside in self.beside):
            self.kinds.add(ROW)
        every = self.different.values() if _near(self.rows if rows is None else rows, self.codebook) else ()
        if any(column.gives_away() for column in self.revealing.values()) or any(_all_numbers(v, self.codebook) for v in every):
            self.kinds.add(CONFERENCE)
        return self.kinds


@dataclass
class Revealing:
    """What a column of whole numbers reveals about conferences, or children, some rows at a time.

    `consistent` becomes false when it isn't another name of them; a column that may be one is taken with false.
    """

    codebook: Codebook
    consistent: bool = True
    first: Whole | None = field(default=None, repr=False)
    # For each conference: its rows, those that hold its number, and rows of other conferences that hold it.
    rows: Whole | None = field(default=None, repr=False)
    own: Whole | None = field(default=None, repr=False)
    elsewhere: Whole | None = field(default=None, repr=False)

    def take(self, places: Whole, values: Whole) -> None:
        """Take more rows: where each row's conference stands in the codebook, and the column's number (-1 for none)."""
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
        """Return whether it holds the conference number, or is another name of the conference."""
        if self.first is None or self.rows is None or self.own is None or self.elsewhere is None:
            return False
        there = np.flatnonzero(self.rows)
        rows = self.rows[there]
        hits = int((2 * self.own[there] > rows).sum())
        share = self.elsewhere[there] / np.maximum(1, rows.sum() - rows)
        if hits and beyond_chance(self.codebook, there, hits, share, self.elsewhere.sum() / rows.sum()):
            return True
        names = self.first[self.first >= 0]
        return self.consistent and len(names) >= _SEVERAL and len(np.unique(names)) == len(names)


def _owners(codebook: Codebook, values: Whole) -> Whole:
    """Find the places of the conferences with these numbers (n,); -1 for none. Columns mostly hold few different ones."""
    if not len(values):
        return values
    largest = int(values.max())
    if largest < len(values):
        return np.asarray(codebook.owners(np.arange(largest + 1))[values])
    return codebook.owners(values)


def _near(rows: int, codebook: Codebook) -> bool:
    """Return whether a file of so many rows could have one per conference, and numbers other than mere row numbers."""
    return rows >= _SEVERAL and abs(rows - codebook.size) <= codebook.size // 20 and not codebook.counts_up


def _all_numbers(values: Whole, codebook: Codebook) -> bool:
    """Return whether different numbers are (nearly) all the conference numbers, and no others."""
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
    """Return whether a type holds text, or several values."""
    return _is_text(kind) or pa.types.is_dictionary(kind) or pa.types.is_nested(kind)


def _numbers(file: pq.ParquetFile, schema: pa.Schema, codebook: Codebook) -> list[str]:
    """List the columns whose numbers could be conference or personal numbers, by the largest that the file says it has."""
    if codebook.size and (any(_holds_text(f.type) for f in schema) or _near(file.metadata.num_rows, codebook)):
        # A column that distinguishes several conferences needs as many numbers.
        smallest = min(int(codebook.numbers()[0]), _SEVERAL - 1)
    else:
        smallest = _SMALLEST_OWN if codebook.words.personal.pattern else _SMALLEST
    return [f.name for f in schema if _is_number(f.type) and _largest(file, schema.names.index(f.name)) >= smallest]


def _largest(file: pq.ParquetFile, column: int) -> float:
    """Return the largest number of a column by the file's own statistics; infinite where it has none."""
    largest: list[float] = []
    for group in range(file.num_row_groups):
        about = file.metadata.row_group(group).column(column)
        if about.statistics is None or not about.statistics.has_min_max:
            if about.statistics is not None and about.statistics.null_count == about.num_values:
                continue
            return float("inf")
        largest.append(float(about.statistics.max))
    return max(largest, default=0)


def _coded(column: pa.Array) -> pa.DictionaryArray:
    """Return a column's different texts, and which of them stands in each row."""
    if pa.types.is_nested(column.type):
        column = pa.array([None if value is None else str(value) for value in column.to_pylist()], pa.string())
    if not pa.types.is_dictionary(column.type):
        return column.cast(pa.string()).dictionary_encode()
    if not pa.types.is_string(column.type.value_type):
        return pa.DictionaryArray.from_arrays(column.indices, column.dictionary.cast(pa.string()))
    return column


def _whole(column: pa.Array) -> Whole:
    """Return a column of numbers as whole ones; -1 for what is blank, negative or not a number."""
    values = pc.fill_null(column.cast(pa.float64()), -1.0).to_numpy(zero_copy_only=False)
    # Floats are exact up to 2**53, and no personal number is longer.
    usable = np.isfinite(values) & (values >= 0) & (values < 2**53)
    whole = np.where(usable, values, -1).astype(np.int64)
    return np.where(whole == values, whole, -1)
