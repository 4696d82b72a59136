"""Whether an export as a whole is its questionnaire's: its columns, texts and labels, and that its forms can be read."""

from __future__ import annotations

import pyarrow as pa

from frs_pipeline.errors import InputError
from frs_pipeline.intake.amendments import Accepted, Exceptions
from frs_pipeline.intake.readers.columns import ColumnRemark, Columns, TwoLabels, drift, misread, resolve
from frs_pipeline.intake.readers.encodings import WRONG
from frs_pipeline.intake.readers.sheets import AGAIN
from frs_pipeline.intake.readers.surveyxact import Export
from frs_pipeline.intake.remarks import Intake, Remark, tolerate
from frs_pipeline.study import Study
from frs_pipeline.study.questionnaires import Questionnaire, questionnaires
from frs_pipeline.study.rules import policy


def fitted(
    export: Export, questionnaire: Questionnaire, intake: Intake, delivery: str
) -> tuple[Columns, list[tuple[Remark, Accepted | None]]]:
    """Find the columns of the questions that are asked at the date of a `delivery`, and what is remarkable about them.

    Raises `InputError` when they aren't the questionnaire's, unless the policy or an exception lets that pass.
    """
    columns, places = _columns(export, questionnaire, delivery)
    remarks = []
    for place in places:
        line = export.head if place.part == "dataset" else place.line
        remark = Remark(place.rule, questionnaire.instrument, export.file, line, None, place.column, None)
        remarks.append(tolerate(intake, remark, place.what, export.where(place.part, line)))
    return columns, remarks


def read_through(study: Study, instrument: str, export: Export, day: str, exceptions: Exceptions) -> int:
    """Read an export from its first form to its last, and return how many there are.

    It is checked as one of a delivery of that `day`, as far as no register is needed; `exceptions` are what people accepted.
    Raises `InputError` when it was cut, isn't the questionnaire's, or holds no form.
    """
    rules = policy(study)
    if export.in_use and not export.structure:
        raise InputError("describes no question: only a header row is there", where=export.where("structure"), do=AGAIN)
    # The registers are asked about single forms only, which nobody judges here.
    intake = Intake(study, rules, pa.table({}), pa.table({}), exceptions=exceptions)
    fitted(export, questionnaires(study)[instrument], intake, day)
    forms = sum(len(chunk.lines) for chunk in export.chunks())
    if not forms:
        raise InputError(f"{rules.rules['no_forms'].english} [no_forms]", where=export.where("dataset"), do=AGAIN)
    return forms


def _columns(export: Export, questionnaire: Questionnaire, delivery: str) -> tuple[Columns, list[ColumnRemark]]:
    if not export.in_use:
        return Columns([], {}), []
    wrong = misread(export.structure, export.labels, questionnaire)
    if wrong is not None:
        raise InputError(WRONG, where=export.where(*wrong), do=AGAIN)
    columns, places = resolve(export.names, export.structure, questionnaire, delivery)
    try:
        return columns, places + drift(columns, export.structure, export.labels, questionnaire)
    except TwoLabels as error:
        raise InputError(str(error), where=export.where("labels", error.line), do=AGAIN) from None
