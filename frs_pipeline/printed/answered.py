"""Who answered what: can the printed numbers of forms all be true of one set of forms?

A pattern says which questions a form answers. Every printed number of forms (a frequency's valid count, a crosstab's total, a
correlation's N) is a sum over patterns, so whether all of them can be true at once is a question about whole numbers, which
HiGHS (through SciPy) answers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from scipy.optimize import Bounds, LinearConstraint

from frs_pipeline.language import Text
from frs_pipeline.printed.model import Contradiction, PrintedTable, PrintedTables, Scale
from frs_pipeline.printed.places import CORRELATED, at, cells, forms_counted, total_of
from frs_pipeline.printed.same import counted, matched
from frs_pipeline.printed.solving import solve_whole
from frs_pipeline.printed.sums import weight_of
from frs_pipeline.printed.wording import filled, tables_named, worked
from frs_pipeline.stats.gamma import goodman_kruskal
from frs_pipeline.stats.printing import spss
from frs_pipeline.study.tables import TOTAL, Address

RULES = {
    "numbers_of_forms": Text(
        "der findes et sæt skemaer, som alle trykte antal besvarelser af hvert spørgsmål og hvert par passer på",
        "there is a set of forms that all printed numbers of answers to each question and each pair fit",
    ),
}
# Figures of a correlation that depend on the N cases it was computed from.
REST_ON_N = ("ase", "t", "p")
# Patterns double with each question; beyond this many, the question with the most pairs is left out of its group.
_MOST_QUESTIONS = 11
# An N of a correlation is given up before a number that its own table confirms by its cells or answers.
_CONFIRMED = 100.0

# A question with what is counted of it, or a word that limits the forms: what a form has or hasn't.
Trait = tuple[str, frozenset[int | str]]


@dataclass(frozen=True)
class PrintedCount:
    """A printed number of forms that have all of `traits`; `key` is the figure, `alone` says that nothing beside confirms it."""

    table: int
    traits: frozenset[Trait]
    forms: int
    key: Address | None
    alone: bool


def find(tables: PrintedTables) -> Iterator[Contradiction]:
    """Find the numbers of forms that must give way so that all others can be true together.

    As few as possible, Ns of correlations before others; of two sets that are equally small, the one of later tables.
    """
    for file in dict.fromkeys(t.forms[0] for t in tables.tables.values() if t.forms and " + " not in t.forms[0]):
        of_file = [t for t in tables.tables.values() if t.forms[:1] == (file,)]
        numbers = [number for table in of_file for number in _numbers(table)]
        sizes = Counter(number.forms for number in numbers if not number.traits)
        size = sizes.most_common(1)[0][0] if sizes else None
        groups = _connected([number for number in numbers if number.traits])
        for group in groups:
            yield from _contradictions(tables, group, size)
        in_group = {id(number) for group in groups for number in group}
        of_groups = [number for table in of_file for number in _of_all_groups(table)]
        for number in (*(n for n in numbers if id(n) not in in_group), *of_groups):
            yield from _beyond(tables, number, [n for n in numbers if n.traits or n.forms == size])


def _numbers(table: PrintedTable) -> Iterator[PrintedCount]:
    limits: frozenset[Trait] = frozenset((word, frozenset()) for word in table.forms[1:])
    if table.kind == "frequency" and table.rows.question:
        total = at(table, TOTAL)
        if total is not None and total.whole is not None and not limits:
            yield PrintedCount(table.number, frozenset(), total.whole, total.address, False)
        valid = forms_counted(table)
        if valid is not None:
            of_valid = total_of(table)
            yield PrintedCount(table.number, limits | {_trait(table.rows)}, valid, of_valid.address if of_valid else None, False)
    elif table.columns is not None and table.rows.question and table.columns.question and table.kind in _PAIRS:
        forms = forms_counted(table)
        if forms is not None and (table.kind != "correlation_by_group"):
            printed = total_of(table)
            pair = limits | {_trait(table.rows), _trait(table.columns)}
            key = printed.address if printed else None
            yield PrintedCount(table.number, pair, forms, key, table.kind in CORRELATED)


def _of_all_groups(table: PrintedTable) -> Iterator[PrintedCount]:
    """Yield the N of all groups together: forms that answer both questions and say to which group they belong."""
    n = at(table, measure="n", group=TOTAL)
    if (
        table.kind == "correlation_by_group"
        and table.columns
        and table.groups
        and table.groups.question
        and n
        and n.whole is not None
    ):
        traits = {
            _trait(table.rows),
            _trait(table.columns),
            _trait(table.groups),
            *((word, frozenset()) for word in table.forms[1:]),
        }
        yield PrintedCount(table.number, frozenset(traits), n.whole, n.address, True)


def _beyond(tables: PrintedTables, number: PrintedCount, numbers: Sequence[PrintedCount]) -> Iterator[Contradiction]:
    """Compare a number of forms that no programme tells of with the least number of forms that it is a part of."""
    whole = [n for n in numbers if n.table != number.table and all(_has(number.traits, trait) for trait in n.traits)]
    least = min(whole, key=lambda n: n.forms, default=None)
    if least is not None and number.forms > least.forms:
        yield _contradiction(tables, number, [tables.tables[least.table]], (0, least.forms))


def _has(traits: frozenset[Trait], trait: Trait) -> bool:
    return trait in traits or any(_wider(own, trait) for own in traits)


_PAIRS = ("crosstab", "collapsed_crosstab", "correlation")


def _trait(scale: Scale) -> Trait:
    return scale.question, counted(scale)


def _connected(numbers: Sequence[PrintedCount]) -> list[list[PrintedCount]]:
    """Group numbers that share questions; a question with only one number can't contradict anything and is left out."""
    pairs = [n for n in numbers if len(n.traits) > 1]
    used = Counter(trait for n in numbers for trait in n.traits)
    telling = {trait for n in pairs for trait in n.traits if used[trait] > 1 or _nested(trait, used)}
    groups: list[set[Trait]] = []
    for number in pairs:
        if number.traits <= telling:
            touching = [g for g in groups if g & number.traits]
            groups = [g for g in groups if g not in touching] + [set().union(number.traits, *touching)]
    found: list[list[PrintedCount]] = []
    for group in groups:
        wide = group | {trait for own in group for trait in used if _wider(own, trait)}
        found += _small([n for n in numbers if n.traits and n.traits <= wide])
    return found


