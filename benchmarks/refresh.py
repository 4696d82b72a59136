"""A refresh against a plain pandas script and against bare imports: ratios, measured in turn on one machine.

Each round times all of them as whole processes, so that a slow moment of the machine hits them alike; the ratios
are of medians. Usage: python refresh.py [--rounds N].
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
RAW = PROJECT / "data" / "raw" / "2020-11-30"
ROUNDS = 5
# Name, value, unit.
Result = tuple[str, float, str]


def seconds(command: list[str], environment: dict[str, str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL, cwd=PROJECT)
    return time.perf_counter() - started


def change_one_byte(export: Path) -> None:
    """Change the answer of one form to the question about conflicts, back and forth."""
    content = export.read_bytes()
    # Its column is the last one.
    answer = re.search(rb"(?<=;)[12](?=\r?\n)", content)
    assert answer is not None
    other = b"2" if answer[0] == b"1" else b"1"
    export.write_bytes(content[: answer.start()] + other + content[answer.end() :])


def measure(rounds: int) -> Iterator[Result]:
    """Yield what is measured: name, value and unit of each."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        raw = data / "raw" / RAW.name
        shutil.copytree(RAW, raw)
        environment = {**os.environ, "FRS_DATA_DIR": str(data), "DAGSTER_DISABLE_TELEMETRY": "yes"}
        environment.pop("DAGSTER_HOME", None)
        frs = [sys.executable, "-m", "frs_pipeline.cli", "run"]
        peer = [sys.executable, str(PROJECT / "benchmarks" / "plain_pandas.py"), str(raw), str(data / "peer")]
        imports = [sys.executable, "-c", "import dagster, pandas"]
        # With a key of its own: the shipped one opens the shipped forms only, as they are.
        own = data / "own" / "raw" / RAW.name
        of_own = {**environment, "FRS_DATA_DIR": str(data / "own"), "FRS_KEY_FILE": str(own / "KEY-NOT-SECRET.txt")}
        seconds([*frs[:-1], "reconstruct", "--scale", "1", "--to", str(own)], environment)
        times: dict[str, list[float]] = {}
        for round_number in range(rounds + 1):
            for zone in ("curated", "restricted", "own/curated", "own/restricted"):
                shutil.rmtree(data / zone, ignore_errors=True)
            measured = {
                "from nothing": seconds(frs, environment),
                "plain pandas": seconds(peer, environment),
                "nothing to do": seconds(frs, environment),
                "import dagster, pandas": seconds(imports, environment),
            }
            measured["as many forms, from nothing"] = seconds(frs, of_own)
            change_one_byte(own / "coordinator" / "dataset.csv")
            measured["as many forms, one byte changed"] = seconds(frs, of_own)
            if round_number:  # the first round warms the disk cache
                for name, value in measured.items():
                    times.setdefault(name, []).append(value)
    median = {name: statistics.median(values) for name, values in times.items()}
    yield from ((f"shipped delivery, {name}", value, "s") for name, value in median.items())
    yield "from nothing / plain pandas for the same tables", median["from nothing"] / median["plain pandas"], "× (aim: at most 5)"
    yield (
        "nothing to do / import dagster, pandas",
        median["nothing to do"] / median["import dagster, pandas"],
        "× (aim: at most 0.3)",
    )
    yield (
        "one byte changed / from nothing",
        median["as many forms, one byte changed"] / median["as many forms, from nothing"],
        "× (aim: at most 0.6)",
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    for name, value, unit in measure(parser.parse_args().rounds):
        print(f"{name:<60} {value:10,.2f} {unit}", flush=True)


if __name__ == "__main__":
    main()
