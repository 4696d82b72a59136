"""What the ledger says of conferences, as columns of marts and in tables, against pandas in the exports and the ledger."""

import csv
import io
import shutil

import duckdb
import pandas as pd
import pyarrow.parquet as pq
import pytest
from support.keys import lay_down, lock_again
from support.shipped import DELIVERY, RAW
from support.study import few_tables, study_with

from frs_pipeline import read_mart
from frs_pipeline.codebook.keys import PUBLISHED
from frs_pipeline.codebook.vault import open_plain
from frs_pipeline.errors import CheckFailed, InputError
from frs_pipeline.intake.ledger import COLUMNS, REGISTER, read_ledger
from frs_pipeline.lineage.differences import CONFERENCES, differences
from frs_pipeline.lineage.impact import ChangedForms, impact, rows_of
from frs_pipeline.lineage.meaning import meanings
from frs_pipeline.lineage.passport import Passports
from frs_pipeline.lineage.recount import recount
from frs_pipeline.operations.refresh import refresh
from frs_pipeline.release.attack import attack
from frs_pipeline.release.making import Releasing
from frs_pipeline.release.reading import read_release
from frs_pipeline.release.variants import kept_back
from frs_pipeline.release.worlds import Source
from frs_pipeline.store.deliveries import AMENDMENTS, CODEBOOK, DEMO_KEY, LEDGER
from frs_pipeline.store.files import Store, read
from frs_pipeline.store.settings import Settings
from frs_pipeline.study import Study
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.study.release import release_policy
from frs_pipeline.study.tables import Address, catalogue
from frs_pipeline.tables.figures import as_table, from_table
from frs_pipeline.tables.render import base_line
from frs_pipeline.tables.together import refuse_what_cannot_be_counted

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
- {number: 110, title: "", kind: frequency, mart: conference, variable: quarter}
- {number: 111, title: "", kind: crosstab, mart: conference, row: quarter, column: department, percent: row, occasion: first}
- {number: 112, title: "", kind: distribution, mart: conference, variable: child_present, where: {department: [Nord, Syd]}}
- {number: 113, title: "", kind: collapsed_crosstab, mart: conference, row: department, column: child_present,
   collapse: {department: {Nord: [Nord], andre: [Midt, Syd]}, child_present: {ja: [ja], nej: [nej]}}}
- {number: 114, title: "", kind: frequency, mart: conference, variable: department, leave_out: {department: [Midt]}}
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
    data = folder / "data"
    data.mkdir()
    made = Settings(admitting(few_tables(folder)), data, lay_down(data))
    deliver(made.raw_delivery(DELIVERY))
    refresh(made)
    return made


def deliver(folder):
    """Lay out the shipped delivery with a register that isn't as tidy.

    Some lines of the ledger are missing, some have numbers that the codebook doesn't know; one conference is withdrawn.
    """
    shutil.copytree(RAW, folder)
    lock_again(folder, RAW)
    header, *lines = (RAW / LEDGER).read_text(encoding="utf-8").splitlines()
    unknown = ["1;2019-03-01;rådslagning;Nord;ja", "2;2019-03-02;rådslagning;;", "3;2019-03-03;opfølgning;Syd;nej"]
    kept = [line for at, line in enumerate(lines) if at % 90 != 40]
    (folder / LEDGER).write_text("\n".join([header, *kept, *unknown]) + "\n", encoding="utf-8")
    gone = next(row for row in codebook() if row["conference_number"] == kept[0].split(";")[0])
    withdrawn = f"form;conference;reason;who;when\n;{gone['conference_id']};samtykke trukket;LK;2021-01-05\n"
    (folder / AMENDMENTS["withdrawals"]).write_text(withdrawn, encoding="utf-8")


def codebook():
    return list(csv.DictReader(io.StringIO(open_plain(RAW / CODEBOOK, PUBLISHED / DEMO_KEY))))


@pytest.fixture(scope="module")
def registers(settings):
    """The ledger and the codebook without the conference that is withdrawn, and its number."""
    folder = settings.raw_delivery(DELIVERY)
    (gone,) = pd.read_csv(folder / AMENDMENTS["withdrawals"], sep=";")["conference"]
    ledger, book = pd.read_csv(folder / LEDGER, sep=";", dtype=str, keep_default_na=False), pd.DataFrame(codebook())
    (number,) = book[book["conference_id"] == gone]["conference_number"]
    return ledger[ledger["raadslagningsnummer"] != number], book[book["conference_number"] != number], number


@pytest.fixture(scope="module")
def store(settings):
    return Store(settings, DELIVERY)


@pytest.fixture(scope="module")
def found(store):
    return {figure.address: figure for figure in from_table(read(store.file("statistics", "figures")))}


