"""An interim export: forms as they came in until a day, with the ledger, whether a delivery was made of them or not.

It is judged as a delivery is, but by the ledger alone: who looks on while forms come in needs no key of the codebook.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from frs_pipeline.collection.fetching import exports
from frs_pipeline.collection.withdrawn import every_withdrawal
from frs_pipeline.errors import InputError, UsageError
from frs_pipeline.intake.adjudicated import as_corrections
from frs_pipeline.intake.amendments import Correction, Exceptions, read_corrections, read_exceptions
from frs_pipeline.intake.delivery import form_id, form_prefixes
from frs_pipeline.intake.ledger import read_ledger
from frs_pipeline.intake.readers.parsing import respondents
from frs_pipeline.intake.readers.surveyxact import Export, open_export, read_export
from frs_pipeline.intake.remarks import Intake
from frs_pipeline.intake.validation import forms_schema, validate
from frs_pipeline.intake.withdrawals import Withdrawals, held_conferences
from frs_pipeline.store.deliveries import AMENDMENTS, COLLECTION, LEDGER, deliveries
from frs_pipeline.store.files import Store
from frs_pipeline.store.settings import Settings
from frs_pipeline.study import Study
from frs_pipeline.study.about import about
from frs_pipeline.study.instruments import in_use, instruments
from frs_pipeline.study.questionnaires import Questionnaire, questionnaires
from frs_pipeline.study.rules import policy

# A folder with an export begins with the day.
_DAY = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})(?:\D.*)?")


@dataclass(frozen=True)
class _OfDay(Export):
    """An export that says of which day it is, whatever its folder is called."""

    day: str = ""

    @property
    def delivery(self) -> str:
        return self.day


@dataclass(frozen=True)
class Came:
    """What came in of one questionnaire: forms accepted (`forms_schema`), forms set aside by their line with their rules, and
    whether there is no row at all.

    By line, since several forms may have one id. Withdrawn forms are in neither. `corrections` are those that were made;
    `unfit` is the number of another delivery's that don't fit this export.
    """

    accepted: pa.Table
    aside: Mapping[int, tuple[str, ...]]
    corrections: tuple[Correction, ...] = ()
    unfit: int = 0
    empty: bool = False


@dataclass(frozen=True)
class Interim:
    """An interim export of the `day`: where each questionnaire's export lies, its ledger, and the folder of amendments.

    What was fetched has no amendments of its own: those of the newest delivery are applied, as far as they fit. `seen` is the
    day on which the server last had each export that was fetched.
    """

    settings: Settings
    day: dt.date
    places: Mapping[str, Path]
    ledger_file: Path | None
    beside: Path | None
    seen: Mapping[str, dt.date] = field(default_factory=dict)

    @property
    def study(self) -> Study:
        return self.settings.study

    @property
    def name(self) -> str:
        """The day of export, as deliveries are named."""
        return str(self.day)

    @property
    def folder(self) -> Path:
        """The restricted folder of what is made of it."""
        return self.settings.restricted(self.name) / COLLECTION

    @property
    def borrowed(self) -> str | None:
        """The delivery whose amendments are applied, where they don't lie beside the exports themselves."""
        return self.beside.name if self.seen and self.beside else None

    @property
    def uneven(self) -> bool:
        """Whether the exports were last seen on different days."""
        return len(set(self.seen.values())) > 1

    @cached_property
    def corrections(self) -> tuple[Correction, ...]:
        """What was corrected beside it, and decided about forms keyed twice. Raises `InputError` for a line that can't be
        understood.
        """
        if self.beside is None:
            return ()
        day = self.day if self.borrowed is None else dt.date.fromisoformat(self.borrowed)
        until = day + dt.timedelta(days=policy(self.study).corrected_within_days)
        own = read_corrections(self.beside / AMENDMENTS["corrections"], form_prefixes(self.study), until)
        delivered = self.beside.resolve().parent == self.settings.raw.resolve()
        return (*own, *(as_corrections(Store(self.settings, self.beside.name)) if delivered else ()))

    @cached_property
    def withdrawals(self) -> Withdrawals:
        """What was withdrawn, from it or from any delivery: a form that a family withdrew stays away, wherever it turns up."""
        return every_withdrawal(self.settings, self.beside)

    @cached_property
    def ledger(self) -> pa.Table:
        """Its ledger (`ledger_schema`), without conferences that were withdrawn. Raises `InputError` where there is none."""
        if self.ledger_file is None:
            raise InputError("no ledger", where=self.name, do="name it after --ledger")
        return held_conferences(read_ledger(self.study, self.ledger_file), self.withdrawals.conferences)

    def questionnaire(self, instrument: str) -> Questionnaire:
        """Return a questionnaire as it is on paper on this day."""
        return questionnaires(self.study)[instrument].at(self.name)

    def export(self, instrument: str) -> Export:
        """Read the export of one questionnaire. Raises `InputError` when it is missing, was cut, or can't be understood."""
        if not in_use(self.study, instrument, self.name):
            place, forms = Path(instrument), about(self.study).forms
            return _OfDay(place, instrument, forms, [], [], [], [], in_use=False, day=self.name)
        place = self.places[instrument]
        if self.beside is not None and place.parent == self.beside and place.parent.name == self.name:
            return read_export(self.study, place)
        read = open_export(_workbook(place) or place, about(self.study).forms)
        return _OfDay(**{field.name: getattr(read, field.name) for field in fields(read)}, day=self.name)

    def came(self, instrument: str) -> Came:
        """Judge the forms of one questionnaire as a refresh does.

        Raises `InputError` when its columns aren't the questionnaire's or an amendment doesn't fit, `CheckFailed` when
        forms break a rule that the policy stops a run for.
        """
        export, questionnaire = self.export(instrument), questionnaires(self.study)[instrument]
        if _no_rows(export):
            return Came(forms_schema(questionnaire).empty_table(), {}, empty=export.in_use)
        corrections, unfit = self.corrections_here(export, questionnaire)
        exceptions = Exceptions()
        if self.beside is not None:
            exceptions = read_exceptions(self.beside / AMENDMENTS["exceptions"], policy(self.study), self.day)
        intake = Intake(
            self.study,
            policy(self.study),
            self.ledger,
            self.ledger,
            corrections,
            exceptions,
            self._withdrawn_here(export, questionnaire),
        )
        done = validate(export, questionnaire, intake)
        why: dict[int, dict[str, None]] = {}
        for row in done.rejected.table().select(["line", "rule"]).to_pylist():
            why.setdefault(row["line"], {})[row["rule"]] = None
        return Came(done.forms.table(), {line: tuple(rules) for line, rules in why.items()}, corrections, unfit)

    def corrections_here(self, export: Export, questionnaire: Questionnaire) -> tuple[tuple[Correction, ...], int]:
        """Return the corrections of a questionnaire, and how many don't fit.

        Those of another delivery fit if one form has the id and its cell still says what was to be corrected: it may have been
        put right at the server since, or the form be gone. One beside the exports has to fit, as in a refresh.
        """
        mine = tuple(one for one in self.corrections if one.prefix == questionnaire.form_prefix)
        if self.borrowed is None or not mine:
            return mine, 0
        cells: dict[Correction, list[str]] = {one: [] for one in mine}
        for chunk in export.chunks():
            ids = respondents(questionnaire.forms, chunk.cells)
            for one in (each for each in mine if each.column in chunk.cells.column_names):
                at = pa.array(one.rows(ids, chunk.lines))
                cells[one] += pc.utf8_trim_whitespace(chunk.cells[one.column].filter(at)).to_pylist()
        fitting = tuple(one for one in mine if cells[one] == [one.old])
        return fitting, sum(cells[one] not in ([one.old], [one.new]) for one in mine)

    def _withdrawn_here(self, export: Export, questionnaire: Questionnaire) -> Withdrawals:
        """Return what was withdrawn, without forms that this export doesn't have: they may have come with another one."""
        wanted = {entry.form for entry in self.withdrawals.forms(questionnaire.form_prefix)}
        there: set[str] = set()
        for chunk in export.chunks() if wanted else ():
            ids = respondents(questionnaire.forms, chunk.cells)
            named = (form_id(questionnaire.form_prefix, *pair) for pair in zip(ids.tolist(), chunk.lines.tolist(), strict=True))
            there |= wanted.intersection(named)
        kept = tuple(entry for entry in self.withdrawals.entries if entry.conference or entry.form in there)
        return Withdrawals(kept, self.withdrawals.conferences)


