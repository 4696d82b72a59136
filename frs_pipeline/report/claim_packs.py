"""What is told about the claims of the printed report, packed as a script that the page of claims asks for when one is pressed.

Each text stands once, as a pair where the study has two languages. Figures are named by their place in `figures.js`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from frs_pipeline.language import Language, Text
from frs_pipeline.report.claim_passports import ClaimPassport, Fracture, Quoted, Row, Side
from frs_pipeline.report.findings import Bound, Sentence
from frs_pipeline.report.packs import as_script, packed
from frs_pipeline.study.tables import Address


class _Pack:
    """Texts of a pack, and the places of figures."""

    def __init__(self, places: Mapping[Address, int], languages: Sequence[Language]) -> None:
        self._places, self._languages = places, languages
        self.texts: dict[str | tuple[str, ...], int] = {}

    def text(self, text: Text) -> int:
        return self.texts.setdefault(packed(text, self._languages), len(self.texts))

    def sentence(self, said: Sentence | None) -> list[list[Any]] | None:
        """Return the parts in each language: words as they are, a number with what it leads to."""
        if said is None:
            return None
        return [
            [part if isinstance(part, str) else self.bound(part) for part in (said.danish if one == "danish" else said.english)]
            for one in self._languages
        ]

    def bound(self, number: Bound) -> list[Any]:
        """Return the text of a number, and the figures, the count or the quotation that it leads to."""
        if number.count:
            return [number.text, f"n-{number.count}"]
        if number.addresses:
            return [number.text, [self._places[one] for one in number.addresses if one in self._places]]
        return [number.text, number.quoted] if number.quoted else [number.text]

    def row(self, row: Row) -> list[Any]:
        """Return the name, how it comes about, the number, its interval, and how many forms where no fraction says so."""
        forms = None if row.fraction or row.number.forms is None else row.number.forms.text
        ends = None if row.ends is None else [end.text for end in row.ends]
        says = None if row.says is None else self.text(row.says)
        return [self.text(row.name), fraction(row.fraction), says, self.bound(row.number.shown), ends, forms]

    def claim(self, told: ClaimPassport) -> dict[str, Any]:
        """Return a claim, leaving out what is empty."""
        seen, report = told.picture, told.of_report
        content = {
            "h": told.holds,
            "t": None if report is None else report.holds_in_tables,
            "s": self.sentence(told.says),
            "i": self.sentence(told.instead),
            "c": [[self.text(one.name), self.text(one.words), one.kept] for one in told.tried],
            "p": None if seen is None else [seen.subject, seen.text, seen.others, seen.ends],
            "r": [self.row(row) for row in told.rows],
            "o": None if told.overturned is None else self.text(told.overturned),
            "q": report.claim.phrase if report else None,
            "g": report.claim.pages if report else None,
            "n": told.tables,
        }
        return {key: value for key, value in content.items() if value is not None and value != () and value != []}

    def side(self, one: Side) -> list[Any]:
        return [self.text(one.shown), fraction(one.fraction), one.same]

    def quoted(self, told: Quoted) -> dict[str, Any]:
        """Return a number that is quoted, leaving out what is empty."""
        source = told.source
        content = {
            "x": told.text.text,
            "s": self.sentence(told.tested.says),
            "a": self.side(told.tables),
            "b": self.side(told.forms),
            "w": None if source is None else [self.text(source.name), fraction(source.fraction), self.text(source.shown)],
            "i": self.sentence(told.tested.instead),
        }
        return {key: value for key, value in content.items() if value is not None}


def fraction(of: Fracture | None) -> list[str] | None:
    """Return the counts that are added up, and last of how many."""
    return None if of is None else [*of.parts, of.base]


def claims_script(
    passports: Iterable[ClaimPassport], quoted: Iterable[Quoted], places: Mapping[Address, int], languages: Sequence[Language]
) -> bytes:
    """Pack what is told about claims and quoted numbers, by the names that their buttons have."""
    pack = _Pack(places, languages)
    told = {one.id: pack.claim(one) for one in passports} | {one.id: pack.quoted(one) for one in quoted}
    return as_script("claims", {"t": list(pack.texts), "c": told})
