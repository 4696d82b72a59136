"""The audit of printed tables: every rule over every table, whoever printed them.

Rules read the printed tables alone. None knows a table by its number or a question by its name; what they compare is told by
`PrintedTable.kind`, `forms` and the questions of its scales.
"""

from __future__ import annotations

from collections.abc import Mapping

from frs_pipeline.language import Text
from frs_pipeline.printed import sums
from frs_pipeline.printed.model import Contradiction, PrintedTables

_MODULES = (sums,)
# What each rule checks.
RULES: Mapping[str, Text] = {name: text for module in _MODULES for name, text in module.RULES.items()}


def audit(tables: PrintedTables) -> tuple[Contradiction, ...]:
    """Find all contradictions of printed tables, in the order of the tables."""
    place = {number: position for position, number in enumerate(tables.tables)}
    found = [one for module in _MODULES for one in module.find(tables)]
    return tuple(sorted(found, key=lambda one: ([place[n] for n in one.tables], one.rule, one.reason.english)))
