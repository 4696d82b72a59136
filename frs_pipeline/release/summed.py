"""Sets of forms whose numbers are summed up in releases, and the parts that they are made up of.

Whoever has the sums of some sets of forms has every sum and difference of these. Where the sets cut all forms into parts each of
which can be had like that, nothing but sums of whole parts can be had; where they don't, nobody has shown that they tell nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from itertools import product
from math import prod
from typing import NamedTuple

from frs_pipeline.release.groups import Group, group_of
from frs_pipeline.release.reading import NumberRead
from frs_pipeline.release.worlds import Source, apart
from frs_pipeline.study import Study
from frs_pipeline.study.about import occasions
from frs_pipeline.study.instruments import BOTH
from frs_pipeline.study.tables import Place

STATISTICS = ("mean", "sd", "min", "q1", "median", "q3", "max")
_MOST = 100_000


class Summed(NamedTuple):
    """A set of forms whose numbers a table sums up; `n` is None where their number is hidden."""

    table: int
    labels: Place
    group: Group
    n: int | None
    numbers: Mapping[str, NumberRead]


class Part(NamedTuple):
    """Forms that are in the same sets (their places in a list), and how many there are."""

    sets: frozenset[int]
    n: int


# A mart, and a question of it that is answered with a number.
Key = tuple[str, str]


def summed(study: Study, source: Source) -> dict[Key, list[Summed]]:
    """Return the sets of forms whose numbers a release sums up, by mart and question."""
    found: dict[Key, list[Summed]] = {}
    for table in source.release.tables:
        for labels in dict.fromkeys(labels for _, labels in table.numbers) if table.kind == "summary" else ():
            own = {m: number for m in STATISTICS if (number := table.numbers.get((m, labels))) is not None}
            if any(number.value is not None for number in own.values()):
                forms = table.numbers["n", labels].value
                of = group_of(study, table, labels)
                one = Summed(table.number, labels, of, None if forms is None else int(forms), own)
                found.setdefault((table.marts[0], table.axes["row"].question), []).append(one)
    return found


def parts_of(study: Study, sets: Sequence[Summed]) -> list[Part] | None:
    """Return the parts that sets of forms are made up of, those with no forms, too; None where sums don't tell all of them."""
    signatures = _signatures(study, [one.group for one in sets])
    if signatures is None or any(one.n is None for one in sets):
        return None
    rows = [[Fraction(at in inside) for inside in signatures] + [Fraction(one.n or 0)] for at, one in enumerate(sets)]
    for at in range(len(signatures)):
        pivot = next((row for row in range(at, len(rows)) if rows[row][at]), None)
        if pivot is None:
            return None
        rows[at], rows[pivot] = rows[pivot], rows[at]
        rows[at] = [value / rows[at][at] for value in rows[at]]
        for row in range(len(rows)):
            if row != at and (times := rows[row][at]):
                rows[row] = [value - times * top for value, top in zip(rows[row], rows[at], strict=True)]
    return [Part(inside, int(row[-1])) for inside, row in zip(signatures, rows, strict=False)]


def _signatures(study: Study, groups: Sequence[Group]) -> list[frozenset[int]] | None:
    """Return in which of some groups a form can be, each possibility once; None where there are too many to look at."""
    choices: list[set[frozenset[int]]] = []
    everywhere = frozenset(range(len(groups)))
    for name in sorted({name for group in groups for name, _ in group.answers}):
        given = [dict(group.answers).get(name) for group in groups]
        codes = {code for some in given if some is not None for code in some}
        # Whatever none of them names stands for one answer more.
        ways = {frozenset(at for at, some in enumerate(given) if some is None or code in some) for code in codes}
        choices.append(ways | {frozenset(at for at, some in enumerate(given) if some is None)})
    if any(group.occasion != BOTH for group in groups):
        choices.append(
            {frozenset(at for at, group in enumerate(groups) if group.occasion in (BOTH, name)) for name in occasions(study)}
        )
    if prod(map(len, choices)) > _MOST:
        return None
    found = {everywhere.intersection(*ways) for ways in product(*choices)}
    return sorted((inside for inside in found if inside), key=sorted)


def tells_changes(study: Study, now: Source, earlier: Iterable[Source], sources: Sequence[Source], key: Key) -> bool:
    """Return whether a number's sums, beside those of earlier releases of other forms, tell of few that came or went."""
    own = summed(study, now)[key]
    for source in earlier:
        then = summed(study, source).get(key)
        if then is None or source.same(now, key[:1]) or apart(source, now, sources, key[:1]):
            continue
        if source.shares(now, key[:1]) or {one.group for one in own} != {one.group for one in then}:
            return True
        before = {one.group: one for one in then}
        new, old = parts_of(study, own), parts_of(study, [before[one.group] for one in own])
        if new is None or old is None:
            return True
        changes = [(abs(one.n - other.n), one.n + other.n) for one, other in zip(new, old, strict=True)]
        if any(change < now.release.threshold and forms for change, forms in changes):
            return True
    return False
