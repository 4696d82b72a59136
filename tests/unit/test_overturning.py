"""What would overturn a sentence, against trying every number of forms in turn."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from support.study import STUDY

from frs_pipeline.printed.verdicts import evaluate
from frs_pipeline.report.claims import claims
from frs_pipeline.report.evidence import FormsEvidence
from frs_pipeline.report.overturning import overturn
from frs_pipeline.study.claims import Claim
from frs_pipeline.study.tables import Address, catalogue
from frs_pipeline.tables.figures import Figure

WORDS = claims(STUDY).words
GOOD = ["rigtig god", "god"]
ROLES = ("barn", "mor", "far", "familie", "netværk")


def evidence(rows: dict[str, tuple[int, int]]) -> FormsEvidence:
    """Return table 1 with so many good answers, and so many answers in all, by role."""
    answers = [category.label for category in catalogue(STUDY)[1].column.categories]  # type: ignore[union-attr]
    cells: dict[tuple[str, str], int] = {}
    for role in ROLES:
        good, base = rows.get(role, (0, 0))
        cells |= {(role, answers[0]): good, (role, answers[2]): base - good, (role, "Total"): base}
        cells |= {(role, answers[1]): 0, (role, answers[3]): 0, (role, answers[4]): 0}
    for answer in (*answers, "Total"):
        cells["Total", answer] = sum(cells[role, answer] for role in ROLES)
    addresses = {Address(1, row, answer, "", "count"): number for (row, answer), number in cells.items()}
    return FormsEvidence(STUDY, {one: Figure(*one, number, str(number)) for one, number in addresses.items()})


def share(row: str, **more: Any) -> dict[str, Any]:
    return {"share": {"table": 1, "row": row, "answers": GOOD}, **more}


def claim(values: dict[str, Any], holds: list[dict[str, Any]]) -> Claim:
    return Claim.model_validate({"id": "x", "says": {"danish": "x", "english": "x"}, "values": values, "holds": holds})


BARN, MOR, FAR = share("barn"), share("mor"), share("far")
ROWS = {"barn": (59, 121), "mor": (100, 143), "far": (85, 121)}
CASES = {
    "at least": ({"a": BARN}, [{"value": "a", "at_least": 40}]),
    "above, on the limit": ({"a": BARN}, [{"value": "a", "above": Fraction(5900, 121).__float__() - 5}]),
    "fails, would rise": ({"a": BARN}, [{"value": "a", "at_least": 80}]),
    "fails, would fall": ({"a": BARN}, [{"value": "a", "below": 10}]),
    "as said, true": ({"a": share("barn", said="48,8%")}, [{"value": "a", "as_said_within": 0.1}]),
    "as said, false": ({"a": share("barn", said="60,0%")}, [{"value": "a", "as_said_within": 0.6}]),
    "as said, between two forms": ({"a": share("barn", said="60,0%")}, [{"value": "a", "as_said_within": 0.1}]),
    "least of three": ({"a": BARN, "b": MOR, "c": FAR}, [{"value": "a", "least_of": ["b", "c"]}]),
    "greatest of three, false": ({"a": BARN, "b": MOR, "c": FAR}, [{"value": "a", "greatest_of": ["b", "c"]}]),
    "difference": ({"a": MOR, "b": BARN, "d": {"points": {"of": "a", "less": "b"}}}, [{"value": "d", "at_least": 15}]),
    "two conditions": ({"a": BARN, "b": MOR}, [{"value": "a", "at_most": 60}, {"value": "b", "at_least": 69}]),
    "two that fail": ({"a": BARN, "b": MOR}, [{"value": "a", "at_least": 60}, {"value": "b", "at_least": 90}]),
    "a word": ({"a": MOR}, [{"value": "a", "word": "de_fleste"}]),
}


def tried(sentence: Claim, rows: dict[str, tuple[int, int]]) -> int | None:
    """Try one form more, one less, two more and so on, in every row; return how many turn the verdict."""
    holds = evaluate(sentence, WORDS, evidence(rows)).holds
    for number in range(1, 144):
        for role, (good, base) in rows.items():
            for moved in (good + number, good - number):
                if 0 <= moved <= base and evaluate(sentence, WORDS, evidence(rows | {role: (moved, base)})).holds is (not holds):
                    return number
    return None


@pytest.mark.parametrize("name", CASES)
def test_no_fewer_forms_turn_the_verdict(name: str) -> None:
    sentence = claim(*CASES[name])
    found = overturn(STUDY, sentence, WORDS, evidence(ROWS))
    assert (None if found is None else abs(found.forms)) == tried(sentence, ROWS)


def test_it_says_in_which_row_which_way_and_of_how_many() -> None:
    found = overturn(STUDY, claim(*CASES["at least"]), WORDS, evidence(ROWS))
    assert found is not None
    # 48.4 of 121 are 40 %: 59 may fall to 49, and eleven fewer are too many.
    assert (found.name, found.share.rows, found.forms, found.base) == ("a", ("barn",), -11, 121)


def test_nothing_is_said_where_another_number_moves_along() -> None:
    alike = {"a": BARN, "all": share("Total")}
    assert overturn(STUDY, claim(alike, [{"value": "a", "below": "all"}]), WORDS, evidence(ROWS)) is None
    gamma = {"a": BARN, "g": {"gamma": {"table": 49}}}
    told = overturn(STUDY, claim(gamma, [{"value": "a", "at_least": 40}, {"value": "g", "above": 0}]), WORDS, evidence(ROWS))
    assert told is None  # no gamma here, and so no verdict


def test_what_isnt_known_isnt_overturned() -> None:
    assert overturn(STUDY, claim(*CASES["at least"]), WORDS, FormsEvidence(STUDY, {})) is None
