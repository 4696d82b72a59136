"""Worst and best case of gamma and of the partial gamma, had everybody answered both questions: sharp bounds from counts.

With P and Q concordant and discordant pairs from both ends, the greatest gamma is the l at which the greatest
F = (1 - l) P - (1 + l) Q is zero (Dinkelbach 1967, Management Science 13:492). What makes that cheap:

- Forms of one row that lack the column are tied with each other, so that F is linear in where they go: all go into one
  column. What a form adds has increasing differences, so that these columns never fall from a row to a later one. The same
  holds of forms that lack the row. P and Q of all such pairs of maps come out of a few products of matrices.
- Forms that lack both lie on cells of which each is below and to the right of the one before. On such a chain F is linear
  less (1 - l) times the sum of squares: separable and concave, so that the best numbers of forms are known at once. Pairs of
  maps that can't beat the best so far are left out by what they would be worth on the best cell of each row.
- Strata share no pairs: each is completed by itself.

The least gamma is the greatest with the columns in reversed order, negated. What this takes is counted in steps, so that it
never depends on the machine whether a bound is found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import combinations_with_replacement, islice
from math import comb
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from frs_pipeline.stats.bounds import Bounds

Numbers = NDArray[np.number[Any]]
# The most maps of one kind, and the most pairs whose P and Q are kept: 7 x 7 answers have 1716 of each, 8 x 8 have 6435.
MOST_MAPS, MOST_PAIRS = 2**13, 2**22
# The most chains, of which 7 x 7 cells have 817, and the most pairs of a completion by maps and a chain that are tried.
MOST_CHAINS, MOST_STEPS = 2**13, 2**18
_BLOCK = 64
# Up to so many forms every sum of pairs is a whole number that a double holds.
_EXACT = 2**26
# Below -1 every untied pair is worth something: from there a completion is found that has one.
_LEAST = Fraction(-2)


class TooMany(Exception):
    """There are more completions to look at than the steps allow."""


@dataclass(frozen=True, eq=False)
class Incomplete:
    """Counts of forms by their answers to two questions: `cells` (I, J), those that lack the column by row (I,), those that
    lack the row by column (J,), and how many lack both."""

    cells: NDArray[np.integer[Any]]
    no_column: NDArray[np.integer[Any]]
    no_row: NDArray[np.integer[Any]]
    neither: int = 0

    def __post_init__(self) -> None:
        if self.cells.ndim != 2 or self.cells.shape != (len(self.no_column), len(self.no_row)):
            raise ValueError("incomplete counts need cells (I, J), I counts without a column and J without a row")
        if min(self.neither, *(int(a.min(initial=0)) for a in (self.cells, self.no_column, self.no_row))) < 0:
            raise ValueError("a table of counts may not hold negative counts")

    @property
    def reversed(self) -> Incomplete:
        return Incomplete(self.cells[:, ::-1], self.no_column, self.no_row[::-1], self.neither)

    @property
    def forms(self) -> int:
        return int(self.cells.sum() + self.no_column.sum() + self.no_row.sum()) + self.neither


class GammaBounds(NamedTuple):
    """Bounds over the forms that have one answer or both; and over all, None where that takes too many steps or wasn't asked."""

    partly: Bounds
    whole: Bounds | None


def gamma_bounds(strata: Sequence[Incomplete], *, neither: bool = True, most: int = MOST_STEPS) -> GammaBounds:
    """Bound gamma over all completions of one table, or the partial gamma over those of several strata.

    With `neither`, forms that lack both answers are completed, too, in `most` steps. No completion has a gamma where its bounds
    are None. Raises `TooMany` for more than `MOST_MAPS` maps or `MOST_PAIRS` pairs of them.
    """
    steps = _Steps(most)
    searches = [
        [_Search(stratum, steps) for stratum in several if stratum.forms]
        for several in ([stratum.reversed for stratum in strata], strata)
    ]
    partly = [_climb(several, _LEAST, _Search.without_neither) for several in searches]
    whole = partly
    if neither and any(stratum.neither for stratum in strata):
        try:
            whole = [
                _climb(several, _LEAST if from_ is None else from_, _Search.with_neither)
                for several, from_ in zip(searches, partly, strict=True)
            ]
        except TooMany:
            neither = False
    return GammaBounds(_as_bounds(partly), _as_bounds(whole) if neither else None)


def _as_bounds(greatest: Sequence[Fraction | None]) -> Bounds:
    """Make bounds of the greatest gamma with the columns reversed, and that with the columns as they are."""
    of_reversed, highest = greatest
    return Bounds(None if of_reversed is None else -of_reversed, highest)


class _Steps:
    """How many pairs of a completion by maps and a chain may still be tried."""

    def __init__(self, left: int) -> None:
        self.left = left

    def take(self, number: int) -> None:
        self.left -= number
        if self.left < 0:
            raise TooMany


class _Completed(NamedTuple):
    """P and Q of a completion."""

    p: int
    q: int

    def worth(self, limit: Fraction) -> float:
        return float((1 - limit) * self.p - (1 + limit) * self.q)


