"""A release of all tables of the shipped delivery: seconds, and peak memory. Usage: python release.py."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from sizes import NAME, PROJECT, Result, watched


def measure() -> Iterator[Result]:
    """Yield what is measured: name, value and unit of each."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(PROJECT / "data" / "raw" / NAME, Path(folder) / "raw" / NAME)
        environment = {**os.environ, "FRS_DATA_DIR": folder, "DAGSTER_DISABLE_TELEMETRY": "yes"}
        environment.pop("DAGSTER_HOME", None)
        frs = [sys.executable, "-m", "frs_pipeline.cli"]
        subprocess.run([*frs, "run"], check=True, env=environment, stdout=subprocess.DEVNULL, cwd=PROJECT)
        begun = time.perf_counter()
        _, peak = watched([*frs, "release", "--purpose", "benchmark"], environment)
        yield "release of the shipped delivery, all tables", time.perf_counter() - begun, "s"
        yield "release, peak memory", peak / 1e6, "MB"


if __name__ == "__main__":
    for name, value, unit in measure():
        print(f"{name:<60} {value:10,.2f} {unit}", flush=True)
