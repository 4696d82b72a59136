"""The claims of the report's summary as data.

A claim says in `claims.yaml` which figures it rests on and under which condition it holds; its words hold no number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import AfterValidator, Field, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from frs_pipeline.errors import Gathered
from frs_pipeline.language import Text
from frs_pipeline.lineage.meaning import meanings
from frs_pipeline.stats.printing import parse
from frs_pipeline.study import Study, derived
from frs_pipeline.study.faults import choices
from frs_pipeline.study.instruments import BOTH
from frs_pipeline.study.spec import Spec, YamlFile
from frs_pipeline.study.tables import TOTAL, TOTAL_VALID, Address, Table, catalogue
from frs_pipeline.tables.nonresponse import measures

FILE = "claims.yaml"
PLACEHOLDER = re.compile(r"\{(\w+)\}")


def _no_digits(words: Text) -> Text:
    """The words, unless a number stands in them."""
    wrong = PydanticCustomError("digits", "numbers don't stand in words: name a value and put it in braces")
    texts = {"danish": words.danish, "english": words.english}
    found = [
        InitErrorDetails(type=wrong, loc=(language,), input=text)
        for language, text in texts.items()
        if any(letter.isdigit() for letter in text)
    ]
    if found:
        raise ValidationError.from_exception_data("words", found)
    return words


def bare(printed: str) -> str:
    """A printed number as `stats.printing` reads it: without a sign for per cent, and with a hyphen for minus."""
    return printed.replace("\u2212", "-").removesuffix("%").rstrip()


def _a_number(printed: str) -> str:
    try:
        parse(bare(printed))
    except ValueError:
        raise ValueError(f'\'{printed[:40]}\' isn\'t a number as the report prints one: "39,6%" or ",245"') from None
    return printed


def _numbers(printed: str) -> str:
    """One number or, of a source that gives a span, two: 84–86%."""
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
    """What the first share exceeds the second by, in percentage points."""

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
        """The figures that a share or a gamma is made from: its parts, then its base."""
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
    """A number from elsewhere that the report cites; what it is of, where that isn't the same."""

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
    claims: tuple[Any, ...]  # each a Claim, read for itself, so that one that can't be hides no other's faults


class Claims(Spec):
    """What `claims.yaml` says."""

    sources: dict[str, Source]
    sections: tuple[Section, ...]


class Fault(NamedTuple):
    """What is wrong at a place of a claim, and what to do."""

    at: tuple[str | int, ...]
    what: str
    do: str


def read_claims(study: Study, path: Path) -> Claims:
    """The claims; raises `InputError` with file and line for a figure, a value or a source that there isn't."""
    file = YamlFile(path)
    seen: set[str] = set()
    read: list[tuple[Claim, ...]] = []
    wrong = Gathered()
    with wrong:
        found = file.parse(Claims)
    for i in file.entries(["sections"]):
        read.append(())
        for j in file.entries(["sections", i, "claims"]):
            at: list[str | int] = ["sections", i, "claims", j]
            with wrong:
                claim: Claim = file.parse_at(at, Claim)
                read[-1] += (claim,)
                for fault in _faults(study, claim, file.entries(["sources"])):
                    with wrong:
                        raise file.error([*at, *fault.at], f"claim {claim.id}: {fault.what}", fault.do)
                if claim.id in seen:
                    raise file.error([*at, "id"], f"claim {claim.id} stands twice", "give one of them another id")
                seen.add(claim.id)
    wrong.check()
    sections = (section.model_copy(update={"claims": told}) for section, told in zip(found.sections, read, strict=True))
    return found.model_copy(update={"sections": tuple(sections)})


@derived
def claims(study: Study) -> Claims:
    """The claims that ship."""
    return read_claims(study, study.folder / FILE)


@derived
def line_of(study: Study, claim: str) -> int:
    """The line of `claims.yaml` on which a claim begins, counted from 1."""
    places = [(i, j, told.id) for i, section in enumerate(claims(study).sections) for j, told in enumerate(section.claims)]
    i, j = next((i, j) for i, j, name in places if name == claim)
    return YamlFile(study.folder / FILE).line(["sections", i, "claims", j])


