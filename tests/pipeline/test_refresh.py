"""One refresh of the shipped delivery, and everything that must hold of it."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections import Counter
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.keys import NAME, environment_of, settings_of
from support.shipped import DELIVERY, copy_of_shipped, hashes, relocked_copy_of_shipped
from support.study import STUDY

from frs_pipeline.codebook.vault import open_plain
from frs_pipeline.errors import FrsError
from frs_pipeline.lineage.differences import CORRECTED, GONE, NEW, Differences, differences
from frs_pipeline.operations.refresh import Refresh, refresh
from frs_pipeline.operations.verify import verify
from frs_pipeline.report.typography import anchor, in_text
from frs_pipeline.store.deliveries import CODEBOOK, DEMO_KEY, sha256
from frs_pipeline.store.files import Store, read
from frs_pipeline.store.plan import downstream, products
from frs_pipeline.store.settings import PROJECT, Settings
from frs_pipeline.study.instruments import instruments
from frs_pipeline.study.printed import value
from frs_pipeline.study.questionnaires import questionnaires

EXACT = ("count", "percent", "valid_percent", "cumulative_percent", "row_percent", "total_percent", "gamma", "partial_gamma", "n")


@pytest.fixture(scope="module")
def made(relocked: tuple[Settings, Refresh]) -> tuple[Settings, Refresh]:
    return relocked


def product(made: tuple[Settings, Refresh], *key: str) -> pa.Table:
    return read(path_of(made[0], *key))


def path_of(settings: Settings, *key: str) -> Path:
    found = products(STUDY)[key]
    zone = settings.restricted(DELIVERY) if found.zone == "restricted" else settings.curated(DELIVERY)
    return zone / found.path


def test_every_planned_file_is_made(made: tuple[Settings, Refresh]) -> None:
    assert made[1].made == tuple(p.name for p in products(STUDY).values())
    assert all(path_of(made[0], *key).exists() for key in products(STUDY))


def test_every_printed_figure_is_compared_and_no_exact_one_differs(made: tuple[Settings, Refresh]) -> None:
    rows = product(made, "statistics", "compare").to_pylist()
    assert len(rows) == 2421
    assert {row["table"] for row in rows} == set(range(1, 82))
    assert [row for row in rows if row["measure"] in EXACT and row["verdict"] == "differs"] == []


def test_the_readme_says_of_figures_and_claims_what_the_run_says(made: tuple[Settings, Refresh]) -> None:
    readme = " ".join((PROJECT / "README.md").read_text(encoding="utf-8").split())
    n = made[1].summary
    assert f"{n['equal']} equal, {n['differs']} different (ASE, T and p only), {n['not_reproducible']} not reproducible" in readme
    claims = f"{n['claims']} of the report: {n['claims_hold']} hold on these forms, {n['claims_fail']} don't; "
    own = f"{n['claims_hold_in_tables']} hold in its own tables, {n['claims_fail_in_tables']} don't; {n['claims_untested']} can't"
    assert claims + own in readme


def test_what_is_not_reproducible_has_a_reason(made: tuple[Settings, Refresh]) -> None:
    rows = [row for row in product(made, "statistics", "compare").to_pylist() if row["verdict"] == "not reproducible"]
    assert rows
    assert all(row["reason"] and f"table {row['table']}" in row["reason"] for row in rows)


def test_what_the_forms_give_instead_is_what_the_reasons_allow(made: tuple[Settings, Refresh]) -> None:
    rows = product(made, "statistics", "compare").to_pylist()
    instead = {
        (row["table"], row["measure"], row["row"]): row["printed_recomputed"]
        for row in rows
        if row["verdict"] == "not reproducible" and row["measure"] not in ("ase", "t", "p")
    }
    assert instead == {
        (34, "n", None): "168",
        (35, "total_percent", "Lav konflikt"): "9%",
        (37, "n", None): "178",
        (38, "cumulative_percent", "i midten"): "54,9",
        (38, "cumulative_percent", "i mindre grad"): "76,1",
        (38, "count", "Missing"): "193",
        (39, "n", None): "164",
        (40, "total_percent", "Middel trivsel"): "4%",
        (41, "total_percent", "Middel trivsel"): "4%",
        (69, "n", None): "168",
        (70, "total_percent", "Få konflikter"): "9%",
        (76, "n", None): "181",
    }


def test_ase_and_t_are_near_where_they_are_not_equal(made: tuple[Settings, Refresh]) -> None:
    rows = [r for r in product(made, "statistics", "compare").to_pylist() if r["measure"] in ("ase", "t")]
    assert sum(row["verdict"] == "equal" for row in rows) >= 55
    for row in rows:
        printed, recomputed = (float(value(row[name])) for name in ("printed_published", "printed_recomputed"))
        assert abs(recomputed - printed) <= max(0.02, 0.12 * abs(printed)), (row["table"], row["group"])


def test_forms_in_are_forms_accepted_and_set_aside(made: tuple[Settings, Refresh]) -> None:
    summary = made[1].summary
    assert summary["forms"] == summary["accepted"] + summary["quarantined"]
    sizes = {"participant_first": 1267, "participant_followup": 1419, "initiator": 377, "coordinator": 373}
    assert {name: product(made, "marts", name).num_rows for name in sizes} == sizes
    assert summary["quarantined"] == 12
    delivered = sum(len((made[0].raw_delivery(DELIVERY) / name / "dataset.csv").read_bytes().splitlines()) - 1 for name in sizes)
    assert summary["forms"] == delivered


def test_quarantine_names_file_line_and_every_kind_of_fault(made: tuple[Settings, Refresh]) -> None:
    rows = product(made, "quarantine").to_pylist()
    assert {row["rule"] for row in rows} == {
        "numbers_differ",
        "number_unreadable",
        "number_unknown",
        "outside_scale",
        "keyed_twice",
        "role_missing",
    }
    # What alone would be a warning is only there beside a reason.
    assert {row["line"] for row in rows if row["rule"] == "role_missing"} <= {
        r["line"] for r in rows if r["rule"] != "role_missing"
    }
    assert rows == sorted(rows, key=lambda row: (row["instrument"], row["line"], row["rule"], row["column"]))
    for row in rows:
        lines = (made[0].raw_delivery(DELIVERY) / row["file"]).read_text(encoding="cp1252").splitlines()
        cells = lines[row["line"] - 1].split(";")
        assert row["form_id"].split("-")[1] == cells[0]
        assert json.loads(row["row"]) == dict(zip(lines[0].split(";"), cells, strict=True))


def test_what_is_noted_are_warnings_about_forms_that_count(made: tuple[Settings, Refresh]) -> None:
    rows = product(made, "noted").to_pylist()
    assert {row["severity"] for row in rows} == {"warn"}
    assert made[1].summary["noted"] == len(rows)
    aside = {(row["instrument"], row["line"]) for row in product(made, "quarantine").to_pylist()}
    assert not aside & {(row["instrument"], row["line"]) for row in rows}
    missing = {name: product(made, "marts", name) for name in ("participant_first", "participant_followup")}
    for name, forms in missing.items():
        noted = {row["form_id"] for row in rows if (row["instrument"], row["rule"]) == (name, "role_missing")}
        assert noted == set(forms.filter(forms["role"].is_null())["form_id"].to_pylist())


@pytest.mark.minutes
def test_too_many_forms_set_aside_stop_the_run_and_leave_the_quarantine_to_look_at(
    made: tuple[Settings, Refresh], tmp_path: Path
) -> None:
    settings = settings_of(shutil.copytree(made[0].data, tmp_path / "data"))
    curated = {name: digest for name, digest in hashes(settings).items() if name.startswith("curated/")}
    path = settings.raw_delivery(DELIVERY) / "coordinator" / "dataset.csv"
    header, *forms = path.read_bytes().split(b"\r\n")
    spoilt = [form.rsplit(b";", 1)[0] + b";99" if i % 4 == 0 and form else form for i, form in enumerate(forms)]
    path.write_bytes(b"\r\n".join([header, *spoilt]))
    with pytest.raises(FrsError, match=r"coordinator: \d+ of 37\d forms were set aside, more than the policy's 20% \[too_many"):
        refresh(settings)
    rows = product((settings, made[1]), "quarantine").to_pylist()
    assert len({row["line"] for row in rows if row["instrument"] == "coordinator"}) > 90
    assert {name: digest for name, digest in hashes(settings).items() if name.startswith("curated/")} == curated
    exceptions = "form;rule;column;reason;who;expires\n;too_many_set_aside;coordinator;sådan er det;LK;2020-12-31\n"
    settings.raw_delivery(DELIVERY).joinpath("exceptions.csv").write_text(exceptions, encoding="utf-8")
    assert refresh(settings).summary["quarantined"] > 100
    accepted = [row for row in product((settings, made[1]), "noted").to_pylist() if row["severity"] == "accepted"]
    assert [(row["rule"], row["column"], row["reason"]) for row in accepted] == [
        ("too_many_set_aside", "coordinator", "sådan er det")
    ]


def test_conferences_and_their_missing_forms_are_those_of_the_report(made: tuple[Settings, Refresh]) -> None:
    rows = {(r["occasion"], r["measure"]): r["conferences"] for r in product(made, "statistics", "unit_nonresponse").to_pylist()}
    assert rows["both", "in_codebook"] == 377
    assert (rows["first", "in_codebook"], rows["followup", "in_codebook"]) == (196, 181)
    assert rows["both", "without_initiator_or_coordinator"] == 12
    assert rows["both", "not_in_ledger"] == 0
    assert rows["both", "only_in_ledger"] == 0


def test_item_nonresponse_closes(made: tuple[Settings, Refresh]) -> None:
    for row in product(made, "statistics", "item_nonresponse").to_pylist():
        assert row["answered"] + row["blank"] == row["asked"] <= row["forms"]


def test_conferences_are_nested_believably(made: tuple[Settings, Refresh]) -> None:
    for name, excess in (("participant_first", 0), ("participant_followup", 6)):
        forms = product(made, "marts", name).to_pandas()
        per_conference = forms.groupby(["conference_id", "role"]).size().unstack(fill_value=0)
        assert per_conference[1].max() == 1
        assert per_conference[3].max() == 1
        assert (per_conference[2] - 1).clip(lower=0).sum() == excess  # more mothers than follow-ups: table 52


def test_marts_carry_the_questionnaires_texts_and_labels(made: tuple[Settings, Refresh]) -> None:
    schema = pq.read_schema(path_of(made[0], "marts", "initiator"))
    metadata = schema.field("belief").metadata
    assert metadata[b"text"].decode().startswith("I hvor høj grad tror du")
    assert json.loads(metadata[b"labels"])["1"] == "Ja, meget"
    assert schema.names[:3] == ["form_id", "conference_id", "occasion"]


def test_nothing_curated_holds_a_conference_number_or_a_personal_number(made: tuple[Settings, Refresh]) -> None:
    raw = made[0].raw_delivery(DELIVERY)
    full = open_plain(raw / "codebook-controllers.age", raw / f"CONTROLLERS-{DEMO_KEY}").splitlines()[1:]
    numbers = {line.split(",")[1] for line in full}
    assert len(numbers) == 377
    personal = re.compile(r"(?<![0-9a-f])[0-9]{6}[ -]?[0-9]{4}(?![0-9a-f])")
    files = [path for path in made[0].curated(DELIVERY).rglob("*") if path.is_file()]
    assert len(files) > 90
    for path in files:
        texts = texts_of(path)
        if path.suffix == ".csv":  # a fraction is computed, and has any digits
            texts = [re.sub(r"[0-9]+[.][0-9]+(e-?[0-9]+)?", "", text) for text in texts]
        assert not [text for text in texts if personal.search(text)], path.name
        words = {word for text in texts for word in re.findall(r"(?<![0-9a-f])[0-9]{5}(?![0-9a-f])", text)}
        assert not numbers & words, path.name


def texts_of(path: Path) -> list[str]:
    """Everything in a produced file as text: every cell of a Parquet file and its metadata, or the whole file."""
    if path.suffix == ".xlsx":
        with zipfile.ZipFile(path) as book:
            return [book.read(name).decode() for name in book.namelist()]
    if path.suffix != ".parquet":
        return [path.read_bytes().decode("utf-8", "replace" if path.suffix == ".sav" else "strict")]
    table = pq.read_table(path)
    # A fraction is computed, and has any digits.
    values = (value for column in table.columns for value in column.unique().to_pylist())
    cells = [str(value) for value in values if not isinstance(value, float) or value.is_integer()]
    return [*cells, *table.column_names, *(str(field.metadata) for field in table.schema)]


def test_the_pipelines_key_opens_no_personal_number(made: tuple[Settings, Refresh]) -> None:
    raw = made[0].raw_delivery(DELIVERY)
    assert "personal_number" not in open_plain(raw / CODEBOOK, made[0].key)
    with pytest.raises(Exception, match="doesn't open with this key"):
        open_plain(raw / "codebook-controllers.age", made[0].key)


def test_shipped_personal_numbers_are_replacement_numbers(made: tuple[Settings, Refresh]) -> None:
    raw = made[0].raw_delivery(DELIVERY)
    lines = open_plain(raw / "codebook-controllers.age", raw / f"CONTROLLERS-{DEMO_KEY}").splitlines()[1:]
    assert all(61 <= int(line[:2]) <= 91 for line in lines)


def test_a_second_run_makes_nothing_and_imports_neither_dagster_nor_pandas(made: tuple[Settings, Refresh]) -> None:
    before = hashes(made[0])
    program = (
        "import sys; from pathlib import Path; from frs_pipeline.operations.refresh import refresh; "
        "from frs_pipeline.store.settings import Settings, find_study; "
        "made = refresh(Settings(find_study(), Path(sys.argv[1]), Path(sys.argv[1], sys.argv[2]))).made; "
        "print(len(made), 'dagster' in sys.modules, 'pandas' in sys.modules)"
    )
    result = subprocess.run([sys.executable, "-c", program, str(made[0].data), NAME], capture_output=True, text=True, check=True)
    assert result.stdout.split() == ["0", "False", "False"]
    assert hashes(made[0]) == before


def test_a_rebuild_in_another_folder_gives_the_same_bytes_and_leaves_nothing(made: tuple[Settings, Refresh]) -> None:
    before = hashes(made[0])
    found = verify(Store(made[0], DELIVERY))
    assert {verdict.part: verdict.faults for verdict in found} == dict.fromkeys(
        ("manifest", "outputs", "journals", "inputs", "program", "rebuild"), ()
    )
    assert hashes(made[0]) == before


def test_one_byte_of_one_export_remakes_only_what_hangs_on_it(made: tuple[Settings, Refresh], tmp_path: Path) -> None:
    settings = settings_of(shutil.copytree(made[0].data, tmp_path / "data"))
    path = settings.raw_delivery(DELIVERY) / "coordinator" / "dataset.csv"
    lines = path.read_bytes().split(b"\r\n")
    cells = lines[1].split(b";")
    cells[-1] = b"2" if cells[-1] != b"2" else b"3"
    lines[1] = b";".join(cells)
    path.write_bytes(b"\r\n".join(lines))
    hanging = downstream(STUDY, {(layer, "coordinator") for layer in ("validated", "rejected", "noted", "applied", "withdrawn")})
    assert refresh(settings).made == tuple(p.name for key, p in products(STUDY).items() if key in hanging)
    assert ("statistics", "table_01") not in hanging
    assert ("statistics", "table_61") in hanging


@pytest.mark.minutes
def test_an_altered_result_is_made_again(made: tuple[Settings, Refresh], tmp_path: Path) -> None:
    settings = settings_of(shutil.copytree(made[0].data, tmp_path / "data"))
    path = path_of(settings, "statistics", "table_61")
    data = bytearray(path.read_bytes())
    data[40] ^= 1
    path.write_bytes(bytes(data))
    again = refresh(settings).made
    assert "statistics/table_61" in again
    assert "marts/coordinator" not in again
    assert hashes(settings) == hashes(made[0])


def test_the_shipped_marts_keep_every_promise(made: tuple[Settings, Refresh]) -> None:
    rows = product(made, "expectations").to_pylist()
    assert [row for row in rows if not row["passed"]] == []
    assert made[1].summary["promises"] == made[1].summary["promises_kept"] == len(rows)
    assert {row["mart"] for row in rows} == {key[-1] for key in products(STUDY) if key[0] == "marts"}
    listed = json.loads((made[0].curated(DELIVERY) / "manifest.json").read_text(encoding="utf-8"))["outputs"]
    assert {Path(name).stem for name in listed if "/data_docs/" in name} == {"index", *(row["mart"] for row in rows)}


@pytest.mark.minutes
def test_a_page_that_is_missing_altered_or_left_over_is_noticed(made: tuple[Settings, Refresh], tmp_path: Path) -> None:
    settings = settings_of(shutil.copytree(made[0].data, tmp_path / "data"))
    folder = settings.curated(DELIVERY) / "data_docs"
    (folder / "index.html").unlink()
    (folder / "initiator.html").write_text("all is well", encoding="utf-8")
    (folder / "of_another_run.html").write_text("old", encoding="utf-8")
    (folder / ".index.html.abc.tmp").write_text("half", encoding="utf-8")
    # The report says how many promises are kept, so that it is made again too.
    assert refresh(settings).made == ("expectations", "report")
    assert hashes(settings) == hashes(made[0])


@pytest.mark.minutes
def test_a_later_delivery_is_held_against_the_one_before(made: tuple[Settings, Refresh], tmp_path: Path) -> None:
    settings, later = settings_of(shutil.copytree(made[0].data, tmp_path / "data")), "2021-05-31"
    shutil.copytree(settings.raw_delivery(DELIVERY), settings.raw_delivery(later))
    path = settings.raw_delivery(later) / "coordinator" / "dataset.csv"
    header, *forms = path.read_bytes().split(b"\r\n")
    forms = [form.rsplit(b";", 1)[0] + b";2" if form and i % 2 else form for i, form in enumerate(forms)]
    path.write_bytes(b"\r\n".join([header, *forms]))
    summary = refresh(settings, later).summary
    rows = read(settings.curated(later) / "expectations.parquet").to_pylist()
    assert [(row["mart"], row["column"]) for row in rows if not row["passed"]] == [("coordinator", "conflict")]
    assert sum(DELIVERY in row["limit"] for row in rows) == sum(len(q.questions) for q in questionnaires(STUDY).values())
    assert summary["promises"] - summary["promises_kept"] == 1
    assert refresh(settings, later).made == ()
    assert refresh(settings, DELIVERY).made == ()
    found = differences(Store(settings, DELIVERY), Store(settings, later))
    assert {name: counts for name, counts in found.forms.items() if any(counts.values())} == {
        "coordinator": {CORRECTED: found.forms["coordinator"][CORRECTED], GONE: 0, NEW: 0}
    }
    assert {cause for change in found.changes for cause in change.causes} == {CORRECTED}
    _speaks_of_itself(settings, later, found)
    shutil.rmtree(settings.curated(DELIVERY))
    assert refresh(settings, later).made == ("expectations", "report")


def _speaks_of_itself(settings: Settings, later: str, found: Differences) -> None:
    """No page of a later delivery speaks of the printed report's numbers; changed cells say what they were, and nothing else."""
    folder = settings.curated(later) / "report"
    front = (folder / "index.html").read_text(encoding="utf-8")
    assert f'<time datetime="{DELIVERY}">' in front
    changed = Counter(change.address.table for change in found.changes)
    listed = re.findall(
        r'data-table="(\d+)"[^>]*><span[^>]*>Tabel</span><span[^>]*>Table</span> \d+</a>: <span[^>]*>([\d.]+)</span>', front
    )
    assert {int(table): int(number) for table, number in listed} == changed
    assert f">{found.forms['coordinator'][CORRECTED]}</span>" in front
    before, pages = {change.address: change for change in found.changes}, ""
    for path in folder.glob("*.html"):
        pages += path.read_text(encoding="utf-8")
        assert 'class="printed"' not in pages, path.name
    for address, change in before.items():
        if change.older and change.newer and change.older.printed != change.newer.printed:
            text = in_text(change.older.printed, address.measure)
            cell = re.search(
                rf'id="{re.escape(anchor(address))}">[^<]*</button><span class="printed before"[^>]*>(.*?)</td>', pages
            )
            assert cell, address
            assert re.sub("<[^>]+>", "", cell[1]).endswith(text), address
    for path in folder.glob("passports-*.js"):
        assert '"p":["' not in path.read_text(encoding="utf-8"), path.name


