"""The report's claims as an asset check: one that doesn't hold is reported, and stops nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from dagster import AssetCheckResult, AssetCheckSeverity, AssetCheckSpec, AssetKey, MetadataValue

from frs_pipeline.checks.failing import as_metadata
from frs_pipeline.report.claims import claims
from frs_pipeline.report.findings import Sentence, Tested
from frs_pipeline.report.remedies import failed_claims
from frs_pipeline.study import Study
from frs_pipeline.study.about import about
from frs_pipeline.study.printed import printed_from
from frs_pipeline.tables.render import Grid

_NAME = "claims_hold"


def claims_spec(key: AssetKey) -> AssetCheckSpec:
    """Declare the check on the report."""
    description = "every claim of the report holds on the forms that it was printed from"
    return AssetCheckSpec(_NAME, asset=key, description=description, blocking=False)


def claims_hold(study: Study, key: AssetKey, findings: Sequence[Tested], delivery: str) -> AssetCheckResult:
    """Fail when a claim doesn't hold on the forms that the report was printed from; say which, and what holds instead.

    It names each in its table, and sums up what is to be done by chapter.

    The report claims nothing about other deliveries: there, what differs is reported and fails nothing.
    """
    failed = [tested for tested in findings if tested.holds is False]
    chapters = Counter(tested.chapter.name for tested in failed if tested.chapter)
    printed = printed_from(study, delivery)
    things = failed_claims(study, findings, delivery) if printed else []
    of = about(study).printed_from
    remark = f"The report was printed from delivery {of}: its claims are no claims about delivery {delivery}."
    return AssetCheckResult(
        asset_key=key,
        check_name=_NAME,
        passed=not things,
        severity=AssetCheckSeverity.WARN,
        metadata={
            "claims": len(findings),
            "failed": len(failed),
            "which": MetadataValue.md(Grid("", ("claim", "the report says", "what holds instead"), _lines(failed)).markdown()),
            "by_chapter": MetadataValue.md(Grid("", ("chapter", "don't hold"), _counted(study, chapters)).markdown()),
            **as_metadata(things),
            **({} if printed or of is None else {"remark": MetadataValue.text(remark)}),
        },
    )


def _counted(study: Study, failed: Mapping[str, int]) -> tuple[tuple[str, ...], ...]:
    """Count the claims that don't hold, chapter by chapter."""
    return tuple((one.name, f"{failed.get(one.name, 0)} of {len(one.claims)}") for one in claims(study).chapters)


def _lines(failed: Sequence[Tested]) -> tuple[tuple[str, ...], ...]:
    return tuple(
        (claim.claim.id, Sentence.plain(claim.says.english), Sentence.plain(claim.instead.english) if claim.instead else "")
        for claim in failed
    )
