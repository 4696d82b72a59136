"""Filling in one question on all forms so that every printed count comes out: an integer programme.

Forms are alike when they agree on everything that the printed counts of this question are crossed with. How many of
each such class give each answer is a small integer programme (HiGHS through SciPy): the printed counts are its
equations, and of their solutions it takes one near independence, so that nothing looks contrived.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from frs_pipeline.errors import CheckFailed
from frs_pipeline.reconstruction.papers import role_name
from frs_pipeline.reconstruction.targets import BothAnswered, Cells, Targets
from frs_pipeline.study import Study
from frs_pipeline.study.tables import Axis

MISSING = 0
Forms = dict[str, list[int]]
Answered = dict[str, list[bool]]
_ClassKey = tuple[int, ...]
_Demand = tuple[int, list[bool], set[int]]


def place(
    study: Study,
    variable: str,
    codes: Sequence[int],
    asked: Sequence[bool],
    shares: Sequence[float],
    forms: Forms,
    answered: Answered,
    demands: Targets,
    rng: random.Random,
) -> list[int]:
    """Fill in `variable` on every form (0 = blank) so that its printed counts hold, given the questions already filled in.

    `asked` says on which forms the question is asked, `shares` how often blank and each code are expected,
    `answered` who answers the questions for which that is settled already. Raises `CheckFailed` when no
    answers can satisfy the counts.
    """
    question = _Question(study, variable, codes, asked, forms, answered, demands)
    solution = nearest(*question.equations(), question.expected(shares))
    if solution is None:
        raise CheckFailed(f"no answers to {demands.instrument}.{variable} satisfy its printed counts")
    return question.drawn(solution, rng)


class _Question:
    """A question to be filled in: forms that are alike to its printed counts in classes, and the equations of these.

    The unknowns are how many forms of each class give each answer, class by class.
    """

    def __init__(
        self,
        study: Study,
        variable: str,
        codes: Sequence[int],
        asked: Sequence[bool],
        forms: Forms,
        answered: Answered,
        demands: Targets,
    ) -> None:
        self.variable, self.codes, self.demands, self.role = variable, codes, demands, role_name(study)
        self.settled = answered.get(variable)
        self.cells = [c for c in demands.cells if variable in _pair(c) and _other(c, variable) in forms]
        self.later = [c for c in demands.cells if variable in _pair(c) and _other(c, variable) not in forms]
        self.both = [
            b
            for b in demands.both_answered
            if variable in _pair(b) and b.firm and _other(b, variable) in forms and variable not in answered
        ]
        by_value = sorted({_other(c, variable) for c in self.cells} | ({self.role} if any(b.role for b in self.both) else set()))
        by_answered = sorted({_other(b, variable) for b in self.both} - set(by_value))
        self.to_come = sorted({_other(c, variable) for c in self.later} & set(answered))
        self.classes: dict[_ClassKey, list[int]] = defaultdict(list)
        for form in range(demands.forms):
            key = (
                (1 if asked[form] else 0) if self.settled is None else (2 if self.settled[form] else 0),
                *(forms[name][form] for name in by_value),
                *(int(forms[name][form] != MISSING) for name in by_answered),
                *(int(answered[name][form]) for name in self.to_come),
            )
            self.classes[key].append(form)
        self.keys = sorted(self.classes)
        self.answers = [MISSING, *codes]
        self.names = ["", *by_value, *by_answered, *self.to_come]

    def equations(self) -> tuple[list[list[int]], list[int]]:
        """Write each printed count as a row of the unknowns and their total."""
        demands = list(self._demands())
        rows = [[int(hit and answer in given) for hit in of_class for answer in self.answers] for _, of_class, given in demands]
        return rows, [total for total, _, _ in demands]

    def _demands(self) -> Iterator[_Demand]:
        """Yield what has to add up: how many forms, of which classes, with one of which answers."""
        keys = self.keys
        for index, key in enumerate(keys):
            yield len(self.classes[key]), [i == index for i in range(len(keys))], set(self.answers)
        for code, count in self.demands.margins.get(self.variable, {}).items():
            yield count, [True] * len(keys), {code}
        yield from self._of_crosstabs()
        if self.settled is not None:
            yield 0, [key[0] == 2 for key in keys], {MISSING}
            yield 0, [key[0] == 0 for key in keys], set(self.codes)
        for pair in self.both:
            own, other = _axes(pair, self.variable)
            at = self.names.index(other.variable)
            counted = {code for category in own.categories for code in category.codes}
            for_role = [pair.role is None or key[self.names.index(self.role)] == pair.role for key in keys]
            yield pair.n, [hit and key[at] != MISSING for hit, key in zip(for_role, keys, strict=True)], counted

    def _of_crosstabs(self) -> Iterator[_Demand]:
        for cell in self.cells:
            own, other = _axes(cell, self.variable)
            at = self.names.index(other.variable)
            for i, mine in enumerate(own.categories):
                for j, theirs in enumerate(other.categories):
                    count = cell.counts[i][j] if own is cell.row else cell.counts[j][i]
                    yield count, [key[at] in theirs.codes for key in self.keys], set(mine.codes)
        for cell in self.later:
            # Who will answer the other question is known, so each answer's total over those forms is too.
            own, other = _axes(cell, self.variable)
            if other.variable in self.to_come:
                at = self.names.index(other.variable)
                for i, mine in enumerate(own.categories):
                    count = sum(cell.counts[i]) if own is cell.row else sum(row[i] for row in cell.counts)
                    yield count, [bool(key[at]) for key in self.keys], set(mine.codes)

    def expected(self, shares: Sequence[float]) -> list[float]:
        """Return how many forms would give each answer if it depended on nothing, from the `shares` of blank and each code."""
        return [
            len(self.classes[key]) * (share if key[0] else float(answer == MISSING)) / (1 - shares[0] if key[0] == 2 else 1)
            for key in self.keys
            for answer, share in zip(self.answers, shares, strict=True)
        ]

    def drawn(self, solution: Sequence[int], rng: random.Random) -> list[int]:
        """Deal the answers of a solution out among the forms of each class."""
        result = [MISSING] * self.demands.forms
        for index, key in enumerate(self.keys):
            numbers = solution[index * len(self.answers) :]
            dealt = [answer for answer, number in zip(self.answers, numbers, strict=False) for _ in range(number)]
            rng.shuffle(dealt)
            for form, answer in zip(self.classes[key], dealt, strict=True):
                result[form] = answer
        return result


def nearest(
    rows: list[list[int]],
    totals: list[int],
    expected: list[float],
    wished: Sequence[tuple[list[int], int]] = (),
) -> list[int] | None:
    """Find whole numbers x >= 0 with `rows` @ x = `totals`, near `expected` by the sum of absolute differences.

    Each of `wished`, (row, total), comes first and is met as nearly as possible. None when there is no solution.
    """
    if wished:
        row, total = wished[0]
        for missed in range(total + 1):
            for aim in {total - missed, total + missed}:
                if _solvable([*rows, row], [*totals, aim]):
                    return nearest([*rows, row], [*totals, aim], expected, wished[1:])
        return None
    size = len(expected)
    equations = csr_array(np.hstack([np.array(rows), np.zeros((len(rows), size), dtype=int)]))
    # x - d <= expected and x + d >= expected make d the absolute difference that the objective adds up.
    unit = np.eye(size)
    near = csr_array(np.vstack([np.hstack([unit, -unit]), np.hstack([-unit, -unit])]))
    outcome = milp(
        c=np.concatenate([np.zeros(size), np.ones(size)]),
        constraints=[
            LinearConstraint(equations, totals, totals),
            LinearConstraint(near, -np.inf, np.concatenate([expected, -np.array(expected)])),
        ],
        integrality=np.repeat([1, 0], size),
        bounds=Bounds(0, np.inf),
        options={"mip_rel_gap": 0.2},
    )
    return None if outcome.x is None else [round(x) for x in outcome.x[:size]]


def _solvable(rows: list[list[int]], totals: list[int]) -> bool:
    size = len(rows[0])
    equations = LinearConstraint(csr_array(rows), totals, totals)
    outcome = milp(np.zeros(size), constraints=[equations], integrality=np.ones(size, dtype=int))
    return outcome.x is not None


def _pair(item: Cells | BothAnswered) -> frozenset[str]:
    return frozenset((item.row.variable, item.column.variable))


def _other(item: Cells | BothAnswered, variable: str) -> str:
    return item.column.variable if item.row.variable == variable else item.row.variable


def _axes(item: Cells | BothAnswered, variable: str) -> tuple[Axis, Axis]:
    """Return (axis of `variable`, axis of the other question)."""
    return (item.row, item.column) if item.row.variable == variable else (item.column, item.row)
