"""From counts to the figures of a table: each with its address, its value, and how SPSS prints it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa

from frs_pipeline.stats.counts import cumulative, percent
from frs_pipeline.stats.gamma import goodman_kruskal, partial
from frs_pipeline.stats.printing import count_text, spss
from frs_pipeline.stats.summary import STATISTICS, Counted, summary
from frs_pipeline.store.plan import AssetPath, Sources
from frs_pipeline.study.boxes import TICKED
from frs_pipeline.study.instruments import BOTH
from frs_pipeline.study.pairing import SAME, TO_FIRST, TO_LAST
from frs_pipeline.study.tables import MISSING, TOTAL, TOTAL_VALID, Address, Axis, Table

if TYPE_CHECKING:
    # Counting needs Ibis, which takes a third of a second to import; its counts don't.
    from frs_pipeline.tables.counting import Counts

NO_LABEL = ""


def column(name: str, kind: pa.DataType, text: str, *, nullable: bool = True) -> pa.Field:
    """Make a column that says what it holds."""
    return pa.field(name, kind, nullable=nullable, metadata={"text": text})


ADDRESS = (
    column("table", pa.int16(), "number of the table", nullable=False),
    column("row", pa.string(), "row label as printed; null where there is none"),
    column("column", pa.string(), "column label as printed; null where there is none"),
    column("group", pa.string(), "role, in tables by role"),
    column(
        "measure", pa.string(), "count, answers, a percentage, gamma, ase, t, p, n, partial_gamma or a statistic", nullable=False
    ),
)
FIGURES = pa.schema(
    [
        *ADDRESS,
        column("value", pa.float64(), "unrounded; null when not computable"),
        column("printed", pa.string(), "as SPSS prints it, with decimal comma", nullable=False),
    ]
)


class Figure(NamedTuple):
    """One number of a table. Labels are Danish, as printed; empty where there is none; `value` is unrounded."""

    table: int
    row: str
    column: str
    group: str
    measure: str
    value: float | None
    printed: str

    @property
    def address(self) -> Address:
        return Address(*self[:5])


def figures(table: Table, counts: Counts) -> list[Figure]:
    """Compute all figures of a table, in the order in which the report prints them."""
    if table.kind == "frequency":
        return list(_frequency(table, counts))
    if table.kind == "distribution":
        return list(_distribution(table, counts))
    if table.kind == "correlation":
        return list(_correlation(table.number, NO_LABEL, matrix(table, counts)))
    if table.kind == "correlation_by_group":
        return list(_by_group(table, counts))
    if table.kind == "summary":
        return list(_summary(table, counts))
    if table.kind == "change":
        return list(_change(table, counts))
    if table.kind == "multiple":
        return list(_multiple(table, counts))
    return list(_crosstab(table, matrix(table, counts)))


def as_table(figures: Sequence[Figure]) -> pa.Table:
    """Turn figures into rows of figures.parquet."""
    rows = [
        {**figure._asdict(), **{name: getattr(figure, name) or None for name in ("row", "column", "group")}} for figure in figures
    ]
    return pa.Table.from_pylist(rows, schema=FIGURES)


def from_table(rows: pa.Table) -> list[Figure]:
    """Turn rows of figures.parquet back into figures: the inverse of `as_table`."""
    return [Figure(**{**row, **{name: row[name] or NO_LABEL for name in ("row", "column", "group")}}) for row in rows.to_pylist()]


def figures_from(table: Table) -> Sources:
    """Return the sources of a table's figures, by column of figures.parquet.

    Labels come from the question of their axis, numbers from all questions that decide which forms are counted where.
    """
    counted = table.needed if table.occasion == BOTH else (*table.needed, "occasion")

    def columns(*names: str) -> list[tuple[AssetPath, str]]:
        if table.pairing and not table.pairing.made.isdisjoint(names):
            return [(("marts", mart), name) for mart in table.reads for name in sorted(table.read_of(mart))]
        return [(("marts", mart), name) for mart in table.marts for name in names]

    # The figures of a correlation stand for a whole crosstab: their address has a group at most.
    axes = {"group": table.group} if table.tells_of_groups else {"row": table.row, "column": table.column, "group": table.group}
    labels: Sources = {name: columns(*axis.columns) for name, axis in axes.items() if axis is not None}
    return labels | {name: columns(*counted) for name in ("value", "printed")}


def matrix(table: Table, counts: Counts, group: int | None = None) -> np.ndarray:
    """Cross-tabulate the forms counted on both axes, (rows, columns); `group` limits them to one category of the group axis."""
    assert table.column is not None
    cells = np.zeros((len(table.row.categories), len(table.column.categories)), dtype=np.int64)
    for codes, forms in counts.items():
        *of_group, row_code, column_code = codes
        if table.group is not None and table.group.index(of_group[0]) != group:
            continue
        row, column = table.row.index(row_code), table.column.index(column_code)
        if row is not None and column is not None:
            cells[row, column] += forms
    return cells


def _vector(axis: Axis, counts: Counts) -> list[int]:
    return [sum(forms for codes, forms in counts.items() if codes[0] in c.codes) for c in axis.categories]


def _number(table: int, row: str, column: str, count: int) -> Figure:
    return Figure(table, row, column, NO_LABEL, "count", float(count), count_text(count))


def _share(table: int, row: str, column: str, measure: str, part: int, whole: int, *, decimals: int = 1) -> Figure:
    value = percent(part, whole)
    text = spss(value, decimals, leading_zero=True)
    return Figure(table, row, column, NO_LABEL, measure, value, text if value is None else f"{text}%")


def _frequency(table: Table, counts: Counts) -> Iterator[Figure]:
    answers = _vector(table.row, counts)
    valid, total = sum(answers), sum(counts.values())
    lines = [(c.label, n, True) for c, n in zip(table.row.categories, answers, strict=True)]
    lines += [(TOTAL_VALID, valid, True), (MISSING, total - valid, False), (TOTAL, total, False)]
    running = dict(zip((c.label for c in table.row.categories), cumulative(answers), strict=True))
    for label, n, is_valid in lines:
        yield _number(table.number, label, NO_LABEL, n)
        shares = [("percent", n, total)]
        if is_valid:
            shares.append(("valid_percent", n, valid))
        if label in running:
            shares.append(("cumulative_percent", running[label], valid))
        for measure, part, whole in shares:
            value = percent(part, whole)
            yield Figure(table.number, label, NO_LABEL, NO_LABEL, measure, value, spss(value, 1, leading_zero=False))


def _distribution(table: Table, counts: Counts) -> Iterator[Figure]:
    answers = _vector(table.row, counts)
    for label, n in (*zip((c.label for c in table.row.categories), answers, strict=True), (TOTAL, sum(answers))):
        yield _number(table.number, label, NO_LABEL, n)
        yield _share(table.number, label, NO_LABEL, "percent", n, sum(answers), decimals=0)


def _crosstab(table: Table, cells: np.ndarray) -> Iterator[Figure]:
    assert table.column is not None
    columns = [*(c.label for c in table.column.categories), TOTAL]
    rows = [*(c.label for c in table.row.categories), TOTAL]
    full = np.vstack([cells, cells.sum(axis=0)])
    full = np.hstack([full, full.sum(axis=1, keepdims=True)])
    measure = f"{table.percent or 'total'}_percent"
    totals = full[-1].tolist()
    for row, line in zip(rows, full.tolist(), strict=True):
        whole = {"row": [line[-1]] * len(columns), "column": totals}.get(table.percent or "", [totals[-1]] * len(columns))
        for column, n in zip(columns, line, strict=True):
            yield _number(table.number, row, column, n)
        for column, n, base in zip(columns, line, whole, strict=True):
            yield _share(table.number, row, column, measure, n, base)


def _change(table: Table, counts: Counts) -> Iterator[Figure]:
    """Compute, in each group and in all, how many gave which answers, and how many answers changed which way."""
    groups = [(i, c.label) for i, c in enumerate(table.group.categories)] if table.group else []
    strata = [(label, matrix(table, counts, place)) for place, label in groups] or [(NO_LABEL, matrix(table, counts))]
    if table.group:
        strata.append((TOTAL, sum((cells for _, cells in strata), np.zeros_like(strata[0][1]))))
    for label, cells in strata:
        yield from (f._replace(group=label) for f in _crosstab(table, cells) if f.measure == "count")
        # Before in the rows, after in the columns, both in the order of the scale.
        forms = {TO_FIRST: np.tril(cells, -1), SAME: np.diag(cells), TO_LAST: np.triu(cells, 1)}
        for way in table.change.categories if table.change else ():
            n = int(sum(forms[code].sum() for code in way.codes))
            yield _number(table.number, way.label, NO_LABEL, n)._replace(group=label)
            yield _share(table.number, way.label, NO_LABEL, "percent", n, int(cells.sum()))._replace(group=label)


def _correlation(number: int, group: str, cells: np.ndarray) -> Iterator[Figure]:
    result = goodman_kruskal(cells)
    for measure in ("gamma", "ase", "t", "p"):
        value = getattr(result, measure)
        yield Figure(number, NO_LABEL, NO_LABEL, group, measure, value, spss(value, 3, leading_zero=False))
    yield Figure(number, NO_LABEL, NO_LABEL, group, "n", float(result.n), count_text(result.n))


def _by_group(table: Table, counts: Counts) -> Iterator[Figure]:
    assert table.group is not None
    strata = [matrix(table, counts, i) for i in range(len(table.group.categories))]
    for category, cells in zip(table.group.categories, strata, strict=True):
        yield from _correlation(table.number, category.label, cells)
    yield from _correlation(table.number, TOTAL, sum(strata, np.zeros_like(strata[0])))
    value = partial(strata).gamma
    yield Figure(table.number, NO_LABEL, NO_LABEL, TOTAL, "partial_gamma", value, spss(value, 3, leading_zero=False))


def numbers_in(table: Table, counts: Counts, group: int | None = None) -> Counted:
    """Count the forms of a summary by their number, in one group or in all."""
    counted: Counted = {}
    for (*of_group, number), forms in counts.items():
        if table.group is not None:
            place = table.group.index(of_group[0])
            if place is None or group not in (None, place):
                continue
        if number is not None and number in table.row.counted:
            counted[number] = counted.get(number, 0) + forms
    return counted


def _summary(table: Table, counts: Counts) -> Iterator[Figure]:
    groups = [*enumerate(c.label for c in table.group.categories), (None, TOTAL)] if table.group else [(None, NO_LABEL)]
    assert table.row.numbers is not None
    decimals = table.row.numbers.decimals
    for place, label in groups:
        numbers = numbers_in(table, counts, place)
        forms = sum(numbers.values())
        yield Figure(table.number, NO_LABEL, NO_LABEL, label, "n", float(forms), count_text(forms))
        values = summary(numbers, decimals)
        for measure, more in STATISTICS.items():
            value = values[measure]
            yield Figure(
                table.number, NO_LABEL, NO_LABEL, label, measure, value, spss(value, decimals + more, leading_zero=False)
            )


def _multiple(table: Table, counts: Counts) -> Iterator[Figure]:
    """Compute how many forms ticked each box, of all ticks and of all forms with a tick; in each group and in all."""
    groups = [*enumerate(c.label for c in table.group.categories), (None, TOTAL)] if table.group else [(None, NO_LABEL)]
    labels = [category.label for category in table.row.categories]
    for place, group in groups:
        ticks, cases, missing = _ticks(table, counts, place)
        answers = sum(ticks)
        for label, n in (*zip(labels, ticks, strict=True), (TOTAL, answers)):
            # One form may have given several answers: only their total isn't a number of forms.
            measure = "answers" if label == TOTAL else "count"
            yield _number(table.number, label, NO_LABEL, n)._replace(group=group, measure=measure)
            for measure, whole in (("percent", answers), ("case_percent", cases)):
                yield _share(table.number, label, NO_LABEL, measure, n, whole)._replace(group=group)
        for label, n in ((TOTAL_VALID, cases), (MISSING, missing)):
            yield _number(table.number, label, NO_LABEL, n)._replace(group=group)


def _ticks(table: Table, counts: Counts, group: int | None) -> tuple[list[int], int, int]:
    """Count the ticks in each box, forms with any and those with none, in one group or in all."""
    ticks, cases, missing = [0] * len(table.row.boxes), 0, 0
    for codes, forms in counts.items():
        of_group, boxes = codes[: -len(ticks)], codes[-len(ticks) :]
        if table.group is not None:
            place = table.group.index(of_group[0])
            if place is None or group not in (None, place):
                continue
        ticked = [code in TICKED for code in boxes]
        cases, missing = (cases + forms, missing) if any(ticked) else (cases, missing + forms)
        ticks = [n + forms * box for n, box in zip(ticks, ticked, strict=True)]
    return ticks, cases, missing
