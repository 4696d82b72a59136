"""Intervals of all figures that are estimates: shares, means, gammas, and differences of these.

SPSS's figures stay what they are; an interval stands beside its figure, under the same address and in the same unit (shares in
per cent, differences in percentage points). A difference stands under the address of the figure that something is taken from,
with what is taken from it as `other_group`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations, pairwise
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from frs_pipeline.stats.clustered import (
    LEVEL,
    Counts,
    Estimate,
    Numbers,
    difference_of_means,
    difference_of_shares,
    mean,
    pooled_design,
    share,
    without,
)
from frs_pipeline.stats.clustered_gamma import difference_of_gammas, gamma, partial_gamma
from frs_pipeline.study import Study
from frs_pipeline.study.about import about, occasions
from frs_pipeline.study.chapters import chapters
from frs_pipeline.study.tables import MISSING, TOTAL, TOTAL_VALID, Address, Axis, Table
from frs_pipeline.tables.clusters import ClusteredForms
from frs_pipeline.tables.figures import ADDRESS, NO_LABEL, column
from frs_pipeline.tables.render import numbered

INTERVALS = pa.schema(
    [
        *ADDRESS,
        column(
            "other_group",
            pa.string(),
            "what the figure is compared with, in a difference: a group, or a table; null in any other",
        ),
        column("value", pa.float64(), "the figure, or the difference; shares in per cent; null when not computable"),
        column("low", pa.float64(), "lower limit; null where there is no interval"),
        column("high", pa.float64(), "upper limit; null where there is no interval"),
        column("level", pa.float64(), "level of the interval, in per cent", nullable=False),
        column("method", pa.string(), "how the interval is made; none where there is none", nullable=False),
        column("clusters", pa.int64(), "conferences, or children, with a form in the figure", nullable=False),
        column("forms", pa.int64(), "forms in the figure; of a difference, on both sides", nullable=False),
        column("error", pa.float64(), "robust standard error, in the unit of the figure"),
        column("df", pa.float64(), "degrees of freedom of the interval and the test"),
        column("design_effect", pa.float64(), "robust variance over that of as many independent forms"),
        column("icc", pa.float64(), "intra-class correlation; it may be negative"),
        column("n_effective", pa.float64(), "how many independent forms would tell as much; at most the forms"),
        column("t", pa.float64(), "robust test that the figure is 0; null where none is made"),
        column("p", pa.float64(), "its two-sided p"),
        column("q", pa.float64(), "p adjusted for the tests of its family (Benjamini and Hochberg)"),
        column("tests", pa.int32(), "how many different tests the family has"),
        column("reason", pa.string(), "why there is no interval; null where there is one"),
    ]
)


class Interval(NamedTuple):
    """What is known of a figure's uncertainty; `other` is what it is compared with in a difference."""

    address: Address
    estimate: Estimate
    other: str = NO_LABEL
    q: float | None = None
    tests: int | None = None


# Measures that are shares, which files have in per cent.
PERCENTAGES = ("percent", "case_percent", "valid_percent", "cumulative_percent", "row_percent", "column_percent", "total_percent")


def as_table(intervals: Sequence[Interval], figures: Mapping[Address, float | None]) -> pa.Table:
    """Turn intervals into rows of intervals.parquet. `figures` are the values of figures.parquet, which theirs must be.

    Raises ValueError where an interval is about other forms than its figure.
    """
    return pa.Table.from_pylist([_row(interval, figures) for interval in intervals], schema=INTERVALS)


def _row(interval: Interval, figures: Mapping[Address, float | None]) -> dict[str, Any]:
    made, scale = interval.estimate, 100.0 if interval.address.measure in PERCENTAGES else 1.0
    value = None if made.value is None else scale * made.value
    if not interval.other and interval.address in figures:
        figure = figures[interval.address]
        if (value is None) != (figure is None) or (value is not None and figure is not None and abs(value - figure) > 1e-8):
            raise ValueError(f"table {interval.address.table}: the interval of a {interval.address.measure} is about other forms")
        value = figure
    labels = {name: getattr(interval.address, name) or None for name in ("row", "column", "group")}
    scaled = {name: None if (n := getattr(made, name)) is None else scale * n for name in ("low", "high", "error")}
    same = {
        name: getattr(made, name)
        for name in ("method", "clusters", "df", "design_effect", "icc", "n_effective", "t", "p", "reason")
    }
    return {
        "table": interval.address.table,
        **labels,
        "measure": interval.address.measure,
        "other_group": interval.other or None,
        "value": value,
        **scaled,
        "level": 100 * LEVEL,
        **same,
        "forms": made.n,
        "q": interval.q,
        "tests": interval.tests,
    }


