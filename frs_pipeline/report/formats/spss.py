"""Write a mart as an SPSS file: codes with their labels, blanks as system-missing, "ved ikke" as user-missing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from frs_pipeline.errors import FrsError
from frs_pipeline.store.rows import without_decimals
from frs_pipeline.study import Study
from frs_pipeline.study.about import occasions, said
from frs_pipeline.study.questionnaires import Question, background, questionnaires

# Where a .sav says when it was made: date (9 bytes) and time of day (8), after product name, layout and numbers.
_STAMP = 92
_MEASURES = {"nominal": "nominal", "ordinal": "ordinal", "multiple": "nominal", "number": "scale"}


def write_sav(study: Study, mart: pa.Table, name: str, path: Path) -> None:
    """Write the mart `name` as a .sav file, the same bytes for the same rows: it doesn't say when it was made.

    A blank is system-missing. "Ved ikke" is a user-missing value, which crosstabs and correlations leave out as the report
    does, and frequencies show among what is missing. Raises `FrsError` when there is no room for it.
    """
    import pyreadstat

    questionnaire = questionnaires(study).get(name)
    questions = (*(questionnaire.questions if questionnaire else ()), *background(study))
    frame = _frame(study, mart)
    try:
        pyreadstat.write_sav(
            frame,
            path,
            row_compress=True,
            file_label=f"frs_pipeline: {name}",
            column_labels=[_label(field) for field in mart.schema],
            variable_value_labels=_labels(study, questions),
            missing_ranges=_missing(questions),
            variable_measure=_measures(mart, questions),
            variable_format=_formats(mart, frame),
        )
        with path.open("r+b") as file:
            file.seek(_STAMP)
            file.write(b"01 Jan 7000:00:00")
    except (OSError, pyreadstat.ReadstatError, pyreadstat.PyreadstatError) as error:
        raise FrsError("cannot be written", where=path.parent, do="make room; the last good file stays") from error


def _frame(study: Study, mart: pa.Table) -> pd.DataFrame:
    columns = {}
    mart = without_decimals(mart)
    for field in mart.schema:
        column = mart[field.name].to_pandas()
        if field.name == "occasion":
            column = column.map({name: code for code, name in enumerate(occasions(study), start=1)})
        text = pa.types.is_string(field.type) and field.name != "occasion"
        # As Python's own strings, which the library reads one by one: Arrow's take twice as long.
        columns[field.name] = column.astype(object) if text else column.astype("float64")
    return pd.DataFrame(columns)


def _formats(mart: pa.Table, frame: pd.DataFrame) -> dict[str, str]:
    """Return how SPSS shows numbers: with as many decimals as they have."""
    kinds = {field.name: field.type for field in mart.schema if frame.dtypes[field.name] == "float64"}
    return {name: f"F8.{kind.scale if pa.types.is_decimal(kind) else 0}" for name, kind in kinds.items()}


def _label(field: pa.Field) -> str:
    return str((field.metadata or {}).get(b"text", b"").decode() or field.name)


def _labels(study: Study, questions: Sequence[Question]) -> dict[str, dict[Any, str]]:
    return {
        "occasion": {code: said(study, occasion.one) for code, occasion in enumerate(occasions(study).values(), start=1)},
        **{question.name: dict(question.labels) for question in questions if question.answers},
    }


def _missing(questions: Sequence[Question]) -> dict[str, list[Any]]:
    return {question.name: [question.dont_know] for question in questions if question.dont_know is not None}


def _measures(mart: pa.Table, questions: Sequence[Question]) -> dict[str, str]:
    measures = {field.name: "scale" if pa.types.is_integer(field.type) else "nominal" for field in mart.schema}
    return measures | {question.name: _MEASURES[question.type] for question in questions}
