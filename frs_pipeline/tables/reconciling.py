"""Reconciling: every table's figures against the forms of the marts, counted once more and in another way.

Here the forms come from plain SQL that groups and filters nothing, so that a table's occasion, required answers,
blanks and left-out answers are sorted out a second time, from the catalogue alone. The figures of a table must
count exactly what that leaves, and tables that share a question must agree on it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations, product
from math import inf
from typing import NamedTuple

import pyarrow as pa

from frs_pipeline.errors import CheckFailed
from frs_pipeline.stats.summary import summary
from frs_pipeline.store.settings import DUCKDB, Engine
from frs_pipeline.study import Study
from frs_pipeline.study.boxes import in_sql
from frs_pipeline.study.numbers import Number
from frs_pipeline.study.pairing import Pairing
from frs_pipeline.study.tables import MISSING, TOTAL, TOTAL_VALID, Address, Category, Codes, Table
from frs_pipeline.tables.bases import BASES, BLANK, LEFT_OUT, Batch, Reason, base_rows, counted_codes, leaving_out, reasons
from frs_pipeline.tables.engine import Marts, Part, parts_of, querying
from frs_pipeline.tables.figures import NO_LABEL, Figure
from frs_pipeline.tables.pairing import pairs_in_sql

Code = Number | None
# Number of forms by occasion and by the answers to some questions, in the order of those questions.
Answers = dict[tuple[str | None, tuple[Code, ...]], int]


class Broken(NamedTuple):
    """Numbers that should be equal and aren't: the tables that print them, and a sentence of counts."""

    tables: tuple[int, ...]
    says: str


@dataclass(frozen=True)
class Tie:
    """What a check examined: the tables, how many numbers it compared with each other, and which don't agree."""

    tables: tuple[int, ...]
    compared: int
    broken: tuple[Broken, ...]

    @property
    def broken_tables(self) -> list[int]:
        """Numbers of the tables that don't agree, each once."""
        return sorted({number for broken in self.broken for number in broken.tables})


@dataclass(frozen=True)
class Reconciliation:
    """The bases of all tables (`BASES`), and whether bases and totals tie out."""

    rows: pa.Table
    bases: Tie
    totals: Tie

    def require(self) -> None:
        """Raise `CheckFailed`, naming the first table that doesn't tie out with its numbers, and all others by number."""
        broken = (*self.bases.broken, *self.totals.broken)
        if broken:
            others = {n for one in broken for n in one.tables} - set(broken[0].tables)
            also = f"; more that don't tie out: {', '.join(map(str, sorted(others)))}" if others else ""
            raise CheckFailed(
                f"{broken[0].says}{also}", where=_named(broken[0].tables), do="a fault in counting; don't use these tables"
            )


class FormCounts:
    """Counts of the forms in the marts, by either engine; each query is run once. Only counts leave the engine."""

    def __init__(self, marts: Marts, engine: Engine = DUCKDB) -> None:
        self._ask, self._parts = querying(marts, engine), parts_of(marts)
        self._known: dict[tuple[str, tuple[str, ...], Pairing | None], dict[str, Answers]] = {}

    def deliveries(self, mart: str) -> list[str]:
        """List the deliveries whose forms are counted."""
        return [part.delivery for part in self._parts[mart]]

    def by_delivery(self, mart: str, questions: tuple[str, ...], pairing: Pairing | None = None) -> dict[str, Answers]:
        """Count all forms of `mart` by occasion and by their answers to `questions`, blanks included, for each delivery.

        With a `pairing`, what is known of their pairs is among the questions.
        """
        key = (mart, questions, pairing)
        if key not in self._known:
            names = ", ".join(in_sql(name, '"') for name in ("occasion", *questions))
            self._known[key] = {
                part.delivery: {
                    (row[0], tuple(row[1:-1])): row[-1]
                    for row in self._ask(
                        f"SELECT {names}, count(*) FROM {self._forms(mart, part, pairing)} AS f GROUP BY {names}"  # noqa: S608
                    )
                }
                for part in self._parts[mart]
            }
        return self._known[key]

    def _forms(self, mart: str, part: Part, pairing: Pairing | None) -> str:
        """Write the forms of a delivery as SQL, with what is known of their pairs where that is asked for."""
        if pairing is None:
            return part.forms
        (partner,) = self._parts[pairing.partner]  # nothing is paired over several deliveries
        return pairs_in_sql(pairing, part.forms, part.forms, partner.forms)

    def by(self, mart: str, questions: tuple[str, ...], pairing: Pairing | None = None) -> Answers:
        """Count all forms of `mart` by occasion and by their answers to `questions`, blanks included."""
        each = list(self.by_delivery(mart, questions, pairing).values())
        if len(each) == 1:
            return each[0]
        together: Counter[tuple[str | None, tuple[Code, ...]]] = Counter()
        for answers in each:
            together.update(answers)
        return together

    def answering(self, mart: str, question: str, codes: Iterable[int], pairing: Pairing | None = None) -> int:
        """Count the forms of `mart`, of any occasion, that answered `question` with one of `codes`."""
        wanted = set(codes)
        return sum(forms for (_, (code,)), forms in self.by(mart, (question,), pairing).items() if code in wanted)


