"""Forms that were set aside, as a table would have seen them: would it have counted them if they hadn't been?"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from frs_pipeline.intake.readers.columns import resolve
from frs_pipeline.lineage.evidence import Evidence
from frs_pipeline.lineage.waterfall import Group
from frs_pipeline.study import Study, derived
from frs_pipeline.study.about import only_occasion
from frs_pipeline.study.boxes import answer_to, columns_of
from frs_pipeline.study.calendar import day_in
from frs_pipeline.study.instruments import BOTH
from frs_pipeline.study.numbers import LARGEST, Number, number_in
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.study.rules import policy

# Stands for something keyed that isn't an answer: it is neither blank nor a code that a table counts.
_NO_ANSWER = -LARGEST - 1


@dataclass(frozen=True)
class Aside:
    """A form that was set aside under `rule`, the first that it broke in the policy's order, with its cells as text.

    `occasion` is None where codebook and form don't say it; `columns` are those of the questions.
    """

    study: Study
    form: str
    file: str
    line: int
    rule: str
    instrument: str
    occasion: str | None
    cells: Mapping[str, str]
    columns: Mapping[str, str]

    def group(self, names: Iterable[str], delivery: str) -> Group:
        """Return the form as a group of one, with its answers to these questions."""
        listed = list(names)
        answers = {column: self._answer(column) for name in listed for column in columns_of(name)}
        return Group(self.instrument, self.occasion, tuple(answer_to(name, answers) for name in listed), 1, delivery)

    def _answer(self, name: str) -> Number | None:
        cell = self.cells.get(self.columns.get(name, ""), "").strip()
        if not cell:
            return None
        asked = questionnaires(self.study)[self.instrument].question(name)
        if asked and asked.calendar:
            day = day_in(cell)
            return (day and asked.calendar.code(day)) or _NO_ANSWER
        of = asked and (asked if asked.measured else questionnaires(self.study)[self.instrument].question(asked.grouped or ""))
        if of and of.measured:
            number = number_in(cell, of.measured)
            if number is None:
                return _NO_ANSWER
            return number if of is asked else of.measured.group(number)
        return _codes(self.study, self.instrument)[name].get(cell, _NO_ANSWER)


def groups(forms: Iterable[Aside], names: Iterable[str], delivery: str) -> Counter[tuple[str, Group]]:
    """Count forms by the rule under which they were set aside, and by their answers to these questions.

    Forms with the same cells are read once: of a million, many thousands are set aside, and few differ in what a table asks.
    """
    listed = list(names)
    columns = [column for name in listed for column in columns_of(name)]
    alike: Counter[tuple[str, str | None, tuple[str, ...]]] = Counter()
    first: dict[tuple[str, str | None, tuple[str, ...]], Aside] = {}
    for form in forms:
        seen = form.rule, form.occasion, tuple(form.cells.get(form.columns.get(column, ""), "") for column in columns)
        alike[seen] += 1
        first.setdefault(seen, form)
    counted: Counter[tuple[str, Group]] = Counter()
    for seen, number in alike.items():
        counted[seen[0], first[seen].group(listed, delivery)] += number
    return counted


@derived
def _codes(study: Study, instrument: str) -> dict[str, dict[str, int]]:
    """Return codes by question and by how exports write them."""
    return {
        question.name: {str(code): code for code in question.codes} for question in questionnaires(study)[instrument].questions
    }


def first_rule(study: Study, rules: Iterable[str]) -> str:
    """Return the rule under which a form counts as set aside, of all that it broke.

    Rules that the policy doesn't know any more come after those that set forms aside, and before mere warnings.
    """
    known = policy(study).rules
    order = {name: (2 if rule.severity == "warn" else 0, at) for at, (name, rule) in enumerate(known.items())}
    return min(rules, key=lambda name: (order.get(name, (1, 0)), name))


def forms_set_aside(evidence: Evidence, instrument: str) -> list[Aside]:
    """Read the forms of a questionnaire that were set aside, by line: as delivered, but for what was corrected."""
    questionnaire = questionnaires(evidence.study)[instrument]
    rejected = evidence.view("rejected", instrument)
    rows = evidence.ask(
        f'SELECT form_id, file, line, any_value("row"), list(rule) FROM {rejected} GROUP BY form_id, file, line ORDER BY line'  # noqa: S608
    )
    delivered: list[dict[str, str]] = [json.loads(row) for *_, row, _ in rows]
    for (form, *_), cells in zip(rows, delivered, strict=True):
        cells.update({made.column: made.new for made in evidence.corrections if made.form == form})
    occasions: Mapping[str, str | None] = {}
    number, only = questionnaire.forms.number, only_occasion(evidence.study)
    if number and questionnaire.occasion == BOTH:
        occasions = evidence.occasions({cells[number].strip() for cells in delivered})
    columns = {names: _columns(evidence, instrument, names) for names in dict.fromkeys(map(tuple, delivered))}
    forms = []
    for (form, file, line, _, rules), cells in zip(rows, delivered, strict=True):
        of = columns[tuple(cells)]
        occasion: str | None = questionnaire.occasion
        if occasion == BOTH:
            occasion = only if number is None else occasions.get(cells[number].strip(), only)
        forms.append(Aside(evidence.study, form, file, line, first_rule(evidence.study, rules), instrument, occasion, cells, of))
    return forms


def _columns(evidence: Evidence, instrument: str, names: tuple[str, ...]) -> dict[str, str]:
    """Return the column of every question, where a line has these columns."""
    questionnaire = questionnaires(evidence.study)[instrument]
    delivery = evidence.store.delivery
    of = resolve(list(names), [], questionnaire, delivery)[0].of
    if any(question.name not in of for question in questionnaire.keyed if questionnaire.asks(question, delivery)):
        # Only `structure` distinguishes these. Reading exports takes a while to import, and is seldom needed.
        from frs_pipeline.intake.readers.surveyxact import read_export

        structure = read_export(evidence.study, evidence.store.raw(instrument)).structure
        of = resolve(list(names), structure, questionnaire, delivery)[0].of
    return of
