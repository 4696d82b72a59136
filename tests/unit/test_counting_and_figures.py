"""Counts and figures of every kind of table against pandas and against pairs compared one by one."""

import itertools
import math

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.random_marts import random_frame, write_marts
from support.study import STUDY

from frs_pipeline.stats.printing import NOT_COMPUTABLE, parse, round_half_away
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.study.tables import catalogue, read_catalogue
from frs_pipeline.tables import counting
from frs_pipeline.tables.counting import count, grouped, groupings
from frs_pipeline.tables.engine import open_marts, querying
from frs_pipeline.tables.figures import FIGURES, as_table, figures, from_table

CATALOGUE = """\
tables:
  - {number: 1, title: "", kind: frequency, mart: initiator, variable: conflict}
  - {number: 2, title: "", kind: frequency, mart: initiator, variable: wellbeing, occasion: followup,
     leave_out: {wellbeing: [slet ikke]}}
  - {number: 3, title: "", kind: distribution, mart: participant_first, also: participant_followup, variable: overall,
     answered: [role]}
  - {number: 4, title: "", kind: crosstab, mart: participant_first, row: role, column: plan_satisfied, percent: row,
     leave_out: {plan_satisfied: [ved ikke]}}
  - {number: 5, title: "", kind: crosstab, mart: participant_followup, row: conflict, column: helped, percent: total}
  - {number: 6, title: "", kind: collapsed_crosstab, mart: initiator, row: conflict, column: wellbeing,
     collapse: {conflict: {få: [få, slet ingen], mange: [rigtig mange, mange]}}}
  - {number: 7, title: "", kind: correlation, mart: initiator, row: conflict, column: belief}
  - {number: 8, title: "", kind: correlation, mart: initiator, row: conflict, column: belief, reverse: [conflict]}
  - {number: 9, title: "", kind: correlation_by_group, mart: participant_followup, row: conflict, column: belief, group: role}
  - {number: 10, title: "", kind: frequency, mart: initiator, variable: conflict, occasion: first}
  - {number: 11, title: "", kind: distribution, mart: participant_first, variable: overall}
"""
USED = ("participant_first", "participant_followup", "initiator")


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    path = tmp_path_factory.mktemp("catalogue") / "tables.yaml"
    path.write_text(CATALOGUE, encoding="utf-8")
    return read_catalogue(STUDY, path)


def write(frames, folder):
    return open_marts(write_marts(frames, folder))


@pytest.fixture(scope="module")
def frames():
    return {name: random_frame(name, 130, seed) for seed, name in enumerate(USED, start=7)}


@pytest.fixture(scope="module")
def found(tables, frames, tmp_path_factory):
    """Figures of each table, by (row, column, group, measure)."""
    counted = count(tables.values(), write(frames, tmp_path_factory.mktemp("marts")))
    return {n: by_address(figures(table, counted[n])) for n, table in tables.items()}


def by_address(listed):
    addressed = {(f.row, f.column, f.group, f.measure): f for f in listed}
    assert len(addressed) == len(listed)
    return addressed


def values(addressed, measure):
    return {(row, column): f.value for (row, column, _, m), f in addressed.items() if m == measure}


def labelled(frame, mart, variable, left_out=()):
    """A column with labels for codes, categories in the order of the scale; what is left out becomes a blank."""
    labels = {c: text for c, text in questionnaires(STUDY)[mart].question(variable).labels.items() if text not in left_out}
    return pd.Categorical(frame[variable].map(labels), categories=list(labels.values()))


def with_totals(left, right):
    cells = pd.crosstab(left, right, dropna=False)
    cells = cells.loc[left.categories, right.categories]
    cells["Total"] = cells.sum(axis=1)
    cells.loc["Total"] = cells.sum()
    return cells


def pairs(left, right):
    """Concordant and discordant pairs, each pair of forms looked at once."""
    both = [(a, b) for a, b in zip(left, right, strict=True) if not (pd.isna(a) or pd.isna(b))]
    signs = [np.sign((a - c) * (b - d)) for (a, b), (c, d) in itertools.combinations(both, 2)]
    return signs.count(1), signs.count(-1), len(both)


