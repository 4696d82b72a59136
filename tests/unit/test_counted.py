"""Tables of counts from files: every form they come in gives the same counts, and every damaged cell is refused."""

import codecs
import csv
import datetime as dt
import io
import json
import zipfile
from dataclasses import dataclass
from itertools import pairwise

import openpyxl
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from scipy.stats import somersd
from typer.testing import CliRunner

from frs_pipeline.cli import app
from frs_pipeline.errors import InputError
from frs_pipeline.intake.readers.counted import read_counted
from frs_pipeline.stats.gamma import goodman_kruskal

WORDS = ["slet ingen", "få", "almindeligt", "mange; flere", "rigtig, rigtig mange"]
DAMAGED = ["1 010", "1\u00a0010", "1.010", "1,010", "<5", "10*", "#N/A", "N/A", "NA", "-", "–", "", "-3", "\u22123", "3,5", "3.5"]
DAMAGED += [
    "1e3",
    "NaN",
    "inf",
    "many",
    "ti",
    "10a",
    "1'010",
    "+4",
    "٤",
    "１２",
    "(7)",
    "5-9",
    "12%",
    "007",
    "00",
    "0x1A",
    "=SUM(A1)",
]
DAMAGED += [
    "#DIV/0!",
    "#I/T",
    ".",
    "..",
    "*",
    "?",
    "10 (5%)",
    "½",
    "²",
    "1_000",
    "TRUE",
    "1.010,00",
    "12 345 678",
    "'7",
    "<0.5",
    "10†",
]


@dataclass(frozen=True)
class Written:
    """A table in one of its shapes: its rows of cells, and where the counts begin or that they stand in the last column."""

    cells: list[list[str]]
    first: tuple[int, int]
    by: str | None = None
    long: bool = False

    def counts(self) -> list[tuple[int, int]]:
        top, left = self.first
        columns = [len(self.cells[0]) - 1] if self.long else range(left, len(self.cells[0]))
        return [(row, column) for row in range(top, len(self.cells)) for column in columns]


def wide(table, rows=None, columns=None, corner=""):
    body = [[*([rows[i]] if rows else []), *map(str, row)] for i, row in enumerate(table)]
    head = [[*([corner] if rows else []), *columns[: len(table[0])]]] if columns else []
    return Written([*head, *body], (len(head), 1 if rows else 0))


def long(table, rows, columns, headings=("q", "p", "n"), by=None):
    body = [[rows[i], columns[j], str(cell)] for i, row in enumerate(table) for j, cell in enumerate(row)]
    cells = [list(headings), *body]
    if by:
        cells = [[by, *cells[0]], *(["M", *line] for line in body), *(["K", *line] for line in body)]
    return Written(cells, (1, 2), by, long=True)


def strata(table, rows, columns, by):
    body = [[rows[i], *map(str, row)] for i, row in enumerate(table)]
    return Written(
        [[by, "q", *columns[: len(table[0])]], *(["M", *row] for row in body), *(["K", *row] for row in body)], (1, 2), by
    )


CODES, FROM_ZERO = ["1", "2", "3", "4", "9"], ["0", "1", "2", "3", "4"]
SHAPES = {
    "bare": lambda t: wide(t),
    "headings": lambda t: wide(t, columns=WORDS),
    "labels": lambda t: wide(t, rows=WORDS),
    "both": lambda t: wide(t, WORDS, WORDS),
    "named": lambda t: wide(t, WORDS, WORDS, "svar"),
    "codes": lambda t: wide(t, CODES, CODES),
    "named codes": lambda t: wide(t, CODES, FROM_ZERO, "svar"),
    "coded rows": lambda t: wide(t, FROM_ZERO, WORDS, "svar"),
    "codes turned": lambda t: wide(t, [str(len(t) - i) for i in range(len(t))], WORDS, "svar"),
    "one a line": lambda t: long(t, WORDS, WORDS, ("Var1", "Var2", "Freq")),
    "one a line, unnamed": lambda t: long(t, WORDS, WORDS, ("Var1", "Var2", "personer")),
    "codes, one a line": lambda t: long(t, CODES, FROM_ZERO),
    "strata": lambda t: strata(t, WORDS, WORDS, "rolle"),
    "coded strata": lambda t: strata(t, CODES, CODES, "rolle"),
    "strata, one a line": lambda t: long(t, WORDS, WORDS, by="rolle"),
}

