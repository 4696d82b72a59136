"""What gives a person away in a text, whatever file it stands in.

A kind of finding is a word or two; which text it was is never said. What is searched are readings of a text: as it
stands, and as somebody reads it.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from frs_pipeline.exports.columns import NUMBER, NUMBER_AGAIN
from frs_pipeline.exports.ledger import COLUMNS as LEDGER_COLUMNS
from frs_pipeline.exports.personal_numbers import PERSONAL_NUMBER
from frs_pipeline.questionnaires.model import questionnaires
from frs_pipeline.settings import IDENTITY

KEY, PERSONAL, CONFERENCE, ROW, PSEUDONYM, FORM, TEXT = (
    "secret key",
    "personal number",
    "conference number",
    "row of the codebook",
    "pseudonym",
    "form",
    "free text",
)

# Columns that are called so have no place beyond the restricted zone.
FORBIDDEN_COLUMNS = re.compile(
    rf"conference_number|{NUMBER}|{NUMBER_AGAIN}|{LEDGER_COLUMNS[0]}|r[åa]a?dslagningsn(umme)?r|personal_number|person(nummer|nr)|cpr.*",
    re.IGNORECASE,
)

# Long enough for a personal number, with what may stand between its digits; everything else is passed over quickly.
_DIGITS = re.compile(r"[0-9][0-9 ./-]{8,}[0-9]")
_HASH = re.compile(r"(?=[0-9]*[a-f])[0-9a-f]{16,128}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TOKEN = re.compile(r"[0-9a-zA-Z-]+")
# Each begins with letters that can be looked for quickly.
_CALLED = tuple(
    re.compile(rf"{name}[^\w\n]{{1,6}}[0-9]{{1,9}}(?![0-9])")
    for name in ("dslagnings?[ _-]?(?:nummer|nr)", "conference[ _-]?number", f"{NUMBER}2?")
)
_HEADER = re.compile(rf"(?:^|[\n\r;,\t\"|>])(?:{FORBIDDEN_COLUMNS.pattern.replace('.*', '[a-z_]*')})(?=[\n\r;,\t\"|<]|$)", re.I)
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9-]{5,30}")
_NEAR = 60
# Line of an export: the respondent and when the form was keyed.
_LINE = re.compile(r"(?<![0-9.:])[0-9]{5,9}['\"]?[;,\t|][^0-9\n]{0,20}20[0-9]{2}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}")
_CODE = re.compile(r"(?<=[ :=])(?:-?[0-9]{1,2}(?:\.0)?|None|nan|null|<NA>)(?!\w|[.,][0-9])")
_NAMED = re.compile(r"(?<!\w)(\w{2,40})\W{1,6}$")
_LOOKALIKES = str.maketrans({**dict.fromkeys("‐‑‒–—―−", "-"), **dict.fromkeys("\u00ad\u200b\u2060\ufeff", "")})
_LOOKALIKE = re.compile("[‐‑‒–—―−\u00ad\u200b\u2060\ufeff]")
_ESCAPED = re.compile(r"\\+u([0-9a-fA-F]{4})")
_BROKEN = re.compile(r"\\+[nrt]")
_APART = re.compile(r"</?(?:t[dhr]|li|p|div|br|text|tspan|h[1-6]|option|[a-z]*:?(?:si|t|c|v|row))\b[^<>]{0,2000}>", re.I)
_TAG = re.compile(r"<[^<>]{0,2000}>")


class Codebook:
    """Conference numbers by pseudonym: what may stand beside each other nowhere."""

    def __init__(self, pseudonyms: Sequence[str] = (), numbers: Sequence[int] = ()) -> None:
        # Not a dictionary: a codebook may have millions, of which a text holds hardly any.
        names = np.array([name.encode() for name in pseudonyms] or [b""])
        order = np.argsort(names)
        self._names, self._numbers = names[order], np.array(numbers or [0])[order]

    @property
    def largest(self) -> int:
        """The largest conference number."""
        return int(self._numbers.max())

    @property
    def size(self) -> int:
        """How many conferences there are."""
        return int((self._names != b"").sum())

    def numbers(self) -> NDArray[np.int64]:
        """All conference numbers (n,), ascending."""
        return np.sort(self._numbers[self._names != b""])

    def places(self, names: NDArray[np.bytes_]) -> NDArray[np.int64]:
        """Where each of `names` (n,) stands among the conferences; -1 for what is no pseudonym."""
        at = np.minimum(np.searchsorted(self._names, names), len(self._names) - 1)
        return np.where((self._names[at] == names) & (names != b""), at, -1)

    def number_at(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """Conference numbers (n,) by their places."""
        return np.asarray(self._numbers[places], np.int64)

    def of(self, words: set[str]) -> dict[str, int]:
        """Those of `words` (ASCII) that are pseudonyms, with their numbers."""
        if not words:
            return {}
        wanted = sorted(words)
        places = self.places(np.array([word.encode() for word in wanted]))
        return {wanted[i]: int(self._numbers[places[i]]) for i in np.flatnonzero(places >= 0).tolist()}


def kinds_in(reading: str, codebook: Codebook) -> set[str]:
    """What gives a person away in a text that may stand beyond the restricted zone: kinds, without where or what."""
    found = {KEY} if IDENTITY in reading else set()
    if holds_personal_number(reading):
        found.add(PERSONAL)
    if _calls_a_number(reading) or _HEADER.search(reading):
        found.add(CONFERENCE)
    if any(_beside(reading, *place) for place in _pseudonyms(reading, codebook)):
        found.add(ROW)
    return found


def kinds_in_trace(reading: str, codebook: Codebook) -> set[str]:
    """The same in what is kept of runs, where there is no place for a single form or conference either."""
    found = {KEY} if IDENTITY in reading else set()
    if holds_personal_number(reading):
        found.add(PERSONAL)
    if _calls_a_number(reading):
        found.add(CONFERENCE)
    if next(_pseudonyms(reading, codebook), None):
        found.add(PSEUDONYM)
    if _LINE.search(reading) or _form_ids().search(reading) or _answers(reading):
        found.add(FORM)
    return found


def readings(text: str) -> Iterator[str]:
    """The text as it stands, and as somebody reads it: without tags and escapes, with one kind of digit, dash and blank."""
    plain = _normal(text)
    yield plain
    read = _normal(html.unescape(_TAG.sub("", _APART.sub(" ", _unescaped(plain)))))
    if read != plain:
        yield read


def reading_of_trace(text: str) -> str:
    """The text of a log or an event: JSON, maybe within JSON."""
    return _normal(_unescaped(text))


def _normal(text: str) -> str:
    """Full-width digits as digits, dashes as hyphens, hard blanks as blanks; what can't be seen goes."""
    if text.isascii():
        return text
    plain = unicodedata.normalize("NFKC", text)
    return plain.translate(_LOOKALIKES) if _LOOKALIKE.search(plain) else plain


