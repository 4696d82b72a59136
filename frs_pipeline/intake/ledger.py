"""The accounting records: which conferences were held, when, and at which occasion."""

from __future__ import annotations

import datetime as dt
import re
from array import array
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from frs_pipeline.errors import InputError
from frs_pipeline.intake.readers.csvfiles import open_csv
from frs_pipeline.intake.readers.handkept import AmbiguousDays, days_of, kept_rows
from frs_pipeline.study import Study
from frs_pipeline.study.about import about, occasions
from frs_pipeline.study.background import quarter_of
from frs_pipeline.study.questionnaires import background

COLUMNS = ("raadslagningsnummer", "dato", "anledning")
_NUMBER = re.compile(r"[0-9]{1,9}")
_DAY_0 = dt.date(1970, 1, 1).toordinal()
_PLAIN_DATE = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
REGISTER = pa.schema(
    [
        pa.field("conference_number", pa.int32(), nullable=False),
        pa.field("date", pa.date32(), nullable=False),
        pa.field("occasion", pa.string(), nullable=False),
    ]
)


def ledger_words(study: Study) -> dict[str, str]:
    """Return the occasions by the ledger's word for them."""
    return {occasion.ledger: name for name, occasion in occasions(study).items()}


def conference_number(text: str) -> int:
    """Parse a conference number as registers write it: up to nine digits. Raises ValueError, without the text."""
    if not _NUMBER.fullmatch(text):
        raise ValueError("not a conference number")
    return int(text)


def day_of(text: str) -> int:
    """Parse an ISO date as days since 1970. Raises ValueError."""
    return dt.date.fromisoformat(text).toordinal() - _DAY_0


def register(study: Study, numbers: array[int], days: array[int], chosen: array[int]) -> list[pa.Array]:
    """Make the columns of `REGISTER`: numbers, days since 1970, positions among the occasions of the study."""
    return [
        pa.array(numbers, pa.int32()),
        pa.array(days, pa.int32()).cast(pa.date32()),
        pa.array(list(occasions(study))).take(pa.array(chosen, pa.int8())),
    ]


def read_ledger(study: Study, path: Path) -> pa.Table:
    """Read the entries of kontering.csv (semicolons; UTF-8, or as a spreadsheet saves it) as `ledger_schema`.

    Columns of other names may stand to the right; the study says which of them are read. Raises `InputError` with the line that
    is wrong, and for a column that the study reads and the ledger lacks: unless it has no other column at all, as it was kept
    before there were any. Then nothing is known of conferences.
    """
    header = _header(path)
    missing = [one.column for one in about(study).background if one.column and one.column not in header]
    if missing and header != COLUMNS:
        do = "add it there, or take it out of background in study.yaml"
        raise InputError(f"the ledger has no column {missing[0]}, which the study reads", where=f"{path}:1", do=do)
    plain = plain_rows(path, header, ";")
    table = None if plain is None else _register(study, plain)
    return (_read_carefully(study, path, header) if table is None else table).sort_by("conference_number").combine_chunks()


def ledger_schema(study: Study) -> pa.Schema:
    """Return what is known of each conference by the ledger: `REGISTER`, and the codes of its background."""
    return pa.schema([*REGISTER, *(pa.field(one.name, pa.int8()) for one in about(study).background)])


def _background(study: Study, texts: Mapping[str, pa.Array], days: pa.Array) -> list[pa.Array]:
    """Make codes of the background of conferences; -1 for a word that its scale doesn't have, and a day outside the quarters.

    `texts` are columns of the ledger; without one, and where it is blank, nothing is known.
    """
    made = []
    for one, question in zip(about(study).background, background(study), strict=True):
        if one.quarters:
            first = quarter_of(*map(int, one.quarters[0].split("-Q")))
            at = pc.add(pc.multiply(pc.year(days), 4), pc.subtract(pc.quarter(days), 1))
            code = pc.subtract(at, first - 1)
            inside = pc.and_(pc.greater(code, 0), pc.less_equal(code, len(one.labels)))
            made.append(pc.if_else(inside, code, -1).cast(pa.int8()))
        elif one.column not in texts:
            made.append(pa.nulls(len(days), pa.int8()))
        else:
            known = {word: a.code for a in question.answers for word in (a.label, *a.also_printed)}
            words = texts[one.column]
            places = pc.index_in(words, value_set=pa.array(list(known), pa.string()))
            codes = pc.fill_null(pa.array(list(known.values()), pa.int8()).take(places), -1)
            made.append(pc.if_else(pc.equal(words, ""), pa.scalar(None, pa.int8()), codes))
    return made


def _header(path: Path) -> tuple[str, ...]:
    """Return the columns that a ledger has: `COLUMNS`, and what stands to the right of them under a name of its own.

    A header that is another one is for whoever reads the rows to report.
    """
    try:
        _, cells = next(open_csv(path, ";").rows(), (1, []))
    except InputError:
        return COLUMNS
    others = cells[len(COLUMNS) :]
    named = tuple(cells[: len(COLUMNS)]) == COLUMNS and all(name.strip() for name in others)
    return tuple(cells) if named and len(set(cells)) == len(cells) else COLUMNS


