"""Which forms the numbers of a release are about, as any reader can work out from its files and the questionnaires."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from frs_pipeline.release.reading import AxisRead, Code, TableRead
from frs_pipeline.study import Study, derived
from frs_pipeline.study.boxes import ANY, crossed
from frs_pipeline.study.instruments import BOTH
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.study.tables import Place

TOTAL, TOTAL_VALID, MISSING, NOTHING = "Total", "Total valid", "Missing", ""


class Group(NamedTuple):
    """The forms of some marts and an occasion that gave one of some answers to each of some questions."""

    marts: tuple[str, ...]
    occasion: str
    answers: tuple[tuple[str, frozenset[Code]], ...]


def group_of(study: Study, table: TableRead, labels: Place, *, original: bool = False) -> Group:
    """Return the forms that a count of `table` is about; `original`: before any answers were merged."""
    return group(study, table.marts, table.occasion, counted_in(study, table, labels, original=original), table.answered)


def group(
    study: Study, marts: tuple[str, ...], occasion: str, answers: Mapping[str, frozenset[Code]], answered: Iterable[str] = ()
) -> Group:
    """Describe the forms that gave `answers`, and any answer to the questions `answered`; equal groups are equal tuples."""
    wanted = dict(answers)
    for name in answered:
        wanted[name] = wanted.get(name, all_answers(study, marts[0], name)) - {None}
    narrowing = {name: codes for name, codes in wanted.items() if codes != all_answers(study, marts[0], name)}
    if all(questionnaires(study)[mart].occasion != BOTH for mart in marts):
        occasion = BOTH  # their forms have only one occasion
    return Group(marts, occasion, tuple(sorted(narrowing.items(), key=lambda item: item[0])))


def counted_in(study: Study, table: TableRead, labels: Place, *, original: bool = False) -> dict[str, frozenset[Code]]:
    """Return the answers, by question, of the forms that a count of `table` is about; `original`: before any were merged."""
    limits, shown = dict(table.where), _shown_in(study, table, labels, original=original)
    # Only a number that is summed up may be limited to answers to what the table shows: to some of its groups.
    return {**limits, **{name: codes & limits.get(name, codes) for name, codes in shown.items()}}


def crossed_in(study: Study, table: TableRead) -> list[frozenset[str]]:
    """Return the sets of questions by which its counts break forms down: a number's groups, if it has any, for the number."""
    asked = {questionnaires(study)[table.marts[0]].column_counted(name) for name in table.asked}
    return crossed(asked, table.original["row"].question, table.boxes)


def _shown_in(study: Study, table: TableRead, labels: Place, *, original: bool) -> dict[str, frozenset[Code]]:
    """Return the answers to the questions that the table shows."""
    axes = table.original if original else table.axes
    row, column, group = labels
    asked: dict[str, frozenset[Code]] = {}
    if table.kind == "multiple":
        return _ticked_in(study, table, axes, labels)
    if table.kind == "summary":
        name = questionnaires(study)[table.marts[0]].column_counted(axes["row"].question)
        asked[name] = all_answers(study, table.marts[0], name) - {None}
        if "group" in axes:
            asked[axes["group"].question] = _codes(axes["group"], group) & asked.get(
                axes["group"].question, _codes(axes["group"], group)
            )
        return asked
    if table.is_correlation:
        asked = {axes[name].question: axes[name].counted for name in ("row", "column")}
        if "group" in axes:
            asked[axes["group"].question] = _codes(axes["group"], group)
        return asked
    if "column" in axes:
        return {axes["row"].question: _codes(axes["row"], row), axes["column"].question: _codes(axes["column"], column)}
    name = axes["row"].question
    if table.kind == "frequency" and row == TOTAL:
        return {}
    if table.kind == "frequency" and row == MISSING:
        return {name: all_answers(study, table.marts[0], name) - axes["row"].counted}
    return {name: _codes(axes["row"], row)}


def _ticked_in(study: Study, table: TableRead, axes: Mapping[str, AxisRead], labels: Place) -> dict[str, frozenset[Code]]:
    """Return the answers to the questions that a table of boxes shows."""
    row, _, group = labels
    whole = axes["row"]
    asked: dict[str, frozenset[Code]] = {whole.question: ANY}
    if "group" in axes:
        asked[axes["group"].question] = _codes(axes["group"], group)
    if row == MISSING:
        asked[whole.question] = all_answers(study, table.marts[0], whole.question) - ANY
    elif row != TOTAL_VALID:
        label, codes = zip(*whole.categories, strict=True)
        asked[table.boxes[label.index(row)]] = codes[label.index(row)]
    return asked


def ticks_in(table: TableRead, group: str) -> list[Place]:
    """Return the counts that add up to all answers to a question with boxes, in a group."""
    return [(label, NOTHING, group) for label, _ in table.axes["row"].categories]


def shared_in(table: TableRead, measure: str, labels: Place) -> tuple[list[Place], list[Place]]:
    """Return the counts whose sum a percentage is a share of, and the counts whose sum is that share."""
    row, column, group = labels
    if table.kind == "multiple":
        every = ticks_in(table, group)
        return every if measure == "percent" else [(TOTAL_VALID, NOTHING, group)], every if row == TOTAL else [labels]
    if table.kind == "frequency":
        base = (TOTAL if measure == "percent" else TOTAL_VALID, NOTHING, NOTHING)
        if measure != "cumulative_percent":
            return [base], [labels]
        order = [label for label, _ in table.axes["row"].categories]
        return [base], [(label, NOTHING, NOTHING) for label in order[: order.index(row) + 1]]
    if table.kind == "distribution":
        return [(TOTAL, NOTHING, NOTHING)], [labels]
    base_row = row if measure == "row_percent" else TOTAL
    return [(base_row, column if measure == "column_percent" else TOTAL, NOTHING)], [labels]


def _codes(axis: AxisRead, label: str) -> frozenset[Code]:
    return axis.counted if label in (TOTAL, TOTAL_VALID) else dict(axis.categories)[label]


@derived
def all_answers(study: Study, mart: str, question: str) -> frozenset[Code]:
    """Return everything that a form can answer to a question; None is a blank."""
    asked = questionnaires(study)[mart].resolve(question)
    assert asked is not None
    return frozenset((*asked.counted, None))
