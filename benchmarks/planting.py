"""Misprints as they happen in print: which there can be, of every kind of figure, and a number of them drawn by a seed."""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

from printed_numbers import figure

from frs_pipeline.printed.model import PrintedTable, PrintedTables
from frs_pipeline.study.tables import MISSING, TOTAL, TOTAL_VALID, Address

WAYS = ("a digit changed", "two digits exchanged", "a sign lost", "a comma moved", "a digit lost")
# What point by point can be misprinted; a figure is drawn for each in turn.
KINDS = {
    "count, crosstab": lambda t, a: _cell(t, a) and t.kind == "crosstab",
    "count, collapsed table": lambda t, a: _cell(t, a) and t.kind == "collapsed_crosstab",
    "count, frequency": lambda t, a: _cell(t, a) and t.kind == "frequency",
    "count, distribution": lambda t, a: a.measure == "count" and t.kind == "distribution" and a.row != TOTAL,
    "row total": lambda t, a: a.measure == "count" and t.columns is not None and a.column == TOTAL != a.row,
    "column total": lambda t, a: a.measure == "count" and t.columns is not None and a.row == TOTAL != a.column,
    "grand total": lambda t, a: a.measure == "count" and (a.row, a.column) == (TOTAL, TOTAL),
    "total of a distribution": lambda t, a: a.measure == "count" and t.kind == "distribution" and a.row == TOTAL,
    "valid": lambda t, a: a.measure == "count" and a.row == TOTAL_VALID,
    "missing": lambda t, a: a.measure == "count" and a.row == MISSING,
    "total of a frequency": lambda t, a: a.measure == "count" and t.kind == "frequency" and a.row == TOTAL,
    "row per cent": lambda t, a: a.measure == "row_percent",
    "column per cent": lambda t, a: a.measure == "column_percent",
    "total per cent, one decimal": lambda t, a: a.measure == "total_percent" and t.kind == "crosstab",
    "total per cent, whole": lambda t, a: a.measure == "total_percent" and t.kind == "collapsed_crosstab",
    "per cent, frequency": lambda t, a: a.measure == "percent" and t.kind == "frequency",
    "per cent, whole, distribution": lambda t, a: a.measure == "percent" and t.kind == "distribution",
    "valid per cent": lambda t, a: a.measure == "valid_percent",
    "cumulative per cent": lambda t, a: a.measure == "cumulative_percent",
    "gamma": lambda t, a: a.measure == "gamma",
    "partial gamma": lambda t, a: a.measure == "partial_gamma",
    "ASE": lambda t, a: a.measure == "ase",
    "T": lambda t, a: a.measure == "t",
    "p": lambda t, a: a.measure == "p",
    "N": lambda t, a: a.measure == "n",
}
# Kinds that other tables decide.
TWICE, ELSEWHERE = "a figure of a table that is printed twice", "a question's total that another table has too"
_DIGITS = re.compile(r"[0-9]")


class Misprint(NamedTuple):
    """One figure printed wrongly: of which kind, in which way, where, and what for what."""

    kind: str
    way: str
    address: Address
    right: str
    wrong: str

    @property
    def text(self) -> str:
        a = self.address
        where = ", ".join(label for label in (a.row, a.column, a.group) if label)
        return f"table {a.table}{f' ({where})' if where else ''}, {a.measure}: {self.right} printed as {self.wrong}"


def wrongly(text: str) -> Iterator[tuple[str, str]]:
    """Yield every way in which one figure can be misprinted: the way, and what then stands there, which is another number."""
    for way, wrong in _changes(text):
        try:
            if figure(wrong).value != figure(text).value:
                yield way, wrong
        except ValueError:
            continue


def _changes(text: str) -> Iterator[tuple[str, str]]:
    places = [m.start() for m in _DIGITS.finditer(text)]
    for i in places:
        yield from (("a digit changed", f"{text[:i]}{d}{text[i + 1 :]}") for d in "0123456789" if d != text[i])
        yield "a digit lost", _tidy(text[:i] + text[i + 1 :])
    for i, j in pairwise(places):
        if text[i] != text[j]:
            yield "two digits exchanged", f"{text[:i]}{text[j]}{text[i + 1 : j]}{text[i]}{text[j + 1 :]}"
    if text.startswith("-"):
        yield "a sign lost", text[1:]
    if (comma := text.find(",")) >= 0:
        digits = text[:comma] + text[comma + 1 :]
        for at in (comma - 1, comma + 1):
            if at >= 0:
                yield "a comma moved", _tidy(f"{digits[:at]},{digits[at:]}")


def _tidy(text: str) -> str:
    """Leave out a comma that nothing stands after."""
    return re.sub(r",(?=%?$)", "", text)


def plant(tables: PrintedTables, number: int, seed: int) -> list[Misprint]:
    """Draw so many different misprints, each kind in turn and in each kind each way in turn, until there are no more."""
    rng = random.Random(seed)
    ready: dict[str, dict[str, list[Misprint]]] = {kind: defaultdict(list) for kind in _kinds(tables)}
    for kind, belongs in _kinds(tables).items():
        for table in tables.tables.values():
            for address, text in table.figures.items():
                if belongs(table, address):
                    for way, wrong in wrongly(text):
                        ready[kind][way].append(Misprint(kind, way, address, text, wrong))
    for ways in ready.values():
        for several in ways.values():
            rng.shuffle(several)
    planted: dict[tuple[Address, str], Misprint] = {}
    turns = {kind: _in_turn([ready[kind][way] for way in WAYS]) for kind in ready}
    while turns and len(planted) < number:
        for kind in list(turns):
            fresh = next((m for m in turns[kind] if (m.address, m.wrong) not in planted), None)
            if fresh is None:
                del turns[kind]
            elif len(planted) < number:
                planted[fresh.address, fresh.wrong] = fresh
    return list(planted.values())


def _in_turn(several: Sequence[list[Misprint]]) -> Iterator[Misprint]:
    left = [list(one) for one in several if one]
    while left:
        for one in left:
            yield one.pop()
        left = [one for one in left if one]


Belongs = Callable[[PrintedTable, Address], bool]


def _kinds(tables: PrintedTables) -> Mapping[str, Belongs]:
    """Return which figures are of which kind, those kinds too that other tables decide."""
    twice: dict[object, list[int]] = defaultdict(list)
    asked: dict[tuple[tuple[str, ...], str], set[int]] = defaultdict(set)
    for n, table in tables.tables.items():
        twice[table.kind, table.forms, table.rows.codes, table.rows.question, table.columns].append(n)
        for scale in (table.rows, table.columns):
            if scale is not None:
                asked[table.forms, scale.question].add(n)
    repeated = {n for several in twice.values() if len(several) > 1 for n in several}

    def elsewhere(table: PrintedTable, address: Address) -> bool:
        of = table.columns if address.row == TOTAL and table.columns else table.rows
        total = TOTAL in (address.row, address.column) or address.row == TOTAL_VALID
        return address.measure == "count" and total and len(asked[table.forms, of.question]) > 1

    return {**KINDS, TWICE: lambda table, _: table.number in repeated, ELSEWHERE: elsewhere}


def _cell(table: PrintedTable, address: Address) -> bool:
    in_rows = address.row in table.rows.labels
    return address.measure == "count" and in_rows and (table.columns is None or address.column in table.columns.labels)


def misprinted(tables: PrintedTables, misprint: Misprint) -> PrintedTables:
    """Return a copy of all tables with one figure changed."""
    table = tables.tables[misprint.address.table]
    changed = replace(table, figures={**table.figures, misprint.address: misprint.wrong})
    return replace(tables, tables={**tables.tables, table.number: changed})
