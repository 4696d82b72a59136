"""A figure as a file: it says what it is and where it comes from, needs no stylesheet and no second language."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
from support.drawn import EVERY, LONG, TITLE

from frs_pipeline.language import LANGUAGES, Text
from frs_pipeline.report.drawing.figures import drawn
from frs_pipeline.report.drawing.file import Caption, plain_style
from frs_pipeline.report.drawing.scene import Circle, Line, Path, Rect, Words
from frs_pipeline.report.statics import stylesheet

SVG = "{http://www.w3.org/2000/svg}"
STYLE = stylesheet()
BASE = Text("1.267 skemaer − 128 uden rolle − 15 uden svar = 1.124", "1,267 forms − 128 without a role − 15 blank = 1,124")
CAPTION = Caption(LONG, Text("»Hvad & hvorfor?«", "“What & why?”"), (BASE, Text("Kilde", "Source")), Text("Må ikke", "Must not"))
kinds = pytest.mark.parametrize("kind", EVERY)


@kinds
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_picture_says_what_it_is_in_one_language(kind, language):
    tree = ElementTree.fromstring(drawn(EVERY[kind]).file(CAPTION, language, STYLE))
    assert tree.findtext(f"{SVG}title") == LONG.in_language(language)
    assert tree.findtext(f"{SVG}desc") == drawn(EVERY[kind]).wide.sentence.in_language(language)
    texts = [text.text for text in tree.iter(f"{SVG}text")]
    told = (CAPTION.warning, CAPTION.title, CAPTION.question, *CAPTION.below)
    assert {text.in_language(language) for text in told} <= set(texts)
    other = next(one for one in LANGUAGES if one != language)
    assert BASE.in_language(other) not in texts
    classes = {one for mark in tree.iter() for one in (mark.get("class") or "").split()}
    assert not classes & {"da", "en"}
    assert not list(tree.iter(f"{SVG}a"))


def test_a_picture_brings_its_textures_and_its_colours():
    text = drawn(EVERY["by group"]).file(CAPTION, "danish", STYLE)
    assert "var(" not in text
    assert set(re.findall(r"url\(#([\w-]+)\)", text)) <= set(re.findall(r'id="([\w-]+)"', text))
    assert ".drawing .g1, .drawing .s1 { fill: #0b4768; }" in plain_style(STYLE)


def test_a_colour_that_no_token_has_is_found_out():
    with pytest.raises(ValueError, match="--g9"):
        plain_style(":root { --page: #fff; }\n.drawing .x { fill: var(--g9); }")


@kinds
def test_every_class_of_a_mark_has_a_rule(kind):
    both = drawn(EVERY[kind])
    shapes = [mark for one in (both.wide, both.narrow) for mark in one.marks if isinstance(mark, Rect | Line | Circle | Path)]
    known = set(re.findall(r"\.([a-z][\w-]*)", STYLE))
    assert {one for mark in shapes for one in mark.look.split()} <= known
    words = {one for drawing in (both.wide, both.narrow) for text in drawing.words for one in text.look.split()}
    # Labels of rows and numbers are plain text.
    assert words - {"row", "num"} <= known


def test_letters_are_as_large_as_they_were_measured():
    for look, size in re.findall(r"\.drawing \.(\w+)(?:, [^{]*)? \{[^}]*font-size: (\d+)px", STYLE):
        assert Words(TITLE, 0, 0, look).size == int(size)


def _ratio(one, other):
    def light(colour):
        full = colour if len(colour) == 7 else "#" + "".join(2 * digit for digit in colour[1:])
        parts = [int(full[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((light(one), light(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("which", [0, 1], ids=["light", "dark"])
def test_colours_stand_out_from_the_ground(which):
    tokens = dict(re.findall(r"--(\w+): ([^;]+);", re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)[which]))
    for text in ("ink", "quiet", "link"):
        assert _ratio(tokens[text], tokens["page"]) >= 4.5
    for mark in ("g1", "s2", "g2", "u1", "u15", "u2", "midline", "edge"):
        assert _ratio(tokens[mark], tokens["page"]) >= 3
