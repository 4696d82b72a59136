"""Every defensible collapse, against all ways of merging, and figures counted anew from the forms."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support.random_marts import random_frame, write_marts
from support.study import STUDY

from frs_pipeline.errors import UsageError
from frs_pipeline.stats.gamma import goodman_kruskal
from frs_pipeline.store.files import MartFile
from frs_pipeline.study.instruments import instruments
from frs_pipeline.study.tables import catalogue
from frs_pipeline.tables import collapsing
from frs_pipeline.tables.collapsing import collapsed, defensible, how_many

TABLES = catalogue(STUDY)


@pytest.mark.parametrize("answers", range(1, 11))
def test_all_ways_of_merging_neighbours_but_across_the_middle(answers: int) -> None:
    """Number each answer's category: neighbours share one or the next begins; nobody at opposite ends may share one."""
    allowed = set()
    for steps in product((0, 1), repeat=answers - 1):
        category = [sum(steps[:at]) for at in range(answers)]
        mixed = any(
            category[low] == category[high]
            for low in range(answers)
            for high in range(answers)
            if 2 * low + 1 < answers < 2 * high + 1
        )
        if len(set(category)) > 1 and not mixed:
            allowed.add(tuple(tuple(at for at in range(answers) if category[at] == one) for one in sorted(set(category))))
    made = list(defensible(answers))
    assert len(made) == len(set(made)) == how_many(answers)
    assert set(made) == allowed
    assert [len(blocks) for blocks in made] == sorted((len(blocks) for blocks in made), reverse=True)


def marts(folder: Path, name: str, forms: int = 400) -> tuple[pd.DataFrame, dict[str, list[MartFile]]]:
    frame = random_frame(name, forms, 3).assign(conference_id=[f"C{at % 45}" for at in range(forms)])
    return frame, {name: [MartFile("", write_marts({name: frame}, folder)[name])]}


def test_gammas_are_those_of_the_merged_counts(tmp_path: Path) -> None:
    table = TABLES[30]
    frame, files = marts(tmp_path, "initiator")
    made = collapsed(STUDY, table, files)
    assert (made.measure, made.left_out, len(made.variants)) == ("gamma", 0, 144)
    assert table.column is not None
    cells = pd.crosstab(frame["conflict"].astype(float), frame["belief"].astype(float)).reindex(
        index=range(1, 6), columns=range(1, 6), fill_value=0
    )
    for one in made.variants:
        rows, columns = one.blocks
        counts = [[int(cells.iloc[list(row), list(column)].to_numpy().sum()) for column in columns] for row in rows]
        expected = goodman_kruskal(counts)
        assert one.estimate.value == pytest.approx(expected.gamma, abs=1e-14)
        assert one.estimate.n == expected.n
        assert one.estimate.clusters == 45
    (own,) = [one for one in made.variants if one.own]
    assert own.blocks == (((0, 1), (2,), (3, 4)), ((0,), (1,), (2,), (3,), (4,)))
    assert own.row == "rigtig mange + mange | almindeligt | få + slet ingen"


def test_a_table_in_the_other_direction_is_merged_in_its_own(tmp_path: Path) -> None:
    """Table 35 runs from few conflicts to many, table 34 reverses its scale."""
    frame, files = marts(tmp_path, "initiator")
    of_35, of_34 = (collapsed(STUDY, TABLES[number], files) for number in (35, 34))
    assert of_35.rows is not None and of_35.rows.answers[0].label == "slet ingen"
    found = {one.blocks: one.estimate.value for one in of_34.variants}
    assert {one.blocks: one.estimate.value for one in of_35.variants} == found
    followup = frame[frame["occasion"] == "followup"]
    assert {one.estimate.n for one in of_34.variants} == {followup[["conflict", "wellbeing"]].notna().all(axis=1).sum()}


