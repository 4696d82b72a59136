"""Gammas with their intervals on an axis from −1 to 1: of several pairs of questions, or of one pair by group.

A filled dot is what the study's test tells from 0, a hollow one isn't; a diamond is a partial gamma, which has no interval.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from frs_pipeline.language import Text
from frs_pipeline.report.drawing.axes import (
    BELOW_AXIS,
    Axis,
    Head,
    Span,
    draw_gammas,
    facts,
    ground,
    heads,
    linked,
    named_number,
    separate,
)
from frs_pipeline.report.drawing.numbers import HIDDEN, HIDDEN_WORD, between, certainty, count, decimal, joined
from frs_pipeline.report.drawing.scene import (
    NOTHING,
    Circle,
    Drawing,
    Line,
    Link,
    Mark,
    Path,
    Room,
    Sheet,
    leading,
    text_lines,
    widest,
)

_GAMMA, _P, _N, _INTERVAL = Text("gamma", "gamma"), Text("p", "p"), Text("n", "n"), Text("95\u00a0%", "95%")
_AGAINST, _WITH = Text("← modsat vej", "← opposite ways"), Text("samme vej →", "same way →")
# Units of a gamma of 1, and where 0 lies; the room of a label in the wide drawing.
_UNIT, _ZERO, _LABEL = 200.0, 436.0, 222.0
_NARROW_UNIT, _NARROW_ZERO = 165.0, 179.0
_COLUMNS = {"gamma": 684.0, "interval": 778.0, "p": 832.0, "n": 880.0}


@dataclass(frozen=True)
class Gamma:
    """One gamma with its interval, p and number of forms; None where there is none. `sure` is what the study's test says.

    `total` sets it off from the groups; `partial` is one with the group held constant. `hidden` says that the number of forms
    isn't shown; the gamma and the p have as many decimals as are known of them.
    """

    label: Text
    gamma: float | None
    span: Span | None = None
    p: float | None = None
    forms: int | None = None
    sure: bool = False
    total: bool = False
    partial: bool = False
    link: Link | None = None
    hidden: bool = False
    decimals: int = 2
    p_decimals: int = 3

    @property
    def text(self) -> Text:
        """The gamma as the figure writes it."""
        return decimal(self.gamma, min(2, self.decimals))

    @property
    def p_text(self) -> Text:
        return certainty(self.p, self.p_decimals)

    @property
    def n(self) -> Text:
        return HIDDEN if self.hidden else count(self.forms)


@dataclass(frozen=True)
class Forest:
    """A figure of gammas, in the order of its rows."""

    title: Text
    rows: tuple[Gamma, ...]


def by_size(title: Text, rows: tuple[Gamma, ...]) -> Forest:
    """Make the figure of several pairs of questions: the largest gamma first, those that can't be computed last."""
    return Forest(title, tuple(sorted(rows, key=lambda row: (row.gamma is None, -(row.gamma or 0.0)))))


def by_group(title: Text, groups: tuple[Gamma, ...], everybody: Gamma, partial: Gamma | None = None) -> Forest:
    """Make the figure of one pair of questions by group: all together below a line, then the partial gamma."""
    last = () if partial is None else (replace(partial, partial=True),)
    return Forest(title, (*groups, replace(everybody, total=True), *last))


def draw_forest(figure: Forest, room: Room) -> Drawing:
    """Draw one dot a gamma."""
    sheet = Sheet(room)
    bottom = _wide(sheet, figure) if room.wide else _narrow(sheet, figure)
    return sheet.drawing(bottom + BELOW_AXIS, figure.title, _sentence(figure))


def _dot(row: Gamma, axis: Axis, y: float) -> list[Mark]:
    """Draw a gamma with its interval; nothing where there is none."""
    if row.gamma is None:
        return []
    x = axis.at(row.gamma)
    if row.partial:
        return [Path("dot ink", (((x, y - 6), (x + 6, y), (x, y + 6), (x - 6, y)),), closed=True)]
    dot = Circle("dot ink", x, y, 5.5) if row.sure else Circle("dot hollow", x, y, 4.5)
    if row.span is None:
        return [dot]
    low, high = axis.at(row.span.low), axis.at(row.span.high)
    line = Line("range", (low, y), (high, y))
    if row.span.open:
        return [line, Circle("ring", low, y, 3), Circle("ring", high, y, 3), dot]
    return [line, *(Line("range", (end, y - 4), (end, y + 4)) for end in (low, high)), dot]


