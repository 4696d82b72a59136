"""Codebooks of made-up deliveries: that of the shipped one, locked with published keys, and others with keys of their own."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow as pa
import pyrage

from frs_pipeline.codebook.entries import FULL_COLUMNS, PIPELINE_COLUMNS, lock
from frs_pipeline.codebook.keys import PUBLISHED
from frs_pipeline.codebook.vault import open_plain, read_codebook
from frs_pipeline.errors import InputError
from frs_pipeline.store.deliveries import CODEBOOK, CONTROLLERS, DEMO_KEY, inventory
from frs_pipeline.store.files import atomic
from frs_pipeline.study import Study
from frs_pipeline.study.instruments import instruments

# Hashes of the shipped delivery; made from it by `make docs`, held against it by `make lint`.
SHIPPED = PUBLISHED / "delivery.json"


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


def read_demo_codebook(study: Study, folder: Path) -> pa.Table:
    """The pipeline's part (`CODEBOOK` of the entries) of a delivery in `folder` whose key lies open beside it."""
    return read_codebook(study, folder / CODEBOOK, folder / DEMO_KEY)


def is_published(path: Path) -> bool:
    """Does a key that everybody has open the file of a codebook?"""
    return any(_plain(path, key) is not None for key in PUBLISHED.glob("*.txt"))


def _plain(path: Path, key: Path) -> str | None:
    try:
        return open_plain(path, key)
    except InputError:
        return None


def write_codebook(folder: Path, plain_of: Callable[[Sequence[str]], str], key_name: str = DEMO_KEY) -> None:
    """Both parts of the codebook, each with its own key beside it; a file with the right content already is kept.

    `plain_of` gives the CSV text of the columns that a part holds; the keys are the published ones, or else made.
    """
    for name, key, columns in ((CODEBOOK, key_name, PIPELINE_COLUMNS), (CONTROLLERS, f"CONTROLLERS-{key_name}", FULL_COLUMNS)):
        published = PUBLISHED / key
        if published.exists() or not (folder / key).exists():
            with atomic(folder / key) as file:
                file.write(published.read_bytes() if published.exists() else _new_key())
            (folder / key).chmod(0o644 if published.exists() else 0o600)  # a key that may be read by all fails frs doctor
        recipient = next(word for word in (folder / key).read_text(encoding="ascii").split() if word.startswith("age1"))
        text = plain_of(columns)
        try:
            if open_plain(folder / name, folder / key) == text:
                continue  # age draws new randomness each time: the same content would come out as other bytes
        except InputError:
            pass
        with atomic(folder / name) as file:
            file.write(lock(text, [recipient]))


def _new_key() -> bytes:
    """An age identity of its own, as `age-keygen` writes it."""
    identity = pyrage.x25519.Identity.generate()
    said = "# Made with the made-up delivery that it lies beside, and protects nothing: set FRS_KEY_FILE to this file."
    return f"{said}\n# public key: {identity.to_public()}\n{identity}\n".encode()
