"""The forms of a delivery as evidence for and against what the printed report says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

from frs_pipeline.printed.certainty import Estimated, Spread, wanted
from frs_pipeline.printed.claim_files import Claims
from frs_pipeline.printed.verdicts import of_float
from frs_pipeline.report.asked import codes_of, question_of, table_of
from frs_pipeline.report.spreads import named, spreads
from frs_pipeline.stats.gamma import goodman_kruskal
from frs_pipeline.stats.printing import NOT_COMPUTABLE
from frs_pipeline.store.files import Store
from frs_pipeline.store.settings import DUCKDB, Engine
from frs_pipeline.study import Study
from frs_pipeline.study.claims import Asked, Cells, Correlation, Lacking, Pair, Place, Share, Testable, Value
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.study.tables import Address, Table, catalogue
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

    `unit` are rows of its unit non-response, `counted` the numbers of pairs and answers by their `key`, `spreads` intervals of
    shares and their differences, and of gammas, by `named`.
    """

    of_report = False

    def __init__(
        self,
        study: Study,
        figures: Mapping[Address, Figure],
        unit: Iterable[Mapping[str, Any]] = (),
        counted: Mapping[str, Counted] | None = None,
        spreads: Mapping[str, Spread] | None = None,
    ) -> None:
        self._tables = catalogue(study)
        self._kinds = {number: table.kind for number, table in self._tables.items()}
        self._figures = figures
        self._unit = {(row["measure"], row["occasion"]): row for row in unit}
        self._counted = counted or {}
        self._spreads = spreads or {}

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

    def figure(self, place: Place) -> Fraction | None:
        return _exact(self._value(place.address))

    def text(self, place: Place) -> str:
        """Return a figure as its table prints it; a dot where there is none."""
        return self._figures[place.address].printed if place.address in self._figures else NOT_COMPUTABLE

    def spread(self, wanted: Estimated) -> Spread | None:
        return self._spreads.get(named(wanted))

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
    store: Store,
    told: Claims,
    figures: Mapping[Address, Figure],
    unit: Iterable[Mapping[str, Any]],
    *,
    own: Sequence[Testable] = (),
    drawn: Sequence[Estimated] = (),
    gammas: Mapping[str, Spread] | None = None,
) -> FormsEvidence:
    """Gather what is needed of a delivery, or of several together: beside its figures, what is counted for sentences alone.

    `own` are the sentences of the study beside the `told` claims, `drawn` the intervals that are shown without being tested.
    `gammas` are the intervals of gammas by `named`; without them the study shows no intervals, and nothing is certain.
    """
    testable = [*told.by_id.values(), *own]
    values = [value for one in testable for value in one.values.values()]
    alone = {key(one): one for value in values for one in (value.pair, value.asked) if one is not None}
    marts = {mart: store.marts(mart) for mart in sorted({one.mart for one in alone.values()})}
    numbers = counted(store.study, list(alone.values()), marts, store.settings.engine)
    if gammas is None:
        return FormsEvidence(store.study, figures, unit, numbers)
    tested = [interval for one in testable for interval in wanted(one)]
    shares = {named(one): one for one in (*tested, *drawn) if one.of.share_of_forms}
    return FormsEvidence(store.study, figures, unit, numbers, {**gammas, **spreads(store, shares)})


def counted(study: Study, wanted: Sequence[Pair | Asked], marts: Marts, engine: Engine = DUCKDB) -> dict[str, Counted]:
    """Count pairs and answers in the marts, by their `key`; all that are of one mart together."""
    if not wanted:
        return {}
    from frs_pipeline.tables.counting import count  # counting needs Ibis, which is slow to import

    tables = [table_of(study, number, one) for number, one in enumerate(wanted)]
    counts = count(tables, open_marts(marts, engine))
    return {key(one): _number(study, table, counts[table.number], one) for table, one in zip(tables, wanted, strict=True)}


def _number(study: Study, table: Table, counts: Counts, of: Pair | Asked) -> Counted:
    """Make a number of what was counted: gamma with its p, or a share of those who answered.

    A form without an answer isn't among these, nor one with "don't know", unless that is one of the answers meant.
    """
    if isinstance(of, Pair):
        found = goodman_kruskal(matrix(table, counts))
        return Counted(_exact(found.gamma), found.n, _exact(found.p))
    question = question_of(questionnaires(study)[of.mart], of.question)
    hits = codes_of(question, of.answers)
    forms = {code: number for (code,), number in counts.items() if code is not None}
    base = sum(number for code, number in forms.items() if code != question.dont_know or code in hits)
    return Counted(Fraction(100 * sum(number for code, number in forms.items() if code in hits), base) if base else None, base)
