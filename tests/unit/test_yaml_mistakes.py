"""Mistakes that people make in the YAML files that ship: each says where, what is wrong and what would be right, all at once."""

import pytest
from support.study import STUDY, study_with

from frs_pipeline.errors import InputError
from frs_pipeline.report.claims import claims
from frs_pipeline.report.expectations import limits
from frs_pipeline.report.statements import front_of, titles_of
from frs_pipeline.study.chapters import chapters, read_chapters
from frs_pipeline.study.instruments import listed
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.study.release import release_policy
from frs_pipeline.study.rules import policy
from frs_pipeline.study.tables import catalogue

READ = {
    "tables.yaml": catalogue,
    "questionnaires/participant_first.yaml": questionnaires,
    "scales.yaml": questionnaires,
    "study.yaml": listed,
    "rules.yaml": policy,
    "release.yaml": release_policy,
    "promises.yaml": limits,
    "published/claims/summary.yaml": claims,
    "report/findings.yaml": front_of,
    "report/titles.yaml": titles_of,
    "report/chapters.yaml": chapters,
}

# File, what is replaced (first occurrence) by what, and what is said.
MISTAKES = [
    ("tables.yaml", [("kind: frequency", "kind:")], ["kind is empty (one of: frequency,"]),
    (
        "tables.yaml",
        [("leave_out: {plan_satisfied: [ved ikke]}", "leave_out: {plan_satisfied: [Ja, meget]}")],
        ["""question plan_satisfied has no answer 'Ja' (one of: "Ja, meget", i nogen grad,"""],
    ),
    (
        "tables.yaml",
        [("leave_out: {plan_satisfied", "leave_out: {plan_satified")],
        ["leave_out: table 5 doesn't use plan_satified (is plan_satisfied meant?)"],
    ),
    ("tables.yaml", [("tables:\n", "tables:\n  - \n")], [":12: nothing stands where keys with values should"]),
    (
        "tables.yaml",
        [("tables:\n", "version: 1\ntables:\n"), ("percent: row", "percent: answers")],
        [
            ":11: version isn't a key here (one of: tables, families)",
            ":19: percent: 'answers' isn't allowed (one of: row, column, total)",
        ],
    ),
    (
        "tables.yaml",
        [("    percent: row\n", "     percent: row\n")],
        [":18: not valid YAML: the line is indented further"],
    ),
    *(
        ("tables.yaml", [("tables:\n", f"tables:\n  - {{number: 99, title: '', kind: change, {entry}}}\n")], [said])
        for entry, said in (
            (
                "mart: initiator, variable: conflict, from: first, to: last",
                ":12: there is no occasion last (one of: first, followup)",
            ),
            (
                "mart: initiator, variable: conflict, from: followup, to: first",
                ":12: first isn't after followup (they come in this",
            ),
            ("mart: initiator, variable: conflict, to: followup", ":12: from is missing"),
            (
                "mart: participant_first, variable: plan_satisfied, from: first, to: followup",
                ":12: participant_followup doesn't ask plan_satisfied (one of: role, overall,",
            ),
            ("mart: participant_first, variable: role, from: first, to: followup", ":12: role says who is paired with whom"),
            (
                "mart: participant_followup, variable: overall, from: first, to: followup",
                ":12: participant_followup holds no forms of that occasion (say from: followup)",
            ),
            (
                "mart: initiator, variable: conflict, from: first, to: followup, better: få",
                ":12: 'få' is at neither end of the scale of conflict (say 'rigtig mange' or 'slet ingen')",
            ),
            (
                "mart: initiator, variable: conflict, from: first, to: followup, collapse: {conflict: {x: [få]}}",
                ":12: a table of change has no collapse (take collapse out)",
            ),
        )
    ),
    (
        "tables.yaml",
        [("{plan_satisfied: [ved ikke]}", "{plan_satisfied:[ved ikke]}")],
        ["there is a colon here without a space after it (write key: value"],
    ),
    (
        "questionnaires/participant_first.yaml",
        [('text_english: "Who are you?"', 'text_english: "Who are you?')],
        [":12: not valid YAML: a bracket or a quotation mark isn't closed", "begins on line 11"],
    ),
    (
        "questionnaires/participant_first.yaml",
        [('text: "Hvem er du?"', "text: Hvem er du, mor?")],
        [":11: mor? isn't a key here (put a text that holds a comma into quotes"],
    ),
    (
        "questionnaires/participant_first.yaml",
        [("occasion: first", "occasion: fist"), ("scale: quality", "scale: qualty"), ("name: role", "name: my role")],
        [
            ":8: there is no occasion fist (is first meant?)",
            ":11: name: 'my role' isn't allowed (small letters from a to z",
            ":12: scale qualty is not in scales.yaml (is quality meant?)",
        ],
    ),
    ("scales.yaml", [("label: mor", 'label: ""')], [":6: label is empty"]),
    ("scales.yaml", [("  role:\n", "  role: []\n  other:\n")], [":4: role is empty (give at least one)"]),
    ("scales.yaml", [("{code: 1, ", "{code:1, ")], [":5: code:1 isn't a key here (write code: 1)"]),
    ("scales.yaml", [("[Rigtig god]", "[God]")], ["scale quality: rigtig god has a spelling that another"]),
    (
        "study.yaml",
        [("participant_first}", "participant_fist}"), ("{name: initiator}", "{name: initiator, since: 2022}")],
        [":58: there is no questionnaires/participant_fist.yaml", ":60: since: 2022 isn't a date (write it as year-month-day"],
    ),
    (
        "rules.yaml",
        [("delivery: 0.05", "delivery: 5"), ("severity: aside", "severity: asid"), ("[mor, far]", "[mor, fra]")],
        [
            ":8: delivery: 5 isn't allowed (at most 1)",
            "the answer fra (is far meant?)",
            ":24: severity: 'asid' isn't allowed (is aside",
        ],
    ),
    (
        "rules.yaml",
        [("  numbers_differ:", "  number_differ:"), ("  wrong_occasion:", "  wrong_occasions:")],
        ["there is no rule number_differ, ", "is numbers_differ meant?", "is wrong_occasion meant?"],
    ),
    (
        "release.yaml",
        [("who: [role]", "who: [rolle]"), ("  quality:\n", "  qualty:\n"), ("[få, slet ingen]", "[få, slet]"), ("{}", "{99: x}")],
        [
            ":11: no questionnaire has a question rolle (is role meant?)",
            "there is no scale qualty (is quality meant?)",
            "there is no answer 'slet' in it (one of: rigtig mange, ",
            "there is no table 99 (tables.yaml lists them)",
        ],
    ),
    ("release.yaml", [("never: {}", "never: {table 49: x}")], ["table 49: 'table 49' isn't a whole number"]),
    (
        "promises.yaml",
        [("row_cap: 200000", "row_cap: 0"), ("contact: 0.25", "contakt: 0.25"), ("initiator:", "initator:")],
        [
            ":5: row_cap: 0 isn't allowed (at least 1)",
            ":11: participant_followup has no question contakt",
            "no questionnaire initator",
        ],
    ),
    (
        "published/claims/summary.yaml",
        [
            ('said: "1,4%"}\n', "said: mange}\n"),
            ("table: 61, answers", "table: 99, answers"),
            ("untested: judgement", "untested: judgment"),
        ],
        [
            ":297: said: 'mange' isn't a number as the report prints one",
            ":151: claim respondents_3381: coordinators: there is no table 99 (tables.yaml lists them)",
            ":57: claim chance_quote: published/words.yaml has no reason judgment (is judgement meant?)",
        ],
    ),
    (
        "published/claims/summary.yaml",
        [('said: {start: "2014"}', "said: {start: siden}")],
        [":10: start: 'siden' isn't a number"],
    ),
    (
        "published/claims/summary.yaml",
        [('"Kun {negative} af', '"Kun {negativ} af')],
        [":290: claim dissatisfied: no value is called negativ (is negative meant?)"],
    ),
    (
        "published/claims/summary.yaml",
        [("equals: 1156", 'equals: "1156"')],
        [":29: claim conferences_1156: no value is called 1156 (write it with"],
    ),
    (
        "report/findings.yaml",
        [
            ("Af børnene er det {child}", "Af børnene er det {chld}"),
            ("{value: child, at_least: least}", '{value: child, at_least: "80%"}'),
            ("tables: [1]", "tables: [99]"),
            ("subject: [barn]}", "subject: [børn]}"),
        ],
        [
            ":14: finding conference_good: no value is called chld (is child meant?)",
            ":25: finding conference_good: no value is called 80% (write it with digits and a decimal point, without quotes)",
            ":41: finding conference_good: no row is called børn (is barn meant?)",
            ":42: finding conference_good: there is no table 99 (tables.yaml lists them)",
        ],
    ),
    (
        "report/findings.yaml",
        [
            ("[{value: fall, above: 0, certain: true}]", "[{value: low, certain: true}]"),
            ("id: child_was_heard", "id: conference_good"),
            ("low: {low: fall}", "low: {low: fal}"),
        ],
        [
            ":96: finding hope_and_experience: low can't be certain: it is neither a difference nor a gamma (say it of points,",
            ":43: finding conference_good: stands twice (give one of them another id)",
            ":84: finding hope_and_experience: low: is made from values that don't stand above it",
        ],
    ),
    (
        "report/findings.yaml",
        [("    holds: [{value: fall, above: 0, certain: true}]\n", "")],
        ["hope_and_experience: has no condition (write under"],
    ),
    (
        "report/findings.yaml",
        [("{least} svarer »god«", "80 % svarer »god«")],
        [":34: danish: words may hold no numbers: name a value and put it"],
    ),
    (
        "report/titles.yaml",
        [("  2:\n", "  82:\n"), ("word: langt_de_fleste", "word: langt_de_flest"), ("  43:\n    says:", "  43:\n    say:")],
        [
            ": there is no table 82 (tables.yaml lists them)",
            ": title 3: published/words.yaml has no quantity langt_de_flest (is langt_de_fleste meant?)",
            ": say isn't a key here (is says meant?)",
        ],
    ),
    (
        "report/titles.yaml",
        [("strength: [strong], certain: true", "strength: [stærk], certain: true"), ("row: barn, answers", "row: børn, answers")],
        ["title 1: child: table 1 has no figure børn", "strength: 'stærk' isn't allowed"],
    ),
    (
        "report/chapters.yaml",
        [("[1, 2, 3, 4, 5]", "[1, 2, 99, 2]"), ("id: raadgivere", "id: deltagere")],
        [
            ":18: there is no table 99",
            ":18: table 2 has a chapter already",
            ":32: another chapter is called deltagere, too",
        ],
    ),
    (
        "report/chapters.yaml",
        [("    group: check", "    group: kontrol")],
        ["group: 'kontrol' isn't allowed (one of: read, check, share)"],
    ),
    ("report/chapters.yaml", [("followup: 2", "followup: 4")], [":19: table 4 isn't a crosstab, which is what changes draws"]),
    ("report/chapters.yaml", [("followup: 2", "followup: 17")], [":19: tables 1 and 17 don't have the same rows"]),
]


def altered(text, changes):
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return text


@pytest.mark.parametrize(("name", "changes", "says"), MISTAKES, ids=[f"{name} {says[0][:40]}" for name, _, says in MISTAKES])
def test_a_mistake_says_where_what_and_what_would_be_right(tmp_path, name, changes, says):
    study = study_with(tmp_path, {name: lambda text: altered(text, changes)})
    with pytest.raises(InputError) as refused:
        READ[name](study)
    lines = str(refused.value).splitlines()
    assert all(line.startswith(f"{study.folder / name}:") and line.endswith(")") for line in lines)
    for told in says:
        assert any(told in line for line in lines), (told, lines)


@pytest.mark.parametrize("name", READ)
def test_the_files_that_ship_hold_none(name):
    READ[name](STUDY.again())


def test_a_page_without_tables_anywhere_is_told(tmp_path):
    path = tmp_path / "chapters.yaml"
    path.write_text("chapters: []\n")
    with pytest.raises(InputError, match="no chapter has tables"):
        read_chapters(STUDY, path)