def _small(numbers: list[PrintedCount]) -> list[list[PrintedCount]]:
    """Split a group with too many questions by leaving out those with the most pairs, each looked at again with its own."""
    traits = Counter(trait for n in numbers for trait in n.traits if len(n.traits) > 1)
    if len({trait for n in numbers for trait in n.traits}) <= _MOST_QUESTIONS or not traits:
        return [numbers]
    hub = max(sorted(traits, key=_order), key=lambda trait: traits[trait])
    rest = [n for n in numbers if hub not in n.traits]
    return _connected(rest) if len(rest) < len(numbers) else [numbers]


def _order(trait: Trait) -> tuple[str, list[str]]:
    return trait[0], sorted(map(str, trait[1]))


def _wider(own: Trait, other: Trait) -> bool:
    """Return whether whoever has one trait has another: the same question, with more answers counted."""
    return own[0] == other[0] and own[1] < other[1]


def _nested(trait: Trait, others: Iterable[Trait]) -> bool:
    return any(_wider(trait, other) or _wider(other, trait) for other in others)


def _contradictions(tables: PrintedTables, numbers: list[PrintedCount], size: int | None) -> Iterator[Contradiction]:
    most = size if size is not None else max(n.forms for n in numbers)
    model = _Model(numbers, size)
    given_up = model.fewest_to_give_up(numbers, most)
    remaining = [n for n in numbers if n not in given_up]
    for number in given_up:
        low, high = model.possible(remaining, number.traits)
        against = model.minimal(remaining, number)
        others = [tables.tables[n] for n in sorted({n.table for n in against} - {number.table})]
        yield _contradiction(tables, number, others, (low, high))


