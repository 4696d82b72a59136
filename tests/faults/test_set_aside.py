"""Runs over forms that are set aside: when too many are, when people decide about them, and who gets to see their values."""

import json
import shutil

import pytest
from support.fault_table import PERSONAL, SECRET
from support.running import NAME, curated
from support.running import here as frs
from support.study import study_with

from frs_pipeline.intake.amendments import CORRECTION_COLUMNS, EXCEPTION_COLUMNS
from frs_pipeline.store.files import MANIFEST
from frs_pipeline.store.settings import PROJECT
from frs_pipeline.study.tables import catalogue

OWN_RULE = """
  heavy_without_conflict:
    severity: aside
    danish: En tung problemstilling og slet ingen konflikter
    english: a heavy problem, and no conflict at all
    meaning: Seldom are both true.
    remedy: Look at the paper.
    on: initiator
    when: {conflict: slet ingen, problem_weight: [tung, meget tung]}
"""
EXCEPTION = ("looked at the papers", "controller", "2021-12-31")


@pytest.fixture
def ruled(good, tmp_path, monkeypatch):
    """`ruled(edit)`: `frs` takes the study of the delivery with another policy, made of the text of its own."""

    def take(edit):
        monkeypatch.setenv("FRS_STUDY", str(study_with(tmp_path, {"rules.yaml": edit}, good.settings.study).folder))

    return take


def amend(delivery, name, *lines):
    """Write exceptions.csv or corrections.csv."""
    columns = CORRECTION_COLUMNS if name == "corrections" else EXCEPTION_COLUMNS
    text = "".join(";".join(line) + "\n" for line in (columns, *lines))
    delivery.path(f"{name}.csv").write_text(text, encoding="utf-8")


def blank_numbers(delivery, instrument="coordinator", forms=(1, 3)):
    """Forms without a number, more than the policy allows; their ids."""
    for form in forms:
        delivery.set(instrument, form, raadsnr="", raadsnr2="")
    return [f"SA-{delivery.get(instrument, form, 'responde')}" for form in forms]


def dagster_home(folder):
    """A folder for Dagster's history, with the project's settings."""
    home = folder / "dagster"
    home.mkdir()
    shutil.copy(PROJECT / ".dagster_home" / "dagster.yaml", home)
    return home


def without_manifest(files):
    return {name: found for name, found in files.items() if not name.endswith(MANIFEST)}


def without_report(files):
    """All but the report, which tells how many cells were corrected, and the manifest, which lists its pages."""
    parts = ("/findings.parquet", "/report/")
    return {name: found for name, found in without_manifest(files).items() if not any(part in name for part in parts)}


def test_too_many_set_aside_ends_the_run_before_anything_curated_is_made(delivery, run):
    before = curated(delivery)
    assert f"{NAME}/{MANIFEST}" in before
    forms = blank_numbers(delivery)
    code, out, err = run(delivery.data, "run")
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert err.startswith("frs: 2 of 26 forms were set aside, more than the policy's 5% [too_many_set_aside] (")
    assert curated(delivery) == before
    code, out, err = run(delivery.data, "quarantine", "--json")
    assert (code, err) == (0, "")
    told = json.loads(out)
    assert ([row["form_id"] for row in told["set_aside"]], told["noted"]) == (forms, None)
    code, out, err = run(delivery.data, "quarantine")
    assert (code, err) == (0, "")
    assert out.startswith("2 forms set aside, what is only noted isn't made yet")
    assert all(form in out for form in forms)
    # Nothing is taken for made the second time.
    assert run(delivery.data, "run")[0] == 1
    assert curated(delivery) == before


def test_too_many_of_one_questionnaire_end_the_run_too(delivery, run, ruled):
    ruled(lambda text: text.replace("delivery: 0.05", "delivery: 0.5"))
    before = curated(delivery)
    blank_numbers(delivery)
    code, out, err = run(delivery.data, "run")
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert err.startswith("frs: coordinator: 2 of 5 forms were set aside, more than the policy's 20% [too_many_set_aside] (")
    assert curated(delivery) == before


def test_too_many_set_aside_may_be_accepted(delivery, run):
    forms = blank_numbers(delivery)
    amend(delivery, "exceptions", ["", "too_many_set_aside", "coordinator", *EXCEPTION])
    code, _, err = run(delivery.data, "run")
    # That holds for the questionnaire, not for the delivery.
    assert (code, err.count("\n")) == (1, 1)
    assert "2 of 26 forms were set aside" in err
    amend(delivery, "exceptions", ["", "too_many_set_aside", "", *EXCEPTION])
    code, out, err = run(delivery.data, "run")
    assert (code, err) == (0, "")
    assert "26 = 24 accepted + 2 quarantined" in out
    code, out, err = run(delivery.data, "quarantine", "--json")
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert [row["form_id"] for row in found["set_aside"]] == forms
    accepted = {(row["instrument"], row["rule"], row["severity"], row["reason"]) for row in found["noted"]}
    assert accepted == {(name, "too_many_set_aside", "accepted", EXCEPTION[0]) for name in ("delivery", "coordinator")}
    amend(delivery, "exceptions", ["", "too_many_set_aside", "", *EXCEPTION[:2], "2021-01-30"])
    assert run(delivery.data, "run")[0] == 1


