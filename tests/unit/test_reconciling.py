"""Every table of the report ties out with random marts; and whatever is broken is found and named."""

import pandas as pd
import pyarrow as pa
import pytest
from dagster import AssetKey
from support.random_marts import random_frame, write_marts
from support.shipped import DELIVERY
from support.study import STUDY

from frs_pipeline.checks.reconciliation import every_form, every_form_spec
from frs_pipeline.checks.ties import tie_specs, ties
from frs_pipeline.errors import CheckFailed
from frs_pipeline.store.files import MartFile
from frs_pipeline.study.cases import CASES
from frs_pipeline.study.instruments import instruments
from frs_pipeline.study.tables import Axis, catalogue
from frs_pipeline.tables.bases import BASES, reasons
from frs_pipeline.tables.counting import count
from frs_pipeline.tables.engine import open_marts
from frs_pipeline.tables.figures import figures
from frs_pipeline.tables.nonresponse import conferences, forms_of
from frs_pipeline.tables.reconciling import FormCounts, reconcile
from frs_pipeline.tables.render import base_line, base_lines

TABLES = list(catalogue(STUDY).values())
# One of each kind; among them one of two marts, and some that leave out answers or an occasion.
KINDS = {
    4: "frequency",
    3: "distribution",
    5: "crosstab",
    35: "collapsed_crosstab",
    33: "correlation",
    49: "correlation_by_group",
}


def counts_of(paths):
    """Counts of the forms in these marts, all of one delivery."""
    return FormCounts({name: [MartFile(DELIVERY, path)] for name, path in paths.items()})


@pytest.fixture(scope="module")
def frames():
    return {name: random_frame(name, 400, seed) for seed, name in enumerate(instruments(STUDY), start=3)}


@pytest.fixture(scope="module")
def paths(frames, tmp_path_factory):
    return write_marts(frames, tmp_path_factory.mktemp("marts"))


@pytest.fixture(scope="module")
def forms(paths):
    return counts_of(paths)


@pytest.fixture(scope="module")
def printed(paths):
    """Figures of each table."""
    return figures_of(TABLES, paths)


@pytest.fixture(scope="module")
def sound(printed, forms):
    return reconcile(STUDY, TABLES, everything(printed), forms)


def figures_of(tables, paths):
    counted = count(tables, open_marts(paths))
    return {table.number: figures(table, counted[table.number]) for table in tables}


def everything(printed):
    return [figure for found in printed.values() for figure in found]


def broken(result):
    return sorted({*result.bases.broken_tables, *result.totals.broken_tables})


def alone(number, found, forms, table=None):
    """Numbers of the tables that a reconciliation of one table with these figures finds broken."""
    return broken(reconcile(STUDY, [table or catalogue(STUDY)[number]], found, forms))


def more(figure, by=1):
    """A count that is another one, in value and print."""
    return figure._replace(value=figure.value + by, printed=str(int(figure.value) + by))


def of_table(rows, number):
    return [row for row in rows.to_pylist() if row["table"] == number]


def test_the_tables_chosen_here_are_of_every_kind():
    assert {number: catalogue(STUDY)[number].kind for number in KINDS} == KINDS
    assert set(KINDS.values()) == {table.kind for table in TABLES}


def test_every_table_of_the_report_ties_out(sound):
    sound.require()
    assert sound.bases.tables == tuple(catalogue(STUDY))
    assert len(catalogue(STUDY)) == 81
    counting = {n for n, table in catalogue(STUDY).items() if table.kind != "correlation"}
    assert set(sound.totals.tables) >= counting
    assert sound.totals.compared > sound.bases.compared > 2 * 81
    assert broken(sound) == []


def test_rows_less_the_forms_left_out_are_the_base(sound):
    assert sound.rows.schema == BASES
    for number, table in catalogue(STUDY).items():
        rows = of_table(sound.rows, number)
        whole = sum(row["forms"] for row in rows if row["reason"] == "rows")
        left_out = sum(row["forms"] for row in rows if row["reason"] not in ("rows", "base"))
        assert [row["mart"] for row in rows if row["reason"] == "base"] == ["+".join(table.marts)]
        assert whole == 400 * len(table.marts)
        assert whole - left_out == rows[-1]["forms"] < whole


