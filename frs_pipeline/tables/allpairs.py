"""All pairs of questions: the table of counts of each, within the answers of another question too, from one reading of a mart.

Answers to a few questions are packed into one byte, and forms are counted by two such bytes at a time; the counts of a pair
are sums of those. `count_pairs_on` counts the same, a query per pair, on any engine that Ibis supports.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import accumulate, combinations_with_replacement
from math import isqrt, prod
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from frs_pipeline.store.files import MartFile, forms_in
from frs_pipeline.store.rows import ENGINE, ahead

if TYPE_CHECKING:
    import ibis.expr.types as ir

# Row groups counted at a time. More need more memory, a byte per question and form; with fewer, adding up takes longer.
AT_ONCE = 5
# The most combinations of answers that two packed bytes and a group may have: 4 MB of counts, which stay near the processor.
MOST = 2**19
# What a blank is while it is counted: a byte that no scale has as a code.
_BLANK = -128


class Scale(NamedTuple):
    """A question, and the codes (−127 to 127) that have a place on its scale, in their order."""

    name: str
    codes: tuple[int, ...]


@dataclass(frozen=True)
class AllPairs:
    """How many forms gave each two answers, to any two of some questions.

    `counts` has the shape (groups, places, places). Groups are the answers to `by` in their order, and then the forms without
    one; only these, if there is no `by`. Places are the codes of the first question, then those of the second, and so on.
    """

    scales: tuple[Scale, ...]
    by: Scale | None
    counts: NDArray[np.int64]

    def table(self, row: str, column: str, group: int | None = None) -> NDArray[np.int64]:
        """Return the table (codes of `row`, codes of `column`) of forms that answered both, all or those with `group` in `by`."""
        places = _slices(self.scales)
        cells: NDArray[np.int64] = self.counts[:, places[row], places[column]].sum(axis=0)
        if group is not None:
            assert self.by is not None
            cells = self.counts[self.by.codes.index(group), places[row], places[column]]
        return cells


def count_pairs(
    files: Iterable[MartFile], scales: Sequence[Scale], by: Scale | None = None, where: Sequence[Scale] = ()
) -> AllPairs:
    """Count all pairs of `scales` in the forms of some Parquet files, which have a column of small integers per question.

    Only forms count that gave one of the answers of each of `where`. Memory doesn't grow with the forms. Other codes than those
    of its scale count as blank.
    """
    counted = _nothing(scales, by)
    blocks = _blocks(scales, isqrt(MOST // len(counted.counts)))
    names = list(dict.fromkeys(scale.name for scale in (*scales, *([by] if by else []), *where)))
    with ThreadPoolExecutor(ENGINE["threads"]) as threads:
        for every in ahead(_rows(files, names)):
            rows = limited(every, where)
            packed = list(threads.map(partial(_packed, rows), blocks))
            of_group = places_of(rows[by.name], by) if by else np.zeros(rows.num_rows, dtype=np.uint8)
            # Each adds to cells of its own, so that several may do so at once.
            list(threads.map(partial(_add, counted.counts, blocks, packed, of_group), range(len(blocks))))
    return counted


def count_pairs_on(mart: ir.Table, scales: Sequence[Scale], by: Scale | None = None) -> AllPairs:
    """Count the same as `count_pairs` in a table of any engine, a query per pair."""
    from frs_pipeline.tables.counting import grouped

    counted = _nothing(scales, by)
    places = _slices(scales)
    of_group = _index(by) if by else {}
    for one, other in combinations_with_replacement(scales, 2):
        names = [one.name, other.name, *([by.name] if by else [])]
        for group in grouped(list(dict.fromkeys(names)), mart).to_pyarrow().to_pylist():
            row, column = (_index(scale).get(group[scale.name]) for scale in (one, other))
            if row is not None and column is not None:
                within = of_group.get(group[by.name], -1) if by else -1
                counted.counts[within, places[one.name], places[other.name]][row, column] += group["forms"]
                if one != other:
                    counted.counts[within, places[other.name], places[one.name]][column, row] += group["forms"]
    return counted


def _nothing(scales: Sequence[Scale], by: Scale | None) -> AllPairs:
    size = sum(len(scale.codes) for scale in scales)
    return AllPairs(tuple(scales), by, np.zeros((1 + (len(by.codes) if by else 0), size, size), dtype=np.int64))


def _slices(scales: Sequence[Scale]) -> dict[str, slice]:
    """Return where the places of each question lie among those of all."""
    ends = accumulate(len(scale.codes) for scale in scales)
    return {scale.name: slice(end - len(scale.codes), end) for scale, end in zip(scales, ends, strict=True)}


def _index(scale: Scale) -> Mapping[int | None, int]:
    return {code: place for place, code in enumerate(scale.codes)}


class _Block(NamedTuple):
    """Some questions whose answers are packed into a byte.

    `places` is where theirs lie among those of all, `member` (combinations, places) is 1 where a combination has an answer.
    """

    scales: tuple[Scale, ...]
    places: slice
    member: NDArray[np.float64]

    @classmethod
    def of(cls, scales: Sequence[Scale], places: Mapping[str, slice]) -> _Block:
        sizes = [len(scale.codes) + 1 for scale in scales]
        at = np.indices(sizes).reshape(len(sizes), -1)
        member = np.hstack([np.eye(size)[of][:, :-1] for size, of in zip(sizes, at, strict=True)])
        return cls(tuple(scales), slice(places[scales[0].name].start, places[scales[-1].name].stop), member)


def _blocks(scales: Sequence[Scale], most: int) -> list[_Block]:
    """Divide questions into blocks whose combinations of answers, and of blanks, are at most `most` and fit into a byte.

    A question with more is a block of its own: its answers always fit.
    """
    blocks: list[list[Scale]] = []
    for scale in scales:
        if blocks and prod(len(each.codes) + 1 for each in (*blocks[-1], scale)) <= min(most, 256):
            blocks[-1].append(scale)
        else:
            blocks.append([scale])
    places = _slices(scales)
    return [_Block.of(block, places) for block in blocks]


def _rows(files: Iterable[MartFile], names: list[str]) -> Iterator[pa.Table]:
    for mart in files:
        if mart.newer:
            yield forms_in(mart, names)
            continue
        with pq.ParquetFile(mart.path) as file:
            for start in range(0, file.num_row_groups, AT_ONCE):
                # Not file.iter_batches, which needs three times the memory.
                yield file.read_row_groups(range(start, min(start + AT_ONCE, file.num_row_groups)), columns=names)


def limited(rows: pa.Table, where: Sequence[Scale]) -> pa.Table:
    """Return the rows that have one of the codes of each of `where`."""
    for scale in where:
        rows = rows.filter(pc.is_in(rows[scale.name], value_set=pa.array(scale.codes, rows[scale.name].type)))
    return rows


def places_of(answers: pa.ChunkedArray, scale: Scale) -> NDArray[np.uint8]:
    """Return the place of each answer on its scale (forms,); that after the last for a blank or any other code."""
    of_code = np.full(256, len(scale.codes), dtype=np.uint8)
    of_code[np.array(scale.codes, dtype=np.int8).view(np.uint8)] = np.arange(len(scale.codes), dtype=np.uint8)
    codes = answers.cast(pa.int8()).fill_null(_BLANK).to_numpy()
    found: NDArray[np.uint8] = of_code[codes.view(np.uint8)]
    return found


def _packed(rows: pa.Table, block: _Block) -> NDArray[np.uint8]:
    """Number the combinations of answers to the questions of a block, the last question's running fastest (forms,)."""
    packed = np.zeros(rows.num_rows, dtype=np.uint8)
    for scale in block.scales:
        packed *= np.uint8((len(scale.codes) + 1) % 256)  # A scale that fills a byte stands alone: nothing is before it.
        packed += places_of(rows[scale.name], scale)
    return packed


def _add(
    counts: NDArray[np.int64], blocks: list[_Block], packed: list[NDArray[np.uint8]], of_group: NDArray[np.uint8], at: int
) -> None:
    """Count all pairs of a question of the block number `at` with one of that or a later block.

    Sums of whole numbers below 2**53 are exact in floats, and these are multiplied many times as fast.
    """
    groups, one = len(counts), blocks[at]
    first = of_group.astype(np.int64) * len(one.member) + packed[at]
    alone = np.bincount(first, minlength=groups * len(one.member)).reshape(groups, 1, -1)
    counts[:, one.places, one.places] += ((one.member.T * alone) @ one.member).astype(np.int64)
    for other, second in zip(blocks[at + 1 :], packed[at + 1 :], strict=True):
        both = np.bincount(first * len(other.member) + second, minlength=groups * len(one.member) * len(other.member))
        cells = (one.member.T @ both.reshape(groups, len(one.member), -1) @ other.member).astype(np.int64)
        counts[:, one.places, other.places] += cells
        counts[:, other.places, one.places] += cells.transpose(0, 2, 1)
