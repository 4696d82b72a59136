"""The audit of printed tables: every rule over every table, whoever printed them.

Rules read the printed tables alone. None knows a table by its number or a question by its name; what they compare is told by
`PrintedTable.kind`, `forms` and the questions of its scales.
"""

from __future__ import annotations

from collections.abc import Mapping

from frs_pipeline.language import Text
from frs_pipeline.printed import answered, coefficients, hundreds, margins, occasions, percentages, recomputed, repeated, sums
from frs_pipeline.printed.model import Contradiction, PrintedTables

_ALONE = (sums, percentages, hundreds, coefficients, recomputed, repeated, margins, answered)
# What each rule checks.
RULES: Mapping[str, Text] = {name: text for module in (*_ALONE, occasions) for name, text in module.RULES.items()}


def audit(tables: PrintedTables) -> tuple[Contradiction, ...]:
    """Find all contradictions of printed tables, in the order of the tables."""
    place = {number: position for position, number in enumerate(tables.tables)}
    found = [one for module in _ALONE for one in module.find(tables)]
    # A number of forms that can't be true of the forms says nothing of the conferences either.
    doubted = {address for one in found if one.rule in answered.RULES for address in one.figures}
    found += occasions.find(tables, doubted)
    return tuple(sorted(found, key=lambda one: ([place[n] for n in one.tables], one.rule, one.reason.english)))
