"""A codebook that was locked again stays locked again: the older pair, put back, is refused wherever it is opened."""

import re
import shutil
from pathlib import Path

import pytest
from support.controllers import Desk
from support.study import STUDY

from frs_pipeline.codebook.find import find
from frs_pipeline.codebook.fit import fit
from frs_pipeline.codebook.locking import lock_register, rotate
from frs_pipeline.codebook.newest import name_of, require_newest
from frs_pipeline.codebook.opening import open_codebook
from frs_pipeline.codebook.reveal import reveal
from frs_pipeline.codebook.unjournalled import unjournalled
from frs_pipeline.errors import CheckFailed, FrsError, InputError
from frs_pipeline.operations.refresh import refresh
from frs_pipeline.store.deliveries import CODEBOOK, CONTROLLERS
from frs_pipeline.store.files import Store
from frs_pipeline.store.journal import entries, verify
from frs_pipeline.store.manifest import delivered
from frs_pipeline.store.settings import Settings

REFUSED = "isn't the codebook that was locked last"


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path)


@pytest.fixture
def store(desk):
    return Store(Settings(STUDY, desk.settings.data, desk.key("pipeline")), desk.delivery.name)


def lock(desk, folder=None, **options):
    keys = (desk.controllers(), desk.recipient["pipeline"])
    return lock_register(desk.settings, desk.register, folder or desk.delivery, *keys, "ny leverance", **options)


def turn(desk, *, pseudonyms=True):
    keys = (desk.controllers(), desk.recipient["pipeline"])
    return rotate(desk.settings, desk.delivery, *keys, "nyt projekt", desk.key("anne"), pseudonyms=pseudonyms)


def pair(folder):
    return {name: (folder / name).read_bytes() for name in (CODEBOOK, CONTROLLERS) if (folder / name).exists()}


def put(folder, files):
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)


@pytest.fixture
def put_back(desk):
    """A pair as it was before pseudonyms were changed, in the place of the newer one."""
    lock(desk)
    before = pair(desk.delivery)
    turn(desk)
    put(desk.delivery, before)


OPENED = {
    "for the pipeline": lambda desk, store: open_codebook(store),
    "by find": lambda desk, store: find(store, "610118-4011", store.raw(CONTROLLERS), desk.key("anne"), "aktindsigt"),
    "by reveal": lambda desk, store: reveal(store, ["DF-1"], store.raw(CONTROLLERS), desk.key("anne"), "sag 1", personal=False),
    "by check": lambda desk, store: fit(store, store.raw(CONTROLLERS), desk.key("anne")),
    "by check without a key": lambda desk, store: fit(store, store.raw(CONTROLLERS), None),
    "to rotate": lambda desk, store: turn(desk),
    "to lock a newer register": lambda desk, store: lock(desk, identity=desk.key("anne")),
    "to lock the next delivery": lambda desk, store: lock(
        desk, desk.settings.raw_delivery("2021-06-30"), identity=desk.key("anne")
    ),
}


@pytest.mark.parametrize("how", OPENED)
def test_a_pair_that_was_put_back_is_refused_wherever_it_is_opened(desk, store, put_back, how):
    with pytest.raises(CheckFailed, match=REFUSED) as refused:
        OPENED[how](desk, store)
    assert refused.value.where == desk.delivery / CODEBOOK
    assert re.search(r"entry 2 of \d{4}-\d\d-\d\dT\S+Z", str(refused.value))
    assert verify(desk.settings.access_journal) == []


@pytest.mark.parametrize("name", [CODEBOOK, CONTROLLERS])
def test_one_of_the_two_files_put_back_is_refused(desk, store, name):
    lock(desk)
    before = pair(desk.delivery)[name]
    turn(desk)
    open_codebook(store)
    (desk.delivery / name).write_bytes(before)
    with pytest.raises(CheckFailed, match=REFUSED) as refused:
        open_codebook(store)
    assert refused.value.where == desk.delivery / name


def test_the_controllers_part_put_back_elsewhere_is_refused(desk, store):
    lock(desk)
    kept = shutil.copy(desk.delivery / CONTROLLERS, desk.folder)
    turn(desk)
    with pytest.raises(CheckFailed, match=REFUSED) as refused:
        find(store, "610118-4011", Path(kept), desk.key("anne"), "aktindsigt")
    assert refused.value.where == Path(kept)


def test_a_pair_that_was_replaced_in_another_folder_is_refused(desk, store):
    out = desk.folder / "udgående"
    lock(desk, out)
    before = pair(out)
    put(desk.delivery, before)
    assert open_codebook(store).num_rows == 5
    keys = (desk.controllers(), desk.recipient["pipeline"])
    rotate(desk.settings, out, *keys, "nyt projekt", desk.key("anne"), pseudonyms=True)
    with pytest.raises(CheckFailed, match="a later entry says"):
        open_codebook(store)
    put(desk.delivery, pair(out))
    assert open_codebook(store).num_rows == 5


def test_a_codebook_that_was_locked_on_another_machine_opens(desk, store, tmp_path):
    lock(desk)
    elsewhere = Settings(STUDY, tmp_path / "elsewhere", desk.key("pipeline"))
    put(elsewhere.raw_delivery(store.delivery), pair(desk.delivery))
    assert open_codebook(Store(elsewhere, store.delivery)).num_rows == 5


