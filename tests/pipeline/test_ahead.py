"""Promises that a process of their own checks: the same as those checked here, and nothing is lost where it fails."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from support.keys import environment_of
from support.shipped import DELIVERY
from support.study import STUDY, few_tables
from support.tiny import make

from frs_pipeline.report import expectations
from frs_pipeline.report.ahead import PROMISES, ahead
from frs_pipeline.report.expectations import held, results
from frs_pipeline.store import worker as module
from frs_pipeline.store.files import Store
from frs_pipeline.store.plan import Origin, products
from frs_pipeline.store.settings import Settings

MARTS = products(STUDY)[PROMISES].inputs
OUTDATED = {*MARTS, PROMISES}
# A run that waits for ever: it says which process it made.
WAITING = """
import signal, subprocess, sys, time
from pathlib import Path
from frs_pipeline.report import ahead
from frs_pipeline.store.files import Store
from frs_pipeline.store.settings import Settings, find_study
# What begins in the background of a shell ignores it.
signal.signal(signal.SIGINT, signal.default_int_handler)
whole = subprocess.Popen
def noted(*arguments, **more):
    process = whole(*arguments, **more)
    print(process.pid, flush=True)
    return process
subprocess.Popen = noted
with ahead.ahead(Store(Settings(find_study(), Path(sys.argv[1])), "2020-11-30"), {("marts", "initiator"), ahead.PROMISES}):
    time.sleep(600)
"""


@pytest.fixture(scope="module")
def store(refreshed: Settings) -> Store:
    return Store(refreshed, DELIVERY)


@pytest.fixture
def not_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    """This process, as one that hasn't imported Great Expectations."""
    monkeypatch.delitem(sys.modules, "great_expectations", raising=False)


def test_another_process_comes_to_the_same(store: Store, not_imported: None, monkeypatch: pytest.MonkeyPatch) -> None:
    with ahead(store, OUTDATED) as promises, monkeypatch.context() as patched:
        patched.setattr(expectations, "held", None)
        for mart in MARTS:
            promises.note(mart)
        found = promises.held()
    assert [mart.mart for mart in found] == [name for _, name in MARTS]
    assert results(found).equals(results(held(store)))


def test_it_is_asked_once_and_only_when_every_mart_is_made(store: Store, not_imported: None, monkeypatch: Any) -> None:
    asked: list[object] = []
    with ahead(store, OUTDATED) as promises, monkeypatch.context() as patched:
        patched.setattr(promises.worker, "ask", lambda _do, item: asked.append(item) or Future())
        for mart in MARTS[1:]:
            promises.note(mart)
        assert not asked
        for mart in MARTS:
            promises.note(mart)
    assert asked == [store]


@pytest.mark.parametrize("program", ["", "print('no answer')", "import sys; sys.stdin.close(); sys.exit(1)"])
@pytest.mark.parametrize("when", ["before it is asked", "when it is asked"])
def test_promises_are_checked_here_where_it_fails(
    store: Store, not_imported: None, monkeypatch: pytest.MonkeyPatch, program: str, when: str
) -> None:
    begun: list[subprocess.Popen[bytes]] = []

    def begin() -> subprocess.Popen[bytes]:
        begun.append(subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE))
        return begun[0]

    monkeypatch.setattr(module, "_begun", begin)
    monkeypatch.setattr(expectations, "held", lambda asked: ["checked here", asked])
    with ahead(store, OUTDATED) as promises:
        if when == "before it is asked":
            begun[0].wait()
        for mart in MARTS:
            promises.note(mart)
        assert promises.held() == ["checked here", store]


def test_promises_are_checked_here_where_no_process_can_begin(
    store: Store, not_imported: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/no such program")
    monkeypatch.setattr(expectations, "held", lambda asked: ["checked here", asked])
    with ahead(store, {PROMISES}) as promises:
        assert promises.held() == ["checked here", store]


def test_what_is_made_from_something_else_by_now_is_checked_again(
    store: Store, not_imported: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ahead(store, {PROMISES}) as promises, monkeypatch.context() as patched:
        patched.setattr(expectations, "held", lambda asked: ["checked here", asked])
        patched.setattr(Store, "origin", lambda _store, _product: Origin({"2019-11-30/root": "another"}))
        assert promises.held() == ["checked here", store]


def test_one_that_hangs_is_not_waited_for(store: Store, not_imported: None, monkeypatch: pytest.MonkeyPatch) -> None:
    sleeps = [sys.executable, "-c", "import time; time.sleep(600)"]
    monkeypatch.setattr(module, "_begun", lambda: subprocess.Popen(sleeps, stdin=subprocess.PIPE, stdout=subprocess.PIPE))
    monkeypatch.setattr(module, "PATIENCE", 0.1)
    monkeypatch.setattr(expectations, "held", lambda asked: ["checked here", asked])
    with ahead(store, {PROMISES}) as promises:
        assert promises.held() == ["checked here", store]


def test_no_process_begins_where_no_promises_are_to_be_made(
    store: Store, not_imported: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_begun", None)
    with ahead(store, {*MARTS}):
        pass


def test_the_current_folder_gives_no_module_to_it(tmp_path: Path) -> None:
    """As it gives none to `frs`; and a run of a process of its own takes that one's answer."""
    for name in ("calendar", "statistics", "frs_pipeline"):
        (tmp_path / f"{name}.py").write_text(f"open('{name} was run', 'w').close()\nraise SystemExit(3)\n", encoding="utf-8")
    data = tmp_path / "data"
    few_tables(tmp_path)
    environment = {**environment_of(make(data).data), "PYTHONPATH": ""}
    program = (
        "import sys; from frs_pipeline import cli; from frs_pipeline.report import expectations\n"
        "expectations.held = None; sys.argv = ['frs', 'run']; cli.main()"
    )
    command = [sys.executable, "-P", "-c", program]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert not list(tmp_path.glob("* was run"))


def test_it_is_gone_after_a_run_that_fails(store: Store, not_imported: None) -> None:
    begun = []

    def fail() -> None:
        with ahead(store, OUTDATED) as promises:
            begun.append(promises.worker._process)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert [process and process.returncode for process in begun] == [-signal.SIGKILL]


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
