"""Real surveys, which aren't ours: each from its file to a report by commands and an edit of YAML alone, counted beside."""

from __future__ import annotations

import difflib
import shutil
from pathlib import Path

import pandas as pd
import pytest
import yaml
from support.beside import counted
from support.surveys import SURVEYS, Survey
from typer.testing import CliRunner

from frs_pipeline.cli import app
from frs_pipeline.store.files import Store, read
from frs_pipeline.store.settings import Settings
from frs_pipeline.study import Study
from frs_pipeline.tables.figures import from_table

NAME = "2024-06-30"
# How many lines somebody edits: what docs/how-to/study.md says.
LINES = {"wvs": 16, "bfi": 12, "gss": 11}
# What is not counted beside: how sure a gamma is.
UNSURE = {"ase", "t", "p"}


def edit(folder: Path, survey: Survey) -> int:
    """Edit a new study as somebody would; return the number of lines that were written."""
    lines = 0
    for name, changes in survey.edits.items():
        path = folder / name
        before = after = path.read_text(encoding="utf-8")
        for old, new in [(before, changes)] if isinstance(changes, str) else changes:
            assert after.count(old) == 1, (name, old)
            after = after.replace(old, new)
        path.write_text(after, encoding="utf-8")
        lines += sum(line.startswith("+ ") for line in difflib.ndiff(before.splitlines(), after.splitlines()))
    return lines


def labelled(survey: Survey, folder: Path) -> pd.DataFrame:
    """What the forms answered, as the tables name it: labels of codes in their order, numbers, and the groups of numbers."""
    forms = survey.forms()
    for name, answers in survey.labels.items():
        forms[name] = pd.Categorical(forms[name].map(answers), [*answers.values()], ordered=True)
    questions = yaml.safe_load((folder / "questionnaires" / "form.yaml").read_text(encoding="utf-8"))["questions"]
    for question in questions:
        if groups := question.get("groups"):
            edges = [low - 0.5 for low, _ in groups.values()] + [question["range"][1]]
            forms[f"{question['name']}_group"] = pd.cut(forms[question["source"]], edges, labels=[*groups])
    return forms


@pytest.mark.parametrize(
    "name", ["wvs", pytest.param("bfi", marks=pytest.mark.minutes), pytest.param("gss", marks=pytest.mark.minutes)]
)
def test_a_survey_becomes_a_report(name: str, tmp_path: Path) -> None:
    survey = SURVEYS[name]
    export, study = tmp_path / "export", tmp_path / name
    export.mkdir()
    survey.write(survey, export)
    sav = export / "survey.sav"
    begun = CliRunner().invoke(app, ["study", "new", str(study), "--from", str(sav if sav.exists() else export)])
    assert begun.exit_code == 0, begun.stderr
    assert edit(study, survey) == LINES[name]
    settings = Settings(Study(study), study / "data")
    shutil.copytree(export, settings.raw_delivery(NAME) / "form")
    done = CliRunner().invoke(app, ["--study", str(study), "run"])
    assert done.exit_code == 0, done.stderr

    store = Store(settings, NAME)
    computed = {f.address: f.value for f in from_table(read(store.file("statistics", "figures")))}
    forms = labelled(survey, study)
    beside = {
        (spec["number"], *key): value
        for spec in yaml.safe_load((study / "tables.yaml").read_text(encoding="utf-8"))["tables"]
        for key, value in counted(spec, forms).items()
    }
    assert {address for address in computed if address.measure not in UNSURE} == beside.keys()
    for address, value in beside.items():
        if address[-1] in ("count", "n"):
            assert computed[address] == value, address
        else:
            assert computed[address] == pytest.approx(value, rel=0, abs=1e-10), address
    assert len(forms) == sum(value for address, value in beside.items() if address == (1, "Total", "", "", "count"))
    report = settings.curated(NAME) / "report"
    assert all((report / page).exists() for page in ("index.html", "svar.html"))
