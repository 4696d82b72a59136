"""The promises of the marts as asset checks: a broken one is reported, and stops nothing."""

from __future__ import annotations

from dagster import AssetCheckResult, AssetCheckSeverity, AssetCheckSpec, AssetKey

from frs_pipeline.checks.failing import as_metadata
from frs_pipeline.report.expectations import PromisesOfMart
from frs_pipeline.report.remedies import broken_promises
from frs_pipeline.study import Study


def promise_spec(key: AssetKey, mart: str) -> AssetCheckSpec:
    """Declare the check of a mart, on the results of its promises."""
    return AssetCheckSpec(f"promises_of_{mart}", asset=key, description=f"every promise of the mart {mart} holds", blocking=False)


def promises_kept(study: Study, key: AssetKey, checked: PromisesOfMart, delivery: str) -> AssetCheckResult:
    """Report counts, and the broken promises in words, each with what to do about it; never a form's values."""
    things = broken_promises(study, checked, delivery)
    return AssetCheckResult(
        asset_key=key,
        check_name=f"promises_of_{checked.mart}",
        passed=not things,
        severity=AssetCheckSeverity.WARN,
        metadata={"promises": checked.results.num_rows, "broken": len(things), **as_metadata(things)},
    )
