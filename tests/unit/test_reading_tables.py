"""Anybody's printed tables from files: every usual layout gives the same figures, and what isn't understood is refused."""

from __future__ import annotations

import codecs
from pathlib import Path

import openpyxl
import pytest

from frs_pipeline.errors import FrsError, InputError, SeveralErrors
from frs_pipeline.printed.auditing import audit
from frs_pipeline.printed.notation import both, in_points, rewritten
from frs_pipeline.printed.reading import ReadTables, read_tables
from frs_pipeline.printed.templates import TABLES
from frs_pipeline.study.tables import Address

LIST = "table;row;column;group;measure;printed\n"
# The same crosstab in every layout.
COUNTS = {("men", "yes"): "20", ("men", "no"): "30", ("women", "yes"): "10", ("women", "no"): "40"}
TOTALS = {
    ("men", "Total"): "50",
    ("women", "Total"): "50",
    ("Total", "yes"): "30",
    ("Total", "no"): "70",
    ("Total", "Total"): "100",
}
SHARES = {("men", "yes"): "40%", ("men", "no"): "60%", ("women", "yes"): "20%", ("women", "no"): "80%"}
LAYOUTS = {
    "rows of percentages": ";;yes;no;Total\nmen;Count;20;30;50\n;%;40%;60%;\n"
    "women;Count;10;40;50\n;%;20%;80%;\nTotal;Count;30;70;100\n",
    "labels on every line": ";;yes;no;Total\nmen;n;20;30;50\nmen;Row %;40%;60%;\n"
    "women;n;10;40;50\nwomen;Row %;20%;80%;\nTotal;n;30;70;100\n",
    "columns of percentages": ";yes n;yes %;no n;no %;Total\nmen;20;40%;30;60%;50\nwomen;10;20%;40;80%;50\nAll;30;;70;;100\n",
    "two lines of headings": ";yes;;no;;I alt\n;Antal;Procent;Antal;Procent;Antal\nmen;20;40%;30;60%;50\n"
    "women;10;20%;40;80%;50\nI alt;30;;70;;100\n",
    "both in a cell": ";yes;no;Sum\nmen;20/40%;30/60%;50\nwomen;10 (20 %);40 (80%);50\nSum;30;70;100\n",
    "with a title": "Table 7. By sex\n;yes;no;Total\nmen;40% (20);60% (30);50\n"
    "women;20% (n = 10);80% (n = 40);50\nTotal;30;70;100\n",
    "commas": ",,Answer,,Total\n,,yes,no,\nSex,men,20 (40%),30 (60%),50\n,women,10 (20%),40 (80%),50\nTotal,,30,70,100\n",
    "a line a figure": LIST
    + "".join(f"1;{row};{column};;count;{n}\n" for (row, column), n in (COUNTS | TOTALS).items())
    + "".join(f"1;{row};{column};;row_percent;{n}\n" for (row, column), n in SHARES.items()),
}


def reading(text: str | bytes, folder: Path, name: str = "table.csv") -> ReadTables:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_tables([path])


def figures(read: ReadTables, number: int = 1) -> dict[tuple[str, ...], str]:
    return {tuple(filter(None, address[1:])): text for address, text in read.tables.tables[number].figures.items()}


def refusal(text: str, folder: Path) -> str:
    with pytest.raises(InputError) as error:
        reading(text, folder)
    return str(error.value)


@pytest.mark.parametrize("layout", LAYOUTS, ids=list(LAYOUTS))
def test_every_layout_of_a_crosstab_gives_the_same_figures(layout, tmp_path):
    read = reading(LAYOUTS[layout], tmp_path)
    expected = {(*place, "count"): n for place, n in (COUNTS | TOTALS).items()}
    expected |= {(*place, "row_percent"): n for place, n in SHARES.items()}
    assert figures(read) == expected
    table = read.tables.tables[1]
    assert (table.kind, table.rows.labels, table.columns.labels) == ("crosstab", ("men", "women"), ("yes", "no"))


