"""Every tenth conference that is finished is gone through: which, by whom, and with what result.

A number is chosen by itself, from the seed: what was chosen stays chosen however many conferences follow, and a ledger entry
that comes late moves nobody else's place. So it is about every tenth, not exactly.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from frs_pipeline.codebook.access import traced
from frs_pipeline.collection.interim import Interim, require_ledger
from frs_pipeline.collection.state import Held, State, state_of
from frs_pipeline.errors import CheckFailed, InputError, UsageError
from frs_pipeline.intake.ledger import conference_number
from frs_pipeline.intake.readers.handkept import dates, kept_rows
from frs_pipeline.intake.readers.worksheets import as_sheet, read_back
from frs_pipeline.personal_numbers import holds_personal_number
from frs_pipeline.store.files import atomic, private_folder
from frs_pipeline.store.settings import Settings

EVERY = 10
DRAWN, RECORDED = "reconciliation.json", "reconciled.csv"
COLUMNS = ("number", "result", "note", "who", "when")
# All fits; something didn't and was put right; something doesn't, and is still open.
Result = Literal["fits", "corrected", "open"]
RESULTS: tuple[Result, ...] = get_args(Result)


@dataclass(frozen=True)
class Checked:
    """What came of going through a conference. The last line about one holds."""

    number: int
    result: Result
    note: str
    who: str
    when: dt.date


@dataclass(frozen=True)
class Reconciliation:
    """The finished conferences that were chosen, and what came of each that was gone through."""

    seed: int
    finished: int
    chosen: tuple[Held, ...]
    checked: dict[int, Checked]

    @property
    def open(self) -> tuple[Held, ...]:
        """Those that nobody has gone through yet."""
        return tuple(one for one in self.chosen if one.number not in self.checked)


def folder_of(settings: Settings) -> Path:
    """Return the folder of what people wrote down while forms came in: it belongs to no single delivery."""
    return settings.decided("collection")


def is_chosen(seed: int, number: int, every: int = EVERY) -> bool:
    """Tell whether a conference is one of about every tenth, by the seed and its number alone."""
    drawn = hashlib.sha256(f"reconcile {seed} {number}".encode()).digest()
    return int.from_bytes(drawn[:8]) % every == 0


def seed_of(settings: Settings) -> int | None:
    """Read the seed that was laid down; None where nobody has. Raises `InputError` for a file that doesn't say one."""
    path = folder_of(settings) / DRAWN
    if not path.exists():
        return None
    try:
        seed = json.loads(path.read_bytes())["seed"]
        if not isinstance(seed, int):
            raise TypeError
    except (OSError, ValueError, KeyError, TypeError):
        raise InputError("doesn't say a seed", where=path, do="take it from the backup") from None
    return seed


def lay_down(settings: Settings, seed: int, why: str) -> None:
    """Keep the seed by which conferences are chosen. Raises `UsageError` for another one: nobody draws until it suits."""
    with traced(settings.access_journal, "collect draw", why, {"seed": seed}) as trace:
        require_ledger(settings.study)
        known = seed_of(settings)
        if known is not None and known != seed:
            do = "leave out --seed; what was drawn stays drawn"
            raise UsageError("a seed was laid down already", where=folder_of(settings) / DRAWN, do=do)
        trace.note({"seed": seed})
        if known is None:
            private_folder(folder_of(settings), settings.data / "decided")
            with atomic(folder_of(settings) / DRAWN, private=True) as file:
                file.write((json.dumps({"seed": seed, "every": EVERY}) + "\n").encode())


