"""A release in two hands: somebody asks for it, somebody else signs exactly that, and then it is made, once.

A request is a file of one form, of which every byte counts. It says of which results a release is to be made (by the root of
their manifest), under which policy, of which tables and what for. The release journal has its hash, so that where the file
lies and who may write it doesn't matter. Whatever is refused is an entry, too.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
import secrets
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from frs_pipeline.errors import Busy, CheckFailed, FrsError, InputError, UsageError
from frs_pipeline.personal_numbers import masked
from frs_pipeline.release.earlier import RELEASED
from frs_pipeline.release.publishable import require_publishable
from frs_pipeline.release.signatures import LARGEST, Signers, read_signers, sign, signature_of, signer_of
from frs_pipeline.store.files import Store, atomic, private_folder, read_manifest, stale
from frs_pipeline.store.journal import Entry, append, entries, operating_system_user, verify
from frs_pipeline.store.lock import exclusive
from frs_pipeline.store.manifest import root_of
from frs_pipeline.store.settings import Settings
from frs_pipeline.study import Study
from frs_pipeline.study.about import about
from frs_pipeline.study.release import ReleasePolicy
from frs_pipeline.study.spec import Spec
from frs_pipeline.study.tables import catalogue

# Events of the release journal, beside that of a release.
REQUESTED, APPROVED, DECLINED, REFUSED = "release requested", "release approved", "release declined", "release refused"
FOLDER = "requests"
HOW = "docs/how-to/two-hands.md"
_FORMAT = "frs release request 1"
_HASH, _TIME = r"^[0-9a-f]{64}$", "%Y-%m-%dT%H:%M:%SZ"
_ID = re.compile(r"[0-9a-f]{12}")
_RUN = re.compile(r"[0-9]{5}")
_FOREIGN = "(what a request says that isn't in the journal doesn't stand here)"
_UNSAID = "(no purpose that may stand here)"


class Request(Spec):
    """What is asked for. Times are UTC, `author` is an account of the operating system."""

    format: Literal["frs release request 1"] = "frs release request 1"
    study: str
    delivery: str
    root: str = Field(pattern=_HASH)
    policy: str = Field(pattern=_HASH)
    tables: tuple[int, ...] = Field(min_length=1)
    purpose: str = Field(min_length=1)
    author: str = Field(min_length=1)
    nonce: str = Field(pattern=r"^[0-9a-f]{32}$")
    requested: str = Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
    expires: str = Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")

    @property
    def id(self) -> str:
        """What people call it."""
        return self.nonce[:12]

    def as_bytes(self) -> bytes:
        """Write it in the one way there is."""
        text = json.dumps(self.model_dump(mode="json"), ensure_ascii=False, indent=1, sort_keys=True)
        return text.encode() + b"\n"


@dataclass(frozen=True)
class Approved:
    """A request and the signature of somebody else: whose, by which key, by which file of signers."""

    request: Request
    sha256: str
    by: str
    key: str
    signers: str

    @property
    def details(self) -> dict[str, Any]:
        """What the journal says of it."""
        return {
            "request": self.request.id,
            "request_sha256": self.sha256,
            "author": self.request.author,
            "approved_by": self.by,
            "key": self.key,
            "signers": self.signers,
        }


@contextmanager
def journalled(settings: Settings, command: str, why: str, details: Mapping[str, Any]) -> Iterator[None]:
    """Note in the release journal what is refused meanwhile. That another run is at work is no refusal."""
    try:
        yield
    except Busy:
        raise
    except FrsError as error:
        because = {"command": command, "because": masked(error.what), **details}
        append(settings.release_journal, REFUSED, who=operating_system_user(), why=why, details=because)
        raise


def signers_of(study: Study, policy: ReleasePolicy) -> Signers:
    """Read who may sign in a study. Raises `InputError` when that can't be said, or when it is only one person."""
    signers = read_signers(study.folder / policy.signers)
    if signers.people < 2:
        what = f"two hands are two people's, and the file names {signers.people}"
        raise InputError(what, where=signers.path, do="a line for each person who asks for releases or approves them")
    return signers


