"""A delivery big enough for the policy's shares, made by arithmetic and held in memory, so that a fault can be planted
in it before it is written; and `take_in`, which does to it what a run does up to the marts, without Dagster.

Beside what the four questionnaires ask, the coordinator's has boxes to tick and a line to write on.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pyarrow.parquet as pq
import pyreadstat

from frs_pipeline.codebook.cases import with_cases
from frs_pipeline.codebook.entries import PIPELINE_COLUMNS, Entry, lock, plain
from frs_pipeline.codebook.opening import open_codebook
from frs_pipeline.codebook.pseudonyms import pseudonymise
from frs_pipeline.intake.amendments import CORRECTION_COLUMNS, EXCEPTION_COLUMNS
from frs_pipeline.intake.applying import applied_to_registers
from frs_pipeline.intake.delivery import intake_of, quarantined, remarks, withdrawals_of
from frs_pipeline.intake.ledger import COLUMNS, read_ledger
from frs_pipeline.intake.readers.surveyxact import read_export
from frs_pipeline.intake.readers.workbooks import STRUCTURE_COLUMNS
from frs_pipeline.intake.validation import Validated, validate
from frs_pipeline.intake.withdrawals import WITHDRAWAL_COLUMNS, held_conferences, withdrawn_conferences
from frs_pipeline.store.deliveries import CODEBOOK, LEDGER, sha256
from frs_pipeline.store.files import Store
from frs_pipeline.store.settings import Settings
from frs_pipeline.study.instruments import instruments
from frs_pipeline.study.questionnaires import Questionnaire, questionnaires
from support import keys
from support.built_in import built_in_only
from support.exports import CREATED, NUMBER, NUMBER_AGAIN, STATUS, SYSTEM_COLUMNS
from support.study import STUDY, study_with

NAME = "2021-01-31"
TIMES = (CREATED, "modified", "closetim", "starttim")
FIRST, FOLLOWUP = 18, 12
# Conference 0 has participants only; the first conference that is numbered last has professionals only.
WITHOUT_PROFESSIONALS, WITHOUT_PARTICIPANTS = 0, FIRST - 1
OCCASIONS = {"first": "rådslagning", "followup": "opfølgning"}
PREFIX = {"participant_first": "DF", "participant_followup": "DO", "initiator": "IN", "coordinator": "SA"}
SHEETS = {"dataset": "Dataset", "structure": "Structure", "labels": "Labels"}

BOXES, LINE_TO_WRITE_ON = {1: "mad", 2: "transport"}, "bem"
_MORE_QUESTIONS = """
  - {name: paid, source: betalt, text: Hvad blev betalt?, type: multiple, scale: paid, sensitivity: personal, wording: assumed}
  - {name: remark, source: bem, text: Andet?, type: text, sensitivity: sensitive, wording: assumed}
"""
_MORE_SCALES = "\n  paid:\n" + "".join(f"    - {{code: {code}, label: {label}}}\n" for code, label in BOXES.items())


def four_questionnaires(folder: Path) -> dict[str, Questionnaire]:
    """The project's questionnaires, that of the coordinator with boxes and a line to write on."""
    more = {"scales.yaml": _MORE_SCALES, "questionnaires/coordinator.yaml": _MORE_QUESTIONS}
    return questionnaires(study_with(folder, {name: partial(_with, more=text) for name, text in more.items()}))


def _with(text: str, more: str) -> str:
    return text.rstrip("\n") + more


def conferences() -> list[Entry]:
    """As the codebook has them. Days 61-91 are those of replacement numbers, which belong to nobody."""
    entries = []
    for at in range(FIRST + FOLLOWUP):
        day = dt.date(2018, 2, 1) + dt.timedelta(days=9 * at)
        number, occasion = 31_057 + 613 * at, "first" if at < FIRST else "followup"
        entries.append(Entry(f"{61 + at}01180011", number, f"C-child-{at:02d}", occasion, day.isoformat()))
    return entries


