"""The command of those who are audited: everything that a delivery's figures rest on, for somebody without this program."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from frs_pipeline.cli.root import PEOPLE, AsJson, Delivery, Results, app
from frs_pipeline.cli.terminal import Progress, print_json, say

if TYPE_CHECKING:
    from frs_pipeline.packaging.making import Packaged


@app.command(rich_help_panel=PEOPLE)
def package(
    purpose: Annotated[str, typer.Option("--purpose", metavar="WHY", help="What the audit is for; it stands in the journal.")],
    auditor: Annotated[
        list[str] | None,
        typer.Option(
            "--auditor", metavar="WHO", help="Age recipient (age1…) for whom data are sealed, or a file; may be repeated."
        ),
    ] = None,
    to: Annotated[
        Path | None, typer.Option("--to", metavar="DIR", help="New folder; default: audit-DELIVERY in the current folder.")
    ] = None,
    delivery: Delivery = None,
    as_json: AsJson = False,
) -> None:
    """Package a delivery for an auditor, who needs age, tar, sha256sum and DuckDB to examine it, and not this program.

    Definitions, queries and hashes are for everybody; forms under pseudonyms and all figures only for the auditor's key.
    """
    from frs_pipeline.codebook.keys import auditors
    from frs_pipeline.operations.verify import require_verified
    from frs_pipeline.packaging.making import STEPS, package

    results = Results(delivery)
    recipients = auditors(auditor or [])
    folder = to or Path(f"audit-{results.store.delivery}")
    with Progress("Packaging", as_json=as_json) as progress:
        made = package(
            results.store,
            folder,
            purpose=purpose,
            recipients=recipients,
            ready=require_verified,
            step=lambda what: progress.step(STEPS, what),
        )
    if as_json:
        print_json(_as_json(made))
    else:
        _report(made, results.store.delivery)


def _as_json(made: Packaged) -> dict[str, object]:
    sealed = {"tables": made.sealed.tables, "figures": made.sealed.figures} if made.sealed else None
    return {
        "folder": str(made.folder),
        "files": made.files,
        "sealed": sealed,
        "auditors": list(made.recipients),
        "released": made.released,
        "hash": made.hash,
    }


def _report(made: Packaged, delivery: str) -> None:
    from frs_pipeline.language import plural
    from frs_pipeline.packaging.public import SEALED, SUMS

    released = "with" if made.released else "without"
    say(f"Delivery {delivery}: {plural(made.files, 'file')} for everybody, {released} a release of these results.")
    if made.sealed:
        keys = plural(len(made.recipients), "key")
        tables = plural(made.sealed.tables, "table")
        say(f"Sealed for {keys}: {made.sealed.figures} figures of {tables}, and the forms behind them.")
        say(f"{SEALED} holds personal data under pseudonyms. Hand it to the auditor only, and agree on when it is deleted.")
    else:
        say("Nothing is sealed: without --auditor there is no form and no figure in it that wasn't released.")
    say("")
    say(f"Files    {made.folder}")
    say(f"To read  {made.folder / 'WALKTHROUGH.md'}")
    say(f"Hash     {made.hash} (of {SUMS}: tell it the auditor by another way)")
