"""Many copies of one questionnaire's forms at once: who sits at which conference, and when each form is keyed.

Every copy is seated and keyed by itself, by the rules of `nesting` and `spoiling`: one row of an array per copy.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from frs_pipeline.errors import CheckFailed
from frs_pipeline.reconstruction.nesting import KEYING_STARTS, KEYING_TAKES, lacking_by_occasion
from frs_pipeline.reconstruction.papers import papers
from frs_pipeline.reconstruction.scaled.lines import Whole
from frs_pipeline.reconstruction.scaled.registers import conferences_of_a_copy
from frs_pipeline.study import Study
from frs_pipeline.study.assumptions import assumptions

# Keyers work from 8 to 15, Monday to Friday; 6 January 2020 is a Monday.
_WORKDAY, _OPENS = 7 * 3600, 8 * 3600
_MONDAY = int(np.datetime64(KEYING_STARTS.date()).astype(np.int64))
_ATTEMPTS = 1000


@dataclass(frozen=True)
class Filled:
    """The filled-in forms of one questionnaire: occasions (forms,), codes (forms, questions) with 0 = blank."""

    study: Study
    instrument: str
    occasions: NDArray[np.int8]
    codes: NDArray[np.int8]

    @cached_property
    def alike(self) -> Whole:
        """A number per form (forms,), the same for forms with the same answers."""
        return np.unique(self.codes, axis=0, return_inverse=True)[1].reshape(-1).astype(np.int64)

    @cached_property
    def answered(self) -> NDArray[np.bool_]:
        """Forms on which anything was answered: (forms,)."""
        return np.asarray(self.codes.any(axis=1))

    @cached_property
    def roles(self) -> NDArray[np.int8] | None:
        """Role on each form (forms,); None where the questionnaire doesn't ask."""
        names = [question.name for question in papers(self.study)[self.instrument].questions]
        return self.codes[:, names.index(role.name)] if (role := papers(self.study)[self.instrument].role) else None


@dataclass(frozen=True)
class Keyed:
    """Keyed forms in the order of keying, as arrays (n,).

    `at` is in seconds since 1970; `place` is the conference's; `copy` counts from
    the first of the wave; `fault` is a position in `assumptions(study).spoilt`, -1 for a good form.
    """

    at: Whole
    form: Whole
    copy: Whole
    place: Whole
    fault: Whole


def keyed(study: Study, filled: Filled, copies: int, starts: int, rng: np.random.Generator) -> Keyed:
    """Seat, spoil and key `copies` copies of the forms, one keyer per copy, `starts` workdays after keying began."""
    seats = seated(study, filled, copies, rng)
    times = _keying_times(study, filled, seats, rng) + starts * _WORKDAY
    everything = np.broadcast_to(np.arange(seats.shape[1]), seats.shape)
    every_copy = np.broadcast_to(np.arange(copies)[:, None], seats.shape)
    at, form, copy, place = [_on_the_clock(times).ravel()], [everything.ravel()], [every_copy.ravel()], [seats.ravel()]
    fault = [np.full(seats.size, -1)]
    each = np.arange(copies)
    for index, name in enumerate(assumptions(study).spoilt.get(filled.instrument, ())):
        # Only papers with answers: blank ones look alike without being the same paper.
        model = rng.choice(np.flatnonzero(filled.answered), copies)
        later = _on_the_clock(times[each, model] + _WORKDAY + rng.integers(*KEYING_TAKES, size=copies))
        once_more = at[0].reshape(seats.shape)[each, model] // 60 * 60 + 59
        at.append(once_more if name == "keyed_twice" else later)
        form.append(model)
        copy.append(each)
        place.append(seats[each, model])
        fault.append(np.full(copies, index))
    # Stable: a paper that is keyed again in the same second comes after its first keying.
    order = np.argsort(np.concatenate(at), kind="stable")
    return Keyed(*(np.concatenate(column)[order] for column in (at, form, copy, place, fault)))


