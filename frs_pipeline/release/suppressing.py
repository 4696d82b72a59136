"""Which counts to hide so that no small one can be worked out, over all tables together and with true margins.

The method is the linear one of Kelly, Golden and Assad (1992), widened to linked tables: to protect a count, look for
another world, one that agrees with everything that stays shown, in which that count is larger by the threshold, and
pay for each shown count that would have to be another one there. The counts that moved in the cheapest such world
are hidden with it. Whether that is enough is for the attack to say, which shares nothing with this module.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_matrix, hstack, identity, vstack

from frs_pipeline.release.cells import NO_LABEL, Forms, Place, places
from frs_pipeline.release.policy import ReleasePolicy
from frs_pipeline.release.space import Space
from frs_pipeline.tables.model import TOTAL, TOTAL_VALID, Table

_MOVED = 1e-6
# What it costs to hide a count of a table, against one of its innermost cells: the more rests on it, the more.
_OF_A_MARGIN, _OF_A_BASE = 4.0, 40.0

Address = tuple[int, Place]


@dataclass
class Row:
    """One number of forms, and where it is printed. `small` has to be protected, printed or not."""

    forms: Forms
    value: int
    small: bool = False
    hidden: bool = False
    fixed: bool = False
    cost: float = 0.0
    printed: list[Address] = field(default_factory=list)


class Suppression:
    """Counts of the tables that are to be released, and which of them are hidden.

    `released` are the tables as they would be printed, `known` the numbers of forms that everybody knows from earlier
    releases, `held` further small numbers that mustn't come out: those of tables before anything was merged; `within` says
    between what a number must lie for whoever knows an earlier delivery.
    """

    def __init__(
        self,
        space: Space,
        counts: NDArray[np.int64],
        released: Iterable[Table],
        policy: ReleasePolicy,
        *,
        held: Iterable[Forms] = (),
        known: Iterable[Forms] = (),
        primary: Iterable[Address] = (),
        within: Mapping[Forms, tuple[float, float]] | None = None,
    ) -> None:
        self.space, self.counts, self.policy = space, counts, policy
        self._within = within or {}
        self.rows: dict[Forms, Row] = {}
        at_first = set(primary)
        self.primary: set[Address] = set()
        for table in released:
            for place, forms in places(table).items():
                row = self._row(forms)
                row.printed.append((table.number, place))
                row.cost += _weight(table, place) * (1 + np.log2(1 + row.value))
                if (table.number, place) in at_first:
                    row.small = row.hidden = True
        self.primary = {address for row in self.rows.values() if row.small for address in row.printed}
        for forms in held:
            self._row(forms).small = True
        for forms in known:
            self._row(forms).fixed = True
        self._build()

    def _row(self, forms: Forms) -> Row:
        if forms not in self.rows:
            self.rows[forms] = Row(forms, int(self.counts[self.space.row(forms)].sum()))
        return self.rows[forms]

    @property
    def hidden(self) -> set[Address]:
        """Table and place of every hidden count."""
        return {address for row in self.rows.values() if row.hidden for address in row.printed}

    def protect(self, room: Mapping[Forms, int] | None = None) -> list[Row]:
        """Hide what has to be hidden for every small count; returns those that nothing can protect.

        `room` are counts that need several times the uncertainty that the threshold asks for.
        """
        lost = [row for row in self._listed if row.small and not self._protected(row, (room or {}).get(row.forms, 1))]
        # What was hidden for others has to be uncertain itself.
        while waiting := [row for row in self._listed if row.hidden and row not in lost and not self._wide(row)]:
            lost += [row for row in waiting if not self._wide(row) and not self._protected(row)]
        return lost

    def _protected(self, row: Row, factor: int = 1) -> bool:
        if row.fixed or (factor == 1 and self._wide(row)):
            return not row.fixed
        need = factor * self.policy.threshold
        return self._move(row, need) or (row.value > need and self._move(row, -need))

    def _wide(self, row: Row) -> bool:
        """Do the worlds that were found leave this count as uncertain as the policy asks?"""
        at = self._at[row.forms]
        low, high = self._lowest[at], self._highest[at]
        return bool(high >= self.policy.threshold and high - low >= self.policy.threshold)

    def _build(self) -> None:
        self._listed = list(self.rows.values())
        self._at = {row.forms: at for at, row in enumerate(self._listed)}
        places_of = [self.space.row(row.forms) for row in self._listed]
        starts = np.concatenate([[0], np.cumsum([len(p) for p in places_of])])
        self._sums = csr_matrix((np.ones(starts[-1]), np.concatenate(places_of), starts), shape=(len(places_of), self.space.size))
        ties = self.space.ties()
        moves = identity(len(self._listed), format="csr")
        none = csr_matrix((ties.shape[0], 2 * len(self._listed)))
        # Sum over a world - up + down = the true count.
        self._equations = vstack([hstack([ties, none]), hstack([self._sums, -moves, moves])], format="csr")
        values = np.array([row.value for row in self._listed], dtype=float)
        self._equal = np.concatenate([np.zeros(ties.shape[0]), values])
        self._lowest, self._highest = values.copy(), values.copy()

    def _move(self, wanted: Row, by: int) -> bool:
        """Find the cheapest world where `wanted` differs by at least `by`, and hide the shown counts that differ there."""
        zeros_shown = self.policy.zeros == "shown"
        up, down, cost = (np.empty(len(self._listed)) for _ in range(3))
        for at, row in enumerate(self._listed):
            stays = row.fixed or (zeros_shown and bool(row.printed) and row.value == 0)
            # Whoever knows that zeros are shown knows that a hidden count is at least one.
            lowest = 1 if zeros_shown and row.printed else 0
            up[at] = 0 if stays else np.inf
            down[at] = 0 if stays else max(row.value - lowest, 0)
            least, most = self._within.get(row.forms, (0, np.inf))
            up[at], down[at] = min(up[at], most - row.value), min(down[at], row.value - least)
            cost[at] = row.cost if row.printed and not row.hidden else 0
        at = self._at[wanted.forms]
        need = np.zeros(2 * len(self._listed))
        need[at], need[len(self._listed) + at] = (abs(by), 0) if by > 0 else (0, abs(by))
        if np.any(need > np.concatenate([up, down])):
            return False
        size = self.space.size
        lower = np.concatenate([np.zeros(size), need])
        upper = np.concatenate([np.full(size, np.inf), up, down])
        upper[size + (len(self._listed) if by > 0 else 0) + at] = 0
        objective = np.concatenate([np.zeros(size), cost, cost])
        found = milp(
            objective, constraints=LinearConstraint(self._equations, self._equal, self._equal), bounds=Bounds(lower, upper)
        )
        if found.x is None:
            return False
        sums = self._sums @ found.x[:size]
        self._lowest, self._highest = np.minimum(self._lowest, sums), np.maximum(self._highest, sums)
        for row, value in zip(self._listed, sums, strict=True):
            if row.printed and abs(value - row.value) > _MOVED:
                row.hidden = True
        return True


def _weight(table: Table, place: Place) -> float:
    if table.kind.startswith("correlation") or place in ((TOTAL, NO_LABEL, NO_LABEL), (TOTAL, TOTAL, NO_LABEL)):
        return _OF_A_BASE
    if place[0] == TOTAL_VALID:
        return _OF_A_BASE
    return _OF_A_MARGIN if TOTAL in place else 1.0
