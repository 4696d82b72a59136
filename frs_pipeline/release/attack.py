"""An attack on a release before it leaves the house: how closely can a hidden number be told by whoever has the files?

It reads what would be published and knows the questionnaires and the policy, nothing else; it has no code in common with
what chose the numbers to hide. What is worked out: the smallest and the largest whole number that a hidden count can be
in any world that agrees with everything released, this time and earlier.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, product
from typing import Literal, NamedTuple

import numpy as np

from frs_pipeline.errors import CheckFailed
from frs_pipeline.release.beside import Walk, beside
from frs_pipeline.release.reading import AxisRead, Labels, ReleaseRead, TableRead
from frs_pipeline.release.worlds import NOTHING, TOTAL, TOTAL_VALID, Source, Sum, World, Worlds, counted_in

# A number that is marked as hidden; one that isn't printed since answers were merged or the table is withheld; how much a
# number differs from an earlier release; a count that the statistics beside it would tell.
Kind = Literal["hidden", "merged", "change", "statistic"]
_ROUNDS, _FAR = 30, 3


class Exposed(NamedTuple):
    """A number that can be told too closely: it lies between `low` and `high`.

    `own` says that it is one of the release that was attacked, not of an earlier one; `before` that earlier releases alone
    tell it.
    """

    kind: Kind
    table: int
    labels: Labels
    low: float
    high: float
    own: bool
    before: bool = False


@dataclass(frozen=True)
class Attack:
    """What an attack found: numbers marked as hidden, all numbers that were looked at, and those that are exposed.

    `narrowest` is the smallest width of any hidden number's range, as far as it was widened; None where none is hidden.
    """

    hidden: int
    looked_at: int
    exposed: tuple[Exposed, ...]
    narrowest: int | None

    @property
    def new(self) -> tuple[Exposed, ...]:
        """What this release would expose; what earlier ones have told already can't be called back."""
        return tuple(found for found in self.exposed if not found.before)


@dataclass
class _Target:
    """A number that is looked for, and how far it was seen to reach in worlds of whole numbers."""

    kind: Kind
    table: int
    labels: Labels
    own: bool
    sum: Sum
    low: float = np.inf
    high: float = -np.inf

    def exposed(self, low: float, high: float, threshold: int, zeros_shown: bool) -> bool:
        """Is it told too closely if it can only lie between `low` and `high`?"""
        narrow = high - low < threshold
        if self.kind == "hidden":
            return narrow or high < threshold
        if self.kind == "change":
            if low == high == 0:
                return False
            least = 0 if low <= 0 <= high else min(abs(low), abs(high))
            return max(abs(low), abs(high)) < threshold or (narrow and least < threshold)
        if high < (1 if zeros_shown else 0):
            return False
        return high < threshold or (narrow and low < threshold)

    def see(self, world: World) -> None:
        value = self.sum.at(world)
        self.low, self.high = min(self.low, value), max(self.high, value)


def attack(source: Source, earlier: Sequence[Source] = ()) -> Attack:
    """Try to narrow every hidden number of a release, knowing the `earlier` ones.

    Raises `CheckFailed` when no world agrees with what is released: then it isn't true.
    """
    attacker = Attacker(source, earlier)
    exposed = [*attacker.counts(), *attacker.statistics(source.release)]
    hidden = [target for target in attacker.targets if target.kind == "hidden"]
    narrowest = min((int(t.high - t.low) for t in hidden), default=None)
    return Attack(len(hidden), len(attacker.targets), tuple(exposed), narrowest)


