"""What a correlation gives away beside the crosstab of the same questions.

Many counts fit a table's margins, but few of these may have the printed gamma. Solvers can't take gamma, which isn't
linear, so worlds are changed step by step: one form more here and one less there, in two rows and two columns, such that
nothing that was released changes, until the statistics are the printed ones. A hidden count that reaches as far in such
worlds as the policy asks is safe; one that doesn't hasn't been shown to be.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from frs_pipeline.release.groups import NOTHING, all_answers
from frs_pipeline.release.reading import Code, NumberRead, TableRead
from frs_pipeline.release.worlds import Source, World, Worlds
from frs_pipeline.study import Study

STATISTICS = ("gamma", "ase", "t", "p")
# How many forms a step adds to each of its four unknowns.
_SIGNS = (1, -1, -1, 1)
_STEPS, _MIXING, _ATTEMPTS, _STARTS = 1500, 300, 2, 6


class Pair(NamedTuple):
    """Two questions that released tables cross, and which forms answered both; tables may be limited to some of these."""

    marts: tuple[str, ...]
    occasion: str
    answered: tuple[str, ...]
    counted: tuple[tuple[str, frozenset[Code]], ...]


class Printed(NamedTuple):
    """The statistics of one correlation: rows and columns as lists of codes, the numbers as they are printed, and the answers to
    which its forms are limited."""

    rows: tuple[frozenset[Code], ...]
    columns: tuple[frozenset[Code], ...]
    numbers: Mapping[str, NumberRead]
    where: tuple[tuple[str, frozenset[Code]], ...]


class Beside(NamedTuple):
    """A pair of questions with the crosstabs and the statistics that were released about it."""

    pair: Pair
    crosstabs: tuple[TableRead, ...]
    correlations: tuple[int, ...]
    printed: tuple[Printed, ...]

    @property
    def asked(self) -> frozenset[str]:
        """The two questions, and those to whose answers any of the tables is limited."""
        limited = [*(table.where for table in self.crosstabs), *(printed.where for printed in self.printed)]
        return frozenset((*(name for name, _ in self.pair.counted), *(name for where in limited for name, _ in where)))


def beside(source: Source, earlier: Iterable[Source]) -> list[Beside]:
    """Find pairs of questions with both a crosstab and statistics released, now or earlier for the same forms.

    A crosstab may also be one of a part of these forms, or of more: of other deliveries, or where one of both is limited to some
    answers to other questions.
    """
    crosstabs: dict[Pair, list[TableRead]] = defaultdict(list)
    correlations: dict[Pair, list[tuple[int, Printed]]] = defaultdict(list)
    for release, table in ((one, table) for one in (source, *earlier) for table in one.release.tables):
        same = release.same(source, table.marts)
        if "column" not in table.axes or not table.numbers or not (same or release.shares(source, table.marts)):
            continue
        if not table.is_correlation:
            crosstabs[_pair(table)].append(table)
        elif same:
            labels = (NOTHING, NOTHING, "Total" if "group" in table.axes else NOTHING)
            numbers = {m: n for m in STATISTICS if (n := table.numbers.get((m, labels))) is not None and n.value is not None}
            if numbers:
                rows, columns = (tuple(codes for _, codes in table.axes[name].categories) for name in ("row", "column"))
                turned = (rows, columns) if table.axes["row"].question < table.axes["column"].question else (columns, rows)
                correlations[_pair(table)].append((table.number, Printed(*turned, numbers, table.where)))
    return [
        Beside(pair, tuple(crosstabs[pair]), tuple(number for number, _ in listed), tuple(printed for _, printed in listed))
        for pair, listed in correlations.items()
        if pair in crosstabs
    ]


def _pair(table: TableRead) -> Pair:
    counted = sorted((table.axes[name].question, table.axes[name].counted) for name in ("row", "column"))
    return Pair(table.marts, table.occasion, table.answered, tuple(counted))


class Walk:
    """Steps between worlds that agree with everything released, towards the printed statistics of one pair."""

    def __init__(self, study: Study, worlds: Worlds, source: Source, questions: Beside) -> None:
        self.study = study
        self.worlds, self.questions = worlds, questions
        (one, _), (other, _) = questions.pair.counted
        # Blanks too: one more form that answered only one of the questions makes room.
        rows, columns = (sorted(all_answers(self.study, questions.pair.marts[0], name), key=str) for name in (one, other))
        pair = questions.pair
        self._grid, layers = worlds.grid(source, pair.marts, pair.occasion, (one, rows), (other, columns), questions.asked)
        # Which layers each of the statistics is about.
        self._about = [
            np.array([all(layer[name] in codes for name, codes in p.where) for layer in layers]) for p in questions.printed
        ]
        self._steps = np.array(list(worlds.harmless(_swaps(self._grid))), dtype=np.int64).reshape(-1, 4)
        self._merging = [
            tuple(
                np.array([[code in codes for code in axis] for codes in merged], dtype=float)
                for axis, merged in ((rows, p.rows), (columns, p.columns))
            )
            for p in questions.printed
        ]

    def nearest(self, worlds: Sequence[World]) -> list[World]:
        """Find worlds with the printed statistics, starting from those of `worlds` that are nearest to them."""
        near = sorted(worlds, key=self._distance)[:_STARTS]
        return [reached for world in near if (reached := self.to_the_printed(world)) is not None]

    def push(self, world: World, wanted: Sequence[int], way: int, by: int) -> World | None:
        """Find, from a world with the printed statistics, one where the sum of the unknowns `wanted` is larger (way 1) or
        smaller (way -1) by at least `by`; None when none was found."""
        mine = set(wanted)
        gains = {
            step: sum(sign * (u in mine) for u, sign in zip(step, _SIGNS, strict=True))
            for step in map(tuple, self._steps.tolist())
        }
        useful = [(step, way if gain > 0 else -way) for step, gain in gains.items() if gain]
        chance = np.random.default_rng(0)
        for _ in range(_ATTEMPTS if useful else 0):
            now, start = world.copy(), world[list(wanted)].sum()
            for _ in range(20 * by):
                if abs(now[list(wanted)].sum() - start) >= by:
                    break
                step, sign = useful[chance.integers(len(useful))]
                self._try(now, step, sign)
            if abs(now[list(wanted)].sum() - start) >= by:
                reached = self.to_the_printed(now, wanted, chance)
                if reached is not None:
                    return reached
        return None

    def to_the_printed(self, world: World, fixed: Sequence[int] = (), chance: np.random.Generator | None = None) -> World | None:
        """Find a world with the printed statistics where the unknowns `fixed` are as in `world`; None when none was found."""
        untouched = set(fixed)
        steps = [step for step in map(tuple, self._steps.tolist()) if not untouched.intersection(step)]
        chance = chance or np.random.default_rng(0)
        now = world.copy()
        distance = self._distance(now)
        # A solver's world lies in a corner, from where most steps lead outside: move away from there first.
        for _ in range(_MIXING if steps and distance > 0 else 0):
            self._try(now, steps[chance.integers(len(steps))], int(chance.choice((-1, 1)) * chance.integers(1, 5)))
        distance = self._distance(now)
        for at in range(_STEPS if steps else 0):
            if distance == 0:
                break
            step = steps[chance.integers(len(steps))]
            # While far away, move several forms at once.
            size = int(chance.choice((-1, 1)) * (1 + chance.integers(0, 1 + int(math.log2(1 + distance)))))
            if not self._try(now, step, size):
                continue
            after = self._distance(now)
            # Sometimes step away, ever more rarely: the shortest way may end in a corner.
            if (
                after <= distance
                or chance.random() < math.exp((distance - after) / (1 + 0.1 * distance)) * (1 - at / _STEPS) ** 2
            ):
                distance = after
            else:
                now[list(step)] -= np.multiply(_SIGNS, size)
        return now if distance == 0 else None

    def _try(self, world: World, step: Sequence[int], size: int) -> bool:
        """Take a step if it leads to a world; return whether it does."""
        world[list(step)] += np.multiply(_SIGNS, size)
        if self.worlds.allows(world, step):
            return True
        world[list(step)] -= np.multiply(_SIGNS, size)
        return False

    def _distance(self, world: World) -> float:
        """Return how far a world's statistics are from the printed ones, in units of their last decimal; 0 when equal."""
        layers = world[self._grid]
        far = 0.0
        for (rows, columns), about, printed in zip(self._merging, self._about, self.questions.printed, strict=True):
            counted = statistics(rows @ layers[about].sum(axis=0) @ columns.T)
            for name, number in printed.numbers.items():
                assert number.value is not None
                off = abs(counted[name] - float(number.value)) / float(2 * number.half) if name in counted else math.inf
                far += 0.0 if off <= 0.5 + 1e-9 else off
        return far


