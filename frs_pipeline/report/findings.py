"""Whether the claims of the printed report hold, by its own tables and on the forms of a delivery.

Every number that a page prints for a claim is a `Bound`: a text with the addresses of the figures that it comes from.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property

from frs_pipeline.language import Language, Text
from frs_pipeline.printed.certainty import estimated
from frs_pipeline.printed.claim_files import Chapter, Claims
from frs_pipeline.printed.evidence import PrintedEvidence
from frs_pipeline.printed.model import printed_tables
from frs_pipeline.printed.verdicts import Number as Exact
from frs_pipeline.printed.verdicts import Unit, Verdict, evaluate
from frs_pipeline.report.claims import addresses_of
from frs_pipeline.report.evidence import FormsEvidence
from frs_pipeline.report.typography import limit_text, number_text, points_text, share_text, shown, with_zero
from frs_pipeline.stats.printing import decimals_of, parse, round_half_away, spss
from frs_pipeline.stats.strength import Strength, significant, strength
from frs_pipeline.study import Study
from frs_pipeline.study.about import about
from frs_pipeline.study.claims import PLACEHOLDER, Claim, Testable, Value, bare
from frs_pipeline.study.statements import Statement
from frs_pipeline.study.tables import Address
from frs_pipeline.tables.strength import association

# What stands before and after a number that holds instead of what is claimed, or several, by their unit.
_GENERIC: Mapping[tuple[Unit | None, bool], tuple[Text, Text]] = {
    (None, False): (Text("Det er ", "It is "), Text(".", ".")),
    (None, True): (Text("Tallene er ", "The numbers are "), Text(".", ".")),
    ("points", False): (Text("Det er ", "It is "), Text(" procentpoint.", " percentage points.")),
    ("points", True): (Text("Det er ", "It is "), Text(" procentpoint.", " percentage points.")),
    ("gamma", False): (Text("Gamma er ", "Gamma is "), Text(".", ".")),
    ("gamma", True): (Text("Gamma er ", "Gamma is "), Text(".", ".")),
    ("p", False): (Text("p er ", "p is "), Text(".", ".")),
    ("p", True): (Text("p er ", "p is "), Text(".", ".")),
}
# Gammas and p values are printed to thousandths.
_DECIMALS = 3


@dataclass(frozen=True)
class Bound:
    """A number on the page: its text, and the figures it comes from, or the name of its count; neither for a cited one.

    A `defined` one is set by whoever wrote the sentence, as a threshold is. `quoted` names what a page tells about a number that
    the report prints and the forms don't give.
    """

    text: str
    addresses: tuple[Address, ...] = ()
    cited: bool = False
    count: str = ""
    defined: bool = False
    quoted: str = ""


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

    `said` is what the report prints, `in_tables` what its tables give. `association` is the strength in words, with what the
    interval leaves open where one is known; `ends` are the interval's.
    """

    exact: Fraction | None
    unit: Unit
    shown: Bound
    said: Bound | None = None
    in_tables: Fraction | None = None
    forms: Bound | None = None
    number_of_forms: int | None = None
    strength: Strength | None = None
    significant: bool = True
    association: Text | None = None
    ends: tuple[Bound, Bound] | None = None

    @property
    def value(self) -> float | None:
        return None if self.exact is None else float(self.exact)

    @property
    def as_said(self) -> bool:
        """Whether it is what the report prints, with as many decimals; also where either isn't known."""
        if self.said is None or self.value is None:
            return True
        said = bare(self.said.text.replace(".", ","))
        return round_half_away(self.value, decimals_of(said)) == parse(said)


@dataclass(frozen=True)
class Told:
    """A sentence of the study held against the forms of a delivery: `holds` is None where they can't tell.

    `instead` is what is said where they refute it; a sentence that names a number that there isn't is told by nobody.
    """

    holds: bool | None
    says: Sentence
    instead: Sentence | None
    numbers: dict[str, Number]
    bare: bool

    @property
    def shown(self) -> Sentence | None:
        """What may be shown as true: the sentence, or what is said otherwise; None where neither is known to be."""
        return self.says if self.holds or self.bare else self.instead if self.holds is False else None


