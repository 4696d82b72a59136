"""What blank forms would have to say for a claim to tip."""

from __future__ import annotations

import pytest
from support.study import STUDY

from frs_pipeline.report.claims import claims
from frs_pipeline.report.evidence import FormsEvidence
from frs_pipeline.report.findings import Judge, Sentence
from frs_pipeline.report.tipping import tipping
from frs_pipeline.study.claims import Claim
from frs_pipeline.study.tables import Address, catalogue
from frs_pipeline.tables.bounds import bound_rows
from frs_pipeline.tables.figures import figures

SHARE = {
    "id": "satisfied",
    "says": {"danish": "{share} er tilfredse.", "english": "{share} are satisfied."},
    "instead": {"danish": "Det er {share}.", "english": "It is {share}."},
    "values": {"share": {"share": {"table": 6, "answers": ["Ja, meget"]}, "said": "48,7%"}},
}


def said(claim: dict, counts: dict[int, dict]) -> tuple[str, str] | None:
    """The line of a claim in both languages, from counts with blanks by table."""
    tables = {number: catalogue(STUDY)[number] for number in counts}
    shown = {f.address: f for number, table in tables.items() for f in figures(table, counts[number])}
    rows = {}
    for number, table in tables.items():
        own = [f for f in shown.values() if f.table == number]
        rows |= {Address.of(row): row for row in bound_rows(STUDY, table, own, counts[number], None)}
    tested = Judge(STUDY, claims(STUDY), FormsEvidence(STUDY, shown)).finding(Claim.model_validate(claim))
    found = tipping(STUDY, tested, rows)
    return found and (Sentence.plain(found.danish).replace("\u00a0", " "), Sentence.plain(found.english).replace("\u00a0", " "))


def share(condition: dict, hits: int, others: int, blank: int):
    counts = {6: {(1,): hits, (2,): others, (None,): blank}}
    return said(SHARE | {"holds": [{"value": "share", **condition}]}, counts)


ON, OF = "de 20 skemaer uden svar", "the 20 forms without an answer"
TIPS = [
    # 60 of 110 are 54.5 %; one half of 130 are 65: 5 of the 20.
    (
        {"at_least": 50},
        (60, 50, 20),
        "Holder, så længe svaret ville have stået på mindst 25 % af {}.",
        "Holds as long as at least 25 % of {} would have said so.",
    ),
    (
        {"at_most": 55},
        (59, 51, 20),
        "Holder, så længe svaret ville have stået på højst 62 % af {}.",
        "Holds as long as at most 62 % of {} would have said so.",
    ),
    (
        {"as_said_within": 2},
        (53, 57, 20),
        "Holder, så længe svaret ville have stået på mellem 39 % og 64 % af {}.",
        "Holds as long as between 39 % and 64 % of {} would have said so.",
    ),
    (
        {"at_least": 60},
        (60, 50, 20),
        "Ville holde, hvis svaret havde stået på mindst 90 % af {}.",
        "Would hold if at least 90 % of {} would have said so.",
    ),
    ({"at_least": 40}, (60, 50, 20), "Holder, uanset hvad der ville have stået på {}.", "Holds, whatever {} would have said."),
    # A word is what words.yaml tests it as; a number that may be off is a span.
    (
        {"word": "de_fleste"},
        (60, 50, 20),
        "Holder, så længe svaret ville have stået på mindst 25 % af {}.",
        "Holds as long as at least 25 % of {} would have said so.",
    ),
    (
        {"about": {"of": 48.7, "within": 2}},
        (53, 57, 20),
        "Holder, så længe svaret ville have stået på mellem 39 % og 64 % af {}.",
        "Holds as long as between 39 % and 64 % of {} would have said so.",
    ),
    # 55 of 110: 10 of the 20, neither more nor less; and between 49.5 % and 49.9 % where no whole per cent is.
    (
        {"equals": 50},
        (55, 55, 20),
        "Holder, så længe svaret ville have stået på mellem 50 % og 50 % af {}.",
        "Holds as long as between 50 % and 50 % of {} would have said so.",
    ),
    (
        {"at_least": 49.93, "at_most": 49.98},
        (55, 55, 20),
        "Ville holde, hvis svaret havde stået på mellem 49,6 % og 49,8 % af {}.",
        "Would hold if between 49,6 % and 49,8 % of {} would have said so.",
    ),
    (
        {"at_least": 90},
        (60, 50, 20),
        "Holder ikke, uanset hvad der ville have stået på {}.",
        "Doesn't hold, whatever {} would have said.",
    ),
]


@pytest.mark.parametrize(("condition", "counts", "danish", "english"), TIPS)
def test_a_share_tips_where_enough_of_the_blank_would_have_said_so(condition, counts, danish, english) -> None:
    assert share(condition, *counts) == (danish.format(ON), english.format(OF))


def test_of_a_share_held_against_another_number_nothing_is_said() -> None:
    counts = {6: {(1,): 60, (2,): 50, (None,): 20}}
    both = {"values": {**SHARE["values"], "other": {"share": {"table": 6, "answers": ["i midten"]}}}}
    for condition in ({"above": "other"}, {"greatest_of": ["other"]}, {"about": {"of": "other", "within": 60}}):
        assert said(SHARE | both | {"holds": [{"value": "share", **condition}]}, counts) is None


def test_a_single_blank_form_is_said_in_words() -> None:
    danish, english = share({"at_least": 50}, 60, 50, 1)
    assert danish == "Holder, uanset hvad der ville have stået på det ene skema uden svar."
    assert english == "Holds, whatever the one form without an answer would have said."


def test_where_nothing_is_missing_nothing_is_said() -> None:
    assert share({"at_least": 50}, 60, 50, 0) is None
    untested = {"untested": "not_asked", "holds": [], "instead": None}
    assert said(SHARE | untested, {6: {(1,): 60, (2,): 50, (None,): 20}}) is None


def gamma(counts: dict, condition: dict | None = None):
    words = {"danish": "{gamma}.", "english": "{gamma}."}
    claim = {"id": "goes", "says": words, "instead": words, "values": {"gamma": {"gamma": {"table": 10}}}}
    return said(claim | {"holds": [{"value": "gamma", **(condition or {"above": 0})}]}, {10: counts})


STRONG = {(1, 1): 40, (1, 2): 10, (2, 1): 10, (2, 2): 40}


@pytest.mark.parametrize(
    ("blank", "english"),
    [
        ({(1, None): 3, (None, None): 2}, "The sign stays the same, whatever the 5 forms that lack an answer would have said."),
        ({(1, None): 1}, "The sign stays the same, whatever the one form that lacks an answer would have said."),
        (
            {(1, None): 3, (None, None): 90},
            "The sign stays the same, whatever the 3 forms with one of the two answers would have said; "
            "the 90 forms with neither could turn it.",
        ),
        ({(1, None): 90, (2, None): 90}, "The 180 forms that lack an answer could turn the sign."),
        ({}, None),
    ],
)
def test_a_gamma_tips_where_its_bounds_reach_zero(blank, english) -> None:
    found = gamma(STRONG | blank)
    assert (found and found[1]) == english


def test_of_a_strength_alone_nothing_is_said() -> None:
    assert gamma(STRONG | {(1, None): 3}, {"strength": ["weak"]}) is None
