"""Reading contingency tables from CSV text."""

import csv
import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from frs_pipeline.stats.contingency import ContingencyError, ContingencyFile, read_contingency
from frs_pipeline.stats.gamma import goodman_kruskal, partial

COUNTS = [[1, 2, 3], [4, 5, 6]]
GENERATED_ROWS, GENERATED_COLUMNS = ("1", "2"), ("1", "2", "3")
BY_GENDER = """gender,income,very low,low,high,very high
F,<5,1,3,11,2
F,5-15,2,3,17,3
F,15-25,0,1,8,5
F,>25,0,2,4,2
M,<5,1,1,2,1
M,5-15,0,3,5,1
M,15-25,0,0,7,3
M,>25,0,1,9,6
"""


def only(found: ContingencyFile) -> list[list[int]]:
    assert list(found.strata) == [""]
    counts: list[list[int]] = found.strata[""].tolist()
    return counts


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize(
    ("lines", "rows", "columns"),
    [
        pytest.param(["1,2,3", "4,5,6"], GENERATED_ROWS, GENERATED_COLUMNS, id="bare"),
        pytest.param(["a,b,c", "1,2,3", "4,5,6"], GENERATED_ROWS, ("a", "b", "c"), id="header"),
        pytest.param([",a,b,c", "x,1,2,3", "y,4,5,6"], ("x", "y"), ("a", "b", "c"), id="both"),
        pytest.param(["q,a,b,c", "x,1,2,3", "y,4,5,6"], ("x", "y"), ("a", "b", "c"), id="named corner"),
        pytest.param([",10,20,30", "x,1,2,3", "y,4,5,6"], ("x", "y"), ("10", "20", "30"), id="codes"),
        pytest.param([",10,20,30", "7,1,2,3", "8,4,5,6"], ("7", "8"), ("10", "20", "30"), id="all numeric"),
        pytest.param(["q,3,2,1", "7,1,2,3", "8,4,5,6"], ("7", "8"), ("3", "2", "1"), id="falling"),
    ],
)
def test_shapes(delimiter: str, lines: list[str], rows: tuple[str, ...], columns: tuple[str, ...]) -> None:
    found = read_contingency("\n".join(lines).replace(",", delimiter))
    assert (found.row_labels, found.column_labels) == (rows, columns)
    assert only(found) == COUNTS
    assert found.strata[""].dtype == "int64"


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_labels_without_a_header(delimiter: str) -> None:
    found = read_contingency("rigtig mange,6,6,5\nmange,37,45,26\n".replace(",", delimiter))
    assert (found.row_labels, found.column_labels) == (("rigtig mange", "mange"), ("1", "2", "3"))
    assert only(found) == [[6, 6, 5], [37, 45, 26]]


def test_labels_without_a_header_may_be_numbers_too() -> None:
    found = read_contingency("x,6,6,5\n7,37,45,26\n")
    assert (found.row_labels, only(found)) == (("x", "7"), [[6, 6, 5], [37, 45, 26]])


@pytest.mark.parametrize("text", ["q,1,2,3\nx,4,5,6", "q,3,2,1\nx,4,5,6", "q,1,2", "\n\nq,0.5,1.5\nx,4,5"])
def test_headings_that_may_be_counts_are_refused(text: str) -> None:
    error = refused(text)
    assert "may be headings or counts" in str(error)
    assert error.line == (3 if text.startswith("\n") else 1)


def test_a_column_of_counts_under_a_name() -> None:
    found = read_contingency("antal\n3\n4\n")
    assert (found.row_labels, found.column_labels, only(found)) == (("1", "2"), ("antal",), [[3], [4]])


def test_a_single_column_has_no_delimiter() -> None:
    assert only(read_contingency("3\n4\n")) == [[3], [4]]


def test_labels_may_contain_the_delimiters() -> None:
    text = '"modtaget; hvordan",meget,lidt\n"meget godt, men med behov",23,31\n"både/og; ""midt""",2,4\n'
    found = read_contingency(text)
    assert found.row_labels == ("meget godt, men med behov", 'både/og; "midt"')
    assert only(found) == [[23, 31], [2, 4]]
    unquoted = read_contingency("modtaget;meget;lidt\nmeget godt, men med behov;23;31\ngodt, uden;2;4\n")
    assert unquoted.row_labels == ("meget godt, men med behov", "godt, uden")


def test_a_bom_blank_lines_spaces_and_any_line_ending() -> None:
    for ending in ("\n", "\r\n", "\r"):
        text = "\ufeff" + ending.join(["", ";a;b", "", "x; 1 ;2", ";;", "  ", "y;3;4", ""])
        found = read_contingency(text)
        assert (found.row_labels, found.column_labels) == (("x", "y"), ("a", "b"))
        assert only(found) == [[1, 2], [3, 4]]


