"""Conference numbers out, pseudonyms in."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from frs_pipeline.errors import CheckFailed
from frs_pipeline.exports.validation import MESSAGES, rejected_table
from frs_pipeline.questionnaires.model import Questionnaire
from frs_pipeline.questionnaires.schema import arrow_field


@dataclass(frozen=True)
class Pseudonymised:
    """Forms under their conference's pseudonym, and the forms whose number the codebook doesn't know."""

    forms: pa.Table
    unknown: pa.Table


def mart_schema(questionnaire: Questionnaire) -> pa.Schema:
    """Columns of pseudonymised forms and of the mart: no conference number, no line, nothing that leads back."""
    return pa.schema(
        [
            pa.field("form_id", pa.string(), nullable=False),
            pa.field("conference_id", pa.string(), nullable=False),
            pa.field("occasion", pa.string(), nullable=False),
            *(arrow_field(question) for question in questionnaire.questions),
        ]
    )


def pseudonymise(forms: pa.Table, codebook: pa.Table, questionnaire: Questionnaire) -> Pseudonymised:
    """Replace the conference number by the codebook's pseudonym and occasion.

    Set aside are forms whose number it doesn't know, or knows for another occasion than the paper is used at.
    """
    fitting = codebook
    if questionnaire.occasion != "both":
        fitting = codebook.filter(pc.equal(codebook["occasion"], questionnaire.occasion))
    numbers = set(codebook["conference_number"].to_pylist())
    known = pc.is_in(forms["conference_number"], value_set=fitting["conference_number"])
    joined = (
        forms.filter(known)
        .replace_schema_metadata(None)
        .join(codebook.drop_columns(["date"]), "conference_number", join_type="inner")
        .sort_by("line")
    )
    schema = mart_schema(questionnaire)
    kept = joined.select(schema.names).cast(schema).combine_chunks()
    unknown = rejected_table(
        [
            {
                "instrument": questionnaire.instrument,
                "file": row["file"],
                "line": row["line"],
                "form_id": row["form_id"],
                "column": "raadsnr",
                "value": str(row["conference_number"]),
                "rule": (rule := "wrong_occasion" if row["conference_number"] in numbers else "number_unknown"),
                "message": MESSAGES[rule],
            }
            for row in forms.filter(pc.invert(known)).select(["file", "line", "form_id", "conference_number"]).to_pylist()
        ]
    )
    if kept.num_rows + unknown.num_rows != forms.num_rows:
        raise CheckFailed("forms were lost in pseudonymising", where=questionnaire.instrument)
    return Pseudonymised(kept, unknown)
