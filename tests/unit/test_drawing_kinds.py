"""The other kinds of figure: two rounds, distributions, crosstabs as squares, gammas and numbers, by their geometry."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.drawn import (
    ALL,
    CHANGE,
    CHILD,
    DISTRIBUTION,
    FOREST,
    LONG,
    NUMBERS,
    PARTIAL,
    SEVERAL,
    SQUARES,
    TITLE,
    collisions,
    outside,
    rects,
    same,
)

from frs_pipeline.language import Text
from frs_pipeline.report.drawing.answers import Answers
from frs_pipeline.report.drawing.axes import Span
from frs_pipeline.report.drawing.change import Change, Difference, Moved, Pair
from frs_pipeline.report.drawing.distribution import Answered, Distribution, coloured, several_answers
from frs_pipeline.report.drawing.figures import drawn
from frs_pipeline.report.drawing.forest import Forest, Gamma, by_size
from frs_pipeline.report.drawing.histogram import Bin, Numbers, Six, binned, ticks
from frs_pipeline.report.drawing.mini import Dot, Mini, draw_mini
from frs_pipeline.report.drawing.scene import Circle, Line, Path, Rect
from frs_pipeline.report.drawing.squares import Cell, Crosstab, square


def texts(drawing):
    return [words.text.danish for words in drawing.words]


def circles(drawing, look, over=40):
    return [mark for mark in drawing.marks if isinstance(mark, Circle) and mark.look == look and mark.y > over]


# Two rounds.


def moved(best, worst=None, difference=None):
    row = Moved(CHILD, best, worst, difference)
    return drawn(Change(TITLE, TITLE, TITLE, Text("efter", "after"), Text("opf.", "follow-up"), (row,)))


def test_a_round_is_open_and_the_next_one_filled_on_the_axis_of_all_shares():
    both = moved(Pair(91.7, 84.5), Pair(0.0, 4.1))
    for drawing, unit, zero in ((both.wide, 5.0, 116.0), (both.narrow, 3.3, 10.0)):
        (before,), (after,) = circles(drawing, "dot open"), circles(drawing, "dot filled")
        assert (before.x, after.x) == (pytest.approx(zero + 91.7 * unit), pytest.approx(zero + 84.5 * unit))
        (left,), (right,) = rects(drawing, "dot open bad", over=40), rects(drawing, "dot filled bad", over=40)
        assert left.x + left.width / 2 == pytest.approx(zero)
        assert right.x + right.width / 2 == pytest.approx(zero + 4.1 * unit)


@pytest.mark.parametrize(
    ("points", "limits", "danish", "english"),
    [
        (-7.3, (-14.4, 0.6), "−7,3\u2002[−14,4; 0,6]", "−7.3\u2002[−14.4, 0.6]"),
        (1.5, (-7.6, 10.4), "+1,5\u2002[−7,6; 10,4]", "+1.5\u2002[−7.6, 10.4]"),
        (0.0, (-1.0, 1.0), "0,0\u2002[−1,0; 1,0]", "0.0\u2002[−1.0, 1.0]"),
        (-3.0, (None, None), "−3,0", "−3.0"),
    ],
)
def test_no_difference_loses_its_sign(points, limits, danish, english):
    row = Moved(CHILD, Pair(1.0, 2.0), None, Difference(points, *limits, certain=False))
    assert row.change == Text(danish, english)


@pytest.mark.parametrize("wide", [True, False])
def test_only_a_certain_difference_is_bold(wide):
    drawing = drawn(CHANGE).wide if wide else drawn(CHANGE).narrow
    bold = [words.text.danish for words in drawing.words if words.bold and "[" in words.text.danish]
    assert bold == ["−5,0\u2002[−8,0; −2,0]"]


def test_a_round_that_nobody_answered_has_a_dash_and_no_mark():
    drawing = moved(Pair(None, 50.0)).wide
    assert circles(drawing, "dot open") == []
    assert len(circles(drawing, "dot filled")) == 1
    assert "–" in texts(drawing)


def test_a_share_that_stood_still_has_no_arrow():
    drawing = moved(Pair(50.0, 50.5)).wide
    assert [mark for mark in drawing.marks if isinstance(mark, Line) and mark.look == "arrow" and mark.start[1] > 40] == []


# Distributions.


def test_a_bar_grows_from_0_and_blanks_stand_below_a_line():
    both = drawn(DISTRIBUTION)
    for drawing, unit, zero in ((both.wide, 5.0, 220.0), (both.narrow, 3.3, 8.0)):
        (bar,) = rects(drawing, "g1")
        assert (bar.x, bar.x + bar.width) == (zero, pytest.approx(zero + 65.9 * unit))
        (line,) = (mark for mark in drawing.marks if isinstance(mark, Line) and mark.look == "edge")
        (blank,) = rects(drawing, "unsure")
        assert bar.y < line.start[1] < blank.y


def test_a_question_is_turned_and_what_has_no_place_on_its_scale_comes_last():
    answers = Answers(same("mange", "almindeligt", "få"), "last")
    rows = tuple(Answered(Text(name, name), at, 25.0) for at, name in enumerate(("mange", "almindeligt", "få", "ved ikke")))
    made = coloured(answers, rows)
    assert [(row.label.danish, row.look) for row in made] == [
        ("få", "g1"),
        ("almindeligt", "mid"),
        ("mange", "u1"),
        ("ved ikke", "unsure"),
    ]
    assert {row.number for row in made} == {0, 1, 2, 3}


def test_several_answers_are_sorted_by_size_above_the_line():
    drawing = drawn(SEVERAL).wide
    labels = [words.text.danish for words in drawing.words if words.look == "row"]
    assert labels == ["forældre", "venner", "nabo", "ubesvaret"]
    assert "Personer" in texts(drawing)
    ends = [mark.strokes[0] for mark in drawing.marks if isinstance(mark, Path) and mark.look == "whisk"]
    assert ends[0][0][0] == pytest.approx(220 + 78.9 * 5)


def test_nobody_everybody_and_hidden_have_their_texts():
    rows = (Answered(CHILD, 0, 0.0), Answered(ALL, 12, 100.0), Answered(LONG, None, None))
    drawing = drawn(Distribution(TITLE, rows)).narrow
    assert len([mark for mark in drawing.marks if isinstance(mark, Rect) and mark.look == "s3"]) == 1
    assert texts(drawing).count("–") == 2
    assert {"0,0\u00a0%", "100,0\u00a0%"} <= set(texts(drawing))
    assert several_answers(TITLE, rows).rows[0].label == ALL


# Crosstabs.


@pytest.mark.parametrize("part", [0.6, 21.3, 36.6, 100.0])
def test_the_area_of_a_square_is_the_share_of_all(part):
    assert square(part, 92.0) ** 2 == pytest.approx(92.0**2 * part / 100)


def test_squares_of_a_table_have_areas_in_proportion_to_their_counts():
    for drawing in (drawn(SQUARES).wide, drawn(SQUARES).narrow):
        areas = sorted(mark.width * mark.height for mark in rects(drawing, "square"))
        assert areas[-1] / areas[0] == pytest.approx(36.6 / 0.6)
        assert len(areas) == 9
        assert len(rects(drawing, "cell framed")) == 1
        (frame,) = rects(drawing, "cell framed")
        within = [one for one in rects(drawing, "square") if frame.x <= one.x < frame.x + frame.width]
        assert [one for one in within if frame.y <= one.y < frame.y + frame.height]


@pytest.mark.parametrize("size", [2, 3, 4, 5])
def test_crosstabs_of_all_sizes_have_room_for_their_numbers_and_squares_stay_in_their_cells(size):
    names = same(*(f"svar nummer {at}" for at in range(size)))
    cells = tuple(tuple(Cell(1000, 100.0) for _ in range(size)) for _ in range(size))
    both = drawn(Crosstab(TITLE, names, names, cells, cells[0], cells[0], 1000))
    for drawing in (both.wide, both.narrow):
        assert collisions(drawing) == outside(drawing) == []
        for one, frame in zip(rects(drawing, "square"), rects(drawing, "cell"), strict=True):
            assert frame.x <= one.x
            assert one.x + one.width <= frame.x + frame.width
            assert frame.y <= one.y
            assert one.y + one.height <= frame.y + frame.height
            numbers = [words.box("danish") for words in drawing.words if "num" in words.look or words.look == "quiet"]
            assert not [
                box
                for box in numbers
                if box.left < one.x + one.width and box.right > one.x and box.top < one.y + one.height and box.bottom > one.y
            ]


def test_a_hidden_and_an_empty_cell_have_no_square():
    cells = ((Cell(None, None), Cell(0, 0.0)),)
    drawing = drawn(Crosstab(TITLE, (CHILD,), same("a", "b"), cells, (Cell(5, 100.0),), cells[0], 5)).wide
    assert rects(drawing, "square") == []
    assert {"–", "0", "0,0\u00a0%"} <= set(texts(drawing))


# Gammas.


def test_a_gamma_lies_where_its_axis_says_and_the_strongest_comes_first():
    both = drawn(FOREST)
    for drawing, unit, zero in ((both.wide, 200.0, 436.0), (both.narrow, 165.0, 179.0)):
        filled = circles(drawing, "dot ink", over=0)
        assert [mark.x for mark in filled] == [pytest.approx(zero + gamma * unit) for gamma in (0.684, -0.29)]
        (hollow,) = circles(drawing, "dot hollow", over=0)
        assert hollow.x == pytest.approx(zero + 0.02 * unit)
        assert len(circles(drawing, "ring", over=0)) == 2
        assert {"0,68", "−0,29", "0,02", "–"} <= set(texts(drawing))
    order = [row.gamma for row in FOREST.rows]
    assert order == [0.684, 0.02, -0.29, None]


def test_all_together_stand_below_a_line_and_the_partial_gamma_is_a_diamond_without_an_interval():
    drawing = drawn(PARTIAL).wide
    (line,) = (mark for mark in drawing.marks if isinstance(mark, Line) and mark.look == "edge")
    (diamond,) = (mark for mark in drawing.marks if isinstance(mark, Path))
    assert diamond.closed
    everybody = next(words for words in drawing.words if words.text == ALL)
    assert line.start[1] < everybody.y < diamond.strokes[0][0][1]
    assert [words.text.danish for words in drawing.words][-2:] == ["Partiel (rolle holdt fast)", "0,25"]


def test_p_is_never_nought_and_an_interval_has_its_signs():
    drawing = drawn(by_size(TITLE, (Gamma(CHILD, -0.5, Span(-1.0, -0.004), 0.0, 12, sure=True),))).wide
    assert {"<0,001", "−1,00; 0,00"} <= set(texts(drawing))


@pytest.mark.parametrize("gamma", [-1.0, 0.0, 1.0])
def test_the_ends_of_the_axis_have_room(gamma):
    both = drawn(Forest(TITLE, (Gamma(LONG, gamma, Span(gamma, gamma), 0.5, 1239),)))
    for drawing in (both.wide, both.narrow):
        assert collisions(drawing) == outside(drawing) == []


# Numbers.


@pytest.mark.parametrize(
    ("largest", "most", "expected"),
    [
        (47, 5, [0, 10, 20, 30, 40, 50]),
        (11.5, 12, list(range(13))),
        (11.5, 6, [0, 2, 4, 6, 8, 10, 12]),
        (0, 5, [0, 1]),
        (0.4, 5, [0, 0.1, 0.2, 0.3, 0.4]),
        (1000, 5, [0, 200, 400, 600, 800, 1000]),
    ],
)
def test_ticks_are_round_and_reach_the_largest(largest, most, expected):
    assert ticks(largest, most) == pytest.approx(expected)


def test_bars_stand_on_0_and_the_box_is_the_middle_half():
    drawing = drawn(NUMBERS).wide
    bars = rects(drawing, "square")
    assert len(bars) == 10
    assert {one.y + one.height for one in bars} == {184.0}
    assert max(one.height for one in bars) == pytest.approx(164 * 47 / 50)
    unit = (860 - 44) / 12  # The fixture has nobody at 0, so that the axis begins there.
    (box,) = rects(drawing, "box")
    assert (box.x, box.width) == (pytest.approx(44 + 3 * unit), pytest.approx(2 * unit))
    for text in ("1,0", "3,0", "4,0", "4,5", "5,0", "11,0", "n\u00a0175"):
        assert text in texts(drawing)
        assert text in texts(drawn(NUMBERS).narrow)


def test_one_answer_of_all_is_a_figure_too():
    one = Numbers(TITLE, Text("år", "years"), (Bin(0, 1, 1),), Six(0, 0, 0, 0, 0, 0), 1)
    assert collisions(drawn(one).wide) == collisions(drawn(one).narrow) == []
    assert collisions(drawn(replace(one, bins=())).wide) == []


def test_a_bar_of_one_value_stands_on_it_also_at_0():
    made = replace(NUMBERS, bins=binned({0: 3, 1: 2, 2: 1}, 1), six=Six(0, 0, 0.5, 0.7, 1, 2))
    drawing = drawn(made).wide
    bars = rects(drawing, "square")
    place = {words.text.danish: words.x for words in drawing.words if words.look == "tick" and words.anchor == "middle"}
    assert [one.x + one.width / 2 for one in bars] == [pytest.approx(place[tick]) for tick in ("0", "1", "2")]
    assert min(one.x for one in bars) >= 44


@pytest.mark.parametrize(
    ("counts", "step", "limits"),
    [
        ({}, 1, []),
        ({0: 1, 2: 4}, 1, [(-0.5, 0.5, 1), (0.5, 1.5, 0), (1.5, 2.5, 4)]),
        ({0.1: 2, 0.2: 1}, 0.1, [(-0.05, 0.05, 0), (0.05, 0.15, 2), (0.15, 0.25, 1)]),
    ],
)
def test_bins_hold_every_answer(counts, step, limits):
    assert [(pytest.approx(low), pytest.approx(high), n) for low, high, n in limits] == [
        (one.low, one.high, one.number) for one in binned(counts, step)
    ]


def test_many_values_are_put_together_by_round_limits():
    counts = dict.fromkeys(range(0, 601, 5), 1)
    made = binned(counts, 5)
    assert [(one.low, one.high) for one in made][:2] == [(0, 50), (50, 100)]
    assert sum(one.number for one in made) == len(counts)
    assert len(made) <= 24


# The small figure of a finding.


def test_a_small_figure_has_0_and_100_on_its_own_axis_and_its_subject_in_front():
    rows = (Dot(CHILD, 91.7, Span(85.4, 95.5), subject=True), Dot(LONG, 100.0), Dot(ALL, None))
    drawing = draw_mini(Mini(TITLE, rows))
    assert collisions(drawing) == outside(drawing) == []
    (subject,), (other,) = circles(drawing, "dot filled", over=0), circles(drawing, "dot other", over=0)
    assert (subject.x, other.x) == (pytest.approx(96 + 91.7 * 2.2), pytest.approx(96 + 220))
    assert [words.text.danish for words in drawing.words if words.look == "tick"] == ["0", "25", "50", "75", "100\u00a0%"]


def test_a_lens_says_which_part_of_the_axis_it_shows():
    drawing = draw_mini(Mini(TITLE, (Dot(CHILD, 2.7, Span(1.2, 6.2), subject=True),), bad=True, lens=True))
    assert collisions(drawing) == outside(drawing) == []
    (mark,) = rects(drawing, "dot filled bad")
    assert mark.x + mark.width / 2 == pytest.approx(96 + 2.7 * 220 / 16)
    assert {"udsnit af", "16\u00a0%", "100\u00a0%"} <= set(texts(drawing))
    (part,) = (mark for mark in drawing.marks if isinstance(mark, Line) and mark.look == "median")
    assert part.end[0] - part.start[0] == pytest.approx(220 * 0.16)
    assert rects(drawing, "lens")


@pytest.mark.parametrize("rows", [(Dot(CHILD, 12.0),), (Dot(CHILD, 2.0, Span(0.5, 17.0)),), ()])
def test_there_is_no_lens_where_a_number_is_large_or_an_interval_would_leave_it(rows):
    assert not Mini(TITLE, rows, lens=True).magnified
