"""Numbers of forms that mustn't come out, printed or not.

A table that shows no small count may still reveal one: by the difference between two tables, or by answers that it merges
and another one doesn't. So beside its counts, each combination of the questions' own answers within a table is guarded, and
so is whatever a printed set of forms has beyond another one within it.

Nobody is known to have left a question blank. How many forms did is shown where the policy shows it; that some of these gave
a certain answer to another question is guarded, that few of them can have isn't.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product

from frs_pipeline.release.cells import Codes, Forms, all_codes, contains, crossed_in, forms_of, places
from frs_pipeline.study import Study
from frs_pipeline.study.about import occasions
from frs_pipeline.study.instruments import BOTH
from frs_pipeline.study.questionnaires import Question, questionnaires
from frs_pipeline.study.release import ReleasePolicy
from frs_pipeline.study.tables import MISSING, Table

# The forms of a first set, less those of a second one if there are two.
Key = tuple[Forms, ...]


@dataclass(frozen=True)
class Guard:
    """A number to guard. `blank`: all its forms left a question blank; `tables`: where it would come from; `difference_of`:
    pairs of printed sets of forms whose difference it is."""

    of: Key
    blank: bool
    tables: tuple[int, ...]
    difference_of: list[tuple[Forms, Forms]] = field(default_factory=list)


def guards(study: Study, tables: Iterable[Table], printed: dict[Forms, list[int]], policy: ReleasePolicy) -> list[Guard]:
    """List what to guard in `tables`, as the report has them, and in the sets of forms that are `printed` (in which tables)."""
    by_key: dict[Key, Guard] = {}
    for table in tables:
        for forms in (*_cells(study, table), *(f for place, f in places(study, table).items() if place[0] != MISSING)):
            blank = _judged(study, (forms,), policy)
            if blank is not None:
                by_key.setdefault((forms,), Guard((forms,), blank, (table.number,)))
    for forms, numbers in printed.items():
        for left in _left_blank(study, forms):
            blank = _judged(study, (left,), policy)
            if blank is not None:
                by_key.setdefault((left,), Guard((left,), blank, tuple(sorted(set(numbers)))))
    for whole, part in _nested(printed):
        rest = _without(study, whole, part)
        blank = _judged(study, rest, policy)
        if rest and blank is not None:
            key = rest if len(rest) == 1 else (whole, part)
            guard = by_key.setdefault(key, Guard(key, blank, tuple(sorted({*printed[whole], *printed[part]}))))
            guard.difference_of.append((whole, part))
    return list(by_key.values())


def _cells(study: Study, table: Table) -> Iterator[Forms]:
    """Yield every combination of own answers to a table's questions, blanks included, by occasion and mart."""
    for mart, names in ((mart, sorted(names)) for mart in table.marts for names in crossed_in(study, table)):
        several = table.occasion == BOTH and questionnaires(study)[mart].occasion == BOTH
        choices = [all_codes(study, mart, name) for name in names]
        for occasion, codes in product(occasions(study) if several else (table.occasion,), product(*choices)):
            yield forms_of(
                study, (mart,), occasion, (), {name: frozenset({code}) for name, code in zip(names, codes, strict=True)}
            )


def _left_blank(study: Study, forms: Forms) -> Iterator[Forms]:
    """Yield the forms that would be in a printed set had they not left one of its questions blank.

    Several printed numbers may add up to both together, where the set merges answers that another table doesn't.
    """
    given = dict(forms.answers)
    for name, codes in forms.answers:
        if codes != {None}:
            yield forms_of(study, forms.marts, forms.occasion, (), {**given, name: frozenset({None})})


def _nested(printed: Iterable[Forms]) -> Iterator[tuple[Forms, Forms]]:
    """Yield pairs of which the second is part of the first."""
    asking: dict[frozenset[str], list[Forms]] = defaultdict(list)
    for forms in printed:
        asking[frozenset(name for name, _ in forms.answers)].append(forms)
    for fewer, more in product(asking, asking):
        if fewer <= more:
            yield from ((w, p) for w, p in product(asking[fewer], asking[more]) if w != p and contains(w, p))


def _without(study: Study, whole: Forms, part: Forms) -> Key:
    """Return the forms of `whole` that aren't in `part`, as disjoint sets."""
    rest: list[Forms] = []
    other = tuple(mart for mart in whole.marts if mart not in part.marts)
    if other:
        rest.append(forms_of(study, other, whole.occasion, (), dict(whole.answers)))
    if part.occasion != whole.occasion:
        others = (name for name in occasions(study) if name != part.occasion)
        rest += [forms_of(study, part.marts, other, (), dict(whole.answers)) for other in others]
    within: dict[str, Codes] = dict(whole.answers)
    for name, codes in part.answers:
        missing = within.get(name, frozenset(all_codes(study, part.marts[0], name))) - codes
        if missing:
            rest.append(forms_of(study, part.marts, part.occasion, (), {**within, name: missing}))
        within[name] = codes
    return tuple(rest)


def _judged(study: Study, sets: Sequence[Forms], policy: ReleasePolicy) -> bool | None:
    """Return whether all these forms left a question blank; None when their number reveals nobody's answer."""
    if policy.missing == "hidden":
        return False
    on_paper = [forms for forms in sets if _on_paper(study, forms)] or sets
    if not all(frozenset({None}) in dict(forms.answers).values() for forms in on_paper):
        return False
    asked = ((_question(study, forms, name), codes) for forms in on_paper for name, codes in forms.answers)
    return True if any(q.name not in policy.who and _is_answer(q, codes) for q, codes in asked) else None


def _is_answer(question: Question, codes: Codes) -> bool:
    """Return whether this says more than that the question was answered, or answered with anything but 'don't know'."""
    given = codes - {None}
    return bool(given) and any(code not in given for code in question.codes if code != question.dont_know)


def _on_paper(study: Study, forms: Forms) -> bool:
    """Return whether these forms were asked what they would have answered."""
    asked = ((_question(study, forms, name).occasion, codes) for name, codes in forms.answers)
    return forms.occasion == BOTH or all(occasion in (BOTH, forms.occasion) or None in codes for occasion, codes in asked)


def _question(study: Study, forms: Forms, name: str) -> Question:
    question = questionnaires(study)[forms.marts[0]].resolve(name)
    assert question is not None
    return question
