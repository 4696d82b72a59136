"""Draw forms that are to be keyed a second time, by a seed: from each questionnaire and keyer as many as its share says."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from frs_pipeline.codebook.access import traced
from frs_pipeline.collection.keyers import Keyed, keyed_in
from frs_pipeline.errors import InputError, UsageError
from frs_pipeline.intake.readers.handkept import kept_rows
from frs_pipeline.intake.readers.worksheets import NUMBER, as_sheet
from frs_pipeline.store.deliveries import SAMPLED
from frs_pipeline.store.files import Store, atomic, private_folder
from frs_pipeline.store.samples import DRAWN, drawn_details, marked, note_cut, samples_drawn
from frs_pipeline.study.about import has_keyers
from frs_pipeline.study.questionnaires import questionnaires

SHEET_COLUMNS = ("form", "instrument", "line", "number", "keyer")
# One form in so many is drawn where nobody says how many.
ONE_IN = 10


class Stratum(NamedTuple):
    """Forms of one questionnaire that one person keyed."""

    instrument: str
    keyer: str


class Drawn(NamedTuple):
    """A sample: how many forms, of how many, where its worksheet lies, and the forms by stratum."""

    forms: int
    of: int
    path: Path
    strata: Mapping[Stratum, tuple[int, int]]


def draw_forms(store: Store, seed: int, number: int | None, why: str) -> Drawn:
    """Draw forms by a seed, write their worksheet among what was decided about the delivery, and note it in the journal.

    Without a `number`, a tenth. Raises `UsageError` where the study names no keyers, for too few or too many; `InputError`
    where other forms were drawn by this seed, or its worksheet lists others.
    """
    path = store.decided(SAMPLED.replace("*", str(seed)))
    details = drawn_details(store, "forms", path.name)
    with traced(store.settings.access_journal, DRAWN, why, details) as trace:
        require_keyers(store)
        strata: dict[Stratum, list[Keyed]] = defaultdict(list)
        for name in questionnaires(store.study):
            for form in keyed_in(store, name):
                # A form whose id can't be read wouldn't be found again.
                if "-line" not in form.form:
                    strata[Stratum(name, form.keyer)].append(form)
        sizes = {stratum: len(strata[stratum]) for stratum in sorted(strata)}
        shares = allotted(sizes, -(-sum(sizes.values()) // ONE_IN) if number is None else number)
        chosen = [(stratum, form) for stratum, share in shares.items() for form in _first(strata[stratum], share, seed)]
        content, mark = _sheet(chosen), _mark(form.form for _, form in chosen)
        if path.exists() and path.read_bytes() != content:
            raise InputError("lists other forms: the delivery has changed, or their number", where=path, do="take another seed")
        # Only an erasure may leave fewer: nobody draws until the rest looks good.
        if mark not in samples_drawn(store, "forms").get(path.name, {mark}):
            what = "listed other forms when it was drawn: the delivery has changed since, or their number"
            raise InputError(what, where=path, do="put that worksheet back, or draw as many forms as then")
        trace.note({**drawn_details(store, "forms", path.name, mark), "forms": len(chosen)})
        write_private(store, path, content)
    return Drawn(len(chosen), sum(sizes.values()), path, {stratum: (shares[stratum], sizes[stratum]) for stratum in sizes})


def require_keyers(store: Store) -> None:
    """Raise `UsageError` in a study whose exports don't say who keyed a form."""
    if not has_keyers(store.study):
        do = "say in study.yaml in which column it stands, as in forms: {keyer: keyer}"
        raise UsageError("the study doesn't say who keyed a form", where="sample", do=do)


def allotted(sizes: Mapping[Stratum, int], number: int) -> dict[Stratum, int]:
    """Share out a sample over strata by their sizes, at least one form of each (largest remainders).

    Raises `UsageError` for fewer than there are strata, or more than there are forms.
    """
    total, where = sum(sizes.values()), "--forms"
    if number < len(sizes) or number > total or not total:
        what = f"{number} can't be drawn of {total} in {len(sizes)} groups (a questionnaire's forms by one keyer)"
        raise UsageError(what, where=where, do=f"give a number from {len(sizes)} to {total}" if total else "there is nothing yet")
    shares = {stratum: max(1, number * size // total) for stratum, size in sizes.items()}
    while sum(shares.values()) < number:
        short = max(sizes, key=lambda s: ((number * sizes[s] / total - shares[s]) if shares[s] < sizes[s] else -1.0, s))
        shares[short] += 1
    while sum(shares.values()) > number:
        over = max(sizes, key=lambda s: ((shares[s] - number * sizes[s] / total) if shares[s] > 1 else -1.0, s))
        shares[over] -= 1
    return shares


def _first(forms: Iterable[Keyed], number: int, seed: int) -> list[Keyed]:
    """Return the first so many forms in the order of the seed, which is the same wherever it is computed; by their ids."""
    order = sorted(forms, key=lambda form: hashlib.sha256(f"{seed}/{form.form}".encode()).digest())
    return sorted(order[:number])


def _sheet(chosen: Iterable[tuple[Stratum, Keyed]]) -> bytes:
    rows = (
        (form.form, stratum.instrument, str(form.line), form.number if NUMBER.fullmatch(form.number) else "", form.keyer)
        for stratum, form in chosen
    )
    return as_sheet(SHEET_COLUMNS, rows)


def write_private(store: Store, path: Path, content: bytes) -> None:
    """Write what only its owner may read among what was decided about a delivery."""
    private_folder(path.parent, store.settings.decided(""))
    with atomic(path, private=True) as file:
        file.write(content)


def drawn(store: Store) -> frozenset[str]:
    """Read the ids of all forms that were drawn to be keyed again.

    Raises `InputError` with file and line for what can't be read, and for a worksheet that is gone or isn't as it was drawn.
    """
    forms: set[str] = set()
    known = samples_drawn(store, "forms")
    for path in (store.decided(SAMPLED).with_name(name) for name in sorted(known)):
        if not path.is_file():
            what = "is gone: the access journal says that it was drawn"
            raise InputError(what, where=path, do="put it back, or draw by its seed as many forms as then")
    for path in sorted(store.decided("").glob(SAMPLED)):
        listed = _forms_of(path)
        if _mark(listed) not in known.get(path.name, ()):
            what = "isn't what was drawn by this seed: the access journal has no such sample of this delivery"
            raise InputError(what, where=path, do="take the file away; frs sample draw --of forms draws one")
        forms.update(listed)
    return frozenset(forms)


def note_without(store: Store, path: Path, gone: Collection[str]) -> None:
    """Note in the journal what a worksheet lists without forms that are `gone`, if it is as it was drawn."""
    with suppress(InputError):
        listed = _forms_of(path)
        if _mark(listed) in samples_drawn(store, "forms").get(path.name, ()):
            note_cut(store, "forms", path.name, _mark(form for form in listed if form not in gone))


def _forms_of(path: Path) -> list[str]:
    """Read the ids in a worksheet. Raises `InputError` with file and line."""
    forms = []
    for line, cells in kept_rows(path, SHEET_COLUMNS, "draw the sample again"):
        if len(cells) != len(SHEET_COLUMNS):
            what = f"{len(cells)} fields where {len(SHEET_COLUMNS)} belong"
            raise InputError(what, where=f"{path}:{line}", do="draw the sample again")
        forms.append(cells[0].strip())
    return forms


def _mark(forms: Iterable[str]) -> str:
    """Return the hash of forms: a spreadsheet that saves a worksheet in its own way leaves it as it was drawn."""
    return marked("\n".join(sorted(forms)).encode())
