"""What a correlation rests on: its table of counts, and the pairs that its formula adds up."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from frs_pipeline.lineage.meaning import Meaning
from frs_pipeline.lineage.waterfall import Asked, failing
from frs_pipeline.stats.gamma import pair_sums
from frs_pipeline.stats.summary import Counted
from frs_pipeline.study import Study
from frs_pipeline.study.numbers import Number
from frs_pipeline.study.tables import Axis

Cells = tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Stratum:
    """One table of counts, rows by columns; `label` is what is held constant, empty where nothing is."""

    label: str
    cells: Cells


@dataclass(frozen=True)
class Pairs:
    """Tables of counts with the labels of their rows and columns, and P and Q over all of them."""

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    strata: tuple[Stratum, ...]
    p: int
    q: int


def pairs(study: Study, meaning: Meaning, asked: Asked) -> Pairs | None:
    """Count the pairs behind a correlation's figure; None for a figure that isn't about pairs."""
    if meaning.scales is None:
        return None
    row, column = meaning.scales
    categories = meaning.strata.categories if meaning.strata else (None,)
    cells = np.zeros((len(categories), len(row.categories), len(column.categories)), dtype=np.int64)
    for group in asked.groups:
        if failing(study, asked.questions, meaning.counted, group):
            continue
        answers = dict(zip(asked.questions, group.answers, strict=True))
        stratum = _place(meaning.strata, answers) if meaning.strata else 0
        cells[stratum, _place(row, answers), _place(column, answers)] += group.forms
    p, q = pair_sums(list(cells))
    strata = tuple(
        Stratum(category.label if category else "", tuple(map(tuple, own.tolist())))
        for category, own in zip(categories, cells, strict=True)
    )
    return Pairs(tuple(c.label for c in row.categories), tuple(c.label for c in column.categories), strata, p, q)


def numbers_of(study: Study, meaning: Meaning, asked: Asked) -> Counted | None:
    """Count the forms behind a statistic by their number; None for a figure that is none."""
    if meaning.numbers is None:
        return None
    counted: Counted = {}
    place = list(asked.questions).index(meaning.numbers.variable)
    for group in asked.groups:
        number = group.answers[place]
        if number is not None and not failing(study, asked.questions, meaning.counted, group):
            counted[number] = counted.get(number, 0) + group.forms
    return counted


def _place(axis: Axis, answers: dict[str, Number | None]) -> int:
    place = axis.index(answers[axis.variable])
    assert place is not None, "a form that is counted has an answer that is"
    return place
