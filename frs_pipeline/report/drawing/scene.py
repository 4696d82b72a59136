"""What a drawing is made of: marks with a place in units and a class for their look, and texts in both languages.

Units are pixels at full size, from the upper left corner. Colours and line widths are the stylesheet's; the size of the letters
is known here too, for texts must find room before a browser has seen them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from frs_pipeline.language import Language, Text
from frs_pipeline.report.drawing.widths import text_width, wrapped

Anchor = Literal["start", "middle", "end"]
Point = tuple[float, float]
# Size of the letters by class; bold is what also has the class of `STRONG`.
SIZES = {"headline": 20, "lead": 15, "row": 14, "num": 14, "leg": 13, "quiet": 13, "head": 12, "tick": 12}
STRONG = "strong"
# Distance of the lines of one text, in sizes of its letters.
LEADING = 1.22
NOTHING = Text("–", "–")


@dataclass(frozen=True)
class Rect:
    """A rectangle with the classes `look`."""

    look: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Line:
    """A straight line with the classes `look`."""

    look: str
    start: Point
    end: Point


@dataclass(frozen=True)
class Circle:
    """A circle with the classes `look`."""

    look: str
    x: float
    y: float
    radius: float


@dataclass(frozen=True)
class Path:
    """Several strokes as one mark, each from point to point; `closed` ones are areas."""

    look: str
    strokes: tuple[tuple[Point, ...], ...]
    closed: bool = False


@dataclass(frozen=True)
class Link:
    """Where a number leads, and what it is called aloud after the number, as `48,8 %, barn, rigtig god + god`.

    A sum leads to the first of its `parts`, which are the names of figures.
    """

    href: str
    spoken: Text | None = None
    parts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Box:
    """The room that a text takes."""

    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: Box) -> bool:
        """Return whether two boxes have an area in common."""
        across = min(self.right, other.right) - max(self.left, other.left)
        return across > 0.01 and min(self.bottom, other.bottom) - max(self.top, other.top) > 0.01


@dataclass(frozen=True)
class Words:
    """One line of text with its baseline at `y`, in both languages; empty in a language that doesn't need the line."""

    text: Text
    x: float
    y: float
    look: str = "row"
    anchor: Anchor = "start"
    link: Link | None = None

    @property
    def size(self) -> int:
        return next(SIZES[one] for one in self.look.split() if one in SIZES)

    @property
    def bold(self) -> bool:
        return STRONG in self.look.split()

    def box(self, language: Language) -> Box:
        """Return the room that it takes in one language."""
        wide = text_width(self.text.in_language(language), self.size, self.bold)
        left = self.x - {"start": 0.0, "middle": wide / 2, "end": wide}[self.anchor]
        return Box(left, self.y - 0.74 * self.size, left + wide, self.y + 0.22 * self.size)


Mark = Rect | Line | Circle | Path | Words


@dataclass(frozen=True)
class Room:
    """How much room a drawing has: its width, and the units of one percentage point, the same in every figure."""

    name: Literal["wide", "narrow", "mini"]
    width: float
    point: float

    @property
    def wide(self) -> bool:
        return self.name == "wide"


WIDE, NARROW = Room("wide", 880, 5.0), Room("narrow", 358, 3.3)


@dataclass(frozen=True)
class Drawing:
    """A finished drawing: `title` and `sentence` say to those who don't see it what it is and what it shows."""

    room: Room
    height: float
    marks: tuple[Mark, ...]
    title: Text
    sentence: Text

    @property
    def words(self) -> list[Words]:
        """Its texts, in the order in which they were drawn."""
        return [mark for mark in self.marks if isinstance(mark, Words)]

    @property
    def linked(self) -> bool:
        """Whether any of its numbers leads somewhere."""
        return any(words.link for words in self.words)


@dataclass
class Sheet:
    """A drawing in the making."""

    room: Room
    marks: list[Mark] = field(default_factory=list)

    def add(self, *marks: Mark) -> None:
        """Draw marks on top of those that are there."""
        self.marks.extend(marks)

    def write(
        self, text: Text, x: float, y: float, look: str = "row", anchor: Anchor = "start", link: Link | None = None
    ) -> None:
        """Write one line of text."""
        self.add(Words(text, x, y, look, anchor, link))

    def lines(self, lines: Iterable[Text], x: float, y: float, look: str = "row", anchor: Anchor = "start") -> None:
        """Write lines of one text below each other, the first with its baseline at `y`."""
        for at, line in enumerate(lines):
            self.add(Words(line, x, y + at * leading(look), look, anchor))

    def drawing(self, height: float, title: Text, sentence: Text) -> Drawing:
        """Return the finished drawing."""
        return Drawing(self.room, height, tuple(self.marks), title, sentence)


def leading(look: str) -> float:
    """Return the distance of the lines of a text with these classes, in units."""
    return round(LEADING * next(SIZES[one] for one in look.split() if one in SIZES), 1)


def text_lines(text: Text, room: float, look: str = "row") -> list[Text]:
    """Break a text into lines that fit in `room` units, in both languages; as many lines as the longer one needs."""
    size, bold = next(SIZES[one] for one in look.split() if one in SIZES), STRONG in look.split()
    danish, english = (wrapped(words, room, size, bold) for words in (text.danish, text.english))
    most = max(len(danish), len(english))
    return [Text(*(lines[at] if at < len(lines) else "" for lines in (danish, english))) for at in range(most)]


def widest(text: Text, look: str = "row") -> float:
    """Return the width of a text in the language in which it is wider, in units."""
    words = Words(text, 0.0, 0.0, look)
    return max(words.box("danish").right, words.box("english").right)
