"""Exports that come as one file: a SurveyXact workbook (.xlsx) or SPSS data (.sav), into the rows of the CSV form.

Both hold typed values where the CSV files hold text. They become the text that SurveyXact writes into CSV, so that
the same forms are accepted, or set aside for the same reasons, whatever form they were delivered in.
"""

from __future__ import annotations

import datetime as dt
import itertools
import json
import re
import subprocess
import sys
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from frs_pipeline.errors import InputError
from frs_pipeline.intake.readers import spss
from frs_pipeline.intake.readers.savcases import cases_in
from frs_pipeline.intake.readers.sheets import AGAIN, FilledRow, blank_strings, filled_rows, roots, sheets_listed

AS_CSV = "export it as CSV files, which may be of any size"

# (line on which the row starts, its cells); a row that is there and holds nothing has none
Rows = list[tuple[int, list[str]]]

# The most bytes that a workbook may unpack to. It is packed up to a thousand times, and a cell may repeat another's text:
# some megabytes could fill any memory. A full sheet of answers stays well under both.
MOST_UNPACKED = 1 << 31
MOST_LETTERS = 1 << 30
STRUCTURE_COLUMNS = ("questionName", "variableName", "questionType", "subType", "questionText", "choiceValue", "choiceText")
# What the header of a dataset holds, and how many rows of another sheet are searched for it.
_RESPONDENT, _BEGINNING = "responde", 100
# The fewest cells of a form: one per column that may not be missing, and one per status. One of them is a time.
_LEAST, _CLOCK = 9, re.compile(r"[0-9]{1,2}[:.][0-9]{2}")
_ZIP, _OLE, _SAV = b"PK\x03\x04", b"\xd0\xcf\x11\xe0", (b"$FL2", b"$FL3")
# Seconds after which reading an SPSS file is given up as endless.
PATIENCE = 600
_SPSS_EPOCH = dt.datetime(1582, 10, 14)
_SPSS_DATE = re.compile(r"(DATETIME|YMDHMS|[AEJS]?DATE)[0-9]")


def read_xlsx(path: Path) -> tuple[Rows, Rows, Rows]:
    """Read the sheets Dataset, Structure and Labels; the first two start with their headers.

    A dataset may go on in sheets Dataset(1), Dataset(2)…, each under the same header. Lines are rows of the sheet;
    those of later sheets are counted on, as if the sheets lay under each other. Cells left empty at the end of a row
    aren't stored in a workbook and come back as "". Every row and cell is compared with the sheet's own XML (`sheets`).
    Raises `InputError` with sheet and row or cell.
    """
    magic = _start(path)
    if magic.startswith(_OLE):
        raise InputError("locked with a password, or an old .xls", where=path, do="save it as .xlsx without a password")
    if not magic.startswith(_ZIP):
        raise InputError("not an .xlsx workbook", where=path, do=AGAIN)
    # What the library says about damage may quote cells: it is neither passed on nor chained.
    try:
        # It warns about styles and validations that it doesn't know; these don't change values.
        with path.open("rb") as file, zipfile.ZipFile(file) as parts, warnings.catch_warnings(action="ignore"):
            # No more of a part is ever read than the size it states.
            if sum(part.file_size for part in parts.infolist()) > MOST_UNPACKED:
                raise InputError("unpacks to more than two gigabytes", where=path, do=AS_CSV)
            if _is_strict(parts):
                what = "a workbook in the variant »Strict Open XML«"
                raise InputError(what, where=path, do="save it as »Excel Workbook (.xlsx)«, or export it again")
            return _Book(path, parts).tables(file)
    except InputError:
        raise
    except Exception:
        raise InputError("a damaged workbook", where=path, do=AGAIN) from None


def _is_strict(parts: zipfile.ZipFile) -> bool:
    """Return whether it is written in the names of ISO 29500 Strict, which the library doesn't know."""
    return "xl/workbook.xml" in parts.namelist() and b"purl.oclc.org/ooxml" in parts.read("xl/workbook.xml")


