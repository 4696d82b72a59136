"""How far results carry: which tests stand together, and how many stay significant when adjusted."""

from __future__ import annotations

from typing import Any

from support.study import STUDY

from frs_pipeline.lineage.limits import tests_of as of_files
from frs_pipeline.report.quality import _blanks, _widest
from frs_pipeline.study.families import families


def interval(table: int, measure: str = "gamma", p: float | None = 0.01, q: float | None = 0.02, **more: Any) -> dict[str, Any]:
    address = {"table": table, "row": "", "column": "", "group": "", "measure": measure}
    return {**address, "other_group": None, "low": 0.1, "design_effect": None, "p": p, "q": q, **more}


def test_gammas_are_counted_with_the_tests_of_their_family_and_differences_by_themselves() -> None:
    first, second, *_ = families(STUDY)
    rows = [
        interval(min(first.tables)),
        interval(min(first.tables), "partial_gamma", 0.2, 0.3),
        interval(min(second.tables)),
        interval(min(second.tables), p=None),
        interval(1, "row_percent", 0.04, None, other_group="mor"),
        interval(1, "row_percent", None, None),
    ]
    found = {one.name: one for one in of_files(STUDY, rows, [])}
    assert {name: (one.p, one.q) for name, one in found.items()} == {
        f"family-{first.id}": ((0.01, 0.2), (0.02, 0.3)),
        f"family-{second.id}": ((0.01,), (0.02,)),
        "differences-shares": ((0.04,), ()),
    }
    assert str(min(first.tables)) in found[f"family-{first.id}"].where


def test_pairs_of_questions_are_counted_by_questionnaire_over_all_forms_and_within_groups() -> None:
    pairs = [{"mart": "initiator", "group": group, "p": p, "q": p} for group, p in ((None, 0.5), (None, None), ("barn", 0.01))]
    found = {one.name: one.p for one in of_files(STUDY, [], pairs)}
    assert found == {"pairs-initiator": (0.5,), "grouped-initiator": (0.01,)}


def test_the_question_that_lacks_most_answers_is_named_where_any_was_to_be_given() -> None:
    rows = [
        {"instrument": "initiator", "question": "one", "blank_percent": 3.0},
        {"instrument": "initiator", "question": "two", "blank_percent": 4.0},
        {"instrument": "coordinator", "question": "three", "blank_percent": None},
    ]
    assert [(one.instrument, one.most["question"]) for one in _blanks(rows)] == [("initiator", "two")]


def test_the_largest_design_effect_is_that_of_a_figure_and_of_no_difference() -> None:
    rows = [
        interval(3, design_effect=1.2),
        interval(4, design_effect=1.4),
        interval(5, design_effect=2.0, other_group="mor"),
    ]
    found = _widest(rows)
    assert found is not None
    assert (found[0].table, found[1]) == (4, 1.4)
    assert _widest([interval(3)]) is None
