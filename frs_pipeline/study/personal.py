"""The kind of personal identifier that a study has: the Danish personal number, one of a pattern of its own, or none."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, model_validator

from frs_pipeline.study.spec import Spec

_KINDS = ("danish_cpr", "none")
# What is escaped, or stands in a class of letters, is a letter.
_LETTER = r"(?:[^\\\[]|\\[^AZ]|\[\^?\]?(?:\\.|[^\]\\])*\])*?"
_ENDS = re.compile(rf"^{_LETTER}(?:[\^$]|\\[AZ])")
_BRACE = re.compile(rf"^{_LETTER}(?:\{{(?!\d+(?:,\d*)?\}}|,\d+\}}))")


def _ours() -> Iterator[str]:
    """Yield what stands in results by right, in a few examples: small numbers, ids of forms, a pseudonym, a day; and a number
    that is in the colours of every workbook."""
    yield from map(str, range(100_000))
    yield from (f"XX-{10**digits}" for digits in range(9))
    yield from ("XX-line17", "KABCDEFG", "2020-11-30", "16200000")


class PersonalId(Spec):
    """What identifies a person; `pattern` is a regular expression that fits all of one, where the study has its own."""

    kind: Literal["danish_cpr", "pattern", "none"] = "pattern"
    pattern: str = ""

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if self.kind != "pattern":
            return self
        try:
            fits = re.compile(f"(?:{self.pattern})").fullmatch
        except re.error as error:
            raise ValueError(f"pattern isn't a regular expression: {error}") from None
        if _ENDS.search(self.pattern):
            # Somewhere in a text, it would never be found.
            raise ValueError("pattern says where a text begins or ends: leave out ^ and $, it fits all of an identifier anyway")
        if _BRACE.search(self.pattern):
            raise ValueError(r"pattern has a brace that repeats nothing: write {5}, or \{ for the brace itself")
        ours = next((word for word in ("", *_ours()) if fits(word)), None)
        if ours is not None:
            raise ValueError(f"pattern fits {f'{ours}, which stands in results' if ours else 'what is empty'}, too")
        return self

    @property
    def within(self) -> re.Pattern[str] | None:
        """The pattern where it stands in a text, with no letter or digit on either side; None where the study has none."""
        return re.compile(rf"(?<!\w)(?:{self.pattern})(?!\w)") if self.pattern else None

    def found(self, text: str) -> bool:
        """Return whether a text holds an identifier of the study's own kind."""
        return self.within is not None and self.within.search(text) is not None


def _said(value: object) -> object:
    if value in _KINDS:
        return {"kind": value}
    if isinstance(value, dict) and list(value) == ["pattern"]:
        return value
    raise ValueError("it is danish_cpr, none, or {pattern: …}")


# As study.yaml writes it.
Written = Annotated[PersonalId, BeforeValidator(_said)]
DANISH_CPR = PersonalId(kind="danish_cpr")
