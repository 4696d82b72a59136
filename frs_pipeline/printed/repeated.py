"""What is printed twice: the same table again, the other way round, with answers merged, or as percentages alone."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from frs_pipeline.language import Text
from frs_pipeline.printed.coefficients import SIGNIFICANT, strength
from frs_pipeline.printed.model import Contradiction, PrintedTable, PrintedTables, Weight
from frs_pipeline.printed.numerals import HABITS, Figure, prints
from frs_pipeline.printed.percentages import weight_of_digits
from frs_pipeline.printed.places import CORRELATED, answers, at, cells, groups
from frs_pipeline.printed.same import ONE_QUESTION, Matched, categories, collapsed_into, grouping, matched, pairs, same_forms
from frs_pipeline.printed.shares import PERCENTAGES, habits
from frs_pipeline.printed.sums import weight_of
from frs_pipeline.printed.wording import filled, fraction, joined, ratio, what, worked
from frs_pipeline.study.tables import MISSING, TOTAL, TOTAL_VALID, Address

RULES = {
    "printed_twice": Text(
        "hvad der er trykt to gange, også vendt om eller med svar slået sammen, er ens hver gang",
        "what is printed twice, also turned round or with answers merged, is the same each time",
    ),
    "percent_only": Text(
        "procenter uden antal er dem, som en anden tabel over samme spørgsmål og skemaer tæller",
        "percentages without counts are those that another table of the same questions and forms counts",
    ),
}
_CROSSTABS = ("crosstab", "collapsed_crosstab")
_TURNED = {"row_percent": "column_percent", "column_percent": "row_percent"}


def find(tables: PrintedTables) -> Iterator[Contradiction]:
    """Find figures that another table prints otherwise."""
    for a, b in pairs(tables, ONE_QUESTION):
        if same_forms(a, b):
            yield from _of_one_question(a, b)
    for a, b in pairs(tables, _CROSSTABS):
        yield from _of_crosstabs(a, b)
    for a, b in pairs(tables, tuple(CORRELATED)):
        if a.kind == b.kind and same_forms(a, b):
            yield from _of_correlations(a, b)
    yield from _percent_only(tables)


def _of_one_question(a: PrintedTable, b: PrintedTable) -> Iterator[Contradiction]:
    into = grouping(a.rows, b.rows)
    if into is not None and sorted(into) == list(range(len(b.rows.labels))):
        rows = [(name, b.rows.labels[i]) for name, i in zip(a.rows.labels, into, strict=True)]
        totals = [(TOTAL_VALID, TOTAL_VALID), (MISSING, MISSING), (TOTAL, TOTAL)] if a.kind == b.kind else []
        measures = ("count", *PERCENTAGES) if a.kind == b.kind else ("count",)
        in_order = list(into) == sorted(into)
        for row, other in (*rows, *totals):
            for measure in measures:
                if measure != "cumulative_percent" or in_order:
                    yield from _same(a, at(a, row, measure=measure), b, at(b, other, measure=measure))
        return
    for fine, coarse in ((a, b), (b, a)):
        into, found = grouping(fine.rows, coarse.rows), answers(fine)
        if into is None or found is None:
            continue
        for place, name in enumerate(coarse.rows.labels):
            merged = sum(f.whole or 0 for f, i in zip(found, into, strict=True) if i == place)
            yield from _merged(coarse, at(coarse, name), fine, merged)


def _of_crosstabs(a: PrintedTable, b: PrintedTable) -> Iterator[Contradiction]:
    there, back = matched(a, b), matched(b, a)
    if there and back:
        yield from _each_cell(a, b, there)
        return
    for fine, coarse, found in ((a, b, there), (b, a, back)):
        counts = cells(fine) if found else None
        if found is None or counts is None or coarse.columns is None:
            continue
        merged = found.collapse(counts, (len(coarse.rows.labels), len(coarse.columns.labels)))
        for row, line in zip(coarse.rows.labels, merged, strict=True):
            for column, n in zip(coarse.columns.labels, line, strict=True):
                yield from _merged(coarse, at(coarse, row, column), fine, n)


def _each_cell(a: PrintedTable, b: PrintedTable, there: Matched) -> Iterator[Contradiction]:
    assert a.columns is not None
    assert b.columns is not None
    of_rows = (b.columns if there.turned else b.rows).labels
    of_columns = (b.rows if there.turned else b.columns).labels
    rows = [*((name, of_rows[i]) for name, i in zip(a.rows.labels, there.rows, strict=True)), (TOTAL, TOTAL)]
    columns = [*((name, of_columns[i]) for name, i in zip(a.columns.labels, there.columns, strict=True)), (TOTAL, TOTAL)]
    for row, other_row in rows:
        for column, other_column in columns:
            place = (other_column, other_row) if there.turned else (other_row, other_column)
            for measure in ("count", "row_percent", "column_percent", "total_percent"):
                other = _TURNED.get(measure, measure) if there.turned else measure
                yield from _same(a, at(a, row, column, measure), b, at(b, *place, other))


def _of_correlations(a: PrintedTable, b: PrintedTable) -> Iterator[Contradiction]:
    sign = _direction(a, b)
    if not sign:
        return
    for group in groups(a):
        for measure in ("gamma", "partial_gamma", "ase", "t", "p", "n"):
            turned = sign if measure in ("gamma", "partial_gamma", "t") else 1
            yield from _same(a, at(a, measure=measure, group=group), b, at(b, measure=measure, group=group), turned)


def _direction(a: PrintedTable, b: PrintedTable) -> int:
    """Return 1 where two correlations are of the same questions and scales, -1 where one scale is reversed, 0 where neither."""
    if a.columns is None or b.columns is None:
        return 0
    for rows, columns in ((b.rows, b.columns), (b.columns, b.rows)):
        sign = 1
        for own, other in ((a.rows, rows), (a.columns, columns)):
            if not own.question or own.question != other.question:
                sign = 0
            elif categories(own) != categories(other):
                sign = -sign if categories(own) == categories(other)[::-1] else 0
        if sign:
            return sign
    return 0


def _same(a: PrintedTable, one: Figure | None, b: PrintedTable, two: Figure | None, sign: int = 1) -> Iterator[Contradiction]:
    if one is None or two is None:
        return
    slack = Fraction(0) if one.places == two.places else (one.unit + two.unit) / 2
    if abs(one.value - sign * two.value) <= slack or _cut_short(one, two):
        return
    reason = filled(
        "i {a} står {one} ({place}), men i {b}, der tæller det samme, står {two}",
        "{a} prints {one} ({place}), but {b}, which counts the same, prints {two}",
        a=a.name,
        one=one.text,
        place=what(one.address),
        b=b.name,
        two=two.text,
    )
    either = filled("enten {a} eller {b}", "either {a} or {b}", a=a.name, b=b.name)
    weight, apart = _weight(one, two, sign), worked(one.text, joined(("≠", two.text), " "))
    about = (one.address, two.address)
    yield Contradiction("printed_twice", (a.number, b.number), reason, weight, about, either=either, worked=apart)


def _cut_short(one: Figure, two: Figure) -> bool:
    """Return whether of two percentages, the one with fewer places may be the other cut off."""
    coarse, fine = sorted((one, two), key=lambda f: f.places)
    shorter = coarse.places < fine.places and one.address.measure in PERCENTAGES
    return shorter and 0 <= fine.value - coarse.value < coarse.unit


def _weight(one: Figure, two: Figure, sign: int) -> Weight:
    measure, other = one.address.measure, sign * two.value
    if measure in ("n", "count"):
        return weight_of(one.value - other, one.value) if measure == "n" else "plain"
    crosses = measure == "p" and (one.value < SIGNIFICANT) != (other < SIGNIFICANT)
    turns = measure in ("gamma", "partial_gamma", "t") and one.value * other < 0
    changes = measure == "gamma" and strength(one.value) != strength(other)
    return "serious" if crosses or turns or changes else weight_of_digits(one, other)


def _merged(coarse: PrintedTable, printed: Figure | None, fine: PrintedTable, n: int) -> Iterator[Contradiction]:
    if printed is None or printed.value == n:
        return
    reason = filled(
        "i {coarse} står {printed} ({place}), men de samme svar i {fine} giver {n}",
        "{coarse} prints {printed} ({place}), but the same answers in {fine} add up to {n}",
        coarse=coarse.name,
        printed=printed.text,
        place=what(printed.address),
        fine=fine.name,
        n=n,
    )
    either = filled("enten {a} eller {b}", "either {a} or {b}", a=coarse.name, b=fine.name)
    yield Contradiction(
        "printed_twice",
        (coarse.number, fine.number),
        reason,
        "plain",
        (printed.address,),
        expected=str(n),
        either=either,
        worked=worked(printed.text, f"≠ {n}"),
    )


def _percent_only(tables: PrintedTables) -> Iterator[Contradiction]:
    rounding = habits(tables)
    for table in tables.tables.values():
        if table.kind not in _CROSSTABS or cells(table) is not None or table.columns is None:
            continue
        for other, counts in collapsed_into(table, tables):
            for i, row in enumerate(table.rows.labels):
                for j, column in enumerate(table.columns.labels):
                    bases = {
                        "row_percent": sum(counts[i]),
                        "column_percent": sum(line[j] for line in counts),
                        "total_percent": sum(map(sum, counts)),
                    }
                    for measure, whole in bases.items():
                        printed = at(table, row, column, measure)
                        habit = rounding[table.number]
                        if printed and whole and not prints(Fraction(100 * counts[i][j], whole), printed, habit):
                            yield _other_counts(table, printed, other, counts[i][j], whole, habit)


def _other_counts(table: PrintedTable, printed: Figure, other: PrintedTable, part: int, whole: int, habit: str) -> Contradiction:
    exact = Fraction(100 * part, whole)
    reason = filled(
        "i {table} står {printed} ({place}), men i {other}, som bygger på de samme spørgsmål, er det {ratio}",
        "{table} prints {printed} ({place}), but {other}, with the same questions, counts {ratio}",
        table=table.name,
        printed=printed.text,
        place=what(printed.address),
        other=other.name,
        ratio=ratio(part, whole, printed.places + 1),
    )
    address: Address = printed.address
    return Contradiction(
        "percent_only",
        (table.number, other.number),
        reason,
        weight_of_digits(printed, exact),
        (address,),
        (address,),
        printed.written(Fraction(HABITS[habit](exact, printed.places))),
        either=filled(
            "enten {printed} i {table} eller antallene i {other}",
            "either {printed} in {table} or the counts of {other}",
            printed=printed.text,
            table=table.name,
            other=other.name,
        ),
        worked=worked(fraction(part, whole, printed.places + 1), joined(("≠", printed.text), " ")),
    )
