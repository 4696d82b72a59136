"""A text that people code, from the export to the tables: what is in the mart and what nowhere else, and what rests on what."""

import json
import stat

import duckdb
import pandas as pd
import pytest
from support.running import curated, here
from support.small_study import NAME, make_delivery

from frs_pipeline.codebook.entries import PIPELINE_COLUMNS, Entry, lock, plain
from frs_pipeline.codebook.keys import make_key
from frs_pipeline.errors import FrsError, InputError
from frs_pipeline.lineage.evidence import Evidence
from frs_pipeline.lineage.form import ways
from frs_pipeline.lineage.impact import resting_on
from frs_pipeline.lineage.listing import counted
from frs_pipeline.lineage.meaning import meanings
from frs_pipeline.lineage.passport import Passports
from frs_pipeline.lineage.recount import recount
from frs_pipeline.operations.doctor import _produced
from frs_pipeline.operations.new_study import begin
from frs_pipeline.operations.refresh import refresh
from frs_pipeline.operations.verify import verify
from frs_pipeline.privacy.search import search_results
from frs_pipeline.store.deliveries import CODEBOOK
from frs_pipeline.store.files import SHEETS, Store, read
from frs_pipeline.study import Study
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.study.tables import Address, catalogue
from frs_pipeline.tables.render import base_line
from frs_pipeline.withdrawal.withdrawing import prepare

QUESTIONS = """\
  - {name: best, source: bedst, text: "Hvad var bedst?", type: text, scale: best, sensitivity: sensitive, wording: assumed}
  - {name: remarks, source: bem, text: "Andet?", type: text, sensitivity: sensitive, wording: assumed}
"""
SCALES = """\
  best:
    - {code: 1, label: Samtalen}
    - {code: 2, label: Planen}
    - {code: 9, label: "Noget andet"}
"""
TABLES = """\
  - {number: 4, title: "", kind: frequency, mart: participant, variable: best_1}
  - {number: 5, title: "", kind: crosstab, mart: participant, row: best_2, column: overall, percent: row}
  - {number: 6, title: "", kind: frequency, mart: participant, variable: overall, where: {best_1: [valgt]}}
  - {number: 7, title: "", kind: multiple, mart: participant, variable: best}
"""
FORMS = 48
SAID = "mormor fandt hurtigt en løsning sammen med de andre"


def written(name, at):
    return f"{SAID} ({at})" if at % 3 and name == "best" else "ellers intet" if at == 5 else ""


def codes_of(at):
    """What anna, bo and, where they differ and then agree, both together say."""
    anna = {1} if at % 2 else {2, 9}
    bo = anna if at % 5 else {1, 2}
    return {"anna": anna, "bo": bo, **({"consensus": {9}} if at % 10 == 0 else {})}


CODED = [at for at in range(FORMS) if at % 3 and at < 40]


def lines(*more):
    rows = ["form;question;code;coder;when"]
    for at in CODED:
        rows += [f"DE-{1000 + at};best;{code};{coder};2024-07-01" for coder, own in codes_of(at).items() for code in sorted(own)]
    return "\n".join([*rows, *more]) + "\n"


def counts(at):
    codes = codes_of(at)
    return codes["consensus"] if "consensus" in codes else codes["anna"] & codes["bo"]


def make(folder):
    study = begin(folder / "coded")
    for name, more in (("questionnaires/participant", QUESTIONS), ("scales", SCALES), ("tables", TABLES)):
        with (study / f"{name}.yaml").open("a", encoding="utf-8") as file:
            file.write(more)
    settings = make_delivery(Study(study), folder / "data", forms=FORMS, written=written)
    (settings.raw_delivery(NAME) / "coding.csv").write_text(lines(), encoding="utf-8")
    return settings


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    settings = make(tmp_path_factory.mktemp("coding"))
    assert refresh(settings).vouched
    return settings


@pytest.fixture(scope="module")
def store(settings):
    return Store(settings, NAME)


def mart(store):
    return read(store.file("marts", "participant")).to_pandas().sort_values("form_id", ignore_index=True)


def wanted():
    return pd.DataFrame(
        {f"best_{code}": [int(code in counts(at)) if at in CODED else None for at in range(FORMS)] for code in (1, 2, 9)}
    )


def test_codes_are_columns_of_the_mart_and_null_where_nobody_coded(store):
    rows = mart(store)
    assert "best" not in rows
    found = rows[[*wanted()]].astype(object).where(rows[[*wanted()]].notna(), None)
    assert found.values.tolist() == wanted().astype(object).where(wanted().notna(), None).values.tolist()


