"""Values of claims that no table prints: what is refused of those that are counted in forms."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.study import STUDY

from frs_pipeline.errors import InputError
from frs_pipeline.report.claims import read_claims
from frs_pipeline.study.claims import FOLDER

TEXT = """\
place: 1
title: {danish: Kapitel, english: Chapter}
claims:
  - id: heavy_better
    says: {danish: "{share} er kommet i trivsel.", english: "{share} are better off."}
    values:
      share: {asked: {mart: initiator, question: wellbeing, answers: [i midten], occasion: followup, among: {conflict: [få]}}}
    holds: [{value: share, above: 50}]
"""


def read(tmp_path: Path, old: str = "", new: str = ""):
    assert old in TEXT
    path = tmp_path / FOLDER / "chapter.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(TEXT.replace(old, new, 1), encoding="utf-8")
    return read_claims(STUDY, tmp_path)


def test_a_share_among_some_forms_is_read(tmp_path: Path) -> None:
    asked = read(tmp_path).by_id["heavy_better"].values["share"].asked
    assert asked is not None
    assert (asked.occasion, asked.among) == ("followup", {"conflict": ("få",)})


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("occasion: followup", "occasion: autumn", "there is no occasion autumn"),
        ("conflict: [få]", "conflicts: [få]", "initiator has no question conflicts"),
        ("conflict: [få]", "conflict: [fa]", "conflict has no answer fa"),
        ("conflict: [få]", "wellbeing: [slet ikke]", "counts wellbeing among forms by its own answers"),
        (
            "asked: {mart: initiator, question: wellbeing, answers: [i midten], occasion: followup, among: {conflict: [få]}}",
            "pair: {mart: initiator, row: conflict, column: wellbeing, occasion: autumn}",
            "there is no occasion autumn",
        ),
    ],
)
def test_what_forms_do_not_have_is_told_with_its_line(tmp_path: Path, old: str, new: str, told: str) -> None:
    with pytest.raises(InputError, match=told) as refused:
        read(tmp_path, old, new)
    assert "chapter.yaml:7" in str(refused.value)
