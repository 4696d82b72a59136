"""Old runs leave Dagster's history, but for those in progress and those that made or checked the newest of something."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from dagster import (
    AssetCheckResult,
    AssetCheckSpec,
    DagsterInstance,
    DagsterRunStatus,
    DynamicPartitionsDefinition,
    MaterializeResult,
    asset,
    materialize,
)
from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable
from dagster._core.storage.runs.schema import RunsTable
from dagster._core.test_utils import create_run_for_test
from support.study import STUDY, bare_study

from frs_pipeline.assets.wiring import STUDY_TAG, key_of
from frs_pipeline.errors import InputError
from frs_pipeline.operations import retention
from frs_pipeline.operations.old_runs import delete, old_runs
from frs_pipeline.operations.retention import apply
from frs_pipeline.store.journal import entries
from frs_pipeline.store.settings import Settings
from frs_pipeline.study.about import about

PARTS = DynamicPartitionsDefinition(name="parts")
KEY = key_of(STUDY, ("x",))


@asset(key=KEY, partitions_def=PARTS, check_specs=[AssetCheckSpec("sound", asset=KEY)])
def made() -> MaterializeResult:  # type: ignore[type-arg]
    return MaterializeResult(check_results=[AssetCheckResult(passed=True)])


@asset(key=KEY, partitions_def=PARTS)
def broken() -> None:
    raise ValueError


@pytest.fixture
def home(tmp_path: Path, storage: str) -> Path:
    (tmp_path / "dagster.yaml").write_text(storage, encoding="utf-8")
    return tmp_path


def run(instance: DagsterInstance, what: Any, part: str, study: str = about(STUDY).name) -> str:
    """Materialise in a run of a study; that of another project has no mark of any."""
    tags = {STUDY_TAG: study} if study else {}
    done = materialize([what], instance=instance, partition_key=part, tags=tags, raise_on_error=False)
    return done.run_id


def checked_in(instance: DagsterInstance) -> set[str]:
    with instance.event_log_storage.index_connection() as connection:  # type: ignore[attr-defined]
        return {row.run_id for row in connection.execute(AssetCheckExecutionsTable.select())}


def test_old_runs_go_but_for_the_newest_of_each_delivery_and_those_in_progress(home: Path) -> None:
    with DagsterInstance.from_config(str(home)) as instance:
        instance.add_dynamic_partitions("parts", ["a", "b"])
        replaced, of_a, of_b = (run(instance, made, part) for part in "aab")
        failed, others = run(instance, broken, "b"), run(instance, made, "a", "another")
        foreign = run(instance, broken, "b", "")
        at_work = create_run_for_test(instance, status=DagsterRunStatus.STARTED).run_id
        again = run(instance, made, "a")
    later = dt.datetime.now(dt.UTC) + dt.timedelta(minutes=1)

    assert old_runs(home, STUDY, later - dt.timedelta(days=1)) == ((), 0)
    going, stay = old_runs(home, STUDY, later)
    assert (set(going), stay) == ({replaced, of_a, failed}, 2)
    delete(home, going)

    with DagsterInstance.from_config(str(home)) as instance:
        left = {record.dagster_run.run_id for record in instance.get_run_records()}
        assert left == {of_b, others, foreign, at_work, again}
        assert checked_in(instance) == {of_b, others, again}
        assert not [entry for name in going for entry in instance.all_logs(name)]
        assert instance.all_logs(of_b)
        newest = instance.get_latest_materialization_event(KEY)
        assert newest is not None
        assert newest.run_id == again
        assert set(instance.get_materialized_partitions(KEY)) == {"a", "b"}
    assert old_runs(home, STUDY, later) == ((), 2)


def test_the_policy_takes_them_and_the_journal_says_so_first_and_no_file_is_left(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = tmp_path / "study"
    study.mkdir()
    settings = Settings(bare_study(study, operations="retention: {days_of_runs: 30}\n"), tmp_path / "data")
    monkeypatch.setattr(retention, "homes", lambda: [home])
    with DagsterInstance.from_config(str(home)) as instance:
        instance.add_dynamic_partitions("parts", ["a"])
        first, second, _ = (run(instance, made, "a", about(settings.study).name) for _ in range(3))
        before = dt.datetime(2020, 1, 1)
        with instance.run_storage.connect() as connection:  # type: ignore[attr-defined]
            old = RunsTable.update().where(RunsTable.c.run_id == first)
            connection.execute(old.values(create_timestamp=before, start_time=before.timestamp(), end_time=before.timestamp()))
    assert [path for path in home.rglob("*") if first in path.name]
    [going] = apply(settings, "room").history
    assert (going.runs, going.stay) == ((first,), 0)
    noted = entries(settings.access_journal)
    assert [(entry.event, entry.why, entry.details["runs"]) for entry in noted] == [("retention", "room", 1)]
    assert not [path.name for path in home.rglob("*") if first in str(path)]
    assert [path for path in home.rglob("*") if second in path.name]
    assert apply(settings, "room").runs == 0
    assert len(entries(settings.access_journal)) == 1


def test_a_history_that_cannot_be_read_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "dagster.yaml").write_text("storage: [nothing]\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"history can't be read \(\w+\)"):
        old_runs(tmp_path, STUDY, dt.datetime.now(dt.UTC))
