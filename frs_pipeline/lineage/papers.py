"""Forms compared with others: which would count if some were withdrawn or a rule let them through, and which are one paper.

A paper that was keyed twice counts once, so that its second keying takes the place of the first when only that one goes.
The outcome is never guessed: the export is judged again.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from frs_pipeline.errors import UsageError
from frs_pipeline.intake.coding import coded, codings_of
from frs_pipeline.intake.delivery import intake_as_made
from frs_pipeline.intake.remarks import Intake
from frs_pipeline.intake.withdrawals import Withdrawals
from frs_pipeline.store.files import Store, read, stream
from frs_pipeline.study.instruments import instruments
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.study.rules import policy

if TYPE_CHECKING:
    from frs_pipeline.intake.validation import Validated

TWICE = "keyed_twice"
_REPEATS = (TWICE, "respondent_twice")


def released(store: Store, gone: Withdrawals, out: Mapping[str, pa.Table]) -> dict[str, pa.Table]:
    """Find the rows, by mart, that would come in if `gone` were withdrawn too: other keyings of the same papers.

    `out` are the rows of the marts that `gone` takes out.
    """
    rows_by_mart: dict[str, pa.Table] = {}
    for instrument, rows in out.items():
        if _may_be_twice(store, instrument, rows["form_id"].to_pylist()):
            intake = intake_as_made(store)
            both = Withdrawals(
                (*intake.withdrawals.entries, *gone.entries),
                pa.concat_tables([intake.withdrawals.conferences, gone.conferences]),
            )
            mart = read(store.file("marts", instrument), ["form_id"])
            more = _lacking(_accepted(store, instrument, replace(intake, withdrawals=both)), mart)
            rows_by_mart |= {instrument: more} if more.num_rows else {}
    return rows_by_mart


def let_through(store: Store, rule: str) -> tuple[dict[str, pa.Table], dict[str, pa.Table]]:
    """Find the rows, by mart, that would go out, and come in, if forms counted that break `rule` and no other rule.

    What goes out is a paper's second keying, which counts now because its first keying doesn't.

    Raises `UsageError` for an unknown rule, and for one whose forms can't be counted as they are.
    """
    about_forms = {name: known.kind for name, known in policy(store.study).rules.items() if known.kind.about == "form"}
    if rule not in about_forms:
        raise UsageError("no rule about forms", where=rule, do="docs/rules.md lists them")
    if not about_forms[rule].acceptable:
        countable = ", ".join(name for name, kind in about_forms.items() if kind.acceptable)
        raise UsageError("forms that break it can't be counted as they are", where=rule, do=f"name one of {countable}")
    out: dict[str, pa.Table] = {}
    into: dict[str, pa.Table] = {}
    for instrument in instruments(store.study):
        if rule in read(store.file("rejected", instrument), ["rule"])["rule"].to_pylist():
            accepted = _accepted(store, instrument, _lenient(intake_as_made(store), rule))
            mart = read(store.file("marts", instrument))
            gone, come = _lacking(mart, accepted), _lacking(accepted, mart)
            out |= {instrument: gone} if gone.num_rows else {}
            into |= {instrument: come} if come.num_rows else {}
    return out, into


def same_papers(store: Store, forms: Collection[str]) -> set[str]:
    """Find other keyings of the same papers as `forms`: whichever counts, all of them are one family's answers."""
    keyings: set[str] = set()
    for instrument in instruments(store.study):
        mine = {form for form in forms if form[:2] == questionnaires(store.study)[instrument].form_prefix}
        if not mine or not _may_be_twice(store, instrument, mine):
            continue
        result = _judged(store, instrument, _lenient(intake_as_made(store), TWICE))
        notes = result.noted.table()
        warned = notes.filter(pc.and_(pc.equal(notes["rule"], TWICE), pc.equal(notes["severity"], "warn")))
        again = set(warned["form_id"].to_pylist())
        papers: dict[tuple[object, ...], set[str]] = {}
        for batch in result.forms.batches():
            for row in batch.drop_columns(["file", "line"]).to_pylist():
                form = row.pop("form_id")
                papers.setdefault(tuple(row.values()), set()).add(form)
        keyings.update(*(paper for paper in papers.values() if paper & mine and paper & again))
    return keyings - set(forms)


def _may_be_twice(store: Store, instrument: str, forms: Collection[str]) -> bool:
    """Tell whether a row of the export may repeat one of `forms`, or the reverse. Judging it again takes seconds."""
    if TWICE not in policy(store.study).rules:
        return False
    aside = read(store.file("rejected", instrument))
    again = aside.filter(pc.is_in(aside["rule"], value_set=pa.array(_REPEATS))).to_pylist()
    if not again or any(row["form_id"] in forms for row in again):
        return bool(again)
    corrected = {correction.form for correction in intake_as_made(store).corrections}
    columns = questionnaires(store.study)[instrument].forms.numbers
    keyed = {json.loads(row["row"])[column].strip().lstrip("0") for row in again for column in columns}
    wanted = pa.array(sorted(forms), pa.string())
    numbers = {
        str(number)
        for batch in stream(store.file("validated", instrument))
        for number in batch.filter(pc.is_in(batch["form_id"], value_set=wanted))["conference_number"].to_pylist()
    }
    # The quarantine holds a form as delivered, without what a correction makes of it.
    return bool(keyed & numbers) or any(row["form_id"] in corrected for row in again)


def _lenient(intake: Intake, rule: str) -> Intake:
    """Return the same intake, except that no form is set aside for `rule`."""
    mild = intake.policy.rules[rule].model_copy(update={"severity": "warn"})
    return replace(intake, policy=intake.policy.model_copy(update={"rules": {**intake.policy.rules, rule: mild}}))


def _judged(store: Store, instrument: str, intake: Intake) -> Validated:
    # Imported here: Pandera takes longer than all the rest, and most forms are no second keying.
    from frs_pipeline.intake.readers.surveyxact import read_export
    from frs_pipeline.intake.validation import validate

    return validate(
        read_export(store.study, store.raw(instrument)), questionnaires(store.study)[instrument], intake, store.waiting()
    )


def _accepted(store: Store, instrument: str, intake: Intake) -> pa.Table:
    """Judge an export again; return the rows of its mart as `intake` accepts them."""
    from frs_pipeline.codebook.cases import with_cases
    from frs_pipeline.codebook.pseudonyms import pseudonymise

    result = _judged(store, instrument, intake)
    book, questionnaire = with_cases(store.study, intake.codebook, intake.ledger), questionnaires(store.study)[instrument]
    codings = (entry for entry in codings_of(store) if entry.prefix == questionnaire.form_prefix)
    codes = coded(codings, questionnaire) if questionnaire.schemes() else None
    return pa.concat_tables(pseudonymise(result.forms.batches(), book, questionnaire, codes))


def _lacking(rows: pa.Table, others: pa.Table) -> pa.Table:
    """Return those of `rows` whose form isn't among `others`."""
    return rows.filter(pc.invert(pc.is_in(rows["form_id"], value_set=others["form_id"])))
