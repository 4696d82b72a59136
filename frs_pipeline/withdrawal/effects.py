"""What a withdrawal changes, told before it is made: figures that move, cells that get small, findings that turn."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from frs_pipeline.lineage.impact import ChangedForms, Moved, Value, impact, rows_of
from frs_pipeline.lineage.papers import released
from frs_pipeline.stats.gamma import significant, strength
from frs_pipeline.store.files import Store
from frs_pipeline.study import Study
from frs_pipeline.study.release import release_policy
from frs_pipeline.withdrawal.request import RequestedForms

NOT_COMPUTABLE, SIGNIFICANT, NOT_SIGNIFICANT = "not computable", "significant", "not significant"


@dataclass(frozen=True)
class Turned:
    """A finding of which another word is true: the strength of an association, or whether it is significant."""

    moved: Moved
    before: str
    after: str


@dataclass(frozen=True)
class Effects:
    """What comes of a withdrawal: how many forms of each mart it takes out, and what it moves.

    `aside` forms are withdrawn that didn't count anyway; `below` are counts that fall under the threshold of publication.
    """

    counted: dict[str, int]
    aside: int
    moved: tuple[Moved, ...]
    below: tuple[Moved, ...]
    turned: tuple[Turned, ...]


def report(store: Store, found: RequestedForms) -> Effects:
    """What the withdrawals of `found` that are new change in a delivery, whose results have to be up to date."""
    conferences = frozenset(found.new.conferences["conference_id"].to_pylist())
    out = rows_of(store, found.fresh, conferences)
    moved = tuple(impact(store, ChangedForms(store.study, out, released(store, found.new, out), conferences)))
    counted = {mart: rows.num_rows for mart, rows in out.items()}
    return Effects(
        counted, len(found.fresh) - sum(counted.values()), moved, tuple(below(store.study, moved)), tuple(turned(moved))
    )


def below(study: Study, moved: Iterable[Moved]) -> list[Moved]:
    """Counts of forms in tables that weren't small and are."""
    threshold = release_policy(study).threshold
    return [
        figure
        for figure in moved
        if figure.place.measure in ("count", "n") and (figure.after.value or 0) < threshold <= (figure.before.value or 0)
    ]


def turned(moved: Iterable[Moved]) -> list[Turned]:
    """Associations that get another word."""
    found = []
    for figure in moved:
        before, after = (_word(figure.place.measure, value) for value in (figure.before, figure.after))
        if before != after:
            found.append(Turned(figure, before, after))
    return found


def _word(measure: str, value: Value) -> str:
    if measure not in ("gamma", "partial_gamma", "p"):
        return ""
    if value.value is None:
        return NOT_COMPUTABLE
    if measure == "p":
        return SIGNIFICANT if significant(value.value) else NOT_SIGNIFICANT
    return strength(value.value)
