"""Commands of those who check by samples: forms that are keyed a second time, and what comes of them."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from frs_pipeline.cli.root import COLLECTING, Delivery, app
from frs_pipeline.errors import UsageError

sample = typer.Typer(help="Samples that people check: draw one, and take what came of it.", no_args_is_help=True)
app.add_typer(sample, name="sample", rich_help_panel=COLLECTING)


class Of(StrEnum):
    """What a sample is of."""

    FORMS = "forms"


What = Annotated[Of, typer.Option("--of", help="What is drawn.")]
# Not required by the parser, because an attempt without a reason is worth an entry in the journal.
Reason = Annotated[str, typer.Option("--reason", metavar="WHY", help="Why; it stands in the journal.")]
Seed = Annotated[int, typer.Option("--seed", metavar="S", help="The same seed draws the same sample.")]
Forms = Annotated[int | None, typer.Option("--forms", metavar="N", help="How many forms; of forms, default: a tenth.")]


@sample.command()
def draw(of: What, seed: Seed, forms: Forms = None, reason: Reason = "", delivery: Delivery = None) -> None:
    """Draw a sample by a seed, and write the worksheet of those who check it."""
    raise UsageError("isn't drawn yet", where=f"--of {of}", do="wait for it")
