"""Opening a delivery's codebook, and refusing keys that everybody has.

The keys of the shipped reconstruction are published with this package. A codebook that one of them opens protects
nobody, so it is accepted only with the made-up forms it was made for.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from frs_pipeline.codebook.keys import PUBLISHED
from frs_pipeline.codebook.newest import journalled, require_newest
from frs_pipeline.codebook.vault import Entry, open_plain, read_codebook, read_full
from frs_pipeline.errors import CheckFailed, InputError
from frs_pipeline.store.deliveries import CODEBOOK, CONTROLLERS, DEMO_KEY, beside, deliveries, describe, inventory
from frs_pipeline.store.files import Store, read
from frs_pipeline.store.settings import Settings
from frs_pipeline.study import Study
from frs_pipeline.study.instruments import instruments

# Hashes of the shipped delivery: `make docs` writes them, `make lint` checks them.
SHIPPED = PUBLISHED / "delivery.json"


def open_codebook(store: Store) -> pa.Table:
    """Open the pipeline's part of a delivery's codebook (`vault.CODEBOOK`), sorted by conference number.

    Raises `InputError` when it can't be opened, `CheckFailed` when anybody could open it, or when it isn't the one that
    was locked last.
    """
    require_newest(store.settings, store.raw(""))
    refuse_published_key(store.study, store.raw(""))
    return read_codebook(store.study, store.raw(CODEBOOK), key_of_pipeline(store))


def open_full(store: Store, codebook: Path, identity: Path) -> list[Entry]:
    """Open the controllers' codebook of a delivery, sorted by conference number. Raises `FrsError` as `open_codebook` does."""
    require_newest(store.settings, store.raw(""), codebook)
    return read_full(store.study, codebook, identity)


def unjournalled(settings: Settings) -> list[str]:
    """Report, one line each, the controllers' codebooks in deliveries that no entry of the access journal mentions.

    Either the access journal was deleted or cut, or the codebook was locked on another machine and never opened here.
    Codebooks of made-up forms don't matter: they are nobody's.
    """
    known, faults = journalled(settings), []
    for name in deliveries(settings.raw):
        store = Store(settings, name)
        part = beside(store.raw(""), (CONTROLLERS,)).get(CONTROLLERS)
        if part is not None and part not in known and not (made_up(store) or _published(store.raw(CONTROLLERS))):
            faults.append(
                f"no entry says who locked {name}/{CONTROLLERS}: the journal was deleted or cut, unless the file was locked "
                "on another machine; then take it away, or open it here once with frs codebook check --identity KEY"
            )
    return faults


def key_of_pipeline(store: Store) -> Path:
    """Return the path of the pipeline's key; the file need not exist."""
    return store.settings.key or store.raw(DEMO_KEY)


def require_own(store: Store, entries: Sequence[Entry], codebook: Path) -> None:
    """Raise `InputError` when `entries`, of the controllers' `codebook`, aren't those that the delivery was made with.

    Another codebook may give the same number to another child; pseudonyms are drawn at random, so they show the difference.
    """
    path = store.file("validated", "codebook")
    if not path.exists():
        raise InputError("not made yet", where=path, do="run frs run")
    pseudonyms = {entry.conference_number: entry.conference_id for entry in entries}
    made_with = zip(*read(path, ["conference_number", "conference_id"]).to_pydict().values(), strict=True)
    if any(pseudonyms.get(number) != pseudonym for number, pseudonym in made_with):
        do = "name its own after --codebook; if that was locked again since, frs run"
        raise InputError(f"isn't the codebook that delivery {store.delivery} was made with", where=codebook, do=do)


def made_up(store: Store) -> bool:
    """Return whether the forms are made up: the delivery says so itself, or its codebook is locked with a published key.

    Called once per refresh, which keeps the answer as a product (`intake.delivery.made_up`). Raises `InputError` for a
    description that can't be understood.
    """
    return describe(store.study, store.raw("")).made_up or _published(store.raw(CODEBOOK))


def refuse_published_key(study: Study, folder: Path) -> None:
    """Raise `CheckFailed` when a published key opens the codebook of a delivery that isn't the shipped one.

    It is the codebook that decides, whichever key the pipeline was given, and under whatever name.
    """
    if _published(folder / CODEBOOK) and not is_shipped(study, folder):
        raise CheckFailed(
            "is locked with the published demo key, which is for the shipped made-up forms alone",
            where=folder / CODEBOOK,
            do="have it locked with a key of your own, and set FRS_KEY_FILE to that",
        )


def is_shipped(study: Study, folder: Path) -> bool:
    """Return whether exports, ledger and the codebook's content in `folder` are those of the shipped delivery.

    Amendments don't matter: they are what people decided about its forms, and bring in no others.
    """
    try:
        return SHIPPED.exists() and fingerprint(study, folder) == json.loads(SHIPPED.read_text(encoding="utf-8"))
    except InputError:
        return False


def fingerprint(study: Study, folder: Path) -> dict[str, str]:
    """Hash (sha256) a demo delivery's exports and ledger, and its codebook in plain text: locked, its bytes differ every time.

    Raises `InputError` when a file is missing or the demo key doesn't open the codebook.
    """
    files = {name: file.sha256 for name, file in inventory(study, folder, (*instruments(study), "ledger")).items()}
    content = open_plain(folder / CODEBOOK, PUBLISHED / DEMO_KEY)
    return {**files, CODEBOOK: hashlib.sha256(content.encode()).hexdigest()}


def _published(path: Path) -> bool:
    """Return whether a key that everybody has opens the file."""
    return any(_plain(path, key) is not None for key in PUBLISHED.glob("*.txt"))


def _plain(path: Path, key: Path) -> str | None:
    try:
        return open_plain(path, key)
    except InputError:
        return None
