"""The forms of each questionnaire, filled in so that the report's tables come out."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass

from frs_pipeline.reconstruction.annealing import anneal
from frs_pipeline.reconstruction.answering import who_answers
from frs_pipeline.reconstruction.correlations import gamma_figures
from frs_pipeline.reconstruction.papers import occasion_codes, papers, role_name
from frs_pipeline.reconstruction.placement import MISSING, Forms, place
from frs_pipeline.reconstruction.targets import Targets, targets
from frs_pipeline.study import Study
from frs_pipeline.study.about import about
from frs_pipeline.study.assumptions import Assumptions, assumptions
from frs_pipeline.study.instruments import BOTH
from frs_pipeline.study.questionnaires import Question, Questionnaire


@dataclass(frozen=True)
class Population:
    """The filled-in forms of one questionnaire, one list of codes per question (0 = blank), and how far correlations miss."""

    instrument: str
    occasions: list[int]
    forms: Forms
    residuals: dict[str, float]


def populate(study: Study, instrument: str, report: Callable[[str], None] = lambda _: None) -> Population:
    """Fill in the forms of `instrument`: they meet every printed count, and every printed correlation as nearly as possible.

    `report` gets the name of each question as it is filled in. Raises `CheckFailed` when the counts can't be met.
    """
    chosen = assumptions(study)
    questionnaire = papers(study)[instrument]
    demands = targets(study, instrument)
    rng = random.Random(f"{chosen.seed} {instrument}")  # noqa: S311 - reproducible, not secret
    occasions = _occasions(study, questionnaire, demands.forms)
    forms: Forms = {}
    names = {code: name for name, code in occasion_codes(study).items()}
    role = questionnaire.role
    if role:
        forms[role.name] = _roles(demands, role.name)
    answered = who_answers(study, demands, forms.get(role.name) if role else None, occasions, rng)
    residuals: dict[str, float] = {}
    for turn, name in enumerate(chosen.order[instrument], start=1):
        question = questionnaire.question(name)
        assert question is not None
        asked = [question.occasion in (BOTH, names[occasion]) for occasion in occasions]
        shares = _shares(study, question, forms, demands, chosen, sum(asked) / demands.forms)
        if name not in forms:
            forms[name] = place(study, name, question.codes, asked, shares, forms, answered, demands, rng)
        # If a question correlated with this one still has to move, that move brings their figures to the last decimal.
        last = not _partners(name, demands) & forms.keys() & set(chosen.order[instrument][turn:])
        residuals[name] = anneal(study, name, question.codes, forms, demands, rng, asked, last)
        report(f"{instrument}.{name}")
    return Population(instrument, occasions, forms, residuals)


def _partners(name: str, demands: Targets) -> set[str]:
    """Return the questions with which `name` has a printed correlation."""
    pairs = [{c.row.variable, c.column.variable} for c in demands.correlations]
    return {other for pair in pairs if name in pair for other in pair - {name}}


def _occasions(study: Study, questionnaire: Questionnaire, forms: int) -> list[int]:
    """Return the occasion of every form; for a paper of all occasions, one per conference, less those lacking at the first."""
    if questionnaire.occasion != BOTH:
        return [occasion_codes(study)[questionnaire.occasion]] * forms
    conferences = about(study).printed.held
    lacking = sum(conferences.values()) - forms
    numbers = [conferences[name] - (0 if code > 1 else lacking) for name, code in occasion_codes(study).items()]
    return [code for code, number in enumerate(numbers, start=1) for _ in range(number)]


def _roles(demands: Targets, role: str) -> list[int]:
    """Return the role of every form: as few of each as the printed numbers allow; the other forms left the question blank.

    At least its largest printed row, and at least all who answered either of two questions that a
    correlation by role crosses.
    """
    rows: dict[tuple[int, str], int] = {}
    for cells in demands.cells:
        if cells.row.variable == role:
            for category, row in zip(cells.row.categories, cells.counts, strict=True):
                rows[category.codes[0], cells.column.variable] = sum(row)
    largest: dict[int, int] = {}
    for (code, _), number in rows.items():
        largest[code] = max(largest.get(code, 0), number)
    for both in demands.both_answered:
        pair = [rows.get((both.role, axis.variable)) for axis in (both.row, both.column)] if both.role else [None]
        if both.role and None not in pair:
            largest[both.role] = max(largest[both.role], sum(n or 0 for n in pair) - both.n)
    roles = [code for code, number in sorted(largest.items()) for _ in range(number)]
    return roles + [MISSING] * (demands.forms - len(roles))


def _shares(study: Study, question: Question, forms: Forms, demands: Targets, chosen: Assumptions, asked: float) -> list[float]:
    """Return the expected share of blank and of each code among the forms on which the question is asked."""
    counts = demands.margins.get(question.name)
    if counts is None:
        for cells in demands.cells:
            if cells.column.variable == question.name and cells.row.variable == role_name(study):
                sums = [sum(row[j] for row in cells.counts) for j in range(len(cells.column.categories))]
                counts = {c.codes[0]: n for c, n in zip(cells.column.categories, sums, strict=True)}
                break
            for axis, numbers in (
                (cells.row, [sum(row) for row in cells.counts]),
                (cells.column, [sum(column) for column in zip(*cells.counts, strict=True)]),
            ):
                if axis.variable == question.name and all(len(c.codes) == 1 for c in axis.categories):
                    counts = {c.codes[0]: n for c, n in zip(axis.categories, numbers, strict=True)}
        answered = chosen.answered
    else:
        answered = min(1.0, sum(counts.values()) / (demands.forms * asked))
    if counts is None:
        start = [chosen.starting_shares[question.scale][i] for i in range(len(question.codes))]
        shares = _concentrated(start, question, forms, demands)
    else:
        whole = sum(counts.values())
        shares = [counts.get(code, 0) / whole for code in question.codes]
    return [1 - answered, *(answered * share for share in shares)]


def _concentrated(start: list[float], question: Question, forms: Forms, demands: Targets) -> list[float]:
    """Concentrate or spread out the shares of `start` until their ASE0 is the printed gamma / T.

    ASE0 falls as either question spreads out, so a printed T reveals how uneven the answers were.
    """
    for target in demands.correlations:
        other = {target.row.variable: target.column, target.column.variable: target.row}.get(question.name)
        if other is None or not target.t or other.variable not in forms:
            continue
        both = next((b.n for b in demands.both_answered if (b.row, b.column) == (target.row, target.column)), 0)
        marginals = [sum(code in c.codes for code in forms[other.variable]) for c in other.categories]
        aim = target.gamma / target.t

        def ase0(power: float, marginals: list[int] = marginals, both: int = both) -> float:
            mine = _powered(start, power)
            # Scaled by 1000, since the counts have to be whole numbers.
            table = [[round(1000 * both * share * n / sum(marginals)) for n in marginals] for share in mine]
            table[0][0] += 1  # independence itself has a gamma of 0 and no T
            gamma, _, t, _, _ = gamma_figures(table)
            return gamma / t * math.sqrt(1000) if t else 0.0

        low, high = 0.2, 20.0
        for _ in range(30):
            middle = (low + high) / 2
            low, high = (middle, high) if ase0(middle) < aim else (low, middle)
        return _powered(start, low)
    return start


def _powered(shares: list[float], power: float) -> list[float]:
    raised = [share**power for share in shares]
    return [share / sum(raised) for share in raised]
