"""Report deliveries that no run can take up, and results without a delivery: one page for each that has waited too long.

The clock here is that of the machine; nothing that is made from forms depends on it.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping

from frs_pipeline.errors import FrsError
from frs_pipeline.operations.incidents import Incident, report
from frs_pipeline.store.settings import Settings
from frs_pipeline.study import Study
from frs_pipeline.study.rules import policy

# For each delivery that waits: since when, in seconds, and whether there is a page about it.
Since = dict[str, tuple[float, bool]]
_DO = ("Put right what the line above says; the delivery is then taken up by itself.",)


def overdue(waiting: Mapping[str, str], since: Mapping[str, tuple[float, bool]], now: float, hours: float) -> list[str]:
    """Return those of the deliveries in `waiting` that have waited for `hours` and have no page yet."""
    states = {name: since.get(name, (now, False)) for name in waiting}
    return [name for name, (began, reported) in states.items() if not reported and now - began >= hours * 3600]


def told_when_overdue(
    log: logging.Logger, settings: Settings, waiting: Mapping[str, str], since: Mapping[str, tuple[float, bool]], now: float
) -> Since:
    """Write a page about each delivery that has waited longer than the policy's hours, once; return since when all wait.

    `waiting` says why, by delivery. One that was taken up meanwhile is forgotten: if it waits again, the count restarts.
    """
    reported = {name: since[name][1] if name in since else False for name in waiting}
    for name in overdue(waiting, since, now, _hours(settings.study, log)) if waiting else ():
        try:
            path, failed = report(settings, Incident(name, "waiting", "delivery", (waiting[name],), do=_DO))
        except FrsError as error:
            log.warning(f"{name}: no page about it: {error}")
            continue
        reported[name] = True
        log.info(f"{name}: written: {path.name}")
        if failed:
            log.warning(f"the webhook couldn't be called: {failed}; it will be called again")
    return {name: (since[name][0] if name in since else now, reported[name]) for name in waiting}


def _hours(study: Study, log: logging.Logger) -> float:
    """Return the policy's hours; none while it can't be read, which the next run reports."""
    try:
        return policy(study).hours_until_waiting_is_reported
    except FrsError as error:
        log.warning(str(error))
        return float("inf")
