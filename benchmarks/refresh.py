"""A refresh against a plain pandas script and against bare imports: ratios, measured in turn on one machine.

Each round times all four as whole processes, so that a slow moment of the machine hits them alike; the ratios
are of medians. Usage: python refresh.py [--rounds N].
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
RAW = PROJECT / "data" / "raw" / "2020-11-30"
ROUNDS = 5


def seconds(command: list[str], environment: dict[str, str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL, cwd=PROJECT)
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        shutil.copytree(RAW, data / "raw" / RAW.name)
        environment = {**os.environ, "FRS_DATA_DIR": str(data), "DAGSTER_DISABLE_TELEMETRY": "yes"}
        environment.pop("DAGSTER_HOME", None)
        frs = [sys.executable, "-m", "frs_pipeline.cli", "run"]
        peer = [sys.executable, str(PROJECT / "benchmarks" / "plain_pandas.py"), str(data / "raw" / RAW.name), str(data / "peer")]
        imports = [sys.executable, "-c", "import dagster, pandas"]
        times: dict[str, list[float]] = {"cold run": [], "unchanged run": [], "plain pandas": [], "imports": []}
        for round_number in range(rounds + 1):
            for zone in ("curated", "restricted"):
                shutil.rmtree(data / zone, ignore_errors=True)
            measured = {
                "cold run": seconds(frs, environment),
                "plain pandas": seconds(peer, environment),
                "unchanged run": seconds(frs, environment),
                "imports": seconds(imports, environment),
            }
            if round_number:  # the first round warms the disk cache
                for name, value in measured.items():
                    times[name].append(value)
    median = {name: statistics.median(values) for name, values in times.items()}
    for name, values in times.items():
        print(f"{name:<14} {min(values):6.2f} {median[name]:6.2f} {max(values):6.2f} s (min, median, max of {rounds})")
    print(f"cold run / plain pandas               {median['cold run'] / median['plain pandas']:.2f}   (aim: at most 5)")
    print(f"unchanged run / import dagster, pandas {median['unchanged run'] / median['imports']:.2f}   (aim: at most 0.3)")


if __name__ == "__main__":
    main()
