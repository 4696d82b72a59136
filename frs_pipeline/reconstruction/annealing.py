"""Moving the answers to one question between forms until its printed correlations come out.

Every move keeps all printed counts: two forms swap their answers only when they agree in the questions that
this one is crossed with; a form whose answer the report never counts may change it outright.

First all figures are drawn near together. Then they are brought to the last decimal: each gamma that misses costs
more than any ASE or T, so that these come as near to print as the gammas allow.
"""

from __future__ import annotations

import math
import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from frs_pipeline.reconstruction.placement import MISSING, Forms
from frs_pipeline.reconstruction.targets import Correlation, Targets
from frs_pipeline.tables.model import Axis

# A figure agrees when it lies within this distance of the printed three decimals.
_HALF = 0.00049
# ASE and T that rest on an impossible N pull less.
_WEIGHT_NOT_FIRM = 0.2
# To the last decimal, the root of a unit of a gamma weighs this many times as much as one of T.
_WEIGHT_GAMMA = 4.0
# Coming near, squares of the same units, with which large misses go first.
_WEIGHT_ROUGH = 0.1
# A partial gamma is a mean of those by role: only how the roles weigh in it moves it, and that is settled from afar.
_WEIGHT_ROUGH_PARTIAL = 10.0
# Share of moves that change an answer outright, of a form whose answer the report never counts.
_CHANGES = 0.1

_Figures = tuple[float, float, float, int, int]
_Grid = list[list[int]]
_Collapsed = list[tuple[Axis, list[int]]]


@dataclass(frozen=True)
class _Move:
    """`first` changes its answer from `old` to `new`, and `second` the other way round unless it is _NOBODY."""

    first: int
    second: int
    old: int
    new: int


# Position of nobody's answer: the last, which every list by form, row or column has in addition and leaves at 0.
_NOBODY = -1


@dataclass(frozen=True)
class _Stage:
    """One cooling: first to come near, then, with a fine on each gamma `missed`, to the last decimal."""

    steps: int
    start: float
    end: float
    missed: float = 0.0
    gammas_only: bool = False

    @property
    def exact(self) -> bool:
        return self.missed > 0


# Answers that the report never counts start cooler: hot, they would forget how they started out and end up evenly spread.
_SWAP_START, _CHANGE_START = _Stage(60_000, 2.0, 0.01), _Stage(60_000, 0.2, 0.01)
_STAGES = (
    _Stage(200_000, 3.0, 0.2, missed=6.0),
    # Whatever gamma still misses is brought home by itself; this ends as soon as all agree.
    _Stage(100_000, 3.0, 0.2, missed=1.0, gammas_only=True),
    _Stage(200_000, 2.0, 0.1, missed=40.0),
)
# A question with many correlations is searched no longer than this many times as long as one with a single one.
_MOST = 7


@dataclass(eq=False)
class _Counts:
    """One contingency table of the question being moved (rows) against another (columns), and its figures."""

    row_of: dict[int, int]  # code -> row
    column_at: list[int]  # form -> column, _NOBODY where the form isn't counted
    cells: _Grid
    # Of each cell: number of forms that lie concordant and discordant to one in it.
    concordant: _Grid = field(default_factory=list)
    discordant: _Grid = field(default_factory=list)
    gamma: float = 0.0
    ase: float = 0.0
    t: float = 0.0
    p: int = 0
    q: int = 0
    trial: tuple[int, int] = (0, 0)  # p and q as they would be after the move in question

    def __post_init__(self) -> None:
        self.count()

    def count(self) -> None:
        """Work out all figures from the cells."""
        (self.gamma, self.ase, self.t, self.p, self.q), self.concordant, self.discordant = _measured(self.cells)
        self.trial = (self.p, self.q)

    def changes(self, move: _Move) -> bool:
        """Would the move change the table? Sets `trial`."""
        one, other = self.column_at[move.first], self.column_at[move.second]
        if one == other:
            return False
        old, new = self.row_of.get(move.old, _NOBODY), self.row_of.get(move.new, _NOBODY)
        if old == new:
            return False
        c, d = self.concordant, self.discordant
        # Each of the two forms meets the other where it was and where it goes.
        meet = 1 if min(one, other, old, new) >= 0 else 0
        self.trial = (
            self.p + 2 * (c[new][one] - c[old][one] + c[old][other] - c[new][other] + meet),
            self.q + 2 * (d[new][one] - d[old][one] + d[old][other] - d[new][other] + meet),
        )
        return True

    def apply(self, move: _Move, sign: int = 1) -> None:
        """Count the two forms under their new answers, or with `sign` -1 under their old ones again."""
        one, other = self.column_at[move.first], self.column_at[move.second]
        old, new = self.row_of.get(move.old, _NOBODY), self.row_of.get(move.new, _NOBODY)
        for row, column, by in ((old, one, -sign), (new, one, sign), (new, other, -sign), (old, other, sign)):
            if row >= 0 and column >= 0:
                self.cells[row][column] += by


