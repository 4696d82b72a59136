"""What goes to standard error, as one JSON object a line where FRS_LOG says so: for programs that gather logs.

Nothing that a form says goes there. Texts of this program and of Dagster are repeated, with personal numbers masked; those of
other libraries, and what a step writes into its log, may quote cells: of these only the place is told.
"""

from __future__ import annotations

import json
import os
import re
import sys
import traceback
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from frs_pipeline.errors import UsageError
from frs_pipeline.personal_numbers import masked

if TYPE_CHECKING:
    import logging

LOG = "FRS_LOG"
# Whose own words are repeated.
_OURS = ("frs_pipeline", "dagster", "dagit")
# Of the many things that happen in a run, those that somebody waits for; Dagster calls all but failures debugging.
_TOLD = (
    *("PIPELINE_START", "PIPELINE_SUCCESS", "PIPELINE_FAILURE", "PIPELINE_CANCELED"),
    *("STEP_START", "STEP_SUCCESS", "STEP_FAILURE", "STEP_SKIPPED", "STEP_UP_FOR_RETRY", "STEP_RESTARTED"),
    *("ASSET_MATERIALIZATION", "ASSET_CHECK_EVALUATION"),
)
# What a warning of Python begins with: file, line, kind.
_WARNED = re.compile(r"(.+?:[0-9]+: \w+): ")
_DEBUG, _INFO, _WARNING = 10, 20, 30
# How Dagster marks a run with the delivery that it is about.
_PARTITION = "dagster/partition"


def as_json() -> bool:
    """Return whether lines are JSON."""
    return os.environ.get(LOG) == "json"


def level() -> str:
    """Return what is heard of a run that `frs` makes: nothing, unless lines are JSON."""
    return "DEBUG" if as_json() else "CRITICAL"


def line(level: str, message: str, **known: object) -> str:
    """Write one line: when, how bad, what, and what else is `known` and isn't None. It masks no number."""
    told = {"time": _time(datetime.now(UTC)), "level": level, "message": message}
    return json.dumps({**told, **{name: value for name, value in known.items() if value is not None}}, ensure_ascii=False)


def begin() -> None:
    """Write JSON from now on, if FRS_LOG says so, whoever logs in this process. Raises `UsageError` for another word.

    Dagster makes a logger for each run and each look of a sensor, and no setting of it reaches all of them. So the loggers that
    are made from now on write like this, and those that there are.
    """
    asked = os.environ.get(LOG)
    if not asked:
        return
    if not as_json():
        raise UsageError(f"there is no log in {asked}", where=LOG, do="say json, or unset it")
    import logging

    formatter = _formatter()

    def dress(handler: logging.Handler) -> None:
        if isinstance(handler, logging.StreamHandler) and handler.stream in (sys.stdout, sys.stderr):
            handler.setFormatter(formatter)
            if heard not in handler.filters:
                handler.addFilter(heard)

    class Logger(logging.Logger):
        def addHandler(self, hdlr: logging.Handler) -> None:
            dress(hdlr)
            super().addHandler(hdlr)

    logging.setLoggerClass(Logger)
    logging.captureWarnings(True)
    root = logging.getLogger()
    if not root.handlers:
        root.addHandler(logging.StreamHandler())
    for logger in (root, *map(logging.getLogger, list(root.manager.loggerDict))):
        for handler in logger.handlers:
            dress(handler)


def heard(record: logging.LogRecord) -> bool:
    """Return whether a line is written: of what happens in a run, what somebody waits for; of the rest, all but debugging."""
    event = _of_run(record).get("dagster_event")
    return record.levelno > _DEBUG if event is None else event.event_type_value in _TOLD


def _formatter() -> logging.Formatter:
    import logging

    class Formatter(logging.Formatter):
        def format(self, record: logging.LogRecord) -> str:
            return json.dumps(dict(_described(record)), ensure_ascii=False)

    return Formatter()


def _described(record: logging.LogRecord) -> Iterator[tuple[str, object]]:
    about = _of_run(record)
    event = about.get("dagster_event")
    level = record.levelno
    if event is not None:
        level = max(level, _INFO)
        data = event.event_specific_data
        if event.event_type_value == "ASSET_CHECK_EVALUATION" and not data.passed:
            level = _WARNING
    yield "time", _time(datetime.fromtimestamp(record.created, UTC))
    yield "level", {_DEBUG: "debug", _INFO: "info", _WARNING: "warning"}.get(level, "error")
    yield "message", masked(_message(record, about))
    yield "logger", record.name
    for name, value in (("run", about.get("run_id")), ("job", about.get("job_name")), ("step", about.get("step_key"))):
        if value:
            yield name, value
    if delivery := (about.get("job_tags") or {}).get(_PARTITION):
        yield "delivery", delivery
    if "name" in about and event is None and "run_id" not in about:
        yield "sensor", about["name"]
    if event is not None:
        yield "event", event.event_type_value
        yield from _of_event(event)
    if record.exc_info and record.exc_info[0]:
        yield "error", record.exc_info[0].__name__
        yield "places", _places(traceback.extract_tb(record.exc_info[2]))


def _message(record: logging.LogRecord, about: dict[str, Any]) -> str:
    """Return the text of a record if it is ours or Dagster's: what Dagster itself calls what happened, without errors."""
    within_a_step = "run_id" in about and about.get("dagster_event") is None
    if record.name == "py.warnings" and (warned := _WARNED.match(record.getMessage())):
        return f"{Path(warned[1]).name}; its text may quote a form"
    if not record.name.startswith(_OURS) or within_a_step:
        return f"said at {Path(record.pathname).name}:{record.lineno}; its text may quote a form"
    return str(about.get("orig_message") or record.getMessage())


def _of_event(event: Any) -> Iterator[tuple[str, object]]:
    """Yield what an event is about: asset, check, and why a step failed, in the one line that is ours."""
    data = event.event_specific_data
    if event.event_type_value == "ASSET_MATERIALIZATION":
        yield "asset", event.asset_key.to_user_string()
    elif event.event_type_value == "ASSET_CHECK_EVALUATION":
        yield from {"asset": data.asset_key.to_user_string(), "check": data.check_name, "passed": data.passed}.items()
    elif getattr(data, "user_failure_data", None) and data.user_failure_data.description:
        yield "error", masked(data.user_failure_data.description)
    elif getattr(data, "error", None):
        yield "error", data.error.cls_name


def _of_run(record: logging.LogRecord) -> dict[str, Any]:
    """Return what Dagster says that a record is about; nothing for one of somebody else's."""
    return getattr(record, "dagster_meta", None) or {}


def _places(frames: Sequence[traceback.FrameSummary]) -> list[str]:
    return [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]


def _time(when: datetime) -> str:
    return when.isoformat(timespec="milliseconds").replace("+00:00", "Z")
