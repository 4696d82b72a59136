"""Rounding and printing as SPSS does, and reading it back."""

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frs_pipeline.stats.counts import percent
from frs_pipeline.stats.printing import count_text, decimals_of, parse, round_half_away, spss


@pytest.mark.parametrize(
    ("value", "decimals", "expected"),
    [
        (100 * 1 / 8, 0, "13"),
        (-12.5, 0, "-13"),
        (0.5, 0, "1"),
        (2.675, 2, "2.68"),
        (-2.675, 2, "-2.68"),
        (1.005, 2, "1.01"),
        (0.145 * 100, 0, "15"),
        (0.285 * 100, 0, "29"),
        (1.1 + 2.2, 1, "3.3"),
        (100 * 23 / 1267, 1, "1.8"),
        (100 * 23 / 1267, 3, "1.815"),
        (0.4999, 0, "0"),
        (100.0, 1, "100.0"),
        (30.069, 3, "30.069"),
        (1e22, 1, "10000000000000000000000.0"),
        (1234567890123457.0, 0, "1234567890123457"),
        (1e-20, 3, "0.000"),
        (7, 2, "7.00"),
    ],
)
def test_round_half_away(value: float, decimals: int, expected: str) -> None:
    assert str(round_half_away(value, decimals)) == expected


@pytest.mark.parametrize("value", [-0.0, -0.0004, -1e-300])
def test_zero_has_no_sign(value: float) -> None:
    assert str(round_half_away(value, 3)) == "0.000"
    assert spss(value, 3, leading_zero=False) == ",000"
    assert spss(value, 0, leading_zero=False) == "0"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_only_finite_figures(value: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        round_half_away(value, 1)
    with pytest.raises(ValueError, match="finite"):
        spss(value, 1, leading_zero=True)


def test_decimals_are_not_negative() -> None:
    with pytest.raises(ValueError, match="decimals"):
        round_half_away(12.0, -1)


@given(st.integers(1, 10**9), st.data(), st.integers(0, 3))
def test_percentages_round_as_the_exact_ratio(whole: int, data: st.DataObject, decimals: int) -> None:
    part = data.draw(st.integers(0, whole))
    value = percent(part, whole)
    assert value is not None
    shifted = Fraction(100 * part, whole) * 10**decimals
    assert round_half_away(value, decimals) == Decimal(int(shifted + Fraction(1, 2))).scaleb(-decimals)


@given(st.sampled_from([2, 4, 5, 8, 16, 20, 25, 40, 80, 200, 400, 1000, 2000, 16000, 200000]), st.data())
def test_percentages_on_a_tie_round_up(whole: int, data: st.DataObject) -> None:
    part = data.draw(st.integers(0, whole))
    value = percent(part, whole)
    assert value is not None
    for decimals in range(4):
        exact = Decimal(100 * part) / Decimal(whole)
        assert round_half_away(value, decimals) == exact.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)


@given(st.decimals(-1000, 1000, places=4))
def test_written_decimals_round_as_written(written: Decimal) -> None:
    assert round_half_away(float(written), 3) == written.quantize(Decimal("0.001"), ROUND_HALF_UP)


@given(st.floats(-1e6, 1e6), st.integers(0, 4))
def test_rounding_is_symmetric(value: float, decimals: int) -> None:
    assert round_half_away(-value, decimals) == -round_half_away(value, decimals)


@pytest.mark.parametrize(
    ("value", "decimals", "leading_zero", "expected"),
    [
        (0.286, 3, False, ",286"),
        (-0.286, 3, False, "-,286"),
        (0.286, 3, True, "0,286"),
        (-0.286, 3, True, "-0,286"),
        (1.0, 3, False, "1,000"),
        (-1.0, 3, False, "-1,000"),
        (0.9996, 3, False, "1,000"),
        (-7.875, 3, False, "-7,875"),
        (10.5, 1, False, "10,5"),
        (59.5, 1, True, "59,5"),
        (0.0, 1, True, "0,0"),
        (0.0, 3, False, ",000"),
        (0.2, 0, False, "0"),
        (12.5, 0, True, "13"),
        (1e15, 0, True, "1000000000000000"),
        (1e22, 0, True, "1E+22"),
        (123456789012.3456, 3, False, "123456789012,346"),
        (1234567890123.4567, 3, False, "1,235E+12"),
        (-1.4142135623730951e27, 3, False, "-1,414E+27"),
        (None, 3, False, "ikke beregnelig"),
        (None, 0, True, "ikke beregnelig"),
    ],
)
def test_spss(value: float | None, decimals: int, leading_zero: bool, expected: str) -> None:
    assert spss(value, decimals, leading_zero=leading_zero) == expected


def test_counts_are_plain_digits() -> None:
    assert [count_text(n) for n in (0, 37, 1182, 1234567)] == ["0", "37", "1182", "1234567"]


@pytest.mark.parametrize(
    ("printed", "value", "decimals"),
    [
        (",286", "0.286", 3),
        ("-,286", "-0.286", 3),
        ("0,286", "0.286", 3),
        ("59,5", "59.5", 1),
        ("1,000", "1.000", 3),
        ("-7,875", "-7.875", 3),
        ("1182", "1182", 0),
        ("-3", "-3", 0),
        (",000", "0.000", 3),
        ("-,000", "0.000", 3),
        ("100,0", "100.0", 1),
    ],
)
def test_parse_and_decimals(printed: str, value: str, decimals: int) -> None:
    assert str(parse(printed)) == value
    assert decimals_of(printed) == decimals


@pytest.mark.parametrize(
    "junk",
    ["", ",", "-", "-,", "1,", "0.286", "1.182", "1 182", "59,5%", " 59,5", "59,5\n", "1,2,3", "+1", "--1",
     "1e3", "nan", "Infinity", "٣,٥", "ikke beregnelig"],
)  # fmt: skip
def test_junk_is_no_figure(junk: str) -> None:
    with pytest.raises(ValueError, match="printed figure"):
        parse(junk)
    with pytest.raises(ValueError, match="printed figure"):
        decimals_of(junk)


@given(st.floats(-1e9, 1e9), st.integers(0, 6), st.booleans())
def test_parse_undoes_printing(value: float, decimals: int, leading_zero: bool) -> None:
    printed = spss(value, decimals, leading_zero=leading_zero)
    assert parse(printed) == round_half_away(value, decimals)
    assert decimals_of(printed) == decimals
    assert str(parse(printed)) == str(round_half_away(value, decimals))
