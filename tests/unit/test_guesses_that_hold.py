"""What `frs study new --from` writes can be read as it is, and says of no person who it is."""

import csv

import numpy as np
import pandas as pd
import pyreadstat
import pytest

from frs_pipeline.errors import FrsError
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
    labels = [["column", "code", "label"], *(["q", code, label] for code, label in SCALE.items())]
    for name, lines in (("dataset.csv", rows), ("labels.csv", labels)):
        with (tmp_path / name).open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, delimiter=";").writerows(lines)
    study = begin(tmp_path / "guessed", tmp_path)
    files = [path for path in study.rglob("*.yaml") if holds_personal_number(path.read_text(encoding="utf-8"))]
    assert files == []