def batches(table: Table, forms: FormCounts) -> list[Batch]:
    """Group the forms of the table's marts into batches that look the same to it, each with the reason for leaving it out."""
    questions = table.asked
    why = leaving_out(table)
    listed = []
    for mart in table.marts:
        for delivery, counted in forms.by_delivery(mart, questions, table.pairing).items():
            for (occasion, codes), number in counted.items():
                answers = dict(zip(questions, codes, strict=True))
                listed.append(Batch(mart, answers, why(occasion, answers), number, delivery))
    return listed


def reconcile(study: Study, tables: Sequence[Table], figures: Iterable[Figure], forms: FormCounts) -> Reconciliation:
    """Compare the figures of `tables` with the `forms` that they count, and with each other."""
    listed: dict[int, list[Figure]] = defaultdict(list)
    for figure in figures:
        listed[figure.table].append(figure)
    printed = {table.number: _Printed(listed[table.number]) for table in tables}
    sorted_out = {table.number: batches(table, forms) for table in tables}
    rows, of_bases, of_totals = [], _Comparison(), _Comparison()
    for table in tables:
        own, theirs = printed[table.number], sorted_out[table.number]
        _tie_base(table, own, theirs, of_bases)
        _tie_totals(table, own, theirs, forms, of_totals)
        _tie_cells(table, own, theirs, of_totals)
        _tie_numbers(table, own, theirs, of_totals)
        _tie_boxes(table, own, theirs, of_totals)
        rows += base_rows(study, table, theirs, int(own.base(table) or 0), forms.deliveries(table.marts[0]))
    for alike in _same_forms(tables):
        for one, other in permutations(alike, 2):
            _tie_pair(one, other, printed, of_totals)
    return Reconciliation(pa.Table.from_pylist(rows, schema=BASES), of_bases.tie(), of_totals.tie())


class _Comparison:
    """Collects what is compared, and what differs."""

    def __init__(self) -> None:
        self._tables: set[int] = set()
        self._compared = 0
        self._broken: list[Broken] = []

    def require(self, tables: tuple[int, ...], one: float | None, other: float | None, says: str) -> None:
        """Require that `one` and `other` are numbers and equal; `says` is the sentence for when they aren't."""
        self._tables.update(tables)
        self._compared += 1
        if one is None or one != other:
            self._broken.append(Broken(tables, says))

    def tie(self) -> Tie:
        return Tie(tuple(sorted(self._tables)), self._compared, tuple(self._broken))


class _Margin(NamedTuple):
    """What a table prints as the number of forms in one category of one question."""

    question: str
    category: Category
    forms: float | None


class _Printed:
    """The counts that one table prints, by address; and its other figures."""

    def __init__(self, figures: Sequence[Figure]) -> None:
        self.values = {figure.address: figure.value for figure in figures}
        counts = [f for f in figures if f.measure in ("count", "n")]
        self._counts = {(f.row, f.column, f.group): f for f in counts}
        self.twice = len(counts) - len(self._counts)

    def at(self, row: str = NO_LABEL, column: str = NO_LABEL, group: str = NO_LABEL) -> float | None:
        """Return a count; None when the table doesn't have it, or when what is printed isn't its value."""
        figure = self._counts.get((row, column, group))
        return None if figure is None or figure.value is None or figure.printed != f"{figure.value:.0f}" else figure.value

    def base(self, table: Table) -> float | None:
        """Return how many forms the table counts, where it says so itself."""
        if table.kind == "frequency":
            return self.at(TOTAL_VALID)
        if table.kind == "distribution":
            return self.at(TOTAL)
        if table.tells_of_groups or table.row.boxes:
            return self.at(TOTAL_VALID if table.row.boxes else NO_LABEL, group=TOTAL if table.group else NO_LABEL)
        return self.at(TOTAL, TOTAL, _together(table))

    def sums(self, table: Table) -> Iterator[tuple[str, float | None]]:
        """Yield what adds up to the base: categories, rows, columns, cells, groups; each with its name."""
        rows = [c.label for c in table.row.categories]
        columns = [c.label for c in table.column.categories] if table.column else []
        whole = _together(table)
        if table.group:
            row, column = (TOTAL, TOTAL) if table.pairing else (TOTAL_VALID if table.row.boxes else NO_LABEL, NO_LABEL)
            yield "the groups together", _sum(self.at(row, column, c.label) for c in table.group.categories)
        if table.change:
            yield "the changes together", _sum(self.at(c.label, group=whole) for c in table.change.categories)
        if (table.group and not table.pairing) or table.row.boxes:
            return
        if table.column is None and not table.row.numbers:
            yield "the answers together", _sum(map(self.at, rows))
        elif not table.tells_of_groups:
            yield "the rows together", _sum(self.at(row, TOTAL, whole) for row in rows)
            yield "the columns together", _sum(self.at(TOTAL, column, whole) for column in columns)
            yield "the cells together", _sum(self.at(row, column, whole) for row in rows for column in columns)

    def margins(self, table: Table) -> list[_Margin]:
        """Return the number of forms in each category of each question; correlations print only those of their groups."""
        if table.tells_of_groups or table.row.boxes:
            of_groups, row = table.group.categories if table.group else (), TOTAL_VALID if table.row.boxes else NO_LABEL
            return [_Margin(table.variables[0], c, self.at(row, group=c.label)) for c in of_groups]
        across, whole = TOTAL if table.column else NO_LABEL, _together(table)
        margins = [_Margin(table.row.variable, c, self.at(c.label, across, whole)) for c in table.row.categories]
        if table.column:
            margins += [_Margin(table.column.variable, c, self.at(TOTAL, c.label, whole)) for c in table.column.categories]
        if table.group:
            margins += [_Margin(table.group.variable, c, self.at(TOTAL, TOTAL, c.label)) for c in table.group.categories]
        if table.change:
            margins += [_Margin(table.change.variable, c, self.at(c.label, group=whole)) for c in table.change.categories]
        return margins