@dataclass(eq=False)
class _Goal:
    """One printed correlation, and the counts that it is computed from; `parts` for the partial gamma."""

    target: Correlation
    counts: _Counts
    parts: list[_Counts]
    gammas: float = 0.0
    others: float = 0.0

    def of_gammas(self, missed: float) -> float:
        """Distance of the gammas, as `trial` would have them, from the printed ones; 0 when they agree."""
        distance = _beyond(_gamma(*self.counts.trial), self.target.gamma)
        energy = _energy(distance, missed, _WEIGHT_ROUGH)
        if self.target.partial is not None:
            sums = [sum(part.trial[i] for part in self.parts) for i in (0, 1)]
            energy += _energy(_beyond(_gamma(*sums), self.target.partial), missed, _WEIGHT_ROUGH_PARTIAL)
        return energy

    def of_others(self, exact: bool) -> float:
        """Distance of ASE and T from the printed ones, 0 when they agree.

        From afar T counts as the standard error that it implies. `exact` takes roots of units of the last decimal:
        one figure that agrees is worth more than two that nearly do.
        """
        ase, t = self.target.ase, self.target.t
        if ase is None or not t:
            return 0.0
        of_ase, of_t = _beyond(self.counts.ase, ase), _beyond(self.counts.t, t)
        weight = 1.0 if self.target.firm else _WEIGHT_NOT_FIRM
        if exact:
            return weight * (2 * math.sqrt(of_ase) + math.sqrt(of_t))
        return weight * (of_ase + of_t * abs(self.target.gamma) / t**2)


def _energy(distance: float, missed: float, rough: float) -> float:
    if not missed:
        return rough * distance * distance
    return missed + _WEIGHT_GAMMA * math.sqrt(distance) if distance else 0.0


def _gamma(p: int, q: int) -> float:
    return (p - q) / (p + q) if p + q else 0.0


def _beyond(value: float, printed: float) -> float:
    """Distance beyond rounding, in units of the last printed decimal."""
    return max(0.0, abs(value - printed) - _HALF) * 1000


def gamma_figures(counts: Sequence[Sequence[int]]) -> _Figures:
    """(gamma, ASE, T, P, Q) of a small table in plain Python.

    `stats.gamma` is the reference; this one is called a million times on tables of five by five, where
    the set-up of an array costs more than the sums, and gives the same bits on every machine.
    """
    return _measured(counts)[0]


