"""The claims of the report's summary as data, and whether they hold on the forms of a delivery.

A claim says in `claims.yaml` which figures it rests on and under which condition it holds; its words hold no number.
Every number that a page prints of it is a `Bound`: a text with the addresses of the figures that it comes from.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

import pyarrow as pa
from pydantic import BeforeValidator, Field

from frs_pipeline.lineage.meaning import Address, meanings
from frs_pipeline.report.contents import Bilingual
from frs_pipeline.report.typography import number_text, points_text, share_text, shown, with_zero
from frs_pipeline.specs import Spec, YamlFile
from frs_pipeline.stats.counts import percent
from frs_pipeline.stats.printing import decimals_of, parse, round_half_away
from frs_pipeline.tables.figures import Figure, column
from frs_pipeline.tables.model import TOTAL, TOTAL_VALID, catalogue

CLAIMS = Path(__file__).parent / "claims.yaml"
PLACEHOLDER = re.compile(r"\{(\w+)\}")
SIGNIFICANT = 0.05
# Least size of a gamma, of whichever sign, that a word stands for.
STRENGTHS = {"strong": 0.3, "moderate": 0.2, "weak": 0.1}

Strength = Literal["strong", "moderate", "weak"]


def _no_digits(text: object) -> object:
    if isinstance(text, str) and any(letter.isdigit() for letter in text):
        raise ValueError("numbers don't stand in words: name a value and put it in braces")
    return text


Words = Annotated[str, BeforeValidator(_no_digits)]


class Said(Spec):
    """Words in both languages; numbers stand in braces, by the name of a value."""

    danish: Words
    english: Words


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
    occasion: Literal["first", "followup", "both"] = "both"


class Value(Spec):
    """One number of a claim. `said` is how the report prints it."""

    share: Share | None = None
    gamma: int | None = Field(default=None, description="number of a correlation table")
    points: Points | None = None
    lacking: Lacking | None = None
    said: str | None = None


class Condition(Spec):
    """What has to be true of a value, or of the value that it is compared with."""

    value: str
    at_least: float | str | None = None
    at_most: float | str | None = None
    above: float | str | None = None
    below: float | str | None = None
    as_said_within: float | None = Field(default=None, description="points by which it may differ from what the report prints")
    strength: Strength | None = Field(default=None, description="at least so strong, and significant")


class Source(Spec):
    """Where a baseline comes from."""

    name: Bilingual
    cited: str


class Baseline(Spec):
    """A number from elsewhere that the report cites; what it is of, where that isn't the same."""

    source: str
    said: str
    note: Said | None = None


class Claim(Spec):
    """One claim. `instead` is what holds when it doesn't; `untested` says why no figure can tell."""

    id: str = Field(pattern="^[a-z_]+$")
    says: Said
    instead: Said | None = None
    values: dict[str, Value] = Field(default_factory=dict)
    said: dict[str, str] = Field(default_factory=dict, description="numbers of a claim that isn't tested")
    holds: tuple[Condition, ...] = ()
    untested: Said | None = None
    baselines: tuple[Baseline, ...] = ()


class Section(Spec):
    """Claims under one heading."""

    title: Said
    claims: tuple[Claim, ...]


class _Claims(Spec):
    sources: dict[str, Source]
    sections: tuple[Section, ...]


@dataclass(frozen=True)
class Bound:
    """A number on the page: its text, and the figures that it comes from; none for one that is only cited."""

    text: str
    addresses: tuple[Address, ...] = ()
    cited: bool = False


@dataclass(frozen=True)
class Sentence:
    """Words and bound numbers in their order, in both languages."""

    danish: tuple[str | Bound, ...]
    english: tuple[str | Bound, ...]

    @staticmethod
    def plain(parts: tuple[str | Bound, ...]) -> str:
        return "".join(part if isinstance(part, str) else part.text for part in parts)


@dataclass(frozen=True)
class Number:
    """A value as it was found: unrounded, its text, how many forms it rests on, how strong and significant a gamma is."""

    value: float | None
    shown: Bound
    forms: Bound | None = None
    strength: str | None = None
    significant: bool = True
    said: Bound | None = None

    @property
    def as_said(self) -> bool:
        """Is it what the report prints, with as many decimals?"""
        if self.said is None or self.value is None:
            return self.said is None
        said = _plain(self.said.text)
        return round_half_away(self.value, decimals_of(said)) == parse(said)


@dataclass(frozen=True)
class Finding:
    """A claim held against the figures. `holds` is None where no figure can tell."""

    claim: Claim
    holds: bool | None
    says: Sentence
    instead: Sentence | None
    untested: Sentence | None
    numbers: dict[str, Number]
    baselines: tuple[tuple[Baseline, Source], ...]

    @property
    def main(self) -> Number | None:
        """The number that the claim names first."""
        names = PLACEHOLDER.findall(self.claim.says.danish)
        return self.numbers.get(names[0]) if names else None

    @property
    def tables(self) -> tuple[int, ...]:
        found = {address.table for number in self.numbers.values() for address in number.shown.addresses}
        return tuple(sorted(found))