def test_a_selection_makes_no_more_than_it_needs(tmp_path: Path) -> None:
    settings = relocked_copy_of_shipped(tmp_path)
    made = refresh(settings, select="marts/coordinator").made
    # Every questionnaire is judged, for no mart is made of a delivery that lost too much.
    assert made == (
        "validated/withdrawn_conferences",
        "validated/ledger",
        "validated/codebook",
        *(
            f"{layer}/{name}"
            for name in instruments(STUDY)
            for layer in ("validated", "rejected", "noted", "applied", "withdrawn")
        ),
        "quarantine",
        "noted",
        "pseudonymised/coordinator",
        "marts/coordinator",
    )


@pytest.mark.minutes
def test_an_export_delivered_as_a_workbook_gives_the_same_bytes_from_the_mart_on(
    made: tuple[Settings, Refresh], tmp_path: Path
) -> None:
    shutil.copytree(made[0].raw, tmp_path / "raw")
    shutil.copy(made[0].data / NAME, tmp_path)
    settings = settings_of(tmp_path)
    folder = settings.raw_delivery(DELIVERY) / "coordinator"
    book = openpyxl.Workbook()
    for sheet in ("Dataset", "Structure", "Labels"):
        file = folder / f"{sheet.lower()}.csv"
        page = book.create_sheet(sheet)
        for cells in csv.reader(file.read_text(encoding="cp1252").splitlines(), delimiter=";"):
            page.append(cells)
        file.unlink()
    book.remove(book["Sheet"])
    book.save(folder / "export.xlsx")
    refresh(settings)
    same, other = hashes(made[0]), hashes(settings)
    assert {name for name in same if same[name] != other[name]} == {
        f"restricted/{DELIVERY}/{name}.parquet"
        for name in (
            *(f"{layer}/coordinator" for layer in ("validated", "rejected", "noted", "applied", "withdrawn")),
            *("pseudonymised/coordinator", "quarantine", "noted"),
        )
    } | {f"curated/{DELIVERY}/{name}" for name in ("manifest.json", "findings.parquet")}


