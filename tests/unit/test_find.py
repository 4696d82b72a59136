"""From a child to its conferences and forms: all of them, with a key, a reason and a trace, or nothing."""

from dataclasses import replace

import pyarrow as pa
import pytest
from support.controllers import Desk, tree
from support.study import STUDY

from frs_pipeline.codebook.find import OfChild, find
from frs_pipeline.codebook.vault import CONTROLLERS
from frs_pipeline.errors import FrsError
from frs_pipeline.store.files import Store
from frs_pipeline.store.journal import entries, verify
from frs_pipeline.store.plan import products
from frs_pipeline.study.instruments import instruments

WHY = "sag 21"
CHILD = "610118-0011"


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path)


@pytest.fixture
def store(delivery, desk, held):
    """The tiny delivery, with a controllers' codebook that anne and bo open, and the pipeline's part taken in."""
    desk.lock_full(held, delivery.folder)
    store = Store(delivery.settings, delivery.name)
    take_in(store, held)
    return store


def take_in(store, held):
    rows = [{"conference_number": e.conference_number, "conference_id": e.conference_id} for e in held]
    store.write(products(STUDY)[("validated", "codebook")], pa.Table.from_pylist(rows))


def ask(store, desk, child=CHILD, key="anne", why=WHY):
    return find(store, child, store.raw(CONTROLLERS), key and desk.key(key), why)


def keyed(delivery, number):
    """Ids of the forms with a conference number, as the exports have them."""
    return {
        delivery.form_id(instrument, form)
        for instrument in instruments(STUDY)
        for form in range(len(delivery.dataset(instrument)) - 1)
        if str(number) in (delivery.get(instrument, form, "raadsnr"), delivery.get(instrument, form, "raadsnr2"))
    }


@pytest.mark.parametrize("written", ["610118-0011", "6101180011"])
def test_a_child_has_all_its_conferences_with_all_their_forms(store, desk, delivery, written):
    found = ask(store, desk, written, key="bo").conferences
    assert [(one.conference_number, one.conference_id, one.occasion, one.date) for one in found] == [
        (40111, "C-lark", "first", "2018-02-01"),
        (50444, "C-raven", "followup", "2018-08-01"),
    ]
    for one in found:
        assert {held.form for held in one.forms} == keyed(delivery, one.conference_number)
        assert one.forms
    assert not any(held.withdrawn for one in found for held in one.forms)


def test_forms_that_count_nowhere_are_found_too(store, desk, delivery):
    # Keyed as two numbers, of which one is the child's: set aside, but perhaps about this child.
    delivery.set("participant_first", 1, raadsnr="40111")
    # Out of its scale: set aside.
    delivery.set("participant_first", 3, hvem="9")
    corrected = delivery.form_id("coordinator", 1)
    delivery.correct(
        (corrected, "raadsnr", delivery.get("coordinator", 1, "raadsnr"), "40111"),
        (corrected, "raadsnr2", delivery.get("coordinator", 1, "raadsnr2"), "40111"),
    )
    gone = delivery.form_id("participant_first", 0)
    delivery.withdraw((gone, ""), ("", "C-raven"))
    first, followup = ask(store, desk).conferences
    forms = {held.form: held.withdrawn for held in first.forms}
    assert set(forms) == keyed(delivery, 40111) | {corrected}
    assert {form for form, withdrawn in forms.items() if withdrawn} == {gone}
    assert {held.form: held.withdrawn for held in followup.forms} == dict.fromkeys(keyed(delivery, 50444), True)


def test_a_form_with_the_numbers_of_two_conferences_of_the_child_is_of_both(store, desk, delivery):
    delivery.set("coordinator", 1, raadsnr="40111", raadsnr2="50444")
    form = delivery.form_id("coordinator", 1)
    assert all(form in {held.form for held in one.forms} for one in ask(store, desk).conferences)
    (entry,) = entries(store.settings.access_journal)
    assert entry.details["forms"].count(form) == 1


@pytest.mark.parametrize("keyed_as", ["6101180011", "610118-0011", "610118 0011", "om 610118-0011, moster"])
def test_a_form_on_which_the_personal_number_itself_was_keyed_is_found(store, desk, delivery, keyed_as):
    delivery.set("initiator", 1, raadsnr=keyed_as)
    delivery.set("participant_first", 1, raadsnr="7202180022", raadsnr2="7202180022")
    assert ask(store, desk).naming == (delivery.form_id("initiator", 1),)


@pytest.mark.parametrize("other", ["pseudonyms", "one conference less", "children moved"])
def test_another_deliverys_codebook_names_nobody(store, desk, held, other):
    """The same conference numbers are another child's there."""
    entries_of = {
        "pseudonyms": [replace(e, conference_id=f"D-{e.conference_id[2:]}") for e in held],
        "one conference less": held[1:],
        "children moved": [
            replace(e, personal_number=f.personal_number, conference_id=f.conference_id, case_id=f.case_id)
            for e, f in zip(held, [*held[1:], held[0]], strict=True)
        ],
    }
    desk.lock_full(entries_of[other], store.raw(""))
    with pytest.raises(FrsError, match=f"isn't the codebook that delivery {store.delivery} was made with"):
        ask(store, desk)
    (entry,) = entries(store.settings.access_journal)
    assert entry.event == "refused"


def test_a_look_is_an_entry_that_holds_no_number_and_no_pseudonym(store, desk, held):
    found = ask(store, desk).conferences
    (entry,) = entries(store.settings.access_journal)
    assert (entry.event, entry.why) == ("find", WHY)
    assert entry.details == {
        "delivery": store.delivery,
        "forms": [form.form for one in found for form in one.forms],
        "codebook": tree(store.raw(""))[CONTROLLERS],
    }
    assert verify(store.settings.access_journal) == []
    said = str({**vars(entry), "hash": "", "previous": "", "details": {**entry.details, "codebook": ""}})
    for other in held:
        for value in (other.personal_number, CHILD, str(other.conference_number), other.conference_id):
            assert value not in said


def test_a_child_of_no_conference_is_looked_for_and_that_is_an_entry(store, desk):
    assert ask(store, desk, "750101-0001") == OfChild((), ())
    (entry,) = entries(store.settings.access_journal)
    assert (entry.event, entry.details["forms"]) == ("find", [])


REFUSED = {
    "no reason": ({"why": ""}, "a reason is needed"),
    "a personal number for a reason": ({"why": f"om {CHILD}"}, "holds a personal number"),
    "another's key": ({"key": "eve"}, "doesn't open"),
    "the pipeline's key": ({"key": "pipeline"}, "doesn't open"),
    "no key": ({"key": None}, "no key for the codebook"),
    "a conference number": ({"child": "40111"}, "not a personal number"),
    "nothing": ({"child": ""}, "not a personal number"),
    "two of them": ({"child": f"{CHILD} {CHILD}"}, "not a personal number"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused_leaves_its_entry_and_tells_nothing(store, desk, held, case):
    options, says = REFUSED[case]
    before = tree(store.settings.data)
    with pytest.raises(FrsError, match=says) as refused:
        ask(store, desk, **options)
    assert tree(store.settings.data) == before
    (entry,) = entries(store.settings.access_journal)
    assert (entry.event, entry.details["command"]) == ("refused", "find")
    for value in ("40111", CHILD, *(e.personal_number for e in held)):
        assert value not in f"{refused.value} {entry.why} {entry.details}"
