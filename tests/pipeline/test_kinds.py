"""Questions answered with a number or with several boxes, from the export to the tables, against pandas."""

import csv
import io
import json

import duckdb
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from support.kinds_study import answers, deliver, kinds_study
from support.running import here
from support.small_study import NAME

from frs_pipeline import read_mart
from frs_pipeline.lineage.asking import Asking
from frs_pipeline.lineage.evidence import Evidence
from frs_pipeline.lineage.form import opened, ways
from frs_pipeline.lineage.impact import ChangedForms, recounted, resting_on, rows_of
from frs_pipeline.lineage.listing import counted
from frs_pipeline.lineage.listing import near as near_forms
from frs_pipeline.lineage.meaning import meanings
from frs_pipeline.lineage.passport import Passports, passport
from frs_pipeline.lineage.recount import recount
from frs_pipeline.lineage.waterfall import Why
from frs_pipeline.operations.refresh import refresh
from frs_pipeline.release.attack import attack
from frs_pipeline.release.making import Releasing
from frs_pipeline.release.reading import read_release
from frs_pipeline.release.worlds import Source
from frs_pipeline.report.public.proof import proved
from frs_pipeline.store.files import Store, read
from frs_pipeline.study.release import release_policy
from frs_pipeline.study.tables import Address, catalogue
from frs_pipeline.tables.figures import from_table
from frs_pipeline.tables.render import base_line, render

TABLES = """\
  - {number: 11, title: "", kind: frequency, mart: participant, variable: age_group}
  - {number: 12, title: "", kind: crosstab, mart: participant, row: role, column: age_group, percent: row}
  - {number: 14, title: "", kind: summary, mart: participant, variable: age}
  - {number: 15, title: "", kind: summary, mart: participant, variable: hours, group: role}
  - {number: 16, title: "", kind: summary, mart: participant, variable: hours, group: age_group}
  - {number: 17, title: "", kind: crosstab, mart: participant, row: role, column: overall, percent: column}
  - {number: 18, title: "", kind: crosstab, mart: participant, row: role, column: overall, percent: total,
     where: {age_group: ["18-39", "40+"], recommend: [ja]}}
  - {number: 19, title: "", kind: frequency, mart: participant, variable: useful, where: {role: [mor, far]}}
  - {number: 20, title: "", kind: summary, mart: participant, variable: hours, group: age_group, where: {role: [mor]}}
  - {number: 21, title: "", kind: correlation, mart: participant, row: useful, column: overall, where: {role: [mor]}}
  - {number: 22, title: "", kind: crosstab, mart: participant, row: role, column: useful, percent: total}
  - {number: 23, title: "", kind: crosstab, mart: participant, row: role, column: useful, percent: total,
     where: {recommend: [ja]}}
  - {number: 13, title: "", kind: correlation, mart: participant, row: age_group, column: overall}
  - {number: 31, title: "", kind: multiple, mart: participant, variable: helped}
  - {number: 32, title: "", kind: multiple, mart: participant, variable: helped, group: role}
  - {number: 33, title: "", kind: multiple, mart: participant, variable: helped, group: age_group,
     leave_out: {helped: [Maden]}, where: {recommend: [ja]}}
  - {number: 34, title: "", kind: multiple, mart: participant, variable: helped, leave_out: {helped: [Planen, Maden]}}
  - {number: 35, title: "", kind: frequency, mart: participant, variable: helped_2}
"""
GROUPS = {"0-17": (0, 17), "18-39": (18, 39), "40+": (40, 120)}
ROLES = {1: "barn", 2: "mor", 3: "far"}


@pytest.fixture(scope="module")
def frame():
    return answers()


@pytest.fixture(scope="module")
def settings(tmp_path_factory, frame):
    folder = tmp_path_factory.mktemp("kinds")
    made = deliver(kinds_study(folder, TABLES), folder / "data", frame)
    refresh(made)
    return made


@pytest.fixture(scope="module")
def found(settings):
    """All figures, by address."""
    return {figure.address: figure for figure in from_table(read(Store(settings, NAME).file("statistics", "figures")))}


