"""All worlds that agree with what was released: whole numbers of forms for every combination of answers.

Built from the files of releases and the questionnaires alone. A question that two tables share counts the same forms
in both, a blank being an answer like any other; that is all that is known about how tables are connected.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise, product
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import bmat, csr_matrix
from scipy.sparse.csgraph import connected_components

from frs_pipeline.release.boxes import boxes_in
from frs_pipeline.release.groups import Group, all_answers, crossed_in, group_of, shared_in, ticks_in
from frs_pipeline.release.reading import Code, NumberRead, ReleaseRead, TableRead
from frs_pipeline.study import Study
from frs_pipeline.study.about import occasions
from frs_pipeline.study.boxes import with_wholes
from frs_pipeline.study.instruments import BOTH
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.study.tables import Place

World = NDArray[np.int64]
# A word for the forms of each mart; of several deliveries together, one for each of them.
Words = Mapping[str, str | Sequence[str]]
# Seconds after which a solver is stopped; what it can't decide by then counts as not shown to be safe.
_SECONDS = 20
_WHOLE = 1e-5


@dataclass(frozen=True)
class Source:
    """A release and the forms it was counted from: releases with equal `forms` are about the same forms and answers.

    `forms` is one word for all marts, or one for each mart; of several deliveries together one for each of them, in their
    order, whose forms are different ones.
    """

    release: ReleaseRead
    forms: str | Words

    def words(self, mart: str) -> tuple[str, ...]:
        """Return the words for a mart's forms; if nothing is known about a mart, one that no other release has."""
        of = self.forms if isinstance(self.forms, str) else self.forms.get(mart, f"{self.release.delivery} {id(self)}")
        return (of,) if isinstance(of, str) else tuple(of)

    @property
    def parts(self) -> list[dict[str, str]]:
        """The words of each of several deliveries, by mart; none for one delivery."""
        if isinstance(self.forms, str):
            return []
        words = {mart: self.words(mart) for mart in self.forms}
        number = max(map(len, words.values()), default=1)
        return [{mart: each[at] for mart, each in words.items()} for at in range(number)] if number > 1 else []

    @property
    def marts_with_numbers(self) -> frozenset[str]:
        """The marts about which it shows any number."""
        return frozenset(mart for table in self.release.tables if table.numbers for mart in table.marts)

    def same(self, other: Source, marts: Iterable[str]) -> bool:
        """Return whether these marts were the same when both releases were made."""
        return all(set(self.words(mart)) == set(other.words(mart)) for mart in marts)

    def shares(self, other: Source, marts: Iterable[str]) -> bool:
        """Return whether some of the forms of these marts are the same ones, but not all: one may be a part of the other."""
        both = [(set(self.words(mart)), set(other.words(mart))) for mart in marts]
        return any(mine & theirs for mine, theirs in both) and any(mine != theirs for mine, theirs in both)

    def completes(self, rest: Source, whole: Source, marts: Iterable[str]) -> bool:
        """Return whether the forms of some marts are those that `whole` has beyond `rest`."""
        mine = [(set(self.words(mart)), set(rest.words(mart)), set(whole.words(mart))) for mart in marts]
        return all(own | others == every and not own & others for own, others, every in mine)


def apart(one: Source, other: Source, sources: Iterable[Source], marts: Iterable[str]) -> bool:
    """Return whether some release shows that the forms of these marts are different ones: it counted both together."""
    both = [(set(one.words(mart)), set(other.words(mart)), mart) for mart in marts]
    if any(mine & theirs for mine, theirs, _ in both):
        return False
    return any(all(mine | theirs <= set(whole.words(mart)) for mine, theirs, mart in both) for whole in sources)


