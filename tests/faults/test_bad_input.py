"""Bad input: what is said, with which exit code, and that the last good run stays as it is."""

import json
import subprocess
import sys

import pytest
from support.fault_table import SECRET
from support.keys import environment_of
from support.running import NAME, curated, frs

from frs_pipeline.assets import validated
from frs_pipeline.codebook.entries import FULL_COLUMNS
from frs_pipeline.codebook.keys import PUBLISHED
from frs_pipeline.operations.refresh import refresh
from frs_pipeline.store.deliveries import CODEBOOK, LEDGER
from frs_pipeline.store.files import read


def missing_export(delivery):
    delivery.path("initiator/labels.csv").unlink()
    return "initiator/labels.csv", "missing file"


def missing_ledger(delivery):
    delivery.path(LEDGER).unlink()
    return LEDGER, "missing file"


def missing_codebook(delivery):
    delivery.path(CODEBOOK).unlink()
    return CODEBOOK, "missing file"


def folder_for_a_file(delivery):
    delivery.path("initiator/labels.csv").unlink()
    delivery.path("initiator/labels.csv").mkdir()
    return "initiator/labels.csv", "cannot be read"


def file_that_nobody_reads(delivery):
    delivery.path("initiator/dataset (1).csv").write_bytes(delivery.path("initiator/dataset.csv").read_bytes())
    return "initiator", "file 1 (.csv) of this folder isn't read: dataset (1).csv"


def header_only(delivery):
    delivery.write_dataset("coordinator", delivery.dataset("coordinator")[:1])
    return "coordinator/dataset.csv", "a header and no rows [no_forms]"


def row_too_long(delivery):
    rows = delivery.dataset("participant_followup")
    rows[3].append(SECRET)
    delivery.write_dataset("participant_followup", rows)
    return "participant_followup/dataset.csv:4", "fields where"


def not_a_csv_file(delivery):
    path = delivery.path("initiator/dataset.csv")
    path.write_bytes(path.read_bytes() + b'1;"' + SECRET.encode())
    return "initiator/dataset.csv:7", "not a CSV file"


def null_bytes(delivery):
    path = delivery.path("initiator/dataset.csv")
    path.write_bytes(path.read_bytes() + SECRET.encode() + b"\x00")
    return "initiator/dataset.csv:7", "null bytes"


def question_missing(delivery):
    delivery.drop_column("initiator", "konflikt")
    return "initiator/dataset.csv:1", "question konflikt is missing from the export [question_missing]"


def question_unknown(delivery):
    delivery.add_column("participant_first", "nyt_spm", SECRET)
    return "participant_first/dataset.csv:1", "column nyt_spm isn't in questionnaire participant_first [column_unknown]"


def another_structure(delivery):
    delivery.edit("coordinator/structure.csv", b"questionName", b"question")
    return "coordinator/structure.csv:1", "header"


def codebook_altered(delivery):
    data = bytearray(delivery.path(CODEBOOK).read_bytes())
    data[-30] ^= 1
    delivery.path(CODEBOOK).write_bytes(data)
    return CODEBOOK, "was altered"


def codebook_of_the_controllers(delivery):
    delivery.lock_codebook(columns=FULL_COLUMNS)
    return CODEBOOK, "isn't the pipeline's part"


def ledger_with_a_fault(delivery):
    delivery.edit(LEDGER, b"2018-02-01", b"2018-02-31")
    return f"{LEDGER}:2", "not a number, a date and an occasion"


def cut_in_the_last_line(delivery):
    path = delivery.path("initiator/dataset.csv")
    path.write_bytes(path.read_bytes().rstrip(b"\r\n"))
    return "initiator/dataset.csv:6", "the last line has no end"


# Each is refused where it is read, which unit tests show; these are seen through to the end, before any work and in a step.
TO_THE_END = [missing_export, file_that_nobody_reads, row_too_long, question_missing, codebook_altered, ledger_with_a_fault]
OTHERS = [
    missing_ledger,
    missing_codebook,
    folder_for_a_file,
    cut_in_the_last_line,
    header_only,
    not_a_csv_file,
    null_bytes,
    question_unknown,
    another_structure,
    codebook_of_the_controllers,
]


