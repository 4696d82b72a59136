"""What the questionnaires say of the data: Pandera schemas and Arrow fields made from them."""

from __future__ import annotations

import json

import pandas as pd
import pandera.pandas as pandera
import pyarrow as pa
from pandera.config import CONFIG

from frs_pipeline.errors import CheckFailed
from frs_pipeline.questionnaires.model import Question, Questionnaire


def pandera_schema(questionnaire: Questionnaire) -> pandera.DataFrameSchema:
    """Schema of the parsed answers of one questionnaire: a nullable integer column a question, codes of its scale.

    Never coerces: parsing comes first and is explicit, so that one cell that can't be read spoils no other row.
    """
    return pandera.DataFrameSchema(
        {
            question.name: pandera.Column("Int64", pandera.Check.isin(list(question.codes)), nullable=True, coerce=False)
            for question in questionnaire.questions
        },
        strict=True,
        coerce=False,
    )


def failing(questionnaire: Questionnaire, answers: pd.DataFrame) -> pd.DataFrame:
    """Cells of `answers` that the schema refuses: columns `row` (position) and `question`; all of them at once.

    Raises `CheckFailed` when Pandera is switched off by its environment variable: it would pass anything.
    """
    if not CONFIG.validation_enabled:
        raise CheckFailed("PANDERA_VALIDATION_ENABLED is off: nothing would be checked", do="unset it")
    positions = answers.reset_index(drop=True)
    try:
        pandera_schema(questionnaire).validate(positions, lazy=True)
    except pandera.errors.SchemaErrors as errors:
        cases = errors.failure_cases
        of_cells = cases[cases["index"].notna() & cases["column"].isin(answers.columns)]
        if len(of_cells) != len(cases):
            # A column of the wrong type is our own mistake in parsing, never a keyer's.
            raise RuntimeError("the parsed answers don't have the schema's columns and types") from None
        found = pd.DataFrame({"row": of_cells["index"].astype(int), "question": of_cells["column"].astype(str)})
        return found.drop_duplicates().sort_values(["row", "question"], ignore_index=True)
    return pd.DataFrame({"row": pd.Series(dtype=int), "question": pd.Series(dtype=str)})


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
