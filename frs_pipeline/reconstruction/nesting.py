"""The forms nested in conferences: who sat at which one, when it was held, and in what order forms were keyed."""

from __future__ import annotations

import datetime as dt
import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from frs_pipeline.codebook.pseudonyms import draw_pseudonyms
from frs_pipeline.codebook.vault import Entry
from frs_pipeline.reconstruction.papers import papers
from frs_pipeline.reconstruction.population import FIRST, FOLLOWUP, Population
from frs_pipeline.study import Study
from frs_pipeline.study.about import about

OCCASION = {FIRST: "first", FOLLOWUP: "followup"}
# Roles of which a conference has one; every other role sits there in any number.
ONE_A_CONFERENCE = ("barn", "mor", "far")
FIRST_DAY, LAST_DAY = dt.date(2018, 2, 1), dt.date(2020, 4, 30)
KEYING_STARTS = dt.datetime(2020, 1, 6, 8, 0)
# Seconds from one keying to the next: at least, and fewer than.
KEYING_TAKES = (90, 420)
# Share of the numbers that lack a professional's form that lack the initiator's; the rest lack the coordinator's.
_LACKING_INITIATOR = 1 / 3


@dataclass(frozen=True)
class Form:
    """One paper form as keyed: respondent id, time, the conference number typed twice, and a code a question."""

    respondent: int
    created: dt.datetime
    number: str
    number_again: str
    answers: dict[str, str]


def conferences(study: Study, rng: random.Random) -> list[Entry]:
    """The codebook: 196 first conferences, each its own child, and the follow-ups of 181 of them 3-6 months later."""
    held = about(study).conferences
    numbers = rng.sample(range(10_000, 100_000), held.first + held.followup)
    pseudonyms = draw_pseudonyms(held.first + held.followup, rng.choice)
    days = (LAST_DAY - FIRST_DAY).days
    firsts = [(_personal_number(rng), FIRST_DAY + dt.timedelta(days=rng.randrange(days))) for _ in range(held.first)]
    dated = [(child, date, "first") for child, date in firsts]
    for child, date in rng.sample(firsts, held.followup):
        dated.append((child, date + dt.timedelta(days=rng.randrange(91, 183)), "followup"))
    return [
        Entry(child, number, pseudonym, occasion, date.isoformat())
        for number, pseudonym, (child, date, occasion) in zip(numbers, pseudonyms, dated, strict=True)
    ]


def _personal_number(rng: random.Random) -> str:
    """A replacement personal number (day + 60) of a child: no real person's."""
    year = rng.randrange(2003, 2018)
    born = f"{rng.randrange(1, 29) + 60:02d}{rng.randrange(1, 13):02d}{year % 100:02d}"
    return f"{born}-{rng.randrange(4, 10)}{rng.randrange(1000):03d}"


def seat(study: Study, population: Population, held: list[Entry], lacking: dict[str, list[int]], rng: random.Random) -> list[int]:
    """Conference number of every form of one questionnaire, in the order of the population's forms."""
    by_occasion: dict[str, list[int]] = defaultdict(list)
    for entry in held:
        by_occasion[entry.occasion].append(entry.conference_number)
    if "role" in population.forms:
        return _seat_participants(study, population, by_occasion[OCCASION[population.occasions[0]]], rng)
    seats: list[int] = [0] * len(population.occasions)
    for occasion in (FIRST, FOLLOWUP):
        forms = [form for form, o in enumerate(population.occasions) if o == occasion]
        present = [n for n in by_occasion[OCCASION[occasion]] if n not in lacking[population.instrument]]
        # More forms than conferences with one: some had two initiators, or two coordinators.
        chosen = present + rng.sample(present, len(forms) - len(present))
        rng.shuffle(chosen)
        for form, number in zip(forms, chosen, strict=True):
            seats[form] = number
    return seats


