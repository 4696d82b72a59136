"""A page for each run that failed, and for each check that began to fail: what, where, what stays, what to do.

A page holds counts, names of files and the one line that a person can act on; never a form's value, and never the text
of an error that isn't ours.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dagster import (
    AssetCheckEvaluation,
    DagsterEventType,
    DagsterInstance,
    DagsterRun,
    DagsterRunStatus,
    DefaultSensorStatus,
    RunFailureSensorContext,
    RunsFilter,
    RunStatusSensorContext,
    SensorDefinition,
    SensorEvaluationContext,
    SkipReason,
    run_failure_sensor,
    run_status_sensor,
    sensor,
)

from frs_pipeline.assets.wiring import PARTITION_TAG, is_of
from frs_pipeline.checks.failing import of_metadata
from frs_pipeline.errors import Failing
from frs_pipeline.language import plural
from frs_pipeline.operations.fetching import only_fetches
from frs_pipeline.operations.following import only_follows
from frs_pipeline.operations.outbox import post, resend
from frs_pipeline.operations.searching import SEARCH_FOUND, search_run
from frs_pipeline.store.files import Store, atomic
from frs_pipeline.store.settings import Settings
from frs_pipeline.store.standing import Standing, standing
from frs_pipeline.store.together import is_together
from frs_pipeline.study import Study

# The most lines of one kind on a page; the rest is only counted.
_SHOWN = 20
# How many runs, back from the last, are searched for what a check found before.
_FARTHEST = 200
LOST = "the run's process is gone: it was killed, or the machine was switched off"
# The ways in which a run is ended from outside, and what to say about each; no other message of a run is repeated.
_ENDED = {
    LOST: f"{LOST}; a killed one leaves nothing half-written",
    "to start": "the run couldn't be started in time: is the machine busy, or was it switched off?",
    "Exceeded maximum runtime": "the run took longer than max_runtime_seconds of dagster.yaml allows, and was ended",
    # What Dagster says of one whose process ended before it could say anything itself.
    "marked as failed from outside": "the run's process ended unexpectedly: was it killed, or short of memory?",
    "interrupted unexpectedly": "the run was interrupted: the program was stopped, or the machine was switched off",
}
_TITLES = {"run": "The refresh failed", "check": "A check failed", "delivery": "The delivery can't be taken up"}
# What is said of the kinds that are about no delivery: a title, and what to do.
_BESIDE = {
    "fetch": (
        "Surveys couldn't be fetched",
        "Read the line above: it says which address, and what to do.",
        "`frs fetch` tries again.",
    ),
    "follow": (
        "The state of the collection couldn't be made",
        "Read the line above: it says which file, and how to correct it.",
        "`frs collect --fetched` shows the state, and the next fetch tries again.",
    ),
    "drift": (
        "What was fetched isn't what it was the day before",
        "`frs collect drift --fetched --reason WHY` writes down which forms, for those who may see it.",
        "Ask whoever may change forms at the server; a correction belongs in `corrections.csv`.",
    ),
}
# Stands for the delivery where surveys couldn't be fetched: there is none yet.
_FETCHED = "fetched"


@dataclass(frozen=True)
class Incident:
    """What happened in one run, or keeps a delivery from having one: `what` has one line each.

    `kind` is run or check, delivery where no run was started, or fetch, follow or drift, which are about no delivery.
    `still` is what had failed before already, `do` what helps with the first.
    """

    delivery: str
    run: str
    kind: str
    what: tuple[str, ...]
    still: tuple[str, ...] = ()
    do: tuple[str, ...] = ()


def page(incident: Incident, stands: Standing) -> str:
    """Write the incident as Markdown, on one page; `stands` is how the delivery's results stand after it."""
    if incident.kind in _BESIDE:
        return _page_of_collection(incident)
    run = "none was started" if incident.kind == "delivery" else f"`{incident.run}`"
    lines = [f"# {_TITLES[incident.kind]}: delivery {incident.delivery}", "", f"- Run: {run}"]
    lines += [f"- Results: {_results(incident, stands)}", "", "## What", ""]
    lines += _listed(incident.what)
    if incident.still:
        lines += ["", "## Failed before already", "", *_listed(incident.still)]
    if incident.do:
        return "\n".join([*lines, "", "## What to do", "", *_listed(incident.do), ""])
    lines += [
        "",
        "## What to do",
        "",
        "1. Read the line above: it says which file and line, and how to correct it.",
        *_next(incident.delivery),
        "",
    ]
    return "\n".join(lines)


