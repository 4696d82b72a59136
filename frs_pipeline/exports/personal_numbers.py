"""Personal numbers (CPR), where none belong: finding and masking them.

DDMMYY-SSSS, with a hyphen, blanks or nothing between; a replacement number has its day plus 60. The check digit says
nothing since 2007, so a date that can be is what makes ten digits a personal number.
"""

from __future__ import annotations

import re

_DAY = r"(?:0[1-9]|[12][0-9]|3[01]|6[1-9]|[78][0-9]|9[01])"
_MONTH = r"(?:0[1-9]|1[0-2])"
_NUMBER = rf"{_DAY}[ ./-]?{_MONTH}[ ./-]?[0-9]{{2}} ?[-–]? ?[0-9]{{4}}"
# For Arrow, whose expressions can't look around.
PATTERN = rf"(?:^|[^0-9]){_NUMBER}(?:$|[^0-9])"
_PERSONAL_NUMBER = re.compile(rf"(?<![0-9]){_NUMBER}(?![0-9])")


def holds_personal_number(text: str) -> bool:
    """Does something in `text` read as a personal number, real or replacement?"""
    return _PERSONAL_NUMBER.search(text) is not None


def masked(text: str) -> str:
    """`text` with every personal number hidden."""
    return _PERSONAL_NUMBER.sub("••••••-••••", text)
