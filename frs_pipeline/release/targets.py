"""What an attack looks for: every number of forms that would reveal what few people answered.

These are the numbers that a release hides; every combination of the questions' own answers within one table, whatever was
merged, left out or pooled there; and whatever one released set of forms has beyond another one within it. Nobody is known
to have left a question blank: how many did reveals nothing, nor does it that few of them can have given an answer to another
question; that one of them did does.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import permutations, product
from typing import Literal, NamedTuple

import numpy as np

from frs_pipeline.release.groups import NOTHING, TOTAL, TOTAL_VALID, Group, all_answers, crossed_in, group, group_of
from frs_pipeline.release.reading import AxisRead, Code, ReleaseRead, TableRead
from frs_pipeline.release.worlds import Source, Sum, World, Worlds, apart
from frs_pipeline.study import Study
from frs_pipeline.study.about import occasions
from frs_pipeline.study.instruments import BOTH
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.study.tables import Place

# A number that is marked as hidden; one that the report prints and that isn't released, since answers were merged or the
# table is withheld; a combination of answers within a table; what one set of forms has beyond another; how much a number
# differs from an earlier release; a count that the statistics beside it would reveal; forms of which a summary
# of numbers tells too much.
Kind = Literal["hidden", "merged", "cell", "difference", "change", "statistic", "summary"]
# Kinds that aren't printed: a number of zero says nothing, and a large one may be known.
OF_FEW = ("merged", "cell", "difference")


@dataclass
class Target:
    """A number that is looked for, and how far it was seen to reach in worlds of whole numbers.

    `of` says which forms it counts: those of one group, or those of a first group that aren't in a second one; `whose`, from
    which deliveries. `sum` has each unknown once, `printed` as in the numbers whose difference it is. `blank`: all its forms
    left a question blank.
    """

    kind: Kind
    table: int
    labels: Place
    own: bool
    printed: Sum
    of: tuple[Group, ...]
    whose: tuple[object, ...]
    blank: bool = False
    low: float = np.inf
    high: float = -np.inf
    sum: Sum = field(init=False)

    def __post_init__(self) -> None:
        self.sum = self.printed.net()

    def exposed(self, low: float, high: float, threshold: int, zeros_shown: bool) -> bool:
        """Return whether it is known too closely if it can only lie between `low` and `high`."""
        narrow = high - low < threshold
        if self.kind == "hidden":
            return narrow or high < threshold
        if self.kind == "change":
            if low == high == 0:
                return False
            least = 0 if low <= 0 <= high else min(abs(low), abs(high))
            return max(abs(low), abs(high)) < threshold or (narrow and least < threshold)
        if high < (1 if zeros_shown else 0) or (self.blank and low < 1):
            return False
        return high < threshold or (narrow and low < threshold)

    def open(self, low: float, high: float, threshold: int) -> bool:
        """Return whether the range seen so far leaves open that it is exposed."""
        if self.blank and low < 1 and self.kind != "hidden":
            return False
        far = max(abs(low), abs(high)) if self.kind == "change" else high
        return high - low < threshold or far < threshold

    def see(self, world: World) -> None:
        value = self.sum.at(world)
        self.low, self.high = min(self.low, value), max(self.high, value)


class _Printed(NamedTuple):
    """A number of forms that a release prints, shown or hidden."""

    source: Source
    group: Group
    table: int
    labels: Place


def targets(study: Study, worlds: Worlds, source: Source, earlier: Sequence[Source]) -> list[Target]:
    """List everything that is looked for, each number once; what is shown on purpose needn't be."""
    by_sum: dict[tuple[str, tuple[int, ...], tuple[float, ...]], Target] = {}
    for target in _all(study, worlds, source, earlier):
        key = ("change" if target.kind == "change" else "", *target.sum)
        # Hidden numbers come first, and win: the most is required of them.
        if target.sum.of and (target.kind not in ("cell", "difference") or not worlds.prints(target.sum)):
            by_sum.setdefault(key, target)
    return list(by_sum.values())


