"""`make ui` is killed in the middle of a run, with all its processes: after a restart nothing waits for the lost run."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from dagster import DagsterInstance, DagsterRun, DagsterRunStatus
from dagster._core.storage.tags import RETRY_NUMBER_TAG
from support.serving import home_in, processes_of, serving, switch_off, until

from frs_pipeline.assets.wiring import PARTITION_TAG
from frs_pipeline.store.files import MANIFEST

LATER = "2021-11-30"
# For each thing that is waited for; on a machine that has other things to do.
PATIENCE = 300


def runs(home: Path, delivery: str) -> list[DagsterRun]:
    with DagsterInstance.local_temp(str(home)) as instance:
        return [run for run in instance.get_runs() if run.tags.get(PARTITION_TAG) == delivery]


def steps(home: Path, run: DagsterRun) -> list[str]:
    """All steps that a run was to take."""
    with DagsterInstance.local_temp(str(home)) as instance:
        return instance.get_execution_plan_snapshot(run.execution_plan_snapshot_id or "").step_keys_to_execute


@pytest.mark.skipif(sys.platform != "linux", reason="processes are found in /proc")
def test_after_a_kill_of_all_processes_the_next_delivery_is_refreshed_and_the_lost_run_told(
    make_delivery: Callable[[Path], Any], tmp_path: Path, storage: str, record_property: Callable[[str, object], None]
) -> None:
    began = time.monotonic()
    home = home_in(tmp_path, storage)
    delivery = make_delivery(tmp_path / "data")
    settings, name = delivery.settings, delivery.name
    with serving(settings, home, tmp_path / "log"):
        until(lambda: list(settings.restricted(name).glob("validated/initiator.parquet")), PATIENCE)
        record_property("processes killed", switch_off(home))
    assert not processes_of(home)
    assert not (settings.curated(name) / MANIFEST).exists()
    [lost] = runs(home, name)
    assert lost.status is DagsterRunStatus.STARTED
    record_property("seconds to the kill", time.monotonic() - began)

    shutil.copytree(delivery.folder, settings.raw_delivery(LATER))
    page = settings.incidents / name / f"{lost.run_id}.md"
    with serving(settings, home, tmp_path / "log"):
        until(page.exists, PATIENCE)
        record_property("seconds to the incident", time.monotonic() - began)
        for each in (name, LATER):
            until((settings.curated(each) / MANIFEST).exists, PATIENCE)
        record_property("seconds to both results", time.monotonic() - began)
        until(lambda: all(run.is_finished for each in (name, LATER) for run in runs(home, each)), PATIENCE)
    assert "the run's process is gone" in page.read_text(encoding="utf-8")
    [again, before] = runs(home, name)
    assert (before.run_id, before.status) == (lost.run_id, DagsterRunStatus.FAILURE)
    # It is Dagster that had it made again, and all of it: a step may have been killed between two of its files.
    assert (again.parent_run_id, again.tags[RETRY_NUMBER_TAG], again.status) == (lost.run_id, "1", DagsterRunStatus.SUCCESS)
    assert steps(home, again) == steps(home, lost)
