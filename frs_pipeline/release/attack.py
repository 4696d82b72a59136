"""An attack on a release before it leaves the house: how closely can whoever has the files pin down a hidden number?

It reads what would be published and knows the questionnaires and the policy, nothing else; it has no code in common with
what chose the numbers to hide. It works out the smallest and the largest whole number that a hidden count can be in any
world that agrees with everything released, this time and earlier.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, combinations, product
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from frs_pipeline.errors import CheckFailed
from frs_pipeline.release.beside import Beside, Walk, beside
from frs_pipeline.release.groups import TOTAL, Group
from frs_pipeline.release.reading import ReleaseRead
from frs_pipeline.release.targets import OF_FEW, Kind, Target, targets
from frs_pipeline.release.values import told
from frs_pipeline.release.worlds import Source, Sum, World, Worlds
from frs_pipeline.study import Study
from frs_pipeline.study.numbers import Number
from frs_pipeline.study.tables import Place

_ROUNDS, _FAR = 30, 3
# A part of a form smaller than this is none: solvers are inexact.
_ANY = 0.01


class Exposed(NamedTuple):
    """A number that can be pinned down too closely: it lies between `low` and `high`.

    `of` says which forms it counts: those of one group, or of a first one without those of a second one; `whose`, from which
    deliveries. `own` says that it
    belongs to the release that was attacked, not to an earlier one; `before` that earlier releases alone reveal it.
    """

    kind: Kind
    table: int
    labels: Place
    low: float
    high: float
    own: bool
    of: tuple[Group, ...] = ()
    before: bool = False
    whose: tuple[object, ...] = ()


@dataclass(frozen=True)
class Attack:
    """What an attack found: how many numbers are hidden, how many were examined, and which are exposed.

    `narrowest` is the smallest width of any hidden number's range, as far as it was widened; None where none is hidden.
    """

    hidden: int
    looked_at: int
    exposed: tuple[Exposed, ...]
    narrowest: int | None

    @property
    def new(self) -> tuple[Exposed, ...]:
        """What this release would expose; what earlier ones have revealed already can't be called back."""
        return tuple(number for number in self.exposed if not number.before)


def attack(
    study: Study,
    source: Source,
    earlier: Sequence[Source] = (),
    hints: Iterable[World] = (),
    numbers: Mapping[Group, Mapping[Number, int]] | None = None,
) -> Attack:
    """Try to narrow every number of a release that would say something about few forms, knowing the `earlier` releases.

    `hints` are worlds to begin with, `numbers` how many forms of a group have each number in one; those that don't agree with the
    release are ignored. Raises `CheckFailed` when no
    world agrees with what is released: then it isn't true.
    """
    attacker = Attacker(study, source, earlier, hints, numbers)
    exposed = [*attacker.counts(), *attacker.statistics(source.release)]
    hidden = [target for target in attacker.targets if target.kind == "hidden"]
    narrowest = min((int(t.high - t.low) for t in hidden), default=None)
    return Attack(len(hidden), len(attacker.targets), tuple(exposed), narrowest)


