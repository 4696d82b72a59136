"""What two people keyed differently, as a worksheet for a third; and taking what that person found on the paper."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from frs_pipeline.codebook.access import traced
from frs_pipeline.collection.keyers import Keyer
from frs_pipeline.collection.sampling import require_keyers, write_private
from frs_pipeline.collection.second_keying import NUMBER
from frs_pipeline.errors import InputError
from frs_pipeline.intake.adjudicated import ADJUDICATED_COLUMNS, Decision, adjudicated_of, require_sound
from frs_pipeline.intake.delivery import form_prefixes
from frs_pipeline.intake.readers.handkept import dates, kept_rows
from frs_pipeline.intake.readers.surveyxact import Export, read_again, read_export
from frs_pipeline.intake.readers.worksheets import as_meant, as_sheet
from frs_pipeline.personal_numbers import holds_personal_number
from frs_pipeline.store.deliveries import ADJUDICATED, TO_ADJUDICATE
from frs_pipeline.store.files import Store
from frs_pipeline.study.questionnaires import questionnaires

# The worksheet, among what was decided about a delivery.
OPEN = TO_ADJUDICATE
_KEY = ("form", "column", "question", "keyed_first", "keyed_second", "first_keyer", "second_keyer")


class Open(NamedTuple):
    """The worksheet of what is to be decided: where it is, and how many cells it lists."""

    path: Path
    cells: int


class Taken(NamedTuple):
    """What was taken from a worksheet: decisions, those of them by which the first is wrong, and cells that are left."""

    decided: int
    wrong: int
    left: int


def list_open(store: Store, cells: pa.Table, why: str) -> Open:
    """Write a worksheet of the cells (`CELLS`) that two people keyed differently and nobody has decided; journalled.

    Raises `InputError` rather than lose what somebody has filled in and nobody has taken yet.
    """
    details = {"delivery": store.delivery}
    with traced(store.settings.access_journal, "second keying compared", why, details) as trace:
        require_keyers(store)
        path = store.decided(OPEN)
        filled = [line for line, row in _lines(path) if row["who"]] if path.exists() else []
        if filled:
            do = f"take it first: frs sample adjudicate {path}, or take the line out"
            raise InputError("is filled in, and wasn't taken yet", where=f"{path}:{filled[0]}", do=do)
        rows = [_row(cell) for cell in cells.to_pylist() if cell["differs"] and cell["wrong"] is None]
        content = as_sheet(ADJUDICATED_COLUMNS, [[row[name] for name in ADJUDICATED_COLUMNS] for row in rows])
        trace.note({**details, "cells": len(rows), "sheet": hashlib.sha256(content).hexdigest()})
        write_private(store, path, content)
    return Open(path, len(rows))


def _row(cell: Mapping[str, Any]) -> dict[str, str]:
    known = {"form": cell["form_id"], **{name: cell[name] for name in _KEY[1:]}}
    return {name: str(known.get(name, "")) for name in ADJUDICATED_COLUMNS}


def take(store: Store, cells: pa.Table, sheet: Path, why: str) -> Taken:
    """Take what somebody found on the papers: add the filled lines of a worksheet to what was decided; journalled.

    Raises `InputError` with file and line, and takes nothing, for a line that isn't about cells (`CELLS`) to be decided, that one
    of the two keyers decided, or that says what can't be an answer.
    """
    details = {"delivery": store.delivery}
    with traced(store.settings.access_journal, "second keying adjudicated", why, details) as trace:
        require_keyers(store)
        if not sheet.exists():
            raise InputError("missing file", where=sheet, do="name the worksheet that frs sample compare wrote, filled in")
        wanted = {tuple(_row(c)[n] for n in _KEY) for c in cells.to_pylist() if c["differs"] and c["wrong"] is None}
        new, keyers = _decided(store, sheet), _Keyers(store)
        for made in new:
            _require_fit(store, made, wanted, keyers)
        before = adjudicated_of(store)
        again = {(made.form, made.column) for made in before}
        twice = next((made for made in new if (made.form, made.column) in again), None)
        if twice is not None:
            raise InputError("was decided before", where=twice.where, do=f"take the line out, here or of {ADJUDICATED}")
        content = as_sheet(ADJUDICATED_COLUMNS, [made.cells for made in (*before, *new)])
        wrong = sum(made.first_is_wrong(store.study) for made in new)
        trace.note({**details, "cells": len(new), "wrong": wrong, "file": hashlib.sha256(content).hexdigest()})
        write_private(store, store.decided(ADJUDICATED), content)
        if sheet.resolve() == store.decided(OPEN).resolve():
            sheet.unlink()  # what is left of it, frs sample compare lists again
    return Taken(len(new), wrong, len(wanted) - len(new))


def _lines(path: Path) -> list[tuple[int, dict[str, str]]]:
    """Read the lines of a worksheet that hold something, with their numbers. Raises `InputError` with file and line."""
    lines = []
    for line, cells in kept_rows(path, ADJUDICATED_COLUMNS, "correct it"):
        texts = [as_meant(cell.strip()) for cell in cells]
        if any(texts):
            if len(texts) != len(ADJUDICATED_COLUMNS):
                what = f"{len(texts)} fields where {len(ADJUDICATED_COLUMNS)} belong"
                raise InputError(what, where=f"{path}:{line}", do="correct the line")
            lines.append((line, dict(zip(ADJUDICATED_COLUMNS, texts, strict=True))))
    return lines


def _decided(store: Store, sheet: Path) -> list[Decision]:
    """Read the lines that are filled in. Raises `InputError` for one that is filled in by half, or can't be a decision."""
    decided: list[Decision] = []
    filled = []
    for line, row in _lines(sheet):
        where = f"{sheet}:{line}"
        if any(holds_personal_number(cell) for cell in row.values()):
            raise InputError("holds a personal number", where=where, do="write a role or initials instead")
        if not row["who"] and (row["right"] or row["when"]):
            raise InputError("nobody says who decided it", where=where, do="fill in who, or leave right and when blank, too")
        if row["who"]:
            filled.append((where, row))
    wheres = [where for where, _ in filled]
    days = dates(wheres, [row["when"] for _, row in filled], "write it as 2020-11-30")
    for (where, row), day in zip(filled, days, strict=True):
        made = Decision(**{name: row[name] for name in ADJUDICATED_COLUMNS[:-1]}, when=day, where=where)
        require_sound(made, form_prefixes(store.study))
        if any((made.form, made.column) == (other.form, other.column) for other in decided):
            raise InputError("an earlier line decides the same cell", where=where, do="leave one of them")
        decided.append(made)
    if not decided:
        raise InputError("no line is filled in", where=sheet, do="fill in right, who and when")
    return decided