def intervals(study: Study, table: Table, forms: ClusteredForms) -> Iterator[Interval]:
    """Estimate the figures of a table, and differences between its groups, in the order of its figures."""
    if table.kind in ("frequency", "distribution"):
        yield from _answers(table, forms)
    elif table.kind == "correlation":
        yield _of(table, "gamma", gamma(forms.cells[:, 0]))
    elif table.kind == "correlation_by_group":
        yield from _gammas(table, forms.cells)
    elif table.kind == "summary":
        yield from _means(table, forms.numbers)
    elif table.kind == "multiple":
        yield from _boxes(table, forms)
    elif table.kind == "change":
        yield from _changes(table, forms.cells)
    else:
        yield from _crosstab(table, forms.cells[:, 0])
        if table.percent == "row" and table.row.variable == about(study).role:
            yield from _between_rows(table, forms.cells[:, 0])


def _of(
    table: Table, measure: str, made: Estimate, row: str = NO_LABEL, column: str = NO_LABEL, group: str = NO_LABEL
) -> Interval:
    return Interval(Address(table.number, row, column, group, measure), made)


def _labels(table: Table) -> list[str]:
    return [category.label for category in table.row.categories]


def _groups(table: Table) -> list[tuple[str, list[int]]]:
    """List the groups of a table, and all together, each with the places of the groups that it takes."""
    if table.group is None:
        return [(NO_LABEL, [0])]
    places = range(len(table.group.categories))
    return [*((c.label, [place]) for place, c in enumerate(table.group.categories)), (TOTAL, [*places])]


def _whole(of: Counts) -> Estimate:
    """Say that a share is everything, whatever the forms say, which is no estimate."""
    n = int(of.sum())
    return without("whole" if n else "no_forms", 1.0 if n else None, int(np.count_nonzero(of)), n)


def _answers(table: Table, forms: ClusteredForms) -> Iterator[Interval]:
    """Estimate shares of answers: of those that answered, and in a frequency table of all forms and up to each answer, too."""
    answers = forms.cells[:, 0, :, 0].astype(np.int64)
    valid = answers.sum(axis=1)
    design = pooled_design(answers)
    if table.kind == "distribution":
        for label, hits in zip(_labels(table), answers.T, strict=True):
            yield _of(table, "percent", share(hits, valid, design), label)
        yield _of(table, "percent", _whole(valid), TOTAL)
        return
    every = forms.every.astype(np.int64)
    of_all = pooled_design(np.column_stack([answers, every - valid]))
    running = answers.cumsum(axis=1)
    for at, label in enumerate(_labels(table)):
        yield _of(table, "percent", share(answers[:, at], every, of_all), label)
        yield _of(table, "valid_percent", share(answers[:, at], valid, design), label)
        last = at == answers.shape[1] - 1
        yield _of(table, "cumulative_percent", _whole(valid) if last else share(running[:, at], valid, design), label)
    of_two = pooled_design(np.column_stack([valid, every - valid]))
    yield _of(table, "percent", share(valid, every, of_two), TOTAL_VALID)
    yield _of(table, "valid_percent", _whole(valid), TOTAL_VALID)
    yield _of(table, "percent", share(every - valid, every, of_two), MISSING)
    yield _of(table, "percent", _whole(every), TOTAL)


def _crosstab(table: Table, cells: NDArray[np.int32]) -> Iterator[Interval]:
    """Estimate the percentages of a crosstab, from counts (clusters, rows, columns), totals among them."""
    assert table.column is not None
    counts = cells.astype(np.int64)
    if table.percent == "column":
        by_answer = {(i.row, i.column): i for i in _of_each(table, counts.transpose(0, 2, 1), turned=True)}
    elif table.percent == "row":
        by_answer = {(i.row, i.column): i for i in _of_each(table, counts)}
    else:
        by_answer = {(i.row, i.column): i for i in _of_all(table, counts)}
    rows, columns = ([*(c.label for c in axis.categories), TOTAL] for axis in (table.row, table.column))
    for row in rows:
        for label in columns:
            yield _of(table, f"{table.percent or 'total'}_percent", by_answer[row, label].estimate, row, label)


