"""Refresh a delivery: Dagster makes what is out of date again, and the rest is left alone."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from frs_pipeline import logs
from frs_pipeline.codebook.newest import require_newest
from frs_pipeline.errors import CheckFailed, FrsError, InputError, UsageError
from frs_pipeline.intake.received import refuse_altered
from frs_pipeline.intake.unread import refuse_unread
from frs_pipeline.operations.event_file import Hear, event_file, telling
from frs_pipeline.operations.history import in_database, refuse_password, tries_unsaid, unreached
from frs_pipeline.personal_numbers import refuse_in_names
from frs_pipeline.report.ahead import TURN, Ahead, ahead
from frs_pipeline.store import away
from frs_pipeline.store.deliveries import deliveries, inventory
from frs_pipeline.store.files import Store, read_manifest
from frs_pipeline.store.lock import begin, exclusive
from frs_pipeline.store.manifest import due, note_partial, to_bring_back
from frs_pipeline.store.plan import AssetPath, Product, compared, products, upstream, whole_steps
from frs_pipeline.store.settings import Settings
from frs_pipeline.store.together import choose_any
from frs_pipeline.study import Study
from frs_pipeline.study.about import about, has_codebook
from frs_pipeline.study.rules import policy

if TYPE_CHECKING:
    from dagster import DagsterInstance

MARK = "frs/run"
# Is told what is being made, how many files are made, and of how many.
Told = Callable[[str, int, int], None]


def nobody(_name: str, _made: int, _of: int) -> None:
    """Be told, and do nothing about it."""


@dataclass(frozen=True)
class Refresh:
    """What a refresh did: the files it made (by name), and what the delivery now holds (empty if incomplete).

    `vouched` says whether it wrote a manifest, which may be all that was due.
    """

    delivery: str
    made: tuple[str, ...]
    summary: dict[str, int]
    vouched: bool = False


def refresh(
    settings: Settings,
    delivery: str | None = None,
    select: str | None = None,
    told: Told = nobody,
    *,
    recorded: bool = True,
    turn: Callable[[], None] | None = None,
) -> Refresh:
    """Bring a delivery (default: the newest) up to date; `select` limits it to these assets and what they need.

    `told` is called when work on a file begins and when it is made. Unless `recorded`, the run doesn't enter the history that
    DAGSTER_HOME keeps, nor the events of FRS_LINEAGE. `turn` is called before anything is compared with an earlier delivery,
    and waits until those are as they will be. Raises `FrsError`.
    """
    name, events = choose_any(settings, delivery), event_file(settings) if recorded else None
    store = Store(settings, name)
    require_usable(store)
    if select and (since := away.said(store)):
        raise InputError(f"its results are {since}: they are made again all at once", where=name, do=store.refreshed_by)
    chosen = upstream(settings.study, _selected(settings.study, select)) if select else set(products(settings.study))
    if not turn and chosen & compared(settings.study):
        _bring_back(store, told, recorded=recorded)
    with exclusive(store):
        wanted = due(store)
        late = compared(settings.study) if turn else set()
        if turn and not chosen & wanted.products - late:
            turn()
            wanted, late, turn = due(store), set(), None
        # Whether what is compared will be out of date when its turn comes can't be known yet: it is made.
        outdated = whole_steps(settings.study, chosen & (wanted.products | late))
        complete = wanted.products <= outdated
        if not outdated and not (complete and wanted.manifest):
            return Refresh(name, (), read_manifest(store).get("summary", {}) if complete else {})
        policy(settings.study)  # an impossible rule is reported before anything heavy is loaded
        from frs_pipeline.tables.engine import ready

        ready(settings.engine)  # and so is an engine that doesn't answer
        begin(store)
        home = _home() if recorded else None
        # Before Dagster is imported: it gets ready meanwhile.
        with ahead(store, outdated, turn=turn is not None) as promises:
            done = 0

            def tell(name: str) -> None:
                # Whoever looked on may have gone away; the run goes on.
                with suppress(OSError):
                    told(name, done, len(outdated))

            def made(product: Product) -> None:
                nonlocal done
                done += 1
                promises.note(product.key)
                tell(product.name)

            def compare() -> None:
                if turn:
                    turn()
                    promises.note(TURN)

            with telling(settings, events) as hear:
                _materialize(settings, name, outdated, complete, tell, made, promises, compare, home, hear)
        if not complete:
            note_partial(store, outdated)
    names = tuple(product.name for key, product in store.products.items() if key in outdated)
    return Refresh(name, names, read_manifest(store)["summary"] if complete else {}, vouched=complete)


def require_usable(store: Store) -> None:
    """Raise `FrsError`, before anything heavy is loaded, for what can't be taken up.

    That is a delivery that lacks a file or has one that nobody reads; and several together of which one is gone or out of date.
    Checked even where nothing is out of date: results don't show that their pair of codebooks was locked again.
    """
    for part in store.parts():
        if part.delivery not in deliveries(store.settings.raw):
            what = f"delivery {part.delivery} isn't there any more"
            raise InputError(what, where=store.delivery, do=f"bring it back, or name others: {store.refreshed_by} D D")
        if since := away.said(part):
            raise CheckFailed(f"delivery {part.delivery} is {since}", where=store.delivery, do=f"{part.refreshed_by} first")
        if due(part):
            do = f"{part.refreshed_by} first, or frs run --all"
            raise CheckFailed(f"delivery {part.delivery} is out of date", where=store.delivery, do=do)
    for each in store.each():
        folder = each.raw("")
        refuse_in_names(folder, about(store.study).personal_id.found)
        refuse_unread(store.study, folder)
        refuse_altered(store.study, folder)
        inventory(store.study, folder)
        if has_codebook(store.study):
            require_newest(store.settings, folder)


def _bring_back(store: Store, told: Told, *, recorded: bool) -> None:
    """Make the delivery again that this one is compared with, where that is put away and isn't what would be made today."""
    if older := to_bring_back(store):
        refresh(store.settings, older.delivery, told=told, recorded=recorded)