class _Book:
    """A workbook as the library reads it, beside the XML of its parts."""

    def __init__(self, path: Path, parts: zipfile.ZipFile) -> None:
        self.path, self.parts = path, parts
        self.kinds = roots(parts)
        self.blank = frozenset[int]()
        for name in self._of_kind("sst"):
            with parts.open(name) as file:
                self.blank = blank_strings(file)

    def _of_kind(self, root: str) -> list[str]:
        return [name for name, kind in self.kinds.items() if kind == root]

    def tables(self, file: IO[bytes]) -> tuple[Rows, Rows, Rows]:
        """Read dataset, structure and labels. Raises `InputError`, also for a sheet that holds anything and isn't read."""
        import openpyxl

        book = openpyxl.load_workbook(file, read_only=True, keep_links=False)
        try:
            listed = 0
            for name in self._of_kind("workbook"):
                with self.parts.open(name) as part:
                    listed += sheets_listed(part)
            if listed != len(book.sheetnames):
                raise InputError("lists a sheet that isn't in it", where=self.path, do=AGAIN)
            by_title = {sheet.title: sheet for sheet in book.worksheets}
            if len({title.lower() for title in book.sheetnames}) != listed:
                raise InputError("two sheets have the same name", where=self.path, do=AGAIN)
            tables = self._tables(by_title)
            self._refuse_unread(book.worksheets, by_title)
            return tables
        finally:
            book.close()

    def _tables(self, sheets: dict[str, Any]) -> tuple[Rows, Rows, Rows]:
        missing = next((name for name in ("Structure", "Labels") if name not in sheets), None)
        if missing is not None:
            raise InputError(f"sheet {missing} is missing", where=self.path, do=AGAIN)
        datasets = _datasets(sheets)
        if datasets != ["Dataset"] and (not datasets or datasets != [f"Dataset({i + 1})" for i in range(len(datasets))]):
            what = "one sheet Dataset belongs here, or sheets Dataset(1), Dataset(2) and so on without a gap"
            raise InputError(what, where=self.path, do=AGAIN)
        dataset: Rows = []
        for name in datasets:
            rows = self._table(name, sheets[name])
            above = dataset[-1][0] if dataset else 0
            if dataset and rows[0][1] != dataset[0][1]:
                raise InputError(f"the header isn't that of {datasets[0]}", where=f"{self.path}:{name}!{rows[0][0]}", do=AGAIN)
            dataset += [(above + line, cells) for line, cells in (rows[1:] if dataset else rows)]
        structure = [row for row in self._table("Structure", sheets["Structure"]) if row[1]]
        labels = [_padded(f"{self.path}:Labels", row, 3) for row in self._rows("Labels", sheets["Labels"]) if row[1]]
        return dataset, structure, labels

    def _refuse_unread(self, sheets: list[Any], read: dict[str, Any]) -> None:
        """Raise `InputError` for a sheet that nobody reads and that holds forms, or that the workbook doesn't list."""
        names = {"Structure", "Labels", *_datasets(read)}
        for number, sheet in enumerate(sheets, start=1):
            if sheet.title not in names and _holds_forms(sheet):
                what = f"sheet {number} isn't read, and looks like a dataset"
                do = "call the sheets Dataset(1) and Dataset(2), each with the header, if its forms go on; else take it out"
                raise InputError(what, where=self.path, do=do)
        listed = {sheet._worksheet_path for sheet in sheets}
        for part in self._of_kind("worksheet"):
            if part not in listed:
                with self.parts.open(part) as file:
                    if any(row.columns for row in filled_rows(file, str(self.path), self.blank)):
                        raise InputError("holds a sheet that it doesn't list", where=self.path, do=AGAIN)

    def _table(self, name: str, sheet: Any) -> Rows:
        """Read the rows of a sheet, each as wide as the first, which is the header, or without cells if it holds nothing."""
        where = f"{self.path}:{name}"
        rows = self._rows(name, sheet)
        header = next((row for row in rows if row[1]), None)
        if header is None:
            raise InputError("empty sheet", where=where, do=AGAIN)
        if header[0] != 1:
            raise InputError("the header isn't in the first row", where=f"{where}!1", do=AGAIN)
        return [header, *(_padded(where, row, len(header[1])) if row[1] else row for row in rows)]

    def _rows(self, name: str, sheet: Any) -> Iterator[tuple[int, list[str]]]:
        """Yield the rows of a sheet as read, which has to be as they are stored; those without a value have no cells."""
        where = f"{self.path}:{name}"
        read = _read(where, sheet)
        with self.parts.open(sheet._worksheet_path) as file:
            for row in filled_rows(file, where, self.blank):
                row_read = next(read, None) if row.columns else (row.line, [])
                if row_read is None or _filled(*row_read) != row:
                    raise InputError("the row isn't read as it is stored", where=f"{where}!{row.line}", do=AGAIN)
                yield row_read
        rest = next(read, None)
        if rest is not None:
            raise InputError("the row isn't read as it is stored", where=f"{where}!{rest[0]}", do=AGAIN)


def _datasets(sheets: dict[str, Any]) -> list[str]:
    return sorted((name for name in sheets if name.lower().startswith("dataset")), key=lambda name: (len(name), name))


def _holds_forms(sheet: Any) -> bool:
    """Return whether a sheet begins with a dataset's header, or with forms. Somebody's notes may lie beside the export."""
    sheet.reset_dimensions()
    for row in itertools.islice(sheet.iter_rows(values_only=True), _BEGINNING):
        cells = [text for text in (str(value).strip() for value in row if value is not None) if text]
        if any(cell.lower().startswith(_RESPONDENT) for cell in cells):
            return True
        if len(cells) >= _LEAST and any(map(_CLOCK.search, cells)):
            return True
    return False


def _filled(line: int, cells: list[str]) -> FilledRow:
    return FilledRow(line, tuple(column for column, cell in enumerate(cells, start=1) if cell.strip()))


def _padded(where: str, row: tuple[int, list[str]], width: int) -> tuple[int, list[str]]:
    line, cells = row
    if len(cells) > width:
        raise InputError(f"{len(cells)} fields where {width} belong", where=f"{where}!{line}", do=AGAIN)
    return line, cells + [""] * (width - len(cells))


