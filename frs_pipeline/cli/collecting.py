"""Commands that bring forms in: fetch a survey's exports, and put a delivery together."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from frs_pipeline.cli.root import COLLECTING, AsJson, app, installation
from frs_pipeline.cli.terminal import Progress, print_json, say
from frs_pipeline.errors import UsageError
from frs_pipeline.language import plural

if TYPE_CHECKING:
    from frs_pipeline.collection.delivering import Delivered
    from frs_pipeline.collection.fetching import Fetched
    from frs_pipeline.store.settings import Settings


@app.command(rich_help_panel=COLLECTING)
def fetch(
    questionnaires: Annotated[
        list[str] | None, typer.Argument(metavar="[QUESTIONNAIRE]…", help="Only the surveys of these; default: all.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Fetch the exports of the study's surveys from their server, check them, and keep what is new."""
    settings = installation()
    from frs_pipeline.collection.fetching import chosen, configured
    from frs_pipeline.collection.fetching import fetch as fetch_from
    from frs_pipeline.collection.login import read_login

    names = chosen(settings.study, questionnaires or ())
    login = read_login()
    from frs_pipeline.collection.surveyxact import PARTS, SurveyXact

    results: list[dict[str, Any]] = []
    try:
        with Progress("Fetching", as_json=as_json) as progress:
            asked = len(names) * len(PARTS)
            server = SurveyXact(configured(settings.study), login)
            for fetched in fetch_from(settings, names, server, lambda part: progress.step(asked, part)):
                results.append(_described(settings, fetched))
                if not as_json:
                    say(_line(settings, fetched))
    finally:
        # Also what came before the survey that failed: it is kept.
        if as_json:
            print_json(results)


def _described(settings: Settings, fetched: Fetched) -> dict[str, Any]:
    export = fetched.export
    return {
        "questionnaire": export.instrument,
        "survey": export.survey,
        "new": fetched.new,
        "forms": export.forms,
        "fetched": export.time,
        "folder": export.folder.relative_to(settings.data).as_posix(),
        "sha256": export.hashes,
    }


def _line(settings: Settings, fetched: Fetched) -> str:
    export = fetched.export
    if not fetched.new:
        return f"{export.instrument}: nothing new since {export.when} ({plural(export.forms, 'form')})"
    return f"{export.instrument}: {plural(export.forms, 'form')}, in {export.folder.relative_to(settings.data)}"


@app.command(rich_help_panel=COLLECTING)
def deliver(
    date: Annotated[str, typer.Argument(metavar="DATE", help="The day that names the delivery, such as 2021-06-30.")],
    given: Annotated[
        Path | None,
        typer.Option("--with", metavar="FOLDER", help="Ledger, locked codebook, decisions, and exports that aren't fetched."),
    ] = None,
    fetched: Annotated[
        list[str] | None,
        typer.Option(metavar="QUESTIONNAIRE=TIME", help="Another export than the newest, by its folder's name; may be repeated."),
    ] = None,
    gone: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ID", help="A form or conference withdrawn earlier that this delivery no longer has; may be repeated."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Put a delivery together of what was fetched and what you give. It adds a folder to data/raw, and changes none."""
    from frs_pipeline.collection.delivering import deliver as put_together
    from frs_pipeline.collection.fetching import readable

    settings = installation()
    times = dict(_time(pair) for pair in fetched or ())
    with Progress("Delivering", as_json=as_json):
        delivered = put_together(settings, date, given, times, gone or ())
    if as_json:
        print_json(_contents(settings, delivered))
        return
    say(f"Delivery {date} is in {delivered.folder}.")
    say("")
    width = max([len(export.instrument) for export in delivered.fetched], default=0)
    for export in delivered.fetched:
        again = "" if export.seen == export.time else f", last seen {readable(export.seen)}"
        say(f"  {export.instrument:{width}}  {plural(export.forms, 'form')}, fetched {export.when}{again}")
    for export in delivered.after:
        say(f"  {export.instrument} was fetched after {date}, so it may also hold forms that came in later")
    for export in delivered.before:
        say(f"  {export.instrument} was last seen on {export.seen[:10]}, so it may lack forms that came in until {date}")
    if delivered.given:
        say(f"  Given: {', '.join(name for name in delivered.given if '/' not in name)}")
    say("")
    say(f"frs run --delivery {date} makes the tables of it.")


def _time(pair: str) -> tuple[str, str]:
    name, equals, moment = pair.partition("=")
    if not (name and equals and moment):
        do = "write a questionnaire and the name of a folder: initiator=2021-06-30T02-00-05Z"
        raise UsageError("isn't QUESTIONNAIRE=TIME", where="--fetched", do=do)
    return name, moment


def _contents(settings: Settings, delivered: Delivered) -> dict[str, Any]:
    return {
        "delivery": delivered.folder.name,
        "folder": delivered.folder.relative_to(settings.data).as_posix(),
        "fetched": {
            export.instrument: {"time": export.time, "last_seen": export.seen, "forms": export.forms}
            for export in delivered.fetched
        },
        "fetched_after": [export.instrument for export in delivered.after],
        "last_seen_before": [export.instrument for export in delivered.before],
        "given": list(delivered.given),
    }
