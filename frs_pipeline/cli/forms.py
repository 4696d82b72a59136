"""Commands about single forms: what was set aside, noted, corrected."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from frs_pipeline.cli.grids import print_grid
from frs_pipeline.cli.root import FORMS, AsJson, Delivery, Results, Speech, app, speech
from frs_pipeline.cli.terminal import print_json, say
from frs_pipeline.cli.words import in_one
from frs_pipeline.errors import UsageError
from frs_pipeline.language import Language, Text, plural

if TYPE_CHECKING:
    from frs_pipeline.intake.applying import Unapplied

Values = Annotated[
    bool,
    typer.Option("--values", help="Show what was keyed, too; needs --reason, and is noted in the access journal."),
]
Reason = Annotated[str | None, typer.Option("--reason", metavar="WHY", help="Why what was keyed has to be seen.")]


@app.command(rich_help_panel=FORMS)
def quarantine(
    delivery: Delivery = None,
    values: Values = False,
    reason: Reason = None,
    language: Speech = None,
    as_json: AsJson = False,
) -> None:
    """Show what was set aside and why: by rule, then form by form; what was only noted; how many forms were withdrawn."""
    from frs_pipeline.intake.applying import unapplied
    from frs_pipeline.intake.delivery import applied_in
    from frs_pipeline.personal_numbers import masked
    from frs_pipeline.study.about import about
    from frs_pipeline.study.instruments import instruments

    results = Results(delivery, finished=False)
    _journal(results, "quarantine opened", values, reason)
    hidden = [] if values else ["value", "row"]
    aside = results.read(("quarantine",)).drop_columns(hidden).to_pylist()
    # Missing when so much was set aside that the run stopped, or when only a part was made.
    unknown = results.lacks(("noted",))
    notes = [] if unknown else results.read(("noted",)).drop_columns(hidden[:1]).to_pylist()
    left = [row for name in instruments(results.study) for row in results.read(("withdrawn", name)).to_pylist()]
    # A delivery that was refreshed before rules were counted has none of it.
    applied = (
        []
        if any(results.lacks(("applied", name)) for name in instruments(results.study))
        else unapplied(applied_in(results.store))
    )
    own = about(results.study).personal_id.within
    for row in (*aside, *notes):
        row.update({name: masked(row[name], own) for name in ("value", "row") if row.get(name)})
    for row in notes:
        row["expires"] = row["expires"] and row["expires"].isoformat()
    if as_json:
        missed = [{**each._asdict(), "why": each.why.english} for each in applied]
        print_json({"set_aside": aside, "noted": None if unknown else notes, "withdrawn": left, "not_applied": missed})
        return
    spoken = speech(language)
    for row in (*aside, *notes):
        row["message"] = in_one(row["message"]).in_language(spoken)
    say(_how_many({(row["instrument"], row["line"]) for row in aside}, None if unknown else notes, left).in_language(spoken))
    _print_quarantine(aside, notes, applied, left, values, spoken)


def _how_many(aside: set[tuple[str, int]], notes: list[dict[str, Any]] | None, left: list[dict[str, Any]]) -> Text:
    """Say how many forms were set aside, how many findings noted (None: not made yet), and how many forms withdrawn."""
    gone = sum(row["forms"] for row in left)
    withdrawn = Text(f", {plural(gone, 'skema', 'skemaer')} trukket tilbage", f", {plural(gone, 'form')} withdrawn")
    noted = Text("anmærkninger er ikke lavet endnu", "what is only noted isn't made yet")
    if notes is not None:
        noted = Text(plural(len(notes), "anmærkning", "anmærkninger"), f"{plural(len(notes), 'finding')} noted")
    danish = f"{plural(len(aside), 'skema', 'skemaer')} sat til side, {noted.danish}{withdrawn.danish * bool(left)}"
    english = f"{plural(len(aside), 'form')} set aside, {noted.english}{withdrawn.english * bool(left)}"
    return Text(
        f"{danish} (docs/rules.md siger, hvad hver regel betyder).\n", f"{english} (docs/rules.md says what each rule means).\n"
    )


def _print_quarantine(
    aside: list[dict[str, Any]],
    notes: list[dict[str, Any]],
    applied: Sequence[Unapplied],
    left: list[dict[str, Any]],
    values: bool,
    language: Language,
) -> None:
    """Print what came of forms, one table for each kind that occurs; what was keyed only with `values`."""
    told = partial(Text.in_language, language=language)
    instrument, rule, why = told(Text("spørgeskema", "questionnaire")), told(Text("regel", "rule")), told(Text("hvorfor", "why"))
    forms, form = told(Text("skemaer", "forms")), told(Text("skema", "form"))
    where, column = told(Text("hvor", "where")), told(Text("kolonne", "column"))
    extra = ("value", "row") if values else ()
    lines = [[r["form_id"], f"{r['file']}:{r['line']}", r["column"], r["rule"], *(r[name] for name in extra)] for r in aside]
    if aside:
        danish = "Sat til side: et skema står under hver regel, det bryder"
        caption = told(Text(danish, "Set aside: a form is listed under each rule that it breaks"))
        print_grid(caption, (instrument, rule, forms, why), _grouped(aside))
        print_grid(told(Text("Skema for skema", "Form by form")), (form, where, column, rule, *extra), lines)
    if notes:
        caption = told(Text("Anmærket: disse skemaer tæller med", "Noted: these forms count"))
        print_grid(caption, (instrument, rule, told(Text("anmærkninger", "findings")), why), _grouped(notes))
    accepted = [
        [r["rule"], r["form_id"] or "", r["column"] or "", r["reason"], r["who"], str(r["expires"])]
        for r in notes
        if r["severity"] == "accepted"
    ]
    if accepted:
        headings = (rule, form, column, told(Text("grund", "reason")), told(Text("hvem", "who")), told(Text("indtil", "until")))
        print_grid(told(Text("Accepteret", "Accepted")), headings, accepted)
    if applied:
        of = told(Text("af", "of"))
        rows = [[one.instrument, one.rule, f"{one.number} {of} {one.total} {one.of}", told(one.why)] for one in applied]
        danish = "Ikke anvendt på alt: disse regler kunne ikke se på alle skemaer"
        caption = told(Text(danish, "Not applied: these rules couldn't look at everything"))
        print_grid(caption, (instrument, rule, told(Text("ikke på", "not to")), why), rows)
    unfit = [
        [f"{r['file']}:{r['line']}", r["form_id"] or "", r["column"] or ""] for r in notes if r["rule"] == "exception_unused"
    ]
    if unfit:
        danish = "Undtagelser, der ikke passer på noget: ret disse linjer, eller tag dem ud"
        caption = told(Text(danish, "Exceptions that fit no finding: correct these lines, or take them out"))
        print_grid(caption, (where, form, column), unfit)
    if left:
        gone = [[row["instrument"], str(row["forms"]), in_one(row["reason"]).in_language(language)] for row in left]
        danish = "Trukket tilbage: intet af disse skemaer er gemt her"
        print_grid(told(Text(danish, "Withdrawn: nothing of these forms is kept here")), (instrument, forms, why), gone)


def _journal(results: Results, event: str, values: bool, reason: str | None) -> None:
    """Note that what was keyed is about to be shown, and why. Raises `UsageError` for a missing or an unneeded reason."""
    if not values:
        if reason:
            raise UsageError("nothing is opened without --values", where="--reason", do="add --values, or leave it out")
        return
    from frs_pipeline.codebook.access import traced

    details = {"delivery": results.store.delivery}
    with traced(results.store.settings.access_journal, event, reason or "", details) as trace:
        trace.note(details)


def _grouped(rows: list[dict[str, Any]]) -> list[list[str]]:
    """Count forms (or findings about no form) by questionnaire, rule and message."""
    places: dict[tuple[str, str, str], set[tuple[str, int]]] = {}
    for at, row in enumerate(rows):
        place = (row["file"], -at if row["line"] is None else row["line"])
        places.setdefault((row["instrument"], row["rule"], row["message"]), set()).add(place)
    return [[instrument, rule, str(len(listed)), message] for (instrument, rule, message), listed in sorted(places.items())]


@app.command(rich_help_panel=FORMS)
def corrections(
    delivery: Delivery = None,
    values: Values = False,
    reason: Reason = None,
    as_json: AsJson = False,
) -> None:
    """Show what was corrected in a delivery, why and by whom, and which tables rest on it."""
    from frs_pipeline.lineage.corrections import resting
    from frs_pipeline.tables.render import numbered

    results = Results(delivery)
    results.read(("statistics", "figures"))
    _journal(results, "corrections opened", values, reason)
    corrected = resting(results.store)
    if as_json:
        fields = ("form", "column", "old", "new", "reason", "who", "when")
        shown = [name for name in fields if values or name not in ("old", "new")]
        print_json(
            [
                {
                    **{name: str(getattr(rests.correction, name)) for name in shown},
                    "counted": rests.counted,
                    # The cell would reveal the answer.
                    "tables": [{"table": cell.table, **({"cell": cell.labels} if values else {})} for cell in rests.cells],
                }
                for rests in corrected
            ]
        )
        return
    if not corrected:
        say("Nothing was corrected in this delivery (there is no corrections.csv, or it is empty).")
    for rests in corrected:
        made = rests.correction
        change = f": {made.old or 'blank'} → {made.new or 'blank'}" if values else ""
        say(f"{made.form} {made.column}{change}  {made.reason} ({made.who}, {made.when})")
        if not rests.counted:
            say("    set aside all the same: see frs quarantine")
        if not values and rests.cells:
            say(f"    {', '.join(numbered(results.study, place.table, 'english') for place in rests.cells)}")
        for place in rests.cells if values else ():
            cell = " · ".join(label for label in place.labels if label) or "left out of the table"
            say(f"    {numbered(results.study, place.table, 'english')}: {cell}")
