"""The forms of a delivery as evidence for and against what the printed report says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

from frs_pipeline.printed.claim_files import Claims
from frs_pipeline.printed.verdicts import of_float
from frs_pipeline.stats.gamma import goodman_kruskal
from frs_pipeline.store.files import Store
from frs_pipeline.store.settings import DUCKDB, Engine
from frs_pipeline.study import Study
from frs_pipeline.study.claims import Asked, Cells, Correlation, Lacking, Pair, Share, Value
from frs_pipeline.study.questionnaires import Question, Questionnaire, questionnaires
from frs_pipeline.study.tables import Address, Axis, Category, Table, catalogue
from frs_pipeline.tables.engine import Marts, open_marts
from frs_pipeline.tables.figures import Figure, matrix

if TYPE_CHECKING:
    from frs_pipeline.tables.counting import Counts


class Counted(NamedTuple):
    """A gamma or a share in per cent, exact, None where nothing tells; how many forms it rests on, and the p of a gamma.

    As in tables, p takes forms for independent.
    """

    exact: Fraction | None
    forms: int
    p: Fraction | None = None


def key(of: Pair | Asked) -> str:
    """Name what is counted for a claim alone."""
    return of.model_dump_json()


class FormsEvidence:
    """Numbers from the forms of one delivery: figures of tables, and what no table prints as far as it was counted.

    `unit` are rows of its unit non-response, `counted` the numbers of pairs and answers by their `key`.
    """

    of_report = False

    def __init__(
        self,
        study: Study,
        figures: Mapping[Address, Figure],
        unit: Iterable[Mapping[str, Any]] = (),
        counted: Mapping[str, Counted] | None = None,
    ) -> None:
        self._tables = catalogue(study)
        self._kinds = {number: table.kind for number, table in self._tables.items()}
        self._figures = figures
        self._unit = {(row["measure"], row["occasion"]): row for row in unit}
        self._counted = counted or {}

    def rows(self, table: int) -> tuple[str, ...]:
        known = self._tables.get(table)
        return () if known is None else tuple(category.label for category in known.row.categories)

    def share(self, share: Share) -> Fraction | None:
        kind = self._kinds.get(share.table, "")
        hits, base = self._sum(share.counts(kind)), self._sum(share.base(kind))
        return None if hits is None or not base else Fraction(100 * hits, base)

    def count(self, cells: Cells) -> Fraction | None:
        number = self._sum(cells.counts(self._kinds.get(cells.table, "")))
        return None if number is None else Fraction(number)

    def gamma(self, correlation: Correlation) -> Fraction | None:
        return _exact(self._value(correlation.address("gamma")))

    def p(self, correlation: Correlation) -> Fraction | None:
        return _exact(self._value(correlation.address("p")))

    def pair(self, pair: Pair) -> tuple[Fraction | None, Fraction | None]:
        found = self._counted.get(key(pair))
        return (None, None) if found is None else (found.exact, found.p)

    def asked(self, asked: Asked) -> Fraction | None:
        found = self._counted.get(key(asked))
        return None if found is None else found.exact

    def lacking(self, lacking: Lacking) -> Fraction | None:
        known, held = (self._unit.get((measure, lacking.occasion)) for measure in (lacking.measure, "in_codebook"))
        if known is None or known["percent"] is None:
            return None
        # Of the numbers of conferences, where these are known: a percentage is a float.
        return Fraction(100 * known["conferences"], held["conferences"]) if held else _exact(known["percent"])

    def knows(self, lacking: Lacking) -> bool:
        """Return whether the unit non-response of the delivery says anything about it."""
        return (lacking.measure, lacking.occasion) in self._unit

    def forms(self, value: Value) -> int | None:
        """Count the forms that a share or a gamma rests on; None for other numbers, and where it isn't known."""
        if value.share is not None:
            return self._sum(value.share.base(self._kinds.get(value.share.table, "")))
        if value.gamma is not None:
            return self._sum((value.gamma.address("n"),))
        counted_alone = value.pair or value.asked
        found = self._counted.get(key(counted_alone)) if counted_alone is not None else None
        return None if found is None else found.forms

    def counts(self, share: Share) -> tuple[Address, ...]:
        """List the counts of a share, without its base."""
        return share.counts(self._kinds.get(share.table, ""))

    def _value(self, address: Address) -> float | None:
        return self._figures[address].value if address in self._figures else None

    def _sum(self, addresses: Iterable[Address]) -> int | None:
        """Add up numbers of forms; None where one isn't counted."""
        values = [self._value(address) for address in addresses]
        return None if None in values else sum(int(value) for value in values if value is not None)


