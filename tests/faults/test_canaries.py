"""Canaries in every place of a delivery where something can be written, and nothing of them past quarantine.

A canary is a word that stands nowhere else and a replacement personal number (day + 60, nobody's), another one in each
place, in one of the ways in which people write them. After runs that end well and runs that don't, everything outside
the restricted forms is read, unpacked by means of this test's own, with what was printed.
"""

import csv
import gzip
import io
import itertools
import json
import os
import re
import sqlite3
import sys
import tarfile
import zipfile
import zlib

import numpy as np
import openpyxl
import pandas as pd
import pyarrow.parquet as pq
import pyrage
import pyreadstat
import pytest
from openpyxl.comments import Comment
from support.events import events_in, of_runs
from support.keys import environment_of
from support.logging_kept import logging_kept
from support.study import STUDY, few_tables

from frs_pipeline import cli
from frs_pipeline.study.instruments import instruments

WRITTEN = ["{}-{}", "{}{}", "{} {}", "{} - {}", "{}–{}"]
EVENTS = "events.jsonl"
# In the ledger and nowhere else.
ONLY_BOOKED = 87654321
LINE_TO_WRITE_ON, SYSTEM = "bemaerk", ("difftime", "statc_3", "statd_1", "statd_2")


class Canaries:
    """What was planted, by place."""

    def __init__(self):
        self.words, self.numbers = {}, {}
        self._next = itertools.count()

    def __call__(self, place):
        """A new canary: its word, a name as people write it, and its number."""
        n = next(self._next)
        word = "kanarie" + "".join("abcdefghij"[int(digit)] for digit in f"{n:04d}")
        date, serial = f"{61 + n % 28:02d}{1 + n // 28 % 12:02d}18", f"{1000 + n}"
        self.words[word], self.numbers[date + serial] = place, place
        return f"Fru {word} fra Nibe {WRITTEN[n % len(WRITTEN)].format(date, serial)}"

    def without_number(self, place):
        """One for amendments, which may hold no personal number."""
        return self(place)[: len("Fru kanarieabcd fra Nibe")]

    def seen(self, text):
        """Places whose canary is heard in a text."""
        digits = re.sub(r"[ ./–-]", "", text)
        heard = {self.words[word] for word in re.findall(r"kanarie[a-j]{4}", text.lower()) if word in self.words}
        # Day, month and year of every canary's number; looked for from each digit on.
        return heard | {self.numbers[n] for n in re.findall(r"(?=([6-8][0-9][01][0-9]18[0-9]{4}))", digits) if n in self.numbers}


def texts_of(path):
    """Everything in a file that can be read, and its name."""
    yield path.name
    content = path.read_bytes()
    yield content.decode("utf-8", "replace")
    if path.suffix == ".parquet":
        file = pq.ParquetFile(path)
        yield str([(f.name, f.metadata) for f in file.schema_arrow]) + str(file.metadata.metadata)
        yield str(file.read().to_pydict())
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            yield from (archive.read(name).decode("utf-8", "replace") for name in archive.namelist())
    elif path.suffix == ".jsonl":
        yield str([json.loads(line) for line in content.splitlines()])  # its letters are escaped
    elif content[:2] == b"\x1f\x8b":
        yield gzip.decompress(content).decode("utf-8", "replace")
    elif content.startswith(b"SQLite"):
        with sqlite3.connect(path) as base:
            yield "\n".join(base.iterdump())
            for (table,) in base.execute("select name from sqlite_master where type = 'table'").fetchall():
                for row in base.execute(f"select * from {table}"):
                    for cell in row:
                        if isinstance(cell, bytes) and cell[:1] == b"x":
                            yield zlib.decompress(cell).decode("utf-8", "replace")
        base.close()


