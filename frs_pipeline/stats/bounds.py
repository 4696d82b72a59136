"""Worst and best case of shares and means, had everybody answered: sharp bounds from counts.

Nothing is supposed of those who left a question blank but that they would have given one of the answers that count. A share
or mean is a ratio of sums to which each form adds what it said; a form that lacks an answer may add one of several things,
each form for itself. So the bounds are the least and greatest ratio of all completions, and both are reached.

Sources: Manski (1989), Journal of Human Resources 24:343; Horowitz & Manski (1998), Journal of Econometrics 84:37. The least
ratio is found as by Dinkelbach (1967), Management Science 13:492, in whole numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import NamedTuple

# What a form adds to numerator and denominator.
Added = tuple[int, int]
# Of a share: the form counts as a hit, as another answer of the base, or isn't in the base at all.
HIT, OTHER, OUT = (1, 1), (0, 1), (0, 0)


class Lacking(NamedTuple):
    """So many forms that lack an answer, and what each of them may add."""

    forms: int
    may: tuple[Added, ...]


class Bounds(NamedTuple):
    """Least and greatest value over all completions; None where no completion has a value."""

    lowest: Fraction | None
    highest: Fraction | None


def ratio(numerator: int, denominator: int, lacking: Iterable[Lacking]) -> Bounds:
    """Bound a ratio of sums, of which the forms that lack nothing make up `numerator` and `denominator`.

    A form adds nothing to a denominator without adding nothing to the numerator, too. Raises ValueError for negative counts of
    forms, negative denominators, and forms that may add nothing at all, not even `OUT`.
    """
    several = [one for one in lacking if one.forms]
    if denominator < 0 or any(one.forms < 0 or not one.may or any(of < 0 for _, of in one.may) for one in several):
        raise ValueError("bounds need counts of zero or more, and something that each form may add")
    return Bounds(*(_extreme(numerator, denominator, several, sign) for sign in (1, -1)))


def _extreme(numerator: int, denominator: int, lacking: Sequence[Lacking], sign: int) -> Fraction | None:
    """Return the least (`sign` 1) or greatest (-1) ratio: better completions one after the other until none is better."""
    most = [max(one.may, key=lambda added: added[1]) for one in lacking]
    part, whole = _sums(numerator, denominator, lacking, most)
    if whole == 0:
        return None
    while True:
        # Where a completion is better than the ratio so far, so is that which takes what is best of each form by itself.
        best = [min(one.may, key=lambda added: sign * (added[0] * whole - part * added[1])) for one in lacking]
        better, of = _sums(numerator, denominator, lacking, best)
        if sign * (better * whole - part * of) >= 0:
            return Fraction(part, whole)
        part, whole = better, of


def _sums(numerator: int, denominator: int, lacking: Sequence[Lacking], chosen: Sequence[Added]) -> Added:
    part = numerator + sum(one.forms * added for one, (added, _) in zip(lacking, chosen, strict=True))
    whole = denominator + sum(one.forms * added for one, (_, added) in zip(lacking, chosen, strict=True))
    return part, whole


def needed(hits: int, base: int, blank: int, limit: Fraction) -> Fraction | None:
    """Return which share of the `blank` forms of a `base` would have to be hits for the share to be just `limit`.

    `hits` are those that are known. Below 0 or above 1 nothing that the blank forms could say gets it there. None without blank
    forms. Raises ValueError for negative counts and where there are more blank forms and hits than the base has.
    """
    if min(hits, blank) < 0 or hits + blank > base:
        raise ValueError("a base is at least as large as its hits and its blank forms")
    return (limit * base - hits) / blank if blank else None
