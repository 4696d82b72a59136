"""Commands from figures to forms and back: the passport of a figure, and the way of a form."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from frs_pipeline.cli.root import FORMS, AsJson, Delivery, Results, Speech, app, installation, speech
from frs_pipeline.cli.terminal import print_json, say
from frs_pipeline.errors import CheckFailed, InputError, UsageError
from frs_pipeline.language import Language

if TYPE_CHECKING:
    from frs_pipeline.lineage.asking import Asking
    from frs_pipeline.lineage.form import Opened
    from frs_pipeline.lineage.passport import Passport
    from frs_pipeline.store.files import MartFile
    from frs_pipeline.study import Study
    from frs_pipeline.study.tables import Address

# The most forms that nearly count to list for each condition that they fail.
_NEAR = 20


@app.command(rich_help_panel=FORMS)
def trace(
    table: Annotated[int, typer.Argument(metavar="TABLE", help="Number of the table.")],
    row: Annotated[str | None, typer.Option("--row", metavar="R", help="Label of the row; Total for the sum.")] = None,
    column: Annotated[str | None, typer.Option("--column", metavar="C", help="Label of the column.")] = None,
    group: Annotated[str | None, typer.Option("--group", metavar="G", help="Role, in tables by role.")] = None,
    measure: Annotated[
        str | None, typer.Option("--measure", metavar="M", help="count, row_percent, gamma …; default: the count, or gamma.")
    ] = None,
    forms: Annotated[bool, typer.Option("--forms", help="List the ids of the forms behind it.")] = False,
    sql: Annotated[bool, typer.Option("--sql", help="Print the query that counts it again.")] = False,
    interval: Annotated[bool, typer.Option("--interval", help="With --sql: the query of its interval.")] = False,
    against: Annotated[
        str | None,
        typer.Option("--against", metavar="O", help="With --sql: the query of its difference from group, row or table O."),
    ] = None,
    delivery: Delivery = None,
    language: Speech = None,
    as_json: AsJson = False,
) -> None:
    """Print the passport of one figure: what it counts, which forms it rests on, which it leaves out and why."""
    from frs_pipeline.lineage.addresses import address as find
    from frs_pipeline.study.countable import CONFERENCE
    from frs_pipeline.study.tables import catalogue

    settings = installation()
    address = find(settings.study, table, row, column, group, measure)
    if sql and forms:
        raise UsageError("--sql and --forms are two answers", do="ask for one at a time")
    if (against or interval) and not sql:
        where = "--against" if against else "--interval"
        raise UsageError("says which query is meant", where=where, do="add --sql, or leave it out")
    if against and interval:
        raise UsageError("--interval and --against are two queries", do="ask for one at a time")
    if forms and CONFERENCE in catalogue(settings.study)[table].marts:
        do = "look at it without --forms, or ask for --sql"
        raise UsageError("counts conferences, behind which no forms are listed", where=f"table {table}", do=do)
    if sql:
        query = _of_interval(delivery, address, against) if against or interval else _of_figure(settings.study, delivery, address)
        if as_json:
            print_json({"address": address._asdict(), **({"against": against} if against else {}), "sql": query})
        else:
            say(query)
        return
    from frs_pipeline.lineage.passport import Passports

    passports = Passports(settings.study, _finished(delivery, together=True).store)
    made = passports.of(address)
    if forms:
        _forms(passports.asking, made, speech(language), as_json)
    elif as_json:
        print_json(made.as_json())
    else:
        from frs_pipeline.cli.passport_page import show

        show(settings.study, made, speech(language))
    failed = [check.name for check in made.checks if not (check.passed or check.warns)]
    if failed:
        raise CheckFailed(f"not every check passed: {', '.join(failed)}", where=f"table {table}", do="look at the passport")


def _of_figure(study: Study, delivery: str | None, address: Address) -> str:
    from frs_pipeline.lineage.meaning import meanings
    from frs_pipeline.lineage.recount import recount
    from frs_pipeline.study.tables import catalogue

    definition = catalogue(study)[address.table]
    files = _files(Results(delivery, together=True), definition.marts) if delivery else {}
    return recount(study, definition, address, meanings(study)[address], files)


def _of_interval(delivery: str | None, address: Address, against: str | None) -> str:
    """Write the query of an interval, or of a difference; how many clusters there are, and so Student's t, results know only."""
    from frs_pipeline.lineage.evidence import Evidence
    from frs_pipeline.lineage.recount_spread import asked_in, other_side, recount_spread
    from frs_pipeline.lineage.spread import difference
    from frs_pipeline.study.tables import Address, catalogue
    from frs_pipeline.tables.methods import REASONS

    results, other = Results(delivery, together=True), ""
    store = results.store
    results.file(("statistics", "intervals"))
    evidence = Evidence(store)
    row = evidence.intervals.get(address)
    if against:
        address, other = difference(evidence, address, against)
        row = next(row for row in evidence.differences[address] if (Address.of(row), row["other_group"]) == (address, other))
    where = f"table {address.table}, {address.measure}"
    if row is None:
        raise UsageError("no interval: the figure is no estimate", where=where, do="ask for that of a share, a mean or a gamma")
    sides = (address, *([side] if (side := other_side(store.study, address, other)) else []))
    files = _files(results, tuple(dict.fromkeys(mart for one in sides for mart in catalogue(store.study)[one.table].marts)))
    folder = store.settings.curated("" if files else store.delivery)
    query = None if row["reason"] else recount_spread(store.study, address, other, asked_in(folder), files)
    if query is None:
        why = REASONS[row["reason"]].english if row["reason"] else "no query computes it"
        raise UsageError(f"no interval, because {why}", where=where, do="leave out --interval")
    return query