class _Keyers:
    """What the codes of keyers mean in both exports of each questionnaire."""

    def __init__(self, store: Store) -> None:
        self.of: dict[str, list[Keyer]] = {}
        for name, questionnaire in questionnaires(store.study).items():
            first: Export = read_export(store.study, store.raw(name))
            exports = [first, read_again(store.study, store.raw(""), name)]
            self.of[questionnaire.form_prefix] = [Keyer.of(export) for export in exports if export is not None and export.in_use]


def _require_fit(store: Store, made: Decision, wanted: set[tuple[str, ...]], keyers: _Keyers) -> None:
    """Raise `InputError` unless a decision is about a cell to be decided, by a third person, and says what can be an answer."""
    if tuple(getattr(made, name) for name in _KEY) not in wanted:
        what = "isn't a cell that two people keyed differently and that is still open"
        raise InputError(what, where=made.where, do="leave the first seven columns as frs sample compare writes them")
    two = (made.first_keyer, made.second_keyer)
    if any(keyer.is_meant(made.who, name) for keyer in keyers.of[made.prefix] for name in two):
        raise InputError("was decided by one of the two who keyed it", where=made.where, do="let somebody else look at the paper")
    questionnaire = next(q for q in questionnaires(store.study).values() if q.form_prefix == made.prefix)
    question = None if made.question == NUMBER else questionnaire.question(made.question)
    if question is None or question.measured or question.calendar or not made.right:
        return
    codes = {str(code) for code in question.codes} | {made.keyed_first, made.keyed_second}
    if made.right not in codes:
        what = f"right is no answer to {made.question}"
        raise InputError(what, where=made.where, do="write a code of its scale, or leave it blank")
