"""Which column holds which question: short names, boxes, texts, and exports that aren't the questionnaire's."""

import shutil
from dataclasses import replace

import numpy as np
import openpyxl
import pandas as pd
import pyreadstat
import pytest
from support.exports import STATUS, SYSTEM_COLUMNS
from support.study import STUDY, bare_study, study_with

from frs_pipeline.codebook.pseudonyms import mart_schema
from frs_pipeline.errors import InputError
from frs_pipeline.intake.readers.surveyxact import STRUCTURE_COLUMNS, read_export
from frs_pipeline.intake.validation import forms_schema
from frs_pipeline.store.deliveries import inventory
from frs_pipeline.study.instruments import FILE as LISTED
from frs_pipeline.study.questionnaires import read_questionnaire

SCALES = """\
scales:
  degree: [{code: 1, label: god}, {code: 2, label: dårlig}]
  other: [{code: 1, label: ja}, {code: 2, label: nej}]
  boxes: [{code: 1, label: mor}, {code: 2, label: far}, {code: 5, label: "andre, hvem?"}]
"""
QUESTION = "sensitivity: personal, wording: printed"
HELP, FAMILY = "Tror du på planen?", "Tror du på familien?"
CAME, REMARKS = "Hvem kom?", "Er der andet?"
QUESTIONS = f"""\
instrument: initiator
title: Initiativtager
filled_in_by: initiator
occasion: both
form_prefix: IN
questions:
  - {{name: heard, source: hoert, text: Hørt?, type: nominal, scale: other, {QUESTION}}}
  - {{name: plan, source: planhjlp, text: {HELP}, type: ordinal, scale: degree, {QUESTION}}}
  - {{name: family, source: planhjlp, text: {FAMILY}, type: ordinal, scale: degree, {QUESTION}}}
  - {{name: came, source: hvem_kom, text: {CAME}, type: multiple, scale: boxes, {QUESTION}}}
  - {{name: remarks, source: bemaerkn, text: {REMARKS}, type: text, {QUESTION}}}
"""
# Column, its name in `structure`, question, (code, label) of what can be chosen. The suffix of a box is its place on the
# screen, not its code, and the boxes stand in another order than the scale.
BOXES = [("hvem_kom_1", 5, "andre, hvem?"), ("hvem_kom_2", 1, "mor"), ("hvem_kom_3", 2, "far")]
DEGREE = [(1, "god"), (2, "dårlig")]
COLUMNS = [
    ("hoert", "hoert", "Closed/Single", "Hørt?", [(1, "ja"), (2, "nej")]),
    ("planhjlp", "planhjlp_tro_plan", "Closed/Single", HELP, DEGREE),
    ("PLANHJLP", "planhjlp_tro_familie", "Closed/Single", FAMILY, DEGREE),
    *((f"kom_{i}", f"kom_{i}", "Closed/Multiple", CAME, [(code, label)]) for i, (_, code, label) in enumerate(BOXES, start=1)),
    ("bemaerkn", "bemaerkninger_andet", "Open/String", REMARKS, [("", "")]),
]
DONE = dict(zip(STATUS, "00010", strict=True))
HALF = dict(zip(STATUS, "00100", strict=True))
NAMES = ["heard", "plan", "family", "came_1", "came_2", "came_5"]


@pytest.fixture
def questionnaire(tmp_path):
    return read_questionnaire(bare_study(tmp_path, scales=SCALES, initiator=QUESTIONS), tmp_path / "initiator.yaml")


def structure_of(columns):
    return [
        [name, name, *kind.split("/"), text, str(code), label]
        for _, name, kind, text, choices in columns
        for code, label in choices
    ]


def labels_of(columns):
    return [[short, str(code), label] for short, _, kind, _, choices in columns if "Single" in kind for code, label in choices]


def forms_of(answers, statuses):
    for i, (cells, status) in enumerate(zip(answers, statuses, strict=True)):
        system = dict.fromkeys(SYSTEM_COLUMNS, "0") | {"responde": str(700001 + i)} | status
        system |= dict.fromkeys(("created", "modified", "closetim", "starttim"), f"2019-05-0{i + 1} 09:00:00")
        yield [*system.values(), "40111", "40111", *cells]


GOOD = ["1", "1", "2", "0", "1", "0", ""]


