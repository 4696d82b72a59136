"""Withdrawn forms: withdrawals.csv, which lies beside the exports and says which forms to exclude from everything.

Exports are never edited. A withdrawn form is taken out before anything is judged: a delivery with withdrawn forms gives
what the same delivery gives without their rows, and nothing of them is kept aside either.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from frs_pipeline.errors import InputError
from frs_pipeline.intake.amendments import Correction, Exceptions, OfForm, amendment_rows, is_form_id
from frs_pipeline.study.questionnaires import Questionnaire

WITHDRAWAL_COLUMNS = ("form", "conference", "reason", "who", "when")
# Conferences of which everything is withdrawn.
CONFERENCES = pa.schema(
    [pa.field("conference_number", pa.int32(), nullable=False), pa.field("conference_id", pa.string(), nullable=False)]
)
# How many forms were taken out of an export: no id, no line, nothing that leads to one of them.
WITHDRAWN = pa.schema([("instrument", pa.string()), ("reason", pa.string()), ("forms", pa.int64())])
_TAKE_OUT = "correct or take out the line"


@dataclass(frozen=True)
class Withdrawal(OfForm):
    """One form, or (with a blank `form`) all of a conference, named by its pseudonym. `where` is the line that says so."""

    form: str
    conference: str
    reason: str
    who: str
    when: dt.date
    where: str


@dataclass(frozen=True)
class Withdrawals:
    """All withdrawals of a delivery; `conferences` (`CONFERENCES`) are the numbers of the conferences among them."""

    entries: tuple[Withdrawal, ...] = ()
    conferences: pa.Table = field(default_factory=CONFERENCES.empty_table)

    def __post_init__(self) -> None:
        _require_known(self.entries, set(self.conferences["conference_id"].to_pylist()))

    def forms(self, prefix: str) -> list[Withdrawal]:
        """Return the withdrawals of single forms of one questionnaire."""
        return [entry for entry in self.entries if entry.form and entry.prefix == prefix]

    def rows(self, questionnaire: Questionnaire, lines: np.ndarray, cells: pa.Table) -> dict[int, Withdrawal]:
        """Return which rows of a questionnaire's chunk (`cells` as text, corrections made) are withdrawn, and by what.

        A form is its conference's when either keying of the number says so: where they differ it can't be counted, but
        might be the family's.
        """
        # Imported here because it brings in pandas, which isn't needed for the ledger alone.
        from frs_pipeline.intake.readers.parsing import codes, respondents

        out: dict[int, Withdrawal] = {}
        by_id = {entry.conference: entry for entry in self.entries if entry.conference}
        if by_id:
            of_number = {n: by_id[i] for n, i in zip(*self.conferences.to_pydict().values(), strict=True) if i in by_id}
            for column in questionnaire.forms.numbers:
                values = codes(cells[column]).values
                out.update({int(row): of_number[int(values[row])] for row in np.flatnonzero(np.isin(values, list(of_number)))})
        ids = respondents(questionnaire.forms, cells)
        for entry in self.forms(questionnaire.form_prefix):
            out.update(dict.fromkeys(np.flatnonzero(entry.rows(ids, lines)).tolist(), entry))
        return out


def read_withdrawals(path: Path, prefixes: Sequence[str]) -> tuple[Withdrawal, ...]:
    """Read withdrawals in the order of the file; none when there is no file. Raises `InputError` with file and line.

    `prefixes` are those of the questionnaires' form ids.
    """
    withdrawals: dict[tuple[str, str], Withdrawal] = {}
    for where, cells, when in amendment_rows(path, WITHDRAWAL_COLUMNS):
        form, conference, reason, who, _ = cells
        if bool(form) == bool(conference):
            raise InputError("one of form and conference is needed", where=where, do="fill in the one that is withdrawn")
        if form and not is_form_id(form, prefixes):
            raise InputError("not a form id", where=where, do=f"write it as {prefixes[0]}-12345, as frs quarantine does")
        if conference.isdigit():
            raise InputError("a number isn't a pseudonym", where=where, do="name the conference by its pseudonym")
        if not (reason and who):
            raise InputError("reason and who are needed", where=where, do="fill them in")
        if (form, conference) in withdrawals:
            raise InputError("was withdrawn in an earlier line", where=where, do="take out the line")
        withdrawals[form, conference] = Withdrawal(form, conference, reason, who, when, where)
    return tuple(withdrawals.values())


def withdrawn_conferences(withdrawals: Iterable[Withdrawal], codebook: pa.Table) -> pa.Table:
    """Return the conferences withdrawn as a whole, by number (`CONFERENCES`). Raises `InputError` for an unknown pseudonym."""
    entries = [entry for entry in withdrawals if entry.conference]
    mine = pc.is_in(codebook["conference_id"], value_set=pa.array([entry.conference for entry in entries], pa.string()))
    conferences = codebook.filter(mine).select(CONFERENCES.names).cast(CONFERENCES).sort_by("conference_number").combine_chunks()
    _require_known(entries, set(conferences["conference_id"].to_pylist()))
    return conferences


def held_conferences(register: pa.Table, withdrawn: pa.Table) -> pa.Table:
    """Return a register without the withdrawn conferences, as if they had never taken place."""
    if not withdrawn.num_rows:
        return register
    gone = pc.is_in(register["conference_number"], value_set=withdrawn["conference_number"])
    return register.filter(pc.invert(gone)).combine_chunks()


class OfAForm(Protocol):
    """A line about a form, and where it stands."""

    @property
    def form(self) -> str:
        """The form's id."""

    @property
    def where(self) -> str:
        """File and line."""


def refuse_other_amendments(
    withdrawals: Iterable[Withdrawal],
    corrections: Iterable[Correction],
    exceptions: Exceptions,
    decisions: Iterable[OfAForm] = (),
) -> None:
    """Raise `InputError` when a form that is withdrawn by its id is also corrected, accepted or decided about somewhere.

    Such a line holds answers of a form, or reasons about it, of which nothing is to stay.
    """
    forms = {entry.form for entry in withdrawals if entry.form}
    others: list[OfAForm] = [*corrections, *exceptions.accepted, *decisions]
    where = next((one.where for one in others if one.form in forms), None)
    if where is not None:
        raise InputError("the form is withdrawn", where=where, do="take out the line")


def require_found(withdrawals: Iterable[Withdrawal], left: Mapping[Withdrawal, int]) -> None:
    """Raise `InputError` for the first withdrawal of a form that the export doesn't have; `left` are forms taken out."""
    for entry in withdrawals:
        if not left.get(entry):
            raise InputError("there is no such form in the export", where=entry.where, do=_TAKE_OUT)


def counted(instrument: str, left: Mapping[Withdrawal, int]) -> pa.Table:
    """Return the number of forms taken out, by reason (`WITHDRAWN`)."""
    by_reason: Counter[str] = Counter()
    for entry, forms in left.items():
        by_reason[entry.reason] += forms
    rows = [{"instrument": instrument, "reason": reason, "forms": forms} for reason, forms in sorted(by_reason.items())]
    return pa.Table.from_pylist(rows, schema=WITHDRAWN)


def _require_known(entries: Iterable[Withdrawal], known: set[str]) -> None:
    for entry in entries:
        if entry.conference and entry.conference not in known:
            raise InputError("the codebook has no such conference", where=entry.where, do=_TAKE_OUT)
