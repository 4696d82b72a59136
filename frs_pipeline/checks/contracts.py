"""The grain of a mart: one row per form (or per conference), never two."""

from __future__ import annotations

import pyarrow as pa
from dagster import AssetCheckResult, AssetCheckSeverity, AssetCheckSpec, AssetKey

from frs_pipeline.store.rows import Rows
from frs_pipeline.tables.contracts import require_one_row_each

_NAME = "one_row_each"


def grain_spec(key: AssetKey) -> AssetCheckSpec:
    """Declare the check on every mart."""
    return AssetCheckSpec(_NAME, asset=key, description="the first column identifies a row", blocking=True)


def grain(key: AssetKey, mart: pa.Table | Rows) -> AssetCheckResult:
    """Count rows and distinct ids of a mart that is sorted by its ids.

    Raises `CheckFailed` before anything is written when they aren't equal.
    """
    return grain_counted(key, mart.num_rows, require_one_row_each(mart, key.to_user_string()))


def grain_counted(key: AssetKey, rows: int, distinct: int) -> AssetCheckResult:
    """Record numbers of rows and ids that were compared already."""
    return AssetCheckResult(
        asset_key=key,
        check_name=_NAME,
        passed=rows == distinct,
        severity=AssetCheckSeverity.ERROR,
        metadata={"rows": rows, "distinct": distinct},
    )