def everything(data, home):
    """Files past quarantine: what was produced and may be read, forms under pseudonyms, and what Dagster keeps."""
    places = (data / "curated", *(data / "restricted").glob("*/pseudonymised"), home)
    # What a database keeps beside it comes and goes.
    every = (path for place in places for path in sorted(place.rglob("*")) if path.is_file())
    return [path for path in every if not path.name.endswith(("-shm", "-wal"))]


def plant_in_csv(delivery, instrument, canary):
    """In a column of its own, under the system's columns, in three cells where an answer or a number belongs; in wording."""
    header, *forms = delivery.dataset(instrument)
    for at, form in enumerate(forms):
        for column in SYSTEM:
            form[header.index(column)] = canary(f"{instrument}, {column}, form {at}")
        form.append(canary(f"{instrument}, open column, form {at}"))
    answer = len(header) - 1
    forms.append(["900000", *forms[0][1:answer], canary(f"{instrument}, answer"), forms[0][-1]])
    forms.append([canary(f"{instrument}, respondent"), *forms[0][1:]])
    for at, name in ((-1, "raadsnr"), (-2, "raadsnr2"), (-3, "created"), (-4, "stato_2")):
        form = list(forms[1])
        form[header.index(name)] = canary(f"{instrument}, {name}")
        forms.append([str(900001 - at), *form[1:]])
    delivery.write_dataset(instrument, [[*header, LINE_TO_WRITE_ON], *forms])
    for name, line in (
        ("structure", ["bemaerk", LINE_TO_WRITE_ON, "Open", "String", canary(f"{instrument}, structure"), "", canary("choice")]),
        ("labels", [LINE_TO_WRITE_ON, "1", canary(f"{instrument}, labels")]),
    ):
        path = delivery.path(f"{instrument}/{name}.csv")
        text = io.StringIO(newline="")
        csv.writer(text, delimiter=";", lineterminator="\r\n").writerow(line)
        path.write_bytes(path.read_bytes() + text.getvalue().encode("cp1252"))


def plant_in_workbook(delivery, instrument, canary):
    """The export as one workbook, with comments, a hidden sheet, and what a workbook says of itself."""
    plant_in_csv(delivery, instrument, canary)
    book = openpyxl.Workbook()
    book.remove(book.active)
    for part in ("dataset", "structure", "labels"):
        path = delivery.path(f"{instrument}/{part}.csv")
        sheet = book.create_sheet(part.title())
        for cells in csv.reader(path.read_bytes().decode("cp1252").splitlines(), delimiter=";"):
            sheet.append(cells)
        sheet["A1"].comment = Comment(canary(f"{instrument}, comment"), canary(f"{instrument}, author of a comment"))
        path.unlink()
    hidden = book.create_sheet("Kladde")
    hidden["B2"], hidden.sheet_state = canary(f"{instrument}, hidden sheet"), "hidden"
    for name in ("title", "creator", "subject", "description", "keywords", "lastModifiedBy"):
        setattr(book.properties, name, canary(f"{instrument}, {name}"))
    book.save(delivery.path(f"{instrument}/{canary.without_number('name of a workbook')}.xlsx"))


def plant_in_spss(delivery, instrument, canary):
    """The export as an SPSS file, with a note, a label of the file and one of the column."""
    header, *forms = delivery.dataset(instrument)
    labels = list(csv.reader(delivery.path(f"{instrument}/labels.csv").read_bytes().decode("cp1252").splitlines(), delimiter=";"))
    structure = csv.reader(delivery.path(f"{instrument}/structure.csv").read_bytes().decode("cp1252").splitlines(), delimiter=";")
    wording = {cells[1]: cells[4] for cells in structure if cells[1] in header}
    frame = pd.DataFrame(forms, columns=header, dtype=object)
    for name in frame:
        if all(re.fullmatch(r"-?[0-9]*", cell) for cell in frame[name]):
            frame[name] = [float(cell) if cell else np.nan for cell in frame[name]]
    frame[LINE_TO_WRITE_ON] = [canary(f"{instrument}, open column, form {at}") for at in range(len(forms))]
    codes = {}
    for variable, code, label in labels:
        codes.setdefault(variable, {})[int(code)] = label
    codes["difftime"] = {75: canary(f"{instrument}, label of a value")}
    pyreadstat.write_sav(
        frame,
        str(delivery.path(f"{instrument}/{canary.without_number('name of an SPSS file')}.sav")),
        file_label=canary(f"{instrument}, file")[:60],
        note=canary(f"{instrument}, note"),
        column_labels={**wording, LINE_TO_WRITE_ON: canary(f"{instrument}, label of a column")},
        variable_value_labels=codes,
    )
    for part in ("dataset", "structure", "labels"):
        delivery.path(f"{instrument}/{part}.csv").unlink()


