"""Intervals of shares that are tested in sentences, and of their differences: what no table prints by itself.

Computed as those of `tables.intervals`, from the same counts per cluster and by the same functions: shares by Wilson, their
differences by MOVER, with what the forms of a cluster have in common.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from frs_pipeline.printed.certainty import Estimated, Spread
from frs_pipeline.printed.verdicts import of_float
from frs_pipeline.report.asked import codes_of, question_of, table_of
from frs_pipeline.stats.clustered import Cells, Estimate
from frs_pipeline.store.files import Store
from frs_pipeline.study import Study
from frs_pipeline.study.claims import Asked, Correlation, Share, Value
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.study.tables import TOTAL, Table, catalogue
from frs_pipeline.tables.clusters import ClusteredForms, clustered

_ONE_QUESTION = ("frequency", "distribution")


def named(wanted: Estimated) -> str:
    """Name an interval by what it is of."""
    return " less ".join(_named(value) for value in wanted if value is not None)


def _named(value: Value) -> str:
    of = value.share_of_forms or value.gamma
    assert of is not None, "only shares and gammas have an interval"
    return f"{type(of).__name__} {of.model_dump_json()}"


def of_gammas(rows: Iterable[Mapping[str, Any]]) -> dict[str, Spread]:
    """Return the intervals of gammas and of their differences by `named`, from rows of intervals.parquet."""
    found = {}
    for row in (one for one in rows if one["measure"] == "gamma" and one["low"] is not None):
        own, other = (Value(gamma=Correlation(table=row["table"], group=row[name] or "")) for name in ("group", "other_group"))
        low, high = of_float(row["low"]), of_float(row["high"])
        p = row["p" if row["other_group"] else "q"]
        exact = None if p is None else of_float(p)
        if row["other_group"]:
            found[named(Estimated(own, other))] = Spread(low, high, exact)
            found[named(Estimated(other, own))] = Spread(-high, -low, exact)
        else:
            found[named(Estimated(own))] = Spread(low, high, exact)
    return found


def spreads(store: Store, wanted: Mapping[str, Estimated]) -> dict[str, Spread]:
    """Estimate intervals of shares and of differences of shares, by their names; those that there are none of are left out.

    The marts are read once for all.
    """
    values = {_named(value): value for one in wanted.values() for value in one if value is not None}
    tables = {name: _table(store.study, place, value) for place, (name, value) in enumerate(values.items())}
    marts = {name: store.marts(name) for name in dict.fromkeys(name for table in tables.values() for name in table.reads)}
    once = {table.number: table for table in tables.values()}
    counted = {table.number: forms for table, forms in clustered(once.values(), marts, store.settings.engine)}
    sums = {name: _sums(store.study, tables[name], counted[tables[name].number], value) for name, value in values.items()}
    found = {name: _estimate([sums[_named(value)] for value in one if value is not None]) for name, one in wanted.items()}
    return {name: spread for name, made in found.items() if made and (spread := _spread(made))}


def _table(study: Study, place: int, value: Value) -> Table:
    """Return the table that counts a share: one of the study, or one of its own, whose number is none of the study's."""
    if value.share is not None:
        return catalogue(study)[value.share.table]
    assert value.asked is not None, "only shares are counted"
    return table_of(study, -1 - place, value.asked)


@dataclass(frozen=True)
class _Sums:
    """Counts per cluster (clusters, places) of all forms that a share is of: the places of its hits, and of each answer."""

    counts: NDArray[np.int64]
    hits: Sequence[int]
    answers: Sequence[Sequence[int]]


def _sums(study: Study, table: Table, forms: ClusteredForms, value: Value) -> _Sums | None:
    """Count what a share is made of; None where it names what isn't an answer, as a total."""
    if value.asked is not None:
        return _of_asked(study, table, forms, value.asked)
    share = value.share
    assert share is not None, "only shares are counted"
    return _of_one(table, forms, share) if table.kind in _ONE_QUESTION else _of_crosstab(table, forms, share)


def _of_asked(study: Study, table: Table, forms: ClusteredForms, asked: Asked) -> _Sums:
    question = question_of(questionnaires(study)[asked.mart], asked.question)
    hits = codes_of(question, asked.answers)
    codes = [category.codes[0] for category in table.row.categories]
    kept = [place for place, code in enumerate(codes) if code in hits or code != question.dont_know]
    counts = forms.cells[:, 0, kept, 0].astype(np.int64)
    return _Sums(counts, [at for at, place in enumerate(kept) if codes[place] in hits], [[at] for at in range(len(kept))])


def _of_one(table: Table, forms: ClusteredForms, share: Share) -> _Sums | None:
    labels = [category.label for category in table.row.categories]
    counts = forms.cells[:, 0, :, 0].astype(np.int64)
    if share.of == "all" and table.kind == "frequency":
        counts = np.column_stack([counts, forms.every - counts.sum(axis=1)])
    if not set(share.answers) <= set(labels):
        return None
    return _Sums(counts, [labels.index(answer) for answer in share.answers], [[at] for at in range(counts.shape[1])])


def _of_crosstab(table: Table, forms: ClusteredForms, share: Share) -> _Sums | None:
    if table.column is None or table.kind not in ("crosstab", "collapsed_crosstab"):
        return None
    rows = [category.label for category in table.row.categories]
    columns = [category.label for category in table.column.categories]
    mine = rows if share.rows == (TOTAL,) else list(share.rows)
    if not set(mine) <= set(rows) or not set(share.answers) <= set(columns):
        return None
    cells = forms.cells[:, 0].astype(np.int64)
    if share.of == "row":
        cells = cells[:, [rows.index(row) for row in mine]]
        rows = mine
    at = np.arange(cells.shape[1] * cells.shape[2]).reshape(cells.shape[1:])
    hits = [int(at[rows.index(row), columns.index(answer)]) for row in mine for answer in share.answers]
    # Of rows, a question has an answer in each column; of all forms, one in each cell.
    answers = at.T.tolist() if share.of == "row" else at.reshape(-1, 1).tolist()
    return _Sums(cells.reshape(len(cells), -1), hits, answers)


def _estimate(sides: Sequence[_Sums | None]) -> Estimate | None:
    """Estimate one share, or the difference of two; None where one isn't made of answers."""
    known = [side for side in sides if side is not None]
    if len(known) < len(sides):
        return None
    cells, start = Cells(np.hstack([side.counts for side in known])), 0
    shares: list[tuple[list[int], list[int]]] = []
    designs = []
    for side in known:
        of = [start + place for place in range(side.counts.shape[1])]
        shares.append(([start + place for place in side.hits], of))
        designs.append(cells.design([[start + place for place in answer] for answer in side.answers]))
        start += len(of)
    if len(shares) == 1:
        return cells.share(*shares[0], designs[0])
    return cells.difference(shares[0], shares[1], designs)


def _spread(made: Estimate) -> Spread | None:
    """Return an interval in per cent, or in points; None where there is none."""
    if made.low is None or made.high is None:
        return None
    return Spread(of_float(100 * made.low), of_float(100 * made.high), None if made.p is None else of_float(made.p))
