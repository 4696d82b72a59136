"""Commands of those who code texts: what is to be read, and how far they agree."""

from __future__ import annotations

from typing import Annotated

import typer

from frs_pipeline.cli.grids import print_grid
from frs_pipeline.cli.root import FORMS, AsJson, Delivery, Results, app
from frs_pipeline.cli.terminal import print_json, say
from frs_pipeline.errors import UsageError
from frs_pipeline.language import plural
from frs_pipeline.stats.printing import spss
from frs_pipeline.study import Study, texts
from frs_pipeline.study.about import written

coding = typer.Typer(help="Texts and how they are coded: what a coder reads, and how far coders agree.", no_args_is_help=True)
app.add_typer(coding, name="coding", rich_help_panel=FORMS)

_PLACES = 3


@coding.command()
def agreement(delivery: Delivery = None, as_json: AsJson = False) -> None:
    """Show how far those agree who coded texts: per cent, Cohen's kappa, Krippendorff's alpha, code by code."""
    from frs_pipeline.store.plan import AGREEMENT

    results = Results(delivery)
    if not texts.coded(results.study):
        raise UsageError("no text is coded in this study", where="coding", do="give a question with type: text a scale")
    rows = results.read(AGREEMENT).to_pylist()
    if as_json:
        print_json(rows)
        return
    if not rows:
        say("Nothing was coded in this delivery (there is no coding.csv, or it is empty).")
    for instrument, question in dict.fromkeys((row["instrument"], row["question"]) for row in rows):
        mine = [row for row in rows if (row["instrument"], row["question"]) == (instrument, question)]
        first = mine[0]
        numbers = (
            f"{plural(first['forms'], 'form')} coded, {first['several']} by two or more of {plural(first['coders'], 'coder')}"
        )
        lines = [
            [
                f"{row['code']} {row['label']}",
                *(str(row[name]) for name in ("differing", "undecided")),
                _printed(results.study, row["agreement_percent"], 1),
                *(_printed(results.study, row[name], _PLACES) for name in ("kappa", "alpha")),
            ]
            for row in mine
        ]
        header = ("code", "differ", "undecided", "% agree", "kappa", "alpha")
        print_grid(f"{instrument}, {question}: {numbers}", header, lines)


def _printed(study: Study, value: float | None, places: int) -> str:
    """Print a number as the report does; nothing where nothing can be said."""
    return "" if value is None else written(study, spss(value, places, leading_zero=True))


@coding.command()
def sheet(
    question: Annotated[str, typer.Argument(metavar="QUESTION", help="Name of a question with type: text.")],
    reason: Annotated[str, typer.Option("--reason", metavar="WHY", help="Why the texts have to be read; noted in the journal.")],
    differing: Annotated[
        bool, typer.Option("--differing", help="Only texts about which coders differ, and haven't agreed on anything.")
    ] = False,
    delivery: Delivery = None,
) -> None:
    """Write what was answered to a question into a CSV file in the restricted zone, for those who code it."""
    from frs_pipeline.codebook.access import traced
    from frs_pipeline.intake.coders import sheet as sheet_of
    from frs_pipeline.intake.coders import undecided
    from frs_pipeline.intake.coding import codings_of
    from frs_pipeline.store.files import SHEETS, atomic, private_folder
    from frs_pipeline.study.faults import choices
    from frs_pipeline.study.questionnaires import questionnaires

    results = Results(delivery)
    papers = {name: [text.name for text in paper.texts] for name, paper in questionnaires(results.study).items()}
    asked = [name for name, names in papers.items() if question in names]
    if not asked:
        known = dict.fromkeys(name for names in papers.values() for name in names)
        raise UsageError("no question with type: text", where=question, do=choices(known, question))
    store = results.store
    only = undecided(codings_of(store)) if differing else None
    details = {"delivery": store.delivery, "question": question}
    with traced(store.settings.access_journal, "texts opened", reason, details) as trace:
        content, number = sheet_of([(results.read(("texts", name)), only) for name in asked], question)
        trace.note(details)
        path = store.settings.restricted(store.delivery) / SHEETS / f"{question}.csv"
        private_folder(path.parent, store.settings.restricted_zone)
        with atomic(path, private=True) as file:
            file.write(content)
    say(f"{plural(number, 'text')} to code in {path}")
    say("Lines of coding.csv, beside the exports: form;question;code;coder;when (docs/how-to/text.md).")
