"""The command of those who publish: tables that reveal nobody."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from frs_pipeline.cli.root import PEOPLE, AsJson, Delivery, Results, app, installation
from frs_pipeline.cli.terminal import Progress, print_json, say
from frs_pipeline.errors import CheckFailed, InputError, UsageError
from frs_pipeline.language import plural, ranges
from frs_pipeline.study.instruments import instruments

if TYPE_CHECKING:
    from frs_pipeline.release.outgoing import Published
    from frs_pipeline.release.requests import Approved, Request
    from frs_pipeline.store.settings import Settings

# No study has tables with numbers of so many digits.
_DIGITS = 6


release = typer.Typer(invoke_without_command=True, no_args_is_help=False)
app.add_typer(release, name="release", rich_help_panel=PEOPLE)

Named = Annotated[str, typer.Argument(metavar="REQUEST", help="File of a request, or what frs release request called it.")]


@release.callback()
def one_hand(
    context: typer.Context,
    purpose: Annotated[
        str | None,
        typer.Option(
            "--purpose", metavar="WHY", help="What the release is for; it stands in the journal and the public register."
        ),
    ] = None,
    delivery: Delivery = None,
    who: Annotated[
        str | None, typer.Option("--who", metavar="WHO", help="Who decided it; default: the user of this machine.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make the tables that may be published (takes a minute or more); in two hands where the policy says so."""
    if context.invoked_subcommand is not None:
        if purpose is not None or delivery or who or as_json:
            do = f"write options after it: frs release {context.invoked_subcommand} …"
            raise UsageError("stands before another command", where="frs release", do=do)
        return
    if purpose is None:
        raise UsageError("Missing option '--purpose'", where="frs release", do="see frs release --help")
    results = _current(delivery)
    _make(results, purpose=purpose, who=who, as_json=as_json)


@release.command()
def request(
    purpose: Annotated[str, typer.Option("--purpose", metavar="WHY", help="What it is for; anybody may read it.")] = "",
    tables: Annotated[str, typer.Option("--tables", metavar="1-20,33", help="Which tables; all where you don't say.")] = "",
    delivery: Delivery = None,
    as_json: AsJson = False,
) -> None:
    """Ask for a release, for somebody else to sign. Nothing is released by that."""
    from frs_pipeline.release.requests import ask
    from frs_pipeline.release.signatures import NAMESPACE
    from frs_pipeline.study.release import release_policy
    from frs_pipeline.study.tables import catalogue

    results = Results(delivery, together=True)
    policy, numbers = release_policy(results.study), numbers_in(tables) if tables else [*catalogue(results.study)]
    path, made = ask(results.store, policy, numbers, purpose)
    if as_json:
        print_json({"file": str(path), "id": made.id, **made.model_dump(mode="json")})
        return
    _tell_request(made)
    say("")
    say(f"  Request         {path}")
    say(f"  To be signed    ssh-keygen -Y sign -n {NAMESPACE} -f KEY FILE, or frs release approve {made.id} --key KEY")


@release.command()
def approve(
    named: Named,
    key: Annotated[Path | None, typer.Option("--key", metavar="KEY", help="Your SSH key, to sign it with.")] = None,
    signature: Annotated[
        Path | None, typer.Option("--signature", metavar="FILE", help="A signature that was made elsewhere.")
    ] = None,
    delivery: Delivery = None,
    as_json: AsJson = False,
) -> None:
    """Sign somebody else's request, or hand in its signature. Nothing is released by that."""
    from frs_pipeline.errors import unusable
    from frs_pipeline.release.requests import approve as sign
    from frs_pipeline.study.release import release_policy

    if key and signature:
        raise UsageError("--key and --signature are two signatures", do="give one of them")
    results, path = _of_request(named, delivery)
    try:
        signed = signature.read_bytes() if signature else None
    except OSError as error:
        raise unusable(error) or error from error
    found = sign(results.store, release_policy(results.study), path, signature=signed, key=key)
    if as_json:
        print_json({"id": found.request.id, **found.details})
        return
    _tell_request(found.request)
    say("")
    say(f"  Approved by     {found.by}, {found.key}")
    say(f"  To be made      frs release make {found.request.id}")


