"""The claims of a printed report as data: what each says, which figures it rests on, and under which condition it holds.

Every chapter of the report is a file in `published/claims/`. The words of a claim hold no number: numbers are values, bound to
figures of tables or to questions of forms, or quoted from the report (`said`). `published/words.yaml` says what verbal
quantities are tested as, and why claims can't be tested.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from frs_pipeline.language import Text
from frs_pipeline.stats.printing import parse
from frs_pipeline.stats.strength import Strength
from frs_pipeline.study.instruments import BOTH
from frs_pipeline.study.spec import Spec
from frs_pipeline.study.tables import TOTAL, TOTAL_VALID, Address

FOLDER = "published/claims"
WORDS = "published/words.yaml"
PLACEHOLDER = re.compile(r"\{(\w+)\}")
# A phrase identifies a sentence of the report; what is longer copies it.
_LONGEST_PHRASE = 12


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


def _short(phrase: str) -> str:
    if len(phrase.split()) > _LONGEST_PHRASE:
        raise ValueError(f"is {len(phrase.split())} words long: quote the shortest that identifies it, {_LONGEST_PHRASE} at most")
    return phrase


Printed = Annotated[str, AfterValidator(_a_number)]
Cited = Annotated[str, AfterValidator(_numbers)]
# Numbers stand in braces, by the name of a value.
Words = Annotated[Text, AfterValidator(_no_digits)]
Phrase = Annotated[str, Field(min_length=1), AfterValidator(_short)]
# A page of the printed report, or the two between which the sentence stands.
Pages = Annotated[str, Field(pattern="^[0-9]+(–[0-9]+)?$")]
# Small letters, also the Danish ones, digits and _.
_NAME = r"^[a-z\u00e6\u00f8\u00e5_0-9]+$"
Name = Annotated[str, Field(pattern=_NAME)]


class Cells(Spec):
    """Cells of a table: those of some answers in some rows.

    The answers are the rows of a frequency or distribution, and the columns of a crosstab. Several rows are added up.
    """

    table: int
    answers: tuple[str, ...] = ()
    row: str | tuple[str, ...] = TOTAL

    @property
    def rows(self) -> tuple[str, ...]:
        return (self.row,) if isinstance(self.row, str) else self.row

    def counts(self, kind: str) -> tuple[Address, ...]:
        """List the counts of these cells; without answers, those of all valid ones."""
        if kind in ("frequency", "distribution"):
            return tuple(Address(self.table, a, "", "", "count") for a in self.answers or (_whole(kind),))
        if kind.startswith("correlation"):
            return (Address(self.table, "", "", "", "n"),)
        return tuple(Address(self.table, row, a, "", "count") for row in self.rows for a in self.answers or (TOTAL,))


def _whole(kind: str) -> str:
    """Return the row in which a table of one question counts all valid answers."""
    return TOTAL_VALID if kind == "frequency" else TOTAL


class Share(Cells):
    """Forms in these cells, as a percentage of all in their rows (or, `of` all, in the table)."""

    answers: tuple[str, ...] = Field(min_length=1)
    of: Literal["row", "all"] = "row"

    def base(self, kind: str) -> tuple[Address, ...]:
        """List the counts that add up to what the share is of."""
        if kind in ("frequency", "distribution"):
            return (Address(self.table, _whole(kind) if self.of == "row" else TOTAL, "", "", "count"),)
        rows = self.rows if self.of == "row" else (TOTAL,)
        return tuple(Address(self.table, row, TOTAL, "", "count") for row in rows)


class Correlation(Spec):
    """A correlation table, or one group of it."""

    table: int
    group: str = ""

    def address(self, measure: str) -> Address:
        return Address(self.table, "", "", self.group, measure)


class Place(Spec):
    """A figure of a table by its place: a mean, or a share of those who ticked a box (case_percent)."""

    table: int
    measure: str
    row: str = ""
    column: str = ""
    group: str = ""

    @property
    def address(self) -> Address:
        return Address(self.table, self.row, self.column, self.group, self.measure)


class Pair(Spec):
    """Two questions of a questionnaire whose gamma no table prints, over all forms or those of one role."""

    mart: str
    row: str
    column: str
    group: str | None = None
    occasion: str = BOTH


class Asked(Spec):
    """Forms with one of these answers to a question that no table prints, as a percentage of those that answered it.

    `among` counts only forms with one of the answers that it lists to each question that it names.
    """

    mart: str
    question: str
    answers: tuple[str, ...] = Field(min_length=1)
    group: str | None = None
    occasion: str = BOTH
    among: dict[str, tuple[str, ...]] = Field(default_factory=dict)


class Points(Spec):
    """By how many percentage points (or how much) the first value exceeds the second."""

    of: str
    less: str


class Percent(Spec):
    """The first value as a percentage of the second: two counts, which may come from several tables."""

    of: str
    base: str


class Lacking(Spec):
    """A share of the conferences, from the unit non-response."""

    measure: str
    occasion: str = BOTH


class Leads(Spec):
    """In how many per cent of some tables one row has the greatest share (none greater). Of each share, only cells are read."""

    row: str
    shares: tuple[Share, ...] = Field(min_length=2)


class About(Spec):
    """Near a number, or near what the report prints: by how much it may be off, in the value's unit."""

    within: float
    of: float | str | None = None