def attempt(
    settings: Settings,
    delivery: str,
    select: str | None,
    told: Told = nobody,
    turn: Callable[[], None] | None = None,
) -> Refresh | FrsError:
    """Refresh one delivery of several: return what it did, or why it couldn't, so that the others go on.

    Raises `UsageError`, which would be the same for all of them. Of an error that isn't ours only its type is returned: it
    may quote cells.
    """
    try:
        return refresh(settings, delivery, select, told, turn=turn)
    except UsageError:
        raise
    except FrsError as error:
        return error
    except Exception as error:
        do = f"frs --debug run --delivery {delivery} shows where and may show values"
        return FrsError(f"unexpected {type(error).__name__}", where=delivery, do=do)


def _selected(study: Study, select: str) -> set[AssetPath]:
    """Select assets by name (`marts/initiator`) or by layer (`marts`), several with commas."""
    selected: set[AssetPath] = set()
    for name in select.split(","):
        parts = tuple(name.strip().split("/"))
        hits = {key for key in products(study) if key[: len(parts)] == parts}
        if not hits:
            layers = ", ".join(dict.fromkeys(key[0] for key in products(study)))
            raise UsageError("no such asset", where=name.strip(), do=f"name an asset or one of: {layers}")
        selected |= hits
    return selected


def _home() -> Path | None:
    """Return DAGSTER_HOME, where Dagster keeps its history; None where it isn't set. Raises `UsageError`."""
    home = os.environ.get("DAGSTER_HOME")
    if home:
        refuse_password()
    if home and not Path(home).is_absolute():
        raise UsageError("DAGSTER_HOME isn't an absolute path", where=home, do="give the whole path, or unset it")
    if home and not Path(home).is_dir():
        raise UsageError("DAGSTER_HOME isn't a folder", where=home, do="make it, or unset DAGSTER_HOME")
    # What a database keeps needs no folder that can be written to.
    needed = os.R_OK | os.X_OK | (0 if home and in_database(Path(home)) else os.W_OK)
    if home and not os.access(home, needed):
        raise InputError("DAGSTER_HOME is closed to this account", where=home, do="correct its rights, or unset DAGSTER_HOME")
    return Path(home) if home else None


