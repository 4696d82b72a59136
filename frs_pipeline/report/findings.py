"""Whether the claims of the report's summary hold on the forms of a delivery.

Every number that a page prints for a claim is a `Bound`: a text with the addresses of the figures that it comes from.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import pyarrow as pa

from frs_pipeline.language import Text
from frs_pipeline.report.typography import limit_text, number_text, points_text, share_text, shown, with_zero
from frs_pipeline.stats.counts import percent
from frs_pipeline.stats.printing import decimals_of, parse, round_half_away
from frs_pipeline.stats.strength import STRENGTHS, Strength, significant, strength
from frs_pipeline.study import Study
from frs_pipeline.study.about import about
from frs_pipeline.study.claims import PLACEHOLDER, Baseline, Claim, Condition, Source, Value, bare
from frs_pipeline.study.tables import Address, catalogue
from frs_pipeline.tables.figures import Figure, column
from frs_pipeline.tables.strength import association

# The words for a gamma, the weakest first.
_WORDS = (None, *STRENGTHS)


@dataclass(frozen=True)
class Bound:
    """A number on the page: its text, and the figures it comes from, or the name of its count; neither for a cited one."""

    text: str
    addresses: tuple[Address, ...] = ()
    cited: bool = False
    count: str = ""


@dataclass(frozen=True)
class Sentence:
    """Words and bound numbers in order, in both languages."""

    danish: tuple[str | Bound, ...]
    english: tuple[str | Bound, ...]

    @staticmethod
    def plain(parts: tuple[str | Bound, ...]) -> str:
        return "".join(part if isinstance(part, str) else part.text for part in parts)


@dataclass(frozen=True)
class Number:
    """A value as computed: unrounded, its text, how many forms it rests on, how strong and significant a gamma is.

    `association` is the strength in words, with what the interval leaves open where one is known; `ends` are the interval's.
    """

    value: float | None
    shown: Bound
    forms: Bound | None = None
    strength: Strength | None = None
    significant: bool = True
    said: Bound | None = None
    association: Text | None = None
    ends: tuple[Bound, Bound] | None = None

    @property
    def as_said(self) -> bool:
        """Whether it is what the report prints, with as many decimals."""
        if self.said is None or self.value is None:
            return self.said is None
        said = bare(self.said.text)
        return round_half_away(self.value, decimals_of(said)) == parse(said)


@dataclass(frozen=True)
class Tested:
    """A claim compared with the figures. `holds` is None where no figure can decide."""

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
        tables = {address.table for number in self.numbers.values() for address in number.shown.addresses}
        return tuple(sorted(tables))


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


class Judge:
    """Compares claims with the figures of one delivery and its unit non-response (rows of `UNIT`).

    `intervals` are the ends of the intervals of gammas, by their address, as far as they are known.
    """

    def __init__(
        self,
        study: Study,
        figures: Mapping[Address, Figure],
        unit: list[dict[str, object]],
        intervals: Mapping[Address, tuple[float | None, float | None]] | None = None,
    ) -> None:
        self.study = study
        self._figures = figures
        self._intervals = intervals or {}
        self._unit = {(row["measure"], row["occasion"]): row for row in unit}

    def finding(self, claim: Claim, sources: Mapping[str, Source]) -> Tested:
        """Test a claim: return it with its numbers, and whether it holds."""
        numbers: dict[str, Number] = {}
        for name, value in claim.values.items():
            numbers[name] = self._number(value, numbers)
        holds = all(_true(condition, numbers) for condition in claim.holds) if claim.holds else None
        # A claim that doesn't hold is quoted with the report's numbers, not with those that speak against it.
        own = {name: number.shown for name, number in numbers.items()} | {n: Bound(t, cited=True) for n, t in claim.said.items()}
        quoted = own if holds is not False else {**own, **{n: number.said for n, number in numbers.items() if number.said}}
        return Tested(
            claim,
            holds,
            _sentence(claim.says, quoted),
            _sentence(claim.instead, own) if claim.instead and holds is False else None,
            _sentence(claim.untested, own) if claim.untested else None,
            numbers,
            tuple((baseline, sources[baseline.source]) for baseline in claim.baselines),
        )

    def _number(self, value: Value, known: Mapping[str, Number]) -> Number:
        addresses, language = value.addresses(catalogue(self.study)), about(self.study).language
        said = Bound(with_zero(shown(value.said, language)), addresses) if value.said else None
        if value.gamma is not None:
            gamma, forms = (self._figures[address] for address in addresses)
            p = self._figures[Address(value.gamma, "", "", "", "p")].value
            sure = p is not None and significant(p)
            base = Bound(number_text(int(forms.value or 0), language), (addresses[1],))
            bound = Bound(with_zero(shown(gamma.printed, language)), (addresses[0],))
            if gamma.value is None:
                return Number(None, bound, base, None, sure, said)
            low, high = self._intervals.get(addresses[0], (None, None))
            words, ends = association(gamma.value, low, high), None
            if low is not None and high is not None:
                decimals = decimals_of(gamma.printed)
                ends = (
                    Bound(limit_text(low, decimals, language), bound.addresses),
                    Bound(limit_text(high, decimals, language), bound.addresses),
                )
            return Number(gamma.value, bound, base, strength(gamma.value), sure, said, words, ends)
        if value.share is not None:
            *parts, whole = (int(self._figures[address].value or 0) for address in addresses)
            ratio = percent(sum(parts), whole)
            return Number(
                ratio,
                Bound(share_text(ratio, language=language), addresses),
                Bound(number_text(whole, language), addresses[-1:]),
                said=said,
            )
        if value.points is not None:
            one, other = known[value.points.of], known[value.points.less]
            gap = None if one.value is None or other.value is None else one.value - other.value
            both = (*one.shown.addresses, *other.shown.addresses)
            return Number(gap, Bound(points_text(gap, language=language), both), said=said and Bound(said.text, both))
        assert value.lacking is not None, "the claims were read"
        row = self._unit.get((value.lacking.measure, value.lacking.occasion), {})
        share = row.get("percent")
        ratio = float(share) if isinstance(share, float) else None
        count = f"{value.lacking.measure}-{value.lacking.occasion}" if row else ""
        return Number(ratio, Bound(share_text(ratio, language=language), cited=not row, count=count), said=said)


_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "at_least": operator.ge,
    "at_most": operator.le,
    "above": operator.gt,
    "below": operator.lt,
}


def _true(condition: Condition, numbers: Mapping[str, Number]) -> bool:
    """Return whether a condition holds. One about a number that can't be computed doesn't."""
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
        if abs(own.value - float(parse(bare(own.said.text).replace(".", ",")))) > condition.as_said_within:
            return False
    return condition.strength is None or (own.significant and _WORDS.index(own.strength) >= _WORDS.index(condition.strength))


def _sentence(words: Text, numbers: Mapping[str, Bound]) -> Sentence:
    def parts(text: str) -> Iterator[str | Bound]:
        for index, piece in enumerate(PLACEHOLDER.split(text)):
            if index % 2:
                yield numbers[piece]
            elif piece:
                yield piece

    return Sentence(tuple(parts(words.danish)), tuple(parts(words.english)))


def as_rows(findings: list[Tested]) -> pa.Table:
    """Return findings as rows of findings.parquet (`FINDINGS`)."""
    rows = []
    for tested in findings:
        main = tested.main
        forms = main.forms if main else None
        rows.append(
            {
                "claim": tested.claim.id,
                "holds": tested.holds,
                "danish": Sentence.plain(tested.says.danish),
                "english": Sentence.plain(tested.says.english),
                "instead_danish": Sentence.plain(tested.instead.danish) if tested.instead else None,
                "instead_english": Sentence.plain(tested.instead.english) if tested.instead else None,
                "value": main.value if main else None,
                "printed": main.shown.text if main else None,
                "forms": int(re.sub("[.,]", "", forms.text)) if forms else None,
                "strength": main.strength if main else None,
                "tables": ",".join(map(str, tested.tables)),
            }
        )
    return pa.Table.from_pylist(rows, schema=FINDINGS)
