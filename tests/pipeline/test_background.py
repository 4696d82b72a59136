"""What the ledger says of conferences, as columns of marts and in tables, against pandas in the exports and the ledger."""

import csv
import io

import duckdb
import pandas as pd
import pytest
from support.shipped import DELIVERY, RAW
from support.study import few_tables, study_with

from frs_pipeline import read_mart
from frs_pipeline.codebook.keys import PUBLISHED
from frs_pipeline.codebook.vault import open_plain
from frs_pipeline.errors import InputError
from frs_pipeline.intake.ledger import COLUMNS, REGISTER, read_ledger
from frs_pipeline.lineage.meaning import meanings
from frs_pipeline.lineage.passport import Passports
from frs_pipeline.lineage.recount import recount
from frs_pipeline.operations.refresh import refresh
from frs_pipeline.release.attack import attack
from frs_pipeline.release.making import Releasing
from frs_pipeline.release.reading import read_release
from frs_pipeline.release.worlds import Source
from frs_pipeline.store.deliveries import CODEBOOK, DEMO_KEY, LEDGER
from frs_pipeline.store.files import Store, read
from frs_pipeline.store.settings import Settings
from frs_pipeline.study import Study
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.study.release import release_policy
from frs_pipeline.study.tables import Address, catalogue
from frs_pipeline.tables.figures import from_table

BACKGROUND = """
background:
  - {name: quarter, text: Kvartal, quarters: [2018-Q1, 2020-Q4], sensitivity: personal}
  - {name: department, text: Afdeling, column: afdeling, scale: department, sensitivity: personal}
  - {name: child_present, text: Var barnet der?, column: barn_til_stede, scale: present, sensitivity: sensitive}
"""
SCALES = """
  department:
    - {code: 1, label: Nord}
    - {code: 2, label: Midt}
    - {code: 3, label: Syd}
  present:
    - {code: 1, label: ja}
    - {code: 2, label: nej}
"""
TABLES = """
- {number: 101, title: "", kind: frequency, mart: participant_first, variable: quarter}
- {number: 102, title: "", kind: crosstab, mart: participant_first, row: department, column: overall, percent: row}
- {number: 103, title: "", kind: crosstab, mart: initiator, row: child_present, column: belief, percent: row,
   where: {department: [Nord, Syd]}}
- {number: 104, title: "", kind: correlation_by_group, mart: participant_first, row: belief, column: overall, group: department}
- {number: 105, title: "", kind: change, mart: initiator, variable: conflict, from: first, to: followup, group: department}
- {number: 106, title: "", kind: frequency, mart: participant_first, variable: department}
- {number: 107, title: "", kind: crosstab, mart: participant_first, row: role, column: overall, percent: row,
   where: {department: [Nord]}}
- {number: 108, title: "", kind: crosstab, mart: participant_first, row: quarter, column: overall, percent: row}
"""


def admitting(study: Study) -> Study:
    """The same study, which admits a background."""
    for name, more in (("study", BACKGROUND), ("scales", SCALES), ("tables", TABLES.lstrip("\n"))):
        path = study.folder / f"{name}.yaml"
        path.write_text(path.read_text(encoding="utf-8") + more, encoding="utf-8")
    return Study(study.folder)


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    folder = tmp_path_factory.mktemp("background")
    made = Settings(admitting(few_tables(folder)), folder / "data")
    made.raw.mkdir(parents=True)
    made.raw_delivery(DELIVERY).symlink_to(RAW)
    refresh(made)
    return made


@pytest.fixture(scope="module")
def store(settings):
    return Store(settings, DELIVERY)


@pytest.fixture(scope="module")
def found(store):
    return {figure.address: figure for figure in from_table(read(store.file("statistics", "figures")))}


