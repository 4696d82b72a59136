"""Which forms belong together: those about one child where the study links conferences, else those of one conference."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

# What forms may have in common, the widest first.
KEYS = ("case_id", "conference_id")


def key_of(rows: pa.Table) -> pa.ChunkedArray:
    """Return what each form has in common with others (forms,); null for one that has nothing."""
    keys = [rows[name] for name in KEYS if name in rows.column_names]
    return pc.coalesce(*keys) if keys else pa.chunked_array([pa.nulls(rows.num_rows, pa.string())])
