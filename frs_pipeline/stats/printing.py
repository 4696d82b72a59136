"""Figures as the report's SPSS tables print them, and back: Danish decimal comma, ties away from zero."""

import math
import re
from decimal import ROUND_HALF_UP, Context, Decimal

NOT_COMPUTABLE = "ikke beregnelig"

# The most significant digits that a float is sure to hold.
_DIGITS = 15
# A finite float has at most 309 digits before the point; the default 28 would refuse to quantize the larger.
_CONTEXT = Context(prec=400, rounding=ROUND_HALF_UP)
_PRINTED = re.compile(r"-?(?:[0-9]+(?:,([0-9]+))?|,([0-9]+))")


def round_half_away(value: float, decimals: int) -> Decimal:
    """Round `value` to `decimals` places, ties away from zero, as SPSS does; a zero comes without its sign.

    The value is first read to fifteen significant digits, the most a float holds of any decimal number:
    2.675 is taken as written (the float lies below it) and 14.499999999999998 as the 14.5 that was meant.
    That cannot make a tie of a ratio that is none: a percentage of up to 1e9 forms lies at least 5e-13 from
    every tie of three decimals, ten times what the fifteen digits leave out.
    Raises ValueError for a negative `decimals` and for nan and infinities.
    """
    if decimals < 0:
        raise ValueError("decimals must be zero or more")
    if not math.isfinite(value):
        raise ValueError("only finite figures can be rounded")
    # Whole numbers are exact, also those of more than fifteen digits.
    exact = Decimal(int(value)) if value == int(value) else Decimal(format(float(value), f".{_DIGITS}g"))
    rounded = exact.quantize(Decimal(1).scaleb(-decimals), context=_CONTEXT)
    return rounded if rounded else abs(rounded)


def spss(value: float | None, decimals: int, *, leading_zero: bool) -> str:
    """Return `value` as SPSS prints it in Danish: `59,5`, and `,286` or `-,286` without the leading zero.

    None prints as "ikke beregnelig"; a negative zero never prints. What would take more digits than a float holds prints
    as a power of ten, `1,414E+27`, which `parse` refuses; no figure of a table gets there. Raises ValueError as
    `round_half_away`.
    """
    if value is None:
        return NOT_COMPUTABLE
    rounded = round_half_away(value, decimals)
    if abs(rounded) > 10 ** (_DIGITS - decimals):
        return format(float(value), f".{decimals}E").replace(".", ",")
    digits = format(abs(rounded), "f").replace(".", ",")
    if not leading_zero and digits.startswith("0,"):
        digits = digits[1:]
    return f"-{digits}" if rounded < 0 else digits


def in_english(printed: str) -> str:
    """Write a printed figure with a decimal point: `59.5`, `.286`."""
    return "not computable" if printed == NOT_COMPUTABLE else printed.replace(",", ".")


def count_text(n: int) -> str:
    """Write a count in plain digits, without a thousands separator."""
    return str(int(n))


def in_groups(printed: str, mark: str) -> str:
    """Write the thousands of a printed figure apart: `1104` is `1.104` with a full stop; its decimals stay together."""
    whole = re.match(r"[^0-9,.]*[0-9]{4,}", printed)
    if whole is None:
        return printed
    return re.sub(r"(?<=[0-9])(?=(?:[0-9]{3})+$)", mark, whole[0]) + printed[whole.end() :]


def decimals_of(printed: str) -> int:
    """Return how many decimals a printed figure shows: 3 for ",286", 0 for "13". Raises ValueError for junk."""
    match = _match(printed)
    return len(match[1] or match[2] or "")


def parse(printed: str) -> Decimal:
    """Return the value of a printed figure, with its decimals: ",286" is Decimal("0.286").

    Raises ValueError for anything else, thousands separators and decimal points included: 1.182 could be
    either. "ikke beregnelig" is no value and is refused too.
    """
    _match(printed)
    value = Decimal(printed.replace(",", "."))
    return value if value else abs(value)


def _match(printed: str) -> re.Match[str]:
    match = _PRINTED.fullmatch(printed)
    if match is None:
        raise ValueError("not a printed figure; expected digits with a decimal comma, such as 59,5 or -,286")
    return match
