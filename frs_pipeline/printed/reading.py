"""Anybody's printed tables, from files: a list of figures, or a table a file or sheet as it is printed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from frs_pipeline.errors import Gathered, InputError
from frs_pipeline.intake.readers.counted import is_workbook, sheets_of, text_of, value_of
from frs_pipeline.language import Text
from frs_pipeline.printed.drafts import Draft
from frs_pipeline.printed.laid_out import read_laid_out
from frs_pipeline.printed.listed import is_list, read_list
from frs_pipeline.printed.model import PrintedTable, PrintedTables
from frs_pipeline.printed.notation import looks_printed
from frs_pipeline.stats.delimited import ContingencyError, Row, parse
from frs_pipeline.stats.printing import round_half_away
from frs_pipeline.study.tables import Address

SUFFIXES = (".csv", ".tsv", ".txt", ".xlsx")
# A number format that shows decimals, and perhaps a per cent sign: 0.0%, ###0.000, #,##0.
_FORMAT = re.compile(r"[#0,?]*(?P<first>[#0?])(?:\.(?P<decimals>0+))?(?P<share>%)?|(?P<bare>[#?]*)\.(?P<places>0+)(?P<part>%)?")
_DIGITS = 15


@dataclass(frozen=True)
class ReadTables:
    """Printed tables as read: with the title of each, the place of each figure, and the notation of their files.

    `points` are the tables that print decimal points, `passed_over` the files of a folder that can't hold tables.
    """

    tables: PrintedTables
    titles: Mapping[int, str]
    places: Mapping[Address, str]
    points: frozenset[int]
    passed_over: tuple[str, ...] = ()

    @property
    def figures(self) -> int:
        return len(self.places)


def read_tables(paths: Sequence[Path]) -> ReadTables:
    """Read the tables of files and folders. Raises `InputError` for every line and cell that isn't understood."""
    wrong, read, passed = Gathered(), list[tuple[Draft, str]](), list[str]()
    for path in paths:
        with wrong:
            files = [path]
            if path.is_dir():
                files, others = _in_folder(path)
                passed += others
            for file in files:
                with wrong:
                    read += _of_file(file)
    wrong.check()
    if not read:
        raise InputError("holds no table", where=paths[0] if paths else None, do="give a CSV file or an .xlsx workbook")
    return _numbered(read, tuple(passed))


def _in_folder(folder: Path) -> tuple[list[Path], list[str]]:
    """Return the files of a folder that can hold tables, in the order of their names, and the names of all others."""
    there = sorted((path for path in folder.iterdir() if path.is_file() and not path.name.startswith(".")), key=_natural)
    files = [path for path in there if path.suffix.lower() in SUFFIXES]
    if not files:
        raise InputError("holds no table", where=folder, do=f"put files in it that end in {', '.join(SUFFIXES)}")
    return files, [path.name for path in there if path not in files]


def _natural(path: Path) -> tuple[tuple[int, str], ...]:
    """Sort table2 before table10."""
    parts = re.findall(r"[0-9]+|[^0-9]+", path.name.casefold())
    return tuple((int(part), "") if part.isascii() and part.isdigit() else (-1, part) for part in parts)


def _of_file(path: Path) -> Iterator[tuple[Draft, str]]:
    """Yield the tables of a file, each with the name of its file or sheet."""
    wrong = Gathered()
    for where, name, rows in _grids(path):
        with wrong:
            if rows and is_list(rows[0].cells):
                yield from ((draft, name) for draft in read_list(rows, where))
            else:
                yield from ((draft, name) for draft in read_laid_out(rows, where, name))
    wrong.check()