@pytest.mark.parametrize(
    "encoded",
    [
        LAYOUTS["both in a cell"].replace("men;", "mænd;").encode("cp1252"),
        codecs.BOM_UTF8 + LAYOUTS["both in a cell"].replace("men;", "mænd;").encode(),
        codecs.BOM_UTF16_LE + LAYOUTS["both in a cell"].replace("men;", "mænd;").encode("utf-16-le"),
        LAYOUTS["both in a cell"].replace("men;", "mænd;").replace("\n", "\r\n").encode(),
    ],
    ids=["cp1252", "utf-8 with mark", "utf-16", "crlf"],
)
def test_encodings(encoded, tmp_path):
    assert reading(encoded, tmp_path).tables.tables[1].rows.labels == ("mænd", "womænd")


def test_percentages_are_of_what_most_of_them_show_whatever_one_of_them_says(tmp_path):
    by_column = ";a;b\nx;20;30\n;25%;60%\ny;60;20\n;75%;40%\n"
    assert figures(reading(by_column, tmp_path))["x", "a", "column_percent"] == "25%"
    assert figures(reading(by_column.replace("25%", "35%"), tmp_path))["x", "a", "column_percent"] == "35%"
    without_counts = ";a;b\nx;30%;20%\ny;10%;40%\n"
    assert figures(reading(without_counts, tmp_path))["y", "b", "total_percent"] == "40%"


def test_bases_beside_and_below_percentages_are_totals(tmp_path):
    beside = figures(reading(";a;b;N\nx;40%;60%;50\ny;20%;80%;100\n", tmp_path))
    assert beside["x", "Total", "count"] == "50"
    below = figures(reading(";a;b\nx;40%;20%\ny;60%;80%\nN;50;100\n", tmp_path))
    assert below["Total", "b", "count"] == "100"
    assert below["y", "a", "column_percent"] == "60%"


def test_a_title_and_decimal_commas_in_every_cell(tmp_path):
    text = "Tabel 3. Efter køn\n;Tilfreds;Utilfreds;I alt\nMand;45 (45,0 %);55 (55,0 %);100 (100,0 %)\n"
    read = reading(text + "Kvinde;90 (75,0 %);30 (25,0 %);120 (100,0 %)\nKilde: egne beregninger\n", tmp_path)
    assert read.titles[1] == "Tabel 3. Efter køn"
    assert figures(read)["Kvinde", "Utilfreds", "row_percent"] == "25,0%"
    assert read.figures == 12


def test_a_frequency_has_valid_missing_and_total(tmp_path):
    text = ";Antal;Procent;Gyldig procent;Kumuleret procent\nJa;6;60,0;75,0;75,0\nNej;2;20,0;25,0;100,0\nI alt;8;80,0;100,0;\n"
    read = reading(text + "Ubesvaret;2;20,0;;\nI alt;10;100,0;;\n", tmp_path)
    assert read.tables.tables[1].kind == "frequency"
    found = figures(read)
    assert [found[row, "count"] for row in ("Ja", "Nej", "Total valid", "Missing", "Total")] == ["6", "2", "8", "2", "10"]
    assert found["Nej", "cumulative_percent"] == "100,0"
    assert figures(reading(text, tmp_path))["Total", "count"] == "8"


def test_answers_may_lie_beside_each_other(tmp_path):
    read = reading(";god;dårlig;I alt\nAntal;10;20;30\nProcent;33,3%;66,7%;100,0%\n", tmp_path)
    assert read.tables.tables[1].kind == "distribution"
    assert figures(read)["dårlig", "percent"] == "66,7%"


@pytest.mark.parametrize(
    "text",
    [
        ";Value;Asymp. Std. Error;Approx. T;Approx. Sig.\nGamma;.45;.13;3.1;.002\nN of Valid Cases;120;;;\n",
        ";gamma;ASE;T;p;N\nall;0.45;0.13;3.1;0.002;120\n",
        "what;printed\nGamma;,45\nASE;,13\nT;3,1\np;,002\nN of valid cases;120\n",
        LIST + "1;;;;gamma;.45\n1;;;;ase;.13\n1;;;;t;3.1\n1;;;;p;.002\n1;;;;n;120\n",
    ],
    ids=["spss", "one row", "one column", "a line a figure"],
)
def test_a_correlation(text, tmp_path):
    read = reading(text, tmp_path)
    assert read.tables.tables[1].kind == "correlation"
    found = {key[-1]: text.lstrip("0") for key, text in figures(read).items()}
    assert found == {"gamma": ",45", "ase": ",13", "t": "3,1", "p": ",002", "n": "120"}


