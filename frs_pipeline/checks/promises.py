"""The promises of the marts as asset checks: a broken one is told, and stops nothing."""

from __future__ import annotations

from dagster import AssetCheckResult, AssetCheckSeverity, AssetCheckSpec, AssetKey, MetadataValue

from frs_pipeline.checks.expectations import Held
from frs_pipeline.tables.render import Grid


def promise_spec(key: AssetKey, mart: str) -> AssetCheckSpec:
    """Declared for every mart, on what its promises were found to be."""
    return AssetCheckSpec(f"promises_of_{mart}", asset=key, description=f"every promise of the mart {mart} holds", blocking=False)


def promises_kept(key: AssetKey, held: Held) -> AssetCheckResult:
    """Counts, and the broken promises in words; never a form's values."""
    broken = held.broken.to_pylist()
    lines = tuple((row["column"] or "", row["promise"], row["limit"]) for row in broken)
    return AssetCheckResult(
        asset_key=key,
        check_name=f"promises_of_{held.mart}",
        passed=not broken,
        severity=AssetCheckSeverity.WARN,
        metadata={
            "promises": held.results.num_rows,
            "broken": len(broken),
            "which": MetadataValue.md(Grid("", ("column", "promise", "limit"), lines).markdown()),
        },
    )
