"""Runs that Dagster makes by itself, of a part or over again: none ends without being searched, wherever its history lies."""

import os
import sys

import pyarrow as pa
import pytest
from dagster import DagsterEventType, DagsterInstance, RunsFilter, build_run_status_sensor_context
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.execution.api import execute_run
from dagster._core.storage.tags import RETRY_NUMBER_TAG, WILL_RETRY_TAG
from support.events import assertions, events_in, of_runs
from support.keys import environment_of
from support.serving import retries
from support.study import STUDY

from frs_pipeline import cli
from frs_pipeline.assets import marts, validated
from frs_pipeline.assets.wiring import PARTITION_TAG, deliveries_of, key_of
from frs_pipeline.definitions import build_definitions
from frs_pipeline.errors import InputError
from frs_pipeline.operations.history import kept
from frs_pipeline.operations.incidents import canceled_runs, failed_runs
from frs_pipeline.privacy.search import UNREADABLE, search_traces
from frs_pipeline.store.files import Store

PERSON = "610118-0011"
MART = "marts/coordinator.parquet"
# What one step makes of an export.
STEPS = ("validated", "rejected", "noted", "applied", "withdrawn")
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def part(study):
    """What the user interface makes of a part that somebody chose."""
    return build_definitions(study).resolve_implicit_global_asset_job_def()


@pytest.fixture
def environment(delivery, tmp_path, monkeypatch, storage):
    """A refreshed delivery of which something changed, and Dagster's home with its history in another folder, or a database."""
    for name in [name for name in os.environ if name.startswith(("FRS_", "DAGSTER_"))]:
        monkeypatch.delenv(name)
    for name in ("FRS_DATA_DIR", "FRS_KEY_FILE", "FRS_STUDY"):
        monkeypatch.setenv(name, environment_of(delivery.data)[name])
    home = tmp_path / "home"
    home.mkdir()
    elsewhere = f"storage:\n  sqlite:\n    base_dir: {tmp_path / 'elsewhere'}\n"
    (home / "dagster.yaml").write_text((storage or elsewhere) + retries(), encoding="utf-8")
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    monkeypatch.setenv("FRS_LINEAGE", str(tmp_path / "events.jsonl"))
    return delivery, home


def make(delivery, home, chosen, **of):
    """Materialise some assets as a run of Dagster's own is executed, perhaps in another's place; the instance, and the run."""
    instance, study = DagsterInstance.from_config(str(home)), delivery.settings.study
    instance.add_dynamic_partitions(str(deliveries_of(study).name), [delivery.name])
    keys = frozenset(key_of(study, tuple(name.split("/"))) for name in chosen)
    job = part(study).get_subset(asset_selection=keys)
    tags = {PARTITION_TAG: delivery.name, **({RETRY_NUMBER_TAG: "1"} if of else {})}
    made = instance.create_run_for_job(job, run_config=QUIET, tags=tags, asset_selection=keys, **of)
    execute_run(InMemoryJob(job), made, instance)
    return instance, instance.get_run_by_id(made.run_id)


def run(capfd, monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["frs", *arguments])
    capfd.readouterr()
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return ended.value.code, capfd.readouterr().err


def leak_into_mart(monkeypatch):
    whole = marts.sorted_by

    def leaking(rows, columns, folder=None):
        made = whole(rows, columns, folder)
        if "conflict" not in made.schema.names or len(made.schema) > 8:
            return made
        table = made.table()
        table = table.append_column("more", pa.array([PERSON] * table.num_rows))
        return marts.Rows.of([table], table.schema)

    monkeypatch.setattr(marts, "sorted_by", leaking)


def quoting(monkeypatch):
    """The coordinators' forms are judged with an error that quotes one."""
    whole = validated.validate

    def told(export, questionnaire, intake, folder=None):
        if questionnaire.instrument == "coordinator":
            raise InputError(f"no good: {next(export.chunks()).cells.to_pylist()[0]}")
        return whole(export, questionnaire, intake, folder)

    monkeypatch.setattr(validated, "validate", told)


