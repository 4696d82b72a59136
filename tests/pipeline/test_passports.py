"""Every figure of the shipped delivery has a passport that closes, and plain DuckDB counts every one of them again.

The delivery comes with two corrections and an accepted finding, so that passports have something to tell of them.
"""

import csv
import json
import math
import os
import re
import shutil
import subprocess
import sys
from collections import Counter

import pandas as pd
import pytest
from support.plain_duckdb import recounted, recounted_by_name
from support.shipped import DELIVERY, copy_of_shipped
from support.study import STUDY

from frs_pipeline import cli
from frs_pipeline.lineage.absent import about_absent
from frs_pipeline.lineage.addresses import address
from frs_pipeline.lineage.form import opened, ways
from frs_pipeline.lineage.listing import counted, near
from frs_pipeline.lineage.meaning import meanings
from frs_pipeline.lineage.passport import Passports, passport
from frs_pipeline.lineage.recount import recount
from frs_pipeline.lineage.recount_spread import asked_in, recount_spread
from frs_pipeline.lineage.spread import about_clusters, about_test
from frs_pipeline.lineage.waterfall import Why
from frs_pipeline.operations.refresh import refresh
from frs_pipeline.stats.printing import decimals_of
from frs_pipeline.store.files import Store, read
from frs_pipeline.store.settings import Settings
from frs_pipeline.study.cases import CASE_COLUMNS
from frs_pipeline.study.instruments import instruments
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.study.tables import Address, catalogue
from frs_pipeline.tables.methods import REASONS

# Two of the forms that were set aside: corrected here, and accepted as no double.
MENDED, ACCEPTED = "DF-38294991", "DF-38295000"
CORRECTIONS = f"""form;column;old;new;reason;who;when
{MENDED};helefrs;7;2;set på papiret;KL;2020-11-20
{MENDED};hvem;;2;set på papiret;KL;2020-11-20
"""
EXCEPTIONS = f"""form;rule;column;reason;who;expires
{ACCEPTED};keyed_twice;;to børn, begge papirer er her;KL;2021-06-30
"""
# A form of which nothing stays but that it was delivered.
WITHDRAWN = "IN-38072410"
WITHDRAWALS = f"""form;conference;reason;who;when
{WITHDRAWN};;samtykke trukket tilbage;KL;2020-11-21
"""


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    settings = copy_of_shipped(tmp_path_factory.mktemp("data"))
    folder = settings.raw_delivery(DELIVERY)
    (folder / "corrections.csv").write_text(CORRECTIONS, encoding="utf-8")
    (folder / "exceptions.csv").write_text(EXCEPTIONS, encoding="utf-8")
    (folder / "withdrawals.csv").write_text(WITHDRAWALS, encoding="utf-8")
    refresh(settings)
    return Store(settings, DELIVERY)


@pytest.fixture(scope="module")
def passports(store):
    return Passports(STUDY, store)


@pytest.fixture(scope="module")
def every(passports):
    return list(passports.every())


@pytest.fixture(scope="module")
def marts(passports):
    return {name: pd.read_parquet(passports.evidence.store.file("marts", name)) for name in instruments(STUDY)}


@pytest.fixture
def frs(store, monkeypatch, capfd):
    """`frs …` in this process: (exit code, standard output, standard error)."""

    def call(*arguments):
        monkeypatch.setenv("FRS_DATA_DIR", str(store.settings.data))
        monkeypatch.setattr(sys, "argv", ["frs", *arguments])
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return ended.value.code, *capfd.readouterr()

    return call


# --- all figures ------------------------------------------------------------------------------------------


def test_every_figure_has_a_passport_whose_checks_pass(every):
    assert len(every) == 2501
    assert [found.address for found in every if not all(check.passed for check in found.checks)] == []
    assert [found.address for found in every if not all(place.equal for place in found.elsewhere)] == []
    assert [found.address for found in every if not all(made.holds for made in found.sums)] == []


