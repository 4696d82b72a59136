"""Questions with several boxes: what may stand in a table of them, and what a release of one gives away."""

import random
from fractions import Fraction
from itertools import combinations_with_replacement, product

import duckdb
import pytest
from support.kinds_study import kinds_study

from frs_pipeline.errors import InputError
from frs_pipeline.release.attack import attack
from frs_pipeline.release.reading import AxisRead, NumberRead, ReleaseRead, TableRead
from frs_pipeline.release.worlds import Source
from frs_pipeline.study.boxes import answer_to, columns_of, impossible, in_sql, together
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.study.tables import catalogue

A, B, C = BOXES = ("At tale sammen", "Planen", "Maden")
WHOLE = "helped_1+helped_2+helped_4"


@pytest.mark.parametrize("answers", [(0, 0), (0, 1), (1, 1), (None, 1), (None, 0), (None, None)], ids=str)
def test_boxes_together_say_how_many_are_ticked(answers):
    given = dict(zip(("a_1", "a_2"), answers, strict=True))
    said = [code for code in answers if code is not None]
    wanted = None if not said else said.count(1)
    values = ", ".join(f"{'NULL' if code is None else code}::TINYINT AS {name}" for name, code in given.items())
    assert answer_to(together(given), given) == wanted
    assert duckdb.sql(f"SELECT {in_sql(together(given))} FROM (SELECT {values})").fetchall() == [(wanted,)]
    assert columns_of(together(given)) == list(given)
    assert in_sql("a_1") == "a_1"
    for whole in (0, 1, None):
        assert impossible({together(given): whole, **given}) == (whole != wanted)
    assert not impossible({together(given): 1, "a_1": 0, "occasion": "first"})
    assert impossible({together(given): 0, "a_1": 1})
    assert impossible({together(given): None, "a_1": 0})


@pytest.mark.parametrize(
    ("table", "says"),
    [
        (
            "kind: multiple, variable: role",
            "role hasn't several boxes to tick, which kind: multiple counts (write kind: frequency)",
        ),
        (
            "kind: multiple, variable: helped_1",
            "helped_1 hasn't several boxes to tick, which kind: multiple counts (name helped)",
        ),
        ("kind: multiple, variable: helpd", "questionnaire participant has no question helpd (is helped meant?)"),
        ("kind: multiple", "variable is missing"),
        (
            "kind: frequency, variable: helped",
            "helped has several boxes to tick (write kind: multiple, or name a box, as helped_1)",
        ),
        ("kind: crosstab, row: role, column: helped, percent: row", "helped has several boxes to tick (write kind: multiple, or"),
        (
            "kind: frequency, variable: role, where: {helped: [valgt]}",
            "helped has several boxes to tick (write kind: multiple, or",
        ),
        ("kind: multiple, variable: helped, group: hours", "hours is a number (give it groups, or write kind: summary)"),
        ("kind: multiple, variable: helped, group: helped_2", "table 9 crosses a question with itself (name another question)"),
        ("kind: multiple, variable: helped, where: {helped_2: [valgt]}", "where: table 9 shows helped_2 itself"),
        ("kind: multiple, variable: helped, leave_out: {helped: [Mad]}", "question helped has no answer 'Mad' (is Maden meant?)"),
        ("kind: multiple, variable: helped, leave_out: {helped: [At tale sammen, Planen, Maden]}", "no answer of helped is left"),
        ("kind: multiple, variable: helped, collapse: {helped: {X: [Planen, Maden]}}", "boxes of helped can't be merged"),
        ("kind: multiple, variable: helped, percent: row", "percent isn't a key here"),
    ],
)
def test_what_is_wrong_is_said_with_its_line_and_what_is_right(tmp_path, table, says):
    study = kinds_study(tmp_path, f'  - {{number: 9, title: "", mart: participant, {table}}}\n')
    with pytest.raises(InputError) as error:
        catalogue(study)
    assert "tables.yaml:22: " in str(error.value)
    assert says in str(error.value)


def test_the_words_for_boxes_are_those_of_the_study_s_language(tmp_path):
    study = kinds_study(tmp_path)
    file = study.folder / "study.yaml"
    file.write_text(f"languages: [english]\n{file.read_text(encoding='utf-8')}", encoding="utf-8")
    asked = questionnaires(study)["participant"]
    assert asked.question("helped_2").labels == {0: "not ticked", 1: "ticked"}
    both = asked.resolve("helped_1+helped_4")
    assert (both.name, both.text) == ("helped", "Hvad hjalp? (At tale sammen / Maden)")
    assert both.labels == {0: "no box ticked", 1: "one box ticked", 2: "several boxes ticked"}
    assert asked.resolve(WHOLE).text == "Hvad hjalp?"


VALID, MISSING, TICKED = "Total valid", "Missing", frozenset({1})
MANY = {"mor": {A: 20, B: 10, C: 12, VALID: 30, MISSING: 9}, "far": {A: 25, B: 20, C: 20, VALID: 40, MISSING: 9}}
# Every mother ticked one box, so that those who didn't tick the first two ticked the third.
FEW = {"mor": {A: 4, B: 2, C: 4, VALID: 10, MISSING: 9}, "far": {A: 9, B: 5, C: 1, VALID: 14, MISSING: 9}}


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return kinds_study(tmp_path_factory.mktemp("boxes"))


