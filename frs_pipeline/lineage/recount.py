"""One query that anybody can run on the marts to count a figure again, without this program.

It is written for the DuckDB command line in the delivery's curated folder (of several deliveries together: in that which holds
theirs), from the same meaning as the waterfall and
the list of forms. The first column of its one row is the figure, unrounded. Forms and pairs are counted in whole
numbers, which no order of adding can change; only the last divisions aren't whole.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from frs_pipeline.language import Text
from frs_pipeline.lineage.meaning import Meaning, Selection, question
from frs_pipeline.store.files import MartFile
from frs_pipeline.study import Study
from frs_pipeline.study.about import occasions, said, written
from frs_pipeline.study.boxes import TICKED, in_sql
from frs_pipeline.study.countable import CONFERENCE
from frs_pipeline.study.instruments import BOTH
from frs_pipeline.study.numbers import Span, plain
from frs_pipeline.study.tables import Address, Axis, Codes, Table
from frs_pipeline.tables.pairing import pairs_in_sql
from frs_pipeline.tables.render import caption

Conditions = list[tuple[str, str]]
# Where the forms of several deliveries together are, by mart; nothing for one delivery.
Files = Mapping[str, Sequence[MartFile]]


def recount(study: Study, table: Table, address: Address, meaning: Meaning, files: Files | None = None) -> str:
    """Write the query that gives one figure; `files` says where the forms of several deliveries together are."""
    where = "the folder that holds those of the deliveries" if files else "the folder of the delivery that holds marts/"
    place = " · ".join(part for part in (address.row, address.column, address.group, address.measure) if part)
    return "\n".join(
        (
            f"-- {_comment(caption(study, table))}",
            f"-- {_comment(place)}",
            f"-- Run it with DuckDB in {where}; `value` is the figure, unrounded.",
            statement(study, meaning, files or {}),
        )
    )


def statement(study: Study, meaning: Meaning, files: Files) -> str:
    """Write the query alone, without what it is called; `files` as in `recount`."""
    if meaning.scales is not None:
        return _correlation(study, meaning, files)
    if meaning.numbers is not None:
        return _statistic(study, meaning, meaning.numbers, files)
    if meaning.of is None:
        return _count(study, meaning.counted, files)
    return _share(study, meaning, files)


def conditions(study: Study, selection: Selection) -> Conditions:
    """List what a form must fulfil, as SQL, each with what it says on the paper."""
    listed: Conditions = []
    if selection.occasion != BOTH:
        listed.append((f"occasion = '{selection.occasion}'", said(study, occasions(study)[selection.occasion].one)))
    for name, codes in selection.answers:
        listed.append((answered(name, codes, without=name == selection.without), _says(study, selection, name, codes)))
    return listed


def answered(name: str, codes: Codes, *, without: bool = False) -> str:
    """Write SQL for "the answer is one of these codes", or for none of them, blank included."""
    name = in_sql(name)
    if isinstance(codes, Span):
        between = f"{name} BETWEEN {plain(codes.low)} AND {plain(codes.high)}"
        return f"({name} IS NULL OR NOT {between})" if without else between
    listed = ", ".join(map(str, sorted(codes)))
    if without:
        return f"({name} IS NULL OR {name} NOT IN ({listed}))"
    return f"{name} = {listed}" if len(codes) == 1 else f"{name} IN ({listed})"


def _says(study: Study, selection: Selection, name: str, codes: Codes) -> str:
    asked = question(study, name, selection.marts)
    labels = " / ".join(label for code, label in asked.labels.items() if code in codes)
    if isinstance(codes, Span):
        low, high = (written(study, asked.said(end)) for end in (codes.low, codes.high))
        labels = said(study, Text(f"{low} til {high}", f"{low} to {high}"))
    every = Text("kendt", "known") if CONFERENCE in selection.marts else Text("besvaret", "answered")
    answers = said(study, every) if codes == asked.possible else labels
    without = said(study, Text("ikke ", "not ")) if name == selection.without else ""
    return _comment(f"{asked.text} {without}{answers}")


def _comment(text: str) -> str:
    return " ".join(text.split())


def _count(study: Study, counted: Selection, files: Files) -> str:
    return f"SELECT {_number(counted)} AS value\nFROM {read_forms(counted, files)}{where(study, counted)};"


def _number(counted: Selection) -> str:
    """Write what is counted: forms, or ticks in them."""
    ticks = [f"count(*) FILTER (WHERE {answered(box, TICKED)})" for box in counted.ticks]
    return "\n    + ".join(ticks) or "count(*)"


def _share(study: Study, meaning: Meaning, files: Files) -> str:
    """Write the query for the share of forms that count, among those of the denominator."""
    assert meaning.of is not None
    own = Selection(
        study,
        meaning.counted.marts,
        BOTH,
        tuple((name, codes) for name, codes in meaning.counted.answers if meaning.of.codes.get(name) != codes),
        meaning.counted.without,
        pairing=meaning.counted.pairing,
    )
    part = "\n      AND ".join(f"{sql}  -- {says}" for sql, says in conditions(study, own))
    filtered = f"count(*) FILTER (\n      WHERE {part}\n    )" if part else _number(meaning.counted)
    return (
        "WITH counted AS (\n"
        "  SELECT\n"
        f"    {filtered} AS numerator,\n"
        f"    {_number(meaning.of)} AS denominator\n"
        f"  FROM {read_forms(meaning.of, files, '  ')}{where(study, meaning.of, '  ')}\n"
        ")\n"
        "SELECT CAST(100 * numerator AS DOUBLE) / nullif(denominator, 0) AS value, numerator, denominator\n"
        "FROM counted;"
    )


# Whole numbers of the last decimal place, so that nothing is rounded before the last division.
_SUMMARY = """\
WITH numbers AS (
  SELECT
    CAST({places} AS HUGEINT) AS x,
    row_number() OVER (ORDER BY {name}) AS place
  FROM {forms}{where}
),
sums AS (
  SELECT count(*) AS n, CAST(sum(x) AS HUGEINT) AS s, CAST(sum(x * x) AS HUGEINT) AS ss, min(x) AS least, max(x) AS most
  FROM numbers
),
quarters AS (  -- the number at (n + 1) p: its place, and how many quarters of the way it lies to the next
  SELECT q, (n + 1) * q // 4 AS place, (n + 1) * q % 4 AS parts, n FROM sums CROSS JOIN (VALUES (1), (2), (3)) AS of(q)
),
quartiles AS (  -- four times each
  SELECT q, 4 * low.x + parts * (high.x - low.x) AS x
  FROM quarters
  JOIN numbers AS low ON low.place = greatest(least(quarters.place, n), 1)
  JOIN numbers AS high ON high.place = greatest(least(quarters.place + 1, n), 1)
)
SELECT
  {value} AS value, n, s AS sum, ss AS sum_of_squares