def test_every_waterfall_closes_from_the_lines_of_the_exports_to_the_figure(every, store):
    lines = {}
    for name in instruments(STUDY):
        with (store.raw(name) / "dataset.csv").open(encoding="cp1252", newline="") as file:
            lines[name] = sum(1 for _ in csv.reader(file, delimiter=";")) - 1
    for found in every:
        assert found.delivered == {mart: lines[mart] for mart in catalogue(STUDY)[found.address.table].marts}
        left = sum(found.delivered.values())
        for step in found.waterfall:
            assert step.forms > 0
            left -= step.forms
            assert step.left == left
        assert left == found.forms
        if found.address.measure in ("count", "n"):
            assert left == found.value
        elif found.pairs is None and found.denominator.number:
            assert found.value == 100 * left / found.denominator.number
        elif found.address.measure in ("gamma", "partial_gamma"):
            assert found.value == found.numerator.number / found.denominator.number
        assert sum(near.forms for near in found.near) <= sum(step.forms for step in found.waterfall)


def test_plain_duckdb_counts_every_figure_again(every, store):
    asked = [
        recount(STUDY, catalogue(STUDY)[found.address.table], found.address, meanings(STUDY)[found.address]) for found in every
    ]
    answers = recounted(asked, store.settings.curated(DELIVERY))
    for found, rows in zip(every, answers, strict=True):
        assert len(rows) == 1
        if found.pairs is None or found.address.measure in ("gamma", "partial_gamma"):
            assert rows[0] == found.value, found.address
        else:
            assert math.isclose(rows[0], found.value, rel_tol=1e-12), found.address


# --- intervals --------------------------------------------------------------------------------------------

# What a query of an interval gives that stands in intervals.parquet, too.
KNOWN = ("value", "low", "high", "clusters", "forms", "error", "df", "n_effective", "design_effect", "t")


@pytest.fixture(scope="module")
def intervals(passports):
    """Those of figures; other statistics, which stand among them, have no passport."""
    rows = read(passports.evidence.store.file("statistics", "intervals")).to_pylist()
    return [row for row in rows if row["low"] is not None and Address.of(row) in meanings(STUDY)]


def computed_again(store, rows):
    """What plain DuckDB makes of the queries of these intervals, by the names of the columns."""
    ask = asked_in(store.settings.curated(DELIVERY))
    queries = [recount_spread(STUDY, Address.of(row), row["other_group"] or "", ask) for row in rows]
    return recounted_by_name(queries, store.settings.curated(DELIVERY))


def refuse_what_differs(rows, answers):
    for row, (found,) in zip(rows, answers, strict=True):
        assert {"value", "low", "high", "clusters", "forms", "error", "df"} <= found.keys() <= set(KNOWN)
        for name, value in found.items():
            where = Address.of(row), row["other_group"], name
            assert (value is None) == (row[name] is None), where
            assert value is None or math.isclose(value, row[name], rel_tol=1e-9, abs_tol=1e-9), where


def test_plain_duckdb_computes_an_interval_of_each_kind_again(intervals, store):
    kinds = {}
    for row in intervals:
        kind = catalogue(STUDY)[row["table"]].kind
        kinds[row["method"], kind, row["measure"], row["other_group"] is None, str(row["other_group"]).startswith("Tabel")] = row
    assert {method for method, *_ in kinds} == {"wilson", "mover", "fisher", "fisher_jackknife", "mover_fisher"}
    assert len(kinds) == 14
    refuse_what_differs(kinds.values(), computed_again(store, kinds.values()))


@pytest.mark.minutes
def test_plain_duckdb_computes_every_interval_again(intervals, store):
    assert len(intervals) == 2010
    refuse_what_differs(intervals, computed_again(store, intervals))


def test_every_estimate_tells_its_interval_or_why_it_has_none(every):
    told = [found for found in every if found.spread]
    estimates = {found.address.measure for found in told}
    assert {found.address.measure for found in every} - estimates == {"count", "n", "ase", "t", "p"}
    assert all(found.spread for found in every if found.address.measure in estimates)
    for found in told:
        known = found.spread
        assert (known.low is None) == (known.high is None) == (known.reason is not None) == (known.method is None)
        assert known.clusters <= known.forms
        if known.low is None:
            assert found.printed == "100,0%" or found.printed == "100,0" or found.printed == "100%"
        else:
            number = decimals_of(found.printed.removesuffix("%"))
            assert {decimals_of(limit.removesuffix("%")) for limit in (known.low, known.high)} == {number}
    # A difference stands in the passports of both of its sides.
    said = [(made.of, made.less, made.value, made.low, made.high) for found in told for made in found.spread.differences]
    assert set(Counter(said).values()) >= {2}
    assert len(said) == 2 * 894


