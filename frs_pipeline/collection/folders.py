"""Folders that are there whole or not at all: filled beside their place, written to disk, and renamed when complete."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from frs_pipeline.errors import FrsError, InputError
from frs_pipeline.store.files import atomic, private_folder, unwritable
from frs_pipeline.store.lock import claim, sweep
from frs_pipeline.store.settings import Settings


@dataclass(frozen=True)
class Beside:
    """A folder that is being filled, of the name that it is going to have, and the place where it will be."""

    folder: Path
    target: Path

    def put(self) -> None:
        """Put the folder in its place, once all of it is on disk. Raises `InputError` when something is there by now."""
        try:
            for place, _, names in os.walk(self.folder, topdown=False):
                for path in (*(Path(place) / name for name in names), Path(place)):
                    _flush(path)
            refuse_existing(self.target)
            self.target.parent.mkdir(mode=0o700, exist_ok=True)
            # A folder that isn't empty is never replaced, should another process be quicker.
            self.folder.rename(self.target)
            _flush(self.target.parent)
        except OSError as error:
            refuse_existing(self.target)
            raise _unwritable(error, self.target) from error


def refuse_existing(target: Path) -> None:
    """Raise `InputError` where anything is in a folder's place, be it a broken link."""
    if os.path.lexists(target):
        raise InputError("is there already, and is never changed", where=target, do="name another; nothing was written")


@contextmanager
def beside(target: Path, zone: Path) -> Iterator[Beside]:
    """Yield an empty folder in `zone` that only its owner may enter; unless it was `put`, nothing of it stays.

    `target` lies in the zone or in a folder of it. What a killed process left is swept away first. Raises `FrsError` in one line
    where nothing can be written.
    """
    try:
        if not zone.exists():
            zone.parent.mkdir(parents=True, exist_ok=True)
            zone.mkdir(exist_ok=True)
            zone.chmod(0o700)  # whatever the umask says
        sweep(zone)
        waiting = Path(tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".tmp", dir=zone))
    except OSError as error:
        raise _unwritable(error, zone) from error
    try:
        with claim(waiting):
            folder = waiting / target.name
            folder.mkdir(mode=0o700)
            yield Beside(folder, target)
    except OSError as error:
        raise _unwritable(error, target) from error
    finally:
        shutil.rmtree(waiting, ignore_errors=True)


def write_restricted(settings: Settings, folder: Path, files: Mapping[str, bytes]) -> list[Path]:
    """Write files into a folder of the restricted zone that only their owner may read; return their paths."""
    private_folder(folder, settings.restricted_zone)
    for name, content in files.items():
        with atomic(folder / name, private=True) as file:
            file.write(content)
    return [folder / name for name in files]


def create(path: Path) -> IO[bytes]:
    """Create a file that only its owner may read; one that exists is an error."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _unwritable(error: OSError, path: Path) -> FrsError:
    return unwritable(error, path, "make room, or correct the folder's rights; nothing was kept")
