"""A table as lines of text in one language, laid out as its page does: what a terminal and Dagster show."""

from __future__ import annotations

from collections.abc import Sequence

from frs_pipeline.language import Language
from frs_pipeline.report.layout import layout, texts_of
from frs_pipeline.stats.printing import in_english
from frs_pipeline.study import Study
from frs_pipeline.study.tables import Table
from frs_pipeline.tables.figures import Figure
from frs_pipeline.tables.render import Grid, caption


def in_lines(study: Study, table: Table, figures: Sequence[Figure], language: Language) -> Grid:
    """Return caption, headings and rows in one language, with figures as SPSS prints them there (`,707` or `.707`)."""
    printed = {figure.address: figure.printed for figure in figures}
    laid = layout(table, set(printed), texts_of(study, table))
    rows = []
    for block in laid.blocks:
        label = block.label.in_language(language)
        for at, line in enumerate(block.lines):
            counts = [line.measure.in_language(language) if line.measure else ""] if laid.has_measures else []
            cells = ("" if address is None else printed[address] for address in line.cells)
            shown = (in_english(cell) if language == "english" else cell for cell in cells)
            rows.append(("" if at else label, *counts, *shown))
    header = ("", *([""] if laid.has_measures else []), *(name.in_language(language) for name in laid.header))
    return Grid(caption(study, table, language), header, tuple(rows))
