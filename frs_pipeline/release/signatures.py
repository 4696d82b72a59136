"""Signatures by SSH keys, and the people whose they are: OpenSSH's `ssh-keygen -Y`, and a file of allowed signers.

A line of that file is a person: `anna,anna-admin ssh-ed25519 AAAA…` says which accounts of this machine are one person's, and
which key. Lines that share an account or a key are of the same person. So whose signature it is, and who asked, can be
compared: the one is proved by a key, the other said by the operating system. ssh-keygen judges the signature, and the options
of a line (`namespaces`, `valid-after`, `valid-before`).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import re
import stat
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from frs_pipeline.errors import CheckFailed, FrsError, Gathered, InputError, UsageError

# What a signature is for: one for git, a file or a login is none of a release.
NAMESPACE = "frs-release"
PROGRAM = "ssh-keygen"
_SUFFIX = ".sig"
# Signatures are smaller; a pipe holds so much.
LARGEST = 1 << 14
# A signature takes a second; a key on a token waits to be touched.
_SECONDS = 120
_TYPE = re.compile(r"(?:sk-)?(?:ssh|ecdsa)-[a-z0-9@.-]+")
_OPTION = re.compile(r'[a-z-]+(?:="[^"]*")?(?:,[a-z-]+(?:="[^"]*")?)*')
_ACCOUNT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@\\-]*[$]?")
_FINGERPRINT = re.compile(r"with [A-Z0-9-]+ key (SHA256:[A-Za-z0-9+/]+)")


@dataclass(frozen=True)
class Signer:
    """A line of the file: a person's accounts and a key of theirs, by its fingerprint as ssh-keygen prints it."""

    accounts: tuple[str, ...]
    key: str


@dataclass(frozen=True)
class Signers:
    """The people who may sign, as the file at `path` names them; `sha256` is that of the file."""

    path: Path
    sha256: str
    lines: tuple[Signer, ...]

    def person(self, account: str) -> frozenset[str]:
        """Return all accounts of the person who has this one; none where nobody has it."""
        accounts, keys = {account}, set[str]()
        mine: set[Signer] = set()
        while more := {line for line in self.lines if accounts & {*line.accounts} or line.key in keys} - mine:
            mine |= more
            accounts.update(name for line in more for name in line.accounts)
            keys.update(line.key for line in more)
        return frozenset(accounts) if mine else frozenset()

    def owners(self, key: str) -> list[str]:
        """List the accounts that have a key, as the file has them."""
        return list(dict.fromkeys(name for line in self.lines if line.key == key for name in line.accounts))

    @property
    def people(self) -> int:
        """How many people there are."""
        return len({self.person(line.accounts[0]) for line in self.lines})


def read_signers(path: Path) -> Signers:
    """Read a file of allowed signers.

    Raises `InputError` with file and line for what doesn't say which person has which key: patterns of names, certificates of an
    authority, a line that can't be read. And when other accounts may write the file: they could add a key of their own.
    """
    try:
        content = path.read_bytes()
        if path.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise InputError("other accounts of this machine may write it", where=path, do=f"chmod go-w {path.name}")
    except OSError as error:
        what = f"the file of those who may sign cannot be read: {error.strerror}"
        raise InputError(what, where=path, do="write a line for each person: account key (docs/how-to/two-hands.md)") from error
    lines, wrong = [], Gathered()
    for number, text in enumerate(content.decode("utf-8", "replace").splitlines(), start=1):
        if text.strip() and not text.lstrip().startswith("#"):
            with wrong:
                lines.append(_signer(text, f"{path}:{number}"))
    wrong.check()
    return Signers(path, hashlib.sha256(content).hexdigest(), tuple(lines))