def test_shares_are_of_the_first_answers_with_and_without_those_who_do_not_know(tmp_path: Path) -> None:
    frame, files = marts(tmp_path, "participant_first")
    answers = frame["plan_satisfied"].dropna().astype(int)
    scale = [1, 2, 3, 4, 5]
    unsure = answers[~answers.isin(scale)]
    assert len(unsure)
    for last in (False, True):
        made = collapsed(STUDY, TABLES[4], files, last=last)
        assert made.measure == "share"
        found = {(one.row, one.unsure): one.estimate for one in made.variants}
        assert len(found) == len(made.variants) == 6
        ends = [scale[-size:] if last else scale[:size] for size in (1, 2, 3)]
        expected = [
            (answers.isin(end).sum() / whole, whole) for end in ends for whole in (len(answers) - len(unsure), len(answers))
        ]
        assert [(one.value, one.n) for one in found.values()] == [(pytest.approx(share), n) for share, n in expected]
        # A table of frequencies counts them.
        assert [(one.row, one.unsure) for one in made.variants if one.own] == [("slet ikke" if last else "Ja, meget", True)]


def test_shares_of_a_crosstab_are_those_in_each_row_and_in_all(tmp_path: Path) -> None:
    frame, files = marts(tmp_path, "participant_first")
    made = collapsed(STUDY, TABLES[5], files)
    kept = frame[frame["plan_satisfied"].isin([1, 2, 3, 4, 5]) & frame["role"].notna()]
    for name, code in (("barn", 1), ("netværk", 5)):
        inside = kept[kept["role"] == code]
        (one,) = [one for one in made.variants if one.within == name and one.own]
        assert one.column == "Ja, meget" and not one.unsure
        assert one.estimate.value == pytest.approx((inside["plan_satisfied"] == 1).mean())
    assert [one.estimate.n for one in made.variants if one.within == "Total" and one.own] == [len(kept)]


def test_more_collapses_than_are_tried_are_counted_and_the_own_is_among_those_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, files = marts(tmp_path, "initiator")
    monkeypatch.setattr(collapsing, "MOST", 5)
    made = collapsed(STUDY, TABLES[41], files)
    assert len(made.variants) == 6 and made.left_out == 139
    assert [one.own for one in made.variants] == [True] + 5 * [False]
    merged = [sum(map(len, one.blocks)) for one in made.variants[1:]]
    assert merged == sorted(merged, reverse=True) and merged[0] == 10


def test_a_group_is_one_of_the_tables(tmp_path: Path) -> None:
    frame, files = marts(tmp_path, "participant_followup", 900)
    number = next(n for n, t in TABLES.items() if t.kind == "correlation_by_group" and t.marts == ("participant_followup",))
    table = TABLES[number]
    assert table.column is not None
    everybody, fathers = collapsed(STUDY, table, files), collapsed(STUDY, table, files, " Far ")
    asked = frame[table.row.variable].isin(table.row.counted) & frame[table.column.variable].isin(table.column.counted)
    assert {one.estimate.n for one in everybody.variants} == {int((asked & frame["role"].notna()).sum())}
    assert {one.estimate.n for one in fathers.variants} == {int((asked & (frame["role"] == 3)).sum())}
    for group, says in (("fra", r"has no group 'fra' \(is far meant\?\)"), ("", "has no group ''")):
        with pytest.raises(UsageError, match=says):
            collapsed(STUDY, table, files, group)
    with pytest.raises(UsageError, match="table 30 has no groups"):
        collapsed(STUDY, TABLES[30], files, "far")


def test_a_table_without_an_order_has_nothing_to_merge() -> None:
    by_role = TABLES[5].model_copy(update={"kind": "frequency", "column": None})
    with pytest.raises(UsageError, match="table 5: has no ordinal question"):
        collapsed(STUDY, by_role, {})


def test_every_table_of_the_study_is_collapsed_or_refused(tmp_path: Path) -> None:
    names = instruments(STUDY)
    files = {name: marts(tmp_path, name, 80)[1][name] for name in names}
    done = 0
    for table in TABLES.values():
        try:
            made = collapsed(STUDY, table, {mart: files[mart] for mart in table.reads if mart in files})
        except UsageError:
            continue
        owned = [one for one in made.variants if one.own]
        assert len(owned) == len({one.within for one in made.variants})
        assert all(one.estimate.low is None or np.isfinite(one.estimate.low) for one in made.variants)
        done += 1
    assert done > 60
