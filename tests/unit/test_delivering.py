"""`frs deliver`: a delivery is put together whole or not at all, of what came and what is given, and changes no other."""

from __future__ import annotations

import json
import shutil
import stat
from pathlib import Path

import pytest
from support.fetched import SURVEYS, Played, seen_again
from support.tiny import in_dialect
from typer.testing import CliRunner

from frs_pipeline.cli import app
from frs_pipeline.collection import delivering
from frs_pipeline.collection.delivering import Delivered, deliver
from frs_pipeline.collection.fetching import configured, exports, fetch
from frs_pipeline.collection.login import read_login
from frs_pipeline.collection.surveyxact import SurveyXact
from frs_pipeline.errors import FrsError, InputError, UsageError
from frs_pipeline.intake.received import refuse_altered
from frs_pipeline.intake.unread import refuse_unread
from frs_pipeline.intake.withdrawals import WITHDRAWAL_COLUMNS
from frs_pipeline.store.deliveries import deliveries, sha256

DAY, LATER = "2021-01-31", "2021-06-30"


@pytest.fixture(scope="session")
def fetched_once(shared) -> Path:
    """A study, its data folder with an export of each survey, and what people give."""

    def make(folder: Path) -> None:
        played = Played(folder)
        played.given()
        with played.serving():
            told = configured(played.settings.study)
            assert len(list(fetch(played.settings, [], SurveyXact(told, read_login())))) == len(SURVEYS)

    return shared("fetched", make)


class Copied(Played):
    """A copy of what was fetched once, which a test may spoil."""

    def __init__(self, source: Path, folder: Path) -> None:
        shutil.copytree(source, folder, dirs_exist_ok=True)
        self.folder, self.data = folder, folder / "data"

    def given(self) -> Path:
        return self.folder / "given"

    def deliver(self, name: str = DAY, **others: object) -> Delivered:
        return deliver(self.settings, name, self.given(), **others)  # type: ignore[arg-type]

    def refused(self, name: str = DAY, **others: object) -> str:
        before = self.kept()
        with pytest.raises(FrsError) as error:
            self.deliver(name, **others)
        assert "\n" not in str(error.value)
        assert ".tmp" not in str(error.value), "a copy that is gone helps nobody"
        assert self.kept() == before
        return str(error.value)

    def withdraw(self, folder: Path, *lines: tuple[str, str]) -> None:
        rows = [[form, conference, "samtykke trukket", "LK", "2021-02-01"] for form, conference in lines]
        (folder / "withdrawals.csv").write_bytes(in_dialect([WITHDRAWAL_COLUMNS, *rows], "utf-8"))


@pytest.fixture
def played(fetched_once: Path, tmp_path: Path) -> Copied:
    return Copied(fetched_once, tmp_path)


def test_a_delivery_holds_what_came_and_what_is_given_and_nothing_else(played: Copied) -> None:
    (played.given() / ".hidden").write_text("left by an editor", encoding="ascii")
    delivered = played.deliver()
    folder = played.settings.raw_delivery(DAY)
    assert delivered.folder == folder
    assert delivered.given == ("codebook-pipeline.age", "kontering.csv")
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    parts = ("dataset.csv", "structure.csv", "labels.csv", "receipt.json")
    assert names == {"codebook-pipeline.age", "kontering.csv", *(f"{name}/{part}" for name in SURVEYS for part in parts)}
    for export in delivered.fetched:
        for part in parts:
            assert sha256(folder / export.instrument / part) == sha256(export.folder / part)
    for name in delivered.given:
        assert sha256(folder / name) == sha256(played.given() / name)
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*") if path.is_file()} == {0o600}
    assert {stat.S_IMODE(path.stat().st_mode) for path in (folder, folder / "initiator")} == {0o700}
    assert deliveries(played.settings.raw) == [DAY]
    assert [path.name for path in played.settings.raw.iterdir()] == [DAY]
    # A receipt is no file that nobody reads; anywhere else it would be.
    refuse_unread(played.settings.study, folder)
    shutil.copy(folder / "initiator" / "receipt.json", folder)
    with pytest.raises(InputError, match=r"isn't read: receipt\.json"):
        refuse_unread(played.settings.study, folder)


