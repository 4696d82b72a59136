"""A study whose surveys are fetched, from the server to the tables; and Dagster, which fetches by a job of its own."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from dagster import DagsterInstance, DagsterRunStatus, build_schedule_context
from dagster._core.test_utils import create_run_for_test
from support.fetched import SURVEYS, Played, logged_in
from support.running import here
from support.serving import home_in
from support.study import STUDY
from support.survey_server import PASSWORD, USER

from frs_pipeline.assets.wiring import key_of
from frs_pipeline.collection.login import Login
from frs_pipeline.definitions import build_definitions
from frs_pipeline.operations.fetching import FETCH, fetch_schedules, only_fetches
from frs_pipeline.operations.incidents import Incident, report
from frs_pipeline.operations.lost import _without_process
from frs_pipeline.operations.searching import search_run
from frs_pipeline.store.deliveries import sha256
from frs_pipeline.store.files import Store, read

DAY = "2021-01-31"
LOGIN = {"FRS_FETCH_USER": USER, "FRS_FETCH_PASSWORD": PASSWORD}


def test_from_the_server_to_the_tables(tmp_path: Path) -> None:
    """Fetched, delivered and run: what is counted is what the server has; a second fetch and a second delivery change nothing."""
    played = Played(tmp_path)
    with played.serving() as server:
        first = here(played.data, "fetch", **LOGIN)
        assert first.returncode == 0, first.stderr
        assert first.stdout.splitlines()[0].startswith("participant_first: 9 forms, in fetched/participant_first/")
        again = here(played.data, "fetch", "--json", **LOGIN)
        assert [(one["questionnaire"], one["new"]) for one in json.loads(again.stdout)] == [(name, False) for name in SURVEYS]
        said = here(played.data, "fetch", "initiator", **LOGIN).stdout
        assert said.startswith("initiator: nothing new since ")
        assert said.endswith(" UTC (5 forms)\n")
    assert {method for method, _ in server.asked} == {"GET"}
    done = here(played.data, "deliver", DAY, "--with", str(played.given()))
    assert done.returncode == 0, done.stderr
    assert f"Delivery {DAY} is in {played.data}/raw/{DAY}." in done.stdout
    for name in SURVEYS:
        for part in ("dataset.csv", "structure.csv", "labels.csv"):
            delivered = played.data / "raw" / DAY / name / part
            assert delivered.read_bytes() == played.delivery.path(f"{name}/{part}").read_bytes()
            assert stat.S_IMODE(delivered.stat().st_mode) == 0o600
    before = played.kept()
    refused = here(played.data, "deliver", DAY, "--with", str(played.given()))
    assert (refused.returncode, refused.stderr.count("\n")) == (3, 1)
    assert "is there already, and is never changed" in refused.stderr
    assert played.kept() == before
    ran = here(played.data, "run", "--delivery", DAY)
    assert ran.returncode == 0, ran.stderr
    assert "26 = " in ran.stdout
    store = Store(played.settings, DAY)
    assert read(store.file("marts", "participant_first")).num_rows == 9
    _altered_after_it_came(played)


def _altered_after_it_came(played: Played) -> None:
    """An export that somebody edited isn't what the receipt says: no run takes it."""
    path = played.data / "raw" / DAY / "initiator" / "dataset.csv"
    text = path.read_bytes()
    path.write_bytes(text.replace(b"700001;", b"700003;"))
    assert path.read_bytes() != text
    ran = here(played.data, "run", "--delivery", DAY)
    assert ran.returncode == 3
    assert "initiator/dataset.csv: isn't what was fetched: the receipt beside it says otherwise" in ran.stderr


def test_only_a_study_that_says_so_has_anything_to_do_with_it(tmp_path: Path) -> None:
    plain = build_definitions(STUDY)
    assert [job.name for job in plain.resolve_all_job_defs()].count(FETCH) == 0
    assert {each.name for each in plain.schedules or []} == {"nightly"}
    played = Played(tmp_path)
    study = played.configure("https://surveys.example/rest", daily='"02:30"').study
    graph = build_definitions(study).resolve_asset_graph()
    keys = {key_of(study, ("fetched", name)) for name in SURVEYS}
    assert {key for key in graph.get_all_asset_keys() if key.path[1] == "fetched"} == keys
    state = key_of(study, ("collection_state",))
    assert all(not graph.get(key).is_partitioned and graph.get(key).child_keys == {state} for key in keys)
    jobs = {job.name: job for job in build_definitions(study).resolve_all_job_defs()}
    assert set(jobs[FETCH].asset_layer.executable_asset_keys) == keys
    # No refresh fetches anything.
    assert not keys & set(jobs["refresh"].asset_layer.executable_asset_keys)
    assert not keys & set(jobs["together"].asset_layer.executable_asset_keys)
    (daily,) = fetch_schedules(study)
    assert (daily.cron_schedule, daily.execution_timezone) == ("30 2 * * *", "Europe/Copenhagen")
    assert len(daily.evaluate_tick(build_schedule_context()).run_requests or []) == 1
    assert fetch_schedules(played.configure("https://surveys.example/rest").study) == []
    here_now = here(played.data, "study", "check", FRS_STUDY=str(study.folder))
    assert here_now.returncode == 0, here_now.stdout


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[DagsterInstance]:
    with DagsterInstance.local_temp(str(home_in(tmp_path))) as found:
        yield found


