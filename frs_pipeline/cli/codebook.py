"""Commands of the controllers: lock the codebook, open it for a reason, and the journal that says who did."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from frs_pipeline.cli.grids import print_grid
from frs_pipeline.cli.root import PEOPLE, AsJson, Delivery, app, as_hash, installation
from frs_pipeline.cli.terminal import print_json, say
from frs_pipeline.errors import CheckFailed, UsageError
from frs_pipeline.language import plural
from frs_pipeline.store.deliveries import CONTROLLERS
from frs_pipeline.store.settings import Settings
from frs_pipeline.store.together import choose_one
from frs_pipeline.study.about import about, has_codebook

if TYPE_CHECKING:
    from frs_pipeline.codebook.locking import Locked
    from frs_pipeline.store.files import Store

codebook = typer.Typer(help="The locked codebook: lock, rotate, check, reveal, find, and who did.", no_args_is_help=True)
journal = typer.Typer(help="Who locked or opened the codebook, when and why.", no_args_is_help=True)
app.add_typer(codebook, name="codebook", rich_help_panel=PEOPLE)
codebook.add_typer(journal, name="journal")

Controllers = Annotated[Path, typer.Option("--controllers", metavar="FILE", help="The controllers' age recipients, one a line.")]
Pipeline = Annotated[str, typer.Option("--pipeline", metavar="RECIPIENT", help="The pipeline's recipient, or a file with it.")]
Folder = Annotated[Path, typer.Option("--to", metavar="FOLDER", help="The delivery's folder: both files go there.")]
Identity = Annotated[Path | None, typer.Option("--identity", metavar="KEY", help="A controller's key file.")]
Codebook = Annotated[
    Path | None, typer.Option("--codebook", metavar="FILE", help="The controllers' codebook, if not in the delivery.")
]
# Not required by the parser, because an attempt without a reason is worth an entry in the journal.
Reason = Annotated[str, typer.Option("--reason", metavar="WHY", help="Why; it stands in the journal.")]


@codebook.command()
def keygen(file: Annotated[Path, typer.Argument(metavar="FILE", help="A new file, for its owner's eyes only.")]) -> None:
    """Make a new key (an age identity), and print the recipient that others lock for."""
    from frs_pipeline.codebook.keys import make_key

    say(make_key(file))


@codebook.command()
def lock(
    register: Annotated[Path, typer.Argument(metavar="REGISTER.CSV", help="personnummer;raadslagningsnummer;dato;anledning")],
    controllers: Controllers,
    pipeline: Pipeline,
    to: Folder,
    reason: Reason = "",
    identity: Identity = None,
    previous: Annotated[
        Path | None, typer.Option("--previous", metavar="FILE", help="The older codebook, whose pseudonyms stay; or its folder.")
    ] = None,
) -> None:
    """Check the register, and lock it into the controllers' codebook and the pipeline's part."""
    from frs_pipeline.codebook.locking import FaultyRegister, lock_register

    settings = installation()
    _require_codebook(settings)
    try:
        locked = lock_register(settings, register, to, controllers, pipeline, reason, identity=identity, previous=previous)
    except FaultyRegister as error:
        for fault in error.faults:
            print(fault, file=sys.stderr)
        raise
    _tell(locked, settings)
    say(f"\n{register} still says everything in plain text: put it away safely, or delete it.")


@codebook.command()
def rotate(
    controllers: Controllers,
    pipeline: Pipeline,
    to: Folder,
    reason: Reason = "",
    identity: Identity = None,
    pseudonyms: Annotated[bool, typer.Option("--pseudonyms", help="New pseudonyms, too, and a locked map from the old.")] = False,
) -> None:
    """Lock the codebook for other keys."""
    from frs_pipeline.codebook.locking import rotate as lock_anew

    settings = installation()
    _require_codebook(settings)
    _tell(lock_anew(settings, to, controllers, pipeline, reason, identity, pseudonyms=pseudonyms), settings)
    say("\nWhoever kept a copy of the old files can still open those with an old key.")


def _tell(locked: Locked, settings: Settings) -> None:
    from frs_pipeline.store.journal import head_of

    say(f"{plural(locked.conferences, 'conference')} of {plural(locked.children, 'child', 'children')} locked.\n")
    lines = [("Pseudonyms", f"{locked.kept} kept, {locked.new} new")]
    lines += [("Of children", f"{locked.children_kept} kept, {locked.children_new} new")]
    lines += [("Noted", f"{number} {what}") for what, number in locked.odd.items()]
    full, own, *maps = locked.files
    keys = len(locked.recipients.controllers)
    lines += [("Controllers", f"{full}: all of it, for {keys} keys")]
    lines += [("Pipeline", f"{own}: no personal numbers, for one other key")]
    lines += [("Map", f"{path}: old and new pseudonyms, for the controllers' keys") for path in maps]
    end = head_of(settings.access_journal)
    lines += [("Journal", f"entry {end.entries}, head {end.hash}")]
    for label, text in lines:
        say(f"  {label:<13}{text}")


@codebook.command()
def check(delivery: Delivery = None, identity: Identity = None, file: Codebook = None, as_json: AsJson = False) -> None:
    """Check in counts whether codebook, ledger and forms fit; ends with 1 when something doesn't."""
    from dataclasses import asdict

    from frs_pipeline.codebook.fit import RULES, fit

    store = _store(delivery)
    fitted = fit(store, _controllers(store, file), identity)
    if as_json:
        print_json({**asdict(fitted), "contradictions": fitted.contradictions})
    else:
        opened = "" if fitted.parts_differ is None else ", the same in both parts" * (not fitted.parts_differ)
        say(f"Delivery {store.delivery}: {plural(fitted.conferences, 'conference')} in the codebook{opened}.\n")
        header = ("questionnaire", "forms", *(rule.replace("_", " ") for rule in RULES), "conferences without a form")
        rows = [[f.instrument, str(f.delivered), *(str(f.aside[rule]) for rule in RULES), str(f.without)] for f in fitted.forms]
        print_grid("Forms, and those set aside because of their number (see docs/rules.md)", header, rows)
        say("Not everything fits:" if fitted.contradictions else "Everything fits.")
        for what, number in fitted.contradictions.items():
            say(f"  {number:>5} {what}")
    if fitted.contradictions:
        raise typer.Exit(1)


