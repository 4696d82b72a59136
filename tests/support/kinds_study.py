"""A study with every kind of question, and its forms as a frame of pandas, which its tables can be counted from beside."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from frs_pipeline.operations.new_study import begin
from frs_pipeline.store.settings import Settings
from frs_pipeline.study import Study
from frs_pipeline.study.questionnaires import Question
from support.small_study import make_delivery

QUESTIONS = """\
  - {name: role, source: rolle, text: "Hvem er du?", type: nominal, scale: role, sensitivity: personal, wording: assumed}
  - name: age
    source: alder
    text: "Hvor gammel er du?"
    type: number
    unit: 1
    range: [0, 120]
    groups: {"0-17": [0, 17], "18-39": [18, 39], "40+": [40, 120]}
    unit_name: {danish: år, english: years}
    sensitivity: personal
    wording: assumed
  - name: hours
    source: timer
    text: "Hvor mange timer tog det?"
    type: number
    unit: 0.5
    range: [-10, 40]
    sensitivity: personal
    wording: assumed
  - {name: helped, source: hjalp, text: "Hvad hjalp?", type: multiple, scale: help, sensitivity: personal, wording: assumed}
"""
SCALES = """\
  role:
    - {code: 1, label: barn}
    - {code: 2, label: mor}
    - {code: 3, label: far}
  help:
    - {code: 1, label: "At tale sammen"}
    - {code: 2, label: "Planen"}
    - {code: 4, label: "Maden"}
"""
FORMS = 240


def kinds_study(folder: Path, tables: str = "") -> Study:
    """A new study in `folder` with a few questions more, and these entries of tables.yaml."""
    study = begin(folder / "kinds")
    for name, more in (("questionnaires/participant", QUESTIONS), ("scales", SCALES), ("tables", tables)):
        with (study / f"{name}.yaml").open("a", encoding="utf-8") as file:
            file.write(more)
    return Study(study)


def answers(forms: int = FORMS, seed: int = 15) -> pd.DataFrame:
    """What the forms say, a row each: codes and numbers, None where nothing was answered."""
    chance = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "role": chance.choice([1, 2, 3], forms, p=[0.2, 0.5, 0.3]),
            "age": chance.integers(0, 90, forms),
            "hours": chance.integers(-20, 60, forms) / 2,
            **{f"helped_{code}": (chance.random(forms) < share).astype(int) for code, share in ((1, 0.6), (2, 0.3), (4, 0.1))},
            "overall": chance.choice([1, 2, 3, 4, 5], forms),
            "useful": chance.choice([1, 2, 3, 4], forms),
            "recommend": chance.choice([1, 2], forms),
        }
    ).astype(object)
    for name in ("role", "age", "hours", "overall", "useful", "recommend"):
        frame.loc[chance.random(forms) < 0.1, name] = None
    frame.loc[chance.random(forms) < 0.1, [name for name in frame if name.startswith("helped_")]] = None
    return frame


def deliver(study: Study, data: Path, frame: pd.DataFrame) -> Settings:
    """Write these forms as a delivery under `data`, decimals with a comma."""
    written = frame.to_dict("list")

    def cell(question: Question, at: int, place: int) -> str:
        value = written[question.name][at]
        return "" if value is None else str(value).replace(".", ",")

    return make_delivery(study, data, cell, len(frame))
