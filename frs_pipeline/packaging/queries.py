"""The queries of an audit package: for each table a file of SQL that counts all of its figures again in plain DuckDB.

They are made from definitions alone and hold no figure, so that they may be public. They run in the folder where the sealed
part was unpacked, on the Parquet files there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from frs_pipeline.lineage.meaning import meanings
from frs_pipeline.lineage.recount import statement
from frs_pipeline.lineage.wording import definition
from frs_pipeline.study import Study
from frs_pipeline.study.about import about
from frs_pipeline.study.tables import Address, Table, catalogue
from frs_pipeline.tables.render import caption

COMPARE, MANIFEST = "compare.sql", "manifest.sql"
_CREATE = """\
CREATE TABLE IF NOT EXISTS recounted (
  "table" INTEGER, "row" VARCHAR, "column" VARCHAR, "group" VARCHAR, measure VARCHAR, value DOUBLE
);
"""
# ASE, T and p are rounded by the machine on the way; everything else is a quotient of whole numbers.
_COMPARE = """\
-- Compares what the files of tables counted again with statistics/figures.parquet, figure by figure.
-- Counts, shares, gammas and statistics of numbers have to be equal to the last bit; of ASE, T, p and standard deviations,
-- 12 digits.
CREATE TEMP TABLE compared AS
SELECT
  coalesce(r."table", f."table") AS "table", coalesce(r."row", f."row") AS "row", coalesce(r."column", f."column") AS "column",
  coalesce(r."group", f."group") AS "group", coalesce(r.measure, f.measure) AS measure,
  r.value AS counted_again, f.value AS in_figures,
  r."table" IS NOT NULL AND f."table" IS NOT NULL AND CASE
    WHEN f.measure IN ('ase', 't', 'p', 'sd') AND r.value IS NOT NULL AND f.value IS NOT NULL
    THEN abs(r.value - f.value) <= 1e-12 * greatest(abs(r.value), abs(f.value))
    ELSE r.value IS NOT DISTINCT FROM f.value
  END AS equal
FROM recounted AS r
FULL JOIN (
  SELECT * FROM 'statistics/figures.parquet' WHERE "table" IN (SELECT "table" FROM recounted)
) AS f
  ON r."table" = f."table" AND r.measure = f.measure AND r."row" IS NOT DISTINCT FROM f."row"
  AND r."column" IS NOT DISTINCT FROM f."column" AND r."group" IS NOT DISTINCT FROM f."group";

SELECT * EXCLUDE (equal) FROM compared WHERE NOT equal ORDER BY ALL;

SELECT
  count(DISTINCT "table") AS tables_counted,
  (SELECT count(DISTINCT "table") FROM 'statistics/figures.parquet') AS of_tables,
  count(*) AS figures,
  count(*) FILTER (WHERE equal) AS equal
FROM compared;

-- Ends with an error where a figure comes out differently.
SELECT error(count(*) || ' figures come out differently') AS failed FROM compared WHERE NOT equal HAVING count(*) > 0;
"""
_MANIFEST = """\
-- Compares every Parquet file of marts/ and statistics/, and every definition, with the hash that manifest.json has for it.
CREATE TEMP TABLE listed AS
SELECT
  CASE
    WHEN part.key = 'outputs' THEN regexp_replace(entry.key, '^curated/', '')
    ELSE regexp_replace(entry.key, '^study/', 'definitions/')
  END AS file,
  entry.value ->> '$' AS hash
FROM read_json_objects('manifest.json') AS manifest, json_each(manifest.json) AS part, json_each(part.value) AS entry
WHERE part.key IN ('outputs', 'program');

CREATE TEMP TABLE found AS
SELECT filename AS file, sha256(content) AS hash
FROM read_blob(['marts/*.parquet', 'statistics/**', 'definitions/**']);

SELECT file, f.hash, l.hash AS in_manifest FROM found AS f LEFT JOIN listed AS l USING (file)
WHERE f.hash IS DISTINCT FROM l.hash ORDER BY file;

SELECT count(*) AS files, count(l.hash) AS as_the_manifest_says
FROM found AS f LEFT JOIN listed AS l ON l.file = f.file AND l.hash = f.hash;

SELECT error(count(*) || ' files are not what the manifest says') AS failed
FROM found AS f LEFT JOIN listed AS l USING (file)
WHERE f.hash IS DISTINCT FROM l.hash HAVING count(*) > 0;
"""


def queries(study: Study) -> dict[str, str]:
    """Write all queries of a study, by their files' names."""
    by_table: dict[int, list[Address]] = {}
    for address in meanings(study):
        by_table.setdefault(address.table, []).append(address)
    made = {name_of(study, n): "".join(_of_table(study, catalogue(study)[n], by_table[n])) for n in by_table}
    return {**made, COMPARE: _COMPARE, MANIFEST: _MANIFEST}


def name_of(study: Study, table: int) -> str:
    """Return the file of a table's queries; in the order of their names they are in that of the tables."""
    width = max(2, *(len(str(number)) for number in catalogue(study)))
    return f"table_{table:0{width}}.sql"


def _of_table(study: Study, table: Table, addresses: Sequence[Address]) -> Iterator[str]:
    yield f"-- {_line(caption(study, table))}\n--\n"
    yield "-- Run it in the folder where the sealed part was unpacked:\n"
    yield f"--   cat ../queries/{name_of(study, table.number)} ../queries/{COMPARE} | duckdb -bail\n\n"
    yield _CREATE
    for address in addresses:
        yield f"\n{_figure(study, address)}"


def _figure(study: Study, address: Address) -> str:
    meaning = meanings(study)[address]
    place = " · ".join(part for part in (address.row, address.column, address.group, address.measure) if part)
    says = definition(study, meaning)
    labels = ", ".join(_literal(part) for part in (address.row, address.column, address.group, address.measure))
    return "\n".join(
        (
            f"-- {_line(place)}",
            *(f"-- {_line(says.in_language(language))}" for language in about(study).languages),
            f"INSERT INTO recounted SELECT {address.table}, {labels}, value FROM (",  # noqa: S608 - names of the catalogue
            statement(study, meaning, {}).removesuffix(";").rstrip(),
            ");\n",
        )
    )


def _line(text: str) -> str:
    return " ".join(text.split())


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'" if text else "NULL"
