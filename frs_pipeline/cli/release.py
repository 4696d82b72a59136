"""The command of those who publish: tables that reveal nobody."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer

from frs_pipeline.cli.root import PEOPLE, AsJson, Delivery, Results, app
from frs_pipeline.cli.terminal import Progress, print_json, say
from frs_pipeline.errors import CheckFailed, InputError
from frs_pipeline.language import plural
from frs_pipeline.study.instruments import instruments

if TYPE_CHECKING:
    from frs_pipeline.release.outgoing import Published


@app.command(rich_help_panel=PEOPLE)
def release(
    purpose: Annotated[str, typer.Option("--purpose", metavar="WHY", help="What the release is for; it stands in the journal.")],
    delivery: Delivery = None,
    who: Annotated[
        str | None, typer.Option("--who", metavar="WHO", help="Who decided it; default: the user of this machine.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make the tables that may be published (takes a minute or more)."""
    started = time.perf_counter()
    from functools import partial

    from frs_pipeline.release.outgoing import publish
    from frs_pipeline.report.public.proof import proved
    from frs_pipeline.store.journal import operating_system_user
    from frs_pipeline.study.release import release_policy
    from frs_pipeline.study.tables import catalogue

    results = Results(delivery, together=True)
    # The page of the release says whether the forms are made up, as the description does.
    needed = (("validated", "description"), *(("marts", name) for name in instruments(results.study)))
    for key in (key for key in needed if key in results.store.products):
        if not results.store.file(*key).exists():
            raise InputError("not made yet", where=results.store.file(*key), do=results.store.refreshed_by)
        if results.lacks(key):
            raise CheckFailed("out of date", where=results.store.file(*key), do=results.store.refreshed_by)
    with Progress("Releasing", as_json=as_json) as progress:
        published = publish(
            results.store,
            catalogue(results.study),
            release_policy(results.study),
            who=who or operating_system_user(),
            purpose=purpose,
            pages=partial(proved, results.study),
            step=lambda what: progress.step(7, what),
        )
    if as_json:
        print_json(_counts(published))
    else:
        _report(published, results.store.delivery, time.perf_counter() - started)


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
