"""Queries run by DuckDB in a process of its own, as a reader would: without anything of this project."""

import json
import subprocess
import sys

_PLAIN = """
import decimal, duckdb, json, sys

def plain(value):
    return float(value) if isinstance(value, decimal.Decimal) else value

engine = duckdb.connect(config={"threads": 1})
engine.execute("SET parquet_metadata_cache = true")
answers = []
for query in json.load(sys.stdin):
    rows = engine.execute(query)
    names = [column[0] for column in rows.description]
    answers.append([dict(zip(names, map(plain, row))) for row in rows.fetchall()])
assert "frs_pipeline" not in sys.modules
json.dump(answers, sys.stdout)
"""


def recounted(queries, folder):
    """First column of every query's rows, by plain DuckDB in `folder`."""
    return [[next(iter(row.values())) for row in rows] for rows in recounted_by_name(queries, folder)]


def recounted_by_name(queries, folder):
    """Every query's rows, each by the names of its columns, by plain DuckDB in `folder`."""
    command = [sys.executable, "-I", "-c", _PLAIN]
    done = subprocess.run(command, input=json.dumps(queries), capture_output=True, text=True, cwd=folder)
    assert done.returncode == 0, done.stderr[-2000:]
    answers: list[list[dict[str, object]]] = json.loads(done.stdout)
    return answers
