"""Opens the age files of a codebook: plain text in memory only.

Two files are kept apart. The controllers' file holds the personal numbers; the pipeline's file holds what a
refresh needs (conference number, pseudonyms, occasion, date) and no personal number, so that the key that
the pipeline holds can reveal no one's identity.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from array import array
from itertools import chain
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyrage

from frs_pipeline.codebook.entries import CODEBOOK, FULL_COLUMNS, OLDER_COLUMNS, PIPELINE_COLUMNS, Entry, child_of
from frs_pipeline.codebook.pseudonyms import CASE
from frs_pipeline.errors import InputError
from frs_pipeline.intake.ledger import conference_number, day_of, plain_entries, plain_rows, register
from frs_pipeline.store.deliveries import CONTROLLERS
from frs_pipeline.store.settings import IDENTITY, refuse_secret
from frs_pipeline.study import Study
from frs_pipeline.study.about import about, occasions

_PSEUDONYM = re.compile(r"[A-Za-z][A-Za-z0-9-]{5,30}")
# Told apart from a conference's by its first letter.
_CASE = re.compile(rf"{CASE}[A-Z]{{6,30}}")
# Headers that the pipeline's part may have.
_HEADERS = (PIPELINE_COLUMNS, PIPELINE_COLUMNS[: OLDER_COLUMNS - 1])
_PERSONAL_NUMBER = re.compile(r"[0-9]{6}-?[0-9]{4}")
# What to do about a missing or wrong key, by who needs it.
PIPELINES_KEY = "set FRS_KEY_FILE to the pipeline's age identity"
CONTROLLERS_KEY = "name a file with a controller's age identity after --identity"
_LOCK_AGAIN = "lock the codebook again"
_CLOSED = "doesn't open with this key, or was altered"


def open_plain(path: Path, key: Path, do: str = PIPELINES_KEY) -> str:
    """Decrypt an age file to plain text. Raises `InputError` when the file or the key is missing, wrong or altered.

    `do` says what to do about a missing or wrong key.
    """
    return _decoded(_opened(path, key, do), path, key)


def _decoded(data: bytes, path: Path, key: Path) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise InputError(_CLOSED, where=path, do=f"check the key {key}") from error


def _opened(path: Path, key: Path, do: str = PIPELINES_KEY) -> bytes:
    identities = identities_of(key, do)
    try:
        return bytes(pyrage.decrypt(path.read_bytes(), identities))
    except FileNotFoundError as error:
        raise InputError("missing file", where=path, do="ask the controllers for the codebook") from error
    except (OSError, pyrage.DecryptError) as error:
        raise InputError(_CLOSED, where=path, do=f"check the key {key}") from error


def identities_of(key: Path, do: str) -> list[pyrage.x25519.Identity]:
    """Read the age identities in a file. Raises `InputError` when it is missing or holds none; `do` says what to do then."""
    refuse_secret(key, "the key")
    try:
        identities = [
            pyrage.x25519.Identity.from_str(line.strip())
            for line in key.read_text(encoding="ascii").splitlines()
            if line.startswith(IDENTITY)
        ]
    except FileNotFoundError as error:
        raise InputError("no key for the codebook", where=key, do=do) from error
    except (OSError, ValueError, pyrage.IdentityError) as error:
        raise InputError("not an age identity", where=key, do=do) from error
    if not identities:
        raise InputError("holds no age identity", where=key, do=do)
    return identities


def opens(path: Path, key: Path) -> bool:
    """Return whether there is such a file and the key opens it."""
    try:
        _opened(path, key)
    except InputError:
        return False
    return True


def refuse_controllers_key(folder: Path, key: Path) -> None:
    """Raise `InputError` when the pipeline's key opens the controllers' codebook in the delivery `folder`."""
    if opens(folder / CONTROLLERS, key):
        do = "give the pipeline a key of its own, and take the controllers' away from it"
        raise InputError("opens the controllers' codebook with its personal numbers", where=key, do=do)


def read_full(study: Study, path: Path, key: Path) -> list[Entry]:
    """Read the controllers' codebook, sorted by conference number. Raises `InputError`."""
    rows = csv.reader(io.StringIO(open_plain(path, key, CONTROLLERS_KEY), newline=""))
    try:
        header = tuple(next(rows, ()))
        if header not in (FULL_COLUMNS, FULL_COLUMNS[:OLDER_COLUMNS]):
            raise InputError("isn't the controllers' codebook", where=path, do=f"name the {CONTROLLERS} of the delivery")
        entries = [_full_entry(study, cells, len(header)) for cells in rows]
    except (ValueError, csv.Error):
        raise InputError("holds an entry that isn't one of a codebook", where=path, do=_LOCK_AGAIN) from None
    # As many pairs as there are of either: each child has one pseudonym, and each pseudonym one child.
    pairs = {(child_of(entry.personal_number), entry.case_id) for entry in entries if entry.case_id}
    if not len(pairs) == len({child for child, _ in pairs}) == len({case for _, case in pairs}):
        raise InputError("a child has several pseudonyms, or several children share one", where=path, do=_LOCK_AGAIN)
    return sorted(entries, key=lambda entry: entry.conference_number)


