"""Other statistics of forms that belong together, held against R, SAS, SciPy, statsmodels and closed forms.

Values marked R are from R 4.2.2 with survey 4.1-1: `svychisq(statistic = "F")`, and `svycontrast` (delta method) on totals of the
cells, on one stratum of conferences with weights of 1. Values marked SAS are those that its manual prints of a trial of a drug.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats
from statsmodels.stats.contingency_tables import SquareTable

from frs_pipeline.stats import clustered_ordinal, clustered_tests
from frs_pipeline.stats.clustered import Estimate, variance
from frs_pipeline.stats.clustered_gamma import gamma
from frs_pipeline.stats.clustered_ordinal import somers_d, tau_b, tau_c
from frs_pipeline.stats.clustered_tests import bowker, cramers_v, rao_scott, stuart_maxwell

pytestmark = pytest.mark.unit

Estimator = Callable[[np.ndarray], Estimate]
ORDINAL: tuple[Estimator, ...] = (somers_d, tau_b, tau_c)
SQUARE: tuple[Estimator, ...] = (bowker, stuart_maxwell)
EVERY: tuple[Estimator, ...] = (*ORDINAL, rao_scott, cramers_v, *SQUARE)
MEASURES = {somers_d: clustered_ordinal._somers_d, tau_b: clustered_ordinal._tau_b, tau_c: clustered_ordinal._tau_c}


def _tables(text: str) -> np.ndarray:
    return np.array([[[int(n) for n in row.split()] for row in table.split("/")] for table in text.split("·")])


SIX = _tables(
    "2 1 0/1 0 1/0 0 1 · 0 1 0/1 2 0/0 1 2 · 3 0 0/0 1 0/0 0 0 · 1 0 1/0 1 1/1 0 2 · 0 0 0/2 1 0/0 2 1 · 1 1 0/0 0 0/0 1 3"
)
EMPTY_CELL = _tables("2 1 0/1 0 1·0 1 0/1 2 3·3 0 0/0 1 1·1 0 0/1 1 2·1 0 0/2 1 0·1 1 0/0 0 1·0 2 0/0 1 0·4 1 0/0 1 2")
SPARSE = _tables("1 0 0/2 0 0/0 1 1·2 0 0/0 0 0/1 1 2·1 0 0/1 0 0/0 1 0·0 0 0/2 0 0/1 0 3·1 0 0/1 0 0/1 0 1·3 0 0/1 0 0/0 2 2")
TRIAL = np.array([[26, 26, 23, 18, 9], [6, 7, 9, 14, 23]])  # rows: no adverse reaction, one; columns: dose


def alone(cells: np.ndarray) -> np.ndarray:
    """Make each form of counts (clusters, rows, columns) a cluster of its own."""
    totals = cells.sum(axis=0)
    each = np.eye(totals.size, dtype=np.int64).reshape(totals.size, *totals.shape)
    return np.repeat(each, totals.ravel(), axis=0)


def rows_of(table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The answers of each form of a table (rows, columns)."""
    rows, columns = np.indices(table.shape)
    return np.repeat(rows, table.ravel()), np.repeat(columns, table.ravel())


def linearised(estimator: Estimator, cells: np.ndarray) -> float:
    """The linearised error, which isn't the one that is used where clusters are few."""
    totals = cells.sum(axis=0).astype(float)
    figure = MEASURES[estimator](totals, min(totals.shape))
    z = (cells * figure.slope).sum(axis=(1, 2))
    return float(np.sqrt(variance(float(z @ z), len(cells))))


counts = arrays(np.int64, st.tuples(st.integers(2, 6), st.integers(2, 4), st.integers(2, 4)), elements=st.integers(0, 4))
squares = st.integers(2, 4).flatmap(
    lambda answers: arrays(np.int64, st.tuples(st.integers(2, 6), st.just(answers), st.just(answers)), elements=st.integers(0, 4))
)


@pytest.mark.parametrize(
    ("estimator", "value", "error", "error_alone"),  # R
    [
        (somers_d, 0.526806526806527, 0.117125482706555, 0.117766038132065),
        (tau_b, 0.524974150726674, 0.117678724790785, 0.116367037459777),
        (tau_c, 0.523148148148148, 0.118475911837464, 0.115223712912077),
    ],
)
def test_ordinal_measures_are_those_of_r(estimator, value, error, error_alone):
    assert estimator(SIX).value == pytest.approx(value, rel=1e-13)
    assert linearised(estimator, SIX) == pytest.approx(error, rel=1e-12)
    assert linearised(estimator, alone(SIX)) == pytest.approx(error_alone, rel=1e-12)


