"""What a check found wrong, thing by thing, each with what to do about it.

A thing keeps its name from run to run, so that what began to fail can be told from what failed before.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from dagster import MetadataValue

from frs_pipeline.tables.render import Grid

_THINGS, _SHOWN = "failing", "what_to_do"


@dataclass(frozen=True)
class Failing:
    """One thing that is wrong, and what to do: which file and line a person looks at or edits, or which command shows more."""

    what: str
    do: str


def as_metadata(failing: Sequence[Failing]) -> dict[str, MetadataValue]:
    """As a check's metadata hold it: a table to read on the check's page, and the same to be read again by `of_metadata`."""
    if not failing:
        return {}
    lines = tuple((thing.what, thing.do) for thing in failing)
    return {
        _SHOWN: MetadataValue.md(Grid("", ("what", "what to do"), lines).markdown()),
        _THINGS: MetadataValue.text(json.dumps(lines, ensure_ascii=False)),
    }


def of_metadata(metadata: Mapping[str, MetadataValue]) -> Iterator[Failing]:
    """What `as_metadata` wrote; nothing of a check that names no things."""
    if _THINGS in metadata:
        yield from (Failing(what, do) for what, do in json.loads(str(metadata[_THINGS].value)))


def place(file: str, line: int) -> str:
    """A line of a file of the study, as a person finds it."""
    return f"{file}:{line}"