@pytest.fixture
def exported(delivery, encode):
    """`exported(forms…, columns=…)` replaces the export of initiators by one of the questionnaire above."""

    def write(*answers, columns=COLUMNS, statuses=None, structure=None, labels=None, header=None):
        answers = answers or (GOOD,)
        head = header or [*SYSTEM_COLUMNS, "raadsnr", "raadsnr2", *(short for short, *_ in columns)]
        files = {
            "dataset": [head, *forms_of(answers, statuses or [DONE] * len(answers))],
            "structure": [STRUCTURE_COLUMNS, *(structure_of(columns) if structure is None else structure)],
            "labels": labels_of(columns) if labels is None else labels,
        }
        for name, rows in files.items():
            delivery.path(f"initiator/{name}.csv").write_bytes(encode(rows))
        return delivery

    return write


def answered(result, *names):
    """Answers of the accepted forms, None where one is blank."""
    rows = result.forms.table().to_pylist()
    return [tuple(row[name] for name in names or NAMES) for row in rows]


def test_short_names_that_collide_are_told_apart_by_order_and_text(exported, questionnaire):
    result = exported(["1", "1", "2", *GOOD[3:]], ["2", "2", "1", *GOOD[3:]]).validated("initiator", questionnaire)
    assert answered(result, "heard", "plan", "family") == [(1, 1, 2), (2, 2, 1)]
    assert result.noted.num_rows == result.rejected.num_rows == 0


def test_the_columns_of_the_export_may_stand_in_another_order_than_the_questions(exported, questionnaire):
    turned = [COLUMNS[2], COLUMNS[1], COLUMNS[0], *COLUMNS[3:]]
    result = exported(["1", "2", "1", *GOOD[3:]], columns=turned).validated("initiator", questionnaire)
    assert answered(result, "heard", "plan", "family") == [(1, 2, 1)]


def test_a_finding_names_the_column_by_its_place_among_those_of_its_name(exported, questionnaire):
    result = exported(["1", "1", "9", *GOOD[3:]]).validated("initiator", questionnaire)
    (row,) = result.rejected.table().to_pylist()
    assert (row["rule"], row["column"], row["value"]) == ("outside_scale", "planhjlp#2", "9")


def test_labels_of_colliding_names_belong_to_them_in_their_order(exported, questionnaire):
    scale = [(1, "god"), (2, "nej, dårlig")]
    other = [*COLUMNS[:2], (*COLUMNS[2][:4], scale), *COLUMNS[3:]]
    with pytest.raises(InputError, match=r"labels\.csv:5: labels of planhjlp#2 aren't those .* \[labels_drifted\]"):
        exported(columns=other).validated("initiator", questionnaire)


def test_a_name_that_stands_more_often_than_structure_has_variables_is_refused(exported, questionnaire):
    structure = structure_of([column for column in COLUMNS if column[3] != FAMILY])
    with pytest.raises(InputError, match=r"dataset\.csv:1: column 18 has a name that stands twice"):
        exported(structure=structure).validated("initiator", questionnaire)


def test_a_code_with_two_labels_is_refused_with_the_line_of_the_second(exported, questionnaire):
    labels = [*labels_of(COLUMNS), ["hoert", "2", "måske"]]
    with pytest.raises(InputError, match=r"labels\.csv:7: a code has two labels"):
        exported(labels=labels).validated("initiator", questionnaire)


def test_the_text_of_a_colliding_name_that_drifted_leaves_its_question_without_a_column(exported, questionnaire):
    other = [*COLUMNS[:2], ("PLANHJLP", COLUMNS[2][1], "Closed/Single", "Noget andet?", DEGREE), *COLUMNS[3:]]
    with pytest.raises(InputError, match=r"question planhjlp is missing from the export \[question_missing\]"):
        exported(columns=other).validated("initiator", questionnaire)


def test_each_box_is_found_by_what_it_says_and_not_by_its_columns_name(exported, questionnaire):
    # Columns: andre (5), mor (1), far (2).
    forms = [[*GOOD[:3], *boxes, ""] for boxes in ("100", "010", "001", "111")]
    result = exported(*forms).validated("initiator", questionnaire)
    assert answered(result, "came_1", "came_2", "came_5") == [(0, 0, 1), (1, 0, 0), (0, 1, 0), (1, 1, 1)]


