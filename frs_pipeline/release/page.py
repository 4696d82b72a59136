"""The page of a release: its tables as people read them, in Danish, without anything from a network."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from frs_pipeline.release.files import HIDDEN, LEFT_OUT, NOT_COMPUTABLE, Record, Withheld
from frs_pipeline.release.variants import Variant
from frs_pipeline.study import Study
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.study.release import ReleasePolicy
from frs_pipeline.tables.figures import Figure
from frs_pipeline.tables.render import Grid, heading, render
from frs_pipeline.templates import templates_in

HERE = Path(__file__).parent
TEMPLATE = "page.html"
# Cells that hold no number: what stands there, and what a screen reader says instead.
_MARK = {HIDDEN: "..", LEFT_OUT: "udel.", NOT_COMPUTABLE: "i.b."}
_SPOKEN = {"..": "skjult", "udel.": "udeladt", "i.b.": "ikke beregnelig"}
# The words of SPSS that the report prints in its tables, in Danish.
_DANISH = {
    "Frequency": "Antal",
    "Count": "Antal",
    "Percent": "Procent",
    "Valid Percent": "Procent af gyldige",
    "Cumulative Percent": "Kumuleret procent",
    "Mean": "Gennemsnit",
    "Std. Deviation": "Standardafvigelse",
    "Asymptotic Standard Error": "Standardfejl (ASE)",
    "Approximate T": "T",
    "Approximate Significance": "p",
    "N of Valid Cases": "N",
    "First-Order Partial": "Partiel gamma",
    "Total valid": "I alt, gyldige",
    "Missing": "Ubesvaret",
    "Total": "I alt",
}


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
            tables=tables,
            withheld=[{"number": w.table.number, "title": heading(study, w.table)} for w in withheld],
            hidden=sum(table["hidden"] for table in tables),
            counts=sum(record.measure in ("count", "n") for rows in records.values() for record in rows),
            collapsed=sum(table["collapsed"] for table in tables),
            policy=policy,
            made_up=made_up,
            spoken=_SPOKEN,
        )
    )
    return content.encode()


def _shown(study: Study, variant: Variant, records: Sequence[Record]) -> dict[str, Any]:
    grid = render(study, variant.table, [_figure(record, variant) for record in records])
    table = variant.table
    return {
        "number": table.number,
        "title": heading(study, table),
        "header": [_DANISH.get(text, text) for text in grid.header],
        "rows": list(_rows(grid, double=table.kind in ("crosstab", "collapsed_crosstab"))),
        "double": table.kind in ("crosstab", "collapsed_crosstab"),
        "hidden": sum(record.status == HIDDEN and record.measure in ("count", "n") for record in records),
        "coarse": any(record.status == LEFT_OUT for record in records),
        "collapsed": variant.collapsed,
        "about": " + ".join(questionnaires(study)[mart].title for mart in table.marts),
    }


def _figure(record: Record, variant: Variant) -> Figure:
    """Make a figure that prints what is released of it."""
    text = _MARK.get(record.status) or record.value.replace(".", ",").replace("-", "−")
    percent = record.status == "shown" and record.measure.endswith("percent") and variant.table.kind != "frequency"
    return Figure(*record[:5], None, f"{text} %" if percent else text)


def _rows(grid: Grid, *, double: bool) -> Iterable[dict[str, Any]]:
    """Yield rows with their headings; in a crosstab the heading of a row of counts also covers the percentages under it."""
    for row in grid.rows:
        text = "Alle" if row[0] == "Gamma" else _DANISH.get(row[0], row[0])
        cells = list(row[2:] if double else row[1:])
        yield {
            "label": text,
            "measure": _DANISH.get(row[1], row[1]) if double else "",
            "cells": cells,
            "total": row[0] == "Total",
        }
