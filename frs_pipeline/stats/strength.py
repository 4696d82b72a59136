"""How strong an association is, in a word; whether it is significant; and what its interval leaves open.

All is judged on the three decimals that are printed, so that no word contradicts the figure beside it.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from frs_pipeline.stats.printing import round_half_away

Strength = Literal["none", "weak", "moderate", "strong"]
# The weakest first, each with the gamma from which on it is said, in thousandths.
STRENGTHS: tuple[Strength, ...] = ("none", "weak", "moderate", "strong")
_FROM = (0, 100, 200, 300)


def strength(gamma: float) -> Strength:
    """Return the word for a gamma: below .1 none, below .2 weak, below .3 moderate, else strong, by absolute value.

    Raises ValueError outside -1 to 1.
    """
    return STRENGTHS[_place(abs(_thousandths(gamma)))]


def significant(p: float) -> bool:
    """Return whether p is below .05, or q, which is p adjusted for several tests. Raises ValueError outside 0 to 1."""
    if not 0 <= p <= 1:
        raise ValueError("p lies between 0 and 1")
    return round_half_away(p, 3) < Decimal("0.05")


def could_be(gamma: float, low: float | None, high: float | None) -> list[Strength]:
    """List the other strengths that an interval from `low` to `high` holds, the strongest first; none without an interval.

    Raises ValueError outside -1 to 1, and where gamma isn't in the interval.
    """
    if low is None or high is None:
        return []
    ends = _interval(gamma, low, high)
    weakest = 0 if ends[0] <= 0 <= ends[1] else min(map(abs, ends))
    held = STRENGTHS[_place(weakest) : _place(max(map(abs, ends))) + 1]
    return [word for word in reversed(held) if word != strength(gamma)]


def other_way(gamma: float, low: float | None, high: float | None) -> bool:
    """Return whether an interval leaves the sign of an association open: it reaches to the other side of 0.

    Where gamma itself is none to speak of, whether it reaches what has a name on both sides. Raises ValueError as `could_be`.
    """
    if low is None or high is None:
        return False
    below, above = _interval(gamma, low, high)
    if strength(gamma) == "none":
        return below <= -_FROM[1] and _FROM[1] <= above
    return below < 0 < above


def _thousandths(gamma: float) -> int:
    if not -1 <= gamma <= 1:
        raise ValueError("gamma lies between -1 and 1")
    return int(round_half_away(gamma, 3).scaleb(3))


def _place(thousandths: int) -> int:
    """Return the place among `STRENGTHS` of an absolute value."""
    return max(place for place, least in enumerate(_FROM) if thousandths >= least)


def _interval(gamma: float, low: float, high: float) -> tuple[int, int]:
    """Return the ends of an interval in printed thousandths."""
    below, above = _thousandths(low), _thousandths(high)
    if not below <= _thousandths(gamma) <= above:
        raise ValueError("gamma lies in its interval")
    return below, above
