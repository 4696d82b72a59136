"""The sealed part of an audit package: pseudonymised forms and all figures, in an age file that only the auditors open.

It holds no codebook, no conference number, no text and no value that was set aside, and not what people wrote as reasons.
"""

from __future__ import annotations

import csv
import io
import os
import tarfile
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pyrage

from frs_pipeline.lineage.passport import Passports
from frs_pipeline.packaging.facts import definitions
from frs_pipeline.packaging.public import SUMS, as_json
from frs_pipeline.packaging.queries import name_of
from frs_pipeline.store.deliveries import sha256
from frs_pipeline.store.files import MANIFEST, Store, read
from frs_pipeline.study.tables import catalogue

_PUBLIC_SUMS = "PUBLIC.sha256"
# What people wrote about forms, and who: the auditor may ask for it, and gets it by another way.
_UNSAID = ("reason", "who")


@dataclass(frozen=True)
class Gathered:
    """What the sealed part holds: how many tables, and figures."""

    tables: int
    figures: int


def gather(store: Store, folder: Path, public_sums: Path) -> Gathered:
    """Fill a folder of the restricted zone with what is to be sealed; large files are links to the results.

    `public_sums` is the file of hashes of the public part, by whose own hash the sealed part says to which it belongs.
    """
    curated = store.settings.curated(store.delivery)
    (folder / MANIFEST).symlink_to(curated / MANIFEST)
    for product in store.products.values():
        path = store.path(product)
        if product.zone == "curated" and Path(product.path).parts[0] in ("marts", "statistics"):
            _link(path, folder / product.path)
    for name, path in definitions(store).items():
        _link(path, folder / "definitions" / name)
    (folder / "set-aside.csv").write_bytes(_set_aside(store))
    gathered = _passports(store, folder / "passports")
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    lines = "".join(f"{sha256(path)}  {path.relative_to(folder).as_posix()}\n" for path in files)
    (folder / SUMS).write_text(lines, encoding="utf-8")
    (folder / _PUBLIC_SUMS).write_text(f"{sha256(public_sums)}  ../{SUMS}\n", encoding="utf-8")
    return gathered


def seal(folder: Path, recipients: Sequence[str], into: Path, waiting: Path) -> None:
    """Write the files of a folder into an age file that the recipients' keys open.

    The archive waits in a file of `waiting` that has no name. Its bytes are the same for the same files, but never
    the age file's.
    """
    with tempfile.TemporaryFile(prefix=".package.", suffix=".tmp", dir=waiting) as archive:
        _archive(folder, archive)
        archive.seek(0)
        with into.open("wb") as file:
            pyrage.encrypt_io(archive, file, [pyrage.x25519.Recipient.from_str(one) for one in recipients])
            file.flush()
            os.fsync(file.fileno())


def _archive(folder: Path, into: IO[bytes]) -> None:
    """Write a tar file in which nothing tells when, where or by whom it was made."""
    with tarfile.open(fileobj=into, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for path in sorted(folder.rglob("*"), key=lambda path: path.relative_to(folder).as_posix()):
            entry = tarfile.TarInfo(path.relative_to(folder).as_posix())
            if path.is_dir():
                entry.type, entry.mode = tarfile.DIRTYPE, 0o700
                archive.addfile(entry)
                continue
            entry.size, entry.mode = path.stat().st_size, 0o600
            with path.open("rb") as file:
                archive.addfile(entry, file)


def _link(path: Path, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(path)


def _set_aside(store: Store) -> bytes:
    """Count the forms that were set aside, by questionnaire and rule. A form that breaks several rules counts under each."""
    rows = read(store.file("quarantine"), ["instrument", "file", "line", "rule"]).to_pylist()
    forms = {(row["instrument"], row["rule"], row["file"], row["line"]) for row in rows}
    counted = Counter((instrument, rule) for instrument, rule, *_ in forms)
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([("instrument", "rule", "forms"), *((*key, number) for key, number in sorted(counted.items()))])
    return text.getvalue().encode()


def _passports(store: Store, folder: Path) -> Gathered:
    """Write the passports of all figures, a file each table."""
    folder.mkdir()
    by_table: dict[int, dict[str, Any]] = {}
    figures = 0
    for made in Passports(store.study, store).every():
        content = made.as_json()
        provenance = content.pop("provenance")
        content["amendments"] = [{k: v for k, v in one.items() if k not in _UNSAID} for one in content["amendments"]]
        page = by_table.setdefault(made.address.table, {"provenance": provenance, "figures": []})
        page["figures"].append(content)
        figures += 1
    for number in catalogue(store.study):
        if number in by_table:
            name = Path(name_of(store.study, number)).with_suffix(".json")
            (folder / name).write_bytes(as_json(by_table[number]))
    return Gathered(len(by_table), figures)
