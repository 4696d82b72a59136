"""What must hold between printed figures, written from definitions: which identities a report breaks, without the audit's code.

`benchmarks/misprints.py` marks by it which misprints can be seen. Numbers are exact fractions of what is printed. A figure that
isn't printed takes part in nothing; tables are compared only where they count the same forms. What shares and correlations must
fulfil is as wide as rounding allows: a tie may have gone either way.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import combinations, pairwise

from frs_pipeline.printed.model import PrintedTable, PrintedTables, Scale

# Family and words of every identity; `misprints.py` prints them beside its results.
LISTED = {
    "cells of a row": ("sums", "the counts of a row add up to its total"),
    "cells of a column": ("sums", "the counts of a column, totals too, add up to its total"),
    "answers": ("sums", "the counts of the answers add up to the valid ones, or to the total where there are no missing ones"),
    "valid and missing": ("sums", "valid + missing = total"),
    "per cent of counts": ("rounding", "a per cent is that of the counts beside it, within half a unit of its last decimal"),
    "cumulative": ("rounding", "a cumulative per cent is that of the counts so far, within the same"),
    "all of it": ("rounding", "percentages of a whole table without counts add up to 100, within half a unit for each"),
    "gamma": ("range", "a gamma or partial gamma is from -1 to 1"),
    "ASE": ("range", "an ASE isn't negative"),
    "p": ("range", "a p is from 0 to 1"),
    "per cent": ("range", "a per cent is from 0 to 100"),
    "sign of T": ("range", "T has the sign of its gamma"),
    "p of T": ("range", "p is that of T, two-sided and normal, as wide as their decimals"),
    "monotone": ("range", "cumulative percentages don't fall"),
    "partial gamma": ("range", "a partial gamma lies between the least and the greatest gamma of its groups"),
    "groups": ("range", "the groups have no more forms than all of them together"),
    "part of the answers": ("range", "forms that answer two questions, or one as a group, are no more than answer either"),
    "both of two": ("range", "as many forms answer two questions as must, if so many answer each and there are so many"),
    "printed twice": ("repetition", "a table that is printed twice prints the same, to the decimals that both have"),
    "percent of the other": ("repetition", "a per cent is that of the counts which another table prints for the same answers"),
    "forms of a file": ("repetition", "frequencies of the same forms have the same total"),
    "N of the table": ("repetition", "a correlation's N is the total of the crosstab of the same answers"),
    "recomputed": ("recomputing", "gamma, ASE, T and p are those of the crosstab of the same answers, within half a unit"),
}

_FIGURE = re.compile(r"(-?)([0-9]*)(?:,([0-9]+))?%?")
TOTAL, VALID, MISSING = "Total", "Total valid", "Missing"
# A recomputed statistic takes square roots, and p a function of floats.
_SLACK = 1e-9


@dataclass(frozen=True)
class Broken:
    """An identity of `LISTED` that doesn't hold: which, between figures of which tables, and where."""

    what: str
    tables: tuple[int, ...]
    place: str

    @property
    def family(self) -> str:
        return LISTED[self.what][0]


@dataclass(frozen=True)
class Figure:
    """A printed figure as a number and half a unit of its last decimal."""

    value: Fraction
    half: Fraction

    def may_be(self, exact: Fraction | float) -> bool:
        """Return whether `exact` could have been printed so."""
        return abs(exact - self.value) <= self.half + (_SLACK if isinstance(exact, float) else 0)


def figure(text: str) -> Figure:
    """Read what is printed. Raises ValueError for what isn't a figure."""
    match = _FIGURE.fullmatch(text)
    if match is None or not (match[2] or match[3]):
        raise ValueError("not a figure")
    decimals = match[3] or ""
    scale = 10 ** len(decimals)
    value = Fraction(int((match[2] or "0") + decimals), scale)
    return Figure(-value if match[1] else value, Fraction(1, 2 * scale))


# Labels of row, column and group, and the measure.
Place = tuple[str, str, str, str]
# The answers to questions that a number of forms is about: each question, or its labels, with codes or labels.
Answers = Mapping[str, frozenset[object]]


