"""What runs by itself, and what is written when it can't: with real instances, and small assets in place of ours."""

from __future__ import annotations

import errno
import fcntl
import json
import os
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
    DagsterRunStatus,
    ExecuteInProcessResult,
    MaterializeResult,
    Output,
    RetryPolicy,
    asset,
    build_run_status_sensor_context,
    build_sensor_context,
    materialize,
)
from dagster._core.test_utils import create_run_for_test
from support.study import STUDY

from frs_pipeline.assets.wiring import PARTITION_TAG, deliveries_of, gate, study_tags
from frs_pipeline.checks.failing import as_metadata
from frs_pipeline.definitions import build_definitions
from frs_pipeline.errors import Failing, FrsError, InputError
from frs_pipeline.operations import outbox, sensors
from frs_pipeline.operations.doctor import _alerts
from frs_pipeline.operations.incidents import LOST, Incident, failed_checks, failed_runs, page, report, unsent_alerts
from frs_pipeline.operations.outbox import given_up, resend, unsent
from frs_pipeline.store.settings import Settings
from frs_pipeline.store.standing import Standing

DELIVERY = "2020-11-30"
DELIVERIES = deliveries_of(STUDY)
SECRET = "610190-1234"
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("FRS_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("FRS_WEBHOOK_URL", raising=False)
    return Settings(STUDY, tmp_path)


@pytest.fixture
def instance(storage: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DagsterInstance]:
    home = tmp_path_factory.mktemp("home")
    (home / "dagster.yaml").write_text(storage, encoding="utf-8")
    with DagsterInstance.from_config(str(home)) if storage else DagsterInstance.ephemeral() as found:
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
    tags = study_tags(STUDY)
    return materialize([made], instance=instance, partition_key=DELIVERY, tags=tags, raise_on_error=False, run_config=QUIET)


def look(instance: DagsterInstance, result: ExecuteInProcessResult, hook: Callable[..., object]) -> None:
    """What the daemon does after a run."""
    event = result.get_run_failure_event() if not result.success else result.get_run_success_event()
    context = build_run_status_sensor_context(
        sensor_name="hook", dagster_instance=instance, dagster_run=result.dagster_run, dagster_event=event
    )
    hook(STUDY)(context if result.success else context.for_run_failure())


def test_a_failed_run_leaves_a_page_with_the_line_that_a_person_can_act_on(settings: Settings, instance: DagsterInstance) -> None:
    error = InputError("question konflikt is missing", where="initiator/dataset.csv:1", do="Export all questions.")
    result = run(instance, failing(error)[0])
    look(instance, result, failed_runs)
    [text] = pages(settings)
    assert f"# The refresh failed: delivery {DELIVERY}" in text
    assert "- broken: initiator/dataset.csv:1: question konflikt is missing (Export all questions.)" in text
    assert result.run_id in text
    assert "- Results: there is no finished result yet\n" in text
    assert len(text.splitlines()) < 40


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (LOST, "- the run's process is gone"),
        ("Run timed out due to taking longer than 180 seconds to start.", "- the run couldn't be started in time"),
        ("Exceeded maximum runtime of 14400 seconds.", "- the run took longer than max_runtime_seconds"),
        ("This run has been marked as failed from outside the execution context.", "- the run's process ended unexpectedly"),
        ("Execution was interrupted unexpectedly. No user initiated termination …", "- the run was interrupted"),
        ("cannot parse an answer", "- the run ended before any step"),
        (f"cannot parse {SECRET}", "holds what must not leave the restricted zone: "),
        (f"{LOST} {SECRET}", "- the run's process is gone"),  # found something, too: both are told
    ],
)
def test_a_run_that_was_ended_from_outside_says_why(settings: Settings, instance: DagsterInstance, said: str, told: str) -> None:
    begun = create_run_for_test(instance, status=DagsterRunStatus.STARTED, tags={PARTITION_TAG: DELIVERY})
    event = instance.report_run_failed(begun, said)
    context = build_run_status_sensor_context(
        sensor_name="hook", dagster_instance=instance, dagster_run=instance.get_run_by_id(begun.run_id), dagster_event=event
    )
    failed_runs(STUDY)(context.for_run_failure())
    [text] = pages(settings)
    assert told in text
    assert SECRET not in text


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
    job = sensors.refresh_job(STUDY)
    assert job.op_retry_policy is not None
    assert job.op_retry_policy.max_retries == 3


