"""What summaries of numbers give away: how many forms may have each number in worlds in which everything printed is true.

A mean and a deviation limit sums of numbers and of their squares, quartiles and ends say how many forms lie below: with as many
unknowns as there are numbers, all of that is linear. A number of forms is told too closely where it can be neither none nor as
many as the threshold. Looked at are, of every set of forms that can be told apart, those with a certain number, with that or a
larger one, with that or a smaller one, and those in each of the number's groups.

How many forms have a number in common with other questions isn't looked at here. That may be left out only where summaries tell
nothing about other counts: where no table counts the number by its groups, or where for every set all of these counts are shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_matrix

from frs_pipeline.release.groups import Group, group
from frs_pipeline.release.summed import Key, Part, Summed, parts_of, summed, tells_changes
from frs_pipeline.release.worlds import Source, Worlds
from frs_pipeline.study import Study
from frs_pipeline.study.numbers import Measured, Number
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.study.tables import Place

# Forms by part and number.
Spread = NDArray[np.int64]
Values = NDArray[np.bool_]
# Where a solver gives up, so that it does so alike on every machine; what it has not found by then counts as not there.
_NODES = 5000
# In how many places the smallest or the largest number is looked for, where it isn't printed.
_ENDS = 12
# How far apart, in units, the two numbers may be between which a quartile lies.
_GAPS = 12
# How many steps are tried from a spread to others, and how many lie between two that are kept.
_STEPS, _APART = 3000, 20


class Told(NamedTuple):
    """Forms of which a summary tells too much: there are from `low` to `high` of them."""

    table: int
    labels: Place
    of: Group
    low: float
    high: float


def told(
    study: Study, worlds: Worlds, source: Source, earlier: Sequence[Source], hints: Mapping[Group, Mapping[Number, int]]
) -> list[Told]:
    """List what the summaries of a release tell of few forms, beside everything released earlier; once for each number.

    `hints` say how many forms of a set have each number in a world to begin with; what doesn't agree with the release is ignored.
    """
    found: list[Told] = []
    for key, own in summed(study, source).items():
        same = [one for older in earlier if older.same(source, key[:1]) for one in summed(study, older).get(key, ())]
        out = {(one.group, repr(one.numbers)) for one in same}
        new = [one for one in own if (one.group, repr(one.numbers)) not in out]
        if not new:
            continue
        sets = list({(one.group, repr(one.numbers)): one for one in (*own, *same)}.values())
        one = _of_number(study, worlds, source, earlier, key, sets, hints)
        if one is not None:
            # What several tables tell together, the last of them tells too much.
            tables = {each.table for each in new}
            at = one if one.table in tables else one._replace(table=max(tables))
            found.append(at)
    return found


def _of_number(
    study: Study,
    worlds: Worlds,
    source: Source,
    earlier: Sequence[Source],
    key: Key,
    sets: Sequence[Summed],
    hints: Mapping[Group, Mapping[Number, int]],
) -> Told | None:
    """Return something that summaries of a number tell of few forms; None where they don't."""
    last, threshold = max(sets, key=lambda one: one.table), source.release.threshold
    parts = parts_of(study, sets)
    unknown = Told(last.table, last.labels, last.group, 0, 0)
    if parts is None or tells_changes(study, source, earlier, worlds.sources, key):
        return unknown
    for part in parts:
        if 0 < part.n < threshold:
            return unknown._replace(low=part.n, high=part.n)
    mart, name = key
    number = questionnaires(study)[mart].question(name)
    assert number is not None
    assert number.measured is not None
    by_group = _by_groups(study, worlds, source, earlier, key, sets)
    if by_group is None:
        return unknown
    spreads = Spreads(number.measured, sets, [part for part in parts if part.n], by_group, threshold)
    spreads.begin(hints)
    groups = () if by_group else number.measured.groups
    spans = [(number.measured.places(low), number.measured.places(high)) for _, low, high in groups]
    return spreads.told(spans, uniform=source.release.uniform_withheld)


