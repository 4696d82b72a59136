"""Shares of forms that belong together, and their differences: estimates whose errors know the clusters.

A cluster is whatever forms have in common (a child's conferences, a conference). Everything is computed from counts per
cluster; the first axis of an array is always the cluster, in the same order everywhere, and a cluster without a form in an
estimate doesn't count for it.

One rule for all: an estimate has an influence value z per cluster, which add up to 0, and the variance
K / (K - 1) * sum of z squared, with K - 1 degrees of freedom ("ultimate clusters": Lumley 2004, J. Stat. Softw. 9(8)).
Shares: Wilson's interval with t in place of z and the effective number of forms in place of n (Dean & Pagano 2015, JSSAM
3:484, for the cap at n). Differences: MOVER (Newcombe 1998, Stat. Med. 17:873; Zou & Donner 2008, Stat. Med. 27:1693), with
the correlation over clusters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import fsum
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

Counts = NDArray[np.integer[Any]]
Floats = NDArray[np.float64]
Method = Literal["wilson", "mover", "linearised", "cr2", "fisher", "fisher_jackknife", "mover_fisher", "noncentral", "none"]
# Why there is no interval.
Reason = Literal["no_forms", "one_cluster", "no_pairs", "perfect", "no_spread", "few_pairs", "one_side", "whole", "no_method"]

LEVEL = 0.95
# With fewer clusters, errors are those that were made for few.
FEW_CLUSTERS = 30
# A smaller error is what a double can't hold: all clusters are alike.
NO_ERROR = 1e-9
# An interval on fewer clusters or effective forms is shown with a mark.
LEAST_CLUSTERS, LEAST_EFFECTIVE = 10, 30
# Of fewer clusters with several forms, nobody could say how alike forms of a cluster are.
LEAST_OF_SEVERAL = 5
# So many hits and misses on each side, and the robust t of a difference has the size that it says.
LEAST_HITS = 10


@dataclass(frozen=True)
class Estimate:
    """A figure with its robust uncertainty, or the `reason` why it has no interval; shares are between 0 and 1.

    `clusters` and `n` are how many clusters and forms it rests on, `error` is its standard error with `df` degrees of freedom,
    `t` and `p` test whether it is 0 (None where no test is shown). `icc` may be negative; `n_effective` is at most `n`.
    """

    value: float | None
    low: float | None
    high: float | None
    method: Method
    clusters: int
    n: int
    error: float | None = None
    df: float | None = None
    design_effect: float | None = None
    icc: float | None = None
    n_effective: float | None = None
    t: float | None = None
    p: float | None = None
    reason: Reason | None = None

    @property
    def marked(self) -> bool:
        """Whether there is an interval that rests on so little that it is shown with a mark."""
        few = self.n_effective is not None and self.n_effective < LEAST_EFFECTIVE
        return self.low is not None and (self.clusters < LEAST_CLUSTERS or few)


def without(reason: Reason, value: float | None = None, clusters: int = 0, n: int = 0) -> Estimate:
    """Make an estimate that has no interval."""
    return Estimate(value, None, None, "none", clusters, n, reason=reason)


def quantile(df: float, level: float = LEVEL) -> float:
    """Return Student's t that leaves half of 1 - `level` above it; `df` may be a fraction."""
    return float(special.stdtrit(df, (1 + level) / 2))


def two_sided(t: float, df: float) -> float:
    """Return the two-sided p of `t` on Student's distribution."""
    return float(2 * special.stdtr(df, -abs(t)))


def variance(squares: float, clusters: int) -> float:
    """Compute the variance of an estimate from the sum of its squared influence values over at least 2 clusters."""
    return clusters / (clusters - 1) * squares


def product(z: Floats, w: Floats) -> float:
    """Add up products. Not by `@`: its last digits, and at times its speed, depend on how many processors share the work."""
    return float((z * w).sum())


