"""The command for the association of any two ordered questions, from a table of counts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from frs_pipeline.cli.grids import print_grid
from frs_pipeline.cli.root import FIGURES, AsJson, app
from frs_pipeline.cli.terminal import print_json

if TYPE_CHECKING:
    from frs_pipeline.stats.contingency import ContingencyFile
    from frs_pipeline.stats.gamma import PartialGamma


_HELP = """Goodman-Kruskal gamma, ASE, T, p and N of any contingency table, below the table as it was read.

An empty first cell says that the first line holds headings and the first column labels. A word in it is a heading if the \
line goes on in words or codes, and a label if the column does. Codes are 1, 2, 3 … What could be labels as well as counts \
is refused, and so are totals and every cell that is neither a count nor plainly a label. A file may also hold one cell of \
the table a line: two labels and a count, under headings.

Figures are printed as in the report: with a comma, and without a zero before it.
"""


@app.command(rich_help_panel=FIGURES, help=_HELP)
def gamma(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A table of counts: CSV or .xlsx.")],
    by: Annotated[str | None, typer.Option(metavar="COLUMN", help="Column of the strata, by its heading.")] = None,
    as_it_stands: Annotated[
        bool, typer.Option("--as-it-stands", help="Count also what looks like totals, codes or headings.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Print gamma of the table in `file`, or its strata's and the partial gamma, or both as JSON."""
    from frs_pipeline.intake.readers.counted import read_counted
    from frs_pipeline.stats.counts import exact_table
    from frs_pipeline.stats.gamma import goodman_kruskal, partial

    counted = read_counted(file, by=by, as_it_stands=as_it_stands)
    tables = list(counted.strata.values())
    results = {name: goodman_kruskal(cells) for name, cells in counted.strata.items()}
    if by is not None:
        # Together, strata may hold more than fits into 64 bits.
        results["Total"] = goodman_kruskal(sum(map(exact_table, tables[1:]), exact_table(tables[0])).tolist())
    rows: list[dict[str, Any]] = [
        {"group": name or None, "gamma": r.gamma, "ase": r.ase, "t": r.t, "p": r.p, "n": r.n} for name, r in results.items()
    ]
    first_order = partial(tables) if by is not None else None
    if as_json:
        extra = (
            {} if first_order is None else {"partial": {"gamma": first_order.gamma, "ase": first_order.ase, "n": first_order.n}}
        )
        print_json({"table": _as_read(counted), "correlations": rows, **extra})
        return
    _print_table(file.name, counted)
    _print_results(rows, first_order)


def _as_read(counted: ContingencyFile) -> dict[str, Any]:
    return {
        "rows": counted.row_labels,
        "columns": counted.column_labels,
        "taken": counted.taken,
        "counts": [{"group": name or None, "cells": cells.tolist()} for name, cells in counted.strata.items()],
    }


def _print_table(caption: str, counted: ContingencyFile) -> None:
    lines = [
        [*([name] if name else []), label, *map(str, row)]
        for name, cells in counted.strata.items()
        for label, row in zip(counted.row_labels, cells.tolist(), strict=True)
    ]
    header = ("",) * (len(lines[0]) - len(counted.column_labels)) + counted.column_labels
    print_grid(caption, header, lines, counted.taken)


def _print_results(rows: list[dict[str, Any]], first_order: PartialGamma | None) -> None:
    from frs_pipeline.stats.strength import strength

    lines = [
        [
            row["group"] or "",
            *(_printed(row[m]) for m in ("gamma", "ase", "t", "p")),
            str(row["n"]),
            "" if row["gamma"] is None else strength(row["gamma"]),
        ]
        for row in rows
    ]
    if first_order is not None:
        own = [_printed(value) for value in (first_order.gamma, first_order.ase)]
        lines.append(["first-order partial", *own, "", "", str(first_order.n), ""])
    print_grid("Gamma", ("", "gamma", "ASE", "T", "p", "N", "association"), lines)


def _printed(value: float | None) -> str:
    from frs_pipeline.stats.printing import spss

    return "not computable" if value is None else spss(value, 3, leading_zero=False)
