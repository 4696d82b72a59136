"""What was withdrawn from any delivery: an export that was made later may hold it again."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from frs_pipeline.errors import InputError
from frs_pipeline.intake.delivery import form_prefixes
from frs_pipeline.intake.withdrawals import CONFERENCES, Withdrawal, Withdrawals, read_withdrawals
from frs_pipeline.store.deliveries import AMENDMENTS, deliveries
from frs_pipeline.store.files import Store, read
from frs_pipeline.store.settings import Settings


def every_withdrawal(settings: Settings, beside: Path | None) -> Withdrawals:
    """Return the withdrawals of all deliveries, and those in the folder `beside` an interim export.

    Only the codebook knows the number of a conference that was withdrawn by its pseudonym; a refresh has noted it. Raises
    `InputError` where none has: nothing of it may be shown meanwhile, and nobody could say which forms these are.
    """
    names = deliveries(settings.raw)
    folders = [settings.raw_delivery(name) for name in names]
    folders += [beside] if beside is not None and beside not in folders else []
    entries: dict[tuple[str, str], Withdrawal] = {}
    for folder in folders:
        for entry in read_withdrawals(folder / AMENDMENTS["withdrawals"], form_prefixes(settings.study)):
            entries.setdefault((entry.form, entry.conference), entry)
    wanted = sorted({entry.conference for entry in entries.values() if entry.conference})
    if not wanted:
        return Withdrawals(tuple(entries.values()))
    noted = [read(path, CONFERENCES.names) for path in _noted(settings, names) if path.exists()]
    every = pa.concat_tables([CONFERENCES.empty_table(), *(table.cast(CONFERENCES) for table in noted)])
    known = every.filter(pc.is_in(every["conference_id"], value_set=pa.array(wanted, pa.string())))
    known = known.group_by(CONFERENCES.names, use_threads=False).aggregate([]).cast(CONFERENCES)
    unknown = next((e for e in entries.values() if e.conference and e.conference not in known["conference_id"].to_pylist()), None)
    if unknown is not None:
        what = "a conference is withdrawn by its pseudonym, and no refresh has looked up its number yet"
        raise InputError(what, where=unknown.where, do="run frs run first")
    return Withdrawals(tuple(entries.values()), known)


def _noted(settings: Settings, names: list[str]) -> list[Path]:
    """List where refreshes note the numbers of withdrawn conferences."""
    stores = [Store(settings, name) for name in names]
    key = ("validated", "withdrawn_conferences")
    return [store.file(*key) for store in stores if key in store.products]
