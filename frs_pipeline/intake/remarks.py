"""What is wrong with forms, and what comes of it: set aside, noted, accepted, or the end of the run."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from frs_pipeline.errors import CheckFailed, InputError
from frs_pipeline.intake.amendments import Accepted, Correction, Exceptions
from frs_pipeline.intake.withdrawals import Withdrawals
from frs_pipeline.study import Study
from frs_pipeline.study.about import about
from frs_pipeline.study.rules import Policy

REJECTED = pa.schema(
    [
        ("instrument", pa.string()),
        ("file", pa.string()),
        ("line", pa.int32()),
        ("form_id", pa.string()),
        ("column", pa.string()),
        ("value", pa.string()),
        ("rule", pa.string()),
        ("message", pa.string()),
        pa.field("row", pa.string(), metadata={"text": "the whole row as delivered, as JSON by column"}),
    ]
)
NOTED = pa.schema(
    [
        *list(REJECTED)[:-1],
        pa.field("severity", pa.string(), metadata={"text": "warn, or accepted"}),
        ("reason", pa.string()),
        ("who", pa.string()),
        ("expires", pa.date32()),
    ]
)


@dataclass(frozen=True)
class Intake:
    """What the forms of a delivery are judged by: the policy, the two registers, and what people decided."""

    study: Study
    policy: Policy
    codebook: pa.Table
    ledger: pa.Table
    corrections: tuple[Correction, ...] = ()
    exceptions: Exceptions = field(default_factory=Exceptions)
    withdrawals: Withdrawals = field(default_factory=Withdrawals)


class Remark(NamedTuple):
    """One rule broken by one form (or, without a form, by an export or a register), and where."""

    rule: str
    instrument: str
    file: str
    line: int | None
    form: str | None
    column: str | None
    value: str | None


def rejected(policy: Policy, findings: Iterable[tuple[Remark, dict[str, str]]]) -> pa.Table:
    """Make a table of remarks that set forms aside, each with the form's whole row as delivered."""
    rows = [
        {
            **_cells(policy, remark),
            "row": json.dumps(row, ensure_ascii=False),
        }
        for remark, row in findings
    ]
    return pa.Table.from_pylist(rows, schema=REJECTED)


def noted(policy: Policy, findings: Iterable[tuple[Remark, Accepted | None]]) -> pa.Table:
    """Make a table of remarks that set nothing aside, with the reason where they were accepted."""
    rows = []
    for remark, accepted in findings:
        why: dict[str, str | dt.date | None] = {"severity": "warn"}
        if accepted is not None:
            why = {"severity": "accepted", "reason": accepted.reason, "who": accepted.who, "expires": accepted.expires}
        rows.append({**_cells(policy, remark), **why})
    return pa.Table.from_pylist(rows, schema=NOTED)


def warnings(policy: Policy, same: Remark, lines: np.ndarray, forms: pa.Array, values: pa.ChunkedArray) -> pa.Table:
    """Make a table of one remark about many forms or lines, none of them accepted or set aside."""
    constant = {**_cells(policy, same), "severity": "warn"}
    each = {"line": pa.array(lines, pa.int32()), "form_id": forms, "value": values}
    columns = [
        each[name] if name in each else pa.repeat(pa.scalar(constant.get(name), NOTED.field(name).type), len(lines))
        for name in NOTED.names
    ]
    return pa.table(columns, schema=NOTED)


def _cells(policy: Policy, remark: Remark) -> dict[str, str | int | None]:
    return {
        "instrument": remark.instrument,
        "file": remark.file,
        "line": remark.line,
        "form_id": remark.form,
        "column": remark.column,
        "value": remark.value,
        "rule": remark.rule,
        "message": policy.rules[remark.rule].message,
    }


def tolerate(intake: Intake, remark: Remark, what: str, where: str) -> tuple[Remark, Accepted | None]:
    """Return a remark about an export or a register, if the run may go on with it.

    Raises `InputError` when it stops the run: neither accepted nor a mere warning.
    """
    rule = intake.policy.rules[remark.rule]
    accepted = intake.exceptions.of(remark.rule, remark.form or "", remark.column or "")
    if accepted is None and rule.severity == "stop":
        raise InputError(f"{what} [{remark.rule}]", where=where, do=rule.remedy)
    return remark, accepted


