"""The command of those who hand the report on: one document for paper."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from frs_pipeline.cli.root import FIGURES, AsJson, Delivery, Results, Speech, app, speech
from frs_pipeline.cli.terminal import Progress, print_json, say
from frs_pipeline.errors import UsageError
from frs_pipeline.report.paper import Edition

report = typer.Typer(help="The report as one document.", no_args_is_help=True)
app.add_typer(report, name="report", rich_help_panel=FIGURES)


# With one command alone, Typer would leave out its name.
@report.callback()
def _report() -> None:
    """Make the report one document."""


@report.command()
def pdf(
    delivery: Delivery = None,
    edition: Annotated[
        Edition, typer.Option("--edition", help="inner: all figures; public: what frs release let out.")
    ] = "inner",
    language: Speech = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE.pdf", help="Where to write; default: the current folder.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Print an edition of the report as a tagged PDF with bookmarks, by the Chromium of this machine (half a minute).

    It is written to the current folder and belongs to no delivery: no manifest vouches for it, and no refresh makes it again.
    """
    from frs_pipeline.report import printing
    from frs_pipeline.store.files import atomic
    from frs_pipeline.study.about import about

    results = Results(delivery, together=True)
    spoken = speech(language, about(results.study).language)
    target = out or Path(f"report-{results.store.delivery}-{edition}-{spoken}.pdf")
    if target.suffix.lower() != ".pdf":
        raise UsageError("not the name of a PDF", where=str(target), do="name it something.pdf")
    if target.resolve().is_relative_to(results.store.settings.data.resolve()):
        do = "name a file outside the data, with --out"
        raise UsageError("lies among the files that manifests vouch for", where=str(target), do=do)
    if edition == "inner":
        results.file(("report",))
    with Progress("Printing", as_json=as_json) as progress:
        progress.at(f"{edition} edition", 0, 1)
        made = printing.pdf(results.store, edition, spoken)
        with atomic(target, private=edition == "inner") as file:
            file.write(made.content)
    if as_json:
        written = {"file": str(target), "delivery": results.store.delivery, "edition": edition, "language": spoken}
        print_json({**written, "pages": made.pages, "bookmarks": list(made.outline)})
        return
    say(f"Written: {target} ({made.pages} pages, {len(made.outline)} bookmarks).")
    if edition == "inner":
        say("Not for publication: small counts aren't hidden, so that only this account may read the file.")
