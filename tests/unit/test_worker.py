"""A process that does part of the work: same results in the same order, whoever does which part, whatever becomes of it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from frs_pipeline.store import worker as module
from frs_pipeline.store.worker import NoAnswerError, Worker, worker

ITEMS = list(range(40))


def nothing() -> None:
    """Make what `double` needs."""


def double(_: None, number: int) -> tuple[int, int]:
    time.sleep(0.005)
    return 2 * number, os.getpid()


def alone(process: int, _: None) -> int:
    return process


def fails_elsewhere(here: int, number: int) -> int:
    if os.getpid() != here:
        raise ZeroDivisionError
    return number


def dies_elsewhere(here: int, number: int) -> int:
    if os.getpid() != here and number > 3:
        os._exit(1)
    time.sleep(0.005)
    return number


def same(number: int) -> int:
    return number


def pid(_: object) -> int:
    return os.getpid()


def slow(_: object) -> None:
    time.sleep(1)


@pytest.fixture(scope="module")
def other() -> Iterator[Worker]:
    # It imports what is asked for from where this process does.
    with worker() as process:
        assert process.result(process.ask(pid, None)) != os.getpid()
        yield process


def test_both_do_some_and_the_order_is_that_of_the_items(other: Worker) -> None:
    done = other.share(nothing, double, ITEMS)
    assert [number for number, _ in done] == [2 * number for number in ITEMS]
    assert len({process for _, process in done}) == 2


def test_without_a_process_all_is_done_here() -> None:
    assert {process for _, process in Worker().share(nothing, double, ITEMS)} == {os.getpid()}
    with pytest.raises(NoAnswerError):
        Worker().result(Worker().ask(pid, None))


def test_what_fails_there_is_done_here(other: Worker) -> None:
    assert other.share(partial(same, os.getpid()), fails_elsewhere, ITEMS) == ITEMS
    with pytest.raises(NoAnswerError):
        other.result(other.ask(fails_elsewhere, 0))  # type: ignore[arg-type]
    assert other.result(other.ask(same, 7)) == 7, "it goes on after a failure"


def test_what_fails_here_is_raised(other: Worker) -> None:
    with pytest.raises(ZeroDivisionError):
        other.share(partial(same, -1), fails_elsewhere, ITEMS)
    assert other.result(other.ask(same, 7)) == 7


def test_one_that_dies_amid_the_work_loses_nothing() -> None:
    with worker() as process:
        assert process.result(process.ask(same, 1)) == 1
        assert process.share(partial(same, os.getpid()), dies_elsewhere, ITEMS) == ITEMS
        with pytest.raises(NoAnswerError):
            process.result(process.ask(same, 1))


def test_one_that_is_busy_is_not_waited_for(other: Worker) -> None:
    busy = other.ask(slow, None)
    done = other.share(nothing, double, ITEMS[:3])
    assert {process for _, process in done} == {os.getpid()} and not busy.done()
    assert other.result(busy) is None


def test_one_that_becomes_free_takes_part(other: Worker) -> None:
    other.ask(partial(time.sleep), 0.05)
    assert len({process for _, process in other.share(nothing, double, ITEMS)}) == 2


def test_one_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.2)
    with worker() as process:
        with pytest.raises(NoAnswerError):
            process.result(process.ask(slow, None))
        assert process.share(nothing, double, [1]) == [(2, os.getpid())]


@pytest.mark.parametrize("program", ["", "print('no answer')", "import pickle, sys; pickle.dump('elsewhere', sys.stdout.buffer)"])
def test_another_program_is_not_believed(monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    command = [sys.executable, "-c", program]
    monkeypatch.setattr(module, "_begun", lambda: subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE))
    with worker() as process:
        assert {by for _, by in process.share(nothing, double, ITEMS[:4])} == {os.getpid()}
        with pytest.raises(NoAnswerError):
            process.result(process.ask(same, 1))


def test_what_it_prints_is_no_answer(other: Worker) -> None:
    assert other.result(other.ask(print, "a library's words")) is None
    assert other.result(other.ask(Path, "x")) == Path("x")
