"""Reading contingency tables from CSV text."""

import csv
import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from frs_pipeline.stats.contingency import ContingencyError, ContingencyFile, read_contingency
from frs_pipeline.stats.gamma import goodman_kruskal, partial

# Neither rows nor columns run as codes do.
COUNTS = [[5, 2, 3], [5, 4, 6]]
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
        pytest.param(["5,2,3", "5,4,6"], GENERATED_ROWS, GENERATED_COLUMNS, id="bare"),
        pytest.param([",a,b,c", "x,5,2,3", "y,5,4,6"], ("x", "y"), ("a", "b", "c"), id="both"),
        pytest.param(["q,a,b,c", "x,5,2,3", "y,5,4,6"], ("x", "y"), ("a", "b", "c"), id="named corner"),
        pytest.param(["q,a,b,c", "1,5,2,3", "2,5,4,6"], ("1", "2"), ("a", "b", "c"), id="coded rows under a name"),
        pytest.param(["q,a,b,c", "1,5,2,3", "0,5,4,6"], ("1", "0"), ("a", "b", "c"), id="falling rows under a name"),
        pytest.param([",10,20,30", "x,5,2,3", "y,5,4,6"], ("x", "y"), ("10", "20", "30"), id="codes"),
        pytest.param([",10,20,30", "7,5,2,3", "8,5,4,6"], ("7", "8"), ("10", "20", "30"), id="all numeric"),
        pytest.param([",1,3,99", "1,5,2,3", "9,5,4,6"], ("1", "9"), ("1", "3", "99"), id="codes with gaps"),
        pytest.param(
            [",1.00,2.00,3.00", "1.00,5.00,2,3.0", "2.00,5,4.0000,6.00"],
            ("1.00", "2.00"),
            ("1.00", "2.00", "3.00"),
            id="decimals",
        ),
        pytest.param(["q,3,2,1", "7,5,2,3", "8,5,4,6"], ("7", "8"), ("3", "2", "1"), id="falling"),
        pytest.param([",<5,5-9,10+", "0-4,5,2,3", "5+,5,4,6"], ("0-4", "5+"), ("<5", "5-9", "10+"), id="bands"),
        pytest.param([",a,b,c,,", "x,5,2,3,,", "y,5,4,6,,"], ("x", "y"), ("a", "b", "c"), id="empty columns to the right"),
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


@pytest.mark.parametrize(
    "text",
    ["q,1,2,3\nx,4,5,6", "q,3,2,1\nx,4,5,6", "q,1,2", "\n\nq,10,20\nx,4,5", "q,2,1,3\nx,4,5,6", "q,2019,2018,2020\nx,4,5,6"],
)
def test_headings_that_may_be_counts_are_refused(text: str) -> None:
    error = refused(text)
    assert "may be headings or counts" in str(error)
    assert error.line == (3 if text.startswith("\n") else 1)


@pytest.mark.parametrize(
    "text",
    [
        "q,a,b\n1,5,6\n9,7,8",
        "q,r,a\n1,1,6\n1,2,8\n2,1,9",
        "q,a,b\n5,5,6\n5,7,9",
        "q,a,b\n18,5,6\n25,7,8",
        "q,a,b\n3,5,6\n1,7,8\n2,7,9",
        "q,a,b\n10,5,6\n20,7,8\n30,7,9",
        "q,a,b\n2019,5,6\n2018,7,8\n2020,7,9",
    ],
)
def test_numbers_under_a_name_that_may_be_codes_or_counts_are_refused(text: str) -> None:
    error = refused(text)
    assert "column 1 (q) holds numbers that may be codes or counts" in str(error)
    assert "call the column of counts n" in str(error)
    assert error.line == 2
    # As the error says: with labels in words it is read, with these counts or without them.
    first, *rest = text.splitlines()
    assert read_contingency(text, as_it_stands=True).column_labels == tuple(first.split(","))
    labelled = "\n".join([f",{first}", *(f"r{i},{line}" for i, line in enumerate(rest))])
    assert len(read_contingency(labelled, as_it_stands=True).column_labels) == 3
    coded = "\n".join([first.removeprefix("q"), *(f"r{i}-{line}" for i, line in enumerate(rest))])
    assert read_contingency(coded).column_labels == tuple(first.split(",")[1:])