@pytest.fixture(scope="module", params=["few tables", pytest.param("every table", marks=pytest.mark.minutes)])
def planted(request, make_delivery, tmp_path_factory):
    """A delivery with a canary in every place, and what was planted."""
    folder = tmp_path_factory.mktemp("canaries")
    if request.param == "few tables":
        few_tables(folder)
    delivery, canary = make_delivery(folder / "data"), Canaries()
    delivery.correct(
        (
            "DF-700034",
            "helefrs",
            delivery.get("participant_first", 3, "helefrs"),
            "1",
            canary.without_number("reason"),
            canary.without_number("who"),
        )
    )
    plant_in_csv(delivery, "participant_first", canary)
    plant_in_csv(delivery, "coordinator", canary)
    plant_in_workbook(delivery, "participant_followup", canary)
    plant_in_spss(delivery, "initiator", canary)
    path = delivery.path("kontering.csv")
    path.write_bytes(path.read_bytes() + f"{ONLY_BOOKED};2018-10-01;rådslagning\n".encode())
    delivery.path("README.md").write_text(canary("README"), encoding="utf-8")
    delivery.path(".noter").mkdir()
    delivery.path(".noter/Fru Hansens noter.txt").write_text(canary("notes"), encoding="utf-8")
    accepted = [
        ("", "column_unknown", LINE_TO_WRITE_ON),
        *(("", "too_many_set_aside", name) for name in ("", *instruments(STUDY))),
    ]
    delivery.accept(*((*what, f"i orden {canary.without_number('accepted')}", "LK") for what in accepted))
    return delivery, canary


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Dagster's home, as somebody who sets nothing in it has it."""
    folder = tmp_path_factory.mktemp("home")
    (folder / "dagster.yaml").touch()
    return folder


@pytest.fixture
def run(home, monkeypatch, capfd):
    """`frs …` in this process with a history that is kept: exit code, and all that was printed."""

    def call(data, *arguments):
        for name in [name for name in os.environ if name.startswith(("FRS_", "DAGSTER_"))]:
            monkeypatch.delenv(name)
        for name, value in environment_of(data).items():
            if name.startswith("FRS_"):
                monkeypatch.setenv(name, value)
        monkeypatch.setenv("DAGSTER_HOME", str(home))
        # What programs elsewhere are told is heard with the rest: the one is printed, the other lies in a file in Dagster's home.
        monkeypatch.setenv("FRS_LOG", "json")
        monkeypatch.setenv("FRS_LINEAGE", str(home / EVENTS))
        monkeypatch.setattr(sys, "argv", ["frs", *arguments])
        capfd.readouterr()
        with logging_kept(), pytest.raises((SystemExit, Exception)) as ended:
            cli.main()
        out, err = capfd.readouterr()
        if not isinstance(ended.value, SystemExit):
            import traceback

            return 1, out + err + "".join(traceback.format_exception(ended.value))
        return ended.value.code, out + err

    return call


@pytest.fixture
def refreshed(planted, run):
    """The same, refreshed by whichever test comes first."""
    delivery, _ = planted
    if not (delivery.settings.curated(delivery.name) / "manifest.json").exists():
        assert run(delivery.data, "run")[0] == 0
    return planted


