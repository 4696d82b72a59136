"""The second study that ships: anonymous, in English, from a labelled .sav; run once, and read as its people would."""

from __future__ import annotations

import json
import math
import re
import runpy
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pandas as pd
import pyarrow.parquet as pq
import pyreadstat
import pytest
import yaml
from support.beside import counted
from support.once import once
from support.plain_duckdb import recounted_by_name
from support.running import here

from frs_pipeline.lineage.meaning import meanings
from frs_pipeline.lineage.passport import Passports
from frs_pipeline.lineage.recount import recount
from frs_pipeline.lineage.recount_spread import asked_in, recount_spread
from frs_pipeline.operations.refresh import refresh
from frs_pipeline.operations.study_files import examine
from frs_pipeline.report.binding import unbound
from frs_pipeline.store.files import Store, read
from frs_pipeline.store.settings import PROJECT, Settings
from frs_pipeline.study import Study
from frs_pipeline.study.tables import Address, catalogue
from frs_pipeline.tables.figures import from_table

FOLDER = PROJECT / "studies" / "library_visitors"
STUDY = Study(FOLDER)
NAME = "2025-05-31"
SAV = FOLDER / "data" / "raw" / NAME / "visitor" / "survey.sav"
# Words of Danish that aren't English, too; letters that English hasn't got are looked for beside them.
DANISH = """
alle andel antal besvaret besvarede bortfald eller forsiden fra gennemsnit gruppe grundlag gyldig hvor hvad ikke indhold
kolonne kvartil kvartiler leverance levering mindste procent regel rettet resultater skal skema skemaer skjult svar svarene
tabel tabeller tal trykt ubesvaret ubesvarede udeladt uden valgt viser
"""
LEFT_OVER = re.compile(rf"[æøåÆØÅ]|\b(?:{'|'.join(DANISH.split())})\b", re.IGNORECASE)
COMMANDS = (
    ("tables",),
    ("trace", "6"),
    ("trace", "1", "--row", "Study or work", "--column", "", "--sql"),
    ("form", "VI-7"),
    ("quarantine",),
    ("corrections",),
    ("doctor",),
    ("compare",),
    ("study", "check"),
    ("associate", "visitor"),
    ("impact", "--question", "overall"),
)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The study's own delivery, refreshed in a folder beside it."""

    def make(folder: Path) -> None:
        shutil.copytree(FOLDER / "data" / "raw", folder / "raw")
        assert refresh(Settings(STUDY, folder)).vouched

    return Settings(STUDY, once(tmp_path_factory, "second", make))


@pytest.fixture(scope="module")
def store(settings: Settings) -> Store:
    return Store(settings, NAME)


def answers() -> pd.DataFrame:
    """What the forms of the .sav answered, by the names that the questionnaire gives the questions."""
    coded, meta = pyreadstat.read_sav(SAV)
    asked = yaml.safe_load((FOLDER / "questionnaires" / "visitor.yaml").read_text(encoding="utf-8"))["questions"]
    forms = {}
    for question in asked:
        name, source = question["name"], question["source"]
        if question["type"] == "number":
            forms[name] = coded[source]
            if groups := question.get("groups"):
                edges = [low - 0.01 for low, _ in groups.values()] + [question["range"][1]]
                forms[f"{name}_group"] = pd.cut(coded[source], edges, labels=[*groups])
        elif source in meta.variable_value_labels:
            labels = meta.variable_value_labels[source]
            forms[name] = pd.Categorical(coded[source].map(labels), [*labels.values()], ordered=True)
        elif question["type"] == "multiple":
            boxes = [column for column in coded if column.startswith(f"{source}_")]
            forms |= {f"{name}: {meta.column_names_to_labels[box].split(' – ')[1]}": coded[box] for box in boxes}
    return pd.DataFrame(forms)


def test_the_shipped_forms_are_those_that_the_study_makes_up(tmp_path: Path) -> None:
    script = runpy.run_path(str(FOLDER / "reconstruction" / "make_forms.py"))
    script["write"](tmp_path / "made.sav")
    assert (tmp_path / "made.sav").read_bytes() == SAV.read_bytes()


def test_its_pages_say_nothing_without_a_source(settings: Settings) -> None:
    pages = {path.name: path.read_text(encoding="utf-8") for path in (settings.curated(NAME) / "report").glob("*.html")}
    assert pages
    assert [str(one) for one in unbound(pages)] == []


def test_it_is_sound_and_every_form_counts(store: Store) -> None:
    assert not [error for outcome in examine(Study(FOLDER)) for error in outcome.errors]
    assert read(store.file("marts", "visitor")).num_rows == len(answers()) == 200
    assert all((store.settings.curated(NAME) / "report" / f"{page}.html").exists() for page in ("index", "visits", "quality"))
    assert "The forms are made up" in (store.settings.curated(NAME) / "report" / "index.html").read_text(encoding="utf-8")


