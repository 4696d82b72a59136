"""The bootstrap of clusters, as a cross-check of errors that are computed by formula; never as an interval that is shown.

A replicate draws as many clusters as there are, with replacement (Efron 1979, Annals of Statistics 7:1): how often each is drawn
is all that matters, so that replicates are weights (samples, clusters), and a figure of all replicates is computed at once from
weights @ counts. One set of weights for many figures makes differences of replicates replicates of the difference. The variance
of replicates is about (K - 1) / K of the one that `stats.clustered` computes (Rao & Wu 1988, JASA 83:231): `bootstrap` sets it
right.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from frs_pipeline.stats.clustered import Counts, Floats

# How often each cluster is drawn (samples, clusters): whole numbers, which single precision holds.
Weights = NDArray[np.floating[Any]]
SAMPLES, SEED = 2000, 1
# So many numbers of replicates are held at a time.
_AT_ONCE = 2_000_000


class Bootstrap(NamedTuple):
    """The standard error of a figure by its replicates, of which some may have no value; None with fewer than two that have."""

    error: float | None
    samples: int
    without: int


def weights(clusters: int, samples: int = SAMPLES, seed: int = SEED) -> Weights:
    """Draw how often each cluster is in each replicate (samples, clusters); the same for the same seed."""
    chosen = np.random.default_rng(seed).integers(clusters, size=(samples, clusters))
    # A replicate's clusters have numbers of their own, so that all are counted at once.
    chosen += np.arange(samples)[:, np.newaxis] * clusters
    counted = np.bincount(chosen.ravel(), minlength=samples * clusters)
    return counted.reshape(samples, clusters).astype(np.float32)


def gammas(drawn: Weights, cells: Counts) -> Floats:
    """Compute the partial gamma of every replicate (samples,), nan without pairs to compare.

    `drawn` are weights (samples, clusters), `cells` counts (clusters, strata, rows, columns).
    """
    clusters, strata, *shape = cells.shape
    counts = cells.reshape(clusters, int(np.prod(cells.shape[1:])))
    # Single precision holds sums as large as no replicate can have more exactly.
    single = clusters * int(counts.sum(axis=1).max(initial=0)) < 2**24
    kind = np.float32 if single else np.float64
    times, forms = (each.astype(kind, copy=False) for each in (drawn, counts))
    directions, step = _directions(*shape), max(1, _AT_ONCE // max(1, counts.shape[1]))
    parts = []
    for at in range(0, len(drawn), step):
        totals: Floats = np.matmul(times[at : at + step], forms).astype(np.float64)
        parts.append(_gammas(totals.reshape(len(totals), strata, -1), directions))
    return np.concatenate(parts)


class _Directions(NamedTuple):
    """Which cells point the same way from each cell, on one side, and which differ in both questions; (cells, cells)."""

    same: Floats
    untied: Floats


def _directions(rows: int, columns: int) -> _Directions:
    row, column = np.divmod(np.arange(rows * columns), columns)
    differ = [np.sign(np.subtract.outer(axis, axis)) for axis in (row, column)]
    same = (differ[0] > 0) & (differ[1] > 0)
    return _Directions(same.astype(np.float64), (differ[0] * differ[1] != 0) / 2)


def _gammas(totals: Floats, directions: _Directions) -> Floats:
    """Compute partial gammas (samples,) from counts (samples, strata, cells)."""
    same, untied = (np.einsum("bsc,bsc->b", totals, totals @ pairs) for pairs in directions)
    values: Floats = np.divide(2 * same - untied, untied, out=np.full(len(totals), np.nan), where=untied > 0)
    return values


def ratios(drawn: Weights, above: Counts | Floats, below: Counts | Floats) -> Floats:
    """Compute a share or mean in every replicate (samples,), nan where nothing is below the line.

    `above` are hits, or sums of numbers, `below` how many forms they are of; both (clusters,).
    """
    times = drawn.astype(np.float64, copy=False)
    a, m = times @ above.astype(np.float64), times @ below.astype(np.float64)
    values: Floats = np.divide(a, m, out=np.full(len(m), np.nan), where=m > 0)
    return values


def bootstrap(replicates: Floats, clusters: int) -> Bootstrap:
    """Compute the error from the replicates (samples,) of a figure that rests on so many `clusters`."""
    known = replicates[~np.isnan(replicates)]
    missing = len(replicates) - len(known)
    if len(known) < 2 or clusters < 2:
        return Bootstrap(None, len(replicates), missing)
    return Bootstrap(float(known.std(ddof=1) * np.sqrt(clusters / (clusters - 1))), len(replicates), missing)
