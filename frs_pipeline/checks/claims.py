"""The report's claims as an asset check: one that doesn't hold is told, and stops nothing."""

from __future__ import annotations

from collections.abc import Sequence

from dagster import AssetCheckResult, AssetCheckSeverity, AssetCheckSpec, AssetKey, MetadataValue

from frs_pipeline.report.findings import Finding, Sentence
from frs_pipeline.tables.render import Grid

_NAME = "claims_hold"


def claims_spec(key: AssetKey) -> AssetCheckSpec:
    """Declared on the report."""
    return AssetCheckSpec(
        _NAME, asset=key, description="every claim of the report's summary holds on these forms", blocking=False
    )


def claims_hold(key: AssetKey, findings: Sequence[Finding]) -> AssetCheckResult:
    """Fails when a claim doesn't hold; says which, and what holds instead."""
    failed = [found for found in findings if found.holds is False]
    lines = tuple(
        (
            found.claim.id,
            Sentence.plain(found.says.english),
            Sentence.plain(found.instead.english) if found.instead else "",
        )
        for found in failed
    )
    return AssetCheckResult(
        asset_key=key,
        check_name=_NAME,
        passed=not failed,
        severity=AssetCheckSeverity.WARN,
        metadata={
            "claims": len(findings),
            "failed": len(failed),
            "which": MetadataValue.md(Grid("", ("claim", "the report says", "what holds instead"), lines).markdown()),
        },
    )
