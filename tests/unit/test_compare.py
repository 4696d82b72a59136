"""Recomputed against printed."""

import pytest
from support.study import STUDY

from frs_pipeline.language import Text
from frs_pipeline.printed import compare as compare_module
from frs_pipeline.printed.compare import COMPARE, compare, summary
from frs_pipeline.printed.model import Contradiction
from frs_pipeline.stats.printing import spss
from frs_pipeline.study.printed import published
from frs_pipeline.study.tables import Address
from frs_pipeline.tables.figures import Figure

REASON, DANISH = "table 1 prints two things at once", "i tabel 1 står to ting på én gang"


@pytest.fixture
def report(monkeypatch):
    """`report(printed, measure)`: a report of one figure; with `contradicts`, one that contradicts itself there."""

    def prints(printed, measure="count", *, contradicts=False):
        key = Address(1, "mor", "god", "", measure)
        contradiction = Contradiction("percent_only", (1,), Text(DANISH, REASON), gives_way=(key,))
        monkeypatch.setattr(compare_module, "published", lambda _study: {key: printed})
        monkeypatch.setattr(compare_module, "not_reproducible", lambda _study: {key: contradiction} if contradicts else {})

    return prints


def recomputed(value, measure, own):
    return Figure(1, "mor", "god", "", measure, value, own)


@pytest.mark.parametrize(
    ("printed", "measure", "value", "own", "shown", "verdict"),
    [
        pytest.param("72", "count", 72.0, "72", "72", "equal", id="count"),
        pytest.param("72", "count", 71.0, "71", "71", "differs", id="count off by one"),
        pytest.param("1419", "n", 1419.0, "1419", "1419", "equal", id="N"),
        pytest.param("59,5%", "row_percent", 100 * 72 / 121, "59,5%", "59,5%", "equal", id="one decimal"),
        pytest.param("59,6%", "row_percent", 100 * 72 / 121, "59,5%", "59,5%", "differs", id="one decimal off"),
        pytest.param("0,6%", "total_percent", 100 / 164, "0,6%", "0,6%", "equal", id="printed with a decimal"),
        pytest.param("4%", "total_percent", 100 * 7 / 164, "4,3%", "4%", "equal", id="printed without decimals"),
        pytest.param("5%", "total_percent", 100 * 7 / 164, "4,3%", "4%", "differs", id="without decimals, off by one"),
        pytest.param("13%", "percent", 12.5, "13%", "13%", "equal", id="tie away from zero"),
        pytest.param("0,0%", "row_percent", 0.0, "0,0%", "0,0%", "equal", id="zero percent"),
        pytest.param("59,5", "valid_percent", 59.504, "59,5", "59,5", "equal", id="percentage without sign"),
        pytest.param(",6", "valid_percent", 0.61, ",6", ",6", "equal", id="below one percent"),
        pytest.param("100", "valid_percent", 100.0, "100,0", "100", "equal", id="a hundred without decimals"),
        pytest.param(",286", "gamma", 0.2857, ",286", ",286", "equal", id="no leading zero"),
        pytest.param(",286", "gamma", 0.2867, ",287", ",287", "differs", id="last decimal off"),
        pytest.param("-,286", "gamma", -0.2855, "-,286", "-,286", "equal", id="negative, tie away from zero"),
        pytest.param(",286", "gamma", -0.2857, "-,286", "-,286", "differs", id="sign turned"),
        pytest.param("-2,145", "t", -2.1449, "-2,145", "-2,145", "equal", id="negative above one"),
        pytest.param(",000", "p", 1e-12, ",000", ",000", "equal", id="nearly zero"),
        pytest.param(",000", "gamma", -0.0004, ",000", ",000", "equal", id="no negative zero"),
        pytest.param("1,000", "gamma", 1.0, "1,000", "1,000", "equal", id="one"),
        pytest.param(",50", "gamma", 0.5, ",500", ",50", "equal", id="two decimals"),
        pytest.param(",286", "gamma", None, "ikke beregnelig", "ikke beregnelig", "differs", id="not computable"),
        pytest.param(",000", "gamma", None, "ikke beregnelig", "ikke beregnelig", "differs", id="not computable is not zero"),
    ],
)
def test_a_figure_is_compared_as_it_is_printed(report, printed, measure, value, own, shown, verdict):
    report(printed, measure)
    (row,) = compare(STUDY, [recomputed(value, measure, own)]).to_pylist()
    assert (row["printed_published"], row["printed_recomputed"], row["verdict"]) == (printed, shown, verdict)
    assert row["reason"] is None


@pytest.mark.parametrize(
    ("value", "verdict", "reasons"),
    [(71.0, "not reproducible", (REASON, DANISH)), (72.0, "equal", (None, None))],
    ids=["other", "same"],
)
def test_where_the_report_contradicts_itself_only_a_difference_needs_a_reason(report, value, verdict, reasons):
    report("72", contradicts=True)
    (row,) = compare(STUDY, [recomputed(value, "count", str(int(value)))]).to_pylist()
    assert (row["verdict"], row["reason"], row["reason_danish"]) == (verdict, *reasons)


@pytest.mark.parametrize(("contradicts", "verdict"), [(False, "differs"), (True, "not reproducible")])
def test_a_figure_that_was_not_computed_is_never_equal(report, contradicts, verdict):
    report("72", contradicts=contradicts)
    (row,) = compare(STUDY, []).to_pylist()
    assert (row["printed_recomputed"], row["verdict"]) == ("not computed", verdict)


def test_a_figure_of_another_address_is_not_taken_for_it(report):
    report("72")
    others = [recomputed(72.0, "count", "72")._replace(**change) for change in ({"row": "far"}, {"group": "mor"}, {"table": 2})]
    assert compare(STUDY, others)["verdict"].to_pylist() == ["differs"]


def test_the_printed_report_compared_with_itself_is_equal_everywhere():
    figures = []
    for key, printed in published(STUDY).items():
        number = float(printed.removesuffix("%").replace(",", "."))
        figures.append(Figure(*key, number, spss(number, 3, leading_zero=not printed.lstrip("-").startswith(","))))
    rows = compare(STUDY, figures)
    assert rows.schema == COMPARE
    assert summary(rows) == {"equal": len(published(STUDY)), "differs": 0, "not reproducible": 0}


def test_one_table_is_compared_alone_and_in_the_order_of_the_report():
    rows = compare(STUDY, [], table=10).to_pylist()
    assert [row["measure"] for row in rows] == [key.measure for key in published(STUDY) if key.table == 10]
    assert {row["table"] for row in rows} == {10}


def test_labels_that_a_figure_does_not_have_are_null():
    row = compare(STUDY, [], table=10).to_pylist()[0]
    assert (row["row"], row["column"], row["group"]) == (None, None, None)
