"""The state of a delivery's results: as the last finished run left them, amid one that didn't finish, or altered.

A file of rows carries the hash of its rows. One that isn't what the manifest lists, but fits its own hash, was made by a
run that wrote no manifest; one that doesn't fit was altered. This distinguishes an accident from a change. A forger can
forge that hash as well, but that doesn't make the file the one that the manifest lists.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from frs_pipeline.errors import FrsError
from frs_pipeline.language import plural
from frs_pipeline.store.deliveries import COLLECTION, deliveries, sha256
from frs_pipeline.store.files import CONTENT, Store, listed, read_manifest, recorded, schema_of, stale, stream, unlisted
from frs_pipeline.store.lock import LOCK, unfinished
from frs_pipeline.store.plan import Product
from frs_pipeline.store.settings import Settings


@dataclass(frozen=True)
class Standing:
    """The files of a delivery compared with its manifest, by their names in it.

    `failed`: a run began after the last finished one, didn't finish, and what it was to make is still out of date. `remade`
    are files that such a run made, `altered` those that nothing of the program made so (or that are gone).
    """

    root: str | None
    failed: bool
    remade: tuple[str, ...]
    altered: tuple[str, ...]

    def last_good(self, delivery: str) -> str:
        """Say in words what there is to rely on, and what became of its files."""
        if self.root is None:
            state = "there is no finished result yet"
        else:
            state = f"the last good result is that of delivery {delivery} with root {self.root}"
        if self.remade:
            made = plural(len(self.remade), "file was", "files were")
            since = "" if self.root is None else " since"
            return f"{state}; {made} made{since} by a run that failed, and no manifest vouches for that"
        return state if self.root is None or self.altered else f"{state}; its files are as its manifest says"


def standing(store: Store) -> Standing:
    """Compare every file that is made with the manifest; those that aren't as listed are read."""
    noted = read_manifest(store).get("outputs", {})
    failed = unfinished(store) and _out_of_date(store)
    remade: list[str] = []
    altered: list[str] = []
    for product in store.products.values():
        file = store.path(product)
        if listed(store, file) not in noted and not failed:
            continue  # not made yet, or not with the rest
        different = list(_different(store, product, noted))
        # Pages carry no hash; those of a product with sound rows may come from a run that stopped before writing the rows.
        by_a_run = bool(different) and failed and (_fits_itself(file) or not file.exists())
        for path in different:
            (remade if by_a_run and path.exists() else altered).append(listed(store, path))
    return Standing(store.root, failed, tuple(remade), tuple(altered))


def beyond(store: Store, noted: dict[str, str]) -> list[str]:
    """Name the files of the manifest that this version doesn't make and that aren't as it lists them: missing, or altered."""
    own = {listed(store, path) for product in store.products.values() for path in (store.path(product), *store.pages(product))}
    others = {name: unlisted(store, name) for name in sorted(noted.keys() - own)}
    return [name for name, path in others.items() if not path.is_file() or sha256(path) != noted[name]]


def _out_of_date(store: Store) -> bool:
    try:
        return bool(stale(store))
    except FrsError:
        return True  # a delivered file is missing, or says something impossible


def _different(store: Store, product: Product, noted: dict[str, Any]) -> Iterator[Path]:
    """Yield a product's file and pages that aren't what the manifest lists."""
    file = store.path(product)
    folder = f"{listed(store, file.parent / product.pages)}/" if product.pages else None
    gone = [name for name in noted if folder and name.startswith(folder)]
    there = {listed(store, path): path for path in (file, *store.pages(product))}
    for name in gone:
        there.setdefault(name, unlisted(store, name))
    for name, path in there.items():
        if noted.get(name) != (sha256(path) if path.exists() else None):
            yield path


def _fits_itself(path: Path) -> bool:
    """Return whether the rows of a file fit the hash that it carries; False for one that can't be read."""
    from frs_pipeline.store.rows import hash_of  # whose imports most commands can do without

    try:
        return recorded(path, CONTENT) == hash_of(stream(path), schema_of(path))
    except (OSError, ValueError):  # ArrowInvalid is one of these
        return False


def remains(settings: Settings) -> dict[str, str]:
    """Find deliveries that have results but were removed from the delivered ones, with what to say about each."""
    made = {name for place in (settings.restricted, settings.curated) for name in deliveries(place(""))}
    left = {}
    for name in sorted(made - set(deliveries(settings.raw))):
        zones = (settings.restricted(name), settings.curated(name))
        # What was looked up of a collection on a day, of which no delivery is made, isn't a result.
        there = [path.relative_to(zone) for zone in zones for path in zone.rglob("*") if path.is_file() and path.name != LOCK]
        if any(path.parts[0] != COLLECTION for path in there):
            where = " and ".join(zone.relative_to(settings.data).as_posix() for zone in zones if zone.exists())
            left[name] = f"there are results, but no delivery (put it back under raw/{name}, or remove {where})"
    return left
