"""Journals that are only ever added to: each entry holds the hash of the one before.

A journal is a file of JSON lines; beside it, with the suffix `.head`, stand the number of its entries and the hash of the
last, so that entries cut off at the end are missed too. Whoever may write both files can still rewrite a journal from
some entry on: a head noted somewhere else reveals that.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import hashlib
import json
import os
import pwd
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from frs_pipeline.errors import CheckFailed, FrsError, InputError, UsageError
from frs_pipeline.personal_numbers import holds_personal_number
from frs_pipeline.store.files import atomic

_KINDS = {"number": int, "when": str, "who": str, "event": str, "why": str, "details": dict, "previous": str, "hash": str}
_MEANINGLESS = re.compile(r"[0-9a-f]{16,128}|age1[0-9a-z]+")
_ALTERED = "entries were altered, removed or put elsewhere"
_KEEP = "keep the file as it is, and find out who could change it"


@dataclass(frozen=True)
class Entry:
    """One event. `when` is UTC to the second, `previous` the hash of the entry before, `hash` that of all other fields."""

    number: int
    when: str
    who: str
    event: str
    why: str
    details: Mapping[str, Any]
    previous: str
    hash: str


@dataclass(frozen=True)
class End:
    """Where a journal ends: how many entries, and the hash of the last; None where that one can't be read."""

    entries: int
    hash: str | None


START = End(0, "0" * 64)


def append(path: Path, event: str, *, who: str, why: str, details: Mapping[str, Any]) -> Entry:
    """Add an entry, and return it once it is on disk. `details` are of JSON's kinds.

    Raises `UsageError` when the reason is blank, or any text holds a personal number, `CheckFailed` when the end of the
    journal isn't what it was, `FrsError` when it can't be written. Nothing is added then.
    """
    require_reason(why, event)
    if any(holds_personal_number(word) for word in _words(details)):
        raise UsageError("what is to be noted holds a personal number", where=event, do="name folders and people without one")
    when = dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _locked(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, fcntl.LOCK_EX) as journal:
            end = _end_to_add_to(path, journal)
            content = {"number": end.entries + 1, "when": when, "who": who, "event": event, "why": why, "details": details}
            line = sealed(content, end)
            _add(journal, line)
            entry = _entry(line)
            _write_head(path, End(entry.number, entry.hash))
    except OSError as error:
        raise FrsError(f"cannot be written: {error.strerror}", where=path, do="put that right first; nothing was done") from error
    return entry


def _words(content: Any) -> Iterator[str]:
    """Yield every string in something of JSON's kinds, but for hashes and keys, whose digits mean nothing."""
    if isinstance(content, str):
        yield from () if _MEANINGLESS.fullmatch(content) else (content,)
    elif isinstance(content, Mapping):
        yield from (word for pair in content.items() for part in pair for word in _words(part))
    elif isinstance(content, list | tuple):
        yield from (word for part in content for word in _words(part))


def operating_system_user() -> str:
    """Return who runs this, by the operating system's own account and not by what the environment says."""
    number = os.getuid()
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"uid {number}"


def require_reason(why: str, event: str) -> None:
    """Raise `UsageError` when the reason is blank or holds a personal number."""
    if not why.strip():
        raise UsageError("a reason is needed", where=event, do="give it with --reason")
    if holds_personal_number(why):
        raise UsageError("the reason holds a personal number", where=event, do="say it with a case number or a form id")


def entries(path: Path) -> list[Entry]:
    """Read all entries, oldest first; none when there is no journal. Raises `InputError` for a line that isn't one."""
    read_entries = []
    for at, line in enumerate(_read(path)[0], start=1):
        try:
            read_entries.append(_entry(line))
        except ValueError:
            raise InputError("isn't an entry", where=f"{path}:{at}", do=_KEEP) from None
    return read_entries


def verify(path: Path, head: str | None = None) -> list[str]:
    """List what is wrong with a journal, one line each; none when it is sound. `head` is a hash that was noted elsewhere.

    An entry may have been added since the head was noted; then one of the older ones has it.
    """
    lines, rest, noted = _read(path)
    faults = []
    # The hash of a journal without entries doesn't count as a head: every journal would have it.
    end, hashes = START, set[str | None]()
    for at, line in enumerate(lines, start=1):
        wrong, end = follow(line, end)
        faults += [f"line {at}: {what}" for what in wrong]
        hashes.add(end.hash)
    if rest:
        faults.append(f"line {len(lines) + 1}: isn't finished")
    faults += against(noted, end, lines[-1] if lines else None)
    if head is not None and head not in hashes:
        faults.append(f"no entry has the head that was noted: {_ALTERED}")
    return faults


def head_of(path: Path) -> End:
    """Return where the journal ends, as its own head says."""
    return _read(path)[2] or START


def copied(path: Path) -> dict[str, bytes]:
    """Read a journal and its head as they are at one moment, by the names of their files; nothing where there is no journal.

    Raises `InputError` for what can't be read.
    """
    head = _head_path(path)
    try:
        with _locked(path, os.O_RDONLY, fcntl.LOCK_SH) as journal:
            noted = {head.name: head.read_bytes()} if head.exists() else {}
            return {path.name: journal.read(), **noted}
    except FileNotFoundError:
        return {head.name: head.read_bytes()} if head.exists() else {}
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=path, do="check the file's rights") from error


