"""Counting: one expression per table, over the mart's Parquet, on any engine that Ibis supports.

Only whole numbers are counted here; every ratio and statistic is computed from them in Python, so that the
order in which an engine adds things up can't change a figure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import ibis
import ibis.expr.types as ir

from frs_pipeline.store.rows import ENGINE
from frs_pipeline.study.instruments import BOTH
from frs_pipeline.study.tables import Table

Code = int | None
Counts = dict[tuple[Code, ...], int]


def open_marts(paths: Mapping[str, Path]) -> Mapping[str, ir.Table]:
    """Open the marts as Ibis tables on DuckDB, read from their Parquet files."""
    engine = ibis.duckdb.connect(**ENGINE)
    return {name: engine.read_parquet(path, table_name=name) for name, path in paths.items()}


def expression(table: Table, mart: ir.Table) -> ir.Table:
    """Build the query of how many forms of `mart` gave each combination of answers to the table's questions, blanks included."""
    forms = mart
    if table.occasion != BOTH:
        forms = forms.filter(forms["occasion"] == table.occasion)
    for name in table.answered:
        forms = forms.filter(forms[name].notnull())
    names = list(table.variables)
    return forms.group_by(names).agg(forms=forms.count()).order_by(names)


def count(tables: Iterable[Table], marts: Mapping[str, ir.Table]) -> dict[int, Counts]:
    """Count the forms of each table by its answer codes, in the order of `Table.variables` (None = blank)."""
    counted: dict[tuple[object, ...], Counts] = {}
    result: dict[int, Counts] = {}
    for table in tables:
        total: Counts = {}
        for mart in table.marts:
            key = (mart, table.occasion, table.answered, table.variables)
            if key not in counted:
                rows = expression(table, marts[mart]).to_pyarrow().to_pylist()
                counted[key] = {tuple(row[name] for name in table.variables): row["forms"] for row in rows}
            for codes, forms in counted[key].items():
                total[codes] = total.get(codes, 0) + forms
        result[table.number] = total
    return result
