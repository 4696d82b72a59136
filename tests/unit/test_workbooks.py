"""The same forms as CSV files, as a SurveyXact workbook and as an SPSS file; and what isn't either."""

import csv
import datetime as dt
import io
import re
import struct
import zipfile

import numpy as np
import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyreadstat
import pytest
from openpyxl.worksheet.formula import ArrayFormula
from support.exports import CREATED
from support.study import STUDY

from frs_pipeline.codebook.cases import with_cases
from frs_pipeline.codebook.pseudonyms import pseudonymise
from frs_pipeline.errors import InputError
from frs_pipeline.intake.readers.surveyxact import STRUCTURE_COLUMNS, read_export
from frs_pipeline.study.instruments import instruments
from frs_pipeline.study.questionnaires import questionnaires

SECRET = "kept-to-itself"
HEADER = ["responde", "created", "raadsnr", "raadsnr2", "hoert"]
DATASET = [
    HEADER,
    ["1", "2019-05-06 09:00:00", "40111", "40111", "1"],
    ["2", "2019-05-07 09:00:00", "40222", "40222", ""],
    ["3", "2019-05-08 09:00:00", "40333", "40333", "2"],
]
STRUCTURE = [
    list(STRUCTURE_COLUMNS),
    ["heard", "hoert", "Closed", "Single", 'Blev barnet "hørt", eller ej; å? ', "1", "Ja, meget "],
    ["heard", "hoert", "Closed", "Single", 'Blev barnet "hørt", eller ej; å? ', "2", '"slet";\tikke'],
]
LABELS = [["hoert", "1", "Ja, meget "], ["hoert", "2", '"slet";\tikke']]


