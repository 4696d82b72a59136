"""Rates of wrong cells: what they estimate, and how often their intervals hold the truth, by simulation."""

import datetime as dt
import stat
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest
from scipy.stats import t as t_distribution
from statsmodels.stats.inter_rater import cohens_kappa
from statsmodels.stats.proportion import proportion_confint
from support.study import STUDY

from frs_pipeline.collection.keyer_numbers import KEPT, numbered
from frs_pipeline.collection.keying import _per_form, by_keyer, by_table, fields_of, measured, p_of_more
from frs_pipeline.collection.sampling import Stratum, allotted
from frs_pipeline.collection.second_keying import CELLS, NOT_AGAIN, SAME_KEYER, UNREADABLE
from frs_pipeline.errors import InputError, UsageError
from frs_pipeline.intake.adjudicated import Decision
from frs_pipeline.intake.readers.worksheets import as_meant, as_sheet
from frs_pipeline.stats.agreement import kappa, kappa_within
from frs_pipeline.stats.clustered import Cells, share
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.study.tables import catalogue
from frs_pipeline.tables.keying import KeyedTwice, about_keying, keyed_twice

QUESTIONS, ANSWERS = 12, 5
SEEDS = 100


def keyed(random, forms, rate, other=0.02, keyer="a"):
    """Cells of forms that one person keyed with errors at `rate`, and another, independently, at `other`."""
    truth = random.integers(ANSWERS, size=(forms, QUESTIONS))

    def typed(errors):
        wrong = random.random(truth.shape) < errors
        return np.where(wrong, (truth + random.integers(1, ANSWERS, size=truth.shape)) % ANSWERS, truth)

    first, second = typed(rate), typed(other)
    return [
        {
            "form_id": f"{keyer}-{at}",
            "instrument": "initiator",
            "question": f"q{place}",
            "keyed_first": str(first[at, place]),
            "keyed_second": str(second[at, place]),
            "differs": bool(first[at, place] != second[at, place]),
            "wrong": bool(first[at, place] != second[at, place] and first[at, place] != truth[at, place]),
        }
        for at in range(forms)
        for place in range(QUESTIONS)
    ]


def test_a_keyer_with_five_per_cent_of_errors_is_told_and_the_interval_holds_the_truth():
    held = told = 0
    for seed in range(SEEDS):
        random = np.random.default_rng(seed)
        mine = keyed(random, 60, 0.05)
        others = [cell for name in "bc" for cell in keyed(random, 60, 0.01, keyer=name)]
        row = measured(STUDY, mine)
        held += row["wrong_low"] <= 5 <= row["wrong_high"]
        told += p_of_more(mine, others) < 0.025
    assert held >= 0.9 * SEEDS
    assert told >= 0.9 * SEEDS


def delivery(random, keyers, rate, forms=30):
    """Cells (`CELLS`) of drawn forms that each of so many equal keyers keyed."""
    rest = dict.fromkeys(CELLS.names)
    return [
        {**rest, **cell, "first_keyer": f"k{at}", "second_keyer": "z", "counted": True, "drawn": True}
        for at in range(keyers)
        for cell in keyed(random, forms, rate, keyer=f"k{at}")
    ]


def test_somebody_of_eight_equal_keyers_stands_out_in_few_deliveries():
    told = 0
    for seed in range(SEEDS):
        rows = by_keyer(STUDY, pa.Table.from_pylist(delivery(np.random.default_rng(1000 + seed), 8, 0.03), schema=CELLS))
        told += any(rows["stands_out"].to_pylist())
    assert told <= 0.1 * SEEDS


def test_p_of_more_is_where_the_interval_begins_at_zero():
    random = np.random.default_rng(11)
    mine, others = keyed(random, 40, 0.06), keyed(random, 90, 0.02, keyer="b")
    p = p_of_more(mine, others)
    one, other = (share_of(cells) for cells in (mine, others))
    limits = [proportion_limits(each, 1 - 2 * p) for each in (one, other)]
    assert one.value - other.value == pytest.approx(np.hypot(one.value - limits[0][0], limits[1][1] - other.value), rel=1e-6)
    assert p_of_more(others, mine) == pytest.approx(1 - p)
    assert p_of_more(mine, []) is None


