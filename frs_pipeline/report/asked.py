"""What no table of the study prints, as a table that counts it: two questions against each other, and answers to one."""

from __future__ import annotations

from collections.abc import Iterable

from frs_pipeline.study import Study
from frs_pipeline.study.claims import Asked, Pair
from frs_pipeline.study.questionnaires import Question, Questionnaire, questionnaires
from frs_pipeline.study.tables import Axis, Category, Table


def table_of(study: Study, number: int, of: Pair | Asked) -> Table:
    """Make the table that counts a pair or the answers to a question, among those forms that are meant."""
    paper = questionnaires(study)[of.mart]
    limits: list[tuple[str, frozenset[int]]] = []
    if of.group is not None and paper.role is not None:
        limits.append((paper.role.name, codes_of(paper.role, [of.group])))
    if isinstance(of, Asked):
        limits += [(name, codes_of(question_of(paper, name), answers)) for name, answers in of.among.items()]
    row = _axis(question_of(paper, of.row if isinstance(of, Pair) else of.question), scale=isinstance(of, Pair))
    return Table(
        number=number,
        title="",
        kind="correlation" if isinstance(of, Pair) else "frequency",
        marts=(of.mart,),
        occasion=of.occasion,
        row=row,
        column=_axis(question_of(paper, of.column), scale=True) if isinstance(of, Pair) else None,
        where=tuple(limits),
    )


def question_of(paper: Questionnaire, name: str) -> Question:
    """Return a question that was checked to be there."""
    question = paper.question(name)
    assert question is not None, "the claims were read"
    return question


def _axis(question: Question, *, scale: bool) -> Axis:
    """Return the answers to a question, each by itself; on a `scale` without "don't know", which has no place on it."""
    codes = {code: label for code, label in question.labels.items() if not scale or code != question.dont_know}
    return Axis(variable=question.name, categories=tuple(Category(label=label, codes=(code,)) for code, label in codes.items()))


def codes_of(question: Question, answers: Iterable[str]) -> frozenset[int]:
    """Return the codes of some answers to a question."""
    return frozenset(code for code in map(question.code, answers) if code is not None)
