"""Which samples were drawn of a delivery and recorded, as the access journal has it: a file alone may be anybody's."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping
from typing import Any, Literal

from frs_pipeline.store.files import Store
from frs_pipeline.store.journal import append, entries, operating_system_user

Of = Literal["forms", "figures"]
# Events of the journal: a sample was drawn, withdrawn forms were taken out of one, or what came of one was taken.
DRAWN, CUT, RECORDED = "sample drawn", "sample cut", "sample recorded"


def marked(content: bytes) -> str:
    """Return the hash by which the journal knows what was drawn, or recorded."""
    return hashlib.sha256(content).hexdigest()


def drawn_details(store: Store, of: Of, sheet: str, mark: str = "") -> dict[str, Any]:
    """Return what the journal notes of a sample, whose worksheet is called `sheet`; `mark` once it is known."""
    return {"delivery": store.delivery, "of": of, "sheet": sheet, **({"drawn": mark} if mark else {})}


def samples_drawn(store: Store, of: Of) -> Mapping[str, frozenset[str]]:
    """Read the marks that a delivery's samples may have, by the names of their worksheets. Raises `InputError` as `entries`."""
    marks: dict[str, set[str]] = defaultdict(set)
    for entry in entries(store.settings.access_journal):
        noted = entry.details
        if entry.event in (DRAWN, CUT) and (noted.get("delivery"), noted.get("of")) == (store.delivery, of) and "drawn" in noted:
            marks[str(noted["sheet"])].add(str(noted["drawn"]))
    return {sheet: frozenset(found) for sheet, found in marks.items()}


def samples_recorded(store: Store) -> Mapping[str, tuple[str, ...]]:
    """Read the marks of what was recorded of a delivery's samples of figures, by the names of their worksheets, the newest last.

    Raises `InputError` as `entries`.
    """
    marks: dict[str, list[str]] = defaultdict(list)
    for entry in entries(store.settings.access_journal):
        noted = entry.details
        if entry.event == RECORDED and noted.get("delivery") == store.delivery and "recorded" in noted:
            marks[str(noted["sheet"])].append(str(noted["recorded"]))
    return {sheet: tuple(found) for sheet, found in marks.items()}


def note_cut(store: Store, of: Of, sheet: str, mark: str) -> None:
    """Note in the journal what is left of a sample without withdrawn forms; call it before they are taken out."""
    details = drawn_details(store, of, sheet, mark)
    append(store.settings.access_journal, CUT, who=operating_system_user(), why="withdrawn forms are taken out", details=details)