def share_of(cells):
    counts = _per_form(cells)
    agree = counts["cells"] - counts["differing"]
    return share(counts["wrong"], counts["cells"], Cells(np.column_stack([counts["differing"], agree])).design([[0], [1]]))


def proportion_limits(of, level):
    """Wilson's limits of an effective number of forms, with Student's t from SciPy."""
    q, n, p = t_distribution.ppf((1 + level) / 2, of.clusters - 1), of.n_effective, of.value
    return sorted(np.roots([n + q**2, -(2 * n * p + q**2), n * p**2]).real)


def test_nobody_stands_out_because_somebody_looked_up_only_that_keyers_cells():
    random = np.random.default_rng(13)
    mine = keyed(random, 60, 0.06)
    others = [{**cell, "wrong": None if cell["differs"] else False} for cell in keyed(random, 120, 0.06, keyer="b")]
    assert p_of_more(mine, others) > 0.2


def test_after_adjudication_the_first_keyings_errors_are_estimated_not_the_disagreement():
    cells = keyed(np.random.default_rng(3), 4000, 0.05, 0.04)
    row = measured(STUDY, cells)
    both = 0.05 * 0.04 / (ANSWERS - 1)  # both keyed the same wrong answer
    assert row["wrong_percent"] == pytest.approx(100 * (0.05 - both), abs=0.35)
    assert 100 - row["agreement_percent"] == pytest.approx(100 * (0.05 + 0.04 - 2 * 0.05 * 0.04 + 0.002 * 3 / 4), abs=0.5)


def test_what_nobody_decided_widens_the_interval_to_both_sides():
    cells = keyed(np.random.default_rng(5), 80, 0.05)
    decided = measured(STUDY, cells)
    undecided = measured(STUDY, [{**cell, "wrong": None} if cell["differs"] else cell for cell in cells])
    assert undecided["wrong"] == 0
    assert (undecided["wrong_low"], undecided["wrong_high"] > decided["wrong_high"]) == (0, True)


@pytest.mark.parametrize("differing", [(), (0,), (0, 5, 10, 15)])
def test_of_few_cells_that_differ_forms_are_the_units(differing):
    """Limits by SciPy's t and Wilson's formula for 30 forms, by one question or by four; of 0 that differ t² / (30 + t²)."""
    t = t_distribution.ppf(0.975, 29)
    for cells in (1, 4):
        rows = keyed(np.random.default_rng(2), 30, 0, 0)
        rows = [row for row in rows if int(row["question"][1:]) < cells]
        for at in differing:
            rows[at * cells] |= {"differs": True, "wrong": True}
        made = measured(STUDY, rows)
        p = len(differing) / (30 * cells)
        # The variance over forms of a cell each is that of one form less.
        units = 29 if differing and cells == 1 else 30
        high = max(np.roots([units + t**2, -(2 * units * p + t**2), units * p**2]).real)
        assert made["wrong_high"] == pytest.approx(100 * high)
    if not differing:
        assert made["wrong_high"] == pytest.approx(100 * t**2 / (30 + t**2)) == pytest.approx(12.2, abs=0.05)


def test_kappa_and_its_limits_go_with_the_agreement_that_they_are_made_of():
    units = [(1, 1)] * 45 + [(2, 2)] * 45 + [(1, 2)] * 6 + [(2, 1)] * 4
    low, high = proportion_confint(90, 100, method="wilson")
    found = kappa_within(units, low, high)
    outside = cohens_kappa(np.array([[45, 6], [4, 45]]))
    assert float(kappa(units)) == pytest.approx(outside.kappa)
    # The delta method's interval is symmetric and a little too high near one; both agree to some hundredths.
    assert found == pytest.approx((outside.kappa_low, outside.kappa_upp), abs=0.04)
    assert kappa_within([(1, 1)] * 5, 0.5, 1) is None


