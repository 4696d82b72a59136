"""Which end of the answers is favourable is a fact of the question, and nothing is good where nobody says so."""

from __future__ import annotations

import pytest
from support.study import STUDY
from unit.test_questionnaires import QUESTIONS, SCALES, read

from frs_pipeline.errors import InputError
from frs_pipeline.study.questionnaires import questionnaires

FIVE = SCALES.replace(
    "    - {code: 2, label: ved ikke}",
    "    - {code: 2, label: jævn}\n    - {code: 3, label: slet}\n    - {code: 9, label: ved ikke}",
)


def of(tmp_path, more, kind="ordinal"):
    asked = QUESTIONS.replace("type: ordinal", f"type: {kind}").replace("dont_know: 2", f"dont_know: 9\n    {more}")
    return read(tmp_path, asked, FIVE)


def test_neither_end_is_favourable_unless_the_study_says_so(tmp_path):
    assert {q.favourable for q in read(tmp_path).questions} == {"none"}


@pytest.mark.parametrize("end", ["first", "last", "none"])
def test_a_question_says_which_end_is_favourable(tmp_path, end):
    assert of(tmp_path, f"favourable: {end}").question("mood").favourable == end


def test_the_middle_is_a_code_of_the_question(tmp_path):
    assert of(tmp_path, "favourable: first\n    middle: 2").question("mood").middle == 2


@pytest.mark.parametrize(
    ("more", "kind", "says"),
    [
        ("favourable: both", "ordinal", "favourable"),
        ("favourable: first", "nominal", "no ordered answers"),
        ("middle: 2", "ordinal", "doesn't say which end"),
        ("favourable: first\n    middle: 9", "ordinal", "not between the ends"),
        ("favourable: first\n    middle: 1", "ordinal", "not between the ends"),
        ("favourable: first\n    middle: 4", "ordinal", "not between the ends"),
    ],
)
def test_what_the_answers_cannot_have_is_refused_with_its_line(tmp_path, more, kind, says):
    with pytest.raises(InputError, match=says):
        of(tmp_path, more, kind)


def test_many_conflicts_and_a_need_for_more_help_are_no_good_news():
    ends = {(paper, q.name): q.favourable for paper, of_paper in questionnaires(STUDY).items() for q in of_paper.questions}
    assert {end for (_, name), end in ends.items() if name in ("conflict", "public_need")} == {"last"}
    assert {end for (_, name), end in ends.items() if name in ("family_size", "problem_weight", "talked_before")} == {"none"}
    assert ends["participant_followup", "missing_people"] == "first"
    assert ends["participant_followup", "talked_challenges"] == "none"
