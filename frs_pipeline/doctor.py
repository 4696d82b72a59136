"""Is this installation sound? Each finding says what was looked at and what was found, never a form's value."""

from __future__ import annotations

import os
import re
import stat
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from frs_pipeline.deliveries import deliveries, inventory
from frs_pipeline.english import plural
from frs_pipeline.errors import FrsError
from frs_pipeline.journal import head_of, verify
from frs_pipeline.plan import products
from frs_pipeline.settings import PROJECT, Settings
from frs_pipeline.storage import Store, as_noted, listed, read_manifest

if TYPE_CHECKING:
    from frs_pipeline.privacy.search import Searched

_PINNED = re.compile(r"^([A-Za-z0-9_.-]+)(?:\[[^\]]*\])?==([^\s\\;]+)", re.MULTILINE)


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    what: str
    sound: bool
    detail: str


def examine(settings: Settings) -> list[Finding]:
    """Everything, installation first, then each delivery."""
    found = [_python(), _libraries(), _catalogue(), _rules(), _release(), _pandera(), _folder(settings), *_key(settings)]
    found += [_journal("Access journal", settings.access_journal), _journal("Release journal", settings.release_journal)]
    delivered, made = deliveries(settings.raw), deliveries(settings.curated(""))
    for name in delivered:
        found += _delivery(settings, name)
    stores = [Store(settings, name) for name in sorted({*delivered, *made})]
    found += [_results(store) for store in stores if store.delivery in made]
    for home in _homes():
        found.append(_traces(home, stores))
    return found + _withdrawn(settings)


def _python() -> Finding:
    return Finding("Python", sys.version_info >= (3, 11), ".".join(map(str, sys.version_info[:3])))


def _libraries() -> Finding:
    """Installed versions against the lock; without a project folder there is no lock to hold them against."""
    lock = PROJECT / "requirements.lock"
    if not lock.exists():
        return Finding("Libraries", True, "no requirements.lock here to compare with")
    wrong = []
    for name, pinned in _PINNED.findall(lock.read_text(encoding="utf-8")):
        try:
            if version(name) != pinned:
                wrong.append(f"{name} {version(name)} instead of {pinned}")
        except PackageNotFoundError:
            wrong.append(f"{name} is missing")
    return Finding("Libraries", not wrong, "; ".join(wrong) or "as locked")


def _catalogue() -> Finding:
    from frs_pipeline.published.figures import published
    from frs_pipeline.tables.model import catalogue

    try:
        return Finding("Catalogue", True, f"{plural(len(catalogue()), 'table')}, {plural(len(published()), 'printed figure')}")
    except FrsError as error:
        return Finding("Catalogue", False, str(error))


def _rules() -> Finding:
    from frs_pipeline.policy.model import KINDS, policy

    try:
        return Finding("Rules", True, f"{len(KINDS)} built in, {len(policy().rules) - len(KINDS)} of your own")
    except FrsError as error:
        return Finding("Rules", False, str(error))


def _release() -> Finding:
    from frs_pipeline.release.policy import release_policy

    try:
        return Finding("Release policy", True, f"counts from {release_policy().threshold} on may be seen")
    except FrsError as error:
        return Finding("Release policy", False, str(error))


def _pandera() -> Finding:
    on = os.environ.get("PANDERA_VALIDATION_ENABLED", "True").lower() not in ("false", "0")
    return Finding("Validation", on, "on" if on else "switched off by PANDERA_VALIDATION_ENABLED: unset it")


def _folder(settings: Settings) -> Finding:
    usable = os.access(settings.data, os.W_OK | os.X_OK)
    return Finding("Data folder", usable, f"{settings.data}" + ("" if usable else " can't be written to"))


def _key(settings: Settings) -> Iterator[Finding]:
    """The pipeline's key is for its owner only; one that isn't there is told where a codebook is opened."""
    if settings.key and settings.key.exists():
        closed = not _open_to_others(settings.key)
        yield Finding("Pipeline's key", closed, "mode 0600" if closed else f"{settings.key} is open to others: chmod 600")