@dataclass
class Reader:
    """One table as numbers, with what each axis is about."""

    table: PrintedTable
    figures: dict[Place, Figure] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.figures = {(a.row, a.column, a.group, a.measure): figure(text) for a, text in self.table.figures.items()}

    def get(self, row: str = "", column: str = "", measure: str = "count", group: str = "") -> Figure | None:
        return self.figures.get((row, column, group, measure))

    def count(self, row: str = "", column: str = "", measure: str = "count", group: str = "") -> Fraction | None:
        got = self.get(row, column, measure, group)
        return None if got is None else got.value

    def counts(self, places: Sequence[tuple[str, str]]) -> list[Fraction] | None:
        """Return the counts of several places; None where one isn't printed."""
        found = [self.count(row, column) for row, column in places]
        return None if None in found else [n for n in found if n is not None]

    @property
    def cells(self) -> list[list[int]] | None:
        """The counts of a crosstab without totals, (rows, columns)."""
        if self.table.columns is None:
            return None
        rows = [self.counts([(r, c) for c in self.table.columns.labels]) for r in self.table.rows.labels]
        return None if None in rows else [[int(n) for n in row] for row in rows if row is not None]

    @property
    def axes(self) -> tuple[object, ...]:
        return _axis(self.table.rows), self.table.columns and _axis(self.table.columns)

    @property
    def groups(self) -> list[str]:
        return list(dict.fromkeys(group for _, _, group, _ in self.figures))

    def total(self) -> Fraction | None:
        """Return how many forms a crosstab or a correlation counts."""
        printed = self.count(TOTAL, TOTAL) if self.table.columns else None
        cells = self.cells
        return printed if printed is not None or cells is None else Fraction(sum(map(sum, cells)))


def _axis(scale: Scale) -> tuple[object, ...]:
    """Say what an axis counts, in its order, whatever it calls it where the codes are known."""
    return scale.question, scale.codes or scale.labels


def _meant(scale: Scale) -> frozenset[object]:
    return frozenset(code for codes in scale.codes for code in codes) if scale.codes else frozenset(scale.labels)


def broken(tables: PrintedTables) -> frozenset[Broken]:
    """Return every identity of the list that doesn't hold."""
    readers = [Reader(table) for table in tables.tables.values()]
    one_by_one = (fault for reader in readers for rule in _OF_ONE for fault in rule(reader))
    together = (fault for rule in _OF_MANY for fault in rule(readers))
    return frozenset((*one_by_one, *together))


def _sums(of: Reader) -> Iterator[Broken]:
    table, n = of.table, (of.table.number,)
    if table.kind in ("frequency", "distribution"):
        whole = _valid(of)
        answers = of.counts([(label, "") for label in table.rows.labels])
        if whole is not None and answers is not None and sum(answers) != whole:
            yield Broken("answers", n, "")
        parts = of.counts([(VALID, ""), (MISSING, "")])
        total = of.count(TOTAL)
        if parts is not None and total is not None and sum(parts) != total:
            yield Broken("valid and missing", n, "")
    elif table.columns is not None:
        rows, columns = table.rows.labels, table.columns.labels
        for row in (*rows, TOTAL):
            parts, total = of.counts([(row, c) for c in columns]), of.count(row, TOTAL)
            if parts is not None and total is not None and sum(parts) != total:
                yield Broken("cells of a row", n, row)
        for column in (*columns, TOTAL):
            parts, total = of.counts([(r, column) for r in rows]), of.count(TOTAL, column)
            if parts is not None and total is not None and sum(parts) != total:
                yield Broken("cells of a column", n, column)


