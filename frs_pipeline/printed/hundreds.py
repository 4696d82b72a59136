"""Percentages without their counts: do they add up to a hundred, and is there a base that prints all of them?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor

from frs_pipeline.language import Text
from frs_pipeline.printed.model import Contradiction, PrintedTable, PrintedTables
from frs_pipeline.printed.numerals import Figure, decimal
from frs_pipeline.printed.places import CROSSED, at, groups, total_of
from frs_pipeline.printed.shares import habits, shares
from frs_pipeline.printed.wording import added, filled, joined, label, percent, what, worked
from frs_pipeline.study.tables import MISSING, TOTAL, TOTAL_VALID, Address

RULES = {
    "hundred": Text(
        "procenter af samme grundlag giver tilsammen hundrede, så nær som afrundingen tillader",
        "percentages of one base add up to a hundred, as nearly as rounding allows",
    ),
    "base_of_percentages": Text(
        "procenter uden antal kan alle sammen være antal af det trykte grundlag, eller af et eller andet",
        "percentages without counts can all together be counts of the printed base, or of some base",
    ),
}
# From this many decimals on, any base prints any percentages that add up.
_TELLING_PLACES = 2
# Sums beyond these are no rounding.
_SERIOUS = (98, 102)
_NAMED_BASES = 8


@dataclass(frozen=True)
class Parts:
    """Percentages of all answers of one base, with their counts where they are printed, and the base where it is."""

    figures: tuple[Figure, ...]
    counts: tuple[int | None, ...]
    base: Figure | None
    whole: Figure | None
    of: Text

    @property
    def total(self) -> Fraction:
        """What they add up to."""
        return sum((f.value for f in self.figures), Fraction(0))


def find(tables: PrintedTables) -> Iterator[Contradiction]:
    """Find percentages that can't all be of one base."""
    rounding = habits(tables)
    # Where no count stands beside a percentage in the whole report, it may as well have cut off as rounded.
    known = any(True for table in tables.tables.values() for _ in shares(table))
    for number, table in tables.tables.items():
        allowed = {rounding[number]} if known else {"half away", "cut off"}
        for parts in parts_of(table):
            if parts.whole is not None and parts.whole.value != 100 and _uncounted(table, parts.whole):
                yield _whole(table, parts, parts.whole)
            if None not in parts.counts:
                continue  # each stands beside its count
            if not _hundred(parts, allowed):
                yield _not_a_hundred(table, parts)
            elif None in parts.counts and max(f.places for f in parts.figures) <= _TELLING_PLACES:
                yield from _no_base(table, parts, allowed, _most(tables, table))
        for subtotal, cells in _subtotals(table):
            yield from _not_the_subtotal(table, subtotal, cells, allowed)


def parts_of(table: PrintedTable) -> Iterator[Parts]:
    """Yield each set of percentages that are of one base."""
    for group in groups(table):
        if table.kind in CROSSED and table.columns is not None:
            rows, columns = table.rows.labels, table.columns.labels
            for row in (*rows, TOTAL):
                of = filled("rækken {name}", "the row {name}", name=label(row))
                yield from _made(table, "row_percent", [(row, c) for c in columns], (row, TOTAL), group, of)
            for column in (*columns, TOTAL):
                of = filled("kolonnen {name}", "the column {name}", name=label(column))
                yield from _made(table, "column_percent", [(r, column) for r in rows], (TOTAL, column), group, of)
            everywhere = [(row, column) for row in rows for column in columns]
            yield from _made(table, "total_percent", everywhere, (TOTAL, TOTAL), group, Text("alle celler", "all cells"))
        elif table.kind in ("frequency", "distribution"):
            every = [(row, "") for row in table.rows.labels]
            of = Text("svarene", "the answers")
            if table.kind == "distribution":
                yield from _made(table, "percent", every, (TOTAL, ""), group, of)
                continue
            yield from _made(table, "valid_percent", every, (TOTAL_VALID, ""), group, of)
            missing = [(MISSING, "")] if at(table, MISSING, measure="percent", group=group) else []
            valid = at(table, TOTAL_VALID, measure="percent", group=group)
            if missing or (at(table, MISSING, group=group) is None and (valid is None or valid.value == 100)):
                yield from _made(table, "percent", every + missing, (TOTAL, ""), group, of)