@pytest.mark.parametrize(
    ("stands", "says"),
    [
        (Standing(None, True, (), ()), "there is no finished result yet"),
        (Standing(None, True, ("a",), ()), "there is no finished result yet; 1 file was made by a run that failed"),
        (Standing("r00t", True, (), ()), f"the last good result is that of delivery {DELIVERY} with root r00t; its files are as"),
        (Standing("r00t", True, ("a", "b"), ()), "with root r00t; 2 files were made since by a run that failed, and no manifest"),
        (Standing("r00t", True, (), ("a",)), "with root r00t; 1 file altered by something else (frs verify --outputs-only"),
        (
            Standing("r00t", True, ("a",), ("b",)),
            "1 file was made since by a run that failed, and no manifest vouches for that; 1",
        ),
    ],
)
def test_a_page_tells_the_last_good_result_from_what_a_failed_run_made_and_from_what_was_altered(
    stands: Standing, says: str
) -> None:
    text = page(INCIDENT, stands)
    assert says in text
    assert ("altered" in text) == bool(stands.altered)


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


def test_a_check_that_was_not_made_in_a_run_says_what_it_said_before(settings: Settings, instance: DagsterInstance) -> None:
    """A run makes only what is out of date, and with it only its checks."""

    def after(**passed: bool) -> list[str]:
        look(instance, run(instance, checked(passed)), failed_checks)
        return pages(settings)

    assert len(after(one=False, two=True)) == 1
    assert len(after(two=True)) == 1
    assert len(after(one=False)) == 1
    assert len(after(one=True, two=False)) == 2


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


def things(found: dict[str, list[str]], *, fails: bool = False) -> object:
    """An asset whose checks find these things wrong; after them the run fails, if told."""

    @asset(partitions_def=DELIVERIES, check_specs=[AssetCheckSpec(name, asset="looked_at") for name in found])
    def looked_at() -> Iterator[object]:
        yield Output(None)
        for name, wrong in found.items():
            metadata = {"broken": len(wrong), "text": SECRET, **as_metadata([Failing(w, f"mend {w}.yaml:7") for w in wrong])}
            yield AssetCheckResult(check_name=name, passed=not wrong, severity=AssetCheckSeverity.WARN, metadata=metadata)
        if fails:
            raise ValueError

    return looked_at


@asset(partitions_def=DELIVERIES)
def something_else() -> None:
    pass


def test_only_what_got_worse_makes_an_alert_and_the_page_says_what_to_do_with_file_and_line(
    settings: Settings, instance: DagsterInstance
) -> None:
    def after(wrong: list[str], other: list[str] | None = None) -> set[str]:
        before = set(pages(settings))
        look(instance, run(instance, things({"kept": wrong, "other": other or []})), failed_checks)
        return set(pages(settings)) - before

    [first] = after(["age", "role"])
    assert "- looked_at: kept: age\n- looked_at: kept: role\n" in first
    assert "## What to do\n\n- age: mend age.yaml:7\n- role: mend role.yaml:7\n" in first
    assert SECRET not in first
    assert after(["age", "role"]) == set()
    assert after(["age"]) == set()  # one is mended, the count is another
    [swapped] = after(["role"])  # as many as before, but another
    assert "kept: role" in swapped.split("## What to do")[0]
    assert "kept: age" not in swapped
    [more] = after(["role"], ["x"])
    what, still = more.split("## Failed before already")
    assert "- looked_at: other: x" in what
    assert "kept: role" not in what
    assert "- looked_at: kept: role" in still
    assert after([], []) == set()


def test_a_run_without_a_checks_turn_makes_what_it_finds_next_no_news(settings: Settings, instance: DagsterInstance) -> None:
    look(instance, run(instance, things({"kept": ["age"]})), failed_checks)
    look(instance, run(instance, something_else), failed_checks)
    look(instance, run(instance, things({"kept": ["age"]})), failed_checks)
    assert len(pages(settings)) == 1


def test_what_a_check_found_in_a_run_that_failed_is_told_after_the_next_that_does_not(
    settings: Settings, instance: DagsterInstance
) -> None:
    look(instance, run(instance, things({"kept": []})), failed_checks)
    assert not run(instance, things({"kept": ["age"]}, fails=True)).success
    look(instance, run(instance, something_else), failed_checks)
    [told] = pages(settings)
    assert "- looked_at: kept: age" in told
    look(instance, run(instance, something_else), failed_checks)
    assert len(pages(settings)) == 1


def test_a_page_of_many_things_shows_the_first_and_counts_the_rest(settings: Settings, instance: DagsterInstance) -> None:
    look(instance, run(instance, things({"kept": [f"t{i}" for i in range(50)]})), failed_checks)
    [told] = pages(settings)
    assert told.count("\n- and 30 more\n") == 2
    assert len(told.splitlines()) < 60


