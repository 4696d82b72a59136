"""What the audit page shows: where the printed report contradicts itself, and what its sentences are worth, by weight."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from frs_pipeline.language import Text
from frs_pipeline.printed.arithmetic import Step, arithmetic, labels
from frs_pipeline.printed.claim_files import Chapter, Claims
from frs_pipeline.printed.claim_words import condition_words
from frs_pipeline.printed.contradictions import kept
from frs_pipeline.printed.evidence import PrintedEvidence
from frs_pipeline.printed.model import WEIGHTS, Contradiction, Weight, printed_tables
from frs_pipeline.printed.verdicts import Evidence, Number, Verdict, of_float
from frs_pipeline.report.english import answers, contradiction_as_read
from frs_pipeline.report.findings import Tested, outcomes
from frs_pipeline.stats.printing import decimals_of
from frs_pipeline.study import Study
from frs_pipeline.study.chapters import chapters
from frs_pipeline.study.claims import ClaimWords, Condition, Value, bare
from frs_pipeline.study.questionnaires import questionnaires

# What each weight is called, and what it means.
WEIGHT_WORDS: Mapping[Weight, tuple[Text, Text]] = {
    "serious": (Text("Alvorligt", "Serious"), Text("kan ændre en konklusion", "may change a conclusion")),
    "plain": (Text("Mellem", "Medium"), Text("kan ikke være rigtigt", "can't be right")),
    "slight": (Text("Mindre", "Slight"), Text("regne- eller trykfejl", "a slip of arithmetic or print")),
}
# From how many percentage points on, and from which ratio on, a wrong number may change what is concluded.
_FAR_POINTS, _FAR_RATIO = 5, Fraction(3, 2)
# Values that no table prints: what the text alone says, and forms can tell.
_TEXT_ONLY = ("pair", "asked", "lacking")


@dataclass(frozen=True)
class Listed:
    """A contradiction as the page lists it: with the pages on which its tables stand."""

    found: Contradiction
    chapters: tuple[str, ...]


@dataclass(frozen=True)
class Examined:
    """A claim as the page lists it: what was tested, the arithmetic from tables and from forms, how heavy it weighs if it fails.

    A step says whether it fails a condition. `on_forms` is empty where forms give the same numbers as the tables.
    """

    tested: Tested
    tried: tuple[tuple[Text, Text], ...]
    in_tables: tuple[tuple[Step, bool], ...]
    on_forms: tuple[tuple[Step, bool], ...]
    weight: Weight | None
    repeats: int

    @property
    def text_only(self) -> bool:
        """Whether it rests on numbers that no table prints."""
        return any(kind in _TEXT_ONLY for value in self.tested.claim.values.values() for kind in value.kinds)


def page_of(study: Study) -> str | None:
    """Return the file of the page that shows the audit; None where the study has none."""
    return next((chapter.file for chapter in chapters(study) if chapter.shows == "audit"), None)


def shown(study: Study, told: Claims, findings: Sequence[Tested], forms: Evidence, pages: Mapping[int, str]) -> dict[str, Any]:
    """Return what the page shows, by the names that its template uses. `pages` are the chapters' ids by table."""
    listed, claims = by_weight(study, pages), examined(study, told, findings, forms)
    return {
        "weights": WEIGHT_WORDS,
        "contradictions": listed,
        "weighed": weighed(listed),
        "claims": claims,
        "outcomes": outcomes({"holds": one.holds, "holds_in_tables": one.holds_in_tables} for one in findings),
        "chapters_of_claims": list(by_chapter(told, claims)),
        "reasons": reasons(told),
        "filters": {
            "tables": [(one.id, one.short) for one in chapters(study) if one.tables],
            "claims": [(one.name, one.about.title) for one in told.chapters],
        },
    }


def by_weight(study: Study, pages: Mapping[int, str]) -> list[Listed]:
    """List the contradictions of the printed report, the heaviest first, else in the order of its tables."""
    found = sorted(kept(study), key=lambda one: WEIGHTS.index(one.weight))
    return [
        Listed(contradiction_as_read(study, one), tuple(dict.fromkeys(pages[n] for n in one.tables if n in pages)))
        for one in found
    ]


def weighed(listed: Iterable[Listed]) -> dict[Weight, int]:
    """Count contradictions by weight, the heaviest first."""
    counted = Counter(one.found.weight for one in listed)
    return {weight: counted[weight] for weight in WEIGHTS}


def examined(study: Study, told: Claims, findings: Sequence[Tested], forms: Evidence) -> list[Examined]:
    """List all claims in the order of the report, with the arithmetic of both verdicts."""
    printed = PrintedEvidence(printed_tables(study))
    repeats = Counter(repeat.claim for chapter in told.chapters for repeat in chapter.about.repeats)
    asked = {
        (mart, question.name): Text(f"»{question.asks.danish}«", f"“{question.asks.english}”")
        for mart, questionnaire in questionnaires(study).items()
        for question in questionnaire.questions
    }
    return [_examined(told, one, printed, forms, repeats[one.claim.id], asked, answers(study)) for one in findings]


