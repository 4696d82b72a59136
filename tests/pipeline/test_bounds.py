"""Worst and best case of every figure of the shipped delivery, and how many forms came from whom."""

from __future__ import annotations

import pyarrow.compute as pc
import pytest

from frs_pipeline.store.files import Store, read
from frs_pipeline.study.tables import Address, catalogue
from frs_pipeline.tables.bounds import BOUNDS, GROUP_UNKNOWN, MEASURES, has_bounds
from frs_pipeline.tables.figures import from_table
from frs_pipeline.tables.forms import FORMS


@pytest.fixture(scope="module")
def store(refreshed):
    return Store(refreshed, "2020-11-30")


@pytest.fixture(scope="module")
def rows(store):
    table = read(store.file("statistics", "bounds"))
    assert table.schema.remove_metadata().names == BOUNDS.names
    return {Address.of(row): row for row in table.to_pylist()}


def test_every_share_mean_and_gamma_has_a_row(store, rows) -> None:
    figures = {f.address: f for f in from_table(read(store.file("statistics", "figures")))}
    wanted = {a for a in figures if has_bounds(catalogue(store.study)[a.table], a)}
    assert set(rows) == wanted
    assert {address.measure for address in rows} == MEASURES - {"mean", "case_percent", "column_percent"}
    assert all(rows[address]["value"] == figures[address].value for address in wanted)


# From complete reasoning beside the pipeline: over forms that answered one question, and with those that answered neither.
@pytest.mark.parametrize(
    ("table", "value", "partly", "whole", "one", "neither"),
    [(18, -0.286, (-0.423, -0.033), (-0.538, 0.148), 147, 90), (27, 0.577, (0.523, 0.585), (0.161, 0.717), 9, 36)],
)
def test_gammas_whose_bounds_are_known(rows, table, value, partly, whole, one, neither) -> None:
    row = rows[Address(table, "", "", "", "gamma")]
    assert row["value"] == pytest.approx(value, abs=5e-4)
    assert (row["lowest_partly"], row["highest_partly"]) == pytest.approx(partly, abs=5e-4)
    assert (row["lowest"], row["highest"]) == pytest.approx(whole, abs=5e-4)
    assert (row["missing"] - row["neither"], row["neither"]) == (one, neither)


def test_a_share_whose_bounds_are_a_sum(rows) -> None:
    """Table 6: 626 of 1286, 133 blank."""
    row = rows[Address(6, "Ja, meget", "", "", "valid_percent")]
    assert (row["hits"], row["base"], row["blank"], row["missing"]) == (626, 1286 + 133, 133, 133)
    assert row["value"] == pytest.approx(48.7, abs=0.05)
    assert (row["lowest"], row["highest"]) == pytest.approx((100 * 626 / 1419, 100 * 759 / 1419))


def test_bounds_hold_the_figure_but_in_margins(rows) -> None:
    outside = []
    for address, row in rows.items():
        if row["lowest"] is not None and row["value"] is not None:
            assert row["lowest"] <= row["highest"]
            if not row["lowest"] - 1e-9 <= row["value"] <= row["highest"] + 1e-9:
                outside.append(address)
            if row["lowest_partly"] is not None:
                assert row["lowest"] <= row["lowest_partly"] <= row["highest_partly"] <= row["highest"]
            if row["units"]:
                assert row["lowest_units"] <= row["lowest"] <= row["highest"] <= row["highest_units"]
    # Shares among forms of which some lack only another answer: they count where they have answered.
    assert outside
    assert all(
        address.measure == "total_percent" or (address.measure, address.row) == ("row_percent", "Total") for address in outside
    )
    assert all(rows[address]["missing"] for address in outside)


def test_a_question_that_is_asked_at_one_occasion_is_nobodys_to_answer_at_the_other(store, rows) -> None:
    """Table 32 is of a question for the follow-up: all 181 answered; its percentages are of all 377 forms."""
    row = rows[Address(32, "Ja, meget", "", "", "percent")]
    assert (row["hits"], row["base"], row["blank"], row["missing"]) == (48, 377, 0, 0)
    assert row["lowest"] == row["highest"] == row["value"] == pytest.approx(100 * 48 / 377)


def test_only_gammas_of_groups_have_no_bounds(rows) -> None:
    without = {address for address, row in rows.items() if row["lowest"] is None}
    assert {rows[address]["reason"] for address in without} == {GROUP_UNKNOWN}
    assert {address.measure for address in without} == {"gamma", "partial_gamma"}
    assert all(address.group for address in without)


def test_units_are_known_of_initiators_and_coordinators(store, rows) -> None:
    found = {}
    for address, row in rows.items():
        table = catalogue(store.study)[address.table]
        found.setdefault((table.marts[0], table.occasion), set()).add(row["units"])
    assert found.pop(("coordinator", "both")) == {8}
    assert found.pop(("initiator", "followup")) == {2}
    assert found.pop(("initiator", "both")) == {2, 4}  # 2 of questions that are asked at the follow-up only
    assert set(map(tuple, found.values())) == {(None,)}


def test_forms_by_whom_and_when_are_all_forms(store) -> None:
    forms = read(store.file("statistics", "forms"))
    assert forms.schema.names == FORMS.names
    assert pc.sum(forms["forms"]).as_py() == 3436
    listed = [tuple(row.values()) for row in forms.to_pylist()]
    assert ("participant_first", "barn", "first", None, 126) in listed
    assert ("participant_followup", None, "followup", None, 164) in listed
    assert [row for row in listed if row[0] == "coordinator"] == [
        ("coordinator", None, "first", None, 192),
        ("coordinator", None, "followup", None, 181),
    ]


def test_the_audit_says_when_a_claim_tips(store) -> None:
    page = (store.settings.curated("2020-11-30") / "report" / "revision.html").read_text(encoding="utf-8")
    tipping = read(store.file("report"))
    assert 14 < page.count('class="note tip"') < tipping.num_rows
