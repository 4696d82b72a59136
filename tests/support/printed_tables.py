"""Printed tables made by hand, and printed from forms as our own tables are printed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from frs_pipeline.language import Text
from frs_pipeline.printed.model import Facts, PrintedTable, PrintedTables, Scale
from frs_pipeline.printed.numerals import HABITS
from frs_pipeline.stats.gamma import goodman_kruskal, partial
from frs_pipeline.stats.printing import spss
from frs_pipeline.study.tables import MISSING, TOTAL, TOTAL_VALID, Address

FORMS = ("file",)


def scale(question: str, *codes: int | tuple[int, ...]) -> Scale:
    """A question with an answer for each code, or for several merged."""
    kept = tuple(code if isinstance(code, tuple) else (code,) for code in codes)
    return Scale(tuple(f"{question}{'+'.join(map(str, code))}" for code in kept), question, kept)


def table(
    number: int,
    kind: str,
    rows: Scale,
    columns: Scale | None,
    figures: Mapping[tuple[str, ...], str],
    forms: tuple[str, ...] = FORMS,
) -> PrintedTable:
    """A printed table by (row, column, measure), with group where there is one."""
    found = {}
    for (row, column, measure, *group), text in figures.items():
        found[Address(number, row, column, group[0] if group else "", measure)] = text
    return PrintedTable(number, Text(f"tabel {number}", f"table {number}"), kind, rows, columns, found, forms)


def tables(*every: PrintedTable, facts: Facts | None = None) -> PrintedTables:
    return PrintedTables({one.number: one for one in every}, facts)


def per_cent(part: int, whole: int, places: int = 1, habit: str = "half away") -> str:
    """A percentage with a decimal comma, rounded by a habit."""
    return f"{HABITS[habit](Fraction(100 * part, whole), places):.{places}f}".replace(".", ",")


def crosstab(
    number: int,
    rows: Scale,
    columns: Scale,
    cells: Sequence[Sequence[int]],
    *,
    percent: str = "row",
    kind: str = "crosstab",
    places: int = 1,
    habit: str = "half away",
    forms: tuple[str, ...] = FORMS,
) -> PrintedTable:
    """A crosstab with its totals and percentages, as printed; percentages of an empty base aren't."""
    figures: dict[tuple[str, ...], str] = {}
    lines = [[*line, sum(line)] for line in cells]
    lines.append([sum(line[i] for line in lines) for i in range(len(lines[0]))])
    for row, line in zip((*rows.labels, TOTAL), lines, strict=True):
        for i, (column, n) in enumerate(zip((*columns.labels, TOTAL), line, strict=True)):
            figures[row, column, "count"] = str(n)
            whole = {"row": line[-1], "column": lines[-1][i], "total": lines[-1][-1]}[percent]
            if whole:
                figures[row, column, f"{percent}_percent"] = per_cent(n, whole, places, habit) + "%"
    return table(number, kind, rows, columns, figures, forms)


def frequency(
    number: int,
    rows: Scale,
    counts: Sequence[int],
    missing: int = 0,
    *,
    places: int = 1,
    habit: str = "half away",
    forms: tuple[str, ...] = FORMS,
) -> PrintedTable:
    """A frequency with valid, missing and running percentages, as printed."""
    valid, running = sum(counts), 0
    lines = [*zip(rows.labels, counts, strict=True), (TOTAL_VALID, valid), (MISSING, missing), (TOTAL, valid + missing)]
    figures: dict[tuple[str, ...], str] = {}
    for name, n in lines:
        figures[name, "", "count"] = str(n)
        if valid + missing:
            figures[name, "", "percent"] = per_cent(n, valid + missing, places, habit)
        if valid and name not in (MISSING, TOTAL):
            figures[name, "", "valid_percent"] = per_cent(n, valid, places, habit)
        if valid and name in rows.labels:
            running += n
            figures[name, "", "cumulative_percent"] = per_cent(running, valid, places, habit)
    return table(number, "frequency", rows, None, figures, forms)


def distribution(
    number: int, rows: Scale, counts: Sequence[int], forms: tuple[str, ...] = FORMS, habit: str = "half away"
) -> PrintedTable:
    """A distribution in whole per cent, as printed."""
    whole = sum(counts)
    figures: dict[tuple[str, ...], str] = {}
    for name, n in (*zip(rows.labels, counts, strict=True), (TOTAL, whole)):
        figures[name, "", "count"] = str(n)
        if whole:
            figures[name, "", "percent"] = per_cent(n, whole, 0, habit) + "%"
    return table(number, "distribution", rows, None, figures, forms)


def correlation(
    number: int, rows: Scale, columns: Scale, cells: Sequence[Sequence[int]], forms: tuple[str, ...] = FORMS
) -> PrintedTable:
    """A correlation, as printed; what can't be computed is left out."""
    return table(number, "correlation", rows, columns, _coefficients(cells, ""), forms)


def by_group(
    number: int, rows: Scale, columns: Scale, strata: Mapping[str, Sequence[Sequence[int]]], forms: tuple[str, ...] = FORMS
) -> PrintedTable:
    """A correlation in each group and in all, with the partial gamma, as printed."""
    figures: dict[tuple[str, ...], str] = {}
    for name, cells in strata.items():
        figures |= _coefficients(cells, name)
    shape = range(len(rows.labels)), range(len(columns.labels))
    figures |= _coefficients([[sum(cells[i][j] for cells in strata.values()) for j in shape[1]] for i in shape[0]], TOTAL)
    value = partial(list(strata.values())).gamma
    if value is not None:
        figures["", "", "partial_gamma", TOTAL] = spss(value, 3, leading_zero=False)
    return table(number, "correlation_by_group", rows, columns, figures, forms)


def _coefficients(cells: Sequence[Sequence[int]], group: str) -> dict[tuple[str, ...], str]:
    found = goodman_kruskal(cells)
    values = {name: getattr(found, name) for name in ("gamma", "ase", "t", "p")}
    printed = {name: spss(value, 3, leading_zero=False) for name, value in values.items() if value is not None}
    return {("", "", name, group): text for name, text in (*printed.items(), ("n", str(found.n)))}