def _unescaped(text: str) -> str:
    """A text out of JSON, maybe within JSON, with its line ends and letters."""
    return _BROKEN.sub(" ", _ESCAPED.sub(lambda m: chr(int(m[1], 16)), text)) if "\\" in text else text


def holds_personal_number(text: str) -> bool:
    """Does something in a text of ours read as a personal number? Hashes, decimals and seconds since 1970 don't."""
    for run in _DIGITS.finditer(text):
        for found in PERSONAL_NUMBER.finditer(text, max(0, run.start() - 1), min(len(text), run.end() + 1)):
            start, end = found.span()
            bare = found[0].isdigit()
            if bare and (_is_decimal(text, start) or (text[end : end + 1] == "." and text[end + 1 : end + 2].isdigit())):
                continue
            if not _in_hash(text, start, end):
                return True
    return False


def _is_decimal(text: str, start: int) -> bool:
    return text[start - 1 : start] == "." and start > 1 and text[start - 2].isdigit()


def _in_hash(text: str, start: int, end: int) -> bool:
    around = text[max(0, start - 130) : end + 130]
    at = start - max(0, start - 130)
    token = next(m for m in _TOKEN.finditer(around) if m.end() > at)
    return token.start() <= at and _HASH.fullmatch(token[0]) is not None


def _pseudonyms(text: str, codebook: Codebook) -> Iterator[tuple[int, int, int]]:
    """Where a pseudonym stands in a text, and its conference's number."""
    known = codebook.of(set(_WORD.findall(text)))
    if known:
        for word in _WORD.finditer(text):
            if word[0] in known:
                yield word.start(), word.end(), known[word[0]]


def _beside(text: str, start: int, end: int, number: int) -> bool:
    near = f"{text[max(0, start - _NEAR) : start]} {text[end : end + _NEAR]}"
    return re.search(rf"(?<![\w.,]){number}(?![\w]|[.,][0-9])", near) is not None


def _calls_a_number(text: str) -> bool:
    lower = text.lower()
    return any(pattern.search(lower) for pattern in _CALLED)


@cache
def _form_ids() -> re.Pattern[str]:
    prefixes = "|".join(form.form_prefix for form in questionnaires().values())
    return re.compile(rf"-(?:(?<=\b(?:{prefixes})-))(?:line)?[0-9]{{5,9}}\b")


@cache
def _questions() -> frozenset[str]:
    return frozenset(name for form in questionnaires().values() for q in form.questions for name in (q.name, q.source))


def _answers(text: str) -> bool:
    """Do three answers in a row stand behind the names of their questions?"""
    row, last = 0, 0
    for code in _CODE.finditer(text):
        named = _NAMED.search(text, max(last, code.start() - 48), code.start())
        row = row + 1 if named and named[1] in _questions() else 0
        last = code.end()
        if row == 3:
            return True
    return False
