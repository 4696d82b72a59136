"""How far other statistics can be trusted: how often tests reject where there is nothing, how often intervals hold the truth.

Forms are made up: those of a conference are alike, as a normal effect of the conference lies under each answer. Beside the robust
tests stands what the same statistic says of forms taken for independent.
The truth is what very many conferences have. Takes minutes on one core.
Usage: python others.py [--runs 1500] [--conferences 30 100] [--icc 0.2] [--many 50000].
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from frs_pipeline.stats.clustered import Counts, Estimate
from frs_pipeline.stats.clustered_ordinal import somers_d, tau_b, tau_c
from frs_pipeline.stats.clustered_tests import bowker, cramers_v, rao_scott, stuart_maxwell

Shares = tuple[float, ...]
EVEN, OTHER = (0.15, 0.25, 0.25, 0.2, 0.15), (0.2, 0.25, 0.25, 0.2, 0.1)
SKEW, STEEP = (0.5, 0.3, 0.12, 0.05, 0.03), (0.45, 0.33, 0.14, 0.05, 0.03)
TABLES: dict[str, tuple[Shares, Shares]] = {
    "5 x 5, even": (EVEN, OTHER),
    "5 x 5, skew": (STEEP, SKEW),
    "2 x 5": ((0.7, 0.3), STEEP),
    "2 x 2": ((0.6, 0.4), (0.8, 0.2)),
}
SQUARES: dict[str, Shares] = {"5, even": EVEN, "5, skew": SKEW, "2": (0.7, 0.3)}
# How many forms conferences have; the mean is 6.3.
SIZES = (1, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 10, 11, 12, 14)
PAIRS = (1, 1, 2, 3, 4)


def answers(latent: NDArray[np.float64], shares: Shares) -> NDArray[np.int64]:
    """Cut normal numbers into answers that have these shares."""
    return np.searchsorted(stats.norm.ppf(np.cumsum(shares)[:-1]), latent)


def forms(
    rng: np.random.Generator, conferences: int, shares: tuple[Shares, Shares], icc: float, together: float, of_conference: bool
) -> Counts:
    """Make counts (conferences, rows, columns); `together` is the correlation under the answers of a form.

    With `of_conference`, all forms of a conference give the row question the same answer.
    """
    cells = np.zeros((conferences, *map(len, shares)), dtype=np.int64)
    for cluster in cells:
        n = rng.choice(SIZES)
        first, second = (np.sqrt(icc) * rng.normal() + np.sqrt(1 - icc) * rng.normal(size=n) for _ in range(2))
        row = np.full(n, rng.normal()) if of_conference else first
        column = together * first + np.sqrt(1 - together**2) * second
        np.add.at(cluster, (answers(row, shares[0]), answers(column, shares[1])), 1)
    return cells


def pairs(rng: np.random.Generator, conferences: int, shares: Shares, icc: float) -> Counts:
    """Make counts (conferences, before, after) of people whose answers before and after correlate by one half, with no trend."""
    cells = np.zeros((conferences, len(shares), len(shares)), dtype=np.int64)
    for cluster in cells:
        n = rng.choice(PAIRS)
        own = rng.normal(size=n)
        before, after = (
            np.sqrt(icc) * rng.normal() + np.sqrt(1 - icc) * np.sqrt(0.5) * (own + rng.normal(size=n)) for _ in range(2)
        )
        np.add.at(cluster, (answers(before, shares), answers(after, shares)), 1)
    return cells


def rejected(made: list[tuple[Estimate, float]]) -> str:
    """Say how often the robust test, and the one of independent forms (degrees of freedom given), reject at 5 %."""
    robust = [each.p < 0.05 for each, _ in made if each.p is not None]
    plain = [stats.chi2.sf(each.value, df) < 0.05 for each, df in made if each.value is not None and df]
    none = f", {len(made) - len(robust)} not computable" if len(robust) < len(made) else ""
    return f"{100 * np.mean(robust):5.1f} %   (forms taken for independent {100 * np.mean(plain):5.1f} %){none}"


def _df(cells: Counts) -> float:
    return float((cells.any(axis=(0, 2)).sum() - 1) * (cells.any(axis=(0, 1)).sum() - 1))


def tests(rng: np.random.Generator, runs: int, conferences: int, icc: float) -> Iterator[str]:
    """Count rejections where questions don't go together, and where nothing changes."""
    for name, shares in TABLES.items():
        for of_conference in (False, True):
            every = (forms(rng, conferences, shares, icc, 0.0, of_conference) for _ in range(runs))
            whose = "row of the conference" if of_conference else "both of the form"
            yield f"chi2            {name:12} {whose:22} {rejected([(rao_scott(cells), _df(cells)) for cells in every])}"
    tested: tuple[Callable[[Counts], Estimate], ...] = (stuart_maxwell, bowker)
    for name, asked in SQUARES.items():
        every_pair = [pairs(rng, conferences, asked, icc) for _ in range(runs)]
        for test in tested:
            made = [test(cells) for cells in every_pair]
            degrees = [len(asked) - 1 if test is stuart_maxwell else each.df or 0 for each in made]
            yield f"{test.__name__:15} {name:12} {'':22} {rejected(list(zip(made, degrees, strict=True)))}"


def intervals(rng: np.random.Generator, runs: int, conferences: int, icc: float, many: int) -> Iterator[str]:
    """Count how often intervals hold what `many` conferences have; below and above it in brackets."""
    measures: tuple[Callable[[Counts], Estimate], ...] = (cramers_v, somers_d, tau_b, tau_c)
    for name, shares in TABLES.items():
        for together in (0.0, 0.15, 0.4, 0.8):
            cells = forms(rng, many, shares, icc, together, False)
            truth = {measure: (measure(cells).value or 0.0) if together else 0.0 for measure in measures}
            every = [forms(rng, conferences, shares, icc, together, False) for _ in range(runs)]
            said = []
            for measure, true in truth.items():
                limits: Any = [(each.low, each.high) for each in map(measure, every) if each.low is not None]
                below, above = (100 * np.mean([beyond(*pair, true) for pair in limits]) for beyond in (_above, _below))
                said.append(f"{measure.__name__} {true:.2f}: {100 - below - above:.1f} ({below:.1f}/{above:.1f})")
            yield f"{name:12} {', '.join(said)}"


def _above(low: float, _: float, true: float) -> bool:
    return true < low


def _below(_: float, high: float, true: float) -> bool:
    return true > high


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=1500)
    parser.add_argument("--conferences", type=int, nargs="+", default=[30, 100])
    parser.add_argument("--icc", type=float, default=0.2)
    parser.add_argument("--many", type=int, default=50_000)
    asked = parser.parse_args()
    for conferences in asked.conferences:
        rng = np.random.default_rng(conferences)
        print(f"\n{conferences} conferences, intra-class correlation {asked.icc:g}, {asked.runs} runs")
        for line in tests(rng, asked.runs, conferences, asked.icc):
            print(line, flush=True)
        for line in intervals(rng, asked.runs, conferences, asked.icc, asked.many):
            print(line, flush=True)


if __name__ == "__main__":
    main()
