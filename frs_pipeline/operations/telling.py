"""Hear what happens in a run, and tell of it in the file that FRS_LINEAGE names."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from dagster import DagsterInstance, DagsterRun, EventLogEntry
from openlineage.client.event_v2 import RunEvent, RunState
from openlineage.client.serde import Serde

from frs_pipeline.operations.event_file import add, without_failing
from frs_pipeline.operations.openlineage import ENDS, GONE, Events
from frs_pipeline.store.settings import Settings


class Telling:
    """Tells of one run, from when it begins. It ends as Dagster says; or, used as a context, as the context ends.

    The latter is for who does more after a run than Dagster knows, such as to search what it left.
    """

    def __init__(self, settings: Settings, file: Path) -> None:
        self.settings, self.file = settings, file
        self._events: Events | None = None
        self._ends_later = False

    def begin(self, instance: DagsterInstance, run: DagsterRun) -> None:
        """Tell that a run begins, and what happens in it."""
        with without_failing():
            self._events = Events(self.settings, run)
            self._add(lambda events: events.begun(datetime.now(UTC)))
            instance.add_event_listener(run.run_id, self._hear)

    def __enter__(self) -> Self:
        self._ends_later = True
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        state = RunState.COMPLETE if kind is None else RunState.FAIL if issubclass(kind, Exception) else RunState.ABORT
        self._add(lambda events: events.ended(state, datetime.now(UTC)))

    def _hear(self, entry: EventLogEntry) -> None:
        event = entry.dagster_event
        if event is not None and not (self._ends_later and event.event_type in ENDS):
            self._add(lambda events: events.of(event, datetime.fromtimestamp(entry.timestamp, UTC)))

    def _add(self, told: Callable[[Events], list[RunEvent]]) -> None:
        """Add what is told; nothing where no run began, or there is nothing to tell yet."""
        with without_failing():
            if self._events is not None and (lines := _lines(told(self._events))):
                add(self.file, lines)


def lost(settings: Settings, run: DagsterRun) -> str:
    """Return the line which tells that a run failed whose process is gone."""
    return _lines(Events(settings, run).ended(RunState.FAIL, datetime.now(UTC), GONE))


def _lines(events: list[RunEvent]) -> str:
    return "".join(Serde.to_json(event) + "\n" for event in events)
