"""Earlier studies: what is refused when they are read, what they may be compared with, and which printed sums add up."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.study import STUDY

from frs_pipeline.errors import InputError, SeveralErrors
from frs_pipeline.language import Text
from frs_pipeline.report import baselines as reader
from frs_pipeline.report.baselines import Part, Reckoned, baselines, baselines_for_table, baselines_of, read_baselines, sums
from frs_pipeline.report.claims import claims
from frs_pipeline.study.baselines import FILE, Cell, DataSet, Quoted, Sum

TEXT = """\
sources:
  trial:
    name: {danish: Forsøget, english: The trial}
    years: "2002"
    cited: Nogen 2002
    reference: "Nogen, N. (2002). Noget. Et sted: Forlaget."
baselines:
  - id: trial_satisfied
    source: trial
    period: "1999–2001"
    question: {danish: Tilfredshed, english: Satisfaction}
    base: {danish: alle, english: all}
    value: "84–86%"
    pages: ["39–40"]
    phrase: "tallet i forsøget"
    here: [{table: 3, answers: [Rigtig god, God]}]
    claims: [three_positive]
    questions: [{mart: participant_first, question: overall}]
columns:
  participants: {danish: deltagere, english: participants}
  answers: {danish: svar, english: answers}
  professionals: {danish: fagfolk, english: professionals}
  respondents: {danish: i alt, english: in all}
series:
  - id: now
    name: {danish: nu, english: now}
    period: "2018–20"
    printed:
      participants: [{said: "2676", pages: "1–38", phrase: "2676 deltagere"}]
      answers: null
      professionals: [{said: "705", pages: "7", phrase: "705 fagfolk"}, {said: "750", pages: "8", phrase: "750 fagfolk"}]
      respondents: [{said: "3381", pages: "1–38", phrase: "3381 i alt"}]
sums:
  - id: all
    sum: {set: now, column: respondents}
    parts: [{cell: {set: now, column: participants}}, {cell: {set: now, column: professionals, said: "705"}}]
  - id: forms
    sum: {set: now, column: participants}
    parts: [{count: {table: 4, answers: [Total]}}, {count: {table: 6, answers: [Total]}}]
