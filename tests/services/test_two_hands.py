"""A release in two hands, with real keys: what goes through, and everything that is refused, each with its entry."""

import datetime as dt
import json
import shutil
import subprocess
import threading

import pytest
import yaml
from support.running import here
from support.small_study import NAME
from support.two_hands import House, because, make, me

from frs_pipeline.errors import CheckFailed, InputError, UsageError
from frs_pipeline.operations.refresh import refresh
from frs_pipeline.release import requests
from frs_pipeline.release.outgoing import publish
from frs_pipeline.release.requests import APPROVED, DECLINED, REFUSED, REQUESTED, approve, approved, ask, decline, require_unused
from frs_pipeline.release.signatures import signature_of
from frs_pipeline.store.journal import verify
from frs_pipeline.study.tables import catalogue


@pytest.fixture(scope="module")
def made(shared):
    return shared("two-hands", make)


@pytest.fixture
def house(made, tmp_path):
    return House(made, tmp_path)


@pytest.fixture
def request_of(house):
    """A request's file, and what it says."""
    path, _ = ask(house.store, house.policy, [1, 2], "Til kommunens hjemmeside")
    return path


def refused(house, match, what, *arguments, kind=CheckFailed, **more):
    """It is refused in one line, the last entry says so, nothing went out, and the journal is sound."""
    with pytest.raises(kind, match=match) as error:
        what(house.store, house.policy, *arguments, **more)
    last = house.journal()[-1]
    assert last.event == REFUSED and last.details["because"] == error.value.what
    assert not house.journal("release") and not (house.data / "curated" / NAME / "release").exists()
    assert verify(house.store.settings.release_journal) == []


def test_asked_by_one_signed_by_another_made_once(house):
    """As three commands; the journal tells all of it, and the register what anybody may know."""

    def frs(*arguments):
        return here(house.data, *arguments, **house.environment())

    alone = frs("release", "--purpose", "Til kommunen")
    assert alone.returncode == 2 and "frs release request" in alone.stderr and alone.stderr.count("\n") == 1
    asked = json.loads(frs("release", "request", "--purpose", "Til kommunens hjemmeside", "--tables", "1-2", "--json").stdout)
    assert (asked["author"], asked["tables"], asked["delivery"]) == (me(), [1, 2], NAME)
    early = frs("release", "make", asked["id"])
    assert early.returncode == 1 and "nobody has approved it" in early.stderr
    signed = frs("release", "approve", asked["id"], "--key", str(house.keys / "bo"))
    assert signed.returncode == 0 and "Til kommunens hjemmeside" in signed.stdout and "bo, SHA256:" in signed.stdout
    made = frs("release", "make", asked["file"], "--json")
    assert made.returncode == 0 and json.loads(made.stdout)["released"] == [1, 2]
    again = frs("release", "make", asked["id"])
    assert again.returncode == 1 and "was used already" in again.stderr

    told = [(entry.event, entry.who, entry.why) for entry in house.journal()]
    why = "Til kommunens hjemmeside"
    assert told == [
        (REFUSED, me(), "(released by one hand)"),
        (REQUESTED, me(), why),
        (REFUSED, me(), why),
        (APPROVED, me(), why),
        ("release", me(), why),
        (REFUSED, me(), why),
    ]
    (release,) = house.journal("release")
    expected = {"request": asked["id"], "author": me(), "approved_by": "bo", "decided_by": "bo", "purpose_public": True}
    assert expected.items() <= release.details.items()
    page = (house.data / "curated" / "release-register.html").read_text(encoding="utf-8")
    assert all(words in page for words in (why, release.hash, "1-2", release.when[:10]))
    released = (house.data / "curated" / NAME / "release" / "tables.json").read_text(encoding="utf-8")
    assert [table["number"] for table in json.loads(released)["tables"]] == [1, 2]
    # It is known beside the deliveries, and where it was lost it is written again.
    (house.data / "curated" / "release-register.html").unlink()
    assert frs("release", "register").returncode == 0
    assert (house.data / "curated" / "release-register.html").read_text(encoding="utf-8") == page
    assert frs("verify", "--outputs-only").returncode == 0


