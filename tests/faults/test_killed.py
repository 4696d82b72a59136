"""A run killed at any moment leaves nothing half-written that can be read, and the next run ends as if undisturbed."""

from __future__ import annotations

import csv
import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import Queue

import pytest
from support import running
from support.keys import NAME, environment_of, settings_of
from support.shipped import DELIVERY, hashes
from support.study import BESIDE, STUDY
from support.warmed import KILLED, Warmed

from frs_pipeline.operations.refresh import refresh
from frs_pipeline.store.files import MANIFEST, Store
from frs_pipeline.store.lock import exclusive
from frs_pipeline.store.settings import Settings
from frs_pipeline.study.instruments import instruments

# FRS_KILLS=100 kills runs of the shipped delivery with all its tables, and more often than there is patience for in every run of
# the tests: those kill runs of the tiny delivery with few tables, which write the same files in the same order.
WHOLE = "FRS_KILLS" in os.environ
KILLS = int(os.environ.get("FRS_KILLS", "4"))
DELIVERED = DELIVERY if WHOLE else running.NAME


@dataclass(frozen=True)
class Start:
    """What a run begins with, what it ends with undisturbed (hashes by file), and how much of a first run's time it takes."""

    settings: Settings
    before: dict[str, str]
    after: dict[str, str]
    part: float

    def copy(self, folder: Path) -> Settings:
        shutil.copytree(self.settings.data, folder)
        return with_study(self.settings, folder)


def with_study(settings: Settings, data: Path) -> Settings:
    """Settings of a copy of a data folder, with the study beside it that the other has beside it."""
    if settings.study is not STUDY and not data.with_name(BESIDE).exists():
        shutil.copytree(settings.study.folder, data.with_name(BESIDE))
    return settings_of(data)


@pytest.fixture(scope="module")
def pool() -> Iterator[list[Warmed]]:
    """Two processes to fork runs from, which share the machine."""
    processes = [Warmed(), Warmed()]
    yield processes
    for process in processes:
        process.close()


@pytest.fixture(scope="module")
def warmed(pool: list[Warmed]) -> Warmed:
    return pool[0]


@pytest.fixture(scope="module")
def undisturbed(request: pytest.FixtureRequest) -> tuple[Settings, dict[str, str]]:
    """A finished delivery, and the hashes of its files."""
    settings = request.getfixturevalue("relocked")[0] if WHOLE else request.getfixturevalue("good").settings
    return settings, hashes(settings)


@pytest.fixture(scope="module")
def fresh(undisturbed: tuple[Settings, dict[str, str]], tmp_path_factory: pytest.TempPathFactory) -> Start:
    """A first run."""
    good, expected = undisturbed
    folder = tmp_path_factory.mktemp("fresh") / "data"
    shutil.copytree(good.raw, folder / "raw")
    shutil.copy(good.data / NAME, folder)
    return Start(with_study(good, folder), {}, expected, 1)


@pytest.fixture(scope="module")
def marts(fresh: Start, warmed: Warmed, tmp_path_factory: pytest.TempPathFactory) -> Start:
    """A run that has only statistics to make."""
    settings = fresh.copy(tmp_path_factory.mktemp("marts") / "data")
    assert warmed.run(settings.data, only="marts") == 0
    return Start(settings, hashes(settings), fresh.after, 0.85)


@pytest.fixture(scope="module")
def changed(undisturbed: tuple[Settings, dict[str, str]], warmed: Warmed, tmp_path_factory: pytest.TempPathFactory) -> Start:
    """A run of a delivery that was changed since the last one."""
    folder, (good, expected) = tmp_path_factory.mktemp("changed"), undisturbed
    settings = Start(good, expected, {}, 0.85).copy(folder / "begun" / "data")
    _answer_otherwise(settings)
    ended = Start(settings, expected, {}, 0.85).copy(folder / "ended" / "data")
    assert warmed.run(ended.data) == 0
    assert hashes(ended) != expected
    return Start(settings, expected, hashes(ended), 0.85)


@pytest.fixture(scope="module")
def seconds(fresh: Start, pool: list[Warmed], tmp_path_factory: pytest.TempPathFactory) -> float:
    """The seconds that a first run takes with another beside it; both make the same bytes as the one that was undisturbed."""
    copies = [fresh.copy(tmp_path_factory.mktemp("timed") / "data") for _ in pool]
    started = time.perf_counter()
    with ThreadPoolExecutor() as threads:
        assert set(threads.map(lambda process, settings: process.run(settings.data), pool, copies)) == {0}
    elapsed = time.perf_counter() - started
    assert [hashes(settings) for settings in copies] == [fresh.after] * len(copies)
    return elapsed


def _answer_otherwise(settings: Settings) -> None:
    """Alter one answer of one form in the export."""
    path = settings.raw_delivery(DELIVERED) / "participant_first" / "dataset.csv"
    lines = path.read_bytes().split(b"\r\n")
    at = lines[0].split(b";").index(b"helefrs")
    cells = next(line for line in lines[1:] if line.split(b";")[at] == b"1").split(b";")
    other = [*cells[:at], b"2", *cells[at + 1 :]]
    path.write_bytes(path.read_bytes().replace(b";".join(cells), b";".join(other), 1))


