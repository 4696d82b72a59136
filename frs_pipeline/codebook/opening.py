"""Opening a delivery's codebook, and refusing keys that everybody has.

The keys of the shipped reconstruction are published with this package. A codebook that one of them opens protects
nobody, so it is accepted only with the made-up forms it was made for.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from frs_pipeline.codebook.drawn import drawn_codebook
from frs_pipeline.codebook.entries import Entry, codebook_schema
from frs_pipeline.codebook.made_up import is_published, is_shipped
from frs_pipeline.codebook.newest import require_newest
from frs_pipeline.codebook.vault import read_codebook, read_full
from frs_pipeline.errors import CheckFailed, InputError
from frs_pipeline.store.deliveries import CODEBOOK, DEMO_KEY, describe
from frs_pipeline.store.files import Store, read
from frs_pipeline.study import Study
from frs_pipeline.study.about import about, has_codebook


def open_codebook(store: Store) -> pa.Table:
    """Open the pipeline's part of a delivery's codebook (`entries.codebook_schema`), sorted by conference number.

    Where the study has none, pseudonyms are drawn; where forms belong to nothing, it is empty. Raises `InputError` when it
    can't be opened, `CheckFailed` when anybody could open it, or when it isn't the one that was locked last.
    """
    if not has_codebook(store.study):
        return drawn_codebook(store) if about(store.study).forms.number else codebook_schema(store.study).empty_table()
    require_newest(store.settings, store.raw(""))
    refuse_published_key(store.study, store.raw(""))
    return read_codebook(store.study, store.raw(CODEBOOK), key_of_pipeline(store))


def open_full(store: Store, codebook: Path, identity: Path) -> list[Entry]:
    """Open the controllers' codebook of a delivery, sorted by conference number. Raises `FrsError` as `open_codebook` does."""
    require_newest(store.settings, store.raw(""), codebook)
    return read_full(store.study, codebook, identity)


def key_of_pipeline(store: Store) -> Path:
    """Return the path of the pipeline's key; the file need not exist."""
    return store.settings.key or store.raw(DEMO_KEY)


def require_own(store: Store, entries: Sequence[Entry], codebook: Path) -> None:
    """Raise `InputError` when `entries`, of the controllers' `codebook`, aren't those that the delivery was made with.

    Another codebook may give the same number to another child; pseudonyms are drawn at random, so they show the difference.
    """
    path = store.file("validated", "codebook")
    if not path.exists():
        raise InputError("not made yet", where=path, do=store.refreshed_by)
    pseudonyms = {entry.conference_number: entry.conference_id for entry in entries}
    made_with = zip(*read(path, ["conference_number", "conference_id"]).to_pydict().values(), strict=True)
    if any(pseudonyms.get(number) != pseudonym for number, pseudonym in made_with):
        do = f"name its own after --codebook; if that was locked again since, {store.refreshed_by}"
        raise InputError(f"isn't the codebook that delivery {store.delivery} was made with", where=codebook, do=do)


def made_up(store: Store) -> bool:
    """Return whether the forms are made up: the delivery says so itself, or its codebook is locked with a published key.

    Called once per refresh, which keeps the answer as a product (`intake.delivery.made_up`). Raises `InputError` for a
    description that can't be understood.
    """
    locked = has_codebook(store.study)
    return describe(store.study, store.raw("")).made_up or (locked and is_published(store.raw(CODEBOOK)))


def refuse_published_key(study: Study, folder: Path) -> None:
    """Raise `CheckFailed` when a published key opens the codebook of a delivery that isn't the shipped one.

    It is the codebook that decides, whichever key the pipeline was given, and under whatever name.
    """
    if is_published(folder / CODEBOOK) and not is_shipped(study, folder):
        raise CheckFailed(
            "is locked with the published demo key, which is for the shipped made-up forms alone",
            where=folder / CODEBOOK,
            do="have it locked with a key of your own, and set FRS_KEY_FILE to that",
        )
