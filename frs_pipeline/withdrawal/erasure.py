"""Erasing withdrawn forms from everything that was made of all deliveries that hold them; the exports themselves stay."""

from __future__ import annotations

import codecs
import csv
import io
import re
import zipfile
from collections.abc import Collection, Iterator
from fnmatch import fnmatchcase
from itertools import chain
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from frs_pipeline.collection.reconciled import DRAWN
from frs_pipeline.collection.sampling import note_without
from frs_pipeline.collection.state import STATE_FILE
from frs_pipeline.errors import CheckFailed
from frs_pipeline.operations.refresh import Told, nobody, refresh
from frs_pipeline.store.deliveries import ADJUDICATED, COLLECTION, SAMPLED, TO_ADJUDICATE
from frs_pipeline.store.files import MANIFEST, Store, atomic, read
from frs_pipeline.store.plan import products
from frs_pipeline.store.settings import Settings
from frs_pipeline.store.together import parts_of, togethers
from frs_pipeline.withdrawal.request import RequestedForms

# A character that ids aren't made of, which therefore ends a mark: KA-1 is no part of KA-12.
_EDGE = "[^A-Za-z0-9-]"
# Keeps the pseudonyms of withdrawn conferences, so that the next run recognises their forms.
_BY_DESIGN = ("validated", "withdrawn_conferences")


def erase(settings: Settings, parts: dict[str, RequestedForms], told: Told = nobody) -> list[Path]:
    """Make every delivery of `parts` again, without what its ledger says is withdrawn, and remove whatever is left of that.

    Several deliveries that are counted as one are made again, too, where one of them is among these.

    Returns the files that were removed. Raises `FrsError` when a delivery can't be made, after which the same call
    continues from there, and `CheckFailed` when something of the forms is left all the same.
    """
    removed = []
    for name, part in parts.items():
        store = Store(settings, name)
        # Before it is made again, since what was decided is among what it is made from.
        for path in _decided(store):
            if of_lines(store, path):
                if fnmatchcase(path.relative_to(store.decided("")).as_posix(), SAMPLED) and holds(path, marks(part)):
                    note_without(store, path, marks(part))
                _strike(path, marks(part))
            elif holds(path, marks(part)):
                path.unlink()
                removed.append(path)
        refresh(settings, name, told=told)
        left = [*leftovers(store, marks(part)), *collected(store, part)]
        for path in dict.fromkeys(left):
            if of_lines(store, path):
                _strike(path, marks(part), _numbers(store, part))
            else:
                path.unlink()
                removed.append(path)
        held = (path for path in _files(store) if path != _path(store, _BY_DESIGN) and holds(path, marks(part)))
        leaking = next(chain(held, collected(store, part)), None)
        if leaking is not None:
            raise CheckFailed("still holds something of a withdrawn form", where=leaking, do="keep it from others and report it")
    for name in togethers(settings):
        # Nothing of a form stands there, but they are counted in it. It needs deliveries that were compared with these, too.
        if set(parts_of(settings, name)) & set(parts):
            for each in (*parts_of(settings, name), name):
                refresh(settings, each, told=told)
    return removed


def marks(part: RequestedForms) -> frozenset[str]:
    """Return the ids of forms and pseudonyms of whole conferences that reveal that a file holds something of them."""
    return part.forms | set(part.conferences)


def leftovers(store: Store, marked: Collection[str]) -> list[Path]:
    """List the files in a delivery's folders, but the delivered ones, that no run makes and that hold something of the forms.

    Lists with a line per form, which an erasure only takes these lines from, are among them.
    """
    made = {store.path(product) for product in products(store.study).values()}
    made |= {page for product in products(store.study).values() for page in store.pages(product)}
    made.add(store.settings.curated(store.delivery) / MANIFEST)
    return [path for path in _files(store) if path not in made and holds(path, marked)]


def _files(store: Store) -> Iterator[Path]:
    for zone in (store.settings.restricted, store.settings.curated, store.settings.decided):
        yield from sorted(path for path in zone(store.delivery).rglob("*") if path.is_file())


def _decided(store: Store) -> list[Path]:
    return sorted(path for path in store.settings.decided(store.delivery).rglob("*") if path.is_file())


def of_lines(store: Store, path: Path) -> bool:
    """Return whether a file has lines of its own for each form, of which the others stay."""
    folder = store.settings.decided(store.delivery)
    name = path.relative_to(folder).as_posix() if path.is_relative_to(folder) else ""
    if path.parent == store.settings.decided(COLLECTION) and path.suffix == ".csv":
        return True
    return any(fnmatchcase(name, pattern) for pattern in (ADJUDICATED, TO_ADJUDICATE, SAMPLED))