def test_boxes_whose_short_names_collide_are_told_apart_by_structure(exported, questionnaire):
    cut = [("hvem_kom", f"hvem_kom_{c[1][-1]}", *c[2:]) if c[3] == CAME else c for c in COLUMNS]
    forms = [[*GOOD[:3], *boxes, ""] for boxes in ("100", "010", "001")]
    delivery = exported(*forms, columns=cut)
    assert read_export(STUDY, delivery.path("initiator")).names[-4:-1] == ["hvem_kom", "hvem_kom#2", "hvem_kom#3"]
    result = delivery.validated("initiator", questionnaire)
    assert answered(result, "came_1", "came_2", "came_5") == [(0, 0, 1), (1, 0, 0), (0, 1, 0)]


@pytest.mark.parametrize(
    ("status", "boxes", "expected"),
    [
        pytest.param(DONE, "000", (0, 0, 0), id="completed: none ticked"),
        pytest.param(HALF, "000", (None, None, None), id="not completed: perhaps never seen"),
        pytest.param(HALF, "010", (1, 0, 0), id="not completed, but seen"),
        pytest.param(DONE, ["", "", ""], (None, None, None), id="completed: blank"),
        pytest.param(HALF, ["", "1", ""], (1, None, None), id="not completed: one ticked"),
    ],
)
def test_a_box_that_was_never_seen_is_blank(exported, questionnaire, status, boxes, expected):
    result = exported([*GOOD[:3], *boxes, ""], statuses=[status]).validated("initiator", questionnaire)
    assert answered(result, "came_1", "came_2", "came_5") == [expected]
    assert result.set_aside == 0


def test_whether_a_box_was_seen_is_asked_of_each_form(exported, questionnaire):
    forms = [[*GOOD[:3], *boxes, ""] for boxes in ("000", "001", "000")]
    result = exported(*forms, statuses=[HALF, HALF, DONE]).validated("initiator", questionnaire)
    assert answered(result, "came_1", "came_2", "came_5") == [(None, None, None), (0, 1, 0), (0, 0, 0)]


def test_a_box_is_ticked_or_not_and_nothing_else(exported, questionnaire):
    result = exported([*GOOD[:3], "0", "5", "0", ""]).validated("initiator", questionnaire)
    (row,) = result.rejected.table().to_pylist()
    assert (row["rule"], row["column"], row["value"]) == ("outside_scale", "kom_2", "5")


def test_a_box_whose_text_drifted_is_refused(exported, questionnaire):
    other = [(*c[:4], [(1, "moster")]) if c[1] == "kom_2" else c for c in COLUMNS]
    with pytest.raises(
        InputError, match=r"structure\.csv:9: the box of kom_2 isn't that of the questionnaire \[labels_drifted\]"
    ):
        exported(columns=other).validated("initiator", questionnaire)


def test_a_box_that_is_missing_is_told_by_its_question(exported, questionnaire):
    columns = [column for column in COLUMNS if column[1] != "kom_3"]
    with pytest.raises(InputError, match=r"question hvem_kom is missing from the export \[question_missing\]"):
        exported([*GOOD[:-2], ""], columns=columns).validated("initiator", questionnaire)


def test_a_box_that_the_questionnaire_does_not_have_is_unknown(exported, questionnaire):
    columns = [*COLUMNS, ("kom_4", "kom_4", "Closed/Multiple", CAME, [(7, "nabo")])]
    with pytest.raises(InputError, match=r"column kom_4 isn't in questionnaire initiator \[column_unknown\]"):
        exported([*GOOD, "1"], columns=columns).validated("initiator", questionnaire)


def test_a_question_that_is_missing_is_refused(exported, questionnaire):
    with pytest.raises(InputError, match=r"dataset\.csv:1: question hoert is missing from the export \[question_missing\]"):
        exported(GOOD[1:], columns=COLUMNS[1:]).validated("initiator", questionnaire)


def test_a_text_that_is_missing_is_refused_for_it_may_hold_names(exported, questionnaire):
    with pytest.raises(InputError, match=r"question bemaerkn is missing"):
        exported(GOOD[:-1], columns=COLUMNS[:-1]).validated("initiator", questionnaire)


