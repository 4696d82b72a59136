"""All worlds that agree with what was released: whole numbers of forms for every combination of answers.

Built from the files of releases and the questionnaires alone. A question that two tables share counts the same forms
in both, a blank being an answer like any other; that is all that is known of how tables hang together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, OptimizeResult, milp
from scipy.sparse import csr_matrix

from frs_pipeline.questionnaires.model import questionnaires
from frs_pipeline.release.reading import AxisRead, Code, Labels, Number, ReleaseRead, TableRead

TOTAL, TOTAL_VALID, MISSING, NOTHING = "Total", "Total valid", "Missing", ""
World = NDArray[np.int64]
# A solver is stopped after this; what it can't decide counts as not shown to be safe.
_SECONDS = 20
_WHOLE = 1e-5


@dataclass(frozen=True)
class Source:
    """A release and the forms it was counted from: two releases of equal `forms` say the same of the same forms."""

    release: ReleaseRead
    forms: str


class Sum(NamedTuple):
    """A sum of unknowns, each with a factor."""

    of: tuple[int, ...]
    times: tuple[float, ...]

    def less(self, other: Sum) -> Sum:
        """The difference between two sums."""
        return Sum(self.of + other.of, self.times + tuple(-t for t in other.times))

    def scaled(self, factor: float) -> Sum:
        return Sum(self.of, tuple(factor * t for t in self.times))

    def at(self, world: NDArray[np.float64] | World) -> float:
        """Its value in a world."""
        return float(np.dot(world[list(self.of)], self.times))


class Worlds:
    """Unknowns and equations of some releases, and the programs that look for worlds in them.

    `grows` says that a later delivery has every form of an earlier one, `shrinks` the opposite.
    """

    def __init__(self, sources: Sequence[Source], change: Literal["grows", "shrinks", "unknown"] = "unknown") -> None:
        self.size = 0
        self._cubes: dict[tuple[str, str], dict[tuple[str, ...], dict[tuple[object, ...], int]]] = {}
        self._equal: list[tuple[Sum, float]] = []
        self._at_most: list[tuple[Sum, float]] = []
        for source in sources:
            for table in source.release.tables:
                for mart in table.marts:
                    self._need(source.forms, mart, {a.question for a in table.original.values()} | set(table.answered))
        self._number_unknowns()
        self._tie()
        for source in sources:
            for table in source.release.tables:
                self._tell(source, table)
        if change != "unknown":
            self._nest(list(dict.fromkeys(source.forms for source in sources)), -1.0 if change == "grows" else 1.0)
        self._told = {frozenset(told.of): value for told, value in self._equal if set(told.times) == {1.0}}
        self._freeze()

    def sum(self, forms: str, table: TableRead, answers: Mapping[str, frozenset[Code]]) -> Sum:
        """The number of forms behind a number of `table` that gave `answers`."""
        found: list[int] = []
        for mart in table.marts:
            wanted = dict(answers)
            for name in table.answered:
                wanted[name] = wanted.get(name, all_answers(mart, name)) - {None}
            cubes = self._cubes[forms, mart]
            names = next(names for names in cubes if wanted.keys() <= set(names))
            for said, unknown in cubes[names].items():
                fits = all(
                    (value == table.occasion or table.occasion == "both")
                    if name == "occasion"
                    else value in wanted.get(name, (value,))
                    for name, value in zip(names, said, strict=True)
                )
                if fits:
                    found.append(unknown)
        return Sum(tuple(found), (1.0,) * len(found))

    def told(self, wanted: Sum) -> float | None:
        """The value of a sum that was released as such, or of the difference of two that were."""
        parts = [tuple(u for u, times in zip(*wanted, strict=True) if times == sign) for sign in (1, -1)]
        values = [self._told.get(frozenset(part)) if part else 0.0 for part in parts]
        return None if values[0] is None or values[1] is None else values[0] - values[1]

    def furthest(self, wanted: Sum, direction: int) -> tuple[float, World | None]:
        """Bound on a sum in the linear relaxation, and the world found there if it is whole."""
        found = self._solve(-direction * self._vector(wanted), whole=False)
        if found.x is None:
            return direction * np.inf, None  # undecided, which is no bound
        whole = np.rint(found.x)
        return wanted.at(found.x), whole.astype(np.int64) if np.abs(found.x - whole).max(initial=0) < _WHOLE else None

    def whole(self, wanted: Sum | None = None, direction: int = 1) -> World | None:
        """The world of whole numbers where a sum is largest (or smallest); any one when no sum is named."""
        found = self._solve(np.zeros(self.size) if wanted is None else -direction * self._vector(wanted), whole=True)
        return None if found.x is None else np.rint(found.x).astype(np.int64)

    def _solve(self, objective: NDArray[np.float64], *, whole: bool) -> OptimizeResult:
        return milp(
            objective,
            constraints=LinearConstraint(self._rows, self._least, self._most),
            integrality=np.full(self.size, int(whole)),
            bounds=Bounds(np.zeros(self.size), self._limits),
            options={"time_limit": _SECONDS},
        )

    def grid(
        self, forms: str, marts: Sequence[str], occasion: str, rows: tuple[str, list[Code]], columns: tuple[str, list[Code]]
    ) -> NDArray[np.int64]:
        """The unknowns of two questions, (layers, rows, columns): a layer for each answer to whatever else their cube has."""
        layers: dict[tuple[object, ...], NDArray[np.int64]] = {}
        for mart in marts:
            cubes = self._cubes[forms, mart]
            names = next(names for names in cubes if {rows[0], columns[0]} <= set(names))
            of_rows, of_columns = names.index(rows[0]), names.index(columns[0])
            for said, unknown in cubes[names].items():
                fits = occasion == "both" or "occasion" not in names or said[names.index("occasion")] == occasion
                if fits and said[of_rows] in rows[1] and said[of_columns] in columns[1]:
                    rest = (mart, *(value for at, value in enumerate(said) if at not in (of_rows, of_columns)))
                    layer = layers.setdefault(rest, np.zeros((len(rows[1]), len(columns[1])), dtype=np.int64))
                    layer[rows[1].index(said[of_rows]), columns[1].index(said[of_columns])] = unknown  # type: ignore[arg-type]
        return np.stack(list(layers.values()))

    def harmless(self, swaps: Iterable[tuple[int, int, int, int]]) -> Iterator[tuple[int, int, int, int]]:
        """Of steps (+1, -1, -1, +1 form) those that change no equation, whatever the world."""
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
        """Does a world stay one after harmless steps? The unknowns `changed` and the inequalities have to hold."""
        if (world[list(changed)] < 0).any():
            return False
        above = self._rows[len(self._equal) :] @ world - self._most[len(self._equal) :]
        return bool((above <= _WHOLE).all())

    def _vector(self, wanted: Sum) -> NDArray[np.float64]:
        vector = np.zeros(self.size)
        np.add.at(vector, list(wanted.of), wanted.times)
        return vector

    def _need(self, forms: str, mart: str, names: Iterable[str]) -> None:
        occasion = ("occasion",) if questionnaires()[mart].occasion == "both" else ()
        self._cubes.setdefault((forms, mart), {})[(*occasion, *sorted(names))] = {}

    def _number_unknowns(self) -> None:
        for (_, mart), cubes in self._cubes.items():
            for names in [n for n in cubes if any(set(n) < set(others) for others in cubes)]:
                del cubes[names]
            for names in sorted(cubes):
                values = [("first", "followup") if n == "occasion" else sorted(all_answers(mart, n), key=str) for n in names]
                for said in product(*values):
                    cubes[names][said] = self.size
                    self.size += 1

    def _tie(self) -> None:
        """Cubes of the same forms agree on what they share."""
        for cubes in self._cubes.values():
            for one, other in _neighbours(list(cubes)):
                shared = [name for name in one if name in other]
                sums: dict[tuple[object, ...], Sum] = {}
                for names, sign in ((one, 1.0), (other, -1.0)):
                    keep = [names.index(name) for name in shared]
                    for said, unknown in cubes[names].items():
                        key = tuple(said[at] for at in keep)
                        before = sums.get(key, Sum((), ()))
                        sums[key] = Sum((*before.of, unknown), (*before.times, sign))
                self._equal += [(wanted, 0.0) for wanted in sums.values()]

    def _tell(self, source: Source, table: TableRead) -> None:
        """What the numbers of a table say."""
        for (measure, labels), number in table.numbers.items():
            if measure in ("count", "n"):
                told = self.sum(source.forms, table, counted_in(table, labels))
                if number.value is not None:
                    self._equal.append((told, float(number.value)))
                elif source.release.zeros_shown:
                    self._at_most.append((told.scaled(-1), -1.0))
            elif measure.endswith("percent") and number.value is not None:
                self._share(source, table, measure, labels, number)

    def _share(self, source: Source, table: TableRead, measure: str, labels: Labels, number: Number) -> None:
        """A percentage lies within what it was rounded from; it adds something where it says more than the counts."""
        base, parts = shared_in(table, measure, labels)
        told = [table.numbers.get(("count", place)) for place in (base, *parts)]
        assert number.value is not None
        if all(n is not None and n.value is not None for n in told):
            return
        whole = self.sum(source.forms, table, counted_in(table, base))
        part = Sum((), ())
        for place in parts:
            one = self.sum(source.forms, table, counted_in(table, place))
            part = Sum(part.of + one.of, part.times + one.times)
        low, high = number.value - number.half, number.value + number.half
        self._at_most.append((part.scaled(100).less(whole.scaled(float(high))), 0.0))
        self._at_most.append((whole.scaled(float(low)).less(part.scaled(100)), 0.0))

    def _nest(self, deliveries: list[str], sign: float) -> None:
        for earlier, later in pairwise(deliveries):
            for (forms, mart), cubes in self._cubes.items():
                if forms != earlier:
                    continue
                for names, unknowns in cubes.items():
                    others = self._cubes.get((later, mart), {}).get(names, {})
                    for said, unknown in unknowns.items():
                        if said in others:
                            # The later count less the earlier one, times -1, is at most nothing.
                            self._at_most.append((Sum((others[said], unknown), (sign, -sign)), 0.0))

    def _freeze(self) -> None:
        # Where nothing else bounds a number, this does: far beyond any number that was told.
        self._limits = np.full(self.size, 1000.0 + 4 * max((value for _, value in self._equal), default=0))
        for told, value in self._equal:
            if value == 0 and all(t > 0 for t in told.times):
                self._limits[list(told.of)] = 0
        self._rows = _matrix([*self._equal, *self._at_most], self.size)
        self._most = np.array([value for _, value in (*self._equal, *self._at_most)], dtype=float)
        self._least = np.where(np.arange(len(self._most)) < len(self._equal), self._most, -np.inf)


def counted_in(table: TableRead, labels: Labels, *, original: bool = False) -> dict[str, frozenset[Code]]:
    """The answers, by question, of the forms that a count of `table` is about; `original`: before any were merged."""
    axes = table.original if original else table.axes
    row, column, group = labels
    asked: dict[str, frozenset[Code]] = {}
    if table.is_correlation:
        asked = {axes[name].question: axes[name].counted for name in ("row", "column")}
        if "group" in axes:
            asked[axes["group"].question] = _codes(axes["group"], group)
        return asked
    if "column" in axes:
        return {axes["row"].question: _codes(axes["row"], row), axes["column"].question: _codes(axes["column"], column)}
    name = axes["row"].question
    if table.kind == "frequency" and row == TOTAL:
        return {}
    if table.kind == "frequency" and row == MISSING:
        return {name: all_answers(table.marts[0], name) - axes["row"].counted}
    return {name: _codes(axes["row"], row)}


def shared_in(table: TableRead, measure: str, labels: Labels) -> tuple[Labels, list[Labels]]:
    """The count that a percentage is a share of, and the counts whose sum is shared."""
    row = labels[0]
    if table.kind == "frequency":
        base = (TOTAL if measure == "percent" else TOTAL_VALID, NOTHING, NOTHING)
        if measure != "cumulative_percent":
            return base, [labels]
        order = [label for label, _ in table.axes["row"].categories]
        return base, [(label, NOTHING, NOTHING) for label in order[: order.index(row) + 1]]
    if table.kind == "distribution":
        return (TOTAL, NOTHING, NOTHING), [labels]
    return (row if measure == "row_percent" else TOTAL, TOTAL, NOTHING), [labels]


def _codes(axis: AxisRead, label: str) -> frozenset[Code]:
    return axis.counted if label in (TOTAL, TOTAL_VALID) else dict(axis.categories)[label]


def all_answers(mart: str, question: str) -> frozenset[Code]:
    """Everything that a form can say to a question; None is a blank."""
    found = questionnaires()[mart].question(question)
    assert found is not None
    return frozenset((*found.codes, None))


def _neighbours(cubes: Sequence[tuple[str, ...]]) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Pairs whose agreement makes all agree: the next cube with the same questions in common, for each such set."""
    for names in dict.fromkeys(frozenset(a) & frozenset(b) for a in cubes for b in cubes if a != b):
        holders = [cube for cube in cubes if names <= set(cube)]
        yield from ((a, b) for a, b in pairwise(holders))


def _matrix(rows: Sequence[tuple[Sum, float]], size: int) -> csr_matrix:
    starts = np.concatenate([[0], np.cumsum([len(told.of) for told, _ in rows], dtype=np.int64)])
    columns = np.fromiter((unknown for told, _ in rows for unknown in told.of), dtype=np.int64)
    data = np.fromiter((times for told, _ in rows for times in told.times), dtype=float)
    matrix = csr_matrix((data, columns, starts), shape=(len(rows), size))
    matrix.sum_duplicates()  # HiGHS refuses a place that stands twice
    return matrix
