"""Dagster follows a collection: the state of each day on which surveys were fetched, from exports that no server sent."""

from __future__ import annotations

import datetime as dt
import json
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from dagster import DagsterInstance, ExecuteInProcessResult, SensorResult, build_sensor_context
from support.fetched import SURVEYS, Played, kept_as_fetched, seen_again
from support.missing_by_pandas import forms_by_conference, lacking
from support.played import Played as Collection
from support.played import alter, take_out
from support.serving import home_in

from frs_pipeline.assets.collected import days_of, keys
from frs_pipeline.assets.wiring import key_of
from frs_pipeline.definitions import build_definitions
from frs_pipeline.operations.following import FOLLOW, follow_sensors, only_follows
from frs_pipeline.operations.searching import search_run
from frs_pipeline.store.deliveries import LEDGER
from frs_pipeline.store.settings import Settings

BEFORE, DAY = dt.date(2019, 3, 31), dt.date(2019, 4, 1)
PAPER = "participant_first"


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder, collection = tmp_path_factory.mktemp("played"), Collection()
    return collection.export(BEFORE, folder), collection.export(DAY, folder)


@pytest.fixture
def settings(tmp_path: Path, exports: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A study that fetches, and what it had fetched on two days."""
    made = Played(tmp_path).configure("https://surveys.example/rest")
    monkeypatch.setenv("FRS_DATA_DIR", str(made.data))
    for place in exports:
        kept_as_fetched(made, place, f"{place.name}T02-00-00Z")
    (made.fetched / LEDGER).write_bytes((exports[1] / LEDGER).read_bytes())
    return made


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[DagsterInstance]:
    with DagsterInstance.local_temp(str(home_in(tmp_path))) as found:
        yield found


def followed(settings: Settings, instance: DagsterInstance, day: dt.date) -> ExecuteInProcessResult:
    instance.add_dynamic_partitions(days_of(settings.study).name or "", [str(day)])
    job = build_definitions(settings.study).resolve_job_def(FOLLOW)
    return job.execute_in_process(instance=instance, partition_key=str(day), raise_on_error=False)


def numbers_told(instance: DagsterInstance, numbers: set[str]) -> set[str]:
    """The numbers of conferences that Dagster's storage holds, as words of their own."""
    kept = b" ".join(path.read_bytes() for path in Path(instance.root_directory).rglob("*") if path.is_file())
    words = {word.strip(b"\"',;:[](){}").decode("latin-1") for word in kept.split()}
    return numbers & words


def test_the_state_of_a_day_is_written_and_dagster_gets_counts(
    settings: Settings, instance: DagsterInstance, exports: tuple[Path, Path]
) -> None:
    result = followed(settings, instance, DAY)
    assert result.success
    expected = lacking(forms_by_conference(exports[1]))
    folder = settings.restricted(str(DAY)) / "collection"
    told = json.loads((folder / "state.json").read_bytes())
    assert {path.name for path in folder.iterdir()} == {"state.json", "missing.csv", "reminders.csv", "missing.html"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    numbers = {row.split(";")[0] for row in (folder / "missing.csv").read_text(encoding="utf-8-sig").splitlines()[1:]}
    assert numbers == expected.keys()
    (made,) = result.asset_materializations_for_node("__".join(keys(settings.study)[0].path))
    assert made.partition == str(DAY)
    assert made.metadata["held"].value == told["held"]
    table = made.metadata["forms by quarter"].value
    assert sum(record.data["forms"] for record in table.records) == sum(row["forms"] for row in told["counts"])  # type: ignore
    (check,) = result.get_asset_check_evaluations()
    assert (check.passed, check.metadata["compared with"].value) == (True, str(BEFORE))
    journal = settings.access_journal.read_text(encoding="utf-8")
    assert "collect missing" in journal
    assert result.run_id in journal
    assert expected
    assert numbers_told(instance, set(expected)) == set()
    assert only_follows(settings.study, result.dagster_run)
    assert search_run(settings.study, instance, result.dagster_run) == []


def test_what_moved_since_the_day_before_is_a_warning_in_counts(settings: Settings, instance: DagsterInstance) -> None:
    gone = take_out(settings.fetched / PAPER / f"{DAY}T02-00-00Z", 5)
    at = [
        alter(settings.fetched / "initiator" / f"{day}T02-00-00Z", 3, konflikt=code) for day, code in ((BEFORE, "1"), (DAY, "2"))
    ]
    assert at[0] == at[1]
    result = followed(settings, instance, DAY)
    assert result.success, "it stops nothing"
    (check,) = result.get_asset_check_evaluations()
    assert (check.passed, check.severity.value) == (False, "WARN")
    things = json.loads(str(check.metadata["failing"].value))
    assert [what for what, _ in things] == [f"{PAPER}: 1 form is gone", "initiator: 1 answer changed"]
    assert gone not in json.dumps(things)
    sheet = (settings.restricted(str(DAY)) / "collection" / "drift.csv").read_text(encoding="utf-8-sig")
    assert f"DF-{gone}" in sheet


def test_the_first_day_is_compared_with_nothing_and_no_day_without_a_fetch_has_a_state(
    settings: Settings, instance: DagsterInstance
) -> None:
    (check,) = followed(settings, instance, BEFORE).get_asset_check_evaluations()
    assert (check.passed, check.metadata["compared with"].value) == (True, "nothing: it is the first")
    never = followed(settings, instance, DAY + dt.timedelta(days=1))
    assert not never.success
    (failure,) = never.get_step_failure_events()
    said = failure.step_failure_data.user_failure_data.description  # type: ignore[union-attr]
    assert "what was fetched until then is of 2019-04-01" in said
    for name in ("participant_first", "participant_followup", "initiator", "coordinator"):
        seen_again(settings, name, f"{DAY}T02-00-00Z", "2019-04-02T02-00-00Z")
    assert followed(settings, instance, DAY + dt.timedelta(days=1)).success


def test_a_day_is_asked_for_once_all_surveys_were_seen_and_again_with_another_ledger(
    settings: Settings, instance: DagsterInstance
) -> None:
    (sensor,) = follow_sensors(settings.study)

    def asked() -> list[tuple[str | None, str | None]]:
        data = sensor(build_sensor_context(instance=instance))
        assert isinstance(data, SensorResult)
        keys = [key for one in data.dynamic_partitions_requests or [] for key in one.partition_keys]
        assert keys == [request.partition_key for request in data.run_requests or []]
        return [(request.partition_key, request.run_key) for request in data.run_requests or []]

    ((day, first),) = asked()
    assert day == str(DAY)
    assert asked() == [(day, first)], "the same key: Dagster makes one run of it"
    ledger = settings.fetched / LEDGER
    content = ledger.read_bytes()
    ledger.write_bytes(content[: content.rindex(b"\n", 0, -1) + 1])
    ((_, second),) = asked()
    assert first != second
    ledger.unlink()
    assert asked() == []


def test_a_day_is_asked_for_only_as_it_will_be_written(
    settings: Settings, instance: DagsterInstance, exports: tuple[Path, Path]
) -> None:
    (sensor,) = follow_sensors(settings.study)
    others = [name for name in SURVEYS if name != "initiator"]

    def asked() -> tuple[list[str | None], str]:
        data = sensor(build_sensor_context(instance=instance))
        assert isinstance(data, SensorResult)
        return [request.run_key for request in data.run_requests or []], str(data.skip_reason)

    (first,), _ = asked()
    kept_as_fetched(settings, exports[1], "2019-04-11T02-00-00Z", others)
    assert asked()[0] == [first], "what was fetched later is no part of the day"
    kept_as_fetched(settings, exports[1], "2019-04-09T02-00-00Z", ["initiator"])
    keys, why = asked()
    assert (keys, "surveys were fetched after 2019-04-09: what was fetched until then is of 2019-04-01" in why) == ([], True)


def test_a_study_that_cant_be_followed_has_neither_job_nor_sensor(tmp_path: Path) -> None:
    played = Played(tmp_path)
    assert keys(played.settings.study) == []
    defs = build_definitions(played.settings.study)
    assert FOLLOW not in {job.name for job in defs.resolve_all_job_defs()}
    assert "fetched_exports" not in {sensor.name for sensor in defs.sensors or ()}
    study = played.configure("https://surveys.example/rest").study
    refresh = build_definitions(study).resolve_job_def("refresh")
    assert key_of(study, ("collection_state",)) not in refresh.asset_layer.executable_asset_keys
