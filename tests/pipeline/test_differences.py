"""What moved a figure between two deliveries: steps that add up, each counted here with pandas."""

import datetime as dt

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.random_marts import random_frame, write_marts
from support.study import STUDY

from frs_pipeline.errors import InputError
from frs_pipeline.lineage.differences import CORRECTED, GONE, NEW, differences
from frs_pipeline.report.before import NONE, Change, before_of, cells, since
from frs_pipeline.report.typography import in_text
from frs_pipeline.store.files import MANIFEST, Store, read, write_json
from frs_pipeline.store.plan import products
from frs_pipeline.store.settings import Settings
from frs_pipeline.study.instruments import instruments
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.study.tables import catalogue
from frs_pipeline.tables.counting import count
from frs_pipeline.tables.engine import open_marts
from frs_pipeline.tables.figures import as_table, figures, from_table

MARTS = {name: random_frame(name, 90, seed) for seed, name in enumerate(instruments(STUDY), start=3)}
# Of `initiator`: these change an answer, these go, these come.
CHANGED, LEAVING, COMING = range(5, 12), range(40, 50), range(200, 215)


def store(folder, delivery, frames):
    """A delivery of which there are marts and figures."""
    found = Store(Settings(STUDY, folder), delivery)
    marts = found.file("marts", "initiator").parent
    marts.mkdir(parents=True)
    counts = count(catalogue(STUDY).values(), open_marts(write_marts(frames, marts)))
    rows = as_table([figure for number, table in catalogue(STUDY).items() for figure in figures(table, counts[number])])
    found.write(products(STUDY)[("statistics", "figures")], rows)
    return found


def corrected(frame):
    changed = frame.copy()
    codes = changed["belief"].iloc[CHANGED].fillna(0)
    changed.loc[CHANGED, "belief"] = codes.where(codes == 1, 0).map({0: 1, 1: 2}).astype("Int8")
    return changed


def later(frame):
    rest = random_frame("initiator", 215, 99)
    return pd.concat([corrected(frame).drop(index=LEAVING), rest.iloc[COMING]], ignore_index=True)


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """The older of two deliveries, and the newer."""
    folder = tmp_path_factory.mktemp("data")
    older = store(folder, "2020-11-30", MARTS)
    write_json(older.settings.curated(older.delivery) / MANIFEST, {"root": "a" * 64})
    return older, store(folder, "2021-11-30", {**MARTS, "initiator": later(MARTS["initiator"])})


@pytest.fixture(scope="module")
def found(both):
    return differences(*both)


def test_forms_are_told_by_what_became_of_them(found):
    assert found.forms["initiator"] == {CORRECTED: len(CHANGED), GONE: len(LEAVING), NEW: len(COMING)}
    assert all(not any(counts.values()) for name, counts in found.forms.items() if name != "initiator")


def test_only_tables_of_the_mart_that_changed_have_changes(found):
    assert {change.address[0] for change in found.changes} <= {n for n, t in catalogue(STUDY).items() if "initiator" in t.marts}
    assert found.definitions == found.code == ()
    assert found.compared > 2000


def test_steps_add_up_to_the_whole(found):
    for change in found.changes:
        values = [change.older.value, change.newer.value]
        if None not in values:
            assert sum(change.moved.values()) == pytest.approx(values[1] - values[0], abs=1e-9)
        assert set(change.causes) <= {CORRECTED, GONE, NEW}


def test_each_step_moves_what_counting_its_forms_by_hand_says(found):
    """Table 22 counts the answers to `belief`."""
    before = MARTS["initiator"]
    frames = [before, corrected(before), corrected(before).drop(index=LEAVING), later(before)]
    labels = dict(zip(questionnaires(STUDY)["initiator"].question("belief").labels.values(), range(1, 6), strict=False))
    moved = {c.address[1]: c.moved for c in found.changes if (c.address[0], c.address[4]) == (22, "count")}
    for label, code in labels.items():
        counts = [int((frame["belief"] == code).sum()) for frame in frames]
        steps = dict(zip((CORRECTED, GONE, NEW), np.diff(counts), strict=True))
        assert moved.get(label, {}) == {step: move for step, move in steps.items() if move}
    assert moved["Total valid"].keys() & {GONE, NEW}


