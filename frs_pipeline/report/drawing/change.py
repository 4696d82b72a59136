"""Two rounds of the same question: from an open mark to a filled one, on the axis of all shares.

Circles are the favourable answers, squares the unfavourable ones: shape, colour and place say the same thing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from frs_pipeline.language import Text
from frs_pipeline.report.drawing.axes import (
    BELOW_AXIS,
    Axis,
    Head,
    draw_shares,
    ground,
    heads,
    linked,
    separate,
    shares,
)
from frs_pipeline.report.drawing.numbers import between, joined, points, share
from frs_pipeline.report.drawing.scene import (
    NOTHING,
    Circle,
    Drawing,
    Line,
    Link,
    Mark,
    Rect,
    Room,
    Sheet,
    leading,
    text_lines,
    widest,
)

_DIFFERENCE = Text("Forskel, pp [95\u00a0%]", "Change, pp [95%]")
_AXIS, _LABEL, _NARROW_AXIS = 116.0, 104.0, 10.0
_BEFORE, _AFTER = 672.0, 744.0
# Half the size of an open and of a filled mark; the filled one has a rim in the colour of the ground.
_OPEN, _FILLED = 4.5, 5.5


@dataclass(frozen=True)
class Pair:
    """A share in percent in both rounds; None where nobody answered."""

    before: float | None
    after: float | None


@dataclass(frozen=True)
class Difference:
    """After minus before in percentage points, with the limits of its interval; `certain` is what the study's test says."""

    points: float
    low: float | None
    high: float | None
    certain: bool


@dataclass(frozen=True)
class Moved:
    """One group: its favourable answers, its unfavourable ones, and by how much the favourable ones changed."""

    label: Text
    best: Pair
    worst: Pair | None = None
    difference: Difference | None = None
    total: bool = False
    links: tuple[Link | None, Link | None] = (None, None)

    @property
    def change(self) -> Text:
        """The difference and its interval as text: `−7,3 [−14,4; 0,6]`."""
        if self.difference is None:
            return NOTHING
        moved, limits = points(self.difference.points), between(self.difference.low, self.difference.high, 1)
        if limits == NOTHING:
            return moved
        return Text(f"{moved.danish}\u2002[{limits.danish}]", f"{moved.english}\u2002[{limits.english}]")


@dataclass(frozen=True)
class Change:
    """A figure of two rounds; `best` and `worst` name the answers, `before` and `after` the rounds."""

    title: Text
    best: Text
    worst: Text | None
    before: Text
    after: Text
    rows: tuple[Moved, ...]


def draw_change(figure: Change, room: Room) -> Drawing:
    """Draw one line a group."""
    sheet = Sheet(room)
    top = _legend(sheet, figure)
    bottom = _wide(sheet, figure, top) if room.wide else _narrow(sheet, figure, top)
    return sheet.drawing(bottom + BELOW_AXIS, figure.title, _sentence(figure))


def _legend(sheet: Sheet, figure: Change) -> float:
    """Draw the key: open → filled of either side; return where it ends."""
    rounds = Text(
        *(f"{a} → {b}" for a, b in ((figure.before.danish, figure.after.danish), (figure.before.english, figure.after.english)))
    )
    best = Text(f"{figure.best.danish}: {rounds.danish}", f"{figure.best.english}: {rounds.english}")
    x, y = 0.0, 4.0
    for good, label in ((True, best), *(((False, figure.worst),) if figure.worst else ())):
        lines = text_lines(label, sheet.room.width - 34, "leg")
        wide = 34 + max(widest(line, "leg") for line in lines)
        if x and x + wide > sheet.room.width:
            x, y = 0.0, y + 20
        sheet.add(*_moves(good, x + 5, x + 22, y + 6))
        sheet.lines(lines, x + 34, y + 10, "leg")
        x += wide + 20
        y += (len(lines) - 1) * leading("leg")
    return y + 20


def _moves(good: bool, before: float | None, after: float | None, y: float) -> Iterator[Mark]:
    """Draw an open mark, a filled one, and the line between them where they don't touch."""
    if before is not None and after is not None and abs(after - before) > _OPEN + _FILLED:
        way = 1 if after > before else -1
        yield Line("arrow" if good else "arrow bad", (before + way * _OPEN, y), (after - way * _FILLED, y))
    for x, filled in ((before, False), (after, True)):
        if x is None:
            continue
        half = _FILLED if filled else _OPEN
        look = f"dot {'filled' if filled else 'open'}{'' if good else ' bad'}"
        yield Circle(look, x, y, half) if good else Rect(look, x - half + 0.5, y - half + 0.5, 2 * half - 1, 2 * half - 1)


