"""Commands of those who follow a collection while forms come in: its state, what is missing, one conference, drift."""

from __future__ import annotations

import datetime as dt
import sys
from typing import Annotated

import typer

from frs_pipeline.cli.collected import print_drift, print_state
from frs_pipeline.cli.exports import Named, as_day, of_an_export
from frs_pipeline.cli.root import COLLECTING, AsJson, Speech, app, installation, speech
from frs_pipeline.cli.terminal import print_json, say
from frs_pipeline.errors import UsageError
from frs_pipeline.language import plural

collect = typer.Typer(
    help="A collection while forms come in: its state, what is missing, and what drifted.", invoke_without_command=True
)
app.add_typer(collect, name="collect", rich_help_panel=COLLECTING)

# Not required by the parser, because an attempt without a reason is worth an entry in the journal.
Reason = Annotated[str, typer.Option("--reason", metavar="WHY", help="Why; it stands in the journal.")]


@collect.callback()
@of_an_export
def state(named: Named, context: typer.Context, language: Speech = None, as_json: AsJson = False) -> None:
    """Count what came in, by questionnaire, occasion and quarter; without a command after it."""
    if context.invoked_subcommand is not None:
        if named != Named() or as_json:
            do = f"write it after {context.invoked_subcommand}"
            raise UsageError("an option stands before the command", where="collect", do=do)
        return
    from frs_pipeline.collection.state import as_json as state_as_json
    from frs_pipeline.collection.state import state_of

    found = state_of(named.interim(installation()))
    if as_json:
        print_json(state_as_json(found))
    else:
        print_state(found, speech(language))


@collect.command()
@of_an_export
def missing(
    named: Named,
    reason: Reason = "",
    after: Annotated[int, typer.Option("--after", metavar="DAYS", help="Remind of nothing that was held more recently.")] = 0,
    language: Speech = None,
) -> None:
    """Write which conference lacks what, and whom to remind, by number: into the restricted zone, with a trace."""
    from frs_pipeline.collection.folders import write_restricted
    from frs_pipeline.collection.missing import list_missing
    from frs_pipeline.report.collection_pages import missing_files, page_language

    settings = installation()
    interim = named.interim(settings)
    listed = list_missing(interim, reason, after)
    paths = write_restricted(
        settings, interim.folder, missing_files(listed, speech(language, page_language(settings.study, None)))
    )
    held = plural(len(listed.state.held), "conference")
    say(f"{len(listed.lacking)} of {held} lack a form; {len(listed.reminders)} to remind of.")
    for path in paths:
        say(f"  {path}")


@collect.command()
@of_an_export
def conference(named: Named, reason: Reason = "") -> None:
    """Write a page with all forms of a conference. Asks for its number, or reads it from standard input; leaves a trace."""
    from frs_pipeline.collection.conference import conference_of
    from frs_pipeline.collection.folders import write_restricted
    from frs_pipeline.report.collection_pages import conference_page

    settings = installation()
    interim = named.interim(settings)
    found = conference_of(interim, _number(), reason)
    write_restricted(settings, interim.folder, {f"conference-{found.held.number}.html": conference_page(found)})
    # The number stays out of what a terminal, a log or a mail keeps.
    say(f"{plural(sum(len(part.forms) for part in found.parts), 'form')}, on a page of its own in\n  {interim.folder}")


@collect.command()
@of_an_export
def drift(
    named: Named,
    before: Annotated[
        str | None, typer.Option("--before", metavar="DIR|D", help="The older export; default: the one before.")
    ] = None,
    reason: Reason = "",
    language: Speech = None,
    as_json: AsJson = False,
) -> None:
    """Compare an export with the one before: forms gone, answers changed, wording changed. Ends with 1 when something is wrong.

    With --reason, which forms these are and what they said is written into the restricted zone.
    """
    from frs_pipeline.collection.drift import as_json as drift_as_json
    from frs_pipeline.collection.drift import drift_of, drift_sheet
    from frs_pipeline.collection.folders import write_restricted
    from frs_pipeline.report.collection_pages import page_language

    settings = installation()
    newer = named.interim(settings)
    found = drift_of(named.before(newer, before), newer)
    if as_json:
        print_json(drift_as_json(found))
    else:
        print_drift(found, speech(language))
    if reason:
        own = page_language(settings.study, None)
        (path,) = write_restricted(settings, newer.folder, {"drift.csv": drift_sheet(found, reason, speech(language, own))})
        print(f"  {path}", file=sys.stderr if as_json else sys.stdout)
    if found.wrong:
        raise typer.Exit(1)


@collect.command()
@of_an_export
def draw(
    named: Named,
    reason: Reason = "",
    seed: Annotated[int | None, typer.Option("--seed", metavar="S", help="Laid down once; it stays.")] = None,
) -> None:
    """Choose about every tenth finished conference to go through, and say which of them were; leaves a trace."""
    from frs_pipeline.collection.folders import write_restricted
    from frs_pipeline.collection.reconciled import drawn, lay_down, worksheet

    settings = installation()
    interim = named.interim(settings)
    if seed is not None:
        lay_down(settings, seed, reason)
    made = drawn(interim, reason)
    (path,) = write_restricted(settings, interim.folder, {"to-reconcile.csv": worksheet(made)})
    chosen = plural(len(made.chosen), "of them is to be gone through", "of them are to be gone through")
    say(f"{plural(made.finished, 'conference')} finished; {chosen}, {len(made.open)} not yet done.\n  {path}")


@collect.command()
@of_an_export
def record(
    named: Named,
    result: Annotated[str, typer.Option("--result", metavar="RESULT", help="fits, corrected or open.")],
    reason: Reason = "",
    note: Annotated[str, typer.Option("--note", metavar="NOTE", help="What was found, in a line.")] = "",
    when: Annotated[str | None, typer.Option("--when", metavar="DAY", help="When it was gone through; default: today.")] = None,
) -> None:
    """Write down what came of going through a conference. Asks for its number, or reads it from standard input."""
    from frs_pipeline.collection.reconciled import RESULTS
    from frs_pipeline.collection.reconciled import record as write_down

    known = next((one for one in RESULTS if one == result), None)
    if known is None:
        raise UsageError("no such result", where="--result", do=f"say one of {', '.join(RESULTS)}")
    on = as_day(when, "--when") or dt.datetime.now().astimezone().date()
    write_down(named.interim(installation()), _number(), known, note, reason, on)
    say("Written down.")


def _number() -> int:
    """Read the number of a conference, typed or from standard input: an argument would stay in the shell's history."""
    from frs_pipeline.intake.ledger import conference_number

    if sys.stdin is not None and sys.stdin.isatty():
        typed: str = typer.prompt("Number of the conference (isn't shown)", hide_input=True, err=True)
    else:
        typed = sys.stdin.buffer.read(100).decode("utf-8-sig", "replace") if sys.stdin is not None else ""
    try:
        return conference_number(typed.strip())
    except ValueError:
        raise UsageError(
            "not the number of a conference", where="standard input", do="up to nine digits, and nothing else"
        ) from None
