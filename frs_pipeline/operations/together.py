"""Say which deliveries are counted as one."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from frs_pipeline.errors import UsageError
from frs_pipeline.store.deliveries import deliveries
from frs_pipeline.store.files import atomic
from frs_pipeline.store.settings import Settings
from frs_pipeline.store.together import definition, may_be_named, parts_of, togethers


def chosen_parts(settings: Settings, name: str, wanted: Sequence[str]) -> tuple[str, ...]:
    """Return the deliveries that are to belong to a whole: those `wanted`, by date or by patterns such as `2020-*`.

    Raises `UsageError` for a name that isn't one, for what fits no delivery, and for fewer than two.
    """
    if not may_be_named(name):
        do = "take lower-case letters, digits and hyphens, a letter first, such as alle"
        raise UsageError("can't be the name of several deliveries", where=name, do=do)
    there = deliveries(settings.raw)
    chosen: set[str] = set()
    for pattern in wanted:
        fitting = [each for each in there if fnmatchcase(each, pattern)]
        if not fitting:
            raise UsageError("fits no delivery", where=pattern, do=f"there is {', '.join(there) or 'none'}")
        chosen.update(fitting)
    if len(chosen) < 2:
        raise UsageError("only one delivery", where=name, do="name two at least; one alone is refreshed with --delivery")
    return tuple(sorted(chosen))


def define(settings: Settings, name: str, wanted: Sequence[str]) -> None:
    """Write down which deliveries belong to a whole; without any `wanted`, those that were written down before stay.

    Raises as `chosen_parts`, and `UsageError` where nothing was written down.
    """
    path = definition(settings, name)
    if not wanted and name not in togethers(settings):
        raise UsageError("nobody said which deliveries these are", where=name, do=f"frs run --together {name} and their dates")
    parts = chosen_parts(settings, name, wanted) if wanted else ()
    lines = "".join(f"  - {part}\n" for part in parts)
    content = f"# Deliveries that are counted as one; frs run --together writes this.\ndeliveries:\n{lines}"
    if wanted and not (path.is_file() and parts_of(settings, name) == parts):
        with atomic(path) as file:
            file.write(content.encode())