def _climb(
    searches: Sequence[_Search], start: Fraction, best: Callable[[_Search, Fraction, _Completed | None], _Completed]
) -> Fraction | None:
    """Go from gamma to gamma of the completions that are `best` for the one before, while it rises.

    From 1 it can't fall either: what lacks both answers may lie in the first cell, which no cell is discordant with.
    """
    gamma = start
    found: list[_Completed] = []
    while gamma < 1:
        before: Sequence[_Completed | None] = found or [None] * len(searches)
        better = [best(search, gamma, known) for search, known in zip(searches, before, strict=True)]
        p, q = sum(one.p for one in better), sum(one.q for one in better)
        if p + q == 0 and not found:
            # Nothing is worth more than having no untied pair: from the least limit one is found, if there is any.
            return None if start == _LEAST else _climb(searches, _LEAST, best)
        if p + q == 0 or (found and Fraction(p - q, p + q) <= gamma):
            break
        gamma, found = Fraction(p - q, p + q), better
    return gamma


class _Search:
    """The completions of one stratum: P and Q of every pair of maps, and what forms that lack both may add to them."""

    def __init__(self, stratum: Incomplete, steps: _Steps) -> None:
        self.neither, self.steps = stratum.neither, steps
        rows, columns = self.shape = stratum.cells.shape
        kind = np.float64 if stratum.forms <= _EXACT else np.int64
        self.related = [pairs.astype(kind) for pairs in _related(rows, columns)]
        place = np.arange(rows * columns).reshape(rows, columns)
        by_row = _maps(stratum.no_column, place).astype(kind)
        self.by_column = _maps(stratum.no_row, place.T).astype(kind)
        if len(by_row) * len(self.by_column) > MOST_PAIRS:
            raise TooMany
        self.based = stratum.cells.reshape(-1).astype(kind) + by_row
        # How many forms of a map are related to one in each cell: (maps, cells), of both kinds of maps.
        self.near = [[maps @ related for related in self.related] for maps in (self.based, self.by_column)]
        self.p, self.q = (self._pairs(*near) for near in zip(*self.near, strict=True))

    def _pairs(self, to_based: Numbers, to_column: Numbers) -> Numbers:
        """Count the related pairs of each completion by maps, from both ends: (maps of rows, maps of columns)."""
        own, other = (to_based * self.based).sum(axis=1), (to_column * self.by_column).sum(axis=1)
        counted: Numbers = own[:, None] + other + 2 * (to_based @ self.by_column.T)
        return counted

    def without_neither(self, limit: Fraction, _: _Completed | None) -> _Completed:
        """Return the completion with the greatest F at a `limit`, without the forms that lack both."""
        worth = float(1 - limit) * self.p - float(1 + limit) * self.q
        at = np.unravel_index(int(worth.argmax()), worth.shape)
        return _Completed(int(self.p[at]), int(self.q[at]))

    def with_neither(self, limit: Fraction, known: _Completed | None) -> _Completed:
        """Return the completion with the greatest F at a `limit` below 1, or the `known` one if none is better."""
        if not self.neither or min(self.shape) == 0:
            return self.without_neither(limit, known)
        one, two = float(1 - limit), float(1 + limit)
        worth = (one * self.p - two * self.q).reshape(-1)
        # What a form in each cell adds to F, halved, by both kinds of maps: (maps, cells).
        gains = [one * concordant - two * discordant for concordant, discordant in self.near]
        found, best = None, -np.inf if known is None else known.worth(limit)
        if known is None:
            found, best = self._on_chains(np.array([worth.argmax()]), worth, gains, one)
        pairs, at_most = self._promising(worth, gains, one, best)
        for block in range(0, len(pairs), _BLOCK):
            if at_most[block] <= best:
                break
            other, value = self._on_chains(pairs[block : block + _BLOCK], worth, gains, one)
            found, best = (other, value) if value > best else (found, best)
        if found is None:
            assert known is not None, "a first pair of maps was tried"
            return known
        return self._completed(*found)

    def _promising(self, worth: Numbers, gains: Sequence[Numbers], one: float, best: float) -> tuple[Numbers, Numbers]:
        """List the pairs of maps that may beat the `best` F, the most promising first, and what they are worth at most.

        A chain has one cell in a row at most: no more is added than if the best cell of each row were concordant with all others.
        """
        rows, columns = self.shape
        b, of_rows = self.neither, [gain.reshape(-1, rows, columns).max(axis=2) for gain in gains]
        of_cells = (of_rows[0].max(axis=1)[:, None] + of_rows[1].max(axis=1)).reshape(-1)
        pairs = np.flatnonzero(worth + 2 * b * of_cells + one * b * b * (1 - 1 / min(rows, columns)) > best)
        several = len(self.by_column)
        at_most = worth[pairs] + _shared_out(of_rows[0][pairs // several] + of_rows[1][pairs % several], b, one)[1]
        order = np.argsort(-at_most, kind="stable")
        order = order[at_most[order] > best]
        return pairs[order], at_most[order]

    def _on_chains(
        self, pairs: Numbers, worth: Numbers, gains: Sequence[Numbers], one: float
    ) -> tuple[tuple[int, NDArray[np.int64]], float]:
        """Find the greatest F with the forms that lack both on any chain, for some pairs of maps: which pair, how many a cell.

        Raises `TooMany`.
        """
        self.steps.take(len(pairs) * len(self.chains))
        several = len(self.by_column)
        gain = gains[0][pairs // several] + gains[1][pairs % several]
        # Chains that are shorter than others go on in a cell that is worth nothing.
        padded = np.concatenate([gain, np.full((len(pairs), 1), -np.inf)], axis=1)[:, self.chains]
        forms, added = _shared_out(padded, self.neither, one, whole=True)
        value = worth[pairs][:, None] + added
        pair, chain = np.unravel_index(int(value.argmax()), value.shape)
        cells = np.zeros(gain.shape[1] + 1, dtype=np.int64)
        cells[self.chains[chain]] = forms[pair, chain]
        return (int(pairs[pair]), cells[:-1]), float(value[pair, chain])

    @cached_property
    def chains(self) -> NDArray[np.int64]:
        """The cells of every chain that can't be longer, (chains, cells); the number of cells where a chain has no more.

        Raises `TooMany`.
        """
        rows, columns = self.shape
        listed = list(islice(_chains(0, 0, rows, columns), MOST_CHAINS + 1))
        if len(listed) > MOST_CHAINS:
            raise TooMany
        chains = np.full((len(listed), min(rows, columns)), rows * columns, dtype=np.int64)
        for chain, cells in zip(chains, listed, strict=True):
            chain[: len(cells)] = [row * columns + column for row, column in cells]
        return chains

    def _completed(self, pair: int, added: NDArray[np.int64]) -> _Completed:
        row, column = divmod(pair, len(self.by_column))
        cells = self.based[row] + self.by_column[column] + added
        return _Completed(*(int(cells @ related @ cells) for related in self.related))


def _related(rows: int, columns: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Say of each two cells whether they are concordant, and whether they are discordant: (cells, cells) each."""
    row, column = np.divmod(np.arange(rows * columns), max(columns, 1))
    side = np.sign(row[:, None] - row) * np.sign(column[:, None] - column)
    return side > 0, side < 0


def _maps(forms: NDArray[np.integer[Any]], place: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
    """Place the forms of each line in one of its places, which never falls from a line to a later one: (maps, cells).

    `place` (lines, places) are the cells' positions. Raises `TooMany`.
    """
    lines, places = np.flatnonzero(forms), place.shape[1]
    if len(lines) and places and comb(places + len(lines) - 1, len(lines)) > MOST_MAPS:
        raise TooMany
    chosen = list(combinations_with_replacement(range(places), len(lines)))
    maps = np.zeros((max(len(chosen), 1), place.size), dtype=np.int64)
    if chosen and len(lines):
        cells = place[lines, np.array(chosen)]
        maps[np.arange(len(chosen))[:, None], cells] = forms[lines]
    return maps


def _chains(row: int, column: int, rows: int, columns: int) -> Iterator[tuple[tuple[int, int], ...]]:
    """Yield the chains from a cell on to which no cell can be added, each cell below and to the right of the one before."""
    if row == rows or column == columns:
        yield ()
        return
    # The next cell is in the next row or the next column: else there would be room for one before it.
    ahead = [(row, other) for other in range(column, columns)] + [(other, column) for other in range(row + 1, rows)]
    for cell in ahead:
        for rest in _chains(cell[0] + 1, cell[1] + 1, rows, columns):
            yield (cell, *rest)


def _shared_out(gains: Numbers, forms: int, one: float, *, whole: bool = False) -> tuple[Numbers, Numbers]:
    """Share `forms` out among the cells of the last axis: the greatest sum of 2 gain t + one (forms² - t²), t summing to `forms`.

    Returns t in the order of `gains` and that sum. If `whole`, t are whole numbers: the others rounded down, and one more where
    most was cut off, which is the best as all cells have the same curvature.
    """
    worth = gains / one
    order = np.sort(worth, axis=-1)[..., ::-1]
    levels = (np.cumsum(order, axis=-1) - forms) / np.arange(1, gains.shape[-1] + 1)
    with_some = (order > levels).sum(axis=-1, keepdims=True)
    level = np.take_along_axis(levels, with_some - 1, axis=-1)
    shares = np.maximum(worth - level, 0)
    if whole:
        down = np.floor(shares)
        left = forms - down.sum(axis=-1, keepdims=True)
        cut = np.where(shares > 0, shares - down, -1)
        rank = np.argsort(np.argsort(-cut, axis=-1, kind="stable"), axis=-1, kind="stable")
        shares = down + (rank < left)
    linear = (np.where(shares > 0, gains, 0) * shares).sum(axis=-1)
    return shares, 2 * linear + one * (forms * forms - (shares * shares).sum(axis=-1))
