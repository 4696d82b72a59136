"""What runs by itself, and what is written when it can't: with real instances, and small assets in place of ours."""

from __future__ import annotations

import errno
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import ClassVar

import pytest
from dagster import (
    AssetCheckResult,
    AssetCheckSeverity,
    AssetCheckSpec,
    DagsterInstance,
    ExecuteInProcessResult,
    MaterializeResult,
    RetryPolicy,
    asset,
    build_run_status_sensor_context,
    build_schedule_context,
    materialize,
)

from frs_pipeline.assets.wiring import DELIVERIES, gate
from frs_pipeline.definitions import defs
from frs_pipeline.errors import FrsError, InputError
from frs_pipeline.operations import refreshing
from frs_pipeline.operations.incidents import Incident, failed_checks, failed_runs, page, report
from frs_pipeline.settings import Settings

DELIVERY = "2020-11-30"
SECRET = "610190-1234"
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("FRS_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("FRS_WEBHOOK_URL", raising=False)
    return Settings(tmp_path)


@pytest.fixture
def instance() -> Iterator[DagsterInstance]:
    with DagsterInstance.ephemeral() as found:
        found.add_dynamic_partitions(str(DELIVERIES.name), [DELIVERY])
        yield found


def pages(settings: Settings) -> list[str]:
    return [path.read_text(encoding="utf-8") for path in sorted(settings.incidents.rglob("*")) if path.is_file()]


def failing(error: BaseException | Callable[[], BaseException], retries: int = 0) -> tuple[object, list[int]]:
    """An asset that fails with an error behind the gate, and how often it was tried."""
    tries: list[int] = []

    @asset(partitions_def=DELIVERIES, retry_policy=RetryPolicy(max_retries=retries) if retries else None)
    def broken() -> None:
        tries.append(len(tries))
        with gate():
            raise error if isinstance(error, BaseException) else error()

    return broken, tries


def run(instance: DagsterInstance, made: object) -> ExecuteInProcessResult:
    return materialize([made], instance=instance, partition_key=DELIVERY, raise_on_error=False, run_config=QUIET)


def look(instance: DagsterInstance, result: ExecuteInProcessResult, hook: Callable[..., object]) -> None:
    """What the daemon does after a run."""
    event = result.get_run_failure_event() if not result.success else result.get_run_success_event()
    context = build_run_status_sensor_context(
        sensor_name="hook", dagster_instance=instance, dagster_run=result.dagster_run, dagster_event=event
    )
    hook(context if result.success else context.for_run_failure())


def test_a_failed_run_leaves_a_page_with_the_line_that_a_person_can_act_on(settings: Settings, instance: DagsterInstance) -> None:
    error = InputError("question konflikt is missing", where="initiator/dataset.csv:1", do="Export all questions.")
    result = run(instance, failing(error)[0])
    look(instance, result, failed_runs)
    [text] = pages(settings)
    assert f"# The refresh failed: delivery {DELIVERY}" in text
    assert "- broken: initiator/dataset.csv:1: question konflikt is missing (Export all questions.)" in text
    assert result.run_id in text
    assert "no finished result of this delivery yet" in text
    assert len(text.splitlines()) < 40


def test_an_error_that_is_not_ours_is_told_without_its_text(settings: Settings, instance: DagsterInstance) -> None:
    look(instance, run(instance, failing(ValueError(f"cannot parse {SECRET}"))[0]), failed_runs)
    [text] = pages(settings)
    assert "unexpected ValueError at" in text
    assert SECRET not in text


def wrapped() -> FrsError:
    error = FrsError("cannot be written")
    error.__cause__ = OSError(errno.ETIMEDOUT, "no answer")
    return error


@pytest.mark.parametrize(
    ("error", "times"),
    [
        pytest.param(InputError("a form is wrong"), 1, id="a form"),
        pytest.param(OSError(errno.ENOSPC, "full"), 1, id="a full disk"),
        pytest.param(ValueError("x"), 1, id="a mistake of ours"),
        pytest.param(OSError(errno.ESTALE, "gone"), 3, id="a drive that is away"),
        pytest.param("wrapped", 3, id="the same, as our own error"),
    ],
)
def test_only_what_may_mend_itself_is_tried_again(instance: DagsterInstance, error: BaseException | str, times: int) -> None:
    made, tries = failing(wrapped if isinstance(error, str) else error, retries=2)
    assert not run(instance, made).success
    assert len(tries) == times


def test_the_job_tries_again_and_so_do_no_others() -> None:
    assert refreshing.refresh_job.op_retry_policy is not None
    assert refreshing.refresh_job.op_retry_policy.max_retries == 3


def checked(passed: dict[str, bool]) -> object:
    @asset(partitions_def=DELIVERIES, check_specs=[AssetCheckSpec(name, asset="looked_at") for name in passed])
    def looked_at() -> MaterializeResult:
        return MaterializeResult(
            check_results=[
                AssetCheckResult(check_name=n, passed=p, severity=AssetCheckSeverity.WARN, metadata={"broken": 3, "text": SECRET})
                for n, p in passed.items()
            ]
        )

    return looked_at


def test_a_check_that_begins_to_fail_leaves_a_page_once(settings: Settings, instance: DagsterInstance) -> None:
    def after(**passed: bool) -> list[str]:
        look(instance, run(instance, checked(passed)), failed_checks)
        return pages(settings)

    assert after(one=True, two=True) == []
    [first] = after(one=False, two=True)
    assert "# A check failed" in first
    assert "- looked_at: one (broken 3)" in first
    assert SECRET not in first
    assert len(after(one=False, two=True)) == 1  # nothing new
    found = set(after(one=False, two=False)) - {first}
    assert len(found) == 1
    what, still = found.pop().split("## Failed before already")
    assert "looked_at: two" in what
    assert "looked_at: one" not in what
    assert "looked_at: one" in still
    after(one=True, two=True)
    assert len(after(one=False, two=True)) == 3  # it failed anew


class Listener(BaseHTTPRequestHandler):
    """Keeps what it is sent."""

    heard: ClassVar[list[dict[str, object]]]
    status = 204

    def do_POST(self) -> None:
        self.heard.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def listener() -> Iterator[type[Listener]]:
    class Mine(Listener):
        address = ""

    Mine.heard = []

    server = HTTPServer(("127.0.0.1", 0), Mine)
    Mine.address = f"http://127.0.0.1:{server.server_port}/hook"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield Mine
    server.shutdown()
    thread.join()
    server.server_close()


INCIDENT = Incident(DELIVERY, "run-1", "run", ("broken: a line",))


def test_the_webhook_is_told(settings: Settings, listener: type[Listener], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRS_WEBHOOK_URL", listener.address)
    path, failed = report(settings, INCIDENT)
    assert failed is None
    assert listener.heard == [{"delivery": DELIVERY, "run": "run-1", "kind": "run", "what": ["broken: a line"]}]
    assert path.read_text(encoding="utf-8") == page(INCIDENT, None)


@pytest.mark.parametrize(
    ("url", "why"),
    [("http://127.0.0.1:9/closed", "URLError"), ("file:///etc/passwd", "isn't an address"), ("http://[", "ValueError")],
)
def test_a_webhook_that_cannot_be_called_costs_no_page(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, url: str, why: str
) -> None:
    monkeypatch.setenv("FRS_WEBHOOK_URL", url)
    path, failed = report(settings, INCIDENT)
    assert path.is_file()
    assert failed is not None
    assert why in failed


def test_a_webhook_that_refuses_is_told_by_kind_only(
    settings: Settings, listener: type[Listener], monkeypatch: pytest.MonkeyPatch
) -> None:
    listener.status = 500
    monkeypatch.setenv("FRS_WEBHOOK_URL", listener.address)
    assert report(settings, INCIDENT)[1] == "HTTPError"


def test_the_night_takes_up_what_is_out_of_date_and_nothing_else(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = "2021-11-30"
    for name in (DELIVERY, other, "2022-11-30"):  # the last is in no instance yet: the sensor registers it first
        settings.raw_delivery(name).mkdir(parents=True)
    with DagsterInstance.local_temp(str(tmp_path)) as instance:
        instance.add_dynamic_partitions(str(DELIVERIES.name), [DELIVERY, other])
        monkeypatch.setattr(refreshing, "stale", lambda store: {("marts", "x")} if store.delivery == other else set())
        found = refreshing.nightly(build_schedule_context(instance=instance))
        assert [request.partition_key for request in found] == [other]
        monkeypatch.setattr(refreshing, "stale", lambda _: set())
        assert "up to date" in refreshing.nightly(build_schedule_context(instance=instance)).skip_message


def test_night_is_night_in_copenhagen() -> None:
    found = refreshing.nightly
    assert [schedule.name for schedule in defs.schedules or ()] == [found.name]
    assert (found.cron_schedule, found.execution_timezone) == ("0 3 * * *", "Europe/Copenhagen")


def test_hooks_watch_every_run_of_this_location() -> None:
    names = {sensor.name for sensor in defs.sensors or ()}
    assert names == {"new_deliveries", "failed_runs", "failed_checks"}