def test_a_sample_is_shared_out_by_size_and_leaves_no_keyer_out():
    sizes = {Stratum("a", "x"): 70, Stratum("a", "y"): 29, Stratum("b", "x"): 1}
    assert list(allotted(sizes, 10).values()) == [7, 2, 1]
    assert list(allotted(sizes, 100).values()) == [70, 29, 1]
    with pytest.raises(UsageError, match="give a number from 3 to 100"):
        allotted(sizes, 2)


@pytest.mark.parametrize(
    ("first", "right", "wrong"),
    [("01", "1", False), ("1", "01", False), ("01", "2", True), ("", "1", True), ("1", "", True), ("x", "1", True)],
)
def test_a_code_that_is_written_otherwise_is_no_error(first, right, wrong):
    (questionnaire, *_) = questionnaires(STUDY).values()
    question = next(q for q in questionnaire.keyed if not q.measured and not q.calendar and not q.grouped)
    form, day = f"{questionnaire.form_prefix}-1", dt.date(2024, 7, 20)
    for name in (question.name, "number"):
        made = Decision(form, "column", name, first, "3", "a", "b", right, "c", day, "adjudicated.csv:2")
        assert made.first_is_wrong(STUDY) is wrong


@pytest.mark.parametrize("text", ["@anna", "=1+1", "-carl", "'@anna", "''+x", "-5", "-1,5", "o'neil", "'quoted'", ""])
def test_what_a_sheet_says_comes_back_as_it_was(text):
    cell = as_sheet(("a",), [(text,)]).decode("utf-8-sig").splitlines()[1].strip('"')
    assert as_meant(cell) == text
    assert cell[:1] not in ("=", "+", "@")


def test_numbers_of_keyers_are_drawn_once_and_stay(tmp_path):
    names = [f"name {at}" for at in range(20)]
    store = _Decided(tmp_path / "one")
    first = numbered(store, [*names[:12], ""])
    assert list(first.values()) == ["–", *(f"K{at}" for at in range(1, 13))]
    # One who comes later, and a table that holds a few of them: nobody's number changes.
    assert numbered(store, ["name 7", "a newcomer", "name 7"]) == {"": "–", "name 7": first["name 7"], "a newcomer": "K13"}
    assert numbered(store, reversed(names[:12])) == first
    assert not any(name.encode() in store.decided(KEPT).read_bytes() for name in names)
    assert stat.S_IMODE(store.decided(KEPT).stat().st_mode) == 0o600
    # Whoever knows the names doesn't know the numbers: they are others each time they are drawn.
    assert len({tuple(numbered(_Decided(tmp_path / str(at)), names)) for at in range(3)}) == 3


def test_numbers_that_cannot_be_read_are_not_drawn_anew(tmp_path):
    store = _Decided(tmp_path)
    numbered(store, ["x"])
    store.decided(KEPT).write_text("{}", encoding="utf-8")
    with pytest.raises(InputError, match="can't be read as the numbers of keyers"):
        numbered(store, ["x"])


class _Decided:
    """A place for what is decided about a delivery."""

    def __init__(self, folder):
        self.folder = folder
        self.settings = SimpleNamespace(decided=lambda _: folder)

    def decided(self, name):
        return self.folder / name


