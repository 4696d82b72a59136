"""Locking the codebook: the register checked, pseudonyms kept, both files or none, and no personal number for the pipeline."""

import csv
import hashlib
import io
import os
import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from support.controllers import HEADER, LINES, NUMBERS, PERSONAL, Desk, tree
from support.shipped import STUDY

from frs_pipeline.codebook import locking
from frs_pipeline.codebook.entries import Entry, lock, plain
from frs_pipeline.codebook.keys import demo_recipients, make_key, recipients
from frs_pipeline.codebook.locking import FaultyRegister, lock_register, rotate, with_pseudonyms
from frs_pipeline.codebook.pseudonyms import draw_pseudonyms
from frs_pipeline.codebook.register import Conference, read_register
from frs_pipeline.codebook.vault import CONTROLLERS, open_plain, opens, read_codebook, read_full
from frs_pipeline.errors import FrsError, InputError, UsageError
from frs_pipeline.store.deliveries import CODEBOOK, DEMO_KEY
from frs_pipeline.store.journal import entries, verify

WHY = "ny leverance"
WRITTEN: list[str] = []
watching = False


def _watch(event, arguments):
    """Every file that this process opens to write, however it does so."""
    if watching and event == "open" and arguments[2] & (os.O_WRONLY | os.O_RDWR) and not isinstance(arguments[0], int):
        WRITTEN.append(os.fsdecode(arguments[0]))


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path)


def locked(desk, folder=None, **options):
    options.setdefault("controllers", desk.folder / "controllers.txt")
    options = {"pipeline": desk.recipient["pipeline"], "why": WHY, **options}
    return lock_register(desk.settings, desk.register, folder or desk.delivery, **options)


def rotated(desk, names=("anne", "eve"), key="anne", *, pseudonyms=False, pipeline="pipeline"):
    arguments = (desk.controllers(*names), desk.recipient[pipeline], "skift", desk.key(key))
    return rotate(desk.settings, desk.delivery, *arguments, pseudonyms=pseudonyms)


def full(desk, folder=None, key="anne"):
    return read_full(STUDY, (folder or desk.delivery) / CONTROLLERS, desk.key(key))


def pseudonyms(found):
    return {entry.conference_number: entry.conference_id for entry in found}


def journal(desk):
    return entries(desk.settings.access_journal)


def test_a_locked_register_is_in_both_files(desk):
    told = locked(desk)
    book = full(desk)
    assert [(e.personal_number, e.conference_number) for e in book] == list(zip(PERSONAL, NUMBERS, strict=True))
    assert [(e.occasion, e.date) for e in book[2:4]] == [("first", "2018-04-01"), ("followup", "2018-08-01")]
    assert book == full(desk, key="bo")
    part = read_codebook(STUDY, desk.delivery / CODEBOOK, desk.key("pipeline")).to_pylist()
    assert [(row["conference_number"], row["conference_id"], row["occasion"], str(row["date"])) for row in part] == [
        (e.conference_number, e.conference_id, e.occasion, e.date) for e in book
    ]
    assert (told.conferences, told.children, told.kept, told.new) == (5, 3, 0, 5)
    assert sorted(path.name for path in desk.delivery.iterdir()) == [CONTROLLERS, CODEBOOK]


def test_pseudonyms_say_nothing_and_are_drawn_anew_each_time(desk):
    locked(desk)
    other = desk.folder / "elsewhere" / "2021-06-30"
    locked(desk, other)
    one, two = (pseudonyms(full(desk, folder)) for folder in (desk.delivery, other))
    assert all(re.fullmatch("K[A-HJ-NP-Z]{7}", pseudonym) for pseudonym in one.values())
    assert len({*one.values(), *two.values()}) == 10


def test_a_pseudonym_that_is_taken_is_not_drawn_again():
    letters = iter("AAAAAAAAAAAAABAAAAAABAAAAAAC")
    assert draw_pseudonyms(2, lambda _: next(letters), {"KAAAAAAA"}) == ["KAAAAAAB", "KAAAAAAC"]


