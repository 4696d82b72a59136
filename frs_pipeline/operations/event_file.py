"""The file that FRS_LINEAGE names: OpenLineage events, a line each, of whichever runs are made at once.

What makes events is imported where a run is made and events are wanted.
"""

from __future__ import annotations

import fcntl
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from frs_pipeline.errors import FrsError, UsageError, unusable
from frs_pipeline.store.settings import Settings, refuse_secret
from frs_pipeline.study import Study

if TYPE_CHECKING:
    from dagster import DagsterInstance, DagsterRun

LINEAGE = "FRS_LINEAGE"
# Is told of a run when it begins, and hears what happens in it.
Hear = Callable[["DagsterInstance", "DagsterRun"], None]
# No event is longer, in bytes.
_LONGEST = 1 << 24
_log = logging.getLogger("frs_pipeline")


def event_file(settings: Settings) -> Path | None:
    """Return the file that events are added to; None where none is wanted.

    Raises `UsageError` for what can't be such a file, before a run begins: afterwards nobody would notice. Nothing is added to
    a file that holds anything else, such as a key or a journal.
    """
    named = os.environ.get(LINEAGE)
    if not named:
        return None
    refuse_secret(named, LINEAGE)
    path = Path(os.path.realpath(named))
    if path.is_relative_to(settings.data):
        raise UsageError(f"{path} lies among the data", where=LINEAGE, do="name a file elsewhere")
    if not path.parent.is_dir():
        raise UsageError(f"{path.parent} isn't a folder", where=LINEAGE, do="make it, or unset it")
    if path.exists() and not path.is_file():
        raise UsageError(f"{path} isn't a file", where=LINEAGE, do="name a file that may be made or added to")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise UsageError(f"{path} can't be written by this account", where=LINEAGE, do="correct its rights, or unset it")
    if path.exists() and not _of_events(path):
        raise UsageError(f"{path} holds something else", where=LINEAGE, do="name a file of events, or one that may be made")
    return path


def _of_events(path: Path) -> bool:
    """Return whether a file is empty or begins with an event. One that may only be added to is taken for one."""
    try:
        with path.open("rb") as file:
            first = file.readline(_LONGEST)
    except OSError:
        return True
    return not first or (first.startswith(b"{") and b'"eventTime"' in first)


def add(path: Path, lines: str) -> None:
    """Add whole lines to the end of a file, whoever else adds to it: all of them or, where there is no room, none.

    Raises `FrsError`.
    """
    content = lines.encode()
    try:
        file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            before = os.fstat(file).st_size
            if os.write(file, content) < len(content):
                os.ftruncate(file, before)
                raise FrsError("there is no room for an event", where=path, do="make room")
        finally:
            os.close(file)
    except OSError as error:
        raise unusable(error) or FrsError("cannot be written", where=path) from error


def hearing(study: Study) -> Hear:
    """Return what tells of the runs that Dagster begins by itself."""

    def hear(instance: DagsterInstance, run: DagsterRun) -> None:
        with without_failing():
            settings = Settings.from_environment(study)
            if (file := event_file(settings)) is not None:
                from frs_pipeline.operations.telling import Telling

                Telling(settings, file).begin(instance, run)

    return hear


@contextmanager
def telling(settings: Settings, file: Path | None) -> Iterator[Hear]:
    """Yield what tells of a run that ends as this context does; of none where there is no `file`."""
    if file is None:
        yield lambda _, __: None
        return
    from frs_pipeline.operations.telling import Telling

    with Telling(settings, file) as told:
        yield told.begin


def tell_lost(study: Study, run: DagsterRun) -> None:
    """Tell that a run has failed whose process is gone: it can't say so itself."""
    with without_failing():
        settings = Settings.from_environment(study)
        if (file := event_file(settings)) is not None:
            from frs_pipeline.operations.telling import lost

            add(file, lost(settings, run))


@contextmanager
def without_failing() -> Iterator[None]:
    """Turn whatever goes wrong with events into a line of the log: no run fails for it."""
    try:
        yield
    except FrsError as error:
        _log.warning("%s: %s; events of a run are lost", LINEAGE, error)
    except Exception as error:
        _log.warning("%s: unexpected %s; events of a run are lost", LINEAGE, type(error).__name__)