@pytest.fixture(scope="module")
def forms(store, registers):
    """The accepted forms from the raw exports, with the lines of the ledger by their numbers."""
    ledger, withdrawn = registers[0].set_index("raadslagningsnummer"), registers[2]
    aside = set(read(store.file("quarantine"))["form_id"].to_pylist())
    frames = {}
    for name, prefix, columns in (
        ("participant_first", "DF", {"overall": "helefrs", "role": "hvem", "belief": "planhjlp"}),
        ("initiator", "IN", {"belief": "planhjlp"}),
    ):
        raw = pd.read_csv(RAW / name / "dataset.csv", sep=";", encoding="cp1252", dtype=str, keep_default_na=False)
        raw = raw[~(prefix + "-" + raw["responde"]).isin(aside) & (raw["raadsnr"] != withdrawn)]
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


@pytest.fixture(scope="module")
def conferences(registers):
    """Every conference of the codebook, with its line of the ledger where there is one; and how many lines have none."""
    ledger, book, _ = registers
    held = book.merge(ledger, how="left", left_on="conference_number", right_on="raadslagningsnummer").replace("", None)
    dates = pd.to_datetime(held["dato"])
    held["quarter"] = [f"{d.year}-Q{d.quarter}" if pd.notna(d) else None for d in dates]
    return held, int((~ledger["raadslagningsnummer"].isin(book["conference_number"])).sum())


def test_conferences_are_counted_as_pandas_counts_them(found, conferences):
    held, _ = conferences
    quarters = held["quarter"].value_counts()
    assert len(quarters) > 4
    assert {q: found[110, q, "", "", "count"].value for q in quarters.index} == quarters.to_dict()
    assert found[110, "Missing", "", "", "count"].value == held["quarter"].isna().sum() > 0
    assert found[110, "Total", "", "", "count"].value == len(held)
    first = held[held["occasion"] == "first"]
    cells = pd.crosstab(first["quarter"], first["afdeling"])
    assert {(q, d): found[111, q, d, "", "count"].value for q in cells.index for d in cells} == cells.stack().to_dict()
    limited = held[held["afdeling"].isin(["Nord", "Syd"])]["barn_til_stede"].value_counts()
    assert {word: found[112, word, "", "", "count"].value for word in ("ja", "nej")} == limited.to_dict()
    both = held.dropna(subset=["afdeling", "barn_til_stede"])
    assert found[113, "andre", "ja", "", "count"].value == ((both["afdeling"] != "Nord") & (both["barn_til_stede"] == "ja")).sum()
    assert found[114, "Total valid", "", "", "count"].value == held["afdeling"].isin(["Nord", "Syd"]).sum()


def test_a_passport_begins_with_all_conferences_that_anybody_knows(settings, store, conferences):
    passports, (held, alone) = Passports(settings.study, store), conferences
    made = passports.of(Address(111, "Total", "Total", "", "count"))
    first = held[held["occasion"] == "first"]
    assert made.delivered == {"conference": 1 + len(held) + alone}
    assert [(step.kind, step.about, step.forms) for step in made.waterfall] == [
        ("withdrawn", "", 1),
        ("not_in_codebook", "", alone),
        ("other_occasion", "", len(held) - len(first)),
        ("blank", "quarter", first["dato"].isna().sum()),
    ]
    assert alone == 3
    # Of the three, one is known to be of the other occasion, and of another nobody knows the department.
    assert [near.forms for near in made.near if near.kind == "not_in_codebook"] == [1]
    assert made.forms == first["dato"].notna().sum()
    assert made.numerator.unit == "conferences"
    assert made.equation == f"{made.forms} conferences = {made.forms}"
    english = "Number of first conferences in the codebook, where »Kvartal« is known and »Afdeling« is known."
    assert made.definition.english == english
    assert made.definition.danish.startswith("Antal første rådslagninger i kodebogen, hvor »Kvartal« er kendt og ")
    assert made.waterfall[2].why.english == "follow-ups"
    for language in ("danish", "english"):
        words = [made.definition, *(step.why for step in made.waterfall), *(near.why for near in made.near)]
        assert not [
            text for text in words if any(w in getattr(text, language) for w in ("skema", "form ", "forms", "besvar", "answer"))
        ]


def test_the_base_line_and_the_page_speak_of_conferences(settings, store, conferences):
    held, _ = conferences
    rows = [row for row in read(store.file("statistics", "bases")).to_pylist() if row["table"] == 110]
    line = base_line(settings.study, catalogue(settings.study)[110], rows)
    unknown = held["quarter"].isna().sum()
    assert line == f"Grundlag: {len(held)} rådslagninger − {unknown} hvor det ikke er kendt = {len(held) - unknown}"
    pages = "".join(path.read_text(encoding="utf-8") for path in (settings.curated(DELIVERY) / "report").glob("*.html"))
    base = pages.split('id="figur-110"')[1].split('data-bound="base">')[1].split("</p>")[0]
    assert "rådslagninger" in base
    assert "skema" not in base