@pytest.mark.parametrize(
    ("number", "variable", "occasion", "left_out"),
    [(1, "conflict", None, []), (10, "conflict", "first", []), (2, "wellbeing", "followup", ["slet ikke"])],
)
def test_a_frequency_counts_answers_blanks_and_shares(found, frames, number, variable, occasion, left_out):
    forms = frames["initiator"]
    forms = forms if occasion is None else forms[forms["occasion"] == occasion]
    answers = pd.Series(labelled(forms, "initiator", variable, left_out))
    counted = answers.value_counts(sort=False)
    valid, total = int(counted.sum()), len(forms)
    assert values(found[number], "count") == {
        **{(label, ""): n for label, n in counted.items()},
        ("Total valid", ""): valid,
        ("Missing", ""): total - valid,
        ("Total", ""): total,
    }
    shares = {**counted, "Total valid": valid}
    assert values(found[number], "valid_percent") == pytest.approx({(k, ""): 100 * n / valid for k, n in shares.items()})
    shares = {**shares, "Missing": total - valid, "Total": total}
    assert values(found[number], "percent") == pytest.approx({(k, ""): 100 * n / total for k, n in shares.items()})
    running = 100 * counted.cumsum() / valid
    assert values(found[number], "cumulative_percent") == pytest.approx({(k, ""): v for k, v in running.items()})


def test_a_distribution_adds_two_marts_of_forms_that_answered_the_other_question_too(found, frames):
    both = []
    for mart in ("participant_first", "participant_followup"):
        forms = frames[mart][frames[mart]["role"].notna()]
        both.append(pd.Series(labelled(forms, mart, "overall")).value_counts(sort=False))
    counted = both[0] + both[1]
    expected = {**counted, "Total": counted.sum()}
    assert values(found[3], "count") == {(label, ""): n for label, n in expected.items()}
    assert values(found[3], "percent") == pytest.approx({(k, ""): 100 * n / counted.sum() for k, n in expected.items()})


@pytest.mark.parametrize(
    ("number", "mart", "row", "column", "left_out", "measure"),
    [
        (4, "participant_first", "role", "plan_satisfied", ["ved ikke"], "row_percent"),
        (5, "participant_followup", "conflict", "helped", [], "total_percent"),
    ],
)
def test_a_crosstab_counts_pairs_of_answers(found, frames, number, mart, row, column, left_out, measure):
    left, right = labelled(frames[mart], mart, row), labelled(frames[mart], mart, column, left_out)
    cells = with_totals(left, right)
    assert values(found[number], "count") == cells.stack().to_dict()
    whole = cells["Total"] if measure == "row_percent" else cells.loc["Total", "Total"]
    assert values(found[number], measure) == pytest.approx((100 * cells.div(whole, axis=0)).stack().to_dict())
    assert {key[3] for key in found[number]} == {"count", measure}


def test_collapsed_answers_are_added_and_the_rest_left_out(found, frames):
    merged = frames["initiator"]["conflict"].map({4: "få", 5: "få", 1: "mange", 2: "mange"})
    cells = with_totals(pd.Categorical(merged, ["få", "mange"]), labelled(frames["initiator"], "initiator", "wellbeing"))
    assert values(found[6], "count") == cells.stack().to_dict()
    assert values(found[6], "total_percent") == pytest.approx((100 * cells / cells.loc["Total", "Total"]).stack().to_dict())


def test_a_correlation_is_that_of_the_pairs_of_forms(found, frames):
    concordant, discordant, n = pairs(frames["initiator"]["conflict"], frames["initiator"]["belief"])
    assert values(found[7], "gamma") == pytest.approx({("", ""): (concordant - discordant) / (concordant + discordant)})
    assert values(found[7], "n") == {("", ""): n}
    t = found[7]["", "", "", "t"].value
    assert found[7]["", "", "", "p"].value == pytest.approx(math.erfc(abs(t) / math.sqrt(2)))


def test_a_turned_scale_turns_the_sign_and_nothing_else(found):
    plain, turned = ({m: found[n]["", "", "", m].value for m in ("gamma", "ase", "t", "p", "n")} for n in (7, 8))
    assert turned == pytest.approx({**plain, "gamma": -plain["gamma"], "t": -plain["t"]})


