"""Gamma and partial gamma of forms that belong together: intervals, differences and the test of no association.

The estimates are those of `stats.gamma`; the errors are those of `stats.clustered`. Gamma is a ratio of totals over clusters:
with A and B the pairs of a cluster's forms with all others, those of the same direction less the opposite ones and both
together, gamma = sum A / sum B. Intervals lie on Fisher's scale, where they are nearly symmetric; with few clusters or forms
the error is the jackknife's. The test has an error of its own, which supposes that there is no association.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from frs_pipeline.stats.clustered import (
    FEW_CLUSTERS,
    NO_ERROR,
    Counts,
    Estimate,
    Floats,
    Products,
    difference,
    product,
    quantile,
    two_sided,
    variance,
    without,
)

# With fewer forms, or clusters (`FEW_CLUSTERS`), the linearised error is somewhat too small.
FEW_FORMS = 100
# Fewer forms expected where the rarer halves of both questions meet, and the test finds far too much where there is nothing;
# the same number as for a chi-squared test (Cochran 1954, Biometrics 10:417).
LEAST_MEETING = 5
# So many forms on each side, and the test of a difference has the size that it says.
LEAST_FORMS = 30


class Pairs(NamedTuple):
    """Pairs of the forms of each cluster with all forms of their stratum, each pair counted from both ends; (clusters,).

    `agreeing` are those that point the same way less those that point opposite ways, `untied` are both together, `expected` is
    what `agreeing` would be if the forms of a stratum were all alike in this.
    """

    agreeing: Floats
    untied: Floats
    expected: Floats
    # Sum over all forms of what one would have as influence, squared: the variance if each were a cluster of its own.
    of_forms: float
    forms: Floats
    # Forms expected by chance where the rarer halves of both questions meet (`meeting`).
    meeting: float

    @property
    def value(self) -> float | None:
        untied = float(self.untied.sum())
        return float(self.agreeing.sum()) / untied if untied else None

    @property
    def influence(self) -> Floats:
        """The influence values of gamma (clusters,)."""
        untied = float(self.untied.sum())
        return 2 * (self.agreeing - float(self.agreeing.sum()) / untied * self.untied) / untied


def pairs_of(cells: Counts) -> Pairs:
    """Count pairs within strata, from counts (clusters, strata, rows, columns)."""
    counts = cells.astype(np.float64)
    flat = counts.reshape(len(counts), int(np.prod(counts.shape[1:])))
    totals = counts.sum(axis=0)
    concordant, discordant = directions(totals)
    sums = [flat @ each.ravel() for each in (concordant - discordant, concordant + discordant)]
    return pairs_from(totals, sums[0], sums[1], counts.sum(axis=(2, 3)))


def pairs_from(totals: Floats, agreeing: Floats, untied: Floats, forms: Floats) -> Pairs:
    """Make pairs from the counts of all clusters (strata, rows, columns) and what is known of each cluster.

    `agreeing` and `untied` are (clusters,), as `Pairs` has them; `forms` (clusters, strata) are how many it has.
    """
    concordant, discordant = directions(totals)
    differing, both = concordant - discordant, concordant + discordant
    means = (totals * differing).sum(axis=(1, 2)) / np.maximum(totals.sum(axis=(1, 2)), 1)
    whole = float(untied.sum())
    of_forms = 0.0
    if whole:
        gamma = float(agreeing.sum()) / whole
        of_forms = float((totals * (2 * (differing - gamma * both) / whole) ** 2).sum())
    return Pairs(agreeing, untied, forms @ means, of_forms, forms.sum(axis=1), meeting(totals))


def meeting(totals: Floats) -> float:
    """Return how many forms would by chance have an answer of the rarer half of both questions, strata together.

    `totals` are counts (strata, rows, columns); each question is cut where the halves are most alike.
    """
    n = totals.sum(axis=(1, 2))
    halves = []
    for axis in (2, 1):
        below = totals.sum(axis=axis).cumsum(axis=1)[:, :-1]
        halves.append(np.minimum(below, n[:, np.newaxis] - below).max(axis=1, initial=0))
    return float((halves[0] * halves[1] / np.maximum(n, 1)).sum())


def directions(totals: Floats) -> tuple[Floats, Floats]:
    """Return how many forms point the same way from every cell of tables (…, rows, columns), and how many the opposite way."""
    corner = np.zeros((*totals.shape[:-2], totals.shape[-2] + 1, totals.shape[-1] + 1))
    corner[..., 1:, 1:] = totals.cumsum(axis=-2).cumsum(axis=-1)
    above_left = corner[..., :-1, :-1]
    above_right = corner[..., :-1, -1:] - corner[..., :-1, 1:]
    below_left = corner[..., -1:, :-1] - corner[..., 1:, :-1]
    below_right = corner[..., -1:, -1:] - corner[..., 1:, -1:] - corner[..., -1:, 1:] + corner[..., 1:, 1:]
    return above_left + below_right, above_right + below_left


class Correlated(NamedTuple):
    """A gamma, and the pairs that it is made of, from which it is compared with another."""

    estimate: Estimate
    pairs: Pairs


def gamma(cells: Counts) -> Estimate:
    """Estimate gamma from counts (clusters, rows, columns)."""
    return correlated(cells).estimate


def correlated(cells: Counts) -> Correlated:
    """Estimate gamma from counts (clusters, rows, columns), to be compared with others."""
    strata = cells[:, np.newaxis]
    pairs = pairs_of(strata)
    return Correlated(estimate(pairs, lambda: strata), pairs)


def partial_gamma(cells: Counts) -> Estimate:
    """Estimate gamma over the pairs within strata (Davis 1967, JASA 62:189), from counts (clusters, strata, rows, columns)."""
    return estimate(pairs_of(cells), lambda: cells)


def estimate(pairs: Pairs, cells: Callable[[], Counts]) -> Estimate:
    """Estimate gamma from pairs; `cells` gives the counts (clusters, strata, rows, columns), which only few clusters need."""
    n, clusters = int(pairs.forms.sum()), int(np.count_nonzero(pairs.forms))
    value = pairs.value
    if value is None:
        return without("no_pairs" if n else "no_forms", None, clusters, n)
    if clusters < 2:
        return without("one_cluster", value, clusters, n)
    t, p = tested(pairs, clusters)
    if abs(value) == 1:
        return replace(without("perfect", value, clusters, n), t=t, p=p, df=clusters - 1)
    z = pairs.influence
    spread, few = variance(product(z, z), clusters), is_few(clusters, n)
    error = jackknife_error(cells()) if few else float(np.sqrt(spread))
    if error is None or min(error, float(np.sqrt(spread))) < NO_ERROR:
        return replace(without("few_pairs" if error is None else "no_spread", value, clusters, n), t=t, p=p, df=clusters - 1)
    effect = spread * (n - 1) / (n * pairs.of_forms) if pairs.of_forms > 0 else None
    return replace(on_fishers_scale(value, error, clusters, n, effect), t=t, p=p)


def is_few(clusters: int, n: int) -> bool:
    """Tell whether clusters or forms are so few that the jackknife's error is taken."""
    return clusters < FEW_CLUSTERS or n < FEW_FORMS


