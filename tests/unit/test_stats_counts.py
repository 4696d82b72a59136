"""Percentages, running totals and collapsed categories."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from frs_pipeline.stats.counts import collapse, cumulative, percent
from frs_pipeline.stats.printing import spss

TABLE = [[1, 2, 3], [4, 5, 6], [7, 8, 9]]


@pytest.mark.parametrize(
    ("part", "whole", "expected"),
    [(0, 5, 0.0), (5, 5, 100.0), (1, 8, 12.5), (29, 200, 14.5), (23, 40, 57.5), (3, 2, 150.0)],
)
def test_percent(part: int, whole: int, expected: float) -> None:
    assert percent(part, whole) == expected


def test_percent_of_nothing_is_none() -> None:
    assert percent(0, 0) is None


@pytest.mark.parametrize(("part", "whole"), [(-1, 5), (1, -5)])
def test_percent_refuses_negative_counts(part: int, whole: int) -> None:
    with pytest.raises(ValueError, match="zero or more"):
        percent(part, whole)


def test_percent_of_narrow_integers_does_not_overflow() -> None:
    assert percent(np.int8(100), np.int8(100)) == 100.0  # type: ignore[arg-type]


def test_percents_as_the_report_prints_them() -> None:
    # Table 17: the last row and the column totals, of 1182.
    row = [spss(percent(part, 1182), 1, leading_zero=True) for part in (83, 50, 13, 4, 1, 151)]
    assert row == ["7,0", "4,2", "1,1", "0,3", "0,1", "12,8"]
    total = [spss(percent(part, 1182), 1, leading_zero=True) for part in (449, 443, 172, 81, 37, 1182)]
    assert total == ["38,0", "37,5", "14,6", "6,9", "3,1", "100,0"]


def test_cumulative() -> None:
    assert cumulative([3, 0, 4]) == [3, 3, 7]
    assert cumulative([]) == []
    assert cumulative(np.array([200, 100], dtype=np.uint8)) == [200, 300]


def test_collapse_merges_in_the_order_given_and_leaves_out_the_rest() -> None:
    assert collapse(TABLE, [[2, 0], [1]], [[1], [0]]).tolist() == [[10, 8], [5, 4]]


def test_collapse_keeps_an_axis_without_groups() -> None:
    assert collapse(TABLE, None, [[0, 1, 2]]).tolist() == [[6], [15], [24]]
    assert collapse(TABLE, [[0, 1, 2]], None).tolist() == [[12, 15, 18]]
    copy = collapse(np.array(TABLE), None, None)
    assert copy.tolist() == TABLE and copy.dtype == np.int64


def test_collapse_to_nothing() -> None:
    assert collapse(TABLE, [[], [0]], None).tolist() == [[0, 0, 0], [1, 2, 3]]
    assert collapse(TABLE, [], None).shape == (0, 3)


@pytest.mark.parametrize(
    ("rows", "columns", "message"),
    [
        ([[0, 0]], None, "row index 0 is named more than once"),
        ([[0], [1, 0]], None, "row index 0 is named more than once"),
        (None, [[1], [1]], "column index 1 is named more than once"),
        ([[3]], None, "row index 3 is outside"),
        (None, [[-1]], "column index -1 is outside"),
    ],
)
def test_collapse_refuses_unsound_groups(rows: list[list[int]] | None, columns: list[list[int]] | None, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        collapse(TABLE, rows, columns)


def test_collapse_refuses_unsound_tables() -> None:
    with pytest.raises(ValueError, match="negative"):
        collapse([[1, -1]], None, None)
    with pytest.raises(ValueError, match="64 bits"):
        collapse([[2**62], [2**62]], [[0, 1]], None)


@given(
    st.lists(st.lists(st.integers(0, 1000), min_size=4, max_size=4), min_size=1, max_size=5),
    st.integers(0, 4),
)
def test_collapse_into_two_keeps_the_sum(table: list[list[int]], cut: int) -> None:
    columns = [list(range(cut)), list(range(cut, 4))]
    assert collapse(table, None, columns).sum() == sum(map(sum, table))