def test_every_table_is_as_pandas_counts_it(store: Store) -> None:
    computed = {f.address: f.value for f in from_table(read(store.file("statistics", "figures")))}
    specs = yaml.safe_load((FOLDER / "tables.yaml").read_text(encoding="utf-8"))["tables"]
    assert {spec["kind"] for spec in specs} == {table.kind for table in catalogue(STUDY).values()}
    forms = answers()
    beside = {(spec["number"], *k): v for spec in specs for k, v in counted(spec, forms, {"staff": "Didn't ask them"}).items()}
    assert {address for address in computed if address.measure not in ("ase", "t", "p")} == beside.keys()
    for address, value in beside.items():
        assert computed[address] == (
            value if address[-1] in ("count", "answers", "n") else pytest.approx(value, rel=0, abs=1e-10)
        ), address


def test_boxes_and_numbers_are_those_of_the_file(store: Store) -> None:
    coded, _ = pyreadstat.read_sav(SAV)
    mart = read(store.file("marts", "visitor")).to_pandas().set_index("form_id").loc[[f"VI-{at:.0f}" for at in coded["resp_id"]]]
    for box in range(1, 6):
        assert mart[f"used_{box}"].tolist() == coded[f"used_{box}"].astype(int).tolist()
    assert mart["distance"].astype(float).sum() == pytest.approx(coded["km"].sum())
    assert "improve" not in mart


def test_every_figure_has_a_passport_that_closes_and_a_query_that_gives_it(store: Store, monkeypatch: Any) -> None:
    monkeypatch.chdir(store.settings.curated(NAME))
    passports, plain = Passports(STUDY, store), duckdb.connect()
    for made in passports.every():
        assert made.closes, made.address
        assert all(check.passed or check.warns for check in made.checks), made.address
        query = recount(STUDY, catalogue(STUDY)[made.address.table], made.address, meanings(STUDY)[made.address], {})
        row = plain.sql(query).fetchone()
        assert row is not None
        value = row[plain.sql(query).columns.index("value")]
        assert value == (None if made.value is None else pytest.approx(made.value, rel=1e-9)), made.address


def test_plain_duckdb_computes_an_interval_of_each_kind_again(store: Store) -> None:
    """Means and boxes, which the shipped study has none of; every form is a cluster of its own."""
    kinds = {}
    for row in read(store.file("statistics", "intervals")).to_pylist():
        kind = catalogue(STUDY)[row["table"]].kind
        if row["low"] is not None and Address.of(row) in meanings(STUDY):
            kinds[row["method"], kind, row["measure"], row["other_group"] is None] = row
    assert {method for method, *_ in kinds} >= {"wilson", "linearised", "cr2", "fisher", "fisher_jackknife"}
    assert {kind for _, kind, *_ in kinds} >= {"summary", "multiple"}
    folder = store.settings.curated(NAME)
    queries = [recount_spread(STUDY, Address.of(row), row["other_group"] or "", asked_in(folder)) for row in kinds.values()]
    for row, (found,) in zip(kinds.values(), recounted_by_name(queries, folder), strict=True):
        for name, value in found.items():
            where = Address.of(row), row["other_group"], name
            assert (value is None) == (row[name] is None), where
            assert value is None or math.isclose(value, row[name], rel_tol=1e-9, abs_tol=1e-9), where


def test_no_key_is_made_and_none_asked_for(settings: Settings) -> None:
    """Nobody knows whose forms these are: nothing in the data is about a codebook, a key or a register."""
    names = [path.name for path in settings.data.rglob("*")]
    assert not [name for name in names if re.search("key|[.]age$|journal", name)]
    validated = settings.restricted(NAME) / "validated"
    assert [pq.read_table(validated / f"{register}.parquet").num_rows for register in ("codebook", "ledger")] == [0, 0]
    assert settings.key is None
    assert "conference_id" not in pq.read_schema(settings.curated(NAME) / "marts" / "visitor.parquet").names
    done = here(settings.data, "--study", str(FOLDER), "doctor")
    assert not re.search("(?i)codebook|key", done.stdout)


def texts(path: Path) -> Iterator[str]:
    """Everything that a file says to people."""
    if path.suffix in (".html", ".js", ".csv", ".json"):
        # Where a link leads isn't read.
        yield re.sub(r'\b(?:href|id)="[^"]*"', "", path.read_text(encoding="utf-8-sig"))
    elif path.suffix == ".xlsx":
        for sheet in openpyxl.load_workbook(path).worksheets:
            yield sheet.title
            yield from (str(cell) for row in sheet.iter_rows(values_only=True) for cell in row if isinstance(cell, str))
    elif path.suffix == ".sav":
        _, meta = pyreadstat.read_sav(path)
        yield json.dumps([meta.column_labels, meta.variable_value_labels], ensure_ascii=False)
    elif path.suffix == ".parquet":
        table = pq.read_table(path)
        for field in table.schema:
            yield from (value.decode() for value in (field.metadata or {}).values())
            if str(field.type) == "string":
                yield from (text for text in table[field.name].to_pylist() if text)


