"""A page for each run that failed, and for each check that began to fail: what, where, what stays, what to do.

A page tells counts, names of files and the one line that a person can act on; never a form's value, and never the text
of an error that isn't ours.
"""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from dagster import (
    DagsterEventType,
    DagsterInstance,
    DagsterRun,
    DagsterRunStatus,
    DefaultSensorStatus,
    RunFailureSensorContext,
    RunsFilter,
    RunStatusSensorContext,
    run_failure_sensor,
    run_status_sensor,
)

from frs_pipeline.assets.wiring import PARTITION_TAG
from frs_pipeline.settings import Settings
from frs_pipeline.storage import Store, atomic, read_manifest

WEBHOOK = "FRS_WEBHOOK_URL"
_TIMEOUT = 10


@dataclass(frozen=True)
class Incident:
    """What happened in one run: `what` is a line each, `still` what had failed before already."""

    delivery: str
    run: str
    kind: str
    what: tuple[str, ...]
    still: tuple[str, ...] = ()


def page(incident: Incident, root: str | None) -> str:
    """The incident as Markdown, on one page. `root` is that of the last good result's manifest, None when there is none."""
    stays = f"the last finished result stays, with root `{root}`" if root else "there is no finished result of this delivery yet"
    if incident.kind == "check":
        stays = f"the run finished; its result has the root `{root}`"
    title = "The refresh failed" if incident.kind == "run" else "A check failed"
    lines = [f"# {title}: delivery {incident.delivery}", "", f"- Run: `{incident.run}`", f"- Results: {stays}", "", "## What", ""]
    lines += [f"- {line}" for line in incident.what]
    if incident.still:
        lines += ["", "## Failed before already", "", *(f"- {line}" for line in incident.still)]
    lines += [
        "",
        "## What to do",
        "",
        "1. Read the line above: it says which file and line, and what mends it.",
        f"2. `frs quarantine --delivery {incident.delivery}` shows which forms were set aside and why, without what was keyed.",
        f"3. `frs run --delivery {incident.delivery}` tries again; a changed folder is also taken up by itself.",
        "",
    ]
    return "\n".join(lines)


def report(settings: Settings, incident: Incident) -> tuple[Path, str | None]:
    """Write the incident's page, and call the webhook if there is one. Returns the page, and why the call failed."""
    path = settings.incidents / incident.delivery / f"{incident.run}.md"
    root = read_manifest(Store(settings, incident.delivery)).get("root")
    with atomic(path) as file:
        file.write(page(incident, root).encode())
    url = os.environ.get(WEBHOOK)
    return path, _call(url, incident) if url else None


def _call(url: str, incident: Incident) -> str | None:
    """Post the incident as JSON; why it couldn't be, without anything of what was answered."""
    if not url.startswith(("https://", "http://")):
        return f"{WEBHOOK} isn't an address of the web"
    content = {"delivery": incident.delivery, "run": incident.run, "kind": incident.kind, "what": list(incident.what)}
    body = json.dumps(content, ensure_ascii=False).encode()
    try:
        request = urllib.request.Request(url, body, {"Content-Type": "application/json"})  # noqa: S310 - looked at above
        with urllib.request.urlopen(request, timeout=_TIMEOUT):  # noqa: S310
            return None
    except (OSError, urllib.error.URLError, ValueError) as error:
        return type(error).__name__


@run_failure_sensor(
    default_status=DefaultSensorStatus.RUNNING, description="Writes a page under data/incidents/ for a run that failed."
)
def failed_runs(context: RunFailureSensorContext) -> None:
    """The lines of the steps that failed, as far as they are ours."""
    lines = []
    for event in context.get_step_failure_events():
        data = event.step_failure_data
        ours = data.user_failure_data.description if data.user_failure_data else None
        other = data.error.cls_name if data.error else None
        lines.append(f"{event.step_key}: {ours or f'unexpected {other}: see the run in the user interface'}")
    what = tuple(dict.fromkeys(lines)) or ("the run ended before any step: see it in the user interface",)
    _tell(context, Incident(_delivery(context.dagster_run), context.dagster_run.run_id, "run", what))


@run_status_sensor(
    run_status=DagsterRunStatus.SUCCESS,
    default_status=DefaultSensorStatus.RUNNING,
    description="Writes a page under data/incidents/ for a check that failed and didn't in the run before.",
)
def failed_checks(context: RunStatusSensorContext) -> None:
    """Checks that warn stop nothing, so nobody would see them; but a page each night about the same would be read by nobody."""
    run = context.dagster_run
    now = _failed(context.instance, run)
    before = _failed(context.instance, _run_before(context.instance, run))
    new = tuple(line for line in now if line not in before)
    if new:
        still = tuple(line for line in now if line in before)
        _tell(context, Incident(_delivery(run), run.run_id, "check", new, still))


def _tell(context: RunStatusSensorContext, incident: Incident) -> None:
    path, failed = report(Settings.from_environment(), incident)
    context.log.info(f"written: {path.name}")
    if failed:
        context.log.warning(f"the webhook couldn't be called: {failed}")


def _delivery(run: DagsterRun) -> str:
    return run.tags.get(PARTITION_TAG, "none")


def _run_before(instance: DagsterInstance, run: DagsterRun) -> DagsterRun | None:
    """The last run of the same delivery that finished before this one."""
    same = RunsFilter(statuses=[DagsterRunStatus.SUCCESS], tags={PARTITION_TAG: _delivery(run)})
    ids = [found.run_id for found in instance.get_runs(same)]  # the newest first
    older = ids[ids.index(run.run_id) + 1 :] if run.run_id in ids else []
    return instance.get_run_by_id(older[0]) if older else None


def _failed(instance: DagsterInstance, run: DagsterRun | None) -> tuple[str, ...]:
    """A line for each check that failed in a run, in the order of their names."""
    events = instance.all_logs(run.run_id, of_type=DagsterEventType.ASSET_CHECK_EVALUATION) if run else ()
    found = []
    for entry in events:
        check = entry.asset_check_evaluation
        if check is not None and not check.passed:
            counts = ", ".join(f"{name} {value.value}" for name, value in check.metadata.items() if isinstance(value.value, int))
            found.append(f"{check.asset_key.to_user_string()}: {check.check_name}" + (f" ({counts})" if counts else ""))
    return tuple(sorted(found))
