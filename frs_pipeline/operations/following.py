"""Dagster follows a collection: once all surveys were asked on a day, a run writes the state of that day."""

from __future__ import annotations

import hashlib
from typing import Any

from dagster import (
    AssetSelection,
    DagsterRun,
    DefaultSensorStatus,
    RunRequest,
    SensorDefinition,
    SensorEvaluationContext,
    SensorResult,
    define_asset_job,
    sensor,
)

from frs_pipeline.assets.collected import days_of, keys
from frs_pipeline.assets.wiring import study_tags
from frs_pipeline.collection.fetching import is_fetching
from frs_pipeline.collection.interim import Interim, fetched
from frs_pipeline.errors import FrsError
from frs_pipeline.store.deliveries import sha256
from frs_pipeline.store.settings import Settings
from frs_pipeline.study import Study

# The job's name, by which the sensor requests it.
FOLLOW = "follow"


def follow_jobs(study: Study) -> list[Any]:
    """Define the job that writes the state of a collection; none where it can't be followed. Its type has no public name."""
    if not keys(study):
        return []
    return [
        define_asset_job(
            FOLLOW,
            AssetSelection.assets(*keys(study)),
            description="Writes what had come in by a day of export, what is missing, and what moved since the day before.",
            partitions_def=days_of(study),
            tags=study_tags(study),
        )
    ]


def follow_sensors(study: Study) -> list[SensorDefinition]:
    """Define what notices that surveys were fetched, by Dagster or by hand; nothing where a collection can't be followed."""
    if not keys(study):
        return []

    @sensor(
        job_name=FOLLOW,
        minimum_interval_seconds=60,
        default_status=DefaultSensorStatus.RUNNING,
        description="Registers each day on which all surveys were seen, and writes its state; again when its ledger changed.",
    )
    def fetched_exports(context: SensorEvaluationContext) -> SensorResult:
        """Ask for the state of the newest day; the same exports and the same ledger get one run."""
        settings = Settings.from_environment(study.again())
        if is_fetching(settings):
            return SensorResult(skip_reason="surveys are being fetched")
        try:
            day = fetched(settings).day
            # What there is by now may hold newer exports than that day had.
            interim = fetched(settings, until=day)
            content = _content(interim)
        except FrsError as error:
            return SensorResult(skip_reason=str(error))
        if interim.day != day:
            what = f"surveys were fetched after {day}: what was fetched until then is of {interim.name}"
            return SensorResult(skip_reason=what)
        if content is None:
            return SensorResult(skip_reason=f"no ledger: lay it into {settings.fetched}, or deliver one")
        return SensorResult(
            run_requests=[RunRequest(run_key=f"{interim.name} {content}", partition_key=interim.name)],
            dynamic_partitions_requests=[days_of(study).build_add_request([interim.name])],
        )

    return [fetched_exports]


def _content(interim: Interim) -> str | None:
    """Shorten what a state is made of to a text: which exports, and the ledger; None without a ledger."""
    if interim.ledger_file is None:
        return None
    made_of = [*(f"{name} {place.name}" for name, place in interim.places.items()), sha256(interim.ledger_file)]
    return hashlib.sha256("\n".join(made_of).encode()).hexdigest()[:16]


def only_follows(study: Study, run: DagsterRun) -> bool:
    """Return whether a run makes nothing of any delivery: it only writes the state of a collection."""
    if run.job_name == FOLLOW:
        return True
    chosen = run.asset_selection or frozenset()
    return bool(chosen) and chosen <= set(keys(study))