def _materialize(
    settings: Settings,
    delivery: str,
    keys: set[AssetPath],
    complete: bool,
    begun: Callable[[str], None],
    written: Callable[[Product], None],
    promises: Ahead,
    turn: Callable[[], None],
    home: Path | None,
    hear: Hear,
) -> None:
    from dagster import AssetSelection, materialize

    from frs_pipeline.assets.graph import assets, chosen, resources
    from frs_pipeline.assets.wiring import DATA_TAG, data_tag, deliveries_of, study_tags
    from frs_pipeline.operations.unrecorded import unrecorded

    os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "yes")
    with tries_unsaid(), _with_history(home) if home else unrecorded() as instance:
        instance.add_dynamic_partitions(str(deliveries_of(settings.study).name), [delivery])
        # Other runs may be made meanwhile: this one is recognised by its mark.
        mark = {MARK: uuid4().hex}
        failures: list[BaseException] = []
        cause: BaseException | None = None
        try:
            materialize(
                assets(settings.study, delivery),
                selection=AssetSelection.assets(*chosen(Store(settings, delivery), keys, complete=complete)),
                instance=instance,
                partition_key=delivery,
                tags={DATA_TAG: data_tag(settings), **study_tags(settings.study), **mark},
                resources=resources(lambda: settings, begun, written, promises, turn=turn, alone=True, hear=hear),
                run_config={"loggers": {"console": {"config": {"log_level": logs.level()}}}},
            )
        except BaseException as error:  # stopped by hand, too
            cause = error
            failures.append(_plain(error))
        failures += _found_after(instance, home, Store(settings, delivery), mark, failed=bool(failures))
    if failures:
        together = _together(failures)
        raise together from (None if together is cause else cause)


def _with_history(home: Path) -> DagsterInstance:
    """Open the instance in `home`, overriding its dagster.yaml: nothing about a run is sent anywhere, nor its prints kept.

    Raises `InputError` for a dagster.yaml that Dagster doesn't accept, and for a database that doesn't answer.
    """
    from dagster import DagsterInstance

    # The name that Dagster's own reference for dagster.yaml gives.
    prints = {"module": "dagster._core.storage.noop_compute_log_manager", "class": "NoOpComputeLogManager"}
    try:
        # Whatever its name says: a folder that is given stays, and so does what lies in it.
        return DagsterInstance.local_temp(str(home), overrides={"telemetry": {"enabled": False}, "compute_logs": prints})
    except OSError:
        raise
    except Exception as error:
        if away := unreached(error):
            raise away from error
        do = "dagster instance info tells what is wrong; or unset DAGSTER_HOME"
        raise InputError("isn't a configuration that Dagster takes", where=home / "dagster.yaml", do=do) from error


def _found_after(
    instance: DagsterInstance, home: Path | None, store: Store, mark: dict[str, str], failed: bool
) -> Iterator[FrsError]:
    """Yield what the search finds once a run has ended: in what it wrote before it failed, and in what Dagster keeps of it."""
    from dagster import RunsFilter

    from frs_pipeline.operations.history import kept
    from frs_pipeline.privacy.search import require_clean, require_clean_traces

    try:
        if failed:
            require_clean(store)
    except FrsError as error:
        yield error
    try:
        if home:
            for run in instance.get_run_ids(RunsFilter(tags=mark)):
                require_clean_traces(store.study, home, [store], run, kept(instance, run))
    except FrsError as error:
        yield error
    except Exception as error:
        away = unreached(error)
        if away is None:
            raise
        yield away


def _together(failures: Sequence[BaseException]) -> BaseException:
    """Make one error that says in a line why a run failed and what was found after it."""
    lines = dict.fromkeys(str(error) or "the run was stopped" for error in failures)
    return failures[0] if len(lines) == 1 else CheckFailed("; and ".join(lines))


def _plain(error: BaseException) -> BaseException:
    """Return the error that a person can act on, out of what Dagster wrapped around it."""
    from dagster import Failure

    if not isinstance(error, Exception):
        return KeyboardInterrupt()  # Dagster has an error of its own for being stopped by hand
    inner: BaseException | None = error
    while inner is not None:
        if isinstance(inner, FrsError):
            return inner
        if isinstance(inner, Failure) and inner.__cause__ is None:
            return CheckFailed(inner.description or "a step failed")
        inner = inner.__cause__
    return unreached(error) or error
