"""How much of what is found among many pairs of questions is false: all pairs of some questions, tested as the project does."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import planted
from planted import CLOSER, CONFLICT, HELPED

from frs_pipeline.stats.clustered_gamma import gamma
from frs_pipeline.stats.gamma import goodman_kruskal
from frs_pipeline.stats.multiplicity import benjamini_hochberg

LEVEL = 0.05
TOGETHER = 50
# Of ten questions, seven go with one another: 21 of 45 pairs. Of nine that don't, there are 36.
QUESTIONS = {"none goes together": (9, 0), "about half go together": (10, 7)}
RHO = 0.25
# So many studies are also tested by the p value that is printed.
PRINTED = 100
ABOUT = (
    "All pairs of 9 questions of which none goes with another (36 pairs), and of 10 of which 7 do (21 of 45); called found is "
    "what has a q below .05 (Benjamini and Hochberg) by the robust test. Mean of the studies' shares; the last column takes "
    "printed p values below .05."
)


@dataclass(frozen=True)
class Search:
    """All pairs of the questions of `what`, in so many `clusters` with a planted `icc`."""

    what: str
    clusters: int
    icc: float

    @property
    def place(self) -> str:
        return f"pairs, {self.what}, {self.clusters} conferences, ICC {self.icc:g}"


@dataclass(frozen=True)
class Found:
    """Per cent: the mean `false_share` of what is found with its standard `error`, true pairs found, and false by p alone."""

    search: Search
    false_share: float
    error: float
    power: float | None
    unadjusted: float


def every_search(clusters: Iterable[int]) -> list[Search]:
    return [Search(what, k, icc) for what in QUESTIONS for k in clusters for icc in (0.05, 0.2)]


def search(what: Search, runs: int, seed: int) -> Found:
    """Draw so many studies and test all pairs of each."""
    rng = np.random.default_rng([seed, zlib.crc32(repr(what).encode())])
    questions, related = QUESTIONS[what.what]
    margins = [(CONFLICT, HELPED, CLOSER)[question % 3] for question in range(questions)]
    correlations = np.eye(questions)
    correlations[:related, :related] += RHO * (1 - np.eye(related))
    pairs = list(combinations(range(questions), 2))
    real = np.array([second < related for _, second in pairs])
    shares, power, printed = [], [], []
    for start in range(0, runs, TOGETHER):
        studies = min(TOGETHER, runs - start)
        of = planted.forms(rng, studies, what.clusters)
        answers = planted.ordered(rng, of, margins, correlations, what.icc)
        tables = [
            planted.counted(of, studies, *((answers[:, question], len(margins[question])) for question in pair)) for pair in pairs
        ]
        for study in range(studies):
            adjusted = benjamini_hochberg([gamma(cells[study]).p for cells in tables])
            called = np.array([q is not None and q < LEVEL for q in adjusted])
            shares.append(false_of(called, real))
            power.append(float(called[real].mean()) if related else 0.0)
            if start + study < PRINTED:
                alone = [goodman_kruskal(cells[study].sum(axis=0).tolist()).p for cells in tables]
                printed.append(false_of(np.array([p is not None and p < LEVEL for p in alone]), real))
    each = 100 * np.array(shares)
    # A chance that is never seen isn't without error.
    error = max(float(each.std()), 100 * float(np.sqrt(LEVEL * (1 - LEVEL)))) / np.sqrt(runs)
    return Found(what, float(each.mean()), error, 100 * float(np.mean(power)) if related else None, 100 * float(np.mean(printed)))


def false_of(called: np.ndarray, real: np.ndarray) -> float:
    """Return which part of what is called found isn't there; 0 where nothing is found."""
    return float((called & ~real).sum() / max(called.sum(), 1))
