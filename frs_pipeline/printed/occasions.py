"""Numbers of forms against numbers of conferences: how many were held at each occasion, and what the tables leave of that."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from frs_pipeline.language import Text
from frs_pipeline.printed.model import Contradiction, Facts, PrintedTable, PrintedTables
from frs_pipeline.printed.numerals import Figure
from frs_pipeline.printed.places import at, forms_counted, total_of
from frs_pipeline.printed.sums import weight_of
from frs_pipeline.printed.wording import filled, joined, label, listed, worked
from frs_pipeline.study.tables import TOTAL, Address

RULES = {
    "asked_at_one_occasion": Text(
        "hvad der har ét skema pr. rådslagning, har ikke flere svar, end der var rådslagninger af den slags",
        "what has one form a conference has no more answers than there were such conferences",
    ),
    "one_a_conference": Text(
        "en rolle med højst ét skema pr. rådslagning har ikke flere skemaer, end der var rådslagninger",
        "a role with at most one form a conference has no more forms than there were conferences",
    ),
}


@dataclass(frozen=True)
class Least:
    """A number of forms that are all of different conferences, so that there were at least as many."""

    rule: str
    table: PrintedTable
    label: str
    occasion: str
    forms: int
    figures: tuple[Address, ...]


def find(tables: PrintedTables, doubted: AbstractSet[Address]) -> Iterator[Contradiction]:
    """Find numbers of forms that are more than the conferences that they are of, `doubted` ones left out."""
    facts = tables.facts
    if facts is None:
        return
    found = [one for one in _least(tables, facts) if doubted.isdisjoint(one.figures)]
    most = sum(facts.held.values())
    needed = {name: max((one.forms for one in found if one.occasion == name), default=0) for name in facts.held}
    roles: dict[tuple[str, str, str], list[Least]] = {}
    for one in found:
        if one.rule == "asked_at_one_occasion":
            if one.forms > facts.held.get(one.occasion, most):
                yield _contradiction(one, facts, needed)
            continue
        key = (one.table.forms[0] if one.table.forms else "", one.occasion, one.label)
        if one.forms > facts.held[one.occasion]:
            roles.setdefault(key, []).append(one)
    for of_role in roles.values():
        # Of the same forms: told once, of the table that has most of them.
        worst = max(of_role, key=lambda one: one.forms)
        yield _contradiction(worst, facts, needed, [one for one in of_role if one is not worst])


def _least(tables: PrintedTables, facts: Facts) -> Iterator[Least]:
    for number, table in tables.tables.items():
        occasion = facts.occasion.get(number, "")
        if number in facts.one_form:
            forms = forms_counted(table)
            if forms is not None and not table.forms[0].count(" + "):
                yield Least("asked_at_one_occasion", table, "", occasion, forms, _addresses(total_of(table)))
            total = at(table, TOTAL) if table.kind == "frequency" else None
            if total and total.whole is not None:
                yield Least("asked_at_one_occasion", table, TOTAL, "", total.whole, _addresses(total))
        for name in facts.single.get(number, ()):
            row = at(table, name, TOTAL) or at(table, measure="n", group=name)
            if occasion and row and row.whole is not None:
                yield Least("one_a_conference", table, name, occasion, row.whole, _addresses(row))


def _addresses(printed: Figure | None) -> tuple[Address, ...]:
    return (printed.address,) if printed else ()


def _contradiction(one: Least, facts: Facts, needed: dict[str, int], also: Sequence[Least] = ()) -> Contradiction:
    held = facts.held.get(one.occasion, sum(facts.held.values()))
    many = facts.many.get(one.occasion, facts.conferences)
    beyond = one.forms - held
    if one.rule == "one_a_conference":
        reason = filled(
            "{table} tæller {n} skemaer fra {label} ved {held} {many}; mindst {beyond} af dem må komme fra {conferences}, "
            "der allerede har ét",
            "{table} counts {n} forms from {label} at {held} {many}; at least {beyond} of them must come from {conferences} "
            "that already have one",
            table=one.table.name,
            n=one.forms,
            label=label(one.label),
            held=held,
            many=many,
            beyond=beyond,
            conferences=facts.conferences,
        )
    else:
        reason = filled(
            "{table} har {n} svar, men der var kun {held} {many}; mindst {beyond} svar må stamme fra andre {conferences}",
            "{table} has {n} answers, but there were only {held} {many}; at least {beyond} must come from other {conferences}",
            table=one.table.name,
            n=one.forms,
            held=held,
            many=many,
            beyond=beyond,
            conferences=facts.conferences,
        )
    if also:
        others = listed([filled("{table} ({n})", "{table} ({n})", table=one.table.name, n=one.forms) for one in also])
        reason = filled("{reason}; det samme gælder {others}", "{reason}; likewise {others}", reason=reason, others=others)
    possible, either = (_bounds(one, facts, needed), _either(one, facts)) if one.occasion and facts.inferred else (None, None)
    weight, apart = weight_of(beyond, held), worked(str(one.forms), f"> {held}")
    tables = tuple(other.table.number for other in (one, *also))
    return Contradiction(one.rule, tables, reason, weight, one.figures, possible=possible, either=either, worked=apart)


def _bounds(one: Least, facts: Facts, needed: dict[str, int]) -> Text:
    """Say how many conferences of the occasion all tables together leave."""
    every = sum(facts.held.values())
    low, high = needed[one.occasion], every - sum(n for name, n in needed.items() if name != one.occasion)
    if low > high:
        return filled(
            "ingen fordeling af {every} er mulig: tabellerne kræver mindst {needed}",
            "no split of {every} is possible: the tables need at least {needed}",
            every=every,
            needed=_named(needed, facts),
        )
    return filled(
        "efter tabellerne selv kan der være fra {low} til {high} {many} ud af {every} {conferences}",
        "by the tables themselves there can be from {low} to {high} {many} out of {every} {conferences}",
        low=low,
        high=high,
        many=facts.many[one.occasion],
        every=every,
        conferences=facts.conferences,
    )


def _named(numbers: dict[str, int], facts: Facts) -> Text:
    return joined([filled("{n} {many}", "{n} {many}", n=n, many=facts.many[name]) for name, n in numbers.items()], " + ")


def _either(one: Least, facts: Facts) -> Text:
    split = _named(dict(facts.held), facts)
    return filled(
        "enten fordelingen {split}, hvoraf kun summen {every} er trykt, eller {table}",
        "either the split {split}, of which only the sum {every} is printed, or {table}",
        split=split,
        every=sum(facts.held.values()),
        table=one.table.name,
    )
