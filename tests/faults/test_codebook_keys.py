"""Keys that don't fit, at the command line: one clear line each, and nothing written but the refusal in the journal."""

import io
import os

import pytest
from support.controllers import Desk, tree

from frs_pipeline.codebook.entries import PIPELINE_COLUMNS, lock, plain
from frs_pipeline.store.deliveries import CODEBOOK
from frs_pipeline.store.journal import entries


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path)


@pytest.fixture
def book(desk, held):
    """A controllers' codebook that anne and bo open, in a delivery without forms: no key is tried after those are read."""
    desk.delivery.mkdir(parents=True)
    return desk.lock_full(held, desk.delivery)


def flip(path):
    data = bytearray(path.read_bytes())
    data[-30] ^= 1
    path.write_bytes(data)


FAULTS = {
    "wrong identity": (lambda book, desk, held: ["--identity", str(desk.key("eve"))], 3, "doesn't open with this key"),
    "the pipeline's": (lambda book, desk, held: ["--identity", str(desk.key("pipeline"))], 3, "doesn't open with this key"),
    "no identity": (lambda book, desk, held: [], 2, "key"),
    "missing identity": (lambda book, desk, held: ["--identity", str(desk.folder / "gone")], 3, "no key for the codebook"),
    "recipient for a key": (lambda book, desk, held: ["--identity", str(desk.controllers())], 3, "holds no age identity"),
    "flipped bit": (lambda book, desk, held: flip(book), 3, "was altered"),
    "cut short": (lambda book, desk, held: os.truncate(book, book.stat().st_size // 2), 3, "was altered"),
    "emptied": (lambda book, desk, held: os.truncate(book, 0), 3, "was altered"),
    "locked for another": (lambda book, desk, held: desk.lock_full(held, book.parent, "eve"), 3, "doesn't open with this key"),
}
COMMANDS = {
    "reveal": ["reveal", "IN-700001"],
    "reveal with the personal number": ["reveal", "IN-700001", "--cpr"],
    "lock": ["lock", "{register}", "--controllers", "{controllers}", "--pipeline", "{pipeline}", "--to", "{to}"],
    "rotate": ["rotate", "--controllers", "{controllers}", "--pipeline", "{pipeline}", "--to", "{to}", "--pseudonyms"],
    "check": ["check"],
    "find": ["find"],
}


@pytest.fixture(autouse=True)
def personal_number(held, monkeypatch):
    """What `find` reads."""
    monkeypatch.setattr("sys.stdin", standard_input(held[0].personal_number.encode()))


def standard_input(data):
    return io.TextIOWrapper(io.BytesIO(data), encoding="utf-8")


# Without a key, check looks at the pipeline's part.
ASKED = [(command, fault) for command in COMMANDS for fault in FAULTS if (command, fault) != ("check", "no identity")]


@pytest.mark.parametrize(("command", "fault"), ASKED)
def test_a_key_that_does_not_fit_is_told_in_one_line(book, desk, held, run, command, fault):
    spoil, code, says = FAULTS[fault]
    given = spoil(book, desk, held)
    given = given if isinstance(given, list) else ["--identity", str(desk.key("anne"))]
    before = tree(desk.settings.data)
    words = {"register": desk.register, "controllers": desk.folder / "controllers.txt", "to": desk.delivery}
    asked = [word.format(**words, pipeline=desk.recipient["pipeline"]) for word in COMMANDS[command]]
    reason = [] if command == "check" else ["--reason", "sag 12"]
    found, out, err = run(desk.settings.data, "codebook", *asked, *reason, *given)
    assert (found, out, err.count("\n")) == (code, "", 1)
    assert says in err
    assert "SECRET" not in err
    assert tree(desk.settings.data) == before
    (entry,) = entries(desk.settings.access_journal)
    assert (entry.event, entry.details["command"]) == ("refused", command.split()[0])
    numbers = [value for e in held for value in (e.personal_number, str(e.conference_number))]
    assert not any(value in f"{err} {entry.why} {entry.details}" for value in numbers)


@pytest.mark.parametrize("command", ["reveal", "lock", "rotate", "find"])
def test_without_a_reason_nothing_is_done(book, desk, run, command):
    before = tree(desk.settings.data)
    words = {"register": desk.register, "controllers": desk.folder / "controllers.txt", "to": desk.delivery}
    asked = [word.format(**words, pipeline=desk.recipient["pipeline"]) for word in COMMANDS[command]]
    found, out, err = run(desk.settings.data, "codebook", *asked, "--identity", str(desk.key("anne")))
    assert (found, out, err) == (2, "", f"frs: {command}: a reason is needed (give it with --reason)\n")
    assert tree(desk.settings.data) == before
    assert [entry.event for entry in entries(desk.settings.access_journal)] == ["refused"]


NO_NUMBERS = {
    "nothing": b"",
    "a line end": b"\n",
    "two numbers": b"6101180011\n7202180022\n",
    "no text": b"6101180011\xe6\n",
    "a conference number": b"40111\n",
    "without end": b"6101180011" * 50,
    "no standard input": None,
}


@pytest.mark.parametrize("case", NO_NUMBERS)
def test_what_is_not_one_personal_number_is_not_looked_for(book, desk, run, monkeypatch, case):
    given = NO_NUMBERS[case]
    monkeypatch.setattr("sys.stdin", None if given is None else standard_input(given))
    key = ["--identity", str(desk.key("anne"))]
    code, out, err = run(desk.settings.data, "codebook", "find", "--reason", "sag 12", *key)
    assert (code, out) == (2, "")
    assert err == "frs: find: not a personal number (write six digits, a hyphen if you like, and four)\n"
    assert [entry.event for entry in entries(desk.settings.access_journal)] == ["refused"]


KEY_ITSELF = "AGE-SECRET-KEY-1QQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQ"


@pytest.mark.parametrize(
    "arguments",
    [
        ["find", "--identity", KEY_ITSELF],
        ["reveal", "IN-700001", "--identity", KEY_ITSELF.lower()],
        ["lock", "{register}", "--controllers", KEY_ITSELF, "--pipeline", "{pipeline}", "--to", "{to}"],
        ["lock", "{register}", "--controllers", "{controllers}", "--pipeline", f" {KEY_ITSELF}", "--to", "{to}"],
    ],
    ids=lambda arguments: " ".join(word for word in arguments if word.islower() and len(word) < 20),
)
def test_a_key_in_place_of_its_file_is_not_repeated(book, desk, run, arguments):
    words = {"register": desk.register, "controllers": desk.folder / "controllers.txt", "to": desk.delivery}
    asked = [word.format(**words, pipeline=desk.recipient["pipeline"]) for word in arguments]
    code, out, err = run(desk.settings.data, "codebook", *asked, "--reason", "sag 12")
    assert (code in (2, 3), out, err.count("\n")) == (True, "", 1)
    assert "secret key" in err
    (entry,) = entries(desk.settings.access_journal)
    assert "qqqq" not in f"{err} {entry.details}".lower()


def test_the_pipelines_key_in_place_of_its_file_is_not_repeated(delivery, run, monkeypatch):
    monkeypatch.setenv("FRS_KEY_FILE", KEY_ITSELF)
    code, out, err = run(delivery.data, "run")
    said = "frs: FRS_KEY_FILE: is a secret key itself, not the name of a file (name the file that holds it)\n"
    assert (code, out, err) == (2, "", said)


@pytest.mark.parametrize("command", ["lock", "rotate"])
def test_a_folder_called_by_a_personal_number_is_not_noted(book, desk, held, run, command):
    words = {"register": desk.register, "controllers": desk.folder / "controllers.txt", "to": desk.delivery / "630315-4002"}
    words["to"].mkdir()
    desk.lock_full(held, words["to"])
    before = tree(desk.settings.data)
    asked = [word.format(**words, pipeline=desk.recipient["pipeline"]) for word in COMMANDS[command]]
    code, out, err = run(desk.settings.data, "codebook", *asked, "--reason", "sag 12", "--identity", str(desk.key("anne")))
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "holds a personal number" in err
    assert "630315" not in err
    assert tree(desk.settings.data) == before
    assert entries(desk.settings.access_journal) == []


def test_a_pipeline_that_holds_a_controllers_key_does_not_run(make_delivery, tmp_path, desk, held, run, monkeypatch):
    delivery = make_delivery(tmp_path / "data")
    desk.lock_full(held, delivery.folder)
    both = desk.folder / "both.txt"
    both.write_text(delivery.key.read_text() + desk.key("anne").read_text())
    monkeypatch.setenv("FRS_KEY_FILE", str(both))
    code, out, err = run(delivery.data, "run")
    assert (code, out, err.count("\n")) == (3, "", 1)
    assert f"{both}: opens the controllers' codebook" in err
    assert not list((delivery.data / "curated").rglob("*.parquet"))
    # Nor where the codebook was read before, with another key.
    monkeypatch.setenv("FRS_KEY_FILE", str(delivery.key))
    assert run(delivery.data, "run", "--select", "validated/codebook")[0] == 0
    monkeypatch.setenv("FRS_KEY_FILE", str(both))
    assert run(delivery.data, "run", "--select", "validated/ledger")[0] == 3


def test_a_broken_journal_is_told_line_by_line(book, desk, run):
    key = ["--identity", str(desk.key("anne"))]
    for number in range(3):
        run(desk.settings.data, "codebook", "reveal", "IN-1", "--reason", f"sag {number}", *key)
    code, out, err = run(desk.settings.data, "codebook", "journal", "verify")
    assert (code, out) == (1, "")
    assert "no entry says who locked 2021-01-31/codebook-controllers.age" in err
    # Locked on another machine: to have it opened here once is enough.
    run(desk.settings.data, "codebook", "check", *key)
    code, out, _ = run(desk.settings.data, "codebook", "journal", "verify")
    assert code == 0
    head = out.split("Head ")[1].split("\n")[0]
    path = desk.settings.access_journal
    path.write_bytes(path.read_bytes().replace(b"sag 1", b"sag 7"))
    code, out, err = run(desk.settings.data, "codebook", "journal", "verify")
    assert (code, out) == (1, "")
    assert err.splitlines() == [
        f"{path}: line 2: was altered: its hash doesn't fit what it says",
        f"frs: {path}: the journal isn't what it was (keep it as it is, and find out who could write it)",
    ]
    path.unlink()
    path.with_suffix(".head").unlink()
    code, out, err = run(desk.settings.data, "codebook", "journal", "verify")
    assert (code, out) == (1, "")
    assert "no entry says who locked 2021-01-31/codebook-controllers.age: the journal was deleted or cut" in err
    code, _, err = run(desk.settings.data, "codebook", "journal", "verify", "--head", head)
    assert code == 1
    assert "no entry has the head that was noted" in err
    code, _, err = run(desk.settings.data, "codebook", "journal", "verify", "--head", head[:20])
    assert code == 2
    assert "not a hash that was noted" in err
    code, _, err = run(desk.settings.data, "codebook", "journal", "verify", "--head", "0" * 64)
    assert (code, err.count("\n")) == (2, 1)
    assert "not a hash that was noted" in err


def test_a_reason_that_would_play_with_the_terminal_is_shown_as_text(book, desk, run):
    run(desk.settings.data, "codebook", "reveal", "IN-1", "--reason", "[red]sag\x1b[2J 12", "--identity", str(desk.key("anne")))
    code, out, _ = run(desk.settings.data, "codebook", "journal", "show")
    assert code == 0
    assert "\x1b" not in out
    assert "[red]sag [2J 12" in out


def test_the_pipelines_part_is_never_taken_for_the_controllers(book, desk, held, run):
    (desk.delivery / CODEBOOK).write_bytes(lock(plain(held, PIPELINE_COLUMNS), [desk.recipient["pipeline"]]))
    arguments = ["--identity", str(desk.key("pipeline")), "--codebook", str(desk.delivery / CODEBOOK), "--reason", "sag 12"]
    code, out, err = run(desk.settings.data, "codebook", "reveal", "IN-1", *arguments)
    assert (code, out) == (3, "")
    assert "isn't the controllers' codebook" in err
