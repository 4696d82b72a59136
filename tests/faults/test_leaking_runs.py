"""Pipelines that leak, each in one way: the run fails, the file doesn't stay, no manifest vouches for anything."""

import json
import os
import sys

import pyarrow as pa
import pytest
from support.events import events_in, of_runs
from support.keys import environment_of

from frs_pipeline import cli
from frs_pipeline.assets import bases, marts, validated
from frs_pipeline.errors import InputError
from frs_pipeline.store.deliveries import sha256
from frs_pipeline.store.files import Store, read, recorded

PERSON = "610118-0011"
MART = "marts/coordinator.parquet"


@pytest.fixture
def run(monkeypatch, capfd):
    """`frs …` in this process: exit code and standard error."""

    def call(data, *arguments, home=None):
        for name in [name for name in os.environ if name.startswith(("FRS_", "DAGSTER_"))]:
            monkeypatch.delenv(name)
        for name in ("FRS_DATA_DIR", "FRS_KEY_FILE"):
            monkeypatch.setenv(name, environment_of(data)[name])
        monkeypatch.setenv("FRS_LINEAGE", str(data.parent / "events.jsonl"))
        if home:
            home.mkdir(exist_ok=True)
            (home / "dagster.yaml").touch()
            monkeypatch.setenv("DAGSTER_HOME", str(home))
        monkeypatch.setattr(sys, "argv", ["frs", *arguments])
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return ended.value.code, capfd.readouterr().err

    return call


def told_of(delivery):
    return events_in(delivery.data.parent / "events.jsonl")


def leak_into_mart(monkeypatch, column):
    """A mart of coordinators with a column more, made from the mart and the forms before they got pseudonyms."""
    whole = marts.sorted_by

    def leaking(rows, columns, folder=None):
        made = whole(rows, columns, folder)
        if "conflict" not in made.schema.names or len(made.schema) > 8:
            return made
        table = made.table()
        table = table.append_column("more", column(table))
        return marts.Rows.of([table], table.schema)

    monkeypatch.setattr(marts, "sorted_by", leaking)


@pytest.mark.parametrize("kind", ["personal number", pytest.param("conference number", marks=pytest.mark.minutes)])
def test_a_mart_that_leaks_does_not_stay(delivery, run, monkeypatch, kind):
    curated, store = delivery.settings.curated(delivery.name), Store(delivery.settings, delivery.name)
    delivery.set("coordinator", 0, konflikt="2")
    book = read(delivery.settings.restricted(delivery.name) / "validated" / "codebook.parquet").to_pylist()
    numbers = {entry["conference_id"]: entry["conference_number"] for entry in book}

    def column(table):
        if kind == "personal number":
            return pa.array([PERSON] * table.num_rows)
        return pa.array([numbers[name] for name in table["conference_id"].to_pylist()], pa.int32())

    leak_into_mart(monkeypatch, column)
    before = {path.name: sha256(path) for path in (curated / "statistics").iterdir() if path.is_file()}
    code, err = run(delivery.data, "run")
    assert (code, err.count("\n")) == (1, 1)
    assert f"{curated / MART}: holds what must not leave the restricted zone: {kind}" in err
    assert PERSON not in err
    assert not (curated / MART).exists()
    leaked = delivery.settings.restricted(delivery.name) / "leaked" / MART
    assert recorded(leaked)
    # What was the last good result isn't taken for the result of this run.
    assert "out of date" in run(delivery.data, "tables", "61")[1]
    monkeypatch.undo()
    code, err = run(delivery.data, "run")
    assert (code, err) == (0, "")
    assert json.loads((curated / "manifest.json").read_text(encoding="utf-8"))["root"]
    assert before.keys() <= {path.name for path in (curated / "statistics").iterdir()}
    assert store.raw("").exists()
    assert of_runs(told_of(delivery)) == [["START", "FAIL"], ["START", "COMPLETE"]]
    assert PERSON not in (delivery.data.parent / "events.jsonl").read_text(encoding="utf-8")


