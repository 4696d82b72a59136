"""What holds sentences against the forms of one delivery: the claims of the printed report, and the study's own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from frs_pipeline.printed.certainty import Estimated, estimated
from frs_pipeline.printed.claim_files import Claims
from frs_pipeline.report.claims import words_of
from frs_pipeline.report.evidence import forms_evidence
from frs_pipeline.report.findings import Judge
from frs_pipeline.report.spreads import of_gammas
from frs_pipeline.report.statements import drawn, stated
from frs_pipeline.store.files import Store, read
from frs_pipeline.study.chapters import shows_intervals
from frs_pipeline.study.tables import Address
from frs_pipeline.tables.figures import Figure


def judge_of(
    store: Store, figures: Mapping[Address, Figure], unit: Iterable[Mapping[str, Any]] = (), told: Claims | None = None
) -> Judge:
    """Gather what the forms of a delivery tell; `unit` are rows of its unit non-response.

    Without the claims that are `told`, it is a judge of the study's own sentences alone, which is quicker to have.
    Where the study shows no intervals, none are known here either, and nothing is certain.
    """
    study, limits, gammas = store.study, {}, None
    if shows_intervals(study):
        rows = read(store.file("statistics", "intervals")).to_pylist()
        limits = {Address.of(row): (row["low"], row["high"]) for row in rows if not row["other_group"]}
        gammas = of_gammas(rows)
    told = told or Claims(words=words_of(study))
    shown = [*drawn(study), *_of_claims(told)]
    evidence = forms_evidence(store, told, figures, unit, own=stated(study), drawn=shown, gammas=gammas)
    return Judge(study, told, evidence, limits)


def _of_claims(told: Claims) -> Iterator[Estimated]:
    """Yield the intervals that are shown of what the claims of the printed report rest on, tested or not."""
    for claim in told.by_id.values():
        for value in claim.values.values() if claim.holds else ():
            one = estimated(value, claim.values)
            if one is not None:
                yield one
