"""What an audit package is about: a finished result, which of its files may be public, and the release that goes with it."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from frs_pipeline import __version__
from frs_pipeline.release.earlier import RELEASED, name_of
from frs_pipeline.release.variants import kept_back
from frs_pipeline.release.words import Counted
from frs_pipeline.store.code import PACKAGE, lock_hash
from frs_pipeline.store.files import MANIFEST, RELEASE, Store, read_manifest
from frs_pipeline.store.journal import entries
from frs_pipeline.study.instruments import instruments
from frs_pipeline.study.tables import catalogue

LOCK = PACKAGE.parent / "requirements.lock"
_LOCKED = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?==([^\s;\\]+)", re.MULTILINE)


@dataclass(frozen=True)
class Released:
    """The release of a delivery that goes with its results: its files by name, and when it went out (UTC, by the journal)."""

    files: dict[str, bytes]
    when: str


@dataclass(frozen=True)
class Facts:
    """What stands in a package: the manifest as it is, its hash, and the release, None where there is none of these results.

    `sealed` says whether there is a sealed part. `libraries` are name and version of each locked library, in order.
    """

    store: Store
    manifest: dict[str, Any]
    manifest_hash: str
    released: Released | None
    sealed: bool
    libraries: tuple[tuple[str, str], ...]

    @property
    def root(self) -> str:
        return str(self.manifest["root"])

    @property
    def version(self) -> str:
        """The version of this program."""
        return __version__

    @property
    def lock(self) -> bytes | None:
        """The file of the locked libraries; None where the package is installed without its project folder."""
        return LOCK.read_bytes() if lock_hash() else None

    @property
    def day(self) -> str:
        """The day that the package is of: that of its release, or of the delivery. A run has none."""
        return self.released.when[:10] if self.released else self.store.delivery


def facts(store: Store, *, sealed: bool) -> Facts:
    """Gather what stands in the package of a finished result."""
    content = (store.settings.curated(store.delivery) / MANIFEST).read_bytes()
    text = LOCK.read_text(encoding="utf-8") if lock_hash() else ""
    return Facts(
        store,
        read_manifest(store),
        hashlib.sha256(content).hexdigest(),
        _released(store),
        sealed,
        tuple(sorted(_LOCKED.findall(text))),
    )


def _released(store: Store) -> Released | None:
    """Read the release that lies in the delivery's folder, if it went out of the forms and tables that there are now."""
    folder = store.settings.curated(store.delivery) / RELEASE
    if not folder.is_dir():
        return None
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
    name = name_of(files)
    out = [
        entry
        for entry in entries(store.settings.release_journal)
        if entry.event == RELEASED and (entry.details["delivery"], entry.details["name"]) == (store.delivery, name)
    ]
    marts = {mart: store.marts(mart) for mart in instruments(store.study)}
    counted = Counted(marts, (table for table in catalogue(store.study).values() if not kept_back(store.study, table)))
    if not out or (out[-1].details["forms"], out[-1].details["columns"]) != (counted.words, counted.columns):
        return None
    return Released(files, out[-1].when)


def definitions(store: Store) -> dict[str, Path]:
    """Return the study's files that have a part in the result, by their names in the study."""
    listed = (name.removeprefix("study/") for name in read_manifest(store)["program"] if name.startswith("study/"))
    return {name: store.study.folder / name for name in listed}
