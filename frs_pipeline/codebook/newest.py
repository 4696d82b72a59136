"""Whether a codebook is the one that was locked last: the access journal knows, and an older pair put back is refused."""

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
    """Return the name of a delivery's folder, however its path is written."""
    return folder.name if folder.name not in ("", "..") else folder.resolve().name


def require_newest(settings: Settings, folder: Path, codebook: Path | None = None) -> None:
    """Raise `CheckFailed` when the codebook in the delivery `folder` isn't the one that was locked last.

    Whichever of its two files exist are compared by hash, for which no key is needed; the controllers' file is `codebook`
    where it lies elsewhere. A delivery that was locked on another machine has no entry here to compare with.
    Also raises `CheckFailed` when the journal itself was altered, `InputError` when something can't be read.
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
        digest = _hash(path)
        if digest is not None and (digest in replaced if last is None else digest != last.details.get("files", {}).get(name)):
            source = f"entry {last.number} of {last.when} says" if last else "a later entry says"
            raise CheckFailed(
                f"isn't the codebook that was locked last, as {source} in {journal.name}",
                where=path,
                do="put back the files that were locked last; if they are lost, lock the register again with --previous",
            )


def journalled(settings: Settings) -> set[str]:
    """Return the hashes of all files that the journal says were locked or opened."""
    digests: set[str] = set()
    for entry in entries(settings.access_journal):
        digests.update(entry.details.get("files", {}).values())
        digests.update({entry.details["codebook"]} if "codebook" in entry.details else ())
    return digests


def hashes(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield the names and hashes of a codebook's files in a folder, as far as they can be read."""
    for name in (CODEBOOK, CONTROLLERS):
        digest = _hash(folder / name)
        if digest is not None:
            yield name, digest


def _locks(journal: Path) -> list[Entry]:
    """Return the entries of codebooks that were locked, oldest first, without those that were cancelled."""
    by_number = {entry.number: entry for entry in entries(journal)}
    undone = {entry.details.get("entry") for entry in by_number.values() if entry.event == UNDONE}
    return [entry for entry in by_number.values() if entry.event in LOCKS and entry.number not in undone]


def _hash(path: Path) -> str | None:
    """Hash a file; None when it is missing or kept from this account, as the controllers' one may be."""
    try:
        return sha256(path)
    except (FileNotFoundError, PermissionError):
        return None
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=path, do="put the file itself there") from error
