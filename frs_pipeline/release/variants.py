"""How a table may be released: as it is, or with answers merged so that fewer of its counts are small."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from frs_pipeline.release.cells import NO_LABEL, Forms, places
from frs_pipeline.release.nesting import MOST_NUMBERS, can_be_examined
from frs_pipeline.study import Study
from frs_pipeline.study.countable import CONFERENCE
from frs_pipeline.study.questionnaires import Question, questionnaires
from frs_pipeline.study.release import ReleasePolicy, merged
from frs_pipeline.study.tables import MISSING, TOTAL, TOTAL_VALID, Axis, Place, Table

Count = Callable[[Forms], int]


@dataclass(frozen=True)
class Variant:
    """A table with the axes to be released, its small counts, and its rows and columns in which all gave the same answer."""

    table: Table
    small: tuple[Place, ...]
    all_or_nothing: tuple[str, ...]
    collapsed: bool


def kept_back(study: Study, table: Table) -> str | None:
    """Return why nothing of a table may be released, not even that it exists; None where something may."""
    if CONFERENCE in table.marts:
        return "conferences aren't released: nothing examines what is told of them"
    if table.kind == "change":
        return "changes aren't released: nothing examines what pairs of forms tell"
    if table.row.boxes and len(table.row.boxes) < len(_all_boxes(study, table)):
        return "boxes are left out: how many forms ticked only these could be told by a table of all boxes"
    if not can_be_examined(study, table):
        return f"the question may have more than {MOST_NUMBERS} numbers: give it a larger unit, or a narrower range"
    return None


def _all_boxes(study: Study, table: Table) -> tuple[Question, ...]:
    """Return all boxes of the question whose boxes a table counts."""
    asked = questionnaires(study)[table.marts[0]]
    box = asked.question(table.row.boxes[0])
    assert box is not None
    return asked.boxes(box.of)


def choose(study: Study, table: Table, policy: ReleasePolicy, count: Count) -> Variant:
    """Choose the first variant with nothing to hide; else the one with the fewest counts to hide, and of those the first.

    `count` gives the number of forms. Correlations and summaries print no answers: nothing in them is merged.
    """
    variants = [_judged(study, variant, policy, count, collapsed) for variant, collapsed in _variants(study, table, policy)]
    clean = next((v for v in variants if not v.small and not v.all_or_nothing), None)
    return clean or min(variants, key=lambda v: (bool(v.all_or_nothing), len(v.small)))


def as_decided(study: Study, table: Table, before: Table, policy: ReleasePolicy, count: Count) -> Variant:
    """Return the variant of a table that was released as `before`."""
    merged_more = any(
        [set(c.codes) for c in axis.categories] != [set(c.codes) for c in getattr(table, name).categories]
        for name, axis in _own_axes(before).items()
    )
    return _judged(study, before, policy, count, merged_more)


def _variants(study: Study, table: Table, policy: ReleasePolicy) -> Iterator[tuple[Table, bool]]:
    """Yield the table itself, then with more and more merged: columns before rows, the least merging first."""
    yield table, False
    if table.tells_of_groups or table.row.boxes:
        return
    rows = list(_axes(study, table, table.row, policy))
    columns = list(_axes(study, table, table.column, policy)) if table.column else [None]
    for (i, row), (j, column) in sorted(product(enumerate(rows), enumerate(columns)), key=lambda p: (p[0][0] + p[1][0], p[0][0])):
        if i or j:
            yield table.model_copy(update={"row": row, "column": column}), True


def _axes(study: Study, table: Table, axis: Axis, policy: ReleasePolicy) -> Iterator[Axis]:
    yield axis
    question = _question(study, table, axis)
    for step in policy.collapse.get(question.scale, ()):
        shorter = merged(axis, question, step)
        if shorter is not None:
            yield shorter


def _judged(study: Study, table: Table, policy: ReleasePolicy, count: Count, collapsed: bool) -> Variant:
    counts = {place: count(forms) for place, forms in places(study, table).items()}
    small = tuple(p for p, n in counts.items() if policy.is_small(n) and (p[0] != MISSING or policy.missing == "hidden"))
    return Variant(table, small, tuple(_uniform(table, counts)), collapsed)


def _uniform(table: Table, counts: dict[Place, int]) -> Iterator[str]:
    """Yield rows and columns (of a frequency, the whole) in which all forms gave the same answer."""
    rows = [category.label for category in table.row.categories]
    if table.tells_of_groups:
        return
    if table.row.boxes:
        # Each box is a question of its own, which all of them may have answered alike.
        for group in [*(c.label for c in table.group.categories), TOTAL] if table.group else [NO_LABEL]:
            cases = counts[TOTAL_VALID, NO_LABEL, group]
            yield from (f"{row} {group}".strip() for row in rows if cases and counts[row, NO_LABEL, group] in (0, cases))
        return
    if table.column is None:
        total = TOTAL_VALID if table.kind == "frequency" else TOTAL
        if _is_all([counts[row, NO_LABEL, NO_LABEL] for row in rows], counts[total, NO_LABEL, NO_LABEL]):
            yield total
        return
    columns = [category.label for category in table.column.categories]
    for row in [*rows, TOTAL]:
        if _is_all([counts[row, column, NO_LABEL] for column in columns], counts[row, TOTAL, NO_LABEL]):
            yield row
    for column in [*columns, TOTAL]:
        if _is_all([counts[row, column, NO_LABEL] for row in rows], counts[TOTAL, column, NO_LABEL]):
            yield column


def _is_all(answers: Sequence[int], total: int) -> bool:
    """Return whether one of several answers is that of all forms."""
    return len(answers) > 1 and 0 < total == max(answers)


def by_what_they_hold(study: Study, tables: Mapping[int, Table], policy: ReleasePolicy) -> dict[int, Table]:
    """Rename merged answers by what they hold wherever their name also stands for other answers; return the tables.

    On the page of a release one word has one number: no word is both an answer and what it was merged into.
    """
    meant: dict[tuple[str, str], set[frozenset[int]]] = defaultdict(set)
    axes = [(_question(study, table, axis), axis) for table in tables.values() for axis in _own_axes(table).values()]
    for question in (q for questionnaire in questionnaires(study).values() for q in questionnaire.questions):
        for answer in question.answers:
            for word in (answer.label, *answer.also_printed):
                meant[question.scale, word.casefold()].add(frozenset({answer.code}))
        for label, members in ((label, m) for step in policy.collapse.get(question.scale, ()) for label, m in step.items()):
            meant[question.scale, label.casefold()].add(frozenset(c for m in members if (c := question.code(m)) is not None))
    for question, axis in axes:
        for category in axis.categories:
            meant[question.scale, category.label.casefold()].add(frozenset(category.codes))

    def called(table: Table, axis: Axis) -> Axis:
        question = _question(study, table, axis)
        return axis.model_copy(
            update={
                "categories": tuple(
                    category.model_copy(update={"label": "/".join(question.labels[code] for code in sorted(category.codes))})
                    if len(category.codes) > 1 and len(meant[question.scale, category.label.casefold()]) > 1
                    else category
                    for category in axis.categories
                )
            }
        )

    return {
        number: table.model_copy(update={name: called(table, axis) for name, axis in _own_axes(table).items()})
        for number, table in tables.items()
    }


def _own_axes(table: Table) -> dict[str, Axis]:
    return {name: axis for name in ("row", "column", "group") if (axis := getattr(table, name)) is not None}


def _question(study: Study, table: Table, axis: Axis) -> Question:
    question = questionnaires(study)[table.marts[0]].resolve(axis.variable)
    assert question is not None
    return question
