"""Who answered what: can the printed numbers of forms all be true of one set of forms?

A pattern says which questions a form answers. Every printed number of forms (a frequency's valid count, a
crosstab's total, a correlation's N) is a sum over patterns, so whether all of them can be true at once is a
question about whole numbers, which HiGHS (through SciPy) answers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from frs_pipeline.printed.tablewise import REST_ON_N, Contradiction, counts, valid_count
from frs_pipeline.study import Study
from frs_pipeline.study.about import about
from frs_pipeline.study.instruments import instruments
from frs_pipeline.study.printed import printed_count
from frs_pipeline.study.tables import TOTAL, Address, Table, catalogue


@dataclass(frozen=True)
class PrintedCount:
    """A printed number of forms that answered all of `questions`."""

    table: int
    questions: frozenset[str]
    forms: int
    key: Address | None = None  # the figure, where it is a correlation's N and could give way


def contradictions(study: Study) -> Iterator[Contradiction]:
    """Find the N that must give way so that all other printed numbers of forms can be true together.

    As few as possible; of two sets that are equally small, the one of later tables.
    """
    for mart in instruments(study):
        numbers = list(_numbers(study, mart))
        size = next((n.forms for n in numbers if not n.questions), 0)
        for group in _connected(numbers):
            yield from _contradictions(group, size)


def _numbers(study: Study, mart: str) -> Iterator[PrintedCount]:
    for table in catalogue(study).values():
        if table.marts != (mart,) or table.group is not None:
            continue
        total = printed_count(study, Address(table.number, TOTAL, "", "", "count"))
        if table.kind == "frequency":
            if total is not None:
                yield PrintedCount(table.number, frozenset(), total)
            valid = valid_count(study, mart, table.row.variable)
            if valid is not None and valid[1] == table.number:
                yield PrintedCount(table.number, frozenset({table.row.variable}), valid[0])
        elif table.column is not None and about(study).role not in table.variables:
            yield from _of_pair(study, table, frozenset({table.row.variable, table.column.variable}))


def _of_pair(study: Study, table: Table, pair: frozenset[str]) -> Iterator[PrintedCount]:
    cells = counts(study, table)
    key = Address(table.number, "", "", "", "n")
    if cells is not None:
        yield PrintedCount(table.number, pair, sum(map(sum, cells)))
    elif (n := printed_count(study, key)) is not None:
        yield PrintedCount(table.number, pair, n, key)


def _connected(numbers: Sequence[PrintedCount]) -> list[list[PrintedCount]]:
    """Group numbers that share questions; questions with only one number can't contradict anything and are left out."""
    pairs = [n for n in numbers if len(n.questions) == 2]
    singles = {q for n in numbers if len(n.questions) == 1 for q in n.questions}
    used = {q for n in pairs for q in n.questions}
    telling = {q for q in used if q in singles or len({n.questions for n in pairs if q in n.questions}) > 1}
    groups: list[set[str]] = []
    for number in pairs:
        if number.questions <= telling:
            touching = [g for g in groups if g & number.questions]
            groups = [g for g in groups if g not in touching] + [set().union(number.questions, *touching)]
    return [[n for n in numbers if n.questions and n.questions <= g] for g in groups]


def _contradictions(numbers: list[PrintedCount], size: int) -> Iterator[Contradiction]:
    given_up = _fewest_to_give_up(numbers, size)
    remaining = [n for n in numbers if n not in given_up]
    for number in given_up:
        assert number.key is not None
        low, high = _possible(remaining, number.questions, size)
        against = _minimal(remaining, number, size)
        *others, last = (str(n) for n in sorted({n.table for n in against}))
        names = ", ".join((*others, last))
        names_danish = f"{', '.join(others)} og {last}" if others else last
        possible = f"exactly {low}" if low == high else f"between {low} and {high}"
        possible_danish = f"netop {low}" if low == high else f"mellem {low} og {high}"
        yield Contradiction(
            "numbers_of_forms",
            (number.table, *sorted({n.table for n in against} - {number.table})),
            f"table {number.table} prints N = {number.forms}; the numbers of forms in table {names} can't all hold with it "
            f"({possible} forms can have answered both questions)",
            f"i tabel {number.table} står N = {number.forms}; det kan ikke passe med antallene af skemaer i tabel {names_danish} "
            f"({possible_danish} skemaer kan have svar på begge spørgsmål)",
            (number.key, *(number.key._replace(measure=m) for m in REST_ON_N)),
        )