def test_a_correlation_by_group_has_each_group_the_total_and_the_partial(found, frames):
    forms = frames["participant_followup"]
    labels = questionnaires(STUDY)["participant_followup"].question("role").labels
    of_group = {
        label: pairs(*(forms.loc[forms["role"] == code, v] for v in ("conflict", "belief"))) for code, label in labels.items()
    }
    known = forms[forms["role"].notna()]
    of_group["Total"] = pairs(known["conflict"], known["belief"])
    for label, (concordant, discordant, n) in of_group.items():
        assert found[9]["", "", label, "gamma"].value == pytest.approx((concordant - discordant) / (concordant + discordant))
        assert found[9]["", "", label, "n"].value == n
    within = [of_group[label] for label in labels.values()]
    concordant, discordant = (sum(group[i] for group in within) for i in (0, 1))
    assert found[9]["", "", "Total", "partial_gamma"].value == pytest.approx(
        (concordant - discordant) / (concordant + discordant)
    )


def test_every_printed_string_is_its_rounded_value(found):
    for addressed in found.values():
        for figure in addressed.values():
            decimals = len(figure.printed.rstrip("%").partition(",")[2])
            assert parse(figure.printed.rstrip("%")) == round_half_away(figure.value, decimals)
            assert decimals == {"count": 0, "n": 0, "gamma": 3, "ase": 3, "t": 3, "p": 3, "partial_gamma": 3}.get(
                figure.measure, 0 if figure.table in (3, 11) else 1
            )


def test_counts_keep_blanks_and_lose_no_form(tables, frames, tmp_path):
    counted = count(tables.values(), write(frames, tmp_path))
    assert sum(counted[7].values()) == 130
    assert any(None in codes for codes in counted[7])
    assert sum(counted[2].values()) == (frames["initiator"]["occasion"] == "followup").sum()
    assert sum(counted[3].values()) == sum(frames[m]["role"].notna().sum() for m in USED[:2])


def test_tables_counted_together_and_alone_are_the_same(tables, frames, tmp_path):
    marts = write(frames, tmp_path)
    together = count(tables.values(), marts)
    assert {n: count([table], marts)[n] for n, table in tables.items()} == together


def test_an_occasion_that_no_table_asks_for_is_neither_lost_nor_taken_for_another(tables, frames, tmp_path):
    forms = frames["initiator"].assign(occasion=["first", "second", "third", "followup", "zeroth"] * 26)
    counted = count([tables[number] for number in (1, 2, 10)], write({"initiator": forms}, tmp_path))
    assert {number: sum(counts.values()) for number, counts in counted.items()} == {1: 130, 2: 26, 10: 26}
    for number, occasion, name in ((2, "followup", "wellbeing"), (10, "first", "conflict")):
        answers = forms.loc[forms["occasion"] == occasion, name]
        assert {code: n for (code,), n in counted[number].items() if code is not None} == answers.value_counts().to_dict()


ANSWERS = dict(zip("abcdefgh", (2, 3, 4, 7, 7, 7, 30, 200), strict=True))
SETS = st.lists(st.frozensets(st.sampled_from("abcdefgh"), min_size=1, max_size=4), max_size=20)


@given(needed=SETS, most=st.sampled_from([1, 50, 1_000, 2**15, 10**9]))
def test_what_is_needed_is_counted_once_and_as_much_together_as_may_be(needed, most):
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(counting, "MOST", most)
        chosen = [frozenset(columns) for columns in groupings(needed, ANSWERS)]
        assert groupings(list(reversed(needed)), ANSWERS) == groupings(needed, ANSWERS)
    combinations = {one: math.prod(ANSWERS[name] for name in one) for one in chosen}
    assert all(any(one <= columns for columns in chosen) for one in needed)
    assert set().union(*chosen) == set().union(*needed)
    assert all(one in needed or combinations[one] <= most for one in chosen)
    # None lies in another, and no two could be counted together.
    for one, other in itertools.combinations(chosen, 2):
        assert not one <= other
        assert not other <= one
        assert math.prod(ANSWERS[name] for name in one | other) > most


def test_questions_that_are_asked_for_together_are_counted_together():
    needed = [frozenset(one) for one in ("ab", "ad", "ae", "a", "gf", "gc")]
    answers = dict.fromkeys("abcdefgh", 8)
    # Eight answers each: five questions are as many combinations as a grouping may have.
    assert groupings(needed, answers) == [("a", "b", "d", "e"), ("c", "f", "g")]