tables = st.integers(2, 5).flatmap(
    lambda width: st.lists(
        st.lists(st.one_of(st.integers(0, 30), st.integers(100, 10**6)), min_size=width, max_size=width), min_size=2, max_size=5
    )
)


def margins(table):
    """Do lines look like totals, once or, with two others or more between them, several times?"""
    for side in ([list(line) for line in table], [list(line) for line in zip(*table, strict=True)]):
        for line in side:
            alike = side.count(line)
            for times in {1, alike} if alike <= len(side) - 2 else {1}:
                rest = [sum(cells) - times * cell for cell, cells in zip(line, zip(*side, strict=True), strict=True)]
                if len(side) > 2 and any(line) and rest == line:
                    return True
    return False


def steady(numbers):
    pairs = list(pairwise(numbers))
    return all(a < b for a, b in pairs) or all(a > b for a, b in pairs)


def spaced(numbers):
    """Do these, in order of size, rise in equal steps, three or more, or run 0, 1 or 1, 2?"""
    steps = {b - a for a, b in pairwise(sorted(numbers))}
    return (len(numbers) > 2 and len(steps) == 1 and 0 not in steps) or sorted(numbers) in ([0, 1], [1, 2], [0], [1])


def clear(shape, table):
    """Does the table, in this shape, leave no doubt that its counts are counts? By rules written apart from the code's."""
    column, row = [cells[0] for cells in table], table[0]
    run = {tuple(range(start, start + len(column))) for start in (0, 1)}
    if margins(table) or tuple(column) in run or tuple(column[::-1]) in run or sorted(column) in map(list, run):
        return False
    # Two columns may be labels of all combinations, or of some that are sorted.
    pairs = [tuple(cells[:2]) for cells in table]
    if len(row) > 2 and len(set(pairs)) == len(pairs):
        one, two = ({pair[i] for pair in pairs} for i in (0, 1))
        if len(one) * len(two) == len(pairs) or pairs == sorted(pairs, key=lambda pair: pair[::-1]):
            return False
    if shape == "bare":
        return sorted(row) not in [list(range(start, start + len(row))) for start in (0, 1)]
    if shape == "headings":
        return column not in (sorted(column), sorted(column)[::-1]) and not spaced(column)
    return not (shape == "labels" and (steady(row) or spaced(row)))


def text_of(cells, delimiter=",", terminator="\r\n"):
    file = io.StringIO()
    csv.writer(file, delimiter=delimiter, lineterminator=terminator).writerows(cells)
    return file.getvalue()


ENCODINGS = {
    "UTF-8": lambda text: text.encode(),
    "UTF-8 with mark": lambda text: text.encode("utf-8-sig"),
    "UTF-16 little": lambda text: codecs.BOM_UTF16_LE + text.encode("utf-16-le"),
    "UTF-16 big": lambda text: codecs.BOM_UTF16_BE + text.encode("utf-16-be"),
    "cp1252": lambda text: text.encode("cp1252"),
}


def workbook(cells, *, typed=True, before=0):
    """The cells as a workbook, behind empty sheets; numbers as such or as text."""
    book = openpyxl.Workbook()
    for i in range(before):
        book.create_sheet(f"Ark{i}", 0)
    sheet = book[book.sheetnames[-1]]
    for line, row in enumerate(cells, start=1):
        for column, cell in enumerate(row, start=1):
            if cell:
                sheet.cell(
                    line, column, (float if "." in cell else int)(cell) if typed and cell.isascii() and cell.isdigit() else cell
                )
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def read(tmp_path, content, by=None, **options):
    file = tmp_path / "counts"
    file.write_bytes(content)
    return read_counted(file, by=by, **options)


def refused(tmp_path, content, by=None):
    with pytest.raises(InputError) as caught:
        read(tmp_path, content, by)
    assert str(tmp_path) in str(caught.value) and str(caught.value).isprintable()
    return str(caught.value)


any_file = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much])