def test_nothing_that_its_people_read_is_danish(settings: Settings) -> None:
    found = {
        (path.name, match[0], text[max(0, match.start() - 30) : match.end() + 30])
        for path in settings.curated(NAME).rglob("*")
        # What all studies share, in both languages.
        if path.name not in ("report.js", "manifest.json")
        for text in (re.sub(r'"tabel-[0-9]+"', "", said) for said in texts(path))
        if (match := LEFT_OVER.search(text))
    }
    assert found == set()
    pages = [*settings.curated(NAME).glob("report/*.html"), *settings.curated(NAME).glob("data_docs/*.html")]
    assert pages
    assert {lang for page in pages for lang in re.findall(r'lang="([^"]*)"', page.read_text(encoding="utf-8"))} == {"en"}


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_nothing_that_a_command_says_is_danish(settings: Settings, command: tuple[str, ...]) -> None:
    done = here(settings.data, "--study", str(FOLDER), *[word for word in command if word])
    said = done.stdout + done.stderr
    assert said
    assert "unexpected" not in said
    assert not LEFT_OVER.search(said), LEFT_OVER.search(said)


def test_figures_have_a_decimal_point(settings: Settings) -> None:
    page = (settings.curated(NAME) / "report" / "satisfaction.html").read_text(encoding="utf-8")
    assert ">0.628<" in page
    assert not re.search(r">-?\d*,\d+\s?%?<", page)
    for command in (("tables", "6"), ("associate", "visitor"), ("impact", "--question", "overall")):
        assert re.search(r"[^0-9]\.628\b", here(settings.data, "--study", str(FOLDER), *command).stdout), command
    said = here(settings.data, "--study", str(FOLDER), "withdraw", "VI-7", "--reason", "asked", "--dry-run").stdout
    assert re.search(r"[0-9]\.[0-9]", said)
    assert not re.search(r"[0-9],[0-9]|\s,[0-9]", said)


def test_deliveries_of_forms_that_belong_to_nothing_are_compared(settings: Settings, tmp_path: Path) -> None:
    shutil.copytree(settings.data, tmp_path / "data")
    shutil.copytree(settings.raw_delivery(NAME), tmp_path / "data" / "raw" / "2025-11-30")
    both = ("--study", str(FOLDER), *("--delivery", "2025-11-30"))
    assert here(tmp_path / "data", *both[:2], "run", *both[2:]).returncode == 0
    done = here(tmp_path / "data", "--study", str(FOLDER), "diff", NAME, "2025-11-30")
    assert (done.returncode, done.stderr) == (0, ""), done.stderr


def test_a_form_withdrawn_from_one_delivery_counts_in_another_until_it_is_withdrawn_there(
    settings: Settings, tmp_path: Path
) -> None:
    data, newer = tmp_path / "data", "2025-11-30"
    shutil.copytree(settings.data, data)
    shutil.copytree(settings.raw_delivery(NAME), data / "raw" / newer)

    def frs(*command: str) -> subprocess.CompletedProcess[str]:
        return here(data, "--study", str(FOLDER), *command)

    why = ("--reason", "asked", "--yes", "--delivery")
    assert frs("run", "--delivery", newer).returncode == 0
    assert frs("withdraw", "VI-7", *why, newer).returncode == 0
    assert (
        f"Delivery {newer} withdrawals: 1 withdrawn form is still counted: frs run --delivery {newer}, or" in frs("doctor").stdout
    )
    assert frs("run").returncode == 0
    assert not re.search(r"[0-9],[0-9]|\s,[0-9]", frs("diff", NAME, newer).stdout)
    said = frs("doctor").stdout
    assert f"Delivery {newer} withdrawals: nothing withdrawn is counted" in said
    assert f"Delivery {NAME} withdrawals: 1 withdrawn form is still counted: frs withdraw --delivery {NAME}, or" in said
    assert frs("withdraw", "VI-7", *why, NAME).returncode == 0
    assert f"still counted: frs run --delivery {NAME}, or withdraw" in frs("doctor").stdout
    assert frs("run", "--delivery", NAME).returncode == 0
    assert "still counted" not in frs("doctor").stdout


def test_a_label_of_a_group_is_led_to_its_option(settings: Settings) -> None:
    done = here(settings.data, "--study", str(FOLDER), "trace", "8", "--row", "Study or work")
    assert (done.returncode, done.stderr) == (
        2,
        "frs: table 8: no such figure (its figures have no row: say --group instead)\n",
    )
