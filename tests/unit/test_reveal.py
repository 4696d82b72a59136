"""From a form back to its conference: with a key, a reason and a trace, or not at all; and do registers and forms fit."""

import os
from dataclasses import replace

import pytest
from support.controllers import Desk, tree
from support.study import STUDY

from frs_pipeline.codebook.entries import lock, plain
from frs_pipeline.codebook.fit import fit
from frs_pipeline.codebook.reveal import reveal
from frs_pipeline.codebook.vault import CONTROLLERS
from frs_pipeline.errors import FrsError
from frs_pipeline.store.files import Store
from frs_pipeline.store.journal import entries, verify
from frs_pipeline.store.plan import products
from frs_pipeline.study.instruments import instruments

WHY = "sag 12"


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path)


@pytest.fixture(scope="module")
def taken_in(make_delivery, tmp_path_factory):
    """The tiny delivery with one form set aside, and its accepted forms."""
    delivery = make_delivery(tmp_path_factory.mktemp("taken") / "data")
    delivery.set("initiator", 1, raadsnr="49999", raadsnr2="49999")
    for instrument in instruments(STUDY):
        store = Store(delivery.settings, delivery.name)
        store.write(products(STUDY)[("validated", instrument)], delivery.validated(instrument).forms)
    store.write(products(STUDY)[("validated", "codebook")], delivery.intake().codebook)
    return delivery


@pytest.fixture
def store(taken_in, tmp_path, desk, held):
    """A copy of it, with a controllers' codebook that anne and bo open."""
    delivery = taken_in.copy_to(tmp_path / "data")
    desk.lock_full(held, delivery.folder)
    return Store(delivery.settings, delivery.name)


def ask(store, desk, *forms, key="anne", why=WHY, personal=False):
    return reveal(store, forms, store.raw(CONTROLLERS), key and desk.key(key), why, personal=personal)


def noted(store):
    return entries(store.settings.access_journal)


def test_a_form_leads_to_its_conference(store, desk, taken_in, held):
    for instrument in instruments(STUDY):
        forms = taken_in.validated(instrument).forms.table().select(["form_id", "conference_number"]).to_pylist()
        found = ask(store, desk, *(form["form_id"] for form in forms), key="bo")
        assert [(one.form, one.conference_number) for one in found] == [tuple(form.values()) for form in forms]
        known = {entry.conference_number: entry for entry in held}
        assert all(
            (one.occasion, one.date) == (known[one.conference_number].occasion, known[one.conference_number].date)
            for one in found
        )
        assert {one.personal_number for one in found} == {None}


def test_the_personal_number_only_when_asked_for(store, desk, taken_in, held):
    form = taken_in.form_id("coordinator", 2)
    number = int(taken_in.get("coordinator", 2, "raadsnr"))
    (one,) = ask(store, desk, form, form, personal=True)
    assert one.personal_number == next(e.personal_number for e in held if e.conference_number == number)
    (entry,) = noted(store)
    assert entry.details["personal_numbers"] is True


def test_a_look_is_an_entry_that_holds_no_number(store, desk, taken_in, held):
    forms = [taken_in.form_id("participant_first", form) for form in (3, 0)]
    ask(store, desk, *forms, personal=True)
    (entry,) = noted(store)
    assert (entry.event, entry.why, entry.details["forms"], entry.details["delivery"]) == ("reveal", WHY, forms, taken_in.name)
    assert entry.details["codebook"] == tree(store.raw(""))[CONTROLLERS]
    assert verify(store.settings.access_journal) == []
    said = {name: value for name, value in vars(entry).items() if name not in ("hash", "previous")}
    said["details"] = {name: value for name, value in entry.details.items() if name != "codebook"}
    for other in held:
        assert not any(value in str(said) for value in (other.personal_number, str(other.conference_number), other.conference_id))


def flip(path, place=-40):
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)