def registers(intake: Intake, codebook_file: str, ledger_file: str) -> list[tuple[Remark, Accepted | None]]:
    """Find where codebook and ledger don't know each other's conferences, or disagree about one, in a study that has both.

    Raises `InputError` for the first that the policy makes a reason to stop.
    """
    if len(about(intake.study).registers) < 2:
        return []
    book, booked = (table["conference_number"].to_numpy() for table in (intake.codebook, intake.ledger))
    both, in_book, in_ledger = np.intersect1d(book, booked, assume_unique=True, return_indices=True)
    odd: list[tuple[int, str, str]] = [
        (int(number), "not_in_ledger", "conference_number") for number in np.setdiff1d(book, booked)
    ]
    odd += [(int(number), "not_in_codebook", "raadslagningsnummer") for number in np.setdiff1d(booked, book)]
    for column in ("occasion", "date"):
        differ = pc.not_equal(intake.codebook[column].take(in_book), intake.ledger[column].take(in_ledger))
        odd += [(int(number), "registers_differ", column) for number in both[differ.to_numpy()]]
    remarks = []
    for number, rule, column in sorted(odd):
        source = "codebook" if rule == "not_in_ledger" else "ledger"
        file = codebook_file if rule == "not_in_ledger" else ledger_file
        remark = Remark(rule, source, file, None, str(number), column, None)
        # The number itself is not for a message.
        remarks.append(tolerate(intake, remark, intake.policy.rules[rule].english, file))
    return [(remark._replace(form=None, value=remark.form), accepted) for remark, accepted in remarks]


def admit(intake: Intake, delivered: dict[str, int], set_aside: dict[str, int]) -> list[tuple[Remark, Accepted | None]]:
    """Compare the number of forms set aside, by questionnaire, with the policy's shares.

    Raises `CheckFailed` when too many are; returns what was accepted or is a mere warning.
    """
    shares = intake.policy.largest_share_set_aside
    rule = intake.policy.rules["too_many_set_aside"]
    groups = [("", sum(delivered.values()), sum(set_aside.values()), shares.delivery)]
    groups += [(name, number, set_aside[name], shares.questionnaire) for name, number in delivered.items()]
    remarks = []
    for name, number, aside, share in groups:
        if aside <= share * number:
            continue
        remark = Remark("too_many_set_aside", name or "delivery", "", None, None, name or None, None)
        accepted = intake.exceptions.of(remark.rule, "", name)
        if accepted is None and rule.severity == "stop":
            what = f"{aside} of {number} forms were set aside, more than the policy's {share:.0%} [too_many_set_aside]"
            raise CheckFailed(what, where=name or None, do=rule.remedy)
        remarks.append((remark, accepted))
    return remarks


def unused(
    intake: Intake, accepted: Iterable[dict[str, Any]], set_aside: Collection[tuple[str, str]]
) -> list[tuple[Remark, None]]:
    """Find the exceptions that fit none of the `accepted` remarks (`NOTED`); `set_aside` are forms, each with a rule it broke.

    Those of forms that are set aside by other rules aren't among them: not all rules were applied to these. Nor are those of
    forms that may be a withdrawn conference's. Raises `InputError` for the first if the policy makes it a reason to stop.
    """
    out = {form for form, _ in set_aside}
    fits = {
        (row["rule"], row["form_id"] or row["value"] or "", column) for row in accepted for column in ("", row["column"] or "")
    }
    gone = {str(number) for number in intake.withdrawals.conferences["conference_number"].to_pylist()}
    remarks = []
    for exception in intake.exceptions.accepted:
        examines = intake.policy.rules[exception.rule].kind.about
        moot = exception.form in (gone if examines == "registers" else out) or (examines == "form" and bool(gone))
        # A form that the very rule set aside wasn't accepted by this line: its column is another.
        moot = moot and (exception.form, exception.rule) not in set_aside
        if moot or (exception.rule, exception.form, exception.column) in fits:
            continue
        file, line = exception.place
        remark = Remark("exception_unused", "delivery", file, line, exception.form or None, exception.column or None, None)
        rule = intake.policy.rules[remark.rule]
        if rule.severity == "stop":
            raise InputError(f"{rule.english} [{remark.rule}]", where=exception.where, do=rule.remedy)
        remarks.append((remark, None))
    return remarks
