"""Questions answered with a number: their unit, their range, and the groups in which tables count them.

A number is exact everywhere: in an export as text, in forms and marts as a whole number or a decimal. Where it is parsed, it is
the whole number of its last decimal place: 12.5 in steps of 0.5 is 125.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Context, Decimal

from frs_pipeline.errors import Gathered
from frs_pipeline.study.faults import Location
from frs_pipeline.study.spec import YamlFile

# The largest number of last decimal places; what is parsed has to fit into 32 bits, beside marks for what is no number.
LARGEST = 1_999_999_998
# Stands for a number with more decimals than its question, or one that is larger than any.
NO_PLACE = -LARGEST - 1
_MOST_GROUPS = 127
# Stands for any number where all that counts is whether one was given.
ANSWERED = 1
_NUMBER = re.compile(r"[+-]?[0-9]{1,15}(?:[.,][0-9]{1,20})?")
# Significant digits that files of fractions of two, as SPSS and Excel write them, are sure to hold of a number.
_SURE = Context(prec=15)

Number = int | Decimal


@dataclass(frozen=True)
class Span:
    """The numbers from `low` to `high`, both included: what a table counts of a question answered with a number.

    They are whole, or decimals that show how many decimals each of the numbers has.
    """

    low: Number
    high: Number

    def __contains__(self, value: object) -> bool:
        return isinstance(value, int | Decimal) and self.low <= value <= self.high

    @property
    def decimals(self) -> int:
        """How many decimals the numbers have."""
        return -int(Decimal(self.high).as_tuple().exponent)


@dataclass(frozen=True)
class Measured:
    """How a number is written: in multiples of `unit`, from `low` to `high`; and its groups, each from a number to another."""

    unit: Decimal
    low: Decimal
    high: Decimal
    groups: tuple[tuple[str, Decimal, Decimal], ...] = ()

    @property
    def decimals(self) -> int:
        """How many decimals a number has; 0 where the unit is whole."""
        return decimals_of(self.unit)

    @property
    def span(self) -> Span:
        """All numbers that a form may have, as marts hold them."""
        return Span(self.value(self.places(self.low)), self.value(self.places(self.high)))

    def places(self, number: Decimal) -> int:
        """Return a number as the whole number of its last decimal place."""
        return int(number.scaleb(self.decimals))

    def value(self, places: int) -> Number:
        """Return a whole number of last decimal places as marts hold it: whole, or with its decimals."""
        return Decimal(places).scaleb(-self.decimals) if self.decimals else places

    def fits(self, places: int) -> bool:
        """Return whether a form may have this number."""
        return self.places(self.low) <= places <= self.places(self.high) and places % self.places(self.unit) == 0

    def group(self, number: Number) -> int | None:
        """Return the group of a number, counted from 1; None where it is in none."""
        return next((at for at, (_, low, high) in enumerate(self.groups, start=1) if low <= number <= high), None)

    def described(self) -> str:
        """Say which numbers there are, in a few words."""
        return f"{plain(self.low)} to {plain(self.high)} in steps of {plain(self.unit)}"


def place_of(word: str, number: Measured) -> int | None:
    """Return what a cell holds, with decimal comma or point, as the whole number of its last decimal place.

    None for what is no number, `NO_PLACE` for one that has no place. Nothing is guessed: `1.234` is one and a bit, never a
    thousand.
    """
    if not (_NUMBER.fullmatch(word) and word.isascii()):
        return None
    read = Decimal(word.replace(",", "."))
    if len(read.as_tuple().digits) > _SURE.prec:
        read = _SURE.plus(read)
    places = read.scaleb(number.decimals)
    if places != places.to_integral_value() or abs(places) > LARGEST:
        return NO_PLACE
    return int(places)


def number_in(word: str, number: Measured) -> Number | None:
    """Return what a cell holds as marts do; None for what is no number that a form may have."""
    places = place_of(word, number)
    return number.value(places) if places is not None and number.fits(places) else None


def plain(number: Number) -> str:
    """Write a number with a decimal point, without needless zeros and never as a power of ten."""
    text = format(Decimal(number), "f")
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"


def decimals_of(unit: Decimal) -> int:
    exponent = unit.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def measured(
    file: YamlFile,
    where: Location,
    name: str,
    unit: Decimal | None,
    limits: tuple[Decimal, Decimal] | None,
    groups: Mapping[str, tuple[Decimal, Decimal]],
) -> Measured:
    """Make what is known of a number. Raises `InputError` with file and line for what can't be, saying what is right."""
    if unit is None:
        raise file.error(where, f"{name} is a number and needs a unit", "write unit: 1 for whole numbers, 0.1 for one decimal")
    if unit <= 0:
        raise file.error([*where, "unit"], f"unit: {plain(unit)} isn't allowed", "more than 0")
    if limits is None:
        raise file.error(where, f"{name} is a number and needs a range", "write range: [lowest, highest]")
    low, high = limits
    if low >= high:
        raise file.error([*where, "range"], "range: the second number isn't above the first", "write range: [lowest, highest]")
    made = Measured(unit, low, high, tuple((label, *ends) for label, ends in groups.items()))
    if max(abs(low), abs(high), unit) * 10**made.decimals > LARGEST:
        what = f"range: numbers in steps of {plain(unit)} go to {plain(Decimal(LARGEST).scaleb(-made.decimals))}"
        raise file.error([*where, "range"], what, "narrow the range, or give a larger unit")
    for at, end in enumerate(limits):
        if end % unit:
            what = f"range: {plain(end)} isn't a multiple of {plain(unit)}"
            raise file.error([*where, "range", at], what, "correct it, or the unit")
    _check_groups(file, [*where, "groups"], made)
    return made


def _check_groups(file: YamlFile, where: list[str | int], number: Measured) -> None:
    """Raise `InputError` unless every number is in one group, and the groups are in order."""
    if len(number.groups) > _MOST_GROUPS:
        raise file.error(where, f"{len(number.groups)} groups are more than {_MOST_GROUPS}", "make fewer, wider ones")
    wrong, wanted = Gathered(), number.low
    for label, low, high in number.groups:
        with wrong:
            if low > high:
                raise file.error([*where, label], f"{label} ends before it begins", f"write {label}: [lowest, highest]")
            if low % number.unit or high % number.unit:
                what = f"{label} doesn't begin and end with a multiple of {plain(number.unit)}"
                raise file.error([*where, label], what, "both its numbers belong to it")
            if low != wanted:
                what = f"{label} begins at {plain(low)}, where {plain(wanted)} comes next"
                raise file.error([*where, label], what, "give groups in order, each number in one")
        wanted = high + number.unit
    wrong.check()
    if number.groups and wanted != number.high + number.unit:
        label, _, high = number.groups[-1]
        what = f"{label}, the last, ends at {plain(high)}, and the range at {plain(number.high)}"
        raise file.error([*where, label], what, "let both end at the same number")
