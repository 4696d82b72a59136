"""SurveyXact exports as they lie on disk: dataset, structure and labels into plain text frames.

Nothing is interpreted here: cells stay text, so that a form that is set aside later can be shown as it was
delivered. Encodings and delimiters are those of the three dialects that SurveyXact writes.
"""

from __future__ import annotations

import codecs
import csv
import io
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from frs_pipeline.errors import InputError

LINE = "line"
STRUCTURE_COLUMNS = ("questionName", "variableName", "questionType", "subType", "questionText", "choiceValue", "choiceText")
RESPONDENT = "responde"
NUMBER, NUMBER_AGAIN = "raadsnr", "raadsnr2"
CREATED = "created"
STATUS = ("stato_1", "stato_2", "stato_3", "stato_4", "stato_5")
SYSTEM_COLUMNS = (RESPONDENT, CREATED, "modified", "closetim", "starttim", "difftime", *STATUS, "statc_3", "statd_1", "statd_2")

_AGAIN = "export it again from SurveyXact; the last good result stays"


@dataclass(frozen=True)
class Export:
    """One questionnaire's export: `dataset` holds text cells and the line in the file on which each row starts."""

    folder: Path
    dataset: pd.DataFrame
    structure: pd.DataFrame
    labels: pd.DataFrame


def read_export(folder: Path) -> Export:
    """Read the three files. Raises `InputError` with file and line when one can't be understood."""
    structure_rows, delimiter = _read_structure(folder / "structure.csv")
    structure = pd.DataFrame([cells for _, cells in structure_rows], columns=list(STRUCTURE_COLUMNS), dtype=str)
    label_rows = _rows(folder / "labels.csv", delimiter)
    for line, cells in label_rows:
        if len(cells) != 3:
            raise InputError(f"{len(cells)} fields where 3 belong", where=f"{folder / 'labels.csv'}:{line}", do=_AGAIN)
    labels = pd.DataFrame([cells for _, cells in label_rows], columns=["variable", "code", "label"], dtype=str)
    labels.insert(0, LINE, [line for line, _ in label_rows])
    return Export(folder, _read_dataset(folder / "dataset.csv", delimiter), structure, labels)


def _read_dataset(path: Path, delimiter: str) -> pd.DataFrame:
    rows = _rows(path, delimiter)
    if not rows:
        raise InputError("empty file", where=path, do=_AGAIN)
    header = [name.strip() for name in rows[0][1]]
    twice = next((name for name in header if header.count(name) > 1), None)
    if twice is not None:
        raise InputError(f"column {twice} stands twice", where=f"{path}:1", do=_AGAIN)
    missing = next((name for name in (RESPONDENT, NUMBER, NUMBER_AGAIN, CREATED) if name not in header), None)
    if missing is not None:
        raise InputError(f"column {missing} is missing", where=f"{path}:1", do=_AGAIN)
    if len(rows) == 1:
        raise InputError("a header and no rows", where=path, do="the export's filter is wrong; " + _AGAIN)
    for line, cells in rows[1:]:
        if len(cells) != len(header):
            raise InputError(f"{len(cells)} fields where {len(header)} belong", where=f"{path}:{line}", do=_AGAIN)
    frame = pd.DataFrame([cells for _, cells in rows[1:]], columns=header, dtype=str)
    frame.insert(0, LINE, [line for line, _ in rows[1:]])
    return frame


def _read_structure(path: Path) -> tuple[list[tuple[int, list[str]]], str]:
    """Rows of structure.csv and the delimiter that its known header shows."""
    text = _decode(path)
    head = text.split("\n", 1)[0].rstrip("\r")
    delimiter = next((d for d in (";", "\t", ",") if tuple(_unquoted(head.split(d)))[:7] == STRUCTURE_COLUMNS), None)
    if delimiter is None:
        raise InputError("the header isn't that of a SurveyXact structure file", where=f"{path}:1", do=_AGAIN)
    rows = []
    for line, cells in _parse(path, text, delimiter)[1:]:
        # Some exports end a row with one empty field too many; that and nothing else is let through.
        if len(cells) == len(STRUCTURE_COLUMNS) + 1 and cells[-1] == "":
            cells = cells[:-1]
        if len(cells) != len(STRUCTURE_COLUMNS):
            raise InputError(f"{len(cells)} fields where 7 belong", where=f"{path}:{line}", do=_AGAIN)
        rows.append((line, cells))
    return rows, delimiter


def _unquoted(cells: list[str]) -> list[str]:
    return [cell.strip().strip('"') for cell in cells]


def _rows(path: Path, delimiter: str) -> list[tuple[int, list[str]]]:
    return _parse(path, _decode(path), delimiter)


def _parse(path: Path, text: str, delimiter: str) -> list[tuple[int, list[str]]]:
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
        raise InputError(f"not a CSV file: {error}", where=f"{path}:{start}", do=_AGAIN) from error
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
        raise InputError("holds null bytes: not a text file", where=path, do=_AGAIN)
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
        raise InputError(f"not readable as {encoding}", where=f"{path}:{line}", do=_AGAIN) from None
