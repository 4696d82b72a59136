"""Pseudonyms of children: drawn, kept and rotated with those of conferences, and what marts tell by them."""

from __future__ import annotations

import datetime as dt
import re

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.controllers import Desk
from support.study import STUDY

from frs_pipeline.codebook.cases import with_cases
from frs_pipeline.codebook.entries import CODEBOOK as BOOK
from frs_pipeline.codebook.entries import FULL_COLUMNS, OLDER_COLUMNS, PIPELINE_COLUMNS, Entry, lock, plain
from frs_pipeline.codebook.locking import Locked, lock_register, rotate
from frs_pipeline.codebook.vault import open_plain, read_codebook, read_full
from frs_pipeline.errors import InputError
from frs_pipeline.intake.ledger import REGISTER
from frs_pipeline.privacy.codebook import Codebook
from frs_pipeline.privacy.columns import kinds_in_parquet
from frs_pipeline.privacy.patterns import CONFERENCE, PSEUDONYM, ROW, kinds_in_trace
from frs_pipeline.store.deliveries import CODEBOOK, CONTROLLERS


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path)


def locked(desk: Desk, **options: object) -> Locked:
    files = (desk.register, desk.delivery, desk.folder / "controllers.txt", desk.recipient["pipeline"], "test")
    return lock_register(desk.settings, *files, **options)


def full(desk: Desk) -> list[Entry]:
    return read_full(STUDY, desk.delivery / CONTROLLERS, desk.key("anne"))


def cases(desk: Desk) -> dict[str, str]:
    """The pseudonym of each child, of whom each has one."""
    pairs = {(entry.personal_number, entry.case_id) for entry in full(desk)}
    assert len(pairs) == len(dict(pairs)) == len({case for _, case in pairs})
    return dict(pairs)


def test_each_child_has_a_pseudonym_of_its_own_in_both_parts(desk):
    told = locked(desk)
    assert (told.children, told.children_kept, told.children_new) == (3, 0, 3)
    assert all(re.fullmatch("S[A-HJ-NP-Z]{7}", case) for case in cases(desk).values())
    part = read_codebook(STUDY, desk.delivery / CODEBOOK, desk.key("pipeline")).to_pylist()
    assert [(row["conference_number"], row["case_id"]) for row in part] == [(e.conference_number, e.case_id) for e in full(desk)]


def test_a_newer_register_keeps_them_and_a_corrected_child_gets_its_own(desk):
    locked(desk)
    before = cases(desk)
    lines = desk.register.read_text().splitlines()[1:]
    child = lines[0].partition(";")[0]
    # The first line was another child's; a new child comes.
    desk.write(lines[0].replace(child, "840418-4044"), *lines[1:])
    told = locked(desk, identity=desk.key("anne"))
    after = cases(desk)
    assert {number: case for number, case in after.items() if number in before} == {n: before[n] for n in after if n in before}
    assert after["840418-4044"] not in before.values()
    assert (told.children_kept, told.children_new) == (len(after) - 1, 1)


def test_rotating_pseudonyms_rotates_theirs_and_maps_them(desk):
    locked(desk)
    before = cases(desk)
    arguments = (desk.controllers("anne", "bo"), desk.recipient["pipeline"], "test", desk.key("anne"))
    rotate(desk.settings, desk.delivery, *arguments, pseudonyms=False)
    assert cases(desk) == before
    rotate(desk.settings, desk.delivery, *arguments, pseudonyms=True)
    after = cases(desk)
    assert not set(after.values()) & set(before.values())
    lines = open_plain(desk.delivery / "pseudonyms-1.age", desk.key("anne")).splitlines()
    assert [line for line in lines if line.startswith("S")] == list(
        dict.fromkeys(f"{before[e.personal_number]},{e.case_id}" for e in full(desk))
    )
    assert sum(line.startswith("K") for line in lines) == 5


def test_a_codebook_from_before_has_none_and_locking_again_draws_them(desk):
    locked(desk)
    older = full(desk)
    for name, columns, key in ((CONTROLLERS, FULL_COLUMNS, "anne"), (CODEBOOK, PIPELINE_COLUMNS, "pipeline")):
        end = OLDER_COLUMNS - len(FULL_COLUMNS)
        (desk.delivery / name).write_bytes(lock(plain(older, columns[:end]), [desk.recipient[key]]))
    desk.settings.access_journal.unlink()
    desk.settings.access_journal.with_name(f"{desk.settings.access_journal.stem}.head").unlink(missing_ok=True)
    assert {entry.case_id for entry in full(desk)} == {""}
    part = read_codebook(STUDY, desk.delivery / CODEBOOK, desk.key("pipeline"))
    assert part.schema == BOOK
    assert part["case_id"].null_count == part.num_rows == 5
    placed = with_cases(STUDY, part, part.select(REGISTER.names))
    assert placed["case_conference"].null_count == placed["case_days"].null_count == 5


