"""Shares and means of forms that belong together: estimates whose errors know the clusters.

A cluster is whatever forms have in common (a child's conferences, a conference). Everything is computed from counts per
cluster; the first axis of an array is always the cluster, in the same order everywhere, and a cluster without a form in an
estimate doesn't count for it.

One rule for all: an estimate has an influence value z per cluster, which add up to 0, and the variance
K / (K - 1) * sum of z squared, with K - 1 degrees of freedom ("ultimate clusters": Lumley 2004, J. Stat. Softw. 9(8)).
Shares: Wilson's interval with t in place of z and the effective number of forms in place of n (Dean & Pagano 2015, JSSAM
3:484, for the cap at n). Differences: MOVER (Newcombe 1998, Stat. Med. 17:873; Zou & Donner 2008, Stat. Med. 27:1693), with
the correlation over clusters. Means of fewer than 30 clusters: CR2 with Satterthwaite's degrees of freedom (Bell & McCaffrey
2002, Survey Methodology 28:169).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

Counts = NDArray[np.integer[Any]]
Floats = NDArray[np.float64]
Method = Literal["wilson", "mover", "linearised", "cr2", "fisher", "fisher_jackknife", "mover_fisher", "none"]
# Why there is no interval.
Reason = Literal["no_forms", "one_cluster", "no_pairs", "perfect", "no_spread", "few_pairs", "one_side", "whole", "no_method"]

LEVEL = 0.95
# With fewer clusters, errors are those that were made for few.
FEW_CLUSTERS = 30
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


def variance(z: Floats, clusters: int) -> float:
    """Compute the variance of an estimate from its influence values (clusters,), of which `clusters` count; at least 2."""
    return clusters / (clusters - 1) * float(z @ z)


def shares(cells: Counts) -> list[Estimate]:
    """Estimate the share of each answer among all that gave one of them, from counts (clusters, answers)."""
    cells = cells.astype(np.int64)
    valid, pooled = cells.sum(axis=1), pooled_design(cells)
    return [share(cells[:, answer], valid, pooled) for answer in range(cells.shape[1])]


def share(hits: Counts, valid: Counts, pooled: float = 1.0) -> Estimate:
    """Estimate `hits` of `valid` forms, both (clusters,); `pooled` is the design effect of the question (`pooled_design`)."""
    return _share(hits, valid, pooled).estimate


class _Share(NamedTuple):
    """A share with its influence values (clusters,)."""

    estimate: Estimate
    z: Floats


def _share(hits: Counts, valid: Counts, pooled: float) -> _Share:
    a, m = hits.astype(np.float64), valid.astype(np.float64)
    n, clusters = int(m.sum()), int(np.count_nonzero(m))
    if not n:
        return _Share(without("no_forms"), np.zeros_like(m))
    p = float(a.sum()) / n
    z = (a - p * m) / n
    if clusters < 2:
        return _Share(without("one_cluster", p, clusters, n), z)
    spread, simple = variance(z, clusters), p * (1 - p)
    # Of a share of nothing or everything, and of one that all clusters have alike, no variance is seen.
    own = simple / spread if spread > 0 and simple > 0 else float(n)
    effective = min(float(n), own, n / pooled)
    low, high = wilson(p, effective, quantile(clusters - 1))
    return _Share(
        Estimate(
            p,
            low,
            high,
            "wilson",
            clusters,
            n,
            error=float(np.sqrt(spread)),
            df=clusters - 1,
            design_effect=spread * (n - 1) / simple if simple > 0 else None,
            icc=_icc(a, m, float(a.sum())),
            n_effective=effective,
        ),
        z,
    )


def wilson(p: float, n: float, t: float) -> tuple[float, float]:
    """Compute the limits of Wilson's interval for a share `p` of `n` effective forms, with the quantile `t`."""
    scale = 1 + t * t / n
    centre = (p + t * t / (2 * n)) / scale
    half = t / scale * float(np.sqrt(p * (1 - p) / n + t * t / (4 * n * n)))
    # At 0 and 1 the limit is that very number, but for what a double can't hold.
    return 0.0 if p == 0 else max(0.0, centre - half), 1.0 if p == 1 else min(1.0, centre + half)


