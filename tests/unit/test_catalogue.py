"""The catalogue of tables: what it holds, what it refuses, and how a researcher adds a table."""

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.study import STUDY

from frs_pipeline.codebook.pseudonyms import mart_schema
from frs_pipeline.errors import InputError
from frs_pipeline.store.plan import products, table_key
from frs_pipeline.study.instruments import instruments
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.study.tables import by_mart, catalogue, read_catalogue
from frs_pipeline.tables.counting import count
from frs_pipeline.tables.engine import open_marts
from frs_pipeline.tables.figures import figures

SMALL = """\
tables:
  - number: 1
    title: One
    kind: crosstab
    mart: participant_first
    row: role
    column: plan_satisfied
    percent: row
    leave_out: {plan_satisfied: [ved ikke]}
  - number: 2
    title: Two
    kind: correlation
    mart: initiator
    row: conflict
    column: wellbeing
    occasion: followup
    reverse: [conflict]
    collapse:
      conflict:
        mange: [rigtig mange, mange]
        få: [få, slet ingen]
  - number: 3
    title: Three
    kind: distribution
    mart: participant_first
    also: participant_followup
    variable: overall
    answered: [role]
    relabel: {overall: {god: God}}
"""


def read(tmp_path, text):
    path = tmp_path / "tables.yaml"
    path.write_text(text, encoding="utf-8")
    return read_catalogue(STUDY, path)


def test_the_catalogue_has_the_81_tables_of_the_report():
    assert sorted(catalogue(STUDY)) == list(range(1, 82))


def test_every_table_has_a_product_of_its_own():
    assert {key for key in products(STUDY) if key[-1].startswith("table_")} == {table_key(number) for number in catalogue(STUDY)}


def test_every_table_is_counted_from_one_mart_or_stands_under_its_first():
    grouped = by_mart(STUDY, catalogue(STUDY))
    assert list(grouped) == list(instruments(STUDY))
    assert sorted(t.number for tables in grouped.values() for t in tables) == sorted(catalogue(STUDY))
    assert all(t.marts[0] == mart for mart, tables in grouped.items() for t in tables)


def test_no_code_is_counted_in_two_categories_and_no_label_stands_twice():
    for table in catalogue(STUDY).values():
        for axis in filter(None, (table.row, table.column, table.group)):
            codes = [code for category in axis.categories for code in category.codes]
            assert len(set(codes)) == len(codes)
            assert len({category.label for category in axis.categories}) == len(axis.categories)


def test_axes_are_resolved_to_labels_and_codes(tmp_path):
    one, two, three = read(tmp_path, SMALL).values()
    assert [c.label for c in one.row.categories] == ["barn", "mor", "far", "familie", "netværk"]
    assert [c.codes for c in one.column.categories] == [(1,), (2,), (3,), (4,), (5,)]
    assert [(c.label, c.codes) for c in two.row.categories] == [("få", (4, 5)), ("mange", (1, 2))]
    assert [c.codes for c in two.column.categories] == [(1,), (2,), (3,), (4,), (5,)]
    assert three.marts == ("participant_first", "participant_followup")
    assert [c.label for c in three.row.categories] == ["rigtig god", "God", "nogenlunde", "mindre god", "dårlig"]
    assert three.variables == ("overall",)


def test_a_table_names_other_statistics(tmp_path):
    text = SMALL.replace("percent: row", "percent: row\n    statistics: [cramers_v, chi2]").replace(
        "reverse: [conflict]", "statistics: [chi2, cramers_v, somers_d, tau_b, tau_c]"
    )
    one, two, three = read(tmp_path, text).values()
    assert one.statistics == ("cramers_v", "chi2")
    assert two.statistics == ("chi2", "cramers_v", "somers_d", "tau_b", "tau_c")
    assert three.statistics == ()


@pytest.mark.parametrize(("code", "position"), [(4, 0), (5, 0), (1, 1), (2, 1), (3, None), (9, None), (None, None)])
def test_an_axis_finds_the_category_of_a_code(tmp_path, code, position):
    assert read(tmp_path, SMALL)[2].row.index(code) == position


