"""The claims of the report's summary as data.

A claim says in `claims.yaml` which figures it rests on and under which condition it holds; its words hold no number.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from frs_pipeline.language import Text
from frs_pipeline.stats.printing import parse
from frs_pipeline.study.instruments import BOTH
from frs_pipeline.study.spec import Spec
from frs_pipeline.study.tables import TOTAL, TOTAL_VALID, Address, Table

FILE = "claims.yaml"
PLACEHOLDER = re.compile(r"\{(\w+)\}")


def _no_digits(words: Text) -> Text:
    """Return the words, unless they hold a number."""
    wrong = PydanticCustomError("digits", "words may hold no numbers: name a value and put it in braces")
    texts = {"danish": words.danish, "english": words.english}
    errors = [
        InitErrorDetails(type=wrong, loc=(language,), input=text)
        for language, text in texts.items()
        if any(letter.isdigit() for letter in text)
    ]
    if errors:
        raise ValidationError.from_exception_data("words", errors)
    return words


def bare(printed: str) -> str:
    """Rewrite a printed number as `stats.printing` reads it: without a per cent sign, and with a hyphen for minus."""
    return printed.replace("\u2212", "-").removesuffix("%").rstrip()


def _a_number(printed: str) -> str:
    try:
        parse(bare(printed))
    except ValueError:
        raise ValueError(f'\'{printed[:40]}\' isn\'t a number as the report prints one: "39,6%" or ",245"') from None
    return printed


def _numbers(printed: str) -> str:
    """Accept one number or, where a source gives a range, two: 84–86%."""
    for part in printed.split("–"):
        _a_number(part)
    return printed


Printed = Annotated[str, AfterValidator(_a_number)]
Cited = Annotated[str, AfterValidator(_numbers)]
# Numbers stand in braces, by the name of a value.
Words = Annotated[Text, AfterValidator(_no_digits)]


class Share(Spec):
    """Forms with one of these answers, as a percentage of all in their row (or, `of` all, in the table).

    The answers are the rows of a frequency or distribution, and the columns of a crosstab.
    """

    table: int
    answers: tuple[str, ...] = Field(min_length=1)
    row: str = TOTAL
    of: Literal["row", "all"] = "row"


class Points(Spec):
    """By how many percentage points the first share exceeds the second."""

    of: str
    less: str


class Lacking(Spec):
    """A share of the conferences, from the unit non-response."""

    measure: str
    occasion: str = BOTH


class Value(Spec):
    """One number of a claim. `said` is how the report prints it."""

    share: Share | None = None
    gamma: int | None = Field(default=None, description="number of a correlation table")
    points: Points | None = None
    lacking: Lacking | None = None
    said: Printed | None = None

    def addresses(self, tables: Mapping[int, Table]) -> tuple[Address, ...]:
        """List the figures that a share or a gamma is made from: its parts, then its base."""
        if self.gamma is not None:
            return (Address(self.gamma, "", "", "", "gamma"), Address(self.gamma, "", "", "", "n"))
        if self.share is None:
            return ()
        share, number = self.share, self.share.table
        kind = tables[number].kind if number in tables else "crosstab"
        if kind in ("frequency", "distribution"):
            base = TOTAL_VALID if kind == "frequency" else TOTAL
            return tuple(Address(number, answer, "", "", "count") for answer in (*share.answers, base))
        base_row = share.row if share.of == "row" else TOTAL
        parts = (Address(number, share.row, answer, "", "count") for answer in share.answers)
        return (*parts, Address(number, base_row, TOTAL, "", "count"))


class Condition(Spec):
    """What has to be true of a value, or of the value that it is compared with."""

    value: str
    at_least: float | str | None = None
    at_most: float | str | None = None
    above: float | str | None = None
    below: float | str | None = None
    as_said_within: float | None = Field(default=None, description="points by which it may differ from what the report prints")
    strength: Literal["strong", "moderate", "weak"] | None = Field(
        default=None, description="at least so strong, and significant"
    )


class Source(Spec):
    """Where a baseline comes from."""

    name: Text
    cited: str


class Baseline(Spec):
    """A number from elsewhere that the report cites; `note` says what it is about, where that isn't the same."""

    source: str
    said: Cited
    note: Words | None = None


class Claim(Spec):
    """One claim. `instead` is what holds when it doesn't; `untested` says why no figure can tell."""

    id: str = Field(pattern="^[a-z_]+$")
    says: Words
    instead: Words | None = None
    values: dict[str, Value] = Field(default_factory=dict)
    said: dict[str, Printed] = Field(default_factory=dict, description="numbers of a claim that isn't tested")
    holds: tuple[Condition, ...] = ()
    untested: Words | None = None
    baselines: tuple[Baseline, ...] = ()


class Section(Spec):
    """Claims under one heading."""

    title: Words
    claims: tuple[Any, ...]  # each a Claim, parsed on its own, so that a faulty one hides no other's faults


class Claims(Spec):
    """What `claims.yaml` says."""

    sources: dict[str, Source]
    sections: tuple[Section, ...]