def plain_rows(source: Path | bytes, columns: Sequence[str], delimiter: str) -> pa.Table | None:
    """Read the rows below the header as text columns, where the file is UTF-8 with exactly these `columns`; else None.

    Quotation marks are taken as they stand, and a blank line is a row of blank cells. None doesn't say that the file
    is wrong: it may be CSV that needs more care, and which line is wrong isn't looked for.
    """
    try:
        rows = arrow_csv.read_csv(
            source if isinstance(source, Path) else pa.py_buffer(source),
            arrow_csv.ReadOptions(column_names=list(columns)),
            arrow_csv.ParseOptions(delimiter=delimiter, quote_char=False, ignore_empty_lines=False),
            arrow_csv.ConvertOptions(column_types=dict.fromkeys(columns, pa.string()), strings_can_be_null=False),
        )
    except (OSError, pa.ArrowInvalid):
        return None
    return rows.slice(1) if [column[0].as_py() for column in rows.columns] == list(columns) else None


def plain_entries(numbers: pa.ChunkedArray, dates: pa.ChunkedArray) -> tuple[pa.ChunkedArray, pa.ChunkedArray] | None:
    """Parse texts of conference numbers and of days (2018-02-01) as int32 and date32; None when one is something else."""
    for texts, pattern in ((numbers, f"^{_NUMBER.pattern}$"), (dates, _PLAIN_DATE)):
        if not pc.all(pc.match_substring_regex(texts, pattern), min_count=0).as_py():
            return None
    try:
        days = dates.cast(pa.date32())
    except pa.ArrowInvalid:
        return None
    # Arrow has a year 0, Python hasn't.
    if not pc.all(pc.greater_equal(days, pa.scalar(dt.date.min)), min_count=0).as_py():
        return None
    return numbers.cast(pa.int32()), days


def _register(study: Study, rows: pa.Table) -> pa.Table | None:
    """Parse the entries all at once; None when any has a fault or needs a closer look."""
    blank = pc.and_(pc.and_(*(pc.equal(rows[name], "") for name in COLUMNS[:2])), pc.equal(rows[COLUMNS[2]], ""))
    entries = rows.filter(pc.invert(blank)) if pc.any(blank).as_py() else rows
    columns = plain_entries(entries[COLUMNS[0]], entries[COLUMNS[1]])
    words = pc.index_in(entries[COLUMNS[2]], value_set=pa.array(list(ledger_words(study))))
    if columns is None or words.null_count or pc.count_distinct(columns[0]).as_py() != entries.num_rows:
        return None
    known = _background(study, {name: entries[name] for name in entries.column_names}, columns[1])
    if any(pc.any(pc.less(codes, 0)).as_py() for codes in known):
        return None
    return pa.table([*columns, pc.take(pa.array(list(occasions(study))), words), *known], schema=ledger_schema(study))


def _read_carefully(study: Study, path: Path, header: Sequence[str]) -> pa.Table:
    """Read the ledger line by line: as spreadsheets save it, with every date they write, and naming the first wrong line."""
    do = "correct the ledger; the last good result stays"
    words = list(ledger_words(study))
    as_it_is = f"write it as 12345;2020-11-30;{words[0]}; the last good result stays"
    rows = kept_rows(path, header, do, words)
    # One array per column, and no object per line: a ledger may have millions of lines.
    numbers, days, chosen, lines = array("i"), array("i"), array("b"), array("q")
    texts: list[str] = []
    others_of: list[list[str]] = []
    seen: set[int] = set()
    for line, cells in rows:
        if not any(cells):
            continue  # spreadsheets leave a blank line at the end
        try:
            number, date, word, *others = cells
            if len(others) != len(header) - len(COLUMNS):
                raise ValueError("not as many cells as columns")
            entry, occasion = conference_number(number), words.index(word)
        except ValueError as error:
            raise InputError("not a number, a date and an occasion", where=f"{path}:{line}", do=as_it_is) from error
        if entry in seen:
            raise InputError("the same conference stands twice", where=f"{path}:{line}", do=do)
        seen.add(entry)
        numbers.append(entry)
        texts.append(date)
        chosen.append(occasion)
        lines.append(line)
        others_of.append(others)
    try:
        read_days = days_of(texts)
    except AmbiguousDays as error:
        what = "the date may be one of two: day and month can't be told apart"
        raise InputError(what, where=f"{path}:{lines[error.at]}", do="write dates as 2020-11-30") from None
    for line, day in zip(lines, read_days, strict=True):
        if day is None:
            raise InputError("not a number, a date and an occasion", where=f"{path}:{line}", do=as_it_is)
        days.append(day.toordinal() - _DAY_0)
    plain = register(study, numbers, days, chosen)
    columns = zip(header[len(COLUMNS) :], zip(*others_of, strict=True), strict=False)
    known = _background(study, {name: pa.array(cells, pa.string()) for name, cells in columns}, plain[1])
    for one, codes in zip(about(study).background, known, strict=True):
        wrong = pc.index(pc.fill_null(pc.less(codes, 0), False), True).as_py()
        if wrong >= 0:
            what, do = f"the date lies outside of the quarters of {one.name}", "study.yaml says from when to when"
            if one.column:
                what, do = (
                    f"{one.column} holds a word that scale {one.scale} doesn't have",
                    "correct it, or add it there",
                )
            raise InputError(what, where=f"{path}:{lines[wrong]}", do=do)
    return pa.table([*plain, *known], schema=ledger_schema(study))
