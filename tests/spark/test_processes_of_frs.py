"""`frs` where Spark counts: the same bytes, and nothing that stays, however it ends."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from support.running import frs
from support.shipped import DELIVERY, copy_of_shipped, hashes
from support.study import STUDY

from frs_pipeline.store.files import Store
from frs_pipeline.store.lock import exclusive
from frs_pipeline.store.settings import Settings

ASKING = """
import sys
from pathlib import Path
from frs_pipeline.errors import FrsError
from frs_pipeline.store.settings import Engine
from frs_pipeline.tables import engine, spark
spark.PATIENCE = float(sys.argv[3])
chosen = Engine("spark", sys.argv[1], Path(sys.argv[2]))
print(engine.ready(chosen), flush=True)
for query in sys.stdin:
    try:
        print(engine.querying({}, chosen)(query), flush=True)
    except FrsError as error:
        print(error, flush=True)
"""


def asking(zone: Path, master: str, patience: float) -> subprocess.Popen[str]:
    """A process that begins Spark, says what it is, and answers queries, a line each."""
    command = [sys.executable, "-c", ASKING, master, str(zone), str(patience)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def answer(process: subprocess.Popen[str], query: str) -> str:
    process.stdin.write(f"{query}\n")
    process.stdin.flush()
    return process.stdout.readline()


def at_work(folder: Path) -> list[int]:
    """The processes that work in a folder."""
    processes = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended, or is somebody else's
            if (process / "cwd").resolve() == folder:
                processes.append(int(process.name))
    return processes


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


def test_java_ends_with_a_process_that_is_killed_and_the_next_run_sweeps_up(tmp_path):
    store = Store(Settings(STUDY, tmp_path), DELIVERY)
    zone = store.settings.restricted_zone
    zone.mkdir()
    process = asking(zone, "local[1]", 120)
    assert process.stdout.readline().startswith("Apache Spark 4.0.")
    (folder,) = zone.glob(".spark.*.tmp")
    assert at_work(folder)
    with exclusive(store):
        assert folder.exists()
    process.send_signal(signal.SIGKILL)
    process.communicate()
    until = time.monotonic() + 30
    while at_work(folder) and time.monotonic() < until:
        time.sleep(0.2)
    assert not at_work(folder)
    assert [path for path in folder.rglob("*") if path.name.startswith(("blockmgr", "shuffle"))] == []
    with exclusive(store):
        assert [*zone.iterdir()] == [zone / DELIVERY]


def test_java_that_dies_is_one_line_and_nothing_stays(tmp_path):
    process = asking(tmp_path, "local[1]", 120)
    assert process.stdout.readline().startswith("Apache Spark 4.0.")
    assert answer(process, 'SELECT "a" FROM VALUES (1), (2) AS one("a") ORDER BY "a"') == "[(1,), (2,)]\n"
    failed = "FRS_ENGINE: Apache Spark failed while it counted ({}) (look at the memory"
    assert answer(process, 'SELECT "a" FROM "nowhere"').startswith(failed.format("AnalysisException"))
    (folder,) = tmp_path.glob(".spark.*.tmp")
    (java,) = at_work(folder)
    os.kill(java, signal.SIGKILL)
    assert answer(process, "SELECT 1").startswith(failed.partition("{")[0])
    assert answer(process, "SELECT 1").startswith(failed.partition("{")[0])
    assert process.communicate(timeout=60) == ("", "")
    assert process.returncode == 0
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize("patience", [10])
def test_a_master_that_takes_calls_and_says_nothing_is_given_up(tmp_path, patience):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        master = f"spark://127.0.0.1:{silent.getsockname()[1]}"
        started = time.monotonic()
        said = asking(tmp_path, master, patience).communicate(timeout=120)[1]
        assert time.monotonic() - started < patience + 30
    assert f"InputError: {master}: Apache Spark doesn't answer (TimeoutError)" in said.splitlines()[-1]
    assert [*tmp_path.iterdir()] == []
