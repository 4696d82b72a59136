"""Maps of how all ordinal questions of a questionnaire go together, as a page shows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from frs_pipeline.report import plots
from frs_pipeline.study import Study
from frs_pipeline.study.about import about
from frs_pipeline.study.instruments import BOTH, instruments
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.study.tables import Table, catalogue
from frs_pipeline.tables.associations import from_rows, ordinal


def maps(study: Study, rows: pa.Table) -> list[tuple[Any, ...]]:
    """Make a map of each questionnaire with two such questions: what it is of, its questions, its cells.

    `rows` are those of associations.parquet. A cell whose gamma a table prints links to it.
    """
    drawn: list[tuple[Any, ...]] = []
    for name in instruments(study):
        asked = ordinal(study, name)
        if len(asked) > 1:
            pairs = [one for one in from_rows(rows, name) if one.group is None]
            cells = plots.heat(pairs, _printed_gammas(study, name), about(study).language)
            drawn.append((questionnaires(study)[name], asked, cells))
    return drawn


def _printed_gammas(study: Study, mart: str) -> Mapping[tuple[str, str], int]:
    """Find tables that print the gamma of two questions over all forms and answers of a mart."""
    tables: dict[tuple[str, str], int] = {}
    for number, table in catalogue(study).items():
        whole = table.kind == "correlation" and table.marts == (mart,) and table.occasion == BOTH
        if whole and table.column and _every_answer(study, table):
            tables.setdefault((table.row.variable, table.column.variable), number)
    return tables


def _every_answer(study: Study, table: Table) -> bool:
    """Return whether each scale of a table has all its answers, unmerged and in the questionnaire's order."""
    asked = {question.name: question for question in ordinal(study, table.marts[0])}
    for axis in (table.row, table.column):
        codes = [c.codes for c in axis.categories] if axis else []
        question = asked.get(axis.variable) if axis else None
        if question is None or codes != [(code,) for code in question.codes if code != question.dont_know]:
            return False
    return True