def _contradiction(
    tables: PrintedTables, number: PrintedCount, others: Sequence[PrintedTable], possible: tuple[int, int]
) -> Contradiction:
    table, (low, high) = tables.tables[number.table], possible
    said = filled("præcis {low}", "exactly {low}", low=low) if low == high else _between(low, high)
    names = tables_named(others)
    single = len([t for t in number.traits if t[1]]) < 2
    reason = filled(
        "i {table} står {what} = {n}, men det kan ikke forenes med antallet af skemaer i {names} "
        "({said} skemaer kan have svar på {questions})",
        "{table} prints {what} = {n}; the numbers of forms in {names} can't all hold with it "
        "({said} forms can have answered {questions})",
        table=table.name,
        what="N" if number.alone else Text("besvarede", "valid"),
        n=number.forms,
        names=names,
        said=said,
        questions=Text("spørgsmålet", "the question") if single else Text("begge spørgsmål", "both questions"),
    )
    off = number.forms - (low if number.forms < low else high)
    key = number.key
    return Contradiction(
        "numbers_of_forms",
        (number.table, *(other.number for other in others)),
        reason,
        weight_of(off, max(number.forms - off, 1)),
        (key,) if key else (),
        (key, *(key._replace(measure=name) for name in REST_ON_N)) if key and number.alone else (),
        str(low) if low == high else "",
        _other_gamma(tables, table),
        _either(table, others),
        worked(f"{'N' if number.alone else 'n'} = {number.forms}", _off(number.forms, low, high)),
    )


def _off(forms: int, low: int, high: int) -> str:
    """Write how a number of forms lies to those that are possible."""
    if low == high:
        return f"≠ {low}"
    return f"< {low}" if forms < low else f"> {high}"


def _either(table: PrintedTable, others: Sequence[PrintedTable]) -> Text:
    names = tables_named(others)
    if len(others) == 1:
        return filled("enten {a} eller {b}", "either {a} or {b}", a=table.name, b=names)
    return filled("enten {a} eller en af disse: {b}", "either {a} or one of these: {b}", a=table.name, b=names)


def _between(low: int, high: int) -> Text:
    if not low:
        return filled("højst {high}", "at most {high}", high=high)
    return filled("mellem {low} og {high}", "between {low} and {high}", low=low, high=high)


def _other_gamma(tables: PrintedTables, table: PrintedTable) -> Text | None:
    """Tell the gamma of the cells that another table prints for the same questions, with more answers merged."""
    printed = at(table, measure="gamma")
    if printed is None:
        return None
    for other in tables.tables.values():
        merged = _coarser(table, other)
        if merged is not None:
            own = goodman_kruskal(merged)
            text = spss(own.gamma, printed.places, leading_zero=False)
            return filled(
                "cellerne i {other}, hvor svar er slået sammen, giver gamma {own} af {n} skemaer; her står {printed}",
                "the cells of {other}, with answers merged, give gamma {own} of {n} forms; this table prints {printed}",
                other=other.name,
                own=text,
                n=own.n,
                printed=printed.text,
            )
    return None


def _coarser(table: PrintedTable, other: PrintedTable) -> list[list[int]] | None:
    """Return the cells of a crosstab that merges answers of a correlation, in the order of its scales."""
    found = matched(table, other) if other.kind in ("crosstab", "collapsed_crosstab") else None
    counts = cells(other) if found else None
    if found is None or counts is None:
        return None
    lines = [list(line) for line in (zip(*counts, strict=True) if found.turned else counts)]
    for into, across in ((found.rows, False), (found.columns, True)):
        if list(into) == sorted(into, reverse=True):
            lines = [line[::-1] for line in lines] if across else lines[::-1]
        elif list(into) != sorted(into):
            return None
    return lines