def recorded(settings: Settings) -> dict[int, Checked]:
    """Read what came of conferences that were gone through, by number. Raises `InputError` with file and line."""
    path = folder_of(settings) / RECORDED
    if not path.exists():
        return {}
    rows = [(line, [cell.strip() for cell in cells]) for line, cells in kept_rows(path, COLUMNS, "correct it") if any(cells)]
    wheres = [f"{path}:{line}" for line, _ in rows]
    for where, (_, cells) in zip(wheres, rows, strict=True):
        if len(cells) != len(COLUMNS) or cells[1] not in RESULTS:
            what = f"not a number, one of {', '.join(RESULTS)}, a note, who and when"
            raise InputError(what, where=where, do="correct the line")
    days = dates(wheres, [cells[-1] for _, cells in rows], "write it as 2020-11-30")
    checked = {}
    for where, (_, (number, result, note, who, _)), day in zip(wheres, rows, days, strict=True):
        try:
            one = Checked(conference_number(number), next(r for r in RESULTS if r == result), note, who, day)
        except ValueError:
            raise InputError("not a number of a conference", where=where, do="correct the line") from None
        checked[one.number] = one
    return checked


def reconciliation(state: State, seed: int) -> Reconciliation:
    """Return which of the finished conferences (those that lack nobody's form) were chosen, and what came of them."""
    finished = [one for one in state.held if not one.lacks]
    chosen = sorted((one for one in finished if is_chosen(seed, one.number)), key=lambda one: (one.day, one.number))
    return Reconciliation(seed, len(finished), tuple(chosen), recorded(state.interim.settings))


def drawn(interim: Interim, why: str) -> Reconciliation:
    """Return the choice by number, and note in the journal that somebody asked. Raises `FrsError` where no seed was laid down."""
    details = {"export": interim.name}
    with traced(interim.settings.access_journal, "collect draw", why, details) as trace:
        seed = seed_of(interim.settings)
        if seed is None:
            raise UsageError("no seed was laid down", where="collect draw", do="give --seed once; it stays")
        made = reconciliation(state_of(interim), seed)
        trace.note({**details, "chosen": len(made.chosen), "open": len(made.open)})
    return made


def worksheet(made: Reconciliation) -> bytes:
    """Write the chosen conferences, a line each, with what came of those that were gone through."""
    rows = []
    for one in made.chosen:
        done = made.checked.get(one.number)
        rows.append(
            [
                str(one.number),
                str(one.day),
                one.occasion,
                *((done.result, done.note, done.who, str(done.when)) if done else [""] * 4),
            ]
        )
    return as_sheet(("number", "date", "occasion", *COLUMNS[1:]), rows)


def record(interim: Interim, number: int, result: Result, note: str, why: str, day: dt.date) -> Checked:
    """Write down what came of going through a conference, on a `day`.

    Raises `FrsError`, and writes nothing, without a reason, for a conference that wasn't chosen or isn't finished, for a note
    with a personal number, and when the journal can't be written.
    """
    settings = interim.settings
    with traced(settings.access_journal, "collect record", why, {"export": interim.name}) as trace:
        if holds_personal_number(note):
            raise UsageError("the note holds a personal number", where="--note", do="name a form id or a role instead")
        if any(letter in note for letter in "\r\n"):
            raise UsageError("the note has more than one line", where="--note", do="write it in one")
        seed = seed_of(settings)
        if seed is None:
            raise UsageError("no seed was laid down", where="collect record", do="frs collect draw --seed … chooses first")
        made = reconciliation(state_of(interim), seed)
        if number not in {one.number for one in made.chosen}:
            # Whether there is such a conference isn't said.
            raise CheckFailed("isn't one of those to go through", where="collect record", do="frs collect draw lists them")
        one = Checked(number, result, note, trace.who, day)
        trace.note({"export": interim.name, "result": result, "conference": number})
        private_folder(folder_of(settings), settings.data / "decided")
        with _alone(settings):
            lines = [*_lines(settings), [str(number), result, note, one.who, str(day)]]
            with atomic(folder_of(settings) / RECORDED, private=True) as file:
                file.write(read_back(COLUMNS, lines))
    return one


@contextmanager
def _alone(settings: Settings) -> Iterator[None]:
    """Wait until nobody else writes into the sheet."""
    with (folder_of(settings) / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _lines(settings: Settings) -> list[list[str]]:
    """Return the lines of the sheet as they are: nothing that somebody wrote down is written over."""
    path = folder_of(settings) / RECORDED
    return [cells for _, cells in kept_rows(path, COLUMNS, "correct it") if any(cells)] if path.exists() else []