class Big:
    """A delivery in memory: rows of cells, the header first; forms are counted from 0, the header not.

    `bytes_of` alters a file's bytes when it is written (None leaves it out), `beside` are other files, `form_of` says in
    which form an export is delivered, and `altered` is told of a workbook before it is saved.
    """

    def __init__(self, four: dict[str, Questionnaire]) -> None:
        self.entries = conferences()
        self.ledger = [list(COLUMNS), *([str(e.conference_number), e.date, OCCASIONS[e.occasion]] for e in self.entries)]
        self.exports = {name: _export(four[name], self.entries) for name in instruments(STUDY)}
        self.corrections: list[list[str]] = []
        self.exceptions: list[list[str]] = []
        self.withdrawals: list[list[str]] = []
        self.bytes_of: dict[str, Callable[[bytes], bytes | None]] = {}
        self.beside: dict[str, bytes] = {}
        self.form_of: dict[str, str] = {}
        self.encoding = "cp1252"
        self.altered: Callable[[Any], None] = lambda book: None

    def rows(self, instrument: str, part: str = "dataset") -> list[list[str]]:
        return self.exports[instrument][part]

    def set(self, instrument: str, form: int, **cells: str | Callable[[str], str]) -> None:
        """Give a form other cells; a function makes the new cell from the old one."""
        header, row = self.rows(instrument)[0], self.rows(instrument)[form + 1]
        for column, value in cells.items():
            at = header.index(column)
            new = value if isinstance(value, str) else value(row[at])
            assert new != row[at], "nothing would be planted"
            row[at] = new

    def get(self, instrument: str, form: int, column: str) -> str:
        rows = self.rows(instrument)
        return rows[form + 1][rows[0].index(column)]

    def again(self, instrument: str, form: int, minutes: float, before: bool = False, **cells: str | Callable[[str], str]) -> str:
        """Key a paper once more, so many minutes later, and say the new form's id; the new row is the last, or `before` all."""
        rows = self.rows(instrument)
        copy = list(rows[form + 1])
        for name in TIMES:
            at = rows[0].index(name)
            copy[at] = str(dt.datetime.fromisoformat(copy[at]) + dt.timedelta(minutes=minutes))
        copy[0] = str(900_001 + len(rows))
        rows.insert(1 if before else len(rows), copy)
        self.set(instrument, 0 if before else len(rows) - 2, **cells)
        return f"{PREFIX[instrument]}-{copy[0]}"

    def answered(self, instrument: str) -> list[str]:
        """Columns of the answers."""
        return [name for name in self.rows(instrument)[0] if name not in (*SYSTEM_COLUMNS, NUMBER, NUMBER_AGAIN)]

    def delivered(self) -> int:
        return sum(len(self.rows(name)) - 1 for name in instruments(STUDY))

    def cells(self, instrument: str, at: int) -> dict[str, str]:
        """Cells of a form, counted from 1, by column."""
        rows = self.rows(instrument)
        return dict(zip(rows[0], rows[at], strict=True))

    def write(self, data: Path) -> Settings:
        """Put the delivery on disk, under the data folder `data`."""
        folder = data / "raw" / NAME
        for name in instruments(STUDY):
            (folder / name).mkdir(parents=True)
            form = self.form_of.get(name, "csv")
            if form == "csv":
                for part, rows in self.exports[name].items():
                    self._put(folder, f"{name}/{part}.csv", in_dialect(rows, self.encoding))
            elif form == "xlsx":
                self._workbook(folder / name)
            else:
                self._spss(folder / name)
        self._put(folder, LEDGER, in_dialect(self.ledger, "utf-8", terminator="\n"))
        self._put(folder, CODEBOOK, lock(plain(self.entries, PIPELINE_COLUMNS), [keys.recipient()]))
        amendments = (
            (CORRECTION_COLUMNS, "corrections", self.corrections),
            (EXCEPTION_COLUMNS, "exceptions", self.exceptions),
            (WITHDRAWAL_COLUMNS, "withdrawals", self.withdrawals),
        )
        for header, name, rows in amendments:
            if rows:
                self._put(folder, f"{name}.csv", in_dialect([list(header), *rows], "utf-8"))
        for name, content in self.beside.items():
            (folder / name).write_bytes(content)
        return Settings(STUDY, data, keys.lay_down(data))

    def _put(self, folder: Path, name: str, content: bytes) -> None:
        made = self.bytes_of.get(name, lambda data: data)(content)
        if made is not None:
            (folder / name).write_bytes(made)

    def _workbook(self, folder: Path) -> None:
        book = openpyxl.Workbook()
        book.remove(book.active)
        for part, rows in self.exports[folder.name].items():
            sheet = book.create_sheet(SHEETS[part])
            for at, row in enumerate(rows):
                sheet.append(row if at == 0 and part != "labels" else [typed(cell, at) for cell in row])
        self.altered(book)
        content = io.BytesIO()
        book.save(content)
        self._put(folder.parent, f"{folder.name}/export.xlsx", content.getvalue())

    def _spss(self, folder: Path) -> None:
        dataset, structure, labels = self.exports[folder.name].values()
        frame = pd.DataFrame(dataset[1:], columns=dataset[0], dtype=object)
        for name in frame:
            if all(cell == "" or cell.lstrip("-").isdigit() for cell in frame[name]):
                frame[name] = [float(cell) if cell else np.nan for cell in frame[name]]
        texts = {row[1]: f"{row[4]} – {row[6]}" if row[3] == "Multiple" else row[4] for row in structure[1:]}
        codes: dict[str, dict[int, str]] = {}
        for variable, code, label in labels:
            codes.setdefault(variable, {})[int(code)] = label
        pyreadstat.write_sav(
            frame,
            str(folder / "export.sav"),
            variable_value_labels=codes,
            column_labels=[texts.get(name, "") for name in frame],
        )
        self._put(folder.parent, f"{folder.name}/export.sav", (folder / "export.sav").read_bytes())