@pytest.mark.parametrize("how", ["two pseudonyms", "two children"])
def test_a_child_with_two_pseudonyms_and_two_with_one_are_refused(desk, how):
    locked(desk)
    entries = full(desk)
    several = [e for e in entries if sum(other.personal_number == e.personal_number for other in entries) > 1]
    alone = next(e for e in entries if e not in several)
    wrong = {**vars(several[0]), "case_id": "SXXXXXXX" if how == "two pseudonyms" else alone.case_id}
    desk.lock_full([Entry(**wrong) if e == several[0] else e for e in entries], desk.delivery)
    with pytest.raises(InputError, match="a child has several pseudonyms, or several children share one"):
        full(desk)


@pytest.mark.parametrize("case", ["KAAAAAAA", "S1234567", "40111", "610118-4011"])
def test_what_isnt_a_childs_pseudonym_is_refused_without_being_quoted(tmp_path, desk, case):
    path = tmp_path / CODEBOOK
    path.write_bytes(
        lock(plain([Entry("", 40111, "KBBBBBBB", "first", "2018-02-01", case)], PIPELINE_COLUMNS), [desk.recipient["pipeline"]])
    )
    with pytest.raises(InputError, match="isn't number, pseudonym, occasion, date and case") as refused:
        read_codebook(STUDY, path, desk.key("pipeline"))
    assert case not in str(refused.value)


# Number, pseudonym, occasion, child, the ledger's day; and what comes of it.
HELD = (
    (1, "KAAAAAAA", "first", "SAAAAAAA", dt.date(2018, 2, 1), (1, 0)),
    (2, "KBBBBBBB", "followup", "SAAAAAAA", dt.date(2018, 6, 1), (2, 120)),
    # Earlier than its follow-up by the ledger, whatever the codebook says of it.
    (3, "KCCCCCCC", "followup", "SAAAAAAA", dt.date(2018, 3, 1), (None, None)),
    (4, "KDDDDDDD", "followup", "SBBBBBBB", dt.date(2018, 5, 9), (2, 0)),
    (5, "KEEEEEEE", "first", "SBBBBBBB", dt.date(2018, 5, 9), (1, 0)),
    (6, "KFFFFFFF", "first", None, dt.date(2018, 5, 9), (None, None)),
)


def test_conferences_of_a_child_are_counted_by_the_ledgers_dates():
    rows = [
        {"conference_number": n, "date": dt.date(2000, 1, 1), "occasion": o, "conference_id": k, "case_id": c}
        for n, k, o, c, _, _ in HELD
    ]
    ledger = [{"conference_number": n, "date": day, "occasion": o} for n, _, o, _, day, _ in HELD if n != 3]
    placed = with_cases(STUDY, pa.Table.from_pylist(rows, BOOK), pa.Table.from_pylist(ledger, REGISTER))
    assert list(zip(placed["case_conference"].to_pylist(), placed["case_days"].to_pylist(), strict=True)) == [
        expected for *_, expected in HELD
    ]


NUMBERS = list(range(40_101, 40_141))
CHILDREN = [f"S{chr(65 + i // 2 // 20)}{chr(65 + i // 2 % 20)}CDEFG" for i in range(len(NUMBERS))]
KNOWN = Codebook([f"K{chr(65 + i // 20)}{chr(65 + i % 20)}CDEFG" for i in range(len(NUMBERS))], NUMBERS, CHILDREN)


@pytest.mark.parametrize(
    ("column", "kinds"),
    [
        pytest.param(NUMBERS, {CONFERENCE}, id="a conference number beside its child"),
        pytest.param([40_200 + n // 2 for n in range(len(NUMBERS))], {CONFERENCE}, id="another name of the child"),
        pytest.param([n % 3 for n in range(len(NUMBERS))], set(), id="an answer"),
    ],
)
def test_numbers_beside_children_are_found(tmp_path, column, kinds):
    pq.write_table(pa.table({"case_id": CHILDREN, "x": column}), tmp_path / "mart.parquet")
    assert kinds_in_parquet(tmp_path / "mart.parquet", KNOWN, lambda _: None) == kinds


def test_the_days_of_a_case_may_tell_children_apart(tmp_path):
    pq.write_table(pa.table({"case_id": CHILDREN[::2], "case_days": range(20)}), tmp_path / "mart.parquet")
    assert kinds_in_parquet(tmp_path / "mart.parquet", KNOWN, lambda _: None) == set()


def test_a_row_of_children_with_their_numbers_is_found_in_a_text(tmp_path):
    text = "\n".join(f"about {child}: see {number}" for child, number in zip(CHILDREN, NUMBERS, strict=True))
    pq.write_table(pa.table({"x": [text]}), tmp_path / "mart.parquet")
    assert kinds_in_parquet(tmp_path / "mart.parquet", KNOWN, lambda _: None) == {ROW}
    assert kinds_in_trace(STUDY, f"no entry for {CHILDREN[0]}", KNOWN) == {PSEUDONYM}
