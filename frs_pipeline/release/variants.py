"""How a table may be released: as it is, or with answers merged so that fewer of its counts are small."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product

from frs_pipeline.questionnaires.model import questionnaires
from frs_pipeline.release.cells import NO_LABEL, Forms, Place, places
from frs_pipeline.release.policy import ReleasePolicy, merged
from frs_pipeline.tables.model import MISSING, TOTAL, TOTAL_VALID, Axis, Table

Count = Callable[[Forms], int]


@dataclass(frozen=True)
class Variant:
    """A table with the axes that are to be released, its small counts, and its rows that say the same of all."""

    table: Table
    small: tuple[Place, ...]
    all_or_nothing: tuple[str, ...]
    collapsed: bool


def choose(table: Table, policy: ReleasePolicy, count: Count) -> Variant:
    """The first variant with nothing to hide; else the one with the fewest counts to hide, and of those the first.

    `count` gives the number of forms. Correlations print no answers: nothing of them is merged, and gamma is that of
    the answers as they were given.
    """
    found = [_judged(variant, policy, count, collapsed) for variant, collapsed in _variants(table, policy)]
    clean = next((v for v in found if not v.small and not v.all_or_nothing), None)
    return clean or min(found, key=lambda v: (bool(v.all_or_nothing), len(v.small)))


def _variants(table: Table, policy: ReleasePolicy) -> Iterator[tuple[Table, bool]]:
    """The table itself, then with more and more merged: columns before rows, what merges least first."""
    yield table, False
    if table.kind.startswith("correlation"):
        return
    rows = list(_axes(table, table.row, policy))
    columns = list(_axes(table, table.column, policy)) if table.column else [None]
    for (i, row), (j, column) in sorted(product(enumerate(rows), enumerate(columns)), key=lambda p: (p[0][0] + p[1][0], p[0][0])):
        if i or j:
            yield table.model_copy(update={"row": row, "column": column}), True


def _axes(table: Table, axis: Axis, policy: ReleasePolicy) -> Iterator[Axis]:
    yield axis
    question = questionnaires()[table.marts[0]].question(axis.variable)
    assert question is not None
    for step in policy.collapse.get(question.scale, ()):
        shorter = merged(axis, question, step)
        if shorter is not None:
            yield shorter


def _judged(table: Table, policy: ReleasePolicy, count: Count, collapsed: bool) -> Variant:
    counts = {place: count(forms) for place, forms in places(table).items()}
    small = tuple(p for p, n in counts.items() if policy.is_small(n) and (p[0] != MISSING or policy.missing == "hidden"))
    return Variant(table, small, tuple(_uniform(table, counts)), collapsed)


def _uniform(table: Table, counts: dict[Place, int]) -> Iterator[str]:
    """Rows (or the whole of a frequency) of which all forms gave the same answer."""
    labels = [category.label for category in table.row.categories]
    if table.kind.startswith("correlation"):
        return
    if table.column is None:
        total = TOTAL_VALID if table.kind == "frequency" else TOTAL
        answers = [counts[label, NO_LABEL, NO_LABEL] for label in labels]
        if 0 < counts[total, NO_LABEL, NO_LABEL] == max(answers) and len(answers) > 1:
            yield total
        return
    columns = [category.label for category in table.column.categories]
    for label in [*labels, TOTAL]:
        answers = [counts[label, column, NO_LABEL] for column in columns]
        if 0 < counts[label, TOTAL, NO_LABEL] == max(answers) and len(answers) > 1:
            yield label
