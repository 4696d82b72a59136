"""From a child to its conferences and their forms, for whoever asks what is held about it: with a key, a reason and a trace."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from frs_pipeline.codebook.access import traced
from frs_pipeline.codebook.entries import Entry, child_of
from frs_pipeline.codebook.opening import open_full, require_own
from frs_pipeline.codebook.vault import CONTROLLERS_KEY, is_personal_number
from frs_pipeline.errors import UsageError
from frs_pipeline.intake.delivery import form_id, forms_meant, withdrawals_of
from frs_pipeline.intake.readers.parsing import respondents
from frs_pipeline.intake.readers.surveyxact import read_export
from frs_pipeline.intake.withdrawals import CONFERENCES, Withdrawal, Withdrawals
from frs_pipeline.store.deliveries import sha256
from frs_pipeline.store.files import Store
from frs_pipeline.study.about import about
from frs_pipeline.study.instruments import instruments
from frs_pipeline.study.questionnaires import questionnaires


@dataclass(frozen=True)
class HeldForm:
    """A form in the exports, accepted or set aside; `withdrawn` if it was withdrawn before."""

    form: str
    instrument: str
    withdrawn: bool


@dataclass(frozen=True)
class HeldConference:
    """One conference of the child, and the forms that either keying of the number assigns to it."""

    conference_number: int
    conference_id: str
    occasion: str
    date: str
    forms: tuple[HeldForm, ...]


@dataclass(frozen=True)
class OfChild:
    """What is held of a child: its conferences by date, `naming`, ids of forms on which its personal number was keyed, and
    its pseudonym, empty where the codebook has none."""

    conferences: tuple[HeldConference, ...]
    naming: tuple[str, ...]
    case_id: str = ""


def find(store: Store, personal_number: str, codebook: Path, identity: Path | None, why: str) -> OfChild:
    """Find what a delivery holds about a child; no conference for one that the controllers' `codebook` doesn't know.

    Raises `FrsError`, and finds nothing at all, without a reason, without a key that opens the codebook, with the codebook
    of another delivery, for anything but a personal number (which isn't repeated), and when the journal can't be written.
    """
    details = {"delivery": store.delivery}
    with traced(store.settings.access_journal, "find", why, details) as trace:
        if identity is None:
            raise UsageError("no key for the codebook", where="find", do=CONTROLLERS_KEY)
        if not is_personal_number(store.study, personal_number):
            danish = about(store.study).personal_id.kind == "danish_cpr"
            do = "write six digits, a hyphen if you like, and four" if danish else "write it as study.yaml has it: personal_id"
            raise UsageError("not a personal number", where="find", do=do)
        entries = open_full(store, codebook, identity)
        require_own(store, entries, codebook)
        wanted = child_of(personal_number)
        mine = [entry for entry in entries if child_of(entry.personal_number) == wanted]
        mine.sort(key=lambda entry: (entry.date, entry.conference_number))
        conferences = tuple(
            HeldConference(e.conference_number, e.conference_id, e.occasion, e.date, _forms(store, e, entries)) for e in mine
        )
        naming = _naming(store, wanted)
        listed = [form.form for conference in conferences for form in conference.forms]
        trace.note({**details, "forms": list(dict.fromkeys([*listed, *naming])), "codebook": sha256(codebook)})
    return OfChild(conferences, naming, next((entry.case_id for entry in mine), ""))


def _forms(store: Store, conference: Entry, entries: Sequence[Entry]) -> tuple[HeldForm, ...]:
    wanted = Withdrawals((Withdrawal("", conference.conference_id, "", "", dt.date.min, ""),), _numbers([conference]))
    earlier = withdrawals_of(store)
    named = {entry.conference for entry in earlier}
    gone = Withdrawals(earlier, _numbers([entry for entry in entries if entry.conference_id in named]))
    return tuple(
        HeldForm(form, instrument, out is not None)
        for instrument in instruments(store.study)
        for form, out in forms_meant(store, instrument, wanted, gone).items()
    )


def _naming(store: Store, number: str) -> tuple[str, ...]:
    """List the forms with a cell that contains a personal number: the Danish one with or without hyphen and blanks."""
    if about(store.study).personal_id.kind == "danish_cpr":
        pattern = rf"(?:^|[^0-9]){number[:6]}[ -]*{number[6:]}(?:$|[^0-9])"
    else:
        pattern = rf"(?:^|[^0-9A-Za-z]){re.escape(number)}(?:$|[^0-9A-Za-z])"
    forms = []
    for instrument in instruments(store.study):
        questionnaire = questionnaires(store.study)[instrument]
        prefix, known_by = questionnaire.form_prefix, questionnaire.forms
        for chunk in read_export(store.study, store.raw(instrument)).chunks():
            hits = np.zeros(len(chunk.lines), dtype=bool)
            for column in chunk.cells.columns:
                hits |= pc.match_substring_regex(column, pattern).fill_null(False).to_numpy()
            ids = respondents(known_by, chunk.cells)
            forms += [form_id(prefix, int(ids[row]), int(chunk.lines[row])) for row in np.flatnonzero(hits)]
    return tuple(forms)


def _numbers(entries: Sequence[Entry]) -> pa.Table:
    return pa.Table.from_pylist([{name: getattr(entry, name) for name in CONFERENCES.names} for entry in entries], CONFERENCES)