def test_the_pipelines_key_opens_no_personal_number(desk):
    locked(desk)
    rotated(desk, ("anne", "bo"), pseudonyms=True)
    opened = {p.name: open_plain(p, desk.key("pipeline")) for p in desk.delivery.iterdir() if opens(p, desk.key("pipeline"))}
    assert list(opened) == [CODEBOOK]
    shown = re.sub(r"[^0-9]", "", opened[CODEBOOK]) + opened[CODEBOOK]
    for number in PERSONAL:
        assert number.replace("-", "") not in shown
        assert number[:6] not in opened[CODEBOOK]
    for path in desk.delivery.iterdir():
        data = path.read_bytes()
        assert data.startswith(b"age-encryption.org/v1\n")
        assert not any(number.encode() in data for number in (*PERSONAL, *map(str, NUMBERS)))


def test_every_flipped_bit_and_every_cut_is_noticed(desk):
    locked(desk)
    path = desk.delivery / CONTROLLERS
    data, key = path.read_bytes(), desk.key("anne")
    changed = desk.folder / "changed.age"
    for at in range(len(data)):
        changed.write_bytes(data[:at] + bytes([data[at] ^ 1 << at % 8]) + data[at + 1 :])
        assert not opens(changed, key), at
        changed.write_bytes(data[:at])
        assert not opens(changed, key), at
    changed.write_bytes(data)
    assert opens(changed, key)


def test_a_pipeline_that_holds_a_controllers_key_is_refused(desk):
    locked(desk)
    both = desk.folder / "both.txt"
    both.write_text(desk.key("pipeline").read_text() + desk.key("bo").read_text())
    with pytest.raises(InputError, match="opens the controllers' codebook") as refused:
        read_codebook(STUDY, desk.delivery / CODEBOOK, both)
    assert refused.value.where == both


@pytest.mark.parametrize("where", ["same folder", "named folder", "named file", "delivery before"])
def test_a_newer_register_keeps_pseudonyms(desk, where):
    locked(desk)
    before = pseudonyms(full(desk))
    newer = LINES[0].replace("4011", "4099")
    desk.write("840418-4044;402220006;2020-01-01;rådslagning", *LINES[:0:-1][:3], newer)
    folder = desk.delivery if where == "same folder" else desk.settings.raw_delivery("2021-06-30")
    previous = {"named folder": desk.delivery, "named file": desk.delivery / CONTROLLERS}.get(where)
    if previous:
        folder = desk.folder / "new"
    told = locked(desk, folder, identity=desk.key("bo"), previous=previous)
    after = pseudonyms(full(desk, folder))
    assert {n: after[n] for n in after if n in before} == {n: before[n] for n in before if n in after}
    assert set(after) - set(before) == {402220006}
    assert after[402220006] not in before.values()
    assert (told.kept, told.new) == (4, 1)
    assert told.odd["conferences of the older codebook that the register doesn't have"] == 1
    assert told.odd["conferences with another personal number than in the older codebook"] == 1


def test_a_new_conference_never_gets_an_older_ones_pseudonym(monkeypatch):
    older = Entry("610118-4011", 1, "KAAAAAAA", "first", "2018-02-01")
    letters = iter("AAAAAAAAAAAAABCCCCCCC")
    monkeypatch.setattr(locking.secrets, "choice", lambda _: next(letters))
    (entry,) = with_pseudonyms([Conference("720218-4022", 2, "first", "2018-03-01")], [older])
    assert entry.conference_id == "KAAAAAAB"


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        pytest.param(lambda desk: {}, "needs a key", id="no key"),
        pytest.param(lambda desk: {"identity": desk.key("pipeline")}, "doesn't open", id="the pipeline's key"),
        pytest.param(lambda desk: {"identity": desk.key("eve")}, "doesn't open", id="another's key"),
        pytest.param(lambda desk: {"identity": desk.folder / "none"}, "no key", id="key that isn't there"),
        pytest.param(lambda desk: {"previous": desk.folder / "none"}, "missing file", id="older one that isn't there"),
        pytest.param(
            lambda desk: {"previous": desk.delivery / CODEBOOK, "identity": desk.key("anne")}, "doesn't open", id="wrong part"
        ),
        pytest.param(lambda desk: {"identity": desk.key("anne"), "why": " "}, "a reason is needed", id="no reason"),
        pytest.param(lambda desk: {"identity": desk.key("anne"), "controllers": desk.controllers("anne")}, "two", id="one"),
    ],
)
def test_an_older_codebook_is_never_lost(desk, spoil, says):
    locked(desk)
    before, noted = tree(desk.settings.data), len(journal(desk))
    with pytest.raises(FrsError, match=says):
        locked(desk, **spoil(desk))
    assert tree(desk.settings.data) == before
    (entry,) = journal(desk)[noted:]
    assert (entry.event, entry.details["command"]) == ("refused", "lock")


