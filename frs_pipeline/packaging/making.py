"""Make an audit package: gathered in the restricted zone, searched, sealed, journalled, and put in place as a whole."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from frs_pipeline.codebook.access import traced
from frs_pipeline.errors import CheckFailed, FrsError, UsageError
from frs_pipeline.packaging.crate import METADATA, metadata
from frs_pipeline.packaging.facts import Facts, facts
from frs_pipeline.packaging.public import SEALED, SUMS, public_files, sums
from frs_pipeline.packaging.sealed import Gathered, gather, seal
from frs_pipeline.personal_numbers import holds_personal_number
from frs_pipeline.privacy.search import refusal, search_folder
from frs_pipeline.store.deliveries import sha256
from frs_pipeline.store.files import Store, unwritable
from frs_pipeline.store.lock import exclusive
from frs_pipeline.study.about import about

# What the journal calls it.
PACKAGED = "audit package"
# Called with what is being done; there are STEPS of them.
Step = Callable[[str], object]
STEPS = 5


@dataclass(frozen=True)
class Packaged:
    """A package that lies in its `folder`: how many files its public part has, what was sealed (None: nothing), for whom, the
    hash of the list of its hashes, and whether a release is in it."""

    folder: Path
    files: int
    sealed: Gathered | None
    recipients: tuple[str, ...]
    hash: str
    released: bool


def package(
    store: Store,
    to: Path,
    *,
    purpose: str,
    recipients: Sequence[str],
    ready: Callable[[Store], None],
    step: Step = lambda what: None,
) -> Packaged:
    """Make the audit package of a delivery in the new folder `to`; without `recipients`, its public part alone.

    `ready` raises `CheckFailed` where the result isn't what its manifest says. All or nothing: whatever fails, there is no
    folder. Raises `CheckFailed` also where the search finds something in it, `UsageError` for a folder that exists or lies among
    the data, or for a purpose that can't be noted. The access journal has the package before it is in its place, and refusals.
    """
    for text in (purpose, str(to)):
        if holds_personal_number(text) or about(store.study).personal_id.found(text):
            where = "--purpose" if text == purpose else "--to"
            raise UsageError("holds a personal number", where=where, do="say it with a case number")
    if not purpose.strip():
        raise UsageError("a package needs a purpose", where="--purpose", do="say what it is for")
    if to.resolve().is_relative_to(store.settings.data.resolve()):
        raise UsageError("lies among the data", where=str(to), do="name a new folder elsewhere, with --to")
    if os.path.lexists(to):
        raise UsageError("exists already", where=str(to), do="name a new folder, with --to")
    details = {"delivery": store.delivery, "auditors": list(recipients)}
    with traced(store.settings.access_journal, PACKAGED, purpose, details) as trace, exclusive(store):
        step("checking")
        ready(store)
        here = facts(store, sealed=bool(recipients))
        with tempfile.TemporaryDirectory(prefix=".package.", suffix=".tmp", dir=store.waiting()) as place:
            made = _gathered(here, Path(place), step)
            step("searching")
            _require_clean(store, Path(place))
            waiting = to.with_name(f".{to.name}.tmp")
            try:
                step("sealing")
                _fill(waiting, made.files)
                if recipients:
                    seal(made.folder, recipients, waiting / SEALED, store.waiting())
                noted = {**details, "root": here.root, "public": sha256(waiting / SUMS)}
                noted |= {"sealed": sha256(waiting / SEALED)} if recipients else {}
                noted |= {"released": here.released.when} if here.released else {}
                entry = trace.note(noted)
                try:
                    _put(waiting, to)
                except FrsError:
                    trace.undo(entry)
                    raise
            except OSError as error:
                raise unwritable(error, to, "name another place, or make room; nothing was made") from error
            finally:
                shutil.rmtree(waiting, ignore_errors=True)
    sealed = made.sealed if recipients else None
    return Packaged(to, len(made.files), sealed, tuple(recipients), str(noted["public"]), here.released is not None)


@dataclass(frozen=True)
class _Made:
    """The public part's files by name, and the folder with what is to be sealed."""

    files: Mapping[str, bytes]
    folder: Path
    sealed: Gathered | None


def _gathered(here: Facts, place: Path, step: Step) -> _Made:
    """Make both parts in a folder of the restricted zone, where they are searched."""
    step("describing")
    files = public_files(here)
    files[METADATA] = metadata(here, files)
    files[SUMS] = sums(files)
    _fill(place / "public", files)
    folder, sealed = place / "sealed", None
    if here.sealed:
        step("gathering")
        folder.mkdir()
        sealed = gather(here.store, folder, place / "public" / SUMS)
    return _Made(files, folder, sealed)


def _fill(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files into a new folder, all of them on disk."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        with (folder / name).open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())


def _require_clean(store: Store, place: Path) -> None:
    """Search both parts. Raises `CheckFailed`, which names the file by its place in the package, for what may not be in them."""
    found = search_folder(store, place).leaks
    if found:
        named = [type(leak)(leak.file.relative_to(place), leak.kind) for leak in found]
        raise refusal(named, "no package was made; find out how it got there (docs/privacy.md)")


def _put(waiting: Path, to: Path) -> None:
    """Give the finished folder its name."""
    if os.path.lexists(to):
        raise CheckFailed("somebody made it meanwhile", where=str(to), do="name a new folder, with --to")
    try:
        waiting.rename(to)
        folder = os.open(to.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise unwritable(error, to, "name another place; nothing was made") from error