@dataclass(frozen=True)
class Tested:
    """A claim held against the forms of a delivery and against the tables of its report.

    `holds` and `holds_in_tables` are None where the forms, or the tables, can't tell. `says` quotes the report's numbers;
    `instead` says what holds where it doesn't, in those of the forms; `untested` says why nothing can tell.
    """

    claim: Claim
    chapter: Chapter | None
    forms: Verdict
    tables_of_report: Verdict
    says: Sentence
    instead: Sentence | None
    counted: Sentence | None
    untested: Sentence | None
    numbers: dict[str, Number]

    @property
    def holds(self) -> bool | None:
        return self.forms.holds

    @property
    def holds_in_tables(self) -> bool | None:
        return self.tables_of_report.holds

    @property
    def main(self) -> Number | None:
        """The number that the claim names first, or else that its first condition is about."""
        named = [name for name in PLACEHOLDER.findall(self.claim.says.danish) if name in self.numbers]
        names = named or [condition.value for condition in self.claim.holds]
        return self.numbers[names[0]] if names else None

    @property
    def tables(self) -> tuple[int, ...]:
        tables = {address.table for number in self.numbers.values() for address in number.shown.addresses}
        return tuple(sorted(tables))


class Judge:
    """Holds claims against the forms of one delivery, and against the printed tables of the study.

    `intervals` are the ends of the intervals of gammas, by their address, as far as they are known.
    """

    def __init__(
        self,
        study: Study,
        told: Claims,
        evidence: FormsEvidence,
        intervals: Mapping[Address, tuple[float | None, float | None]] | None = None,
    ) -> None:
        self.study, self.told_by, self.evidence = study, told, evidence
        self._intervals = intervals or {}
        self._language = about(study).language

    @cached_property
    def printed(self) -> PrintedEvidence:
        """What the tables of the printed report tell."""
        return PrintedEvidence(printed_tables(self.study))

    def findings(self) -> list[Tested]:
        """Test all claims, in the order of the report."""
        return [self.finding(claim, chapter) for chapter in self.told_by.chapters for claim in chapter.claims]

    def finding(self, claim: Claim, chapter: Chapter | None = None) -> Tested:
        """Test a claim: return it with its numbers, and whether it holds."""
        forms, tables = (evaluate(claim, self.told_by.words, one) for one in (self.evidence, self.printed))
        numbers = {
            name: replace(one, said=replace(one.said, quoted=f"citat-{claim.id}-{name}")) if one.said and not one.as_said else one
            for name, one in self._numbers(claim, forms, tables).items()
        }
        cited = {name: Bound(self._as_shown(text), cited=True) for name, text in claim.said.items()}
        own = {name: number.shown for name, number in numbers.items()} | cited
        # What the report says is quoted with its own numbers, whether it holds or not.
        quoted = own | {name: self._quoted(number) for name, number in numbers.items()}
        failed = forms.holds is False
        return Tested(
            claim,
            chapter,
            forms,
            tables,
            _sentence(claim.says, quoted),
            (_sentence(claim.instead, own) if claim.instead else _otherwise(claim, numbers)) if failed else None,
            _sentence(claim.counted, own) if claim.counted else None,
            self._why_not(claim, own),
            numbers,
        )

    def _quoted(self, number: Number) -> Bound:
        """Return a number as the report has it: as it says it, else as its tables give it, else as the forms do."""
        if number.said is not None:
            return number.said
        if number.in_tables is None:
            return number.shown
        in_tables = in_words(number.in_tables, number.unit, self._language)
        return number.shown if in_tables == number.shown.text else Bound(in_tables, cited=True)

    def told(self, statement: Statement) -> Told:
        """Test a sentence of the study. One without conditions only gives numbers, and is `bare`."""
        verdict = evaluate(statement, self.told_by.words, self.evidence)
        numbers = self._numbers(statement, verdict, None)
        says = self.worded(statement.says, numbers)
        instead = self.worded(statement.otherwise, numbers) if statement.otherwise else None
        known, else_known = (_all_known(words, numbers) for words in (statement.says, statement.otherwise))
        holds = verdict.holds if known or not verdict.holds else None
        return Told(holds, says, instead if else_known else None, numbers, bare=not statement.holds and known)

    def worded(self, words: Text, numbers: Mapping[str, Number]) -> Sentence:
        """Put numbers into words."""
        return _sentence(words, {name: number.shown for name, number in numbers.items()})

    def ends_of(self, name: str, values: Mapping[str, Value], number: Number) -> tuple[Bound, Bound] | None:
        """Return the ends of the interval of a value as the page shows them; None where there is none."""
        asked = estimated(values[name], values)
        spread = None if asked is None else self.evidence.spread(asked)
        if spread is None:
            return None
        low, high = (in_words(end, number.unit, self._language) for end in (spread.low, spread.high))
        return Bound(low, number.shown.addresses), Bound(high, number.shown.addresses)

    def _numbers(self, testable: Testable, forms: Verdict, tables: Verdict | None) -> dict[str, Number]:
        """Make of all values of a sentence what the page shows of them."""
        numbers: dict[str, Number] = {}
        for name, value in testable.values.items():
            printed = None if tables is None else tables.numbers[name].exact
            numbers[name] = self._number(value, forms.numbers[name], printed, numbers)
        return numbers

    def _why_not(self, claim: Claim, numbers: Mapping[str, Bound]) -> Sentence | None:
        if claim.untested is None:
            return None
        why = _sentence(self.told_by.words.reasons[claim.untested], {})
        more = _sentence(claim.because, numbers) if claim.because else None
        return Sentence((*why.danish, " ", *more.danish), (*why.english, " ", *more.english)) if more else why

    def _number(self, value: Value, exact: Exact, printed: Fraction | None, known: Mapping[str, Number]) -> Number:
        """Make of a value what the page shows of it; `known` are the values above it."""
        others = (address for name in value.others for address in known[name].shown.addresses)
        addresses = tuple(dict.fromkeys((*addresses_of(self.study, value), *others)))
        said = self._said(value, exact.unit, addresses)
        forms = self.evidence.forms(value)
        base = None if forms is None else Bound(number_text(forms, self._language), self._base(value))
        bound = self._bound(value, exact, addresses)
        number = Number(exact.exact, exact.unit, bound, said, printed, base, forms)
        if said is not None and not number.as_said:
            # A number that the forms don't give leads to none of their figures: it is quoted.
            number = replace(number, said=Bound(said.text, cited=True))
        return self._of_gamma(value, exact, number) if value.gamma or value.pair else number

    def _said(self, value: Value, unit: Unit, addresses: tuple[Address, ...]) -> Bound | None:
        if value.said is None:
            return None
        # The report writes percentage points with a per cent sign; our words name them.
        text = value.said.removesuffix("%").rstrip() if unit == "points" else value.said
        count = self._count(value)
        return Bound(self._as_shown(text), addresses, cited=not (addresses or count), count=count)

    def _as_shown(self, printed: str) -> str:
        """Write a number of the report as the language does."""
        return with_zero(shown(printed.replace(" %", "%"), self._language))

    def _bound(self, value: Value, exact: Exact, addresses: tuple[Address, ...]) -> Bound:
        if value.printed is not None:
            return Bound(self._as_shown(value.printed), cited=True)
        if value.limit is not None:
            return Bound(self._as_shown(value.limit), defined=True)
        if value.figure is not None:
            return Bound(self._as_shown(self.evidence.text(value.figure)), addresses)
        text = in_words(exact.exact, exact.unit, self._language)
        if value.gamma is not None:
            addresses = addresses[:1]
        count = self._count(value)
        return Bound(text, addresses, cited=not (addresses or count), count=count)

    def _count(self, value: Value) -> str:
        """Name the count of the page that a value comes from; nothing where it comes from none."""
        of = value.lacking
        return f"{of.measure}-{of.occasion}" if of is not None and self.evidence.knows(of) else ""

    def _base(self, value: Value) -> tuple[Address, ...]:
        """Return the addresses of the numbers of forms that a value rests on."""
        if value.gamma is not None:
            return (value.gamma.address("n"),)
        return addresses_of(self.study, value)[len(self.evidence.counts(value.share)) :] if value.share is not None else ()

    def _of_gamma(self, value: Value, exact: Exact, number: Number) -> Number:
        """Add to a gamma how strong and sure it is."""
        if exact.exact is None:
            return number
        gamma, p = float(exact.exact), exact.p
        low, high = (None, None) if value.gamma is None else self._intervals.get(value.gamma.address("gamma"), (None, None))
        ends = None
        if low is not None and high is not None and value.gamma is not None:
            low_text, high_text = (limit_text(end, _DECIMALS, self._language) for end in (low, high))
            ends = Bound(low_text, number.shown.addresses), Bound(high_text, number.shown.addresses)
        return replace(
            number,
            strength=strength(gamma),
            significant=p is not None and significant(float(p)),
            association=association(gamma, low, high),
            ends=ends,
        )


