"""One night of the schedule, as the daemon has it."""

from __future__ import annotations

from typing import Any

from dagster import DagsterInstance, ScheduleDefinition, build_schedule_context


def night(schedule: ScheduleDefinition, instance: DagsterInstance, **more: Any) -> Any:
    """What the schedule asks for, or why it asks for nothing. What it opened is closed, as after a real night."""
    with build_schedule_context(instance=instance, **more) as context:
        return schedule(context)
