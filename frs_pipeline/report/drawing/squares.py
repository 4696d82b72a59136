"""A crosstab as squares in a table: the area of a square is the share of all.

A square that fills its cell would be 100 %, in every figure, so that squares of two figures can be compared.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

from frs_pipeline.language import Text
from frs_pipeline.report.drawing.axes import Head, heads, linked, named_number
from frs_pipeline.report.drawing.numbers import HIDDEN, HIDDEN_WORD, count, joined, share
from frs_pipeline.report.drawing.scene import NOTHING, Drawing, Link, Rect, Room, Sheet, leading, text_lines, widest

_ALL, _N = Text("I alt", "Total"), Text("n", "n")
# Of the wide drawing: room of the labels of rows, of the totals, of a cell's numbers beside its square; side of 100 %.
_LABELS, _TOTALS, _BESIDE, _FULL = 152.0, 110.0, 62.0, 92.0
# Of the narrow one, where a cell's numbers stand above its square.
_NARROW_TOTALS, _ABOVE, _NARROW_FULL = 62.0, 40.0, 60.0
_BAR = 10.0


@dataclass(frozen=True)
class Cell:
    """How many are in a cell and which share of all that is, in percent; None where there is none.

    `framed` is what the title is about. `hidden` says that neither is shown: the whole cell is hatched, whatever is in it.
    """

    number: int | None
    share: float | None
    framed: bool = False
    link: Link | None = None
    hidden: bool = False
    decimals: int = 1

    @property
    def texts(self) -> tuple[Text, Text]:
        """The number and the share as the figure writes them."""
        return (HIDDEN, HIDDEN) if self.hidden else (count(self.number), share(self.share, self.decimals))


@dataclass(frozen=True)
class Crosstab:
    """A figure of two questions: `cells` by row, totals of rows and of columns, and how many there are in all."""

    title: Text
    rows: tuple[Text, ...]
    columns: tuple[Text, ...]
    cells: tuple[tuple[Cell, ...], ...]
    row_totals: tuple[Cell, ...]
    column_totals: tuple[Cell, ...]
    forms: int | None


@dataclass(frozen=True)
class _Grid:
    """Where cells lie: the left edge of the first column, width and height of a cell, side of a square of 100 %."""

    left: float
    wide: float
    high: float
    full: float


def draw_crosstab(figure: Crosstab, room: Room) -> Drawing:
    """Draw squares in a table."""
    sheet = Sheet(room)
    bottom = _wide(sheet, figure) if room.wide else _narrow(sheet, figure)
    return sheet.drawing(bottom, figure.title, _sentence(figure))


def square(part: float, full: float) -> float:
    """Return the side of a square that is `part` percent of a square with the side `full`."""
    return full * sqrt(max(part, 0.0) / 100)


def _cell(sheet: Sheet, cell: Cell, grid: _Grid, x: float, y: float) -> None:
    """Draw a cell with its square in the lower left corner and its numbers in the upper right one."""
    number, part = cell.texts
    if cell.hidden:
        for look in ("hidden", "cross"):
            sheet.add(Rect(look, x + 6, y + 6, grid.wide - 16, grid.high - 12))
        middle, half = x + (grid.wide - 4) / 2, widest(HIDDEN_WORD, "quiet") / 2 + 5
        sheet.add(Rect("paper", middle - half, y + grid.high / 2 - 10, 2 * half, 20))
        sheet.write(HIDDEN_WORD, middle, y + grid.high / 2 + 5, "quiet", "middle")
        return
    if cell.share:
        side = square(cell.share, grid.full)
        sheet.add(Rect("square", x + 6, y + grid.high - 6 - side, side, side))
    # Bold letters need more room than five columns leave on a phone.
    look, right = ("num strong", x + grid.wide - 10) if grid.wide > 68 else ("num", x + grid.wide - 7)
    linked(sheet, part, right, y + 18, look, "end", cell.link)
    sheet.write(number, right, y + 36, "quiet", "end")


def _cells(sheet: Sheet, row: tuple[Cell, ...], grid: _Grid, y: float) -> None:
    for at, cell in enumerate(row):
        x = grid.left + at * grid.wide
        sheet.add(Rect("cell", x + 0.5, y + 0.5, grid.wide - 5, grid.high - 5))
        _cell(sheet, cell, _Grid(x, grid.wide, grid.high - 4, grid.full), x, y)


def _frames(sheet: Sheet, figure: Crosstab, grid: _Grid, tops: list[float]) -> None:
    """Frame what the title is about, on top of everything."""
    for y, row in zip(tops, figure.cells, strict=True):
        for at, cell in enumerate(row):
            if cell.framed:
                sheet.add(Rect("cell framed", grid.left + at * grid.wide + 0.5, y + 0.5, grid.wide - 5, grid.high - 5))


def _column_heads(sheet: Sheet, figure: Crosstab, grid: _Grid, top: float) -> float:
    """Write what the columns are; return where the cells begin."""
    columns: list[Head] = [(label, grid.left + at * grid.wide, grid.wide - 8, "start") for at, label in enumerate(figure.columns)]
    return heads(sheet, [*columns, (_ALL, grid.left + len(columns) * grid.wide + 8, 60, "start")], top + 2) + 8


def _total(sheet: Sheet, cell: Cell, x: float, y: float, longest: float) -> None:
    """Draw a total as a small bar with its share and count below each other."""
    number, part = cell.texts
    if cell.share and not cell.hidden:
        sheet.add(Rect("total", x, y, longest * cell.share / 100, _BAR))
    linked(sheet, part, x, y + _BAR + 16, "num", "start", cell.link)
    sheet.write(number, x, y + _BAR + 33, "quiet")


def _wide(sheet: Sheet, figure: Crosstab) -> float:
    wide = (sheet.room.width - _LABELS - _TOTALS) / len(figure.columns)
    full = min(_FULL, wide - _BESIDE - 16)
    grid = _Grid(_LABELS, wide, full + 16, full)
    y = _column_heads(sheet, figure, grid, 4)
    tops = []
    totals = grid.left + len(figure.columns) * wide + 8
    for label, row, total in zip(figure.rows, figure.cells, figure.row_totals, strict=True):
        tops.append(y)
        sheet.lines(text_lines(label, _LABELS - 12), 0, y + 18)
        _cells(sheet, row, grid, y)
        _total(sheet, total, totals, y + 6, _TOTALS - 16)
        y += max(grid.high, len(text_lines(label, _LABELS - 12)) * leading("row") + 8)
    sheet.write(_ALL, 0, y + 18)
    bottom = _foot(sheet, figure, grid, y)
    sheet.write(named_number(_N, _forms(figure)), totals, y + 20, "quiet")
    _frames(sheet, figure, grid, tops)
    return bottom


def _foot(sheet: Sheet, figure: Crosstab, grid: _Grid, y: float) -> float:
    """Draw the totals of the columns below the cells; return where they end."""
    for at, total in enumerate(figure.column_totals):
        _total(sheet, total, grid.left + at * grid.wide, y + 6, grid.wide - 16)
    return y + 60


def _narrow(sheet: Sheet, figure: Crosstab) -> float:
    wide = (sheet.room.width - _NARROW_TOTALS) / len(figure.columns)
    full = min(_NARROW_FULL, wide - 16)
    grid = _Grid(0.0, wide, full + _ABOVE + 14, full)
    y = _column_heads(sheet, figure, grid, 2)
    tops = []
    totals = len(figure.columns) * wide + 8
    for label, row, total in zip(figure.rows, figure.cells, figure.row_totals, strict=True):
        lines = text_lines(label, sheet.room.width, "row strong")
        sheet.lines(lines, 0, y + 16, "row strong")
        y += len(lines) * leading("row strong") + 6
        tops.append(y)
        _cells(sheet, row, grid, y)
        _total(sheet, total, totals, y + 6, _NARROW_TOTALS - 12)
        y += grid.high + 2
    sheet.write(_ALL, 0, y + 16, "row strong")
    sheet.write(named_number(_N, _forms(figure)), widest(_ALL, "row strong") + 12, y + 16, "quiet")
    bottom = _foot(sheet, figure, grid, y + 20)
    _frames(sheet, figure, grid, tops)
    return bottom


def _forms(figure: Crosstab) -> Text:
    return HIDDEN if figure.forms is None else count(figure.forms)


def _sentence(figure: Crosstab) -> Text:
    """Say every cell of the figure, row by row."""
    said = []
    for label, row in zip(figure.rows, figure.cells, strict=True):
        for column, cell in zip(figure.columns, row, strict=True):
            texts = [HIDDEN_WORD] if cell.hidden else [text for text in cell.texts if text != NOTHING]
            known = joined(texts or [NOTHING])
            where = joined([label, column], " / ")
            said.append(Text(f"{where.danish}: {known.danish}", f"{where.english}: {known.english}"))
    whole, forms = joined(said, "; "), named_number(_N, HIDDEN_WORD if figure.forms is None else count(figure.forms))
    return Text(f"{whole.danish}; {forms.danish}.", f"{whole.english}; {forms.english}.")
