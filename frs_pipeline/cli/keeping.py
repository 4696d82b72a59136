"""Commands that keep what can't be made again, and remove what policy says."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from frs_pipeline.cli.root import REFRESH, AsJson, app, complain, installation
from frs_pipeline.cli.terminal import print_json, say
from frs_pipeline.errors import UsageError
from frs_pipeline.language import plural
from frs_pipeline.store.settings import refuse_secret

if TYPE_CHECKING:
    from frs_pipeline.operations.backup import Kept
    from frs_pipeline.operations.retention import Plan


@app.command(rich_help_panel=REFRESH)
def backup(
    to: Annotated[Path, typer.Argument(metavar="FILE|FOLDER", help="A new file, or a folder that it is to lie in.")],
    recipient: Annotated[
        str | None, typer.Option("--to-recipient", metavar="RECIPIENT", help="Encrypt it for this age key, or the one in a file.")
    ] = None,
    reason: Annotated[str, typer.Option("--reason", metavar="WHY", help="Why; it stands in the journal.")] = "a backup",
    as_json: AsJson = False,
) -> None:
    """Copy what can't be made again into one file: deliveries, decisions, journals, the study; never a key."""
    from frs_pipeline.operations.backup import backup as keep

    refuse_secret(to, "FILE")
    kept = keep(installation(), to, reason, recipient)
    _tell(kept, f"Kept {plural(len(kept.head.files), 'file')} in {kept.path}", as_json)


@app.command(rich_help_panel=REFRESH)
def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A backup.")],
    to: Annotated[Path, typer.Option("--to", metavar="FOLDER", help="A new folder; the study's, with its data in it.")],
    identity: Annotated[Path | None, typer.Option("--identity", metavar="KEY", help="The key file of an encrypted one.")] = None,
    as_json: AsJson = False,
) -> None:
    """Put a backup into a new folder, once all of it was read and found sound. Overwrites nothing."""
    from frs_pipeline.operations.backup import restore as put

    kept = put(file, to, identity)
    _tell(kept, f"Restored {plural(len(kept.head.files), 'file')} to {kept.path}", as_json)
    if not as_json:
        say(f"Results are made again by: frs --study {kept.path} run --all")
        for delivery, root in kept.head.roots.items():
            say(f"  {delivery} had the root {root}")


def _tell(kept: Kept, first: str, as_json: bool) -> None:
    """Print what was kept, and what wasn't. Ends with 1 when a journal isn't sound."""
    head = kept.head
    if as_json:
        told = {"path": str(kept.path), "sha256": kept.sha256, "files": len(head.files), "left_out": head.left_out}
        print_json({**told, "gone": head.gone, "roots": head.roots, "wrong": kept.wrong})
    else:
        say(first)
        say(f"sha256 {kept.sha256}")
        for name, why in head.left_out.items():
            say(f"Left out, {why}: {name}")
        for what in head.gone:
            say(f"Doesn't come back: {what}")
    for line in kept.wrong:
        complain(line)
    if kept.wrong:
        raise typer.Exit(1)


@app.command(rich_help_panel=REFRESH)
def retention(
    apply: Annotated[bool, typer.Option("--apply", help="Delete it, after asking.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
    reason: Annotated[str, typer.Option("--reason", metavar="WHY", help="Why; it stands in the journal.")] = "the study's policy",
    as_json: AsJson = False,
) -> None:
    """Show which old results and runs go by the study's policy, and why; with --apply, delete them."""
    if apply and as_json and not yes:
        raise UsageError("a program can't be asked", where="--json", do="add --yes")
    from frs_pipeline.operations.retention import apply as carry_out
    from frs_pipeline.operations.retention import plan

    settings = installation()
    going = carry_out(settings, reason) if apply and yes else plan(settings)
    if as_json:
        print_json({"applied": apply, **_as_json(going)})
        return
    _print_plan(going)
    if not (going.files or going.runs):
        say("Nothing goes.")
    elif not apply:
        say("Nothing was deleted: --apply does it.")
    else:
        if not yes:
            if not _confirmed():
                say("Nothing was deleted.")
                raise typer.Exit(1)
            going = carry_out(settings, reason)
        say(f"Deleted {plural(going.files, 'file')} and {plural(going.runs, 'run')}.")


def _confirmed() -> bool:
    try:
        return typer.confirm("Delete?")
    except typer.Abort:
        say("")
        return False


def _print_plan(going: Plan) -> None:
    days, newest = going.policy.days_of_runs, going.policy.newest_results
    of_newest = f"those of the newest {plural(newest, 'delivery', 'deliveries')} stay" if newest else ""
    say(f"Results: {of_newest or 'all stay, no policy says otherwise'}.")
    for old in going.results:
        name = old.store.delivery
        if old.why_not:
            say(f"  {name} stays, though it is old: {old.why_not}")
            continue
        for_whom = f" and for {', '.join(old.read_by)}, which is compared with them" if old.read_by else ""
        kept = f"; {plural(old.stay, 'file stays', 'files stay')}, for the search for leaks{for_whom}"
        size = f"{old.size / 1e6:.1f} MB"
        say(f"  {name}: {plural(len(old.files), 'file goes', 'files go')}, {size}{kept if old.stay else ''}")
    of_days = f"runs of the last {plural(days, 'day')} stay" if days else ""
    say(f"Dagster's history: {of_days or 'all of it stays, no policy says otherwise'}.")
    for history in going.history:
        older = plural(history.stay, "older one stays", "older ones stay")
        newest_of = f"; {older}, the newest to have made or checked something"
        say(f"  {history.home}: {plural(len(history.runs), 'run goes', 'runs go')}{newest_of if history.stay else ''}")


def _as_json(going: Plan) -> dict[str, Any]:
    return {
        "policy": going.policy.model_dump(),
        "results": [
            {
                "delivery": old.store.delivery,
                "files": len(old.files),
                "bytes": old.size,
                "stay": old.stay,
                "read_by": old.read_by,
                "why_not": old.why_not or None,
            }
            for old in going.results
        ],
        "history": [{"home": str(old.home), "runs": old.runs, "stay": old.stay} for old in going.history],
    }
