"""Counting: a few wide groupings per mart, on either engine; tables are sums of their groups.

Reading the answers takes most of the time, so tables that share questions are counted together. Only whole numbers are
counted here; every ratio and statistic is computed from them in Python, so that the order in which an engine adds things up
can't change a figure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import prod
from typing import NamedTuple

import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.compute as pc

from frs_pipeline.study.instruments import BOTH
from frs_pipeline.study.numbers import Number
from frs_pipeline.study.pairing import Pairing
from frs_pipeline.study.tables import Table
from frs_pipeline.tables.engine import fetch
from frs_pipeline.tables.pairing import with_pairs

Code = Number | None
Counts = dict[tuple[Code, ...], int]
OCCASION = "occasion"
# The most combinations of answers that a grouping may have: with more, engines take longer than for another reading.
MOST = 2**15


class _Wanted(NamedTuple):
    """What a table counts in a mart: forms of an occasion that answered some questions, `by` their answers to others."""

    mart: str
    occasion: str
    where: tuple[tuple[str, frozenset[int]], ...]
    answered: tuple[str, ...]
    by: tuple[str, ...]
    pairing: Pairing | None

    @property
    def columns(self) -> frozenset[str]:
        limits = (name for name, _ in self.where)
        return frozenset((*limits, *self.answered, *self.by, *((OCCASION,) if self.occasion != BOTH else ())))


def grouped(columns: Sequence[str], mart: ir.Table, occasions: Sequence[str] = ()) -> ir.Table:
    """Build the query of how many forms of `mart` have each combination of values in `columns`, blanks included.

    An occasion becomes its place in `occasions`, any other one the next number: engines group numbers faster than words.
    """
    if OCCASION in columns:
        places = ((name, place) for place, name in enumerate(occasions))
        mart = mart.mutate(**{OCCASION: mart[OCCASION].cases(*places, else_=len(occasions))})
    return mart.group_by(list(columns)).agg(forms=mart.count())


def count(tables: Iterable[Table], marts: Mapping[str, ir.Table]) -> dict[int, Counts]:
    """Count the forms of each table by its answer codes, in the order of `Table.columns` (None = blank)."""
    tables = list(tables)
    wanted = {
        table.number: [_Wanted(m, table.occasion, table.where, table.answered, table.columns, table.pairing) for m in table.marts]
        for table in tables
    }
    every = dict.fromkeys(one for several in wanted.values() for one in several)
    occasions = sorted({table.occasion for table in tables} - {BOTH})
    answers = _answers(tables) | {OCCASION: len(occasions) + 1}
    counted: dict[_Wanted, Counts] = {}
    for mart, pairing in dict.fromkeys((one.mart, one.pairing) for one in every):
        needed = [one for one in every if (one.mart, one.pairing) == (mart, pairing)]
        forms = with_pairs(pairing, marts[mart], marts[pairing.partner]) if pairing else marts[mart]
        for columns in groupings([one.columns for one in needed], answers):
            groups = fetch(grouped(columns, forms, occasions))
            inside = [one for one in needed if one not in counted and one.columns <= {*columns}]
            counted |= {one: _summed(one, groups, occasions) for one in inside}
    result: dict[int, Counts] = {}
    for number, several in wanted.items():
        result[number] = {}
        for codes, forms in (item for one in several for item in counted[one].items()):
            result[number][codes] = result[number].get(codes, 0) + forms
    return result


def groupings(needed: Iterable[frozenset[str]], answers: Mapping[str, int]) -> list[tuple[str, ...]]:
    """Choose sets of columns to be counted together: each of those `needed` lies in one, and few columns are in several.

    `answers` is how many different ones a question has; those of a set have at most `MOST` combinations, unless one that is
    needed has more.
    """
    sets = sorted(dict.fromkeys(needed), key=lambda columns: (-len(columns), sorted(columns)))
    chosen: list[frozenset[str]] = []
    for columns in sets:
        if not any(columns <= one for one in chosen):
            chosen.append(columns)
    while True:
        pairs = [
            (len(one & other), one, other)
            for at, one in enumerate(chosen)
            for other in chosen[at + 1 :]
            if prod(answers.get(name, 2) for name in one | other) <= MOST
        ]
        if not pairs:
            return [tuple(sorted(columns)) for columns in chosen]
        # Those that share most: the more columns are read once only.
        _, one, other = max(pairs, key=lambda pair: (pair[0], -len(pair[1] | pair[2])))
        chosen = [one | other, *(columns for columns in chosen if not columns <= one | other)]


def _answers(tables: Sequence[Table]) -> dict[str, int]:
    """Return how many answers each question has at most, with those that tables leave out, and a blank."""
    codes: dict[str, set[int]] = {}
    for axis in (axis for table in tables for axis in (table.row, table.column, table.group) if axis and not axis.numbers):
        for name in axis.columns:
            codes.setdefault(name, set()).update(code for category in axis.categories for code in category.codes)
    for name, wanted in (limit for table in tables for limit in table.where):
        codes.setdefault(name, set()).update(wanted)
    # Numbers are counted with what a summary needs, and nothing else: they may be many.
    numbers = {table.row.variable: MOST for table in tables if table.row.numbers}
    return {name: len(several) + 2 for name, several in codes.items()} | numbers


def _summed(wanted: _Wanted, groups: pa.Table, occasions: Sequence[str]) -> Counts:
    """Add up the groups that a table counts, by its questions."""
    if wanted.occasion != BOTH:
        groups = groups.filter(pc.equal(groups[OCCASION], occasions.index(wanted.occasion)))
    for name, codes in wanted.where:
        groups = groups.filter(pc.is_in(groups[name], value_set=pa.array(sorted(codes), groups[name].type)))
    for name in wanted.answered:
        groups = groups.filter(pc.is_valid(groups[name]))
    rows = groups.group_by(list(wanted.by)).aggregate([("forms", "sum")])
    counts = zip(*(rows[name].to_pylist() for name in wanted.by), strict=True)
    found = dict(zip(counts, rows["forms_sum"].to_pylist(), strict=True))
    return {codes: found[codes] for codes in sorted(found, key=lambda codes: [(code is None, code or 0) for code in codes])}