def ask(store: Store, policy: ReleasePolicy, tables: Collection[int], purpose: str) -> tuple[Path, Request]:
    """Write a request of this account for a release of `tables`, and return it with the file's path.

    Raises `UsageError` where one hand is enough, for tables that there aren't, and for a purpose that may not be public;
    `CheckFailed` when the results aren't those of a finished run, or the account is nobody's who may sign.
    """
    author, now = operating_system_user(), _now()
    said = purpose if purpose.strip() and masked(purpose) == purpose else _UNSAID
    with journalled(store.settings, "release request", said, {"delivery": store.delivery}):
        if policy.hands == "one":
            raise UsageError("one hand is enough by the policy", where="hands", do="frs release --purpose makes it")
        require_publishable(store, purpose)
        unknown = sorted(set(tables) - catalogue(store.study).keys())
        if unknown or not tables:
            what = f"there is no table {unknown[0]}" if unknown else "no table is asked for"
            raise UsageError(what, where="--tables", do="write numbers and ranges, such as 1-20,33")
        if not signers_of(store.study, policy).person(author):
            what = "this account is nobody's who may sign, so that nobody knows who else would be a second hand"
            raise CheckFailed(what, where=author, do=f"give it a line in {store.study.folder / policy.signers} ({HOW})")
        request = Request(
            study=about(store.study).name,
            delivery=store.delivery,
            root=_root(store),
            policy=policy.hash,
            tables=tuple(sorted(set(tables))),
            purpose=purpose,
            author=author,
            nonce=_nonce(),
            requested=now.strftime(_TIME),
            expires=(now + dt.timedelta(days=policy.request_days)).strftime(_TIME),
        )
        path = _place(store.settings, request)
        private_folder(path.parent, store.settings.data / "decided")
        with atomic(path, private=True) as file:
            file.write(request.as_bytes())
        # The file comes first: without an entry it is nothing.
        details = {"delivery": store.delivery, "request": request.id, "request_sha256": _sha256(request.as_bytes())}
        noted = {"root": request.root, "policy": request.policy, "tables": list(request.tables), "expires": request.expires}
        append(store.settings.release_journal, REQUESTED, who=author, why=purpose, details={**details, **noted})
    return path, request


def find(settings: Settings, named: str) -> Path:
    """Return the file of a request: a path, or what `frs release request` called it. Raises `InputError` when there is none."""
    path = Path(named)
    if not path.is_file() and _ID.fullmatch(named):
        path = next((settings.data / "decided").glob(f"*/{FOLDER}/request-{named}.json"), path)
    if not path.is_file():
        raise InputError("there is no such request", where=named, do="name its file, or what frs release request called it")
    return path


def delivery_of(path: Path) -> str | None:
    """Return the delivery that a request names; None when it can't be read as one. What it says isn't proved by that."""
    try:
        return Request.model_validate_json(path.read_bytes()).delivery
    except (OSError, ValidationError):
        return None


def approve(
    store: Store, policy: ReleasePolicy, path: Path, *, signature: bytes | None = None, key: Path | None = None
) -> Approved:
    """Take somebody's signature of a request, or make it with their `key`, and file it.

    Raises `CheckFailed` when it isn't somebody else's, of this request, as it was asked for and still stands.
    """
    content, known = _read(store.settings, path)
    details = {"delivery": store.delivery, **_named(known)}
    with journalled(store.settings, "release approve", known.why if known else _FOREIGN, details):
        request = _standing(store, policy, content, known, path)
        signed = signature if key is None else sign(content, key)
        if signed is None:
            raise UsageError("nothing says that somebody approves", where="--key", do="give --key KEY or --signature FILE")
        approved = _approved(signers_of(store.study, policy), request, content, signed, path)
        _note_approval(store.settings, approved)
        place = signature_of(_place(store.settings, request))
        private_folder(place.parent, store.settings.data / "decided")
        with atomic(place, private=True) as file:
            file.write(signed)
    return approved