class Attacker:
    """Somebody who has a release and the `earlier` ones."""

    def __init__(self, source: Source, earlier: Sequence[Source] = ()) -> None:
        self.source, self.earlier = source, earlier
        worlds, first = _possible(sorted([*earlier, source], key=lambda one: one.release.delivery))
        self.targets = list(_targets(worlds, source, earlier))
        self.worlds = worlds
        self._hunt = _Hunt(worlds, self.targets, source.release)
        self._hunt.see(first)
        self._stood: set[str] = set()

    def counts(self) -> list[Exposed]:
        """Numbers that the released counts and percentages tell."""
        self._hunt.together()
        exposed = [_told(target, *found) for target in self.targets if (found := self._hunt.alone(target))]
        return list(_told_before(exposed, self.source, self.earlier)) if self.earlier and exposed else exposed

    def statistics(self, release: ReleaseRead) -> list[Exposed]:
        """Counts of crosstabs that the statistics of the same questions tell; `table` is that of the statistics, or of the
        crosstab where the statistics are those of an earlier release.

        `release` may be the one that is attacked with other statistics. To be asked after `counts`.
        """
        threshold = release.threshold
        exposed: list[Exposed] = []
        same = [older.release for older in self.earlier if older.forms == self.source.forms]
        for found in beside([release, *same]):
            if repr(found) in self._stood:
                continue
            numbers = {table.number for table in found.crosstabs}
            # What counts alone tell too closely was reported; what they bound from one side needs no more room.
            wide = [t for t in self.targets if t.kind in ("hidden", "merged") and not self._hunt.open(t)]
            inner = [
                replace(t, low=np.inf, high=-np.inf)
                for t in wide
                if t.table in numbers and (t.kind == "hidden" or TOTAL not in t.labels)
            ]
            if not inner or _stands(Walk(self.worlds, self.source.forms, found), inner, self._hunt.seen, threshold):
                self._stood.add(repr(found))
            else:
                narrow = next(t for t in inner if t.high - t.low < threshold or t.high < threshold)
                own = {table.number for table in release.tables if table.numbers}.intersection(found.correlations)
                exposed += [Exposed("statistic", n, narrow.labels, narrow.low, narrow.high, True) for n in own or {narrow.table}]
        return exposed


def _stands(walk: Walk, targets: Sequence[_Target], seen: Sequence[World], threshold: int) -> bool:
    """Are there worlds with the printed statistics in which each of the targets is as uncertain as it has to be?"""

    def is_open(target: _Target) -> bool:
        return target.high - target.low < threshold or target.high < threshold

    printed = walk.nearest(seen)
    for target in targets:
        for world in printed:
            target.see(world)
    for target in targets:
        if is_open(target):
            # Worlds where it is already far, and those with the printed statistics, from which it may be pushed.
            far = sorted(seen, key=target.sum.at)
            held = ((world, 0) for pair in zip(far[::-1][:_FAR], far[:_FAR], strict=False) for world in pair)
            for world, by in chain(held, product(printed, (1, -1))):
                found = walk.push(world, target.sum.of, by, threshold) if by else walk.to_the_printed(world, target.sum.of)
                if found is not None:
                    for other in targets:
                        other.see(found)
                if not is_open(target):
                    break
            else:
                return False
    return True


def _possible(sources: Sequence[Source]) -> tuple[Worlds, World]:
    """The worlds that agree with all releases, and one of them; forms that were only added, or only taken away, if they may."""
    several = len({source.forms for source in sources}) > 1
    changes: tuple[Literal["grows", "shrinks", "unknown"], ...] = ("grows", "shrinks", "unknown") if several else ("unknown",)
    for change in changes:
        worlds = Worlds(sources, change)
        first = worlds.whole()
        if first is not None:
            return worlds, first
    raise CheckFailed(
        "no forms can have given these numbers: they contradict each other", where="release", do="don't release them"
    )


def _told(target: _Target, low: float, high: float) -> Exposed:
    return Exposed(target.kind, target.table, target.labels, low, high, target.own)


def _targets(worlds: Worlds, source: Source, earlier: Sequence[Source]) -> Iterator[_Target]:
    seen: set[tuple[Kind, tuple[int, ...]]] = set()
    for one in (source, *earlier):
        for target in _of_release(worlds, one, own=one is source):
            key = (target.kind, tuple(sorted(target.sum.of)))
            if key not in seen:
                seen.add(key)
                yield target
    for older in earlier:
        if older.forms != source.forms:
            yield from _changes(worlds, source, older)


def _of_release(worlds: Worlds, source: Source, *, own: bool) -> Iterator[_Target]:
    for table in source.release.tables:
        for (measure, labels), number in table.numbers.items():
            if measure in ("count", "n") and number.value is None:
                yield _Target("hidden", table.number, labels, own, worlds.sum(source.forms, table, counted_in(table, labels)))
        if not table.numbers or table.axes != table.original:
            for labels in _printed(table):
                behind = worlds.sum(source.forms, table, counted_in(table, labels, original=True))
                yield _Target("merged", table.number, labels, own, behind)


def _printed(table: TableRead) -> Iterator[Labels]:
    """Where the report prints a number of forms, before any answers are merged; blanks aside."""
    axes = table.original
    if table.is_correlation:
        yield from ((NOTHING, NOTHING, group) for group in ([*_labels(axes["group"]), TOTAL] if "group" in axes else [NOTHING]))
    elif "column" in axes:
        yield from ((r, c, NOTHING) for r in [*_labels(axes["row"]), TOTAL] for c in [*_labels(axes["column"]), TOTAL])
    else:
        yield from ((row, NOTHING, NOTHING) for row in [*_labels(axes["row"]), TOTAL_VALID])


