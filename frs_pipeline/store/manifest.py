"""The manifest of a delivery: what it holds, the hash of everything that went in and came out, and what is due before that.

Modules that read results are imported inside the functions: a run with nothing to do only asks what is due.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from frs_pipeline.errors import CheckFailed, FrsError
from frs_pipeline.language import plural
from frs_pipeline.store.away import AWAY, forget, said
from frs_pipeline.store.code import code_hash, lock_hash, program_version
from frs_pipeline.store.deliveries import LOCKED, beside, decisions, deliveries, inventory, sha256
from frs_pipeline.store.files import (
    LEAKED,
    MANIFEST,
    REGISTER,
    RELEASE,
    SHEETS,
    Store,
    as_noted,
    hashes,
    listed,
    noted,
    read_manifest,
    recorded,
    stale,
    write_json,
)
from frs_pipeline.store.lock import finish
from frs_pipeline.store.plan import AssetPath, decided, program, whole_steps
from frs_pipeline.store.settings import Settings
from frs_pipeline.store.together import FILE, definition, is_together, togethers
from frs_pipeline.study import Study

# What a manifest may name as a version, so that nothing else is repeated from it.
_VERSION = re.compile(r"\d{1,4}(\.\d{1,4}){1,3}(\.dev\d{1,4})?")


@dataclass(frozen=True)
class Due:
    """What a refresh has to make: products, by whole steps, and the manifest that vouches for all of them."""

    products: frozenset[AssetPath]
    manifest: bool

    def __bool__(self) -> bool:
        return self.manifest


def due(store: Store) -> Due:
    """Return what is due in a delivery: the one question that every refresh asks, whoever starts it.

    Where no product is out of date, the manifest still may be: it is missing, was altered, has no root because only
    some products were made, or would say something else if it were written now. Raises `InputError` for a delivery that isn't
    complete.
    """
    # Files that are as the manifest says, and made from what there is now by its word, needn't be asked what they are made from.
    if vouched(store):
        return Due(frozenset(), False)
    return Due(frozenset(whole_steps(store.study, stale(store))), True)


def vouched(store: Store) -> bool:
    """Return whether the manifest says, under its root, what it would say if it were written now."""
    content = read_manifest(store)
    summary, predecessor = content.get("summary"), _predecessor(store)
    if not all(vouched(part) for part in store.parts()) or not isinstance(summary, dict) or not summary or predecessor is None:
        return False
    try:
        return content == _content(store, summary, predecessor)
    except FileNotFoundError:
        return False


def _predecessor(store: Store) -> dict[str, str] | None:
    """Return the delivery that this one would be compared with now, and its root; None when its files aren't what that says."""
    older = store.predecessor()
    if older is None:
        return {}
    known = read_manifest(older).get("outputs", {})
    needed = {older.products[key] for product in store.products.values() for key in product.previous}
    whole = older.root is not None and all(as_noted(older, product, known) for product in needed)
    return {"delivery": older.delivery, "root": older.root or ""} if whole else None


def put_away(store: Store) -> str | None:
    """Say since when results are put away, as `said`; None where what they are made from has changed since: they are due then."""
    since = said(store)
    return since if since and _taken_in_as_noted(store) else None


def to_bring_back(store: Store) -> Store | None:
    """Return the delivery that this one is compared with, where that is put away and isn't what would be made of it today.

    What is compared is missing, or was made from something else, by other code or by other definitions.
    """
    older = store.predecessor()
    if older is None or not said(older):
        return None
    content = read_manifest(older)
    needed = {older.products[key] for product in store.products.values() for key in product.previous}
    made_by = {"program": program(older.study), "code": _code(older), "lock": lock_hash()}
    as_today = all(content.get(part) == value for part, value in made_by.items()) and _taken_in_as_noted(older)
    return None if as_today and all(as_noted(older, product, content.get("outputs", {})) for product in needed) else older


def require_back(store: Store) -> None:
    """Raise `CheckFailed` where what a delivery is compared with has to be made again first, which only `refresh` does."""
    if older := to_bring_back(store):
        what = f"delivery {older.delivery}, which this one is compared with, is {said(older)}"
        raise CheckFailed(what, where=store.delivery, do=f"{older.refreshed_by} first")


def _taken_in_as_noted(store: Store) -> bool:
    try:
        return bool(taken_in(store) == read_manifest(store).get("inputs"))
    except FrsError:
        return False


def _code(store: Store) -> dict[str, str]:
    return {module: code_hash(module) for module in sorted({product.module for product in store.products.values()})}


def require_current(store: Store, made: Collection[AssetPath]) -> None:
    """Refuse a manifest for files that nobody vouches for: all must be up to date, and `made` by this run or as noted.

    Raises `CheckFailed` otherwise: the run made only a part, a file was altered, or the delivery has changed meanwhile.
    """
    known = read_manifest(store).get("outputs", {})
    left = stale(store, finished=False)
    left |= {key for key, product in store.products.items() if key not in made and not as_noted(store, product, known)}
    if left:
        first = next(product.name for key, product in store.products.items() if key in left)
        more = f" and {plural(len(left) - 1, 'other file')}" if len(left) > 1 else ""
        what = f"no manifest can be written: {first}{more} would have to be made again first"
        raise CheckFailed(what, where=store.delivery, do=f"a run of everything that is due puts it right: {store.refreshed_by}")


def write_manifest(store: Store, summary: dict[str, int]) -> dict[str, Any]:
    """Write manifest.json: hashes of every input, output and file of the program, and one root over them. Returns its content.

    The restricted files are listed by hash only, so that the manifest may leave the restricted zone.
    """
    content = _content(store, summary, compared_with(store))
    write_json(store.settings.curated(store.delivery) / MANIFEST, content)
    forget(store)
    finish(store)
    return content