def _read(where: str, sheet: Any) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows in which the library finds more than blanks, without the empty cells at their end."""
    # The size that a sheet states for itself may be wrong, and would then cut off forms unseen.
    sheet.reset_dimensions()
    letters = 0
    for line, row in enumerate(sheet.iter_rows(), start=1):
        cells = [_cell(where, cell) for cell in row]
        letters += sum(map(len, cells))
        if letters > MOST_LETTERS:
            raise InputError("holds more text than fits into memory", where=f"{where}!{line}", do=AS_CSV)
        while cells and not cells[-1]:
            cells.pop()
        if any(cell.strip() for cell in cells):
            yield line, cells


def _cell(where: str, cell: Any) -> str:
    """Return the text of a cell. Raises `InputError` for a formula or an error, since the export holds neither."""
    if cell.data_type in ("f", "e"):
        what = "a formula" if cell.data_type == "f" else "an error"
        raise InputError(f"{what} where a value belongs", where=f"{where}!{cell.coordinate}", do=AGAIN)
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, (int, float)):
        return _number(value)
    return _time(value) if isinstance(value, dt.datetime) else str(value)


def read_sav(path: Path) -> tuple[Rows, Rows, Rows]:
    """Read an SPSS file into rows of dataset, structure and labels; lines are numbers of cases and of labels from 1.

    Variables are named in lower case, as in SurveyXact's other forms. System-missing values and the variable's own
    user-missing codes are blanks, and the labels of such codes are left out: a questionnaire that counts such a code
    as an answer then refuses the export. SPSS pads text with blanks, so those at the end are gone. Dates, seconds
    since 1582-10-14 in SPSS, become `YYYY-MM-DD HH:MM:SS`. Cases that hold nothing have no cells. Raises `InputError`
    for what isn't a whole SPSS file, or holds other than the cases that its header states.
    """
    if _start(path)[:4] not in _SAV:
        raise InputError("not an SPSS file, or encrypted", where=path, do=AGAIN)
    try:
        tables = _cases(_variables(path))
        cases = cases_in(path)
    except Exception:
        raise InputError("a damaged SPSS file", where=path, do=AGAIN) from None
    read = len(tables[0]) - 1
    if read != cases:
        raise InputError(f"holds {cases} cases, of which its header lets {read} be read", where=path, do=AGAIN)
    return tables


def _variables(path: Path) -> list[dict[str, Any]]:
    """Read the variables of an SPSS file, in a process of its own: a damaged one may kill it."""
    command = [sys.executable, "-P", spss.__file__, str(path)]
    done = subprocess.run(command, capture_output=True, check=True, timeout=PATIENCE)  # noqa: S603 - ourselves
    variables: list[dict[str, Any]] = json.loads(done.stdout)
    return variables


def _cases(variables: list[dict[str, Any]]) -> tuple[Rows, Rows, Rows]:
    structure: Rows = [(0, list(STRUCTURE_COLUMNS))]
    labels: Rows = []
    texts = []
    for variable in variables:
        name, kind, missing = variable["name"].lower(), variable["format"] or "", variable["missing"]
        texts.append([_value(value, kind, missing) for value in variable["values"]])
        answers = [(_value(code, kind, missing), label) for code, label in variable["labels"]]
        answers = [(code, label) for code, label in answers if code]
        types = ["Closed", "Single"] if answers else ["Open", "String" if kind.startswith("A") else "Double"]
        for code, label in answers or [("", "")]:
            structure.append((len(structure), [name, name, *types, variable["label"] or "", code, label]))
        labels += [(len(labels) + i, [name, code, label]) for i, (code, label) in enumerate(answers, start=1)]
    header = [variable["name"].lower() for variable in variables]
    cases = list(zip(*texts, strict=True))
    rows = ((i, list(case) if any(map(str.strip, case)) else []) for i, case in enumerate(cases, start=1))
    return [(0, header), *rows], structure, labels


def _value(value: Any, kind: str, missing: list[tuple[Any, Any]]) -> str:
    """Return the text of an SPSS value of the format `kind`; blank when missing, by the system or within `missing`."""
    if value is None or value != value or any(low <= value <= high for low, high in missing):
        return ""
    if isinstance(value, str):
        return value
    if _SPSS_DATE.match(kind):
        try:
            return _time(_SPSS_EPOCH + dt.timedelta(seconds=float(value)))
        except OverflowError:
            pass  # no date at all: shown as the number that it is
    return _number(float(value))


def _number(value: float) -> str:
    """Write 5 and 5.0 as "5"; a fraction keeps its decimals, so that validation sees that it is no code."""
    return str(int(value)) if abs(value) < 1e15 and value == int(value) else repr(value)


def _time(value: dt.datetime) -> str:
    """Write a time to the nearest second: both kinds of file store fractions of days or seconds that aren't exact."""
    return (value + dt.timedelta(milliseconds=500)).strftime("%Y-%m-%d %H:%M:%S")


def _start(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(8)
    except OSError as error:
        raise InputError("cannot be read", where=path, do="check the file's rights; nothing was changed") from error