def test_signed_with_ones_own_tool_on_ones_own_machine(house, request_of, tmp_path):
    """The request goes there as a file, and only the signature comes back."""
    there = shutil.copy(request_of, tmp_path / "request.json")
    subprocess.run(["ssh-keygen", "-q", "-Y", "sign", "-n", "frs-release", "-f", house.keys / "bo", there], check=True)
    found = approve(house.store, house.policy, request_of, signature=signature_of(there).read_bytes())
    assert found.by == "bo" and signature_of(request_of).stat().st_mode & 0o777 == 0o600
    assert approved(house.store, house.policy, request_of) == found


def test_a_signature_that_was_laid_beside_the_request_is_noted_as_approval(house, request_of):
    signature_of(request_of).write_bytes(house.signed(request_of.read_bytes(), "bo"))
    approved(house.store, house.policy, request_of)
    approved(house.store, house.policy, request_of)
    assert [entry.details["approved_by"] for entry in house.journal(APPROVED)] == ["bo"]


def test_forged_signatures(house, request_of):
    good = house.signed(request_of.read_bytes(), "bo")
    body = good.splitlines()
    turned = b"\n".join([*body[:3], body[3][::-1], *body[4:]])
    for forged in (b"", b"-----BEGIN SSH SIGNATURE-----\n", turned, good[:-40], good * 100, b"x" * (1 << 20)):
        refused(house, "forged|doesn't fit", approve, request_of, signature=forged)
    # One that bo gave for something else: another text, another purpose.
    refused(house, "doesn't fit", approve, request_of, signature=house.signed(b"another text\n", "bo"))
    refused(house, "doesn't fit", approve, request_of, signature=house.signed(request_of.read_bytes(), "bo", namespace="file"))
    assert not signature_of(request_of).exists()
    # Nor is it enough to lay one there.
    signature_of(request_of).write_bytes(turned)
    with pytest.raises(CheckFailed, match="doesn't fit"):
        approved(house.store, house.policy, request_of)


def test_altered_requests(house, request_of):
    """Also where somebody who may sign it signs what it says now."""
    content = request_of.read_bytes()
    for old, new in (
        (b'"tables": [\n  1,', b'"tables": [\n  1,\n  3,'),
        (b"hjemmeside", b"direktion"),
        (b'"author": "' + me().encode(), b'"author": "bo'),
        (b'"expires": "2', b'"expires": "3'),
        (b"\n", b"\n "),
        (b"}\n", b"}"),
    ):
        assert old in content
        request_of.write_bytes(content.replace(old, new, 1))
        refused(house, "was altered", approve, request_of, signature=house.signed(request_of.read_bytes(), "bo"))
    assert set(because(house.journal(REFUSED))) == {"was altered since it was asked for (entry 1 of the journal)"}


def test_a_request_that_nobody_made(house, request_of):
    """Nothing of what it says gets into the journal."""
    nonce = json.loads(request_of.read_bytes())["nonce"]
    invented = request_of.read_bytes().replace(nonce.encode(), b"f" * 32).replace(b"hjemmeside", b"Smith, Anna")
    request_of.write_bytes(invented)
    refused(house, "nobody asked", approve, request_of, signature=house.signed(invented, "bo"))
    assert "Smith" not in house.store.settings.release_journal.read_text(encoding="utf-8")
    request_of.write_bytes(b"\xff\x00 nothing")
    refused(house, "nobody asked", approve, request_of, signature=b"")


def test_somebody_unknown(house, request_of):
    refused(house, "a key that nobody has", approve, request_of, signature=house.signed(request_of.read_bytes(), "eve"))
    # Whoever was struck out since doesn't count any more.
    approve(house.store, house.policy, request_of, key=house.keys / "bo")
    house.may_sign(f"{me()} {house.public('mine')}", f"eve {house.public('eve')}")
    with pytest.raises(CheckFailed, match="a key that nobody has"):
        approved(house.store, house.policy, request_of)


@pytest.mark.parametrize("option", ['valid-before="20200101"', 'valid-after="20990101"', 'namespaces="git"'])
def test_a_key_that_may_not_sign_this(house, request_of, option):
    house.may_sign(f"{me()} {house.public('mine')}", f"bo {option} {house.public('bo')}")
    refused(house, "may not sign this", approve, request_of, key=house.keys / "bo")


