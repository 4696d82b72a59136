"""Errors by resampling stand beside those by formula, for figures of every kind of table."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.study import STUDY

from frs_pipeline.stats.clustered_gamma import gamma
from frs_pipeline.stats.permutation import within
from frs_pipeline.store.files import MartFile
from frs_pipeline.study.tables import Axis, Category, Table, catalogue
from frs_pipeline.tables.clusters import clustered
from frs_pipeline.tables.resampled import Resampled, resampled

pytestmark = pytest.mark.unit

TABLES = catalogue(STUDY)
OF_ROLES = next(table for table in TABLES.values() if table.kind == "correlation_by_group")
OF_ALL = next(table for table in TABLES.values() if table.kind == "correlation" and "participant" in table.marts[0])
OF_OTHERS = next(table for table in TABLES.values() if table.kind == "correlation" and "participant" not in table.marts[0])


def _marts(folder: Path, table: Table, seed: int = 1) -> dict[str, list[MartFile]]:
    """Write marts of 90 conferences, whose answers go together within them."""
    rng = np.random.default_rng(seed)
    found = {}
    for mart in table.reads:
        conference = rng.integers(0, 90, 500)
        made: dict[str, object] = {"form_id": [f"{mart}{i}" for i in range(500)], "conference_id": [f"c{i}" for i in conference]}
        made["occasion"] = ["first"] * 500 if table.occasion == "both" else [table.occasion] * 500
        common = rng.normal(size=90)[conference]
        for name in dict.fromkeys((*table.needed, "role")):
            answers = np.clip(np.round(2.5 + common + rng.normal(size=500)), 1, 5)
            made[name] = rng.integers(1, 6, 500) if name == "role" else answers
        kinds = {"form_id": pa.string(), "conference_id": pa.string(), "occasion": pa.string()}
        frame = pd.DataFrame(made)
        columns = {name: pa.array(frame[name], kinds.get(name, pa.int8()), from_pandas=True) for name in frame.columns}
        path = folder / f"{mart}.parquet"
        pq.write_table(pa.table(columns), path)
        found[mart] = [MartFile("", path)]
    return found


def _found(folder: Path, table: Table, samples: int = 1500, seed: int = 1) -> list[Resampled]:
    return resampled(STUDY, table, _marts(folder, table), samples, seed)


@pytest.mark.parametrize("number", [1, 3, 4, OF_ROLES.number, OF_ALL.number, OF_OTHERS.number])
def test_both_errors_are_about_the_same(tmp_path: Path, number: int) -> None:
    found = _found(tmp_path, TABLES[number])
    assert found
    compared = 0
    for one in found:
        made = one.estimate
        if made.error and made.n > 60 and 0.1 < abs(made.value or 0) < 0.9:
            assert one.bootstrap.error == pytest.approx(made.error, rel=0.12), one.address
            compared += 1
    assert compared or number in (OF_ROLES.number, OF_OTHERS.number)


def test_gammas_are_tested_within_conference_and_role(tmp_path: Path) -> None:
    marts = _marts(tmp_path, OF_ROLES)
    found = {one.address.group: one for one in resampled(STUDY, OF_ROLES, marts, 200) if one.address.measure == "gamma"}
    ((_, forms),) = clustered([OF_ROLES], marts)
    assert found["Total"].within == within(forms.cells)
    assert OF_ROLES.group is not None
    first = OF_ROLES.group.categories[0].label
    assert found[first].within == within(forms.cells[:, [0]])
    assert found[first].estimate.value == gamma(forms.cells[:, 0]).value
    (partial,) = (one for one in resampled(STUDY, OF_ROLES, marts, 200) if one.address.measure == "partial_gamma")
    assert partial.within is None


def test_a_gamma_of_all_is_broken_down_by_role_to_be_tested(tmp_path: Path) -> None:
    marts = _marts(tmp_path, OF_ALL)
    (one,) = resampled(STUDY, OF_ALL, marts, 200)
    labels = dict(enumerate("abcde", start=1))
    axis = Axis(variable="role", categories=tuple(Category(label=label, codes=(code,)) for code, label in labels.items()))
    ((_, forms),) = clustered([OF_ALL.model_copy(update={"group": axis})], marts)
    assert one.within == within(forms.cells)
    assert one.within is not None
    assert one.within.forms > 0


def test_where_nobody_says_a_role_all_of_a_conference_are_shuffled(tmp_path: Path) -> None:
    marts = _marts(tmp_path, OF_OTHERS)
    (one,) = resampled(STUDY, OF_OTHERS, marts, 200)
    ((_, forms),) = clustered([OF_OTHERS], marts)
    assert one.within == within(forms.cells)


def test_a_gamma_within_other_groups_is_broken_down_by_role_in_each(tmp_path: Path) -> None:
    other = next(name for name in ("overall", "plan_satisfied") if name not in OF_ALL.variables)
    halves = (Category(label="low", codes=(1, 2)), Category(label="high", codes=(3, 4, 5)))
    table = OF_ALL.model_copy(update={"kind": "correlation_by_group", "group": Axis(variable=other, categories=halves)})
    found = {one.address.group: one for one in _found(tmp_path, table, 200) if one.within is not None}
    assert list(found) == ["low", "high", "Total"]
    forms = [found[group].within.forms for group in found]
    assert 0 < forms[0] < forms[2]
    assert 0 < forms[1] < forms[2]


def test_a_seed_makes_the_same_figures(tmp_path: Path) -> None:
    assert _found(tmp_path, OF_ALL, 200, 3) == _found(tmp_path, OF_ALL, 200, 3) != _found(tmp_path, OF_ALL, 200, 4)