def sealed(content: Mapping[str, Any], end: End) -> bytes:
    """Return the line (with its end) of an entry of `content` that follows `end`."""
    content = {**content, "previous": end.hash}
    return _written({**content, "hash": _hash(content)})


def follow(line: bytes, end: End) -> tuple[list[str], End]:
    """Return what is wrong with a line as the one after `end`, and where the journal ends with it."""
    try:
        entry = _entry(line)
    except ValueError:
        return ["isn't an entry: it was altered"], End(end.entries + 1, None)
    content = {name: getattr(entry, name) for name in _KINDS}
    wrong = []
    if content.pop("hash") != _hash(content):
        wrong.append("was altered: its hash doesn't fit what it says")
    elif _written({**content, "hash": entry.hash}) != line:
        wrong.append("was altered: it is written in another way")
    if end.hash is not None and entry.previous != end.hash:
        wrong.append(f"doesn't follow the line before: {_ALTERED}")
    if entry.number != end.entries + 1:
        wrong.append(f"is entry {entry.number}, where {end.entries + 1} belongs")
    return wrong, End(entry.number, entry.hash)


def against(noted: End | None, end: End, last: bytes | None) -> list[str]:
    """Return what is wrong with the end of a journal, whose last line is `last`, by the head that is noted beside it."""
    if noted is None:
        return [] if last is None else ["the head beside it is missing or can't be read"]
    if noted == end or (last is not None and _interrupted(noted, last)):
        return []
    if end.entries < noted.entries:
        return [f"ends with entry {end.entries}, where there were {noted.entries}: entries were cut off"]
    return [f"doesn't end as the head beside it says: {_ALTERED}"]


def _interrupted(noted: End, last: bytes) -> bool:
    """Return whether the last line was written whole, but its writer stopped before writing the head."""
    return not follow(last, noted)[0]


def _written(content: Mapping[str, Any]) -> bytes:
    """Write an entry in the one way there is: the same content gives the same bytes."""
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))
    return text.encode("utf-8", "replace") + b"\n"


def _hash(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(_written(content)).hexdigest()


def _entry(line: bytes) -> Entry:
    """Parse an entry. Raises ValueError, without the text, for anything that lacks the parts of one."""
    try:
        content = json.loads(line)
    except (ValueError, RecursionError):
        raise ValueError("not an entry") from None
    if not isinstance(content, dict) or content.keys() != _KINDS.keys():
        raise ValueError("not an entry")
    if any(type(content[name]) is not kind for name, kind in _KINDS.items()):
        raise ValueError("not an entry")
    return Entry(**content)


def _head_path(path: Path) -> Path:
    return path.with_suffix(".head")


def _write_head(path: Path, end: End) -> None:
    with atomic(_head_path(path), private=True) as file:
        file.write((json.dumps({"entries": end.entries, "hash": end.hash}) + "\n").encode())


def _read_head(path: Path) -> End | None:
    """Read the head beside a journal; None when it is missing or can't be read."""
    try:
        content = json.loads(_head_path(path).read_text(encoding="ascii"))
        return End(int(content["entries"]), str(content["hash"]))
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _read(path: Path) -> tuple[list[bytes], bytes, End | None]:
    """Read the whole lines of a journal with their ends, what stands behind the last, and the head beside it."""
    try:
        with _locked(path, os.O_RDONLY, fcntl.LOCK_SH) as journal:
            text, noted = journal.read(), _read_head(path)
    except FileNotFoundError:
        return [], b"", _read_head(path)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=path, do="check the file's rights") from error
    *lines, rest = text.split(b"\n")
    return [line + b"\n" for line in lines], rest, noted


def _end_to_add_to(path: Path, journal: IO[bytes]) -> End:
    """Return where the journal ends. Raises `CheckFailed` when its last line isn't what its head says."""
    noted, last = _read_head(path), _last_line(journal)
    if last is None and noted is None:
        _write_head(path, START)  # from now on a missing head is a fault
        return START
    if noted is not None and last is None and noted == START:
        return START
    if noted is not None and last is not None and last.endswith(b"\n"):
        if _interrupted(noted, last):
            noted = follow(last, noted)[1]
        before = End(noted.entries - 1, None)
        if follow(last, before) == ([], noted):
            return noted
    raise CheckFailed("nothing can be added: the end of the journal isn't what it was", where=path, do=_KEEP)


def _last_line(journal: IO[bytes]) -> bytes | None:
    """Read the last line, whole or not; None when there is none."""
    size, back = journal.seek(0, os.SEEK_END), 1 << 12
    while True:
        journal.seek(max(size - back, 0))
        text = journal.read()
        start = text.rfind(b"\n", 0, -1) + 1
        if start or back >= size:
            return text[start:] or None
        back *= 2


def _add(journal: IO[bytes], line: bytes) -> None:
    """Write a line and wait until it is on disk; when it doesn't fit, no part of it stays."""
    size = journal.seek(0, os.SEEK_END)
    try:
        while line:
            line = line[journal.write(line) :]
        os.fsync(journal.fileno())
    except OSError:
        os.ftruncate(journal.fileno(), size)
        raise


@contextmanager
def _locked(path: Path, flags: int, lock: int) -> Iterator[IO[bytes]]:
    """Open and lock the journal: nobody else writes it meanwhile."""
    mode = "rb" if flags == os.O_RDONLY else "r+b"
    with os.fdopen(os.open(path, flags, 0o600), mode, buffering=0) as journal:
        fcntl.flock(journal, lock)
        yield journal
