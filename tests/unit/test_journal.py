"""Journals: nothing can be changed, taken out, moved or cut off unnoticed."""

import errno
import hashlib
import json
import os
import random
import stat
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from frs_pipeline.errors import CheckFailed, FrsError, InputError, UsageError
from frs_pipeline.store import journal
from frs_pipeline.store.journal import START, End, append, entries, follow, head_of, sealed, verify

MANY = 10_000
FIELDS = ("number", "when", "who", "event", "why", "details", "previous", "hash")


def content(number):
    return {
        "number": number,
        "when": f"2026-01-{number % 28 + 1:02d}T08:00:00Z",
        "who": ("anne", "jørgen")[number % 2],
        "event": ("lock", "reveal")[number % 2],
        "why": f"sag {number}",
        "details": {"forms": [f"DF-{number}"], "sha256": hashlib.sha256(bytes(number % 256)).hexdigest()},
    }


@pytest.fixture(scope="module")
def sound():
    """10,000 lines, and where the journal ends before each and after the last."""
    lines, ends = [], [START]
    for number in range(1, MANY + 1):
        lines.append(sealed(content(number), ends[-1]))
        wrong, end = follow(lines[-1], ends[-1])
        assert not wrong
        ends.append(end)
    return lines, ends


def judged(lines, end):
    """What is wrong with some lines after `end`, and where they end."""
    found = []
    for line in lines:
        wrong, end = follow(line, end)
        found += wrong
    return found, end


def unfound(lines, ends, start, changed, upto):
    """Do the changed lines, set in place of those from `start` to `upto`, go unnoticed by the lines that follow?

    Each line is judged only by where the one before ended, so the first that is as before settles the rest.
    """
    found, end = judged([*changed, *lines[upto : upto + 1]], ends[start])
    if upto == len(lines):
        found += journal.against(ends[-1], end, changed[-1] if changed else lines[start - 1])
    return not found


def edited(line, which):
    """A line with another value in one of its fields, as someone writes it who doesn't reckon the hash anew."""
    entry = json.loads(line)
    name = FIELDS[which % len(FIELDS)]
    old = entry[name]
    entry[name] = {int: lambda: old + 1, dict: dict, str: lambda: old[:-1] + ("x" if old[-1] != "x" else "y")}[type(old)]()
    return journal._written(entry)


def flipped(line, place):
    changed = bytearray(line)
    changed[place % (len(line) - 1)] ^= 1 << place % 7
    return bytes(changed)


def resealed(line, end):
    """A line that says something else, with a hash that fits."""
    return sealed({**{n: json.loads(line)[n] for n in FIELDS[:-2]}, "why": "nothing to see"}, end)


@pytest.mark.minutes
def test_every_single_change_of_ten_thousand_entries_is_found(sound):
    lines, ends = sound
    rng = random.Random(1)
    missed = []
    for at, line in enumerate(lines):
        changes = {
            "edit": ([edited(line, at)], at + 1),
            "flip": ([flipped(line, rng.randrange(10**6))], at + 1),
            "edit with its hash": ([resealed(line, ends[at])], at + 1),
            "removal": ([], at + 1),
            "twice": ([line, line], at + 1),
            "swap": (lines[at : at + 2][::-1], min(at + 2, MANY)) if at + 1 < MANY else ([edited(line, 0)], MANY),
        }
        missed += [(kind, at) for kind, (new, upto) in changes.items() if unfound(lines, ends, at, new, upto)]
        if not journal.against(ends[-1], ends[at], lines[at - 1] if at else None):
            missed.append(("truncation", at))
    assert missed == []


@pytest.fixture
def written(tmp_path, sound):
    lines, ends = sound
    path = tmp_path / "j.jsonl"

    def write(lines):
        path.write_bytes(b"".join(lines))
        return path

    write(lines)
    journal._write_head(path, ends[-1])
    return write


@pytest.mark.parametrize("at", [0, 321, 998, 999])
def test_the_same_changes_in_the_file(written, sound, at):
    lines, ends = sound[0][:1000], sound[1]
    journal._write_head(written(lines), ends[1000])
    assert verify(written(lines)) == []
    for start, new, upto in (
        (at, [edited(lines[at], 4)], at + 1),
        (at, [resealed(lines[at], ends[at])], at + 1),
        (at, [], at + 1),
        (at - 1, lines[at - 1 : at + 1][::-1], at + 1) if at else (0, lines[1::-1], 2),
        (at, [], 1000),
    ):
        assert verify(written([*lines[:start], *new, *lines[upto:]]))


def test_a_sound_journal_of_ten_thousand_entries_is_verified_in_two_seconds(written, sound):
    lines, ends = sound
    path = written(lines)
    start = time.process_time()
    assert verify(path, ends[-1].hash) == []
    assert time.process_time() - start < 2
    assert verify(path, ends[7].hash) == [], "a head noted some time ago"
    assert verify(path, "f" * 64) == ["no entry has the head that was noted: entries were altered, removed or put elsewhere"]


def test_only_a_head_noted_elsewhere_finds_what_was_written_anew_with_its_own_head(written, sound):
    lines, ends = sound
    path = written(lines[:50])
    journal._write_head(path, ends[50])
    assert verify(path) == []
    assert verify(path, ends[-1].hash)


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "restricted" / "log.jsonl"
    for number in (1, 2, 3):
        append(path, "reveal", who="jørgen", why=f"sag {number}\nlinje", details={"forms": [f"DF-{number}"]})
    return path


def test_what_was_appended_is_read_again(log):
    found = entries(log)
    assert [e.number for e in found] == [1, 2, 3]
    assert [e.previous for e in found] == [START.hash, found[0].hash, found[1].hash]
    assert (found[1].who, found[1].event, found[1].why) == ("jørgen", "reveal", "sag 2\nlinje")
    assert found[1].details == {"forms": ["DF-2"]}
    assert len(log.read_bytes().splitlines()) == 3
    assert verify(log) == []
    assert head_of(log) == End(3, found[2].hash)