class Condition(Spec):
    """What has to be true of a value, or of the value that it is compared with.

    `strength` lists the words for a gamma of which one must be its own; `word` is a quantity of words.yaml. A value that is
    the greatest, least, strongest or weakest of several may share its place.

    `certain` says whether it is statistically certain, by the forms: of a difference of two shares, that its MOVER interval
    excludes 0; of a gamma, that its p, adjusted for the tests of its family, is below .05, and that its interval holds no other
    strength than those named; of a value among those that it is the greatest or least of, that all differences from them have
    a p, adjusted for their number, below .05.
    """

    value: str
    at_least: float | str | None = None
    at_most: float | str | None = None
    above: float | str | None = None
    below: float | str | None = None
    equals: float | str | None = None
    as_said_within: float | None = Field(default=None, description="points by which it may differ from what the report prints")
    about: About | None = None
    strength: tuple[Strength, ...] = Field(default=(), description="one of these words, by the size of the gamma alone")
    significant: bool | None = None
    certain: bool | None = None
    greatest_of: tuple[str, ...] = ()
    least_of: tuple[str, ...] = ()
    strongest_of: tuple[str, ...] = ()
    weakest_of: tuple[str, ...] = ()
    word: str | None = None

    @property
    def limits(self) -> tuple[float | str | None, ...]:
        """What the value is compared with, number or name."""
        return (self.at_least, self.at_most, self.above, self.below, self.equals)

    @property
    def others(self) -> tuple[str, ...]:
        """The names of the values that this one is compared with."""
        of = self.about.of if self.about else None
        compared = (*self.limits, of, *self.greatest_of, *self.least_of, *self.strongest_of, *self.weakest_of)
        return tuple(other for other in compared if isinstance(other, str))

    @property
    def outranked(self) -> tuple[str, ...]:
        """The names of the values that it is to be the greatest, or the least, of."""
        return (*self.greatest_of, *self.least_of)

    @property
    def empty(self) -> bool:
        """Whether it says nothing that could fail."""
        said = (*self.limits, self.as_said_within, self.about, self.significant, self.certain, self.word)
        return all(one is None for one in said) and not (self.strength or self.others)


