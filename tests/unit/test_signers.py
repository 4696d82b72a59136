"""Who may sign a release: the file that says it, requests to the byte, and the register that anybody may read."""

import base64
import hashlib
import json
import random

import pytest
from pydantic import ValidationError
from support.study import STUDY

from frs_pipeline.cli.release import numbers_in
from frs_pipeline.errors import CheckFailed, InputError, SeveralErrors, UsageError
from frs_pipeline.language import ranges
from frs_pipeline.release import signatures
from frs_pipeline.release.registered import registered
from frs_pipeline.release.requests import Request, _nonce, journalled
from frs_pipeline.release.signatures import key_of, read_signers
from frs_pipeline.report.public.register import page
from frs_pipeline.store.journal import append, entries
from frs_pipeline.store.settings import Settings
from frs_pipeline.study.release import release_policy

ANNA, BO, EVE = (base64.b64encode(name * 20).decode() for name in (b"anna", b"bo..", b"eve."))


def signers(tmp_path, text):
    path = tmp_path / "signers"
    path.write_text(text, encoding="utf-8")
    path.chmod(0o644)
    return read_signers(path)


def test_a_person_is_all_accounts_and_keys_that_belong_together(tmp_path):
    found = signers(
        tmp_path,
        f"# kommunens\n\nanna,anna-admin ssh-ed25519 {ANNA} anna@x\n"
        f'anna-old valid-before="20250101" ssh-rsa {EVE}\ncarl sk-ssh-ed25519@openssh.com {EVE} c\n'
        f"bo ecdsa-sha2-nistp256 {BO}\nanna-old ssh-ed25519 {BO[:-4]}\n",
    )
    assert found.person("anna") == found.person("anna-admin") == {"anna", "anna-admin"}
    assert found.person("carl") == {"anna-old", "carl"} and found.person("nobody") == frozenset()
    assert found.people == 3
    digest = base64.b64encode(hashlib.sha256(base64.b64decode(ANNA)).digest()).decode().rstrip("=")
    assert found.owners(f"SHA256:{digest}") == ["anna", "anna-admin"] and found.owners("SHA256:x") == []


@pytest.mark.parametrize(
    ("line", "what"),
    [
        (f"* ssh-ed25519 {ANNA}", "could be anybody"),
        (f"an?a ssh-ed25519 {ANNA}", "could be anybody"),
        (f"!bo,* ssh-ed25519 {ANNA}", "could be anybody"),
        (f"anna,,bo ssh-ed25519 {ANNA}", "could be anybody"),
        (f"anna cert-authority ssh-ed25519 {ANNA}", "isn't a person"),
        (f'anna namespaces="x",cert-authority ssh-ed25519 {ANNA}', "isn't a person"),
        ("anna ssh-ed25519", "isn't a line"),
        (f"anna {ANNA}", "isn't a line"),
        (f"anna what is this ssh-ed25519 {ANNA}", "isn't a line"),
        ("anna ssh-ed25519 !!!!", "can't be read"),
    ],
)
def test_what_doesnt_say_whose_key_it_is_is_refused_with_its_line(tmp_path, line, what):
    with pytest.raises(InputError, match=rf"signers:2: .*{what}"):
        signers(tmp_path, f"bo ssh-ed25519 {BO}\n{line}\n")
    with pytest.raises(SeveralErrors):
        signers(tmp_path, f"{line}\nbo ssh-ed25519 {BO}\n{line}\n")


@pytest.mark.parametrize("mode", [0o602, 0o620, 0o664])
def test_a_file_that_other_accounts_may_write_is_refused(tmp_path, mode):
    path = tmp_path / "signers"
    path.write_text(f"bo ssh-ed25519 {BO}\n", encoding="ascii")
    path.chmod(mode)
    with pytest.raises(InputError, match="other accounts of this machine may write it \\(chmod go-w signers"):
        read_signers(path)
    with pytest.raises(InputError, match="cannot be read"):
        read_signers(tmp_path / "none")


def test_where_there_is_no_ssh_keygen_one_line_says_what_to_install(monkeypatch):
    monkeypatch.setattr(signatures, "PROGRAM", "no-such-ssh-keygen")
    with pytest.raises(UsageError, match="openssh-client"):
        key_of(b"request", b"signature", "here")


def a_request(**more):
    given = {
        "study": "s",
        "delivery": "2020-11-30",
        "root": "a" * 64,
        "policy": "b" * 64,
        "tables": (1, 2),
        "purpose": "Til kommunen",
        "author": "anna",
        "nonce": "c" * 32,
        "requested": "2026-01-01T00:00:00Z",
        "expires": "2026-01-15T00:00:00Z",
    }
    return Request(**(given | more))


