"""Bounds against complete enumeration, against numbers typed in, and against closed formulas."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations_with_replacement, product

import numpy as np
import pytest

from frs_pipeline.stats.bounds import HIT, OTHER, OUT, Lacking, needed, ratio
from frs_pipeline.stats.gamma import goodman_kruskal, pair_sums
from frs_pipeline.stats.gamma_bounds import Incomplete, TooMany
from frs_pipeline.stats.gamma_bounds import gamma_bounds as both_bounds


def test_a_share_whose_group_isnt_known_of_some() -> None:
    """17 of 32, 5 blank, of unknown group 3 with, 4 without, 2 blank: the formulas of Manski with forms in or out."""
    lacking = [Lacking(5, (HIT, OTHER)), Lacking(3, (HIT, OUT)), Lacking(4, (OTHER, OUT)), Lacking(2, (HIT, OTHER, OUT))]
    bounds = ratio(17, 32, lacking)
    assert bounds == (Fraction(17, 43), Fraction(27, 42))
    assert tuple(map(float, bounds)) == pytest.approx((0.3953488372, 0.6428571429), abs=1e-10)


MAY = [(HIT, OTHER), (HIT, OUT), (OTHER, OUT), (HIT, OTHER, OUT), (HIT,), ((7, 1), (-2, 1)), ((3, 1), OUT), ((1, 2), (0, 3), OUT)]


def test_ratios_against_every_completion() -> None:
    random = np.random.default_rng(1)
    seen = 0
    for _ in range(400):
        valid = int(random.integers(0, 4))
        hits = int(random.integers(0, valid + 1))
        lacking = [Lacking(int(random.integers(0, 3)), MAY[at]) for at in random.choice(len(MAY), 3, replace=False)]
        ratios = []
        for chosen in product(*(combinations_with_replacement(one.may, one.forms) for one in lacking)):
            added = [each for several in chosen for each in several]
            whole = valid + sum(of for _, of in added)
            ratios += [Fraction(hits + sum(part for part, _ in added), whole)] if whole else []
        seen += len(ratios) > 1
        assert ratio(hits, valid, lacking) == ((min(ratios), max(ratios)) if ratios else (None, None))
    assert seen > 300


def test_a_ratio_of_nothing_and_what_is_no_count() -> None:
    assert ratio(0, 0, []) == (None, None)
    assert ratio(0, 0, [Lacking(2, (OUT,))]) == (None, None)
    assert ratio(0, 0, [Lacking(2, (HIT, OUT))]) == (1, 1)
    assert ratio(3, 4, []) == (Fraction(3, 4), Fraction(3, 4))
    for wrong in ([Lacking(-1, (HIT,))], [Lacking(1, ())]):
        with pytest.raises(ValueError, match="zero or more"):
            ratio(0, 1, wrong)


def test_the_tipping_point_of_a_share() -> None:
    """626 of 1286, 133 blank: 62.8 per cent of the blank would have to say so for one half."""
    assert float(needed(626, 1286 + 133, 133, Fraction(1, 2))) == pytest.approx(0.628, abs=5e-4)
    assert needed(626, 1286 + 133, 0, Fraction(1, 2)) is None
    assert needed(90, 100, 5, Fraction(1, 2)) < 0
    assert needed(10, 100, 5, Fraction(1, 2)) > 1
    with pytest.raises(ValueError, match="at least as large"):
        needed(98, 100, 5, Fraction(1, 2))


TABLE = np.array([[10, 4, 1], [3, 8, 5], [1, 4, 9]])


def gamma_bounds(strata):
    """Bounds over all forms."""
    return both_bounds(strata).whole


def incomplete(cells, rows, columns, neither=0) -> Incomplete:
    return Incomplete(np.array(cells), np.array(rows), np.array(columns), neither)


def test_the_table_whose_completions_were_all_looked_at() -> None:
    one = incomplete(TABLE, [2, 1, 3], [1, 0, 2])
    assert goodman_kruskal(TABLE).gamma == pytest.approx(0.7357723577, abs=1e-10)
    assert tuple(map(float, gamma_bounds([one]))) == pytest.approx((0.3213213213, 0.8186738836), abs=1e-10)
    both = incomplete(TABLE, [2, 1, 3], [1, 0, 2], 2)
    assert tuple(map(float, gamma_bounds([both]))) == pytest.approx((0.2370266480, 0.8331257783), abs=1e-10)
    assert both_bounds([both]).partly == gamma_bounds([one])
    assert both_bounds([both], neither=False) == (gamma_bounds([one]), None)


def every_completion(of: Incomplete):
    """P and Q of every way to complete a table."""
    rows, columns = of.cells.shape
    lines = [([(i, j) for j in range(columns)], int(n)) for i, n in enumerate(of.no_column)]
    lines += [([(i, j) for i in range(rows)], int(n)) for j, n in enumerate(of.no_row)]
    lines.append(([(i, j) for i in range(rows) for j in range(columns)], of.neither))
    found = set()
    for chosen in product(*(combinations_with_replacement(cells, n) for cells, n in lines)):
        cells = of.cells.copy()
        for cell in (cell for several in chosen for cell in several):
            cells[cell] += 1
        found.add(pair_sums([cells.tolist()]))
    return found


def extremes(strata):
    gammas = set()
    for chosen in product(*map(every_completion, strata)):
        p, q = sum(one[0] for one in chosen), sum(one[1] for one in chosen)
        gammas |= {Fraction(p - q, p + q)} if p + q else set()
    return (min(gammas), max(gammas)) if gammas else (None, None)


def some(random, rows, columns, forms, lacking, neither) -> Incomplete:
    cells = random.multinomial(forms, random.dirichlet(np.ones(rows * columns))).reshape(rows, columns)
    of_row = random.multinomial(lacking, np.ones(rows) / rows)
    of_column = random.multinomial(lacking, np.ones(columns) / columns)
    return incomplete(cells, of_row, of_column, neither)


@pytest.mark.parametrize("seed", range(90))
def test_gamma_against_every_completion(seed: int) -> None:
    random = np.random.default_rng(seed)
    rows, columns = random.integers(1, 4, 2)
    forms, neither = (int(random.integers(0, 25 if seed < 60 else 3)), int(random.integers(0, 4)))
    one = some(random, rows, columns, forms, int(random.integers(0, 4)), neither)
    assert gamma_bounds([one]) == extremes([one])


@pytest.mark.parametrize("seed", range(12))
def test_the_partial_gamma_against_every_completion(seed: int) -> None:
    random = np.random.default_rng(1000 + seed)
    strata = [some(random, *random.integers(2, 4, 2), int(random.integers(0, 15)), 2, seed % 2) for _ in range(2)]
    assert gamma_bounds(strata) == extremes(strata)


def test_more_forms_that_lack_both_than_anybody_could_enumerate() -> None:
    """In a table of two rows and columns the greatest gamma has them on the diagonal, as near to half and half as can be."""
    one = incomplete([[5, 5], [5, 5]], [0, 0], [0, 0], 1001)
    p, q = 2 * (5 + 500) * (5 + 501), 2 * 25
    assert gamma_bounds([one]) == (Fraction(q - p, p + q), Fraction(p - q, p + q))


def test_tables_that_have_nothing_to_order() -> None:
    empty = incomplete(np.zeros((3, 3), dtype=int), [0, 0, 0], [0, 0, 0])
    assert gamma_bounds([]) == gamma_bounds([empty]) == (None, None)
    assert gamma_bounds([incomplete([[4, 2]], [3], [1, 1], 2)]) == (None, None)
    assert gamma_bounds([incomplete(np.zeros((0, 3), dtype=int), [], [1, 0, 0], 2)]) == (None, None)
    assert gamma_bounds([incomplete([[1, 0], [0, 0]], [0, 0], [0, 0], 1)]) == (1, 1)
    assert gamma_bounds([incomplete([[0, 0, 0], [0, 0, 1]], [1, 0], [0, 0, 0])]) == (1, 1)
    assert gamma_bounds([incomplete([[0, 0, 0], [1, 0, 0]], [1, 0], [0, 0, 0], 1)]) == (-1, 1)
    assert gamma_bounds([incomplete(np.zeros((2, 2), dtype=int), [0, 0], [0, 0], 2)]) == (-1, 1)
    assert gamma_bounds([incomplete([[3, 0], [0, 3]], [1, 0], [0, 0])])[1] == 1
    with pytest.raises(ValueError, match="without a column"):
        incomplete([[1, 0]], [0, 0], [0, 0])
    with pytest.raises(ValueError, match="negative"):
        incomplete([[1, -1]], [0], [0, 0])


def test_what_would_take_too_long_is_said_by_steps() -> None:
    random = np.random.default_rng(5)
    wide = some(random, 9, 9, 500, 200, 0)
    with pytest.raises(TooMany):
        gamma_bounds([wide])
    long = incomplete(random.integers(0, 9, (12, 12)), [3] + [0] * 11, [0] * 12, 30)
    assert both_bounds([long]).partly.highest
    assert both_bounds([long]).whole is None
    both = some(random, 5, 5, 500, 60, 40)
    (lowest, highest), whole = both_bounds([both], most=10)
    assert whole is None
    assert gamma_bounds([both])[0] < lowest < highest < gamma_bounds([both])[1]


def test_counts_beyond_what_a_double_holds() -> None:
    many = incomplete(TABLE * 10**7, [0, 0, 0], [0, 0, 0])
    exact = Fraction(*(lambda p, q: (p - q, p + q))(*pair_sums([TABLE.tolist()])))
    assert gamma_bounds([many]) == (exact, exact)