def test_what_could_not_be_written_is_not_taken_for_the_newest(desk, store, monkeypatch):
    lock(desk)
    replace = Path.replace

    def failing(path, target):
        if target.name == CONTROLLERS:
            raise OSError(28, "No space left on device")
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", failing)
    with pytest.raises(FrsError, match="No space left"):
        turn(desk)
    monkeypatch.undo()
    assert [entry.event for entry in entries(desk.settings.access_journal)] == ["lock", "rotate", "undone", "refused"]
    assert open_codebook(store).num_rows == 5
    turn(desk)
    assert open_codebook(store).num_rows == 5


def test_lost_files_can_be_locked_anew_from_the_pair_that_is_left(desk, store, put_back):
    (desk.delivery / CODEBOOK).unlink()
    kept = (desk.delivery / CONTROLLERS).rename(desk.folder / CONTROLLERS)
    assert lock(desk, previous=kept, identity=desk.key("bo")).kept == 5
    assert open_codebook(store).num_rows == 5


@pytest.mark.parametrize("spoil", ["an entry altered", "the last entry cut off", "the head missing", "removed, but for its head"])
def test_over_a_journal_that_was_altered_nothing_is_opened(desk, store, spoil):
    lock(desk)
    turn(desk)
    path = desk.settings.access_journal
    lines = path.read_bytes().splitlines(keepends=True)
    match spoil:
        case "an entry altered":
            path.write_bytes(b"".join([lines[0].replace(b"ny lev", b"en lev"), *lines[1:]]))
        case "the last entry cut off":
            path.write_bytes(lines[0])
        case "the head missing":
            path.with_suffix(".head").unlink()
        case _:
            path.unlink()
    with pytest.raises(CheckFailed, match="nobody can tell which codebook was locked last") as refused:
        open_codebook(store)
    assert refused.value.where == path


def test_a_journal_that_was_deleted_is_missed_beside_a_codebook(desk, store):
    lock(desk)
    assert unjournalled(desk.settings) == []
    for path in desk.settings.access_journal.parent.glob("access-journal.*"):
        path.unlink()
    (line,) = unjournalled(desk.settings)
    assert f"{desk.delivery.name}/{CONTROLLERS}" in line
    # Whoever brought it from another machine opens it once, which is an entry.
    with pytest.raises(FrsError):
        find(store, "610118-4011", store.raw(CONTROLLERS), desk.key("eve"), "sag 1")
    assert unjournalled(desk.settings)


def test_of_a_codebook_without_the_controllers_part_the_journal_need_not_tell(desk):
    lock(desk)
    (desk.delivery / CONTROLLERS).unlink()
    for path in desk.settings.access_journal.parent.glob("access-journal.*"):
        path.unlink()
    assert unjournalled(desk.settings) == []


@pytest.mark.parametrize("written", [".", "../{name}", "{name}/", "{folder}"])
def test_a_folder_is_known_however_it_is_written(desk, monkeypatch, written):
    desk.delivery.mkdir(parents=True)
    monkeypatch.chdir(desk.delivery if written.startswith(".") else desk.delivery.parent)
    assert name_of(Path(written.format(name=desk.delivery.name, folder=desk.delivery))) == desk.delivery.name


def test_a_refresh_with_nothing_to_do_finds_it_too(delivery, tmp_path_factory):
    """Results made with the older pair are up to date with it."""
    desk = Desk(tmp_path_factory.mktemp("office"))
    settings = Settings(STUDY, delivery.data, delivery.key)
    older = pair(delivery.folder)
    delivery.path(CODEBOOK).unlink()
    lock_register(settings, desk.register, delivery.folder, desk.controllers(), desk.recipient["pipeline"], "x")
    put(delivery.folder, older)
    with pytest.raises(CheckFailed, match=REFUSED):
        refresh(settings, delivery.name)
    with pytest.raises(CheckFailed, match=REFUSED):
        require_newest(settings, delivery.folder)


def test_the_controllers_files_belong_to_the_manifest_by_their_hashes_alone(delivery, tmp_path_factory):
    desk = Desk(tmp_path_factory.mktemp("office"))
    delivery.path(CODEBOOK).unlink()
    lock_register(delivery.settings, desk.register, delivery.folder, desk.controllers(), desk.recipient["pipeline"], "x")
    rotate(
        delivery.settings,
        delivery.folder,
        desk.controllers(),
        desk.recipient["pipeline"],
        "y",
        desk.key("anne"),
        pseudonyms=True,
    )
    found = delivered(STUDY, delivery.folder)
    assert {CODEBOOK, CONTROLLERS, "pseudonyms-1.age", "kontering.csv"} < found.keys()
    for name in (CONTROLLERS, "pseudonyms-1.age"):
        delivery.path(name).unlink()
        delivery.path(name).mkdir()
        with pytest.raises(InputError, match="cannot be read: Is a directory") as refused:
            delivered(STUDY, delivery.folder)
        assert refused.value.where == delivery.path(name)
        delivery.path(name).rmdir()
