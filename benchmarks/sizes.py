"""A refresh from nothing of many forms: seconds, where they go, and peak memory, against DuckDB merely reading the same exports.

Every measurement is a process of its own; the two take turns. Usage: python sizes.py [--scale 29 290 2900] [--rounds 3 1 1]: so
many times the shipped forms (a hundred thousand, a million, ten million). What is made lies under TMPDIR and is gone afterwards.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
NAME = "2020-11-30"
SCALES = (29, 290, 2900)
# Up to so many times the shipped forms are measured several times unless told otherwise.
OFTEN, ROUNDS = 100, 3
# Name, value, unit.
Result = tuple[str, float, str]


def refreshed() -> dict[str, object]:
    """Refresh the delivery of FRS_DATA_DIR; return seconds in all and by layer, and how many forms there were."""
    begun = time.perf_counter()
    from frs_pipeline.operations.refresh import refresh
    from frs_pipeline.store.settings import Settings, find_study

    layers: dict[str, float] = {}
    last, at = begun, "imports and Dagster's start"

    def told(name: str, _done: int, _of: int) -> None:
        nonlocal last, at
        now = time.perf_counter()
        layers[at] = layers.get(at, 0.0) + now - last
        # What a name was told for first begins there, and what is told again ends there.
        last, at = now, name.partition("/")[0]

    result = refresh(Settings.from_environment(find_study()), told=told)
    told("", 0, 0)
    return {"seconds": time.perf_counter() - begun, "layers": layers, "forms": result.summary["forms"]}


def read() -> dict[str, object]:
    """Read the exports of FRS_DATA_DIR as DuckDB does, every cell; return the seconds."""
    import duckdb

    connection = duckdb.connect(config={"threads": 2})
    begun = time.perf_counter()
    for path in sorted(Path(os.environ["FRS_DATA_DIR"]).glob(f"raw/{NAME}/*/dataset.csv")):
        rows = connection.read_csv(str(path), sep=";", header=True, all_varchar=True)
        connection.execute(
            f"select {', '.join(f'count({chr(34)}{name}{chr(34)})' for name in rows.columns)} from rows"
        ).fetchall()
    return {"seconds": time.perf_counter() - begun}


def measured(what: str, environment: dict[str, str]) -> dict[str, object]:
    """Run a process that does `what`; return what it says, with the peak memory in bytes of it and of all that it began."""
    said, peak = watched([sys.executable, __file__, "--work", what], environment)
    return {**json.loads(said), "memory": peak}


def watched(command: list[str], environment: dict[str, str]) -> tuple[str, int]:
    """Run a command; return its output, and the peak memory in bytes of it and of all that it began."""
    peak = 0
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment, cwd=PROJECT) as process:
        while process.poll() is None:
            peak = max(peak, sum(map(memory, family(process.pid))))
            time.sleep(0.2)
        assert process.stdout is not None
        said = process.stdout.read()
    assert process.returncode == 0
    return said, peak


def family(process: int) -> list[int]:
    """List a process and those that it began."""
    try:
        children = Path(f"/proc/{process}/task/{process}/children").read_text(encoding="ascii").split()
    except OSError:
        return []
    return [process, *(one for child in children for one in family(int(child)))]


def memory(process: int) -> int:
    """Return the memory that a process holds, in bytes."""
    try:
        return int(Path(f"/proc/{process}/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def measure(scale: int, rounds: int) -> Iterator[Result]:
    """Yield what is measured of `scale` times the shipped forms: name, value and unit of each."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        raw = data / "raw" / NAME
        environment = {**os.environ, "FRS_DATA_DIR": folder, "DAGSTER_DISABLE_TELEMETRY": "yes"}
        environment.pop("DAGSTER_HOME", None)
        make = [sys.executable, "-m", "frs_pipeline.cli", "reconstruct", "--scale", str(scale), "--to", str(raw)]
        subprocess.run(make, check=True, env=environment, stdout=subprocess.DEVNULL, cwd=PROJECT)
        environment["FRS_KEY_FILE"] = str(raw / "KEY-NOT-SECRET.txt")
        ours, theirs = [], []
        for _ in range(rounds):
            for zone in ("curated", "restricted"):
                shutil.rmtree(data / zone, ignore_errors=True)
            theirs.append(measured("read", environment))
            ours.append(measured("refresh", environment))
    seconds = [statistics.median(float(str(one["seconds"])) for one in several) for several in (ours, theirs)]
    forms = f"{ours[0]['forms']:,} forms"
    yield f"{forms}, from nothing", seconds[0], "s"
    yield f"{forms}, peak memory of all processes", max(int(str(one["memory"])) for one in ours) / 1e6, "MB"
    yield f"{forms}, DuckDB reading the four exports", seconds[1], "s"
    yield f"{forms}, from nothing / DuckDB reading", seconds[0] / seconds[1], "×" + (" (aim: at most 15)" if scale >= 290 else "")
    for layer in ours[0]["layers"]:  # type: ignore[attr-defined]
        spent = statistics.median(one["layers"].get(layer, 0.0) for one in ours)  # type: ignore[attr-defined]
        if spent >= 0.05:
            yield f"{forms}, of this: {layer}", spent, "s"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=int, nargs="+", default=SCALES)
    parser.add_argument("--rounds", type=int, nargs="+", default=[])
    parser.add_argument("--work", choices=("refresh", "read"), help=argparse.SUPPRESS)
    told = parser.parse_args()
    if told.work:
        print(json.dumps(refreshed() if told.work == "refresh" else read()))
        return
    rounds = [*told.rounds, *(ROUNDS if scale <= OFTEN else 1 for scale in told.scale[len(told.rounds) :])]
    for scale, times in zip(told.scale, rounds, strict=True):
        for name, value, unit in measure(scale, times):
            print(f"{name:<60} {value:10,.2f} {unit}", flush=True)


if __name__ == "__main__":
    main()