def test_a_selection_is_searched_too(delivery, run, monkeypatch):
    delivery.set("coordinator", 0, konflikt="2")
    leak_into_mart(monkeypatch, lambda table: pa.array([PERSON] * table.num_rows))
    code, err = run(delivery.data, "run", "--select", "marts/coordinator")
    assert (code, err.count("\n")) == (1, 1)
    assert f"{MART}: holds" in err
    assert not (delivery.settings.curated(delivery.name) / MART).exists()


def test_what_was_written_before_a_run_failed_is_searched_too(delivery, run, monkeypatch):
    delivery.set("coordinator", 0, konflikt="2")
    leak_into_mart(monkeypatch, lambda table: pa.array([PERSON] * table.num_rows))

    def failing(*_):
        raise InputError("no luck")

    monkeypatch.setattr(bases, "reconcile", failing)
    code, err = run(delivery.data, "run")
    assert code == 1
    assert f"{MART}: holds" in err


def telling(monkeypatch, tell):
    """`tell` is given the first coordinator's form when the coordinators' are judged."""
    whole = validated.validate

    def told(export, questionnaire, intake, folder=None):
        if questionnaire.instrument == "coordinator":
            tell(next(export.chunks()).cells.to_pylist()[0])
        return whole(export, questionnaire, intake, folder)

    monkeypatch.setattr(validated, "validate", told)


def test_a_form_in_dagsters_history_is_found(delivery, run, monkeypatch, tmp_path):
    def in_a_message(form):
        raise InputError(f"no good: {form}")

    delivery.set("coordinator", 0, konflikt="2")
    telling(monkeypatch, in_a_message)
    code, err = run(delivery.data, "run", "--select", "noted", home=tmp_path / "home")
    assert code == 1
    assert f"{tmp_path / 'home'}" in err
    said = err.rpartition("holds what must not leave the restricted zone: ")[2]
    assert "form" in said.partition("(take run")[0]
    assert "dagster" in err.lower()


def test_a_run_in_whose_history_a_form_is_found_did_not_complete(delivery, run, monkeypatch, tmp_path):
    """Each of its steps did, and Dagster calls it a success."""
    quoted, whole = [], validated.produced

    def describing(context, key, rows, /, **metadata):
        return whole(context, key, rows, **metadata, **({"note": str(quoted)} if key == ("noted", "coordinator") else {}))

    delivery.set("coordinator", 0, konflikt="2")
    telling(monkeypatch, quoted.append)
    monkeypatch.setattr(validated, "produced", describing)
    code, err = run(delivery.data, "run", "--select", "noted", home=tmp_path / "home")
    assert (code, err.count("holds what must not leave the restricted zone")) == (1, 1)
    events = told_of(delivery)
    assert of_runs(events) == [["START", "FAIL"]]
    assert {event["eventType"] for event in events[1:-1]} == {"START", "COMPLETE"}
    assert "search for leaks" in events[-1]["run"]["facets"]["errorMessage"]["message"]
    assert quoted and all(cell not in json.dumps(events) for cell in quoted[0].values() if len(str(cell)) > 9)


def test_what_a_step_prints_is_not_kept_in_dagsters_history(delivery, run, monkeypatch, tmp_path):
    """Whatever that home's dagster.yaml says."""
    telling(monkeypatch, lambda form: print("printed by a step", form))
    code, _ = run(delivery.data, "run", "--select", "noted", home=tmp_path / "home")
    assert code == 0
    kept = [path for path in (tmp_path / "home").rglob("*") if path.is_file()]
    assert kept
    assert not [path for path in kept if b"printed by a step" in path.read_bytes()]


def test_the_doctor_finds_what_was_laid_beside_the_results(good, run, tmp_path, make_delivery):
    delivery = good.copy_to(tmp_path / "data")
    curated = delivery.settings.curated(delivery.name)
    (curated / "udtræk.csv").write_text(f"navn;cpr\nx;{PERSON}\n", encoding="utf-8")
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "debug.log").write_text("C-lark er mærkelig", encoding="utf-8")
    code, _ = run(delivery.data, "doctor", home=tmp_path / "home")
    assert code == 1
