"""The codebook as the search needs it, and whether numbers of conferences stand beside their pseudonyms.

Where conferences are numbered 1, 2, 3…, an answer or a count beside a pseudonym equals its number now and then. So a whole
file, or a whole column, is judged: does that happen more often than chance would have it? A number of five digits is
hardly ever there by chance: once is enough. A 3 often is.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from frs_pipeline.privacy.words import GENERAL, Words

# Ids of forms, and numbers: such a word needn't be searched as text, because numbers are searched as numbers.
ID = r"^[A-Z]{0,3}-?[0-9]{1,12}$"
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9-]{5,30}")
_NUMBER = re.compile(r"(?<![\w.,])[0-9]{1,9}(?![\w]|[.,][0-9])")
# How many letters before or behind a pseudonym count as beside it.
_NEAR = 60
_MANY = 5_000
# Separates texts that have nothing to do with each other.
_END = "\0"
# Numbers up to this are answers, counts and shares of all kinds; the larger a number, the less it turns up by chance.
_EVERYDAY = 10
# What is less probable than this didn't happen by chance: from a conference number of about a hundred on, once is enough.
_CHANCE = 0.01


class Codebook:
    """Conference numbers by pseudonym: a pair that must stand beside each other nowhere.

    `cases` is the same for the children, by their pseudonyms, of whom each may have several conferences; `words` are what
    else is looked for.
    """

    def __init__(
        self,
        pseudonyms: Sequence[str] = (),
        numbers: Sequence[int] = (),
        cases: Sequence[str | None] | None = None,
        *,
        words: Words = GENERAL,
    ) -> None:
        self.words = words
        # Not a dictionary: a codebook may have millions, of which a text holds hardly any.
        self._names, place = np.unique(np.array(pseudonyms, np.str_), return_inverse=True)
        self._set = pa.array(self._names.tolist(), pa.string())
        own = np.array(numbers, np.int64)
        order = np.argsort(own, kind="stable")
        # The conference that has each of the numbers, which are sorted.
        self._sorted, self._order = own[order], place[order]
        # Of a child's conferences the one with the smallest number, which turns up by chance most easily.
        self._numbers = np.full(len(self._names), np.iinfo(np.int64).max)
        np.minimum.at(self._numbers, place, own)
        children = [(case, number) for case, number in zip(cases or (), numbers, strict=False) if case]
        self.cases = Codebook(*zip(*children, strict=True)) if children else None
        # Whether an id of a form or a number could be a pseudonym, too. Where it couldn't, such words needn't be looked up.
        self.like_ids = pc.any(pc.match_substring_regex(self._set, ID)).as_py() if self.size else False

    @property
    def largest(self) -> int:
        """The largest conference number; 0 where there is none."""
        return int(self._sorted[-1]) if self.size else 0

    @property
    def size(self) -> int:
        """The number of conferences, or of children."""
        return len(self._names)

    @property
    def counts_up(self) -> bool:
        """Whether conferences are numbered 1, 2, 3… with hardly a gap: a row's number then looks just like a conference's."""
        return bool(self.size) and self._sorted[0] <= 1 and self.largest <= 1.1 * len(self._sorted)

    def numbers(self) -> NDArray[np.int64]:
        """Return all conference numbers (n,), ascending."""
        return self._sorted

    def places(self, names: pa.Array) -> NDArray[np.int64]:
        """Find where each of `names` (n,) stands among the conferences; -1 for what is no pseudonym."""
        if not self.size or not len(names):
            return np.full(len(names), -1)
        if len(names) > _MANY:
            at = pc.index_in(names, value_set=self._set, skip_nulls=True)
            return np.asarray(pc.fill_null(at, -1).to_numpy(zero_copy_only=False), np.int64)
        # For few names, Arrow would take longer to prepare than to search.
        longest = self._names.dtype.itemsize // 4
        wanted = np.array([name if len(name) <= longest else "" for name in names.to_pylist()], self._names.dtype)
        near = np.minimum(np.searchsorted(self._names, wanted), self.size - 1)
        return np.where((self._names[near] == wanted) & (wanted != ""), near, -1)

    def number_at(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return conference numbers (n,) by their places."""
        return np.asarray(self._numbers[places], np.int64)

    def owners(self, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        """Find the places of the conferences that have these numbers (n,); -1 for what is no conference number."""
        if not self.size:
            return np.full(len(numbers), -1)
        at = np.minimum(np.searchsorted(self._sorted, numbers), self.size - 1)
        return np.where(self._sorted[at] == numbers, self._order[at], -1)


def pseudonyms(text: str, codebook: Codebook) -> Iterator[tuple[int, int, int]]:
    """Yield where pseudonyms begin and end in a text, and the places of their conferences."""
    words = list(_WORD.finditer(text)) if codebook.size else []
    different = list({word[0] for word in words})
    places = codebook.places(pa.array(different, pa.string()))
    known = {different[i]: int(places[i]) for i in np.flatnonzero(places >= 0).tolist()}
    if known:
        yield from ((word.start(), word.end(), known[word[0]]) for word in words if word[0] in known)


class Beside:
    """Numbers that stand beside pseudonyms in a file, text after text."""

    def __init__(self, codebook: Codebook) -> None:
        self.codebook = codebook
        self._cases = Beside(codebook.cases) if codebook.cases else None
        self._own: dict[int, bool] = {}
        self._others: set[tuple[int, int]] = set()

    def take(self, reading: str) -> None:
        """Take more of the file's text."""
        if self._cases:
            self._cases.take(reading)
        named = list(pseudonyms(reading, self.codebook))
        for at, (start, end, place) in enumerate(named):
            before, behind = reading[max(0, start - _NEAR) : start], reading[end : end + _NEAR]
            near = f"{before.rpartition(_END)[2]} {behind.partition(_END)[0]}"
            numbers = np.array([int(number) for number in _NUMBER.findall(near)], np.int64)
            owners = set(self.codebook.owners(numbers).tolist()) - {-1}
            self._own[place] = self._own.get(place, False) or place in owners
            # The number of a conference whose pseudonym is nearby stands there for that one.
            nearby = named[max(0, at - _NEAR) : at + _NEAR] if owners - {place} else []
            theirs = {other for s, e, other in nearby if s < end + 2 * _NEAR and e > start - 2 * _NEAR}
            self._others |= {(place, owner) for owner in owners - theirs - {place}}

    def gives_away(self) -> bool:
        """Return whether conferences, or children, stand beside their own numbers more often than chance would have it."""
        if self._cases and self._cases.gives_away():
            return True
        if not any(self._own.values()):
            return False
        places = np.array(list(self._own), np.int64)
        elsewhere = np.bincount([owner for _, owner in self._others], minlength=self.codebook.size)
        share = elsewhere[places] / max(1, len(places) - 1)
        return beyond_chance(self.codebook, places, sum(self._own.values()), share, len(self._others) / len(places))


def beyond_chance(codebook: Codebook, places: NDArray[np.int64], hits: int, share: NDArray[np.float64], others: float) -> bool:
    """Return whether it can't be chance that of conferences (n,) at these places so many stand beside their own number.

    `share` (n,) is how often each one's number stands beside another conference, `others` how many numbers of others stand
    beside each on average.
    """
    numbers = np.maximum(codebook.number_at(places), 1)
    chance = np.maximum.reduce([np.minimum(0.5, (_EVERYDAY / numbers) ** 2), share, np.full(len(places), others / codebook.size)])
    expected = float(np.minimum(chance, 1).mean())
    seen = hits / len(places)
    if seen <= expected:
        return False
    # Hoeffding's bound on the chance of at least so many independent events, whatever the chance of each.
    bound = seen * math.log(seen / expected) + (0 if seen == 1 else (1 - seen) * math.log((1 - seen) / (1 - expected)))
    return math.exp(-len(places) * bound) < _CHANCE