def told(study, counts, hidden, *more):
    """What an attack finds out about the hidden counts of a table of boxes by role, with some more numbers of mothers."""
    both = {row: sum(own[row] for own in counts.values()) for row in (A, B, C, VALID, MISSING)}
    axes = {
        "row": AxisRead(WHOLE, tuple((label, TICKED) for label in BOXES)),
        "group": AxisRead("role", (("mor", frozenset({2})), ("far", frozenset({3})))),
    }
    numbers = {
        ("count", (row, "", group)): NumberRead(None if (row, group) in hidden else Fraction(n))
        for group, own in {**counts, "Total": both}.items()
        for row, n in own.items()
    }
    numbers |= {(measure, (row, "", "mor")): NumberRead(Fraction(value), decimals) for measure, row, value, decimals in more}
    table = TableRead(32, "multiple", ("participant",), "both", (), axes, axes, numbers)
    found = attack(study, Source(ReleaseRead("x", 3, True, True, frozenset({"role"}), True, (table,)), "x"))
    return {number.labels[::2]: (number.low, number.high) for number in found.exposed if number.kind == "hidden"}


def test_whoever_answered_ticked_a_box(study):
    """Of five ticks in the third box, at most four are the mothers', and no fewer; sums alone would leave one of them."""
    assert told(study, FEW, {(C, "mor"), (C, "far")}) == {(C, "mor"): (4, 4), (C, "far"): (1, 1)}
    assert told(study, MANY, {(C, "mor"), (C, "far")}) == {}


@pytest.mark.parametrize(
    "more",
    [("answers", "Total", 42, 0), ("percent", A, "47.6", 1), ("case_percent", "Total", "140.0", 1)],
    ids=lambda more: more[0],
)
def test_all_answers_and_what_is_a_share_of_them_tell_the_one_box_that_is_hidden(study, more):
    assert told(study, MANY, {(C, "mor"), (C, "far")}, more) == {(C, "mor"): (12, 12), (C, "far"): (20, 20)}
    assert told(study, MANY, {(C, "mor"), (C, "far"), (B, "mor"), (B, "far")}, more) == {}


def test_a_share_of_the_forms_tells_a_box_too(study):
    assert told(study, MANY, {(C, "mor"), (C, "far")}, ("case_percent", C, "40.0", 1)) == {
        (C, "mor"): (12, 12),
        (C, "far"): (20, 20),
    }


def test_whoever_ticked_a_box_answered(study):
    """A table of one box of all forms says how many ticked it, which beside a table of all boxes is one of its counts."""
    axes = {"row": AxisRead("helped_4", (("ikke valgt", frozenset({0})), ("valgt", TICKED)))}
    one = {("count", ("valgt", "", "")): NumberRead(Fraction(32))}
    alone = TableRead(35, "frequency", ("participant",), "both", (), axes, axes, one)
    whole = {"row": AxisRead(WHOLE, tuple((label, TICKED) for label in BOXES))}
    counts = {A: 45, B: 30, C: None, VALID: 70, MISSING: 18}
    numbers = {("count", (row, "", "")): NumberRead(None if n is None else Fraction(n)) for row, n in counts.items()}
    table = TableRead(31, "multiple", ("participant",), "both", (), whole, whole, numbers)
    release = ReleaseRead("x", 3, True, True, frozenset(), True, (table, alone))
    found = attack(study, Source(release, "x")).exposed
    assert [(n.labels[0], n.low, n.high) for n in found if n.kind == "hidden"] == [(C, 32, 32)]


def every_way(forms):
    """All ways in which so many forms, each with one or more of three boxes ticked, can have ticked them: ticks by box."""
    ticked = [boxes for boxes in product((0, 1), repeat=3) if any(boxes)]
    ways = combinations_with_replacement(ticked, forms)
    return {tuple(map(sum, zip(*way, strict=True))) for way in ways}


@pytest.mark.parametrize("seed", range(12))
def test_the_attack_is_as_good_as_looking_at_every_world(study, seed):
    chance = random.Random(seed)
    mothers, fathers = (sorted(every_way(forms)) for forms in (6, 5))
    truth = dict(zip(("mor", "far"), (chance.choice(mothers), chance.choice(fathers)), strict=True))
    counts = {
        group: {**dict(zip(BOXES, ticks, strict=True)), VALID: forms, MISSING: 9}
        for (group, ticks), forms in zip(truth.items(), (6, 5), strict=True)
    }
    places = [(box, group) for box in range(3) for group in ("mor", "far", "Total")]

    def value(world, box, group):
        return world["mor"][box] + world["far"][box] if group == "Total" else world[group][box]

    possible = [place for place in places if value(truth, *place)]
    hidden = chance.sample(possible, min(len(possible), 2 + seed % 5))
    worlds = [
        world
        for world in ({"mor": ticks, "far": others} for ticks, others in product(mothers, fathers))
        if all(value(world, *p) >= 1 if p in hidden else value(world, *p) == value(truth, *p) for p in places)
    ]
    ranges = {}
    for box, group in hidden:
        values = [value(world, box, group) for world in worlds]
        if max(values) < 3 or max(values) - min(values) < 3:
            ranges[BOXES[box], group] = (min(values), max(values))
    found = told(study, counts, {(BOXES[box], group) for box, group in hidden})
    assert found == ranges
