"""Which deliveries are called made up: those that say so, and those that everybody can open."""

import shutil

import pytest
from support import keys
from support.shipped import DELIVERY, copy_of_shipped
from support.study import STUDY

from frs_pipeline.codebook.entries import lock
from frs_pipeline.codebook.opening import made_up
from frs_pipeline.codebook.vault import open_plain
from frs_pipeline.errors import InputError
from frs_pipeline.intake import delivery as intake
from frs_pipeline.store.deliveries import CODEBOOK, DEMO_KEY, OWN_KEY
from frs_pipeline.store.files import Store
from frs_pipeline.store.plan import products
from frs_pipeline.store.settings import Settings


@pytest.fixture
def shipped(tmp_path):
    return Store(copy_of_shipped(tmp_path), DELIVERY)


def test_a_codebook_that_a_published_key_opens_belongs_to_made_up_forms(shipped):
    assert made_up(shipped)
    shipped.raw(DEMO_KEY).unlink()
    assert made_up(shipped)


def test_a_delivery_says_so_itself(delivery):
    store = Store(delivery.settings, delivery.name)
    assert not made_up(store)
    for said in (False, True):
        store.raw("delivery.yaml").write_text(f"made_up: {str(said).lower()}\n", encoding="utf-8")
        assert made_up(store) is said


@pytest.mark.parametrize("name", [DEMO_KEY, OWN_KEY])
def test_a_key_beside_the_codebook_of_a_real_delivery_says_nothing(delivery, name):
    store = Store(delivery.settings, delivery.name)
    shutil.copy(delivery.key, store.raw(name))
    assert not made_up(store)


@pytest.mark.parametrize(
    "text", ["made_up: yes", "made_up: 'true'", "made_up:", "madeup: true", "made_up: [true]", "made_up: Ravn"]
)
def test_what_it_says_otherwise_is_refused_with_its_line(delivery, text):
    store = Store(delivery.settings, delivery.name)
    store.raw("delivery.yaml").write_text(f"# of itself\n{text}\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"delivery\.yaml:2: ") as caught:
        made_up(store)
    assert "Ravn" not in str(caught.value)


def test_locked_with_a_key_of_its_own_it_is_called_made_up_no_longer(shipped):
    """What was kept of it is out of date then: it hangs on the codebook."""
    kept = products(STUDY)[("validated", "description")]
    before = shipped.origin(kept)
    text = open_plain(shipped.raw(CODEBOOK), shipped.raw(DEMO_KEY))
    shipped.raw(CODEBOOK).write_bytes(lock(text, [keys.recipient()]))
    assert not made_up(shipped)
    assert shipped.origin(kept) != before


def test_what_is_kept_is_what_report_and_release_read(tmp_path):
    store = Store(Settings(STUDY, tmp_path), DELIVERY)
    for said in (True, False):
        store.raw("").mkdir(parents=True, exist_ok=True)
        for name in ("codebook-pipeline.age", "delivery.yaml"):
            store.raw(name).touch()
        store.write(products(STUDY)[("validated", "description")], intake.described(made_up=said))
        assert intake.made_up(store) is said
