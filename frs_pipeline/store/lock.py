"""The lock of a delivery, which only one run holds at a time, and the note that a run has begun to replace results.

Also claims on folders that belong to no delivery but to a process.
"""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from frs_pipeline.errors import Busy, FrsError
from frs_pipeline.store.files import Store, private_folder, unwritable

LOCK = ".lock"
_CLAIM = "claim"
_BEGUN = "begun\n"


@contextmanager
def exclusive(store: Store, *, wait: bool = False) -> Iterator[None]:
    """Keep others from refreshing this delivery meanwhile; sweep away what a killed run left half-written.

    The operating system releases the lock when its holder dies, however it dies. Raises `Busy` when another run holds it,
    unless `wait` is true.
    """
    with _opened(store) as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            what = "another run is refreshing this delivery, or one that is compared with it"
            raise Busy(what, where=store.delivery, do="wait until it ends") from error
        for zone in (_lock(store).parent, store.settings.curated(store.delivery)):
            for left in list(zone.rglob(".*.tmp")):
                # It may have been inside another one that is gone by now.
                shutil.rmtree(left) if left.is_dir() else left.unlink(missing_ok=True)
        sweep(store.settings.restricted_zone)
        yield


def claim(folder: Path) -> IO[str]:
    """Keep runs from sweeping away a temporary folder while the file that is returned is open, or its process alive."""
    file = (folder / f".{_CLAIM}").open("w")
    fcntl.flock(file, fcntl.LOCK_EX)
    # Under this name only now, so that nobody finds it free.
    (folder / f".{_CLAIM}").rename(folder / _CLAIM)
    return file


def sweep(zone: Path) -> None:
    """Remove the temporary folders of processes that have died."""
    for left in zone.glob(".*.tmp"):
        with suppress(OSError), (left / _CLAIM).open() as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(left, ignore_errors=True)


@contextmanager
def at_rest(store: Store) -> Iterator[None]:
    """Wait until no run refreshes this delivery, and let none begin meanwhile: for a run that reads what was made of it."""
    with _opened(store) as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        yield


def _opened(store: Store) -> IO[str]:
    """Open the file of the lock. Raises `FrsError` where it can't be made."""
    path = _lock(store)
    private_folder(path.parent, store.settings.restricted_zone)
    try:
        # Without emptying it: it says whether its last holder finished what it began.
        return path.open("a")
    except OSError as error:
        raise unwritable(error, path, "correct the file's rights") from error


def _lock(store: Store) -> Path:
    return store.settings.restricted(store.delivery) / LOCK


def begin(store: Store) -> None:
    """Note, in the file of the lock, that a run has begun to replace results; for whoever holds the lock."""
    _note(store, _BEGUN)


def finish(store: Store) -> None:
    """Remove the note that `begin` made: everything that was to be made is there."""
    if unfinished(store):
        _note(store, "")


def _note(store: Store, text: str) -> None:
    try:
        _lock(store).write_text(text, encoding="ascii")
    except OSError as error:
        do = "make room, or correct its rights"
        raise FrsError(f"cannot be written: {error.strerror}", where=_lock(store), do=do) from error


def unfinished(store: Store) -> bool:
    """Return whether the last run that began to replace results is still at work or never finished."""
    try:
        return _lock(store).read_text(encoding="ascii") == _BEGUN
    except (OSError, ValueError):
        return False


def is_locked(store: Store) -> bool:
    """Return whether any process refreshes this delivery right now. A process that died holds the lock no longer."""
    try:
        file = _lock(store).open()
    except OSError:
        return False
    with file as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
    return False
