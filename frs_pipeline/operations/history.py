"""What Dagster keeps of runs, as texts: asked of the instance, wherever it keeps that (its folder, another, a database)."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import yaml

from frs_pipeline.errors import InputError, UsageError
from frs_pipeline.store.settings import home

if TYPE_CHECKING:
    from dagster import DagsterInstance, RunRecord

_EVENTS, _RUNS, _TICKS = 1_000, 100, 100

# Where a history is that PostgreSQL keeps; deploy/postgresql/dagster.yaml names it.
URL = "FRS_POSTGRES_URL"


def homes() -> list[Path]:
    """List where Dagster keeps a history: in DAGSTER_HOME, and in the folder of `make ui` once that has run."""
    named = os.environ.get("DAGSTER_HOME")
    own = home() / ".dagster_home"
    made = (own / "history").is_dir() or in_database(own)
    return sorted({place for place in (Path(named) if named else None, own if made else None) if place and place.is_dir()})


def in_database(folder: Path) -> bool:
    """Say whether the `dagster.yaml` of a DAGSTER_HOME lets PostgreSQL keep the history; False for one that can't be read."""
    try:
        said = yaml.safe_load((folder / "dagster.yaml").read_text(encoding="utf-8"))
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


def unreached(error: BaseException | None) -> InputError | None:
    """Return in one line that PostgreSQL doesn't answer, or refuses, where that is what an error comes from; else None."""
    while error is not None:
        inner = getattr(error, "orig", None)  # of SQLAlchemy's errors: that of the driver, which may not be installed
        if type(inner).__module__.partition(".")[0] == "psycopg2" and type(inner).__name__ in (
            "OperationalError",
            "InterfaceError",
        ):
            parts = urlsplit(os.environ.get(URL, ""))
            place = f"{parts.hostname}:{parts.port or 5432}" if parts.hostname else "its socket"
            if "FATAL" in str(inner):
                do = "the file that PGPASSFILE names needs its password and mode 0600, and the database must be there"
                return InputError(f"the database server at {place} refuses the connection", where=URL, do=do)
            do = "start it; or unset DAGSTER_HOME, which runs without a history"
            return InputError(f"the database at {place} doesn't answer", where=URL, do=do)
        error = error.__cause__ or error.__context__
    return None


@contextmanager
def tries_unsaid() -> Iterator[None]:
    """Say nothing of each try to reach the database: `unreached` says it once, when the last has failed."""

    def other(record: logging.LogRecord) -> bool:
        return not str(record.msg).startswith("Retrying failed database connection")

    root = logging.getLogger()
    root.addFilter(other)
    try:
        yield
    finally:
        root.removeFilter(other)


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