def _all(study: Study, worlds: Worlds, source: Source, earlier: Sequence[Source]) -> Iterator[Target]:
    sources = (source, *earlier, *worlds.silent)
    numbers = [number for one in sources for number in _numbers(study, worlds, one)]
    for number, hidden in numbers:
        if hidden:
            of, whose = number.group, _whose(number.source, number.group)
            total = worlds.sum(number.source, of)
            yield Target("hidden", number.table, number.labels, number.source is source, total, (of,), whose)
    tables = [(one, table) for one in sources for table in one.release.tables if worlds.knows(one, table)]
    for one, table in tables:
        yield from _unprinted(study, worlds, source, one, table)
    for one, table in tables:
        yield from _within(study, worlds, source, one, table)
    yield from _left_blank(study, worlds, source, [number for number, _ in numbers])
    yield from _differences(study, worlds, source, [number for number, _ in numbers])
    for older in earlier:
        yield from _changes(study, worlds, source, older)


def _numbers(study: Study, worlds: Worlds, source: Source) -> Iterator[tuple[_Printed, bool]]:
    for table in (table for table in source.release.tables if worlds.knows(source, table)):
        for (measure, labels), number in table.numbers.items():
            if measure in ("count", "n"):
                yield _Printed(source, group_of(study, table, labels), table.number, labels), number.value is None
        if worlds.is_silent(source):
            for labels in _printed(table):
                yield _Printed(source, group_of(study, table, labels, original=True), table.number, labels), False


def _whose(source: Source, of: Group) -> tuple[object, ...]:
    """Return what distinguishes a group's forms from the same group of other deliveries."""
    return tuple(tuple(sorted(source.words(mart))) for mart in of.marts)


def _own(source: Source, one: Source, worlds: Worlds) -> bool:
    """Return whether a number belongs to the release that is attacked, or is a part of what that one is about."""
    marts = [mart for table in one.release.tables for mart in table.marts]
    return one is source or (worlds.is_silent(one) and source.shares(one, marts))


def _sum(worlds: Worlds, source: Source, one: Source, of: Group) -> Sum:
    """Return the number of forms of a group; as the difference of a whole and the rest of it, where both may be released."""
    own = worlds.sum(one, of)
    if not worlds.is_silent(one):
        return own
    for whole, rest in permutations(worlds.sources, 2):
        if one.completes(rest, whole, of.marts) and worlds.holds(whole, of) and worlds.holds(rest, of):
            return worlds.sum(whole, of).less(worlds.sum(rest, of))
    return own


def _unprinted(study: Study, worlds: Worlds, source: Source, one: Source, table: TableRead) -> Iterator[Target]:
    """Yield what the report prints of a table, if it isn't released like that."""
    if not table.numbers or not _as_printed(table):
        for labels in _printed(table):
            of = group_of(study, table, labels, original=True)
            yield Target(
                "merged", table.number, labels, _own(source, one, worlds), _sum(worlds, source, one, of), (of,), _whose(one, of)
            )


def _within(study: Study, worlds: Worlds, source: Source, one: Source, table: TableRead) -> Iterator[Target]:
    """Yield every combination of answers to the questions of a table."""
    own = _own(source, one, worlds)
    for mart, names in ((mart, sorted(names)) for mart in table.marts for names in crossed_in(study, table)):
        both = table.occasion == BOTH and questionnaires(study)[mart].occasion == BOTH
        values = [sorted(all_answers(study, mart, name), key=str) for name in names]
        for occasion in occasions(study) if both else (table.occasion,):
            for codes in product(*values):
                of = group(study, (mart,), occasion, {name: frozenset((code,)) for name, code in zip(names, codes, strict=True)})
                judged = _judged(study, [of], source.release)
                if judged is not None:
                    yield Target(
                        "cell",
                        table.number,
                        _named(study, table, occasion, dict(zip(names, codes, strict=True))),
                        own,
                        _sum(worlds, source, one, of),
                        (of,),
                        _whose(one, of),
                        judged,
                    )


