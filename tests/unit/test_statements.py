"""Findings and titles of studies: both languages alike, short, for every table; nothing told of nothing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.study import STUDY, study_with

from frs_pipeline.errors import InputError
from frs_pipeline.language import Text
from frs_pipeline.printed.claim_files import Claims
from frs_pipeline.report.claims import words_of
from frs_pipeline.report.evidence import FormsEvidence
from frs_pipeline.report.findings import Judge, Sentence
from frs_pipeline.report.statements import front, front_of, stated, titles, titles_of
from frs_pipeline.store.plan import products
from frs_pipeline.store.settings import PROJECT
from frs_pipeline.study import Study
from frs_pipeline.study.claims import PLACEHOLDER, Condition, Value
from frs_pipeline.study.statements import FINDINGS, TITLES, Statement
from frs_pipeline.study.tables import catalogue
from frs_pipeline.tables.figures import Figure, figures

LIBRARY = Study(PROJECT / "studies" / "library_visitors")
# A title stands in one line or two; numbers are filled in.
LONGEST = 100
NUMBER = "86,2 %"
NEVER = ("virker", "effekt", "skyldes", "works", "effect", "because of")


def judge(study: Study, counts: dict[int, dict[tuple[int | None, ...], int]]) -> Judge:
    """A judge who knows only these counts of tables."""
    shown: dict[object, Figure] = {}
    for number, table in catalogue(study).items():
        if number in counts:
            shown |= {figure.address: figure for figure in figures(table, counts[number])}
    return Judge(study, Claims(words=words_of(study)), FormsEvidence(study, shown))  # type: ignore[arg-type]


def words(study: Study) -> list[tuple[str, Text]]:
    """All that a study says of its results, each with where it stands."""
    said = [(str(name), statement.says) for name, statement in titles_of(study).items()]
    for finding in front_of(study).findings:
        said += [(finding.id, finding.says), (finding.id, finding.condition)]
        said += [(finding.id, text) for remark in finding.sure for text in (remark.says, remark.otherwise) if text]
    return said


@pytest.mark.parametrize("study", [STUDY, LIBRARY], ids=["families", "library"])
def test_every_table_has_a_title_and_both_languages_say_the_same_numbers(study: Study) -> None:
    assert set(catalogue(study)) <= set(titles_of(study))
    for where, text in words(study):
        danish, english = (sorted(PLACEHOLDER.findall(said)) for said in (text.danish, text.english))
        assert danish == english, where
        for said in (text.danish, text.english):
            assert not any(word in said.casefold() for word in NEVER), where
            assert "*" not in said, where


@pytest.mark.parametrize("study", [STUDY, LIBRARY], ids=["families", "library"])
def test_titles_are_short(study: Study) -> None:
    for name, statement in titles_of(study).items():
        for said in (statement.says.danish, statement.says.english):
            assert len(PLACEHOLDER.sub(NUMBER, said)) <= LONGEST, name
            assert not said.endswith("."), name


def named_in(holds: tuple[Condition, ...], values: dict[str, Value]) -> set[str]:
    """The values that a sentence's conditions are about, and what these are made of."""
    names = {name for condition in holds for name in (condition.value, *condition.others)}
    return names | {other for name in names for other in values[name].others}


@pytest.mark.parametrize("study", [STUDY, LIBRARY], ids=["families", "library"])
def test_what_is_called_certain_strong_or_more_is_tested_so(study: Study) -> None:
    for one in stated(study):
        said = one.says.danish.casefold()
        certain = [condition.certain for condition in one.holds if condition.certain is not None]
        if re.search(r"ikke statistisk sikker", said):
            assert False in certain, said
        elif "statistisk sikker" in said:
            assert True in certain, said
        for word, strength in (("stærk", "strong"), ("moderat", "moderate"), ("svag", "weak")):
            if re.search(rf"\b{word}\b", said):
                assert any(strength in condition.strength and condition.certain for condition in one.holds), said
        if " end " in said or re.search(r"\bjo\b", said):
            assert named_in(one.holds, one.values), said


def test_first_what_was_asked_of_people_then_what_needs_attention_then_professionals() -> None:
    findings = front_of(STUDY).findings
    assert len(findings) == 6
    assert [finding.attention for finding in findings] == [False, False, False, True, True, True]
    marts = [{mart for number in finding.tables for mart in catalogue(STUDY)[number].marts} for finding in findings]
    assert [mart == {"initiator"} for mart in marts] == [False, False, False, False, False, True]
    assert front_of(STUDY).cannot


