"""Every kind of figure: both drawings say all numbers, nothing lies on anything, the bytes are the same and are XML."""

from __future__ import annotations

import re
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from support.drawn import EVERY, FIVE, TITLE, collisions, outside

from frs_pipeline.language import LANGUAGES, Text
from frs_pipeline.report.drawing.answers import Answers
from frs_pipeline.report.drawing.bars import ByGroup, Row
from frs_pipeline.report.drawing.figures import drawn
from frs_pipeline.report.drawing.scene import NARROW, WIDE, Drawing, Line, Link, Sheet, Words
from frs_pipeline.report.drawing.svg import PATTERNS, number, svg
from frs_pipeline.report.drawing.widths import text_width, wrapped

DIGITS = re.compile(r"[−+<]?\d+(?:[.,]\d+)*")
drawings = pytest.mark.parametrize("wide", [True, False], ids=["wide", "narrow"])
kinds = pytest.mark.parametrize("kind", EVERY)


def of(kind, wide):
    both = drawn(EVERY[kind])
    return both.wide if wide else both.narrow


def numbers_of(drawing, language):
    """Return the numbers among the texts of a drawing, those of the axis apart."""
    texts = [words.text.in_language(language) for words in drawing.words if "tick" not in words.look]
    return sorted(found for text in texts for found in DIGITS.findall(text))


@kinds
@drawings
def test_no_text_lies_on_another_or_leaves_the_drawing(kind, wide):
    drawing = of(kind, wide)
    assert collisions(drawing) == []
    assert outside(drawing) == []


@kinds
@pytest.mark.parametrize("language", LANGUAGES)
def test_no_number_is_lost_on_a_phone(kind, language):
    # A head may be of one drawing only: "95 %" is that of an interval's column.
    wide, narrow = (set(numbers_of(of(kind, wide), language)) - {"95"} for wide in (True, False))
    assert wide == narrow
    assert wide


@kinds
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_sentence_says_what_the_drawing_shows(kind, language):
    drawing = of(kind, True)
    said = set(DIGITS.findall(drawing.sentence.in_language(language)))
    shown = set(numbers_of(drawing, language)) - {"95"}
    # Totals of a crosstab are sums of the cells that it says.
    assert said <= shown | {"0"} or kind == "change"
    assert shown <= said or kind == "crosstab"


@kinds
@drawings
def test_a_drawing_is_xml_in_which_every_look_has_a_class_and_no_colour(kind, wide):
    text = svg(of(kind, wide))
    tree = ElementTree.fromstring(text)
    assert {tree.get("width"), tree.get("viewBox")} == {"880" if wide else "358", f"0 0 {tree.get('width')} {tree.get('height')}"}
    assert all(mark.get("class") for mark in tree.iter() if mark.tag not in ("svg", "path"))
    assert not re.search(r"style=|fill=|stroke=|#[0-9a-f]{3}|NaN|inf|-0[\" ]", text)


@kinds
def test_the_same_figure_has_the_same_bytes(kind):
    assert drawn(EVERY[kind]).html == drawn(EVERY[kind]).html


@kinds
def test_marks_are_drawn_once_and_texts_in_both_languages(kind):
    tree = ElementTree.fromstring(svg(of(kind, True)))
    coded = [mark for mark in tree.iter() if {"da", "en"} & set((mark.get("class") or "").split())]
    assert {mark.tag for mark in coded} <= {"text", "a"}
    assert coded


@kinds
@drawings
def test_every_axis_of_shares_has_the_same_units(kind, wide):
    drawing = of(kind, wide)
    ticks = {words.text.danish: words.x for words in drawing.words if words.look == "tick"}
    if {"0", "25", "50", "75"} <= set(ticks):
        assert ticks["25"] - ticks["0"] == pytest.approx(25 * (5.0 if wide else 3.3))
        assert {"100\u00a0%"} <= set(ticks)