"""


def read(tmp_path: Path, old: str = "", new: str = "") -> reader.Baselines:
    assert old in TEXT
    path = tmp_path / FILE
    path.parent.mkdir(exist_ok=True)
    path.write_text(TEXT.replace(old, new, 1), encoding="utf-8")
    return read_baselines(STUDY, tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "line", "told"),
    [
        ("years:", "year:", 4, "year isn't a key here (is years meant?)"),
        ('"2002"', '"i 2002"', 4, "years: 'i 2002' isn't allowed"),
        ("    reference:", "    listed: false\n    reference:", 2, "trial needs either a reference or listed: false"),
        ('    reference: "Nogen, N. (2002). Noget. Et sted: Forlaget."\n', "", 2, "add reference, or write listed: false"),
        ("source: trial", "source: trail", 9, "trial_satisfied: no source is called trail (is trial meant?)"),
        ('"84–86%"', '"84 til 86"', 13, "isn't a number as the report prints one"),
        ('    value: "84–86%"\n', "", 8, "needs a value, or the word that the report prints"),
        ("    value:", "    word: {danish: de fleste, english: most}\n    value:", 8, "write value or word, not both"),
        ("tallet i forsøget", "et to tre fire fem seks syv otte ni ti elleve tolv tretten", 15, "13 words long"),
        ('["39–40"]', '["s. 39"]', 14, "isn't allowed"),
        ("table: 3", "table: 404", 16, "there is no table 404 (tables.yaml lists them)"),
        ("[Rigtig god, God]", "[Rigtig godt, God]", 16, "table 3 has no figure Rigtig godt"),
        ("[three_positive]", "[tree_positive]", 17, "no claim is called tree_positive (is three_positive meant?)"),
        ("participant_first", "participants_first", 18, "there is no questionnaire participants_first"),
        ("question: overall", "question: overal", 18, "has no question overal (is overall meant?)"),
        ("    claims:", "    not_comparable: Fordi\n    claims:", 8, "needs what it may be compared with, or why with nothing"),
        (
            "      answers: null\n",
            "",
            28,
            "now: says nothing of answers (add answers: …, or answers: null where nothing is printed)",
        ),
        ("      answers: null", "      answer: null", 30, "now: no column is called answer (is answers meant?)"),
        ("sum: {set: now", "sum: {set: then", 35, "all: no data set is called then (one of: now)"),
        ("column: respondents}", "column: answers}", 35, "all: the report prints no answers of now"),
        (
            "column: respondents}",
            "column: persons}",
            35,
            "all: no column is called persons",
        ),
        (', said: "705"}}', "}}", 36, "all: the report prints professionals of now in several ways (add said: one of: 705, 750)"),
        (', said: "705"}}', ', said: "570"}}', 36, "all: the report doesn't print 570 there"),
        ("{count: {table: 6, answers: [Total]}}", "{}", 39, "forms: a part is a cell of a data set or a count of a table"),
        ("table: 6, answers: [Total]", "table: 6, answers: [I alt]", 39, "forms: table 6 has no figure I alt"),
        ("- id: forms", "- id: all", 37, "all stands twice"),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, old: str, new: str, line: int, told: str) -> None:
    with pytest.raises(InputError) as refused:
        read(tmp_path, old, new)
    assert told in str(refused.value)
    assert f"{FILE}:{line}:" in str(refused.value)


def test_all_faults_of_the_file_are_told_at_once(tmp_path: Path) -> None:
    wrong = TEXT.replace("source: trial", "source: trail").replace("column: respondents}", "column: answers}")
    (tmp_path / FILE).parent.mkdir()
    (tmp_path / FILE).write_text(wrong, encoding="utf-8")
    with pytest.raises(SeveralErrors) as refused:
        read_baselines(STUDY, tmp_path)
    assert len(refused.value.errors) == 2


def test_a_study_without_the_file_has_no_earlier_studies(tmp_path: Path) -> None:
    assert read_baselines(STUDY, tmp_path) == reader.Baselines()


def quoted(said: str) -> tuple[Quoted, ...]:
    return (Quoted(said=said, pages="1", phrase="x"),)


@pytest.mark.parametrize(
    ("numbers", "loose", "adds_up", "total", "left"),
    [
        ((779, 377), False, True, 1156, None),
        ((779, 378), False, False, 1157, None),
        ((779, 378), True, None, 1157, None),
        ((None, 377), False, None, None, 779),  # a part that isn't printed may be what is left
        ((None, 1156), False, False, None, 0),  # but not where nothing is left for it
        ((None, 1200), True, False, None, -44),
    ],
)
def test_a_sum_adds_up_or_does_not_or_nobody_can_tell(
    numbers: tuple[int | None, ...], loose: bool, adds_up: bool | None, total: int | None, left: int | None
) -> None:
    whole = DataSet(id="all", name=Text("x", "x"), period="2014–20", printed={"conferences": quoted("1156"), "answers": None})
    what = Sum(
        id="s",
        sum=Cell(set="all", column="conferences"),
        parts=[{"cell": Cell(set="all", column="answers")}],
        loose=Text("x", "x") if loose else None,
    )
    found = Reckoned(what, whole, quoted("1156")[0], tuple(Part(Text("x", "x"), number) for number in numbers))
    assert (found.adds_up, found.total, found.left) == (adds_up, total, left)


def test_the_sums_of_the_shipped_report_are_reckoned_from_what_it_prints() -> None:
    found = {one.sum.id: one for one in sums(STUDY)}
    assert {name for name, one in found.items() if one.adds_up is False} == {
        "all_professionals_705",
        "all_professionals_750",
        "respondents_750",
        "participants_forms",
        "professionals_705_forms",
        "respondents_forms",
    }
    assert {name for name, one in found.items() if one.adds_up is None} == {"all_participants", "all_answers"}
    forms = found["respondents_forms"]
    assert [part.number for part in forms.parts] == [1267, 1419, 377, 373]
    assert (forms.said, forms.total, forms.off) == (3381, 3436, 55)
    assert found["all_participants"].left == 6287 - 2676


def test_every_claim_that_an_earlier_study_is_compared_with_exists() -> None:
    named = {claim for one in baselines(STUDY).baselines for claim in one.claims}
    assert named <= claims(STUDY).by_id.keys()
    assert "three_positive" in named


def test_general_satisfaction_is_held_against_no_claim_or_table_about_the_plan() -> None:
    satisfied = ["trial_satisfied", "three_countries_family", "three_countries_parents"]
    assert [one.id for one in baselines_of(STUDY, "three_positive") if one.id in satisfied] == satisfied
    for number in (4, 5):  # how satisfied one is with the plan
        assert baselines_for_table(STUDY, number) == ()
    assert baselines_of(STUDY, "plan_satisfied") == baselines_of(STUDY, "worker_belief") == ()
    workers = next(one for one in baselines(STUDY).baselines if one.id == "three_countries_workers")
    assert workers.not_comparable is not None


def test_a_table_finds_earlier_figures_by_its_question_but_not_where_it_crosses_it_with_another() -> None:
    assert [one.id for one in baselines_for_table(STUDY, 58)] == ["trial_conflict", "trial_ordinary_conflict"]
    assert baselines_for_table(STUDY, 17) == ()  # conflict by whether the plan helped
    assert [one.id for one in baselines_for_table(STUDY, 51)] == ["trial_closer_custody", "trial_closer_family"]


def test_every_source_is_in_the_reports_list_or_said_not_to_be() -> None:
    unlisted = {one.cited for one in baselines(STUDY).sources.values() if not one.listed}
    assert "Rasmussen & Hansen 2002" in unlisted
    assert all((one.reference is not None) == one.listed for one in baselines(STUDY).sources.values())