def test_gammas_of_groups(tmp_path):
    read = reading(";gamma;ASE;N\nmothers;,5;,1;60\nfathers;-,2;,1;40\nTotal;,3;,1;100\nFirst-Order Partial;,25;;\n", tmp_path)
    assert read.tables.tables[1].kind == "correlation_by_group"
    found = read.tables.tables[1].figures
    assert found[Address(1, "", "", "fathers", "gamma")] == "-,2"
    assert found[Address(1, "", "", "Total", "partial_gamma")] == ",25"


def test_a_gamma_below_a_crosstab_is_of_the_same_forms(tmp_path):
    crossed, correlated = reading(";a;b\nx;5;3\ny;2;8\nGamma;,74\nASE;,2\n", tmp_path).tables.tables.values()
    assert correlated.kind == "correlation"
    assert (correlated.forms, correlated.rows, correlated.columns) == (crossed.forms, crossed.rows, crossed.columns)
    assert crossed.forms and crossed.rows.question


def test_a_correlation_in_a_list_has_the_answers_of_the_crosstab_with_its_questions(tmp_path):
    tables = reading(TABLES, tmp_path).tables.tables
    assert tables[3].rows == tables[2].rows
    assert tables[1].rows.question == "satisfied"
    assert tables[2].forms == ("survey", "answered both")


def test_a_workbook_is_as_many_tables_as_sheets_and_prints_what_its_sheets_show(tmp_path):
    book = openpyxl.Workbook()
    first = book.active
    first.title = "Sex"
    for row in (["", "yes", "no", "Total"], ["men", 20, 30, 50], ["", 0.4, 0.6, 1], ["women", 1, 2, 3]):
        first.append(row)
    for cell in first[3][1:]:
        cell.number_format = "0.0%"
    first["A3"] = "%"
    second = book.create_sheet("Gamma")
    for row in (["", "gamma", "ASE"], ["all", 0.45253863, 0.12938]):
        second.append(row)
    for cell in second[2][1:]:
        cell.number_format = "###0.000"
    book.save(path := tmp_path / "tables.xlsx")
    read = read_tables([path])
    assert figures(read)["men", "yes", "row_percent"] == "40,0%"
    assert figures(read, 2) == {("gamma",): "0,453", ("ase",): "0,129"}
    assert [table.name.english for table in read.tables.tables.values()] == ["table 1 (tables, Sex)", "table 2 (tables, Gamma)"]
    assert read.places[Address(1, "men", "yes", "", "count")] == f"{path}:Sex!2, column 2"


def test_a_folder_in_the_order_of_its_names_and_what_is_passed_over(tmp_path):
    for name in ("table10.csv", "table2.csv"):
        (tmp_path / name).write_text(";a;b\nx;1;2\ny;3;4\n")
    (tmp_path / "notes.md").write_text("none")
    read = read_tables([tmp_path])
    assert [table.name.english for table in read.tables.tables.values()] == ["table 1 (table2)", "table 2 (table10)"]
    assert read.passed_over == ("notes.md",)


def test_tables_without_numbers_take_the_first_that_no_list_has_given(tmp_path):
    (tmp_path / "a.csv").write_text(";a;b\nx;1;2\ny;3;4\n")
    (tmp_path / "b.csv").write_text(LIST + "1;x;;;count;3\n3;x;;;count;3\n")
    (tmp_path / "c.csv").write_text(";a;b\nx;1;2\ny;3;4\n")
    read = read_tables([tmp_path])
    assert {number: table.name.english for number, table in read.tables.tables.items()} == {
        1: "table 1",
        2: "table 2 (a)",
        3: "table 3",
        4: "table 4 (c)",
    }


def test_headings_may_be_codes(tmp_path):
    assert reading(";1;2;3;Total\nx;4;5;6;15\ny;1;1;1;3\n", tmp_path).tables.tables[1].columns.labels == ("1", "2", "3")
    assert reading("sex;2018;2019;2020\nx;4;5;6\ny;1;1;1\n", tmp_path).tables.tables[1].columns.labels == ("2018", "2019", "2020")