def _page_of_collection(incident: Incident) -> str:
    """Write about what belongs to no delivery: fetching, and following what was fetched."""
    title, *do = _BESIDE[incident.kind]
    lines = [f"# {title}", "", f"- Run: `{incident.run}`"]
    lines += ["- What was fetched and delivered before stays as it is", "", "## What", "", *_listed(incident.what), ""]
    if incident.still:
        lines += ["## Moved before already", "", *_listed(incident.still), ""]
    lines += ["## What to do", "", *(f"{number}. {one}" for number, one in enumerate(do, start=1))]
    return "\n".join([*lines, ""])


def _next(delivery: str) -> list[str]:
    if is_together(delivery):
        return [f"2. `frs run --all` tries again, with the deliveries that `{delivery}` is made of."]
    return [
        f"2. `frs quarantine --delivery {delivery}` shows which forms were set aside and why, without what was keyed.",
        f"3. `frs run --delivery {delivery}` tries again; a changed folder is also taken up by itself.",
    ]


def _results(incident: Incident, stands: Standing) -> str:
    """Say what there is to rely on after the incident."""
    if incident.kind == "check":
        return f"the run finished; its result has the root `{stands.root}`"
    words = stands.last_good(incident.delivery)
    if stands.altered:
        words += f"; {plural(len(stands.altered), 'file')} altered by something else (frs verify --outputs-only lists them)"
    return words


def _short(lines: Sequence[str]) -> list[str]:
    return [*lines[:_SHOWN], *([f"and {len(lines) - _SHOWN} more"] if len(lines) > _SHOWN else [])]


def _listed(lines: Sequence[str]) -> list[str]:
    return [f"- {line}" for line in _short(lines)]


def report(settings: Settings, incident: Incident) -> tuple[Path, str | None]:
    """Write the incident's page, and call the webhook if there is one. Returns the page, and why the call failed.

    What couldn't be sent waits beside the page and is sent again by `unsent_alerts`.
    """
    path = settings.incidents / incident.delivery / f"{incident.run}.md"
    with atomic(path) as file:
        file.write(page(incident, standing(Store(settings, incident.delivery))).encode())
    content = {"delivery": incident.delivery, "run": incident.run, "kind": incident.kind, "what": _short(incident.what)}
    return path, post(path, content)


def failed_runs(study: Study) -> SensorDefinition:
    @run_failure_sensor(
        default_status=DefaultSensorStatus.RUNNING, description="Writes a page under data/incidents/ for a run that failed."
    )
    def failed_runs(context: RunFailureSensorContext) -> None:
        """Report the lines of the steps that failed, as far as they are ours."""
        lines = []
        for event in context.get_step_failure_events():
            data = event.step_failure_data
            ours = data.user_failure_data.description if data.user_failure_data else None
            other = data.error.cls_name if data.error else None
            lines.append(f"{event.step_key}: {ours or f'unexpected {other}: see the run in the user interface'}")
        leaks = _leaks_in(study, context)
        message = context.failure_event.message or ""
        ended = next((ours for part, ours in _ENDED.items() if part in message), None)
        if not lines and (ended or not leaks):
            lines = [ended or "the run ended before any step: see it in the user interface"]
        what = tuple(dict.fromkeys([*lines, *leaks]))
        run = context.dagster_run
        fetches = only_fetches(study, run)
        kind = "fetch" if fetches else "follow" if only_follows(study, run) else "run"
        _tell(study, context, Incident(_delivery(run) if kind == "run" else _FETCHED, run.run_id, kind, what))

    return failed_runs


def canceled_runs(study: Study) -> SensorDefinition:
    @run_status_sensor(
        run_status=DagsterRunStatus.CANCELED,
        default_status=DefaultSensorStatus.RUNNING,
        description="Searches what a run left that was stopped, and writes a page under data/incidents/ if something is found.",
    )
    def canceled_runs(context: RunStatusSensorContext) -> None:
        """Report only what the search finds: whoever stops a run knows that it was stopped."""
        if leaks := _leaks_in(study, context):
            _tell(study, context, Incident(_delivery(context.dagster_run), context.dagster_run.run_id, "run", tuple(leaks)))

    return canceled_runs


def _leaks_in(study: Study, context: RunStatusSensorContext) -> list[str]:
    """Return what the search found when the run ended, and what it finds now: a killed run wasn't searched before."""
    ended: Any = context.dagster_event.event_specific_data
    earlier = ended.error.message.partition(SEARCH_FOUND)[2].strip() if ended and ended.error else ""
    again = search_run(study, context.instance, context.dagster_run)
    return [*([earlier] if earlier else []), *(line for line in again if line not in earlier)]