def _content(store: Store, summary: dict[str, int], predecessor: dict[str, str]) -> dict[str, Any]:
    outputs = {name: value for product in store.products.values() for name, value in hashes(store, product).items()}
    content: dict[str, Any] = {
        "delivery": store.delivery,
        "version": program_version(),
        "inputs": taken_in(store),
        "outputs": dict(sorted(outputs.items())),
        "program": program(store.study, together=is_together(store.delivery)),
        "code": _code(store),
        "lock": lock_hash(),
        "predecessor": predecessor,
        "summary": summary,
    }
    content["root"] = root_of(content)
    return content


def compared_with(store: Store) -> dict[str, str]:
    """Return the delivery that this one was compared with, and its root then, as the files made of both say; or nothing."""
    for product in (product for product in store.products.values() if product.previous):
        for name, root in json.loads(recorded(store.path(product)) or '{"inputs": {}}')["inputs"].items():
            if name.endswith("/root"):
                return {"delivery": name.removesuffix("/root"), "root": root}
    return {}


def delivered(study: Study, folder: Path) -> dict[str, str]:
    """Hash everything that belongs to a delivery, by name: what a refresh reads, and the controllers' files, still encrypted."""
    files = {name: file.sha256 for name, file in inventory(study, folder).items()}
    return dict(sorted((files | beside(folder, LOCKED)).items()))


def taken_in(store: Store) -> dict[str, str]:
    """Hash what a result is made from: what was delivered, and what was decided about it since, if anything.

    Of several deliveries together, it is which they are, and their roots.
    """
    if not is_together(store.delivery):
        made = {f"decided/{name}": value for name, value in decisions(store.decided(""), decided(store.study)).items()}
        return {**delivered(store.study, store.raw("")), **made}
    roots = {f"{part.delivery}/root": part.root or "" for part in store.parts()}
    return {**roots, FILE: sha256(definition(store.settings, store.delivery))}


def added(store: Store, content: dict[str, Any]) -> list[str]:
    """List what is among a delivery's results but not in its manifest (`content`), as `curated/…` or `restricted/…`.

    That is files, links, and folders without anything listed. A release has a journal of its own; what was moved aside as
    leaked was taken out of the results; sheets for coders aren't results.
    """
    own = {f"curated/{MANIFEST}", f"curated/{FILE}", f"curated/{AWAY}", "restricted/.lock", *content["outputs"]}
    names = []
    for zone, apart in ((store.settings.curated, (RELEASE,)), (store.settings.restricted, (LEAKED, SHEETS))):
        folder = zone(store.delivery)
        for path in sorted(folder.rglob("*")):
            name = listed(store, path)
            if path.relative_to(folder).parts[0] in apart:
                continue
            holds = path.is_dir() and not path.is_symlink()
            if path.is_symlink() or (name not in own and not (holds and any(o.startswith(f"{name}/") for o in own))):
                names.append(name)
    # The contents of an added folder aren't listed one by one.
    return [name for name in names if not any(name.startswith(f"{other}/") for other in names)]


def strays(settings: Settings) -> list[str]:
    """List what is in the curated zone beside deliveries and several together, and unfinished folders of no delivery."""
    zone = settings.curated("")
    known = {
        *deliveries(settings.raw),
        *togethers(settings),
        *(name for name in deliveries(zone) if (zone / name / MANIFEST).is_file()),
    }
    names = sorted(path.name for path in zone.iterdir()) if zone.is_dir() else []
    return [f"curated/{name}" for name in names if name not in known and name not in (".gitkeep", REGISTER)]


def made_by_another(content: dict[str, Any]) -> str | None:
    """Say in words which version made a result, by its manifest, when it wasn't this one; None when it was.

    Whether that is true, nobody knows who hasn't noted the root elsewhere: it says as much as anything else in a manifest.
    """
    named = content.get("version")
    if named == program_version():
        return None
    return f"version {named}" if isinstance(named, str) and _VERSION.fullmatch(named) else "a version before 2.0.0"


def root_of(content: dict[str, Any]) -> str:
    """Compute the root of the Merkle tree over everything that a manifest says, as RFC 6962 builds it.

    Its leaves are `part/name` and value of every entry, in the order of their names. Whoever has noted the root can see
    later whether anything in the manifest, and so any file that it lists, is still what it was.
    """
    entries = []
    for part, value in content.items():
        if part != "root":
            pairs = value.items() if isinstance(value, dict) else [("", value)]
            entries += [f"{part}/{name}\0{entry}".encode() for name, entry in pairs]
    return _merkle([hashlib.sha256(b"\0" + entry).digest() for entry in sorted(entries)]).hex()


def _merkle(leaves: list[bytes]) -> bytes:
    """Hash over leaves; the left half is the largest power of two smaller than their number."""
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return leaves[0]
    half = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\1" + _merkle(leaves[:half]) + _merkle(leaves[half:])).digest()


def note_partial(store: Store, made: set[AssetPath]) -> None:
    """Note in the manifest what was made of a delivery whose rest is out of date: without a root or a summary."""
    content = read_manifest(store)
    outputs = content.get("outputs", {})
    for product in (store.products[key] for key in made):
        outputs = {name: outputs[name] for name in outputs.keys() - noted(store, product, outputs)} | hashes(store, product)
    partial = {"delivery": store.delivery, "outputs": dict(sorted(outputs.items()))}
    write_json(store.settings.curated(store.delivery) / MANIFEST, partial)
    finish(store)