def _together(table: Table) -> str:
    """Return the label of all groups together; none where a table has no groups."""
    return TOTAL if table.group else NO_LABEL


def _tie_base(table: Table, printed: _Printed, own: Sequence[Batch], comparison: _Comparison) -> None:
    """Check the base: rows of the marts - forms left out, each for one reason = what the table says it counts."""
    left_out: dict[Reason, int] = dict.fromkeys(reasons(table), 0)
    for batch in own:
        if batch.reason:
            left_out[batch.reason] += batch.forms
    rows = sum(batch.forms for batch in own)
    counted = rows - sum(left_out.values())
    missing = sum(forms for reason, forms in left_out.items() if reason.name in (BLANK, LEFT_OUT))
    less = "".join(f" - {n} {' '.join(filter(None, reason))}" for reason, n in left_out.items() if n)
    expected = [("the base", printed.base(table), counted), *((what, n, counted) for what, n in printed.sums(table))]
    if table.kind == "frequency":
        expected += [(MISSING, printed.at(MISSING), missing), (TOTAL, printed.at(TOTAL), counted + missing)]
    for what, n, wanted in expected:
        says = f"{what} = {_number(n)}, not {wanted}: {rows} forms{less} = {counted}"
        comparison.require((table.number,), n, wanted, says)
    if printed.twice:
        comparison.require((table.number,), None, None, f"{printed.twice} counts stand twice")


def _tie_totals(table: Table, printed: _Printed, own: Sequence[Batch], forms: FormCounts, comparison: _Comparison) -> None:
    """Check each category: forms that the table counts in it + those left out for another reason = forms with its answers."""
    for question, category, counted in printed.margins(table):
        elsewhere = sum(b.forms for b in own if b.reason and b.answers[question] in category.codes)
        whole = sum(forms.answering(mart, question, category.codes, table.pairing) for mart in table.marts)
        says = (
            f"'{category.label}' of {question} is {_number(counted)}, not {whole - elsewhere}: "
            f"{whole} forms - {elsewhere} left out for another reason"
        )
        comparison.require((table.number,), None if counted is None else counted + elsewhere, whole, says)


def _tie_cells(table: Table, printed: _Printed, own: Sequence[Batch], comparison: _Comparison) -> None:
    """Check each cell of a crosstab, counted again: cells can be wrong though their sums are right."""
    if table.column is None or table.tells_of_groups:
        return
    cells: list[tuple[tuple[str, Category], ...]] = [
        ((table.row.variable, r), (table.column.variable, c)) for r, c in product(table.row.categories, table.column.categories)
    ]
    cells += [((table.change.variable, way),) for way in table.change.categories] if table.change else []
    for group in (*(table.group.categories if table.group else ()), None):
        for cell in cells:
            labels = [category.label for _, category in cell]
            row, column = (*labels, NO_LABEL)[:2]
            here = printed.at(row, column, group.label if group else _together(table))
            inside = [*cell, *([(table.group.variable, group)] if group and table.group else [])]
            counted = (b for b in own if not b.reason)
            there = sum(b.forms for b in counted if all(b.answers[name] in category.codes for name, category in inside))
            says = f"{' by '.join(map(repr, labels))}{f' of {group.label}' if group else ''} is {_number(here)}, not {there}"
            comparison.require((table.number,), here, there, says)


