"""A delivery's codebook opened, and the keys that everybody has refused.

The keys of the shipped reconstruction are published with this package. A codebook that one of them opens is locked for
nobody, so that it is accepted beside the made-up forms it was made with and beside no others.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from frs_pipeline.codebook.entries import Entry
from frs_pipeline.codebook.made_up import is_published, is_shipped
from frs_pipeline.codebook.newest import require_newest
from frs_pipeline.codebook.vault import read_codebook, read_full
from frs_pipeline.errors import CheckFailed, InputError
from frs_pipeline.store.deliveries import CODEBOOK, DEMO_KEY, describe
from frs_pipeline.store.files import Store, read
from frs_pipeline.study import Study


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
    return describe(store.study, store.raw("")).made_up or is_published(store.raw(CODEBOOK))


def refuse_published_key(study: Study, folder: Path) -> None:
    """Raises `CheckFailed` when a published key opens the codebook of a delivery that isn't the shipped one.

    Whichever key the pipeline was given, and under whatever name: it is the codebook that is asked.
    """
    if is_published(folder / CODEBOOK) and not is_shipped(study, folder):
        raise CheckFailed(
            "is locked with the published demo key, which is for the shipped made-up forms alone",
            where=folder / CODEBOOK,
            do="have it locked with a key of your own, and set FRS_KEY_FILE to that",
        )
