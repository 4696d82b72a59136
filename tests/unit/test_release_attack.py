"""Leaks that people have made, planted into releases: the attack has to find each, and to leave the harmless alone."""

from itertools import combinations, product

import numpy as np
import pytest
from support.releases import Hand, frames, whole, write_marts
from support.study import STUDY

from frs_pipeline.errors import CheckFailed, InputError
from frs_pipeline.release.attack import attack
from frs_pipeline.release.cells import places
from frs_pipeline.release.reading import read_release
from frs_pipeline.release.worlds import Source
from frs_pipeline.study.release import release_policy
from frs_pipeline.study.tables import Axis, Category, Table

LOW, LOWEST = "mindre god", "dårlig"


@pytest.fixture(scope="module")
def marts(tmp_path_factory):
    return write_marts(frames(), tmp_path_factory.mktemp("marts"))


def corners(rows, columns):
    return [(row, column) for row in rows for column in columns]


# Table 1: role by opinion of the conference; 42 is the same table; 3 adds up both occasions; 2 is the follow-up.
# Each leak: the tables, what is done to them, and what has to be found: kind, table, labels.
LEAKS = {
    "subtraction in a row and a column": ([1], lambda r: r.hide(1, ("barn", LOW)), (1, "barn", LOW)),
    "subtraction in the columns": ([1], lambda r: r.hide(1, ("barn", LOW), ("barn", LOWEST)), (1, "barn", LOW)),
    "subtraction in the rows": ([1], lambda r: r.hide(1, ("barn", LOW), ("mor", LOW)), (1, "mor", LOW)),
    "a corner of the rectangle is told": (
        [1],
        lambda r: r.hide(1, ("barn", LOW), ("barn", "god"), ("familie", LOW)),
        (1, "barn", LOW),
    ),
    "a margin hidden alone": ([1], lambda r: r.hide(1, ("barn", "Total")), (1, "barn", "Total")),
    "the grand total hidden alone": ([1], lambda r: r.hide(1, ("Total", "Total")), (1, "Total", "Total")),
    "a row's total and one cell": ([1], lambda r: r.hide(1, ("barn", "Total"), ("barn", LOW)), (1, "barn", LOW)),
    "a frequency less its other answers": ([58], lambda r: r.hide(58, "rigtig mange"), (58, "rigtig mange", "")),
    "missing = total - valid": ([58], lambda r: r.hide(58, "Missing"), (58, "Missing", "")),
    "valid = total - missing": ([58], lambda r: r.hide(58, "Total valid"), (58, "Total valid", "")),
    "an answer = total - missing - others": (
        [58],
        lambda r: r.hide(58, "rigtig mange", "Total valid"),
        (58, "rigtig mange", ""),
    ),
    "the same table elsewhere": (
        [1, 42],
        lambda r: r.hide(1, *corners(("barn", "familie"), (LOW, LOWEST))),
        (1, "barn", LOW),
    ),
    "the same variable in another table": (
        [1, 2, 3],
        lambda r: r.hide(2, *corners(("barn", "familie", "Total"), (LOW, LOWEST))),
        (2, "Total", LOW),
    ),
    "both tables hide, their sum tells": (
        [1, 2, 3],
        lambda r: r.hide(2, ("Total", LOW), ("Total", "god"), ("barn", LOW), ("barn", "god")).hide(
            1, ("far", LOWEST), ("far", LOW), ("familie", LOWEST), ("familie", LOW)
        ),
        (2, "Total", LOW),
    ),
    "part of a larger population": (
        [58, 59],
        lambda r: r.hide(58, "rigtig mange", "mange").hide(59, *corners(("barn", "familie"), ("almindeligt", "få"))),
        (58, "rigtig mange", ""),
    ),
    "a row's percentage": (
        [1],
        lambda r: r.hide(1, *corners(("barn", "familie"), ("god", LOW))).tell(1, ("barn", LOW), "row_percent", 1),
        (1, "barn", LOW),
    ),
    "a percentage of all": (
        [24],
        lambda r: r.hide(24, *corners(("let", "mellem"), ("i midten", "i mindre grad"))).tell(
            24, ("let", "i mindre grad"), "total_percent", 1
        ),
        (24, "let", "i mindre grad"),
    ),
    "the percentage of a column's total": (
        [1],
        lambda r: r.hide(1, *corners(("barn", "Total"), ("god", LOW))).tell(1, ("Total", LOW), "row_percent", 1),
        (1, "barn", LOW),
    ),
    "a valid percentage": (
        [58],
        lambda r: r.hide(58, "rigtig mange", "mange").tell(58, "rigtig mange", "valid_percent", 1),
        (58, "rigtig mange", ""),
    ),
    "a percentage with blanks": (
        [58],
        lambda r: r.hide(58, "rigtig mange", "mange").tell(58, "mange", "percent", 1),
        (58, "mange", ""),
    ),
    "a cumulative percentage": (
        [58],
        lambda r: r.hide(58, "rigtig mange", "mange").tell(58, "rigtig mange", "cumulative_percent", 1),
        (58, "rigtig mange", ""),
    ),
    "two cumulative percentages": (
        [58],
        lambda r: r.hide(58, "mange", "almindeligt", "få").tell(58, "mange", "cumulative_percent", 1),
        (58, "mange", ""),
    ),
    "a rounded percentage of few": (
        [1],
        lambda r: r.hide(1, *corners(("barn", "familie"), ("god", LOW))).tell(1, ("barn", LOW), "row_percent", 0),
        (1, "barn", LOW),
    ),
    "a count and its percentage give the base": (
        [1],
        lambda r: r.hide(1, ("barn", "Total"), ("barn", LOW), ("familie", "Total"), ("familie", LOW)).tell(
            1, ("barn", "god"), "row_percent", 1
        ),
        (1, "barn", "Total"),
    ),
    "a percentage of two occasions": (
        [3],
        lambda r: r.hide(3, "Mindre god", "Dårlig").tell(3, "Dårlig", "percent", 1),
        (3, "Dårlig", ""),
    ),
    "N of a correlation beside a hidden total": (
        [24, 25],
        lambda r: r.hide(24, ("meget let", "i midten"), ("meget let", "Total"), ("Total", "i midten"), ("Total", "Total")),
        (24, "Total", "Total"),
    ),
    "layers that add up to the total": ([64], lambda r: r.hide(64, ("", "", "barn")), (64, "", "", "barn")),
    "a zero in the rectangle": (
        [24],
        lambda r: r.hide(24, ("meget let", "i mindre grad"), ("let", "i mindre grad"), ("let", "slet ikke")),
        (24, "meget let", "i mindre grad"),
    ),
    "two hidden counts that can only be one each": (
        [24],
        lambda r: r.hide(24, *corners(("meget let", "let"), ("i midten", "i mindre grad"))),
        (24, "meget let", "i mindre grad"),
    ),
    "all in all too few": ([1], lambda r: r.hide(1, *corners(("barn", "mor"), (LOW, LOWEST))), (1, "barn", LOW)),
    "merged answers taken apart by another table": (
        [1, 42],
        lambda r: r.merge(1, "column", "ringe", (LOW, LOWEST)),
        ("merged", 1, "barn", LOW),
    ),
    "merged in two ways": (
        [1, 42],
        lambda r: r.merge(1, "column", "ringe", (LOW, LOWEST)).merge(42, "column", "middel", ("nogenlunde", LOW)),
        ("merged", 1, "barn", LOW),
    ),
    "a withheld table is told by another": ([1], lambda r: r.withhold(42), ("merged", 42, "barn", LOW)),
    "gamma beside one free cell": (
        [24, 25],
        lambda r: r.hide(24, *corners(("let", "mellem"), ("i midten", "i mindre grad"))).without_statistics("ase", "t", "p"),
        ("statistic", 25, "let", "i midten"),
    ),
    "a standard error beside one free cell": (
        [24, 25],
        lambda r: r.hide(24, *corners(("let", "mellem"), ("i midten", "i mindre grad"))).without_statistics("gamma", "t", "p"),
        ("statistic", 25, "let", "i midten"),
    ),
    "T beside one free cell": (
        [24, 25],
        lambda r: r.hide(24, *corners(("let", "mellem"), ("i midten", "i mindre grad"))).without_statistics("gamma", "ase", "p"),
        ("statistic", 25, "let", "i midten"),
    ),
}