def in_words(exact: Fraction | None, unit: Unit, language: Language) -> str:
    """Write a value as the pages do: `46,9 %`, `12,5`, `1.126`, `0,684`."""
    value = None if exact is None else float(exact)
    if unit == "percent":
        return share_text(value, language=language)
    if unit == "points":
        return points_text(value, language=language)
    if unit == "count" and value is not None and value == int(value):
        return number_text(int(value), language)
    return with_zero(shown(spss(value, _DECIMALS, leading_zero=False), language))


def _otherwise(claim: Claim, numbers: Mapping[str, Number]) -> Sentence:
    """Say with the numbers of the forms what holds instead, in a sentence that fits any claim."""
    named = [name for name in dict.fromkeys(PLACEHOLDER.findall(claim.says.danish)) if name in numbers]
    tested = list(dict.fromkeys(name for condition in claim.holds for name in (condition.value, *condition.others)))
    listed = [numbers[name] for name in named or tested]
    unit = listed[0].unit if len({number.unit for number in listed}) == 1 else None
    if len(listed) == 1 or named:
        several = [number.shown for number in listed]
        before, after = _GENERIC.get((unit, len(listed) > 1)) or _GENERIC[None, len(listed) > 1]
        return Sentence(
            (before.danish, *_listed(several, " og "), after.danish), (before.english, *_listed(several, " and "), after.english)
        )
    apart: list[str | Bound] = []
    for name in tested:
        apart += [f"{'; ' if apart else ''}{name.replace('_', ' ')}: ", numbers[name].shown]
    return Sentence((*apart, "."), (*apart, "."))


