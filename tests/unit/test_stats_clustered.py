"""Shares, means and gammas of forms that belong together, held against R and closed forms.

Values marked R are from R 4.2.2 with survey 4.1-1 (svymean, svyby, svycontrast, withReplicates) and clubSandwich 0.5.8 (CR2,
Satterthwaite), on one stratum of conferences with weights of 1.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from frs_pipeline.stats import clustered_gamma
from frs_pipeline.stats.clustered import (
    Cells,
    Estimate,
    difference_of_shares,
    share,
    shares,
    variance,
)
from frs_pipeline.stats.clustered_gamma import correlated, difference_of_gammas, gamma, pairs_of, partial_gamma
from frs_pipeline.stats.clustered_means import Numbers, difference_of_means, mean
from frs_pipeline.stats.gamma import goodman_kruskal, partial

pytestmark = pytest.mark.unit


def _tables(text: str) -> np.ndarray:
    return np.array([[[int(n) for n in row.split()] for row in table.split("/")] for table in text.split("·")])


A = np.array([2, 0, 3, 1, 4, 2, 0, 5]), np.array([4, 3, 5, 2, 6, 4, 1, 7])
B = np.array([1, 1, 2, 0, 3, 0, 1, 2]), np.array([2, 3, 4, 1, 5, 0, 2, 3])
F = np.array([5, 4, 0, 0, 3, 0, 6, 0, 2, 0]), np.array([5, 5, 3, 4, 3, 5, 7, 3, 2, 2])
THREE = np.array([[2, 1, 1], [0, 2, 1], [3, 1, 1], [1, 1, 0], [4, 1, 1], [2, 0, 2], [0, 1, 0], [5, 1, 1]])
F_THREE = np.array([[5, 0, 0], [4, 1, 0], [0, 0, 3], [0, 4, 0], [3, 0, 0], [0, 1, 4], [6, 0, 1], [0, 3, 0], [2, 0, 0], [0, 0, 2]])
SIX = _tables(
    "2 1 0/1 0 1/0 0 1 · 0 1 0/1 2 0/0 1 2 · 3 0 0/0 1 0/0 0 0 · 1 0 1/0 1 1/1 0 2 · 0 0 0/2 1 0/0 2 1 · 1 1 0/0 0 0/0 1 3"
)
SECOND = _tables(
    "1 0 0/0 1 1/0 0 0 · 0 0 0/0 0 0/0 0 0 · 0 1 0/1 0 0/0 0 1 · 0 0 0/0 2 0/0 0 1 · 1 0 0/0 0 0/1 0 0 · 0 0 1/0 1 0/0 0 2"
)


def _numbers(sums: np.ndarray, squares: np.ndarray, sizes: np.ndarray) -> Numbers:
    return Numbers(sums.astype(float), squares.astype(float), sizes.astype(float))


def _variance(z: np.ndarray, clusters: int) -> float:
    return variance(float(z @ z), clusters)


def _design(counts: np.ndarray) -> float:
    return Cells(counts).design([[place] for place in range(counts.shape[1])])


@pytest.mark.parametrize(
    ("counts", "p", "error", "df", "effect"),  # R
    [
        (A, 0.53125, 0.0767456355640, 7, 0.7332107843137),
        (B, 0.5, 0.0540061724867, 6, 0.2216666666667),
        (F, 0.512820512821, 0.156338433724, 9, 3.717583461173),
    ],
)
def test_a_share_has_the_error_that_r_gives(
    counts: tuple[np.ndarray, np.ndarray], p: float, error: float, df: int, effect: float
) -> None:
    found = share(*counts)
    assert (found.value, found.error, found.design_effect) == pytest.approx((p, error, effect), abs=1e-12)
    assert found.df == df


def test_wilsons_interval_takes_the_effective_number_of_forms() -> None:
    assert (share(*A).low, share(*A).high) == pytest.approx((0.3340868941, 0.7191166965), abs=1e-10)
    f = share(*F)
    assert (f.n_effective, f.low, f.high) == pytest.approx((10.2216938495, 0.2198090647, 0.7972776997), abs=1e-10)
    assert share(*A).icc == pytest.approx(-0.0545637514191, abs=1e-12)  # R, aov


def test_answers_of_a_question_have_one_design_effect() -> None:
    assert _design(THREE) == 1
    assert _design(F_THREE) == pytest.approx(3.6197496408, abs=1e-10)
    third = shares(F_THREE)[2]
    assert (third.n_effective, third.low, third.high) == pytest.approx((10.7742258083, 0.0749467089, 0.5947537534), abs=1e-10)
    assert [found.error for found in shares(THREE)] == pytest.approx([0.07675, 0.06887, 0.04757], abs=5e-6)  # R


def test_a_share_of_nothing_or_everything_has_an_interval() -> None:
    valid = np.ones(8, dtype=int)
    none, every = share(0 * valid, valid), share(valid, valid)
    assert (none.low, none.high) == (0, pytest.approx(0.4113945705, abs=1e-10))
    assert (every.low, every.high) == (pytest.approx(1 - 0.4113945705, abs=1e-10), 1)


def test_a_difference_of_shares_knows_that_conferences_agree() -> None:
    found = difference_of_shares(A, B)
    assert (found.value, found.error, found.df) == pytest.approx((0.03125, 0.0452836268848, 7), abs=1e-12)  # R
    assert (found.low, found.high) == pytest.approx((-0.1074211607, 0.1701468907), abs=1e-10)
    assert found.p == pytest.approx(0.5123574777, abs=1e-9)
    few = difference_of_shares(A, (np.minimum(B[0], 1), B[1]))
    assert few.error is not None and few.p is None  # fewer than ten hits
    one, other = THREE[:, 0], THREE[:, 1]
    of_one_question = difference_of_shares((one, THREE.sum(axis=1)), (other, THREE.sum(axis=1)))
    assert of_one_question.error == pytest.approx(0.137854023749, abs=1e-12)  # R


def test_a_difference_without_clusters_is_newcombes() -> None:
    # 56 of 70 and 48 of 80: .0524 to .3339 with the normal quantile, which t on 149 degrees of freedom and n - 1 for n come near.
    hits = np.r_[np.repeat([1, 0], [56, 14]), np.repeat(0, 80)], np.r_[np.repeat(0, 70), np.repeat([1, 0], [48, 32])]
    valid = np.repeat([1, 0], [70, 80]), np.repeat([0, 1], [70, 80])
    found = difference_of_shares((hits[0], valid[0]), (hits[1], valid[1]))
    assert (found.low, found.high) == pytest.approx((0.0524, 0.3339), abs=4e-3)
    assert found.p is not None


def test_means_of_few_clusters_are_those_of_clubsandwich() -> None:
    a, b = (_numbers(hits, hits, valid) for hits, valid in (A, B))
    assert (mean(a).error, mean(a).df) == pytest.approx((0.0777353383607, 5.5864711548571), abs=1e-12)  # R
    assert (mean(b).error, mean(b).df) == pytest.approx((0.0544225716543, 4.9145966850829), abs=1e-12)  # R
    found = difference_of_means(a, b)
    assert (found.error, found.df) == pytest.approx((0.0445064489550, 5.4730286301986), abs=1e-12)  # R
    codes = np.array([1, 2, 3])
    of_codes = _numbers(THREE @ codes, THREE @ codes**2, THREE.sum(axis=1))
    assert mean(of_codes).value == 1.6875
    assert np.sqrt(_variance(of_codes.influence, 8)) == pytest.approx(0.107525822272, abs=1e-12)  # R


def test_a_mean_of_many_clusters_is_linearised() -> None:
    numbers = _numbers(*(np.tile(each, 5) for each in (A[0], A[0], A[1])))
    found = mean(numbers)
    assert (found.method, found.df) == ("linearised", 39)
    assert found.error == pytest.approx(share(np.tile(A[0], 5), np.tile(A[1], 5)).error)


def test_gamma_has_the_errors_that_r_gives() -> None:
    pairs = pairs_of(SIX[:, np.newaxis])
    assert pairs.value == pytest.approx(0.719745222930, abs=1e-12)
    assert np.sqrt(_variance(pairs.influence, 6)) == pytest.approx(0.136548253044, abs=1e-12)  # R
    assert clustered_gamma.jackknife_error(SIX[:, np.newaxis]) == pytest.approx(0.144503387523, abs=1e-12)  # R, JK1
    null = 2 * (pairs.agreeing - pairs.expected) / pairs.untied.sum()
    assert np.sqrt(_variance(null, 6)) == pytest.approx(0.1629987067, abs=1e-10)
    found = gamma(SIX)
    assert found.method == "fisher_jackknife"
    reach = 2.5705818366147 * 0.144503387523 / (1 - 0.719745222930**2)  # t(.975; 5)
    middle = np.arctanh(0.719745222930)
    assert (found.low, found.high) == pytest.approx((np.tanh(middle - reach), np.tanh(middle + reach)), abs=1e-9)


def test_a_partial_gamma_adds_up_strata_before_it_squares() -> None:
    both = np.stack([SIX, SECOND], axis=1)
    pairs = pairs_of(both)
    assert pairs.value == pytest.approx(0.691891891892, abs=1e-12)
    assert np.sqrt(_variance(pairs.influence, 6)) == pytest.approx(0.112696848785, abs=1e-12)  # R
    assert clustered_gamma.jackknife_error(both) == pytest.approx(0.126313626, abs=1e-9)
    null = 2 * (pairs.agreeing - pairs.expected) / pairs.untied.sum()
    assert np.sqrt(_variance(null, 6)) == pytest.approx(0.1346610302, abs=1e-10)
    assert partial_gamma(both).value == partial([SIX.sum(axis=0), SECOND.sum(axis=0)]).gamma


def test_with_many_clusters_the_interval_is_fishers_of_the_linearised_error() -> None:
    many = np.tile(SIX, (10, 1, 1))
    found, pairs = gamma(many), pairs_of(many[:, np.newaxis])
    assert found.method == "fisher"
    assert found.error == pytest.approx(np.sqrt(_variance(pairs.influence, 60)))
    assert found.t == pytest.approx(found.value / clustered_gamma.null_error(pairs, 60))


small_tables = arrays(np.int64, st.tuples(st.integers(2, 8), st.integers(2, 4), st.integers(2, 4)), elements=st.integers(0, 4))


def _alone(cells: np.ndarray) -> np.ndarray:
    """Make every form a cluster of its own (forms, rows, columns)."""
    each = [np.eye(cells[0].size, dtype=int)[at] for at in np.repeat(np.arange(cells[0].size), cells.sum(axis=0).ravel())]
    return np.array(each).reshape(-1, *cells.shape[1:])


@given(small_tables)
@settings(max_examples=60, deadline=None)
def test_one_form_per_cluster_gives_the_ordinary_errors(cells: np.ndarray) -> None:
    n = int(cells.sum())
    known = goodman_kruskal(cells.sum(axis=0))
    found = gamma(_alone(cells)) if n else gamma(cells)
    assert found.value == (None if known.gamma is None else pytest.approx(known.gamma, abs=1e-12))
    if known.gamma is None or known.ase is None or n < 2:
        return
    error = np.sqrt(_variance(pairs_of(_alone(cells)[:, np.newaxis]).influence, n))
    assert error == pytest.approx(known.ase * np.sqrt(n / (n - 1)), abs=1e-9)
    answers = cells.sum(axis=(0, 2))
    p = answers[0] / n
    single = _alone(cells).sum(axis=2)[:, 0]
    assert share(single, np.ones(n, dtype=int)).error == pytest.approx(np.sqrt(p * (1 - p) / (n - 1)), abs=1e-12)


@given(small_tables)
@settings(max_examples=60, deadline=None)
def test_conferences_twice_halve_the_variance(cells: np.ndarray) -> None:
    once, twice = pairs_of(cells[:, np.newaxis]), pairs_of(np.concatenate([cells, cells])[:, np.newaxis])
    clusters = int(np.count_nonzero(once.forms))
    if once.value is None or clusters < 2:
        return
    expected = _variance(once.influence, clusters) * (clusters - 1) / (2 * clusters - 1)
    assert _variance(twice.influence, 2 * clusters) == pytest.approx(expected, abs=1e-12)


@given(small_tables)
@settings(max_examples=60, deadline=None)
def test_gamma_is_the_same_transposed_and_turns_when_an_order_is_reversed(cells: np.ndarray) -> None:
    found = gamma(cells)
    _equal(gamma(cells.transpose(0, 2, 1)), found)
    reversed_ = gamma(cells[:, ::-1])
    if found.low is not None and found.high is not None:
        assert (reversed_.low, reversed_.high) == pytest.approx((-found.high, -found.low), abs=1e-9)
    assert reversed_.reason == found.reason


@given(small_tables)
@settings(max_examples=60, deadline=None)
def test_strata_that_are_one_are_no_strata(cells: np.ndarray) -> None:
    _equal(partial_gamma(np.stack([cells, 0 * cells], axis=1)), gamma(cells))


@given(small_tables, st.booleans())
@settings(max_examples=150, deadline=None)
def test_no_interval_is_a_point_and_none_lies_beside_its_figure(cells: np.ndarray, perfect: bool) -> None:
    if perfect:
        cells = cells * np.eye(cells.shape[1], cells.shape[2], dtype=int)
    every: list[Estimate] = [gamma(cells), partial_gamma(cells[:, np.newaxis]), *shares(cells.sum(axis=2))]
    every += [difference_of_gammas(correlated(cells), correlated(other)) for other in (cells[::-1], cells)]
    rows, columns = cells.sum(axis=2), cells.sum(axis=1)
    every.append(difference_of_shares((rows[:, 0], rows.sum(axis=1)), (columns[:, 0], columns.sum(axis=1))))
    for found in every:
        if found.low is None:
            assert found.reason is not None and found.high is None and found.method == "none"
        else:
            assert found.high is not None and found.value is not None
            assert found.low < found.high
            assert found.low - 1e-12 <= found.value <= found.high + 1e-12
            assert found.reason is None


def _equal(one: Estimate, other: Estimate) -> None:
    assert (one.value, one.low, one.high, one.p) == pytest.approx((other.value, other.low, other.high, other.p), abs=1e-9)
    assert (one.method, one.clusters, one.n, one.reason) == (other.method, other.clusters, other.n, other.reason)


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        (np.zeros((3, 2, 2), dtype=int), "no_forms"),
        (np.array([[[3, 1], [1, 2]], [[0, 0], [0, 0]]]), "one_cluster"),
        (np.array([[[3, 1], [0, 0]], [[1, 2], [0, 0]]]), "no_pairs"),
        (np.array([[[3, 0], [0, 2]], [[1, 0], [0, 4]]]), "perfect"),
    ],
)
def test_where_there_is_no_interval_it_is_said_why(cells: np.ndarray, reason: str) -> None:
    assert gamma(cells).reason == reason


def test_a_mean_that_all_share_has_no_interval() -> None:
    same = Numbers(np.array([2.0, 4.0]), np.array([4.0, 8.0]), np.array([1.0, 2.0]))
    assert mean(same).reason == "no_spread"
    assert mean(Numbers(np.zeros(2), np.zeros(2), np.zeros(2))).reason == "no_forms"


@pytest.mark.parametrize("clusters", [3, 40])
@pytest.mark.parametrize("number", [0.1, 3.3, 7.7])
def test_a_mean_that_all_share_has_no_interval_though_a_double_cant_hold_it(number: float, clusters: int) -> None:
    def same(sizes: np.ndarray) -> Numbers:
        sums, squares = (np.array([sum([each] * int(size)) for size in sizes]) for each in (number, number**2))
        return Numbers(sums, squares, sizes.astype(float))

    one, other = same(np.arange(clusters) % 7 + 1), same(np.arange(clusters) % 5 + 2)
    assert mean(one).reason == "no_spread" and mean(one).design_effect is None
    assert difference_of_means(one, other).reason == "no_spread"
    # The least that numbers may differ by is told from that.
    assert mean(one._replace(sums=one.sums + 0.001 * (np.arange(clusters) == 1))).reason is None


def test_a_difference_of_shares_that_all_clusters_have_alike_stays_within_100_points_and_isnt_tested() -> None:
    for sizes in product(range(1, 6), repeat=2):
        for a, b in product(range(1, 7), range(1, 12)):
            one, other = np.outer(np.resize(sizes, 12), [a, 7]), np.outer(np.resize(sizes, 12), [b, 13])
            found = difference_of_shares((one[:, 0], one[:, 1]), (other[:, 0], other[:, 1]))
            assert found.low is not None and found.high is not None
            assert -1 <= found.low < a / 7 - b / 13 < found.high <= 1
            assert (found.error, found.t, found.p) == (0, None, None)


def test_an_answer_that_everybody_of_several_roles_gives_has_no_design_effect() -> None:
    # Five roles, of whom each form has the first of two answers: no variance, within conferences or between them.
    answers = [[*range(5)], [*range(5, 10)]]
    for clusters in range(5, 140):
        forms = np.random.default_rng(clusters).integers(0, 5, (clusters, 5))
        cells = Cells(np.hstack([forms, 0 * forms]))
        assert cells.design(answers) == 1
        found = cells.share(answers[0], range(10), cells.design(answers))
        assert (found.value, found.icc, found.n_effective) == (1, None, forms.sum())


def test_all_resamples_of_equal_conferences_have_the_variance_but_for_one_part_in_k() -> None:
    hits, valid = np.array([1, 2, 3]), np.array([4, 4, 4])
    every = [hits[list(chosen)].sum() / 12 for chosen in product(range(3), repeat=3)]
    error = share(hits, valid).error
    assert error is not None
    assert np.var(every) == pytest.approx(error**2 * 2 / 3, abs=1e-15)


def test_two_rare_answers_are_not_tested() -> None:
    # Of 200 conferences with one form each, `rare` give the other answer to each question; 20 * 20 / 200 should give both.
    def forms(rare: int) -> np.ndarray:
        return _alone(np.array([[[200 - 2 * rare, rare], [rare, 0]]]))

    assert gamma(forms(20)).value == -1 and gamma(forms(20)).p is None
    assert pairs_of(forms(40)[:, np.newaxis]).meeting == 8
    assert gamma(forms(40)).p is not None
    # Strata count together, each by its own answers.
    both = np.stack([forms(20), np.zeros_like(forms(20))], axis=1)
    assert pairs_of(np.concatenate([both, both[:, ::-1]])).meeting == 4


def _compensated(values: Iterable[float], start: float = 0) -> float:
    """Add up as `sum` does from Python 3.12 on (Neumaier)."""
    values = list(values)
    if not any(isinstance(value, float) for value in values):
        return _SUM(values, start)
    total, lost = float(start), 0.0
    for value in values:
        added = total + value
        lost += (total - added) + value if abs(total) >= abs(value) else (value - added) + total
        total = added
    return total + lost


def _in_turn(values: Iterable[float], start: float = 0) -> float:
    """Add up as `sum` did before."""
    for value in values:
        start = start + value
    return start


_SUM = sum


def test_every_python_adds_up_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(12)
    tables = [rng.poisson(rng.gamma(1, 1, size=(60, 1)) * [0.9, 0.4, 0.2, 0.1, 0.05]) for _ in range(40)]
    made = []
    for adding in (_in_turn, _compensated):
        monkeypatch.setattr("builtins.sum", adding)
        made.append([Cells(table).design([[0], [1], [2], [3], [4]]) for table in tables])
    monkeypatch.undo()
    assert _compensated([1.0, 1e100, 1.0, -1e100]) == 2.0 != _in_turn([1.0, 1e100, 1.0, -1e100])
    assert made[0] == made[1]
