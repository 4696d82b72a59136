"""Gamma against published output, against SPSS's output in the report, and against its own definition."""

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from scipy.stats import somersd

from frs_pipeline.stats.counts import collapse
from frs_pipeline.stats.gamma import Gamma, PartialGamma, goodman_kruskal, partial
from frs_pipeline.stats.printing import spss

Rows = list[list[int]]

JOB_SATISFACTION = [[1, 3, 10, 6], [2, 3, 10, 7], [1, 6, 14, 12], [0, 1, 9, 11]]
JOB_FEMALE = [[1, 3, 11, 2], [2, 3, 17, 3], [0, 1, 8, 5], [0, 2, 4, 2]]
JOB_MALE = [[1, 1, 2, 1], [0, 3, 5, 1], [0, 0, 7, 3], [0, 1, 9, 6]]
PAIN = [[26, 26, 23, 18, 9], [6, 7, 9, 14, 23]]
GENDER_REGION = [[249, 945], [260, 1062]]
PERFECT = [[0, 1], [1, 0], [1, 0], [1, 0]]

# The report's crosstabs, by table number; rows and columns as printed, totals left out.
REPORT: dict[int, Rows] = {
    17: [
        [6, 6, 5, 11, 9],
        [37, 45, 26, 19, 8],
        [173, 188, 89, 31, 11],
        [150, 154, 39, 16, 8],
        [83, 50, 13, 4, 1],
    ],
    20: [[411, 63, 4, 1, 1], [167, 249, 38, 4, 0], [19, 84, 53, 12, 1], [8, 21, 34, 15, 4], [3, 6, 8, 9, 12]],
    24: [[4, 6, 0, 0, 0], [21, 14, 4, 0, 0], [51, 62, 27, 15, 3], [24, 43, 15, 15, 3], [17, 9, 5, 1, 2]],
    29: [[27, 42, 22, 17, 3], [30, 35, 17, 11, 4], [58, 52, 10, 3, 0]],
    71: [
        [71, 51, 12, 6, 0],
        [23, 31, 7, 2, 1],
        [9, 25, 11, 6, 0],
        [7, 21, 9, 4, 0],
        [2, 4, 6, 8, 1],
        [0, 0, 0, 0, 2],
        [0, 0, 1, 2, 1],
    ],
    73: [[7, 6, 6, 4, 2], [20, 36, 16, 13, 1], [30, 35, 17, 11, 4], [37, 31, 9, 1, 0], [21, 21, 1, 2, 0]],
}
# Crosstab, the tables that print its correlation, and gamma, ASE, T, p and N as printed there.
PRINTED = [
    pytest.param(17, "-,286", ",035", "-7,875", ",000", 1182, id="17 in 18 and 68"),
    pytest.param(20, ",812", ",018", "30,069", ",000", 1227, id="20 in 21"),
    pytest.param(24, ",151", ",067", "2,235", ",025", 341, id="24 in 25"),
    pytest.param(29, "-,349", ",061", "-5,508", ",000", 331, id="29 in 30"),
    pytest.param(71, ",489", ",056", "7,802", ",000", 323, id="71 in 31 and 72"),
    pytest.param(73, "-,313", ",056", "-5,382", ",000", 331, id="73 in 74"),
]


def printed(value: float | None) -> str:
    return spss(value, 3, leading_zero=False)


@st.composite
def tables(draw: st.DrawFn, low: int = 1, largest: int = 20) -> NDArray[np.int64]:
    shape = draw(st.tuples(st.integers(low, 6), st.integers(low, 6)))
    return draw(hnp.arrays(np.int64, shape, elements=st.integers(0, largest)))


def brute_pairs(table: NDArray[np.int64]) -> tuple[int, int, dict[tuple[int, int], tuple[int, int]]]:
    """P, Q and every cell's concordant and discordant counts, by comparing each cell with each."""
    cells = list(product(range(table.shape[0]), range(table.shape[1])))
    around = {}
    for i, j in cells:
        concordant = sum(int(table[k, m]) for k, m in cells if (k - i) * (m - j) > 0)
        discordant = sum(int(table[k, m]) for k, m in cells if (k - i) * (m - j) < 0)
        around[i, j] = (concordant, discordant)
    p = sum(int(table[cell]) * around[cell][0] for cell in cells)
    q = sum(int(table[cell]) * around[cell][1] for cell in cells)
    return p, q, around


@pytest.mark.parametrize(("number", "gamma", "ase", "t", "p", "n"), PRINTED)
def test_the_report_to_every_printed_digit(number: int, gamma: str, ase: str, t: str, p: str, n: int) -> None:
    found = goodman_kruskal(REPORT[number])
    assert [printed(x) for x in (found.gamma, found.ase, found.t, found.p)] == [gamma, ase, t, p]
    assert found.n == n


def test_the_reports_three_rows_are_its_five_collapsed() -> None:
    assert collapse(REPORT[73], [[0, 1], [2], [3, 4]], None).tolist() == REPORT[29]


