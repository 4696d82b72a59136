"""Several deliveries counted as one: what plain pandas counts in all of their marts, and nothing where it can't be counted."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from dagster import DagsterInstance, build_sensor_context
from support.night import night
from support.running import here
from support.tiny import Delivery
from support.together import LACKING, NAME, NEWER, OLDER, QUESTION, refreshed_both

import frs_pipeline
from frs_pipeline.assets.wiring import deliveries_of
from frs_pipeline.definitions import build_definitions
from frs_pipeline.lineage.meaning import meanings
from frs_pipeline.lineage.passport import Passports
from frs_pipeline.lineage.recount import recount
from frs_pipeline.operations.sensors import new_deliveries, nightly
from frs_pipeline.stats.printing import spss
from frs_pipeline.store.files import MANIFEST, Store, read, read_manifest, stale
from frs_pipeline.store.together import FILE
from frs_pipeline.study.instruments import instruments
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.study.tables import catalogue
from frs_pipeline.tables.bases import counted_codes


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Delivery:
    """Two deliveries and both together, refreshed: to be looked at."""
    older = refreshed_both(tmp_path_factory.mktemp("both"))
    done = frs(older, "run", "--together", NAME, "2021-*")
    assert (done.returncode, done.stderr) == (0, "")
    return older


@pytest.fixture
def copy(both: Delivery, tmp_path: Path) -> Delivery:
    """A copy of them to change."""
    made: Delivery = both.copy_to(tmp_path / "data")
    return made


def frs(delivery: Delivery, *arguments: str) -> subprocess.CompletedProcess[str]:
    return here(delivery.data, *arguments)


def whole(delivery: Delivery) -> Store:
    return Store(delivery.settings, NAME)


def forms(delivery: Delivery, mart: str) -> pd.DataFrame:
    """The forms of both marts, as pandas reads them."""
    return pd.concat(
        [
            pd.read_parquet(delivery.settings.curated(name) / "marts" / f"{mart}.parquet").assign(delivery=name)
            for name in (OLDER, NEWER)
        ],
        ignore_index=True,
    )


def figures(delivery: Delivery, table: int, measure: str = "count") -> dict[tuple[str | None, str | None], float]:
    rows = [r for r in read(whole(delivery).file("statistics", "figures")).to_pylist() if r["table"] == table]
    return {(r["row"], r["column"]): r["value"] for r in rows if r["measure"] == measure}


def test_nothing_of_the_forms_is_copied(both: Delivery) -> None:
    ids = {form for mart in instruments(both.settings.study) for form in forms(both, mart)["form_id"]}
    for path in both.settings.curated(NAME).rglob("*.parquet"):
        for column in pd.read_parquet(path).select_dtypes("object"):
            assert not ids & set(pd.read_parquet(path)[column])
    assert not list(both.settings.restricted(NAME).rglob("*.parquet"))


def test_a_frequency_is_that_of_all_forms(both: Delivery) -> None:
    for table, mart in ((60, "initiator"), (61, "coordinator")):
        question = questionnaires(both.settings.study)[mart].question("conflict")
        assert question is not None
        counted = forms(both, mart)["conflict"].value_counts()
        found = figures(both, table)
        for code, label in question.labels.items():
            if (label, None) in found:
                assert found[label, None] == counted.get(code, 0)
        assert found["Total", None] == len(forms(both, mart))


@pytest.mark.parametrize("table", [1, 5, 24, 29])
def test_a_crosstab_is_that_of_all_forms(both: Delivery, table: int) -> None:
    definition = catalogue(both.settings.study)[table]
    assert definition.column is not None
    rows = forms(both, definition.marts[0])
    found = figures(both, table)
    base = 0
    for row in definition.row.categories:
        for column in definition.column.categories:
            here = rows[definition.row.variable].isin(row.codes) & rows[definition.column.variable].isin(column.codes)
            assert found[row.label, column.label] == here.sum()
            base += here.sum()
    assert found["Total", "Total"] == base > 0


def test_a_question_that_one_of_them_did_not_ask_is_not_in_use_there_and_blank_elsewhere(both: Delivery) -> None:
    rows = [r for r in read(whole(both).file("statistics", "bases")).to_pylist() if r["table"] == 5]
    of_question = {r["reason"]: r["forms"] for r in rows if r["question"] == QUESTION}
    mine = forms(both, "participant_first")
    blank = mine[mine["role"].notna() & mine[QUESTION].isna()]
    expected = blank["delivery"].value_counts()
    assert (of_question["not_in_use"], of_question["blank"]) == (expected[OLDER], expected.get(NEWER, 0))
    assert sum(r["forms"] for r in rows if r["reason"] not in ("rows", "base")) == len(mine) - figures(both, 5)["Total", "Total"]
    item = {(r["instrument"], r["question"]): r for r in read(whole(both).file("statistics", "item_nonresponse")).to_pylist()}
    asked = item["participant_first", QUESTION]
    assert (asked["forms"], asked["asked"]) == (len(mine), (mine["delivery"] == NEWER).sum())
    assert asked["answered"] == mine[QUESTION].notna().sum()


def test_a_conference_that_both_have_counts_once_and_lacks_no_form_that_one_of_them_did_not_have(both: Delivery) -> None:
    unit = {
        (r["occasion"], r["measure"]): r["conferences"]
        for r in read(whole(both).file("statistics", "unit_nonresponse")).to_pylist()
    }
    conferences = [pd.read_parquet(both.settings.curated(name) / "marts" / "conference.parquet") for name in (OLDER, NEWER)]
    summed = pd.concat(conferences).groupby("conference_id")["initiator_forms"].sum()
    assert unit["both", "in_codebook"] == len(summed) == len(conferences[0])
    assert unit["both", "without_initiator"] == (summed == 0).sum()
    assert not {measure for _, measure in unit} & {f"without_{LACKING}", "only_in_ledger"}


def test_researchers_read_it_with_the_delivery_as_a_column(both: Delivery, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRS_DATA_DIR", str(both.data))
    study = both.settings.study.folder
    mart = frs_pipeline.read_mart("participant_first", NAME, labels=False, dont_know="answer", study=study)
    expected = forms(both, "participant_first")
    assert mart.columns[0] == "delivery"
    assert mart[["delivery", "form_id"]].to_numpy().tolist() == expected[["delivery", "form_id"]].to_numpy().tolist()
    assert mart["overall"].tolist() == expected["overall"].tolist()
    assert frs_pipeline.read_mart("conference", NAME, study=study)["delivery"].unique().tolist() == [OLDER, NEWER]
    assert len(frs_pipeline.read_figures(NAME, study=study)) == len(read(whole(both).file("statistics", "figures")))
    assert "delivery" not in frs_pipeline.read_mart("initiator", OLDER, study=study)


def test_all_pairs_are_those_of_all_forms(both: Delivery) -> None:
    done = frs(both, "associate", "initiator", "--delivery", NAME, "--json")
    assert done.returncode == 0, done.stderr
    pairs = json.loads(done.stdout)
    questions = {q.name: q for q in questionnaires(both.settings.study)["initiator"].questions}
    rows = forms(both, "initiator")
    assert pairs
    for pair in pairs:
        known = [rows[name].notna() & (rows[name] != questions[name].dont_know) for name in (pair["row"], pair["column"])]
        assert pair["n"] == (known[0] & known[1]).sum()


def test_it_is_up_to_date_until_a_part_changes(copy: Delivery) -> None:
    assert not stale(whole(copy))
    before = read_manifest(whole(copy))
    again = frs(copy, "run", "--together", NAME)
    assert "is up to date: nothing to do" in again.stdout
    copy.correct((copy.form_id("initiator", 0), "konflikt", copy.get("initiator", 0, "konflikt"), "2"))
    told = frs(copy, "tables", "60", "--delivery", NAME)
    assert (told.returncode, told.stderr.split(": ")[-1]) == (1, f"out of date (frs run --together {NAME})\n")
    refused = frs(copy, "run", "--together", NAME)
    assert refused.returncode == 1
    assert (
        refused.stderr == f"frs: {NAME}: delivery {OLDER} is out of date (frs run --delivery {OLDER} first, or frs run --all)\n"
    )
    done = frs(copy, "run", "--all")
    assert [line.split(":")[0] for line in done.stdout.splitlines()] == [f"Delivery {name}" for name in (OLDER, NEWER, NAME)]
    assert frs(copy, "tables", "60", "--delivery", NAME).returncode == 0
    assert read_manifest(whole(copy))["root"] != before["root"]


def test_which_deliveries_they_are_is_kept_and_may_be_changed(copy: Delivery) -> None:
    third = Delivery(copy.data, "2021-12-31")
    shutil.copytree(copy.settings.raw_delivery(NEWER), third.folder)
    for instrument in instruments(copy.settings.study):
        header, *rows = third.dataset(instrument)
        at = header.index("responde")
        third.write_dataset(instrument, [header, *([*r[:at], str(int(r[at]) + 90_000), *r[at + 1 :]] for r in rows)])
    assert frs(copy, "run").returncode == 0
    assert "2021-12-31" not in (copy.settings.curated(NAME) / FILE).read_text(encoding="utf-8")
    done = frs(copy, "run", "--together", NAME, OLDER, NEWER, "2021-12-31", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["summary"]["deliveries"] == 3
    assert "2021-12-31" in (copy.settings.curated(NAME) / FILE).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        pytest.param(["--together", "2021-01-31", OLDER, NEWER], "can't be the name of several deliveries", id="a date"),
        pytest.param(["--together", "releases", OLDER, NEWER], "can't be the name of several deliveries", id="a folder of ours"),
        pytest.param(["--together", "../x", OLDER, NEWER], "can't be the name of several deliveries", id="a path"),
        pytest.param(["--together", "one", OLDER], "only one delivery", id="one"),
        pytest.param(["--together", "one", OLDER, "2020-*"], "fits no delivery", id="none"),
        pytest.param(["--together", "other"], "nobody said which deliveries these are", id="unknown"),
        pytest.param([OLDER], "a delivery without --delivery", id="no name"),
        pytest.param(["--together", NAME, "--all"], "more than one answer", id="two answers"),
    ],
)
def test_wrong_use_is_told(both: Delivery, arguments: list[str], says: str) -> None:
    done = frs(both, "run", *arguments)
    assert (done.returncode, says in done.stderr, len(done.stderr.splitlines())) == (2, True, 1), done.stderr
    assert sorted(path.name for path in both.settings.curated("").iterdir()) == [OLDER, NEWER, NAME]


def test_what_is_about_single_forms_is_asked_of_the_delivery(both: Delivery) -> None:
    said = f"frs: {NAME}: is several deliveries together, of which this can't be asked (ask one of {OLDER}, {NEWER})\n"
    for command in (
        ["quarantine"],
        ["corrections"],
        ["form", "DF-1"],
        ["impact", "DF-1"],
        ["withdraw", "DF-1", "--reason", "x"],
        ["codebook", "check"],
        ["package", "--purpose", "audit 2021-4"],
    ):
        done = frs(both, *command, "--delivery", NAME)
        assert (done.returncode, done.stdout, done.stderr) == (2, "", said)


def repeat_in_the_newer(delivery: Delivery) -> None:
    """Let the newer delivery have two forms of initiators again, with another answer (else they are papers keyed twice)."""
    newer = Delivery(delivery.data, NEWER)
    header, *rows = newer.dataset("initiator")
    theirs = delivery.dataset("initiator")[1:3]
    again = [list(row) for row in theirs]
    at = header.index("konflikt")
    for row in again:
        row[at] = "1" if row[at] != "1" else "2"
    newer.write_dataset("initiator", [header, *rows, *again])


def test_a_form_that_both_have_is_refused(copy: Delivery) -> None:
    repeat_in_the_newer(copy)
    done = frs(copy, "run", "--all")
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1] == f"Delivery {NAME} failed."
    assert done.stderr == (
        f"frs: {NAME}: a newer delivery has 2 forms of initiator that {OLDER} has, too (leave one of them out; or, if they "
        "are to count once, say together: {same_form: once} in study.yaml)\n"
    )
    assert frs(copy, "tables", "60", "--delivery", NAME).returncode == 1


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Delivery:
    """Two deliveries and both together, whose study counts the two forms once that both have: to be looked at."""
    delivery = refreshed_both(tmp_path_factory.mktemp("once"), same_form="once")
    repeat_in_the_newer(delivery)
    assert frs(delivery, "run").returncode == 0
    done = frs(delivery, "run", "--together", NAME, OLDER, NEWER, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["summary"]["again"] == 2
    return delivery


@pytest.fixture
def copy_once(once: Delivery, tmp_path: Path) -> Delivery:
    """A copy of them to change."""
    made: Delivery = once.copy_to(tmp_path / "data")
    return made


def test_or_counts_once_as_the_newer_has_it(once: Delivery, monkeypatch: pytest.MonkeyPatch) -> None:
    delivery, every = once, forms(once, "initiator")
    ids = set(every["form_id"][every["form_id"].duplicated()])
    assert every["form_id"].duplicated().sum() == 2
    last = every.drop_duplicates("form_id", keep="last")
    assert figures(delivery, 60)["Total", None] == len(last) == len(every) - 2
    table = catalogue(delivery.settings.study)[29]
    assert table.column is not None
    for row in table.row.categories:
        for column in table.column.categories:
            counted = last[table.row.variable].isin(row.codes) & last[table.column.variable].isin(column.codes)
            assert figures(delivery, 29)[row.label, column.label] == counted.sum()
    item = read(Store(delivery.settings, NAME).file("statistics", "item_nonresponse")).to_pylist()
    assert {r["forms"] for r in item if r["instrument"] == "initiator"} == {len(last)}
    monkeypatch.setenv("FRS_DATA_DIR", str(delivery.data))
    mart = frs_pipeline.read_mart("initiator", NAME, study=delivery.settings.study.folder)
    assert sorted(mart["form_id"]) == sorted(last["form_id"])
    assert set(mart["delivery"][mart["form_id"].isin(ids)]) == {NEWER}


def test_the_manifest_names_its_parts_by_their_roots(both: Delivery) -> None:
    content = read_manifest(whole(both))
    assert {name: content["inputs"][f"{name}/root"] for name in (OLDER, NEWER)} == {
        name: Store(both.settings, name).root for name in (OLDER, NEWER)
    }
    assert FILE in content["inputs"]
    assert content["predecessor"] == {}
    assert (both.settings.curated(NAME) / MANIFEST).exists()


@pytest.mark.parametrize("table", [1, 3, 5, 25, 60])
def test_every_passport_holds_and_its_query_gives_the_figure(both: Delivery, table: int) -> None:
    study, store = both.settings.study, whole(both)
    passports = Passports(study, store)
    definition = catalogue(study)[table]
    files = {mart: store.marts(mart) for mart in definition.marts}
    engine = duckdb.connect()
    engine.execute(f"SET file_search_path = '{both.settings.curated('')}'")
    for address, meaning in meanings(study).items():
        if address.table != table:
            continue
        made = passports.of(address)
        assert [check.name for check in made.checks if not check.passed and not check.warns] == []
        assert sum(made.deliveries.values()) == made.forms
        (row,) = engine.execute(recount(study, definition, address, meaning, files)).fetchall()
        # DuckDB adds up what is no whole number in an order of its own.
        assert row[0] == pytest.approx(made.value, rel=1e-12) if made.value is not None else row[0] is None


def test_a_passport_says_from_which_delivery_each_form_is(both: Delivery) -> None:
    table = catalogue(both.settings.study)[1]
    mine = forms(both, "participant_first")
    counted = mine[[all(row[name] in codes for name, codes in counted_codes(table).items()) for _, row in mine.iterrows()]]
    done = frs(both, "trace", "1", "--row", "Total", "--column", "Total", "--delivery", NAME, "--forms", "--json")
    listed = {(form["form"], form["file"], form["line"]) for form in json.loads(done.stdout)["forms"]}
    assert {(form, file.partition("/")[0]) for form, file, _ in listed} == set(
        zip(counted["form_id"], counted["delivery"], strict=True)
    )
    for form, file, line in listed:
        name, _, own = file.partition("/")
        rows = (both.settings.raw_delivery(name) / own).read_text(encoding="cp1252").splitlines()
        assert rows[line - 1].startswith(f"{form.partition('-')[2]};")
    page = frs(both, "trace", "1", "--row", "Total", "--column", "Total", "--delivery", NAME).stdout
    of = counted["delivery"].value_counts()
    assert f"{of[OLDER]} from {OLDER} + {of[NEWER]} from {NEWER}" in page
    assert f"{OLDER}/participant_first/dataset.csv" in page and f"{NEWER}/participant_first/dataset.csv" in page


def test_the_pages_of_the_report_count_all_of_them(both: Delivery) -> None:
    folder = both.settings.curated(NAME) / "report"
    pages = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.html")}
    assert {path.name for path in (both.settings.curated(OLDER) / "report").iterdir()} == {p.name for p in folder.iterdir()}
    for name, text in pages.items():
        assert f"{NAME} ({OLDER}, {NEWER})" in re.sub(r"<[^>]+>", "", text), name
        assert "✗" not in text, name
        assert "data_docs" not in text
    total = sum(len(forms(both, mart)) for mart in instruments(both.settings.study))
    assert f'id="n-forms">{total}</button>' in pages["index.html"]


def test_a_form_that_counts_once_is_taken_away_once_in_passports(once: Delivery) -> None:
    done = frs(once, "trace", "60", "--row", "Total", "--delivery", NAME, "--json")
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)
    every = forms(once, "initiator")
    assert sum(made["delivered"].values()) == len(every)
    assert [(step["kind"], step["forms"]) for step in made["waterfall"]] == [("again", 2)]
    assert made["deliveries"] == every.drop_duplicates("form_id", keep="last")["delivery"].value_counts().sort_index().to_dict()
    query = frs(once, "trace", "60", "--row", "Total", "--delivery", NAME, "--sql").stdout
    engine = duckdb.connect()
    engine.execute(f"SET file_search_path = '{once.settings.curated('')}'")
    assert engine.execute(query).fetchall()[0][0] == made["value"] == len(every) - 2
    share = ("trace", "60", "--row", "få", "--measure", "valid_percent", "--delivery", NAME)
    spread = json.loads(frs(once, *share, "--json").stdout)["spread"]
    value, low, high, clusters, counted, *_ = engine.execute(frs(once, *share, "--sql", "--interval").stdout).fetchall()[0]
    assert low < value < high
    assert [spss(limit, 1, leading_zero=False) for limit in (low, high)] == [spread["low"], spread["high"]]
    assert (clusters, counted) == (spread["clusters"], spread["forms"])
    listed = json.loads(frs(once, "trace", "60", "--row", "Total", "--delivery", NAME, "--forms", "--json").stdout)
    assert len(listed["forms"]) == made["forms"]
    assert [(each["kind"], [form["file"].partition("/")[0] for form in each["first"]]) for each in listed["near"]] == [
        ("again", [OLDER, OLDER])
    ]
    for path in (once.settings.curated(NAME) / "report").glob("*.html"):
        assert "✗" not in path.read_text(encoding="utf-8"), path.name


def test_it_is_made_again_byte_for_byte_in_a_clean_place(copy: Delivery) -> None:
    done = frs(copy, "verify", "--delivery", NAME)
    assert done.returncode == 0, done.stdout
    assert f"ok   part: delivery {OLDER} is as its manifest says" in done.stdout
    assert "files made again from the marts of its deliveries, byte for byte the same" in done.stdout
    assert not {path.name for path in copy.settings.restricted(NAME).iterdir()} - {".lock"}
    examined = frs(copy, "doctor").stdout
    assert f"ok   Deliveries together {NAME}: {OLDER}, {NEWER}\n" in examined
    assert f"ok   Deliveries together {NAME} results: as the manifest says\n" in examined
    mart = copy.settings.curated(OLDER) / "marts" / "initiator.parquet"
    shutil.copy(copy.settings.curated(NEWER) / "marts" / "initiator.parquet", mart)
    done = frs(copy, "verify", "--delivery", NAME)
    assert done.returncode == 1
    assert f"FAIL part: delivery {OLDER}: curated/marts/initiator.parquet isn't what the manifest says" in done.stdout
    assert f"delivery {OLDER} is out of date" in done.stdout
    shutil.rmtree(copy.settings.raw_delivery(OLDER))
    assert f"FAIL Deliveries together {NAME}: {OLDER}, {NEWER}; missing: {OLDER}\n" in frs(copy, "doctor").stdout
    gone = f"delivery {OLDER} isn't there any more (bring it back, or name others: frs run --together {NAME} D D)"
    assert frs(copy, "run", "--together", NAME).stderr == f"frs: {NAME}: {gone}\n"
    told = frs(copy, "verify", "--delivery", NAME).stdout
    assert (".verify." in told, gone in told) == (False, True)
    (copy.settings.curated(NAME) / FILE).write_text("deliveries: [2021-06-30]\n", encoding="utf-8")
    told = frs(copy, "tables", "1", "--delivery", NAME)
    assert (told.returncode, f"{FILE}:1" in told.stderr, len(told.stderr.splitlines())) == (3, True, 1)


def test_an_erasure_makes_it_again(copy: Delivery) -> None:
    form = f"{questionnaires(copy.settings.study)['initiator'].form_prefix}-{copy.get('initiator', 2, 'responde')}"
    before = figures(copy, 60)["Total", None]
    done = frs(copy, "withdraw", form, "--reason", "the family asked", "--erase", "--yes")
    assert done.returncode == 0, done.stderr
    assert figures(copy, 60)["Total", None] == before - 1
    assert not stale(whole(copy))


def test_dagster_makes_it_after_its_deliveries(copy: Delivery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study = copy.settings.study
    monkeypatch.setenv("FRS_DATA_DIR", str(copy.data))
    monkeypatch.setenv("FRS_KEY_FILE", str(copy.key))
    (tmp_path / "home").mkdir()
    with DagsterInstance.local_temp(str(tmp_path / "home")) as instance:
        name = str(deliveries_of(study).name)
        instance.add_dynamic_partitions(name, [OLDER, NEWER])
        cursor = None
        for _ in range(2):
            found = new_deliveries(study)(build_sensor_context(instance=instance, cursor=cursor))
            cursor = found.cursor
        assert [key for request in found.dynamic_partitions_requests for key in request.partition_keys] == [NAME]
        instance.add_dynamic_partitions(name, [NAME])
        copy.correct((copy.form_id("initiator", 0), "konflikt", copy.get("initiator", 0, "konflikt"), "2"))
        asked = night(nightly(study), instance)
        assert [request.partition_key for request in asked] == [OLDER, NEWER, NAME]
        definitions = build_definitions(study)
        refused = definitions.resolve_job_def("refresh").execute_in_process(
            instance=instance, partition_key=NAME, raise_on_error=False
        )
        [failed] = [event for event in refused.all_events if event.is_step_failure]
        assert "is several deliveries together, which have no files of their own" in str(failed.event_specific_data)
        job = definitions.resolve_job_def("together")
        late = job.execute_in_process(instance=instance, partition_key=NAME, raise_on_error=False)
        assert not late.success
        for part in (OLDER, NEWER):
            assert frs(copy, "run", "--delivery", part).returncode == 0
        assert job.execute_in_process(instance=instance, partition_key=NAME).success
    assert frs(copy, "run", "--together", NAME).stdout.startswith(f"Delivery {NAME} is up to date")


def test_a_form_that_the_newer_one_withdrew_does_not_count_as_it_was_before(copy_once: Delivery) -> None:
    form = copy_once.form_id("initiator", 0)
    newer = ["--delivery", NEWER, "--reason", "x", "--who", "LK", "--yes"]
    assert frs(copy_once, "withdraw", form, *newer).returncode == 0
    done = frs(copy_once, "run", "--all")
    said = f"frs: {NAME}: a newer delivery doesn't count 1 form of initiator that {OLDER} has: set aside or withdrawn "
    assert (done.returncode, [line.startswith(said) for line in done.stderr.splitlines()]) == (1, [True]), done.stderr
    assert frs(copy_once, "tables", "60", "--delivery", NAME).returncode == 1
    assert frs(copy_once, "withdraw", form, "--erase", "--reason", "x", "--who", "LK", "--yes").returncode == 0
    assert frs(copy_once, "run", "--all").returncode == 0
    assert form not in set(read(copy_once.settings.curated(OLDER) / "marts" / "initiator.parquet")["form_id"].to_pylist())


def test_nor_does_one_that_the_newer_one_set_aside(copy_once: Delivery) -> None:
    newer = Delivery(copy_once.data, NEWER)
    at = len(newer.dataset("initiator")) - 3
    assert newer.form_id("initiator", at) == copy_once.form_id("initiator", 0)
    newer.set("initiator", at, konflikt="99")
    policy = copy_once.settings.study.folder / "rules.yaml"
    policy.write_text(policy.read_text(encoding="utf-8").replace("questionnaire: 0.20", "questionnaire: 0.90"), encoding="utf-8")
    policy.write_text(policy.read_text(encoding="utf-8").replace("delivery: 0.05", "delivery: 0.90"), encoding="utf-8")
    done = frs(copy_once, "run", "--all")
    assert (done.returncode, "doesn't count 1 form of initiator" in done.stderr) == (1, True), done.stderr