def decline(store: Store, path: Path, reason: str) -> Request:
    """Note that a request is declined or withdrawn: nothing is made of it any more. Raises `CheckFailed` for an unknown one."""
    content, known = _read(store.settings, path)
    request = _known_as_it_was(store.settings, content, known, path)
    # Within the lock under which a release is made: what was made is used, and what is declined isn't made.
    with exclusive(store):
        _require_unused(store.settings, request, _sha256(content))
        details = {"delivery": store.delivery, **_named(known)}
        append(store.settings.release_journal, DECLINED, who=operating_system_user(), why=reason, details=details)
    return request


def approved(store: Store, policy: ReleasePolicy, path: Path) -> Approved:
    """Verify a request and the signature that lies with it. A signature that nobody filed yet is noted as approval.

    Raises `CheckFailed` as `approve`, and when there is no signature. To be called within `journalled`.
    """
    content, known = _read(store.settings, path)
    request = _standing(store, policy, content, known, path)
    places = [signature_of(_place(store.settings, request)), signature_of(path)]
    place = next((place for place in places if place.is_file()), None)
    if place is None:
        do = f"somebody else signs it: frs release approve {request.id} --key KEY ({HOW})"
        raise CheckFailed("nobody has approved it", where=path, do=do)
    signed = _bytes(place)
    found = _approved(signers_of(store.study, policy), request, content, signed, place)
    filed = (entry.details for entry in entries(store.settings.release_journal) if entry.event == APPROVED)
    if not any((one.get("request_sha256"), one.get("key")) == (found.sha256, found.key) for one in filed):
        _note_approval(store.settings, found)
    return found


def why_of(settings: Settings, path: Path) -> tuple[str, dict[str, str]]:
    """Return what the journal says of a refused file: the purpose if somebody asked for it so, and what it is called."""
    _, known = _read(settings, path)
    return (known.why, _named(known)) if known else (_FOREIGN, {})


def require_unused(store: Store, policy: ReleasePolicy, found: Approved) -> None:
    """Raise `CheckFailed` unless an approved request may still be made: once, and of the results that it names."""
    _require_undeclined(store.settings, found.request, found.sha256)
    _require_standing(store, policy, found.request, found.sha256)


def _read(settings: Settings, path: Path) -> tuple[bytes, Entry | None]:
    """Read a request's file, and the entry of its journal by what it calls itself, whatever else it says."""
    sound = verify(settings.release_journal)
    if sound:
        raise CheckFailed(sound[0], where=settings.release_journal, do="nothing is released until that is cleared up")
    content = _bytes(path)
    noted = [entry for entry in entries(settings.release_journal) if entry.event == REQUESTED]
    by_hash = next((entry for entry in noted if entry.details.get("request_sha256") == _sha256(content)), None)
    return content, by_hash or next((entry for entry in noted if str(entry.details.get("request")) == _id_in(content)), None)


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(64 * LARGEST)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=path, do="check the file's rights") from error


def _id_in(content: bytes) -> str | None:
    """Return what a request calls itself, though it may have been altered."""
    found = re.search(rb'"nonce": ?"([0-9a-f]{12})[0-9a-f]{20}"', content)
    return found[1].decode() if found else None


def _named(known: Entry | None) -> dict[str, str]:
    """Return what the journal calls a request."""
    return {name: known.details[name] for name in ("request", "request_sha256")} if known else {}


def _known_as_it_was(settings: Settings, content: bytes, known: Entry | None, path: Path) -> Request:
    """Parse a request that is to the byte what was asked for. Raises `CheckFailed` for any other."""
    if known is None:
        raise CheckFailed(
            "nobody asked for this: the journal has no such request", where=path, do="frs release request writes one"
        )
    if known.details.get("request_sha256") != _sha256(content):
        what = f"was altered since it was asked for (entry {known.number} of the journal)"
        raise CheckFailed(what, where=path, do="use the file as frs release request wrote it, or ask again")
    request = Request.model_validate_json(content)
    _require_undeclined(settings, request, _sha256(content))
    return request