def _fewest_to_give_up(numbers: list[PrintedCount], size: int) -> list[PrintedCount]:
    """Find the smallest set of correlation Ns without which the rest can hold; ties go to the later tables."""
    patterns = _patterns(numbers)
    elastic = [n for n in numbers if n.key is not None]
    rows = [_row(patterns, n.questions) for n in numbers]
    # Each elastic number may be missed by any amount once its 0/1 variable says that it is given up.
    columns = len(patterns) + len(elastic)
    constraints = [_equals([*[1] * len(patterns), *[0] * len(elastic)], size)]
    for number, row in zip(numbers, rows, strict=True):
        slack = [size if number is e else 0 for e in elastic]
        constraints.append(LinearConstraint([[*row, *slack]], number.forms, np.inf))
        constraints.append(LinearConstraint([[*row, *(-s for s in slack)]], -np.inf, number.forms))
    cost = [0.0] * len(patterns) + [1 - n.table / 1000 / len(elastic) for n in elastic]
    upper = [np.inf] * len(patterns) + [1.0] * len(elastic)
    outcome = milp(cost, constraints=constraints, integrality=np.ones(columns, dtype=int), bounds=Bounds(0, upper))
    if outcome.x is None:
        raise ValueError("printed counts that aren't correlations contradict each other")
    return [e for e, up in zip(elastic, outcome.x[len(patterns) :], strict=True) if up > 0.5]


def _possible(numbers: Iterable[PrintedCount], questions: frozenset[str], size: int) -> tuple[int, int]:
    """Return the fewest and the most forms that can have answered `questions`, if all `numbers` hold."""
    numbers = list(numbers)
    patterns = _patterns([*numbers, PrintedCount(0, questions, 0)])
    row = np.array(_row(patterns, questions), dtype=float)
    bounds = [_solve(sign * row, numbers, patterns, size) for sign in (1, -1)]
    return int(bounds[0] or 0), -int(bounds[1] or 0)


def _minimal(remaining: list[PrintedCount], number: PrintedCount, size: int) -> list[PrintedCount]:
    """Reduce `remaining`, by leaving out one after the other, to a minimal part that still rules out `number`."""
    needed = list(remaining)
    for candidate in sorted(remaining, key=lambda n: -len(n.questions)):
        rest = [n for n in needed if n is not candidate]
        patterns = _patterns([*rest, number])
        if _solve(np.zeros(len(patterns)), [*rest, number], patterns, size) is None:
            needed = rest
    return needed


def _solve(cost: np.ndarray, numbers: Iterable[PrintedCount], patterns: list[frozenset[str]], size: int) -> float | None:
    constraints = [_equals([1] * len(patterns), size)]
    constraints += [_equals(_row(patterns, n.questions), n.forms) for n in numbers]
    outcome = milp(cost, constraints=constraints, integrality=np.ones(len(patterns), dtype=int), bounds=Bounds(0, np.inf))
    return None if outcome.x is None else round(outcome.fun)


def _patterns(numbers: Iterable[PrintedCount]) -> list[frozenset[str]]:
    questions = sorted({q for n in numbers for q in n.questions})
    return [
        frozenset(q for q, yes in zip(questions, flags, strict=True) if yes)
        for flags in product((False, True), repeat=len(questions))
    ]


def _row(patterns: Sequence[frozenset[str]], questions: frozenset[str]) -> list[int]:
    return [int(questions <= pattern) for pattern in patterns]


def _equals(row: Sequence[int], total: int) -> LinearConstraint:
    return LinearConstraint([list(row)], total, total)
