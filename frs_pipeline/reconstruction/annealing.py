"""Moving the answers to one question between forms until its printed correlations come out.

Every move keeps all printed counts: two forms swap their answers only when they agree on the questions that
this one is crossed with; a form whose answer the report never counts may change it outright.

First all figures are brought near their goals together. Then they are brought to the last decimal: the penalty on
each gamma that misses grows, so that in the end ASE and T come as near to print as the gammas allow.
"""

from __future__ import annotations

import math
import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from frs_pipeline.reconstruction.correlations import Goal, Move, goals_of, own_axis, position_of
from frs_pipeline.reconstruction.papers import role_name
from frs_pipeline.reconstruction.placement import MISSING, Forms
from frs_pipeline.reconstruction.targets import Targets
from frs_pipeline.study import Study
from frs_pipeline.study.tables import Axis

# Share of moves that change an answer outright, for a form whose answer the report never counts.
_CHANGES = 0.1
# In exact stages, share of moves made two at once: near print hardly any single move keeps everything that agrees.
_TWOFOLD = 0.3

_Collapsed = list[tuple[Axis, list[int]]]


@dataclass(frozen=True)
class _Stage:
    """One cooling: first to come near, then, with a penalty for each gamma `missed`, to the last decimal."""

    steps: int
    start: float
    end: float
    missed: float = 0.0
    gammas_only: bool = False

    @property
    def exact(self) -> bool:
        return self.missed > 0


# Answers that the report never counts start cooler: hot, they would forget their starting shares and spread out evenly.
_SWAP_START, _CHANGE_START = _Stage(60_000, 2.0, 0.01), _Stage(60_000, 0.2, 0.01)
_STAGES = (
    _Stage(120_000, 4.0, 0.1, missed=1.0),
    _Stage(100_000, 0.6, 0.05, missed=4.0),
    _Stage(100_000, 1.0, 0.03, missed=15.0),
    # Only gammas that still miss are moved; the stage ends as soon as all agree.
    _Stage(100_000, 3.0, 0.1, missed=1.0, gammas_only=True),
    _Stage(150_000, 2.0, 0.02, missed=40.0),
)
# A question with many correlations is searched at most this many times as long as one with a single correlation.
_MOST = 5


def anneal(
    study: Study,
    variable: str,
    codes: Sequence[int],
    forms: Forms,
    demands: Targets,
    rng: random.Random,
    asked: Sequence[bool] | None = None,
    last: bool = True,
) -> float:
    """Move the answers to `variable` in place until its correlations with filled-in questions agree.

    `asked` says on which forms the question is asked, by default on all. When it isn't the `last` to move for its
    correlations, they are only brought near. Returns the distance that is left, 0 when every printed figure agrees.
    """
    goals = goals_of(study, variable, forms, demands)
    if not goals:
        return 0.0
    moves = _Moves(study, variable, codes, forms, demands, rng, asked)
    search = _Search(forms[variable], goals, rng)
    for stage in (_CHANGE_START if moves.changeable else _SWAP_START, *(_STAGES if last else _STAGES[:1])):
        search.run(moves, stage)
    return search.total


class _Search:
    """Simulated annealing over the answers to one question; keeps the best answers it has seen."""

    def __init__(self, answers: list[int], goals: list[Goal], rng: random.Random) -> None:
        self.answers, self.goals, self.rng = answers, goals, rng
        self.total = 0.0

    def run(self, moves: _Moves, stage: _Stage) -> None:
        """Cool down once, until nothing is left to gain."""
        self._measure(stage)
        best, best_answers = self.total, self.answers[:]
        steps = stage.steps * min(len(self.goals), _MOST)
        temperature, cooling = stage.start, (stage.end / stage.start) ** (1 / steps)
        for _ in range(steps):
            if self.total <= 0:
                break
            temperature *= cooling
            move = moves.propose(twofold=stage.exact)
            if move is not None and self._try(move, temperature, stage) and self.total < best:
                best, best_answers = self.total, self.answers[:]
        self._restore(best_answers, stage)

    def _try(self, move: Move, temperature: float, stage: _Stage) -> bool:
        """Make the move or reject it; return whether it was made.

        Gammas and standard errors may make up for each other. Where gammas get worse by more than standard errors
        could ever win back, the standard errors needn't be computed.
        """
        touched = [goal for goal in self.goals if goal.counts.changes(move)]
        gammas = [goal.of_gammas(stage.missed) for goal in touched]
        gammas_worse = sum(gammas) - sum(goal.gammas for goal in touched)
        others_now = sum(goal.others for goal in touched)
        bar = -temperature * math.log(1.0 - self.rng.random())
        if gammas_worse - others_now > bar:
            for goal in touched:
                goal.counts.trial = (goal.counts.p, goal.counts.q)
            return False
        before = [(c.gamma, c.ase, c.t, c.p, c.q, c.concordant, c.discordant) for c in (goal.counts for goal in touched)]
        for goal in touched:
            goal.counts.apply()
            goal.counts.count()
        others = [self._of_others(goal, stage) for goal in touched]
        worse = gammas_worse + sum(others) - others_now
        # Forms that no correlation counts swap too, or their answers would never get anywhere else.
        if worse > bar:
            for goal, figures in zip(touched, before, strict=True):
                c = goal.counts
                c.apply(-1)
                c.gamma, c.ase, c.t, c.p, c.q, c.concordant, c.discordant = figures
                c.trial = (c.p, c.q)
            return False
        for goal, of_gammas, of_others in zip(touched, gammas, others, strict=True):
            goal.gammas, goal.others = of_gammas, of_others
        for form, _, new in move:
            self.answers[form] = new
        if touched:
            self.total = sum(goal.gammas + goal.others for goal in self.goals)
        return True

    @staticmethod
    def _of_others(goal: Goal, stage: _Stage) -> float:
        return 0.0 if stage.gammas_only else goal.of_others(stage.exact)

    def _measure(self, stage: _Stage) -> None:
        for goal in self.goals:
            goal.gammas, goal.others = goal.of_gammas(stage.missed), self._of_others(goal, stage)
        self.total = sum(goal.gammas + goal.others for goal in self.goals)

    def _restore(self, best_answers: list[int], stage: _Stage) -> None:
        for form, (now, then) in enumerate(zip(self.answers, best_answers, strict=True)):
            if now != then:
                for goal in self.goals:
                    if goal.counts.changes([(form, now, then)]):
                        goal.counts.apply()
        self.answers[:] = best_answers
        for goal in self.goals:
            goal.counts.count()
        self._measure(stage)


