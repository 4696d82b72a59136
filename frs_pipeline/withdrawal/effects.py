"""What a withdrawal would change: figures that change, cells that become small, findings that get another word."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from frs_pipeline.lineage.impact import ChangedForms, Moved, Value, impact, rows_of
from frs_pipeline.lineage.papers import released
from frs_pipeline.stats.strength import significant, strength
from frs_pipeline.store.files import Store
from frs_pipeline.study import Study
from frs_pipeline.study.release import release_policy
from frs_pipeline.withdrawal.request import RequestedForms

NOT_COMPUTABLE, SIGNIFICANT, NOT_SIGNIFICANT = "not computable", "significant", "not significant"


@dataclass(frozen=True)
class Turned:
    """A finding that gets another word: the strength of an association, or whether it is significant."""

    moved: Moved
    before: str
    after: str


@dataclass(frozen=True)
class Effects:
    """What a withdrawal does: how many forms of each mart it takes out, and which figures change.

    `aside` is the number of withdrawn forms that didn't count anyway; `below` are counts that fall under the threshold of
    publication.
    """

    counted: dict[str, int]
    aside: int
    moved: tuple[Moved, ...]
    below: tuple[Moved, ...]
    turned: tuple[Turned, ...]


def report(store: Store, requested: RequestedForms) -> Effects:
    """Report what the new withdrawals of `requested` change in a delivery, whose results have to be up to date."""
    conferences = frozenset(requested.new.conferences["conference_id"].to_pylist())
    out = rows_of(store, requested.fresh, conferences)
    moved = tuple(impact(store, ChangedForms(store.study, out, released(store, requested.new, out), conferences)))
    counted = {mart: rows.num_rows for mart, rows in out.items()}
    return Effects(
        counted, len(requested.fresh) - sum(counted.values()), moved, tuple(below(store.study, moved)), tuple(turned(moved))
    )


def below(study: Study, moved: Iterable[Moved]) -> list[Moved]:
    """List the counts of forms in tables that become small."""
    threshold = release_policy(study).threshold
    return [
        figure
        for figure in moved
        if figure.place.measure in ("count", "n") and (figure.after.value or 0) < threshold <= (figure.before.value or 0)
    ]


def turned(moved: Iterable[Moved]) -> list[Turned]:
    """List the associations that get another word."""
    changed = []
    for figure in moved:
        before, after = (_word(figure.place.measure, value) for value in (figure.before, figure.after))
        if before != after:
            changed.append(Turned(figure, before, after))
    return changed


def _word(measure: str, value: Value) -> str:
    if measure not in ("gamma", "partial_gamma", "p"):
        return ""
    if value.value is None:
        return NOT_COMPUTABLE
    if measure == "p":
        return SIGNIFICANT if significant(value.value) else NOT_SIGNIFICANT
    return strength(value.value)
