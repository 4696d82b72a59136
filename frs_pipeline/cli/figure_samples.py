"""What the commands about samples do with figures: draw some with forms behind them, and take what the papers say."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from frs_pipeline.cli.root import Results
from frs_pipeline.cli.terminal import say
from frs_pipeline.errors import InputError, UsageError
from frs_pipeline.language import plural
from frs_pipeline.personal_numbers import holds_personal_number

if TYPE_CHECKING:
    from frs_pipeline.store.files import Store

# How many figures are drawn, and forms behind each, unless somebody says otherwise.
FIGURES, FORMS = 25, 4

Who = Annotated[str, typer.Option("--who", metavar="WHO", help="Who held the figures against the papers.")]
Replace = Annotated[bool, typer.Option("--replace", help="Correct what was recorded of this sample before.")]


def draw_figures(seed: int, figures: int, forms: int, reason: str, delivery: str | None) -> None:
    """Draw a sample of figures, note that in the access journal, and write its worksheet."""
    from frs_pipeline.codebook.access import traced
    from frs_pipeline.intake.figures_checked import mark_of, refuse_other, sheet_of, write_sheet
    from frs_pipeline.lineage.evidence import Evidence
    from frs_pipeline.lineage.figure_sample import draw
    from frs_pipeline.store.samples import DRAWN, drawn_details

    store = _finished(delivery)
    path = sheet_of(store, seed, figures, forms)
    details = drawn_details(store, "figures", path.name)
    with traced(store.settings.access_journal, DRAWN, reason, details) as trace:
        drawn, lines = draw(Evidence(store), seed, figures, forms)
        refuse_other(store, drawn, lines)
        noted = drawn_details(store, "figures", path.name, mark_of(drawn))
        trace.note({**noted, "lines": len(lines), "forms": len({line.form for line in lines})})
        write_sheet(store, drawn, lines)
    say(f"Delivery {store.delivery}: {plural(figures, 'figure')} and {plural(len(lines), 'line')}, drawn by seed {seed}.")
    say(f"  Worksheet       {path}")
    say("  It leads to forms and says what was keyed: nobody else may read it. Write agrees, differs or not found")
    say(f"  (stemmer, afviger, ikke fundet) into each line's last cell, then: frs sample record {path} --who NAME")


def record_figures(sheet: Path, who: str, delivery: str | None, *, replace: bool) -> None:
    """Take the results of a worksheet, and note that in the access journal."""
    from frs_pipeline.codebook.access import traced
    from frs_pipeline.intake.figures_checked import keep, mark_of, record, summed
    from frs_pipeline.store.samples import RECORDED

    if not who.strip() or holds_personal_number(who):
        raise UsageError("somebody has to answer for it", where="--who", do="say who held the figures against the papers")
    store = Results(delivery).store
    details = {"delivery": store.delivery, "of": "figures", "sheet": sheet.name, "who": who.strip()}
    with traced(store.settings.access_journal, RECORDED, "result of a sample", details) as trace:
        made = record(store, sheet, who=who.strip(), when=dt.datetime.now(dt.UTC).date().isoformat(), replace=replace)
        one = summed(made)
        by_line, by_figure = one.lines, one.figures
        counts = {"agree": by_line.agree, "differ": by_line.differ, "not_found": by_line.not_found}
        trace.note({**details, **counts, "replaced": replace, "recorded": mark_of(made)})
        keep(store, sheet, made)
    missing = f", {by_line.not_found} not found" if by_line.not_found else ""
    say(f"Delivery {store.delivery}: {plural(by_line.compared, 'line')} compared, {by_line.differ} differ{missing}.")
    say(f"  At most {by_line.upper} % of lines and {by_figure.upper} % of figures differ, each with 95 % confidence.")
    say(f"  {plural(by_figure.compared, 'figure')} compared, {by_figure.differ} with a line that differs.")
    say(f"  The report says so after {store.refreshed_by}.")


def _finished(delivery: str | None) -> Store:
    """Return results that a sample may be drawn of: those of a finished run. Raises `InputError`."""
    results = Results(delivery)
    needed = {("statistics", "figures"), ("noted",), *(key for key in results.store.products if key[0] in ("marts", "validated"))}
    if any(results.lacks(key) for key in sorted(needed)):
        raise InputError("not made yet, or out of date", where=results.store.delivery, do=results.store.refreshed_by)
    return results.store