def test_a_table_has_the_rate_of_the_fields_that_it_asks_for_and_of_no_others():
    """Of 40 drawn forms each field stands twice; wrong are those of the first form and one of the second."""
    (number, table) = next((at, one) for at, one in catalogue(STUDY).items() if len(fields_of(STUDY, one)) == 3)
    asked, other = sorted(fields_of(STUDY, table)), ("initiator", "elsewhere")
    rest = dict.fromkeys(CELLS.names)
    rows = []
    for form in range(40):
        for instrument, question in [*asked, other]:
            cell = {
                "instrument": instrument,
                "question": question,
                "form_id": f"A-{form}",
                "first_keyer": "k",
                "second_keyer": "z",
            }
            wrong = form == 0 or (form == 1 and question == asked[0][1])
            same = {"keyed_first": "1", "keyed_second": "2" if wrong else "1", "counted": True, "drawn": True}
            rows.append({**rest, **cell, **same, "differs": wrong, "wrong": wrong})
    rows[-1] |= {"differs": True, "wrong": True}  # of a question that the table doesn't ask
    of_two = next(row for row in rows if (row["form_id"], row["question"]) == ("A-2", asked[0][1]))
    of_two |= {"left": UNREADABLE, "differs": None, "wrong": None}
    of_three = next(row for row in rows if (row["form_id"], row["question"]) == ("A-3", asked[0][1]))
    of_three |= {"differs": True, "wrong": None}
    # Forms that nobody drew, or that don't count, are in no rate, whatever is wrong with them.
    rows += [
        {**row, "form_id": f"{row['form_id']}{at}", name: False} for at, name in enumerate(("drawn", "counted")) for row in rows
    ]
    # Drawn, and not keyed again: two that count, one by the same keyer only, and one that was set aside.
    away = {**rest, "instrument": asked[0][0], "first_keyer": "k", "second_keyer": "", "counted": True, "drawn": True}
    for at, (why, counted) in enumerate(((NOT_AGAIN, True), (NOT_AGAIN, True), (SAME_KEYER, True), (NOT_AGAIN, False))):
        rows.append({**away, "form_id": f"B-{at}", "left": why, "counted": counted})
    made = keyed_twice(by_table(STUDY, pa.Table.from_pylist(rows, schema=CELLS)))
    one = made[number]
    assert (one.forms, one.cells, one.wrong, one.undecided, one.unreadable) == (40, 119, 4, 1, 1)
    assert (one.drawn, one.keyed_again) == (43, 40)
    assert one.wrong_percent == pytest.approx(100 * 4 / 119)
    # Forms are the clusters: its limits are wider than those of as many cells of as many forms.
    low, high = (100 * limit for limit in proportion_confint(4, 119, method="wilson"))
    assert one.wrong_low < low < high < one.wrong_high
    assert all(fields_of(STUDY, catalogue(STUDY)[other]) & set(asked) for other in made)


def test_a_table_that_is_limited_by_what_the_number_says_rests_on_the_number_too():
    tables = catalogue(STUDY)
    limited = {number for number, table in tables.items() if any(name == "number" for _, name in fields_of(STUDY, table))}
    assert limited == {
        number for number, table in tables.items() if table.occasion == "followup" and table.marts == ("initiator",)
    }


def test_the_note_below_a_table_says_what_is_known_and_what_is_not():
    def said(*known):
        return about_keying(STUDY, KeyedTwice(32, 30, *known))

    all_known = said(100, 412, 3, 0, 0, 100 * 3 / 412, 0.24, 2.06)
    assert all_known.danish == (
        "Tastefejl: 3 af 412 efterprøvede felter til de spørgsmål, som tabellen bygger på "
        "(0,7\u00a0%, 95-procent-sikkerhedsinterval 0,2 til 2,1). "
        "30 af 32 udtrukne skemaer er tastet igen af en anden."
    )
    assert all_known.english.startswith(
        "Keying errors: 3 of 412 checked fields in the questions that the table rests on (0,7%, 95%"
    )
    open_ones = said(100, 412, 3, 1, 2, 100 * 3 / 412, 0.24, 2.06)
    assert " I 1 felt er de to indtastninger forskellige, og det er endnu ikke afgjort, hvilken" in open_ones.danish
    several = said(100, 412, 3, 3, 0, 100 * 3 / 412, 0.24, 2.06)
    assert " I 3 felter er de to indtastninger forskellige, og" in several.danish
    assert " In 3 fields the two keyings differ, and it is not yet decided which is right; " in several.english
    assert open_ones.english.endswith("2 fields couldn't be read in one of the keyings and aren't counted.")
    assert said(1, 1, 0, 0, 0, 0.0, None, None).english.endswith(
        "1 checked field in the questions that the table rests on (0,0%). 30 of 32 drawn forms were keyed again by somebody else."
    )
    one = about_keying(STUDY, KeyedTwice(1, 1, 1, 1, 0, 0, 0, 0.0, None, None))
    assert one.english.endswith("1 of 1 drawn form was keyed again by somebody else.")
    assert one.danish.endswith("1 af 1 udtrukket skema er tastet igen af en anden.")
    assert said(0, 0, 0, 0, 2, None, None, None).danish.startswith("Tastefejl: ingen efterprøvede felter")