def _directions(sheet: Sheet, axis: Axis, y: float) -> None:
    """Say what either side of 0 means."""
    sheet.write(_AGAINST, axis.at(0) - 8, y, "head", "end")
    sheet.write(_WITH, axis.at(0) + 8, y, "head")


def _interval(row: Gamma) -> Text:
    return NOTHING if row.span is None else between(row.span.low, row.span.high, 2)


def _wide(sheet: Sheet, figure: Forest) -> float:
    axis = Axis(_ZERO, _UNIT)
    estimated = any(row.span for row in figure.rows)
    columns: list[Head] = [
        (text, _COLUMNS[name], 60, "end")
        for name, text in (("gamma", _GAMMA), ("interval", _INTERVAL), ("p", _P), ("n", _N))
        if estimated or name != "interval"
    ]
    base = heads(sheet, columns, 4)
    _directions(sheet, axis, base)
    y = start = base + 10
    rows = Sheet(sheet.room)
    for place, row in enumerate(figure.rows):
        if row.total and place:
            separate(rows, y + 2)
            y += 4
        look = "row strong" if row.total else "row"
        lines = text_lines(row.label, _LABEL, look)
        extra = (len(lines) - 1) * leading(look)
        base = y + 20 + extra / 2
        rows.lines(lines, 0, base - extra / 2, look)
        rows.add(*_dot(row, axis, base - 5))
        linked(rows, row.text, _COLUMNS["gamma"], base, "num strong", "end", row.link)
        if not row.partial:
            beside = (("interval", _interval(row)),) if estimated else ()
            for name, text in (*beside, ("p", row.p_text), ("n", row.n)):
                rows.write(text, _COLUMNS[name], base, "quiet", "end")
        y += 30 + extra
    draw_gammas(sheet, axis, start, y)
    sheet.add(*rows.marks)
    return y


def _narrow(sheet: Sheet, figure: Forest) -> float:
    axis = Axis(_NARROW_ZERO, _NARROW_UNIT)
    left, right = axis.at(-1), axis.at(1)
    _directions(sheet, axis, 14)
    y = start = 20.0
    rows = Sheet(sheet.room)
    for place, row in enumerate(figure.rows):
        if row.total and place:
            separate(rows, y + 2)
            y += 4
        look = "row strong" if row.total else "row"
        number = row.text
        lines = text_lines(row.label, right - left - widest(number, "num strong") - 14, look)
        above = len(lines) * leading(look) + 4
        ground(rows, y, above)
        rows.lines(lines, left, y + 16, look)
        linked(rows, number, right, y + 16, "num strong", "end", row.link)
        rows.add(*_dot(row, axis, y + above + 9))
        y += above + 18
        if not row.partial:
            ground(rows, y, 18)
            facts(rows, _named(row), right, y + 12)
            y += 22
    draw_gammas(sheet, axis, start, y)
    sheet.add(*rows.marks)
    return y


def _named(row: Gamma, *, aloud: bool = False) -> list[Text]:
    """Name the numbers beside a gamma, where no column does: its interval, p and n."""
    p = row.p_text
    limits, forms = _interval(row), HIDDEN_WORD if aloud and row.hidden else row.n
    named = [Text(f"[{limits.danish}]", f"[{limits.english}]") if limits != NOTHING else NOTHING]
    if p != NOTHING:
        named.append(Text(*(f"p\u00a0{text if text.startswith('<') else f'= {text}'}" for text in (p.danish, p.english))))
    return [*named, named_number(_N, forms) if forms != NOTHING else NOTHING]


def _sentence(figure: Forest) -> Text:
    """Say every gamma of the figure, row by row."""
    said = []
    for row in figure.rows:
        known = joined([text for text in (named_number(_GAMMA, row.text), *_named(row, aloud=True)) if text != NOTHING])
        said.append(Text(f"{row.label.danish}: {known.danish}", f"{row.label.english}: {known.english}"))
    whole = joined(said, "; ")
    return Text(f"{whole.danish}.", f"{whole.english}.")
