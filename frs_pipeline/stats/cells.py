"""What a cell of a table of counts can be: a count, a word, empty, or something that is neither."""

import re
from collections.abc import Sequence
from enum import Enum
from itertools import pairwise

# Whole numbers, also with decimals that are zero; but not with three of them, since 34.000 could be thirty-four thousand.
_WHOLE = re.compile(r"(0|[1-9][0-9]*)(?:[.,](?:0{1,2}|0{4,}))?|0[.,]0+")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:[.,][0-9]*)?|[.,][0-9]+)")
_THOUSANDS = re.compile(r"[0-9]{1,3}(?:[.,][0-9]{3})+")
# A count with the letter of a footnote, as in 10a: it would pass for a word.
_FOOTNOTE = re.compile(r"[0-9][0-9\s.,]*[^\W\d]")
_ERROR = re.compile(r"#(?:N/A|REF|DIV/0|VALUE|NAME|NUM|NULL|I/T|[A-ZÆØÅ]+[!?]).*", re.IGNORECASE)
# Bands of numbers, as programs label them: (0, 5].
_INTERVAL = re.compile(rf"[\[(]\s*{_NUMBER.pattern}\s*[,;]\s*(?:{_NUMBER.pattern}|[+-]?inf)\s*[\])]")
_MISSING = ("na", "n/a", "n.a.", "nan", "null", "none", "inf", "infinity", "nil")
# Any count of up to 18 digits fits 64 bits.
_MAX_DIGITS = 18


class Kind(Enum):
    """What a cell is. `ODD` is neither a count nor plainly a label: `<5`, `1 010`, `10*`, `3.5`, `N/A`."""

    COUNT = "count"
    WORD = "word"
    EMPTY = "empty"
    ODD = "odd"


def kind(cell: str) -> Kind:
    """Classify a cell by itself. A word has a letter or is an interval, and isn't a number in another guise."""
    if not cell:
        return Kind.EMPTY
    if _WHOLE.fullmatch(cell):
        return Kind.COUNT
    if _INTERVAL.fullmatch(cell):
        return Kind.WORD
    letters = any(character.isalpha() for character in cell)
    disguised = cell.casefold() in _MISSING or _FOOTNOTE.fullmatch(cell) or is_error(cell) or _is_float(cell)
    return Kind.WORD if letters and not disguised else Kind.ODD


def is_error(cell: str) -> bool:
    """Return whether this is what a spreadsheet writes where it can't compute, such as `#N/A`."""
    return _ERROR.fullmatch(cell) is not None


def number(cell: str) -> float | None:
    """Return the number in a cell, whole or with a decimal point or comma; None for anything else."""
    return float(cell.replace(",", ".")) if _NUMBER.fullmatch(cell) else None


def count(cell: str) -> int:
    """Return the count in a cell. Raises ValueError, saying what is wrong and what to do."""
    if not cell:
        raise ValueError("is empty; write 0 where there are none")
    whole = _WHOLE.fullmatch(cell)
    if whole is None:
        raise ValueError(_fault(cell))
    digits = whole[1] or "0"
    if len(digits) > _MAX_DIGITS:
        raise ValueError(f"is too large; give at most {_MAX_DIGITS} digits")
    return int(digits)


def _fault(cell: str) -> str:
    if cell[0] in "-\N{MINUS SIGN}" and number(cell[1:]) is not None:
        return "is negative; give counts of zero or more"
    if _THOUSANDS.fullmatch(cell):
        return "may be thousands or a fraction, and is not a whole number in plain digits; write 1010 for a thousand and ten"
    if cell.isascii() and cell.isdigit():
        return "begins with a zero, as codes do and the ends of numbers that a delimiter has cut in two; write 7 for seven"
    return "is not a whole number; give plain digits, and labels in the first column only"


def are_codes(values: Sequence[float]) -> bool:
    """Return whether these are plainly codes: they rise or fall throughout, and the lowest is 0 or 1 or the steps are equal.

    Two numbers have only one step, so they must differ by 1.
    """
    if not rise_or_fall(values):
        return False
    steps = {abs(after - before) for before, after in pairwise(values)}
    return min(values) in (0, 1) or (len(steps) == 1 and (len(values) > 2 or steps == {1}))


def are_run(values: Sequence[float]) -> bool:
    """Return whether these are 1, 2, 3 … or 0, 1, 2 …, forwards or backwards."""
    rising = sorted(values)
    return rising[0] in (0, 1) and rising == [rising[0] + i for i in range(len(values))] and rise_or_fall(values)


def are_plain_set(values: Sequence[float]) -> bool:
    """Return whether these are codes in any order: 1, 2, 3 …, 0, 1, 2 …, or three or more with equal steps, such as years."""
    rising = sorted(values)
    steps = {after - before for before, after in pairwise(rising)}
    return are_run(rising) or (len(rising) > 2 and len(steps) == 1 and 0 not in steps)


def rise_or_fall(values: Sequence[float], *, may_stay: bool = False) -> bool:
    """Return whether the values rise throughout or fall throughout; with `may_stay`, neighbours may be equal."""
    steps = [after - before for before, after in pairwise(values) if not (may_stay and after == before)]
    return all(step > 0 for step in steps) or all(step < 0 for step in steps)


def _is_float(cell: str) -> bool:
    try:
        float(cell.replace(",", "."))
    except ValueError:
        return False
    return True


def one_line(text: str) -> str:
    """Return a cell's text as an error can quote it: on one line, without anything unprintable."""
    printable = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(printable.split())
