"""One estimate in a query of intervals: a figure has one, a difference two."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

# What forms of a cluster have in common, by how queries write it.
CLUSTERS = {
    "coalesce(case_id, conference_id)": "a child's conferences, or a conference where no child is known",
    "coalesce(case_id, conference_id, form_id)": "a child's conferences, else a conference, else a form",
    "coalesce(case_id, form_id)": "a child, or a form where no child is known",
    "coalesce(conference_id, form_id)": "a conference, or a form where none is known",
    "conference_id": "a conference",
    "form_id": "a form",
}


@dataclass(frozen=True)
class Side:
    """One estimate: `counts` are the steps to `totals` (k clusters, n forms), `steps` those from there, which k and n decide.

    Names of steps end with `mark`. They lead to `interval`, and to `z` with the influence of each cluster. What they compute is
    multiplied by `scale`, written with its sign.
    """

    mark: str
    counts: str
    steps: Callable[[int, int], str]
    scale: str
