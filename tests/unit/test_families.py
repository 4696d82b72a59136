"""Families of tests: which gammas test the same, which are judged together, and what is refused."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
import yaml
from support.study import STUDY, study_with

from frs_pipeline.errors import InputError
from frs_pipeline.store.settings import PROJECT
from frs_pipeline.study import Study
from frs_pipeline.study.families import REST, GammaPlace, families, family_of, hypotheses, hypotheses_of, hypothesis
from frs_pipeline.study.tables import Address, catalogue
from frs_pipeline.tables.multiplicity import Adjusted, adjusted

SECOND = Study(PROJECT / "studies" / "library_visitors")
# Tables 101 and on, put before the shipped ones.
CONFLICT = "kind: correlation, mart: participant_followup, row: conflict, column: helped"
FAMILIES = """\
families:
  - id: one
    title: {danish: En, english: One}
    tables: [10, 18]
  - id: two
    title: {danish: To, english: Two}
    tables: [27, 74]
"""


def with_tables(folder: Path, *entries: str, declared: str = "") -> Study:
    """The shipped study with more tables, and with these families instead of its own."""
    lines = "".join(f"  - {{number: {number}, title: '', {entry}}}\n" for number, entry in enumerate(entries, 101))

    def edit(text: str) -> str:
        head, tables = text.split("\ntables:\n")
        return f"{head.partition('families:')[0]}{declared}tables:\n{lines}{tables}"

    return study_with(folder, {"tables.yaml": edit})


def test_the_shipped_gammas_test_43_hypotheses_in_two_families() -> None:
    gammas = {tested: found for tested, found in hypotheses(STUDY).items() if tested.measure == "gamma"}
    assert (len(gammas), len(set(gammas.values()))) == (46, 43)
    often = Counter(gammas.values())
    twice = [[tested.table for tested in gammas if gammas[tested] == found] for found, times in often.items() if times > 1]
    assert twice == [[18, 68], [31, 72], [34, 69]]
    tests = {family.id: sum(found.within is None for found in family.hypotheses) for family in families(STUDY)}
    assert tests == {"participants": 31, "social_workers": 12}


def test_every_correlation_table_is_in_one_family() -> None:
    placed = [number for family in families(STUDY) for number in family.tables]
    assert sorted(placed) == [number for number, table in catalogue(STUDY).items() if "correlation" in table.kind]


@pytest.mark.parametrize(
    "same",
    [
        CONFLICT,
        CONFLICT + ", reverse: [helped]",
        CONFLICT + ", reverse: [conflict, helped]",
        CONFLICT + ", occasion: followup",
        "kind: correlation, mart: participant_followup, row: helped, column: conflict, reverse: [conflict]",
        CONFLICT + ", relabel: {helped: {'Ja, meget': 'Ja, meget'}}",
        CONFLICT + ", collapse: {conflict: {a: [rigtig mange], b: [mange], c: [almindeligt], d: [få], e: [slet ingen]}}",
    ],
)
def test_the_same_forms_counted_the_same_way_test_the_same(tmp_path: Path, same: str) -> None:
    study = with_tables(tmp_path, same)
    assert hypothesis(study, catalogue(study)[101]) == hypothesis(study, catalogue(study)[18])


@pytest.mark.parametrize(
    "other",
    [
        CONFLICT.replace("helped", "belief"),
        CONFLICT.replace("participant_followup", "initiator").replace("helped", "belief"),
        CONFLICT + ", where: {role: [mor]}",
        CONFLICT + ", leave_out: {helped: [slet ikke]}",
        CONFLICT + ", collapse: {conflict: {mange: [rigtig mange, mange], få: [almindeligt, få, slet ingen]}}",
        # Another order isn't the order turned round.
        CONFLICT + ", collapse: {conflict: {b: [mange], a: [rigtig mange], c: [almindeligt], d: [få], e: [slet ingen]}}",
        CONFLICT.replace("correlation", "correlation_by_group") + ", group: role",
    ],
)
def test_other_forms_or_answers_test_something_else(tmp_path: Path, other: str) -> None:
    study = with_tables(tmp_path, other)
    assert not hypotheses_of(study)[101] & hypotheses_of(study)[18]


def test_the_occasion_tells_two_hypotheses_apart_where_the_forms_are_of_both(tmp_path: Path) -> None:
    asked = "kind: correlation, mart: initiator, row: conflict, column: belief"
    study = with_tables(tmp_path, asked, asked + ", occasion: first", asked + ", occasion: followup")
    assert len({hypothesis(study, catalogue(study)[number]) for number in (101, 102, 103, 74)}) == 3


def test_in_a_study_of_one_occasion_its_name_tells_nothing_apart(tmp_path: Path) -> None:
    again = "  - {number: 13, title: '', kind: correlation, mart: visitor, row: overall, column: hours, occasion: may}\n"
    edits = {
        "questionnaires/visitor.yaml": lambda text: text.replace("occasion: may", "occasion: both"),
        "tables.yaml": lambda text: text + again,
    }
    study = study_with(tmp_path, edits, SECOND)
    assert hypothesis(study, catalogue(study)[13]) == hypothesis(study, catalogue(study)[6])


def test_a_category_of_no_answer_changes_nothing(tmp_path: Path) -> None:
    merged = CONFLICT + ", collapse: {conflict: {a: [rigtig mange, mange], b: [almindeligt], c: [få, slet ingen]}}"
    study = with_tables(
        tmp_path, merged, merged.replace("{a:", "{x: [], a:"), merged.replace("rigtig mange, mange", "mange, rigtig mange")
    )
    assert hypotheses_of(study)[101] == hypotheses_of(study)[102] == hypotheses_of(study)[103]


def test_the_documentation_shows_a_family_of_the_shipped_study() -> None:
    page = (PROJECT / "docs" / "how-to" / "table.md").read_text(encoding="utf-8")
    shown = yaml.safe_load(page.split("```yaml\nfamilies:\n")[1].split("```")[0])
    shipped = yaml.safe_load((STUDY.folder / "tables.yaml").read_text(encoding="utf-8"))["families"]
    assert shown == shipped[:1]


def test_a_group_is_the_forms_that_are_limited_to_it(tmp_path: Path) -> None:
    one = "kind: correlation, mart: participant_followup, row: closer, column: conflict"
    study = with_tables(tmp_path, one + ", where: {role: [mor]}", one)
    by_role = catalogue(study)[64]
    assert hypothesis(study, by_role, "mor") == hypothesis(study, catalogue(study)[101])
    # Forms that don't say the role are in no group, and not in the total of the groups.
    assert hypothesis(study, by_role, "Total") != hypothesis(study, catalogue(study)[102])
    assert hypothesis(study, by_role, "Total") != hypothesis(study, by_role, "Total", "partial_gamma")
    for group in (*by_role.groups[:-1], "", "nobody"):
        with pytest.raises(ValueError, match="table 64 has no partial_gamma"):
            hypothesis(study, by_role, group, "partial_gamma")


def test_a_table_without_a_gamma_tests_nothing() -> None:
    assert hypotheses_of(STUDY)[1] == frozenset()
    with pytest.raises(ValueError, match="table 1 has no gamma"):
        hypothesis(STUDY, catalogue(STUDY)[1])


def test_a_study_that_declares_no_families_has_one_of_all(tmp_path: Path) -> None:
    study = with_tables(tmp_path)
    (family,) = families(study)
    assert (family.id, family.title.english) == (REST, "All associations")
    assert family.hypotheses == frozenset(hypotheses(study).values())


def test_tables_that_no_family_names_are_one_of_their_own_unless_they_test_the_same(tmp_path: Path) -> None:
    study = with_tables(tmp_path, declared=FAMILIES)
    one, two, rest = families(study)
    # Table 68 isn't named, and tests what 18 does.
    assert (one.tables, two.tables) == ((10, 18, 68), (27, 74))
    assert (rest.id, rest.title.english) == (REST, "Other associations")
    assert {family_of(study)[found].id for found in hypotheses_of(study)[64]} == {REST}
    assert sum(len(family.hypotheses) for family in (one, two, rest)) == len(set(hypotheses(study).values()))


def test_a_study_without_associations_has_no_families(tmp_path: Path) -> None:
    def few(text: str) -> str:
        return "tables:\n" + text.split("\ntables:\n")[1].partition("  - number: 2\n")[0]

    assert families(study_with(tmp_path, {"tables.yaml": few})) == ()


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ("[27, 74]", "[27, 68]", 7, "table 68 tests what table 18 of family one does"),
        ("[27, 74]", "[27, 101]", 7, "table 101 tests what table 18 of family one does"),
        ("[27, 74]", "[18, 74]", 7, "table 18 is in family one already"),
        ("[27, 74]", "[27, 27]", 7, "table 27 stands twice in family two"),
        ("[27, 74]", "[27, 999]", 7, "there is no table 999"),
        ("[27, 74]", "[27, 1]", 7, "table 1 is of kind crosstab, which has no gamma"),
        ("[27, 74]", "[]", 7, "family two has no tables"),
        ("id: two", "id: one", 5, "another family is called one, too"),
        ("id: two", "id: rest", 5, "rest is the family of tables that no other names"),
        ("id: two", "id: two\n    level: 5", 6, "level isn't a key here"),
    ],
)
def test_what_no_family_can_be_is_refused_with_its_line(tmp_path: Path, old: str, new: str, line: int, says: str) -> None:
    assert old in FAMILIES
    study = with_tables(tmp_path, CONFLICT + ", reverse: [helped]", declared=FAMILIES.replace(old, new))
    before = (study.folder / "tables.yaml").read_text(encoding="utf-8").partition("families:")[0].count("\n")
    with pytest.raises(InputError, match=says) as refused:
        families(study)
    assert f"tables.yaml:{before + line}: " in str(refused.value)


def gammas(p: dict[int, float | None]) -> list[tuple[Address, float | None]]:
    """Every gamma of the shipped study, with p by table; in tables by role that of each group alike; 1 where none is given."""
    return [
        (Address(tested.table, "", "", tested.group, tested.measure), p.get(tested.table, 1.0))
        for tested in hypotheses(STUDY)
        if tested.measure == "gamma"
    ]


def test_p_is_adjusted_within_its_family_and_for_distinct_tests() -> None:
    found = {
        (one.address.table, one.address.group): one
        for one in adjusted(STUDY, gammas({18: 0.001, 68: 0.001, 10: 0.002, 28: 0.01}))
    }
    assert len(found) == 46
    # 31 distinct tests among participants, of which 18 and 68 are one; 12 among social workers.
    assert [found[table, ""].q for table in (18, 68, 10)] == pytest.approx([0.031, 0.031, 0.031])
    assert found[28, ""].q == pytest.approx(0.12)
    assert {(one.family.id, one.tests) for one in found.values()} == {("participants", 31), ("social_workers", 12)}
    assert all(found[64, group].q == 1 for group in catalogue(STUDY)[64].groups)


def test_a_gamma_without_p_counts_for_nothing() -> None:
    given = gammas({18: 0.001, 68: 0.001, 10: None, 64: None})
    found = {(one.address.table, one.address.group): one for one in adjusted(STUDY, given)}
    assert found[10, ""][1:4] == (None, None, None)
    assert (found[18, ""].q, found[18, ""].tests) == (pytest.approx(0.024), 24)


def test_a_partial_gamma_that_is_tested_is_a_test_more() -> None:
    given = [*gammas({18: 0.001, 68: 0.001}), (Address(64, "", "", "Total", "partial_gamma"), 0.5)]
    assert {one.tests for one in adjusted(STUDY, given) if one.family.id == "participants"} == {32}


def test_what_is_adjusted_comes_back_in_order(tmp_path: Path) -> None:
    given = gammas({27: 0.04, 11: 0.03})[::-1]
    found = adjusted(STUDY, iter(given))
    assert [(one.address, one.p) for one in found] == given
    assert isinstance(found[0], Adjusted)
    # Judged in one family where the study declares none.
    together = adjusted(with_tables(tmp_path), given)
    assert {one.tests for one in together} == {43}
    assert {one.family.id for one in together} == {REST}


def test_no_other_figure_has_a_p_to_adjust() -> None:
    with pytest.raises(KeyError):
        adjusted(STUDY, [(Address(1, "mor", "god", "", "row_percent"), 0.5)])


def test_one_hypothesis_has_one_p() -> None:
    with pytest.raises(ValueError, match="two p values"):
        adjusted(STUDY, gammas({18: 0.001, 68: 0.002}))


def test_hypotheses_stand_in_the_order_of_tables() -> None:
    numbers = [tested.table for tested in hypotheses(STUDY)]
    assert numbers == sorted(numbers)
    assert list(hypotheses(STUDY))[-1] == GammaPlace(76, "", "gamma")
