"""Printed tables as they stand, whoever printed them, and what the audit finds in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from frs_pipeline.language import Text
from frs_pipeline.stats.printing import parse
from frs_pipeline.study import Study, derived
from frs_pipeline.study.about import about, occasions
from frs_pipeline.study.instruments import BOTH
from frs_pipeline.study.printed import published
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.study.rules import policy
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
    with equal `forms` count the same ones, and one without can be compared with no other. The first word names the file, or
    several that are added up, with ` + ` between; each further word limits it, so that a table with more of them counts some of
    the forms of one with fewer. The name of a question as a word means the forms that answered it. `groups` are those that a
    table has figures of by itself.
    """

    number: int
    name: Text
    kind: str
    rows: Scale
    columns: Scale | None
    figures: Mapping[Address, str]
    forms: tuple[str, ...] = ()
    groups: Scale | None = None

    def text(self, row: str = "", column: str = "", measure: str = "count", group: str = "") -> str | None:
        """Return what is printed in one place; None where nothing is."""
        return self.figures.get(Address(self.number, row, column, group, measure))

    def count(self, row: str = "", column: str = "") -> int | None:
        """Return a printed count; None where none is printed."""
        text = self.text(row, column)
        return None if text is None else int(parse(text))


@dataclass(frozen=True)
class Facts:
    """What is known of a study beside its tables.

    `held` are the conferences by occasion; `inferred` says that only their sum is printed and the split is taken from a table.
    `one_form` are the tables all of whose forms are of different conferences; `single` are labels of rows of which a conference
    has one form at most, by table. `occasion` says at which occasion the answers of a table were given.
    """

    held: Mapping[str, int]
    many: Mapping[str, Text]
    conferences: Text
    inferred: bool = False
    occasion: Mapping[int, str] = field(default_factory=dict)
    one_form: frozenset[int] = frozenset()
    single: Mapping[int, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class PrintedTables:
    """All tables of one printed report, by number, in its order; `facts` only where the study behind it is known."""

    tables: Mapping[int, PrintedTable]
    facts: Facts | None = None

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
    and `either` which of two printed facts must be wrong where both can't be true. `worked` is the arithmetic, with `|` before
    what doesn't fit: `184 + 196 = 380|≠ 377`.
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
    worked: Text | None = None


@derived
def printed_tables(study: Study) -> PrintedTables:
    """Return the printed tables of a study's report, by what its catalogue knows about them."""
    figures: dict[int, dict[Address, str]] = {}
    for address, text in published(study).items():
        figures.setdefault(address.table, {})[address] = text
    known = catalogue(study)
    tables = {n: _of_catalogue(study, known[n], printed) for n, printed in figures.items() if n in known}
    return PrintedTables(tables, _facts(study, {n: known[n] for n in tables}))


def _of_catalogue(study: Study, table: Table, printed: Mapping[Address, str]) -> PrintedTable:
    limits = tuple(f"{name} = {sorted(codes)}" for name, codes in table.where)
    occasion = () if table.occasion == BOTH or table.occasion in _asked_at(study, table) else (table.occasion,)
    forms = (" + ".join(table.marts), *occasion, *table.answered, *limits)
    columns = _scale(table.column) if table.column else None
    name = Text(f"tabel {table.number}", f"table {table.number}")
    return PrintedTable(
        table.number, name, table.kind, _scale(table.row), columns, printed, forms, _scale(table.group) if table.group else None
    )


def _scale(axis: Axis) -> Scale:
    return Scale(tuple(c.label for c in axis.categories), axis.variable, tuple(c.codes for c in axis.categories))


def _asked_at(study: Study, table: Table) -> set[str]:
    """Return the occasions to which the questions of a table limit its forms by themselves."""
    papers, found = questionnaires(study), set()
    for mart in table.marts:
        for name in table.asked if mart in papers else ():
            question = papers[mart].question(name)
            found.add(question.occasion if question else BOTH)
    return found - {BOTH}


def _facts(study: Study, tables: Mapping[int, Table]) -> Facts | None:
    held = about(study).printed.held
    if not held:
        return None
    papers, role = questionnaires(study), about(study).role
    occasion: dict[int, str] = {}
    one_form: set[int] = set()
    single: dict[int, tuple[str, ...]] = {}
    for number, table in tables.items():
        if len(table.marts) != 1 or table.marts[0] not in papers:
            continue
        paper = papers[table.marts[0]]
        limits = ({table.occasion, paper.occasion} | _asked_at(study, table)) - {BOTH}
        if len(limits) == 1 and limits <= held.keys():
            (occasion[number],) = limits
        if paper.role is None:
            one_form.add(number)
        elif role in (table.row.variable, table.group and table.group.variable):
            single[number] = policy(study).one_a_conference
    many = {name: occasions(study)[name].many for name in held}
    inferred = about(study).printed.reading == "split"
    return Facts(held, many, about(study).conference.many, inferred, occasion, frozenset(one_form), single)
