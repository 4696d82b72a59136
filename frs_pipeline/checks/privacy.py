"""Nothing leaks: what was produced holds nothing that belongs in the restricted zone."""

from __future__ import annotations

from dagster import AssetCheckResult, AssetCheckSeverity, AssetCheckSpec, AssetKey

from frs_pipeline.privacy.search import Searched

_NAME = "nothing_leaks"


def nothing_leaks_spec(key: AssetKey) -> AssetCheckSpec:
    """Declare the check on the search, without which no manifest is written."""
    return AssetCheckSpec(_NAME, asset=key, description="no personal number, conference number or free text", blocking=True)


def nothing_leaks(key: AssetKey, searched: Searched) -> AssetCheckResult:
    """Record that nothing was found; where something was, the step has failed before."""
    return AssetCheckResult(
        asset_key=key,
        check_name=_NAME,
        passed=not searched.leaks,
        severity=AssetCheckSeverity.ERROR,
        metadata={"files": searched.files, "leaks": len(searched.leaks)},
    )
