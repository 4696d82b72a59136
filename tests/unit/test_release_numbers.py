"""What summaries of numbers tell: the rule that lets them out, the attack on them, and every possible world beside both."""

import csv
import io
from collections import Counter
from decimal import Decimal
from fractions import Fraction
from itertools import combinations_with_replacement, product

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.kinds_study import kinds_study

from frs_pipeline.codebook.pseudonyms import mart_schema
from frs_pipeline.release import making, nesting
from frs_pipeline.release.cells import Forms
from frs_pipeline.release.groups import Group
from frs_pipeline.release.making import Releasing
from frs_pipeline.release.reading import NumberRead, read_release
from frs_pipeline.release.summed import Part, Summed, parts_of
from frs_pipeline.release.values import Spreads, exact_summary
from frs_pipeline.release.worlds import Source
from frs_pipeline.stats.printing import round_half_away
from frs_pipeline.stats.summary import STATISTICS, summary
from frs_pipeline.study.about import occasions
from frs_pipeline.study.numbers import Measured
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.study.release import read_policy, release_policy
from frs_pipeline.study.tables import catalogue

TABLES = """\
  - {number: 11, title: "", kind: frequency, mart: participant, variable: age_group}
  - {number: 12, title: "", kind: summary, mart: participant, variable: age}
  - {number: 13, title: "", kind: summary, mart: participant, variable: nights, group: role}
  - {number: 14, title: "", kind: summary, mart: participant, variable: nights, group: useful}
  - {number: 15, title: "", kind: summary, mart: participant, variable: nights, where: {role: [mor, far]}}
  - {number: 16, title: "", kind: crosstab, mart: participant, row: useful, column: overall, percent: row}
  - {number: 17, title: "", kind: correlation, mart: participant, row: useful, column: overall, where: {role: [mor]}}
  - {number: 18, title: "", kind: crosstab, mart: participant, row: useful, column: overall, percent: row, where: {role: [mor]}}
  - {number: 20, title: "", kind: summary, mart: participant, variable: nights}
"""
NIGHTS = """\
  - {name: nights, source: naetter, text: "Hvor mange nætter?", type: number, unit: 1, range: [0, 9], unit_name: {danish: nætter,
     english: nights}, sensitivity: personal, wording: assumed}
"""
MART = "participant"


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    made = kinds_study(tmp_path_factory.mktemp("numbers"), TABLES)
    with (made.folder / f"questionnaires/{MART}.yaml").open("a", encoding="utf-8") as file:
        file.write(NIGHTS)
    return made


def mart(study, folder, **columns):
    """A mart of these answers, blank elsewhere."""
    folder.mkdir(parents=True, exist_ok=True)
    size = len(next(iter(columns.values())))
    groups = questionnaires(study)[MART].question("age").measured
    columns["age_group"] = [None if age is None else groups.group(age) for age in columns.get("age", [None] * size)]
    fixed = {"form_id": [f"X-{i}" for i in range(size)], "conference_id": ["C"] * size}
    fixed["occasion"] = [next(iter(occasions(study)))] * size
    schema = mart_schema(questionnaires(study)[MART])
    arrays = [pa.array(columns.get(field.name, fixed.get(field.name, [None] * size)), field.type) for field in schema]
    pq.write_table(pa.table(arrays, schema=schema), folder / "mart.parquet")
    return {MART: folder / "mart.parquet"}


def spread_ages(forms, seed=1):
    """Ages of so many forms."""
    return np.random.default_rng(seed).integers(5, 80, forms).tolist()


def nights(forms, seed=1):
    """Numbers of nights of so many forms."""
    return np.random.default_rng(seed).integers(0, 10, forms).tolist()


def of_roles(*forms):
    """The roles of so many children, mothers, fathers, and of those who left it blank."""
    return [code for code, n in zip((1, 2, 3, None), forms, strict=False) for _ in range(n)]


def releasing(study, marts, numbers, forms="x", **kwargs):
    tables = {number: catalogue(study)[number] for number in numbers}
    return Releasing(study, "2021-01-31", tables, marts, release_policy(study), forms=forms, **kwargs)


def released(done):
    """Released statistics, by table, group and measure."""
    rows = csv.DictReader(io.StringIO(done.files["figures.csv"].decode()))
    return {(int(row["table"]), row["group"], row["measure"]): (row["value"], row["status"]) for row in rows}


def withheld(done):
    return {one.table.number: one.reason for one in done.withheld}


def source(done, folder, forms="x"):
    folder.mkdir()
    for name, content in done.files.items():
        (folder / name).write_bytes(content)
    return Source(read_release(folder), forms)