def test_a_status_column_that_is_missing_is_refused(exported, questionnaire):
    header = [*(n if n != "stato_4" else "x" for n in SYSTEM_COLUMNS), "raadsnr", "raadsnr2", *(c[0] for c in COLUMNS)]
    with pytest.raises(InputError, match=r"status column stato_4 is missing \[question_missing\]"):
        exported(header=header).validated("initiator", questionnaire)


def test_an_unknown_column_is_read_past_where_the_policy_only_warns(exported, questionnaire, policy_with):
    columns = [*COLUMNS, ("nyt", "nyt", "Open/String", "Nyt?", [("", "")])]
    delivery = exported([*GOOD, "hvad som helst"], columns=columns)
    with pytest.raises(InputError, match=r"column nyt isn't in questionnaire initiator \[column_unknown\]"):
        delivery.validated("initiator", questionnaire)
    result = delivery.validated("initiator", questionnaire, policy=policy_with(column_unknown="warn"))
    assert answered(result) == [(1, 1, 2, 1, 0, 0)]
    (row,) = result.noted.table().to_pylist()
    assert (row["rule"], row["column"], row["line"], row["form_id"]) == ("column_unknown", "nyt", 1, None)


def test_a_text_is_read_for_personal_numbers_and_goes_no_further(exported, questionnaire):
    texts = ["intet", "ring 610180-1234", "den 2019-05-06 09:00:00", "nr. 6101801234."]
    result = exported(*([*GOOD[:-1], text] for text in texts)).validated("initiator", questionnaire)
    rows = result.rejected.table().to_pylist()
    assert [(row["line"], row["rule"], row["column"]) for row in rows] == [
        (3, "holds_personal_number", "bemaerkn"),
        (5, "holds_personal_number", "bemaerkn"),
    ]
    assert len(answered(result)) == 2
    for schema in (forms_schema(questionnaire), mart_schema(questionnaire)):
        assert [name for name in schema.names if name in ("remarks", "bemaerkn")] == []
    assert result.forms.schema.names[4:] == NAMES


@pytest.mark.parametrize("column", [2, 5])
def test_a_personal_number_in_the_place_of_an_answer_is_found(exported, questionnaire, column):
    cells = [*GOOD]
    cells[column] = "610180 1234"
    rules = exported(cells).validated("initiator", questionnaire).rejected.table()["rule"].to_pylist()
    assert rules == ["code_unreadable", "holds_personal_number"]


def test_long_names_in_the_header_are_cut_too(exported, questionnaire):
    long = [(name, name, *rest) for _, name, *rest in COLUMNS]
    delivery = exported(["1", "2", "1", *GOOD[3:]], columns=long)
    assert read_export(STUDY, delivery.path("initiator")).names[-6:] == [
        "planhjlp",
        "planhjlp#2",
        "kom_1",
        "kom_2",
        "kom_3",
        "bemaerkn",
    ]
    assert answered(delivery.validated("initiator", questionnaire), "heard", "plan", "family") == [(1, 2, 1)]


def test_the_same_forms_in_a_workbook(exported, questionnaire):
    delivery = exported(["1", "2", "1", "1", "0", "0", ""], [*GOOD[:-1], "610180-1234"])
    expected = delivery.validated("initiator", questionnaire)
    folder, book = delivery.path("initiator"), openpyxl.Workbook()
    book.remove(book.active)
    rows = {"Dataset": delivery.dataset("initiator"), "Structure": [STRUCTURE_COLUMNS, *structure_of(COLUMNS)]}
    for name, sheet in {**rows, "Labels": labels_of(COLUMNS)}.items():
        page = book.create_sheet(name)
        for row in sheet:
            page.append([None if cell == "" else cell for cell in row])
    wanted = answered(expected)
    for path in folder.glob("*.csv"):
        path.unlink()
    book.save(folder / "export.xlsx")
    found = delivery.validated("initiator", questionnaire)
    assert answered(found) == wanted == [(1, 2, 1, 0, 0, 1)]
    assert found.rejected.table()["rule"].to_pylist() == ["holds_personal_number"]


