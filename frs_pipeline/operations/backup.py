"""Take a backup, and restore one into an empty place."""

from __future__ import annotations

import errno
import io
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import pyrage

from frs_pipeline.codebook.access import traced
from frs_pipeline.codebook.keys import own_recipient
from frs_pipeline.codebook.vault import identities_of
from frs_pipeline.errors import FrsError, InputError, UsageError
from frs_pipeline.operations.backup_archive import FORMAT, Head, Source, entry_of, is_encrypted, packed, unpacked
from frs_pipeline.operations.backup_contents import DATA, STUDY, gather, roots
from frs_pipeline.store.deliveries import sha256
from frs_pipeline.store.files import private_folder, unwritable
from frs_pipeline.store.journal import append, operating_system_user, verify
from frs_pipeline.store.settings import Settings
from frs_pipeline.study.about import about

_NO_LINKS = {errno.EPERM, errno.ENOSYS, errno.EOPNOTSUPP, errno.EMLINK}
_ROOM = "make room, or name another place; nothing was written"


@dataclass(frozen=True)
class Kept:
    """A backup that was taken or restored: where it lies (or what was made of it), its sha256, what it says about itself, and
    what is wrong with the journals in it."""

    path: Path
    sha256: str
    head: Head
    wrong: tuple[str, ...]


def backup(settings: Settings, to: Path, why: str, recipient: str | None = None) -> Kept:
    """Write everything that can't be made again into one new file, and read it again before it gets its name.

    In a folder it is named by study and time. With a `recipient`, only whose age key it is can read it. Raises `UsageError`
    for a file that exists or lies inside what is copied, `InputError` for what can't be copied; then nothing is written.
    """
    with traced(settings.access_journal, "backup", why, {"encrypted": recipient is not None}) as trace:
        keys = [pyrage.x25519.Recipient.from_str(own_recipient(recipient, "--to-recipient"))] if recipient else []
        path = _place(settings, to, ".age" if keys else "")
        contents = gather(settings)
        pieces = dict(sorted(contents.pieces.items()))
        head = Head(
            format=FORMAT,
            study=about(settings.study).name,
            files={name: entry_of(piece) for name, piece in pieces.items()},
            left_out=contents.left_out,
            gone=tuple(contents.gone),
            roots=roots(settings),
        )
        # A key that nobody keeps opens it once more, now: what was written is read to the end.
        own = pyrage.x25519.Identity.generate()
        with _unnamed(path) as (file, name):
            source = io.BufferedReader(Source(packed(head, pieces)), 1 << 20)
            if keys:
                pyrage.encrypt_io(source, file, [*keys, own.to_public()])
            else:
                shutil.copyfileobj(source, file, 1 << 20)
            file.flush()
            os.fsync(file.fileno())
            private_folder(settings.restricted_zone, settings.restricted_zone)
            with _opened(name, [own] if keys else [], settings.restricted_zone) as plain:
                if _read_through(plain, name) != head:
                    raise FrsError("isn't what was written", where=path, do="look at the disk; no backup was kept")
            digest = sha256(name)
            trace.note({"number": len(pieces), "sha256": digest, "encrypted": bool(keys)})
            _name(name, path)
    return Kept(path, digest, head, tuple(_wrong(settings)))


def _wrong(settings: Settings) -> Iterator[str]:
    for journal in (settings.access_journal, settings.release_journal):
        for fault in verify(journal)[:1]:
            yield f"{journal.name}: {fault}"


def _place(settings: Settings, to: Path, suffix: str) -> Path:
    """Return the file to write. Raises `UsageError` for one that exists, or that would be among what is copied."""
    path = to.absolute()
    if path.is_dir():
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H%M%SZ")
        path /= f"{about(settings.study).name}-{now}.tar{suffix}"
    if os.path.lexists(path):
        raise UsageError("exists already", where=path, do="name a new file, or a folder")
    inside = path.parent.resolve()
    if any(inside.is_relative_to(place.resolve()) for place in (settings.data, settings.study.folder)):
        raise UsageError("lies inside what is to be kept", where=path, do="name a place on another disk")
    if not inside.is_dir():
        raise InputError("there is no such folder", where=path.parent, do="make it, or name another place")
    return path


def _name(name: Path, path: Path) -> None:
    """Give a finished file its name, and replace nothing that has it. Raises FileExistsError."""
    try:
        os.link(name, path)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        # A file system such as that of a stick knows no second name for a file: the place is taken, then filled.
        path.touch(exist_ok=False)
        name.replace(path)