@pytest.mark.parametrize("name", ["2021-01-31", "2021-06-30"], ids=["the same", "the next"])
def test_a_codebook_whose_controllers_part_is_kept_elsewhere_is_asked_for(desk, name):
    locked(desk)
    kept = (desk.delivery / CONTROLLERS).rename(desk.folder / CONTROLLERS)
    before, folder = tree(desk.settings.data), desk.settings.raw_delivery(name)
    with pytest.raises(UsageError, match="not the controllers' part") as refused:
        locked(desk, folder)
    assert refused.value.where == desk.delivery
    assert tree(desk.settings.data) == before
    assert locked(desk, folder, previous=kept, identity=desk.key("anne")).kept == 5


def test_the_made_up_delivery_has_no_pseudonyms_to_keep(desk):
    locked(desk)
    (desk.delivery / DEMO_KEY).touch()
    assert locked(desk, desk.settings.raw_delivery("2021-06-30")).new == 5


@pytest.mark.parametrize(
    ("line", "where", "column", "what"),
    [
        pytest.param(f"{91 - 60}0299-4011;1;2018-02-01;rådslagning", 4, "personnummer", "a day", id="no such day, real"),
        pytest.param("910299-4011;1;2018-02-01;rådslagning", 4, "personnummer", "a day", id="no such day, replacement"),
        pytest.param("601318-4011;1;2018-02-01;rådslagning", 4, "personnummer", "a day", id="day 60"),
        pytest.param("611318-4011;1;2018-02-01;rådslagning", 4, "personnummer", "a day", id="month 13"),
        pytest.param("610136-4011;1;2018-02-01;rådslagning", 4, "personnummer", "a day", id="not born yet"),
        pytest.param("61011-4011;1;2018-02-01;rådslagning", 4, "personnummer", "removes a leading 0", id="nine digits"),
        pytest.param("61011840111;1;2018-02-01;rådslagning", 4, "personnummer", "ten digits", id="eleven digits"),
        pytest.param("61O118-4011;1;2018-02-01;rådslagning", 4, "personnummer", "DDMMYY", id="a letter"),
        pytest.param(";1;2018-02-01;rådslagning", 4, "personnummer", "DDMMYY", id="no personal number"),
        pytest.param("610118-4011;40-22;2018-02-01;rådslagning", 4, "raadslagningsnummer", "one to nine", id="no number"),
        pytest.param("610118-4011;1234567890;2018-02-01;rådslagning", 4, "raadslagningsnummer", "nine", id="long number"),
        pytest.param("840118-4011;402220002;2018-02-01;rådslagning", 4, "raadslagningsnummer", "line 3", id="number twice"),
        pytest.param("840118-4011;9999999999;2018-02-01;rådslagning", 4, "raadslagningsnummer", "nine", id="number too long"),
        pytest.param("6101184011;1;2018-02-01;rådslagning", 4, "personnummer", "line 2", id="conference twice"),
        pytest.param("840118-4011;1;31-02-2018;rådslagning", 4, "dato", "2020-11-30", id="danish date that there isn't"),
        pytest.param("840118-4011;1;2018-02-30;rådslagning", 4, "dato", "2020-11-30", id="no such date"),
        pytest.param("840118-4011;1;2018-02-01;first", 4, "anledning", "rådslagning nor opfølgning", id="occasion"),
        pytest.param("840118-4011;1;2018-02-01", 4, "the line", "3 fields where 4", id="a field less"),
        pytest.param('"840118-4011";1;2018-02-01;"rådslagning";', 4, "the line", "5 fields", id="a field more"),
    ],
)
def test_a_fault_in_the_register_is_told_by_line_and_column(desk, line, where, column, what):
    desk.write(*LINES[:2], line, *LINES[2:])
    with pytest.raises(FaultyRegister) as refused:
        locked(desk)
    (fault,) = refused.value.faults
    assert (fault.where, fault.column) == (f"{desk.register}:{where}", column)
    assert what in fault.what
    values = [cell for cell in line.replace('"', "").split(";") if len(cell) > 4]
    shown = f"{fault.what} {refused.value} {desk.settings.access_journal.read_text()}"
    assert not any(value in shown for value in values)
    assert not desk.delivery.exists()
    assert [entry.event for entry in journal(desk)] == ["refused"]


