"""Commands of those who run the pipeline: refresh, make forms, examine the installation."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from frs_pipeline.cli.root import REFRESH, AsJson, Delivery, app, as_hash, complain, installation
from frs_pipeline.cli.terminal import Progress, outcome, print_json, say, summary
from frs_pipeline.errors import FrsError, UsageError
from frs_pipeline.language import plural
from frs_pipeline.personal_numbers import masked
from frs_pipeline.store.deliveries import OWN_KEY, choose, deliveries
from frs_pipeline.store.settings import Settings
from frs_pipeline.store.standing import remains
from frs_pipeline.store.together import choose_any, togethers

if TYPE_CHECKING:
    from frs_pipeline.operations.refresh import Refresh

# The most faults that are printed for one part; the first is nearest to the cause.
SHOWN = 5


@app.command(rich_help_panel=REFRESH)
def run(
    parts: Annotated[
        list[str] | None,
        typer.Argument(metavar="[D]…", help="With --together: the deliveries, by date or by patterns such as '2020-*'."),
    ] = None,
    delivery: Delivery = None,
    select: Annotated[str | None, typer.Option(metavar="ASSETS", help="Only these, such as marts or marts/initiator.")] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Every delivery, the oldest first, and those together; also after one that fails.")
    ] = False,
    together: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Several deliveries counted as one, under this name; named once, it is kept."),
    ] = None,
    jobs: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="With --all: so many at a time, each by a process of its own.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Refresh a delivery: what is out of date is made again, the rest is left alone. Ends with 4 while another run does so."""
    settings = installation()
    if sum((every, delivery is not None, together is not None)) > 1:
        raise UsageError(
            "more than one answer to which deliveries", where="run", do="say one of --delivery, --all and --together"
        )
    if parts and together is None:
        raise UsageError(
            "a delivery without --delivery", where=parts[0], do="say --delivery, or --together with a name for several"
        )
    if together is not None:
        from frs_pipeline.operations.together import define

        define(settings, together, parts or [])
        delivery = together
    if jobs is not None and not every:
        raise UsageError("one delivery is one job", where="--jobs", do="say --all as well, or leave it out")
    if every:
        _run_all(settings, select, jobs or 1, as_json)
        return
    started = time.perf_counter()
    from frs_pipeline.operations.refresh import refresh

    # Dagster builds a great many objects that live until this process ends, soon: to look through them for garbage
    # again and again, and once more at the end, takes more than a fourth of a refresh.
    gc.disable()
    with Progress("Refreshing", as_json=as_json) as progress:
        result = refresh(settings, delivery, select, progress.at)
    gc.freeze()
    if as_json:
        print_json(_described(result))
        return
    say(outcome(result.delivery, result.made, result.summary, time.perf_counter() - started, vouched=result.vouched))
    summary(result.delivery, result.summary, settings)


def _described(result: Refresh) -> dict[str, Any]:
    return {"delivery": result.delivery, "made": list(result.made), "summary": result.summary}


def _run_all(settings: Settings, select: str | None, jobs: int, as_json: bool) -> None:
    """Refresh every delivery, the oldest first, since later ones are compared with it; print one line for each.

    Ends with the highest of their exit codes.
    """
    choose(settings.raw, None)  # there is one at least
    results: list[dict[str, Any]] = []
    code = 0
    for name, done, seconds in _refreshed(settings, select, jobs, as_json):
        if isinstance(done, FrsError):
            code = max(code, done.exit_code)
            results.append({"delivery": name, "made": [], "summary": {}, "error": masked(str(done))})
            complain(done)
            line = f"Delivery {name} failed."
        else:
            results.append({**_described(done), "error": None})
            line = outcome(name, done.made, done.summary, seconds, vouched=done.vouched)
        if not as_json:
            say(line)
    if as_json:
        print_json(results)
    else:
        for name, since in _put_away(settings).items():
            say(f"Delivery {name} is {since}.")
    for name, why in remains(settings).items():
        complain(f"{name}: {why}")
    gc.freeze()
    if code:
        raise typer.Exit(code)


def _put_away(settings: Settings) -> dict[str, str]:
    """Say since when results of deliveries are put away: they are made again by whoever names one."""
    from frs_pipeline.store.files import Store
    from frs_pipeline.store.manifest import put_away

    stores = [Store(settings, name) for name in deliveries(settings.raw)]
    return {store.delivery: f"{since}: {store.refreshed_by} makes it again" for store in stores if (since := put_away(store))}


