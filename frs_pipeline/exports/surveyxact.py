"""Exports as they lie on disk, in whichever form: dataset, structure and labels into plain text frames.

Nothing is interpreted here: cells stay text, so that a form that is set aside later can be shown as it was
delivered. Encodings and delimiters of the CSV files are those of the three dialects that SurveyXact writes;
`workbooks` reads the other forms into the same rows.
"""

from __future__ import annotations

import codecs
import csv
import io
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from frs_pipeline.deliveries import source_files
from frs_pipeline.errors import InputError
from frs_pipeline.exports.workbooks import AGAIN, Rows, read_sav, read_xlsx
from frs_pipeline.exports.workbooks import STRUCTURE_COLUMNS as STRUCTURE_COLUMNS

LINE = "line"
RESPONDENT = "responde"
NUMBER, NUMBER_AGAIN = "raadsnr", "raadsnr2"
CREATED = "created"
STATUS = ("stato_1", "stato_2", "stato_3", "stato_4", "stato_5")
SYSTEM_COLUMNS = (RESPONDENT, CREATED, "modified", "closetim", "starttim", "difftime", *STATUS, "statc_3", "statd_1", "statd_2")


@dataclass(frozen=True)
class Export:
    """One questionnaire's export, the same whatever form it came in.

    `file` is the name, inside the delivery, of the file that holds the forms. `dataset` and `labels` hold text
    cells and the `line` on which each row starts: in the file, in the sheet, or the number of the case.
    """

    folder: Path
    file: str
    dataset: pd.DataFrame
    structure: pd.DataFrame
    labels: pd.DataFrame

    def where(self, part: str, line: int | None = None) -> str:
        """Where a part of the export, or a line of it, is found; for messages."""
        return _where(self.folder.parent / self.file, part, line)


def read_export(folder: Path) -> Export:
    """Read the export of one questionnaire, `folder` being its folder in the delivery.

    Raises `InputError` with file and line when it is missing, comes in two forms, or can't be understood.
    """
    file = source_files(folder.parent, folder.name)[0]
    path = folder.parent / file
    read = {".xlsx": read_xlsx, ".sav": read_sav}.get(path.suffix, _read_csv)
    dataset, structure, labels = read(path)
    return Export(folder, file, _dataset(path, dataset), _structure(path, structure), _labels(path, labels))


def _where(path: Path, part: str, line: int | None = None) -> str:
    """`…/labels.csv:7`, `…/export.xlsx:Labels!7`; an SPSS file has neither parts nor lines."""
    if path.suffix == ".sav":
        return str(path)
    if path.suffix == ".xlsx":
        place, between = f"{path}:{part.title()}", "!"
    else:
        place, between = str(path.with_name(f"{part}.csv")), ":"
    return place if line is None else f"{place}{between}{line}"


def _dataset(path: Path, rows: Rows) -> pd.DataFrame:
    if not rows:
        raise InputError("empty file", where=_where(path, "dataset"), do=AGAIN)
    header = [name.strip() for name in rows[0][1]]
    missing = next((name for name in (RESPONDENT, NUMBER, NUMBER_AGAIN, CREATED) if name not in header), None)
    if missing is not None:
        raise InputError(f"column {missing} is missing", where=_where(path, "dataset", 1), do=AGAIN)
    # By position: where the header line is missing, what stands in its place is a form.
    twice = next((at for at, name in enumerate(header, start=1) if header.count(name) > 1), None)
    if twice is not None:
        raise InputError(f"column {twice} has a name that stands twice", where=_where(path, "dataset", 1), do=AGAIN)
    if len(rows) == 1:
        raise InputError("a header and no rows", where=_where(path, "dataset"), do="the export's filter is wrong; " + AGAIN)
    for line, cells in rows[1:]:
        if len(cells) != len(header):
            what = f"{len(cells)} fields where {len(header)} belong"
            raise InputError(what, where=_where(path, "dataset", line), do=AGAIN)
    frame = pd.DataFrame([cells for _, cells in rows[1:]], columns=header, dtype=str)
    frame.insert(0, LINE, [line for line, _ in rows[1:]])
    return frame


