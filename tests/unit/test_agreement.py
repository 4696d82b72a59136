"""Agreement between coders, against examples that others published and a count by brute force."""

from fractions import Fraction
from itertools import combinations, permutations

from hypothesis import given
from hypothesis import strategies as st

from frs_pipeline.stats.agreement import agreement, alpha, kappa

# Cohen's kappa, Wikipedia, "Simple example", and "Same percentages but different numbers".
TABLES = ((20, 5, 10, 15, Fraction(2, 5)), (45, 15, 25, 15, Fraction(3, 23)), (25, 35, 5, 35, Fraction(7, 27)))
# Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011): A, binary; B, nominal, four observers with gaps.
MEG, OWEN = (0, 1, 0, 0, 0, 0, 0, 0, 1, 0), (1, 1, 1, 0, 0, 1, 0, 0, 0, 0)
FOUR = ("123321412...", "1233224125.3", ".3332342251.", "12332441251.")

UNITS = st.lists(st.lists(st.integers(0, 2), max_size=4), max_size=8)


def of_two(both, first, second, neither):
    return [(1, 1)] * both + [(1, 0)] * first + [(0, 1)] * second + [(0, 0)] * neither


def test_kappa_is_that_of_published_examples():
    assert [kappa(of_two(*counts)) for *counts, _ in TABLES] == [value for *_, value in TABLES]


def test_alpha_is_that_of_krippendorffs_examples():
    assert round(float(alpha(zip(MEG, OWEN, strict=True))), 3) == 0.095
    units = [[code for code in unit if code != "."] for unit in zip(*FOUR, strict=True)]
    assert round(float(alpha(units)), 3) == 0.743
    assert agreement(zip(MEG, OWEN, strict=True)) == Fraction(6, 10)


def test_nothing_is_said_where_nothing_was_coded_twice_or_all_was_coded_alike():
    for units in ([], [[1], [0], []]):
        assert (agreement(units), kappa(units), alpha(units)) == (None, None, None)
    assert (agreement([(1, 1)] * 3), kappa([(1, 1)] * 3), alpha([(1, 1)] * 3)) == (1, None, None)


@given(UNITS)
def test_alpha_is_one_less_observed_by_expected_disagreement(units):
    pairable = [unit for unit in units if len(unit) > 1]
    every = [code for unit in pairable for code in unit]
    differ = sum(Fraction(sum(a != b for a, b in permutations(unit, 2)), len(unit) - 1) for unit in pairable)
    by_chance = sum(a != b for a, b in permutations(every, 2))
    wanted = 1 - Fraction(differ, len(every)) / Fraction(by_chance, len(every) * (len(every) - 1)) if by_chance else None
    assert alpha(units) == wanted
    pairs = [a == b for unit in units for a, b in combinations(unit, 2)]
    assert agreement(units) == (Fraction(sum(pairs), len(pairs)) if pairs else None)


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=12))
def test_kappa_doesnt_depend_on_who_is_first(units):
    assert kappa(units) == kappa([unit[::-1] for unit in units])