def _measured(counts: Sequence[Sequence[int]]) -> tuple[_Figures, _Grid, _Grid]:
    """The figures, and for each cell its concordant and its discordant forms, with a row and column for nobody."""
    below = [sum(column) for column in zip(*counts, strict=True)]
    above = [0] * len(below)
    n = sum(below)
    concordant: _Grid = []
    discordant: _Grid = []
    p = q = pp = pq = qq = 0
    for row in counts:
        below = [total - count for total, count in zip(below, row, strict=True)]
        left_above = left_below = 0
        right_above, right_below = sum(above), sum(below)
        agreeing, opposed = [], []
        for count, up, down in zip(row, above, below, strict=True):
            right_above -= up
            right_below -= down
            a, d = left_above + right_below, right_above + left_below
            agreeing.append(a)
            opposed.append(d)
            if count:
                ca, cd = count * a, count * d
                p += ca
                q += cd
                pp += ca * a
                pq += ca * d
                qq += cd * d
            left_above += up
            left_below += down
        concordant.append([*agreeing, 0])
        discordant.append([*opposed, 0])
        above = [total + count for total, count in zip(above, row, strict=True)]
    nobody = [0] * (len(above) + 1)
    concordant.append(nobody)
    discordant.append(nobody)
    if p + q == 0:
        return (0.0, 0.0, 0.0, 0, 0), concordant, discordant
    gamma = (p - q) / (p + q)
    ase = 4 / (p + q) ** 2 * math.sqrt(q * q * pp - 2 * p * q * pq + p * p * qq)
    ase0 = 2 / (p + q) * math.sqrt(max(pp - 2 * pq + qq - (p - q) ** 2 / n, 0.0))
    return (gamma, ase, gamma / ase0 if ase0 else 0.0, p, q), concordant, discordant


def anneal(
    variable: str,
    codes: Sequence[int],
    forms: Forms,
    demands: Targets,
    rng: random.Random,
    asked: Sequence[bool] | None = None,
) -> float:
    """Move the answers to `variable` in place until its correlations with filled-in questions agree.

    `asked` says on which forms the question is put, all unless given. Returns what distance is left, 0 when
    every printed figure agrees.
    """
    goals = _goals(variable, forms, demands)
    if not goals:
        return 0.0
    moves = _Moves(variable, codes, forms, demands, rng, asked)
    search = _Search(forms[variable], goals, rng)
    for stage in (_CHANGE_START if moves.changeable else _SWAP_START, *_STAGES):
        search.run(moves, stage)
    return search.total


class _Search:
    """Simulated annealing over the answers to one question; keeps the best answers it saw."""

    def __init__(self, answers: list[int], goals: list[_Goal], rng: random.Random) -> None:
        self.answers, self.goals, self.rng = answers, goals, rng
        self.total = 0.0

    def run(self, moves: _Moves, stage: _Stage) -> None:
        """Cool down once, until nothing is left to gain."""
        self._measure(stage)
        best, kept = self.total, self.answers[:]
        steps = stage.steps * min(len(self.goals), _MOST)
        temperature, cooling = stage.start, (stage.end / stage.start) ** (1 / steps)
        for _ in range(steps):
            if self.total <= 0:
                break
            temperature *= cooling
            move = moves.propose()
            if move is not None and self._try(move, temperature, stage) and self.total < best:
                best, kept = self.total, self.answers[:]
        self._restore(kept, stage)

    def _try(self, move: _Move, temperature: float, stage: _Stage) -> bool:
        """Make the move or leave it, and say which.

        Gammas are judged first and by themselves, which saves working out most of the standard errors.
        """
        touched = [goal for goal in self.goals if goal.counts.changes(move)]
        gammas = [goal.of_gammas(stage.missed) for goal in touched]
        gammas_worse = sum(gammas) - sum(goal.gammas for goal in touched)
        if gammas_worse > 0 and self.rng.random() >= math.exp(-gammas_worse / temperature):
            for goal in touched:
                goal.counts.trial = (goal.counts.p, goal.counts.q)
            return False
        before = [(c.gamma, c.ase, c.t, c.p, c.q, c.concordant, c.discordant) for c in (goal.counts for goal in touched)]
        for goal in touched:
            goal.counts.apply(move)
            goal.counts.count()
        others = [self._of_others(goal, stage) for goal in touched]
        worse = sum(others) - sum(goal.others for goal in touched)
        # Forms that no correlation counts change places too, or what they hold would never get out.
        if worse > 0 and self.rng.random() >= math.exp(-worse / temperature):
            for goal, figures in zip(touched, before, strict=True):
                c = goal.counts
                c.apply(move, -1)
                c.gamma, c.ase, c.t, c.p, c.q, c.concordant, c.discordant = figures
                c.trial = (c.p, c.q)
            return False
        for goal, of_gammas, of_others in zip(touched, gammas, others, strict=True):
            goal.gammas, goal.others = of_gammas, of_others
        self.answers[move.first] = move.new
        if move.second != _NOBODY:
            self.answers[move.second] = move.old
        if touched:
            self.total = sum(goal.gammas + goal.others for goal in self.goals)
        return True

    @staticmethod
    def _of_others(goal: _Goal, stage: _Stage) -> float:
        return 0.0 if stage.gammas_only else goal.of_others(stage.exact)

    def _measure(self, stage: _Stage) -> None:
        for goal in self.goals:
            goal.gammas, goal.others = goal.of_gammas(stage.missed), self._of_others(goal, stage)
        self.total = sum(goal.gammas + goal.others for goal in self.goals)

    def _restore(self, kept: list[int], stage: _Stage) -> None:
        for form, (now, then) in enumerate(zip(self.answers, kept, strict=True)):
            if now != then:
                for goal in self.goals:
                    goal.counts.apply(_Move(form, _NOBODY, now, then))
        self.answers[:] = kept
        for goal in self.goals:
            goal.counts.count()
        self._measure(stage)


