"""A withdrawal as a person makes it: told before, left out at the next run, erased from all that was made."""

from __future__ import annotations

import csv
import json
import os
import shutil

import pyarrow.parquet as pq
import pytest
from support.running import NAME, curated
from support.study import STUDY

from frs_pipeline.store.deliveries import AMENDMENTS
from frs_pipeline.store.files import read
from frs_pipeline.store.journal import entries, operating_system_user, verify
from frs_pipeline.store.settings import Settings
from frs_pipeline.study.instruments import instruments
from frs_pipeline.study.questionnaires import questionnaires

LEDGER = AMENDMENTS["withdrawals"]
LATER = "2021-02-28"
WHY = ("--reason", "samtykke trukket", "--who", "KL")


def rows_of(delivery, number):
    """Form ids of a conference and their rows as delivered, by questionnaire."""
    found = {}
    for name in instruments(STUDY):
        header, *rows = delivery.dataset(name)
        prefix, at = questionnaires(STUDY)[name].form_prefix, header.index("raadsnr")
        found |= {f"{prefix}-{row[0]}": (name, row) for row in rows if row[at] == number}
    return found


def deliver_without(delivery, held, forms, number):
    """The exports and registers as if these forms and this conference had never been."""
    for name in instruments(STUDY):
        header, *rows = delivery.dataset(name)
        prefix = questionnaires(STUDY)[name].form_prefix
        delivery.write_dataset(name, [header, *(row for row in rows if f"{prefix}-{row[0]}" not in forms)])
    others = [entry for entry in held if entry.conference_number != number]
    delivery.lock_codebook(others)
    delivery.write_ledger(others)


def everything(folder):
    """Bytes of every file, Parquet's as the text of its cells."""
    for path in sorted(folder.rglob("*")):
        if path.suffix == ".parquet":
            yield path, json.dumps(pq.read_table(path).to_pylist(), default=str).encode()
        elif path.is_file():
            yield path, path.read_bytes()


