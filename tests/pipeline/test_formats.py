"""Marts, statistics and tables as other programs read them, from the refreshed shipped delivery."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path

import frictionless
import openpyxl
import pyarrow as pa
import pyarrow.csv as pacsv
import pyreadstat
import pytest
from support.shipped import DELIVERY
from support.study import STUDY

from frs_pipeline.errors import FrsError
from frs_pipeline.language import Text
from frs_pipeline.report.formats.files import WORKBOOK, files, write
from frs_pipeline.report.formats.spss import write_sav
from frs_pipeline.report.formats.workbook import shape, sheet_name, workbook
from frs_pipeline.report.layout import Block, Layout, Line
from frs_pipeline.store.files import Store, read
from frs_pipeline.store.settings import Settings
from frs_pipeline.study.chapters import chapters
from frs_pipeline.study.instruments import instruments
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.study.tables import catalogue

MARTS = (*instruments(STUDY), "conference")


@pytest.fixture(scope="module")
def curated(refreshed: Settings) -> Path:
    return refreshed.curated(DELIVERY)


def test_the_data_package_validates(curated: Path) -> None:
    report = frictionless.validate(str(curated / "formats" / "datapackage.json"))
    assert report.valid, report.flatten(["name", "type", "fieldName"])[:5]
    assert len(report.tasks) == 15


@pytest.mark.parametrize("mart", MARTS)
def test_a_csv_twin_holds_the_marts_rows(curated: Path, mart: str) -> None:
    rows = read(curated / "marts" / f"{mart}.parquet")
    found = pacsv.read_csv(
        curated / "formats" / f"{mart}.csv",
        convert_options=pacsv.ConvertOptions(column_types={field.name: field.type for field in rows.schema}),
    )
    assert found.to_pydict() == rows.to_pydict()


@pytest.mark.parametrize("mart", MARTS)
def test_spss_reads_codes_labels_and_missing_values(curated: Path, mart: str) -> None:
    rows = read(curated / "marts" / f"{mart}.parquet").to_pylist()
    frame, metadata = pyreadstat.read_sav(curated / "formats" / f"{mart}.sav", user_missing=True)
    frame["occasion"] = frame["occasion"].map({1.0: "first", 2.0: "followup"})
    found = frame.astype(object).where(frame.notna(), None).to_dict("records")
    assert found == rows
    questionnaire = questionnaires(STUDY).get(mart)
    for question in questionnaire.questions if questionnaire else ():
        assert metadata.column_names_to_labels[question.name] == question.text
        assert metadata.variable_value_labels[question.name] == question.labels
        missing = [] if question.dont_know is None else [{"lo": question.dont_know, "hi": question.dont_know}]
        assert metadata.missing_ranges.get(question.name, []) == missing
        assert metadata.variable_measure[question.name] == ("ordinal" if question.type == "ordinal" else "nominal")


def test_no_mart_is_laid_down_outside_the_data_folder(curated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "there is no such folder"))
    mart = read(curated / "marts" / "initiator.parquet")
    write_sav(STUDY, mart, "initiator", tmp_path / "x.sav")
    assert (tmp_path / "x.sav").read_bytes() == (curated / "formats" / "initiator.sav").read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == ["x.sav"]
    with pytest.raises(FrsError, match="cannot be written"):
        write_sav(STUDY, mart, "initiator", tmp_path / "gone" / "x.sav")


def test_the_workbook_has_every_figure_as_a_number(curated: Path) -> None:
    book = openpyxl.load_workbook(curated / "formats" / WORKBOOK.danish)
    assert book.sheetnames == ["Indhold", *(sheet_name(c.title.danish) for c in chapters(STUDY) if c.tables)]
    figures = read(curated / "statistics" / "figures.parquet").to_pylist()
    shares = [100 if figure["printed"].endswith("%") else 1 for figure in figures]
    expected = sorted(f["value"] / share for f, share in zip(figures, shares, strict=True) if f["value"] is not None)
    found = sorted(
        cell.value
        for name in book.sheetnames[1:]
        for row in book[name].iter_rows()
        for cell in row
        if cell.data_type == "n" and cell.value is not None
    )
    assert found == pytest.approx(expected, rel=1e-14)
    assert book["Indhold"]["A2"].value.startswith("Ikke til offentliggørelse")
    captions = [row[0].value.strip() for row in book["Indhold"].iter_rows(max_col=1) if row[0].value]
    assert sum(caption.startswith("Tabel ") for caption in captions) == len(catalogue(STUDY))


def test_a_label_is_no_formula() -> None:
    wild = "=1+1"
    grid = Layout(
        Text(wild, wild), Text(wild, wild), (Text(wild, wild),), (Block(Text(wild, wild), (Line(None, (None,)),), False),)
    )
    chapter = next(chapter for chapter in chapters(STUDY) if chapter.tables).model_copy(update={"tables": (1,)})
    book = openpyxl.load_workbook(io.BytesIO(workbook(wild, [chapter], {1: (wild, grid)}, {}, "danish")))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert sum(cell.value == wild for cell in cells) >= 5
    assert not [cell for cell in cells if cell.data_type == "f"]


def test_the_same_rows_give_the_same_bytes(curated: Path, tmp_path: Path) -> None:
    store = Store(Settings(STUDY, curated.parent.parent), DELIVERY)
    for file in files(store):
        write(None, (file, tmp_path / file.name))
        assert (tmp_path / file.name).read_bytes() == (curated / "formats" / file.name).read_bytes(), file.name


def test_the_list_of_files_is_what_lies_there(curated: Path) -> None:
    listed = read(curated / "formats.parquet")
    assert sorted(listed["file"].to_pylist()) == sorted(path.name for path in (curated / "formats").iterdir())
    assert pa.types.is_boolean(listed.schema.field("written").type)


@pytest.mark.parametrize(
    ("printed", "expected"),
    [("789", "#,##0"), ("65,9", "#,##0.0"), ("46,9%", "#,##0.0%"), ("9%", "#,##0%"), (",286", "#,##0.000"), ("-,03", "#,##0.00")],
)
def test_a_number_is_shown_with_as_many_decimals_as_are_printed(printed: str, expected: str) -> None:
    assert shape(printed) == expected