def unreleased(sources: Sequence[Source]) -> list[Source]:
    """Return what nobody released, but whoever has all `sources` may work out: a whole less the parts that are out.

    Each is a source without numbers. Deliveries that are together in every release are one: nothing takes them apart.
    """
    silent: list[Source] = []
    for source in sources:
        parts, groups = source.parts, defaultdict[tuple[object, ...], list[dict[str, str]]](list)
        for part in parts:
            where = tuple(tuple(word in other.words(mart) for other in sources) for mart, word in part.items())
            groups[where].append(part)
        for group in groups.values() if len(groups) > 1 else ():
            forms = {mart: tuple(part[mart] for part in group) for mart in group[0]}
            tables = tuple(replace(table, numbers={}) for table in source.release.tables)
            rest = Source(replace(source.release, tables=tables), forms)
            if not any(rest.same(other, forms) for other in (*sources, *silent)):
                silent.append(rest)
    return silent


@dataclass(frozen=True)
class Cube:
    """Unknowns for every combination of answers to some questions of a mart; `first` is the number of the first one."""

    values: tuple[tuple[Code | str, ...], ...]
    first: int

    @property
    def numbered(self) -> NDArray[np.int64]:
        """The unknowns, in the shape of the combinations."""
        shape = tuple(map(len, self.values))
        return self.first + np.arange(math.prod(shape), dtype=np.int64).reshape(shape)

    def items(self) -> Iterator[tuple[tuple[Code | str, ...], int]]:
        """Yield the combinations of answers with their unknowns."""
        return ((answers, self.first + at) for at, answers in enumerate(product(*self.values)))


class Sum(NamedTuple):
    """A sum of unknowns, each with a factor."""

    of: tuple[int, ...]
    times: tuple[float, ...]

    def less(self, other: Sum) -> Sum:
        """Return this sum less another one."""
        return Sum(self.of + other.of, self.times + tuple(-t for t in other.times))

    def net(self) -> Sum:
        """Return the same sum with each unknown once, in order, and without those that cancel out."""
        of, at = np.unique(self.of, return_inverse=True)
        times = np.bincount(at, weights=self.times, minlength=len(of))
        left = np.abs(times) > 0
        return Sum(tuple(of[left].tolist()), tuple(times[left].tolist()))

    def scaled(self, factor: float) -> Sum:
        return Sum(self.of, tuple(factor * t for t in self.times))

    def at(self, world: NDArray[np.float64] | World) -> float:
        """Return its value in a world."""
        return float(np.dot(world[list(self.of)], self.times))