FROM sums;"""
_STATISTIC = {
    "mean": "CAST(s AS DOUBLE) / nullif(n * {scale}, 0)",
    "sd": "sqrt(CAST(n * ss - s * s AS DOUBLE) / nullif(CAST(n * (n - 1) * {scale} * {scale} AS DOUBLE), 0))",
    "min": "CAST(least AS DOUBLE) / {scale}",
    "max": "CAST(most AS DOUBLE) / {scale}",
    **{
        name: f"(SELECT CAST(x AS DOUBLE) / (4 * {{scale}}) FROM quartiles WHERE q = {quarter})"  # noqa: S608 - our own words
        for name, quarter in (("q1", 1), ("median", 2), ("q3", 3))
    },
}


def _statistic(study: Study, meaning: Meaning, numbers: Axis, files: Files) -> str:
    """Write the query for a statistic of numbers."""
    assert numbers.numbers is not None
    scale = 10**numbers.numbers.decimals
    return _SUMMARY.format(
        places=f"{numbers.variable} * {scale}" if scale > 1 else numbers.variable,
        name=numbers.variable,
        forms=read_forms(meaning.counted, files),
        where=where(study, meaning.counted, "  "),
        value=_STATISTIC[meaning.measure].format(scale=scale),
    )


def read_forms(selection: Selection, files: Files, indent: str = "") -> str:
    """Write the marts to read; several of them together, with the columns that are needed."""
    if selection.pairing:
        mart, partner = (f"'marts/{name}.parquet'" for name in (selection.pairing.mart, selection.pairing.partner))
        return f"{pairs_in_sql(selection.pairing, mart, mart, partner, indent)} AS pairs"
    if not files:
        return _read([f"'marts/{mart}.parquet'" for mart in selection.marts])
    return several([file for mart in selection.marts for file in files[mart]])


def several(files: Sequence[MartFile], mark: str = "") -> str:
    """Write the marts of several deliveries to read, from the folder that holds theirs; a `mark` stands before each path.

    A form that a newer delivery has again counts there.
    """

    def named(path: Path) -> str:
        return f"'{mark}{path.parent.parent.name}/marts/{path.name}'"

    if not any(file.newer for file in files):
        return _read([named(file.path) for file in files])
    parts = []
    for file in files:
        newer = f"SELECT form_id FROM {_read([named(path) for path in file.newer])}" if file.newer else ""  # noqa: S608
        parts.append(f"SELECT * FROM {named(file.path)}" + (f" WHERE form_id NOT IN ({newer})" if newer else ""))  # noqa: S608
    return f"({' UNION ALL BY NAME '.join(parts)})"


def _read(files: list[str]) -> str:
    return files[0] if len(files) == 1 else f"read_parquet([{', '.join(files)}], union_by_name = true)"


def where(study: Study, selection: Selection, indent: str = "") -> str:
    """Write the conditions of a selection, each with what it says."""
    listed = conditions(study, selection)
    lines = [f"{indent}{'WHERE' if not i else '  AND'} {sql}  -- {says}" for i, (sql, says) in enumerate(listed)]
    return "".join(f"\n{line}" for line in lines) + (f"\n{indent}" if listed and not indent else "")


def scale_of(study: Study, name: str, axis: Axis, marts: tuple[str, ...]) -> str:
    """Write the categories of a question in their order: place, code, label."""
    rows = [f"({place}, {code}, {_literal(c.label)})" for place, c in enumerate(axis.categories, start=1) for code in c.codes]
    text = _comment(question(study, axis.variable, marts).text)
    listed = ",\n    ".join(rows)
    return f"{name}(place, code, label) AS (  -- {text}\n    VALUES\n    {listed}\n)"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


# P and Q as SPSS and Goodman & Kruskal define them: every pair of forms is counted from both of its ends.
_PAIRS = """\
pairs AS (  -- for every cell: forms that lie in the same direction on both questions (a), and in opposite ones (d)
  SELECT
    {strata}x.i, x.j, x.n,
    coalesce(sum(y.n) FILTER (WHERE (y.i - x.i) * (y.j - x.j) > 0), 0) AS a,
    coalesce(sum(y.n) FILTER (WHERE (y.i - x.i) * (y.j - x.j) < 0), 0) AS d
  FROM cells AS x CROSS JOIN cells AS y{same}
  GROUP BY {strata}x.i, x.j, x.n
),
sums AS (  -- whole numbers only
  SELECT
    CAST(sum(n) AS HUGEINT) AS n,
    CAST(sum(n * a) AS HUGEINT) AS p,       -- P: pairs that point the same way
    CAST(sum(n * d) AS HUGEINT) AS q,       -- Q: pairs that point opposite ways
    CAST(sum(n * a * a) AS HUGEINT) AS aa,
    CAST(sum(n * a * d) AS HUGEINT) AS ad,
    CAST(sum(n * d * d) AS HUGEINT) AS dd
  FROM pairs
)"""
_FORMULAS = """\
shares AS (  -- of all such pairs
  SELECT *, CAST(p AS DOUBLE) / nullif(p + q, 0) AS u, CAST(q AS DOUBLE) / nullif(p + q, 0) AS v FROM sums
),
measures AS (
  SELECT
    *,
    -- gamma = (P - Q) / (P + Q)
    CAST(p - q AS DOUBLE) / nullif(p + q, 0) AS gamma,
    -- ASE1 = 4 / (P + Q)^2 * root of the sum of n (Q a - P d)^2
    4 * sqrt(greatest(v * v * aa - 2 * u * v * ad + u * u * dd, 0)) / nullif(p + q, 0) AS ase,
    -- ASE0 = 2 / (P + Q) * root of (the sum of n (a - d)^2 - (P - Q)^2 / N)
    2 * sqrt(CAST(n * (aa - 2 * ad + dd) - (p - q) * (p - q) AS DOUBLE) / nullif(n, 0)) / nullif(p + q, 0) AS ase0
  FROM shares
),
tested AS (  -- T = gamma / ASE0
  SELECT *, gamma / nullif(ase0, 0) AS t, abs(gamma / nullif(ase0, 0)) / sqrt(2) AS x FROM measures
),
steps(k) AS (VALUES (1), (2), (3), (4), (5), (6), (7), (8), (9), (10), (11), (12), (13), (14)),
significance AS (
  -- p = 2 (1 - Phi(|T|)) = erfc(x). DuckDB has no normal distribution: integrated by the trapezoidal rule in steps of a
  -- half (Chiarella & Reichel 1968, Mathematics of Computation 22:137), near zero by its series: all digits of a double.
  SELECT
    *,
    CASE
      WHEN x < 0.1 THEN 1 - 2 / sqrt(pi()) * (x - x ** 3 / 3 + x ** 5 / 10 - x ** 7 / 42 + x ** 9 / 216)
      ELSE exp(-x * x) * x / (2 * pi())
        * (1 / (x * x) + 2 * (SELECT sum(exp(-k * k / 4.0) / (k * k / 4.0 + x * x)) FROM steps))
        - CASE WHEN x < 2 * pi() THEN 2 / (exp(4 * pi() * x) - 1) ELSE 0 END
    END AS significance
  FROM tested
)"""


def _correlation(study: Study, meaning: Meaning, files: Files) -> str:
    assert meaning.scales is not None
    row, column = meaning.scales
    counted, strata = meaning.counted, meaning.strata
    scales = {"rows_of": row, "columns_of": column, **({"strata_of": strata} if strata else {})}
    joined = {"rows_of": "r", "columns_of": "c", "strata_of": "s"}
    matches = "\n    AND ".join(f"f.{axis.variable} = {joined[name]}.code" for name, axis in scales.items())
    crossed = " CROSS JOIN ".join(f"{name} AS {joined[name]}" for name in scales)
    places = ("s.place AS s, " if strata else "") + "r.place AS i, c.place AS j"
    by = "s.place, r.place, c.place" if strata else "r.place, c.place"
    # The scales say which answers count; whatever they don't say stays a condition.
    rest = Selection(
        study,
        counted.marts,
        counted.occasion,
        tuple((name, codes) for name, codes in counted.answers if name not in {a.variable for a in scales.values()}),
    )
    lines = (
        "cells AS (  -- the table of counts",
        f"  SELECT {places}, count(f.form_id) AS n",
        f"  FROM {crossed}",
        "  LEFT JOIN (",
        f"    SELECT * FROM {read_forms(rest, files)}{where(study, rest, '    ')}",  # noqa: S608 - names of the catalogue
        "  ) AS f",
        f"    ON {matches}",
        f"  GROUP BY {by}",
        ")",
    )
    cells = "\n".join(lines)
    pairs = _PAIRS.format(strata="x.s, " if strata else "", same="\n  WHERE x.s = y.s" if strata else "")
    parts = [*(scale_of(study, name, axis, counted.marts) for name, axis in scales.items()), cells, pairs]
    names = {"p": "significance", "partial_gamma": "gamma"}
    value = names.get(meaning.measure, meaning.measure)
    if strata:
        parts.append("measures AS (SELECT *, CAST(p - q AS DOUBLE) / nullif(p + q, 0) AS gamma FROM sums)")
        last, shown = "measures", "n, p AS sum_p, q AS sum_q"
    else:
        parts.append(_FORMULAS)
        last, shown = "significance", "n, p AS sum_p, q AS sum_q, gamma, ase, t, significance AS p"
    return (
        "WITH " + ",\n".join(parts) + "\n"
        # The cells in one line: rows separated by one stroke, strata by two.
        f"SELECT {value} AS value, {shown},\n  {_COUNTS_BY_STRATUM if strata else _COUNTS} AS counts\nFROM {last};"
    )


_COUNTS = """(
    SELECT string_agg(line, ' / ' ORDER BY i)
    FROM (SELECT i, string_agg(CAST(n AS VARCHAR), ' ' ORDER BY j) AS line FROM cells GROUP BY i)
  )"""
_COUNTS_BY_STRATUM = """(
    SELECT string_agg(block, ' // ' ORDER BY s)
    FROM (
      SELECT s, string_agg(line, ' / ' ORDER BY i) AS block
      FROM (SELECT s, i, string_agg(CAST(n AS VARCHAR), ' ' ORDER BY j) AS line FROM cells GROUP BY s, i)
      GROUP BY s
    )
  )"""
