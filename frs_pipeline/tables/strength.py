"""The word for an association in both languages, with what its interval leaves open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from frs_pipeline.language import Text
from frs_pipeline.stats.strength import Strength, could_be, other_way, strength

WORDS: Mapping[Strength, Text] = {
    "none": Text("ingen", "none"),
    "weak": Text("svag", "weak"),
    "moderate": Text("moderat", "moderate"),
    "strong": Text("stærk", "strong"),
}
# What an association of that strength is called.
ASSOCIATIONS: Mapping[Strength, Text] = {
    "none": Text("ingen nævneværdig sammenhæng", "no notable association"),
    "weak": Text("svag sammenhæng", "weak association"),
    "moderate": Text("moderat sammenhæng", "moderate association"),
    "strong": Text("stærk sammenhæng", "strong association"),
}
# After "kan være", where Danish can't say "ingen".
_COULD: Mapping[Strength, Text] = {**WORDS, "none": Text("uden betydning", "none")}
# What an interval adds where it leaves the sign open: of an association with a word, and of one that is none to speak of.
_OTHER_WAY = Text("eller gå den anden vej", "or go the other way")
_EITHER_WAY = Text("den ene eller den anden vej", "either way")


def reservation(gamma: float, low: float | None, high: float | None) -> Text | None:
    """Say what an interval leaves open beside the word for gamma; None where that is nothing, or there is no interval.

    Such as "could be weak", or "could be weak or none, or go the other way". Raises ValueError as `could_be`.
    """
    words = could_be(gamma, low, high)
    if not words:
        return None
    danish = f"kan være {_either([_COULD[word].danish for word in words], 'eller')}"
    english = f"could be {_either([_COULD[word].english for word in words], 'or')}"
    if not other_way(gamma, low, high):
        return Text(danish, english)
    way = _EITHER_WAY if strength(gamma) == "none" else _OTHER_WAY
    return Text(f"{danish}, {way.danish}", f"{english}, {way.english}")


def worded(gamma: float, low: float | None = None, high: float | None = None) -> Text:
    """Return the word for gamma and what its interval leaves open: "moderate; could be weak". Raises ValueError as `could_be`."""
    return _with(WORDS[strength(gamma)], reservation(gamma, low, high))


def association(gamma: float, low: float | None = None, high: float | None = None) -> Text:
    """Return the same of the association: "moderate association; could be weak". Raises ValueError as `could_be`."""
    return _with(ASSOCIATIONS[strength(gamma)], reservation(gamma, low, high))


def _with(words: Text, but: Text | None) -> Text:
    return Text(f"{words.danish}; {but.danish}", f"{words.english}; {but.english}") if but else words


def _either(words: Sequence[str], conjunction: str) -> str:
    *first, last = words
    return f"{', '.join(first)} {conjunction} {last}" if first else last