def _require_undeclined(settings: Settings, request: Request, sha256: str) -> None:
    declined = [entry for entry in entries(settings.release_journal) if entry.event == DECLINED]
    if any(entry.details.get("request_sha256") == sha256 for entry in declined):
        raise CheckFailed("was declined", where=request.id, do="ask again")


def _require_unused(settings: Settings, request: Request, sha256: str) -> None:
    noted = [entry for entry in entries(settings.release_journal) if entry.event == RELEASED]
    used = next((entry for entry in noted if entry.details.get("request_sha256") == sha256), None)
    if used:
        what = f"was used already (entry {used.number} of the journal)"
        raise CheckFailed(what, where=request.id, do="ask again: frs release request")


def _standing(store: Store, policy: ReleasePolicy, content: bytes, known: Entry | None, path: Path) -> Request:
    """Return a request that may still be approved and made. Raises `CheckFailed` for any other."""
    request = _known_as_it_was(store.settings, content, known, path)
    _require_standing(store, policy, request, _sha256(content))
    return request


def _require_standing(store: Store, policy: ReleasePolicy, request: Request, sha256: str) -> None:
    _require_unused(store.settings, request, sha256)
    again, where = "ask again: frs release request", request.id
    if request.study != about(store.study).name or request.delivery != store.delivery:
        raise CheckFailed(f"asks for a release of {request.delivery}, not of {store.delivery}", where=where, do=again)
    if _now() >= dt.datetime.strptime(request.expires, _TIME).replace(tzinfo=dt.UTC):
        raise CheckFailed(f"has expired: it was good until {request.expires}", where=where, do=again)
    if request.policy != policy.hash or policy.hands == "one":
        raise CheckFailed("was asked for under another policy", where=where, do=again)
    if request.root != _root(store):
        raise CheckFailed("was asked for of other results: they were made again since", where=where, do=again)


def _approved(signers: Signers, request: Request, content: bytes, signature: bytes, where: Path) -> Approved:
    """Return an approval. Raises `CheckFailed` when the signature isn't one, or is that of whoever asked."""
    by, key = signer_of(signers, content, signature, where)
    author = signers.person(request.author)
    if not author:
        what = "whoever asked may not sign any more, so that nobody knows who else would be a second hand"
        raise CheckFailed(what, where=request.id, do="ask again")
    if by in author:
        what = f"approved by {by}, who is whoever asked for it, which is one hand"
        raise CheckFailed(what, where=request.id, do="somebody else has to sign it")
    return Approved(request, _sha256(content), by, key, signers.sha256)


def _note_approval(settings: Settings, found: Approved) -> None:
    details = {"delivery": found.request.delivery, **found.details}
    append(settings.release_journal, APPROVED, who=operating_system_user(), why=found.request.purpose, details=details)


def _root(store: Store) -> str:
    """Return the root of the results as they lie here. Raises `CheckFailed` when they aren't those of a finished run.

    None may be out of date: a table, defined differently since somebody signed, would be another one than they signed.
    """
    content = read_manifest(store)
    if "root" not in content or root_of(content) != content["root"] or stale(store):
        raise CheckFailed("the results aren't those of a finished run", where=store.delivery, do=store.refreshed_by)
    return str(content["root"])


def _place(settings: Settings, request: Request) -> Path:
    """Return where a request is kept."""
    return settings.decided(request.delivery) / FOLDER / f"request-{request.id}.json"


def _nonce() -> str:
    """Draw what tells a request from all others; what people call it can't be read as somebody's number."""
    while True:
        nonce = secrets.token_hex(16)
        if not _RUN.search(nonce[:12]):
            return nonce


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC).replace(microsecond=0)