def _grids(path: Path) -> list[tuple[str, str, list[Row]]]:
    """Return the grids of cells in a file: how places in each begin, what it is called, and its rows."""
    if is_workbook(path):
        sheets = sheets_of(path, _shown)
        alone = len(sheets) == 1
        names = {where: where.removeprefix(f"{path}:") for where in sheets}
        return [(f"{where}!", path.stem if alone else f"{path.stem}, {names[where]}", rows) for where, rows in sheets.items()]
    text = text_of(path).removeprefix("\ufeff")
    try:
        rows = parse(_without_comments(text), looks_printed)
        if not rows or not is_list(rows[0].cells):
            rows = parse(text, looks_printed)
    except ContingencyError as error:
        what, _, do = str(error).partition(": ")[2].partition("; ")
        raise InputError(what, where=f"{path}:{error.line}", do=do) from None
    width = max((len(row.cells) for row in rows), default=0)
    if width == 1 and len(rows) > 1:
        what = "holds no table with figures: no line has more than one cell"
        raise InputError(what, where=path, do="separate cells by semicolons, commas or tabs, or give an .xlsx workbook")
    return [(f"{path}:", path.stem, [Row(row.line, (*row.cells, *[""] * (width - len(row.cells)))) for row in rows])]


def _without_comments(text: str) -> str:
    """Blank the lines that begin with #, as a list of figures may have them."""
    return re.sub(r"(?m)^#[^\r\n]*", "", text)


def _shown(where: str, cell: Any) -> str:
    """Return the text of a cell as its sheet shows it: rounded, and with a per cent sign, where its format says so."""
    value = value_of(where, cell)
    if isinstance(value, str):
        return value.strip()
    match = _FORMAT.fullmatch(str(cell.number_format).split(";")[0])
    if match is None:
        return f"{value:.{_DIGITS}g}"
    share = "%" if match["share"] or match["part"] else ""
    decimals = len(match["decimals"] or match["places"] or "")
    return f"{round_half_away(100 * value if share else value, decimals)}{share}"


def _numbered(read: Iterable[tuple[Draft, str]], passed: tuple[str, ...]) -> ReadTables:
    """Give tables without a number the first ones that no list has given. Raises `InputError` for a number given twice."""
    drafts, wrong = list(read), Gathered()
    given: dict[int, Draft] = {}
    for draft, _ in drafts:
        with wrong:
            draft.check()
        if draft.number is not None:
            with wrong:
                first = given.setdefault(draft.number, draft)
                if first is not draft:
                    what = f"table {draft.number} stands also at {first.where}"
                    raise InputError(what, where=draft.where, do="give one of them another number")
    wrong.check()
    free = (number for number in range(1, len(drafts) + len(given) + 1) if number not in given)
    tables: dict[int, PrintedTable] = {}
    begins: dict[int, str] = {}
    titles, places, pointed = dict[int, str](), dict[Address, str](), set[str]()
    for draft, file in drafts:
        number = next(free) if draft.number is None else draft.number
        of = f" ({file})" if draft.number is None else ""
        tables[number] = draft.table(number, Text(f"tabel {number}{of}", f"table {number}{of}"))
        titles[number] = draft.title
        begins[number] = draft.where.rpartition("!" if "!" in draft.where else ":")[0]
        for (place, measure), figure in draft.figures.items():
            places[Address(number, *place, measure)] = figure.where
            if figure.point:
                pointed.add(begins[number])
    points = {n for n, where in begins.items() if where in pointed}
    ordered = {number: _labelled(tables[number], tables.values()) for number in sorted(tables)}
    return ReadTables(PrintedTables(ordered), titles, places, frozenset(points), passed)


def _labelled(table: PrintedTable, tables: Iterable[PrintedTable]) -> PrintedTable:
    """Give a correlation, which prints no answers, those of the one crosstab with its questions and forms, if there is one."""
    questions = _questions(table)
    if not table.kind.startswith("correlation") or table.rows.labels or not all(questions) or not table.forms:
        return table
    same = [
        other
        for other in tables
        if other.kind in ("crosstab", "collapsed_crosstab") and other.forms == table.forms and _questions(other) == questions
    ]
    if len({(other.rows, other.columns) for other in same}) != 1:
        return table
    return replace(table, rows=same[0].rows, columns=same[0].columns)


def _questions(table: PrintedTable) -> tuple[str, str]:
    return table.rows.question, table.columns.question if table.columns else ""
