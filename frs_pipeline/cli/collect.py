"""Commands of those who follow a collection while forms come in: its state, what is missing, one conference, drift."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from frs_pipeline.cli.grids import print_grid
from frs_pipeline.cli.root import COLLECTING, AsJson, Delivery, Speech, app, installation, speech
from frs_pipeline.cli.terminal import print_json, say
from frs_pipeline.errors import UsageError
from frs_pipeline.language import Language, Text, plural

if TYPE_CHECKING:
    from frs_pipeline.collection.drift import Drift
    from frs_pipeline.collection.interim import Interim
    from frs_pipeline.collection.state import State
    from frs_pipeline.store.settings import Settings

collect = typer.Typer(
    help="A collection while forms come in: its state, what is missing, and what drifted.", invoke_without_command=True
)
app.add_typer(collect, name="collect", rich_help_panel=COLLECTING)

Folder = Annotated[Path | None, typer.Option("--folder", metavar="DIR", help="An export that is no delivery yet.")]
Fetched = Annotated[bool, typer.Option("--fetched", help="The newest exports that were fetched.")]
Ledger = Annotated[Path | None, typer.Option("--ledger", metavar="FILE", help="The ledger, if it lies elsewhere.")]
Day = Annotated[str | None, typer.Option("--day", metavar="DAY", help="The day of export, where the folder isn't named by it.")]
Before = Annotated[str | None, typer.Option("--before", metavar="DIR|D", help="The older export; default: the one before.")]
# Not required by the parser, because an attempt without a reason is worth an entry in the journal.
Reason = Annotated[str, typer.Option("--reason", metavar="WHY", help="Why; it stands in the journal.")]


@collect.callback()
def state(
    context: typer.Context,
    folder: Folder = None,
    delivery: Delivery = None,
    fetched: Fetched = False,
    ledger: Ledger = None,
    day: Day = None,
    language: Speech = None,
    as_json: AsJson = False,
) -> None:
    """Count what came in, by questionnaire, occasion and quarter; without a command after it."""
    if context.invoked_subcommand is not None:
        named = any((folder, delivery, fetched, ledger, day, as_json))
        if named:
            do = f"write it after {context.invoked_subcommand}"
            raise UsageError("an option stands before the command", where="collect", do=do)
        return
    from frs_pipeline.collection.state import as_json as state_as_json
    from frs_pipeline.collection.state import state_of

    found = state_of(_interim(installation(), folder, delivery, fetched, ledger, day))
    if as_json:
        print_json(state_as_json(found))
    else:
        _print_state(found, speech(language))


@collect.command()
def missing(
    reason: Reason = "",
    after: Annotated[int, typer.Option("--after", metavar="DAYS", help="Remind of nothing that was held more recently.")] = 0,
    folder: Folder = None,
    delivery: Delivery = None,
    fetched: Fetched = False,
    ledger: Ledger = None,
    day: Day = None,
    language: Speech = None,
) -> None:
    """Write which conference lacks what, and whom to remind, by number: into the restricted zone, with a trace."""
    from frs_pipeline.collection import missing as listing
    from frs_pipeline.report.collection_pages import missing_page, page_language

    settings = installation()
    interim = _interim(settings, folder, delivery, fetched, ledger, day)
    listed = listing.list_missing(interim, reason, after)
    spoken = page_language(settings.study, speech(language, page_language(settings.study, None)))
    files = {
        listing.MISSING: listing.missing_sheet(listed, spoken),
        listing.REMINDERS: listing.reminders_sheet(listed, spoken),
        listing.PAGE: missing_page(listed),
    }
    paths = listing.put_away(settings, interim, files)
    held = plural(len(listed.state.held), "conference")
    say(f"{len(listed.lacking)} of {held} lack a form; {len(listed.reminders)} to remind of.")
    for path in paths:
        say(f"  {path}")


@collect.command()
def conference(
    reason: Reason = "",
    folder: Folder = None,
    delivery: Delivery = None,
    fetched: Fetched = False,
    ledger: Ledger = None,
    day: Day = None,
) -> None:
    """Write a page with all forms of a conference. Asks for its number, or reads it from standard input; leaves a trace."""
    from frs_pipeline.collection.conference import conference_of
    from frs_pipeline.collection.missing import put_away
    from frs_pipeline.report.collection_pages import conference_page

    settings = installation()
    interim = _interim(settings, folder, delivery, fetched, ledger, day)
    found = conference_of(interim, _number(), reason)
    put_away(settings, interim, {f"conference-{found.held.number}.html": conference_page(found)})
    # The number stays out of what a terminal, a log or a mail keeps.
    say(f"{plural(sum(len(part.forms) for part in found.parts), 'form')}, on a page of its own in\n  {interim.folder}")


@collect.command()
def drift(
    before: Annotated[
        str | None, typer.Option("--before", metavar="DIR|D", help="The older export; default: the one before.")
    ] = None,
    reason: Reason = "",
    folder: Folder = None,
    delivery: Delivery = None,
    fetched: Fetched = False,
    ledger: Ledger = None,
    day: Day = None,
    language: Speech = None,
    as_json: AsJson = False,
) -> None:
    """Compare an export with the one before: forms gone, answers changed, wording changed. Ends with 1 when something is wrong.

    With --reason, which forms these are and what they said is written into the restricted zone.
    """
    from frs_pipeline.collection.drift import drift_of, drift_sheet
    from frs_pipeline.collection.missing import put_away
    from frs_pipeline.report.collection_pages import page_language

    settings = installation()
    newer = _interim(settings, folder, delivery, fetched, ledger, day)
    found = drift_of(_before(settings, newer, before, fetched), newer)
    if as_json:
        print_json(_drift_as_json(found))
    else:
        _print_drift(found, speech(language))
    if reason:
        own = page_language(settings.study, None)
        (path,) = put_away(settings, newer, {"drift.csv": drift_sheet(found, reason, speech(language, own))})
        print(f"  {path}", file=sys.stderr if as_json else sys.stdout)
    if found.wrong:
        raise typer.Exit(1)


@collect.command()
def draw(
    reason: Reason = "",
    seed: Annotated[int | None, typer.Option("--seed", metavar="S", help="Laid down once; it stays.")] = None,
    folder: Folder = None,
    delivery: Delivery = None,
    fetched: Fetched = False,
    ledger: Ledger = None,
    day: Day = None,
) -> None:
    """Choose about every tenth finished conference to go through, and say which of them were; leaves a trace."""
    from frs_pipeline.collection.missing import put_away
    from frs_pipeline.collection.reconciled import drawn, lay_down, worksheet

    settings = installation()
    interim = _interim(settings, folder, delivery, fetched, ledger, day)
    if seed is not None:
        lay_down(settings, seed, reason)
    made = drawn(interim, reason)
    (path,) = put_away(settings, interim, {"to-reconcile.csv": worksheet(made)})
    chosen = plural(len(made.chosen), "of them is to be gone through", "of them are to be gone through")
    say(f"{plural(made.finished, 'conference')} finished; {chosen}, {len(made.open)} not yet done.\n  {path}")


@collect.command()
def record(
    result: Annotated[str, typer.Option("--result", metavar="RESULT", help="fits, corrected or open.")],
    reason: Reason = "",
    note: Annotated[str, typer.Option("--note", metavar="NOTE", help="What was found, in a line.")] = "",
    when: Annotated[str | None, typer.Option("--when", metavar="DAY", help="When it was gone through; default: today.")] = None,
    folder: Folder = None,
    delivery: Delivery = None,
    fetched: Fetched = False,
    ledger: Ledger = None,
    day: Day = None,
) -> None:
    """Write down what came of going through a conference. Asks for its number, or reads it from standard input."""
    from frs_pipeline.collection.reconciled import RESULTS
    from frs_pipeline.collection.reconciled import record as write_down

    known = next((one for one in RESULTS if one == result), None)
    if known is None:
        raise UsageError("no such result", where="--result", do=f"say one of {', '.join(RESULTS)}")
    on = _as_day(when, "--when") or dt.datetime.now().astimezone().date()
    write_down(_interim(installation(), folder, delivery, fetched, ledger, day), _number(), known, note, reason, on)
    say("Written down.")


def _interim(
    settings: Settings, folder: Path | None, delivery: str | None, fetched: bool, ledger: Path | None, day: str | None
) -> Interim:
    """Return the export that a command names; the newest delivery where it names none."""
    from frs_pipeline.collection.interim import fetched as newest
    from frs_pipeline.collection.interim import in_folder
    from frs_pipeline.store.together import choose_one

    if sum(map(bool, (folder, delivery, fetched))) > 1:
        raise UsageError("more than one export is named", where="collect", do="leave one of --folder, --delivery, --fetched")
    if ledger is not None and not ledger.is_file():
        raise UsageError("no such file", where="--ledger", do="name the ledger, kontering.csv")
    on = _as_day(day, "--day")
    if fetched:
        return newest(settings, ledger, on)
    if folder is not None:
        return in_folder(settings, folder.resolve(), ledger, on)
    return in_folder(settings, settings.raw_delivery(choose_one(settings, delivery)), ledger)


def _before(settings: Settings, newer: Interim, before: str | None, fetched: bool) -> Interim:
    """Return the export to compare with: the one that is named, else the one before of the same kind."""
    from frs_pipeline.collection.interim import day_of, in_folder
    from frs_pipeline.collection.interim import fetched as newest
    from frs_pipeline.store.deliveries import deliveries

    if before is not None and before in deliveries(settings.raw):
        return in_folder(settings, settings.raw_delivery(before))
    if before is not None:
        folder = Path(before).resolve()
        return in_folder(settings, folder, day=None if day_of(folder.name) else newer.day)
    if fetched:
        return newest(settings, until=newer.day - dt.timedelta(days=1))
    older = [name for name in deliveries(settings.raw) if name < newer.name]
    if not older:
        raise UsageError("there is no export before this one", where=newer.name, do="name one with --before")
    return in_folder(settings, settings.raw_delivery(older[-1]))


def _as_day_or_none(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None


def _as_day(text: str | None, option: str) -> dt.date | None:
    if text is None:
        return None
    day = _as_day_or_none(text)
    if day is None:
        raise UsageError("not a day", where=option, do="write it as 2020-11-30")
    return day


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


def _print_state(state: State, language: Language) -> None:
    from frs_pipeline.collection.state import counted, in_all, without
    from frs_pipeline.study.about import about, occasions
    from frs_pipeline.study.questionnaires import questionnaires

    study = state.study
    noun = about(study).conference.many.in_language(language)
    unknown = Text("ukendt", "unknown").in_language(language)
    heads = [
        Text("kvartal", "quarter"),
        Text("afholdt", "held"),
        Text("ventet", "expected"),
        Text("skemaer", "forms"),
        Text("uden skema", "without a form"),
        Text("flere end ét", "more than one"),
    ]
    planned = (
        Text(f"; {state.planned} ligger senere", f"; {state.planned} are later").in_language(language) if state.planned else ""
    )
    until = Text(f"{len(state.held)} {noun} frem til", f"{len(state.held)} {noun} held until").in_language(language)
    say(f"{until} {state.interim.name}{planned}.\n")
    rows = counted(state).to_pylist()
    for name, occasion in dict.fromkeys((row["instrument"], row["occasion"]) for row in rows):
        mine = [row for row in rows if (row["instrument"], row["occasion"]) == (name, occasion)]
        called = questionnaires(study)[name].called.in_language(language)
        at = occasions(study)[occasion].one.in_language(language)
        lines = [(row["quarter"], row) for row in mine] + [(Text("i alt", "all").in_language(language), in_all(mine))]
        cells = [
            [label, *(unknown if row[key] is None else str(row[key]) for key in ("held", "due", "forms", "without", "surplus"))]
            for label, row in lines
        ]
        print_grid(f"{called}: {at}", [head.in_language(language) for head in heads], cells)
    for kind, number in without(state).items():
        spoken = about(study).lacking.get(kind)
        say(f"  {number:>5} {spoken.words.in_language(language) if spoken else kind}")
    for name, number in state.aside.items():
        if number:
            aside = Text(f"sat til side af {name}", f"of {name} set aside").in_language(language)
            say(f"  {number:>5} {aside}")
    for number, words in (
        (state.early, Text("skemaer fra senere datoer i konteringen", "forms that the accounting records have at a later day")),
        (state.strange, Text("skemaer med numre uden for konteringen", "forms with numbers outside the accounting records")),
    ):
        if number:
            say(f"  {number:>5} {words.in_language(language)}")
    for name, came in state.came.items():
        if came.empty:
            none = Text(
                "ingen rækker: ingen har svaret endnu, eller et filter tog dem",
                "no row: nobody answered yet, or a filter took them",
            )
            say(f"  {name}: {none.in_language(language)}")


def _drift_as_json(found: Drift) -> dict[str, object]:
    return {
        "before": found.before.name,
        "after": found.after.name,
        "wrong": found.wrong,
        "questionnaires": {
            name: {
                "gone": len(moved.gone),
                "reopened": len(moved.reopened),
                "changed": len({(one.form, one.column) for one in moved.uncorrected}),
                "changed_columns": sorted({one.column for one in moved.uncorrected}),
                "corrected": len(moved.changed) - len(moved.uncorrected),
                "new": moved.new,
                "finished": moved.finished,
                "columns_gone": list(moved.columns_gone),
                "columns_new": list(moved.columns_new),
                "worded": [{"column": column, "what": what} for column, what in moved.worded],
                "not_followed": moved.twice,
            }
            for name, moved in found.moved.items()
        },
    }


def _print_drift(found: Drift, language: Language) -> None:
    from frs_pipeline.collection.drift import WORDED

    def of(text: Text) -> str:
        return text.in_language(language)

    heads = [
        "",
        of(Text("nye", "new")),
        of(Text("afsluttet siden", "finished since")),
        of(Text("væk", "gone")),
        of(Text("åbnet igen", "reopened")),
        of(Text("svar ændret", "answers changed")),
        of(Text("rettet", "corrected")),
    ]
    cells = [
        [
            name,
            *map(str, (moved.new, moved.finished, len(moved.gone), len(moved.reopened), len(moved.uncorrected))),
            str(len(moved.changed) - len(moved.uncorrected)),
        ]
        for name, moved in found.moved.items()
    ]
    print_grid(
        Text(f"Fra {found.before.name} til {found.after.name}", f"From {found.before.name} to {found.after.name}").in_language(
            language
        ),
        heads,
        cells,
    )
    for name, moved in found.moved.items():
        for column in sorted({one.column for one in moved.uncorrected}):
            number = sum(one.column == column for one in moved.uncorrected)
            say(
                f"  {name}, {column}: "
                + of(Text(f"{number} svar ændret uden rettelse", f"{number} changed without a correction"))
            )
        for column in moved.columns_gone:
            say(f"  {name}, {column}: " + of(Text("kolonnen er væk", "the column is gone")))
        for column in moved.columns_new:
            say(f"  {name}, {column}: " + of(Text("kolonnen er ny", "the column is new")))
        for column, what in moved.worded:
            say(f"  {name}, {column}: {WORDED[what].in_language(language)}")
        if moved.twice:
            say(
                f"  {name}: "
                + Text(
                    f"{moved.twice} skemaer kan ikke følges", f"{moved.twice} forms can't be followed by their id"
                ).in_language(language)
            )
    say(of(Text("Noget er galt.", "Something is wrong.")) if found.wrong else of(Text("Intet er galt.", "Nothing is wrong.")))