class Worlds:
    """Unknowns and equations of some releases, and the programs that look for worlds in them.

    The forms of several deliveries together are the sum of theirs; `silent` are the parts of such sums that nobody released
    (`unreleased`). `grows` says that a later delivery has every form of an earlier one, `shrinks` the opposite.
    """

    def __init__(
        self, study: Study, sources: Sequence[Source], change: Literal["grows", "shrinks", "unknown"] = "unknown"
    ) -> None:
        self.study = study
        self.sources, self.silent = sources, unreleased(sources)
        self._pools = _pooled([*sources, *self.silent])
        self.size = 0
        self._any: World | None = None
        self._cubes: dict[tuple[str, str], dict[tuple[str, ...], Cube]] = {}
        self._equal: list[tuple[Sum, float]] = []
        self._at_most: list[tuple[Sum, float]] = []
        # About forms without a released number, nothing can be found out.
        needed: list[tuple[tuple[str, str], frozenset[str]]] = []
        told = ((source, table) for source in sources for table in source.release.tables if table.numbers)
        shown = {pool for source, table in told for pool in self._pools_of(source, table.marts)}
        for source in sources:
            for table in source.release.tables:
                for pool, mart in self._pools_of(source, table.marts):
                    if (pool, mart) in shown:
                        needed += [((pool, mart), names) for names in crossed_in(study, table)]
        for (pool, mart), names in with_wholes(needed):
            self._need(pool, mart, names)
        self._number_unknowns()
        self._tie()
        for cubes in self._cubes.values():
            known = boxes_in({names: list(cube.items()) for names, cube in cubes.items()})
            self._equal += [(Sum((unknown,), (1.0,)), 0.0) for unknown in known.nobody]
            self._equal += [(Sum(*of).net(), 0.0) for of in known.zero]
            self._at_most += [(Sum(*of).net(), 0.0) for of in known.at_most]
        for source in sources:
            for table in source.release.tables:
                self._add_numbers(source, table)
        if change != "unknown":
            for mart in dict.fromkeys(mart for _, mart in self._cubes):
                pools = [self._of(source, mart) for source in sources]
                self._nest(mart, pools, -1.0 if change == "grows" else 1.0)
        # A number that two tables or two releases print is one equation.
        self._equal = list(
            {(frozenset(zip(*total, strict=True)), value): (total, value) for total, value in self._equal}.values()
        )
        self._released = {frozenset(total.of): value for total, value in self._equal if set(total.times) == {1.0}}
        self._freeze()

    def _of(self, source: Source, mart: str) -> tuple[str, ...]:
        """Return the pools in which a mart's forms are, of each of which nothing but the whole was ever released."""
        return tuple(dict.fromkeys(self._pools.get((mart, word), word) for word in source.words(mart)))

    def _pools_of(self, source: Source, marts: Iterable[str]) -> list[tuple[str, str]]:
        """Return the pools of the forms of some marts, each with its mart."""
        return [(pool, mart) for mart in marts for pool in self._of(source, mart)]

    def is_silent(self, source: Source) -> bool:
        """Return whether a source is one of those that nobody released."""
        return any(source is one for one in self.silent)

    def knows(self, source: Source, table: TableRead) -> bool:
        """Return whether any number was released about the forms that `table` counts."""
        return all(pool in self._cubes for pool in self._pools_of(source, table.marts))

    def holds(self, source: Source, group: Group) -> bool:
        """Return whether there are unknowns for the questions of a group of a source's forms."""
        wanted = {name for name, _ in group.answers}
        cubes = [self._cubes.get(pool, {}) for pool in self._pools_of(source, group.marts)]
        return all(any(wanted <= set(names) for names in of_pool) for of_pool in cubes)

    def sum(self, source: Source, group: Group) -> Sum:
        """Return the number of forms of a group, as a sum of unknowns."""
        wanted = dict(group.answers)
        listed: list[int] = []
        for pool, mart in self._pools_of(source, group.marts):
            cubes = self._cubes[pool, mart]
            names, cube = next((names, cube) for names, cube in cubes.items() if wanted.keys() <= set(names))
            unknowns = cube.numbered
            for axis, (name, values) in enumerate(zip(names, cube.values, strict=True)):
                if name == "occasion" and group.occasion != BOTH:
                    unknowns = unknowns.compress([value == group.occasion for value in values], axis)
                elif name in wanted:
                    unknowns = unknowns.compress([value in wanted[name] for value in values], axis)
            listed += unknowns.ravel().tolist()
        return Sum(tuple(listed), (1.0,) * len(listed))

    def released_value(self, wanted: Sum) -> float | None:
        """Return the value of a sum that was released as such, or that is the difference of two that were; None otherwise."""
        parts = [tuple(u for u, times in zip(*wanted, strict=True) if times == sign) for sign in (1, -1)]
        values = [self._released.get(frozenset(part)) if part else 0.0 for part in parts]
        return None if values[0] is None or values[1] is None else values[0] - values[1]

    def matrix(self, sums: Sequence[Sum]) -> csr_matrix:
        """Turn sums into rows over the unknowns."""
        return _matrix([(one, 0.0) for one in sums], self.size)

    def prints(self, wanted: Sum) -> bool:
        """Return whether a sum is one of the numbers that were released."""
        return set(wanted.times) == {1.0} and frozenset(wanted.of) in self._released

    def furthest(self, wanted: Sum, direction: int) -> tuple[float, World | None]:
        """Bound a sum in the linear relaxation; return the bound, and the world found there if it is whole."""
        world, parts = self._solve(-direction * self._vector(wanted), whole=False)
        if world is None:
            return direction * np.inf, None  # undecided, which is no bound
        whole = np.rint(world)
        far = np.abs(world - whole)[parts].max(initial=0)
        return wanted.at(world), whole.astype(np.int64) if far < _WHOLE else None

    def whole(self, wanted: Sum | None = None, direction: int = 1) -> World | None:
        """Find the world of whole numbers where a sum is largest (or smallest); any world when no sum is named."""
        objective = np.zeros(self.size) if wanted is None else -direction * self._vector(wanted)
        world, _ = self._solve(objective, whole=True)
        return None if world is None else np.rint(world).astype(np.int64)

    def agrees(self, world: World) -> bool:
        """Return whether everything that was released is true in a world."""
        sums = self._rows @ world
        return bool((world >= 0).all() and (sums >= self._least - _WHOLE).all() and (sums <= self._most + _WHOLE).all())

    def _solve(self, objective: NDArray[np.float64], *, whole: bool) -> tuple[NDArray[np.float64] | None, NDArray[np.bool_]]:
        """Find a world (not always whole) where the objective is smallest, None when none was found; and return the unknowns
        that were considered: those that no equation ties to the objective stay as in the first world that was found."""
        if not self.size:
            return np.zeros(0), np.zeros(0, dtype=bool)
        if self._any is None or not objective.any():
            parts = np.ones(self.size, dtype=bool)
        else:
            parts = np.isin(self._part, np.unique(self._part[objective != 0]))
        rows = self._rows[:, parts]
        asked = np.diff(rows.indptr) > 0
        outcome = milp(
            objective[parts],
            constraints=LinearConstraint(rows[asked], self._least[asked], self._most[asked]),
            integrality=np.full(int(parts.sum()), int(whole)),
            bounds=Bounds(np.zeros(int(parts.sum())), self._limits[parts]),
            options={"time_limit": _SECONDS},
        )
        if outcome.x is None:
            return None, parts
        world = outcome.x if self._any is None else self._any.astype(float)
        world[parts] = outcome.x
        if self._any is None and whole:
            self._any = np.rint(world).astype(np.int64)
        return world, parts

    def crosses(self, source: Source, marts: Sequence[str], names: Collection[str]) -> bool:
        """Return whether there are unknowns for every combination of answers to some questions."""
        return all(any(set(names) <= set(cube) for cube in self._cubes[pool]) for pool in self._pools_of(source, marts))

    def grid(
        self,
        source: Source,
        marts: Sequence[str],
        occasion: str,
        rows: tuple[str, list[Code]],
        columns: tuple[str, list[Code]],
        limits: Collection[str] = (),
    ) -> tuple[NDArray[np.int64], list[dict[str, Code | str]]]:
        """Return the unknowns of two questions, (layers, rows, columns): one layer per answer to the cube's other questions,
        `limits` among them; and the answers of each layer."""
        layers: dict[tuple[object, ...], NDArray[np.int64]] = {}
        given: list[dict[str, Code | str]] = []
        for pool, mart in self._pools_of(source, marts):
            cubes = self._cubes[pool, mart]
            names = next(names for names in cubes if {rows[0], columns[0], *limits} <= set(names))
            of_rows, of_columns = names.index(rows[0]), names.index(columns[0])
            for answers, unknown in cubes[names].items():
                fits = occasion == BOTH or "occasion" not in names or answers[names.index("occasion")] == occasion
                if fits and answers[of_rows] in rows[1] and answers[of_columns] in columns[1]:
                    rest = (pool, mart, *(value for at, value in enumerate(answers) if at not in (of_rows, of_columns)))
                    if rest not in layers:
                        given.append(dict(zip(names, answers, strict=True)))
                    layer = layers.setdefault(rest, np.zeros((len(rows[1]), len(columns[1])), dtype=np.int64))
                    layer[rows[1].index(answers[of_rows]), columns[1].index(answers[of_columns])] = unknown  # type: ignore[arg-type]
        return np.stack(list(layers.values())), given

    def harmless(self, swaps: Iterable[tuple[int, int, int, int]]) -> Iterator[tuple[int, int, int, int]]:
        """Yield those steps (+1, -1, -1, +1 form) that change no equation, whatever the world."""
        equal = self._rows[: len(self._equal)].tocsc()
        column = [dict(zip(equal[:, u].indices.tolist(), equal[:, u].data.tolist(), strict=True)) for u in range(self.size)]
        for swap in swaps:
            change: dict[int, float] = {}
            for unknown, sign in zip(swap, (1, -1, -1, 1), strict=True):
                for row, times in column[unknown].items():
                    change[row] = change.get(row, 0.0) + sign * times
            if not any(change.values()) and not (self._limits[list(swap)] == 0).any():
                yield swap

    def allows(self, world: World, changed: Sequence[int]) -> bool:
        """Return whether a world is still one after harmless steps: no `changed` unknown is negative, all inequalities hold."""
        if (world[list(changed)] < 0).any():
            return False
        above = self._rows[len(self._equal) :] @ world - self._most[len(self._equal) :]
        return bool((above <= _WHOLE).all())

    def _vector(self, wanted: Sum) -> NDArray[np.float64]:
        vector = np.zeros(self.size)
        np.add.at(vector, list(wanted.of), wanted.times)
        return vector

    def _need(self, forms: str, mart: str, names: Iterable[str]) -> None:
        occasion = ("occasion",) if questionnaires(self.study)[mart].occasion == BOTH else ()
        self._cubes.setdefault((forms, mart), {})[(*occasion, *sorted(names))] = Cube((), 0)

    def _number_unknowns(self) -> None:
        for (_, mart), cubes in self._cubes.items():
            for names in [n for n in cubes if any(set(n) < set(others) for others in cubes)]:
                del cubes[names]
            for names in sorted(cubes):
                values = [
                    tuple(occasions(self.study)) if n == "occasion" else sorted(all_answers(self.study, mart, n), key=str)
                    for n in names
                ]
                cubes[names] = Cube(tuple(map(tuple, values)), self.size)
                self.size += math.prod(map(len, values))

    def _tie(self) -> None:
        """Add the equations by which cubes of the same forms agree on what they share."""
        for cubes in self._cubes.values():
            for one, other in _neighbours(list(cubes)):
                shared = [name for name in one if name in other]
                sums: dict[tuple[object, ...], Sum] = {}
                for names, sign in ((one, 1.0), (other, -1.0)):
                    keep = [names.index(name) for name in shared]
                    for answers, unknown in cubes[names].items():
                        key: tuple[object, ...] = tuple(answers[at] for at in keep)
                        before = sums.get(key, Sum((), ()))
                        sums[key] = Sum((*before.of, unknown), (*before.times, sign))
                self._equal += [(wanted, 0.0) for wanted in sums.values()]

    def _add_numbers(self, source: Source, table: TableRead) -> None:
        """Add what the numbers of a table say."""
        for (measure, labels), number in table.numbers.items():
            if measure in ("count", "n"):
                total = self.sum(source, group_of(self.study, table, labels))
                if number.value is not None:
                    self._equal.append((total, float(number.value)))
                elif source.release.zeros_shown:
                    self._at_most.append((total.scaled(-1), -1.0))
            elif measure == "answers" and number.value is not None:
                self._equal.append((self._counted(source, table, ticks_in(table, labels[2])), float(number.value)))
            elif measure.endswith("percent") and number.value is not None:
                self._add_percentage(source, table, measure, labels, number)

    def _add_percentage(self, source: Source, table: TableRead, measure: str, labels: Place, number: NumberRead) -> None:
        """Add the limits that a percentage's rounding sets, where it says more than the counts."""
        bases, parts = shared_in(table, measure, labels)
        counts = [table.numbers.get(("count", place)) for place in (*bases, *parts)]
        assert number.value is not None
        if all(n is not None and n.value is not None for n in counts):
            return
        whole, part = (self._counted(source, table, places) for places in (bases, parts))
        low, high = number.value - number.half, number.value + number.half
        self._at_most.append((part.scaled(100).less(whole.scaled(float(high))), 0.0))
        self._at_most.append((whole.scaled(float(low)).less(part.scaled(100)), 0.0))

    def _counted(self, source: Source, table: TableRead, places: Iterable[Place]) -> Sum:
        """Return the sum of several counts of a table."""
        every = Sum((), ())
        for place in places:
            one = self.sum(source, group_of(self.study, table, place))
            every = Sum(every.of + one.of, every.times + one.times)
        return every

    def _nest(self, mart: str, pools: Sequence[tuple[str, ...]], sign: float) -> None:
        known = dict.fromkeys(pool for several in pools for pool in several if (pool, mart) in self._cubes)
        for earlier, later in pairwise(known):
            if any({earlier, later} <= set(several) for several in pools):
                continue  # of several deliveries together, none has the forms of another
            for names, cube in self._cubes[earlier, mart].items():
                others = dict(self._cubes[later, mart][names].items()) if names in self._cubes[later, mart] else {}
                for answers, unknown in cube.items():
                    if answers in others:
                        # The later count less the earlier one, times `sign`, is at most zero.
                        self._at_most.append((Sum((others[answers], unknown), (sign, -sign)), 0.0))

    def _freeze(self) -> None:
        # Bounds a number that nothing else bounds, far beyond any number that was released.
        self._limits = np.full(self.size, 1000.0 + 4 * max((value for _, value in self._equal), default=0))
        for total, value in self._equal:
            if value == 0 and all(t > 0 for t in total.times):
                self._limits[list(total.of)] = 0
        self._rows = _matrix([*self._equal, *self._at_most], self.size)
        self._most = np.array([value for _, value in (*self._equal, *self._at_most)], dtype=float)
        linked: Any = bmat([[None, self._rows], [self._rows.T, None]])  # type: ignore[arg-type]
        self._part = connected_components(linked)[1][self._rows.shape[0] :]
        self._least: NDArray[np.float64] = np.where(np.arange(len(self._most)) < len(self._equal), self._most, -np.inf)


