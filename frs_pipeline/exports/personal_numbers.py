"""Personal numbers (CPR), where none belong: finding and masking them.

DDMMYY-SSSS, with the year in two digits or four, and a hyphen, blanks or nothing between; a replacement number has its
day plus 60. The check digit says nothing since 2007, so a date that can be is what makes ten digits a personal number.
"""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

from frs_pipeline.errors import InputError

_DAY = r"(?:0[1-9]|[12][0-9]|3[01]|6[1-9]|[78][0-9]|9[01])"
_MONTH = r"(?:0[1-9]|1[0-2])"
# Every hyphen, dash and minus that there is, and what looks like a blank.
_DASHES, _BLANKS = "‐‑‒–—―−﹘﹣－-", "\u00a0\u2007\u2009\u202f"
_BLANK = f"[ {_BLANKS}]"
_NUMBER = (
    rf"{_DAY}[ ./{_BLANKS}{_DASHES}]?{_MONTH}[ ./{_BLANKS}{_DASHES}]?(?:18|19|20)?[0-9]{{2}}"
    rf"{_BLANK}{{0,2}}[/{_DASHES}]?{_BLANK}{{0,2}}[0-9]{{4}}"
)
# For Arrow, whose expressions can't look around.
PATTERN = rf"(?:^|[^0-9]){_NUMBER}(?:$|[^0-9])"
PERSONAL_NUMBER = re.compile(rf"(?<![0-9]){_NUMBER}(?![0-9])")


def holds_personal_number(text: str) -> bool:
    """Does something in `text` read as a personal number, real or replacement?"""
    return PERSONAL_NUMBER.search(_plain_digits(text)) is not None


def masked(text: str) -> str:
    """`text` with every personal number hidden."""
    plain = _plain_digits(text)
    if plain == text:
        return PERSONAL_NUMBER.sub("••••••-••••", text)
    pieces, end = [], 0
    for found in PERSONAL_NUMBER.finditer(plain):
        pieces += [text[end : found.start()], "••••••-••••"]
        end = found.end()
    return "".join([*pieces, text[end:]])


def refuse_in_names(folder: Path) -> None:
    """Raises `InputError` when a file of the delivery in `folder` is called by a personal number.

    Names of files stand in messages, logs and the manifest.
    """
    for path in sorted(folder.rglob("*")):
        if holds_personal_number(path.name):
            raise InputError("the name of a file here is a personal number", where=path.parent, do="give it another name")


def _plain_digits(text: str) -> str:
    """`text` with the digits of every script as 0 to 9, letter by letter; as it is where there are none."""
    if text.isascii():
        return text
    return "".join(str(unicodedata.decimal(c, c)) for c in text)