def _by_groups(
    study: Study, worlds: Worlds, source: Source, earlier: Sequence[Source], key: Key, sets: Sequence[Summed]
) -> dict[tuple[int, int], int] | None:
    """Return how many forms of each set (its place) are in each group of a number, where tables count these; None where some of
    these counts aren't shown."""
    mart, name = key
    column = questionnaires(study)[mart].column_counted(name)
    sources = [one for one in (source, *earlier) if one.same(source, [mart])]
    asked = {question for one in sources for table in one.release.tables if mart in table.marts for question in table.asked}
    groups = questionnaires(study)[mart].question(column)
    assert groups is not None
    known: dict[tuple[int, int], int] = {}
    for (at, one), code in ((item, code) for item in enumerate(sets) for code in groups.codes if column in asked):
        given = dict(one.group.answers)
        codes = given.get(column, frozenset(groups.codes)) & {code}
        of = group(study, one.group.marts, one.group.occasion, {**given, column: codes})
        value = 0.0 if not codes else worlds.released_value(worlds.sum(source, of)) if worlds.holds(source, of) else None
        if value is None:
            return None
        known[at, code] = int(value)
    return known


class _Row(NamedTuple):
    """An equation or inequality: factors by (part, number), or by choice, and the limits of their sum."""

    of: NDArray[np.float64]
    choices: Mapping[int, float]
    low: float
    high: float


