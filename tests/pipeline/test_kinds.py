"""Questions answered with a number or with several boxes, from the export to the tables, against pandas."""

import pandas as pd
import pyarrow.parquet as pq
import pytest
from support.kinds_study import answers, deliver, kinds_study
from support.small_study import NAME

from frs_pipeline import read_mart
from frs_pipeline.lineage.passport import passport
from frs_pipeline.operations.refresh import refresh
from frs_pipeline.store.files import Store, read
from frs_pipeline.study.tables import Address
from frs_pipeline.tables.figures import from_table

TABLES = """\
  - {number: 11, title: "", kind: frequency, mart: participant, variable: age_group}
  - {number: 12, title: "", kind: crosstab, mart: participant, row: role, column: age_group, percent: row}
  - {number: 13, title: "", kind: correlation, mart: participant, row: age_group, column: overall}
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