@pytest.mark.parametrize(
    ("estimator", "table", "value", "error"),  # SAS
    [
        (somers_d, TRIAL, 0.4427, 0.0837),
        (somers_d, TRIAL.T, 0.2569, 0.0499),
        (tau_b, TRIAL, 0.3373, 0.0642),
        (tau_c, TRIAL, 0.4111, 0.0798),
    ],
)
def test_with_one_form_each_errors_are_the_ordinary_ones(estimator, table, value, error):
    made, n = estimator(alone(table[np.newaxis])), int(table.sum())
    assert made.value == pytest.approx(value, abs=5e-5)
    assert made.error is not None
    assert made.error * np.sqrt((n - 1) / n) == pytest.approx(error, abs=5e-5)
    assert (made.method, made.clusters, made.n, made.df) == ("fisher", n, n, n - 1)
    assert made.design_effect == pytest.approx(1, abs=1e-12)


@settings(deadline=None)
@given(counts)
def test_values_are_those_of_scipy(cells):
    totals = cells.sum(axis=0)
    rows, columns = (np.count_nonzero(totals.sum(axis=axis)) for axis in (1, 0))
    if min(rows, columns) < 2:
        assert {estimator(cells).value for estimator in ORDINAL} == {None}
        return
    x, y = rows_of(totals)
    # It takes no table with an answer that nobody gave.
    present = totals[totals.any(axis=1)][:, totals.any(axis=0)]
    assert somers_d(cells).value == pytest.approx(stats.somersd(present).statistic, abs=1e-12)
    assert tau_b(cells).value == pytest.approx(stats.kendalltau(x, y, variant="b").statistic, abs=1e-12)
    assert tau_c(cells).value == pytest.approx(stats.kendalltau(x, y, variant="c").statistic, abs=1e-12)
    chi2 = stats.chi2_contingency(present, correction=False).statistic
    assert rao_scott(cells).value == pytest.approx(chi2, abs=1e-9)
    assert cramers_v(cells).value == pytest.approx(stats.contingency.association(present, method="cramer"), abs=1e-9)


def test_limits_lie_on_fishers_scale():
    forms = alone(np.array([[[40, 20, 5], [15, 30, 20], [4, 18, 35]]]))
    for estimator in ORDINAL:
        made = estimator(forms)
        assert made.value is not None and made.error is not None and made.low is not None and made.high is not None
        reach = stats.t.ppf(0.975, len(forms) - 1) * made.error / (1 - made.value**2)
        assert np.arctanh([made.low, made.high]) == pytest.approx(np.arctanh(made.value) + np.array([-reach, reach]))


def test_the_error_of_few_clusters_is_the_jackknifes():
    for estimator in ORDINAL:
        left = [estimator(np.delete(SIX, k, axis=0)).value for k in range(6)]
        made = estimator(SIX)
        assert made.method == "fisher_jackknife"
        assert made.error == pytest.approx(np.sqrt(5 / 6 * ((np.array(left) - np.mean(left)) ** 2).sum()), rel=1e-12)


def test_ordinal_measures_have_the_test_of_gamma_which_with_one_form_each_is_that_of_scipy():
    for cells in (SIX, alone(SIX), alone(TRIAL[np.newaxis])):
        assert {(estimator(cells).t, estimator(cells).p) for estimator in ORDINAL} == {(gamma(cells).t, gamma(cells).p)}
    p = stats.somersd(TRIAL).pvalue
    t = somers_d(alone(TRIAL[np.newaxis])).t
    assert t == pytest.approx(stats.norm.isf(p / 2), rel=0.02)  # ours is weighed up a little
    assert t < stats.norm.isf(p / 2)


