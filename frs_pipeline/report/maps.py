"""Maps of how all ordinal questions of a questionnaire go together, as a page shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from frs_pipeline.language import LANGUAGES, Language, Text
from frs_pipeline.report.typography import number_text, shown, with_zero
from frs_pipeline.stats.printing import spss
from frs_pipeline.stats.strength import significant, strength
from frs_pipeline.study import Study
from frs_pipeline.study.about import about
from frs_pipeline.study.instruments import BOTH, instruments
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.study.tables import Table, catalogue
from frs_pipeline.tables.associations import Association, from_rows, ordinal


@dataclass(frozen=True)
class Cell:
    """One square of a heat map; `table` prints the same gamma.

    It is `significant` if that is so among as many tests as there are pairs. `limits` is None where there is no interval, as
    of a gamma of 1 that rests on a few forms; no such gamma is called strong.
    """

    text: str
    word: str
    positive: bool
    significant: bool
    limits: Text | None
    forms: Text
    table: int | None


def maps(study: Study, rows: pa.Table) -> list[tuple[Any, ...]]:
    """Make a map of each questionnaire with two such questions: what it is of, its questions, its cells.

    `rows` are those of associations.parquet. A cell whose gamma a table prints links to it.
    """
    drawn: list[tuple[Any, ...]] = []
    for name in instruments(study):
        asked = ordinal(study, name)
        if len(asked) > 1:
            pairs = [one for one in from_rows(rows, name) if one.group is None]
            cells = heat(pairs, _printed_gammas(study, name), about(study).language)
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


def heat(pairs: Sequence[Association], printed: Mapping[tuple[str, str], int], language: Language) -> dict[tuple[str, str], Cell]:
    """Return squares by both questions, either way round; `printed` are tables that print a gamma, by its questions."""
    cells = {}
    for one in pairs:
        table = printed.get((one.row, one.column), printed.get((one.column, one.row)))
        word = "none" if one.gamma is None or one.low is None else strength(one.gamma)
        sure = one.q is not None and significant(one.q)
        limits = None
        if one.low is not None:
            (low, high), (lower, upper) = ([gamma_text(end, told) for end in (one.low, one.high)] for told in LANGUAGES)
            limits = Text(f"{low} til {high}", f"{lower} to {upper}")
        forms = Text(*(number_text(one.n, told) for told in LANGUAGES))
        cell = Cell(gamma_text(one.gamma, language), word, (one.gamma or 0) > 0, sure, limits, forms, table)
        cells[one.row, one.column] = cells[one.column, one.row] = cell
    return cells


def gamma_text(gamma: float | None, language: Language) -> str:
    """Write a gamma to two decimals, as running text does; a dash where there is none."""
    return "–" if gamma is None else with_zero(shown(spss(gamma, 2, leading_zero=True), language))