@pytest.mark.parametrize("name", LEAKS)
def test_a_planted_leak_is_found(name, marts, tmp_path):
    numbers, plant, leak = LEAKS[name]
    kind, table, *labels = leak if isinstance(leak[0], str) else ("hidden", *leak)
    assert (kind, table, (*labels, "", "")[:3]) in plant(Hand(numbers, marts)).exposed(tmp_path / "release")


SAFE = {
    "a rectangle with room": ([1], lambda r: r.hide(1, *corners(("barn", "familie"), ("god", LOW)))),
    "two answers of a frequency": ([58], lambda r: r.hide(58, "rigtig mange", "mange")),
    "the same hidden in both copies": (
        [1, 42],
        lambda r: r.hide(1, *corners(("barn", "familie"), ("god", LOW))).hide(42, *corners(("barn", "familie"), ("god", LOW))),
    ),
    "the rest of one percentage": (
        [58],
        lambda r: r.hide(58, "rigtig mange", "mange").tell(58, "mange", "cumulative_percent", 1),
    ),
    "a rounded percentage of many": (
        [58],
        lambda r: r.hide(58, "rigtig mange", "mange").tell(58, "rigtig mange", "percent", 0),
    ),
    "no statistics beside one free cell": (
        [24, 25],
        lambda r: r.hide(24, *corners(("let", "mellem"), ("i midten", "i mindre grad"))).without_statistics(
            "gamma", "ase", "t", "p"
        ),
    ),
    "merged in one way": ([1, 42], lambda r: r.merge(1, "column", "x", (LOW, LOWEST)).merge(42, "column", "x", (LOW, LOWEST))),
}


