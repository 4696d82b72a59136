"""What is statistically certain: differences, ranks and associations, by intervals that know which forms belong together.

A difference is certain when its own interval (MOVER) excludes 0, a rank when p, adjusted for the comparisons that it rests on,
says so; never because two intervals overlap or don't.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple, Protocol

from frs_pipeline.stats.multiplicity import benjamini_hochberg
from frs_pipeline.stats.strength import could_be, significant, strength
from frs_pipeline.study.claims import Condition, Testable, Value


class Spread(NamedTuple):
    """The interval of a share in per cent, of a difference in points or of a gamma, and the p of its test, where there is one.

    The p of a gamma is adjusted for the tests of its family, that of a difference isn't.
    """

    low: Fraction
    high: Fraction
    p: Fraction | None = None


class Estimated(NamedTuple):
    """What an interval is asked of: a share or a gamma, or with `less` a difference of two shares, or of two gammas."""

    of: Value
    less: Value | None = None


class Spreads(Protocol):
    """What knows intervals."""

    def spread(self, wanted: Estimated) -> Spread | None:
        """Return an interval; None where this evidence hasn't got it."""


def estimated(value: Value, values: Mapping[str, Value]) -> Estimated | None:
    """Return what the interval of a value is asked of; None where there can't be one."""
    if value.points is not None:
        sides = values[value.points.of], values[value.points.less]
        return Estimated(*sides) if comparable(*sides) else None
    return Estimated(value) if value.share_of_forms or value.gamma else None


def comparable(*values: Value) -> bool:
    """Return whether there are intervals of the differences of values: all are shares, or gammas of groups of one table."""
    gammas = [value.gamma for value in values if value.gamma]
    if len(gammas) == len(values):
        return len({gamma.table for gamma in gammas}) == 1 and all(gamma.group for gamma in gammas)
    return all(value.share_of_forms for value in values)


def wanted(testable: Testable, drawn: Iterable[str] = ()) -> Iterator[Estimated]:
    """Yield the intervals that decide about a sentence, that it names, and of those of its values that are `drawn`."""
    values = testable.values
    named = [end for value in values.values() for end in (value.low, value.high) if end]
    conditions = [*testable.holds, *(one for value in values.values() for one in value.kept or ())]
    for condition in (one for one in conditions if one.certain is not None):
        if condition.outranked:
            yield from _against(condition, values)
        else:
            named.append(condition.value)
    for name in (*named, *drawn):
        one = estimated(values[name], values)
        if one is not None:
            yield one


def _against(condition: Condition, values: Mapping[str, Value]) -> list[Estimated]:
    """List the differences on which a rank rests."""
    return [Estimated(values[condition.value], values[name]) for name in condition.outranked if name != condition.value]


def end_of(value: Value, values: Mapping[str, Value], spreads: Spreads) -> Fraction | None:
    """Return the end of an interval that a value is; None where the evidence hasn't got it."""
    name = value.low or value.high
    assert name is not None, "it is an end"
    one = estimated(values[name], values)
    known = None if one is None else spreads.spread(one)
    return None if known is None else known.low if value.low else known.high


def certain(condition: Condition, values: Mapping[str, Value], spreads: Spreads) -> bool | None:
    """Return whether what a condition is about is statistically certain; None where the evidence can't tell."""
    value = values[condition.value]
    if condition.outranked:
        return _rank([spreads.spread(one) for one in _against(condition, values)])
    one = estimated(value, values)
    known = None if one is None else spreads.spread(one)
    if known is None:
        return None
    if value.gamma is None:
        return known.low > 0 or known.high < 0
    return None if known.p is None else significant(float(known.p))


def only_strengths(condition: Condition, gamma: Fraction | None, values: Mapping[str, Value], spreads: Spreads) -> bool | None:
    """Return whether an interval holds no other strength than those that a condition names."""
    one = estimated(values[condition.value], values)
    known = None if one is None else spreads.spread(one)
    if known is None or gamma is None or not -1 <= gamma <= 1:
        return None
    held = (strength(float(gamma)), *could_be(float(gamma), float(known.low), float(known.high)))
    return set(held) <= set(condition.strength)


def _rank(differences: Sequence[Spread | None]) -> bool | None:
    """Return whether all differences are certain: one that isn't decides, even where others can't be told."""
    adjusted = benjamini_hochberg([None if one is None or one.p is None else float(one.p) for one in differences])
    told = [None if q is None else significant(q) for q in adjusted]
    return False if False in told else None if None in told or not told else True
