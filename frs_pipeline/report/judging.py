"""What holds sentences against the forms of one delivery: the claims of the printed report, and the study's own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from frs_pipeline.printed.claim_files import Claims
from frs_pipeline.report.claims import words_of
from frs_pipeline.report.estimates import Estimates, of_gammas
from frs_pipeline.report.evidence import FormsEvidence
from frs_pipeline.report.findings import Judge
from frs_pipeline.store.files import Store, read
from frs_pipeline.study.chapters import shows_intervals
from frs_pipeline.study.tables import Address
from frs_pipeline.tables.figures import Figure


def judge_of(
    store: Store,
    figures: Mapping[Address, Figure],
    estimates: Estimates,
    unit: Iterable[Mapping[str, Any]] = (),
    told: Claims | None = None,
) -> Judge:
    """Gather what the forms of a delivery tell; `unit` are rows of its unit non-response.

    Without the claims that are `told`, it is a judge of the study's own sentences alone.
    Where the study shows no intervals, none are known here either, and nothing is certain.
    """
    study, limits, spreads = store.study, {}, dict(estimates.spreads)
    if shows_intervals(study):
        rows = read(store.file("statistics", "intervals")).to_pylist()
        limits = {Address.of(row): (row["low"], row["high"]) for row in rows if not row["other_group"]}
        spreads |= of_gammas(rows)
    evidence = FormsEvidence(study, figures, unit, estimates.counted, spreads)
    return Judge(study, told or Claims(words=words_of(study)), evidence, limits)
