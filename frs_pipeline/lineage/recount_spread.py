"""Queries that anybody can run on the marts to compute an interval again, without this program.

They are written for the DuckDB command line in the same folder as those of `recount`, from the same meaning of a figure.
Everything is computed from counts per cluster. Student's t, which DuckDB doesn't have, stands in them as a number, with its
degrees of freedom, to be looked up in any table.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from frs_pipeline.lineage import recount_gamma
from frs_pipeline.lineage.meaning import Meaning, meanings
from frs_pipeline.lineage.recount import Files, read_forms, where
from frs_pipeline.lineage.recount_share import share
from frs_pipeline.lineage.sides import CLUSTERS, Side
from frs_pipeline.stats.clustered import FEW_CLUSTERS, quantile
from frs_pipeline.store.rows import ENGINE
from frs_pipeline.study import Study
from frs_pipeline.study.about import about
from frs_pipeline.study.countable import CONFERENCE, countable
from frs_pipeline.study.tables import Address, catalogue
from frs_pipeline.tables.intervals import PERCENTAGES, followed
from frs_pipeline.tables.render import caption, numbered

# Answers a query where the marts are: its rows, each by the names of its columns.
Ask = Callable[[str], list[dict[str, Any]]]
GAMMAS = ("gamma", "partial_gamma")
# A mart, as queries name it from the folder where they run.
_MART = re.compile(r"'((?:[^'/\n]+/)?marts/[^'/\n]+\.parquet)'")


def recount_spread(study: Study, address: Address, other: str, ask: Ask, files: Files | None = None) -> str | None:
    """Write the query that gives a figure's interval, or that of its difference from what it is compared with (`other`).

    None where the figure has no interval. `ask` runs queries in the folder where the reader will.
    """
    against = other_side(study, address, other) if other else None
    if other and against is None:
        return None
    sides = []
    for at, one in enumerate((address, against), start=1):
        made = _side(study, one, f"_{at}" if other else "", files or {}) if one else None
        if one and made is None:
            return None
        sides += [made] if made else []
    parts: list[str] = []
    for side in sides:
        (size,) = ask(f"WITH {side.counts}\nSELECT k, n FROM totals{side.mark}")
        if size["k"] < 2:
            return None
        of_t = [_t(side.mark, size["k"] - 1)] if address.measure != "mean" else []
        parts += [side.counts, *of_t, side.steps(size["k"], size["n"])]
    if address.measure == "mean":
        body = _of_means(parts, sides, ask)
    else:
        body = "WITH " + ",\n".join(parts) + ("\n" + _SINGLE if not other else ",\n" + _DIFFERENCE)
        gamma = address.measure in GAMMAS
        body = body.replace("{scale}", sides[0].scale).replace("{test}", ", (SELECT t FROM test) AS t" if gamma else "")
        body = body.replace("{error}", _OF_GAMMAS if gamma else "together.error")
    place = " · ".join(part for part in (address.row, address.column, address.group, address.measure) if part)
    lines = (
        f"-- {' '.join(caption(study, catalogue(study)[address.table]).split())}",
        f"-- {place}{f', less {other}' if other else ''}: the 95 % interval. {_said(study, address)}",
        body,
    )
    return "\n".join(lines)


def asked_in(folder: Path) -> Ask:
    """Return what runs queries with DuckDB in a folder, as a reader does."""
    import duckdb

    engine = duckdb.connect(config=ENGINE)
    here = str(folder).replace("'", "''")

    def ask(query: str) -> list[dict[str, Any]]:
        rows = engine.execute(_MART.sub(lambda found: f"'{here}/{found[1]}'", query))
        names = [column[0] for column in rows.description or ()]
        return [dict(zip(names, row, strict=True)) for row in rows.fetchall()]

    return ask


def other_side(study: Study, address: Address, other: str) -> Address | None:
    """Return the figure that is taken from another one in a difference; `other` is a group, a row, or an earlier table."""
    known = meanings(study)
    earlier = next((n for n, later in followed(study) if later == address.table and numbered(study, n) == other), None)
    if earlier is None:
        there = address._replace(group=other) if address.group else address._replace(row=other)
        return there if there in known else None
    wanted = (address.row.casefold(), address.column.casefold(), address.measure)
    in_earlier = (one for one in known if one.table == earlier)
    return next((one for one in in_earlier if (one.row.casefold(), one.column.casefold(), one.measure) == wanted), None)


def cluster(study: Study, marts: Sequence[str]) -> str:
    """Write what forms of a cluster have in common: the child, else the conference, else nothing but the form itself."""
    by_number = [mart == CONFERENCE or bool(countable(study)[mart].forms.number) for mart in marts]
    keys = ["case_id"] if about(study).cases else []
    keys += ["conference_id"] if any(by_number) else []
    keys += [] if all(by_number) else ["form_id"]
    return keys[0] if len(keys) == 1 else f"coalesce({', '.join(keys)})"


def _said(study: Study, address: Address) -> str:
    return f"A cluster is {CLUSTERS[cluster(study, catalogue(study)[address.table].marts)]}."


def _side(study: Study, address: Address, mark: str, files: Files) -> Side | None:
    meaning = meanings(study).get(address)
    if meaning is None:
        return None
    key = cluster(study, meaning.counted.marts)
    if address.measure in GAMMAS:
        counts = recount_gamma.counts(study, meaning, key, files, mark)
        return Side(mark, counts, lambda k, n: recount_gamma.steps(mark, k, n, tested=not mark), "")
    if address.measure == "mean":
        return _mean(study, meaning, key, files, mark)
    if address.measure in PERCENTAGES and meaning.of is not None:
        return share(study, address, meaning, key, files, mark)
    return None


def _t(mark: str, df: float) -> str:
    """Write Student's t at 95 %, as one of the steps."""
    says = f"t(.975) of {df:.15g} degrees of freedom, as in any table of Student's t"
    return f"t{mark}(t) AS (  -- {says}\n  VALUES (CAST({quantile(df)!r} AS DOUBLE))\n)"


