"""The file of a backup: a plain tar of one fixed form, so that the same files give the same bytes, whoever writes it and when.

Its first member, `backup.json`, lists all others in their order with sizes and hashes. Nothing that it doesn't list is read.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Annotated

from pydantic import Field, ValidationError

from frs_pipeline.errors import CheckFailed, InputError
from frs_pipeline.operations.backup_contents import DATA, STUDY, Piece
from frs_pipeline.study.spec import Spec

HEAD, FORMAT = "backup.json", "frs-backup/1"
_BLOCK = 1 << 20
# What a list of files may take; one of a million files takes less.
_LONGEST_HEAD = 1 << 28
# What reading a tar raises that isn't one, or whose headers were damaged.
_BROKEN = (tarfile.TarError, EOFError, OverflowError, ValueError, RecursionError)
_AGE = b"age-encryption.org/v1"
_ELSEWHERE = "take another backup; nothing was restored"


class Entry(Spec):
    """Size (bytes) and sha256 of a file."""

    size: Annotated[int, Field(ge=0)]
    sha256: str


class Head(Spec):
    """What a backup says about itself.

    `left_out` are files that weren't taken, with the reason; `gone` says what else doesn't come back; `roots` are those of the
    finished results, by delivery.
    """

    format: str
    study: str
    files: dict[str, Entry]
    left_out: dict[str, str]
    gone: tuple[str, ...]
    roots: dict[str, str]

    def written(self) -> bytes:
        """Write it in the one way there is."""
        text = json.dumps(self.model_dump(mode="json"), ensure_ascii=False, sort_keys=True, indent=1)
        return text.encode() + b"\n"


@dataclass(frozen=True)
class Held:
    """A file of a backup that is read: its name, what is noted of it, and its bytes, to be read once."""

    name: str
    entry: Entry
    blocks: Iterator[bytes]


def entry_of(piece: Piece) -> Entry:
    """Hash a file as it is now."""
    if piece.content is not None:
        return Entry(size=len(piece.content), sha256=hashlib.sha256(piece.content).hexdigest())
    with piece.path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return Entry(size=file.tell(), sha256=digest)


def packed(head: Head, pieces: Mapping[str, Piece]) -> Iterator[bytes]:
    """Yield the archive, block by block. Raises `CheckFailed` when a file isn't any more what `head` says of it."""
    size = 0
    for block in _members(head, pieces):
        size += len(block)
        yield block
    end = 2 * tarfile.BLOCKSIZE
    yield bytes(end + -(size + end) % tarfile.RECORDSIZE)


def _members(head: Head, pieces: Mapping[str, Piece]) -> Iterator[bytes]:
    text = head.written()
    yield from (_begun(HEAD, len(text)), text, bytes(-len(text) % tarfile.BLOCKSIZE))
    for name, entry in head.files.items():
        yield _begun(name, entry.size)
        yield from _content(pieces[name], entry)
        yield bytes(-entry.size % tarfile.BLOCKSIZE)


def _begun(name: str, size: int) -> bytes:
    """Return the header of a member; nothing in it but these two differs between backups."""
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, 0o600
    return member.tobuf(tarfile.PAX_FORMAT)


def _content(piece: Piece, entry: Entry) -> Iterator[bytes]:
    """Yield what a file holds, as many bytes as are noted. Raises `CheckFailed` at the end unless they are those."""
    digest, left = hashlib.sha256(), entry.size
    with io.BytesIO(piece.content) if piece.content is not None else piece.path.open("rb") as file:
        while left and (block := file.read(min(_BLOCK, left))):
            digest.update(block)
            left -= len(block)
            yield block
        if left or file.read(1) or digest.hexdigest() != entry.sha256:
            raise CheckFailed("changed while it was copied", where=piece.path.parent, do="say it again when nobody changes it")


