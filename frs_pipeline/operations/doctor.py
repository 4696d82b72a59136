"""Examine whether this installation is sound. Each finding says what was examined and what was found, never a form's value."""

from __future__ import annotations

import os
import re
import stat
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from frs_pipeline.errors import FrsError
from frs_pipeline.language import plural
from frs_pipeline.operations.history import homes, refuse_password
from frs_pipeline.operations.outbox import given_up, unsent
from frs_pipeline.store import away
from frs_pipeline.store.code import program_version
from frs_pipeline.store.deliveries import deliveries, inventory, unnamed
from frs_pipeline.store.files import Store, as_noted, listed, read_manifest
from frs_pipeline.store.journal import head_of, verify
from frs_pipeline.store.lock import is_locked, unfinished
from frs_pipeline.store.manifest import added, made_by_another, put_away, root_of
from frs_pipeline.store.plan import SEARCHED_BY
from frs_pipeline.store.settings import PROJECT, Settings
from frs_pipeline.store.standing import beyond, remains, standing
from frs_pipeline.store.together import togethers
from frs_pipeline.study import Study
from frs_pipeline.study.about import about, has_codebook
from frs_pipeline.study.instruments import instruments

if TYPE_CHECKING:
    from frs_pipeline.intake.withdrawals import Withdrawal
    from frs_pipeline.privacy.search import Searched

_SHOWN = 5  # the most files that one finding names
_PINNED = re.compile(r"^([A-Za-z0-9_.-]+)(?:\[[^\]]*\])?==([^\s\\;]+)", re.MULTILINE)


@dataclass(frozen=True)
class Diagnosis:
    """One thing that was examined."""

    what: str
    sound: bool
    detail: str


def examine(settings: Settings) -> list[Diagnosis]:
    """Examine everything, the installation first, then each delivery."""
    diagnoses = [
        Diagnosis("Program", True, f"version {program_version()}"),
        _python(),
        _libraries(),
        *_study(settings.study),
        _pandera(),
        _counting(settings),
        _folder(settings),
        *_key(settings),
        *_fetching(settings),
    ]
    diagnoses += [_alerts(settings), _history()]
    diagnoses += _journals(settings)
    delivered, made = deliveries(settings.raw), deliveries(settings.curated(""))
    for name in delivered:
        diagnoses += _delivery(settings, name)
    stores = [Store(settings, name) for name in sorted({*delivered, *made})]
    diagnoses += [Diagnosis(f"Delivery {name}", False, why) for name, why in remains(settings).items()]
    for name in togethers(settings):
        diagnoses += _together(settings, name)
    diagnoses += [_results(store) for store in stores if store.delivery in made]
    for history in homes():
        diagnoses.append(_traces(settings.study, history, stores))
    return diagnoses + _withdrawn(settings)


def _python() -> Diagnosis:
    return Diagnosis("Python", sys.version_info >= (3, 11), ".".join(map(str, sys.version_info[:3])))


def _libraries() -> Diagnosis:
    """Compare installed versions with the lock; without a project folder there is none to compare with."""
    lock = PROJECT / "requirements.lock"
    if not lock.exists():
        return Diagnosis("Libraries", True, "no requirements.lock here to compare with")
    wrong, needed = [], _in_service()
    for name, pinned in _PINNED.findall(lock.read_text(encoding="utf-8")):
        try:
            if version(name) != pinned:
                wrong.append(f"{name} {version(name)} instead of {pinned}")
        except PackageNotFoundError:
            # What the project is tested by may lack where it only runs.
            if needed is None or name in needed:
                wrong.append(f"{name} is missing")
    return Diagnosis("Libraries", not wrong, "; ".join(wrong) or "as locked")


def _in_service() -> set[str] | None:
    """Name what an installation that only runs consists of; None where no lock says so."""
    lock = PROJECT / "requirements-serve.lock"
    return {name for name, _ in _PINNED.findall(lock.read_text(encoding="utf-8"))} if lock.exists() else None


def _study(study: Study) -> Iterator[Diagnosis]:
    """Report which study it is, and what its files say, part by part."""
    from frs_pipeline.operations.study_files import examine as parts_of

    yield Diagnosis("Study folder", True, str(study.folder))
    for part, sound, detail, errors in parts_of(study):
        yield Diagnosis(part.name, sound, "; ".join(map(str, errors)) or detail)


