"""Figures with numbers typed in, one of each kind, and ways to look at a drawing."""

from __future__ import annotations

from itertools import combinations

from frs_pipeline.language import LANGUAGES, Text
from frs_pipeline.report.drawing.answers import Answers
from frs_pipeline.report.drawing.axes import Span
from frs_pipeline.report.drawing.bars import ByGroup, Row
from frs_pipeline.report.drawing.change import Change, Difference, Moved, Pair
from frs_pipeline.report.drawing.distribution import Answered, Distribution, several_answers
from frs_pipeline.report.drawing.figures import Figure
from frs_pipeline.report.drawing.forest import Gamma, by_group, by_size
from frs_pipeline.report.drawing.histogram import Bin, Numbers, Six
from frs_pipeline.report.drawing.scene import Drawing, Rect
from frs_pipeline.report.drawing.squares import Cell, Crosstab


def same(*texts: str) -> tuple[Text, ...]:
    return tuple(Text(text, text) for text in texts)


TITLE = Text("Titel", "Title")
QUALITY = same("rigtig god", "god", "nogenlunde", "mindre god", "dårlig")
CONFLICT = same("rigtig mange", "mange", "almindeligt", "få", "slet ingen")
FIVE = Answers(QUALITY, "first")
CHILD, ALL = Text("barn", "child"), Text("Alle", "All")
WHISKER = Span(85.4, 95.5)
LONG = Text(
    "et meget langt navn på en gruppe af professionelle, der deltog", "a very long name of a group of professionals who took part"
)
OPEN = Row(LONG, (20.0, 20.0, 20.0, 20.0, 20.0), 20, 3, Span(20.0, 60.0, open=True))
BY_GROUP = ByGroup(
    TITLE,
    FIVE,
    (
        Row(CHILD, (46.9, 44.8, 8.3, 0.0, 0.0), 121, 5, WHISKER),
        Row(Text("far", "father"), (40.0, 41.8, 14.1, 3.3, 0.8), 121, 1),
        OPEN,
        Row(ALL, (47.0, 39.2, 11.7, 1.7, 0.4), 1124, 15, Span(84.1, 88.1), total=True),
    ),
)
CHANGE = Change(
    TITLE,
    Text("god eller rigtig god", "good or very good"),
    Text("mindre god eller dårlig", "rather poor or bad"),
    Text("efter", "after"),
    Text("opfølgning", "follow-up"),
    (
        Moved(CHILD, Pair(91.7, 84.5), Pair(0.0, 1.6), Difference(-7.3, -14.4, 0.6, certain=False)),
        Moved(LONG, Pair(83.2, 84.7), Pair(3.6, 2.4), Difference(1.5, -7.6, 10.4, certain=False)),
        Moved(Text("mor", "mother"), Pair(None, 50.0), None, None),
        Moved(ALL, Pair(86.2, 81.2), Pair(2.1, 4.0), Difference(-5.0, -8.0, -2.0, certain=True), total=True),
    ),
)
DISTRIBUTION = Distribution(
    TITLE,
    (
        Answered(Text("Ja, meget", "Yes, very"), 789, 65.9, "g1"),
        Answered(LONG, 273, 22.8, "g2"),
        Answered(Text("i midten", "in between"), 78, 6.5, "mid"),
        Answered(Text("slet ikke", "not at all"), 8, 0.7, "u2"),
        Answered(Text("ikke besvaret (af alle)", "blank (of all)"), 69, 5.4, "unsure", below=True),
    ),
)
SEVERAL = several_answers(
    TITLE,
    (
        Answered(Text("nabo", "neighbour"), 23, 13.7, span=Span(9.3, 19.7)),
        Answered(Text("forældre", "parents"), 143, 85.1, span=Span(78.9, 89.7)),
        Answered(Text("ubesvaret", "blank"), 9, 5.1, "unsure", below=True),
        Answered(Text("venner", "friends"), 96, 57.1, span=Span(49.6, 64.4)),
    ),
)
CELLS = ((36.6, 7.9, 21.3), (8.5, 4.3, 7.9), (2.4, 0.6, 10.4))
COUNTS = ((60, 13, 35), (14, 7, 13), (4, 1, 17))
SQUARES = Crosstab(
    TITLE,
    same("Høj trivsel", "Middel trivsel", "Lav trivsel"),
    same("Intet behov", "Middel behov", "Stort behov"),
    tuple(
        tuple(Cell(n, part, framed=(n == 35)) for n, part in zip(*both, strict=True)) for both in zip(COUNTS, CELLS, strict=True)
    ),
    (Cell(108, 65.9), Cell(34, 20.7), Cell(22, 13.4)),
    (Cell(78, 47.6), Cell(21, 12.8), Cell(65, 39.6)),
    164,
)
FOREST = by_size(
    TITLE,
    (
        Gamma(Text("Mange konflikter", "Many conflicts"), -0.29, Span(-0.35, -0.22), 0.0001, 1182, sure=True),
        Gamma(LONG, 0.684, Span(0.64, 0.73), 0.0001, 1239, sure=True),
        Gamma(Text("Ingen", "None"), None, None, None, 4),
        Gamma(Text("Få skemaer", "Few forms"), 0.02, Span(-0.33, 0.29, open=True), 0.899, 118),
    ),
)
PARTIAL = by_group(
    TITLE,
    (
        Gamma(CHILD, 0.71, Span(0.55, 0.87), 0.0001, 109, sure=True),
        Gamma(Text("far", "father"), -0.02, Span(-0.33, 0.29), 0.899, 118),
    ),
    Gamma(ALL, 0.26, Span(0.17, 0.35), 0.0001, 1092, sure=True),
    Gamma(Text("Partiel (rolle holdt fast)", "Partial (role held constant)"), 0.25),
)
NUMBERS = Numbers(
    TITLE,
    Text("timer", "hours"),
    tuple(Bin(at - 0.5, at + 0.5, n) for at, n in enumerate((0, 4, 13, 31, 47, 38, 22, 11, 6, 2, 0, 1)) if at),
    Six(1, 3, 4, 4.5, 5, 11),
    175,
)
EVERY: dict[str, Figure] = {
    "by group": BY_GROUP,
    "change": CHANGE,
    "distribution": DISTRIBUTION,
    "several": SEVERAL,
    "crosstab": SQUARES,
    "forest": FOREST,
    "partial": PARTIAL,
    "number": NUMBERS,
}


def collisions(drawing: Drawing) -> list[tuple[str, str]]:
    """Return pairs of texts of one language that lie on each other."""
    found = []
    for language in LANGUAGES:
        boxes = [(text, words.box(language)) for words in drawing.words if (text := words.text.in_language(language))]
        found += [(a, b) for (a, one), (b, other) in combinations(boxes, 2) if one.meets(other)]
    return found


def outside(drawing: Drawing) -> list[str]:
    """Return texts that don't end within the drawing."""
    found = []
    for language in LANGUAGES:
        for words in drawing.words:
            box = words.box(language)
            in_it = box.left >= -0.01 and box.right <= drawing.room.width + 0.01 and box.top >= 0 and box.bottom <= drawing.height
            found += [] if in_it or not words.text.in_language(language) else [words.text.in_language(language)]
    return found


def rects(drawing: Drawing, *looks: str, over: float = 0.0) -> list[Rect]:
    """Return rectangles of some looks below `over` units from the top, where the key is."""
    return [mark for mark in drawing.marks if isinstance(mark, Rect) and mark.look in looks and mark.y > over]
