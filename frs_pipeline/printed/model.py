"""Printed tables as they stand, whoever printed them, and what the audit finds in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from frs_pipeline.language import Text
from frs_pipeline.stats.printing import parse
from frs_pipeline.study import Study, derived
from frs_pipeline.study.printed import published
from frs_pipeline.study.tables import Address, Axis, Table, catalogue

# How much a contradiction matters: it could change what is concluded; a number is wrong; a last digit is.
Weight = Literal["serious", "plain", "slight"]
WEIGHTS: tuple[Weight, ...] = ("serious", "plain", "slight")


@dataclass(frozen=True)
class Scale:
    """The categories of one question of a table, in printed order and without totals.

    Where `question` is known, tables with the same are about the same question; `codes` are the answers that each category
    counts, where that is known.
    """

    labels: tuple[str, ...]
    question: str = ""
    codes: tuple[tuple[int, ...], ...] = ()


@dataclass(frozen=True)
class PrintedTable:
    """One printed table: every figure exactly as printed, by its address.

    `kind` is a kind of the catalogue; `name` is what it is called in sentences. `forms` says which forms it counts: tables
    with equal `forms` count the same ones, and one without can be compared with no other.
    """

    number: int
    name: Text
    kind: str
    rows: Scale
    columns: Scale | None
    figures: Mapping[Address, str]
    forms: tuple[str, ...] = ()

    def text(self, row: str = "", column: str = "", measure: str = "count", group: str = "") -> str | None:
        """Return what is printed in one place; None where nothing is."""
        return self.figures.get(Address(self.number, row, column, group, measure))

    def count(self, row: str = "", column: str = "") -> int | None:
        """Return a printed count; None where none is printed."""
        text = self.text(row, column)
        return None if text is None else int(parse(text))


@dataclass(frozen=True)
class PrintedTables:
    """All tables of one printed report, by number, in its order."""

    tables: Mapping[int, PrintedTable]

    @cached_property
    def kinds(self) -> dict[int, str]:
        return {number: table.kind for number, table in self.tables.items()}

    def text(self, address: Address) -> str | None:
        """Return what is printed at an address; None where nothing is."""
        table = self.tables.get(address.table)
        return None if table is None else table.figures.get(address)


@dataclass(frozen=True)
class Contradiction:
    """One contradiction: the rule that found it, what contradicts what, how much it matters.

    `figures` are those that it is about, `gives_way` those of them that fewer others confirm, so that no data can agree with
    them. `expected` is what would be right as printed, where that is one text; `possible` says which counts could print so,
    and `either` which of two printed facts must be wrong where both can't be true.
    """

    rule: str
    tables: tuple[int, ...]
    reason: Text
    weight: Weight = "plain"
    figures: tuple[Address, ...] = ()
    gives_way: tuple[Address, ...] = ()
    expected: str = ""
    possible: Text | None = None
    either: Text | None = None


@derived
def printed_tables(study: Study) -> PrintedTables:
    """Return the printed tables of a study's report, by what its catalogue knows about them."""
    figures: dict[int, dict[Address, str]] = {}
    for address, text in published(study).items():
        figures.setdefault(address.table, {})[address] = text
    known = catalogue(study)
    return PrintedTables({n: _of_catalogue(known[n], printed) for n, printed in figures.items() if n in known})


def _of_catalogue(table: Table, printed: Mapping[Address, str]) -> PrintedTable:
    limits = tuple(f"{name} = {sorted(codes)}" for name, codes in table.where)
    forms = (*table.marts, table.occasion, *table.answered, *limits)
    columns = _scale(table.column) if table.column else None
    name = Text(f"tabel {table.number}", f"table {table.number}")
    return PrintedTable(table.number, name, table.kind, _scale(table.row), columns, printed, forms)


def _scale(axis: Axis) -> Scale:
    return Scale(tuple(c.label for c in axis.categories), axis.variable, tuple(c.codes for c in axis.categories))
