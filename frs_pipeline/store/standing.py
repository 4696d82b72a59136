"""How the results of a delivery stand: as the last finished run left them, amid one that didn't finish, or altered.

A file of rows carries the hash of its rows. One that isn't what the manifest lists, but fits its own hash, was made by a
run that wrote no manifest; one that doesn't fit was altered. This tells an accident from a change. Whoever forges on purpose
can forge that hash as well, which makes the file no more what the manifest lists.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from frs_pipeline.errors import FrsError
from frs_pipeline.language import plural
from frs_pipeline.store.deliveries import deliveries, sha256
from frs_pipeline.store.files import CONTENT, Store, listed, read_manifest, recorded, schema_of, stale, stream
from frs_pipeline.store.lock import LOCK, unfinished
from frs_pipeline.store.plan import Product, products
from frs_pipeline.store.rows import hash_of
from frs_pipeline.store.settings import Settings


@dataclass(frozen=True)
class Standing:
    """The files of a delivery against its manifest, by their names in it.

    `failed`: a run began after the last finished one, didn't finish, and what it was to make is still out of date. `remade`
    are files that such a run made, `altered` those that nothing of the program made so (or that are gone).
    """

    root: str | None
    failed: bool
    remade: tuple[str, ...]
    altered: tuple[str, ...]

    def last_good(self, delivery: str) -> str:
        """What there is to rely on, in words, and what became of its files."""
        if self.root is None:
            told = "there is no finished result yet"
        else:
            told = f"the last good result is that of delivery {delivery} with root {self.root}"
        if self.remade:
            made = plural(len(self.remade), "file was", "files were")
            since = "" if self.root is None else " since"
            return f"{told}; {made} made{since} by a run that failed, and no manifest vouches for that"
        return told if self.root is None or self.altered else f"{told}; its files are as its manifest says"


def standing(store: Store) -> Standing:
    """Look at every file that the manifest lists, and every other that is made; reads those that aren't as listed."""
    noted = read_manifest(store).get("outputs", {})
    failed = unfinished(store) and _out_of_date(store)
    remade: list[str] = []
    altered: list[str] = []
    for product in products(store.study).values():
        file = store.path(product)
        if listed(store, file) not in noted and not failed:
            continue  # not made yet, or not with the rest
        different = list(_different(store, product, noted))
        # Pages carry no hash; those of a product whose rows are sound may come from a run that was stopped before the rows.
        by_a_run = bool(different) and failed and (_fits_itself(file) or not file.exists())
        for path in different:
            (remade if by_a_run and path.exists() else altered).append(listed(store, path))
    return Standing(store.root, failed, tuple(remade), tuple(altered))


def _out_of_date(store: Store) -> bool:
    try:
        return bool(stale(store))
    except FrsError:
        return True  # a delivered file is missing, or says what it can't


def _different(store: Store, product: Product, noted: dict[str, Any]) -> Iterator[Path]:
    """A product's file and pages that aren't what the manifest lists."""
    file = store.path(product)
    folder = f"{listed(store, file.parent / product.pages)}/" if product.pages else None
    gone = [name for name in noted if folder and name.startswith(folder)]
    there = {listed(store, path): path for path in (file, *store.pages(product))}
    for name in gone:
        there.setdefault(name, store.settings.data / name.replace("/", f"/{store.delivery}/", 1))
    for name, path in there.items():
        if noted.get(name) != (sha256(path) if path.exists() else None):
            yield path


def _fits_itself(path: Path) -> bool:
    """Are the rows of a file those that it says they are? Not of one that can't be read."""
    try:
        return recorded(path, CONTENT) == hash_of(stream(path), schema_of(path))
    except (OSError, ValueError):  # ArrowInvalid is one of these
        return False


def remains(settings: Settings) -> dict[str, str]:
    """Deliveries that have results and aren't among the delivered ones any more, with what to say of each."""
    made = {name for place in (settings.restricted, settings.curated) for name in deliveries(place(""))}
    found = {}
    for name in sorted(made - set(deliveries(settings.raw))):
        zones = (settings.restricted(name), settings.curated(name))
        if any(path.is_file() and path.name != LOCK for zone in zones for path in zone.rglob("*")):
            where = " and ".join(zone.relative_to(settings.data).as_posix() for zone in zones if zone.exists())
            found[name] = f"there are results, but no delivery (put it back under raw/{name}, or remove {where})"
    return found
