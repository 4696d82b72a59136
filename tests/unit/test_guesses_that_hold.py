"""What `frs study new --from` writes can be read as it is, and says of no person who it is."""

import csv

import numpy as np
import pandas as pd
import pyreadstat
import pytest

from frs_pipeline.errors import FrsError, InputError
from frs_pipeline.operations.guessing import guess
from frs_pipeline.operations.new_study import begin
from frs_pipeline.operations.study_files import examine
from frs_pipeline.personal_numbers import holds_personal_number
from frs_pipeline.study import Study

FORMS = 60
SCALE = {1: "low", 2: "middle", 3: "high"}


def export(folder, frame, labels):
    """Write a labelled SPSS file of these columns beside an id and an ordinary question."""
    usual = {"id": np.arange(1.0, FORMS + 1), "usual": np.resize([1.0, 2.0, 3.0], FORMS)}
    path = folder / "survey.sav"
    pyreadstat.write_sav(pd.DataFrame({**usual, **frame}), str(path), variable_value_labels={"usual": SCALE, **labels})
    return path


def plain(folder, rows, labels):
    """Write a plain CSV file, and a list of its labels."""
    for name, lines in (("dataset.csv", rows), ("labels.csv", [["column", "code", "label"], *labels])):
        with (folder / name).open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, delimiter=";").writerows(lines)


def guessed(path, name):
    (question,) = (question for question in guess(path).questions if question.name == name)
    return question


@pytest.mark.parametrize(
    ("frame", "labels"),
    [
        pytest.param({"const": np.full(FORMS, 5.0)}, {}, id="a number that is always the same"),
        pytest.param({"large": np.arange(FORMS) * 1e9}, {}, id="numbers beyond the largest"),
        pytest.param({"same": np.resize([1.0, 2.0], FORMS)}, {"same": {1: "x", 2: "x"}}, id="a label twice"),
        pytest.param({"køn": np.resize([1.0, 2.0], FORMS)}, {"køn": {1: "m", 2: "k"}}, id="a Danish letter"),
        pytest.param({"null": np.resize([1.0, 2.0], FORMS)}, {"null": {1: "m", 2: "k"}}, id="a word of YAML"),
        pytest.param({"true": np.resize([1.0, 2.0], FORMS)}, {"true": {1: "m", 2: "k"}}, id="another word of YAML"),
        pytest.param({}, {"usual": {}}, id="no labels at all"),
    ],
)
def test_a_guessed_study_is_sound_or_one_line_says_why_it_cannot_be(tmp_path, frame, labels):
    path = export(tmp_path, frame, labels)
    try:
        study = begin(tmp_path / "guessed", path)
    except FrsError:
        return
    assert [str(error) for outcome in examine(Study(study)) for error in outcome.errors] == []


def test_no_personal_number_stands_in_a_guessed_file(tmp_path):
    rows = [["id", "q", "cpr"], *([at, 1 + at % 3, f"610170{1000 + at}"] for at in range(FORMS))]
    plain(tmp_path, rows, [["q", code, label] for code, label in SCALE.items()])
    study = begin(tmp_path / "guessed", tmp_path)
    files = [path for path in study.rglob("*.yaml") if holds_personal_number(path.read_text(encoding="utf-8"))]
    assert files == []


def test_numbers_that_may_be_somebodys_telephone_are_no_numbers_of_a_mart(tmp_path):
    phone = 20_123_456 + 7919.0 * np.arange(FORMS)
    found = guessed(export(tmp_path, {"phone": phone, "income": np.resize([2e6, 3e6], FORMS)}, {}), "phone")
    assert (found.type, found.range, "who somebody is" in found.why) == ("text", None, True)
    # What many forms share says of nobody who it is.
    assert guessed(tmp_path / "survey.sav", "income").type == "number"


