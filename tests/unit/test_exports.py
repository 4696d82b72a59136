"""Reading exports as they lie on disk, in every dialect, and refusing what isn't one."""

import datetime as dt

import pandas as pd
import pytest
from support.study import STUDY

from frs_pipeline.errors import InputError
from frs_pipeline.intake.ledger import read_ledger
from frs_pipeline.intake.readers.surveyxact import STRUCTURE_COLUMNS, read_export

DATASET = [
    ["responde", "created", "raadsnr", "raadsnr2", "hoert"],
    ["1", "2019-05-06 09:00:00", "40111", "40111", "1"],
    ["2", "2019-05-07 09:00:00", "40222", "40222", ""],
    ["3", "2019-05-08 09:00:00", "40333", "40333", " 2 "],
]
STRUCTURE = [
    list(STRUCTURE_COLUMNS),
    ["heard", "hoert", "Closed", "Single", 'Blev barnet/den unge "hørt", eller ej; hvad?', "1", "Ja, meget"],
    ["heard", "hoert", "Closed", "Single", 'Blev barnet/den unge "hørt", eller ej; hvad?', "2", "slet ikke"],
]
LABELS = [["stato_4", "1", "Gennemført"], ["hoert", "1", "Ja, meget"], ["hoert", "2", "slet ikke; nå\tså"]]

DIALECTS = {
    "EU": ("cp1252", ";", "\r\n"),
    "INTL": ("utf-16", "\t", "\r\n"),
    "US": ("cp1252", ",", "\r\n"),
    "UTF-8": ("utf-8", ";", "\n"),
    "UTF-8 with mark": ("utf-8-sig", ";", "\r\n"),
    "UTF-16 big-endian": ("utf-16-be", "\t", "\n"),
}


@pytest.fixture
def export(tmp_path, encode):
    """`export(dialect, dataset=…, …)` writes an export and says where."""

    def write(dialect="EU", **files):
        for name, rows in {"dataset": DATASET, "structure": STRUCTURE, "labels": LABELS, **files}.items():
            data = rows if isinstance(rows, bytes) else encode(rows, *DIALECTS[dialect])
            mark = b"\xfe\xff" if dialect == "UTF-16 big-endian" and not isinstance(rows, bytes) else b""
            (tmp_path / f"{name}.csv").write_bytes(mark + data)
        return tmp_path

    return write


@pytest.fixture
def refusal(frame_of):
    """`refusal(folder)` reads an export to its end, and says where and why it was refused."""

    def read(folder):
        with pytest.raises(InputError) as refused:
            frame_of(read_export(STUDY, folder))
        assert "\n" not in str(refused.value)
        return str(refused.value.where).removeprefix(f"{folder}/"), refused.value.what

    return read


def cells(rows):
    return [cells for _, cells in rows]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_dialect_gives_the_same_rows(export, frame_of, dialect):
    read = read_export(STUDY, export(dialect))
    dataset = frame_of(read)
    assert dataset.columns.tolist() == ["line", *DATASET[0]]
    assert dataset["line"].tolist() == [2, 3, 4]
    assert dataset[DATASET[0]].to_numpy().tolist() == DATASET[1:]
    assert cells(read.structure) == STRUCTURE[1:]
    assert cells(read.labels) == LABELS
    assert [line for line, _ in read.labels] == [1, 2, 3]


def test_cells_stay_the_text_that_was_delivered(export, frame_of):
    delivered = ["007", "2019-05-06", " 1", "1.0", "NA"]
    dataset = frame_of(read_export(STUDY, export(dataset=[DATASET[0], delivered])))
    assert dataset[DATASET[0]].iloc[0].tolist() == delivered
    assert all(pd.api.types.is_string_dtype(dataset[name]) for name in DATASET[0])


def test_the_tiny_delivery_reads_as_it_was_written(delivery, frame_of):
    header, *forms = delivery.dataset("initiator")
    dataset = frame_of(read_export(STUDY, delivery.path("initiator")))
    assert dataset.columns.tolist() == ["line", *header]
    assert dataset[header].to_numpy().tolist() == forms


