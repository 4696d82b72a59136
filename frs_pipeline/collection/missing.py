"""Which conference lacks what, by its number: for those who may see it, in the restricted zone.

A form that came in and was set aside is no reason to remind somebody of it: the sheets say that it waits to be corrected.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pyarrow as pa

from frs_pipeline.codebook.access import traced
from frs_pipeline.collection.interim import Interim
from frs_pipeline.collection.state import Held, State, filled_in, one_each, state_of
from frs_pipeline.intake.correcting import corrected
from frs_pipeline.intake.delivery import form_id
from frs_pipeline.intake.readers.parsing import respondents
from frs_pipeline.intake.readers.worksheets import as_sheet
from frs_pipeline.language import Language, Text
from frs_pipeline.study import Study
from frs_pipeline.study.about import about, occasions
from frs_pipeline.study.instruments import instruments
from frs_pipeline.study.questionnaires import Questionnaire, questionnaires
from frs_pipeline.tables.nonresponse import kinds

EVENT = "collect missing"
MISSING, REMINDERS, PAGE = "missing.csv", "reminders.csv", "missing.html"
_NUMBER = re.compile(r"0*([0-9]{1,9})")


@dataclass(frozen=True)
class Lacking:
    """A conference that lacks somebody's form: `waiting` are forms set aside that carry its number, by who fills them in.

    `days` have passed since it was held.
    """

    conference: Held
    days: int
    waiting: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Reminder:
    """Somebody whose form is due from a conference and didn't come in; with `waiting`, it did but was set aside."""

    who: str
    lacking: Lacking

    @property
    def waiting(self) -> tuple[str, ...]:
        return self.lacking.waiting.get(self.who, ())


def numbers_aside(interim: Interim, state: State) -> dict[int, dict[str, tuple[str, ...]]]:
    """Return the forms that were set aside by the number that either keying has, and by questionnaire.

    Numbers are read as corrected. Where both keyings are numbers of conferences, the form stands with both: it may be either's.
    """
    found: dict[int, dict[str, tuple[str, ...]]] = {}
    for name, came in state.came.items():
        questionnaire = questionnaires(interim.study)[name]
        for chunk in interim.export(name).chunks() if came.aside else ():
            rows = [at for at, line in enumerate(chunk.lines.tolist()) if line in came.aside]
            cells = corrected(questionnaire.forms, chunk, came.corrections, Counter())
            ids = respondents(questionnaire.forms, cells)
            for at in rows:
                form = form_id(questionnaire.form_prefix, int(ids[at]), int(chunk.lines[at]))
                for number in keyed_numbers(questionnaire, cells, at):
                    mine = found.setdefault(number, {})
                    mine[name] = (*mine.get(name, ()), form)
    return found


def keyed_numbers(questionnaire: Questionnaire, cells: pa.Table, at: int) -> set[int]:
    """Return the numbers of conferences that either keying of a form has, as far as they can be read."""
    keyed = (cells[column][at].as_py().strip() for column in questionnaire.forms.numbers)
    return {int(match[1]) for cell in keyed if (match := _NUMBER.fullmatch(cell))}


def lacking_forms(state: State) -> tuple[Lacking, ...]:
    """List the conferences of which somebody's form is missing, the longest held first."""
    aside = numbers_aside(state.interim, state)
    listed = []
    for conference in state.held:
        if conference.lacks:
            mine = aside.get(conference.number, {})
            waiting = {
                kind: tuple(form for name in names for form in mine.get(name, ())) for kind, names in kinds(state.study).items()
            }
            listed.append(Lacking(conference, (state.interim.day - conference.day).days, waiting))
    return tuple(sorted(listed, key=lambda one: (one.conference.day, one.conference.number)))


