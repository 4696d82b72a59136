"""Do the codebook, the ledger and the forms of a delivery fit together? In counts: no number and no form is named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from frs_pipeline.codebook.access import traced
from frs_pipeline.codebook.entries import CODEBOOK as BOOK
from frs_pipeline.codebook.entries import Entry
from frs_pipeline.codebook.opening import key_of_pipeline, open_codebook, open_full
from frs_pipeline.codebook.vault import opens, read_codebook
from frs_pipeline.intake.delivery import intake_of, withdrawals_of
from frs_pipeline.intake.ledger import read_ledger
from frs_pipeline.intake.readers.surveyxact import read_export
from frs_pipeline.intake.validation import validate
from frs_pipeline.intake.withdrawals import held_conferences, withdrawn_conferences
from frs_pipeline.store.deliveries import CODEBOOK, LEDGER, sha256
from frs_pipeline.store.files import Store
from frs_pipeline.study.instruments import BOTH
from frs_pipeline.study.questionnaires import questionnaires

WHY = "registers and forms compared, in counts"
# The rules about its number for which a form may be set aside.
RULES = ("number_unreadable", "numbers_differ", "number_unknown", "wrong_occasion", "ledger_contradicts")


@dataclass(frozen=True)
class FormsFit:
    """The forms of one questionnaire: how many there are, how many each rule about their number sets aside, and the
    number of conferences of its occasion from which no form was accepted."""

    instrument: str
    delivered: int
    aside: dict[str, int]
    without: int


@dataclass(frozen=True)
class Fit:
    """How codebook, ledger and forms fit. `parts_differ` counts conferences on which the two parts of the codebook
    differ, None when only one of them was opened."""

    conferences: int
    parts_differ: int | None
    not_in_ledger: int
    not_in_codebook: int
    registers_differ: int
    forms: tuple[FormsFit, ...]

    @property
    def contradictions(self) -> dict[str, int]:
        """What doesn't fit, and how often. Numbers keyed wrongly don't count: no register can help that."""
        counts = {
            "conferences that differ between the two parts of the codebook": self.parts_differ or 0,
            "conferences that aren't in the ledger": self.not_in_ledger,
            "conferences that aren't in the codebook": self.not_in_codebook,
            "conferences with another date or occasion in the ledger": self.registers_differ,
            "forms whose number isn't in the codebook": self._forms("number_unknown"),
            "forms of another occasion than in the codebook": self._forms("wrong_occasion"),
            "forms of another occasion than in the ledger": self._forms("ledger_contradicts"),
        }
        return {what: number for what, number in counts.items() if number}

    def _forms(self, rule: str) -> int:
        return sum(forms.aside[rule] for forms in self.forms)


def fit(store: Store, codebook: Path, identity: Path | None) -> Fit:
    """Compare a delivery with the controllers' `codebook`, opened by `identity`; without one, with the pipeline's part.

    Raises `FrsError` for anything that can't be opened or read; opening the controllers' codebook leaves its trace.
    """
    if identity is None:
        return _fit(store, open_codebook(store), None)
    own, key = store.raw(CODEBOOK), key_of_pipeline(store)
    with traced(store.settings.access_journal, "check", WHY, {"delivery": store.delivery}) as trace:
        entries = open_full(store, codebook, identity)
        book = _table(entries)
        differ = _parts_differ(book, read_codebook(store.study, own, key)) if opens(own, key) else None
        trace.note({"delivery": store.delivery, "codebook": sha256(codebook)})
    return _fit(store, book, differ)


def _table(entries: Sequence[Entry]) -> pa.Table:
    """Make the pipeline's part of the entries."""
    columns = {name: pa.array([getattr(entry, name) for entry in entries]) for name in BOOK.names}
    return pa.table({name: column.cast(BOOK.field(name).type) for name, column in columns.items()}, schema=BOOK)


def _parts_differ(one: pa.Table, other: pa.Table) -> int:
    """Count the conferences that differ between the two."""
    rows = ({tuple(row.values()) for row in table.to_pylist()} for table in (one, other))
    number = BOOK.names.index("conference_number")
    return len({row[number] for row in set.symmetric_difference(*rows)})


def _fit(store: Store, book: pa.Table, parts_differ: int | None) -> Fit:
    ledger = read_ledger(store.study, store.raw(LEDGER))
    numbers, booked = (table["conference_number"].to_numpy() for table in (book, ledger))
    both, in_book, in_ledger = np.intersect1d(numbers, booked, return_indices=True)
    differ = np.zeros(len(both), dtype=bool)
    for column in ("occasion", "date"):
        differ |= pc.not_equal(book[column].take(in_book), ledger[column].take(in_ledger)).to_numpy()
    return Fit(
        len(numbers),
        parts_differ,
        len(numbers) - len(both),
        len(booked) - len(both),
        int(differ.sum()),
        tuple(_forms(store, name, book, ledger) for name in questionnaires(store.study)),
    )


def _forms(store: Store, instrument: str, book: pa.Table, ledger: pa.Table) -> FormsFit:
    questionnaire = questionnaires(store.study)[instrument]
    withdrawn = withdrawn_conferences(withdrawals_of(store), book)
    book, ledger = (held_conferences(register, withdrawn) for register in (book, ledger))
    intake = intake_of(store, book, ledger, withdrawn)
    result = validate(read_export(store.study, store.raw(instrument)), questionnaire, intake, store.waiting())
    rejected = result.rejected.table().select(["rule", "line"]).group_by("rule").aggregate([("line", "count_distinct")])
    aside = dict(zip(rejected["rule"].to_pylist(), rejected["line_count_distinct"].to_pylist(), strict=True))
    expected = book
    if questionnaire.occasion != BOTH:
        expected = book.filter(pc.equal(book["occasion"], questionnaire.occasion))
    seen = {number for batch in result.forms.batches() for number in pc.unique(batch["conference_number"]).to_pylist()}
    without = len(set(expected["conference_number"].to_pylist()) - seen)
    return FormsFit(instrument, result.delivered, {rule: aside.get(rule, 0) for rule in RULES}, without)
