"""What must hold between printed figures, written from definitions: which identities a report breaks, without the audit's code.

`misprints.py` marks by it which misprints can be seen. A figure that isn't printed takes part in nothing; tables are compared
only where they count the same forms (`between_tables.py`). What shares and correlations must fulfil is as wide as rounding
allows: a tie may have gone either way.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

import between_tables
from printed_numbers import MISSING, SLACK, TOTAL, VALID, Broken, Figure, Reader, share, valid

from frs_pipeline.printed.model import PrintedTables


def broken(tables: PrintedTables) -> frozenset[Broken]:
    """Return every identity of the list that doesn't hold."""
    readers = [Reader(table) for table in tables.tables.values()]
    one_by_one = (fault for reader in readers for rule in RULES for fault in rule(reader))
    together = (fault for rule in between_tables.RULES for fault in rule(readers))
    return frozenset((*one_by_one, *together))


def _sums(of: Reader) -> Iterator[Broken]:
    table, n = of.table, (of.table.number,)
    if table.kind in ("frequency", "distribution"):
        whole = valid(of)
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
        exact = share(of, row, column, measure)
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
        others = [of.get(measure="gamma", group=g) for g in of.groups if g not in (group, TOTAL)]
        every = [got for got in others if got is not None]
        if partial is not None and others and len(every) == len(others) and not _between(partial, every):
            yield Broken("partial gamma", n, group)
    forms = [of.count(measure="n", group=group) for group in of.groups if group not in ("", TOTAL)]
    total = of.count(measure="n", group=TOTAL)
    if total is not None and sum(k for k in forms if k is not None) > total:
        yield Broken("groups", n, "")


def _of_t(t: Figure, p: Figure) -> bool:
    """Return whether the p of some T that prints so prints as this p."""
    size = abs(t.value)
    greatest, least = (math.erfc(max(float(x), 0) / math.sqrt(2)) for x in (size - t.half, size + t.half))
    return least <= float(p.value + p.half) + SLACK and greatest >= float(p.value - p.half) - SLACK


def _between(one: Figure, others: Sequence[Figure]) -> bool:
    least, greatest = min(f.value - f.half for f in others), max(f.value + f.half for f in others)
    return least <= one.value + one.half and one.value - one.half <= greatest


RULES = (_sums, _rounding, _ranges)
