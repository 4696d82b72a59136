"""What the questionnaires say of the data: Pandera schemas and Arrow fields made from them."""

from __future__ import annotations

import json
from functools import cache

import numpy as np
import pandas as pd
import pandera.pandas as pandera
import pyarrow as pa
from pandera.config import CONFIG

from frs_pipeline.errors import CheckFailed
from frs_pipeline.study.questionnaires import Question, Questionnaire


@cache
def pandera_schema(questionnaire: Questionnaire) -> pandera.DataFrameSchema:
    """Schema of the parsed answers of one questionnaire: a nullable integer column a question, codes of its scale.

    Never coerces: parsing comes first and is explicit, so that one cell that can't be read spoils no other row.
    """
    return pandera.DataFrameSchema(
        {
            question.name: pandera.Column(
                # One failing cell is enough to refuse a column: listing all of them costs minutes where all are wrong.
                "Int64",
                pandera.Check.isin(list(question.codes), n_failure_cases=1),
                nullable=True,
                coerce=False,
            )
            for question in questionnaire.questions
        },
        strict=True,
        coerce=False,
    )


def failing(questionnaire: Questionnaire, answers: pd.DataFrame) -> dict[str, np.ndarray]:
    """Which rows of `answers` the schema refuses, by question; all of them at once, and no question that is whole.

    Raises `CheckFailed` when Pandera is switched off by its environment variable: it would pass anything.
    """
    if not CONFIG.validation_enabled:
        raise CheckFailed("PANDERA_VALIDATION_ENABLED is off: nothing would be checked", do="unset it")
    refused = _refused(questionnaire, answers)
    if not refused:
        return {}
    found = {}
    for question in questionnaire.questions:
        given = answers[question.name].notna().to_numpy(dtype=bool)
        codes = answers[question.name].to_numpy(dtype=np.int64, na_value=0)
        outside = given & ~np.isin(codes, question.codes)
        if outside.any():
            found[question.name] = outside
    # The schema says which columns are refused, the masks in which rows: they have to agree.
    if found.keys() != refused:
        raise RuntimeError("the rows that the schema refuses can't be found")
    return found


def _refused(questionnaire: Questionnaire, answers: pd.DataFrame) -> set[str]:
    """Questions whose column the schema refuses."""
    try:
        pandera_schema(questionnaire).validate(answers, lazy=True)
    except pandera.errors.SchemaErrors as errors:
        cases = errors.failure_cases
        if not cases["check"].str.startswith("isin(").all() or not cases["column"].isin(answers.columns).all():
            # A column of the wrong type is our own mistake in parsing, never a keyer's.
            raise RuntimeError("the parsed answers don't have the schema's columns and types") from None
        return set(cases["column"])
    return set()


def arrow_field(question: Question) -> pa.Field:
    """A question as a column of a mart: small integers, its text and labels in the field's metadata."""
    return pa.field(
        question.name,
        pa.int8(),
        metadata={
            "text": question.text,
            "type": question.type,
            "labels": json.dumps({str(c): label for c, label in question.labels.items()}, ensure_ascii=False),
            "dont_know": "" if question.dont_know is None else str(question.dont_know),
            "wording": question.wording,
            "sensitivity": question.sensitivity,
        },
    )
