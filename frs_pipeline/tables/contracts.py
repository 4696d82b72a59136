"""What a mart promises by its shape: one row per form (or conference), never two, and no form lost on the way to it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa

from frs_pipeline.errors import CheckFailed
from frs_pipeline.store.files import rows_in
from frs_pipeline.store.rows import Rows, batches_of


def require_one_row_each(mart: pa.Table | Rows, where: str) -> int:
    """Count the distinct ids of a mart that is sorted by them. Raises `CheckFailed` when there are fewer than rows."""
    distinct = 0
    last = pa.nulls(0, mart.schema.field(0).type)
    for batch in batches_of(mart):
        distinct += len(pa.concat_arrays([last, batch.column(0)]).unique()) - len(last)
        last = batch.column(0).slice(batch.num_rows - 1)
    if distinct != mart.num_rows:
        raise CheckFailed(f"{mart.num_rows} rows, but {distinct} different ids", where=where)
    return distinct


def require_every_form(sources: Iterable[Path], forms: int, where: str) -> int:
    """Count the rows that the files in `sources` say that they have. Raises `CheckFailed` when a mart has other `forms`."""
    pseudonymised = sum(rows_in(path) for path in sources)
    if forms != pseudonymised:
        raise CheckFailed(f"{forms} forms, but {pseudonymised} were pseudonymised", where=where)
    return pseudonymised


def nothing_lost(delivered: int, accepted: int, set_aside: int, withdrawn: int) -> bool:
    """Tell whether every form that was delivered was accepted, set aside or withdrawn, and none twice."""
    return delivered == accepted + set_aside + withdrawn