def test_a_request_is_written_in_one_way():
    made = a_request()
    again = Request.model_validate(dict(reversed(list(json.loads(made.as_bytes()).items()))))
    assert again.as_bytes() == made.as_bytes() and made.as_bytes().endswith(b"}\n")
    assert all(
        a_request(**{name: other}).as_bytes() != made.as_bytes() for name, other in (("tables", (1,)), ("purpose", "Andet"))
    )
    for wrong in ({"root": "A" * 64}, {"tables": ()}, {"nonce": "0"}, {"more": 1}, {"format": "2"}):
        with pytest.raises(ValidationError):
            a_request(**wrong)


def test_what_people_call_a_request_is_never_read_as_a_number_of_somebody(monkeypatch):
    drawn = random.Random(5)
    monkeypatch.setattr(
        "secrets.token_hex",
        lambda size: f"{drawn.randrange(10**12):012d}"[:12] + "0" * 20 if drawn.random() < 0.5 else "ab" * size,
    )
    assert {_nonce() for _ in range(20)} <= {"ab" * 16}


def test_a_policy_for_one_hand_has_the_hash_that_it_always_had():
    """Journals hold it; one for two hands differs, by who signs, too."""
    policy = release_policy(STUDY)
    assert policy.hands == "one"
    assert policy.hash == policy.model_copy(update={"request_days": 3, "signers": "/etc/frs/signers"}).hash
    two = [policy.model_copy(update={"hands": "two", **more}) for more in ({}, {"signers": "x"}, {"request_days": 3})]
    assert len({policy.hash, *(one.hash for one in two)}) == 4


@pytest.mark.parametrize(("text", "numbers"), [("1-3,33", [1, 2, 3, 33]), (" 5 , 2-2", [2, 5]), ("7", [7])])
def test_tables_are_numbers_and_ranges(text, numbers):
    assert numbers_in(text) == numbers
    assert numbers_in(ranges(numbers)) == numbers


@pytest.mark.parametrize("text", ["", "a", "3-1", "1-", "-1", "1,,2", "1-99999999", "१"])
def test_anything_else_is_refused(text):
    with pytest.raises(UsageError, match="isn't a list of tables"):
        numbers_in(text)


def test_the_register_has_no_number_of_any_table(tmp_path):
    """Nor what was withheld, who it was, or a purpose that was written for the journal alone."""
    settings = Settings(STUDY, tmp_path)
    counts = {"small": 771, "primary": 772, "hidden": 773, "withheld": {"44": "few"}, "decided_by": "NN"}
    for why, more in (("Internt notat", {}), ("Til <kommunen>", {"purpose_public": True, "request": "x"})):
        details = {"delivery": "2020-11-30", "tables": [1, 2, 3, 9], **counts, **more}
        last = append(settings.release_journal, "release", who="anna", why=why, details=details)
    append(settings.release_journal, "release refused", who="zoe", why="Noget andet", details={"because": "x"})
    listed = registered(settings)
    assert [(one.entry, one.purpose, one.two_hands) for one in listed] == [(2, "Til <kommunen>", True), (1, None, False)]
    text = page(STUDY, listed).decode()
    assert all(words in text for words in ("Til &lt;kommunen&gt;", last.hash, "1-3, 9", last.when[:10]))
    assert not [
        words
        for words in ("Internt", "Noget", "77", "44", "few", "NN", "anna", "zoe")
        if words in text.replace(last.hash, "").replace(listed[1].hash, "")
    ]
    path = settings.release_journal
    path.write_text(path.read_text(encoding="utf-8").replace("kommunen", "direktio"), encoding="utf-8")
    with pytest.raises(CheckFailed, match="no register"):
        registered(settings)


def test_an_empty_register_says_so():
    assert b"Intet er offentliggjort endnu" in page(STUDY, [])


def test_what_is_refused_is_noted_and_nothing_else(tmp_path):
    settings = Settings(STUDY, tmp_path)
    with journalled(settings, "release make", "Til kommunen", {}):
        pass
    assert entries(settings.release_journal) == []
    with pytest.raises(CheckFailed), journalled(settings, "release make", "Til kommunen", {"request": "x"}):
        raise CheckFailed("isn't so", where=tmp_path)
    (entry,) = entries(settings.release_journal)
    assert entry.details == {"command": "release make", "because": "isn't so", "request": "x"}
