"""Deliveries that are counted as one: which they are, under which name, and where that is written down.

Such a whole is a partition like a delivery. Its name begins with a letter, as no date does; which deliveries belong to it
stands in its curated folder.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from frs_pipeline.errors import InputError, UsageError
from frs_pipeline.store.deliveries import choose
from frs_pipeline.store.settings import Settings
from frs_pipeline.study.instruments import DATED, DeliveryName
from frs_pipeline.study.spec import Spec, YamlFile

FILE = "together.yaml"
# But for a folder of the restricted zone that belongs to no delivery: copies of what was released.
_NAME = re.compile(r"(?!releases$)[a-z][a-z0-9]*(-[a-z0-9]+)*")


def _in_order(names: tuple[str, ...]) -> tuple[str, ...]:
    if list(names) != sorted(set(names)):
        raise ValueError("they stand by date, each once")
    return names


class _Definition(Spec):
    """What together.yaml says."""

    deliveries: Annotated[tuple[DeliveryName, ...], Field(min_length=2), AfterValidator(_in_order)]


def is_together(name: str) -> bool:
    """Return whether a partition of this name is several deliveries, not one."""
    return not DATED.fullmatch(name)


def may_be_named(name: str) -> bool:
    """Return whether several deliveries may be counted as one under this name."""
    return _NAME.fullmatch(name) is not None


def togethers(settings: Settings) -> list[str]:
    """List the names under which deliveries are counted as one."""
    zone = settings.curated("")
    named = zone.iterdir() if zone.is_dir() else ()
    return sorted(path.name for path in named if may_be_named(path.name) and (path / FILE).is_file())


def definition(settings: Settings, name: str) -> Path:
    """Return the file that says which deliveries belong to a whole."""
    return settings.curated(name) / FILE


def parts_of(settings: Settings, name: str) -> tuple[str, ...]:
    """Return the deliveries of a whole, the oldest first. Raises `InputError` for a file that doesn't say them."""
    return YamlFile(definition(settings, name)).parse(_Definition).deliveries


def choose_any(settings: Settings, name: str | None) -> str:
    """Return `name`, a delivery or several together; or the newest delivery. Raises as `choose`."""
    return name if name in togethers(settings) else choose(settings.raw, name)


def choose_one(settings: Settings, name: str | None) -> str:
    """Return `name`, or the newest delivery. Raises as `choose`, and `UsageError` for several together."""
    if name is not None and name in togethers(settings):
        parts = ", ".join(_parts_or_none(settings, name))
        raise UsageError("is several deliveries together, of which this can't be asked", where=name, do=f"ask one of {parts}")
    return choose(settings.raw, name)


def _parts_or_none(settings: Settings, name: str) -> tuple[str, ...]:
    try:
        return parts_of(settings, name)
    except InputError:
        return ("them",)