class _Moves:
    """Proposals to change the answers to one question that keep all printed counts."""

    def __init__(
        self,
        variable: str,
        codes: Sequence[int],
        forms: Forms,
        demands: Targets,
        rng: random.Random,
        asked: Sequence[bool] | None,
    ) -> None:
        self.answers, self.rng = forms[variable], rng
        correlations = [c for c in demands.correlations if variable in (c.row.variable, c.column.variable)]
        # "ved ikke" counts for some tables and not for others: it stays where it is.
        self.codes = [code for code in codes if all(_own(variable, c).index(code) is not None for c in correlations)]
        self.collapsed: _Collapsed = []
        crossed: list[Axis] = []
        counted = variable in demands.margins
        for cells in demands.cells:
            if variable in (cells.row.variable, cells.column.variable):
                own, other = (cells.row, cells.column) if cells.row.variable == variable else (cells.column, cells.row)
                if other.variable not in forms:
                    counted = True
                elif all(len(category.codes) == 1 for category in own.categories):
                    crossed.append(other)
                else:
                    self.collapsed.append((own, [_position(other, code) for code in forms[other.variable]]))
        self.blankness = _blankness(variable, forms, demands)
        settled = _settled(variable, forms, demands)
        self.changeable: set[int] = set()
        classes: dict[tuple[int, ...], list[int]] = defaultdict(list)
        for form, answer in enumerate(self.answers):
            at = tuple(_position(axis, forms[axis.variable][form]) for axis in crossed)
            if answer in self.codes or (answer == MISSING and settled and (asked is None or asked[form])):
                classes[at].append(form)
            uncounted = not counted and max(at, default=-1) < 0 and all(position[form] < 0 for _, position in self.collapsed)
            if answer in self.codes and uncounted:
                self.changeable.add(form)
        self.class_of: dict[int, list[int]] = {}
        for _, members in sorted(classes.items()):
            if len(members) > 1 or members[0] in self.changeable:
                self.class_of |= dict.fromkeys(members, members)
        self.movable = list(self.class_of)

    def propose(self) -> _Move | None:
        """Two forms swap their answers, or one changes its own; None when the draw came to nothing."""
        if not self.movable:
            return None
        first = self._pick(self.movable)
        old = self.answers[first]
        if self.changeable and first in self.changeable and old != MISSING and self.rng.random() < _CHANGES:
            new = self._pick(self.codes)
            return _Move(first, _NOBODY, old, new) if new != old else None
        second = self._pick(self.class_of[first])
        new = self.answers[second]
        if old == new or not self._keeps(first, second, old, new):
            return None
        return _Move(first, second, old, new)

    def _keeps(self, first: int, second: int, old: int, new: int) -> bool:
        """Does swapping the answers `old` and `new` of two forms keep the numbers answered and collapsed crosstabs?"""
        if MISSING in (old, new) and self.blankness[first] != self.blankness[second]:
            return False
        return all(at[first] == at[second] or axis.index(old) == axis.index(new) for axis, at in self.collapsed)

    def _pick(self, items: Sequence[int]) -> int:
        return items[int(self.rng.random() * len(items))]


