"""What gives a person away in a text, whatever file it stands in.

A kind of finding is a word or two; which text it was is never said. What is searched are readings of a text: as it
stands, and as somebody reads it.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator

from frs_pipeline.intake.ledger import COLUMNS as LEDGER_COLUMNS
from frs_pipeline.intake.readers.columns import NUMBER, NUMBER_AGAIN
from frs_pipeline.personal_numbers import holds_personal_number
from frs_pipeline.privacy.codebook import Codebook, pseudonyms
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

# Columns that are called so have no place beyond the restricted zone.
FORBIDDEN_COLUMNS = re.compile(
    rf"conference_number|{NUMBER}|{NUMBER_AGAIN}|{LEDGER_COLUMNS[0]}|r[åa]a?dslagningsn(umme)?r|personal_number|person(nummer|nr)|cpr.*",
    re.IGNORECASE,
)

# Each begins with letters that can be looked for quickly.
_CALLED = tuple(
    re.compile(rf"{name}[^\w\n]{{1,6}}[0-9]{{1,9}}(?![0-9])")
    for name in ("dslagnings?[ _-]?(?:nummer|nr)", "conference[ _-]?number", f"{NUMBER}2?")
)
_HEADER = re.compile(rf"(?:^|[\n\r;,\t\"|>])(?:{FORBIDDEN_COLUMNS.pattern.replace('.*', '[a-z_]*')})(?=[\n\r;,\t\"|<]|$)", re.I)
# Line of an export: the respondent and when the form was keyed.
_LINE = re.compile(r"(?<![0-9.:])[0-9]{5,9}['\"]?[;,\t|][^0-9\n]{0,20}20[0-9]{2}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}")
_CODE = re.compile(r"(?<=[ :=])(?:-?[0-9]{1,2}(?:\.0)?|None|nan|null|<NA>)(?!\w|[.,][0-9])")
_NAMED = re.compile(r"(?<!\w)(\w{2,40})\W{1,6}$")
_LOOKALIKES = str.maketrans({**dict.fromkeys("‐‑‒–—―−", "-"), **dict.fromkeys("\u00ad\u200b\u2060\ufeff", "")})
_LOOKALIKE = re.compile("[‐‑‒–—―−\u00ad\u200b\u2060\ufeff]")
_ESCAPED = re.compile(r"\\+(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|U00((?:0[0-9a-fA-F]|10)[0-9a-fA-F]{4}))")
_HALVES = re.compile("[\ud800-\udbff][\udc00-\udfff]")
# Between what stands in different cells or lines of a page: no number goes on across it.
APART = " \x1f "
_BROKEN = re.compile(r"\\+[nrt]")
_APART = re.compile(r"</?(?:t[dhr]|li|p|div|br|text|tspan|h[1-6]|option|[a-z]*:?(?:si|t|c|v|row))\b[^<>]{0,2000}>", re.I)
_TAG = re.compile(r"<[^<>]{0,2000}>")


def kinds_in(reading: str) -> set[str]:
    """What gives a person away in a text that may stand beyond the restricted zone: kinds, without where or what.

    Whether numbers of conferences stand beside their pseudonyms is asked of whole files (`Beside`).
    """
    found = {KEY} if IDENTITY in reading else set()
    if holds_personal_number(reading, figures=True):
        found.add(PERSONAL)
    if _calls_a_number(reading) or _HEADER.search(reading):
        found.add(CONFERENCE)
    return found


def kinds_in_trace(study: Study, reading: str, codebook: Codebook) -> set[str]:
    """The same in what is kept of runs, where there is no place for a single form or conference either."""
    found = {KEY} if IDENTITY in reading else set()
    if holds_personal_number(reading, figures=True):
        found.add(PERSONAL)
    if _calls_a_number(reading):
        found.add(CONFERENCE)
    if next(pseudonyms(reading, codebook), None):
        found.add(PSEUDONYM)
    if _LINE.search(reading) or _form_ids(study).search(reading) or _answers(study, reading):
        found.add(FORM)
    return found


def readings(text: str) -> Iterator[str]:
    """The text as it stands, and as somebody reads it: without tags and escapes, with one kind of digit, dash and blank."""
    plain = _normal(text)
    yield plain
    read = _normal(html.unescape(_TAG.sub("", _APART.sub(APART, _unescaped(plain)))))
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
    if "\\" not in text:
        return text
    letters = _ESCAPED.sub(lambda m: chr(int(m[1] or m[2] or m[3], 16)), text)
    # A letter beyond 16 bits is escaped in two halves.
    whole = _HALVES.sub(lambda m: m[0].encode("utf-16", "surrogatepass").decode("utf-16"), letters)
    return _BROKEN.sub(" ", whole)


def _calls_a_number(text: str) -> bool:
    lower = text.lower()
    return any(pattern.search(lower) for pattern in _CALLED)


@derived
def _form_ids(study: Study) -> re.Pattern[str]:
    prefixes = "|".join(form.form_prefix for form in questionnaires(study).values())
    return re.compile(rf"-(?:(?<=\b(?:{prefixes})-))(?:line)?[0-9]{{5,9}}\b")


@derived
def _questions(study: Study) -> frozenset[str]:
    return frozenset(name for form in questionnaires(study).values() for q in form.questions for name in (q.name, q.source))


def _answers(study: Study, text: str) -> bool:
    """Do three answers in a row stand behind the names of their questions?"""
    row, last = 0, 0
    for code in _CODE.finditer(text):
        named = _NAMED.search(text, max(last, code.start() - 48), code.start())
        row = row + 1 if named and named[1] in _questions(study) else 0
        last = code.end()
        if row == 3:
            return True
    return False
