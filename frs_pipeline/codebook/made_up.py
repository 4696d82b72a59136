"""Codebooks of made-up deliveries: the shipped one's, locked with published keys, and others with keys of their own."""

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

# Hashes of the shipped delivery: `make docs` writes them, `make lint` checks them.
SHIPPED = PUBLISHED / "delivery.json"


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


def read_demo_codebook(study: Study, folder: Path) -> pa.Table:
    """Read the pipeline's part (`entries.CODEBOOK`) of a delivery in `folder` whose key lies open beside it."""
    return read_codebook(study, folder / CODEBOOK, folder / DEMO_KEY)


def is_published(path: Path) -> bool:
    """Return whether a key that everybody has opens the file of a codebook."""
    return any(_plain(path, key) is not None for key in PUBLISHED.glob("*.txt"))


def _plain(path: Path, key: Path) -> str | None:
    try:
        return open_plain(path, key)
    except InputError:
        return None


def write_codebook(folder: Path, plain_of: Callable[[Sequence[str]], str], key_name: str = DEMO_KEY) -> None:
    """Write both parts of the codebook, each with its own key beside it; a file that has the right content already is kept.

    `plain_of` gives the CSV text of the columns that a part holds; keys are the published ones, or new ones.
    """
    for name, key, columns in ((CODEBOOK, key_name, PIPELINE_COLUMNS), (CONTROLLERS, f"CONTROLLERS-{key_name}", FULL_COLUMNS)):
        published = PUBLISHED / key
        if published.exists() or not (folder / key).exists():
            with atomic(folder / key) as file:
                file.write(published.read_bytes() if published.exists() else _new_key())
            (folder / key).chmod(0o644 if published.exists() else 0o600)  # frs doctor fails for a key that everybody may read
        recipient = next(word for word in (folder / key).read_text(encoding="ascii").split() if word.startswith("age1"))
        text = plain_of(columns)
        try:
            if open_plain(folder / name, folder / key) == text:
                continue  # age draws new randomness each time: the same content would give different bytes
        except InputError:
            pass
        with atomic(folder / name) as file:
            file.write(lock(text, [recipient]))


def _new_key() -> bytes:
    """Make a new age identity, as `age-keygen` writes it."""
    identity = pyrage.x25519.Identity.generate()
    comment = "# Made with the made-up delivery that it lies beside, and protects nothing: set FRS_KEY_FILE to this file."
    return f"{comment}\n# public key: {identity.to_public()}\n{identity}\n".encode()