@pytest.mark.parametrize(
    ("cells", "kind", "says"),
    [
        ([f"2024-03-{1 + at % 28:02d}" for at in range(FORMS)], "text", "days: with type: date"),
        ([f"{1 + at % 28:02d}.03.2024" for at in range(FORMS)], "text", "days: with type: date"),
        ([".5" if at == 3 else f"{at % 9},5" for at in range(FORMS)], "text", "nearly all are numbers, 1 aren't"),
        (list(range(500, 500 + FORMS)), "number", "if it's the form's id, take it out and say forms: {id: odd}"),
        ([*list(range(500, 499 + FORMS)), 500], "number", "range: the lowest"),
    ],
)
def test_what_a_column_may_be_is_asked(tmp_path, cells, kind, says):
    plain(
        tmp_path,
        [["id", "q", "odd"], *([at, 1 + at % 3, cells[at]] for at in range(FORMS))],
        [["q", *item] for item in SCALE.items()],
    )
    found = guessed(tmp_path, "odd")
    assert (found.type, says in found.why) == (kind, True), found.why


def test_a_cut_short_name_may_be_an_id(tmp_path):
    plain(tmp_path, [["formnumber", "q"], *([at, 1 + at % 3] for at in range(FORMS))], [["q", *item] for item in SCALE.items()])
    assert guess(tmp_path).forms["id"] == "formnumb"


def test_columns_that_shorten_alike_in_another_order_than_their_labels_are_refused(tmp_path):
    labels = [[f"satisfaction_{at}", code, label] for at in (1, 2) for code, label in SCALE.items()]
    texts = [[f"satisfaction_{at}", "", f"Satisfied with part {at}?"] for at in (1, 2)]
    answers = [[1 + at % 3, 1 + at % 2] for at in range(FORMS)]
    plain(tmp_path, [["satisfaction_2", "satisfaction_1"], *answers], texts + labels)
    with pytest.raises(InputError, match=r"dataset.csv:1: satisfaction_2 and satisfaction_1 begin with the same 8 letters, and"):
        guess(tmp_path)
    plain(tmp_path, [["satisfaction_1", "satisfaction_2"], *answers], texts + labels)
    assert [q.text for q in guess(tmp_path).questions] == ["Satisfied with part 1?", "Satisfied with part 2?"]


def test_a_question_with_two_labels_that_say_nothing_has_no_order(tmp_path):
    answers = {1: "good", 2: "fair", 3: "poor", 4: "Don't know", 5: "Ikke relevant"}
    found = guessed(export(tmp_path, {"useful": np.resize([1.0, 2, 3, 4, 5], FORMS)}, {"useful": answers}), "useful")
    assert (found.type, found.answers, found.dont_know) == ("nominal", answers, None)
    assert "codes 4, 5 have no place on a scale" in found.why


def test_a_code_of_a_scale_that_has_no_label_is_its_own(tmp_path):
    answers = {1: "good", 2: "fair", 4: "poor"}
    found = guessed(export(tmp_path, {"useful": np.resize([1.0, 2, 3, 4], FORMS)}, {"useful": answers}), "useful")
    assert (found.type, found.answers) == ("ordinal", {1: "good", 2: "fair", 3: "3", 4: "poor"})


def test_columns_that_shorten_alike_and_have_no_texts_are_refused(tmp_path):
    answers = np.resize([1.0, 2, 3], FORMS)
    path = export(tmp_path, {"satisfaction1": answers, "satisfaction2": answers}, {})
    with pytest.raises(InputError, match=r"survey.sav: 2 columns begin with satisfac, and have no texts that tell them apart"):
        guess(path)


def test_an_export_without_a_form_is_refused(tmp_path):
    plain(tmp_path, [["id", "q"]], [["q", code, label] for code, label in SCALE.items()])
    with pytest.raises(InputError, match=r"dataset.csv: holds no form"):
        guess(tmp_path)


def test_what_cannot_be_read_may_be_of_any_program(tmp_path):
    plain(tmp_path, [["id", "q"], [1, 2, 3]], [["q", code, label] for code, label in SCALE.items()])
    with pytest.raises(InputError, match=r"dataset.csv:2: 3 fields where 2 belong \(export it again\)$"):
        guess(tmp_path)