def _pandera() -> Diagnosis:
    on = os.environ.get("PANDERA_VALIDATION_ENABLED", "True").lower() not in ("false", "0")
    return Diagnosis("Validation", on, "on" if on else "switched off by PANDERA_VALIDATION_ENABLED: unset it")


def _counting(settings: Settings) -> Diagnosis:
    """Report which engine counts, and whether it answers."""
    from frs_pipeline.tables.engine import ready

    try:
        return Diagnosis("Counting", True, f"{ready(settings.engine)} answers")
    except FrsError as error:
        return Diagnosis("Counting", False, str(error))


def _folder(settings: Settings) -> Diagnosis:
    """Check that results can be written; a new study has no data folder before its first delivery.

    Where both zones of results are there, the folder around them may be closed: an installation mounts zone by zone.
    """
    there = next(place for place in (settings.data, *settings.data.parents) if place.exists())
    zones = [settings.data / zone for zone in ("restricted", "curated")]
    places = zones if all(zone.is_dir() for zone in zones) else [there]
    usable = all(place.is_dir() and os.access(place, os.W_OK | os.X_OK) for place in places)
    others = unnamed(settings.raw)
    detail = f"{settings.data}" + ("" if usable else " can't be written to") + (f"; {others}" if others else "")
    return Diagnosis("Data folder", usable, detail)


def _key(settings: Settings) -> Iterator[Diagnosis]:
    """Check that only its owner can read the pipeline's key; a missing one is reported where a codebook is opened."""
    if settings.key and settings.key.exists():
        closed = not _open_to_others(settings.key)
        yield Diagnosis("Pipeline's key", closed, "mode 0600" if closed else f"{settings.key} is open to others: chmod 600")


def _fetching(settings: Settings) -> Iterator[Diagnosis]:
    """Check, for a study that fetches its surveys, the login that is named here, and that what came is nobody else's to read."""
    from frs_pipeline.collection.fetching import exports
    from frs_pipeline.collection.login import LOGIN_FILE, USER, read_login

    fetch = about(settings.study).fetch
    if fetch is None:
        return
    try:
        # An installation may only count what another one fetches.
        named = os.environ.get(LOGIN_FILE) or os.environ.get(USER)
        if named:
            read_login()
        there = sum(bool(exports(settings, name)) for name in fetch.surveys)
    except FrsError as error:
        yield Diagnosis("Fetching", False, str(error))
        return
    closed = not settings.fetched.exists() or not _open_to_others(settings.fetched)
    kept = f"{there} of {plural(len(fetch.surveys), 'survey')} fetched; {'a' if named else 'no'} login is named here"
    yield Diagnosis("Fetching", closed, kept if closed else f"{settings.fetched} can be entered by others: chmod 700")


def _alerts(settings: Settings) -> Diagnosis:
    """Report incidents that a webhook should have received."""
    waiting, lost = unsent(settings), given_up(settings)
    problems = [f"{plural(len(waiting), 'alert')} couldn't be sent yet: is FRS_WEBHOOK_URL right?"] if waiting else []
    problems += [f"{path.relative_to(settings.data)} was never sent: read the page beside it, then remove it" for path in lost]
    return Diagnosis("Alerts", not problems, "; ".join(problems) or "none waits to be sent")


def _journals(settings: Settings) -> list[Diagnosis]:
    from frs_pipeline.codebook.unjournalled import unjournalled
    from frs_pipeline.release import earlier

    def released() -> list[str]:
        altered = (line for name in deliveries(settings.curated("")) for line in earlier.altered(settings, name))
        return earlier.unjournalled(settings) or list(altered)

    return [
        _journal("Access journal", settings.access_journal, lambda: unjournalled(settings)),
        _journal("Release journal", settings.release_journal, released),
    ]


def _journal(what: str, path: Path, unjournalled: Callable[[], list[str]]) -> Diagnosis:
    """Check a journal by itself, and by what is here that it must have entries for."""
    try:
        wrong = verify(path) or unjournalled()
    except FrsError as error:
        return Diagnosis(what, False, str(error))
    number = head_of(path).entries
    detail = f"{path}: {wrong[0]}" if wrong else f"{plural(number, 'entry', 'entries')}, sound" if number else "nothing in it yet"
    return Diagnosis(what, not wrong, detail)


