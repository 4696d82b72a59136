"""Tables of change of the shipped study: pairs found once more by pandas in the raw exports, by code that shares nothing."""

import csv
import io
import shutil

import duckdb
import pandas as pd
import pytest
from support import keys
from support.shipped import DELIVERY, RAW
from support.study import FEW, few_tables

from frs_pipeline.codebook.entries import lock
from frs_pipeline.codebook.keys import PUBLISHED
from frs_pipeline.codebook.vault import open_plain
from frs_pipeline.errors import CheckFailed
from frs_pipeline.lineage.evidence import Evidence
from frs_pipeline.lineage.form import ways
from frs_pipeline.lineage.impact import ChangedForms, recounted, resting_on, rows_of
from frs_pipeline.lineage.listing import counted
from frs_pipeline.lineage.meaning import meanings
from frs_pipeline.lineage.passport import Passports
from frs_pipeline.lineage.recount import recount
from frs_pipeline.operations.refresh import refresh
from frs_pipeline.release.making import Releasing
from frs_pipeline.store.deliveries import CODEBOOK, DEMO_KEY
from frs_pipeline.store.files import Store, read
from frs_pipeline.store.settings import Settings
from frs_pipeline.study.release import release_policy
from frs_pipeline.study.tables import WAYS, Address, catalogue
from frs_pipeline.tables.figures import from_table
from frs_pipeline.tables.render import base_line, render
from frs_pipeline.tables.together import refuse_what_cannot_be_counted

TABLES = """
- {number: 101, title: "", kind: change, mart: participant_first, variable: overall, from: first, to: followup, group: role,
   better: rigtig god}
- {number: 102, title: "", kind: change, mart: initiator, variable: conflict, from: first, to: followup, better: slet ingen}
- {number: 103, title: "", kind: change, mart: participant_first, variable: closer, from: first, to: followup,
   where: {role: [mor, far], overall: [rigtig god, god]}}
- {number: 104, title: "", kind: change, mart: coordinator, variable: conflict, from: first, to: followup,
   leave_out: {conflict: [almindeligt]}}
"""
# The columns of the exports in which the questions stand.
COLUMNS = {
    "participant_first": {"role": "hvem", "overall": "helefrs", "closer": "taettere"},
    "participant_followup": {"role": "hvem", "overall": "heleopf", "closer": "taettere"},
    "initiator": {"conflict": "konflikt"},
    "coordinator": {"conflict": "konflikt"},
}
ROLES = {1: "barn", 2: "mor", 3: "far", 4: "familie", 5: "netværk"}
NOBODYS = 30  # conferences whose child has no pseudonym in the codebook


@pytest.fixture(scope="module")
def codebook():
    """The lines of the shipped codebook; some of them don't know the child."""
    rows = list(csv.DictReader(io.StringIO(open_plain(RAW / CODEBOOK, PUBLISHED / DEMO_KEY))))
    for row in rows[::12][:NOBODYS]:
        row["case_id"] = ""
    return rows


@pytest.fixture(scope="module")
def settings(tmp_path_factory, codebook):
    folder = tmp_path_factory.mktemp("change")
    study = few_tables(folder)
    with (study.folder / "tables.yaml").open("a", encoding="utf-8") as file:
        file.write(TABLES.strip("\n") + "\n")
    made = Settings(study, folder / "data")
    shutil.copytree(RAW, made.raw_delivery(DELIVERY))
    text = io.StringIO()
    writer = csv.DictWriter(text, codebook[0].keys(), lineterminator="\n")
    writer.writeheader()
    writer.writerows(codebook)
    (made.raw_delivery(DELIVERY) / CODEBOOK).write_bytes(lock(text.getvalue(), [keys.recipient()]))
    made = Settings(study, made.data, keys.lay_down(made.data))
    refresh(made)
    return made


@pytest.fixture(scope="module")
def store(settings):
    return Store(settings, DELIVERY)


@pytest.fixture(scope="module")
def found(store):
    return {figure.address: figure for figure in from_table(read(store.file("statistics", "figures")))}


@pytest.fixture(scope="module")
def forms(store, codebook):
    """The accepted forms, from the raw exports: child, occasion and answers."""
    cases = {int(row["conference_number"]): (row["case_id"] or None, row["occasion"]) for row in codebook}
    aside = set(read(store.file("quarantine"))["form_id"].to_pylist())
    prefixes = {"participant_first": "DF", "participant_followup": "DO", "initiator": "IN", "coordinator": "SA"}
    frames = {}
    for name, columns in COLUMNS.items():
        raw = pd.read_csv(RAW / name / "dataset.csv", sep=";", encoding="cp1252", dtype=str, keep_default_na=False)
        raw["form"] = prefixes[name] + "-" + raw["responde"]
        raw = raw[~raw["form"].isin(aside)]
        frame = pd.DataFrame({q: pd.to_numeric(raw[column]) for q, column in columns.items()})
        known = [cases[int(number)] for number in raw["raadsnr"]]
        frames[name] = frame.assign(form=raw["form"], case=[case for case, _ in known], occasion=[o for _, o in known])
    return frames


