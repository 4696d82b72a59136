"""The steps of a query that lead to the interval of a gamma or partial gamma: pairs of every cluster's forms with all forms."""

from __future__ import annotations

from frs_pipeline.lineage.meaning import Meaning, Selection
from frs_pipeline.lineage.recount import Files, read_forms, scale_of, where
from frs_pipeline.stats.clustered import FEW_CLUSTERS
from frs_pipeline.stats.clustered_gamma import FEW_FORMS, LEAST_MEETING
from frs_pipeline.study import Study

_COUNTS = """\
{scales},
counts{x} AS (  -- forms of every cluster in each cell of the table{of_each}
  SELECT {cluster} AS cluster, {stratum} AS s, r.place AS i, c.place AS j, count(*) AS n
  FROM (
    SELECT * FROM {forms}{where}
  ) AS f
  JOIN rows_of{x} AS r ON f.{row} = r.code
  JOIN columns_of{x} AS c ON f.{column} = c.code{strata}
  GROUP BY ALL
),
cells{x} AS (SELECT s, i, j, sum(n) AS n FROM counts{x} GROUP BY s, i, j),
pairs{x} AS (  -- for every cell: forms that lie in the same direction on both questions (c), and in opposite ones (d)
  SELECT
    x.s, x.i, x.j, x.n,
    coalesce(sum(y.n) FILTER (WHERE (y.i - x.i) * (y.j - x.j) > 0), 0) AS c,
    coalesce(sum(y.n) FILTER (WHERE (y.i - x.i) * (y.j - x.j) < 0), 0) AS d
  FROM cells{x} AS x JOIN cells{x} AS y USING (s)
  GROUP BY x.s, x.i, x.j, x.n
),
strata{x} AS (SELECT s, sum(n * (c - d)) / sum(n) AS mean FROM pairs{x} GROUP BY s),
clusters{x} AS (  -- m: a cluster's forms; a: their pairs with all forms, c less d; b: c and d; e: a if all forms were alike in it
  SELECT
    cluster, sum(own.n) AS m, sum(own.n * (c - d)) AS a, sum(own.n * (c + d)) AS b, sum(own.n * mean) AS e
  FROM counts{x} AS own JOIN pairs{x} USING (s, i, j) JOIN strata{x} USING (s)
  GROUP BY cluster
),
totals{x} AS (SELECT count(*) AS k, sum(m) AS n, sum(b) AS w, sum(a) / nullif(sum(b), 0) AS gamma FROM clusters{x})"""
_STEPS = """\
z{x} AS (SELECT cluster, 2 * (a - gamma * b) / w AS z FROM clusters{x} CROSS JOIN totals{x}),
spread{x} AS (  -- robust variance: K / (K - 1) * sum of z squared
  SELECT any_value(k) / (any_value(k) - 1) * sum(z * z) AS v FROM z{x} CROSS JOIN totals{x}
),
alone{x} AS (  -- the variance if every form were a cluster of its own
  SELECT any_value(k.n) / (any_value(k.n) - 1) * sum(p.n * (2 * (c - d - gamma * (c + d)) / w) ** 2) AS v
  FROM pairs{x} AS p CROSS JOIN totals{x} AS k
),
{error},
interval{x} AS (  -- on Fisher's scale: atanh(gamma) less and plus t * error / (1 - gamma squared)
  SELECT
    gamma AS value,
    tanh(atanh(gamma) - t * error / (1 - gamma * gamma)) AS low,
    tanh(atanh(gamma) + t * error / (1 - gamma * gamma)) AS high,
    k, n, error,
    least(n, n * alone{x}.v / spread{x}.v) AS n_effective,
    spread{x}.v / alone{x}.v AS design_effect
  FROM totals{x}, spread{x}, alone{x}, error{x}, t{x}
)"""
_LINEARISED = "error{x} AS (SELECT sqrt(v) AS error FROM spread{x})"
# Pairs of a cluster with all others are counted from both ends, those within it are among these twice.
_JACKKNIFE = """\
within{x} AS (  -- few clusters or forms: the jackknife, which leaves each cluster out; pairs within a cluster, c less d and both
  SELECT
    x.cluster,
    sum(x.n * y.n * sign((y.i - x.i) * (y.j - x.j))) AS a,
    sum(x.n * y.n * abs(sign((y.i - x.i) * (y.j - x.j)))) AS b
  FROM counts{x} AS x JOIN counts{x} AS y USING (cluster, s)
  GROUP BY x.cluster
),
left_out{x} AS (  -- gamma without each cluster
  SELECT (gamma * w - 2 * own.a + within{x}.a) / (w - 2 * own.b + within{x}.b) AS gamma
  FROM clusters{x} AS own JOIN within{x} USING (cluster) CROSS JOIN totals{x}
),
error{x} AS (SELECT sqrt((count(*) - 1) * var_pop(gamma)) AS error FROM left_out{x})"""
_TEST = """\
meeting AS (  -- forms expected by chance in the rarer half of both questions, each cut where its halves are most alike
  SELECT sum(r.half * c.half / n) AS forms
  FROM ({rows}
  ) AS r JOIN ({columns}
  ) AS c USING (s, n)
),
test AS (  -- gamma over its error if there were no association; with fewer than {least} of these forms none is made
  SELECT
    CASE WHEN (SELECT forms FROM meeting) >= {least} THEN any_value(gamma) / sqrt((any_value(k) - 1) / any_value(k)
      * sum((2 * (a - e) / w / (1 - least(2 * b / w, 0.75))) ** 2)) END AS t
  FROM clusters CROSS JOIN totals
)"""
_HALVES = """
    SELECT s, any_value(whole) AS n, max(least(below, whole - below)) AS half
    FROM (
      SELECT s, sum(sum(n)) OVER (PARTITION BY s ORDER BY {at}) AS below, sum(sum(n)) OVER (PARTITION BY s) AS whole
      FROM cells GROUP BY s, {at}
    )
    GROUP BY s"""