def _delivery(settings: Settings, name: str) -> Iterator[Diagnosis]:
    from frs_pipeline.codebook.opening import open_codebook
    from frs_pipeline.intake.unread import refuse_unread

    label = f"Delivery {name}"
    raw = settings.raw_delivery(name)
    try:
        refuse_unread(settings.study, raw)
        Store(settings, name).predecessor()  # what it says about itself has to be right
        yield Diagnosis(label, True, plural(len(inventory(settings.study, raw)), "file"))
        if has_codebook(settings.study):
            book = open_codebook(Store(settings, name))
            yield Diagnosis(f"{label} codebook", True, f"opens, {plural(book.num_rows, 'conference')}")
    except FrsError as error:
        yield Diagnosis(label, False, str(error))
        return
    yield _produced(Store(settings, name), label)
    folder = settings.restricted(name)
    if folder.exists():
        closed = not any(_open_to_others(place) for place in (folder, *(p for p in folder.rglob("*") if p.is_dir())))
        yield Diagnosis(
            f"{label} restricted zone", closed, "mode 0700" if closed else f"{folder} can be entered by others: chmod 700"
        )


def _together(settings: Settings, name: str) -> Iterator[Diagnosis]:
    """Report several deliveries that are counted as one: which they are, and what was made of them."""
    store, label = Store(settings, name), f"Deliveries together {name}"
    try:
        parts = [part.delivery for part in store.parts()]
    except FrsError as error:
        yield Diagnosis(label, False, str(error))
        return
    missing = [part for part in parts if part not in deliveries(settings.raw)]
    detail = ", ".join(parts) + (f"; missing: {', '.join(missing)}" if missing else "")
    yield Diagnosis(label, not missing, detail)
    if not missing:
        yield _produced(store, label)
        yield _results(store)


def _withdrawn(settings: Settings) -> list[Diagnosis]:
    """Check whether anything counts in one delivery that was withdrawn from another, where anything was withdrawn at all."""
    from frs_pipeline.intake.delivery import withdrawals_of
    from frs_pipeline.lineage.impact import rows_of

    stores = [Store(settings, name) for name in deliveries(settings.raw)]
    try:
        of_each = {store.delivery: withdrawals_of(store) for store in stores}
    except FrsError as error:
        return [Diagnosis("Withdrawals", False, str(error))]
    entries = [entry for each in of_each.values() for entry in each]

    def counted(store: Store, gone: Iterable[Withdrawal]) -> int:
        forms, conferences = ({getattr(e, name) for e in gone} - {""} for name in ("form", "conference"))
        # Of results that were put away some may be left.
        marts = [name for name in instruments(settings.study) if store.file("marts", name).exists()]
        return sum(rows.num_rows for rows in rows_of(store, forms, conferences, marts).values())

    diagnoses = []
    for store in stores if entries else ():
        if any(store.file("marts", name).exists() for name in instruments(settings.study)):
            count = counted(store, entries)
            many = plural(count, "withdrawn form is", "withdrawn forms are")
            its_own = count and counted(store, of_each[store.delivery])
            do = store.refreshed_by if its_own else f"frs withdraw --delivery {store.delivery}"
            everywhere = "or withdraw with --erase from all deliveries"
            detail = f"{many} still counted: {do}, {everywhere}" if count else "nothing withdrawn is counted"
            diagnoses.append(Diagnosis(f"Delivery {store.delivery} withdrawals", not count, detail))
    return diagnoses