def at(found, table, row="", column="", group="", measure="count"):
    return found[table, row, column, group, measure].value


def group_of(age):
    return next(label for label, (low, high) in GROUPS.items() if low <= age <= high)


def test_numbers_are_in_the_mart_as_they_were_answered(settings, frame):
    rows = pq.read_table(Store(settings, NAME).file("marts", "participant"))
    kinds = [str(rows.schema.field(name).type) for name in ("age", "age_group", "hours")]
    assert kinds == ["int32", "int8", "decimal128(18, 1)"]
    mart = rows.to_pandas().sort_values("form_id")
    for name in ("age", "hours"):
        given = [None if pd.isna(value) else float(value) for value in mart[name]]
        assert given == [None if value is None else float(value) for value in frame[name]]


def test_read_mart_gives_numbers_and_groups(settings, frame, monkeypatch):
    monkeypatch.setenv("FRS_DATA_DIR", str(settings.data))
    mart = read_mart("participant", NAME, study=settings.study.folder).sort_values("form_id")
    assert [str(mart[name].dtype) for name in ("age", "hours")] == ["Int32", "Float64"]
    assert mart["age_group"].cat.ordered
    wanted = [None if age is None else group_of(age) for age in frame["age"]]
    assert [None if pd.isna(label) else label for label in mart["age_group"]] == wanted


def test_groups_of_a_number_are_an_axis_like_any_other(found, frame):
    both = frame.dropna(subset=["role", "age"])
    counted = pd.crosstab(both["role"].map(ROLES), both["age"].map(group_of))
    for role in ROLES.values():
        for label in GROUPS:
            assert at(found, 12, role, label) == counted.loc[role, label]
    assert at(found, 11, "Total valid") == frame["age"].notna().sum()
    assert at(found, 13, measure="n") == (frame["age"].notna() & frame["overall"].notna()).sum()


STATISTICS = ("mean", "sd", "min", "q1", "median", "q3", "max")


def in_numpy(numbers):
    """The statistics of NumPy and pandas; Weibull's quantiles are those at (n + 1) p."""
    numbers = pd.Series(numbers, dtype="float64")
    quartiles = np.quantile(numbers, [0.25, 0.5, 0.75], method="weibull")
    return dict(zip(STATISTICS, [numbers.mean(), numbers.std(), numbers.min(), *quartiles, numbers.max()], strict=True))


@pytest.mark.parametrize(
    ("table", "variable", "by"), [(14, "age", None), (15, "hours", "role"), (16, "hours", "age_group")], ids=str
)
def test_summaries_are_those_of_numpy(found, frame, table, variable, by):
    counted = frame.assign(age_group=frame["age"].map(group_of, na_action="ignore"), role=frame["role"].map(ROLES))
    counted = counted.dropna(subset=[variable, *([by] if by else [])])
    groups = {"Total" if by else "": counted[variable], **(dict(list(counted.groupby(by)[variable])) if by else {})}
    assert {address.group for address in found if address.table == table} == set(groups)
    for group, numbers in groups.items():
        assert at(found, table, group=group, measure="n") == len(numbers)
        for measure, value in in_numpy(numbers).items():
            assert at(found, table, group=group, measure=measure) == pytest.approx(value, rel=1e-12, abs=1e-12), (group, measure)


def test_column_percentages_are_those_of_pandas(found, frame):
    both = frame.dropna(subset=["role", "overall"])
    shares = pd.crosstab(both["role"].map(ROLES), both["overall"], normalize="columns", margins=True) * 100
    labels = {1: "rigtig god", 2: "god", 3: "nogenlunde", 4: "mindre god", 5: "dårlig", "All": "Total"}
    for role in ROLES.values():
        for code, label in labels.items():
            assert at(found, 17, role, label, measure="column_percent") == pytest.approx(shares.loc[role, code])
    assert at(found, 17, "Total", "god", measure="column_percent") == 100