def delivered(settings: Settings) -> int:
    """Forms in the exports, counted by nothing of the package."""
    total = 0
    for name in instruments(STUDY):
        with (settings.raw_delivery(DELIVERED) / name / "dataset.csv").open(encoding="cp1252", newline="") as file:
            total += sum(bool(row) for row in csv.reader(file, delimiter=";")) - 1
    return total


def whole_files_only(start: Start, settings: Settings) -> None:
    """Is every file that can be read under its name the whole old one or the whole new one?"""
    found = hashes(settings)
    final = {name: sha for name, sha in found.items() if ".tmp" not in name}
    for name, sha in final.items():
        assert sha in (start.before.get(name), start.after.get(name)), f"{name} is neither as it was nor as it will be"
    assert start.before.keys() <= final.keys()


def recovers(start: Start, settings: Settings, warmed: Warmed) -> None:
    """Does the next run end as an undisturbed one, with no form lost and nothing left lying about?"""
    assert warmed.run(settings.data) == 0
    assert hashes(settings) == start.after
    assert not list(settings.data.rglob("*.tmp"))
    summary = json.loads((settings.curated(DELIVERED) / MANIFEST).read_text(encoding="utf-8"))["summary"]
    assert summary["forms"] == summary["accepted"] + summary["quarantined"] == delivered(settings) > 0


@pytest.mark.minutes
def test_killed_at_random_moments_every_run_recovers_to_the_same_bytes(
    fresh: Start,
    marts: Start,
    changed: Start,
    seconds: float,
    pool: list[Warmed],
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    idle: Queue[Warmed] = Queue()
    for process in pool:
        idle.put(process)

    def killed(number: int) -> int:
        """One kill and what comes after it; how many runs were done before their time."""
        # Every second kill is of a first run; each part of a run's time gets as many.
        start = (fresh, marts, fresh, changed)[number % 4]
        moment = (number + random.Random(number).random()) / KILLS * start.part * seconds
        folder, ended, process = tmp_path / str(number) / "data", 0, idle.get()
        try:
            while process.run((settings := start.copy(folder)).data, kill_after=moment) != KILLED:
                assert hashes(settings) == start.after
                shutil.rmtree(folder)
                ended, moment = ended + 1, 0.8 * moment
            whole_files_only(start, settings)
            recovers(start, settings, process)
        finally:
            idle.put(process)
        shutil.rmtree(folder)
        return ended

    began = time.perf_counter()
    with ThreadPoolExecutor(len(pool)) as threads:
        ended = list(threads.map(killed, range(KILLS)))
    assert len(ended) == KILLS
    record_property("kills", len(ended))
    record_property("ended before", sum(ended))
    record_property("seconds", round(time.perf_counter() - began))


@pytest.mark.parametrize(
    ("begin", "name"),
    [
        ("changed", "figures.parquet"),
        pytest.param("fresh", "quarantine.parquet", marks=pytest.mark.minutes),
        pytest.param("changed", MANIFEST, marks=pytest.mark.minutes),
    ],
)
def test_killed_as_a_file_gets_its_name_it_recovers(
    request: pytest.FixtureRequest, warmed: Warmed, tmp_path: Path, begin: str, name: str
) -> None:
    start: Start = request.getfixturevalue(begin)
    settings = start.copy(tmp_path / "data")
    assert warmed.run(settings.data, die_at=name) == KILLED
    assert list(settings.data.rglob(f".{name}.*.tmp"))
    whole_files_only(start, settings)
    manifest = f"curated/{DELIVERED}/{MANIFEST}"
    assert hashes(settings).get(manifest) == start.before.get(manifest)
    recovers(start, settings, warmed)


def test_a_second_run_at_once_is_refused_in_one_line(undisturbed: tuple[Settings, dict[str, str]]) -> None:
    settings, expected = undisturbed
    with exclusive(Store(settings, DELIVERED)):
        environment = environment_of(settings.data)
        command = [sys.executable, "-m", "frs_pipeline.cli", "run"]
        result = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert result.returncode == 4, "an exit code of its own: the same call may succeed later"
    assert (
        result.stderr
        == f"frs: {DELIVERED}: another run is refreshing this delivery, or one that is compared with it (wait until it ends)\n"
    )
    assert hashes(settings) == expected


def test_what_a_killed_run_left_is_swept_away(undisturbed: tuple[Settings, dict[str, str]]) -> None:
    settings, expected = undisturbed
    left = settings.curated(DELIVERED) / "marts" / ".initiator.parquet.abc.tmp"
    left.write_bytes(b"half")
    # What was too much for memory lies in a folder, which may hold others.
    spilt = settings.restricted(DELIVERED) / ".engine.abc.tmp" / ".deeper.tmp"
    spilt.mkdir(parents=True)
    (spilt / ".block.tmp").write_bytes(b"half")
    (spilt.parent / "duckdb_temp_storage_DEFAULT-0.tmp").write_bytes(b"half")
    assert refresh(settings).made == ()
    assert hashes(settings) == expected
    assert not list(settings.data.rglob("*.tmp"))
