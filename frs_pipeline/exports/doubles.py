"""Rules about forms beside other forms: respondent ids and papers that stand twice, several mothers at one conference.

They need a look at all accepted forms of an export. What is needed of each waits in `KEYS`; DuckDB, which lays down
on disk what is too much for memory, finds the few that come into question, and only those are compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from frs_pipeline.exports.parsing import MISSING
from frs_pipeline.rows import Rows, engine

KEYS = pa.schema(
    [
        ("line", pa.int64()),
        ("respondent", pa.int64()),
        ("created", pa.timestamp("s")),
        ("number", pa.int64()),
        ("role", pa.int64()),
        pa.field("answers", pa.uint64(), metadata={"text": "hash of number and answers; null where all are blank"}),
    ]
)
_FACTOR = np.uint64(0x9E3779B97F4A7C15)


def keys(
    lines: np.ndarray,
    respondent: np.ndarray,
    created: np.ndarray,
    number: np.ndarray,
    role: np.ndarray,
    answers: Sequence[np.ndarray],
) -> pa.Table:
    """`KEYS` of some accepted forms; `answers` are one array of codes a question, `MISSING` where it is blank, as in `role`."""
    mixed = number.astype(np.uint64)
    blank = np.ones(len(number), dtype=bool)
    for codes in answers:
        mixed = (mixed ^ codes.astype(np.uint64)) * _FACTOR
        mixed ^= mixed >> np.uint64(29)
        blank &= codes == MISSING
    return pa.table(
        {
            "line": lines,
            "respondent": respondent,
            "created": pa.array(created, pa.timestamp("s")),
            "number": number,
            "role": role,
            # Two papers left wholly blank are alike without being the same.
            "answers": pa.array(mixed, mask=blank),
        },
        schema=KEYS,
    )


def respondents_twice(rows: Rows, folder: Path | None = None) -> set[int]:
    """Lines of forms whose respondent id an earlier form of the file has."""
    query = "select line, respondent from keys where respondent in (select respondent from again) order by line"
    found = _few(rows, "respondent", query, folder)
    return set(found["line"][found["respondent"].duplicated(keep="first")].tolist())


def keyed_twice(rows: Rows, forms: Rows, without: set[int], within: pd.Timedelta, folder: Path | None = None) -> set[int]:
    """Lines of forms that repeat an earlier keyed form's number and all answers within a time of its keying.

    `forms` are the accepted forms themselves, in which candidates are compared answer by answer; `without` lines that
    are out already.
    """
    query = "select line, created from keys where answers in (select answers from again) order by line"
    found = _few(rows, "answers", query, folder)
    found = found[~found["line"].isin(without) & found["created"].notna()]
    if found.empty:
        return set()
    wanted = pa.array(found["line"].to_numpy(), pa.int32())
    candidates = pa.concat_tables(
        [pa.Table.from_batches([batch]).filter(pc.is_in(batch["line"], value_set=wanted)) for batch in forms.batches()]
    ).drop_columns(["form_id", "file"])
    frame = candidates.to_pandas().astype("Int64").fillna(MISSING)
    frame = found.set_index("line")[["created"]].join(frame.set_index("line")).sort_values("created", kind="stable")
    columns = [name for name in frame.columns if name != "created"]
    before = frame.groupby(columns, sort=False)["created"].shift()
    return set(frame.index[(frame["created"] - before) <= within].tolist())


def several_of_one(rows: Rows, roles: Sequence[int], without: set[int], folder: Path | None = None) -> list[int]:
    """Lines, ascending, of forms whose role another form of the same conference has too, where it can have only one."""
    if not roles:
        return []
    chosen = ", ".join(str(int(role)) for role in roles)
    out = pa.table({"line": pa.array(sorted(without), pa.int64())})
    # Laid down first: `keys` can be read through once only, and DuckDB may take a window apart into two readings.
    query = f"""
        create temp table ones as
        select line, number, role from keys where role in ({chosen}) and line not in (select line from out_already)
    """  # noqa: S608 - whole numbers only
    several = "select line from (select line, count(*) over (partition by number, role) as forms from ones) where forms > 1"
    with engine(folder) as connection:
        connection.register("out_already", out)
        connection.register("keys", pa.RecordBatchReader.from_batches(KEYS, rows.batches()))
        connection.execute(query)
        return [line for (line,) in connection.execute(f"{several} order by line").fetchall()]


def _few(rows: Rows, key: str, query: str, folder: Path | None) -> pd.DataFrame:
    """What `query` says of the forms whose `key` stands more than once (table `again`)."""
    with engine(folder) as connection:
        connection.register("keys", pa.RecordBatchReader.from_batches(KEYS, rows.batches()))
        connection.execute(
            f"create temp table again as select {key} from keys where {key} is not null group by {key} having count(*) > 1"  # noqa: S608
        )
        if not connection.execute("select count(*) from again").fetchall()[0][0]:
            return pd.DataFrame({name: [] for name in ("line", "respondent", "created")})
        connection.register("keys", pa.RecordBatchReader.from_batches(KEYS, rows.batches()))
        return connection.execute(query).df()
