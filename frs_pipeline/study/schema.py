"""What the questionnaires say about the data: Pandera schemas and Arrow fields made from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import pandera.pandas as pandera
import pyarrow as pa
from pandera.config import CONFIG

from frs_pipeline.errors import CheckFailed
from frs_pipeline.study.fields import DIGITS
from frs_pipeline.study.questionnaires import Question, Questionnaire


def pandera_schema(questionnaire: Questionnaire) -> pandera.DataFrameSchema:
    """Make the schema of a questionnaire's parsed answers: one nullable integer column per question, codes of its scale.

    What people code afterwards isn't among them. A number stands as the whole number of its last decimal place. It never
    coerces: parsing comes first and is explicit, so that one unreadable cell spoils no other row.
    """
    columns = {
        question.name: pandera.Column("Int64", _check(question), nullable=True, coerce=False) for question in questionnaire.keyed
    }
    return pandera.DataFrameSchema(columns, strict=True, coerce=False)


def _check(question: Question) -> pandera.Check:
    number = question.measured
    if number is None:
        return pandera.Check.isin(list(question.codes))
    return pandera.Check(number.fits, element_wise=True, name=_FITS, error=_FITS)


# What the check of a number is called.
_FITS = "fits"


class Scales:
    """Decide which codes a questionnaire's scales allow: its Pandera schema does, and nothing else in the intake.

    The schema looks at each cell by itself, so a code stands for all cells that hold it, and each is asked about once.
    """

    def __init__(self, questionnaire: Questionnaire) -> None:
        self._schema = pandera_schema(questionnaire)
        self._refused: dict[str, dict[int, bool]] = {question.name: {} for question in questionnaire.keyed}

    def refused(self, given: Mapping[str, Sequence[int]]) -> dict[str, list[int]]:
        """Name the codes that are outside their scale, by question, of those `given` to every question; none where all are in.

        Raises `CheckFailed` as `refused` does.
        """
        self._ask({name: [code for code in codes if code not in self._refused[name]] for name, codes in given.items()})
        outside = {name: [code for code in codes if self._refused[name][code]] for name, codes in given.items()}
        return {name: codes for name, codes in outside.items() if codes}

    def _ask(self, new: Mapping[str, Sequence[int]]) -> None:
        longest = max(map(len, new.values()), default=0)
        if not longest:
            return
        answers = {name: pd.array([*codes, *[None] * (longest - len(codes))], "Int64") for name, codes in new.items()}
        outside = refused(self._schema, pd.DataFrame(answers))
        for name, codes in new.items():
            self._refused[name].update(dict.fromkeys(codes, False) | dict.fromkeys(outside.get(name, ()), True))


def refused(schema: pandera.DataFrameSchema, answers: pd.DataFrame) -> dict[str, list[int]]:
    """List the codes that `schema` refuses, by question, as often as they stand there; all questions at once.

    Raises `CheckFailed` when Pandera is switched off by its environment variable: it would pass anything.
    """
    if not CONFIG.validation_enabled:
        raise CheckFailed("PANDERA_VALIDATION_ENABLED is off: nothing would be checked", do="unset it")
    try:
        schema.validate(answers, lazy=True)
    except pandera.errors.SchemaErrors as errors:
        cases = errors.failure_cases
        if not cases["check"].str.startswith(("isin(", _FITS)).all() or not cases["column"].isin(answers.columns).all():
            # A column of the wrong type is our own mistake in parsing, never a mistake in keying.
            raise RuntimeError("the parsed answers don't have the schema's columns and types") from None
        return {str(name): [int(code) for code in codes] for name, codes in cases.groupby("column", sort=False)["failure_case"]}
    return {}


def as_column(places: pa.Array, kind: pa.DataType) -> pa.Array:
    """Turn whole numbers (n,), of a number those of its last decimal place, into a column of this kind.

    Raises `pa.ArrowInvalid` for a code that the column can't hold: it must not become another.
    """
    if not pa.types.is_decimal(kind):
        return places.cast(kind)
    whole = places.cast(pa.decimal128(DIGITS, 0))
    return pa.Array.from_buffers(kind, len(whole), whole.buffers())


def as_places(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Turn a column back into whole numbers: the inverse of `as_column`."""
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    if not pa.types.is_decimal(column.type):
        return column
    whole = pa.Array.from_buffers(pa.decimal128(DIGITS, 0), len(column), column.buffers(), offset=column.offset)
    return whole.cast(pa.int64())
