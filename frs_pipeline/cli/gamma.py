"""Commands for associations: of any two ordered questions, from a table of counts; of all questions of a mart."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from frs_pipeline.cli.root import FIGURES, AsJson, Delivery, Results, app
from frs_pipeline.cli.terminal import print_grid, print_json
from frs_pipeline.errors import UsageError
from frs_pipeline.language import plural

if TYPE_CHECKING:
    from frs_pipeline.stats.contingency import ContingencyFile
    from frs_pipeline.stats.gamma import PartialGamma
    from frs_pipeline.study import Study
    from frs_pipeline.study.questionnaires import Question, Questionnaire
    from frs_pipeline.tables.associations import Association


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


@app.command(rich_help_panel=FIGURES)
def associate(
    mart: Annotated[str, typer.Argument(metavar="MART", help="Name of a questionnaire.")],
    by: Annotated[str | None, typer.Option(metavar="QUESTION", help="Also within each answer to this question.")] = None,
    delivery: Delivery = None,
    as_json: AsJson = False,
) -> None:
    """Print gamma and N of all pairs of ordinal questions of a mart, the strongest first.

    Forms that left one of the two blank or don't know aren't counted. With `--by`, each pair is followed by one line per
    answer; the line without an answer is about all forms.
    """
    from frs_pipeline.study.faults import choices
    from frs_pipeline.study.questionnaires import questionnaires
    from frs_pipeline.tables.associations import associations, ordinal

    results = Results(delivery, together=True)
    known = questionnaires(results.study)
    if mart not in known:
        raise UsageError("no such mart with questions", where=mart, do=choices(known, mart))
    within = None if by is None else _question(known[mart], by)
    results.file(("marts", mart))
    found = associations(results.store.marts(mart), ordinal(results.study, mart), within)
    # Python sorts stably: what belongs to a pair stays together.
    strengths = {(one.row, one.column): -1 if one.gamma is None else abs(one.gamma) for one in found if one.group is None}
    found.sort(key=lambda one: (-strengths[one.row, one.column], one.row, one.column))
    if as_json:
        shown = [
            {"row": one.row, "column": one.column, "group": _answer(one, within), "gamma": one.gamma, "n": one.n} for one in found
        ]
        print_json(shown)
        return
    _print_associations(results.study, mart, found, len(strengths), within)


def _question(questionnaire: Questionnaire, name: str) -> Question:
    from frs_pipeline.study.faults import choices

    question = questionnaire.question(name)
    if question is None:
        known = choices((question.name for question in questionnaire.questions), name)
        raise UsageError(f"{questionnaire.instrument} has no question {name}", where="--by", do=known)
    return question


def _answer(one: Association, by: Question | None) -> str | None:
    return None if by is None or one.group is None else by.labels[one.group]


def _print_associations(study: Study, mart: str, found: list[Association], pairs: int, by: Question | None) -> None:
    from frs_pipeline.stats.strength import strength
    from frs_pipeline.study.about import written

    lines = [
        [
            one.row,
            one.column,
            *([] if by is None else [_answer(one, by) or ""]),
            written(study, _printed(one.gamma)),
            str(one.n),
            "" if one.gamma is None else strength(one.gamma),
        ]
        for one in found
    ]
    header = ("row", "column", *([] if by is None else [by.name]), "gamma", "N", "association")
    print_grid(f"{mart}: {plural(pairs, 'pair')} of ordinal questions", header, lines)


def _printed(value: float | None) -> str:
    from frs_pipeline.stats.printing import spss

    return "not computable" if value is None else spss(value, 3, leading_zero=False)