@release.command()
def decline(
    named: Named,
    reason: Annotated[str, typer.Option("--reason", metavar="WHY", help="Why not; it stands in the journal.")] = "",
    delivery: Delivery = None,
) -> None:
    """Decline somebody's request, or withdraw your own: nothing is made of it any more."""
    from frs_pipeline.release.requests import decline as note

    results, path = _of_request(named, delivery)
    declined = note(results.store, path, reason)
    say(f"Request {declined.id} is declined; nothing is made of it any more.")


@release.command()
def make(named: Named, delivery: Delivery = None, as_json: AsJson = False) -> None:
    """Make the release that somebody asked for and somebody else signed, once (takes a minute or more)."""
    from frs_pipeline.release.requests import approved, journalled, why_of
    from frs_pipeline.study.release import release_policy

    results, path = _of_request(named, delivery)
    why, called = why_of(results.store.settings, path)
    with journalled(results.store.settings, "release make", why, {"delivery": results.store.delivery, **called}):
        found = approved(results.store, release_policy(results.study), path)
        _make(_current(results.store.delivery), purpose=found.request.purpose, who=found.by, as_json=as_json, found=found)


@release.command()
def register() -> None:
    """Write the public register of releases again: what, when, what for, and no number of any table."""
    say(str(_register(installation())))


def numbers_in(text: str) -> list[int]:
    """Return the numbers of tables in such as `1-20,33`, ascending. Raises `UsageError` for anything else."""
    numbers: set[int] = set()
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        ends = [end.strip() for end in (first, last if dash else first)]
        if not all(end.isascii() and end.isdecimal() and len(end) < _DIGITS for end in ends) or int(ends[0]) > int(ends[1]):
            raise UsageError("isn't a list of tables", where=f"--tables {text}", do="write numbers and ranges, such as 1-20,33")
        numbers.update(range(int(ends[0]), int(ends[1]) + 1))
    return sorted(numbers)


def _of_request(named: str, delivery: str | None) -> tuple[Results, Path]:
    """Find a request, and the delivery that it is about unless one is named."""
    from frs_pipeline.release.requests import delivery_of, find
    from frs_pipeline.store.deliveries import deliveries
    from frs_pipeline.store.together import togethers

    settings = installation()
    path = find(settings, named)
    about = delivery_of(path)
    known = about in (*deliveries(settings.raw), *togethers(settings))
    return Results(delivery or (about if known else None), together=True), path


def _current(delivery: str | None) -> Results:
    """Return results of which a release may be made. Raises `FrsError` when they are missing or out of date."""
    results = Results(delivery, together=True)
    # The page of the release says whether the forms are made up, as the description does.
    needed = (("validated", "description"), *(("marts", name) for name in instruments(results.study)))
    for key in (key for key in needed if key in results.store.products):
        if not results.store.file(*key).exists():
            raise InputError("not made yet", where=results.store.file(*key), do=results.store.refreshed_by)
        if results.lacks(key):
            raise CheckFailed("out of date", where=results.store.file(*key), do=results.store.refreshed_by)
    return results


def _make(results: Results, *, purpose: str, who: str | None, as_json: bool, found: Approved | None = None) -> None:
    """Make a release, of the tables that were asked for where somebody asked, and say what came of it."""
    started = time.perf_counter()
    from frs_pipeline.release.outgoing import publish
    from frs_pipeline.report.public.proof import proved
    from frs_pipeline.report.public_titles import public_titles
    from frs_pipeline.store.journal import operating_system_user
    from frs_pipeline.study.release import release_policy
    from frs_pipeline.study.tables import catalogue

    tables = catalogue(results.study)
    with Progress("Releasing", as_json=as_json) as progress:
        published = publish(
            results.store,
            tables if found is None else {number: tables[number] for number in found.request.tables},
            release_policy(results.study),
            who=who or operating_system_user(),
            purpose=purpose,
            pages=partial(proved, results.study, tell=public_titles),
            approved=found,
            step=lambda what: progress.step(7, what),
        )
    listed = _register(results.store.settings)
    if as_json:
        print_json(_counts(published))
    else:
        _report(published, results.store.delivery, time.perf_counter() - started)
        say(f"  Register        {listed}")


