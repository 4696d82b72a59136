"""The printed correlations of a question being moved: its contingency tables, their figures, and how far off they are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from frs_pipeline.reconstruction.papers import role_name
from frs_pipeline.reconstruction.placement import MISSING, Forms
from frs_pipeline.reconstruction.targets import Correlation, Targets
from frs_pipeline.study import Study
from frs_pipeline.study.tables import Axis

# A figure agrees when it lies within this distance of the printed three decimals.
_HALF = 0.00049
# Weight of ASE and T that rest on an impossible N: they pull less.
_WEIGHT_NOT_FIRM = 0.2
# In exact stages, a unit of a standard error weighs this many times as much as one of a gamma.
_WEIGHT_ERRORS = 5.0
# A table of this many forms has weight 1: with more, a swap moves the figures less, so they weigh more.
_SIZE = 150
# Weight of a gamma's squared distance in the first stages; squared, so that large misses go first.
_WEIGHT_ROUGH = 0.1
# A partial gamma is a mean of those by role: only the weights of the roles move it, and these are settled from afar.
_WEIGHT_ROUGH_PARTIAL = 10.0

# (form, old answer, new answer) of every form that a move changes
Move = list[tuple[int, int, int]]
_Figures = tuple[float, float, float, int, int]
_Grid = list[list[int]]


@dataclass(eq=False)
class Counts:
    """One contingency table of the question being moved (rows) against another (columns), and its figures."""

    row_of: dict[int, int]  # code -> row
    column_at: list[int]  # form -> column, -1 where the form isn't counted
    cells: _Grid
    # For each cell: the number of forms concordant and discordant with a form in it.
    concordant: _Grid = field(default_factory=list)
    discordant: _Grid = field(default_factory=list)
    gamma: float = 0.0
    ase: float = 0.0
    t: float = 0.0
    p: int = 0
    q: int = 0
    trial: tuple[int, int] = (0, 0)  # p and q as they would be after the move in question
    # (row, column, by how much) of every cell that it changes
    delta: list[tuple[int, int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.count()

    def count(self) -> None:
        """Compute all figures from the cells."""
        (self.gamma, self.ase, self.t, self.p, self.q), self.concordant, self.discordant = _measured(self.cells)
        self.trial = (self.p, self.q)

    def changes(self, move: Move) -> bool:
        """Return whether the move would change the table; set `trial` and `delta`."""
        column_at, row_of = self.column_at, self.row_of
        delta: dict[tuple[int, int], int] = {}
        for form, old, new in move:
            column = column_at[form]
            if column < 0:
                continue
            row = row_of.get(old)
            if row is not None:
                delta[row, column] = delta.get((row, column), 0) - 1
            row = row_of.get(new)
            if row is not None:
                delta[row, column] = delta.get((row, column), 0) + 1
        self.delta = [(row, column, by) for (row, column), by in delta.items() if by]
        if self.delta:
            self.trial = self._pairs()
        return bool(self.delta)

    def _pairs(self) -> tuple[int, int]:
        """Return p and q with `delta` added: each change pairs with all forms as they are, and with the other changes."""
        p = q = 0
        for i, (row, column, by) in enumerate(self.delta):
            p += by * self.concordant[row][column]
            q += by * self.discordant[row][column]
            for other_row, other_column, other_by in self.delta[:i]:
                side = (row - other_row) * (column - other_column)
                if side > 0:
                    p += by * other_by
                elif side < 0:
                    q += by * other_by
        return self.p + 2 * p, self.q + 2 * q

    def apply(self, sign: int = 1) -> None:
        """Add `delta` to the cells, or with `sign` -1 take it out again."""
        for row, column, by in self.delta:
            self.cells[row][column] += sign * by


@dataclass(eq=False)
class Goal:
    """One printed correlation, and the counts that it is computed from; `parts` for the partial gamma."""

    target: Correlation
    counts: Counts
    parts: list[Counts]
    gammas: float = 0.0
    others: float = 0.0
    weight: float = 1.0

    def __post_init__(self) -> None:
        self.weight = sum(map(sum, self.counts.cells)) / _SIZE

    def of_gammas(self, missed: float) -> float:
        """Return the distance of the gammas, as `trial` would make them, from the printed ones; 0 when they agree."""
        distance = _beyond(_gamma(*self.counts.trial), self.target.gamma)
        energy = _energy(distance, missed, _WEIGHT_ROUGH, self.weight)
        if self.target.partial is not None:
            sums = [sum(part.trial[i] for part in self.parts) for i in (0, 1)]
            energy += _energy(_beyond(_gamma(*sums), self.target.partial), missed, _WEIGHT_ROUGH_PARTIAL, self.weight)
        return energy

    def of_others(self, exact: bool) -> float:
        """Return the distance of ASE and T from the printed ones; 0 when they agree.

        T counts as the standard error that it implies. With `exact` these pull harder than gamma: a swap moves gamma
        far and a standard error little, so gamma is soon right again but a standard error isn't. T then also counts
        by itself, as a logarithm, since its rounding is the finest.
        """
        ase, t = self.target.ase, self.target.t
        if ase is None or not t:
            return 0.0
        of_ase, of_t = _beyond(self.counts.ase, ase), _beyond(self.counts.t, t)
        weight = 1.0 if self.target.firm else _WEIGHT_NOT_FIRM
        errors = of_ase + of_t * abs(self.target.gamma) / t**2
        return weight * (_WEIGHT_ERRORS * self.weight * errors + math.log1p(of_t) if exact else errors)


def _energy(distance: float, missed: float, rough: float, weight: float) -> float:
    if not missed:
        return rough * distance * distance
    return missed + weight * distance if distance else 0.0


def _gamma(p: int, q: int) -> float:
    return (p - q) / (p + q) if p + q else 0.0


def _beyond(value: float, printed: float) -> float:
    """Return the distance beyond rounding, in units of the last printed decimal."""
    return max(0.0, abs(value - printed) - _HALF) * 1000


def gamma_figures(counts: Sequence[Sequence[int]]) -> _Figures:
    """Compute (gamma, ASE, T, P, Q) of a small table in plain Python.

    `stats.gamma` is the reference; this one is called a million times on tables of five by five, where
    the set-up of an array costs more than the sums, and gives the same bits on every machine.
    """
    return _measured(counts)[0]


def _measured(counts: Sequence[Sequence[int]]) -> tuple[_Figures, _Grid, _Grid]:
    """Compute the figures, and for each cell its concordant and its discordant forms."""
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
        concordant.append(agreeing)
        discordant.append(opposed)
        above = [total + count for total, count in zip(above, row, strict=True)]
    if p + q == 0:
        return (0.0, 0.0, 0.0, 0, 0), concordant, discordant
    gamma = (p - q) / (p + q)
    ase = 4 / (p + q) ** 2 * math.sqrt(q * q * pp - 2 * p * q * pq + p * p * qq)
    ase0 = 2 / (p + q) * math.sqrt(max(pp - 2 * pq + qq - (p - q) ** 2 / n, 0.0))
    return (gamma, ase, gamma / ase0 if ase0 else 0.0, p, q), concordant, discordant


def own_axis(variable: str, target: Correlation) -> Axis:
    return target.row if target.row.variable == variable else target.column


def position_of(axis: Axis, code: int) -> int:
    index = axis.index(code)
    return -1 if index is None else index


def goals_of(study: Study, variable: str, forms: Forms, demands: Targets) -> list[Goal]:
    """List the correlations of `variable` with questions already filled in, with their contingency tables."""
    goals: list[Goal] = []
    for target in demands.correlations:
        if variable not in (target.row.variable, target.column.variable):
            continue
        own = own_axis(variable, target)
        other = target.column if own is target.row else target.row
        if other.variable not in forms or any(_same(goal.target, target) for goal in goals):
            continue
        goal = Goal(target, _count(study, own, other, target, forms), [])
        if target.by_role:
            goal.parts = [g.counts for g in goals if g.target.table == target.table]
        goals.append(goal)
    return goals


def _same(a: Correlation, b: Correlation) -> bool:
    """Return whether these are one correlation, printed twice."""
    return (a.row, a.column, a.role, a.by_role, a.gamma, a.t) == (b.row, b.column, b.role, b.by_role, b.gamma, b.t)


def _count(study: Study, own: Axis, other: Axis, target: Correlation, forms: Forms) -> Counts:
    row_of = {code: i for i, category in enumerate(own.categories) for code in category.codes}
    column_at = [position_of(other, code) for code in forms[other.variable]]
    if target.role is not None or target.by_role:
        counted = [role == target.role or (target.by_role and role != MISSING) for role in forms[role_name(study)]]
        column_at = [column if yes else -1 for column, yes in zip(column_at, counted, strict=True)]
    cells = [[0] * len(other.categories) for _ in own.categories]
    for form, code in enumerate(forms[own.variable]):
        if code in row_of and column_at[form] >= 0:
            cells[row_of[code]][column_at[form]] += 1
    return Counts(row_of, column_at, cells)