FINDINGS = pa.schema(
    [
        column("claim", pa.string(), "id of the claim in claims.yaml", nullable=False),
        column("holds", pa.bool_(), "does its condition hold on these data; null where no figure can tell"),
        column("danish", pa.string(), "the claim in words; with the report's own numbers where it doesn't hold", nullable=False),
        column("english", pa.string(), "the same in English", nullable=False),
        column("instead_danish", pa.string(), "what holds instead"),
        column("instead_english", pa.string(), "the same in English"),
        column("value", pa.float64(), "its first number, unrounded"),
        column("printed", pa.string(), "its first number as the page prints it"),
        column("forms", pa.int64(), "forms that its first number rests on; null where that isn't a share or a gamma"),
        column("strength", pa.string(), "strong, moderate, weak or none, of a gamma"),
        column("tables", pa.string(), "tables that its numbers come from, with commas", nullable=False),
    ]
)


def read_claims(path: Path = CLAIMS) -> _Claims:
    """The claims; raises `InputError` with file and line for a figure, a value or a source that there isn't."""
    file = YamlFile(path)
    claims = file.parse(_Claims)
    seen: set[str] = set()
    for i, section in enumerate(claims.sections):
        for j, claim in enumerate(section.claims):
            at: list[str | int] = ["sections", i, "claims", j]
            if claim.id in seen:
                raise file.error([*at, "id"], f"claim {claim.id} stands twice")
            seen.add(claim.id)
            for fault in _faults(claim, claims.sources):
                raise file.error(at, f"claim {claim.id}: {fault}")
    return claims


@cache
def claims() -> _Claims:
    """The claims that ship."""
    return read_claims()


def _faults(claim: Claim, sources: Mapping[str, Source]) -> Iterator[str]:
    """What is wrong with a claim, in words."""
    if bool(claim.holds) == bool(claim.untested):
        yield "needs a condition, or the reason why it isn't tested"
    if claim.holds and claim.instead is None:
        yield "needs what is printed when it doesn't hold"
    known = {*claim.values, *claim.said}
    for words in (claim.says, claim.instead, claim.untested):
        for text in (words.danish, words.english) if words else ():
            for name in PLACEHOLDER.findall(text):
                if name not in known:
                    yield f"no value is called {name}"
    for condition in claim.holds:
        others = (condition.at_least, condition.at_most, condition.above, condition.below)
        for name in (condition.value, *(other for other in others if isinstance(other, str))):
            if name not in claim.values:
                yield f"no value is called {name}"
    for name, value in claim.values.items():
        told = [kind for kind in (value.share, value.gamma, value.points, value.lacking) if kind is not None]
        if len(told) != 1:
            yield f"{name} needs one of share, gamma, points and lacking"
        elif value.points and not {value.points.of, value.points.less} <= set(claim.values):
            yield f"{name} is a difference of values that there aren't"
        for address in _addresses(value):
            if address not in meanings():
                yield f"{name}: table {address.table} has no figure {' · '.join(part for part in address[1:] if part)}"
    for baseline in claim.baselines:
        if baseline.source not in sources:
            yield f"no source is called {baseline.source}"


def _addresses(value: Value) -> tuple[Address, ...]:
    """The figures that a share or a gamma is made from: its parts, then its base."""
    if value.gamma is not None:
        return (Address(value.gamma, "", "", "", "gamma"), Address(value.gamma, "", "", "", "n"))
    if value.share is None:
        return ()
    share, number = value.share, value.share.table
    kind = catalogue()[number].kind if number in catalogue() else "crosstab"
    if kind in ("frequency", "distribution"):
        base = TOTAL_VALID if kind == "frequency" else TOTAL
        return tuple(Address(number, answer, "", "", "count") for answer in (*share.answers, base))
    base_row = share.row if share.of == "row" else TOTAL
    parts = (Address(number, share.row, answer, "", "count") for answer in share.answers)
    return (*parts, Address(number, base_row, TOTAL, "", "count"))


