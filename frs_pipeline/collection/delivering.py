"""Put a delivery together, of what was fetched and what people give: the one thing that adds a folder to `data/raw`.

It changes none. The folder is filled beside its place, examined as a run examines it, as far as no key is needed, and renamed
when everything is on disk; until then nothing is there that a run could take up.
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from frs_pipeline.codebook.newest import require_newest
from frs_pipeline.collection.fetching import Export, exports, require_intact
from frs_pipeline.collection.folders import Beside, beside, create, refuse_existing
from frs_pipeline.errors import FrsError, InputError, SeveralErrors, UsageError
from frs_pipeline.intake.amendments import Exceptions, read_corrections, read_exceptions
from frs_pipeline.intake.delivery import form_prefixes
from frs_pipeline.intake.fitting import read_through
from frs_pipeline.intake.ledger import read_ledger
from frs_pipeline.intake.readers.parsing import respondents
from frs_pipeline.intake.readers.surveyxact import read_export
from frs_pipeline.intake.received import refuse_altered
from frs_pipeline.intake.unread import refuse_unread
from frs_pipeline.intake.withdrawals import Withdrawal, read_withdrawals, refuse_other_amendments
from frs_pipeline.language import plural
from frs_pipeline.personal_numbers import refuse_in_names
from frs_pipeline.store.deliveries import AMENDMENTS, LEDGER, RECEIPT, deliveries, describe, inventory
from frs_pipeline.store.settings import Settings
from frs_pipeline.study import Study
from frs_pipeline.study.about import about, has_codebook
from frs_pipeline.study.instruments import DATED, in_use
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.study.rules import policy

# What every file begins with that age locked.
_LOCKED = b"age-encryption.org/"


@dataclass(frozen=True)
class Delivered:
    """A delivery that was put together: where it is, the exports in it that were fetched, and the names of what was given."""

    folder: Path
    fetched: tuple[Export, ...]
    given: tuple[str, ...]

    @property
    def after(self) -> tuple[Export, ...]:
        """The exports that were fetched on a day (UTC) after the one that names the delivery: they may hold later forms."""
        return tuple(export for export in self.fetched if export.time[:10] > self.folder.name)

    @property
    def before(self) -> tuple[Export, ...]:
        """The exports that were last seen on a day (UTC) before the one that names the delivery: they may lack forms."""
        return tuple(export for export in self.fetched if export.seen[:10] < self.folder.name)


def deliver(
    settings: Settings,
    name: str,
    given: Path | None,
    times: Mapping[str, str] | None = None,
    gone: Sequence[str] = (),
) -> Delivered:
    """Make the delivery `name` of the newest exports that were fetched, or those of `times`, and what the folder `given` holds.

    `gone` are forms and conferences that an earlier delivery says were withdrawn, and that this one no longer has. Raises
    `UsageError` for a name or a time that can't be, `InputError` for a delivery that is there already and for anything in it
    that a run would refuse.
    """
    _refuse_name(name)
    target = settings.raw_delivery(name)
    refuse_existing(target)
    chosen = list(_chosen(settings, name, times or {}))
    with beside(target, settings.raw) as waiting:
        for export in chosen:
            _take(waiting, export)
        names = tuple(_copy(given, waiting.folder, {export.instrument for export in chosen})) if given else ()
        with _named_as_given(waiting, chosen, given):
            _examine(settings, waiting.folder)
            _refuse_forgotten(settings, waiting.folder, gone)
        waiting.put()
    return Delivered(target, tuple(chosen), names)


def _refuse_name(name: str) -> None:
    """Raise `UsageError` for anything but a day that isn't to come: the newest delivery is the one that is read."""
    try:
        day = dt.date.fromisoformat(name) if DATED.fullmatch(name) else None
    except ValueError:
        day = None
    if day is None:
        raise UsageError("isn't a day that names a delivery", where=name, do="name it by its date, such as 2020-11-30")
    if day > dt.datetime.now(dt.UTC).date() + dt.timedelta(days=1):
        raise UsageError("is a day to come", where=name, do="name the delivery by the day of its exports")


