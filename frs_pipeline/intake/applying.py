"""To how many forms each rule was applied, and to how many it couldn't be, and why.

A rule that finds nothing and one that couldn't look leave the same silence behind. So each questionnaire comes with counts
for its rules: of the accepted forms, a row of `APPLIED` with no reason says how many a rule was applied to, and one with a
reason how many it couldn't be applied to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from frs_pipeline.errors import CheckFailed
from frs_pipeline.intake.amendments import Accepted
from frs_pipeline.intake.reasons import LEFT_BLANK, NOT_ASKED, REASONS
from frs_pipeline.intake.remarks import Intake, Remark
from frs_pipeline.language import Text
from frs_pipeline.study.instruments import BOTH
from frs_pipeline.study.questionnaires import Questionnaire
from frs_pipeline.study.rules import Policy

APPLIED = pa.schema(
    [
        ("instrument", pa.string()),
        ("rule", pa.string()),
        pa.field("of", pa.string(), metadata={"text": "what is counted: forms, questions or conferences"}),
        pa.field("reason", pa.string(), metadata={"text": "why the rule couldn't be applied; null: how often it was"}),
        ("number", pa.int64()),
    ]
)
FORMS, QUESTIONS, CONFERENCES = "forms", "questions", "conferences"
REGISTERS = "registers"


class Unapplied(NamedTuple):
    """A rule that couldn't be applied to `number` of `total` forms (or whatever is counted), for one reason."""

    instrument: str
    rule: str
    of: str
    reason: str
    number: int
    total: int

    @property
    def why(self) -> Text:
        return REASONS[self.reason]


class Skipped:
    """Which of the rules couldn't be applied to each form of a chunk: one number (int64) per form, of which each bit stands
    for a rule and a reason."""

    def __init__(self) -> None:
        self.bits: dict[tuple[str, str], int] = {}

    def mark(self, marks: np.ndarray, rule: str, reason: str, where: np.ndarray) -> None:
        """Note on `marks` on which forms a rule couldn't be applied; the first reason counts."""
        if where.any():
            known = sum(1 << bit for (name, _), bit in self.bits.items() if name == rule)
            bit = self.bits.setdefault((rule, reason), len(self.bits))
            marks[where & (marks & np.int64(known) == 0)] |= np.int64(1 << bit)

    def count(self, marks: Iterable[np.ndarray]) -> Counter[tuple[str, str]]:
        """Count the forms that each rule couldn't be applied to, by reason."""
        counts: Counter[tuple[str, str]] = Counter()
        for some in marks:
            if some.any():
                for pair, bit in self.bits.items():
                    counts[pair] += int(np.count_nonzero(some & np.int64(1 << bit)))
        return counts


def rules_of(questionnaire: Questionnaire, policy: Policy) -> list[str]:
    """List the rules that forms of a questionnaire are checked against, one by one or compared with each other."""
    role = questionnaire.role
    ones = role is not None and any(role.code(label) is not None for label in policy.one_a_conference)
    needs = {
        "wrong_occasion": questionnaire.occasion != BOTH,
        "role_impossible": role is not None,
        "role_missing": role is not None,
        "several_of_one": ones,
        "answered_unasked": any(question.occasion != BOTH for question in questionnaire.keyed),
    }
    own = policy.impossible_answers(questionnaire.instrument)
    return [
        name
        for name, rule in policy.rules.items()
        if (rule.kind.about == "form" and needs.get(name, True) and (rule.impossible is None or name in own))
        or name in ("no_forms", "rows_blank", "question_missing", "column_unknown")
    ]


def applied(
    questionnaire: Questionnaire,
    policy: Policy,
    forms: int,
    skipped: Mapping[tuple[str, str], int],
    questions: Mapping[str, tuple[int, int]],
) -> pa.Table:
    """Return `APPLIED` of a questionnaire: `forms` that count, of which `skipped` by rule and reason; for rules about
    questions, how many `questions` they were applied to and how many have no text to compare."""
    rows = []
    for rule in rules_of(questionnaire, policy):
        without = {reason: number for (name, reason), number in sorted(skipped.items()) if name == rule and number}
        rows += _rows(questionnaire.instrument, rule, FORMS, forms - sum(without.values()), without)
    for rule, (number, textless) in questions.items():
        rows += _rows(questionnaire.instrument, rule, QUESTIONS, number, {"no_text": textless} if textless else {})
    return pa.Table.from_pylist(rows, schema=APPLIED)