def test_whoever_asked_cannot_approve(house, request_of):
    refused(house, "which is one hand", approve, request_of, key=house.keys / "mine")
    # Nor under another name of theirs, nor with another key: a person is all accounts and keys that belong together.
    house.may_sign(f"{me()} {house.public('mine')}", f"{me()},admin {house.public('eve')}", f"bo {house.public('bo')}")
    refused(house, "which is one hand", approve, request_of, key=house.keys / "eve")
    house.may_sign(
        f"{me()},admin {house.public('mine')}",
        f"admin {house.public('eve')}",
        f"carl {house.public('eve')}",
        f"bo {house.public('bo')}",
    )
    refused(house, "which is one hand", approve, request_of, key=house.keys / "eve")
    assert approve(house.store, house.policy, request_of, key=house.keys / "bo").by == "bo"


def test_an_account_that_is_nobodys_asks_for_nothing(house):
    """Several people may use it, so that nobody knows who a second hand would be."""
    house.may_sign(f"carl {house.public('mine')}", f"bo {house.public('bo')}")
    refused(house, "this account is nobody's", ask, [1], "Til kommunen")
    house.may_sign(f"{me()} {house.public('mine')}", f"{me()} {house.public('bo')}")
    refused(house, "two hands are two people's", ask, [1], "Til kommunen", kind=InputError)
    (house.folder / "signers").unlink()
    refused(house, "cannot be read", ask, [1], "Til kommunen", kind=InputError)


def test_a_request_is_good_for_one_release(house, request_of):
    found = approve(house.store, house.policy, request_of, key=house.keys / "bo")
    tables = {number: catalogue(house.store.study)[number] for number in found.request.tables}
    out = {"who": "bo", "purpose": found.request.purpose, "approved": found}
    publish(house.store, tables, house.policy, **out)
    with pytest.raises(CheckFailed, match="was used already"):
        publish(house.store, tables, house.policy, **out)
    for again in (approve, approved):
        more = {"key": house.keys / "bo"} if again is approve else {}
        with pytest.raises(CheckFailed, match="was used already"):
            again(house.store, house.policy, request_of, **more)
    assert len(house.journal("release")) == 1