def _made(
    table: PrintedTable, measure: str, places: Sequence[tuple[str, str]], base: tuple[str, str], group: str, of: Text
) -> Iterator[Parts]:
    figures = [at(table, row, column, measure, group) for row, column in places]
    if not figures or not all(figures):
        return
    counts = [at(table, row, column, group=group) for row, column in places]
    whole = at(table, *base, measure, group)
    printed = at(table, *base, group=group)
    if printed is None and base == (TOTAL, TOTAL):
        printed = total_of(table, group)
    if printed is None and TOTAL_VALID in base:
        printed = at(table, measure="n", group=group) or at(table, TOTAL, group=group)
    yield Parts(tuple(f for f in figures if f), tuple(f.whole if f else None for f in counts), printed, whole, of)


def _hundred(parts: Parts, allowed: set[str]) -> bool:
    units = sum((f.unit for f in parts.figures), Fraction(0))
    off = parts.total - 100
    rounds = abs(off) <= units / 2
    return rounds or ("cut off" in allowed and -units < off <= 0)


def _uncounted(table: PrintedTable, printed: Figure) -> bool:
    return at(table, printed.address.row, printed.address.column, group=printed.address.group) is None


def _subtotals(table: PrintedTable) -> Iterator[tuple[Figure, tuple[Figure, ...]]]:
    """Yield each percentage of a margin that stands without a count, with those of its cells."""
    for group in groups(table):
        if table.kind in CROSSED and table.columns is not None:
            rows, columns, measure = table.rows.labels, table.columns.labels, "total_percent"
            lines = [((row, TOTAL), [(row, column) for column in columns]) for row in rows]
            lines += [((TOTAL, column), [(row, column) for row in rows]) for column in columns]
        elif table.kind == "frequency":
            measure, lines = "percent", [((TOTAL_VALID, ""), [(row, "") for row in table.rows.labels])]
        else:
            continue
        for margin, places in lines:
            whole = at(table, *margin, measure, group)
            cells = tuple(f for f in (at(table, *place, measure, group) for place in places) if f)
            if whole and len(cells) == len(places) and _uncounted(table, whole):
                yield whole, cells


def _not_the_subtotal(
    table: PrintedTable, whole: Figure, cells: tuple[Figure, ...], allowed: set[str]
) -> Iterator[Contradiction]:
    total = sum((f.value for f in cells), Fraction(0))
    slack = sum((f.unit for f in cells), whole.unit) / (1 if "cut off" in allowed else 2)
    if abs(total - whole.value) > slack:
        reason = filled(
            "i {table} står {printed} ({place}), men dets dele giver {parts} = {total}",
            "{table} prints {printed} ({place}), but its parts add up to {parts} = {total}",
            table=table.name,
            printed=whole.text,
            place=what(whole.address),
            parts=added(cells),
            total=percent(total, whole.places),
        )
        sums = worked(joined((added(cells), percent(total, whole.places)), " = "), joined(("≠", whole.text), " "))
        about = (whole.address, *(f.address for f in cells))
        yield Contradiction("hundred", (table.number,), reason, "plain", about, worked=sums)


def _whole(table: PrintedTable, parts: Parts, whole: Figure) -> Contradiction:
    reason = filled(
        "i {table} står {printed} som procent i alt ({of}) i stedet for 100",
        "{table} prints {printed} as the total of percentages ({of}) instead of 100",
        table=table.name,
        printed=whole.text,
        of=parts.of,
    )
    return Contradiction("hundred", (table.number,), reason, "plain", (whole.address,), expected=whole.written(100))