_SINGLE = """\
SELECT
  {scale}value AS value, {scale}low AS low, {scale}high AS high,
  k AS clusters, n AS forms, {scale}error AS error, k - 1 AS df, n_effective, design_effect{test}
FROM interval;"""
# MOVER (Newcombe 1998; Zou & Donner 2008): the two intervals put together, by how their sides go together over clusters.
_DIFFERENCE = """\
sides AS (  -- what every cluster adds to the error on either side: nothing where it has no form
  SELECT coalesce(x.z, 0) AS z, coalesce(y.z, 0) AS w FROM z_1 AS x FULL JOIN z_2 AS y USING (cluster)
),
together AS (  -- r: how much the sides go together
  SELECT
    count(*) AS k,
    coalesce(sum(z * w) / nullif(sqrt(sum(z * z) * sum(w * w)), 0), 0) AS r,
    sqrt(count(*) / (count(*) - 1) * sum((z - w) * (z - w))) AS error  -- of shares
  FROM sides
),
apart AS (
  SELECT
    x.value - y.value AS value, r, together.k, x.n + y.n AS n, {error} AS error,
    x.value - x.low AS below, x.high - x.value AS above, y.value - y.low AS under, y.high - y.value AS over,
    least(x.n_effective, y.n_effective) AS n_effective
  FROM interval_1 AS x, interval_2 AS y, together
)
SELECT
  {scale}value AS value,
  {scale}(value - sqrt(greatest(below * below + over * over - 2 * r * below * over, 0))) AS low,
  {scale}(value + sqrt(greatest(above * above + under * under - 2 * r * above * under, 0))) AS high,
  k AS clusters, n AS forms, {scale}error AS error, k - 1 AS df, n_effective
FROM apart;"""

_OF_GAMMAS = "sqrt(greatest(x.error ** 2 + y.error ** 2 - 2 * r * x.error * y.error, 0))"

# --- means ------------------------------------------------------------------------------------------------

