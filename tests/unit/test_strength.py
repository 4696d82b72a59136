"""The word for an association, whether it is significant, and what its interval leaves open."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frs_pipeline.language import Text
from frs_pipeline.stats.strength import STRENGTHS, could_be, other_way, significant, strength
from frs_pipeline.tables.strength import association, reservation, worded


@pytest.mark.parametrize(
    ("gamma", "word"),
    [
        (0.0, "none"), (0.099, "none"), (0.0994, "none"), (0.0995, "weak"), (0.1, "weak"), (0.1994, "weak"),
        (0.1995, "moderate"), (0.2, "moderate"), (0.2994, "moderate"), (0.2995, "strong"), (0.3, "strong"),
        (1.0, "strong"), (-0.05, "none"), (-0.1, "weak"), (-0.2, "moderate"), (-0.286, "moderate"),
        (-0.3, "strong"), (-1.0, "strong"),
    ],
)  # fmt: skip
def test_strength(gamma: float, word: str) -> None:
    assert strength(gamma) == word


@pytest.mark.parametrize(
    ("p", "holds"), [(0.0, True), (0.0494, True), (0.0495, False), (0.05, False), (0.2, False), (1.0, False)]
)
def test_significance_is_judged_as_p_is_printed(p: float, holds: bool) -> None:
    assert significant(p) == holds


@pytest.mark.parametrize("p", [-0.1, 1.1, float("nan")])
def test_significance_refuses_what_is_no_probability(p: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        significant(p)


@pytest.mark.parametrize("gamma", [1.001, -2.0, float("nan"), float("inf")])
def test_strength_refuses_what_is_no_gamma(gamma: float) -> None:
    with pytest.raises(ValueError, match="between -1 and 1"):
        strength(gamma)


@pytest.mark.parametrize(
    ("gamma", "low", "high", "words"),
    [
        (0.25, 0.21, 0.29, []),
        (0.25, 0.11, 0.29, ["weak"]),
        (0.25, 0.01, 0.39, ["strong", "weak", "none"]),
        (-0.286, -0.35, -0.22, ["strong"]),
        (-0.25, -0.29, 0.02, ["weak", "none"]),
        (0.25, -0.35, 0.27, ["strong", "weak", "none"]),  # strong the other way
        (0.02, -0.05, 0.09, []),
        (0.02, -0.15, 0.09, ["weak"]),
        # Judged as printed, on three decimals.
        (0.25, 0.1995, 0.2994, []),
        (0.25, 0.1994, 0.2995, ["strong", "weak"]),
        (0.25, -0.0004, 0.25, ["weak", "none"]),
        (1.0, 1.0, 1.0, []),
    ],
)
def test_an_interval_leaves_open_the_words_that_it_holds(gamma: float, low: float, high: float, words: list[str]) -> None:
    assert could_be(gamma, low, high) == words
    # An order reversed turns gamma and its interval, and leaves the words.
    assert could_be(-gamma, -high, -low) == words


@given(st.lists(st.integers(-1000, 1000), min_size=3, max_size=3).map(sorted))
def test_a_word_is_left_open_where_a_gamma_of_the_interval_has_it(thousandths: list[int]) -> None:
    low, gamma, high = thousandths
    words = {strength(value / 1000) for value in range(low, high + 1)}
    assert set(could_be(gamma / 1000, low / 1000, high / 1000)) == words - {strength(gamma / 1000)}


@pytest.mark.parametrize(
    ("gamma", "low", "high", "open_"),
    [
        (0.25, 0.01, 0.4, False),
        (0.25, 0.0, 0.4, False),
        (0.25, -0.0004, 0.4, False),
        (0.25, -0.001, 0.4, True),
        (0.05, -0.09, 0.15, False),
        (0.05, -0.1, 0.09, False),
        (0.05, -0.1, 0.1, True),
    ],
)
def test_an_interval_over_0_leaves_the_sign_open(gamma: float, low: float, high: float, open_: bool) -> None:
    assert other_way(gamma, low, high) is open_
    assert other_way(-gamma, -high, -low) is open_


@pytest.mark.parametrize(
    ("figure", "danish", "english"),
    [
        ((0.25,), "moderat", "moderate"),
        ((-0.02,), "ingen", "none"),
        ((0.25, None, None), "moderat", "moderate"),
        ((0.25, 0.21, 0.28), "moderat", "moderate"),
        ((0.25, 0.15, 0.28), "moderat; kan være svag", "moderate; could be weak"),
        ((-0.35, -0.41, -0.22), "stærk; kan være moderat", "strong; could be moderate"),
        ((0.15, 0.03, 0.26), "svag; kan være moderat eller uden betydning", "weak; could be moderate or none"),
        (
            (0.15, -0.03, 0.32),
            "svag; kan være stærk, moderat eller uden betydning, eller gå den anden vej",
            "weak; could be strong, moderate or none, or go the other way",
        ),
        ((0.02, -0.05, 0.12), "ingen; kan være svag", "none; could be weak"),
        (
            (0.02, -0.12, 0.22),
            "ingen; kan være moderat eller svag, den ene eller den anden vej",
            "none; could be moderate or weak, either way",
        ),
    ],
)
def test_what_is_left_open_is_said_beside_the_word(figure: tuple[float | None, ...], danish: str, english: str) -> None:
    assert worded(*figure) == Text(danish, english)  # type: ignore[arg-type]


def test_an_association_is_called_by_its_strength() -> None:
    assert association(-0.35, -0.41, -0.22) == Text("stærk sammenhæng; kan være moderat", "strong association; could be moderate")
    assert association(0.05) == Text("ingen nævneværdig sammenhæng", "no notable association")


def test_nothing_is_left_open_by_no_interval_and_by_a_narrow_one() -> None:
    assert reservation(0.25, None, None) is None
    assert reservation(0.25, 0.21, 0.28) is None
    assert not other_way(0.25, None, None)


@pytest.mark.parametrize("interval", [(0.3, 0.4), (0.4, 0.1), (-1.1, 0.4), (0.1, float("nan"))])
def test_what_is_no_interval_of_the_figure_is_refused(interval: tuple[float, float]) -> None:
    for of in (could_be, other_way, worded):
        with pytest.raises(ValueError, match="gamma lies"):
            of(0.25, *interval)


def test_the_words_are_named_from_the_weakest_on() -> None:
    assert STRENGTHS == ("none", "weak", "moderate", "strong")
