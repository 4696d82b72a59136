"""A map of how all ordinal questions of a mart go together, as a picture that stands alone: SVG."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from frs_pipeline.language import CODES, Text
from frs_pipeline.report.maps import Cell, gamma_text, heat
from frs_pipeline.stats.strength import significant
from frs_pipeline.study import Study
from frs_pipeline.study.about import about, quoted
from frs_pipeline.study.questionnaires import Question
from frs_pipeline.tables.associations import Association
from frs_pipeline.templates import templates_in

_TEMPLATES = Path(__file__).parent / "templates"
# Of a question's text, so many letters are shown; all of it is in the picture's own description.
_LETTERS = 56


def heatmap(study: Study, title: str, asked: Sequence[Question], found: Sequence[Association]) -> str:
    """Draw the gammas of all pairs of the questions `asked`, a map of all forms and one for each group, in the study's language.

    Each square has its number, so that nothing is told by colour alone.
    """
    language = about(study).language
    groups = dict.fromkeys(one.group for one in found) or {None: None}
    panels: list[dict[str, Any]] = []
    for group in groups:
        pairs = [one for one in found if one.group == group]
        cells = heat(pairs, {}, language)
        name = group or Text("Alle skemaer", "All forms").in_language(language)
        panels.append({"name": name, "cells": cells, "said": _said(study, pairs, cells, asked)})
    return (
        templates_in(_TEMPLATES)
        .get_template("heatmap.svg")
        .render(
            code=CODES[language],
            t=partial(_in_language, study),
            title=title,
            asked=asked,
            short=[_short(question.text) for question in asked],
            panels=panels,
        )
    )


def _in_language(study: Study, danish: str, english: str) -> str:
    return Text(danish, english).in_language(about(study).language)


def _short(text: str) -> str:
    if len(text) <= _LETTERS:
        return text
    return f"{text[:_LETTERS].rsplit(' ', 1)[0]} …"


def _said(study: Study, pairs: Sequence[Association], cells: dict[tuple[str, str], Cell], asked: Sequence[Question]) -> str:
    """Say in words what a map shows, for those who don't see it."""
    language, texts = about(study).language, {question.name: question.text for question in asked}
    sure = sum(one.q is not None and significant(one.q) for one in pairs)
    number = Text(f"{len(pairs)} par, {sure} af dem signifikante (q).", f"{len(pairs)} pairs, {sure} of them significant (q).")
    strongest = [one for one in pairs if one.low is not None][:3]
    listed = [
        f"{quoted(study, texts[one.row])} {Text('og', 'and').in_language(language)} {quoted(study, texts[one.column])}: "
        f"{gamma_text(one.gamma, language)} ({limits.in_language(language)})"
        for one in strongest
        if (limits := cells[one.row, one.column].limits)
    ]
    most = Text("Stærkest: ", "The strongest: ").in_language(language)
    return number.in_language(language) + (f" {most}{'; '.join(listed)}." if listed else "")
