"""What gives a person away in a text, whatever file it stands in.

A kind of finding is a word or two; the text itself is never reported. Each text is searched in two readings: as it stands,
and as somebody reads it.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator

from frs_pipeline.personal_numbers import holds_personal_number
from frs_pipeline.privacy.codebook import Codebook, pseudonyms
from frs_pipeline.privacy.words import GENERAL, Words, words_of
from frs_pipeline.store.settings import IDENTITY
from frs_pipeline.study import Study, derived
from frs_pipeline.study.questionnaires import questionnaires

KEY, PERSONAL, CONFERENCE, ROW, PSEUDONYM, FORM, TEXT = (
    "secret key",
    "personal number",
    "conference number",
    "row of the codebook",
    "pseudonym",
    "form",
    "free text",
)

# A line of an export: the respondent and when the form was keyed.
_LINE = re.compile(r"(?<![0-9.:])[0-9]{5,9}['\"]?[;,\t|][^0-9\n]{0,20}20[0-9]{2}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}")
_CODE = re.compile(r"(?<=[ :=])(?:-?[0-9]{1,2}(?:\.0)?|None|nan|null|<NA>)(?!\w|[.,][0-9])")
_NAMED = re.compile(r"(?<!\w)(\w{2,40})\W{1,6}$")
_DASHES, _INVISIBLE = re.compile("[‐‑‒–—―−]"), re.compile("[\u00ad\u200b\u2060\ufeff]")
_ESCAPED = re.compile(r"\\+(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|U00((?:0[0-9a-fA-F]|10)[0-9a-fA-F]{4}))")
_HALVES = re.compile("[\ud800-\udbff][\udc00-\udfff]")
# Stands between different cells or lines of a page, so that no number continues across them.
APART = " \x1f "
_BROKEN = re.compile(r"\\+[nrt]")
_APART = re.compile(r"</?(?:t[dhr]|li|p|div|br|text|tspan|h[1-6]|option|[a-z]*:?(?:si|t|c|v|row))\b[^<>]{0,2000}>", re.I)
_TAG = re.compile(r"<[^<>]{0,2000}>")


def kinds_in(reading: str, words: Words = GENERAL) -> set[str]:
    """Find what gives a person away in a text that may stand beyond the restricted zone: kinds, without where or what.

    Whether numbers of conferences stand beside their pseudonyms is judged for whole files (`Beside`).
    """
    kinds = _everywhere(reading, words)
    return kinds | ({CONFERENCE} if words.header.search(reading) else set())


def kinds_in_trace(study: Study, reading: str, codebook: Codebook) -> set[str]:
    """Find the same in what is kept of runs, where a single form or conference has no place either."""
    kinds = _everywhere(reading, words_of(study))
    if any(next(pseudonyms(reading, book), None) for book in (codebook, codebook.cases) if book):
        kinds.add(PSEUDONYM)
    if _LINE.search(reading) or _form_ids(study).search(reading) or _answers(study, reading):
        kinds.add(FORM)
    return kinds


def _everywhere(reading: str, words: Words) -> set[str]:
    """Find what has no place in any text: keys, personal numbers of any kind, numbers called those of conferences."""
    kinds = {KEY} if IDENTITY in reading else set()
    if holds_personal_number(reading, figures=True) or words.personal.found(reading):
        kinds.add(PERSONAL)
    return kinds | ({CONFERENCE} if words.calls_a_number(reading) else set())


def readings(text: str) -> Iterator[str]:
    """Yield the text as it stands, and as somebody reads it: no tags or escapes, one kind of digit, dash and blank."""
    plain = _normal(text)
    yield plain
    read = _normal(html.unescape(_TAG.sub("", _APART.sub(APART, _unescaped(plain)))))
    if read != plain:
        yield read


def reading_of_trace(text: str) -> str:
    """Return the text of a log or an event: JSON, maybe within JSON."""
    return _normal(_unescaped(text))


def _normal(text: str) -> str:
    """Turn full-width digits into digits, dashes into hyphens, hard blanks into blanks; drop what can't be seen."""
    if text.isascii():
        return text
    return _INVISIBLE.sub("", _DASHES.sub("-", unicodedata.normalize("NFKC", text)))


def _unescaped(text: str) -> str:
    """Take a text out of JSON, maybe within JSON, with its line ends and letters."""
    if "\\" not in text:
        return text
    letters = _ESCAPED.sub(lambda m: chr(int(m[1] or m[2] or m[3], 16)), text)
    # A letter beyond 16 bits is escaped in two halves.
    whole = _HALVES.sub(lambda m: m[0].encode("utf-16", "surrogatepass").decode("utf-16"), letters)
    return _BROKEN.sub(" ", whole)


@derived
def _form_ids(study: Study) -> re.Pattern[str]:
    prefixes = "|".join(form.form_prefix for form in questionnaires(study).values())
    return re.compile(rf"-(?:(?<=\b(?:{prefixes})-))(?:line)?[0-9]{{5,9}}\b")


@derived
def _questions(study: Study) -> frozenset[str]:
    return frozenset(name for form in questionnaires(study).values() for q in form.questions for name in (q.name, q.source))


def _answers(study: Study, text: str) -> bool:
    """Return whether three answers in a row stand behind the names of their questions."""
    row, last = 0, 0
    for code in _CODE.finditer(text):
        named = _NAMED.search(text, max(last, code.start() - 48), code.start())
        row = row + 1 if named and named[1] in _questions(study) else 0
        last = code.end()
        if row == 3:
            return True
    return False
