"""Which counts to hide so that no small number can be worked out, over all tables together and with true margins.

The method is the linear one of Kelly, Golden and Assad (1992), extended to linked tables: to protect a number, look for
another world, one that agrees with everything that stays shown, in which that number is larger by the threshold, and
pay for each shown count that would have to differ there. The counts that differ in the cheapest such world are hidden
with it. In the end, each count that no number needs hidden is shown again. Whether that is enough is for the attack to
say, which shares nothing with this module.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from frs_pipeline.release.cells import NO_LABEL, Forms, places
from frs_pipeline.release.guards import Guard, Key, guards
from frs_pipeline.release.region import Numbers, Region, sums
from frs_pipeline.release.space import Space
from frs_pipeline.study import Study
from frs_pipeline.study.release import ReleasePolicy
from frs_pipeline.study.tables import TOTAL, TOTAL_VALID, Place, Table

_MOVED = 1e-6
_PUSHES, _FEW, _NEAR = 20, 5, 12
# In which order counts are hidden: inner cells as long as that suffices, then margins, and last a table's number of forms.
_CELL, _MARGIN, _BASE = range(3)

# A printed count: its table, and its place in it.
Cell = tuple[int, Place]


@dataclass
class Row:
    """One number of forms, and where it is printed. A `small` one has to be hidden; a `fixed` one is known from earlier
    releases, a `kept` one was hidden by one of them."""

    forms: Forms
    value: int
    small: bool = False
    hidden: bool = False
    fixed: bool = False
    kept: bool = False
    tier: int = _CELL
    cost: float = 0.0
    printed: list[Cell] = field(default_factory=list)


class Suppression:
    """Counts of the tables that are to be released, and which of them are hidden.

    `released` are the tables as they would be printed, `tables` those of the report, which mustn't come out instead;
    `known` the numbers of forms that everybody knows from earlier releases, `kept` those that these hide; `within` gives
    the limits of a number for anybody who knows an earlier delivery; `room` the numbers that need several times the
    uncertainty that the threshold asks for.
    """

    def __init__(
        self,
        study: Study,
        space: Space,
        counts: NDArray[np.int64],
        released: Sequence[Table],
        policy: ReleasePolicy,
        *,
        tables: Iterable[Table],
        known: Iterable[Forms] = (),
        kept: Iterable[Forms] = (),
        primary: Iterable[Cell] = (),
        within: Mapping[Forms, tuple[float, float]] | None = None,
        room: Mapping[Key, int] | None = None,
    ) -> None:
        self.study = study
        self.space, self.counts, self.policy = space, counts, policy
        self.rows: dict[Forms, Row] = {}
        at_first, hidden_before = set(primary), set(kept)
        for table in released:
            for place, forms in places(self.study, table).items():
                row = self._row(forms)
                row.printed.append((table.number, place))
                row.cost += 1 + np.log2(1 + row.value)
                row.tier = max(row.tier, _tier(table, place))
                if (table.number, place) in at_first:
                    row.small = row.hidden = True
                if forms in hidden_before:
                    row.kept = row.hidden = True
        self.primary = {address for row in self.rows.values() if row.small for address in row.printed}
        for forms in (forms for forms in known if space.holds(forms)):
            row = self._row(forms)
            row.fixed, row.hidden = True, False
        self._listed = list(self.rows.values())
        self._settled: NDArray[np.bool_]
        self._lost: NDArray[np.bool_]
        self._guard(tables, room or {})
        self._bound(within or {})

    @property
    def hidden(self) -> set[Cell]:
        """The table and place of every hidden count."""
        return {address for row in self.rows.values() if row.hidden for address in row.printed}

    def protect(self) -> list[Guard]:
        """Hide what has to be hidden for every guarded number; return those that nothing can protect."""
        self._protect_all(self._first())
        while self._protect_all(self._exposed()):
            pass
        lost = np.flatnonzero(self._lost).tolist()
        return [self._guards[at] for at in lost if not self._exposed_before(at)]

    def show_again(self) -> None:
        """Show every count that no number needs hidden, totals first."""
        free = [at for at, row in enumerate(self._listed) if row.hidden and not (row.small or row.kept)]
        for at in sorted(free, key=lambda at: (-self._listed[at].tier, -self._listed[at].cost)):
            row, settled = self._listed[at], self._settled.copy()
            row.hidden = False
            self._see_again()
            if next(self._exposed(near=row), None) is not None:
                row.hidden = True
                self._settled = settled
        self._see_again()

    def _row(self, forms: Forms) -> Row:
        if forms not in self.rows:
            self.rows[forms] = Row(forms, int(self.counts[self.space.row(forms)].sum()))
        return self.rows[forms]

    def _guard(self, tables: Iterable[Table], room: Mapping[Key, int]) -> None:
        printed = {row.forms: [number for number, _ in row.printed] for row in self._listed}
        by_key = {guard.of: guard for guard in guards(self.study, tables, printed, self.policy)}
        for row in self._listed:
            if row.printed:
                # More is required of hidden counts: nobody shall know why they are hidden.
                by_key[row.forms,] = Guard((row.forms,), False, tuple(sorted({number for number, _ in row.printed})))
        self._guards = list(by_key.values())
        rows = [tuple(self.space.row(forms) for forms in guard.of) for guard in self._guards]
        empty = np.zeros(0, dtype=np.int64)
        self._sums = sums([(row[0], row[1] if len(row) > 1 else empty) for row in rows], self.space.size)
        self._needs = np.array([float(self.policy.threshold * room.get(guard.of, 1)) for guard in self._guards])
        self._values = self._sums @ self.counts.astype(float)
        at = {row.forms: i for i, row in enumerate(self._listed) if row.printed}
        # For each guarded number, the printed row that it is; -1 where it isn't printed.
        self._row_of = np.array([at.get(guard.of[0], -1) if len(guard.of) == 1 else -1 for guard in self._guards], dtype=np.int64)
        self._blank = np.array([guard.blank for guard in self._guards], dtype=bool)
        self._plain = np.array([len(guard.of) == 1 for guard in self._guards], dtype=bool)
        self._settled, self._lost = (np.zeros(len(self._guards), dtype=bool) for _ in range(2))

    def _bound(self, within: Mapping[Forms, tuple[float, float]]) -> None:
        self._region = Region(
            self.space.ties(),
            sums([(self.space.row(row.forms), np.zeros(0, dtype=np.int64)) for row in self._listed], self.space.size),
            self.counts,
        )
        zeros_shown = self.policy.zeros == "shown"
        # Whoever knows that zeros are shown knows that a hidden count is at least one.
        lowest = [(1 if zeros_shown and row.printed else 0, np.inf) for row in self._listed]
        self._limits = np.array(
            [
                (max(low, within.get(row.forms, (0, np.inf))[0]), min(high, within.get(row.forms, (0, np.inf))[1]))
                for row, (low, high) in zip(self._listed, lowest, strict=True)
            ]
        ).reshape(-1, 2)
        self._stay = np.array([row.fixed or (zeros_shown and row.value == 0) for row in self._listed], dtype=bool)
        self._true = np.array([row.value for row in self._listed], dtype=float)
        self._worlds: list[Numbers] = []
        self._moved: list[Numbers] = []
        self._lowest, self._highest = self._values.copy(), self._values.copy()
        self._see(self.counts.astype(float))

    def _see(self, world: Numbers) -> None:
        reached = self._sums @ world
        self._worlds.append(reached)
        self._moved.append(np.abs(self._region.sums(world) - self._true) > _MOVED)
        self._lowest, self._highest = np.minimum(self._lowest, reached), np.maximum(self._highest, reached)

    def _see_again(self) -> None:
        """Recompute the ranges from those worlds found so far that agree with what is shown now."""
        shown = np.array([not row.hidden for row in self._listed], dtype=bool)
        agree = ~np.array(self._moved)[:, shown].any(axis=1)
        reached = np.array(self._worlds)[agree]
        self._lowest, self._highest = reached.min(axis=0), reached.max(axis=0)

    def _bounds(self) -> tuple[Numbers, Numbers]:
        """Return the bounds of each row for anybody who sees what is shown now."""
        hidden = np.array([row.hidden for row in self._listed], dtype=bool)
        return np.where(hidden, self._limits[:, 0], self._true), np.where(hidden, self._limits[:, 1], self._true)

    def _is_exposed(self, at: int, low: float, high: float) -> bool:
        """Return whether a guarded number is too well known if it lies between `low` and `high`."""
        low, high, need = np.ceil(low - _MOVED), np.floor(high + _MOVED), self._needs[at]
        if self._row_of[at] >= 0:
            # Nobody shall know which of the hidden counts are small.
            return self._listed[self._row_of[at]].hidden and bool(high - low < need or high < need)
        if high < (1 if self.policy.zeros == "shown" else 0) or (self._blank[at] and low < 1):
            return False
        return bool(high < need or (high - low < need and low < self.policy.threshold))

    def _open(self) -> NDArray[np.bool_]:
        """Return, for each guarded number, whether it is still undecided if it is too well known."""
        low, high = np.ceil(self._lowest - _MOVED), np.floor(self._highest + _MOVED)
        hidden = np.array([row.hidden for row in self._listed] + [True], dtype=bool)[self._row_of]
        uncertain = (high - low < self._needs) | (high < self._needs)
        uncertain &= ~(self._blank & (low < 1)) & ~self._settled & ~self._lost
        return np.asarray(uncertain & hidden)

    def _protect_all(self, exposed: Iterable[int]) -> bool:
        """Protect each exposed number, or give it up; return whether there was any."""
        any_exposed = False
        for at in exposed:
            any_exposed = True
            if not self._open()[at]:
                continue
            if self._protected(at):
                self._settled[:] = False  # with more hidden, more is possible
            else:
                # It can't move that far from the truth in one direction, but it may in both together.
                self._lost[at] = self._is_exposed(at, *self._reach(at))
        return any_exposed

    def _first(self) -> Iterator[int]:
        """Yield hidden counts, and numbers that two shown counts reveal."""
        yield from (at for at in np.flatnonzero(self._row_of >= 0).tolist() if self._open()[at])
        yield from (at for at in self._exact() if self._is_exposed(at, self._values[at], self._values[at]))

    def _exact(self) -> list[int]:
        """List the numbers that are the difference of two shown ones."""
        shown = {row.forms for row in self._listed if not row.hidden}
        return [at for at, g in enumerate(self._guards) if any(w in shown and p in shown for w, p in g.difference_of)]

    def _exposed(self, near: Row | None = None) -> Iterator[int]:
        """Yield the guarded numbers that are too well known by what is shown at that moment.

        Those like the row `near` come first: when it is shown, they are the first to be exposed.
        """
        for at in self._exact():
            if self._is_exposed(at, self._values[at], self._values[at]):
                if not self._lost[at]:
                    yield at
            else:
                self._settled[at] = True
        if near is not None:
            asked = dict(near.forms.answers)
            alike = [(at, dict(self._guards[at].of[-1].answers)) for at in np.flatnonzero(self._open()).tolist()]
            alike.sort(
                key=lambda one: (
                    -len(asked.keys() & one[1].keys()),
                    self._row_of[one[0]] < 0,
                    -sum(asked.get(name) == codes for name, codes in one[1].items()),
                    self._values[one[0]],
                )
            )
            yield from self._exposed_among(at for at, _ in alike[:_NEAR])
        self._together()
        self._never()
        yield from self._exposed_among(np.flatnonzero(self._open()).tolist())

    def _exposed_among(self, guards: Iterable[int]) -> Iterator[int]:
        for at in guards:
            if self._open()[at]:
                low, high = self._reach(at)
                if self._is_exposed(at, low, high):
                    yield at
                elif not np.isinf(high - low):
                    self._settled[at] = self._open()[at]

    def _reach(self, at: int) -> tuple[float, float]:
        """Return the range of a guarded number, or a part of it that is wide enough, where one was seen already."""
        ends = [float(self._lowest[at]), float(self._highest[at])]
        for end, way in ((1, 1.0), (0, -1.0)):
            if self._open()[at]:
                world = self._push([at], np.array([way]))
                ends[end] = np.inf * way if world is None else float((self._sums[[at]] @ world)[0])
        return ends[0], ends[1]

    def _push(self, guards: Sequence[int], ways: Numbers) -> Numbers | None:
        least, most = self._bounds()
        world = self._region.furthest(np.asarray(self._sums[list(guards)].T @ ways).ravel(), least, most)
        if world is not None:
            self._see(world)
        return world

    def _together(self) -> None:
        """Push many numbers at once, each in a random direction, which shows most of them to be safe."""
        chance = np.random.default_rng(0)
        for _ in range(_PUSHES):
            left = np.flatnonzero(self._open())
            if len(left) < _FEW:
                return
            self._push(left.tolist(), chance.choice([-1.0, 1.0], len(left)) * chance.random(len(left)))

    def _never(self) -> None:
        """Settle numbers that are zero in every world: those never seen above zero, pushed up together."""
        if self.policy.zeros != "shown":
            return
        while len(left := np.flatnonzero(self._open() & self._plain & (self._highest < _MOVED))):
            world = self._push(left.tolist(), np.ones(len(left)))
            if world is None:
                return
            if (self._highest[left] < _MOVED).all():
                self._settled[left] = True

    def _exposed_before(self, at: int) -> bool:
        """Return whether a number is exposed by what is known from earlier releases, whatever is hidden now."""
        fixed = np.array([row.fixed for row in self._listed], dtype=bool)
        least, most = np.where(fixed, self._true, 0), np.where(fixed, self._true, np.inf)
        wanted = self._of(at)
        ends = [self._region.furthest(way * wanted, least, most) for way in (-1.0, 1.0)]
        low, high = (way * np.inf if end is None else float(wanted @ end) for way, end in zip((-1, 1), ends, strict=True))
        return bool(fixed.any()) and self._is_exposed(at, low, high)

    def _of(self, at: int) -> Numbers:
        return np.asarray(self._sums[[at]].todense()).ravel()

    def _protected(self, at: int) -> bool:
        """Hide what it takes to protect a number; False when nothing can."""
        need, value = float(self._needs[at]), float(self._values[at])
        ways = [-value] if self._blank[at] and value > 0 else []
        ways += [need] + ([-need] if value > need else [])
        return any(self._move(at, by, tier) for tier in (_CELL, _MARGIN, _BASE) for by in ways)

    def _move(self, at: int, by: float, tier: int) -> bool:
        """Find the cheapest world where a number differs by at least `by`, and hide the shown counts that differ there."""
        least, most, cost = self._true.copy(), self._true.copy(), np.zeros(len(self._listed))
        for i, row in enumerate(self._listed):
            if self._stay[i] or not (row.hidden or row.tier <= tier):
                continue
            least[i], most[i] = self._limits[i]
            cost[i] = 0 if row.hidden or not row.printed else row.cost
        world = self._region.cheapest(self._of(at), by, least, most, cost)
        if world is None:
            return False
        for row, moved in zip(self._listed, self._region.sums(world) - self._true, strict=True):
            if row.printed and not row.fixed and abs(moved) > _MOVED:
                row.hidden = True
        self._see(world)
        return True


def _tier(table: Table, place: Place) -> int:
    bases = ((TOTAL, NO_LABEL, NO_LABEL), (TOTAL, TOTAL, NO_LABEL))
    if table.tells_of_groups or place in bases or (place[0] == TOTAL_VALID and place[2] in (NO_LABEL, TOTAL)):
        return _BASE
    return _MARGIN if {TOTAL, TOTAL_VALID}.intersection(place) else _CELL