def on_fishers_scale(value: float, error: float, clusters: int, n: int, effect: float | None) -> Estimate:
    """Make the interval of a figure between -1 and 1 from its error; `effect` is its design effect."""
    middle, reach = float(np.arctanh(value)), quantile(clusters - 1) * error / (1 - value * value)
    return Estimate(
        value,
        float(np.tanh(middle - reach)),
        float(np.tanh(middle + reach)),
        "fisher_jackknife" if is_few(clusters, n) else "fisher",
        clusters,
        n,
        error=error,
        df=clusters - 1,
        design_effect=effect,
        n_effective=min(float(n), n / effect) if effect else float(n),
    )


def null_error(pairs: Pairs, clusters: int) -> float:
    """Compute the error of gamma that supposes that there is no association.

    Each cluster's part is weighed up by the share of all pairs that leaving it out takes away, as the jackknife does: without
    that, the test says too often that something is very unlikely.
    """
    whole = float(pairs.untied.sum())
    z = 2 * (pairs.agreeing - pairs.expected) / whole
    # A pair has two ends: without a cluster, the pairs of its forms are gone from both.
    weighed = z / (1 - np.minimum(2 * pairs.untied / whole, 0.75))
    return float(np.sqrt((clusters - 1) / clusters * product(weighed, weighed)))