def test_a_passport_says_what_the_interval_rests_on(passports):
    known = passports.of(address(STUDY, 49, group="barn")).spread
    assert (known.low, known.high, known.unit.english, known.clusters) == (",509", ",834", "children", 109)
    assert about_clusters(STUDY, known).english.startswith("109 children, 110 forms; as good as 110,0 independent ones")
    assert about_test(STUDY, known).danish.startswith("robust T = 5,4")
    assert [made.less for made in known.differences] == ["mor", "far", "familie", "netværk"]
    assert passports.of(address(STUDY, 49, group="barn", measure="p")).spread is None
    whole = passports.of(address(STUDY, 1, "mor", "Total", measure="row_percent")).spread
    assert whole.reason == REASONS["whole"]
    first = passports.of(address(STUDY, 1, "far", "god", measure="row_percent")).spread
    assert [(made.of, made.less) for made in first.differences][:2] == [("barn", "far"), ("mor", "far")]
    assert ("Tabel 2", "Tabel 1") in [(made.of, made.less) for made in first.differences]


def test_a_passport_says_what_blanks_may_hide(every, passports):
    rows = read(passports.evidence.store.file("statistics", "bounds")).to_pylist()
    assert {found.address for found in every if found.absent} == {Address.of(row) for row in rows}
    for found in (found for found in every if found.absent):
        known = found.absent
        assert (known.lowest is None) == (known.highest is None) == (known.reason is not None)
        assert about_absent(known)
    gamma = passports.of(address(STUDY, 18)).absent
    # Worked out elsewhere, by going through every way in which blanks could have answered.
    assert (gamma.lowest_partly, gamma.highest_partly) == ("-,423", "-,033")
    assert (gamma.lowest, gamma.highest, gamma.missing, gamma.neither) == ("-,538", ",148", 237, 90)
    first, second = about_absent(gamma)
    assert first.english == "-,538 to ,148, had the 237 forms that lack an answer given one"
    assert second.danish.startswith("-,423 til -,033, hvis dem, der mangler")
    unknown = passports.of(address(STUDY, 49, group="barn")).absent
    assert unknown.lowest is None
    assert "isn't known: forms without a group" in about_absent(unknown)[0].english
    assert passports.of(address(STUDY, 18, measure="n")).absent is None


def test_trace_prints_the_queries_of_an_interval_and_of_a_difference(frs, store):
    place = ("trace", "1", "--row", "far", "--column", "god", "--measure", "row_percent")
    code, out, _ = frs(*place)
    assert code == 0
    assert "95% interval: " in out
    assert "Had nobody left a question blank" in out
    assert "mor less far" in out
    code, out, _ = frs(*place, "--sql", "--interval")
    assert code == 0
    spread = passport(store, address(STUDY, 1, "far", "god", measure="row_percent")).spread
    ((interval,),) = recounted_by_name([out], store.settings.curated(DELIVERY))
    assert f"{interval['low']:.1f}%".replace(".", ",") == spread.low
    assert json.loads(frs(*place, "--sql", "--interval", "--json")[1])["sql"] == out.rstrip("\n")
    code, out, _ = frs(*place, "--sql", "--against", "MOR")
    assert code == 0
    assert str(store.settings.data) not in out
    ((apart,),) = recounted_by_name([out], store.settings.curated(DELIVERY))
    made = next(made for made in spread.differences if (made.of, made.less) == ("mor", "far"))
    assert f"{apart['value']:.1f}".replace(".", ",") == made.value
    code, out, error = frs(*place, "--sql", "--against", "nobody")
    assert (code, out) == (2, "")
    assert "barn | mor | familie | netværk | Tabel 2" in error
    for wrong in (("--against", "mor"), ("--interval",), ("--sql", "--against", "mor", "--interval")):
        assert frs(*place, *wrong)[:2] == (2, "")
    whole = ("trace", "1", "--row", "far", "--column", "total", "--measure", "row_percent", "--sql", "--interval")
    assert "no interval, because the figure is 100 per cent" in frs(*whole)[2]
    assert (
        "no interval: the figure is no estimate" in frs("trace", "1", "--row", "far", "--column", "god", "--sql", "--interval")[2]
    )


