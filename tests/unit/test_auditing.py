"""The audit of printed tables, rule by rule: what is right is left alone, and one wrong figure is found and told."""

import json
import re
from dataclasses import replace

import pytest
from support.printed_tables import by_group, correlation, crosstab, distribution, frequency, scale, table, tables

from frs_pipeline.language import Text
from frs_pipeline.printed.auditing import RULES, audit
from frs_pipeline.printed.coefficients import ratio_bounds
from frs_pipeline.printed.model import Facts
from frs_pipeline.printed.telling import as_fields, told
from frs_pipeline.store.settings import PROJECT
from frs_pipeline.study.tables import MISSING, TOTAL, TOTAL_VALID, Address

A, B = scale("a", 1, 2, 3), scale("b", 1, 2)
CELLS = [[10, 20], [7, 5], [3, 11]]
# A published example: job satisfaction by income, Agresti (2002), table 2.8; gamma .221, ASE .117, T 1.8515, p .0641.
INCOME, JOB = scale("income", 1, 2, 3, 4), scale("job", 1, 2, 3, 4)
AGRESTI = [[1, 3, 10, 6], [2, 3, 10, 7], [1, 6, 14, 12], [0, 1, 9, 11]]


def changed(one, row, column, measure, text, group=""):
    """The table with another figure in one place."""
    key = Address(one.number, row, column, group, measure)
    assert key in one.figures
    return replace(one, figures={**one.figures, key: text})


def without(one, *measures):
    return replace(one, figures={key: text for key, text in one.figures.items() if key.measure not in measures})


def rules(*every, facts=None):
    return [found.rule for found in audit(tables(*every, facts=facts))]


def only(*every, facts=None):
    (found,) = audit(tables(*every, facts=facts))
    return found


def test_every_rule_says_in_one_line_of_both_languages_what_it_checks():
    assert len(RULES) == 20
    for text in RULES.values():
        assert text.danish and text.english and "\n" not in text.danish + text.english


