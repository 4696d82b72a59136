"""Counts that must add up within one table: cells and totals, answers and valid, valid and missing, groups and all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from frs_pipeline.language import Text
from frs_pipeline.printed.model import Contradiction, PrintedTable, PrintedTables, Weight
from frs_pipeline.printed.numerals import Figure
from frs_pipeline.printed.places import CORRELATED, CROSSED, answers, at, groups
from frs_pipeline.printed.shares import habit_of, shares
from frs_pipeline.printed.wording import added, either, filled, joined, label, what, worked
from frs_pipeline.study.tables import MISSING, TOTAL, TOTAL_VALID, Address

RULES = {
    "cells_and_totals": Text(
        "celler giver tilsammen deres rækkes, kolonnes og tabels total, og grupper deres i alt",
        "cells add up to the total of their row, their column and their table, and groups to all of them",
    ),
    "frequency_sums": Text(
        "svar giver tilsammen de besvarede, og besvarede og ubesvarede dem alle",
        "answers add up to the valid ones, and valid and missing to the total",
    ),
}
# A number of forms that is off by more than this share of it changes what a table is of.
_SERIOUS = Fraction(1, 100)

_GROUPS = Text("grupperne", "the groups")
# So many other tables by group, and forms in them, must show that a total counts the groups alone.
_TABLES_THAT_SHOW, _FORMS_THAT_SHOW = 2, 100


@dataclass(frozen=True)
class Identity:
    """Printed numbers of which some, added up, must be the same as others; `of` says what they are."""

    rule: str
    parts: tuple[Figure, ...]
    whole: tuple[Figure, ...]
    of: Text

    @property
    def off(self) -> Fraction:
        """By how much the parts are more than the whole."""
        return _sum(self.parts) - _sum(self.whole)

    def sign(self, address: Address) -> int:
        """Return how one figure counts in `off`: 1 as a part, -1 as a whole, 0 if it isn't in it."""
        return any(f.address == address for f in self.parts) - any(f.address == address for f in self.whole)


def weight_of(off: int | Fraction, of: int | Fraction) -> Weight:
    """Return how much it matters that a number of forms is off."""
    return "serious" if abs(Fraction(off)) > _SERIOUS * abs(Fraction(of)) else "plain"


def find(tables: PrintedTables) -> Iterator[Contradiction]:
    """Find the sums that don't add up."""
    confirmed = _confirmed_totals(tables)
    every = {number: list(identities_of(table)) for number, table in tables.tables.items()}
    over_groups = [one for each in every.values() for one in each if one.of == _GROUPS]
    for number, table in tables.tables.items():
        complete = _groups_are_all(table, over_groups)
        failing = [one for one in every[number] if one.off > 0 or (one.off and (one.of != _GROUPS or complete))]
        for together in _together(failing):
            yield _contradiction(table, together, every[number], confirmed)


def _groups_are_all(table: PrintedTable, over_groups: Sequence[Identity]) -> bool:
    """Return whether all other tables by the same groups show that a total counts no forms of other groups, or of none."""
    names = {group for group in groups(table) if group != TOTAL}
    others = [one for one in over_groups if one.whole[0].address.table != table.number]
    same = [one for one in others if {f.address.group for f in one.parts} == names]
    enough = len(same) >= _TABLES_THAT_SHOW and sum(_sum(one.whole) for one in same) >= _FORMS_THAT_SHOW
    return enough and all(one.off >= 0 for one in others)


def identities_of(table: PrintedTable) -> Iterator[Identity]:
    """Yield each sum that a table prints both sides of."""
    for group in groups(table):
        if table.kind in CROSSED:
            yield from _of_crosstab(table, group)
        elif table.kind not in (*CORRELATED, "summary"):
            yield from _of_answers(table, group)
    yield from _over_groups(table)


