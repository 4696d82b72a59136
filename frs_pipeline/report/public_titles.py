"""Titles of a release: the study's sentences, tested on released numbers and on nothing else.

So a title says no more than the release does. Where a sentence rests on a number that isn't out, or on an interval, which no
release knows, the table keeps its neutral title.
"""

from __future__ import annotations

from frs_pipeline.language import Text
from frs_pipeline.printed.claim_files import Claims
from frs_pipeline.report.chapter_figures import plain
from frs_pipeline.report.claims import words_of
from frs_pipeline.report.evidence import FormsEvidence
from frs_pipeline.report.findings import Judge
from frs_pipeline.report.public.released import Released
from frs_pipeline.report.statements import titles
from frs_pipeline.study.about import about
from frs_pipeline.tables.figures import Figure


def public_titles(released: Released) -> dict[int, Text]:
    """Return the titles that hold on the released numbers, by table; those of figures that a release hasn't got are left out."""
    study = released.study
    whole = {number for number in released.tables if _whole(released, number)}
    figures = {
        address: Figure(*address, float(number.value), str(number.value))
        for address, number in released.numbers.items()
        if address.table in whole and number.value is not None
    }
    judge = Judge(study, Claims(words=words_of(study)), FormsEvidence(study, figures), {})
    language = about(study).language
    told = titles(judge).items()
    return {number: plain(title, language) for number, title in told if isinstance(number, int) and number in whole}


def _whole(released: Released, number: int) -> bool:
    """Return whether a table is out as the study has it: nothing merged, hidden or left out, no percentage rounded further."""
    if number in released.merging:
        return False
    numbers = released.of(number)
    rounded = any(one.decimals == 0 for address, one in numbers.items() if address.measure.endswith("percent"))
    return not rounded and all(one.value is not None for one in numbers.values())
