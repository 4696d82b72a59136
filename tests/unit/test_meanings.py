"""What figures mean: by hand for small cases, and against figures counted another way with random and odd marts."""

import itertools
import math

import duckdb
import pandas as pd
import pytest
from support.plain_duckdb import recounted
from support.random_marts import random_frame, write_marts
from support.shipped import DELIVERY
from support.study import STUDY

from frs_pipeline.errors import UsageError
from frs_pipeline.lineage.addresses import address
from frs_pipeline.lineage.aside import first_rule
from frs_pipeline.lineage.meaning import Meaning, meanings
from frs_pipeline.lineage.recount import recount
from frs_pipeline.lineage.ties import alike, printed_cells, sums
from frs_pipeline.lineage.waterfall import Asked, Group, Why, questions, waterfall
from frs_pipeline.lineage.wording import definition, reason, rounding
from frs_pipeline.study.instruments import instruments
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.study.tables import Address, catalogue
from frs_pipeline.tables.counting import count
from frs_pipeline.tables.engine import open_marts
from frs_pipeline.tables.figures import figures

TABLES = list(catalogue(STUDY).values())
STATISTICS = ("gamma", "ase", "t", "p", "partial_gamma")


def of(table, row="", column="", group="", measure="count"):
    return Address(table, row, column, group, measure)


def test_every_figure_of_every_table_has_a_meaning_and_a_sentence_of_its_own():
    told = [address for table in TABLES for address in (figure.address for figure in figures(table, {}))]
    assert list(meanings(STUDY)) == told
    said = {}
    for meaning in meanings(STUDY).values():
        said.setdefault(definition(STUDY, meaning), set()).add((meaning.fact, meaning.scales))
    # No sentence is said of two facts.
    assert all(len(facts) == 1 for facts in said.values())
    assert len(said) > 2000


def test_a_cell_in_words():
    said = definition(STUDY, meanings(STUDY)[of(5, "mor", "Total", measure="row_percent")])
    assert said.danish == (
        "Altid 100 procent, fordi tæller og nævner er det samme tal: skemaer af typen »Deltager, første rådslagning«, hvor "
        "svaret på »Hvem er du?« er »mor« og »Er du tilfreds med jeres plan?« er besvaret med andet end »ved ikke«."
    )
    said = definition(STUDY, meanings(STUDY)[of(2, "Total", "god", measure="row_percent")])
    assert said.danish == (
        "Andelen i procent, hvor svaret på »Hvad synes du om hele opfølgningen?« er »god«, blandt skemaer af typen »Deltager, "
        "opfølgende rådslagning«, hvor »Hvem er du?« og »Hvad synes du om hele opfølgningen?« er besvaret."
    )
    said = definition(STUDY, meanings(STUDY)[of(18, measure="gamma")])
    assert said.danish.startswith("Goodman og Kruskals gamma for sammenhængen mellem »")
    assert said.danish.endswith(
        " er besvaret. Gamma er (P − Q)/(P + Q), hvor P er antallet af par af skemaer, der peger samme vej, og Q antallet af "
        "par, der peger hver sin vej, begge talt fra hvert af de to skemaer."
    )
    said = definition(STUDY, meanings(STUDY)[of(32, "Missing")])
    assert said.english == (
        "Number of forms of the type “Initiator (social worker)”, where “In your best professional judgement, have the child's "
        "well-being, development and learning improved because of the family group conference?” isn't answered."
    )


def test_what_rounding_did_in_words():
    assert rounding(",286").english.startswith("rounded to 3 decimals")
    assert "zero before the decimal mark" in rounding("-,286").english
    assert "zero before the decimal mark" not in rounding("0,5").english
    assert rounding("18%").english.startswith("rounded to 0 decimals")
    assert "not rounded" in rounding("18").english
    assert "divide by zero" in rounding("ikke beregnelig").english


# --- the same fact, and sums ----------------------------------------------------------------------------


