"""Totals among counts: by their name, and by being the sum of the lines beside them."""

import re
import unicodedata
from collections.abc import Sequence

from frs_pipeline.stats.places import Counts, Place, refuse

# What --as-it-stands is for.
SURE = "say --as-it-stands if these are counts of answers"
NAMED = "carries totals, by its name; leave them out, or call it otherwise if it is an answer"
# Compared without case and without anything but letters.
_TOTALS = frozenset(
    """total; totals; subtotal; sub total; sum; sums; all; margin; margins; overall;
    totalt; i alt; ialt; sammenlagt; samlet; tilsammen; hovedtotal; totalsum; subtotalt; delsum; mellemsum;
    sammanlagt; summa; totalsumma; slutsumma; delsumma; totaal; eindtotaal; subtotaal;
    summe; gesamt; insgesamt; zusammen; gesamtsumme; gesamtergebnis; zwischensumme; teilergebnis;
    totaux; total général; sous total; somme; ensemble; totale; totali; totale generale; somma;
    totales; total general; total geral; suma; suma total; soma; razem; ogółem; celkem; yhteensä;
    összesen; samtals; alls; toplam; всего; итого; разом""".replace("\n    ", " ").split("; ")
)
# What may stand beside such a name.
_BESIDE = frozenset(("row", "rows", "column", "columns", "col", "grand", "n", "count", "antal", "række", "kolonne"))


def names_totals(label: str) -> bool:
    """Is this what a line of totals is called: `Total`, `I alt:`, `TOTAL (N)`, `Row totals`?"""
    words = re.findall(r"[^\W\d_]+", unicodedata.normalize("NFKC", label).casefold())
    return " ".join(words) in _TOTALS or " ".join(word for word in words if word not in _BESIDE) in _TOTALS


def sum_of_others(lines: Sequence[Sequence[int]]) -> int | None:
    """Place of the last line, from three lines on, that is the sum of all others; a line of zeros is none.

    Totals may stand twice, before and behind the lines that they add up: two or more of these.
    """
    if len(lines) < 3:
        return None
    sums = [sum(cells) for cells in zip(*lines, strict=True)]
    for place in range(len(lines) - 1, -1, -1):
        alike = lines.count(lines[place])
        shares = {1, alike} if alike <= len(lines) - 2 else {1}
        if any(lines[place]) and any(_is_rest(lines[place], sums, share) for share in shares):
            return place
    return None


def _is_rest(line: Sequence[int], sums: Sequence[int], times: int) -> bool:
    """Is a line what is left of the `sums` when it has been taken off so many `times`?"""
    return all((times + 1) * cell == whole for cell, whole in zip(line, sums, strict=True))


def refuse_named_totals(found: Counts) -> None:
    """Raise ContingencyError for a row, column or stratum that is called as totals are."""
    labels: list[tuple[str, Place]] = [(label, place) for (_, label), place in found.row_at.items()]
    for label, place in [*found.stratum_at.items(), *found.column_at.items(), *labels]:
        if names_totals(label):
            refuse(place, NAMED)


def refuse_sums(found: Counts) -> None:
    """Raise ContingencyError for a row, column or stratum that is the sum of the others, in the file or in a stratum."""
    advice = f"is the sum of the others, as totals are; leave it out, or {SURE}"
    names = list(found.strata)
    turned = {name: list(zip(*table, strict=True)) for name, table in found.strata.items()}
    label = _sum(found.columns, [turned[name] for name in names])
    if label is not None:
        refuse(found.column_at[label], advice)
    label = _sum(found.rows, [found.strata[name] for name in names])
    if label is not None:
        refuse(next(place for (_, own), place in found.row_at.items() if own == label), f"begins a row that {advice}")
    label = _sum(tuple(names), [[[cell for row in table for cell in row] for table in found.strata.values()]])
    if label is not None:
        refuse(found.stratum_at[label], f"names a stratum that {advice}")
    for name in names if len(names) > 1 else ():
        label = _sum(found.columns, [turned[name]], filled=True)
        if label is not None:
            refuse(found.column_at[label], f"{advice} (in stratum {list(names).index(name) + 1})")
        label = _sum(found.rows, [found.strata[name]], filled=True)
        if label is not None:
            refuse(found.row_at[name, label], f"begins a row that {advice}")


def _sum(labels: Sequence[str], tables: Sequence[Sequence[Sequence[int]]], *, filled: bool = False) -> str | None:
    """The label of the line that is the sum of the others in all `tables`, beside each other.

    Only lines that are `filled` count where few forms are likely: two that are alike, among empty ones, aren't totals.
    """
    lines = [(label, [cell for table in tables for cell in table[i]]) for i, label in enumerate(labels)]
    lines = [(label, cells) for label, cells in lines if any(cells) or not filled]
    place = sum_of_others([cells for _, cells in lines])
    return None if place is None else lines[place][0]