def _forms(asking: Asking, made: Passport, language: Language, as_json: bool) -> None:
    from frs_pipeline.lineage.listing import counted, near
    from frs_pipeline.lineage.meaning import meanings
    from frs_pipeline.lineage.waterfall import Why
    from frs_pipeline.study.tables import catalogue

    table, chosen = catalogue(asking.study)[made.address.table], meanings(asking.study)[made.address].counted
    listed = counted(asking.evidence, chosen)
    nearly = [(n, near(asking, table, chosen, Why(n.kind, n.about), _NEAR)) for n in made.near]
    if as_json:
        print_json(
            {
                "address": made.address._asdict(),
                "printed": made.printed,
                "equation": made.equation,
                "forms": [asdict(form) for form in listed],
                "near": [{**asdict(n), "first": [asdict(form) for form in few]} for n, few in nearly],
            }
        )
    else:
        from frs_pipeline.cli.passport_page import show_forms

        show_forms(asking.study, made, listed, [(n.why, n.forms, few) for n, few in nearly], language)
    if len(listed) != made.forms:
        raise CheckFailed(f"{len(listed)} forms are listed, but {made.forms} counted", where=f"table {table.number}")


@app.command(rich_help_panel=FORMS)
def form(
    form: Annotated[str, typer.Argument(metavar="FORM", help="Id of a form, such as DF-38294991.")],
    restricted: Annotated[
        bool,
        typer.Option("--restricted", help="Show what was keyed; needs --reason, and is noted in the access journal."),
    ] = False,
    reason: Annotated[str | None, typer.Option("--reason", metavar="WHY", help="Why it has to be seen.")] = None,
    delivery: Delivery = None,
    as_json: AsJson = False,
) -> None:
    """Follow one form through every layer, up to the tables that count it."""
    if reason and not restricted:
        raise UsageError("nothing is opened without --restricted", where="--reason", do="add --restricted, or leave it out")
    from frs_pipeline.lineage.evidence import Evidence
    from frs_pipeline.lineage.form import opened, ways

    evidence = Evidence(_finished(delivery).store)
    followed = ways(evidence, form)
    inside: list[Opened | None] = [None] * len(followed)
    if restricted:
        from frs_pipeline.codebook.access import traced

        details = {"delivery": evidence.store.delivery, "form": followed[0].form}
        with traced(evidence.store.settings.access_journal, "form opened", reason or "", details) as trace:
            trace.note(details)
            inside = [opened(evidence, way) for way in followed]
    if as_json:
        content: list[dict[str, Any]] = []
        for way, own in zip(followed, inside, strict=True):
            content.append({**asdict(way), **({"opened": asdict(own)} if own else {})})
        print_json(content)
        return
    from frs_pipeline.cli.passport_page import show_way

    for way, own in zip(followed, inside, strict=True):
        show_way(evidence.study, way, own)


def _files(results: Results, marts: tuple[str, ...]) -> dict[str, list[MartFile]]:
    """Return where the forms of several deliveries together are; nothing for a delivery, whose folder holds them."""
    if not results.store.parts():
        return {}
    for mart in marts:
        results.read(("marts", mart))
    return {mart: results.store.marts(mart) for mart in marts}


def _finished(delivery: str | None, *, together: bool = False) -> Results:
    """Return the results of a delivery, all of them up to date: a passport vouches for what it shows."""
    results = Results(delivery, together=together)
    needed = {
        ("statistics", "compare"),
        ("statistics", "intervals"),
        ("statistics", "bounds"),
        ("statistics", "bases"),
        ("expectations",),
        ("noted",),
    }
    if any(results.lacks(key) for key in sorted(needed & results.store.products.keys())):
        raise InputError("not made yet, or out of date", where=results.store.delivery, do=results.store.refreshed_by)
    return results
