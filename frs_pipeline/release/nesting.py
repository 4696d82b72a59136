"""Which summaries of numbers may go out together, and what of them.

Whoever has the mean of two sets of forms has the sum of what the one has beyond the other. So the sets of forms whose numbers
are summed up have to be nested or apart: then they are made up of parts that don't overlap, all that can be worked out of their
sums is sums of whole parts, and no part may be small. Two summaries of the same number by different questions cross each other,
and only the first of them goes out.

Where tables count a number by its groups, too, a set of forms is summed up only if the number of its forms in each group is
shown: then the summary tells nothing about any other count, nor they about it, and each may be examined alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from frs_pipeline.release.cells import NO_LABEL, Codes, Forms, contains, disjoint, places
from frs_pipeline.stats.summary import Counted
from frs_pipeline.study import Study
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.study.release import ReleasePolicy
from frs_pipeline.study.tables import Place, Table
from frs_pipeline.tables.counting import Counts
from frs_pipeline.tables.figures import numbers_in

# The most numbers that a question may have: of one with more, nobody could examine what its summaries tell.
MOST_NUMBERS = 500


@dataclass(frozen=True)
class Before:
    """Sets of forms of which an earlier release sums up a number, each with how many forms it had then. `same`: these forms
    haven't changed since; `mixed`: some are those that are released now, and some aren't."""

    sets: Mapping[Forms, int]
    same: bool
    mixed: bool


@dataclass
class Known:
    """What a release shows, or others have shown: numbers of forms, the sets of forms whose numbers others sum up (by mart and
    question), and the questions by which anybody counted (by mart)."""

    counts: Mapping[Forms, int]
    before: Mapping[tuple[str, str], Sequence[Before]]
    asked: Mapping[str, Collection[str]]


@dataclass
class _Nest:
    """Sets of forms that are nested or apart, each with how many forms it has and, of those released now, their numbers."""

    sizes: dict[Forms, int] = field(default_factory=dict)
    numbers: dict[Forms, Counter[object]] = field(default_factory=dict)
    tables: dict[Forms, int] = field(default_factory=dict)

    def crossed(self, sets: Iterable[Forms]) -> Forms | None:
        """Return a set that one of `sets` overlaps; None where all are nested or apart."""
        return next(
            (own for own in self.sizes for new in sets if not (contains(own, new) or contains(new, own) or disjoint(own, new))),
            None,
        )

    def within(self, whole: Forms) -> list[Forms]:
        """List the largest sets within a set."""
        inside = [forms for forms in self.sizes if forms != whole and contains(whole, forms)]
        return [forms for forms in inside if not any(forms != other and contains(other, forms) for other in inside)]

    def rest(self, whole: Forms) -> int:
        """Return how many forms of a set are in none of the sets within it."""
        return self.sizes[whole] - sum(self.sizes[part] for part in self.within(whole))

    def is_uniform(self, whole: Forms) -> bool:
        """Return whether the forms of a set that are in none within it all have the same number."""
        parts = self.within(whole)
        if not {whole, *parts} <= self.numbers.keys():
            return False
        left = Counter(self.numbers[whole])
        for part in parts:
            left.subtract(self.numbers[part])
        return sum(forms > 0 for forms in left.values()) == 1


def can_be_examined(study: Study, table: Table) -> bool:
    """Return whether a table sums up no numbers, or a question with few enough of them."""
    question = questionnaires(study)[table.marts[0]].question(table.row.variable)
    number = question.measured if question and table.kind == "summary" else None
    return number is None or (number.high - number.low) / number.unit < MOST_NUMBERS


def summed_up(study: Study, table: Table, counts: Counts, hidden: Collection[Place]) -> dict[Forms, Counted]:
    """Return the sets of forms whose numbers a table sums up, with these numbers; not those whose number of forms is hidden."""
    groups = [category.label for category in table.group.categories] if table.group else []
    at = {label: place for place, label in enumerate(groups)}
    return {
        forms: numbers_in(table, counts, at.get(place[2])) for place, forms in places(study, table).items() if place not in hidden
    }


def refused(
    study: Study,
    tables: Iterable[Table],
    counts: Mapping[int, Counts],
    hidden: Mapping[int, Collection[Place]],
    known: Known,
    policy: ReleasePolicy,
) -> dict[int, str]:
    """Return the summaries that can't go out, each with the reason; of two that don't go together, the later of `tables`."""
    nests: dict[tuple[str, str], _Nest] = {}
    reasons: dict[int, str] = {}
    accepted: dict[tuple[str, str], list[int]] = {}
    for table in tables:
        key = (table.marts[0], table.row.variable)
        before = known.before.get(key, ())
        nest = nests.setdefault(key, _Nest({forms: n for one in before if one.same for forms, n in one.sets.items()}))
        sets = summed_up(study, table, counts[table.number], hidden.get(table.number, ()))
        new = _Nest(
            {**nest.sizes, **{forms: sum(numbers.values()) for forms, numbers in sets.items()}},
            {**nest.numbers, **{forms: Counter(numbers) for forms, numbers in sets.items()}},
            {**dict.fromkeys(sets, table.number), **nest.tables},
        )
        reason = _against(nest, new, sets, policy) or _told_by_groups(study, key, sets, known)
        if reason:
            reasons[table.number] = reason
        else:
            nests[key] = new
            accepted.setdefault(key, []).append(table.number)
    for key, numbers in accepted.items():
        if not all(_may_follow(nests[key], before, policy) for before in known.before.get(key, ()) if not before.same):
            reasons |= dict.fromkeys(numbers, "an earlier release sums up the same number of nearly the same forms")
    return reasons


def _against(nest: _Nest, new: _Nest, sets: Collection[Forms], policy: ReleasePolicy) -> str | None:
    """Say what forbids that `new`, with some `sets` more than `nest`, is summed up; None when nothing does."""
    crossed = nest.crossed(sets)
    if crossed is not None:
        other = f"those of table {nest.tables[crossed]}" if crossed in nest.tables else "those of an earlier release"
        return f"its groups cross {other} about the same number: together they could tell of few forms"
    if any(0 < new.rest(forms) < policy.threshold for forms in new.sizes):
        return "the mean of few forms could be worked out"
    if policy.all_or_nothing == "withhold" and any(new.is_uniform(forms) for forms in sets):
        return "all forms of a group have the same number"
    return None


def _told_by_groups(study: Study, key: tuple[str, str], sets: Iterable[Forms], known: Known) -> str | None:
    """Say that a summary could tell something about the counts by the number's groups; None where all of these are shown."""
    mart, number = key
    column = questionnaires(study)[mart].column_counted(number)
    groups = questionnaires(study)[mart].question(column)
    if column == number or groups is None or column not in known.asked.get(mart, ()):
        return None
    for forms in sets:
        given = dict(forms.answers)
        for code in groups.codes:
            codes: Codes = given.get(column, frozenset(groups.codes)) & {code}
            answers = tuple(sorted({**given, column: codes}.items(), key=lambda item: item[0]))
            if codes and forms._replace(answers=answers) not in known.counts:
                return f"how many forms are in each group of {number} isn't shown, and the summary could tell it"
    return None


