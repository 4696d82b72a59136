"""The promises of the marts as asset checks: a broken one is told, and stops nothing."""

from __future__ import annotations

from dagster import AssetCheckResult, AssetCheckSeverity, AssetCheckSpec, AssetKey

from frs_pipeline.checks.failing import as_metadata
from frs_pipeline.report.expectations import PromisesOfMart
from frs_pipeline.report.remedies import broken_promises
from frs_pipeline.study import Study


def promise_spec(key: AssetKey, mart: str) -> AssetCheckSpec:
    """Declared for every mart, on what its promises were found to be."""
    return AssetCheckSpec(f"promises_of_{mart}", asset=key, description=f"every promise of the mart {mart} holds", blocking=False)


def promises_kept(study: Study, key: AssetKey, held: PromisesOfMart, delivery: str) -> AssetCheckResult:
    """Counts, and the broken promises in words, each with what to do about it; never a form's values."""
    things = broken_promises(study, held, delivery)
    return AssetCheckResult(
        asset_key=key,
        check_name=f"promises_of_{held.mart}",
        passed=not things,
        severity=AssetCheckSeverity.WARN,
        metadata={"promises": held.results.num_rows, "broken": len(things), **as_metadata(things)},
    )
