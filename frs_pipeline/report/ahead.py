"""Check promises in a process of its own, which imports Great Expectations while the run still reads forms.

That import takes as long as all else of a small delivery, and the check goes on while tables are counted. The process reads
marts and sends back counts. Whatever goes wrong with it costs time and nothing else: the promises are then checked in this one.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

from frs_pipeline.store.code import PACKAGE
from frs_pipeline.store.files import Store
from frs_pipeline.store.plan import AssetPath
from frs_pipeline.store.settings import Settings
from frs_pipeline.study import Study

if TYPE_CHECKING:
    from frs_pipeline.report.expectations import PromisesOfMart


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

        if self._process is not None and self._asked:
            # No error is worth more than the promises: it comes again below if it is theirs.
            with suppress(Exception):
                return cast("list[PromisesOfMart]", pickle.load(self._answers))  # noqa: S301 - our own process says it
        return held(self._store)

    @property
    def _answers(self) -> IO[bytes]:
        assert self._process is not None
        assert self._process.stdout is not None
        return self._process.stdout

    def _ask_if_made(self) -> None:
        if self._process is None or self._asked or self._waits_for:
            return
        assert self._process.stdin is not None
        self._asked = True
        with suppress(OSError):
            pickle.dump((self._store.study.folder, self._store.settings.data, self._store.delivery), self._process.stdin)
            self._process.stdin.flush()


@contextmanager
def ahead(store: Store, waits_for: Iterable[AssetPath]) -> Iterator[Ahead]:
    """Get ready to check the promises of a delivery, once the products that it `waits_for` are made."""
    process = None if "great_expectations" in sys.modules else _begun()
    with process or nullcontext():
        try:
            yield Ahead(process, store, waits_for)
        finally:
            if process is not None:
                process.kill()


def _begun() -> subprocess.Popen[bytes] | None:
    """Begin a process that gets ready; None where there can be none."""
    path = os.pathsep.join([str(PACKAGE.parent), *filter(None, [os.environ.get("PYTHONPATH")])])
    with suppress(OSError):
        return subprocess.Popen(  # noqa: S603 - this program itself
            [sys.executable, "-m", __name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": path},
            # Ctrl-C is for the run, which ends this process, too.
            start_new_session=True,
        )
    return None


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
            pickle.dump(held(Store(Settings(Study(Path(folder)), Path(data)), delivery)), answer)


if __name__ == "__main__":
    main()