def test_a_summary_of_many_is_released_with_what_many_lie_at(study, tmp_path):
    ages = [18] * 6 + spread_ages(54)[:54]
    ages = [max(age, 18) for age in ages]
    done = releasing(study, mart(study, tmp_path, age=ages), [12]).release()
    found = released(done)
    assert withheld(done) == {}
    assert found[12, "", "n"] == ("60", "shown")
    assert found[12, "", "mean"] == (format(round_half_away(float(np.mean(ages)), 2), "f"), "shown")
    assert found[12, "", "min"] == ("18", "shown")
    assert found[12, "", "max"] == ("", "hidden")
    assert found[12, "", "median"][1] == found[12, "", "q1"][1] == "shown"


def test_quartiles_of_few_are_hidden(study, tmp_path):
    done = releasing(study, mart(study, tmp_path, age=spread_ages(14)), [12]).release()
    found = released(done)
    assert {found[12, "", name][1] for name in ("q1", "q3")} <= {"hidden", "left out"}
    assert found[12, "", "median"][1] != "hidden"  # of 14, seven lie below it


@pytest.mark.parametrize(
    ("roles", "numbers", "refuses"),
    [
        ((30, 40, 30), [13, 14], {14: "cross"}),
        ((30, 40, 30, 3), [13, 20], {20: "few forms"}),
        ((30, 40, 30, 9), [13, 20], {}),
    ],
    ids=["by two questions", "three left the role blank", "nested"],
)
def test_sums_of_few_are_not_to_be_had_from_several_tables(roles, numbers, refuses, study, tmp_path):
    role = of_roles(*roles)
    useful = [1 + at % 4 for at in range(len(role))]
    marts = mart(study, tmp_path, nights=nights(len(role)), role=role, useful=useful)
    done = releasing(study, marts, numbers).release()
    assert withheld(done).keys() == refuses.keys()
    assert all(words in withheld(done)[number] for number, words in refuses.items())


def test_of_all_and_of_all_but_three_not_both_are_summed_up(study, tmp_path):
    """How many they are is hidden in one of the tables, as the difference is three answers; so are its statistics."""
    role = of_roles(3, 40, 40)
    done = releasing(study, mart(study, tmp_path, nights=nights(len(role)), role=role), [15, 20]).release()
    found = released(done)
    assert [found[number, "", "mean"][1] for number in (15, 20) if number not in withheld(done)].count("shown") < 2


@pytest.mark.parametrize("roles", [(30, 40, 30, 3)], ids=str)
def test_the_attack_finds_for_itself_what_the_rule_lets_through(roles, study, tmp_path, monkeypatch):
    """With the rule taken away, nothing else stops the two tables whose difference is the mean of three forms."""
    monkeypatch.setattr(making, "refused", lambda *_: {})
    role = of_roles(*roles)
    done = releasing(study, mart(study, tmp_path, nights=nights(len(role)), role=role), [13, 20]).release()
    assert withheld(done) != {}


def test_the_attack_finds_groups_that_cross(study, tmp_path, monkeypatch):
    monkeypatch.setattr(making, "refused", lambda *_: {})
    role = of_roles(30, 40, 30)
    marts = mart(study, tmp_path, nights=nights(100), role=role, useful=[1 + at % 4 for at in range(100)])
    assert withheld(releasing(study, marts, [13, 14]).release()) != {}


def test_a_single_outlier_that_makes_the_mean_is_not_told(study, tmp_path):
    """Nineteen are newborn and one is 119: mean and deviation say just that."""
    done = releasing(study, mart(study, tmp_path, age=[0] * 30 + [119]), [12]).release()
    found = released(done)
    assert 12 in withheld(done) or found[12, "", "sd"][1] == "left out"


def test_all_of_one_age_are_not_summed_up(study, tmp_path):
    done = releasing(study, mart(study, tmp_path, age=[40] * 20), [12]).release()
    assert "same number" in withheld(done)[12]


def test_beside_hidden_groups_nothing_is_said_of_the_number(study, tmp_path):
    ages = [10] * 2 + [30] * 20 + [50] * 20
    done = releasing(study, mart(study, tmp_path, age=ages), [11, 12]).release()
    assert "group of age" in withheld(done)[12]
    assert withheld(releasing(study, mart(study, tmp_path / "a", age=[12] * 8 + spread_ages(60)), [11, 12]).release()) == {}


