"""Intervals and bounds of all figures of a delivery: seconds, of the shipped forms and of a million.

The delivery is refreshed first, which takes minutes for a million forms and isn't measured here (sizes.py does).
Usage: python intervals.py [--scale 1 290]: so many times the shipped forms. What is made lies under TMPDIR and is gone
afterwards.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sizes import NAME, PROJECT, Result, watched

SCALES = (1, 290)
# Seconds of a refresh of the shipped forms, and of a million.
AIMS = {1: "s (aim: at most 1.5)", 290: "s (aim: at most 10)"}


@contextmanager
def refreshed(scale: int) -> Iterator[dict[str, str]]:
    """Refresh a delivery of `scale` times the shipped forms; yield the environment that finds it."""
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / "raw" / NAME
        environment = {**os.environ, "FRS_DATA_DIR": folder, "DAGSTER_DISABLE_TELEMETRY": "yes"}
        environment.pop("DAGSTER_HOME", None)
        frs = [sys.executable, "-m", "frs_pipeline.cli"]
        if scale == 1:
            shutil.copytree(PROJECT / "data" / "raw" / NAME, raw)
        else:
            make = [*frs, "reconstruct", "--scale", str(scale), "--to", str(raw)]
            subprocess.run(make, check=True, env=environment, stdout=subprocess.DEVNULL, cwd=PROJECT)
            environment["FRS_KEY_FILE"] = str(raw / "KEY-NOT-SECRET.txt")
        subprocess.run([*frs, "run"], check=True, env=environment, stdout=subprocess.DEVNULL, cwd=PROJECT)
        yield environment


def work() -> dict[str, float]:
    """Make intervals and bounds of the delivery of FRS_DATA_DIR; return the seconds of each, and how many there are."""
    from frs_pipeline.assets.intervals import estimated
    from frs_pipeline.store.files import Store, read
    from frs_pipeline.store.settings import Settings, find_study
    from frs_pipeline.tables.bounds import bounds_of
    from frs_pipeline.tables.figures import from_table
    from frs_pipeline.tables.intervals import as_table

    store = Store(Settings.from_environment(find_study()), NAME)
    figures = from_table(read(store.file("statistics", "figures")))
    begun = time.perf_counter()
    rows = as_table(list(estimated(store)), {figure.address: figure.value for figure in figures})
    found = {"intervals": time.perf_counter() - begun, "rows": float(rows.num_rows)}
    unit = read(store.file("statistics", "unit_nonresponse")).to_pylist()
    begun = time.perf_counter()
    bounds_of(store, figures, unit)
    found["bounds"] = time.perf_counter() - begun
    return found


def measure(scale: int) -> Iterator[Result]:
    """Yield what is measured of `scale` times the shipped forms: name, value and unit of each."""
    with refreshed(scale) as environment:
        said, peak = watched([sys.executable, __file__, "--work"], environment)
    found = json.loads(said)
    forms = "shipped forms" if scale == 1 else f"{scale} times the shipped forms"
    yield f"{forms}, {found['rows']:,.0f} intervals", found["intervals"], AIMS.get(scale, "s")
    yield f"{forms}, bounds", found["bounds"], AIMS.get(scale, "s")
    yield f"{forms}, intervals and bounds: peak memory", peak / 1e6, "MB"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=int, nargs="+", default=SCALES)
    parser.add_argument("--work", action="store_true", help=argparse.SUPPRESS)
    told = parser.parse_args()
    if told.work:
        print(json.dumps(work()))
        return
    for scale in told.scale:
        for name, value, unit in measure(scale):
            print(f"{name:<60} {value:10,.2f} {unit}", flush=True)


if __name__ == "__main__":
    main()
