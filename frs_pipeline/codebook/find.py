"""From a child to its conferences and their forms, for who asks what is held about it: with a key, a reason and a trace."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from frs_pipeline.codebook.access import traced
from frs_pipeline.codebook.vault import CONTROLLERS_KEY, Entry, is_personal_number, read_full
from frs_pipeline.deliveries import sha256
from frs_pipeline.errors import UsageError
from frs_pipeline.exports.withdrawals import CONFERENCES, Withdrawal, Withdrawals
from frs_pipeline.intake import forms_meant, withdrawals_of
from frs_pipeline.questionnaires import instruments
from frs_pipeline.storage import Store


@dataclass(frozen=True)
class HeldForm:
    """A form in the exports, accepted or set aside, or `withdrawn` before."""

    form: str
    instrument: str
    withdrawn: bool


@dataclass(frozen=True)
class HeldConference:
    """One conference of the child, and the forms of which either keying of the number is its own."""

    conference_number: int
    conference_id: str
    occasion: str
    date: str
    forms: tuple[HeldForm, ...]


def find(store: Store, personal_number: str, codebook: Path, identity: Path | None, why: str) -> list[HeldConference]:
    """What a delivery holds of a child, by date; nothing for a child that the controllers' `codebook` doesn't know.

    Raises `FrsError`, and finds nothing at all, without a reason, without a key that opens the codebook, for what is no
    personal number (which isn't repeated), and when the journal can't take the entry.
    """
    details = {"delivery": store.delivery}
    with traced(store.settings.access_journal, "find", why, details) as trace:
        if identity is None:
            raise UsageError("no key for the codebook", where="find", do=CONTROLLERS_KEY)
        if not is_personal_number(personal_number):
            raise UsageError("not a personal number", where="find", do="write six digits, a hyphen if you like, and four")
        entries = read_full(codebook, identity)
        wanted = personal_number.replace("-", "")
        mine = [entry for entry in entries if entry.personal_number.replace("-", "") == wanted]
        forms = _forms(store, mine, entries)
        listed = [held.form for conference in forms.values() for held in conference]
        trace.note({**details, "forms": listed, "codebook": sha256(codebook)})
    found = [
        HeldConference(e.conference_number, e.conference_id, e.occasion, e.date, tuple(forms[e.conference_id])) for e in mine
    ]
    return sorted(found, key=lambda conference: (conference.date, conference.conference_number))


def _forms(store: Store, mine: Sequence[Entry], entries: Sequence[Entry]) -> dict[str, list[HeldForm]]:
    """Forms by pseudonym of the conference."""
    found: dict[str, list[HeldForm]] = {entry.conference_id: [] for entry in mine}
    if not mine:
        return found
    asked = tuple(Withdrawal("", entry.conference_id, "", "", dt.date.min, "") for entry in mine)
    wanted = Withdrawals(asked, _numbers(mine))
    earlier = withdrawals_of(store)
    named = {entry.conference for entry in earlier}
    gone = Withdrawals(earlier, _numbers([entry for entry in entries if entry.conference_id in named]))
    for instrument in instruments():
        for form, (of, out) in forms_meant(store, instrument, wanted, gone).items():
            found[of.conference].append(HeldForm(form, instrument, out is not None))
    return found


def _numbers(entries: Sequence[Entry]) -> pa.Table:
    return pa.Table.from_pylist([{name: getattr(entry, name) for name in CONFERENCES.names} for entry in entries], CONFERENCES)
