"""associations.parquet of the refreshed shipped delivery, held against its figures, its intervals and its forms."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from support.shipped import DELIVERY
from support.study import STUDY

from frs_pipeline.errors import UsageError
from frs_pipeline.stats.clustered_gamma import gamma
from frs_pipeline.store.files import Store, read
from frs_pipeline.store.settings import Settings
from frs_pipeline.study.instruments import instruments
from frs_pipeline.study.tables import catalogue
from frs_pipeline.tables.associations import ASSOCIATIONS, ordinal
from frs_pipeline.tables.collapsing import collapsed


@pytest.fixture(scope="module")
def store(refreshed: Settings) -> Store:
    return Store(refreshed, DELIVERY)


@pytest.fixture(scope="module")
def pairs(store: Store) -> pd.DataFrame:
    rows = read(store.file("statistics", "associations"))
    assert rows.schema.names == ASSOCIATIONS.names
    assert rows.schema.names == ["mart", "row", "column", "group", "gamma", "low", "high", "p", "q", "n", "clusters"]
    return rows.to_pandas()


@pytest.fixture(scope="module")
def figures(store: Store) -> pd.Series:
    rows = read(store.file("statistics", "figures")).to_pandas().fillna({"row": "", "column": "", "group": ""})
    return rows.set_index(["table", "row", "column", "group", "measure"])["value"]


def test_every_pair_stands_once_over_all_forms_and_in_each_role(pairs: pd.DataFrame) -> None:
    expected = 0
    for mart in instruments(STUDY):
        asked = len(ordinal(STUDY, mart))
        expected += asked * (asked - 1) // 2 * (6 if mart.startswith("participant") else 1)
    assert len(pairs) == expected == 1267
    assert not pairs.duplicated(["mart", "row", "column", "group"]).any()
    assert set(pairs["group"].dropna()) == {"barn", "mor", "far", "familie", "netværk"}


@pytest.mark.parametrize("number", [18, 27])
def test_gammas_and_forms_are_those_of_the_tables(number: int, pairs: pd.DataFrame, figures: pd.Series) -> None:
    table = catalogue(STUDY)[number]
    assert table.column is not None
    asked = {table.row.variable, table.column.variable}
    (one,) = (
        row
        for row in pairs[(pairs["mart"] == table.marts[0]) & pairs["group"].isna()].itertuples()
        if {row.row, row.column} == asked
    )
    assert (one.gamma, one.n) == (figures[number, "", "", "", "gamma"], figures[number, "", "", "", "n"])
    assert one.low < one.gamma < one.high


@pytest.mark.parametrize(
    ("mart", "row", "column", "group", "code"),
    [
        ("participant_first", "understood", "made_questions", None, None),
        ("participant_first", "plan_satisfied", "belief", "netværk", 5),
        ("initiator", "belief", "right_questions", None, None),
    ],
)
def test_an_interval_is_that_of_the_forms_counted_child_by_child(
    mart: str, row: str, column: str, group: str | None, code: int | None, store: Store, pairs: pd.DataFrame
) -> None:
    forms = read(store.file("marts", mart)).to_pandas()
    scales = [next(q for q in ordinal(STUDY, mart) if q.name == name) for name in (row, column)]
    codes = [[code for code in q.codes if code != q.dont_know] for q in scales]
    kept = forms[forms[row].isin(codes[0]) & forms[column].isin(codes[1])]
    kept = kept if code is None else kept[kept["role"] == code]
    child = pd.factorize(kept["case_id"].fillna(kept["conference_id"]))[0]
    cells = np.zeros((child.max() + 1, len(codes[0]), len(codes[1])), dtype=int)
    places = [
        kept[name].map({code: at for at, code in enumerate(of)}).to_numpy(int)
        for name, of in zip((row, column), codes, strict=True)
    ]
    np.add.at(cells, (child, *places), 1)
    expected = gamma(cells)
    same = (pairs["mart"] == mart) & (pairs["row"] == row) & (pairs["column"] == column)
    (one,) = pairs[same & (pairs["group"].isna() if group is None else pairs["group"] == group)].itertuples()
    assert (one.n, one.clusters) == (expected.n, expected.clusters)
    numbers = (one.gamma, one.low, one.high, one.p)
    assert numbers == pytest.approx((expected.value, expected.low, expected.high, expected.p), rel=1e-9)


def test_q_is_p_adjusted_within_a_mart_over_all_forms_and_over_its_roles(pairs: pd.DataFrame) -> None:
    for _, family in pairs.dropna(subset="p").groupby(["mart", pairs["group"].isna()]):
        p = np.sort(family["p"].to_numpy())
        step_up = np.minimum.accumulate((p * len(p) / np.arange(1, len(p) + 1))[::-1])[::-1]
        assert np.sort(family["q"].to_numpy()) == pytest.approx(np.minimum(step_up, 1), rel=1e-12)


def test_the_tables_own_collapse_has_the_figure_and_the_interval_of_the_table(store: Store, figures: pd.Series) -> None:
    """Every gamma, and the valid percentage of the first answers of every table that merges none."""
    intervals = read(store.file("statistics", "intervals")).to_pandas().fillna({"row": "", "column": "", "group": ""})
    limits = intervals[intervals["other_group"].isna()].set_index(["table", "row", "column", "group", "measure"])[["low", "high"]]
    compared = 0
    for number, table in catalogue(STUDY).items():
        try:
            made = collapsed(STUDY, table, {mart: store.marts(mart) for mart in table.reads})
        except UsageError:
            continue
        for one in made.variants:
            label = one.row or one.column
            if table.kind.startswith("correlation"):
                address, scale = (number, "", "", "Total" if table.group else "", "gamma"), 1
            elif table.kind in ("frequency", "distribution"):
                label = label if label in [c.label for c in table.row.categories] else ""
                address, scale = (number, label, "", "", "valid_percent" if table.kind == "frequency" else "percent"), 100
            elif table.percent == "row" and one.column:
                address, scale = (number, one.within, label, "", "row_percent"), 100
            else:
                continue
            if one.own and address in figures.index and one.estimate.value is not None:
                assert one.estimate.value * scale == pytest.approx(figures[address], rel=1e-12), address
                ends = (one.estimate.low, one.estimate.high)
                expected = limits.loc[[address]].iloc[0]
                assert [scale * end for end in ends if end is not None] == pytest.approx(expected.dropna().tolist(), rel=1e-9)
                compared += 1
    assert compared > 80