def _seat_participants(study: Study, population: Population, numbers: list[int], rng: random.Random) -> list[int]:
    """At most one child, mother and father a conference as far as there are no more of them than conferences."""
    role = papers(study)[population.instrument].question("role")
    single = {role.code(label) for label in ONE_A_CONFERENCE} if role else set()
    forms_of: dict[int, list[int]] = defaultdict(list)
    for form, code in enumerate(population.forms["role"]):
        forms_of[code].append(form)
    seats = [0] * len(population.occasions)
    # How large a family came varies: some conferences draw more of the remaining participants than others.
    weights = [rng.uniform(0.4, 1.6) for _ in numbers]
    for code in sorted(forms_of):
        forms = forms_of[code]
        if code in single:
            chosen = rng.sample(numbers, min(len(forms), len(numbers)))
            chosen += rng.sample(numbers, len(forms) - len(chosen))
        else:
            spread = numbers if len(forms) > 2 * len(numbers) else []
            chosen = spread + rng.choices(numbers, weights, k=len(forms) - len(spread))
        rng.shuffle(chosen)
        for form, number in zip(forms, chosen, strict=True):
            seats[form] = number
    return seats


def lacking_numbers(study: Study, held: list[Entry], populations: list[Population], rng: random.Random) -> dict[str, list[int]]:
    """Numbers without an initiator's and without a coordinator's form, as many together as the report says."""
    lacking: dict[str, list[int]] = {}
    taken: set[int] = set()
    for instrument in ("initiator", "coordinator"):
        population = next(p for p in populations if p.instrument == instrument)
        chosen: list[int] = []
        for o, number in lacking_by_occasion(study, instrument, population.occasions).items():
            free = [e.conference_number for e in held if e.occasion == OCCASION[o] and e.conference_number not in taken]
            chosen += rng.sample(free, number)
        taken.update(chosen)
        lacking[instrument] = chosen
    return lacking


def lacking_by_occasion(study: Study, instrument: str, occasions: Sequence[int]) -> dict[int, int]:
    """How many first conferences and follow-ups lack the form of `instrument`, given the occasions of those there are."""
    held = about(study).conferences
    total = about(study).lacking_a_professional_form
    initiators = round(total * _LACKING_INITIATOR)
    short = {FIRST: held.first - occasions.count(FIRST), FOLLOWUP: held.followup - occasions.count(FOLLOWUP)}
    spare = (initiators if instrument == "initiator" else total - initiators) - sum(short.values())
    return {FIRST: short[FIRST] + spare - spare // 2, FOLLOWUP: short[FOLLOWUP] + spare // 2}


def key_in(population: Population, seats: list[int], rng: random.Random) -> list[Form]:
    """The forms as keyed: a conference's participants one after the other, professionals' forms in any order."""
    forms = list(range(len(seats)))
    order = {number: i for i, number in enumerate(rng.sample(sorted(set(seats)), len(set(seats))))}
    rng.shuffle(forms)
    if "role" in population.forms:
        forms.sort(key=lambda form: order[seats[form]])
    respondent = rng.randrange(20_000_000, 60_000_000)
    created = KEYING_STARTS + dt.timedelta(days=7 * rng.randrange(4))
    keyed = []
    for form in forms:
        created = next_keying(created, rng)
        respondent += rng.randrange(1, 9)
        answers = {name: str(codes[form]) if codes[form] else "" for name, codes in population.forms.items()}
        keyed.append(Form(respondent, created, str(seats[form]), str(seats[form]), answers))
    return keyed


def next_keying(after: dt.datetime, rng: random.Random) -> dt.datetime:
    """When the next form is keyed: some minutes later, in office hours."""
    at = after + dt.timedelta(seconds=rng.randrange(*KEYING_TAKES))
    if at.hour >= 15:
        at = at.replace(hour=8, minute=rng.randrange(30), second=0) + dt.timedelta(days=1)
    while at.weekday() >= 5:
        at += dt.timedelta(days=1)
    return at
