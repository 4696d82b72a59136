"""What people decided about a delivery's forms: corrections.csv and exceptions.csv, which lie beside the exports.

Exports are never edited. A wrong cell is corrected by a line that says what it holds and what it should hold; a finding
that is no fault is accepted by a line that says why, by whom, and until when.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from frs_pipeline.errors import InputError
from frs_pipeline.intake.readers.handkept import dates, kept_rows
from frs_pipeline.personal_numbers import holds_personal_number
from frs_pipeline.study.rules import Policy

CORRECTION_COLUMNS = ("form", "column", "old", "new", "reason", "who", "when")
EXCEPTION_COLUMNS = ("form", "rule", "column", "reason", "who", "expires")
_FORM = re.compile(r"(?P<prefix>[A-Z]{2})-(?:(?P<respondent>[0-9]{1,9})|line(?P<line>[0-9]{1,9}))")


class OfForm:
    """Something about one form, whose id is `form`."""

    form: str

    @property
    def prefix(self) -> str:
        return self.form[:2]

    @property
    def respondent(self) -> str | None:
        return _FORM.fullmatch(self.form)["respondent"]  # type: ignore[index]

    @property
    def line(self) -> int:
        """Line of a form that has no readable respondent id."""
        return int(_FORM.fullmatch(self.form)["line"])  # type: ignore[index]

    def rows(self, respondents: np.ndarray, lines: np.ndarray) -> np.ndarray:
        """Return which rows of its questionnaire are the form, by their respondent ids (-1 where unreadable) and lines."""
        if self.respondent:
            return np.asarray(respondents == int(self.respondent))
        return np.asarray((respondents < 0) & (lines == self.line))


@dataclass(frozen=True)
class Correction(OfForm):
    """One cell of one form: what the export says, and what it should say. `where` is the line that says so."""

    form: str
    column: str
    old: str
    new: str
    reason: str
    who: str
    when: dt.date
    where: str


@dataclass(frozen=True)
class Accepted:
    """A finding that may stay. `form` is a form id, for registers a conference number, blank for a whole export.

    `where` is the line that says so.
    """

    form: str
    rule: str
    column: str
    reason: str
    who: str
    expires: dt.date
    where: str = ""

    @property
    def place(self) -> tuple[str, int | None]:
        """Name of the file that says so, and the line."""
        path, _, line = self.where.rpartition(":")
        return Path(path).name, int(line) if line else None


@dataclass(frozen=True)
class Exceptions:
    """Accepted findings that hold on the day of the delivery."""

    accepted: tuple[Accepted, ...] = ()

    def of(self, rule: str, form: str, column: str) -> Accepted | None:
        """Return the acceptance of a finding, if there is one; a blank column in exceptions.csv means any."""
        return next((a for a in self.accepted if (a.rule, a.form) == (rule, form) and a.column in ("", column)), None)

    def rules(self) -> set[str]:
        return {accepted.rule for accepted in self.accepted}


def read_corrections(path: Path, prefixes: tuple[str, ...], until: dt.date | None = None) -> tuple[Correction, ...]:
    """Read corrections in the order of the file; none when there is no file. Raises `InputError` with file and line.

    `prefixes` are those of the questionnaires' form ids, `until` is the last day on which one can have been made.
    """
    corrections = []
    for where, cells, when in amendment_rows(path, CORRECTION_COLUMNS):
        form, column, old, new, reason, who, _ = cells
        if not is_form_id(form, prefixes):
            raise InputError("not a form id", where=where, do=f"write it as {prefixes[0]}-12345, as frs quarantine does")
        if not (column and reason and who):
            raise InputError("column, reason and who are needed", where=where, do="fill them in")
        if old == new:
            raise InputError("old and new are the same", where=where, do="correct the line, or take it out")
        if until is not None and when > until:
            what = f"is dated later than {until}, which is too long after the delivery"
            raise InputError(what, where=where, do="correct the date")
        corrections.append(Correction(form, column, old, new, reason, who, when, where))
    return tuple(corrections)


def read_exceptions(path: Path, policy: Policy, on: dt.date) -> Exceptions:
    """Read the accepted findings that haven't expired `on` the day of the delivery. Raises `InputError` with file and line."""
    exceptions = []
    for where, cells, expires in amendment_rows(path, EXCEPTION_COLUMNS):
        form, rule, column, reason, who, _ = cells
        if rule not in policy.rules:
            raise InputError("no such rule", where=where, do="docs/rules.md lists them")
        kind = policy.rules[rule].kind
        if not kind.acceptable:
            raise InputError(f"{rule} can't be accepted", where=where, do="correct the form in corrections.csv")
        if bool(form) == (kind.about in ("export", "delivery")):
            what = "is about no single form" if form else "is about one form or conference"
            raise InputError(f"{rule} {what}", where=where, do="leave form blank" if form else "fill in form")
        if not (reason and who):
            raise InputError("reason and who are needed", where=where, do="fill them in")
        accepted = Accepted(form, rule, column, reason, who, expires, where)
        if accepted.expires >= on:
            exceptions.append(accepted)
    return Exceptions(tuple(exceptions))


def is_form_id(text: str, prefixes: Sequence[str]) -> bool:
    """Tell whether it is written as form ids are, with one of `prefixes`. There need be no such form."""
    parts = _FORM.fullmatch(text)
    return parts is not None and parts["prefix"] in prefixes


def amendment_rows(path: Path, columns: tuple[str, ...]) -> list[tuple[str, list[str], dt.date]]:
    """Read (where, stripped cells, the date in the last) of each row below the header; none when there is no file."""
    if not path.exists():
        return []
    rows = [(line, [cell.strip() for cell in cells]) for line, cells in kept_rows(path, columns, "correct it")]
    rows = [(line, cells) for line, cells in rows if any(cells)]
    for line, cells in rows:
        if len(cells) != len(columns):
            what = f"{len(cells)} fields where {len(columns)} belong"
            raise InputError(what, where=f"{path}:{line}", do="correct the line")
        if any(holds_personal_number(cell) for cell in cells):
            raise InputError("holds a personal number", where=f"{path}:{line}", do="write a form id or a role instead")
    wheres = [f"{path}:{line}" for line, _ in rows]
    days = dates(wheres, [cells[-1] for _, cells in rows], "write it as 2020-11-30")
    return [(where, cells, day) for where, (_, cells), day in zip(wheres, rows, days, strict=True)]
