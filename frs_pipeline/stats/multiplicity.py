"""Several tests at once: p values adjusted so that few of those called significant are so by chance.

Source: Benjamini & Hochberg (1995), JRSS B 57:289. The share of false discoveries stays below the level if the tests are
independent or positively dependent, as a total and its groups are (Benjamini & Yekutieli 2001, Annals of Statistics 29:1165).
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from typing import NamedTuple, TypeVar

from scipy.stats import false_discovery_control

H = TypeVar("H", bound=Hashable)

# What a p value of one hypothesis may differ by when it is computed twice, with its axes swapped or an order reversed.
_SAME = 1e-6


class Judged(NamedTuple):
    """One p value among several: what it becomes (`q`), and among how many distinct tests; both None where there is no p."""

    q: float | None
    tests: int | None


def benjamini_hochberg(p: Sequence[float | None]) -> list[float | None]:
    """Return the adjusted p value of each, in the same order; None stays None and counts for nothing.

    To be given unrounded p values, one for each hypothesis. Raises ValueError for what isn't from 0 to 1.
    """
    known = [value for value in p if value is not None]
    if not all(0 <= value <= 1 for value in known):
        raise ValueError("p lies between 0 and 1")
    adjusted = iter(false_discovery_control(known).tolist() if known else ())
    return [None if value is None else next(adjusted) for value in p]


def distinct(tested: Sequence[tuple[H, float | None]]) -> Mapping[H, float | None]:
    """Return the p value of each hypothesis, once, in the order in which they come.

    Raises ValueError where one hypothesis has two p values: it isn't one then.
    """
    found: dict[H, float | None] = {}
    for hypothesis, p in tested:
        before = found.setdefault(hypothesis, p)
        if (p is None) != (before is None) or (p is not None and before is not None and not _same(p, before)):
            raise ValueError(f"one hypothesis has two p values: {hypothesis}")
    return found


def adjusted(tested: Sequence[tuple[H, float | None]]) -> list[Judged]:
    """Adjust the p values of one family, in the same order: `tested` are the hypothesis that each tests, and p.

    A hypothesis that is tested twice counts once, and both get its q. Raises ValueError as `distinct` and
    `benjamini_hochberg` do.
    """
    once = distinct(tested)
    q = dict(zip(once, benjamini_hochberg(list(once.values())), strict=True))
    tests = sum(p is not None for p in once.values())
    return [Judged(q[hypothesis], None if q[hypothesis] is None else tests) for hypothesis, _ in tested]


def _same(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=_SAME, abs_tol=1e-300)