def test_a_table_may_be_limited_to_answers_to_other_questions(found, frame):
    adults = frame[(frame["age"].notna()) & (frame["age"].fillna(0) >= 18) & (frame["recommend"] == 1)]
    both = adults.dropna(subset=["role", "overall"])
    assert at(found, 18, "Total", "Total") == len(both) > 0
    assert at(found, 18, "mor", "god") == ((both["role"] == 2) & (both["overall"] == 2)).sum()
    parents = frame[frame["role"].isin([2, 3])]
    assert at(found, 19, "Total") == len(parents)
    assert at(found, 19, "Missing") == parents["useful"].isna().sum() > 0
    assert at(found, 19, "slet ikke") == (parents["useful"] == 4).sum()
    mothers = frame[(frame["role"] == 2)].dropna(subset=["age", "hours"])
    assert at(found, 20, group="Total", measure="mean") == pytest.approx(mothers["hours"].astype(float).mean())
    assert at(found, 21, measure="n") == len(frame[frame["role"] == 2].dropna(subset=["useful", "overall"]))


BOXES = {1: "At tale sammen", 2: "Planen", 4: "Maden"}


@pytest.mark.parametrize(
    ("table", "boxes", "by"),
    [(31, (1, 2, 4), None), (32, (1, 2, 4), "role"), (33, (1, 2), "age_group"), (34, (1,), None)],
    ids=str,
)
def test_tables_of_boxes_are_those_of_pandas(found, frame, table, boxes, by):
    asked = frame.assign(age_group=frame["age"].map(group_of, na_action="ignore"), role=frame["role"].map(ROLES))
    asked = asked[asked["recommend"] == 1] if table == 33 else asked
    asked = asked.dropna(subset=[by]) if by else asked
    ticks = asked[[f"helped_{code}" for code in boxes]].fillna(0).astype(int)
    groups = {"Total" if by else "": ticks.index, **({g: own.index for g, own in asked.groupby(by)} if by else {})}
    assert {address.group for address in found if address.table == table} == set(groups)
    for group, index in groups.items():
        own = ticks.loc[index]
        cases, answers = int(own.any(axis=1).sum()), int(own.sum().sum())
        assert at(found, table, "Total valid", group=group) == cases > 0
        assert at(found, table, "Missing", group=group) == len(own) - cases > 0
        rows = {"Total": answers, **{BOXES[code]: int(own[f"helped_{code}"].sum()) for code in boxes}}
        for row, n in rows.items():
            assert at(found, table, row, group=group, measure="answers" if row == "Total" else "count") == n
            assert at(found, table, row, group=group, measure="percent") == pytest.approx(100 * n / answers)
            assert at(found, table, row, group=group, measure="case_percent") == pytest.approx(100 * n / cases)


def test_no_box_ticked_is_something_else_than_no_answer(settings, found, frame):
    opened = passport(Store(settings, NAME), Address(31, "Planen", "", "", "case_percent"))
    boxes = frame[["helped_1", "helped_2", "helped_4"]]
    steps = {step.kind: (step.forms, step.why.english) for step in opened.waterfall}
    blank, none = int(boxes.isna().all(axis=1).sum()), int((boxes == 0).all(axis=1).sum())
    assert steps["blank"] == (blank, "»Hvad hjalp?« isn't answered")
    assert steps["left_out"] == (none, "»Hvad hjalp?«: “no box ticked”, which the table leaves out")
    assert at(found, 31, "Missing") == blank + none
    rows = [row for row in read(Store(settings, NAME).file("statistics", "bases")).to_pylist() if row["table"] == 31]
    line = f"Grundlag: 240 skemaer − {blank} ubesvarede − {none} »intet felt valgt« = {len(boxes) - blank - none}"
    assert base_line(settings.study, catalogue(settings.study)[31], rows) == line