@pytest.mark.minutes
def test_a_selection_after_a_change_leaves_no_wrong_summary(made: tuple[Settings, Refresh], tmp_path: Path) -> None:
    settings = settings_of(shutil.copytree(made[0].data, tmp_path / "data"))
    path = settings.raw_delivery(DELIVERY) / "initiator" / "dataset.csv"
    lines = path.read_bytes().split(b"\r\n")
    lines[1] = lines[1].rsplit(b";", 1)[0] + b";9"
    path.write_bytes(b"\r\n".join(lines))
    partial = refresh(settings, select="marts")
    assert partial.summary == {}
    assert refresh(settings, select="marts").made == ()
    assert "statistics/table_22" in (rest := refresh(settings)).made
    assert "marts/initiator" not in rest.made
    assert (rest.summary["forms"], rest.summary["quarantined"]) == (3448, 13)


@pytest.mark.minutes
@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system doesn't let a process keep to one core")
def test_one_core_makes_the_same_bytes_as_all_of_them(refreshed: Settings, tmp_path: Path) -> None:
    alone = copy_of_shipped(tmp_path)
    core = min(os.sched_getaffinity(0))
    command = [sys.executable, "-m", "frs_pipeline.cli", "run"]
    subprocess.run(
        command,
        env=environment_of(alone.data),
        stdout=subprocess.DEVNULL,
        check=True,
        preexec_fn=lambda: os.sched_setaffinity(0, {core}),
    )
    made = [
        {p.relative_to(data).as_posix(): sha256(p) for zone in ("curated", "restricted") for p in (data / zone).rglob("*.*")}
        for data in (alone.data, refreshed.data)
    ]
    assert made[0] == made[1]
