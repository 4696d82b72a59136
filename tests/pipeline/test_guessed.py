"""A study that begins from an export: what is guessed is sound, runs to a report, and counts what pandas counts."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pandas as pd
import pyreadstat
import pytest
from support.shipped import RAW

from frs_pipeline.errors import InputError
from frs_pipeline.operations.guessing import guess
from frs_pipeline.operations.new_study import begin
from frs_pipeline.operations.refresh import refresh
from frs_pipeline.operations.study_files import examine
from frs_pipeline.store.files import Store, read
from frs_pipeline.store.settings import Settings
from frs_pipeline.study import Study
from frs_pipeline.study.tables import catalogue
from frs_pipeline.tables.figures import from_table

LABELS = {
    "trust": {1: "a lot", 2: "some", 3: "little", 9: "don't know"},
    "safe": {1: "very", 2: "fairly", 3: "hardly"},
    "member": {0: "no", 1: "yes"},
}
ASKED = {"trust": "How much do you trust the council?", "safe": "Do you feel safe?", "hours": "Hours a week"}


@pytest.fixture
def survey(tmp_path: Path) -> tuple[Path, pd.DataFrame]:
    """A labelled SPSS file of any program, and what is in it."""
    chance = random.Random(7)
    rows = [
        {
            "trust": chance.choice([1, 2, 3, 9]),
            "safe": chance.choice([1, 2, 3, None]),
            "member": chance.choice([0, 1]),
            "hours": chance.randrange(0, 80) / 2,
            "remark": chance.choice(["", "fine", "too long"]),
        }
        for _ in range(200)
    ]
    frame = pd.DataFrame(rows).astype({"trust": float, "safe": float, "member": float})
    path = tmp_path / "survey.sav"
    pyreadstat.write_sav(frame, path, variable_value_labels=LABELS, column_labels=ASKED)
    return path, frame


def test_what_is_in_a_labelled_file_is_guessed(survey: tuple[Path, pd.DataFrame]) -> None:
    found = guess(survey[0])
    assert {q.name: q.type for q in found.questions} == {
        "trust": "ordinal",
        "safe": "ordinal",
        "member": "nominal",
        "hours": "number",
        "remark": "text",
    }
    questions = {q.name: q for q in found.questions}
    assert (questions["trust"].text, questions["trust"].answers, questions["trust"].dont_know) == (
        ASKED["trust"],
        LABELS["trust"],
        9,
    )
    hours = questions["hours"]
    assert (str(hours.unit), hours.range) == ("0.1", (survey[1]["hours"].min(), survey[1]["hours"].max()))
    assert set(found.forms.values()) == {"none"}


def test_it_runs_without_an_edit_and_counts_what_pandas_counts(survey: tuple[Path, pd.DataFrame], tmp_path: Path) -> None:
    path, frame = survey
    study = Study(begin(tmp_path / "council", path))
    assert not [error for outcome in examine(study) for error in outcome.errors]
    settings = Settings(study, tmp_path / "data")
    place = settings.raw_delivery("2024-06-30") / "form"
    place.mkdir(parents=True)
    shutil.copy(path, place / "survey.sav")
    done = refresh(settings)
    assert (done.vouched, done.summary["accepted"]) == (True, len(frame))
    store = Store(settings, "2024-06-30")
    figures = list(from_table(read(store.file("statistics", "figures"))))
    assert {table.kind for table in catalogue(study).values()} == {"frequency", "crosstab", "correlation"}
    counted = frame["trust"].map(LABELS["trust"]).value_counts()
    assert {f.row: f.value for f in figures if (f.table, f.measure) == (1, "count") and f.row in counted} == dict(counted)
    known = frame[frame["trust"] != 9]
    crossed = pd.crosstab(known["member"].map(LABELS["member"]), known["trust"].map(LABELS["trust"]))
    for row, column in ((row, column) for row in crossed.index for column in crossed.columns):
        (value,) = (f.value for f in figures if (f.table, f.row, f.column, f.measure) == (2, row, column, "count"))
        assert value == crossed.loc[row, column]


def test_an_export_of_surveyxact_is_guessed_with_its_own_columns() -> None:
    found = guess(RAW / "participant_first")
    assert set(found.forms.values()) == {"responde", "created", "modified", "closetim", "starttim", "surveyxact"}
    assert {q.name: q.type for q in found.questions}["hvem"] == "ordinal"
    assert all(q.why for q in found.questions)


def test_boxes_of_a_labelled_file_are_one_question(tmp_path: Path) -> None:
    labels = {name: {0: "no", 1: "yes"} for name in ("used_1", "used_2", "alone", "paid")}
    texts = {
        "used_1": "What did you use? – Books",
        "used_2": "What did you use? - Computers",
        "alone": "Alone? – Yes",
        "paid": "Paid",
    }
    frame = pd.DataFrame({name: [0.0, 1.0, 1.0] for name in texts})
    pyreadstat.write_sav(frame, tmp_path / "boxes.sav", column_labels=texts, variable_value_labels=labels)
    used, *others = guess(tmp_path / "boxes.sav").questions
    assert (used.name, used.type, used.text) == ("used", "multiple", "What did you use?")
    assert used.answers == {1: "Books", 2: "Computers"}
    assert {q.name: q.type for q in others} == {"alone": "nominal", "paid": "nominal"}


def test_what_is_no_export_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="missing file"):
        guess(tmp_path)
    frame = pd.DataFrame({"remark": ["a", "b"]})
    pyreadstat.write_sav(frame, tmp_path / "texts.sav")
    with pytest.raises(InputError, match="no column that could be a question"):
        guess(tmp_path / "texts.sav")
    assert not (tmp_path / "study").exists()


def test_a_plain_csv_file_with_a_list_of_its_labels_runs_too(survey: tuple[Path, pd.DataFrame], tmp_path: Path) -> None:
    _, frame = survey
    source = tmp_path / "plain"
    source.mkdir()
    frame.to_csv(source / "dataset.csv", index=False, float_format="%g")
    listed = [(name, "", text) for name, text in ASKED.items()]
    listed += [(name, code, label) for name, answers in LABELS.items() for code, label in answers.items()]
    pd.DataFrame(listed, columns=["column", "code", "label"]).to_csv(source / "labels.csv", index=False)
    study = Study(begin(tmp_path / "council", source))
    assert not [error for outcome in examine(study) for error in outcome.errors]
    settings = Settings(study, tmp_path / "data")
    shutil.copytree(source, settings.raw_delivery("2024-06-30") / "form")
    done = refresh(settings)
    assert (done.vouched, done.summary["accepted"]) == (True, len(frame))
    mart = pd.read_parquet(Store(settings, "2024-06-30").file("marts", "form"))
    assert mart["trust"].value_counts().to_dict() == frame["trust"].value_counts().to_dict()
    assert (mart["hours"].astype(float).sum(), mart["safe"].isna().sum()) == (frame["hours"].sum(), frame["safe"].isna().sum())


def test_boxes_without_labels_and_codes_with_a_zero_before_them_run_too(tmp_path: Path) -> None:
    source = tmp_path / "plain"
    source.mkdir()
    boxes = [(at % 2, at // 2 % 2) for at in range(60)]
    rows = [f"0{1 + at % 3};{one};{other}" for at, (one, other) in enumerate(boxes)]
    (source / "dataset.csv").write_text("\n".join(["trust;used_1;used_2", *rows, ""]), encoding="utf-8")
    listed = ["column;code;label", "used_1;;Used? - Books", "used_2;;Used? - Films", "trust;;Trust?"]
    listed += [f"trust;0{code};{label}" for code, label in enumerate(("a lot", "some", "little"), 1)]
    (source / "labels.csv").write_text("\n".join([*listed, ""]), encoding="utf-8")
    assert {q.name: q.type for q in guess(source).questions} == {"trust": "ordinal", "used": "multiple"}
    study = Study(begin(tmp_path / "council", source))
    settings = Settings(study, tmp_path / "data")
    shutil.copytree(source, settings.raw_delivery("2024-06-30") / "form")
    done = refresh(settings)
    assert (done.vouched, done.summary["accepted"]) == (True, 60)
    mart = pd.read_parquet(Store(settings, "2024-06-30").file("marts", "form"))
    assert mart["trust"].value_counts().to_dict() == {1: 20, 2: 20, 3: 20}
    # On a form on which nothing is ticked, but trust is answered, the boxes were seen.
    assert mart[["used_1", "used_2"]].sum().to_dict() == {"used_1": 30, "used_2": 30}


def test_a_list_of_labels_that_is_none_is_refused_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "dataset.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    (tmp_path / "labels.csv").write_text("variable,value,text\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"labels.csv:1: the header isn't column;code;label"):
        guess(tmp_path)
