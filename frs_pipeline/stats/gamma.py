"""Goodman and Kruskal's gamma and Davis's partial gamma, as SPSS CROSSTABS computes them.

Sources: Goodman & Kruskal (1963, 1972), JASA 58:310 and 67:415; Brown & Benedetti (1977), JASA 72:309, for
the two standard errors; Davis (1967), JASA 62:189, for the partial gamma.

All sums are exact: P and Q reach the square of the number of forms and the sums under the square roots its
seventh power, far beyond 64 bits and beyond what a float holds exactly. Python ints in numpy object arrays
keep the cumulative sums vectorised, cost microseconds on questionnaire tables, and make "is the standard
error zero?" a question with an exact answer. Each figure is rounded to a float once, at its last division.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from frs_pipeline.stats.counts import Table, exact_table


@dataclass(frozen=True)
class Gamma:
    """Gamma of one table; None is "not computable", never 0.

    `ase` is the asymptotic standard error SPSS prints (not assuming independence), `t` is gamma over its
    standard error under independence, `p` is two-sided from the standard normal, `n` is the table's sum.
    Without a single untied pair all four are None; `t` and `p` are None if the error under independence is 0.
    """

    gamma: float | None
    ase: float | None
    t: float | None
    p: float | None
    n: int


@dataclass(frozen=True)
class PartialGamma:
    """Gamma over the pairs within strata; None is "not computable".

    `ase` is an addition: SPSS prints none for a partial gamma. `n` is the sum of all strata.
    """

    gamma: float | None
    ase: float | None
    n: int


@dataclass(frozen=True)
class _Pairs:
    """Counts with the concordant and discordant counts of every cell, all of shape (rows, columns)."""

    counts: NDArray[np.object_]
    concordant: NDArray[np.object_]
    discordant: NDArray[np.object_]

    @property
    def n(self) -> int:
        return int(self.counts.sum())

    @property
    def p(self) -> int:
        """P: concordant pairs, each counted from both ends."""
        return int((self.counts * self.concordant).sum())

    @property
    def q(self) -> int:
        """Q: discordant pairs, each counted from both ends."""
        return int((self.counts * self.discordant).sum())


def goodman_kruskal(table: Table) -> Gamma:
    """Compute gamma of a (rows, columns) table of counts, both axes ordered.

    Raises ValueError if the table is not two-dimensional or a count is negative or not an integer.
    """
    pairs = _pairs(table)
    p, q, n = pairs.p, pairs.q, pairs.n
    if p + q == 0:
        return Gamma(None, None, None, None, n)
    gamma = (p - q) / (p + q)
    # N times the sum under ASE0's root: integral, hence exactly 0 when the error is.
    spread = pairs.counts * (pairs.concordant - pairs.discordant) ** 2
    under_independence = n * int(spread.sum()) - (p - q) ** 2
    t: float | None = None
    probability: float | None = None
    if under_independence:
        t = gamma / math.sqrt(4 * under_independence / (n * (p + q) ** 2))
        # 2(1 - Φ(|T|)), without losing the tail to 1 - Φ.
        probability = math.erfc(abs(t) / math.sqrt(2))
    return Gamma(gamma, _ase([pairs], p, q), t, probability, n)


def partial(strata: Sequence[Table]) -> PartialGamma:
    """Compute Davis's partial gamma over (rows, columns) tables of counts, one per stratum; shapes may differ.

    Raises ValueError if a table is not two-dimensional or a count is negative or not an integer.
    """
    pairs = [_pairs(table) for table in strata]
    p = sum(stratum.p for stratum in pairs)
    q = sum(stratum.q for stratum in pairs)
    n = sum(stratum.n for stratum in pairs)
    if p + q == 0:
        return PartialGamma(None, None, n)
    return PartialGamma((p - q) / (p + q), _ase(pairs, p, q), n)


def pair_sums(strata: Sequence[Table]) -> tuple[int, int]:
    """Return P and Q over (rows, columns) tables of counts: concordant and discordant pairs within each, from both ends.

    Raises ValueError if a table is not two-dimensional or a count is negative or not an integer.
    """
    pairs = [_pairs(table) for table in strata]
    return sum(stratum.p for stratum in pairs), sum(stratum.q for stratum in pairs)


def _pairs(table: Table) -> _Pairs:
    counts = exact_table(table)
    rows, columns = counts.shape
    # corner[i, j] is the sum of all cells strictly above row i and strictly left of column j.
    corner = np.zeros((rows + 1, columns + 1), dtype=object)
    corner[1:, 1:] = counts.cumsum(axis=0).cumsum(axis=1)
    upper_left, upper_right = corner[:-1, :-1], corner[:-1, -1:] - corner[:-1, 1:]
    lower_left = corner[-1:, :-1] - corner[1:, :-1]
    lower_right = corner[-1, -1] - corner[1:, -1:] - corner[-1:, 1:] + corner[1:, 1:]
    return _Pairs(counts, upper_left + lower_right, upper_right + lower_left)


def _ase(strata: Sequence[_Pairs], p: int, q: int) -> float:
    """Compute ASE1 from pairs within strata; `p` and `q` are the sums over them, with p + q > 0."""
    squares = sum(int((s.counts * (q * s.concordant - p * s.discordant) ** 2).sum()) for s in strata)
    # One division of ints: either side alone may exceed the range of a float.
    return math.sqrt(16 * squares / (p + q) ** 4)
