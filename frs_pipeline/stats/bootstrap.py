"""The bootstrap of clusters, as a cross-check of errors that are computed by formula; never as an interval that is shown.

A replicate draws as many clusters as there are, with replacement (Efron 1979, Annals of Statistics 7:1): how often each is drawn
is all that matters, so that replicates are weights (samples, clusters), and a figure of all replicates is computed at once from
weights @ counts. One set of weights for many figures makes differences of replicates replicates of the difference. The variance
of replicates is about (K - 1) / K of the one that `stats.clustered` computes (Rao & Wu 1988, JASA 83:231): `bootstrap` sets it
right.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from frs_pipeline.stats.clustered import Counts, Floats

SAMPLES, SEED = 2000, 1
# So many numbers of replicates are held at a time.
_AT_ONCE = 2_000_000


class Bootstrap(NamedTuple):
    """The standard error of a figure by its replicates, of which some may have no value; None with fewer than two that have."""

    error: float | None
    samples: int
    without: int


def weights(clusters: int, samples: int = SAMPLES, seed: int = SEED) -> Floats:
    """Draw how often each cluster is in each replicate (samples, clusters); the same for the same seed."""
    chances = np.full(clusters, 1 / clusters)
    return np.random.default_rng(seed).multinomial(clusters, chances, samples).astype(np.float64)


def gammas(drawn: Floats, cells: Counts) -> Floats:
    """Compute the partial gamma of every replicate (samples,), nan without pairs to compare.

    `drawn` are weights (samples, clusters), `cells` counts (clusters, strata, rows, columns).
    """
    there = cells.any(axis=(1, 2, 3))
    counts = cells[there].reshape(int(there.sum()), int(np.prod(cells.shape[1:]))).astype(np.float64)
    own = drawn[:, there]
    step = max(1, _AT_ONCE // max(1, counts.shape[1]))
    parts = [_gammas((own[at : at + step] @ counts).reshape(-1, *cells.shape[1:])) for at in range(0, len(own), step)]
    return np.concatenate(parts)


def _gammas(totals: Floats) -> Floats:
    """Compute partial gammas (samples,) from tables (samples, strata, rows, columns)."""
    # Pairs of which one form is above and to the left of the other; all others that are tied in neither question are opposite.
    above = totals.cumsum(axis=2)[:, :, :-1].cumsum(axis=3)[:, :, :, :-1]
    same = np.einsum("bsij,bsij->b", totals[:, :, 1:, 1:], above)
    rows, columns = totals.sum(axis=3), totals.sum(axis=2)
    whole = rows.sum(axis=2)
    pairs = np.einsum("bs,bs->b", whole, whole) + np.einsum("bsij,bsij->b", totals, totals)
    untied = (pairs - np.einsum("bsi,bsi->b", rows, rows) - np.einsum("bsj,bsj->b", columns, columns)) / 2
    with np.errstate(invalid="ignore"):
        values: Floats = np.where(untied > 0, 2 * same - untied, np.nan) / np.where(untied > 0, untied, np.nan)
    return values


def ratios(drawn: Floats, above: Counts | Floats, below: Counts | Floats) -> Floats:
    """Compute a share or mean in every replicate (samples,), nan where nothing is below the line.

    `above` are hits, or sums of numbers, `below` how many forms they are of; both (clusters,).
    """
    a, m = drawn @ above.astype(np.float64), drawn @ below.astype(np.float64)
    values: Floats = np.divide(a, m, out=np.full(len(m), np.nan), where=m > 0)
    return values


def bootstrap(replicates: Floats, clusters: int) -> Bootstrap:
    """Compute the error from the replicates (samples,) of a figure that rests on so many `clusters`."""
    known = replicates[~np.isnan(replicates)]
    missing = len(replicates) - len(known)
    if len(known) < 2 or clusters < 2:
        return Bootstrap(None, len(replicates), missing)
    return Bootstrap(float(known.std(ddof=1) * np.sqrt(clusters / (clusters - 1))), len(replicates), missing)
