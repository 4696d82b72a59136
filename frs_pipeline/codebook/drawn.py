"""Pseudonyms for conferences of a study without a locked codebook: drawn anew for every delivery, from what was delivered.

No key has to be kept. The same delivery gives the same pseudonyms; another one gives others, so that deliveries can't be
joined by them. They protect no secret: of few groups, hashes in the results tell which order of known numbers is right.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from frs_pipeline.codebook.entries import codebook_schema
from frs_pipeline.codebook.pseudonyms import LETTERS
from frs_pipeline.intake.ledger import read_ledger
from frs_pipeline.intake.readers.parsing import codes
from frs_pipeline.intake.readers.surveyxact import read_export
from frs_pipeline.store.deliveries import LEDGER, registers, source_files
from frs_pipeline.store.files import Store
from frs_pipeline.study.about import about
from frs_pipeline.study.instruments import instruments

# Sets these hashes apart from those of manifests, which tell everybody the sha256 of what was delivered.
_PERSON = b"frs pseudonyms"
_BLOCK = 2**20


def drawn_codebook(store: Store) -> pa.Table:
    """Return the conferences of a delivery (`codebook_schema`), sorted by number, each with a pseudonym drawn for it.

    They are those of the ledger, or, where the study has none, those whose number any form has. Raises `InputError` for a
    delivery that can't be read.
    """
    schema = codebook_schema(store.study)
    if "ledger" in about(store.study).registers:
        known = read_ledger(store.study, store.raw(LEDGER))
    else:
        known = pa.table({"conference_number": pa.array(_numbers(store), pa.int32())})
    drawn = pa.array(_pseudonyms(known["conference_number"].to_pylist(), _key(store)), pa.string())
    known = known.append_column("conference_id", drawn)
    if "case_id" in schema.names:
        known = known.append_column("case_id", pa.nulls(known.num_rows, pa.string()))  # a ledger knows no children
    return known.select(schema.names).cast(schema)


def _numbers(store: Store) -> np.ndarray:
    """Return all numbers that forms have, ascending."""
    column = about(store.study).forms.number
    found = [np.empty(0, np.int32)]
    for instrument in instruments(store.study):
        for chunk in read_export(store.study, store.raw(instrument)).chunks():
            cells = codes(chunk.cells[column])
            found.append(np.unique(cells.values[cells.readable]))
    return np.unique(np.concatenate(found))


def _key(store: Store) -> bytes:
    """Hash everything that was delivered about forms and conferences."""
    hashed = hashlib.blake2b(person=_PERSON)
    for source in (*instruments(store.study), *registers(store.study)):
        for name in source_files(store.study, store.raw(""), source):
            with store.raw(name).open("rb") as file:
                while block := file.read(_BLOCK):
                    hashed.update(block)
    return hashed.digest()


def _pseudonyms(numbers: list[int], key: bytes) -> Iterator[str]:
    """Yield a pseudonym for each number, K and seven letters; no two are the same."""
    taken: set[str] = set()
    for number in numbers:
        attempt = 0
        while (pseudonym := _pseudonym(key, number, attempt)) in taken:
            attempt += 1
        taken.add(pseudonym)
        yield pseudonym


def _pseudonym(key: bytes, number: int, attempt: int) -> str:
    value = int.from_bytes(hashlib.blake2b(f"{number} {attempt}".encode(), key=key, digest_size=16).digest())
    letters = []
    for _ in range(7):
        value, letter = divmod(value, len(LETTERS))
        letters.append(LETTERS[letter])
    return "K" + "".join(letters)
