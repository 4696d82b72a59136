"""Registers read a column at a time, and those that need care line by line: the same entries, the same refusals."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyrage
import pytest
from support.shipped import STUDY

from frs_pipeline.codebook import vault
from frs_pipeline.codebook.entries import PIPELINE_COLUMNS
from frs_pipeline.codebook.vault import read_codebook
from frs_pipeline.errors import InputError
from frs_pipeline.intake import ledger
from frs_pipeline.intake.ledger import COLUMNS, read_ledger

HEADER = ";".join(COLUMNS)
BOOK_HEADER = ",".join(PIPELINE_COLUMNS)
# Of a codebook that was locked before children had pseudonyms.
OLDER_HEADER = ",".join(PIPELINE_COLUMNS[:-1])


def outcome(read: Callable[[], pa.Table]) -> object:
    """Entries, or what is said of the fault and where."""
    try:
        table = read()
    except InputError as error:
        return str(error)
    assert all(column.num_chunks == 1 for column in table.columns)
    return table.schema, table.to_pylist()


@pytest.fixture
def both_ways(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[bytes], object]:
    """A ledger read as it is, and line by line: the outcome, which must be the same."""

    def read(data: bytes) -> object:
        path = tmp_path / "kontering.csv"
        path.write_bytes(data)
        as_it_is = outcome(lambda: read_ledger(STUDY, path))
        with monkeypatch.context() as patch:
            patch.setattr(ledger, "plain_rows", lambda *_: None)
            assert outcome(lambda: read_ledger(STUDY, path)) == as_it_is
        return as_it_is

    return read


@pytest.fixture
def codebook_both_ways(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[bytes], object]:
    """The same for what is inside a codebook."""
    path, key = tmp_path / "codebook.age", tmp_path / "key.txt"
    identity = pyrage.x25519.Identity.generate()
    key.write_text(str(identity))

    def read(data: bytes) -> object:
        path.write_bytes(bytes(pyrage.encrypt(data, [identity.to_public()])))
        as_it_is = outcome(lambda: read_codebook(STUDY, path, key))
        with monkeypatch.context() as patch:
            patch.setattr(vault, "plain_rows", lambda *_: None)
            assert outcome(lambda: read_codebook(STUDY, path, key)) == as_it_is
        return as_it_is

    return read


def entries(found: object) -> list[tuple[object, ...]]:
    assert isinstance(found, tuple)
    return [tuple(row.values()) for row in found[1]]


DAY = dt.date(2020, 1, 2)


@pytest.mark.parametrize(
    ("body", "numbers"),
    [
        ("", []),
        ("9;2020-01-02;rådslagning\n17;2020-01-02;rådslagning\n", [9, 17]),
        ("17;2020-01-02;rådslagning\n9;2020-01-02;rådslagning", [9, 17]),
        ("17;2020-01-02;rådslagning\r\n9;2020-01-02;rådslagning\r\n", [9, 17]),
        ("17;2020-01-02;rådslagning\r9;2020-01-02;rådslagning\r", [9, 17]),
        ("17;2020-01-02;rådslagning\n\n;;\n;\n \n9;2020-01-02;rådslagning\n\n", [9, 17]),
        ('"17";2020-01-02;"rådslagning"\n', [17]),
        ("17;20200102;rådslagning\n", [17]),
        ("17;2020-W01-4;rådslagning\n000000009;2020-01-02;rådslagning\n", [9, 17]),
    ],
    ids=["none", "plain", "other order", "CRLF", "CR", "blank lines", "quoted", "date without hyphens", "week"],
)
def test_ledgers_that_are_good(both_ways: Callable[[bytes], object], body: str, numbers: list[int]) -> None:
    for mark in ("", "\ufeff"):
        assert entries(both_ways(f"{mark}{HEADER}\n{body}".encode())) == [(number, DAY, "first") for number in numbers]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", ":1: the header isn't"),
        (f"\n{HEADER.upper()}\n", ":2: the header isn't"),
        (f'"{HEADER}"\n', ":1: the header isn't"),
        (f"{HEADER};\n17;2020-01-02;rådslagning;\n", ":1: the header isn't"),
        (f"\ufeff\ufeff{HEADER}\n", ":1: the header isn't"),
        (f"{HEADER}\n17;2020-01-02;opfølgning\n\n17;2020-01-03;opfølgning\n18;x;\n", ":4: the same conference stands twice"),
        (f"{HEADER}\n17;2020-01-02;opfølgning\n017;2020-01-03;opfølgning\n", ":3: the same conference stands twice"),
        (f"{HEADER}\n17;2020-01-02;opfølgning\n1 8;2020-01-02;opfølgning\n", ":3: not a number, a date"),
        (f"{HEADER}\n17;2020-01-02;opfølgning\n-18;2020-01-02;opfølgning\n", ":3: not a number, a date"),
        (f"{HEADER}\n17;2020-01-02;opfølgning\n١٨;2020-01-02;opfølgning\n", ":3: not a number, a date"),
        (f"{HEADER}\n17;2021-02-29;opfølgning\n", ":2: not a number, a date"),
        (f"{HEADER}\n17;0000-01-01;opfølgning\n", ":2: not a number, a date"),
        (f"{HEADER}\n17;2020-01-02 ;opfølgning\n", ":2: not a number, a date"),
        (f"{HEADER}\n17;2020-01-02;Opfølgning\n", ":2: not a number, a date"),
        (f"{HEADER}\n17;2020-01-02;\n", ":2: not a number, a date"),
        (f"{HEADER}\n17;2020-01-02\n", ":2: not a number, a date"),
        (f"{HEADER}\n17;2020-01-02;opfølgning;\n", ":2: not a number, a date"),
        (f"{HEADER}\n17\0;2020-01-02;opfølgning\n", ":2: holds null bytes"),
    ],
)
def test_ledgers_that_are_refused(both_ways: Callable[[bytes], object], text: str, says: str) -> None:
    found = both_ways(text.encode())
    assert isinstance(found, str)
    assert f"kontering.csv{says}" in found


@pytest.mark.parametrize(
    "body",
    [
        "17,KABCDEF,followup,2020-01-02\n18,KZZZZZZ,first,2020-01-02\n",
        "18,KZZZZZZ,first,2020-01-02\r\n17,KABCDEF,followup,2020-01-02",
        '"18","KZZZZZZ","first",20200102\n17,KABCDEF,followup,2020-01-02\n',
    ],
    ids=["plain", "CRLF", "quoted"],
)
def test_codebooks_that_are_good(codebook_both_ways: Callable[[bytes], object], body: str) -> None:
    older = codebook_both_ways(f"{OLDER_HEADER}\n{body}".encode())
    assert entries(older) == [(17, DAY, "followup", "KABCDEF", None), (18, DAY, "first", "KZZZZZZ", None)]
    blank = body.replace("02\n", "02,\n").replace("02\r", "02,\r") + "," * (not body.endswith("\n"))
    assert codebook_both_ways(f"{BOOK_HEADER}\n{blank}".encode()) == older
    assert entries(
        codebook_both_ways(f"{BOOK_HEADER}\n{blank.replace(',first,2020-01-02,', ',first,2020-01-02,SABCDEF')}".encode())
    )[1][4] == (None if '"first"' in body else "SABCDEF")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "isn't the pipeline's part"),
        (f"{BOOK_HEADER}\n", "isn't the pipeline's part"),
        (f"\ufeff{OLDER_HEADER}\n18,KZZZZZZ,first,2020-01-02\n", "isn't the pipeline's part"),
        (f"{OLDER_HEADER}\n\n18,KZZZZZZ,first,2020-01-02\n", "holds an entry that isn't"),
        (f"{OLDER_HEADER}\n18,KZZZZZZ,first,2020-01-02\n\n", "holds an entry that isn't"),
        (f"{OLDER_HEADER}\n18,KZZZZZZ,both,2020-01-02\n", "holds an entry that isn't"),
        (f"{BOOK_HEADER}\n18,KZZZZZZ,first,2020-01-02\n", "holds an entry that isn't"),
        (f"{OLDER_HEADER}\n18,KZZZZZZ,first,2020-01-02,SABCDEF\n", "holds an entry that isn't"),
        (f"{BOOK_HEADER}\n18,KZZZZZZ,first,2020-01-02,KABCDEF\n", "holds an entry that isn't"),
        (f"{OLDER_HEADER}\n18,KZ ZZZZ,first,2020-01-02\n", "holds an entry that isn't"),
        (f"{OLDER_HEADER}\n18,KZZZZZZ,first,2020-01-02\n18,KZZZZZY,first,2020-01-02\n", "the same conference_number twice"),
        (f"{OLDER_HEADER}\n18,KZZZZZZ,first,2020-01-02\n19,KZZZZZZ,first,2020-01-02\n", "the same conference_id twice"),
    ],
)
def test_codebooks_that_are_refused(codebook_both_ways: Callable[[bytes], object], text: str, says: str) -> None:
    assert says in str(codebook_both_ways(text.encode()))


def test_a_codebook_of_bad_bytes_is_refused_as_one_that_was_altered(codebook_both_ways: Callable[[bytes], object]) -> None:
    assert "was altered" in str(codebook_both_ways(f"{BOOK_HEADER}\nx,y,z\n".encode() + b"\xff"))


def test_whatever_stands_in_a_ledger_is_read_alike_both_ways(both_ways: Callable[[bytes], object]) -> None:
    rng = random.Random(5)
    pieces = ["17", "18", "2020-01-02", "rådslagning", "opfølgning", ";", ";", ";", "\n", "\n", "\r", '"', " ", "0", ""]
    good = ["17;2020-01-02;rådslagning\n", "18;2020-02-02;opfølgning\n", "19;2020-02-02;opfølgning\n"]
    for _ in range(300):
        body = [rng.choice([*good, *pieces]) if rng.random() < 0.3 else rng.choice(good) for _ in range(rng.randrange(4))]
        both_ways(f"{HEADER}\n{''.join(body)}".encode())


def test_a_codebook_of_many_entries_is_read(codebook_both_ways: Callable[[bytes], object]) -> None:
    lines = "".join(f"{n},K{n:08d},{('first', 'followup')[n % 2]},2020-01-02\n" for n in range(60_000, 0, -1))
    found = entries(codebook_both_ways(f"{OLDER_HEADER}\n{lines}".encode()))
    assert [row[0] for row in found] == list(range(1, 60_001))