class Value(Spec):
    """One number of a claim, of exactly one kind. `said` is how the report prints it.

    `printed` is a number that the report prints in its text, `sum` adds values up, `percent` is one as a percentage of another,
    `kept` is how many per cent of some conditions hold. `low` and `high` are the ends of the interval of a share, of a difference
    of two shares or of a gamma, in the unit of that. `figure` is any figure of a table, `limit` a number that is set.
    """

    share: Share | None = None
    count: Cells | None = None
    gamma: Correlation | None = None
    p: Correlation | None = None
    pair: Pair | None = None
    asked: Asked | None = None
    lacking: Lacking | None = None
    leads: Leads | None = None
    points: Points | None = None
    percent: Percent | None = None
    sum: tuple[str, ...] | None = Field(default=None, min_length=2)
    kept: tuple[Condition, ...] | None = Field(default=None, min_length=2)
    low: str | None = None
    high: str | None = None
    figure: Place | None = None
    limit: Printed | None = None
    printed: Printed | None = None
    said: Printed | None = None

    @property
    def kinds(self) -> tuple[str, ...]:
        """Name what it is made from; exactly one, if it is sound."""
        return tuple(name for name in type(self).model_fields if name != "said" and getattr(self, name) is not None)

    @property
    def others(self) -> tuple[str, ...]:
        """The names of the values that this one is made from."""
        points = (self.points.of, self.points.less) if self.points else ()
        percent = (self.percent.of, self.percent.base) if self.percent else ()
        ends = (end for end in (self.low, self.high) if end)
        conditions = self.kept or ()
        return (*points, *percent, *(self.sum or ()), *ends, *(name for one in conditions for name in (one.value, *one.others)))

    @property
    def share_of_forms(self) -> Share | Asked | None:
        """The share of forms that this is, in a table or of answers that no table prints."""
        return self.share or self.asked

    @property
    def correlation(self) -> Correlation | None:
        """The printed correlation whose gamma or p this is."""
        return self.gamma or self.p

    def addresses(self, kinds: Mapping[int, str]) -> tuple[Address, ...]:
        """List the figures that it is made from: its parts, then its base. `kinds` are the kinds of tables, by number."""
        return tuple(self._addresses(kinds))

    def _addresses(self, kinds: Mapping[int, str]) -> Iterator[Address]:
        if self.gamma is not None:
            yield from (self.gamma.address("gamma"), self.gamma.address("n"))
        if self.p is not None:
            yield self.p.address("p")
        if self.figure is not None:
            yield self.figure.address
        shares = (self.share,) if self.share else self.leads.shares if self.leads else ()
        for share in shares:
            kind = kinds.get(share.table, "crosstab")
            yield from (*share.counts(kind), *share.base(kind))
        if self.count is not None:
            yield from self.count.counts(kinds.get(self.count.table, "crosstab"))


class Subject(Spec):
    """What a claim speaks of: whose forms, which questions of them, whose answers. Empty, where it is about no form."""

    forms: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()
    role: str | None = None


class Testable(Spec):
    """A sentence that can be tested: its words with numbers in braces, the values they name, the conditions for its truth."""

    says: Words
    values: dict[Name, Value] = Field(default_factory=dict)
    holds: tuple[Condition, ...] = ()


class Claim(Testable):
    """One claim of the report, quoted at its first place by `phrase`.

    `says` is what it says in other words, `instead` what is printed when it doesn't hold. `counted` notes what was counted
    where the sentence reads as something else. `untested` is the reason of words.yaml why no figure can tell, and `because`
    says more.
    """

    id: str = Field(pattern=_NAME)
    pages: Pages | None = None
    phrase: Phrase | None = None
    of: Subject = Subject()
    instead: Words | None = None
    counted: Words | None = None
    said: dict[Name, Cited] = Field(default_factory=dict, description="numbers of the report that aren't tested")
    untested: str | None = None
    because: Words | None = None


class Repeat(Spec):
    """A place where the report says again what it has claimed before."""

    claim: str
    pages: Pages | None = None
    phrase: Phrase


class ReportChapter(Spec):
    """One chapter of the printed report: its place in it, its heading, and what it claims."""

    place: int
    title: Text
    claims: tuple[Any, ...] = ()  # each a Claim, parsed on its own, so that a faulty one hides no other's faults
    repeats: tuple[Repeat, ...] = ()


class Quantity(Spec):
    """What a verbal quantity is tested as, in per cent."""

    says: Text
    at_least: float | None = None
    at_most: float | None = None
    above: float | None = None
    below: float | None = None


class ClaimWords(Spec):
    """What words.yaml says."""

    quantities: dict[str, Quantity] = Field(default_factory=dict)
    reasons: dict[str, Text] = Field(default_factory=dict)
