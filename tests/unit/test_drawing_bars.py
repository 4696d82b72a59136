"""Bars of groups: shares are lengths, either end has its baseline, polarity turns them, what is hidden stays hidden."""

from __future__ import annotations

import pytest
from support.drawn import (
    BY_GROUP,
    CHILD,
    CONFLICT,
    FIVE,
    LONG,
    QUALITY,
    TITLE,
    WHISKER,
    collisions,
    outside,
    rects,
    same,
)

from frs_pipeline.language import Text
from frs_pipeline.report.drawing.answers import Answers
from frs_pipeline.report.drawing.axes import Span
from frs_pipeline.report.drawing.bars import ByGroup, Row
from frs_pipeline.report.drawing.figures import drawn
from frs_pipeline.report.drawing.scene import Circle, Path

LOOKS = ("g1", "s2", "g2", "s3", "s4", "s5", "mid", "u1", "u15", "u2", "hidden", "s1")


def bar(answers, shares, forms=100, span=None, blank=None):
    return drawn(ByGroup(TITLE, answers, (Row(CHILD, shares, forms, blank, span),)))


def pieces(drawing):
    """Return the pieces of a bar, from left to right, below the key."""
    return sorted(rects(drawing, *LOOKS, over=45), key=lambda one: one.x)


def test_a_share_of_469_per_thousand_ends_there_on_the_axis():
    both = bar(FIVE, (46.9, 44.8, 8.3, 0.0, 0.0))
    for drawing, unit, offset in ((both.wide, 5.0, 160.0), (both.narrow, 3.3, 8.0)):
        first, second, *_ = pieces(drawing)
        # Half of the gap of 1.5 lies on either side of the limit between two answers.
        assert first.x + first.width + 0.75 == pytest.approx(offset + 46.9 * unit)
        assert second.x - 0.75 == pytest.approx(offset + 46.9 * unit)
        assert second.x + second.width + 0.75 == pytest.approx(offset + 91.7 * unit)


@pytest.mark.parametrize("shares", [(46.9, 44.8, 8.3, 0.0, 0.0), (20.0, 20.0, 20.0, 20.0, 20.0), (0.0, 0.0, 0.0, 0.0, 100.0)])
def test_the_pieces_of_a_row_fill_the_axis(shares):
    drawing = bar(FIVE, shares).wide
    found = pieces(drawing)
    assert len(found) == sum(share > 0 for share in shares)
    assert found[0].x == pytest.approx(160, abs=1.3)
    assert found[-1].x + found[-1].width == pytest.approx(660, abs=1.3)
    assert sum(one.width for one in found) == pytest.approx(500, abs=2.6 * len(found))


def test_unfavourable_answers_end_at_100_however_the_shares_were_rounded():
    # The shares of a printed table give 99.9.
    found = pieces(bar(FIVE, (50.0, 30.0, 10.0, 5.0, 4.9)).wide)
    assert found[-1].x + found[-1].width + 0.75 == pytest.approx(660)
    assert found[-1].look == "u2"
    assert found[-1].x - 0.75 == pytest.approx(660 - 4.9 * 5)


def test_where_the_last_answer_is_favourable_the_bar_is_turned():
    answers = Answers(CONFLICT, "last", best=Text("Få eller ingen", "Few or none"), worst=Text("Mange", "Many"))
    drawing = bar(answers, (3.5, 12.2, 32.2, 38.3, 13.9)).wide
    assert [one.look for one in pieces(drawing)] == ["g1", "g2", "mid", "u1", "u2"]
    assert pieces(drawing)[0].width + 1.5 == pytest.approx(13.9 * 5)
    texts = [words.text.danish for words in drawing.words]
    assert texts[:5] == ["slet ingen", "få", "almindeligt", "mange", "rigtig mange"]
    assert {"52,2\u00a0%", "32,2\u00a0%", "15,7\u00a0%", "gunstige svar →"} <= set(texts)


def test_without_polarity_no_end_is_called_favourable_and_none_is_hatched():
    answers = Answers(same("meget let", "let", "mellem", "tung", "meget tung"))
    drawing = bar(answers, (10.0, 20.0, 30.0, 25.0, 15.0)).wide
    assert [one.look for one in pieces(drawing)] == ["s1", "s2", "s3", "s4", "s5"]
    assert not rects(drawing, "hatch")
    said = " ".join(words.text.english for words in drawing.words)
    assert "favourable" not in said
    assert "Best" not in said
    assert "meget let + let" in " ".join(words.text.danish for words in drawing.words if words.look == "head")[::1].replace(
        "  ", " "
    )


@pytest.mark.parametrize(
    ("labels", "looks", "heads"),
    [
        (("ja", "nej"), ["g1", "u1"], ["ja", "nej"]),
        (("ja, meget", "ja, lidt", "nej"), ["g1", "mid", "u1"], ["ja, meget", "Midt", "nej"]),
        (("a", "b", "c", "d"), ["g1", "g2", "u1", "u2"], ["To bedste", "To dårligste"]),
    ],
)
def test_scales_of_two_three_and_four_have_the_same_ends(labels, looks, heads):
    part = 100 / len(labels)
    drawing = bar(Answers(same(*labels), "first"), (part,) * len(labels)).wide
    assert [one.look for one in pieces(drawing)] == looks
    texts = [words.text.danish for words in drawing.words if words.look == "head"]
    assert [head for head in heads if head not in " ".join(texts)] == []
    assert collisions(drawing) == []


