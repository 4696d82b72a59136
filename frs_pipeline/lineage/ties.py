"""Which figures say the same, and which add up to which: by what they mean, never by equal numbers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import product

from frs_pipeline.lineage.meaning import Meaning, meanings
from frs_pipeline.study import Study, derived
from frs_pipeline.study.numbers import Span
from frs_pipeline.study.tables import MISSING, TOTAL, TOTAL_VALID, Address, catalogue


@dataclass(frozen=True)
class Sum:
    """Figures that add up to another, in its own table or in one that splits the same forms further."""

    total: Address
    parts: tuple[Address, ...]


@derived
def alike(study: Study) -> Mapping[Address, tuple[Address, ...]]:
    """Map every figure to all others that say the same, in the order of the report."""
    same: dict[tuple[object, ...], list[Address]] = defaultdict(list)
    for address, meaning in meanings(study).items():
        same[meaning.fact].append(address)
    return {address: tuple(other for other in same[m.fact] if other != address) for address, m in meanings(study).items()}


@derived
def sums(study: Study) -> Mapping[Address, tuple[Sum, ...]]:
    """Map every figure to the sums that it takes part in, as a part or as the total."""
    entries: dict[tuple[object, ...], list[tuple[frozenset[int], Address]]] = defaultdict(list)
    for address, meaning in meanings(study).items():
        for key, codes in _keys(meaning):
            entries[key].append((codes, address))
    additions = [made for listed in entries.values() for made in _additions(listed)]
    for table in catalogue(study).values():
        if table.kind == "frequency":
            for measure in ("count", "percent"):
                whole, *parts = (Address(table.number, row, "", "", measure) for row in (TOTAL, TOTAL_VALID, MISSING))
                additions.append(Sum(whole, tuple(parts)))
        if table.change:
            for group in table.groups:
                whole = Address(table.number, TOTAL, TOTAL, group, "count")
                ways = (Address(table.number, c.label, "", group, "count") for c in table.change.categories)
                additions.append(Sum(whole, tuple(ways)))
        if table.kind == "multiple":
            boxes = [c.label for c in table.row.categories]
            for measure, group in product(("count", "percent", "case_percent"), table.groups):
                whole = Address(table.number, TOTAL, "", group, "answers" if measure == "count" else measure)
                additions.append(Sum(whole, tuple(Address(table.number, box, "", group, measure) for box in boxes)))
    of: dict[Address, list[Sum]] = defaultdict(list)
    for made in additions:
        for address in (made.total, *made.parts):
            of[address].append(made)
    return {address: tuple(of[address]) for address in meanings(study)}


@derived
def printed_cells(study: Study, address: Address) -> tuple[tuple[tuple[Address, ...], ...], ...]:
    """Find the cells that a correlation is computed from, rows by columns, in each table that prints them all."""
    meaning = meanings(study)[address]
    if meaning.scales is None or meaning.strata is not None:
        return ()
    row, column = meaning.scales
    wanted = [
        [
            meaning.counted.where(**{row.variable: frozenset(r.codes), column.variable: frozenset(c.codes)}).fact
            for c in column.categories
        ]
        for r in row.categories
    ]
    return tuple(
        tuple(tuple(cells[fact] for fact in line) for line in wanted)
        for cells in _counts(study).values()
        if all(fact in cells for line in wanted for fact in line)
    )


@derived
def _counts(study: Study) -> Mapping[int, Mapping[object, Address]]:
    """Map the counts that each table prints by the forms that they count."""
    counts: dict[int, dict[object, Address]] = defaultdict(dict)
    for address, meaning in meanings(study).items():
        if address.measure == "count":
            counts[address.table][meaning.counted.fact] = address
    return counts


def _keys(meaning: Meaning) -> Iterable[tuple[tuple[object, ...], frozenset[int]]]:
    """Yield what a figure has in common with those that may add up with it: all but the answers to one question."""
    counted = meaning.counted
    if meaning.scales is None and meaning.numbers is None and not counted.without:
        for name, codes in counted.answers:
            if isinstance(codes, Span):
                continue
            # The codes of the question itself are blanked out, so that selections that differ in them alone meet.
            rest = counted.where(**{name: frozenset()}).fact
            yield (rest, name, meaning.of.fact if meaning.of else None), codes


def _additions(listed: list[tuple[frozenset[int], Address]]) -> Iterable[Sum]:
    """Yield each figure as the sum of those of one table that split its answers between them."""
    by_table: dict[int, dict[frozenset[int], Address]] = defaultdict(dict)
    for codes, address in listed:
        if address.measure != "cumulative_percent":
            by_table[address.table].setdefault(codes, address)
    for codes, total in listed:
        for number, split in by_table.items():
            # Where a table has the total itself, its parts add up to that one; figures equal to it are listed as alike.
            if codes in split and number != total.table:
                continue
            parts = {own: address for own, address in split.items() if own < codes}
            if sum(map(len, parts)) == len(codes) and frozenset().union(*parts) == codes:
                yield Sum(total, tuple(parts.values()))