def _chosen(settings: Settings, name: str, times: Mapping[str, str]) -> Iterator[Export]:
    """Yield an export of each survey that is fetched and in use at the delivery's date: that of `times`, else the newest."""
    fetch = about(settings.study).fetch
    surveys = fetch.surveys if fetch is not None else {}
    other = next((one for one in times if one not in surveys or not in_use(settings.study, one, name)), None)
    if other is not None:
        raise UsageError("nothing is fetched for this questionnaire at that date", where=other, do="leave --fetched out")
    for instrument, survey in surveys.items():
        if not in_use(settings.study, instrument, name):
            continue
        there = exports(settings, instrument)
        export = next((one for one in reversed(there) if times.get(instrument, one.time) == one.time), None)
        if export is None:
            what = "nothing was fetched at this time" if instrument in times else "nothing was fetched yet"
            do = f"there is {', '.join(one.time for one in there)}" if there else "frs fetch"
            raise InputError(what, where=settings.fetched / instrument / times.get(instrument, ""), do=do)
        if export.survey != survey:
            what = f"is an export of survey {export.survey}, and study.yaml says {survey}"
            raise InputError(what, where=export.folder, do="frs fetch fetches the one of study.yaml")
        require_intact(export)
        yield export


def _take(waiting: Beside, export: Export) -> None:
    """Copy an export with its receipt, as the bytes that came."""
    place = waiting.folder / export.instrument
    place.mkdir(mode=0o700)
    for name in (*export.hashes, RECEIPT):
        _copy_file(export.folder / name, place / name)


def _copy(given: Path, folder: Path, fetched: set[str]) -> Iterator[str]:
    """Copy what people give, and yield the names: registers, decisions, and exports of what isn't fetched.

    Raises `InputError` for what is there twice, and for anything but files and folders: a link could bring in anything.
    """
    if not given.is_dir():
        raise InputError("isn't a folder", where=given, do="name the folder with ledger, codebook and decisions")
    for source in sorted(given.rglob("*")):
        name = source.relative_to(given)
        if any(part.startswith((".", "~$")) for part in name.parts):
            continue  # what systems and editors hide
        kind = source.lstat().st_mode
        if name.parts[0] in fetched:
            do = "leave one of them out: take the folder away, or take its survey out of fetch: in study.yaml"
            raise InputError("is fetched, and given as well", where=given / name.parts[0], do=do)
        if stat.S_ISDIR(kind):
            (folder / name).mkdir(mode=0o700)
        elif stat.S_ISREG(kind):
            _copy_file(source, folder / name)
            yield name.as_posix()
        else:
            number = sorted(path.name for path in source.parent.iterdir()).index(source.name) + 1
            what = f"number {number} of this folder isn't a file but leads elsewhere"
            raise InputError(what, where=source.parent, do="put the file itself there")


def _copy_file(source: Path, target: Path) -> None:
    """Copy a file for its owner's eyes only; what was exchanged for a link meanwhile isn't followed."""
    with os.fdopen(os.open(source, os.O_RDONLY | os.O_NOFOLLOW), "rb") as file, create(target) as copy:
        shutil.copyfileobj(file, copy)


@contextmanager
def _named_as_given(waiting: Beside, chosen: Sequence[Export], given: Path | None) -> Iterator[None]:
    """Let errors name the file that somebody has to correct: the copy is gone by the time that they are read."""
    failed: FrsError | None = None
    try:
        yield
    except FrsError as error:
        failed = error
    if failed is None:
        return
    places = {f"{waiting.folder}/{export.instrument}": str(export.folder) for export in chosen}
    places[str(waiting.folder)] = str(given or waiting.target)
    errors = [_renamed(error, places) for error in (failed.errors if isinstance(failed, SeveralErrors) else (failed,))]
    raise errors[0] if len(errors) == 1 else SeveralErrors([InputError(e.what, where=e.where, do=e.do) for e in errors])


