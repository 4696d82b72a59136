"""Questions answered with a number: what their YAML may say, and how cells are read and judged."""

from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyreadstat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.study import bare_study

from frs_pipeline.errors import InputError
from frs_pipeline.intake.readers.parsing import MISSING, grouped, numbers
from frs_pipeline.intake.readers.workbooks import read_sav
from frs_pipeline.study.fields import arrow_field
from frs_pipeline.study.numbers import NO_PLACE, Measured, Span, number_in, place_of, plain
from frs_pipeline.study.questionnaires import read_questionnaire
from frs_pipeline.study.schema import Scales, as_column, as_places

QUESTION = """\
instrument: coordinator
title: Samordner
filled_in_by: coordinator
occasion: both
form_prefix: SA
questions:
  - name: age
    source: alder
    text: Alder?
    type: number
    unit: 1
    range: [0, 120]
    groups: {unge: [0, 17], voksne: [18, 120]}
    sensitivity: personal
    wording: printed
"""
HALVES = Measured(
    Decimal("0.5"), Decimal(-10), Decimal(40), (("low", Decimal(-10), Decimal(0)), ("high", Decimal("0.5"), Decimal(40)))
)
WHOLE = Measured(Decimal(5), Decimal(0), Decimal(100))


def read(tmp_path, text=QUESTION):
    scales = "scales:\n  yes_no:\n    - {code: 1, label: ja}\n"
    return read_questionnaire(bare_study(tmp_path, scales=scales, coordinator=text), tmp_path / "coordinator.yaml")


def test_a_number_is_a_column_and_its_groups_another(tmp_path):
    age, groups = read(tmp_path).questions
    assert (age.name, age.type, age.codes, age.possible) == ("age", "number", (), Span(0, 120))
    assert (groups.name, groups.type, groups.labels, groups.grouped) == ("age_group", "ordinal", {1: "unge", 2: "voksne"}, "age")
    assert (arrow_field(age).type, arrow_field(groups).type) == (pa.int32(), pa.int8())


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ("    unit: 1\n", "", 7, "age is a number and needs a unit (write unit: 1 for whole numbers, 0.1 for one decimal)"),
        ("    range: [0, 120]\n", "", 7, "age is a number and needs a range (write range: [lowest, highest])"),
        ("unit: 1\n", "unit: 0\n", 11, "unit: 0 isn't allowed (more than 0)"),
        ("unit: 1\n", "unit: years\n", 11, "unit: 'years' isn't a number (write it with a decimal point, without quotes)"),
        ("[0, 120]", "[120, 0]", 12, "range: the second number isn't above the first"),
        ("[0, 120]", "[0.5, 120]", 12, "range: 0.5 isn't a multiple of 1"),
        ("[0, 120]", "[0, 3000000000]", 12, "range: numbers in steps of 1 go to 1999999998"),
        ("[0, 120]", "[0]", 12, "range"),
        ("[18, 120]", "[17, 120]", 13, "voksne begins at 17, where 18 comes next (give groups in order, each number in one)"),
        ("[18, 120]", "[20, 120]", 13, "voksne begins at 20, where 18 comes next"),
        ("[18, 120]", "[18, 99]", 13, "voksne, the last, ends at 99, and the range at 120 (let both end at the same number)"),
        ("[18, 120]", "[18, 17]", 13, "voksne ends before it begins"),
        ("[0, 17]", "[0, 17.5]", 13, "unge doesn't begin and end with a multiple of 1"),
        ("type: number\n", "type: number\n    scale: yes_no\n", 11, "age is a number, which has no scale"),
        ("type: number\n", "type: number\n    dont_know: 9\n", 11, "age is a number, which has no answer of its own for it"),
        ("type: number\n", "type: ordinal\n    scale: yes_no\n", 12, "age is ordinal, and only a number has unit (take unit out"),
        ("unit: 1\n", "units: 1\n", 11, "units isn't a key here (is unit meant?)"),
    ],
)
def test_what_is_wrong_with_a_number_is_said_with_its_line_and_what_is_right(tmp_path, old, new, line, says):
    assert old in QUESTION
    with pytest.raises(InputError) as error:
        read(tmp_path, QUESTION.replace(old, new))
    assert f"coordinator.yaml:{line}" in str(error.value)
    assert says in str(error.value)


