"""The answers of an axis on the scale of its question, with what is favourable first."""

from __future__ import annotations

from frs_pipeline.report.drawing.answers import Answers
from frs_pipeline.study import Study
from frs_pipeline.study.pairing import question_of
from frs_pipeline.study.tables import Axis, Table


def answers_of(study: Study, table: Table, axis: Axis | None) -> Answers:
    """Return the categories of an axis with the polarity of its question, "don't know" left out.

    Answers that a table merges keep the polarity unless the middle is merged into an end: then neither end says anything.
    """
    assert axis is not None
    question = question_of(study, table.marts[0], axis.variable)
    categories = [one for one in axis.categories if question is None or question.dont_know not in one.codes]
    labels = tuple(one.says for one in categories)
    if question is None or question.favourable == "none":
        return Answers(labels)
    scale = [code for code in question.codes if code != question.dont_know]
    between = question.middle if question.middle is not None else scale[len(scale) // 2] if len(scale) % 2 else None
    at = next((place for place, one in enumerate(categories) if between in one.codes), None)
    if at is not None and at in (0, len(labels) - 1):
        return Answers(labels)
    # A table may list the answers in the other direction than the paper.
    first = [scale.index(code) for one in (categories[0], categories[-1]) for code in one.codes[:1] if code in scale]
    turned = len(first) == 2 and first[0] > first[1]
    end = {"first": "last", "last": "first"}[question.favourable] if turned else question.favourable
    return Answers(labels, "last" if end == "last" else "first", at)


def on_scale(axis: Axis, answers: Answers) -> list[str]:
    """List the labels of an axis that are answers on its scale, in the order of the table."""
    return [one.label for one in axis.categories if one.says in answers.labels]


def in_order(axis: Axis, answers: Answers) -> list[str]:
    """List the labels of an axis with favourable answers first, and last what has no place on the scale."""
    labels = on_scale(axis, answers)
    return [*(labels[at] for at in answers.order), *(one.label for one in axis.categories if one.label not in labels)]