def test_the_page_of_the_audit_names_each_rule_and_no_other():
    page = (PROJECT / "docs" / "audit.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE) == list(RULES)


# Sums.


def test_a_wrong_cell_is_the_one_that_mends_its_row_and_its_column():
    right = without(crosstab(1, A, B, CELLS), "row_percent")
    found = only(changed(right, "a2", "b1", "count", "9"))
    assert (found.rule, found.expected, found.weight) == ("cells_and_totals", "7", "serious")
    assert found.gives_way == (Address(1, "a2", "b1", "", "count"),)
    assert "9 + 5 = 14, but it prints 12" in found.reason.english
    assert "9 + 5 = 14, men der står 12" in found.reason.danish


@pytest.mark.parametrize(
    ("row", "column", "printed", "expected"),
    [("a2", TOTAL, "13", "12"), (TOTAL, "b2", "63", "36"), (TOTAL, TOTAL, "57", "56")],
)
def test_a_wrong_total_is_told_from_its_cells(row, column, printed, expected):
    right = without(crosstab(1, A, B, CELLS), "row_percent")
    found = only(changed(right, row, column, "count", printed))
    assert (found.rule, found.expected) == ("cells_and_totals", expected)


def test_valid_and_missing_make_the_total_that_other_tables_confirm():
    other = frequency(2, B, [50, 40], 10)
    wrong = changed(without(frequency(1, A, [30, 30, 20], 20), "percent"), MISSING, "", "count", "23")
    found = only(wrong, other)
    assert (found.rule, found.expected) == ("frequency_sums", "20")
    assert found.either.english == "it should print either 20 (missing) or 103 (total)"
    assert found.gives_way == (Address(1, MISSING, "", "", "count"),)


def test_groups_add_up_to_all():
    strata = {"x": [[9, 4, 3], [5, 6, 7]], "y": [[4, 4, 4], [2, 5, 9]]}
    right = by_group(1, B, A, strata)
    assert rules(right) == []
    others = [by_group(n, B, A, strata) for n in (2, 3)]
    assert "cells_and_totals" in rules(changed(right, "", "", "n", "36", TOTAL))
    assert "cells_and_totals" in rules(changed(right, "", "", "n", "63", TOTAL), *others)
    # Alone, and where another total has more forms than its groups too, it may count forms of no group.
    assert "cells_and_totals" not in rules(changed(right, "", "", "n", "63", TOTAL))
    of_all = [changed(one, "", "", "n", "64", TOTAL) for one in others]
    assert "cells_and_totals" not in rules(changed(right, "", "", "n", "63", TOTAL), *of_all)
    assert rules(changed(right, "", "", "partial_gamma", ",999", TOTAL)) == ["partial_gamma"]


# Percentages.


def test_a_percentage_that_is_not_that_of_its_counts_says_what_could_print_so():
    found = only(changed(crosstab(1, A, B, CELLS, percent="total"), "a2", "b1", "total_percent", "14,3%"))
    assert (found.rule, found.expected, found.weight) == ("percent_of_counts", "12,5%", "plain")
    assert "7 of 56 = 12.50%" in found.reason.english
    assert "7 ud af 56, dvs. 12,50\u00a0%" in found.reason.danish
    assert found.possible.english == "14,3% is 8 of 56"


def test_another_base_of_the_table_that_prints_so_is_named():
    found = only(changed(crosstab(1, A, B, CELLS, percent="total"), "a2", "b1", "total_percent", "58,3%"))
    assert "7 of 12 (the row) gives 58,3%" in found.possible.english
    with_missing = changed(frequency(2, B, [30, 20], 30), "b1", "", "valid_percent", "37,5")
    assert "30 of 80 (all with the missing) gives 37,5" in only(with_missing).possible.english


@pytest.mark.parametrize("habit", ["half away", "half even", "cut off"])
def test_any_one_habit_of_rounding_is_consistent(habit):
    uneven = [[1, 7], [5, 3], [2, 14]]
    assert rules(crosstab(1, A, B, uneven, percent="total", places=0, habit=habit)) == []


def test_two_habits_in_one_table_are_not():
    cut = crosstab(1, A, B, [[1, 5], [2, 4], [5, 1]], percent="row", habit="cut off")
    assert rules(cut) == []
    assert "percent_of_counts" in rules(changed(cut, "a1", "b2", "row_percent", "83,4%"))


@pytest.mark.parametrize(
    ("label", "measure", "text", "expected"),
    [("a2", "percent", "20,0", "30,0"), ("a2", "valid_percent", "37,4", "37,5"), ("a2", "cumulative_percent", "75,5", "75,0")],
)
def test_each_percentage_of_a_frequency_has_its_base(label, measure, text, expected):
    found = only(changed(frequency(1, A, [30, 30, 20], 20), label, "", measure, text))
    assert (found.rule, found.expected) == ("percent_of_counts", expected)


def test_percentages_of_several_answers_are_of_ticks_and_of_forms():
    figures = {("a1", "", "count"): "30", ("a2", "", "count"): "50", ("a3", "", "count"): "20", (TOTAL, "", "answers"): "100"}
    figures |= {(TOTAL_VALID, "", "count"): "60", ("a1", "", "percent"): "30,0%", ("a1", "", "case_percent"): "50,0%"}
    right = table(1, "multiple", A, None, {**figures, (TOTAL, "", "case_percent"): "166,7%"})
    assert rules(right) == []
    assert rules(changed(right, "a1", "", "case_percent", "30,0%")) == ["percent_of_counts"]
    assert "frequency_sums" in rules(changed(right, "a3", "", "count", "21"))


def test_running_percentages_without_counts_are_sums_of_the_others():
    right = without(frequency(1, A, [1, 1, 1]), "count", "percent")
    assert [right.text(row, measure="cumulative_percent") for row in A.labels] == ["33,3", "66,7", "100,0"]
    assert rules(right) == []
    found = audit(tables(changed(right, "a2", "", "cumulative_percent", "76,7")))
    assert [one.rule for one in found] == ["running_percentages"]
    assert "those up to it give 33,3 + 33,3 = 66.6%" in found[0].reason.english
    falls = changed(right, "a3", "", "cumulative_percent", "60,0")
    assert {"falls", "end"} <= {word for one in audit(tables(falls)) for word in re.findall("falls|end", one.reason.english)}


def test_running_percentages_may_add_up_rounded_ones_in_all_of_a_table():
    # Sixths: 16.7 + 16.7 + 66.7 end at 100.1.
    figures = {(TOTAL_VALID, "", "count"): "6"}
    for name, n, own, running in (("a1", "1", "16,7", "16,7"), ("a2", "1", "16,7", "33,4"), ("a3", "4", "66,7", "100,1")):
        figures |= {(name, "", "count"): n, (name, "", "valid_percent"): own, (name, "", "cumulative_percent"): running}
    right = table(1, "frequency", A, None, figures)
    assert rules(right) == rules(without(right, "count")) == []
    assert rules(changed(right, "a3", "", "cumulative_percent", "100,0")) == ["percent_of_counts"]


# Percentages alone.


def bare(counts, places=0, **more):
    return without(distribution(1, A, counts) if not places else frequency(1, A, counts, places=places), "count", *more)


def test_percentages_alone_add_up_to_a_hundred():
    right = bare([1, 1, 1])
    assert rules(right) == []
    found = only(changed(right, "a2", "", "percent", "43%"))
    assert (found.rule, found.weight) == ("hundred", "serious")
    assert "33% + 43% + 33% = 109%; rounding explains at most 1.5 more or less than 100" in found.reason.english
    assert only(changed(right, TOTAL, "", "percent", "99%")).rule == "hundred"


def test_a_printed_base_must_be_able_to_print_them():
    # Of 7: 14, 29, 43, 57, 71, 86.
    of_seven = {
        ("a1", "", "percent"): "29%",
        ("a2", "", "percent"): "29%",
        ("a3", "", "percent"): "43%",
        (TOTAL, "", "count"): "7",
    }
    right = table(1, "distribution", A, None, of_seven)
    assert rules(right) == []
    wrong = table(1, "distribution", A, None, {**of_seven, ("a1", "", "percent"): "30%", ("a3", "", "percent"): "41%"})
    found = only(wrong)
    assert found.rule == "base_of_percentages"
    assert "can't all be counts of 7" in found.reason.english


def test_bases_are_those_that_a_search_of_all_counts_finds():
    """The oracle: all sets of three counts of each base."""
    texts = {"a1": "17%", "a2": "44%", "a3": "39%"}
    figures = {(name, "", "percent"): text for name, text in texts.items()}
    found = only(table(1, "distribution", A, None, {**figures, (TOTAL, "", "count"): "19"}))
    wanted = [int(text.rstrip("%")) for text in texts.values()]

    def possible(n):
        return any([int(100 * k / n + 0.5) for k in (i, j, n - i - j)] == wanted for i in range(n + 1) for j in range(n + 1 - i))

    every = [n for n in range(1, 120) if possible(n)]
    assert not possible(19)
    named = [int(n) for n in re.findall(r"\d+", found.possible.english)]
    assert named == every[: len(named)]


def test_no_base_at_all_may_print_them():
    # Of up to 20 forms, one is at least 5 per cent, and 5, 46 and 49 need more.
    figures = {("a1", "", "percent"): "46%", ("a2", "", "percent"): "5%", ("a3", "", "percent"): "49%"}
    of_file = frequency(2, B, [11, 9], 0)
    found = only(table(1, "distribution", A, None, figures), of_file)
    assert (found.rule, found.tables) == ("base_of_percentages", (1,))
    assert "of one base of up to 20" in found.reason.english


# Coefficients.


def test_a_published_example_is_right_and_each_wrong_figure_is_found():
    right = correlation(1, INCOME, JOB, AGRESTI)
    assert [right.text(measure=name) for name in ("gamma", "ase", "t", "p", "n")] == [",221", ",117", "1,851", ",064", "96"]
    assert rules(right) == []


@pytest.mark.parametrize(
    ("measure", "text", "rule", "weight"),
    [
        ("gamma", "1,221", "range", "plain"),
        ("p", "1,064", "range", "plain"),
        ("ase", "-,117", "range", "plain"),
        ("n", "96,5", "range", "plain"),
        ("t", "-1,851", "sign_of_t", "serious"),
        ("p", ",046", "p_of_t", "serious"),
        ("p", ",063", "p_of_t", "slight"),
        ("p", ",164", "p_of_t", "plain"),
        ("ase", ",217", "size_of_t", "serious"),
    ],
)
def test_a_coefficient_alone_or_beside_others(measure, text, rule, weight):
    found = [
        one for one in audit(tables(changed(correlation(1, INCOME, JOB, AGRESTI), "", "", measure, text))) if one.rule == rule
    ]
    assert [one.weight for one in found] == [weight]


def test_the_last_digits_of_t_leave_p_open():
    right = correlation(1, INCOME, JOB, AGRESTI)
    # T from 1.85 to 1.95 has p from .051 to .064.
    for p, rule in ((",051", []), (",064", []), (",050", ["p_of_t"]), (",066", ["p_of_t"])):
        wide = changed(changed(right, "", "", "t", "1,9"), "", "", "p", p)
        assert rules(wide) == rule


@pytest.mark.parametrize(("p", "found"), [("<,065", []), ("<,001", ["p_of_t"]), ("<.05", ["p_of_t"]), ("<x", [])])
def test_a_limit_of_p_is_compared_with_t(p, found):
    assert rules(changed(correlation(1, INCOME, JOB, AGRESTI), "", "", "p", p)) == found


def test_bounds_of_t_widen_with_gamma():
    bounds = [ratio_bounds(size / 100) for size in range(101)]
    assert all(low <= 1 <= high for low, high in bounds)
    assert bounds == sorted(bounds, key=lambda pair: (-pair[0], pair[1]))


def test_coefficients_are_computed_again_from_cells_elsewhere():
    cells = crosstab(1, INCOME, JOB, AGRESTI)
    right = correlation(2, INCOME, JOB, AGRESTI)
    assert rules(cells, right) == []
    found = only(cells, changed(right, "", "", "gamma", ",212"))
    assert (found.rule, found.tables, found.expected, found.weight) == ("gamma_of_cells", (2, 1), ",221", "plain")
    serious = [one for one in audit(tables(cells, changed(right, "", "", "gamma", ",122"))) if one.rule == "gamma_of_cells"]
    assert [one.weight for one in serious] == ["serious"]  # weak where it is moderate
    assert "gamma_of_cells" in rules(cells, changed(right, "", "", "ase", ",118"))


def test_coefficients_of_merged_and_of_reversed_answers_too():
    few = scale("income", (1, 2), (3, 4))
    merged = [[sum(pair) for pair in zip(AGRESTI[i], AGRESTI[i + 1], strict=True)] for i in (0, 2)]
    turned = scale("job", 4, 3, 2, 1)
    cells = crosstab(1, INCOME, JOB, AGRESTI)
    right = correlation(2, few, turned, [line[::-1] for line in merged])
    assert right.text(measure="gamma").startswith("-")
    assert rules(cells, right) == []
    wrong = changed(right, "", "", "gamma", right.text(measure="gamma").lstrip("-"))
    assert {"gamma_of_cells", "sign_of_t"} == set(rules(cells, wrong))


def test_coefficients_beside_their_own_cells():
    right = crosstab(1, INCOME, JOB, AGRESTI)
    own = correlation(1, INCOME, JOB, AGRESTI)
    together = replace(right, figures={**right.figures, **own.figures})
    assert rules(together) == []
    assert rules(changed(together, "", "", "t", "1,852")) == ["gamma_of_cells"]


# What is printed twice.


def turned_round(cells):
    return [list(column) for column in zip(*cells, strict=True)]


def test_the_same_table_again_is_the_same_also_turned_round():
    first, again = crosstab(1, A, B, CELLS), crosstab(2, B, A, turned_round(CELLS), percent="column")
    assert rules(first, again) == []
    assert "printed_twice" in rules(first, crosstab(2, B, A, [[11, 7, 3], [19, 5, 11]], percent="column"))


def test_a_count_that_differs_from_the_same_table_is_found():
    first = without(crosstab(1, A, B, CELLS), "row_percent")
    other = [[10, 20], [7, 6], [3, 10]]
    again = without(crosstab(2, B, A, turned_round(other)), "row_percent")
    found = [one for one in audit(tables(first, again)) if one.rule == "printed_twice"]
    assert len(found) == 4  # two cells, two totals of rows
    assert found[0].either.english == "either table 1 or table 2"


def test_merged_answers_are_sums_of_the_finer_table():
    fine = crosstab(1, A, B, CELLS)
    merged = scale("a", (1, 2), 3)
    right = without(crosstab(2, merged, B, [[17, 25], [3, 11]], kind="collapsed_crosstab"), "row_percent")
    assert rules(fine, right) == []
    wrong = without(crosstab(2, merged, B, [[16, 26], [3, 11]], kind="collapsed_crosstab"), "row_percent")
    found = [one for one in audit(tables(fine, wrong)) if one.rule == "printed_twice"]
    assert [one.expected for one in found] == ["17", "25"]


def test_percentages_alone_are_those_of_the_table_that_counts_the_same():
    fine = crosstab(1, A, B, CELLS)
    merged = scale("a", (1, 2), 3)
    right = without(crosstab(2, merged, B, [[17, 25], [3, 11]], percent="total", kind="collapsed_crosstab"), "count")
    assert rules(fine, right) == []
    found = audit(tables(fine, changed(right, "a1+2", "b1", "total_percent", "31,4%")))
    assert ("percent_only", "30,4%") in {(one.rule, one.expected) for one in found}


def test_a_correlation_again_may_have_its_scale_reversed():
    right = correlation(1, INCOME, JOB, AGRESTI)
    turned = correlation(2, scale("job", 4, 3, 2, 1), INCOME, turned_round([line[::-1] for line in AGRESTI]))
    assert turned.text(measure="gamma") == "-,221"
    assert rules(right, turned) == []
    assert "printed_twice" in rules(right, changed(turned, "", "", "gamma", "-,212"))


def test_a_frequency_again():
    first, again = frequency(1, A, [30, 30, 20], 20), frequency(2, A, [30, 30, 20], 20)
    assert rules(first, again) == []
    assert "printed_twice" in rules(first, frequency(2, A, [30, 29, 21], 20))


# One question in several tables.


def test_an_answer_is_on_no_more_of_some_forms_than_of_all():
    every = frequency(1, A, [30, 12, 14], 0)
    assert rules(every, crosstab(2, A, B, CELLS)) == []
    found = audit(tables(frequency(1, A, [30, 11, 15], 0), crosstab(2, A, B, CELLS)))
    assert [(one.rule, one.tables) for one in found] == [("answers_of_some", (2, 1))]
    assert "in table 2, 12 forms answer ‘a2’, but only 11 do in table 1" in found[0].reason.english


def test_the_n_of_a_group_is_no_more_than_the_group_has_in_a_crosstab():
    role, one, two = scale("role", 1, 2), scale("one", 1, 2), scale("two", 1, 2)
    strata = {"role1": [[9, 4], [5, 6]], "role2": [[4, 4], [2, 5]]}
    right = replace(by_group(1, one, two, strata), groups=role)
    assert rules(right, crosstab(2, role, one, [[14, 11], [8, 7]])) == []
    found = audit(tables(right, crosstab(2, role, two, [[12, 11], [8, 9]])))
    assert [(one.rule, one.tables) for one in found] == [("answers_of_some", (1, 2))]
    assert "24 forms answer ‘role1’, but only 23 do in table 2" in found[0].reason.english


def test_a_table_of_two_files_is_the_sum_of_theirs():
    first = crosstab(1, A, B, CELLS, forms=("one",))
    second = crosstab(2, A, B, [[1, 2], [3, 4], [5, 6]], forms=("two",))
    assert rules(first, second, distribution(3, A, [33, 19, 25], ("one + two", "b"))) == []
    wrong = audit(tables(first, second, distribution(3, A, [33, 20, 24], ("one + two", "b"))))
    assert [(one.rule, one.expected) for one in wrong] == [("answers_of_both", "19"), ("answers_of_both", "25")]


def test_tables_of_one_file_have_one_size():
    found = only(frequency(1, A, [30, 30, 20], 20), frequency(2, B, [50, 40], 10), frequency(3, scale("c", 1, 2), [50, 40], 9))
    assert (found.rule, found.tables, found.expected) == ("size_of_file", (3, 1), "100")


def test_an_n_beyond_the_answers_to_a_question_is_found():
    answers = frequency(1, INCOME, [20, 22, 33, 21], 8), frequency(2, JOB, [4, 13, 43, 36], 8)
    right = correlation(3, INCOME, JOB, AGRESTI)
    assert rules(*answers, right) == []
    found = audit(tables(*answers, changed(right, "", "", "n", "97")))
    assert [(one.rule, one.tables[0]) for one in found] == [("numbers_of_forms", 3)]
    assert "between 88 and 96 forms can have answered both questions" in found[0].reason.english


def test_an_n_beyond_the_forms_of_its_file():
    of_file = frequency(1, A, [40, 30, 20], 10)
    assert rules(of_file, correlation(2, INCOME, JOB, AGRESTI)) == []
    found = only(of_file, changed(correlation(2, INCOME, JOB, AGRESTI), "", "", "n", "101"))
    assert (found.rule, found.tables, found.weight) == ("numbers_of_forms", (2, 1), "plain")
    assert "at most 100 forms can have answered both questions" in found.reason.english


def test_two_ns_of_one_pair_of_questions():
    right = correlation(1, INCOME, JOB, AGRESTI)
    found = audit(tables(right, changed(right, "", "", "n", "114"), replace(changed(_as(right, 2), "", "", "n", "140"))))
    assert {"numbers_of_forms", "printed_twice"} == {one.rule for one in found}


def _as(one, number):
    """The same table under another number."""
    figures = {key._replace(table=number): text for key, text in one.figures.items()}
    return replace(one, number=number, name=Text(f"tabel {number}", f"table {number}"), figures=figures)


# Conferences.

MANY = {"first": Text("første", "first ones"), "later": Text("senere", "later ones")}


def held(**more):
    return Facts({"first": 60, "later": 40}, MANY, Text("møder", "meetings"), **more)


def test_forms_of_which_a_conference_has_one_are_no_more_than_conferences():
    one = frequency(1, A, [20, 15, 5], 60)
    assert rules(one, facts=held(occasion={1: "later"}, one_form=frozenset({1}))) == []
    more = frequency(1, A, [20, 17, 5], 58)
    stated = only(more, facts=held(occasion={1: "later"}, one_form=frozenset({1})))
    assert (stated.rule, stated.weight, stated.either) == ("asked_at_one_occasion", "serious", None)
    split = only(more, facts=held(occasion={1: "later"}, one_form=frozenset({1}), inferred=True))
    assert (
        split.either.english == "either the split 60 first ones + 40 later ones, of which only the sum 100 is printed, or table 1"
    )
    assert split.possible.english == "by the tables themselves there can be from 42 to 100 later ones out of 100 meetings"


def test_a_role_with_one_form_a_conference_and_a_split_that_no_number_saves():
    first, later = crosstab(1, A, B, [[30, 35], [1, 1], [1, 1]]), crosstab(2, A, B, [[20, 22], [1, 1], [1, 1]], forms=("later",))
    facts = held(occasion={1: "first", 2: "later"}, single={1: ("a1",), 2: ("a1",)}, inferred=True)
    found = audit(tables(first, later, facts=facts))
    assert [one.rule for one in found] == ["one_a_conference", "one_a_conference"]
    assert found[0].possible.english == ("no split of 100 is possible: the tables need at least 65 first ones + 42 later ones")


def test_what_is_no_number_and_what_lacks_is_left_alone():
    right = changed(correlation(1, INCOME, JOB, AGRESTI), "", "", "p", "<,065")
    assert rules(right, table(2, "distribution", A, None, {("a1", "", "count"): "–"})) == []
    assert rules() == []


def test_decimal_points_are_read_as_commas_are():
    one = correlation(1, INCOME, JOB, AGRESTI)
    pointed = replace(one, figures={key: text.replace(",", ".") for key, text in one.figures.items()})
    assert rules(pointed) == []
    found = only(crosstab(2, INCOME, JOB, AGRESTI), changed(pointed, "", "", "gamma", ".212"))
    assert found.expected == ".221"


def test_all_that_a_finding_says_is_told_and_written():
    found = only(changed(without(frequency(1, A, [30, 30, 20], 20), "percent"), MISSING, "", "count", "23"))
    assert list(told(found, "english")) == [
        "  in table 1, valid and missing add up to 80 + 23 = 103, but it prints 100  [frequency_sums]",
        "    it should print either 20 (missing) or 103 (total)",
    ]
    fields = as_fields(found)
    assert json.loads(json.dumps(fields)) == fields
    assert (fields["weight"], fields["expected"], len(fields["figures"]), fields["gives_way"]) == ("serious", None, 3, [])