class Attacker:
    """Somebody who has a release and the `earlier` ones."""

    def __init__(
        self,
        study: Study,
        source: Source,
        earlier: Sequence[Source] = (),
        hints: Iterable[World] = (),
        numbers: Mapping[Group, Mapping[Number, int]] | None = None,
    ) -> None:
        self.study, self._numbers = study, numbers or {}
        self.source, self.earlier = source, earlier
        worlds, first = _possible(self.study, sorted([*earlier, source], key=lambda one: one.release.delivery))
        self.targets = targets(self.study, worlds, source, earlier)
        self.worlds = worlds
        self._hunt = _Hunt(worlds, self.targets, source.release)
        for world in (first, *(hint for hint in hints if len(hint) == worlds.size and worlds.agrees(hint))):
            self._hunt.see(world)
        self._stood: set[str] = set()

    @property
    def seen(self) -> list[World]:
        """The worlds that were found."""
        return self._hunt.seen

    def counts(self) -> list[Exposed]:
        """List the numbers that the released counts and percentages expose."""
        exposed = [_exposed(target, *bounds) for target, bounds in self._hunt.narrowed()]
        return list(_marked_if_known(self.study, exposed, self.source, self.earlier)) if self.earlier and exposed else exposed

    def statistics(self, release: ReleaseRead) -> list[Exposed]:
        """List the counts of crosstabs that statistics of the same questions expose; `table` is that of the statistics, or of
        the crosstab where the statistics are those of an earlier release.

        `release` may be the attacked one with other statistics. Call it after `counts`.
        """
        exposed: list[Exposed] = []
        news, now = self._news(release), Source(release, self.source.forms)
        # Whoever tells about a part of the same forms, or about more, makes an earlier release's statistics tell more, too.
        for source in (now, *self.earlier):
            others = [other for other in (now, *self.earlier) if other is not source]
            for questions in beside(source, others):
                marts, key = questions.pair.marts, f"{source.forms!r} {questions!r}"
                if key in self._stood or not news.intersection(marts) or not (source is now or source.shares(now, marts)):
                    continue
                narrow = self._narrowed_by(source, questions, release.threshold)
                if narrow is None:
                    self._stood.add(key)
                else:
                    released = {table.number for table in release.tables if table.numbers} if source is now else set()
                    exposed += [
                        Exposed("statistic", n, narrow.labels, narrow.low, narrow.high, True, narrow.of, whose=narrow.whose)
                        for n in released.intersection(questions.correlations) or {narrow.table}
                    ]
        exposed += self._summaries(now)
        return exposed

    def _summaries(self, now: Source) -> list[Exposed]:
        """List what the summaries of numbers tell of few forms."""
        key = repr([table for table in now.release.tables if table.kind == "summary"])
        if key in self._stood:
            return []
        found = told(self.study, self.worlds, now, self.earlier, self._numbers)
        if not found:
            self._stood.add(key)
        return [Exposed("summary", one.table, one.labels, one.low, one.high, True, (one.of,)) for one in found]

    def _narrowed_by(self, source: Source, questions: Beside, threshold: int) -> Target | None:
        """Return a count of the crosstabs of two questions that a source's statistics about them expose; None when none is."""
        numbers = {table.number for table in questions.crosstabs}
        # Numbers that counts alone expose were reported; those bounded on one side only need no more room.
        wide = [t for t in self.targets if t.kind in ("hidden", "merged") and not t.open(t.low, t.high, threshold)]
        inner = [
            replace(t, low=np.inf, high=-np.inf)
            for t in wide
            if t.table in numbers and (t.kind == "hidden" or TOTAL not in t.labels)
        ]
        if inner and not self.worlds.crosses(source, questions.pair.marts, questions.asked):
            return inner[0]  # what each of them tells of the other can't be examined
        if not inner or _stands(Walk(self.study, self.worlds, source, questions), inner, self._hunt.seen, threshold):
            return None
        return next(t for t in inner if t.high - t.low < threshold or t.high < threshold)

    def _news(self, release: ReleaseRead) -> set[str]:
        """Return the marts about which a release says anything that no earlier release of the same forms said."""
        out = {
            (table.number, repr(table))
            for older in self.earlier
            for table in older.release.tables
            if older.same(self.source, table.marts)
        }
        return {m for t in release.tables if t.numbers and (t.number, repr(t)) not in out for m in t.marts}


def _stands(walk: Walk, targets: Sequence[Target], seen: Sequence[World], threshold: int) -> bool:
    """Return whether in worlds with the printed statistics each of the targets is as uncertain as it has to be."""

    def is_open(target: Target) -> bool:
        return target.high - target.low < threshold or target.high < threshold

    printed = walk.nearest(seen)
    for target in targets:
        for world in printed:
            target.see(world)
    for target in targets:
        if is_open(target):
            # Start from worlds where the target is already far off, and push it from those with the printed statistics.
            far = sorted(seen, key=target.sum.at)
            starts = ((world, 0) for pair in zip(far[::-1][:_FAR], far[:_FAR], strict=False) for world in pair)
            for world, by in chain(starts, product(printed, (1, -1))):
                reached = walk.push(world, target.sum.of, by, threshold) if by else walk.to_the_printed(world, target.sum.of)
                if reached is not None:
                    for other in targets:
                        other.see(reached)
                if not is_open(target):
                    break
            else:
                return False
    return True


def _possible(study: Study, sources: Sequence[Source]) -> tuple[Worlds, World]:
    """Return the worlds that agree with all releases, and one of them; if possible, where forms were only added or removed."""
    several = any(
        not one.same(other, one.marts_with_numbers & other.marts_with_numbers) for one, other in combinations(sources, 2)
    )
    changes: tuple[Literal["grows", "shrinks", "unknown"], ...] = ("grows", "shrinks", "unknown") if several else ("unknown",)
    for change in changes:
        worlds = Worlds(study, sources, change)
        first = worlds.whole()
        if first is not None:
            return worlds, first
    raise CheckFailed(
        "no forms can have given these numbers: they contradict each other", where="release", do="don't release them"
    )


def _exposed(target: Target, low: float, high: float) -> Exposed:
    return Exposed(target.kind, target.table, target.labels, low, high, target.own, target.of, whose=target.whose)