def heard(canary, data, home, printed=""):
    """Places of canaries that are heard past quarantine, by file."""
    found = {path: places for path in everything(data, home) if (places := set().union(*map(canary.seen, texts_of(path))))}
    return {**found, **({"printed": places} if (places := canary.seen(printed)) else {})}


def test_canaries_are_heard_where_they_were_planted(planted):
    """The search finds each of them in the delivery: what it doesn't find elsewhere isn't there."""
    delivery, canary = planted
    there = set().union(*(canary.seen(text) for path in delivery.folder.rglob("*") if path.is_file() for text in texts_of(path)))
    # SPSS packs its texts; they are looked at by what reads them.
    frame, about = pyreadstat.read_sav(str(*delivery.path("initiator").glob("*.sav")))
    there |= canary.seen(frame.to_csv() + str(vars(about)))
    assert there == set(canary.words.values())
    assert len(there) > 100


def test_none_is_heard_past_quarantine_after_a_run(planted, run, home):
    delivery, canary = planted
    code, printed = run(delivery.data, "--debug", "run")
    assert (code, "forms set aside" not in printed) == (0, True), printed
    assert heard(canary, delivery.data, home, printed) == {}
    log = [json.loads(line) for line in printed.splitlines() if line.startswith("{")]
    assert {"STEP_SUCCESS", "ASSET_MATERIALIZATION", "ASSET_CHECK_EVALUATION", "PIPELINE_SUCCESS"} <= {
        line.get("event") for line in log
    }
    assert of_runs(events_in(home / EVENTS))[-1] == ["START", "COMPLETE"]
    manifest = json.loads((delivery.settings.curated(delivery.name) / "manifest.json").read_text(encoding="utf-8"))
    # Each spoilt form was judged and set aside, and is in quarantine whole.
    assert manifest["summary"]["quarantined"] >= 15
    quarantine = str(pq.read_table(delivery.settings.restricted(delivery.name) / "quarantine.parquet").to_pydict())
    assert len(canary.seen(quarantine)) >= 15


def test_no_conference_number_is_heard_past_quarantine(refreshed, home, held):
    delivery, _ = refreshed
    # Pages and tables of the whole study, or of few tables.
    at_least = 100 if delivery.settings.study is STUDY else 60
    numbers = "|".join([*(str(entry.conference_number) for entry in held), str(ONLY_BOOKED)])
    number = re.compile(rf"(?<![0-9a-zA-Z.]){numbers}(?![0-9a-zA-Z])".replace(numbers, f"(?:{numbers})"))
    files = everything(delivery.data, home)
    assert len(files) > at_least
    # Bytes of a page may look like anything; texts don't.
    assert [path for path in files for text in list(texts_of(path))[2:] if number.search(text)] == []


def test_commands_that_show_forms_show_no_canary_unless_asked(refreshed, run):
    delivery, canary = refreshed
    for arguments in (["quarantine"], ["quarantine", "--json"], ["tables", "1"], ["doctor"]):
        code, printed = run(delivery.data, *arguments)
        heard_of = {place for place in canary.seen(printed) if not place.startswith("accepted")}
        assert (code, heard_of) == (0, set()), arguments


def test_none_is_heard_in_an_audit_package(refreshed, run, tmp_path):
    """Nor in its sealed part, though whoever opens that sees the forms."""
    delivery, canary = refreshed
    identity = pyrage.x25519.Identity.generate()
    arguments = ("--purpose", "audit", "--auditor", str(identity.to_public()), "--to", str(tmp_path / "audit"))
    code, printed = run(delivery.data, "package", *arguments)
    assert code == 0, printed
    with tarfile.open(fileobj=io.BytesIO(pyrage.decrypt((tmp_path / "audit/sealed.tar.age").read_bytes(), [identity]))) as sealed:
        sealed.extractall(tmp_path / "audit/sealed", filter="data")
    files = [path for path in (tmp_path / "audit").rglob("*") if path.is_file()]
    assert {path for path in files if set().union(*map(canary.seen, texts_of(path)))} == set()
    assert canary.seen(printed) == set() and len(files) > 60


