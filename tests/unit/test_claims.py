"""Claims: what is refused when they are read, when one holds, and what is shown of it."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.study import STUDY

from frs_pipeline.errors import InputError
from frs_pipeline.lineage.meaning import meanings
from frs_pipeline.report.claims import Claims, addresses_of, claims, read_claims
from frs_pipeline.report.estimates import Counted, key
from frs_pipeline.report.evidence import FormsEvidence
from frs_pipeline.report.finding_rows import FINDINGS, as_rows
from frs_pipeline.report.findings import Judge, Sentence, outcomes
from frs_pipeline.store.plan import products
from frs_pipeline.study import statements as own
from frs_pipeline.study.claims import FOLDER, WORDS, Asked, Claim, Pair
from frs_pipeline.study.tables import Address, catalogue
from frs_pipeline.tables.figures import Figure, figures

if TYPE_CHECKING:
    from frs_pipeline.report.findings import Tested  # pytest would take it for tests

QUANTITIES = """\
quantities:
  most: {says: {danish: de fleste, english: most}, above: 50}
reasons:
  not_asked: {danish: Ingen spurgte., english: Nobody asked.}
"""
TEXT = """\
place: 3
title: {danish: Planen, english: The plan}
claims:
  - id: satisfied
    pages: "1–38"
    phrase: "er tilfredse med planen"
    of: {forms: [participant_first], questions: [plan_satisfied], role: barn}
    says: {danish: "{share} er tilfredse.", english: "{share} are satisfied."}
    instead: {danish: "Det er {share}.", english: "It is {share}."}
    values:
      share: {share: {table: 4, answers: ["Ja, meget", i nogen grad]}, said: "88,6%"}
    holds: [{value: share, at_least: 80}]
  - id: nobody_asked
    says: {danish: "{n} planer.", english: "{n} plans."}
    said: {n: "97 %"}
    untested: not_asked
    because: {danish: "Der var {n}.", english: "There were {n}."}
repeats:
  - {claim: satisfied, phrase: "siges igen"}
