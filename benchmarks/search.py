"""The search for leaks in the results of a large delivery: seconds and peak memory, in a process of its own.

Usage: python search.py [--scale N] [--data FOLDER]: makes a delivery of N times the shipped forms (290 for a million, which takes
minutes to refresh) under TMPDIR, or looks at a data folder that was refreshed before, with its key beside the delivery.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from frs_pipeline.privacy.search import search_results
from frs_pipeline.store.files import Store
from frs_pipeline.store.settings import Settings, find_study

PROJECT = Path(__file__).resolve().parent.parent
NAME = "2020-11-30"
FRS = [sys.executable, "-m", "frs_pipeline.cli"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=int, default=290)
    parser.add_argument("--data", type=Path)
    told = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data = told.data or Path(folder)
        key = data / "raw" / NAME / "KEY-NOT-SECRET.txt"
        if told.data is None:
            environment = {**os.environ, "FRS_DATA_DIR": str(data), "FRS_KEY_FILE": str(key)}
            environment.pop("DAGSTER_HOME", None)
            make = ["reconstruct", "--scale", str(told.scale), "--to", str(key.parent)]
            for command in (make, ["run"]):
                subprocess.run([*FRS, *command], check=True, env=environment, stdout=subprocess.DEVNULL, cwd=PROJECT)
        store = Store(Settings(find_study(), data, key), NAME)
        wall, cpu = time.perf_counter(), time.process_time()
        searched = search_results(store)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 if sys.platform == "darwin" else 1024)
        print(f"{searched.files} files, {len(searched.leaks)} findings: {wall:.1f} s ({cpu:.1f} s of CPU), peak {peak:,.0f} MB")


if __name__ == "__main__":
    main()