@any_file
@given(tables, st.sampled_from(sorted(SHAPES)), st.sampled_from(sorted(ENCODINGS)), st.data())
def test_a_table_reads_back_whatever_its_shape(tmp_path, table, shape, encoding, data):
    assume(clear(shape, table))
    written = SHAPES[shape](table)
    delimiter = data.draw(st.sampled_from(",;\t"), "delimiter")
    decimals = data.draw(st.sampled_from(["", ".0", ".00", ",00", ".0000"]), "decimals")
    cells = [list(row) for row in written.cells]
    for row, column in written.counts():
        cells[row][column] += decimals
    text = text_of(cells, delimiter, data.draw(st.sampled_from(["\n", "\r\n", "\r"]), "line end"))
    if data.draw(st.booleans(), "sep"):
        text = f"sep={delimiter}\r\n{text}"
    found = read(tmp_path, ENCODINGS[encoding](text), written.by)
    assert [cells.tolist() for cells in found.strata.values()] == [table] * (2 if written.by else 1)


@settings(any_file, max_examples=40)
@given(tables, st.sampled_from(sorted(SHAPES)), st.booleans(), st.integers(0, 2))
def test_a_table_reads_back_from_a_workbook(tmp_path, table, shape, typed, before):
    assume(clear(shape, table))
    written = SHAPES[shape](table)
    found = read(tmp_path, workbook(written.cells, typed=typed, before=before), written.by)
    assert [cells.tolist() for cells in found.strata.values()] == [table] * (2 if written.by else 1)


@settings(any_file, max_examples=150)
@given(tables, st.sampled_from(sorted(SHAPES)), st.sampled_from(DAMAGED), st.sampled_from(",;\t"), st.data())
def test_a_damaged_count_is_refused_with_its_line_and_column(tmp_path, table, shape, damage, delimiter, data):
    assume(clear(shape, table))
    written = SHAPES[shape](table)
    row, column = data.draw(st.sampled_from(written.counts()), "cell")
    if shape == "bare" and (row, column) == (0, 0):
        # A first cell that is empty, or a word, above and before codes is what a table with labels looks like.
        beside = table[0][1:], [cells[0] for cells in table[1:]]
        assume(not all(steady(line) for line in beside))
    cells = [list(line) for line in written.cells]
    cells[row][column] = damage
    error = refused(tmp_path, text_of(cells, delimiter).encode(), written.by)
    assert f"line {row + 1}: column {column + 1} " in error
    if row:
        error = refused(tmp_path, workbook(cells, typed=False), written.by) if not damage.startswith("=") else error
        assert f"line {row + 1}: column {column + 1} " in error or "an error where a count" in error


@pytest.mark.parametrize("shape", [shape for shape in SHAPES if "strata" not in shape])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_gamma_of_a_file_is_that_of_its_counts(tmp_path, shape, encoding):
    table = [[74, 5, 42], [34, 24, 28], [67, 15, 111], [3, 92, 60]]
    text = text_of(SHAPES[shape](table).cells, ";")
    found = goodman_kruskal(read(tmp_path, ENCODINGS[encoding](text)).strata[""])
    assert found == goodman_kruskal(table)
    assert found.p == pytest.approx(somersd(table).pvalue, abs=1e-12)


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ("=SUM(A1:A2)", "counts:Sheet!B3: a formula where"),
        ("#N/A", "counts:Sheet!B3: an error where"),
        (True, "counts:Sheet!B3: a truth value where"),
        (dt.datetime(2020, 5, 1), "counts:Sheet!B3: a date where"),
        (dt.date(2020, 5, 1), "counts:Sheet!B3: a date where"),
        (dt.time(5), "counts:Sheet!B3: a date where"),
        (3.5, "line 3: column 2 (a) is not a whole"),
        (-3, "line 3: column 2 (a) is negative"),
        (1.5e20, "line 3: column 2 (a) is not a whole"),
        ("1 010", "line 3: column 2 (a) is not a whole"),
        (None, "line 3: column 2 (a) is empty"),
    ],
)
def test_a_workbooks_cell_that_is_no_count_is_refused_with_its_place(tmp_path, cell, says):
    book = openpyxl.Workbook()
    for row in ["", "a", "b"], ["x", 5, 2], ["y", cell, 3]:
        book.active.append(row)
    book.save(tmp_path / "book.xlsx")
    assert says in refused(tmp_path, (tmp_path / "book.xlsx").read_bytes())


