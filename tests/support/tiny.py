"""A tiny good delivery that a test may spoil, and short ways to read and alter it.

Its forms are made by arithmetic from the questionnaires: no random, no clock, no file of the project's own data.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import shutil
from dataclasses import replace
from pathlib import Path

from frs_pipeline.codebook.entries import PIPELINE_COLUMNS, Entry, lock, plain
from frs_pipeline.codebook.vault import read_codebook
from frs_pipeline.intake.amendments import CORRECTION_COLUMNS, EXCEPTION_COLUMNS
from frs_pipeline.intake.delivery import intake_of, withdrawals_of
from frs_pipeline.intake.ledger import COLUMNS, read_ledger
from frs_pipeline.intake.readers.surveyxact import read_export
from frs_pipeline.intake.readers.workbooks import STRUCTURE_COLUMNS
from frs_pipeline.intake.validation import validate
from frs_pipeline.intake.withdrawals import WITHDRAWAL_COLUMNS, held_conferences, withdrawn_conferences
from frs_pipeline.store.deliveries import AMENDMENTS, CODEBOOK, LEDGER
from frs_pipeline.store.files import Store
from frs_pipeline.store.settings import Settings
from frs_pipeline.study.instruments import instruments
from frs_pipeline.study.questionnaires import questionnaires
from support import keys
from support.built_in import built_in_only
from support.exports import NUMBER, NUMBER_AGAIN, STATUS, SYSTEM_COLUMNS
from support.study import BESIDE, STUDY, study_of

# Day 61-91: replacement numbers, which belong to nobody.
HELD = (
    Entry("6101180011", 40111, "C-lark", "first", "2018-02-01", "SWRENAAA"),
    Entry("7202180022", 40222, "C-finch", "first", "2018-03-01", "SROBINAA"),
    Entry("8303180033", 40333, "C-heron", "first", "2018-04-01", "SMARTINA"),
    Entry("6101180011", 50444, "C-raven", "followup", "2018-08-01", "SWRENAAA"),
    Entry("7202180022", 50555, "C-snipe", "followup", "2018-09-01", "SROBINAA"),
)
FORMS = {"participant_first": 9, "participant_followup": 7, "initiator": 5, "coordinator": 5}


def in_dialect(rows, encoding="cp1252", delimiter=";", terminator="\r\n"):
    """Rows of cells as the bytes of an export; SurveyXact's EU dialect unless told."""
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator=terminator).writerows(rows)
    return text.getvalue().encode(encoding)