def test_quoted_counts_and_leading_zeros() -> None:
    assert only(read_contingency('"1","02"\n"0","000000000000000000000004"\n')) == [[1, 2], [0, 4]]


@pytest.mark.parametrize(
    "text",
    [",a,b,Total\nx,1,2,3\ny,3,1,4\n", ",a,b\nx,1,2\nTotal,1,2\n", "a,b,c\n1,2,3\n4,5,9\n5,7,12\n"],
    ids=["column named", "row named", "summed"],
)
def test_totals_are_refused(text: str) -> None:
    with pytest.raises(ContingencyError, match="carries totals"):
        read_contingency(text)


def test_a_published_table_from_text_to_gamma() -> None:
    text = "\t1\t2\t3\t4\n1\t1\t3\t10\t6\n2\t2\t3\t10\t7\n3\t1\t6\t14\t12\n4\t0\t1\t9\t11\n"
    found = goodman_kruskal(read_contingency(text).strata[""])
    assert found.gamma == pytest.approx(0.221, abs=5e-4)
    assert found.n == 96


def test_strata() -> None:
    found = read_contingency(BY_GENDER, by="gender")
    assert found.row_labels == ("<5", "5-15", "15-25", ">25")
    assert found.column_labels == ("very low", "low", "high", "very high")
    assert list(found.strata) == ["F", "M"]
    assert found.strata["F"].tolist() == [[1, 3, 11, 2], [2, 3, 17, 3], [0, 1, 8, 5], [0, 2, 4, 2]]
    assert partial(list(found.strata.values())).gamma == pytest.approx(0.309278, abs=5e-7)


def test_the_column_of_strata_may_stand_anywhere() -> None:
    lines = [line.split(",") for line in BY_GENDER.splitlines()]
    expected = read_contingency(BY_GENDER, by="gender")
    for position in range(1, 6):
        moved = [[*cells[1 : position + 1], cells[0], *cells[position + 1 :]] for cells in lines]
        found = read_contingency("\n".join(";".join(cells) for cells in moved), by=" gender ")
        assert (found.row_labels, found.column_labels) == (expected.row_labels, expected.column_labels)
        assert {k: v.tolist() for k, v in found.strata.items()} == {k: v.tolist() for k, v in expected.strata.items()}


def test_a_row_that_a_stratum_lacks_is_zeros() -> None:
    found = read_contingency("s,r,a,b\n2,y,1,2\n1,x,3,4\n1,y,5,6\n", by="s")
    assert found.row_labels == ("y", "x")
    assert {k: v.tolist() for k, v in found.strata.items()} == {"2": [[1, 2], [0, 0]], "1": [[5, 6], [3, 4]]}


def test_strata_with_an_empty_corner_or_numeric_headings() -> None:
    assert list(read_contingency(",s,1,2\nx,M,1,2\n", by="s").strata) == ["M"]
    assert read_contingency("s,9,1,2\nM,x,1,2\n", by="s").column_labels == ("1", "2")


def refused(text: str, by: str | None = None) -> ContingencyError:
    with pytest.raises(ContingencyError) as caught:
        read_contingency(text, by=by)
    message = str(caught.value)
    assert message.startswith(f"line {caught.value.line}: ")
    assert message.isprintable()
    return caught.value


