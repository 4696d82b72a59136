"""What must hold between tables that count the same forms: repetitions, recomputed statistics, and who answered what."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations

from printed_numbers import TOTAL, VALID, Broken, Figure, Place, Reader, axis, meant, share

from frs_pipeline.printed.model import PrintedTable, Scale

# The answers to questions that a number of forms is about: each question with the codes or labels that are meant.
Answers = Mapping[str, frozenset[object]]


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
                    exact = share(counted, r, c, measure)
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


def _files_added_up(readers: Sequence[Reader]) -> Iterator[Broken]:
    """Hold a distribution over several files against the column totals of crosstabs with the question that limits its forms."""
    crosstabs = {
        (other.table.forms, other.table.rows.question, axis(other.table.columns)): other
        for other in reversed(readers)
        if other.table.columns is not None
    }
    for of in readers:
        if of.table.kind != "distribution" or len(of.table.forms) != 2 or " + " not in of.table.forms[0]:
            continue
        files, limit = of.table.forms[0].split(" + "), of.table.forms[1]
        each = [crosstabs.get(((file,), limit, axis(of.table.rows))) for file in files]
        for label in (*of.table.rows.labels, TOTAL):
            columns = [one and one.table.columns for one in each]
            names = [dict(zip(of.table.rows.labels, c.labels, strict=True)).get(label, label) if c else "" for c in columns]
            parts = [one and one.count(TOTAL, name) for one, name in zip(each, names, strict=True)]
            printed = of.count(label)
            if printed is not None and None not in parts and printed != sum(part for part in parts if part is not None):
                yield Broken("files added up", (of.table.number, *(one.table.number for one in each if one)), label)


def _correlations(readers: Sequence[Reader]) -> Iterator[Broken]:
    crosstabs = [reader for reader in readers if reader.table.columns is not None and reader.cells is not None]
    for reader in readers:
        if reader.table.kind != "correlation":
            continue
        of_known = reader.table.forms and reader.table.rows.question
        for other in crosstabs:
            if (other.table.forms, other.axes) != (reader.table.forms, reader.axes) or not of_known:
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
            found = [(TOTAL, {}), (VALID, {rows.question: meant(rows)}), *((x, {rows.question: m}) for x, m in _each(rows))]
            yield from (_Forms(table.forms, a, k, n, x) for x, a in found if (k := of.count(x)) is not None)
        elif columns is not None:
            both = {rows.question: meant(rows), columns.question: meant(columns)}
            margins = [(x, TOTAL, both | {rows.question: m}) for x, m in _each(rows)]
            margins += [(TOTAL, x, both | {columns.question: m}) for x, m in _each(columns)]
            yield from (_Forms(table.forms, a, k, n, f"{r} {c}") for r, c, a in margins if (k := of.count(r, c)) is not None)
            if (total := of.total()) is not None or (total := of.count(measure="n")) is not None:
                yield _Forms(table.forms, both, total, n, "N")
            groups = next((s for s in scales if s.question and set(of.groups) - {TOTAL} == set(s.labels)), None)
            for label, codes in _each(groups) if groups else ():
                if (number := of.count(measure="n", group=label)) is not None and groups:
                    yield _Forms(table.forms, both | {groups.question: codes}, number, n, label)


def _each(scale: Scale) -> list[tuple[str, frozenset[object]]]:
    codes: Sequence[object] = scale.codes or [(label,) for label in scale.labels]
    return [(label, frozenset(of)) for label, of in zip(scale.labels, codes, strict=True)]  # type: ignore[call-overload]


RULES = (_printed_twice, _forms_of_files, _files_added_up, _correlations, _parts)