def _named(study: Study, table: TableRead, occasion: str, answers: Mapping[str, Code]) -> Place:
    """Name a combination of answers by row, column and whatever else: readable, and not from any form."""
    words = {}
    for name, code in answers.items():
        question = questionnaires(study)[table.marts[0]].resolve(name)
        assert question is not None
        words[name] = "blank" if code is None else question.labels.get(code, "answered")
    row, column = (words.pop(axis.question, NOTHING) if axis else NOTHING for axis in map(table.original.get, ("row", "column")))
    return row, column, ", ".join([*words.values(), *([occasion] if occasion != table.occasion else [])])


def _left_blank(study: Study, worlds: Worlds, source: Source, numbers: Iterable[_Printed]) -> Iterator[Target]:
    """Yield those who would be counted had they answered: several numbers may add up to them and those who did."""
    for number in numbers:
        given = dict(number.group.answers)
        for name in (name for name, codes in given.items() if codes != {None}):
            of = group(study, number.group.marts, number.group.occasion, {**given, name: frozenset((None,))})
            judged = _judged(study, [of], source.release)
            if judged is not None:
                labels = (*number.labels[:2], f"{number.labels[2]} {name} blank".strip())
                own, whose = _own(source, number.source, worlds), _whose(number.source, of)
                yield Target("difference", number.table, labels, own, worlds.sum(number.source, of), (of,), whose, judged)


def _differences(study: Study, worlds: Worlds, source: Source, numbers: Iterable[_Printed]) -> Iterator[Target]:
    """Yield what one set of forms has beyond another one within it."""
    each: dict[tuple[object, ...], _Printed] = {}
    for number in numbers:
        each.setdefault((number.group, _whose(number.source, number.group)), number)
    for whole, part in _pairs(list(each.values())):
        rest = _rest(study, whole.group, part.group)
        if not rest or not whole.source.same(part.source, part.group.marts):
            continue
        judged = _judged(study, rest, source.release)
        if judged is not None:
            own = _own(source, whole.source, worlds) or _own(source, part.source, worlds)
            labels = (*whole.labels[:2], f"{whole.labels[2]} less table {part.table}: {' '.join(part.labels)}".strip())
            of = tuple(rest) if len(rest) == 1 else (whole.group, part.group)
            wanted = worlds.sum(whole.source, whole.group).less(worlds.sum(part.source, part.group))
            yield Target("difference", whole.table, labels, own, wanted, of, _whose(whole.source, whole.group), judged)


def _pairs(numbers: Sequence[_Printed]) -> Iterator[tuple[_Printed, _Printed]]:
    """Yield pairs of numbers of which the second may be within the first: it has no other marts, and asks no less."""
    alike: dict[tuple[frozenset[str], frozenset[str]], list[_Printed]] = defaultdict(list)
    for number in numbers:
        alike[frozenset(number.group.marts), frozenset(name for name, _ in number.group.answers)].append(number)
    for (marts, names), wholes in alike.items():
        for (others, narrower), parts in alike.items():
            if others <= marts and names <= narrower:
                yield from ((whole, part) for whole, part in product(wholes, parts) if whole is not part)


def _rest(study: Study, whole: Group, part: Group) -> list[Group] | None:
    """Return the forms of `whole` that aren't in `part`, as disjoint groups; None when `part` isn't within `whole`."""
    outer, inner = dict(whole.answers), dict(part.answers)
    if not set(part.marts) <= set(whole.marts) or whole.occasion not in (BOTH, part.occasion):
        return None
    if any(name not in inner or not inner[name] <= codes for name, codes in whole.answers):
        return None
    groups = []
    others = tuple(mart for mart in whole.marts if mart not in part.marts)
    if others:
        groups.append(group(study, others, whole.occasion, outer))
    if whole.occasion != part.occasion:
        groups += [group(study, part.marts, other, outer) for other in occasions(study) if other != part.occasion]
    so_far = dict(outer)
    for name, codes in part.answers:
        out = so_far.get(name, all_answers(study, part.marts[0], name)) - codes
        if out:
            groups.append(group(study, part.marts, part.occasion, {**so_far, name: out}))
        so_far[name] = codes
    return groups