def _rounding(of: Reader) -> Iterator[Broken]:
    for (row, column, group, measure), printed in of.figures.items():
        # Of several answers a form, percentages of forms add up to more than 100.
        if group or not measure.endswith("percent") or of.table.kind == "multiple":
            continue
        where = f"{row} {column} {measure}"
        if not 0 <= printed.value <= 100:
            yield Broken("per cent", (of.table.number,), where)
        exact = _share(of, row, column, measure)
        if exact is not None and not printed.may_be(exact):
            what = "cumulative" if measure == "cumulative_percent" else "per cent of counts"
            yield Broken(what, (of.table.number,), where)
    cumulative = [got for label in of.table.rows.labels if (got := of.get(label, "", "cumulative_percent"))]
    if any(before.value > after.value for before, after in pairwise(cumulative)):
        yield Broken("monotone", (of.table.number,), "")
    if of.table.columns is not None and of.cells is None:
        places = [(r, c, "", "total_percent") for r in of.table.rows.labels for c in of.table.columns.labels]
        shares = [of.figures[place] for place in places if place in of.figures]
        if len(shares) == len(places) and abs(sum(s.value for s in shares) - 100) > sum(s.half for s in shares):
            yield Broken("all of it", (of.table.number,), "")


def _share(of: Reader, row: str, column: str, measure: str) -> Fraction | None:
    """Return the per cent by the printed counts; None where they aren't printed."""
    table = of.table
    part, whole = of.count(row, column), None
    if table.columns is None:
        whole = of.count(TOTAL) if measure == "percent" else _valid(of)
        if measure == "cumulative_percent":
            labels = table.rows.labels
            so_far = of.counts([(label, "") for label in labels[: labels.index(row) + 1]]) if row in labels else None
            part = None if so_far is None else sum(so_far, Fraction(0))
    elif measure == "row_percent":
        whole = of.count(row, TOTAL) or _sum(of.counts([(row, c) for c in table.columns.labels]))
    elif measure == "column_percent":
        whole = of.count(TOTAL, column) or _sum(of.counts([(r, column) for r in table.rows.labels]))
    elif measure == "total_percent":
        whole = of.total()
    return None if part is None or not whole else 100 * part / whole


def _valid(of: Reader) -> Fraction | None:
    """Return how many answered: all, where a table has no row of missing ones."""
    return of.count(TOTAL) if of.table.kind == "distribution" or of.count(MISSING) is None else of.count(VALID)


def _sum(counts: list[Fraction] | None) -> Fraction | None:
    return None if counts is None else sum(counts, Fraction(0))


def _ranges(of: Reader) -> Iterator[Broken]:
    n = (of.table.number,)
    for group in of.groups:
        gamma, partial, ase, t, p = (of.get(measure=m, group=group) for m in ("gamma", "partial_gamma", "ase", "t", "p"))
        if any(g is not None and abs(g.value) > 1 for g in (gamma, partial)):
            yield Broken("gamma", n, group)
        if ase is not None and ase.value < 0:
            yield Broken("ASE", n, group)
        if p is not None and not 0 <= p.value <= 1:
            yield Broken("p", n, group)
        if gamma is not None and t is not None and gamma.value * t.value < 0:
            yield Broken("sign of T", n, group)
        if t is not None and p is not None and not _of_t(t, p):
            yield Broken("p of T", n, group)
        others = [got for g in of.groups if g not in (group, TOTAL) and (got := of.get(measure="gamma", group=g))]
        if partial is not None and others and not _between(partial, others):
            yield Broken("partial gamma", n, group)
    forms = [of.count(measure="n", group=group) for group in of.groups if group not in ("", TOTAL)]
    total = of.count(measure="n", group=TOTAL)
    if total is not None and sum(k for k in forms if k is not None) > total:
        yield Broken("groups", n, "")


def _of_t(t: Figure, p: Figure) -> bool:
    """Return whether the p of some T that prints so prints as this p."""
    size = abs(t.value)
    greatest, least = (math.erfc(max(float(x), 0) / math.sqrt(2)) for x in (size - t.half, size + t.half))
    return least <= float(p.value + p.half) + _SLACK and greatest >= float(p.value - p.half) - _SLACK


def _between(one: Figure, others: Sequence[Figure]) -> bool:
    least, greatest = min(f.value - f.half for f in others), max(f.value + f.half for f in others)
    return least <= one.value + one.half and one.value - one.half <= greatest