class _Model:
    """The patterns of a group of numbers, and what can be asked of them."""

    def __init__(self, numbers: Sequence[PrintedCount], size: int | None) -> None:
        self.size = size
        traits = sorted({trait for n in numbers for trait in n.traits}, key=_order)
        self.patterns = [
            pattern
            for flags in product((False, True), repeat=len(traits))
            if _consistent(pattern := frozenset(t for t, yes in zip(traits, flags, strict=True) if yes), traits)
        ]

    def row(self, traits: frozenset[Trait]) -> list[int]:
        """Return which patterns have all of these traits."""
        return [int(traits <= pattern) for pattern in self.patterns]

    def _every(self, more: int = 0) -> list[LinearConstraint]:
        """All forms together are as many as the file has, where that is printed."""
        return [] if self.size is None else [_equals([*[1] * len(self.patterns), *[0] * more], self.size)]

    def fewest_to_give_up(self, numbers: Sequence[PrintedCount], most: int) -> list[PrintedCount]:
        """Find the smallest set of numbers without which the rest can hold; ties go to the later tables."""
        # Each number may be missed by any amount once its 0/1 variable says that it is given up.
        constraints = self._every(len(numbers))
        for number in numbers:
            row, slack = self.row(number.traits), [max(most, number.forms) if number is n else 0 for n in numbers]
            constraints.append(LinearConstraint([[*row, *slack]], number.forms, np.inf))
            constraints.append(LinearConstraint([[*row, *(-s for s in slack)]], -np.inf, number.forms))
        last = max(n.table for n in numbers) + 1
        cost = [0.0] * len(self.patterns)
        cost += [(1.0 if n.alone else _CONFIRMED) - n.table / last / 2 / len(numbers) for n in numbers]
        upper = [np.inf] * len(self.patterns) + [1.0] * len(numbers)
        outcome = solve_whole(cost, constraints, Bounds(0, upper))
        if outcome.x is None:
            return []
        return [n for n, up in zip(numbers, outcome.x[len(self.patterns) :], strict=True) if up > 0.5]

    def possible(self, numbers: Sequence[PrintedCount], traits: frozenset[Trait]) -> tuple[int, int]:
        """Return the fewest and the most forms that can have `traits`, if all `numbers` hold."""
        row = np.array(self.row(traits), dtype=float)
        low, high = (self.solve(sign * row, numbers) for sign in (1, -1))
        return int(low or 0), -int(high or 0)

    def minimal(self, remaining: Sequence[PrintedCount], number: PrintedCount) -> list[PrintedCount]:
        """Reduce `remaining`, by leaving out one after the other, to a minimal part that still rules out `number`."""
        needed = list(remaining)
        nothing = np.zeros(len(self.patterns))
        for candidate in sorted(remaining, key=lambda n: -len(n.traits)):
            rest = [n for n in needed if n is not candidate]
            if self.solve(nothing, [*rest, number]) is None:
                needed = rest
        return needed

    def solve(self, cost: np.ndarray, numbers: Iterable[PrintedCount]) -> float | None:
        """Minimise over all sets of forms for which the numbers hold; None if there is none."""
        constraints = self._every() + [_equals(self.row(n.traits), n.forms) for n in numbers]
        if not constraints:
            return 0.0
        outcome = solve_whole(cost, constraints, Bounds(0, np.inf))
        return None if outcome.x is None else round(outcome.fun)


def _consistent(pattern: frozenset[Trait], traits: Sequence[Trait]) -> bool:
    """Return whether a form can have these traits: an answer among few is one among more."""
    return all(other in pattern for own in pattern for other in traits if _wider(own, other))


def _equals(row: Sequence[int], total: int) -> LinearConstraint:
    return LinearConstraint([list(row)], total, total)
