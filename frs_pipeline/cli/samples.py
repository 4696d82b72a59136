"""Commands of those who check by samples: forms that are keyed a second time, and what comes of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from frs_pipeline.cli.figure_samples import FIGURES, FORMS, Replace, Who, draw_figures, record_figures
from frs_pipeline.cli.grids import print_grid
from frs_pipeline.cli.root import COLLECTING, AsJson, Delivery, Results, app
from frs_pipeline.cli.terminal import print_json, say
from frs_pipeline.errors import UsageError
from frs_pipeline.language import plural
from frs_pipeline.stats.printing import spss

if TYPE_CHECKING:
    import pyarrow as pa

    from frs_pipeline.store.files import Store

sample = typer.Typer(help="Samples that people check: draw one, and take what came of it.", no_args_is_help=True)
app.add_typer(sample, name="sample", rich_help_panel=COLLECTING)


class Of(StrEnum):
    """What a sample is of."""

    FORMS = "forms"
    FIGURES = "figures"


What = Annotated[Of, typer.Option("--of", help="What is drawn.")]
# Not required by the parser, because an attempt without a reason is worth an entry in the journal.
Reason = Annotated[str, typer.Option("--reason", metavar="WHY", help="Why; it stands in the journal.")]
Seed = Annotated[int, typer.Option("--seed", metavar="S", min=0, help="The same seed draws the same sample.")]
Forms = Annotated[
    int | None,
    typer.Option("--forms", metavar="N", min=1, help="How many forms; a tenth by default, or of figures 4 behind each."),
]


Figures = Annotated[
    int | None, typer.Option("--figures", metavar="N", min=1, max=1000, help="How many figures, of figures only; default: 25.")
]


@sample.command()
def draw(
    of: What, seed: Seed, figures: Figures = None, forms: Forms = None, reason: Reason = "", delivery: Delivery = None
) -> None:
    """Draw a sample by a seed, and write the worksheet of those who check it."""
    if of is Of.FIGURES:
        draw_figures(seed, figures or FIGURES, forms or FORMS, reason, delivery)
        return
    if figures:
        raise UsageError("is for a sample of figures", where="--figures", do="say --of figures, or leave it out")
    _draw_forms(Results(delivery).store, seed, forms, reason)


def _draw_forms(store: Store, seed: int, number: int | None, reason: str) -> None:
    from frs_pipeline.collection.keyer_numbers import numbered
    from frs_pipeline.collection.sampling import draw_forms

    drawn = draw_forms(store, seed, number, reason)
    numbers = numbered(store, (stratum.keyer for stratum in drawn.strata))
    rows = sorted([s.instrument, numbers[s.keyer], str(share), str(of)] for s, (share, of) in drawn.strata.items())
    print_grid(
        f"{plural(drawn.forms, 'form')} of {drawn.of} drawn with seed {seed}", ("questionnaire", "keyer", "drawn", "of"), rows
    )
    say(f"Worksheet: {drawn.path}")


@sample.command()
def compare(reason: Reason = "", delivery: Delivery = None, as_json: AsJson = False) -> None:
    """Compare what was keyed twice, and list the cells that differ for whoever looks at the papers."""
    from frs_pipeline.collection.adjudication import list_open
    from frs_pipeline.collection.second_keying import left_out
    from frs_pipeline.store.plan import KEYED, KEYERS, KEYING

    results = _keyed(delivery)
    cells, keyers, questions = (results.read(key) for key in (KEYED, KEYERS, KEYING))
    listed = list_open(results.store, cells, reason)
    missing, left = _not_keyed(results.store, cells), left_out(cells)
    by_keyer = _anonymous(results, keyers)
    if as_json:
        open_ones = {"open": listed.cells, "not_keyed_again": missing, "not_compared": left}
        print_json({**open_ones, "keyers": by_keyer, "questions": questions.to_pylist()})
        return
    said = [
        [row["keyer"], row["instrument"] or "all", *_measures(row), "stands out" if row["stands_out"] else ""]
        for row in by_keyer
        if row["question"] is None
    ]
    out = "Who stands out has more wrong cells than the others, adjusted for all keyers (q < .05)."
    print_grid("By who keyed the forms first", ("keyer", "questionnaire", *_HEADER, ""), said, f"{_UNDER} {out}")
    asked = [[row["instrument"], row["question"] or "all", *_measures(row), *_kappa(row)] for row in questions.to_pylist()]
    print_grid("By question, of counted forms", ("questionnaire", "question", *_HEADER, "kappa", "from–to"), asked, _UNDER)
    for why, number in left.items():
        say(f"  {number:>5} not compared: {why}")
    say(f"  {missing:>5} drawn, and not keyed again yet")
    say(f"{plural(listed.cells, 'cell')} to look up: {listed.path}")


_HEADER = ("forms", "cells", "differ", "open", "% wrong", "from–to", "% agree", "from–to")
_UNDER = "95% intervals; cells of a form aren't independent. Open cells count as right at the lower end, as wrong at the upper."


@sample.command()
def adjudicate(
    sheet: Annotated[Path, typer.Argument(metavar="SHEET.CSV", help="The worksheet of frs sample compare, filled in.")],
    reason: Reason = "",
    delivery: Delivery = None,
    as_json: AsJson = False,
) -> None:
    """Take what somebody other than the two keyers found on the papers; the next run corrects the forms by it."""
    from frs_pipeline.collection.adjudication import take
    from frs_pipeline.store.plan import KEYED

    results = _keyed(delivery)
    taken = take(results.store, results.read(KEYED), sheet, reason)
    if as_json:
        print_json({"decided": taken.decided, "first_wrong": taken.wrong, "open": taken.left})
        return
    say(f"{plural(taken.decided, 'cell')} decided, in {taken.wrong} of them the first keying was wrong; {taken.left} still open.")
    say(f"{results.store.refreshed_by} corrects the forms.")


@sample.command()
def keyers(
    names: Annotated[bool, typer.Option("--names", help="Write who they are into a restricted file; needs --reason.")] = False,
    reason: Reason = "",
    delivery: Delivery = None,
    as_json: AsJson = False,
) -> None:
    """Count the faults of each keyer's forms by rule, with intervals. Keyers have numbers here, not names."""
    from frs_pipeline.collection.keyers import name_keyers
    from frs_pipeline.store.plan import FAULTS

    results = _keyed(delivery)
    found = results.read(FAULTS)
    path = name_keyers(results.store, _everybody(results), reason) if names else None
    rows = _anonymous(results, found)
    if as_json:
        print_json(rows)
        return
    lines = [
        [
            *(row["instrument"], row["rule"] or "any", row["keyer"], str(row["forms"]), str(row["faults"])),
            *(_number(row["percent"]), _range(row["low"], row["high"]), "stands out" if row["stands_out"] else ""),
        ]
        for row in rows
    ]
    header = ("questionnaire", "rule", "keyer", "forms", "faults", "%", "from–to", "")
    under = "95% intervals (Wilson). Who stands out has more than the others: Fisher's exact test, adjusted for all (q < .05)."
    print_grid("Forms that broke a rule, by who keyed them", header, lines, under)
    if path is not None:
        say(f"Who they are: {path}")


