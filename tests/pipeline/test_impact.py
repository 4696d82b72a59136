"""What would move if forms were left out, or counted: equal to making everything anew from exports without them."""

import os
import random

import pytest
from support.made import every_figure, make_products
from support.study import STUDY

from frs_pipeline.errors import UsageError
from frs_pipeline.intake.withdrawals import Withdrawals, read_withdrawals, withdrawn_conferences
from frs_pipeline.lineage.impact import ChangedForms, impact, resting_on, rows_of
from frs_pipeline.lineage.papers import let_through, released, same_papers
from frs_pipeline.store.files import read
from frs_pipeline.study.instruments import instruments
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.study.tables import catalogue

PREFIXES = tuple(questionnaire.form_prefix for questionnaire in questionnaires(STUDY).values())
# Random sets of forms; each is a rebuild.
SETS = int(os.environ.get("FRS_IMPACTS", "1"))


@pytest.fixture(scope="module")
def base(make_delivery, tmp_path_factory):
    """A delivery with a paper keyed twice and a role left blank, and its products."""
    delivery = make_delivery(tmp_path_factory.mktemp("base"))
    delivery.set("initiator", 1, created="2019-05-07 09:00:00")
    delivery.repeat("initiator", 1, responde="900001", created="2019-05-07 09:01:00")
    delivery.set("participant_first", 2, helefrs="9")
    return delivery, make_products(delivery)


def without(delivery, to, forms, conference=None, held=()):
    """The products of the same delivery, had these forms, or a conference of `held`, never been delivered."""
    copy = delivery.copy_to(to)
    for name in instruments(STUDY):
        header, *rows = copy.dataset(name)
        prefix, at = questionnaires(STUDY)[name].form_prefix, header.index("raadsnr")
        kept = [row for row in rows if f"{prefix}-{row[0]}" not in forms and row[at] != str(conference)]
        copy.write_dataset(name, [header, *kept])
    if conference is not None:
        others = [entry for entry in held if entry.conference_number != conference]
        copy.lock_codebook(others)
        copy.write_ledger(others)
    return make_products(copy)


def change_of(delivery, store, *withdrawals):
    """The change that these lines of a ledger would make."""
    delivery.withdraw(*withdrawals)
    entries = read_withdrawals(delivery.path("withdrawals.csv"), PREFIXES)
    delivery.path("withdrawals.csv").unlink()
    conferences = withdrawn_conferences(entries, delivery.intake().codebook)
    pseudonyms = conferences["conference_id"].to_pylist()
    out = rows_of(store, {entry.form for entry in entries}, pseudonyms)
    return ChangedForms(STUDY, out, released(store, Withdrawals(entries, conferences), out), frozenset(pseudonyms))


def assert_moves(store, change, after):
    """Figures before, and what moves, are the figures after: no more and no fewer."""
    before, moved = every_figure(store), impact(store, change)
    assert {figure.place: figure.before for figure in moved} == {figure.place: before[figure.place] for figure in moved}
    assert all(figure.before != figure.after for figure in moved)
    assert before | {figure.place: figure.after for figure in moved} == every_figure(after)
    return moved


def counted(store):
    return [form for name in instruments(STUDY) for form in read(store.file("marts", name))["form_id"].to_pylist()]


@pytest.mark.parametrize("seed", range(SETS))
def test_any_forms_move_what_a_rebuild_without_them_moves(base, tmp_path, seed):
    delivery, store = base
    choose = random.Random(seed)
    # With the first keying of a paper, the second takes its place.
    forms = {*choose.sample(counted(store), choose.randint(1, 12)), delivery.form_id("initiator", 1)}
    change = change_of(delivery, store, *([form, ""] for form in forms))
    assert assert_moves(store, change, without(delivery, tmp_path / "data", forms))


def test_a_whole_conference_moves_non_response_too(base, held, tmp_path):
    delivery, store = base
    change = change_of(delivery, store, ["", "C-finch"])
    moved = assert_moves(store, change, without(delivery, tmp_path / "data", (), 40222, held))
    (number,) = (m for m in moved if m.place[:4] == ("unit_nonresponse", "in_codebook", "", "first"))
    assert (number.before.value, number.after.value) == (3, 2)


