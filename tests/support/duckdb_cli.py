"""DuckDB's command line, as an auditor has it: a program of its own that knows nothing of Python."""

from __future__ import annotations

import importlib.util
from pathlib import Path


def duckdb_cli() -> Path:
    """The program inside the package `duckdb-cli`, which is locked; what stands in `bin/` is a script of Python."""
    found = importlib.util.find_spec("duckdb_cli")
    assert found is not None and found.origin is not None, "duckdb-cli isn't installed: make .venv/.installed"
    return Path(found.origin).with_name("duckdb")
