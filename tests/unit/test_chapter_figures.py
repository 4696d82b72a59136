"""Figures of chapters: every table is one, in its place, with its number, its words, and the numbers that the table has."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from support.study import STUDY

from frs_pipeline.language import Text
from frs_pipeline.report.chapter_figures import ChapterFigures, _told_apart, plain
from frs_pipeline.report.drawing.change import Difference
from frs_pipeline.report.drawing.figures import drawn
from frs_pipeline.report.estimates import Estimates
from frs_pipeline.report.figure_words import how_to_read, neutral, polarity, question_of
from frs_pipeline.report.figures import Known, change_of, figure_of, rows_of
from frs_pipeline.report.findings import Bound, Sentence
from frs_pipeline.report.intervals import Ends, Limits, moves
from frs_pipeline.report.listed import of_bars, of_change, of_gammas
from frs_pipeline.report.typography import in_text
from frs_pipeline.stats.counts import percent
from frs_pipeline.study.chapters import chapters
from frs_pipeline.study.tables import TOTAL, Address, catalogue
from frs_pipeline.tables.figures import Figure
from frs_pipeline.tables.intervals import between

pytestmark = pytest.mark.unit

TITLE = Text("Titel", "Title")
TABLES = catalogue(STUDY)


def counted(number: int, seed: int = 1) -> tuple[np.ndarray, dict[Address, Figure]]:
    """Counts (clusters, rows, columns) of a crosstab, and the figures that the table has of them."""
    table = TABLES[number]
    assert table.column is not None
    cells = np.random.default_rng(seed).integers(0, 4, (40, len(table.row.categories), len(table.column.categories)))
    figures: dict[Address, Figure] = {}
    for at, row in enumerate([*(one.label for one in table.row.categories), TOTAL]):
        line = cells.sum(axis=0) if row == TOTAL else cells.sum(axis=0)[at : at + 1]
        whole = int(line.sum())
        for place, column in enumerate([*(one.label for one in table.column.categories), TOTAL]):
            count = whole if column == TOTAL else int(line[:, place].sum())
            for measure, value in (("count", float(count)), ("row_percent", percent(count, whole) or 0.0)):
                address = Address(number, row, column, "", measure)
                figures[address] = Figure(*address, value, "")
    return cells, figures


def numbers(drawing, look: str) -> list[str]:
    return [words.text.danish for words in drawing.words if look in words.look.split() and words.link]


def test_the_numbers_of_a_figure_are_sums_of_the_cells_they_lead_to() -> None:
    _, figures = counted(59)
    made = rows_of(TABLES[59], TITLE, Known(STUDY, figures))
    for row in made.rows:
        for side, link in zip(("best", "middle", "worst"), row.links, strict=True):
            assert link is not None
            cells = [one for one in figures if one.measure == "row_percent" and _name(one) in link.parts]
            assert len(cells) == len(link.parts) == {"best": 2, "middle": 1, "worst": 2}[side]
            assert made.answers.sum(row.shares, side) == pytest.approx(sum(figures[one].value or 0 for one in cells))
    # Few conflicts are the favourable answers.
    assert made.rows[0].links[0].parts == ("t59-barn.slet_ingen.row_percent", "t59-barn.faa.row_percent")


def _name(address: Address) -> str:
    from frs_pipeline.report.typography import anchor

    return anchor(address)


def test_a_change_is_that_of_intervals_parquet_where_one_answer_is_asked_for() -> None:
    tables = TABLES[1], TABLES[2]
    cells = counted(1, 1)[0], counted(2, 2)[0]
    forms = [SimpleNamespace(cells=each[:, None]) for each in cells]
    single = {(one.address.row, one.address.column): one for one in between(STUDY, *zip(tables, forms, strict=True))}
    for place, answer in enumerate(one.label for one in tables[1].column.categories):
        for row, made in moves(tables[1], cells, ((place,), (place,))).items():
            known = single[row, answer].estimate
            assert (made.value, made.low, made.high) == (known.value, known.low, known.high)


def test_a_change_shows_both_rounds_and_their_difference() -> None:
    figures = counted(1, 1)[1] | counted(2, 2)[1]
    tables, rounds = (TABLES[1], TABLES[2]), (Text("først", "first"), Text("så", "then"))
    sure = {TOTAL: Difference(-5.0, -7.9, -2.1, True)}
    made = change_of(tables, rounds, sure, TITLE, Known(STUDY, figures, pages={1: "andet.html"}))
    assert [row.label.danish for row in made.rows][-1] == "Alle"
    last = made.rows[-1]
    shares = [sum(figures[Address(n, TOTAL, one, "", "row_percent")].value for one in ("rigtig god", "god")) for n in (1, 2)]
    assert (last.best.before, last.best.after) == pytest.approx(tuple(shares))
    assert last.links[0].href == "andet.html#t1-total.rigtig_god.row_percent"
    assert last.links[1].href == "#t2-total.rigtig_god.row_percent"
    listed = of_change(made)
    assert [cell.text.danish for cell in listed.rows[-1]][-2:] == ["\u22125,0", "\u22127,9; \u22122,1"]
    assert len({len(row) for row in (listed.header, *listed.rows)}) == 1


def test_the_ends_of_bars_are_listed_with_what_they_are_of() -> None:
    _, figures = counted(1)
    made = rows_of(TABLES[1], TITLE, Known(STUDY, figures))
    limits = Ends(
        Limits(60.0, 80.0, ("60,0", "80,0"), 40, unit="\u00a0%"), Limits(5.0, 15.0, ("5,0", "15,0"), 40, unit="\u00a0%")
    )
    labels = [*(one.label for one in TABLES[1].row.categories), TOTAL]
    listed = of_bars(made, dict.fromkeys(labels, limits))
    assert [head.danish.replace("\u00ad", "") for head in listed.header] == [
        "", "To bedste", "95-procent-sikkerhedsinterval", "Midt", "To dårligste", "95-procent-sikkerhedsinterval", "Skemaer"
    ]  # fmt: skip
    assert [cell.text.danish for cell in listed.rows[0]][2] == "60,0 til 80,0\u00a0%"
    assert len(of_bars(made, {}).header) == 5


def test_gammas_are_listed_to_three_decimals() -> None:
    figures = {
        Address(10, "", "", "", name): Figure(10, "", "", "", name, value, "")
        for name, value in (("gamma", 0.6841), ("n", 100.0))
    }
    made = figure_of(TABLES[10], TITLE, Known(STUDY, figures))
    assert [cell.text.danish for cell in of_gammas(made).rows[0]] == ["Alle", "0,684", "–", "–", "100"]


@pytest.mark.parametrize("number", TABLES)
def test_every_table_says_its_question_and_whose_answers_they_are(number: int) -> None:
    said = question_of(STUDY, TABLES[number])
    assert "»" in said.danish and "“" in said.english
    assert said.danish.endswith(".") and "Skema: " in said.danish and "Form: " in said.english
    assert " * " not in said.danish + said.english


def test_the_words_name_the_roles_the_occasion_and_which_answers_are_good() -> None:
    assert question_of(STUDY, TABLES[59]).danish.startswith(
        "»Er der mange konflikter/udfordringer i jeres familie og netværk?« efter rolle."
    )
    assert question_of(STUDY, TABLES[40]).danish.endswith("Skema: Initiativtager (socialrådgiver), kun fra opfølgningen.")
    good = polarity(STUDY, TABLES[59])
    assert good is not None
    assert good.danish == "Her er »slet ingen« og »få« de gunstige svar: De står først og er blå som i alle andre figurer."
    assert polarity(STUDY, TABLES[1]) is None
    # A gamma has no favourable end.
    assert polarity(STUDY, TABLES[18]) is None


def test_each_kind_says_how_it_is_read() -> None:
    _, figures = counted(1)
    limits = Ends(Limits(60.0, 80.0, None, 40), Limits(5.0, 15.0, None, 40))
    known = Known(STUDY, figures, ends={1: {TOTAL: limits}}, blanks={1: {TOTAL: 15}})
    told = " ".join(text.danish for text in how_to_read(STUDY, rows_of(TABLES[1], TITLE, known)))
    assert told.startswith("Stregen på søjlen er 95-procent-sikkerhedsintervallet for »rigtig god« og »god« tilsammen, som tager")
    assert "skemaer om samme barn hører sammen" in told and "»Ubesv.«" in told
    assert "linjen" not in told
    assert how_to_read(STUDY, rows_of(TABLES[1], TITLE, Known(STUDY, figures))) == []


def test_titles_have_no_asterisk_and_rows_that_share_a_name_are_told_apart() -> None:
    assert neutral(Text("a * b", "a × b")) == Text("a × b", "a × b")
    named = _told_apart({30: TITLE, 74: TITLE, 25: Text("Andet", "Other")})
    assert [text.danish for text in named.values()] == ["Titel (tabel 30)", "Titel (tabel 74)", "Andet"]


@pytest.mark.parametrize(
    ("printed", "measure", "text"),
    [
        (",000", "p", "<\u00a00,001"),
        (",013", "p", "0,013"),
        (",000", "gamma", "0,000"),
        ("-,344", "gamma", "\u22120,344"),
        ("1124", "count", "1.124"),
    ],
)
def test_cells_have_the_zero_before_the_comma_and_no_p_is_nought(printed: str, measure: str, text: str) -> None:
    assert in_text(printed, measure) == text


def test_asked_and_blank_stand_below_the_line_where_not_everybody_was_asked() -> None:
    figures = {}
    for label, count in (("Ja, meget", 48.0), ("Missing", 196.0), (TOTAL, 377.0)):
        for measure, value in (("count", count), ("percent", count / 3.77), ("valid_percent", count / 1.81)):
            figures[Address(32, label, "", "", measure)] = Figure(32, label, "", "", measure, value, "")
    below = figure_of(TABLES[32], TITLE, Known(STUDY, figures, asked={32: (181, 0)})).rows[-1]
    assert (below.label.danish, below.number, below.share, below.below) == ("ikke besvaret (af adspurgte)", 0, 0.0, True)
    assert figure_of(TABLES[32], TITLE, Known(STUDY, figures)).rows[-1].number == 196


def test_drawings_of_one_language_say_nothing_in_the_other() -> None:
    _, figures = counted(1)
    made = drawn(rows_of(TABLES[1], TITLE, Known(STUDY, figures)))
    assert "To bedste" in made.html and "Best two" in made.html
    only = made.in_languages(("english",))
    assert "Best two" in only and "To bedste" not in only and ' en"' not in only.replace('lang="en"', "")


class _Store(SimpleNamespace):
    """A store of which nothing is read but what a test gives it."""

    study, delivery = STUDY, "2020-11-30"


def test_figures_of_a_chapter_are_numbered_in_its_order_and_titles_that_hold_are_taken(monkeypatch) -> None:
    said = Sentence(("Tilfredse: ", Bound("86,2\u00a0%")), ("Satisfied: ", Bound("86.2%")))
    figures = {address: one for number in (1, 2, 5) for address, one in counted(number)[1].items()}
    evidence = SimpleNamespace(figures=figures, forms=SimpleNamespace(by=lambda *_: {}), compared={})
    made = ChapterFigures(_Store(), evidence, None, Estimates(), lambda: {1: said, "1-2": said})  # type: ignore[arg-type]
    monkeypatch.setattr(made.shown, "of", lambda table: None)
    monkeypatch.setattr(made, "_asked_some", lambda table: None)
    chapter = next(one for one in chapters(STUDY) if one.id == "tilfredshed")
    blocks = made.blocks(chapter)
    assert [(one.place, one.id) for one in blocks] == [
        ("1.1", "figur-1"), ("1.2", "figur-2"), ("1.3", "figur-1-2"), ("1.4", "figur-3"), ("1.5", "figur-4"), ("1.6", "figur-5")
    ]  # fmt: skip
    assert [one.tested for one in blocks] == [True, False, True, False, False, False]
    assert "Tilfredse: 86,2\u00a0%" in (blocks[0].drawing or "")
    # Without intervals nothing is listed but the change, whose numbers stand in no table.
    assert [one.listed is not None for one in blocks] == [False, False, True, False, False, False]


def test_the_numbers_of_a_title_are_spoken_as_each_language_writes_them() -> None:
    shares, forms = Bound("86,2\u00a0%"), Bound("1.124")
    said = Sentence(("af ", forms, ": ", shares), ("of ", forms, ": ", shares))
    assert plain(said, "danish") == Text("af 1.124: 86,2\u00a0%", "of 1,124: 86.2%")
    shares, forms = Bound("86.2%"), Bound("1,124")
    said = Sentence(("af ", forms, ": ", shares), ("of ", forms, ": ", shares))
    assert plain(said, "english") == Text("af 1.124: 86,2\u00a0%", "of 1,124: 86.2%")
