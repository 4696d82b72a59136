"""The numbers that keyers have wherever they have no names: drawn once at random for a delivery, and kept.

A number says nothing about a name, not even to whoever has a list of the staff: an order by names, or by a hash of them, would.
What is kept tells keyers by a keyed hash, so that the file alone names nobody. Whoever comes later gets the next number, and
nobody's number changes: not when a second keying comes, and not from one table to the next.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from frs_pipeline.errors import InputError
from frs_pipeline.store.files import Store, atomic, private_folder

# Among what was decided about a delivery: a key, and a mark of each keyer in the order of their numbers.
KEPT = "keyer-numbers.json"


def numbered(store: Store, keyers: Iterable[str]) -> dict[str, str]:
    """Return the number of each keyer in a delivery, in the order of numbers; nobody (""), a dash.

    Draws numbers for those who have none yet. Raises `InputError` where what is kept can't be read.
    """
    names, path = sorted(set(keyers) - {""}), store.decided(KEPT)
    private_folder(path.parent, store.settings.decided(""))
    with _alone(path.parent):
        key, marks = _kept(path)
        marked = {name: hmac.new(key, name.encode(), hashlib.sha256).hexdigest() for name in names}
        new = sorted(set(marked.values()) - set(marks))
        if new:
            secrets.SystemRandom().shuffle(new)
            marks += new
            with atomic(path, private=True) as file:
                file.write(json.dumps({"key": key.hex(), "keyers": marks}, indent=1).encode() + b"\n")
    at = {mark: place for place, mark in enumerate(marks, start=1)}
    return {"": "–", **{name: f"K{at[marked[name]]}" for name in sorted(names, key=lambda name: at[marked[name]])}}


def _kept(path: Path) -> tuple[bytes, list[str]]:
    """Read the key and the marks, or make a key where nothing is kept yet."""
    if not path.exists():
        return secrets.token_bytes(32), []
    try:
        kept = json.loads(path.read_bytes())
        key, marks = bytes.fromhex(kept["key"]), [str(mark) for mark in kept["keyers"]]
    except (OSError, ValueError, TypeError, KeyError):
        what = "can't be read as the numbers of keyers"
        raise InputError(what, where=path, do="restore it from a backup; without it all would get other numbers") from None
    if len(key) != 32 or len(set(marks)) != len(marks):
        raise InputError("isn't as it was written", where=path, do="restore it from a backup")
    return key, marks


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep others waiting who would draw numbers at the same time."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