def counts(study: Study, meaning: Meaning, cluster: str, files: Files, x: str) -> str:
    """Write the steps from forms to pairs by cluster; `x` marks their names."""
    assert meaning.scales is not None
    row, column = meaning.scales
    counted, strata = meaning.counted, meaning.strata
    scales = {f"rows_of{x}": row, f"columns_of{x}": column, **({f"strata_of{x}": strata} if strata else {})}
    # The scales say which answers count; whatever they don't say stays a condition.
    rest = Selection(
        study,
        counted.marts,
        counted.occasion,
        tuple((name, codes) for name, codes in counted.answers if name not in {axis.variable for axis in scales.values()}),
        pairing=counted.pairing,
    )
    return _COUNTS.format(
        x=x,
        scales=",\n".join(scale_of(study, name, axis, counted.marts) for name, axis in scales.items()),
        cluster=cluster,
        of_each=", stratum by stratum" if strata else "",
        stratum="s.place" if strata else "1",
        strata=f"\n  JOIN strata_of{x} AS s ON f.{strata.variable} = s.code" if strata else "",
        forms=read_forms(rest, files, "    "),
        where=where(study, rest, "    "),
        row=row.variable,
        column=column.variable,
    )


def steps(x: str, clusters: int, forms: int, *, tested: bool) -> str:
    """Write the steps from pairs to the interval; by the jackknife where there are few clusters or forms."""
    few = clusters < FEW_CLUSTERS or forms < FEW_FORMS
    made = _STEPS.format(x=x, error=(_JACKKNIFE if few else _LINEARISED).format(x=x))
    test = _TEST.format(rows=_HALVES.format(at="i"), columns=_HALVES.format(at="j"), least=LEAST_MEETING)
    return f"{made},\n{test}" if tested else made
