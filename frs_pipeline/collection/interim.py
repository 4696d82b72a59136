"""An interim export: forms as they came in until a day, with the ledger, whether a delivery was made of them or not.

It is judged as a delivery is, but by the ledger alone: who looks on while forms come in needs no key of the codebook.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path

import pyarrow as pa

from frs_pipeline.collection.withdrawn import every_withdrawal
from frs_pipeline.errors import InputError, UsageError
from frs_pipeline.intake.amendments import Correction, Exceptions, read_corrections, read_exceptions
from frs_pipeline.intake.delivery import form_id, form_prefixes
from frs_pipeline.intake.ledger import read_ledger
from frs_pipeline.intake.readers.parsing import respondents
from frs_pipeline.intake.readers.surveyxact import Export, open_export, read_export
from frs_pipeline.intake.remarks import Intake
from frs_pipeline.intake.validation import forms_schema, validate
from frs_pipeline.intake.withdrawals import Withdrawals, held_conferences
from frs_pipeline.store.deliveries import AMENDMENTS, COLLECTION, LEDGER
from frs_pipeline.store.settings import Settings
from frs_pipeline.study import Study
from frs_pipeline.study.about import about
from frs_pipeline.study.instruments import in_use, instruments
from frs_pipeline.study.questionnaires import Questionnaire, questionnaires
from frs_pipeline.study.rules import policy

# A folder of what was fetched begins with the day.
_FETCHED = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})(?:\D.*)?")


@dataclass(frozen=True)
class _OfDay(Export):
    """An export that says of which day it is, whatever its folder is called."""

    day: str = ""

    @property
    def delivery(self) -> str:
        return self.day


@dataclass(frozen=True)
class Came:
    """What came in of one questionnaire: forms accepted (`forms_schema`), forms set aside by id with their rules, and whether
    there is no row at all.

    `lines` are those of the forms set aside. Withdrawn forms are in neither.
    """

    accepted: pa.Table
    aside: Mapping[str, tuple[str, ...]]
    lines: Mapping[str, int]
    columns: Mapping[str, tuple[str, ...]]
    empty: bool = False


@dataclass(frozen=True)
class Interim:
    """An interim export of the `day`: where each questionnaire's export lies, its ledger, and the folder of amendments."""

    settings: Settings
    day: dt.date
    places: Mapping[str, Path]
    ledger_file: Path | None
    beside: Path | None

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

    @cached_property
    def corrections(self) -> tuple[Correction, ...]:
        """What was corrected beside it. Raises `InputError` for a line that can't be understood."""
        until = self.day + dt.timedelta(days=policy(self.study).corrected_within_days)
        path = self.beside / AMENDMENTS["corrections"] if self.beside else None
        return read_corrections(path, form_prefixes(self.study), until) if path else ()

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
            return Came(forms_schema(questionnaire).empty_table(), {}, {}, {}, empty=export.in_use)
        exceptions = Exceptions()
        if self.beside is not None:
            exceptions = read_exceptions(self.beside / AMENDMENTS["exceptions"], policy(self.study), self.day)
        intake = Intake(
            self.study,
            policy(self.study),
            self.ledger,
            self.ledger,
            self.corrections,
            exceptions,
            self._withdrawn_here(export, questionnaire),
        )
        done = validate(export, questionnaire, intake)
        by_form: dict[str, list[tuple[str, int, str]]] = {}
        for row in done.rejected.table().select(["form_id", "line", "rule", "column"]).to_pylist():
            by_form.setdefault(row["form_id"], []).append((row["rule"], row["line"], row["column"] or ""))
        return Came(
            done.forms.table(),
            {form: tuple(dict.fromkeys(rule for rule, *_ in why)) for form, why in by_form.items()},
            {form: why[0][1] for form, why in by_form.items()},
            {form: tuple(dict.fromkeys(column for *_, column in why if column)) for form, why in by_form.items()},
        )

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
    what = None
    if about(study).forms.number is None:
        what = "its forms carry no number, so nobody can say what is missing"
    elif "ledger" not in about(study).registers:
        what = "it has no ledger, so nobody can say what was held"
    if what:
        raise UsageError(what, where=about(study).name, do="study.yaml says so: forms and registers")


def in_folder(settings: Settings, folder: Path, ledger: Path | None = None, day: dt.date | None = None) -> Interim:
    """Return the interim export in a folder that is laid out as a delivery, named by its day or with the `day` given.

    Raises `UsageError` for a folder that isn't there, or whose day nobody says.
    """
    if not folder.is_dir():
        raise UsageError("no such folder", where=folder, do="name a folder with an export of each questionnaire")
    own = day_of(folder.name)
    if day is None and own is None:
        raise UsageError("nobody says of which day the export is", where=folder.name, do="give --day 2020-11-30")
    known = folder / LEDGER
    file = ledger or (known if known.exists() else None)
    return Interim(
        settings, day or own or dt.date.min, {name: folder / name for name in instruments(settings.study)}, file, folder
    )


def fetched(settings: Settings, ledger: Path | None = None, until: dt.date | None = None) -> Interim:
    """Return the newest exports below `Settings.fetched` (until a day), one of each questionnaire.

    Raises `InputError` where one was never fetched.
    """
    places: dict[str, Path] = {}
    days: list[dt.date] = []
    for name in instruments(settings.study):
        dated = [(day, place) for place in _folders(settings.fetched / name) if (day := day_of(place.name))]
        mine = [(day, place) for day, place in dated if until is None or day <= until]
        if mine:
            day, places[name] = max(mine, key=lambda pair: (pair[0], pair[1].name))
            days.append(day)
    if not days:
        raise InputError("nothing was fetched", where=settings.fetched, do="run frs fetch, or name a folder or a delivery")
    day = max(days)
    missing = next((n for n in instruments(settings.study) if n not in places and in_use(settings.study, n, str(day))), None)
    if missing:
        raise InputError(f"no export of {missing} was fetched", where=settings.fetched / missing, do="run frs fetch")
    return Interim(settings, day, places, ledger, None)


def _folders(place: Path) -> Sequence[Path]:
    """List the folders in a folder whose names don't begin with a point, as those of what isn't complete do."""
    there = place.iterdir() if place.is_dir() else ()
    return sorted(path for path in there if path.is_dir() and not path.name.startswith("."))


def day_of(name: str) -> dt.date | None:
    """Return the day that a folder's name begins with."""
    found = _FETCHED.fullmatch(name)
    try:
        return dt.date(*map(int, found.groups())) if found else None
    except ValueError:
        return None