def reminded(study: Study) -> tuple[str, ...]:
    """Return who is reminded: of whom a conference may not lack the form, by `either` in study.yaml's `lacking`.

    Where it names nobody, all of whom one form is due from each conference.
    """
    named = {who for one in about(study).lacking.values() for who in one.either}
    due = {questionnaires(study)[name].filled_in_by for name in one_each(study)}
    return tuple(kind for kind in kinds(study) if kind in (named & due or due))


def reminders(state: State, lacking: Iterable[Lacking], after: int = 0) -> tuple[Reminder, ...]:
    """List whom to remind of which conference, by who it is; only of those held at least `after` days ago."""
    listed = [one for one in lacking if one.days >= after]
    return tuple(Reminder(who, one) for who in reminded(state.study) for one in listed if who in one.conference.lacks)


def words_of(study: Study, kind: str) -> Text:
    """Return what those who fill in a form are called: the titles of their questionnaires."""
    called = list(dict.fromkeys(questionnaires(study)[name].called for name in kinds(study)[kind]))
    return Text(" / ".join(one.danish for one in called), " / ".join(one.english for one in called))


@dataclass(frozen=True)
class Listed:
    """What is missing, as it is written down: the state, the conferences that lack something, and whom to remind."""

    state: State
    lacking: tuple[Lacking, ...]
    reminders: tuple[Reminder, ...]
    after: int


def list_missing(interim: Interim, why: str, after: int = 0) -> Listed:
    """Find what is missing by number, and note in the journal that somebody asked.

    Raises `FrsError`, and gives nothing, without a reason and when the journal can't be written.
    """
    details = {"export": interim.name, "after": after}
    with traced(interim.settings.access_journal, EVENT, why, details) as trace:
        state = state_of(interim)
        lacks = lacking_forms(state)
        listed = Listed(state, lacks, reminders(state, lacks, after), after)
        trace.note({**details, "conferences": len(lacks), "reminders": len(listed.reminders)})
    return listed


def missing_sheet(listed: Listed, language: Language) -> bytes:
    """Write the conferences that lack something, a line each: how many forms of each questionnaire, and whose is missing."""
    study = listed.state.study
    names = instruments(study)
    header = [
        *(word.in_language(language) for word in _common(study)),
        *(questionnaires(study)[name].called.in_language(language) for name in names),
        Text("Mangler", "Missing").in_language(language),
        Text("Sat til side", "Set aside").in_language(language),
    ]
    rows = []
    for one in listed.lacking:
        conference = one.conference
        due = {name: filled_in(study, name, conference.occasion, listed.state.interim.name) for name in names}
        forms = [str(conference.forms[name]) if due[name] else "" for name in names]
        lacks = ", ".join(words_of(study, kind).in_language(language) for kind in conference.lacks)
        waiting = ", ".join(form for forms_of in one.waiting.values() for form in forms_of)
        rows.append([*_leading(study, one, language), *forms, lacks, waiting])
    return as_sheet(header, rows)


def reminders_sheet(listed: Listed, language: Language) -> bytes:
    """Write whom to remind, a line each; a form that was set aside is named instead: it has to be corrected, not filled in."""
    study = listed.state.study
    own = (Text("Hvem", "Who"), Text("Er kommet, men sat til side", "Came in, but was set aside"))
    header = [word.in_language(language) for word in (own[0], *_common(study), own[1])]
    rows = [
        [words_of(study, one.who).in_language(language), *_leading(study, one.lacking, language), ", ".join(one.waiting)]
        for one in listed.reminders
    ]
    return as_sheet(header, rows)


def _common(study: Study) -> tuple[Text, ...]:
    called = about(study).conference.one
    return (
        Text(f"Nummer ({called.danish})", f"Number ({called.english})"),
        Text("Dato", "Date"),
        Text("Hvornår", "Occasion"),
        Text("Dage siden", "Days since"),
    )


def _leading(study: Study, one: Lacking, language: Language) -> list[str]:
    called = occasions(study)[one.conference.occasion].one.in_language(language)
    return [str(one.conference.number), str(one.conference.day), called, str(one.days)]
