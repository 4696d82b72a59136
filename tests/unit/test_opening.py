"""Whose codebook is opened, and that the published key opens the shipped delivery's alone."""

import shutil

import pytest
from support import keys
from support.shipped import DELIVERY, RAW, copy_of_shipped
from support.study import STUDY

from frs_pipeline.codebook.entries import lock
from frs_pipeline.codebook.keys import PUBLISHED
from frs_pipeline.codebook.made_up import is_shipped
from frs_pipeline.codebook.opening import open_codebook, refuse_published_key
from frs_pipeline.codebook.vault import open_plain
from frs_pipeline.errors import CheckFailed, InputError
from frs_pipeline.store.deliveries import CODEBOOK, DEMO_KEY
from frs_pipeline.store.files import Store
from frs_pipeline.store.settings import Settings

DEMO = PUBLISHED / DEMO_KEY
REFUSED = "locked with the published demo key"


def public(key):
    return next(word for word in key.read_text().split() if word.startswith("age1"))


@pytest.fixture
def store(tmp_path):
    return Store(copy_of_shipped(tmp_path), DELIVERY)


def alter_answer(store):
    path = store.raw("coordinator/dataset.csv")
    path.write_bytes(path.read_bytes().replace(b";2\r\n", b";3\r\n", 1))


def test_the_published_key_opens_the_shipped_delivery(store):
    assert open_codebook(store).num_rows == 377


def test_locked_again_it_is_the_shipped_codebook_still(store):
    before = store.raw(CODEBOOK).read_bytes()
    store.raw(CODEBOOK).write_bytes(lock(open_plain(store.raw(CODEBOOK), DEMO), [public(DEMO)]))
    assert store.raw(CODEBOOK).read_bytes() != before
    assert open_codebook(store).num_rows == 377


def test_decisions_about_the_shipped_forms_are_no_other_forms(store):
    store.raw("corrections.csv").write_text("form;column;old;new;reason;who;when\n", encoding="utf-8")
    store.raw("notes.txt").write_text("mine", encoding="utf-8")
    assert open_codebook(store).num_rows == 377


@pytest.mark.parametrize("spoil", ["an answer", "the ledger", "the codebook", "a workbook in place of a CSV file", "a label"])
def test_it_opens_no_other_delivery(store, spoil):
    if spoil == "an answer":
        alter_answer(store)
    elif spoil == "the ledger":
        store.raw("kontering.csv").write_bytes(store.raw("kontering.csv").read_bytes() + b"\n")
    elif spoil == "the codebook":
        text = open_plain(store.raw(CODEBOOK), DEMO)
        store.raw(CODEBOOK).write_bytes(lock(text.rsplit("\n", 2)[0] + "\n", [public(DEMO)]))
    elif spoil == "a label":
        path = store.raw("initiator/labels.csv")
        path.write_bytes(path.read_bytes().replace(b"Ja", b"ja", 1))
    else:
        for path in list(store.raw("coordinator").iterdir()):
            path.unlink()
        store.raw("coordinator/export.xlsx").write_bytes(b"PK")
    with pytest.raises(CheckFailed, match=REFUSED):
        open_codebook(store)


@pytest.mark.parametrize("given", ["under another name", "beside a key of one's own", "for two", "for the controllers' demo key"])
def test_it_is_refused_however_it_is_given(delivery, given):
    """It is the codebook that is asked, and no file's name."""
    book, key = delivery.path(CODEBOOK), delivery.data / "mine.txt"
    text = open_plain(book, delivery.key)
    published = PUBLISHED / (f"CONTROLLERS-{DEMO_KEY}" if given == "for the controllers' demo key" else DEMO_KEY)
    shutil.copyfile(published, key)
    if given == "beside a key of one's own":
        key.write_text(delivery.key.read_text() + published.read_text())
    if given == "for two":
        shutil.copyfile(delivery.key, key)
    book.write_bytes(lock(text, [public(published), *([keys.recipient()] if given == "for two" else [])]))
    with pytest.raises(CheckFailed, match=REFUSED):
        open_codebook(Store(Settings(STUDY, delivery.data, key), delivery.name))


def test_a_key_of_its_own_opens_any_delivery_and_the_demo_key_then_opens_nothing(delivery):
    assert open_codebook(Store(delivery.settings, delivery.name)).num_rows == 5
    refuse_published_key(STUDY, delivery.folder)
    with pytest.raises(InputError, match="doesn't open with this key"):
        open_codebook(Store(Settings(STUDY, delivery.data, DEMO), delivery.name))


def test_the_refusal_is_one_line_without_what_is_inside(store):
    alter_answer(store)
    with pytest.raises(CheckFailed) as caught:
        refuse_published_key(STUDY, store.raw(""))
    assert str(caught.value).startswith(f"{store.raw(CODEBOOK)}: ")
    assert "\n" not in str(caught.value)
    assert "FRS_KEY_FILE" in str(caught.value)


def test_only_the_shipped_folder_is_the_shipped_delivery(store, delivery):
    assert is_shipped(STUDY, RAW)
    assert is_shipped(STUDY, store.raw(""))
    assert not is_shipped(STUDY, delivery.folder)
    store.raw("kontering.csv").unlink()
    assert not is_shipped(STUDY, store.raw(""))