@pytest.mark.parametrize(
    ("cell", "number", "place"),
    [
        ("12,5", HALVES, 125),
        ("12.5", HALVES, 125),
        ("12,50", HALVES, 125),
        ("-3", HALVES, -30),
        ("+3", HALVES, 30),
        ("12.4999999999999982", HALVES, 125),  # as a float of a computed 12.5 is written
        ("12,55", HALVES, NO_PLACE),
        ("99999999999", HALVES, NO_PLACE),
        ("1.234", WHOLE, NO_PLACE),
        ("25,0", WHOLE, 25),
        ("1.234,5", HALVES, None),
        ("1 234", WHOLE, None),
        ("12 år", WHOLE, None),
        ("1e3", WHOLE, None),
        ("٣", WHOLE, None),
        ("", WHOLE, None),
    ],
)
def test_a_cell_is_read_exactly_or_not_at_all(cell, number, place):
    assert place_of(cell, number) == place


def test_numbers_outside_the_range_and_between_its_steps_are_refused_by_pandera(tmp_path):
    text = QUESTION.replace("unit: 1", "unit: 5").replace("{unge: [0, 17], voksne: [18, 120]}", "{}")
    questionnaire = read(tmp_path, text)
    given = {"age": [0, 5, 7, 120, 125, -5, NO_PLACE]}
    assert sorted(Scales(questionnaire).refused(given)["age"]) == sorted([7, 125, -5, NO_PLACE])


def test_a_column_is_judged_cell_by_cell():
    cells = ["12,5", "", " 3 ", "x", "12,55", "0099801234", "40"]
    read = numbers(pa.chunked_array([cells]), HALVES)
    assert read.values.tolist() == [125, MISSING, 30, MISSING, NO_PLACE, 998012340, 400]
    assert read.blank.tolist() == [False, True, False, False, False, False, False]
    assert read.unreadable.tolist() == [False, False, False, True, False, False, False]


@given(st.lists(st.one_of(st.none(), st.integers(-20, 80)), min_size=1))
def test_groups_are_those_of_pandas_cut(halves):
    cells = ["" if half is None else str(half / 2) for half in halves]
    read = grouped(numbers(pa.chunked_array([cells]), HALVES), HALVES)
    cut = pd.cut([np.nan if half is None else half / 2 for half in halves], [-10.5, 0, 40], labels=False)
    assert read.values.tolist() == [MISSING if np.isnan(at) else int(at) + 1 for at in cut]


@given(st.lists(st.one_of(st.none(), st.integers(-(10**9), 10**9))), st.integers(0, 4))
def test_columns_of_a_mart_hold_the_numbers_themselves(places, decimals):
    kind = pa.decimal128(18, decimals) if decimals else pa.int32()
    column = as_column(pa.array(places, pa.int32()), kind)
    assert column.to_pylist() == [None if p is None else Decimal(p).scaleb(-decimals) for p in places]
    assert as_places(column.slice(1)).to_pylist() == places[1:]


def test_what_stands_in_a_cell_is_what_a_mart_holds():
    assert number_in("12,5", HALVES) == Decimal("12.5")
    assert number_in("25", WHOLE) == 25
    assert [number_in(word, HALVES) for word in ("", "x", "12,3", "41")] == [None] * 4
    assert [plain(Decimal(word)) for word in ("1E+2", "0.50", "0", "-0.5")] == ["100", "0.5", "0", "-0.5"]


def test_spss_files_give_the_decimals_that_were_meant(tmp_path):
    path = tmp_path / "export.sav"
    pyreadstat.write_sav(pd.DataFrame({"timer": [12.5, 0.1 + 0.2, np.nan, 3.0]}), path)
    rows, _, _ = read_sav(path)
    tenths = Measured(Decimal("0.1"), Decimal(0), Decimal(40))
    assert [number_in(cells[0], tenths) if cells else None for _, cells in rows[1:]] == [Decimal("12.5"), Decimal("0.3"), None, 3]
