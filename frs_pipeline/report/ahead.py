"""Check promises in a process beside the run, which imports Great Expectations while the run still reads forms.

That import takes a quarter of a run of a few thousand forms, and the check goes on while tables are counted.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from frs_pipeline.store.files import Store
from frs_pipeline.store.plan import AssetPath, products
from frs_pipeline.store.worker import NoAnswerError, Worker, worker

if TYPE_CHECKING:
    from frs_pipeline.report.expectations import PromisesOfMart

PROMISES: AssetPath = ("expectations",)
# Noted as if it were made: that the delivery that this one is compared with is ready.
TURN: AssetPath = ("turn",)


class Ahead:
    """The promises of one delivery, checked by a `worker` as soon as all marts are made; in this process where it can't."""

    def __init__(self, worker: Worker, store: Store, waits_for: Iterable[AssetPath]) -> None:
        self.worker, self._store, self._waits_for = worker, store, {*waits_for}
        self._asked: Future[tuple[str, list[PromisesOfMart]]] | None = None
        self._ask_if_made()

    def note(self, made: AssetPath) -> None:
        """Note that a product was made."""
        self._waits_for.discard(made)
        self._ask_if_made()

    def held(self) -> list[PromisesOfMart]:
        """Return what came of the promises. Raises as `expectations.held`."""
        from frs_pipeline.report.expectations import held  # what it imports is heavy, and may not be needed

        # No error of the worker is worth more than the promises: it comes again below if it is theirs.
        with suppress(NoAnswerError):
            if self._asked is not None:
                origin, result = self.worker.result(self._asked)
                # What was read may have been replaced since, and so may the predecessor.
                if origin == _origin(self._store):
                    return result
        return held(self._store)

    def _ask_if_made(self) -> None:
        if self._asked is None and not self._waits_for:
            self._asked = self.worker.ask(_held, self._store)


@contextmanager
def ahead(store: Store, outdated: set[AssetPath], *, turn: bool = False) -> Iterator[Ahead]:
    """Begin a worker if promises are to be made, to check them once the marts that are to be made are, and for other work.

    With `turn`, they are not checked before `TURN` is noted, too: the delivery that it is compared with isn't ready yet.
    """
    waits_for = outdated.intersection(products(store.study)[PROMISES].inputs) | ({TURN} if turn else set())
    if PROMISES not in outdated or "great_expectations" in sys.modules:
        yield Ahead(Worker(), store, waits_for)
        return
    with worker() as process:
        process.ask(_get_ready, None)
        yield Ahead(process, store, waits_for)


def _get_ready(_: None) -> None:
    from frs_pipeline.report.expectations import import_great_expectations

    import_great_expectations()


def _held(store: Store) -> tuple[str, list[PromisesOfMart]]:
    from frs_pipeline.report.expectations import held

    before = _origin(store)
    return before, held(store)


def _origin(store: Store) -> str:
    """Return what the promises are made from now."""
    return store.origin(products(store.study)[PROMISES]).as_json()