def test_a_reversed_axis_runs_the_other_way(tmp_path):
    turned = read(tmp_path, SMALL)[2].row.categories
    plain = read(tmp_path, SMALL.replace("    reverse: [conflict]\n", ""))[2].row.categories
    assert turned == plain[::-1]


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        pytest.param("mart: initiator", "mart: teacher", 13, "no questionnaire teacher", id="unknown mart"),
        pytest.param("also: participant_followup", "also: teacher", 26, "no questionnaire teacher", id="unknown second mart"),
        pytest.param("row: role", "row: roll", 6, "no question roll", id="unknown row"),
        pytest.param("column: wellbeing", "column: happiness", 15, "no question happiness", id="unknown column"),
        pytest.param("variable: overall", "variable: understood", 27, "participant_followup has no", id="unknown in second mart"),
        pytest.param("answered: [role]", "answered: [roll]", 28, "no question roll", id="unknown in answered"),
        pytest.param("[ved ikke]", "[ved det ikke]", 9, "no answer 'ved det ikke'", id="unknown label left out"),
        pytest.param("få: [få, slet ingen]", "få: [få, ingen]", 21, "no answer 'ingen'", id="unknown label collapsed"),
        pytest.param("få: [få, slet ingen]", "få: [få, mange]", 21, "collapsed twice", id="answer in two categories"),
        pytest.param("få: [få, slet ingen]", "få: [få, få]", 21, "collapsed twice", id="answer twice in a category"),
        pytest.param("{god: God}", "{godt: God}", 29, "no answer 'godt'", id="unknown label spelt"),
        pytest.param("{god: God}", "{god: Dårlig}", 29, "not a spelling", id="spelling of another answer"),
        pytest.param("{god: God}", "{god: Herlig}", 29, "not a spelling", id="spelling of no answer"),
        pytest.param("reverse: [conflict]", "reverse: [belief]", 17, "doesn't use belief", id="turning what isn't used"),
        pytest.param(
            "leave_out: {plan_satisfied:", "leave_out: {belief:", 9, "doesn't use belief", id="leaving out what isn't used"
        ),
        pytest.param("relabel: {overall:", "relabel: {role:", 29, "doesn't use role", id="spelling what isn't used"),
        pytest.param("      conflict:\n", "      belief:\n", 19, "doesn't use belief", id="collapsing what isn't used"),
        pytest.param("number: 2", "number: 1", 10, "table 1 stands twice", id="number twice"),
        pytest.param("number: 2", "number: 0", 10, "number", id="number below one"),
        pytest.param("number: 2", "number: two", 10, "number", id="number in words"),
        pytest.param(
            "kind: correlation", "kind: regression", 12, "'regression' isn't allowed .one of: frequency, ", id="unknown kind"
        ),
        pytest.param("percent: row", "percent: answers", 8, "percent", id="unknown percentage"),
        pytest.param("    percent: row\n", "", 2, "percent", id="percentage left out"),
        pytest.param("occasion: followup", "occasion: second", 16, "occasion", id="unknown occasion"),
        pytest.param("    row: role", "    row: role\n    colour: red", 7, "colour", id="unknown key"),
        pytest.param(
            "reverse: [conflict]", "statistics: [tau_b, tau_d]", 17, "'tau_d' isn't allowed .is tau_", id="unknown statistic"
        ),
        pytest.param("reverse: [conflict]", "statistics: tau_b", 17, "isn't a list .*: .tau_b.", id="statistic without brackets"),
        pytest.param("reverse: [conflict]", "statistics: [chi2, chi2]", 17, "chi2 stands twice", id="statistic twice"),
        pytest.param(
            "reverse: [conflict]",
            "statistics:\n    - tau_b\n    - bowker",
            19,
            "bowker says nothing of a table of kind: correlation .one of: chi2, cramers_v, somers_d, tau_b, tau_c.",
            id="statistic of another kind of table",
        ),
        pytest.param(
            "answered: [role]",
            "statistics: [chi2]",
            28,
            "of kind: distribution .take it out; it is of kind: crosstab,",
            id="no statistic",
        ),
        pytest.param(
            "percent: row",
            "percent: row\n    statistics: [chi2, somers_d]",
            9,
            "role is nominal: .*, which somers_d needs .one of: chi2, cramers_v.",
            id="ordinal statistic of a nominal question",
        ),
        pytest.param("variable: overall", "variable: overall\n    column: role", 28, "column", id="key of another kind"),
    ],
)
def test_a_fault_in_the_catalogue_is_refused_with_its_line(tmp_path, old, new, line, says):
    assert old in SMALL
    with pytest.raises(InputError, match=says) as refused:
        read(tmp_path, SMALL.replace(old, new, 1))
    assert refused.value.where == f"{tmp_path / 'tables.yaml'}:{line}"
    assert "\n" not in str(refused.value)


NEW = {
    "frequency": """
  - number: 82
    title: "Socialrådgiver: Hvor stort er familien?"
    kind: frequency
    mart: initiator
    variable: family_size
    occasion: followup
""",
    "crosstab of collapsed answers": """
  - {number: 82, kind: collapsed_crosstab, mart: initiator,
     title: "Socialrådgiver: Familiens størrelse * barnets trivsel",
     row: family_size,
     column: wellbeing,
     occasion: followup,
     collapse: {wellbeing: {god: ["Ja, meget", i nogen grad], ringe: [i mindre grad, slet ikke]}}}
""",
}


def six_forms(tmp_path):
    """(occasion, family size, well-being); one form is of a first conference, one has two blanks."""
    rows = [
        ("first", 1, None),
        ("followup", 1, 1),
        ("followup", 1, 5),
        ("followup", 2, 2),
        ("followup", 3, 3),
        ("followup", None, None),
    ]
    schema = mart_schema(questionnaires(STUDY)["initiator"])
    forms = [
        {"form_id": f"IN-{i}", "conference_id": "C-lark", "occasion": occasion, "family_size": size, "wellbeing": wellbeing}
        for i, (occasion, size, wellbeing) in enumerate(rows)
    ]
    pq.write_table(pa.Table.from_pylist(forms, schema=schema), tmp_path / "initiator.parquet")
    return open_marts({"initiator": tmp_path / "initiator.parquet"})


@pytest.mark.parametrize("kind", NEW)
def test_a_researcher_adds_a_table_in_six_lines(tmp_path, kind):
    assert len(NEW[kind].strip().splitlines()) == 6
    tables = read(tmp_path, (STUDY.folder / "tables.yaml").read_text(encoding="utf-8") + NEW[kind])
    assert sorted(tables) == list(range(1, 83))
    assert {n: t for n, t in tables.items() if n < 82} == catalogue(STUDY)
    found = figures(tables[82], count([tables[82]], six_forms(tmp_path))[82])
    counted = {(f.row, f.column): f.printed for f in found if f.measure == "count"}
    if kind == "frequency":
        assert counted == {
            ("stor", ""): "2",
            ("mellem", ""): "1",
            ("lille", ""): "1",
            ("Total valid", ""): "4",
            ("Missing", ""): "1",
            ("Total", ""): "5",
        }
    else:
        expected = pd.DataFrame(
            [[1, 1, 2], [1, 0, 1], [0, 0, 0], [2, 1, 3]],
            index=["stor", "mellem", "lille", "Total"],
            columns=["god", "ringe", "Total"],
        )
        assert counted == {key: str(n) for key, n in expected.stack().items()}
