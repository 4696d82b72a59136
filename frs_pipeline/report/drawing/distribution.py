"""One question to everybody: a bar an answer, from 0 on the axis of all shares, with count and share.

So are questions with several answers, whose shares are of persons and give more than 100 together. What is no answer stands
below a line: the blanks, as a share of all forms.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from frs_pipeline.language import Text
from frs_pipeline.report.drawing.answers import Answers, piece
from frs_pipeline.report.drawing.axes import (
    BELOW_AXIS,
    Axis,
    Head,
    Span,
    draw_shares,
    ground,
    heads,
    linked,
    separate,
    shares,
    whisker,
)
from frs_pipeline.report.drawing.numbers import HIDDEN, HIDDEN_WORD, count, joined, share
from frs_pipeline.report.drawing.scene import (
    NOTHING,
    Drawing,
    Link,
    Room,
    Sheet,
    leading,
    text_lines,
    widest,
)

_COUNT, _SHARE = Text("Antal", "Count"), Text("Andel", "Share")
_PERSONS = Text("Personer", "Persons")
_AXIS, _LABEL, _NARROW_AXIS = 220.0, 208.0, 8.0
_AT_COUNT, _AT_SHARE = 796.0, 880.0


@dataclass(frozen=True)
class Answered:
    """One answer: how many gave it, which share of the base that is in percent; None where there is none.

    `hidden` says that the number isn't shown, nor the share: there is no bar. Shares are written with `decimals`.
    `look` is the class of its bar; `below` puts it under the line, as what is no answer.
    """

    label: Text
    number: int | None
    share: float | None
    look: str = "s3"
    span: Span | None = None
    below: bool = False
    links: tuple[Link | None, Link | None] = (None, None)
    hidden: bool = False
    decimals: int = 1

    @property
    def texts(self) -> tuple[Text, Text]:
        """The number and the share as the figure writes them."""
        return (HIDDEN, HIDDEN) if self.hidden else (count(self.number), share(self.share, self.decimals))


@dataclass(frozen=True)
class Distribution:
    """A figure of the answers to one question; `counted` is what the counts are of."""

    title: Text
    rows: tuple[Answered, ...]
    counted: Text = _COUNT


def coloured(answers: Answers, rows: tuple[Answered, ...]) -> tuple[Answered, ...]:
    """Give rows, in the order of the paper, the looks of their answers, favourable first; what isn't among them comes last.

    That is "don't know", which is an answer but none on the scale, and has a dashed edge. More answers than a bar tells apart
    stay in one colour.
    """
    if not answers.drawable:
        return rows
    looks = answers.looks
    scale = [replace(rows[place], look=look) for place, look in looks.items()]
    return (*scale, *(replace(row, look="unsure") for row in rows[len(looks) :]))


def several_answers(title: Text, rows: tuple[Answered, ...]) -> Distribution:
    """Make the figure of a question with several answers: by size, except what stands below the line."""
    above = sorted((row for row in rows if not row.below), key=lambda row: -(row.share or 0.0))
    return Distribution(title, (*above, *(row for row in rows if row.below)), _PERSONS)


def draw_distribution(figure: Distribution, room: Room) -> Drawing:
    """Draw one bar an answer."""
    sheet = Sheet(room)
    bottom = _wide(sheet, figure) if room.wide else _narrow(sheet, figure)
    return sheet.drawing(bottom + BELOW_AXIS, figure.title, _sentence(figure))


def _bar(sheet: Sheet, row: Answered, axis: Axis, top: float, height: float) -> None:
    """Draw the bar of one answer; a hidden one has a word in its place."""
    if row.hidden:
        sheet.write(HIDDEN_WORD, axis.at(0) + 7, top + height / 2 + 5, "quiet")
        return
    if row.share is not None:
        sheet.add(*piece(row.look, axis.at(0), axis.at(row.share), top, height))
    if row.span is not None:
        sheet.add(*whisker(axis, row.span, top + height / 2))


def _wide(sheet: Sheet, figure: Distribution) -> float:
    axis = shares(sheet.room, _AXIS)
    columns: list[Head] = [(figure.counted, _AT_COUNT, 70, "end"), (_SHARE, _AT_SHARE, 70, "end")]
    y = start = heads(sheet, columns, 4) + 10
    rows, below = Sheet(sheet.room), False
    for row in figure.rows:
        if row.below and not below:
            separate(rows, y + 2)
            y += 5
        below = row.below
        lines = text_lines(row.label, _LABEL)
        extra = (len(lines) - 1) * leading("row")
        base = y + 21 + extra / 2
        rows.lines(lines, 0, base - extra / 2)
        _bar(rows, row, axis, base - 16, 22)
        number, part = row.texts
        linked(rows, number, _AT_COUNT, base, "quiet", "end", row.links[0])
        linked(rows, part, _AT_SHARE, base, "num", "end", row.links[1])
        y += 32 + extra
    draw_shares(sheet, axis, start, y)
    sheet.add(*rows.marks)
    return y


def _narrow(sheet: Sheet, figure: Distribution) -> float:
    axis = shares(sheet.room, _NARROW_AXIS)
    head = Text(f"{figure.counted.danish} · {_SHARE.danish.lower()}", f"{figure.counted.english} · {_SHARE.english.lower()}")
    y = start = heads(sheet, [(head, axis.at(100), 300, "end")], 2) + 6
    rows, below = Sheet(sheet.room), False
    for row in figure.rows:
        if row.below and not below:
            separate(rows, y + 2)
            y += 5
        below = row.below
        lines = text_lines(row.label, axis.at(100) - axis.at(0) - 116)
        above = len(lines) * leading("row") + 4
        ground(rows, y, above)
        rows.lines(lines, axis.at(0), y + 15)
        number, part = row.texts
        linked(rows, part, axis.at(100), y + 15, "num", "end", row.links[1])
        dot = axis.at(100) - widest(part, "num") - 7
        rows.write(Text("·", "·"), dot, y + 15, "quiet", "end")
        linked(rows, number, dot - 9, y + 15, "quiet", "end", row.links[0])
        _bar(rows, row, axis, y + above + 2, 18)
        y += above + 26
    draw_shares(sheet, axis, start, y)
    sheet.add(*rows.marks)
    return y


def _sentence(figure: Distribution) -> Text:
    """Say every number of the figure, row by row."""
    said = []
    for row in figure.rows:
        texts = [HIDDEN_WORD] if row.hidden else [text for text in row.texts if text != NOTHING]
        known = joined(texts or [NOTHING])
        said.append(Text(f"{row.label.danish}: {known.danish}", f"{row.label.english}: {known.english}"))
    whole = joined(said, "; ")
    return Text(f"{whole.danish}.", f"{whole.english}.")
