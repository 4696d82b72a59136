"""The four instruments, what is refused in them, and what is made from them."""

import json

import duckdb
import pandas as pd
import pytest
from pandera.config import CONFIG
from support.study import STUDY, bare_study

from frs_pipeline.codebook.pseudonyms import mart_schema
from frs_pipeline.errors import CheckFailed, InputError
from frs_pipeline.handbook.dictionary import page as dictionary
from frs_pipeline.intake.validation import forms_schema
from frs_pipeline.study import Study
from frs_pipeline.study import schema as schema_module
from frs_pipeline.study.fields import arrow_field
from frs_pipeline.study.instruments import FOLDER, instruments, listed
from frs_pipeline.study.questionnaires import RESERVED, questionnaires, read_questionnaire
from frs_pipeline.study.schema import Scales, pandera_schema, refused

SCALES = """\
scales:
  yes_no:
    - {code: 1, label: ja}
    - {code: 2, label: nej, also_printed: [Nej]}
  mood:
    - {code: 1, label: god}
    - {code: 2, label: ved ikke}
"""
QUESTIONS = """\
instrument: coordinator
title: Samordner
filled_in_by: coordinator
occasion: both
form_prefix: SA
questions:
  - {name: heard, source: hoert, text: Hørt?, type: nominal, scale: yes_no, sensitivity: personal, wording: printed}
  - name: mood
    source: stemning
    text: Stemning?
    type: ordinal
    scale: mood
    dont_know: 2
    sensitivity: personal
    wording: assumed
"""


def read(tmp_path, questions=QUESTIONS, scales=SCALES):
    study = bare_study(tmp_path, scales=scales, coordinator=questions)
    return read_questionnaire(study, tmp_path / "coordinator.yaml")


@pytest.fixture
def small(tmp_path):
    return read(tmp_path)


@pytest.mark.parametrize("instrument", instruments(STUDY))
def test_every_instrument_loads_and_is_what_its_file_is_called(instrument):
    questionnaire = questionnaires(STUDY)[instrument]
    assert questionnaire.instrument == instrument
    assert questionnaire.questions
    for question in questionnaire.questions:
        assert len(question.answers) >= 2
        assert question.text


def test_a_short_name_may_stand_for_two_questions_of_other_texts(tmp_path):
    questionnaire = read(tmp_path, QUESTIONS.replace("source: stemning", "source: hoert"))
    assert [(q.source, q.text) for q in questionnaire.questions] == [("hoert", "Hørt?"), ("hoert", "Stemning?")]


BOXES = QUESTIONS.replace("type: ordinal", "type: multiple").replace("    dont_know: 2\n", "")


def test_a_question_with_several_boxes_is_a_column_for_each(tmp_path):
    questionnaire = read(tmp_path, BOXES, SCALES.replace("code: 2, label: ved ikke", "code: -1, label: ved ikke"))
    heard, *boxes = questionnaire.questions
    assert (heard.asked, heard.option) == ("Hørt?", None)
    assert [(q.name, q.text, q.asked, q.option) for q in boxes] == [
        ("mood_1", "Stemning? – god", "Stemning?", 1),
        ("mood_minus_1", "Stemning? – ved ikke", "Stemning?", -1),
    ]
    assert {q.type for q in boxes} == {"nominal"}
    assert {tuple(q.labels.items()) for q in boxes} == {((0, "ikke valgt"), (1, "valgt"))}


def test_a_box_with_the_name_of_another_question_is_refused(tmp_path):
    with pytest.raises(InputError, match="name mood_1 is used twice"):
        read(tmp_path, BOXES.replace("name: heard", "name: mood_1"))


TEXT = "  - {name: remarks, source: bemaerk, text: Andet?, type: text, sensitivity: sensitive, wording: printed}\n"


def test_a_text_is_no_column(tmp_path):
    questionnaire = read(tmp_path, QUESTIONS + TEXT)
    assert [q.name for q in questionnaire.questions] == ["heard", "mood"]
    assert [q.name for q in questionnaire.texts] == ["remarks"]
    assert questionnaire.question("remarks") is None