@pytest.mark.parametrize(
    ("cells", "chi2", "f", "df", "other", "p"),  # R
    [
        (SIX, 13.3636363636364, 3.4784719627027063, 2.4132593230507813, 12.066296615253906, 0.0575646386022866),
        (alone(SIX), 13.3636363636364, 3.2481060606060601, 4, 140, 0.0139223063463307),
        (EMPTY_CELL, 12.6861373920197, 8.34023326055700487, 1.68768849006423016, 11.81381943044961069, 0.00703701730057721),
    ],
)
def test_chi_squared_is_corrected_as_r_does(cells, chi2, f, df, other, p):
    made = rao_scott(cells)
    assert (made.value, made.t, made.df) == pytest.approx((chi2, f, df), rel=1e-12)
    assert made.df is not None and made.df * (made.clusters - 1) == pytest.approx(other, rel=1e-12)
    assert made.p == pytest.approx(p, rel=1e-11)
    assert (made.low, made.high, made.reason) == (None, None, "no_method")
    of_v = cramers_v(cells)
    assert (of_v.t, of_v.df, of_v.p) == (made.t, made.df, made.p)


def test_with_one_form_each_the_correction_of_chi_squared_is_next_to_none():
    made, n = rao_scott(alone(TRIAL[np.newaxis])), int(TRIAL.sum())
    chi2 = stats.chi2_contingency(TRIAL, correction=False)
    assert made.design_effect == pytest.approx(n / (n - 1), rel=1e-12)
    assert made.t == pytest.approx(chi2.statistic / 4 * (n - 1) / n, rel=1e-12)
    assert made.df == pytest.approx(4)
    assert made.p == pytest.approx(stats.f.sf(made.t, 4, 4 * (n - 1)), rel=1e-9)


def test_where_too_many_cells_are_empty_chi_squared_is_corrected_by_margins():
    """R's `svychisq` stops there; its value here is of the linearised covariance of the differences from independence."""
    made = rao_scott(SPARSE)
    assert clustered_tests._saturated(SPARSE.astype(float)) is None
    assert (made.value, made.t, made.df) == pytest.approx((21.9607843137255, 13.1301289566237, 1.72408163458736), rel=1e-12)
    assert made.p == pytest.approx(0.00294294293913532, rel=1e-11)


def test_limits_of_v_are_those_whose_noncentral_f_leaves_a_fortieth_on_either_side():
    made = cramers_v(alone(TRIAL[np.newaxis]))
    n = made.n
    for limit, probability in ((made.low, 0.975), (made.high, 0.025)):
        noncentrality = limit**2 * n / made.design_effect
        assert stats.ncf.cdf(made.t, 4, 4 * (n - 1), noncentrality) == pytest.approx(probability, rel=1e-6)
    assert made.method == "noncentral" and made.reason is None


def test_v_of_a_table_without_association_has_an_interval_from_0_that_is_no_point():
    independent = alone(np.array([[[4, 8, 12], [5, 10, 15]]]))
    made = cramers_v(independent)
    assert made.value == pytest.approx(0, abs=1e-12)
    assert made.low == 0
    assert made.high is not None and 0.3 < made.high < 0.5
    assert made.p == pytest.approx(1)


def test_symmetry_with_one_form_each_is_that_of_statsmodels():
    forms = alone(SIX)
    table = SquareTable(SIX.sum(axis=0), shift_zeros=False)
    for estimator, theirs in ((bowker, table.symmetry()), (stuart_maxwell, table.homogeneity())):
        made = estimator(forms)
        assert made.value == pytest.approx(theirs.statistic, rel=1e-12)
        assert made.t == pytest.approx(theirs.statistic, rel=1e-12)
        assert made.df == theirs.df
        assert made.p == pytest.approx(theirs.pvalue, rel=0.05)


@settings(deadline=None)
@given(squares)
def test_symmetry_of_the_table_is_that_of_statsmodels_and_with_one_form_each_the_robust_one_is_the_same(cells):
    table = SquareTable(cells.sum(axis=0), shift_zeros=False)
    made = bowker(cells)
    if made.value is None:
        assert not np.triu(cells.sum(axis=0) + cells.sum(axis=0).T, 1).any()
        return
    assert made.value == pytest.approx(table.symmetry().statistic, abs=1e-9)
    own = bowker(alone(cells))
    assert own.t is None or own.t == pytest.approx(made.value, abs=1e-9)
    marginal, own = stuart_maxwell(cells), stuart_maxwell(alone(cells))
    assert own.t is None or own.t == pytest.approx(marginal.value, abs=1e-9)
    changed = cells.sum(axis=0)
    changed = changed + changed.T
    np.fill_diagonal(changed, 0)
    if np.linalg.matrix_rank(np.diag(changed.sum(axis=0)) - changed) == len(changed) - 1:
        assert marginal.value == pytest.approx(table.homogeneity().statistic, abs=1e-8)


