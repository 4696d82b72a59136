"""Answers of several groups: one bar a group on 0–100 that is anchored at both ends.

Favourable answers grow from 0, unfavourable ones end at 100, the middle lies between them, so that either end has a baseline to
be compared on. Blanks are no answers and stand outside.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from frs_pipeline.language import Text
from frs_pipeline.report.drawing.answers import Answers, Side, piece
from frs_pipeline.report.drawing.axes import (
    BELOW_AXIS,
    Axis,
    Head,
    Span,
    draw_shares,
    facts,
    ground,
    heads,
    legend,
    linked,
    named_number,
    separate,
    shares,
    whisker,
)
from frs_pipeline.report.drawing.numbers import HIDDEN, HIDDEN_WORD, count, joined, share
from frs_pipeline.report.drawing.scene import (
    Anchor,
    Drawing,
    Link,
    Mark,
    Room,
    Sheet,
    leading,
    text_lines,
    widest,
)

SIDES: tuple[Side, ...] = ("best", "middle", "worst")
_N, _BLANK, _BLANKS = Text("n", "n"), Text("Ubesv.", "Blank"), Text("ubesv.", "blank")
_GOOD, _BAD = Text("gunstige svar →", "favourable answers →"), Text("← ugunstige svar", "← unfavourable answers")
# Free between two answers, in units.
_GAP = 1.5
# Of the wide drawing: the axis, room of a label left of it, columns by the right end of their numbers.
_AXIS, _LABEL = 160.0, 92.0
_COLUMNS = {"best": 148.0, "middle": 714.0, "worst": 790.0, "n": 836.0, "blank": 880.0}
_NARROW_AXIS = 8.0


@dataclass(frozen=True)
class Row:
    """The answers of one group in percent, in the order of the paper; None is a share that isn't shown.

    `forms` are those with an answer; without any there is no bar, and where it is None neither their number is shown nor any
    share. `told` is False where shares of so few aren't given at all: then there is no bar either. `blank` is None where nobody
    can know. `span` is the interval of the favourable answers together, `links` lead to the sums of best, middle and worst.
    `total` sets the row off. Shares are written with `decimals`.
    """

    label: Text
    shares: tuple[float | None, ...]
    forms: int | None
    blank: int | None = None
    span: Span | None = None
    total: bool = False
    links: tuple[Link | None, Link | None, Link | None] = (None, None, None)
    told: bool = True
    decimals: int = 1

    @property
    def drawn(self) -> bool:
        """Whether it has a bar."""
        return self.told and self.forms != 0

    @property
    def hidden(self) -> float | None:
        """Share of the answers that aren't shown, which follows from those that are; None if all are shown."""
        known = [one for one in self.shares if one is not None]
        if not self.told:
            return None
        return None if len(known) == len(self.shares) else max(0.0, 100.0 - sum(known))


@dataclass(frozen=True)
class ByGroup:
    """A figure of the answers of several groups to one question."""

    title: Text
    answers: Answers
    rows: tuple[Row, ...]

    @property
    def blanks(self) -> bool:
        """Whether any row knows how many left the question blank."""
        return any(row.blank is not None for row in self.rows)


def draw_by_group(figure: ByGroup, room: Room) -> Drawing:
    """Draw one bar a group. Raises ValueError for more answers than a bar can tell apart."""
    if not figure.answers.drawable:
        raise ValueError("a bar can't tell so many answers apart: draw them as a distribution")
    sheet = Sheet(room)
    looks = figure.answers.looks
    entries = [(look, figure.answers.labels[place]) for place, look in looks.items()]
    hidden = any(row.hidden is not None for row in figure.rows)
    top = legend(sheet, [*entries, *([("hidden", HIDDEN_WORD)] if hidden else [])])
    bottom = _wide(sheet, figure, top) if room.wide else _narrow(sheet, figure, top)
    return sheet.drawing(bottom + BELOW_AXIS, figure.title, _sentence(figure))


def _heads(figure: ByGroup, at: dict[Side, tuple[float, float, Anchor]]) -> list[Head]:
    """Return the heads of the sums of each side that has answers, at (place, room, anchor)."""
    return [(figure.answers.head(side), *at[side]) for side in SIDES if figure.answers.places(side)]