def test_the_hash_is_that_of_the_line_without_it(log):
    for line in log.read_bytes().splitlines():
        entry = json.loads(line)
        rest = line.replace(f'"hash":"{entry["hash"]}",'.encode(), b"")
        assert hashlib.sha256(rest + b"\n").hexdigest() == entry["hash"]


def test_only_the_owner_may_read_it(log):
    for path, mode in ((log, 0o600), (log.with_suffix(".head"), 0o600), (log.parent, 0o700)):
        assert stat.S_IMODE(path.stat().st_mode) == mode


def test_no_journal_is_an_empty_one(tmp_path):
    path = tmp_path / "none.jsonl"
    assert (entries(path), verify(path), head_of(path)) == ([], [], START)
    assert verify(path, "a" * 64)


@pytest.mark.parametrize("cut", [1, 40])
def test_nothing_is_added_to_a_line_that_is_not_finished(log, cut):
    log.write_bytes(log.read_bytes()[:-cut])
    before = log.read_bytes()
    with pytest.raises(CheckFailed, match="nothing can be added"):
        append(log, "lock", who="a", why="b", details={})
    assert log.read_bytes() == before
    assert verify(log)


@pytest.mark.parametrize("spoil", ["cut off", "last line edited", "head missing", "head of another", "emptied", "removed"])
def test_nothing_is_added_to_a_broken_end(log, spoil):
    lines, head = log.read_bytes().splitlines(keepends=True), log.with_suffix(".head")
    match spoil:
        case "cut off":
            log.write_bytes(b"".join(lines[:2]))
        case "last line edited":
            log.write_bytes(b"".join([*lines[:2], resealed(lines[2], follow(lines[1], End(1, None))[1])]))
        case "head missing":
            head.unlink()
        case "head of another":
            journal._write_head(log, End(3, "0" * 64))
        case "emptied":
            log.write_bytes(b"")
        case "removed":
            log.unlink()
    assert verify(log)
    with pytest.raises(CheckFailed, match="nothing can be added"):
        append(log, "lock", who="a", why="b", details={})
    assert verify(log)


def test_a_writer_that_was_stopped_before_it_wrote_the_head_breaks_nothing(log):
    before = log.with_suffix(".head").read_bytes()
    append(log, "lock", who="a", why="b", details={})
    log.with_suffix(".head").write_bytes(before)
    assert verify(log) == []
    assert append(log, "lock", who="a", why="b", details={}).number == 5
    assert verify(log) == []


def test_two_at_once_both_get_in(log):
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda i: append(log, "look", who="a", why=str(i), details={}), range(20)))
    assert sorted(e.number for e in found) == list(range(4, 24))
    assert verify(log) == []


def test_a_full_disk_leaves_no_part_of_a_line(log, monkeypatch):
    before = log.read_bytes()

    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(journal.os, "fsync", full)
    with pytest.raises(FrsError, match="No space left"):
        append(log, "lock", who="a", why="b", details={})
    monkeypatch.undo()
    assert log.read_bytes() == before
    assert verify(log) == []


@pytest.mark.parametrize("why", ["", "  \n", "about 610118-0011", "about 6101180011"])
def test_a_reason_is_needed_and_names_nobody(log, why):
    with pytest.raises(UsageError) as refused:
        append(log, "lock", who="a", why=why, details={})
    assert "6101" not in str(refused.value)
    assert len(entries(log)) == 3


@pytest.mark.parametrize(
    "details",
    [
        {"folder": "610118-0011"},
        {"decided_by": "mor 6101180011"},
        {"files": ["a", {"610118-0011": 1}]},
        {"x": ("om 610118 0011",)},
    ],
)
def test_nothing_that_is_noted_names_anybody(log, details):
    with pytest.raises(UsageError, match="what is to be noted holds a personal number") as refused:
        append(log, "lock", who="a", why="b", details=details)
    assert "6101" not in str(refused.value)
    assert len(entries(log)) == 3


def test_hashes_and_keys_may_hold_any_digits(log):
    append(log, "lock", who="a", why="b", details={"x": "abcdef6101180011", "key": "age1q6101180011", "n": 6101180011})
    assert verify(log) == []


def test_bytes_that_are_no_text_are_written_as_text(log):
    assert append(log, "lock", who="a\udcff", why="b\udcff", details={"x": "\udcff"}).why == "b?"
    assert verify(log) == []


@pytest.mark.parametrize(
    "line", [b"{}", b"[1]", b"\xff", b"[" * 100_000, b'{"number": 4}'], ids=["object", "list", "no text", "deep", "too little"]
)
def test_a_line_that_is_no_entry_is_told_by_its_number(log, line):
    log.write_bytes(log.read_bytes() + line + b"\n")
    assert verify(log)[0].startswith("line 4: isn't an entry")
    with pytest.raises(InputError, match="isn't an entry") as refused:
        entries(log)
    assert refused.value.where == f"{log}:4"


def test_the_same_entry_written_in_another_way_is_found(log):
    first, *rest = log.read_text(encoding="utf-8").splitlines()
    log.write_text("\n".join([json.dumps(json.loads(first)), *rest, ""]), encoding="utf-8")
    assert verify(log) == ["line 1: was altered: it is written in another way"]


def test_zeros_are_the_head_of_no_journal(log, tmp_path):
    """Every journal begins with them, so that they would fit any."""
    assert verify(log, START.hash) == ["no entry has the head that was noted: entries were altered, removed or put elsewhere"]
    assert verify(tmp_path / "none.jsonl", START.hash)
