"""What would overturn a sentence: the smallest number of forms with another answer for which it is no longer, or becomes, true.

Forms move within one row of a table, from the answers that a share counts to the others or back: how many answered stays the
same. The sentence is tested again by the rule by which it is tested anyway, in whole numbers of forms. Nothing is said where
another number of the sentence would move along with them, such as a gamma of the same question. How certain a difference is
hangs on who belongs together, and isn't tested again: such a sentence may fall before.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from frs_pipeline.printed.arithmetic import base_of
from frs_pipeline.printed.verdicts import Evidence, evaluate
from frs_pipeline.report.tipping import limits_of
from frs_pipeline.study import Study
from frs_pipeline.study.claims import ClaimWords, Share, Testable, Value
from frs_pipeline.study.tables import TOTAL, Table, catalogue

_ONE_QUESTION = ("frequency", "distribution")


@dataclass(frozen=True)
class Overturn:
    """`forms` more with one of the answers of the share `name` turn the verdict; fewer where it is negative. `base` answered."""

    name: str
    share: Share
    forms: int
    base: int


class _Moved:
    """Evidence in which one share is another one; what else is asked for a second time is remembered."""

    def __init__(self, evidence: Evidence) -> None:
        self._evidence = evidence
        self._known: dict[int, Fraction | None] = {}
        self.moved: tuple[Share, Fraction] | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._evidence, name)

    def share(self, share: Share) -> Fraction | None:
        if self.moved is not None and share == self.moved[0]:
            return self.moved[1]
        if id(share) not in self._known:
            self._known[id(share)] = self._evidence.share(share)
        return self._known[id(share)]


def overturn(study: Study, testable: Testable, words: ClaimWords, evidence: Evidence) -> Overturn | None:
    """Find the fewest forms whose other answers turn the verdict; None where none do, or where it can't be told.

    A sentence that holds falls by one condition; one that doesn't has to fulfil all of them.
    """
    deciding = _deciding(testable)
    if any(one.kept or one.leads for one in deciding.values()):
        return None
    # How certain it is can only be left out where that isn't what the verdict would turn on.
    sure = [one for one in testable.holds if one.certain is not None]
    bare = testable.model_copy(update={"holds": tuple(one for one in testable.holds if one.certain is None)})
    verdict = evaluate(bare, words, evidence).holds
    if not bare.holds or verdict is None or (verdict is False and sure):
        return None
    moved = _Moved(evidence)

    def turns(share: Share, exact: Fraction) -> bool:
        moved.moved = share, exact
        return evaluate(bare, words, moved).holds is (not verdict)

    found = [
        one
        for name, value in deciding.items()
        if value.share is not None and _alone(study, value.share, deciding) and len(value.share.rows) == 1
        for one in _of_share(name, value.share, evidence, turns, _wanted(bare, name, words, holds=verdict))
    ]
    return min(found, key=lambda one: abs(one.forms), default=None)


def _deciding(testable: Testable) -> dict[str, Value]:
    """Return the values that decide, with those that they are made from."""
    left, seen = [name for one in testable.holds for name in (one.value, *one.others)], set[str]()
    while left:
        name = left.pop()
        if name not in seen:
            seen.add(name)
            left += testable.values[name].others
    return {name: value for name, value in testable.values.items() if name in seen}


def _of_share(
    name: str,
    share: Share,
    evidence: Evidence,
    turns: Callable[[Share, Fraction], bool],
    wanted: tuple[Fraction, Fraction] | None,
) -> Iterator[Overturn]:
    """Yield the fewest forms more, and the fewest less, that turn the verdict by this share."""
    exact, whole = evidence.share(share), evidence.count(base_of(share))
    if exact is None or not whole:
        return
    base = int(whole)
    hits = round(exact * base / 100)

    def turned(forms: int) -> bool:
        return turns(share, Fraction(100 * (hits + forms), base))

    for sign, most in ((1, base - hits), (-1, hits)):
        least = _least(turned, sign, most)
        if least is None and wanted is not None:
            # True in between only: at the near end of what it has to be.
            end = math.ceil(wanted[0] * base) - hits if sign > 0 else hits - math.floor(wanted[1] * base)
            least = end if 0 < end <= most and turned(sign * end) else None
        if least is not None:
            yield Overturn(name, share, sign * least, base)


def _least(turned: Callable[[int], bool], sign: int, most: int) -> int | None:
    """Return the smallest number from 1 to `most` for which something is true that stays true; None where it isn't at the end.

    The number is asked with its `sign`, and looked for from small ones on.
    """
    if most < 1 or not turned(sign * most):
        return None
    low, high, step = 0, most, 1
    while low + step < high:
        if turned(sign * (low + step)):
            high = low + step
            break
        low, step = low + step, 2 * step
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if turned(sign * middle) else (middle, high)
    return high


def _wanted(testable: Testable, name: str, words: ClaimWords, *, holds: bool) -> tuple[Fraction, Fraction] | None:
    """Return between which shares the one condition on a value is true, where the sentence isn't yet."""
    own = [one for one in testable.holds if one.value == name]
    return None if holds or len(own) != 1 else limits_of(own[0], testable.values[name], words)


def _alone(study: Study, share: Share, deciding: Mapping[str, Value]) -> bool:
    """Return whether no other deciding number changes with the answers that a share counts."""
    return all(other.share == share or not _follows(study, share, other) for other in deciding.values() if not other.others)


def _follows(study: Study, share: Share, other: Value) -> bool:
    tables = catalogue(study)
    own = tables[share.table]
    cells = other.share or other.count
    if cells is not None:
        if other.count is not None and not cells.answers:
            return False
        rows = {TOTAL, *cells.rows} if TOTAL in cells.rows else set(cells.rows)
        apart = cells.table == share.table and TOTAL not in (*rows, *share.rows) and not rows & set(share.rows)
        return not apart and _ask_the_same(own, tables[cells.table])
    if other.correlation is not None:
        return _ask_the_same(own, tables[other.correlation.table])
    if other.figure is not None:
        return _ask_the_same(own, tables[other.figure.table])
    if other.pair is not None:
        return other.pair.mart in own.marts and _counted(own) in (other.pair.row, other.pair.column)
    if other.asked is not None:
        return other.asked.mart in own.marts and _counted(own) in (other.asked.question, *other.asked.among)
    return False


def _ask_the_same(own: Table, other: Table) -> bool:
    return bool(set(own.marts) & set(other.marts)) and _counted(own) in other.variables


def _counted(table: Table) -> str:
    """Return the question whose answers a table counts."""
    axis = table.row if table.kind in _ONE_QUESTION or table.column is None else table.column
    return axis.variable