@pytest.fixture
def roles_stop(ruled):
    """A policy in which a missing role is a reason to stop."""
    old = "  role_missing:\n    severity: warn"
    ruled(lambda text: text.replace(old, old.replace("warn", "stop")))


@pytest.mark.usefixtures("roles_stop")
def test_a_rule_that_is_set_to_stop_ends_the_run_unless_it_is_accepted(delivery, run):
    before = curated(delivery)
    for form in (2, 5):
        delivery.set("participant_first", form, hvem="")
    code, out, err = run(delivery.data, "run")
    assert (code, out, err.count("\n")) == (1, "", 1)
    where = delivery.path("participant_first/dataset.csv")
    assert err.startswith(f"frs: {where}:4: 2 forms break a rule that stops the run, this the first [role_missing] (")
    assert curated(delivery) == before
    forms = [f"DF-{delivery.get('participant_first', form, 'responde')}" for form in (2, 5)]
    amend(delivery, "exceptions", [forms[0], "role_missing", "", *EXCEPTION])
    code, _, err = run(delivery.data, "run")
    assert (code, err.count("\n")) == (1, 1)
    assert f"{where}:7: 1 form breaks" in err
    assert curated(delivery) == before
    amend(delivery, "exceptions", *([form, "role_missing", "", *EXCEPTION] for form in forms))
    code, out, err = run(delivery.data, "run")
    assert (code, err) == (0, "")
    assert "26 = 26 accepted + 0 quarantined (2 warnings)" in out


@pytest.fixture
def own_rule(ruled):
    """A policy with a rule of its own."""
    ruled(lambda text: text + OWN_RULE)


@pytest.mark.usefixtures("own_rule")
def test_a_rule_of_ones_own_sets_forms_aside_and_is_told_everywhere(delivery, run):
    for form in range(5):
        delivery.set("initiator", form, konflikt="5" if form == 1 else "2", tyngdbar="5")
    form = f"IN-{delivery.get('initiator', 1, 'responde')}"
    code, out, err = run(delivery.data, "run")
    assert (code, err) == (0, "")
    assert "26 = 25 accepted + 1 quarantined" in out
    found = json.loads(run(delivery.data, "quarantine", "--json")[1])["set_aside"]
    assert [(row["form_id"], row["column"], row["rule"]) for row in found] == [(form, "tyngdbar", "heavy_without_conflict")]
    reason = "a heavy problem, and no conflict at all"
    assert f"set aside: {reason}" in run(delivery.data, "trace", "60", "--row", "Total valid")[1]
    assert reason in (delivery.data / "curated" / NAME / "report" / "datakvalitet.html").read_text(encoding="utf-8")
    code, out, err = run(delivery.data, "impact", "--rule", "heavy_without_conflict")
    assert (code, err) == (0, "")
    assert form in out


def test_a_correction_brings_a_form_back_and_its_removal_restores_the_earlier_bytes(delivery, run):
    before = curated(delivery)
    old = delivery.get("coordinator", 1, "konflikt")
    form = f"SA-{delivery.get('coordinator', 1, 'responde')}"
    delivery.set("coordinator", 1, konflikt=SECRET)
    assert run(delivery.data, "run")[0] == 0
    spoilt = curated(delivery)
    assert without_manifest(spoilt) != without_manifest(before)

    amend(delivery, "corrections", [form, "konflikt", SECRET, old, "read from the paper", "controller", "2021-02-01"])
    code, out, err = run(delivery.data, "run")
    assert (code, err) == (0, "")
    assert "26 = 26 accepted + 0 quarantined" in out
    assert without_report(curated(delivery)) == without_report(before)
    code, out, err = run(delivery.data, "corrections")
    assert (code, err) == (0, "")
    assert f"{form} konflikt  read from the paper (controller, 2021-02-01)" in out
    assert SECRET not in out
    resting = {int(line.split()[1].rstrip(":")) for line in out.splitlines() if line.strip().startswith("Table ")}
    tables = {
        t.number
        for t in catalogue(delivery.settings.study).values()
        if "coordinator" in t.marts and "conflict" in (*t.variables, *t.answered)
    }
    assert resting == tables
    assert tables
    assert f"konflikt: {SECRET} → {old}" in run(delivery.data, "corrections", "--values", "--reason", "rettelse prøvet")[1]

    delivery.path("corrections.csv").unlink()
    assert run(delivery.data, "run")[0] == 0
    assert curated(delivery) == spoilt


