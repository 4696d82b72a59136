"""What is told about a sentence and a quoted number: the verdict, the condition, numbers as fractions, and what turns it.

Nothing is computed that the sentence isn't tested by. What the printed report says comes from the report and never from the
forms of a delivery.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from frs_pipeline.language import LANGUAGES, Text
from frs_pipeline.printed.arithmetic import base_of, labels, terms, written
from frs_pipeline.printed.claim_words import condition_words
from frs_pipeline.printed.evidence import PrintedEvidence
from frs_pipeline.printed.verdicts import Evidence, Verdict
from frs_pipeline.printed.verdicts import Number as Exact
from frs_pipeline.report.english import answers
from frs_pipeline.report.findings import Bound, Judge, Number, Sentence, Tested
from frs_pipeline.report.overturning import Overturn, overturn
from frs_pipeline.report.statements import Found
from frs_pipeline.report.tipping import limits_of
from frs_pipeline.report.typography import number_text
from frs_pipeline.stats.printing import decimals_of, parse, round_half_away
from frs_pipeline.study.about import about, quotes
from frs_pipeline.study.claims import PLACEHOLDER, Share, Testable, Value, bare
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.study.tables import TOTAL

# More terms than these don't help a reader.
_MOST_TERMS = 8
_ONE = 1


@dataclass(frozen=True)
class Fracture:
    """A share as a fraction: the counts that are added up, and of how many."""

    parts: tuple[str, ...]
    base: str


@dataclass(frozen=True)
class Row:
    """A number of a sentence: what it is called, how it comes about, what it is, and its interval."""

    name: Text
    number: Number
    fraction: Fracture | None
    says: Text | None
    ends: tuple[Bound, Bound] | None


@dataclass(frozen=True)
class Tried:
    """One condition: what it is about, what it demands, whether it is fulfilled."""

    name: Text
    words: Text
    kept: bool | None


@dataclass(frozen=True)
class Picture:
    """The condition on 0–100: where the number lies, and as text; where the others lie, and where it has to."""

    subject: float
    text: str
    others: tuple[float, ...]
    ends: tuple[float, float] | None


@dataclass(frozen=True)
class Side:
    """A quoted number held against the report's own tables or the forms: what these give and how, and whether it is the same."""

    shown: Text
    fraction: Fracture | None
    same: bool | None


@dataclass(frozen=True)
class Source:
    """Where a quoted number probably comes from: another number of the report's tables that is printed like it."""

    name: Text
    fraction: Fracture | None
    shown: Text


@dataclass(frozen=True)
class Quoted:
    """A number of the printed report that its tables, or the forms, don't give."""

    id: str
    text: Bound
    tested: Tested
    tables: Side
    forms: Side
    source: Source | None


@dataclass(frozen=True)
class ClaimPassport:
    """What is told about a sentence. `of_report` is a claim of the printed report; None for one of the study's own."""

    id: str
    holds: bool | None
    says: Sentence
    instead: Sentence | None
    condition: Sentence | None
    tried: tuple[Tried, ...]
    picture: Picture | None
    rows: tuple[Row, ...]
    overturned: Text | None
    of_report: Tested | None = None

    @property
    def tables(self) -> tuple[int, ...]:
        return tuple(sorted({address.table for row in self.rows for address in row.number.shown.addresses}))


