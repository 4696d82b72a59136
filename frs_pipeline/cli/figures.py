"""Commands that show figures: tables, comparison with the report, differences between deliveries."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from frs_pipeline.cli.grids import print_grid
from frs_pipeline.cli.root import FIGURES, AsJson, Delivery, Results, Speech, app, bases, keying, speech
from frs_pipeline.cli.terminal import print_json, say
from frs_pipeline.errors import UsageError
from frs_pipeline.language import Language, Text, plural
from frs_pipeline.study import Study
from frs_pipeline.study.about import about, written

if TYPE_CHECKING:
    from frs_pipeline.lineage.differences import Differences
    from frs_pipeline.tables.figures import Figure
    from frs_pipeline.tables.keying import KeyedTwice


@app.command(rich_help_panel=FIGURES)
def tables(
    numbers: Annotated[list[int] | None, typer.Argument(metavar="N", help="Table numbers; default: all.")] = None,
    delivery: Delivery = None,
    language: Speech = None,
    as_json: AsJson = False,
) -> None:
    """Print tables as the report prints them, in the first language of the study unless another is named."""
    from frs_pipeline.study.printed import printed_from
    from frs_pipeline.study.tables import catalogue
    from frs_pipeline.tables.figures import from_table
    from frs_pipeline.tables.render import render

    results = Results(delivery, together=True)
    unknown = next((n for n in numbers or () if n not in catalogue(results.study)), None)
    if unknown is not None:
        raise UsageError("no such table", where=str(unknown), do=f"tables run from 1 to {max(catalogue(results.study))}")
    chosen = numbers or sorted(catalogue(results.study))
    read = {number: from_table(results.read(("statistics", f"table_{number:02d}"))) for number in chosen}
    of_tables, keyed = bases(results), keying(results)
    printed = printed_from(results.study, results.store.delivery)
    if not as_json:
        _print_tables(results.study, read, of_tables, keyed, speech(language, about(results.study).language), printed=printed)
        return
    grids = {number: render(results.study, catalogue(results.study)[number], figures) for number, figures in read.items()}
    print_json(
        [
            {
                "caption": g.caption,
                "header": g.header,
                "rows": g.rows,
                "base": of_tables.get(number),
                "note": asdict(note) if (note := catalogue(results.study)[number].noted(printed=printed)) else None,
                **({"keying": asdict(keyed[number])} if number in keyed else {}),
            }
            for number, g in grids.items()
        ]
    )


def _print_tables(
    study: Study,
    read: dict[int, list[Figure]],
    of_tables: dict[int, list[dict[str, Any]]],
    keyed: dict[int, KeyedTwice],
    language: Language,
    *,
    printed: bool,
) -> None:
    """Print tables, each with its base and its notes below, `printed` ones where the report was printed from these forms."""
    from frs_pipeline.printed.notation import in_points
    from frs_pipeline.report.in_lines import in_lines
    from frs_pipeline.study.tables import catalogue
    from frs_pipeline.tables.keying import about_keying
    from frs_pipeline.tables.render import base_line

    for number, figures in read.items():
        table = catalogue(study)[number]
        grid = in_lines(study, table, figures, language)
        base = base_line(study, table, of_tables[number], language) if number in of_tables else None
        note = table.noted(printed=printed)
        mistyped = about_keying(study, keyed[number]).in_language(language) if number in keyed else None
        below = (
            base,
            note and note.in_language(language),
            mistyped and (in_points(mistyped) if language == "english" else mistyped),
        )
        print_grid(grid.caption, grid.header, grid.rows, "\n".join(line for line in below if line))


@app.command(rich_help_panel=FIGURES)
def compare(delivery: Delivery = None, language: Speech = None, as_json: AsJson = False) -> None:
    """Compare recomputed with printed figures, one by one; ends with 1 when a figure differs."""
    from frs_pipeline.printed.compare import DIFFERS, summary
    from frs_pipeline.study.printed import not_printed_from, printed_from

    results = Results(delivery, together=True)
    rows = results.read(("statistics", "compare"))
    listed = rows.to_pylist()
    counted = summary(rows)
    remark = None
    if not printed_from(results.study, results.store.delivery):
        older = results.store.predecessor()
        remark = not_printed_from(results.study, results.store.delivery, older.delivery if older else None)
    if as_json:
        print_json({"summary": counted, "figures": listed, **({"remark": remark} if remark else {})})
    elif remark:
        say(remark)
    else:
        _print_compared(results.study, listed, counted, speech(language))
    if counted[DIFFERS]:
        raise typer.Exit(1)


def _print_compared(study: Study, listed: list[dict[str, Any]], counted: dict[str, int], language: Language) -> None:
    """Print how many figures of each kind have which verdict, then each one that isn't equal."""
    from frs_pipeline.cli.words import VERDICTS
    from frs_pipeline.printed.compare import EQUAL
    from frs_pipeline.report.english import as_read
    from frs_pipeline.tables.render import numbered

    verdicts = {verdict: VERDICTS[verdict].in_language(language) for verdict in counted}
    lines = [
        [measure, *(str(sum((r["measure"], r["verdict"]) == (measure, v) for r in listed)) for v in counted)]
        for measure in dict.fromkeys(row["measure"] for row in listed)
    ]
    every = Text("alle", "all").in_language(language)
    title = Text("Trykte tal", "Printed figures").in_language(language)
    print_grid(title, ("", *verdicts.values()), [*lines, [every, *map(str, counted.values())]])
    for row in (r for r in listed if r["verdict"] != EQUAL):
        place = " · ".join(str(row[k]) for k in ("row", "column", "group", "measure") if row[k])
        why = as_read(study, Text(row["reason_danish"] or "", row["reason"] or "")).in_language(language)
        values = as_read(study, Text(*[f"{row['printed_published']} → {row['printed_recomputed']}"] * 2)).in_language(language)
        verdict = f"{verdicts[row['verdict']]}{f' — {why}' if why else ''}"
        say(f"{numbered(study, row['table'], language)}  {place}: {values}  {verdict}")


