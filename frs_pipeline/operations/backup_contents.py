"""What a backup holds: what people delivered, decided and wrote down, and the study. Never a key, and nothing that can be
made again."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from frs_pipeline.codebook.keys import are_published
from frs_pipeline.collection.login import LOGIN_FILE
from frs_pipeline.errors import Busy, FrsError, InputError
from frs_pipeline.language import plural
from frs_pipeline.store.deliveries import CONTROLLERS, deliveries, known_as
from frs_pipeline.store.files import LEAKED, RELEASE, Store
from frs_pipeline.store.journal import copied
from frs_pipeline.store.settings import IDENTITY, Settings
from frs_pipeline.store.together import definition, togethers

# What stands before a name in the archive: files of the study's folder, and of its data.
STUDY, DATA = "study/", "data/"
_KEY = re.compile(
    rb"AGE-SECRET-KEY-(?:PQ-)?1[A-Z0-9]{40,}|AGE-PLUGIN-[A-Z0-9-]+1[A-Z0-9]{20,}|-----BEGIN [A-Z ]*PRIVATE KEY-----"
)
# A block is searched together with the end of the one before: no key that counts is longer than that.
_OVERLAP, _BLOCK = 256, 1 << 20
_TRIES = 3


@dataclass(frozen=True)
class Piece:
    """A file of a backup: its name in the archive, and where it lies, or what it says where that was read already."""

    name: str
    path: Path
    content: bytes | None = None


@dataclass
class Contents:
    """The files of a backup, by name; those that were left out, with the reason; and what else doesn't come back."""

    pieces: dict[str, Piece] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)


def gather(settings: Settings) -> Contents:
    """List what belongs into a backup, as it is at one moment.

    Raises `InputError` where nothing was delivered or fetched, for a link that leads elsewhere, a file that can't be read, and
    a secret key amid other things; `Busy` when something goes out or is noted again and again meanwhile.
    """
    for _ in range(_TRIES):
        before = _journals(settings)
        contents = Contents()
        for piece in _pieces(settings):
            _take(contents, settings, piece)
        if _journals(settings) == before:
            contents.pieces |= {piece.name: piece for piece in before}
            contents.gone = _gone(settings)
            if not any(name.startswith((f"{DATA}raw/", f"{DATA}fetched/")) for name in contents.pieces):
                raise InputError("nothing was delivered here", where=settings.data, do="name the study, or set FRS_DATA_DIR")
            return contents
    raise Busy("something goes out or is noted just now", where=settings.data, do="say it again in a moment")


def _journals(settings: Settings) -> list[Piece]:
    """Copy the journals with their heads, each pair of one moment."""
    pieces = []
    for path in (settings.access_journal, settings.release_journal):
        for name, content in copied(path).items():
            place = path.with_name(name)
            pieces.append(Piece(f"{DATA}{place.relative_to(settings.data).as_posix()}", place, content))
    return pieces


def _pieces(settings: Settings) -> Iterator[Piece]:
    """Yield the other files: of the study, deliveries, what was fetched and decided, and what went out."""
    data, study = settings.data, settings.study.folder
    own = {data, study / "data"}
    yield from (Piece(STUDY + name, path) for name, path in _files(study, own, hidden=False))
    for place in (settings.raw, settings.fetched, settings.decided(""), settings.restricted("releases")):
        zone = place.relative_to(data).as_posix()
        yield from (Piece(f"{DATA}{zone}/{name}", path) for name, path in _files(place, linked=place == settings.raw))
    for delivery in (*deliveries(settings.curated("")), *togethers(settings)):
        place = settings.curated(delivery) / RELEASE
        yield from (Piece(f"{DATA}curated/{delivery}/{RELEASE}/{name}", path) for name, path in _files(place))
    for name in togethers(settings):
        path = definition(settings, name)
        yield Piece(DATA + path.relative_to(data).as_posix(), path)


