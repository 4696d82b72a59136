"""Refuse exports that were altered after they had been fetched: the receipt beside them has the hashes of what came."""

from __future__ import annotations

import json
from pathlib import Path

from frs_pipeline.errors import InputError
from frs_pipeline.store.deliveries import RECEIPT, inventory
from frs_pipeline.study import Study
from frs_pipeline.study.instruments import in_use, instruments


def refuse_altered(study: Study, folder: Path) -> None:
    """Raise `InputError` for the first export of the delivery in `folder` that isn't what its receipt says; most have none."""
    for name in instruments(study):
        path = folder / name / RECEIPT
        if path.exists() and in_use(study, name, folder.name):
            _compare(study, folder, name, path)


def _compare(study: Study, folder: Path, name: str, path: Path) -> None:
    try:
        files = json.loads(path.read_text(encoding="utf-8"))["files"]
        said = {f"{name}/{part}": str(file["sha256"]) for part, file in files.items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        do = "put back the one that came with the export"
        raise InputError("isn't the receipt of an export", where=path, do=do) from None
    there = {known: file.sha256 for known, file in inventory(study, folder, (name,)).items()}
    other = next((known for known in sorted(there) if there[known] != said.get(known)), None)
    if other is not None:
        what = "isn't what was fetched: the receipt beside it says otherwise"
        do = "exports are never edited: put the file back, and correct in corrections.csv"
        raise InputError(what, where=folder / other, do=do)