class _Cell(NamedTuple):
    row: str
    column: str
    estimate: Estimate


def _of_each(table: Table, counts: NDArray[np.int64], *, turned: bool = False) -> Iterator[_Cell]:
    """Estimate shares of the answers in the last axis, within each category of the middle one and in all."""
    assert table.column is not None
    given, asked = (table.column, table.row) if turned else (table.row, table.column)
    within = [*(c.label for c in given.categories), TOTAL]
    for at, label in enumerate(within):
        answers = counts.sum(axis=1) if at == counts.shape[1] else counts[:, at]
        valid, design = answers.sum(axis=1), pooled_design(answers)
        for place, category in enumerate(asked.categories):
            made = share(answers[:, place], valid, design)
            yield _Cell(category.label, label, made) if turned else _Cell(label, category.label, made)
        yield _Cell(TOTAL, label, _whole(valid)) if turned else _Cell(label, TOTAL, _whole(valid))


def _of_all(table: Table, counts: NDArray[np.int64]) -> Iterator[_Cell]:
    """Estimate shares of all forms of a crosstab."""
    assert table.column is not None
    valid = counts.sum(axis=(1, 2))
    rows, columns = counts.sum(axis=2), counts.sum(axis=1)
    design = pooled_design(counts.reshape(len(counts), counts.shape[1] * counts.shape[2]))
    for i, row in enumerate(table.row.categories):
        for j, other in enumerate(table.column.categories):
            yield _Cell(row.label, other.label, share(counts[:, i, j], valid, design))
        yield _Cell(row.label, TOTAL, share(rows[:, i], valid, pooled_design(rows)))
    for j, other in enumerate(table.column.categories):
        yield _Cell(TOTAL, other.label, share(columns[:, j], valid, pooled_design(columns)))
    yield _Cell(TOTAL, TOTAL, _whole(valid))


def _between_rows(table: Table, cells: NDArray[np.int32]) -> Iterator[Interval]:
    """Estimate differences of roles, answer by answer, from counts (clusters, roles, answers)."""
    assert table.column is not None
    counts = cells.astype(np.int64)
    designs = [pooled_design(counts[:, at]) for at in range(counts.shape[1])]
    valid = counts.sum(axis=2)
    for one, other in combinations(range(counts.shape[1]), 2):
        for j, category in enumerate(table.column.categories):
            sides = [(counts[:, at, j], valid[:, at]) for at in (one, other)]
            made = difference_of_shares(sides[0], sides[1], (designs[one], designs[other]))
            labels = [table.row.categories[at].label for at in (one, other)]
            yield _of(table, "row_percent", made, labels[0], category.label)._replace(other=labels[1])


def _gammas(table: Table, cells: NDArray[np.int32]) -> Iterator[Interval]:
    """Estimate the gamma of each group, of all and over groups, and differences of groups."""
    groups = _groups(table)
    for label, places in groups:
        yield _of(table, "gamma", gamma(cells[:, places].sum(axis=1)), group=label)
    yield _of(table, "partial_gamma", partial_gamma(cells), group=TOTAL)
    for (one, here), (other, there) in combinations(groups[:-1], 2):
        made = difference_of_gammas(cells[:, here[0]], cells[:, there[0]])
        yield _of(table, "gamma", made, group=one)._replace(other=other)


def _means(table: Table, numbers: Sequence[Numbers]) -> Iterator[Interval]:
    groups = _groups(table)
    for label, places in groups:
        yield _of(
            table,
            "mean",
            mean(Numbers(*(np.sum([numbers[at][part] for at in places], axis=0) for part in range(3)))),
            group=label,
        )
    for (one, here), (other, there) in combinations(groups[:-1], 2):
        made = difference_of_means(numbers[here[0]], numbers[there[0]])
        yield _of(table, "mean", made, group=one)._replace(other=other)


def _boxes(table: Table, forms: ClusteredForms) -> Iterator[Interval]:
    """Estimate shares of ticks and of forms with a tick. Boxes of one form go together, so each has its own design effect."""
    assert forms.cases is not None
    for group, places in _groups(table):
        ticks = forms.cells[:, places, :, 0].sum(axis=1, dtype=np.int64)
        answers, cases = ticks.sum(axis=1), forms.cases[:, places].sum(axis=1, dtype=np.int64)
        for hits, label in zip(ticks.T, _labels(table), strict=True):
            for measure, of in (("percent", answers), ("case_percent", cases)):
                yield _of(table, measure, share(hits, of), label, group=group)
        yield _of(table, "percent", _whole(answers), TOTAL, group=group)
        n, clusters = int(cases.sum()), int(np.count_nonzero(cases))
        per_form = without("no_method", float(answers.sum()) / n if n else None, clusters, n)
        yield _of(table, "case_percent", per_form, TOTAL, group=group)


