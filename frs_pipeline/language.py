"""Words: the same in Danish and in English, and counts with their noun."""

from __future__ import annotations

from pydantic import ConfigDict
from pydantic.dataclasses import dataclass


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Text:
    """The same in Danish and in English."""

    danish: str
    english: str


def plural(number: int, one: str, many: str | None = None) -> str:
    """A number with its noun (and verb); `many` where it isn't `one` with an s, as in `1 entry`, `2 entries`."""
    return f"{number} {one if number == 1 else many or f'{one}s'}"
