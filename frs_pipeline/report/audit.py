"""What the audit page shows: where the printed report contradicts itself, by weight, with the pages of its tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from frs_pipeline.language import Text
from frs_pipeline.printed.contradictions import kept
from frs_pipeline.printed.model import WEIGHTS, Contradiction, Weight
from frs_pipeline.study import Study

# What each weight is called, and what it means.
WEIGHT_WORDS: Mapping[Weight, tuple[Text, Text]] = {
    "serious": (Text("Tungt", "Heavy"), Text("kan ændre en konklusion", "may change a conclusion")),
    "plain": (Text("Middel", "Medium"), Text("kan ikke være sandt", "can't be true")),
    "slight": (Text("Let", "Light"), Text("regne- eller trykfejl", "a slip of arithmetic or print")),
}


@dataclass(frozen=True)
class Listed:
    """A contradiction as the page lists it: with the pages on which its tables stand."""

    found: Contradiction
    chapters: tuple[str, ...]


def by_weight(study: Study, page_of: Mapping[int, str]) -> list[Listed]:
    """List the contradictions of the printed report, the heaviest first, else in the order of its tables."""
    found = sorted(kept(study), key=lambda one: WEIGHTS.index(one.weight))
    return [Listed(one, tuple(dict.fromkeys(page_of[n] for n in one.tables if n in page_of))) for one in found]


def weighed(listed: Iterable[Listed]) -> dict[Weight, int]:
    """Count contradictions by weight, the heaviest first."""
    counted = Counter(one.found.weight for one in listed)
    return {weight: counted[weight] for weight in WEIGHTS}
