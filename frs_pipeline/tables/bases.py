"""The base of a table: the forms of its marts, less those that it leaves out, each for one reason.

A form that a table leaves out for several reasons counts under the first one in the order of `reasons`, so
that the numbers add up.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import pyarrow as pa

from frs_pipeline.study import Study
from frs_pipeline.study.countable import countable
from frs_pipeline.study.instruments import BOTH
from frs_pipeline.study.numbers import Number
from frs_pipeline.study.pairing import UNPAIRED, question_of
from frs_pipeline.study.tables import Axis, Codes, Table
from frs_pipeline.tables.figures import column

# What a row of bases.parquet counts: all forms of a mart, forms left out, and what is left in all marts together.
ROWS, BASE = "rows", "base"
OTHER_OCCASION, OUTSIDE, UNANSWERED, BLANK, LEFT_OUT = "other_occasion", "outside", "unanswered", "blank", "left_out"
# The code of each reason for which a form has no pair.
_UNPAIRED = {reason: code for code, reason in UNPAIRED.items()}
# In place of a blank where the delivery's paper doesn't have the question.
NOT_IN_USE = "not_in_use"

BASES = pa.schema(
    [
        column("table", pa.int32(), "number of the table", nullable=False),
        column("mart", pa.string(), "mart of the forms; several joined by + in the row of the base", nullable=False),
        column(
            "reason",
            pa.string(),
            "rows: all forms of the mart; then forms left out, each under the first reason that holds: other_occasion, "
            "outside (none of the answers to which the table is limited), "
            "no_case, no_role, several_here, none_there, several_there (why it has no pair in a table of change), "
            "unanswered (a question that the table requires), blank, not_in_use (the paper doesn't have the question), "
            "left_out (an answer that the table doesn't count); "
            "base: forms that the table counts",
            nullable=False,
        ),
        column("question", pa.string(), "question that the reason is about; null where it is about none"),
        column("forms", pa.int64(), "number of forms", nullable=False),
    ]
)


class Reason(NamedTuple):
    """Why a table leaves a form out; `question` is None for another occasion."""

    name: str
    question: str | None = None


class Batch(NamedTuple):
    """Forms of one mart and delivery that look the same to a table, and why it leaves them out (None: it counts them)."""

    mart: str
    answers: Mapping[str, Number | None]
    reason: Reason | None
    forms: int
    delivery: str


def reasons(table: Table) -> tuple[Reason, ...]:
    """List all reasons for which a table may leave a form out, in the order in which they are tried."""
    return (
        *((Reason(OTHER_OCCASION),) if table.occasion != BOTH else ()),
        *(Reason(reason, name) for name, _ in table.where for reason in _limits(table, name)),
        *(Reason(UNANSWERED, name) for name in table.answered),
        *(Reason(BLANK, name) for name in table.variables),
        *(Reason(LEFT_OUT, name) for name in table.variables),
    )


def _limits(table: Table, name: str) -> tuple[str, ...]:
    """List the reasons for which a form is outside of a limit: that of pairs has one for each way of having none."""
    return tuple(UNPAIRED.values()) if table.pairing and name == table.pairing.status else (OUTSIDE,)


def leaving_out(table: Table) -> Callable[[str | None, Mapping[str, Number | None]], Reason | None]:
    """Make a function that says, of a form's occasion and answers, why `table` leaves it out; None when it counts the form."""
    tried, counted, limits = reasons(table), counted_codes(table), dict(table.where)

    def why(occasion: str | None, answers: Mapping[str, Number | None]) -> Reason | None:
        for reason in tried:
            if reason.question is None:
                holds = occasion != table.occasion
            elif reason.name == OUTSIDE:
                holds = answers[reason.question] not in limits[reason.question]
            elif reason.name in _UNPAIRED:
                holds = answers[reason.question] == _UNPAIRED[reason.name]
            elif reason.name == LEFT_OUT:
                holds = answers[reason.question] not in counted[reason.question]
            else:
                holds = answers[reason.question] is None
            if holds:
                return reason
        return None

    return why


def axes(table: Table) -> tuple[Axis, ...]:
    """Return the questions that a table is broken down by, group first, as `Table.variables` does."""
    return tuple(axis for axis in (table.group, table.row, table.column) if axis)


def counted_codes(table: Table) -> dict[str, Codes]:
    """Return the answers that a table counts, by question."""
    return {axis.variable: axis.counted for axis in axes(table)}


def base_rows(study: Study, table: Table, batches: Sequence[Batch], base: int, deliveries: Sequence[str]) -> list[dict[str, Any]]:
    """Make the rows of `BASES` for one table of these `deliveries`; `base` is how many forms its figures count."""
    left_out: Counter[tuple[str, Reason, str]] = Counter()
    rows: Counter[str] = Counter()
    for batch in batches:
        rows[batch.mart] += batch.forms
        if batch.reason:
            name = _name(study, batch.reason, batch.mart, batch.delivery)
            left_out[batch.mart, batch.reason, name] += batch.forms
    listed: list[tuple[str, str, str | None, int]] = []
    for mart in table.marts:
        listed.append((mart, ROWS, None, rows[mart]))
        for reason in reasons(table):
            # A question may be blank in one delivery and not in use in another.
            names = dict.fromkeys(_name(study, reason, mart, delivery) for delivery in deliveries)
            listed += [(mart, name, reason.question, left_out[mart, reason, name]) for name in names]
    listed.append(("+".join(table.marts), BASE, None, base))
    return [dict(zip(BASES.names, (table.number, *row), strict=True)) for row in listed]


def _name(study: Study, reason: Reason, mart: str, delivery: str) -> str:
    """Return the name of a reason as `BASES` has it."""
    questionnaire = countable(study)[mart]
    asked = question_of(study, mart, reason.question or "")
    blank = reason.name in (UNANSWERED, BLANK)
    return NOT_IN_USE if blank and asked and not questionnaire.asks(asked, delivery) else reason.name