def test_totals_have_many_names_in_a_list_too(tmp_path):
    found = figures(reading(LIST + "1;x;;;count;3\n1;I alt;;;count;3\n", tmp_path))
    assert found == {("x", "count"): "3", ("Total", "count"): "3"}
    # Where one row is called Total, another is an answer.
    found = figures(reading(LIST + "1;All;;;count;1\n1;x;;;count;2\n1;Total;;;count;3\n", tmp_path))
    assert ("All", "count") in found


@pytest.mark.parametrize(
    ("cell", "measure", "text"),
    [
        ("1.182", "count", "1182"),
        ("1 182", "n", "1182"),
        ("1\u00a0182\u00a0000", "count", "1182000"),
        ("1'182", "count", "1182"),
        ("12.0", "count", "12"),
        ("59.5%", "percent", "59,5%"),
        ("59,5 %", "percent", "59,5%"),
        ("−.286", "gamma", "-,286"),
        ("0.123", "gamma", "0,123"),
        ("1.182", "t", "1,182"),
        ("<.001", "p", "<,001"),
        ("p < 0,05", "p", "<0,05"),
    ],
)
def test_numbers_are_rewritten(cell, measure, text):
    assert rewritten(cell, measure).text == text


@pytest.mark.parametrize("cell", ["1.18", "1,182,00", "1 18", "12%", "-3", "<5", "12a", "1.182,000", ""])
def test_counts_that_are_none(cell):
    with pytest.raises(ValueError, match=r"; "):
        rewritten(cell, "count")


def test_counts_with_percentages():
    assert [both(cell) for cell in ("35/21%", "35 (21 %)", "1.035 (21,5)", "21,5% (35)", "35", "21%", "a (b)")] == [
        ("35", "21%"),
        ("35", "21 %"),
        ("1.035", "21,5"),
        ("35", "21,5%"),
        None,
        None,
        None,
    ]


def test_sentences_get_points_where_tables_have_them():
    assert in_points("it prints 59,5 and ,286, but 12, 13 and 1 are") == "it prints 59.5 and .286, but 12, 13 and 1 are"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (LIST + "1;x;;;count;few\n", "table.csv:2: 'few' isn't a count (write a whole number, as it is printed)"),
        (LIST + "1;x;;;counts;3\n", "table.csv:2: there is no measure 'counts' (is count meant?)"),
        (LIST + "one;x;;;count;3\n", "table.csv:2: 'one' isn't a whole number (write the number of a table)"),
        (LIST + "1;x;;;count;\n", "table.csv:2: nothing is printed"),
        (LIST + "1;x;;;count;3\n1;x;;;count;4\n", "x · count stands twice, also at "),
        ("table;row;column;measure;printed\n1;x;;count;3\n", "there is no column group"),
        (LIST.replace("\n", ";questions\n") + "1;x;;;count;3;q\n", "no column is called questions"),
        (LIST + "1;x;a;;count;3\n1;x;;;count;3\n", "table.csv:3: no column is named (write the label of the column, or Total)"),
        (LIST + "1;;;;count;3\n", "table.csv:2: no row is named"),
        (LIST + "1;;;;gamma;.4\n1;x;a;;count;3\n", "table.csv:3: count in a table that prints a correlation"),
        (LIST + "1;x;;;gamma;.4\n", "a correlation has no rows and columns"),
        (LIST + "1;x;;;count;" + "9" * 5000 + "\n", "isn't a count"),
        (";a;b\nx;1;few\ny;3;4\n", "table.csv:2, column 3: 'few' isn't a count"),
        ("men;20;30;50\nwomen;10;40;50\nTotal;30;70;100\n", "table.csv:1, column 2: '20' stands in the line of headings"),
        (
            ";a;b\nx;1;2\n\n;c;d\ny;3;4\n",
            "table.csv:4: words stand where figures belong (give every table a file or sheet of its own",
        ),
        (";a;3\nx;1;2\ny;3;4\n", "table.csv:1, column 3: '3' stands in the line of headings"),
        (";a;\nx;1;2\ny;3;4\n", "table.csv:1: column 3 has figures and no heading"),
        (";a;b\nx;1;2\n;3;4\n", "stands twice"),
        (";a;b\nx;<5;2\ny;3;4\n", "'<5' is a bound, which can't be tested (leave the cell empty)"),
        (";a;b\nx;.45*;2\ny;3;4\n", "carries the mark of a footnote (leave the mark out)"),
        (";a;b\nx;31%;2%\ny;14%;4%\n", "nothing tells which totals the percentages are of"),
        ("only a title\n", "holds no table with figures"),
        (
            ";Value;Approx. Sig.\nGamma;.4;.01\nKendall's tau-b;.3;.01\n",
            "table.csv:3: 'Kendall's tau-b' isn't audited (take the row out",
        ),
        (";Antal\nJa;3\nNej;4\nMissing;1\nUoplyst;2\nI alt;10\n", "those without an answer stand in 2 rows"),
        ('a;b\n"x;1\n', "the quotes do not match"),
        ("", "holds no table"),
    ],
)
def test_what_isnt_understood_is_refused_with_file_line_and_what_to_do(text, says, tmp_path):
    told = refusal(text, tmp_path)
    assert says in told
    assert all(line.startswith(str(tmp_path)) and line.endswith(")") for line in told.splitlines())