def _judged(study: Study, rest: Sequence[Group], release: ReleaseRead) -> bool | None:
    """Return whether all these forms left a question blank; None when their number reveals nobody's answer."""
    asked = [of for of in rest if not _never_asked(study, of)] or rest
    blank = all(any(codes == {None} for _, codes in of.answers) for of in asked)
    if not blank or not release.missing_shown:
        return False
    return True if any(_reveals(study, of, release.who) for of in asked) else None


def _never_asked(study: Study, of: Group) -> bool:
    """Return whether these forms would have answered a question that isn't on the paper of their occasion."""
    asked = ((questionnaires(study)[of.marts[0]].resolve(name), codes) for name, codes in of.answers)
    return of.occasion != BOTH and any(
        q is not None and q.occasion not in (BOTH, of.occasion) and None not in c for q, c in asked
    )


def _reveals(study: Study, of: Group, who: Iterable[str]) -> bool:
    """Return whether any question but who they are is narrowed to some of its answers."""
    for name, codes in of.answers:
        question = questionnaires(study)[of.marts[0]].resolve(name)
        assert question is not None
        given = codes - {None}
        if name not in who and given and not set(question.codes) - {question.dont_know} <= given:
            return True
    return False


def _as_printed(table: TableRead) -> bool:
    """Return whether its answers are those of the report, whatever they are called."""
    return {n: [codes for _, codes in axis.categories] for n, axis in table.axes.items()} == {
        n: [codes for _, codes in axis.categories] for n, axis in table.original.items()
    }


def _printed(table: TableRead) -> Iterator[Place]:
    """Yield where the report prints a number of forms, before any answers are merged; blanks aside."""
    axes = table.original
    if table.tells_of_groups:
        yield from ((NOTHING, NOTHING, group) for group in ([*_labels(axes["group"]), TOTAL] if "group" in axes else [NOTHING]))
    elif table.boxes:
        groups = [*_labels(axes["group"]), TOTAL] if "group" in axes else [NOTHING]
        yield from ((row, NOTHING, group) for row in [*_labels(axes["row"]), TOTAL_VALID] for group in groups)
    elif "column" in axes:
        yield from ((r, c, NOTHING) for r in [*_labels(axes["row"]), TOTAL] for c in [*_labels(axes["column"]), TOTAL])
    else:
        yield from ((row, NOTHING, NOTHING) for row in [*_labels(axes["row"]), TOTAL_VALID])


def _labels(axis: AxisRead) -> list[str]:
    return [label for label, _ in axis.categories]


def _changes(study: Study, worlds: Worlds, source: Source, older: Source) -> Iterator[Target]:
    """Yield how much each number of a table differs between two deliveries."""
    before = {table.number: table for table in older.release.tables}
    for table in source.release.tables:
        same = before.get(table.number)
        if same is None or source.same(older, table.marts) or not (worlds.knows(source, table) and worlds.knows(older, same)):
            continue
        if apart(source, older, worlds.sources, table.marts):
            continue  # the one isn't the other after a change
        for labels in _printed(table):
            now, then = group_of(study, table, labels, original=True), _of_labels(study, same, labels)
            if now == then:
                change = worlds.sum(source, now).less(worlds.sum(older, then))
                whose = (*_whose(source, now), *_whose(older, then))
                yield Target("change", table.number, labels, True, change, (now,), whose)


def _of_labels(study: Study, table: TableRead, labels: Place) -> Group | None:
    try:
        return group_of(study, table, labels, original=True)
    except KeyError:  # it has other answers, or other names for them
        return None
