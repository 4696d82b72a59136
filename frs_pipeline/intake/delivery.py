"""Take in a delivery's forms: what they are judged by, the whole quarantine, and whether the run may go on."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from frs_pipeline.intake.adjudicated import adjudicated_of, as_corrections
from frs_pipeline.intake.amendments import Correction, read_corrections, read_exceptions
from frs_pipeline.intake.applying import applied_to_registers, require_applied
from frs_pipeline.intake.correcting import corrected
from frs_pipeline.intake.readers.parsing import respondents
from frs_pipeline.intake.readers.surveyxact import read_export
from frs_pipeline.intake.remarks import NOTED, REJECTED, Intake, admit, noted, registers, unused
from frs_pipeline.intake.withdrawals import CONFERENCES, Withdrawal, Withdrawals, read_withdrawals, refuse_other_amendments
from frs_pipeline.store.deliveries import AMENDMENTS, CODEBOOK, LEDGER
from frs_pipeline.store.files import Store, read, stream
from frs_pipeline.store.rows import Rows, sorted_by
from frs_pipeline.study import Study
from frs_pipeline.study.about import about
from frs_pipeline.study.instruments import instruments
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.study.rules import policy

# What a delivery says about itself, kept as a product of its refresh.
DESCRIBED = pa.schema([pa.field("made_up", pa.bool_(), nullable=False)])


def described(*, made_up: bool) -> pa.Table:
    """Return what is kept of what a delivery says about itself, in one row (`DESCRIBED`)."""
    return pa.table({"made_up": [made_up]}, schema=DESCRIBED)


def made_up(store: Store) -> bool:
    """Tell whether the forms are made up, as the refresh recorded it."""
    (value,) = read(store.file("validated", "description"))["made_up"].to_pylist()
    return bool(value)


def withdrawals_of(store: Store) -> tuple[Withdrawal, ...]:
    """Read what was withdrawn from a delivery. Raises `InputError` for a line that can't be understood."""
    return read_withdrawals(store.raw(AMENDMENTS["withdrawals"]), form_prefixes(store.study))


def corrections_of(store: Store) -> tuple[Correction, ...]:
    """Read what was corrected in a delivery, and what was decided about forms that were keyed twice.

    Raises `InputError` for a line that can't be understood.
    """
    until = dt.date.fromisoformat(store.delivery) + dt.timedelta(days=policy(store.study).corrected_within_days)
    own = read_corrections(store.raw(AMENDMENTS["corrections"]), form_prefixes(store.study), until)
    return (*own, *as_corrections(store))


def form_prefixes(study: Study) -> tuple[str, ...]:
    """Return what the ids of forms begin with, one prefix per questionnaire."""
    return tuple(questionnaire.form_prefix for questionnaire in questionnaires(study).values())


def intake_of(store: Store, codebook: pa.Table, ledger: pa.Table, withdrawn: pa.Table | None = None) -> Intake:
    """Read what a delivery is judged by; `withdrawn` (`CONFERENCES`) are the conferences that `codebook` and `ledger` lack.

    Raises `InputError` for a line of the amendments that can't be understood, or doesn't fit the others.
    """
    # A delivery is judged by its own date, not by the day on which somebody looks at it again.
    exceptions = read_exceptions(store.raw(AMENDMENTS["exceptions"]), policy(store.study), dt.date.fromisoformat(store.delivery))
    corrections = corrections_of(store)
    withdrawals = Withdrawals(withdrawals_of(store), CONFERENCES.empty_table() if withdrawn is None else withdrawn)
    refuse_other_amendments(withdrawals.entries, corrections, exceptions, adjudicated_of(store))
    return Intake(store.study, policy(store.study), codebook, ledger, corrections, exceptions, withdrawals)


def intake_as_made(store: Store) -> Intake:
    """Read what a delivery is judged by, from the registers as they were validated. Raises as `intake_of` does."""
    return intake_of(store, *(read(store.file("validated", name)) for name in ("codebook", "ledger", "withdrawn_conferences")))