SPOILT = {
    "wrong identity": (lambda store, desk, held: {"key": "eve"}, "doesn't open"),
    "the pipeline's identity": (lambda store, desk, held: {"key": "pipeline"}, "doesn't open"),
    "no identity": (lambda store, desk, held: {"key": None}, "no key for the codebook"),
    "identity that isn't there": (lambda store, desk, held: {"key": "nobody"}, "no key for the codebook"),
    "a flipped bit": (lambda store, desk, held: flip(store.raw(CONTROLLERS)), "altered"),
    "a flipped bit in the header": (lambda store, desk, held: flip(store.raw(CONTROLLERS), 60), "altered"),
    "a file cut short": (lambda store, desk, held: os.truncate(store.raw(CONTROLLERS), 300), "altered"),
    "locked for another": (lambda store, desk, held: desk.lock_full(held, store.raw(""), "eve", "pipeline"), "doesn't open"),
    "no codebook": (lambda store, desk, held: store.raw(CONTROLLERS).unlink(), "missing file"),
    "the pipeline's part": (
        lambda store, desk, held: store.raw(CONTROLLERS).write_bytes(
            lock(plain(held, ("conference_number", "conference_id", "occasion", "date")), [desk.recipient["anne"]])
        ),
        "isn't the controllers' codebook",
    ),
    "no reason": (lambda store, desk, held: {"why": ""}, "a reason is needed"),
    "a personal number for a reason": (lambda store, desk, held: {"why": "om 610118-0011"}, "holds a personal number"),
    "a codebook without the conference": (lambda store, desk, held: desk.lock_full(held[:2], store.raw("")), "doesn't hold"),
    "another delivery's codebook": (
        lambda store, desk, held: desk.lock_full(
            [replace(e, conference_id=f.conference_id) for e, f in zip(held, held[::-1], strict=True)],
            store.raw(""),
        ),
        "isn't the codebook that delivery 2021-01-31 was made with",
    ),
    "not refreshed yet": (
        lambda store, desk, held: store.file("validated", "initiator").unlink(),
        "not made yet",
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", SPOILT)
def test_what_is_refused_leaves_its_entry_and_nothing_else(store, desk, taken_in, held, fault):
    spoil, says = SPOILT[fault]
    options = spoil(store, desk, held)
    before = tree(store.settings.data)
    forms = [taken_in.form_id("initiator", form) for form in (0, 2, 3, 4)]
    with pytest.raises(FrsError, match=says) as refused:
        ask(store, desk, *forms, **(options if isinstance(options, dict) else {}))
    assert "\n" not in str(refused.value)
    assert tree(store.settings.data) == before
    (entry,) = noted(store)
    assert (entry.event, entry.details["command"], entry.details["forms"]) == ("refused", "reveal", forms)
    for value in [x for e in held for x in (e.personal_number, str(e.conference_number), "610118")]:
        assert value not in f"{refused.value} {entry.why} {entry.details}"


@pytest.mark.parametrize(
    ("form", "says", "told"),
    [
        pytest.param("DF-1", "not among the accepted forms: DF-1", True, id="unknown"),
        pytest.param("IN-700012", "not among the accepted forms: IN-700012", True, id="set aside"),
        pytest.param("610118-0011", "not a form id", False, id="personal number"),
        pytest.param("40111", "not a form id", False, id="conference number"),
    ],
)
def test_one_wrong_form_among_others_reveals_none(store, desk, taken_in, form, says, told):
    good = taken_in.form_id("initiator", 0)
    with pytest.raises(FrsError, match=says) as refused:
        ask(store, desk, good, form)
    (entry,) = noted(store)
    assert entry.event == "refused"
    assert (form in str(refused.value)) is (form in str(entry.details)) is told


def test_no_form_is_no_question(store, desk):
    with pytest.raises(FrsError, match="not a form id"):
        ask(store, desk)


def test_without_a_sound_journal_nothing_is_revealed(store, desk, taken_in):
    form = taken_in.form_id("initiator", 0)
    ask(store, desk, form)
    path = store.settings.access_journal
    path.with_suffix(".head").unlink()
    with pytest.raises(FrsError, match="nothing can be added"):
        ask(store, desk, form)


def test_a_good_delivery_fits(delivery, desk, held):
    store = Store(delivery.settings, delivery.name)
    file = desk.lock_full(held, delivery.folder)
    alone, both = fit(store, file, None), fit(store, file, desk.key("bo"))
    assert (alone.conferences, alone.parts_differ, both.parts_differ) == (5, None, 0)
    assert alone.contradictions == both.contradictions == {}
    assert replace(both, parts_differ=None) == alone
    assert {forms.instrument: forms.delivered for forms in alone.forms} == {
        "participant_first": 9,
        "participant_followup": 7,
        "initiator": 5,
        "coordinator": 5,
    }
    assert all(not forms.without and not any(forms.aside.values()) for forms in alone.forms)
    (entry,) = noted(store)
    assert (entry.event, entry.details["codebook"]) == ("check", tree(delivery.folder)[CONTROLLERS])


def test_what_does_not_fit_is_counted(delivery, desk, held):
    store = Store(delivery.settings, delivery.name)
    changed = [replace(held[0], conference_number=40119), replace(held[1], date="2018-03-02"), *held[2:]]
    file = desk.lock_full(changed, delivery.folder)
    delivery.set("coordinator", 2, raadsnr="49999", raadsnr2="49999")
    delivery.set("coordinator", 3, raadsnr="50444", raadsnr2="50445")
    delivery.set("coordinator", 4, raadsnr="x", raadsnr2="x")
    delivery.set("participant_first", 8, raadsnr="50444", raadsnr2="50444")
    found = fit(store, file, desk.key("anne"))
    assert found.contradictions == {
        "conferences that differ between the two parts of the codebook": 3,
        "conferences that aren't in the ledger": 1,
        "conferences that aren't in the codebook": 1,
        "conferences with another date or occasion in the ledger": 1,
        "forms whose number isn't in the codebook": 6,
        "forms of another occasion than in the codebook": 1,
    }
    (coordinator,) = (forms for forms in found.forms if forms.instrument == "coordinator")
    assert coordinator.aside == {
        "number_unreadable": 1,
        "numbers_differ": 1,
        "number_unknown": 2,
        "wrong_occasion": 0,
        "ledger_contradicts": 0,
    }
    assert coordinator.without == 4


def test_a_ledger_that_contradicts_the_forms_is_counted(delivery, held):
    delivery.write_ledger([replace(held[0], occasion="followup"), *held[1:]])
    found = fit(Store(delivery.settings, delivery.name), delivery.path(CONTROLLERS), None)
    assert found.contradictions == {
        "conferences with another date or occasion in the ledger": 1,
        "forms of another occasion than in the ledger": 5,
    }


def test_only_the_controllers_part_can_be_looked_at(delivery, desk, held):
    store = Store(delivery.settings, delivery.name)
    file = desk.lock_full(held, desk.folder)
    delivery.key.unlink()
    assert fit(store, file, desk.key("anne")).parts_differ is None
    with pytest.raises(FrsError, match="no key"):
        fit(store, file, None)