@pytest.fixture(scope="module")
def forms(store):
    """The accepted forms from the raw exports, with the lines of the ledger by their numbers."""
    ledger = pd.read_csv(RAW / LEDGER, sep=";", dtype=str, keep_default_na=False).set_index("raadslagningsnummer")
    aside = set(read(store.file("quarantine"))["form_id"].to_pylist())
    frames = {}
    for name, prefix, columns in (
        ("participant_first", "DF", {"overall": "helefrs", "role": "hvem", "belief": "planhjlp"}),
        ("initiator", "IN", {"belief": "planhjlp"}),
    ):
        raw = pd.read_csv(RAW / name / "dataset.csv", sep=";", encoding="cp1252", dtype=str, keep_default_na=False)
        raw = raw[~(prefix + "-" + raw["responde"]).isin(aside)]
        lines = ledger.reindex(raw["raadsnr"])
        dates = pd.to_datetime(lines["dato"])
        frames[name] = pd.DataFrame(
            {
                **{q: pd.to_numeric(raw[column]).to_numpy() for q, column in columns.items()},
                "quarter": [f"{d.year}-Q{d.quarter}" if pd.notna(d) else None for d in dates],
                "department": lines["afdeling"].to_numpy(),
                "child_present": lines["barn_til_stede"].replace("", None).to_numpy(),
            }
        )
    return frames


def test_tables_of_the_background_are_those_of_pandas(found, forms):
    first, by = forms["participant_first"], pd.crosstab
    for quarter, n in first["quarter"].value_counts().items():
        assert found[101, quarter, "", "", "count"].value == n
    assert found[101, "Missing", "", "", "count"].value == first["quarter"].isna().sum()
    labels = {1: "rigtig god", 2: "god", 3: "nogenlunde", 4: "mindre god", 5: "dårlig"}
    cells = by(first["department"], first["overall"].map(labels))
    assert {(d, c): found[102, d, c, "", "count"].value for d in cells.index for c in cells} == cells.stack().to_dict()
    limited = forms["initiator"]
    limited = limited[limited["department"].isin(["Nord", "Syd"])]
    both = limited.dropna(subset=["child_present", "belief"])
    assert found[103, "Total", "Total", "", "count"].value == len(both) > 0
    assert found[103, "ja", "Ja, meget", "", "count"].value == ((both["child_present"] == "ja") & (both["belief"] == 1)).sum()
    for department, n in first.dropna(subset=["belief", "overall"])["department"].value_counts().items():
        assert found[104, "", "", department, "n"].value == n


def test_the_marts_say_it_with_labels(settings, monkeypatch):
    monkeypatch.setenv("FRS_DATA_DIR", str(settings.data))
    held = read_mart("conference", study=settings.study.folder)
    ledger = pd.read_csv(RAW / LEDGER, sep=";", dtype=str, keep_default_na=False)
    book = pd.DataFrame(csv.DictReader(io.StringIO(open_plain(RAW / CODEBOOK, PUBLISHED / DEMO_KEY))))
    both = held.merge(book, on="conference_id").merge(ledger, left_on="conference_number", right_on="raadslagningsnummer")
    assert len(both) == held["in_ledger"].sum()
    assert (both["department"].astype(str) == both["afdeling"]).all()
    assert (both["child_present"].astype(object).where(both["child_present"].notna(), "") == both["barn_til_stede"]).all()
    assert held["quarter"].cat.ordered
    alone = held[~held["in_ledger"].astype(bool)]
    assert alone["department"].isna().all()


def test_every_figure_has_a_passport_that_closes_and_plain_duckdb_gives_it(settings, store, found):
    study, passports = settings.study, Passports(settings.study, store)
    with duckdb.connect() as connection:
        connection.execute(f"SET file_search_path = '{settings.curated(DELIVERY)}'")
        for address in (address for address in found if address.table > 100):
            made = passports.of(address)
            assert [check.name for check in made.checks if not check.passed] == [], address
            value = connection.execute(
                recount(study, catalogue(study)[address.table], address, meanings(study)[address])
            ).fetchone()[0]
            exact = address.measure not in ("ase", "t", "p")
            assert value == (found[address].value if exact else pytest.approx(found[address].value)), address
    assert "Afdeling" in passports.of(Address(103, "ja", "Ja, meget", "", "count")).definition.danish


