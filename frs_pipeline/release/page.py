"""The page of a release: its tables as people read them, in the first language of the study, without anything from a network."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from frs_pipeline.language import CODES, Text, date_text
from frs_pipeline.release.files import HIDDEN, LEFT_OUT, NOT_COMPUTABLE, Record, Withheld
from frs_pipeline.release.variants import Variant
from frs_pipeline.stats.printing import in_groups
from frs_pipeline.study import Study
from frs_pipeline.study.about import about, said
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.study.release import ReleasePolicy
from frs_pipeline.tables.figures import Figure
from frs_pipeline.tables.render import Grid, heading, render
from frs_pipeline.templates import templates_in

HERE = Path(__file__).parent
TEMPLATE = "page.html"
# Cells that hold no number: what stands there, and what a screen reader says instead.
_MARK = {HIDDEN: Text("..", ".."), LEFT_OUT: Text("udel.", "omit."), NOT_COMPUTABLE: Text("i.b.", "n.c.")}
_SPOKEN = {
    HIDDEN: Text("skjult", "hidden"),
    LEFT_OUT: Text("udeladt", "omitted"),
    NOT_COMPUTABLE: Text("ikke beregnelig", "not computable"),
}
# What is said for the words of SPSS that tables print.
_WORDS = {
    "Frequency": Text("Antal", "Count"),
    "Count": Text("Antal", "Count"),
    "Percent": Text("Procent", "Percent"),
    "Valid Percent": Text("Procent af besvarede", "Percent of answered"),
    "Cumulative Percent": Text("Kumuleret procent", "Cumulative percent"),
    "Mean": Text("Gennemsnit", "Mean"),
    "Std. Deviation": Text("Standardafvigelse", "Standard deviation"),
    "Asymptotic Standard Error": Text("Standardfejl (ASE)", "Standard error (ASE)"),
    "Approximate T": Text("T", "T"),
    "Approximate Significance": Text("p", "p"),
    "N of Valid Cases": Text("N", "N"),
    "First-Order Partial": Text("Partiel gamma", "Partial gamma"),
    "Total valid": Text("Besvaret i alt", "All answered"),
    "Missing": Text("Ubesvaret", "Blank"),
    "Total": Text("I alt", "Total"),
}
_THOUSANDS = {"danish": ".", "english": "\u202f"}
_PER_CENT = Text("\u00a0%", "%")
# Of an association by group: everybody.
_TOGETHER = {"Total": Text("Alle under ét", "All together")}
# The totals of a question with several boxes: its answers, and forms.
_OF_BOXES = {
    "Total": Text("Svar i alt", "All answers"),
    "Total valid": Text("Skemaer med svar", "Forms with an answer"),
    "Missing": Text("Skemaer uden svar", "Forms without an answer"),
}
_OWN_WORDS = {"multiple": _OF_BOXES, "correlation_by_group": _TOGETHER}


def page(
    study: Study,
    delivery: str,
    released: Sequence[Variant],
    withheld: Sequence[Withheld],
    numbers: Iterable[Record],
    policy: ReleasePolicy,
    *,
    made_up: bool = False,
) -> bytes:
    """Make the page as UTF-8; `made_up` says that its forms are made up."""
    records: dict[int, list[Record]] = defaultdict(list)
    for record in numbers:
        records[record.table].append(record)
    tables = [_shown(study, variant, records[variant.table.number]) for variant in released]
    content = (
        templates_in(HERE)
        .get_template(TEMPLATE)
        .render(
            delivery=delivery,
            delivery_date=said(study, date_text(delivery)),
            tables=tables,
            withheld=[{"number": w.table.number, "title": heading(study, w.table)} for w in withheld],
            hidden=sum(table["hidden"] for table in tables),
            counts=sum(record.measure in ("count", "n") for rows in records.values() for record in rows),
            collapsed=sum(table["collapsed"] for table in tables),
            policy=policy,
            made_up=made_up,
            spoken={said(study, mark): said(study, _SPOKEN[status]) for status, mark in _MARK.items()},
            language=about(study).language,
            code=CODES[about(study).language],
        )
    )
    return content.encode()


def _shown(study: Study, variant: Variant, records: Sequence[Record]) -> dict[str, Any]:
    grid = render(study, variant.table, [_figure(study, record, variant) for record in records])
    table = variant.table
    double = table.kind in ("crosstab", "collapsed_crosstab") or (table.kind == "multiple" and table.group is not None)
    return {
        "number": table.number,
        "title": heading(study, table),
        "header": [_word(study, text) for text in grid.header],
        "rows": list(_rows(study, grid, _WORDS | _OWN_WORDS.get(table.kind, {}), double=double)),
        "double": double,
        "hidden": sum(record.status == HIDDEN and record.measure in ("count", "n") for record in records),
        "coarse": any(record.status == LEFT_OUT for record in records),
        "collapsed": variant.collapsed,
        "about": " + ".join(questionnaires(study)[mart].title for mart in table.marts),
    }


def _word(study: Study, word: str, words: Mapping[str, Text] = _WORDS) -> str:
    """Return what is said for a word of SPSS; any other as it is."""
    return said(study, words[word]) if word in words else word


def _figure(study: Study, record: Record, variant: Variant) -> Figure:
    """Make a figure that prints what is released of it."""
    if record.status in _MARK:
        return Figure(*record[:5], None, said(study, _MARK[record.status]))
    text = _number(study, record)
    percent = record.measure.endswith("percent") and variant.table.kind != "frequency"
    return Figure(*record[:5], None, f"{text}{said(study, _PER_CENT)}" if percent else text)


def _number(study: Study, record: Record) -> str:
    """Write a released number with its thousands apart; a p that rounds to nought as less than its last decimal."""
    if record.measure == "p" and not float(record.value):
        decimals = len(record.value.partition(".")[2])
        return f"<\u00a0{'0,' + '1'.zfill(decimals)}" if decimals else record.value
    return in_groups(record.value.replace(".", ",").replace("-", "−"), _THOUSANDS[about(study).language])


def _rows(study: Study, grid: Grid, words: Mapping[str, Text], *, double: bool) -> Iterable[dict[str, Any]]:
    """Yield rows with their headings; in a crosstab the heading of a row of counts also covers the percentages under it."""
    for at, row in enumerate(grid.rows):
        text = said(study, Text("Alle", "All")) if row[0] == "Gamma" else _word(study, row[0], words)
        cells = list(row[2:] if double else row[1:])
        yield {
            "label": text,
            "lines": next((n for n, more in enumerate(grid.rows[at + 1 :], 1) if more[0]), len(grid.rows) - at),
            "measure": _word(study, row[1]) if double else "",
            "cells": cells,
            "total": row[0] == "Total",
        }
