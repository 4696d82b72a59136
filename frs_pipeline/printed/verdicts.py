"""Whether a claim holds: one rule for every claim, whatever it is held against.

Evidence gives numbers: the printed tables of a report, or the forms of a delivery. All arithmetic is exact, so that a share that
differs by .1 from what is said differs by .1 and not by a hair more.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, Protocol

from frs_pipeline.printed.certainty import Estimated, Spread, certain, end_of, only_strengths
from frs_pipeline.stats.printing import parse
from frs_pipeline.stats.strength import significant, strength
from frs_pipeline.study.claims import (
    Asked,
    Cells,
    ClaimWords,
    Condition,
    Correlation,
    Lacking,
    Leads,
    Pair,
    Place,
    Share,
    Testable,
    Value,
    bare,
)

Unit = Literal["percent", "points", "count", "gamma", "p", "number"]
_UNITS: Mapping[str, Unit] = {
    **dict.fromkeys(("share", "asked", "lacking", "leads", "kept", "percent"), "percent"),
    **dict.fromkeys(("gamma", "pair"), "gamma"),
    "count": "count",
    "p": "p",
    "figure": "number",
}


class Evidence(Protocol):
    """What claims are held against. Every number is exact, or None where this evidence hasn't got it."""

    @property
    def of_report(self) -> bool:
        """Whether it is the report itself: then what only its text prints can be tested by itself."""

    def rows(self, table: int) -> tuple[str, ...]:
        """List the rows of a table, without totals."""

    def share(self, share: Share) -> Fraction | None:
        """Return a share in per cent."""

    def count(self, cells: Cells) -> Fraction | None:
        """Return a number of forms."""

    def gamma(self, correlation: Correlation) -> Fraction | None:
        """Return the gamma of a table, or of a group of it."""

    def p(self, correlation: Correlation) -> Fraction | None:
        """Return the p value of the same."""

    def pair(self, pair: Pair) -> tuple[Fraction | None, Fraction | None]:
        """Return the gamma of two questions, and its p value."""

    def asked(self, asked: Asked) -> Fraction | None:
        """Return a share of those that answered a question, in per cent."""

    def lacking(self, lacking: Lacking) -> Fraction | None:
        """Return a share of the conferences, in per cent."""

    def figure(self, place: Place) -> Fraction | None:
        """Return a figure of a table."""

    def spread(self, wanted: Estimated) -> Spread | None:
        """Return the interval of a share, of a difference or of a gamma."""


@dataclass(frozen=True)
class Number:
    """A value of a claim as the evidence has it: exact and unrounded, None where that can't tell.

    `said` is what the report says it is; `p` belongs to a gamma.
    """

    exact: Fraction | None
    unit: Unit
    said: Fraction | None = None
    p: Fraction | None = None

    @property
    def value(self) -> float | None:
        return None if self.exact is None else float(self.exact)


@dataclass(frozen=True)
class Verdict:
    """Whether a claim holds, None where the evidence can't tell; its numbers by name, and the same of each of its conditions."""

    holds: bool | None
    numbers: Mapping[str, Number]
    conditions: tuple[bool | None, ...] = ()


def evaluate(claim: Testable, words: ClaimWords, evidence: Evidence) -> Verdict:
    """Hold a claim against evidence. A condition that is known to fail decides, even where others can't be told.

    What only the report's text prints can't be told from forms: a claim that rests on nothing else is None there.
    """
    numbers = numbers_of(claim, words, evidence)
    held = _Held(claim.values, numbers, words, evidence)
    conditions = tuple(_kept(condition, held) for condition in claim.holds)
    told = bool(conditions) and (evidence.of_report or not set(rests_on(claim)) <= {"printed"})
    return Verdict(_all(conditions) if told else None, numbers, conditions)


def numbers_of(claim: Testable, words: ClaimWords, evidence: Evidence) -> dict[str, Number]:
    """Compute the values of a claim, in their order."""
    numbers: dict[str, Number] = {}
    known, held = units(claim.values), _Held(claim.values, numbers, words, evidence)
    for name, value in claim.values.items():
        exact, p = _number(value, held)
        numbers[name] = Number(exact, known[name], None if value.said is None else of_print(value.said), p)
    return numbers