def _listed(several: list[Bound], last: str) -> Iterator[str | Bound]:
    for place, one in enumerate(several):
        if place:
            yield last if place == len(several) - 1 else ", "
        yield one


def _all_known(words: Text | None, numbers: Mapping[str, Number]) -> bool:
    """Return whether there are words, and every number in them is known."""
    return words is not None and all(numbers[name].exact is not None for name in PLACEHOLDER.findall(words.danish))


def _sentence(words: Text, numbers: Mapping[str, Bound]) -> Sentence:
    def parts(text: str) -> Iterator[str | Bound]:
        for index, piece in enumerate(PLACEHOLDER.split(text)):
            if index % 2:
                yield numbers[piece]
            elif piece:
                yield piece

    return Sentence(tuple(parts(words.danish)), tuple(parts(words.english)))


def outcomes(findings: Iterable[Mapping[str, bool | None]]) -> dict[str, int]:
    """Count claims by rows with `holds` and `holds_in_tables`: those that hold and that don't, and those nothing can test."""
    rows = list(findings)
    forms, tables = ([row[name] for row in rows] for name in ("holds", "holds_in_tables"))
    return {
        "claims": len(rows),
        "claims_hold": forms.count(True),
        "claims_fail": forms.count(False),
        "claims_hold_in_tables": tables.count(True),
        "claims_fail_in_tables": tables.count(False),
        "claims_untested": list(zip(forms, tables, strict=True)).count((None, None)),
    }
