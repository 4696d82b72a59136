"""What a mart promises by its shape, asked without Dagster."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from frs_pipeline.errors import CheckFailed
from frs_pipeline.store.rows import Rows
from frs_pipeline.tables.contracts import nothing_lost, require_every_form, require_one_row_each


def mart(*batches):
    tables = [pa.table({"form_id": pa.array(ids, pa.string())}) for ids in batches]
    return Rows.of(tables, tables[0].schema)


@pytest.mark.parametrize(
    ("batches", "distinct"),
    [
        pytest.param([["a", "b", "c"]], 3, id="one batch"),
        pytest.param([["a", "b"], ["c"]], 3, id="two batches"),
        pytest.param([[]], 0, id="no rows"),
    ],
)
def test_each_row_has_an_id_of_its_own(batches, distinct):
    assert require_one_row_each(mart(*batches), "marts/x") == distinct


@pytest.mark.parametrize(
    "batches", [pytest.param([["a", "a"]], id="in a batch"), pytest.param([["a", "b"], ["b", "c"]], id="across batches")]
)
def test_an_id_that_stands_twice_stops_the_run(batches):
    with pytest.raises(CheckFailed, match="different ids") as refused:
        require_one_row_each(mart(*batches), "marts/x")
    assert refused.value.where == "marts/x"


def test_a_mart_has_as_many_forms_as_were_pseudonymised(tmp_path):
    for name, rows in (("one", 2), ("two", 3)):
        pq.write_table(pa.table({"form_id": [str(row) for row in range(rows)]}), tmp_path / f"{name}.parquet")
    paths = [tmp_path / "one.parquet", tmp_path / "two.parquet"]
    assert require_every_form(paths, 5, "marts/x") == 5
    with pytest.raises(CheckFailed, match="4 forms, but 5 were pseudonymised"):
        require_every_form(paths, 4, "marts/x")


@pytest.mark.parametrize(
    ("counts", "kept"),
    [
        pytest.param((10, 7, 2, 1), True, id="none lost"),
        pytest.param((10, 7, 2, 0), False, id="one lost"),
        pytest.param((10, 8, 2, 1), False, id="one twice"),
    ],
)
def test_forms_in_are_forms_out(counts, kept):
    assert nothing_lost(*counts) is kept
