"""All forms of one conference, for those who read them together: what they say, who is missing, what was set aside."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pyarrow.compute as pc

from frs_pipeline.codebook.access import traced
from frs_pipeline.collection.interim import Came, Interim, require_ledger
from frs_pipeline.collection.missing import keyed_numbers
from frs_pipeline.collection.reconciled import Checked, recorded
from frs_pipeline.collection.state import Held, filled_in, lacking
from frs_pipeline.errors import UsageError
from frs_pipeline.intake.amendments import Correction
from frs_pipeline.intake.correcting import corrected
from frs_pipeline.intake.delivery import form_id
from frs_pipeline.intake.readers.columns import resolve
from frs_pipeline.intake.readers.parsing import respondents
from frs_pipeline.language import Text, beside
from frs_pipeline.personal_numbers import masked
from frs_pipeline.study.calendar import day_in
from frs_pipeline.study.instruments import BOTH, instruments
from frs_pipeline.study.questionnaires import Question, Questionnaire, questionnaires

EVENT = "collect conference"
# What a cell holds when a box is ticked.
_TICKED = "1"


@dataclass(frozen=True)
class Said:
    """What a form says to one question; `blank`, or `odd` where the cell holds what is no answer to it."""

    words: Text
    blank: bool = False
    odd: bool = False


@dataclass(frozen=True)
class OneForm:
    """A form of the conference: `said` by the name of the question, `rules` for which it was set aside, if it was.

    `who` is what it says of who filled it in, `twice` whether its two keyings of the number differ, and `corrected` what was
    corrected on it, each with the question's text.
    """

    form: str
    who: Text | None
    created: str
    said: Mapping[str, Said]
    rules: tuple[str, ...]
    twice: bool
    corrected: tuple[tuple[Text, Correction], ...]


@dataclass(frozen=True)
class OfInstrument:
    """The forms of one questionnaire, and its questions by name in the order of the paper."""

    questionnaire: Questionnaire
    asks: Mapping[str, Text]
    forms: tuple[OneForm, ...]

    def asked_at(self, occasion: str) -> OfInstrument:
        """Return it without questions that are asked at another occasion, unless a form answers one all the same."""
        others = {q.of for q in self.questionnaire.questions if q.occasion not in (BOTH, occasion)}
        others |= {text.name for text in self.questionnaire.texts if text.occasion not in (BOTH, occasion)}
        asks = {n: t for n, t in self.asks.items() if n not in others or any(not form.said[n].blank for form in self.forms)}
        return replace(self, asks=asks)

    @property
    def accepted(self) -> tuple[OneForm, ...]:
        return tuple(form for form in self.forms if not form.rules)

    @property
    def aside(self) -> tuple[OneForm, ...]:
        return tuple(form for form in self.forms if form.rules)


@dataclass(frozen=True)
class Conference:
    """A conference and everything that came in of it by the day of export."""

    interim: Interim
    held: Held
    parts: tuple[OfInstrument, ...]
    checked: Checked | None


def conference_of(interim: Interim, number: int, why: str) -> Conference:
    """Collect all forms that either keying of the number assigns to a conference, and note in the journal that somebody asked.

    Raises `FrsError`, and shows nothing, without a reason, for a number that the ledger doesn't have (which isn't repeated),
    and when the journal can't be written.
    """
    details = {"export": interim.name}
    with traced(interim.settings.access_journal, EVENT, why, details) as trace:
        require_ledger(interim.study)
        entry = next((row for row in interim.ledger.to_pylist() if row["conference_number"] == number), None)
        if entry is None:
            raise UsageError("the ledger has no such conference", where=EVENT, do="look at the number again")
        parts = []
        for name in instruments(interim.study):
            came = interim.came(name)
            part = _part(interim, name, came, number).asked_at(entry["occasion"])
            if part.forms or filled_in(interim.study, name, entry["occasion"], interim.name):
                parts.append(part)
        forms = dict.fromkeys(instruments(interim.study), 0)
        forms |= {part.questionnaire.instrument: len(part.accepted) for part in parts}
        lacks = lacking(interim.study, entry["occasion"], interim.name, forms)
        held = Held(number, entry["date"], entry["occasion"], forms, lacks)
        checked = recorded(interim.settings).get(number)
        trace.note({**details, "conference": number, "forms": [form.form for part in parts for form in part.forms]})
    return Conference(interim, held, tuple(parts), checked)


def _part(interim: Interim, name: str, came: Came, number: int) -> OfInstrument:
    """Read the forms of one questionnaire: accepted ones with the number, and those set aside of which a keying has it."""
    questionnaire = interim.questionnaire(name)
    asks = {
        question.of: beside(question.asked, question.asked_english or _english(question)) for question in _asked(questionnaire)
    }
    asks |= {text.name: beside(text.text, text.text_english) for text in questionnaire.texts}
    accepted = came.accepted.filter(pc.equal(came.accepted["conference_number"], number))["line"].to_pylist()
    export = interim.export(name)
    if came.empty or not export.in_use:
        return OfInstrument(questionnaire, asks, ())
    columns = resolve(export.names, export.structure, questionnaires(interim.study)[name], interim.name)[0].of
    forms = []
    for chunk in export.chunks():
        cells = corrected(questionnaire.forms, chunk, came.corrections, Counter())
        ids = respondents(questionnaire.forms, cells)
        for at, line in enumerate(chunk.lines.tolist()):
            keyed = keyed_numbers(questionnaire, cells, at) if line in came.aside else set()
            if line in accepted or number in keyed:
                form = form_id(questionnaire.form_prefix, int(ids[at]), line)
                row = {column: cells[column][at].as_py().strip() for column in cells.column_names}
                forms.append(_form(questionnaire, form, row, columns, came.aside.get(line, ()), came.corrections))
    return OfInstrument(questionnaire, asks, tuple(sorted(forms, key=lambda one: (bool(one.rules), one.created, one.form))))


def _english(question: Question) -> str | None:
    return question.text_english if question.option is None else None


def _asked(questionnaire: Questionnaire) -> list[Question]:
    """List a question for each that the paper asks: the first of its boxes, and no groups of a number."""
    first: dict[str, Question] = {}
    for question in questionnaire.keyed:
        if not question.grouped:
            first.setdefault(question.of, question)
    return list(first.values())


def _form(
    questionnaire: Questionnaire,
    form: str,
    row: Mapping[str, str],
    columns: Mapping[str, str],
    rules: tuple[str, ...],
    made: Sequence[Correction],
) -> OneForm:
    said: dict[str, Said] = {}
    for question in _asked(questionnaire):
        boxes = questionnaire.boxes(question.of) if question.option is not None else ()
        if boxes:
            ticked = [box.box_says for box in boxes if row.get(columns.get(box.name, ""), "") == _TICKED]
            words = Text("; ".join(one.danish for one in ticked), "; ".join(one.english for one in ticked))
            said[question.of] = Said(words, blank=not ticked)
        else:
            said[question.of] = _said(question, row.get(columns.get(question.name, ""), ""))
    for text in questionnaire.texts:
        written = masked(row.get(columns.get(text.name, ""), ""))
        said[text.name] = Said(Text(written, written), blank=not written)
    role, known_by = questionnaire.role, questionnaire.forms
    who = said[role.of] if role is not None and role.of in said else None
    named = {column: name for name, column in columns.items()}
    asks = {question.name: question.asks for question in questionnaire.questions}
    fixed = tuple((asks.get(named.get(one.column, ""), Text(one.column, one.column)), one) for one in made if one.form == form)
    numbers = {row[column] for column in known_by.numbers}
    return OneForm(
        form,
        who.words if who and not who.blank and not who.odd else None,
        row[known_by.created][:10] if known_by.created else "",
        said,
        rules,
        len(numbers) > 1,
        fixed,
    )


def _said(question: Question, cell: str) -> Said:
    """Return what a cell says: the label of its code, a number with its unit, the period of a date."""
    if not cell:
        return Said(Text("", ""), blank=True)
    if question.measured:
        plain = cell.replace(",", ".")
        return Said(Text(masked(plain.replace(".", ",")), masked(plain)))
    if question.calendar:
        day = day_in(cell)
        code = question.calendar.code(day) if day else 0
        return Said(question.says[code]) if code in question.says else _odd(cell)
    label = question.says.get(int(cell)) if cell.lstrip("-").isdecimal() and len(cell) < 10 else None
    return Said(label) if label else _odd(cell)


def _odd(cell: str) -> Said:
    return Said(Text(masked(cell), masked(cell)), odd=True)