def _not_a_hundred(table: PrintedTable, parts: Parts) -> Contradiction:
    units = sum((f.unit for f in parts.figures), Fraction(0))
    places = max(f.places for f in parts.figures)
    reason = filled(
        "i {table} giver procenterne ({of}) {parts} = {total}; afrunding forklarer højst {slack} mere eller mindre end 100",
        "in {table} the percentages ({of}) add up to {parts} = {total}; rounding explains at most {slack} more or less than 100",
        table=table.name,
        of=parts.of,
        parts=added(parts.figures),
        total=percent(parts.total, places),
        slack=decimal(units / 2, places + 1),
    )
    low, high = _SERIOUS
    weight = "plain" if low <= parts.total <= high else "serious"
    sums = worked(added(parts.figures), joined(("=", percent(parts.total, places)), " "))
    about = tuple(f.address for f in parts.figures)
    return Contradiction("hundred", (table.number,), reason, weight, about, worked=sums)  # type: ignore[arg-type]


def _most(tables: PrintedTables, table: PrintedTable) -> int | None:
    """Return the largest number of forms that another table of the same file prints; None where none does."""
    files = table.forms[:1]
    found = [
        f.whole
        for other in tables.tables.values()
        if files and other.forms[:1] == files and other is not table
        for f in (at(other, TOTAL), at(other, TOTAL, TOTAL), at(other, measure="n"))
        if f and f.whole
    ]
    return max(found) if found else None


def _no_base(table: PrintedTable, parts: Parts, allowed: set[str], most: int | None) -> Iterator[Contradiction]:
    places = max(f.places for f in parts.figures)
    limit = max(10 ** (places + 2) + 10 * len(parts.figures), 1000)
    if max((count for count in parts.counts if count is not None), default=0) > 0 and parts.base is None:
        return  # a count that is printed beside its percentage says what the base is, which may be any size
    bases = [n for n in range(1, min(limit, most or limit) + 1) if possible_base(parts, n, allowed)]
    if parts.base is not None and parts.base.whole:
        if possible_base(parts, parts.base.whole, allowed):
            return
        head = filled("{n}", "{n}", n=parts.base.whole)
        reason = filled(
            "i {table} kan procenterne ({of}: {figures}) ikke alle være antal af {n}, som der står",
            "in {table} the percentages ({of}: {figures}) can't all be counts of {n}, which it prints",
            table=table.name,
            of=parts.of,
            figures=_listed(parts.figures),
            n=head,
        )
    elif bases:
        return
    else:
        reason = filled(
            "i {table} kan procenterne ({of}: {figures}) ikke alle være antal af samme grundlag på højst {limit}",
            "in {table} the percentages ({of}: {figures}) can't all be counts of one base of up to {limit}",
            table=table.name,
            of=parts.of,
            figures=_listed(parts.figures),
            limit=min(limit, most or limit),
        )
    addresses: tuple[Address, ...] = tuple(f.address for f in parts.figures)
    yield Contradiction("base_of_percentages", (table.number,), reason, "plain", addresses, possible=_bases(bases))


def possible_base(parts: Parts, n: int, allowed: set[str]) -> bool:
    """Return whether whole counts that add up to `n` print all of the percentages, by one habit of rounding."""
    for habit in allowed:
        least = most = 0
        for f, count in zip(parts.figures, parts.counts, strict=True):
            if habit == "cut off":
                low, high = ceil(f.value * n / 100), ceil((f.value + f.unit) * n / 100) - 1
            else:
                low, high = max(0, ceil(f.low * n / 100)), floor(f.high * n / 100)
            if count is not None:
                low, high = max(low, count), min(high, count)
            if low > high:
                break
            least, most = least + low, most + high
        else:
            if least <= n <= most:
                return True
    return False


def _bases(bases: Sequence[int]) -> Text:
    if not bases:
        return Text("intet grundlag kan give dem alle", "no base can give all of them")
    named = ", ".join(map(str, bases[:_NAMED_BASES])) + (" …" if len(bases) > _NAMED_BASES else "")
    return filled("grundlag, der kan give dem alle: {named}", "bases that can give all of them: {named}", named=named)


def _listed(figures: Sequence[Figure]) -> str:
    return " · ".join(f.text for f in figures[:8]) + (" …" if len(figures) > 8 else "")