def _signer(text: str, where: str) -> Signer:
    """Parse a line. Raises `InputError`."""
    names, *rest = text.split()
    options = rest[: next((at for at, word in enumerate(rest) if _TYPE.fullmatch(word)), len(rest))]
    words = rest[len(options) :]
    if len(words) < 2 or len(options) > 1 or not all(_OPTION.fullmatch(option) for option in options):
        raise InputError("isn't a line of allowed signers", where=where, do="write: account ssh-ed25519 AAAA…")
    if any("cert-authority" in option for option in options):
        raise InputError("an authority isn't a person", where=where, do="list the key of each person")
    accounts = tuple(names.strip('"').split(","))
    if not all(_ACCOUNT.fullmatch(name) for name in accounts):
        raise InputError("isn't a list of accounts: patterns could be anybody", where=where, do="name the person's accounts")
    try:
        key = base64.b64decode(words[1], validate=True)
    except (binascii.Error, ValueError):
        raise InputError("the key can't be read", where=where, do="take it from the person's .pub file") from None
    return Signer(accounts, "SHA256:" + base64.b64encode(hashlib.sha256(key).digest()).decode().rstrip("="))


def signature_of(path: Path) -> Path:
    """Return where the signature of a file lies: where `ssh-keygen -Y sign` puts it."""
    return path.with_name(path.name + _SUFFIX)


def sign(content: bytes, key: Path) -> bytes:
    """Sign something with a private key, or with that of a public one which the agent holds. ssh-keygen asks for a passphrase.

    Raises `InputError` when it doesn't.
    """
    done = _run(["-Y", "sign", "-q", "-n", NAMESPACE, "-f", str(key)], content, tells=True)
    if done.returncode or not done.stdout:
        raise InputError("nothing was signed with it", where=key, do="name a private SSH key; ssh-keygen says why above")
    return done.stdout


def key_of(content: bytes, signature: bytes, where: str | Path) -> str:
    """Return the fingerprint of the key by which exactly this was signed, whoever has it. Raises `CheckFailed`."""
    done = _run(["-Y", "check-novalidate", "-n", NAMESPACE], content, signature or b"none")
    found = _FINGERPRINT.search(done.stdout.decode("utf-8", "replace"))
    if done.returncode or found is None or len(signature) > LARGEST:
        what = "the signature doesn't fit: it was forged, or is of something else"
        raise CheckFailed(what, where=where, do=f"sign the request itself: ssh-keygen -Y sign -n {NAMESPACE} -f KEY FILE")
    return found[1]


def signer_of(signers: Signers, content: bytes, signature: bytes, where: str | Path) -> tuple[str, str]:
    """Return whose signature of exactly this it is, as an account, and the key's fingerprint.

    Raises `CheckFailed` when it fits nothing, when the key is nobody's, or when its owner's line doesn't let it sign this now.
    """
    key = key_of(content, signature, where)
    owners = signers.owners(key)
    if not owners:
        what = f"signed by a key that nobody has who may sign, {key}"
        raise CheckFailed(what, where=where, do=f"{signers.path} lists who may")
    for owner in owners:
        if not _run(["-Y", "verify", "-f", str(signers.path), "-I", owner, "-n", NAMESPACE], content, signature).returncode:
            return owner, key
    what = f"signed by a key of {owners[0]} that may not sign this, or not now, {key}"
    raise CheckFailed(what, where=where, do=f"look at the options of its line in {signers.path}")


def _run(
    arguments: Sequence[str], content: bytes, signature: bytes = b"", *, tells: bool = False
) -> subprocess.CompletedProcess[bytes]:
    """Run ssh-keygen on `content`, with a signature through a pipe: nothing is written for it. If it `tells`, people see why not.

    Raises `UsageError` where it is missing.
    """
    ours, theirs = os.pipe()
    try:
        os.write(theirs, signature[:LARGEST])
        os.close(theirs)
        given = ["-s", f"/dev/fd/{ours}"] if signature else []
        complaints = None if tells else subprocess.DEVNULL
        command = [PROGRAM, *arguments, *given]
        return subprocess.run(  # noqa: S603
            command, input=content, stdout=subprocess.PIPE, stderr=complaints, pass_fds=[ours], timeout=_SECONDS, check=False
        )
    except FileNotFoundError as error:
        raise UsageError(f"there is no {PROGRAM}", where="signatures", do="install Debian's openssh-client") from error
    except subprocess.TimeoutExpired as error:
        raise FrsError(f"{PROGRAM} gave no answer", where="signatures", do="try again") from error
    finally:
        os.close(ours)
