"""The steps of a query that lead to the interval of a share: Wilson's, with the effective number of forms."""

from __future__ import annotations

from frs_pipeline.lineage.meaning import Meaning
from frs_pipeline.lineage.recount import Files, answered, read_forms, where
from frs_pipeline.lineage.sides import Side
from frs_pipeline.study import Study
from frs_pipeline.study.boxes import TICKED
from frs_pipeline.study.tables import MISSING, TOTAL, TOTAL_VALID, Address, Axis, Table, catalogue

_COUNTS = """\
counts{x} AS (  -- forms of every cluster, by answer
  SELECT
    {cluster} AS cluster,
    {answers}
  FROM {forms}{where}
  GROUP BY ALL
),
clusters{x} AS (  -- m: what a cluster has in the denominator; a: of these in the numerator
  SELECT *, {a} AS a, {m} AS m{squares}
  FROM counts{x}
  WHERE {m} > 0
),
totals{x} AS (SELECT count(*) AS k, sum(m) AS n, sum(a) / sum(m) AS p FROM clusters{x})"""
_WILSON = """\
z{x} AS (SELECT cluster, (a - p * m) / n AS z FROM clusters{x} CROSS JOIN totals{x}),
spread{x} AS (  -- robust variance: K / (K - 1) * sum of z squared
  SELECT any_value(k) / (any_value(k) - 1) * sum(z * z) AS v FROM z{x} CROSS JOIN totals{x}
),
{design}
effective{x} AS (  -- at most n, n / D, and as many independent forms as would have this variance
  SELECT k, n, p, v, t, least(n, n / d, CASE WHEN v > 0 AND p * (1 - p) > 0 THEN p * (1 - p) / v ELSE n END) AS n_effective
  FROM totals{x}, spread{x}, design{x}, t{x}
),
wilson{x} AS (
  SELECT
    *,
    (p + t * t / (2 * n_effective)) / (1 + t * t / n_effective) AS centre,
    t / (1 + t * t / n_effective) * sqrt(p * (1 - p) / n_effective + t * t / (4 * n_effective * n_effective)) AS half
  FROM effective{x}
),
interval{x} AS (
  SELECT
    p AS value,
    CASE WHEN p = 0 THEN 0 ELSE greatest(centre - half, 0) END AS low,
    CASE WHEN p = 1 THEN 1 ELSE least(centre + half, 1) END AS high,
    k, n, sqrt(v) AS error, n_effective,
    v * (n - 1) / nullif(p * (1 - p), 0) AS design_effect
  FROM wilson{x}
)"""
_POOLED = """\
squares{x} AS (  -- mean squares, of all answers together: of clusters, and of forms within them
  SELECT
    sum(m * m) / any_value(n) AS size,  -- of the cluster in which a form typically is
    (sum(squares / m) - ({totals}) / any_value(n)) / (any_value(k) - 1) AS of_clusters,
    (any_value(n) - sum(squares / m)) / nullif(any_value(n) - any_value(k), 0) AS of_forms
  FROM clusters{x} CROSS JOIN totals{x}
),
icc{x} AS (
  SELECT size, of_clusters - of_forms AS more, of_clusters + ((n - size) / (k - 1) - 1) * of_forms AS of_both
  FROM squares{x} CROSS JOIN totals{x}
),
design{x} AS (  -- D, the design effect of the question: 1 + (size - 1) * ICC, at least 1
  SELECT CASE WHEN of_both > 0 THEN greatest(1, 1 + (size - 1) * more / of_both) ELSE 1 END AS d FROM icc{x}
),"""
_ALONE = "design{x} AS (SELECT 1 AS d),  -- boxes of one form go together: no common design effect"

# Answers that are counted, as SQL with their labels, and the places of those in the numerator.
_Answers = tuple[list[tuple[str, str]], list[int]]


