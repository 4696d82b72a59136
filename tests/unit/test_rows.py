"""Rows that wait on disk are the rows that were appended, however they were handed over."""

import datetime as dt
import tempfile

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from frs_pipeline.errors import FrsError
from frs_pipeline.store import rows as rows_module
from frs_pipeline.store.rows import Rows, batches_of, content_hash, sorted_by

SCHEMA = pa.schema(
    [
        pa.field("form", pa.string(), nullable=False, metadata={"text": "Skema"}),
        ("line", pa.int32()),
        ("role", pa.int8()),
        ("on", pa.date32()),
        ("valid", pa.bool_()),
    ]
)
CELLS = st.tuples(
    st.text("aÅåz\n\U0001f600", max_size=3),
    st.none() | st.integers(-(2**31), 2**31 - 1),
    st.none() | st.integers(-128, 127),
    st.none() | st.dates(),
    st.none() | st.booleans(),
)
TABLES = st.lists(CELLS, max_size=40).map(
    lambda rows: pa.Table.from_pylist([dict(zip(SCHEMA.names, row, strict=True)) for row in rows], schema=SCHEMA)
)
SMALL = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(autouse=True)
def batches_of_eight(monkeypatch):
    monkeypatch.setattr(rows_module, "BATCH", 8)


def portions(table, cuts):
    """The table in pieces that end at `cuts`; some may be empty."""
    ends = sorted(cut % (table.num_rows + 1) for cut in cuts)
    return [table.slice(start, end - start) for start, end in zip([0, *ends], [*ends, table.num_rows], strict=True)]


@SMALL
@given(TABLES, st.lists(st.integers(0, 40), max_size=5))
def test_rows_come_back_in_the_same_batches_however_they_were_appended(table, cuts):
    rows = Rows.of(portions(table, cuts), SCHEMA)
    assert rows.num_rows == table.num_rows
    assert rows.table().equals(table)
    assert rows.table().schema.equals(SCHEMA, check_metadata=True)
    sizes = [batch.num_rows for batch in rows.batches()]
    assert sizes == [batch.num_rows for batch in batches_of(table)]
    assert all(size == 8 for size in sizes[:-1])


@SMALL
@given(TABLES, st.lists(st.integers(0, 40), max_size=5))
def test_the_hash_is_that_of_the_table_however_rows_were_appended(table, cuts):
    whole = content_hash(table)
    assert content_hash(Rows.of(portions(table, cuts), SCHEMA)) == whole
    # Pieces that were copied have no neighbours left in memory, those above have.
    copied = [pa.Table.from_pylist(part.to_pylist(), schema=SCHEMA) for part in portions(table, cuts)]
    assert content_hash(Rows.of(copied, SCHEMA)) == whole


def test_what_lies_under_a_null_does_not_count():
    blank = pa.table({"role": pa.array([1, None, 3], pa.int8())})
    masked = pa.table({"role": pa.array(np.array([1, 99, 3], np.int8), mask=np.array([False, True, False]))})
    assert content_hash(masked) == content_hash(blank)


def numbered(count, start=0):
    return pa.table({"line": pa.array(range(start, start + count), pa.int32())})


def test_another_value_row_or_name_gives_another_hash():
    table = numbered(20)
    others = [table.slice(1), pa.concat_tables([numbered(19), numbered(1, 20)]), table.rename_columns(["number"])]
    assert len({content_hash(other) for other in (table, *others)}) == 4


def test_a_hash_is_not_kept_when_more_rows_come():
    rows = Rows.of([numbered(20)], numbered(0).schema)
    assert content_hash(rows) == content_hash(numbered(20))
    rows.append(numbered(5, 20))
    assert content_hash(rows) == content_hash(numbered(25))


def test_two_readers_at_once_and_an_append_between_them(tmp_path):
    rows = Rows.of([numbered(30)], numbered(0).schema, tmp_path)
    first, second = rows.batches(), rows.batches()
    seen = [next(first)["line"].to_pylist(), next(second)["line"].to_pylist(), next(first)["line"].to_pylist()]
    assert seen == [list(range(8)), list(range(8)), list(range(8, 16))]
    rows.append(numbered(10, 30))
    assert rows.table() == numbered(40)
    assert next(second)["line"].to_pylist() == list(range(8, 16))