@pytest.mark.parametrize("number", [5, 32, 33, 35, 49, 63])
def test_each_form_left_out_counts_under_the_first_reason_that_holds(sound, frames, number):
    table = catalogue(STUDY)[number]
    left = frames[table.marts[0]]
    expected = []
    for name, question in reasons(table):
        if name == "other_occasion":
            out = left["occasion"] != table.occasion
        elif name == "left_out":
            axis = next(a for a in (table.row, table.column, table.group) if a and a.variable == question)
            out = ~left[question].isin([code for category in axis.categories for code in category.codes])
        else:
            out = left[question].isna()
        expected.append((name, question, int(out.sum())))
        left = left[~out]
    rows = of_table(sound.rows, number)
    assert [(row["reason"], row["question"], row["forms"]) for row in rows[1:-1]] == expected
    assert rows[-1]["forms"] == len(left)


def test_a_table_of_two_marts_has_the_reasons_of_each(sound, frames):
    rows = of_table(sound.rows, 3)
    assert [row["mart"] for row in rows[:-1]] == ["participant_first"] * 4 + ["participant_followup"] * 4
    for mart in ("participant_first", "participant_followup"):
        of_mart = {row["reason"]: row["forms"] for row in rows if row["mart"] == mart}
        told = frames[mart][frames[mart]["role"].notna()]
        assert of_mart == {
            "rows": 400,
            "unanswered": 400 - len(told),
            "blank": int(told["overall"].isna().sum()),
            "left_out": 0,
        }


@pytest.mark.parametrize("number", sorted(catalogue(STUDY)))
def test_no_count_of_any_table_can_be_altered(number, printed, forms):
    found = printed[number]
    counts = [i for i, figure in enumerate(found) if figure.measure in ("count", "n")]
    assert counts
    for i in counts:
        assert alone(number, [*found[:i], more(found[i]), *found[i + 1 :]], forms) == [number]
    unlike = found[counts[0]]._replace(printed="7777")
    assert alone(number, [*found[: counts[0]], unlike, *found[counts[0] + 1 :]], forms) == [number]
    assert alone(number, found[:-1] if found[-1].measure == "n" else found[: counts[-1]], forms) == [number]
    assert alone(number, [*found, found[counts[0]]], forms) == [number]
    assert alone(number, [], forms) == [number]
    assert alone(number, found, forms) == []


def test_cells_that_are_wrong_though_their_sums_are_right_are_found(printed, forms):
    shift = {("mor", "god"): 1, ("mor", "rigtig god"): -1, ("far", "god"): -1, ("far", "rigtig god"): 1}
    found = []
    for figure in printed[1]:
        by = shift.get((figure.row, figure.column), 0) if figure.measure == "count" else 0
        found.append(more(figure, by) if by else figure)
    assert alone(1, found, forms) == [1]


@pytest.mark.parametrize("mart", instruments(STUDY))
def test_a_form_that_left_the_mart_after_counting_breaks_the_tables_that_counted_it(mart, frames, printed, tmp_path):
    answered = frames[mart].drop(columns=["form_id", "conference_id"]).notna().sum(axis=1)
    row = answered.idxmax()
    fewer = counts_of(write_marts({**frames, mart: frames[mart].drop(index=row)}, tmp_path))
    found = broken(reconcile(STUDY, TABLES, everything(printed), fewer))
    assert found
    assert all(mart in catalogue(STUDY)[number].marts for number in found)
    kept = frames[mart].loc[row]
    frequencies = {t.number for t in TABLES if t.marts == (mart,) and t.kind == "frequency" and not pd.isna(kept[t.row.variable])}
    assert frequencies <= set(found)


def with_category(axis, index, **changes):
    categories = list(axis.categories)
    categories[index] = categories[index].model_copy(update=changes)
    return axis.model_copy(update={"categories": tuple(categories)})


MISCOUNTED = {
    "every occasion": (33, lambda table: {"occasion": "both"}),
    "the wrong occasion": (35, lambda table: {"occasion": "first"}),
    "only one occasion": (4, lambda table: {"occasion": "first"}),
    "without what must be answered": (3, lambda table: {"answered": ()}),
    "with more that must be answered": (78, lambda table: {"answered": ("role", "belief")}),
    "one mart of two": (43, lambda table: {"marts": ("participant_first",)}),
    "another mart": (67, lambda table: {"row": Axis(variable="belief", categories=table.row.categories)}),
    "an answer counted that is left out": (
        5,
        lambda table: {"column": with_category(table.column, 0, codes=(table.column.categories[0].codes[0], 6))},
    ),
    "an answer lost": (63, lambda table: {"row": with_category(table.row, 0, codes=())}),
    "an answer counted twice": (58, lambda table: {"row": with_category(table.row, 0, codes=(1, 2))}),
    "answers in the wrong category": (29, lambda table: {"row": with_category(table.row, 0, codes=(1,))}),
    "answers under each other's labels": (
        17,
        lambda table: {
            "row": with_category(
                with_category(table.row, 0, codes=table.row.categories[1].codes), 1, codes=table.row.categories[0].codes
            )
        },
    ),
}


