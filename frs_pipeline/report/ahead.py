"""Check promises in a process of its own, which imports Great Expectations while the run still reads forms.

That import takes a quarter of a run of a few thousand forms, and the check goes on while tables are counted. The process reads
marts and sends back counts. Whatever goes wrong with it costs time and nothing else: the promises are then checked in this one.
"""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Timer
from typing import TYPE_CHECKING

from frs_pipeline.store.code import PACKAGE
from frs_pipeline.store.files import Store
from frs_pipeline.store.plan import AssetPath, products
from frs_pipeline.store.settings import Settings
from frs_pipeline.study import Study

if TYPE_CHECKING:
    from frs_pipeline.report.expectations import PromisesOfMart

PROMISES: AssetPath = ("expectations",)
# Seconds after which it counts as hanging. Checking takes some, however many forms there are.
PATIENCE = 600
# Modules come from where this process has them, not from the current folder.
_PROGRAM = "import json, sys; sys.path[:] = json.loads(sys.argv.pop()); from frs_pipeline.report.ahead import main; main()"


class Ahead:
    """The promises of one delivery, checked by `process` (None: in this one) as soon as all marts are made."""

    def __init__(self, process: subprocess.Popen[bytes] | None, store: Store, waits_for: Iterable[AssetPath]) -> None:
        self._process, self._store, self._waits_for, self._asked = process, store, {*waits_for}, False
        self._ask_if_made()

    def note(self, made: AssetPath) -> None:
        """Note that a product was made."""
        self._waits_for.discard(made)
        self._ask_if_made()

    def held(self) -> list[PromisesOfMart]:
        """Return what came of the promises. Raises as `expectations.held`."""
        from frs_pipeline.report.expectations import held  # what it imports is heavy, and may not be needed

        # No error of the process is worth more than the promises: it comes again below if it is theirs.
        with suppress(Exception):
            if self._process is not None and self._asked:
                package, origin, result = self._answer(self._process)
                # What was read may have been replaced since, and so may the predecessor.
                if (package, origin) == (PACKAGE, _origin(self._store)):
                    return result
        return held(self._store)

    def _ask_if_made(self) -> None:
        if self._process is None or self._asked or self._waits_for:
            return
        assert self._process.stdin is not None
        self._asked = True
        with suppress(OSError):
            pickle.dump((self._store.study.folder, self._store.settings.data, self._store.delivery), self._process.stdin)
            self._process.stdin.flush()

    @staticmethod
    def _answer(process: subprocess.Popen[bytes]) -> tuple[Path, str, list[PromisesOfMart]]:
        assert process.stdout is not None
        hangs = Timer(PATIENCE, process.kill)
        hangs.start()
        try:
            answer: tuple[Path, str, list[PromisesOfMart]] = pickle.load(process.stdout)  # noqa: S301 - our own process
        finally:
            hangs.cancel()
        return answer


@contextmanager
def ahead(store: Store, outdated: set[AssetPath]) -> Iterator[Ahead]:
    """Get ready to check the promises of a delivery, if they are to be made, once the marts that are to be made are."""
    waits_for = outdated.intersection(products(store.study)[PROMISES].inputs)
    if PROMISES not in outdated or "great_expectations" in sys.modules or (process := _begun()) is None:
        yield Ahead(None, store, waits_for)
        return
    with process:
        try:
            yield Ahead(process, store, waits_for)
        finally:
            process.kill()
            assert process.stdin is not None
            # It may have ended before it was asked.
            with suppress(OSError):
                process.stdin.close()


def _begun() -> subprocess.Popen[bytes] | None:
    """Begin a process that gets ready; None where there can be none."""
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


def _origin(store: Store) -> str:
    """Return what the promises are made from now."""
    return store.origin(products(store.study)[PROMISES]).as_json()


def main() -> None:
    """Get ready, wait for the delivery that standard input names, and answer on standard output."""
    # Nothing that a library prints may come between.
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as answer:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        from frs_pipeline.report.expectations import held, import_great_expectations

        import_great_expectations()
        # Without a question, the run has ended.
        with suppress(EOFError):
            folder, data, delivery = pickle.load(sys.stdin.buffer)  # noqa: S301 - our own process asks
            store = Store(Settings(Study(folder), data), delivery)
            before = _origin(store)
            pickle.dump((PACKAGE, before, held(store)), answer)