def _printed_twice(readers: Sequence[Reader]) -> Iterator[Broken]:
    for one, other in _alike(readers):
        numbers = one.table.number, other.table.number
        for place, printed in one.figures.items():
            again = other.figures.get(_renamed(place, one.table, other.table))
            if again is not None and abs(printed.value - again.value) > _apart(printed, again):
                yield Broken("printed twice", numbers, " ".join(place))
        for of, counted in ((one, other), (other, one)):
            for (row, column, group, measure), printed in of.figures.items():
                if measure.endswith("percent") and not group and of.count(row, column) is None:
                    r, c, _, _ = _renamed((row, column, group, measure), of.table, counted.table)
                    exact = _share(counted, r, c, measure)
                    if exact is not None and not printed.may_be(exact):
                        yield Broken("percent of the other", numbers, f"{row} {column} {measure}")


def _apart(one: Figure, other: Figure) -> Fraction:
    """Return by how much two figures of one number may differ: not at all, unless one has fewer decimals."""
    return Fraction(0) if one.half == other.half else max(one.half, other.half) + min(one.half, other.half)


def _alike(readers: Sequence[Reader]) -> Iterator[tuple[Reader, Reader]]:
    """Yield each two tables that count the same answers of the same forms."""
    alike: dict[object, list[Reader]] = defaultdict(list)
    for reader in readers:
        if reader.table.forms and reader.table.rows.question:
            alike[reader.table.kind, reader.table.forms, reader.axes, tuple(reader.groups)].append(reader)
    for several in alike.values():
        yield from combinations(several, 2)


def _renamed(place: Place, one: PrintedTable, other: PrintedTable) -> Place:
    row, column, group, measure = place
    rows = dict(zip(one.rows.labels, other.rows.labels, strict=True))
    columns = dict(zip(one.columns.labels, other.columns.labels, strict=True)) if one.columns and other.columns else {}
    return rows.get(row, row), columns.get(column, column), group, measure


def _forms_of_files(readers: Sequence[Reader]) -> Iterator[Broken]:
    totals: dict[tuple[str, ...], list[tuple[int, Fraction]]] = defaultdict(list)
    for reader in readers:
        total = reader.count(TOTAL) if reader.table.kind == "frequency" else None
        if total is not None and reader.table.forms:
            totals[reader.table.forms].append((reader.table.number, total))
    for several in totals.values():
        for (one, total), (other, again) in combinations(several, 2):
            if total != again:
                yield Broken("forms of a file", (one, other), "")


def _correlations(readers: Sequence[Reader]) -> Iterator[Broken]:
    crosstabs = [reader for reader in readers if reader.table.columns is not None and reader.cells is not None]
    for reader in readers:
        if reader.table.kind != "correlation":
            continue
        for other in crosstabs:
            if (other.table.forms, other.axes) != (reader.table.forms, reader.axes) or not reader.table.forms:
                continue
            numbers = reader.table.number, other.table.number
            if reader.count(measure="n") not in (None, other.total()):
                yield Broken("N of the table", numbers, "")
            for measure, exact in recomputed(other.cells or []).items():
                printed = reader.get(measure=measure)
                if printed is not None and not printed.may_be(exact):
                    yield Broken("recomputed", numbers, measure)


def recomputed(cells: Sequence[Sequence[int]]) -> dict[str, float]:
    """Compute gamma, ASE, T and p of a table (rows, columns) as its definitions say; nothing where a pair is untied nowhere."""
    places = [(i, j, n) for i, row in enumerate(cells) for j, n in enumerate(row) if n]
    with_same = [sum(m for k, l, m in places if (k - i) * (l - j) > 0) for i, j, _ in places]  # noqa: E741
    opposite = [sum(m for k, l, m in places if (k - i) * (l - j) < 0) for i, j, _ in places]  # noqa: E741
    counts = [n for _, _, n in places]
    p, q, n = (sum(k * x for k, x in zip(counts, xs, strict=True)) for xs in (with_same, opposite, [1] * len(counts)))
    if p + q == 0:
        return {}
    each = list(zip(counts, with_same, opposite, strict=True))
    gamma = (p - q) / (p + q)
    ase = 4 / (p + q) ** 2 * math.sqrt(sum(k * (q * c - p * d) ** 2 for k, c, d in each))
    independent = sum(k * (c - d) ** 2 for k, c, d in each) - Fraction((p - q) ** 2, n)
    if independent <= 0:
        return {"gamma": gamma, "ase": ase}
    t = gamma / (2 / (p + q) * math.sqrt(independent))
    return {"gamma": gamma, "ase": ase, "t": t, "p": math.erfc(abs(t) / math.sqrt(2))}


