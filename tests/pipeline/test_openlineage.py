"""A run as OpenLineage events: steps, what they made of what, checks that fail, steps that fail and are tried again."""

import json
from contextlib import suppress
from uuid import uuid4

import pyarrow as pa
import pytest
from dagster import (
    AssetCheckResult,
    AssetCheckSeverity,
    AssetCheckSpec,
    DagsterInstance,
    DagsterRun,
    MaterializeResult,
    RetryPolicy,
    asset,
    materialize,
)
from support.events import assertions, events_in, of_runs, open_steps
from support.study import STUDY

from frs_pipeline.assets.graph import resources
from frs_pipeline.assets.wiring import PARTITION_TAG, column_schema, deliveries_of, from_columns, key_of
from frs_pipeline.operations.event_file import tell_lost
from frs_pipeline.operations.telling import Telling
from frs_pipeline.store.settings import Settings

DELIVERY, SAID = "2021-01-31", "Fru Hansen"
FORMS, MART, ASSOCIATIONS = ("pseudonymised", "coordinator"), ("marts", "coordinator"), ("statistics", "associations")
CHECKS = {"one_row_each": AssetCheckSeverity.ERROR, "every_form": AssetCheckSeverity.WARN}


def mart(**more):
    """An asset that says of itself what the project's do, one of whose checks fails."""
    key = key_of(STUDY, MART)

    @asset(
        key=key,
        partitions_def=deliveries_of(STUDY),
        required_resource_keys={"run"},
        check_specs=[AssetCheckSpec(name, asset=key) for name in CHECKS],
        **more,
    )
    def _made(context):
        schema = pa.schema([pa.field("form_id", pa.string()), pa.field("conflict", pa.int8(), metadata={"text": "Er der?"})])
        lineage = from_columns(STUDY, {"conflict": [(FORMS, "conflict")]})
        described = {"dagster/column_schema": column_schema(schema), "dagster/row_count": 7, "preview": SAID, **lineage}
        yield MaterializeResult(asset_key=key, metadata=described)
        for at, (name, severity) in enumerate(CHECKS.items()):
            yield AssetCheckResult(passed=not at, check_name=name, severity=severity, metadata={"worst": SAID})

    return _made


def failing(times, **more):
    """An asset that fails so many times."""
    left = [times]

    @asset(key=key_of(STUDY, ASSOCIATIONS), partitions_def=deliveries_of(STUDY), required_resource_keys={"run"}, **more)
    def _made(context):
        if left[0]:
            left[0] -= 1
            raise ValueError(SAID)

    return _made


@pytest.fixture
def told(tmp_path):
    """`told(asset, …)`: the events of a run that makes these."""

    def run(*assets):
        settings, path = Settings(STUDY, tmp_path / "data"), tmp_path / "events.jsonl"
        with DagsterInstance.ephemeral() as instance:
            instance.add_dynamic_partitions(str(deliveries_of(STUDY).name), [DELIVERY])
            quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
            hear = Telling(settings, path).begin
            materialize(
                [*assets],
                instance=instance,
                partition_key=DELIVERY,
                resources=resources(lambda: settings, alone=True, hear=hear),
                run_config=quiet,
                raise_on_error=False,
            )
        events = events_in(path)
        assert SAID not in json.dumps(events)
        assert str(tmp_path) not in json.dumps(events)
        assert open_steps(events) == set()
        return events

    return run


def test_what_a_step_made_of_what_and_what_came_of_its_checks(told):
    events = told(mart())
    assert of_runs(events) == [["START", "COMPLETE"]]
    run, step = events[0], next(event for event in events if event["outputs"])
    assert (run["job"]["name"], step["job"]["name"]) == ("refresh", "refresh.familieraadslagning__marts__coordinator")
    assert {event["job"]["namespace"] for event in events} == {"frs://familieraadslagning"}
    parent = step["run"]["facets"]["parent"]
    assert (parent["run"]["runId"], parent["job"]["name"]) == (run["run"]["runId"], "refresh")
    assert [each["name"] for each in step["inputs"]] == [f"{DELIVERY}/pseudonymised/coordinator"]
    (output,) = step["outputs"]
    assert output["name"] == f"{DELIVERY}/marts/coordinator"
    assert output["outputFacets"]["outputStatistics"]["rowCount"] == 7
    fields = output["facets"]["schema"]["fields"]
    assert [(each["name"], each["type"], each.get("description")) for each in fields] == [
        ("form_id", "string", None),
        ("conflict", "int8", "Er der?"),
    ]
    (origin,) = output["facets"]["columnLineage"]["fields"]["conflict"]["inputFields"]
    assert (origin["name"], origin["field"]) == (f"{DELIVERY}/pseudonymised/coordinator", "conflict")
    assert output["facets"]["tags"]["tags"] == [{"key": "frs/zone", "value": "curated", "source": "DAGSTER"}]
    name = f"{DELIVERY}/marts/coordinator"
    assert list(assertions(events)) == [(name, "one_row_each", True), (name, "every_form", False)]
    (checked,) = [event for event in events if event["job"]["name"].endswith(".checks") and event["eventType"] == "COMPLETE"]
    facet = checked["inputs"][0]["inputFacets"]["dataQualityAssertions"]
    assert [each["severity"] for each in facet["assertions"]] == ["error", "warn"]


def test_a_step_that_is_tried_again_is_another_run(told):
    policy = RetryPolicy(max_retries=2)
    events = told(failing(1, retry_policy=policy))
    steps = [(event["eventType"], event["run"]["runId"]) for event in events if "parent" in event["run"]["facets"]]
    assert [state for state, _ in steps] == ["START", "FAIL", "START", "COMPLETE"]
    assert len({run for _, run in steps}) == 2
    assert of_runs(events) == [["START", "COMPLETE"]]


def test_a_run_that_fails_names_the_step_and_repeats_no_error(told):
    events = told(mart(), failing(1))
    assert of_runs(events) == [["START", "FAIL"]]
    message = events[-1]["run"]["facets"]["errorMessage"]["message"]
    assert message.startswith("failed: familieraadslagning__statistics__associations; ")
    assert sum(event["eventType"] == "FAIL" for event in events) == 2


def test_whoever_searches_afterwards_says_how_it_ended(tmp_path, monkeypatch):
    """The same for a run that somebody stops, and for one whose process is gone, of which only others can tell."""
    settings, path = Settings(STUDY, tmp_path / "data"), tmp_path / "events.jsonl"
    run = DagsterRun(job_name="refresh", run_id=str(uuid4()), tags={PARTITION_TAG: DELIVERY})
    with DagsterInstance.ephemeral() as instance:
        for error in (None, ValueError(SAID), KeyboardInterrupt()):
            with suppress(ValueError, KeyboardInterrupt), Telling(settings, path) as telling:
                telling.begin(instance, run)
                if error:
                    raise error
        with Telling(settings, path):
            pass  # it didn't come to a run
    monkeypatch.setenv("FRS_LINEAGE", str(path))
    monkeypatch.setenv("FRS_DATA_DIR", str(settings.data))
    tell_lost(STUDY, run)
    states = [event["eventType"] for event in events_in(path)]
    assert states == ["START", "COMPLETE", "START", "FAIL", "START", "ABORT", "FAIL"]
