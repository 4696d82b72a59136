"""Which forms stand behind each count of a table, in terms of the answers that they gave."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from frs_pipeline.study import Study
from frs_pipeline.study.boxes import ANY, TICKED, crossed
from frs_pipeline.study.instruments import BOTH
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.study.tables import MISSING, TOTAL, TOTAL_VALID, Axis, Place, Table

Code = int | None
Codes = frozenset[Code]
NO_LABEL = ""


class Forms(NamedTuple):
    """The forms of one or more marts and an occasion that gave one of some answers to each of some questions.

    `answers` are in the order of the questions' names; None is a blank. Equal groups of forms are equal tuples.
    """

    marts: tuple[str, ...]
    occasion: str
    answers: tuple[tuple[str, Codes], ...]


def all_codes(study: Study, mart: str, question: str) -> tuple[Code, ...]:
    """List everything that a form can answer to a question, a blank last."""
    asked = questionnaires(study)[mart].resolve(question)
    assert asked is not None
    return (*asked.counted, None)


def asked(study: Study, table: Table) -> tuple[str, ...]:
    """Return the questions by which a table counts forms: for a number its groups, if it has any."""
    return tuple(dict.fromkeys(questionnaires(study)[table.marts[0]].column_counted(name) for name in table.asked))


def counted(axis: Axis) -> Codes:
    """Return the answers that a table counts."""
    return frozenset(code for category in axis.categories for code in category.codes)


def places(study: Study, table: Table) -> dict[Place, Forms]:
    """Return the forms behind each count of `table`, in the order in which it prints them."""
    if table.kind in ("frequency", "distribution"):
        forms = dict(_of_one(study, table))
    elif table.kind == "multiple":
        forms = dict(_of_boxes(study, table))
    elif table.kind == "summary":
        forms = dict(_of_summary(study, table))
    elif table.kind.startswith("correlation"):
        forms = dict(_of_correlation(study, table))
    else:
        forms = dict(_of_crosstab(study, table))
    return forms


def forms_of(study: Study, marts: tuple[str, ...], occasion: str, answered: Iterable[str], answers: Mapping[str, Codes]) -> Forms:
    """Describe the forms that answered the questions `answered` and gave certain `answers`."""
    wanted: dict[str, Codes] = {name: frozenset(all_codes(study, marts[0], name)) - {None} for name in answered}
    for name, codes in answers.items():
        wanted[name] = wanted.get(name, codes) & codes
    # A question for which any answer will do says nothing about the forms.
    narrowing = {name: codes for name, codes in wanted.items() if codes != frozenset(all_codes(study, marts[0], name))}
    if all(questionnaires(study)[mart].occasion != BOTH for mart in marts):
        occasion = BOTH  # their forms have only one occasion
    return Forms(marts, occasion, tuple(sorted(narrowing.items(), key=lambda item: item[0])))


def contains(whole: Forms, part: Forms) -> bool:
    """Return whether every form of `part` is one of `whole`, whatever the forms say."""
    given = dict(part.answers)
    return (
        set(part.marts) <= set(whole.marts)
        and whole.occasion in (BOTH, part.occasion)
        and all(name in given and given[name] <= codes for name, codes in whole.answers)
    )


def disjoint(one: Forms, other: Forms) -> bool:
    """Return whether no form can be in both."""
    given = dict(other.answers)
    return (
        not set(one.marts) & set(other.marts)
        or (BOTH not in (one.occasion, other.occasion) and one.occasion != other.occasion)
        or any(name in given and not given[name] & codes for name, codes in one.answers)
    )


def _forms(study: Study, table: Table, **answers: Codes) -> Forms:
    # A table is limited to answers to questions that it doesn't show; a number, though, may be limited to some of its groups.
    limits: dict[str, Codes] = {name: frozenset(codes) for name, codes in table.where}
    within = {name: codes & limits.get(name, codes) for name, codes in answers.items()}
    return forms_of(study, table.marts, table.occasion, table.answered, {**limits, **within})


def _of_one(study: Study, table: Table) -> Iterator[tuple[Place, Forms]]:
    name, valid = table.row.variable, counted(table.row)
    for category in table.row.categories:
        yield (category.label, NO_LABEL, NO_LABEL), _forms(study, table, **{name: frozenset(category.codes)})
    if table.kind == "distribution":
        yield (TOTAL, NO_LABEL, NO_LABEL), _forms(study, table, **{name: valid})
        return
    yield (TOTAL_VALID, NO_LABEL, NO_LABEL), _forms(study, table, **{name: valid})
    yield (MISSING, NO_LABEL, NO_LABEL), _forms(study, table, **{name: frozenset(all_codes(study, table.marts[0], name)) - valid})
    yield (TOTAL, NO_LABEL, NO_LABEL), _forms(study, table)


def _with_total(axis: Axis) -> Iterator[tuple[str, Codes]]:
    yield from ((category.label, frozenset(category.codes)) for category in axis.categories)
    yield TOTAL, counted(axis)


def _of_crosstab(study: Study, table: Table) -> Iterator[tuple[Place, Forms]]:
    assert table.column is not None
    for row, of_row in _with_total(table.row):
        for column, of_column in _with_total(table.column):
            yield (row, column, NO_LABEL), _forms(study, table, **{table.row.variable: of_row, table.column.variable: of_column})


def _of_boxes(study: Study, table: Table) -> Iterator[tuple[Place, Forms]]:
    whole = table.row.variable
    none = frozenset(all_codes(study, table.marts[0], whole)) - ANY
    for group, codes in _with_total(table.group) if table.group else ((NO_LABEL, frozenset[Code]()),):
        within = {table.group.variable: codes} if table.group else {}
        for category, box in zip(table.row.categories, table.row.boxes, strict=True):
            yield (category.label, NO_LABEL, group), _forms(study, table, **{whole: ANY, box: TICKED, **within})
        yield (TOTAL_VALID, NO_LABEL, group), _forms(study, table, **{whole: ANY, **within})
        yield (MISSING, NO_LABEL, group), _forms(study, table, **{whole: none, **within})


def crossed_in(study: Study, table: Table) -> list[frozenset[str]]:
    """Return the sets of questions by which the table's counts break forms down."""
    return crossed(asked(study, table), table.row.variable, table.row.boxes)


def _of_summary(study: Study, table: Table) -> Iterator[tuple[Place, Forms]]:
    name = questionnaires(study)[table.marts[0]].column_counted(table.row.variable)
    answered = {name: frozenset(all_codes(study, table.marts[0], name)) - {None}}
    if table.group is None:
        yield (NO_LABEL, NO_LABEL, NO_LABEL), _forms(study, table, **answered)
        return
    for group, codes in _with_total(table.group):
        # A number may be summed up by its own groups.
        of_group = codes & answered[name] if table.group.variable == name else codes
        yield (NO_LABEL, NO_LABEL, group), _forms(study, table, **{**answered, table.group.variable: of_group})


def _of_correlation(study: Study, table: Table) -> Iterator[tuple[Place, Forms]]:
    assert table.column is not None
    both = {table.row.variable: counted(table.row), table.column.variable: counted(table.column)}
    if table.group is None:
        yield (NO_LABEL, NO_LABEL, NO_LABEL), _forms(study, table, **both)
        return
    for group, codes in _with_total(table.group):
        yield (NO_LABEL, NO_LABEL, group), _forms(study, table, **both, **{table.group.variable: codes})