def _journal(what: str, path: Path) -> Finding:
    try:
        wrong = verify(path)
    except FrsError as error:
        return Finding(what, False, str(error))
    number = head_of(path).entries
    detail = f"{path}: {wrong[0]}" if wrong else f"{plural(number, 'entry', 'entries')}, sound" if number else "nothing in it yet"
    return Finding(what, not wrong, detail)


def _delivery(settings: Settings, name: str) -> Iterator[Finding]:
    from frs_pipeline.codebook.opening import open_codebook

    label = f"Delivery {name}"
    raw = settings.raw_delivery(name)
    try:
        yield Finding(label, True, plural(len(inventory(raw)), "file"))
        book = open_codebook(Store(settings, name))
        yield Finding(f"{label} codebook", True, f"opens, {plural(book.num_rows, 'conference')}")
    except FrsError as error:
        yield Finding(label, False, str(error))
        return
    yield _produced(Store(settings, name), label)
    folder = settings.restricted(name)
    if folder.exists():
        closed = not any(_open_to_others(place) for place in (folder, *(p for p in folder.rglob("*") if p.is_dir())))
        yield Finding(
            f"{label} restricted zone", closed, "mode 0700" if closed else f"{folder} can be entered by others: chmod 700"
        )


def _withdrawn(settings: Settings) -> list[Finding]:
    """Does anything count in one delivery that was withdrawn from another? Asked where anything was withdrawn at all."""
    from frs_pipeline.intake import withdrawals_of
    from frs_pipeline.lineage.impact import rows_of

    stores = [Store(settings, name) for name in deliveries(settings.raw)]
    try:
        entries = [entry for store in stores for entry in withdrawals_of(store)]
    except FrsError as error:
        return [Finding("Withdrawals", False, str(error))]
    forms, conferences = {e.form for e in entries if e.form}, {e.conference for e in entries if e.conference}
    found = []
    for store in stores if entries else ():
        marts = [store.path(product) for key, product in products().items() if key[0] == "marts"]
        if all(path.exists() for path in marts):
            count = sum(rows.num_rows for rows in rows_of(store, forms, conferences).values())
            many = plural(count, "withdrawn form is", "withdrawn forms are")
            told = (
                f"{many} still counted: frs run, or withdraw with --erase from all deliveries"
                if count
                else "nothing withdrawn is counted"
            )
            found.append(Finding(f"Delivery {store.delivery} withdrawals", not count, told))
    return found


def _produced(store: Store, label: str) -> Finding:
    manifest = read_manifest(store).get("outputs", {})
    if not manifest:
        return Finding(f"{label} results", True, "not made yet: frs run")
    noted = [p for p in products().values() if listed(store, store.path(p)) in manifest]
    altered = [p.name for p in noted if not as_noted(store, p, manifest)]
    return Finding(f"{label} results", not altered, "as the manifest says" if not altered else f"altered: {', '.join(altered)}")


def _homes() -> list[Path]:
    """Where Dagster keeps its history: that of DAGSTER_HOME, and that of `make ui`."""
    told = os.environ.get("DAGSTER_HOME")
    return sorted({place for place in (Path(told) if told else None, PROJECT / ".dagster_home") if place and place.is_dir()})


def _results(store: Store) -> Finding:
    from frs_pipeline.privacy.search import search_results

    return _searched(f"Delivery {store.delivery} leaks", search_results(store), store.settings.data)


def _traces(home: Path, stores: list[Store]) -> Finding:
    from frs_pipeline.privacy.search import search_traces

    return _searched(f"Dagster's history in {home}", search_traces(home, stores), home)


def _searched(what: str, searched: Searched, within: Path) -> Finding:
    found = [f"{leak.file.relative_to(within)}: {leak.kind}" for leak in searched.leaks]
    return Finding(what, not found, "; ".join(found) or f"nothing found in {plural(searched.files, 'file')}")


def _open_to_others(path: Path) -> bool:
    return bool(stat.S_IMODE(path.stat().st_mode) & 0o077)