def test_the_aggregate_names_no_form(every):
    told = json.dumps([found.as_json() for found in every[::40]], ensure_ascii=False)
    assert not re.search(r"(DF|DO|IN|SA)-[0-9]", told)
    assert json.loads(told)[0]["address"]["table"] == 1


def test_a_passport_alone_is_the_one_of_all(store, every):
    wanted = every[777]
    assert passport(store, wanted.address) == wanted


# --- the forms --------------------------------------------------------------------------------------------


def test_the_forms_of_a_figure_of_every_table_are_as_many_as_it_says(every, passports, marts):
    chosen = {found.address.table: found for found in every if found.address.measure != "p"}
    assert len(chosen) == 81
    for number, found in chosen.items():
        listed = counted(passports.evidence, meanings(STUDY)[found.address].counted)
        assert len({form.form for form in listed}) == len(listed) == found.forms
        known = set().union(*(marts[mart]["form_id"] for mart in catalogue(STUDY)[number].marts))
        assert {form.form for form in listed} <= known


def test_the_forms_of_a_cell_and_those_nearest_to_it_are_those_that_pandas_finds(every, passports, marts):
    place = address(STUDY, 1, "mor", "god")
    found = next(found for found in every if found.address == place)
    mart = marts["participant_first"]
    role, overall = mart["role"], mart["overall"]
    listed = counted(passports.evidence, meanings(STUDY)[place].counted)
    assert {form.form for form in listed} == set(mart["form_id"][(role == 2) & (overall == 2)])
    # Everybody is where the export has them.
    with (passports.evidence.store.raw("participant_first") / "dataset.csv").open(encoding="cp1252", newline="") as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    assert all(f"DF-{rows[form.line - 2]['responde']}" == form.form for form in listed)
    wanted = {
        ("blank", "role"): role.isna() & (overall == 2),
        ("blank", "overall"): (role == 2) & overall.isna(),
        ("other_answer", "role"): role.notna() & (role != 2) & (overall == 2),
        ("other_answer", "overall"): (role == 2) & overall.notna() & (overall != 2),
    }
    nearly = {(n.kind, n.about): n.forms for n in found.near if n.kind != "set_aside"}
    assert nearly == {why: int(mask.sum()) for why, mask in wanted.items() if mask.any()}
    for why, mask in wanted.items():
        few = near(passports.asking, catalogue(STUDY)[1], meanings(STUDY)[place].counted, Why(*why), 10_000)
        assert {form.form for form in few} == set(mart["form_id"][mask])


def test_all_that_nearly_count_can_be_listed(every, passports):
    for found in (every[at] for at in range(5, len(every), 97)):
        table, chosen = catalogue(STUDY)[found.address.table], meanings(STUDY)[found.address].counted
        for one in found.near:
            assert len(near(passports.asking, table, chosen, Why(one.kind, one.about), 10_000)) == one.forms


def test_a_form_that_was_set_aside_is_told_where_it_would_have_counted(every, passports):
    # DF-38294993 has a number that the codebook doesn't know; its answers are read from the export here.
    with (passports.evidence.store.raw("participant_first") / "dataset.csv").open(encoding="cp1252", newline="") as file:
        row = next(row for row in csv.DictReader(file, delimiter=";") if row["responde"] == "38294993")
    asked = questionnaires(STUDY)["participant_first"].question("overall")
    label = {str(code): name for code, name in asked.labels.items()}[row["helefrs"]]
    place = next(f.address for f in every if f.address.table == 1 and f.address[1:] == ("Total", label, "", "count"))
    why = Why("set_aside", "number_unknown")
    ids = [form.form for form in near(passports.asking, catalogue(STUDY)[1], meanings(STUDY)[place].counted, why, 10)]
    assert ids == (["DF-38294993"] if row["hvem"] else [])
    other = next(f.address for f in every if f.address.table == 4 and f.address[1:] == ("Total", "", "", "count"))
    assert [f.form for f in near(passports.asking, catalogue(STUDY)[4], meanings(STUDY)[other].counted, why, 10)] == [
        "DF-38294993"
    ]