def _refreshed(
    settings: Settings, select: str | None, jobs: int, as_json: bool
) -> Iterator[tuple[str, Refresh | FrsError, float]]:
    """Refresh every delivery; yield each with what came of it and how many seconds it took, in order."""
    put_away = _put_away(settings)
    names = [name for name in (*deliveries(settings.raw), *togethers(settings)) if name not in put_away]
    if jobs > 1 and len(names) > 1:
        from frs_pipeline.operations.jobs import refresh_beside

        with Progress("Refreshing", as_json=as_json) as progress:
            progress.at(names[0], 0, len(names))
            for refreshed in refresh_beside(settings, names, select, jobs):
                progress.step(len(names), refreshed[0])
                yield refreshed
        return
    from frs_pipeline.operations.refresh import attempt

    gc.disable()  # as above; between two deliveries there is time for it
    for name in names:
        started = time.perf_counter()
        with Progress(f"Refreshing {name}", as_json=as_json) as progress:
            done = attempt(settings, name, select, progress.at)
        yield name, done, time.perf_counter() - started
        gc.collect()


@app.command(rich_help_panel=REFRESH)
def verify(
    delivery: Delivery = None,
    outputs_only: Annotated[bool, typer.Option("--outputs-only", help="Only compare the files with the manifest.")] = False,
    root: Annotated[str | None, typer.Option(metavar="HASH", help="The manifest's root as it was noted outside.")] = None,
    as_json: AsJson = False,
) -> None:
    """Rebuild a delivery in a clean place and compare every hash; ends with 1 when anything differs."""
    from frs_pipeline.operations.verify import verify as examine
    from frs_pipeline.store.files import Store, read_manifest

    settings = installation()
    store = Store(settings, choose_any(settings, delivery))
    root = None if root is None else as_hash(root, "--root", "frs verify prints it")
    gc.disable()
    with Progress("Rebuilding", as_json=as_json) as progress:
        verdicts = examine(store, root, outputs_only=outputs_only, told=progress.at)
    gc.freeze()
    if as_json:
        print_json([{"part": v.part, "faults": list(v.faults)} for v in verdicts])
    else:
        for verdict in verdicts:
            for line in verdict.faults[:SHOWN] or [verdict.sound]:
                say(f"{verdict.part}: {line}", sound=not verdict.faults)
            if len(verdict.faults) > SHOWN:
                say(f"     and {len(verdict.faults) - SHOWN} more (--json lists all)")
        say(f"Delivery {store.delivery}, root {read_manifest(store)['root']}")
    if any(verdict.faults for verdict in verdicts):
        raise typer.Exit(1)


@app.command(rich_help_panel=REFRESH)
def reconstruct(
    folder: Annotated[
        Path | None, typer.Option("--to", metavar="FOLDER", help="Where to write; default: the shipped delivery.")
    ] = None,
    copies: Annotated[
        int | None, typer.Option("--scale", metavar="N", help="Other forms, N times as many; needs --to (takes seconds).")
    ] = None,
) -> None:
    """Make the shipped raw exports again from the printed tables (takes minutes)."""
    from frs_pipeline.printed.contradictions import kept
    from frs_pipeline.reconstruction.delivery import reconstruct as make
    from frs_pipeline.reconstruction.papers import made_delivery, packed
    from frs_pipeline.reconstruction.residuals import residuals
    from frs_pipeline.reconstruction.scaled.scaling import scale

    settings = installation()
    shipped = settings.raw_delivery(made_delivery(settings.study))
    target = folder or shipped
    if not shipped.is_dir():
        shipped = packed(settings.study)  # FRS_DATA_DIR is elsewhere
    if copies is not None:
        if folder is None:
            raise UsageError("a scaled delivery needs a folder of its own", where="--scale", do="say --to FOLDER")
        with Progress("Making forms") as progress:
            forms = scale(settings.study, folder, copies, shipped, lambda name: progress.step(5, name))
        say(f"{plural(forms, 'form')} in {folder}: every count of the shipped delivery times {copies}.")
        say(f"Its codebook has a key of its own: set FRS_KEY_FILE to {folder / OWN_KEY}.")
        return
    with Progress("Making forms") as progress:
        populations = make(settings.study, target, lambda name: progress.step(4, name))
    left = [line for population in populations for line in residuals(settings.study, population)]
    for finding in kept(settings.study):
        say(finding.reason.english)
    for line in left:
        say(line)
    forms = sum(len(p.occasions) for p in populations)
    say(f"{plural(forms, 'form')} in {target}; {plural(len(left), 'figure')} of correlations not reached.")


@app.command(rich_help_panel=REFRESH)
def doctor(as_json: AsJson = False) -> None:
    """Check whether this installation is sound; ends with 1 when something isn't."""
    from frs_pipeline.operations.doctor import examine

    diagnoses = examine(installation())
    # People send this to others for help, and it names folders and keys as somebody called them.
    if as_json:
        print_json([{"what": masked(f.what), "sound": f.sound, "detail": masked(f.detail)} for f in diagnoses])
    else:
        for finding in diagnoses:
            say(masked(f"{finding.what}: {finding.detail}"), sound=finding.sound)
    if not all(f.sound for f in diagnoses):
        raise typer.Exit(1)