def _wide(sheet: Sheet, figure: ByGroup, top: float) -> float:
    """Draw rows with labels on the left, numbers in columns; return where the axis ends."""
    axis = shares(sheet.room, _AXIS)
    at: dict[Side, tuple[float, float, Anchor]] = {
        "best": (_COLUMNS["best"], _COLUMNS["best"], "end"),
        "middle": (_COLUMNS["middle"], 50, "end"),
        "worst": (_COLUMNS["worst"], 68 if figure.answers.places("middle") else 118, "end"),
    }
    columns = [*_heads(figure, at), (_N, _COLUMNS["n"], 40, "end")]
    if figure.blanks:
        columns.append((_BLANK, _COLUMNS["blank"], 44, "end"))
    base = heads(sheet, columns, top + 8)
    if figure.answers.favourable != "none":
        sheet.write(_GOOD, axis.at(0), base, "head")
        sheet.write(_BAD, axis.at(100), base, "head", "end")
    y = start = base + 10
    rows = Sheet(sheet.room)
    for place, row in enumerate(figure.rows):
        if row.total and place:
            separate(rows, y + 3)
            y += 6
        y = _wide_row(rows, figure, row, axis, y)
    draw_shares(sheet, axis, start, y)
    sheet.add(*rows.marks)
    return y


def _wide_row(sheet: Sheet, figure: ByGroup, row: Row, axis: Axis, y: float) -> float:
    """Draw one row below `y`; return where the next one begins. A label too long for the left side stands above the bar."""
    look = "row strong" if row.total else "row"
    lines = text_lines(row.label, _LABEL, look)
    beside = len(lines) <= 2 and not any(line.danish.endswith("-") or line.english.endswith("-") for line in lines)
    if not beside:
        above = text_lines(row.label, _COLUMNS["worst"], look)
        ground(sheet, y, len(above) * leading(look) + 3)
        sheet.lines(above, 0, y + 15, look)
        y += len(above) * leading(look)
    base = y + 22
    if beside:
        sheet.lines(lines, 0, base - (len(lines) - 1) * leading(look) / 2, look)
    sheet.add(*_bar(figure, row, axis, y + 6, 22))
    _numbers(sheet, figure, row, {side: (_COLUMNS[side], "end") for side in SIDES}, base)
    sheet.write(_forms(row), _COLUMNS["n"], base, "quiet", "end")
    if figure.blanks:
        sheet.write(count(row.blank), _COLUMNS["blank"], base, "quiet", "end")
    return y + 34


def _narrow(sheet: Sheet, figure: ByGroup, top: float) -> float:
    """Draw rows with label and forms above the bar, numbers below; return where the axis ends."""
    axis = shares(sheet.room, _NARROW_AXIS)
    left, right = axis.at(0), axis.at(100)
    at: dict[Side, tuple[float, float, Anchor]] = {
        "best": (left, 130, "start"),
        "middle": (axis.at(62), 60, "end"),
        "worst": (right, 110, "end"),
    }
    base = heads(sheet, _heads(figure, at), top + 6)
    y = start = base + 8
    rows = Sheet(sheet.room)
    for place, row in enumerate(figure.rows):
        if row.total and place:
            separate(rows, y + 2)
            y += 4
        y = _narrow_row(rows, figure, row, axis, y)
    draw_shares(sheet, axis, start, y)
    sheet.add(*rows.marks)
    return y


def _narrow_row(sheet: Sheet, figure: ByGroup, row: Row, axis: Axis, y: float) -> float:
    known = [named_number(_N, _forms(row))]
    if figure.blanks and row.blank is not None:
        known.append(named_number(_BLANKS, count(row.blank)))
    free = axis.at(100) - axis.at(0) - widest(joined(known, " · "), "quiet") - 12
    lines = text_lines(row.label, free, "row strong")
    above = len(lines) * leading("row strong") + 3
    ground(sheet, y, above)
    sheet.lines(lines, axis.at(0), y + 15, "row strong")
    facts(sheet, known, axis.at(100), y + 15)
    sheet.add(*_bar(figure, row, axis, y + above + 2, 20))
    ground(sheet, y + above + 24, 24)
    places: dict[Side, tuple[float, Anchor]] = {
        "best": (axis.at(0), "start"),
        "middle": (axis.at(62), "end"),
        "worst": (axis.at(100), "end"),
    }
    _numbers(sheet, figure, row, places, y + above + 38)
    return y + above + 52


