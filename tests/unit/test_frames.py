"""Marts and figures as pandas frames: labels in the order of the scale, blanks and don't-knows as they are wanted."""

import json

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import frs_pipeline
from frs_pipeline.errors import InputError, UsageError

DEGREE = {1: "meget", 2: "i nogen grad", 3: "slet ikke", 6: "ved ikke"}
BOX = {0: "ikke valgt", 1: "valgt"}
CODES = [2, 1, None, 6, 3]


def question(name, kind, labels, dont_know=""):
    about = {"text": name, "type": kind, "labels": json.dumps(labels), "dont_know": dont_know, "wording": "printed"}
    return pa.field(name, pa.int8(), metadata=about)


@pytest.fixture
def results(tmp_path, monkeypatch):
    """Two deliveries; of the newer one, a mart with a scale and a box."""
    schema = pa.schema(
        [pa.field("form_id", pa.string()), question("plan", "ordinal", DEGREE, "6"), question("came_2", "nominal", BOX)]
    )
    rows = pa.table([list("abcde"), CODES, [0, 1, None, 0, 1]], schema=schema)
    for delivery, kept in (("2021-01-31", 5), ("2020-01-31", 2)):
        folder = tmp_path / "curated" / delivery / "marts"
        folder.mkdir(parents=True)
        pq.write_table(rows.slice(0, kept), folder / "initiator.parquet")
    monkeypatch.setenv("FRS_DATA_DIR", str(tmp_path))


def test_answers_are_categories_in_the_order_of_the_scale(results):
    plan = frs_pipeline.read_mart("initiator")["plan"]
    assert plan.cat.ordered
    assert list(plan.cat.categories) == ["meget", "i nogen grad", "slet ikke"]
    assert plan.astype(object).where(plan.notna(), None).tolist() == ["i nogen grad", "meget", None, None, "slet ikke"]


def test_a_box_that_was_not_ticked_is_an_answer(results):
    came = frs_pipeline.read_mart("initiator")["came_2"]
    assert came.value_counts(sort=False).to_dict() == {"ikke valgt": 2, "valgt": 2}
    assert not came.cat.ordered


def test_a_dont_know_that_is_an_answer_has_no_place_on_the_scale(results):
    plan = frs_pipeline.read_mart("initiator", dont_know="answer")["plan"]
    assert plan.value_counts(sort=False).to_dict() == {"meget": 1, "i nogen grad": 1, "slet ikke": 1, "ved ikke": 1}
    assert not plan.cat.ordered


def test_blanks_get_a_name_and_dont_knows_stay_missing(results):
    plan = frs_pipeline.read_mart("initiator", blank="Ubesvaret")["plan"]
    assert plan.value_counts(sort=False, dropna=False).to_dict() == {
        "meget": 1,
        "i nogen grad": 1,
        "slet ikke": 1,
        "Ubesvaret": 1,
        plan.iloc[3]: 1,
    }
    assert pd.isna(plan.iloc[3])
    assert not plan.cat.ordered


@pytest.mark.parametrize(("dont_know", "codes"), [("missing", [2, 1, None, None, 3]), ("answer", CODES)])
def test_codes_stay_whole_numbers(results, dont_know, codes):
    plan = frs_pipeline.read_mart("initiator", labels=False, dont_know=dont_know)["plan"]
    assert plan.dtype == pd.Int8Dtype()
    assert plan.astype(object).where(plan.notna(), None).tolist() == codes


def test_an_older_delivery_is_read_when_it_is_named(results):
    assert len(frs_pipeline.read_mart("initiator", "2020-01-31")) == 2


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        pytest.param({"name": "initiators"}, "name one of: .*initiator", id="no such mart"),
        pytest.param({"name": "initiator", "dont_know": "drop"}, "'missing' or 'answer'", id="no such way"),
        pytest.param({"name": "initiator", "blank": "tom", "labels": False}, "blank has no code", id="a name among codes"),
        pytest.param({"name": "initiator", "blank": "meget"}, "is the label of an answer", id="two answers of one name"),
    ],
)
def test_what_cannot_be_is_refused(results, arguments, says):
    with pytest.raises(UsageError, match=says):
        frs_pipeline.read_mart(**arguments)


def test_what_was_not_made_is_named(results, tmp_path):
    with pytest.raises(InputError, match="there are results of 2020-01-31, 2021-01-31"):
        frs_pipeline.read_mart("initiator", "1999-01-31")
    with pytest.raises(InputError, match=r"figures\.parquet: there is no such result .frs run --delivery 2021-01-31"):
        frs_pipeline.read_figures()
    for path in tmp_path.glob("curated/*"):
        path.rename(tmp_path / path.name)
    with pytest.raises(InputError, match="frs run makes them"):
        frs_pipeline.read_figures()


def test_nothing_else_is_asked_of_the_package():
    with pytest.raises(AttributeError, match="no attribute 'read_table'"):
        frs_pipeline.read_table  # noqa: B018