def is_personal_number(study: Study, text: str) -> bool:
    """Return whether `text` is written as a personal number of the study: the Danish one with or without its hyphen."""
    pattern = about(study).personal_id.pattern
    if pattern:
        return re.fullmatch(pattern, text) is not None
    return _PERSONAL_NUMBER.fullmatch(text) is not None


def _full_entry(study: Study, cells: list[str], columns: int) -> Entry:
    personal_number, *rest = cells
    number, _, _, pseudonym, case = _entry(study, rest, columns - 1)
    if not is_personal_number(study, personal_number):
        raise ValueError("not a codebook entry")
    return Entry(personal_number, number, pseudonym, rest[2], rest[3], case)


def read_codebook(study: Study, path: Path, key: Path) -> pa.Table:
    """Read the pipeline's part of the codebook (`CODEBOOK`), sorted by conference number. Raises `InputError`.

    A key that also opens the controllers' codebook beside it is refused: the pipeline may hold no such key.
    """
    data = _opened(path, key)
    refuse_controllers_key(path.parent, key)
    table = _entries(study, data)
    if table is None:
        table = _read_carefully(study, data, path, key)
    table = table.sort_by("conference_number").combine_chunks()
    for column in ("conference_number", "conference_id"):
        if pc.count_distinct(table[column]).as_py() != table.num_rows:
            raise InputError(f"has the same {column} twice", where=path, do=_LOCK_AGAIN)
    return table


def _entries(study: Study, data: bytes) -> pa.Table | None:
    """Read faultless entries all at once; return None when any of them needs a closer look."""
    if data.startswith(codecs.BOM_UTF8):
        return None
    rows = next((rows for columns in _HEADERS if (rows := plain_rows(data, columns, ",")) is not None), None)
    if rows is None or not rows.num_rows:
        return None
    number, pseudonym, occasion, date, *with_case = rows.columns
    case = with_case[0] if with_case else pa.chunked_array([[""] * rows.num_rows], pa.string())
    columns = plain_entries(number, date)
    none = pc.equal(case, "")
    sound = pc.and_(
        pc.and_(
            pc.match_substring_regex(pseudonym, f"^{_PSEUDONYM.pattern}$"),
            pc.is_in(occasion, value_set=pa.array(list(occasions(study)))),
        ),
        pc.or_(none, pc.match_substring_regex(case, f"^{_CASE.pattern}$")),
    )
    if columns is None or not pc.all(sound).as_py():
        return None
    return pa.table([*columns, occasion, pseudonym, pc.if_else(none, None, case)], schema=CODEBOOK)


def _read_carefully(study: Study, data: bytes, path: Path, key: Path) -> pa.Table:
    """Read the entries line by line, with every CSV and every ISO date that Python reads."""
    _decoded(data, path, key)  # report text that can't be decoded before any other fault
    rows = csv.reader(io.TextIOWrapper(io.BytesIO(data), encoding="utf-8", newline=""))
    try:
        header, first = tuple(next(rows, ())), next(rows, None)
    except csv.Error as error:
        raise InputError("isn't the pipeline's part of a codebook", where=path, do=_LOCK_AGAIN) from error
    if first is None or header not in _HEADERS:
        raise InputError("isn't the pipeline's part of a codebook", where=path, do=_LOCK_AGAIN)
    # One array per column rather than one object per line: a codebook may have millions of them.
    numbers, days, chosen = array("i"), array("i"), array("b")
    pseudonyms: list[str] = []
    cases: list[str | None] = []
    try:
        for cells in chain([first], rows):
            number, day, occasion, pseudonym, case = _entry(study, cells, len(header))
            numbers.append(number)
            days.append(day)
            chosen.append(occasion)
            pseudonyms.append(pseudonym)
            cases.append(case or None)
    except (ValueError, csv.Error) as error:
        raise InputError(
            "holds an entry that isn't number, pseudonym, occasion, date and case", where=path, do=_LOCK_AGAIN
        ) from error
    columns = [*register(study, numbers, days, chosen), pa.array(pseudonyms, pa.string()), pa.array(cases, pa.string())]
    return pa.table(columns, schema=CODEBOOK)


def _entry(study: Study, cells: list[str], columns: int) -> tuple[int, int, int, str, str]:
    """Read one line of the pipeline's part: number, day and occasion as `register` takes them, and the pseudonyms of
    conference and child, the latter empty where there is none.

    Raises ValueError, whose message doesn't quote the line, for anything else than its `columns`.
    """
    if len(cells) != columns:
        raise ValueError("not a codebook entry")
    number, pseudonym, occasion, date, case = (*cells, "")[: len(PIPELINE_COLUMNS)]
    # A pseudonym of digits alone could be a conference number that slipped into its place.
    if not _PSEUDONYM.fullmatch(pseudonym) or (case and not _CASE.fullmatch(case)):
        raise ValueError("not a codebook entry")
    return conference_number(number), day_of(date), list(occasions(study)).index(occasion), pseudonym, case
