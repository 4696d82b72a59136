"""All pairs of questions of a mart: gammas whose errors know which forms belong together.

How many forms gave which two answers is counted by `tables.allpairs`. Then each pair of answers has its part in the pairs of
forms that agree and that don't, so that a look-up per form and a sum per cluster are all that a pair of questions takes. Forms
are put in the order of their clusters once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import combinations, pairwise
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from frs_pipeline.stats.clustered import Estimate
from frs_pipeline.stats.clustered_gamma import directions, estimate, pairs_from
from frs_pipeline.store.files import MartFile, forms_in, schema_of
from frs_pipeline.store.rows import ENGINE
from frs_pipeline.tables.allpairs import Scale, count_pairs, limited, places_of
from frs_pipeline.tables.belonging import KEYS, key_of

# Forms looked up at a time: what they need then stays near the processor.
AT_ONCE = 2**15
# Bits that sums have, added up as one number.
ROOM = 62
Integers = NDArray[np.int64]


class Pair(NamedTuple):
    """Two questions, within the answer of code `group` to another question, or in all forms; with their gamma."""

    row: str
    column: str
    group: int | None
    estimate: Estimate


@dataclass(frozen=True)
class Ordered:
    """Forms in the order of their clusters: the places of their answers, by question, and the `cluster` of each (forms,)."""

    places: dict[str, NDArray[np.uint8]]
    cluster: Integers

    @cached_property
    def starts(self) -> Integers:
        """Where the forms of each cluster begin (clusters,)."""
        return np.flatnonzero(np.diff(self.cluster, prepend=-1))

    @cached_property
    def blocks(self) -> list[tuple[slice, slice]]:
        """Forms, about `AT_ONCE` at a time, each with the clusters that they are."""
        # A cluster belongs to the block in which it begins.
        block = self.starts // AT_ONCE
        firsts = [*np.flatnonzero(np.diff(block, prepend=-1)).tolist(), len(self.starts)]
        ends = np.append(self.starts, len(self.cluster)).tolist()
        return [(slice(ends[first], ends[last]), slice(first, last)) for first, last in pairwise(firsts)]

    @cached_property
    def largest(self) -> int:
        """How many forms the largest cluster has."""
        return int(np.diff(self.starts, append=len(self.cluster)).max(initial=0))

    def only(self, kept: NDArray[np.bool_]) -> Ordered:
        """Return some of the forms; `kept` (forms,) says which."""
        return Ordered({name: answers[kept] for name, answers in self.places.items()}, self.cluster[kept])


def estimate_pairs(
    files: Sequence[MartFile], scales: Sequence[Scale], by: Scale | None = None, where: Sequence[Scale] = ()
) -> Iterator[Pair]:
    """Estimate gamma for all pairs of `scales` in the forms that gave one of the answers of each of `where`.

    With `by`, each pair is followed by what it is within each answer to that question. Other codes than those of a scale count
    as blank. Memory grows by a byte per question and form, two with `by`.
    """
    counted = count_pairs(files, scales, by, where)
    everything = in_clusters(files, [*scales, *([by] if by else [])], where)
    groups = by.codes if by else ()
    within = [everything.only(everything.places[by.name] == at) for at in range(len(groups))] if by else []
    asked: list[tuple[Scale, Scale, int | None]] = []
    for one, other in combinations(scales, 2):
        # Within an answer to one of the two there is nothing to compare.
        asked += [(one, other, group) for group in (None, *(groups if by not in (one, other) else ()))]

    def estimated(wanted: tuple[Scale, Scale, int | None]) -> Pair:
        one, other, group = wanted
        forms = everything if group is None else within[groups.index(group)]
        return Pair(one.name, other.name, group, _gamma(forms, one, other, counted.table(one.name, other.name, group)))

    with ThreadPoolExecutor(ENGINE["threads"]) as threads:
        yield from threads.map(estimated, asked)


def in_clusters(files: Iterable[MartFile], scales: Sequence[Scale], where: Sequence[Scale] = ()) -> Ordered:
    """Read answers from the files of a mart; only of forms that gave one of the answers of each of `where`."""
    names = list(dict.fromkeys(scale.name for scale in (*scales, *where)))
    keys: list[pa.ChunkedArray] = []
    answers: dict[str, list[NDArray[np.uint8]]] = {scale.name: [] for scale in scales}
    for file in files:
        known = set(schema_of(file.path).names)
        rows = limited(forms_in(file, [*(name for name in KEYS if name in known), *names]), where)
        keys.append(key_of(rows))
        for scale in scales:
            answers[scale.name].append(places_of(rows[scale.name], scale))
    cluster = numbered(keys)
    order = np.argsort(cluster, kind="stable")
    # One by one, so that no more than one question is in memory twice.
    joined = {name: np.concatenate(answers.pop(name), dtype=np.uint8)[order] for name in list(answers)}
    return Ordered(joined, cluster[order])


def numbered(keys: Sequence[pa.ChunkedArray]) -> Integers:
    """Number clusters by what their forms have in common, in the order in which they come; a form with null is alone (forms,)."""
    every = pa.chunked_array([chunk for key in keys for chunk in key.chunks], pa.string())
    names = every.drop_null().unique()
    numbers: Integers = pc.index_in(every, value_set=names).cast(pa.int64()).fill_null(-1).to_numpy().copy()
    alone = numbers < 0
    numbers[alone] = np.arange(len(names), len(names) + np.count_nonzero(alone))
    return numbers


def _gamma(forms: Ordered, one: Scale, other: Scale, counted: Integers) -> Estimate:
    """Estimate the gamma of two questions; `counted` (answers, answers) is how many of the forms gave which two."""
    totals = counted.astype(np.float64)
    concordant, discordant = directions(totals)
    # Whoever left one of the two blank is in a last row or column of nothing.
    look_ups = np.zeros((3, len(totals) + 1, len(totals[0]) + 1), dtype=np.int64)
    look_ups[:, :-1, :-1] = concordant - discordant, concordant + discordant, np.ones_like(totals)
    sums = _sums(forms, (one.name, other.name), look_ups)
    agreeing, both, sizes = (each.astype(np.float64) for each in sums)
    return estimate(pairs_from(totals[np.newaxis], agreeing, both, sizes[:, np.newaxis]), partial(_cells, forms, one, other))


def _sums(forms: Ordered, asked: tuple[str, str], look_ups: Integers) -> tuple[Integers, ...]:
    """Add up, in each cluster, what three tables (3, answers and blank, answers and blank) say of a form's two answers.

    The first is by absolute value nowhere larger than the second, and the third holds ones and noughts: where the sums of all
    three fit into one number, they are added up as one.
    """
    differing, untied, counts = look_ups
    room = (int(untied.max(initial=0)) * forms.largest).bit_length() + 1
    if 2 * room + forms.largest.bit_length() > ROOM:
        return tuple(_summed(forms, asked, table) for table in look_ups)
    packed = _summed(forms, asked, differing + (untied << room) + (counts << (2 * room)))
    half, mask = 1 << (room - 1), (1 << room) - 1
    first = ((packed + half) & mask) - half
    rest = (packed - first) >> room
    return first, rest & mask, rest >> room


def _summed(forms: Ordered, asked: tuple[str, str], table: Integers) -> Integers:
    """Add up, in each cluster, what a table says of a form's two answers (clusters,)."""
    one, other = (forms.places[name] for name in asked)
    flat, width = table.ravel(), table.shape[1]
    sums = np.empty(len(forms.starts), dtype=np.int64)
    at, found = (np.empty(AT_ONCE + forms.largest, dtype=kind) for kind in (np.intp, np.int64))
    for some, clusters in forms.blocks:
        size = some.stop - some.start
        np.multiply(one[some], width, out=at[:size], dtype=np.intp)
        at[:size] += other[some]
        flat.take(at[:size], out=found[:size], mode="clip")
        np.add.reduceat(found[:size], forms.starts[clusters] - some.start, out=sums[clusters])
    return sums


def _cells(forms: Ordered, one: Scale, other: Scale) -> Integers:
    """Count the forms of each cluster that gave both answers (clusters that have one, 1, answers, answers)."""
    row, column = forms.places[one.name], forms.places[other.name]
    both = (row < len(one.codes)) & (column < len(other.codes))
    _, cluster = np.unique(forms.cluster[both], return_inverse=True)
    shape = (int(cluster.max(initial=-1)) + 1, 1, len(one.codes), len(other.codes))
    at = np.ravel_multi_index((cluster, np.zeros_like(cluster), row[both], column[both]), shape) if len(cluster) else cluster
    return np.bincount(at, minlength=int(np.prod(shape))).reshape(shape)
