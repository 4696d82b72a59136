"""Codebooks that were locked, and of which the access journal says nothing."""

from __future__ import annotations

from frs_pipeline.codebook.made_up import is_published
from frs_pipeline.codebook.newest import journalled
from frs_pipeline.codebook.opening import made_up
from frs_pipeline.store.deliveries import CONTROLLERS, beside, deliveries
from frs_pipeline.store.files import Store
from frs_pipeline.store.settings import Settings


def unjournalled(settings: Settings) -> list[str]:
    """Return one line per codebook whose controllers' part lies in a delivery without an entry in the journal.

    Either the access journal was deleted or cut, or the codebook was locked on another machine and never opened here.
    Codebooks of made-up forms don't matter: they are nobody's.
    """
    known, faults = journalled(settings), []
    for name in deliveries(settings.raw):
        store = Store(settings, name)
        part = beside(store.raw(""), (CONTROLLERS,)).get(CONTROLLERS)
        if part is not None and part not in known and not (made_up(store) or is_published(store.raw(CONTROLLERS))):
            faults.append(
                f"no entry says who locked {name}/{CONTROLLERS}: the journal was deleted or cut, unless the file was locked "
                "on another machine; then take it away, or open it here once with frs codebook check --identity KEY"
            )
    return faults
