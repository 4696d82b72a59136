"""What a check found wrong, stored in Dagster's metadata."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from dagster import MetadataValue

from frs_pipeline.errors import Failing
from frs_pipeline.tables.render import Grid

_THINGS, _SHOWN = "failing", "what_to_do"


def as_metadata(failing: Sequence[Failing]) -> dict[str, MetadataValue]:
    """Return a check's metadata: a table to read on the check's page, and the same for `of_metadata` to read back."""
    if not failing:
        return {}
    lines = tuple((thing.what, thing.do) for thing in failing)
    return {
        _SHOWN: MetadataValue.md(Grid("", ("what", "what to do"), lines).markdown()),
        _THINGS: MetadataValue.text(json.dumps(lines, ensure_ascii=False)),
    }


def of_metadata(metadata: Mapping[str, MetadataValue]) -> Iterator[Failing]:
    """Read what `as_metadata` wrote; nothing for a check that names no things."""
    if _THINGS in metadata:
        yield from (Failing(what, do) for what, do in json.loads(str(metadata[_THINGS].value)))