def test_all_faults_are_told_at_once(desk):
    desk.write("x;1;2018-02-01;rådslagning", "610118-4011;y;z;w")
    with pytest.raises(FaultyRegister, match="4 faults in the register"):
        locked(desk)


@pytest.mark.parametrize(
    ("content", "where", "says"),
    [
        pytest.param(b"", ":1", "header", id="empty"),
        pytest.param(HEADER.replace(";", ",").encode(), ":1", "header", id="commas"),
        pytest.param(f"{HEADER}\n".encode(), "", "no conference", id="header only"),
        pytest.param(f'{HEADER}\n"x'.encode(), ":2", "not a CSV", id="open quote"),
        pytest.param(b"PK\x03\x04\0\0", ":1", "null bytes", id="workbook"),
        pytest.param(None, "", "missing file", id="missing"),
    ],
)
def test_what_is_no_register_is_refused(desk, content, where, says):
    desk.register.unlink()
    if content is not None:
        desk.register.write_bytes(content)
    with pytest.raises(InputError, match=says) as refused:
        locked(desk)
    assert str(refused.value.where) == f"{desk.register}{where}"
    assert not desk.delivery.exists()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_a_register_is_read_as_spreadsheets_save_it(desk, encoding):
    plain_read = read_register(STUDY, desk.register).conferences
    desk.write(*LINES, "", ";;;", encoding=encoding, end="\r\n")
    assert read_register(STUDY, desk.register).conferences == plain_read


def real(replacement):
    """The number that a replacement number replaces; none is written down here."""
    return f"{int(replacement[:2]) - 60:02d}{replacement[2:]}"


def test_modulus_11_and_replacement_numbers_are_noted_in_counts(desk):
    # The first is made from the documentation's example of a number that modulus 11 fits.
    for number, odd in (
        (real("811062-5629"), {}),
        (real("811062-5628"), {"personal numbers that fail modulus 11 (allowed since 2007)": 1}),
        ("811062-5628", {"replacement personal numbers (day + 60)": 1}),
        (f"{real('811062-5629')[:6]} 5629", {}),
        (real("890220-4011"), {"personal numbers that fail modulus 11 (allowed since 2007)": 1}),
        (real("910517-4012"), {"personal numbers that fail modulus 11 (allowed since 2007)": 1}),
    ):
        desk.write(f"{number};1;2018-02-01;rådslagning")
        register = read_register(STUDY, desk.register)
        assert (register.faults, dict(register.odd)) == ([], odd)
        assert register.conferences[0].personal_number == f"{number[:6]}-{number[-4:]}"


def test_a_child_may_have_two_followups(desk):
    desk.write(*LINES, "610118-4011;402220009;2019-08-01;opfølgning")
    told = locked(desk)
    assert told.odd["personal numbers with the same occasion on another date, too"] == 1
    assert told.conferences == 6


@pytest.mark.parametrize("place", ["data", "delivery"])
def test_a_register_that_lies_among_the_data_is_refused(desk, place):
    folder = desk.settings.data / "raw" if place == "data" else desk.folder / "elsewhere"
    folder.mkdir(parents=True)
    desk.register = desk.register.rename(folder / "kodebog.csv")
    with pytest.raises(UsageError, match="in plain text among the data"):
        locked(desk, desk.delivery if place == "data" else folder)