def forms_meant(store: Store, instrument: str, wanted: Withdrawals, gone: Withdrawals) -> dict[str, Withdrawal | None]:
    """Return the ids of all forms of an export, accepted or not, that `wanted` means, each with what withdrew it before.

    Raises `InputError` when the export can't be read.
    """
    questionnaire = questionnaires(store.study)[instrument]
    prefix, forms = questionnaire.form_prefix, questionnaire.forms
    corrections = [c for c in corrections_of(store) if c.prefix == prefix and c.column in forms.numbers]
    meant: dict[str, Withdrawal | None] = {}
    for chunk in read_export(store.study, store.raw(instrument)).chunks():
        cells = corrected(forms, chunk, corrections, Counter())
        mine, out = (some.rows(questionnaire, chunk.lines, cells) for some in (wanted, gone))
        ids = respondents(forms, cells)
        meant.update({form_id(prefix, int(ids[row]), int(chunk.lines[row])): out.get(row) for row in mine})
    return meant


def form_id(prefix: str, respondent: int, line: int) -> str:
    """Name a form by its respondent's id, or by its line where the id can't be read (negative)."""
    return f"{prefix}-{respondent}" if respondent >= 0 else f"{prefix}-line{line}"


def quarantined(parts: Sequence[Path], folder: Path) -> Rows:
    """Return the findings of all questionnaires in one order: `REJECTED`."""
    rows = Rows.of((batch for part in parts for batch in stream(part)), REJECTED, folder)
    return sorted_by(rows, ("instrument", "line", "rule", "column"), folder)


def remarks(
    intake: Intake,
    accepted: dict[str, int],
    quarantine: Path,
    parts: Sequence[Path],
    folder: Path,
    applied: Sequence[pa.Table] = (),
) -> tuple[Rows, dict[str, int]]:
    """Collect everything that was noted (`NOTED`), and count the forms delivered (but for withdrawn ones) and set aside.

    `accepted` are the numbers of accepted forms by questionnaire, `applied` says to how many of them each rule was applied
    (`APPLIED`). Raises `CheckFailed` when more forms were set aside than the policy allows, or a rule couldn't be applied to
    more; `InputError` when codebook and ledger disagree in a way that stops the run.
    """
    aside = forms_set_aside(quarantine)
    set_aside = {name: aside.get(name, 0) for name in accepted}
    delivered = {name: number + set_aside[name] for name, number in accepted.items()}
    remarked = registers(intake, CODEBOOK, LEDGER) + admit(intake, delivered, set_aside) + require_applied(intake, applied)
    rows = Rows.of((batch for part in parts for batch in stream(part)), NOTED, folder)
    rows.append(noted(intake.policy, remarked))
    if intake.exceptions.accepted:
        fitting = (batch.filter(pc.equal(batch["severity"], "accepted")).to_pylist() for batch in rows.batches())
        reasons = read(quarantine, ["form_id", "rule"])
        out = set(zip(reasons["form_id"].to_pylist(), reasons["rule"].to_pylist(), strict=True))
        rows.append(noted(intake.policy, unused(intake, (row for some in fitting for row in some), out)))
    order = ("instrument", "line", "rule", "column", "value")
    return sorted_by(rows, order, folder), {"delivered": sum(delivered.values()), "set_aside": sum(set_aside.values())}


def applied_in(store: Store) -> list[pa.Table]:
    """Read to how much of a delivery each rule was applied (`APPLIED`), questionnaire by questionnaire, the registers last."""
    by_form = [read(store.file("applied", name)) for name in instruments(store.study)]
    if len(about(store.study).registers) < 2:
        return by_form
    return [*by_form, applied_to_registers(*(read(store.file("validated", name)) for name in ("codebook", "ledger")))]


def forms_set_aside(findings: Path) -> dict[str, int]:
    """Count the forms set aside, by questionnaire: a form has one row per reason, and these needn't stand together."""
    forms = read(findings, ["instrument", "line"]).group_by(["instrument", "line"], use_threads=False).aggregate([])
    return dict(Counter(forms["instrument"].to_pylist()))
