"""What figures show of numbers that aren't shown: a mark, a word, and no length of its own."""

from dataclasses import replace

import pytest

from frs_pipeline.language import Text
from frs_pipeline.report.drawing.answers import Answers
from frs_pipeline.report.drawing.bars import ByGroup, Row
from frs_pipeline.report.drawing.distribution import Answered, Distribution
from frs_pipeline.report.drawing.figures import drawn
from frs_pipeline.report.drawing.forest import Forest, Gamma
from frs_pipeline.report.drawing.numbers import certainty
from frs_pipeline.report.drawing.scene import Circle, Rect
from frs_pipeline.report.drawing.squares import Cell, Crosstab

TITLE = Text("titel", "title")
FIVE = Answers(tuple(Text(word, word) for word in "abcde"), "first")


def texts(drawing):
    return [words.text.danish for words in drawing.words]


def rects(drawing, look):
    return [mark for mark in drawing.marks if isinstance(mark, Rect) and mark.look == look]


def both(figure):
    made = drawn(figure)
    return made.wide, made.narrow


def test_a_row_whose_forms_are_hidden_is_one_block_without_a_share():
    figure = ByGroup(TITLE, FIVE, (Row(Text("x", "x"), (None,) * 5, None), Row(Text("y", "y"), (10, 20, 30, 30, 10), 50)))
    for drawing in both(figure):
        legend, block = sorted(rects(drawing, "hidden"), key=lambda mark: mark.width)
        assert legend.width == 11 and block.width > 100 * drawing.room.point - 4
        assert "skjult" in texts(drawing) and not any("skjult\u00a0" in text for text in texts(drawing))
        assert any("··" in text for text in texts(drawing))
        assert "x: skjult, n\u00a0skjult" in drawing.sentence.danish


def test_a_row_of_too_few_forms_for_shares_has_no_bar_and_nothing_hidden():
    figure = ByGroup(
        TITLE, FIVE, (Row(Text("x", "x"), (None,) * 5, 12, told=False), Row(Text("y", "y"), (10, 20, 30, 30, 10), 50))
    )
    for drawing in both(figure):
        assert rects(drawing, "hidden") == []
        assert len([mark for mark in rects(drawing, "g1") if mark.height > 15]) == 1
        assert "skjult" not in " ".join(texts(drawing))


def test_shares_of_few_forms_are_whole():
    figure = ByGroup(TITLE, FIVE, (Row(Text("x", "x"), (48.6, 20.2, 11.2, 10, 10), 60, decimals=0),))
    for drawing in both(figure):
        assert "69\u00a0%" in texts(drawing)


def test_a_hidden_answer_has_a_word_for_a_bar():
    rows = tuple(Answered(Text(word, word), 7, 7.0, hidden=word == "b") for word in "abc")
    for drawing in both(Distribution(TITLE, rows)):
        assert len(rects(drawing, "s3")) == 2
        assert texts(drawing).count("skjult") == 1 and texts(drawing).count("··") == 2
        assert "b: skjult" in drawing.sentence.danish


@pytest.mark.parametrize("numbers", [(1, 90), (40, 3)])
def test_hidden_cells_are_of_one_size_whatever_is_in_them(numbers):
    """A square's area is its share: a hidden one must not have any."""
    hidden = [Cell(number, float(number), hidden=True) for number in numbers]
    shown = Cell(30, 30.0)
    words = (Text("a", "a"), Text("b", "b"))
    cells = ((hidden[0], shown), (shown, hidden[1]))
    figure = Crosstab(TITLE, words, words, cells, (shown, shown), (shown, shown), None)
    same = replace(figure, cells=((Cell(None, None, hidden=True), shown), (shown, Cell(None, None, hidden=True))))
    assert both(figure) == both(same)
    for drawing in both(figure):
        assert len({(mark.width, mark.height) for mark in rects(drawing, "hidden")}) == 1
        assert len(rects(drawing, "square")) == 2
        assert "n\u00a0··" in texts(drawing)


def test_a_gamma_has_as_many_decimals_as_are_known_and_no_column_of_intervals():
    rows = (Gamma(Text("x", "x"), 0.7, decimals=1, hidden=True), Gamma(Text("y", "y"), 0.25, p=0.0, p_decimals=2, forms=40))
    wide, narrow = both(Forest(TITLE, rows))
    for drawing in (wide, narrow):
        assert "0,7" in texts(drawing) and "0,70" not in texts(drawing)
        assert len([mark for mark in drawing.marks if isinstance(mark, Circle)]) == 2
        assert any("··" in text for text in texts(drawing))
    assert "95\u00a0%" not in texts(wide) and "<0,01" in texts(wide)
    assert "n\u00a0skjult" in wide.sentence.danish


@pytest.mark.parametrize(
    ("p", "decimals", "text"), [(0.0, 2, "<0,01"), (0.01, 2, "0,01"), (0.3, 2, "0,30"), (0.0, 3, "<0,001"), (0.012, 3, "0,012")]
)
def test_a_p_is_written_as_far_as_it_is_known(p, decimals, text):
    assert certainty(p, decimals).danish == text