def _files(
    folder: Path, without: set[Path] | frozenset[Path] = frozenset(), *, hidden: bool = True, linked: bool = False
) -> Iterator[tuple[str, Path]]:
    """Yield names and paths of all files below a folder, in order.

    The folder itself may be a link, and where `linked` those directly in it, as deliveries are: nothing else may lead elsewhere.
    Left out are what an interrupted program left, what Python compiled, and, unless `hidden`, what systems hide.
    """
    for place, folders, names in os.walk(folder, followlinks=True, onerror=_refuse) if os.path.lexists(folder) else ():
        here = Path(place)
        if here.is_symlink() and here != folder and not (linked and here.parent == folder):
            raise InputError("leads elsewhere", where=here, do="put the folder itself there")
        folders[:] = sorted(
            name for name in folders if here / name not in without and name != "__pycache__" and _kept(name, hidden=hidden)
        )
        for name in sorted(names):
            path = here / name
            if not _kept(name, hidden=hidden):
                continue
            if not path.is_file() or not path.resolve().is_relative_to(here.resolve()):
                raise InputError("isn't a file but leads elsewhere", where=here / known_as(name), do="put the file itself there")
            yield path.relative_to(folder).as_posix(), path


def _kept(name: str, *, hidden: bool) -> bool:
    return not (name.startswith(".") and (not hidden or name.endswith(".tmp"))) or name == ".gitignore"


def _refuse(error: OSError) -> None:
    raise InputError(f"cannot be read: {error.strerror}", where=error.filename, do="check the folder's rights")


def _take(contents: Contents, settings: Settings, piece: Piece) -> None:
    """Take a file in, or note why it is left out."""
    try:
        piece.name.encode()
    except UnicodeEncodeError:
        raise InputError("holds a file whose name isn't UTF-8", where=piece.path.parent, do="rename it") from None
    if settings.key is not None and piece.path.resolve() == settings.key:
        contents.left_out[piece.name] = "the pipeline's key"
        return
    login = os.environ.get(LOGIN_FILE)
    if login and Path(login).exists() and piece.path.samefile(login):
        contents.left_out[piece.name] = "the login of a survey's server"
        return
    try:
        found = secret_in(piece.path)
    except PermissionError:
        if piece.path.name != CONTROLLERS:
            raise
        contents.left_out[piece.name] = "kept from this account by the controllers"
        return
    if found == "key":
        contents.left_out[piece.name] = "a secret key"
    elif found == "amid":
        what, where = "holds a secret key amid other things", piece.path.parent / known_as(piece.path.name)
        raise InputError(what, where=where, do="take the key out, and replace it: it has been copied")
    else:
        contents.pieces[piece.name] = piece


def secret_in(path: Path) -> str | None:
    """Say whether a file is a secret `key`, holds one `amid` other things, or none. Keys that are published protect nothing."""
    end, found = b"", False
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            found = found or _KEY.search(end + block) is not None
            end = block[-_OVERLAP:]
    if not found:
        return None
    if path.stat().st_size > _BLOCK:
        return "amid"
    lines = [line.strip() for line in path.read_bytes().splitlines()]
    if lines and lines[0].startswith(b"-----BEGIN"):
        return "key"
    told = [line for line in lines if line and not line.startswith(b"#")]
    if not all(_KEY.fullmatch(line) for line in told):
        return "amid"
    identities = [line.decode("ascii") for line in told if line.startswith(IDENTITY.encode())]
    return None if told and len(identities) == len(told) and are_published(identities) else "key"


def _gone(settings: Settings) -> list[str]:
    """Say what there is that neither comes back nor can be made again, in counts."""
    gone = []
    pages = sum(1 for path in settings.incidents.rglob("*.md"))
    if pages:
        gone.append(f"{plural(pages, 'page')} about incidents")
    made = deliveries(settings.curated(""))
    leaked = sum(path.is_file() for name in made for path in (settings.restricted(name) / LEAKED).rglob("*"))
    if leaked:
        gone.append(f"{plural(leaked, 'file')} that the search for leaks moved aside")
    return [*gone, "Dagster's history of runs"]


def roots(settings: Settings) -> dict[str, str]:
    """Return the root of every finished result, by delivery: by these it is known that what is made again is the same."""
    found = {}
    for name in (*deliveries(settings.raw), *togethers(settings)):
        try:
            root = Store(settings, name).root
        except FrsError:
            continue
        if root:
            found[name] = root
    return found
