"""For whom a codebook is locked: age recipients, checked; and new keys."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pyrage

from frs_pipeline.errors import FrsError, InputError, UsageError
from frs_pipeline.language import plural
from frs_pipeline.store.settings import IDENTITY, refuse_secret

# Keys that everybody has, and hashes of the one delivery that they may open.
PUBLISHED = Path(__file__).parent / "published"
_AUDITOR = "--auditor"
_ONE_PER_LINE = "write recipients (age1…), one per line"


@dataclass(frozen=True)
class Recipients:
    """Who may open the controllers' codebook, and who may open the pipeline's part; never the same."""

    controllers: tuple[str, ...]
    pipeline: str


def recipients(controllers: Path, pipeline: str) -> Recipients:
    """Read the recipients in the file `controllers`, and that of `pipeline`, which is a recipient or a file that holds it.

    Raises `InputError` for anything but a recipient, with file and line, `UsageError` for fewer than two controllers, one
    of them twice, a demo key, and a pipeline that would also be a controller.
    """
    listed = _listed(controllers)
    if len(listed) < 2:
        raise UsageError(
            f"{plural(len(listed), 'recipient')}, and at least two are needed: a lost key would lose the codebook",
            where=controllers,
            do="add another controller's",
        )
    theirs = tuple(recipient for recipient, _ in listed)
    places = [where for at, (recipient, where) in enumerate(listed) if recipient in theirs[:at]]
    if places:
        raise UsageError("the same recipient stands twice", where=places[0], do="take one of them out")
    own = _one_of(pipeline, "--pipeline")
    if own in theirs:
        raise UsageError(
            "the pipeline's recipient is a controller's, too: its key would open personal numbers",
            where="--pipeline",
            do="make the pipeline a key of its own: frs codebook keygen FILE",
        )
    for recipient, where in (*listed, (own, "--pipeline")):
        if recipient in demo_recipients():
            raise UsageError(
                "is a demo recipient: anybody has its key", where=where, do="make a key of your own: frs codebook keygen FILE"
            )
    return Recipients(theirs, own)


def auditors(given: Sequence[str]) -> tuple[str, ...]:
    """Read for whom something is sealed: each a recipient or a file that holds some; in order, each once.

    Raises `InputError` for anything else, `UsageError` for a demo key and for one that stands twice.
    """
    listed = []
    for text in given:
        named = text.strip().lower().startswith(("age1", IDENTITY.lower()))
        if not named:
            refuse_secret(text, _AUDITOR)
        found = [(_recipient(text, _AUDITOR), _AUDITOR)] if named else _listed(Path(text))
        if not found:
            raise InputError("holds no recipient", where=text, do=_ONE_PER_LINE)
        listed += found
    for at, (recipient, where) in enumerate(listed):
        if recipient in demo_recipients():
            raise UsageError("is a demo recipient: anybody has its key", where=where, do="ask the auditor for one of her own")
        if recipient in [before for before, _ in listed[:at]]:
            raise UsageError("the same recipient stands twice", where=where, do="take one of them out")
    return tuple(sorted(recipient for recipient, _ in listed))


@cache
def demo_recipients() -> frozenset[str]:
    """Return the recipients of the keys that are published with the made-up delivery and protect nothing."""
    text = "".join(path.read_text(encoding="ascii") for path in sorted(PUBLISHED.glob("*.txt")))
    identities = [pyrage.x25519.Identity.from_str(line) for line in text.splitlines() if line.startswith(IDENTITY)]
    return frozenset(str(identity.to_public()) for identity in identities)


def are_published(identities: Sequence[str]) -> bool:
    """Return whether all of these secret keys are published with the made-up delivery. False for what can't be read as one."""
    try:
        own = {str(pyrage.x25519.Identity.from_str(identity).to_public()) for identity in identities}
    except pyrage.IdentityError:
        return False
    return own <= demo_recipients()


def own_recipient(text: str, where: str) -> str:
    """Read a recipient, or the one that stands in a file of that name. Raises `InputError`, and `UsageError` for a demo one."""
    found = _one_of(text, where)
    if found in demo_recipients():
        raise UsageError(
            "is a demo recipient: anybody has its key", where=where, do="name one of your own: frs codebook keygen FILE"
        )
    return found


def make_key(path: Path) -> str:
    """Write a new age identity, for its owner's eyes only, and return its recipient. Raises `FrsError` if the file exists."""
    identity = pyrage.x25519.Identity.generate()
    recipient = str(identity.to_public())
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise UsageError("exists already", where=path, do="name a new file: a key that is lost can't be made again") from error
    except OSError as error:
        raise FrsError(f"cannot be written: {error.strerror}", where=path, do="name another place") from error
    with os.fdopen(file, "w", encoding="ascii") as key:
        key.write(f"# public key: {recipient}\n{identity}\n")
        key.flush()
        os.fsync(key.fileno())
    return recipient


def _one_of(text: str, where: str) -> str:
    if text.strip().lower().startswith(("age1", IDENTITY.lower())):
        return _recipient(text, where)
    refuse_secret(text, where)
    listed = _listed(Path(text))
    if len(listed) != 1:
        raise UsageError(f"{len(listed)} recipients where one belongs", where=text, do=f"name one only: {where}")
    return listed[0][0]


def _listed(path: Path) -> list[tuple[str, str]]:
    """List the recipients in a file and the lines they stand on, skipping blank lines and comments."""
    refuse_secret(path, "the file of recipients")
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError as error:
        raise InputError("missing file", where=path, do=_ONE_PER_LINE) from error
    except (OSError, UnicodeDecodeError) as error:
        raise InputError("cannot be read as text", where=path, do=_ONE_PER_LINE) from error
    return [
        (_recipient(line, f"{path}:{at}"), f"{path}:{at}")
        for at, line in enumerate(lines, start=1)
        if line.strip() and not line.lstrip().startswith("#")
    ]


def _recipient(text: str, where: str) -> str:
    """Read a recipient, returned as age writes it; it may be typed in capitals, too."""
    if text.strip().upper().startswith(IDENTITY):
        raise InputError("holds a secret key, which must never be handed out", where=where, do="give its public key (age1…)")
    try:
        return str(pyrage.x25519.Recipient.from_str(text.strip()))
    except pyrage.RecipientError:
        raise InputError("isn't an age recipient", where=where, do=_ONE_PER_LINE) from None