def tested(pairs: Pairs, clusters: int) -> tuple[float | None, float | None]:
    """Test that there is no association: the robust T and its p.

    None where nothing tests it: all clusters are alike, or so few forms could have two rare answers (`LEAST_MEETING`) that hardly
    any pairs differ in both, of which no error can be told.
    """
    error = null_error(pairs, clusters)
    if pairs.value is None or error < NO_ERROR or pairs.meeting < LEAST_MEETING:
        return None, None
    return pairs.value / error, two_sided(pairs.value / error, clusters - 1)


def jackknife_error(cells: Counts) -> float | None:
    """Compute the error of a partial gamma from leaving each cluster out; None where one of these has no pair to compare.

    `cells` are counts (clusters, strata, rows, columns).
    """
    without_each = leave_one_out(cells)
    if without_each is None:
        return None
    clusters = len(without_each)
    return float(np.sqrt((clusters - 1) / clusters * float(((without_each - without_each.mean()) ** 2).sum())))


def leave_one_out(cells: Counts) -> Floats | None:
    """Compute the partial gamma without each cluster that has a form (those clusters,); None where one has no pair."""
    counts = cells.astype(np.float64)
    there = counts.any(axis=(1, 2, 3))
    left = counts.sum(axis=0) - counts[there]
    concordant, discordant = directions(left)
    same, opposite = ((left * each).sum(axis=(1, 2, 3)) for each in (concordant, discordant))
    untied = same + opposite
    return (same - opposite) / untied if untied.all() else None


def difference_of_gammas(first: Correlated, second: Correlated) -> Estimate:
    """Estimate how much larger a gamma is than another, over the same clusters in the same order.

    By MOVER of the two intervals on Fisher's scale, which stays within -2 and 2 and keeps its level where a side is small,
    as the linearised interval doesn't. A test, on that scale too, is made where each side has at least `LEAST_FORMS` forms.
    """
    one, other = first.estimate, second.estimate
    clusters = int(np.count_nonzero(first.pairs.forms + second.pairs.forms))
    n = one.n + other.n
    if one.value is None or other.value is None:
        return without("no_pairs", None, clusters, n)
    z, w = first.pairs.influence, second.pairs.influence
    products = Products(product(z, z), product(w, w), product(z, w), product(z - w, z - w))
    made = difference(one, other, products, clusters, "mover_fisher")
    if one.error is None or other.error is None or made.low is None:
        return made
    r = products.correlation
    error = _of_difference(one.error, other.error, r)
    # On Fisher's scale, for there the errors say as much of large gammas as of small ones.
    apart = np.arctanh(one.value) - np.arctanh(other.value)
    scaled = _of_difference(one.error / (1 - one.value**2), other.error / (1 - other.value**2), r)
    t = float(apart) / scaled if scaled > 0 and min(one.n, other.n) >= LEAST_FORMS else None
    return replace(made, error=error, t=t, p=None if t is None else two_sided(t, clusters - 1))


def _of_difference(one: float, other: float, r: float) -> float:
    """Compute the error of a difference from those of its sides and their correlation."""
    return float(np.sqrt(max(one**2 + other**2 - 2 * r * one * other, 0.0)))
