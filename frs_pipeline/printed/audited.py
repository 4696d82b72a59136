"""What an audit of anybody's tables comes to: what was found, what was compared with what, and whether claims hold."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from frs_pipeline.language import Text
from frs_pipeline.printed import occasions
from frs_pipeline.printed.arithmetic import Step, arithmetic, labels, written
from frs_pipeline.printed.auditing import RULES, audit
from frs_pipeline.printed.claim_files import Claims
from frs_pipeline.printed.claim_words import condition_words
from frs_pipeline.printed.coverage import Watched, compared
from frs_pipeline.printed.evidence import PrintedEvidence
from frs_pipeline.printed.model import WEIGHTS, Contradiction
from frs_pipeline.printed.reading import ReadTables
from frs_pipeline.printed.verdicts import Verdict, evaluate
from frs_pipeline.study.claims import PLACEHOLDER, Claim, ClaimWords
from frs_pipeline.study.tables import Address

# Claims in the order in which they matter: those that don't hold, that can't be told, that hold; then those that aren't tested.
_ORDER = (False, None, True)


@dataclass(frozen=True)
class Covered:
    """A rule, what it compares, and the figures that it had something to compare with."""

    rule: str
    what: Text
    figures: frozenset[Address]

    @property
    def tables(self) -> tuple[int, ...]:
        return tuple(sorted({address.table for address in self.figures}))


@dataclass(frozen=True)
class TestedClaim:
    """A claim with its verdict, file and line on which it stands, and the arithmetic that gives its numbers."""

    claim: Claim
    at: str
    verdict: Verdict
    words: ClaimWords
    steps: tuple[Step, ...]

    @property
    def says(self) -> Text:
        """What it says, with its numbers as the report prints them, or else as the tables have them."""
        return self._filled(self.claim.says)

    @property
    def tested_as(self) -> tuple[tuple[Text, Text, bool | None], ...]:
        """Each condition: the name of its value, what was demanded of it, and whether that is so."""
        called = labels(self.claim.values)
        return tuple(
            (called[condition.value], condition_words(condition, self.claim.values, self.words, called), kept)
            for condition, kept in zip(self.claim.holds, self.verdict.conditions, strict=True)
        )

    @property
    def reason(self) -> Text | None:
        """Why it isn't tested; None where it is."""
        return self.words.reasons[self.claim.untested] if self.claim.untested else None

    def _filled(self, text: Text) -> Text:
        said = {name: Text(cited, cited.replace(",", ".")) for name, cited in self.claim.said.items()}
        for name, number in self.verdict.numbers.items():
            value = self.claim.values[name]
            printed = value.said or value.printed
            said[name] = Text(printed, printed.replace(",", ".")) if printed else written(number, value)
        return Text(
            PLACEHOLDER.sub(lambda match: said[match[1]].danish, text.danish),
            PLACEHOLDER.sub(lambda match: said[match[1]].english, text.english),
        )


@dataclass(frozen=True)
class Audited:
    """An audit: the tables, what they contradict each other in (by weight), what was compared, and the claims."""

    read: ReadTables
    found: tuple[Contradiction, ...]
    covered: tuple[Covered, ...]
    claims: tuple[TestedClaim, ...] = ()

    @cached_property
    def compared(self) -> frozenset[Address]:
        """The figures that at least one rule had something to compare with."""
        return frozenset().union(*(one.figures for one in self.covered))

    @property
    def failing(self) -> tuple[TestedClaim, ...]:
        return tuple(one for one in self.claims if one.verdict.holds is False)

    @property
    def clean(self) -> bool:
        """Whether nothing contradicts anything, and no claim fails."""
        return not self.found and not self.failing

    def printed(self, address: Address) -> str:
        """Return a figure as its file prints it, with a point where that does."""
        text = self.read.tables.text(address) or ""
        return text.replace(",", ".") if address.table in self.read.points else text


def audited(read: ReadTables, claims: Claims | None = None, watched: Watched | None = None) -> Audited:
    """Audit tables, and hold claims against them. Sorts what is found by how much it matters, then by table.

    `watched` is told of every figure of which it is known what it was compared with: how many, of how many.
    """
    tables = read.tables
    found = sorted(audit(tables), key=lambda one: WEIGHTS.index(one.weight))
    figures = compared(tables, watched)
    # Of conferences, a rule is told by the study alone.
    left_out = occasions.RULES if tables.facts is None else {}
    covered = tuple(Covered(name, what, figures[name]) for name, what in RULES.items() if name not in left_out)
    return Audited(read, tuple(found), covered, _tested(read, claims))


def _tested(read: ReadTables, claims: Claims | None) -> tuple[TestedClaim, ...]:
    if claims is None:
        return ()
    evidence = PrintedEvidence(read.tables)
    found = []
    for chapter in claims.chapters:
        for claim in chapter.claims:
            verdict = evaluate(claim, claims.words, evidence)
            steps = arithmetic(claim.values, verdict.numbers, evidence)
            found.append(
                TestedClaim(claim, f"{chapter.name}.yaml:{chapter.lines[claim.id]}", verdict, claims.words, tuple(steps.values()))
            )
    return tuple(sorted(found, key=lambda one: len(_ORDER) if one.reason else _ORDER.index(one.verdict.holds)))