def _keyed(delivery: str | None) -> Results:
    """Return the results of a delivery. Raises `UsageError` in a study that names no keyers."""
    from frs_pipeline.collection.sampling import require_keyers

    results = Results(delivery)
    require_keyers(results.store)
    return results


def _not_keyed(store: Store, cells: pa.Table) -> int:
    from frs_pipeline.collection.sampling import drawn
    from frs_pipeline.collection.second_keying import NOT_AGAIN

    again = {row["form_id"] for row in cells.select(["form_id", "left"]).to_pylist() if row["left"] != NOT_AGAIN}
    return len(drawn(store) - again)


def _everybody(results: Results) -> set[str]:
    """Return all who keyed a form of the delivery, first or again."""
    from frs_pipeline.store.files import read
    from frs_pipeline.store.plan import FAULTS, KEYED

    # Only names are taken, so it doesn't matter whether a sample was drawn since the files were made.
    of = {FAULTS: ["keyer"], KEYED: ["first_keyer", "second_keyer"]}
    tables = [read(path, columns) for key, columns in of.items() if (path := results.store.file(*key)).exists()]
    return {name for table in tables for column in table.columns for name in column.to_pylist()}


def _anonymous(results: Results, table: pa.Table) -> list[dict[str, Any]]:
    """Return rows with numbers in the place of keyers, and by them: an order of names would tell who is who."""
    from frs_pipeline.collection.keyer_numbers import numbered

    numbers = numbered(results.store, {*_everybody(results), *table["keyer"].to_pylist()})
    places, rows = {name: at for at, name in enumerate(numbers)}, table.to_pylist()
    rules = list(dict.fromkeys((row["instrument"], row["rule"]) for row in rows)) if "rule" in table.schema.names else []
    of_rule = {rule: at for at, rule in enumerate(rules)}
    rows.sort(key=lambda row: (of_rule.get((row["instrument"], row.get("rule")), 0), places[row["keyer"]]))
    return [{**row, "keyer": numbers[row["keyer"]]} for row in rows]


def _measures(row: Mapping[str, Any]) -> Sequence[str]:
    counts = (str(row[name]) for name in ("forms", "cells", "differing", "undecided"))
    wrong = (_number(row["wrong_percent"]), _range(row["wrong_low"], row["wrong_high"]))
    agree = (_number(row["agreement_percent"]), _range(row["agreement_low"], row["agreement_high"]))
    return (*counts, *wrong, *agree)


def _kappa(row: Mapping[str, Any]) -> Sequence[str]:
    return _number(row["kappa"], 3), _range(row["kappa_low"], row["kappa_high"], 3)


def _number(value: float | None, places: int = 1) -> str:
    return "" if value is None else spss(value, places, leading_zero=True).replace(",", ".")


def _range(low: float | None, high: float | None, places: int = 1) -> str:
    return "" if low is None or high is None else f"{_number(low, places)}–{_number(high, places)}"


@sample.command()
def record(
    sheet: Annotated[Path, typer.Argument(metavar="SHEET", help="The worksheet of figures, with a result in each line.")],
    who: Who = "",
    replace: Replace = False,
    delivery: Delivery = None,
) -> None:
    """Take what came of a sample of figures; the next run states it in the report."""
    record_figures(sheet, who, delivery, replace=replace)
