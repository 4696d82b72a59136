"""Dagster fetches: a job for it, and a time of day, where a study says where its surveys are and when they are fetched."""

from __future__ import annotations

from typing import Any

from dagster import (
    AssetSelection,
    DagsterRun,
    DefaultScheduleStatus,
    RunRequest,
    ScheduleDefinition,
    SkipReason,
    define_asset_job,
    schedule,
)

from frs_pipeline.assets.fetched import keys
from frs_pipeline.assets.wiring import study_tags
from frs_pipeline.study import Study
from frs_pipeline.study.about import about

# The job's name, by which the schedule requests it.
FETCH = "fetch"


def fetch_jobs(study: Study) -> list[Any]:
    """Define the job that fetches every survey; none where the study fetches nothing. Dagster has no public name for its type."""
    if about(study).fetch is None:
        return []
    return [
        define_asset_job(
            FETCH,
            AssetSelection.assets(*keys(study)),
            description="Fetches the exports of the surveys, and keeps what is new. Makes no delivery: frs deliver does.",
            tags=study_tags(study),
        )
    ]


def fetch_schedules(study: Study) -> list[ScheduleDefinition]:
    """Define the time of day at which surveys are fetched; none where the study doesn't say one."""
    told = about(study).fetch
    if told is None or told.daily is None:
        return []
    hour, minute = told.daily.split(":")

    @schedule(
        job_name=FETCH,
        cron_schedule=f"{int(minute)} {int(hour)} * * *",
        execution_timezone="Europe/Copenhagen",
        default_status=DefaultScheduleStatus.RUNNING,
        description=f"At {told.daily}: the exports of the surveys are fetched.",
    )
    def daily_fetch() -> RunRequest | SkipReason:
        """Ask for a run, unless study.yaml has stopped saying where surveys are since this code location was loaded."""
        if about(study.again()).fetch is None:
            return SkipReason("study.yaml no longer says where surveys are: reload the code location")
        return RunRequest()

    return [daily_fetch]


def only_fetches(study: Study, run: DagsterRun) -> bool:
    """Return whether a run makes nothing of any delivery: it only fetches."""
    if run.job_name == FETCH:
        return True
    chosen = run.asset_selection or frozenset()
    return bool(chosen) and chosen <= set(keys(study))
