"""How far people agree who put the same units into categories: per cent, Cohen's kappa, and Krippendorff's alpha.

Categories have no order. All numbers are exact; None where nothing can be said, because nothing was coded twice or everything
was put into one category, so that agreement by chance is certain.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from fractions import Fraction

Unit = Sequence[Hashable]  # the category that each coder of a unit gave it


def agreement(units: Iterable[Unit]) -> Fraction | None:
    """Return the share of pairs of codings of the same unit that agree."""
    pairs = same = 0
    for unit in units:
        pairs += len(unit) * (len(unit) - 1) // 2
        same += sum(number * (number - 1) // 2 for number in Counter(unit).values())
    return Fraction(same, pairs) if pairs else None


def kappa(units: Iterable[Unit]) -> Fraction | None:
    """Return Cohen's kappa of two coders, who stand in the same order in each unit; units with one coding don't count."""
    both = [unit for unit in units if len(unit) == 2]
    if not both:
        return None
    first, second = (Counter(unit[at] for unit in both) for at in (0, 1))
    observed = Fraction(sum(unit[0] == unit[1] for unit in both), len(both))
    expected = Fraction(sum(number * second[code] for code, number in first.items()), len(both) ** 2)
    return (observed - expected) / (1 - expected) if expected != 1 else None


def alpha(units: Iterable[Unit]) -> Fraction | None:
    """Return Krippendorff's alpha, of any number of coders, of whom not each need have coded each unit."""
    several = [Counter(unit) for unit in units if len(unit) > 1]
    total: Counter[Hashable] = sum(several, Counter())
    every = total.total()
    differ = sum((Fraction(_unlike(unit), unit.total() - 1) for unit in several), Fraction(0))
    by_chance = _unlike(total)
    return 1 - (every - 1) * differ / by_chance if by_chance else None


def _unlike(codings: Counter[Hashable]) -> int:
    """Return how many ordered pairs of codings differ."""
    return codings.total() ** 2 - sum(number**2 for number in codings.values())


def kappa_within(units: Iterable[Unit], low: float, high: float) -> tuple[float, float] | None:
    """Return the limits of Cohen's kappa where those of the share that agrees are `low` and `high`.

    Agreement by chance is taken as it is: where nearly everything agrees, as two keyings do, kappa hardly depends on how surely
    it is known (its derivative is -(1 - observed)/(1 - expected)²). None where there is no kappa.
    """
    both = [unit for unit in units if len(unit) == 2]
    if kappa(both) is None:
        return None
    # 1 - kappa is the share that differs, in units of the share that would differ by chance.
    first, second = (Counter(unit[at] for unit in both) for at in (0, 1))
    by_chance = 1 - Fraction(sum(number * second[code] for code, number in first.items()), len(both) ** 2)
    return float(1 - (1 - Fraction(low)) / by_chance), float(1 - (1 - Fraction(high)) / by_chance)
