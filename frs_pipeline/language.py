"""Words for people: a text in both languages, and counts with their noun."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from pydantic import model_validator

Language = Literal["danish", "english"]
LANGUAGES: tuple[Language, ...] = ("danish", "english")
# What HTML calls them.
CODES: dict[Language, str] = {"danish": "da", "english": "en"}


@dataclass(frozen=True)
class Text:
    """The same in Danish and in English; in a file of the study two keys, or one text that is the same in every language."""

    danish: str
    english: str

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}

    @model_validator(mode="before")
    @classmethod
    def _in_every_language(cls, given: Any) -> Any:
        return dict.fromkeys(LANGUAGES, given) if isinstance(given, str) else given

    def in_language(self, language: Language) -> str:
        """Return the text in one language."""
        return self.danish if language == "danish" else self.english

    def capitalised(self) -> Text:
        """Return the same with capital first letters, as a sentence begins."""
        return Text(*(words[:1].upper() + words[1:] for words in (self.danish, self.english)))


def beside(words: str, english: str | None) -> Text:
    """Return what a study says in its first language with its English; the same in both where it says no English."""
    return Text(words, english or words)


_MONTHS = (
    Text("januar", "January"),
    Text("februar", "February"),
    Text("marts", "March"),
    Text("april", "April"),
    Text("maj", "May"),
    Text("juni", "June"),
    Text("juli", "July"),
    Text("august", "August"),
    Text("september", "September"),
    Text("oktober", "October"),
    Text("november", "November"),
    Text("december", "December"),
)


def plural(number: int, one: str, many: str | None = None) -> str:
    """Write a number with its noun (and verb); `many` where it isn't `one` with an s, as in `1 entry`, `2 entries`."""
    return f"{number} {one if number == 1 else many or f'{one}s'}"


def noun_of(number: int, one: Text, many: Text) -> Text:
    """Return the noun that goes with a number, in both languages."""
    return one if number == 1 else many


def counted(number: int, one: Text, many: Text) -> Text:
    """Write a number with its noun in both languages: `1 skema`, `2 skemaer`."""
    noun = noun_of(number, one, many)
    return Text(f"{number} {noun.danish}", f"{number} {noun.english}")


def ranges(numbers: Sequence[int]) -> str:
    """Write ascending numbers in short: `1-20, 33`."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1] = [runs[-1][0], number]
        else:
            runs.append([number])
    return ", ".join("-".join(map(str, run)) for run in runs)


def date_text(day: str) -> Text:
    """Write the date that names a delivery: `30. november 2020`, `30 November 2020`; any other name as it is."""
    try:
        date = dt.date.fromisoformat(day)
    except ValueError:
        return Text(day, day)
    month = _MONTHS[date.month - 1]
    day_of = {"danish": f"{date.day}.", "english": f"{date.day}"}
    return Text(*(f"{day_of[language]} {month.in_language(language)} {date.year}" for language in LANGUAGES))
