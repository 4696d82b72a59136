"""docs/tables.md tells of every table what it counts, as it is counted."""

import re

import pytest
from support.study import STUDY

from frs_pipeline.handbook import tables as module
from frs_pipeline.handbook.tables import entry, page
from frs_pipeline.study.printed import of_table
from frs_pipeline.study.tables import catalogue

PAGE = page(STUDY)


def told(number, contradicted=0):
    return "\n".join(entry(STUDY, catalogue(STUDY)[number], contradicted))


def test_every_table_stands_there_once_and_in_both_indices():
    assert [int(n) for n in re.findall(r"^### Table (\d+)$", PAGE, re.M)] == list(catalogue(STUDY))
    by_chapter, by_questionnaire = (
        [int(n) for n in re.findall(r"\(#table-(\d+)\)", PAGE.split(f"## By {index}\n")[1].split("\n## ")[0])]
        for index in ("chapter of the report", "questionnaire")
    )
    assert sorted(by_chapter) == list(catalogue(STUDY))
    assert sorted(by_questionnaire) == sorted(n for n, table in catalogue(STUDY).items() for _ in table.marts)


def test_the_families_of_tests_stand_there_with_as_many_gammas_as_they_have() -> None:
    section = PAGE.split("## Families of tests\n")[1].split("\n## ")[0]
    assert re.findall(r"`(\w+)` \| (\d+) \| (\d+) \| (\d+) \|", section) == [
        ("participants", "32", "31", "3"),
        ("social_workers", "14", "12", "0"),
    ]


@pytest.mark.parametrize("number", catalogue(STUDY))
def test_an_entry_names_its_questions_its_forms_and_what_it_is_held_against(number):
    text, table = told(number), catalogue(STUDY)[number]
    for name in table.variables:
        assert f"[`{name}`](data-dictionary.md#{table.marts[0]}-{name})" in text
    for mart in table.marts:
        assert f"`{mart}`" in text
    assert f"compared with {len(of_table(STUDY, number))} printed figures" in text


@pytest.mark.parametrize(
    ("number", "says"),
    [
        (5, "left out: »ved ikke«"),
        (29, "merged: »rigtig mange« = »rigtig mange« + »mange«, »få« = »få« + »slet ingen«"),
        (35, "printed: »Midt konflikt« for »almindeligt«"),
        (34, "follow-up\n- rows: [`conflict`](data-dictionary.md#initiator-conflict)"),
        (34, "; reversed\n"),
        (43, "participant_followup`, follow-up; only those that answer [`role`]"),
        (49, "- within each: [`role`]"),
        (10, "- family of tests: `participants`\n"),
        (68, "- family of tests: `participants`; the same hypothesis as [18](#table-18)\n"),
        (1, "per cent of the row."),
    ],
)
def test_what_the_table_does_with_answers_is_told(number, says):
    assert says in told(number)


def test_what_the_table_takes_as_it_is_is_not_told():
    for word in ("left out", "merged", "printed:", "reversed", "contradiction", "family of tests"):
        assert word not in told(1)
    # "Ved ikke" counts in a frequency.
    assert "left out" not in told(4)


def test_contradictions_of_the_report_are_counted():
    assert "2 of them in contradiction" in told(1, 2)


def test_a_table_that_the_report_does_not_print_says_so_and_its_title_breaks_no_page(monkeypatch):
    monkeypatch.setattr(module, "of_table", lambda _study, _number: {})
    text = "\n".join(entry(STUDY, catalogue(STUDY)[1].model_copy(update={"title": "a | b * <c>"}), 0))
    assert "not in the printed report" in text
    assert "**a \\| b \\* \\<c\\>**" in text