def test_one_surplus_empty_field_in_the_structure_is_let_through(export):
    surplus = [STRUCTURE[0], [*STRUCTURE[1], ""], STRUCTURE[2]]
    assert cells(read_export(STUDY, export(structure=surplus)).structure) == STRUCTURE[1:]


@pytest.mark.parametrize(
    ("files", "where", "says"),
    [
        pytest.param(
            {"structure": [STRUCTURE[0], [*STRUCTURE[1], "", ""]]}, "structure.csv:2", "9 fields where 7", id="two surplus"
        ),
        pytest.param({"structure": [STRUCTURE[0], [*STRUCTURE[1], "x"]]}, "structure.csv:2", "8 fields", id="surplus not empty"),
        pytest.param({"structure": [*STRUCTURE, ["heard"]]}, "structure.csv:4", "1 fields", id="structure cut short"),
        pytest.param({"structure": [["a", "b"]]}, "structure.csv:1", "header", id="another file as structure"),
        pytest.param({"structure": b""}, "structure.csv:1", "header", id="empty structure"),
        pytest.param({"labels": [*LABELS, ["hoert", "3"]]}, "labels.csv:4", "2 fields where 3", id="ragged labels"),
        pytest.param({"dataset": b""}, "dataset.csv", "empty", id="empty dataset"),
        pytest.param({"dataset": b"\r\n\r\n"}, "dataset.csv", "empty", id="blank lines only"),
        pytest.param(
            {"dataset": [[*DATASET[0][:4], "created"], *DATASET[1:]]},
            "dataset.csv:1",
            "column 2 has a name that stands twice",
            id="column twice",
        ),
        pytest.param({"dataset": [["id", *r[1:]] for r in DATASET]}, "dataset.csv:1", "responde is missing", id="no respondent"),
        pytest.param({"dataset": [[*r[:2], *r[3:]] for r in DATASET]}, "dataset.csv:1", "raadsnr is missing", id="no number"),
        pytest.param({"dataset": [*DATASET[:3], DATASET[3][:4]]}, "dataset.csv:4", "4 fields where 5", id="row too short"),
        pytest.param(
            {"dataset": [*DATASET[:2], [*DATASET[2], "9"], DATASET[3]]}, "dataset.csv:3", "6 fields where 5", id="row too long"
        ),
        pytest.param({"dataset": b"responde;raadsnr;raadsnr2\r\n1;\x002;2\r\n"}, "dataset.csv:2", "null bytes", id="null bytes"),
        pytest.param(
            {"dataset": b'responde;created;raadsnr;raadsnr2\r\n1;;2;2\r\n2;;"3"x;3\r\n'},
            "dataset.csv:3",
            "not a CSV",
            id="text after quote",
        ),
        pytest.param(
            {"dataset": b'responde;created;raadsnr;raadsnr2\r\n1;;2;"2\r\n'},
            "dataset.csv:2",
            "not a CSV",
            id="quote never closed",
        ),
        pytest.param({"dataset": b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"}, "dataset.csv:3", "null bytes", id="an image"),
        pytest.param({"dataset": b"%PDF-1.7\n\x81\x8d\xe2\xe3\xcf\xd3\n"}, "dataset.csv:2", "not readable as cp1252", id="a PDF"),
        pytest.param(
            {"dataset": b"\xef\xbb\xbfresponde\nnumre;r\xe5d\n"},
            "dataset.csv:2",
            "not readable as utf-8",
            id="marked but not UTF-8",
        ),
        pytest.param({"dataset": b"\xff\xfer\x00e"}, "dataset.csv:1", "not readable as utf-16", id="UTF-16 cut short"),
    ],
)
def test_what_is_not_an_export_is_refused_with_file_and_line(export, refusal, files, where, says):
    found, what = refusal(export(**files))
    assert found == where
    assert says in what


@pytest.mark.parametrize("name", ["dataset", "structure", "labels"])
@pytest.mark.parametrize(("spoil", "says"), [("unlink", "missing file"), ("mkdir", "cannot be read")])
def test_a_file_that_is_not_there_or_not_a_file_is_refused(export, refusal, name, spoil, says):
    folder = export()
    path = folder / f"{name}.csv"
    path.unlink()
    if spoil == "mkdir":
        path.mkdir()
    assert refusal(folder) == (f"{name}.csv", says)


def test_another_delimiter_in_the_dataset_than_in_the_structure_is_refused(export, refusal, encode):
    where, what = refusal(export(dataset=encode(DATASET, delimiter=",")))
    assert where == "dataset.csv:1"
    assert "missing" in what


def test_line_numbers_hold_after_a_quoted_newline_and_blank_lines(export, refusal, frame_of):
    rows = b'responde;created;raadsnr;raadsnr2\r\n1;;"4\r\n0";40\r\n\r\n2;;40;40\r\n3;;40;40\r\n'
    dataset = frame_of(read_export(STUDY, export(dataset=rows)))
    assert dataset["line"].tolist() == [2, 5, 6]
    assert refusal(export(dataset=rows + b"4;40\r\n")) == ("dataset.csv:7", "2 fields where 4 belong")


@pytest.mark.parametrize("column", range(5))
@pytest.mark.parametrize("order", [(0, 1, 2, 3, 4), (1, 0, 2, 3, 4), (4, 0, 1, 2, 3), (2, 0, 1, 3, 4)])
def test_quotes_that_swallow_a_form_are_refused_in_whichever_column_they_stand(export, refusal, order, column):
    rows = [[row[at] for at in order] for row in DATASET]
    for form, written in ((1, '"{}'), (2, '{}"')):
        rows[form][column] = written.format(rows[form][column])
    where, what = refusal(export(dataset="".join(";".join(row) + "\r\n" for row in rows).encode("cp1252")))
    assert where == "dataset.csv:2"
    assert "a quotation mark stands where none belongs" in what


def test_a_refusal_does_not_quote_cells(export, frame_of):
    with pytest.raises(InputError) as refused:
        frame_of(read_export(STUDY, export(dataset=[*DATASET, ["4", "kept-to-itself"]])))
    assert "kept-to-itself" not in str(refused.value)


LEDGER = "raadslagningsnummer;dato;anledning\n40222;2018-03-01;rådslagning\n40111;2018-02-01;opfølgning\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_the_ledger_is_read_by_number(tmp_path, encoding):
    (tmp_path / "kontering.csv").write_text(LEDGER, encoding=encoding)
    assert read_ledger(STUDY, tmp_path / "kontering.csv").to_pylist() == [
        {"conference_number": 40111, "date": dt.date(2018, 2, 1), "occasion": "followup"},
        {"conference_number": 40222, "date": dt.date(2018, 3, 1), "occasion": "first"},
    ]


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        pytest.param("", 1, "header", id="empty"),
        pytest.param(LEDGER.replace("dato", "date"), 1, "header", id="another header"),
        pytest.param(LEDGER.replace("40111", "4O111"), 3, "not a number", id="letter in a number"),
        pytest.param(LEDGER.replace("2018-02-01", "2018-02-30"), 3, "a date", id="day that isn't"),
        pytest.param(LEDGER.replace("opfølgning", "møde"), 3, "an occasion", id="unknown occasion"),
        pytest.param(LEDGER.replace(";opfølgning", ""), 3, "not a number", id="field missing"),
        pytest.param(LEDGER.replace("40111", "40222"), 3, "stands twice", id="number twice"),
    ],
)
def test_a_fault_in_the_ledger_is_refused_with_its_line(tmp_path, text, line, says):
    path = tmp_path / "kontering.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=says) as refused:
        read_ledger(STUDY, path)
    assert refused.value.where == f"{path}:{line}"


def test_a_ledger_that_is_missing_is_refused(tmp_path):
    path = tmp_path / "kontering.csv"
    with pytest.raises(InputError, match="missing file") as refused:
        read_ledger(STUDY, path)
    assert str(refused.value.where) == str(path)
