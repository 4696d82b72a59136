"""What sensors and the night ask for: what is due and no more, of every delivery that can be taken up; what is said of others."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from dagster import (
    DagsterInstance,
    DagsterRunStatus,
    RunRequest,
    SensorResult,
    build_sensor_context,
)
from dagster._core.storage.tags import PARENT_RUN_ID_TAG, ROOT_RUN_ID_TAG, WILL_RETRY_TAG
from dagster._core.test_utils import create_run_for_test
from support.night import night
from support.serving import retries
from support.shipped import DELIVERY
from support.study import STUDY

from frs_pipeline.assets.wiring import DATA_TAG, PARTITION_TAG, deliveries_of, key_of, product_of, study_tags
from frs_pipeline.definitions import build_definitions
from frs_pipeline.errors import InputError
from frs_pipeline.operations import sensors
from frs_pipeline.operations.doctor import _folder
from frs_pipeline.operations.lost import lost_runs
from frs_pipeline.operations.sensors import new_deliveries, nightly, request
from frs_pipeline.operations.waiting import overdue
from frs_pipeline.store import code
from frs_pipeline.store.deliveries import sources
from frs_pipeline.store.files import MANIFEST, Store
from frs_pipeline.store.lock import exclusive
from frs_pipeline.store.manifest import Due
from frs_pipeline.store.plan import products, whole_steps
from frs_pipeline.store.settings import Settings
from frs_pipeline.study.rules import policy

EARLIER, LATER = "2020-01-31", "2021-11-30"
AROUND = {
    "privacy",
    "manifest",
    *(f"raw/{name}" for name in sources(STUDY)),
}


@pytest.fixture
def settings(refreshed: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A copy of the shipped delivery after its refresh."""
    monkeypatch.setenv("FRS_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.delenv("FRS_WEBHOOK_URL", raising=False)
    return Settings(STUDY, shutil.copytree(refreshed.data, tmp_path / "data"))


@pytest.fixture
def instance(tmp_path: Path, storage: str) -> Iterator[DagsterInstance]:
    home = tmp_path / "home"
    home.mkdir()
    (home / "dagster.yaml").write_text(storage + retries(), encoding="utf-8")
    with DagsterInstance.local_temp(str(home)) as found:
        found.add_dynamic_partitions(str(deliveries_of(STUDY).name), [EARLIER, DELIVERY, LATER])
        yield found


@pytest.fixture
def look(instance: DagsterInstance) -> Callable[[], SensorResult]:
    """One look of the sensor, which goes on from the last one."""
    cursor: list[str | None] = [None]

    def look() -> SensorResult:
        found = new_deliveries(STUDY)(build_sensor_context(instance=instance, cursor=cursor[0]))
        cursor[0] = found.cursor
        return found

    return look


def made(asked: RunRequest) -> set[str]:
    assert asked.asset_selection
    return {"/".join(product_of(key)) for key in asked.asset_selection}


def names(keys: set[tuple[str, ...]]) -> set[str]:
    return {"/".join(key) for key in whole_steps(STUDY, keys)}


def test_a_delivery_that_was_refreshed_by_hand_is_not_made_again(settings: Settings, look: Callable[[], SensorResult]) -> None:
    assert "taken up if it looks the same" in look().skip_reason.skip_message
    found = look()
    assert not found.run_requests
    assert found.skip_reason.skip_message == f"{DELIVERY}: everything is up to date"
    assert look().skip_reason.skip_message == "no delivery is new or changed"


def test_a_run_of_a_changed_delivery_makes_what_is_due_and_no_more(settings: Settings, look: Callable[[], SensorResult]) -> None:
    ledger = settings.raw_delivery(DELIVERY) / "kontering.csv"
    ledger.write_bytes(ledger.read_bytes() + b"\n")
    look()
    [asked] = look().run_requests
    assert asked.partition_key == DELIVERY
    assert "validated/ledger" in made(asked)
    assert made(asked) >= AROUND
    assert "validated/codebook" not in made(asked)


def test_where_only_the_manifest_is_due_only_the_search_and_the_manifest_are_made(
    settings: Settings, look: Callable[[], SensorResult], instance: DagsterInstance
) -> None:
    manifest = settings.curated(DELIVERY) / MANIFEST
    manifest.write_text(manifest.read_text(encoding="utf-8").replace('"forms": 3448', '"forms": 3449'), encoding="utf-8")
    look()
    [asked] = look().run_requests
    assert made(asked) == AROUND
    [asked] = night(nightly(STUDY), instance)
    assert made(asked) == AROUND


def test_what_changed_in_the_program_since_the_sensor_began_counts(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert request(Store(settings, DELIVERY)) is None
    lock = tmp_path / "requirements.lock"
    lock.write_text("another", encoding="utf-8")
    monkeypatch.setattr(code, "_LOCK", lock)
    asked = request(Store(settings, DELIVERY))
    code.look_again()
    assert asked
    assert made(asked) - AROUND == names(set(products(STUDY)))


def test_what_cannot_be_judged_is_asked_of_a_run_which_tells(
    settings: Settings, look: Callable[[], SensorResult], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: Store) -> None:
        raise InputError("not valid YAML")

    monkeypatch.setattr(sensors, "due", broken)
    look()
    [asked] = look().run_requests
    assert asked.asset_selection is None


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Hours that have passed; the sensor's clock goes by them."""
    hours = [0.0]
    monkeypatch.setattr(sensors.time, "time", lambda: 1_700_000_000 + 3600 * hours[0])
    return hours


def test_a_delivery_that_is_not_complete_is_told_and_after_some_hours_on_a_page(
    settings: Settings, look: Callable[[], SensorResult], clock: list[float]
) -> None:
    shutil.copytree(settings.raw_delivery(DELIVERY), settings.raw_delivery(LATER))
    (settings.raw_delivery(LATER) / "kontering.csv").unlink()
    page = settings.incidents / LATER / "waiting.md"
    for hours in (0, 1, policy(STUDY).hours_until_waiting_is_reported - 1):
        clock[0] = hours
        assert f"{LATER}: " in (said := look().skip_reason.skip_message)
        assert "kontering.csv: missing file (ask for the delivery again; nothing was changed)" in said
        assert not page.exists()
    clock[0] += 1
    look()
    text = page.read_text(encoding="utf-8")
    assert text.startswith(f"# The delivery can't be taken up: delivery {LATER}\n")
    assert "kontering.csv: missing file" in text
    page.unlink()
    clock[0] += 100
    look()
    assert not page.exists()  # once is enough
    shutil.copy(settings.raw_delivery(DELIVERY) / "kontering.csv", settings.raw_delivery(LATER))
    look()
    assert [asked.partition_key for asked in look().run_requests] == [LATER]
    (settings.raw_delivery(LATER) / "kontering.csv").unlink()
    look()
    assert not page.exists()
    clock[0] += policy(STUDY).hours_until_waiting_is_reported
    look()
    assert page.exists()  # it waits anew


def test_results_without_a_delivery_are_told_too(
    settings: Settings, look: Callable[[], SensorResult], clock: list[float]
) -> None:
    settings.raw_delivery(DELIVERY).rename(settings.data / "elsewhere")
    assert look().skip_reason.skip_message.startswith(f"{DELIVERY}: there are results, but no delivery")
    clock[0] = policy(STUDY).hours_until_waiting_is_reported
    look()
    assert (settings.incidents / DELIVERY / "waiting.md").is_file()


def test_a_folder_not_named_by_date_is_told_without_its_name(settings: Settings, look: Callable[[], SensorResult]) -> None:
    (settings.raw / "610170-1234 (kopi)").mkdir()
    look()
    said = f"1 folder in {settings.raw} isn't named by a date such as 2020-11-30: no run takes it up"
    assert look().skip_reason.skip_message == f"{DELIVERY}: everything is up to date; {said}"
    assert _folder(settings).detail == f"{settings.data}; {said}"


def test_one_that_waits_keeps_no_other_waiting(
    settings: Settings, look: Callable[[], SensorResult], instance: DagsterInstance
) -> None:
    shutil.rmtree(settings.curated(DELIVERY))
    settings.raw_delivery(LATER).mkdir()
    look()
    assert [asked.partition_key for asked in look().run_requests] == [DELIVERY]
    assert [asked.partition_key for asked in night(nightly(STUDY), instance)] == [DELIVERY]


def test_how_long_is_too_long() -> None:
    why = {"a": "x", "b": "x", "c": "x", "d": "x"}
    since = {"a": (0.0, False), "b": (0.0, True), "c": (1.0, False)}
    assert overdue(why, since, 7200, 2) == ["a"]
    assert overdue(why, since, 7201, 2) == ["a", "c"]


def test_the_night_takes_up_what_is_due_the_oldest_first_and_what_hangs_on_it(
    settings: Settings, instance: DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "is up to date" in night(nightly(STUDY), instance).skip_message
    # A later delivery, as if it had been made from the same forms, is compared with this one.
    for place in (settings.raw_delivery, settings.curated, settings.restricted):
        shutil.copytree(place(DELIVERY), place(LATER))
    before = sensors.due
    monkeypatch.setattr(sensors, "due", lambda store: before(store) if store.delivery == DELIVERY else Due(frozenset(), False))
    (settings.curated(DELIVERY) / "marts" / "initiator.parquet").unlink()
    first, second = night(nightly(STUDY), instance)
    assert (first.partition_key, second.partition_key) == (DELIVERY, LATER)
    assert "marts/initiator" in made(first)
    assert made(second) - AROUND == names({("expectations",), ("report",)})


def test_the_night_knows_registered_deliveries_only(settings: Settings, tmp_path: Path) -> None:
    (settings.curated(DELIVERY) / MANIFEST).unlink()
    with DagsterInstance.local_temp(str(tmp_path)) as fresh:
        assert night(nightly(STUDY), fresh).skip_message


def begin(instance: DagsterInstance, delivery: str = DELIVERY, parent: str | None = None, **tags: str) -> str:
    """A run that has begun, perhaps in the place of its `parent`, and of which nothing more is heard."""
    of = {"parent_run_id": parent, "root_run_id": parent}
    all_tags = {
        **study_tags(STUDY),
        PARTITION_TAG: delivery,
        **tags,
        **({PARENT_RUN_ID_TAG: parent, ROOT_RUN_ID_TAG: parent} if parent else {}),
    }
    return create_run_for_test(instance, job_name="refresh", status=DagsterRunStatus.STARTED, tags=all_tags, **of).run_id


@pytest.fixture
def search(instance: DagsterInstance) -> Callable[[], SensorResult]:
    """One look for lost runs, which goes on from the last one."""
    cursor: list[str | None] = [None]

    def look() -> SensorResult:
        found = lost_runs(STUDY)(build_sensor_context(instance=instance, cursor=cursor[0]))
        cursor[0] = found.cursor
        return found

    return look


def test_a_run_whose_process_is_gone_is_reported_failed_and_dagster_makes_it_again_once(
    settings: Settings, instance: DagsterInstance, search: Callable[[], SensorResult]
) -> None:
    run = begin(instance)
    search()
    assert instance.get_run_by_id(run).status is DagsterRunStatus.STARTED  # it may just be beginning
    assert search().skip_reason.skip_message == "1 running, 1 lost"
    assert instance.get_run_by_id(run).status is DagsterRunStatus.FAILURE
    assert instance.get_run_by_id(run).tags[WILL_RETRY_TAG] == "true"
    # What took its place is lost, too: somebody has to look at the machine.
    second = begin(instance, parent=run)
    search()
    search()
    assert instance.get_run_by_id(second).status is DagsterRunStatus.FAILURE
    assert instance.get_run_by_id(second).tags[WILL_RETRY_TAG] == "false"


def test_a_run_that_goes_on_is_let_alone(
    settings: Settings, instance: DagsterInstance, search: Callable[[], SensorResult]
) -> None:
    held, elsewhere = begin(instance), begin(instance, **{DATA_TAG: "another"})
    with exclusive(Store(settings, DELIVERY)):
        for _ in range(3):
            search()
    assert instance.get_run_by_id(held).status is DagsterRunStatus.STARTED
    search()
    instance.report_run_canceled(instance.get_run_by_id(held))
    search()
    assert instance.get_run_by_id(held).status is DagsterRunStatus.CANCELED
    assert instance.get_run_by_id(elsewhere).status is DagsterRunStatus.STARTED


def test_every_product_is_an_asset_that_a_run_can_be_asked_for() -> None:
    graph = build_definitions(STUDY).resolve_asset_graph().get_all_asset_keys()
    assert {key_of(STUDY, key) for key in products(STUDY)} <= graph
