"""Every table of a study that a drawing shows is drawn, turned as its questions say, with the table's own numbers."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.drawn import TITLE, collisions, outside, rects
from support.study import STUDY

from frs_pipeline.report.drawing.bars import ByGroup
from frs_pipeline.report.drawing.distribution import Distribution
from frs_pipeline.report.drawing.figures import drawn
from frs_pipeline.report.drawing.forest import Forest
from frs_pipeline.report.drawing.squares import Crosstab
from frs_pipeline.report.figures import Known, answers_of, figure_of, forest_of
from frs_pipeline.report.intervals import Ends, Limits
from frs_pipeline.study import Study
from frs_pipeline.study.tables import TOTAL, Address, catalogue
from frs_pipeline.tables.figures import Figure

LIBRARY = Study(STUDY.folder.parent / "library_visitors")
TABLES = [(study, table) for study in (STUDY, LIBRARY) for table in catalogue(study).values()]
BOTH = Ends(Limits(60.0, 80.0, None, 40), Limits(5.0, 15.0, None, 40, marked=True))


class Figures(dict[Address, Figure]):
    """Figures of any table: the same count in every cell, and a measure's own number."""

    def __contains__(self, key: object) -> bool:
        return True

    def get(self, key, default=None):
        known = {"gamma": -0.29, "partial_gamma": 0.25, "p": 0.012, "n": 1092.0, "count": 25.0}
        return Figure(*key, known.get(key.measure, 33.3), "")


@pytest.mark.parametrize(("study", "table"), TABLES, ids=[f"{Path(s.folder).name}-{t.number}" for s, t in TABLES])
def test_every_table_is_a_figure_with_room_for_everything(study, table):
    labels = [*(one.label for one in table.row.categories), TOTAL]
    blanks = {table.number: dict.fromkeys(labels, 12)}
    ends = {table.number: dict.fromkeys(labels, BOTH)}
    known = Known(study, Figures(), ends=ends, blanks=blanks, numbers={table.number: {0: 3, 5: 9, 40: 2}})
    figure = figure_of(table, TITLE, known)
    if table.kind in ("summary", "multiple") and table.group is not None:
        assert figure is None
        return
    both = drawn(figure)
    for drawing in (both.wide, both.narrow):
        assert collisions(drawing) == []
        assert outside(drawing) == []


def figure(number, figures=None):
    return figure_of(catalogue(STUDY)[number], TITLE, Known(STUDY, Figures() if figures is None else figures))


def test_kinds_follow_from_the_table():
    assert isinstance(figure(1), ByGroup)
    assert isinstance(figure(4), Distribution)
    assert isinstance(figure(40), Crosstab)
    assert isinstance(figure(49), Forest)


def test_conflicts_are_turned_and_their_interval_is_that_of_the_favourable_answers():
    table = catalogue(STUDY)[59]
    known = Known(STUDY, Figures(), ends={59: {TOTAL: BOTH}})
    made = figure_of(table, TITLE, known)
    assert made.answers.favourable == "last"
    assert [made.answers.labels[place].danish for place in made.answers.order][:2] == ["slet ingen", "få"]
    assert (made.rows[-1].span.low, made.rows[-1].span.high, made.rows[-1].span.open) == (60.0, 80.0, False)


def test_how_many_solutions_were_discussed_is_neither_good_nor_bad():
    assert answers_of(STUDY, catalogue(STUDY)[50], catalogue(STUDY)[50].column).favourable == "none"


def test_squares_begin_with_the_favourable_answers():
    made = figure(40)
    assert [text.danish for text in made.rows] == ["Høj trivsel", "Middel trivsel", "Lav trivsel"]
    # The table lists »Højt behov« first, which is no good news.
    assert [text.danish.split()[0] for text in made.columns] == ["Ingen", "Middel", "Højt"]


def test_dont_know_is_an_answer_and_blanks_are_below_the_line():
    made = figure(4)
    assert [row.look for row in made.rows] == ["g1", "g2", "mid", "u1", "u2", "unsure", "unsure"]
    assert [row.below for row in made.rows] == [False] * 6 + [True]
    assert made.rows[5].label.danish == "ved ikke"


def test_numbers_lead_to_their_cells():
    row = figure(1).rows[0]
    best, middle, worst = row.links
    assert middle.href == "#t1-barn.nogenlunde.row_percent"
    assert middle.spoken.danish == "barn, nogenlunde"
    # No cell of the table is the sum of two answers: it leads to both.
    assert best.href == "#t1-barn.rigtig_god.row_percent"
    assert best.parts == ("t1-barn.rigtig_god.row_percent", "t1-barn.god.row_percent")
    assert best.spoken.danish == "barn, rigtig god + god"
    assert worst.parts == ("t1-barn.mindre_god.row_percent", "t1-barn.daarlig.row_percent")


def test_what_a_table_lacks_has_a_dash_and_leads_nowhere():
    made = figure(49, {})
    assert {row.gamma for row in made.rows} == {None}
    assert {row.link for row in made.rows} == {None}
    assert rects(drawn(figure(1, {})).wide, "g1", over=45) == []


def test_gammas_of_several_tables_are_one_figure():
    tables = {number: TITLE for number, table in catalogue(STUDY).items() if table.kind == "correlation"}
    made = forest_of(tables, catalogue(STUDY), TITLE, Known(STUDY, Figures()))
    assert len(made.rows) == len(tables) > 20
    assert all(row.sure for row in made.rows)