def test_the_same_fact_is_found_by_meaning():
    # Tables 6 and 66 are one table; the first answer's cumulative percentage is its valid percentage.
    assert of(66, "i midten") in alike(STUDY)[of(6, "i midten")]
    assert of(6, "Ja, meget", measure="cumulative_percent") in alike(STUDY)[of(6, "Ja, meget", measure="valid_percent")]
    # 43 and 78 leave the same forms out, and are of both occasions.
    assert of(78, "God") in alike(STUDY)[of(43, "God")]
    # The number behind a correlation is the corner of the crosstab of the same questions.
    assert of(17, "Total", "Total") in alike(STUDY)[of(18, measure="n")]
    # Equal numbers are not the same fact: table 30 has three categories, 74 the five that they are made of.
    assert not alike(STUDY)[of(74, measure="gamma")]


def test_a_correlation_doesn_t_care_for_its_rows_but_for_the_direction_of_its_scales():
    straight = meanings(STUDY)[of(18, measure="gamma")]
    row, column = straight.scales

    def turned(axis):
        return axis.model_copy(update={"categories": axis.categories[::-1]})

    def fact(measure, *scales):
        return Meaning(measure, straight.counted, scales=scales).fact

    for measure in ("gamma", "t"):
        same = fact(measure, row, column)
        assert same == fact(measure, column, row) == fact(measure, turned(row), turned(column))
        assert same != fact(measure, turned(row), column)
    for measure in ("ase", "p"):
        assert fact(measure, row, column) == fact(measure, turned(row), column) == fact(measure, column, turned(row))


def test_sums_of_a_cell_a_percentage_and_a_group():
    found = {made.total: made.parts for made in sums(STUDY)[of(1, "mor", "god")]}
    roles, answers = ("barn", "mor", "far", "familie", "netværk"), ("rigtig god", "god", "nogenlunde", "mindre god", "dårlig")
    assert found == {
        of(1, "Total", "god"): tuple(of(1, role, "god") for role in roles),
        of(1, "mor", "Total"): tuple(of(1, "mor", answer) for answer in answers),
    }
    missing = [made.total for made in sums(STUDY)[of(32, "Missing", measure="percent")]]
    assert missing == [of(32, "Total", measure="percent")]
    groups = [made.parts for made in sums(STUDY)[of(49, group="Total", measure="n")]]
    assert groups == [tuple(of(49, group=role, measure="n") for role in roles)]
    # A merged category of table 29 is the sum of what table 73 keeps apart.
    merged = [made for made in sums(STUDY)[of(29, *_first_cell(29))] if made.parts[0].table == 73]
    assert merged


def _first_cell(number):
    table = catalogue(STUDY)[number]
    return table.row.categories[0].label, table.column.categories[0].label


def test_a_correlation_knows_the_table_that_prints_its_cells():
    (cells,) = printed_cells(STUDY, of(18, measure="gamma"))
    assert {cell.table for line in cells for cell in line} == {17}
    assert not printed_cells(STUDY, of(10, measure="gamma"))


# --- waterfalls -------------------------------------------------------------------------------------------


def fall(address, groups, aside=None, withdrawn=None):
    table = catalogue(STUDY)[address.table]
    return waterfall(STUDY, Asked(table, questions(STUDY, table), groups, aside or {}, withdrawn or {}), meanings(STUDY)[address])


def test_withdrawn_forms_come_first_and_are_near_to_nothing():
    groups = [Group("initiator", "followup", (1,), 5, DELIVERY), Group("initiator", "followup", (None,), 2, DELIVERY)]
    aside = {(Why("set_aside", "keyed_twice"), Group("initiator", "followup", (1,), 1, DELIVERY)): 1}
    found = fall(of(32, "Total valid"), groups, aside, {"initiator": 3})
    assert found.delivered == {"initiator": 11}
    assert [forms for _, forms in found.taken] == [3, 1, 2]
    assert found.taken[0][0] == Why("withdrawn")
    assert reason(STUDY, found.taken[0][0], catalogue(STUDY)[32]).english == "withdrawn"
    assert found.closes
    assert found.near == found.taken[1:]