def _pooled(sources: Sequence[Source]) -> dict[tuple[str, str], str]:
    """Return, for each mart and word, one word for all that are in the same sources."""
    marts = {mart for source in sources for part in source.parts for mart in part}
    first: dict[tuple[object, ...], str] = {}
    pools: dict[tuple[str, str], str] = {}
    for mart in sorted(marts):
        for word in dict.fromkeys(word for source in sources for word in source.words(mart)):
            where = (mart, *(word in source.words(mart) for source in sources))
            pools[mart, word] = first.setdefault(where, word)
    return pools


def _neighbours(cubes: Sequence[tuple[str, ...]]) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Yield pairs whose agreement makes all agree: neighbours among the cubes that have the same questions in common."""
    for names in dict.fromkeys(frozenset(a) & frozenset(b) for a in cubes for b in cubes if a != b):
        holders = [cube for cube in cubes if names <= set(cube)]
        yield from ((a, b) for a, b in pairwise(holders))


def _matrix(rows: Sequence[tuple[Sum, float]], size: int) -> csr_matrix:
    starts = np.concatenate([[0], np.cumsum([len(total.of) for total, _ in rows], dtype=np.int64)])
    columns = np.fromiter((unknown for total, _ in rows for unknown in total.of), dtype=np.int64)
    data = np.fromiter((times for total, _ in rows for times in total.times), dtype=float)
    matrix = csr_matrix((data, columns, starts), shape=(len(rows), size))
    matrix.sum_duplicates()  # HiGHS refuses an entry that stands twice
    return matrix
