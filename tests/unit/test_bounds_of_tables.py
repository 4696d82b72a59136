"""Bounds of the figures of tables, held against the figures of every way in which blank forms could have answered."""

from __future__ import annotations

from collections import Counter
from itertools import combinations_with_replacement, product

import numpy as np
import pytest
from support.random_marts import random_frame, write_marts
from support.study import STUDY

from frs_pipeline.store.files import MartFile
from frs_pipeline.store.settings import PROJECT
from frs_pipeline.study import Study
from frs_pipeline.study.numbers import Span
from frs_pipeline.study.pairing import Pairing
from frs_pipeline.study.questionnaires import Questionnaire, questionnaires
from frs_pipeline.study.tables import TOTAL, Address, Axis, Category, Table, catalogue
from frs_pipeline.tables.bounds import (
    BOUNDS,
    BOXES,
    GROUP_UNKNOWN,
    MEASURES,
    NO_FORMS,
    REASONS,
    Bounded,
    bound_rows,
    bounds,
    has_bounds,
)
from frs_pipeline.tables.counting import count
from frs_pipeline.tables.engine import open_marts
from frs_pipeline.tables.figures import figures
from frs_pipeline.tables.missing import NOT_ASKED, cells, count_with_blanks, forms_that_never_came, with_units

LIBRARY = Study(PROJECT / "studies" / "library_visitors")


def axis(name: str, categories: int, merged: bool = False) -> Axis:
    """Answers 1, 2, …; the first category is of two answers if they are merged, and 9 is left out."""
    codes = [(at + 1,) for at in range(categories)]
    if merged:
        codes[0] = (1, 8)
    return Axis(variable=name, categories=tuple(Category(label=f"{name}{c[0]}", codes=c) for c in codes))


def table(kind: str, rows: int = 3, columns: int = 0, groups: int = 0, **more) -> Table:
    made = {
        "row": axis("row", rows, merged=True),
        "column": axis("column", columns) if columns else None,
        "group": axis("group", groups) if groups else None,
    }
    return Table(number=1, title="", kind=kind, marts=("participant_first",), occasion="both", **{**made, **more})


WAYS = Axis(variable="change", categories=tuple(Category(label=f"way{c}", codes=(c,)) for c in (1, 2, 3)))
PAIRS = Pairing("participant_first", "participant_followup", "first", "followup", "row", None, (1, 2, 3))
KINDS = {
    "frequency": table("frequency"),
    "frequency of one answer": table("frequency", 1),
    "distribution": table("distribution", 4),
    "percentages of rows": table("crosstab", 3, 2, percent="row"),
    "percentages of columns": table("crosstab", 2, 3, percent="column"),
    "percentages of the whole": table("crosstab", 2, 2, percent="total"),
    "of one row": table("crosstab", 1, 3, percent="row"),
    "of one column": table("crosstab", 3, 1, percent="row"),
    "collapsed": table("collapsed_crosstab", 2, 2),
    "change": table("change", 3, 3, change=WAYS, pairing=PAIRS),
    "change by group": table("change", 2, 2, 2, change=WAYS, pairing=PAIRS),
    "summary": table("summary", row=Axis(variable="row", categories=(), numbers=Span(-1, 3))),
    "summary by group": table("summary", groups=2, row=Axis(variable="row", categories=(), numbers=Span(0, 2))),
    "summary of one group": table("summary", groups=1, row=Axis(variable="row", categories=(), numbers=Span(0, 2))),
    "correlation": table("correlation", 3, 3),
    "by group": table("correlation_by_group", 2, 3, 2),
    "by one group": table("correlation_by_group", 2, 3, 1),
}


def answers(of: Axis) -> list[int]:
    if of.numbers:
        return list(range(int(of.numbers.low), int(of.numbers.high) + 1))
    return [category.codes[-1] for category in of.categories]


def axes(of: Table) -> list[Axis]:
    return [one for one in (of.group, of.row, of.column) if one]


def some(of: Table, random, complete: int, lacking: int, *, group: bool = True):
    """Counts of random forms: `complete` ones, some with an answer that isn't counted, and `lacking` ones."""
    counts: Counter[tuple[int | None, ...]] = Counter()
    for at in range(complete + lacking):
        codes: list[int | None] = [int(random.choice([*answers(one), 99])) for one in axes(of)]
        if at >= complete:
            first = 0 if group or not of.group else 1
            blank = random.choice(range(first, len(codes)), int(random.integers(1, len(codes) - first + 1)), replace=False)
            codes = [None if place in blank else code for place, code in enumerate(codes)]
        counts[tuple(codes)] += 1
    return dict(counts)


def completions(of: Table, counts):
    """Every way to give blank forms an answer that the table counts."""
    whole = Counter({codes: n for codes, n in counts.items() if None not in codes})
    ways = []
    for codes, forms in counts.items():
        if None in codes:
            may = product(*(answers(one) if code is None else [code] for one, code in zip(axes(of), codes, strict=True)))
            ways.append(list(combinations_with_replacement(list(may), forms)))
    for chosen in product(*ways):
        yield whole + Counter(codes for several in chosen for codes in several)


