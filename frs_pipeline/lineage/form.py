"""One form's way through every layer: from its line in the export to the tables that count it, or to where it stopped.

Unless the form is opened, its way reveals no value that was keyed: not the conference number, not an answer, nor the
cell of a table that its answers put it into.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from frs_pipeline.errors import InputError, UsageError
from frs_pipeline.intake.readers.surveyxact import read_export
from frs_pipeline.language import Text
from frs_pipeline.lineage.evidence import Evidence
from frs_pipeline.lineage.listing import codes_given, corrected, remarked
from frs_pipeline.lineage.meaning import base, question
from frs_pipeline.lineage.waterfall import Group, Why, failing, questions
from frs_pipeline.lineage.wording import reason
from frs_pipeline.personal_numbers import masked
from frs_pipeline.study import Study
from frs_pipeline.study.about import about, quotes, written
from frs_pipeline.study.boxes import answer_to
from frs_pipeline.study.questionnaires import Questionnaire, questionnaires
from frs_pipeline.study.rules import policy
from frs_pipeline.study.tables import Table, catalogue
from frs_pipeline.tables.bases import LEFT_OUT, axes

_FORM = re.compile(r"(?P<prefix>[a-z]{2})-(?P<rest>(?:line)?[0-9]{1,9})")


@dataclass(frozen=True)
class InTable:
    """Whether a table counts a form, and every reason why not."""

    table: int
    counted: bool
    why: tuple[Text, ...]


@dataclass(frozen=True)
class WayOfForm:
    """What became of one line of an export. `accepted` forms are in the mart; others broke the rules in `set_aside`.

    `answered` of `asked` questions have an answer, which `tables` counts or not; both are of accepted forms only.
    `numbered` says that it belongs to a conference, by a number that has become a pseudonym.
    """

    form: str
    instrument: str
    title: str
    file: str
    line: int
    sha256: str | None
    accepted: bool
    set_aside: tuple[str, ...]
    corrections: tuple[str, ...]
    notes: tuple[str, ...]
    answered: int
    asked: int
    tables: tuple[InTable, ...]
    numbered: bool


@dataclass(frozen=True)
class Opened:
    """What stands in a form: its cells as delivered, its answers in the mart, and its cell in each table that counts it.

    Personal numbers are masked.
    """

    raw: Mapping[str, str]
    answers: Mapping[str, str]
    cells: Mapping[int, tuple[str, ...]]


def ways(evidence: Evidence, form: str) -> tuple[WayOfForm, ...]:
    """Follow every line that has this form id; a respondent may stand in an export twice.

    Raises `UsageError` when there is none.
    """
    name, questionnaire = _read(evidence.study, form)
    instrument, mine = questionnaire.instrument, f"WHERE form_id = '{name}'"
    accepted = evidence.ask(f"SELECT file, line FROM {evidence.view('validated', instrument)} {mine}")  # noqa: S608
    broken = f"""
        SELECT file, line, list(rule ORDER BY rule, "column"), list("column" ORDER BY rule, "column")
        FROM {evidence.view("rejected", instrument)} {mine} GROUP BY ALL ORDER BY line
    """  # noqa: S608
    aside = evidence.ask(broken)
    if not accepted and not aside:
        raise UsageError("no such form", where=name, do="frs trace … --forms and frs quarantine list form ids")
    made = tuple(corrected(c) for c in evidence.corrections if c.form == name)
    codes = tuple(codes_given([entry for entry in evidence.codings if entry.form == name]))
    inputs = {file.name: file.sha256 for file in evidence.delivered(instrument)}
    numbered = questionnaire.forms.number is not None
    followed = []
    for file, line in accepted:
        answers = _answers(evidence, instrument, name)
        noted = 'rule, "column", severity, reason, who'
        rows = evidence.ask(f"SELECT {noted} FROM {evidence.view('noted')} {mine} AND line = {line} ORDER BY ALL")  # noqa: S608
        tables = tuple(
            _in_table(evidence.study, table, mart, own, evidence.store.delivery)
            for table, mart, own in _tables(evidence, instrument, name, answers)
        )
        given = sum(answers[question.name] is not None for question in questionnaire.keyed)
        followed.append(
            WayOfForm(
                *(name, instrument, questionnaire.title, file, line, inputs.get(file), True, (), made),
                *((*codes, *(remarked(*row) for row in rows)), given, len(questionnaire.keyed), tables, numbered),
            )
        )
    for file, line, rules, columns in aside:
        why = tuple(_broken(evidence.study, rule, column) for rule, column in zip(rules, columns, strict=True))
        sha256 = inputs.get(file)
        followed.append(
            WayOfForm(name, instrument, questionnaire.title, file, line, sha256, False, why, made, (), 0, 0, (), numbered)
        )
    return tuple(followed)


def opened(evidence: Evidence, way: WayOfForm) -> Opened:
    """Read what stands in a form. The caller has to note first who looks, and why.

    Raises `InputError` when the export doesn't have the line any more.
    """
    export = read_export(evidence.study, evidence.store.raw(way.instrument))
    raw: dict[str, str] | None = None
    own = about(evidence.study).personal_id.within
    for chunk in export.chunks(np.array([way.line])):
        for at in np.flatnonzero(chunk.lines == way.line).tolist():
            raw = {name: masked(cell, own) for name, cell in chunk.cells.slice(at, 1).to_pylist()[0].items()}
    if raw is None:
        raise InputError(
            "the export doesn't have this line any more", where=f"{way.file}:{way.line}", do=evidence.store.refreshed_by
        )
    if not way.accepted:
        return Opened(raw, {}, {})
    answers = _answers(evidence, way.instrument, way.form)
    answered = {
        question.name: written(evidence.study, question.said(answers[question.name]))
        for question in questionnaires(evidence.study)[way.instrument].questions
        if answers[question.name] is not None
    }
    counting = [catalogue(evidence.study)[table.table] for table in way.tables if table.counted]
    cells = {table.number: _cell(table, answers | evidence.of_pair(table, way.form)) for table in counting}
    return Opened(raw, answered, cells)


def _read(study: Study, form: str) -> tuple[str, Questionnaire]:
    """Return a form id as it is written, and its questionnaire."""
    by_prefix = {questionnaire.form_prefix: questionnaire for questionnaire in questionnaires(study).values()}
    parts = _FORM.fullmatch(form.strip().casefold())
    if parts is None or parts["prefix"].upper() not in by_prefix:
        raise UsageError("not a form id", where=form, do=f"they look like {_alike(study)}")
    prefix = parts["prefix"].upper()
    return f"{prefix}-{parts['rest']}", by_prefix[prefix]


def _alike(study: Study) -> str:
    return " or ".join(f"{questionnaire.form_prefix}-12345" for questionnaire in questionnaires(study).values())


def _answers(evidence: Evidence, instrument: str, form: str) -> dict[str, Any]:
    """Read occasion and answers of a form in its mart."""
    questionnaire = questionnaires(evidence.study)[instrument]
    names = ["occasion", *(question.name for question in (*questionnaire.questions, *questionnaire.background))]
    chosen = f"SELECT {', '.join(names)} FROM {evidence.view('marts', instrument)} WHERE form_id = '{form}'"  # noqa: S608
    return dict(zip(names, evidence.ask(chosen)[0], strict=True))


def _tables(
    evidence: Evidence, instrument: str, form: str, answers: dict[str, Any]
) -> Iterator[tuple[Table, str, dict[str, Any]]]:
    """Yield the tables that may count a form, or the one whose pair it is; with the mart and the answers of what they count."""
    for table in catalogue(evidence.study).values():
        pair = evidence.of_pair(table, form) if instrument in table.reads else {}
        if instrument in table.marts:
            yield table, instrument, answers | pair
        elif pair:
            yield table, table.marts[0], pair


def _in_table(study: Study, table: Table, mart: str, answers: Mapping[str, Any], delivery: str) -> InTable:
    asked = questions(study, table)
    group = Group(mart, answers["occasion"], tuple(answer_to(name, answers) for name in asked), 1, delivery)
    why = failing(study, asked, base(study, table), group)
    return InTable(table.number, not why, tuple(_discreet(study, one, table) for one in why))


def _discreet(study: Study, why: Why, table: Table) -> Text:
    """Give a reason that doesn't reveal which answer was given."""
    if why.kind != LEFT_OUT:
        return reason(study, why, table)
    text = quotes(study, question(study, why.about, table.marts).asks)
    return Text(
        f"{text.danish}: et svar, som tabellen ikke tæller med", f"{text.english}: an answer that the table doesn't count"
    )


def _cell(table: Table, answers: Mapping[str, Any]) -> tuple[str, ...]:
    labels = [axis.labels(answers) for axis in axes(table)]
    assert None not in labels, "the table counts the form"
    return tuple(label for label in labels if label is not None)


def _broken(study: Study, rule: str, column: str | None) -> str:
    known = policy(study).rules.get(rule)
    place = f" at {column}" if column else ""
    return f"{rule}{place}: {known.message if known else rule}"
