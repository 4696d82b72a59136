"""Datasets are read in blocks by two readers: every cell and line is what one reader over the whole text would give.

Blocks are made tiny here, so that they end inside quoted cells, letters and line ends.
"""

import codecs
import csv
import io

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from frs_pipeline.errors import InputError
from frs_pipeline.intake.readers import csvfiles
from frs_pipeline.intake.readers.csvfiles import chunks, header, open_csv, open_structure

ENCODINGS = ("cp1252", "utf-8", "utf-8-sig", "utf-16-le", "utf-16-be")
MARKS = {"utf-8-sig": codecs.BOM_UTF8, "utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}
NAMES = ["responde", "created", "hoert"]
MANY = settings(deadline=None, max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(autouse=True)
def tiny_blocks(monkeypatch):
    monkeypatch.setattr(csvfiles, "BLOCK", 64)
    monkeypatch.setattr(csvfiles, "CHUNK", 3)


def write(path, text, encoding="utf-8"):
    codec = encoding.removesuffix("-sig")
    path.write_bytes(MARKS.get(encoding, b"") + text.encode(codec))
    return path


def read(path, delimiter=";", wanted=None):
    """(line, cells) of every row below the header."""
    file = open_csv(path, delimiter)
    return [
        (line, list(cells))
        for chunk in chunks(file, header(file)[1], wanted)
        for line, cells in zip(chunk.lines.tolist(), zip(*chunk.cells.to_pydict().values(), strict=True), strict=True)
    ]


def passed(path, delimiter=";"):
    """Lines of the rows below the header that are passed over."""
    file = open_csv(path, delimiter)
    return [line for chunk in chunks(file, header(file)[1]) for line in chunk.passed.tolist()]


def oracle(text, delimiter=";"):
    """(line, cells) of every row below the header by the standard library over the whole text, and lines of blank ones."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows, blank, start = [], [], 1
    for cells in reader:
        if any(cell.strip() for cell in cells):
            rows.append((start, cells))
        elif cells:
            blank.append(start)
        start = reader.line_num + 1
    return rows[1:], blank


def is_utf8(raw):
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True


def quoted(cell):
    return '"' + cell.replace('"', '""') + '"'


PLAIN = st.text("aZ0 åØ-.…", max_size=8)
ODD = st.text("a; ,\t\"'\r\nåæøÅ", max_size=12)
# Lines that hold nothing; of `;` there are the file's own delimiters.
BLANK = st.sampled_from(["", "", "", ";;", ";", " ", " ; ;  ", ";;;;;", '"";"";" "', "\u00a0;;", '"\n";;'])
END = st.sampled_from(["\r\n", "\n", "\r"])


@st.composite
def files(draw):
    """Text of a CSV file: rows of three cells with blank lines between, long plain stretches and quoted cells."""
    end, delimiter = draw(END), draw(st.sampled_from([";", ",", "\t"]))
    rows = draw(st.lists(st.tuples(*[PLAIN | ODD if draw(st.booleans()) else PLAIN] * 3), max_size=25))
    lines = [delimiter.join(NAMES)]
    for row in rows:
        anyway = draw(st.sampled_from([False, False, False, True]))
        lines.append(delimiter.join(quoted(cell) if anyway or set(cell) & set(';,\t"\r\n') else cell for cell in row))
        lines += [draw(BLANK).replace(";", delimiter)] * draw(st.sampled_from([0, 0, 0, 1, 2]))
    return end.join(lines) + draw(st.sampled_from([end, ""])), delimiter


@MANY
@given(files(), st.sampled_from(ENCODINGS), st.integers(1, 70))
@example(("a;b;c\r\n1;2;3\r\n", ";"), "utf-8", 14)
@example(("a;b;c\r1;2;3\r4;5;6", ";"), "cp1252", 12)
@example(('a;b;c\n1;2;"\n\n\n"\n\n4;5;6\n', ";"), "utf-16-le", 8)
def test_both_readers_give_the_rows_of_one_reader_over_the_whole_text(tmp_path, monkeypatch, file, encoding, block):
    text, delimiter = file
    # "Ø…" of Windows are the bytes of another letter in UTF-8: without a mark, no reader can tell.
    assume(encoding != "cp1252" or text.isascii() or not is_utf8(text.encode(encoding)))
    monkeypatch.setattr(csvfiles, "BLOCK", block)
    path = write(tmp_path / "dataset.csv", text, encoding)
    expected, blank = oracle(text, delimiter)
    assert (read(path, delimiter), passed(path, delimiter)) == (expected, blank)
    assert open_csv(path, delimiter).counted().rows == len(expected) + 1
    monkeypatch.setattr(csvfiles, "_by_arrow", lambda *_: None)
    assert (read(path, delimiter), passed(path, delimiter)) == (expected, blank)


@MANY
@given(files(), st.sets(st.integers(1, 60)), st.integers(1, 70))
def test_wanted_lines_are_the_same_rows_as_when_all_are_read(tmp_path, monkeypatch, file, lines, block):
    text, delimiter = file
    monkeypatch.setattr(csvfiles, "BLOCK", block)
    path = write(tmp_path / "dataset.csv", text)
    found = read(path, delimiter, np.array(sorted(lines), dtype=np.int64))
    assert [row for row in found if row[0] in lines] == [row for row in read(path, delimiter) if row[0] in lines]


def numbered(count, start=1):
    return "".join(f"{i};2019-05-06;1\r\n" for i in range(start, start + count))


HEAD = ";".join(NAMES) + "\r\n"


def test_plain_blocks_go_to_the_fast_reader_and_others_do_not(tmp_path, monkeypatch):
    seen, fast = [], csvfiles._by_arrow
    monkeypatch.setattr(csvfiles, "_by_arrow", lambda block, *rest: seen.append(block.text) or fast(block, *rest))
    path = write(tmp_path / "dataset.csv", HEAD + numbered(20) + '21;"x";1\r\n' + numbered(20, 22))
    rows = read(path)
    assert [cells[0] for _, cells in rows] == [str(i) for i in range(1, 42)]
    assert len(seen) > 5 and not any(b'"' in text for text in seen)


def test_blocks_without_a_wanted_line_are_passed_over(tmp_path, monkeypatch):
    path = write(tmp_path / "dataset.csv", HEAD + numbered(200))
    found = read(path, wanted=np.array([150], dtype=np.int64))
    assert (150, ["149", "2019-05-06", "1"]) in found
    assert len(found) < 10


def test_chunks_are_no_longer_than_they_may_be(tmp_path):
    path = write(tmp_path / "dataset.csv", HEAD + "".join(f'{i};"a";1\r\n' for i in range(40)))
    file = open_csv(path, ";")
    assert max(chunk.cells.num_rows for chunk in chunks(file, NAMES)) == 3


def test_a_mark_in_the_middle_of_a_file_stays_a_cells_own(tmp_path, monkeypatch):
    monkeypatch.setattr(csvfiles, "BLOCK", len(HEAD) + 1)
    path = write(tmp_path / "dataset.csv", HEAD + "\ufeff1;2;3\r\n\ufeff4;5;6\r\n")
    assert [cells[0] for _, cells in read(path)] == ["\ufeff1", "\ufeff4"]


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_structure_is_read_with_every_end_of_line(tmp_path, monkeypatch, encoding, end):
    monkeypatch.setattr(csvfiles, "BLOCK", 1000)
    head = ";".join(csvfiles.STRUCTURE_COLUMNS)
    path = write(tmp_path / "structure.csv", end.join([head, 'heard;hoert;Closed;Single;"På; ""den""?";1;Ja', ""]), encoding)
    file, rows = open_structure(path)
    assert file.delimiter == ";"
    assert rows[1] == (2, ["heard", "hoert", "Closed", "Single", 'På; "den"?', "1", "Ja"])


def refusal(path):
    with pytest.raises(InputError) as refused:
        read(path)
    assert "\n" not in str(refused.value)
    return str(refused.value.where).removeprefix(f"{path}:"), refused.value.what


@pytest.mark.parametrize("block", [1, 7, 64, 1000])
@pytest.mark.parametrize("rows", [0, 1, 30])
@pytest.mark.parametrize(
    ("encoding", "bad", "says"),
    [
        pytest.param("utf-8-sig", b"r\xe5d;2;3\r\n", "not readable as utf-8", id="utf-8"),
        pytest.param("utf-8-sig", "å;2;".encode() + b"\xff\r\n\r\n\r\n\r\n", "not readable as utf-8", id="a letter before"),
        pytest.param("cp1252", b"r\x81d;\xe5;3\r\n", "not readable as cp1252", id="cp1252"),
        pytest.param("utf-16-le", b"\x00\xd8x\x00\r\x00\n\x00", "not readable as utf-16-le", id="utf-16-le"),
        pytest.param("utf-16-be", b"\xdc\x00\x00x\x00\r\x00\n", "not readable as utf-16-be", id="utf-16-be"),
        pytest.param("utf-8", b"1;\x00;3\r\n", "null bytes", id="null byte"),
        pytest.param("utf-8-sig", "å;".encode() + b"\x00;3\r\n", "null bytes", id="null byte behind a letter"),
        pytest.param("utf-16-le", "å;\0;3\r\n\r\n".encode("utf-16-le"), "null bytes", id="null in utf-16"),
    ],
)
def test_bytes_that_cannot_be_read_are_refused_with_their_line(tmp_path, monkeypatch, encoding, bad, says, rows, block):
    monkeypatch.setattr(csvfiles, "BLOCK", block)
    path = write(tmp_path / "dataset.csv", HEAD + numbered(rows), encoding)
    # Lines of letters whose bytes hold that of a line end.
    after = "\u010a;2;3\r\n".encode(encoding.removesuffix("-sig"), "replace")
    path.write_bytes(path.read_bytes() + after + bad + after)
    assert refusal(path) == (str(rows + 3), refusal(path)[1])
    assert says in refusal(path)[1]


@pytest.mark.parametrize("block", [1, 8, 64])
@pytest.mark.parametrize(("encoding", "left"), [("utf-8-sig", 1), ("utf-16-le", 1), ("utf-16-le", 3)])
def test_a_file_cut_inside_its_last_letter_is_refused(tmp_path, monkeypatch, encoding, left, block):
    monkeypatch.setattr(csvfiles, "BLOCK", block)
    path = write(tmp_path / "dataset.csv", HEAD + numbered(5) + "6;2;", encoding)
    path.write_bytes(path.read_bytes() + "\U0001f600".encode(encoding.removesuffix("-sig"))[:left])
    where, what = refusal(path)
    assert (where, what) == ("7", f"not readable as {encoding.removesuffix('-sig')}")


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
def test_lines_are_counted_alike_for_every_end_of_line(tmp_path, end):
    path = write(tmp_path / "dataset.csv", (HEAD + numbered(30)).replace("\r\n", end), "utf-8-sig")
    path.write_bytes(path.read_bytes() + b"\xff")
    assert refusal(path)[0] == "32"


@pytest.mark.parametrize("rows", [0, 1, 30])
@pytest.mark.parametrize(
    ("bad", "says"),
    [
        pytest.param("1;2\r\n", "2 fields where 3 belong", id="too short"),
        pytest.param("1;2;3;4\r\n", "4 fields where 3 belong", id="too long"),
        pytest.param('1;"2\r\n\r\n";3;4\r\n', "4 fields where 3 belong", id="too long over several lines"),
        pytest.param('1;"2"x;3\r\n', "not a CSV file", id="text behind a quote"),
        pytest.param('1;2;"3\r\n', "not a CSV file", id="quote never closed"),
        pytest.param('"1;2;3\r\n' + "\r\n" * 100, "not a CSV file", id="quote never closed over many blocks"),
    ],
)
def test_a_row_that_is_none_is_refused_with_the_line_on_which_it_starts(tmp_path, bad, says, rows):
    path = write(tmp_path / "dataset.csv", HEAD + numbered(rows) + bad + (numbered(9, rows + 1) if "never" not in says else ""))
    where, what = refusal(path)
    assert where == str(rows + 2)
    assert says in what


def test_rows_before_the_faulty_one_were_given_already(tmp_path):
    file = open_csv(write(tmp_path / "dataset.csv", HEAD + numbered(30) + "1;2\r\n"), ";")
    found = chunks(file, NAMES)
    assert next(found).lines.tolist()[0] == 2
    with pytest.raises(InputError, match=":32: 2 fields"):
        list(found)


def test_a_line_without_an_end_is_refused_before_it_fills_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(csvfiles, "LONGEST_LINE", 500)
    path = write(tmp_path / "dataset.csv", HEAD + numbered(3) + "x" * 2000)
    assert refusal(path) == ("5", "a line without an end")


def test_a_cell_that_the_row_reader_finds_too_long_names_its_line(tmp_path):
    # As libraries do that read CSV.
    csv.field_size_limit(1 << 30)
    path = write(tmp_path / "dataset.csv", HEAD + numbered(3) + '"' + "x\r\n" * 100_000)
    where, what = refusal(path)
    assert where == "5"
    assert "field limit" in what
