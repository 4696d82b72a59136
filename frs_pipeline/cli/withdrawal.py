"""Commands about what forms do to figures: what would change, and a family's withdrawal."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from frs_pipeline.cli.grids import print_grid
from frs_pipeline.cli.root import FORMS, PEOPLE, AsJson, Delivery, Results, app
from frs_pipeline.cli.terminal import Progress, print_json, say
from frs_pipeline.errors import UsageError
from frs_pipeline.language import plural
from frs_pipeline.study import Study
from frs_pipeline.study.about import about, written

if TYPE_CHECKING:
    from frs_pipeline.lineage.impact import Moved, ResultAddress
    from frs_pipeline.withdrawal.effects import Effects
    from frs_pipeline.withdrawal.withdrawing import Prepared


@app.command(rich_help_panel=FORMS)
def impact(
    forms: Annotated[list[str] | None, typer.Argument(metavar="FORM", help="Forms to leave out, by id.")] = None,
    rule: Annotated[str | None, typer.Option(metavar="RULE", help="Instead: count the forms that only it sets aside.")] = None,
    question: Annotated[str | None, typer.Option(metavar="QUESTION", help="Instead: all figures that depend on it.")] = None,
    delivery: Delivery = None,
    as_json: AsJson = False,
) -> None:
    """Show every figure that would change if forms were left out (or counted), from what to what; nothing is written."""
    if sum(map(bool, (forms, rule, question))) != 1:
        raise UsageError("one thing is needed", where="impact", do="name forms, or one of --rule and --question")
    results = Results(delivery)
    for key in (("statistics", "figures"), ("statistics", "item_nonresponse"), ("quarantine",)):
        results.read(key)
    if question is not None:
        _resting(results, question, as_json)
        return
    from frs_pipeline.lineage.impact import impact as moving
    from frs_pipeline.withdrawal.supposing import counting, leaving_out

    change, named = counting(results.store, rule) if rule is not None else leaving_out(results.store, forms or [])
    moved = moving(results.store, change)
    if as_json:
        print_json({"forms": named, "moved": _as_json(moved)})
        return
    for form, what in named.items():
        say(f"{form}: {what}")
    _print_moved(results.study, moved)


def _resting(results: Results, question: str, as_json: bool) -> None:
    from frs_pipeline.lineage.impact import resting_on
    from frs_pipeline.study.countable import countable

    names = {name for mart in countable(results.study).values() for q in mart.questions for name in (q.name, q.of)}
    if question not in names:
        import difflib

        near = difflib.get_close_matches(question, sorted(names), n=3, cutoff=0.4)
        do = f"did you mean {' or '.join(near)}?" if near else "docs/data-dictionary.md lists them"
        raise UsageError("no such question", where=question, do=do)
    resting = list(resting_on(results.store, question))
    if as_json:
        print_json([{**place._asdict(), "value": value.value, "printed": value.printed} for place, value in resting])
        return
    say(f"{plural(len(resting), 'figure depends', 'figures depend')} on the answers to {question}.\n")
    for source in dict.fromkeys(place.source for place, _ in resting):
        mine = ((place, written(results.study, value.printed)) for place, value in resting if place.source == source)
        rows = [(_label(place), place.measure, printed) for place, printed in mine]
        print_grid(_title(results.study, source), ("figure", "measure", "now"), rows)


@app.command(rich_help_panel=PEOPLE)
def withdraw(
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="CONFERENCE|FORM",
            help="Form ids, or a conference by its pseudonym (a number stays in the shell's history).",
        ),
    ],
    reason: Annotated[str, typer.Option(metavar="WHY", help="Why; it is kept with the withdrawal.")],
    who: Annotated[str | None, typer.Option(metavar="WHO", help="Who says so; default: the user of this machine.")] = None,
    delivery: Delivery = None,
    erase: Annotated[bool, typer.Option("--erase", help="Also erase them from all that was made of every delivery.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what it would change.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Withdraw forms, or all of a conference, for a family: from the next run on. Says first what that changes."""
    if erase and delivery is not None:
        raise UsageError("an erasure is about all deliveries", where="--delivery", do="leave it out")
    if as_json and not (dry_run or yes):
        raise UsageError("a program can't be asked", where="--json", do="add --dry-run or --yes")
    from frs_pipeline.store.journal import operating_system_user
    from frs_pipeline.withdrawal.withdrawing import carry_out, prepare

    store = Results(delivery).store
    prepared = prepare(store, names, reason, who or operating_system_user(), everywhere=erase)
    if as_json:
        print_json(_prepared_as_json(prepared))
    else:
        _print_prepared(store.study, prepared, erase)
    if dry_run:
        return
    if not (yes or _confirmed(erase)):
        say("Nothing was changed.")
        raise typer.Exit(1)
    with Progress("Making again", as_json=as_json) as progress:
        removed = carry_out(store.settings, prepared, erasing=erase, told=progress.at)
    if as_json:
        return
    for path in removed:
        say(f"Removed {_shown(path)}")
    if erase:
        say("Withdrawn and erased. The exports under data/raw still hold the forms, and no run will read them in.")
    else:
        say(f"Withdrawn by a line in {store.raw('withdrawals.csv')}: {store.refreshed_by} leaves the forms out.")


