"""What the audit page lists: how heavy a claim that fails weighs, and what is shown of its arithmetic."""

from __future__ import annotations

from fractions import Fraction

import pytest
from support.study import STUDY

from frs_pipeline.language import Text
from frs_pipeline.printed.arithmetic import arithmetic, labels
from frs_pipeline.printed.claim_files import Claims
from frs_pipeline.printed.evidence import PrintedEvidence
from frs_pipeline.printed.model import printed_tables
from frs_pipeline.printed.verdicts import evaluate
from frs_pipeline.report.audit import by_weight, examined, verdict_of, weighed
from frs_pipeline.report.claims import claims
from frs_pipeline.report.evidence import FormsEvidence
from frs_pipeline.report.findings import Judge
from frs_pipeline.study.claims import Claim, ClaimWords, Value

PRINTED = PrintedEvidence(printed_tables(STUDY))
SAYS = {"danish": "Det er {share}.", "english": "It is {share}."}


def listed(**claim):
    told = Claim.model_validate({"id": "one", "says": SAYS, **claim})
    nothing_counted = FormsEvidence(STUDY, {})
    words = ClaimWords()
    tested = Judge(STUDY, Claims((), words), nothing_counted).finding(told)
    return examined(STUDY, Claims((), words), [tested], nothing_counted)[0]


def share(said: str, **condition):
    values = {"share": {"share": {"table": 3, "answers": ["Mindre god", "Dårlig"]}, "said": said}}  # 74 of 2373 = 3.118 %
    return listed(values=values, holds=[{"value": "share", **condition}])


@pytest.mark.parametrize(
    ("said", "condition", "weight"),
    [
        ("3,1%", {"as_said_within": 0.1}, None),
        ("3,2%", {"as_said_within": 0.05}, "slight"),  # .08 off: less than one and a half of the last digit
        ("3,4%", {"as_said_within": 0.1}, "plain"),
        ("1,4%", {"as_said_within": 0.1}, "serious"),  # less than two thirds of it
        ("8,2%", {"as_said_within": 0.1}, "serious"),  # five points off
        ("3,1%", {"at_least": 50}, "serious"),  # a word, not a number
        ("3,1%", {"at_least": 8}, "plain"),  # less than five points short of what is taken for the word
    ],
)
def test_a_number_weighs_as_much_as_it_is_off_and_a_word_most(said: str, condition: dict, weight: str | None) -> None:
    one = share(said, **condition)
    assert one.weight == weight
    assert verdict_of(one.tested) == ("holds" if weight is None else "fails")


def test_what_only_forms_can_tell_is_no_fault_of_the_print() -> None:
    claim = {
        "id": "one",
        "says": SAYS,
        "values": {"share": {"lacking": {"measure": "initiator"}}},
        "holds": [{"value": "share", "above": 50}],
    }
    told = Claims((), ClaimWords())
    few = FormsEvidence(STUDY, {}, [{"measure": "initiator", "occasion": "both", "conferences": 1, "percent": 0.3}])
    one = examined(STUDY, told, [Judge(STUDY, told, few).finding(Claim.model_validate(claim))], few)[0]
    assert one.tested.holds is False
    assert (one.weight, verdict_of(one.tested), one.text_only) == (None, "forms", True)


def test_what_neither_tables_nor_forms_can_tell_weighs_nothing() -> None:
    pair = {"mart": "participant_first", "row": "understood", "column": "overall"}
    one = listed(values={"share": {"pair": pair, "said": ",387"}}, holds=[{"value": "share", "as_said_within": 0.0005}])
    assert one.weight is None
    assert one.text_only
    assert verdict_of(one.tested) == "untested"


def test_a_share_is_written_as_a_fraction_of_the_printed_counts() -> None:
    one = share("1,4%", as_said_within=0.1)
    assert [(step.name.english, step.says.english, fails) for step, fails in one.in_tables] == [
        ("table 3", "(52 + 22) / 2373 = 3.1%", True)
    ]
    assert [step.says.danish for step, _ in one.in_tables] == ["(52 + 22) / 2373 = 3,1\u00a0%"]


def test_differences_sums_and_percentages_are_written_with_their_parts() -> None:
    values = {
        "a": Value.model_validate({"printed": "2676"}),
        "b": Value.model_validate({"printed": "705"}),
        "all": Value.model_validate({"sum": ["a", "b"]}),
        "gap": Value.model_validate({"points": {"of": "a", "less": "b"}}),
        "part": Value.model_validate({"percent": {"of": "b", "base": "all"}}),
    }
    claim = Claim.model_validate({"id": "one", "says": SAYS, "values": values, "holds": [{"value": "all", "equals": 3381}]})
    verdict = evaluate(claim, ClaimWords(), PRINTED)
    assert verdict.holds is True
    written = {name: step.says.english for name, step in arithmetic(values, verdict.numbers, PRINTED).items()}
    assert written == {
        "a": "2676",
        "b": "705",
        "all": "2676 + 705 = 3381",
        "gap": "2676 − 705 = 1971",
        "part": "705 / 3381 = 20.9%",
    }
    assert verdict.numbers["part"].exact == Fraction(70500, 3381)


def test_values_of_the_same_table_are_told_apart_by_their_answers() -> None:
    both = {"good": ["Rigtig god"], "bad": ["Dårlig"]}
    values = {name: Value.model_validate({"share": {"table": 3, "answers": answers}}) for name, answers in both.items()}
    assert {name: text.english for name, text in labels(values).items()} == {
        "good": "table 3, Rigtig god",
        "bad": "table 3, Dårlig",
    }


def test_a_second_role_of_the_same_two_questions_is_called_by_itself() -> None:
    pair = {"mart": "participant_first", "row": "understood", "column": "overall"}
    values = {role: Value.model_validate({"pair": {**pair, "group": role}}) for role in ("barn", "far")}
    called = labels(values, {("participant_first", "understood"): Text("»Forstod du?«", "“Forstod du?”")})
    assert {name: text.danish for name, text in called.items()} == {"barn": "»Forstod du?« × overall, barn", "far": "far"}


def test_every_kind_of_value_of_the_study_has_a_name() -> None:
    for claim in claims(STUDY).by_id.values():
        assert set(labels(claim.values)) == set(claim.values)


def test_contradictions_are_listed_by_weight_each_with_the_pages_of_its_tables() -> None:
    found = by_weight(STUDY, {35: "raadgivere", 70: "konflikter"})
    weights = [one.found.weight for one in found]
    assert weights == sorted(weights, key=["serious", "plain", "slight"].index)
    assert weighed(found) == {weight: weights.count(weight) for weight in ("serious", "plain", "slight")}
    assert any(one.chapters == ("raadgivere", "konflikter") for one in found)