def test_agresti_job_satisfaction() -> None:
    found = goodman_kruskal(JOB_SATISFACTION)
    assert found.gamma == pytest.approx(0.221, abs=5e-4)
    assert found.ase == pytest.approx(0.117, abs=5e-4)
    assert found.t == pytest.approx(1.8515, abs=5e-5)
    assert found.p == pytest.approx(0.0641, abs=5e-5)
    assert found.n == 96


def test_sas_pain() -> None:
    found = goodman_kruskal(PAIN)
    assert found.gamma == pytest.approx(0.5313, abs=5e-5)
    assert found.ase == pytest.approx(0.0935, abs=5e-5)


def test_ibm_gender_by_region() -> None:
    found = goodman_kruskal(GENDER_REGION)
    figures = [printed(figure) for figure in (found.gamma, found.ase, found.t, found.p)]
    assert figures == [",037", ",050", ",739", ",460"]
    assert found.n == 2516


def test_a_perfect_table_has_no_error_but_a_t_as_in_pspp() -> None:
    found = goodman_kruskal(PERFECT)
    assert (found.gamma, found.ase) == (-1.0, 0.0)
    assert found.t == pytest.approx(-math.sqrt(3), rel=1e-15)
    assert spss(found.t, 2, leading_zero=True) == "-1,73"


def test_no_t_where_the_error_under_independence_is_zero() -> None:
    assert goodman_kruskal([[5, 0], [0, 5]]) == Gamma(1.0, 0.0, None, None, 10)


@pytest.mark.parametrize(
    ("table", "gamma", "ase"),
    [
        pytest.param(JOB_FEMALE, 0.247573, 0.170464, id="female"),
        pytest.param(JOB_MALE, 0.458824, 0.199206, id="male"),
        pytest.param(np.add(JOB_FEMALE, JOB_MALE).tolist(), 0.355148, 0.122273, id="zero-order"),
    ],
)
def test_agresti_job_satisfaction_by_gender(table: Rows, gamma: float, ase: float) -> None:
    found = goodman_kruskal(table)
    assert found.gamma == pytest.approx(gamma, abs=5e-7)
    assert found.ase == pytest.approx(ase, abs=5e-7)


def test_agresti_partial() -> None:
    found = partial([JOB_FEMALE, JOB_MALE])
    assert found.gamma == pytest.approx(0.309278, abs=5e-7)
    assert found.ase == pytest.approx(0.135622, abs=5e-7)
    assert found.n == 104


@pytest.mark.parametrize(
    "table",
    [
        pytest.param([[3, 4, 5]], id="one row"),
        pytest.param([[3], [4], [5]], id="one column"),
        pytest.param([[0, 7], [0, 5]], id="one column in use"),
        pytest.param([[0, 0], [0, 0]], id="no forms"),
        pytest.param([[]], id="no columns"),
        pytest.param([[0, 3], [0, 3], [0, 0]], id="ties only"),
    ],
)
def test_not_computable_without_untied_pairs(table: Rows) -> None:
    n = sum(map(sum, table))
    assert goodman_kruskal(table) == Gamma(None, None, None, None, n)
    assert partial([table]) == PartialGamma(None, None, n)


def test_no_association_is_zero_and_not_none() -> None:
    found = goodman_kruskal([[5, 5], [5, 5]])
    assert (found.gamma, found.t, found.p) == (0.0, 0.0, 1.0)


def test_partial_of_no_strata() -> None:
    assert partial([]) == PartialGamma(None, None, 0)


def test_partial_strata_may_differ_in_shape_and_be_without_pairs() -> None:
    found, alone = partial([JOB_FEMALE, [[4, 4]], [[0]]]), goodman_kruskal(JOB_FEMALE)
    assert (found.gamma, found.ase, found.n) == (alone.gamma, alone.ase, alone.n + 8)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        pytest.param([[1, -1], [2, 3]], "negative", id="negative"),
        pytest.param([[1, 0.5], [2, 3]], "integers", id="fraction"),
        pytest.param(np.ones((2, 2)), "integers", id="floats"),
        pytest.param([[1, float("nan")], [2, 3]], "integers", id="nan"),
        pytest.param([[True, False], [False, True]], "integers", id="booleans"),
        pytest.param([["1", "2"], ["3", "4"]], "integers", id="text"),
        pytest.param([1, 2, 3], "two dimensions", id="flat"),
        pytest.param(np.ones((2, 2, 2), dtype=np.int64), "two dimensions", id="cube"),
        pytest.param([[1, 2], [3]], "equal length", id="ragged"),
        pytest.param([np.ones((2, 2)), np.ones((2, 3))], "equal length", id="ragged arrays"),
        pytest.param([], "two dimensions", id="empty"),
    ],
)
def test_refuses_what_is_no_table_of_counts(table: Rows, message: str) -> None:
    with pytest.raises(ValueError, match=message) as error:
        goodman_kruskal(table)
    assert "\n" not in str(error.value)
    with pytest.raises(ValueError, match=message):
        partial([table])


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.int32, np.int64, np.uint64])
def test_every_integer_width(dtype: type[np.integer]) -> None:
    expected = goodman_kruskal(JOB_SATISFACTION)
    assert goodman_kruskal(np.array(JOB_SATISFACTION, dtype=dtype)) == expected
    assert goodman_kruskal([[dtype(cell) for cell in row] for row in JOB_SATISFACTION]) == expected


