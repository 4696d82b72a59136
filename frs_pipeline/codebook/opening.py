"""A delivery's codebook opened, and the keys that everybody has refused.

The keys of the shipped reconstruction are published with this package. A codebook that one of them opens is locked for
nobody, so that it is accepted beside the made-up forms it was made with and beside no others.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from frs_pipeline.codebook.keys import PUBLISHED
from frs_pipeline.codebook.newest import require_newest, told
from frs_pipeline.codebook.vault import Entry, open_plain, read_codebook, read_full
from frs_pipeline.errors import CheckFailed, InputError
from frs_pipeline.store.deliveries import CODEBOOK, CONTROLLERS, DEMO_KEY, beside, deliveries, describe, inventory
from frs_pipeline.store.files import Store, read
from frs_pipeline.store.settings import Settings
from frs_pipeline.study import Study
from frs_pipeline.study.instruments import instruments

# Hashes of the shipped delivery; made from it by `make docs`, held against it by `make lint`.
SHIPPED = PUBLISHED / "delivery.json"


def open_codebook(store: Store) -> pa.Table:
    """The pipeline's part of a delivery's codebook (`CODEBOOK` of the vault), by conference number.

    Raises `InputError` when it can't be opened, `CheckFailed` when everybody could, or when it isn't the one that was
    locked last.
    """
    require_newest(store.settings, store.raw(""))
    refuse_published_key(store.study, store.raw(""))
    return read_codebook(store.study, store.raw(CODEBOOK), key_of_pipeline(store))


def open_full(store: Store, codebook: Path, identity: Path) -> list[Entry]:
    """The controllers' codebook of a delivery, by conference number. Raises `FrsError` as `open_codebook` does."""
    require_newest(store.settings, store.raw(""), codebook)
    return read_full(store.study, codebook, identity)


def untold(settings: Settings) -> list[str]:
    """What is wrong, a line each, with codebooks whose controllers' part lies in a delivery without an entry that tells of it.

    Either the access journal was deleted or cut, or the codebook was locked on another machine and never opened here.
    Those of made-up forms are nobody's.
    """
    known, found = told(settings), []
    for name in deliveries(settings.raw):
        store = Store(settings, name)
        part = beside(store.raw(""), (CONTROLLERS,)).get(CONTROLLERS)
        if part is not None and part not in known and not (made_up(store) or _published(store.raw(CONTROLLERS))):
            found.append(
                f"no entry tells who locked {name}/{CONTROLLERS}: the journal was deleted or cut, unless the file was locked "
                "on another machine; then take it away, or open it here once with frs codebook check --identity KEY"
            )
    return found


def key_of_pipeline(store: Store) -> Path:
    """The file that is taken for the pipeline's key; there need be none."""
    return store.settings.key or store.raw(DEMO_KEY)


def require_own(store: Store, entries: Sequence[Entry], codebook: Path) -> None:
    """Raises `InputError` when `entries`, of the controllers' `codebook`, aren't those that the delivery was made with.

    Another codebook may have the same number for another child; pseudonyms are drawn at random, so that they tell.
    """
    path = store.file("validated", "codebook")
    if not path.exists():
        raise InputError("not made yet", where=path, do="run frs run")
    pseudonyms = {entry.conference_number: entry.conference_id for entry in entries}
    made_with = zip(*read(path, ["conference_number", "conference_id"]).to_pydict().values(), strict=True)
    if any(pseudonyms.get(number) != pseudonym for number, pseudonym in made_with):
        do = "name its own after --codebook; if that was locked anew since, frs run"
        raise InputError(f"isn't the codebook that delivery {store.delivery} was made with", where=codebook, do=do)


def made_up(store: Store) -> bool:
    """Did nobody fill in the forms? The delivery says so itself, or its codebook is locked with a published key.

    Asked once a refresh, which keeps the answer as a product (`intake.delivery.made_up`). Raises `InputError` for a
    description that can't be understood.
    """
    return describe(store.study, store.raw("")).made_up or _published(store.raw(CODEBOOK))


def refuse_published_key(study: Study, folder: Path) -> None:
    """Raises `CheckFailed` when a published key opens the codebook of a delivery that isn't the shipped one.

    Whichever key the pipeline was given, and under whatever name: it is the codebook that is asked.
    """
    if _published(folder / CODEBOOK) and not is_shipped(study, folder):
        raise CheckFailed(
            "is locked with the published demo key, which is for the shipped made-up forms alone",
            where=folder / CODEBOOK,
            do="have it locked with a key of your own, and set FRS_KEY_FILE to that",
        )


def is_shipped(study: Study, folder: Path) -> bool:
    """Are the exports, the ledger and the content of the codebook in `folder` those of the shipped delivery?

    Amendments are what people decided about its forms, and bring in no others.
    """
    try:
        return SHIPPED.exists() and fingerprint(study, folder) == json.loads(SHIPPED.read_text(encoding="utf-8"))
    except InputError:
        return False


def fingerprint(study: Study, folder: Path) -> dict[str, str]:
    """sha256 of a demo delivery's exports and ledger, and of the plain codebook: its bytes differ whenever it is locked.

    Raises `InputError` when a file is missing or the demo key doesn't open the codebook.
    """
    files = {name: file.sha256 for name, file in inventory(study, folder, (*instruments(study), "ledger")).items()}
    content = open_plain(folder / CODEBOOK, PUBLISHED / DEMO_KEY)
    return {**files, CODEBOOK: hashlib.sha256(content.encode()).hexdigest()}


def _published(path: Path) -> bool:
    """Does a key that everybody has open the file?"""
    return any(_plain(path, key) is not None for key in PUBLISHED.glob("*.txt"))


def _plain(path: Path, key: Path) -> str | None:
    try:
        return open_plain(path, key)
    except InputError:
        return None
