"""What a question's column of a mart says of itself: its type, and its text and labels as metadata."""

from __future__ import annotations

import json

import pyarrow as pa

from frs_pipeline.study.numbers import plain
from frs_pipeline.study.questionnaires import Question

# Digits of a decimal number in a mart.
DIGITS = 18


def arrow_field(question: Question) -> pa.Field:
    """Make a question a column of a mart, with its text and labels in the field's metadata.

    Answers are small integers; a number is an integer, or a decimal where its unit isn't whole.
    """
    number = question.measured
    if number is None:
        kind = pa.int8()
        labels = json.dumps({str(c): label for c, label in question.labels.items()}, ensure_ascii=False)
        own = {"labels": labels, "dont_know": "" if question.dont_know is None else str(question.dont_know)}
    else:
        kind = pa.decimal128(DIGITS, number.decimals) if number.decimals else pa.int32()
        own = {"unit": plain(number.unit), "range": f"[{plain(number.low)}, {plain(number.high)}]"}
    about = {"text": question.text, "type": question.type}
    return pa.field(
        question.name, kind, metadata={**about, **own, "wording": question.wording, "sensitivity": question.sensitivity}
    )