def test_the_middle_may_be_another_than_the_one_in_the_middle():
    answers = Answers(same("a", "b", "c", "d", "hverken", "y", "z"), "first", middle=4)
    assert list(answers.looks.values()) == ["g1", "s2", "g2", "s4", "mid", "u1", "u2"]
    assert answers.sum((10.0, 10.0, 10.0, 10.0, 30.0, 20.0, 10.0), "best") == 40.0
    turned = Answers(answers.labels, "last", middle=4)
    assert turned.places("best") == (6, 5)
    assert turned.places("middle") == (4,)


def test_nought_is_printed_and_has_no_piece():
    drawing = bar(FIVE, (100.0, 0.0, 0.0, 0.0, 0.0)).narrow
    assert len(pieces(drawing)) == 1
    texts = [words.text.danish for words in drawing.words]
    assert texts.count("0,0\u00a0%") == 2
    assert "100,0\u00a0%" in texts


def test_a_row_without_forms_has_no_bar_and_dashes():
    drawing = bar(FIVE, (0.0,) * 5, forms=0, span=WHISKER).wide
    assert pieces(drawing) == []
    assert not [mark for mark in drawing.marks if isinstance(mark, Path)]
    assert [words.text.danish for words in drawing.words].count("–") == 3


def test_one_form_of_many_is_still_seen():
    found = pieces(bar(FIVE, (90.0, 9.9, 0.0, 0.0, 0.1)).narrow)
    assert found[-1].look == "u2"
    assert found[-1].width == pytest.approx(0.33)


def test_the_interval_lies_on_the_axis_with_a_halo_below():
    drawing = bar(FIVE, (46.9, 44.8, 8.3, 0.0, 0.0), span=WHISKER).wide
    halo, line = (mark for mark in drawing.marks if isinstance(mark, Path))
    assert (halo.look, line.look) == ("halo", "whisk")
    (start, end), *caps = line.strokes
    assert (start[0], end[0]) == (pytest.approx(160 + 85.4 * 5), pytest.approx(160 + 95.5 * 5))
    assert len(caps) == 2


def test_an_interval_that_rests_on_little_has_open_ends():
    drawing = bar(FIVE, (20.0,) * 5, span=Span(20.0, 60.0, open=True)).wide
    assert [mark.x for mark in drawing.marks if isinstance(mark, Circle)] == [160 + 100, 160 + 300]


def test_blanks_are_no_answers_and_an_unknown_number_of_them_is_a_dash():
    rows = (Row(CHILD, (100.0, 0, 0, 0, 0), 3, 2), Row(Text("mor", "mother"), (100.0, 0, 0, 0, 0), 3, None))
    wide, narrow = (getattr(drawn(ByGroup(TITLE, FIVE, rows)), name) for name in ("wide", "narrow"))
    assert [words.text.danish for words in wide.words if words.x == 880] == ["Ubesv.", "2", "–"]
    assert "n\u00a03 · ubesv.\u00a02" in [words.text.danish for words in narrow.words]
    assert "n\u00a03" in [words.text.danish for words in narrow.words]
    without = drawn(ByGroup(TITLE, FIVE, (Row(CHILD, (100.0, 0, 0, 0, 0), 3),))).wide
    assert "Ubesv." not in [words.text.danish for words in without.words]


def test_hidden_answers_are_one_block_that_fills_the_rest():
    both = bar(FIVE, (44.6, 31.3, None, None, None), span=WHISKER)
    for drawing in (both.wide, both.narrow):
        assert [one.look for one in pieces(drawing)] == ["g1", "g2", "hidden"]
        assert rects(drawing, "cross", over=45)
        texts = [words.text.danish for words in drawing.words]
        assert {"75,9\u00a0%", "skjult\u00a024,1\u00a0%"} <= set(texts)
        assert not [mark for mark in drawing.marks if isinstance(mark, Path)]
        assert collisions(drawing) == []


def test_hidden_answers_between_shown_ones_leave_the_end_at_100():
    found = pieces(bar(FIVE, (50.0, None, 10.0, None, 5.0)).wide)
    assert [one.look for one in found] == ["g1", "hidden", "mid", "u2"]
    assert found[-1].x + found[-1].width + 0.75 == pytest.approx(660)


def test_a_long_label_stands_above_its_bar_and_pushes_the_rest_down():
    long, short = (drawn(ByGroup(TITLE, FIVE, (Row(label, (20.0,) * 5, 9, 1),))) for label in (LONG, CHILD))
    assert long.wide.height > short.wide.height
    assert long.narrow.height > short.narrow.height
    for drawing in (long.wide, long.narrow):
        assert collisions(drawing) == outside(drawing) == []


def test_the_total_has_a_line_above_it_and_is_bold():
    drawing = drawn(BY_GROUP).wide
    bold = [words.text.danish for words in drawing.words if words.bold]
    assert bold == ["Alle", "86,2\u00a0%", "11,7\u00a0%", "2,1\u00a0%"]
    assert [mark.look for mark in drawing.marks].count("edge") == 1


def test_numbers_of_the_drawing_are_those_that_were_put_in():
    row = next(row for row in BY_GROUP.rows if row.label.danish == "far")
    texts = [words.text.english for words in drawn(BY_GROUP).wide.words]
    at = texts.index("father")
    assert texts[at + 1 : at + 6] == ["81.8%", "14.1%", "4.1%", "121", "1"]
    assert sum(share for share in row.shares if share is not None) == pytest.approx(100)
    assert QUALITY[0].danish == "rigtig god"