def rests_on(claim: Testable) -> Iterator[str]:
    """Yield the kinds of the values that decide about a claim, but for those that are made from others."""
    left, seen = [name for condition in claim.holds for name in (condition.value, *condition.others)], set[str]()
    while left:
        name = left.pop()
        if name not in seen:
            seen.add(name)
            value = claim.values[name]
            left += value.others
            if not value.others:
                yield value.kinds[0]


def units(values: Mapping[str, Value]) -> dict[str, Unit]:
    """Say of each value what it is measured in: a difference of percentages in points, a sum as what is added up."""
    found: dict[str, Unit] = {}
    for name, value in values.items():
        if value.points is not None:
            unit = found[value.points.of]
            found[name] = "points" if unit == "percent" else unit
        elif value.sum is not None:
            found[name] = found[value.sum[0]]
        elif value.low or value.high:
            found[name] = found[value.low or value.high or ""]
        elif value.figure is not None and value.figure.measure in ("count", "n"):
            found[name] = "count"
        elif value.figure is not None and value.figure.measure.endswith("percent"):
            found[name] = "percent"
        elif value.printed is not None or value.limit is not None:
            found[name] = _unit_of_print(value.printed or value.limit or "")
        else:
            found[name] = _UNITS[value.kinds[0]]
    return found


def _unit_of_print(printed: str) -> Unit:
    if printed.endswith("%"):
        return "percent"
    return "gamma" if bare(printed).lstrip("-").startswith(",") else "count"


def of_print(printed: str) -> Fraction:
    """Return a printed number exactly: 86.2 for "86,2%"."""
    return Fraction(parse(bare(printed)))


def of_float(number: float) -> Fraction:
    """Return the decimal number that a float stands for, to fifteen digits, the most that it is sure to hold."""
    return Fraction(format(number, ".15g"))


@dataclass(frozen=True)
class _Held:
    """A sentence being held against evidence: its values, what they are as far as is known, and the words it is tested by."""

    values: Mapping[str, Value]
    numbers: Mapping[str, Number]
    words: ClaimWords
    evidence: Evidence


def _number(value: Value, held: _Held) -> tuple[Fraction | None, Fraction | None]:
    """Compute a value from the evidence and from the values above it; with p, where it is a gamma."""
    if value.gamma is not None:
        return held.evidence.gamma(value.gamma), held.evidence.p(value.gamma)
    if value.pair is not None:
        return held.evidence.pair(value.pair)
    return _counted(value, held.evidence) if not value.others else _made(value, held), None


def _counted(value: Value, evidence: Evidence) -> Fraction | None:
    """Return a value that the evidence has by itself."""
    if value.share is not None:
        return evidence.share(value.share)
    if value.count is not None:
        return evidence.count(value.count)
    if value.p is not None:
        return evidence.p(value.p)
    if value.asked is not None:
        return evidence.asked(value.asked)
    if value.lacking is not None:
        return evidence.lacking(value.lacking)
    if value.figure is not None:
        return evidence.figure(value.figure)
    if value.leads is not None:
        return _per_cent(_leads(value.leads, share, evidence) for share in value.leads.shares)
    written = value.printed or value.limit
    assert written is not None, "the claims were read"
    return of_print(written)


def _made(value: Value, held: _Held) -> Fraction | None:
    """Make a value from those above it."""
    known = held.numbers
    if value.low or value.high:
        return end_of(value, held.values, held.evidence)
    if value.kept is not None:
        return _per_cent(_kept(condition, held) for condition in value.kept)
    if value.points is not None:
        more, less = known[value.points.of].exact, known[value.points.less].exact
        return None if more is None or less is None else more - less
    if value.percent is not None:
        part, whole = known[value.percent.of].exact, known[value.percent.base].exact
        return None if part is None or not whole else 100 * part / whole
    parts = [known[name].exact for name in value.sum or ()]
    return sum((part for part in parts if part is not None), Fraction(0)) if None not in parts else None


def _per_cent(told: Iterable[bool | None]) -> Fraction | None:
    """Return how many per cent are true; None where some can't be told."""
    each = list(told)
    return None if None in each else Fraction(100 * each.count(True), len(each))


