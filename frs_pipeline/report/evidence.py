"""The forms of a delivery as evidence for and against what the printed report says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

from frs_pipeline.printed.certainty import Estimated, Spread
from frs_pipeline.printed.verdicts import of_float
from frs_pipeline.report.estimates import Counted, key, named
from frs_pipeline.stats.printing import NOT_COMPUTABLE
from frs_pipeline.study import Study
from frs_pipeline.study.claims import Asked, Cells, Correlation, Lacking, Pair, Place, Share, Value
from frs_pipeline.study.tables import Address, catalogue
from frs_pipeline.tables.figures import Figure


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