@pytest.mark.parametrize(
    ("lines", "pipeline", "where", "says"),
    [
        pytest.param(["{anne}"], "{pipeline}", "", "1 recipient, and at least two", id="one"),
        pytest.param(["# nobody"], "{pipeline}", "", "0 recipients, and at least two", id="none"),
        pytest.param(["{anne}", "{bo}", "{anne}"], "{pipeline}", ":3", "stands twice", id="twice"),
        pytest.param(["{anne}", "{bo}", " {ANNE} "], "{pipeline}", ":3", "stands twice", id="twice, in capitals"),
        pytest.param(["{anne}", "{bo}"], "{bo}", None, "is a controller's, too", id="pipeline is a controller"),
        pytest.param(["{anne}", "{bo}"], "{BO}", None, "is a controller's, too", id="in capitals"),
        pytest.param(["{anne}", "{demo}"], "{pipeline}", ":2", "demo", id="demo controller"),
        pytest.param(["{anne}", "{bo}"], "{demo}", None, "demo", id="demo pipeline"),
        pytest.param(["{anne}", "age1xyz"], "{pipeline}", ":2", "isn't an age recipient", id="no recipient"),
        pytest.param(["{anne}", "{bo}"], "age1xyz", None, "isn't an age recipient", id="pipeline's is none"),
        pytest.param(["{anne}", "AGE-SECRET-KEY-1ABC"], "{pipeline}", ":2", "holds a secret key", id="secret key"),
        pytest.param(["{anne}", "{bo}"], "AGE-SECRET-KEY-1ABC", None, "holds a secret key", id="pipeline's secret key"),
        pytest.param(["{anne}", "{bo}"], "nofile.txt", "nofile.txt", "missing file", id="no such file"),
    ],
)
def test_recipients_that_nothing_is_locked_for(desk, lines, pipeline, where, says):
    words = {**desk.recipient, **{name.upper(): text.upper() for name, text in desk.recipient.items()}}
    words["demo"] = max(demo_recipients())
    path = desk.folder / "controllers.txt"
    path.write_text("\n".join(line.format(**words) for line in lines))
    with pytest.raises(FrsError, match=says) as refused:
        locked(desk, controllers=path, pipeline=pipeline.format(**words))
    assert "\n" not in str(refused.value)
    assert str(refused.value.where) == ("--pipeline" if where is None else where if where == pipeline else f"{path}{where}")
    assert "SECRET" not in str(refused.value)
    assert not desk.delivery.exists()


def test_a_pipelines_recipient_may_stand_in_a_file(desk):
    path = desk.folder / "pipeline-recipient.txt"
    path.write_text(desk.recipient["pipeline"])
    assert recipients(desk.controllers(), str(path)).pipeline == desk.recipient["pipeline"]
    path.write_text(f"{desk.recipient['pipeline']}\n{desk.recipient['eve']}")
    with pytest.raises(UsageError, match="2 recipients where one belongs"):
        recipients(desk.controllers(), str(path))


def test_both_demo_keys_are_known():
    assert len(demo_recipients()) == 2


def test_rotation_gives_other_keys_and_keeps_pseudonyms(desk):
    locked(desk)
    before = full(desk)
    told = rotated(desk, ("anne", "eve"), key="bo", pipeline="bo")
    assert full(desk) == full(desk, key="eve") == before
    assert (told.kept, told.new) == (5, 0)
    assert not opens(desk.delivery / CONTROLLERS, desk.key("bo"))
    assert not opens(desk.delivery / CODEBOOK, desk.key("pipeline"))
    part = read_codebook(STUDY, desk.delivery / CODEBOOK, desk.key("bo"))
    assert part["conference_id"].to_pylist() == [entry.conference_id for entry in before]


def test_rotation_of_pseudonyms_leaves_a_map_that_only_controllers_open(desk):
    locked(desk)
    first = full(desk)
    for number in (1, 2):
        before = full(desk)
        rotated(desk, ("anne", "bo"), pseudonyms=True)
        path = desk.delivery / f"pseudonyms-{number}.age"
        rows = list(csv.reader(io.StringIO(open_plain(path, desk.key("bo")))))
        assert rows[0] == ["old", "new"]
        changed = {a.conference_id: b.conference_id for a, b in zip(before, full(desk), strict=True)}
        assert dict(rows[1:]) == changed | {a.case_id: b.case_id for a, b in zip(before, full(desk), strict=True)}
        bare = {"conference_id": "", "case_id": ""}
        assert [replace(entry, **bare) for entry in full(desk)] == [replace(e, **bare) for e in before]
        assert not {e.conference_id for e in before} & {e.conference_id for e in full(desk)}
        assert not opens(path, desk.key("pipeline"))
    path = desk.delivery / "pseudonyms-1.age"
    old = [row[0] for row in csv.reader(io.StringIO(open_plain(path, desk.key("anne"))))][1:]
    assert old == [*(e.conference_id for e in first), *dict.fromkeys(e.case_id for e in first)]


@pytest.mark.parametrize(("there", "fails"), [(False, 1), (False, 2), (True, 1), (True, 2), (True, 3)])
def test_all_files_are_written_or_none(desk, monkeypatch, there, fails):
    if there:
        locked(desk)
    before, calls, put = tree(desk.settings.data), [], Path.replace

    def failing(path, target):
        if "journal" not in str(target):
            calls.append(target)
            if len(calls) == fails:
                raise OSError(28, os.strerror(28))
        return put(path, target)

    monkeypatch.setattr(Path, "replace", failing)
    with pytest.raises(FrsError, match="No space left"):
        rotated(desk, pseudonyms=True) if there else locked(desk)
    assert tree(desk.settings.data) == before
    assert [entry.event for entry in journal(desk)][-1] == "refused"


