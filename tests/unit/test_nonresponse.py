"""Conferences without forms and questions left blank, counted by hand."""

import datetime as dt

import ibis
import pyarrow as pa
import pytest
from support.shipped import DELIVERY
from support.study import STUDY

from frs_pipeline.codebook.cases import with_cases
from frs_pipeline.codebook.entries import CODEBOOK
from frs_pipeline.codebook.pseudonyms import mart_schema
from frs_pipeline.intake.ledger import REGISTER
from frs_pipeline.study.instruments import instruments
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.tables import nonresponse
from frs_pipeline.tables.nonresponse import (
    ITEM,
    UNIT,
    answers_by_occasion,
    conference_schema,
    conferences,
    conferences_alike,
    item,
    ledger_only,
    unit,
)

DAY = dt.date(2018, 2, 1)

# Number, pseudonym, occasion, and whether the ledger has it.
HELD = (
    (40111, "C-lark", "first", True),
    (40222, "C-finch", "first", True),
    (40333, "C-heron", "first", False),
    (50444, "C-raven", "followup", True),
)
CHILDREN = {"C-lark": "SWRENAAA", "C-finch": "SROBINAA", "C-heron": "SMARTINA", "C-raven": "SWRENAAA"}
# Conferences of the forms that came in.
FORMS = {
    "participant_first": ["C-lark", "C-lark", "C-finch"],
    "participant_followup": ["C-raven"],
    "initiator": ["C-lark", "C-raven"],
    "coordinator": ["C-lark", "C-finch"],
}


def forms(instrument, pseudonyms):
    rows = [{"form_id": str(i), "conference_id": c, "occasion": "first"} for i, c in enumerate(pseudonyms)]
    return pa.Table.from_pylist(rows, schema=mart_schema(questionnaires(STUDY)[instrument]))


def alike(conference):
    return conferences_alike(ibis.memtable(conference)).to_pyarrow()


def answers(marts):
    return {name: answers_by_occasion(STUDY, name, ibis.memtable(mart)).to_pyarrow() for name, mart in marts.items()}


@pytest.fixture
def codebook():
    rows = [
        {"conference_number": n, "date": DAY, "occasion": o, "conference_id": c, "case_id": CHILDREN[c]} for n, c, o, _ in HELD
    ]
    return pa.Table.from_pylist(rows, schema=CODEBOOK)


@pytest.fixture
def ledger():
    numbers = [(n, o) for n, _, o, booked in HELD if booked] + [(60666, "first"), (60777, "followup")]
    return pa.Table.from_pylist([{"conference_number": n, "date": DAY, "occasion": o} for n, o in numbers], schema=REGISTER)


@pytest.fixture
def conference(codebook, ledger):
    book = with_cases(STUDY, codebook, ledger)
    return conferences(STUDY, book, ledger, {name: forms(name, FORMS[name]) for name in instruments(STUDY)})


def test_every_conference_has_a_row_with_its_forms(conference):
    assert conference.schema == conference_schema(STUDY)
    assert [tuple(row.values()) for row in conference.to_pylist()] == [
        ("C-finch", "first", "SROBINAA", 1, 0, True, 1, 0, 1),
        # It isn't in the ledger.
        ("C-heron", "first", "SMARTINA", None, None, False, 0, 0, 0),
        ("C-lark", "first", "SWRENAAA", 1, 0, True, 2, 1, 1),
        ("C-raven", "followup", "SWRENAAA", 2, 0, True, 1, 1, 0),
    ]


def test_no_conference_number_reaches_the_mart_of_conferences(conference):
    assert not {"conference_number", "date"} & set(conference.column_names)


def test_ledger_entries_without_a_pseudonym_are_counted(codebook, ledger):
    assert ledger_only(codebook, ledger) == 2
    assert ledger_only(codebook, ledger.slice(0, 0)) == 0


@pytest.mark.parametrize(
    ("measure", "first", "followup", "both"),
    [
        ("in_codebook", (3, 100.0), (1, 100.0), (4, 100.0)),
        ("not_in_ledger", (1, 100 / 3), (0, 0.0), (1, 25.0)),
        ("without_participants", (1, 100 / 3), (0, 0.0), (1, 25.0)),
        ("without_initiator", (2, 200 / 3), (0, 0.0), (2, 50.0)),
        ("without_coordinator", (1, 100 / 3), (1, 100.0), (2, 50.0)),
        ("without_initiator_or_coordinator", (2, 200 / 3), (1, 100.0), (3, 75.0)),
    ],
)
def test_conferences_without_forms_are_counted_by_occasion(conference, measure, first, followup, both):
    found = unit(STUDY, alike(conference), 0, DELIVERY)
    assert found.schema == UNIT
    rows = {r["occasion"]: (r["conferences"], r["percent"]) for r in found.to_pylist() if r["measure"] == measure}
    assert rows == {"first": pytest.approx(first), "followup": pytest.approx(followup), "both": pytest.approx(both)}


