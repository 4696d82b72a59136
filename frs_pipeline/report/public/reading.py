"""Numbers read back from a page, and whether the release of their table says them.

It shares no code with what writes them: a number is read as a reader of that language does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from functools import cached_property

from frs_pipeline.language import Text
from frs_pipeline.report.public.released import Number, Released
from frs_pipeline.report.public.words import MARKS, SPOKEN
from frs_pipeline.study.pairing import question_of
from frs_pipeline.study.tables import MISSING, TOTAL, TOTAL_VALID, Address, Table

# A sign, digits with dots and commas, and what makes a p of nought.
_TOKEN = re.compile(r"(?<![\w.,])(<?\s?)([−-]?\d[\d.,]*\d|[−-]?\d)(?![\w])")
_WRITTEN = {
    "da": re.compile(r"−?(?:\d{1,3}(?:\.\d{3})+|\d+)(?:,\d+)?"),
    "en": re.compile(r"−?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?"),
}
_GROUPS, _POINT = {"da": ".", "en": ","}, {"da": ",", "en": "."}


@dataclass(frozen=True)
class TableCheck:
    """Whether what stands in a page is said by one table of a release."""

    released: Released
    table: Table
    _by_decimals: dict[int, set[Decimal]] = field(default_factory=dict)

    @cached_property
    def numbers(self) -> dict[Address, Number]:
        return self.released.of(self.table.number)

    def cell(self, address: Address | None, text: str, code: str) -> Iterator[str]:
        """Yield what is wrong with the text of a cell."""
        number = self.numbers.get(address) if address else None
        if number is None:
            yield "a cell has a number that the release doesn't have"
        elif number.value is None:
            said = {*_both(MARKS[number.status]), *_both(SPOKEN[number.status])}
            if text not in said:
                yield "a cell shows what the release doesn't show"
        elif number.value not in _values(text, code, number.decimals):
            yield "a cell has another number than the release"

    def drawn(self, text: str, code: str, own: set[str]) -> Iterator[str]:
        """Yield what is wrong with a text in a drawing; `own` are numbers in the study's own words."""
        for less, token in _TOKEN.findall(text):
            if token not in own and not self._is_said(token, code, less="<" in less):
                yield "a number in a drawing doesn't follow from the release"

    def sentence(self, text: str, code: str, own: set[str]) -> Iterator[str]:
        """Yield what is wrong with the sentence that stands for a drawing."""
        yield from self.drawn(text, code, own)

    def _is_said(self, token: str, code: str, *, less: bool) -> bool:
        for one in (code,) if code else ("da", "en"):
            value = _value(token, one)
            if value is None:
                continue
            decimals = _decimals(value)
            if less and any(a.measure == "p" and n.value is not None and n.value < value for a, n in self.numbers.items()):
                return True
            if value in self._said(decimals):
                return True
        return False

    def _said(self, decimals: int) -> set[Decimal]:
        """Return the numbers of this table with so many decimals: counts that are shown, statistics, and shares of counts."""
        if decimals not in self._by_decimals:
            shown = [(a, n.value) for a, n in self.numbers.items() if n.value is not None]
            known = {Fraction(value) for a, value in shown if a.measure not in ("count", "n", "answers") or not decimals}
            few = self.released.policy.whole_below
            known |= {share for share, of in self._shares if (of < few) == (decimals == 0)}
            known |= {Fraction(base) for _, base in self._rows} if not decimals else set()
            self._by_decimals[decimals] = {_rounded(one, decimals) for one in known}
        return self._by_decimals[decimals]

    def _count(self, row: str, column: str) -> int | None:
        return self.released.count(Address(self.table.number, row, column, "", "count"))

    @cached_property
    def _rows(self) -> list[tuple[list[int | None], int]]:
        """The answers on the scale of each row of a crosstab, and how many there are in all, where both can be known."""
        if self.table.column is None:
            return []
        question = question_of(self.released.study, self.table.marts[0], self.table.column.variable)
        unsure = question.dont_know if question else None
        columns = [one.label for one in self.table.column.categories if unsure not in one.codes]
        others = [one.label for one in self.table.column.categories if unsure in one.codes]
        found = []
        for row in [*(one.label for one in self.table.row.categories), TOTAL]:
            counts, less = [self._count(row, one) for one in columns], [self._count(row, one) for one in others]
            whole = self._count(row, TOTAL)
            if whole is not None and None not in less:
                found.append((counts, whole - sum(one for one in less if one is not None)))
            elif None not in counts:
                found.append((counts, sum(one for one in counts if one is not None)))
        return found

    @cached_property
    def _shares(self) -> list[tuple[Fraction, int]]:
        """Shares in percent of counts that are shown, each with what it is a share of: those that add up, and what is left."""
        found = []
        for counts, of_row in self._rows:
            known = [one for one in counts if one is not None]
            runs = [counts[first:last] for first in range(len(counts)) for last in range(first + 1, len(counts) + 1)]
            parts = {sum(one for one in run if one is not None) for run in runs if None not in run}
            found += [(part, of_row) for part in {*parts, of_row - sum(known)}]
        base = self._count(TOTAL, TOTAL) if self.table.column else self._count(TOTAL_VALID, "") or self._count(TOTAL, "")
        every = self._count(TOTAL, "") or _sum(self._count(TOTAL_VALID, ""), self._count(MISSING, ""))
        counted = [int(n.value) for a, n in self.numbers.items() if a.measure == "count" and n.value is not None]
        found += [(part, of) for part in counted for of in (base, every) if of is not None]
        return [(Fraction(100 * part, of), of) for part, of in found if of and of >= self.released.policy.none_below]


def _sum(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one + other


def _both(text: Text) -> tuple[str, str]:
    return text.danish, text.english


def _decimals(value: Decimal) -> int:
    return -int(value.as_tuple().exponent)


def _rounded(number: Fraction, decimals: int) -> Decimal:
    """Round as the tables do, ties away from nought."""
    whole = (abs(number) * 10**decimals * 2 + 1) // 2
    return Decimal(whole if number >= 0 else -whole).scaleb(-decimals)


def _value(token: str, code: str) -> Decimal | None:
    """Read a number as a reader of a language does; None for what isn't written as in it."""
    plain = token.replace("-", "−")
    if not _WRITTEN[code].fullmatch(plain):
        return None
    return Decimal(plain.replace(_GROUPS[code], "").replace(_POINT[code], ".").replace("−", "-"))


def _values(text: str, code: str, decimals: int) -> set[Decimal]:
    """Read what a cell says: its number in the language of the cell, or in either where it stands for both."""
    plain = re.sub(r"[\s\u00a0]*%$", "", text)
    less = plain.startswith("<")
    found = {_value(plain.removeprefix("<").strip("\u00a0 "), one) for one in ((code,) if code else ("da", "en"))}
    values = {value for value in found if value is not None and _decimals(value) == decimals}
    # A p that rounds to nought is written as less than its last decimal.
    return {Decimal(0)} if less and values == {Decimal(1).scaleb(-decimals)} else set() if less else values
