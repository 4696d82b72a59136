"""Runs whose process is gone without a word: the machine was switched off, or `make ui` was killed.

Dagster would believe them to run for ever, and start no other. Each run holds the lock of its delivery, which the system
releases however the process ended. Here they are only reported failed: `run_retries` of dagster.yaml has them made again.
"""

from __future__ import annotations

import json

from dagster import (
    DagsterRun,
    DagsterRunStatus,
    DefaultSensorStatus,
    RunsFilter,
    SensorDefinition,
    SensorEvaluationContext,
    SensorResult,
    sensor,
)

from frs_pipeline.assets.wiring import DATA_TAG, PARTITION_TAG, data_tag, is_of
from frs_pipeline.collection.fetching import is_fetching
from frs_pipeline.operations.event_file import tell_lost
from frs_pipeline.operations.fetching import only_fetches
from frs_pipeline.operations.incidents import LOST
from frs_pipeline.store.files import Store
from frs_pipeline.store.lock import is_locked
from frs_pipeline.store.settings import Settings
from frs_pipeline.study import Study


def lost_runs(study: Study) -> SensorDefinition:
    @sensor(
        minimum_interval_seconds=15,
        default_status=DefaultSensorStatus.RUNNING,
        description="Reports runs failed whose process is gone; run_retries of dagster.yaml has each made again once.",
    )
    def lost_runs(context: SensorEvaluationContext) -> SensorResult:
        """Report lost runs: at two looks in a row they had begun and nobody held the lock of their delivery.

        A moment passes between a run's beginning and the lock, and between the lock and its end, so that one look isn't
        enough. The cursor holds the runs for which the lock was free at the last one.
        """
        settings = Settings.from_environment(study.again())
        before = json.loads(context.cursor or "[]")
        # Another study's run holds the lock of a delivery that this one may have, too.
        running = context.instance.get_runs(RunsFilter(statuses=[DagsterRunStatus.STARTED]))
        started = [run for run in running if is_of(settings.study, run)]
        free = [run.run_id for run in started if _without_process(settings, run)]
        lost = []
        for run_id in (one for one in free if one in before):
            now = context.instance.get_run_by_id(run_id)
            if now is None or now.status is not DagsterRunStatus.STARTED:
                continue
            context.instance.report_run_failed(now, LOST)
            tell_lost(settings.study, now)
            lost.append(run_id)
            context.log.warning(f"run {run_id}: {LOST}")
        return SensorResult(
            skip_reason=f"{len(started)} running, {len(lost)} lost",
            cursor=json.dumps([run_id for run_id in free if run_id not in lost]),
        )

    return lost_runs


def _without_process(settings: Settings, run: DagsterRun) -> bool:
    """Return whether the lock that a run must hold is free. A run in another data folder has another lock: then False."""
    delivery = run.tags.get(PARTITION_TAG)
    here = run.tags.get(DATA_TAG, data_tag(settings)) == data_tag(settings)
    if only_fetches(settings.study, run):
        return here and not is_fetching(settings)
    return delivery is not None and here and not is_locked(Store(settings, delivery))