@codebook.command()
def reveal(
    forms: Annotated[list[str], typer.Argument(metavar="FORM", help="Form ids, such as DF-12345.")],
    reason: Reason = "",
    identity: Identity = None,
    cpr: Annotated[bool, typer.Option("--cpr", help="The child's personal number, too.")] = False,
    delivery: Delivery = None,
    file: Codebook = None,
    as_json: AsJson = False,
) -> None:
    """Say which conference a form is from. Needs a controller's key and a reason, and leaves a trace."""
    from dataclasses import asdict

    from frs_pipeline.codebook.reveal import reveal as find

    store = _store(delivery)
    revealed = find(store, forms, _controllers(store, file), identity, reason, personal=cpr)
    if as_json:
        hidden = () if cpr else ("personal_number",)
        print_json([{name: value for name, value in asdict(one).items() if name not in hidden} for one in revealed])
        return
    for one in revealed:
        personal = [one.personal_number] if one.personal_number else []
        say("  ".join([one.form, str(one.conference_number), one.occasion, one.date, *personal]))


@codebook.command()
def find(
    reason: Reason = "", identity: Identity = None, delivery: Delivery = None, file: Codebook = None, as_json: AsJson = False
) -> None:
    """Find what is held about a child. Asks for the personal number, or reads it from standard input; leaves a trace."""
    from dataclasses import asdict

    from frs_pipeline.codebook.find import find as look_for

    store = _store(delivery)
    record = look_for(store, _personal_number(), _controllers(store, file), identity, reason)
    if as_json:
        print_json(asdict(record))
        return
    if not record.conferences:
        say(f"The codebook of delivery {store.delivery} has no conference of this child.")
    for one in record.conferences:
        say("  ".join([str(one.conference_number), one.conference_id, one.occasion, one.date]))
        for kept in one.forms:
            say("  ".join(["", kept.form, kept.instrument, *(["withdrawn"] if kept.withdrawn else [])]))
    if record.case_id:
        say(f"Pseudonym of the child: {record.case_id}")
    if record.naming:
        say("Forms on which the personal number itself was keyed:")
    for form in record.naming:
        say(f"  {form}")