def test_another_keying_of_the_same_paper_takes_its_place(base):
    delivery, store = base
    change = change_of(delivery, store, [delivery.form_id("initiator", 1), ""])
    assert change.into["initiator"]["form_id"].to_pylist() == ["IN-900001"]
    assert impact(store, change) == []


def test_a_whole_questionnaire_may_go(base, tmp_path):
    delivery, store = base
    forms = read(store.file("marts", "coordinator"))["form_id"].to_pylist()
    change = change_of(delivery, store, *([form, ""] for form in forms))
    delivery = delivery.copy_to(tmp_path / "data")
    delivery.withdraw(*([form, ""] for form in forms))  # an export with a header alone is refused
    assert_moves(store, change, make_products(delivery))


def test_keyings_of_one_paper_are_found_from_either(base):
    delivery, store = base
    first = delivery.form_id("initiator", 1)
    assert same_papers(store, [first]) == {"IN-900001"}
    assert same_papers(store, ["IN-900001"]) == {first}
    assert same_papers(store, [first, "IN-900001"]) == set()
    assert same_papers(store, [delivery.form_id("initiator", 0), delivery.form_id("coordinator", 1)]) == set()


def test_forms_that_only_a_rule_sets_aside_move_what_accepting_them_moves(base, tmp_path):
    delivery, store = base
    out, into = let_through(store, "keyed_twice")
    assert out == {}
    assert {mart: rows["form_id"].to_pylist() for mart, rows in into.items()} == {"initiator": ["IN-900001"]}
    delivery = delivery.copy_to(tmp_path / "data")
    delivery.accept(["IN-900001", "keyed_twice", ""])
    assert assert_moves(store, ChangedForms(STUDY, {}, into), make_products(delivery))


@pytest.mark.parametrize(
    ("rule", "says"),
    [("outside_scale", "can't be counted as they are"), ("labels_drifted", "no rule about forms"), ("x", "no rule")],
)
def test_a_rule_whose_forms_cannot_count_is_refused(base, rule, says):
    with pytest.raises(UsageError, match=says):
        let_through(base[1], rule)


def test_a_rule_that_sets_nothing_aside_lets_nothing_through(base):
    assert let_through(base[1], "ledger_contradicts") == ({}, {})


def test_what_counts_only_because_a_rule_sets_its_first_keying_aside_goes_out(make_delivery, tmp_path, monkeypatch, policy_with):
    delivery = make_delivery(tmp_path / "base")
    delivery.set("initiator", 1, created="2019-05-07 09:00:00", modified="2019-01-01 00:00:00")
    first = delivery.form_id("initiator", 1)
    delivery.repeat("initiator", 1, responde="900001", created="2019-05-07 09:01:00", modified="2019-05-07 09:02:00")
    with monkeypatch.context() as strict:
        for module in ("frs_pipeline.intake.delivery", "frs_pipeline.lineage.papers"):
            strict.setattr(f"{module}.policy", lambda _study: policy_with(timestamps_backwards="aside"))
        store = make_products(delivery)
        out, into = let_through(store, "timestamps_backwards")
    assert [rows["initiator"]["form_id"].to_pylist() for rows in (out, into)] == [["IN-900001"], [first]]
    # Which of them counts moves nothing: they are one paper.
    assert assert_moves(store, ChangedForms(STUDY, out, into), make_products(delivery.copy_to(tmp_path / "mild"))) == []


def test_what_rests_on_a_question_is_what_another_answer_moves(base, tmp_path):
    """Without the answers to a question, only figures move that are said to depend on it; and all its tables' bases do."""
    delivery, store = base
    places = {place for place, _ in resting_on(store, "conflict")}
    copy = delivery.copy_to(tmp_path / "data")
    for name in ("initiator", "coordinator"):
        for form in range(len(copy.dataset(name)) - 1):
            copy.set(name, form, konflikt="")
    before, after = every_figure(store), every_figure(make_products(copy))
    moved = {place for place, value in after.items() if before[place] != value}
    assert moved
    assert moved <= places
    using = {
        n
        for n, table in catalogue(STUDY).items()
        if "conflict" in table.variables and table.marts[0] in ("initiator", "coordinator")
    }
    assert {int(place.source[-2:]) for place in moved if place.source.startswith("table_")} == using
    assert set(resting_on(store, "nothing")) == set()
