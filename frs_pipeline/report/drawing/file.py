"""A figure as a file of its own: one language, with its title, its question, its base and its source inside the picture.

Who passes the picture on passes all of that on with it. Colours are written out, as not every program that shows SVG knows
custom properties, and the textures come along.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape

from frs_pipeline.language import CODES, Language, Text
from frs_pipeline.report.drawing.scene import Drawing, Rect, Sheet, leading, text_lines
from frs_pipeline.report.drawing.svg import DEFINED, in_language, number

_MARGIN = 24.0
_TOKENS, _TOKEN = re.compile(r":root \{(.*?)\}", re.DOTALL), re.compile(r"--(\w+): ([^;]+);")
_USED = re.compile(r"var\(--(\w+)\)")
# Rules of the stylesheet that a drawing needs; those for screens and paper aren't among them.
_RULE = re.compile(r"^(?:\.drawing |\.hatch-line|\.cross-line).*$", re.MULTILINE)
_FONT = ".drawing { font-family: Arial, Helvetica, sans-serif; font-variant-numeric: tabular-nums; }"


@dataclass(frozen=True)
class Caption:
    """What stands in the picture around a drawing: title and question above it, base and source below.

    `warning` is set on top where a picture must not be published.
    """

    title: Text
    question: Text
    below: tuple[Text, ...]
    warning: Text | None = None


def picture(drawing: Drawing, caption: Caption, language: Language, stylesheet: str) -> str:
    """Return a drawing with its caption as an SVG file; `stylesheet` is that of the pages, with the tokens of colours."""
    width = drawing.room.width
    above, below = Sheet(drawing.room), Sheet(drawing.room)
    top = 0.0
    for text, look in _above(caption):
        top = _paragraph(above, text, look, top, width)
    bottom = 0.0
    for text in caption.below:
        bottom = _paragraph(below, text, "quiet", bottom, width)
    at = _MARGIN + top + 14, _MARGIN + top + 14 + drawing.height + 10
    size = width + 2 * _MARGIN, at[1] + bottom + _MARGIN
    ground = in_language(Rect("paper", 0, 0, *size), language)
    parts = ((above.marks, _MARGIN), (drawing.marks, at[0]), (below.marks, at[1]))
    groups = "".join(
        f'<g transform="translate({number(_MARGIN)} {number(y)})">{"".join(in_language(m, language) for m in marks)}</g>'
        for marks, y in parts
    )
    title, sentence = (escape(text.in_language(language)) for text in (caption.title, drawing.sentence))
    said = f"<title>{title}</title><desc>{sentence}</desc>"
    style = f"<style>{escape(plain_style(stylesheet), quote=False)}</style>"
    wide, high = (number(one) for one in size)
    head = f'xmlns="http://www.w3.org/2000/svg" class="drawing" role="img" lang="{CODES[language]}"'
    return (
        f'<svg {head} viewBox="0 0 {wide} {high}" width="{wide}" height="{high}">{said}{style}{DEFINED}{ground}{groups}</svg>\n'
    )


def _above(caption: Caption) -> Iterable[tuple[Text, str]]:
    if caption.warning is not None:
        yield caption.warning, "row strong"
    yield caption.title, "headline strong"
    yield caption.question, "lead"


def _paragraph(sheet: Sheet, text: Text, look: str, top: float, width: float) -> float:
    """Write a text in as many lines as it needs; return where it ends."""
    lines = text_lines(text, width, look)
    sheet.lines(lines, 0, top + leading(look), look)
    return top + len(lines) * leading(look) + 4


def plain_style(stylesheet: str) -> str:
    """Return the rules for drawings with the light colours written out. Raises ValueError for a token that isn't there."""
    found = _TOKENS.search(stylesheet)
    tokens = dict(_TOKEN.findall(found.group(1))) if found else {}
    rules = "\n".join([_FONT, *_RULE.findall(stylesheet)])
    missing = sorted(set(_USED.findall(rules)) - set(tokens))
    if missing:
        raise ValueError(f"the stylesheet has no colour --{missing[0]}")
    return _USED.sub(lambda match: tokens[match.group(1)], rules)