def _confirmed(erase: bool) -> bool:
    try:
        return typer.confirm("Withdraw and erase?" if erase else "Withdraw?")
    except typer.Abort:
        say("")
        return False


def _print_prepared(study: Study, prepared: Prepared, erase: bool) -> None:
    request = prepared.request
    what = about(study).conference
    conferences = plural(len(request.conferences), what.one.english, what.many.english)
    named = [*request.forms, *([conferences] if request.numbered else request.conferences)]
    say(f"To be withdrawn: {', '.join(named)}")
    if prepared.again:
        say(f"  of these keyed again, the same paper: {', '.join(prepared.again)}")
    for name, part in prepared.parts.items():
        say(f"\nDelivery {name}")
        if not part.new.entries:
            say("  Everything of it is withdrawn there.")
        elif name in prepared.reports:
            _print_report(study, prepared.reports[name])
        else:
            say("  Its results aren't up to date: what changes there isn't known.")
    if erase:
        say("\nWill be made again without them: all that was made of " + ", ".join(prepared.parts))
    for path in prepared.leftovers:
        say(f"Will be removed, a copy that holds something of them: {_shown(path)}")
    for path in prepared.sheets:
        say(f"Will lose the lines about them: {_shown(path)}")
    say("")


def _shown(path: Path) -> str:
    """Return a path without the number of a conference, which would stand beside the pseudonym."""
    return str(path.with_name(re.sub(r"^conference-[0-9]+", "conference-…", path.name)))


def _print_report(study: Study, report: Effects) -> None:
    from frs_pipeline.study.release import release_policy

    threshold = release_policy(study).threshold
    forms = ", ".join(f"{number} {mart}" for mart, number in report.counted.items()) or "none"
    say(f"  Forms that count now: {forms}" + (f"; set aside: {report.aside}" if report.aside else "") + "\n")
    _print_moved(study, report.moved)
    small = [[_title(study, m.place.source), _label(m.place), *_both(study, m)] for m in report.below]
    if small:
        caption = f"Counts that fall under {threshold}, the threshold of publication"
        print_grid(caption, ("table", "figure", "now", "without"), small)
    else:
        say(f"No count falls under {threshold}, the threshold of publication.")
    words = [
        [
            _title(study, t.moved.place.source),
            _label(t.moved.place),
            t.moved.place.measure,
            *_both(study, t.moved),
            f"{t.before} → {t.after}",
        ]
        for t in report.turned
    ]
    if words:
        print_grid("Findings that turn", ("table", "figure", "measure", "now", "without", "word"), words)
    else:
        say("No association gets another word, and none becomes or ceases to be significant.")


def _print_moved(study: Study, moved: Sequence[Moved]) -> None:
    """Print figures that are printed differently, one table each; the others are counted."""
    seen = [figure for figure in moved if figure.printed]
    if not moved:
        say("No figure would move.\n")
        return
    more = plural(len(moved) - len(seen), "more moves", "more move")
    say(f"{plural(len(seen), 'figure')} would be printed differently; {more} by less than is printed.\n")
    for source in dict.fromkeys(figure.place.source for figure in seen):
        rows = [(_label(f.place), f.place.measure, *_both(study, f)) for f in seen if f.place.source == source]
        print_grid(_title(study, source), ("figure", "measure", "now", "then"), rows)


def _both(study: Study, figure: Moved) -> tuple[str, str]:
    return written(study, figure.before.printed), written(study, figure.after.printed)


def _label(place: ResultAddress) -> str:
    return " · ".join(label for label in (place.group, place.row, place.column) if label)


def _title(study: Study, source: str) -> str:
    from frs_pipeline.study.tables import catalogue
    from frs_pipeline.tables.render import caption

    if not source.startswith("table_"):
        return {"unit_nonresponse": "Unit non-response", "item_nonresponse": "Item non-response"}[source]
    table = catalogue(study)[int(source.removeprefix("table_"))]
    return caption(study, table, "english")


def _as_json(moved: Sequence[Moved]) -> list[dict[str, Any]]:
    return [
        {
            **figure.place._asdict(),
            "before": figure.before.value,
            "after": figure.after.value,
            "printed_before": figure.before.printed,
            "printed_after": figure.after.printed,
        }
        for figure in moved
    ]


def _prepared_as_json(prepared: Prepared) -> dict[str, Any]:
    request = prepared.request
    return {
        "forms": request.forms,
        "same_papers": prepared.again,
        "conferences": len(request.conferences) if request.numbered else request.conferences,
        "deliveries": {
            name: None
            if name not in prepared.reports
            else {
                "counted": prepared.reports[name].counted,
                "set_aside": prepared.reports[name].aside,
                "moved": _as_json(prepared.reports[name].moved),
                "below_threshold": _as_json(prepared.reports[name].below),
                "turned": [
                    {**_as_json([t.moved])[0], "word_before": t.before, "word_after": t.after}
                    for t in prepared.reports[name].turned
                ],
            }
            for name in prepared.parts
        },
        "leftovers": [_shown(path) for path in prepared.leftovers],
        "sheets": [_shown(path) for path in prepared.sheets],
    }
