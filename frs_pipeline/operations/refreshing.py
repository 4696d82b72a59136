"""When a delivery is refreshed: as soon as its folder is there or has changed, and at night if anything else has."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from dagster import (
    AssetSelection,
    Backoff,
    DefaultScheduleStatus,
    DefaultSensorStatus,
    RetryPolicy,
    RunRequest,
    ScheduleEvaluationContext,
    SensorEvaluationContext,
    SensorResult,
    SkipReason,
    define_asset_job,
    schedule,
    sensor,
)

from frs_pipeline.assets.wiring import DELIVERIES
from frs_pipeline.deliveries import deliveries, inventory, look
from frs_pipeline.errors import FrsError
from frs_pipeline.exports.unread import refuse_unread
from frs_pipeline.settings import Settings
from frs_pipeline.storage import Store, stale

refresh_job = define_asset_job(
    "refresh",
    AssetSelection.all(),
    description="Everything, for one delivery.",
    partitions_def=DELIVERIES,
    # Only what `gate` lets through is tried again: a drive that didn't answer, not a form that is wrong.
    op_retry_policy=RetryPolicy(max_retries=3, delay=5, backoff=Backoff.EXPONENTIAL),
)


@sensor(
    job=refresh_job,
    minimum_interval_seconds=30,
    default_status=DefaultSensorStatus.RUNNING,
    description="Registers each new delivery folder, refreshes it, and again when it has changed.",
)
def new_deliveries(context: SensorEvaluationContext) -> SensorResult:
    """A delivery is taken up once it holds all its files and they didn't change between two looks.

    So nobody's copying is run into, and a correction that is added later makes a run of its own; the same content
    makes none. The cursor holds what was seen at the last look, and of each delivery that was taken up how its files
    looked, the hash of what they hold, so that contents are read only when a folder looks otherwise, and how many
    contents it has had: one that comes back after another is made again.
    """
    raw = Settings.from_environment().raw
    last = json.loads(context.cursor or "{}")
    seen = {name: look for name in deliveries(raw) if (look := _look(raw / name)) is not None}
    taken: dict[str, tuple[str, str, int]] = {name: tuple(found) for name, found in last.get("taken", {}).items()}
    due = []
    for name, look in seen.items():
        before, content, times = taken.get(name, ("", "", 0))
        if last.get("seen", {}).get(name) == look != before:
            now = _content(raw / name)
            if now is None:
                continue
            if now != content:
                due.append(name)
                times += 1
            taken[name] = (look, now, times)
    known = set(context.instance.get_dynamic_partitions(str(DELIVERIES.name)))
    new = [name for name in due if name not in known]
    return SensorResult(
        run_requests=[RunRequest(run_key=f"{name} {taken[name][1]} {taken[name][2]}", partition_key=name) for name in due],
        dynamic_partitions_requests=[DELIVERIES.build_add_request(new)] if new else [],
        cursor=json.dumps({"seen": seen, "taken": taken}),
    )


@schedule(
    job=refresh_job,
    cron_schedule="0 3 * * *",
    execution_timezone="Europe/Copenhagen",
    default_status=DefaultScheduleStatus.RUNNING,
    description="At three at night: deliveries whose results aren't made by today's code and definitions.",
)
def nightly(context: ScheduleEvaluationContext) -> list[RunRequest] | SkipReason:
    """What no change of a folder tells of: a new version of the program, a changed catalogue, a file that was altered."""
    settings = Settings.from_environment()
    known = context.instance.get_dynamic_partitions(str(DELIVERIES.name))
    due = [name for name in deliveries(settings.raw) if name in known and _due(Store(settings, name))]
    return [RunRequest(partition_key=name) for name in due] or SkipReason("every delivery is up to date")


def _due(store: Store) -> bool:
    try:
        return bool(stale(store))
    except FrsError:
        return False  # a file is missing: the sensor waits for it


def _look(folder: Path) -> str | None:
    """Names, sizes and times of a delivery's files, in short; None while one is missing, or lies there that nobody reads.

    Nothing is read: a copy that isn't complete has such files too.
    """
    try:
        refuse_unread(folder)
        return _short(look(folder))
    except (FrsError, OSError):
        return None


def _content(folder: Path) -> str | None:
    """Hash of what a delivery's files hold, in short; None when one can't be read."""
    try:
        return _short(sorted((name, file.sha256) for name, file in inventory(folder).items()))
    except FrsError:
        return None


def _short(found: object) -> str:
    return hashlib.sha256(repr(found).encode()).hexdigest()[:16]
