"""What a mart promises: one row a form (or a conference), never two."""

from __future__ import annotations

import pyarrow as pa
from dagster import AssetCheckResult, AssetCheckSeverity, AssetCheckSpec, AssetKey

from frs_pipeline.errors import CheckFailed
from frs_pipeline.store.rows import Rows, batches_of

_NAME = "one_row_each"


def grain_spec(key: AssetKey) -> AssetCheckSpec:
    """Declared on every mart."""
    return AssetCheckSpec(_NAME, asset=key, description="the first column identifies a row", blocking=True)


def grain(key: AssetKey, mart: pa.Table | Rows) -> AssetCheckResult:
    """Counts rows and distinct ids of a mart that is sorted by its ids.

    Raises `CheckFailed` before anything is written when they aren't equal.
    """
    distinct = 0
    last = pa.nulls(0, mart.schema.field(0).type)
    for batch in batches_of(mart):
        distinct += len(pa.concat_arrays([last, batch.column(0)]).unique()) - len(last)
        last = batch.column(0).slice(batch.num_rows - 1)
    if distinct != mart.num_rows:
        raise CheckFailed(f"{mart.num_rows} rows, but {distinct} different ids", where=key.to_user_string())
    return AssetCheckResult(
        asset_key=key,
        check_name=_NAME,
        passed=True,
        severity=AssetCheckSeverity.ERROR,
        metadata={"rows": mart.num_rows, "distinct": distinct},
    )