def _produced(store: Store, label: str) -> Diagnosis:
    """Report what there is of a delivery, and whether a failed run or something else made it differ from its manifest."""
    what, content = f"{label} results", read_manifest(store)
    if is_locked(store):
        return Diagnosis(what, True, "a run is making them at this moment")
    if since := away.said(store):
        return _away(store, what, since)
    if not content.get("outputs"):
        if unfinished(store):
            return Diagnosis(what, False, f"a run failed, none are made yet: {store.refreshed_by}")
        there = any(store.path(product).exists() for product in store.products.values())
        return Diagnosis(
            what, not there, f"{'files that no manifest vouches for' if there else 'not made yet'}: {store.refreshed_by}"
        )
    state = standing(store)
    problems = [f"a run failed; {state.last_good(store.delivery)} ({store.refreshed_by})"] if state.failed else []
    if altered := [*state.altered, *beyond(store, {} if state.failed else content["outputs"])]:
        more = f" and {len(altered) - _SHOWN} more" if len(altered) > _SHOWN else ""
        problems.append(f"altered: {', '.join(altered[:_SHOWN])}{more}")
    if not problems and "root" not in content:
        problems.append(f"a part of a whole that no manifest vouches for: {store.refreshed_by}")
    elif "root" in content and root_of(content) != content["root"]:
        problems.append(f"manifest.json was altered: {store.refreshed_by} writes it again")
    # A run that failed may have made files that no manifest lists yet.
    beside = added(store, content) if "root" in content and not state.failed else []
    if beside:
        problems.append(f"in no manifest: {', '.join(beside)} (no run deletes these: find out what made them, then delete them)")
    return Diagnosis(what, not problems, "; ".join(problems) or _sound(store, content))


def _away(store: Store, what: str, since: str) -> Diagnosis:
    """Report results that are put away: what the search for leaks needs of them has to be there."""
    noted = read_manifest(store).get("outputs", {})
    needed = (store.products[key] for key in SEARCHED_BY)
    lost = [listed(store, store.path(product)) for product in needed if not as_noted(store, product, noted)]
    if lost:
        return Diagnosis(what, False, f"{since}, and altered or gone: {', '.join(lost)}: {store.refreshed_by} makes them again")
    if not put_away(store):
        changed = "what they are made from has changed since, or can't be read"
        return Diagnosis(what, False, f"{since}, and {changed}: {store.refreshed_by}")
    return Diagnosis(what, True, f"{since}: {store.refreshed_by} makes them again")


def _sound(store: Store, content: dict[str, Any]) -> str:
    """Say that results are as they were made, and by which version unless by this one."""
    other = made_by_another(content)
    again = f": made by {other}, unaltered; {store.refreshed_by} makes them with {program_version()}" if other else ""
    return f"as the manifest says{again}"


def _history() -> Diagnosis:
    """Say where what Dagster shows of `frs run` is kept. No result depends on it: files say whether they are up to date."""
    try:
        refuse_password()
    except FrsError as error:
        return Diagnosis("History", False, str(error))
    named = os.environ.get("DAGSTER_HOME")
    if named:
        return Diagnosis("History", True, f"frs run is recorded in {named}; what it finds up to date isn't recorded again")
    unseen = "Dagster's UI shows what it makes as never materialised, up to date or not (make ui)"
    return Diagnosis("History", True, f"frs run isn't recorded, since DAGSTER_HOME isn't set: {unseen}")


def _results(store: Store) -> Diagnosis:
    from frs_pipeline.privacy.search import search_results

    return _searched(f"Delivery {store.delivery} leaks", search_results(store), store.settings.data)


def _traces(study: Study, home: Path, stores: list[Store]) -> Diagnosis:
    from dagster import DagsterInstance

    from frs_pipeline.operations.history import kept, tries_unsaid, unreached
    from frs_pipeline.privacy.search import search_traces

    what = f"Dagster's history in {home}"
    try:
        with tries_unsaid(), DagsterInstance.from_config(str(home)) as instance:
            return _searched(what, search_traces(study, home, stores, history=kept(instance)), home)
    except Exception as error:  # a storage raises what it comes across
        why = unreached(error) or f"its instance doesn't open ({type(error).__name__})"
        return Diagnosis(what, False, f"can't be searched: {why}")


def _searched(what: str, searched: Searched, within: Path) -> Diagnosis:
    leaks = [f"{leak.file.relative_to(within)}: {leak.kind}" for leak in searched.leaks]
    looked_at = plural(searched.files, "file") + (f" and {plural(searched.runs, 'run')}" if searched.runs else "")
    return Diagnosis(what, not leaks, "; ".join(leaks) or f"nothing found in {looked_at}")


def _open_to_others(path: Path) -> bool:
    return bool(stat.S_IMODE(path.stat().st_mode) & 0o077)
