"""Rules about forms beside other forms: respondent ids and papers that stand twice, several mothers at one conference.

They need a look at all accepted forms of an export, which may not fit into memory. What is needed of each waits in `KEYS`.
A first pass marks every key in a table of bits and keeps those whose bit was marked before: the keys that stand twice,
and a few that only share a bit. A second pass takes out the forms with these keys, and only those are compared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from frs_pipeline.intake.readers.parsing import MISSING
from frs_pipeline.store.rows import Rows
from frs_pipeline.study.schema import as_places

KEYS = pa.schema(
    [
        ("line", pa.int64()),
        ("respondent", pa.int64()),
        ("created", pa.timestamp("s")),
        ("number", pa.int64()),
        ("role", pa.int64()),
        pa.field("answers", pa.uint64(), metadata={"text": "hash of number and answers; null where all are blank"}),
        pa.field("skipped", pa.int64(), metadata={"text": "rules that couldn't be applied, a bit each"}),
    ]
)
# The most bits of a key's place in the table, which is then 64 MB; of ten million keys, one in fifty shares a bit with another.
_BITS = 29
# The bits by which there are more places than keys.
_SPARE = 6
_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_Keys = Callable[[pa.RecordBatch], np.ndarray]
_Batches = Callable[[], Iterator[pa.RecordBatch]]


def keys(
    lines: np.ndarray,
    respondent: np.ndarray,
    created: np.ndarray,
    number: np.ndarray,
    role: np.ndarray,
    answers: Sequence[np.ndarray],
    skipped: np.ndarray,
) -> pa.Table:
    """Return `KEYS` of accepted forms; `answers` are one array of codes per question, `MISSING` where blank, as in `role`."""
    hashed = _mixed(number, *answers)
    blank = np.all([codes == MISSING for codes in answers], axis=0) if answers else np.ones(len(number), dtype=bool)
    return pa.table(
        {
            "line": lines,
            "respondent": respondent,
            "created": pa.array(created, pa.timestamp("s")),
            "number": number,
            "role": role,
            # Two papers left wholly blank are alike without being the same.
            "answers": pa.array(hashed, mask=blank),
            "skipped": skipped,
        },
        schema=KEYS,
    )


def respondents_twice(rows: Rows) -> set[int]:
    """Find the lines of forms whose respondent id an earlier form of the file has."""
    if _ascending(rows):
        return set()
    alike = _alike(rows.num_rows, rows.batches, lambda batch: _mixed(batch["respondent"].to_numpy())).sort_values("line")
    return set(alike["line"][alike["respondent"].duplicated(keep="first")].tolist())


def keyed_twice(rows: Rows, forms: Rows, without: set[int], within: pd.Timedelta) -> set[int]:
    """Find the lines of forms that repeat an earlier form's number and all answers, keyed `within` that time of it.

    `forms` are the accepted forms themselves, in which candidates are compared answer by answer; `without` are lines that
    are out already.
    """
    alike = _alike(rows.num_rows, rows.batches, lambda batch: batch["answers"].fill_null(0).to_numpy())
    alike = alike[alike["answers"].notna() & ~alike["line"].isin(without) & alike["created"].notna()]
    alike = alike[alike["answers"].duplicated(keep=False)]
    if alike.empty:
        return set()
    wanted = pa.array(alike["line"].to_numpy(), pa.int32())
    candidates = pa.concat_tables(
        [pa.Table.from_batches([batch]).filter(pc.is_in(batch["line"], value_set=wanted)) for batch in forms.batches()]
    ).drop_columns(["form_id", "file"])
    whole = pa.table({name: as_places(candidates[name]) for name in candidates.column_names})
    frame = whole.to_pandas().astype("Int64").fillna(MISSING)
    frame = alike.set_index("line")[["created"]].join(frame.set_index("line")).sort_index().sort_values("created", kind="stable")
    columns = [name for name in frame.columns if name != "created"]
    before = frame.groupby(columns, sort=False)["created"].shift()
    return set(frame.index[(frame["created"] - before) <= within].tolist())


def several_of_one(rows: Rows, roles: Sequence[int], without: set[int]) -> list[int]:
    """Find the lines, ascending, of forms whose role another form of the same conference has too, where it can have only one."""
    chosen, out = pa.array(roles, pa.int64()), pa.array(sorted(without), pa.int64())

    def counted() -> Iterator[pa.RecordBatch]:
        for batch in rows.batches():
            mine = batch.filter(pc.is_in(batch["role"], value_set=chosen))
            yield mine.filter(pc.invert(pc.is_in(mine["line"], value_set=out)))

    alike = _alike(rows.num_rows, counted, lambda batch: _mixed(batch["number"].to_numpy(), batch["role"].to_numpy()))
    return sorted(alike["line"][alike.duplicated(["number", "role"], keep=False)].tolist())


def _alike(rows: int, batches: _Batches, key: _Keys) -> pd.DataFrame:
    """Return `KEYS` of all forms whose key another form has too, and of few others; there are at most so many `rows`."""
    bits = min(_BITS, rows.bit_length() + _SPARE)
    seen = np.zeros(1 << (bits - 3), dtype=np.uint8)
    again = [np.empty(0, dtype=np.uint64)]
    for batch in batches():
        # In order, which walks once through the table instead of jumping about in it.
        values = np.sort(key(batch))
        place = values >> np.uint64(64 - bits)
        byte, bit = (place >> np.uint64(3)).astype(np.int64), np.left_shift(1, place & np.uint64(7)).astype(np.uint8)
        again += [values[1:][values[1:] == values[:-1]], values[seen[byte] & bit != 0]]
        # All bits of one byte are set at once.
        starts = np.flatnonzero(np.diff(byte, prepend=-1))
        seen[byte[starts]] |= np.bitwise_or.reduceat(bit, starts) if len(starts) else bit
    # Looked up by Arrow, which doesn't sort for it as NumPy does.
    wanted = pa.array(np.unique(np.concatenate(again)))
    alike = [batch.filter(pc.is_in(pa.array(key(batch)), value_set=wanted)) for batch in batches()] if len(wanted) else []
    frame: pd.DataFrame = pa.Table.from_batches(alike, KEYS).to_pandas()
    return frame


def _ascending(rows: Rows) -> bool:
    """Return whether every form has a higher respondent id than the one before, as SurveyXact writes them."""
    last = -1
    for batch in rows.batches():
        ids = batch["respondent"].to_numpy()
        if len(ids) and (ids[0] <= last or not (np.diff(ids) > 0).all()):
            return False
        last = int(ids[-1]) if len(ids) else last
    return True


def _mixed(*parts: np.ndarray) -> np.ndarray:
    """Return a hash (uint64) of whole numbers, whose upper bits depend on all of them."""
    hashed = np.zeros(len(parts[0]), dtype=np.uint64)
    for part in parts:
        hashed = (hashed ^ part.astype(np.int64).view(np.uint64)) * _FACTOR
        hashed ^= hashed >> np.uint64(29)
    return hashed * _FACTOR
