"""Whether a table as it is printed is what it was read as: a misprint spoils a sum, but not every sum.

Where nothing adds up, the table is right and was read wrongly: rows are left out, subtotals or other questions stand among them,
or its numbers are percentages.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction

from frs_pipeline.errors import InputError
from frs_pipeline.printed.drafts import TOTALS, Draft
from frs_pipeline.study.tables import TOTAL

_HUNDRED = 100
# Of two percentages, both may be misprinted.
_ENOUGH = 3
_Counts = dict[tuple[str, str], int]
_Sum = tuple[str, int, int]


def check_adds_up(draft: Draft, *, sections: int, named: bool) -> None:
    """Raise `InputError` for a crosstab of which no total is the sum of its cells, or whose totals are all a hundred.

    `sections` are the headings among its rows, `named` is whether anything says that its numbers are counts.
    """
    counts = {(row, column): int(one.text) for ((row, column, _), measure), one in draft.figures.items() if measure == "count"}
    ways = [(across, list(_sums(counts, across=across))) for across in (False, True)]
    for _, sums in ways:
        off = next((one for one in sums if one[1] != one[2]), None)
        if not named and off and len(sums) > 1 and all(total == _HUNDRED for _, _, total in sums):
            what = f"every total is 100, but '{off[0][:40]}' adds up to {off[1]}"
            raise InputError(what, where=draft.where, do="write % behind percentages, or call counts Count")
    for across, sums in ways:
        if not sums or any(added == total for _, added, total in sums):
            continue
        if len(sums) > 1 or (sections > 1 and not across):
            of, parts = ("row", "columns") if across else ("column", "rows")
            name, added, total = sums[0]
            what = f"no {of} adds up to its total: '{name[:40]}' gives {added}, not {total}"
            do = (
                f"write % behind percentages, take subtotals out, give each question a table of its own, or add {parts} that lack"
            )
            raise InputError(what, where=draft.where, do=do)


def check_answers(draft: Draft) -> None:
    """Raise `InputError` for answers to one question whose percentages say that they aren't parts of the printed total."""
    if draft.kind != "distribution":
        return
    counts = {row: int(one.text) for ((row, _, _), measure), one in draft.figures.items() if measure == "count"}
    shares = {row: one.text for ((row, _, _), measure), one in draft.figures.items() if measure == "percent" and row in counts}
    added = sum(count for row, count in counts.items() if row not in TOTALS)
    total = counts.get(TOTAL, added)
    if len(shares) < _ENOUGH or not added or not total:
        return
    of = {base: [_is_share(counts[row], base, text) for row, text in shares.items()] for base in (total, added)}
    # All percentages are wrong beside a misprinted total too, but then they are of the sum of the answers.
    if not any(of[total]) and not any(of[added]):
        do = "print what each is of in a column N, or take the percentages out"
        raise InputError(f"no percentage is that of its count in {total}", where=draft.where, do=do)
    # Beside one misprinted count, percentages still give a hundred.
    answers = [text for row, text in shares.items() if row not in TOTALS]
    off = abs(sum(map(_value, answers), Fraction(-_HUNDRED)))
    if added != total and all(of[total]) and off > sum(map(_unit, answers), Fraction(0)):
        do = "take the total out where several answers may be given, or add the answers that lack"
        raise InputError(f"answers add up to {added}, but all percentages are of {total}", where=draft.where, do=do)


def _is_share(count: int, base: int, text: str) -> bool:
    return abs(_value(text) - Fraction(_HUNDRED * count, base)) <= _unit(text)


def _value(text: str) -> Fraction:
    return Fraction(text.removesuffix("%").replace(",", "."))


def _unit(text: str) -> Fraction:
    """Return one in the last place."""
    return Fraction(1, 10 ** len(text.removesuffix("%").partition(",")[2]))


def _sums(counts: _Counts, *, across: bool) -> Iterable[_Sum]:
    """Yield each line with a total of which everything is printed: its name, the sum of its cells, and its total."""
    rows, columns = (_labels(place[axis] for place in counts) for axis in (0, 1))
    own, parts = (rows, columns) if across else (columns, rows)
    for name in (*own, TOTAL):
        cells = [counts.get((name, part) if across else (part, name)) for part in (*parts, TOTAL)]
        printed = [cell for cell in cells if cell is not None]
        if len(printed) == len(cells) > 1:
            yield name, sum(printed[:-1]), printed[-1]


def _labels(names: Iterable[str]) -> Sequence[str]:
    return [name for name in dict.fromkeys(names) if name not in TOTALS]