def test_all_mistakes_are_told_at_once(tmp_path):
    with pytest.raises(SeveralErrors) as error:
        reading(LIST + "1;x;;;count;few\n1;y;;;count;many\n", tmp_path)
    assert len(error.value.errors) == 2


def test_one_table_has_one_title_and_one_number(tmp_path):
    header = LIST.replace("\n", ";title\n")
    assert "has another title here than above" in refusal(header + "1;x;;;count;3;A\n1;y;;;count;3;B\n", tmp_path)
    (tmp_path / "table.csv").unlink()
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text(LIST + "1;x;;;count;3\n")
    with pytest.raises(InputError, match="table 1 stands also at"):
        read_tables([tmp_path])


def test_files_that_are_missing_or_no_tables(tmp_path):
    for path in (tmp_path / "missing.csv", tmp_path):
        with pytest.raises(FrsError):
            read_tables([path])


# Right tables, in layouts that reports really have, which aren't what they seem.
NOT_WHAT_THEY_SEEM = {
    "expected counts": (
        ";;a;b;Total\nx;Count;20;30;50\n;Expected Count;15;35;50\ny;Count;10;40;50\n;Expected Count;15;35;50\n",
        ":3: ",
    ),
    "a row of means": (
        ";a;b;I alt\nx;10;30;40\ny;40;40;80\nI alt;50;70;120\nGennemsnit;3;4;4\n",
        ":5: 'Gennemsnit' isn't audited",
    ),
    "means": (";Mean age;N\nmen;34;50\nwomen;31;50\nTotal;33;100\n", ":1, column 2: 'Mean age' isn't audited"),
    "a coefficient above gamma": (";Value;Approx. Sig.\nKendall's tau-b;.3;.01\nGamma;.4;.01\n", ":2: 'Kendall's tau-b' isn't"),
    "percentages of rows without a sign": (
        ";a;b;I alt\nx;41;60;100\ny;20;80;100\n",
        ":1: every total is 100, but 'x' adds up to 101",
    ),
    "percentages of columns without a sign": (";a;b;I alt\nx;40;20;30\ny;60;80;70\nI alt;100;100;100\n", ":1: no row adds up"),
    "some answers only": (
        ";very;fairly;N\nmen;20;30;60\nwomen;10;40;70\n",
        ":1: no row adds up to its total: 'men' gives 50, not 60",
    ),
    "one answer only": (";Yes n;Yes %;N\nmen;20;40%;50\nwomen;10;20%;50\n", ":1: no row adds up"),
    "some rows only": (";a;b;Sum\nx;20;30;50\ny;10;40;50\nSum;45;85;130\n", ":1: no column adds up"),
    "subtotals": (";a;b;Sum\nx;5;5;10\ny;15;25;40\nx or y;20;30;50\nz;10;40;50\nSum;30;70;100\n", ":1: no column adds up"),
    "two questions": (
        ";a;b;N\nSex;;;\nm;40%;60%;50\nf;20%;80%;50\nAge;;;\nold;50%;50%;50\nyoung;10%;90%;50\nSum;30%;70%;100\n",
        ":1: no col",
    ),
    "several answers each": (";n;%\na;50;50%\nb;60;60%\nc;30;30%\nTotal;100;\n", "add up to 140, but all percentages are of 100"),
    "percentages of other bases": (";n;%\nmen;20;40%\nwomen;10;20%\nTotal;30;30%\n", "no percentage is that of its count in 30"),
    "two tables": (
        ";a;b\nx;1;2\ny;3;4\n\nAnother\n;c;d\nx;1;2\ny;3;4\n",
        ":6: words stand where figures belong (give every table",
    ),
    "marks in a whole column": (";a;b\nx;1*;2\ny;3*;4\n", ":2, column 2: '1*' carries the mark of a footnote"),
    "figures in square brackets": (";a;b\nx;1 [33%];2 [67%]\n", ":2, column 2: '1 [33%]' isn't a number as tables print them"),
    "bases in brackets": (";a;b;N\nx;33%;67%;(30)\n", "'(30)' stands in brackets (leave them out)"),
    "lines of text": ("|    | a | b |\n| x  | 1 | 2 |\n", "no line has more than one cell (separate cells by"),
}