@pytest.mark.parametrize(("more", "goes_out"), [(0, False), (3, False), (40, True)])
def test_a_later_delivery_is_summed_up_only_if_many_came(more, goes_out, study, tmp_path):
    numbers = nights(60)
    first = releasing(study, mart(study, tmp_path / "a", nights=numbers), [20]).release()
    # With none more, one of them has given another answer since.
    later = [*numbers, *nights(more, seed=2)] if more else [9 - numbers[0], *numbers[1:]]
    marts = mart(study, tmp_path / "b", nights=later)
    done = releasing(study, marts, [20], forms="y", earlier=[source(first, tmp_path / "first")]).release()
    assert (20 not in withheld(done)) is goes_out


def test_the_same_release_again_says_the_same(study, tmp_path):
    marts = mart(study, tmp_path / "a", nights=nights(60))
    first = releasing(study, marts, [20]).release()
    again = releasing(study, marts, [20], earlier=[source(first, tmp_path / "first")]).release()
    assert again.files == first.files


def test_a_correlation_of_some_is_released_like_any_other(study, tmp_path):
    chance = np.random.default_rng(3)
    role = of_roles(40, 200, 60)
    useful, overall = (chance.integers(1, most, len(role)).tolist() for most in (5, 6))
    marts = mart(study, tmp_path, age=spread_ages(len(role)), role=role, useful=useful, overall=overall)
    found = released(releasing(study, marts, [17]).release())
    assert found[17, "", "n"] == ("200", "shown")
    assert found[17, "", "gamma"][1] == "shown"


def test_gamma_of_some_beside_a_crosstab_of_the_same_with_one_free_count_is_coarser(study, tmp_path):
    """The crosstab of the mothers hides counts; their gamma with three decimals would tell them."""
    cells = {(1, 1): 2, (1, 2): 9, (2, 1): 8, (2, 2): 30}
    answers = [pair for pair, n in cells.items() for _ in range(n)]
    others = [(1 + at % 4, 1 + at % 5) for at in range(80)]
    role = [2] * len(answers) + [3] * len(others)
    useful, overall = ([pair[at] for pair in (*answers, *others)] for at in (0, 1))
    marts = mart(study, tmp_path, age=[30] * len(role), role=role, useful=useful, overall=overall)
    alone = releasing(study, marts, [17]).release()
    beside = releasing(study, marts, [18, 17]).release()
    assert alone.coarser == {}
    assert 18 in withheld(beside) or 17 in withheld(beside) or beside.coarser.get(17)


# An oracle from outside: every way to spread a few forms over a few numbers.
FEW = Measured(Decimal(1), Decimal(0), Decimal(3))
THRESHOLD = 3


def printed(counted, threshold=THRESHOLD, digits=2):
    """What a release prints of these numbers, by the program's own statistics."""
    n = sum(counted.values())
    own = summary(counted, 0)
    few = {name: counted[int(own[name])] < threshold for name in ("min", "max")}
    few |= {"median": (n + 1) // 2 < threshold, "q1": (n + 1) // 4 < threshold, "q3": (n + 1) // 4 < threshold}
    told = {}
    for name, more in STATISTICS.items():
        decimals = min(more, digits)
        text = None if few.get(name) or own[name] is None else format(round_half_away(own[name], decimals), "f")
        told[name] = NumberRead(None) if text is None else NumberRead(Fraction(text), decimals)
    return told


def every_spread(n):
    return [Counter(numbers) for numbers in combinations_with_replacement(range(4), n)]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 3), min_size=3, max_size=5), st.lists(st.integers(0, 3), min_size=3, max_size=5))
def test_nothing_is_told_that_isnt_so_in_every_world_and_nothing_that_is_goes_unseen(one, other):
    """Of two groups and both together: numbers of forms at, from or up to each number."""
    truth = [Counter(one), Counter(other)]
    both = truth[0] + truth[1]
    said = [printed(counted) for counted in (*truth, both)]
    groups = [Group((MART,), "both", (("role", frozenset(codes)),)) for codes in ({1}, {2}, {1, 2})]
    sizes = [len(one), len(other), len(one) + len(other)]
    sets = [Summed(13, ("", "", str(at)), groups[at], sizes[at], said[at]) for at in range(3)]
    parts = [Part(frozenset({0, 2}), len(one)), Part(frozenset({1, 2}), len(other))]
    found = Spreads(FEW, sets, parts, {}, THRESHOLD).told([], uniform=False)
    worlds = [
        (a, b, a + b)
        for a, b in product(every_spread(len(one)), every_spread(len(other)))
        if (printed(a), printed(b), printed(a + b)) == tuple(said)
    ]
    assert (*truth, both) in worlds
    few = False
    for at in range(3):
        for numbers in (
            [[value] for value in range(4)] + [range(low, 4) for low in range(4)] + [range(high) for high in range(1, 5)]
        ):
            forms = [sum(world[at][value] for value in numbers) for world in worlds]
            few = few or 0 < min(forms) <= max(forms) < THRESHOLD
    assert (found is not None) is few