def test_texts_stay_in_the_restricted_zone_and_nothing_of_them_is_anywhere_else(settings, store):
    path = store.file("texts", "participant")
    texts = read(path).to_pandas()
    assert path.is_relative_to(settings.restricted(NAME))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert texts["best"].notna().sum() == sum(at % 3 > 0 for at in range(FORMS))
    assert texts["remarks"].dropna().tolist() == ["ellers intet"]
    holding = [path for path in settings.curated(NAME).rglob("*") if path.is_file() and "mormor" in _words(path)]
    assert holding == []
    assert search_results(store).leaks == ()


def _words(path):
    if path.suffix == ".parquet":
        return str(read(path).to_pydict())
    return path.read_bytes().decode("utf-8", "replace")


def test_a_text_is_asked_for_by_its_own_name(store):
    assert {place.source for place, _ in resting_on(store, "best")} == {"table_04", "table_05", "table_06", "table_07"}


def test_the_sheet_of_a_coder_is_no_stray_result(settings, store):
    arguments = ("--study", str(settings.study.folder), "coding", "sheet", "best", "--reason", "coding begins")
    done = here(settings.data, *arguments, FRS_KEY_FILE=str(settings.key))
    assert (done.returncode, (settings.restricted(NAME) / SHEETS / "best.csv").exists()) == (0, True), done.stderr
    found = _produced(store, NAME)
    assert (found.sound, found.detail) == (True, "as the manifest says")


@pytest.mark.parametrize("name", ["statistics/odd.csv", "odd.json"])
def test_a_text_that_got_out_is_found(settings, store, name):
    path = settings.curated(NAME) / name
    path.write_text(json.dumps(written("best", 1)), encoding="utf-8")
    try:
        assert {leak.kind for leak in search_results(store).leaks} == {"free text"}
    finally:
        path.unlink()


def test_every_figure_of_coded_texts_has_a_passport_that_closes_and_plain_duckdb_gives_it(settings, store):
    study, every = settings.study, list(Passports(settings.study, store).every())
    assert {made.address for made in every} == set(Evidence(store).figures)
    assert [made.address for made in every if not (made.closes and all(check.passed for check in made.checks))] == []
    with duckdb.connect() as connection:
        connection.execute(f"SET file_search_path = '{settings.curated(NAME)}'")
        for made in (made for made in every if made.address.table > 3):
            query = recount(study, catalogue(study)[made.address.table], made.address, meanings(study)[made.address])
            assert connection.execute(query).fetchone()[0] == Evidence(store).figures[made.address].value, made.address


def test_all_codes_of_a_text_are_one_table(store):
    codes = [counts(at) for at in CODED]
    figures = Evidence(store).figures
    assert figures[7, "Total valid", "", "", "count"].value == sum(map(bool, codes)) > 0
    assert figures[7, "Total", "", "", "answers"].value == sum(map(len, codes))
    assert figures[7, "Planen", "", "", "count"].value == sum(2 in own for own in codes)
    none = len(codes) - sum(map(bool, codes))
    rows = [row for row in read(store.file("statistics", "bases")).to_pylist() if row["table"] == 7]
    left = (
        f'{FORMS - len(codes)} uden kodet tekst − {none} "ingen fælles kode"'
        if none
        else f"{FORMS - len(codes)} uden kodet tekst"
    )
    assert base_line(store.study, catalogue(store.study)[7], rows) == f"Grundlag: {FORMS} skemaer − {left} = {len(codes) - none}"


def test_a_figure_leads_to_the_lines_of_the_coding_as_well_as_to_the_forms(settings, store):
    made = Passports(settings.study, store).of(Address(4, "valgt", "", "", "count"))
    assert made.value == wanted()["best_1"].sum() == made.forms > 0
    assert "coding.csv" in {file.name for file in made.provenance.inputs}
    (amended,) = made.amendments
    number = len(lines().splitlines()) - 1
    assert (amended.kind, amended.about, amended.who) == ("coding", "best", "2 coders")
    assert amended.reason == f"{number} lines of coding.csv about {len(CODED)} forms"
    listed = counted(Evidence(store), meanings(settings.study)[made.address].counted)
    own = lines().splitlines()
    for form in listed:
        at = [n for n, line in enumerate(own, start=1) if line.startswith(f"{form.form};")]
        coders = dict.fromkeys(own[n - 1].split(";")[3] for n in at)
        assert form.history == (f"coded: best (coding.csv:{', '.join(map(str, at))}; {', '.join(coders)})",)
    (way,) = ways(Evidence(store), listed[0].form)
    assert listed[0].history[0] in way.notes
    assert (way.answered, way.asked) == (3, 3)