def test_of_two_at_once_one_makes_it(house, request_of):
    found = approve(house.store, house.policy, request_of, key=house.keys / "bo")
    tables = {number: catalogue(house.store.study)[number] for number in found.request.tables}
    ended = []

    def run(store, policy):
        try:
            publish(store, tables, policy, who="bo", purpose=found.request.purpose, approved=found)
            ended.append("made")
        except Exception as error:
            ended.append(str(error))

    both = [threading.Thread(target=run, args=(house.store, house.policy)) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert sorted(one == "made" for one in ended) == [False, True] and len(house.journal("release")) == 1


def test_a_request_of_other_results(house, request_of):
    """Made again of corrected forms, they have another root."""
    approve(house.store, house.policy, request_of, key=house.keys / "bo")
    found = approved(house.store, house.policy, request_of)
    exports = house.data / "raw" / NAME / "participant" / "dataset.csv"
    lines = exports.read_bytes().splitlines(keepends=True)
    exports.write_bytes(b"".join(lines[:-1]))
    refresh(house.store.settings)
    with pytest.raises(CheckFailed, match="of other results"):
        approved(house.store, house.policy, request_of)
    # Not even where it was verified just before they changed.
    tables = {number: catalogue(house.store.study)[number] for number in found.request.tables}
    refused(house, "of other results", approve, request_of, key=house.keys / "bo")
    with pytest.raises(CheckFailed, match="of other results"):
        publish(house.store, tables, house.policy, who="bo", purpose=found.request.purpose, approved=found)


def test_a_request_of_altered_results(house, request_of):
    mart = next((house.data / "curated" / NAME / "marts").glob("*.parquet"))
    mart.write_bytes(mart.read_bytes() + b"\0")
    refused(house, "aren't those of a finished run", approve, request_of, key=house.keys / "bo")


def test_a_request_under_another_policy(house, request_of):
    approve(house.store, house.policy, request_of, key=house.keys / "bo")
    path = house.folder / "release.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("threshold: 5", "threshold: 3"), encoding="utf-8")
    refused(house, "under another policy", approve, request_of, key=house.keys / "bo")
    # Nor is it one that asks for one hand.
    path.write_text(text.replace("hands: two", "hands: one"), encoding="utf-8")
    refused(house, "under another policy", approve, request_of, key=house.keys / "bo")
    refused(house, "one hand is enough", ask, [1], "Til kommunen", kind=UsageError)


def test_a_request_of_another_delivery(house, request_of):
    approve(house.store, house.policy, request_of, key=house.keys / "bo")
    for zone in ("raw", "curated", "restricted"):
        shutil.copytree(house.data / zone / NAME, house.data / zone / "2024-12-31")
    other = here(house.data, "release", "make", str(request_of), "--delivery", "2024-12-31", **house.environment())
    assert other.returncode == 1 and "asks for a release of" in other.stderr
    assert because(house.journal(REFUSED)) == ["asks for a release of 2024-06-30, not of 2024-12-31"]


def test_a_request_that_has_expired(house, request_of, monkeypatch):
    found = approve(house.store, house.policy, request_of, key=house.keys / "bo")
    now = requests._now()
    monkeypatch.setattr(requests, "_now", lambda: now + dt.timedelta(days=13))
    require_unused(house.store, house.policy, found)
    monkeypatch.setattr(requests, "_now", lambda: now + dt.timedelta(days=15))
    refused(house, "has expired", approve, request_of, key=house.keys / "bo")
    with pytest.raises(CheckFailed, match="has expired"):
        approved(house.store, house.policy, request_of)


def test_a_request_that_somebody_declined(house, request_of):
    approve(house.store, house.policy, request_of, key=house.keys / "bo")
    decline(house.store, request_of, "Formålet er ikke aftalt med kommunen")
    assert [entry.why for entry in house.journal(DECLINED)] == ["Formålet er ikke aftalt med kommunen"]
    refused(house, "was declined", approve, request_of, key=house.keys / "bo")


def test_declined_between_two_looks_it_isnt_made(house, request_of):
    found = approve(house.store, house.policy, request_of, key=house.keys / "bo")
    decline(house.store, request_of, "Formålet er ikke aftalt med kommunen")
    with pytest.raises(CheckFailed, match="was declined"):
        require_unused(house.store, house.policy, found)


def test_what_was_made_is_not_declined_any_more(house, request_of):
    found = approve(house.store, house.policy, request_of, key=house.keys / "bo")
    tables = {number: catalogue(house.store.study)[number] for number in found.request.tables}
    publish(house.store, tables, house.policy, who="bo", purpose=found.request.purpose, approved=found)
    with pytest.raises(CheckFailed, match="was used already"):
        decline(house.store, request_of, "Formålet er ikke aftalt med kommunen")
    assert not house.journal(DECLINED)


def test_a_request_of_tables_that_were_defined_otherwise_since(house, request_of):
    """Whoever signed knew another table by this number."""
    approve(house.store, house.policy, request_of, key=house.keys / "bo")
    path = house.folder / "tables.yaml"
    text = path.read_text(encoding="utf-8")
    changed = yaml.safe_load(text)
    changed["tables"][0]["note"] = "Another table."
    path.write_text(yaml.safe_dump(changed, allow_unicode=True, sort_keys=False), encoding="utf-8")
    refused(house, "aren't those of a finished run", approve, request_of, key=house.keys / "bo")


@pytest.mark.parametrize(
    ("purpose", "match"),
    [
        ("", "needs a purpose"),
        ("Om 010180-" + "1234", "leads to a person"),
        ("Om samtale 40003", "leads to a person"),
        ("Om samtale 40.003", "leads to a person"),
        ("Om samtale 12 40-003", "leads to a person"),
        ("Om DE-10032", "leads to a person"),
        ("Om DE-12", "leads to a person"),
        ("Om C-antoo", "leads to a person"),
        ("To\nlinjer", "isn't a line"),
        ("x" * 401, "isn't a line"),
    ],
)
def test_a_purpose_that_may_not_be_public(house, purpose, match):
    """It isn't in the journal either where it holds a personal number."""
    refused(house, match, ask, [1], purpose, kind=UsageError)
    assert "010180" not in house.store.settings.release_journal.read_text(encoding="utf-8")


def test_tables_that_there_are_not(house):
    refused(house, "there is no table 9", ask, [1, 9], "Til kommunen", kind=UsageError)
    refused(house, "no table is asked for", ask, [], "Til kommunen", kind=UsageError)


def test_nothing_is_asked_signed_or_made_over_an_altered_journal(house, request_of):
    journal = house.store.settings.release_journal
    text = journal.read_text(encoding="utf-8")
    journal.write_text(text.replace("hjemmeside", "direktion"), encoding="utf-8")
    for what, more in ((approve, {"key": house.keys / "bo"}), (approved, {})):
        with pytest.raises(CheckFailed, match="altered"):
            what(house.store, house.policy, request_of, **more)