_NUMBERS = """\
clusters{x} AS (  -- of every cluster: how many numbers (m), their sum (a), and the sum of their squares
  SELECT cluster, count(*) AS m, sum(x) AS a, sum(x * x) AS squares
  FROM (
    SELECT {cluster} AS cluster, CAST({places} AS HUGEINT) AS x
    FROM {forms}{where}
  )
  GROUP BY cluster
),
totals{x} AS (SELECT count(*) AS k, sum(m) AS n, sum(a) / sum(m) AS p, sum(squares) AS squares FROM clusters{x})"""
_INFLUENCE = "z{x} AS (SELECT cluster, (a - p * m) / n AS z, m / n AS h, n FROM clusters{x} CROSS JOIN totals{x})"
_OF_CLUSTERS = """\
sides AS (  -- of every cluster: its influence on either mean, and its share of the numbers on either side
  SELECT cluster, {z} AS z, {of_few} AS of_few, {h} AS h, {g} AS g
  FROM {joined}
),
size AS (SELECT count(*) AS k FROM sides)"""
_LINEARISED = """\
spread AS (  -- robust variance: K / (K - 1) * sum of z squared
  SELECT count(*) / (count(*) - 1) * sum(z * z) AS v FROM sides
)"""
_FEW = """\
spread AS (  -- fewer than 30 clusters: CR2 (Bell & McCaffrey 2002), each z over the root of 1 - h
  SELECT sum(of_few * of_few) AS v FROM sides
)"""
_DEGREES = """\
degrees AS (  -- Satterthwaite: the trace of a matrix of all pairs of clusters, squared, over the sum of its squares
  SELECT sum(own) FILTER (WHERE same) ** 2 / sum(own * own) AS df
  FROM (
    SELECT
      x.cluster = y.cluster AS same,
      (CASE WHEN same THEN x.h / (1 - x.h) ELSE 0 END - x.h * y.h / sqrt((1 - x.h) * (1 - y.h))) / {n}
      + (CASE WHEN same THEN x.g / (1 - x.g) ELSE 0 END - x.g * y.g / sqrt((1 - x.g) * (1 - y.g))) / {n_other} AS own
    FROM sides AS x CROSS JOIN sides AS y
  )
)"""


def _mean(study: Study, meaning: Meaning, key: str, files: Files, x: str) -> Side:
    assert meaning.numbers is not None
    assert meaning.numbers.numbers is not None
    scale = 10**meaning.numbers.numbers.decimals
    name = meaning.numbers.variable
    counts = _NUMBERS.format(
        x=x,
        cluster=key,
        places=f"{name} * {scale}" if scale > 1 else name,
        forms=read_forms(meaning.counted, files, "    "),
        where=where(study, meaning.counted, "    "),
    )
    return Side(x, counts, lambda _k, _n: _INFLUENCE.format(x=x), f"1.0 / {scale} * ")


def _of_means(parts: Sequence[str], sides: Sequence[Side], ask: Ask) -> str:
    """Write the query of a mean's interval, or a difference's, from the steps of its sides."""
    if len(sides) == 1:
        every = {"z": "z", "of_few": "z / sqrt(1 - h)", "h": "h", "g": "0.0", "joined": "z"}
    else:
        every = {
            "z": "coalesce(x.z, 0) - coalesce(y.z, 0)",
            "of_few": "coalesce(x.z / sqrt(1 - x.h), 0) - coalesce(y.z / sqrt(1 - y.h), 0)",
            "h": "coalesce(x.h, 0)",
            "g": "coalesce(y.h, 0)",
            "joined": "z_1 AS x FULL JOIN z_2 AS y USING (cluster)",
        }
    steps = [*parts, _OF_CLUSTERS.format(**every)]
    (size,) = ask(f"WITH {','.join(steps)} SELECT k FROM size")  # noqa: S608 - our own words
    few = size["k"] < FEW_CLUSTERS
    degrees = "degrees AS (SELECT k - 1 AS df FROM size)"
    if few:
        totals = [f"(SELECT n FROM totals{side.mark})" for side in sides]  # noqa: S608 - our own words
        degrees = _DEGREES.format(n=totals[0], n_other=totals[-1])
    steps += [_FEW if few else _LINEARISED, degrees]
    (known,) = ask("WITH " + ",\n".join(steps) + "\nSELECT df FROM degrees")
    steps.append(_t("", known["df"]))
    difference = len(sides) > 1
    value = "(SELECT p FROM totals_1) - (SELECT p FROM totals_2)" if difference else "(SELECT p FROM totals)"
    forms = "(SELECT n FROM totals_1) + (SELECT n FROM totals_2)" if difference else "(SELECT n FROM totals)"
    more = "least((SELECT n FROM totals_1), (SELECT n FROM totals_2)) AS n_effective"
    if not difference:
        around = "(SELECT squares / n - p * p FROM totals)"
        more = f"least(n, {around} * n / v / (n - 1)) AS n_effective, v * (n - 1) / {around} AS design_effect"
    scale = sides[0].scale
    return (
        "WITH "
        + ",\n".join(steps)
        + (
            f"\nSELECT\n  {scale}value AS value, {scale}(value - t * sqrt(v)) AS low, {scale}(value + t * sqrt(v)) AS high,\n"
            f"  k AS clusters, n AS forms, {scale}sqrt(v) AS error, df, {more}\n"
            f"FROM (SELECT {value} AS value, {forms} AS n), size, spread, degrees, t;"
        )
    )