class _Moves:
    """Proposals to change the answers to one question that keep all printed counts."""

    def __init__(
        self,
        study: Study,
        variable: str,
        codes: Sequence[int],
        forms: Forms,
        demands: Targets,
        rng: random.Random,
        asked: Sequence[bool] | None,
    ) -> None:
        self.study = study
        self.answers, self.rng = forms[variable], rng
        correlations = [c for c in demands.correlations if variable in (c.row.variable, c.column.variable)]
        # "Don't know" counts for some tables and not for others, so it stays where it is.
        self.codes = [code for code in codes if all(own_axis(variable, c).index(code) is not None for c in correlations)]
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
                    self.collapsed.append((own, [position_of(other, code) for code in forms[other.variable]]))
        self.blankness = _blankness(self.study, variable, forms, demands)
        settled = _settled(variable, forms, demands)
        self.changeable: set[int] = set()
        classes: dict[tuple[int, ...], list[int]] = defaultdict(list)
        for form, answer in enumerate(self.answers):
            at = tuple(position_of(axis, forms[axis.variable][form]) for axis in crossed)
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

    def propose(self, twofold: bool = False) -> Move | None:
        """Propose a simple move, or with `twofold` sometimes two at once; None when the draw came to nothing."""
        move = self._simple()
        if move is None or not twofold or self.rng.random() >= _TWOFOLD:
            return move
        more = self._simple()
        if more is None or {form for form, _, _ in move} & {form for form, _, _ in more}:
            return move
        return move + more

    def _simple(self) -> Move | None:
        """Propose that two forms swap their answers, or that one changes its own; None when the draw came to nothing."""
        if not self.movable:
            return None
        first = self._pick(self.movable)
        old = self.answers[first]
        if self.changeable and first in self.changeable and old != MISSING and self.rng.random() < _CHANGES:
            new = self._pick(self.codes)
            return [(first, old, new)] if new != old else None
        second = self._pick(self.class_of[first])
        new = self.answers[second]
        if old == new or not self._keeps(first, second, old, new):
            return None
        return [(first, old, new), (second, new, old)]

    def _keeps(self, first: int, second: int, old: int, new: int) -> bool:
        """Return whether swapping the answers `old` and `new` of two forms keeps the numbers answered and collapsed crosstabs."""
        if MISSING in (old, new) and self.blankness[first] != self.blankness[second]:
            return False
        return all(at[first] == at[second] or axis.index(old) == axis.index(new) for axis, at in self.collapsed)

    def _pick(self, items: Sequence[int]) -> int:
        return items[int(self.rng.random() * len(items))]


def _settled(variable: str, forms: Forms, demands: Targets) -> bool:
    """Return whether every question that shares a printed number with `variable` is filled in; until then blanks stay."""
    pairs = [(c.row, c.column) for c in demands.cells] + [(b.row, b.column) for b in demands.both_answered]
    names = [{axis.variable for axis in pair} for pair in pairs]
    return all(variable not in pair or pair <= forms.keys() for pair in names)


def _blankness(study: Study, variable: str, forms: Forms, demands: Targets) -> list[tuple[int, ...]]:
    """Return, per form, what decides to which printed numbers of forms it adds if it answers `variable`."""
    columns: list[list[int]] = []
    for both in demands.both_answered:
        if variable in (both.row.variable, both.column.variable):
            other = both.column if both.row.variable == variable else both.row
            others = forms.get(other.variable, [MISSING] * demands.forms)
            columns.append([int(position_of(other, code) >= 0) for code in others])
            columns.append(forms[role_name(study)] if both.role else [0] * demands.forms)
    return list(zip(*columns, strict=True)) if columns else [()] * demands.forms