def texts_below(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_dagster_fetches_by_a_job_and_keeps_no_login(
    tmp_path: Path, instance: DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the login is refused; and the page about that says what to do, not which delivery."""
    played = Played(tmp_path / "study")
    monkeypatch.setenv("FRS_DATA_DIR", str(played.data))
    monkeypatch.delenv("FRS_WEBHOOK_URL", raising=False)
    with played.serving() as server:
        job = build_definitions(played.settings.study).resolve_job_def(FETCH)
        result = job.execute_in_process(instance=instance)
        assert result.success
        made = {one.asset_key.path[-1]: one.metadata for one in result.asset_materializations_for_node("fetch_surveys")}
        assert {name: data["forms"].value for name, data in made.items()} == {
            "participant_first": 9,
            "participant_followup": 7,
            "initiator": 5,
            "coordinator": 5,
        }
        assert only_fetches(played.settings.study, result.dagster_run)
        assert search_run(played.settings.study, instance, result.dagster_run) == []
        with logged_in(password="another secret"):
            failed = job.execute_in_process(instance=instance, raise_on_error=False)
    assert not failed.success
    failures = [event.step_failure_data.user_failure_data.description for event in failed.get_step_failure_events()]  # type: ignore
    assert len(failures) == 1
    assert "answers 500, as SurveyXact does where a login is missing" in failures[0]
    kept = texts_below(tmp_path)
    for user, password in ((USER, PASSWORD), (USER, "another secret")):
        secret = Login(user, password).header().split()[1]
        assert password.encode() not in kept
        assert secret.encode() not in kept
    assert server.address.encode() in kept, "what was asked is kept, in receipts and in the line about the failure"
    incident = Incident("fetched", failed.run_id, "fetch", tuple(failures))
    page = report(played.settings, incident)[0].read_text(encoding="utf-8")
    assert page.startswith("# Surveys couldn't be fetched\n")
    assert "`frs fetch` tries again" in page
    assert "delivery none" not in page


def test_a_fetch_whose_process_is_gone_is_noticed(tmp_path: Path, instance: DagsterInstance) -> None:
    played = Played(tmp_path / "study")
    settings = played.configure("https://surveys.example/rest")
    run = create_run_for_test(instance, job_name=FETCH, status=DagsterRunStatus.STARTED)
    assert _without_process(settings, run)
    refresh = create_run_for_test(instance, job_name="refresh", status=DagsterRunStatus.STARTED)
    assert not _without_process(settings, refresh)


def test_a_login_that_others_may_read_is_refused_by_the_command(tmp_path: Path) -> None:
    played = Played(tmp_path)
    played.configure("http://127.0.0.1:9/rest")
    file = tmp_path / "login"
    file.write_text(f"{USER}\n{PASSWORD}\n", encoding="utf-8")
    file.chmod(0o644)
    environment = dict.fromkeys(LOGIN, "")
    ended = here(played.data, "fetch", FRS_FETCH_LOGIN_FILE=str(file), **environment)
    assert (ended.returncode, ended.stderr.count("\n")) == (3, 1)
    assert "names a file that others can read, or that somebody else owns (chmod 600 it, as its owner)" in ended.stderr
    file.chmod(0o600)
    ended = here(played.data, "fetch", "--debug", FRS_FETCH_LOGIN_FILE=str(file), **environment)
    assert "no connection could be made" in ended.stderr
    assert PASSWORD not in ended.stderr + ended.stdout
    none = here(played.data, "fetch", **environment)
    assert (none.returncode, none.stderr.count("\n")) == (3, 1)
    assert "there is no login to fetch with" in none.stderr


def test_receipts_say_what_came_and_of_whom_nothing(tmp_path: Path) -> None:
    played = Played(tmp_path)
    with played.serving() as server:
        assert here(played.data, "fetch", "coordinator", **LOGIN).returncode == 0
    (folder,) = [path for path in (played.data / "fetched" / "coordinator").iterdir() if path.is_dir()]
    receipt = json.loads((folder / "receipt.json").read_text(encoding="utf-8"))
    assert (receipt["questionnaire"], receipt["survey"], receipt["forms"]) == ("coordinator", 104, 5)
    for name, told in receipt["files"].items():
        assert told["request"] == f"GET {server.address}/surveys/104/export/{name.removesuffix('.csv')}?format=EU&lang=da"
        assert (told["bytes"], told["sha256"]) == ((folder / name).stat().st_size, sha256(folder / name))
    assert USER not in json.dumps(receipt)
    for path in (played.data / "fetched", folder.parent, folder):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
