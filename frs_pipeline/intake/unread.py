"""Refuse files of a delivery that nobody reads: they may hold forms, and would be ignored in silence."""

from __future__ import annotations

import re
from pathlib import Path

from frs_pipeline.errors import InputError
from frs_pipeline.personal_numbers import holds_personal_number
from frs_pipeline.store.deliveries import unread
from frs_pipeline.study import Study
from frs_pipeline.study.about import about

_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,8}")


def refuse_unread(study: Study, folder: Path) -> None:
    """Raise `InputError` for the first file of the delivery in `folder` that isn't one of its own.

    It is named by its folder, its number among the names there, and its suffix; by its own name only where nothing in that
    reads as a personal number, since errors are kept in logs and histories.
    """
    own = about(study).personal_id.found
    for path, number in unread(study, folder):
        kind = "folder" if path.is_dir() else "file"
        safe = path.name.isprintable() and not (holds_personal_number(path.name) or own(path.name))
        suffix = f" ({path.suffix})" if safe and _SUFFIX.fullmatch(path.suffix) else ""
        named = f": {path.name}" if safe else ""
        do = "take it out, or give an export the name and the form in which it is read"
        raise InputError(f"{kind} {number}{suffix} of this folder isn't read{named}", where=path.parent, do=do)
