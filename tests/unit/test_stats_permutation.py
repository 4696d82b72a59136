"""Shuffling within clusters and strata: against all arrangements of a few forms, and what it must and mustn't see."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
import pytest
from scipy import stats

from frs_pipeline.stats.clustered_gamma import partial_gamma
from frs_pipeline.stats.permutation import Within, _Forms, within

pytestmark = pytest.mark.unit


def _cells(forms: list[tuple[int, int, int, int]], shape: tuple[int, int, int, int]) -> np.ndarray:
    """Count forms, each its cluster, stratum, row and column."""
    cells = np.zeros(shape, dtype=np.int64)
    np.add.at(cells, tuple(np.array(forms).T), 1)
    return cells


FEW = [
    *((0, 0, 0, 0), (0, 0, 1, 1), (0, 0, 2, 1), (0, 1, 2, 2), (0, 1, 0, 0)),
    *((1, 0, 0, 1), (1, 0, 1, 2), (1, 0, 1, 0), (1, 1, 2, 1), (2, 0, 1, 1)),
]
SHAPE = (3, 2, 3, 3)


def _of_pairs_within(forms: list[tuple[int, int, int, int]]) -> float:
    same = opposite = 0
    for (k, _, x, y), (other, _, v, w) in product(forms, repeat=2):
        if k == other:
            same += (x - v) * (y - w) > 0
            opposite += (x - v) * (y - w) < 0
    return (same - opposite) / (same + opposite) if same + opposite else 0.0


def _exactly(forms: list[tuple[int, int, int, int]]) -> float:
    """Return p from all arrangements of the columns within clusters and strata."""
    places: dict[tuple[int, int], list[int]] = {}
    for at, (k, s, _, _) in enumerate(forms):
        places.setdefault((k, s), []).append(at)
    values = []
    for orders in product(*(permutations(own) for own in places.values())):
        columns = {
            at: forms[taken][3]
            for own, order in zip(places.values(), orders, strict=True)
            for at, taken in zip(own, order, strict=True)
        }
        values.append(_of_pairs_within([(*form[:3], columns[at]) for at, form in enumerate(forms)]))
    seen = _of_pairs_within(forms)
    return 2 * min(float((sign * (np.array(values) - seen) >= -1e-12).mean()) for sign in (1, -1))


def test_p_is_that_of_all_arrangements() -> None:
    found = within(_cells(FEW, SHAPE), shuffles=9999)
    assert found.gamma == pytest.approx(_of_pairs_within(FEW))
    assert found.p == pytest.approx(_exactly(FEW), abs=0.02)
    assert (found.forms, found.strata) == (8, 3)


def test_p_is_that_of_scipy_in_a_single_stratum() -> None:
    x, y = np.array([0, 0, 1, 1, 2, 2, 2]), np.array([0, 1, 0, 1, 1, 2, 2])

    def of_pairs(first: np.ndarray, second: np.ndarray) -> float:
        return _of_pairs_within([(0, 0, a, b) for a, b in zip(first, second, strict=True)])

    theirs = stats.permutation_test((x,), lambda first: of_pairs(first, y), permutation_type="pairings", n_resamples=np.inf)
    ours = within(_cells([(0, 0, a, b) for a, b in zip(x, y, strict=True)], (1, 1, 3, 3)), shuffles=9999)
    assert ours.gamma == pytest.approx(theirs.statistic)
    assert ours.p == pytest.approx(theirs.pvalue, abs=0.015)


def test_gamma_is_the_partial_one_with_the_cluster_as_stratum() -> None:
    cells = np.random.default_rng(1).poisson(0.2, (30, 3, 4, 5))
    clusters_as_strata = cells.sum(axis=1)[np.newaxis]
    assert within(cells, 10).gamma == pytest.approx(partial_gamma(clusters_as_strata).value)


def test_shuffling_stays_within_cluster_and_stratum() -> None:
    forms = _Forms(np.random.default_rng(2).poisson(0.4, (20, 3, 3, 4)))
    shuffled = forms.shuffled(np.random.default_rng(3), 25)
    assert (shuffled != forms.answers).any()
    for stratum in np.unique(forms.stratum):
        own = forms.stratum == stratum
        assert (np.sort(shuffled[:, own], axis=1) == np.sort(forms.answers[own])).all()


def test_the_number_of_shuffles_at_a_time_doesnt_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    cells = np.random.default_rng(4).poisson(0.2, (20, 3, 3, 3))
    whole = within(cells, 99)
    monkeypatch.setattr("frs_pipeline.stats.permutation._AT_ONCE", 1)
    assert within(cells, 99) == whole == within(cells, 99)


def test_nothing_is_tested_where_nobody_shares_conference_and_role() -> None:
    alone = _cells([(k, s, k % 3, (k + s) % 3) for k in range(20) for s in range(2)], (20, 2, 3, 3))
    assert within(alone).p is None
    assert within(alone).gamma is None  # the two of a conference agree in the first answer
    differing = _cells([(k, s, s, s) for k in range(20) for s in range(2)], (20, 2, 3, 3))
    assert within(differing) == Within(1.0, None, 0, 0)
    assert within(np.zeros((5, 2, 3, 3), dtype=np.int64)) == Within(None, None, 0, 0)


def _planted(seed: int, *, own: float, role: float, conference: float) -> np.ndarray:
    """Draw 60 conferences of two roles with three forms each; effects are on both answers."""
    rng = np.random.default_rng(seed)
    common = conference * rng.standard_normal((60, 1, 1))
    x = rng.standard_normal((60, 2, 3))
    y = own * x + np.sqrt(1 - own * own) * rng.standard_normal(x.shape)
    moved = role * np.array([-1.0, 1.0])[:, np.newaxis]
    rows, columns = (np.digitize(values, [-1, 0, 1]) for values in (x + moved + common, y + moved + common))
    cells = np.zeros((60, 2, 4, 4), dtype=np.int64)
    np.add.at(cells, (np.arange(60)[:, None, None], np.arange(2)[:, None], rows, columns), 1)
    return cells


def test_what_roles_or_conferences_have_in_common_isnt_taken_for_association_within() -> None:
    ps = [within(_planted(seed, own=0, role=1, conference=1), 199).p for seed in range(120)]
    rejected = np.mean([p is not None and p <= 0.05 for p in ps])
    assert rejected <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 120)
    assert partial_gamma(_planted(1, own=0, role=1, conference=1).sum(axis=1, keepdims=True)).value > 0.4


def test_association_within_is_seen_though_roles_pull_the_other_way() -> None:
    for own in (-0.6, 0.6):
        found = within(_planted(3, own=own, role=0.5, conference=1), 999)
        assert found.p is not None
        assert found.p <= 0.002