def test_a_release_protects_it_like_any_answer(settings, store, tmp_path):
    study, numbers = settings.study, (102, 106, 107, 108)
    tables = {number: table for number, table in catalogue(study).items() if number in numbers}
    marts = {"participant_first": store.marts("participant_first")}
    done = Releasing(study, DELIVERY, tables, marts, release_policy(study), forms="x").release()
    assert {variant.table.number for variant in done.released}
    for name, content in done.files.items():
        (tmp_path / name).write_bytes(content)
    assert attack(study, Source(read_release(tmp_path), "x")).exposed == ()
    rows = list(csv.DictReader(io.StringIO(done.files["figures.csv"].decode())))
    shown = [int(row["value"]) for row in rows if row["measure"] == "count" and row["status"] == "shown"]
    assert [n for n in shown if 0 < n < release_policy(study).threshold] == []
    assert any(row["status"] == "hidden" for row in rows)


def test_what_the_ledger_says_does_not_change(settings, tmp_path):
    more = (
        next(line for line in TABLES.splitlines() if "number: 105" in line)
        .replace("variable: conflict", "variable: department")
        .replace(", group: department", "")
    )
    spoilt = study_with(tmp_path, {"tables.yaml": lambda text: text + more.replace("105", "109") + "\n"}, of=settings.study)
    with pytest.raises(InputError, match="department is no answer: the ledger says it of the conference"):
        catalogue(spoilt)


@pytest.fixture
def study(tmp_path):
    """The shipped study, which admits a background."""
    edits = {"study.yaml": BACKGROUND, "scales.yaml": SCALES}
    return study_with(tmp_path, {name: lambda text, more=more: text + more for name, more in edits.items()})


def ledger(folder, *lines):
    path = folder / LEDGER
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


HEADER = ";".join((*COLUMNS, "afdeling", "barn_til_stede"))


def test_a_ledger_is_read_with_its_background_plain_or_as_a_spreadsheet_keeps_it(study, tmp_path):
    wanted = [(1, 1, None), (5, 3, 2)]
    for date in ("2019-02-03", "3-2-2019"):
        lines = ("1;2018-01-01;rådslagning;Nord;", f"2;{date};opfølgning;Syd;nej")
        found = read_ledger(study, ledger(tmp_path, HEADER, *lines)).to_pylist()
        assert [(row["quarter"], row["department"], row["child_present"]) for row in found] == wanted


def test_a_ledger_without_other_columns_knows_the_quarter_alone(study, tmp_path):
    found = read_ledger(study, ledger(tmp_path, ";".join(COLUMNS), "1;2018-04-01;rådslagning"))
    assert found.drop_columns(REGISTER.names).to_pylist() == [{"quarter": 2, "department": None, "child_present": None}]


@pytest.mark.parametrize(
    ("lines", "line", "said"),
    [
        (["raadslagningsnummer;dato;anledning;afdeling", "1;2018-01-01;rådslagning;Nord"], 1, "no column barn_til_stede"),
        ([HEADER, "1;2018-01-01;rådslagning;Nord;ja", "2;2018-01-01;rådslagning;Vest;ja"], 3, "a word that scale department"),
        ([HEADER, "1;2021-01-01;rådslagning;Nord;ja"], 2, "outside of the quarters of quarter"),
    ],
    ids=["column", "word", "date"],
)
def test_what_a_ledger_gets_wrong_is_said_with_its_line_and_without_the_word(study, tmp_path, lines, line, said):
    path = ledger(tmp_path, *lines)
    with pytest.raises(InputError, match=said) as refused:
        read_ledger(study, path)
    assert refused.value.where == f"{path}:{line}"
    assert "Vest" not in str(refused.value)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("scale: department", "scale: departement", "scale departement is not in scales.yaml (is department meant?)"),
        ("name: department", "name: occasion", "name occasion is taken"),
        ("name: department", "name: overall", "overall is the name of a column about conferences in study.yaml, too"),
        ("[2018-Q1, 2020-Q4]", "[2018-1, 2020-Q4]", "quarters are written as [2018-Q1, 2020-Q4]"),
        ("[2018-Q1, 2020-Q4]", "[2020-Q1, 2018-Q4]", "quarters: from the first to the last"),
        ("column: afdeling, ", "", "say column and scale, or quarters"),
        ("registers: [codebook, ledger]", "registers: [codebook]", "only a ledger says anything of conferences"),
    ],
)
def test_what_study_yaml_gets_wrong_is_said(study, old, new, said):
    path = study.folder / "study.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    spoilt = Study(study.folder)
    with pytest.raises(InputError) as refused:
        questionnaires(spoilt)
    assert said in str(refused.value)
