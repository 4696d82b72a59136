"""What is told about a claim of the printed report, and about a number that is quoted from it."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from support.study import STUDY

from frs_pipeline.report.claim_passports import ClaimPassport, Quoted, rounds_apart, told_of
from frs_pipeline.report.claims import claims
from frs_pipeline.report.evidence import FormsEvidence
from frs_pipeline.report.findings import Judge, Sentence
from frs_pipeline.study.claims import Claim
from frs_pipeline.study.tables import Address
from frs_pipeline.tables.figures import Figure

# As the report prints them, but for the children in table 44, who are ten fewer than there.
COUNTS = {
    Address(3, "Mindre god", "", "", "count"): 52,
    Address(3, "Dårlig", "", "", "count"): 22,
    Address(3, "Total valid", "", "", "count"): 2373,
    Address(3, "Total", "", "", "count"): 2373,
    Address(5, "Total", "i mindre grad", "", "count"): 8,
    Address(5, "Total", "slet ikke", "", "count"): 8,
    Address(5, "Total", "Total", "", "count"): 1114,
    Address(44, "barn", "Ja, meget", "", "count"): 19,
    Address(44, "barn", "Total", "", "count"): 121,
    Address(44, "mor", "Ja, meget", "", "count"): 47,
    Address(44, "mor", "Total", "", "count"): 143,
}
EVIDENCE = FormsEvidence(STUDY, {one: Figure(*one, number, str(number)) for one, number in COUNTS.items()})
DISSATISFIED = {
    "id": "dissatisfied",
    "says": {"danish": "Kun {share} er utilfredse.", "english": "Only {share} are dissatisfied."},
    "instead": {"danish": "{share}; med planen er {plan}.", "english": "{share}; with the plan {plan} are."},
    "values": {
        "share": {"share": {"table": 3, "answers": ["Mindre god", "Dårlig"]}, "said": "1,4%"},
        "plan": {"share": {"table": 5, "answers": ["i mindre grad", "slet ikke"]}},
    },
    "holds": [{"value": "share", "as_said_within": 0.1}],
}
ROLES = {
    "id": "roles",
    "says": {"danish": "Børnene vidste mindst.", "english": "Children knew least."},
    "values": {role: {"share": {"table": 44, "row": role, "answers": ["Ja, meget"]}} for role in ("barn", "mor")},
    "holds": [{"value": "barn", "least_of": ["mor"]}],
}


def told(claim: dict[str, Any]) -> tuple[Any, ClaimPassport | None, list[Quoted]]:
    judge = Judge(STUDY, claims(STUDY), EVIDENCE)
    tested = judge.finding(Claim.model_validate(claim))
    passports, quoted = told_of(judge, [tested])
    return tested, passports.get(tested.claim.id), quoted.get(tested.claim.id, [])


def test_a_claim_tells_its_condition_its_numbers_as_fractions_and_what_would_turn_it() -> None:
    _, passport, quoted = told(ROLES)
    assert passport is not None
    assert (passport.id, passport.holds, quoted, passport.tables) == ("om-roles", True, [], (44,))
    (tried,) = passport.tried
    assert (tried.name.english, tried.words.english, tried.kept) == ("child", "the least, compared with mother", True)
    barn, mor = passport.rows
    assert barn.fraction is not None and mor.fraction is not None
    assert (barn.fraction.parts, barn.fraction.base, barn.number.shown.text) == (("19",), "121", "15,7\u00a0%")
    assert passport.picture is not None
    assert (passport.picture.subject, passport.picture.others, passport.picture.ends) == (15.7, (32.9,), None)
    # 47 of 143 mothers are 32.87 %, and 40 of 121 children 33.06 %.
    assert passport.overturned is not None
    assert passport.overturned.danish == "Hvis 21 flere af de 121 (barn) havde svaret »Ja, meget«, ville det ikke holde."
    assert passport.overturned.english == "Had 21 more of the 121 (child) answered “yes, very much”, it would not hold."


def test_a_condition_on_a_number_says_where_it_has_to_lie() -> None:
    _, passport, _ = told(DISSATISFIED)
    assert passport is not None and passport.picture is not None
    assert (passport.holds, passport.picture.subject, passport.picture.ends) == (False, 3.1, (1.3, 1.5))
    # 35.595 of 2373 are 1.5 %: 39 of the 74 fewer.
    assert passport.overturned is not None
    assert passport.overturned.english.startswith("Had 39 fewer of the 2,373 answered “rather poor” or “bad”, it would hold")
    assert "2.373" in passport.overturned.danish


def test_a_quoted_number_is_held_against_both_and_says_where_it_comes_from() -> None:
    tested, _, (quoted,) = told(DISSATISFIED)
    assert quoted.id == "citat-dissatisfied-share"
    said = [part for part in tested.says.danish if not isinstance(part, str)]
    assert [(one.text, one.quoted, one.addresses) for one in said] == [("1,4\u00a0%", quoted.id, ())]
    for side in (quoted.tables, quoted.forms):
        assert side.fraction is not None
        assert (side.shown.english, side.fraction.parts, side.fraction.base, side.same) == ("3.1%", ("52", "22"), "2.373", False)
    assert quoted.source is not None and quoted.source.fraction is not None
    assert (quoted.source.fraction.parts, quoted.source.fraction.base, quoted.source.name.english) == (
        ("8", "8"),
        "1.114",
        "table 5",
    )
    assert tested.instead is not None
    assert Sentence.plain(tested.instead.danish) == "3,1\u00a0%; med planen er 1,4\u00a0%."


def test_what_the_report_says_of_a_number_doesnt_change_with_the_forms() -> None:
    claim = DISSATISFIED | {
        "values": {"share": {"share": {"table": 44, "row": "barn", "answers": ["Ja, meget"]}, "said": "24,0%"}}
    }
    _, passport, (quoted,) = told(claim | {"instead": None})
    assert passport is not None
    assert (quoted.tables.shown.english, quoted.tables.same) == ("24.0%", True)
    assert (quoted.forms.shown.english, quoted.forms.same) == ("15.7%", False)
    assert quoted.source is None


@pytest.mark.parametrize("said", ["3,1%", "3,12%"])
def test_a_number_that_the_forms_give_too_isnt_struck(said: str) -> None:
    values = {**DISSATISFIED["values"], "share": {**DISSATISFIED["values"]["share"], "said": said}}  # type: ignore[dict-item, index]
    assert told(DISSATISFIED | {"values": values})[2] == []


def test_what_nothing_can_test_has_no_passport() -> None:
    untested = {**{key: value for key, value in DISSATISFIED.items() if key != "holds"}, "untested": "judgement"}
    assert told(untested)[1] is None


def test_a_difference_that_isnt_that_of_the_rounded_shares_says_so() -> None:
    eighty_eight, seventy_five = Fraction(8816, 100), Fraction(7524, 100)  # 88,2 less 75,2, and yet 12,9
    assert rounds_apart(eighty_eight, seventy_five)
    assert not rounds_apart(Fraction(8820, 100), Fraction(7520, 100))
    assert not rounds_apart(None, seventy_five)