def test_the_base_says_that_the_others_have_no_coded_text(settings, store):
    rows = [row for row in read(store.file("statistics", "bases")).to_pylist() if row["table"] == 4]
    left = FORMS - len(CODED)
    line = f"Grundlag: {FORMS} skemaer − {left} uden kodet tekst = {len(CODED)}"
    assert base_line(settings.study, catalogue(settings.study)[4], rows) == line


def test_agreement_is_a_statistic_without_text_or_name(store):
    rows = read(store.file("statistics", "coding")).to_pandas().set_index("code")
    pairs = pd.DataFrame([(1 in codes_of(at)["anna"], 1 in codes_of(at)["bo"]) for at in CODED], columns=["anna", "bo"])
    table = pd.crosstab(pairs["anna"], pairs["bo"], normalize=True)
    observed = table.loc[True, True] + table.loc[False, False]
    expected = (table.sum(axis=1) * table.sum(axis=0)).sum()
    assert rows.loc[1, "agreement_percent"] == pytest.approx(100 * observed)
    assert rows.loc[1, "kappa"] == pytest.approx((observed - expected) / (1 - expected))
    assert rows.loc[1, "several"] == len(CODED)
    assert not {"anna", "bo"} & set(rows.astype(str).to_numpy().ravel())


def test_only_what_comes_after_the_texts_is_made_again_when_somebody_codes(tmp_path):
    settings = make(tmp_path)
    coding = settings.raw_delivery(NAME) / "coding.csv"
    coding.unlink()
    refresh(settings)
    store = Store(settings, NAME)
    assert mart(store)[["best_1", "best_2", "best_9"]].isna().all(axis=None)
    assert read(store.file("statistics", "coding")).num_rows == 0
    coding.write_text(lines(), encoding="utf-8")
    made = refresh(settings).made
    assert "coded/participant" in made
    assert [name for name in made if name.startswith(("validated", "texts"))] == []
    before = curated(settings)
    assert refresh(settings).made == ()
    # Other pseudonyms: whom a form belongs to has another name, and how it was coded is as it was.
    entries = [
        Entry(f"{61 + at}01180011", 40_000 + at, f"K-{'abcdefghijkl'[at]}other", "end", f"2024-0{1 + at % 5}-0{1 + at % 9}")
        for at in range(12)
    ]
    settings.key.unlink()
    (settings.raw_delivery(NAME) / CODEBOOK).write_bytes(lock(plain(entries, PIPELINE_COLUMNS), [make_key(settings.key)]))
    codes = mart(store)[["best_1", "best_2", "best_9"]]
    refresh(settings)
    assert mart(store)[["best_1", "best_2", "best_9"]].equals(codes)
    assert curated(settings) != before
    assert [verdict.faults for verdict in verify(store) if verdict.faults] == []


def test_a_coded_form_that_is_set_aside_counts_again_when_it_is_corrected(tmp_path):
    settings = make(tmp_path)
    dataset = settings.raw_delivery(NAME) / "participant" / "dataset.csv"
    text = dataset.read_text(encoding="cp1252")
    (header, _, first, *_) = text.splitlines()
    column, cells = questionnaires(settings.study)["participant"].question("overall").source, first.split(";")
    at = header.split(";").index(column)
    old, cells[at] = cells[at], "77"
    dataset.write_text(text.replace(first, ";".join(cells)), encoding="cp1252")
    refresh(settings)
    store = Store(settings, NAME)
    assert "DE-1001" not in mart(store)["form_id"].tolist()
    assert "DE-1001" not in read(store.file("texts", "participant"))["form_id"].to_pylist()
    correction = f"form;column;old;new;reason;who;when\nDE-1001;{column};77;{old};set på papiret;kb;2024-07-01\n"
    (settings.raw_delivery(NAME) / "corrections.csv").write_text(correction, encoding="utf-8")
    refresh(settings)
    assert mart(store).set_index("form_id").loc["DE-1001", "best_1"] == 1


def test_a_wrong_line_stops_the_run_and_is_named(tmp_path):
    settings = make(tmp_path)
    coding = settings.raw_delivery(NAME) / "coding.csv"
    coding.write_text(lines("DE-1000;best;1;anna;2024-07-01"), encoding="utf-8")
    with pytest.raises(FrsError, match=rf"coding\.csv:{len(lines().splitlines()) + 1}: nothing is written there at best"):
        refresh(settings)


def test_a_form_is_withdrawn_only_when_nothing_says_how_it_was_coded(tmp_path):
    settings = make(tmp_path)
    refresh(settings)
    store = Store(settings, NAME)
    with pytest.raises(InputError, match=r"coding\.csv:2: 2 lines from here on say how its texts were coded"):
        prepare(store, ["DE-1001"], "samtykke trukket", "kb", everywhere=False)
    assert prepare(store, ["DE-1000"], "samtykke trukket", "kb", everywhere=False).parts