def test_of_nothing_nothing_is_told() -> None:
    nothing = judge(STUDY, {})
    assert titles(nothing) == {}
    told = front(nothing)
    assert [found.holds for found in told.findings] == [None] * 6
    assert all(found.instead is None and found.sure == () for found in told.findings)


def test_without_intervals_nothing_is_called_certain() -> None:
    """Table 2 is compared with table 1: the shares are known, whether they differ for certain isn't."""
    answers: dict[tuple[int | None, ...], int] = {(role, answer): 20 for role in range(1, 6) for answer in (1, 2, 3)}
    known = judge(STUDY, {1: answers | {(1, 1): 80}, 2: answers})
    assert 2 not in titles(known)
    assert "1-2" not in titles(known)


@pytest.mark.parametrize(("yes", "shown"), [(75, "75,0 %"), (77, "77,0 %"), (78, None), (60, None)])
def test_a_fraction_in_words_is_said_within_two_points_and_else_the_title_is_neutral(yes: int, shown: str | None) -> None:
    told = titles(judge(STUDY, {8: {(1,): yes, (4,): 100 - yes}})).get(8)
    said = told and Sentence.plain(told.danish).replace("\u00a0", " ")
    assert said == (shown and f"Tre ud af fire, {shown}, oplever, at planen har hjulpet barnet")


def test_another_order_of_answers_gives_the_title_up() -> None:
    order = {(1,): 10, (2,): 20, (3,): 60, (4,): 20, (5,): 10}
    assert 23 in titles(judge(STUDY, {23: dict(order)}))
    assert 23 not in titles(judge(STUDY, {23: {**order, (4,): 61}}))


def test_what_is_said_otherwise_is_said_where_a_sentence_fails_and_not_where_nothing_tells() -> None:
    said = {"says": "Most", "otherwise": "Not most", "values": {"yes": {"share": {"table": 8, "answers": ["Ja, meget"]}}}}
    statement = Statement.model_validate(said | {"holds": [{"value": "yes", "above": 50}]})

    def told(counts: dict[tuple[int | None, ...], int]) -> str | None:
        shown = judge(STUDY, {8: counts} if counts else {}).told(statement).shown
        return shown and Sentence.plain(shown.english)

    assert told({(1,): 6, (2,): 4}) == "Most"
    assert told({(1,): 4, (2,): 6}) == "Not most"
    assert told({}) is None
    assert told({(None,): 10}) is None


def test_a_study_without_such_files_says_nothing_of_its_own(tmp_path: Path) -> None:
    study = study_with(tmp_path, {FINDINGS: lambda text: text + "# gone", TITLES: lambda text: text + "# gone"})
    for name in (FINDINGS, TITLES):
        (study.folder / name).unlink()
    again = study.again()
    assert titles_of(again) == {}
    assert (front_of(again).lead, front_of(again).findings, front_of(again).cannot) == (None, (), ())
    assert stated(again) == []


@pytest.mark.parametrize("study", [STUDY, LIBRARY], ids=["families", "library"])
def test_the_report_is_made_again_where_its_sentences_change(study: Study) -> None:
    made_from = {path for path, _ in products(study)["report",].definitions}
    assert {study.folder / name for name in (FINDINGS, TITLES) if (study.folder / name).exists()} <= made_from


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("  1-2:", "  1-3:", "no chapter draws changes 1-3 (is 1-2 meant?)"),
        ("rows:\n  17:", "rows:\n  18:", "no chapter draws rows 18 (one of: 17, 70)"),
    ],
)
def test_a_title_of_a_figure_that_no_chapter_draws_is_refused(tmp_path: Path, old: str, new: str, told: str) -> None:
    study = study_with(tmp_path, {TITLES: lambda text: text.replace(old, new, 1)})
    with pytest.raises(InputError) as refused:
        titles_of(study)
    assert told in str(refused.value)


def test_six_findings_have_room(tmp_path: Path) -> None:
    def seven(text: str) -> str:
        first = text[text.index("  - id: conference_good") : text.index("  - id: child_was_heard")]
        return text.replace("cannot:\n", first.replace("conference_good", "another") + "cannot:\n")

    with pytest.raises(InputError, match="there are 7 findings, and the first page has room for 6"):
        front_of(study_with(tmp_path, {FINDINGS: seven}))
