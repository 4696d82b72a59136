"""How often shuffling within conference and role says that answers go together, where they do and where they don't."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import planted
from planted import CONFLICT, HELPED
from scenes import SHIFTS

from frs_pipeline.stats.clustered_gamma import gamma
from frs_pipeline.stats.permutation import within

LEVEL, SHUFFLES, TOGETHER = 0.05, 399, 50
NOTHING = planted.pair(0)
# Correlations within conference and role, between conferences, and what roles do to answers.
WHAT = {
    "nothing": (NOTHING, NOTHING, None),
    "roles move both answers": (NOTHING, NOTHING, SHIFTS),
    "conferences move both answers": (NOTHING, planted.pair(0.9), None),
    "answers go together (ρ .25)": (planted.pair(0.25), planted.pair(0.25), None),
    "answers go together (ρ −.25), roles move both the other way": (planted.pair(-0.25), NOTHING, SHIFTS),
}
ABOUT = (
    f"Per cent of studies with p below .05, by shuffling ({SHUFFLES} shuffles) within conference and role, and by the robust "
    "test of gamma, which asks something else: what roles and conferences have in common counts there."
)


@dataclass(frozen=True)
class Shuffled:
    """What is planted, and where."""

    what: str
    clusters: int
    icc: float

    @property
    def null(self) -> bool:
        """Whether nothing goes together within conference and role."""
        return WHAT[self.what][0] is NOTHING

    @property
    def place(self) -> str:
        return f"shuffling, {self.what}, {self.clusters} conferences, ICC {self.icc:g}"


@dataclass(frozen=True)
class Rejected:
    """Per cent of so many `runs` in which the test by shuffling, and the robust one, finds something."""

    of: Shuffled
    runs: int
    shuffled: float
    robust: float


def every_shuffle(clusters: Iterable[int]) -> list[Shuffled]:
    return [Shuffled(what, k, icc) for what in WHAT for k in clusters for icc in (0.05, 0.2)]


def rejected(of: Shuffled, runs: int, seed: int) -> Rejected:
    """Draw so many studies, and test each both ways."""
    rng = np.random.default_rng([seed, zlib.crc32(repr(of).encode())])
    inner, between, shifts = WHAT[of.what]
    by_shuffling = robust = 0
    for start in range(0, runs, TOGETHER):
        studies = min(TOGETHER, runs - start)
        forms = planted.forms(rng, studies, of.clusters)
        answers = planted.ordered(rng, forms, (CONFLICT, HELPED), inner, of.icc, shifts, between)
        roles = (forms.role, len(planted.ROLES))
        counts = planted.counted(forms, studies, roles, (answers[:, 0], len(CONFLICT)), (answers[:, 1], len(HELPED)))
        for number, cells in enumerate(counts, start=start):
            p, other = within(cells, SHUFFLES, number).p, gamma(cells.sum(axis=1)).p
            by_shuffling += p is not None and p <= LEVEL
            robust += other is not None and other < LEVEL
    return Rejected(of, runs, 100 * by_shuffling / runs, 100 * robust / runs)