def test_what_waits_has_no_name_that_could_be_left_behind(tmp_path):
    rows = Rows.of([numbered(100)], numbered(0).schema, tmp_path)
    assert next(rows.batches()).num_rows == 8
    assert list(tmp_path.iterdir()) == []


def test_columns_are_taken_by_name_and_brought_to_the_schemas_types():
    given = pa.table({"surplus": ["x"], "role": pa.array([3], pa.int64()), "line": pa.array([7], pa.int64())})
    schema = pa.schema([("line", pa.int32()), ("role", pa.int8())])
    assert Rows.of([given], schema).table() == pa.table({"line": [7], "role": [3]}, schema=schema)


@SMALL
@given(st.lists(CELLS, min_size=9, max_size=40, unique_by=lambda cells: cells[:2]), st.permutations(["form", "line"]))
def test_more_rows_than_a_batch_are_sorted_as_arrow_sorts_them(cells, by):
    table = pa.Table.from_pylist([dict(zip(SCHEMA.names, row, strict=True)) for row in cells], schema=SCHEMA)
    found = sorted_by(Rows.of([table], SCHEMA), by)
    assert found.table().equals(table.sort_by([(name, "ascending") for name in by]))
    assert found.schema.equals(SCHEMA, check_metadata=True)


def test_a_few_rows_are_sorted_in_the_same_way():
    table = pa.table({"form": ["å", "b", None, "Æ", "a"], "line": pa.array([1, 2, 3, 4, 5], pa.int32())})
    expected = ["a", "b", "Æ", "å", None]
    assert sorted_by(Rows.of([table], table.schema), ["form"]).table()["form"].to_pylist() == expected
    more = pa.concat_tables([table, pa.table({"form": ["c"] * 6, "line": pa.array(range(6, 12), pa.int32())})])
    found = sorted_by(Rows.of([more], table.schema), ["form", "line"]).table()["form"].to_pylist()
    assert [form for form in found if form != "c"] == expected


def test_nothing_is_left_of_the_engine_that_sorts(tmp_path):
    assert sorted_by(Rows.of([numbered(100)], numbered(0).schema, tmp_path), ["line"], tmp_path).num_rows == 100
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("count", [9, 100_000], ids=["found when it is read", "found when it is written"])
def test_a_full_disk_is_told_in_one_line(tmp_path, monkeypatch, count):
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **_: open("/dev/full", "w+b"))  # noqa: PTH123, SIM115
    monkeypatch.setattr(rows_module, "BATCH", count - 1)
    rows = Rows(numbered(0).schema, tmp_path)
    with pytest.raises(FrsError, match="No space left on device") as refused:
        rows.append(numbered(count)) or rows.table()
    assert refused.value.where == tmp_path
    assert "\n" not in str(refused.value)


def test_a_folder_that_cannot_be_written_is_told_in_one_line(tmp_path):
    rows = Rows(numbered(0).schema, tmp_path / "nothing")
    with pytest.raises(FrsError, match="cannot be written: No such file or directory"):
        rows.append(numbered(9))


def test_dates_survive_the_way_through_disk():
    table = pa.table({"on": pa.array([dt.date(2018, 2, 1)] * 9)})
    assert Rows.of([table], table.schema).table() == table


@SMALL
@given(st.integers(1, 40), st.sets(st.integers(0, 39), max_size=40), st.integers(1, 40))
def test_rows_that_are_left_out_leave_what_was_appended_without_them(count, out, portion):
    out = sorted(line for line in out if line < count)
    table = numbered(count)
    left = Rows.of([table.slice(at, portion) for at in range(0, count, portion)], table.schema).without("line", pa.array(out))
    expected = table.filter(pa.array([line not in out for line in range(count)]))
    assert left.num_rows == expected.num_rows
    assert left.table().equals(expected)
    assert [batch.num_rows for batch in left.batches()] == [batch.num_rows for batch in batches_of(expected)]
    assert content_hash(left) == content_hash(expected)


def test_leaving_out_a_row_that_is_not_there_is_found():
    with pytest.raises(RuntimeError, match="left out"):
        Rows.of([numbered(20)], numbered(0).schema).without("line", pa.array([3, 20])).table()