@dataclass
class Spreads:
    """All ways in which the forms of some parts may be spread over the numbers, as far as the `sets` that they make up tell."""

    number: Measured
    sets: Sequence[Summed]
    parts: Sequence[Part]
    by_group: Mapping[tuple[int, int], int]
    threshold: int
    seen: list[Spread] = field(default_factory=list)

    def __post_init__(self) -> None:
        unit = self.number.places(self.number.unit)
        self.unit = unit
        self.values = np.arange(self.number.places(self.number.low), self.number.places(self.number.high) + 1, unit)
        self._shape = (len(self.parts), len(self.values))
        self._choices = 0
        self._rows: list[_Row] = []
        for at, part in enumerate(self.parts):
            self._add(self._of([at], np.ones(len(self.values))), part.n, part.n)
        for at, one in enumerate(self.sets):
            self._add_set(at, one)

    def begin(self, hints: Mapping[Group, Mapping[Number, int]]) -> None:
        """Begin with the spread that hints about all sets make up, if everything that is told is true of it."""
        if all(one.group in hints for one in self.sets):
            forms = [[hints[one.group].get(self.number.value(int(value)), 0) for value in self.values] for one in self.sets]
            inside = [[at in part.sets for part in self.parts] for at in range(len(self.sets))]
            spread = np.rint(np.linalg.lstsq(np.array(inside, dtype=float), np.array(forms, dtype=float))[0]).astype(np.int64)
            if (spread >= 0).all() and self.is_true(spread):
                self.seen.append(spread)

    def told(self, groups: Iterable[tuple[int, int]], *, uniform: bool) -> Told | None:
        """Return a set of forms of which too much is told, None where there is none; `uniform`: also that all have one number."""
        everything = range(len(self.sets))
        if not self.seen and not self._look():
            return self._named(everything, 0, 0)
        self._wander()
        several = [([at], part.sets) for at, part in enumerate(self.parts)]
        several += [(self._within(at), frozenset({at})) for at in everything]
        for within, sets in {tuple(parts): (parts, sets) for parts, sets in several if parts}.values():
            each = [(self.values >= low) & (self.values <= high) for low, high in groups]
            each += [self.values == value for value in self.values]
            few = next((values for values in each if self._is_few(within, values)), None)
            if few is None:
                few = next(
                    (values for largest in (True, False) if (values := self._few_beyond(within, largest)) is not None), None
                )
            if few is not None:
                return self._named(sets, *self._range(within, few))
            n = sum(self.parts[at].n for at in within)
            if uniform and any(
                self._range(within, values)[0] == n and not self._look((within, values, n - 1)) for values in each
            ):
                return self._named(sets, n, n)
        return None

    def _named(self, sets: Iterable[int], low: float, high: float) -> Told:
        one = max((self.sets[at] for at in sets), key=lambda one: (one.table, one.labels))
        return Told(one.table, one.labels, one.group, low, high)

    def _within(self, at: int) -> list[int]:
        """Return the parts of a set."""
        return [place for place, part in enumerate(self.parts) if at in part.sets]

    def _range(self, within: Sequence[int], values: Values) -> tuple[int, int]:
        """Return how few and how many forms of some parts have one of some numbers in the spreads seen so far."""
        forms = [int(spread[list(within)][:, values].sum()) for spread in self.seen]
        return min(forms), max(forms)

    def _is_few(self, within: Sequence[int], values: Values) -> bool:
        """Return whether it is told that some forms have one of these numbers, but fewer than the threshold."""
        low, high = self._range(within, values)
        if not 0 < low <= high < self.threshold:
            return False
        return not self._look((within, values, 0)) and not self._look((within, values, -self.threshold))

    def _few_beyond(self, within: Sequence[int], largest: bool) -> Values | None:
        """Return the numbers from some number on, or up to one, that few forms are known to have; None where there are none.

        No form needs to have a number beyond the nearest that is the largest (smallest) in any spread, and up to that one, the
        fewest lie at it and beyond.
        """
        while True:
            ends = [np.flatnonzero(spread[list(within)].sum(axis=0))[-1 if largest else 0] for spread in self.seen]
            end = self.values[min(ends) if largest else max(ends)]
            values: Values = self.values >= end if largest else self.values <= end
            if self._range(within, values)[1] >= self.threshold or self._look((within, values, -self.threshold)):
                return None
            if not self._look((within, values, 0)):
                return values

    def _look(self, wanted: tuple[Sequence[int], Values, int] | None = None) -> bool:
        """Look for one more spread; return whether there is one. `wanted`: how many forms of some parts have one of some numbers,
        at most so many, or, where negative, at least."""
        rows = list(self._rows)
        if wanted is not None:
            parts, values, limit = wanted
            rows.append(_Row(self._of(parts, values), {}, *((-np.inf, limit) if limit >= 0 else (-limit, np.inf))))
        size = int(np.prod(self._shape)) + self._choices
        matrix = np.zeros((len(rows), size))
        for at, row in enumerate(rows):
            matrix[at, : row.of.size] = row.of.ravel()
            for choice, factor in row.choices.items():
                matrix[at, row.of.size + choice] = factor
        most = np.concatenate([np.repeat([float(part.n) for part in self.parts], len(self.values)), np.ones(self._choices)])
        outcome = milp(
            np.zeros(size),
            constraints=LinearConstraint(csr_matrix(matrix), [row.low for row in rows], [row.high for row in rows]),
            integrality=np.ones(size, dtype=np.int64),
            bounds=Bounds(np.zeros(size), most),
            options={"node_limit": _NODES},
        )
        if outcome.x is None:
            return False
        spread = np.rint(outcome.x[: size - self._choices]).astype(np.int64).reshape(self._shape)
        if not self.is_true(spread):
            return False
        self.seen.append(spread)
        return True

    def _wander(self) -> None:
        """Walk from the last spread to others, in steps that change no sum and no sum of squares: solvers take far longer."""
        chance, spread, steps = np.random.default_rng(0), self.seen[-1].copy(), 0
        widest = (len(self.values) - 1) // 4
        for _ in range(_STEPS if widest else 0):
            width = int(chance.integers(1, widest + 1))
            first, part = int(chance.integers(0, len(self.values) - 4 * width)), int(chance.integers(len(self.parts)))
            step = np.zeros_like(spread[part])
            # 0 + 3 + 3 = 1 + 1 + 4, and their squares, too.
            step[first : first + 4 * width + 1 : width] = np.array([-1, 2, 0, -2, 1]) * chance.choice((-1, 1))
            spread[part] += step
            if (spread[part] >= 0).all() and self._is_true_within(spread, part):
                steps += 1
                if steps % _APART == 0:
                    self.seen.append(spread.copy())
            else:
                spread[part] -= step

    def _is_true_within(self, spread: Spread, part: int) -> bool:
        """Return whether everything is true that is told of the sets that hold a part."""
        return all(self._prints(at, self.sets[at], spread[self._within(at)].sum(axis=0)) for at in self.parts[part].sets)

    def is_true(self, spread: Spread) -> bool:
        """Return whether everything that is told is true of a spread, to the last digit."""
        if any(spread[at].sum() != part.n for at, part in enumerate(self.parts)):
            return False
        return all(self._prints(at, one, spread[self._within(at)].sum(axis=0)) for at, one in enumerate(self.sets))

    def _prints(self, at: int, one: Summed, forms: NDArray[np.int64]) -> bool:
        groups = {
            code: (self.number.places(low), self.number.places(high)) for code, (_, low, high) in enumerate(self.number.groups, 1)
        }
        for code, (low, high) in groups.items():
            known = self.by_group.get((at, code))
            if known is not None and known != forms[(self.values >= low) & (self.values <= high)].sum():
                return False
        counted = {self.number.value(int(value)): int(n) for value, n in zip(self.values, forms, strict=True) if n}
        exact = exact_summary(counted)
        for measure, said in one.numbers.items():
            if said.value is None:
                # A quartile is missing where there are few forms, an end where few forms lie at it.
                if measure in ("min", "max") and counted[min(counted) if measure == "min" else max(counted)] >= self.threshold:
                    return False
            elif measure == "sd":
                if not max(said.value - said.half, Fraction(0)) ** 2 <= exact["variance"] <= (said.value + said.half) ** 2:
                    return False
            elif abs(exact[measure] - said.value) > said.half:
                return False
        return True

    def _of(self, parts: Sequence[int], factors: NDArray[Any]) -> NDArray[np.float64]:
        row = np.zeros(self._shape)
        row[list(parts)] = factors
        return row

    def _add(self, of: NDArray[np.float64], low: float, high: float, choices: Mapping[int, float] | None = None) -> None:
        self._rows.append(_Row(of, choices or {}, low, high))

    def _add_set(self, at: int, one: Summed) -> None:
        """Add what is told of a set."""
        assert one.n is not None
        parts, n, scale = self._within(at), one.n, 10**self.number.decimals
        for code, (_, first, last) in enumerate(self.number.groups, 1):
            if (at, code) in self.by_group:
                inside = (self.values >= self.number.places(first)) & (self.values <= self.number.places(last))
                self._add(self._of(parts, inside), self.by_group[at, code], self.by_group[at, code])
        said = {measure: number for measure, number in one.numbers.items() if number.value is not None}
        if "mean" in said:
            mean, half = Fraction(said["mean"].value or 0) * scale, said["mean"].half * scale
            # In units, around the printed mean: with smaller factors, solvers err less.
            away = (self.values - float(mean)) / self.unit
            self._add(self._of(parts, away), -float(n * half / self.unit), float(n * half / self.unit))
            if "sd" in said:
                deviation, far = Fraction(said["sd"].value or 0) * scale, said["sd"].half * scale
                low, high = max(deviation - far, Fraction(0)) ** 2 * (n - 1), (deviation + far) ** 2 * (n - 1)
                # Squares around the printed mean are more than those around the exact one by at most this.
                high += n * half**2
                self._add(self._of(parts, away**2), float(low / self.unit**2), float(high / self.unit**2))
        for measure, quarter in (("q1", 1), ("median", 2), ("q3", 3)):
            if measure in said:
                self._add_quartile(parts, n, quarter, Fraction(said[measure].value or 0) * scale)
        for measure, beyond in (("min", self.values.__lt__), ("max", self.values.__gt__)):
            if measure in said:
                end = float(Fraction(said[measure].value or 0) * scale)
                self._add(self._of(parts, beyond(end)), 0, 0)
                self._add(self._of(parts, self.values == end), self.threshold, n)
            elif measure in one.numbers:
                self._add_end(parts, n, largest=measure == "max", mean=float(mean) if "mean" in said else None)

    def _add_quartile(self, parts: Sequence[int], n: int, quarter: int, value: Fraction) -> None:
        """Add between which two numbers a quartile lies: those of two forms that follow each other, the closest that give it."""
        before, part = divmod((n + 1) * quarter, 4)
        every = set(self.values.tolist())
        gaps = range(_GAPS if part else 1)
        pairs = [(value - Fraction(part * gap * self.unit, 4), gap * self.unit) for gap in gaps]
        pairs = [(low, gap) for low, gap in pairs if low in every and low + gap in every]
        choices = self._choose(len(pairs))
        for (low, gap), choice in zip(pairs, choices, strict=True):
            last = before + bool(part)
            self._if(choice, parts, self.values <= int(low), before if gap else last, n, n)
            self._if(choice, parts, self.values < int(low), 0, before - 1, n)
            if gap:
                self._if(choice, parts, self.values <= int(low + gap), last, n, n)
                self._if(choice, parts, self.values < int(low + gap), 0, before, n)

    def _add_end(self, parts: Sequence[int], n: int, *, largest: bool, mean: float | None) -> None:
        """Add that few forms lie at an end that isn't printed: it is at one of some numbers, with fewer than the threshold."""
        outside = (
            self.values if mean is None else self.values[self.values >= mean] if largest else self.values[self.values <= mean]
        )
        places = np.unique(np.linspace(0, len(outside) - 1, _ENDS).round().astype(int))
        for place, choice in zip(places, self._choose(len(places)), strict=True):
            end = outside[place]
            self._if(choice, parts, self.values > end if largest else self.values < end, 0, 0, n)
            self._if(choice, parts, self.values == end, 1, self.threshold - 1, n)

    def _choose(self, many: int) -> range:
        """Add choices of which exactly one is made."""
        made = range(self._choices, self._choices + many)
        self._choices += many
        self._add(self._of([], self.values), 1, 1, dict.fromkeys(made, 1.0))
        return made

    def _if(self, choice: int, parts: Sequence[int], values: Values, least: int, most: int, n: int) -> None:
        """Add that, if a choice is made, of the `n` forms of some parts, from `least` to `most` have one of some numbers."""
        self._add(self._of(parts, values), -np.inf, n, {choice: n - most})
        self._add(self._of(parts, values), 0, np.inf, {choice: -least})


def exact_summary(counted: Mapping[Number, int]) -> dict[str, Fraction]:
    """Compute the statistics of numbers, of the deviation its square; quartiles lie at (n + 1) p."""
    numbers = sorted((Fraction(number), forms) for number, forms in counted.items())
    listed = [number for number, forms in numbers for _ in range(forms)]
    n, total = len(listed), sum(listed, Fraction(0))
    squares = sum((number * number for number in listed), Fraction(0))
    found = {"mean": total / n, "min": listed[0], "max": listed[-1]}
    found["variance"] = (squares - total * total / n) / (n - 1) if n > 1 else Fraction(0)
    for measure, quarter in (("q1", 1), ("median", 2), ("q3", 3)):
        before, part = divmod((n + 1) * quarter, 4)
        low, high = (listed[min(max(at, 1), n) - 1] for at in (before, before + 1))
        found[measure] = low + Fraction(part, 4) * (high - low)
    return found
