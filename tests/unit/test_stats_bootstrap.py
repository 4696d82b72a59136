"""The bootstrap of clusters: against all resamples of a few, forms drawn one by one, SciPy, and errors by formula."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy import stats

from frs_pipeline.stats.bootstrap import Bootstrap, bootstrap, gammas, ratios, weights
from frs_pipeline.stats.clustered import share, variance
from frs_pipeline.stats.clustered_gamma import gamma, partial_gamma
from frs_pipeline.stats.gamma import goodman_kruskal, partial

pytestmark = pytest.mark.unit


def _every_resample(clusters: int) -> np.ndarray:
    """All K^K ways to draw K clusters, as weights."""
    return np.array([np.bincount(drawn, minlength=clusters) for drawn in product(range(clusters), repeat=clusters)], dtype=float)


def _forms(seed: int, clusters: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).poisson(0.3, (clusters, *shape))


@pytest.mark.parametrize(("hits", "valid"), [([1, 2, 3], [4, 4, 4]), ([0, 3, 1, 2], [3, 3, 3, 3])])
def test_all_resamples_of_equal_clusters_have_the_variance_of_the_formula_but_for_one_cluster(
    hits: list[int], valid: list[int]
) -> None:
    a, m, clusters = np.array(hits), np.array(valid), len(hits)
    values = ratios(_every_resample(clusters), a, m)
    made = share(a, m)
    assert made.error is not None
    assert values.var() == pytest.approx(made.error**2 * (clusters - 1) / clusters, rel=1e-12)
    if hits == [1, 2, 3]:
        assert values.var() == pytest.approx(0.0138888888889, rel=1e-9)
    z = (a - a.sum() / m.sum() * m) / m.sum()
    assert variance(float(z @ z), clusters) == pytest.approx(made.error**2)


def test_replicates_are_the_gammas_of_the_forms_that_are_drawn() -> None:
    cells = _forms(1, 7, 2, 3, 4)
    drawn = weights(7, samples=40, seed=3)
    assert drawn.sum(axis=1).tolist() == [7] * 40
    of_one, of_strata = gammas(drawn, cells.sum(axis=1, keepdims=True)), gammas(drawn, cells)
    for number, times in enumerate(drawn.astype(int)):
        rows = np.repeat(cells, times, axis=0)
        expected = goodman_kruskal(rows.sum(axis=(0, 1)).tolist()).gamma
        assert of_one[number] == pytest.approx(np.nan if expected is None else expected, nan_ok=True)
        first_order = partial([table.tolist() for table in rows.sum(axis=0)]).gamma
        assert of_strata[number] == pytest.approx(np.nan if first_order is None else first_order, nan_ok=True)


def test_replicates_are_the_same_however_many_are_computed_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    cells, drawn = _forms(2, 12, 2, 3, 3), weights(12, samples=50)
    at_once = gammas(drawn, cells)
    monkeypatch.setattr("frs_pipeline.stats.bootstrap._AT_ONCE", 100)
    assert np.array_equal(gammas(drawn, cells), at_once, equal_nan=True)


def test_replicates_without_pairs_are_counted() -> None:
    # Only a draw of both clusters has rows and columns that differ.
    cells = np.array([[[[2, 0], [0, 0]]], [[[0, 0], [0, 3]]]])
    values = gammas(np.array([[2.0, 0], [1, 1], [0, 2], [1, 1]]), cells)
    assert np.isnan(values).tolist() == [True, False, True, False]
    assert bootstrap(values, 2) == Bootstrap(0.0, 4, 2)
    assert bootstrap(np.array([np.nan, 0.5]), 2) == Bootstrap(None, 2, 1)
    assert bootstrap(np.array([0.5, 0.6]), 1) == Bootstrap(None, 2, 0)


def test_a_share_has_the_error_that_scipy_finds_by_resampling() -> None:
    rng = np.random.default_rng(4)
    valid = rng.integers(1, 12, 80)
    hits = rng.binomial(valid, rng.beta(2, 3, 80))

    def ratio(a: np.ndarray, m: np.ndarray, axis: int) -> np.ndarray:
        return a.sum(axis=axis) / m.sum(axis=axis)

    theirs = stats.bootstrap((hits, valid), ratio, paired=True, n_resamples=6000, method="percentile", rng=rng).standard_error
    ours = bootstrap(ratios(weights(80, 6000), hits, valid), 80).error
    assert ours == pytest.approx(theirs * np.sqrt(80 / 79), rel=0.04)
    assert ours == pytest.approx(share(hits, valid).error, rel=0.04)


def test_gammas_have_the_errors_of_the_formula() -> None:
    rng = np.random.default_rng(5)
    x = rng.integers(0, 4, (150, 5))
    y = np.clip(x + rng.integers(-2, 3, x.shape) + rng.integers(-1, 2, (150, 1)), 0, 4)
    cells = np.zeros((150, 2, 4, 5), dtype=np.int64)
    np.add.at(cells, (np.repeat(np.arange(150), 5), np.tile([0, 0, 1, 1, 1], 150), x.ravel(), y.ravel()), 1)
    drawn = weights(150, 4000)
    assert bootstrap(gammas(drawn, cells), 150).error == pytest.approx(partial_gamma(cells).error, rel=0.05)
    whole = cells.sum(axis=1)
    assert bootstrap(gammas(drawn, whole[:, np.newaxis]), 150).error == pytest.approx(gamma(whole).error, rel=0.05)


def test_a_seed_makes_the_same_weights() -> None:
    assert np.array_equal(weights(9, 20, 1), weights(9, 20, 1))
    assert not np.array_equal(weights(9, 20, 1), weights(9, 20, 2))


def test_clusters_without_a_form_change_nothing_but_how_often_others_are_drawn() -> None:
    cells = _forms(6, 40, 1, 3, 3)
    drawn = weights(50, 30)
    padded = np.concatenate([cells, np.zeros((10, 1, 3, 3), dtype=np.int64)])
    assert np.array_equal(gammas(drawn, padded), gammas(drawn[:, :40], cells))
    assert np.isnan(gammas(drawn, padded * 0)).all()
