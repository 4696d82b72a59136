"""Statistics of numbers, from how often each occurs: exact up to the last division or root.

Quartiles are weighted averages at (n + 1) p, as SPSS and Minitab print them: definition 6 of Hyndman and Fan (1996), The
American Statistician 50:361.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from math import sqrt

# How many forms have each number.
Counted = dict[int | Decimal, int]
# The statistics in the order of tables, each with how many decimals it is printed with beyond those of the numbers, as SPSS does.
STATISTICS = {"mean": 2, "sd": 3, "min": 0, "q1": 2, "median": 2, "q3": 2, "max": 0}
# Which quarter of the forms lies below.
_QUARTERS = {"q1": 1, "median": 2, "q3": 3}


def summary(counted: Mapping[int | Decimal, int], decimals: int) -> dict[str, float | None]:
    """Compute the statistics of numbers with so many `decimals`, by name, each a single division of whole numbers (and a root).

    None where there is none: of no form, and the deviation of a single one. It is that of a sample, with n - 1.
    """
    scale = 10**decimals
    places = sorted((int(number * scale), forms) for number, forms in counted.items() if forms)
    n = sum(forms for _, forms in places)
    if not n:
        return dict.fromkeys(STATISTICS)
    total = sum(place * forms for place, forms in places)
    squares = sum(place * place * forms for place, forms in places)
    # Divided as doubles, as the query does that recounts it.
    deviation = sqrt(float(n * squares - total * total) / float(n * (n - 1) * scale * scale)) if n > 1 else None
    return {
        "mean": total / (n * scale),
        "sd": deviation,
        "min": places[0][0] / scale,
        **{name: _quartile(places, n, quarter) / (4 * scale) for name, quarter in _QUARTERS.items()},
        "max": places[-1][0] / scale,
    }


def _quartile(places: Sequence[tuple[int, int]], n: int, quarter: int) -> int:
    """Return four times the number below which a quarter, half or three quarters of the forms lie."""
    before, parts = divmod((n + 1) * quarter, 4)
    low, high = (_nth(places, min(max(at, 1), n)) for at in (before, before + 1))
    return 4 * low + parts * (high - low)


def _nth(places: Sequence[tuple[int, int]], wanted: int) -> int:
    """Return the number of the form that is the `wanted`, from 1, in their order."""
    so_far = 0
    for place, forms in places:
        so_far += forms
        if so_far >= wanted:
            return place
    raise ValueError("there are fewer forms")