def extremes(of: Table, counts) -> dict[Address, tuple[float, float] | None]:
    found: dict[Address, list[float]] = {f.address: [] for f in figures(of, counts) if has_bounds(of, f.address)}
    for completed in completions(of, counts):
        for figure in figures(of, dict(completed)):
            if figure.address in found and figure.value is not None:
                found[figure.address].append(figure.value)
    return {address: (min(values), max(values)) if values else None for address, values in found.items()}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(4))
def test_bounds_are_the_least_and_the_greatest_figure(kind: str, seed: int) -> None:
    of, random = KINDS[kind], np.random.default_rng(seed)
    counts = some(of, random, [0, 3, 12, 40][seed], 3, group="by group" not in kind or kind == "change by group" or seed == 1)
    wanted = extremes(of, counts)
    assert wanted
    found = bounds(STUDY, of, list(wanted), counts)
    for address, ends in wanted.items():
        own = found[address]
        if own.reason == GROUP_UNKNOWN:
            assert any(codes[0] is None for codes in counts)
            assert of.kind == "correlation_by_group"
        elif ends is None:
            assert (own.lowest, own.highest, own.reason) == (None, None, NO_FORMS)
        else:
            assert (own.lowest, own.highest) == pytest.approx(ends, abs=1e-12), address
            assert own.reason is None


def boxes_table(count: int, groups: int = 0) -> Table:
    shipped = next(t for t in catalogue(LIBRARY).values() if t.kind == "multiple")
    row = shipped.row.model_copy(update={"boxes": shipped.row.boxes[:count], "categories": shipped.row.categories[:count]})
    return shipped.model_copy(update={"row": row, "group": axis("group", groups) if groups else None})


@pytest.mark.parametrize("seed", range(6))
def test_boxes_that_a_form_without_a_tick_might_have_ticked(seed: int, monkeypatch) -> None:
    random, groups = np.random.default_rng(seed), 2 * (seed % 2)
    of = boxes_table(3, groups)
    # As if the question had no more boxes.
    monkeypatch.setattr(
        "frs_pipeline.study.questionnaires.Questionnaire.boxes",
        lambda paper, name: tuple(q for q in paper.questions if q.name in of.row.boxes),
    )
    counts: Counter[tuple[int | None, ...]] = Counter()
    for at in range(6):
        ticks = [0, 0, 0] if at < 2 else [int(tick) for tick in random.integers(0, 2, 3)]
        counts[(*([[1, 2, None][int(random.integers(0, 3))]] if groups else []), *ticks)] += 1
    ticked = [ticks for ticks in product((0, 1), repeat=3) if any(ticks)]

    def possible(codes):
        group = ([1, 2] if codes[0] is None else [codes[0]],) if groups else ()
        boxes = [codes[-3:]] if any(codes[-3:]) else ticked
        return [(*place, *ticks) for *place, ticks in product(*group, boxes)]

    found: dict[Address, list[float]] = {}
    whole = [list(combinations_with_replacement(possible(codes), n)) for codes, n in counts.items()]
    for chosen in product(*whole):
        completed = Counter(codes for several in chosen for codes in several)
        for figure in figures(of, dict(completed)):
            if has_bounds(of, figure.address) and figure.value is not None:
                found.setdefault(figure.address, []).append(figure.value)
    own = bounds(LIBRARY, of, list(found), dict(counts))
    for address, values in found.items():
        assert (own[address].lowest, own[address].highest) == pytest.approx((min(values), max(values))), address


def test_a_table_that_leaves_out_boxes_has_no_bounds() -> None:
    of = boxes_table(2)
    address = Address(of.number, of.row.categories[0].label, "", "", "percent")
    assert bounds(LIBRARY, of, [address], {(1, 0): 3, (0, 0): 1})[address] == Bounded(None, None, 1, reason=BOXES)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("counts", [{}, "blank", "left out"])
def test_tables_of_nobody(kind: str, counts) -> None:
    of = KINDS[kind]
    if counts:
        counts = {tuple(None if counts == "blank" else 99 for _ in axes(of)): 2}
    rows = bound_rows(STUDY, of, figures(of, counts), counts, None)
    assert {row["measure"] for row in rows} <= MEASURES
    assert {row["reason"] for row in rows} <= {None, *REASONS}
    assert all(set(row) <= set(BOUNDS.names) for row in rows)
    assert {row["lowest"] for row in rows} <= {None, 0.0, -1.0, 100.0, float(of.row.numbers.low) if of.row.numbers else None}