def _examined(
    told: Claims,
    tested: Tested,
    printed: Evidence,
    forms: Evidence,
    repeats: int,
    asked: Mapping[tuple[str, str], Text],
    says: Mapping[str, Text],
) -> Examined:
    values, called = tested.claim.values, labels(tested.claim.values, asked, says)
    in_tables = arithmetic(values, tested.tables_of_report.numbers, printed, asked, says)
    on_forms = arithmetic(values, tested.forms.numbers, forms, asked, says)
    tried = tuple((called[one.value], condition_words(one, values, told.words, called)) for one in tested.claim.holds)
    same = on_forms == in_tables
    steps = [
        tuple((step, name in _failing(tested, verdict)) for name, step in of.items())
        for of, verdict in ((in_tables, tested.tables_of_report), (on_forms, tested.forms))
    ]
    return Examined(tested, tried, steps[0], () if same else steps[1], _weight(tested, told.words), repeats)


def _failing(tested: Tested, verdict: Verdict) -> set[str]:
    """Name the values of which a condition fails."""
    return {one.value for one, holds in zip(tested.claim.holds, verdict.conditions, strict=True) if holds is False}


def _weight(tested: Tested, words: ClaimWords) -> Weight | None:
    """Weigh a claim that fails in the report's own tables; None for any other: what forms say is no fault of the print."""
    verdict = tested.tables_of_report
    if verdict.holds is not False:
        return None
    failed = (one for one, holds in zip(tested.claim.holds, verdict.conditions, strict=True) if holds is False)
    weights = [_of_condition(one, words, tested.claim.values[one.value], verdict.numbers[one.value]) for one in failed]
    return min(weights, key=WEIGHTS.index)


def _of_condition(condition: Condition, words: ClaimWords, value: Value, number: Number) -> Weight:
    """Weigh one condition that fails: numbers weigh as much as they are off, words and ranks are conclusions.

    A word whose limit is missed by little weighs less: another limit might have been chosen.
    """
    quoted = condition.as_said_within is not None or condition.about is not None or condition.equals is not None
    of_shares = number.unit in ("percent", "points")
    if not quoted:
        value_of = number.exact if of_shares else None
        near = value_of is not None and any(abs(value_of - limit) < _FAR_POINTS for limit in _limits(condition, words))
        return "plain" if near else "serious"
    if number.exact is None or number.said is None:
        return "plain"
    off, step = abs(number.exact - number.said), Fraction(1, 10 ** decimals_of(bare(value.said or "0")))
    small, large = sorted((abs(number.exact), abs(number.said)))
    if of_shares and (off >= _FAR_POINTS or large >= _FAR_RATIO * small):
        return "serious"
    return "slight" if off < _FAR_RATIO * step else "plain"


def _limits(condition: Condition, words: ClaimWords) -> list[Fraction]:
    """List the numbers against which a condition, or the word that it names, holds its value."""
    of_word = words.quantities[condition.word] if condition.word else None
    of_both = [getattr(of, name) for of in (condition, of_word) if of for name in ("at_least", "at_most", "above", "below")]
    return [of_float(limit) for limit in of_both if isinstance(limit, (int, float))]


@dataclass(frozen=True)
class ChapterOfClaims:
    """A chapter of the report with its claims that don't fail in its tables, and how many of all are what (`verdict_of`)."""

    chapter: Chapter
    claims: tuple[Examined, ...]
    counts: Mapping[str, int]


def by_chapter(told: Claims, claims: Sequence[Examined]) -> Iterator[ChapterOfClaims]:
    """Yield the chapters of the report with their claims, and with how many of them are what."""
    for chapter in told.chapters:
        own = [one for one in claims if one.tested.claim.id in chapter.lines]
        counts = Counter(verdict_of(one.tested) for one in own)
        yield ChapterOfClaims(chapter, tuple(one for one in own if one.weight is None), counts)


def verdict_of(tested: Tested) -> str:
    """Say in a word what became of a claim in the report's own tables, and whether forms can tell where these can't."""
    if tested.holds_in_tables is None:
        return "untested" if tested.holds is None else "forms"
    return "holds" if tested.holds_in_tables else "fails"


def reasons(told: Claims) -> list[tuple[Text, int]]:
    """List why claims can't be tested, with how many, the most frequent first."""
    counted = Counter(claim.untested for claim in told.by_id.values() if claim.untested)
    return [(told.words.reasons[name], number) for name, number in counted.most_common()]
