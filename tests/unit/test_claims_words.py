"""One word, one measure: claims that quote the same verbal quantity are tested by the same rule, wherever they stand."""

from __future__ import annotations

import re

import pytest
from support.study import STUDY

from frs_pipeline.report.claims import claims
from frs_pipeline.study.claims import Claim, bare

# What the quoted words of the report say, and the quantity of words.yaml that then has to decide.
WORDS = {
    r"\blangt (de|stør)": "langt_de_fleste",
    r"\bmeget stor (andel|del)\b": "meget_stor_andel",
    r"\b(næsten|stort set) alle\b": "næsten_alle",
    r"\bhalvdelen\b": "halvdelen",
    r"\bbetydeligt flere\b": "betydelig_forskel",
    r"\blille stigning\b": "lille_forskel",
    r"\bnæsten lige så\b": "lille_forskel",
}
CONDITIONED = [claim for chapter in claims(STUDY).chapters for claim in chapter.claims if claim.holds]


def those(pattern: str) -> list[Claim]:
    found = [claim for claim in CONDITIONED if claim.phrase and re.search(pattern, claim.phrase, re.IGNORECASE)]
    assert found, f"no claim quotes {pattern}"
    return found


@pytest.mark.parametrize(("pattern", "word"), WORDS.items())
def test_a_word_is_tested_as_itself(pattern: str, word: str) -> None:
    other = [claim.id for claim in those(pattern) if word not in {condition.word for condition in claim.holds}]
    assert other == []


@pytest.mark.parametrize("pattern", [r"\b(cirka|ca\.) \d", r"^næsten \d"])
def test_about_and_nearly_are_within_two_points(pattern: str) -> None:
    for claim in those(pattern):
        near = {condition.value: condition.about.within for condition in claim.holds if condition.about is not None}
        said = {name: claim.values[name].said for name in near}
        small = {name for name, number in said.items() if number is not None and float(bare(number).replace(",", ".")) < 10}
        assert near == {name: 1 if name in small else 2 for name in near}, claim.id


def test_nearly_a_number_is_below_it() -> None:
    for claim in those(r"^næsten \d"):
        (said,) = {value.said for value in claim.values.values() if value.said is not None}
        assert [condition.below for condition in claim.holds if condition.below is not None] == [float(bare(said))]


def test_no_word_stands_unused() -> None:
    used = {condition.word for claim in CONDITIONED for condition in claim.holds}
    assert set(claims(STUDY).words.quantities) == used - {None}