class _Hunt:
    """Looks for worlds that widen the ranges of targets, and keeps those that it has `seen`."""

    def __init__(self, worlds: Worlds, targets: Sequence[Target], release: ReleaseRead) -> None:
        self.worlds, self.targets = worlds, targets
        self.threshold, self.zeros_shown = release.threshold, release.zeros_shown
        self.seen: list[World] = []
        self._sums = worlds.matrix([target.sum for target in targets])
        self._low, self._high = np.full(len(targets), np.inf), np.full(len(targets), -np.inf)

    def narrowed(self) -> Iterator[tuple[Target, tuple[float, float]]]:
        """Yield the targets that are exposed, each with its range."""
        values = {at: self.worlds.released_value(target.printed) for at, target in enumerate(self.targets)}
        waiting = [at for at, value in values.items() if value is None]
        self._together(waiting)
        nobody = self._never(waiting) if self.zeros_shown else set()
        for at, target in enumerate(self.targets):
            value = values[at]
            if value is not None:
                bounds = (value, value) if target.exposed(value, value, self.threshold, self.zeros_shown) else None
            else:
                bounds = None if at in nobody else self._alone(at)
            if bounds:
                yield target, bounds
        for at, target in enumerate(self.targets):
            target.low, target.high = float(self._low[at]), float(self._high[at])

    def _open(self, at: int) -> bool:
        return self.targets[at].open(self._low[at], self._high[at], self.threshold)

    def _together(self, waiting: Sequence[int]) -> None:
        """Push many targets at once, each in a random direction: a world that widens dozens costs no more than one for one."""
        chance = np.random.default_rng(0)
        for _ in range(_ROUNDS):
            left = [at for at in waiting if self._open(at)]
            if not left:
                return
            self._push(left, chance.choice([-1.0, 1.0], len(left)) * chance.random(len(left)))

    def _never(self, waiting: Sequence[int]) -> set[int]:
        """Find targets that have no forms in any world: all that were never seen with one, pushed up together, stay at none."""
        left = {at for at in waiting if self._high[at] < 1 and self._open(at) and min(self.targets[at].sum.times) > 0}
        while left:
            reached, _ = self._push(sorted(left), np.ones(len(left)))
            if not np.isfinite(reached):
                return set()
            if reached < _ANY:
                return left
            some = {at for at in left if self._high[at] >= 1}
            if not some:
                # The world isn't whole: targets that have part of a form in it are examined one by one.
                return set()
            left -= some
        return left

    def _push(self, targets: Sequence[int], ways: NDArray[np.float64]) -> tuple[float, World | None]:
        """Return how far the targets reach together, each with a factor, and a whole world where they do."""
        pushed = self._sums[list(targets)].T @ ways
        of = np.flatnonzero(pushed)
        reached, world = self.worlds.furthest(Sum(tuple(of.tolist()), tuple(pushed[of].tolist())), 1)
        if world is not None:
            self.see(world)
        return reached, world

    def _alone(self, at: int) -> tuple[float, float] | None:
        """Return the range of a target that is exposed; None for one that isn't."""
        if not self._open(at):
            return None
        target = self.targets[at]
        high = self._bound(at, 1)
        if target.kind in OF_FEW and high < (1 if self.zeros_shown else 0):
            return None
        low = self._bound(at, -1) if self._open(at) else float(self._low[at])
        if target.exposed(low, high, self.threshold, self.zeros_shown):
            return low, high
        if not self._exposed_as_seen(at):
            return None
        if target.kind in OF_FEW and low >= self.threshold:
            return None
        # The linear bounds are wide enough, but whole numbers have to reach them.
        for direction in (1, -1):
            world = self.worlds.whole(target.sum, direction)
            if world is not None:
                self.see(world)
            if not self._exposed_as_seen(at):
                return None
        return float(self._low[at]), float(self._high[at])

    def _exposed_as_seen(self, at: int) -> bool:
        """Return whether it would be exposed if its range were no wider than in the worlds seen so far."""
        low, high = float(self._low[at]), float(self._high[at])
        return self._open(at) and self.targets[at].exposed(low, high, self.threshold, self.zeros_shown)

    def _bound(self, at: int, direction: int) -> float:
        bound, world = self.worlds.furthest(self.targets[at].sum, direction)
        if world is not None:
            self.see(world)
        # Whole numbers can't lie beyond a bound.
        return float(np.floor(bound + 1e-6) if direction > 0 else np.ceil(bound - 1e-6))

    def see(self, world: World) -> None:
        """Widen the ranges of all targets to include their values in a world."""
        self.seen.append(world)
        sums = self._sums @ world
        self._low, self._high = np.minimum(self._low, sums), np.maximum(self._high, sums)


def _marked_if_known(study: Study, exposed: Sequence[Exposed], source: Source, earlier: Sequence[Source]) -> Iterator[Exposed]:
    """Yield the same numbers, marked where the earlier releases alone expose them."""
    tables = tuple(replace(table, numbers={}) for table in source.release.tables)
    silent = Source(replace(source.release, tables=tables), source.forms)
    worlds, first = _possible(study, sorted([*earlier, silent], key=lambda one: one.release.delivery))
    wanted = {_key(number) for number in exposed}
    looked_for = [target for target in targets(study, worlds, source, earlier) if _key(target) in wanted]
    hunt = _Hunt(worlds, looked_for, source.release)
    hunt.see(first)
    known = {_key(target) for target, _ in hunt.narrowed()}
    for number in exposed:
        yield number._replace(before=_key(number) in known)


def _key(number: Exposed | Target) -> tuple[bool, tuple[Group, ...], tuple[object, ...]]:
    return number.kind == "change", number.of, number.whose