class Teller:
    """Tells about the sentences that a judge holds against the forms of a delivery."""

    def __init__(self, judge: Judge) -> None:
        self._judge, self._study = judge, judge.study
        self._language = about(judge.study).language
        self._asked = {
            (mart, question.name): quotes(judge.study, question.asks)
            for mart, paper in questionnaires(judge.study).items()
            for question in paper.questions
        }

    def of_claim(self, tested: Tested) -> ClaimPassport | None:
        """Tell about a claim of the printed report; None where nothing can test it."""
        if not tested.claim.holds:
            return None
        instead = tested.instead if tested.holds is False else None
        return self._made(tested.claim.id, tested.claim, tested.forms, tested.numbers, tested.says, instead, None, tested)

    def of_finding(self, found: Found) -> ClaimPassport:
        """Tell about a finding of the study's own."""
        finding = found.finding
        verdict = Verdict(found.holds, {name: Exact(one.exact, one.unit) for name, one in found.numbers.items()})
        return self._made(found.id, finding, verdict, found.numbers, found.says, found.instead, found.condition, None)

    def _made(
        self,
        name: str,
        sentence: Testable,
        verdict: Verdict,
        numbers: Mapping[str, Number],
        says: Sentence,
        instead: Sentence | None,
        condition: Sentence | None,
        of_report: Tested | None,
    ) -> ClaimPassport:
        called, words = self._called(sentence.values), self._judge.told_by.words
        tried = (
            ()
            if condition
            else tuple(
                Tried(called[one.value], condition_words(one, sentence.values, words, called), kept)
                for one, kept in zip(sentence.holds, verdict.conditions, strict=True)
            )
        )
        rows = tuple(self._rows(sentence, numbers, verdict.numbers, called))
        turned = overturn(self._study, sentence, words, self._judge.evidence)
        certain = any(one.certain for one in sentence.holds)
        return ClaimPassport(
            f"om-{name}",
            verdict.holds,
            says,
            instead,
            condition,
            tried,
            self._picture(sentence, numbers),
            rows,
            None if turned is None else self._overturned(turned, holds=verdict.holds is True, certain=certain),
            of_report,
        )

    def _called(self, values: Mapping[str, Value]) -> dict[str, Text]:
        """Name the values of a sentence; those of one table without its name, which the passport has anyway."""
        called = labels(values, self._asked, answers(self._study))
        tables = {cells.table for value in values.values() if (cells := value.share or value.count)}
        if len(tables) != _ONE:
            return called
        (table,) = tables
        before = Text(f"tabel {table}, ", f"table {table}, ")
        return {
            name: Text(text.danish.removeprefix(before.danish), text.english.removeprefix(before.english))
            for name, text in called.items()
        }

    def _rows(
        self, sentence: Testable, numbers: Mapping[str, Number], exact: Mapping[str, Exact], called: Mapping[str, Text]
    ) -> Iterator[Row]:
        """Yield the numbers that the sentence names or rests on."""
        named = PLACEHOLDER.findall(sentence.says.danish)
        tested = [name for one in sentence.holds for name in (one.value, *one.others)]
        wanted = {*named, *tested}
        for name in list(wanted):
            wanted.update(sentence.values[name].others if name in sentence.values else ())
        for name, value in sentence.values.items():
            if name not in wanted or exact[name].exact is None or value.printed or value.limit:
                continue
            fraction = self._fraction(value.share, self._judge.evidence) if value.share else None
            says = _sum(value, exact, sentence.values) if value.others else None
            ends = numbers[name].ends or self._judge.ends_of(name, sentence.values, numbers[name])
            yield Row(called[name], numbers[name], fraction, says, ends)

    def _fraction(self, share: Share, evidence: Evidence) -> Fracture | None:
        """Write a share as its counts; None where they aren't known, or too many to help."""
        counted, base = list(terms(share, evidence)), evidence.count(base_of(share))
        if base is None or len(counted) > _MOST_TERMS or any(one is None for one in counted):
            return None
        return Fracture(tuple(self._count(one) for one in counted if one is not None), self._count(base))

    def _count(self, number: Fraction) -> str:
        return number_text(int(number), self._language)

    def _picture(self, sentence: Testable, numbers: Mapping[str, Number]) -> Picture | None:
        """Place the shares of the first condition on one on 0–100; None where there is none."""
        for condition in sentence.holds:
            known = {
                name: one
                for name in (condition.value, *condition.others)
                if (one := numbers.get(name)) and one.unit == "percent" and one.value is not None and 0 <= one.value <= 100
            }
            subject = known.pop(condition.value, None)
            if subject is None or subject.value is None:
                continue
            limits = limits_of(condition, sentence.values[condition.value], self._judge.told_by.words)
            ends = None if limits is None else (_tenth(100 * limits[0]), _tenth(100 * limits[1]))
            others = tuple(_tenth(one.value) for one in known.values() if one.value is not None)
            return Picture(_tenth(subject.value), subject.shown.text, others, ends)
        return None

    def _overturned(self, turned: Overturn, *, holds: bool, certain: bool) -> Text:
        """Say how many forms with which answers would turn the verdict."""
        few, many, says = abs(turned.forms), turned.forms > 0, answers(self._study)
        more = Text("mere" if few == _ONE else "flere", "more") if many else Text("færre", "fewer")
        given = [quotes(self._study, says.get(label, Text(label, label))) for label in turned.share.answers]
        row = None if turned.share.row == TOTAL else self._row(turned.share)
        who = Text("", "") if row is None else Text(f" ({row.danish})", f" ({row.english})")
        ends = Text("ikke holde", "not hold") if holds else Text("holde", "hold")
        before = Text("", "")
        if certain:
            before = Text(
                " Forskellen kan holde op med at være statistisk sikker før.", " The difference may cease to be certain before."
            )
        danish, english = (
            (number_text(few, one), number_text(turned.base, one), word.join(text.in_language(one) for text in given))
            for one, word in zip(LANGUAGES, (" eller ", " or "), strict=True)
        )
        return Text(
            f"Hvis {danish[0]} {more.danish} af de {danish[1]}{who.danish} havde svaret {danish[2]}, ville det "
            f"{ends.danish}.{before.danish}",
            f"Had {english[0]} {more.english} of the {english[1]}{who.english} answered {english[2]}, it would "
            f"{ends.english}.{before.english}",
        )

    def _row(self, share: Share) -> Text:
        (label,) = share.rows
        return answers(self._study).get(label, Text(label, label))

    def quoted(self, tested: Tested, printed: PrintedEvidence) -> list[Quoted]:
        """Tell about the numbers of a claim that are quoted because the forms don't give them."""
        return [
            self._quoted(tested, name, printed)
            for name, number in tested.numbers.items()
            if number.said is not None and number.said.quoted
        ]

    def _quoted(self, tested: Tested, name: str, printed: PrintedEvidence) -> Quoted:
        value, number = tested.claim.values[name], tested.numbers[name]
        assert number.said is not None, "it is quoted"
        sides = [
            self._side(value, verdict.numbers[name], evidence)
            for verdict, evidence in ((tested.tables_of_report, printed), (tested.forms, self._judge.evidence))
        ]
        return Quoted(number.said.quoted, number.said, tested, sides[0], sides[1], self._source(tested, name, printed))

    def _side(self, value: Value, exact: Exact, evidence: Evidence) -> Side:
        fraction = self._fraction(value.share, evidence) if value.share else None
        return Side(written(exact, value), fraction, _as_said(value, exact))

    def _source(self, tested: Tested, name: str, printed: PrintedEvidence) -> Source | None:
        """Find the number of the report's tables that the study names instead, and that is printed like the quoted one."""
        claim, value = tested.claim, tested.claim.values[name]
        named = PLACEHOLDER.findall(claim.instead.danish) if claim.instead else []
        decided = {one for condition in claim.holds for one in (condition.value, *condition.others)}
        called = labels(claim.values, self._asked, answers(self._study))
        for other in named:
            exact = tested.tables_of_report.numbers.get(other)
            if other in decided or exact is None or not _as_said(value, exact):
                continue
            of = claim.values[other]
            fraction = self._fraction(of.share, printed) if of.share else None
            return Source(called[other], fraction, written(exact, of))
        return None