class Judge:
    """Holds claims against the figures of one delivery and its unit non-response (rows of `UNIT`)."""

    def __init__(self, figures: Mapping[Address, Figure], unit: list[dict[str, object]]) -> None:
        self._figures = figures
        self._unit = {(row["measure"], row["occasion"]): row for row in unit}

    def finding(self, claim: Claim, sources: Mapping[str, Source]) -> Finding:
        """A claim with its numbers, and whether it holds."""
        numbers: dict[str, Number] = {}
        for name, value in claim.values.items():
            numbers[name] = self._number(value, numbers)
        holds = all(_true(condition, numbers) for condition in claim.holds) if claim.holds else None
        # A claim that doesn't hold is quoted with the report's numbers, not with those that speak against it.
        own = {name: number.shown for name, number in numbers.items()} | {n: Bound(t, cited=True) for n, t in claim.said.items()}
        quoted = own if holds is not False else {**own, **{n: number.said for n, number in numbers.items() if number.said}}
        return Finding(
            claim,
            holds,
            _sentence(claim.says, quoted),
            _sentence(claim.instead, own) if claim.instead and holds is False else None,
            _sentence(claim.untested, own) if claim.untested else None,
            numbers,
            tuple((baseline, sources[baseline.source]) for baseline in claim.baselines),
        )

    def _number(self, value: Value, known: Mapping[str, Number]) -> Number:
        addresses = _addresses(value)
        said = Bound(with_zero(shown(value.said)), addresses) if value.said else None
        if value.gamma is not None:
            gamma, forms = (self._figures[address] for address in addresses)
            p = self._figures[Address(value.gamma, "", "", "", "p")].value
            significant = p is not None and p < SIGNIFICANT
            base = Bound(number_text(int(forms.value or 0)), (addresses[1],))
            found = Bound(with_zero(shown(gamma.printed)), (addresses[0],))
            return Number(gamma.value, found, base, strength(gamma.value), significant, said)
        if value.share is not None:
            *parts, whole = (int(self._figures[address].value or 0) for address in addresses)
            ratio = percent(sum(parts), whole)
            return Number(ratio, Bound(share_text(ratio), addresses), Bound(number_text(whole), addresses[-1:]), said=said)
        if value.points is not None:
            one, other = known[value.points.of], known[value.points.less]
            gap = None if one.value is None or other.value is None else one.value - other.value
            both = (*one.shown.addresses, *other.shown.addresses)
            return Number(gap, Bound(points_text(gap), both), said=said and Bound(said.text, both))
        assert value.lacking is not None, "the claims were read"
        row = self._unit.get((value.lacking.measure, value.lacking.occasion), {})
        share = row.get("percent")
        ratio = float(share) if isinstance(share, float) else None
        return Number(ratio, Bound(share_text(ratio), cited=True), said=said)


def strength(gamma: float | None) -> str:
    """The word for a gamma's size: strong, moderate, weak or none."""
    return next((word for word, least in STRENGTHS.items() if gamma is not None and abs(gamma) >= least), "none")


_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "at_least": operator.ge,
    "at_most": operator.le,
    "above": operator.gt,
    "below": operator.lt,
}


def _true(condition: Condition, numbers: Mapping[str, Number]) -> bool:
    """Does a condition hold? One about a number that can't be computed doesn't."""
    own = numbers[condition.value]
    if own.value is None:
        return False
    for name, compare in _COMPARISONS.items():
        bound = getattr(condition, name)
        limit = numbers[bound].value if isinstance(bound, str) else bound
        if bound is not None and (limit is None or not compare(own.value, limit)):
            return False
    if condition.as_said_within is not None:
        assert own.said is not None, "the claims were read"
        if abs(own.value - float(parse(_plain(own.said.text)))) > condition.as_said_within:
            return False
    return condition.strength is None or (own.significant and abs(own.value) >= STRENGTHS[condition.strength])


def _plain(text: str) -> str:
    return text.replace("\u2212", "-").removesuffix("%").rstrip("\u00a0")


def _sentence(words: Said, numbers: Mapping[str, Bound]) -> Sentence:
    def parts(text: str) -> Iterator[str | Bound]:
        for index, piece in enumerate(PLACEHOLDER.split(text)):
            if index % 2:
                yield numbers[piece]
            elif piece:
                yield piece

    return Sentence(tuple(parts(words.danish)), tuple(parts(words.english)))


def as_rows(findings: list[Finding]) -> pa.Table:
    """Findings as rows of findings.parquet (`FINDINGS`)."""
    rows = []
    for found in findings:
        main = found.main
        forms = main.forms if main else None
        rows.append(
            {
                "claim": found.claim.id,
                "holds": found.holds,
                "danish": Sentence.plain(found.says.danish),
                "english": Sentence.plain(found.says.english),
                "instead_danish": Sentence.plain(found.instead.danish) if found.instead else None,
                "instead_english": Sentence.plain(found.instead.english) if found.instead else None,
                "value": main.value if main else None,
                "printed": main.shown.text if main else None,
                "forms": int(forms.text.replace(".", "")) if forms else None,
                "strength": main.strength if main else None,
                "tables": ",".join(map(str, found.tables)),
            }
        )
    return pa.Table.from_pylist(rows, schema=FINDINGS)