@pytest.mark.parametrize("name", SAFE)
def test_what_gives_nothing_away_passes(name, marts, tmp_path):
    numbers, plant = SAFE[name]
    assert plant(Hand(numbers, marts)).exposed(tmp_path / "release") == set()


BARN = [("barn", LOW), ("barn", "god"), ("familie", LOW), ("familie", "god")]
FAR = [("barn", LOW), ("barn", "nogenlunde"), ("mor", LOW), ("mor", "nogenlunde")]


def earlier(folder, marts, plant, forms="forms", delivery="2021-01-31", numbers=(1,)):
    return [plant(Hand(numbers, marts, delivery=delivery)).source(folder / "earlier", forms)]


def test_two_releases_that_hide_different_counts_tell_them(marts, tmp_path):
    before = earlier(tmp_path, marts, lambda r: r.hide(1, *BARN))
    now = Hand([1], marts).hide(1, *FAR)
    assert now.exposed(tmp_path / "alone") == set()
    assert ("hidden", 1, ("barn", LOW, "")) in now.exposed(tmp_path / "now", before)


def test_what_an_earlier_release_told_is_called_so(marts, tmp_path):
    before = earlier(tmp_path, marts, lambda r: r)
    found = attack(STUDY, Hand([1], marts).hide(1, *BARN).source(tmp_path / "now"), before)
    assert found.exposed and not found.new


def test_the_same_release_again_tells_no_more(marts, tmp_path):
    before = earlier(tmp_path, marts, lambda r: r.hide(1, *BARN))
    assert Hand([1], marts).hide(1, *BARN).exposed(tmp_path / "now", before) == set()


def test_other_tables_of_the_same_forms_tell_an_earlier_hidden_count(marts, tmp_path):
    before = earlier(tmp_path, marts, lambda r: r.hide(1, *BARN))
    assert ("hidden", 1, ("barn", LOW, "")) in Hand([42], marts).exposed(tmp_path / "now", before)


def test_gamma_of_an_earlier_release_tells_a_crosstab(marts, tmp_path):
    before = earlier(tmp_path, marts, lambda r: r, numbers=(25,))
    now = Hand([24], marts).hide(24, *corners(("let", "mellem"), ("i midten", "i mindre grad")))
    assert now.exposed(tmp_path / "alone") == set()
    assert ("statistic", 24, ("let", "i midten", "")) in now.exposed(tmp_path / "now", before)