def typed(cell: str, at: int) -> object:
    """A cell as a spreadsheet holds it: whole numbers in both kinds, times, and text where it can't be told."""
    if cell.isascii() and cell.isdigit() and cell == str(int(cell)):
        return float(cell) if at % 2 else int(cell)
    try:
        return dt.datetime.strptime(cell, "%Y-%m-%d %H:%M:%S")
    except ValueError:
        return cell or None


def in_dialect(
    rows: list[list[str]],
    encoding: str = "cp1252",
    delimiter: str = ";",
    terminator: str = "\r\n",
    quoting: int = csv.QUOTE_MINIMAL,
) -> bytes:
    """Rows of cells as the bytes of an export; SurveyXact's EU dialect unless told."""
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator=terminator, quoting=quoting).writerows(rows)
    return text.getvalue().encode(encoding)


def form_id(instrument: str, form: int) -> str:
    return f"{PREFIX[instrument]}-{_respondent(form)}"


def _respondent(form: int) -> int:
    return 700_001 + 11 * form


def _export(questionnaire: Questionnaire, entries: list[Entry]) -> dict[str, list[list[str]]]:
    participants = questionnaire.question("role") is not None
    without = WITHOUT_PARTICIPANTS if participants else WITHOUT_PROFESSIONALS
    fitting = [e for at, e in enumerate(entries) if at != without and questionnaire.occasion in ("both", e.occasion)]
    forms = [(entry, nth) for entry in fitting for nth in range(5 if participants else 2)]
    structure, labels = _described(questionnaire)
    header = [*SYSTEM_COLUMNS, NUMBER, NUMBER_AGAIN, *dict.fromkeys(row[1] for row in structure[3:])]
    dataset = [header, *(_form(questionnaire, i, entry, nth) for i, (entry, nth) in enumerate(forms))]
    return {"dataset": dataset, "structure": structure, "labels": labels}


def _described(questionnaire: Questionnaire) -> tuple[list[list[str]], list[list[str]]]:
    structure = [list(STRUCTURE_COLUMNS)]
    structure += [[f"nummer{i}", name, "Open", "Double", "", "", ""] for i, name in ((1, NUMBER), (2, NUMBER_AGAIN))]
    labels = [
        [status, "1", text]
        for status, text in zip(STATUS, ("Ny", "Distribueret", "Nogen svar", "Gennemført", "Frafaldet"), strict=True)
    ]
    for question in questionnaire.questions:
        if question.option is not None:
            name, box = f"{question.source}_{question.option}", BOXES[question.option]
            structure.append([question.source, name, "Closed", "Multiple", question.asked, str(question.option), box])
            labels += [[name, "0", "ikke valgt"], [name, "1", "valgt"]]
            continue
        for code, label in question.labels.items():
            structure.append([question.name, question.source, "Closed", "Single", question.text, str(code), label])
            labels.append([question.source, str(code), label])
    structure += [[text.name, text.source, "Open", "String", text.text, "", ""] for text in questionnaire.texts]
    return structure, labels


