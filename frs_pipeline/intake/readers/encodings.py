"""Texts that went through a wrong encoding: recognised by the letters that they come out with.

A text that is no longer the questionnaire's because of it must not be taken for a changed one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

# What was written as one encoding, and read as another; by Excel's CSV (MS-DOS), by its CSV (Macintosh), by a program that
# took UTF-8 for something else.
_TAKEN_FOR = (("utf-8", "cp1252"), ("utf-8", "latin-1"), ("cp850", "cp1252"), ("mac_roman", "cp1252"), ("cp1252", "cp850"))
# What programs leave in the place of a letter that they couldn't write.
_INSTEAD = ("?", "\ufffd", "_", "")
_LEAD, _TRAIL = "\u00c2-\u00c5", "\u0080-\u00bf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013-\u2122"
_UTF8_AS_CP1252 = re.compile(f"[{_LEAD}][{_TRAIL}]")
WRONG = "was saved in a wrong encoding: æ, ø, å don't come out as themselves"


def same_letters(text: str) -> str:
    """Return `text` with every letter as one sign (NFC); some programs write an å as an a and a ring."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def is_garbled(text: str) -> bool:
    """Return whether `text` holds letters that only a wrong encoding makes."""
    return not text.isascii() and ("\ufffd" in text or _UTF8_AS_CP1252.search(text) is not None)


def garbled(texts: Iterable[str]) -> set[str]:
    """Return what `texts` look like after wrong encodings, where that isn't one of them."""
    known, wrong = set(texts), set()
    for text in known:
        if not text.isascii():
            wrong |= {text.encode(by, "replace").decode(read, "replace") for by, read in _TAKEN_FOR}
            wrong |= {"".join(letter if letter.isascii() else sign for letter in text) for sign in _INSTEAD}
    # What is left of a short text may be a word of its own.
    return {text for text in wrong - known if len(text) > 2}