def test_who_is_missing_of_a_share_by_role() -> None:
    """17 of 32 in the first row, 5 blank; of unknown row 3 with the answer, 4 with another, 2 with none."""
    of = table("crosstab", 2, 2, percent="row")
    counts = {
        (1, 1): 17,
        (1, 2): 15,
        (2, 1): 6,
        (1, None): 5,
        (None, 1): 3,
        (None, 2): 4,
        (None, None): 2,
        (2, 99): 7,
        (None, 99): 8,
    }
    address = Address(1, "row1", "column1", "", "row_percent")
    own = bounds(STUDY, of, [address], counts)[address]
    assert (own.lowest, own.highest) == (pytest.approx(100 * 17 / 43), pytest.approx(100 * 27 / 42))
    assert (own.missing, own.hits, own.base, own.blank, own.unsure) == (14, 17, 37, 5, 9)
    assert cells(of, counts).left_out == 15
    # All of them are in the total, whatever their row.
    total = bounds(STUDY, of, [address._replace(row=TOTAL)], counts)[address._replace(row=TOTAL)]
    assert (total.lowest, total.highest) == (pytest.approx(100 * 26 / 52), pytest.approx(100 * 33 / 52))
    assert (total.missing, total.hits, total.base, total.blank, total.unsure) == (14, 26, 52, 7, 0)


def test_forms_that_never_came_are_blank_everywhere() -> None:
    of = table("frequency")
    counts = {(1,): 6, (2,): 2, (None,): 1}
    (row,) = [
        r for r in bound_rows(STUDY, of, figures(of, counts), counts, 3) if (r["row"], r["measure"]) == ("row1", "valid_percent")
    ]
    assert (row["lowest"], row["highest"], row["missing"]) == (pytest.approx(100 * 6 / 9), pytest.approx(100 * 7 / 9), 1)
    assert (row["lowest_units"], row["highest_units"], row["units"]) == (50, pytest.approx(100 * 10 / 12), 3)
    assert with_units(of, counts, 3) == {(1,): 6, (2,): 2, (None,): 4}


UNIT = [
    {"measure": f"without_{who}", "occasion": occasion, "conferences": number}
    for who, occasion, number in [
        ("initiator", "both", 4),
        ("initiator", "followup", 2),
        ("coordinator", "both", 8),
        ("participants", "both", 20),
        ("participants", "first", 11),
    ]
]


def test_how_many_never_came_is_known_of_those_of_whom_there_is_one() -> None:
    known = {number: forms_that_never_came(STUDY, of, UNIT) for number, of in catalogue(STUDY).items()}
    by_mart = {(of.marts[0], of.occasion): known[number] for number, of in catalogue(STUDY).items()}
    assert by_mart["coordinator", "both"] == 8
    assert by_mart["initiator", "followup"] == 2
    assert {known[n] for n, of in catalogue(STUDY).items() if of.marts[0].startswith("participant")} == {None}
    initiator = next(of for of in catalogue(STUDY).values() if of.marts == ("initiator",) and of.occasion == "both")
    limited = initiator.model_copy(update={"where": (("conflict", frozenset({1})),)})
    assert forms_that_never_came(STUDY, limited, UNIT) is None
    assert forms_that_never_came(STUDY, initiator, []) is None
    assert {forms_that_never_came(LIBRARY, of, []) for of in catalogue(LIBRARY).values()} == {None}


@pytest.fixture(scope="module")
def marts(tmp_path_factory):
    """Random marts: as files by name, and as frames."""
    frames = {name: random_frame(name, 300, seed) for seed, name in enumerate(questionnaires(STUDY))}
    paths = write_marts(frames, tmp_path_factory.mktemp("marts"))
    return {name: [MartFile("2020-11-30", path)] for name, path in paths.items()}, frames


def test_forms_are_counted_with_their_blanks(marts) -> None:
    files, frames = marts
    tables = list(catalogue(STUDY).values())
    found = count_with_blanks(STUDY, tables, files)
    plain = count(tables, open_marts(files))
    once = {number for number, counts in found.items() if counts != plain[number]}
    assert 18 not in once
    # Those whose question is asked at the follow-up only, and that count both occasions.
    assert once == {
        n for n, t in catalogue(STUDY).items() if t.occasion == "both" and {"wellbeing", "public_need"} & {*t.variables}
    }
    forms = frames["initiator"]
    blank = forms["wellbeing"].isna()
    of_one = next(t for t in tables if t.kind == "frequency" and t.variables == ("wellbeing",))
    assert found[of_one.number][None,] == int((blank & (forms["occasion"] == "followup")).sum())
    assert found[of_one.number][NOT_ASKED] == int((blank & (forms["occasion"] == "first")).sum())
    assert sum(found[of_one.number].values()) == len(forms)


def test_a_question_that_the_paper_doesnt_have_is_nobodys_to_answer(marts, monkeypatch) -> None:
    files, _ = marts
    asks = Questionnaire.asks
    monkeypatch.setattr(
        Questionnaire, "asks", lambda paper, question, day: question.name != "helped" and asks(paper, question, day)
    )
    of = catalogue(STUDY)[18]
    assert "helped" in of.variables
    counts = count_with_blanks(STUDY, [of], files)[18]
    at = of.columns.index("helped")
    assert counts
    assert all(codes[at] is not None for codes in counts)
