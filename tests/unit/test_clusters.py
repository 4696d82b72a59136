"""Forms counted by conference or child, held against pandas; and the intervals of tables of every kind."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.study import STUDY

from frs_pipeline.stats.clustered import share
from frs_pipeline.store.files import MartFile
from frs_pipeline.store.settings import PROJECT
from frs_pipeline.study import Study
from frs_pipeline.study.tables import Address, Table, catalogue
from frs_pipeline.tables.clusters import ClusteredForms, clustered
from frs_pipeline.tables.intervals import Interval, as_table, followed, intervals

pytestmark = pytest.mark.unit

TABLE = catalogue(STUDY)[5]


def _mart(folder: Path, name: str, forms: pd.DataFrame) -> list[MartFile]:
    path = folder / f"{name}.parquet"
    kinds = {"form_id": pa.string(), "conference_id": pa.string(), "case_id": pa.string(), "occasion": pa.string()}
    table = pa.table({key: pa.array(forms[key], kinds.get(key, pa.int8()), from_pandas=True) for key in forms.columns})
    pq.write_table(table, path)
    return [MartFile("", path)]


def _forms(seed: int, table: Table, forms: int = 400, *, cases: bool = True) -> pd.DataFrame:
    """Draw forms of conferences, some of which are of one child, with answers among those that the table asks."""
    draw = np.random.default_rng(seed)
    conference = draw.integers(0, 60, forms)
    made = {"form_id": [f"f{i}" for i in range(forms)], "conference_id": [f"c{i}" for i in conference]}
    if cases:
        made["case_id"] = [f"k{i // 3}" if i % 3 else None for i in conference]
    made["occasion"] = draw.choice(["first", "followup"], forms)
    for name in table.needed:
        made[name] = draw.choice(np.array([None, 1, 2, 3, 4, 5, 6], dtype=object), forms)
    return pd.DataFrame(made)


@pytest.mark.parametrize("cases", [True, False])
def test_forms_are_counted_by_child_else_by_conference(tmp_path: Path, cases: bool) -> None:
    rows = _forms(1, TABLE, cases=cases)
    ((table, counted),) = clustered([TABLE], {TABLE.marts[0]: _mart(tmp_path, TABLE.marts[0], rows)})
    key = rows["case_id"].fillna(rows["conference_id"]) if cases else rows["conference_id"]
    axes = [axis for axis in (table.row, table.column) if axis]
    places = [rows[axis.variable].map({code: i for i, c in enumerate(axis.categories) for code in c.codes}) for axis in axes]
    inside = places[0].notna() & places[1].notna()
    expected = pd.crosstab(key[inside], [places[0][inside], places[1][inside]])
    order = [list(expected.index).index(name) for name in key[inside].unique()]
    kept = counted.cells[counted.cells.any(axis=(1, 2, 3))]
    by_name = dict(zip(key.unique(), counted.cells, strict=False))
    for name in expected.index:
        for (i, j), n in expected.loc[name].items():
            assert by_name[name][0, int(i), int(j)] == n
    assert len(kept) == len(order)
    assert counted.every.sum() == len(rows)


def test_forms_that_name_nothing_in_common_are_alone(tmp_path: Path) -> None:
    rows = _forms(2, TABLE).drop(columns=["conference_id", "case_id"])
    ((_, counted),) = clustered([TABLE], {TABLE.marts[0]: _mart(tmp_path, TABLE.marts[0], rows)})
    assert counted.every.tolist() == [1] * len(rows)


def test_both_occasions_are_one_cluster_where_the_child_is_the_same(tmp_path: Path) -> None:
    both = catalogue(STUDY)[3]
    marts = {mart: _mart(tmp_path, mart, _forms(3 + at, both)) for at, mart in enumerate(both.marts)}
    ((_, counted),) = clustered([both], marts)
    rows = pd.concat([_forms(3 + at, both) for at in range(2)])
    answered = rows["role"].notna()
    expected = rows["case_id"].fillna(rows["conference_id"])[answered].value_counts()
    assert sorted(counted.every[counted.every > 0].tolist()) == sorted(expected.tolist())


@pytest.mark.parametrize("number", sorted(number for number, table in catalogue(STUDY).items() if not table.pairing))
def test_a_table_of_nothing_and_of_one_conference_have_no_intervals(tmp_path: Path, number: int) -> None:
    table = catalogue(STUDY)[number]
    for forms in (0, 5):
        rows = _forms(number, table, forms)
        rows["conference_id"], rows["case_id"], rows["occasion"] = "c", "k", "first" if table.occasion == "first" else "followup"
        for name in table.needed:
            rows[name] = [1] * forms
        marts = {mart: _mart(tmp_path, mart, rows) for mart in table.marts}
        ((_, counted),) = clustered([table], marts)
        for interval in intervals(STUDY, table, counted):
            assert interval.estimate.low is None, interval
            assert interval.estimate.reason is not None, interval


def test_an_interval_about_other_forms_than_its_figure_is_refused() -> None:
    interval = Interval(next(iter(_addresses())), share(np.array([1, 2]), np.array([2, 3])))
    assert as_table([interval], {interval.address: 60.0})["value"].to_pylist() == [60.0]
    with pytest.raises(ValueError, match="other forms"):
        as_table([interval], {interval.address: 61.0})


def _addresses():
    from frs_pipeline.study.tables import Address

    yield Address(5, "barn", "ja", "", "row_percent")


def test_tables_that_the_report_draws_against_each_other_are_compared() -> None:
    assert (1, 2) in followed(STUDY)
    assert (7, 19) in followed(STUDY)


def test_boxes_of_a_group_are_shares_of_its_forms_with_a_tick() -> None:
    study = Study(PROJECT / "studies" / "library_visitors")
    table = next(table for table in catalogue(study).values() if table.kind == "multiple" and table.group)
    draw = np.random.default_rng(4)
    boxes, groups = len(table.row.boxes), len(table.group.categories) if table.group else 1
    cases = draw.integers(0, 6, (40, groups)).astype(np.int32)
    ticks = draw.binomial(cases[..., np.newaxis], 0.4, (40, groups, boxes)).astype(np.int32)
    forms = ClusteredForms(ticks[..., np.newaxis], cases.sum(axis=1), cases)
    found = {made.address: made.estimate for made in intervals(study, table, forms)}
    assert table.group is not None
    for at, group in enumerate(table.group.categories):
        for box, category in enumerate(table.row.categories):
            own = share(ticks[:, at, box], cases[:, at])
            made = found[Address(table.number, category.label, "", group.label, "case_percent")]
            assert (made.value, made.low, made.high, made.error) == pytest.approx((own.value, own.low, own.high, own.error))
            assert (made.clusters, made.n) == (own.clusters, own.n)
