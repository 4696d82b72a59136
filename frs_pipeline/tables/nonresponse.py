"""Non-response: conferences without a form (unit), and questions left blank (item)."""

from __future__ import annotations

import pyarrow as pa

from frs_pipeline.questionnaires.model import questionnaires
from frs_pipeline.stats.counts import percent

PARTICIPANTS = ("participant_first", "participant_followup")
FORMS = {"participants": PARTICIPANTS, "initiator": ("initiator",), "coordinator": ("coordinator",)}

CONFERENCE = pa.schema(
    [
        pa.field("conference_id", pa.string(), nullable=False),
        pa.field("occasion", pa.string(), nullable=False),
        pa.field("in_ledger", pa.bool_(), nullable=False),
        *(pa.field(f"{name}_forms", pa.int16(), nullable=False) for name in FORMS),
    ]
)
UNIT = pa.schema(
    [
        pa.field("occasion", pa.string(), nullable=False),
        pa.field("measure", pa.string(), nullable=False),
        pa.field("conferences", pa.int32(), nullable=False),
        pa.field("percent", pa.float64()),
    ]
)
ITEM = pa.schema(
    [
        pa.field("instrument", pa.string(), nullable=False),
        pa.field("question", pa.string(), nullable=False),
        pa.field("text", pa.string(), nullable=False),
        pa.field("forms", pa.int32(), nullable=False),
        pa.field("asked", pa.int32(), nullable=False),
        pa.field("answered", pa.int32(), nullable=False),
        pa.field("blank", pa.int32(), nullable=False),
        pa.field("blank_percent", pa.float64()),
    ]
)


def conferences(codebook: pa.Table, ledger: pa.Table, forms: dict[str, pa.Table]) -> pa.Table:
    """One row a conference of the codebook (`CONFERENCE`): is it in the ledger, and how many forms came in.

    `forms` are pseudonymised forms by instrument. A ledger entry that the codebook doesn't know has no
    pseudonym and so no row here; `ledger_only` counts them.
    """
    booked = set(ledger["conference_number"].to_pylist())
    counted = {name: _per_conference([forms[instrument] for instrument in instruments]) for name, instruments in FORMS.items()}
    rows = [
        {
            "conference_id": row["conference_id"],
            "occasion": row["occasion"],
            "in_ledger": row["conference_number"] in booked,
            **{f"{name}_forms": numbers.get(row["conference_id"], 0) for name, numbers in counted.items()},
        }
        for row in codebook.to_pylist()
    ]
    return pa.Table.from_pylist(sorted(rows, key=lambda row: row["conference_id"]), schema=CONFERENCE)


def forms_of(conference: pa.Table) -> int:
    """Forms of all kinds that came in for the conferences (`CONFERENCE`)."""
    return sum(sum(conference[f"{name}_forms"].to_pylist()) for name in FORMS)


def ledger_only(codebook: pa.Table, ledger: pa.Table) -> int:
    """Ledger entries whose number the codebook doesn't know."""
    return len(set(ledger["conference_number"].to_pylist()) - set(codebook["conference_number"].to_pylist()))


def unit(conference: pa.Table, ledger_only: int) -> pa.Table:
    """Conferences held and conferences without forms (`UNIT`), by occasion and in all.

    `ledger_only` is the number of conferences in the ledger that the codebook doesn't know.
    """
    rows = conference.to_pylist()
    result = []
    for occasion in ("first", "followup", "both"):
        held = [row for row in rows if occasion in (row["occasion"], "both")]
        lacking = {
            "in_codebook": held,
            "not_in_ledger": [row for row in held if not row["in_ledger"]],
            **{f"without_{name}": [row for row in held if not row[f"{name}_forms"]] for name in FORMS},
            "without_initiator_or_coordinator": [
                row for row in held if not row["initiator_forms"] or not row["coordinator_forms"]
            ],
        }
        result += [
            {"occasion": occasion, "measure": name, "conferences": len(found), "percent": percent(len(found), len(held))}
            for name, found in lacking.items()
        ]
    result.append({"occasion": "both", "measure": "only_in_ledger", "conferences": ledger_only, "percent": None})
    return pa.Table.from_pylist(result, schema=UNIT)


def item(marts: dict[str, pa.Table]) -> pa.Table:
    """How often each question was left blank where it was asked (`ITEM`)."""
    result = []
    for instrument, mart in marts.items():
        occasions = mart["occasion"].to_pylist()
        for question in questionnaires()[instrument].questions:
            answers = mart[question.name].to_pylist()
            answered = sum(answer is not None for answer in answers)
            # Asked at the follow-up only; but a form that answers it nevertheless was evidently asked.
            asked = sum(
                question.occasion in ("both", occasion) or answer is not None
                for occasion, answer in zip(occasions, answers, strict=True)
            )
            result.append(
                {
                    "instrument": instrument,
                    "question": question.name,
                    "text": question.text,
                    "forms": mart.num_rows,
                    "asked": asked,
                    "answered": answered,
                    "blank": asked - answered,
                    "blank_percent": percent(asked - answered, asked),
                }
            )
    return pa.Table.from_pylist(result, schema=ITEM)


def _per_conference(tables: list[pa.Table]) -> dict[str, int]:
    counted: dict[str, int] = {}
    for table in tables:
        for value in table["conference_id"].to_pylist():
            counted[value] = counted.get(value, 0) + 1
    return counted