def test_a_correction_of_another_value_is_refused(delivery, run):
    before = curated(delivery)
    form = f"SA-{delivery.get('coordinator', 1, 'responde')}"
    amend(delivery, "corrections", [form, "konflikt", SECRET, "1", "read from the paper", "controller", "2021-02-01"])
    code, out, err = run(delivery.data, "run")
    assert (code, out, err.count("\n")) == (3, "", 1)
    assert err.startswith(f"frs: {delivery.path('corrections.csv')}:2: the old value isn't what the export says (")
    assert SECRET not in err
    assert curated(delivery) == before


def test_values_are_shown_only_when_asked_for_and_personal_numbers_never(delivery, tmp_path):
    delivery.set("coordinator", 1, raadsnr2="610118-0011", konflikt=f"{SECRET}\x1b[2J {PERSONAL}", modified=SECRET)
    delivery.set("coordinator", 2, created=f"{SECRET} {PERSONAL}")
    home = tmp_path / "dagster"
    home.mkdir()
    (home / "dagster.yaml").write_text("nux: {enabled: false}\n", encoding="utf-8")
    hidden = (SECRET, PERSONAL, "610118-0011")

    done = frs(delivery.data, "run", DAGSTER_HOME=str(home))
    assert (done.returncode, done.stderr) == (0, "")
    assert "1 quarantined" in done.stdout
    assert not [value for value in hidden if value in done.stdout]
    for arguments in (["quarantine"], ["quarantine", "--json"]):
        done = frs(delivery.data, *arguments, DAGSTER_HOME=str(home))
        assert (done.returncode, done.stderr) == (0, "")
        assert "code_unreadable" in done.stdout and "timestamp_unreadable" in done.stdout
        assert not [value for value in hidden if value in done.stdout]

    # Its dagster.yaml says nothing of it: no diary for Dagster's makers is kept there, nor what steps print.
    assert not (home / "logs").exists() and not (home / ".telemetry").exists()
    assert not [path for path in home.rglob("*.err") if path.stat().st_size]
    kept = b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())
    assert b"nothing_lost" in kept  # the events are there, and are told in plain text
    assert not [value for value in hidden if value.encode() in kept]
    told = [path for path in (delivery.data / "curated").rglob("*") if path.is_file()]
    assert not [value for value in hidden for path in told if value.encode() in path.read_bytes()]

    for arguments in (["--values", "--reason", "set efter"], ["--values", "--reason", "set efter", "--json"]):
        done = frs(delivery.data, "quarantine", *arguments)
        assert (done.returncode, done.stderr) == (0, "")
        shown = "".join(done.stdout.split())
        assert SECRET in shown
        assert "\x1b" not in shown  # a terminal would obey it
        assert "••••••-••••" in shown
        assert not [value for value in hidden[1:] if value in shown]


def test_a_run_that_stops_keeps_values_to_itself(delivery, tmp_path):
    home = dagster_home(tmp_path)
    delivery.add_column("participant_first", "nyt_spm", f"{SECRET} {PERSONAL}")
    done = frs(delivery.data, "run", DAGSTER_HOME=str(home))
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (3, "", 1)
    kept = b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())
    assert b"nyt_spm" in kept
    assert not [value for value in (SECRET, PERSONAL) if value in done.stderr or value.encode() in kept]


def test_a_run_says_which_rules_it_could_not_apply_and_stops_when_it_is_too_much(delivery, run):
    delivery.set("initiator", 1, created="i dag")
    amend(delivery, "exceptions", ["IN-700001", "keyed_twice", "", *EXCEPTION])
    code, out, err = run(delivery.data, "run")
    assert (code, err) == (0, "")
    assert "keyed_twice not to 1 of 5 in initiator: the time can't be read" in out
    assert "1 exception fits no finding: see frs quarantine" in out
    code, out, _ = run(delivery.data, "quarantine")
    assert code == 0
    assert "exceptions.csv:2" in out
    told = json.loads(run(delivery.data, "quarantine", "--json")[1])["not_applied"]
    (found,) = (row for row in told if (row["instrument"], row["rule"]) == ("initiator", "keyed_twice"))
    assert found.items() >= {"instrument": "initiator", "rule": "keyed_twice", "reason": "time_unreadable", "total": 5}.items()
    page = (delivery.data / "curated" / NAME / "report" / "datakvalitet.html").read_text(encoding="utf-8")
    assert "tidspunktet kan ikke læses" in page
    before = curated(delivery)
    for form in range(5):
        delivery.set("initiator", form, created=f"0{form + 1}/05/2019 09:00")
    code, out, err = run(delivery.data, "run")
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert err.startswith("frs: initiator: keyed_twice couldn't be applied to 5 of 5 forms (day and month can't be told apart")
    assert "[not_applied]" in err
    assert curated(delivery) == before
