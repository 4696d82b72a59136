"""What a passport takes: from the shell against the bare imports that it needs, and in a process that is warm.

Usage: python trace.py [--scale N]: on the shipped delivery, or on one with N times its forms (3000 for ten million, which
takes minutes to make). What is made lies under TMPDIR and is gone afterwards.
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
from collections.abc import Callable
from pathlib import Path

from frs_pipeline.lineage.evidence import Evidence
from frs_pipeline.lineage.meaning import meanings
from frs_pipeline.lineage.passport import Passports, passport
from frs_pipeline.store.files import Store
from frs_pipeline.store.settings import Settings, find_study

PROJECT = Path(__file__).resolve().parent.parent
RAW = PROJECT / "data" / "raw" / "2020-11-30"
FRS = [sys.executable, "-m", "frs_pipeline.cli"]
IMPORTS = [sys.executable, "-c", "import duckdb, numpy, pyarrow.parquet, pydantic, rich.table, typer, yaml"]
ROUNDS = 7


def seconds(do: Callable[[], object]) -> float:
    started = time.perf_counter()
    do()
    return time.perf_counter() - started


def run(command: list[str], data: Path) -> None:
    environment = {**os.environ, "FRS_DATA_DIR": str(data), "DAGSTER_DISABLE_TELEMETRY": "yes"}
    environment.pop("DAGSTER_HOME", None)
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL, cwd=PROJECT)


def told(name: str, times: list[float]) -> float:
    median = statistics.median(times)
    unit, factor = ("s", 1) if median >= 1 else ("ms", 1000)
    print(f"{name:<50} {min(times) * factor:8.1f} {median * factor:8.1f} {max(times) * factor:8.1f} {unit}")
    return median


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=int, default=1)
    scale = parser.parse_args().scale
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        raw = data / "raw" / RAW.name
        if scale == 1:
            shutil.copytree(RAW, raw)
        else:
            run([*FRS, "reconstruct", "--scale", str(scale), "--to", str(raw)], PROJECT / "data")
        print(f"a refresh took {seconds(lambda: run([*FRS, 'run'], data)):.0f} s")
        measure(Store(Settings(find_study(), data), RAW.name), data)


def measure(store: Store, data: Path) -> None:
    # One figure of every table: the last with a count of forms, whose waterfall has the most steps.
    chosen = list({place.table: place for place in meanings(find_study()) if place.measure in ("count", "gamma")}.values())
    passport(store, chosen[0])
    forms = sum(rows["marts"] for rows in Evidence(store).layers.values())
    print(f"{forms} forms in the marts; min, median and max over {len(chosen)} figures, one a table\n")
    told("warm process, delivery opened anew", [seconds(lambda place=place: passport(store, place)) for place in chosen])
    passports = Passports(find_study(), store)
    passports.of(chosen[0])
    told("warm process, delivery open, new table", [seconds(lambda place=place: passports.of(place)) for place in chosen])
    told("warm process, delivery open, table seen", [seconds(lambda place=place: passports.of(place)) for place in chosen])
    told(f"all {len(meanings(find_study()))} figures", [seconds(lambda: list(Passports(find_study(), store).every()))])
    trace = [*FRS, "trace", "1", "--row", "mor", "--column", "god"]
    shell: dict[str, list[float]] = {"imports": [], "trace": []}
    for _ in range(ROUNDS):
        shell["imports"].append(seconds(lambda: run(IMPORTS, data)))
        shell["trace"].append(seconds(lambda: run(trace, data)))
    ratio = told("frs trace from the shell", shell["trace"]) / told("bare imports of its libraries", shell["imports"])
    print(f"frs trace / bare imports {ratio:.2f}")


if __name__ == "__main__":
    main()