def test_a_text_with_a_scale_is_a_column_a_code_which_no_export_has(tmp_path):
    questionnaire = read(tmp_path, QUESTIONS + TEXT.replace("type: text", "type: text, scale: mood"))
    assert [q.name for q in questionnaire.keyed] == ["heard", "mood"]
    codes = questionnaire.schemes()["remarks"]
    assert [(q.name, q.of, q.option, q.box, q.coded) for q in codes] == [
        ("remarks_1", "remarks", 1, "god", True),
        ("remarks_2", "remarks", 2, "ved ikke", True),
    ]
    assert {q.name for q in codes}.isdisjoint(forms_schema(questionnaire).names)
    assert {q.name for q in codes} < set(mart_schema(questionnaire).names)


def test_no_question_is_called_by_a_word_that_queries_reserve():
    words = duckdb.sql("SELECT keyword_name FROM duckdb_keywords() WHERE keyword_category = 'reserved'").fetchall()
    assert words
    assert {word for (word,) in words} <= RESERVED


@pytest.mark.parametrize("instrument", instruments(STUDY))
def test_no_question_is_called_as_another_column(instrument):
    own = {question.name for question in questionnaires(STUDY)[instrument].questions}
    for schema in (mart_schema, forms_schema):
        others = set(schema(questionnaires(STUDY)[instrument]).names) - own
        assert others and others <= RESERVED


def test_form_prefixes_tell_the_instruments_apart():
    assert len({q.form_prefix for q in questionnaires(STUDY).values()}) == len(instruments(STUDY))


def test_a_good_questionnaire_is_read(small):
    assert [q.name for q in small.questions] == ["heard", "mood"]
    assert small.question("mood").labels == {1: "god", 2: "ved ikke"}
    assert small.question("nothing") is None


@pytest.mark.parametrize(("label", "code"), [("ja", 1), ("nej", 2), ("Nej", 2), ("måske", None), ("Ja", None)])
def test_an_answer_is_found_by_its_label_and_printed_spellings_only(small, label, code):
    assert small.question("heard").code(label) == code


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        pytest.param("scale: mood", "scale: moods", 12, "scale moods", id="unknown scale"),
        pytest.param("- name: mood", "- name: heard", 8, "name heard", id="name twice"),
        pytest.param("- name: mood", "- name: order", 8, "name order has a meaning of its own", id="a word of SQL"),
        pytest.param("- name: mood", "- name: occasion", 8, "name occasion has a meaning", id="another column"),
        pytest.param(
            "source: stemning\n    text: Stemning?", "source: hoert\n    text: Hørt?", 9, "source hoert", id="source twice"
        ),
        pytest.param(
            "    type: ordinal\n    scale: mood",
            "    type: ordinal",
            8,
            "mood needs a scale",
            id="no scale",
        ),
        pytest.param("type: ordinal", "type: text", 13, "is a text, which has no answer", id="text with a don't know"),
        pytest.param("dont_know: 2", "dont_know: 3", 13, "code 3", id="dont_know outside the scale"),
        pytest.param("dont_know: 2", "dont_know: maybe", 13, "dont_know", id="dont_know no code"),
        pytest.param("source: stemning", "source: stemningen", 9, "source", id="source too long for an export"),
        pytest.param("- name: mood", "- name: Mood", 8, "name", id="name with a capital"),
        pytest.param("type: ordinal", "type: interval", 11, "type", id="unknown type"),
        pytest.param("    wording: assumed", "    wording: assumed\n    colour: red", 16, "colour", id="unknown key"),
        pytest.param("form_prefix: SA", "form_prefix: SAM", 5, "form_prefix", id="prefix of three letters"),
        pytest.param("instrument: coordinator", "instrument: teacher", 1, "is called teacher.yaml", id="another's file"),
        pytest.param("filled_in_by: coordinator", "filled_in_by: The coordinator", 3, "filled_in_by", id="who, with a capital"),
        pytest.param("    wording", "    since: 2022\n    wording", 15, "since", id="no date"),
        pytest.param(
            "    wording",
            "    since: 2022-13-01\n    wording",
            15,
            "isn't a date .write it as year-month-day: 2022-01-31",
            id="a month that there isn't",
        ),
        pytest.param(
            "    wording",
            "    since: 2023-01-01\n    until: 2022-12-31\n    wording",
            8,
            "since is after until",
            id="never asked",
        ),
    ],
)
def test_a_fault_in_a_questionnaire_is_refused_with_its_line(tmp_path, old, new, line, says):
    assert old in QUESTIONS
    with pytest.raises(InputError, match=says) as refused:
        read(tmp_path, QUESTIONS.replace(old, new, 1))
    file = str(tmp_path / "coordinator.yaml")
    assert str(refused.value.where) == (file if line is None else f"{file}:{line}")


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        pytest.param("{code: 2, label: nej", "{code: 1, label: nej", 4, "same code", id="code twice"),
        pytest.param("{code: 2, label: ved ikke", "{code: 2, label: god", 7, "same label", id="label twice"),
        pytest.param(
            "also_printed: [Nej]", "also_printed: [Nej, ja]", 4, "has a spelling that another answer has", id="another's label"
        ),
        pytest.param("{code: 2, label: ved ikke", "{code: 257, label: ved ikke", 7, "at most 127", id="a large code"),
        pytest.param("{code: 1, label: god}", "{code: 1, lable: god}", 6, "la", id="unknown key"),
    ],
)
def test_a_fault_in_the_scales_is_refused_with_its_line(tmp_path, old, new, line, says):
    assert old in SCALES
    with pytest.raises(InputError, match=says) as refused:
        read(tmp_path, scales=SCALES.replace(old, new, 1))
    assert refused.value.where == f"{tmp_path / 'scales.yaml'}:{line}"