def _no_rows(export: Export) -> bool:
    """Tell whether an export holds no form at all: nobody has answered yet, or somebody filtered it."""
    return not export.in_use or not any(len(chunk.lines) for chunk in export.chunks())


def _workbook(place: Path) -> Path | None:
    """Return the workbook in a folder that has no CSV export."""
    if (place / "dataset.csv").exists() or not place.is_dir():
        return None
    found = sorted(path for path in place.iterdir() if path.suffix.lower() in (".xlsx", ".sav") and path.name[0] not in ".~")
    return found[0] if len(found) == 1 else None


def require_ledger(study: Study) -> None:
    """Raise `UsageError` for a study that can't say which conferences were held, or whose forms belong to none."""
    if not followed(study):
        lacks = "its forms carry no number, so nobody can say what is missing"
        what = lacks if about(study).forms.number is None else "it has no ledger, so nobody can say what was held"
        raise UsageError(what, where=about(study).name, do="study.yaml says so: forms and registers")


def followed(study: Study) -> bool:
    """Return whether anybody can say which conferences were held and which forms are theirs."""
    return about(study).forms.number is not None and "ledger" in about(study).registers


def in_folder(settings: Settings, folder: Path, ledger: Path | None = None, day: dt.date | None = None) -> Interim:
    """Return the interim export in a folder that is laid out as a delivery, named by its day or with the `day` given.

    Raises `UsageError` for a folder that isn't there, or whose day nobody says.
    """
    if not folder.is_dir():
        raise UsageError("no such folder", where=folder, do="name a folder with an export of each questionnaire")
    own = day_in_name(folder.name)
    if day is None and own is None:
        raise UsageError("nobody says of which day the export is", where=folder.name, do="give --day 2020-11-30")
    known = folder / LEDGER
    file = ledger or (known if known.exists() else None)
    return Interim(
        settings, day or own or dt.date.min, {name: folder / name for name in instruments(settings.study)}, file, folder
    )


