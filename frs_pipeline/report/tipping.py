"""What those who left a question blank would have had to say for a claim to hold or to fall: its tipping point.

A claim about a share holds for the answers of the blank forms as long as the share of them that would have given the claimed
answer lies in an interval; that of a gamma keeps its sign as long as no completion reaches 0. Nothing is said of claims about
other numbers, nor of forms that never came.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from frs_pipeline.language import Text
from frs_pipeline.printed.verdicts import of_float, of_print
from frs_pipeline.report.claims import addresses_of, claims
from frs_pipeline.report.findings import Bound, Sentence, Tested
from frs_pipeline.report.typography import number_text, share_text
from frs_pipeline.stats.bounds import needed
from frs_pipeline.study import Study
from frs_pipeline.study.about import about
from frs_pipeline.study.claims import ClaimWords, Condition, Quantity, Value
from frs_pipeline.study.tables import TOTAL, Address, Table, catalogue

Parts = tuple[str | Bound, ...]
# Which row of bounds.parquet has the base of a share, by the kind of its table; of crosstabs that with the first of these.
_MEASURES = {"frequency": ("valid_percent",), "distribution": ("percent",)}
_OF_ROW, _OF_ALL = ("row_percent",), ("total_percent",)


@dataclass(frozen=True)
class Tipping:
    """What a condition depends on: it holds whatever is missing (`always`), in no case (`never`), or where `says` says."""

    always: bool
    never: bool
    says: Sentence


def tipping(study: Study, tested: Tested, rows: Mapping[Address, Mapping[str, Any]]) -> Sentence | None:
    """Say of a claim, in one line, what would have to be missing for it to tip. `rows` are those of bounds.parquet.

    None where it isn't tested, where nothing is missing, and where it rests on no share or gamma that is held against a number.
    """
    found = [one for condition in tested.claim.holds if (one := _of_condition(study, tested, condition, rows))]
    if not found or tested.holds is None:
        return None
    # The weakest of its conditions decides: one that can't come true, else one that may fail.
    weakest = [one for one in found if one.never] or [one for one in found if not one.always] or found
    # Where a condition that can't be judged here fails, or may, the others alone say nothing.
    unknown = len(found) < len(tested.claim.holds)
    return None if unknown and not weakest[0].never else weakest[0].says


def _of_condition(
    study: Study, tested: Tested, condition: Condition, rows: Mapping[Address, Mapping[str, Any]]
) -> Tipping | None:
    value = tested.claim.values[condition.value]
    if value.gamma is not None:
        row = rows.get(value.gamma.address("gamma"))
        return _of_gamma(study, value, row) if row and _about_sign(condition) else None
    limits = limits_of(condition, value, claims(study).words)
    if value.share is None or limits is None:
        return None
    return _of_share(study, value, limits, bool(tested.holds), rows)


def _about_sign(condition: Condition) -> bool:
    """Return whether a condition says on which side of 0 a gamma lies."""
    return 0 in (condition.above, condition.below)


def limits_of(condition: Condition, value: Value, words: ClaimWords) -> tuple[Fraction, Fraction] | None:
    """Return between which shares a condition holds, as fractions; None where it is held against another value."""
    if condition.others:
        return None
    held: list[Condition | Quantity] = [condition]
    if condition.word is not None:
        held.append(words.quantities[condition.word])
    low, high = Fraction(0), Fraction(1)
    for least, most in (pair for one in held for pair in _spans(one)):
        low = low if least is None else max(low, of_float(least) / 100)
        high = high if most is None else min(high, of_float(most) / 100)
    for within, of in _around(condition, value):
        low, high = max(low, (of - within) / 100), min(high, (of + within) / 100)
    return low, high


def _spans(of: Condition | Quantity) -> Iterator[tuple[float | None, float | None]]:
    """Yield what a condition, or a word, says a number is at least and at most. No number of it is a name here."""
    equals = of.equals if isinstance(of, Condition) else None
    for least, most in ((of.at_least, of.at_most), (of.above, of.below), (equals, equals)):
        assert not isinstance(least, str), "no other value is named"
        assert not isinstance(most, str), "no other value is named"
        yield least, most


def _around(condition: Condition, value: Value) -> Iterator[tuple[Fraction, Fraction]]:
    """Yield how far from which number a value may be."""
    said = None if value.said is None else of_print(value.said)
    if condition.as_said_within is not None and said is not None:
        yield of_float(condition.as_said_within), said
    if condition.about is not None:
        of = condition.about.of
        assert not isinstance(of, str), "no other value is named"
        number = said if of is None else of_float(of)
        if number is not None:
            yield of_float(condition.about.within), number


def _of_share(
    study: Study, value: Value, limits: tuple[Fraction, Fraction], holds: bool, rows: Mapping[Address, Mapping[str, Any]]
) -> Tipping | None:
    several = list(_rows_of(study, value, rows))
    if not several or not several[0]["blank"]:
        return None
    hits, base, blank = sum(row["hits"] for row in several), several[0]["base"], several[0]["blank"]
    least, most = (needed(hits, base, blank, limit) or Fraction(0) for limit in limits)
    language, addresses = about(study).language, addresses_of(study, value)
    danish, english = _forms(blank, Bound(number_text(blank, language), addresses), ("uden svar", "without an answer"))
    always, never = least <= 0 and most >= 1, least > 1 or most < 0
    said: tuple[Parts, Parts]
    if always or never:
        # What holds for the answers that were given may fall with any that might have been.
        falls = Text("Ville ikke holde", "Wouldn't hold") if holds else Text("Holder ikke", "Doesn't hold")
        either = Text("Holder", "Holds") if always else falls
        begins = Text(f"{either.danish}, uanset hvad der ville have stået på ", f"{either.english}, whatever ")
        said = ((begins.danish, *danish), (begins.english, *english, " would have said"))
    else:
        # At which per cent the claim holds: whole ones, unless it holds between two of them only.
        ends = _per_cents(least, most)
        if ends is None:
            return None
        at_least, at_most = (Bound(share_text(float(end), ends[2], language), addresses) for end in ends[:2])
        when = Text("Holder, så længe svaret ville have stået på", "Holds as long as")
        if not holds:
            when = Text("Ville holde, hvis svaret havde stået på", "Would hold if")
        how_many = _between(at_least if least > 0 else None, at_most if most < 1 else None)
        said = (
            (f"{when.danish} ", *how_many[0], " af ", *danish),
            (f"{when.english} ", *how_many[1], " of ", *english, " would have said so"),
        )
    unsure = several[0]["unsure"]
    if unsure:
        number = Bound(number_text(unsure, language), addresses)
        said = (
            (*said[0], " (de ", number, ", hvis gruppe ikke kendes, er ikke regnet med)"),
            (*said[1], " (not counting the ", number, " whose group isn't known)"),
        )
    return Tipping(always, never, Sentence((*said[0], "."), (*said[1], ".")))


def _per_cents(least: Fraction, most: Fraction) -> tuple[Fraction, Fraction, int] | None:
    """Return the per cents between two shares, with as few decimals as there are any; None where that takes too many."""
    for decimals in range(4):
        scale = 10**decimals
        low, high = math.ceil(least * 100 * scale), math.floor(most * 100 * scale)
        if low <= high:
            return Fraction(low, scale), Fraction(high, scale), decimals
    return None


def _between(at_least: Bound | None, at_most: Bound | None) -> tuple[Parts, Parts]:
    """Name the shares from one to another, or on one side of one, in both languages."""
    if at_least and at_most:
        return ("mellem ", at_least, " og ", at_most), ("between ", at_least, " and ", at_most)
    if at_least:
        return ("mindst ", at_least), ("at least ", at_least)
    assert at_most is not None, "one of them limits the share"
    words = Text("højst ", "at most ")
    return (words.danish, at_most), (words.english, at_most)


def _rows_of(study: Study, value: Value, rows: Mapping[Address, Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Yield the bounds of the answers that make up a share; nothing where they aren't all known, or are all answers."""
    assert value.share is not None
    table = catalogue(study)[value.share.table]
    addresses = [Address(table.number, row, column, "", measure) for row, column, measure in _places(table, value)]
    axis = table.row if table.kind in _MEASURES else table.column
    if addresses and axis and len(addresses) < len(axis.categories) and all(address in rows for address in addresses):
        yield from (rows[address] for address in addresses)


