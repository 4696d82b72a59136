"""Which end of a question's answers is the favourable one: a fact of the question, for two questions share a scale.

»Ja, meget« is good news about a plan and bad news about the need for more help. Where a study doesn't say, nothing is good or
bad: a figure then shows the answers as steps, and no end of them is called favourable.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from frs_pipeline.study.faults import Location, choices
from frs_pipeline.study.spec import YamlFile

Favourable = Literal["first", "last", "none"]


def check_polarity(
    file: YamlFile, where: Location, name: str, favourable: Favourable, middle: int | None, ordered: Sequence[int]
) -> None:
    """Raise `InputError` with file and line for an end or a middle that the answers don't have.

    `ordered` are the codes of the question's answers from one end to the other, without the one for "don't know"; none if they
    have no order.
    """
    if favourable != "none" and len(ordered) < 2:
        what = f"{name} has no ordered answers, so that neither end can be the favourable one"
        raise file.error([*where, "favourable"], what, "take favourable out, or write type: ordinal")
    if middle is None:
        return
    if favourable == "none":
        what = f"{name} has a middle, but doesn't say which end is favourable"
        raise file.error([*where, "middle"], what, "write favourable: first or last, or take middle out")
    if middle not in ordered[1:-1]:
        what = f"code {middle} is not between the ends of the answers to {name}"
        raise file.error([*where, "middle"], what, choices(map(str, ordered[1:-1])) if ordered[1:-1] else "take middle out")
