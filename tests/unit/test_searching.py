"""What the search of the pages finds, and where it leads."""

from __future__ import annotations

import json
import re

import pytest
from support.study import STUDY

from frs_pipeline.language import LANGUAGES, Text
from frs_pipeline.report.claims import claims
from frs_pipeline.report.evidence import FormsEvidence
from frs_pipeline.report.findings import Judge
from frs_pipeline.report.searching import KINDS, Entry, entries, search_script
from frs_pipeline.store.settings import PROJECT
from frs_pipeline.study import Study
from frs_pipeline.study.chapters import chapters
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.study.tables import catalogue
from frs_pipeline.tables.render import entitled

SECOND = Study(PROJECT / "studies" / "library_visitors")


def titles(study: Study) -> dict[int, Text]:
    return {number: entitled(study, table) for number, table in catalogue(study).items()}


def found(study: Study, **more: object) -> list[Entry]:
    return entries(study, titles(study), **more)  # type: ignore[arg-type]


def of_kind(kind: str, several: list[Entry]) -> list[Entry]:
    return [one for one in several if one.kind == kind]


@pytest.mark.parametrize("study", [STUDY, SECOND], ids=["shipped", "second"])
def test_every_page_table_and_question_can_be_found(study: Study) -> None:
    several = found(study)
    assert [one.href for one in of_kind("page", several)] == [chapter.file for chapter in chapters(study)]
    assert {one.table for one in of_kind("table", several)} == set(catalogue(study))
    asked = {question.asks for paper in questionnaires(study).values() for question in paper.questions}
    assert {one.name for one in of_kind("question", several)} == asked
    files = {"index.html", *(chapter.file for chapter in chapters(study))}
    assert {one.href.partition("#")[0] for one in several} <= files


def test_an_answer_leads_to_a_table_with_its_question() -> None:
    answers = [one for one in of_kind("answer", found(STUDY)) if one.name.danish == "rigtig god"]
    assert any(one.href == "tilfredshed.html#tabel-1" and "hele familierådslagningen" in one.more.danish for one in answers)
    assert all(one.name.english == "very good" for one in answers)


def test_claims_lead_to_the_audit_and_sentences_to_the_first_page() -> None:
    tested = Judge(STUDY, claims(STUDY), FormsEvidence(STUDY, {})).findings()[:3]
    several = found(STUDY, findings=tested, told=[("fund-1", Text("Ni af ti", "Nine in ten")), ("", Text("Mere", "More"))])
    assert [one.href for one in of_kind("claim", several)] == [f"revision.html#{one.claim.id}" for one in tested]
    assert [one.href for one in of_kind("sentence", several)] == ["index.html#fund-1", "index.html"]
    assert "{" not in "".join(one.name.danish + one.name.english for one in several)


def content(script: bytes) -> dict:
    match = re.fullmatch(r"FRS\.search\((.*)\);\n", script.decode(), re.S)
    assert match is not None
    return json.loads(match[1])


def test_the_index_has_each_text_once_and_both_languages_where_they_differ() -> None:
    one = Entry(
        "table", Text("Antal", "Count"), "side.html#tabel-7", besides=(Text("Antal", "Count"), Text("Alder", "Alder")), table=7
    )
    packed = content(search_script([one, one], LANGUAGES))
    assert packed["t"] == ["Alder", ["Antal", "Count"], ""]
    assert packed["p"] == ["side.html"]
    assert packed["e"] == [[KINDS.index("table"), 1, 2, [0], 0, "tabel-7", 7]] * 2
    assert content(search_script([one], ["danish"]))["t"] == ["Alder", "Antal", ""]


def test_the_index_of_a_study_is_small_and_the_same_every_time() -> None:
    first, second = (search_script(found(STUDY), LANGUAGES) for _ in range(2))
    assert first == second
    assert len(first) < 150_000
