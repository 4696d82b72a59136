"""Refresh several deliveries beside each other, each by a process of its own that runs as if it were alone.

A delivery is compared with an earlier one: with whichever was finished last before it, or with the one that it names. So a
process makes what is its delivery's own, and waits with the rest until those that it may be compared with are done. They begin
in the order of their dates, the oldest first: whatever one waits for has begun before it.
"""

from __future__ import annotations

import gc
import os
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from threading import Thread

from frs_pipeline import logs
from frs_pipeline.errors import FrsError, InputError, SeveralErrors, UsageError
from frs_pipeline.operations.refresh import Refresh, attempt
from frs_pipeline.store.deliveries import describe
from frs_pipeline.store.files import Store
from frs_pipeline.store.settings import Settings
from frs_pipeline.store.together import is_together

# Seconds that a process has to stop what it does.
_PATIENCE = 10


@dataclass(frozen=True)
class Failed:
    """Why a delivery couldn't be refreshed, line by line; it crosses from process to process, which errors don't."""

    lines: tuple[str, ...]
    exit_code: int

    def error(self) -> FrsError:
        error = FrsError(self.lines[0]) if len(self.lines) == 1 else SeveralErrors([InputError(line) for line in self.lines])
        error.exit_code = self.exit_code
        return error


@dataclass(frozen=True)
class Waits:
    """What a process says before it compares its delivery: with which others it may be."""

    earlier: frozenset[str]


class _Job:
    """The refresh of one delivery, in a process of its own."""

    def __init__(self, settings: Settings, delivery: str, select: str | None) -> None:
        self.store, self.started = Store(settings, delivery), time.perf_counter()
        self.waits: Waits | None = None
        context = get_context("spawn")
        self.talk, theirs = context.Pipe()
        self.process: BaseProcess = context.Process(target=_work, args=(theirs, settings, delivery, select))
        # Ctrl-C is for this process, which ends the others.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            self.process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        theirs.close()

    def ended(self) -> Refresh | Failed | None:
        """Return what came of it, after it said something; None while it is at work, or waits."""
        try:
            said = self.talk.recv()
        except EOFError:
            self.process.join()
            code = self.process.exitcode or 0
            how = f"was killed by signal {-code}" if code < 0 else f"ended with {code}"
            do = f"{self.store.refreshed_by} tries again"
            return Failed((str(FrsError(f"its run {how}", where=self.store.delivery, do=do)),), FrsError.exit_code)
        if isinstance(said, Waits):
            self.waits = said
            return None
        self.process.join()
        assert isinstance(said, Refresh | Failed)
        return said

    def may_go_on(self) -> None:
        """Tell it that what it waits for is done."""
        self.waits = None
        with suppress(OSError):  # it may have died, which is noticed elsewhere
            self.talk.send(True)

    def stop(self) -> None:
        """Interrupt it, as Ctrl-C does; end it if it doesn't stop."""
        with suppress(ProcessLookupError):
            os.kill(self.process.pid or 0, signal.SIGINT)
        self.process.join(_PATIENCE)
        self.process.kill()
        self.process.join()


def refresh_beside(
    settings: Settings, names: Sequence[str], select: str | None, jobs: int
) -> Iterator[tuple[str, Refresh | FrsError, float]]:
    """Refresh deliveries, given oldest first, as many as `jobs` at a time; yield each with its outcome and seconds, in order.

    Whatever becomes of one, even if its process is killed, the others go on. Raises `UsageError`, which would be the same for
    all. When the caller stops, all of them are stopped.
    """
    running: dict[str, _Job] = {}
    outcomes: dict[str, tuple[Refresh | FrsError, float]] = {}
    left, shown = list(names), 0
    try:
        while shown < len(names):
            while left and len(running) < jobs:
                running[left[0]] = _Job(settings, left[0], select)
                left.pop(0)
            for job in running.values():
                if job.waits and not job.waits.earlier.intersection(names) - outcomes.keys():
                    job.may_go_on()
            said = wait([job.talk for job in running.values()])
            for job in [job for job in running.values() if job.talk in said]:
                outcome = job.ended()
                if outcome is None:
                    continue
                if isinstance(outcome, Failed) and outcome.exit_code == UsageError.exit_code:
                    raise UsageError(outcome.lines[0])
                del running[job.store.delivery]
                done = outcome.error() if isinstance(outcome, Failed) else outcome
                outcomes[job.store.delivery] = (done, time.perf_counter() - job.started)
            while shown < len(names) and names[shown] in outcomes:
                yield (names[shown], *outcomes[names[shown]])
                shown += 1
    finally:
        for job in running.values():
            job.stop()


def _work(talk: Connection, settings: Settings, delivery: str, select: str | None) -> None:
    """Refresh a delivery in a process of its own, which ends when the one that began it does."""
    os.setsid()
    Thread(target=_follow, daemon=True).start()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    gc.disable()  # as `frs run` does
    logs.begin()
    # Stopped, there is nobody to tell.
    with suppress(KeyboardInterrupt, EOFError, BrokenPipeError):
        talk.send(_outcome(talk, settings, delivery, select))


def _follow() -> None:
    parent = parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os.kill(os.getpid(), signal.SIGINT)


def _outcome(talk: Connection, settings: Settings, delivery: str, select: str | None) -> Refresh | Failed:
    store = Store(settings, delivery)

    def turn() -> None:
        talk.send(Waits(frozenset(older.delivery for older in store.others())))
        talk.recv()

    try:
        named = None if is_together(delivery) else describe(settings.study, store.raw("")).predecessor
        first = named is not None or is_together(delivery)
        if first:
            turn()  # without a result of those, not even what is out of date can be said
        done = attempt(settings, delivery, select, turn=None if first else turn)
    except FrsError as error:
        done = error
    if not isinstance(done, FrsError):
        return done
    return Failed(tuple(str(one) for one in (done.errors if isinstance(done, SeveralErrors) else (done,))), done.exit_code)