def after(instance, run, hook):
    """What the daemon does after a run that failed."""
    event = instance.all_logs(run.run_id)[-1].dagster_event
    context = build_run_status_sensor_context(sensor_name="hook", dagster_instance=instance, dagster_run=run, dagster_event=event)
    hook(STUDY)(context.for_run_failure() if hook is failed_runs else context)


def incident(delivery, run):
    return (delivery.settings.incidents / delivery.name / f"{run.run_id}.md").read_text(encoding="utf-8")


def test_a_part_made_by_dagster_is_searched_and_fails(environment, capfd, monkeypatch):
    delivery, home = environment
    leak_into_mart(monkeypatch)
    instance, made = make(delivery, home, ["marts/coordinator"])
    curated = delivery.settings.curated(delivery.name)
    assert made.status.value == "FAILURE"
    assert not (curated / MART).exists()
    assert (delivery.settings.restricted(delivery.name) / "leaked" / MART).exists()
    after(instance, made, failed_runs)
    assert f"{MART}: holds what must not leave the restricted zone: personal number" in incident(delivery, made)
    assert PERSON not in incident(delivery, made)
    assert made.tags[WILL_RETRY_TAG] == "false"
    assert of_runs(events_in(home.parent / "events.jsonl")) == [["START", "FAIL"]]
    instance.dispose()


def test_a_part_in_which_nothing_is_found_ends_well(environment, capfd, monkeypatch):
    delivery, home = environment
    instance, made = make(delivery, home, ["marts/coordinator"])
    assert made.status.value == "SUCCESS"
    events = events_in(home.parent / "events.jsonl")
    assert of_runs(events) == [["START", "COMPLETE"]]
    assert {event["run"]["runId"] for event in events if "parent" not in event["run"]["facets"]} == {made.run_id}
    assert (f"{delivery.name}/marts/coordinator", "one_row_each", True) in set(assertions(events))
    instance.dispose()


def test_what_is_kept_elsewhere_of_a_run_that_failed_is_searched_and_both_are_told(environment, capfd, monkeypatch):
    delivery, home = environment
    quoting(monkeypatch)
    instance, made = make(delivery, home, ["validated/codebook", *(f"{step}/coordinator" for step in STEPS)])
    assert made.status.value == "FAILURE"
    after(instance, made, failed_runs)
    text = incident(delivery, made)
    assert f"run {made.run_id}: holds what must not leave the restricted zone" in text
    assert UNREADABLE not in text
    assert made.tags[WILL_RETRY_TAG] == "false"
    instance.dispose()


def test_frs_run_searches_its_own_run_elsewhere_too_while_another_is_newer(environment, capfd, monkeypatch):
    delivery, _ = environment
    delivery.set("coordinator", 0, konflikt="2")
    quoting(monkeypatch)
    whole = DagsterInstance.get_run_record_by_id
    newer = []

    def looked_for(instance, run_id):
        if not newer:
            newer.append(instance.create_run_for_job(part(delivery.settings.study)).run_id)
        return whole(instance, run_id)

    monkeypatch.setattr(DagsterInstance, "get_run_record_by_id", looked_for)
    code, err = run(capfd, monkeypatch, "run", "--select", "noted")
    assert code == 1
    assert err.count("\n") == 1
    # Why it failed, and what was found.
    assert "no good" in err
    assert "holds what must not leave the restricted zone" in err
    assert newer
    assert newer[0] not in err


def test_a_run_whose_input_is_wrong_is_not_made_again(environment, capfd, monkeypatch):
    delivery, home = environment
    (delivery.folder / "kontering.csv").write_text("no ledger\n", encoding="utf-8")
    instance, made = make(delivery, home, ["raw/ledger", "validated/ledger"])
    assert (made.status.value, made.tags[WILL_RETRY_TAG]) == ("FAILURE", "false")
    instance.dispose()


