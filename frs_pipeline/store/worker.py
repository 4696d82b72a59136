"""A process beside the run that does part of its work, since Python keeps what one process does on one core.

Whatever goes wrong with it costs time and nothing else: what it doesn't answer is done in this process, where an error that
has to do with the work itself comes again.
"""

from __future__ import annotations

import io
import json
import os
import pickle
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from queue import SimpleQueue
from threading import RLock, Thread
from typing import IO, Any, TypeVar

from frs_pipeline.store.code import PACKAGE
from frs_pipeline.store.files import Store
from frs_pipeline.store.settings import Settings
from frs_pipeline.study import Study

# Seconds after which it counts as hanging. Its longest piece of work takes some, however many forms there are.
PATIENCE = 600
# Modules come from where this process has them, not from the current folder.
_PROGRAM = "import json, sys; sys.path[:] = json.loads(sys.argv.pop()); from frs_pipeline.store.worker import main; main()"

_Made = TypeVar("_Made")
_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


class NoAnswerError(Exception):
    """The process has ended, or couldn't do what it was asked."""


class Worker:
    """A process that does what it is asked, one thing after another. Where there is none, nothing is answered."""

    def __init__(self, process: subprocess.Popen[bytes] | None = None) -> None:
        self._process = process
        self._numbers = count()
        # What wasn't answered yet, in the order in which it was asked; None once nothing more will be answered.
        self._asked: deque[Future[Any]] | None = None if process is None else deque()
        self._lock = RLock()
        if process is not None:
            Thread(target=self._read, args=(process,), daemon=True).start()

    def ask(self, do: Callable[[_Item], _Result], item: _Item) -> Future[_Result]:
        """Ask for `do(item)`, a function that can be imported."""
        return self._ask((next(self._numbers), None, do, item))

    def result(self, asked: Future[_Result]) -> _Result:
        """Wait for an answer. Raises `NoAnswerError` when there is none."""
        try:
            return asked.result(PATIENCE)
        except TimeoutError as error:
            if self._process is not None:
                self._process.kill()
            raise NoAnswerError from error

    def share(self, make: Callable[[], _Made], do: Callable[[_Made, _Item], _Result], items: Sequence[_Item]) -> list[_Result]:
        """Return `do(made, item)` for each item, in their order; each is done by whichever process is free, the first ones first.

        Either process makes what it needs for all of them once, by `make`. Raises what these raise here.
        """
        number, left = next(self._numbers), deque(enumerate(items))
        handed: dict[int, Future[_Result]] = {}
        found: dict[int, _Result] = {}
        mine: list[_Made] = []

        def hand(before: Future[Any] | None = None) -> None:
            if before is not None and before.exception() is not None:
                return
            with self._lock:
                if left:
                    at, item = left.popleft()
                    handed[at] = self._ask((number, make, do, item))
                    handed[at].add_done_callback(hand)

        def here(item: _Item) -> _Result:
            if not mine:
                mine.append(make())
            return do(mine[0], item)

        with self._lock:
            if self._asked:
                # It is busy with something else, and takes part when that is done.
                self._asked[-1].add_done_callback(hand)
            elif self._asked is not None:
                hand()
        while True:
            with self._lock:
                if not left:
                    break
                at, item = left.popleft()
            found[at] = here(item)
        for at, asked in handed.items():
            try:
                found[at] = self.result(asked)
            except NoAnswerError:
                found[at] = here(items[at])
        return [found[at] for at in range(len(items))]

    def _ask(self, request: tuple[int, Callable[[], Any] | None, Callable[..., Any], Any]) -> Future[Any]:
        asked: Future[Any] = Future()
        packed = io.BytesIO()
        _Packing(packed).dump(request)
        with self._lock:
            if self._asked is None or self._process is None or self._process.stdin is None:
                asked.set_exception(NoAnswerError())
                return asked
            self._asked.append(asked)
            # Where it has ended, `_read` says so.
            with suppress(OSError):
                self._process.stdin.write(packed.getbuffer())
                self._process.stdin.flush()
        return asked

    def _read(self, process: subprocess.Popen[bytes]) -> None:
        """Take in answers until there are no more. Only a process with this package, and nothing else, is believed."""
        with suppress(Exception):
            assert process.stdout is not None
            believed = pickle.load(process.stdout) == PACKAGE  # noqa: S301 - our own process
            while believed:
                done, result = pickle.load(process.stdout)  # noqa: S301 - our own process
                with self._lock:
                    assert self._asked is not None
                    asked = self._asked.popleft()
                asked.set_result(result) if done else asked.set_exception(NoAnswerError())
        with self._lock:
            left, self._asked = self._asked or (), None
        for asked in left:
            asked.set_exception(NoAnswerError())


@contextmanager
def worker() -> Iterator[Worker]:
    """Begin a process that does part of the work of this one, and end it afterwards."""
    process = _begun()
    if process is None:
        yield Worker()
        return
    with process:
        try:
            yield Worker(process)
        finally:
            process.kill()
            assert process.stdin is not None
            # It may have ended before it was asked.
            with suppress(OSError):
                process.stdin.close()


def _begun() -> subprocess.Popen[bytes] | None:
    """Begin the process; None where there can be none."""
    isolated = ["-I"] if sys.flags.isolated else ["-P"]
    places = [place for place in sys.path if place]
    if str(PACKAGE.parent) not in places:
        places.append(str(PACKAGE.parent))
    with suppress(OSError):
        return subprocess.Popen(  # noqa: S603 - this program itself
            [sys.executable, *isolated, "-c", _PROGRAM, json.dumps(places)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            # Ctrl-C is for the run, which ends this process, too.
            start_new_session=True,
        )
    return None


class _Packing(pickle.Pickler):
    """Packs a store as where it is, not as what was read of it: without a key, since a worker opens no codebook."""

    def persistent_id(self, thing: Any) -> tuple[Path, Path, str] | None:
        return (thing.study.folder, thing.settings.data, thing.delivery) if isinstance(thing, Store) else None


class _Unpacking(pickle.Unpickler):
    """Opens each store once."""

    def __init__(self, file: IO[bytes], stores: dict[tuple[Path, Path, str], Store]) -> None:
        super().__init__(file)
        self._stores = stores

    def persistent_load(self, place: tuple[Path, Path, str]) -> Store:
        if place not in self._stores:
            folder, data, delivery = place
            self._stores[place] = Store(Settings(Study(folder), data), delivery)
        return self._stores[place]


def main() -> None:
    """Do what standard input asks for, and answer on standard output; end when the run has ended."""
    # Nothing that a library prints may come between.
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as answers:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        pickle.dump(PACKAGE, answers)
        answers.flush()
        requests: SimpleQueue[Any] = SimpleQueue()
        Thread(target=_take_in, args=(requests,), daemon=True).start()
        of, made = -1, None
        while True:
            number, make, do, item = requests.get()
            try:
                if make is not None and number != of:
                    made = None
                    of, made = number, make()
                answer = (True, do(item) if make is None else do(made, item))
            except Exception:
                # It comes again where this is done instead.
                answer = (False, None)
            pickle.dump(answer, answers)
            answers.flush()


def _take_in(requests: SimpleQueue[Any]) -> None:
    """Put requests where they are waited for. When there can be no more, the run has ended, and with it this process."""
    stores: dict[tuple[Path, Path, str], Store] = {}
    try:
        while True:
            requests.put(_Unpacking(sys.stdin.buffer, stores).load())
    finally:
        os._exit(0)