def test_boxes_of_an_spss_file_are_told_by_their_labels(exported, questionnaire):
    """There the variable's label is question and box, and names are whole and never collide."""
    delivery = exported(["1", "2", "1", "1", "0", "0", ""])
    header, *forms = delivery.dataset("initiator")
    names = [*header[: len(SYSTEM_COLUMNS) + 2], *(name for _, name, *_ in COLUMNS)]
    frame = pd.DataFrame(forms, columns=names, dtype=object)
    for name in frame:
        if name not in ("created", "modified", "closetim", "starttim", "bemaerkninger_andet"):
            frame[name] = [float(cell) if cell else np.nan for cell in frame[name]]
    texts = {name: f"{text} - {choices[0][1]}" if "Multiple" in kind else text for _, name, kind, text, choices in COLUMNS}
    labels = {name: dict(choices) for _, name, kind, _, choices in COLUMNS if "Single" in kind}
    for path in delivery.path("initiator").glob("*.csv"):
        path.unlink()
    path = str(delivery.path("initiator/export.sav"))
    pyreadstat.write_sav(frame, path, column_labels=texts, variable_value_labels=labels)
    assert answered(delivery.validated("initiator", questionnaire)) == [(1, 2, 1, 0, 0, 1)]


def written(tmp_path, old, new):
    """The questionnaire above, altered; the delivery is of 2021-01-31."""
    assert old in QUESTIONS
    study = bare_study(tmp_path, scales=SCALES, initiator=QUESTIONS.replace(old, new))
    return read_questionnaire(study, tmp_path / "initiator.yaml")


@pytest.mark.parametrize("dates", ["since: 2021-02-01", "until: 2021-01-30"])
@pytest.mark.parametrize("question", [HELP, CAME, REMARKS])
def test_a_question_that_the_paper_does_not_have_is_blank_on_every_form(exported, tmp_path, dates, question):
    columns = [column for column in COLUMNS if column[3] != question]
    kept = [cell for cell, column in zip(GOOD, COLUMNS, strict=True) if column[3] != question]
    altered = written(tmp_path, f"text: {question},", f"text: {question}, {dates},")
    result = exported(kept, kept, columns=columns).validated("initiator", altered)
    blank = {HELP: {"plan"}, CAME: {"came_1", "came_2", "came_5"}, REMARKS: set()}[question]
    whole = dict(zip(NAMES, (1, 1, 2, 1, 0, 0), strict=True))
    assert answered(result) == [tuple(None if name in blank else code for name, code in whole.items())] * 2
    assert result.rejected.num_rows == result.noted.num_rows == 0


def test_the_column_of_a_question_that_the_paper_does_not_have_is_unknown(exported, tmp_path):
    altered = written(tmp_path, "text: Hørt?,", "text: Hørt?, since: 2021-02-01,")
    with pytest.raises(InputError, match=r"dataset\.csv:1: column hoert isn't in questionnaire initiator \[column_unknown\]"):
        exported().validated("initiator", altered)


def test_a_question_may_take_over_the_short_name_of_one_that_is_asked_no_more(exported, tmp_path):
    # No `structure` is needed to tell which of the two the column holds.
    altered = written(tmp_path, f"text: {HELP},", f"text: {HELP}, until: 2021-01-30,")
    columns = [column for column in COLUMNS if column[3] != HELP]
    structure = [row for row in structure_of(columns) if row[4] != FAMILY]
    result = exported([GOOD[0], "2", *GOOD[3:]], columns=columns, structure=structure).validated("initiator", altered)
    assert answered(result, "plan", "family") == [(None, 2)]


def test_a_questionnaire_that_the_delivery_does_not_have_is_empty_and_has_no_folder(delivery, tmp_path):
    edit = {LISTED: lambda text: text.replace("{name: coordinator}", "{name: coordinator, since: 2021-02-01}")}
    delivery.settings = replace(delivery.settings, study=study_with(tmp_path, edit))
    with pytest.raises(InputError, match=r"coordinator isn't in use at the date of this delivery .*study\.yaml"):
        delivery.validated("coordinator")
    shutil.rmtree(delivery.path("coordinator"))
    result = delivery.validated("coordinator")
    assert (result.delivered, result.forms.num_rows, result.set_aside, result.withdrawn) == (0, 0, 0, 0)
    assert "coordinator/dataset.csv" not in inventory(delivery.settings.study, delivery.folder)
    assert delivery.validated("initiator").delivered
