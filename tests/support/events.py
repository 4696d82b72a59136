"""OpenLineage events as a program reads them from the file that FRS_LINEAGE names."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from openlineage.client import event_v2

Event = dict[str, Any]


def events_in(path: Path) -> list[Event]:
    """Every line, each of which OpenLineage's own types take; the last line is whole."""
    text = path.read_text(encoding="ascii")
    assert text.endswith("\n")
    events = [json.loads(line) for line in text.splitlines()]
    for event in events:
        event_v2.RunEvent(
            eventTime=event["eventTime"],
            eventType=event_v2.RunState(event["eventType"]),
            run=event_v2.Run(**event["run"]),
            job=event_v2.Job(**event["job"]),
            inputs=[event_v2.InputDataset(**each) for each in event["inputs"]],
            outputs=[event_v2.OutputDataset(**each) for each in event["outputs"]],
            producer=event["producer"],
        )
        assert event["schemaURL"].endswith("#/$defs/RunEvent")
    return events


def of_runs(events: list[Event]) -> list[list[str]]:
    """What is told of each run, but not of its steps, in order."""
    states: dict[str, list[str]] = {}
    for event in events:
        if "parent" not in event["run"]["facets"]:
            states.setdefault(event["run"]["runId"], []).append(event["eventType"])
    return list(states.values())


def open_steps(events: list[Event]) -> set[str]:
    """Jobs of steps that didn't begin and end once each, after their run began and before it ended."""
    states: dict[str, list[str]] = {}
    for event in events:
        states.setdefault(event["run"]["runId"], []).append(event["eventType"])
    of = {event["run"]["runId"]: event["job"]["name"] for event in events if "parent" in event["run"]["facets"]}
    return {name for run, name in of.items() if states[run] not in (["START", "COMPLETE"], ["START", "FAIL"])}


def assertions(events: list[Event]) -> Iterator[tuple[str, str, bool]]:
    """Each check once: the dataset, its name, whether it passed."""
    for event in events:
        for each in event["inputs"] if event["eventType"] == "COMPLETE" else ():
            for one in each["inputFacets"].get("dataQualityAssertions", {}).get("assertions", ()):
                yield each["name"], one["assertion"], one["success"]


def origins(events: list[Event], dataset: str, column: str) -> set[tuple[str, str]]:
    """The columns that a column comes from, as far back as is told."""
    lineage = {
        (output["name"], name): {(each["name"], each["field"]) for each in field["inputFields"]}
        for event in events
        for output in event["outputs"]
        for name, field in output["facets"].get("columnLineage", {}).get("fields", {}).items()
    }
    found, asked = set(), [(dataset, column)]
    while asked:
        one = asked.pop()
        before = lineage.get(one, set())
        asked += before
        found |= set() if before else {one}
    return found
