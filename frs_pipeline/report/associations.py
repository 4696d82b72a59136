"""The gamma of every ordinal question with every other of the same questionnaire, from counts alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pyarrow as pa

from frs_pipeline.stats.gamma import goodman_kruskal
from frs_pipeline.study import Study
from frs_pipeline.study.questionnaires import Question, questionnaires


@dataclass(frozen=True)
class Association:
    """One pair of questions of a mart; `gamma` and `p` are None where there is no pair of forms to compare."""

    row: str
    column: str
    gamma: float | None
    p: float | None
    n: int


def ordinal(study: Study, mart: str) -> list[Question]:
    """List the questions of a mart whose answers have an order, and are more than two: of two, any order is a guess."""
    return [question for question in questionnaires(study)[mart].questions if question.type == "ordinal"]


def associations(study: Study, mart: str, batches: Iterable[pa.RecordBatch]) -> list[Association]:
    """Compute the gamma of all pairs of ordinal questions of a mart. "Ved ikke" has no place on a scale and is left out.

    Forms are added up batch by batch: what is kept is one small table of counts per pair.
    """
    questions = ordinal(study, mart)
    places = {question.name: _places(question) for question in questions}
    pairs = list(combinations(questions, 2))
    counts = {(a.name, b.name): np.zeros((_size(a), _size(b)), dtype=np.int64) for a, b in pairs}
    for batch in batches:
        codes = {name: _codes(batch.column(name), at) for name, at in places.items()}
        for (one, other), cells in counts.items():
            rows, columns = cells.shape
            both = (codes[one] >= 0) & (codes[other] >= 0)
            packed = codes[one][both] * columns + codes[other][both]
            cells += np.bincount(packed, minlength=rows * columns).reshape(rows, columns)
    gammas = []
    for (one, other), cells in counts.items():
        result = goodman_kruskal(cells)
        gammas.append(Association(one, other, result.gamma, result.p, result.n))
    return gammas


def _scale(question: Question) -> list[int]:
    return [code for code in question.codes if code != question.dont_know]


def _size(question: Question) -> int:
    return len(_scale(question))


def _places(question: Question) -> np.ndarray:
    """Return places on the scale by code; -1 for a code that has none."""
    scale = _scale(question)
    places = np.full(max(question.codes) + 1, -1, dtype=np.int64)
    for place, code in enumerate(scale):
        places[code] = place
    return places


def _codes(answers: pa.Array, places: np.ndarray) -> np.ndarray:
    """Return the places on the scale of a column of answers; -1 where blank."""
    blank = answers.is_null().to_numpy(zero_copy_only=False)
    codes = answers.fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)
    return np.where(blank, -1, places[codes])