class Listener(BaseHTTPRequestHandler):
    """Keeps what it is sent."""

    heard: ClassVar[list[dict[str, object]]]
    status = 204

    def do_POST(self) -> None:
        self.heard.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(self.status)
        if self.status == 302:
            self.send_header("Location", "/elsewhere")
        self.end_headers()

    def do_GET(self) -> None:
        self.send_response(204)
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
    assert path.read_text(encoding="utf-8") == page(INCIDENT, Standing(None, False, (), ()))
    assert [file for file in settings.incidents.rglob("*") if file.is_file()] == [path]


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
    assert [waiting.name for waiting in unsent(settings)] == ["run-1.unsent.json"]


@pytest.mark.parametrize(
    ("status", "says"), [(500, "it answered 500"), (302, "it answered 302, another address: set FRS_WEBHOOK_URL to that")]
)
def test_what_a_webhook_does_not_take_waits_whatever_it_answers(
    settings: Settings, listener: type[Listener], monkeypatch: pytest.MonkeyPatch, status: int, says: str
) -> None:
    listener.status = status
    monkeypatch.setenv("FRS_WEBHOOK_URL", listener.address)
    assert report(settings, INCIDENT)[1] == says
    assert list(resend(settings).values()) == [says]
    listener.status = 204
    assert list(resend(settings).values()) == [None]
    assert len(listener.heard) == 3


def tick(instance: DagsterInstance) -> str:
    """What the daemon does every five minutes."""
    return str(unsent_alerts(STUDY)(build_sensor_context(instance=instance)).skip_message)


def test_an_alert_that_was_not_taken_is_sent_again_until_it_is_and_never_twice(
    settings: Settings, instance: DagsterInstance, listener: type[Listener], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FRS_WEBHOOK_URL", "http://127.0.0.1:9/closed")
    path, _ = report(settings, INCIDENT)
    assert tick(instance) == "0 alerts of 1 sent"
    assert listener.heard == []
    monkeypatch.setenv("FRS_WEBHOOK_URL", listener.address)
    assert tick(instance) == "1 alert of 1 sent"
    assert tick(instance) == "no alert waits"
    assert listener.heard == [{"delivery": DELIVERY, "run": "run-1", "kind": "run", "what": ["broken: a line"]}]
    assert [file for file in settings.incidents.rglob("*") if file.is_file()] == [path]


def test_an_alert_on_its_way_is_not_sent_by_another_meanwhile(
    settings: Settings, listener: type[Listener], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FRS_WEBHOOK_URL", "http://127.0.0.1:9/closed")
    report(settings, INCIDENT)
    monkeypatch.setenv("FRS_WEBHOOK_URL", listener.address)
    [waiting] = unsent(settings)
    with waiting.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert resend(settings) == {waiting: None}
    assert listener.heard == []
    resend(settings)
    assert len(listener.heard) == 1


def test_an_alert_is_given_up_in_the_end_and_doctor_names_it(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRS_WEBHOOK_URL", "http://127.0.0.1:9/closed")
    report(settings, INCIDENT)
    assert not _alerts(settings).sound
    assert "1 alert couldn't be sent yet" in _alerts(settings).detail
    [waiting] = unsent(settings)
    old = waiting.stat().st_mtime - outbox.LONGEST - 60
    os.utime(waiting, (old, old))
    resend(settings)
    assert unsent(settings) == []
    assert [lost.name for lost in given_up(settings)] == ["run-1.given-up.json"]
    assert resend(settings) == {}
    assert f"incidents/{DELIVERY}/run-1.given-up.json was never sent" in _alerts(settings).detail
    given_up(settings)[0].unlink()
    assert _alerts(settings).sound


def test_where_nobody_answers_the_rest_waits_for_the_next_time(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRS_WEBHOOK_URL", "http://127.0.0.1:9/closed")
    for number in range(8):
        report(settings, Incident(DELIVERY, f"run-{number}", "run", ("a line",)))
    assert len(resend(settings)) == 3
    assert len(unsent(settings)) == 8


def test_without_a_webhook_nothing_waits(settings: Settings) -> None:
    assert report(settings, INCIDENT)[1] is None
    assert unsent(settings) == []


def test_night_is_night_in_copenhagen() -> None:
    found = sensors.nightly(STUDY)
    assert [schedule.name for schedule in build_definitions(STUDY).schedules or ()] == [found.name]
    assert (found.cron_schedule, found.execution_timezone) == ("0 3 * * *", "Europe/Copenhagen")


def test_hooks_watch_every_run_of_this_location() -> None:
    names = {sensor.name for sensor in build_definitions(STUDY).sensors or ()}
    assert names == {"new_deliveries", "lost_runs", "failed_runs", "canceled_runs", "failed_checks", "unsent_alerts"}
