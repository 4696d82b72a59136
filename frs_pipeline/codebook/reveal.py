"""From a form back to its conference, and if need be to the child: with a controller's key, a reason and a trace."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from frs_pipeline.codebook.access import traced
from frs_pipeline.codebook.opening import open_full, require_own
from frs_pipeline.codebook.vault import CONTROLLERS_KEY
from frs_pipeline.errors import InputError, UsageError
from frs_pipeline.intake.amendments import is_form_id
from frs_pipeline.intake.delivery import form_prefixes
from frs_pipeline.store.deliveries import sha256
from frs_pipeline.store.files import Store, read
from frs_pipeline.study.instruments import instruments


@dataclass(frozen=True)
class Revealed:
    """The conference of one form. `personal_number` is None unless it was asked for."""

    form: str
    conference_number: int
    occasion: str
    date: str
    personal_number: str | None


def reveal(
    store: Store, forms: Sequence[str], codebook: Path, identity: Path | None, why: str, *, personal: bool
) -> list[Revealed]:
    """Reveal the conferences of accepted forms, in the order in which they were asked for.

    Raises `FrsError`, and reveals nothing at all, without a reason, without a key that opens the controllers'
    `codebook`, for a form that isn't among the accepted ones, and when the journal can't be written.
    """
    prefixes = form_prefixes(store.study)
    asked = [form for form in dict.fromkeys(forms) if is_form_id(form, prefixes)]
    details = {"delivery": store.delivery, "forms": asked, "personal_numbers": personal}
    with traced(store.settings.access_journal, "reveal", why, details) as trace:
        if identity is None:
            raise UsageError("no key for the codebook", where="reveal", do=CONTROLLERS_KEY)
        book = open_full(store, codebook, identity)
        entries = {entry.conference_number: entry for entry in book}
        # Anything but a form id isn't repeated: it may be somebody's number.
        if not asked or not all(is_form_id(form, prefixes) for form in forms):
            raise UsageError("not a form id", where="reveal", do=f"write it as {prefixes[0]}-12345, as the marts do")
        numbers = _numbers(store, asked)
        unknown = [form for form in asked if form not in numbers]
        if unknown:
            more = f" and {len(unknown) - 3} more" if len(unknown) > 3 else ""
            what = f"not among the accepted forms: {', '.join(unknown[:3])}{more}"
            raise UsageError(what, where=store.delivery, do="frs quarantine shows those that were set aside")
        if not all(number in entries for number in numbers.values()):
            raise InputError("doesn't hold the conferences of these forms", where=codebook, do="name their own after --codebook")
        require_own(store, book, codebook)
        trace.note({**details, "codebook": sha256(codebook)})
    pairs = [(form, entries[numbers[form]]) for form in asked]
    return [Revealed(form, e.conference_number, e.occasion, e.date, e.personal_number if personal else None) for form, e in pairs]


def _numbers(store: Store, forms: list[str]) -> dict[str, int]:
    """Look up the conference numbers of those forms that were accepted."""
    import pyarrow as pa
    import pyarrow.compute as pc

    numbers: dict[str, int] = {}
    for name in instruments(store.study):
        path = store.file("validated", name)
        if not path.exists():
            raise InputError("not made yet", where=path, do=store.refreshed_by)
        rows = read(path, ["form_id", "conference_number"])
        rows = rows.filter(pc.is_in(rows["form_id"], value_set=pa.array(forms)))
        numbers.update(zip(*(rows[column].to_pylist() for column in ("form_id", "conference_number")), strict=True))
    return numbers