def test_no_release_has_conferences(settings):
    study = settings.study
    held_back = {number: kept_back(study, table) for number, table in catalogue(study).items()}
    assert [number for number, why in held_back.items() if why and "conferences" in why] == [110, 111, 112, 113, 114]


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("kind: summary, mart: conference, variable: quarter", "conferences aren't counted by kind: summary"),
        ("kind: correlation, mart: conference, row: quarter, column: quarter", "conferences aren't counted by kind: correlation"),
        ("kind: multiple, mart: conference, variable: quarter", "conferences aren't counted by kind: multiple"),
        ("kind: change, mart: conference, variable: quarter, from: first, to: followup", "aren't counted by kind: change"),
        ("kind: distribution, mart: conference, variable: quarter, also: initiator", "conferences and forms can't be added up"),
        ("kind: distribution, mart: initiator, variable: quarter, also: conference", "conferences and forms can't be added up"),
        ("kind: frequency, mart: conference, variable: quater", "background in study.yaml has no quater (is quarter meant?)"),
        ("kind: frequency, mart: conference, variable: role", "background in study.yaml has no role"),
    ],
)
def test_what_cannot_be_counted_of_conferences_is_refused(settings, tmp_path, entry, said):
    line = f'- {{number: 120, title: "", {entry}}}\n'
    spoilt = study_with(tmp_path, {"tables.yaml": lambda text: text + line}, of=settings.study)
    with pytest.raises(InputError) as refused:
        catalogue(spoilt)
    assert said in str(refused.value)


def test_without_a_background_nothing_is_known_of_conferences(tmp_path):
    line = '  - {number: 120, title: "", kind: frequency, mart: conference, variable: quarter}\n'
    with pytest.raises(InputError, match="nothing is known of conferences that could be counted"):
        catalogue(study_with(tmp_path, {"tables.yaml": lambda text: text + line}))


def test_a_withdrawn_conference_leaves_the_tables_of_conferences(settings, store):
    held = read(store.file("marts", "conference"))
    one = held.slice(0, 1).to_pylist()[0]
    change = ChangedForms(store.study, rows_of(store, (), {one["conference_id"]}), {}, frozenset({one["conference_id"]}))
    moved = {m.place: (m.before.value, m.after.value) for m in impact(store, change) if m.place.measure == "count"}
    assert moved["table_110", "Total", "", "", "count"] == (held.num_rows, held.num_rows - 1)
    quarter = catalogue(store.study)[110].row.label(one["quarter"]) or "Missing"
    before, after = moved["table_110", quarter, "", "", "count"]
    assert before - after == 1


def test_several_deliveries_are_refused(settings, tmp_path):
    without = lambda text: "\n".join(line for line in text.splitlines() if "kind: change" not in line) + "\n"  # noqa: E731
    study = study_with(tmp_path, {"tables.yaml": without}, of=settings.study)
    store = Store(Settings(study, settings.data), DELIVERY)
    with pytest.raises(CheckFailed, match="table 110 counts conferences, which can't be done over several deliveries yet"):
        refuse_what_cannot_be_counted(store)


def test_two_deliveries_that_differ_in_conferences_are_not_said_to_differ_by_code(settings, store, tmp_path):
    data = tmp_path / "data"
    for name in (DELIVERY, "2021-11-30"):
        shutil.copytree(settings.curated(DELIVERY), data / "curated" / name)
    older, newer = (Store(Settings(settings.study, data), name) for name in (DELIVERY, "2021-11-30"))
    assert differences(older, newer).changes == ()
    kept = from_table(read(newer.file("statistics", "figures")))
    at = next(at for at, figure in enumerate(kept) if figure.table == 110)
    kept[at] = kept[at]._replace(value=kept[at].value + 1, printed="!")
    pq.write_table(as_table(kept), newer.file("statistics", "figures"))
    (change,) = differences(older, newer).changes
    assert (change.address, change.causes, change.moved) == (kept[at].address, (CONFERENCES,), {})


def test_the_marts_say_it_with_labels(settings, registers, monkeypatch):
    monkeypatch.setenv("FRS_DATA_DIR", str(settings.data))
    held = read_mart("conference", study=settings.study.folder)
    ledger, book, _ = registers
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
    study, numbers = settings.study, (102, 106, 107, 108, 110)
    tables = {number: table for number, table in catalogue(study).items() if number in numbers}
    marts = {"participant_first": store.marts("participant_first")}
    done = Releasing(study, DELIVERY, tables, marts, release_policy(study), forms="x").release()
    assert {variant.table.number for variant in done.released}
    assert 110 in {withheld.table.number for withheld in done.withheld}
    assert not any(b"110" in content for name, content in done.files.items() if name.endswith("tables.json"))
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
