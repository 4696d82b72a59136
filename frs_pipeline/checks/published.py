"""The tables compared with the printed ones: counts of figures that are equal, differ, or can't be reproduced."""

from __future__ import annotations

import pyarrow as pa
from dagster import AssetCheckResult, AssetCheckSeverity, AssetCheckSpec, AssetKey, MetadataValue

from frs_pipeline.checks.failing import as_metadata
from frs_pipeline.printed.compare import summary
from frs_pipeline.printed.differing import differing_figures
from frs_pipeline.study import Study

_NAME = "as_printed"


def as_printed_spec(key: AssetKey) -> AssetCheckSpec:
    """Declare the check on the comparison."""
    return AssetCheckSpec(_NAME, asset=key, description="no figure differs from the printed report, if this is what it prints")


def as_printed(study: Study, key: AssetKey, comparison: pa.Table, delivery: str, remark: str | None = None) -> AssetCheckResult:
    """Fail, without stopping anything, when a figure differs: either the data or the report may be at fault.

    `remark` says why nothing was compared, where the report was printed from another delivery.
    """
    counts = verdicts(comparison)
    things = differing_figures(study, comparison, delivery)
    return AssetCheckResult(
        asset_key=key,
        check_name=_NAME,
        passed=not things,
        severity=AssetCheckSeverity.WARN,
        metadata={**counts, **as_metadata(things), **({"remark": MetadataValue.text(remark)} if remark else {})},
    )


def verdicts(comparison: pa.Table) -> dict[str, int]:
    """Count the figures of each verdict, under names that Dagster's metadata can have."""
    return {verdict.replace(" ", "_"): number for verdict, number in summary(comparison).items()}
