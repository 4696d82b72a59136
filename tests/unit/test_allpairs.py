"""All pairs of questions against pairs counted one by one: by an engine, by pandas, by hand."""

from __future__ import annotations

import tempfile
from collections import Counter
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.random_marts import random_frame, write_marts
from support.study import STUDY

from frs_pipeline.store.files import MartFile
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.tables import allpairs
from frs_pipeline.tables.allpairs import AllPairs, Scale, count_pairs, count_pairs_on
from frs_pipeline.tables.associations import ordinal, scale_of
from frs_pipeline.tables.engine import open_marts

CODES = st.integers(-127, 127)
WIDE = Scale("wide", tuple(range(-127, 128)))
Forms = list[dict[str, int | None]]


def written(folder: Path, names: list[str], forms: Forms, row_group: int = 100_000) -> Path:
    schema = pa.schema([(name, pa.int8()) for name in names])
    pq.write_table(pa.Table.from_pylist(forms, schema=schema), folder / "mart.parquet", row_group_size=row_group)
    return folder / "mart.parquet"


def by_hand(forms: Forms, row: Scale, column: Scale, by: Scale | None, group: int | None) -> list[list[int]]:
    inside = [form for form in forms if by is None or group is None or form[by.name] == group]
    found = Counter((form[row.name], form[column.name]) for form in inside)
    return [[found[r, c] for c in column.codes] for r in row.codes]


def same(one: AllPairs, other: AllPairs) -> bool:
    return (one.scales, one.by) == (other.scales, other.by) and np.array_equal(one.counts, other.counts)


@st.composite
def marts(draw: st.DrawFn) -> tuple[list[Scale], Scale | None, Forms]:
    """Questions with few or many answers, and forms with blanks and with codes that have no place on a scale."""
    sizes = draw(st.lists(st.sampled_from([1, 2, 5, 5, 5, 17]), min_size=1, max_size=7))
    scales = [
        Scale(f"q{at}", tuple(draw(st.lists(CODES, min_size=size, max_size=size, unique=True)))) for at, size in enumerate(sizes)
    ]
    by = draw(st.sampled_from([None, *scales, Scale("group", (3, -1, 2))]))
    answers = [st.sampled_from([None, 7, *scale.codes]) for scale in (*scales, Scale("group", (3, -1, 2)))]
    forms = draw(st.lists(st.tuples(*answers), max_size=40))
    return scales, by, [dict(zip([*(scale.name for scale in scales), "group"], form, strict=True)) for form in forms]


@settings(deadline=None, max_examples=60)
@given(made=marts(), row_group=st.integers(1, 50))
def test_any_mart_is_counted_as_by_hand(made: tuple[list[Scale], Scale | None, Forms], row_group: int) -> None:
    scales, by, forms = made
    with tempfile.TemporaryDirectory() as folder:
        counted = count_pairs(
            [MartFile("", written(Path(folder), [*(scale.name for scale in scales), "group"], forms, row_group))], scales, by
        )
    for row in scales:
        for column in scales:
            if row != column:
                for group in (None, *(by.codes if by else ())):
                    assert counted.table(row.name, column.name, group).tolist() == by_hand(forms, row, column, by, group)


@settings(deadline=None, max_examples=15)
@given(made=marts())
def test_an_engine_counts_the_same_pair_by_pair(made: tuple[list[Scale], Scale | None, Forms]) -> None:
    scales, by, forms = made
    with tempfile.TemporaryDirectory() as folder:
        path = written(Path(folder), [*(scale.name for scale in scales), "group"], forms)
        assert same(count_pairs([MartFile("", path)], scales, by), count_pairs_on(open_marts({"mart": path})["mart"], scales, by))


@pytest.mark.parametrize("forms", [0, 500])
@pytest.mark.parametrize("by", [None, "role", "conflict"])
def test_a_mart_of_the_study_is_counted_alike_by_engine_and_pandas(forms: int, by: str | None, tmp_path: Path) -> None:
    frame = random_frame("participant_followup", forms, 11)
    path = write_marts({"participant_followup": frame}, tmp_path)["participant_followup"]
    scales = [scale_of(question) for question in ordinal(STUDY, "participant_followup")]
    question = questionnaires(STUDY)["participant_followup"].question(by) if by else None
    within = scale_of(question) if question else None
    counted = count_pairs([MartFile("", path)], scales, within)
    assert same(counted, count_pairs_on(open_marts({"mart": path})["mart"], scales, within))
    for group in (None, *(within.codes[:1] if within else ())):
        inside = frame if group is None else frame[frame[by] == group]
        for row, column in combinations(scales, 2):
            left, right = (pd.Categorical(inside[one.name], list(one.codes)) for one in (row, column))
            cells = pd.crosstab(left, right, dropna=False).reindex(index=row.codes, columns=column.codes, fill_value=0)
            assert counted.table(row.name, column.name, group).tolist() == cells.to_numpy().tolist()


@pytest.mark.parametrize("most", [1, 100, 10_000, 2**19])
def test_how_answers_are_packed_changes_no_count(most: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A scale that fills a byte, with a blank, beside small ones; groups leave less room for packing."""
    rng = np.random.default_rng(5)
    scales = [Scale("one", (-1,)), WIDE, *(Scale(name, (1, 2, 3, 4, 5)) for name in "abcdef")]
    by = Scale("by", tuple(range(30)))
    drawn = {scale.name: rng.choice([*scale.codes, 127], 300) for scale in (*scales, by)}
    blank = {name: rng.random(300) < 0.2 for name in drawn}
    forms: Forms = [{name: None if blank[name][i] else int(drawn[name][i]) for name in drawn} for i in range(300)]
    path = written(tmp_path, list(drawn), forms, 37)
    monkeypatch.setattr(allpairs, "MOST", most)
    counted = count_pairs([MartFile("", path)], scales, by)
    for row, column in combinations(scales, 2):
        for group in (None, 0, 29):
            assert counted.table(row.name, column.name, group).tolist() == by_hand(forms, row, column, by, group)


def test_several_files_are_counted_as_one(tmp_path: Path) -> None:
    scales = [Scale(name, (1, 2)) for name in "ab"]
    paths = []
    for name in ("first", "empty", "second"):
        (tmp_path / name).mkdir()
        paths.append(written(tmp_path / name, ["a", "b"], [] if name == "empty" else [{"a": 1, "b": 2}, {"a": 2, "b": None}]))
    assert count_pairs([MartFile("", path) for path in paths], scales).table("a", "b").tolist() == [[0, 2], [0, 0]]


def test_a_question_with_itself_is_how_often_each_answer_was_given(tmp_path: Path) -> None:
    path = written(tmp_path, ["a"], [{"a": 1}, {"a": 2}, {"a": 2}, {"a": None}])
    assert count_pairs([MartFile("", path)], [Scale("a", (2, 1))]).table("a", "a").tolist() == [[2, 0], [0, 1]]