@pytest.mark.minutes
def test_a_withdrawal_is_erased_from_all_deliveries_and_leaves_what_a_rebuild_without_it_leaves(delivery, held, run, tmp_path):
    """The newest delivery as a rebuild makes it, byte for byte; and nothing of the forms in any."""
    form, settings = delivery.form_id("participant_first", 0), Settings(STUDY, delivery.data)
    gone = rows_of(delivery, "40222")
    gone |= {form: ("participant_first", delivery.dataset("participant_first")[1])}
    shutil.copytree(settings.raw_delivery(NAME), settings.raw_delivery("2020-12-31"))
    other = delivery.copy_to(tmp_path / "other")
    # Copies that somebody left.
    for zone, name in ((settings.curated(NAME), "marts/copy.parquet"), (settings.restricted(NAME), "copy.csv")):
        shutil.copy(settings.curated(NAME) / "marts" / "participant_first.parquet", zone / name)
    settings.restricted(NAME).joinpath("copy.csv").write_text("C-finch\n")
    settings.curated(NAME).joinpath("notes.txt").write_text("C-finches are others\n")
    # What was written down beside them: sheets with a line per form lose these lines, others go.
    decided, day = settings.decided(NAME), settings.restricted("2021-03-01") / "collection"
    lists = ("adjudicated.csv", "to-adjudicate.csv", "samples/forms-7.csv")
    for path, text in {
        **{decided / name: f"\ufeffform;who\r\n{form};A\r\nDF-99999;B\r\n" for name in lists},
        decided / "samples/figures-7.csv": f"form;answer\n{form};god\n",
        decided / "samples/figures-7.drawn.json": json.dumps({"forms": [form]}),
        day / "drift.csv": f"{form};helefrs;1;3\n",
        day / "missing.csv": "number\n40222\n",
        settings.decided("collection") / "reconciled.csv": "number;who\n40222;A\n40111;B\n",
        settings.decided("collection") / "reconciliation.json": '{"seed": 40222, "every": 10}\n',
    }.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())

    code, out, err = run(delivery.data, "withdraw", form, "C-finch", *WHY, "--erase", "--yes")
    assert (code, err) == (0, "")
    assert "marts/copy.parquet" in out
    assert "copy.csv" in out
    assert all(f"Will lose the lines about them: {decided / name}" in out for name in lists)
    assert not any(f"holds something of them: {decided / name}" in out for name in lists)
    assert f"holds something of them: {day / 'drift.csv'}" in out
    assert not settings.curated(NAME).joinpath("marts", "copy.parquet").exists()
    assert settings.curated(NAME).joinpath("notes.txt").exists()
    assert {decided.joinpath(name).read_bytes() for name in lists} == {"\ufeffform;who\r\nDF-99999;B\r\n".encode()}
    assert sorted(path.name for path in (decided / "samples").iterdir()) == ["forms-7.csv"]
    assert [*day.iterdir()] == []
    assert settings.decided("collection").joinpath("reconciliation.json").exists(), "a seed is no number of a conference"
    assert settings.decided("collection").joinpath("reconciled.csv").read_bytes() == b"number;who\n40111;B\n"
    marks = [*(name.encode() for name in gone), b'"responde": "']
    for zone in ("restricted", "curated"):
        for name in (NAME, "2020-12-31"):
            for path, content in everything(delivery.data / zone / name):
                assert not [mark for mark in marks if mark in content], path
                if path.name != "withdrawn_conferences.parquet":
                    assert b"C-finch" not in content.replace(b"C-finches", b""), path
    for name in (NAME, "2020-12-31"):
        assert len(settings.raw_delivery(name).joinpath(LEDGER).read_text().splitlines()) == 3
    (entry,) = entries(settings.access_journal)
    assert (entry.event, entry.who, entry.why) == ("withdraw", operating_system_user(), WHY[1])
    assert entry.details == {
        "deliveries": ["2020-12-31", NAME],
        "forms": len(gone),
        "conferences": 1,
        "erased": True,
        "decided_by": "KL",
    }
    assert verify(settings.access_journal) == []

    manifest = json.loads(settings.curated(NAME).joinpath("manifest.json").read_text())["summary"]
    assert manifest["forms"] == manifest["accepted"] + manifest["withdrawn"] == 26
    assert manifest["withdrawn"] == len(gone)
    mine = curated(delivery)

    deliver_without(other, held, set(gone), 40222)
    shutil.rmtree(other.data / "raw" / "2020-12-31")
    shutil.copytree(settings.curated("2020-12-31"), other.settings.curated("2020-12-31"))  # what promises are held against
    assert run(other.data, "run")[0] == 0
    rebuilt = curated(other)
    mine.pop(f"{NAME}/notes.txt")
    assert mine.keys() == rebuilt.keys()
    # Manifests list the exports' hashes, the report's pages say how many forms were delivered and withdrawn, and findings
    # that they were made with these.
    told = [name for name in mine if name.endswith(("/manifest.json", "/findings.parquet")) or "/report/" in name]
    findings = [read(at.settings.curated(NAME) / "findings.parquet") for at in (delivery, other)]
    assert findings[0] == findings[1]
    assert {name: mine[name] for name in mine.keys() - told} == {name: rebuilt[name] for name in mine.keys() - told}
    assert mine[f"{NAME}/manifest.json"] != rebuilt[f"{NAME}/manifest.json"]


def test_what_a_withdrawal_changes_is_told_before_and_nothing_is_changed_unless_confirmed(delivery, run, monkeypatch):
    form = delivery.form_id("initiator", 1)
    before = {path: path.read_bytes() for path in delivery.data.rglob("*") if path.is_file()}
    code, out, err = run(delivery.data, "withdraw", form, *WHY, "--dry-run", "--json")
    assert (code, err) == (0, "")
    content = json.loads(out)
    told = content["deliveries"][NAME]
    assert (content["forms"], told["counted"], told["set_aside"]) == ([form], {"initiator": 1}, 0)
    code, out, _ = run(delivery.data, "impact", form, "--json")
    assert json.loads(out)["moved"] == told["moved"] != []
    small = [
        figure for figure in told["moved"] if figure["measure"] in ("count", "n") and figure["after"] < 5 <= figure["before"]
    ]
    assert told["below_threshold"] == small != []
    assert {(t["source"], t["measure"]) for t in told["turned"]} <= {(f["source"], f["measure"]) for f in told["moved"]}

    answers = os.pipe()
    os.write(answers[1], b"n\n")
    os.close(answers[1])
    with os.fdopen(answers[0]) as no:
        monkeypatch.setattr("sys.stdin", no)
        code, out, _ = run(delivery.data, "withdraw", form, *WHY)
    assert code == 1
    assert out.endswith("Nothing was changed.\n")
    assert f"To be withdrawn: {form}\n" in out
    assert "threshold of publication" in out
    assert {path: path.read_bytes() for path in delivery.data.rglob("*") if path.is_file()} == before

    code, out, err = run(delivery.data, "withdraw", form, *WHY, "--yes")
    assert (code, err) == (0, "")
    path = delivery.path(LEDGER)
    assert out.endswith(f"Withdrawn by a line in {path}: frs run --delivery {NAME} leaves the forms out.\n")
    (row,) = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines(), delimiter=";"))
    assert {name: row[name] for name in ("form", "conference", "reason", "who")} == {
        "form": form,
        "conference": "",
        "reason": WHY[1],
        "who": "KL",
    }
    code, _, err = run(delivery.data, "withdraw", form, *WHY, "--yes")
    assert (code, err) == (2, f"frs: {path}:2: was withdrawn before (nothing is left to withdraw)\n")
    code, _, err = run(delivery.data, "withdraw", delivery.form_id("initiator", 2), *WHY, "--yes")
    assert (code, err) == (1, f"frs: {NAME}: out of date: nobody can say what would change (frs run --delivery {NAME})\n")


