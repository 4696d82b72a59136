"""A small sample of `make simulate`: a broken interval or test is noticed. And what is planted has the truth that is said."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import ModuleType

import numpy as np
import pytest
from scipy import stats

from frs_pipeline.stats.clustered import share
from frs_pipeline.stats.clustered_gamma import gamma, partial_gamma
from frs_pipeline.store.settings import PROJECT

pytestmark = pytest.mark.unit

MODULES = ("planted", "scenes", "discoveries", "shuffles", "simulate")


@pytest.fixture(scope="module")
def benchmarks() -> Iterator[dict[str, ModuleType]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(PROJECT / "benchmarks"))
        yield {name: __import__(name) for name in MODULES}
        for name in MODULES:
            sys.modules.pop(name, None)


@pytest.mark.parametrize(
    "what",
    [
        *("five answers", "share .97", "shares by role", "gamma 0", "gamma .8", "partial gamma .3"),
        "gammas .8, .3 of barn, familie",
    ],
)
def test_intervals_hold_the_truth_about_as_often_as_they_say(benchmarks: dict[str, ModuleType], what: str) -> None:
    scenes, simulate = benchmarks["scenes"], benchmarks["simulate"]
    # An ICC at which errors that know no clusters would be far too small.
    for cell in simulate.cells_of(scenes.Scene(what, 100, 0.5), 250):
        assert not simulate.outside(cell.tally.coverage, cell.tally.intervals, *simulate.CELL), cell.place
        assert cell.tally.without == 0


def test_errors_that_know_no_clusters_would_be_noticed(benchmarks: dict[str, ModuleType]) -> None:
    planted, simulate, scenes = (benchmarks[name] for name in ("planted", "simulate", "scenes"))
    rng, held = np.random.default_rng(1), {"share": 0, "gamma": 0}
    studies, truth = 250, planted.rho_for(0.3, planted.CONFLICT, planted.HELPED)
    of = planted.forms(rng, studies, 100)
    answers = planted.ordered(rng, of, (planted.CONFLICT, planted.HELPED), planted.pair(truth), 0.5)
    for study in range(studies):
        own = answers[of.cluster // 100 == study]
        # Every form is a cluster of its own.
        cells = np.zeros((len(own), 5, 5), dtype=np.int64)
        cells[np.arange(len(own)), own[:, 0], own[:, 1]] = 1
        held["gamma"] += gamma(cells).low <= 0.3 <= gamma(cells).high
        high = (own[:, 0] > 2).astype(np.int64)
        expected = sum(planted.CONFLICT[3:])
        made = share(high, np.ones_like(high))
        held["share"] += made.low <= expected <= made.high
    for number in held.values():
        assert simulate.outside(100 * number / studies, studies, *simulate.CELL)
    assert scenes.FIVE[-1] == 0.02


def test_a_test_that_says_too_much_is_named(benchmarks: dict[str, ModuleType]) -> None:
    simulate, scenes, discoveries, shuffles = (benchmarks[name] for name in ("simulate", "scenes", "discoveries", "shuffles"))
    results = simulate.Results(
        simulate.cells_of(scenes.Scene("gamma 0", 30, 0.2), 40),
        [discoveries.search(discoveries.Search("none goes together", 30, 0.2), 40, 16)],
        [shuffles.rejected(shuffles.Shuffled("roles move both answers", 30, 0.2), 40, 16)],
    )
    assert list(simulate.unmet(results)) == []
    tally = results.cells[0].tally
    wrong = simulate.Tally(runs=1000, held=880, below=60, above=60, tested=1000, five=120, thousandth=40)
    broken = simulate.Results(
        [results.cells[0]._replace(tally=wrong)],
        [discoveries.Found(results.found[0].search, 9.0, 1.0, None, 50.0)],
        [shuffles.Rejected(results.rejected[0].of, 1000, 9.0, 5.0)],
    )
    lines = list(simulate.unmet(broken))
    assert [line.split(":")[0] for line in lines] == [
        *["gamma, 0, 30 conferences, ICC .2"] * 3,
        "gamma, on average",
        "pairs, none goes together, 30 conferences, ICC 0.2",
        "shuffling, roles move both answers, 30 conferences, ICC 0.2",
    ]
    assert tally.runs == 200


def test_the_page_has_all_that_was_simulated(benchmarks: dict[str, ModuleType]) -> None:
    simulate, scenes = benchmarks["simulate"], benchmarks["scenes"]
    chosen = [scene for scene in simulate.every_scene((8,)) if scene.what in ("five answers", "gamma .3")]
    cells = simulate.together([cell for scene in chosen for cell in simulate.cells_of(scene, 3)])
    assert cells == simulate.together([cell for scene in chosen for cell in simulate.cells_of(scene, 3)])
    page = simulate.page(simulate.Results(cells, [], []), 3)
    assert page.count("| .02, one of five answers | 8 |") == 1
    assert len(scenes.KINDS) > 15
    # All carry a mark: nothing is demanded of them.
    assert "100.0 (0.0/0.0)*" in page
    assert list(simulate.unmet(simulate.Results(cells, [], []))) == []


def test_planted_truths_are_those_of_many_forms(benchmarks: dict[str, ModuleType]) -> None:
    planted, scenes = benchmarks["planted"], benchmarks["scenes"]
    rng, rho = np.random.default_rng(2), 0.5
    of = planted.forms(rng, 1, 40_000)
    sizes = np.bincount(of.cluster)
    assert sizes.min() == 1
    assert sizes.mean() == pytest.approx(6.4, abs=0.1)
    answers = planted.ordered(rng, of, (planted.CONFLICT, planted.HELPED), planted.pair(rho), 0.3)
    cells = planted.counted(of, 1, (of.role, 6), (answers[:, 0], 5), (answers[:, 1], 5))[0]
    assert gamma(cells.sum(axis=1)).value == pytest.approx(planted.gamma_of(rho, planted.CONFLICT, planted.HELPED), abs=0.005)
    moved = planted.ordered(rng, of, (planted.CONFLICT, planted.HELPED), planted.pair(rho), 0.3, scenes.SHIFTS)
    cells = planted.counted(of, 1, (of.role, 6), (moved[:, 0], 5), (moved[:, 1], 5))[0]
    assert partial_gamma(cells).value == pytest.approx(scenes._partial_truth(rho), abs=0.01)
    for icc in (0.05, 0.2):
        hits = planted.counted(of, 1, (planted.nominal(rng, of, (0.02, 0.98), icc), 2))[0]
        assert share(hits[:, 0], hits.sum(axis=1)).value == pytest.approx(0.02, abs=0.002)
        assert share(hits[:, 0], hits.sum(axis=1)).icc == pytest.approx(icc, abs=0.02)
    several = planted.by_role(rng, of, (0.6, 0.5, 0.4, 0.45, 0.3, 0.2), 0.2)
    familie = of.role == 3
    a, m = (planted.counted(of, 1, where=where)[0] for where in (several & familie, familie))
    made = share(a, m)
    assert (made.value, made.icc) == (pytest.approx(0.45, abs=0.01), pytest.approx(0.2, abs=0.02))


def test_cells_of_cut_normal_variables_are_those_of_scipy(benchmarks: dict[str, ModuleType]) -> None:
    planted = benchmarks["planted"]
    shares = planted.cell_shares(0.6, (0.3, 0.5, 0.2), (0.9, 0.1))
    corner = stats.multivariate_normal.cdf([stats.norm.ppf(0.3), stats.norm.ppf(0.9)], cov=[[1, 0.6], [0.6, 1]])
    assert shares[0, 0] == pytest.approx(corner, abs=1e-6)
    assert shares.sum(axis=1) == pytest.approx([0.3, 0.5, 0.2])
    assert planted.gamma_of(planted.rho_for(0.8, (0.3, 0.7), (0.6, 0.4)), (0.3, 0.7), (0.6, 0.4)) == pytest.approx(0.8)
