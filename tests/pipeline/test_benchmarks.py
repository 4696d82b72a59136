"""Benchmarks run, and what a run is measured against makes the same tables."""

from __future__ import annotations

import csv
import importlib
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from support.keys import environment_of
from support.shipped import DELIVERY, RAW
from support.study import STUDY, few_tables

from frs_pipeline.store.files import Store, read
from frs_pipeline.store.settings import PROJECT, Settings
from frs_pipeline.study.tables import catalogue
from frs_pipeline.tables.figures import from_table

BENCHMARKS = PROJECT / "benchmarks"
# That they run is held with a few of the tables; `make bench` measures all. Others make forms from all that is printed.
FEW_TABLES = {"refresh.py", "release.py", "trace.py"}


def bench(name: str, *arguments: object, data: Path) -> str:
    command = [sys.executable, str(BENCHMARKS / name), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment_of(data))
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_plain_pandas_counts_what_a_run_counts(refreshed: Settings, tmp_path: Path) -> None:
    bench("plain_pandas.py", RAW, tmp_path, data=refreshed.data)
    made = {int(path.stem.removeprefix("table_")): path for path in tmp_path.iterdir()}
    assert made.keys() == catalogue(STUDY).keys()
    counted: dict[int, Counter[int]] = {number: Counter() for number in made}
    for figure in from_table(read(Store(refreshed, DELIVERY).file("statistics", "figures"))):
        if figure.measure == "count" and figure.value is not None:
            counted[figure.table][int(figure.value)] += 1
    compared = 0
    for number, path in made.items():
        header, *rows = csv.reader(path.read_text(encoding="utf-8").splitlines())
        if not rows[0][0].startswith("gamma"):
            width = 1 if header[1] == "count" else len(header) // 2
            counts = Counter(int(cell) for row in rows for cell in row[1 : width + 1])
            # A run counts blanks and totals beside them.
            assert not counts - counted[number], f"table {number}"
            compared += counts.total()
    assert compared > 500


@pytest.mark.minutes
@pytest.mark.parametrize(
    ("name", "arguments", "says"),
    [
        ("refresh.py", ("--rounds", 1), "from nothing / plain pandas"),
        ("sizes.py", ("--scale", 2), "from nothing / DuckDB reading"),
        ("intake.py", ("--forms", 20_000, "--rounds", 1), "speed of DuckDB's copy that is kept"),
        ("release.py", (), "release of the shipped delivery, all tables"),
        ("trace.py", (), "frs trace / bare imports"),
        ("search.py", ("--scale", 2), "0 findings"),
        ("counting.py", ("--forms", 20_000, "--rounds", 1), "all 1770 pairs of 60 questions"),
        ("bootstrap.py", ("--rounds", 1), "pandas resampling rows / weights × counts"),
        ("intervals.py", ("--scale", 1), "intervals and bounds: peak memory"),
        ("others.py", ("--runs", 20, "--conferences", 30, "--many", 2000), "30 conferences, intra-class correlation"),
        ("simulate.py", ("--runs", 40), "## What is found among many pairs"),
        ("collection.py", ("--first", "2020-11-29", "--last", "2020-11-29"), "1 days, 0 differences"),
        ("misprints.py", ("--misprints", 30, "--reports", 3), "all demands are met"),
    ],
)
def test_a_benchmark_runs(name: str, arguments: tuple[object, ...], says: str, tmp_path: Path) -> None:
    if name in FEW_TABLES:
        few_tables(tmp_path)
    assert says in bench(name, *arguments, data=tmp_path / "data")


def test_every_benchmark_is_tried() -> None:
    tried = {one[0] for mark in test_a_benchmark_runs.pytestmark if mark.name == "parametrize" for one in mark.args[1]}
    parts = {"planted.py", "scenes.py", "discoveries.py", "shuffles.py"}
    parts |= {"planting.py", "identities.py", "between_tables.py", "printed_numbers.py", "made_up_reports.py"}
    assert {path.name for path in BENCHMARKS.glob("*.py")} == tried | parts | {"plain_pandas.py", "results.py"}


def test_a_ratio_that_got_worse_by_a_third_is_pointed_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    results = importlib.import_module("results")
    before = [("a / b", 3.0, "× (aim: at most 5)"), ("c / d", 12.0, "× (aim: at least 12)"), ("seconds", 1.0, "s")]
    now = [("a / b", 4.1, "× (aim: at most 5)"), ("c / d", 8.9, "× (aim: at least 12)"), ("seconds", 9.0, "s"), ("new", 1.0, "×")]
    assert results.worse(results.page(before), results.page(now)) == ["a / b: 4.1 where it was 3", "c / d: 8.9 where it was 12"]
    assert results.worse(results.page(now), results.page(before)) == []
    assert results.worse("", results.page(now)) == []