@pytest.mark.parametrize("case", NOT_WHAT_THEY_SEEM, ids=list(NOT_WHAT_THEY_SEEM))
def test_a_right_table_that_is_read_wrongly_is_refused_and_never_blamed(case, tmp_path):
    text, says = NOT_WHAT_THEY_SEEM[case]
    told = refusal(text, tmp_path)
    assert says in told
    assert told.startswith(str(tmp_path))


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        # Every total but one is right, so that the table is what it seems.
        (";a;b;Sum\nx;20;30;50\ny;10;40;50\nSum;30;71;100\n", "cells_and_totals"),
        (";Count;%\na;51;39,8\nb;72;56,3\nc;5;3,9\nTotal;182;100,0\n", "frequency_sums"),
        (";Count;%\na;502;50\nb;250;25\nc;250;25\nTotal;1001;100\n", "frequency_sums"),
    ],
)
def test_one_misprint_is_found_and_not_refused(text, rule, tmp_path):
    assert {one.rule for one in audit(reading(text, tmp_path).tables)} == {rule}


def test_those_without_an_answer_are_a_row_of_a_crosstab(tmp_path):
    read = reading(";a;b;Sum\nx;20;30;50\nMissing;5;5;10\nSum;25;35;60\n", tmp_path)
    assert read.tables.tables[1].rows.labels == ("x", "missing")
    assert audit(read.tables) == ()


def test_columns_keep_their_order_where_the_first_row_has_a_dash(tmp_path):
    read = reading(";a;b;Sum\nx;-;30;30\ny;10;40;50\nSum;10;70;80\n", tmp_path)
    assert read.tables.tables[1].columns.labels == ("a", "b")


def test_a_count_and_its_percentage_may_stand_below_each_other(tmp_path):
    found = figures(reading(';a;b\nx;"20\n40,0%";"30\n60,0%"\ny;"20,0%\n10";"80,0%\n40"\n', tmp_path))
    assert found["x", "a", "row_percent"] == "40,0%"
    assert found["y", "b", "count"] == "40"


def test_total_percentages_stand_under_per_cent_as_the_others_do(tmp_path):
    text = ";yes n;yes %;no n;no %;Total n;Total %\nmen;20;40;30;60;50;100\nwomen;10;20;40;80;50;100\nTotal;30;30;70;70;100;100\n"
    read = reading(text, tmp_path)
    found = figures(read)
    assert {found["men", "yes", "row_percent"], found["men", "Total", "row_percent"]} == {"40", "100"}
    assert audit(read.tables) == ()


def test_percentages_of_all_with_counts_of_rows_alone_arent_of_columns(tmp_path):
    read = reading(";yes;no;Total;N\nmen;20%;30%;50%;50\nwomen;10%;40%;50%;50\nTotal;30%;70%;100%;100\n", tmp_path)
    assert figures(read)["men", "yes", "total_percent"] == "20%"
    assert audit(read.tables) == ()
