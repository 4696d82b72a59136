"""One edition of the report as a PDF: which pages, what its cover says, and the day that it tells."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime
from pathlib import Path

from frs_pipeline.errors import InputError, UsageError
from frs_pipeline.intake.delivery import made_up
from frs_pipeline.language import Language, Text, date_text
from frs_pipeline.report.chromium import Printed, printed
from frs_pipeline.report.paper import FRONT, Cover, Edition, document
from frs_pipeline.store.files import Store
from frs_pipeline.study.about import about

_EDITIONS: dict[Edition, Text] = {
    "inner": Text("Intern udgave", "Inner edition"),
    "public": Text("Udgave til offentliggørelse", "Edition for publication"),
}
_SECRET = Text("Må ikke offentliggøres", "Not for publication")
_WHY_SECRET = Text(
    "Kun til dem, der må se data: Små antal er ikke skjult. Tabeller til offentliggørelse laves med frs release.",
    "For those who may see the data only: small counts aren't hidden. Tables for publication are made by frs release.",
)
_MADE_UP = Text("Opdigtede skemaer", "Made-up forms")
_NOBODY = Text(
    "Skemaerne er opdigtede: Ingen har udfyldt dem, og tallene siger intet om virkelige mennesker.",
    "The forms are made up: nobody filled them in, and the figures say nothing about real people.",
)
_FOLDED = Text(
    "Sidernes tabeller står bagest. Hvad siderne ellers folder sammen, er ikke med her.",
    "The tables of the pages stand at the end. Whatever else the pages fold up isn't in here.",
)


def pdf(store: Store, edition: Edition, language: Language) -> Printed:
    """Print an edition of the report of a delivery as it lies in its folder.

    Raises `InputError` where there is none, or no browser to print it, and `FrsError` where printing fails.
    """
    folder = folder_of(store, edition)
    if not (folder / FRONT).is_file():
        do = "make it by frs release --purpose …" if edition == "public" else store.refreshed_by
        raise InputError("not made yet", where=folder / FRONT, do=do)
    try:
        pages = {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.html"))}
        sheets = re.findall(r'<link rel="stylesheet" href="([\w.-]+)">', pages[FRONT])
        stylesheet = "\n".join((folder / name).read_text(encoding="utf-8") for name in sheets)
    except (OSError, UnicodeDecodeError) as error:
        raise InputError("cannot be read", where=folder, do="make the pages again") from error
    return printed(document(pages, stylesheet, cover(store, edition), language), told(store.delivery))


def folder_of(store: Store, edition: Edition) -> Path:
    """Return where the pages of an edition lie."""
    made = store.settings.curated(store.delivery)
    return made / "report" if edition == "inner" else made / "release" / "report"


def cover(store: Store, edition: Edition) -> Cover:
    """Return what the cover says."""
    parts = [part.delivery for part in store.parts()]
    day = date_text(store.delivery)
    delivery = Text(f"leverance af {day.danish}", f"delivery of {day.english}")
    if parts:
        listed = f"{store.delivery} ({', '.join(parts)})"
        delivery = Text(f"leverancer {listed}", f"deliveries {listed}")
    invented = any(made_up(part) for part in store.each())
    secret = edition == "inner"
    return Cover(
        title=about(store.study).title,
        edition=_EDITIONS[edition],
        delivery=delivery,
        marks=(*([_MADE_UP] if invented else []), *([_SECRET] if secret else [])),
        remarks=(*([_NOBODY] if invented else []), *([_WHY_SECRET] if secret else []), _FOLDED),
    )


def told(delivery: str) -> datetime:
    """Return when a PDF says it was made: at SOURCE_DATE_EPOCH, else on the day of the delivery, so that bytes stay equal."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    if epoch is not None:
        if not epoch.isdecimal() or len(epoch) > 11:
            raise UsageError("not a number of seconds since 1970", where="SOURCE_DATE_EPOCH", do="write digits only, or unset it")
        return datetime.fromtimestamp(int(epoch), UTC)
    try:
        return datetime.fromisoformat(delivery).replace(tzinfo=UTC)
    except ValueError:
        return datetime(2000, 1, 1, tzinfo=UTC)