def statistics(cells: NDArray[np.float64]) -> dict[str, float]:
    """Compute gamma, ASE, T and p of a table of counts, as far as they are computable."""
    corner = np.zeros((cells.shape[0] + 1, cells.shape[1] + 1))
    corner[1:, 1:] = cells.cumsum(axis=0).cumsum(axis=1)
    same = corner[:-1, :-1] + corner[-1, -1] - corner[1:, -1:] - corner[-1:, 1:] + corner[1:, 1:]
    other = corner[:-1, -1:] - corner[:-1, 1:] + corner[-1:, :-1] - corner[1:, :-1]
    p, q, n = float((cells * same).sum()), float((cells * other).sum()), float(cells.sum())
    if p + q == 0:
        return {}
    gamma = (p - q) / (p + q)
    figures = {"gamma": gamma, "ase": 4 / (p + q) ** 2 * math.sqrt(float((cells * (q * same - p * other) ** 2).sum()))}
    spread = float((cells * (same - other) ** 2).sum()) - (p - q) ** 2 / n
    if spread > 0:
        t = gamma * (p + q) / (2 * math.sqrt(spread))
        figures |= {"t": t, "p": math.erfc(abs(t) / math.sqrt(2))}
    return figures


def _swaps(grid: NDArray[np.int64]) -> Iterator[tuple[int, int, int, int]]:
    """Yield steps of four unknowns of one layer: the first and the last gain what the others lose."""
    layers, rows, columns = grid.shape
    for layer in range(layers):
        for i, k in combinations(range(rows), 2):
            for j, m in combinations(range(columns), 2):
                yield int(grid[layer, i, j]), int(grid[layer, i, m]), int(grid[layer, k, j]), int(grid[layer, k, m])