def test_plain_text_never_touches_the_disk(desk, monkeypatch, tmp_path):
    global watching
    sys.addaudithook(_watch)
    seen, put = [], Path.replace

    def looking(path, target):
        seen.append((target.name, path.read_bytes()))
        return put(path, target)

    monkeypatch.setattr(Path, "replace", looking)
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    WRITTEN.clear()
    watching = True
    try:
        locked(desk)
        rotated(desk, pseudonyms=True)
    finally:
        watching = False
    kinds = {re.sub(r"\.[a-z0-9_]{8}\.tmp$", "", Path(name).name).lstrip(".") for name in WRITTEN}
    assert kinds <= {CONTROLLERS, CODEBOOK, "pseudonyms-1.age", "access-journal.jsonl", "access-journal.head", "controllers.txt"}
    assert {CONTROLLERS, CODEBOOK} <= kinds
    locked_files = [content for name, content in seen if name.endswith(".age")]
    assert len(locked_files) == 5
    assert all(content.startswith(b"age-encryption.org/v1\n") for content in locked_files)
    for path in tmp_path.rglob("*"):
        if path.is_file() and path != desk.register:
            assert not any(text.encode() in path.read_bytes() for text in (*PERSONAL, *map(str, NUMBERS))), path


def test_every_lock_and_rotation_is_an_entry_with_the_hashes_of_the_files(desk):
    locked(desk)
    assert _hashes(desk) == journal(desk)[0].details["files"]
    rotated(desk, pseudonyms=True)
    assert _hashes(desk) == journal(desk)[1].details["files"]
    assert [(entry.event, entry.why) for entry in journal(desk)] == [("lock", WHY), ("rotate", "skift")]
    assert journal(desk)[1].details["controllers"] == [desk.recipient["anne"], desk.recipient["eve"]]
    assert verify(desk.settings.access_journal) == []
    written = desk.settings.access_journal.read_text()
    for value in (*PERSONAL, *(number.replace("-", "") for number in PERSONAL), *map(str, NUMBERS)):
        assert value not in written
    assert not any(pseudonym in written for pseudonym in pseudonyms(full(desk)).values())


def _hashes(desk):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in desk.delivery.iterdir()}


def test_without_a_sound_journal_nothing_is_locked(desk):
    locked(desk)
    before = tree(desk.settings.data)
    path = desk.settings.access_journal
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(FrsError, match="nothing can be added"):
        rotated(desk)
    assert tree(desk.settings.data) == before


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param("conference_number\n", "isn't the controllers' codebook", id="another header"),
        pytest.param("", "isn't the controllers' codebook", id="empty"),
        pytest.param("{header}\n610118-4011,1,KABCDEFG,first\n", "holds an entry", id="a field less"),
        pytest.param("{header}\nsomebody,1,KABCDEFG,first,2018-02-01\n", "holds an entry", id="no personal number"),
        pytest.param("{header}\n610118-4011,1,KABCDEFG,once,2018-02-01\n", "holds an entry", id="no occasion"),
    ],
)
def test_a_controllers_codebook_that_is_none_is_refused(desk, text, says):
    header = "personal_number,conference_number,conference_id,occasion,date"
    path = desk.folder / CONTROLLERS
    path.write_bytes(lock(text.format(header=header), [desk.recipient["anne"]]))
    with pytest.raises(InputError, match=says) as refused:
        read_full(STUDY, path, desk.key("anne"))
    assert "4011" not in str(refused.value)


def test_a_new_key_locks_and_opens_and_is_its_owners_alone(tmp_path):
    path = tmp_path / "key.txt"
    recipient = make_key(path)
    assert path.stat().st_mode & 0o777 == 0o600
    (tmp_path / "x.age").write_bytes(lock("text", [recipient]))
    assert open_plain(tmp_path / "x.age", path) == "text"
    assert f"# public key: {recipient}\n" in path.read_text()
    before = path.read_bytes()
    with pytest.raises(UsageError, match="exists already"):
        make_key(path)
    assert path.read_bytes() == before


def test_what_is_locked_is_what_plain_says(desk):
    locked(desk)
    assert open_plain(desk.delivery / CONTROLLERS, desk.key("anne")) == plain(
        full(desk), ("personal_number", "conference_number", "conference_id", "occasion", "date", "case_id")
    )