class _Squares(NamedTuple):
    """Mean squares between and within clusters."""

    between: float
    within: float


def _squares(sums: Floats, sizes: Floats, squares: float) -> _Squares | None:
    """Compute mean squares of numbers, from their `sums` and how many they are (clusters,), and the sum of their `squares`.

    None where every cluster has a single form, or there is one cluster.
    """
    n, clusters = float(sizes.sum()), int(np.count_nonzero(sizes))
    if clusters < 2 or n <= clusters:
        return None
    there = sizes > 0
    of_means = float((sums[there] ** 2 / sizes[there]).sum())
    return _Squares((of_means - float(sums.sum()) ** 2 / n) / (clusters - 1), (squares - of_means) / (n - clusters))


def _correlation(squares: _Squares | None, sizes: Floats) -> float | None:
    """Compute the intra-class correlation from mean squares."""
    if squares is None:
        return None
    n, clusters = float(sizes.sum()), int(np.count_nonzero(sizes))
    typical = (n - float(sizes @ sizes) / n) / (clusters - 1)
    of_both = squares.between + (typical - 1) * squares.within
    return (squares.between - squares.within) / of_both if of_both > 0 else None


def _icc(sums: Floats, sizes: Floats, squares: float) -> float | None:
    """Compute the intra-class correlation of numbers; None where too few clusters have several forms to tell."""
    several = int(np.count_nonzero(sizes > 1))
    return _correlation(_squares(sums, sizes, squares), sizes) if several >= LEAST_OF_SEVERAL else None


def pooled_design(cells: Counts) -> float:
    """Compute the design effect of a question, at least 1, from counts of its answers (clusters, answers) taken together.

    1 + (m - 1) * ICC, with mean squares added up over answers and m the sum of squared sizes over n (Kish 1965).
    """
    counts = cells.astype(np.float64)
    sizes = counts.sum(axis=1)
    each = [_squares(counts[:, answer], sizes, float(counts[:, answer].sum())) for answer in range(counts.shape[1])]
    known = [squares for squares in each if squares is not None]
    if not known:
        return 1.0
    pooled = _Squares(sum(squares.between for squares in known), sum(squares.within for squares in known))
    icc = _correlation(pooled, sizes)
    size = float(sizes @ sizes) / float(sizes.sum())
    return 1.0 if icc is None else max(1.0, 1 + (size - 1) * icc)


def difference_of_shares(one: tuple[Counts, Counts], other: tuple[Counts, Counts], pooled: Sequence[float] = (1, 1)) -> Estimate:
    """Estimate how much larger a share is than another, each given as hits and valid forms (clusters,); by MOVER.

    The two may be of the same forms, clusters or neither. A test is made of at least `LEAST_HITS` hits and misses on each side.
    """
    (first, z), (second, w) = (_share(*counts, design) for counts, design in zip((one, other), pooled, strict=True))
    clusters = int(np.count_nonzero((one[1] > 0) | (other[1] > 0)))
    made = difference(first, second, z, w, clusters, "mover")
    enough = all(min(hits.sum(), valid.sum() - hits.sum()) >= LEAST_HITS for hits, valid in (one, other))
    return made if enough else replace(made, t=None, p=None)


def difference(first: Estimate, second: Estimate, z: Floats, w: Floats, clusters: int, method: Method) -> Estimate:
    """Estimate a difference from two estimates and their influence values (clusters,), by MOVER, with its robust test."""
    n = first.n + second.n
    if first.value is None or second.value is None:
        return without("no_forms", None, clusters, n)
    value = first.value - second.value
    if first.low is None or first.high is None or second.low is None or second.high is None:
        return without("one_side", value, clusters, n)
    r = _agreement(z, w)
    below, above = first.value - first.low, first.high - first.value
    under, over = second.value - second.low, second.high - second.value
    low = value - float(np.sqrt(max(below**2 + over**2 - 2 * r * below * over, 0.0)))
    high = value + float(np.sqrt(max(above**2 + under**2 - 2 * r * above * under, 0.0)))
    if not low < high:
        return without("no_spread", value, clusters, n)
    error = float(np.sqrt(variance(z - w, clusters)))
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


