"""What policy says isn't kept: results of old deliveries, which can be made again, and old runs in Dagster's history.

Nothing goes that a refresh can't make again: not what was delivered, decided, released or journalled, and no file that somebody
put among results. What the next delivery is compared with stays, so that no result of that changes.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from frs_pipeline.codebook.access import traced
from frs_pipeline.codebook.opening import open_codebook
from frs_pipeline.errors import CheckFailed, FrsError
from frs_pipeline.operations.history import homes
from frs_pipeline.operations.refresh import require_usable
from frs_pipeline.store import away
from frs_pipeline.store.deliveries import deliveries, sha256
from frs_pipeline.store.files import Store, listed, read_manifest, unwritable
from frs_pipeline.store.lock import exclusive, is_locked, unfinished
from frs_pipeline.store.manifest import due
from frs_pipeline.store.plan import SEARCHED_BY, table_key
from frs_pipeline.store.settings import Settings
from frs_pipeline.store.together import parts_of, togethers
from frs_pipeline.study.about import has_codebook
from frs_pipeline.study.operating import Retention, operating
from frs_pipeline.study.tables import catalogue

EVENT = "retention"


@dataclass(frozen=True)
class Old:
    """Results of an old delivery: files that go, their bytes, and how many stay.

    Some stay for those that are compared with them (`read_by`), some for the search for leaks. `why_not` says why they can't be
    made again as they are: then none goes.
    """

    store: Store
    files: tuple[Path, ...]
    size: int
    stay: int
    read_by: tuple[str, ...] = ()
    why_not: str = ""


@dataclass(frozen=True)
class OldRuns:
    """Runs in Dagster's history in a folder that are over and older than policy says: those that go, and how many stay.

    What stays made, of some file, the newest that the history knows, or was the last to check it.
    """

    home: Path
    runs: tuple[str, ...]
    stay: int


@dataclass(frozen=True)
class Plan:
    """What goes by which policy, the newest delivery first."""

    policy: Retention
    results: tuple[Old, ...]
    history: tuple[OldRuns, ...]

    @property
    def files(self) -> int:
        return sum(len(old.files) for old in self.results)

    @property
    def runs(self) -> int:
        return sum(len(old.runs) for old in self.history)


def plan(settings: Settings) -> Plan:
    """Say what would go now. Raises `FrsError` where that can't be said."""
    policy = operating(settings.study).retention
    results = _old_results(settings, policy.newest_results) if policy.newest_results else ()
    return Plan(policy, tuple(results), tuple(_old_runs(settings, policy.days_of_runs)) if policy.days_of_runs else ())


def apply(settings: Settings, why: str) -> Plan:
    """Delete what goes, once the journal says so; return that.

    The newest delivery first: one that is compared with another goes before that. Raises `Busy` where a run is at work,
    `CheckFailed` for results that aren't what they were a moment ago; what is left goes at the next call.
    """
    with traced(settings.access_journal, EVENT, why, {}) as trace:
        going = plan(settings)
        names = [old.store.delivery for old in going.results if old.files]
        if not (names or going.runs):
            return going
        details = {"days_of_runs": going.policy.days_of_runs, "newest_results": going.policy.newest_results}
        trace.note({**details, "put_away": names, "removed": going.files, "runs": going.runs})
        for old in going.results:
            if old.files:
                _put_away(old)
        for history in going.history:
            if history.runs:
                from frs_pipeline.operations.old_runs import delete

                delete(history.home, history.runs)
    return going