@contextmanager
def _unnamed(path: Path) -> Iterator[tuple[IO[bytes], Path]]:
    """Open a file beside `path`, for its owner's eyes only, which goes in the end; what it holds may be linked before."""
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    except OSError as error:
        raise unwritable(error, path.parent, _ROOM) from error
    try:
        with os.fdopen(handle, "wb") as file:
            yield file, Path(name)
    except FileExistsError as error:
        raise UsageError("exists already", where=path, do="name a new file, or a folder") from error
    except OSError as error:
        raise unwritable(error, path, _ROOM) if error.errno else error from error
    finally:
        Path(name).unlink(missing_ok=True)


@contextmanager
def _opened(path: Path, identities: list[pyrage.x25519.Identity], room: Path) -> Iterator[IO[bytes]]:
    """Open a backup; one that is encrypted is decrypted into a file without a name in `room`."""
    if not identities:
        with path.open("rb") as file:
            yield file
        return
    with path.open("rb") as locked, tempfile.TemporaryFile(dir=room) as plain:
        try:
            pyrage.decrypt_io(locked, plain, identities)
        except (pyrage.DecryptError, OSError):
            what = "doesn't open with this key, or was damaged"
            raise InputError(what, where=path, do="name the key with --identity; nothing was restored") from None
        yield plain


def _read_through(file: IO[bytes], where: Path) -> Head:
    """Read a whole backup and return what it says about itself. Raises `InputError` when anything isn't as it was written."""
    head, files = unpacked(file, where)
    for held in files:
        for _ in held.blocks:
            pass
    return head


def restore(path: Path, to: Path, identity: Path | None = None) -> Kept:
    """Put a backup into a new folder, which becomes a study's with its data in it; nothing before all of it was read and found
    sound. The journal there notes it.

    Raises `UsageError` for a place that isn't empty, and for an encrypted backup without a key; `InputError` for one that is
    missing, damaged or altered: then nothing is there that wasn't before.
    """
    to = to.absolute()
    if os.path.lexists(to) and not (to.is_dir() and not to.is_symlink() and not any(to.iterdir())):
        raise UsageError("isn't empty", where=to, do="name a new folder; nothing is ever overwritten")
    if not to.parent.is_dir():
        raise InputError("there is no such folder", where=to.parent, do="make it, or name another place")
    if not path.is_file():
        raise InputError("there is no such file", where=path, do="name a backup")
    encrypted = is_encrypted(path)
    if encrypted and identity is None:
        raise UsageError("is encrypted", where=path, do="name the key that opens it with --identity")
    identities = identities_of(identity, "name the key that opens the backup") if encrypted and identity else []
    try:
        begun = Path(tempfile.mkdtemp(prefix=f".{to.name}.", suffix=".tmp", dir=to.parent))
    except OSError as error:
        raise unwritable(error, to.parent, _ROOM) from error
    try:
        with _opened(path, identities, begun) as plain:
            head = _read_through(plain, path)
            for held in unpacked(plain, path)[1]:
                _lay_down(begun / held.name.removeprefix(STUDY), held.blocks)
        for name in ("raw", "restricted", "curated"):
            (begun / DATA / name).mkdir(mode=0o700, parents=True, exist_ok=True)
        digest = sha256(path)
        zone = begun / DATA / "restricted"
        wrong = tuple(f"{name}: {faults[0]}" for name in _JOURNALS if (faults := verify(zone / name)))
        if not any(line.startswith(_JOURNALS[0]) for line in wrong):
            details = {"number": len(head.files), "sha256": digest, "encrypted": encrypted}
            append(zone / _JOURNALS[0], "restore", who=operating_system_user(), why="restored from a backup", details=details)
        begun.rename(to)
    except OSError as error:
        raise unwritable(error, to, "make room, or name a folder that isn't there yet; nothing was restored") from error
    finally:
        shutil.rmtree(begun, ignore_errors=True)
    with suppress(OSError):
        _flush(to.parent)
    return Kept(to, digest, head, wrong)


_JOURNALS = ("access-journal.jsonl", "release-journal.jsonl")


def _lay_down(path: Path, blocks: Iterator[bytes]) -> None:
    """Write a file that only its owner may read, in folders that only they may enter, and wait until it is on disk."""
    for folder in reversed([place for place in path.parents if not place.exists()]):
        folder.mkdir(mode=0o700)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "wb") as file:
        for block in blocks:
            file.write(block)
        file.flush()
        os.fsync(file.fileno())


def _flush(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