def test_passports_of_boxes_say_whether_they_count_forms_or_ticks(settings, found):
    made = {p.address: p for p in Passports(settings.study, Store(settings, NAME)).every() if p.address.table == 32}
    ticks, cases = made[32, "Total", "", "mor", "answers"], made[32, "Total valid", "", "mor", "count"]
    assert ticks.forms == cases.forms < ticks.value == ticks.numerator.number
    assert ticks.equation == f"{cases.forms} forms; ticks in them = {ticks.printed}"
    share = made[32, "Planen", "", "mor", "percent"]
    assert (share.numerator.unit, share.denominator.unit, share.denominator.number) == ("forms", "ticks", ticks.value)
    assert share.definition.english.startswith("The percentage that are at »Planen«, of all ticks ")
    box = made[32, "Planen", "", "mor", "count"]
    assert Address(32, "Total", "", "mor", "answers") in {addition.total for addition in box.sums}
    assert Address(32, "Planen", "", "Total", "count") in {addition.total for addition in box.sums}
    alone = passport(Store(settings, NAME), Address(31, "Planen", "", "", "count"))
    assert [place.address for place in alone.elsewhere] == [Address(35, "valgt", "", "", "count")]


def test_base_line_and_waterfall_say_to_what_a_table_is_limited(settings, found, frame):
    store = Store(settings, NAME)
    rows = [row for row in read(store.file("statistics", "bases")).to_pylist() if row["table"] == 19]
    others = int((~frame["role"].isin([2, 3])).sum())
    blank = int(frame[frame["role"].isin([2, 3])]["useful"].isna().sum())
    base = at(found, 19, "Total valid")
    line = f"Grundlag: 240 skemaer − {others} uden svaret »mor«/»far« (role) − {blank} ubesvarede = {base:.0f}"
    assert base_line(settings.study, catalogue(settings.study)[19], rows) == line
    opened = passport(store, Address(19, "slet ikke", "", "", "count"))
    steps = {(step.kind, step.about): step.forms for step in opened.waterfall}
    assert steps["outside", "role"] == others
    assert "to which the table is limited" in next(step.why.english for step in opened.waterfall if step.kind == "outside")
    assert "»Hvem er du?«" in opened.definition.english
    near = next(why for why in opened.near if why.kind == "outside")
    chosen = meanings(settings.study)[opened.address].counted
    listed = near_forms(Asking(Evidence(store)), catalogue(settings.study)[19], chosen, Why("outside", "role"), 1000)
    assert len(listed) == near.forms == ((~frame["role"].isin([2, 3])) & (frame["useful"] == 4)).sum()


def test_every_figure_has_a_passport_that_closes_and_plain_duckdb_gives_it(settings, found):
    store, study = Store(settings, NAME), settings.study
    every = list(Passports(study, store).every())
    assert {made.address for made in every} == set(found)
    assert [made.address for made in every if not all(check.passed for check in made.checks)] == []
    assert [made.address for made in every if not all(addition.holds for addition in made.sums)] == []
    with duckdb.connect() as connection:
        connection.execute(f"SET file_search_path = '{settings.curated(NAME)}'")
        for made in every:
            query = recount(study, catalogue(study)[made.address.table], made.address, meanings(study)[made.address])
            value = connection.execute(query).fetchone()[0]
            exact = made.address.measure not in ("ase", "t", "p")
            assert value == (found[made.address].value if exact else pytest.approx(found[made.address].value)), made.address
            assert made.forms == len(counted(Evidence(store), meanings(study)[made.address].counted))


def test_without_a_form_its_boxes_are_counted_no_more(settings, found, frame):
    store = Store(settings, NAME)
    ids = sorted(read(store.file("marts", "participant"))["form_id"].to_pylist())
    gone = {ids[at] for at in range(0, 240, 7)}
    left = frame.drop(index=[at for at, form in enumerate(ids) if form in gone])
    mothers = left[left["role"] == 2][["helped_1", "helped_2", "helped_4"]].fillna(0).astype(int)
    counted = recounted(store, ChangedForms(settings.study, rows_of(store, gone)))[32]
    figures = {(f.row, f.measure): f.value for f in counted if f.group == "mor"}
    assert figures["Planen", "count"] == mothers["helped_2"].sum()
    assert figures["Total", "answers"] == mothers.sum().sum()
    assert figures["Total valid", "count"] == mothers.any(axis=1).sum()
    assert {address.source for address, _ in resting_on(store, "helped_2")} >= {"table_31", "table_32", "table_33", "table_35"}
    every = {name: set(resting_on(store, name)) for name in ("helped", "helped_1", "helped_2", "helped_4", "age", "age_group")}
    assert every["helped"] == every["helped_1"] | every["helped_2"] | every["helped_4"]
    assert every["age"] > every["age_group"] > set()
    assert here(settings.data, "--study", str(settings.study.folder), "impact", "--question", "helped").returncode == 0
    way = ways(Evidence(store), ids[0])[0]
    mine = frame.iloc[0]
    ticked = [label for code, label in BOXES.items() if mine[f"helped_{code}"] == 1]
    cells = opened(Evidence(store), way).cells
    assert cells.get(31, ("",)) == (" + ".join(ticked),)