def _leads(leads: Leads, share: Share, evidence: Evidence) -> bool | None:
    """Return whether no other row of a table has a greater share. Rows without any form don't compete."""

    def of_row(row: str) -> Fraction | None:
        return evidence.share(share.model_copy(update={"row": row}))

    def empty(row: str) -> bool:
        return evidence.count(Cells(table=share.table, row=row)) == 0

    own = of_row(leads.row)
    others = {row: of_row(row) for row in evidence.rows(share.table) if row != leads.row}
    competing = [other for row, other in others.items() if other is not None or not empty(row)]
    return None if own is None or not others else _all(None if other is None else own >= other for other in competing)


_COMPARISONS: Mapping[str, Callable[[Fraction, Fraction], bool]] = {
    "at_least": operator.ge,
    "at_most": operator.le,
    "above": operator.gt,
    "below": operator.lt,
    "equals": operator.eq,
}


def _kept(condition: Condition, held: _Held) -> bool | None:
    """Return whether a condition holds; None where a number that decides can't be told."""
    return _all(_tests(condition, held))


def _tests(condition: Condition, held: _Held) -> Iterator[bool | None]:
    """Yield what a condition says of its value, one by one: true, false, or None."""
    numbers = held.numbers
    own = numbers[condition.value]

    def limit(of: float | str) -> Fraction | None:
        return numbers[of].exact if isinstance(of, str) else of_float(of)

    for name, compare in _COMPARISONS.items():
        of = getattr(condition, name)
        if of is not None:
            yield _compared(compare, own.exact, limit(of))
    if condition.as_said_within is not None:
        yield _near(own.exact, own.said, condition.as_said_within)
    if condition.about is not None:
        of = condition.about.of
        yield _near(own.exact, own.said if of is None else limit(of), condition.about.within)
    if condition.strength:
        gamma = _within(own.exact, -1, 1)
        yield None if gamma is None else strength(gamma) in condition.strength
    if condition.significant is not None:
        p = _within(own.p, 0, 1)
        yield None if p is None else significant(p) == condition.significant
    if condition.word is not None:
        for name, compare in _COMPARISONS.items():
            threshold = getattr(held.words.quantities[condition.word], name, None)
            if threshold is not None:
                yield _compared(compare, own.exact, of_float(threshold))
    yield from _ranks(condition, numbers)
    yield from _certainty(condition, held)


def _certainty(condition: Condition, held: _Held) -> Iterator[bool | None]:
    """Yield whether what a condition says is as certain, or as uncertain, as it says."""
    if condition.certain is None:
        return
    told = certain(condition, held.values, held.evidence)
    yield None if told is None else told == condition.certain
    if condition.strength and condition.certain:
        yield only_strengths(condition, held.numbers[condition.value].exact, held.values, held.evidence)


def _ranks(condition: Condition, numbers: Mapping[str, Number]) -> Iterator[bool | None]:
    """Yield how a value compares with each of those among which it has a rank; places may be shared."""
    own = numbers[condition.value].exact
    size = None if own is None else abs(own)
    for other in condition.greatest_of:
        yield _compared(operator.ge, own, numbers[other].exact)
    for other in condition.least_of:
        yield _compared(operator.le, own, numbers[other].exact)
    for names, compare in ((condition.strongest_of, operator.ge), (condition.weakest_of, operator.le)):
        for name in names:
            other_size = numbers[name].exact
            yield _compared(compare, size, None if other_size is None else abs(other_size))


def _compared(compare: Callable[[Fraction, Fraction], bool], own: Fraction | None, other: Fraction | None) -> bool | None:
    return None if own is None or other is None else compare(own, other)


def _within(number: Fraction | None, low: int, high: int) -> float | None:
    """Return a number that can be what it is said to be; a gamma misprinted as 7,07 tells nothing."""
    return float(number) if number is not None and low <= number <= high else None


def _near(own: Fraction | None, other: Fraction | None, within: float) -> bool | None:
    return None if own is None or other is None else abs(own - other) <= of_float(within)


def _all(told: Iterable[bool | None]) -> bool | None:
    """Return whether all are true: false where one is false, else None where one can't be told."""
    each = list(told)
    return False if False in each else None if None in each else True
