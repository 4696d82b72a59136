"""Which forms of an export are accepted, and which are set aside and why.

Every form leaves on one side or the other: accepted + set aside = delivered, checked here and not assumed.
A form is set aside with all its reasons, not with the first.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import pyarrow as pa

from frs_pipeline.errors import CheckFailed, InputError
from frs_pipeline.exports.surveyxact import (
    CREATED,
    LINE,
    NUMBER,
    NUMBER_AGAIN,
    RESPONDENT,
    STATUS,
    SYSTEM_COLUMNS,
    Export,
)
from frs_pipeline.questionnaires.model import Questionnaire
from frs_pipeline.questionnaires.schema import arrow_field, failing

_NAME_AND_TEXT = ("variableName", "questionText")
_RESPONDENT_ID = "[0-9]{1,9}"
_SOME_ANSWERS, _COMPLETED = "stato_3", "stato_4"
# Two forms with the same number and the same answers, keyed this close together, are one paper keyed twice.
KEYED_TWICE_WITHIN = pd.Timedelta(minutes=10)

MESSAGES = {
    "number_unreadable": "Rådslagningsnummeret mangler eller er ikke et tal / the conference number is missing or no number",
    "numbers_differ": "Rådslagningsnummeret er tastet forskelligt de to gange / the two keyings of the conference number differ",
    "code_unreadable": "Svaret er ikke en kode / the answer is no code",
    "outside_scale": "Koden findes ikke i svarskalaen / the code isn't in the question's scale",
    "status_unclear": "Statusfelterne modsiger hinanden / the status block doesn't say one thing",
    "not_answered": "Skemaet er ikke besvaret eller er afvist / the form wasn't answered, or was rejected",
    "respondent_unreadable": "Respondentnummeret mangler eller er ikke et tal / the respondent id is missing or no number",
    "respondent_twice": "Respondentnummeret forekommer flere gange / the respondent id stands more than once",
    "keyed_twice": "Samme skema er formentlig tastet to gange / the same form was probably keyed twice",
    "wrong_occasion": "Kodebogen siger en anden anledning end skemaet / the codebook has another occasion than the form",
    "number_unknown": "Rådslagningsnummeret findes ikke i kodebogen / the codebook doesn't know the conference number",
}

REJECTED = pa.schema(
    [
        ("instrument", pa.string()),
        ("file", pa.string()),
        ("line", pa.int32()),
        ("form_id", pa.string()),
        ("column", pa.string()),
        ("value", pa.string()),
        ("rule", pa.string()),
        ("message", pa.string()),
    ]
)


def forms_schema(questionnaire: Questionnaire) -> pa.Schema:
    """Columns of accepted forms: where they stand in the export, their conference number, and the answers."""
    return pa.schema(
        [
            pa.field("form_id", pa.string(), nullable=False),
            pa.field("file", pa.string(), nullable=False),
            pa.field("line", pa.int32(), nullable=False),
            pa.field("conference_number", pa.int32(), nullable=False),
            *(arrow_field(question) for question in questionnaire.questions),
        ]
    )


@dataclass(frozen=True)
class Validated:
    """Accepted forms (`forms_schema`), set-aside findings (`REJECTED`, one row a finding), and the counts."""

    forms: pa.Table
    rejected: pa.Table
    delivered: int
    set_aside: int


def validate(export: Export, questionnaire: Questionnaire) -> Validated:
    """Split the forms of an export. Raises `InputError` when its columns aren't the questionnaire's."""
    _check_columns(export, questionnaire)
    _check_wording(export, questionnaire)
    dataset = export.dataset
    findings = _Findings(questionnaire.instrument, export, _form_ids(dataset, questionnaire))
    number = _codes(dataset[NUMBER])
    again = _codes(dataset[NUMBER_AGAIN])
    findings.add("number_unreadable", NUMBER, number.isna())
    findings.add("numbers_differ", NUMBER_AGAIN, number.notna() & ~(number == again).fillna(False))
    respondent = dataset[RESPONDENT].str.strip()
    findings.add("respondent_unreadable", RESPONDENT, ~respondent.str.fullmatch(_RESPONDENT_ID))
    status = dataset[list(STATUS)].apply(lambda column: column.str.strip() == "1")
    one = status.sum(axis=1) == 1
    findings.add("status_unclear", STATUS[0], ~one)
    findings.add("not_answered", STATUS[0], one & ~(status[_SOME_ANSWERS] | status[_COMPLETED]))
    answers = {}
    for question in questionnaire.questions:
        text = dataset[question.source]
        answers[question.name] = _codes(text)
        findings.add("code_unreadable", question.source, answers[question.name].isna() & (text.str.strip() != ""))
    frame = pd.DataFrame(answers)
    refused = failing(questionnaire, frame)
    for question in questionnaire.questions:
        rows = refused.loc[refused["question"] == question.name, "row"]
        findings.add("outside_scale", question.source, pd.Series(frame.index.isin(rows), index=frame.index))
    # Doubles only beside a form that is accepted: a paper keyed wrongly and then again must not be lost both times.
    sound = findings.untouched()
    findings.add("respondent_twice", RESPONDENT, respondent.loc[sound].duplicated(keep="first"))
    sound = findings.untouched()
    findings.add("keyed_twice", CREATED, _keyed_twice(dataset.loc[sound], number.loc[sound], frame.loc[sound]))
    return _split(questionnaire, findings, number, frame)


def rejected_table(rows: list[dict[str, object]]) -> pa.Table:
    """Findings as a table, in the order of the delivered file."""
    return pa.Table.from_pylist(rows, schema=REJECTED)


class _Findings:
    """Collects what is wrong with which rows."""

    def __init__(self, instrument: str, export: Export, form_ids: pd.Series) -> None:
        self.instrument, self.file, self.dataset, self.form_ids = instrument, export.file, export.dataset, form_ids
        self.rows: list[tuple[int, str, str]] = []

    def add(self, rule: str, column: str, where: pd.Series) -> None:
        self.rows += [(int(row), rule, column) for row in where.index[where.to_numpy(dtype=bool)]]

    def untouched(self) -> pd.Index:
        """Rows that nothing was found wrong with so far."""
        return self.dataset.index.difference([row for row, _, _ in self.rows])

    def table(self) -> pa.Table:
        return rejected_table(
            [
                {
                    "instrument": self.instrument,
                    "file": self.file,
                    "line": int(self.dataset[LINE].iloc[row]),
                    "form_id": self.form_ids.iloc[row],
                    "column": column,
                    "value": self.dataset[column].iloc[row],
                    "rule": rule,
                    "message": MESSAGES[rule],
                }
                for row, rule, column in sorted(self.rows)
            ]
        )


def _check_columns(export: Export, questionnaire: Questionnaire) -> None:
    header = [name for name in export.dataset.columns if name != LINE]
    sources = {question.source: question for question in questionnaire.questions}
    known = {*SYSTEM_COLUMNS, NUMBER, NUMBER_AGAIN, *sources}
    where = export.where("dataset", 1)
    for name in sources:
        if name not in header:
            raise InputError(f"question {name} is missing from the export", where=where, do="export all questions again")
    for name in STATUS:
        if name not in header:
            raise InputError(f"status column {name} is missing", where=where, do="export the status block too")
    unknown = next((name for name in header if name not in known), None)
    if unknown is not None:
        raise InputError(
            f"column {unknown} isn't in questionnaire {questionnaire.instrument}", where=where, do="describe it there"
        )


def _check_wording(export: Export, questionnaire: Questionnaire) -> None:
    """The export's own texts and labels are the questionnaire's: a scale coded the other way round would pass unseen."""
    do = "correct the questionnaire's YAML, or export again"
    found: dict[str, dict[str, str]] = {}
    lines: dict[str, int] = {}
    for line, variable, code, label in export.labels.itertuples(index=False):
        of_variable = found.setdefault(variable.strip(), {})
        if code.strip() in of_variable:
            raise InputError("a code has two labels", where=export.where("labels", line), do=do)
        of_variable[code.strip()] = label.strip()
        lines.setdefault(variable.strip(), line)
    texts = {name.strip(): text.strip() for name, text in zip(*(export.structure[c] for c in _NAME_AND_TEXT), strict=True)}
    for question in questionnaire.questions:
        # Short names are cut at eight letters and scales are shared: only the text tells which question it is.
        if question.wording == "printed" and (texts.get(question.source) or question.text) != question.text:
            what = f"the text of {question.source} isn't that of the questionnaire"
            raise InputError(what, where=export.where("structure"), do=do)
        expected = {str(code): label for code, label in question.labels.items()}
        if question.source not in found:
            raise InputError(f"question {question.source} has no labels", where=export.where("labels"), do=do)
        if found[question.source] != expected:
            at = export.where("labels", lines[question.source])
            raise InputError(f"labels of {question.source} aren't those of the questionnaire", where=at, do=do)


def _form_ids(dataset: pd.DataFrame, questionnaire: Questionnaire) -> pd.Series:
    """Form ids from respondent ids; from the line where what was keyed is no respondent id and could be anything."""
    respondent = dataset[RESPONDENT].str.strip()
    readable = respondent.str.fullmatch(_RESPONDENT_ID)
    return questionnaire.form_prefix + "-" + respondent.where(readable, "line" + dataset[LINE].astype(str))


def _codes(text: pd.Series) -> pd.Series:
    """Whole numbers (`Int64`); anything else, and blanks, become missing."""
    stripped = text.str.strip()
    readable = stripped.str.fullmatch(r"-?[0-9]{1,9}")
    return stripped.where(readable).astype("Float64").astype("Int64")


def _keyed_twice(dataset: pd.DataFrame, number: pd.Series, answers: pd.DataFrame) -> pd.Series:
    """Rows that repeat an earlier form's number and all answers within minutes of its keying."""
    created = pd.to_datetime(dataset[CREATED].str.strip(), format="%Y-%m-%d %H:%M:%S", errors="coerce")
    keys = answers.astype("Float64").fillna(-1).assign(number=number.astype("Float64").fillna(-1))
    order = created.sort_values(kind="stable").index
    before = created.loc[order].groupby([keys[c].loc[order] for c in keys.columns], sort=False).shift()
    # Two papers left wholly blank are alike without being the same.
    return ((created - before.reindex(created.index)) <= KEYED_TWICE_WITHIN) & answers.notna().any(axis=1)


def _split(questionnaire: Questionnaire, findings: _Findings, number: pd.Series, answers: pd.DataFrame) -> Validated:
    dataset = findings.dataset
    aside = sorted({row for row, _, _ in findings.rows})
    accepted = dataset.index.difference(aside)
    frame = answers.loc[accepted].assign(
        form_id=findings.form_ids.loc[accepted],
        file=findings.file,
        line=dataset[LINE].loc[accepted],
        conference_number=number.loc[accepted].astype("int64"),
    )
    forms = pa.Table.from_pandas(frame, schema=forms_schema(questionnaire), preserve_index=False)
    if forms.num_rows + len(aside) != len(dataset):
        raise CheckFailed("forms were lost in validation", where=questionnaire.instrument)
    return Validated(forms.replace_schema_metadata(None), findings.table(), len(dataset), len(aside))
