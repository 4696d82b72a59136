"""What a codebook says about each conference, and how that is written and locked. Opening it is the vault's job."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyrage

from frs_pipeline.intake.ledger import REGISTER
from frs_pipeline.study import Study
from frs_pipeline.study.about import about

FULL_COLUMNS = ("personal_number", "conference_number", "conference_id", "occasion", "date", "case_id")
PIPELINE_COLUMNS = FULL_COLUMNS[1:]
# A codebook that was locked before children had pseudonyms of their own ends with the date.
OLDER_COLUMNS = len(FULL_COLUMNS) - 1
CODEBOOK = REGISTER.append(pa.field("conference_id", pa.string(), nullable=False)).append(pa.field("case_id", pa.string()))


def codebook_schema(study: Study) -> pa.Schema:
    """Return what is known of each conference: `CODEBOOK`, or, where there are no registers, its number and pseudonym only."""
    known = CODEBOOK.names if about(study).registers else ("conference_number", "conference_id")
    return pa.schema([CODEBOOK.field(name) for name in known])


_DANISH = re.compile(r"[0-9]{6}-[0-9]{4}", re.ASCII)


def child_of(personal_number: str) -> str:
    """Return a personal number as it is told from others: the Danish one without its hyphen, which may be written or not."""
    return personal_number.replace("-", "") if _DANISH.fullmatch(personal_number) else personal_number


@dataclass(frozen=True)
class Entry:
    """One conference of the codebook. `date` is ISO, `occasion` its name in the study.

    `case_id` is the pseudonym of the child; empty in a codebook that was locked before children had one.
    """

    personal_number: str
    conference_number: int
    conference_id: str
    occasion: str
    date: str
    case_id: str = ""


def plain(entries: Sequence[Entry], columns: Sequence[str]) -> str:
    """Write `columns` of the entries as CSV: what is inside a codebook file."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([getattr(entry, column) for column in columns] for entry in entries)
    return text.getvalue()


def lock(text: str, recipients: Sequence[str]) -> bytes:
    """Encrypt `text` as an age file that only `recipients` (age1…) can open."""
    return bytes(pyrage.encrypt(text.encode(), [pyrage.x25519.Recipient.from_str(r) for r in recipients]))