@pytest.mark.parametrize(
    ("text", "by", "line", "message"),
    [
        pytest.param("", None, 1, "holds no counts", id="empty"),
        pytest.param("\ufeff\n ;;\n\n", None, 1, "holds no counts", id="blank"),
        pytest.param("\n,a,b\n", None, 2, "no counts below the header", id="header only"),
        pytest.param("q,a\nx,1\ny,2\n\nz,3,4\n", None, 5, "3 cells where line 1 has 2", id="too many cells"),
        pytest.param("1,2,3\n4,5\n", None, 2, "2 cells where line 1 has 3", id="too few cells"),
        pytest.param(",a,b\nx,1,2\ny,3,1.5\n", None, 3, r"column 3 \(b\) is not a whole", id="fraction"),
        pytest.param(";a;b\nx;1;2\ny;3;1,5\n", None, 3, r"column 3 \(b\) is not a whole", id="danish"),
        pytest.param("1,5;2,5\n3,5;4,5\n", None, 1, "column 1 is not a whole", id="fractions only"),
        pytest.param(",a,b\nx,1,2\ny,3,many\n", None, 3, r"column 3 \(b\) is not a whole", id="word"),
        pytest.param("1,2\n3,-4\n", None, 2, "column 2 is negative", id="negative"),
        pytest.param("-1,2\n3,4\n", None, 1, "column 1 is negative", id="negative first"),
        pytest.param("1,2\n3,+4\n", None, 2, "column 2 is not a whole", id="plus"),
        pytest.param("1,2\n3,٤\n", None, 2, "column 2 is not a whole", id="other digits"),
        pytest.param(",a,b\nx,1,\n", None, 2, r"column 3 \(b\) is empty; write 0", id="missing count"),
        pytest.param("1,,2\n3,4,5\n", None, 1, "column 2 is empty", id="missing count first"),
        pytest.param("x,6,,5\ny,3,4,5\n", None, 1, "column 3 is empty", id="missing count, label"),
        pytest.param(f"1,2\n3,{10**18}\n", None, 2, "column 2 is too large", id="large"),
        pytest.param(f"1,2\n3,{'9' * 5000}\n", None, 2, "column 2 is too large", id="absurd"),
        pytest.param("q\nx\ny\n", None, 2, "no counts beside the labels", id="labels only"),
        pytest.param(BY_GENDER, None, 2, r"column 2 \(income\) is not a whole", id="strata without by"),
        pytest.param(',a,b\nx,1,2\n"y,3,4\n', None, 3, "quotes do not match", id="open quote"),
        pytest.param(',a,b\n"x, z",1,2\n"y"y,3,4\n', None, 3, "quotes do not match", id="stray quote"),
        pytest.param(',"a\nb",c\n"x\ny",1,2\nz,1,-2\n', None, 5, "is negative", id="lines in cells"),
        pytest.param(',"a\x1b\nb"\nx,?\n', None, 3, r"column 2 \(a b\) is not", id="heading over lines"),
        pytest.param("1,2\n3,4\n", "s", 1, "needs a header row", id="by without header"),
        pytest.param(BY_GENDER, "role", 1, "no column is named role; .* here: gender, income", id="unknown by"),
        pytest.param(",a,b\nx,1,2\n", "", 1, "no column is named", id="empty by"),
        pytest.param("s,s,a\nM,x,1\n", "s", 1, "2 columns are named s", id="by twice"),
        pytest.param("s,a\nM,1\n", "s", 1, "too few columns", id="no labels under by"),
        pytest.param("s,r,a\n", "s", 1, "no counts below the header", id="header only under by"),
        pytest.param("s,r,a\nM,x,1\n,x,1\n", "s", 3, r"column 1 \(s\) is empty; name", id="no stratum"),
        pytest.param("s,r,a\nM,x,1\nM,x,1\n", "s", 3, "row x occurs twice in stratum M", id="row twice"),
        pytest.param("s,r,a\nM,x,1\nK,x,-1\n", "s", 3, r"column 3 \(a\) is negative", id="negative under by"),
    ],
)
def test_refusals(text: str, by: str | None, line: int, message: str) -> None:
    error = refused(text, by)
    assert error.line == line
    assert isinstance(error, ValueError)
    with pytest.raises(ContingencyError, match=message):
        raise error


# Between two letters, so that no label is a number or loses spaces at its ends.
labels = st.text(alphabet="aæÅ,;\t\n\r\" '1.-", max_size=8).map(lambda text: f"x{text}x")


@given(
    st.lists(st.lists(st.integers(0, 10**18 - 1), min_size=3, max_size=3), min_size=1, max_size=4),
    st.lists(labels, min_size=8, max_size=8),
    st.sampled_from([",", ";", "\t"]),
)
def test_what_csv_writes_is_read_back(counts: list[list[int]], names: list[str], delimiter: str) -> None:
    file = io.StringIO()
    writer = csv.writer(file, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writerow(names[:4])
    writer.writerows([name, *row] for name, row in zip(names[4:], counts, strict=False))
    found = read_contingency(file.getvalue())
    assert found.column_labels == tuple(names[1:4])
    assert found.row_labels == tuple(names[4 : 4 + len(counts)])
    assert only(found) == counts


@given(st.text(alphabet='01,;\t\n\r"x. -', max_size=40), st.sampled_from([None, "x"]))
@example("\0", None)
@example('"', "x")
def test_any_text_is_read_or_refused(text: str, by: str | None) -> None:
    try:
        found = read_contingency(text, by=by)
    except ContingencyError as error:
        assert "\n" not in str(error) and error.line >= 1
        return
    shape = (len(found.row_labels), len(found.column_labels))
    assert found.strata and all(table.shape == shape for table in found.strata.values())