def share(study: Study, address: Address, meaning: Meaning, cluster: str, files: Files, x: str) -> Side | None:
    """Write the steps to a share: the answers that its question can have here, and those of them that it is the share of.

    None of a share that is everything whatever the forms say.
    """
    assert meaning.of is not None
    table = catalogue(study)[address.table]
    answers, hits = _answers(table, address, meaning)
    if not hits or len(hits) == len(answers) > 1:
        return None
    names = [f"a{place}" for place in range(1, len(answers) + 1)]
    # Of boxes on forms, all forms are the denominator, not all ticks.
    of_forms = bool(table.row.boxes) and not meaning.of.ticks
    lines = [(f"count(*) FILTER (WHERE {sql}) AS {name}", says) for name, (sql, says) in zip(names, answers, strict=True)]
    lines += [("count(*) AS m0", "")] if of_forms else []
    whole = "m0" if of_forms else " + ".join(names)
    squares = " + ".join(f"{name} * {name}" for name in names)
    counts = _COUNTS.format(
        x=x,
        cluster=cluster,
        answers="\n    ".join(_line(*line, last=at == len(lines) - 1) for at, line in enumerate(lines)),
        forms=read_forms(meaning.of, files, "  "),
        where=where(study, meaning.of, "  "),
        a=" + ".join(names[place] for place in hits),
        m=whole,
        squares="" if table.row.boxes else f",\n    {squares} AS squares  -- of all answers",
    )
    design = _ALONE.format(x=x)
    if not table.row.boxes:
        design = _POOLED.format(x=x, totals=" + ".join(f"sum({name}) ** 2" for name in names))
    return Side(x, counts, lambda _k, _n: _WILSON.format(x=x, design=design), "100 * ")


def _line(sql: str, says: str, *, last: bool) -> str:
    """Write one line of a list, with what it means behind it."""
    return f"{sql}{'' if last else ','}" + (f"  -- {' '.join(says.split())}" if says else "")


def _answers(table: Table, address: Address, meaning: Meaning) -> _Answers:
    if table.kind == "frequency":
        return _of_frequency(table, address)
    if table.kind == "multiple":
        assert meaning.of is not None
        boxes = [(answered(box, TICKED), c.label) for c, box in zip(table.row.categories, table.row.boxes, strict=True)]
        _, hits = _of_axis(table.row, address.row)
        return (boxes, hits) if meaning.of.ticks else ([boxes[place] for place in hits], [0] if hits else [])
    if table.kind == "distribution":
        return _of_axis(table.row, address.row)
    if table.kind == "change":
        assert table.change is not None
        return _of_axis(table.change, address.row)
    assert table.column is not None
    if address.measure == "row_percent" or (address.measure == "total_percent" and address.row == TOTAL):
        return _of_axis(table.column, address.column)
    if address.measure == "column_percent" or address.column == TOTAL:
        return _of_axis(table.row, address.row)
    pairs = [(i, j) for i in range(len(table.row.categories)) for j in range(len(table.column.categories))]
    labels = [(table.row.categories[i].label, table.column.categories[j].label) for i, j in pairs]
    conditions = [f"{_in(table.row, i)} AND {_in(table.column, j)}" for i, j in pairs]
    named = [" · ".join(label) for label in labels]
    return list(zip(conditions, named, strict=True)), [
        at for at, both in enumerate(labels) if both == (address.row, address.column)
    ]


def _of_frequency(table: Table, address: Address) -> _Answers:
    axis, row = table.row, address.row
    missing = (answered(axis.variable, axis.counted, without=True), MISSING)
    if row in (TOTAL_VALID, MISSING):
        return [(answered(axis.variable, axis.counted), TOTAL_VALID), missing], [int(row == MISSING)]
    answers, hits = _of_axis(axis, row)
    if address.measure == "percent":
        return [*answers, missing], hits
    return answers, [*range(hits[0] + 1)] if address.measure == "cumulative_percent" and hits else hits


def _of_axis(axis: Axis, label: str) -> _Answers:
    labels = [category.label for category in axis.categories]
    return [(_in(axis, at), each) for at, each in enumerate(labels)], [at for at, each in enumerate(labels) if each == label]


def _in(axis: Axis, place: int) -> str:
    return answered(axis.variable, frozenset(axis.categories[place].codes))
