"""What Dagster keeps of runs, as texts: asked of the instance, wherever it keeps that (its folder, another, a database)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import yaml

from frs_pipeline.errors import UsageError

if TYPE_CHECKING:
    from dagster import DagsterInstance, RunRecord

_EVENTS, _RUNS, _TICKS = 1_000, 100, 100

# Where a history is that PostgreSQL keeps; deploy/postgresql/dagster.yaml names it.
URL = "FRS_POSTGRES_URL"


def in_database(home: Path) -> bool:
    """Say whether the `dagster.yaml` of a DAGSTER_HOME lets PostgreSQL keep the history; False for one that can't be read."""
    try:
        said = yaml.safe_load((home / "dagster.yaml").read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError):
        return False
    storage = said.get("storage") if isinstance(said, dict) else None
    return isinstance(storage, dict) and "postgres" in storage


def refuse_password() -> None:
    """Raise `UsageError`, which doesn't repeat it, where the database's address holds its password: Dagster's pages show that.

    The same for an address of another driver: the library would look for one that isn't installed.
    """
    address = os.environ.get(URL)
    if not address:
        return
    try:
        parts = urlsplit(address)
        secret = parts.password or parse_qs(parts.query).keys() & {"password", "sslpassword"}
    except ValueError:
        raise UsageError("isn't an address", where=URL, do="give postgresql+psycopg2://USER@HOST:PORT/DATABASE") from None
    if secret:
        raise UsageError("holds a password", where=URL, do="put it into a file that PGPASSFILE names, and replace it")
    if parts.scheme != "postgresql+psycopg2":
        raise UsageError("isn't an address of PostgreSQL", where=URL, do="give postgresql+psycopg2://USER@HOST:PORT/DATABASE")


def kept(instance: DagsterInstance, run: str | None = None) -> Iterator[tuple[str, Iterator[str]]]:
    """Yield a name and the texts of each run, or of `run`, and of what sensors and schedules did where no run is named.

    Raises OSError when the history can't be read: nobody may take that for a history in which nothing is found.
    """
    with _looking():
        records = list(_records(instance, run))
    for record in records:
        yield f"run {record.dagster_run.run_id}", _of_run(instance, record)
    if run is None:
        yield "sensors and schedules", _of_ticks(instance)


def _records(instance: DagsterInstance, run: str | None) -> Iterator[RunRecord]:
    if run is not None:
        record = instance.get_run_record_by_id(run)
        if record is None:
            raise OSError("the run isn't in the history")
        yield record
        return
    cursor: str | None = None
    while some := instance.get_run_records(limit=_RUNS, cursor=cursor):
        yield from some
        cursor = some[-1].dagster_run.run_id


def _of_run(instance: DagsterInstance, record: RunRecord) -> Iterator[str]:
    from dagster import serialize_value

    with _looking():
        yield serialize_value(record.dagster_run)
        cursor, more = None, True
        while more:
            records = instance.get_records_for_run(record.dagster_run.run_id, cursor=cursor, limit=_EVENTS)
            yield "\n".join(serialize_value(entry.event_log_entry) for entry in records.records)
            cursor, more = records.cursor, records.has_more


def _of_ticks(instance: DagsterInstance) -> Iterator[str]:
    from dagster import serialize_value

    with _looking():
        for state in instance.all_instigator_state():
            yield serialize_value(state)
            ticks: Any = instance.get_ticks(state.instigator_origin_id, state.selector_id, limit=_TICKS)
            while ticks:
                yield "\n".join(serialize_value(tick.tick_data) for tick in ticks)
                before = ticks[-1].timestamp
                ticks = instance.get_ticks(state.instigator_origin_id, state.selector_id, before=before, limit=_TICKS)


@contextmanager
def _looking() -> Iterator[None]:
    """Turn whatever a storage raises that can't be reached or read into an OSError that quotes nothing."""
    try:
        yield
    except OSError:
        raise
    except Exception as error:
        raise OSError(f"the history can't be looked at ({type(error).__name__})") from None