def test_numbers_under_a_name_that_neither_rise_nor_fall_are_counts() -> None:
    found = read_contingency("low,mid,high\n34,24,15\n42,74,67\n28,111,292\n")
    assert found.column_labels == ("low", "mid", "high")
    assert only(found) == [[34, 24, 15], [42, 74, 67], [28, 111, 292]]


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


def test_quoted_counts() -> None:
    assert only(read_contingency('"1","2"\n"0","4"\n')) == [[1, 2], [0, 4]]


NAMES = [
    "Total",
    "TOTAL",
    "Totalt",
    "I alt",
    "i alt:",
    "Ialt",
    "Sum",
    "SUM",
    "All",
    "Margin",
    "Subtotal",
    "Sub-total",
    "Row total",
]
NAMES += [
    "Total (N)",
    "Grand Total",
    "Mellemsum",
    "Hovedtotal",
    "Summe",
    "Gesamt",
    "Insgesamt",
    "Totaal",
    "Yhteensä",
    "Suma",
    "Итого",
]


@pytest.mark.parametrize("name", NAMES)
def test_lines_that_are_called_totals_are_refused(name: str) -> None:
    for text, by, line, column in [
        (f",a,{name}\nx,1,2\ny,3,3\n", None, 1, 3),
        (f"a,{name}\n7,2\n9,3\n7,3\n", None, 1, 2),
        (f",a,b\nx,1,2\n{name},1,5\n", None, 3, 1),
        (f"{name},6,6\nx,7,7\n", None, 1, 1),
        (f"q,1,2,{name}\nx,1,2,3\ny,2,2,4\n", None, 1, 4),
        (f"q,a,b\n1,1,2\n2,2,2\n{name},3,4\n", None, 4, 1),
        (f"s,r,a,{name}\nM,x,1,2\n", "s", 1, 4),
        (f"s,r,a,b\nM,x,1,2\nM,{name},1,2\n", "s", 3, 2),
        (f"s,r,a,b\nM,x,1,2\n{name},x,1,2\n", "s", 3, 1),
        (f"r,k,n\nx,a,1\nx,{name},2\n", None, 3, 2),
        (f"r,k,n\nx,a,1\n{name},a,2\n", None, 3, 1),
        (f"s,r,k,n\nM,x,a,1\n{name},x,a,2\n", "s", 3, 1),
    ]:
        for sure in (False, True):
            error = refused(text, by, sure)
            assert (error.line, f"column {column} carries totals" in str(error)) == (line, True), text


@pytest.mark.parametrize("label", ["Totalt uenig", "Total disagreement", "Summer", "alle", "N", "Nej", "overalls", "Sumatra"])
def test_answers_that_sound_like_totals_are_counted(label: str) -> None:
    assert read_contingency(f",a,b\n{label},1,2\ny,3,5\n").row_labels == (label, "y")


def bare(table: list[list[int]]) -> str:
    return "\n".join(",".join(map(str, row)) for row in table)


@given(
    st.lists(st.lists(st.integers(5, 9999), min_size=3, max_size=3), min_size=3, max_size=4),
    st.booleans(),
    st.integers(0, 4),
)
def test_the_sum_of_the_others_is_refused_wherever_it_stands(counts: list[list[int]], turned: bool, at: int) -> None:
    at = min(at, len(counts))
    counts = [*counts[:at], [sum(cells) for cells in zip(*counts, strict=True)], *counts[at:]]
    labels = [f"r{i}" for i in range(len(counts))]
    if turned:
        table = [["", *labels], *([f"k{i}", *map(str, cells)] for i, cells in enumerate(zip(*counts, strict=True)))]
        place = (1, at + 2)
    else:
        table = [["", "a", "b", "c"], *([label, *map(str, row)] for label, row in zip(labels, counts, strict=True))]
        place = (at + 2, 1)
    text = "\n".join(",".join(row) for row in table)
    error = refused(text)
    assert "is the sum of the others, as totals are" in str(error)
    assert (error.line, f"column {place[1]} " in str(error)) == (place[0], True)
    # An answer that happens to be the sum of the others is counted by whoever says so.
    found = only(read_contingency(text, as_it_stands=True))
    assert found == ([list(column) for column in zip(*counts, strict=True)] if turned else counts)


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("s,r,a,b,c\nM,x,5,7,12\nM,y,9,2,11\nK,x,4,4,8\n", 1, 5),
        ("s,r,a,b\nM,x,5,7\nM,y,9,2\nM,z,14,9\nK,x,4,4\nK,y,8,1\nK,z,12,5\n", 4, 2),
        ("s,r,a,b\nM,x,5,7\nM,y,9,2\nM,z,2,2\nK,x,4,4\nK,y,8,1\nK,z,12,5\n", 7, 2),
        ("s,r,a,b\nM,x,5,7\nM,y,9,2\nK,x,4,4\nK,y,8,1\nB,x,9,11\nB,y,17,3\n", 6, 1),
        ("s,r,k,n\nM,x,a,5\nM,x,b,7\nM,x,c,12\nM,y,a,9\nM,y,b,2\nM,y,c,11\n", 4, 3),
    ],
    ids=["column", "row of all strata", "row of one stratum", "stratum", "column of a long table"],
)
def test_sums_in_strata_are_refused(text: str, line: int, column: int) -> None:
    error = refused(text, "s")
    assert "is the sum of the others" in str(error)
    assert (error.line, f"column {column} " in str(error)) == (line, True)
    assert read_contingency(text, by="s", as_it_stands=True).strata


