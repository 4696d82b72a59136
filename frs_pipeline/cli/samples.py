"""Commands of those who check by samples: forms that are keyed a second time, and what comes of them."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from frs_pipeline.cli.figure_samples import FIGURES, FORMS, Replace, Who, draw_figures, record_figures
from frs_pipeline.cli.root import COLLECTING, Delivery, app
from frs_pipeline.errors import UsageError

sample = typer.Typer(help="Samples that people check: draw one, and take what came of it.", no_args_is_help=True)
app.add_typer(sample, name="sample", rich_help_panel=COLLECTING)


class Of(StrEnum):
    """What a sample is of."""

    FORMS = "forms"
    FIGURES = "figures"


What = Annotated[Of, typer.Option("--of", help="What is drawn.")]
# Not required by the parser, because an attempt without a reason is worth an entry in the journal.
Reason = Annotated[str, typer.Option("--reason", metavar="WHY", help="Why; it stands in the journal.")]
Seed = Annotated[int, typer.Option("--seed", metavar="S", help="The same seed draws the same sample.")]
Forms = Annotated[int | None, typer.Option("--forms", metavar="N", help="How many forms; of forms, default: a tenth.")]


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
    raise UsageError("isn't drawn yet", where=f"--of {of}", do="wait for it")


@sample.command()
def record(
    sheet: Annotated[Path, typer.Argument(metavar="SHEET", help="The worksheet of figures, with a result in each line.")],
    who: Who = "",
    replace: Replace = False,
    delivery: Delivery = None,
) -> None:
    """Take what came of a sample of figures; the next run states it in the report."""
    record_figures(sheet, who, delivery, replace=replace)
