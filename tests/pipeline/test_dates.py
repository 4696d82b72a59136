"""Questions answered with a date, from the export to the tables, against pandas."""

import datetime as dt

import pandas as pd
import pytest
from support.small_study import NAME, by_arithmetic, make_delivery

from frs_pipeline.lineage.passport import Passports
from frs_pipeline.operations.new_study import begin
from frs_pipeline.operations.refresh import refresh
from frs_pipeline.store.files import Store, read
from frs_pipeline.study import Study
from frs_pipeline.study.tables import Address
from frs_pipeline.tables.figures import from_table

QUESTIONS = """\
  - {name: moved, source: flyt, text: "Hvornår flyttede du?", type: date, range: [2019-02-01, 2020-12-31],
     sensitivity: personal, wording: assumed}
  - {name: heard, source: hoert, text: "Hvornår hørte du om det?", type: date, range: [2000-01-01, 2020-12-31], keep: year,
     sensitivity: personal, wording: assumed}
"""
TABLES = """\
  - {number: 4, title: "", kind: frequency, mart: participant, variable: moved_quarter}
  - {number: 5, title: "", kind: crosstab, mart: participant, row: moved_quarter, column: recommend, percent: row}
  - {number: 6, title: "", kind: correlation, mart: participant, row: heard_year, column: overall}
  - {number: 7, title: "", kind: frequency, mart: participant, variable: overall, where: {moved_quarter: ["2019 Q3", "2020 Q2"]}}
"""
FORMS = 48
DAYS = [None if at % 7 == 0 else dt.date(2019, 2, 1) + dt.timedelta(days=14 * at) for at in range(FORMS)]


def cell(question, at, place):
    if question.calendar is None:
        return by_arithmetic(question, at, place)
    day = DAYS[at]
    if day is None:
        return ""
    return f"{day}" if question.of == "moved" else f"{day:%d-%m-%Y}"


def make(folder, cell):
    study = begin(folder / "dated")
    for name, more in (("questionnaires/participant", QUESTIONS), ("tables", TABLES)):
        with (study / f"{name}.yaml").open("a", encoding="utf-8") as file:
            file.write(more)
    return make_delivery(Study(study), folder / "data", cell, FORMS)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    settings = make(tmp_path_factory.mktemp("dates"), cell)
    assert refresh(settings).vouched
    return Store(settings, NAME)


def test_tables_count_periods_as_pandas_does(store):
    found = {figure.address: figure.value for figure in from_table(read(store.file("statistics", "figures")))}
    days = pd.Series(pd.to_datetime(DAYS))
    quarters = days.dt.to_period("Q").dt.strftime("%Y Q%q")
    for label in pd.period_range("2019-02-01", "2020-12-31", freq="Q").strftime("%Y Q%q"):
        assert found[Address(4, label, "", "", "count")] == (quarters == label).sum()
    assert found[Address(4, "Missing", "", "", "count")] == days.isna().sum()
    assert found[Address(7, "Total", "", "", "count")] == quarters.isin(["2019 Q3", "2020 Q2"]).sum() > 0
    assert found[Address(6, "", "", "", "n")] == days.notna().sum()


def test_no_day_is_in_a_mart(store):
    rows = read(store.file("marts", "participant"))
    assert [str(rows.schema.field(name).type) for name in ("moved_quarter", "heard_year")] == ["int8", "int8"]
    assert [name for name in rows.column_names if name in ("moved", "heard")] == []
    written = "".join(path.read_text(encoding="utf-8") for path in store.settings.curated(NAME).rglob("*.csv"))
    assert str(DAYS[1]) not in written


def test_every_figure_has_a_passport_that_closes(store):
    every = list(Passports(store.study, store).every())
    assert [made.address for made in every if not (made.closes and all(check.passed for check in made.checks))] == []


def test_what_is_no_date_or_outside_the_range_sets_a_form_aside_and_its_passport_knows(tmp_path):
    told = {1: "30/11/2019", 2: "2019-01-31", 3: "31.12.2020 08:27"}
    settings = make(tmp_path, lambda q, at, place: told[at] if at in told and q.of == "moved" else cell(q, at, place))
    refresh(settings)
    store = Store(settings, NAME)
    rejected = read(store.file("rejected", "participant")).to_pandas()
    found = set(zip(rejected["form_id"], rejected["rule"], rejected["column"], strict=True))
    assert found == {("DE-1001", "code_unreadable", "flyt"), ("DE-1002", "outside_scale", "flyt")}
    made = Passports(settings.study, store).of(Address(4, "2020 Q4", "", "", "count"))
    assert all(check.passed for check in made.checks)
    assert made.value == sum(day is not None and day >= dt.date(2020, 10, 1) for day in DAYS) + 1
