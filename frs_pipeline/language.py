"""Words for people: a text in both languages, and counts with their noun."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

Language = Literal["danish", "english"]


@dataclass(frozen=True)
class Text:
    """The same in Danish and in English; in a file of the study, two keys."""

    danish: str
    english: str

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}

    def said(self, language: Language) -> str:
        """Return it in one of the two languages."""
        return self.danish if language == "danish" else self.english

    def capitalised(self) -> Text:
        """Return the same with capital first letters, as a sentence begins."""
        return Text(*(words[:1].upper() + words[1:] for words in (self.danish, self.english)))


def plural(number: int, one: str, many: str | None = None) -> str:
    """Write a number with its noun (and verb); `many` where it isn't `one` with an s, as in `1 entry`, `2 entries`."""
    return f"{number} {one if number == 1 else many or f'{one}s'}"
