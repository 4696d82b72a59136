"""Who answers what: one decision for all questions that printed numbers of forms tie together.

Taken one question after the other, a later number can turn out impossible; so questions whose printed numbers
depend on each other are settled at once, as the number of forms of each role and occasion with each pattern of
answered and blank.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from itertools import product

from frs_pipeline.errors import CheckFailed
from frs_pipeline.reconstruction.papers import occasion_codes, papers, role_name
from frs_pipeline.reconstruction.placement import MISSING, Answered, nearest
from frs_pipeline.reconstruction.targets import Targets
from frs_pipeline.study import Study
from frs_pipeline.study.instruments import BOTH

_Stratum = tuple[int, int]  # role, occasion


def who_answers(study: Study, demands: Targets, roles: list[int] | None, occasions: list[int], rng: random.Random) -> Answered:
    """Decide, for each tied question, which forms answer it. Raises `CheckFailed` when the numbers can't all hold."""
    strata: dict[_Stratum, list[int]] = defaultdict(list)
    for form in range(demands.forms):
        strata[(roles[form] if roles else MISSING, occasions[form])].append(form)
    answered: Answered = {}
    for questions in _tied(study, demands):
        answered |= _settle(study, questions, strata, demands, rng)
    return answered


def _tied(study: Study, demands: Targets) -> list[list[str]]:
    """Group the questions that share numbers of forms, each with a printed number of its own."""
    known = set(demands.margins) | {n for c in demands.cells for n in (c.row.variable, c.column.variable)}
    pairs = [{c.row.variable, c.column.variable} for c in demands.cells]
    pairs += [{b.row.variable, b.column.variable} for b in demands.both_answered]
    # A question without a number of its own belongs here only if it is crossed with more than one other.
    degree: dict[str, int] = defaultdict(int)
    for distinct in {frozenset(p) for p in pairs}:
        for name in distinct:
            degree[name] += 1
    groups: list[set[str]] = []
    for pair in pairs:
        tied = {name for name in pair if name != role_name(study) and (name in known or degree[name] > 1)}
        if len(tied) == 2:
            touching = [g for g in groups if g & tied]
            groups = [g for g in groups if g not in touching] + [tied.union(*touching)]
    return [sorted(group) for group in groups]


def _settle(
    study: Study, questions: Sequence[str], strata: dict[_Stratum, list[int]], demands: Targets, rng: random.Random
) -> Answered:
    patterns = list(product((False, True), repeat=len(questions)))
    keys = sorted(strata)
    columns = [(key, pattern) for key in keys for pattern in patterns]
    rows: list[list[int]] = []
    totals: list[int] = []
    wished: list[tuple[list[int], int]] = []

    def row(names: Sequence[str], role: int | None = None) -> list[int]:
        at = [questions.index(name) for name in names]
        return [int((role is None or key[0] == role) and all(pattern[i] for i in at)) for key, pattern in columns]

    for key in keys:
        rows.append([int(k == key) for k, _ in columns])
        totals.append(len(strata[key]))
    for name in questions:
        if name in demands.margins:
            rows.append(row([name]))
            totals.append(sum(demands.margins[name].values()))
    for cells in demands.cells:
        pair = [cells.row.variable, cells.column.variable]
        if (
            role_name(study) in pair
            and pair[1] in questions
            and pair[1] not in _with_uncounted(study, cells.column.variable, demands)
        ):
            for category, line in zip(cells.row.categories, cells.counts, strict=True):
                rows.append(row([pair[1]], category.codes[0]))
                totals.append(sum(line))
        elif set(pair) <= set(questions):
            rows.append(row(pair))
            totals.append(sum(map(sum, cells.counts)))
    for both in demands.both_answered:
        pair = [both.row.variable, both.column.variable]
        if set(pair) <= set(questions):
            if both.firm:
                rows.append(row(pair, both.role))
                totals.append(both.n)
            elif (row(pair), both.n) not in wished:
                wished.append((row(pair), both.n))
    for name in questions:
        # A question asked at one occasion only: as many answers as possible should come from there.
        question = papers(study)[demands.instrument].question(name)
        if question is not None and question.occasion != BOTH and name in demands.margins:
            at = questions.index(name)
            there = [int(key[1] == occasion_codes(study)[question.occasion] and pattern[at]) for key, pattern in columns]
            wished.insert(0, (there, sum(demands.margins[name].values())))
    solution = nearest(rows, totals, _expected(study, questions, columns, strata, demands), wished)
    if solution is None:
        raise CheckFailed(f"the printed numbers of forms of {demands.instrument} can't all hold")
    answered: Answered = {name: [False] * demands.forms for name in questions}
    for key in keys:
        drawn = [p for (k, p), n in zip(columns, solution, strict=True) if k == key for _ in range(n)]
        rng.shuffle(drawn)
        for form, pattern in zip(strata[key], drawn, strict=True):
            for name, yes in zip(questions, pattern, strict=True):
                answered[name][form] = yes
    return answered


def _with_uncounted(study: Study, name: str, demands: Targets) -> set[str]:
    """Return `name` if the question has a "don't know": a role crosstab leaves it out, so its rows count too few."""
    question = papers(study)[demands.instrument].question(name)
    return {name} if question is not None and question.dont_know is not None else set()


def _expected(
    study: Study,
    questions: Sequence[str],
    columns: Sequence[tuple[_Stratum, tuple[bool, ...]]],
    strata: dict[_Stratum, list[int]],
    demands: Targets,
) -> list[float]:
    """Return the expected forms of each pattern if questions were left blank independently of each other."""
    shares: dict[str, float] = {}
    only: dict[str, int] = {}
    for name in questions:
        question = papers(study)[demands.instrument].question(name)
        base = demands.forms
        if question is not None and question.occasion != BOTH:
            only[name] = occasion_codes(study)[question.occasion]
            base = sum(len(forms) for (_, occasion), forms in strata.items() if occasion == only[name])
        shares[name] = min(1.0, sum(demands.margins.get(name, {}).values()) / base) or 0.9
    expected = []
    for (role, occasion), pattern in columns:
        number = float(len(strata[role, occasion]))
        for name, yes in zip(questions, pattern, strict=True):
            share = shares[name] if only.get(name, occasion) == occasion else 0.0
            number *= share if yes else 1 - share
        expected.append(number)
    return expected