def _row(sheet: Sheet, row: Moved, axis: Axis, y: float) -> None:
    """Draw the marks of one group on their thread."""
    sheet.add(Line("thread", (axis.at(0), y), (axis.at(100), y)))
    for good, pair in ((True, row.best), (False, row.worst)):
        if pair is not None:
            before, after = (None if value is None else axis.at(value) for value in (pair.before, pair.after))
            sheet.add(*_moves(good, before, after, y))


def _wide(sheet: Sheet, figure: Change, top: float) -> float:
    axis = shares(sheet.room, _AXIS)
    columns: list[Head] = [
        (figure.before.capitalised(), _BEFORE, 90, "end"),
        (figure.after.capitalised(), _AFTER, 68, "end"),
        (_DIFFERENCE, 880, 136, "end"),
    ]
    y = start = heads(sheet, columns, top + 4) + 10
    rows = Sheet(sheet.room)
    for place, row in enumerate(figure.rows):
        if row.total and place:
            separate(rows, y + 3)
            y += 6
        look, number = ("row strong", "num strong") if row.total else ("row", "num")
        lines = text_lines(row.label, _LABEL, look)
        extra = (len(lines) - 1) * leading(look)
        base = y + 22 + extra / 2
        rows.lines(lines, 0, base - extra / 2, look)
        _row(rows, row, axis, base - 5)
        linked(rows, share(row.best.before), _BEFORE, base, number, "end", row.links[0])
        linked(rows, share(row.best.after), _AFTER, base, number, "end", row.links[1])
        rows.write(row.change, 880, base, _look_of(row), "end")
        y += 34 + extra
    draw_shares(sheet, axis, start, y)
    sheet.add(*rows.marks)
    return y


def _look_of(row: Moved) -> str:
    """A difference is bold where it is certain, in every drawing."""
    return "quiet strong" if row.difference and row.difference.certain else "quiet"


def _narrow(sheet: Sheet, figure: Change, top: float) -> float:
    axis = shares(sheet.room, _NARROW_AXIS)
    y = start = heads(sheet, [(_DIFFERENCE, axis.at(100), 300, "end")], top) + 6
    rows = Sheet(sheet.room)
    for place, row in enumerate(figure.rows):
        if row.total and place:
            separate(rows, y + 2)
            y += 4
        lines = text_lines(row.label, axis.at(100) - axis.at(0) - widest(row.change, "quiet strong") - 12, "row strong")
        above = len(lines) * leading("row strong") + 3
        ground(rows, y, above)
        rows.lines(lines, axis.at(0), y + 15, "row strong")
        rows.write(row.change, axis.at(100), y + 15, _look_of(row), "end")
        _row(rows, row, axis, y + above + 10)
        ground(rows, y + above + 19, 24)
        _both_numbers(rows, row, axis.at(100), y + above + 33)
        y += above + 46
    draw_shares(sheet, axis, start, y)
    sheet.add(*rows.marks)
    return y


def _both_numbers(sheet: Sheet, row: Moved, right: float, y: float) -> None:
    """Write `91,7 % → 84,5 %`, ending at `right`; each number may lead somewhere."""
    number = "num strong" if row.total else "num"
    after = share(row.best.after)
    linked(sheet, after, right, y, number, "end", row.links[1])
    arrow = right - widest(after, number) - 6
    sheet.write(Text("→", "→"), arrow, y, "num", "end")
    linked(sheet, share(row.best.before), arrow - 20, y, number, "end", row.links[0])


def _sentence(figure: Change) -> Text:
    """Say every number of the figure, row by row."""
    said = []
    for row in figure.rows:
        texts = [_went(figure.best, row.best)]
        if figure.worst and row.worst:
            texts.append(_went(figure.worst, row.worst))
        if row.difference:
            texts.append(Text(f"forskel i procentpoint {row.change.danish}", f"change in percentage points {row.change.english}"))
        numbers = joined(texts)
        said.append(Text(f"{row.label.danish}: {numbers.danish}", f"{row.label.english}: {numbers.english}"))
    whole = joined(said, "; ")
    return Text(f"{whole.danish}.", f"{whole.english}.")


def _went(answers: Text, pair: Pair) -> Text:
    before, after = share(pair.before), share(pair.after)
    return Text(
        f"{answers.danish} fra {before.danish} til {after.danish}", f"{answers.english} from {before.english} to {after.english}"
    )
