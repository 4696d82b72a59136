"""What codebook and ledger say together of a conference: which of its child's it is, and its background."""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa
import pyarrow.compute as pc

from frs_pipeline.store.plan import AssetPath, Sources
from frs_pipeline.study import Study
from frs_pipeline.study.about import about, occasions
from frs_pipeline.study.cases import CASES
from frs_pipeline.study.questionnaires import Question, background

_ID = "case_id"


def with_cases(study: Study, codebook: pa.Table, ledger: pa.Table) -> pa.Table:
    """Add to the codebook (`entries.CODEBOOK`) which of its child's conferences each is, and the days since the first (`CASES`).

    Both are null for a conference that the ledger doesn't have, which counts for no other one either, and where the codebook
    knows no children. Of conferences on the same day, those of an earlier occasion of the study come first. Nothing is added
    where the study's marts don't tell it. The ledger's background of a conference is added, where the study admits any.
    """
    codebook = _with_background(study, codebook, ledger)
    if not about(study).cases:
        return codebook
    at = pc.index_in(codebook["conference_number"], value_set=ledger["conference_number"])
    days = ledger["date"].take(at).cast(pa.int32())
    dated = codebook.append_column("day", days).append_column("row", pa.array(range(codebook.num_rows), pa.int64()))
    dated = dated.filter(pc.and_(pc.is_valid(codebook[_ID]), pc.is_valid(days)))
    order = pc.index_in(dated["occasion"], value_set=pa.array(list(occasions(study)), pa.string()))
    dated = dated.append_column("order", order)
    keys = [(name, "ascending") for name in (_ID, "day", "order", "conference_id")]
    places: list[int | None] = [None] * codebook.num_rows
    since: list[int | None] = [None] * codebook.num_rows
    before, first, number = None, 0, 0
    dated = dated.sort_by(keys)
    for case, day, row in zip(*(dated[name].to_pylist() for name in (_ID, "day", "row")), strict=True):
        if case != before:
            before, first, number = case, day, 0
        number += 1
        places[row], since[row] = number, day - first
    for field, values in zip(CASES[1:], (places, since), strict=True):
        codebook = codebook.append_column(field, pa.array(values, field.type))
    return codebook


def _with_background(study: Study, codebook: pa.Table, ledger: pa.Table) -> pa.Table:
    """Add what the ledger says about each conference; null for one that it doesn't have."""
    at = pc.index_in(codebook["conference_number"], value_set=ledger["conference_number"])
    for question in background(study):
        codebook = codebook.append_column(pa.field(question.name, pa.int8()), ledger[question.name].take(at))
    return codebook


def background_from(known: Iterable[Question]) -> Sources:
    """Return the sources of what is known of conferences: the ledger, by the number."""
    ledger: AssetPath = ("validated", "ledger")
    by = [(("validated", "codebook"), "conference_number"), (ledger, "conference_number")]
    return {question.name: [(ledger, question.name), *by] for question in known}


def cases_from() -> Sources:
    """Return the sources of the columns of `CASES`: the codebook knows the child, the ledger the dates."""
    codebook: AssetPath = ("validated", "codebook")
    ledger: AssetPath = ("validated", "ledger")
    child = [(codebook, "case_id"), (codebook, "conference_number")]
    dated = [*child, (codebook, "occasion"), (ledger, "conference_number"), (ledger, "date")]
    return {"case_id": child, "case_conference": dated, "case_days": dated}