@pytest.fixture(scope="module")
def grown(tmp_path_factory):
    """The marts with three forms more, of one conference."""
    added = [{"role": 1, "overall": 5}, {"role": 2, "overall": 4}, {"role": 4, "overall": 1}]
    return write_marts(frames(first=added), tmp_path_factory.mktemp("grown"))


def test_a_later_delivery_tells_the_forms_that_came(marts, grown, tmp_path):
    before = earlier(tmp_path, marts, lambda r: r, "old")
    found = Hand([1], grown, delivery="2021-06-30").exposed(tmp_path / "now", before)
    assert {("change", 1, ("barn", LOWEST, "")), ("change", 1, ("Total", "Total", ""))} <= found
    assert ("change", 1, ("far", "god", "")) not in found


def test_a_withdrawal_tells_the_forms_that_went(marts, grown, tmp_path):
    before = earlier(tmp_path, grown, lambda r: r, "old")
    found = Hand([1], marts, delivery="2021-06-30").exposed(tmp_path / "now", before)
    assert ("change", 1, ("barn", LOWEST, "")) in found


def test_a_change_of_hidden_counts_is_not_told(marts, grown, tmp_path):
    # Opinions can move between a cell that is hidden and another; that three forms came is told by the total alone.
    hide = [("barn", LOWEST), ("barn", "god"), ("familie", LOWEST), ("familie", "god")]
    before = earlier(tmp_path, marts, lambda r: r.hide(1, *hide), "old")
    found = Hand([1], grown, delivery="2021-06-30").hide(1, *hide).exposed(tmp_path / "now", before)
    assert ("change", 1, ("barn", LOWEST, "")) in found  # no more forms came than three
    assert ("hidden", 1, ("barn", LOWEST, "")) not in found


def test_an_old_hidden_count_is_told_by_an_unchanged_later_one(marts, grown, tmp_path):
    before = earlier(tmp_path, marts, lambda r: r.hide(1, *BARN), "old")
    found = Hand([1], grown, delivery="2021-06-30").exposed(tmp_path / "now", before)
    assert ("hidden", 1, ("barn", LOW, "")) in found


def test_numbers_that_contradict_each_other_are_refused(marts, tmp_path):
    folder = Hand([1], marts).write(tmp_path / "release")
    text = (folder / "figures.csv").read_text()
    (folder / "figures.csv").write_text(text.replace("1,barn,god,,count,20,shown", "1,barn,god,,count,21,shown"))
    with pytest.raises(CheckFailed, match="contradict"):
        attack(STUDY, Source(read_release(folder), "forms"))


def test_a_folder_without_a_release_is_refused(tmp_path):
    with pytest.raises(InputError, match="isn't a release"):
        read_release(tmp_path)


def _axis(question):
    return Axis(variable=question, categories=(Category(label="ja", codes=(1,)), Category(label="nej", codes=(2,))))


# An oracle from outside: every world of a few forms and two yes-or-no questions, one after the other.
YES_NO = {
    101: Table(
        number=101, title="a", kind="frequency", marts=("participant_first",), occasion="both", row=_axis("made_questions")
    ),
    102: Table(
        number=102, title="b", kind="frequency", marts=("participant_first",), occasion="both", row=_axis("right_questions")
    ),
    103: Table(
        number=103,
        title="c",
        kind="crosstab",
        marts=("participant_first",),
        occasion="both",
        row=_axis("made_questions"),
        column=_axis("right_questions"),
        percent="row",
    ),
}
FORMS = 11


@pytest.fixture(scope="module")
def every_world():
    """All ways to spread the forms over made_questions (ja, nej, blank) by right_questions: (worlds, 3, 3)."""
    bars = np.array(list(combinations(range(FORMS + 8), 8)))
    edges = np.column_stack([np.full(len(bars), -1), bars, np.full(len(bars), FORMS + 8)])
    return (np.diff(edges, axis=1) - 1).reshape(-1, 3, 3)


