"""Estimate what sentences and figures of the report tell of the forms that no table prints: shares, gammas, changes, intervals.

Intervals are computed as those of `tables.intervals`, from the same counts per cluster and by the same functions: shares by
Wilson, their differences by MOVER, with what the forms of a cluster have in common.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from frs_pipeline.printed.certainty import Estimated, estimated
from frs_pipeline.printed.certainty import wanted as decisive
from frs_pipeline.printed.claim_files import Claims
from frs_pipeline.report.asked import codes_of, question_of, table_of
from frs_pipeline.report.claims import claims
from frs_pipeline.report.estimates import SCHEMA, best_and_worst, key, move_named, name_of, named
from frs_pipeline.report.figures import by_answers
from frs_pipeline.report.intervals import ends, moves
from frs_pipeline.report.scales import answers_of
from frs_pipeline.report.statements import drawn, stated
from frs_pipeline.stats.clustered import Cells, Estimate
from frs_pipeline.stats.gamma import goodman_kruskal
from frs_pipeline.store.files import MartFile, Store
from frs_pipeline.store.settings import DUCKDB, Engine
from frs_pipeline.study import Study
from frs_pipeline.study.about import occasions
from frs_pipeline.study.chapters import chapters, shows_intervals
from frs_pipeline.study.claims import Asked, Pair, Share, Testable, Value
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.study.tables import TOTAL, Table, catalogue
from frs_pipeline.tables.clusters import ClusteredForms, clustered
from frs_pipeline.tables.engine import Marts, open_marts
from frs_pipeline.tables.figures import matrix

if TYPE_CHECKING:
    from frs_pipeline.tables.counting import Counts

_ONE_QUESTION = ("frequency", "distribution")
Row = dict[str, Any]


def estimate(store: Store) -> pa.Table:
    """Estimate all that pages tell of the forms of a delivery beside its tables, as rows of `estimates.SCHEMA`.

    Where the study shows no intervals, none are made; what sentences count is counted all the same.
    """
    study = store.study
    told = claims(study)
    testable: list[Testable] = [*told.by_id.values(), *stated(study)]
    values = [value for one in testable for value in one.values.values()]
    alone = {key(one): one for value in values for one in (value.pair, value.asked) if one is not None}
    marts = {mart: store.marts(mart) for mart in sorted({one.mart for one in alone.values()})}
    rows = [*counted(study, [*alone.values()], marts, store.settings.engine)]
    if shows_intervals(study):
        intervals = [*(one for each in testable for one in decisive(each)), *drawn(study), *_of_claims(told)]
        rows += spreads(store, {named(one): one for one in intervals if one.of.share_of_forms})
        rows += _of_figures(store)
    return pa.Table.from_pylist([dict.fromkeys(SCHEMA.names) | {"marked": False} | row for row in rows], schema=SCHEMA)


def changes(study: Study) -> list[tuple[int, int]]:
    """List the pairs of tables of which the report shows a change: the earlier one first."""
    order = list(occasions(study))
    pairs = [sorted(pair.items(), key=lambda one: order.index(one[0])) for chapter in chapters(study) for pair in chapter.changes]
    return list(dict.fromkeys((pair[0][1], pair[-1][1]) for pair in pairs))


def row_of(name: str, made: Estimate) -> Row:
    """Write an estimate of shares in per cent."""
    share = {end: None if (number := getattr(made, end)) is None else 100 * number for end in ("value", "low", "high")}
    tested = {"p": made.p, "clusters": made.clusters, "marked": made.marked, "reason": made.reason}
    return {"of": name, **share, **tested}


def _of_claims(told: Claims) -> Iterator[Estimated]:
    """Yield the intervals that are shown of what the claims of the printed report rest on, tested or not."""
    for claim in told.by_id.values():
        for value in claim.values.values() if claim.holds else ():
            one = estimated(value, claim.values)
            if one is not None:
                yield one


def counted(study: Study, wanted: Sequence[Pair | Asked], marts: Marts, engine: Engine = DUCKDB) -> Iterator[Row]:
    """Count pairs and answers that only sentences name; all that are of one mart together.

    A form without an answer isn't among these, nor one with "don't know", unless that is one of the answers meant.
    """
    if not wanted:
        return
    from frs_pipeline.tables.counting import count  # counting needs Ibis, which is slow to import

    tables = [table_of(study, number, one) for number, one in enumerate(wanted)]
    counts = count(tables, open_marts(marts, engine))
    for table, one in zip(tables, wanted, strict=True):
        yield {"of": key(one), **_number(study, table, counts[table.number], one)}


def _number(study: Study, table: Table, counts: Counts, of: Pair | Asked) -> Row:
    """Make a number of what was counted: gamma with its p, or a share of those who answered."""
    if isinstance(of, Pair):
        found = goodman_kruskal(matrix(table, counts))
        return {"value": found.gamma, "p": found.p, "forms": found.n}
    question = question_of(questionnaires(study)[of.mart], of.question)
    hits = codes_of(question, of.answers)
    forms = {code: number for (code,), number in counts.items() if code is not None}
    base = sum(number for code, number in forms.items() if code != question.dont_know or code in hits)
    meant = sum(number for code, number in forms.items() if code in hits)
    return {"value": 100 * meant / base if base else None, "hits": meant, "forms": base}


def _of_figures(store: Store) -> Iterator[Row]:
    """Estimate both ends of the bars of crosstabs, and the changes from one to another, row by row."""
    study, tables = store.study, catalogue(store.study)
    barred = {number: table for number, table in tables.items() if "crosstab" in table.kind and by_answers(study, table)}
    cells = {table.number: forms.cells[:, 0] for table, forms in _by_cluster(store, barred.values())}
    best = {number: answers_of(study, table, table.column).places("best") for number, table in barred.items()}
    worst = {number: answers_of(study, table, table.column).places("worst") for number, table in barred.items()}
    for number, table in barred.items():
        for label, both in ends(table, cells[number], (best[number], worst[number])).items():
            yield from (row_of(name, made) for name, made in zip(best_and_worst(number, label), both, strict=True))
    for pair in changes(study):
        if set(pair) <= barred.keys():
            earlier, later = pair
            found = moves(barred[later], (cells[earlier], cells[later]), (best[earlier], best[later]))
            for label, made in found.items():
                if made.value is not None:
                    yield row_of(move_named(pair, label), made)


def _by_cluster(store: Store, tables: Iterable[Table]) -> Iterator[tuple[Table, ClusteredForms]]:
    """Count the forms of tables by cluster, reading the marts once."""
    wanted = list(tables)
    marts: dict[str, Sequence[MartFile]] = {}
    for name in dict.fromkeys(name for table in wanted for name in table.reads):
        marts[name] = store.marts(name)
    return clustered(wanted, marts, store.settings.engine)


def spreads(store: Store, wanted: Mapping[str, Estimated]) -> Iterator[Row]:
    """Estimate intervals of shares and of differences of shares, by their names; those that there are none of are left out.

    The marts are read once for all.
    """
    values = {name_of(value): value for one in wanted.values() for value in one if value is not None}
    tables = {name: _table(store.study, place, value) for place, (name, value) in enumerate(values.items())}
    counted = {table.number: forms for table, forms in _by_cluster(store, tables.values())}
    sums = {name: _sums(store.study, tables[name], counted[tables[name].number], value) for name, value in values.items()}
    for name, one in wanted.items():
        made = _estimate([sums[name_of(value)] for value in one if value is not None])
        if made is not None and made.low is not None:
            yield row_of(name, made)


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