def test_a_withdrawn_form_is_taken_away_first_and_found_nowhere(every, frs):
    found = next(found for found in every if found.address.table == 22)
    assert found.delivered == {"initiator": 379}
    assert (found.waterfall[0].kind, found.waterfall[0].about) == ("withdrawn", "")
    assert found.waterfall[0].forms == 1
    assert "withdrawn" not in {near.kind for near in found.near}
    assert frs("form", WITHDRAWN)[0] == 2


def test_what_people_decided_is_told_with_its_place(passports):
    def told(*place, **labels):
        return [(a.kind, a.about, a.place) for a in passports.of(address(STUDY, *place, **labels)).amendments]

    mended, accepted = ("correction", "helefrs"), ("exception", "keyed_twice")
    cell = told(1, "mor", "god")
    assert (*mended, "counted") in cell
    assert ("correction", "hvem", "counted") in cell
    assert (*mended, "in the denominator") in told(1, "mor", "rigtig god", measure="row_percent")
    assert (*mended, "not counted here") in told(1, "far", "god")
    # A corrected answer doesn't concern tables that don't ask for it; an accepted form all that count it.
    assert not any(about == "helefrs" for _, about, _ in told(4, "Total"))
    assert (*accepted, "counted") in told(4, "Total")
    assert told(22, "Total") == []
    (listed,) = [
        f for f in counted(passports.evidence, meanings(STUDY)[address(STUDY, 1, "mor", "god")].counted) if f.form == MENDED
    ]
    assert len([line for line in listed.history if line.startswith("corrected")]) == 2


# --- one form ---------------------------------------------------------------------------------------------


def test_the_way_of_a_form_agrees_with_the_tables(passports, marts):
    mart = marts["initiator"]
    for _, row in mart.iloc[::75].iterrows():
        (way,) = ways(passports.evidence, row["form_id"])
        assert way.accepted
        assert way.answered == row.drop(["form_id", "conference_id", "occasion", *CASE_COLUMNS]).notna().sum()
        told = {found.table: found for found in way.tables}
        assert set(told) == {number for number, table in catalogue(STUDY).items() if table.marts == ("initiator",)}
        assert told[22].counted == pd.notna(row["belief"])
        both = pd.notna(row["problem_weight"]) and pd.notna(row["wellbeing"])
        assert told[33].counted == (row["occasion"] == "followup" and both)
        assert all(found.counted == (not found.why) for found in way.tables)


def test_a_form_that_was_set_aside_says_every_rule(passports):
    (way,) = ways(passports.evidence, "df-38294987 ")
    assert not way.accepted
    assert [line.split(" at ")[0] for line in way.set_aside] == ["numbers_differ", "role_missing"]
    assert way.tables == ()
    assert opened(passports.evidence, way).raw["responde"] == "38294987"


def test_an_opened_form_shows_what_stands_there_with_personal_numbers_masked(passports, store, tmp_path):
    (way,) = ways(passports.evidence, MENDED)
    inside = opened(passports.evidence, way)
    assert (inside.raw["helefrs"], inside.answers["overall"]) == ("7", "god")
    assert inside.cells[1] == ("mor", "god")
    # The same, had somebody keyed a personal number (day + 60: nobody's) since.
    copy = Settings(STUDY, tmp_path / "data")
    shutil.copytree(store.settings.data, copy.data)
    path = copy.raw_delivery(DELIVERY) / way.file
    lines = path.read_bytes().split(b"\r\n")
    cells = lines[way.line - 1].split(b";")
    lines[way.line - 1] = b";".join([*cells[:-1], b"610118-0011"])
    path.write_bytes(b"\r\n".join(lines))
    spoilt = opened(Passports(STUDY, Store(copy, DELIVERY)).evidence, way)
    assert list(spoilt.raw.values())[-1] == "••••••-••••"


# --- the command line -------------------------------------------------------------------------------------