def _exact(number: float | None) -> Fraction | None:
    return None if number is None else of_float(number)


def forms_evidence(
    store: Store, told: Claims, figures: Mapping[Address, Figure], unit: Iterable[Mapping[str, Any]]
) -> FormsEvidence:
    """Gather what the claims need of a delivery, or of several together: beside its figures, what is counted for them alone."""
    values = [value for claim in told.by_id.values() for value in claim.values.values()]
    wanted = {key(one): one for value in values for one in (value.pair, value.asked) if one is not None}
    marts = {mart: store.marts(mart) for mart in sorted({one.mart for one in wanted.values()})}
    return FormsEvidence(store.study, figures, unit, counted(store.study, list(wanted.values()), marts, store.settings.engine))


def counted(study: Study, wanted: Sequence[Pair | Asked], marts: Marts, engine: Engine = DUCKDB) -> dict[str, Counted]:
    """Count pairs and answers in the marts, by their `key`; all that are of one mart together."""
    if not wanted:
        return {}
    from frs_pipeline.tables.counting import count  # counting needs Ibis, which is slow to import

    tables = [_table(study, number, one) for number, one in enumerate(wanted)]
    counts = count(tables, open_marts(marts, engine))
    return {key(one): _number(study, table, counts[table.number], one) for table, one in zip(tables, wanted, strict=True)}


def _table(study: Study, number: int, of: Pair | Asked) -> Table:
    """Make the table that counts a pair or the answers to a question, among those forms that are meant."""
    paper = questionnaires(study)[of.mart]
    limits: list[tuple[str, frozenset[int]]] = []
    if of.group is not None and paper.role is not None:
        limits.append((paper.role.name, _codes(paper.role, [of.group])))
    if isinstance(of, Asked):
        limits += [(name, _codes(_question(paper, name), answers)) for name, answers in of.among.items()]
    row = _axis(_question(paper, of.row if isinstance(of, Pair) else of.question), scale=isinstance(of, Pair))
    return Table(
        number=number,
        title="",
        kind="correlation" if isinstance(of, Pair) else "frequency",
        marts=(of.mart,),
        occasion=of.occasion,
        row=row,
        column=_axis(_question(paper, of.column), scale=True) if isinstance(of, Pair) else None,
        where=tuple(limits),
    )


def _question(paper: Questionnaire, name: str) -> Question:
    question = paper.question(name)
    assert question is not None, "the claims were read"
    return question


def _axis(question: Question, *, scale: bool) -> Axis:
    """Return the answers to a question, each by itself; on a `scale` without "don't know", which has no place on it."""
    codes = {code: label for code, label in question.labels.items() if not scale or code != question.dont_know}
    return Axis(variable=question.name, categories=tuple(Category(label=label, codes=(code,)) for code, label in codes.items()))


def _codes(question: Question, answers: Iterable[str]) -> frozenset[int]:
    return frozenset(code for code in map(question.code, answers) if code is not None)


def _number(study: Study, table: Table, counts: Counts, of: Pair | Asked) -> Counted:
    """Make a number of what was counted: gamma with its p, or a share of those who answered.

    A form without an answer isn't among these, nor one with "don't know", unless that is one of the answers meant.
    """
    if isinstance(of, Pair):
        found = goodman_kruskal(matrix(table, counts))
        return Counted(_exact(found.gamma), found.n, _exact(found.p))
    question = _question(questionnaires(study)[of.mart], of.question)
    hits = _codes(question, of.answers)
    forms = {code: number for (code,), number in counts.items() if code is not None}
    base = sum(number for code, number in forms.items() if code != question.dont_know or code in hits)
    return Counted(Fraction(100 * sum(number for code, number in forms.items() if code in hits), base) if base else None, base)
