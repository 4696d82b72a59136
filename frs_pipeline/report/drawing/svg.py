"""Drawings as SVG: both languages in one for a page, one language alone for a file of its own.

Every text and attribute is escaped here and nowhere else. Coordinates have one decimal, so that the same drawing has the same
bytes everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from frs_pipeline.language import CODES, LANGUAGES, Language, Text
from frs_pipeline.report.drawing.scene import Circle, Drawing, Line, Mark, Path, Point, Rect, Words

# The textures that drawings refer to.
DEFINED = (
    "<defs>"
    '<pattern id="drawn-hatch" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<rect class="hatch-line" width="1.3" height="5"/></pattern>'
    '<pattern id="drawn-cross" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<path class="cross-line" d="M0 3H6M3 0V6"/></pattern>'
    "</defs>"
)
# The same for a page; once, and never with display: none, or they vanish.
PATTERNS = f'<svg class="patterns" width="0" height="0" aria-hidden="true" focusable="false">{DEFINED}</svg>'
# Texts of more letters than the first are set as wide as the widths say; letters of longer ones than the second, and bold ones,
# are narrowed, too.
FITTED, NARROWED = 3, 12
# How far below a number the line stands that says it leads somewhere.
_BELOW = 4


def svg(drawing: Drawing, languages: Sequence[Language] = LANGUAGES) -> str:
    """Return a drawing for a page, with its texts in these languages; the page has `PATTERNS` and the sentence beside it.

    With links it is a group of them; without, it says nothing that the sentence beside it doesn't.
    """
    reading = 'role="group"' if drawing.linked else 'aria-hidden="true" focusable="false"'
    look = f'class="drawing {drawing.room.name}" {reading}'
    return f"<svg {look} {_size(drawing)}>{''.join(_each(mark, languages) for mark in drawing.marks)}</svg>"


def unseen(drawing: Drawing, languages: Sequence[Language] = LANGUAGES) -> str:
    """Return the sentence that stands beside a drawing, for those who don't see it, in these languages."""
    return "".join(_sentence(drawing, language, len(languages) > 1) for language in languages)


def _sentence(drawing: Drawing, language: Language, several: bool) -> str:
    said = f"{drawing.title.in_language(language)} {drawing.sentence.in_language(language)}"
    only = f" {CODES[language]}" if several else ""
    return f'<p class="unseen{only}" lang="{CODES[language]}">{escape(said)}</p>'


def _size(drawing: Drawing) -> str:
    width, height = number(drawing.room.width), number(drawing.height)
    return f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'


def number(value: float) -> str:
    """Write a coordinate with at most one decimal, and never a minus before nought."""
    return f"{round(value, 1) + 0.0:.1f}".removesuffix(".0")


def _each(mark: Mark, languages: Sequence[Language]) -> str:
    """Return a mark once; a text once if it reads the same in all languages, else in each."""
    if not isinstance(mark, Words):
        return _shape(mark)
    if len(languages) == 1:
        return _words(mark, languages[0], "")
    if mark.text.danish == mark.text.english and mark.link is None:
        return _words(mark, "danish", "")
    return "".join(_words(mark, language, f" {CODES[language]}") for language in languages)


def in_language(mark: Mark, language: Language) -> str:
    """Return a mark as a file in one language has it, in which no number leads anywhere."""
    return _words(mark, language, "", links=False) if isinstance(mark, Words) else _shape(mark)


def _shape(mark: Rect | Line | Circle | Path) -> str:
    look = f'class="{escape(mark.look)}"'
    match mark:
        case Rect():
            size = f'width="{number(mark.width)}" height="{number(mark.height)}"'
            return f'<rect {look} x="{number(mark.x)}" y="{number(mark.y)}" {size}/>'
        case Line():
            (x1, y1), (x2, y2) = mark.start, mark.end
            return f'<line {look} x1="{number(x1)}" y1="{number(y1)}" x2="{number(x2)}" y2="{number(y2)}"/>'
        case Circle():
            return f'<circle {look} cx="{number(mark.x)}" cy="{number(mark.y)}" r="{number(mark.radius)}"/>'
        case Path():
            return f'<path {look} d="{"".join(_strokes(mark))}"/>'


def _strokes(path: Path) -> Iterator[str]:
    for stroke in path.strokes:
        yield "M" + "L".join(_point(point) for point in stroke) + ("Z" if path.closed else "")


def _point(point: Point) -> str:
    return f"{number(point[0])} {number(point[1])}"


def _words(words: Words, language: Language, code: str, links: bool = True) -> str:
    """Return a text in one language; nothing where it has none in that language."""
    text = words.text.in_language(language)
    if not text:
        return ""
    anchor = "" if words.anchor == "start" else f' text-anchor="{words.anchor}"'
    box = words.box(language)
    fits = _fits(text, box.right - box.left, words.bold)
    place = f'x="{number(words.x)}" y="{number(words.y)}"{anchor}{fits}'
    drawn = f'<text class="{escape(words.look)}{code}" {place}>{escape(text)}</text>'
    if words.link is None or not links:
        return drawn
    under = f'<path class="under" d="M{number(box.left)} {number(words.y + _BELOW)}H{number(box.right)}"/>'
    spoken = _spoken(text, words.link.spoken, language)
    parts = f' data-figures="{escape(" ".join(words.link.parts))}"' if len(words.link.parts) > 1 else ""
    inside = drawn.replace(code, "", 1) if code else drawn
    return f'<a class="n{code}" href="{escape(words.link.href)}"{parts}{spoken}>{inside}{under}</a>'


def _fits(text: str, width: float, bold: bool) -> str:
    """Say how wide a text is: where no font is installed that the widths are of, it takes no more, and runs into no other."""
    glyphs = ' lengthAdjust="spacingAndGlyphs"' if bold or len(text) > NARROWED else ""
    return f' textLength="{number(width)}"{glyphs}' if len(text) > FITTED else ""


def _spoken(number: str, what: Text | None, language: Language) -> str:
    """Say a number with what it is, and in which language."""
    if what is None:
        return ""
    return f' aria-label="{escape(f"{number}, {what.in_language(language)}")}" lang="{CODES[language]}"'