def _has_no_rows(study: Study, table: int) -> bool:
    return table in catalogue(study) and catalogue(study)[table].kind in ("frequency", "distribution")


def _faults(study: Study, claim: Claim, sources: Sequence[str]) -> Iterator[Fault]:
    """What is wrong with a claim."""
    if bool(claim.holds) == bool(claim.untested):
        yield Fault((), "needs a condition, or the reason why it isn't tested", "write holds or untested, not both")
    if claim.holds and claim.instead is None:
        yield Fault((), "needs what is printed when it doesn't hold", "write instead")
    known = [*claim.values, *claim.said]
    for key in ("says", "instead", "untested"):
        words: Text | None = getattr(claim, key)
        for language in ("danish", "english") if words else ():
            for name in PLACEHOLDER.findall(getattr(words, language)):
                if name not in known:
                    yield Fault((key, language), f"no value is called {name}", choices(known, name))
    for index, condition in enumerate(claim.holds):
        for what, do in _of_condition(condition, claim.values):
            yield Fault(("holds", index), what, do)
    before: list[str] = []
    for name, value in claim.values.items():
        for what, do in _of_value(study, value, before):
            yield Fault(("values", name), f"{name}: {what}", do)
        before.append(name)
    for index, baseline in enumerate(claim.baselines):
        if baseline.source not in sources:
            at = ("baselines", index, "source")
            yield Fault(at, f"no source is called {baseline.source}", choices(sources, baseline.source))


def _of_condition(condition: Condition, values: Mapping[str, Value]) -> Iterator[tuple[str, str]]:
    """What is wrong with a condition, and what to do."""
    others = (condition.at_least, condition.at_most, condition.above, condition.below)
    for name in (condition.value, *(other for other in others if isinstance(other, str))):
        if name not in values:
            number = name != condition.value and any(letter.isdigit() for letter in name)
            do = "write it with digits and a decimal point, without quotes" if number else choices(values, name)
            yield f"no value is called {name}", do
    if all(limit is None for limit in (*others, condition.as_said_within, condition.strength)):
        yield f"the condition on {condition.value} says nothing that could fail", "write at_least, at_most, above or below"
    value = values.get(condition.value, Value())
    if condition.strength and value.gamma is None:
        yield f"{condition.value} has no strength: it isn't a gamma", "write at_least or at_most"
    if condition.as_said_within is not None and value.said is None:
        yield f"{condition.value} needs said, which as_said_within holds it against", "add said to the value"


def _of_value(study: Study, value: Value, before: Sequence[str]) -> Iterator[tuple[str, str]]:
    """What is wrong with a value, and what to do; `before` are the values above it."""
    told = [kind for kind in (value.share, value.gamma, value.points, value.lacking) if kind is not None]
    if len(told) != 1:
        yield "needs one of share, gamma, points and lacking", "leave one of them"
    elif value.points and not {value.points.of, value.points.less} <= set(before):
        yield "is a difference of values that don't stand above it", choices(before)
    elif value.share and len(set(value.share.answers)) < len(value.share.answers):
        yield "counts an answer twice", "name it once"
    elif value.share and value.share.row != TOTAL and _has_no_rows(study, value.share.table):
        yield f"names a row, and table {value.share.table} has only answers", "take row out"
    elif value.lacking and value.lacking.measure not in measures(study):
        measure = value.lacking.measure
        yield f"nothing of the unit non-response is called {measure}", choices(measures(study), measure)
    tables = {address.table for address in value.addresses(catalogue(study))}
    for table in sorted(tables - set(catalogue(study))):
        yield f"there is no table {table}", "docs/tables.md lists the tables"
    for address in value.addresses(catalogue(study)):
        if address.table in catalogue(study) and address not in meanings(study):
            figure = " · ".join(part for part in address[1:] if part)
            yield f"table {address.table} has no figure {figure}", f"frs tables {address.table} prints it"