def applied_to_registers(codebook: pa.Table, ledger: pa.Table) -> pa.Table:
    """Return `APPLIED` of the rules about codebook and ledger."""
    book, booked = (table["conference_number"].to_numpy() for table in (codebook, ledger))
    both, one = len(np.intersect1d(book, booked)), len(np.setxor1d(book, booked))
    rows = _rows(REGISTERS, "not_in_ledger", CONFERENCES, len(book), {})
    rows += _rows(REGISTERS, "not_in_codebook", CONFERENCES, len(booked), {})
    rows += _rows(REGISTERS, "registers_differ", CONFERENCES, both, {"only_in_one": one} if one else {})
    return pa.Table.from_pylist(rows, schema=APPLIED)


def _rows(instrument: str, rule: str, of: str, number: int, without: Mapping[str, int]) -> list[dict[str, str | int | None]]:
    same: dict[str, str | int | None] = {"instrument": instrument, "rule": rule, "of": of}
    reasons: list[tuple[str | None, int]] = [(None, number), *without.items()]
    return [{**same, "reason": reason, "number": count} for reason, count in reasons]


def added(deliveries: Sequence[Sequence[pa.Table]]) -> list[pa.Table]:
    """Add up `APPLIED` of several deliveries, each given questionnaire by questionnaire."""
    keys = APPLIED.names[:-1]
    return [
        pa.concat_tables(same).group_by(keys, use_threads=False).aggregate([("number", "sum")]).rename_columns(APPLIED.names)
        for same in zip(*deliveries, strict=True)
    ]


def unapplied(tables: Sequence[pa.Table]) -> list[Unapplied]:
    """List what rules couldn't be applied to, in the order of the tables (`APPLIED`)."""
    rows = [row for table in tables for row in table.to_pylist()]
    total: Counter[tuple[str, str]] = Counter()
    for row in rows:
        total[row["instrument"], row["rule"]] += row["number"]
    return [Unapplied(**row, total=total[row["instrument"], row["rule"]]) for row in rows if row["reason"] is not None]


def require_applied(intake: Intake, tables: Sequence[pa.Table]) -> list[tuple[Remark, Accepted | None]]:
    """Compare what rules couldn't be applied to with the policy's share.

    Raises `CheckFailed` for the first rule that couldn't be applied to more than that; returns what was accepted or is a mere
    warning.
    """
    by_rule: dict[tuple[str, str], list[Unapplied]] = {}
    for missed in unapplied(tables):
        if missed.reason != NOT_ASKED:
            by_rule.setdefault((missed.instrument, missed.rule), []).append(missed)
    judged_by, remarks = intake.policy.rules["not_applied"], []
    for (instrument, rule), missing in by_rule.items():
        total, share = missing[0].total, intake.policy.share_not_applied(rule)
        # What people left blank is no fault of the delivery, unless nothing is left to apply the rule to.
        faults = [missed for missed in missing if missed.reason not in LEFT_BLANK]
        if sum(missed.number for missed in missing) == total:
            faults = missing
        number = sum(missed.number for missed in faults)
        # A single form is let through: of a handful, it would always be too large a share.
        if number <= share * total or number == 1 < total:
            continue
        accepted = intake.exceptions.of("not_applied", "", rule)
        if accepted is None and judged_by.severity == "stop":
            why = ", ".join(missed.why.english for missed in missing)
            what = (
                f"{rule} couldn't be applied to {number} of {total} {missing[0].of} ({why}), more than the policy's {share:.0%}"
            )
            raise CheckFailed(f"{what} [not_applied]", where=instrument, do=judged_by.remedy)
        remarks.append((Remark("not_applied", instrument, "", None, None, rule, None), accepted))
    return remarks