def test_a_workbook_holds_one_table(tmp_path):
    book = openpyxl.Workbook()
    for row in ["", "a", "b"], ["x", 5, 2], ["y", 5, 3.0]:
        book.active.append(row)
    file = tmp_path / "book.xlsx"
    book.save(file)
    assert read_counted(file).strata[""].tolist() == [[5, 2], [5, 3]]
    book.active.merge_cells("A2:A3")
    book.save(file)
    assert "Sheet!A2:A3: merged cells" in refused(tmp_path, file.read_bytes())
    book.active.unmerge_cells("A2:A3")
    book.create_sheet("Noter").append(["n = 15"])
    book.save(file)
    assert "several sheets hold something" in refused(tmp_path, file.read_bytes())
    book.remove(book["Noter"])
    book.active.insert_cols(1)
    book.save(file)
    assert "column A is empty" in refused(tmp_path, file.read_bytes())


@pytest.mark.parametrize(
    ("stored", "instead", "says"),
    [
        ('<row r="3"', '<row r="2"', "Sheet!2: the row's number repeats or runs backwards"),
        ('<row r="2"', '<row r="4"', "Sheet!4: a cell that states another row"),
        ('<row r="3"', "<row", "only some of the rows state their number"),
        ('r="C3"', 'r="B3"', "Sheet!B3: the cell's column repeats or runs backwards"),
        ('r="C3"', "", "only some of the cells state where they stand"),
    ],
)
def test_a_workbook_whose_numbers_of_rows_and_cells_mislead_is_refused(tmp_path, stored, instead, says):
    content = workbook([["", "a", "b"], ["x", "5", "2"], ["y", "5", "3"]])
    changed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(changed, "w") as new:
        for name in old.namelist():
            part = old.read(name)
            if name == "xl/worksheets/sheet1.xml":
                assert stored.encode() in part
                part = part.replace(stored.encode(), instead.encode())
            new.writestr(name, part)
    error = refused(tmp_path, changed.getvalue())
    assert says in error and "SurveyXact" not in error


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "holds no counts"),
        (workbook([]), "holds no counts"),
        (workbook([["5"]])[:-200], "no workbook, or a damaged one"),
        (b"PK\x03\x04 is no archive", "no workbook, or a damaged one"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "locked with a password, or an old .xls"),
        (b"5,2\n5,\x81\n", ":2: not readable as cp1252"),
        ("5,2\n5,4\n".encode("utf-16-le"), ":1: holds null bytes: not a text file"),
        (codecs.BOM_UTF32_LE + "5,2\n5,4\n".encode("utf-32-le"), "null bytes"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path, content, says):
    error = refused(tmp_path, content)
    assert says in error
    assert "SurveyXact" not in error


def test_what_is_no_file_is_refused(tmp_path):
    for path in (tmp_path, tmp_path / "missing"):
        with pytest.raises(InputError, match="cannot be read"):
            read_counted(path)


# What people's programs write, and what is right: gamma as it is printed and N, or the place of what is refused.
FIELD = {
    "thousand": ("10;5;2\n1 010;8;6\n1;4;12\n", None, "line 2: column 1 is not a whole number"),
    "suppressed": ("<5;5;2\n3;8;6\n1;4;12\n", None, "line 1: column 1 is not a whole number"),
    "coded rows of a crosstab": ("satisfied,low,mid,high\n1,34,24,15\n2,42,74,67\n3,28,111,292\n", None, (",591", "687")),
    "column of totals in strata": (
        "role,answer,a,b,Total\nmother,x,5,7,12\nmother,y,9,2,11\nfather,x,4,4,8\nfather,y,8,1,9\n",
        "role",
        "line 1: column 5 carries totals",
    ),
    "strata": ("role,answer,a,b\nmother,x,5,7\nmother,y,9,2\nfather,x,4,4\nfather,y,8,1\n", "role", ("-,743", "40")),
    "row totals": (",low,mid,high,Totalt\na,34,24,15,73\nb,42,74,67,183\n", None, "line 1: column 5 carries totals"),
    "row totals under another name": (",low,mid,high,n=\na,34,24,15,73\nb,42,74,67,183\n", None, "line 1: column 5 is the sum"),
    "one cell a line": ("Var1,Var2,Freq\nlow,a,34\nlow,b,24\nhigh,a,42\nhigh,b,74\n", None, (",428", "174")),
    "one cell a line in strata": (
        "role,answer,q,n\nmother,x,a,5\nmother,x,b,7\nmother,y,a,9\nmother,y,b,2\n"
        "father,x,a,4\nfather,x,b,4\nfather,y,a,8\nfather,y,b,1\n",
        "role",
        ("-,743", "40"),
    ),
    "decimals": (
        ",1.00,2.00,3.00\n1.00,34.00,24.00,15.00\n2.00,42.00,74.00,67.00\n3.00,28.00,111.00,292.00\n",
        None,
        (",591", "687"),
    ),
    "line for Excel": ("sep=;\n;lav;mid;høj\nja;34;24;15\nnej;42;74;67\n", None, (",399", "256")),
    "UTF-16": (
        '\ufeff"","VD","LD","MS","VS"\n"<15k",1,3,10,6\n"15-25k",2,3,10,7\n"25-40k",1,6,14,12\n">40k",0,1,9,11\n',
        None,
        (",221", "96"),
    ),
}


