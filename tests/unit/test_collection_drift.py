"""What moved between two exports of a collection is reported, and nothing that may move."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from pathlib import Path

import pytest
from support.played import Played, alter, take_out, write
from support.study import STUDY
from typer.testing import CliRunner

from frs_pipeline.cli import app
from frs_pipeline.collection.drift import Change, Drift, drift_of, drift_sheet
from frs_pipeline.collection.interim import in_folder
from frs_pipeline.errors import FrsError, UsageError
from frs_pipeline.store.settings import Settings

EARLIER, LATER = dt.date(2019, 3, 1), dt.date(2019, 4, 1)
PAPER = "participant_first"


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("played")
    played = Played()
    return played.export(EARLIER, folder), played.export(LATER, folder)


@pytest.fixture
def two(exports: tuple[Path, Path], tmp_path: Path) -> tuple[Path, Path]:
    """Both exports, to be altered."""
    import shutil

    return tuple(Path(shutil.copytree(place, tmp_path / place.name)) for place in exports)  # type: ignore[return-value]


def compared(two: tuple[Path, Path]) -> Drift:
    settings = Settings(STUDY, two[0].parent / "data")
    return drift_of(*(in_folder(settings, place) for place in two))


def test_a_collection_that_only_grows_has_no_drift(exports: tuple[Path, Path]) -> None:
    found = compared(exports)
    assert not found.wrong
    assert all(moved.new for moved in found.moved.values())
    assert not any(moved.changed or moved.twice for moved in found.moved.values())


def test_a_form_that_is_gone_is_reported(two: tuple[Path, Path]) -> None:
    gone = take_out(two[1] / PAPER, 5)
    found = compared(two)
    assert found.wrong
    assert found.moved[PAPER].gone == (f"DF-{gone}",)


def test_a_form_that_a_family_withdrew_is_not_gone(two: tuple[Path, Path]) -> None:
    gone = take_out(two[1] / PAPER, 5)
    lines = f"form;conference;reason;who;when\nDF-{gone};;samtykke trukket;LK;2019-03-20\n"
    (two[1] / "withdrawals.csv").write_text(lines, encoding="utf-8")
    assert not compared(two).wrong


def test_an_answer_that_changed_is_reported(two: tuple[Path, Path]) -> None:
    form = alter(two[0] / PAPER, 5, helefrs="1")
    assert alter(two[1] / PAPER, 5, helefrs="3") == form
    found = compared(two)
    assert found.wrong
    assert found.moved[PAPER].changed == (Change(f"DF-{form}", "helefrs", "1", "3", False),)


def test_no_cell_of_a_sheet_is_taken_for_a_formula(two: tuple[Path, Path]) -> None:
    form = alter(two[0] / PAPER, 5, helefrs="1")
    assert alter(two[1] / PAPER, 5, helefrs="=1+1") == form
    text = drift_sheet(compared(two), "looked up", "english").decode("utf-8-sig")
    assert "'=1+1" in text
    assert ";=1+1" not in text


def test_a_change_that_was_written_down_as_a_correction_is_none(two: tuple[Path, Path]) -> None:
    form = alter(two[0] / PAPER, 5, helefrs="1")
    alter(two[1] / PAPER, 5, helefrs="3")
    lines = f"form;column;old;new;reason;who;when\nDF-{form};helefrs;1;3;set på papiret;LK;2019-03-20\n"
    (two[0] / "corrections.csv").write_text(lines, encoding="utf-8")
    found = compared(two)
    assert not found.wrong
    assert [change.corrected for change in found.moved[PAPER].changed] == [True]


def test_a_correction_to_something_else_does_not_excuse_a_change(two: tuple[Path, Path]) -> None:
    form = alter(two[0] / PAPER, 5, helefrs="1")
    alter(two[1] / PAPER, 5, helefrs="3")
    lines = f"form;column;old;new;reason;who;when\nDF-{form};helefrs;1;2;set på papiret;LK;2019-03-20\n"
    (two[0] / "corrections.csv").write_text(lines, encoding="utf-8")
    assert compared(two).wrong


def test_a_form_still_being_filled_in_may_change(two: tuple[Path, Path]) -> None:
    alter(two[0] / PAPER, 5, helefrs="", stato_3="1", stato_4="0")
    alter(two[1] / PAPER, 5, helefrs="3")
    found = compared(two)
    assert not found.wrong
    assert found.moved[PAPER].finished == 1


def test_a_finished_form_that_is_open_again_is_reported(two: tuple[Path, Path]) -> None:
    form = alter(two[1] / PAPER, 5, stato_3="1", stato_4="0")
    found = compared(two)
    assert found.wrong
    assert found.moved[PAPER].reopened == (f"DF-{form}",)


@pytest.mark.parametrize(
    ("part", "old", "new", "column", "what"),
    [
        ("structure.csv", "Hvem er du?", "Hvem er De?", "hvem", "question"),
        ("labels.csv", "rigtig god", "fremragende", "helefrs", "answer changed"),
    ],
)
def test_wording_that_changed_is_reported(two: tuple[Path, Path], part: str, old: str, new: str, column: str, what: str) -> None:
    file = two[1] / PAPER / part
    text = file.read_text(encoding="cp1252")
    assert old in text
    file.write_text(text.replace(old, new), encoding="cp1252", newline="")
    found = compared(two)
    assert found.wrong
    assert (column, what) in found.moved[PAPER].worded


def test_the_same_forms_in_another_dialect_have_not_moved(two: tuple[Path, Path]) -> None:
    for part in ("dataset.csv", "structure.csv", "labels.csv"):
        file = two[1] / PAPER / part
        rows = file.read_text(encoding="cp1252").replace(";", "\t")
        file.write_bytes(b"\xff\xfe" + rows.replace("\r\n", "\n").replace("\n", "\r\n").encode("utf-16-le"))
    assert not compared(two).wrong


def test_the_older_export_comes_first(exports: tuple[Path, Path]) -> None:
    with pytest.raises(UsageError, match="newer"):
        compared((exports[1], exports[0]))


def test_what_changed_is_written_only_with_a_reason(two: tuple[Path, Path]) -> None:
    alter(two[0] / PAPER, 5, helefrs="1")
    alter(two[1] / PAPER, 5, helefrs="3")
    found = compared(two)
    with pytest.raises(FrsError, match="reason"):
        drift_sheet(found, " ", "english")
    assert ";helefrs;1;3;changed" in drift_sheet(found, "weekly round", "english").decode("utf-8-sig")


def test_the_older_export_is_of_the_day_of_its_name(two: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRS_DATA_DIR", str(two[0].parent / "data"))
    monkeypatch.delenv("FRS_STUDY", raising=False)
    older = two[0].rename(two[0].with_name(f"{two[0].name}-export"))
    done = CliRunner().invoke(app, ["collect", "drift", "--folder", str(two[1]), "--before", str(older), "--json"])
    assert json.loads(done.stdout)["before"] == two[0].name


def test_the_command_ends_with_1_and_says_no_value(two: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    form = alter(two[0] / PAPER, 5, helefrs="1")
    alter(two[1] / PAPER, 5, helefrs="3")
    take_out(two[1] / "coordinator", 2)
    monkeypatch.setenv("FRS_DATA_DIR", str(two[0].parent / "data"))
    monkeypatch.delenv("FRS_STUDY", raising=False)
    command = ["collect", "drift", "--folder", str(two[1]), "--before", str(two[0])]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 1
    assert "participant_first, helefrs: 1 changed without a correction" in done.stdout
    assert form not in done.stdout
    told = json.loads(CliRunner().invoke(app, [*command, "--json"]).stdout)
    assert told["wrong"] is True
    assert told["questionnaires"]["coordinator"]["gone"] == 1


def test_an_id_that_several_forms_have_now_is_reported(two: tuple[Path, Path]) -> None:
    header, *rows = dataset(two[1])
    rows.append(list(rows[5]))
    write(two[1] / PAPER / "dataset.csv", [header, *rows])
    found = compared(two)
    assert found.wrong
    form = f"DF-{rows[5][header.index('responde')]}"
    assert (found.moved[PAPER].doubled, found.moved[PAPER].twice, found.moved[PAPER].gone) == ((form,), 2, ())
    assert f"{form};;;;several forms have this id now" in drift_sheet(found, "weekly round", "english").decode("utf-8-sig")
    header, *rows = dataset(two[0])
    write(two[0] / PAPER / "dataset.csv", [header, *rows, list(rows[5])])
    again = compared(two)
    assert (again.wrong, again.moved[PAPER].twice) == (False, 2), "they were told of when they came"


@pytest.mark.parametrize(
    ("column", "before", "after", "same"),
    [
        ("helefrs", "2", "02", True),
        ("raadsnr", "0{number}", "{number}", True),
        ("remarks", "007", "7", False),
        ("remarks", "1,50", "1.5", False),
    ],
)
def test_only_cells_of_numbers_are_compared_as_numbers(
    two: tuple[Path, Path], column: str, before: str, after: str, same: bool
) -> None:
    header, *rows = dataset(two[0])
    for place, cell in ((two[0], before), (two[1], after)):
        if column not in header:  # what no question asks is text
            names, *forms = dataset(place)
            write(place / PAPER / "dataset.csv", [[*names, column], *([*form, ""] for form in forms)])
        alter(place / PAPER, 5, **{column: cell.format(number=rows[5][header.index("raadsnr")])})
    assert (not compared(two).wrong) is same


def dataset(place: Path) -> list[list[str]]:
    return list(csv.reader(io.StringIO((place / PAPER / "dataset.csv").read_text(encoding="cp1252"), newline=""), delimiter=";"))
