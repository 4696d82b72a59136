"""What a mart promises: one row a form (or a conference), never two."""

from __future__ import annotations

import pyarrow as pa
from dagster import AssetCheckResult, AssetCheckSeverity, AssetCheckSpec, AssetKey

from frs_pipeline.errors import CheckFailed

_NAME = "one_row_each"


def grain_spec(key: AssetKey) -> AssetCheckSpec:
    """Declared on every mart."""
    return AssetCheckSpec(_NAME, asset=key, description="the first column identifies a row", blocking=True)


def grain(key: AssetKey, mart: pa.Table) -> AssetCheckResult:
    """Counts rows and distinct ids. Raises `CheckFailed` before anything is written when they aren't equal."""
    distinct = len(mart.column(0).unique())
    if distinct != mart.num_rows:
        raise CheckFailed(f"{mart.num_rows} rows, but {distinct} different ids", where=key.to_user_string())
    return AssetCheckResult(
        asset_key=key,
        check_name=_NAME,
        passed=True,
        severity=AssetCheckSeverity.ERROR,
        metadata={"rows": mart.num_rows, "distinct": distinct},
    )
