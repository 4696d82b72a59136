"""What `simulate.py` plants and estimates: scenes, of which each study gives figures whose truth is known.

The estimates are made by the project's own functions, from counts per conference.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np
import planted
from planted import CONFLICT, HELPED, NAMES, ROLES, Floats, Forms

from frs_pipeline.stats.clustered import Cells, Estimate, shares
from frs_pipeline.stats.clustered_gamma import correlated, difference_of_gammas, gamma, partial_gamma
from frs_pipeline.stats.clustered_means import Numbers, difference_of_means, mean

# So many studies are drawn at once.
TOGETHER = 100
FIVE = (0.5, 0.33, 0.11, 0.04, 0.02)
BARN, MOR, FAMILIE = (NAMES.index(name) for name in ("barn", "mor", "familie"))
# Margins of two questions of which some answers are so rare that they hardly meet.
RARE = {"10/90 by 10/90": ((0.1, 0.9), (0.1, 0.9)), "2/8/90 by 2/8/90": ((0.02, 0.08, 0.9), (0.02, 0.08, 0.9))}
# By how much the answers of a role lie higher than those of others, on both questions.
SHIFTS = np.array([[0.5, 0.5], [0.2, 0.3], [-0.2, 0], [0, 0], [-0.4, -0.5], [0, 0]])


class Figure(NamedTuple):
    """An estimate of something whose truth is known; `kind` is what demands are made of on average."""

    kind: str
    name: str
    truth: float
    estimate: Estimate


# Drawing and estimating: a generator of random numbers, how many studies and conferences, and the planted correlation.
Draw = Callable[[np.random.Generator, int, int, float], Iterator[list[Figure]]]


@dataclass(frozen=True)
class Scene:
    """So many `clusters` with a planted `icc`; `what` names how answers are drawn and what is estimated."""

    what: str
    clusters: int
    icc: float

    def figures(self, rng: np.random.Generator, studies: int) -> Iterator[list[Figure]]:
        """Yield the figures of each study."""
        for start in range(0, studies, TOGETHER):
            yield from KINDS[self.what](rng, min(TOGETHER, studies - start), self.clusters, self.icc)


def _five(rng: np.random.Generator, studies: int, clusters: int, icc: float) -> Iterator[list[Figure]]:
    of = planted.forms(rng, studies, clusters)
    codes = np.arange(1.0, 6)
    for cells in planted.counted(of, studies, (planted.nominal(rng, of, FIVE, icc), 5)):
        half, *_, rare = shares(cells)
        yield [
            Figure("share", ".5, one of five answers", 0.5, half),
            Figure("share", ".02, one of five answers", 0.02, rare),
            Figure("mean", "of five answers", float(codes @ FIVE), mean(_numbers(cells, codes))),
        ]


def _numbers(cells: planted.Ints, codes: Floats) -> Numbers:
    return Numbers(cells @ codes, cells @ codes**2, cells.sum(axis=1).astype(float))


def _two(share: float) -> Draw:
    def draw(rng: np.random.Generator, studies: int, clusters: int, icc: float) -> Iterator[list[Figure]]:
        of = planted.forms(rng, studies, clusters)
        for cells in planted.counted(of, studies, (planted.nominal(rng, of, (share, 1 - share), icc), 2)):
            yield [Figure("share", f"{_short(share)}, one of two answers", share, shares(cells)[0])]

    return draw


def _short(value: float) -> str:
    return f"{value:g}".replace("0.", ".")


def _by_role(common: tuple[float, ...]) -> Draw:
    """Compare shares between roles of the same conferences, and one with the total of the other roles."""

    def draw(rng: np.random.Generator, studies: int, clusters: int, icc: float) -> Iterator[list[Figure]]:
        of = planted.forms(rng, studies, clusters)
        hits = planted.by_role(rng, of, common, icc)
        roles = len(common)
        weights = np.array([float(np.average(range(len(often)), weights=often)) for often in ROLES.values()])
        others = float(np.average(common[1:], weights=weights[1:]))
        # Of each role, hits and misses stand beside each other.
        for counts in planted.counted(of, studies, (of.role, roles), (1 - hits.astype(np.int64), 2)):
            cells = Cells(counts.reshape(clusters, 2 * roles))
            each = [([2 * role], [2 * role, 2 * role + 1]) for role in range(roles)]
            rest = ([2 * role for role in range(roles) if role != BARN], [p for p in range(2 * roles) if p // 2 != BARN])
            own, of_mor, of_familie = (cells.design([[2 * role], [2 * role + 1]]) for role in (BARN, MOR, FAMILIE))
            of_rest = cells.design([rest[0], [p + 1 for p in rest[0]]])
            sides = (
                (_pair(common, BARN, MOR), common[MOR], each[MOR], of_mor),
                (_pair(common, BARN, FAMILIE), common[FAMILIE], each[FAMILIE], of_familie),
                (f"barn {_short(common[BARN])} – all others {_short(round(others, 3))}", others, rest, of_rest),
            )
            made = [cells.difference(each[BARN], other, (own, design)) for _, _, other, design in sides]
            yield [
                Figure("difference of shares", name, common[BARN] - share, one)
                for (name, share, *_), one in zip(sides, made, strict=True)
            ]

    return draw


def _pair(common: tuple[float, ...], one: int, other: int) -> str:
    return f"{NAMES[one]} {_short(common[one])} – {NAMES[other]} {_short(common[other])}"


@cache
def rho_for(value: float) -> float:
    return planted.rho_for(value, CONFLICT, HELPED)


def _gamma(value: float) -> Draw:
    def draw(rng: np.random.Generator, studies: int, clusters: int, icc: float) -> Iterator[list[Figure]]:
        of = planted.forms(rng, studies, clusters)
        for cells in _crossed(of, studies, planted.ordered(rng, of, (CONFLICT, HELPED), planted.pair(rho_for(value)), icc)):
            yield [Figure("gamma", _short(value), value, gamma(cells))]

    return draw


def _crossed(of: Forms, studies: int, answers: planted.Ints, by_role: int = 0) -> planted.Ints:
    """Count forms (studies, clusters, [roles,] rows, columns)."""
    role = [(of.role, by_role)] if by_role else []
    return planted.counted(of, studies, *role, (answers[:, 0], len(CONFLICT)), (answers[:, 1], len(HELPED)))


def _rare(name: str) -> Draw:
    """Cross two questions without any association."""

    def draw(rng: np.random.Generator, studies: int, clusters: int, icc: float) -> Iterator[list[Figure]]:
        of, margins = planted.forms(rng, studies, clusters), RARE[name]
        answers = planted.ordered(rng, of, margins, planted.pair(0), icc)
        for cells in planted.counted(of, studies, *((given, len(margins[0])) for given in answers.T)):
            yield [Figure("gamma of rare answers", f"0, {name}", 0.0, gamma(cells))]

    return draw


@cache
def _partial_truth(rho: float) -> float:
    """Compute the partial gamma of forms of which each role has its own margins."""
    same = opposite = 0.0
    for often, (first, second) in zip(ROLES.values(), SHIFTS, strict=True):
        forms = float(np.average(range(len(often)), weights=often))
        table = planted.cell_shares(rho, planted.shifted(CONFLICT, first), planted.shifted(HELPED, second))
        agree, disagree = planted.chances_of(table)
        same, opposite = same + forms**2 * agree, opposite + forms**2 * disagree
    return (same - opposite) / (same + opposite)


def _partial(value: float) -> Draw:
    """Estimate a partial gamma where roles move both answers, and how much higher the mean of one role is."""

    def draw(rng: np.random.Generator, studies: int, clusters: int, icc: float) -> Iterator[list[Figure]]:
        of, rho = planted.forms(rng, studies, clusters), rho_for(value)
        answers = planted.ordered(rng, of, (CONFLICT, HELPED), planted.pair(rho), icc, SHIFTS)
        codes = np.arange(1.0, 6)
        barn, familie = (float(codes @ planted.shifted(CONFLICT, SHIFTS[role, 0])) for role in (BARN, FAMILIE))
        for cells in _crossed(of, studies, answers, len(ROLES)):
            first = [_numbers(cells[:, role].sum(axis=2), codes) for role in (BARN, FAMILIE)]
            yield [
                Figure("partial gamma", _short(value), _partial_truth(rho), partial_gamma(cells)),
                Figure("difference of means", "barn – familie", barn - familie, difference_of_means(*first)),
            ]

    return draw


def _gammas(one: float, other: float, roles: dict[str, tuple[int, ...]], names: tuple[str, str]) -> Draw:
    """Compare the gammas of two roles of the same conferences."""
    places = [list(roles).index(name) for name in names]

    def draw(rng: np.random.Generator, studies: int, clusters: int, icc: float) -> Iterator[list[Figure]]:
        of = planted.forms(rng, studies, clusters, roles)
        each = np.full(len(roles), rho_for(one))
        each[places[1]] = rho_for(other)
        correlations = np.stack([planted.pair(rho) for rho in each])
        answers = planted.ordered(rng, of, (CONFLICT, HELPED), correlations, icc)
        called = " – ".join(f"{name} {_short(value)}" for name, value in zip(names, (one, other), strict=True))
        for cells in _crossed(of, studies, answers, len(roles)):
            made = difference_of_gammas(*(correlated(cells[:, place]) for place in places))
            yield [Figure("difference of gammas", called, one - other, made)]

    return draw


KINDS: dict[str, Draw] = {
    "five answers": _five,
    "share .02": _two(0.02),
    "share .97": _two(0.97),
    "shares by role": _by_role((0.6, 0.5, 0.5, 0.45, 0.5, 0.5)),
    "rare shares by role": _by_role((0.05, 0.02, 0.02, 0.02, 0.02, 0.02)),
    "equal shares by role": _by_role((0.6,) * 6),
    **{f"gamma {_short(value)}": _gamma(value) for value in (0.0, 0.3, 0.8)},
    **{f"gamma 0 of {name}": _rare(name) for name in RARE},
    **{f"partial gamma {_short(value)}": _partial(value) for value in (0.0, 0.3, 0.8)},
    **{
        f"gammas {_short(one)}, {_short(other)} of {names[0]}, {names[1]}": _gammas(one, other, roles, names)
        for one, other in ((0.3, 0.3), (0.8, 0.8), (0.8, 0.3))
        for roles, names in ((ROLES, ("barn", "familie")), (planted.NEARLY_ALL, ("one", "other")))
    },
}