def paired(forms, mart, partner, question, by_role):
    """Every first form with why it has no pair ("" if it has), and the answer on the other."""
    first = forms[mart][forms[mart]["occasion"] == "first"]
    later = forms[partner][forms[partner]["occasion"] == "followup"]
    rows = []
    for form in first.to_dict("records"):
        mine, theirs = first[first["case"] == form["case"]], later[later["case"] == form["case"]]
        if by_role:
            mine, theirs = mine[mine["role"] == form["role"]], theirs[theirs["role"] == form["role"]]
        why = ""
        if pd.isna(form["case"]):
            why = "no_case"
        elif by_role and pd.isna(form["role"]):
            why = "no_role"
        elif len(mine) > 1:
            why = "several_here"
        elif len(theirs) != 1:
            why = "several_there" if len(theirs) else "none_there"
        other = theirs.iloc[0] if not why else None
        rows.append(
            {**form, "why": why, "after": other[question] if not why else None, "other": other["form"] if not why else None}
        )
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def pairs(forms):
    return {
        101: paired(forms, "participant_first", "participant_followup", "overall", True),
        102: paired(forms, "initiator", "initiator", "conflict", False),
        103: paired(forms, "participant_first", "participant_followup", "closer", True),
        104: paired(forms, "coordinator", "coordinator", "conflict", False),
    }


def expected(table, frame, question, better, group=None):
    """All figures of a table of change in one group, by address without the table."""
    labels = {code: category.label for category in table.row.categories for code in category.codes}
    both = frame[(frame["why"] == "") & frame[question].isin(labels) & frame["after"].isin(labels)]
    cells = pd.crosstab(both[question].map(labels), both["after"].map(labels), margins=True, margins_name="Total")
    wanted = {}
    for row in (*labels.values(), "Total"):
        for column in (*labels.values(), "Total"):
            inside = row in cells.index and column in cells.columns
            wanted[row, column, "count"] = int(cells.loc[row, column]) if inside else 0
    moved = (both["after"] - both[question]) * {"first": -1, "last": 1}.get(better, -1)
    for label, n in zip(names(table, question, better), ((moved > 0).sum(), (moved == 0).sum(), (moved < 0).sum()), strict=True):
        wanted[label, "", "count"] = int(n)
        wanted[label, "", "percent"] = 100 * n / len(both)
    return {(*address, group or ""): value for address, value in wanted.items()}


def names(table, question, better):
    return [way.danish for way in WAYS] if better else [category.label for category in table.change.categories]


def assert_equal(found, number, wanted):
    mine = {(a.row, a.column, a.measure, a.group): f.value for a, f in found.items() if a.table == number}
    mine = {key: value for key, value in mine.items() if key[-1] in {group for *_, group in wanted}}
    assert mine.keys() == wanted.keys()
    assert {key: (mine[key], wanted[key]) for key in wanted if mine[key] != pytest.approx(wanted[key], rel=1e-12)} == {}


def test_changes_are_those_that_pandas_finds_in_the_exports(settings, found, pairs):
    tables = catalogue(settings.study)
    wanted = expected(tables[101], pairs[101], "overall", "first", "Total")
    for code, role in ROLES.items():
        wanted |= expected(tables[101], pairs[101][pairs[101]["role"] == code], "overall", "first", role)
    assert_equal(found, 101, wanted)
    assert_equal(found, 102, expected(tables[102], pairs[102], "conflict", "last"))
    limited = pairs[103][pairs[103]["role"].isin([2, 3]) & pairs[103]["overall"].isin([1, 2])]
    assert_equal(found, 103, expected(tables[103], limited, "closer", None))
    assert_equal(found, 104, expected(tables[104], pairs[104], "conflict", None))
    assert [category.label for category in tables[103].change.categories] == [
        "nærmere meget tættere",
        "uændret",
        "nærmere meget længere fra",
    ]


def test_all_first_forms_are_accounted_for(settings, store, found, forms, pairs):
    rows = read(store.file("statistics", "bases")).to_pylist()
    for number, question in ((101, "overall"), (102, "conflict"), (104, "conflict")):
        table = catalogue(settings.study)[number]
        own = {(row["reason"], row["question"]): row["forms"] for row in rows if row["table"] == number}
        why = pairs[number]["why"].value_counts()
        status = table.pairing.status
        for reason in ("no_case", "no_role", "several_here", "none_there", "several_there"):
            assert own[reason, status] == why.get(reason, 0), (number, reason)
        both = pairs[number][pairs[number]["why"] == ""]
        assert own["blank", question] == both[question].isna().sum()
        answered = both[both[question].notna()]
        assert own["blank", table.pairing.later] == answered["after"].isna().sum()
        total = own.pop(("rows", None)) - own.pop(("other_occasion", None), 0)
        counts = own.pop(("base", None))
        assert total - sum(own.values()) == counts == found[number, "Total", "Total", table.groups[-1], "count"].value
        assert total == len(pairs[number])
    assert {"no_case", "no_role", "several_here", "none_there", "several_there"} <= set(pairs[101]["why"])
    line = base_line(settings.study, catalogue(settings.study)[101], [row for row in rows if row["table"] == 101])
    assert "uden barnets pseudonym" in line
    assert "med flere af samme rolle fra opfølgningen" in line


