"""Whether a figure hangs on how answers were merged: the same figure under every other collapse that one could defend.

Merged are answers beside each other on an ordinal scale, never from both sides of its middle, and at least two categories are
left. Of a table of two ordinal questions the figure is gamma; of any other with one, the share of those who gave the answers at
an end of the scale, also when "ved ikke" counts among the answers. In gammas it can't count: it has no place on a scale.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, islice, product

import numpy as np
from numpy.typing import NDArray

from frs_pipeline.errors import UsageError
from frs_pipeline.stats.clustered import Cells, Estimate, share
from frs_pipeline.stats.clustered_gamma import gamma
from frs_pipeline.store.files import MartFile
from frs_pipeline.store.settings import DUCKDB, Engine
from frs_pipeline.study import Study
from frs_pipeline.study.countable import countable
from frs_pipeline.study.faults import choices
from frs_pipeline.study.questionnaires import Question
from frs_pipeline.study.tables import TOTAL, Axis, Category, Table
from frs_pipeline.tables.clusters import clustered

# The most collapses of a table that are tried, those that merge least first.
MOST = 400
# Positions of the answers of an axis, merged: those of each category, in their order.
Blocks = tuple[tuple[int, ...], ...]
Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Side:
    """One ordinal axis of a table, as its question was asked: `answers` in the table's direction, each a category.

    `own` is how the table merges them; answers that it leaves out are in none. `unsure` is the answer without a place on the
    scale.
    """

    answers: tuple[Category, ...]
    own: Blocks
    unsure: Category | None

    def named(self, blocks: Blocks) -> str:
        """Write which answers are merged: `Ja + Måske | Nej`."""
        return " | ".join(self.merged(block) for block in blocks)

    def numbered(self, blocks: Blocks) -> str:
        """Write the same with numbers, from 1: `1+2 | 3`."""
        return " | ".join("+".join(str(at + 1) for at in block) for block in blocks)

    def merged(self, block: tuple[int, ...]) -> str:
        return " + ".join(self.answers[at].label for at in block)


@dataclass(frozen=True)
class Variant:
    """A figure under one collapse: how the answers of the rows and columns are merged ("" for an axis that isn't).

    Of a share, `row` or `column` has the answers that it counts, `within` the category of the other question, and `unsure` says
    whether those who don't know are among all. `own` marks the collapse of the table itself. Of a gamma, `blocks` are the
    positions that are merged, of the rows and of the columns.
    """

    row: str
    column: str
    within: str
    unsure: bool
    own: bool
    estimate: Estimate
    blocks: tuple[Blocks, ...] = ()


@dataclass(frozen=True)
class Collapsed:
    """All variants of the figure of a table, `measure` being gamma or share; `left_out` collapses were too many to try."""

    measure: str
    variants: list[Variant]
    left_out: int
    rows: Side | None
    columns: Side | None


def defensible(answers: int) -> Iterator[Blocks]:
    """Yield every way of merging so many answers that one could defend, those that merge least first."""
    middle = (answers - 1) / 2
    for kept in range(answers - 1, 0, -1):
        for cuts in combinations(range(1, answers), kept):
            ends = (0, *cuts, answers)
            blocks = tuple(tuple(range(ends[at], ends[at + 1])) for at in range(len(ends) - 1))
            # One that holds answers from both sides says that opposite answers are the same.
            if not any(block[0] < middle < block[-1] for block in blocks):
                yield blocks


def how_many(answers: int) -> int:
    """Count what `defensible` yields."""
    if answers < 3:
        return max(answers - 1, 0)
    # Of the cuts beside the middle, at least one is made; of the others any.
    return 1 << (answers - 2) if answers % 2 == 0 else 3 << (answers - 3)


def collapsed(
    study: Study,
    table: Table,
    marts: Mapping[str, Sequence[MartFile]],
    group: str | None = None,
    *,
    last: bool = False,
    engine: Engine = DUCKDB,
) -> Collapsed:
    """Compute the figure of a table under every defensible collapse; in one `group`, or in all of them together.

    Shares are of the first answers of the scale, or of the `last`. Raises `UsageError` for a table without such a figure, and
    for a group that it hasn't got.
    """
    place = _group(table, group)
    rows, columns = (_side(study, table, axis) for axis in (table.row, table.column))
    if table.kind in ("change", "multiple", "summary") or (rows is None and columns is None):
        what = "has no ordinal question whose answers could be merged"
        raise UsageError(what, where=f"table {table.number}", do="name a table that counts or crosses answers on a scale")
    of_shares = rows is None or columns is None
    axes = {
        name: _expanded(axis, side, unsure=of_shares)
        for name, axis, side in (("row", table.row, rows), ("column", table.column, columns))
        if axis is not None
    }
    ((_, forms),) = clustered([table.model_copy(update=axes)], marts, engine)
    cells = forms.cells.sum(axis=1, dtype=np.int64) if place is None else forms.cells[:, place].astype(np.int64)
    if rows is not None and columns is not None:
        tried = list(islice(_both(rows, columns), MOST))
        # The table's own is tried in any case.
        own = [] if (rows.own, columns.own) in tried else [(rows.own, columns.own)]
        variants = [_gamma(cells, (rows, columns), blocks) for blocks in (*own, *tried)]
        return Collapsed(
            "gamma", variants, how_many(len(rows.answers)) * how_many(len(columns.answers)) - len(tried), rows, columns
        )
    side = rows or columns
    assert side is not None
    # The scale last.
    turned = cells if columns is not None else cells.transpose(0, 2, 1)
    of_columns = columns is not None
    shares = list(_shares(table, side, turned, last=last, of_columns=of_columns))
    return Collapsed("share", shares, 0, rows, columns)


def _group(table: Table, group: str | None) -> int | None:
    known = [category.label for category in table.group.categories] if table.group else []
    if group is None or (known and group == TOTAL):
        return None
    place = {label.casefold(): at for at, label in enumerate(known)}.get(group.strip().casefold())
    if place is None:
        do = choices(known, group) if known else "leave --group out"
        what = f"table {table.number} has no groups" if not known else f"table {table.number} has no group '{group}'"
        raise UsageError(what, where="--group", do=do)
    return place


def _side(study: Study, table: Table, axis: Axis | None) -> Side | None:
    """Return an axis as its question was asked; None for one that isn't ordinal."""
    question = countable(study)[table.marts[0]].question(axis.variable) if axis and not axis.boxes and not axis.numbers else None
    if axis is None or question is None or question.type != "ordinal":
        return None
    codes = _asked(question, axis)
    # A table that merges answers gives what it doesn't merge a name of the same kind.
    merges = any(len(category.codes) > 1 for category in axis.categories)
    labels = {} if merges else {code: category.label for category in axis.categories for code in category.codes}
    answers = tuple(Category(label=labels.get(code, question.labels[code]), codes=(code,)) for code in codes)
    places = {code: at for at, code in enumerate(codes)}
    own = (tuple(sorted(places[code] for code in category.codes if code in places)) for category in axis.categories)
    unsure = None if question.dont_know is None else question.labels[question.dont_know]
    return Side(
        answers,
        tuple(block for block in own if block),
        Category(label=unsure, codes=(question.dont_know,)) if unsure is not None and question.dont_know is not None else None,
    )


def _asked(question: Question, axis: Axis) -> list[int]:
    """Return the codes of a scale in the direction of an axis, without those that the table leaves out of it."""
    scale = [code for code in question.codes if code != question.dont_know]
    if all(len(category.codes) == 1 for category in axis.categories):
        counted = {code for category in axis.categories for code in category.codes}
        scale = [code for code in scale if code in counted]
    firsts = [scale.index(category.codes[0]) for category in axis.categories if category.codes[0] in scale]
    return scale[::-1] if len(firsts) > 1 and firsts[0] > firsts[-1] else scale


def _expanded(axis: Axis, side: Side | None, *, unsure: bool) -> Axis:
    if side is None:
        return axis
    categories = (*side.answers, *([side.unsure] if unsure and side.unsure else []))
    return Axis(variable=axis.variable, categories=categories)


def _both(rows: Side, columns: Side) -> Iterator[tuple[Blocks, Blocks]]:
    """Yield the collapses of both axes together, those that merge least first."""
    each = [list(islice(defensible(len(side.answers)), MOST)) for side in (rows, columns)]
    merged = sorted(product(*each), key=lambda blocks: -sum(map(len, blocks)))
    yield from ((one, other) for one, other in merged)


def _gamma(cells: Counts, sides: tuple[Side, Side], blocks: tuple[Blocks, Blocks]) -> Variant:
    merged = merge(merge(cells, blocks[0], 1), blocks[1], 2)
    row, column = (side.named(each) for side, each in zip(sides, blocks, strict=True))
    own = blocks == (sides[0].own, sides[1].own)
    return Variant(row, column, "", unsure=False, own=own, estimate=gamma(merged), blocks=blocks)


def merge(cells: Counts, blocks: Blocks, axis: int) -> Counts:
    """Add up the counts of merged answers, which lie along an axis; answers in no block are left out."""
    return np.stack([cells.take(block, axis=axis).sum(axis=axis) for block in blocks], axis=axis)


def _shares(table: Table, side: Side, cells: Counts, *, last: bool, of_columns: bool) -> Iterator[Variant]:
    """Estimate shares of the answers at an end, from counts (clusters, categories of the other question, answers)."""
    at_end = -1 if last else 0
    size = len(side.answers)
    ends = dict.fromkeys([side.own[at_end], *(blocks[at_end] for blocks in defensible(size))])
    axis, other = (table.column, table.row) if of_columns else (table.row, table.column)
    counts_unsure = side.unsure is not None and axis is not None and axis.index(side.unsure.codes[0]) is not None
    within = [("", cells.sum(axis=1))]
    if other is not None:
        of_each = zip((category.label for category in other.categories), cells.swapaxes(0, 1), strict=True)
        within = [*of_each, (TOTAL, cells.sum(axis=1))]
    for name, answers in within:
        for end in sorted(ends, key=len):
            for unsure in (False, True) if side.unsure else (False,):
                own = end == side.own[at_end] and unsure == counts_unsure
                # The table's own figure is among the answers that the table counts, merged as it merges them.
                kept = merge(answers, side.own, 1) if own else answers[:, :size]
                counted = np.hstack([kept, answers[:, size:]]) if unsure else kept
                estimate = share(answers[:, list(end)].sum(axis=1), counted.sum(axis=1), _design(counted))
                row, column = ("", side.merged(end)) if of_columns else (side.merged(end), "")
                yield Variant(row, column, name, unsure, own, estimate)


def _design(answers: Counts) -> float:
    """Compute the design effect of a question from counts (clusters, answers)."""
    return Cells(answers).design([[place] for place in range(answers.shape[1])])