@pytest.mark.parametrize("spoil", [*TO_THE_END, *(pytest.param(spoil, marks=pytest.mark.minutes) for spoil in OTHERS)])
def test_bad_input_is_told_in_one_line_and_the_last_good_run_stays(delivery, run, spoil):
    before = curated(delivery)
    where, says = spoil(delivery)
    code, out, err = run(delivery.data, "run")
    assert (code, out) == (3, "")
    assert err.count("\n") == 1
    assert err.startswith(f"frs: {delivery.path('')}")
    assert f"{delivery.path(where)}: " in err
    assert says in err
    assert SECRET not in err
    assert curated(delivery) == before


@pytest.mark.parametrize(
    "spoil",
    [row_too_long, *(pytest.param(spoil, marks=pytest.mark.minutes) for spoil in (ledger_with_a_fault, codebook_altered))],
)
def test_a_good_change_does_not_get_through_beside_a_fault(delivery, run, spoil):
    before = curated(delivery)
    delivery.set("participant_first", 0, helefrs=str(1 + int(delivery.get("participant_first", 0, "helefrs")) % 5))
    where, _ = spoil(delivery)
    code, _, err = run(delivery.data, "run")
    assert code == 3
    assert where in err
    assert curated(delivery) == before


def test_rows_that_hold_nothing_are_told_and_are_no_forms(delivery, run):
    before = json.loads(run(delivery.data, "run", "--json")[1])["summary"]
    path = delivery.path("initiator/dataset.csv")
    nothing = b";" * path.read_bytes().split(b"\r\n")[0].count(b";") + b"\r\n"
    path.write_bytes(path.read_bytes() + nothing * 5)
    code, out, _ = run(delivery.data, "run")
    assert code == 0
    assert "  Passed over        5 rows that hold nothing\n" in out
    after = json.loads(run(delivery.data, "run", "--json")[1])["summary"]
    assert after == {**before, "passed_over": 5, "noted": before["noted"] + 5}
    assert "rows_blank" in run(delivery.data, "quarantine")[1]


def test_once_the_input_is_mended_there_is_nothing_to_do(delivery, run):
    good_bytes = delivery.path("initiator/dataset.csv").read_bytes()
    before = curated(delivery)
    question_missing(delivery)
    assert run(delivery.data, "run")[0] == 3
    delivery.path("initiator/dataset.csv").write_bytes(good_bytes)
    code, out, err = run(delivery.data, "run")
    assert (code, err) == (0, "")
    assert "nothing to do" in out
    assert curated(delivery) == before


def test_an_export_that_is_changed_while_it_is_read_is_read_again(delivery, run, monkeypatch):
    """What was made of the old content must not say that it comes from the new one."""
    whole = validated.validate

    def meanwhile(export, questionnaire, *more):
        found = whole(export, questionnaire, *more)
        if questionnaire.instrument == "coordinator":
            delivery.set("coordinator", 0, konflikt="1" if delivery.get("coordinator", 0, "konflikt") != "1" else "2")
        return found

    before = delivery.get("coordinator", 0, "konflikt")
    delivery.set("coordinator", 1, konflikt="")
    with monkeypatch.context() as patched:
        patched.setattr(validated, "validate", meanwhile)
        code, _, err = run(delivery.data, "run", "--select", "validated")
    assert (code, "was changed while it was read" in err, err.count("\n")) == (1, True, 1)
    assert delivery.get("coordinator", 0, "konflikt") != before
    path = delivery.settings.restricted(delivery.name) / "validated" / "coordinator.parquet"
    # Nor may anybody build on it before the next run.
    assert not path.exists()
    assert run(delivery.data, "run", "--select", "validated")[0] == 0
    assert read(path, ["conflict"])["conflict"][0].as_py() == int(delivery.get("coordinator", 0, "konflikt"))


