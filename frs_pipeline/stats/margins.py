"""Totals among counts, recognised by their name, or as the sum of the lines beside them."""

import re
import unicodedata
from collections.abc import Sequence

from frs_pipeline.stats.places import Counts, Place, refuse

# How every error ends that --as-it-stands silences.
SURE = "say --as-it-stands if these are counts of answers"
NAMED = "carries totals, by its name; leave them out, or rename it if it is an answer"
# Names of totals, in lower case and with nothing but letters, which is how labels are compared with them.
_TOTALS = frozenset(
    """total; totals; subtotal; sub total; sum; sums; all; margin; margins; overall;
    totalt; i alt; ialt; sammenlagt; samlet; tilsammen; hovedtotal; totalsum; subtotalt; delsum; mellemsum;
    sammanlagt; summa; totalsumma; slutsumma; delsumma; totaal; eindtotaal; subtotaal;
    summe; gesamt; insgesamt; zusammen; gesamtsumme; gesamtergebnis; zwischensumme; teilergebnis;
    totaux; total général; sous total; somme; ensemble; totale; totali; totale generale; somma;
    totales; total general; total geral; suma; suma total; soma; razem; ogółem; celkem; yhteensä;
    összesen; samtals; alls; toplam; всего; итого; разом""".replace("\n    ", " ").split("; ")
)
# Words that may stand beside such a name, as in "Row totals".
_BESIDE = frozenset(("row", "rows", "column", "columns", "col", "grand", "n", "count", "antal", "række", "kolonne"))


def names_totals(label: str) -> bool:
    """Return whether this is what a line of totals is called: `Total`, `I alt:`, `TOTAL (N)`, `Row totals`."""
    words = re.findall(r"[^\W\d_]+", unicodedata.normalize("NFKC", label).casefold())
    return " ".join(words) in _TOTALS or " ".join(word for word in words if word not in _BESIDE) in _TOTALS


def sum_of_others(lines: Sequence[Sequence[int]]) -> int | None:
    """Return the index of the last line that is the sum of all others; None if there is none, or fewer than three lines.

    A line of zeros doesn't count. Totals may stand twice, before and after the lines (two or more) that they add up.
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
    """Return whether `line` is what is left of `sums` once it has been subtracted `times` times."""
    return all((times + 1) * cell == whole for cell, whole in zip(line, sums, strict=True))


def refuse_named_totals(counts: Counts) -> None:
    """Raise ContingencyError for a row, column or stratum that has the name of a total."""
    labels: list[tuple[str, Place]] = [(label, place) for (_, label), place in counts.row_at.items()]
    for label, place in [*counts.stratum_at.items(), *counts.column_at.items(), *labels]:
        if names_totals(label):
            refuse(place, NAMED)


def refuse_sums(counts: Counts) -> None:
    """Raise ContingencyError for a row, column or stratum that is the sum of the others, in the file or in a stratum."""
    advice = f"is the sum of the others, as totals are; leave it out, or {SURE}"
    names = list(counts.strata)
    turned = {name: list(zip(*table, strict=True)) for name, table in counts.strata.items()}
    label = _sum(counts.columns, [turned[name] for name in names])
    if label is not None:
        refuse(counts.column_at[label], advice)
    label = _sum(counts.rows, [counts.strata[name] for name in names])
    if label is not None:
        refuse(next(place for (_, own), place in counts.row_at.items() if own == label), f"begins a row that {advice}")
    label = _sum(tuple(names), [[[cell for row in table for cell in row] for table in counts.strata.values()]])
    if label is not None:
        refuse(counts.stratum_at[label], f"names a stratum that {advice}")
    for name in names if len(names) > 1 else ():
        label = _sum(counts.columns, [turned[name]], filled=True)
        if label is not None:
            refuse(counts.column_at[label], f"{advice} (in stratum {list(names).index(name) + 1})")
        label = _sum(counts.rows, [counts.strata[name]], filled=True)
        if label is not None:
            refuse(counts.row_at[name, label], f"begins a row that {advice}")


def _sum(labels: Sequence[str], tables: Sequence[Sequence[Sequence[int]]], *, filled: bool = False) -> str | None:
    """Return the label of the line that is the sum of the others in all `tables` at once; None if there is none.

    With `filled`, empty lines are ignored: where forms are few, two equal lines among empty ones aren't totals.
    """
    lines = [(label, [cell for table in tables for cell in table[i]]) for i, label in enumerate(labels)]
    lines = [(label, cells) for label, cells in lines if any(cells) or not filled]
    place = sum_of_others([cells for _, cells in lines])
    return None if place is None else lines[place][0]
