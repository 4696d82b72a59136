"""Benjamini and Hochberg's adjusted p values, of distinct hypotheses."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frs_pipeline.stats.multiplicity import adjusted, benjamini_hochberg, distinct


def same(found: list[float | None], expected: list[float | None]) -> bool:
    """Whether blanks are where they should be, and everything else is as large."""
    pairs = zip(found, expected, strict=True)
    return all(one == other if one is None or other is None else math.isclose(one, other, rel_tol=1e-10) for one, other in pairs)


# The fifteen p values of Benjamini and Hochberg (1995), p. 296, and what R 4.2's p.adjust makes of them.
PUBLISHED = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.324, 0.4262, 0.5719, 0.6528, 0.759, 1.0]
ADJUSTED = [
    *(0.0015, 0.003, 0.0095, 0.035625, 0.0603, 0.063857142857, 0.063857142857, 0.0645, 0.0765, 0.486),
    *(0.581181818182, 0.714875, 0.753230769231, 0.813214285714, 1.0),
]


@pytest.mark.parametrize(
    ("p", "q"),
    [
        # R 4.2: p.adjust(c(.01, .02, .02, NA, .5), "BH"), and of four others.
        ([0.01, 0.02, 0.02, None, 0.5], [0.0266666666667, 0.0266666666667, 0.0266666666667, None, 0.5]),
        ([0.01, 0.04, 0.03, 0.005], [0.02, 0.04, 0.04, 0.02]),
        # The fifteen p values of Benjamini and Hochberg (1995), p. 296; R's p.adjust.
        (PUBLISHED, ADJUSTED),
        ([None, None], [None, None]),
        ([], []),
        ([0.03], [0.03]),
        ([1e-198, 0.0], [1e-198, 0.0]),
    ],
)
def test_adjusted_p_values_are_those_of_r(p: list[float | None], q: list[float | None]) -> None:
    assert same(benjamini_hochberg(p), q)


@given(st.lists(st.none() | st.floats(0, 1), max_size=40))
def test_blanks_count_for_nothing_and_the_rest_is_as_defined(p: list[float | None]) -> None:
    known = [value for value in p if value is not None]
    # The least of all p·m/rank among those that are at least as large.
    ranked = [(value, value * len(known) / rank) for rank, value in enumerate(sorted(known), 1)]
    expected = [None if value is None else min(scaled for other, scaled in ranked if other >= value) for value in p]
    assert same(benjamini_hochberg(p), expected)


@pytest.mark.parametrize("p", [-0.1, 1.1, float("nan")])
def test_what_is_no_probability_is_refused(p: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        benjamini_hochberg([0.5, p])


def test_a_hypothesis_that_is_tested_twice_counts_once() -> None:
    tested = [("a", 0.01), ("b", 0.02), ("a", 0.01), ("c", None), ("d", 0.04)]
    found = adjusted(tested)
    assert same([one.q for one in found], [0.03, 0.03, 0.03, None, 0.04])
    assert [one.tests for one in found] == [3, 3, 3, None, 3]
    # Of five tests each would be judged by another number.
    assert same(benjamini_hochberg([0.01, 0.02, 0.01, None, 0.04])[:2], [0.02, 0.0266666666667])


def test_two_figures_of_one_hypothesis_may_differ_in_the_last_digit() -> None:
    assert distinct([("a", 1e-198), ("a", 1e-198 * (1 + 1e-9)), ("b", 0.0), ("b", 0.0)]) == {"a": 1e-198, "b": 0.0}


@pytest.mark.parametrize("other", [0.02, None, 0.0])
def test_two_p_values_of_one_hypothesis_are_refused(other: float | None) -> None:
    with pytest.raises(ValueError, match="two p values"):
        adjusted([("a", 0.01), ("a", other)])