def _register(settings: Settings) -> Path:
    from frs_pipeline.release.registered import write_register
    from frs_pipeline.report.public.register import page

    return write_register(settings, partial(page, settings.study))


def _tell_request(made: Request) -> None:
    """Print what somebody asked for, as whoever signs it has to know it."""
    for label, text in (
        ("Request", f"{made.id}, by {made.author} at {made.requested}, good until {made.expires}"),
        ("Delivery", made.delivery),
        ("Tables", ranges(made.tables)),
        ("Purpose", made.purpose),
        ("Results", made.root),
        ("Policy", made.policy),
    ):
        say(f"  {label:<16}{text}")


def _counts(published: Published) -> dict[str, object]:
    made = published.release
    return {
        "folder": str(published.folder),
        "released": [variant.table.number for variant in made.released],
        "withheld": {w.table.number: w.reason for w in made.withheld},
        "collapsed": [variant.table.number for variant in made.released if variant.collapsed],
        "all_or_nothing": [{"table": number, "row": row} for number, row in made.flagged],
        "small_counts": made.small,
        "hidden_small": made.primary,
        "hidden_with_them": made.hidden - made.primary,
        "less_precise": list(made.coarser),
        "attacked": made.attack.looked_at,
        "narrowest": made.attack.narrowest,
        "told_before": [{"table": number.table, "place": number.labels} for number in made.attack.exposed if number.before],
        "journal": {"entry": published.entry, "hash": published.hash},
    }


def _report(published: Published, delivery: str, seconds: float) -> None:
    made = published.release
    collapsed = [variant.table.number for variant in made.released if variant.collapsed]
    every = len(made.released) + len(made.withheld)
    say(f"Delivery {delivery}: {len(made.released)} of {every} tables released in {seconds:.0f} s.")
    say("")
    small = plural(made.primary, "small count is", "small counts are")
    lines = [
        ("Small counts", f"{made.small} in the tables as the report has them"),
        (
            "Merged answers",
            f"in {plural(len(collapsed), 'table')}{_listed(collapsed)}; {small} left",
        ),
        (
            "Hidden",
            f"{plural(made.hidden, 'count')}: {made.primary} for themselves, "
            f"{made.hidden - made.primary} so that nobody works those out",
        ),
        ("Statistics", f"less precise or left out in {plural(len(made.coarser), 'table')}{_listed(made.coarser)}"),
        ("Withheld", plural(len(made.withheld), "table")),
        ("Attack", _attack(published)),
    ]
    for label, text in lines:
        say(f"  {label:<16}{text}")
    for withheld in made.withheld:
        say(f"    table {withheld.table.number}: {withheld.reason}")
    for number, row in made.flagged:
        say(f"    look at table {number}: all forms of '{row}' gave the same answer")
    for exposed in (e for e in made.attack.exposed if e.before):
        place = " · ".join(filter(None, exposed.labels))
        say(f"    table {exposed.table}, {place}: earlier releases reveal it already; nothing can call that back")
    say("")
    say(f"  Files           {published.folder}")
    say(f"  To read         {published.folder / 'report' / 'index.html'}")
    say(f"  Journal         entry {published.entry}, {published.hash}")


def _attack(published: Published) -> str:
    result = published.release.attack
    narrowest = (
        f"the narrowest range of a hidden count is {plural(result.narrowest, 'form')}"
        if result.narrowest is not None
        else "nothing is hidden"
    )
    return f"{plural(result.looked_at, 'number')} examined, {len(result.new)} exposed; {narrowest}"


def _listed(numbers: object) -> str:
    listed = list(numbers)  # type: ignore[call-overload]
    return f" ({', '.join(map(str, listed))})" if listed else ""
