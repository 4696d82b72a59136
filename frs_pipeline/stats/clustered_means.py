"""Means of numbers of forms that belong together: linearised, or by CR2 with Satterthwaite's degrees of freedom.

CR2 is for few clusters (Bell & McCaffrey 2002, Survey Methodology 28:169; Pustejovsky & Tipton 2018, JBES 36:672).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from frs_pipeline.stats.clustered import (
    FEW_CLUSTERS,
    LEAST_OF_SEVERAL,
    Estimate,
    Floats,
    Whole,
    mean_squares,
    product,
    quantile,
    two_sided,
    variance,
    without,
)

# A variance is a difference of sums; one smaller than these by so much is what a double can't hold of them.
_NO_SPREAD = 1e-20


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
        icc=_icc(numbers),
        n_effective=min(float(n), n / effect) if effect else float(n),
    )


def _icc(numbers: Numbers) -> float | None:
    """Compute the intra-class correlation of numbers; None where too few clusters have several forms to tell."""
    whole = Whole.of(numbers.sizes[np.newaxis], (0,))
    if whole.several < LEAST_OF_SEVERAL:
        return None
    of_means = float((numbers.sums**2 / np.maximum(numbers.sizes, 1)).sum())
    squares = mean_squares(float(numbers.sums.sum()), float(numbers.squares.sum()), of_means, whole)
    return None if squares is None else squares.correlation(whole)


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
        spread = product(z, z)
        df = satterthwaite(leverage, [float(side.sizes.sum()) for side in sides])
    else:
        z = np.sum(influence, axis=0)
        spread, df = variance(product(z, z), clusters), clusters - 1
    if spread <= _NO_SPREAD * sum(product(each, each) for each in (side.sums / side.sizes.sum() for side in sides)):
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