def _value(worlds, table, labels):
    """What a count is in each world."""
    ways = {"ja": [0], "nej": [1], "Total": [0, 1], "Total valid": [0, 1], "Missing": [2]}
    rows, columns = labels[0], labels[1] or None
    if table == 103:
        return worlds[:, ways[rows], :][:, :, ways[columns]].sum(axis=(1, 2))
    of = worlds.sum(axis=2) if table == 101 else worlds.sum(axis=1)
    return of[:, [0, 1, 2] if rows == "Total" else ways[rows]].sum(axis=1)


@pytest.mark.parametrize("seed", [*range(3), *(pytest.param(seed, marks=pytest.mark.minutes) for seed in range(3, 12))])
def test_the_attack_is_as_good_as_looking_at_every_world(seed, every_world, tmp_path):
    chance = np.random.default_rng(seed)
    truth = every_world[chance.integers(len(every_world))]
    said = [
        (i + 1 if i < 2 else None, j + 1 if j < 2 else None) for i, j in product(range(3), repeat=2) for _ in range(truth[i, j])
    ]
    columns = {"made_questions": [a for a, _ in said], "right_questions": [b for _, b in said]}
    made = write_marts({"participant_first": whole("participant_first", columns)}, tmp_path)
    policy = release_policy(STUDY).model_copy(update={"threshold": 3})
    release = Hand(YES_NO, made, YES_NO, policy=policy)
    true = {(t, place): int(_value(truth[None], t, place)[0]) for t, table in YES_NO.items() for place in places(STUDY, table)}
    every = [cell for cell, value in true.items() if value > 0]
    hidden = [every[i] for i in chance.choice(len(every), min(len(every), 5 + seed % 4), replace=False)]
    for table, place in hidden:
        release.hide(table, place)
    fits = np.ones(len(every_world), dtype=bool)
    for cell, value in true.items():
        values = _value(every_world, *cell)
        fits &= values >= 1 if cell in hidden else values == value
    worlds, told = every_world[fits], set()
    for table, place in hidden:
        values = _value(worlds, table, place)
        if values.max() < 3 or values.max() - values.min() < 3:
            told.add((table, place))
    found = attack(STUDY, release.source(tmp_path / "release")).exposed
    printed = [e for e in found if e.kind == "hidden"]
    # Two numbers that are the same sum are looked for once.
    assert {(e.table, e.labels) for e in printed} <= told
    assert {_sum_of(e.table, e.labels) for e in printed} == {_sum_of(*cell) for cell in told}
    for e in found:
        values = _forms(worlds, e.of[0]) - (_forms(worlds, e.of[1]) if len(e.of) > 1 else 0)
        assert (e.low, e.high) == (values.min(), values.max())
    # Every combination of two answers, and of one with a blank where it is told that somebody gave it.
    shown = {_sum_of(*cell) for cell in true if cell not in hidden}
    cells = {(i, j): worlds[:, i, j] for i, j in product(range(3), repeat=2) if (i, j) != (2, 2)}
    narrow = {
        place
        for place, values in cells.items()
        if values.max() >= 1
        and (2 not in place or values.min() >= 1)
        and (values.max() < 3 or (values.max() - values.min() < 3 and values.min() < 3))
        and 2.0 ** (3 * place[0] + place[1]) not in shown
    }
    assert narrow <= {_cell(e.of[0]) for e in found if len(e.of) == 1}


def _codes(group, question):
    said = dict(group.answers).get(question, {1, 2, None})
    return [2 if code is None else code - 1 for code in said]


def _forms(worlds, group):
    return worlds[:, _codes(group, "made_questions"), :][:, :, _codes(group, "right_questions")].sum(axis=(1, 2))


def _cell(group):
    rows, columns = _codes(group, "made_questions"), _codes(group, "right_questions")
    return (rows[0], columns[0]) if len(rows) == len(columns) == 1 else None


def _sum_of(table, labels):
    places = np.arange(9.0).reshape(1, 3, 3)
    return float(_value(2**places, table, labels)[0])