def _settled(variable: str, forms: Forms, demands: Targets) -> bool:
    """Is every question that shares a printed number with `variable` filled in? Until then blanks stay where they are."""
    pairs = [(c.row, c.column) for c in demands.cells] + [(b.row, b.column) for b in demands.both_answered]
    names = [{axis.variable for axis in pair} for pair in pairs]
    return all(variable not in pair or pair <= forms.keys() for pair in names)


def _blankness(variable: str, forms: Forms, demands: Targets) -> list[tuple[int, ...]]:
    """Per form, what decides which printed numbers of forms it adds to if it answers `variable`."""
    columns: list[list[int]] = []
    for both in demands.both_answered:
        if variable in (both.row.variable, both.column.variable):
            other = both.column if both.row.variable == variable else both.row
            others = forms.get(other.variable, [MISSING] * demands.forms)
            columns.append([int(_position(other, code) >= 0) for code in others])
            columns.append(forms["role"] if both.role else [0] * demands.forms)
    return list(zip(*columns, strict=True)) if columns else [()] * demands.forms


def _own(variable: str, target: Correlation) -> Axis:
    return target.row if target.row.variable == variable else target.column


def _position(axis: Axis, code: int) -> int:
    index = axis.index(code)
    return -1 if index is None else index


def _goals(variable: str, forms: Forms, demands: Targets) -> list[_Goal]:
    """The correlations of `variable` with questions already filled in, and their contingency tables."""
    goals: list[_Goal] = []
    for target in demands.correlations:
        if variable not in (target.row.variable, target.column.variable):
            continue
        own = _own(variable, target)
        other = target.column if own is target.row else target.row
        if other.variable not in forms or any(_same(goal.target, target) for goal in goals):
            continue
        goal = _Goal(target, _count(own, other, target, forms), [])
        if target.by_role:
            goal.parts = [g.counts for g in goals if g.target.table == target.table]
        goals.append(goal)
    return goals


def _same(a: Correlation, b: Correlation) -> bool:
    """Is it one correlation, printed twice?"""
    return (a.row, a.column, a.role, a.by_role, a.gamma, a.t) == (b.row, b.column, b.role, b.by_role, b.gamma, b.t)


def _count(own: Axis, other: Axis, target: Correlation, forms: Forms) -> _Counts:
    row_of = {code: i for i, category in enumerate(own.categories) for code in category.codes}
    column_at = [_position(other, code) for code in forms[other.variable]]
    if target.role is not None or target.by_role:
        counted = [role == target.role or (target.by_role and role != MISSING) for role in forms["role"]]
        column_at = [column if yes else -1 for column, yes in zip(column_at, counted, strict=True)]
    cells = [[0] * len(other.categories) for _ in own.categories]
    for form, code in enumerate(forms[own.variable]):
        if code in row_of and column_at[form] >= 0:
            cells[row_of[code]][column_at[form]] += 1
    # One more column for a form that isn't there, so that a single change is a swap with nobody.
    return _Counts(row_of, [*column_at, _NOBODY], cells)