def workdays_of_a_copy(filled: Filled) -> int:
    """Return how many workdays suffice to key a copy, and the spoilt forms after it, whatever is drawn."""
    return -(-(len(filled.codes) + 1) * KEYING_TAKES[1] // _WORKDAY) + 2


def seated(study: Study, filled: Filled, copies: int, rng: np.random.Generator) -> Whole:
    """Draw the place of every form's conference within its copy: (copies, forms).

    No two forms with the same answers sit at one conference: keyed in a row, they would look like one paper keyed twice.
    """
    seats = np.empty((copies, len(filled.codes)), np.int64)
    for occasion, (start, conferences) in _places(study).items():
        of_occasion = np.flatnonzero(filled.occasions == occasion)
        if filled.roles is not None and len(of_occasion):
            for role in np.unique(filled.roles):
                forms = of_occasion[filled.roles[of_occasion] == role]
                seats[:, forms] = start + _seats_of_a_role(study, filled, int(role), len(forms), conferences, copies, rng)
        elif len(of_occasion):
            present = _present(study, filled, occasion)
            seats[:, of_occasion] = start + present[_each_once(len(of_occasion), len(present), copies, rng)]
    _separate_alike(seats, filled, rng)
    return seats


def _places(study: Study) -> dict[int, tuple[int, int]]:
    """Return, for each occasion, where its conferences start within a copy, and how many there are."""
    numbers = conferences_of_a_copy(study)
    return {code: (sum(numbers[: code - 1]), number) for code, number in enumerate(numbers, start=1)}


def _seats_of_a_role(
    study: Study, filled: Filled, role: int, forms: int, conferences: int, copies: int, rng: np.random.Generator
) -> Whole:
    """Seat a role: some at most once per conference, as long as there are no more of them than conferences."""
    question = papers(study)[filled.instrument].role
    assert question is not None
    if role in {question.code(label) for label in assumptions(study).one_a_conference}:
        return _each_once(forms, conferences, copies, rng)
    spread = conferences if forms > 2 * conferences else 0
    # Families vary in size: some conferences draw more of the remaining participants than others.
    shares = rng.uniform(0.4, 1.6, (copies, conferences)).cumsum(axis=1)
    row = np.arange(copies)[:, None]
    lots = row + rng.random((copies, forms - spread))
    ends = (row + shares / shares[:, -1:]).ravel()
    drawn = np.searchsorted(ends, lots.ravel(), side="right").reshape(lots.shape) - row * conferences
    everyone = np.broadcast_to(np.arange(spread), (copies, spread))
    return rng.permuted(np.hstack([everyone, np.minimum(drawn, conferences - 1)]), axis=1)


def _each_once(forms: int, conferences: int, copies: int, rng: np.random.Generator) -> Whole:
    """Seat forms at different conferences; once all are taken, the rest become second forms, at most one per conference."""
    once = rng.random((copies, conferences)).argsort(axis=1)[:, :forms]
    twice = rng.random((copies, conferences)).argsort(axis=1)[:, : max(0, forms - conferences)]
    return rng.permuted(np.hstack([once, twice]), axis=1)


def _present(study: Study, filled: Filled, occasion: int) -> Whole:
    """Return the conferences of an occasion that have a professional's form, counted from the occasion's first.

    Places reveal nothing about a conference, so the same ones may lack it in every copy: the first ones that of the first
    questionnaire that is lacking, the last ones that of any other.
    """
    lacking = list(lacking_by_occasion(study, filled.instrument, filled.occasions.tolist()).values())[occasion - 1]
    conferences = _places(study)[occasion][1]
    return np.arange(conferences - lacking) + (lacking if filled.instrument == next(iter(assumptions(study).lacking)) else 0)


def _separate_alike(seats: Whole, filled: Filled, rng: np.random.Generator) -> None:
    """Swap seats, in place, between forms of the same role and occasion until no conference has two forms alike."""
    several = np.flatnonzero((np.bincount(filled.alike)[filled.alike] > 1) & filled.answered)
    if not len(several):
        return
    roles = filled.roles if filled.roles is not None else np.zeros_like(filled.occasions)
    for _ in range(_ATTEMPTS):
        key = seats[:, several] * (filled.alike.max() + 1) + filled.alike[several]
        order = key.argsort(axis=1, kind="stable")
        ordered = np.take_along_axis(key, order, axis=1)
        copies, at = np.nonzero(ordered[:, 1:] == ordered[:, :-1])
        if not len(copies):
            return
        for copy, form in zip(copies, several[order[copies, at + 1]], strict=True):
            others = np.flatnonzero((roles == roles[form]) & (filled.occasions == filled.occasions[form]))
            other = rng.choice(others)
            seats[copy, [form, other]] = seats[copy, [other, form]]
    raise CheckFailed("forms with the same answers can't be seated apart", where=filled.instrument)


def _keying_times(study: Study, filled: Filled, seats: Whole, rng: np.random.Generator) -> Whole:
    """Draw the working seconds from a copy's start until each form is keyed: (copies, forms).

    A conference's participants are keyed one after the other, professionals' forms in any order.
    """
    key = rng.random(seats.shape)
    if filled.roles is not None:
        turn = rng.random((len(seats), sum(conferences_of_a_copy(study)))).argsort(axis=1)
        key += np.take_along_axis(turn, seats, axis=1)
    steps = rng.integers(*KEYING_TAKES, size=seats.shape).cumsum(axis=1)
    times = np.empty_like(seats)
    np.put_along_axis(times, key.argsort(axis=1), steps, axis=1)
    return times


def _on_the_clock(working_seconds: Whole) -> Whole:
    """Convert working seconds since keying started to seconds since 1970."""
    workday, second = np.divmod(working_seconds, _WORKDAY)
    week, weekday = np.divmod(workday, 5)
    return np.asarray((_MONDAY + 7 * week + weekday) * 86_400 + _OPENS + second, np.int64)