def failed_checks(study: Study) -> SensorDefinition:
    @run_status_sensor(
        run_status=DagsterRunStatus.SUCCESS,
        default_status=DefaultSensorStatus.RUNNING,
        description="Writes a page under data/incidents/ for what a check found wrong that wasn't wrong before.",
    )
    def failed_checks(context: RunStatusSensorContext) -> None:
        """Report what warning checks found: these stop nothing, so nobody would see them, nor read the same page each night.

        Reported is what got worse since the last run that finished: a thing that is wrong now and wasn't then. A run makes
        only what is out of date, so a check's result is that of the last run, this one or an earlier one, that carried it out.
        """
        run = context.dagster_run
        now, before = _since(study, context.instance, run)
        latest, earlier = _latest(context.instance, now), {}
        wrong = {name: list(_things(check)) for name, check in latest.items() if not check.passed}
        if wrong:
            earlier = _latest(context.instance, before, set(wrong))
        known = {name: {thing.what for thing in _things(check)} for name, check in earlier.items() if not check.passed}
        new = [(name, thing) for name, things in wrong.items() for thing in things if thing.what not in known.get(name, ())]
        still = [(name, thing) for name, things in wrong.items() for thing in things if thing.what in known.get(name, ())]
        if new:
            lines, lines_before = (tuple(_line(latest[name], thing) for name, thing in things) for things in (new, still))
            do = tuple(dict.fromkeys(f"{thing.what or name}: {thing.do}" for name, thing in new))
            about = (_FETCHED, run.run_id, "drift") if only_follows(study, run) else (_delivery(run), run.run_id, "check")
            _tell(study, context, Incident(*about, lines, lines_before, do))

    return failed_checks


def unsent_alerts(study: Study) -> SensorDefinition:
    @sensor(
        minimum_interval_seconds=300,
        default_status=DefaultSensorStatus.RUNNING,
        description="Posts alerts again that the webhook didn't take, for a week.",
    )
    def unsent_alerts(context: SensorEvaluationContext) -> SkipReason:
        """Start no run, but try a webhook that couldn't be reached again every five minutes."""
        settings = Settings.from_environment(study)
        tried = resend(settings)
        for path, failed in tried.items():
            if failed:
                context.log.warning(f"{path.name}: {failed}")
        sent = sum(failed is None for failed in tried.values())
        return SkipReason(f"{plural(sent, 'alert')} of {len(tried)} sent" if tried else "no alert waits")

    return unsent_alerts


def _tell(study: Study, context: RunStatusSensorContext, incident: Incident) -> None:
    path, failed = report(Settings.from_environment(study), incident)
    context.log.info(f"written: {path.name}")
    if failed:
        context.log.warning(f"the webhook couldn't be called: {failed}; it will be called again")


def _delivery(run: DagsterRun) -> str:
    return run.tags.get(PARTITION_TAG, "none")


def _since(study: Study, instance: DagsterInstance, run: DagsterRun) -> tuple[list[DagsterRun], list[DagsterRun]]:
    """Split a delivery's runs: those since the last that finished before this one, this one first; and that with earlier ones."""
    together = instance.get_runs(RunsFilter(tags={PARTITION_TAG: _delivery(run)}), limit=_FARTHEST)  # the newest first
    ours = [other for other in together if is_of(study, other)]
    ids = [other.run_id for other in ours]
    ours = ours[ids.index(run.run_id) :] if run.run_id in ids else [run, *ours]
    older = (place for place, other in enumerate(ours) if place and other.status == DagsterRunStatus.SUCCESS)
    cut = next(older, len(ours))
    return ours[:cut], ours[cut:]


def _latest(
    instance: DagsterInstance, runs: Sequence[DagsterRun], wanted: set[str] | None = None
) -> dict[str, AssetCheckEvaluation]:
    """Return how each check last came out in these runs, the newest first; only those `wanted`, if given."""
    checks: dict[str, AssetCheckEvaluation] = {}
    for run in runs:
        for entry in instance.all_logs(run.run_id, of_type=DagsterEventType.ASSET_CHECK_EVALUATION):
            check = entry.asset_check_evaluation
            if check is not None:
                name = f"{check.asset_key.to_user_string()}: {check.check_name}"
                if wanted is None or name in wanted:
                    checks.setdefault(name, check)
        if wanted is not None and wanted <= checks.keys():
            break
    return dict(sorted(checks.items()))


def _things(check: AssetCheckEvaluation) -> Iterator[Failing]:
    """Yield what a check found wrong; the check itself where it doesn't name anything."""
    things = list(of_metadata(check.metadata))
    yield from things or [Failing("", "its page in the user interface says what it found")]


def _line(check: AssetCheckEvaluation, thing: Failing) -> str:
    """Write a check and what it found, with its counts where it names nothing; never a form's value."""
    name = f"{check.asset_key.to_user_string()}: {check.check_name}"
    if thing.what:
        return f"{name}: {thing.what}"
    counts = ", ".join(f"{key} {value.value}" for key, value in check.metadata.items() if isinstance(value.value, int))
    return name + (f" ({counts})" if counts else "")
