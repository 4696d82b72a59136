"""Whether two answers go together among people of the same cluster and stratum: an exact test by shuffling.

It asks something else than the test of gamma: given the conference and the role, does who gives the one answer tend to give the
other? Association between conferences, or between roles, is nothing to it. Answers to the second question are shuffled among the
forms of a cluster that are in the same stratum; what is looked at is the gamma of pairs within clusters (Davis 1967, with the
cluster as stratum), because that of all pairs hides in what stays. Strata that move both answers take shuffles away from 0, so
that a shuffle counts by whether it lies on the same side of what was seen, not by its distance from 0; the smaller side is taken
twice. Of a side, p = (1 + shuffles there) / (1 + shuffles) (Phipson & Smyth 2010, Stat. Appl. Genet. Mol. Biol. 9:39).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from frs_pipeline.stats.clustered import Counts, Floats

SHUFFLES, SEED = 1999, 1
# So many pairs are compared at a time.
_AT_ONCE = 4_000_000
# What lies by so little on one side of what was seen is the same.
_SAME = 1e-12


class Within(NamedTuple):
    """The gamma of pairs within clusters, with `p`; both None where there is no such pair, or p where shuffling changes nothing.

    `forms` are those that are shuffled, `strata` the strata of clusters that they are in.
    """

    gamma: float | None
    p: float | None
    forms: int
    strata: int


def within(cells: Counts, shuffles: int = SHUFFLES, seed: int = SEED) -> Within:
    """Test association within clusters and strata, from counts (clusters, strata, rows, columns); the same for the same seed."""
    forms = _Forms(cells)
    observed = forms.gammas(forms.answers[np.newaxis, :])[0]
    if np.isnan(observed):
        return Within(None, None, 0, 0)
    moving = forms.moving
    strata = len(np.unique(forms.stratum[moving]))
    if not strata:
        return Within(float(observed), None, 0, 0)
    rng = np.random.default_rng(seed)
    step = max(1, _AT_ONCE // max(1, len(forms.first)))
    parts = [forms.gammas(forms.shuffled(rng, min(step, shuffles - at))) for at in range(0, shuffles, step)]
    values = np.concatenate([[observed], *parts])
    # A shuffle without an untied pair says that nothing goes with anything.
    values = np.nan_to_num(values)
    above, below = (np.count_nonzero(sign * (values - observed) >= -_SAME) for sign in (1, -1))
    p = min(1.0, 2 * float(min(above, below)) / (1 + shuffles))
    return Within(float(observed), p, int(moving.sum()), strata)


class _Forms:
    """Forms one by one, in the order of their clusters and strata, and the pairs of them within clusters."""

    def __init__(self, cells: Counts) -> None:
        clusters, strata, rows, columns = cells.shape
        counts = cells.astype(np.int64).reshape(clusters, -1)
        # A form alone in its cluster is in no pair.
        counts = counts[counts.sum(axis=1) > 1]
        place = np.repeat(np.arange(counts.size), counts.ravel())
        cluster, cell = np.divmod(place, strata * rows * columns)
        stratum, cell = np.divmod(cell, rows * columns)
        row, column = np.divmod(cell, columns)
        self.stratum = cluster * strata + stratum
        self.answers = column.astype(np.int16)
        first, second = _pairs(counts.sum(axis=1))
        # Pairs that are tied in the first question stay so.
        untied = row[first] != row[second]
        self.first, self.second = first[untied], second[untied]
        self._direction = np.sign(row[self.second] - row[self.first]).astype(np.int8)
        self._row = row

    @property
    def moving(self) -> NDArray[np.bool_]:
        """Which forms are in a stratum where there are different answers to both questions (forms,)."""
        size = int(self.stratum.max(initial=-1)) + 1
        differ = np.ones(size, dtype=bool)
        for answers in (self._row, self.answers):
            least, most = np.full(size, np.iinfo(np.int64).max), np.full(size, -1)
            np.minimum.at(least, self.stratum, answers)
            np.maximum.at(most, self.stratum, answers)
            differ &= least < most
        there: NDArray[np.bool_] = differ[self.stratum]
        return there

    def shuffled(self, rng: np.random.Generator, times: int) -> NDArray[np.int16]:
        """Shuffle the second answers within strata (times, forms)."""
        # Forms are in the order of their strata, so that sorting by stratum and chance changes only who is first in it.
        order = np.argsort(self.stratum + rng.random((times, len(self.stratum))), axis=1)
        return self.answers[order]

    def gammas(self, answers: NDArray[np.int16]) -> Floats:
        """Compute the gamma of pairs within clusters (times,) for second answers (times, forms); nan without untied pairs."""
        signs = np.sign(answers[:, self.second] - answers[:, self.first]).astype(np.int8)
        # Single precision holds sums of as many ones exactly.
        exact = np.float32 if len(self._direction) < 2**24 else np.float64
        difference = signs.astype(exact) @ self._direction.astype(exact)
        untied = np.count_nonzero(signs, axis=1)
        values: Floats = np.divide(difference.astype(np.float64), untied, out=np.full(len(answers), np.nan), where=untied > 0)
        return values


def _pairs(sizes: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """List the pairs of forms of the same cluster, as places in all forms, which are in the order of clusters of these sizes."""
    firsts, seconds = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64)
    for size in np.unique(sizes):
        one, other = np.triu_indices(int(size), 1)
        at = starts[sizes == size][:, np.newaxis]
        firsts.append((at + one).ravel())
        seconds.append((at + other).ravel())
    return np.concatenate(firsts), np.concatenate(seconds)