def test_tables_are_printed_with_what_is_summed_up(settings, found):
    grids = {n: render(settings.study, t, [f for a, f in found.items() if a.table == n]) for n, t in tables(settings).items()}
    assert grids[15].header[0] == "Kvartiler ved (n + 1) p"
    assert [row[0] for row in grids[15].rows] == ["barn", "mor", "far", "Total"]
    assert grids[15].rows[-1][1:] == tuple(found[15, "", "", "Total", measure].printed for measure in ("n", *STATISTICS))
    assert grids[17].rows[1][1] == "% af kolonnen"
    assert grids[31].header == ("", "Count", "% af svarene", "% af skemaerne")
    assert [row[0] for row in grids[31].rows] == [*BOXES.values(), "Total", "Total valid", "Missing"]
    assert grids[32].header == ("", "", "barn", "mor", "far", "Total")
    assert grids[32].rows[2] == (
        "",
        "% af skemaerne",
        *(found[32, BOXES[1], "", g, "case_percent"].printed for g in (*ROLES.values(), "Total")),
    )
    report = (settings.curated(NAME) / "report").rglob("*.html")
    assert any("Standardafvigelse" in page.read_text(encoding="utf-8") for page in report)


def test_no_summary_goes_out_beside_groups_of_the_number_that_are_not_all_shown(settings):
    store, study = Store(settings, NAME), settings.study
    tables = {number: catalogue(study)[number] for number in (12, 14, 17, 18, 19, 21, 22, 23)}
    made = Releasing(study, NAME, tables, {"participant": store.marts("participant")}, release_policy(study), forms="x")
    done = made.release()
    assert {withheld.table.number for withheld in done.withheld} == {14}
    assert {12, 17, 18, 19, 21} <= {variant.table.number for variant in done.released}
    numbers = list(csv.DictReader(io.StringIO(done.files["figures.csv"].decode())))
    shown = {(row["table"], row["row"], row["column"]): int(row["value"]) for row in numbers if _is_count(row)}
    apart = [n - shown["23", *place] for (table, *place), n in shown.items() if table == "22" and ("23", *place) in shown]
    assert apart
    assert [n for n in apart if 0 < n < release_policy(study).threshold] == []
    told = {table["number"]: table["withheld"] for table in json.loads(done.files["tables.json"])["tables"]}
    assert told[14] == "not released, so that nothing is told of few forms"


