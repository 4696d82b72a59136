"""The tables against the printed ones: counts of figures that are equal, differ, or can't be reproduced."""

from __future__ import annotations

import pyarrow as pa
from dagster import AssetCheckResult, AssetCheckSeverity, AssetCheckSpec, AssetKey

from frs_pipeline.published.compare import DIFFERS, summary

_NAME = "as_printed"


def as_printed_spec(key: AssetKey) -> AssetCheckSpec:
    """Declared on the comparison."""
    return AssetCheckSpec(_NAME, asset=key, description="no figure differs from the printed report")


def as_printed(key: AssetKey, comparison: pa.Table) -> AssetCheckResult:
    """Fails, without stopping anything, when a figure differs: the data or the report may be the one at fault."""
    found = verdicts(comparison)
    return AssetCheckResult(
        asset_key=key, check_name=_NAME, passed=found[DIFFERS] == 0, severity=AssetCheckSeverity.WARN, metadata={**found}
    )


def verdicts(comparison: pa.Table) -> dict[str, int]:
    """Figures of each verdict, under names that Dagster's metadata can have."""
    return {verdict.replace(" ", "_"): number for verdict, number in summary(comparison).items()}