"""


def read(tmp_path: Path, old: str = "", new: str = "") -> Claims:
    assert old in TEXT
    for name, text in ((f"{FOLDER}/plan.yaml", TEXT.replace(old, new, 1)), (WORDS, QUANTITIES)):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return read_claims(STUDY, tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("er tilfredse.", "af 10 er tilfredse.", "words may hold no numbers"),
        ("{share} are", "{other} are", "no value is called other"),
        ("table: 4", "table: 404", "there is no table 404"),
        ("i nogen grad", "i nogen måde", "table 4 has no figure i nogen måde"),
        ("at_least: 80", "at_least: other", "no value is called other"),
        ("at_least: 80", 'at_least: "80"', "write it with digits"),
        ("at_least: 80", "strength: [weak]", "share has no strength"),
        ("at_least: 80", "significant: true", "share has no strength"),
        ("at_least: 80", "word: few", "has no quantity few"),
        (
            ', said: "88,6%"}\n    holds: [{value: share, at_least: 80}]',
            "}\n    holds: [{value: share, as_said_within: 1}]",
            "needs said",
        ),
        (", at_least: 80}", "}", "says nothing that could fail"),
        ('["Ja, meget", i nogen grad]', '["Ja, meget", "Ja, meget"]', "counts an answer twice"),
        ("table: 4,", "row: mor, table: 4,", "names a row"),
        (
            "share: {share: {table: 4, answers:",
            "gap: {points: {of: share, less: share}}\n      share: {share: {table: 4, answers:",
            "above it",
        ),
        (
            '{share: {table: 4, answers: ["Ja, meget", i nogen grad]}',
            "{lacking: {measure: without_teacher}",
            "called without_teacher",
        ),
        (
            '{share: {table: 4, answers: ["Ja, meget", i nogen grad]}',
            "{pair: {mart: participant_first, row: role, column: overall}",
            "the answers to role have no order",
        ),
        (
            '{share: {table: 4, answers: ["Ja, meget", i nogen grad]}',
            "{asked: {mart: participant_first, question: overall, answers: [fin]}",
            "overall has no answer fin",
        ),
        ("    holds: [{value: share, at_least: 80}]\n", "", "needs a condition"),
        ("untested: not_asked", "untested: no_time", "has no reason no_time"),
        ("share: {share: {table: 4,", "share: {gamma: {table: 10}, share: {table: 4,", "needs one of share, count"),
        ("id: satisfied", "id: satisfied\n    why: x", "why"),
        ("role: barn", "role: onkel", "no role is called onkel"),
        ("[plan_satisfied]", "[plan_satisfaction]", "no question plan_satisfaction"),
        ('"er tilfredse med planen"', '"a b c d e f g h i j k l m"', "13 words long"),
        ("claim: satisfied", "claim: content", "no claim is called content"),
        ("id: nobody_asked", "id: satisfied", "claim satisfied stands twice"),
    ],
)
def test_what_a_claim_gets_wrong_is_told_with_its_line(tmp_path: Path, old: str, new: str, told: str) -> None:
    with pytest.raises(InputError, match=told) as refused:
        read(tmp_path, old, new)
    assert f"{tmp_path / FOLDER / 'plan.yaml'}:" in str(refused.value)


def test_a_claim_knows_its_chapter_and_its_line(tmp_path: Path) -> None:
    told = read(tmp_path)
    chapter = next(chapter for chapter in told.chapters if "nobody_asked" in chapter.lines)
    assert (chapter.name, chapter.file, chapter.about.place) == ("plan", f"{FOLDER}/plan.yaml", 3)
    lines = (tmp_path / chapter.file).read_text(encoding="utf-8").splitlines()
    assert lines[chapter.lines["nobody_asked"] - 1] == "  - id: nobody_asked"


def figures_of(counts: dict[int, dict[tuple[int | None, ...], int]]) -> dict[Address, Figure]:
    """Figures of the whole catalogue, from counts of some tables."""
    made = [figure for number, table in catalogue(STUDY).items() for figure in figures(table, counts.get(number, {}))]
    return {figure.address: figure for figure in made}


def judged(told: Claims, counts: dict[int, dict[tuple[int | None, ...], int]], name: str = "satisfied", **more: Any) -> Tested:
    judge = Judge(STUDY, told, FormsEvidence(STUDY, figures_of(counts), **more))
    return next(found for found in judge.findings() if found.claim.id == name)


def plain(said: Sentence | None) -> tuple[str, str] | None:
    """Both texts of a sentence, with ordinary spaces."""
    texts = [Sentence.plain(parts).replace("\u00a0", " ") for parts in (said.danish, said.english)] if said else []
    return (texts[0], texts[1]) if said else None


@pytest.mark.parametrize(("satisfied", "holds"), [(80, True), (79, False)])
def test_a_claim_is_judged_by_its_condition_and_quoted_as_said_whether_it_holds_or_not(
    tmp_path: Path, satisfied: int, holds: bool
) -> None:
    # Half of them very satisfied, the rest of a hundred in the middle, five blank.
    counts: dict[tuple[int | None, ...], int] = {(1,): satisfied - 40, (2,): 40, (3,): 100 - satisfied, (None,): 5}
    found = judged(read(tmp_path), {4: counts})
    assert (found.holds, found.holds_in_tables) == (holds, True)
    assert found.main is not None
    assert found.main.forms is not None
    assert (found.main.value, found.main.forms.text, found.main.number_of_forms) == (satisfied, "100", 100)
    assert not found.main.as_said
    # 789 + 273 of 1198.
    assert float(found.main.in_tables or 0) == pytest.approx(100 * 1062 / 1198)
    assert plain(found.says) == ("88,6 % er tilfredse.", "88,6 % are satisfied.")
    own = f"{satisfied},0 %"
    assert plain(found.instead) == (None if holds else (f"Det er {own}.", f"It is {own}."))
    row = as_rows([found]).to_pylist()[0]
    assert list(row) == FINDINGS.names
    expected = {"claim": "satisfied", "chapter": "plan", "place": 3, "pages": "1–38", "phrase": "er tilfredse med planen"}
    assert {name: row[name] for name in expected} == expected
    numbers = {"holds": holds, "holds_in_tables": True, "value": satisfied, "forms": 100, "unit": "percent", "tables": "4"}
    assert {name: row[name] for name in numbers} == numbers
    assert (row["said"], row["printed"]) == ("88,6\u00a0%", f"{satisfied},0\u00a0%")


@pytest.mark.parametrize(("satisfied", "leads"), [(886, True), (785, False)])
def test_a_number_of_the_report_leads_to_figures_only_where_the_forms_give_it(
    tmp_path: Path, satisfied: int, leads: bool
) -> None:
    found = judged(read(tmp_path), {4: {(1,): satisfied, (3,): 1000 - satisfied}})
    (quoted,) = (part for part in found.says.danish if not isinstance(part, str))
    assert (quoted.text, bool(quoted.addresses), quoted.cited) == ("88,6\u00a0%", leads, not leads)


def test_a_value_without_what_the_report_says_is_quoted_from_its_tables(tmp_path: Path) -> None:
    found = judged(read(tmp_path, ', said: "88,6%"', ""), {4: {(1,): 90, (3,): 10}})
    assert plain(found.says) == ("88,6 % er tilfredse.", "88,6 % are satisfied.")


def test_what_nothing_can_test_says_why(tmp_path: Path) -> None:
    found = judged(read(tmp_path), {}, "nobody_asked")
    assert (found.holds, found.holds_in_tables, found.instead) == (None, None, None)
    assert plain(found.says) == ("97 % planer.", "97 % plans.")
    assert plain(found.untested) == ("Ingen spurgte. Der var 97 %.", "Nobody asked. There were 97 %.")
    row = as_rows([found]).to_pylist()[0]
    assert (row["untested"], row["why_english"]) == ("not_asked", "Nobody asked. There were 97\u00a0%.")


def test_a_claim_about_nobody_can_not_be_told(tmp_path: Path) -> None:
    found = judged(read(tmp_path), {})
    assert (found.holds, found.holds_in_tables) == (None, True)
    assert found.main is not None
    assert found.main.value is None


VALUES = """\
      share: {share: {table: 4, answers: ["Ja, meget", i nogen grad]}, said: "88,6%"}
