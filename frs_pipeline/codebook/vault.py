"""The codebook as age files: plain text in memory only.

Two files are kept apart. The controllers' file holds the personal numbers; the pipeline's file holds what a
refresh needs (conference number, pseudonym, occasion, date) and no personal number, so that the key which
the pipeline holds can open no one's identity.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyrage

from frs_pipeline.errors import InputError
from frs_pipeline.exports.ledger import OCCASIONS, REGISTER, conference_number

FULL_COLUMNS = ("personal_number", "conference_number", "conference_id", "occasion", "date")
PIPELINE_COLUMNS = FULL_COLUMNS[1:]
_PSEUDONYM = re.compile(r"[A-Za-z][A-Za-z0-9-]{5,30}")
CODEBOOK = REGISTER.append(pa.field("conference_id", pa.string(), nullable=False))


@dataclass(frozen=True)
class Entry:
    """One conference of the codebook. `date` is ISO, `occasion` first or followup."""

    personal_number: str
    conference_number: int
    conference_id: str
    occasion: str
    date: str


def plain(entries: Sequence[Entry], columns: Sequence[str]) -> str:
    """`columns` of the entries as CSV: what is inside a codebook file."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([getattr(entry, column) for column in columns] for entry in entries)
    return text.getvalue()


def lock(text: str, recipients: Sequence[str]) -> bytes:
    """`text` as an age file that only `recipients` (age1…) can open."""
    return bytes(pyrage.encrypt(text.encode(), [pyrage.x25519.Recipient.from_str(r) for r in recipients]))


def open_plain(path: Path, key: Path) -> str:
    """Plain text of an age file. Raises `InputError` when the file or the key is missing, wrong or altered."""
    try:
        identities = [
            pyrage.x25519.Identity.from_str(line.strip())
            for line in key.read_text(encoding="ascii").splitlines()
            if line.startswith("AGE-SECRET-KEY-")
        ]
    except FileNotFoundError as error:
        raise InputError("no key for the codebook", where=key, do="set FRS_KEY_FILE to the pipeline's age identity") from error
    except (OSError, ValueError, pyrage.IdentityError) as error:
        raise InputError("not an age identity", where=key, do="set FRS_KEY_FILE to the pipeline's age identity") from error
    if not identities:
        raise InputError("holds no age identity", where=key, do="set FRS_KEY_FILE to the pipeline's age identity")
    try:
        return bytes(pyrage.decrypt(path.read_bytes(), identities)).decode()
    except FileNotFoundError as error:
        raise InputError("missing file", where=path, do="ask the controllers for the codebook") from error
    except (OSError, pyrage.DecryptError, UnicodeDecodeError) as error:
        raise InputError("doesn't open with this key, or was altered", where=path, do=f"check the key {key}") from error


def read_codebook(path: Path, key: Path) -> pa.Table:
    """The pipeline's part of the codebook (`CODEBOOK`), by conference number. Raises `InputError`."""
    do = "lock the codebook again"
    try:
        rows = list(csv.reader(io.StringIO(open_plain(path, key), newline="")))
    except csv.Error as error:
        raise InputError("isn't the pipeline's part of a codebook", where=path, do=do) from error
    if len(rows) < 2 or tuple(rows[0]) != PIPELINE_COLUMNS:
        raise InputError("isn't the pipeline's part of a codebook", where=path, do=do)
    try:
        entries = [_entry(cells) for cells in rows[1:]]
    except ValueError as error:
        raise InputError("holds an entry that isn't number, pseudonym, occasion and date", where=path, do=do) from error
    table = pa.Table.from_pylist(entries, schema=CODEBOOK).sort_by("conference_number")
    for column in ("conference_number", "conference_id"):
        if len(table[column].unique()) != table.num_rows:
            raise InputError(f"has the same {column} twice", where=path, do=do)
    return table


def _entry(cells: list[str]) -> dict[str, object]:
    """One line of the pipeline's part. Raises ValueError, without its text, for anything else."""
    number, pseudonym, occasion, date = cells
    # A pseudonym of digits alone could be a conference number that slipped into its place.
    if not _PSEUDONYM.fullmatch(pseudonym) or occasion not in OCCASIONS.values():
        raise ValueError("not a codebook entry")
    return {
        "conference_number": conference_number(number),
        "date": dt.date.fromisoformat(date),
        "occasion": occasion,
        "conference_id": pseudonym,
    }