def _labels(axis: AxisRead) -> list[str]:
    return [label for label, _ in axis.categories]


def _changes(worlds: Worlds, source: Source, older: Source) -> Iterator[_Target]:
    """How much each number of a table differs between two deliveries."""
    before = {table.number: table for table in older.release.tables}
    for table in source.release.tables:
        same = before.get(table.number)
        if same is None or same.original != table.original:
            continue
        for labels in _printed(table):
            answers = counted_in(table, labels, original=True)
            now, then = worlds.sum(source.forms, table, answers), worlds.sum(older.forms, same, answers)
            yield _Target("change", table.number, labels, True, now.less(then))


class _Hunt:
    """Looks for worlds that widen the ranges of targets, and keeps those that it has `seen`."""

    def __init__(self, worlds: Worlds, targets: Sequence[_Target], release: ReleaseRead) -> None:
        self.worlds, self.targets = worlds, targets
        self.threshold, self.zeros_shown = release.threshold, release.zeros_shown
        self.seen: list[World] = []

    def open(self, target: _Target) -> bool:
        """Was it not seen to reach far enough yet?"""
        narrow = target.high - target.low < self.threshold
        far = max(abs(target.low), abs(target.high)) if target.kind == "change" else target.high
        return narrow or far < self.threshold

    def together(self) -> None:
        """Push many at once, each some way or other: a world that widens dozens costs as much as one that widens one."""
        chance = np.random.default_rng(0)
        for _ in range(_ROUNDS):
            waiting = [target for target in self.targets if self.open(target) and self.worlds.told(target.sum) is None]
            if not waiting:
                return
            pushed = Sum((), ())
            for target, way in zip(waiting, chance.choice([-1.0, 1.0], len(waiting)), strict=True):
                pushed = Sum(pushed.of + target.sum.of, pushed.times + target.sum.scaled(float(way) * chance.random()).times)
            world = self.worlds.furthest(pushed, 1)[1]
            if world is not None:
                self.see(world)

    def alone(self, target: _Target) -> tuple[float, float] | None:
        """The range of a target that is exposed; None for one that isn't."""
        if not self.open(target):
            return None
        told = self.worlds.told(target.sum)
        if told is not None:
            return (told, told) if target.exposed(told, told, self.threshold, self.zeros_shown) else None
        low, high = self._bound(target, -1), self._bound(target, 1)
        if target.exposed(low, high, self.threshold, self.zeros_shown):
            return low, high
        if not self.open(target) or not target.exposed(target.low, target.high, self.threshold, self.zeros_shown):
            return None
        if target.kind != "hidden" and (low >= self.threshold or high < 1):
            return None
        # The linear bounds are wide enough; it is whole numbers that have to reach them.
        for direction in (1, -1):
            world = self.worlds.whole(target.sum, direction)
            if world is not None:
                self.see(world)
        if target.exposed(target.low, target.high, self.threshold, self.zeros_shown):
            return target.low, target.high
        return None

    def _bound(self, target: _Target, direction: int) -> float:
        bound, world = self.worlds.furthest(target.sum, direction)
        if world is not None:
            self.see(world)
        # Whole numbers can't lie beyond a bound.
        return float(np.floor(bound + 1e-6) if direction > 0 else np.ceil(bound - 1e-6))

    def see(self, world: World) -> None:
        """Widen the ranges of all targets by what they are in a world."""
        self.seen.append(world)
        for target in self.targets:
            target.see(world)


def _told_before(exposed: Sequence[Exposed], source: Source, earlier: Sequence[Source]) -> Iterator[Exposed]:
    """The same findings, marked where the earlier releases alone say as much."""
    tables = tuple(replace(table, numbers={}) for table in source.release.tables)
    silent = Source(replace(source.release, tables=tables), source.forms)
    worlds, first = _possible(sorted([*earlier, silent], key=lambda one: one.release.delivery))
    wanted = {(found.kind, found.table, found.labels, found.own) for found in exposed}
    targets = [t for t in _targets(worlds, source, earlier) if (t.kind, t.table, t.labels, t.own) in wanted]
    hunt = _Hunt(worlds, targets, source.release)
    hunt.see(first)
    known = {(t.kind, t.table, t.labels, t.own) for t in targets if hunt.alone(t)}
    for found in exposed:
        yield found._replace(before=(found.kind, found.table, found.labels, found.own) in known)