"""


@pytest.mark.parametrize(
    ("values", "says", "holds", "danish", "english"),
    [
        ("", "{share}", "{value: share, above: 90}", "Det er 80,0 %.", "It is 80,0 %."),
        ("", "Mange", "{value: share, above: 90}", "Det er 80,0 %.", "It is 80,0 %."),
        (
            "      n: {count: {table: 4}}\n      rest: {share: {table: 4, answers: [i midten]}}\n",
            "{share}, {rest}, {n}",
            "{value: share, above: 90}",
            "Tallene er 80,0 %, 20,0 % og 100.",
            "The numbers are 80,0 %, 20,0 % and 100.",
        ),
        (
            '      g: {gamma: {table: 10}, said: ",684"}\n',
            "{g}",
            "{value: share, above: 90}",
            "Gamma er ikke beregnelig.",
            "Gamma is ikke beregnelig.",
        ),
        (
            "      the_rest: {share: {table: 4, answers: [i midten]}}\n",
            "Mange",
            "{value: the_rest, greatest_of: [share]}",
            "the rest: 20,0 %; share: 80,0 %.",
            "the rest: 20,0 %; share: 80,0 %.",
        ),
        (
            '      rest: {share: {table: 4, answers: [i midten]}}\n      gap: {points: {of: share, less: rest}, said: "70%"}\n',
            "{gap}",
            "{value: gap, as_said_within: 1}",
            "Det er 60,0 procentpoint.",
            "It is 60,0 percentage points.",
        ),
    ],
)
def test_a_claim_that_fails_and_does_not_say_what_is_so_instead_shows_its_numbers(
    tmp_path: Path, values: str, says: str, holds: str, danish: str, english: str
) -> None:
    path = tmp_path / FOLDER / "plan.yaml"
    text = TEXT.replace('    instead: {danish: "Det er {share}.", english: "It is {share}."}\n', "").replace(
        VALUES, VALUES + values
    )
    text = (
        text.replace("{value: share, at_least: 80}", holds)
        .replace('"{share} er', f'"{says} er')
        .replace('"{share} are', f'"{says} are')
    )
    read(tmp_path)
    path.write_text(text, encoding="utf-8")
    found = judged(read_claims(STUDY, tmp_path), {4: {(1,): 40, (2,): 40, (3,): 20}})
    assert found.holds is False
    assert plain(found.instead) == (danish, english)
    assert "70 % er" not in Sentence.plain(found.says.danish)


def test_pairs_and_answers_that_no_table_prints_are_known_from_forms_alone(tmp_path: Path) -> None:
    pair, asked = (
        '{pair: {mart: participant_first, row: understood, column: overall, group: far}, said: ",387"}',
        "{asked: {mart: participant_first, question: overall, answers: [god]}}",
    )
    told = read(
        tmp_path,
        VALUES + "    holds: [{value: share, at_least: 80}]",
        f"      share: {pair}\n      other: {asked}\n    holds: [{{value: share, strength: [strong], significant: true}}]",
    )
    values = told.by_id["satisfied"].values
    unknown = judged(told, {})
    assert (unknown.holds, unknown.holds_in_tables) == (None, None)
    assert isinstance(values["share"].pair, Pair)
    assert isinstance(values["other"].asked, Asked)
    known = {
        key(values["share"].pair): Counted(Fraction("0.38723"), 118, Fraction("0.01")),
        key(values["other"].asked): Counted(Fraction(100, 3), 300),
    }
    found = judged(told, {}, counted=known)
    assert (found.holds, found.holds_in_tables) == (True, None)
    assert found.main is not None
    assert (found.main.value, found.main.strength, found.main.significant, found.main.number_of_forms) == (
        0.38723,
        "strong",
        True,
        118,
    )
    assert found.main.as_said
    assert (found.numbers["other"].shown.text, found.numbers["other"].number_of_forms) == ("33,3\u00a0%", 300)
    weak = {key(values["share"].pair): Counted(Fraction("0.38723"), 118, Fraction("0.06"))}
    assert judged(told, {}, counted=weak).holds is False


def test_the_share_of_conferences_without_a_form_is_computed_from_their_numbers(tmp_path: Path) -> None:
    share = '{share: {table: 4, answers: ["Ja, meget", i nogen grad]}, said: "88,6%"}'
    lacking = '{lacking: {measure: without_initiator_or_coordinator}, said: "3%"}'
    told = read(
        tmp_path, share + "\n    holds: [{value: share, at_least: 80}]", lacking + "\n    holds: [{value: share, at_most: 3}]"
    )
    measures = {"in_codebook": 300, "without_initiator_or_coordinator": 9}
    unit = [{"measure": name, "occasion": "both", "conferences": n, "percent": n / 3} for name, n in measures.items()]
    found = judged(told, {}, unit=unit)
    assert (found.holds, found.holds_in_tables) == (True, None)
    assert found.main is not None
    assert (found.main.exact, found.main.shown.count) == (3, "without_initiator_or_coordinator-both")
    assert judged(told, {}).holds is None


def test_a_strong_association_of_a_few_forms_is_not_certain_and_one_of_many_is() -> None:
    claim = claims(STUDY).by_id["lived_up"].model_copy(update={"holds": ()})
    claim = Claim.model_validate(
        claim.model_dump() | {"holds": [{"value": "gamma", "strength": ["strong"], "significant": True}]}
    )
    for times, holds in ((1, False), (100, True)):
        counts: dict[tuple[int | None, ...], int] = {(1, 1): times, (2, 2): times, (1, 2): times, (2, 1): 0}
        found = Judge(STUDY, claims(STUDY), FormsEvidence(STUDY, figures_of({10: counts}))).finding(claim)
        assert found.numbers["gamma"].value == 1.0
        assert found.holds is holds


def test_what_the_interval_of_a_gamma_leaves_open_is_said_with_its_strength_where_it_is_known() -> None:
    claim = claims(STUDY).by_id["lived_up"]
    evidence = FormsEvidence(STUDY, figures_of({10: {(1, 1): 50, (1, 2): 40, (2, 1): 40, (2, 2): 50}}))
    address = Address(10, "", "", "", "gamma")
    intervals: list[tuple[Mapping[Address, tuple[float | None, float | None]] | None, str]] = [
        (None, "moderate association"),
        ({}, "moderate association"),
        ({address: (None, None)}, "moderate association"),
        ({address: (0.21, 0.24)}, "moderate association"),
        ({address: (0.1, 0.35)}, "moderate association; could be strong or weak"),
        ({address._replace(table=11): (0.1, 0.35)}, "moderate association"),
    ]
    for known, words in intervals:
        number = Judge(STUDY, claims(STUDY), evidence, known).finding(claim).numbers["gamma"]
        assert number.association is not None
        assert (number.strength, number.association.english) == ("moderate", words)


def test_outcomes_are_counted_by_what_they_are_held_against() -> None:
    rows: list[dict[str, bool | None]] = [
        {"holds": True, "holds_in_tables": False},
        {"holds": False, "holds_in_tables": None},
        {"holds": None, "holds_in_tables": True},
        {"holds": None, "holds_in_tables": None},
    ]
    assert outcomes(rows) == {
        "claims": 4,
        "claims_hold": 1,
        "claims_fail": 1,
        "claims_hold_in_tables": 1,
        "claims_fail_in_tables": 1,
        "claims_untested": 1,
    }


def test_the_shipped_claims_are_bound_to_figures_that_there_are() -> None:
    told = claims(STUDY).by_id.values()
    assert len(told) > 20
    addresses = {address for claim in told for value in claim.values.values() for address in addresses_of(STUDY, value)}
    assert addresses <= set(meanings(STUDY))


def test_the_report_is_made_again_where_anything_changes_that_claims_are_read_from_or_held_against() -> None:
    made_from = {
        str(path.relative_to(STUDY.folder)) for path, _ in products(STUDY)["report",].definitions if STUDY.folder in path.parents
    }
    chapters = {chapter.file for chapter in claims(STUDY).chapters}
    assert made_from >= chapters | {
        WORDS,
        own.FINDINGS,
        own.TITLES,
        "published/figures.csv",
        "published/baselines.yaml",
        "report/chapters.yaml",
    }
    assert {("marts", name) for name in ("participant_first", "initiator")} <= set(products(STUDY)["report",].inputs)
