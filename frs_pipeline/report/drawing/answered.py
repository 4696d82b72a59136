"""Who answered: a bar for each questionnaire, parted by who filled the forms in; those who didn't say who they are dashed.

All bars have one scale, from 0: their length is the number of forms. Where a name doesn't fit above its part, and on a phone,
the parts stand below each other instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from frs_pipeline.language import Text
from frs_pipeline.report.drawing.figures import Drawn
from frs_pipeline.report.drawing.numbers import count, joined
from frs_pipeline.report.drawing.scene import NARROW, WIDE, Line, Link, Rect, Sheet, leading, text_lines, widest

NOT_SAID = Text("ikke sagt", "not said")
_IN_ALL = Text("I alt", "In all")
# Of the wide drawing: room of a label left of the bars, and where they begin and may end.
_LABEL, _LEFT, _RIGHT = 136.0, 148.0, 812.0
_BAR, _GAP, _TIGHT = 22.0, 1.5, 3.0
# Of the lists: room of a name, of a bar, and between two lists side by side.
_NAME, _LINE, _APART = 88.0, 24.0, 22.0


@dataclass(frozen=True)
class Part:
    """The forms of one group; `label` is None for those who didn't say."""

    label: Text | None
    forms: int
    link: Link | None = None


@dataclass(frozen=True)
class Came:
    """The forms of one questionnaire: what it is called, what more there is to say, its parts, and all together."""

    label: Text
    parts: tuple[Part, ...]
    more: Text | None = None
    link: Link | None = None

    @property
    def forms(self) -> int:
        """All forms of it."""
        return sum(part.forms for part in self.parts)


def draw_came(title: Text, several: Sequence[Came]) -> Drawn:
    """Draw who answered, wide and narrow."""
    sentence = _sentence(several)
    most = max((came.forms for came in several), default=0) or 1
    fits = all(_fits(part, (_RIGHT - _LEFT) / most) for came in several for part in came.parts)
    wide = _bars(several, most) if fits else _lists(Sheet(WIDE), several, 2)
    sheets = (wide, _lists(Sheet(NARROW), several, 2))
    drawings = (sheet.drawing(max(_bottom(sheet), 1.0), title, sentence) for sheet in sheets)
    return Drawn(*drawings)


def _name(part: Part) -> Text:
    return NOT_SAID if part.label is None else part.label


def _fits(part: Part, unit: float) -> bool:
    """Return whether name and number find room in and above a part."""
    if not part.forms:
        return True
    return max(widest(_name(part), "quiet") + _TIGHT, widest(count(part.forms), "quiet") + 2 * _TIGHT) <= part.forms * unit


def _bars(several: Sequence[Came], most: int) -> Sheet:
    """Draw a bar a questionnaire, with names above its parts."""
    sheet, unit, y = Sheet(WIDE), (_RIGHT - _LEFT) / most, 0.0
    for came in several:
        lines = text_lines(came.label, _LABEL, "row strong")
        base = y + 18 + _BAR / 2 + 5 - (len(lines) - 1) * leading("row strong") / 2
        sheet.lines(lines, 0, base - (0 if came.more is None else 7), "row strong")
        if came.more is not None:
            sheet.write(came.more, 0, base + (len(lines) - 1) * leading("row strong") + 9, "quiet")
        x = _LEFT
        for place, part in enumerate(part for part in came.parts if part.forms):
            wide = part.forms * unit
            sheet.add(Rect(_look(part, place), x + _GAP / 2, y + 18, wide - _GAP, _BAR))
            sheet.write(_name(part), x + 1, y + 12, "quiet")
            look = "quiet strong" if part.label is None else "quiet on"
            sheet.write(count(part.forms), x + wide / 2, y + 18 + _BAR / 2 + 5, look, "middle", part.link)
            x += wide
        sheet.write(count(came.forms), x + 10, y + 18 + _BAR / 2 + 5, "num strong", link=came.link)
        y += 18 + _BAR + max(20, (len(lines) - 1) * leading("row strong"))
    return sheet


def _lists(sheet: Sheet, several: Sequence[Came], beside: int) -> Sheet:
    """Draw the parts of each questionnaire below each other, so many questionnaires `beside` one another."""
    most = max((part.forms for came in several for part in came.parts), default=0) or 1
    y = 0.0
    for at in range(0, len(several), beside):
        some = several[at : at + beside]
        names = list(dict.fromkeys(_name(part) for came in some for part in came.parts))
        room = (sheet.room.width - _NAME - _APART * (len(some) - 1)) / len(some)
        left = [_NAME + place * (room + _APART) for place in range(len(some))]
        heads = [text_lines(came.label, room, "head") for came in some]
        high = max(map(len, heads))
        for x, lines in zip(left, heads, strict=True):
            sheet.lines(lines, x, y + 11 + (high - len(lines)) * leading("head"), "head")
        y += high * leading("head") + 6
        for place, name in enumerate(names):
            lines = text_lines(name, _NAME - 8, "row")
            base = y + 16
            sheet.lines(lines, 0, base, "row")
            for x, came in zip(left, some, strict=True):
                part = next((part for part in came.parts if _name(part) == name), None)
                if part is not None:
                    long = max(2.0, part.forms / most * (room - 46))
                    sheet.add(Rect(_look(part, place), x, y + 5, long, 13))
                    sheet.write(count(part.forms), x + room, base, "num", "end", part.link)
            y += _LINE + (len(lines) - 1) * leading("row")
        sheet.add(Line("edge", (0, y + 2), (sheet.room.width, y + 2)))
        sheet.write(_IN_ALL, 0, y + 20, "row strong")
        for x, came in zip(left, some, strict=True):
            sheet.write(count(came.forms), x + room, y + 20, "num strong", "end", came.link)
        y += 44
    return sheet


def _look(part: Part, place: int) -> str:
    return "unsure" if part.label is None else "role odd" if place % 2 else "role"


def _bottom(sheet: Sheet) -> float:
    """Return where the lowest mark ends."""
    boxes = [mark.y + mark.height for mark in sheet.marks if isinstance(mark, Rect)]
    texts = [
        words.box(language).bottom for words in sheet.drawing(0, NOT_SAID, NOT_SAID).words for language in ("danish", "english")
    ]
    return max([*boxes, *texts, 0.0]) + 6


def _sentence(several: Sequence[Came]) -> Text:
    """Say every number."""
    said = []
    for came in several:
        parts = [Text(*(f"{name} {number}" for name, number in _pair(part))) for part in came.parts]
        whole, all_of_it = joined(parts), count(came.forms)
        said.append(
            Text(
                f"{came.label.danish}: {whole.danish}, i alt {all_of_it.danish}",
                f"{came.label.english}: {whole.english}, in all {all_of_it.english}",
            )
        )
    told = joined(said, "; ")
    return Text(f"{told.danish}.", f"{told.english}.")


def _pair(part: Part) -> list[tuple[str, str]]:
    name, number = _name(part), count(part.forms)
    return [(name.danish, number.danish), (name.english, number.english)]
