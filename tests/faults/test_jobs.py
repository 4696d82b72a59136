"""`frs run --all --jobs N`: the same files as one after the other, whatever becomes of a process."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from support.events import assertions, events_in, of_runs, open_steps, origins
from support.keys import environment_of
from support.running import frs, here
from support.serving import until
from support.shipped import hashes
from support.tiny import Delivery

from frs_pipeline.store.files import Store, read_manifest
from frs_pipeline.store.lock import LOCK, at_rest, exclusive

NAMES = ("2019-12-31", "2021-01-31", "2021-06-30")


def several(good: Any, folder: Path) -> Delivery:
    """The tiny delivery under three dates, only the middle one refreshed; the last is compared with the first."""
    delivery = good.copy_to(folder / "data")
    for name in NAMES:
        if name != delivery.name:
            shutil.copytree(delivery.folder, delivery.settings.raw_delivery(name))
    (delivery.settings.raw_delivery(NAMES[-1]) / "delivery.yaml").write_text(f"predecessor: {NAMES[0]}\n", encoding="utf-8")
    return delivery


@pytest.fixture(scope="module")
def expected(good: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What one after the other makes of them."""
    delivery = several(good, tmp_path_factory.mktemp("one"))
    done = here(delivery.data, "run", "--all")
    assert (done.returncode, done.stderr) == (0, "")
    return hashes(delivery.settings)


def begun(data: Path, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "frs_pipeline.cli", "run", "--all", "--jobs", "2", *arguments]
    # What begins in the background of a shell ignores SIGINT, and so would what it begins.
    before = signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        return subprocess.Popen(command, env=environment_of(data), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    finally:
        signal.signal(signal.SIGINT, before)


def holders(delivery: Delivery, name: str) -> list[int]:
    """The processes that hold a delivery's lock open."""
    lock, found = str(delivery.settings.restricted(name) / LOCK), []
    for place in Path("/proc").iterdir():
        try:
            if place.name.isdecimal() and any(str(fd.readlink()) == lock for fd in (place / "fd").iterdir()):
                found.append(int(place.name))
        except OSError:
            continue  # it has ended, or is somebody else's
    return [pid for pid in found if pid != os.getpid()]


def test_they_make_the_same_bytes_as_one_after_the_other(good: Any, tmp_path: Path, expected: dict[str, str]) -> None:
    delivery = several(good, tmp_path)
    done = frs(delivery.data, "run", "--all", "--jobs", "3", FRS_LINEAGE=str(tmp_path / "events.jsonl"))
    assert (done.returncode, done.stderr) == (0, "")
    events = events_in(tmp_path / "events.jsonl")
    assert of_runs(events) == [["START", "COMPLETE"]] * len(NAMES)
    assert open_steps(events) == set()
    assert all(passed for _, _, passed in assertions(events))
    for name in (NAMES[0], NAMES[2]):
        assert origins(events, f"{name}/marts/coordinator", "conflict") == {(f"{name}/raw/coordinator", "konflikt")}
    said = (tmp_path / "events.jsonl").read_text(encoding="utf-8")
    assert str(tmp_path) not in said
    assert [line.split(":")[0] for line in done.stdout.splitlines()] == [f"Delivery {name}" for name in NAMES]
    assert hashes(delivery.settings) == expected
    compared = {name: read_manifest(Store(delivery.settings, name))["predecessor"].get("delivery") for name in NAMES}
    assert compared == dict(zip(NAMES, (None, NAMES[0], NAMES[0]), strict=True))
    again = here(delivery.data, "run", "--all", "--jobs", "2", "--json")
    assert [(each["delivery"], each["made"], each["error"]) for each in json.loads(again.stdout)] == [
        (name, [], None) for name in NAMES
    ]
    assert hashes(delivery.settings) == expected


def test_one_that_is_killed_is_a_line_and_the_others_go_on(good: Any, tmp_path: Path, expected: dict[str, str]) -> None:
    delivery = several(good, tmp_path)
    run = begun(delivery.data, "--json")
    until(lambda: holders(delivery, NAMES[0]), 60)
    for pid in holders(delivery, NAMES[0]):
        os.kill(pid, signal.SIGKILL)
    out, err = run.communicate(timeout=300)
    assert run.returncode == 3  # that of the one that names the killed one, which has no result
    first, *others, last = json.loads(out)
    assert first["error"] == f"{NAMES[0]}: its run was killed by signal 9 (frs run --delivery {NAMES[0]} tries again)"
    assert [each["error"] for each in others] == [None]
    assert "has no finished result" in last["error"]
    assert sum(line.startswith("frs: ") for line in err.splitlines()) == 2
    # That processes of their own make the same bytes is shown above.
    assert here(delivery.data, "run", "--all").returncode == 0
    assert hashes(delivery.settings) == expected


def test_those_that_fail_are_told_in_their_place(good: Any, tmp_path: Path) -> None:
    delivery = several(good, tmp_path)
    (delivery.settings.raw_delivery(NAMES[2]) / "kontering.csv").unlink()
    with exclusive(Store(delivery.settings, NAMES[0])):
        done = frs(delivery.data, "run", "--all", "--jobs", "3")
    assert done.returncode == 4
    said = [line.partition(":")[0] for line in done.stdout.splitlines()]
    assert said == [
        f"Delivery {NAMES[0]} failed.",
        f"Delivery {NAMES[1]} is up to date",
        *(f"Delivery {n} failed." for n in NAMES[2:]),
    ]
    assert ["another run" in done.stderr, "kontering.csv: missing file" in done.stderr] == [True, True]
    assert len(done.stderr.splitlines()) == 2


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL], ids=["stopped", "killed"])
def test_all_end_with_the_one_that_began_them(good: Any, tmp_path: Path, how: signal.Signals) -> None:
    delivery = several(good, tmp_path)
    run = begun(delivery.data)
    until(lambda: holders(delivery, NAMES[0]), 60)
    run.send_signal(how)
    out, err = run.communicate(timeout=60)
    if how is signal.SIGINT:
        assert (run.returncode, out, err) == (1, "", "frs: stopped; files that were finished stay\n")
    until(lambda: not any(holders(delivery, name) for name in NAMES), 30)


def test_wrong_use_is_told_once(good: Any, tmp_path: Path) -> None:
    delivery = several(good, tmp_path)
    done = frs(delivery.data, "run", "--all", "--jobs", "2", "--select", "mart")
    assert (done.returncode, done.stdout, done.stderr.count("no such asset")) == (2, "", 1)
    for wrong in (["--jobs", "2"], ["--all", "--jobs", "0"]):
        assert frs(delivery.data, "run", *wrong).returncode == 2


def test_whoever_reads_results_waits_for_the_run_that_makes_them(good: Any, tmp_path: Path) -> None:
    store = Store(good.copy_to(tmp_path / "data").settings, good.name)
    program = (
        "import sys, time; from pathlib import Path; from frs_pipeline.store.files import Store; "
        "from frs_pipeline.store.lock import exclusive; from frs_pipeline.store.settings import Settings, find_study\n"
        "with exclusive(Store(Settings(find_study(), Path(sys.argv[1])), sys.argv[2])): print('held', flush=True); time.sleep(2)"
    )
    command = [sys.executable, "-c", program, str(store.settings.data), store.delivery]
    with subprocess.Popen(command, env=environment_of(store.settings.data), stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == "held\n"
        started = time.monotonic()
        with at_rest(store), at_rest(store):
            assert holder.wait(10) == 0
        assert time.monotonic() - started > 1
    with at_rest(Store(store.settings, "2000-01-01")):
        pass  # nothing was ever made there
