"""Claims: what is refused when they are read, and when one holds."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from support.study import STUDY

from frs_pipeline.errors import InputError
from frs_pipeline.lineage.meaning import meanings
from frs_pipeline.report.claims import claims, read_claims
from frs_pipeline.report.findings import Judge, Sentence, as_rows
from frs_pipeline.study.tables import Address, catalogue
from frs_pipeline.tables.figures import Figure, figures

TEXT = """\
sources:
  trial:
    name: {danish: Forsøg 1999, english: Trial 1999}
    cited: Nogen 2002
sections:
  - title: {danish: Planen, english: The plan}
    claims:
      - id: satisfied
        says: {danish: "{share} er tilfredse.", english: "{share} are satisfied."}
        instead: {danish: "Det er {share}.", english: "It is {share}."}
        values:
          share: {share: {table: 4, answers: ["Ja, meget", i nogen grad]}, said: "88,6%"}
        holds: [{value: share, at_least: 80}]
        baselines: [{source: trial, said: "86%"}]
"""


def read(tmp_path: Path, old: str = "", new: str = ""):
    assert old in TEXT
    path = tmp_path / "claims.yaml"
    path.write_text(TEXT.replace(old, new, 1), encoding="utf-8")
    return read_claims(STUDY, path)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("er tilfredse", "af 10 er tilfredse", "words may hold no numbers"),
        ("{share} are", "{other} are", "no value is called other"),
        ("table: 4", "table: 404", "there is no table 404"),
        ("i nogen grad", "i nogen måde", "table 4 has no figure i nogen måde"),
        ("at_least: 80", "at_least: other", "no value is called other"),
        ("at_least: 80", "strength: weak", "share has no strength"),
        (
            ', said: "88,6%"}\n        holds: [{value: share, at_least: 80}]',
            "}\n        holds: [{value: share, as_said_within: 1}]",
            "needs said",
        ),
        (", at_least: 80}", "}", "says nothing that could fail"),
        ('["Ja, meget", i nogen grad]', '["Ja, meget", "Ja, meget"]', "counts an answer twice"),
        ("table: 4,", "row: mor, table: 4,", "names a row"),
        (
            "share: {share: {table: 4, answers:",
            "gap: {points: {of: share, less: share}}\n          share: {share: {table: 4, answers:",
            "above it",
        ),
        (
            '{share: {table: 4, answers: ["Ja, meget", i nogen grad]}',
            "{lacking: {measure: without_teacher}",
            "called without_teacher",
        ),
        ("source: trial", "source: nobody", "no source is called nobody"),
        ("        holds: [{value: share, at_least: 80}]\n", "", "needs a condition"),
        ('        instead: {danish: "Det er {share}.", english: "It is {share}."}\n', "", "needs what is printed"),
        ("share: {share: {table: 4,", "share: {gamma: 10, share: {table: 4,", "needs one of share, gamma"),
        ("id: satisfied", "id: satisfied\n        why: x", "why"),
    ],
)
def test_what_a_claim_gets_wrong_is_told_with_its_line(tmp_path: Path, old: str, new: str, told: str) -> None:
    with pytest.raises(InputError, match=told) as refused:
        read(tmp_path, old, new)
    assert f"{tmp_path / 'claims.yaml'}:" in str(refused.value)


def test_two_claims_of_one_name_are_refused(tmp_path: Path) -> None:
    again = TEXT[TEXT.index("      - id") :]
    with pytest.raises(InputError, match="claim satisfied stands twice"):
        read(tmp_path, TEXT, TEXT + again)


def figures_of(counts: dict[int, dict[tuple[int | None, ...], int]]) -> dict[Address, Figure]:
    """Figures of the whole catalogue, from counts of some tables."""
    made = [figure for number, table in catalogue(STUDY).items() for figure in figures(table, counts.get(number, {}))]
    return {figure.address: figure for figure in made}


@pytest.mark.parametrize(("satisfied", "holds"), [(80, True), (79, False)])
def test_a_claim_is_judged_by_its_condition_and_quoted_as_said_when_it_fails(tmp_path: Path, satisfied: int, holds: bool) -> None:
    told = read(tmp_path)
    # Half of them very satisfied, the rest of a hundred in the middle, five blank.
    counts = {(1,): satisfied - 40, (2,): 40, (3,): 100 - satisfied, (None,): 5}
    found = Judge(STUDY, figures_of({4: counts}), []).finding(told.sections[0].claims[0], told.sources)
    assert found.holds is holds
    assert found.main is not None
    assert found.main.forms is not None
    assert (found.main.value, found.main.forms.text) == (satisfied, "100")
    assert not found.main.as_said
    own = f"{satisfied},0\u00a0%"
    assert Sentence.plain(found.says.danish) == f"{own if holds else '88,6' + chr(160) + '%'} er tilfredse."
    assert (Sentence.plain(found.instead.danish) if found.instead else None) == (None if holds else f"Det er {own}.")
    row = as_rows([found]).to_pylist()[0]
    assert (row["holds"], row["value"], row["forms"], row["tables"]) == (holds, satisfied, 100, "4")


def test_a_claim_about_nobody_does_not_hold(tmp_path: Path) -> None:
    told = read(tmp_path)
    found = Judge(STUDY, figures_of({}), []).finding(told.sections[0].claims[0], told.sources)
    assert found.holds is False
    assert found.main is not None
    assert found.main.value is None


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("at_most: 80", True),
        ("at_most: 79.9", False),
        ("above: 79.9", True),
        ("above: 80", False),
        ("below: 80.1", True),
        ("below: 80", False),
        ("as_said_within: 8.7", True),
        ("as_said_within: 8.5", False),
    ],
)
def test_every_comparison_says_what_its_name_says(tmp_path: Path, condition: str, holds: bool) -> None:
    told = read(tmp_path, "at_least: 80", condition)
    found = Judge(STUDY, figures_of({4: {(1,): 80, (3,): 20}}), []).finding(told.sections[0].claims[0], told.sources)
    assert found.holds is holds


def test_a_strong_association_of_a_few_forms_is_not_certain_and_one_of_many_is() -> None:
    claim = next(claim for section in claims(STUDY).sections for claim in section.claims if claim.id == "lived_up")
    for times, holds in ((1, False), (100, True)):
        counts = {(1, 1): times, (2, 2): times, (1, 2): times, (2, 1): 0}
        found = Judge(STUDY, figures_of({10: counts}), []).finding(claim, claims(STUDY).sources)
        assert found.main is not None
        assert found.main.value == 1.0
        assert found.holds is holds


def test_what_the_interval_of_a_gamma_leaves_open_is_said_with_its_strength_where_it_is_known() -> None:
    claim = next(claim for section in claims(STUDY).sections for claim in section.claims if claim.id == "lived_up")
    figures = figures_of({10: {(1, 1): 50, (1, 2): 40, (2, 1): 40, (2, 2): 50}})
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
        main = Judge(STUDY, figures, [], known).finding(claim, claims(STUDY).sources).main
        assert main is not None
        assert main.association is not None
        assert (main.strength, main.association.english) == ("moderate", words)


def test_the_shipped_claims_are_bound_to_figures_that_there_are() -> None:
    told = [claim for section in read_claims(STUDY, STUDY.folder / "claims.yaml").sections for claim in section.claims]
    assert len(told) > 20
    addresses = {address for claim in told for value in claim.values.values() for address in value.addresses(catalogue(STUDY))}
    assert addresses <= set(meanings(STUDY))
