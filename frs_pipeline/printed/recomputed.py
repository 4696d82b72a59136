"""Gamma, ASE, T and p computed again from the printed cells of the same questions over the same forms."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from frs_pipeline.language import Text
from frs_pipeline.printed.coefficients import SIGNIFICANT, weight_of_gamma
from frs_pipeline.printed.model import Contradiction, PrintedTable, PrintedTables, Weight
from frs_pipeline.printed.numerals import Figure, prints, rounded
from frs_pipeline.printed.percentages import weight_of_digits
from frs_pipeline.printed.places import CORRELATED, CROSSED, at, cells, groups
from frs_pipeline.printed.same import collapsed_into
from frs_pipeline.printed.wording import filled, measure
from frs_pipeline.stats.gamma import Gamma, goodman_kruskal

RULES = {
    "gamma_of_cells": Text(
        "gamma, ASE, T og p er dem, som de trykte celler giver, også når svar er slået sammen",
        "gamma, ASE, T and p are those that the printed cells give, also with answers merged",
    ),
}
MEASURES = ("gamma", "ase", "t", "p")


def find(tables: PrintedTables) -> Iterator[Contradiction]:
    """Find coefficients that the printed cells don't give."""
    for table in tables.tables.values():
        if table.kind in CROSSED and table.kind != "change":
            for group in groups(table):
                counts = cells(table, group)
                if counts is not None:
                    yield from _compared(table, table, counts, group)
        elif table.kind in CORRELATED and "" in groups(table):
            for other, merged in collapsed_into(table, tables):
                yield from _compared(table, other, merged, "")


def _compared(table: PrintedTable, other: PrintedTable, counts: Sequence[Sequence[int]], group: str) -> Iterator[Contradiction]:
    printed = [found for name in MEASURES if (found := at(table, measure=name, group=group))]
    if not printed:
        return
    own = goodman_kruskal(counts)
    for figure in printed:
        value = getattr(own, figure.address.measure)
        if value is None or not prints(Fraction(rounded(Fraction(format(value, ".15g")), figure.places)), figure):
            yield _other(table, other, figure, value, own)


def _other(table: PrintedTable, other: PrintedTable, figure: Figure, value: float | None, own: Gamma) -> Contradiction:
    expected = "" if value is None else figure.written(Fraction(value))
    reason = filled(
        "i {table} står {measure} {printed}, men de {n} skemaer i cellerne i {other} giver {own}",
        "{table} prints {measure} {printed}, but the {n} forms in the cells of {other} give {own}",
        table=table.name,
        measure=measure(figure.address.measure),
        printed=figure.text,
        n=own.n,
        other=other.name,
        own=expected or Text("ingen", "none"),
    )
    where = (table.number,) if table is other else (table.number, other.number)
    either = filled(
        "enten {measure} i {table} eller en celle i {other}",
        "either {measure} in {table} or a cell of {other}",
        measure=measure(figure.address.measure),
        table=table.name,
        other=other.name,
    )
    weight = _weight(figure, value)
    return Contradiction(
        "gamma_of_cells", where, reason, weight, (figure.address,), (figure.address,), expected=expected, either=either
    )


def _weight(figure: Figure, value: float | None) -> Weight:
    name = figure.address.measure
    if value is None:
        return "plain"
    if name == "p" and (figure.value < SIGNIFICANT) != (value < SIGNIFICANT):
        return "serious"
    if name == "t" and figure.value * Fraction(value) < 0:
        return "serious"
    return weight_of_gamma(figure, value) if name == "gamma" else weight_of_digits(figure, Fraction(value))