def test_trace_tells_everything_and_what_there_isn_t(frs):
    code, out, error = frs("trace", "1", "--row", "Mor", "--column", "god", "--measure", "row_percent")
    assert (code, error) == (0, "")
    for said in (
        "The percentage where the answer to",
        "= the denominator",
        "Table 42 · mor · god",
        "set aside: the codebook",
        "dataset.csv",
    ):
        assert said in out
    code, out, error = frs("trace", "1", "--row", "mormor", "--column", "god")
    assert (code, out) == (2, "")
    assert error.startswith("frs: table 1, row 'mormor': no such figure (did you mean 'mor'?")


def test_trace_as_json_is_the_passport(frs, passports):
    code, out, _ = frs("trace", "49", "--group", "barn", "--measure", "p", "--json")
    assert code == 0
    assert json.loads(out) == json.loads(json.dumps(passports.of(address(STUDY, 49, group="barn", measure="p")).as_json()))


def test_trace_lists_forms_and_the_equation(frs):
    code, out, _ = frs("trace", "1", "--row", "mor", "--column", "god", "--forms", "--json")
    content = json.loads(out)
    assert code == 0
    assert len(content["forms"]) == 53 == int(content["printed"])
    assert content["equation"] == "53 forms = 53"
    assert MENDED in {form["form"] for form in content["forms"]}
    assert all(len(near["first"]) == min(near["forms"], 20) for near in content["near"])
    code, out, _ = frs("trace", "1", "--row", "mor", "--column", "god", "--forms")
    assert "53 listed = 53 forms = 53" in out


def test_trace_prints_a_query_that_the_reader_can_run(frs, store):
    code, out, _ = frs("trace", "1", "--row", "mor", "--column", "god", "--sql")
    assert code == 0
    assert recounted([out], store.settings.curated(DELIVERY)) == [[53]]
    assert str(store.settings.data) not in out
    assert frs("trace", "1", "--row", "mor", "--column", "god", "--sql", "--forms")[0] == 2


def test_a_form_tells_no_value_unless_opened_for_a_reason(frs, store):
    code, out, _ = frs("form", MENDED)
    assert code == 0
    with (store.raw("participant_first") / "dataset.csv").open(encoding="cp1252", newline="") as file:
        row = next(row for row in csv.DictReader(file, delimiter=";") if f"DF-{row['responde']}" == MENDED)
    assert row["raadsnr"] not in out
    assert "corrected: helefrs" in out
    assert "mor" not in out.split()
    journal = store.settings.access_journal
    assert frs("form", MENDED, "--reason", "sag 12")[0] == 2
    assert not journal.exists()
    assert frs("form", MENDED, "--restricted")[:2] == (2, "")
    code, out, _ = frs("form", MENDED, "--restricted", "--reason", "sag 12")
    assert code == 0
    assert row["raadsnr"] in out
    assert "mor · god" in out
    refused, entry = [json.loads(line) for line in journal.read_text(encoding="utf-8").splitlines()]
    assert (refused["event"], refused["details"]["form"]) == ("refused", MENDED)
    assert (entry["event"], entry["why"], entry["details"]["form"]) == ("form opened", "sag 12", MENDED)
    # Where it can't be written down, nothing is shown.
    kept = journal.read_bytes()
    journal.write_bytes(kept.replace(b"sag 12", b"sag 13"))
    code, out, _ = frs("form", MENDED, "--restricted", "--reason", "sag 14")
    assert (code, out) == (1, "")
    journal.write_bytes(kept)


@pytest.mark.parametrize("form", ["DF-1", "XX-12", "12", "DF-1' OR '1'='1"])
def test_a_form_that_isn_t_there(frs, form):
    code, out, error = frs("form", form)
    assert (code, out) == (2, "")
    assert error.count("\n") == 1


def test_a_passport_vouches_for_nothing_that_is_out_of_date(frs, store, tmp_path, monkeypatch):
    copy = tmp_path / "data"
    shutil.copytree(store.settings.data, copy)
    (copy / "raw" / DELIVERY / "corrections.csv").unlink()
    done = subprocess.run(
        [sys.executable, "-m", "frs_pipeline.cli", "trace", "1", "--row", "mor", "--column", "god"],
        capture_output=True,
        text=True,
        env={**os.environ, "FRS_DATA_DIR": str(copy)},
    )
    assert (done.returncode, done.stdout) == (3, "")
    assert "(frs run --delivery " in done.stderr