@dataclass(frozen=True)
class _Forms:
    """So many forms of `forms` gave one of these answers to each question; which table says so, and where."""

    forms: tuple[str, ...]
    answers: Answers
    number: Fraction
    table: int
    place: str

    def are_part_of(self, other: _Forms) -> bool:
        return all(q in self.answers and self.answers[q] <= codes for q, codes in other.answers.items())


def _parts(readers: Sequence[Reader]) -> Iterator[Broken]:
    """Hold numbers of forms that answer two questions or more against those of single questions, and groups against crosstabs."""
    by_file: dict[tuple[str, ...], list[_Forms]] = defaultdict(list)
    for forms in _numbers(readers):
        by_file[forms.forms].append(forms)
    for several in by_file.values():
        size = next((f for f in several if not f.answers), None)
        single = [f for f in several if len(f.answers) == 1]
        for one in several:
            for other in several if len(one.answers) == 3 else single:
                if (
                    one.number > other.number
                    and one.table != other.table
                    and one.are_part_of(other)
                    and other.answers != one.answers
                ):
                    yield Broken("part of the answers", (one.table, other.table), f"{one.place}/{other.place}")
            if size is not None and len(one.answers) == 2:
                yield from _must_answer_both(one, single, size)


def _must_answer_both(one: _Forms, single: Sequence[_Forms], size: _Forms) -> Iterator[Broken]:
    """Hold a number of forms that answer two questions against those that answer each, which together may be more than all."""
    of_each = [[f for f in single if f.answers == {question: codes}] for question, codes in one.answers.items()]
    for first in of_each[0]:
        for second in of_each[1]:
            if one.number < first.number + second.number - size.number:
                yield Broken("both of two", (one.table, first.table, second.table), one.place)


def _numbers(readers: Sequence[Reader]) -> Iterator[_Forms]:
    scales = [scale for reader in readers for scale in (reader.table.rows, reader.table.columns) if scale]
    for of in readers:
        table, n, columns = of.table, of.table.number, of.table.columns
        rows = table.rows
        if not table.forms or not rows.question or (columns and not columns.question):
            continue
        if table.kind == "frequency":
            found = [(TOTAL, {}), (VALID, {rows.question: _meant(rows)}), *((x, {rows.question: m}) for x, m in _each(rows))]
            yield from (_Forms(table.forms, a, k, n, x) for x, a in found if (k := of.count(x)) is not None)
        elif columns is not None:
            both = {rows.question: _meant(rows), columns.question: _meant(columns)}
            margins = [(x, TOTAL, both | {rows.question: m}) for x, m in _each(rows)]
            margins += [(TOTAL, x, both | {columns.question: m}) for x, m in _each(columns)]
            yield from (_Forms(table.forms, a, k, n, f"{r} {c}") for r, c, a in margins if (k := of.count(r, c)) is not None)
            if (total := of.total()) is not None or (total := of.count(measure="n")) is not None:
                yield _Forms(table.forms, both, total, n, "N")
            groups = next((s for s in scales if s.question and set(of.groups) - {TOTAL} == set(s.labels)), None)
            for label, meant in _each(groups) if groups else ():
                if (number := of.count(measure="n", group=label)) is not None and groups:
                    yield _Forms(table.forms, both | {groups.question: meant}, number, n, label)


def _each(scale: Scale) -> list[tuple[str, frozenset[object]]]:
    codes: Sequence[object] = scale.codes or [(label,) for label in scale.labels]
    return [(label, frozenset(of)) for label, of in zip(scale.labels, codes, strict=True)]  # type: ignore[call-overload]


_OF_ONE = (_sums, _rounding, _ranges)
_OF_MANY = (_printed_twice, _forms_of_files, _correlations, _parts)
