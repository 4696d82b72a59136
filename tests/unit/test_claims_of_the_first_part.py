"""The claims of the report's first part, held against its printed tables: which don't hold, and by what numbers.

The numbers are divided by hand from the counts that the report prints, the verdicts drawn from them.
"""

from fractions import Fraction

import pytest
from support.study import STUDY

from frs_pipeline.printed.evidence import PrintedEvidence
from frs_pipeline.printed.model import printed_tables
from frs_pipeline.printed.verdicts import Verdict, evaluate
from frs_pipeline.report.claims import claims

CHAPTERS = ("preface", "summary", "introduction", "model", "research", "method")
FAILING = {
    "respondents_3381",
    "dissatisfied",
    "without_support",
    "weight_every_conference",
    "belief_first",
    "disappointed",
    "same_belief_again",
    "worker_10_lower",
    "all_defined_problem",
    "questions_with_parents",
    "plan_seldom_changed",
    "same_as_our_37",
    "all_answered",
    "participants_2676",
    "professionals_705",
    "sum_3381_2676_750",
}
# What only forms can tell: which conferences lack one, one occasion or some forms by themselves.
UNTOLD = {
    "nonresponse",
    "without_support_by_weight",
    "worker_belief_output",
    "worker_rise_5",
    "worker_still_lower",
    "many_heavy_high_wellbeing",
    "both_aims_together",
    "almost_every_conference",
    "twelve_lacking",
}


@pytest.fixture(scope="module")
def verdicts() -> dict[str, Verdict]:
    told, evidence = claims(STUDY), PrintedEvidence(printed_tables(STUDY))
    first = [claim for chapter in told.chapters if chapter.name in CHAPTERS for claim in chapter.claims]
    return {claim.id: evaluate(claim, told.words, evidence) for claim in first if claim.holds}


def test_what_fails_and_what_only_forms_can_tell(verdicts: dict[str, Verdict]) -> None:
    assert {name for name, verdict in verdicts.items() if verdict.holds is False} == FAILING
    assert {name for name, verdict in verdicts.items() if verdict.holds is None} == UNTOLD


@pytest.mark.parametrize(
    ("claim", "value", "exact"),
    [
        # The 1.4% of the report is table 5's: 16 of 1114.
        ("dissatisfied", "negative", Fraction(100 * (52 + 22), 2373)),
        ("dissatisfied", "plan", Fraction(100 * (8 + 8), 1114)),
        # The first conference's table, not the follow-up's that the text tells as the first.
        ("belief_first", "share", Fraction(100 * (559 + 417), 1107)),
        ("same_belief_again", "after", Fraction(100 * (603 + 422), 1221)),
        ("worker_10_lower", "gap", Fraction(100 * 976, 1107) - Fraction(100 * (117 + 134), 341)),
        ("without_support", "alone", Fraction(100 * 60, 164)),
        ("without_support", "need", Fraction(100 * (35 + 13 + 17), 164)),
        ("without_support", "none", Fraction(100 * (39 + 44), 184)),
        # The four rows of table 45 that aren't children.
        ("all_defined_problem", "others", Fraction(100 * (68 + 41 + 52 + 12), 1006)),
        ("plan_seldom_changed", "change", Fraction(100 * (64 + 41 + 4), 323)),
        ("same_as_our_37", "share", Fraction(100 * (39 + 44), 184)),
        ("participants_2676", "all", Fraction(1267 + 1419)),
        ("professionals_705", "all", Fraction(377 + 373)),
        # Of 46 printed gammas six have a p of .05 or more.
        ("most_significant", "share", Fraction(100 * 40, 46)),
    ],
)
def test_numbers_are_those_of_the_printed_counts(verdicts: dict[str, Verdict], claim: str, value: str, exact: Fraction) -> None:
    assert verdicts[claim].numbers[value].exact == exact