def test_a_waterfall_takes_each_form_away_once_under_the_first_reason():
    # Table 5: role by satisfaction, without "ved ikke" (6).
    answers = {(2, 1): 10, (2, 3): 7, (1, 1): 20, (None, 1): 3, (2, None): 4, (None, None): 5, (2, 6): 6, (None, 6): 2}
    groups = [Group("participant_first", "first", codes, forms, DELIVERY) for codes, forms in answers.items()]
    unknown = Why("set_aside", "number_unknown")
    aside = {
        (unknown, Group("participant_first", "first", (2, 1), 1, DELIVERY)): 2,
        (unknown, Group("participant_first", "first", (2, 3), 1, DELIVERY)): 1,
    }
    found = fall(of(5, "mor", "Ja, meget", measure="row_percent"), groups, aside)
    assert found.delivered == {"participant_first": 60}
    assert found.taken == (
        (unknown, 3),
        (Why("blank", "role"), 10),
        (Why("blank", "plan_satisfied"), 4),
        (Why("left_out", "plan_satisfied"), 6),
        (Why("other_answer", "role"), 20),
        (Why("other_answer", "plan_satisfied"), 7),
    )
    assert (found.left, found.whole, found.closes) == (10, 17, True)
    assert found.near == (
        (unknown, 2),
        (Why("blank", "role"), 3),
        (Why("blank", "plan_satisfied"), 4),
        (Why("left_out", "plan_satisfied"), 6),
        (Why("other_answer", "role"), 20),
        (Why("other_answer", "plan_satisfied"), 7),
    )


def test_what_was_not_asked_is_told_apart_from_what_was_left_blank():
    groups = [
        Group("initiator", occasion, (code,), forms, DELIVERY)
        for occasion, code, forms in (("first", None, 9), ("followup", None, 2), ("followup", 1, 5))
    ]
    found = fall(of(32, "Total valid"), groups)
    assert found.taken == ((Why("not_asked", "wellbeing"), 9), (Why("blank", "wellbeing"), 2))
    assert (found.left, found.near) == (5, found.taken)
    missing = fall(of(32, "Missing", measure="percent"), groups)
    assert (missing.taken, missing.left, missing.whole) == (((Why("answered", "wellbeing"), 5),), 11, 16)
    assert fall(of(32, "Total"), groups).taken == ()


def test_another_occasion_is_the_first_reason_of_a_table():
    groups = [Group("initiator", occasion, (1, code), 1, DELIVERY) for occasion in ("first", "followup") for code in (None, 2)]
    found = fall(of(33, measure="n"), groups)
    assert found.taken == ((Why("other_occasion"), 2), (Why("blank", "wellbeing"), 1))
    assert found.near == ((Why("other_occasion"), 1), (Why("blank", "wellbeing"), 1))


# --- recounting -------------------------------------------------------------------------------------------


def random_marts():
    return {name: random_frame(name, 300, seed) for seed, name in enumerate(instruments(STUDY), start=40)}


def all_blank():
    frames = random_marts()
    for name, frame in frames.items():
        for question in questionnaires(STUDY)[name].questions:
            frame[question.name] = pd.Series([None] * len(frame), dtype="Int8")
    return frames


def in_step():
    """Everybody gives every question the answer of the same place: correlations of one."""
    frames = random_marts()
    for name, frame in frames.items():
        for question in questionnaires(STUDY)[name].questions:
            frame[question.name] = pd.Series([question.codes[i % 2] for i in range(len(frame))], dtype="Int8")
    return frames