@pytest.mark.parametrize(("number", "changes"), MISCOUNTED.values(), ids=MISCOUNTED)
def test_a_table_that_is_counted_otherwise_than_the_catalogue_says_is_named(number, changes, printed, paths, forms):
    table = catalogue(STUDY)[number]
    wrong = table.model_copy(update=changes(table))
    result = reconcile(STUDY, TABLES, everything({**printed, **figures_of([wrong], paths)}), forms)
    assert number in broken(result)
    twins = {n for found in (*result.bases.broken, *result.totals.broken) for n in found.tables if len(found.tables) == 2}
    assert set(broken(result)) <= {number} | twins
    with pytest.raises(CheckFailed, match=rf"^tables? [0-9 and]*\b{number}\b"):
        result.require()


@pytest.mark.parametrize("number", [4, 1])
def test_a_catalogue_that_counts_an_answer_in_two_categories_is_found_too(number, paths, forms):
    table = catalogue(STUDY)[number]
    axis = "row" if table.column is None else "column"
    first, second = getattr(table, axis).categories[:2]
    twice = table.model_copy(update={axis: with_category(getattr(table, axis), 1, codes=(*first.codes, *second.codes))})
    assert alone(number, figures_of([twice], paths)[number], forms, twice) == [number]


def test_tables_of_the_same_forms_are_held_against_each_other(printed, forms):
    """Table 29 merges what table 73 prints, table 30 is its correlation; 42 is table 1 again."""
    pair = [catalogue(STUDY)[29], catalogue(STUDY)[73]]
    good = reconcile(STUDY, pair, [*printed[29], *printed[73]], forms)
    single = [reconcile(STUDY, [table], printed[table.number], forms).totals.compared for table in pair]
    # Their bases; 3 categories of conflict split by table 73, 1 of them the same in both; 5 answers of belief, both ways.
    assert good.totals.compared == sum(single) + 1 + 3 + 1 + 5 + 5
    assert good.totals.broken == ()
    altered = [more(f) if (f.row, f.column, f.measure) == ("få", "Total", "count") else f for f in printed[73]]
    says = [found for found in reconcile(STUDY, pair, [*printed[29], *altered], forms).totals.broken if found.tables == (29, 73)]
    assert len(says) == 1
    assert says[0].says.startswith("they count the same forms, but 'få' of conflict is ")
    assert "in table 29" in says[0].says
    assert "in table 73" in says[0].says


def test_bases_of_correlations_are_held_against_the_crosstab_of_the_same_forms(printed, forms):
    assert printed[25][-1].measure == "n"
    result = reconcile(
        STUDY,
        [catalogue(STUDY)[24], catalogue(STUDY)[25]],
        [*printed[24], *printed[25][:-1], more(printed[25][-1])],
        forms,
    )
    assert result.bases.broken_tables == [25]
    assert [found.tables for found in result.totals.broken] == [(24, 25)]


@pytest.mark.parametrize(
    ("number", "changes"),
    [
        pytest.param(76, {"occasion": "followup"}, id="another occasion"),
        pytest.param(43, {"answered": ()}, id="nothing else to be answered"),
        pytest.param(43, {"marts": ("participant_first",)}, id="one mart of two"),
        pytest.param(73, {"row": catalogue(STUDY)[29].row}, id="the same forms, merged"),
        pytest.param(5, {"column": catalogue(STUDY)[4].row}, id="answers that the other leaves out"),
    ],
)
def test_only_tables_that_count_the_same_forms_are_held_against_each_other(number, changes, paths, forms):
    table = catalogue(STUDY)[number]
    other = table.model_copy(update={**changes, "number": 90})
    found = figures_of([table, other], paths)
    together = reconcile(STUDY, [table, other], everything(found), forms)
    single = [reconcile(STUDY, [t], found[t.number], forms).totals.compared for t in (table, other)]
    assert together.totals.broken == ()
    assert (together.totals.compared > sum(single)) == (number == 73)


@pytest.mark.parametrize("number", KINDS)
def test_what_adds_up_to_the_base_belongs_to_the_base(number, printed, forms):
    for i, figure in enumerate(printed[number]):
        if figure.measure in ("count", "n"):
            altered = [*printed[number][:i], more(figure), *printed[number][i + 1 :]]
            result = reconcile(STUDY, [catalogue(STUDY)[number]], altered, forms)
            assert result.bases.broken_tables == [number]


