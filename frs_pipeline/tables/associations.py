"""The gamma of every ordinal question with every other of the same questionnaire, from counts alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations

from frs_pipeline.stats.gamma import goodman_kruskal
from frs_pipeline.store.files import MartFile
from frs_pipeline.study import Study
from frs_pipeline.study.questionnaires import Question, questionnaires
from frs_pipeline.tables.allpairs import Scale, count_pairs


@dataclass(frozen=True)
class Association:
    """One pair of questions of a mart, in all forms or in those with one answer (its code) to another question.

    `gamma` and `p` are None where there is no pair of forms to compare.
    """

    row: str
    column: str
    group: int | None
    gamma: float | None
    p: float | None
    n: int


def ordinal(study: Study, mart: str) -> list[Question]:
    """List the questions of a mart whose answers have an order, and are more than two: of two, any order is a guess."""
    return [question for question in questionnaires(study)[mart].questions if question.type == "ordinal"]


def associations(files: Iterable[MartFile], questions: Iterable[Question], by: Question | None = None) -> list[Association]:
    """Compute the gamma of all pairs of ordinal `questions` of a mart, which lies in `files`, in the order of the questions.

    With `by`, each pair is followed by what it is within each answer to that question. "Ved ikke" has no place on a scale and
    is left out.
    """
    return list(_associations(files, [_scale(question) for question in questions], None if by is None else _scale(by)))


def _associations(files: Iterable[MartFile], scales: list[Scale], by: Scale | None) -> Iterator[Association]:
    counted = count_pairs(files, scales, by)
    for one, other in combinations(scales, 2):
        # Within an answer to one of the two there is nothing to compare.
        groups = by.codes if by is not None and by not in (one, other) else ()
        for group in (None, *groups):
            result = goodman_kruskal(counted.table(one.name, other.name, group))
            yield Association(one.name, other.name, group, result.gamma, result.p, result.n)


def _scale(question: Question) -> Scale:
    return Scale(question.name, tuple(code for code in question.codes if code != question.dont_know))