def _form(questionnaire: Questionnaire, i: int, entry: Entry, nth: int) -> list[str]:
    """Answers run through the codes of each scale; now and then one is blank. A conference has each role once."""
    keyed = dt.datetime(2019, 5, 6, 9) + dt.timedelta(hours=i)
    stamps = [str(keyed + dt.timedelta(seconds=s)) for s in (0, 75, 75, 0)]
    cells = [str(_respondent(i)), *stamps, "75", "0", "0", "0", "1", "0", "1", "0", "1", *[str(entry.conference_number)] * 2]
    for j, question in enumerate(questionnaire.questions):
        step = i // question.option if question.option else i * (1 + j % 3) + j
        code = question.codes[(nth if question.name == "role" else step) % len(question.codes)]
        asked = question.occasion in ("both", entry.occasion)
        blank = question.name != "role" and (not asked or (i + 2 * j) % 13 == 12)
        cells.append("" if blank and question.option is None else str(code))
    return [*cells, *("nothing more" for _ in questionnaire.texts)]


@dataclass(frozen=True)
class Outcome:
    """What came of a delivery: accepted forms by id (answers, pseudonym, occasion), and rows of quarantine and notes."""

    forms: dict[str, dict[str, Any]]
    quarantine: list[dict[str, Any]]
    noted: list[dict[str, Any]]
    delivered: int
    withdrawn: int


Known = dict[tuple[str, ...], Validated]


def take_in(settings: Settings, four: dict[str, Questionnaire], waiting: Path, known: Known) -> Outcome:
    """Do to the forms of a delivery what a run does, up to the marts; `waiting` is an empty folder for what lies between.

    An export that is the same byte for byte, under the same registers and amendments, was judged before: `known`.
    """
    store = Store(settings, NAME)
    codebook, ledger = open_codebook(store), read_ledger(STUDY, store.raw(LEDGER))
    withdrawn = withdrawn_conferences(withdrawals_of(store), codebook)
    codebook, ledger = (held_conferences(register, withdrawn) for register in (codebook, ledger))
    intake = built_in_only(intake_of(store, codebook, ledger, withdrawn))
    results = {}
    for name in instruments(STUDY):
        files = [
            path
            for path in store.raw("").rglob("*")
            if path.parent.name == name or (path.suffix == ".csv" and path.parent == store.raw(""))
        ]
        by = (name, str(codebook.to_pylist()), *(f"{path.name} {sha256(path)}" for path in sorted(files)))
        if by not in known:
            known[by] = validate(read_export(STUDY, store.raw(name)), four[name], intake, waiting)
        results[name] = known[by]
    parts = {}
    for name, result in results.items():
        assert result.forms.num_rows + result.set_aside + result.withdrawn == result.delivered
        for layer in ("rejected", "noted"):
            parts[layer, name] = waiting / f"{layer}-{name}.parquet"
            pq.write_table(getattr(result, layer).table(), parts[layer, name])
    quarantine = waiting / "quarantine.parquet"
    aside = quarantined([parts["rejected", name] for name in instruments(STUDY)], waiting).table()
    pq.write_table(aside, quarantine)
    accepted = {name: result.forms.num_rows for name, result in results.items()}
    applied = [*(result.applied for result in results.values()), applied_to_registers(codebook, ledger)]
    notes, counts = remarks(intake, accepted, quarantine, [parts["noted", name] for name in instruments(STUDY)], waiting, applied)
    forms: dict[str, dict[str, Any]] = {}
    for name, result in results.items():
        for table in pseudonymise(result.forms.batches(), with_cases(STUDY, codebook, ledger), four[name]):
            for form in table.to_pylist():
                assert form["form_id"] not in forms
                forms[form.pop("form_id")] = form
    left = sum(result.withdrawn for result in results.values())
    assert counts["delivered"] + left == sum(result.delivered for result in results.values())
    assert counts["set_aside"] == sum(result.set_aside for result in results.values())
    return Outcome(forms, aside.to_pylist(), notes.table().to_pylist(), counts["delivered"] + left, left)