def test_every_figure_has_a_passport_that_closes_and_plain_duckdb_gives_it(settings, store, found, pairs):
    study, evidence = settings.study, Evidence(store)
    passports = Passports(study, store)
    new = [address for address in found if address.table > 100]
    with duckdb.connect() as connection:
        connection.execute(f"SET file_search_path = '{settings.curated(DELIVERY)}'")
        for address in new:
            made, meaning = passports.of(address), meanings(study)[address]
            assert made.closes
            assert [check.name for check in made.checks if not check.passed] == [], address
            assert all(addition.holds for addition in made.sums)
            query = recount(study, catalogue(study)[address.table], address, meaning)
            assert connection.execute(query).fetchone()[0] == found[address].value, address
    better = Address(102, "bedre", "", "", "count")
    listed = counted(evidence, meanings(study)[better].counted)
    frame = pairs[102]
    moved = frame[frame["after"] > frame["conflict"]]
    assert {form.form for form in listed} == set(moved["form"])
    named = {form.form: form.history[0] for form in listed}
    assert all(
        named[form].startswith(f"paired with {other}, ") for form, other in zip(moved["form"], moved["other"], strict=True)
    )
    assert "har et par fra opfølgningen" in passports.of(better).definition.danish
    assert passports.of(better).sums


def test_either_form_of_a_pair_is_followed_to_the_table(store, pairs):
    evidence = Evidence(store)
    for number in (101, 102):
        pair = pairs[number].dropna(subset=["after", "overall" if number == 101 else "conflict"]).iloc[0]
        for form in (pair["form"], pair["other"]):
            (way,) = ways(evidence, form)
            assert number in [table.table for table in way.tables if table.counted]
    alone = pairs[101][pairs[101]["why"] == "none_there"].iloc[0]["form"]
    (way,) = ways(evidence, alone)
    (told,) = (table for table in way.tables if table.table == 101)
    assert "no form about the child by that role from the follow-up" in [why.english for why in told.why]


def without(store, *forms):
    return recounted(store, ChangedForms(store.study, rows_of(store, set(forms))))


def test_leaving_out_either_form_of_a_pair_ends_it(store, found, pairs):
    pair = pairs[102].dropna(subset=["conflict", "after"]).iloc[0]
    total = found[102, "Total", "Total", "", "count"].value
    for form in (pair["form"], pair["other"]):
        after = {figure.address: figure.value for figure in without(store, form)[102]}
        assert after[102, "Total", "Total", "", "count"] == total - 1


def test_leaving_out_one_of_several_forms_makes_a_pair(store, found, forms, pairs):
    """Of two mothers' first forms either may be the one."""
    frame = pairs[101]
    several = frame[frame["why"] == "several_here"].groupby(["case", "role"])
    later = forms["participant_followup"]
    for (case, role), mine in several:
        theirs = later[(later["case"] == case) & (later["role"] == role)]
        if len(mine) == 2 and len(theirs) == 1 and mine["overall"].notna().all() and theirs["overall"].notna().all():
            after = {figure.address: figure.value for figure in without(store, mine.iloc[0]["form"])[101]}
            cell = (101, "Total", "Total", "Total", "count")
            assert after[cell] == found[cell].value + 1
            return
    pytest.fail("the delivery has no such pair")


def test_a_question_moves_the_tables_of_change_that_ask_it_or_pair_by_it(store):
    assert {"table_101", "table_103"} <= {place.source for place, _ in resting_on(store, "role")}
    assert "table_102" not in {place.source for place, _ in resting_on(store, "role")}


def test_tables_are_printed_and_shown(settings, found):
    study = settings.study
    grid = render(study, catalogue(study)[102], [figure for address, figure in found.items() if address.table == 102])
    assert grid.header[1] == "første rådslagning → opfølgning"
    assert [row[1] for row in grid.rows][-3:] == [way.danish for way in WAYS]
    report = (settings.curated(DELIVERY) / "report").rglob("*.html")
    assert any("Uændret" in page.read_text(encoding="utf-8") for page in report)


def test_no_release_says_anything_about_changes(settings, store):
    tables = {number: table for number, table in catalogue(settings.study).items() if number in (*FEW[:1], 101, 102)}
    marts = {mart: store.marts(mart) for table in tables.values() for mart in table.marts}
    done = Releasing(settings.study, DELIVERY, tables, marts, release_policy(settings.study), forms="x").release()
    assert {101, 102} <= {withheld.table.number for withheld in done.withheld}
    assert all(WAYS[0].danish.encode() not in content for content in done.files.values())


def test_several_deliveries_are_refused(store):
    with pytest.raises(CheckFailed, match="table 101 pairs forms of one child"):
        refuse_what_cannot_be_counted(store)