def _tie_numbers(table: Table, printed: _Printed, own: Sequence[Batch], comparison: _Comparison) -> None:
    """Check each statistic of a summary, computed again from the numbers of the forms."""
    if table.row.numbers is None:
        return
    for group in (*(table.group.categories if table.group else ()), None):
        numbers: Counter[Number] = Counter()
        for batch in own:
            number = batch.answers[table.row.variable]
            inside = group is None or (table.group is not None and batch.answers[table.group.variable] in group.codes)
            if not batch.reason and inside and number is not None:
                numbers[number] += batch.forms
        label = group.label if group else TOTAL if table.group else NO_LABEL
        for measure, wanted in summary(numbers, table.row.numbers.decimals).items():
            here = printed.values.get(Address(table.number, NO_LABEL, NO_LABEL, label, measure), inf)
            says = f"{measure}{f' of {label}' if label else ''} isn't that of the numbers of {sum(numbers.values())} forms"
            comparison.require((table.number,), 0, 0 if here == wanted else 1, says)


def _tie_boxes(table: Table, printed: _Printed, own: Sequence[Batch], comparison: _Comparison) -> None:
    """Check each number of a table of boxes, counted again: ticks, forms with any, forms of the group without."""
    if not table.row.boxes:
        return
    for group in (*(table.group.categories if table.group else ()), None):
        label = group.label if group else TOTAL if table.group else NO_LABEL
        of_group: Codes = frozenset(group.codes) if group else table.group.counted if table.group else frozenset()
        inside = [b for b in own if not table.group or b.answers[table.group.variable] in of_group]
        cases = [b for b in inside if not b.reason]
        without = [b for b in inside if b.reason and b.reason.question == table.row.variable]
        ticks = {
            category.label: sum(b.forms for b in cases if b.answers[box] in category.codes)
            for category, box in zip(table.row.categories, table.row.boxes, strict=True)
        }
        forms = {TOTAL_VALID: sum(b.forms for b in cases), MISSING: sum(b.forms for b in without)}
        answers = printed.values.get(Address(table.number, TOTAL, NO_LABEL, label, "answers"))
        own_counts = [(row, printed.at(row, group=label), there) for row, there in (*ticks.items(), *forms.items())]
        for row, here, there in (*own_counts, (TOTAL, answers, sum(ticks.values()))):
            says = f"'{row}'{f' of {label}' if label else ''} is {_number(here)}, not {there}"
            comparison.require((table.number,), here, there, says)


def _same_forms(tables: Iterable[Table]) -> list[list[Table]]:
    """Group the tables that count exactly the same forms, whatever they ask of them."""
    alike: dict[tuple[object, ...], list[Table]] = defaultdict(list)
    for table in tables:
        counted = counted_codes(table)
        required = frozenset(table.answered) - set(counted)
        alike[frozenset(table.marts), table.occasion, required, frozenset((*counted.items(), *table.where))].append(table)
    return [group for group in alike.values() if len(group) > 1]


def _tie_pair(one: Table, other: Table, printed: Mapping[int, _Printed], comparison: _Comparison) -> None:
    """Check two tables of the same forms: equal bases, and each category of `one` is the sum of its parts in `other`."""
    first, second = f"in table {one.number}", f"in table {other.number}"
    pair = (min(one.number, other.number), max(one.number, other.number))
    mine, theirs = printed[one.number], printed[other.number]
    if one.number < other.number:
        here, there = mine.base(one), theirs.base(other)
        says = f"they count the same forms, but the base is {_number(here)} {first} and {_number(there)} {second}"
        comparison.require(pair, here, there, says)
    split = theirs.margins(other)
    for question, category, here in mine.margins(one):
        parts = [m for m in split if m.question == question and set(m.category.codes) <= set(category.codes)]
        if {code for m in parts for code in m.category.codes} == set(category.codes):
            there = _sum(m.forms for m in parts)
            which = f"'{category.label}' of {question}"
            says = f"they count the same forms, but {which} is {_number(here)} {first} and {_number(there)} {second}"
            comparison.require(pair, here, there, says)


def _sum(numbers: Iterable[float | None]) -> float | None:
    """Add up numbers; None when one of them is missing."""
    listed = list(numbers)
    known = [n for n in listed if n is not None]
    return sum(known) if len(known) == len(listed) else None


def _number(n: float | None) -> str:
    return "missing" if n is None else f"{n:.15g}"


def _named(tables: tuple[int, ...]) -> str:
    return ("table " if len(tables) == 1 else "tables ") + " and ".join(map(str, tables))