def test_an_export_that_nobody_has_seen_since_is_named(played: Copied, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where it was fetched before the day that names the delivery, which may lack what came in meanwhile."""
    time = "2021-01-15T02-00-00Z"
    for name in ("initiator", "coordinator"):
        folder = exports(played.settings, name)[0].folder
        folder.rename(folder.with_name(time))
    seen_again(played.settings, "coordinator", time, "2021-01-31T02-00-00Z")
    monkeypatch.setenv("FRS_STUDY", str(played.folder / "study"))
    monkeypatch.setenv("FRS_DATA_DIR", str(played.data))
    done = CliRunner().invoke(app, ["deliver", DAY, "--with", str(played.given())])
    warned = [line.strip() for line in done.stdout.splitlines() if ", so it may " in line]
    assert warned == [
        *(f"{name} was fetched after {DAY}, so it may also hold forms that came in later" for name in SURVEYS if "part" in name),
        f"initiator was last seen on 2021-01-15, so it may lack forms that came in until {DAY}",
    ]
    assert "fetched 2021-01-15 02:00:00 UTC, last seen 2021-01-31 02:00:00 UTC" in done.stdout


@pytest.mark.parametrize("there", ["folder", "empty", "file", "link"])
def test_what_is_there_is_never_changed(played: Copied, there: str) -> None:
    place = played.settings.raw / DAY
    place.parent.mkdir()
    if there == "folder":
        place.mkdir()
        (place / "kontering.csv").write_text("theirs", encoding="ascii")
    elif there == "empty":
        place.mkdir()
    elif there == "file":
        place.write_text("theirs", encoding="ascii")
    else:
        place.symlink_to("nowhere")
    assert "is there already, and is never changed" in played.refused()


@pytest.mark.parametrize("name", ["2021-02-30", "31-01-2021", "2021-01-31/..", "../2021-01-31", "", "incoming", "2999-01-01"])
def test_a_name_that_is_no_day_or_is_to_come(played: Copied, name: str) -> None:
    assert "is a day to come" in played.refused(name) or "isn't a day that names a delivery" in played.refused(name)


def spoil(played: Copied, what: str) -> None:
    """Spoil what a delivery is to be put together of."""
    given, initiator = played.given(), exports(played.settings, "initiator")[0].folder
    if what == "no ledger":
        (given / "kontering.csv").unlink()
    elif what == "no codebook":
        (given / "codebook-pipeline.age").unlink()
    elif what == "open codebook":
        (given / "codebook-pipeline.age").write_text("personnummer;raadslagningsnummer\n", encoding="ascii")
    elif what == "wrong ledger":
        (given / "kontering.csv").write_text(
            "raadslagningsnummer;dato;anledning\n40111;yesterday;rådslagning\n", encoding="utf-8"
        )
    elif what == "unknown file":
        (given / "kodebog.csv").write_text("a;b\n", encoding="ascii")
    elif what == "personal number":
        (given / "README-610170-1234.txt").write_text("", encoding="ascii")
    elif what == "link":
        (given / "delivery.yaml").symlink_to(given / "kontering.csv")
    elif what == "wrong decision":
        (given / "corrections.csv").write_text(
            "form;column;old;new;reason;who;when\nXX-1;a;1;2;b;c;2021-01-01\n", encoding="utf-8"
        )
    elif what == "wrong description":
        (given / "delivery.yaml").write_text("predecessor: 2021-06-30\n", encoding="ascii")
    elif what == "given and fetched":
        shutil.copytree(initiator, given / "initiator")
    elif what == "altered":
        (initiator / "dataset.csv").write_bytes((initiator / "dataset.csv").read_bytes().replace(b"700001;", b"700003;"))
    elif what == "gone":
        (initiator / "labels.csv").unlink()
    elif what == "other receipt":
        (initiator / "receipt.json").write_text("{}", encoding="ascii")
    elif what == "receipt of other files":
        receipt = json.loads((initiator / "receipt.json").read_text(encoding="utf-8"))
        receipt["files"]["../../../key.txt"] = {"sha256": sha256(played.data / "key.txt")}
        (initiator / "receipt.json").write_text(json.dumps(receipt), encoding="utf-8")
    elif what == "not fetched":
        shutil.rmtree(initiator.parent)
    elif what == "other survey":
        played.configure("http://127.0.0.1:9/rest", surveys="{initiator: 999}")
    elif what == "no folder":
        shutil.rmtree(given)


SPOILT = {
    "no ledger": "given/kontering.csv: missing file",
    "no codebook": "given/codebook-pipeline.age: missing file",
    "open codebook": "given/codebook-pipeline.age: isn't a locked file, whatever its name says",
    "wrong ledger": "given/kontering.csv:2",
    "unknown file": "isn't read: kodebog.csv",
    "personal number": "given: the name of a file here is a personal number",
    "link": "number 2 of this folder isn't a file but leads elsewhere",
    "wrong decision": "given/corrections.csv:2: not a form id",
    "wrong description": "given/delivery.yaml:1",
    "given and fetched": "given/initiator: is fetched, and given as well",
    "altered": "dataset.csv: isn't what was fetched: its receipt says otherwise",
    "gone": "labels.csv: isn't what was fetched",
    "other receipt": "receipt.json: isn't the receipt of an export",
    "receipt of other files": "receipt.json: isn't the receipt of an export",
    "not fetched": "fetched/initiator: nothing was fetched yet (frs fetch)",
    "other survey": "is an export of survey 103, and study.yaml says 999",
    "no folder": "given: isn't a folder",
}


@pytest.mark.parametrize("what", SPOILT)
def test_what_a_run_would_refuse_is_never_delivered(played: Copied, what: str) -> None:
    spoil(played, what)
    assert SPOILT[what] in played.refused()


def test_an_export_that_no_longer_fits_its_questionnaire_is_named_where_it_lies(played: Copied) -> None:
    """The study may have changed since it was fetched; or the delivery's date is one at which other questions were asked."""
    path = played.settings.study.folder / "questionnaires" / "initiator.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(
        text.replace("source: konflikt", "source: konflik2", 1).replace("source: konflikt", "source: konflik2"), "utf-8"
    )
    assert path.read_text(encoding="utf-8") != text
    export = exports(played.settings, "initiator")[0]
    assert f"{export.folder}/dataset.csv:1: " in played.refused()