def collected(store: Store, part: RequestedForms) -> list[Path]:
    """List what was looked up of collections on any day, and written down about them, that holds something of the forms."""
    settings = store.settings
    folders = [*sorted(settings.restricted_zone.glob(f"*/{COLLECTION}")), settings.decided(COLLECTION)]
    marked, numbers = marks(part), _numbers(store, part)
    files = (path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file())
    # A count, or the seed of what is gone through, says nothing of anybody, though it may be the number of a conference.
    others = (path for path in files if path.name not in (DRAWN, STATE_FILE))
    return [
        path
        for path in others
        if holds(path, marked) or (_struck(path, marked, numbers) if of_lines(store, path) else holds(path, numbers))
    ]


def _numbers(store: Store, part: RequestedForms) -> frozenset[str]:
    """Return the numbers of conferences that were withdrawn as a whole: collections know them by these."""
    rows = read(_path(store, _BY_DESIGN)).to_pylist() if _path(store, _BY_DESIGN).exists() else []
    noted = (row["conference_number"] for row in rows if row["conference_id"] in part.conferences)
    # Before the next run, nothing is noted of what is withdrawn now.
    return frozenset(map(str, (*noted, *part.new.conferences["conference_number"].to_pylist())))


def _strike(path: Path, marked: Collection[str], numbers: Collection[str] = ()) -> None:
    """Take the lines of a sheet away that `_struck` lists; the others keep their bytes, but for needless quotes."""
    gone = _struck(path, marked, numbers)
    if not gone:
        return
    content = path.read_bytes()
    kept = io.StringIO(newline="")
    rows = (row for at, row in enumerate(_rows(content)) if at not in gone)
    csv.writer(kept, delimiter=";", lineterminator="\r\n" if b"\r\n" in content else "\n").writerows(rows)
    with atomic(path, private=True) as file:
        file.write((codecs.BOM_UTF8 if content.startswith(codecs.BOM_UTF8) else b"") + kept.getvalue().encode("latin-1"))


def _struck(path: Path, marked: Collection[str], numbers: Collection[str]) -> set[int]:
    """List the rows of a sheet, counted from 0, that hold one of `marked`, or are about a conference: begin with its number.

    A number elsewhere, as in a note, may be anything, and the line is another's.
    """
    pattern = re.compile(f"(?:^|{_EDGE})(?:{'|'.join(sorted(map(re.escape, marked)))})(?:$|{_EDGE})")
    rows = enumerate(_rows(path.read_bytes()))
    return {at for at, row in rows if pattern.search(" ".join(row)) or (row and row[0].strip().lstrip("0") in numbers)}


def _rows(content: bytes) -> list[list[str]]:
    # Excel may have kept it in Windows' letters. Ids are ASCII, and Latin-1 gives every byte back as it was.
    text = content.removeprefix(codecs.BOM_UTF8).decode("latin-1")
    return [*csv.reader(io.StringIO(text, newline=""), delimiter=";")]


def _path(store: Store, key: tuple[str, ...]) -> Path:
    return store.file(*key)


def holds(path: Path, marked: Collection[str]) -> bool:
    """Return whether a file holds one of `marked`: in text of any encoding, in cells of Parquet, in parts of a zip file."""
    if not marked:
        return False
    names = "|".join(sorted(map(re.escape, marked)))
    if _starts(path, b"PAR1"):
        return any(_in_column(column, f"(^|{_EDGE})({names})($|{_EDGE})") for column in _texts(path))
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as file:
            return any(_in_bytes(file.read(name), names) for name in file.namelist())
    return _in_bytes(path.read_bytes(), names)


def _starts(path: Path, magic: bytes) -> bool:
    with path.open("rb") as file:
        return file.read(len(magic)) == magic


def _in_bytes(data: bytes, names: str) -> bool:
    # Windows writes text with two bytes per letter: without the zeros it reads like any other.
    return re.search(f"(?:^|{_EDGE})(?:{names})(?:$|{_EDGE})".encode(), data.replace(b"\0", b"")) is not None


def _texts(path: Path) -> Iterator[pa.ChunkedArray]:
    """Yield the text columns of a Parquet file, a row group at a time; nothing for a damaged file, which can't be read."""
    try:
        with pq.ParquetFile(path) as file:
            for group in range(file.num_row_groups):
                table = file.read_row_group(group)
                yield from (column.cast(pa.string()) for column in table.columns if _textual(column.type))
    except (OSError, pa.ArrowInvalid):
        return


def _textual(kind: pa.DataType) -> bool:
    inner = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_string(inner) or pa.types.is_large_string(inner))


def _in_column(column: pa.ChunkedArray, pattern: str) -> bool:
    return bool(pc.any(pc.match_substring_regex(column, pattern), min_count=0).as_py())
