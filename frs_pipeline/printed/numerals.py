"""Printed numbers as the audit reads them: their value, their places, and what could have been rounded to them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor

from frs_pipeline.language import Text
from frs_pipeline.study.tables import Address

# A decimal comma or point; a leading zero may lack. Thousands have no separator.
_NUMBER = re.compile(r"([-−]?)([0-9]*)(?:[.,]([0-9]+))?\s*%?")
_UNITS = Fraction(1, 2)


@dataclass(frozen=True)
class Figure:
    """One printed number: where it stands, as it is printed, its value and how many decimals it shows."""

    address: Address
    text: str
    value: Fraction
    places: int

    @property
    def unit(self) -> Fraction:
        """One in the last place."""
        return Fraction(1, 10**self.places)

    @property
    def low(self) -> Fraction:
        """The least number that could have been rounded to it."""
        return self.value - self.unit * _UNITS

    @property
    def high(self) -> Fraction:
        """The greatest number that could have been rounded to it."""
        return self.value + self.unit * _UNITS

    @property
    def whole(self) -> int | None:
        """Its value as a count; None for one with a fraction or below zero."""
        return int(self.value) if self.value.denominator == 1 and self.value >= 0 else None

    def written(self, value: Fraction | int) -> str:
        """Write another value as this one is printed: as many places, the same sign for decimals, a zero before it or none."""
        text = f"{abs(rounded(Fraction(value), self.places)):.{self.places}f}"
        if "." not in self.text and ("," in self.text or self.places == 0):
            text = text.replace(".", ",")
        if text[0] == "0" and len(text) > 1 and self.text.lstrip("-−")[:1] in ".,":
            text = text[1:]
        sign = "-" if rounded(Fraction(value), self.places) < 0 else ""
        return f"{sign}{text}{'%' if self.text.rstrip().endswith('%') else ''}"


def figure(address: Address, text: str | None) -> Figure | None:
    """Read a printed number; None for none, and for what isn't a number, such as a dash or `<,001`."""
    match = None if text is None else _NUMBER.fullmatch(text.strip())
    if text is None or match is None or not (match[2] or match[3]):
        return None
    value = Fraction(Decimal(f"{match[2] or 0}.{match[3] or 0}"))
    return Figure(address, text, -value if match[1] else value, len(match[3] or ""))


def rounded(exact: Fraction, places: int) -> Decimal:
    """Round half away from zero, as SPSS does."""
    scaled = floor(abs(exact) * 10**places + _UNITS)
    return Decimal(scaled if exact >= 0 else -scaled).scaleb(-places)


def _half_even(exact: Fraction, places: int) -> Decimal:
    return Decimal(round(exact * 10**places)).scaleb(-places)


def _cut(exact: Fraction, places: int) -> Decimal:
    scaled = exact * 10**places
    return Decimal(floor(scaled) if exact >= 0 else ceil(scaled)).scaleb(-places)


# How reports round, the most usual habit first.
HABITS: Mapping[str, Callable[[Fraction, int], Decimal]] = {"half away": rounded, "half even": _half_even, "cut off": _cut}


def prints(exact: Fraction, printed: Figure, habit: str = "half away") -> bool:
    """Return whether a number comes out as printed, by a habit of rounding."""
    return Fraction(HABITS[habit](exact, printed.places)) == printed.value


def decimal(value: Fraction | float | int, places: int) -> Text:
    """Write a number with its decimals, in each language with its own sign."""
    text = f"{rounded(Fraction(value), places):.{places}f}"
    return Text(text.replace(".", ","), text)