@pytest.mark.parametrize(
    ("lines", "total"),
    [
        (["73,30,43,73", "183,100,83,183"], 4),
        (["5,0,5", "3,0,3"], 3),
        (["9,4,5,9,9", "3,1,2,3,3"], 5),
        (["5,5,0", "3,3,0"], 2),
    ],
)
def test_totals_that_stand_twice_or_beside_an_empty_answer_are_refused(lines: list[str], total: int) -> None:
    heads = ",".join(f"k{i}" for i in range(lines[0].count(",") + 1))
    error = refused("\n".join([f",{heads}", *(f"r{i},{line}" for i, line in enumerate(lines))]))
    assert f"column {total + 1} is the sum of the others" in str(error)


def test_two_lines_that_are_alike_are_no_totals_of_a_stratum() -> None:
    assert read_contingency("s,r,a,b\nM,x,1,0\nM,y,0,0\nM,z,1,0\nK,x,4,4\nK,y,8,1\nK,z,2,5\n", by="s").strata["M"].sum() == 2


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        (",code,a,b\nx,1,5,6\ny,2,5,3\nz,3,9,9\n", 2, 2),
        (",satisfied,a,b\n0,1,5,6\n1,2,5,3\n", 2, 2),
        ("1,34,24\n2,42,74\n3,28,111\n", 1, 1),
        ("1,2,3\n34,24,15\n42,74,67\n", 1, 1),
        ("a,b,x\n1,1,34\n2,1,24\n1,2,42\n2,2,74\n", 2, 1),
        ("a,b,x\n1,1,34\n2,1,24\n1,3,42\n", 2, 1),
        ("1,1,34\n1,2,24\n2,1,42\n2,2,74\n", 1, 1),
        ("r,s,a,b\n1,1,34,5\n2,1,24,7\n1,2,42,9\n2,2,74,3\n", 2, 1),
    ],
    ids=[
        "code beside a label",
        "row number beside codes",
        "no headings",
        "headings only",
        "long",
        "long with a gap",
        "long, bare",
        "strata",
    ],
)
def test_counts_that_run_as_codes_do_are_refused(text: str, line: int, column: int) -> None:
    error = refused(text)
    assert (error.line, f"column {column} " in str(error)) == (line, True)
    assert "--as-it-stands" in str(error)
    assert read_contingency(text, as_it_stands=True).strata


@pytest.mark.parametrize("head", ["", "0"])
def test_answers_a_form_a_line_are_no_counts(head: str) -> None:
    answers = [(4, 3), (2, 3), (4, 2), (1, 3), (5, 3), (2, 3), (4, 3), (2, 2), (4, 3), (2, 3), (4, 2), (1, 3), (5, 3)] * 3
    lines = [f"{f'f{i},' if head else ''}{one},{other}" for i, (one, other) in enumerate(answers)]
    text = "\n".join([("id," if head else "") + "conflict,helped", *lines])
    error = refused(text)
    assert (error.line, "occur several times, as answers do; count them first" in str(error)) == (2, True)
    assert read_contingency(text, as_it_stands=True).strata[""].sum() == sum(map(sum, answers))
    # Answers that nobody gave may be many.
    sparse = "\n".join([",a,b", *(f"r{i},{0 if i % 4 else i},{0 if i % 4 else 2 * i + 1}" for i in range(1, 21))])
    assert len(read_contingency(sparse).row_labels) == 20