def _bar(figure: ByGroup, row: Row, axis: Axis, top: float, height: float) -> Iterator[Mark]:
    """Draw the answers of a row: the favourable ones from 0, the unfavourable ones up to 100, what is hidden between them."""
    if not row.drawn:
        return
    shown = [(look, row.shares[place]) for place, look in figure.answers.looks.items()]
    # What is hidden parts the row; where all is shown, the unfavourable answers begin the right part.
    hidden = [at for at, (_, size) in enumerate(shown) if size is None]
    parting = hidden[0] if hidden else len(shown) - len(figure.answers.places("worst"))
    left, right = 0.0, 100.0
    pieces: list[tuple[str, float, float]] = []
    for look, size in shown[:parting]:
        pieces.append((look, left, left + (size or 0.0)))
        left += size or 0.0
    ends: list[tuple[str, float, float]] = []
    for look, size in reversed(shown[parting:]):
        ends.append((look, right - (size or 0.0), right))
        right -= size or 0.0
    between = [("hidden", left, right)] if hidden else []
    for look, low, high in [*pieces, *between, *reversed(ends)]:
        yield from piece(look, axis.at(low), axis.at(high), top, height, _GAP)
    if row.span is not None and not hidden:
        yield from whisker(axis, row.span, top + height / 2)


def _forms(row: Row) -> Text:
    return HIDDEN if row.forms is None else count(row.forms)


def _hidden(row: Row) -> Text | None:
    """Say what share of a row is hidden, or only that it is where all of it is; None where nothing is."""
    if row.hidden is None or not row.drawn:
        return None
    return HIDDEN_WORD if not any(row.shares) else named_number(HIDDEN_WORD, share(row.hidden, row.decimals))


def _sums(figure: ByGroup, row: Row) -> Iterator[tuple[Side, Text, Link | None]]:
    """Return the sum of each side that has answers, with where it leads; nothing of a side with a hidden answer."""
    for side, link in zip(SIDES, row.links, strict=True):
        known = figure.answers.sum(row.shares, side)
        if figure.answers.places(side) and (known is not None or not row.drawn):
            yield side, share(known if row.drawn else None, row.decimals), link


def _numbers(sheet: Sheet, figure: ByGroup, row: Row, places: Mapping[Side, tuple[float, Anchor]], y: float) -> None:
    """Write the sum of each side, and what share is hidden where one of them isn't known."""
    sums = list(_sums(figure, row))
    for side, text, link in sums:
        x, anchor = places[side]
        linked(sheet, text, x, y, "num strong" if row.total else "num", anchor, link)
    hidden = _hidden(row)
    if hidden is not None:
        shown = [side for side, *_ in sums]
        missing: Side = "best" if "worst" in shown else "worst"
        # Beside the middle, there is no room for the word.
        short = HIDDEN if hidden == HIDDEN_WORD else named_number(HIDDEN, share(row.hidden, row.decimals))
        x, anchor = places[missing]
        sheet.write(short if sheet.room.wide and ("middle" in shown or missing == "best") else hidden, x, y, "quiet", anchor)


def _sentence(figure: ByGroup) -> Text:
    """Say every number of the figure, row by row."""
    said = []
    for row in figure.rows:
        sums = [named_number(figure.answers.head(side), text) for side, text, _ in _sums(figure, row)]
        hidden = [text] if (text := _hidden(row)) else []
        blank = [] if row.blank is None else [named_number(_BLANKS, count(row.blank))]
        forms = HIDDEN_WORD if row.forms is None else count(row.forms)
        numbers = joined([*sums, *hidden, named_number(_N, forms), *blank])
        said.append(Text(f"{row.label.danish}: {numbers.danish}", f"{row.label.english}: {numbers.english}"))
    return Text(*(f"{text}." for text in (joined(said, "; ").danish, joined(said, "; ").english)))