def test_a_run_goes_on_when_whoever_looked_on_has_gone(delivery):
    def gone(_name, _made, _of):
        raise BrokenPipeError

    delivery.set("coordinator", 0, konflikt="1" if delivery.get("coordinator", 0, "konflikt") != "1" else "2")
    assert "validated/coordinator" in refresh(delivery.settings, select="validated", told=gone).made


def test_a_ledger_that_is_changed_while_it_is_read_is_read_again(delivery, run, monkeypatch):
    whole, ledger = validated.read_ledger, delivery.path("kontering.csv")
    path = delivery.settings.restricted(delivery.name) / "validated" / "ledger.parquet"

    def meanwhile(study, file):
        found = whole(study, file)
        ledger.write_bytes(ledger.read_bytes() + b"40666;2018-10-01;r\xc3\xa5dslagning\n")
        return found

    ledger.write_bytes(ledger.read_bytes() + b"40555;2018-09-01;r\xc3\xa5dslagning\n")
    with monkeypatch.context() as patched:
        patched.setattr(validated, "read_ledger", meanwhile)
        code, _, err = run(delivery.data, "run", "--select", "validated/ledger")
    assert (code, "was changed while it was read" in err, err.count("\n")) == (1, True, 1)
    assert not path.exists()
    assert run(delivery.data, "run", "--select", "validated/ledger")[0] == 0
    assert {40555, 40666} <= set(read(path, ["conference_number"])["conference_number"].to_pylist())


def test_a_first_run_that_fails_leaves_no_curated_files(make_delivery, tmp_path, run):
    delivery = make_delivery(tmp_path / "data")
    question_missing(delivery)
    assert run(delivery.data, "run")[0] == 3
    assert curated(delivery) == {}


def test_a_key_that_does_not_open_the_codebook_is_told(delivery, run, monkeypatch):
    before = curated(delivery)
    delivery.lock_codebook()  # the same content as other bytes, so that it has to be opened again
    monkeypatch.setenv("FRS_KEY_FILE", str(PUBLISHED / "CONTROLLERS-DEMO-KEY-NOT-SECRET.txt"))
    code, out, err = run(delivery.data, "run")
    assert (code, out, err.count("\n")) == (3, "", 1)
    assert f"{delivery.path(CODEBOOK)}: doesn't open with this key" in err
    assert curated(delivery) == before


def test_a_key_that_is_not_there_is_told(delivery, run, monkeypatch, tmp_path):
    before = curated(delivery)
    delivery.lock_codebook()
    monkeypatch.setenv("FRS_KEY_FILE", str(tmp_path / "no-key.txt"))
    code, _, err = run(delivery.data, "run")
    assert (code, err.count("\n")) == (3, 1)
    assert f"{tmp_path / 'no-key.txt'}: no key" in err
    assert curated(delivery) == before


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        pytest.param(["run", "--delivery", "2020-11-30"], 3, f"there is {NAME}", id="unknown delivery"),
        pytest.param(["run", "--delivery", "newest"], 2, "not a delivery name", id="delivery that is no date"),
        pytest.param(["run", "--select", "mart"], 2, "no such asset", id="unknown asset"),
        pytest.param(["run", "--deliver", NAME], 2, "--deliver", id="unknown option"),
        pytest.param(["run", "--delivery"], 2, "--delivery", id="option without value"),
        pytest.param(["walk"], 2, "walk", id="unknown command"),
        pytest.param(["tables", "82"], 2, "no such table", id="unknown table"),
        pytest.param(["tables", "one"], 2, "'N'", id="table in words"),
        pytest.param(["compare", "--delivery", "2020-11-30"], 3, "unknown delivery", id="comparing an unknown delivery"),
    ],
)
def test_wrong_use_is_told_in_one_line(good, run, arguments, code, says):
    before = curated(good)
    found, out, err = run(good.data, *arguments)
    assert (found, out, err.count("\n")) == (code, "", 1)
    assert says in err
    assert curated(good) == before