def _personal_number() -> str:
    """Read what is typed, or standard input. Not an argument: the shell's history keeps those, and `ps` shows them."""
    if sys.stdin is not None and sys.stdin.isatty():
        typed: str = typer.prompt("Personal number (isn't shown)", hide_input=True, err=True)
        return typed.strip()
    # Input longer than a number is none. What isn't text is no number either, but no reason to end without a trace.
    given = sys.stdin.buffer.read(100) if sys.stdin is not None else b""
    return given.decode("utf-8-sig", "replace").strip()


def _store(delivery: str | None) -> Store:
    from frs_pipeline.store.files import Store

    settings = installation()
    _require_codebook(settings)
    return Store(settings, choose_one(settings, delivery))


def _require_codebook(settings: Settings) -> None:
    """Raise `UsageError` in a study without a codebook."""
    if not has_codebook(settings.study):
        do = "if it is to have one, say registers: [codebook] in study.yaml"
        raise UsageError(f"study {about(settings.study).name} has no codebook", where="codebook", do=do)


def _controllers(store: Store, file: Path | None) -> Path:
    return file or store.raw(CONTROLLERS)


@journal.command()
def show(as_json: AsJson = False) -> None:
    """Print every entry, oldest first."""
    from dataclasses import asdict

    from frs_pipeline.store.journal import entries

    path = installation().access_journal
    listed = entries(path)
    if as_json:
        print_json([asdict(entry) for entry in listed])
        return
    if not listed:
        say(f"Nothing yet: {path} isn't there.")
        return
    rows = [[str(e.number), e.when, e.who, e.event, e.why, _said(e.details)] for e in listed]
    print_grid(f"Access journal {path}", ("entry", "when", "who", "what", "why", "details"), rows)


def _said(details: Any) -> str:
    """Write details in one line, hashes and keys shortened."""
    shown = []
    for name, value in details.items():
        if isinstance(value, dict):
            value = [f"{key} {word}" for key, word in value.items()]
        words = value if isinstance(value, list) else [json.dumps(value) if isinstance(value, bool) else value]
        shown.append(f"{name}: {', '.join(_short(str(word)) for word in words)}")
    return "; ".join(shown)


def _short(text: str) -> str:
    return " ".join(word if len(word) < 60 else f"{word[:12]}…" for word in text.split(" "))


@journal.command()
def verify(
    head: Annotated[str | None, typer.Option("--head", metavar="HASH", help="A head that was noted elsewhere.")] = None,
    as_json: AsJson = False,
) -> None:
    """Check whether an entry was altered, removed, moved or cut off; ends with 1 when one was."""
    from frs_pipeline.codebook.unjournalled import unjournalled
    from frs_pipeline.store.journal import head_of
    from frs_pipeline.store.journal import verify as look

    head = None if head is None else as_hash(head, "--head", "frs codebook journal verify prints it")
    settings = installation()
    path = settings.access_journal
    wrong, end = look(path, head), head_of(path)
    wrong = wrong or unjournalled(settings)
    if as_json:
        print_json({"entries": end.entries, "head": end.hash, "wrong": wrong})
        if wrong:
            raise typer.Exit(1)
        return
    for line in wrong:
        print(f"{path}: {line}", file=sys.stderr)
    if wrong:
        raise CheckFailed("the journal isn't what it was", where=path, do="keep it as it is, and find out who could write it")
    if not end.entries:
        say("Nothing in it yet, so there is no head to note.")
        return
    say(f"Sound: {plural(end.entries, 'entry', 'entries')}. Head {end.hash}")
    say("Note the head where nobody who can write the journal can: --head holds the journal against it later.")