def _agreement(z: Floats, w: Floats) -> float:
    """Correlate the influence values of two estimates over clusters; 0 where one has none."""
    both = float(z @ z) * float(w @ w)
    return float(z @ w) / float(np.sqrt(both)) if both > 0 else 0.0


class Numbers(NamedTuple):
    """Numbers per cluster: their sum, the sum of their squares, and how many they are; each (clusters,)."""

    sums: Floats
    squares: Floats
    sizes: Floats

    @property
    def influence(self) -> Floats:
        """The influence values of the mean (clusters,)."""
        n = float(self.sizes.sum())
        return (self.sums - float(self.sums.sum()) / n * self.sizes) / n


def mean(numbers: Numbers) -> Estimate:
    """Estimate the mean of numbers: linearised, by CR2 where there are fewer than `FEW_CLUSTERS` clusters."""
    n, clusters = int(numbers.sizes.sum()), int(np.count_nonzero(numbers.sizes))
    if not n:
        return without("no_forms")
    value = float(numbers.sums.sum()) / n
    if clusters < 2:
        return without("one_cluster", value, clusters, n)
    around = float(numbers.squares.sum()) - n * value * value
    made = _linearised(value, [numbers], [numbers.influence], clusters, n)
    if made.error is None:
        return made
    effect = made.error**2 * n * (n - 1) / around if around > 0 else None
    return replace(
        made,
        design_effect=effect,
        icc=_icc(numbers.sums, numbers.sizes, float(numbers.squares.sum())),
        n_effective=min(float(n), n / effect) if effect else float(n),
    )


def difference_of_means(one: Numbers, other: Numbers) -> Estimate:
    """Estimate how much larger a mean is than another, over the same clusters in the same order; linearised as `mean` is."""
    sizes = [int(each.sizes.sum()) for each in (one, other)]
    if not all(sizes):
        return without("no_forms", None, 0, sum(sizes))
    value = float(one.sums.sum()) / sizes[0] - float(other.sums.sum()) / sizes[1]
    clusters = int(np.count_nonzero((one.sizes > 0) | (other.sizes > 0)))
    if any(np.count_nonzero(each.sizes) < 2 for each in (one, other)):
        return without("one_cluster", value, clusters, sum(sizes))
    made = _linearised(value, [one, other], [one.influence, -other.influence], clusters, sum(sizes))
    if made.error is None or made.df is None:
        return made
    t = value / made.error
    return replace(made, n_effective=float(min(sizes)), t=t, p=two_sided(t, made.df))


def _linearised(value: float, sides: Sequence[Numbers], influence: Sequence[Floats], clusters: int, n: int) -> Estimate:
    few = clusters < FEW_CLUSTERS
    if few:
        leverage = [side.sizes / side.sizes.sum() for side in sides]
        z = sum((each / np.sqrt(1 - h) for each, h in zip(influence, leverage, strict=True)), np.zeros_like(influence[0]))
        spread = float(z @ z)
        df = satterthwaite(leverage, [float(side.sizes.sum()) for side in sides])
    else:
        spread, df = variance(np.sum(influence, axis=0), clusters), clusters - 1
    if spread <= 0:
        return without("no_spread", value, clusters, n)
    error = float(np.sqrt(spread))
    reach = quantile(df) * error
    return Estimate(value, value - reach, value + reach, "cr2" if few else "linearised", clusters, n, error=error, df=df)


def satterthwaite(leverage: Sequence[Floats], sizes: Sequence[float]) -> float:
    """Compute the degrees of freedom of CR2 for a mean, or a difference of means of different forms.

    `leverage` are, for each mean, the shares of its forms that are in each cluster (clusters,), `sizes` its number of forms.
    """
    of_pairs = np.zeros((len(leverage[0]),) * 2)
    for h, n in zip(leverage, sizes, strict=True):
        own = h / np.sqrt(1 - h)
        of_pairs += (np.diag(h / (1 - h)) - np.outer(own, own)) / n
    return float(np.trace(of_pairs)) ** 2 / float((of_pairs**2).sum())