def _of_crosstab(table: PrintedTable, group: str) -> Iterator[Identity]:
    assert table.columns is not None
    rows, columns = table.rows.labels, table.columns.labels

    def line(row: str, names: Sequence[str], *, across: bool) -> tuple[Figure | None, ...]:
        return tuple(at(table, *((row, name) if across else (name, row)), group=group) for name in names)

    of_row = Text("cellerne i rækken {name}", "the cells of the row {name}")
    of_column = Text("cellerne i kolonnen {name}", "the cells of the column {name}")
    for own, other, across, of in ((rows, columns, True, of_row), (columns, rows, False, of_column)):
        for name in (*own, TOTAL):
            whole = line(name, (TOTAL,), across=across)
            if name == TOTAL and whole == (None,):
                continue
            yield from _made("cells_and_totals", line(name, other, across=across), whole, filled(*_both(of), name=label(name)))
    if at(table, TOTAL, TOTAL, group=group) is None:
        sides = line(TOTAL, rows, across=False), line(TOTAL, columns, across=True)
        yield from _made("cells_and_totals", *sides, Text("rækkernes og kolonnernes totaler", "the totals of rows and columns"))
    if table.kind != "change" and (n := at(table, measure="n", group=group)):
        every = tuple(at(table, row, column, group=group) for row in rows for column in columns)
        yield from _made("cells_and_totals", every, (n,), Text("tabellens celler", "the cells of the table"))


def _of_answers(table: PrintedTable, group: str) -> Iterator[Identity]:
    found = tuple(answers(table, group) or ())
    total, valid, missing = (at(table, name, group=group) for name in (TOTAL, TOTAL_VALID, MISSING))
    of_answers = Text("svarene", "the answers")
    if table.kind == "multiple":
        yield from _made("frequency_sums", found, (at(table, TOTAL, measure="answers", group=group),), of_answers)
        return
    if valid is not None:
        yield from _made("frequency_sums", found, (valid,), of_answers)
        yield from _made("frequency_sums", (valid, missing), (total,), Text("besvarede og ubesvarede", "valid and missing"))
    elif missing is not None:
        yield from _made("frequency_sums", (*found, missing), (total,), Text("svar og ubesvarede", "answers and missing"))
    else:
        yield from _made("frequency_sums", found, (total,), of_answers)


def _over_groups(table: PrintedTable) -> Iterator[Identity]:
    every = [group for group in groups(table) if group not in ("", TOTAL)]
    if TOTAL not in groups(table) or len(every) < 2:
        return
    for address in table.figures:
        if address.group == TOTAL and address.measure in ("count", "n", "answers"):
            parts = tuple(at(table, address.row, address.column, address.measure, group) for group in every)
            whole = at(table, address.row, address.column, address.measure, TOTAL)
            yield from _made("cells_and_totals", parts, (whole,), _GROUPS)


def _made(rule: str, parts: Sequence[Figure | None], whole: Sequence[Figure | None], of: Text) -> Iterator[Identity]:
    """Make an identity if all of its figures are printed."""
    left, right = tuple(f for f in parts if f), tuple(f for f in whole if f)
    if left and right and len(left) == len(parts) and len(right) == len(whole):
        yield Identity(rule, left, right, of)


def _sum(figures: Sequence[Figure]) -> Fraction:
    return sum((f.value for f in figures), Fraction(0))


def _both(text: Text) -> tuple[str, str]:
    return text.danish, text.english


def _confirmed_totals(tables: PrintedTables) -> Counter[tuple[tuple[str, ...], str, str]]:
    """Count how often each total of forms is printed for the same forms, whatever the question."""
    return Counter(
        (table.forms, TOTAL, total.text)
        for table in tables.tables.values()
        if table.kind == "frequency" and table.forms and (total := at(table, TOTAL))
    )


def _together(failing: Sequence[Identity]) -> Iterator[list[Identity]]:
    """Group the sums that fail with a figure in common: one wrong figure may be behind them."""
    rest = list(failing)
    while rest:
        group = [rest.pop(0)]
        seen = {f.address for f in (*group[0].parts, *group[0].whole)}
        while touching := [one for one in rest if seen & {f.address for f in (*one.parts, *one.whole)}]:
            group += touching
            rest = [one for one in rest if one not in touching]
            seen |= {f.address for one in touching for f in (*one.parts, *one.whole)}
        yield group


