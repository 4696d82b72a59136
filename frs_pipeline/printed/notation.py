"""Numbers as reports print them anywhere, rewritten as `stats.printing` reads them: with a decimal comma and nothing else.

Only counts may have thousands separators: they are whole, so that three digits behind a comma or point can't be decimals.
"""

from __future__ import annotations

import re
from typing import NamedTuple

COUNTS = ("count", "n")
# What stands in a cell for which nothing is printed.
NOTHING = ("", "-", "–", "—", ".", "..", "…")
_SPACES = " \u00a0\u2009\u202f"
_WHOLE = re.compile(r"[0-9]{1,15}(?:[.,]0{1,2})?")
_THOUSANDS = re.compile(rf"[0-9]{{1,3}}(?:([.,'’{_SPACES}])[0-9]{{3}})(?:\1[0-9]{{3}}){{0,3}}")
_FRACTION = re.compile(rf"([-−–]?)([0-9]{{0,15}})(?:([.,])([0-9]{{1,15}}))?[{_SPACES}]?(%?)")
# Of a p, often only a limit is printed: <.001, p < .001.
_LIMIT = re.compile(r"(?:p\s*)?<\s*(?=0?[.,][0-9])", re.IGNORECASE)
_SHARE = rf"[0-9]*(?:[.,][0-9]+)?[{_SPACES}]?%?"
_COUNT = rf"[0-9][0-9.,'’{_SPACES}]*"
# A count and a percentage in one cell: 35/21%, 35 (21 %), 35 (21), 21% (35), or one below the other.
_BOTH = (
    re.compile(rf"(?P<count>{_COUNT}?)\s*/\s*(?P<share>{_SHARE})"),
    re.compile(rf"(?P<count>{_COUNT}?)\s*\(\s*(?P<share>{_SHARE})\s*\)"),
    re.compile(rf"(?P<share>{_SHARE}%)\s*\(\s*(?:n\s*=\s*)?(?P<count>{_COUNT}?)\s*\)", re.IGNORECASE),
    re.compile(rf"(?P<share>{_SHARE}%)\s*/\s*(?P<count>{_COUNT}?)"),
    re.compile(rf"(?P<count>{_COUNT}?)\s+(?P<share>{_SHARE}%)"),
    re.compile(rf"(?P<share>{_SHARE}%)\s+(?P<count>{_COUNT}?)"),
)
# A number with the mark of a footnote: 20*, 20a, 40% ¹.
_MARKED = re.compile(rf"[-−–]?[0-9]*(?:[.,][0-9]+)?[{_SPACES}]?%?[{_SPACES}]?(?:[*†‡¹²³]+|(?<=[0-9%])[a-z])")


class Printed(NamedTuple):
    """A printed number: rewritten, and whether it was printed with a decimal point."""

    text: str
    point: bool = False


def rewritten(cell: str, measure: str) -> Printed:
    """Rewrite a printed number. Raises `ValueError` that says what is wrong with it, and what to do."""
    if measure == "p" and _LIMIT.match(cell):
        text, point = _fraction(_LIMIT.sub("", cell))
        return Printed(f"<{text}", point)
    return _whole(cell) if measure in COUNTS else _fraction(cell)


def looks_printed(cell: str) -> bool:
    """Return whether a cell can be a printed number, or a count and a percentage."""
    whole = _WHOLE.fullmatch(cell) or _THOUSANDS.fullmatch(cell)
    return bool(whole) or _is_fraction(_LIMIT.sub("", cell)) or both(cell) is not None


def both(cell: str) -> tuple[str, str] | None:
    """Return the count and the percentage that one cell holds; None for any other cell."""
    found = next((match for pattern in _BOTH if (match := pattern.fullmatch(cell))), None)
    if found is None or not any(map(str.isdigit, found["share"])):
        return None
    return found["count"].strip(), found["share"].strip()


def is_marked(cell: str) -> bool:
    """Return whether a cell is a number with the mark of a footnote behind it."""
    return any(map(str.isdigit, cell)) and _MARKED.fullmatch(cell) is not None


def in_points(text: str) -> str:
    """Write the numbers of a sentence with decimal points: a comma right before a digit is a decimal comma."""
    return re.sub(r",(?=[0-9])", ".", text)


def _whole(cell: str) -> Printed:
    if _WHOLE.fullmatch(cell):
        return Printed(re.split("[.,]", cell)[0])
    if _THOUSANDS.fullmatch(cell):
        return Printed(re.sub("[^0-9]", "", cell))
    if cell.endswith("%"):
        raise ValueError("is a percentage where a count belongs; call the column or row by what it holds")
    if _is_fraction(cell):
        raise ValueError(
            "isn't a count; call the column Percent if it is one, and take out means and weighted counts, which aren't audited"
        )
    raise ValueError(_fault(cell) or "isn't a count; write a whole number, as it is printed")


def _is_fraction(cell: str) -> bool:
    match = _FRACTION.fullmatch(cell)
    return match is not None and bool(match[2] or match[4])


def _fraction(cell: str) -> Printed:
    match = _FRACTION.fullmatch(cell)
    if match is None or not _is_fraction(cell):
        raise ValueError(_fault(cell) or "isn't a number; write it as it is printed: 59,5 or 59.5, with or without %")
    minus, whole, mark, decimals, sign = match.groups()
    digits = f"{whole}{',' if decimals else ''}{decimals or ''}"
    return Printed(f"{'-' if minus else ''}{digits}{sign}", mark == ".")


def _fault(cell: str) -> str | None:
    if cell[:1] in "<>≤≥":
        return "is a bound, which can't be tested; leave the cell empty"
    if re.fullmatch(r"\([0-9.,]+\)", cell):
        return "stands in brackets; leave them out"
    if re.fullmatch(r"[-−–]?[0-9.,]+\s?%?\s?(?:[a-zA-Z*†‡¹²³]+)", cell):
        return "carries the mark of a footnote; leave the mark out"
    return None