def test_a_release_has_boxes_of_which_none_tells_of_few_forms(settings, found):
    store, study = Store(settings, NAME), settings.study
    tables = {number: catalogue(study)[number] for number in (22, 31, 32, 33, 34, 35)}
    policy = release_policy(study)
    done = Releasing(study, NAME, tables, {"participant": store.marts("participant")}, policy, forms="x").release()
    assert {variant.table.number for variant in done.released} == {22, 31, 32, 35}
    # Those that leave boxes out.
    assert [withheld.table.number for withheld in done.withheld] == [33, 34]
    rows = [row for row in csv.DictReader(io.StringIO(done.files["figures.csv"].decode())) if int(row["table"]) in (31, 32)]
    given = {(int(r["table"]), r["row"], r["group"], r["measure"]): r["value"] for r in rows if r["status"] == "shown"}
    for (table, row, group, measure), value in given.items():
        exact = at(found, table, row, group=group, measure=measure)
        assert float(value) == pytest.approx(exact, abs=0 if measure in ("count", "answers") else 0.5)
    counts = {address[:3]: int(value) for address, value in given.items() if address[3] == "count"}
    few = range(1, policy.threshold)
    assert [n for (_, row, _), n in counts.items() if n in few and row != "Missing"] == []
    others = {
        (t, row, g): counts[t, "Total valid", g] - n for (t, row, g), n in counts.items() if (t, "Total valid", g) in counts
    }
    assert others
    assert [n for (_, row, _), n in others.items() if n in few and row != "Missing"] == []
    for table, row, group in {(table, row, group) for table, row, group, _ in given}:
        every = [(table, label, group) in counts for label in ("Total valid", *(c.label for c in tables[table].row.categories))]
        if (table, row, group, "percent") in given or (table, row, group, "answers") in given:
            assert all(every)
    assert any((row["measure"], row["status"]) == ("answers", "hidden") for row in rows)
    assert any((row["measure"], row["status"]) == ("answers", "shown") for row in rows)
    pages = proved(study, done.files, examined=done.attack.looked_at, made_up=True)
    page = next(content.decode() for name, content in pages.items() if name.endswith(".html") and b'id="tabel-31"' in content)
    assert "Skemaer med svar" in page
    assert 'rowspan="3"' in page


def test_the_attack_finds_what_a_limited_table_tells_beside_one_that_is_not(settings, found, tmp_path):
    """Both crosstabs with all their counts: what the one has beyond the other is few forms."""
    store, study = Store(settings, NAME), settings.study
    two = {number: catalogue(study)[number] for number in (22, 23)}
    marts = {"participant": store.marts("participant")}
    done = Releasing(study, NAME, two, marts, release_policy(study), forms="x").release()
    rows = list(csv.DictReader(io.StringIO(done.files["figures.csv"].decode())))
    for row in rows:
        if row["status"] == "hidden" and row["measure"] == "count":
            value = at(found, int(row["table"]), row["row"], row["column"])
            row.update(value=f"{value:.0f}", status="shown")
    assert attack(study, Source(read_release(_written(done.files, tmp_path / "as_it_is")), "x")).exposed == ()
    text = io.StringIO()
    table = csv.DictWriter(text, rows[0].keys(), lineterminator="\r\n")
    table.writeheader()
    table.writerows(row for row in rows if row["measure"] == "count")
    told = _written({**done.files, "figures.csv": text.getvalue().encode()}, tmp_path / "told")
    exposed = attack(study, Source(read_release(told), "x")).exposed
    assert any(number.kind == "difference" and number.high < release_policy(study).threshold for number in exposed)


def _written(files, folder):
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def _is_count(row):
    return row["measure"] == "count" and row["status"] == "shown"


def tables(settings):
    return catalogue(settings.study)


def test_what_is_no_number_or_lies_outside_the_range_sets_a_form_aside_and_its_passport_knows(tmp_path, frame):
    told = frame.copy()
    told.loc[[0, 1, 2, 3], "age"] = ["200", "tolv", "12,5", "12,0"]
    told.loc[4, "hours"] = "0,25"
    settings = deliver(kinds_study(tmp_path, TABLES), tmp_path / "data", told)
    refresh(settings)
    rejected = read(Store(settings, NAME).file("rejected", "participant")).to_pandas()
    found = set(zip(rejected["form_id"], rejected["rule"], rejected["column"], strict=True))
    assert found == {
        ("DE-1000", "outside_scale", "alder"),
        ("DE-1001", "code_unreadable", "alder"),
        ("DE-1002", "outside_scale", "alder"),
        ("DE-1004", "outside_scale", "timer"),
    }
    opened = passport(Store(settings, NAME), Address(11, "0-17", "", "", "count"))
    assert all(check.passed for check in opened.checks)
    assert opened.forms == sum(age is not None and int(str(age).split(",")[0]) <= 17 for age in told["age"].drop([0, 1, 2, 4]))
    near = {(why.kind, why.about): why.forms for why in opened.near}
    assert near.get(("set_aside", "outside_scale"), 0) == (told.loc[4, "age"] is not None and int(told.loc[4, "age"]) <= 17)