class Cells:
    """Counts per cluster (clusters, answers), of which all shares of a table are made.

    A share is asked for by the places of its hits, and of all forms that it is a share of, among the answers. Variances and
    covariances are quadratic forms in the sums of products of counts over clusters, so clusters are gone through once.
    """

    def __init__(self, counts: Counts) -> None:
        # An answer's counts lie beside each other in memory (answers, clusters).
        self._counts = np.ascontiguousarray(counts.T, dtype=np.float64)
        self._totals: Floats = self._counts.sum(axis=1)
        # Whole numbers far below 2**53: exact.
        self._products: Floats = self._counts @ self._counts.T
        self._wholes: dict[tuple[int, ...], Whole] = {}

    def share(self, hits: Sequence[int], of: Sequence[int], pooled: float = 1.0) -> Estimate:
        """Estimate the share that answers at `hits` have of those at `of`; `pooled` is the design effect of the question."""
        return self._share(hits, of, pooled).estimate

    def design(self, answers: Sequence[Sequence[int]]) -> float:
        """Compute the design effect of a question, at least 1: its `answers`, each given by places, taken together.

        1 + (m - 1) * ICC, with mean squares added up over answers and m the sum of squared sizes over n (Kish 1965).
        """
        whole = self._whole([place for answer in answers for place in answer])
        each = [squares for answer in answers if (squares := self._squares(answer, whole)) is not None]
        if not each:
            return 1.0
        # Not by `sum`: from Python 3.12 on it rounds otherwise.
        pooled = Squares(fsum(squares.between for squares in each), fsum(squares.within for squares in each))
        icc = pooled.correlation(whole)
        return 1.0 if icc is None else max(1.0, 1 + (whole.squares / whole.n - 1) * icc)

    def difference(
        self,
        one: tuple[Sequence[int], Sequence[int]],
        other: tuple[Sequence[int], Sequence[int]],
        pooled: Sequence[float] = (1, 1),
    ) -> Estimate:
        """Estimate how much larger a share is than another, each given by its hits and what they are of; by MOVER.

        The two may be of the same forms, clusters or neither. A test is made of at least `LEAST_HITS` hits and misses each.
        """
        first, second = (self._share(*places, design) for places, design in zip((one, other), pooled, strict=True))
        there = [self._whole(of).there for _, of in (one, other)]
        products = self._of_both(first, second)
        made = difference(first.estimate, second.estimate, products, int(np.count_nonzero(there[0] | there[1])), "mover")
        enough = all(
            min(hit := float(self._totals[[*hits]].sum()), self._whole(of).n - hit) >= LEAST_HITS for hits, of in (one, other)
        )
        return made if enough else replace(made, t=None, p=None)

    def _of_both(self, first: _Share, second: _Share) -> Products:
        one, other = (_no_rounding(float(each.z @ self._products @ each.z), each.terms) for each in (first, second))
        both = float(first.z @ self._products @ second.z) if one and other else 0.0
        return Products(one, other, both, _no_rounding(one + other - 2 * both, first.terms + second.terms))

    def _whole(self, of: Sequence[int]) -> Whole:
        places = tuple(of)
        if places not in self._wholes:
            self._wholes[places] = Whole.of(self._counts, places)
        return self._wholes[places]

    def _share(self, hits: Sequence[int], of: Sequence[int], pooled: float) -> _Share:
        whole, z = self._whole(of), np.zeros(len(self._totals))
        if not whole.n:
            return _Share(without("no_forms"), z, 0.0)
        p = float(self._totals[[*hits]].sum()) / whole.n
        np.add.at(z, [*hits], 1 / whole.n)
        np.subtract.at(z, [*of], p / whole.n)
        n, terms = int(whole.n), p * p * whole.squares / whole.n**2
        if whole.clusters < 2:
            return _Share(without("one_cluster", p, whole.clusters, n), z, terms)
        simple = p * (1 - p)
        spread = variance(_no_rounding(float(z @ self._products @ z), terms), whole.clusters)
        # Of a share of nothing or everything, and of one that all clusters have alike, no variance is seen.
        own = simple / spread if spread > 0 and simple > 0 else whole.n
        effective = min(whole.n, own, whole.n / pooled)
        low, high = wilson(p, effective, quantile(whole.clusters - 1))
        squares = self._squares(hits, whole) if whole.several >= LEAST_OF_SEVERAL else None
        made = Estimate(
            p,
            low,
            high,
            "wilson",
            whole.clusters,
            n,
            error=float(np.sqrt(spread)),
            df=whole.clusters - 1,
            design_effect=spread * (n - 1) / simple if simple > 0 else None,
            icc=None if squares is None else squares.correlation(whole),
            n_effective=effective,
        )
        return _Share(made, z, terms)

    def _squares(self, hits: Sequence[int], whole: Whole) -> Squares | None:
        at = [whole.places.index(place) for place in hits]
        of_means = float(whole.of_means[np.ix_(at, at)].sum())
        total = float(self._totals[[*hits]].sum())
        return mean_squares(total, total, of_means, whole)


class _Share(NamedTuple):
    """A share with the weights of the answers in its influence values, whose squares are differences of `terms` so large."""

    estimate: Estimate
    z: Floats
    terms: float


class Whole(NamedTuple):
    """Forms per cluster that shares are taken of: `n` in all, the sum of `squares` of their number, which clusters are `there`.

    `of_means` (places, places) are sums over clusters of the product of two counts, divided by the cluster's forms.
    """

    places: tuple[int, ...]
    n: float
    clusters: int
    several: int
    squares: float
    there: NDArray[np.bool_]
    of_means: Floats

    @classmethod
    def of(cls, counts: Floats, places: tuple[int, ...]) -> Whole:
        """Add up the counts (answers, clusters) at these places."""
        mine = counts[[*places]]
        sizes = mine.sum(axis=0)
        there = sizes > 0
        # Not by `@`: see `product`.
        of_means = np.einsum("ik,jk->ij", mine / np.maximum(sizes, 1), mine)
        return cls(
            places,
            float(sizes.sum()),
            int(np.count_nonzero(there)),
            int(np.count_nonzero(sizes > 1)),
            float(sizes @ sizes),
            there,
            of_means,
        )


