"""Dates: which cells are one, and what is kept of it."""

import datetime as dt

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from frs_pipeline.errors import InputError
from frs_pipeline.intake.readers.parsing import MISSING, dates
from frs_pipeline.operations.new_study import begin
from frs_pipeline.study import Study
from frs_pipeline.study.calendar import Calendar, day_in
from frs_pipeline.study.questionnaires import questionnaires

FIRST, LAST = dt.date(2019, 11, 15), dt.date(2021, 2, 1)
PANDAS = {"month": ("M", "%Y-%m"), "quarter": ("Q", "%Y Q%q"), "year": ("Y", "%Y")}


@pytest.mark.parametrize(
    "word", ["2020-11-30", "2020-11-30 00:00:00", "2020-11-30T08:27", "30-11-2020", "30.11.2020", "30-11-2020 08.27"]
)
def test_a_day_is_read_however_it_is_written(word):
    assert day_in(word) == dt.date(2020, 11, 30)


@pytest.mark.parametrize(
    "word", ["30/11/2020", "11-30-2020", "2020-02-30", "30-11.2020", "30-11-20", "44165", "i går", "", "２020-11-30"]
)
def test_nothing_is_guessed(word):
    assert day_in(word) is None


@pytest.mark.parametrize("keep", PANDAS)
@given(day=st.dates(dt.date(2019, 1, 1), dt.date(2021, 12, 31)))
def test_periods_are_those_of_pandas(keep, day):
    made, (unit, written) = Calendar(keep, FIRST, LAST), PANDAS[keep]
    periods = pd.period_range(FIRST, LAST, freq=unit)
    assert made.labels == tuple(periods.strftime(written))
    inside = FIRST <= day <= LAST
    assert made.code(day) == (periods.get_loc(pd.Period(day, unit)) + 1 if inside else 0)


def test_a_column_of_dates_says_what_is_none():
    cells = pa.chunked_array([["2020-11-30", " 1-2-2020 ", "", "2018-01-01", "snart", "610160-0000"]])
    read = dates(cells, Calendar("quarter", FIRST, LAST))
    assert read.values.tolist() == [5, 2, MISSING, 0, MISSING, MISSING]
    assert read.blank.tolist() == [False, False, True, False, False, False]
    assert np.flatnonzero(read.unreadable).tolist() == [4, 5]
    assert np.flatnonzero(read.personal).tolist() == [5]


def study(folder, line):
    made = begin(folder / "dated")
    with (made / "questionnaires" / "participant.yaml").open("a", encoding="utf-8") as file:
        file.write(
            f"  - {{name: moved, source: flyt, text: Hvornår?, type: date, {line}, sensitivity: personal, wording: assumed}}\n"
        )
    return Study(made)


@pytest.mark.parametrize(
    ("line", "name", "number"),
    [("", "moved_quarter", 6), (", keep: year", "moved_year", 3), (", keep: month", "moved_month", 16)],
)
def test_a_date_is_a_column_of_its_periods_and_never_of_days(tmp_path, line, name, number):
    made = questionnaires(study(tmp_path, f"range: [2019-11-15, 2021-02-01]{line}"))["participant"].question(name)
    assert (made.type, made.of, len(made.codes)) == ("ordinal", "moved", number)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("since: 2020-01-01", "moved is a date and needs a range .write range: .2020-01-01, 2024-12-31"),
        ("range: [2021-02-01, 2019-11-15]", "range: the second day is before the first"),
        ("range: [2019-11-15, 2021-02-30]", "isn't a date .write it as year-month-day"),
        ("range: [0, 120]", "isn't a date"),
        ("range: [1950-01-01, 2020-01-01]", "281 quarters are more than 127 .narrow the range, or keep: year"),
        ("range: [2019-11-15, 2021-02-01], keep: day", "keep: 'day' isn't allowed .one of: month, quarter, year"),
        ("range: [2019-11-15, 2021-02-01], unit: 1", "moved is date, and only a number has unit"),
        ("range: [2019-11-15, 2021-02-01], scale: agreement", "moved is a date, which has no scale"),
    ],
)
def test_what_a_date_lacks_is_said_in_a_line(tmp_path, line, says):
    with pytest.raises(InputError, match=says):
        questionnaires(study(tmp_path, line))
