"""Exports as they lie on disk, in whichever form: names of columns, structure, labels, and the forms in chunks.

Nothing is interpreted here: cells stay text, so that a form that is set aside later can be shown as it was
delivered. `csvfiles` reads the three dialects of CSV files, `workbooks` the other forms, into the same rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from frs_pipeline.errors import InputError
from frs_pipeline.intake.readers.columns import closed_columns, column_names
from frs_pipeline.intake.readers.csvfiles import (
    CHUNK,
    Chunk,
    CsvFile,
    chunk_of,
    chunks,
    header,
    open_csv,
    open_list,
    open_structure,
)
from frs_pipeline.intake.readers.sheets import AGAIN
from frs_pipeline.intake.readers.workbooks import STRUCTURE_COLUMNS, Rows, read_sav, read_xlsx
from frs_pipeline.store.deliveries import EXPORT_FILES, PLAIN_FILES, SECOND, known_as, source_files
from frs_pipeline.study import Study
from frs_pipeline.study.about import Forms, about

# What may stand before a code, and says nothing.
_ZEROS = re.compile(r"^(-?)0+(?=[0-9]+$)")


@dataclass(frozen=True)
class Export:
    """One questionnaire's export, the same whichever form it came in.

    `file` is what the file that holds the forms is known as inside the delivery; `forms` says what a form is known by, and
    `names` are the columns. `structure` (below its header) and `labels` are rows with the line on which each starts: in the
    file, in the sheet, or the number of the case. `head` is the line of the header above the forms. A questionnaire that
    isn't in use at the delivery's date has none of it (`in_use`).
    """

    folder: Path
    file: str
    forms: Forms
    names: list[str]
    structure: Rows
    labels: Rows
    dataset: CsvFile | Rows
    head: int = 1
    in_use: bool = True
    plain: bool = False

    @property
    def delivery(self) -> str:
        """Name of the delivery."""
        return self.folder.parent.name

    def chunks(self, wanted: np.ndarray | None = None) -> Iterator[Chunk]:
        """Yield the forms, some at a time; chunks that hold none of the `wanted` lines (ascending) may be skipped.

        Raises `InputError` for a row that has more or fewer cells than there are columns, and at the end when the file was
        cut in its last line or holds another number of forms than were read.
        """
        if isinstance(self.dataset, CsvFile):
            read = 0
            for chunk in chunks(self.dataset, self.names, wanted, closed_columns(self.forms, self.names, self.structure)):
                read += len(chunk.lines)
                yield chunk
            if wanted is None:
                self.dataset.refuse_cut()
                counted = self.dataset.counted().rows - 1
                if counted != read:
                    what = f"{counted} forms are in the file, but {read} were read"
                    raise InputError(what, where=self.where("dataset"), do=AGAIN)
            return
        for start in range(0, len(self.dataset), CHUNK):
            yield chunk_of(self.dataset[start : start + CHUNK], self.names, lambda line: self.where("dataset", line))

    def where(self, part: str, line: int | None = None) -> str:
        """Say where a part of the export, or a line of it, is; for messages."""
        # What a plain export says of its columns stands in its list of labels.
        part = "labels" if part == "structure" and self.plain else part
        return _where(self.folder.parent / self.file, part, line)


def read_export(study: Study, folder: Path) -> Export:
    """Read the export of one questionnaire, `folder` being its folder in the delivery; empty where it isn't in use.

    Raises `InputError` with file and line when it is missing, was cut, comes in two forms, or can't be understood.
    """
    forms = about(study).forms
    files = source_files(study, folder.parent, folder.name)
    if not files:
        return Export(folder, folder.name, forms, [], [], [], [], in_use=False)
    return _read(forms, folder, known_as(files[0]), [folder.parent / name for name in files])


def read_again(study: Study, folder: Path, instrument: str) -> Export | None:
    """Read the second keying of one questionnaire in the delivery `folder`; None where nothing was keyed again.

    Raises as `read_export` does.
    """
    place = folder / SECOND
    own = f"{SECOND}/{instrument}/"
    names = [name for name in source_files(study, folder, SECOND) if name.startswith(own)]
    if not names:
        return None
    first = known_as(names[0]).removeprefix(f"{SECOND}/")
    return _read(about(study).forms.again, place / instrument, first, [folder / name for name in names])


def open_export(path: Path, forms: Forms) -> Export:
    """Read an export that lies anywhere: a folder with the three CSV files, or a workbook. Raises as `read_export`."""
    names = EXPORT_FILES if (path / "structure.csv").exists() else PLAIN_FILES
    files = [path / name for name in names] if path.is_dir() else [path]
    missing = next((file for file in files if not file.is_file()), None)
    if missing is not None:
        raise InputError(
            "missing file",
            where=missing,
            do=f"name a folder with {', '.join(EXPORT_FILES)}, one with {' and '.join(PLAIN_FILES)}, an .xlsx or a .sav",
        )
    folder = files[0].parent
    return _read(forms, folder, f"{folder.name}/{files[0].name}", files)


def _read(forms: Forms, folder: Path, file: str, files: Sequence[Path]) -> Export:
    """Read an export from its files; `file` is what the first of them is known as beside `folder`."""
    path, *others = files
    dataset: CsvFile | Rows
    if len(others) == 1:
        listed = open_list(others[0])
        structure, labels = _plain(list(listed.rows())[1:])
        dataset = open_csv(path, listed.delimiter)
        line, head = header(dataset)
        listed.refuse_cut()
    elif others:
        described, structure = open_structure(others[0])
        named = open_csv(others[1], described.delimiter)
        labels = list(named.rows())
        dataset = open_csv(path, described.delimiter)
        line, head = header(dataset)
        described.refuse_cut()
        named.refuse_cut()
    else:
        try:
            rows, structure, labels = (read_xlsx if path.suffix.lower() == ".xlsx" else read_sav)(path)
        except InputError as error:
            where = str(error.where).replace(str(path), str(folder.parent / file), 1)
            raise InputError(error.what, where=where, do=error.do) from None
        dataset, (line, head) = rows[1:], rows[0]
        path = folder.parent / file  # the name in all messages from here on
    if not structure or tuple(name.strip() for name in structure[0][1]) != STRUCTURE_COLUMNS:
        what = "the header isn't that of a SurveyXact structure file"
        raise InputError(what, where=_where(path, "structure", structure[0][0] if structure else 1), do=AGAIN)
    for part, rows, width in (("structure", structure, len(STRUCTURE_COLUMNS)), ("labels", labels, 3)):
        for at, cells in rows:
            if len(cells) > width and not any(cells[width:]):
                what = f"{len(cells)} fields where {width} belong: empty columns stand to the right"
                raise InputError(what, where=_where(path, part, at), do=f"delete them, or {AGAIN}")
            if len(cells) != width:
                raise InputError(f"{len(cells)} fields where {width} belong", where=_where(path, part, at), do=AGAIN)
    names = column_names(forms, head, structure[1:], _where(path, "dataset", line))
    return Export(folder, file, forms, names, structure[1:], labels, dataset, line, plain=len(others) == 1)


def _plain(listed: Rows) -> tuple[Rows, Rows]:
    """Write a list of labels (`LIST_COLUMNS`) as structure and labels, each row with its line in the list.

    A code is a number: `01` is 1, as it is in a cell.
    """
    texts = {cells[0]: cells[2] for _, cells in listed if len(cells) > 2 and not cells[1].strip()}
    structure: Rows = [(1, list(STRUCTURE_COLUMNS))]
    labels: Rows = []
    for line, cells in listed:
        column, code, label = [*cells, "", "", ""][:3]
        if code.strip():
            code = _ZEROS.sub(r"\1", code.strip())
            structure.append((line, [column, column, "Closed", "Single", texts.get(column, ""), code, label]))
            labels.append((line, [column, code, *cells[2:]]))
    closed = {cells[0] for _, cells in structure}
    structure += [
        (line, [cells[0], cells[0], "Open", "String", cells[2], "", ""])
        for line, cells in listed
        if len(cells) > 2 and not cells[1].strip() and cells[0] not in closed
    ]
    return structure, labels


def _where(path: Path, part: str, line: int | None = None) -> str:
    """Write a place: `…/labels.csv:7`, `…/export.xlsx:Labels!7`; an SPSS file has neither parts nor lines."""
    if path.suffix.lower() == ".sav":
        return str(path)
    if path.suffix.lower() == ".xlsx":
        place, between = f"{path}:{part.title()}", "!"
    else:
        place, between = str(path.with_name(f"{part}{path.suffix}")), ":"
    return place if line is None else f"{place}{between}{line}"