def test_a_code_beside_the_label_in_strata_is_refused() -> None:
    lines = [f"{stratum},r{i},{i},{7 + i % 2},{9 * i}" for stratum in "MK" for i in (1, 2, 3)]
    error = refused("s,r,code,a,b\n" + "\n".join(lines), "s")
    assert (error.line, "column 3 and those below it run as codes do" in str(error)) == (1, True)


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


def test_a_row_that_a_stratum_lacks_is_zeros_in_its_place() -> None:
    found = read_contingency("s,r,a,b\n2,y,1,2\n1,x,3,4\n1,y,5,6\n", by="s")
    assert found.row_labels == ("x", "y")
    assert {k: v.tolist() for k, v in found.strata.items()} == {"2": [[0, 0], [1, 2]], "1": [[3, 4], [5, 6]]}


def test_rows_of_strata_whose_order_is_open_are_refused() -> None:
    for rows in (("M,x", "M,y", "K,y", "K,x"), ("M,x", "M,y", "K,x", "K,z")):
        assert "different orders" in str(refused("s,r,a,b\n" + "".join(f"{row},{i + 1},7\n" for i, row in enumerate(rows)), "s"))
    assert read_contingency("s,r,a,b\nM,1,1,7\nM,3,2,7\nK,1,3,7\nK,2,4,7\n", by="s").row_labels == ("1", "2", "3")
    # In one stratum 1 comes before 2, in the other behind 3: that is no order of a scale.
    assert read_contingency("s,r,a,b\nM,1,7,2\nM,2,2,3\nK,3,8,3\nK,1,3,9\n", by="s").row_labels == ("1", "2", "3")
    assert read_contingency("s,r,a,b\nM,3,7,2\nM,2,2,3\nK,3,8,3\nK,1,3,9\nK,2,3,9\n", by="s").row_labels == ("1", "2", "3")
    assert read_contingency("s,r,a,b\nM,3,7,2\nM,2,2,3\nK,2,8,3\nK,1,3,9\n", by="s").row_labels == ("3", "2", "1")


LONG = [[34, 24, 0], [42, 74, 5]]


@pytest.mark.parametrize(
    ("header", "rows", "columns"),
    [
        ("Var1,Var2,Freq", ("low", "high"), ("a", "b", "c")),
        ("q,p,whatever", ("low", "high"), ("a", "b", "c")),
        ("q,p,n", ("1", "2"), ("0", "1", "9")),
        ("q,p,Antal", ("<5", "5-9"), ("1.00", "2.00", "3.00")),
        ("q,p,0", ("low", "high"), ("1", "2", "3")),
    ],
)
@pytest.mark.parametrize("numbered", [None, 0, 1])
@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("zeros", [False, True])
def test_one_cell_a_line(
    header: str, rows: tuple[str, ...], columns: tuple[str, ...], numbered: int | None, turned: bool, zeros: bool
) -> None:
    cells = [(i, j) for i in range(2) for j in range(3) if zeros or LONG[i][j]]
    if turned:
        cells.sort(key=lambda cell: cell[::-1])
    lines = [f"{rows[i]},{columns[j]},{LONG[i][j]}" for i, j in cells]
    if numbered is not None:
        header, lines = f",{header}", [f"{i},{line}" for i, line in enumerate(lines, numbered)]
    found = read_contingency("\n".join([header, *lines]))
    assert (found.row_labels, found.column_labels, only(found)) == (rows, columns, LONG)
    assert ("taken as 0: 1" in found.taken) == (not zeros)


def test_one_cell_a_line_in_strata_is_the_same_as_a_row_a_line() -> None:
    wide = read_contingency(BY_GENDER, by="gender")
    names = BY_GENDER.splitlines()[0].split(",")[2:]
    for counts in ("n", "people"):
        lines = [f"gender,answer,income,{counts}"]
        for line in BY_GENDER.splitlines()[1:]:
            stratum, row, *cells = line.split(",")
            # Words, since only a name for counts makes labels of anything else.
            row = row if counts == "n" else f"{row} thousand"
            lines += [f"{stratum},{name},{row},{cell}" for name, cell in zip(names, cells, strict=True)]
        long = read_contingency("\n".join(lines), by="gender")
        assert long.row_labels == wide.column_labels
        assert [label.removesuffix(" thousand") for label in long.column_labels] == list(wide.row_labels)
        assert {k: v.T.tolist() for k, v in long.strata.items()} == {k: v.tolist() for k, v in wide.strata.items()}


