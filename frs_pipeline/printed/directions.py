"""Which totals the percentages of a printed crosstab are of: told by their headings, or by what they add up to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import groupby
from typing import TYPE_CHECKING, Any

from frs_pipeline.errors import InputError
from frs_pipeline.printed.measures import PERCENT, WITHIN
from frs_pipeline.printed.notation import rewritten
from frs_pipeline.stats.printing import decimals_of, parse
from frs_pipeline.study.tables import TOTAL

if TYPE_CHECKING:
    from frs_pipeline.printed.laid_out import Cell

_WAYS = ("row_percent", "column_percent", "total_percent")
_Places = Mapping[tuple[str, str], str]


def directed(cells: Sequence[Cell], where: str) -> list[Cell]:
    """Return the cells with the measure of every percentage named. Raises `InputError` where nothing tells what they are of."""
    counts = {(cell.row, cell.column): cell.text for cell in cells if cell.measure == "count"}
    open_ = [cell for cell in cells if cell.measure in (PERCENT, WITHIN)]
    ways: dict[str, str] = {}
    taken = {cell.measure for cell in cells}
    for words, own in groupby(sorted(open_, key=_heading), key=_heading):
        printed = {(cell.row, cell.column): cell.text for cell in own}
        fits = {way: _fit(printed, counts, way) for way in _WAYS if way not in taken}
        best = max(fits, key=lambda way: fits[way], default="")
        if not best or not fits[best][0]:
            what = "nothing tells which totals the percentages are of"
            raise InputError(what, where=where, do="call them % of row, % of column or % of total")
        ways[words] = best
        taken.add(best)
    return [replace(cell, measure=ways[_heading(cell)]) if cell.measure in (PERCENT, WITHIN) else cell for cell in cells]


def _heading(cell: Cell) -> str:
    """Return the heading that percentages of the same totals share: Percent, Pct and % are one, whoever they stand above."""
    return "" if cell.measure == PERCENT else cell.words


def _fit(printed: _Places, counts: _Places, way: str) -> tuple[float, float]:
    """Return which part of the percentages, and of their sums, are as they would be if they were of these totals.

    Percentages come first. Where only margins have counts, percentages of columns and of all are the same; sums aren't.
    """
    own = {place: number for place, text in printed.items() if (number := _number(text, "percent")) is not None}
    known = {place: number for place, text in counts.items() if (number := _number(text, "count")) is not None}
    sums = [*_of_sums(own, way)]
    return _part([*_of_counts(own, known, way)] or sums), _part(sums)


def _part(tests: Sequence[bool]) -> float:
    return sum(tests) / len(tests) if tests else 0.0


def _of_counts(own: Mapping[Any, Decimal], known: Mapping[Any, Decimal], way: str) -> Iterable[bool]:
    """Compare every percentage with the counts printed beside it."""
    base = _base(known, way)
    for place, share in own.items():
        whole = base(place)
        if place in known and whole and share:
            off = abs(share - 100 * known[place] / whole)
            yield off <= Decimal(1).scaleb(int(share.as_tuple().exponent))


def _base(known: Mapping[Any, Decimal], way: str) -> Callable[[tuple[str, str]], Decimal | None]:
    def whole(place: tuple[str, str]) -> Decimal | None:
        row, column = place
        if way == "total_percent":
            own = known.get((TOTAL, TOTAL))
            inner = [n for (r, c), n in known.items() if TOTAL not in (r, c)]
        elif way == "row_percent":
            own = known.get((row, TOTAL))
            inner = [n for (r, c), n in known.items() if r == row and c != TOTAL]
        else:
            own = known.get((TOTAL, column))
            inner = [n for (r, c), n in known.items() if c == column and r != TOTAL]
        return own if own is not None else sum(inner, Decimal(0))

    return whole


def _of_sums(own: Mapping[Any, Decimal], way: str) -> Iterable[bool]:
    """Add the percentages of every row, every column or the whole table up: they should give 100."""
    inner = {place: share for place, share in own.items() if TOTAL not in place}
    lines: dict[str, list[Decimal]] = {}
    for (row, column), share in inner.items():
        lines.setdefault({"row_percent": row, "column_percent": column}.get(way, ""), []).append(share)
    for shares in lines.values():
        unit = max(Decimal(1).scaleb(int(share.as_tuple().exponent)) for share in shares)
        yield abs(sum(shares, Decimal(0)) - 100) <= unit * len(shares) / 2


def _number(cell: str, measure: str) -> Decimal | None:
    """Return the number in a cell, with its decimals; None for what isn't one, which is refused where it is added."""
    try:
        text = rewritten(cell, measure).text.removesuffix("%")
        return parse(text).quantize(Decimal(1).scaleb(-decimals_of(text)))
    except ValueError:
        return None
