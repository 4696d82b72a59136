"""Old runs in Dagster's history: which they are, and how they go. The same for SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from dagster import DagsterEventType, DagsterInstance, RunsFilter
from dagster._core.storage.dagster_run import FINISHED_STATUSES
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable, SqlEventLogStorageTable
from sqlalchemy import func, select

from frs_pipeline.assets.wiring import is_of
from frs_pipeline.errors import InputError
from frs_pipeline.operations.history import refuse_password, tries_unsaid, unreached
from frs_pipeline.study import Study

_RUNS = 100
# What SQLite may leave beside a file.
_BESIDE = ("", "-wal", "-shm", "-journal")


def old_runs(home: Path, study: Study, until: datetime) -> tuple[tuple[str, ...], int]:
    """Return the study's runs that ended before `until` and may go, the oldest last, and how many of that age stay.

    Those stay that made the newest of a file in a delivery that the history knows, or were the last to check it. Raises
    `InputError` for a history that can't be read.
    """
    with _opened(home) as instance:
        ended = [record for record in _ended(instance, until) if is_of(study, record.dagster_run)]
        newest = _newest(instance) if ended else set()
    names = [record.dagster_run.run_id for record in ended]
    going = tuple(name for name in names if name not in newest)
    return going, len(names) - len(going)


def delete(home: Path, runs: Sequence[str]) -> None:
    """Delete runs with their events, the results of checks in them, and what they printed."""
    with _opened(home) as instance:
        storage: Any = instance.event_log_storage
        for run in runs:
            instance.delete_run(run)
            with storage.index_connection() as connection:
                connection.execute(AssetCheckExecutionsTable.delete().where(AssetCheckExecutionsTable.c.run_id == run))
            instance.compute_log_manager.delete_logs(prefix=[run])
            if isinstance(storage, SqliteEventLogStorage):
                # Each run has a file of its own, which would stay, as large as it was.
                for end in _BESIDE:
                    Path(f"{storage.path_for_shard(run)}{end}").unlink(missing_ok=True)


def _ended(instance: DagsterInstance, until: datetime) -> Iterator[Any]:
    """Yield the records of runs that are over since before `until`, the newest first."""
    cursor: str | None = None
    over = RunsFilter(statuses=FINISHED_STATUSES, created_before=until)
    while some := instance.get_run_records(over, limit=_RUNS, cursor=cursor):
        yield from (record for record in some if (record.end_time or record.update_timestamp.timestamp()) < until.timestamp())
        cursor = some[-1].dagster_run.run_id


def _newest(instance: DagsterInstance) -> set[str]:
    """Return the runs that the history can't do without: each is the last to have made, seen or checked something."""
    events, checks = SqlEventLogStorageTable.c, AssetCheckExecutionsTable.c
    kinds = [DagsterEventType.ASSET_MATERIALIZATION.value, DagsterEventType.ASSET_OBSERVATION.value]
    made = (
        select(func.max(events.id))
        .where(events.dagster_event_type.in_(kinds))
        .group_by(events.asset_key, events.partition, events.dagster_event_type)
    )
    checked = select(func.max(checks.id)).group_by(checks.asset_key, checks.check_name, checks.partition)
    storage: Any = instance.event_log_storage
    with storage.index_connection() as connection:
        rows = [
            *connection.execute(select(events.run_id).where(events.id.in_(made))),
            *connection.execute(select(checks.run_id).where(checks.id.in_(checked))),
        ]
    return {row[0] for row in rows}


@contextmanager
def _opened(home: Path) -> Iterator[DagsterInstance]:
    """Open a history. Raises `InputError`, which quotes nothing, for one that can't be read."""
    refuse_password()
    try:
        with tries_unsaid(), DagsterInstance.from_config(str(home)) as instance:
            yield instance
    except Exception as error:  # a storage raises what it comes across
        what = f"Dagster's history can't be read ({type(error).__name__})"
        raise unreached(error) or InputError(what, where=home, do="dagster instance info tells what is wrong") from None