def _renamed(error: FrsError, places: Mapping[str, str]) -> FrsError:
    where = str(error.where) if error.where else None
    for copy, place in places.items():
        where = where.replace(copy, place) if where else where
    return type(error)(error.what, where=where, do=error.do)


def _examine(settings: Settings, folder: Path) -> None:
    """Raise `FrsError` for what a run would refuse, as far as that is known without a key and without judging single forms."""
    study = settings.study
    refuse_in_names(folder, about(study).personal_id.found)
    refuse_unread(study, folder)
    inventory(study, folder)
    refuse_altered(study, folder)
    describe(study, folder)
    _refuse_open(folder)
    if "ledger" in about(study).registers:
        read_ledger(study, folder / LEDGER)
    if has_codebook(study):
        require_newest(settings, folder)
    exceptions = _decisions(study, folder)
    for instrument in questionnaires(study):
        if in_use(study, instrument, folder.name):
            read_through(study, instrument, read_export(study, folder / instrument), folder.name, exceptions)


def _refuse_open(folder: Path) -> None:
    """Raise `InputError` for a codebook that isn't locked: a register of people under the name of a locked file."""
    for path in sorted(folder.glob("*.age")):
        with path.open("rb") as file:
            if file.read(len(_LOCKED)) != _LOCKED:
                do = "lock the register: frs codebook lock; and look after the file"
                raise InputError("isn't a locked file, whatever its name says", where=path, do=do)


def _refuse_forgotten(settings: Settings, folder: Path, gone: Sequence[str]) -> None:
    """Raise `InputError` when what was withdrawn from an earlier delivery would count again.

    An export that is fetched again holds again what was withdrawn. Left out may be a form that the export has no more, or what
    is named as `gone`. The ids aren't repeated.
    """
    study = settings.study
    path, prefixes = folder / AMENDMENTS["withdrawals"], form_prefixes(study)
    kept = {(entry.form, entry.conference) for entry in read_withdrawals(path, prefixes)}
    forgotten: dict[tuple[str, str], str] = {}
    left = set(gone)
    for name in deliveries(settings.raw):
        for entry in read_withdrawals(settings.raw_delivery(name) / AMENDMENTS["withdrawals"], prefixes):
            left.discard(entry.form or entry.conference)
            if (entry.form, entry.conference) not in kept and not {entry.form, entry.conference} & set(gone):
                forgotten[entry.form, entry.conference] = name
                if entry.form and entry.respondent and not _holds(study, folder, entry):
                    del forgotten[entry.form, entry.conference]
    if left:
        raise UsageError("was never withdrawn", where="--gone", do="name a form or a conference of an earlier withdrawals.csv")
    if forgotten:
        what = (
            f"lacks {plural(len(forgotten), 'withdrawal')} of delivery {max(forgotten.values())}: these forms would count again"
        )
        do = "copy the lines from its withdrawals.csv, or name with --gone what this delivery no longer has"
        raise InputError(what, where=path, do=do)


def _holds(study: Study, folder: Path, entry: Withdrawal) -> bool:
    """Return whether an export still holds a form that was withdrawn by its id."""
    of = {questionnaire.form_prefix: name for name, questionnaire in questionnaires(study).items()}
    name = of[entry.prefix]
    if not in_use(study, name, folder.name):
        return False
    export = read_export(study, folder / name)
    return any(bool(np.any(entry.rows(respondents(export.forms, chunk.cells), chunk.lines))) for chunk in export.chunks())


def _decisions(study: Study, folder: Path) -> Exceptions:
    """Read what people decided, which has to fit together; return the findings that they accepted."""
    prefixes, day = form_prefixes(study), dt.date.fromisoformat(folder.name)
    until = day + dt.timedelta(days=policy(study).corrected_within_days)
    corrections = read_corrections(folder / AMENDMENTS["corrections"], prefixes, until)
    exceptions = read_exceptions(folder / AMENDMENTS["exceptions"], policy(study), day)
    withdrawals = read_withdrawals(folder / AMENDMENTS["withdrawals"], prefixes)
    refuse_other_amendments(withdrawals, corrections, exceptions)
    return exceptions
