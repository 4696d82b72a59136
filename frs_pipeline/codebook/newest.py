"""Is a codebook the one that was locked last? The access journal knows; an older pair that was put back is refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from frs_pipeline.codebook.access import UNDONE
from frs_pipeline.errors import CheckFailed, InputError
from frs_pipeline.store.deliveries import CODEBOOK, CONTROLLERS, sha256
from frs_pipeline.store.journal import Entry, entries, verify
from frs_pipeline.store.settings import Settings

LOCKS = ("lock", "rotate")


def name_of(folder: Path) -> str:
    """Name of a delivery's folder, however it is written."""
    return folder.name if folder.name not in ("", "..") else folder.resolve().name


def require_newest(settings: Settings, folder: Path, codebook: Path | None = None) -> None:
    """Raises `CheckFailed` when the codebook in the delivery `folder` isn't the one that was locked last.

    Of the two files those that are there are compared by their hashes, for which no key is needed; the controllers' one is
    `codebook` where it lies elsewhere. A delivery that was locked on another machine has no entry here to compare with.
    Raises `CheckFailed` too when the journal itself was altered, `InputError` when something can't be read.
    """
    journal = settings.access_journal
    wrong = verify(journal)
    if wrong:
        do = "no codebook is opened until that is cleared up"
        raise CheckFailed(f"{wrong[0]}, so that nobody can tell which codebook was locked last", where=journal, do=do)
    locks = _locks(journal)
    last = next((entry for entry in reversed(locks) if entry.details.get("folder") == name_of(folder)), None)
    replaced = {value for entry in locks for value in entry.details.get("replaced", {}).values()}
    for name, path in ((CODEBOOK, folder / CODEBOOK), (CONTROLLERS, codebook or folder / CONTROLLERS)):
        found = _hash(path)
        if found is not None and (found in replaced if last is None else found != last.details.get("files", {}).get(name)):
            told = f"entry {last.number} of {last.when} says" if last else "a later entry says"
            raise CheckFailed(
                f"isn't the codebook that was locked last, as {told} in {journal.name}",
                where=path,
                do="put back the files that were locked last; if they are lost, lock the register anew with --previous",
            )


def told(settings: Settings) -> set[str]:
    """Hashes of all files of which the journal tells that they were locked or opened."""
    found: set[str] = set()
    for entry in entries(settings.access_journal):
        found.update(entry.details.get("files", {}).values())
        found.update({entry.details["codebook"]} if "codebook" in entry.details else ())
    return found


def hashes(folder: Path) -> Iterator[tuple[str, str]]:
    """Names and hashes of the files of a codebook that are in a folder, as far as they can be read."""
    for name in (CODEBOOK, CONTROLLERS):
        found = _hash(folder / name)
        if found is not None:
            yield name, found


def _locks(journal: Path) -> list[Entry]:
    """Entries of codebooks that were locked, oldest first; without those of which nothing came."""
    found = {entry.number: entry for entry in entries(journal)}
    undone = {entry.details.get("entry") for entry in found.values() if entry.event == UNDONE}
    return [entry for entry in found.values() if entry.event in LOCKS and entry.number not in undone]


def _hash(path: Path) -> str | None:
    """Of a file; None when it isn't there, or is kept from this account, as the controllers' one may be."""
    try:
        return sha256(path)
    except (FileNotFoundError, PermissionError):
        return None
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=path, do="put the file itself there") from error
