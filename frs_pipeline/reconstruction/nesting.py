"""The forms nested in conferences: who sat at which one, when it was held, and in what order forms were keyed."""

from __future__ import annotations

import datetime as dt
import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from frs_pipeline.codebook.entries import Entry
from frs_pipeline.codebook.pseudonyms import CASE, draw_pseudonyms
from frs_pipeline.reconstruction.papers import occasion_codes, papers
from frs_pipeline.reconstruction.population import Population
from frs_pipeline.study import Study
from frs_pipeline.study.about import about
from frs_pipeline.study.assumptions import assumptions

FIRST_DAY, LAST_DAY = dt.date(2018, 2, 1), dt.date(2020, 4, 30)
KEYING_STARTS = dt.datetime(2020, 1, 6, 8, 0)
# Seconds from one keying to the next: at least the first number, and fewer than the second.
KEYING_TAKES = (90, 420)


@dataclass(frozen=True)
class Form:
    """One paper form as keyed: respondent id, time, the conference number typed twice, and one code per question."""

    respondent: int
    created: dt.datetime
    number: str
    number_again: str
    answers: dict[str, str]


def conferences(study: Study, rng: random.Random) -> list[Entry]:
    """Make the codebook: conferences of the first occasion, one child each, and later ones for some of them, 3-6 months on."""
    numbers_held = about(study).printed.held
    numbers = rng.sample(range(10_000, 100_000), sum(numbers_held.values()))
    pseudonyms = draw_pseudonyms(sum(numbers_held.values()), rng.choice)
    days = (LAST_DAY - FIRST_DAY).days
    before: list[tuple[str, dt.date]] = []
    dated: list[tuple[str, dt.date, str]] = []
    for name, number in numbers_held.items():
        if not dated:
            before = [(_personal_number(rng), FIRST_DAY + dt.timedelta(days=rng.randrange(days))) for _ in range(number)]
        else:
            before = [(child, date + dt.timedelta(days=rng.randrange(91, 183))) for child, date in rng.sample(before, number)]
        dated += [(child, date, name) for child, date in before]
    # A draw of its own: what was made up before stays as it was.
    drawing = random.Random(f"{assumptions(study).seed} cases")  # noqa: S311 - reproducible, not secret
    children = list(dict.fromkeys(child for child, _, _ in dated))
    cases = dict(zip(children, draw_pseudonyms(len(children), drawing.choice, first=CASE), strict=True))
    return [
        Entry(child, number, pseudonym, occasion, date.isoformat(), cases[child])
        for number, pseudonym, (child, date, occasion) in zip(numbers, pseudonyms, dated, strict=True)
    ]


def _personal_number(rng: random.Random) -> str:
    """Draw a replacement personal number (day + 60) of a child: it is no real person's."""
    year = rng.randrange(2003, 2018)
    born = f"{rng.randrange(1, 29) + 60:02d}{rng.randrange(1, 13):02d}{year % 100:02d}"
    return f"{born}-{rng.randrange(4, 10)}{rng.randrange(1000):03d}"


def seat(
    study: Study, population: Population, entries: list[Entry], lacking: dict[str, list[int]], rng: random.Random
) -> list[int]:
    """Choose the conference number of every form of one questionnaire, in the order of the population's forms."""
    by_occasion: dict[str, list[int]] = defaultdict(list)
    for entry in entries:
        by_occasion[entry.occasion].append(entry.conference_number)
    names = {code: name for name, code in occasion_codes(study).items()}
    if papers(study)[population.instrument].role:
        return _seat_participants(study, population, by_occasion[names[population.occasions[0]]], rng)
    seats: list[int] = [0] * len(population.occasions)
    for occasion, name in names.items():
        forms = [form for form, o in enumerate(population.occasions) if o == occasion]
        present = [n for n in by_occasion[name] if n not in lacking.get(population.instrument, ())]
        # Where forms outnumber the conferences that have one, some conferences get two.
        chosen = present + rng.sample(present, len(forms) - len(present))
        rng.shuffle(chosen)
        for form, number in zip(forms, chosen, strict=True):
            seats[form] = number
    return seats


def _seat_participants(study: Study, population: Population, numbers: list[int], rng: random.Random) -> list[int]:
    """Seat participants: some roles at most once per conference, as long as there are no more of them than conferences."""
    role = papers(study)[population.instrument].role
    assert role is not None
    single = {role.code(label) for label in assumptions(study).one_a_conference}
    forms_of: dict[int, list[int]] = defaultdict(list)
    for form, code in enumerate(population.forms[role.name]):
        forms_of[code].append(form)
    seats = [0] * len(population.occasions)
    # Families vary in size: some conferences draw more of the remaining participants than others.
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


def lacking_numbers(
    study: Study, entries: list[Entry], populations: list[Population], rng: random.Random
) -> dict[str, list[int]]:
    """Choose the conferences that lack a questionnaire's form, as many in all as the report says, by their numbers."""
    lacking: dict[str, list[int]] = {}
    taken: set[int] = set()
    for instrument in assumptions(study).lacking:
        population = next(p for p in populations if p.instrument == instrument)
        chosen: list[int] = []
        for name, number in lacking_by_occasion(study, instrument, population.occasions).items():
            free = [e.conference_number for e in entries if e.occasion == name and e.conference_number not in taken]
            chosen += rng.sample(free, number)
        taken.update(chosen)
        lacking[instrument] = chosen
    return lacking


def lacking_by_occasion(study: Study, instrument: str, coded: Sequence[int]) -> dict[str, int]:
    """Return how many conferences of each occasion lack a form of `instrument`; `coded` are the occasions of existing forms."""
    numbers_held = about(study).printed.held
    short = {name: numbers_held[name] - coded.count(code) for name, code in occasion_codes(study).items()}
    each, left = divmod(assumptions(study).lacking.get(instrument, sum(short.values())) - sum(short.values()), len(short))
    return {name: number + each + (place < left) for place, (name, number) in enumerate(short.items())}


def key_in(study: Study, population: Population, seats: list[int], rng: random.Random) -> list[Form]:
    """Key the forms: a conference's participants one after the other, professionals' forms in any order."""
    forms = list(range(len(seats)))
    order = {number: i for i, number in enumerate(rng.sample(sorted(set(seats)), len(set(seats))))}
    rng.shuffle(forms)
    if papers(study)[population.instrument].role:
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
    """Draw when the next form is keyed: some minutes later, in office hours."""
    at = after + dt.timedelta(seconds=rng.randrange(*KEYING_TAKES))
    if at.hour >= 15:
        at = at.replace(hour=8, minute=rng.randrange(30), second=0) + dt.timedelta(days=1)
    while at.weekday() >= 5:
        at += dt.timedelta(days=1)
    return at
