"""What may lie in a delivery: what is read, a readme, published keys, what is hidden; anything else is refused."""

import pytest
from support.study import STUDY

from frs_pipeline.codebook.vault import CONTROLLERS
from frs_pipeline.errors import InputError
from frs_pipeline.intake.readers.surveyxact import read_export
from frs_pipeline.intake.unread import refuse_unread
from frs_pipeline.operations.doctor import _delivery
from frs_pipeline.operations.sensors import _looked_at
from frs_pipeline.store.deliveries import inventory, source_files, unread
from frs_pipeline.study.questionnaires import questionnaires

PERSONAL = "6101180011"


def put(delivery, name, data=b"kept to itself"):
    path = delivery.path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def refused(delivery):
    with pytest.raises(InputError) as found:
        refuse_unread(STUDY, delivery.path(""))
    assert len(str(found.value).splitlines()) == 1
    return str(found.value.where).removeprefix(f"{delivery.path('')}").lstrip("/"), found.value.what


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("initiator/dataset (1).csv", "file 1 (.csv) of this folder isn't read: dataset (1).csv"),
        ("initiator/Dataset.csv", "file 1 (.csv) of this folder isn't read: Dataset.csv"),
        ("initiator/dataset.csv.part", "file 2 (.part) of this folder isn't read: dataset.csv.part"),
        ("initiator/export.zsav", "file 2 (.zsav) of this folder isn't read: export.zsav"),
        ("initiator/export.xlsm", "file 2 (.xlsm) of this folder isn't read: export.xlsm"),
        ("initiator/Export.XLSB", "file 1 (.XLSB) of this folder isn't read: Export.XLSB"),
        ("initiator/export.xls", "file 2 (.xls) of this folder isn't read: export.xls"),
        ("initiator/~export.xlsx~", "file 4 of this folder isn't read: ~export.xlsx~"),
        ("initiator/kontering.csv", "file 2 (.csv) of this folder isn't read: kontering.csv"),
        ("initiator/svar", "file 4 of this folder isn't read: svar"),
        ("initiator/gammel/dataset.csv", "folder 2 of this folder isn't read: gammel"),
        ("initiator/README.old/dataset.csv", "folder 1 (.old) of this folder isn't read: README.old"),
        ("Initiator/dataset.csv", "folder 1 of this folder isn't read: Initiator"),
        ("initiativtager/dataset.csv", "folder 3 of this folder isn't read: initiativtager"),
        ("export.xlsx", "file 3 (.xlsx) of this folder isn't read: export.xlsx"),
        ("Kontering.csv", "file 1 (.csv) of this folder isn't read: Kontering.csv"),
        ("corrections.CSV", "file 3 (.CSV) of this folder isn't read: corrections.CSV"),
        ("kodebog.csv", "file 4 (.csv) of this folder isn't read: kodebog.csv"),
        ("key.txt", "file 4 (.txt) of this folder isn't read: key.txt"),
        ("Thumbs.db", "file 1 (.db) of this folder isn't read: Thumbs.db"),
    ],
)
def test_a_file_that_nobody_reads_is_refused_by_folder_number_and_suffix(delivery, name, says):
    put(delivery, name)
    where, what = refused(delivery)
    assert what == says
    assert where == ("initiator" if name.startswith("initiator/") else "")


@pytest.mark.parametrize("name", [f"{PERSONAL}.csv", f"mor {PERSONAL[:6]}-{PERSONAL[6:]}.xlsm", f"a.{PERSONAL}", "a\nb.csv"])
def test_a_name_that_must_not_be_said_is_not_said(delivery, name):
    put(delivery, f"initiator/{name}")
    where, what = refused(delivery)
    assert where == "initiator"
    assert what.startswith("file ")
    assert what.endswith(" of this folder isn't read")
    assert not any(part in what for part in (PERSONAL[:6], PERSONAL[6:], "mor", "csv", "xlsm"))


@pytest.mark.parametrize(
    "name",
    [
        "README.md",
        "README",
        "readme.txt",
        "initiator/README.xlsx",
        ".DS_Store",
        "initiator/._dataset.csv",
        ".git/config",
        "initiator/~$export.xlsx",
        "DEMO-KEY-NOT-SECRET.txt",
        "CONTROLLERS-DEMO-KEY-NOT-SECRET.txt",
        "KEY-NOT-SECRET.txt",
        "CONTROLLERS-KEY-NOT-SECRET.txt",
        CONTROLLERS,
        "pseudonyms-1.age",
        "corrections.csv",
        "exceptions.csv",
        "withdrawals.csv",
        "delivery.yaml",
    ],
)
def test_what_may_lie_beside_is_passed_over(delivery, name):
    before = source_files(STUDY, delivery.path(""), "initiator")
    put(delivery, name)
    refuse_unread(STUDY, delivery.path(""))
    assert unread(STUDY, delivery.path("")) == []
    assert source_files(STUDY, delivery.path(""), "initiator") == before


@pytest.mark.parametrize("name", ["Export 2020.XLSX", "export.Xlsx", "DATA.SAV"])
def test_a_workbook_is_one_whatever_the_case_of_its_suffix(delivery, name):
    for part in ("dataset", "structure", "labels"):
        delivery.path(f"initiator/{part}.csv").unlink()
    put(delivery, f"initiator/{name}")
    refuse_unread(STUDY, delivery.path(""))
    assert source_files(STUDY, delivery.path(""), "initiator") == (f"initiator/{name}",)
    with pytest.raises(InputError, match=r"not an .xlsx workbook|not an SPSS file"):
        read_export(STUDY, delivery.path("initiator"))


def test_csv_files_are_read_whatever_the_case_of_their_suffix(delivery):
    expected = delivery.validated("initiator").forms.table().drop_columns(["file"])
    for part in ("dataset", "structure", "labels"):
        delivery.path(f"initiator/{part}.csv").rename(delivery.path(f"initiator/{part}.CSV"))
    refuse_unread(STUDY, delivery.path(""))
    assert "initiator/dataset.CSV" in inventory(STUDY, delivery.path(""))
    assert delivery.validated("initiator").forms.table().drop_columns(["file"]).equals(expected)
    assert read_export(STUDY, delivery.path("initiator")).where("labels", 3).endswith("initiator/labels.CSV:3")


@pytest.mark.parametrize("name", ["initiator/export.XLSX", "initiator/dataset.CSV", "initiator/a.sav"])
def test_an_export_that_comes_twice_is_refused(delivery, name):
    put(delivery, name)
    with pytest.raises(InputError, match="comes in more than one form"):
        source_files(STUDY, delivery.path(""), "initiator")


def test_the_sensor_and_the_doctor_see_it_too(delivery):
    seen, waiting = _looked_at(STUDY, delivery.settings)
    assert (list(seen), waiting) == ([delivery.name], {})
    put(delivery, "initiator/dataset (1).csv")
    seen, waiting = _looked_at(STUDY, delivery.settings)
    assert (seen, "dataset (1).csv" in waiting[delivery.name]) == ({}, True)
    (found, *rest) = _delivery(delivery.settings, delivery.name)
    assert (found.sound, rest) == (False, [])
    assert "dataset (1).csv" in found.detail


def test_every_questionnaires_folder_is_looked_into(delivery):
    for name in questionnaires(STUDY):
        put(delivery, f"{name}/more.csv")
    assert [(path.parent.name, number) for path, number in unread(STUDY, delivery.path(""))] == [
        (name, 3) for name in questionnaires(STUDY)
    ]