@pytest.mark.parametrize("kind", FIELD)
def test_files_of_other_programs_give_what_is_right(tmp_path, kind):
    text, by, right = FIELD[kind]
    file = tmp_path / "counts.csv"
    file.write_bytes(text.encode("utf-16-le" if text.startswith("\ufeff") else "utf-8"))
    result = CliRunner().invoke(app, ["gamma", str(file), *(["--by", by] if by else [])])
    if isinstance(right, str):
        assert isinstance(result.exception, InputError) and result.exception.exit_code == 3
        assert f"counts.csv: {right}" in str(result.exception)
    else:
        line = next(line for line in reversed(result.stdout.splitlines()) if right[1] in line).split()
        assert right[0] in line and right[1] in line


def test_the_table_is_printed_as_it_was_read_above_its_gamma(tmp_path):
    file = tmp_path / "counts.csv"
    file.write_text("satisfied;low;rather high\n1;34;24\n2;42;1010\n")
    lines = [line.split() for line in CliRunner().invoke(app, ["gamma", str(file)]).stdout.splitlines() if line.strip(" ─")]
    assert lines[:5] == [["counts.csv"], ["low", "rather", "high"], ["1", "34", "24"], ["2", "42", "1010"],
                         ["Rows:", "column", "1", "(satisfied).", "Columns:", "line", "1."]]  # fmt: skip
    assert lines[5:7] == [["Gamma"], ["gamma", "ASE", "T", "p", "N", "association"]]
    told = json.loads(CliRunner().invoke(app, ["gamma", str(file), "--json"]).stdout)
    assert told["table"] == {
        "rows": ["1", "2"],
        "columns": ["low", "rather high"],
        "taken": "Rows: column 1 (satisfied). Columns: line 1.",
        "counts": [{"group": None, "cells": [[34, 24], [42, 1010]]}],
    }
    assert told["correlations"][0]["n"] == 1110


def test_a_wide_table_is_printed_whole(tmp_path):
    file = tmp_path / "counts.csv"
    table = [[100 + (7 * i + j * j) % 91 for j in range(80)] for i in range(3)]
    file.write_text(text_of(table))
    out = CliRunner().invoke(app, ["gamma", str(file)]).stdout
    assert [line.split()[1:] for line in out.splitlines() if line.split()[:1] in (["1"], ["2"], ["3"])][1:] == [
        [str(cell) for cell in row] for row in table
    ]


def test_what_cannot_be_computed_is_said_in_english(tmp_path):
    file = tmp_path / "counts.csv"
    file.write_text(",a,b\nx,5,7\n")
    out = CliRunner().invoke(app, ["gamma", str(file)]).stdout
    assert out.count("not computable") == 4 and "ikke" not in out


def test_large_counts_print_no_digit_that_a_float_lacks_and_add_up(tmp_path):
    file = tmp_path / "counts.csv"
    large = 10**18 - 1
    lines = [f"s{i},{row}" for i in range(12) for row in (f"x,{large},5", f"y,7,{large}")]
    file.write_text("\n".join(["s,r,a,b", *lines]))
    out = CliRunner().invoke(app, ["gamma", str(file), "--by", "s"]).stdout
    total = next(line for line in out.splitlines() if line.split()[:1] == ["Total"]).split()
    assert total == ["Total", "1,000", ",000", "1,000E+18", ",000", str(12 * (2 * large + 12)), "strong"]
