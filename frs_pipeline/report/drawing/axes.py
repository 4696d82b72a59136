"""The axes of figures, and the marks that several of them share."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from frs_pipeline.language import Text
from frs_pipeline.report.drawing.answers import piece
from frs_pipeline.report.drawing.numbers import decimal, joined, share
from frs_pipeline.report.drawing.scene import (
    NOTHING,
    Anchor,
    Circle,
    Line,
    Link,
    Mark,
    Path,
    Rect,
    Room,
    Sheet,
    leading,
    text_lines,
    widest,
)

# Head of a column: its text, its place, the room that it has, and at which side of the place.
Head = tuple[Text, float, float, Anchor]
TICKS = (0, 25, 50, 75, 100)
HALVES = (-1.0, -0.5, 0.0, 0.5, 1.0)
# From the end of an axis to the baseline of its ticks, and to the edge of the drawing.
TICK_TEXT, BELOW_AXIS = 15, 22
# Side of the square of a legend, and what a line of a legend takes.
_KEY, _KEY_LINE = 12, 20


@dataclass(frozen=True)
class Span:
    """An interval around a number, in the number's unit; `open` says that it rests on so little that its ends are drawn open."""

    low: float
    high: float
    open: bool = False


@dataclass(frozen=True)
class Axis:
    """Where the values of a figure lie: value 0 at `zero`, one unit of the value as many units of the drawing."""

    zero: float
    unit: float

    def at(self, value: float) -> float:
        """Return where a value lies."""
        return self.zero + self.unit * value


def shares(room: Room, left: float) -> Axis:
    """Return the axis of percentages that begins at `left`: everywhere the same units a point."""
    return Axis(left, room.point)


def draw_shares(sheet: Sheet, axis: Axis, top: float, bottom: float) -> None:
    """Draw the axis of percentages, with the unit at its end."""
    for tick in TICKS:
        x = axis.at(tick)
        sheet.add(Line("zero" if tick in (0, 100) else "grid", (x, top), (x, bottom)))
        text = share(100, 0) if tick == 100 else Text(f"{tick}", f"{tick}")
        sheet.write(text, x, bottom + TICK_TEXT, "tick", "middle")


def draw_gammas(sheet: Sheet, axis: Axis, top: float, bottom: float) -> None:
    """Draw the axis of gammas from −1 to 1, with signs on either side of 0."""
    for tick in HALVES:
        x = axis.at(tick)
        sheet.add(Line("grid" if tick else "zero", (x, top), (x, bottom)))
        text = decimal(tick, 1) if tick else Text("0", "0")
        sign = Text(f"+{text.danish}", f"+{text.english}") if tick > 0 else text
        sheet.write(sign, x, bottom + TICK_TEXT, "tick", "middle")


def legend(sheet: Sheet, entries: Iterable[tuple[str, Text]], top: float = 4.0) -> float:
    """Draw the key of looks, in as many lines as it needs; return where it ends.

    Both languages have their marks at the same places, so that a mark is drawn once.
    """
    x, y = 0.0, top
    for look, label in entries:
        lines = text_lines(label, sheet.room.width - _KEY - 6, "leg")
        wide = _KEY + 6 + max(widest(line, "leg") for line in lines)
        if x and x + wide > sheet.room.width:
            x, y = 0.0, y + _KEY_LINE
        sheet.add(*piece(look, x + 0.5, x + 0.5 + _KEY, y, _KEY))
        sheet.lines(lines, x + _KEY + 6, y + 10, "leg")
        x += wide + 18
        y += (len(lines) - 1) * leading("leg")
    return y + _KEY_LINE


def heads(sheet: Sheet, columns: Iterable[Head], top: float) -> float:
    """Write heads of columns (text, place, room, anchor) that end on the same line; return the baseline of that line."""
    broken = [(text_lines(text, room, "head"), x, anchor) for text, x, room, anchor in columns]
    most = max((len(lines) for lines, *_ in broken), default=1)
    base = top + 10 + (most - 1) * leading("head")
    for lines, x, anchor in broken:
        danish, english = ([text for line in lines if (text := getattr(line, name))] for name in ("danish", "english"))
        for at in range(1, len(lines) + 1):
            line = Text(*(texts[-at] if at <= len(texts) else "" for texts in (danish, english)))
            sheet.write(line, x, base - (at - 1) * leading("head"), "head", anchor)
    return base


def whisker(axis: Axis, span: Span, y: float) -> list[Mark]:
    """Draw an interval over a bar: a line with end caps, or rings where it rests on little, on a halo of the ground."""
    low, high = axis.at(span.low), axis.at(span.high)
    caps = () if span.open else (((low, y - 4), (low, y + 4)), ((high, y - 4), (high, y + 4)))
    strokes = (((low, y), (high, y)), *caps)
    rings = [Circle("ring", x, y, 3) for x in (low, high)] if span.open else []
    return [Path("halo", strokes), Path("whisk", strokes), *rings]


def separate(sheet: Sheet, y: float) -> None:
    """Draw the line above what isn't one of the rows: all together, or the blanks."""
    sheet.add(Line("edge", (0, y), (sheet.room.width, y)))


def ground(sheet: Sheet, top: float, height: float, left: float = 0.0, right: float | None = None) -> None:
    """Lay the ground under a text, so that no line of the grid runs through it."""
    sheet.add(Rect("paper", left, top, (sheet.room.width if right is None else right) - left, height))


def facts(sheet: Sheet, texts: Iterable[Text], x: float, y: float, anchor: Anchor = "end") -> None:
    """Write small facts about a row in one line, with a dot between them."""
    sheet.write(joined([text for text in texts if text != NOTHING], " · "), x, y, "quiet", anchor)


def named_number(name: Text, text: Text) -> Text:
    """Join a name and its number: `n 121`, `ubesv. 5`."""
    return Text(f"{name.danish}\u00a0{text.danish}", f"{name.english}\u00a0{text.english}")


def linked(sheet: Sheet, text: Text, x: float, y: float, look: str, anchor: Anchor, link: Link | None) -> None:
    """Write a number that may lead somewhere; a dash leads nowhere."""
    sheet.write(text, x, y, look, anchor, None if text == NOTHING else link)
