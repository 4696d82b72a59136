"""Intervals of all figures that are estimates: shares, means, gammas, and differences of these.

SPSS's figures stay what they are; an interval stands beside its figure, under the same address and in the same unit (shares in
per cent, differences in percentage points). A difference stands under the address of the figure that something is taken from,
with what is taken from it as `other_group`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations, pairwise
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from frs_pipeline.stats.clustered import (
    LEVEL,
    Cells,
    Counts,
    Estimate,
    without,
)
from frs_pipeline.stats.clustered_gamma import correlated, difference_of_gammas, gamma, partial_gamma
from frs_pipeline.stats.clustered_means import Numbers, difference_of_means, mean
from frs_pipeline.study import Study
from frs_pipeline.study.about import about, occasions
from frs_pipeline.study.chapters import chapters
from frs_pipeline.study.tables import MISSING, TOTAL, TOTAL_VALID, Address, Axis, Table
from frs_pipeline.tables.clusters import ClusteredForms
from frs_pipeline.tables.figures import ADDRESS, NO_LABEL, column
from frs_pipeline.tables.multiplicity import adjusted
from frs_pipeline.tables.others import others
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
        column(
            "t",
            pa.float64(),
            "robust test that there is nothing (no difference, no change, 0); null where none is made",
        ),
        column("p", pa.float64(), "its two-sided p"),
        column("q", pa.float64(), "p adjusted for the tests of its family (Benjamini and Hochberg)"),
        column("tests", pa.int32(), "how many different tests the family has"),
        column("reason", pa.string(), "why there is no interval; null where there is one"),
    ]
)


Places = NDArray[np.int_]


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
    """Estimate the figures of a table, differences between its groups, and the other statistics that it asks for."""
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
        roles = table.percent == "row" and table.row.variable == about(study).role
        yield from _crosstab(table, forms.cells[:, 0], roles=roles)
    yield from (Interval(address, made) for address, made in others(table, forms))


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


def _each(places: Iterable[int]) -> list[list[int]]:
    return [[place] for place in places]


def _answers(table: Table, forms: ClusteredForms) -> Iterator[Interval]:
    """Estimate shares of answers: of those that answered, and in a frequency table of all forms and up to each answer, too."""
    answers = forms.cells[:, 0, :, 0]
    valid = answers.sum(axis=1)
    cells, blank = Cells(np.column_stack([answers, forms.every - valid])), answers.shape[1]
    asked, every = [*range(blank)], [*range(blank + 1)]
    design = cells.design(_each(asked))
    if table.kind == "distribution":
        for place, label in enumerate(_labels(table)):
            yield _of(table, "percent", cells.share([place], asked, design), label)
        yield _of(table, "percent", _whole(valid), TOTAL)
        return
    of_all, of_two = cells.design(_each(every)), cells.design([asked, [blank]])
    for place, label in enumerate(_labels(table)):
        yield _of(table, "percent", cells.share([place], every, of_all), label)
        yield _of(table, "valid_percent", cells.share([place], asked, design), label)
        up_to = _whole(valid) if place == asked[-1] else cells.share(asked[: place + 1], asked, design)
        yield _of(table, "cumulative_percent", up_to, label)
    yield _of(table, "percent", cells.share(asked, every, of_two), TOTAL_VALID)
    yield _of(table, "valid_percent", _whole(valid), TOTAL_VALID)
    yield _of(table, "percent", cells.share([blank], every, of_two), MISSING)
    yield _of(table, "percent", _whole(forms.every), TOTAL)


def _crosstab(table: Table, counts: NDArray[np.int32], *, roles: bool) -> Iterator[Interval]:
    """Estimate the percentages of a crosstab, from counts (clusters, rows, columns), totals among them.

    Where the rows are `roles`, each is compared with each later one.
    """
    assert table.column is not None
    at = np.arange(counts.shape[1] * counts.shape[2]).reshape(counts.shape[1:])
    cells = Cells(counts.reshape(len(counts), at.size))
    lines = {c.label: at[i] for i, c in enumerate(table.row.categories)} | {TOTAL: at}
    pillars = {c.label: at[:, j] for j, c in enumerate(table.column.categories)} | {TOTAL: at}
    for row, line in lines.items():
        for label, pillar in pillars.items():
            hits = np.intersect1d(line, pillar)
            # What the share is of, and the answers to the question that it is about.
            of: Places = {"row": line, "column": pillar}.get(table.percent or "", at)
            answers: Places = at.reshape(at.size, 1)
            if table.percent == "column" or (table.percent != "row" and label == TOTAL):
                answers = at
            elif table.percent == "row" or row == TOTAL:
                answers = at.T
            if len(hits) == of.size:
                made = _whole(counts.reshape(len(counts), at.size)[:, hits].sum(axis=1))
            else:
                design = cells.design([np.intersect1d(answer, of).tolist() for answer in answers])
                made = cells.share(hits.tolist(), of.ravel().tolist(), design)
            yield _of(table, f"{table.percent or 'total'}_percent", made, row, label)
    if roles:
        yield from _between_rows(table, cells, at)


def _between_rows(table: Table, cells: Cells, at: Places) -> Iterator[Interval]:
    """Estimate differences of roles, answer by answer; `at` are the places of the counts (roles, answers)."""
    assert table.column is not None
    lines = at.tolist()
    designs = [cells.design(_each(line)) for line in lines]
    for one, other in combinations(range(len(lines)), 2):
        labels = [table.row.categories[place].label for place in (one, other)]
        for j, category in enumerate(table.column.categories):
            sides = (([lines[one][j]], lines[one]), ([lines[other][j]], lines[other]))
            made = cells.difference(*sides, (designs[one], designs[other]))
            yield _of(table, "row_percent", made, labels[0], category.label)._replace(other=labels[1])


def _gammas(table: Table, cells: NDArray[np.int32]) -> Iterator[Interval]:
    """Estimate the gamma of each group, of all and over groups, and differences of groups."""
    groups = _groups(table)
    each = {label: correlated(cells[:, places].sum(axis=1)) for label, places in groups}
    for label, found in each.items():
        yield _of(table, "gamma", found.estimate, group=label)
    yield _of(table, "partial_gamma", partial_gamma(cells), group=TOTAL)
    for one, other in combinations([label for label, _ in groups[:-1]], 2):
        yield _of(table, "gamma", difference_of_gammas(each[one], each[other]), group=one)._replace(other=other)


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
    boxes = [*range(len(table.row.boxes))]
    for group, places in _groups(table):
        ticks = forms.cells[..., 0][:, places].sum(axis=1)
        cases = forms.cases[:, places].sum(axis=1)
        of_ticks, without_tick = Cells(ticks), Cells(np.column_stack([ticks, cases[:, np.newaxis] - ticks]))
        for box, label in enumerate(_labels(table)):
            yield _of(table, "percent", of_ticks.share([box], boxes), label, group=group)
            of_forms = without_tick.share([box], [box, len(boxes) + box])
            yield _of(table, "case_percent", of_forms, label, group=group)
        yield _of(table, "percent", _whole(ticks.sum(axis=1)), TOTAL, group=group)
        n, clusters = int(cases.sum()), int(np.count_nonzero(cases))
        per_form = without("no_method", float(ticks.sum()) / n if n else None, clusters, n)
        yield _of(table, "case_percent", per_form, TOTAL, group=group)


def _changes(table: Table, counts: NDArray[np.int32]) -> Iterator[Interval]:
    """Estimate how many answers changed which way, and differences of groups."""
    if table.change is None:
        return
    ways = [np.tril(counts, -1), counts * np.eye(counts.shape[2], dtype=np.int32), np.triu(counts, 1)]
    # (clusters, groups, ways)
    changed = np.stack([way.sum(axis=(2, 3)) for way in ways], axis=2)
    at = np.arange(changed.shape[1] * len(ways)).reshape(changed.shape[1:])
    cells = Cells(changed.reshape(len(changed), at.size))
    groups = _groups(table)
    places = {label: [at[of_group, way].ravel().tolist() for way in range(len(ways))] for label, of_group in groups}
    every = {label: at[of_group].ravel().tolist() for label, of_group in groups}
    designs = {label: cells.design(of_ways) for label, of_ways in places.items()}
    of_change = [(c.label, [code - 1 for code in c.codes]) for c in table.change.categories]

    def hits(label: str, codes: Sequence[int]) -> list[int]:
        return [place for code in codes for place in places[label][code]]

    for label, _ in groups:
        for way, codes in of_change:
            yield _of(table, "percent", cells.share(hits(label, codes), every[label], designs[label]), way, group=label)
    for one, other in combinations([label for label, _ in groups[:-1]], 2):
        for way, codes in of_change:
            sides = ((hits(one, codes), every[one]), (hits(other, codes), every[other]))
            made = cells.difference(*sides, (designs[one], designs[other]))
            yield _of(table, "percent", made, way, group=one)._replace(other=other)


def with_q(study: Study, every: Sequence[Interval]) -> list[Interval]:
    """Add to the gammas among all intervals of a study what their p become among the tests of their family."""
    gammas = {each.address: each for each in every if each.address.measure in ("gamma", "partial_gamma") and not each.other}
    judged = adjusted(study, ((address, each.estimate.p) for address, each in gammas.items()))
    found = {gammas[each.address]: each for each in judged}
    return [each._replace(q=found[each].q, tests=found[each].tests) if each in found else each for each in every]


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
    counts = [each.cells[:, 0] for each in (first, second)]
    sizes = [each.shape[1] * each.shape[2] for each in counts]
    cells = Cells(np.hstack([each.reshape(len(each), size) for each, size in zip(counts, sizes, strict=True)]))
    at = [np.arange(size).reshape(each.shape[1:]) for each, size in zip(counts, sizes, strict=True)]
    at[1] += sizes[0]
    rows = [_at(table.row, total=True) for table in (before, after)]
    columns = [_at(axis) for axis in (before.column, after.column)]
    for row in (row for row in rows[1] if row in rows[0]):
        sides = [each[of_row[row].places] for each, of_row in zip(at, rows, strict=True)]
        designs = [cells.design([answer.tolist() for answer in side.T]) for side in sides]
        for answer in (answer for answer in columns[1] if answer in columns[0]):
            then, now = (
                (side[:, of[answer].places].ravel().tolist(), side.ravel().tolist())
                for side, of in zip(sides, columns, strict=True)
            )
            made = cells.difference(now, then, designs[::-1])
            found = _of(after, "row_percent", made, rows[1][row].printed, columns[1][answer].printed)
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
