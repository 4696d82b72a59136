"""Somers' d, Kendall's tau-b and tau-c of forms that belong together: intervals, and the test of no association.

All three divide the pairs that point the same way, less those that point opposite ways, by another number of pairs than gamma
does: d by those that differ in the row question, tau-b by the geometric mean of those that differ in either, tau-c by the most
that a table of this shape could have (Somers 1962, ASR 27:799; Kendall 1945, Biometrika 33:239; Stuart 1953, Biometrika 40:105).
SciPy has the values (`stats.somersd`, `stats.kendalltau`), but no error that knows clusters. Errors are linearised: the
derivative of the figure by each cell (Brown & Benedetti 1977, JASA 72:309), added up over a cluster, is its influence. Intervals
lie on Fisher's scale, with the jackknife's error where clusters or forms are few, as gamma's do. That there is no association is
one and the same hypothesis for gamma and these three, so they have its test in common: the same t, the same p.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from frs_pipeline.stats.clustered import NO_ERROR, Counts, Estimate, Floats, product, variance, without
from frs_pipeline.stats.clustered_gamma import directions, is_few, on_fishers_scale, pairs_of, tested


@dataclass(frozen=True)
class _Figure:
    """A figure of tables (…, rows, columns) of counts: its value (…,), and its derivative by each cell (…, rows, columns)."""

    value: Floats
    slope: Floats


Measure = Callable[[Floats, int], _Figure]


def somers_d(cells: Counts) -> Estimate:
    """Estimate Somers' d of the column given the row, from counts (clusters, rows, columns): the column depends on the row.

    It is 1 if of any two forms that differ in the row question the one further down is further right.
    """
    return _estimate(cells, _somers_d)


def tau_b(cells: Counts) -> Estimate:
    """Estimate Kendall's tau-b from counts (clusters, rows, columns)."""
    return _estimate(cells, _tau_b)


def tau_c(cells: Counts) -> Estimate:
    """Estimate Kendall's tau-c, or Stuart's, from counts (clusters, rows, columns); empty rows and columns don't count."""
    return _estimate(cells, _tau_c)


def _estimate(cells: Counts, measure: Measure) -> Estimate:
    there = cells[cells.any(axis=(1, 2))].astype(np.float64)
    totals = there.sum(axis=0)
    clusters, n = len(there), int(totals.sum())
    rows, columns = (int(np.count_nonzero(totals.sum(axis=axis))) for axis in (1, 0))
    if min(rows, columns) < 2:
        return without("no_pairs" if n else "no_forms", None, clusters, n)
    figure = measure(totals, min(rows, columns))
    value = float(np.clip(figure.value, -1, 1))
    if clusters < 2:
        return without("one_cluster", value, clusters, n)
    t, p = tested(pairs_of(cells[:, np.newaxis]), clusters)
    # With each answer to one question tied to a single one to the other, tau-c has an error, which is of the margins only.
    if abs(value) == 1 or np.count_nonzero(totals) == rows == columns:
        return replace(without("perfect", value, clusters, n), df=clusters - 1, t=t, p=p)
    z = (there * figure.slope).sum(axis=(1, 2))
    spread = variance(product(z, z), clusters)
    few = is_few(clusters, n)
    error = _jackknife(there, measure, min(rows, columns)) if few else float(np.sqrt(spread))
    if error is None or min(error, float(np.sqrt(spread))) < NO_ERROR:
        return replace(without("few_pairs" if error is None else "no_spread", value, clusters, n), df=clusters - 1, t=t, p=p)
    of_forms = float((totals * figure.slope**2).sum())
    effect = spread * (n - 1) / (n * of_forms) if of_forms > 0 else None
    return replace(on_fishers_scale(value, error, clusters, n, effect), t=t, p=p)


def _jackknife(there: Floats, measure: Measure, smaller: int) -> float | None:
    """Compute the error from leaving each cluster (clusters, rows, columns) out; None where nothing is left without one.

    `smaller` is the smaller number of rows and columns of the whole table, whatever a cluster may take along.
    """
    left = there.sum(axis=0) - there
    if (np.minimum(_tied(left, -1)[0], _tied(left, -2)[0]) <= 0).any():
        return None
    values = measure(left, smaller).value
    return float(np.sqrt((len(there) - 1) / len(there) * ((values - values.mean()) ** 2).sum()))


def _net(totals: Floats) -> tuple[Floats, Floats]:
    """Return the pairs that point the same way less the opposite ones, from both ends (…,), and their derivative by each cell."""
    concordant, discordant = directions(totals)
    return (totals * (concordant - discordant)).sum(axis=(-2, -1)), 2 * (concordant - discordant)


def _tied(totals: Floats, within: int) -> tuple[Floats, Floats]:
    """Return the pairs that differ in a question, from both ends (…,), and their derivative by each cell.

    `within` is the axis along which an answer to it has its forms: -1 for the row question, -2 for the column question.
    """
    forms = totals.sum(axis=(-2, -1), keepdims=True)
    alike = totals.sum(axis=within, keepdims=True)
    differing = (forms**2).sum(axis=(-2, -1)) - (alike**2).sum(axis=(-2, -1))
    return differing, np.broadcast_to(2 * (forms - alike), totals.shape)


def _over_cells(number: Floats) -> Floats:
    return np.asarray(number)[..., np.newaxis, np.newaxis]


def _somers_d(totals: Floats, _: int) -> _Figure:
    (net, of_net), (differing, of_differing) = _net(totals), _tied(totals, -1)
    value = net / differing
    return _Figure(value, (of_net - _over_cells(value) * of_differing) / _over_cells(differing))


def _tau_b(totals: Floats, _: int) -> _Figure:
    net, of_net = _net(totals)
    (rows, of_rows), (columns, of_columns) = _tied(totals, -1), _tied(totals, -2)
    value = net / np.sqrt(rows * columns)
    share = of_rows / _over_cells(rows) + of_columns / _over_cells(columns)
    return _Figure(value, of_net / _over_cells(np.sqrt(rows * columns)) - _over_cells(value) / 2 * share)


def _tau_c(totals: Floats, smaller: int) -> _Figure:
    net, of_net = _net(totals)
    forms, most = totals.sum(axis=(-2, -1)), (smaller - 1) / smaller
    value = net / (most * forms**2)
    return _Figure(value, of_net / (most * _over_cells(forms) ** 2) - 2 * _over_cells(value / forms))