def write_xlsx(folder, dataset=DATASET, structure=STRUCTURE, labels=LABELS, **sheets):
    """Put a workbook of these sheets into `folder`; None leaves a sheet out. Cells are stored as they are given."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in {"Dataset": dataset, "Structure": structure, "Labels": labels, **sheets}.items():
        if rows is not None:
            sheet = book.create_sheet(name)
            for row in rows:
                sheet.append([None if cell == "" else cell for cell in row])
    book.save(folder / "export.xlsx")
    return folder


def write_sav(folder, frame, **meta):
    pyreadstat.write_sav(frame, str(folder / "export.sav"), **meta)
    return folder


def sav_frame(rows=DATASET):
    """Rows as SPSS holds them: numbers where all cells are, text elsewhere."""
    frame = pd.DataFrame(rows[1:], columns=rows[0], dtype=object)
    for name in frame:
        if all(cell == "" or cell.lstrip("-").isdigit() for cell in frame[name]):
            frame[name] = [float(cell) if cell else np.nan for cell in frame[name]]
    return frame


def cells(rows):
    return [cells for _, cells in rows]


def codes(labels):
    found = {}
    for variable, code, label in labels:
        found.setdefault(variable, {})[int(code)] = label
    return found


def typed(rows):
    """Cells as a spreadsheet holds them: whole numbers in both kinds, and times."""

    def cell(text, odd):
        if text.isdigit():
            return float(text) if odd else int(text)
        try:
            return dt.datetime.fromisoformat(text)
        except ValueError:
            return text

    return [rows[0], *([cell(text, (i + j) % 2) for j, text in enumerate(row)] for i, row in enumerate(rows[1:]))]


def parts(delivery, instrument):
    def rows(name):
        text = delivery.path(f"{instrument}/{name}.csv").read_bytes().decode("cp1252")
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=";"))

    return [rows(name) for name in ("dataset", "structure", "labels")]


def deliver_as(form, delivery, instrument):
    """Replace an export of the tiny delivery by the same forms in another form."""
    dataset, structure, labels = parts(delivery, instrument)
    folder = delivery.path(instrument)
    for name in ("dataset", "structure", "labels"):
        (folder / f"{name}.csv").unlink()
    if form == "xlsx as text":
        write_xlsx(folder, dataset, structure, labels)
    elif form == "xlsx":
        write_xlsx(folder, typed(dataset), typed(structure), typed([[], *labels])[1:])
    elif form == "xlsx in two sheets":
        sheets = {"Dataset(1)": typed(dataset[:3]), "Dataset(2)": typed([dataset[0], *dataset[3:]])}
        write_xlsx(folder, None, structure, labels, **sheets)
    else:
        frame = sav_frame(dataset)
        if form == "sav with times":
            frame[CREATED] = pd.to_datetime(frame[CREATED])
        if form == "sav in capitals":
            frame.columns = [name.upper() for name in frame]
            labels = [[name.upper(), *rest] for name, *rest in labels]
        write_sav(folder, frame, variable_value_labels=codes(labels))


FORMS = ["xlsx as text", "xlsx", "xlsx in two sheets", "sav", "sav with times", "sav in capitals"]


def mart(delivery, instrument):
    """Accepted forms, what is set aside, and the bytes of the mart."""
    result = delivery.validated(instrument)
    intake = delivery.intake()
    book = with_cases(STUDY, intake.codebook, intake.ledger)
    forms = pseudonymise(result.forms.batches(), book, questionnaires(STUDY)[instrument])
    table = pa.concat_tables(forms).sort_by("form_id")
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd", store_schema=True)
    return result, sink.getvalue()


@pytest.mark.parametrize("instrument", instruments(STUDY))
@pytest.mark.parametrize("form", FORMS)
def test_the_same_forms_give_the_same_mart_whatever_form_they_come_in(delivery, instrument, form):
    delivery.set(instrument, 1, raadsnr2="1")
    delivery.set(instrument, 3, **{questionnaires(STUDY)[instrument].questions[0].source: "99"})
    delivery.repeat(instrument, 0, responde="900001")
    expected, expected_bytes = mart(delivery, instrument)
    assert expected.set_aside == 3
    deliver_as(form, delivery, instrument)
    found, found_bytes = mart(delivery, instrument)
    where = ["file", "line"]
    for name in ("forms", "rejected", "noted"):
        one, other = (getattr(result, name).table() for result in (found, expected))
        assert one.drop_columns(where).equals(other.drop_columns(where), check_metadata=True)
        assert set(one["file"].to_pylist()) <= {f"{instrument}/export.{form.split()[0]}"}
    assert found_bytes == expected_bytes


@pytest.mark.parametrize("form", ["xlsx as text", "xlsx"])
def test_a_workbook_gives_the_rows_of_the_csv_files(delivery, frame_of, form):
    expected = read_export(STUDY, delivery.path("coordinator"))
    forms = frame_of(expected)
    deliver_as(form, delivery, "coordinator")
    found = read_export(STUDY, delivery.path("coordinator"))
    assert (expected.file, found.file) == ("coordinator/dataset.csv", "coordinator/export.xlsx")
    pd.testing.assert_frame_equal(frame_of(found), forms)
    assert (found.structure, found.labels) == (expected.structure, expected.labels)


@pytest.mark.parametrize("form", ["sav", "sav with times", "sav in capitals"])
def test_an_spss_file_gives_the_dataset_and_labels_of_the_csv_files(delivery, frame_of, form):
    expected = read_export(STUDY, delivery.path("coordinator"))
    forms = frame_of(expected)
    deliver_as(form, delivery, "coordinator")
    found = read_export(STUDY, delivery.path("coordinator"))
    pd.testing.assert_frame_equal(frame_of(found).drop(columns="line"), forms.drop(columns="line"))
    assert frame_of(found)["line"].tolist() == [1, 2, 3, 4, 5]
    assert found.labels == expected.labels


def test_a_strict_workbook_is_called_one(tmp_path):
    folder = write_xlsx(tmp_path)
    names = (b"http://schemas.openxmlformats.org/", b"http://purl.oclc.org/ooxml/")
    with zipfile.ZipFile(folder / "export.xlsx") as book:
        parts = {name: book.read(name).replace(*names) for name in book.namelist()}
    with zipfile.ZipFile(folder / "export.xlsx", "w") as book:
        for name, data in parts.items():
            book.writestr(name, data)
    with pytest.raises(InputError, match=r"Strict Open XML.*save it as »Excel Workbook"):
        read_export(STUDY, folder)


def test_text_of_a_workbook_stays_as_it_was_delivered(tmp_path, frame_of):
    delivered = ["007", "2019-05-06", " 1 ", "1.0", '=ikke; "en" formel\tæøåÆØÅ\'\n ']
    folder = write_xlsx(tmp_path, [HEADER, delivered[:4]])
    book = openpyxl.load_workbook(folder / "export.xlsx")
    book["Dataset"]["E2"].value = delivered[4]
    book["Dataset"]["E2"].data_type = "s"
    book.save(folder / "export.xlsx")
    read = read_export(STUDY, folder)
    assert frame_of(read)[HEADER].iloc[0].tolist() == delivered
    assert cells(read.structure) == STRUCTURE[1:]
    assert cells(read.labels) == LABELS


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (5, "5"),
        (5.0, "5"),
        (-1, "-1"),
        (1.5, "1.5"),
        (0.1, "0.1"),
        (1e300, "1e+300"),
        (None, ""),
        (True, "TRUE"),
        (dt.datetime(2019, 5, 6, 9, 0, 40), "2019-05-06 09:00:40"),
        (dt.datetime(2019, 5, 6, 9, 0, 40, 999_700), "2019-05-06 09:00:41"),
        (dt.date(2019, 5, 6), "2019-05-06 00:00:00"),
        (dt.time(9, 5), "09:05:00"),
    ],
)
def test_a_typed_cell_becomes_the_text_of_the_csv_form(tmp_path, frame_of, value, text):
    folder = write_xlsx(tmp_path, [HEADER, ["1", "", "4", "4", value]])
    assert frame_of(read_export(STUDY, folder))["hoert"].tolist() == [text]


def test_every_second_of_an_hour_survives_a_workbook(tmp_path, frame_of):
    times = [dt.datetime(2019, 5, 6, 9) + dt.timedelta(seconds=s) for s in range(3600)]
    folder = write_xlsx(tmp_path, [HEADER, *([i, time, 4, 4, 1] for i, time in enumerate(times))])
    assert frame_of(read_export(STUDY, folder))[CREATED].tolist() == [str(time) for time in times]


def test_empty_rows_of_a_workbook_are_passed_over_and_rows_keep_their_numbers(tmp_path, frame_of):
    rows = [DATASET[0], DATASET[1], [], ["", ""], DATASET[2], DATASET[3], [], [""] * 5]
    read = read_export(STUDY, write_xlsx(tmp_path, rows, labels=[*LABELS, [], []]))
    assert frame_of(read)["line"].tolist() == [2, 5, 6]
    assert frame_of(read)[HEADER].to_numpy().tolist() == DATASET[1:]
    assert [line for line, _ in read.labels] == [1, 2]


def members(path):
    with zipfile.ZipFile(path) as archive:
        return {info.filename: archive.read(info) for info in archive.infolist()}


def pack(path, files):
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)


def rewrite(path, name, old, new):
    """Replace bytes in one member of a workbook; they must be there."""
    files = members(path)
    assert old in files[name]
    pack(path, {**files, name: files[name].replace(old, new, 1)})


def share_strings(path):
    """Store text as Excel does: once for the whole workbook, with cells that refer to it."""
    files, texts = members(path), []

    def shared(match):
        texts.append(match[2])
        return b'%s t="s"><v>%d</v></c>' % (match[1], len(texts) - 1)

    for name in [name for name in files if name.startswith("xl/worksheets/sheet")]:
        files[name] = re.sub(rb'(<c r="[A-Z0-9]+") t="inlineStr"><is>(.*?)</is></c>', shared, files[name], flags=re.DOTALL)
        assert b"inlineStr" not in files[name]
    main = b'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    files["xl/sharedStrings.xml"] = b"<sst %s>%s</sst>" % (main, b"".join(b"<si>%s</si>" % text for text in texts))
    kind = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    part = b'<Override PartName="/xl/sharedStrings.xml" ContentType="%s" /></Types>' % kind
    files["[Content_Types].xml"] = files["[Content_Types].xml"].replace(b"</Types>", part)
    pack(path, files)


def test_text_that_is_stored_once_for_the_whole_workbook(tmp_path, frame_of):
    folder = write_xlsx(tmp_path)
    share_strings(folder / "export.xlsx")
    read = read_export(STUDY, folder)
    assert frame_of(read)[HEADER].to_numpy().tolist() == DATASET[1:]
    assert cells(read.structure) == STRUCTURE[1:]
    assert cells(read.labels) == LABELS


def test_a_wrong_size_in_the_workbook_hides_no_form(tmp_path, frame_of):
    folder = write_xlsx(tmp_path)
    rewrite(folder / "export.xlsx", "xl/worksheets/sheet1.xml", b'ref="A1:E4"', b'ref="A1:B2"')
    assert frame_of(read_export(STUDY, folder))[HEADER].to_numpy().tolist() == DATASET[1:]


def test_sheets_of_a_dataset_continue_each_other_with_lines_counted_on(tmp_path, frame_of):
    forms = [[str(i), "", "4", "4", "1"] for i in range(22)]
    sheets = {f"Dataset({i + 1})": [HEADER, *forms[2 * i : 2 * i + 2]] for i in reversed(range(11))}
    dataset = frame_of(read_export(STUDY, write_xlsx(tmp_path, None, **sheets)))
    assert dataset[HEADER].to_numpy().tolist() == forms
    assert dataset["line"].tolist() == [line for line in range(1, 34) if line % 3 != 1]


def refusal(folder):
    with pytest.raises(InputError) as refused:
        read_export(STUDY, folder)
    assert "\n" not in str(refused.value)
    error = refused.value
    while error is not None:
        assert SECRET not in str(error)
        error = error.__cause__
    return str(refused.value.where).removeprefix(f"{folder}/"), refused.value.what


SPLIT = {"dataset": None, "Dataset(1)": DATASET[:3]}


@pytest.mark.parametrize(
    ("sheets", "where", "says"),
    [
        pytest.param({"dataset": None}, "", "one sheet Dataset belongs", id="no dataset"),
        pytest.param({"structure": None}, "", "sheet Structure is missing", id="no structure"),
        pytest.param({"labels": None}, "", "sheet Labels is missing", id="no labels"),
        pytest.param({"Dataset(1)": DATASET}, "", "one sheet Dataset belongs", id="one and many"),
        pytest.param({"Dataset (2)": DATASET}, "", "one sheet Dataset belongs", id="a copy of the sheet"),
        pytest.param({**SPLIT, "Dataset(3)": DATASET}, "", "without a gap", id="sheet left out"),
        pytest.param(
            {**SPLIT, "Dataset(2)": [HEADER[::-1], DATASET[3]]}, ":Dataset(2)!1", "isn't that of Dataset(1)", id="another header"
        ),
        pytest.param({**SPLIT, "Dataset(2)": DATASET[3:]}, ":Dataset(2)!1", "isn't that of Dataset(1)", id="no second header"),
        pytest.param({**SPLIT, "Dataset(2)": []}, ":Dataset(2)", "empty sheet", id="second sheet empty"),
        pytest.param(
            {**SPLIT, "Dataset(2)": [HEADER, [], [*DATASET[3], SECRET]]},
            ":Dataset(2)!3",
            "6 fields where 5",
            id="second too long",
        ),
        pytest.param({"dataset": []}, ":Dataset", "empty sheet", id="empty dataset"),
        pytest.param({"dataset": [[], *DATASET]}, ":Dataset!1", "isn't in the first row", id="header further down"),
        pytest.param(
            {"dataset": [[*HEADER[:4], "created"], *DATASET[1:]]},
            ":Dataset!1",
            "column 2 has a name that stands twice",
            id="twice",
        ),
        pytest.param({"dataset": [r[1:] for r in DATASET]}, ":Dataset!1", "responde is missing", id="no respondent"),
        pytest.param({"dataset": [*DATASET, ["4", "", "", "", "", SECRET]]}, ":Dataset!5", "6 fields where 5", id="too long"),
        pytest.param({"structure": [["a", "b"]]}, ":Structure!1", "header", id="another structure"),
        pytest.param({"structure": []}, ":Structure", "empty sheet", id="empty structure"),
        pytest.param({"structure": [*STRUCTURE, [SECRET] * 8]}, ":Structure!4", "8 fields where 7", id="structure too long"),
        pytest.param({"labels": [*LABELS, [], [SECRET] * 4]}, ":Labels!4", "4 fields where 3", id="labels too long"),
        pytest.param({"dataset": [*DATASET[:2], ["=SUM(1,2)"]]}, ":Dataset!A3", "a formula", id="formula"),
        pytest.param({"dataset": [HEADER, [1, ArrayFormula("B2", "=A1:A2")]]}, ":Dataset!B2", "a formula", id="array formula"),
        pytest.param({"dataset": [HEADER, [1, 2, 3, 3, "#N/A"]]}, ":Dataset!E2", "an error", id="error"),
        pytest.param({"labels": [["a", "=1", "b"]]}, ":Labels!B1", "a formula", id="formula in labels"),
    ],
)
def test_a_fault_in_a_workbook_is_refused_with_sheet_and_row(tmp_path, sheets, where, says):
    found, what = refusal(write_xlsx(tmp_path, **sheets))
    assert found == f"export.xlsx{where}"
    assert says in what


def test_a_date_that_is_none_is_refused_with_its_cell(tmp_path):
    folder = write_xlsx(tmp_path, [HEADER, [1, dt.datetime(2019, 5, 6), 3, 3, 1]])
    rewrite(folder / "export.xlsx", "xl/worksheets/sheet1.xml", b"<v>43591</v>", b"<v>99999999999</v>")
    assert refusal(folder) == ("export.xlsx:Dataset!B2", "an error where a value belongs")


@pytest.mark.parametrize(
    ("data", "says"),
    [
        pytest.param(b"", "not an .xlsx", id="empty"),
        pytest.param(b"responde;created\r\n" + SECRET.encode(), "not an .xlsx", id="CSV under another name"),
        pytest.param(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512), "locked with a password", id="password"),
        pytest.param(b"PK\x03\x04" + SECRET.encode(), "damaged", id="no zip"),
    ],
)
def test_what_is_no_workbook_is_refused(tmp_path, data, says):
    (tmp_path / "export.xlsx").write_bytes(data)
    where, what = refusal(tmp_path)
    assert where == "export.xlsx" and says in what


@pytest.mark.parametrize(
    ("member", "old", "new"),
    [
        ("xl/workbook.xml", b"<workbook", b"<werkbook"),
        ("xl/worksheets/sheet1.xml", b"</sheetData>", b"<kept-to-itself>"),
        ("xl/worksheets/sheet1.xml", b't="n"', b't="s"'),
        ("[Content_Types].xml", b"<Types", b""),
    ],
)
def test_a_damaged_workbook_is_refused(tmp_path, member, old, new):
    folder = write_xlsx(tmp_path, [HEADER, [777, "", 4, 4, 1]])
    rewrite(folder / "export.xlsx", member, old, new)
    assert refusal(folder) == ("export.xlsx", "a damaged workbook")


def test_a_workbook_that_would_fill_any_memory_is_refused(tmp_path, monkeypatch):
    long = "x" * 5000
    folder = write_xlsx(tmp_path, [HEADER, *(["1", "", "", "", long] for _ in range(20))])
    packed = (folder / "export.xlsx").stat().st_size
    assert len(read_export(STUDY, folder).dataset) == 20
    # The one text stands in the workbook once, and in twenty cells.
    monkeypatch.setattr("frs_pipeline.intake.readers.workbooks.MOST_LETTERS", 12 * len(long))
    assert refusal(folder) == ("export.xlsx:Dataset!13", "holds more text than fits into memory")
    monkeypatch.setattr("frs_pipeline.intake.readers.workbooks.MOST_UNPACKED", packed)
    assert refusal(folder) == ("export.xlsx", "unpacks to more than two gigabytes")


def test_a_workbook_cut_short_is_refused(tmp_path):
    path = write_xlsx(tmp_path) / "export.xlsx"
    path.write_bytes(path.read_bytes()[:-200])
    assert refusal(tmp_path) == ("export.xlsx", "a damaged workbook")


@pytest.mark.parametrize("name", ["export.xlsx", "export.sav"])
def test_a_folder_of_that_name_is_refused(tmp_path, name):
    (tmp_path / name).mkdir()
    assert refusal(tmp_path) == (name, "cannot be read")


def test_two_forms_at_once_are_refused(tmp_path):
    write_sav(write_xlsx(tmp_path), sav_frame())
    with pytest.raises(InputError, match="more than one form"):
        read_export(STUDY, tmp_path)


def test_faults_that_validation_finds_name_sheet_and_row(delivery):
    delivery.add_column("initiator", "nyt_spm", "1")
    deliver_as("xlsx", delivery, "initiator")
    with pytest.raises(InputError, match=r"initiator/export\.xlsx:Dataset!1: column nyt_spm"):
        delivery.validated("initiator")


@pytest.mark.parametrize(("form", "where"), [("xlsx", "export.xlsx:Dataset"), ("sav", "export.sav")])
def test_a_workbook_or_spss_file_without_forms_is_refused(delivery, form, where):
    delivery.write_dataset("initiator", delivery.dataset("initiator")[:1])
    dataset, _, labels = parts(delivery, "initiator")
    deliver_as(form, delivery, "initiator")
    if form == "sav":
        # Without cases no column is a number, and labels belong to numbers.
        frame = sav_frame([dataset[0], ["1"] * len(dataset[0])]).iloc[:0]
        write_sav(delivery.path("initiator"), frame, variable_value_labels=codes(labels))
    with pytest.raises(InputError, match=rf"{re.escape(where)}: a header and no rows \[no_forms\]"):
        delivery.validated("initiator")


@pytest.mark.parametrize(("form", "where"), [("xlsx", r"export\.xlsx:Labels!\d+"), ("sav", r"export\.sav")])
def test_labels_that_drifted_are_found_in_every_form(delivery, form, where):
    path = delivery.path("coordinator/labels.csv")
    path.write_bytes(path.read_bytes().replace(b"rigtig mange", b"slet ingen?"))
    deliver_as(form, delivery, "coordinator")
    with pytest.raises(InputError, match=rf"coordinator/{where}: labels of konflikt aren't those of the questionnaire"):
        delivery.validated("coordinator")


def spss(folder, hoert, **meta):
    """An SPSS file with a column `hoert`, as it is read."""
    forms = [[float(i), "", 4.0, 4.0, value] for i, value in enumerate(hoert)]
    return read_export(STUDY, write_sav(folder, pd.DataFrame(forms, columns=HEADER), **meta))


def test_codes_of_an_spss_file_become_text(tmp_path, frame_of):
    values = [1.0, -2.0, 1.5, np.nan, 1e300, 0.0]
    assert frame_of(spss(tmp_path, values))["hoert"].tolist() == ["1", "-2", "1.5", "", "1e+300", "0"]


def test_text_of_an_spss_file_loses_only_blanks_at_its_end(tmp_path, frame_of):
    values = [' æøå ÆØÅ "x";\ty ', "1.0", "007", "", "å" * 300]
    assert frame_of(spss(tmp_path, values))["hoert"].tolist() == [value.rstrip() for value in values]


@pytest.mark.parametrize(
    ("ranges", "values", "texts"),
    [
        ([9], [1.0, 9.0, 8.0], ["1", "", "8"]),
        ([-99, {"lo": 20, "hi": 30}], [-99.0, 8.0, 20.0, 31.0], ["", "8", "", "31"]),
        ([{"lo": 7, "hi": np.inf}], [6.0, 7.0, 1e9], ["6", "", ""]),
        (["x"], ["1", "x", "xy"], ["1", "", "xy"]),
    ],
    ids=["code", "range", "open range", "text"],
)
def test_user_missing_codes_are_blanks(tmp_path, frame_of, ranges, values, texts):
    assert frame_of(spss(tmp_path, values, missing_ranges={"hoert": ranges}))["hoert"].tolist() == texts


def test_labels_and_texts_of_an_spss_file(tmp_path):
    labels = {"hoert": {1: "Ja, meget ", 2: '"slet";\tikke', -9: "ubesvaret"}}
    text = {"hoert": 'Blev barnet "hørt"; å? '}
    read = spss(tmp_path, [1.0, -9.0], variable_value_labels=labels, column_labels=text, missing_ranges={"hoert": [-9]})
    assert sorted(cells(read.labels)) == [[*row[:2], row[2].strip()] for row in LABELS]
    structure = pd.DataFrame(cells(read.structure), columns=STRUCTURE_COLUMNS)
    heard = structure[structure["variableName"] == "hoert"]
    assert set(heard["questionText"].str.strip()) == {text["hoert"].strip()}
    assert set(heard["choiceText"]) == {"Ja, meget", '"slet";\tikke'}
    assert set(heard["questionType"]) == {"Closed"}
    assert structure["variableName"].drop_duplicates().tolist() == HEADER
    assert structure["questionType"].tolist()[:4] == ["Open"] * 4


def test_an_answer_that_spss_declares_missing_is_not_lost_unseen(delivery):
    question = questionnaires(STUDY)["initiator"].questions[0]
    dataset, _, labels = parts(delivery, "initiator")
    deliver_as("sav", delivery, "initiator")
    meta = {"variable_value_labels": codes(labels), "missing_ranges": {question.source: [question.codes[-1]]}}
    write_sav(delivery.path("initiator"), sav_frame(dataset), **meta)
    with pytest.raises(InputError, match=f"labels of {question.source} aren't those"):
        delivery.validated("initiator")


def test_a_fraction_in_an_spss_file_sets_the_form_aside(delivery):
    dataset, _, labels = parts(delivery, "initiator")
    deliver_as("sav", delivery, "initiator")
    frame = sav_frame(dataset)
    frame.loc[2, "konflikt"] = 1.5
    write_sav(delivery.path("initiator"), frame, variable_value_labels=codes(labels))
    (row,) = delivery.validated("initiator").rejected.table().to_pylist()
    assert (row["file"], row["line"], row["value"]) == ("initiator/export.sav", 3, "1.5")
    assert row["rule"] == "code_unreadable"


@pytest.mark.parametrize(
    ("format", "seconds", "text"),
    [
        ("DATETIME20", 13776512440.0, "2019-05-06 09:00:40"),
        ("YMDHMS19.0", 13776512440.0, "2019-05-06 09:00:40"),
        ("DATETIME23.2", 13776512439.9999, "2019-05-06 09:00:40"),
        ("DATE11", 13776480000.0, "2019-05-06 00:00:00"),
        ("SDATE10", 13776480000.0, "2019-05-06 00:00:00"),
        ("DATETIME20", 1e13, "10000000000000"),
        ("TIME8", 75.0, "75"),
        ("F8.0", 13776512440.0, "13776512440"),
        ("DATETIME20", np.nan, ""),
    ],
)
def test_a_time_of_spss_becomes_the_text_of_the_csv_form(tmp_path, frame_of, format, seconds, text):
    read = spss(tmp_path, [seconds], variable_format={"hoert": format})
    assert frame_of(read)["hoert"].tolist() == [text]


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        pytest.param(lambda data: b"", "not an SPSS file", id="empty"),
        pytest.param(lambda data: SECRET.encode(), "not an SPSS file", id="another file"),
        pytest.param(lambda data: b"\x1c" + bytes(7) + b"ENCRYPTEDSAV" + data, "or encrypted", id="encrypted"),
        pytest.param(lambda data: data[:100], "damaged", id="cut in the header"),
        pytest.param(lambda data: data[:-30], "damaged", id="cut in the data"),
    ],
)
def test_what_is_no_whole_spss_file_is_refused(tmp_path, spoil, says):
    path = write_sav(tmp_path, sav_frame()) / "export.sav"
    path.write_bytes(spoil(path.read_bytes()))
    where, what = refusal(tmp_path)
    assert where == "export.sav" and says in what


@pytest.mark.parametrize(
    ("frame", "says"),
    [
        pytest.param(sav_frame().drop(columns="raadsnr"), "column raadsnr is missing", id="no number"),
    ],
)
def test_an_spss_file_without_what_is_needed_is_refused(tmp_path, frame, says):
    assert refusal(write_sav(tmp_path, frame)) == ("export.sav", says)


def stored_cell(text, place=""):
    at = f' r="{place}"' if place else ""
    return f'<c{at} t="inlineStr"><is><t>{text}</t></is></c>'


def stored_row(cells, number=None, places=""):
    """A row as a sheet stores it; `places` are the letters of its cells' columns, each with the row's own number."""
    at = "" if number is None else f' r="{number}"'
    refs = [f"{letter}{number}" for letter in places] or [""] * len(cells)
    return f"<row{at}>{''.join(map(stored_cell, cells, refs))}</row>"


def store(folder, rows, behind=""):
    """A workbook whose sheet Dataset holds these rows of XML, and what stands `behind` them."""
    write_xlsx(folder)
    files = members(folder / "export.xlsx")
    sheet = files["xl/worksheets/sheet1.xml"].decode()
    data = f"<sheetData>{''.join(rows)}</sheetData>{behind}"
    files["xl/worksheets/sheet1.xml"] = re.sub("<sheetData>.*</sheetData>", lambda _: data, sheet, flags=re.DOTALL).encode()
    pack(folder / "export.xlsx", files)
    return folder


FORMS_7 = [[str(at), "2019-05-06 09:00:00", "40111", "40111", "1"] for at in range(1, 8)]


def numbered(*numbers):
    rows = zip([HEADER, *FORMS_7], numbers, strict=True)
    return [stored_row(cells, number, "ABCDE" if number else "") for cells, number in rows]


def merged(*ranges):
    return f"<mergeCells>{''.join(f'<mergeCell ref={at!r}/>' for at in ranges)}</mergeCells>".replace("'", '"')


GOOD = numbered(*range(1, 9))
TWO_HEADS = stored_row(["6", "x"], 9, "AB").replace('r="B9"', 'r="A9"')


@pytest.mark.parametrize(
    ("rows", "where", "says"),
    [
        pytest.param(numbered(1, 2, 3, 4, 5, 3, 4, 5), "!3", "repeats or runs backwards", id="rows numbered twice"),
        pytest.param(numbered(1, 2, 3, 4, 5, 6, 7, 7), "!7", "repeats or runs backwards", id="last number twice"),
        pytest.param(numbered(1, 8, 7, 6, 5, 4, 3, 2), "!7", "repeats or runs backwards", id="rows upside down"),
        pytest.param(numbered(1, 2, 3, 4, None, None, 5, None), "!5", "only some of the rows", id="rows partly numbered"),
        pytest.param(
            numbered(None, None, None, None, 3, 4, 5, 6), "!5", "only some of the rows", id="first rows without numbers"
        ),
        pytest.param(numbered(1, 2, 3, 4, 5, 6, 7, None), "!8", "only some of the rows", id="last row without a number"),
        pytest.param([*GOOD, "<row r='x'></row>"], "!9", "a row's number is none", id="row number in letters"),
        pytest.param([*GOOD, stored_row(HEADER, "9.0", "ABCDE")], "!9", "a row's number is none", id="row number with a point"),
        pytest.param([*GOOD, "<row r='0'></row>"], "!9", "a row's number is none", id="row nought"),
        pytest.param([*GOOD, "<row r='90000000000'></row>"], "!1048577", "more rows than a sheet has", id="a row far below"),
        pytest.param([*GOOD, TWO_HEADS], "!A9", "column repeats or runs backwards", id="two cells in one place"),
        pytest.param([*GOOD, stored_row(FORMS_7[0], 9, "ABCED")], "!D9", "repeats or runs backwards", id="cells swapped"),
        pytest.param([*GOOD, stored_row(["8", "x"], 9, "EA")], "!A9", "repeats or runs backwards", id="cells backwards"),
        pytest.param([*GOOD, f"<row r='9'>{stored_cell('8', 'A8')}</row>"], "!9", "states another row", id="cell of another row"),
        pytest.param([*GOOD, f"<row r='9'>{stored_cell('8', 'A-9')}</row>"], "!9", "states another row", id="cell of no place"),
        pytest.param(
            [*GOOD, f"<row r='9'>{stored_cell('8', 'A9')}{stored_cell('1')}</row>"],
            "!9",
            "only some of the cells",
            id="cell without place",
        ),
        pytest.param([*GOOD, stored_row(FORMS_7[0], 9)], "!9", "only some of the cells", id="row of cells without places"),
        pytest.param(
            [stored_row(row) for row in (HEADER, FORMS_7[0], FORMS_7[1][:4])],
            "!3",
            "4 cells without a reference",
            id="a place too few",
        ),
        pytest.param([*GOOD, '<row r="9"><c r="A9" t="n"><v>8</v><v>9</v></c></row>'], "!9", "two values", id="two values"),
        pytest.param(
            [*GOOD, '<row r="9"><c r="A9" t="inlineStr"><v>8</v></c></row>'], "!9", "as it is stored", id="value out of place"
        ),
        pytest.param(
            [*GOOD, '<row r="9"><c r="A9"><is><t>8</t></is></c></row>'], "!9", "as it is stored", id="text out of place"
        ),
        pytest.param(
            [*GOOD, '<row r="9" xmlns="urn:x"><c r="A9"><v>8</v></c></row>'], "!9", "as it is stored", id="row of another kind"
        ),
    ],
)
def test_rows_and_cells_that_would_be_lost_or_moved_are_refused_with_their_place(tmp_path, rows, where, says):
    found, what = refusal(store(tmp_path, rows))
    assert found == f"export.xlsx:Dataset{where}"
    assert says in what


@pytest.mark.parametrize("cells", ["R3:R5", "E3:E5", "A1:B1", "C8:C12", "E8", "E2:H2"])
def test_merged_cells_among_those_that_are_read_are_refused_with_their_range(tmp_path, cells):
    folder = store(tmp_path, GOOD, merged("A20:B20", cells))
    if cells == "R3:R5":
        assert len(read_export(STUDY, folder).dataset) == 7  # beside the forms
        return
    assert refusal(folder) == (f"export.xlsx:Dataset!{cells}", "merged cells where each belongs to one answer")


def test_merged_cells_of_a_scale_are_refused_too(tmp_path):
    folder = write_xlsx(tmp_path)
    rewrite(folder / "export.xlsx", "xl/worksheets/sheet3.xml", b"</sheetData>", f"</sheetData>{merged('A1:A2')}".encode())
    assert refusal(folder) == ("export.xlsx:Labels!A1:A2", "merged cells where each belongs to one answer")


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param(numbered(*range(1, 9)), id="all"),
        pytest.param(numbered(*[None] * 8), id="none"),
        pytest.param([row.replace(' r="', ' x="', 1) for row in GOOD], id="cells only"),
        pytest.param([re.sub(r'<c r="\w+"', "<c", row) for row in GOOD], id="rows only"),
        pytest.param([row.replace("<row", '<row hidden="1"') for row in GOOD], id="hidden"),
    ],
)
def test_rows_and_cells_that_state_their_numbers_or_not_are_all_read(tmp_path, frame_of, rows):
    assert frame_of(read_export(STUDY, store(tmp_path, rows)))[HEADER].to_numpy().tolist() == FORMS_7


def test_rows_that_hold_nothing_are_counted_and_are_no_forms(tmp_path):
    styled = '<row r="9"><c r="A9" s="1"/><c r="B9"/></row>'
    blanks = stored_row([" ", "", "\t", "", "\u00a0"], 12, "ABCDE")
    (chunk,) = read_export(STUDY, store(tmp_path, [*GOOD, styled, '<row r="10"/>', blanks])).chunks()
    assert (chunk.lines.tolist(), chunk.passed.tolist()) == ([2, 3, 4, 5, 6, 7, 8], [9, 10, 12])


def test_a_row_of_empty_texts_holds_nothing_however_they_are_stored(tmp_path):
    rows = [HEADER, *FORMS_7, ["nothing"] * 5]
    folder = store(tmp_path, [stored_row(row, at, "ABCDE") for at, row in enumerate(rows, start=1)])
    files = members(folder / "export.xlsx")
    files["xl/worksheets/sheet1.xml"] = files["xl/worksheets/sheet1.xml"].replace(b"nothing", b"")
    pack(folder / "export.xlsx", files)
    share_strings(folder / "export.xlsx")
    spoken = b'<si><t></t><rPh sb="0" eb="1"><t>spoken</t></rPh></si>'
    rewrite(folder / "export.xlsx", "xl/sharedStrings.xml", b"<si><t></t></si>", spoken)
    (chunk,) = read_export(STUDY, folder).chunks()
    assert (chunk.lines.tolist(), chunk.passed.tolist()) == ([2, 3, 4, 5, 6, 7, 8], [9])


def test_a_text_counted_from_the_end_is_no_other_cells_answer(tmp_path):
    folder = write_xlsx(tmp_path)
    share_strings(folder / "export.xlsx")
    rewrite(folder / "export.xlsx", "xl/worksheets/sheet1.xml", b"<v>0</v>", b"<v>-1</v>")
    assert refusal(folder) == ("export.xlsx", "a damaged workbook")


def with_sheet(folder, title, rows):
    write_xlsx(folder, Beside=rows)
    rewrite(folder / "export.xlsx", "xl/workbook.xml", b'name="Beside"', f'name="{title}"'.encode())
    return folder


@pytest.mark.parametrize(
    ("title", "says"),
    [
        ("Ark4", "sheet 4 isn't read, and looks like a dataset"),
        (SECRET, "sheet 4 isn't read, and looks like a dataset"),
        ("dataset2020", "one sheet Dataset belongs here"),
        ("Dataset", "two sheets have the same name"),
        ("LABELS", "two sheets have the same name"),
    ],
)
def test_forms_in_a_sheet_that_nobody_reads_are_not_passed_over(tmp_path, title, says):
    where, what = refusal(with_sheet(tmp_path, title, [["forms that came late"], [], HEADER, [SECRET]]))
    assert where == "export.xlsx"
    assert says in what


@pytest.mark.parametrize("time", ["2019-05-09 09:00:00", dt.datetime(2019, 5, 9, 9)], ids=["text", "time"])
def test_forms_that_go_on_in_a_sheet_without_a_header_are_not_passed_over(tmp_path, time):
    form = [4, time, 0, 0, 0, 1, 0, 40111, 40111, 1]
    assert refusal(with_sheet(tmp_path, "Ark4", [form])) == ("export.xlsx", "sheet 4 isn't read, and looks like a dataset")


WIDE = ["konflikt", "jan", "feb", "mar", "apr", "maj", "jun", "jul", "aug", "sep"]


@pytest.mark.parametrize("rows", [[], [["=1", "notes"], [1, 2]], [WIDE, list(range(10))]], ids=["empty", "notes", "wide"])
def test_a_sheet_without_forms_beside_them_is_passed_over(tmp_path, rows):
    assert len(read_export(STUDY, with_sheet(tmp_path, "Ark4", rows)).dataset) == 3


@pytest.mark.parametrize(
    ("member", "old", "new"),
    [
        # A sheet that the workbook lists and hasn't got, and one that it has got and doesn't list.
        ("xl/_rels/workbook.xml.rels", b"worksheets/sheet2.xml", b"worksheets/sheet9.xml"),
        ("xl/workbook.xml", b'<sheet xmlns="http', None),
    ],
)
def test_sheets_are_those_that_the_workbook_lists(tmp_path, member, old, new):
    sheets = {"Dataset": None, "Dataset(1)": DATASET[:3], "Dataset(2)": [HEADER, DATASET[3]]}
    folder = write_xlsx(tmp_path, **{"dataset": None, **{name: rows for name, rows in sheets.items() if rows}})
    files = members(folder / "export.xlsx")
    if new is None:
        files[member] = re.sub(rb'<sheet [^>]*name="Dataset\(2\)"[^>]*/>', b"", files[member])
    else:
        last = max(name for name in files if name.startswith("xl/worksheets/sheet")).removeprefix("xl/").encode()
        assert last in files[member]
        files[member] = files[member].replace(last, b"worksheets/sheet9.xml")
    pack(folder / "export.xlsx", files)
    where, what = refusal(folder)
    assert where == "export.xlsx"
    assert what == ("lists a sheet that isn't in it" if new else "holds a sheet that it doesn't list")


def test_a_part_that_declares_a_document_type_is_refused(tmp_path):
    folder = write_xlsx(tmp_path)
    doctype = b'<!DOCTYPE w [<!ENTITY a "1"><!ENTITY b "&a;&a;">]><worksheet'
    rewrite(folder / "export.xlsx", "xl/worksheets/sheet1.xml", b"<worksheet", doctype)
    assert refusal(folder) == ("export.xlsx", "a damaged workbook")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_part_that_is_there_twice_is_refused(tmp_path):
    folder = write_xlsx(tmp_path)
    with zipfile.ZipFile(folder / "export.xlsx", "a") as book:
        book.writestr("xl/worksheets/sheet1.xml", book.read("xl/worksheets/sheet1.xml"))
    assert refusal(folder) == ("export.xlsx", "a damaged workbook")


EXTRA = {"none": {}, "rows": {"row_compress": True}, "packed": {"compress": True}}


@pytest.mark.parametrize("packing", EXTRA)
def test_cases_of_an_spss_file_are_those_that_its_header_states(tmp_path, packing):
    forms = pd.DataFrame([[float(i), "å" * (i % 300), 4.0, 4.0, i % 3 or np.nan] for i in range(1, 60)], columns=HEADER)
    path = write_sav(tmp_path, forms, note="made up", **EXTRA[packing]) / "export.sav"
    whole = path.read_bytes()
    assert len(read_export(STUDY, tmp_path).dataset) == 59
    for stated, what in (
        (-1, None),
        (58, "holds 59 cases, of which its header lets 58 be read"),
        (1, "holds 59"),
        (60, "damaged"),
    ):
        path.write_bytes(whole[:80] + struct.pack("<i", stated) + whole[84:])
        if what is None:
            assert len(read_export(STUDY, tmp_path).dataset) == 59
        else:
            where, said = refusal(tmp_path)
            assert where == "export.sav" and what in said


def test_cases_that_hold_nothing_are_counted_and_are_no_forms(tmp_path):
    frame = sav_frame()
    frame.loc[1] = [np.nan, " ", np.nan, np.nan, np.nan]
    (chunk,) = read_export(STUDY, write_sav(tmp_path, frame)).chunks()
    assert (chunk.lines.tolist(), chunk.passed.tolist()) == ([1, 3], [2])
