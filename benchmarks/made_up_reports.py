"""Made-up reports that don't contradict themselves: forms are drawn, counted and printed, in several habits of rounding.

Nothing may be said of them. What a rule could stumble over is drawn too: hardly any forms or very many, answers that nobody
gives, questions with one answer or without any, blanks, forms without a role, answers left out, turned or collapsed, tables
printed twice, a second file with the same questions, a part of the forms, tables that don't say which forms they count, and
totals, measures or single figures that aren't printed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal

import numpy as np
from numpy.typing import NDArray

from frs_pipeline.language import Text
from frs_pipeline.printed.model import PrintedTable, PrintedTables, Scale
from frs_pipeline.stats.gamma import Gamma, goodman_kruskal, partial
from frs_pipeline.study.tables import MISSING, TOTAL, TOTAL_VALID, Address

Ints = NDArray[np.int64]
# How percentages are rounded, in all tables of a report; statistics are never cut off.
CUT_OFF = "cut off"
HABITS = {"half away from zero": ROUND_HALF_UP, "half to even": ROUND_HALF_EVEN, CUT_OFF: ROUND_DOWN}
SIZES = (3, 8, 20, 60, 200, 1000, 5000, 40_000)
ROLES = ("barn", "mor", "far", "netværk")
_CONTEXT = Context(prec=60)


@dataclass
class Printer:
    """How one report prints: the habit of its percentages, and decimals of percentages and of statistics."""

    habit: str
    decimals: int
    fine: dict[str, int]
    sign: str
    zero: bool
    hundred: bool
    minus: bool

    def share(self, part: int, whole: int, decimals: int | None = None) -> str:
        if self.hundred and part == whole:
            return "100" + self.sign
        exact = _CONTEXT.divide(Decimal(100 * part), Decimal(whole))
        return self._text(exact, HABITS[self.habit], self.decimals if decimals is None else decimals) + self.sign

    def statistic(self, value: float, measure: str) -> str:
        mode = ROUND_HALF_UP if self.habit == CUT_OFF else HABITS[self.habit]
        # As many digits as a float surely has.
        return self._text(Decimal(format(value, ".15g")), mode, self.fine[measure])

    def _text(self, exact: Decimal, mode: str, decimals: int) -> str:
        rounded = exact.quantize(Decimal(1).scaleb(-decimals), rounding=mode, context=_CONTEXT)
        text = format(abs(rounded), "f").replace(".", ",")
        if not self.zero and text.startswith("0,"):
            text = text[1:]
        return f"-{text}" if rounded < 0 or (self.minus and exact < 0) else text


@dataclass
class Report:
    """A report in the making: its forms, answers from 1 and 0 for a blank, and the tables so far."""

    rng: np.random.Generator
    printer: Printer
    of_groups: bool
    tables: dict[int, PrintedTable] = field(default_factory=dict)

    def add(
        self, kind: str, rows: Scale, columns: Scale | None, figures: dict[tuple[str, str, str, str], str], forms: tuple[str, ...]
    ) -> None:
        number = len(self.tables) + 1
        if self.chance(0.1):
            # Somebody left out a figure here and there, but no row that says what its percentages are of.
            figures = {place: text for place, text in figures.items() if place[0] in (TOTAL_VALID, MISSING) or self.chance(0.9)}
        printed = {Address(number, *place): text for place, text in figures.items()}
        name = Text(f"tabel {number}", f"table {number}")
        self.tables[number] = PrintedTable(number, name, kind, rows, columns, printed, forms)

    def chance(self, of: float) -> bool:
        return bool(self.rng.random() < of)


def habit_of(seed: int) -> str:
    return tuple(HABITS)[seed % len(HABITS)]


def made_up(seed: int) -> PrintedTables:
    """Make a report of two to three files; the habit goes round with the seed."""
    rng = np.random.default_rng([17, seed])
    few, many = (int(n) for n in rng.choice((2, 3, 3, 4), 2))
    fine = {"gamma": few, "partial_gamma": few, "ase": few, "t": many - 1, "p": many}
    printer = Printer(habit_of(seed), int(rng.choice((0, 1, 1, 2))), fine, str(rng.choice(("", "%"))), *(rng.random(3) < 0.4))
    report = Report(rng, printer, bool(rng.random() < 0.5))
    shapes = [int(rng.choice((1, 2, 3, 5, 5, 5, 7))) for _ in range(4)]
    files = ("first", "second")[: 1 + seed % 2]
    drawn = [_draw(rng, int(rng.choice(SIZES)), shapes) for _ in files]
    for file, answers in zip(files, drawn, strict=True):
        _tables(report, answers, shapes, (file,))
        _tables(report, answers[: len(answers) // 2], shapes, (file, "followup"))
    every = np.concatenate(drawn)
    first = _scale("q1", [(code,) for code in range(1, shapes[0] + 1)])
    _distribution(report, every[every[:, 0] > 0, 1], first, (" + ".join(files), "role"))
    if report.chance(0.3):
        _tables(report, _draw(rng, 50, shapes), shapes, ())
    if report.chance(0.2):
        # Nobody says which questions these are.
        report.tables = {n: _unknown(table) for n, table in report.tables.items()}
    return PrintedTables(report.tables)


def _unknown(table: PrintedTable) -> PrintedTable:
    return replace(table, rows=Scale(table.rows.labels), columns=table.columns and Scale(table.columns.labels))


def _draw(rng: np.random.Generator, forms: int, shapes: Sequence[int]) -> Ints:
    """Draw answers (forms, role and questions), of which some go together and some are blank."""
    common = rng.standard_normal(forms)
    columns = [np.where(rng.random(forms) < 0.1, 0, rng.integers(1, len(ROLES) + 1, forms))]
    for shape in shapes:
        chances = rng.dirichlet(np.ones(shape)) * (rng.random(shape) > 0.15)
        edges = np.cumsum(chances if chances.sum() else np.ones(shape))
        load = rng.uniform(-0.9, 0.9)
        latent = load * common + math.sqrt(1 - load * load) * rng.standard_normal(forms)
        # The rank of each form among all, so that shares are those drawn.
        places = (np.argsort(np.argsort(latent)) + 0.5) / max(forms, 1) * edges[-1]
        answers = np.minimum(np.searchsorted(edges, places), shape - 1) + 1
        blank = float(rng.choice((0, 0.03, 0.3, 0.97)))
        columns.append(np.where(rng.random(forms) < blank, 0, answers))
    return np.stack(columns, axis=1)


def _tables(report: Report, answers: Ints, shapes: Sequence[int], forms: tuple[str, ...]) -> None:
    role = _scale("role", [(code,) for code in range(1, len(ROLES) + 1)], ROLES)
    scales = [_scale(f"q{i}", [(code,) for code in range(1, shape + 1)]) for i, shape in enumerate(shapes, 1)]
    columns = {"role": answers[:, 0], **{scale.question: answers[:, i] for i, scale in enumerate(scales, 1)}}
    for scale in scales:
        for _ in range(1 + report.chance(0.2)):
            _frequency(report, columns[scale.question], scale, forms)
        _crosstab(report, columns, role, scale, forms, ("row_percent",))
    _distribution(report, columns["q1"][columns["role"] > 0], scales[0], (*forms, "role") if forms else ())
    for one, other in ((0, 1), (2, 1), (3, 2)):
        rows, across = (_changed(report, scales[i]) for i in (one, other))
        for _ in range(1 + report.chance(0.3)):
            _crosstab(report, columns, rows, across, forms, _measures(report))
        _correlation(report, columns, rows, across, forms, None)
        _correlation(report, columns, scales[one], scales[other], forms, role)
        few = [_collapsed(report, scale) for scale in (scales[one], scales[other])]
        for counts in (True, False):
            _collapsed_crosstab(report, columns, (few[0], few[1]), forms, counts=counts)


def _measures(report: Report) -> tuple[str, ...]:
    every = ("row_percent", "column_percent", "total_percent")
    return tuple(name for name in every if report.chance(0.5))


def _scale(question: str, codes: Iterable[tuple[int, ...]], labels: Sequence[str] = ()) -> Scale:
    codes = tuple(codes)
    return Scale(tuple(labels) or tuple(f"svar {'+'.join(map(str, of))}" for of in codes), question, codes)


def _changed(report: Report, scale: Scale) -> Scale:
    """Leave out the last answer, or turn the order, or neither."""
    if len(scale.codes) > 2 and report.chance(0.25):
        return _scale(scale.question, scale.codes[:-1])
    return _scale(scale.question, scale.codes[::-1]) if report.chance(0.25) else scale


def _collapsed(report: Report, scale: Scale) -> Scale:
    cut = int(report.rng.integers(1, len(scale.codes) + 1))
    parts = (scale.codes[:cut], scale.codes[cut:])
    return _scale(scale.question, [tuple(code for of in part for code in of) for part in parts if part])


def _count(answers: Ints, codes: Iterable[int]) -> int:
    return int(np.isin(answers, list(codes)).sum())


def _frequency(report: Report, answers: Ints, scale: Scale, forms: tuple[str, ...]) -> None:
    counts = {label: _count(answers, codes) for label, codes in zip(scale.labels, scale.codes, strict=True)}
    valid, total = sum(counts.values()), len(answers)
    everybody = valid == total and report.chance(0.5)
    counts |= {TOTAL: total} if everybody else {TOTAL_VALID: valid, MISSING: total - valid, TOTAL: total}
    figures = {(label, "", "", "count"): str(n) for label, n in counts.items()}
    share, so_far = report.printer.share, 0
    for label, n in counts.items():
        if total:
            figures[label, "", "", "percent"] = share(n, total)
        if valid and (label in scale.labels or label == TOTAL_VALID):
            figures[label, "", "", "valid_percent"] = share(n, valid)
            if label in scale.labels:
                so_far += n
                figures[label, "", "", "cumulative_percent"] = share(so_far, valid)
    dropped = [name for name in ("percent", "valid_percent", "cumulative_percent") if report.chance(0.1)]
    left = {place: text for place, text in figures.items() if place[3] not in dropped}
    report.add("frequency", scale, None, left, forms)


def _distribution(report: Report, answers: Ints, scale: Scale, forms: tuple[str, ...]) -> None:
    counts = {label: _count(answers, codes) for label, codes in zip(scale.labels, scale.codes, strict=True)}
    counts[TOTAL] = sum(counts.values())
    figures = {(label, "", "", "count"): str(n) for label, n in counts.items()}
    if counts[TOTAL]:
        figures |= {(label, "", "", "percent"): report.printer.share(n, counts[TOTAL], 0) for label, n in counts.items()}
    for _ in range(1 + report.chance(0.4)):
        report.add("distribution", scale, None, dict(figures), forms)


def _cells(columns: dict[str, Ints], rows: Scale, across: Scale, where: NDArray[np.bool_] | None = None) -> list[list[int]]:
    one, other = columns[rows.question], columns[across.question]
    among = np.ones(len(one), dtype=bool) if where is None else where
    return [[int((np.isin(one, r) & np.isin(other, c) & among).sum()) for c in across.codes] for r in rows.codes]


def _crosstab(
    report: Report, columns: dict[str, Ints], rows: Scale, across: Scale, forms: tuple[str, ...], measures: Sequence[str]
) -> None:
    cells = _cells(columns, rows, across)
    whole = [[*row, sum(row)] for row in cells]
    whole.append([sum(column) for column in zip(*whole, strict=True)])
    without = [place for place in ("rows", "columns") if report.chance(0.1)]
    figures = {}
    for i, row in enumerate((*rows.labels, TOTAL)):
        for j, column in enumerate((*across.labels, TOTAL)):
            if (row == TOTAL and "rows" in without) or (column == TOTAL and "columns" in without):
                continue
            n = whole[i][j]
            figures[row, column, "", "count"] = str(n)
            of = {"row_percent": whole[i][-1], "column_percent": whole[-1][j], "total_percent": whole[-1][-1]}
            figures |= {(row, column, "", name): report.printer.share(n, of[name]) for name in measures if of[name]}
    report.add("crosstab", rows, across, figures, forms)


def _collapsed_crosstab(
    report: Report, columns: dict[str, Ints], scales: tuple[Scale, Scale], forms: tuple[str, ...], *, counts: bool
) -> None:
    rows, across = scales
    cells = _cells(columns, rows, across)
    total = sum(map(sum, cells))
    if not total:
        return
    figures = {}
    for row, of_row in zip(rows.labels, cells, strict=True):
        for column, n in zip(across.labels, of_row, strict=True):
            if counts:
                figures[row, column, "", "count"] = str(n)
            figures[row, column, "", "total_percent"] = report.printer.share(n, total, 0)
    report.add("collapsed_crosstab", rows, across, figures, forms)


def _correlation(
    report: Report, columns: dict[str, Ints], rows: Scale, across: Scale, forms: tuple[str, ...], by: Scale | None
) -> None:
    figures: dict[tuple[str, str, str, str], str] = {}
    printed: Callable[[str, Gamma], None] = lambda group, of: figures.update(_statistics(report, group, of))  # noqa: E731
    if by is None:
        printed("", goodman_kruskal(_cells(columns, rows, across)))
    else:
        role = columns[by.question]
        strata = [_cells(columns, rows, across, np.isin(role, codes)) for codes in by.codes]
        for label, cells in zip(by.labels, strata, strict=True):
            printed(label, goodman_kruskal(cells))
        # Of all forms, those without a group too, or of the groups.
        printed(TOTAL, goodman_kruskal(_cells(columns, rows, across, role > 0 if report.of_groups else None)))
        if (davis := partial(strata).gamma) is not None:
            figures["", "", TOTAL, "partial_gamma"] = report.printer.statistic(davis, "partial_gamma")
    if figures:
        report.add("correlation" if by is None else "correlation_by_group", rows, across, figures, forms)


def _statistics(report: Report, group: str, of: Gamma) -> dict[tuple[str, str, str, str], str]:
    values = {"gamma": of.gamma, "ase": of.ase, "t": of.t, "p": of.p}
    made = {("", "", group, name): report.printer.statistic(v, name) for name, v in values.items() if v is not None}
    return made | {("", "", group, "n"): str(of.n)}