def test_another_export_than_the_newest(played: Copied) -> None:
    (first,) = exports(played.settings, "initiator")
    newer = first.folder.with_name("2999-01-01T00-00-00Z")
    shutil.copytree(first.folder, newer)
    assert [one.time for one in played.deliver().fetched if one.instrument == "initiator"] == [newer.name]
    times = {"initiator": first.time}
    assert [one.time for one in played.deliver(LATER, times=times).fetched if one.instrument == "initiator"] == [first.time]
    said = played.refused("2021-07-01", times={"initiator": "2020-01-01T00-00-00Z"})
    assert f"nothing was fetched at this time (there is {first.time}, {newer.name})" in said
    with pytest.raises(UsageError, match="nobody: nothing is fetched for this questionnaire"):
        played.deliver("2021-07-01", times={"nobody": first.time})


def test_what_was_withdrawn_stays_withdrawn(played: Copied) -> None:
    """An export that is fetched again holds it again; only what the delivery no longer has may be left out."""
    first = played.deliver().folder
    forms = exports(played.settings, "initiator")[0].folder / "dataset.csv"
    respondent = forms.read_text(encoding="cp1252").splitlines()[1].split(";")[0]
    played.withdraw(first, (f"IN-{respondent}", ""), ("", "C-lark"), ("IN-999999", ""))
    prefix = {"IN"} & {one[:2] for one in delivering.form_prefixes(played.settings.study)}
    assert prefix, "the shipped questionnaire's forms are called IN-…"
    said = played.refused(LATER)
    assert f"given/withdrawals.csv: lacks 2 withdrawals of delivery {DAY}: these forms would count again" in said
    assert respondent not in said
    assert "C-lark" not in said
    played.withdraw(played.given(), (f"IN-{respondent}", ""))
    assert "lacks 1 withdrawal of delivery" in played.refused(LATER)
    with pytest.raises(UsageError, match="--gone: was never withdrawn"):
        played.deliver(LATER, gone=["C-lark", "C-nobody"])
    played.deliver(LATER, gone=["C-lark"])
    played.withdraw(played.given(), (f"IN-{respondent}", ""), ("", "C-lark"))
    played.deliver("2021-07-01")


def test_a_process_that_dies_amid_it_leaves_nothing_that_is_taken_up(played: Copied, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed just before the last step: no delivery is there, and the next one sweeps away what is left."""
    monkeypatch.setattr("frs_pipeline.collection.folders.shutil.rmtree", lambda *_, **__: None)
    monkeypatch.setattr("frs_pipeline.collection.folders.Beside.put", lambda _: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        played.deliver()
    (left,) = played.settings.raw.iterdir()
    assert left.name.startswith(".") and left.name.endswith(".tmp")
    assert deliveries(played.settings.raw) == []
    monkeypatch.undo()
    played.deliver()
    assert [path.name for path in played.settings.raw.iterdir()] == [DAY]


def test_a_study_that_fetches_nothing_may_deliver_what_it_is_given(played: Copied) -> None:
    for name in SURVEYS:
        target = played.given() / name
        target.mkdir()
        for part in ("dataset.csv", "structure.csv", "labels.csv"):
            shutil.copy(exports(played.settings, name)[0].folder / part, target)
    path = played.settings.study.folder / "study.yaml"
    path.write_text(path.read_text(encoding="utf-8").partition("\nfetch:\n")[0] + "\n", encoding="utf-8")
    delivered = played.deliver()
    assert (delivered.fetched, len(delivered.given)) == ((), 14)
    refuse_altered(played.settings.study, delivered.folder)
