"""The worlds that agree with what is shown, as a linear program: how far a sum reaches, and what it costs to reach further."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import bmat, csr_matrix, hstack, vstack
from scipy.sparse.csgraph import connected_components

Numbers = NDArray[np.float64]


class Region:
    """Places, each with some forms or none, that fulfil `ties` (= 0), and rows that each lie between bounds.

    `truth` holds the actual forms: places that no equation links to what is asked stay as they are there.
    """

    def __init__(self, ties: csr_matrix, rows: csr_matrix, truth: NDArray[np.int64]) -> None:
        self._ties, self._rows, self.truth = ties, rows, truth.astype(float)
        whole = vstack([ties, rows])
        linked: Any = bmat([[None, whole], [whole.T, None]])  # type: ignore[arg-type]
        labels = connected_components(linked)[1]
        self._of_tie, self._of_row, self._of_place = np.split(labels, [ties.shape[0], whole.shape[0]])
        self._far = 1000.0 + 4 * self.truth.max(initial=0)  # beyond any number that is possible
        self._parts: dict[tuple[int, ...], tuple[NDArray[np.int64], NDArray[np.int64], csr_matrix, int]] = {}

    def sums(self, world: Numbers) -> Numbers:
        """Return the values of the rows in a world."""
        return np.asarray(self._rows @ world)

    def furthest(self, wanted: Numbers, least: Numbers, most: Numbers) -> Numbers | None:
        """Find a world where the sum `wanted` (a factor for each place) is largest while the rows stay within their bounds."""
        places, rows, matrix, ties = self._part(wanted)
        nothing = np.zeros(ties)
        within = LinearConstraint(matrix, np.concatenate([nothing, least[rows]]), np.concatenate([nothing, most[rows]]))
        outcome = milp(-wanted[places], constraints=within, bounds=Bounds(0, self._far))
        return None if outcome.x is None else self._world(places, outcome.x)

    def cheapest(self, wanted: Numbers, by: float, least: Numbers, most: Numbers, cost: Numbers) -> Numbers | None:
        """Find a world where the sum `wanted` is `by` more than in truth (less, where negative), and the rows that have a cost
        change as little as that allows; None when there is none."""
        places, rows, matrix, ties = self._part(wanted)
        priced = np.flatnonzero(np.isfinite(cost[rows]) & (cost[rows] > 0))
        values = self._rows[rows] @ self.truth
        away = csr_matrix((np.ones(len(priced)), (ties + priced, np.arange(len(priced)))), shape=(matrix.shape[0], len(priced)))
        # The sum of a priced row, less its rise, plus its fall, is the true one.
        low, high = np.concatenate([np.zeros(ties), least[rows]]), np.concatenate([np.zeros(ties), most[rows]])
        low[ties + priced] = high[ties + priced] = values[priced]
        target = csr_matrix(wanted[places])
        goal = float(wanted @ self.truth) + by
        system = vstack([hstack([matrix, -away, away]), hstack([target, csr_matrix((1, 2 * len(priced)))])], format="csr")
        up, down = (most[rows] - values)[priced], (values - least[rows])[priced]
        outcome = milp(
            np.concatenate([np.zeros(len(places)), cost[rows][priced], cost[rows][priced]]),
            constraints=LinearConstraint(
                system, np.append(low, goal if by > 0 else -np.inf), np.append(high, np.inf if by > 0 else goal)
            ),
            bounds=Bounds(np.zeros(system.shape[1]), np.concatenate([np.full(len(places), self._far), up, down])),
        )
        return None if outcome.x is None else self._world(places, outcome.x[: len(places)])

    def _world(self, places: NDArray[np.int64], values: Numbers) -> Numbers:
        world = self.truth.copy()
        world[places] = np.maximum(values, 0)
        return world

    def _part(self, wanted: Numbers) -> tuple[NDArray[np.int64], NDArray[np.int64], csr_matrix, int]:
        """Return the places and rows that equations link to a sum, these equations, and how many of them are ties."""
        names = tuple(np.unique(self._of_place[wanted != 0]).tolist())
        if names not in self._parts:
            places = np.flatnonzero(np.isin(self._of_place, names))
            ties, rows = (np.flatnonzero(np.isin(of, names)) for of in (self._of_tie, self._of_row))
            matrix = vstack([self._ties[ties][:, places], self._rows[rows][:, places]], format="csr")
            self._parts[names] = (places, rows, matrix, len(ties))
        return self._parts[names]


def sums(of: Sequence[tuple[NDArray[np.int64], NDArray[np.int64]]], size: int) -> csr_matrix:
    """Make rows over `size` places, each from the places that it adds and those that it subtracts."""
    data = [np.concatenate([np.ones(len(plus)), -np.ones(len(minus))]) for plus, minus in of]
    columns = [np.concatenate(pair) for pair in of]
    starts = np.concatenate([[0], np.cumsum([len(c) for c in columns])]).astype(np.int64)
    joined = [np.concatenate(parts) if parts else np.zeros(0) for parts in (data, columns)]
    matrix = csr_matrix((joined[0], joined[1].astype(np.int64), starts), shape=(len(of), size))
    matrix.sum_duplicates()
    matrix.eliminate_zeros()
    return matrix