@pytest.mark.parametrize(
    ("dates", "deliveries"),
    [
        pytest.param("", ["2020-11-30", "2022-01-01", "2022-06-30", "2022-12-31", "2023-01-01"], id="always"),
        pytest.param(", since: 2022-01-01", ["2022-01-01", "2022-06-30", "2022-12-31", "2023-01-01"], id="from a date on"),
        pytest.param(", until: 2022-12-31", ["2020-11-30", "2022-01-01", "2022-06-30", "2022-12-31"], id="until a date"),
        pytest.param(", since: 2022-01-01, until: 2022-12-31", ["2022-01-01", "2022-06-30", "2022-12-31"], id="for a year"),
    ],
)
def test_a_question_is_on_the_paper_of_the_deliveries_between_its_dates(tmp_path, dates, deliveries):
    questionnaire = read(tmp_path, QUESTIONS.replace("scale: yes_no,", f"scale: yes_no{dates},"))
    heard = questionnaire.question("heard")
    every = ["2020-11-30", "2022-01-01", "2022-06-30", "2022-12-31", "2023-01-01"]
    assert [delivery for delivery in every if questionnaire.asks(heard, delivery)] == deliveries
    assert [delivery for delivery in every if questionnaire.at(delivery).question("heard")] == deliveries
    assert all(questionnaire.at(delivery).question("mood") for delivery in every)


LISTED = """\
instruments:
  - {name: coordinator}
  - {name: school, since: 2022-01-01}
"""


def of_folder(tmp_path, text=LISTED, *beside):
    """What is listed in a study that has questionnaires of these names."""
    (tmp_path / FOLDER).mkdir()
    for name in ("coordinator", "school", *beside):
        (tmp_path / FOLDER / f"{name}.yaml").write_text("", encoding="utf-8")
    (tmp_path / "study.yaml").write_text(text, encoding="utf-8")
    return listed(Study(tmp_path))


def test_questionnaires_are_listed_in_their_order_with_the_deliveries_that_have_them(tmp_path):
    found = of_folder(tmp_path)
    assert list(found) == ["coordinator", "school"]
    assert [found["school"].in_use(delivery) for delivery in ("2021-12-31", "2022-01-01")] == [False, True]


@pytest.mark.parametrize(
    ("text", "beside", "line", "says"),
    [
        pytest.param(LISTED.replace("school", "scool"), (), 3, "no questionnaires/scool.yaml", id="no file"),
        pytest.param(LISTED.replace("school", "coordinator"), (), 3, "coordinator is taken", id="twice"),
        pytest.param(LISTED.replace("school", "conference"), ("conference",), 3, "conference is taken", id="another mart's name"),
        pytest.param(LISTED.replace("school", "School"), (), 3, "name", id="a name that is no folder's"),
        pytest.param(LISTED, ("draft",), 1, "questionnaires/draft.yaml isn't listed", id="a file that isn't listed"),
        pytest.param("instruments: []\n", (), 1, "instruments", id="none"),
    ],
)
def test_a_fault_in_the_list_of_questionnaires_is_refused_with_its_line(tmp_path, text, beside, line, says):
    with pytest.raises(InputError, match=says) as refused:
        of_folder(tmp_path, text, *beside)
    assert refused.value.where == f"{tmp_path / 'study.yaml'}:{line}"


