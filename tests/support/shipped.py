"""The shipped delivery, copied into a folder of its own, and the hashes of what was made from it."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from frs_pipeline.store.settings import PROJECT, Settings
from support import keys
from support.study import STUDY

DELIVERY = "2020-11-30"
RAW = PROJECT / "data" / "raw" / DELIVERY


def copy_of_shipped(folder: Path) -> Settings:
    """Settings of a data folder that holds the shipped delivery and nothing else."""
    settings = Settings(STUDY, folder)
    shutil.copytree(RAW, settings.raw_delivery(DELIVERY))
    return settings


def relocked_copy_of_shipped(folder: Path) -> Settings:
    """The same with a key of its own, so that it may be altered."""
    return relock(copy_of_shipped(folder))


def relock(settings: Settings) -> Settings:
    """Give a copy of the shipped delivery a key of its own."""
    keys.lock_again(settings.raw_delivery(DELIVERY), RAW)
    return Settings(STUDY, settings.data, keys.lay_down(settings.data))


def hashes(settings: Settings) -> dict[str, str]:
    """sha256 of every produced file, by its path in the data folder."""
    return {
        path.relative_to(settings.data).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for zone in ("restricted", "curated")
        for path in sorted((settings.data / zone).rglob("*"))
        if path.is_file() and path.name != ".lock"
    }