def _tenth(share: float | Fraction) -> float:
    """Round a share for its place on a picture."""
    return round(float(share), 1)


def _as_said(value: Value, exact: Exact) -> bool | None:
    """Return whether a number is what the report says of a value, to as many decimals; None where either isn't known."""
    if value.said is None or exact.exact is None:
        return None
    said = bare(value.said)
    return round_half_away(float(exact.exact), decimals_of(said)) == parse(said)


def _sum(value: Value, exact: Mapping[str, Exact], values: Mapping[str, Value]) -> Text | None:
    """Write out a number that is made from others."""
    names: tuple[str, ...]
    if value.points is not None:
        names, sign = (value.points.of, value.points.less), " − "
    elif value.percent is not None:
        names, sign = (value.percent.of, value.percent.base), " / "
    elif value.sum is not None:
        names, sign = value.sum, " + "
    else:
        return None
    parts = [written(exact[name], values[name]) for name in names]
    unlike = value.points is not None and values[names[0]].share_of_forms and rounds_apart(*(exact[name].exact for name in names))
    after = Text(" før afrunding", " before rounding") if unlike else Text("", "")
    return Text(*(sign.join(one.in_language(each) for one in parts) + after.in_language(each) for each in LANGUAGES))


def rounds_apart(of: Fraction | None, less: Fraction | None) -> bool:
    """Return whether the difference of two shares isn't that of the numbers as they are written, to a decimal."""
    if of is None or less is None:
        return False
    written_out = round_half_away(float(of), 1) - round_half_away(float(less), 1)
    return abs(written_out - round_half_away(float(of - less), 1)) > 0.01


def told_of(judge: Judge, findings: Sequence[Tested]) -> tuple[dict[str, ClaimPassport], dict[str, list[Quoted]]]:
    """Tell about all claims that can be tested, and about the numbers of each that are quoted, by the claims' ids."""
    teller, printed = Teller(judge), judge.printed
    passports = {one.claim.id: told for one in findings if (told := teller.of_claim(one))}
    quoted = {one.claim.id: several for one in findings if (several := teller.quoted(one, printed))}
    return passports, quoted


def of_study(judge: Judge, findings: Sequence[Found]) -> dict[str, ClaimPassport]:
    """Tell about the study's own findings, by their ids."""
    teller = Teller(judge)
    return {one.id: teller.of_finding(one) for one in findings}
