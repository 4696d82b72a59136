"""Where things live. Everything can be moved by an environment variable FRS_*; nothing is read at import."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from frs_pipeline.errors import UsageError

PROJECT = Path(__file__).resolve().parents[2]
# What a secret key of age begins with.
IDENTITY = "AGE-SECRET-KEY-"


def home() -> Path:
    """Where data and Dagster's history lie unless told: the project's folder; the current one beside an installed package."""
    return PROJECT if (PROJECT / "pyproject.toml").is_file() else Path.cwd()


def refuse_secret(name: Path | str, where: str) -> None:
    """Raises `UsageError`, which doesn't repeat it, when a secret key was given where the name of a file belongs."""
    if IDENTITY.lower() in str(name).lower():
        raise UsageError("is a secret key itself, not the name of a file", where=where, do="name the file that holds it")


def _whole(path: str | Path, where: str) -> Path:
    """The path from the root on; a link that leads to itself is told where it is followed.

    Raises `UsageError` for a path that this process can't write in UTF-8, as the libraries that read files need it.
    """
    found = os.path.realpath(path)
    try:
        found.encode()
    except UnicodeEncodeError as error:
        raise UsageError("isn't a path in UTF-8", where=where, do="set PYTHONUTF8=1, or rename its folders") from error
    return Path(found)


@dataclass(frozen=True)
class Settings:
    """Folders of one installation.

    `data` holds raw/, restricted/ and curated/. `key` is the age identity that opens the pipeline's part of
    the codebook; None means the delivery's own demo key, which only the shipped reconstruction has.
    """

    data: Path
    key: Path | None = None

    @classmethod
    def from_environment(cls) -> Settings:
        """FRS_DATA_DIR (default: data/ of `home`) and FRS_KEY_FILE. Raises `UsageError` for a key instead of its file."""
        data = os.environ.get("FRS_DATA_DIR")
        key = os.environ.get("FRS_KEY_FILE")
        refuse_secret(key or "", "FRS_KEY_FILE")
        return cls(_whole(data or home() / "data", "FRS_DATA_DIR"), _whole(key, "FRS_KEY_FILE") if key else None)

    @property
    def raw(self) -> Path:
        return self.data / "raw"

    def raw_delivery(self, delivery: str) -> Path:
        return self.raw / delivery

    @property
    def incidents(self) -> Path:
        return self.data / "incidents"

    @property
    def restricted_zone(self) -> Path:
        """What only its owner may enter."""
        return self.data / "restricted"

    def restricted(self, delivery: str) -> Path:
        return self.restricted_zone / delivery

    def curated(self, delivery: str) -> Path:
        return self.data / "curated" / delivery

    @property
    def access_journal(self) -> Path:
        """Who locked, opened or looked at what names a person or leads to a form."""
        return self.restricted_zone / "access-journal.jsonl"

    @property
    def release_journal(self) -> Path:
        """What left the house."""
        return self.restricted_zone / "release-journal.jsonl"
