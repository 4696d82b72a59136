"""The attack and what is hidden, against τ-ARGUS: the program of the statistical offices for protecting tables.

Optional: it runs where `pip install 'frs-pipeline[oracle]'` has brought pytauargus, which holds the engine itself.
"""

from contextlib import chdir

import numpy as np
import pytest
from support.releases import Hand, whole, write_marts
from support.study import STUDY

from frs_pipeline.release.attack import Attacker
from frs_pipeline.release.files import FIGURES
from frs_pipeline.release.making import Releasing
from frs_pipeline.study.release import release_policy
from frs_pipeline.study.tables import catalogue

pytauargus = pytest.importorskip("pytauargus", reason="the extra `oracle` isn't installed")

TABLE = catalogue(STUDY)[1]
ROLES = [c.label for c in TABLE.row.categories]
ANSWERS = [c.label for c in TABLE.column.categories]
# τ-ARGUS takes a hidden count to be at least 0.
POLICY = release_policy(STUDY).model_copy(update={"collapse": {}, "zeros": "hidden"})


@pytest.fixture(autouse=True)
def _logs_elsewhere(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module", params=range(4))
def both(request, tmp_path_factory):
    """A random table, as τ-ARGUS protects it, as we do, and its marts."""
    folder = tmp_path_factory.mktemp("tau")
    chance = np.random.default_rng(request.param)
    cells = chance.poisson(np.outer((1, 1.5, 1, 3, 1.4), (30, 20, 9, 5, 3)))
    cells += cells == 0  # an empty cell is no cell to τ-ARGUS
    said = [(i, j) for i in range(5) for j in range(5) for _ in range(cells[i, j])]
    columns = {"role": [i + 1 for i, _ in said], "overall": [j + 1 for _, j in said]}
    marts = write_marts({"participant_first": whole("participant_first", columns)}, folder)
    micro = {"row": [f"r{i}" for i, _ in said], "column": [f"c{j}" for _, j in said], "n": [1.0] * len(said)}
    with chdir(folder):  # it leaves its logs where it runs
        theirs = pytauargus.protect(micro, ["row", "column"], "n", "FREQ(5,100)", "OPT(1)", workdir=str(folder / "run"))
    ours = Releasing(STUDY, "2021-01-31", {1: TABLE}, marts, POLICY, forms="forms").release()
    return cells, theirs, ours, marts


def labels(row):
    named = {
        "Total": "Total",
        **{f"r{i}": label for i, label in enumerate(ROLES)},
        **{f"c{i}": label for i, label in enumerate(ANSWERS)},
    }
    return named[row["row"]], named[row["column"]], ""


def test_true_totals_are_kept_in_both(both):
    cells, theirs, ours, _ = both
    totals = {labels(row): row["n"] for row in theirs.tables[0].rows if row["status"] not in "UM" and "Total" in labels(row)}
    told = dict(_told(ours))
    for place, value in totals.items():
        assert place not in told or told[place] == value
    assert totals["Total", "Total", ""] == told["Total", "Total", ""] == cells.sum()


def test_the_same_counts_are_small(both):
    _, theirs, ours, _ = both
    small = {labels(row) for row in theirs.tables[0].rows if row["status"] == "U"}
    assert small == set(ours.released[0].small)


def test_every_range_that_tau_argus_finds_lies_in_the_one_found_here(both, tmp_path):
    # It supposes that everybody knows about how large a count can be, which is not supposed here: its ranges may be narrower.
    _, theirs, _, marts = both
    rows = theirs.tables[0].rows
    audited = {labels(rows[found["cell"]]): (found["min"], found["max"]) for found in theirs.engine.audit(0)}
    attacker = Attacker(STUDY, Hand([1], marts, policy=POLICY).hide(1, *audited).source(tmp_path))
    assert audited and len(attacker.targets) == len(audited)
    for target in attacker.targets:
        low, high = (attacker.worlds.furthest(target.sum, way)[0] for way in (-1, 1))
        least, most = audited[target.labels]
        assert low <= least + 1e-6 and most - 1e-6 <= high
        assert (high - low) - (most - least) <= 10


def test_nothing_that_is_safe_there_is_exposed_here(both, tmp_path):
    _, theirs, _, marts = both
    rows = theirs.tables[0].rows
    safe = {
        labels(rows[found["cell"]])
        for found in theirs.engine.audit(0)
        if not found["unsafe"] and found["max"] - found["min"] >= POLICY.threshold and found["max"] >= POLICY.threshold
    }
    hidden = [labels(row) for row in rows if row["status"] in "UM"]
    exposed = Hand([1], marts, policy=POLICY).hide(1, *hidden).exposed(tmp_path)
    assert safe and not safe & {place for _, _, place in exposed}


def test_about_as_much_is_hidden(both):
    _, theirs, ours, _ = both
    optimal = sum(row["status"] in "UM" for row in theirs.tables[0].rows)
    assert ours.hidden <= optimal + 4


def _told(release):
    for line in release.files[FIGURES].decode().splitlines()[1:]:
        _, row, column, group, measure, value, status = line.split(",")
        if measure == "count" and status == "shown":
            yield (row, column, group), int(value)
