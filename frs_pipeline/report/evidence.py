"""The forms of a delivery as evidence for and against what the printed report says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from frs_pipeline.printed.verdicts import of_float
from frs_pipeline.report.claims import Claims
from frs_pipeline.store.files import Store, read
from frs_pipeline.store.plan import ASSOCIATIONS
from frs_pipeline.study import Study
from frs_pipeline.study.claims import Asked, Cells, Correlation, Lacking, Pair, Share, Value
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.study.tables import Address, catalogue
from frs_pipeline.tables.associations import Association
from frs_pipeline.tables.engine import fetch, open_marts
from frs_pipeline.tables.figures import Figure

# A questionnaire, two of its questions, and the role whose forms are meant; None for all.
PairOf = tuple[str, str, str, str | None]


class FormsEvidence:
    """Numbers from the forms of one delivery: figures of tables, and what no table prints as far as it was counted.

    `unit` are rows of its unit non-response, `pairs` gammas of pairs of questions in either order, `answers` how many forms gave
    one of some answers, and how many answered the question.
    """

    of_report = False

    def __init__(
        self,
        study: Study,
        figures: Mapping[Address, Figure],
        unit: Iterable[Mapping[str, Any]] = (),
        pairs: Mapping[PairOf, Association] | None = None,
        answers: Mapping[Asked, tuple[int, int]] | None = None,
    ) -> None:
        self._tables = catalogue(study)
        self._kinds = {number: table.kind for number, table in self._tables.items()}
        self._figures = figures
        self._unit = {(row["measure"], row["occasion"]): row for row in unit}
        self._pairs = pairs or {}
        self._answers = answers or {}

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
        found = self._pair(pair)
        return (None, None) if found is None else (_exact(found.gamma), _exact(found.p))

    def asked(self, asked: Asked) -> Fraction | None:
        hits, base = self._answers.get(asked, (0, 0))
        return Fraction(100 * hits, base) if base else None

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
        if value.asked is not None:
            return self._answers[value.asked][1] if value.asked in self._answers else None
        found = self._pair(value.pair) if value.pair is not None else None
        return None if found is None else found.n

    def counts(self, share: Share) -> tuple[Address, ...]:
        """List the counts of a share, without its base."""
        return share.counts(self._kinds.get(share.table, ""))

    def interval(self, pair: Pair) -> tuple[float | None, float | None]:
        """Return the ends of the interval of a pair's gamma, where there is one."""
        found = self._pair(pair)
        return (None, None) if found is None else (found.low, found.high)

    def _pair(self, pair: Pair) -> Association | None:
        either = ((pair.mart, *names, pair.group) for names in ((pair.row, pair.column), (pair.column, pair.row)))
        return next((self._pairs[key] for key in either if key in self._pairs), None)

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
    """Gather what the claims need of a delivery, or of several together: beside its figures, pairs and answers."""
    values = [value for claim in told.by_id.values() for value in claim.values.values()]
    asked = [value.asked for value in values if value.asked is not None]
    pairs = pairs_of(read(store.file(*ASSOCIATIONS)).to_pylist()) if any(value.pair for value in values) else {}
    return FormsEvidence(store.study, figures, unit, pairs, answers_of(store, asked))


def pairs_of(rows: Iterable[Mapping[str, Any]]) -> dict[PairOf, Association]:
    """Read pairs from rows of associations.parquet."""
    pairs = {}
    for row in rows:
        one = Association(**{name: value for name, value in row.items() if name != "mart"})
        pairs[row["mart"], one.row, one.column, one.group] = one
    return pairs


def answers_of(store: Store, asked: Sequence[Asked]) -> dict[Asked, tuple[int, int]]:
    """Count the forms of the marts with one of the answers, and those that answered the question at all.

    A question left blank isn't answered, nor by "don't know", unless that is one of the answers.
    """
    opened = open_marts({mart: store.marts(mart) for mart in sorted({one.mart for one in asked})}, store.settings.engine)
    found: dict[Asked, tuple[int, int]] = {}
    for one in dict.fromkeys(asked):
        paper, rows = questionnaires(store.study)[one.mart], opened[one.mart]
        question = paper.question(one.question)
        assert question is not None, "the claims were read"
        if one.group is not None:
            assert paper.role is not None, "the claims were read"
            rows = rows.filter(rows[paper.role.name] == paper.role.code(one.group))
        counted = fetch(rows.group_by(question.name).agg(forms=rows.count())).to_pylist()
        forms = {row[question.name]: row["forms"] for row in counted if row[question.name] is not None}
        hits = {code for code in (question.code(answer) for answer in one.answers) if code is not None}
        left_out = {question.dont_know} - hits
        base = sum(number for code, number in forms.items() if code not in left_out)
        found[one] = sum(forms.get(code, 0) for code in hits), base
    return found