def fetched(settings: Settings, ledger: Path | None = None, until: dt.date | None = None) -> Interim:
    """Return the newest exports that were fetched (until a day, UTC), one of each questionnaire.

    It is of the day until which the server had all of them that were in use: the earliest on which one was seen last. Amendments
    are those of the newest delivery; so is the ledger, unless it is given or lies beside the exports. Raises `InputError` where
    one was never fetched.
    """
    found = _until(settings, ledger or ledger_of_fetched(settings), until)
    if found is None:
        raise InputError("nothing was fetched", where=settings.fetched, do="run frs fetch, or name a folder or a delivery")
    study = settings.study
    missing = next((name for name in instruments(study) if name not in found.places and in_use(study, name, found.name)), None)
    if missing:
        raise InputError(f"no export of {missing} was fetched", where=settings.fetched / missing, do="run frs fetch")
    return found


def day_before(newer: Interim) -> Interim | None:
    """Return what had been fetched by the day before, which may lack questionnaires; None where nothing had."""
    return _until(newer.settings, newer.ledger_file, newer.day - dt.timedelta(days=1))


def _until(settings: Settings, ledger: Path | None, until: dt.date | None) -> Interim | None:
    """Return the newest export of each questionnaire that was fetched until a day; None where none was."""
    study = settings.study
    there = {}
    for name in instruments(study):
        known = [one for one in exports(settings, name) if until is None or day_of(one.time) <= until]
        if known:
            there[name] = max(known, key=lambda one: one.time)
    if not there:
        return None
    last = {name: min(day_of(one.seen), until or dt.date.max) for name, one in there.items()}

    def of(day: dt.date) -> dict[str, dt.date]:
        """Return when each that is in use on a day was seen last: nobody asks for what went out of use."""
        return {name: seen for name, seen in last.items() if in_use(study, name, str(day))}

    day = max(day for day in last.values() if all(seen >= day for seen in of(day).values()))
    places = {name: one.folder for name, one in there.items()}
    return Interim(settings, day, places, ledger, _newest_delivery(settings), of(day) or last)


def ledger_of_fetched(settings: Settings) -> Path | None:
    """Return the ledger for what was fetched: the one beside the exports, else that of the newest delivery."""
    folders = (settings.fetched, *filter(None, (_newest_delivery(settings),)))
    return next((folder / LEDGER for folder in folders if (folder / LEDGER).is_file()), None)


def _newest_delivery(settings: Settings) -> Path | None:
    names = deliveries(settings.raw)
    return settings.raw_delivery(names[-1]) if names else None


def day_of(moment: str) -> dt.date:
    """Return the day (UTC) of a time that names a folder."""
    return dt.date.fromisoformat(moment[:10])


def day_in_name(name: str) -> dt.date | None:
    """Return the day that a folder's name begins with."""
    found = _DAY.fullmatch(name)
    try:
        return dt.date(*map(int, found.groups())) if found else None
    except ValueError:
        return None