def _contradiction(
    table: PrintedTable,
    failing: Sequence[Identity],
    identities: Sequence[Identity],
    confirmed: Mapping[tuple[tuple[str, ...], str, str], int],
) -> Contradiction:
    concerned = {f.address: f for one in failing for f in (*one.parts, *one.whole)}
    mended = _mended(failing, identities)
    unconfirmed = {a: v for a, v in mended.items() if a.row != TOTAL or confirmed[table.forms, TOTAL, concerned[a].text] < 2}
    way = unconfirmed or mended
    only = next(iter(way)) if len(way) == 1 else _as_percentages_say(table, mended)
    sums = joined([_sentence(one) for one in failing], "; ")
    reason = filled("i {table} giver {sums}", "in {table}, {sums}", table=table.name, sums=sums)
    choices = [
        filled("{value} ({what})", "{value} ({what})", what=what(a), value=concerned[a].written(v)) for a, v in mended.items()
    ]
    return Contradiction(
        failing[0].rule,
        (table.number,),
        reason,
        max((weight_of(one.off, _sum(one.whole)) for one in failing), key=lambda weight: weight == "serious"),
        tuple(concerned),
        (only,) if only else (),
        concerned[only].written(mended[only]) if only else "",
        either=either(choices) if 1 < len(choices) <= 4 else None,
        worked=worked(*_worked(failing[0])) if len(failing) == 1 else None,
    )


def _mended(failing: Sequence[Identity], identities: Sequence[Identity]) -> dict[Address, Fraction]:
    """Return each figure that would make all sums of the table add up, with what it would be."""
    return {
        f.address: f.value + delta
        for one in failing
        for f in (*one.parts, *one.whole)
        if (delta := _mends(f.address, identities)) is not None and f.value + delta >= 0
    }


def _as_percentages_say(table: PrintedTable, mended: Mapping[Address, Fraction]) -> Address | None:
    """Return the one figure with which most percentages of the table are those of its counts; None where none stands out."""
    as_printed = _wrong_shares(table)
    wrong = {address: _wrong_shares(_with(table, address, value)) for address, value in mended.items()}
    least = min(wrong.values(), default=as_printed)
    found = [address for address, n in wrong.items() if n == least]
    return found[0] if least < as_printed and len(found) == 1 else None


def _wrong_shares(table: PrintedTable) -> int:
    every = list(shares(table))
    habit = habit_of(every)
    return sum(not share.holds(habit) for share in every)


def _with(table: PrintedTable, address: Address, value: Fraction) -> PrintedTable:
    return replace(table, figures={**table.figures, address: str(value)})


def corrected(table: PrintedTable) -> PrintedTable:
    """Return the table with the counts mended that its sums and its percentages both say are wrong."""
    identities = list(identities_of(table))
    result = table
    for failing in _together([one for one in identities if one.off]):
        mended = _mended(failing, identities)
        only = _as_percentages_say(table, mended)
        if only is not None:
            result = _with(result, only, mended[only])
    return result


def _mends(address: Address, identities: Sequence[Identity]) -> Fraction | None:
    """Return by how much one figure must change so that every sum of the table adds up; None if it can't alone."""
    changes = {Fraction(-one.off * sign) for one in identities if (sign := one.sign(address))}
    alone = all(one.sign(address) for one in identities if one.off)
    return changes.pop() if alone and len(changes) == 1 else None


def _worked(one: Identity) -> tuple[Text, Text]:
    """Write a sum that fails: what its parts give, and what is printed."""
    return joined((added(one.parts), str(_sum(one.parts))), " = "), joined(("≠", added(one.whole)), " ")


def _sentence(one: Identity) -> Text:
    return filled(
        "{of} {parts} = {sum}, men der står {whole}",
        "{of} add up to {parts} = {sum}, but it prints {whole}",
        of=one.of,
        parts=added(one.parts),
        sum=str(_sum(one.parts)),
        whole=added(one.whole),
    )