def _changes(table: Table, cells: NDArray[np.int32]) -> Iterator[Interval]:
    """Estimate how many answers changed which way, and differences of groups."""
    if table.change is None:
        return
    ways = [np.tril(cells, -1), cells * np.eye(cells.shape[2], dtype=np.int32), np.triu(cells, 1)]
    counts = np.stack([way.sum(axis=(2, 3), dtype=np.int64) for way in ways], axis=2)
    groups = _groups(table)
    of_ways = [(c.label, [code - 1 for code in c.codes]) for c in table.change.categories]
    answers = {label: counts[:, places].sum(axis=1) for label, places in groups}
    for label, ticks in answers.items():
        design = pooled_design(ticks)
        for way, at in of_ways:
            yield _of(table, "percent", share(ticks[:, at].sum(axis=1), ticks.sum(axis=1), design), way, group=label)
    for one, other in combinations([label for label, _ in groups[:-1]], 2):
        designs = tuple(pooled_design(answers[label]) for label in (one, other))
        for way, at in of_ways:
            sides = [(answers[label][:, at].sum(axis=1), answers[label].sum(axis=1)) for label in (one, other)]
            yield _of(table, "percent", difference_of_shares(sides[0], sides[1], designs), way, group=one)._replace(other=other)


def followed(study: Study) -> list[tuple[int, int]]:
    """List the tables that the report draws against each other as an earlier and a later one."""
    order = [*occasions(study)]
    pairs: dict[tuple[int, int], None] = {}
    for change in (change for chapter in chapters(study) for change in chapter.changes):
        numbers = [change[occasion] for occasion in sorted(change, key=order.index)]
        pairs.update(dict.fromkeys(pairwise(numbers)))
    return list(pairs)


def between(study: Study, earlier: tuple[Table, ClusteredForms], later: tuple[Table, ClusteredForms]) -> Iterator[Interval]:
    """Estimate how much larger the shares of a later crosstab are than those of an earlier one with the same labels.

    Forms of a child at both occasions are in the same cluster, so that what they have in common is taken into account.
    """
    (before, first), (after, second) = earlier, later
    if before.percent != "row" or after.percent != "row" or before.column is None or after.column is None:
        return
    counts = [each.cells[:, 0].astype(np.int64) for each in (first, second)]
    rows = [_at(table.row, total=True) for table in (before, after)]
    columns = [_at(axis) for axis in (before.column, after.column)]
    for row, label in ((row, label) for row, label in rows[1].items() if row in rows[0]):
        sides = [each[:, of_row[row].places].sum(axis=1) for each, of_row in zip(counts, rows, strict=True)]
        designs = [pooled_design(answers) for answers in sides]
        for answer in (answer for answer in columns[1] if answer in columns[0]):
            hits = [answers[:, of[answer].places].sum(axis=1) for answers, of in zip(sides, columns, strict=True)]
            valid = [answers.sum(axis=1) for answers in sides]
            made = difference_of_shares((hits[1], valid[1]), (hits[0], valid[0]), designs[::-1])
            found = _of(after, "row_percent", made, label.printed, columns[1][answer].printed)
            yield found._replace(other=numbered(study, before.number))


class _At(NamedTuple):
    """A category as a table prints it, and its places on the axis."""

    printed: str
    places: list[int]


def _at(axis: Axis, *, total: bool = False) -> dict[str, _At]:
    """Return the categories of an axis, and all together where there is a `total`, by what two tables have in common of them."""
    each = {category.label.casefold(): _At(category.label, [at]) for at, category in enumerate(axis.categories)}
    return {**each, TOTAL: _At(TOTAL, [*range(len(axis.categories))])} if total else each


def marked(row: Mapping[str, Any]) -> bool:
    """Tell, of a row of intervals.parquet, whether its interval is shown with a mark, as `Estimate.marked`."""
    known = {name: row[name] for name in ("low", "clusters", "n_effective")}
    return replace(without("no_forms", n=0), **known).marked