def test_a_conference_named_by_its_number_is_withdrawn_without_a_word_that_leads_to_it(delivery, run):
    gone, settings = rows_of(delivery, "40222"), Settings(STUDY, delivery.data)
    day, sheet = settings.restricted("2021-03-01") / "collection", settings.decided("collection") / "reconciled.csv"
    for path in (day / "missing.csv", day / "conference-40222.html", sheet):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("number\n40222\n")
    for more in (("--erase", "--dry-run", "--json"), ("--yes",)):
        code, out, err = run(delivery.data, "withdraw", "40222", *WHY, *more)
        assert (code, err) == (0, "")
        assert not [word for word in ("40222", "C-finch", *gone) if word in out]
        if "--json" in more:
            told = json.loads(out)
            assert {str(day / "missing.csv"), str(day / "conference-….html")} <= {*told["leftovers"]}
            assert told["sheets"] == [str(sheet)]
    assert ";C-finch;" in delivery.path(LEDGER).read_text()
    assert "40222" not in delivery.path(LEDGER).read_text()
    assert b"40222" not in Settings(STUDY, delivery.data).access_journal.read_bytes()


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("withdraw", "IN-700012"), 2, "Missing option '--reason'"),
        (("withdraw", *WHY), 2, "Missing argument"),
        (("withdraw", "IN-700012", "--reason", " "), 2, "a reason is needed"),
        (("withdraw", "IN-123", *WHY), 2, "IN-123: there is no such form in the exports"),
        (("withdraw", "IN-123", *WHY, "--erase"), 2, "IN-123: there is no such form in the exports"),
        (("withdraw", "C-nobody", *WHY), 2, "C-nobody: no such form or conference"),
        (("withdraw", "40112", *WHY), 2, "withdraw: no such form or conference"),
        (("withdraw", "6101180011", *WHY), 2, "withdraw: no such form or conference"),
        (("withdraw", "IN-700012", *WHY, "--json"), 2, "a program can't be asked"),
        (("withdraw", "IN-700012", *WHY, "--erase", "--delivery", NAME), 2, "an erasure is about all deliveries"),
        (("impact",), 2, "one thing is needed"),
        (("impact", "IN-700012", "--rule", "keyed_twice"), 2, "one thing is needed"),
        (("impact", "6101180011"), 2, "impact: not a form id"),
        (("impact", "IN-123"), 2, "IN-123: no such form"),
        (("impact", "--rule", "outside_scale"), 2, "can't be counted as they are"),
        (("impact", "--question", "beleif"), 2, "did you mean belief"),
    ],
)
def test_wrong_use_is_one_line_and_changes_nothing(good, run, arguments, code, says):
    before = {path: path.read_bytes() for path in good.data.rglob("*") if path.is_file()}
    found, out, err = run(good.data, *arguments)
    assert (found, out) == (code, "")
    assert says in err
    assert err.count("\n") == 1
    assert not [number for number in ("40112", "6101180011") if number in err]
    assert {path: path.read_bytes() for path in good.data.rglob("*") if path.is_file()} == before


def test_a_form_that_is_corrected_or_accepted_is_not_withdrawn(delivery, run):
    delivery.correct(["IN-700001", "planhjlp", "1", "2"])
    delivery.accept(["IN-700012", "keyed_twice", ""])
    for form, file in (("IN-700001", "corrections"), ("IN-700012", "exceptions")):
        code, out, err = run(delivery.data, "withdraw", form, *WHY, "--yes")
        where = delivery.path(AMENDMENTS[file])
        assert (code, out, err) == (3, "", f"frs: {where}:2: the form is withdrawn (take out the line)\n")
    assert not delivery.path(LEDGER).exists()