def test_a_question_that_only_one_delivery_asks_corrects_no_form(found, tmp_path, monkeypatch):
    """Before, its column isn't in the mart, or is blank; every other figure still tells what moved it."""
    folder = tmp_path / "data"
    older = store(folder, "2020-11-30", MARTS)
    newer = store(folder, "2021-11-30", {**MARTS, "initiator": later(MARTS["initiator"])})
    dated = questionnaires(STUDY)["initiator"]
    new = tuple(q.model_copy(update={"since": dt.date(2021, 1, 1)}) if q.name == "conflict" else q for q in dated.questions)
    monkeypatch.setattr(
        "frs_pipeline.lineage.differences.questionnaires",
        lambda _study: {**questionnaires(STUDY), "initiator": dated.model_copy(update={"questions": new})},
    )
    mart = older.file("marts", "initiator")
    table = pq.read_table(mart)
    blank = pa.nulls(len(table), table["conflict"].type)
    for rows in (table.drop_columns("conflict"), table.set_column(table.column_names.index("conflict"), "conflict", blank)):
        pq.write_table(rows, mart)
        dated_apart = differences(older, newer)
        assert dated_apart.forms == found.forms
        others = {c.address: c for c in found.changes if "conflict" not in catalogue(STUDY)[c.address[0]].variables}
        assert others
        assert {c.address: c for c in dated_apart.changes if c.address in others} == others


def test_a_delivery_is_no_other_than_itself(tmp_path):
    only = store(tmp_path, "2020-11-30", MARTS)
    assert differences(only, only).changes == ()


def test_a_delivery_that_is_not_made_is_told(tmp_path):
    only = store(tmp_path, "2020-11-30", MARTS)
    with pytest.raises(InputError, match=r"not made yet \(frs run --delivery 2019-11-30\)$"):
        differences(Store(only.settings, "2019-11-30"), only)


# What the report says of the delivery before.


def of(store):
    """The figures of a delivery, by address."""
    return {figure.address: figure for figure in from_table(read(store.file("statistics", "figures")))}


def test_the_report_finds_the_figures_that_differ_as_they_are_printed(both, found):
    older, newer = both
    before = before_of(newer, of(newer))
    assert before.delivery == older.delivery
    assert set(before.changed) == {change.address for change in found.changes}
    assert before.compared == found.compared
    for change in found.changes:
        texts = (in_text(figure.printed, change.address.measure) for figure in (change.older, change.newer))
        assert before.changed[change.address] == Change(*texts)


def test_tables_mark_what_looks_different_and_nothing_where_the_report_was_printed_from_the_forms(both):
    newer = both[1]
    before = before_of(newer, of(newer))
    marked = cells(newer, before)
    assert marked
    assert all(change.before not in (NONE, change.now) for change in marked.values())
    assert cells(newer, None) == {}
    assert cells(Store(newer.settings, "2020-11-30"), before) == {}


def test_a_delivery_without_a_finished_one_before_it_is_compared_with_none(both):
    older, newer = both
    assert before_of(older, of(older)) is None
    unfinished = Store(newer.settings, "2020-10-31")
    unfinished.settings.curated(unfinished.delivery).mkdir(parents=True)
    assert before_of(older, of(older)) is None


def test_the_report_says_what_changes_come_from(both, found):
    told = since(both[1], before_of(both[1], of(both[1])))
    assert [text.english for text, _ in told.causes] == ["new forms", "forms gone", "corrected forms"]
    words = {"new forms": NEW, "forms gone": GONE, "corrected forms": CORRECTED}
    for text, number in told.causes:
        assert number == sum(words[text.english] in change.causes for change in found.changes)
    assert sum(one.figures for one in told.tables) == len(found.changes)
    forms = {title.english: numbers for title, numbers in told.forms}
    assert forms["Initiator (social worker)"] == (len(COMING), len(LEAVING), len(CHANGED))
    assert forms["Coordinator"] == (0, 0, 0)


def test_a_table_that_is_made_as_before_is_not_counted_again_and_says_the_same(both, monkeypatch):
    def told(changes):
        return [(one.address, one.causes, one.moved) for one in changes]

    expected = told(differences(*both).changes)
    monkeypatch.setattr("frs_pipeline.lineage.differences._made_differently", lambda *_: ((), tuple(catalogue(STUDY))))
    assert told(differences(*both).changes) == expected