def answers(heard, mood):
    return pd.DataFrame({"heard": pd.array(heard, "Int64"), "mood": pd.array(mood, "Int64")})


@pytest.mark.parametrize(
    ("heard", "mood", "outside"),
    [
        pytest.param([1, 2, None], [1, None, 2], {}, id="good and blank"),
        pytest.param([1, 3], [1, 1], {"heard": [3]}, id="one bad code"),
        pytest.param([0, -1, 9], [1, 1, 1], {"heard": [0, -1, 9]}, id="a column of bad codes"),
        pytest.param([9, 1, 7], [9, 8, 1], {"heard": [9, 7], "mood": [9, 8]}, id="several at once"),
        pytest.param([], [], {}, id="no forms"),
    ],
)
def test_the_schema_names_every_code_outside_its_scale_at_once(small, heard, mood, outside):
    assert refused(pandera_schema(small), answers(heard, mood)) == outside


def test_scales_ask_the_schema_once_about_a_code_and_know_it_from_then_on(small, monkeypatch):
    scales, asked = Scales(small), []
    monkeypatch.setattr(schema_module, "refused", lambda schema, codes: asked.append(codes) or refused(schema, codes))
    given = {"heard": (1, 3), "mood": (1,)}
    assert [scales.refused(given) for _ in range(2)] == [{"heard": [3]}] * 2
    assert scales.refused({"heard": (2, 3, 4), "mood": ()}) == {"heard": [3, 4]}
    assert [codes["heard"].dropna().tolist() for codes in asked] == [[1, 3], [2, 4]]


@pytest.mark.parametrize(
    "frame",
    [
        pytest.param(answers([1], [1]).astype({"mood": "float64"}), id="float"),
        pytest.param(answers([1], [1]).astype({"mood": "Float64"}), id="nullable float"),
        pytest.param(answers([1], [1]).astype({"mood": "str"}), id="text"),
        pytest.param(answers([1], [1]).drop(columns="mood"), id="column missing"),
        pytest.param(answers([1], [1]).assign(extra=1), id="column too many"),
    ],
)
def test_columns_of_the_wrong_type_are_never_coerced(small, frame):
    with pytest.raises(RuntimeError, match="columns and types"):
        refused(pandera_schema(small), frame)


def test_nothing_is_validated_with_pandera_switched_off(small, monkeypatch):
    monkeypatch.setattr(CONFIG, "validation_enabled", False)
    with pytest.raises(CheckFailed, match="PANDERA_VALIDATION_ENABLED"):
        refused(pandera_schema(small), answers([9], [9]))


def test_a_column_of_a_mart_carries_its_question_and_labels(small):
    field = arrow_field(small.question("mood"))
    metadata = {key.decode(): value.decode() for key, value in field.metadata.items()}
    assert (field.name, str(field.type), field.nullable) == ("mood", "int8", True)
    assert json.loads(metadata.pop("labels")) == {"1": "god", "2": "ved ikke"}
    assert metadata == {
        "text": "Stemning?",
        "type": "ordinal",
        "dont_know": "2",
        "wording": "assumed",
        "sensitivity": "personal",
    }
    assert arrow_field(small.question("heard")).metadata[b"dont_know"] == b""


def test_every_code_fits_the_column_of_the_mart():
    codes = [c for questionnaire in questionnaires(STUDY).values() for q in questionnaire.questions for c in q.codes]
    assert min(codes) >= -128
    assert max(codes) <= 127


@pytest.mark.parametrize("instrument", instruments(STUDY))
def test_the_data_dictionary_names_every_column_and_label(instrument):
    section = next(part for part in dictionary(STUDY).split("\n## ") if part.startswith(f"{instrument}\n"))
    for question in questionnaires(STUDY)[instrument].questions:
        line = next(line for line in section.splitlines() if f"`{question.name}` | `{question.source}` |" in line)
        assert question.text in line
        assert all(f"{code} {label}" in line for code, label in question.labels.items())