DESCRIBED = "a key of the delivery's description"
SPOILT = {
    "a damaged workbook": ("participant_followup/*.xlsx", lambda text, said: text[:-200]),
    "a damaged SPSS file": ("initiator/*.sav", lambda text, said: text[:-200]),
    "two workbooks": ("initiator/*.sav", lambda text, said: text),
    "a line with more cells": ("coordinator/dataset.csv", lambda text, said: text.rstrip() + f";{said};x;y\r\n"),
    "an open quote": ("coordinator/dataset.csv", lambda text, said: text + f'"{said}'),
    "another header": ("coordinator/dataset.csv", lambda text, said: f"{said};" + text),
    "a line of the ledger": ("kontering.csv", lambda text, said: text + f"{said};2018-10-01;rådslagning\n"),
    "a date of the ledger": ("kontering.csv", lambda text, said: text + f"71717;{said};rådslagning\n"),
    "an occasion of the ledger": ("kontering.csv", lambda text, said: text + f"71717;2018-10-01;{said}\n"),
    "a correction's form": ("corrections.csv", lambda text, said: text + f"{said};helefrs;1;2;x;LK;2021-01-01\r\n"),
    "a correction's column": ("corrections.csv", lambda text, said: text + f"DF-700001;{said};1;2;x;LK;2021-01-01\r\n"),
    "a correction's value": ("corrections.csv", lambda text, said: text + f"DF-700012;helefrs;{said};2;x;LK;2021-01-01\r\n"),
    "a correction's date": ("corrections.csv", lambda text, said: text + f"DF-700012;helefrs;1;2;x;LK;{said}\r\n"),
    "an exception's rule": ("exceptions.csv", lambda text, said: text + f";{said};x;y;LK;2021-12-31\r\n"),
    "an exception's date": ("exceptions.csv", lambda text, said: text + f";column_unknown;x;y;LK;{said}\r\n"),
    "a label": ("coordinator/labels.csv", lambda text, said: text.replace("1;", f"1;{said} ", 1)),
    "a wording": ("coordinator/structure.csv", lambda text, said: text.replace("Oplever", said, 1)),
    DESCRIBED: ("README.md", lambda text, said: text),
    "a type": ("coordinator/structure.csv", lambda text, said: text + f"a;b;{said};c;d;e;f;g;h\r\n"),
}


# Every run takes a second or two; all are tried with FRS_ALL_CANARIES set, some always.
OFTEN = (
    "a damaged workbook",
    "two workbooks",
    "a line with more cells",
    "an occasion of the ledger",
    "a correction's value",
    DESCRIBED,
)


@pytest.mark.parametrize("spoil", SPOILT if "FRS_ALL_CANARIES" in os.environ else OFTEN)
def test_none_is_heard_when_a_run_fails(planted, run, home, tmp_path, spoil):
    delivery, canary = planted
    copy = delivery.copy_to(tmp_path / "data")
    name, change = SPOILT[spoil]
    encoding = "utf-8" if "/" not in name else "latin-1" if "*" in name else "cp1252"
    (path,) = copy.folder.glob(name)
    if spoil == "two workbooks":
        path.with_name(f"{canary.without_number(spoil)}.xlsx").touch()
    if spoil == DESCRIBED:
        # Without the word: what somebody took for a key is repeated, but for a number.
        number = canary(spoil).rpartition("Nibe ")[2]
        copy.path("delivery.yaml").write_text(f'"{number}": 2020-01-01\n', encoding="utf-8")
    path.write_bytes(change(path.read_bytes().decode(encoding), canary(spoil)).encode(encoding))
    code, printed = run(copy.data, "run", "--select", "noted", "--debug")
    assert code != 0, printed
    assert heard(canary, copy.data, home, printed.replace(str(tmp_path), "")) == {}