def test_a_failure_names_the_table_its_numbers_and_the_other_tables(printed, forms):
    total = next(f for f in printed[4] if f.row == "Total valid")
    wrong = [more(f, -3) if f is total else f for f in printed[4]]
    blank = int(next(f.value for f in printed[4] if f.row == "Missing"))
    result = reconcile(STUDY, TABLES, everything({**printed, 4: wrong, 80: []}), forms)
    with pytest.raises(CheckFailed) as refused:
        result.require()
    assert str(refused.value) == (
        f"table 4: the base = {400 - blank - 3}, not {400 - blank}: 400 forms - {blank} blank plan_satisfied = {400 - blank}; "
        "more that don't tie out: 80 (a fault in counting; don't use these tables)"
    )


def test_the_checks_say_how_many_tables_and_which_are_broken(printed, sound, forms):
    key = AssetKey(["statistics", "bases"])
    good = {check.check_name: check for check in ties(key, sound)}
    assert {name: check.passed for name, check in good.items()} == {"bases_tie_out": True, "totals_tie_out": True}
    assert [spec.name for spec in tie_specs(key)] == list(good)
    assert all(spec.blocking for spec in tie_specs(key))
    told = {name: value.value for name, value in good["bases_tie_out"].metadata.items()}
    assert told == {"tables": 81, "compared": sound.bases.compared, "broken": 0, "broken_tables": []}
    result = reconcile(STUDY, TABLES, everything({**printed, 25: [], 80: []}), forms)
    bad = {check.check_name: check for check in ties(key, result)}
    assert not any(check.passed for check in bad.values())
    assert bad["bases_tie_out"].metadata["broken_tables"].value == [25, 80]
    assert bad["bases_tie_out"].metadata["broken"].value == 2
    assert bad["totals_tie_out"].metadata["broken_tables"].value == [24, 25, 80]


def test_a_mart_has_every_pseudonymised_form(paths):
    key = AssetKey(["marts", "initiator"])
    check = every_form(key, [paths["initiator"]], 400)
    assert check.passed
    assert {name: value.value for name, value in check.metadata.items()} == {"pseudonymised": 400, "forms": 400}
    with pytest.raises(CheckFailed, match="marts/initiator: 399 forms, but 400 were pseudonymised"):
        every_form(key, [paths["initiator"]], 399)
    assert every_form(key, [paths["initiator"], paths["coordinator"]], 800).passed
    assert every_form_spec(key).blocking


def test_a_form_of_an_unknown_conference_is_missing_from_the_marts_of_conferences():
    codebook = pa.table({"conference_id": ["C-1"], "conference_number": [40111], "occasion": ["first"]})
    for field in CASES:
        codebook = codebook.append_column(field, pa.nulls(1, field.type))
    ledger = pa.table({"conference_number": [40111]})
    forms = {name: pa.table({"conference_id": ["C-1", "C-2"]}) for name in instruments(STUDY)}
    assert forms_of(STUDY, conferences(STUDY, codebook, ledger, forms)) == 4


def test_marts_without_a_form_tie_out(tmp_path):
    paths = write_marts({name: random_frame(name, 0, 1) for name in instruments(STUDY)}, tmp_path)
    result = reconcile(STUDY, TABLES, everything(figures_of(TABLES, paths)), counts_of(paths))
    result.require()
    assert set(result.rows["forms"].to_pylist()) == {0}


def test_the_base_line_tells_each_reason_in_words(sound):
    def line(number):
        rows = of_table(sound.rows, number)
        return base_line(STUDY, catalogue(STUDY)[number], rows), iter([row["forms"] for row in rows if row["forms"]])

    text, n = line(4)
    assert text == f"Grundlag: {next(n)} skemaer − {next(n)} ubesvarede = {next(n)}"
    text, n = line(5)
    assert text == (
        f"Grundlag: {next(n)} skemaer − {next(n)} ubesvarede (role) − {next(n)} ubesvarede (plan_satisfied)"
        f" − {next(n)} »ved ikke« (plan_satisfied) = {next(n)}"
    )
    text, n = line(33)
    assert text.startswith(
        f"Grundlag: {next(n)} skemaer − {next(n)} fra den første rådslagning − {next(n)} ubesvarede (problem_weight)"
    )
    text, _ = line(3)
    assert text.startswith("Grundlag: 800 skemaer − ")
    assert "uden svar på role" in text
    assert base_lines(STUDY, sound.rows).rows[3] == ("4", line(4)[0])