def test_codes_of_one_cell_a_line_stand_by_size_and_words_as_the_lines_do() -> None:
    by_count = "a,b,n\n2,2,74\n2,1,42\n1,1,34\n1,2,24\n1,10,3\n"
    found = read_contingency(by_count)
    assert (found.row_labels, found.column_labels) == (("1", "2"), ("1", "2", "10"))
    gap = read_contingency("a,b,n\nlow,some,5\nlow,many,7\nhigh,none at all,2\nhigh,some,3\nhigh,many,9\n")
    assert gap.column_labels == ("none at all", "some", "many")
    for lines in ("low,x,1\nlow,y,2\nhigh,y,3\nhigh,x,4\n", "low,x,1\nlow,y,2\nhigh,x,3\nhigh,z,4\n"):
        assert "isn't clear" in str(refused(f"a,b,n\n{lines}"))


def test_row_numbers_of_a_data_frame_are_no_labels() -> None:
    found = read_contingency(",s,r,a,b\n0,M,x,5,7\n1,M,y,9,2\n2,K,x,4,4\n3,K,y,8,1\n", by="s")
    assert found.row_labels == ("x", "y")
    assert found.strata["K"].tolist() == [[4, 4], [8, 1]]


@pytest.mark.parametrize("line", ["sep=;", '"sep=;"', "SEP=;", "sep=;;;", "sep=|"])
def test_a_line_for_excel_names_the_delimiter(line: str) -> None:
    delimiter = line.strip('"')[4]
    text = (
        f"{line}\r\n;a;b\r\nx;1,00;2\r\ny;3;four\r\n".replace(";", delimiter)
        if "|" in line
        else f"{line}\r\n;a;b\r\nx;1,00;2\r\ny;3;four\r\n"
    )
    error = refused(text)
    assert (error.line, "column 3 (b) is not a whole" in str(error)) == (4, True)
    assert only(read_contingency(text.replace("four", "4"))) == [[1, 2], [3, 4]]


def test_decimal_commas_do_not_pass_for_delimiters() -> None:
    for text in (";a;b\nx;1,00;2,00\ny;3,00;4,00\n", "a;b;n\nlav;x;1,00\nlav;y;2,00\nhøj;x;3,00\nhøj;y;4,00\n"):
        assert only(read_contingency(text)) == [[1, 2], [3, 4]]


def test_intervals_are_labels() -> None:
    found = read_contingency('q,a,b\n"(0, 5]",5,2\n"(5.5, inf]",5,4\n')
    assert (found.row_labels, only(found)) == (("(0, 5]", "(5.5, inf]"), [[5, 2], [5, 4]])


def test_where_labels_were_taken_is_told() -> None:
    told = {
        "5,2\n5,4\n": "Rows: numbered. Columns: numbered.",
        "\nq,a,b\nx,5,2\n": "Rows: column 1 (q). Columns: line 2.",
        "x,5,2,7\ny,5,4,7\n": "Rows: column 1. Columns: numbered.",
        "p,q,n\nx,a,5\n": "Rows: column 1 (p). Columns: column 2 (q). Counts: column 3 (n).",
    }
    assert {text: read_contingency(text).taken for text in told} == told
    strata = read_contingency(BY_GENDER, by="gender").taken
    assert strata == "Strata: column 1 (gender). Rows: column 2 (income). Columns: line 1."


def test_strata_with_an_empty_corner_or_numeric_headings() -> None:
    assert list(read_contingency(",s,1,2\nx,M,1,2\n", by="s").strata) == ["M"]
    assert read_contingency("s,9,1,2\nM,x,1,2\n", by="s").column_labels == ("1", "2")


