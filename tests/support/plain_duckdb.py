"""Queries run by DuckDB in a process of its own, as a reader would: without anything of this project."""

import json
import subprocess
import sys

_PLAIN = """
import duckdb, json, sys
engine = duckdb.connect(config={"threads": 1})
engine.execute("SET parquet_metadata_cache = true")
answers = [engine.execute(query).fetchall() for query in json.load(sys.stdin)]
assert "frs_pipeline" not in sys.modules
json.dump([[row[0] for row in rows] for rows in answers], sys.stdout)
"""


def recounted(queries, folder):
    """First column of every query's rows, by plain DuckDB in `folder`."""
    command = [sys.executable, "-I", "-c", _PLAIN]
    done = subprocess.run(command, input=json.dumps(queries), capture_output=True, text=True, cwd=folder)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)