def _old_results(settings: Settings, newest: int) -> list[Old]:
    """List the deliveries that aren't among the newest nor counted with others, the newest first, with what goes of each.

    One that came in and has no result yet isn't counted: it may never have one.
    """
    names = deliveries(settings.raw)
    counted = {part for name in togethers(settings) for part in parts_of(settings, name)}
    stores = [Store(settings, name) for name in names]
    finished = [store.delivery for store in stores if store.root and not away.said(store)]
    oldest = min(finished[-newest:], default="")
    old = [store for store in stores if store.delivery < oldest and store.delivery not in counted]
    why_not = {store.delivery: reason for store in old if (reason := _why_not(store) or _at_work(store))}
    whole = [Store(settings, name) for name in names if name in why_not or Store(settings, name) not in old]
    read_by: dict[str, list[str]] = {}
    for store in whole:
        for name in _compared_with(store):
            read_by.setdefault(name, []).append(store.delivery)
    plans = []
    for store in reversed(old):
        reason, files, readers = why_not.get(store.delivery, ""), set(_files(store)), tuple(read_by.get(store.delivery, ()))
        needed = files & set(_needed(store, compared=bool(readers)))
        going = () if reason else _as_made(store, files - needed)
        if going or reason:
            plans.append(Old(store, going, sum(path.stat().st_size for path in going), len(needed), readers, reason))
    return plans


def _files(store: Store) -> Iterator[Path]:
    """Yield the files of results, as far as they are there: what a refresh makes, and nothing else."""
    for product in store.products.values():
        yield from (path for path in (store.path(product), *store.pages(product)) if path.is_file())


def _as_made(store: Store, files: set[Path]) -> tuple[Path, ...]:
    """Return the files that are those of the manifest: what somebody put in their place since isn't a result."""
    noted = read_manifest(store).get("outputs", {})
    return tuple(sorted(path for path in files if noted.get(listed(store, path)) == sha256(path)))


def _needed(store: Store, *, compared: bool) -> list[Path]:
    """List the files of a delivery that stay: what the search for leaks reads, and if `compared` also what comparisons do."""
    keys = {key for product in store.products.values() for key in product.previous} if compared else set()
    tables = {table_key(number) for number in catalogue(store.study)} if compared else set()
    return [store.file(*key) for key in keys | tables | {*SEARCHED_BY}]


def _compared_with(store: Store) -> set[str]:
    """Return the deliveries that this one was compared with, or would be now."""
    noted = read_manifest(store).get("predecessor") or {}
    names = {str(noted["delivery"])} if noted else set()
    with suppress(FrsError):
        older = store.predecessor()
        names |= {older.delivery} if older else set()
    return names


def _why_not(store: Store) -> str:
    """Say why results that are there can't be made again as they are; nothing when they can, or are put away already."""
    if not any(_files(store)):
        return ""
    if away.said(store):
        return f"a run that was to make them again failed ({store.refreshed_by})" if unfinished(store) else ""
    if store.root is None or unfinished(store):
        return f"they aren't those of a finished run ({store.refreshed_by})"
    try:
        require_usable(store)
        if due(store):
            return f"they aren't what would be made now ({store.refreshed_by})"
        if has_codebook(store.study):
            open_codebook(store)
    except FrsError as error:
        return str(error)
    return ""


def _at_work(store: Store) -> str:
    """Say so where a run makes results again that were put away."""
    return "a run is making them again at this moment" if away.said(store) and is_locked(store) else ""


def _put_away(old: Old) -> None:
    store = old.store
    with exclusive(store):
        if reason := _why_not(store):
            raise CheckFailed(f"its results stay: {reason}", where=store.delivery)
        if not away.said(store):
            away.note(store, dt.datetime.now(dt.UTC).date())
        try:
            for path in old.files:
                path.unlink(missing_ok=True)
            for zone in (store.settings.curated, store.settings.restricted):
                for folder in sorted(zone(store.delivery).rglob("*"), reverse=True):
                    if folder.is_dir() and not folder.is_symlink() and not any(folder.iterdir()):
                        folder.rmdir()
        except OSError as error:
            raise unwritable(error, store.settings.curated(store.delivery), "correct the rights, and say it again") from error


def _old_runs(settings: Settings, days: int) -> Iterator[OldRuns]:
    from frs_pipeline.operations.old_runs import old_runs

    until = dt.datetime.now(dt.UTC) - dt.timedelta(days=days)
    for home in homes():
        yield OldRuns(home, *old_runs(home, settings.study, until))
