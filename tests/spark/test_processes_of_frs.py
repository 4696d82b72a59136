"""`frs` where Spark counts: the same bytes, and nothing that stays, however it ends."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.running import frs
from support.shipped import DELIVERY, copy_of_shipped, hashes

from frs_pipeline.tables.spark import sweep

# Ends only when it is killed.
BEGIN = """
import sys, time
from pathlib import Path
from frs_pipeline.store.settings import Engine
from frs_pipeline.tables import spark
spark.PATIENCE = float(sys.argv[3])
print(spark.ready(Engine("spark", sys.argv[1], Path(sys.argv[2]))), flush=True)
time.sleep(600)
"""


def beginning(zone: Path, master: str, patience: float) -> subprocess.Popen[str]:
    """A process that begins Spark, says what it is, and waits."""
    command = [sys.executable, "-c", BEGIN, master, str(zone), str(patience)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def at_work(folder: Path) -> bool:
    """Whether a process works in a folder."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").resolve() == folder:
                return True
        except OSError:
            continue
    return False


def test_a_whole_run_gives_the_same_bytes(refreshed, tmp_path):
    settings = copy_of_shipped(tmp_path / "Data, [æøå]")
    done = frs(settings.data, "run", FRS_ENGINE="spark", FRS_SPARK_MASTER="local[2]")
    assert (done.returncode, done.stderr) == (0, "")
    made, expected = hashes(settings), hashes(refreshed)
    assert {name for name in made.keys() | expected.keys() if made.get(name) != expected.get(name)} == set()
    assert f"curated/{DELIVERY}/manifest.json" in made
    # Neither folders of Spark's nor anything else.
    assert sorted(path.name for path in settings.restricted_zone.iterdir()) == [DELIVERY]
    assert sorted(path.name for path in tmp_path.iterdir()) == [settings.data.name]
    again = frs(settings.data, "run")
    assert "up to date" in again.stdout


def test_java_ends_with_a_process_that_is_killed_and_the_next_one_sweeps_up(tmp_path):
    process = beginning(tmp_path, "local[1]", 120)
    assert process.stdout.readline().startswith("Apache Spark 4.0.")
    (folder,) = tmp_path.glob(".spark.*.tmp")
    assert at_work(folder)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    until = time.monotonic() + 30
    while at_work(folder) and time.monotonic() < until:
        time.sleep(0.2)
    assert not at_work(folder)
    assert [path for path in folder.rglob("*") if path.name.startswith(("blockmgr", "shuffle"))] == []
    sweep(tmp_path)
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize("patience", [15])
def test_a_master_that_takes_calls_and_says_nothing_is_given_up(tmp_path, patience):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        master = f"spark://127.0.0.1:{silent.getsockname()[1]}"
        started = time.monotonic()
        said = beginning(tmp_path, master, patience).communicate(timeout=120)[1]
        assert time.monotonic() - started < patience + 30
    assert f"InputError: {master}: Apache Spark doesn't answer (TimeoutError)" in said.splitlines()[-1]
    assert [*tmp_path.iterdir()] == []
