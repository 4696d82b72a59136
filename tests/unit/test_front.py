"""The first page: what is known of those who were asked, the bar of who answered, small figures, what findings were before."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from support.drawn import ALL, CHILD, LONG, TITLE, collisions, outside
from support.study import STUDY

from frs_pipeline.language import Text
from frs_pipeline.lineage.counts import Count
from frs_pipeline.report.before import NONE
from frs_pipeline.report.claims import claims
from frs_pipeline.report.drawing.answered import Came, Part, draw_came
from frs_pipeline.report.drawing.axes import Span
from frs_pipeline.report.drawing.mini import Dot, Mini, draw_mini
from frs_pipeline.report.drawing.scene import Circle, Drawing, Link, Rect
from frs_pipeline.report.evidence import FormsEvidence
from frs_pipeline.report.figures import Known
from frs_pipeline.report.findings import Bound, Judge, Number
from frs_pipeline.report.front import facts, graphics, main_number, moved, shown, who_answered
from frs_pipeline.report.statements import Found, front, front_of
from frs_pipeline.store.settings import PROJECT
from frs_pipeline.study import Study
from frs_pipeline.study.tables import TOTAL, Address, catalogue
from frs_pipeline.tables.figures import Figure

SECOND = Study(PROJECT / "studies" / "library_visitors")
SPACE = "\u00a0"


def counted(value: int, of: int | None = None) -> Count:
    return Count(Text("Antal", "Number"), value, of, "SELECT 1", "curated", recounted=True)


def marked(drawing: Drawing, look: str) -> list[Rect]:
    return [mark for mark in drawing.marks if isinstance(mark, Rect) and look in mark.look.split()]


# Who was asked.


def test_facts_come_from_counts_and_say_what_nobody_knows() -> None:
    counts = {
        "in_codebook-first": counted(196),
        "in_codebook-followup": counted(181),
        "in_codebook-both": counted(377),
        "without_initiator_or_coordinator-both": counted(12, 377),
    }
    known = facts(STUDY, counts)
    assert [name for name, _ in known["held"]] == ["first", "followup"]
    (complete,) = known["complete"]
    assert (complete.share, complete.lacking) == (f"96,8{SPACE}%", "without_initiator_or_coordinator-both")
    assert [text.english for text in known["unknown"]] == ["participants' response rate: nobody counted who was present"]


def test_a_study_that_knows_no_conferences_says_only_that_nobody_counted_who_could_answer() -> None:
    known = facts(SECOND, {})
    assert (known["held"], known["complete"]) == ([], [])
    assert [text.english for text in known["unknown"]] == ["the response rate: nobody counted how many could have answered"]


CAME = (
    Came(
        Text("Deltager, første rådslagning", "Participant, first conference"),
        (
            Part(CHILD, 126, Link("#n-came-a-1", Text("126, børn", "126, children"))),
            Part(Text("familie", "family"), 610),
            Part(None, 128),
        ),
    ),
    Came(Text("Opfølgning", "Follow-up"), (Part(CHILD, 174), Part(Text("familie", "family"), 617), Part(None, 164))),
)


def test_who_answered_is_drawn_on_one_scale_with_those_who_did_not_say_dashed() -> None:
    drawn = draw_came(TITLE, CAME)
    for drawing in (drawn.wide, drawn.narrow):
        assert collisions(drawing) == outside(drawing) == []
        assert len(marked(drawing, "unsure")) == 2
    widths = [mark.width + 1.5 for mark in drawn.wide.marks if isinstance(mark, Rect)]
    assert widths == pytest.approx([number * 664 / 955 for number in (126, 610, 128, 174, 617, 164)])
    assert {words.link.href for words in drawn.wide.words if words.link} == {"#n-came-a-1"}
    assert drawn.wide.sentence.danish == (
        "Deltager, første rådslagning: barn 126, familie 610, ikke sagt 128, i alt 864; "
        "Opfølgning: barn 174, familie 617, ikke sagt 164, i alt 955."
    )


def test_names_that_do_not_fit_above_their_part_stand_in_lists() -> None:
    drawn = draw_came(TITLE, (Came(TITLE, (Part(LONG, 10), Part(CHILD, 500), Part(None, 0))),))
    for drawing in (drawn.wide, drawn.narrow):
        assert collisions(drawing) == outside(drawing) == []
        assert "I alt" in [words.text.danish for words in drawing.words]


def test_nobody_at_all_is_drawn_without_dividing_by_nought() -> None:
    drawn = draw_came(TITLE, (Came(TITLE, (Part(CHILD, 0), Part(None, 0))),))
    assert drawn.narrow.height > 0


def test_questionnaires_that_do_not_ask_who_are_named_and_not_drawn() -> None:
    papers = ("participant_first", "participant_followup", "initiator", "coordinator")
    counts = {f"came-{name}": counted(9) for name in papers}
    counts |= {f"came-participant_first-{code}": counted(number) for code, number in (("1", 4), ("none", 5))}
    drawn, others = who_answered(STUDY, counts)
    assert drawn is not None
    assert [name for _, name in others] == ["came-initiator", "came-coordinator"]
    assert "Deltager, første rådslagning: barn 4, ikke sagt 5, i alt 9" in drawn.wide.sentence.danish
    nothing, all_of_it = who_answered(SECOND, {"came-visitor": counted(3)})
    assert nothing is None
    assert [name for _, name in all_of_it] == ["came-visitor"]


# Small figures.


def test_what_was_before_is_an_open_mark_and_is_said() -> None:
    rows = (Dot(CHILD, 78.5, Span(71.4, 84.2), before=93.2), Dot(ALL, 75.2, before=88.2, total=True))
    drawing = draw_mini(Mini(TITLE, rows))
    assert collisions(drawing) == outside(drawing) == []
    opened = [mark for mark in drawing.marks if isinstance(mark, Circle) and "open" in mark.look]
    assert [mark.x for mark in opened] == pytest.approx([96 + 93.2 * 2.2, 96 + 88.2 * 2.2])
    assert drawing.sentence.danish == (
        f"barn: 78,5{SPACE}% (før 93,2{SPACE}%), 71,4 til 84,2{SPACE}%; Alle: 75,2{SPACE}% (før 88,2{SPACE}%)."
    )


def test_a_large_number_of_before_takes_the_lens_away() -> None:
    assert Mini(TITLE, (Dot(CHILD, 2.0, before=9.9),), lens=True).magnified
    assert not Mini(TITLE, (Dot(CHILD, 2.0, before=10.0),), lens=True).magnified


def figures_of(counts: dict[int, dict[str, dict[str, int]]]) -> dict[Address, Figure]:
    """Counts of crosstabs by table, row and answer, with their totals."""
    made: dict[Address, Figure] = {}

    def put(table: int, row: str, column: str, value: int) -> None:
        address = Address(table, row, column, "", "count")
        made[address] = Figure(*address, float(value), str(value))

    for number, rows in counts.items():
        table = catalogue(STUDY)[number]
        assert table.column is not None
        answers = [one.label for one in table.column.categories]
        whole = dict.fromkeys(answers, 0)
        for row in (one.label for one in table.row.categories):
            cells = {answer: rows.get(row, {}).get(answer, 0) for answer in answers}
            for answer, value in cells.items():
                put(number, row, answer, value)
                whole[answer] += value
            put(number, row, TOTAL, sum(cells.values()))
        for answer, value in whole.items():
            put(number, TOTAL, answer, value)
        put(number, TOTAL, TOTAL, sum(whole.values()))
    return made


QUALITY = {1: {"barn": {"rigtig god": 60, "god": 20, "dårlig": 20}, "mor": {"rigtig god": 30, "dårlig": 70}}}


def judged(counts: dict[int, dict[str, dict[str, int]]]) -> tuple[Judge, dict[str, Found], dict[Address, Figure]]:
    figures = figures_of(counts)
    judge = Judge(STUDY, claims(STUDY), FormsEvidence(STUDY, figures))
    return judge, {found.id: found for found in front(judge).findings}, figures


def test_the_figure_of_a_finding_adds_up_the_side_that_it_names() -> None:
    judge, found, figures = judged(QUALITY)
    made = shown(judge, found["conference_good"], Known(STUDY, figures))
    assert made.drawing is not None
    assert made.drawing.sentence.danish.startswith(f"barn: 80,0{SPACE}%; mor: 30,0{SPACE}%; ")
    assert (made.base and made.base.text, made.with_before, made.ends) == ("200", False, None)
    assert made.answers is not None
    assert made.answers.danish == "»rigtig god« eller »god«"
    # What the interval is of, and who is counted: not those who don't say who they are.
    assert made.whose is not None
    assert (made.whole, made.whose.danish) == (
        made.drawing.sentence.danish.split("Alle: ")[1].split(";")[0].rstrip("."),
        "»Hvem er du?«",
    )


def test_graphics_read_the_tables_that_they_name_and_those_of_before() -> None:
    named = front_of(STUDY).findings
    tables = {
        number for one in named if one.graphic and not one.graphic.rows for number in (one.graphic.table, one.graphic.before)
    }
    _, found, _ = judged({})
    assert graphics(list(found.values())) == sorted(number for number in tables if number is not None)


def test_findings_of_a_delivery_without_forms_cannot_be_told() -> None:
    judge, found, figures = judged({})
    assert {one.holds for one in found.values()} == {None}
    for one in found.values():
        shown(judge, one, Known(STUDY, figures))


# What findings were in the delivery before.


def numbers_of(exact: Fraction | None, unit: Any, text: str) -> dict[str, Number]:
    return {"all": Number(exact, unit, Bound(text, (Address(1, TOTAL, TOTAL, "", "count"),)))}


@pytest.mark.parametrize(
    ("unit", "before", "now", "change"),
    [
        ("percent", Fraction(862, 10), Fraction(854, 10), "\u22120,8"),
        ("percent", Fraction(40), Fraction(451, 10), "+5,1"),
        ("percent", Fraction(40), Fraction(40), "0,0"),
        ("percent", Fraction(40), Fraction(40) + Fraction(1, 1000), "0,0"),
        ("count", Fraction(5), Fraction(12), "+7"),
        ("gamma", Fraction(7, 10), Fraction(65, 100), "\u22120,050"),
        ("percent", None, Fraction(40), NONE),
    ],
)
def test_a_change_has_its_sign_and_its_unit(unit: Any, before: Fraction | None, now: Fraction, change: str) -> None:
    judge, found, figures = judged(QUALITY)
    one = found["conference_good"]
    name, _ = main_number(one) or ("", None)
    bound = next(part for part in one.says.danish if isinstance(part, Bound))
    mine, other = (
        Found(one.finding, holds, one.says, None, (), one.condition, {**one.numbers, name: Number(exact, unit, bound)})
        for exact, holds in ((now, False), (before, True))
    )
    (row,) = moved(STUDY, [shown(judge, mine, Known(STUDY, figures))], {one.id: other}, {1: TITLE})
    assert (row.change, row.held, row.holds, row.place) == (change, True, False, 1)
    assert row.about.danish.startswith("»Hvad synes du")
