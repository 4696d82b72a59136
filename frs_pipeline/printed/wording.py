"""How the audit writes: texts in both languages put together, lists, shares and places."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from fractions import Fraction

from frs_pipeline.language import Text
from frs_pipeline.printed.model import PrintedTable
from frs_pipeline.printed.numerals import Figure, decimal
from frs_pipeline.study.tables import MISSING, TOTAL, TOTAL_VALID, Address

_TOTALS = {
    TOTAL: Text("i alt", "total"),
    TOTAL_VALID: Text("besvarede i alt", "total valid"),
    MISSING: Text("ubesvarede", "missing"),
}
_MEASURES = {
    "gamma": Text("gamma", "gamma"),
    "partial_gamma": Text("partiel gamma", "partial gamma"),
    "ase": Text("ASE", "ASE"),
    "t": Text("T", "T"),
    "p": Text("p", "p"),
    "n": Text("N", "N"),
    "count": Text("antal", "count"),
    "answers": Text("svar", "answers"),
}
_PER_CENT = Text("\u00a0%", "%")
_BARE = re.compile(r"(?<=[0-9])%")
_NUMBERED = Text("tabel ", "table ")


def filled(danish: str, english: str, **parts: Text | str | int) -> Text:
    """Put parts into a sentence in both languages; what isn't a `Text` is the same in both, but for the space before `%`."""
    in_danish = {name: part.danish if isinstance(part, Text) else _in_danish(part) for name, part in parts.items()}
    in_english = {name: part.english if isinstance(part, Text) else part for name, part in parts.items()}
    return Text(danish.format(**in_danish), english.format(**in_english))


def _in_danish(part: str | int) -> str | int:
    """Set a figure as Danish does, `18 %`, however it is printed."""
    return _BARE.sub(_PER_CENT.danish, part) if isinstance(part, str) else part


def joined(parts: Iterable[Text | str | int], between: str = ", ") -> Text:
    """Put texts one after the other."""
    texts = [part if isinstance(part, Text) else Text(str(_in_danish(part)), str(part)) for part in parts]
    return Text(between.join(t.danish for t in texts), between.join(t.english for t in texts))


def listed(parts: Sequence[Text | str | int]) -> Text:
    """Write a list as a sentence has it: `a, b og c`, `a, b and c`."""
    if len(parts) < 2:
        return joined(parts)
    return filled("{first} og {last}", "{first} and {last}", first=joined(parts[:-1]), last=joined(parts[-1:]))


def one_of(parts: Sequence[Text | str | int]) -> Text:
    """Write alternatives as a sentence has them: `a, b eller c`, `a, b or c`."""
    if len(parts) < 2:
        return joined(parts)
    return filled("{first} eller {last}", "{first} or {last}", first=joined(parts[:-1]), last=joined(parts[-1:]))


def percent(value: Fraction | float, places: int) -> Text:
    """Write a percentage."""
    return joined((decimal(value, places), _PER_CENT), "")


def ratio(part: int, whole: int, places: int = 1) -> Text:
    """Write a share with what it is of: `15 of 168 = 8.9%`, in Danish `15 ud af 168, dvs. 8,9 %`."""
    share = percent(Fraction(100 * part, whole), places)
    return filled("{part} ud af {whole}, dvs. {share}", "{part} of {whole} = {share}", part=part, whole=whole, share=share)


def fraction(part: int, whole: int, places: int = 1) -> Text:
    """Write a share as arithmetic: `15 / 168 = 8.9%`."""
    share = percent(Fraction(100 * part, whole), places)
    return filled("{part} / {whole} = {share}", "{part} / {whole} = {share}", part=part, whole=whole, share=share)


def worked(fits: Text | str, fails: Text | str) -> Text:
    """Write arithmetic with a bar before what doesn't fit."""
    return joined((fits, fails), "|")


def label(name: str) -> Text:
    """Name a row or column: a total by its word, another by its label in quotes."""
    return _TOTALS.get(name, Text(f"»{name}«", f"‘{name}’"))


def what(address: Address) -> Text:
    """Name a figure within its table: by row, column and group, and by its measure where it has no row."""
    places = [label(name) for name in (address.group, address.row, address.column) if name]
    named = _MEASURES.get(address.measure)
    return joined([*places, *([named] if named and not (address.row or address.column) else [])], " · ")


def measure(name: str) -> Text:
    """Name a measure."""
    return _MEASURES.get(name, Text("procent", "per cent"))


def tables_named(tables: Sequence[PrintedTable]) -> Text:
    """Name several tables in a sentence: `table 22, 26 and 27` where they have numbers only."""
    names = [table.name for table in tables]
    if all(name.danish.startswith(_NUMBERED.danish) and name.english.startswith(_NUMBERED.english) for name in names[1:]):
        names[1:] = [
            Text(name.danish.removeprefix(_NUMBERED.danish), name.english.removeprefix(_NUMBERED.english)) for name in names[1:]
        ]
    return listed(names)


def added(figures: Sequence[Figure]) -> Text:
    """Write a sum as it is printed: `184 + 196`; one of more than eight by its first three."""
    texts = [f.text for f in figures]
    return joined(texts if len(texts) <= 8 else [*texts[:3], "…", texts[-1]], " + ")


def either(choices: Sequence[Text]) -> Text:
    """Say which figures could be right instead, one of them."""
    *first, last = choices
    between = joined(first), last
    return filled(
        "der skulle stå enten {first} eller {last}", "it should print either {first} or {last}", first=between[0], last=between[1]
    )