def test_texts_are_escaped_and_a_number_leads_to_its_cell():
    link = Link("#t1-<x>&y", Text('"barn"', '"child"'), ("t1-<x>&y", "t1-z"))
    row = Row(Text("<b> & co", "<b> & co"), (100.0, 0.0, 0.0, 0.0, 0.0), 3, links=(link, None, None))
    drawing = drawn(ByGroup(TITLE, FIVE, (row,))).wide
    tree = ElementTree.fromstring(svg(drawing))
    assert "<b> & co" in [text.text for text in tree.iter("text")]
    danish, english = tree.iter("a")
    said = '100,0\u00a0%, "barn"'
    assert danish.get("data-figures") == "t1-<x>&y t1-z"
    assert danish.get("href") == english.get("href") == "#t1-<x>&y"
    assert (danish.get("class"), danish.get("aria-label"), danish.find("text").text) == ("n da", said, "100,0\u00a0%")
    assert (english.get("class"), english.find("text").text) == ("n en", "100.0%")
    assert tree.get("role") == "group"


def test_the_textures_stand_once_and_are_those_that_drawings_refer_to():
    patterns = {mark.get("id") for mark in ElementTree.fromstring(PATTERNS).iter("pattern")}
    assert patterns == {"drawn-hatch", "drawn-cross"}
    assert "display" not in PATTERNS


def test_a_coordinate_has_one_decimal_and_no_minus_before_nought():
    assert [number(value) for value in (0.0, -0.04, 12.0, 234.5, 1 / 3)] == ["0", "0", "12", "234.5", "0.3"]


# By the widths that Arial's own metrics give, in thousandths: 556, 222, 944 + 833, 889 + 611 + 556.
@pytest.mark.parametrize(("text", "width"), [("0123456789", 77.84), ("iiii", 12.43), ("WM", 24.88), ("æøå", 28.78)])
def test_a_text_is_as_wide_as_in_arial(text, width):
    assert text_width(text, 14) == pytest.approx(width, abs=0.03)


def test_bold_figures_are_as_wide_as_others_and_bold_letters_wider():
    assert text_width("−12,9", 14, bold=True) == text_width("−12,9", 14)
    assert text_width("Alle", 14, bold=True) == pytest.approx(1.07 * text_width("Alle", 14))


def test_a_long_text_is_set_as_wide_as_it_was_measured_whatever_the_font():
    for text in ElementTree.fromstring(svg(of("by group", True))).iter("text"):
        bold = "strong" in text.get("class")
        size = {"leg": 13, "quiet": 13, "head": 12, "tick": 12}.get(text.get("class").split()[0], 14)
        assert (text.get("textLength") is not None) == (len(text.text) > 3)
        assert (text.get("lengthAdjust") is not None) == (len(text.text) > (3 if bold else 12))
        if len(text.text) > 3:
            assert float(text.get("textLength")) == pytest.approx(text_width(text.text, size, bold), abs=0.06)


def test_lines_fit_and_lose_nothing():
    text = "Er familien kommet tættere på hinanden eller længere fra hinanden?"
    for room in (60, 90, 200, 900):
        lines = wrapped(text, room, 14)
        assert all(text_width(line, 14) <= room for line in lines)
        assert " ".join(lines).replace("- ", "") == text


def test_a_word_without_room_is_broken_and_a_number_keeps_its_unit():
    lines = wrapped("familierådslagningerne", 60, 14)
    assert all(text_width(line, 14) <= 60 for line in lines)
    assert "".join(line.removesuffix("-") for line in lines) == "familierådslagningerne"
    assert wrapped("91,7\u00a0%", 20, 14) != ["91,7", "%"]


def test_a_drawing_that_lays_texts_on_each_other_is_found_out():
    sheet = Sheet(NARROW)
    sheet.add(Words(TITLE, 0, 20), Words(TITLE, 10, 24))
    assert collisions(sheet.drawing(40, TITLE, TITLE))
    sheet.add(Words(TITLE, 350, 20))
    assert outside(sheet.drawing(40, TITLE, TITLE))


def test_more_answers_than_a_bar_tells_apart_are_refused():
    answers = Answers(tuple(Text(f"{at}", f"{at}") for at in range(7)))
    with pytest.raises(ValueError, match="distribution"):
        drawn(ByGroup(TITLE, answers, ()))


@kinds
def test_grid_lines_lie_below_everything_else(kind):
    drawing = of(kind, True)
    assert isinstance(drawing, Drawing)
    looks = [mark.look for mark in drawing.marks if isinstance(mark, Line) and mark.look in ("grid", "zero", "thread", "range")]
    assert all(not (a in ("thread", "range") and b == "grid") for a, b in pairwise(looks))
    assert WIDE.point == 5.0