@pytest.mark.parametrize("frames", [random_marts, all_blank, in_step])
def test_plain_duckdb_counts_random_and_odd_marts_alike(frames, tmp_path):
    (tmp_path / "marts").mkdir()
    paths = write_marts(frames(), tmp_path / "marts")
    counted = count(TABLES, open_marts(paths))
    every = [figure for table in TABLES for figure in figures(table, counted[table.number])]
    # Some of the figures; all of those of the shipped delivery are counted in tests/pipeline.
    wanted = [*every[::15], *[f for f in every if f.measure in STATISTICS][::3]]
    asked = [(catalogue(STUDY)[figure.table], figure.address) for figure in wanted]
    found = recounted([recount(STUDY, table, place, meanings(STUDY)[place]) for table, place in asked], tmp_path)
    for figure, rows in zip(wanted, found, strict=True):
        assert len(rows) == 1
        close = math.isclose(rows[0], figure.value, rel_tol=1e-12, abs_tol=1e-15) if None not in (rows[0], figure.value) else None
        assert close if close is not None else rows[0] == figure.value, figure[:5]


def test_the_normal_distribution_of_the_query_is_that_of_the_standard_library():
    query = recount(STUDY, catalogue(STUDY)[10], of(10, measure="p"), meanings(STUDY)[of(10, measure="p")])
    steps = query[query.index("steps(k) AS") : query.index("significance AS (")]
    formula = query[query.index("CASE\n") : query.index(" AS significance")]
    engine = duckdb.connect()
    for x in (0.0, 1e-6, 0.01, 0.0999, 0.1, 0.3, 1.0, 2.5, 6.2, 6.3, 9.0, 20.0):
        ((own,),) = engine.execute(
            f"WITH {steps} x_of AS (SELECT CAST({x} AS DOUBLE) AS x) SELECT {formula} FROM x_of"
        ).fetchall()
        assert math.isclose(own, math.erfc(x), rel_tol=1e-9), x


# --- which figure is meant --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "meant"),
    [
        ((1, "MOR", "  god "), of(1, "mor", "god")),
        ((1, "mor", "Total", None, "row_percent"), of(1, "mor", "Total", measure="row_percent")),
        ((10,), of(10, measure="gamma")),
        ((49,), of(49, group="Total", measure="gamma")),
        ((49, None, None, "netværk", "p"), of(49, group="netværk", measure="p")),
        ((49, None, None, None, "partial_gamma"), of(49, group="Total", measure="partial_gamma")),
        # Table 3 prints "Mindre god"; a combining ring is the same letter.
        ((3, "mindre  GOD"), of(3, "Mindre god")),
        ((1, "netværk", "da\u030arlig"), of(1, "netværk", "dårlig")),
    ],
)
def test_labels_as_people_type_them(told, meant):
    assert address(STUDY, *told) == meant


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ((99,), "tables run from 1 to 81"),
        ((1, "mro", "god"), "did you mean 'mor'? row: barn | mor | far"),
        ((1, "mor"), "add --column: rigtig god | god"),
        ((10, "mor"), "its figures have no row"),
        ((1, "mor", "god", None, "gamma"), "measure: count | row_percent"),
        ((49, None, None, "moder"), "group: barn | mor"),
    ],
)
def test_no_such_figure_tells_what_is_possible(told, says):
    with pytest.raises(UsageError, match="no such figure") as error:
        address(STUDY, *told)
    assert says in str(error.value)


def test_a_waterfall_is_the_same_in_whatever_order_groups_come():
    """A question asked at the follow-up only is not asked of some and left blank by others."""
    groups = [
        Group("initiator", occasion, (code,), forms, DELIVERY)
        for occasion, code, forms in (("first", None, 3), ("followup", None, 2), ("followup", 1, 5), ("first", 1, 4))
    ]
    found = [fall(of(32, "Total valid"), list(order)) for order in itertools.permutations(groups)]
    assert {why.kind for why, _ in found[0].taken} == {"not_asked", "blank"}
    assert all((other.taken, other.near) == (found[0].taken, found[0].near) for other in found)


def test_a_form_is_set_aside_under_the_first_rule_that_does_so():
    assert first_rule(STUDY, ["status_unclear", "numbers_differ", "role_missing"]) == "numbers_differ"
    assert first_rule(STUDY, ["answered_unasked", "keyed_twice", "role_missing"]) == "keyed_twice"
    assert first_rule(STUDY, ["role_missing", "gone_since"]) == "gone_since"
    assert first_rule(STUDY, ["gone_since", "gone_before"]) == "gone_before"
