"""Cells as numbers: the quick ways of reading a column give what reading it cell by cell gives."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frs_pipeline.intake.readers import parsing
from frs_pipeline.intake.readers.parsing import MISSING, codes

# A number of digits, spaces and other things that a cell may hold; most columns hold one kind.
DIGITS = st.sampled_from(["", *"0123456789"])
NUMBERS = st.integers(0, 10**9 - 1).map(str) | st.sampled_from(["007", "000000000"])
ODD = st.sampled_from([" 1", "1 ", "-3", "+3", "1.0", "x", "٣", "²", "ø", " ", "\u00a0", "1234567890", "610190-1234", "/", ":"])
COLUMNS = st.one_of(
    st.lists(DIGITS), st.lists(NUMBERS), st.lists(DIGITS | NUMBERS), st.lists(ODD), st.lists(DIGITS | NUMBERS | ODD)
)


def cell_by_cell(cells):
    return [each.tolist() for each in parsing._one_by_one(cells)]


@settings(deadline=None, max_examples=300)
@given(COLUMNS, st.integers(0, 3), st.integers(0, 3))
def test_a_column_read_at_once_is_the_column_read_cell_by_cell(cells, before, after):
    whole = pa.array(["7"] * before + cells + ["x"] * after, pa.string())
    found = codes(pa.chunked_array([whole.slice(before, len(cells))]))
    assert [each.tolist() for each in (found.values, found.blank, found.unreadable, found.personal)] == cell_by_cell(cells)
    assert found.values.dtype == np.int32
    assert found.distinct == tuple(sorted({int(n) for n in found.values.tolist()} - {MISSING}))


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["1", "", "9"], [1, MISSING, 9]),
        (["11", "042", "999999999"], [11, 42, 999999999]),
        (["1", " 2 ", "-3", "x", "1234567890"], [1, 2, -3, MISSING, MISSING]),
        (["", ""], [MISSING, MISSING]),
        (["/", ":", "1"], [MISSING, MISSING, 1]),
    ],
)
def test_what_cells_say(cells, values):
    assert codes(pa.chunked_array([cells], pa.string())).values.tolist() == values