def _structure(path: Path, rows: Rows) -> pd.DataFrame:
    if not rows or tuple(name.strip() for name in rows[0][1]) != STRUCTURE_COLUMNS:
        what = "the header isn't that of a SurveyXact structure file"
        raise InputError(what, where=_where(path, "structure", 1), do=AGAIN)
    for line, cells in rows[1:]:
        if len(cells) != len(STRUCTURE_COLUMNS):
            raise InputError(f"{len(cells)} fields where 7 belong", where=_where(path, "structure", line), do=AGAIN)
    return pd.DataFrame([cells for _, cells in rows[1:]], columns=list(STRUCTURE_COLUMNS), dtype=str)


def _labels(path: Path, rows: Rows) -> pd.DataFrame:
    for line, cells in rows:
        if len(cells) != 3:
            raise InputError(f"{len(cells)} fields where 3 belong", where=_where(path, "labels", line), do=AGAIN)
    frame = pd.DataFrame([cells for _, cells in rows], columns=["variable", "code", "label"], dtype=str)
    frame.insert(0, LINE, [line for line, _ in rows])
    return frame


def _read_csv(path: Path) -> tuple[Rows, Rows, Rows]:
    """Rows of dataset, structure and labels; `path` is the dataset's."""
    structure, delimiter = _read_structure(path.with_name("structure.csv"))
    labels = _rows(path.with_name("labels.csv"), delimiter)
    return _rows(path, delimiter), structure, labels


def _read_structure(path: Path) -> tuple[Rows, str]:
    """Rows of structure.csv and the delimiter that its known header shows."""
    text = _decode(path)
    head = text.split("\n", 1)[0].rstrip("\r")
    delimiter = next((d for d in (";", "\t", ",") if tuple(_unquoted(head.split(d)))[:7] == STRUCTURE_COLUMNS), None)
    if delimiter is None:
        raise InputError("the header isn't that of a SurveyXact structure file", where=f"{path}:1", do=AGAIN)
    rows = _parse(path, text, delimiter)
    # Some exports end a row with one empty field too many; that and nothing else is let through.
    surplus = len(STRUCTURE_COLUMNS) + 1
    return [(line, cells[:-1] if len(cells) == surplus and cells[-1] == "" else cells) for line, cells in rows], delimiter


def _unquoted(cells: list[str]) -> list[str]:
    return [cell.strip().strip('"') for cell in cells]


def _rows(path: Path, delimiter: str) -> Rows:
    return _parse(path, _decode(path), delimiter)


def _parse(path: Path, text: str, delimiter: str) -> Rows:
    """(line on which the row starts, its cells) of every row that isn't blank."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows = []
    start = 1
    try:
        for cells in reader:
            if cells:
                rows.append((start, cells))
            start = reader.line_num + 1
    except csv.Error as error:
        raise InputError(f"not a CSV file: {error}", where=f"{path}:{start}", do=AGAIN) from error
    return rows


def _decode(path: Path) -> str:
    """Text of an export: by its byte-order mark, else strict UTF-8, else cp1252."""
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise InputError("missing file", where=path, do="ask for the delivery again; nothing was changed") from error
    except OSError as error:
        raise InputError("cannot be read", where=path, do="check the file's rights; nothing was changed") from error
    text = _decoded(data, path)
    if "\0" in text:
        raise InputError("holds null bytes: not a text file", where=path, do=AGAIN)
    return text


def _decoded(data: bytes, path: Path) -> str:
    for mark, encoding in ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")):
        if data.startswith(mark):
            return _strict(data.removeprefix(mark), encoding, path)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return _strict(data, "cp1252", path)


def _strict(data: bytes, encoding: str, path: Path) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise InputError(f"not readable as {encoding}", where=f"{path}:{line}", do=AGAIN) from None
