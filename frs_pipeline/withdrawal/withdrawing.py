"""A withdrawal from beginning to end: prepared without touching anything, then carried out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from frs_pipeline.errors import CheckFailed, UsageError
from frs_pipeline.lineage.papers import same_papers
from frs_pipeline.operations.refresh import Told, nobody
from frs_pipeline.store.deliveries import deliveries
from frs_pipeline.store.files import Store, stale
from frs_pipeline.store.journal import append, operating_system_user
from frs_pipeline.store.settings import Settings
from frs_pipeline.withdrawal.effects import Effects, report
from frs_pipeline.withdrawal.erasure import collected, erase, leftovers, marks, of_lines
from frs_pipeline.withdrawal.request import (
    RequestedForms,
    WithdrawalRequest,
    look_up,
    parse_request,
    record,
    refuse_clashes,
    refuse_unfit,
)

EVENT = "withdraw"


@dataclass(frozen=True)
class Prepared:
    """A withdrawal that could be carried out: what each delivery holds of it, oldest first, and what would come of it.

    `again` are other keyings of the same papers, which are withdrawn with them. A delivery whose results aren't up to date
    has no report. `leftovers` are files that an erasure would remove, `sheets` those that would lose
    the lines about it.
    """

    request: WithdrawalRequest
    again: tuple[str, ...]
    parts: dict[str, RequestedForms]
    reports: dict[str, Effects]
    leftovers: tuple[Path, ...]
    sheets: tuple[Path, ...] = ()


def prepare(store: Store, names: Sequence[str], reason: str, who: str, *, everywhere: bool) -> Prepared:
    """Prepare withdrawing `names` from a delivery (or `everywhere`, from all that hold them), without touching anything.

    Raises `UsageError` for unknown names or an unusable reason, `InputError` for a form that is corrected or accepted
    somewhere, `CheckFailed` when the delivery's results aren't up to date, so that nothing can be said about them.
    """
    settings, request = store.settings, parse_request(store, names, reason, who)
    part = look_up(store, request)
    if not everywhere:
        refuse_unfit(store, request, part)
    refuse_clashes(store, part)
    fresh = _foreseeable(store)
    if part.new.entries and not fresh:
        raise CheckFailed("out of date: nobody can say what would change", where=store.delivery, do=store.refreshed_by)
    again = tuple(sorted(same_papers(store, request.forms))) if part.new.entries else ()
    request = replace(request, forms=(*request.forms, *again))
    chosen = deliveries(settings.raw) if everywhere else [store.delivery]
    parts = {name: look_up(Store(settings, name), request) for name in chosen}
    parts = {name: part for name, part in parts.items() if part}
    _refuse_unknown(request, parts)
    for name, part in parts.items():
        refuse_clashes(Store(settings, name), part)
    stores = {name: Store(settings, name) for name in parts}
    known = [name for name, of in stores.items() if (fresh if name == store.delivery else _foreseeable(of))]
    reports = {name: report(stores[name], parts[name]) for name in known}
    left, sheets = list[Path](), list[Path]()
    for name, part in parts.items() if everywhere else ():
        of = Store(settings, name)
        for path in (*leftovers(of, marks(part)), *collected(of, part)):
            (sheets if of_lines(of, path) else left).append(path)
    return Prepared(request, again, parts, reports, tuple(dict.fromkeys(left)), tuple(dict.fromkeys(sheets)))


def _foreseeable(store: Store) -> bool:
    """Return whether effects can be told: from marts and figures, whatever has come of the pages since."""
    return not stale(store) - {("report",)}


def _refuse_unknown(request: WithdrawalRequest, parts: dict[str, RequestedForms]) -> None:
    for form in request.forms:
        if not any(form in part.forms for part in parts.values()):
            raise UsageError("there is no such form in the exports", where=form, do="look again; no delivery has it")


def carry_out(
    settings: Settings,
    prepared: Prepared,
    *,
    erasing: bool,
    told: Told = nobody,
) -> list[Path]:
    """Journal a withdrawal, write it into the ledgers, and erase if `erasing`. Returns leftover files that were removed."""
    request, parts = prepared.request, prepared.parts
    details = {
        "deliveries": sorted(parts),
        "forms": len(frozenset[str]().union(*(part.forms for part in parts.values()))),
        "conferences": len(request.conferences),
        "erased": erasing,
        "decided_by": request.who,
    }
    append(settings.access_journal, EVENT, who=operating_system_user(), why=request.reason, details=details)
    for name, part in parts.items():
        if part.new.entries:
            record(Store(settings, name), part.new.entries)
    return erase(settings, parts, told) if erasing else []
