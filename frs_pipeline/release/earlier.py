"""Releases that are out already: nothing calls them back, and whoever has a new one has them, too."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

from frs_pipeline.deliveries import sha256
from frs_pipeline.errors import CheckFailed
from frs_pipeline.journal import entries, verify
from frs_pipeline.release.cells import Forms
from frs_pipeline.release.reading import read_release
from frs_pipeline.release.worlds import Source, group_of
from frs_pipeline.settings import Settings
from frs_pipeline.storage import CONTENT, recorded

RELEASED = "release"


def kept(settings: Settings) -> Path:
    """Where a copy of every release stays, to hold later ones against."""
    return settings.data / "restricted" / "releases"


def forms_hash(marts: Mapping[str, Path]) -> str:
    """Equal for marts of the same forms and answers."""
    whole = {name: recorded(path, CONTENT) or sha256(path) for name, path in sorted(marts.items())}
    return hashlib.sha256(repr(sorted(whole.items())).encode()).hexdigest()


def name_of(files: Mapping[str, bytes]) -> str:
    """The name under which a release is kept: a hash of its files."""
    whole = sorted((name, hashlib.sha256(content).hexdigest()) for name, content in files.items())
    return hashlib.sha256(repr(whole).encode()).hexdigest()[:16]


def released_before(settings: Settings) -> list[Source]:
    """Every release in the journal, oldest delivery first, each once.

    Raises `CheckFailed` when the journal was altered, or when a release that it tells of isn't kept as it went out: what
    differs from it can't be judged then.
    """
    wrong = verify(settings.release_journal)
    if wrong:
        raise CheckFailed(wrong[0], where=settings.release_journal, do="nothing is released until that is cleared up")
    found: dict[str, Source] = {}
    for entry in entries(settings.release_journal):
        if entry.event != RELEASED or entry.details["name"] in found:
            continue
        folder = kept(settings) / entry.details["name"]
        for name, expected in entry.details["files"].items():
            if not (folder / name).exists() or sha256(folder / name) != expected:
                raise CheckFailed(
                    "a release that went out isn't kept as it was", where=folder / name, do="restore it from a backup"
                )
        found[entry.details["name"]] = Source(read_release(folder), entry.details["forms"])
    return sorted(found.values(), key=lambda source: source.release.delivery)


def told(sources: Iterable[Source]) -> dict[Forms, int]:
    """The numbers of forms that releases tell as such."""
    found: dict[Forms, int] = {}
    for source in sources:
        for table in source.release.tables:
            for (measure, labels), number in table.numbers.items():
                if measure in ("count", "n") and number.value is not None:
                    found[Forms(*group_of(table, labels))] = int(number.value)
    return found
