"""Filling in one question on all forms so that every printed count comes out: an integer programme.

Forms are alike when they agree on everything that the printed counts of this question are crossed with. How many of
each such class give each answer is a small integer programme (HiGHS through SciPy): the printed counts are its
equations, and of their solutions it takes one near independence, so that nothing looks contrived.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence

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
    cells = [c for c in demands.cells if variable in _pair(c) and _other(c, variable) in forms]
    later = [c for c in demands.cells if variable in _pair(c) and _other(c, variable) not in forms]
    both = [
        b
        for b in demands.both_answered
        if variable in _pair(b) and b.firm and _other(b, variable) in forms and variable not in answered
    ]
    by_value = sorted({_other(c, variable) for c in cells} | ({role_name(study)} if any(b.role for b in both) else set()))
    by_answered = sorted({_other(b, variable) for b in both} - set(by_value))
    to_come = sorted({_other(c, variable) for c in later} & set(answered))
    settled = answered.get(variable)
    classes: dict[_ClassKey, list[int]] = defaultdict(list)
    for form in range(demands.forms):
        key = (
            (1 if asked[form] else 0) if settled is None else (2 if settled[form] else 0),
            *(forms[name][form] for name in by_value),
            *(int(forms[name][form] != MISSING) for name in by_answered),
            *(int(answered[name][form]) for name in to_come),
        )
        classes[key].append(form)
    keys = sorted(classes)
    answers = [MISSING, *codes]
    names = ["", *by_value, *by_answered, *to_come]

    rows: list[list[int]] = []
    totals: list[int] = []

    def demand(total: int, of_class: Sequence[bool], of_answers: set[int]) -> None:
        rows.append([int(hit and a in of_answers) for hit in of_class for a in answers])
        totals.append(total)

    for index, key in enumerate(keys):
        demand(len(classes[key]), [i == index for i in range(len(keys))], set(answers))
    for code, count in demands.margins.get(variable, {}).items():
        demand(count, [True] * len(keys), {code})
    for cell in cells:
        own, other = _axes(cell, variable)
        at = names.index(other.variable)
        for i, mine in enumerate(own.categories):
            for j, theirs in enumerate(other.categories):
                count = cell.counts[i][j] if own is cell.row else cell.counts[j][i]
                demand(count, [key[at] in theirs.codes for key in keys], set(mine.codes))
    for cell in later:
        # Who will answer the other question is known, so each answer's total over those forms is too.
        own, other = _axes(cell, variable)
        if other.variable in to_come:
            at = names.index(other.variable)
            for i, mine in enumerate(own.categories):
                count = sum(cell.counts[i]) if own is cell.row else sum(row[i] for row in cell.counts)
                demand(count, [bool(key[at]) for key in keys], set(mine.codes))
    if settled is not None:
        demand(0, [key[0] == 2 for key in keys], {MISSING})
        demand(0, [key[0] == 0 for key in keys], set(codes))
    for pair in both:
        own, other = _axes(pair, variable)
        at = names.index(other.variable)
        counted = {code for category in own.categories for code in category.codes}
        for_role = [pair.role is None or key[names.index(role_name(study))] == pair.role for key in keys]
        demand(pair.n, [hit and key[at] != MISSING for hit, key in zip(for_role, keys, strict=True)], counted)

    expected = [
        len(classes[key]) * (share if key[0] else float(answer == MISSING)) / (1 - shares[0] if key[0] == 2 else 1)
        for key in keys
        for answer, share in zip(answers, shares, strict=True)
    ]
    solution = nearest(rows, totals, expected)
    if solution is None:
        raise CheckFailed(f"no answers to {demands.instrument}.{variable} satisfy its printed counts")
    result = [MISSING] * demands.forms
    for index, key in enumerate(keys):
        drawn = [a for a, n in zip(answers, solution[index * len(answers) :], strict=False) for _ in range(n)]
        rng.shuffle(drawn)
        for form, answer in zip(classes[key], drawn, strict=True):
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
