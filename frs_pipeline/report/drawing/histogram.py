"""A question about a number: how many answered what, from 0, above a box of the quartiles and six numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

from frs_pipeline.language import Text
from frs_pipeline.report.drawing.axes import Axis, linked, named_number
from frs_pipeline.report.drawing.numbers import count, decimal, joined
from frs_pipeline.report.drawing.scene import Drawing, Line, Link, Path, Rect, Room, Sheet, text_lines

# The six numbers, in the order in which they are written.
NAMES = (
    Text("mindst", "smallest"),
    Text("nedre kvartil", "lower quartile"),
    Text("median", "median"),
    Text("gennemsnit", "mean"),
    Text("øvre kvartil", "upper quartile"),
    Text("størst", "largest"),
)
_N = Text("n", "n")
# Edges of the plot: wide and narrow; where its bars stand and how high the tallest may be.
_SIDES = {"wide": (44.0, 860.0), "narrow": (34.0, 344.0)}
_FLOOR, _HEIGHT = 184.0, 164.0
_MOST_TICKS = {"wide": 12, "narrow": 6}


@dataclass(frozen=True)
class Six:
    """Smallest, lower quartile, median, mean, upper quartile and largest of the answers, in that order on the page."""

    smallest: float
    lower: float
    median: float
    mean: float
    upper: float
    largest: float

    @property
    def all(self) -> tuple[float, ...]:
        return self.smallest, self.lower, self.median, self.mean, self.upper, self.largest


@dataclass(frozen=True)
class Bin:
    """How many answered from `low` to under `high`, which may be one value with half a step on either side."""

    low: float
    high: float
    number: int


@dataclass(frozen=True)
class Numbers:
    """A figure of a number: `unit` is what is counted, `decimals` how the six numbers are written."""

    title: Text
    unit: Text
    bins: tuple[Bin, ...]
    six: Six
    forms: int
    decimals: int = 1
    links: tuple[Link | None, ...] = (None,) * 6


def ticks(largest: float, most: int) -> list[float]:
    """Return round numbers from 0 to at least `largest`, at most `most` steps of 1, 2 or 5 times a power of ten apart."""
    if largest <= 0:
        return [0.0, 1.0]
    rough = largest / most
    power = 10.0 ** floor(log10(rough))
    step = next(times * power for times in (1, 2, 5, 10) if times * power * most >= largest * (1 - 1e-9))
    return [round(at * step, 10) for at in range(ceil(largest / step - 1e-9) + 1)]


def binned(counts: Mapping[float, int], step: float, most: int = 24) -> tuple[Bin, ...]:
    """Put answers that are multiples of `step` into bins of 1, 2 or 5 times a power of ten steps, from 0, at most `most`.

    A bin of one step stands on its value; a wider one holds from its lower limit to below its upper one.
    """
    if not counts:
        return ()
    largest = round(max(counts) / step)
    wide = next(times * 10**power for power in range(20) for times in (1, 2, 5) if largest < times * 10**power * most)
    by_bin: Counter[int] = Counter()
    for value, number in counts.items():
        by_bin[round(value / step) // wide] += number
    shift = 0.5 if wide == 1 else 0.0
    return tuple(
        Bin((at * wide - shift) * step, ((at + 1) * wide - shift) * step, by_bin[at]) for at in range(largest // wide + 1)
    )


def draw_numbers(figure: Numbers, room: Room) -> Drawing:
    """Draw bars, the box below them and the six numbers."""
    sheet = Sheet(room)
    left, right = _SIDES[room.name]
    beside = ticks(max((one.number for one in figure.bins), default=0), 5)
    most = max([figure.six.largest, *(one.high for one in figure.bins)])
    along = ticks(most, _MOST_TICKS[room.name])
    # Bars of single values stand on their value, so that the first may begin before 0.
    lowest = min([0.0, *(one.low for one in figure.bins)])
    scale = (right - left) / (along[-1] - lowest)
    across = Axis(left - lowest * scale, scale)
    up = Axis(_FLOOR, -_HEIGHT / beside[-1])
    for tick in beside:
        sheet.add(Line("grid" if tick else "zero", (left, up.at(tick)), (right, up.at(tick))))
        sheet.write(_plain(tick), left - 8, up.at(tick) + 4, "tick", "end")
    for one in figure.bins:
        low, high = across.at(one.low), across.at(one.high)
        gap = (high - low) * 0.11 if high - low > 4 else 0
        if one.number:
            sheet.add(Rect("square", low + gap, up.at(one.number), high - low - 2 * gap, _FLOOR - up.at(one.number)))
    for tick in along:
        sheet.write(_plain(tick), across.at(tick), _FLOOR + 16, "tick", "middle")
    sheet.write(figure.unit, right, _FLOOR + 32, "quiet", "end")
    _box(sheet, figure.six, across, _FLOOR + 52)
    bottom = _six(sheet, figure, left if room.wide else 4.0, _FLOOR + 88)
    return sheet.drawing(bottom, figure.title, _sentence(figure))


def _plain(value: float) -> Text:
    """Write a tick with no more decimals than it has."""
    if value == int(value):
        return count(int(value))
    return decimal(value, next(places for places in range(1, 11) if round(value, places) == value))


def _box(sheet: Sheet, six: Six, axis: Axis, y: float) -> None:
    """Draw the middle half as a box, the median as a thick line, the mean as a diamond, the rest as lines."""
    low, high, mean = axis.at(six.lower), axis.at(six.upper), axis.at(six.mean)
    sheet.add(
        Line("range", (axis.at(six.smallest), y), (low, y)),
        Line("range", (high, y), (axis.at(six.largest), y)),
        Rect("box", low, y - 11, high - low, 22),
        Line("median", (axis.at(six.median), y - 11), (axis.at(six.median), y + 11)),
        Path("dot ink", (((mean, y - 6), (mean + 6, y), (mean, y + 6), (mean - 6, y)),), closed=True),
    )


def _six(sheet: Sheet, figure: Numbers, left: float, y: float) -> float:
    """Write the six numbers under their names, in one row or in two, and n after them; return where they end."""
    in_row, step = (6, 132.0) if sheet.room.wide else (3, 118.0)
    below = y
    for place, (name, value, link) in enumerate(zip(NAMES, figure.six.all, figure.links, strict=True)):
        x, top = left + place % in_row * step, y + place // in_row * 48
        sheet.lines(text_lines(name, step - 8, "quiet"), x, top, "quiet")
        linked(sheet, decimal(value, figure.decimals), x, top + 18, "num strong", "start", link)
        below = top + 18
    forms = named_number(_N, count(figure.forms))
    sheet.write(
        forms,
        sheet.room.width - 4 if sheet.room.wide else left,
        below if sheet.room.wide else below + 24,
        "quiet",
        "end" if sheet.room.wide else "start",
    )
    return below + (10 if sheet.room.wide else 32)


def _sentence(figure: Numbers) -> Text:
    """Say the six numbers and how many answered."""
    values: Sequence[Text] = [
        named_number(name, decimal(value, figure.decimals)) for name, value in zip(NAMES, figure.six.all, strict=True)
    ]
    whole = joined([*values, named_number(_N, count(figure.forms))])
    return Text(f"{figure.unit.danish}: {whole.danish}.", f"{figure.unit.english}: {whole.english}.")