def test_of_two_answers_both_are_mcnemars_and_the_robust_one_is_known():
    # Clusters of one direction: differences 2, 1, -1, 3, 0 add up to 5, and their squares to 15.
    cells = np.array([[[1, 2], [0, 1]], [[0, 3], [2, 0]], [[2, 0], [1, 2]], [[0, 3], [0, 1]], [[5, 1], [1, 2]]])
    for estimator in SQUARE:
        made = estimator(cells)
        assert made.value == pytest.approx((9 - 4) ** 2 / (9 + 4), rel=1e-12)
        assert (made.t, made.df) == pytest.approx((25 / 15, 1), rel=1e-12)
        t_squared = 25 / 15 * 4 / (5 - 25 / 15)
        assert made.p == pytest.approx(2 * stats.t.sf(np.sqrt(t_squared), 4), rel=1e-12)


def test_few_clusters_that_all_change_alike_are_as_unlikely_as_coins():
    cells = np.array([[[0, 2], [0, 1]]] * 6)
    assert bowker(cells).p == pytest.approx(2 * 0.5**6)
    many = np.concatenate([cells, [[[3, 0], [0, 1]]] * 94])
    assert bowker(many).p == pytest.approx(2 * 0.5**6)


@settings(deadline=None)
@given(counts)
def test_clusters_twice_halve_the_variance(cells):
    twice = np.concatenate([cells, cells])
    for estimator in ORDINAL:
        if (value := estimator(cells).value) is None:
            continue
        assert estimator(twice).value == pytest.approx(value, abs=1e-12)
        there = cells[cells.any(axis=(1, 2))]
        k = len(there)
        if k > 1:
            ratio = (k - 1) / (2 * k - 1)
            error = linearised(estimator, np.concatenate([there, there]))
            assert error**2 == pytest.approx(linearised(estimator, there) ** 2 * ratio, rel=1e-9, abs=1e-15)
    once, double = rao_scott(cells), rao_scott(twice)
    if once.t is not None and once.design_effect and double.design_effect:
        k = once.clusters
        assert double.value == pytest.approx(2 * once.value, rel=1e-9)
        assert double.design_effect == pytest.approx(once.design_effect * 2 * (k - 1) / (2 * k - 1), rel=1e-6)


@settings(deadline=None)
@given(squares)
def test_clusters_twice_double_what_tests_symmetry(cells):
    for estimator in SQUARE:
        once, twice = estimator(cells), estimator(np.concatenate([cells, cells]))
        if once.t is not None:
            assert (twice.t, twice.df) == pytest.approx((2 * once.t, once.df), abs=1e-8)


@settings(max_examples=300, deadline=None)
@given(st.one_of(counts, squares))
def test_whatever_the_table_an_interval_has_a_width_and_holds_the_value_or_there_is_a_reason(cells):
    estimators = EVERY if cells.shape[1] == cells.shape[2] else EVERY[:-2]
    for estimator in estimators:
        made = estimator(cells)
        assert (made.low is None) == (made.high is None) == (made.reason is not None)
        if made.low is not None and made.high is not None:
            assert made.value is not None
            assert -1 <= made.low < made.high <= 1
            assert made.low <= made.value <= made.high
        assert made.p is None or 0 <= made.p <= 1
        assert made.t is None or np.isfinite(made.t)
        assert (made.t is None) == (made.p is None)
        assert made.n == cells.sum()


ONE_ROW = np.array([[[1, 2], [0, 0]], [[3, 1], [0, 0]]])
PERFECT = np.array([[[2, 0], [0, 1]], [[1, 0], [0, 4]], [[3, 0], [0, 2]]])
ALIKE = np.array([[[3, 1], [1, 2]]] * 5)


@pytest.mark.parametrize("estimator", EVERY)
@pytest.mark.parametrize(
    ("cells", "reason"),
    [(np.zeros((3, 2, 2), dtype=np.int64), "no_forms"), (np.zeros((0, 2, 2), dtype=np.int64), "no_forms")],
)
def test_nothing_is_made_of_no_forms(estimator, cells, reason):
    made = estimator(cells)
    assert (made.value, made.low, made.p, made.reason) == (None, None, None, reason)


@pytest.mark.parametrize("estimator", EVERY)
def test_one_cluster_has_a_value_alone(estimator):
    made = estimator(np.array([[[3, 1], [4, 2]], [[0, 0], [0, 0]]]))
    assert made.value is not None
    assert (made.low, made.high, made.t, made.p, made.reason) == (None, None, None, None, "one_cluster")


