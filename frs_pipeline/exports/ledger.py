"""The accounting records (kontering): which conferences were held, when, first or follow-up."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from pathlib import Path

import pyarrow as pa

from frs_pipeline.errors import InputError

COLUMNS = ("raadslagningsnummer", "dato", "anledning")
OCCASIONS = {"rådslagning": "first", "opfølgning": "followup"}
_NUMBER = re.compile(r"[0-9]{1,9}")
REGISTER = pa.schema(
    [
        pa.field("conference_number", pa.int32(), nullable=False),
        pa.field("date", pa.date32(), nullable=False),
        pa.field("occasion", pa.string(), nullable=False),
    ]
)


def conference_number(text: str) -> int:
    """A conference number as registers write it: up to nine digits. Raises ValueError, without the text."""
    if not _NUMBER.fullmatch(text):
        raise ValueError("not a conference number")
    return int(text)


def read_ledger(path: Path) -> pa.Table:
    """Entries of kontering.csv (UTF-8, semicolons) as `REGISTER`. Raises `InputError` with the line that is wrong."""
    do = "correct the ledger; the last good result stays"
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise InputError("missing file", where=path, do="ask for the delivery again") from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise InputError("cannot be read as UTF-8", where=f"{path}:{line}", do=do) from error
    except OSError as error:
        raise InputError("cannot be read as UTF-8", where=path, do=do) from error
    rows: list[list[str]] = []
    try:
        rows.extend(csv.reader(io.StringIO(text, newline=""), delimiter=";"))
    except csv.Error as error:
        raise InputError("not a CSV file", where=f"{path}:{len(rows) + 1}", do=do) from error
    if not rows or tuple(rows[0]) != COLUMNS:
        raise InputError(f"the header isn't {';'.join(COLUMNS)}", where=f"{path}:1", do=do)
    entries = []
    seen: set[int] = set()
    for line, cells in enumerate(rows[1:], start=2):
        if not any(cells):
            continue  # spreadsheets leave a blank line at the end
        try:
            number, date, occasion = cells
            entry = {
                "conference_number": conference_number(number),
                "date": dt.date.fromisoformat(date),
                "occasion": OCCASIONS[occasion],
            }
        except (ValueError, KeyError) as error:
            raise InputError("not a number, a date and an occasion", where=f"{path}:{line}", do=do) from error
        if entry["conference_number"] in seen:
            raise InputError("the same conference stands twice", where=f"{path}:{line}", do=do)
        seen.add(conference_number(number))
        entries.append(entry)
    return pa.Table.from_pylist(entries, schema=REGISTER).sort_by("conference_number")