def test_nobody_lacks_a_form_that_is_filled_in_at_other_conferences(conference, monkeypatch):
    """The coordinators' form, were it for first conferences alone: no follow-up lacks it, nor any conference of both kinds."""
    first = {
        **questionnaires(STUDY),
        "coordinator": questionnaires(STUDY)["coordinator"].model_copy(update={"occasion": "first"}),
    }
    monkeypatch.setattr(nonresponse, "questionnaires", lambda _study: first)
    found = [row for row in unit(STUDY, alike(conference), 0, DELIVERY).to_pylist() if row["measure"].endswith("coordinator")]
    assert [(row["occasion"], row["measure"], row["conferences"]) for row in found] == [
        ("first", "without_coordinator", 1),
        ("first", "without_initiator_or_coordinator", 2),
    ]


def test_without_conferences_no_percentage_can_be_computed(conference):
    rows = unit(STUDY, alike(conference.slice(0, 0)), 0, DELIVERY).to_pylist()
    assert {(row["conferences"], row["percent"]) for row in rows} == {(0, None)}


# Occasion, conflict (asked at both), well-being (asked at the follow-up only).
ANSWERS = [("first", 1, None), ("first", None, None), ("first", 2, 3), ("followup", 3, 1), ("followup", 4, None)]


@pytest.mark.parametrize(
    ("question", "asked", "answered", "blank"),
    [
        pytest.param("conflict", 5, 4, 1, id="asked at both"),
        pytest.param("wellbeing", 3, 2, 1, id="asked at the follow-up, and answered once at a first"),
        pytest.param("public_need", 2, 0, 2, id="asked at the follow-up and never answered"),
        pytest.param("belief", 5, 0, 5, id="never answered"),
    ],
)
def test_a_question_is_blank_only_where_it_was_asked(question, asked, answered, blank):
    rows = [
        {"form_id": str(i), "conference_id": "C-lark", "occasion": o, "conflict": c, "wellbeing": w}
        for i, (o, c, w) in enumerate(ANSWERS)
    ]
    mart = pa.Table.from_pylist(rows, schema=mart_schema(questionnaires(STUDY)["initiator"]))
    found = item(STUDY, answers({"initiator": mart}), DELIVERY)
    assert found.schema == ITEM
    (row,) = (row for row in found.to_pylist() if row["question"] == question)
    assert (row["forms"], row["asked"], row["answered"], row["blank"]) == (5, asked, answered, blank)
    assert row["blank_percent"] == pytest.approx(100 * blank / asked)
    assert row["text"] == questionnaires(STUDY)["initiator"].question(question).text


def test_every_question_of_every_mart_is_looked_at_even_without_forms():
    found = item(STUDY, answers({name: forms(name, []) for name in instruments(STUDY)}), DELIVERY).to_pylist()
    assert [(r["instrument"], r["question"]) for r in found] == [
        (n, q.name) for n in instruments(STUDY) for q in questionnaires(STUDY)[n].questions
    ]
    assert {(r["forms"], r["blank"], r["blank_percent"]) for r in found} == {(0, 0, None)}


def test_tables_in_pieces_give_the_same(codebook, ledger, conference):
    in_pieces = {name: pa.concat_tables([forms(name, [c]) for c in FORMS[name]]) for name in instruments(STUDY)}
    pieces = [pa.concat_tables([table.slice(i, 1) for i in range(table.num_rows)]) for table in (codebook, ledger, conference)]
    assert conferences(STUDY, with_cases(STUDY, *pieces[:2]), pieces[1], in_pieces) == conference
    assert ledger_only(pieces[0], pieces[1]) == 2


def test_forms_of_a_conference_that_the_codebook_does_not_know_are_not_counted(codebook, ledger):
    book = with_cases(STUDY, codebook, ledger)
    held = conferences(STUDY, book, ledger, {name: forms(name, ["C-other", "C-lark"]) for name in instruments(STUDY)})
    assert {row["conference_id"]: row["participants_forms"] for row in held.to_pylist()} == {
        "C-finch": 0,
        "C-heron": 0,
        "C-lark": 2,
        "C-raven": 0,
    }
