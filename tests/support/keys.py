"""A key for deliveries that aren't the shipped one: the published key opens none of those."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import pyrage

from frs_pipeline.codebook.entries import lock
from frs_pipeline.codebook.keys import PUBLISHED
from frs_pipeline.codebook.vault import open_plain
from frs_pipeline.store.deliveries import CODEBOOK, DEMO_KEY
from frs_pipeline.store.settings import Settings
from support.study import STUDY, study_of

# Beside raw/, so that it goes wherever the data folder is copied.
NAME = "key.txt"


@cache
def _identity() -> pyrage.x25519.Identity:
    """One for all processes of a run of the tests: a delivery that one of them made is locked again by another."""
    return pyrage.x25519.Identity.from_str(os.environ.setdefault("TESTS_KEY", str(pyrage.x25519.Identity.generate())))


def lay_down(data: Path) -> Path:
    """The key in a data folder."""
    (data / NAME).write_text(f"# public key: {recipient()}\n{_identity()}\n", encoding="ascii")
    (data / NAME).chmod(0o600)
    return data / NAME


def recipient() -> str:
    """Whom codebooks are locked for."""
    return str(_identity().to_public())


def settings_of(data: Path) -> Settings:
    """Settings of a data folder, with the key that lies in it; without one, those of the shipped delivery."""
    return Settings(study_of(data), data, data / NAME if (data / NAME).exists() else None)


def environment_of(data: Path) -> dict[str, str]:
    """The same as environment variables; others that concern `frs` are left out."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("FRS_", "DAGSTER_HOME", "PANDERA_"))}
    key = {"FRS_KEY_FILE": str(data / NAME)} if (data / NAME).exists() else {}
    study = {} if study_of(data) is STUDY else {"FRS_STUDY": str(study_of(data).folder)}
    return {**clean, "FRS_DATA_DIR": str(data), "DAGSTER_DISABLE_TELEMETRY": "yes", **key, **study}


@cache
def _locked_again(path: Path) -> bytes:
    return lock(open_plain(path / CODEBOOK, PUBLISHED / DEMO_KEY), [recipient()])


def lock_again(folder: Path, shipped: Path) -> None:
    """The shipped codebook for this key, the same bytes every time, in the delivery `folder`."""
    (folder / CODEBOOK).write_bytes(_locked_again(shipped))