@given(st.lists(st.integers(-50, 50), min_size=1, max_size=30))
def test_the_attack_reckons_as_the_tables_do(numbers):
    exact, own = exact_summary(Counter(numbers)), summary(Counter(numbers), 0)
    assert {name: float(exact[name]) for name in STATISTICS if name != "sd"} == pytest.approx(
        {n: own[n] for n in STATISTICS if n != "sd"}
    )
    assert own["sd"] is None or float(exact["variance"]) == pytest.approx(own["sd"] ** 2)


codes = st.frozensets(st.integers(1, 3), min_size=1)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(codes, codes), min_size=1, max_size=4), st.lists(st.integers(0, 9), min_size=9, max_size=9))
def test_no_sum_of_sums_is_about_few_where_the_rule_accepts_and_the_attack_agrees(study, wanted, forms):
    """Every sum of the released sums, each taken up to twice, added or subtracted, against the forms that it is about."""
    cells = dict(zip(product((1, 2, 3), repeat=2), forms, strict=True))
    answers = [tuple((name, some) for name, some in zip(("role", "useful"), pair, strict=True)) for pair in dict.fromkeys(wanted)]
    sets = [Forms((MART,), "both", one) for one in answers]
    inside = np.array([[row in one[0][1] and column in one[1][1] for row, column in cells] for one in answers], dtype=int)
    sizes = inside @ np.array(forms)
    nest = nesting._Nest(dict(zip(sets, sizes.tolist(), strict=True)))
    accepted = nest.crossed(sets) is None and not any(0 < nest.rest(one) < 5 for one in sets)
    summed = [Summed(1, ("", "", str(at)), Group(*one), int(n), {}) for at, (one, n) in enumerate(zip(sets, sizes, strict=True))]
    parts = parts_of(study, summed)
    attacked = parts is not None and not any(0 < part.n < 5 for part in parts)
    assert not accepted or attacked
    few = False
    for factors in product(range(-2, 3), repeat=len(sets)):
        left = sum(n for n, times in zip(forms, np.array(factors) @ inside, strict=True) if times)
        few = few or 0 < left < 5
    assert not (attacked and few)


def test_a_weaker_rule_would_let_a_sum_of_few_out():
    """The same as above, with a difference of three forms: what the check of the rest is for."""
    whole, part = (Forms((MART,), "both", (("role", frozenset(some)),)) for some in ({1, 2}, {1}))
    nest = nesting._Nest({whole: 23, part: 20})
    assert nest.crossed([whole, part]) is None
    assert nest.rest(whole) == 3


@given(st.lists(st.integers(0, 9), min_size=1, max_size=40))
def test_the_threshold_of_forms_lies_at_or_beyond_what_is_said_of_the_order(study, numbers):
    policy, counted = release_policy(study), Counter(numbers)
    unsaid = {
        measure for _, measure in nesting.not_said(catalogue(study)[20], {(number,): n for number, n in counted.items()}, policy)
    }
    own = summary(counted, 0)
    below, above = (("min", "q1", "median"), ("median", "q3", "max"))
    for measure in {*below, *above} - unsaid:
        if measure in below:
            assert sum(number <= own[measure] for number in numbers) >= policy.threshold
        if measure in above:
            assert sum(number >= own[measure] for number in numbers) >= policy.threshold
    assert ("min" in unsaid) is (numbers.count(min(numbers)) < policy.threshold)


def test_groups_of_a_number_may_be_merged_before_any_is_hidden(study, tmp_path):
    text = (study.folder / "release.yaml").read_text(encoding="utf-8")
    path = tmp_path / "release.yaml"
    path.write_text(f'{text}\ncollapse:\n  age_group: [{{0-39: ["0-17", "18-39"]}}]\n', encoding="utf-8")
    policy = read_policy(study, path)
    marts = mart(study, tmp_path, age=[10] * 2 + [30] * 20 + [50] * 20)
    done = Releasing(study, "2021-01-31", {11: catalogue(study)[11]}, marts, policy, forms="x").release()
    rows = {
        row["row"]: row["value"]
        for row in csv.DictReader(io.StringIO(done.files["figures.csv"].decode()))
        if row["measure"] == "count"
    }
    assert rows == {"0-39": "22", "40+": "20", "Total valid": "42", "Missing": "0", "Total": "42"}
