"""Whether a claim holds: every kind of value and every condition, both ways, and where the evidence can't tell."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from frs_pipeline.language import Text
from frs_pipeline.printed.arithmetic import arithmetic
from frs_pipeline.printed.claim_words import condition_words
from frs_pipeline.printed.evidence import PrintedEvidence
from frs_pipeline.printed.model import PrintedTable, PrintedTables, Scale
from frs_pipeline.printed.verdicts import Verdict, evaluate
from frs_pipeline.study.claims import Asked, Claim, ClaimWords, Condition, Lacking, Pair, Value
from frs_pipeline.study.tables import Address

WORDS = ClaimWords.model_validate(
    {
        "quantities": {
            "most": {"says": {"danish": "de fleste", "english": "most"}, "above": 50},
            "half": {"says": {"danish": "halvdelen", "english": "half"}, "at_least": 45, "at_most": 55},
        },
        "reasons": {},
    }
)


def table(
    number: int, kind: str, rows: tuple[str, ...], figures: dict[tuple[str, ...], str], columns: tuple[str, ...] = ()
) -> PrintedTable:
    """A printed table; figures by row, column and measure, or for correlations by group and measure."""
    places = {
        Address(number, "", "", *key) if kind.startswith("correlation") else Address(number, key[0], key[1], "", key[2]): text
        for key, text in figures.items()
    }
    return PrintedTable(number, Text("tabel", "table"), kind, Scale(rows), Scale(columns) if columns else None, places)


def cells(measure: str, rows: tuple[str, ...], columns: tuple[str, ...], lines: list[list[str]]) -> dict[tuple[str, ...], str]:
    return {
        (row, column, measure): text
        for row, line in zip(rows, lines, strict=True)
        for column, text in zip(columns, line, strict=True)
    }


# Roles by answers, with totals; the second has the same rows, and prints no totals; the third prints percentages only.
ROLES, ANSWERS = ("barn", "mor", "far"), ("god", "midt", "dårlig")
FULL = cells(
    "count",
    (*ROLES, "Total"),
    (*ANSWERS, "Total"),
    [["60", "30", "10", "100"], ["30", "10", "10", "50"], ["20", "10", "20", "50"], ["110", "50", "40", "200"]],
)
BARE = cells("count", ROLES, ANSWERS, [["1", "1", "1"], ["1", "1", "0"], ["0", "1", "2"]])
PERCENT = cells("total_percent", ROLES, ANSWERS, [["30%", "18%", "2%"], ["20%", "7%", "5%"], ["11%", "8%", "7%"]])
ONE = {("god", "", "count"): "60", ("midt", "", "count"): "20", ("dårlig", "", "count"): "0"}
TOTALS = {("Total valid", "", "count"): "80", ("Missing", "", "count"): "20", ("Total", "", "count"): "100"}


def _gamma(group: str, gamma: str, p: str, n: str = "99") -> dict[tuple[str, ...], str]:
    return {(group, "gamma"): gamma, (group, "p"): p, (group, "n"): n}


TABLES = PrintedTables(
    {
        one.number: one
        for one in (
            table(1, "crosstab", ROLES, FULL, ANSWERS),
            table(2, "collapsed_crosstab", ROLES, BARE, ANSWERS),
            table(3, "collapsed_crosstab", ROLES, PERCENT, ANSWERS),
            table(4, "frequency", ANSWERS, ONE | TOTALS),
            table(5, "frequency", ANSWERS, ONE),
            table(6, "distribution", ANSWERS, ONE | {("Total", "", "count"): "80"}),
            table(7, "correlation", (), _gamma("", "-,707", ",000", "109")),
            table(8, "correlation_by_group", (), _gamma("barn", ",099", ",050") | _gamma("mor", ",300", ",049")),
            table(9, "correlation", (), _gamma("", "7,07", "1,5")),
            table(10, "distribution", ANSWERS, {("god", "", "percent"): "43%", ("midt", "", "percent"): "41%"}),
        )
    }
)


class Forms(PrintedEvidence):
    """Forms that count what the tables print, and know of more."""

    of_report = False

    def pair(self, pair: Pair) -> tuple[Fraction | None, Fraction | None]:
        return (Fraction("0.387"), Fraction("0.0004")) if pair.row == "a" else (None, None)

    def asked(self, asked: Asked) -> Fraction | None:
        return Fraction(100, 3)

    def lacking(self, lacking: Lacking) -> Fraction | None:
        return Fraction(24)


def judged(values: dict[str, Any], *holds: dict[str, Any], forms: bool = False) -> Verdict:
    says = {"danish": "Noget.", "english": "Something."}
    claim = Claim.model_validate({"id": "c", "says": says, "values": values, "holds": holds})
    return evaluate(claim, WORDS, (Forms if forms else PrintedEvidence)(TABLES))


def exact(value: dict[str, Any], **more: Any) -> tuple[Fraction | None, str]:
    """Compute a value, perhaps from others that stand above it."""
    number = judged({**more, "it": value}).numbers["it"]
    return number.exact, number.unit


SHARE = {"share": {"table": 1, "answers": ["god", "midt"]}}


@pytest.mark.parametrize(
    ("share", "is_"),
    [
        ({"table": 1, "answers": ["god"]}, Fraction(55)),
        ({"table": 1, "answers": ["god", "midt"], "row": "barn"}, Fraction(90)),
        ({"table": 1, "answers": ["god"], "row": ["mor", "far"]}, Fraction(50)),
        ({"table": 1, "answers": ["god"], "row": "barn", "of": "all"}, Fraction(30)),
        # What isn't printed is added up.
        ({"table": 2, "answers": ["god"], "row": "barn"}, Fraction(100, 3)),
        ({"table": 2, "answers": ["dårlig"]}, Fraction(300, 8)),
        ({"table": 2, "answers": ["dårlig"], "row": "far", "of": "all"}, Fraction(25)),
        # Printed percentages, where they are of the same.
        ({"table": 3, "answers": ["god", "midt"], "row": "barn", "of": "all"}, Fraction(48)),
        ({"table": 3, "answers": ["god"]}, Fraction(61)),
        ({"table": 3, "answers": ["god"], "row": ["barn", "mor"], "of": "all"}, Fraction(50)),
        ({"table": 3, "answers": ["god"], "row": "barn"}, None),
        ({"table": 4, "answers": ["god"]}, Fraction(75)),
        ({"table": 4, "answers": ["god"], "of": "all"}, Fraction(60)),
        ({"table": 5, "answers": ["god"]}, Fraction(75)),
        ({"table": 5, "answers": ["god"], "of": "all"}, None),
        ({"table": 6, "answers": ["god", "dårlig"]}, Fraction(75)),
        ({"table": 10, "answers": ["god", "midt"]}, Fraction(84)),
        ({"table": 10, "answers": ["god", "dårlig"]}, None),
        ({"table": 4, "answers": ["ved ikke"]}, None),
        ({"table": 404, "answers": ["god"]}, None),
    ],
)
def test_a_share_is_counted_as_printed_and_totals_are_added_up(share: dict[str, Any], is_: Fraction | None) -> None:
    assert exact({"share": share}) == (is_, "percent")


@pytest.mark.parametrize(
    ("count", "is_"),
    [
        ({"table": 1, "row": "barn"}, 100),
        ({"table": 1}, 200),
        ({"table": 1, "answers": ["god", "dårlig"], "row": "far"}, 40),
        ({"table": 2}, 8),
        ({"table": 2, "row": ["barn", "mor"]}, 5),
        ({"table": 3}, None),
        ({"table": 4}, 80),
        ({"table": 4, "answers": ["Total"]}, 100),
        ({"table": 4, "answers": ["Missing"]}, 20),
        ({"table": 5}, 80),
        ({"table": 5, "answers": ["Missing"]}, None),
        ({"table": 7}, 109),
    ],
)
def test_a_count_is_of_cells_or_of_all_valid_ones(count: dict[str, Any], is_: int | None) -> None:
    assert exact({"count": count}) == (is_, "count")


def test_gamma_p_and_numbers_of_the_text_are_read_as_printed() -> None:
    assert exact({"gamma": {"table": 7}}) == (Fraction("-0.707"), "gamma")
    assert exact({"gamma": {"table": 8, "group": "mor"}}) == (Fraction("0.3"), "gamma")
    assert exact({"gamma": {"table": 8, "group": "far"}}) == (None, "gamma")
    assert exact({"p": {"table": 8, "group": "mor"}}) == (Fraction("0.049"), "p")
    assert exact({"printed": "779"}) == (779, "count")
    assert exact({"printed": "62,3%"}) == (Fraction("62.3"), "percent")
    assert exact({"printed": "-,245"}) == (Fraction("-0.245"), "gamma")


def test_values_are_made_of_others() -> None:
    two: dict[str, Any] = {"a": SHARE, "b": {"share": {"table": 4, "answers": ["god"]}}, "n": {"count": {"table": 1}}}
    assert exact({"points": {"of": "a", "less": "b"}}, **two) == (5, "points")
    assert exact({"points": {"of": "n", "less": "a"}}, **two) == (120, "count")
    assert exact({"sum": ["a", "b"]}, **two) == (155, "percent")
    assert exact({"percent": {"of": "m", "base": "n"}}, m={"count": {"table": 4}}, **two) == (40, "percent")
    unknown = {"c": {"lacking": {"measure": "initiator"}}}
    assert exact({"sum": ["a", "c"]}, **two, **unknown) == (None, "percent")
    assert exact({"points": {"of": "c", "less": "a"}}, **two, **unknown) == (None, "points")
    assert exact({"percent": {"of": "a", "base": "c"}}, **two, **unknown) == (None, "percent")
    nobody = {"z": {"count": {"table": 4, "answers": ["dårlig"]}}}
    assert exact({"percent": {"of": "z", "base": "z"}}, **nobody) == (None, "percent")


def test_what_is_made_of_others_is_written_with_them() -> None:
    values: dict[str, Any] = {
        "part": {"count": {"table": 1, "answers": ["god"]}},
        "whole": {"count": {"table": 1}},
        "share": {"percent": {"of": "part", "base": "whole"}},
        "left": {"points": {"of": "whole", "less": "part"}},
    }
    read = {name: Value.model_validate(value) for name, value in values.items()}
    steps = arithmetic(read, judged(values).numbers, PrintedEvidence(TABLES))
    assert steps["share"].says == Text("110 / 200 = 55,0\u00a0%", "110 / 200 = 55.0%")
    assert steps["left"].says == Text("200 − 110 = 90", "200 − 110 = 90")


def test_a_row_leads_where_no_other_has_more_and_ties_count() -> None:
    def leads(row: str, *tables: int) -> Fraction | None:
        shares = [{"table": number, "answers": ["god"]} for number in tables]
        return exact({"leads": {"row": row, "shares": shares}})[0]

    # 60, 60 and 40 %; 33, 50 and 0 %.
    assert leads("barn", 1, 2) == 50
    assert leads("mor", 1, 2) == 100
    assert leads("far", 1, 2) == 0
    assert leads("far", 1, 3) is None
    assert leads("onkel", 1, 2) is None


def test_rows_without_forms_lead_nothing_and_are_led_by_nobody() -> None:
    empty = table(
        11, "crosstab", ("a", "b"), cells("count", ("a", "b"), ("god", "dårlig"), [["1", "2"], ["0", "0"]]), ("god", "dårlig")
    )
    says = {"danish": "Noget.", "english": "Something."}

    def leads(row: str) -> Fraction | None:
        value = {"leads": {"row": row, "shares": [{"table": 11, "answers": [answer]} for answer in ("god", "dårlig")]}}
        claim = Claim.model_validate({"id": "c", "says": says, "values": {"it": value}, "holds": [{"value": "it", "above": 1}]})
        return evaluate(claim, WORDS, PrintedEvidence(PrintedTables({11: empty}))).numbers["it"].exact

    assert leads("a") == 100
    assert leads("b") is None


def test_how_many_conditions_are_kept_is_a_value_and_none_where_one_cannot_be_told() -> None:
    values: dict[str, Any] = {"a": SHARE, "b": {"share": {"table": 4, "answers": ["god"]}}}
    kept = [{"value": "a", "above": 50}, {"value": "b", "above": 80}, {"value": "a", "word": "half"}]
    assert exact({"kept": kept}, **values) == (Fraction(100, 3), "percent")
    unknown = {"c": {"lacking": {"measure": "initiator"}}}
    assert exact({"kept": [*kept, {"value": "c", "above": 80}]}, **values, **unknown) == (None, "percent")


# 80, said to be 79.9; 75; gammas of .099 and .3.
A = {**SHARE, "said": "79,9%"}
KNOWN: dict[str, Any] = {
    "a": A,
    "b": {"share": {"table": 4, "answers": ["god"]}},
    "same": SHARE,
    "minus": {"gamma": {"table": 7}, "said": "-,7072"},
    "weak": {"gamma": {"table": 8, "group": "barn"}},
    "strong": {"gamma": {"table": 8, "group": "mor"}},
    "broken": {"gamma": {"table": 9}},
    "unknown": {"lacking": {"measure": "initiator"}},
}


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ({"value": "a", "at_least": 80}, True),
        ({"value": "a", "at_least": 80.1}, False),
        ({"value": "a", "at_most": 80}, True),
        ({"value": "a", "at_most": 79.9}, False),
        ({"value": "a", "above": 79.9}, True),
        ({"value": "a", "above": 80}, False),
        ({"value": "a", "below": 80.1}, True),
        ({"value": "a", "below": 80}, False),
        ({"value": "a", "equals": 80}, True),
        ({"value": "a", "equals": 80.1}, False),
        ({"value": "a", "equals": "same"}, True),
        ({"value": "a", "equals": "b"}, False),
        ({"value": "a", "above": "b"}, True),
        ({"value": "b", "above": "a"}, False),
        ({"value": "unknown", "above": "a"}, None),
        ({"value": "a", "below": "unknown"}, None),
        # Exact: a float's 80 - 79.9 is more than .1, and .707 isn't .7072 - .0002.
        ({"value": "a", "as_said_within": 0.1}, True),
        ({"value": "a", "as_said_within": 0.09}, False),
        ({"value": "minus", "as_said_within": 0.0002}, True),
        ({"value": "minus", "as_said_within": 0.0001}, False),
        ({"value": "a", "about": {"within": 0.1}}, True),
        ({"value": "a", "about": {"within": 0.05}}, False),
        ({"value": "a", "about": {"of": 82, "within": 2}}, True),
        ({"value": "a", "about": {"of": 82.1, "within": 2}}, False),
        ({"value": "a", "about": {"of": "b", "within": 5}}, True),
        ({"value": "a", "about": {"of": "unknown", "within": 5}}, None),
        ({"value": "weak", "strength": ["none"]}, True),
        ({"value": "weak", "strength": ["weak", "moderate"]}, False),
        ({"value": "strong", "strength": ["moderate", "strong"]}, True),
        ({"value": "minus", "strength": ["strong"]}, True),
        ({"value": "broken", "strength": ["strong"]}, None),
        ({"value": "minus", "significant": True}, True),
        ({"value": "minus", "significant": False}, False),
        ({"value": "weak", "significant": True}, False),
        ({"value": "weak", "significant": False}, True),
        ({"value": "broken", "significant": True}, None),
        ({"value": "a", "greatest_of": ["b", "same"]}, True),
        ({"value": "b", "greatest_of": ["a", "unknown"]}, False),
        ({"value": "a", "greatest_of": ["b", "unknown"]}, None),
        ({"value": "b", "least_of": ["a", "same"]}, True),
        ({"value": "a", "least_of": ["b"]}, False),
        ({"value": "minus", "strongest_of": ["weak", "strong"]}, True),
        ({"value": "strong", "strongest_of": ["weak", "minus"]}, False),
        ({"value": "minus", "greatest_of": ["weak"]}, False),
        ({"value": "weak", "weakest_of": ["minus", "strong"]}, True),
        ({"value": "minus", "weakest_of": ["strong"]}, False),
        ({"value": "minus", "weakest_of": ["unknown"]}, None),
        ({"value": "a", "word": "most"}, True),
        ({"value": "a", "word": "half"}, False),
        ({"value": "unknown", "word": "half"}, None),
        # All that one condition says must be true.
        ({"value": "a", "above": 10, "below": 80}, False),
        ({"value": "unknown", "above": 10, "below": 80}, None),
    ],
)
def test_every_condition_says_what_its_name_says(condition: dict[str, Any], holds: bool | None) -> None:
    assert judged(KNOWN, condition).holds is holds


def test_a_third_is_compared_unrounded() -> None:
    third = {"it": {"share": {"table": 2, "answers": ["god"], "row": "barn"}, "said": "33,3%"}}
    assert judged(third, {"value": "it", "above": 33.333333333333}).holds is True
    assert judged(third, {"value": "it", "equals": 33.3}).holds is False
    assert judged(third, {"value": "it", "as_said_within": 0.033}).holds is False


def test_what_fails_decides_and_what_cannot_be_told_leaves_the_rest_open() -> None:
    fails, unknown, true = ({"value": name, "above": 79} for name in ("b", "unknown", "a"))
    assert judged(KNOWN, true, unknown).holds is None
    both = judged(KNOWN, true, unknown, fails)
    assert both.holds is False
    assert both.conditions == (True, None, False)
    assert judged(KNOWN).holds is None


def test_forms_know_more_than_tables_but_nothing_of_a_sentence_about_its_own_numbers() -> None:
    values: dict[str, Any] = {
        "pair": {"pair": {"mart": "m", "row": "a", "column": "b"}},
        "other": {"pair": {"mart": "m", "row": "b", "column": "a"}},
        "asked": {"asked": {"mart": "m", "question": "q", "answers": ["x"]}},
        "lacking": {"lacking": {"measure": "initiator"}},
        "text": {"printed": "377"},
        "more": {"printed": "779"},
        "both": {"sum": ["text", "more"]},
    }

    def told(*holds: dict[str, Any]) -> tuple[bool | None, bool | None]:
        return judged(values, *holds).holds, judged(values, *holds, forms=True).holds

    assert told({"value": "pair", "strength": ["strong"], "significant": True}) == (None, True)
    assert told({"value": "pair", "above": 0.4}) == (None, False)
    assert told({"value": "other", "significant": True}) == (None, None)
    assert told({"value": "asked", "word": "half"}) == (None, False)
    assert told({"value": "lacking", "at_most": 24}) == (None, True)
    assert told({"value": "both", "equals": 1156}) == (True, None)
    assert told({"value": "both", "equals": 1157}) == (False, None)
    assert told({"value": "both", "equals": 1156}, {"value": "lacking", "above": 20}) == (None, True)
    assert judged(values, {"value": "lacking", "above": 20}, forms=True).numbers["both"].value == 1156


@pytest.mark.parametrize(
    ("condition", "danish", "english"),
    [
        ({"value": "a", "at_least": 90}, "mindst 90\u00a0%", "at least 90%"),
        ({"value": "a", "above": 10, "at_most": 20.5}, "højst 20,5\u00a0% og over 10\u00a0%", "at most 20.5% and above 10%"),
        ({"value": "a", "above": "b"}, "større end b", "greater than b"),
        ({"value": "a", "equals": "same"}, "det samme som den samme", "the same as the same one"),
        ({"value": "n", "equals": 1156}, "præcis 1156", "exactly 1156"),
        (
            {"value": "a", "as_said_within": 0.1},
            "højst 0,1 procentpoint fra rapportens 79,9\u00a0%",
            "within 0.1 percentage points of the report's 79.9%",
        ),
        (
            {"value": "minus", "as_said_within": 0.0005},
            "højst 0,0005 fra rapportens −0,7072",
            "within 0.0005 of the report's −0.7072",
        ),
        (
            {"value": "gap", "about": {"of": 10, "within": 1}},
            "højst 1 procentpoint fra 10 procentpoint",
            "within 1 percentage point of 10 percentage points",
        ),
        ({"value": "a", "about": {"within": 2}}, "højst 2 procentpoint fra 79,9\u00a0%", "within 2 percentage points of 79.9%"),
        (
            {"value": "weak", "strength": ["weak", "moderate"], "significant": False},
            "svag eller moderat og ikke signifikant",
            "weak or moderate and not significant",
        ),
        (
            {"value": "a", "word": "half"},
            "»halvdelen«: mindst 45\u00a0% og højst 55\u00a0%",
            "“half”: at least 45% and at most 55%",
        ),
        (
            {"value": "a", "greatest_of": ["b", "same"]},
            "størst, sammenlignet med b og den samme",
            "the greatest, compared with b and the same one",
        ),
        ({"value": "weak", "weakest_of": ["minus"]}, "svagest, sammenlignet med minus", "the weakest, compared with minus"),
    ],
)
def test_what_was_tested_is_said_in_both_languages(condition: dict[str, Any], danish: str, english: str) -> None:
    more = {"n": {"count": {"table": 1}}, "gap": {"points": {"of": "a", "less": "b"}}}
    values = {name: Value.model_validate(value) for name, value in {**KNOWN, **more}.items()}
    said = condition_words(Condition.model_validate(condition), values, WORDS, {"same": Text("den samme", "the same one")})
    assert said == Text(danish, english)
