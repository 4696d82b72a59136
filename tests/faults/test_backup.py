"""Everything but a backup is lost: what is restored gives the same root. A backup that is damaged anywhere restores nothing."""

import errno
import hashlib
import io
import json
import os
import shutil
import stat
import tarfile

import pytest
from support import keys

from frs_pipeline.codebook.keys import PUBLISHED, demo_recipients, make_key
from frs_pipeline.codebook.unjournalled import unjournalled
from frs_pipeline.errors import CheckFailed, FrsError, InputError, UsageError
from frs_pipeline.operations import backup as backing_up
from frs_pipeline.operations.backup import backup, restore
from frs_pipeline.operations.backup_archive import HEAD, Head, packed, unpacked
from frs_pipeline.operations.backup_contents import Piece, gather
from frs_pipeline.operations.refresh import refresh
from frs_pipeline.store.files import Store, read_manifest
from frs_pipeline.store.journal import append, entries, verify
from frs_pipeline.store.settings import Settings
from frs_pipeline.store.together import parts_of
from frs_pipeline.study import Study


def lay(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def filled(delivery):
    """The delivery with everything else that people leave in a data folder."""
    data, settings = delivery.data, delivery.settings
    shutil.copytree(delivery.folder, settings.raw_delivery("2021-02-28"))
    lay(settings.curated("begge") / "together.yaml", "deliveries:\n  - 2021-01-31\n  - 2021-02-28\n")
    lay(data / "decided" / delivery.name / "stikprøve.csv", "form;sum\n")
    lay(data / "fetched" / "one" / "2021" / "receipt.json", "{}\n")
    lay(data / "fetched" / "one" / ".2022.tmp", "half")
    lay(data / "incidents" / delivery.name / "x.md", "# A page\n")
    append(settings.access_journal, "reveal", who="somebody", why="a form", details={})
    lay(data / "restricted" / "releases" / "abc" / "tables.csv", "a\n")
    return settings


@pytest.fixture(scope="module")
def kept(good, tmp_path_factory):
    """A backup of a filled installation, and that installation."""
    folder = tmp_path_factory.mktemp("kept")
    settings = filled(good.copy_to(folder / "here" / "data"))
    return backup(settings, folder / "one.tar", "nightly"), settings


def names(path):
    with tarfile.open(path) as archive:
        return archive.getnames()


def test_after_losing_all_but_the_backup_the_same_root_is_made(delivery, tmp_path):
    settings = filled(delivery)
    root = Store(settings, delivery.name).root
    manifest = read_manifest(Store(settings, delivery.name))
    assert root
    unjournalled_before = unjournalled(settings)
    done = backup(settings, tmp_path / "one.tar", "moving house")
    assert done.head.roots == {delivery.name: root}
    shutil.copy(settings.key, tmp_path / "key.txt")
    before = {p.relative_to(delivery.data / "raw"): p.read_bytes() for p in (delivery.data / "raw").rglob("*") if p.is_file()}
    shutil.rmtree(delivery.data)
    shutil.rmtree(settings.study.folder)

    restored = restore(tmp_path / "one.tar", tmp_path / "there")
    assert (restored.sha256, restored.wrong) == (done.sha256, ())
    there = tmp_path / "there" / "data"
    again = Settings(Study(tmp_path / "there"), there, tmp_path / "key.txt")
    assert {p.relative_to(there / "raw"): p.read_bytes() for p in (there / "raw").rglob("*") if p.is_file()} == before
    assert parts_of(again, "begge") == (delivery.name, "2021-02-28")
    assert not (there / "curated" / delivery.name).exists()
    refresh(again, delivery.name)
    assert Store(again, delivery.name).root == root
    assert read_manifest(Store(again, delivery.name)) == manifest
    assert verify(again.access_journal) == []
    assert [entry.event for entry in entries(again.access_journal)][-1:] == ["restore"]
    # The journal is read by others, too, who look for codebooks in its entries: there are a backup's and a restoration's.
    backup(again, tmp_path / "two.tar", "again")
    assert unjournalled(again) == unjournalled_before


def test_it_holds_what_cannot_be_made_again_and_nothing_else(kept):
    done, settings = kept
    listed = names(done.path)
    assert listed[0] == HEAD
    assert listed[1:] == sorted(listed[1:]) == list(done.head.files)
    kinds = {"/".join(name.split("/")[:2]) for name in listed[1:] if name.startswith("data/")}
    assert kinds == {"data/raw", "data/decided", "data/fetched", "data/curated", "data/restricted"}
    assert [n for n in listed if n.startswith("data/curated/")] == ["data/curated/begge/together.yaml"]
    journals = ["access-journal.head", "access-journal.jsonl"]
    assert [n for n in listed if n.startswith("data/restricted/")] == [
        *(f"data/restricted/{name}" for name in journals),
        "data/restricted/releases/abc/tables.csv",
    ]
    assert "study/study.yaml" in listed
    assert "data/raw/2021-01-31/codebook-pipeline.age" in listed
    assert not [name for name in listed if name.endswith((".tmp", ".lock", "key.txt"))]
    assert done.head.gone[0] == "1 page about incidents"
    assert stat.S_IMODE(done.path.stat().st_mode) == 0o600
    noted = entries(settings.access_journal)[-1]
    assert (noted.event, noted.why, noted.details["sha256"]) == ("backup", "nightly", done.sha256)


def test_the_same_files_give_the_same_bytes(kept, tmp_path):
    done, settings = kept
    contents = gather(settings)
    pieces = {name: contents.pieces[name] for name in done.head.files if not name.startswith("data/restricted/access-journal")}
    head = done.head.model_copy(update={"files": {name: done.head.files[name] for name in pieces}})
    for path in (piece.path for piece in pieces.values()):
        os.utime(path, (1, 1))
    assert b"".join(packed(head, pieces)) == b"".join(packed(head, pieces))
    with tarfile.open(done.path) as archive:
        assert {(m.mtime, m.uid, m.gid, m.uname, m.mode) for m in archive} == {(0, 0, 0, "", 0o600)}


def test_nobody_else_may_enter_what_is_restored(kept, tmp_path):
    restore(kept[0].path, tmp_path / "there")
    found = [tmp_path / "there", *(tmp_path / "there").rglob("*")]
    assert {stat.S_IMODE(path.stat().st_mode) for path in found} == {0o700, 0o600}
    assert not [path.name for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_no_key_is_taken_and_each_is_named(delivery, tmp_path):
    settings = delivery.settings
    make_key(delivery.folder / "nøgle.txt")
    lay(delivery.data / "decided" / "a" / "id", "-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n-----END OPENSSH PRIVATE KEY-----\n")
    shutil.copy(PUBLISHED / "DEMO-KEY-NOT-SECRET.txt", delivery.folder)
    shutil.copy(delivery.data / keys.NAME, delivery.folder / "own.txt")
    done = backup(Settings(settings.study, settings.data, delivery.folder / "own.txt"), tmp_path / "one.tar", "x")
    assert done.head.left_out == {
        "data/raw/2021-01-31/nøgle.txt": "a secret key",
        "data/raw/2021-01-31/own.txt": "the pipeline's key",
        "data/decided/a/id": "a secret key",
    }
    assert b"PRIVATE KEY" not in done.path.read_bytes()
    assert done.path.read_bytes().count(b"AGE-SECRET-KEY") == (PUBLISHED / "DEMO-KEY-NOT-SECRET.txt").read_bytes().count(
        b"AGE-SECRET-KEY"
    )


def test_the_login_of_a_surveys_server_is_not_taken(delivery, tmp_path, monkeypatch):
    lay(delivery.data / "decided" / "login", "keyer\ndo not copy me\n")
    monkeypatch.setenv("FRS_FETCH_LOGIN_FILE", str(delivery.data / "decided" / "login"))
    done = backup(delivery.settings, tmp_path / "one.tar", "x")
    assert done.head.left_out["data/decided/login"] == "the login of a survey's server"
    assert b"do not copy me" not in done.path.read_bytes()


def test_a_key_amid_other_things_is_refused(delivery, tmp_path):
    key = make_key(tmp_path / "k") and (tmp_path / "k").read_text(encoding="ascii").split()[-1]
    lay(delivery.data / "decided" / "a" / "notes.txt", f"{'x' * (2**20 - 30)}{key} was the key\n")
    with pytest.raises(InputError, match="holds a secret key amid other things"):
        backup(delivery.settings, tmp_path / "one.tar", "x")
    assert [path.name for path in tmp_path.glob("*.tar*")] == []
    assert entries(delivery.settings.access_journal)[-1].event == "refused"


def test_a_link_that_leads_elsewhere_is_refused_and_a_linked_delivery_is_not(delivery, tmp_path):
    shutil.move(delivery.folder, tmp_path / "elsewhere")
    delivery.folder.symlink_to(tmp_path / "elsewhere")
    assert "data/raw/2021-01-31/kontering.csv" in backup(delivery.settings, tmp_path / "one.tar", "x").head.files
    (tmp_path / "elsewhere" / "more.csv").symlink_to("/etc/hostname")
    with pytest.raises(InputError, match="leads elsewhere"):
        backup(delivery.settings, tmp_path / "two.tar", "x")


def test_where_it_may_lie(delivery, tmp_path):
    settings = delivery.settings
    (tmp_path / "there").write_text("mine", encoding="utf-8")
    for place, why in (
        (tmp_path / "there", "exists already"),
        (delivery.data / "raw" / "x.tar", "lies inside"),
        (settings.study.folder, "lies inside"),
        (tmp_path / "no" / "x.tar", "no such folder"),
    ):
        with pytest.raises(FrsError, match=why):
            backup(settings, place, "x")
    assert (tmp_path / "there").read_text(encoding="utf-8") == "mine"
    (tmp_path / "shelf").mkdir()
    assert backup(settings, tmp_path / "shelf", "x").path.parent == tmp_path / "shelf"
    with pytest.raises(InputError, match="nothing was delivered"):
        backup(Settings(settings.study, tmp_path / "empty"), tmp_path / "e.tar", "x")


def test_what_is_altered_while_it_is_copied_is_no_backup(delivery, tmp_path, monkeypatch):
    whole = backing_up.entry_of

    def then_altered(piece):
        found = whole(piece)
        if piece.name.endswith("kontering.csv"):
            piece.path.write_bytes(piece.path.read_bytes().replace(b"4", b"5", 1))
        return found

    monkeypatch.setattr(backing_up, "entry_of", then_altered)
    with pytest.raises(CheckFailed, match="changed while it was copied"):
        backup(delivery.settings, tmp_path / "one.tar", "x")
    assert not list(tmp_path.glob("*.tar*")) + list(tmp_path.glob(".*.tmp"))


def spoilt(path, to, damage):
    content = bytearray(path.read_bytes())
    damage(content)
    to.write_bytes(content)
    return to


def test_one_that_is_damaged_anywhere_restores_nothing(kept, tmp_path):
    path = kept[0].path
    size = path.stat().st_size
    with tarfile.open(path) as archive:
        [ledger, *_] = [m for m in archive if m.name.endswith("kontering.csv")]
        last = archive.getmembers()[-1]
    cuts = (
        0,
        100,
        512,
        ledger.offset_data + 5,
        last.offset,
        last.offset_data,
        last.offset_data + last.size,
        size - 10240,
        size - 1,
    )
    damages = [lambda content, at=at: content.__delitem__(slice(at, None)) for at in cuts if at < size]
    flips = (0, 700, ledger.offset + 3, ledger.offset_data + 5, last.offset_data, size - 1)
    damages += [lambda content, at=at: content.__setitem__(at, content[at] ^ 1) for at in flips]
    damages += [lambda content: content.extend(b"more")]
    for damage in damages:
        with pytest.raises(InputError, match=r"damaged|isn't a backup") as told:
            restore(spoilt(path, tmp_path / "spoilt.tar", damage), tmp_path / "there")
        assert str(told.value).count("\n") == 0
        assert [found.name for found in tmp_path.iterdir()] == ["spoilt.tar"]


@pytest.mark.parametrize(
    "name", ["data/../../etc/x", "/data/raw/x", "data//raw", "study", "study/data/raw/x", "other/x", "data/a\0b"]
)
def test_a_name_that_leads_elsewhere_is_refused(tmp_path, name):
    piece = Piece(name, tmp_path, b"x")
    head = Head(format="frs-backup/1", study="s", files={name: backing_up.entry_of(piece)}, left_out={}, gone=(), roots={})
    with pytest.raises(InputError, match="damaged or altered"):
        unpacked(io.BytesIO(b"".join(packed(head, {name: piece}))), tmp_path)


def test_a_link_in_an_archive_is_refused(kept, tmp_path):
    with tarfile.open(kept[0].path) as archive:
        head = json.loads(archive.extractfile(HEAD).read())
    text = json.dumps({**head, "files": {"data/raw/x": {"size": 0, "sha256": "0"}}}).encode()
    with tarfile.open(tmp_path / "links.tar", "w") as archive:
        first, link = tarfile.TarInfo(HEAD), tarfile.TarInfo("data/raw/x")
        first.size, link.type, link.linkname = len(text), tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(first, io.BytesIO(text))
        archive.addfile(link)
    with pytest.raises(InputError, match="damaged or altered"):
        restore(tmp_path / "links.tar", tmp_path / "there")
    assert not (tmp_path / "there").exists()


def forged(path, to, name, **said):
    """An archive whose list names one more file as it is said, and that file's member by `member`."""
    member, content = said.pop("member"), said.pop("content", b"")
    with tarfile.open(path) as archive:
        head = json.loads(archive.extractfile(HEAD).read())
    text = json.dumps({**head, "files": {name: said}}).encode()
    with tarfile.open(to, "w", format=tarfile.PAX_FORMAT) as archive:
        first = tarfile.TarInfo(HEAD)
        first.size, member.size = len(text), len(content)
        archive.addfile(first, io.BytesIO(text))
        archive.addfile(member, io.BytesIO(content))
    return to


def test_a_sparse_file_in_an_archive_is_refused(kept, tmp_path):
    size = 1 << 22
    member = tarfile.TarInfo("data/raw/x")
    member.pax_headers = {"GNU.sparse.map": "0,0", "GNU.sparse.size": str(size)}
    digest = hashlib.sha256(bytes(size)).hexdigest()
    path = forged(kept[0].path, tmp_path / "sparse.tar", "data/raw/x", size=size, sha256=digest, member=member)
    assert path.stat().st_size < size / 8
    with pytest.raises(InputError, match="damaged or altered"):
        restore(path, tmp_path / "there")
    assert not (tmp_path / "there").exists()


def test_a_size_that_no_file_has_is_told_in_one_line(kept, tmp_path):
    with tarfile.open(kept[0].path) as archive:
        members = archive.getmembers()[:3]
    for member in members:
        for size in (b"\x80" + b"\xff" * 11, b"\xff" * 12, b"\x80" + bytes(3) + b"\x7f" + b"\xff" * 7):
            content = bytearray(kept[0].path.read_bytes())
            at = slice(member.offset, member.offset + 512)
            header = bytearray(content[at])
            header[124:136], header[148:156] = size, b" " * 8
            header[148:156] = b"%06o\0 " % sum(header)
            content[at] = header
            (tmp_path / "spoilt.tar").write_bytes(content)
            with pytest.raises(InputError, match=r"damaged|isn't a backup"):
                restore(tmp_path / "spoilt.tar", tmp_path / "there")


def test_a_file_system_without_a_second_name_for_a_file_keeps_one_too(delivery, tmp_path, monkeypatch):
    def link(*_):
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", link)
    done = backup(delivery.settings, tmp_path / "one.tar", "x")
    assert restore(done.path, tmp_path / "there").sha256 == done.sha256
    assert not list(tmp_path.glob(".*"))
    # Somebody else's of that name, which appears at the last moment, stays.
    whole = backing_up._read_through
    monkeypatch.setattr(backing_up, "_read_through", lambda *of: lay(tmp_path / "two.tar", "mine") and whole(*of))
    with pytest.raises(UsageError, match="exists already"):
        backup(delivery.settings, tmp_path / "two.tar", "x")
    assert (tmp_path / "two.tar").read_text(encoding="utf-8") == "mine"


def test_a_folder_of_the_study_that_leads_elsewhere_is_refused(delivery, tmp_path):
    lay(tmp_path / "elsewhere" / "private.txt", "mine")
    (delivery.settings.study.folder / "notes").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InputError, match="notes: leads elsewhere"):
        backup(delivery.settings, tmp_path / "one.tar", "x")


def test_it_goes_into_an_empty_place_only(kept, tmp_path):
    lay(tmp_path / "full" / "mine", "mine")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for place in ("full", "full/mine", "link"):
        with pytest.raises(UsageError, match="isn't empty"):
            restore(kept[0].path, tmp_path / place)
    assert (tmp_path / "full" / "mine").read_text(encoding="utf-8") == "mine"
    (tmp_path / "empty").mkdir()
    assert restore(kept[0].path, tmp_path / "empty").path == tmp_path / "empty"
    assert (tmp_path / "empty" / "study.yaml").is_file()


def test_an_encrypted_one_opens_with_its_key_alone_and_is_damaged_by_any_bit(delivery, tmp_path):
    recipient = make_key(tmp_path / "k")
    make_key(tmp_path / "other")
    done = backup(delivery.settings, tmp_path / "one.age", "x", recipient)
    assert b"kontering" not in done.path.read_bytes()
    with pytest.raises(UsageError, match="is encrypted"):
        restore(done.path, tmp_path / "there")
    with pytest.raises(InputError, match="doesn't open with this key"):
        restore(done.path, tmp_path / "there", tmp_path / "other")
    size = done.path.stat().st_size
    for damage in (
        lambda content: content.__delitem__(slice(size - 1, None)),
        lambda content: content.__setitem__(size - 9, content[size - 9] ^ 1),
    ):
        with pytest.raises(InputError, match="damaged"):
            restore(spoilt(done.path, tmp_path / "spoilt.age", damage), tmp_path / "there", tmp_path / "k")
        assert not (tmp_path / "there").exists()
    assert restore(done.path, tmp_path / "there", tmp_path / "k").head == done.head
    with pytest.raises(UsageError, match="demo recipient"):
        backup(delivery.settings, tmp_path / "two.age", "x", sorted(demo_recipients())[0])


def test_the_commands_say_what_was_kept_and_what_does_not_come_back(delivery, run, tmp_path):
    code, out, err = run(delivery.data, "backup", str(tmp_path / "one.tar"))
    assert (code, err) == (0, "")
    assert "Doesn't come back: Dagster's history of runs\n" in out
    code, out, err = run(delivery.data, "restore", str(tmp_path / "one.tar"), "--to", str(tmp_path / "there"), "--json")
    assert (code, err) == (0, "")
    assert json.loads(out)["roots"] == {delivery.name: Store(delivery.settings, delivery.name).root}
    journal = delivery.settings.access_journal
    journal.write_bytes(journal.read_bytes().replace(b"a backup", b"a picnic"))
    code, _, err = run(delivery.data, "backup", str(tmp_path / "two.tar"))
    assert (code, err.count("\n")) == (1, 1)
    assert "journal" in err