@pytest.mark.parametrize(
    ("estimator", "cells", "value", "reason"),
    [
        *((estimator, ONE_ROW, None, "no_pairs") for estimator in (*ORDINAL, rao_scott, cramers_v)),
        *((estimator, PERFECT, 1, "perfect") for estimator in (somers_d, tau_b, cramers_v)),
        (tau_c, PERFECT, 2 * 2 * 6 * 7 / 13**2, "perfect"),
        (rao_scott, PERFECT, 13, "perfect"),
        *((estimator, PERFECT, None, "no_spread") for estimator in SQUARE),
        *((estimator, PERFECT[:, ::-1], -1, "perfect") for estimator in (somers_d, tau_b)),
    ],
)
def test_a_degenerate_table_is_not_computable_and_says_why(estimator, cells, value, reason):
    made = estimator(cells)
    assert made.value == (value if value is None else pytest.approx(value))
    assert (made.low, made.high, made.reason) == (None, None, reason)


def test_a_d_of_1_with_ties_is_perfect():
    made = somers_d(np.array([[[5, 3, 0, 0], [0, 0, 2, 2]], [[1, 0, 0, 0], [0, 0, 1, 1]]]))
    assert (made.value, made.low, made.reason) == (1, None, "perfect")
    assert tau_b(np.array([[[5, 3, 0, 0], [0, 0, 2, 2]], [[1, 0, 0, 0], [0, 0, 1, 1]]])).value < 1


@pytest.mark.parametrize("estimator", EVERY)
def test_clusters_that_are_all_alike_tell_nothing_of_others(estimator):
    made = estimator(ALIKE if estimator not in SQUARE else np.array([[[1, 2], [2, 4]]] * 5))
    assert made.value is not None
    assert (made.low, made.high, made.t, made.p, made.reason) == (None, None, None, None, "no_spread")


def test_as_many_directions_as_clusters_test_nothing():
    cells = np.zeros((3, 3, 3), dtype=np.int64)
    cells[0, 0, 1] = cells[1, 0, 2] = cells[2, 1, 2] = 1
    made = bowker(cells)
    assert (made.value, made.t, made.p, made.reason) == (3, None, None, "few_pairs")


def test_answers_before_and_after_have_to_be_the_same():
    with pytest.raises(ValueError, match="the same"):
        bowker(np.zeros((2, 2, 3), dtype=np.int64))


@pytest.mark.parametrize("estimator", EVERY)
def test_small_integers_dont_overflow(estimator):
    cells = SIX * 500
    assert estimator(cells.astype(np.int16)) == estimator(cells)


def test_under_the_null_about_a_twentieth_is_rejected():
    """Conferences whose forms are alike; a seed, and limits that the size leaves in one of a thousand runs."""
    rng = np.random.default_rng(16)
    cuts = stats.norm.ppf([0.3, 0.7])
    rejected: dict[Estimator, int] = dict.fromkeys((rao_scott, stuart_maxwell, tau_b), 0)
    plain = 0
    for _ in range(300):
        cells = np.zeros((60, 3, 3), dtype=np.int64)
        for cluster in cells:
            first, second = np.sqrt(0.3) * rng.normal(size=2)
            answers = (np.searchsorted(cuts, each + np.sqrt(0.7) * rng.normal(size=8)) for each in (first, second))
            np.add.at(cluster, tuple(answers), 1)
        for estimator in rejected:
            made = estimator(cells)
            assert made.p is not None
            rejected[estimator] += made.p < 0.05
        plain += stats.chi2.sf(stuart_maxwell(cells).value, 2) < 0.05
    assert all(4 <= number <= 29 for number in rejected.values()), rejected
    assert plain > 60  # what it would be without clusters


def test_the_last_digit_of_chi_squared_doesnt_depend_on_how_many_processors_share_the_work():
    # Tables as large as those that BLAS shares out.
    code = (
        "import numpy as np; from frs_pipeline.stats.clustered_tests import rao_scott; draw = np.random.default_rng(1).poisson;"
        "print([rao_scott(draw(0.3, size)) for size in ((3000, 10, 10), (200, 12, 12))])"
    )

    def printed(threads):
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": threads}
        return subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=True).stdout

    assert printed("1") == printed("2")
