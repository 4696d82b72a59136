"""Promises that a process of their own checks: the same as those checked here, and nothing is lost where it fails."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.shipped import DELIVERY
from support.study import STUDY

from frs_pipeline.report.ahead import Ahead, ahead
from frs_pipeline.report.expectations import held, results
from frs_pipeline.store.files import Store
from frs_pipeline.store.plan import products
from frs_pipeline.store.settings import Settings

MARTS = products(STUDY)[("expectations",)].inputs
# A run that waits for ever: it says which process it made.
WAITING = """
import subprocess, sys, time
from pathlib import Path
from frs_pipeline.report import ahead
from frs_pipeline.store.files import Store
from frs_pipeline.store.settings import Settings, find_study
whole = subprocess.Popen
def noted(*arguments, **more):
    process = whole(*arguments, **more)
    print(process.pid, flush=True)
    return process
subprocess.Popen = noted
with ahead.ahead(Store(Settings(find_study(), Path(sys.argv[1])), "2020-11-30"), [("marts", "initiator")]):
    time.sleep(600)
"""


@pytest.fixture(scope="module")
def store(refreshed: Settings) -> Store:
    return Store(refreshed, DELIVERY)


@pytest.fixture
def not_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    """This process, as one that hasn't imported Great Expectations."""
    monkeypatch.delitem(sys.modules, "great_expectations", raising=False)


def test_another_process_comes_to_the_same(store: Store, not_imported: None) -> None:
    with ahead(store, MARTS) as promises:
        for mart in MARTS:
            promises.note(mart)
        found = promises.held()
    assert [mart.mart for mart in found] == [name for _, name in MARTS]
    assert results(found).equals(results(held(store)))


def test_it_is_asked_once_and_only_when_every_mart_is_made(store: Store, not_imported: None, monkeypatch: Any) -> None:
    asked: list[object] = []
    monkeypatch.setattr("pickle.dump", lambda question, _file: asked.append(question))
    with ahead(store, MARTS) as promises:
        for mart in MARTS[1:]:
            promises.note(mart)
        assert not asked
        for mart in MARTS:
            promises.note(mart)
    assert asked == [(STUDY.folder, store.settings.data, DELIVERY)]


@pytest.mark.parametrize("program", ["", "print('no answer')", "import sys; sys.stdin.close(); sys.exit(1)"])
def test_promises_are_checked_here_where_it_fails(store: Store, program: str) -> None:
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert results(Ahead(process, store, ()).held()).equals(results(held(store)))


def test_promises_are_checked_here_where_no_process_can_begin(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/no such program")
    expected = results(held(store))
    with monkeypatch.context() as patch:
        patch.setattr(sys, "modules", {name: module for name, module in sys.modules.items() if name != "great_expectations"})
        with ahead(store, ()) as promises:
            patch.undo()
            assert results(promises.held()).equals(expected)


def ended(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    # Whoever takes in orphans may not have asked for its status.
    return Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] == "Z"


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_it_ends_with_a_run_that_is_killed_or_stopped(store: Store, how: signal.Signals) -> None:
    command = [sys.executable, "-c", WAITING, str(store.settings.data)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as run:
        process = int(run.stdout.readline() if run.stdout else 0)
        assert not ended(process)
        run.send_signal(how)
        assert run.wait(timeout=60) != 0
    until(lambda: ended(process))


def until(done: Callable[[], bool], seconds: float = 60) -> None:
    begun = time.monotonic()
    while not done():
        assert time.monotonic() - begun < seconds
        time.sleep(0.05)