@pytest.mark.parametrize("made", ["", "raw", "raw/notes"])
def test_without_a_delivery_the_folder_is_named(tmp_path, run, made):
    (tmp_path / "data" / made).mkdir(parents=True)
    code, out, err = run(tmp_path / "data", "run")
    assert (code, out, err.count("\n")) == (3, "", 1)
    assert f"{tmp_path / 'data' / 'raw'}: no delivery" in err


@pytest.mark.parametrize("command", ["tables", "compare", "quarantine"])
def test_what_was_not_made_yet_or_is_damaged_is_told(delivery, run, command):
    name = {"tables": "statistics/tables/table_01", "compare": "statistics/compare", "quarantine": "quarantine"}[command]
    zone = "restricted" if command == "quarantine" else "curated"
    path = delivery.data / zone / NAME / f"{name}.parquet"
    for spoil, says in ((lambda: path.write_bytes(SECRET.encode()), "cannot be read"), (path.unlink, "not made yet")):
        spoil()
        code, out, err = run(delivery.data, command)
        assert (code, out, err.count("\n")) == (3, "", 1)
        assert f"{path}: {says}" in err
        assert SECRET not in err


def test_damaged_results_are_made_again_as_they_were(delivery, run):
    before = curated(delivery)
    (delivery.data / "curated" / NAME / "marts" / "coordinator.parquet").write_bytes(b"damaged")
    (delivery.data / "curated" / NAME / "statistics" / "tables" / "table_05.parquet").unlink()
    assert run(delivery.data, "run")[0] == 0
    assert curated(delivery) == before


def test_a_good_form_set_aside_by_a_fault_leaves_the_mart_and_enters_quarantine(delivery, run):
    delivery.set("coordinator", 1, konflikt=SECRET)
    form = f"SA-{delivery.get('coordinator', 1, 'responde')}"
    code, out, err = run(delivery.data, "run")
    assert (code, err) == (0, "")
    assert "26 = 25 accepted + 1 quarantined" in out
    code, out, err = run(delivery.data, "quarantine", "--json")
    assert (code, err) == (0, "")
    assert form in out
    assert "code_unreadable" in out
    assert SECRET not in out


def test_a_place_that_cannot_be_written_to_is_told_in_one_line(make_delivery, tmp_path, run):
    delivery = make_delivery(tmp_path / "data")
    (delivery.data / "restricted").write_bytes(b"a file where a folder belongs")
    code, out, err = run(delivery.data, "run")
    assert (code, out, err.count("\n")) == (3, "", 1)
    assert "restricted" in err and "Not a directory" in err


def test_with_validation_switched_off_nothing_is_made(make_delivery, tmp_path):
    delivery = make_delivery(tmp_path / "data")
    done = frs(delivery.data, "run", PANDERA_VALIDATION_ENABLED="False")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert "PANDERA_VALIDATION_ENABLED is off" in done.stderr
    assert curated(delivery) == {}


def test_a_traceback_is_shown_only_when_asked_for(good):
    plain, asked = (frs(good.data, *arguments, "run", "--delivery", "2020-11-30") for arguments in ((), ("--debug",)))
    assert (plain.returncode, plain.stdout, plain.stderr.count("\n")) == (3, "", 1)
    assert "Traceback" not in plain.stderr
    assert "Traceback" in asked.stderr


def test_a_run_with_nothing_to_do_loads_neither_dagster_nor_pandas(good):
    script = (
        "import sys; from frs_pipeline.operations import refresh; from frs_pipeline.store.settings import Settings, find_study;"
        "made = refresh.refresh(Settings.from_environment(find_study())).made;"
        "print(len(made), *{name.split('.')[0] for name in sys.modules})"
    )
    environment = environment_of(good.data)
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    count, *modules = done.stdout.split()
    assert count == "0"
    assert not {"dagster", "pandas", "pandera", "ibis", "duckdb"} & set(modules)