@app.command(rich_help_panel=FIGURES)
def diff(
    older: Annotated[str, typer.Argument(metavar="OLDER", help="The older delivery, by its date.")],
    newer: Annotated[str, typer.Argument(metavar="NEWER", help="The newer one.")],
    as_json: AsJson = False,
) -> None:
    """Show every figure that differs between two deliveries, and how much of it comes from what."""
    from frs_pipeline.lineage.differences import differences

    a, b = Results(older), Results(newer)
    # The older one may have been made by older code, which is one of the things to report; the newer one is today's.
    b.read(("statistics", "figures"))
    compared = differences(a.store, b.store)
    if as_json:
        print_json(
            {
                "forms": compared.forms,
                "tables": {"changed definition": compared.definitions, "changed code": compared.code},
                "compared": compared.compared,
                "changes": [
                    {
                        **change.address._asdict(),
                        "older": change.older and {"value": change.older.value, "printed": change.older.printed},
                        "newer": change.newer and {"value": change.newer.value, "printed": change.newer.printed},
                        "causes": change.causes,
                        "moved": change.moved,
                    }
                    for change in compared.changes
                ],
            }
        )
        return
    _print_differences(b.study, compared, older, newer)


def _print_differences(study: Study, compared: Differences, older: str, newer: str) -> None:
    """Print how the forms of two deliveries differ, what was made differently, and each figure that differs."""
    print_grid(
        f"Forms of {newer} beside {older}",
        ("questionnaire", *next(iter(compared.forms.values()), {})),
        [[name, *map(str, counts.values())] for name, counts in compared.forms.items()],
    )
    for what, numbers in (("definition", compared.definitions), ("code", compared.code)):
        if numbers:
            first = ", ".join(map(str, numbers[:10])) + " …" * (len(numbers) > 10)
            say(f"Made by another {what}: {plural(len(numbers), 'table')} ({first})")
    lines = []
    for change in compared.changes:
        number, *place = change.address
        texts = [written(study, figure.printed) if figure else "–" for figure in (change.older, change.newer)]
        causes = [cause + (f" {_signed(change.moved[cause])}" if cause in change.moved else "") for cause in change.causes]
        lines.append([str(number), " · ".join(filter(None, place)), *texts, ", ".join(causes)])
    if lines:
        print_grid("Figures that differ", ("table", "figure", older, newer, "from"), lines)
    by_cause = Counter(cause for change in compared.changes for cause in change.causes)
    summed = ", ".join(f"{number} by {cause}" for cause, number in by_cause.items())
    say(f"{len(compared.changes)} of {compared.compared} figures differ{f': {summed}' if summed else ''}.")


def _signed(moved: float) -> str:
    """Write by how much a figure moved: a number of forms whole, anything else to three digits."""
    return f"{moved:+.0f}" if moved == int(moved) else f"{moved:+.3g}"
