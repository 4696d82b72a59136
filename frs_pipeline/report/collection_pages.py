"""Pages for those who follow a collection: what is missing, and all forms of one conference. Each needs no other file.

They hold numbers of conferences and answers of forms, and belong in the restricted zone.
"""

from __future__ import annotations

from typing import Any

from frs_pipeline.collection.conference import Conference
from frs_pipeline.collection.missing import (
    MISSING,
    PAGE,
    REMINDERS,
    Listed,
    Reminder,
    missing_sheet,
    reminders_sheet,
    words_of,
)
from frs_pipeline.collection.state import count_forms, filled_in, in_all
from frs_pipeline.language import CODES, LANGUAGES, Language, Text, date_text
from frs_pipeline.report.statics import part
from frs_pipeline.report.tables_page import HERE
from frs_pipeline.report.typography import number_text
from frs_pipeline.study import Study
from frs_pipeline.study.about import about, occasions
from frs_pipeline.study.instruments import instruments
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.study.rules import policy
from frs_pipeline.templates import templates_in

STYLES = ("tokens", "shell", "table", "collection")


def missing_files(listed: Listed, language: Language) -> dict[str, bytes]:
    """Make the sheets and the page of what is missing, by their names."""
    return {
        MISSING: missing_sheet(listed, language),
        REMINDERS: reminders_sheet(listed, language),
        PAGE: missing_page(listed),
    }


def missing_page(listed: Listed) -> bytes:
    """Make the page of what is missing, by number of the conference."""
    state, study = listed.state, listed.state.study
    rows = count_forms(state).to_pylist()
    by_paper = [
        {
            "called": questionnaires(study)[name].called,
            "occasion": occasions(study)[occasion].one,
            **in_all(mine),
        }
        for name in instruments(study)
        for occasion in occasions(study)
        if (mine := [row for row in rows if (row["instrument"], row["occasion"]) == (name, occasion)])
    ]
    return _render(
        study,
        "missing.html",
        state=state,
        day=date_text(state.interim.name),
        by_paper=by_paper,
        reminders=_by_person(study, listed),
        lacking=[
            {
                "one": one,
                "occasion": occasions(study)[one.conference.occasion].one,
                "day": date_text(str(one.conference.day)),
                "lacks": [words_of(study, kind) for kind in one.conference.lacks],
                "waiting": [form for forms in one.waiting.values() for form in forms],
                "forms": [
                    one.conference.forms[name] if filled_in(study, name, one.conference.occasion, state.interim.name) else None
                    for name in instruments(study)
                ],
            }
            for one in listed.lacking
        ],
        papers=[questionnaires(study)[name].called for name in instruments(study)],
        after=listed.after,
    )


def _by_person(study: Study, listed: Listed) -> list[dict[str, Any]]:
    """List whom to remind, by who it is."""
    by_who: dict[str, list[Reminder]] = {}
    for one in listed.reminders:
        by_who.setdefault(one.who, []).append(one)
    return [
        {
            "who": words_of(study, who),
            "rows": [
                {
                    "one": one,
                    "day": date_text(str(one.lacking.conference.day)),
                    "occasion": occasions(study)[one.lacking.conference.occasion].one,
                }
                for one in some
            ],
        }
        for who, some in by_who.items()
    ]


def conference_page(conference: Conference) -> bytes:
    """Make the page of one conference: its forms side by side, by questionnaire."""
    study, held = conference.interim.study, conference.held
    rules = policy(study).rules
    return _render(
        study,
        "conference.html",
        conference=conference,
        day=date_text(conference.interim.name),
        held_on=date_text(str(held.day)),
        occasion=occasions(study)[held.occasion].one,
        lacks=[words_of(study, kind) for kind in held.lacks],
        rule=lambda name: Text(rules[name].danish or rules[name].english, rules[name].english or rules[name].danish),
        corrections=[
            (form.form, text, one) for part_ in conference.parts for form in part_.forms for text, one in form.corrected
        ],
        results=RESULT_WORDS,
    )


RESULT_WORDS = {
    "fits": Text("alt stemte", "everything fitted"),
    "corrected": Text("noget stemte ikke og blev rettet", "something didn’t fit and was put right"),
    "open": Text("noget stemmer ikke og er ikke afklaret", "something doesn’t fit and is still open"),
}


def _render(study: Study, template: str, **shown: Any) -> bytes:
    environment = templates_in(HERE)
    language, languages = about(study).language, about(study).languages

    def anchor(_: object) -> str:
        raise AssertionError("no figure stands on these pages")

    environment.filters |= {"anchor": anchor, "number": number_text}
    environment.globals |= {
        "language": language,
        "code": CODES[language],
        "both_languages": len(languages) > 1,
        "not_computable": "",
        "codes": {one: CODES[one] for one in LANGUAGES},
    }
    noun = about(study).conference
    stylesheet = "\n".join(part("css", f"{name}.css") for name in STYLES)
    return environment.get_template(template).render(study=about(study), noun=noun, stylesheet=stylesheet, **shown).encode()


def page_language(study: Study, asked: Language | None) -> Language:
    """Return the language of sheets: what was asked for, else the study's own."""
    return asked or about(study).language