@pytest.mark.parametrize("factor", [10**9, 10**16])
def test_counts_far_beyond_64_bit_pairs(factor: int) -> None:
    small = goodman_kruskal(JOB_SATISFACTION)
    large = goodman_kruskal(np.array(JOB_SATISFACTION, dtype=np.int64) * factor)
    assert large.gamma == small.gamma
    assert large.n == small.n * factor
    assert small.ase is not None
    assert large.ase == pytest.approx(small.ase / math.sqrt(factor), rel=1e-14)


def test_the_table_is_left_as_it_was() -> None:
    table = np.array(JOB_SATISFACTION)
    goodman_kruskal(table)
    assert table.tolist() == JOB_SATISFACTION


@given(tables())
def test_against_the_definition(table: NDArray[np.int64]) -> None:
    p, q, around = brute_pairs(table)
    found = goodman_kruskal(table)
    assert found.n == table.sum()
    if p + q == 0:
        assert found == Gamma(None, None, None, None, found.n)
        return
    assert found.gamma == (p - q) / (p + q)
    ase1 = sum(int(table[cell]) * (q * c - p * d) ** 2 for cell, (c, d) in around.items())
    assert found.ase == pytest.approx(4 / (p + q) ** 2 * math.sqrt(ase1), rel=1e-12)
    ase0 = sum(int(table[cell]) * (c - d) ** 2 for cell, (c, d) in around.items()) * found.n - (p - q) ** 2
    if ase0 == 0:
        assert found.t is None and found.p is None
        return
    assert found.t == pytest.approx(found.gamma / (2 / (p + q) * math.sqrt(ase0 / found.n)), rel=1e-12)


@given(tables(low=2))
def test_p_is_that_of_somers_d(table: NDArray[np.int64]) -> None:
    found = goodman_kruskal(table)
    # Where t is None, scipy divides by a zero or by what rounding left of it.
    assume(found.t is not None)
    # scipy refuses tables with a single row or column in use.
    assume((table.sum(axis=0) > 0).sum() > 1 and (table.sum(axis=1) > 0).sum() > 1)
    assert found.p == pytest.approx(somersd(table).pvalue, rel=1e-7, abs=1e-12)


@given(tables())
def test_transposing_keeps_everything(table: NDArray[np.int64]) -> None:
    assert goodman_kruskal(table.T) == goodman_kruskal(table)


@given(tables())
def test_reversing_one_axis_flips_the_sign_and_both_keep_it(table: NDArray[np.int64]) -> None:
    found = goodman_kruskal(table)
    assert goodman_kruskal(table[::-1, ::-1]) == found
    for reversed_table in (table[::-1], table[:, ::-1]):
        flipped = goodman_kruskal(reversed_table)
        assert (flipped.ase, flipped.p, flipped.n) == (found.ase, found.p, found.n)
        if found.gamma is None:
            assert flipped.gamma is None
        else:
            assert flipped.gamma == -found.gamma
        if found.t is not None:
            assert flipped.t == -found.t


@given(tables(), st.integers(2, 10**6))
def test_multiplying_the_counts_keeps_gamma(table: NDArray[np.int64], factor: int) -> None:
    assert goodman_kruskal(table * factor).gamma == goodman_kruskal(table).gamma


@given(tables(), st.integers(0, 5))
def test_empty_rows_and_columns_change_nothing(table: NDArray[np.int64], where: int) -> None:
    padded = np.insert(table, min(where, table.shape[0]), 0, axis=0)
    padded = np.insert(padded, min(where, table.shape[1]), 0, axis=1)
    assert goodman_kruskal(padded) == goodman_kruskal(table)


@settings(max_examples=50)
@given(st.lists(tables(), min_size=1, max_size=4))
def test_partial_against_the_definition(strata: list[NDArray[np.int64]]) -> None:
    brute = [brute_pairs(table) for table in strata]
    p, q = sum(b[0] for b in brute), sum(b[1] for b in brute)
    found = partial(strata)
    assert found.n == sum(int(table.sum()) for table in strata)
    if p + q == 0:
        assert found.gamma is None and found.ase is None
        return
    squares = sum(
        int(table[cell]) * (q * c - p * d) ** 2
        for table, (_, _, around) in zip(strata, brute, strict=True)
        for cell, (c, d) in around.items()
    )
    assert found.gamma == (p - q) / (p + q)
    assert found.ase == pytest.approx(4 / (p + q) ** 2 * math.sqrt(squares), rel=1e-12)


@given(tables())
def test_partial_of_one_stratum_is_gamma(table: NDArray[np.int64]) -> None:
    found, whole = partial([table]), goodman_kruskal(table)
    assert found == PartialGamma(whole.gamma, whole.ase, whole.n)
