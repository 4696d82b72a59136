"""The register of what was released: which tables, when and what for, for anybody to read. It has no number of any table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from frs_pipeline.errors import CheckFailed
from frs_pipeline.release.earlier import RELEASED
from frs_pipeline.store.files import REGISTER, atomic
from frs_pipeline.store.journal import entries, verify
from frs_pipeline.store.settings import Settings

# Says in an entry that its purpose was written for anybody to read. Entries of earlier versions don't have it.
PUBLIC = "purpose_public"


@dataclass(frozen=True)
class Registered:
    """A release: number and hash of its entry in the journal, when (UTC), of which delivery, which tables.

    `purpose` is None where it was written for the journal alone; `two_hands` says that somebody else approved it.
    """

    entry: int
    hash: str
    when: str
    delivery: str
    tables: tuple[int, ...]
    purpose: str | None
    two_hands: bool


def registered(settings: Settings) -> list[Registered]:
    """List what was released, the newest first. Raises `CheckFailed` when the journal isn't sound."""
    wrong = verify(settings.release_journal)
    if wrong:
        raise CheckFailed(wrong[0], where=settings.release_journal, do="no register is written until that is cleared up")
    return [
        Registered(
            entry.number,
            entry.hash,
            entry.when,
            str(entry.details["delivery"]),
            tuple(entry.details["tables"]),
            entry.why if entry.details.get(PUBLIC) is True else None,
            "request" in entry.details,
        )
        for entry in reversed(entries(settings.release_journal))
        if entry.event == RELEASED
    ]


def write_register(settings: Settings, page: Callable[[Sequence[Registered]], bytes]) -> Path:
    """Write the register as a page, and return where it lies."""
    path = settings.curated("") / REGISTER
    with atomic(path) as file:
        file.write(page(registered(settings)))
    return path
