"""Commands that keep what can't be made again, and remove what policy says."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from frs_pipeline.cli.root import REFRESH, AsJson, app, complain, installation
from frs_pipeline.cli.terminal import print_json, say
from frs_pipeline.language import plural
from frs_pipeline.store.settings import refuse_secret

if TYPE_CHECKING:
    from frs_pipeline.operations.backup import Kept


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