@pytest.mark.parametrize("seen", [False, True], ids=["by the run in its place", "by the sensor before"])
def test_a_run_that_was_killed_and_left_something_is_not_made_again(environment, capfd, monkeypatch, seen):
    delivery, home = environment
    (delivery.settings.curated(delivery.name) / "half.csv").write_text(f"a;b\n1;{PERSON}\n", encoding="utf-8")
    with DagsterInstance.from_config(str(home)) as instance:
        killed = instance.create_run_for_job(part(delivery.settings.study), tags={PARTITION_TAG: delivery.name})
        instance.report_run_failed(killed)
        killed = instance.get_run_by_id(killed.run_id)
        assert killed.tags[WILL_RETRY_TAG] == "true"  # nobody has looked yet
        if seen:
            after(instance, killed, failed_runs)
        instead, made = make(delivery, home, ["marts/coordinator"], parent_run_id=killed.run_id, root_run_id=killed.run_id)
        assert (made.status.value, made.tags[WILL_RETRY_TAG]) == ("FAILURE", "false")
        assert not instead.all_logs(made.run_id, of_type=DagsterEventType.STEP_START)
        after(instead, made, failed_runs)
        assert (f"run {killed.run_id} isn't run again" if seen else "half.csv: holds what must not") in incident(delivery, made)
        instead.dispose()


def test_what_a_run_left_that_was_killed_or_stopped_is_searched_afterwards(environment, capfd, monkeypatch):
    delivery, home = environment
    (delivery.settings.curated(delivery.name) / "half.csv").write_text(f"a;b\n1;{PERSON}\n", encoding="utf-8")
    with DagsterInstance.from_config(str(home)) as instance:
        for end, hook in (("report_run_failed", failed_runs), ("report_run_canceled", canceled_runs)):
            killed = instance.create_run_for_job(part(delivery.settings.study), tags={PARTITION_TAG: delivery.name})
            getattr(instance, end)(killed)
            after(instance, instance.get_run_by_id(killed.run_id), hook)
            if end == "report_run_failed":
                assert "half.csv: holds what must not leave the restricted zone" in incident(delivery, killed)
                (delivery.settings.curated(delivery.name) / "half.csv").write_text(f"a;b\n1;{PERSON}\n", encoding="utf-8")
            else:
                assert "half.csv: holds" in incident(delivery, killed)


def test_a_history_that_cannot_be_looked_at_says_so(environment, capfd, monkeypatch):
    delivery, home = environment
    store = Store(delivery.settings, delivery.name)

    def away(*_, **__):
        raise RuntimeError("no connection to the database of Fru Hansen")

    with DagsterInstance.from_config(str(home)) as instance:
        made = instance.create_run_for_job(part(delivery.settings.study), tags={PARTITION_TAG: delivery.name})
        assert search_traces(STUDY, home, [store], made.run_id, kept(instance, made.run_id)).runs == 1
        assert len(instance.get_run_ids(RunsFilter(run_ids=[made.run_id]))) == 1
        monkeypatch.setattr(type(instance.event_log_storage), "get_records_for_run", away)
        assert {leak.kind for leak in search_traces(STUDY, home, [store], made.run_id, kept(instance, made.run_id)).leaks} == {
            UNREADABLE
        }
        assert {
            leak.kind for leak in search_traces(STUDY, home, [store], "no such run", kept(instance, "no such run")).leaks
        } == {UNREADABLE}
    (home / "dagster.yaml").write_text("storage:\n  postgres:\n    postgres_url: postgresql://nowhere/x\n", encoding="utf-8")
    code = run(capfd, monkeypatch, "doctor")[0]
    assert code == 1


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("postgresql+psycopg2://frs:hemmelig@127.0.0.1/frs", "holds a password"),
        ("postgresql+psycopg2://frs@127.0.0.1/frs?password=hemmelig", "holds a password"),
        ("postgresql://frs@127.0.0.1/frs", "isn't an address of PostgreSQL"),
        ("postgresql+psycopg2://[frs", "isn't an address"),
    ],
)
def test_a_databases_password_does_not_stand_in_its_address(environment, capfd, monkeypatch, address, why):
    delivery, _ = environment
    delivery.set("coordinator", 0, konflikt="2")
    monkeypatch.setenv("FRS_POSTGRES_URL", address)
    code, err = run(capfd, monkeypatch, "run")
    assert (code, err.count("\n")) == (2, 1)
    assert why in err
    assert "hemmelig" not in err
    assert run(capfd, monkeypatch, "doctor")[0] == 1
