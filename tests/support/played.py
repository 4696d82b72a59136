"""The collection of the shipped forms, played: each day an export of what had come in by then, and the ledger as it was.

The shipped forms were made up at once, in a few weeks. Here they come in after their conference: all forms of a conference and a
questionnaire together some days later, as far apart from each other as they were made. Forms whose number no conference has, come
when they were keyed.
"""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
import shutil
from pathlib import Path

from support.shipped import RAW

TIMES = ("created", "modified", "closetim", "starttim")
INSTRUMENTS = ("participant_first", "participant_followup", "initiator", "coordinator")
FIRST, LAST = dt.date(2018, 2, 2), dt.date(2021, 1, 15)
_MOST_DAYS = 75


def _rows(path: Path, encoding: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(path.read_text(encoding=encoding), newline=""), delimiter=";"))


class Played:
    """All forms with the times at which they come in, and all entries of the ledger."""

    def __init__(self) -> None:
        self.ledger = _rows(RAW / "kontering.csv", "utf-8")
        held = {row[0]: dt.date.fromisoformat(row[1]) for row in self.ledger[1:]}
        self.forms: dict[str, list[list[str]]] = {}
        for name in INSTRUMENTS:
            header, *rows = _rows(RAW / name / "dataset.csv", "cp1252")
            first: dict[str, dt.datetime] = {}
            number, created = header.index("raadsnr"), header.index("created")
            for row in rows:
                at = dt.datetime.fromisoformat(row[created])
                first[row[number]] = min(at, first.get(row[number], at))
            for row in rows:
                if row[number] not in held:
                    continue
                comes = held[row[number]] + dt.timedelta(days=_lag(name, row[number]))
                by = comes - first[row[number]].date()
                for column in TIMES:
                    place = header.index(column)
                    row[place] = str(dt.datetime.fromisoformat(row[place]) + by)
            self.forms[name] = [header, *rows]

    def export(self, day: dt.date, folder: Path) -> Path:
        """Write the export of a day: what was closed by its end."""
        place = folder / str(day)
        for name, (header, *rows) in self.forms.items():
            (place / name).mkdir(parents=True)
            closed = header.index("closetim")
            write(place / name / "dataset.csv", [header, *(row for row in rows if row[closed][:10] <= str(day))])
            for part in ("structure.csv", "labels.csv"):
                shutil.copy(RAW / name / part, place / name / part)
        write(place / "kontering.csv", [self.ledger[0], *(row for row in self.ledger[1:] if row[1] <= str(day))], "utf-8")
        return place


def _lag(name: str, number: str) -> int:
    """Days from a conference to its forms: from none to ten weeks, the same every time."""
    return int(hashlib.sha256(f"{name} {number}".encode()).hexdigest(), 16) % _MOST_DAYS


def write(path: Path, rows: list[list[str]], encoding: str = "cp1252") -> None:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=";", lineterminator="\r\n").writerows(rows)
    path.write_bytes(text.getvalue().encode(encoding))


def alter(place: Path, at: int, **cells: str) -> str:
    """Change cells of one form of an export (counted from 0); return its respondent id."""
    header, *rows = _rows(place / "dataset.csv", "cp1252")
    for column, value in cells.items():
        rows[at][header.index(column)] = value
    write(place / "dataset.csv", [header, *rows])
    return rows[at][header.index("responde")]


def take_out(place: Path, at: int) -> str:
    """Take one form out of an export; return its respondent id."""
    header, *rows = _rows(place / "dataset.csv", "cp1252")
    gone = rows.pop(at)
    write(place / "dataset.csv", [header, *rows])
    return gone[header.index("responde")]