class Source(io.RawIOBase):
    """Blocks as a file that can be read once."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks, self._rest = blocks, memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill a buffer with what comes next; 0 at the end."""
        while not self._rest:
            block = next(self._blocks, None)
            if block is None:
                return 0
            self._rest = memoryview(block)
        many = min(len(buffer), len(self._rest))
        buffer[:many] = self._rest[:many]
        self._rest = self._rest[many:]
        return many


def is_encrypted(path: Path) -> bool:
    """Return whether a file is one of age's."""
    with path.open("rb") as file:
        return file.read(len(_AGE)) == _AGE


def unpacked(file: IO[bytes], where: Path) -> tuple[Head, Iterator[Held]]:
    """Read a backup from its beginning: what it says about itself, and its files, each to be read before the next.

    Raises `InputError`, which quotes nothing, as soon as anything isn't as it was written; only when all files were read is it
    known that none is missing.
    """
    file.seek(0)
    try:
        archive = tarfile.open(fileobj=file, mode="r:")  # noqa: SIM115 - it is as long open as the file
        first = archive.next()
    except _BROKEN:
        raise InputError("isn't a backup, or was damaged", where=where, do=_ELSEWHERE) from None
    if first is None or first.name != HEAD or not _plain(first) or first.size > _LONGEST_HEAD:
        raise _damaged(where)
    try:
        head = Head.model_validate_json(b"".join(_read(archive, first, where)))
    except ValidationError:
        raise _damaged(where) from None
    if head.format != FORMAT:
        raise InputError("is a backup of another version's", where=where, do="restore it with the version that wrote it")
    if not all(map(_may_be, head.files)):
        raise _damaged(where)
    return head, _held(archive, head, file, where)


def _held(archive: tarfile.TarFile, head: Head, file: IO[bytes], where: Path) -> Iterator[Held]:
    for name, entry in head.files.items():
        try:
            member = archive.next()
        except _BROKEN:
            raise _damaged(where) from None
        if member is None or (member.name, member.size) != (name, entry.size) or not _plain(member):
            raise _damaged(where)
        # Only that: the filter refuses, too, what would lie elsewhere.
        tarfile.data_filter(member, "/nowhere")
        yield Held(name, entry, _checked(_read(archive, member, where), entry, where))
    file.seek(archive.offset)
    left = 0
    while block := file.read(_BLOCK):
        left += len(block)
        if block.strip(b"\0"):
            raise _damaged(where)
    if left < 2 * tarfile.BLOCKSIZE or file.tell() % tarfile.RECORDSIZE:
        raise _damaged(where)


def _read(archive: tarfile.TarFile, member: tarfile.TarInfo, where: Path) -> Iterator[bytes]:
    content = archive.extractfile(member)
    if content is None:
        raise _damaged(where)
    with content:
        try:
            while block := content.read(_BLOCK):
                yield block
        except _BROKEN:
            raise _damaged(where) from None


def _plain(member: tarfile.TarInfo) -> bool:
    """Return whether a member is a file that holds every byte of its size: of a sparse one few bytes may fill a disk."""
    return member.type in (tarfile.REGTYPE, tarfile.AREGTYPE) and not member.issparse()


def _checked(blocks: Iterator[bytes], entry: Entry, where: Path) -> Iterator[bytes]:
    digest, size = hashlib.sha256(), 0
    for block in blocks:
        digest.update(block)
        size += len(block)
        yield block
    if size != entry.size or digest.hexdigest() != entry.sha256:
        raise _damaged(where)


def _may_be(name: str) -> bool:
    """Return whether a file may have this name: below the study's or the data's folder, written in the one way there is."""
    parts = PurePosixPath(name).parts
    plain = "/".join(parts) == name and ".." not in parts and "\0" not in name and len(parts) > 1
    return plain and (name.startswith(DATA) or (name.startswith(STUDY) and parts[1] != "data"))


def _damaged(where: Path) -> InputError:
    return InputError("was damaged or altered: it isn't what was written", where=where, do=_ELSEWHERE)