def test_an_engine_has_places_for_what_is_counted_together(tables, frames, tmp_path):
    """Counting in places, without looking each combination up, halves the time; DuckDB decides it by the codes that there are."""
    forms = pd.concat([frames["participant_followup"]] * 30)
    mart = write({"participant_followup": forms}, tmp_path)["participant_followup"]
    for columns in (["role", "conflict", "belief", "helped", "closer"], ["occasion", "role", "conflict"]):
        query = ibis.to_sql(grouped(columns, mart, ["first", "followup"]), dialect="duckdb")
        ((_, plan),) = mart.get_backend().con.execute(f"explain {query}").fetchall()
        assert "PERFECT_HASH_GROUP_BY" in plan


def no_forms(name):
    return random_frame(name, 0, 1)


def all_blank(name):
    frame = random_frame(name, 4, 1)
    return frame.assign(**{q.name: pd.array([None] * 4, "Int8") for q in questionnaires(STUDY)[name].questions})


def all_the_same(name):
    frame = random_frame(name, 4, 1)
    return frame.assign(**{q.name: pd.array([1] * 4, "Int8") for q in questionnaires(STUDY)[name].questions})


@pytest.mark.parametrize("forms", [no_forms, all_blank, all_the_same], ids=lambda f: f.__name__)
def test_every_table_of_the_report_survives_marts_with_next_to_nothing(forms, tmp_path):
    marts = write({name: forms(name) for name in questionnaires(STUDY)}, tmp_path)
    counted = count(catalogue(STUDY).values(), marts)
    for number, table in catalogue(STUDY).items():
        for figure in figures(table, counted[number]):
            assert (figure.value is None) == (figure.printed == NOT_COMPUTABLE)
            if table.kind.startswith("correlation") and figure.measure != "n":
                assert figure.printed == "ikke beregnelig"


@pytest.mark.parametrize(
    ("forms", "measure", "printed"),
    [
        (no_forms, "count", {"0"}),
        (no_forms, "percent", {"ikke beregnelig"}),
        (all_blank, "percent", {",0", "100,0"}),
        (all_blank, "valid_percent", {"ikke beregnelig"}),
        (all_the_same, "valid_percent", {",0", "100,0"}),
    ],
)
def test_a_share_of_nothing_is_not_computable_and_never_zero(tables, tmp_path, forms, measure, printed):
    counted = count([tables[1]], write({"initiator": forms("initiator")}, tmp_path))
    assert {f.printed for f in figures(tables[1], counted[1]) if f.measure == measure} == printed


def test_one_form_in_a_group_leaves_that_group_alone_not_computable(tables):
    """Codes are (role, conflict, belief); the only father has nobody to be compared with."""
    counts = {(1, 1, 1): 2, (1, 2, 2): 3, (3, 1, 2): 1, (None, 2, 1): 9}
    found = by_address(figures(tables[9], counts))
    assert {g: found["", "", g, "gamma"].printed for g in ("barn", "mor", "far")} == {
        "barn": "1,000",
        "mor": "ikke beregnelig",
        "far": "ikke beregnelig",
    }
    assert {g: found["", "", g, "n"].printed for g in ("barn", "mor", "far", "Total")} == {
        "barn": "5",
        "mor": "0",
        "far": "1",
        "Total": "6",
    }
    assert found["", "", "Total", "partial_gamma"].printed == "1,000"


@pytest.mark.parametrize("number", [1, 3, 4, 7, 9])
def test_figures_survive_being_stored(tables, frames, tmp_path, number):
    listed = figures(tables[number], count([tables[number]], write(frames, tmp_path))[number])
    stored = as_table(listed)
    assert stored.schema == FIGURES
    assert from_table(stored) == listed
    assert "" not in {v for name in ("row", "column", "group") for v in stored[name].to_pylist()}


def test_engines_lay_nothing_down_and_fetch_nothing(tmp_path):
    pq.write_table(pa.table({"role": [1]}), tmp_path / "mart.parquet")
    (mart,) = open_marts({"mart": tmp_path / "mart.parquet"}).values()
    asked = "select current_setting('temp_directory'), current_setting('autoinstall_known_extensions')"
    for ask in (lambda query: mart.get_backend().con.execute(query).fetchall(), querying({})):
        assert ask(asked) == [("", False)]
