"""Personal numbers (CPR), where none belong: the one place that decides what reads as one, whatever is searched.

DDMMYY-SSSS; in a replacement number the day has 60 added. The check digit has meant nothing since 2007, so what makes ten
digits a personal number is a possible date. People write it in many ways (`WAYS`), with digits of any script. What a person
wrote (a reason, the name of a file, a cell of a form) is judged strictly; what a program wrote (`figures`) is full of other
numbers, so there a number among numbers, a decimal and seconds since 1970 are ignored.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from frs_pipeline.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

HIDDEN = "••••••-••••"

_DAY = r"(?:0[1-9]|[12][0-9]|3[01]|6[1-9]|[78][0-9]|9[01])"
_MONTH = r"(?:0[1-9]|1[0-2])"
_BEGINS_WITH_A_DATE = re.compile(rf"{_DAY}{_MONTH}(?:[0-9]{{6}}|(?:18|19|20)[0-9]{{6}})")

# Anything but letters and digits; not `\0` and `\x1f` either, which separate texts that have nothing to do with each other.
_BETWEEN = r"(?:[^\w\x00\x1f]|_)"
_SEPARATOR = rf"{_BETWEEN}{{1,4}}"
_YEAR = "(?:[0-9]{2}){1,2}"
_DATE = rf"(?:[0-9]{{2}}[ ./-]?[0-9]{{2}}[ ./-]?{_YEAR}|[0-9]{{2}}(?P<d>{_SEPARATOR})[0-9]{{2}}(?P=d){_YEAR})"
_DIGITS = rf"[0-9](?P<x>{_BETWEEN}{{1,2}})(?:[0-9](?P=x)){{4,6}}[0-9]"
_PAIRS = rf"[0-9]{{2}}(?P<s>{_BETWEEN})[0-9]{{2}}"
_FOUR = rf"[0-9](?P<y>{_BETWEEN}{{1,2}})(?:[0-9](?P=y)){{2}}[0-9]"


@dataclass(frozen=True)
class Way:
    """A way of writing a personal number, with examples.

    `among_figures`: also searched for in what programs write. `alone`: only a personal number with no other number beside it.
    """

    name: str
    pattern: re.Pattern[str]
    examples: tuple[str, ...]
    among_figures: bool = True
    alone: bool = False


def _way(name: str, pattern: str, *examples: str, among_figures: bool = True, alone: bool = False) -> Way:
    # A lookahead, so that a match that turns out to be none hides nothing that begins within it.
    return Way(name, re.compile(rf"(?<![0-9])(?=(?P<number>{pattern})(?![0-9]))"), examples, among_figures, alone)


# All examples are replacement numbers, which belong to nobody.
WAYS = (
    _way(
        "a date, whole or in its parts, and four digits, with anything between or nothing",
        rf"{_DATE}(?:{_SEPARATOR})?[0-9]{{4}}",
        *("610170-1234", "6101701234", "610170 1234", "610170 - 1234", "610170–1234", "610170−1234", "610170/1234"),
        *("610170_1234", "610170.1234", "610170:1234", "610170,1234", "610170+1234", "610170~1234", "610170·1234"),
        *("610170\t1234", "610170\n1234", "610170\r\n1234", "610170(1234)", "(610170) 1234", "(610170)-1234", "610170--1234"),
        *("61011970-1234", "610119701234", "61011970 1234", "６１０１７０-１２３４", "٦١٠١٧٠١٢٣٤", "६१०१७०-१२३४"),
        *("610170%201234", "610170%2D1234", "610170&nbsp;1234", "610170&#8211;1234", "⑥①⓪①⑦⓪-❶❷❸❹"),
        *("610170\u200b1234", "610\u00ad170-12\u206034", "610170\u00a01234", "6\ufe0f1\ufe0f0\ufe0f1\ufe0f7\ufe0f0\ufe0f1234"),
        *("61-01-70-1234", "61.01.70-1234", "61/01/70 1234", "61 01 70 1234", "61/01-70 1234", "6101-70 1234"),
        *("61.01.1970.1234", "61-01-1970-1234", "61.01.1970 1234", "61_01_70_1234", "61:01:70:1234", "61, 01, 70, 1234"),
    ),
    _way(
        "the last four digits in pairs",
        # The separator is required: in `01.02.2024 12`, the year goes on.
        rf"{_DATE}{_SEPARATOR}{_PAIRS}",
        *(
            "610170 12 34",
            "610170-12-34",
            "610170-12 34",
            "61 01 70 12 34",
            "61.01.70.12.34",
            "61-01-1970-12-34",
            "61 01 70-12 34",
        ),
    ),
    _way(
        "digit by digit",
        rf"{_DIGITS}(?:{_SEPARATOR})?(?:[0-9]{{4}}|{_PAIRS}|{_FOUR})",
        *("6 1 0 1 7 0 1 2 3 4", "6-1-0-1-7-0-1-2-3-4", "6 1 0 1 7 0 - 1 2 3 4", "6.1.0.1.7.0 1234", "6 1 0 1 1 9 7 0 1 2 3 4"),
    ),
    _way("the last four digit by digit", rf"{_DATE}{_SEPARATOR}{_FOUR}", "610170 1 2 3 4", "61.01.70 - 1.2.3.4"),
    _way(
        "in its parts, with something else between each, or a lot",
        rf"[0-9]{{2}}(?:{_BETWEEN}{{0,4}}[0-9]{{2}}){{2,3}}{_BETWEEN}{{1,8}}[0-9]{{2}}{_BETWEEN}{{0,4}}[0-9]{{2}}",
        *("(61) 01 70 - 1234", "( 610170 ) - ( 1234 )", "61 / 01 / 70 / 12 / 34", "610170     1234", "610170\n    1234"),
        among_figures=False,
        alone=True,
    ),
    _way(
        "in groups, as other numbers are",
        rf"[0-9]{{1,8}}(?P<g>{_BETWEEN}{{1,2}})[0-9]{{1,8}}(?:(?P=g)[0-9]{{1,8}}){{0,3}}",
        *("610 170 1234", "6101 70 1234", "61017 01234", "6101-701234", "6.101.701.234", "6101701-234"),
        among_figures=False,
    ),
)

_GAP = rf"{_BETWEEN}{{0,8}}"  # no way of writing has more between two digits


def _apart(digits: str) -> str:
    """Return a pattern of pairs of digits with anything between the two."""
    return re.sub(r"([0-9]|\[[0-9-]+\])([0-9]|\[[0-9-]+\])", lambda pair: pair[1] + _GAP + pair[2], digits)


# Ten digits that begin with a date, whatever is between them: what has none holds no personal number.
_DATED = re.compile(rf"{_apart(_DAY)}{_GAP}{_apart(_MONTH)}(?:{_GAP}[0-9]){{6}}")
# What lies between letters that stand neither in a personal number nor in what only looks like one (`_OTHER_FIGURES`).
_PIECE = re.compile("[^g-zA-SU-Z]{10,}")

_HOUR = "(?:[01][0-9]|2[0-3])[:.][0-5][0-9](?:[:.][0-5][0-9](?:[.,][0-9]+)?)?"
_REAL_DAY = "(?:0[1-9]|[12][0-9]|3[01])"
_TIMES = (
    rf"(?<![0-9])(?:18|19|20)[0-9]{{2}}(?P<i>[-./]){_MONTH}(?P=i){_REAL_DAY}(?:[ T]{{1,2}}{_HOUR})?(?![0-9])",
    rf"(?<![0-9]){_REAL_DAY}(?P<j>[-./]){_MONTH}(?P=j)(?:18|19|20)?[0-9]{{2}}[ T,(–-]{{1,3}}{_HOUR}(?![0-9])",
)
_HASHES = (
    r"(?<![0-9a-zA-Z])(?=[0-9]*[a-f])[0-9a-f]{16,128}(?![0-9a-zA-Z])",
    r"(?<![0-9a-zA-Z])[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![0-9a-zA-Z])",
)
_DECIMALS = (
    r"(?<![0-9.])[0-9]+\.[0-9]{5,}(?![0-9]|\.[0-9])",
    r"(?<![0-9.])[12][0-9]{9}\.[0-9]+",  # seconds since 1970
    r"(?<![0-9.])[0-9]{10}\.(?!0+(?![0-9]))[0-9]+",
)
_OTHER = re.compile("|".join((*_TIMES, *_HASHES)))
_OTHER_FIGURES = re.compile("|".join((*_TIMES, *_HASHES, *_DECIMALS)))
# What separates the cells of a row, the items of a list, or names from values.
_STRUCTURE, _LISTING = set(";|\"'[]{}<>=\\"), set(",\t\r\n")
_LISTED_BEFORE, _LISTED_BEHIND = re.compile(r"\[\s*$|[0-9][,\t\r\n]\s*$"), re.compile(r"\s*\]|[,\t\r\n]\s*[0-9]")
# The line number in `file:1: `, before a message, isn't a number beside another.
_NUMBER_BEFORE, _NUMBER_BEHIND = re.compile(rf"[0-9](?!: ){_BETWEEN}{{1,4}}$"), re.compile(rf"{_BETWEEN}{{1,4}}[0-9]")
# Invisible letters that aren't in the Unicode categories of invisible characters.
_FILLERS = set("\u115f\u1160\u3164\uffa0")


def holds_personal_number(text: str, *, figures: bool = False) -> bool:
    """Return whether `text` holds a personal number, real or replacement. `figures`: a program wrote it, not a person."""
    return any(next(_spans(_plain(reading), figures), None) is not None for reading in _readings(text))


def holding(texts: pa.StringArray, *, figures: bool = False) -> NDArray[np.bool_]:
    """Tell of each of `texts` (n,) whether it holds one, as `holds_personal_number`; null holds nothing."""
    import numpy as np
    import pyarrow.compute as pc

    # Arrow quickly rules out texts with fewer than ten digits, which is nearly all; other scripts need the slower pattern.
    hits = pc.fill_null(pc.match_substring_regex(texts, "(?:[0-9][^0-9]*){10}"), False).to_numpy(zero_copy_only=False).copy()
    other = pc.invert(pc.fill_null(pc.string_is_ascii(texts), True))
    if pc.any(other).as_py():
        digits = pc.count_substring_regex(texts.filter(other), r"\p{N}").to_numpy(zero_copy_only=False)
        hits[other.to_numpy(zero_copy_only=False)] = digits >= 10
    for at in hits.nonzero()[0].tolist():
        hits[at] = holds_personal_number(texts[at].as_py(), figures=figures)
    return np.asarray(hits)


def are_personal_numbers(values: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Tell which whole numbers (n,) are personal numbers, with a year of two digits or four; a leading zero may be missing."""
    century = (values // 10**6) % 100
    long = (values >= 10**10) & (century >= 18) & (century <= 20)
    day = values // 10 ** (8 + 2 * long)
    month = values // 10 ** (6 + 2 * long) % 100
    return (values < 10 ** (10 + 2 * long)) & (month >= 1) & (month <= 12) & (day >= 1) & (day <= 91) & ((day <= 31) | (day > 60))


def masked(text: str, own: re.Pattern[str] | None = None) -> str:
    """Return `text` with every personal number hidden, and all that fits a study's `own` pattern."""
    *_, read = _readings(text)
    shown = _masked(read if holds_personal_number(read) else text)
    return own.sub(HIDDEN, shown) if own else shown


def _masked(text: str) -> str:
    letters = [_seen(letter) for letter in text]
    # For each letter that is judged, where it stands in `text`: one letter may be judged as none, or as several.
    at = [place for place, seen in enumerate(letters) for _ in seen]
    pieces, end = [], 0
    for start, stop in _spans("".join(letters), figures=False):
        if at[start] >= end:
            pieces += [text[end : at[start]], HIDDEN]
            end = at[stop - 1] + 1
    return "".join([*pieces, text[end:]])


def refuse_in_names(folder: Path, own: Callable[[str], bool]) -> None:
    """Raise `InputError` when the name of a file of the delivery in `folder` holds a personal number, or the study's `own` kind.

    File names appear in messages and logs.
    """
    for path in sorted(folder.rglob("*")):
        if holds_personal_number(path.name) or own(path.name):
            raise InputError("the name of a file here is a personal number", where=path.parent, do="give it another name")


def _readings(text: str) -> Iterator[str]:
    """Yield `text` as it stands, and as it reads without the escapes of URLs and HTML."""
    yield text
    if ("%" in text or "&" in text) and (read := _unescaped(text)) != text:
        yield read


def _unescaped(text: str) -> str:
    return unquote(html.unescape(text))


def _plain(text: str) -> str:
    """Return `text` with digits of every script as 0 to 9, one kind of dash and blank, and without invisible letters."""
    if text.isascii():
        return text
    changed = {letter: seen for letter in set(text) if (seen := _seen(letter)) != letter}
    # Few letters change, and a pattern of those is quicker than looking up every letter.
    return re.sub(f"[{re.escape(''.join(sorted(changed)))}]", lambda found: changed[found[0]], text) if changed else text


def _seen(letter: str) -> str:
    """Return what a reader sees of a letter, as far as it matters in numbers."""
    if letter.isascii():
        return letter
    category = unicodedata.category(letter)
    if category in ("Cf", "Mn", "Me") or letter in _FILLERS:
        return ""
    if category == "Pd" or letter == "−":
        return "-"
    if category == "Zs":
        return " "
    # Whole letters first: a digit in a circle or in brackets is a digit too, and its brackets are no separators.
    alike = letter if unicodedata.digit(letter, None) is not None else unicodedata.normalize("NFKC", letter)
    return "".join(str(unicodedata.digit(c, c)) for c in alike)


def _spans(text: str, figures: bool) -> Iterator[tuple[int, int]]:
    """Yield where personal numbers begin and end in a plain text, sorted by their beginnings."""
    if _DATED.search(text) is None:
        return
    for piece in _PIECE.finditer(text):
        if _DATED.search(text, *piece.span()):
            # With the letter on either side, so that nothing is taken for the beginning or end of a word.
            start = max(0, piece.start() - 1)
            for begin, end in _spans_in_piece(text[start : piece.end() + 1], figures):
                yield start + begin, start + end


def _spans_in_piece(piece: str, figures: bool) -> list[tuple[int, int]]:
    other = _OTHER_FIGURES if figures else _OTHER
    text = other.sub(lambda match: "x" * len(match[0]), piece)
    spans = {
        match.span("number")
        for way in WAYS
        if way.among_figures or not figures
        for match in way.pattern.finditer(text)
        if _is_one(text, match, figures) and not (way.alone and _beside_another(text, *match.span("number")))
    }
    return sorted(spans)


def _is_one(text: str, match: re.Match[str], figures: bool) -> bool:
    """Return whether a match of one of the ways is a personal number, rather than part of a row of numbers."""
    number = match["number"]
    digits = re.sub("[^0-9]", "", number)
    if len(digits) not in (10, 12) or not _BEGINS_WITH_A_DATE.fullmatch(digits):
        return False
    between = set(number) - set("0123456789")
    repeated = {match[name] for name in ("d", "s", "x", "y", "g") if name in match.re.groupindex and match[name]}
    start, end = match.span("number")
    if any(_goes_on(text, start, end, separator) for separator in repeated):
        return False
    if not figures:
        return True
    if between & _STRUCTURE:
        return False
    before, behind = text[max(0, start - 20) : start], text[end : end + 20]
    return not (between & _LISTING and (_LISTED_BEFORE.search(before) or _LISTED_BEHIND.match(behind)))


def _beside_another(text: str, start: int, end: int) -> bool:
    """Return whether another number follows or precedes, with no word between."""
    return bool(_NUMBER_BEFORE.search(text[max(0, start - 5) : start]) or _NUMBER_BEHIND.match(text[end : end + 5]))


def _goes_on(text: str, start: int, end: int, separator: str) -> bool:
    """Return whether the digits continue before or behind with the same `separator`."""
    before, behind = text[max(0, start - len(separator) - 1) : start], text[end : end + len(separator) + 1]
    return (before[1:] == separator and before[:1].isdigit()) or (behind[:-1] == separator and behind[-1:].isdigit())