class Delivery:
    """A delivery on disk that can be looked into and altered; forms are counted from 0, the header not."""

    def __init__(self, data, name="2021-01-31"):
        self.data, self.name = Path(data), name
        self.folder = self.data / "raw" / name
        self.key = self.data / keys.NAME
        self.settings = Settings(study_of(self.data), self.data, self.key)

    def path(self, name):
        return self.folder / name

    def dataset(self, instrument):
        """Header and forms as lists of cells."""
        text = self.path(f"{instrument}/dataset.csv").read_bytes().decode("cp1252")
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=";"))

    def write_dataset(self, instrument, rows):
        self.path(f"{instrument}/dataset.csv").write_bytes(in_dialect(rows))

    def get(self, instrument, form, column):
        rows = self.dataset(instrument)
        return rows[form + 1][rows[0].index(column)]

    def set(self, instrument, form, **cells):
        rows = self.dataset(instrument)
        for column, value in cells.items():
            rows[form + 1][rows[0].index(column)] = value
        self.write_dataset(instrument, rows)

    def repeat(self, instrument, form, **cells):
        """Put a copy of a form at the end, with other `cells`."""
        rows = self.dataset(instrument)
        self.write_dataset(instrument, [*rows, rows[form + 1]])
        self.set(instrument, len(rows) - 1, **cells)

    def drop_column(self, instrument, column):
        rows = self.dataset(instrument)
        at = rows[0].index(column)
        self.write_dataset(instrument, [row[:at] + row[at + 1 :] for row in rows])

    def add_column(self, instrument, column, value):
        header, *forms = self.dataset(instrument)
        self.write_dataset(instrument, [[*header, column], *([*form, value] for form in forms)])

    def edit(self, name, old, new):
        """Replace bytes that must be there."""
        data = self.path(name).read_bytes()
        assert old in data
        self.path(name).write_bytes(data.replace(old, new, 1))

    def lock_codebook(self, entries=HELD, columns=PIPELINE_COLUMNS):
        self.path(CODEBOOK).write_bytes(lock(plain(entries, columns), [keys.recipient()]))

    def write_ledger(self, entries=HELD):
        words = {"first": "rådslagning", "followup": "opfølgning"}
        rows = [COLUMNS, *([e.conference_number, e.date, words[e.occasion]] for e in entries)]
        self.path(LEDGER).write_bytes(in_dialect(rows, "utf-8", terminator="\n"))

    def correct(self, *corrections):
        """Write corrections.csv: form, column, old, new, and what else a line needs unless told."""
        rows = [[*cells, *("set på papiret", "LK", "2021-02-01")[len(cells) - 4 :]] for cells in corrections]
        self.path(AMENDMENTS["corrections"]).write_bytes(in_dialect([CORRECTION_COLUMNS, *rows], "utf-8"))

    def accept(self, *exceptions):
        """Write exceptions.csv: form, rule, column, and what else a line needs unless told."""
        rows = [[*cells, *("i orden", "LK", "2021-12-31")[len(cells) - 3 :]] for cells in exceptions]
        self.path(AMENDMENTS["exceptions"]).write_bytes(in_dialect([EXCEPTION_COLUMNS, *rows], "utf-8"))

    def withdraw(self, *withdrawals):
        """Write withdrawals.csv: form, conference, and what else a line needs unless told."""
        rows = [[*cells, *("samtykke trukket", "LK", "2021-02-01")[len(cells) - 2 :]] for cells in withdrawals]
        self.path(AMENDMENTS["withdrawals"]).write_bytes(in_dialect([WITHDRAWAL_COLUMNS, *rows], "utf-8"))

    def intake(self, **changes):
        """What its forms are judged by, as a run takes it in, but for rules of one's own; with `changes` to that."""
        store = Store(self.settings, self.name)
        codebook, ledger = read_codebook(STUDY, self.path(CODEBOOK), self.key), read_ledger(STUDY, self.path(LEDGER))
        withdrawn = withdrawn_conferences(withdrawals_of(store), codebook)
        registers = (held_conferences(register, withdrawn) for register in (codebook, ledger))
        return replace(built_in_only(intake_of(store, *registers, withdrawn)), **changes)

    def validated(self, instrument, questionnaire=None, **changes):
        """Its forms of one questionnaire, split."""
        study = self.settings.study
        export = read_export(study, self.path(instrument))
        return validate(export, questionnaire or questionnaires(study)[instrument], self.intake(**changes))

    def form_id(self, instrument, form):
        return f"{questionnaires(STUDY)[instrument].form_prefix}-{self.get(instrument, form, 'responde')}"

    def copy_to(self, data):
        """The same delivery, with all that was made from it, under another data folder, and its study beside it."""
        shutil.copytree(self.data, data)
        if self.settings.study is not STUDY and not data.with_name(BESIDE).exists():
            shutil.copytree(self.settings.study.folder, data.with_name(BESIDE))
        return Delivery(data, self.name)


def make(data):
    """Write the tiny good delivery under the folder `data`."""
    made = Delivery(data)
    for instrument in instruments(STUDY):
        made.path(instrument).mkdir(parents=True)
        _write_export(made, questionnaires(STUDY)[instrument])
    made.write_ledger()
    keys.lay_down(made.data)
    made.lock_codebook()
    return made


def _write_export(made, questionnaire):
    instrument = questionnaire.instrument
    fitting = [e for e in HELD if questionnaire.occasion in ("both", e.occasion)]
    header = [*SYSTEM_COLUMNS, NUMBER, NUMBER_AGAIN, *(q.source for q in questionnaire.questions)]
    forms = [_form(questionnaire, i, fitting[i % len(fitting)]) for i in range(FORMS[instrument])]
    structure = [
        list(STRUCTURE_COLUMNS),
        *([f"nummer{i}", s, "Open", "Double", "", "", ""] for i, s in ((1, NUMBER), (2, NUMBER_AGAIN))),
    ]
    labels = [[status, "1", "Gennemført"] for status in STATUS]
    for question in questionnaire.questions:
        for code, label in question.labels.items():
            structure.append([question.name, question.source, "Closed", "Single", question.text, str(code), label])
            labels.append([question.source, str(code), label])
    for name, rows in (("dataset", [header, *forms]), ("structure", structure), ("labels", labels)):
        made.path(f"{instrument}/{name}.csv").write_bytes(in_dialect(rows))


def _form(questionnaire, i, held):
    """Answers run through the codes of each scale; now and then one is blank."""
    keyed = dt.datetime(2019, 5, 6, 9) + dt.timedelta(days=i)
    stamps = [str(keyed + dt.timedelta(seconds=s)) for s in (0, 75, 75, 0)]
    cells = [str(700001 + 11 * i), *stamps, "75", "0", "0", "0", "1", "0", "1", "0", "1", *[str(held.conference_number)] * 2]
    for j, question in enumerate(questionnaire.questions):
        asked = question.occasion in ("both", held.occasion)
        blank = not asked or (i + 2 * j) % 13 == 12
        cells.append("" if blank else str(question.codes[(i * (1 + j % 3) + j) % len(question.codes)]))
    return cells