def _may_follow(nest: _Nest, before: Before, policy: ReleasePolicy) -> bool:
    """Return whether what a number has become since an earlier release tells of few forms in no part."""
    if before.mixed or nest.sizes.keys() != before.sets.keys():
        return False
    then = _Nest(dict(before.sets))
    return all(abs(nest.rest(f) - then.rest(f)) >= policy.threshold or not nest.rest(f) | then.rest(f) for f in nest.sizes)


def not_said(table: Table, counts: Counts, policy: ReleasePolicy) -> set[tuple[Place, str]]:
    """Return where a summary gives no smallest or largest number or quartile: fewer forms than the threshold lie there or beyond.

    For quartiles the number of forms decides alone, so that a missing one tells nothing.
    """
    assert table.row.numbers is not None
    groups = [category.label for category in table.group.categories] if table.group else []
    unsaid: set[tuple[Place, str]] = set()
    for at, label in (*enumerate(groups), (None, "Total" if groups else NO_LABEL)):
        numbers = {number: forms for number, forms in numbers_in(table, counts, at).items() if forms}
        place, n = (NO_LABEL, NO_LABEL, label), sum(numbers.values())
        few = {
            "min": not numbers or numbers[min(numbers)] < policy.threshold,
            "max": not numbers or numbers[max(numbers)] < policy.threshold,
            "median": (n + 1) // 2 < policy.threshold,
            "q1": (n + 1) // 4 < policy.threshold,
            "q3": (n + 1) // 4 < policy.threshold,
        }
        unsaid |= {(place, measure) for measure, is_few in few.items() if is_few}
    return unsaid
