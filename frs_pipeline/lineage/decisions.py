"""Which decisions of people a figure rests on: corrected forms, findings that were accepted, and coded texts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from frs_pipeline.language import plural
from frs_pipeline.lineage.asking import Asking
from frs_pipeline.lineage.evidence import Evidence
from frs_pipeline.lineage.meaning import Meaning
from frs_pipeline.lineage.waterfall import Group, failing
from frs_pipeline.study import Study
from frs_pipeline.study.countable import CONFERENCE
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.study.tables import Codes, Table
from frs_pipeline.study.texts import CONSENSUS

# What a form that somebody decided about is to a figure.
COUNTED, IN_WHOLE, LEFT_OUT, EVERY = "counted", "in the denominator", "not counted here", "all forms of the questionnaire"
LISTED = "frs trace … --forms lists the lines of each form"


@dataclass(frozen=True)
class Amendment:
    """A correction or an accepted finding, and what its form is to the figure; neither the form's id nor a value.

    `about` is the corrected column or the accepted rule; `until` is empty for a correction. Or how a text was coded, on all
    forms at once, from which the figure counts those that have the code.
    """

    kind: str
    instrument: str
    about: str
    reason: str
    who: str
    when: str
    until: str
    place: str


def amendments(asking: Asking, table: Table, meaning: Meaning) -> tuple[Amendment, ...]:
    """List the corrections that decide where a figure counts their form, or whether; and exceptions without which it wouldn't.

    A corrected answer concerns the tables that ask for it, a corrected number or status all tables of its questionnaire.
    Nothing that is decided about forms concerns a table of conferences.
    """
    if CONFERENCE in table.marts:
        return ()
    if asking.parts != [asking]:
        return tuple(amendment for part in asking.parts for amendment in amendments(part, table, meaning))
    evidence = asking.evidence
    coded = _codings(evidence, table, asking.asked(table).questions) if evidence.codings else []
    if not evidence.corrections and not evidence.exceptions:
        return tuple(coded)
    # Reading exports takes a while to import, and few deliveries have corrections.
    from frs_pipeline.lineage.corrections import questions_of

    by_prefix = {questionnaires(evidence.study)[mart].form_prefix: questionnaires(evidence.study)[mart] for mart in table.reads}
    corrected = [c for c in evidence.corrections if c.prefix in by_prefix]
    accepted = [e for e in evidence.exceptions if e.instrument in table.reads]
    ids = tuple(dict.fromkeys([c.form for c in corrected] + [e.form for e in accepted if e.form]))
    answers, asked = asking.answers(table, ids), asking.asked(table).questions
    amended = []
    for c in corrected:
        questionnaire = by_prefix[c.prefix]
        of = questions_of(evidence.store, questionnaire, c.column)
        if not of or not of.isdisjoint(table.read_of(questionnaire.instrument)):
            place = _place(evidence.study, asked, meaning, answers.get(c.form))
            amended.append(
                Amendment("correction", questionnaire.instrument, c.column, c.reason, c.who, c.when.isoformat(), "", place)
            )
    for e in accepted:
        place = _place(evidence.study, asked, meaning, answers.get(e.form)) if e.form else EVERY
        if place != LEFT_OUT:
            amended.append(Amendment("exception", e.instrument, e.rule, e.reason, e.who, "", e.expires, place))
    return (*amended, *coded)


def _codings(evidence: Evidence, table: Table, asked: Mapping[str, Codes]) -> list[Amendment]:
    """Say how the texts were coded whose codes a table asks for, a line a text."""
    amended = []
    for questionnaire in (questionnaires(evidence.study)[mart] for mart in table.marts):
        for name, columns in questionnaire.schemes().items():
            mine = [c for c in evidence.codings if c.prefix == questionnaire.form_prefix and c.question == name]
            if mine and not asked.keys().isdisjoint(column.name for column in columns):
                forms, coders = len({c.form for c in mine}), len({c.coder for c in mine} - {CONSENSUS})
                says = f"{plural(len(mine), 'line')} of coding.csv about {plural(forms, 'form')}"
                who, when = plural(coders, "coder"), max(c.when for c in mine).isoformat()
                amended.append(Amendment("coding", questionnaire.instrument, name, says, who, when, "", LISTED))
    return amended


def _place(study: Study, asked: Mapping[str, Codes], meaning: Meaning, form: Group | None) -> str:
    if form is None:
        return LEFT_OUT
    if not failing(study, asked, meaning.counted, form):
        return COUNTED
    if meaning.of is not None and not failing(study, asked, meaning.of, form):
        return IN_WHOLE
    return LEFT_OUT
