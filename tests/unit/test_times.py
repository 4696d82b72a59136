"""Times of a column in the one format that fits all of them; nothing is guessed."""

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frs_pipeline.intake.readers.times import AMBIGUOUS, BLANK, MIXED, SURVEYXACT, FittingFormats, times

TOLERATED = 0.05
_MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
# A program's way of writing, and how far down it goes.
WRITTEN = {
    "SurveyXact": (str, "s"),
    "ISO with T": (lambda t: t.isoformat(), "s"),
    "ISO with a fraction": (lambda t: t.isoformat() + ".250", "s"),
    "ISO with Z": (lambda t: t.isoformat() + "Z", "s"),
    "ISO without seconds": (lambda t: t.strftime("%Y-%m-%d %H:%M"), "m"),
    "Danish Excel": (lambda t: t.strftime("%d-%m-%Y %H:%M"), "m"),
    "Danish Excel with points": (lambda t: t.strftime("%d/%m/%Y %H.%M"), "m"),
    "Danish with points throughout": (lambda t: t.strftime("%d.%m.%Y %H.%M"), "m"),
    "American Excel": (lambda t: f"{t.month}/{t.day}/{t.year} {t.hour % 12 or 12}:{t.minute:02d} {'AP'[t.hour // 12]}M", "m"),
    "American Excel by 24 hours": (lambda t: f"{t.month}/{t.day}/{t.year} {t.hour}:{t.minute:02d}", "m"),
    "American Excel on a Mac": (lambda t: f"{t.month}/{t.day}/{t.year % 100} {t.hour}:{t.minute:02d}", "m"),
    "British Excel": (lambda t: t.strftime("%d/%m/%Y %H:%M"), "m"),
    "SPSS": (lambda t: f"{t.day:02d}-{_MONTHS[t.month - 1]}-{t.year} {t:%H:%M:%S}", "s"),
    "serial numbers": (lambda t: repr((t - dt.datetime(1899, 12, 30)).total_seconds() / 86400), "s"),
    "Danish serial numbers": (lambda t: f"{(t - dt.datetime(1899, 12, 30)).total_seconds() / 86400:.9f}".replace(".", ","), "s"),
}
SOME = st.lists(st.datetimes(dt.datetime(2014, 1, 1), dt.datetime(2030, 12, 31)), max_size=8)
# A day that is none when day and month are taken for each other, in both ways of taking them.
TELLING = [dt.datetime(2019, 2, 28, 8, 27, 5), dt.datetime(2020, 12, 31, 23, 59, 59), dt.datetime(2021, 1, 13)]


def read(cells):
    column = pa.chunked_array([cells], pa.string())
    evidence = FittingFormats()
    evidence.look(column, times(column, SURVEYXACT))
    format = evidence.verdict(TOLERATED)
    return format, times(column, format)


@pytest.mark.parametrize("program", WRITTEN)
@settings(deadline=None, max_examples=40)
@given(SOME)
def test_a_column_is_read_as_its_program_wrote_it(program, moments):
    write, unit = WRITTEN[program]
    moments = [*(moment.replace(microsecond=0) for moment in moments), *TELLING]
    format, found = read([f" {write(moment)}" for moment in moments] + ["", "i dag"])
    assert not isinstance(format, str)
    assert found[:-2].tolist() == [m if unit == "s" else m.replace(second=0) for m in moments]
    assert np.isnat(found[-2:]).all()


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        (["2/5/2020 8:27", "3/12/2020 9:15"], AMBIGUOUS),
        (["05/02/2020 08:27 AM"], AMBIGUOUS),
        (["20/11/30 08:27"], AMBIGUOUS),
        (["13/1/2020 8:27", "1/13/2020 8:27"], MIXED),
        (["13/1/2020 8:27"] * 30 + ["1/2/2020 8:27", "1/13/2020 8:27"], MIXED),
        (["2020-02-05 08:27:00", "05-02-2020 08:27"], MIXED),
        (["2020-02-05 08:27:00", "2020-02-05T08:27:00Z"], MIXED),
        (["2020-02-05 08:27:00"] * 9 + ["05-02-2020 08:27"] * 2, MIXED),
        (["", " "], BLANK),
    ],
)
def test_where_several_formats_fit_or_none_nothing_is_read(cells, why):
    format, found = read(cells)
    assert format == why
    assert np.isnat(found).all()


@pytest.mark.parametrize("odd", ["05-02-2020 08:27", "i dag", "", "43866.35"])
def test_one_odd_cell_does_not_touch_the_others(odd):
    format, found = read(["2020-02-05 08:27:00"] * 5 + [odd])
    assert format is SURVEYXACT
    assert np.isnat(found).tolist() == [False] * 5 + [True]


@pytest.mark.parametrize(
    "cell",
    [
        "2019-02-30 09:00:00",
        "2019-05-06 24:00:00",
        "2019-05-06 9:00:00",
        "2019-05-06",
        "31-04-2020 08:27",
        "00-01-2020 08:27",
        "13/13/2020 08:27",
        "13:05 PM",
        "1/13/2020 13:05 PM",
        "1/13/2020 0:05 AM",
        "05-FOO-2020 08:27:00",
        "123",
        "99999.5",
        "٠٥-02-2020 08:27",
    ],
)
def test_what_is_no_time_is_read_as_none(cell):
    assert np.isnat(read([cell, "i dag"])[1]).all()
