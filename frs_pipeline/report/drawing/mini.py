"""The small figure beside a finding: a dot a group with its interval, the one that the finding is about in the foreground.

What was so on an earlier occasion is an open mark. The figure has 0 and 100 on an axis of its own. Where every number is under
10 %, it may show 0–16 %: on a ground of its own and above a line that says which part of 0–100 that is.
"""

from __future__ import annotations

from dataclasses import dataclass

from frs_pipeline.language import Text
from frs_pipeline.report.drawing.axes import Axis, Span, linked
from frs_pipeline.report.drawing.numbers import decimal, joined, share
from frs_pipeline.report.drawing.scene import Circle, Drawing, Line, Link, Mark, Rect, Room, Sheet, leading, text_lines

MINI = Room("mini", 384, 2.2)
_ZERO, _LABEL = 96.0, 84.0
_ROW = 24.0
# What a lens shows, in percent, and below which the largest number has to be.
_LENS, _SMALL = 16.0, 10.0
_PART = Text("udsnit af", "part of")


@dataclass(frozen=True)
class Dot:
    """The share of one group in percent; None where there is none. `subject` is what the finding is about.

    `before` is the share on an earlier occasion; `total` sets all together off from the groups.
    """

    label: Text
    share: float | None
    span: Span | None = None
    before: float | None = None
    total: bool = False
    subject: bool = False
    link: Link | None = None


@dataclass(frozen=True)
class Mini:
    """A small figure; `bad` says that the shares are of unfavourable answers, `lens` that it may show a part of the axis."""

    title: Text
    rows: tuple[Dot, ...]
    bad: bool = False
    lens: bool = False

    @property
    def magnified(self) -> bool:
        """Whether it shows a part of the axis: every number is small, and no interval leaves the part."""
        known = [share for row in self.rows for share in (row.share, row.before) if share is not None]
        ends = [row.span.high for row in self.rows if row.span is not None]
        return self.lens and max(known, default=100.0) < _SMALL and max(ends, default=0.0) <= _LENS


def draw_mini(figure: Mini) -> Drawing:
    """Draw one dot a group."""
    sheet, rows = Sheet(MINI), Sheet(MINI)
    most = _LENS if figure.magnified else 100.0
    axis = Axis(_ZERO, MINI.point * 100 / most)
    y = top = 4.0
    for place, row in enumerate(figure.rows):
        if row.total and place:
            rows.add(Line("edge", (0, y + 2), (MINI.width, y + 2)))
            y += 4
        look, number = ("row strong", "num strong") if row.subject or row.total else ("row", "num")
        lines = text_lines(row.label, _LABEL, look)
        extra = (len(lines) - 1) * leading(look)
        base = y + 17 + extra / 2
        rows.lines(lines, 0, base - extra / 2, look)
        rows.add(*_dot(row, axis, base - 5, figure.bad))
        linked(rows, share(row.share), MINI.width, base, number, "end", row.link)
        y += _ROW + extra
    if figure.magnified:
        sheet.add(Rect("lens", axis.at(0), top, axis.at(most) - axis.at(0), y - top))
    for tick in (0, 4, 8, 12, 16) if figure.magnified else (0, 25, 50, 75, 100):
        sheet.add(Line("zero" if tick in (0, 100) else "grid", (axis.at(tick), top), (axis.at(tick), y)))
        text = share(tick, 0) if tick == most else Text(f"{tick}", f"{tick}")
        sheet.write(text, axis.at(tick), y + 15, "tick", "middle")
    sheet.add(*rows.marks)
    bottom = _part(sheet, axis, most, y + 22) if figure.magnified else y + 22
    return sheet.drawing(bottom, figure.title, _sentence(figure))


def _dot(row: Dot, axis: Axis, y: float, bad: bool) -> list[Mark]:
    """Draw a share with its interval: a circle of favourable answers, a square of unfavourable ones, grey unless the subject."""
    if row.share is None:
        return []
    look = f"dot {('filled bad' if bad else 'filled') if row.subject else 'ink' if row.total else 'other'}"
    dots = [] if row.before is None else [_mark(f"dot open{' bad' if bad else ''}", axis.at(row.before), y, bad)]
    dots.append(_mark(look, axis.at(row.share), y, bad))
    if row.span is None:
        return dots
    low, high = axis.at(row.span.low), axis.at(row.span.high)
    line = Line("range", (low, y), (high, y))
    ends: list[Mark] = [
        Circle("ring", end, y, 3) if row.span.open else Line("range", (end, y - 4), (end, y + 4)) for end in (low, high)
    ]
    return [line, *ends, *dots]


def _mark(look: str, x: float, y: float, bad: bool) -> Mark:
    return Rect(look, x - 5, y - 5, 10, 10) if bad else Circle(look, x, y, 5.5)


def _part(sheet: Sheet, axis: Axis, most: float, y: float) -> float:
    """Draw the line that says which part of 0–100 is shown; return where it ends."""
    left, right = axis.at(0), axis.at(most)
    sheet.write(_PART, 0, y + 16, "tick")
    sheet.add(Line("zero", (left, y + 12), (right, y + 12)))
    sheet.add(Line("median", (left, y + 12), (left + (right - left) * most / 100, y + 12)))
    sheet.write(Text("0", "0"), left, y + 28, "tick", "middle")
    sheet.write(share(100, 0), right, y + 28, "tick", "middle")
    return y + 34


def _sentence(figure: Mini) -> Text:
    """Say every share, with what it was before and its interval."""
    whole = joined([_said(row) for row in figure.rows], "; ")
    return Text(f"{whole.danish}.", f"{whole.english}.")


def _said(row: Dot) -> Text:
    number = share(row.share)
    danish, english = f"{row.label.danish}: {number.danish}", f"{row.label.english}: {number.english}"
    if row.before is not None:
        before = share(row.before)
        danish, english = f"{danish} (før {before.danish})", f"{english} (before {before.english})"
    if row.span is not None and row.share is not None:
        low, high = decimal(row.span.low, 1), share(row.span.high)
        danish, english = f"{danish}, {low.danish} til {high.danish}", f"{english}, {low.english} to {high.english}"
    return Text(danish, english)
