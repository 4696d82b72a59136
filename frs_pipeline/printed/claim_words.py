"""What was tested about a claim, in words: "at least 90%", "within 0.1 percentage points of the 86.2% said"."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction

from frs_pipeline.language import Text
from frs_pipeline.printed.verdicts import Unit, of_float, of_print, units
from frs_pipeline.printed.wording import listed, one_of
from frs_pipeline.study.claims import ClaimWords, Condition, Quantity, Value
from frs_pipeline.tables.strength import WORDS as STRENGTHS

# What stands before a number, and before the name of another value.
_LIMITS: Mapping[str, tuple[Text, Text]] = {
    "at_least": (Text("mindst", "at least"), Text("mindst lige så stor som", "at least as great as")),
    "at_most": (Text("højst", "at most"), Text("højst lige så stor som", "at most as great as")),
    "above": (Text("over", "above"), Text("større end", "greater than")),
    "below": (Text("under", "below"), Text("mindre end", "less than")),
    "equals": (Text("præcis", "exactly"), Text("det samme som", "the same as")),
}
_RANKS: Mapping[str, Text] = {
    "greatest_of": Text("størst, sammenlignet med", "the greatest, compared with"),
    "least_of": Text("mindst, sammenlignet med", "the least, compared with"),
    "strongest_of": Text("stærkest, sammenlignet med", "the strongest, compared with"),
    "weakest_of": Text("svagest, sammenlignet med", "the weakest, compared with"),
}
_SIGNIFICANT = {True: Text("signifikant", "significant"), False: Text("ikke signifikant", "not significant")}


def condition_words(
    condition: Condition, values: Mapping[str, Value], words: ClaimWords, names: Mapping[str, Text] | None = None
) -> Text:
    """Say in both languages what a condition demands of its value; not what the value is called.

    Other values are called as in `names`, and where they aren't in it, as in the claim.
    """
    called = {name: Text(name.replace("_", " "), name.replace("_", " ")) for name in values} | dict(names or {})
    return listed(list(_parts(condition, values, words, called)))


def quantity_words(quantity: Quantity, unit: Unit = "percent") -> Text:
    """Say what a verbal quantity is tested as: "“most”: above 50%"."""
    limits = listed(list(_limits(quantity, unit, {})))
    return Text(f"»{quantity.says.danish}«: {limits.danish}", f"“{quantity.says.english}”: {limits.english}")


def _parts(condition: Condition, values: Mapping[str, Value], words: ClaimWords, names: Mapping[str, Text]) -> Iterator[Text]:
    value, unit = values[condition.value], units(values)[condition.value]
    yield from _limits(condition, unit, names)
    said = None if value.said is None else measured(of_print(value.said), unit)
    if condition.as_said_within is not None and said is not None:
        off = distance(of_float(condition.as_said_within), unit)
        yield Text(f"højst {off.danish} fra rapportens {said.danish}", f"within {off.english} of the report's {said.english}")
    if condition.about is not None:
        of, off = condition.about.of, distance(of_float(condition.about.within), unit)
        near = said if of is None else names[of] if isinstance(of, str) else measured(of_float(of), unit)
        if near is not None:
            yield Text(f"højst {off.danish} fra {near.danish}", f"within {off.english} of {near.english}")
    if condition.strength:
        yield one_of([STRENGTHS[word] for word in condition.strength])
    if condition.significant is not None:
        yield _SIGNIFICANT[condition.significant]
    if condition.word is not None:
        yield quantity_words(words.quantities[condition.word], unit)
    for key, rank in _RANKS.items():
        others = [names[name] for name in getattr(condition, key)]
        if others:
            several = listed(others)
            yield Text(f"{rank.danish} {several.danish}", f"{rank.english} {several.english}")


def _limits(of: Condition | Quantity, unit: Unit, names: Mapping[str, Text]) -> Iterator[Text]:
    for key, (before_number, before_name) in _LIMITS.items():
        limit = getattr(of, key, None)
        if limit is not None:
            named = isinstance(limit, str)
            before = before_name if named else before_number
            text = names[limit] if named else measured(of_float(limit), unit)
            yield Text(f"{before.danish} {text.danish}", f"{before.english} {text.english}")


def measured(number: Fraction, unit: Unit) -> Text:
    """Write a number with its unit, as far as one is written: "90 %", "2 procentpoint", "0,3"."""
    return _with_unit(number, unit, Text("\u00a0%", "%") if unit == "percent" else None)


def distance(number: Fraction, unit: Unit) -> Text:
    """Write how far two numbers are from each other: percentages in points."""
    return _with_unit(number, "points" if unit == "percent" else unit, None)


def _with_unit(number: Fraction, unit: Unit, sign: Text | None) -> Text:
    english = _digits(number)
    danish = english.replace(".", ",")
    if unit == "points" and abs(number) == 1:
        return Text(f"{danish} procentpoint", f"{english} percentage point")
    if unit == "points":
        return Text(f"{danish} procentpoint", f"{english} percentage points")
    return Text(f"{danish}{sign.danish}", f"{english}{sign.english}") if sign else Text(danish, english)


def _digits(number: Fraction) -> str:
    """Write a decimal number without needless noughts, with a minus that isn't a hyphen."""
    return format(float(number), ".15g").replace("-", "\u2212")