def _no_rounding(sum_of_squares: float, terms: float) -> float:
    """Return a sum of squares that is a difference of `terms`, or 0 where it is what a double can't hold of them."""
    return sum_of_squares if sum_of_squares > 1e-12 * terms else 0.0


def share(hits: Counts, valid: Counts, pooled: float = 1.0) -> Estimate:
    """Estimate the share of `hits` among `valid` forms, both (clusters,)."""
    return Cells(np.column_stack([hits, valid - hits])).share([0], [0, 1], pooled)


def shares(counts: Counts) -> list[Estimate]:
    """Estimate the share of each answer among all that gave one of them, from counts (clusters, answers)."""
    cells, every = Cells(counts), range(counts.shape[1])
    design = cells.design([[place] for place in every])
    return [cells.share([place], every, design) for place in every]


def difference_of_shares(one: tuple[Counts, Counts], other: tuple[Counts, Counts], pooled: Sequence[float] = (1, 1)) -> Estimate:
    """Estimate how much larger a share is than another, each as hits and valid forms (clusters,); see `Cells.difference`."""
    columns = [column for hits, valid in (one, other) for column in (hits, valid - hits)]
    return Cells(np.column_stack(columns)).difference(([0], [0, 1]), ([2], [2, 3]), pooled)


def wilson(p: float, n: float, t: float) -> tuple[float, float]:
    """Compute the limits of Wilson's interval for a share `p` of `n` effective forms, with the quantile `t`."""
    scale = 1 + t * t / n
    centre = (p + t * t / (2 * n)) / scale
    half = t / scale * float(np.sqrt(p * (1 - p) / n + t * t / (4 * n * n)))
    # At 0 and 1 the limit is that very number, but for what a double can't hold.
    return 0.0 if p == 0 else max(0.0, centre - half), 1.0 if p == 1 else min(1.0, centre + half)


class Squares(NamedTuple):
    """Mean squares between and within clusters."""

    between: float
    within: float

    def correlation(self, whole: Whole) -> float | None:
        """Compute the intra-class correlation."""
        typical = (whole.n - whole.squares / whole.n) / (whole.clusters - 1)
        of_both = self.between + (typical - 1) * self.within
        return (self.between - self.within) / of_both if of_both > 0 else None


def mean_squares(total: float, squares: float, of_means: float, whole: Whole) -> Squares | None:
    """Compute mean squares of numbers from sums over clusters: of numbers, their squares, and squared sums over sizes.

    None where every cluster has a single form, or there is one cluster.
    """
    if whole.clusters < 2 or whole.n <= whole.clusters:
        return None
    between, within = _no_rounding(of_means - total**2 / whole.n, of_means), _no_rounding(squares - of_means, squares)
    return Squares(between / (whole.clusters - 1), within / (whole.n - whole.clusters))


class Products(NamedTuple):
    """Sums over clusters of products of the influence values of two estimates: each with itself, both, and the difference."""

    first: float
    second: float
    both: float
    apart: float

    @property
    def correlation(self) -> float:
        """The correlation of the two over clusters; 0 where one has no influence anywhere."""
        squares = self.first * self.second
        return self.both / float(np.sqrt(squares)) if squares > 0 else 0.0


def difference(first: Estimate, second: Estimate, products: Products, clusters: int, method: Method) -> Estimate:
    """Estimate a difference from two estimates and what their influence values have in common, by MOVER, with its robust test."""
    n = first.n + second.n
    if first.value is None or second.value is None:
        return without("no_forms", None, clusters, n)
    value = first.value - second.value
    if first.low is None or first.high is None or second.low is None or second.high is None:
        return without("one_side", value, clusters, n)
    r = products.correlation
    below, above = first.value - first.low, first.high - first.value
    under, over = second.value - second.low, second.high - second.value
    low = value - float(np.sqrt(max(below**2 + over**2 - 2 * r * below * over, 0.0)))
    high = value + float(np.sqrt(max(above**2 + under**2 - 2 * r * above * under, 0.0)))
    if not low < high:
        return without("no_spread", value, clusters, n)
    error = float(np.sqrt(variance(products.apart, clusters)))
    t = value / error if error > 0 else None
    return Estimate(
        value,
        low,
        high,
        method,
        clusters,
        n,
        error=error,
        df=clusters - 1,
        n_effective=min((each.n_effective for each in (first, second) if each.n_effective is not None), default=None),
        t=t,
        p=None if t is None else two_sided(t, clusters - 1),
    )
