"""Columns of marts that say which conferences are of the same child: a study has them where study.yaml says `cases: true`."""

from __future__ import annotations

import pyarrow as pa

CASES = (
    pa.field("case_id", pa.string(), metadata={"text": "The codebook's pseudonym of the child"}),
    pa.field(
        "case_conference",
        pa.int16(),
        metadata={"text": "Which of the child's conferences it is, by the ledger's dates: 1, 2, …"},
    ),
    pa.field("case_days", pa.int32(), metadata={"text": "Days since the child's first conference, by the ledger's dates"}),
)
CASE_COLUMNS = tuple(field.name for field in CASES)
