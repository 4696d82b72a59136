"""Decide when a delivery is refreshed: as soon as its folder is there or has changed, and at night if anything else has.

Every run makes only what is due, decided as `frs run` decides it.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from dagster import (
    AssetMaterialization,
    AssetSelection,
    Backoff,
    DefaultScheduleStatus,
    DefaultSensorStatus,
    RetryPolicy,
    RunRequest,
    ScheduleDefinition,
    ScheduleEvaluationContext,
    SensorDefinition,
    SensorEvaluationContext,
    SensorResult,
    SkipReason,
    define_asset_job,
    schedule,
    sensor,
)

from frs_pipeline.assets import collected, fetched
from frs_pipeline.assets.graph import chosen
from frs_pipeline.assets.manifest import KEY as MANIFEST
from frs_pipeline.assets.privacy import KEY as SEARCHED
from frs_pipeline.assets.wiring import deliveries_of, key_of, study_tags
from frs_pipeline.errors import FrsError
from frs_pipeline.intake.unread import refuse_unread
from frs_pipeline.operations.describing import LOOKED, NIGHT, TIMEZONE
from frs_pipeline.operations.waiting import told_when_overdue
from frs_pipeline.personal_numbers import masked
from frs_pipeline.store import away
from frs_pipeline.store.code import look_again
from frs_pipeline.store.deliveries import decisions, deliveries, inventory, look, look_at_decisions, unnamed
from frs_pipeline.store.files import Store
from frs_pipeline.store.manifest import due, put_away
from frs_pipeline.store.plan import AssetPath, compared, decided, products, together_products
from frs_pipeline.store.settings import Settings
from frs_pipeline.store.standing import remains
from frs_pipeline.store.together import is_together, togethers
from frs_pipeline.study import Study

# The job's name, by which sensors request it.
REFRESH = "refresh"
TOGETHER = "together"


def refresh_job(study: Study) -> Any:
    """Define the job that a delivery is refreshed by; Dagster has no public name for its type."""
    beside = [*fetched.keys(study), *collected.keys(study)]
    return define_asset_job(
        REFRESH,
        AssetSelection.all() - AssetSelection.assets(*beside) if beside else AssetSelection.all(),
        description="Everything, for one delivery. Started by hand it makes all of it, out of date or not.",
        partitions_def=deliveries_of(study),
        tags=study_tags(study),
        # Only what `gate` allows is tried again: a drive that didn't answer, not a wrong form.
        op_retry_policy=RetryPolicy(max_retries=3, delay=5, backoff=Backoff.EXPONENTIAL),
    )


def together_job(study: Study) -> Any:
    """Define the job that makes again what is counted of several deliveries as one; Dagster has no public name for its type."""
    made = [*together_products(study), SEARCHED, MANIFEST]
    return define_asset_job(
        TOGETHER,
        AssetSelection.assets(*(key_of(study, key) for key in made)),
        description="Everything, for several deliveries that are counted as one. For a single delivery it is a part of refresh.",
        partitions_def=deliveries_of(study),
        tags=study_tags(study),
    )


def request(
    store: Store, run_key: str | None = None, also: Collection[AssetPath] = (), tags: Mapping[str, str] | None = None
) -> RunRequest | None:
    """Request a run of what is due in a delivery, and of what `also` is going to be; None when nothing is.

    Where that isn't known, since a definition can't be read, it is a run of everything, whose failure is reported.
    """
    look_again()  # runs are processes of their own, which read code and definitions as they are now
    try:
        wanted = due(store)
    except Exception:
        every = chosen(store, store.products, complete=True) if is_together(store.delivery) else None
        return RunRequest(run_key=run_key, partition_key=store.delivery, asset_selection=every, tags=tags)
    if not wanted and not also:
        return None
    made = chosen(store, wanted.products | set(also), complete=True)
    return RunRequest(run_key=run_key, partition_key=store.delivery, asset_selection=made, tags=tags)


def new_deliveries(study: Study) -> SensorDefinition:
    @sensor(
        job_name=REFRESH,
        minimum_interval_seconds=30,
        default_status=DefaultSensorStatus.RUNNING,
        description="Registers each new delivery folder, refreshes it, and again when it has changed; reports those that wait.",
    )
    def new_deliveries(context: SensorEvaluationContext) -> SensorResult:
        """Take up a delivery once it holds all its files and they didn't change between two looks.

        So a run never starts amid somebody's copying, and a correction that is added later gets a run of its own, as does a
        decision about the delivery; the same content gets none. The cursor holds what was seen at the last look; for each
        delivery that was taken up, how its files looked, the hash of what they hold, so that contents are read only when
        something looks different, and how many contents it has had: one that comes back after another is made again; and
        since when each waiting one waits.

        The evaluation says why a delivery isn't taken up, and after the policy's hours so does a page.
        """
        settings = Settings.from_environment(study.again())
        last = json.loads(context.cursor or "{}")
        seen, waiting = _looked_at(study, settings)
        looks = _Looks(settings, last.get("seen", {}), {name: tuple(noted) for name, noted in last.get("taken", {}).items()})
        asked: dict[str, RunRequest | None] = {}
        for name, now in seen.items():
            try:
                key = looks.new_content(name, now)
            except FrsError as error:
                waiting[name] = _line(error)
            else:
                if key and not put_away(Store(settings, name)):
                    asked[name] = request(Store(settings, name), key)
        waiting |= remains(settings)
        since = told_when_overdue(context.log, settings, waiting, last.get("waiting", {}), time.time())
        wanted = [run for run in asked.values() if run]
        reasons = [f"{name}: {why}" for name, why in waiting.items()]
        reasons += [f"{name}: new or changed, taken up if it looks the same at the next look" for name in looks.moving]
        reasons += [f"{name}: everything is up to date" for name, run in asked.items() if not run]
        reasons += [f"{name}: {since}" for name, since in _put_away(settings, seen, away.said).items() if name not in asked]
        reasons += [others] if (others := unnamed(settings.raw)) else []
        for reason in reasons if wanted else ():
            context.log.info(reason)
        known = set(context.instance.get_dynamic_partitions(str(deliveries_of(settings.study).name)))
        new = [name for name in (*asked, *togethers(settings)) if name not in known]
        return SensorResult(
            run_requests=wanted,
            skip_reason=None if wanted else "; ".join(reasons) or "no delivery is new or changed",
            dynamic_partitions_requests=[deliveries_of(settings.study).build_add_request(new)] if new else [],
            cursor=json.dumps({"seen": seen, "taken": looks.taken, "waiting": since}),
        )

    return new_deliveries


@dataclass
class _Looks:
    """How deliveries looked at the last look, and for those taken up how they looked, what they held, and how often it changed.

    `moving` are those that look different from the last look.
    """

    settings: Settings
    seen: dict[str, str]
    taken: dict[str, tuple[str, str, int]]
    moving: list[str] = field(default_factory=list)

    def new_content(self, name: str, now: str) -> str | None:
        """Take up a delivery that looks like this `now`: return a key of what it holds, or None if that is moving or known.

        Raises `FrsError` when it can't be read.
        """
        before, content, times = self.taken.get(name, ("", "", 0))
        if now == before:
            return None
        if self.seen.get(name) != now:
            self.moving.append(name)
            return None
        study = self.settings.study
        files = {known: file.sha256 for known, file in inventory(study, self.settings.raw_delivery(name)).items()}
        made = {f"decided/{known}": value for known, value in decisions(self.settings.decided(name), decided(study)).items()}
        content_now = _short(sorted((files | made).items()))
        self.taken[name] = (now, content_now, times + (content_now != content))
        return f"{name} {content_now} {times + 1}" if content_now != content else None


def nightly(study: Study) -> ScheduleDefinition:
    @schedule(
        job_name=REFRESH,
        cron_schedule=NIGHT,
        execution_timezone=TIMEZONE,
        default_status=DefaultScheduleStatus.RUNNING,
        description="At three at night: deliveries whose results aren't made by today's code and definitions.",
    )
    def nightly(context: ScheduleEvaluationContext) -> list[RunRequest] | SkipReason:
        """Request what no changed folder announces: a new version of the program, a changed catalogue, an altered file.

        The oldest first, since later ones are compared with it, and several together after those; one that can't be taken
        up is skipped, and reported by the sensor.
        """
        settings = Settings.from_environment(study.again())
        known = context.instance.get_dynamic_partitions(str(deliveries_of(settings.study).name))
        seen, waiting = _looked_at(study, settings)
        requests: list[RunRequest] = []
        resting = _put_away(settings, seen, put_away)
        for name in (name for name in seen if name in known and name not in resting):
            # What is compared with an earlier delivery will be out of date once that is made again: it is requested already.
            asked = request(Store(settings, name), also=compared(settings.study) if requests else ())
            if asked:
                requests.append(asked)
        again = {asked.partition_key for asked in requests}
        for name in (name for name in togethers(settings) if name in known):
            store = Store(settings, name)
            if any(away.said(part) for part in store.parts()):
                continue  # until somebody has made those again
            theirs = again.intersection(part.delivery for part in store.parts())
            if asked := request(store, also=store.products if theirs else ()):
                requests.append(asked)
        reasons = [f"{name}: {why}" for name, why in (waiting | resting).items()]
        for reason in reasons if requests else ():
            context.log.info(reason)
        counts = {"deliveries": len(seen), "out of date": len(requests), "waiting": len(waiting)}
        # What a page of Dagster's can show: that somebody looked, also on a night on which nothing had to be made.
        context.instance.report_runless_asset_event(AssetMaterialization(key_of(settings.study, LOOKED), metadata=counts))
        return requests or SkipReason(
            "; ".join([*reasons, "every other delivery is up to date" if reasons else "all is up to date"])
        )

    return nightly


def outgrown(loaded: Study, now: Study) -> str | None:
    """Say that a study has other products now than the code location as `loaded`, whose runs can't make those.

    None where it has the same, whatever else changed in its files: a run reads them as they are then, and reports files that
    can't be read.
    """
    try:
        same = products(loaded).keys() == products(now).keys()
    except FrsError:
        return None
    what = "the study has other tables or questionnaires than when this code location was loaded"
    return None if same else f"{what}: reload it (Deployment, Reload)"


def _looked_at(loaded: Study, settings: Settings) -> tuple[dict[str, str], dict[str, str]]:
    """Return for complete deliveries a digest of names, sizes and times of their files and of what was decided about them.

    For others why they wait. Nothing is read.
    """
    seen: dict[str, str] = {}
    waiting: dict[str, str] = {}
    other = outgrown(loaded, settings.study)
    for name in deliveries(settings.raw):
        folder = settings.raw_delivery(name)
        try:
            refuse_unread(settings.study, folder)  # a copy that isn't complete has such files, too
            made = look_at_decisions(settings.decided(name), decided(settings.study))
            looks = _short([*look(settings.study, folder), *made])
        except (FrsError, OSError) as error:
            waiting[name] = _line(error)
        else:
            (waiting if other else seen)[name] = other or looks
    return seen, waiting


def _put_away(settings: Settings, names: Collection[str], asked: Callable[[Store], str | None]) -> dict[str, str]:
    """Say since when results of deliveries are put away, as `asked` of each."""
    stores = [Store(settings, name) for name in names]
    return {store.delivery: f"{since} ({store.refreshed_by} makes it again)" for store in stores if (since := asked(store))}


def _line(error: FrsError | OSError) -> str:
    """Write an error as one line; for one that isn't ours only what the system calls it."""
    ours = " ".join(str(error).splitlines()) if isinstance(error, FrsError) else error.strerror
    return masked(ours or type(error).__name__)


def _short(content: object) -> str:
    return hashlib.sha256(repr(content).encode()).hexdigest()[:16]
