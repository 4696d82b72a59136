"""FRS_LOG=json: a line is one JSON object, whoever writes it, and holds nothing that a form says."""

import json
import logging
import sys
import time
import warnings
from types import SimpleNamespace

import pytest
from support.logging_kept import logging_kept

from frs_pipeline import cli, logs
from frs_pipeline.cli import terminal
from frs_pipeline.cli.root import complain
from frs_pipeline.cli.terminal import Progress
from frs_pipeline.errors import InputError, SeveralErrors, UsageError

SAID = "Fru Hansen, 610118-0011"
RUN = {"run_id": "r", "job_name": "refresh", "job_tags": {"dagster/partition": "2021-01-31"}, "step_key": "s"}


@pytest.fixture(autouse=True)
def _asked(monkeypatch):
    monkeypatch.setenv("FRS_LOG", "json")
    with logging_kept():
        yield


def lines(capsys):
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def logger(name):
    """A logger as Dagster makes one for each run, whose handler writes to standard error in colours."""
    logs.begin()
    made = logging.getLoggerClass()(name, level=logging.DEBUG)
    made.addHandler(logging.StreamHandler(sys.stderr))
    return made


def happened(kind, **data):
    """What Dagster attaches to a line about an event."""
    event = SimpleNamespace(event_type_value=kind, event_specific_data=SimpleNamespace(**data), asset_key=data.get("asset_key"))
    return {"dagster_meta": {**RUN, "dagster_event": event, "orig_message": "It happened."}}


def asset(name):
    return SimpleNamespace(to_user_string=lambda: name)


def test_an_event_says_run_delivery_step_and_asset(capsys):
    log = logger("dagster")
    log.debug("coloured", extra=happened("ASSET_MATERIALIZATION", asset_key=asset("s/marts/x")))
    log.debug("coloured", extra=happened("ASSET_CHECK_EVALUATION", asset_key=asset("s/marts/x"), check_name="c", passed=False))
    log.debug("coloured", extra=happened("LOADED_INPUT"))
    made, checked = lines(capsys)
    known = {"message": "It happened.", "logger": "dagster", "run": "r", "job": "refresh", "step": "s", "delivery": "2021-01-31"}
    about = {"level": "info", "event": "ASSET_MATERIALIZATION", "asset": "s/marts/x"}
    assert {name: value for name, value in made.items() if name != "time"} == known | about
    assert (checked["level"], checked["check"], checked["passed"]) == ("warning", "c", False)


def test_a_failure_says_our_line_and_of_other_errors_the_type(capsys):
    log = logger("dagster")
    ours = SimpleNamespace(description=f"data.csv:2: no good ({SAID})")
    log.error(SAID, extra=happened("STEP_FAILURE", user_failure_data=ours, error=None))
    log.error(
        SAID, extra=happened("STEP_FAILURE", user_failure_data=None, error=SimpleNamespace(cls_name="KeyError", message=SAID))
    )
    first, second = lines(capsys)
    assert first["error"].startswith("data.csv:2: no good")
    assert "0011" not in json.dumps([first, second])
    assert second["error"] == "KeyError"
    assert "Hansen" not in json.dumps(second)


def test_what_other_libraries_and_steps_say_is_not_repeated(capsys):
    logger("pandas").warning("cell %s", SAID)
    logger("dagster").info(SAID, extra={"dagster_meta": {**RUN, "dagster_event": None, "orig_message": SAID}})
    try:
        raise ValueError(SAID)
    except ValueError:
        logger("dagster").exception("A sensor failed.")
    logger("py.warnings").warning("%s", warnings.formatwarning(SAID, UserWarning, "/home/x.py", 7))
    told = lines(capsys)
    assert "Hansen" not in json.dumps(told)
    assert [line["level"] for line in told] == ["warning", "info", "error", "warning"]
    assert told[0]["message"].startswith("said at test_logs.py:")
    assert (told[2]["message"], told[2]["error"]) == ("A sensor failed.", "ValueError")
    assert told[3]["message"] == "x.py:7: UserWarning; its text may quote a form"
    assert told[2]["places"][0].startswith("test_logs.py:")


def test_a_sensor_is_named(capsys):
    about = {"repository_name": "x", "name": "new_deliveries", "orig_message": "2021-01-31: everything is up to date"}
    logger("dagster").info("coloured", extra={"dagster_meta": about})
    (told,) = lines(capsys)
    assert (told["sensor"], told["message"]) == ("new_deliveries", "2021-01-31: everything is up to date")


def test_errors_of_commands_are_objects_too(capsys, monkeypatch):
    complain(SeveralErrors([InputError("first"), InputError(SAID)]))
    first, second = lines(capsys)
    assert (first["level"], first["message"]) == ("error", "first")
    assert "0011" not in second["message"]
    monkeypatch.setattr(sys, "argv", ["frs", "tables", "--nothing"])
    with pytest.raises(SystemExit):
        cli.main()
    out, err = capsys.readouterr()
    assert out == "" and json.loads(err)["message"].startswith("No such option")


def test_progress_keeps_what_programs_read_and_draws_no_bar(capsys, monkeypatch):
    monkeypatch.setattr(terminal, "EVERY", 0.01)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert not Progress("Refreshing").drawn
    with Progress("Refreshing", as_json=True) as progress:
        progress.at("marts/initiator", 3, 4)
        time.sleep(0.1)
    told = lines(capsys)[-1]
    assert {"message": "Refreshing", "doing": "Refreshing", "at": "marts/initiator", "done": 3, "of": 4}.items() <= told.items()


def test_another_word_is_refused_and_none_changes_nothing(monkeypatch):
    monkeypatch.setenv("FRS_LOG", "yaml")
    with pytest.raises(UsageError, match=r"FRS_LOG: there is no log in yaml \(say json, or unset it\)"):
        logs.begin()
    monkeypatch.delenv("FRS_LOG")
    before = logging.getLoggerClass()
    logs.begin()
    assert logging.getLoggerClass() is before
    assert logs.level() == "CRITICAL"