def refused(text: str, by: str | None = None, sure: bool = False) -> ContingencyError:
    with pytest.raises(ContingencyError) as caught:
        read_contingency(text, by=by, as_it_stands=sure)
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
        pytest.param("q\nx\ny\n", None, 2, r"column 1 \(q\) is not a whole", id="labels only"),
        pytest.param("1,2\n3,02\n", None, 2, "column 2 begins with a zero", id="leading zero"),
        pytest.param("1,2\n3,1.010\n", None, 2, "column 2 may be thousands or a fraction", id="thousands or decimals"),
        pytest.param(";a\nx;34,000\n", None, 2, r"column 2 \(a\) may be thousands or a fraction", id="comma thousands"),
        pytest.param(",5,2\n3,8,6\n1,4,12\n", None, 1, "column 1 is empty, and the numbers after it", id="no first count"),
        pytest.param(
            ",low,mid\n34,24,15\n42,74,67\n28,111,92\n",
            None,
            1,
            "column 1 is empty, and the numbers below it",
            id="no first heading",
        ),
        pytest.param("10,low,mid\nx,1,2\n", None, 1, "column 1 is a number before headings", id="number before headings"),
        pytest.param(",low,7,high\nx,1,2,3\n", None, 1, "column 3 is a number among labels", id="number among headings"),
        pytest.param(",a,b\nx,1,2\n7,3,4\n", None, 3, "column 1 is a number among labels", id="number among labels"),
        pytest.param("q,a,b\nx,1,2\n7,3,4\nz,5,7\n", None, 3, "column 1 is a number among labels", id="number among words"),
        pytest.param("x,6,6,5\n7,37,45,26\n", None, 1, "column 1 stands among numbers", id="number among row labels"),
        pytest.param("q,a,b\n10,1,2\n1 010,3,4\n", None, 3, "column 1 is not a whole", id="thousand under a name"),
        pytest.param("q,a,b\n<5,1,2\n10*,3,4\n", None, 2, "column 1 is not a whole", id="all odd under a name"),
        pytest.param("10a,5,2\n3,8,6\n", None, 1, "column 1 is not a whole", id="footnote"),
        pytest.param("many,5,2\n3,8,6\n", None, 1, "column 1 stands among numbers", id="word for a count"),
        pytest.param(",a,b\nx,1,2\n,3,4\n", None, 3, "column 1 is empty; every row", id="no label"),
        pytest.param(",a,\nx,1,2\n", None, 1, "column 3 is empty; every column", id="no heading"),
        pytest.param(",a,b\nx,1,2\n#N/A,3,4\n", None, 3, "column 1 is an error of a spreadsheet", id="broken label"),
        pytest.param(",a,b\nx,1,2\nx,3,4\n", None, 3, "column 1 repeats a label", id="label twice"),
        pytest.param(",a,a\nx,1,2\n", None, 1, "column 3 repeats a label", id="heading twice"),
        pytest.param("p,q,n\nx,a,1\nx,a,2\ny,a,3", None, 3, "column 1 .* repeat the labels", id="cell twice"),
        pytest.param("p,q,n\nx,a,1\nx,b,<5\ny,a,3", None, 3, r"column 3 \(n\) is not a whole", id="long, suppressed"),
        pytest.param("p,q,n\nx,a,1\nx,,3\nx,b,3\ny,a,3", None, 3, r"column 2 .*is empty", id="long, no label"),
        pytest.param("M,x,5,7\nM,y,9,2\n", "M", 1, "column 3 may be a count", id="counts for headings under by"),
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
        pytest.param(
            "s,a,b,c\nM,5,7,2\nM,9,2,3\nK,4,8,3\n", "s", 2, r"column 2 \(a\) has to hold the labels", id="no labels, by"
        ),
        pytest.param("low mid\nx 34 24\n", None, 2, "column 1 holds several numbers", id="blanks between cells"),
        pytest.param('"low" "mid"\n"x" 34 24\n', None, 1, "delimit cells by commas", id="blanks and quotes"),
        pytest.param("low,mid\nx,34,24\ny,2,3\n", None, 2, "an empty one above labels", id="no cell above the labels"),
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
    st.lists(labels, min_size=8, max_size=8, unique_by=str.strip),
    st.sampled_from([",", ";", "\t"]),
)
def test_what_csv_writes_is_read_back(counts: list[list[int]], names: list[str], delimiter: str) -> None:
    file = io.StringIO()
    writer = csv.writer(file, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writerow(names[:4])
    writer.writerows([name, *row] for name, row in zip(names[4:], counts, strict=False))
    # Counts of any kind, also such as by chance look like totals or codes.
    found = read_contingency(file.getvalue(), as_it_stands=True)
    assert found.column_labels == tuple(names[1:4])
    assert found.row_labels == tuple(names[4 : 4 + len(counts)])
    assert only(found) == counts


@given(st.text(alphabet='01,;\t\n\r"xn. -', max_size=40), st.sampled_from([None, "x"]))
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