def _places(table: Table, value: Value) -> Iterator[tuple[str, str, str]]:
    """Yield row, column and measure of the answers that make up a share."""
    assert value.share is not None
    if len(value.share.rows) > 1:
        return  # each row has bounds of its own
    own = f"{table.percent or 'total'}_percent"
    # The total of all rows has the same base in percentages of rows and of the whole.
    known = (_OF_ROW if value.share.of == "row" else _OF_ALL) + ((*_OF_ROW, *_OF_ALL) if value.share.rows == (TOTAL,) else ())
    for answer in value.share.answers:
        if table.kind in _MEASURES:
            yield answer, "", _MEASURES[table.kind][0]
        elif own in known:
            yield value.share.rows[0], answer, own


def _of_gamma(study: Study, value: Value, row: Mapping[str, Any]) -> Tipping | None:
    """Say whether the sign of a gamma stays, whatever is missing."""
    if not row["missing"] or row["value"] is None or row["lowest_partly"] is None:
        return None
    language, addresses = about(study).language, addresses_of(study, value)
    neither, partly = row["neither"], row["missing"] - row["neither"]
    every, one, none = (Bound(number_text(n, language), addresses) for n in (row["missing"], partly, neither))
    danish, english = _forms(row["missing"], every, ("der mangler svar", "that lack an answer"))
    stays = Text("Fortegnet er det samme, uanset hvad der ville have stået på ", "The sign stays the same, whatever ")
    if row["lowest"] is not None and row["lowest"] * row["highest"] > 0:
        says = Sentence((stays.danish, *danish, "."), (stays.english, *english, " would have said."))
        return Tipping(True, False, says)
    if row["lowest_partly"] * row["highest_partly"] > 0 and partly:
        danish, english = _forms(partly, one, ("med ét af de to svar", "with one of the two answers"))
        rest = _forms(neither, none, ("uden nogen af dem", "with neither"))
        if row["lowest"] is None:
            more = ("om ", *rest[0], " kunne vende det, vides ikke."), ("whether ", *rest[1], " could turn it isn't known.")
        else:
            more = (*rest[0], " kunne vende det."), (*rest[1], " could turn it.")
        says = Sentence((stays.danish, *danish, "; ", *more[0]), (stays.english, *english, " would have said; ", *more[1]))
        return Tipping(False, False, says)
    says = Sentence(("Fortegnet kunne vendes af ", *danish, "."), (*_capital(english), " could turn the sign."))
    return Tipping(False, False, says)


def _forms(number: int, bound: Bound, which: tuple[str, str]) -> tuple[Parts, Parts]:
    """Name some forms, in both languages."""
    danish, english = which
    comma = ", " if danish.startswith("der ") else " "
    if number == 1:
        return (f"det ene skema{comma}{danish}",), (f"the one form {english.replace('that lack ', 'that lacks ')}",)
    return ("de ", bound, f" skemaer{comma}{danish}"), ("the ", bound, f" forms {english}")


def _capital(parts: Parts) -> Parts:
    first, *rest = parts
    assert isinstance(first, str), "a sentence begins with a word"
    return (first[:1].upper() + first[1:], *rest)
