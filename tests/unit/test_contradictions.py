"""Rules of one's own: what they may say, and that what they say of answers is what is found."""

import re
from dataclasses import replace
from random import Random

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.exports import CREATED, NUMBER, NUMBER_AGAIN, RESPONDENT, STATUS
from support.study import STUDY, study_with

from frs_pipeline.errors import CheckFailed, InputError
from frs_pipeline.handbook.rules import page
from frs_pipeline.intake.applying import Skipped
from frs_pipeline.intake.judging import Clocks, Registers, judge
from frs_pipeline.intake.readers.columns import Columns
from frs_pipeline.operations import refresh as refresh_module
from frs_pipeline.operations.doctor import _study
from frs_pipeline.study.about import about, occasions
from frs_pipeline.study.impossible import read_impossible_answers
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.study.rules import policy, read_policy
from frs_pipeline.study.schema import Scales
from frs_pipeline.study.spec import YamlFile

POLICY = STUDY.folder / "rules.yaml"
TEXT, FILE = POLICY.read_text(encoding="utf-8"), YamlFile(POLICY)
RULE = """\
  nobody_and_much:
    severity: warn
    danish: Ingen talte sammen, og der blev talt meget
    english: nobody was talked to, and much was talked about
    meaning: Both can't be true.
    remedy: Look at the paper.
    on: participant_first
    when:
      talked_before: nej slet ikke
      talked_challenges: [ja rigtig meget inden FRS, "ja, noget inden FRS"]
"""
ON, WHEN = "on: participant_first", RULE[RULE.index("    when:") :]

# Questions with boxes, a line to write on, and one that is asked at the follow-up only.
MORE = """
  - {name: paid, source: betalt, text: Hvad blev betalt?, type: multiple, scale: paid, sensitivity: personal, wording: assumed}
  - {name: overall, source: helefrs, text: Hvad synes du?, type: ordinal, scale: quality, sensitivity: personal, wording: assumed}
  - {name: better, source: bedre, text: Bedre?, type: nominal, scale: yes_no, occasion: followup, sensitivity: personal,
     wording: assumed}
  - {name: remark, source: bem, text: Andet?, type: text, sensitivity: sensitive, wording: assumed}
"""
PAID = "\n  paid:\n    - {code: 1, label: mad}\n    - {code: -2, label: transport}\n    - {code: 3, label: sted}\n"
ASKED = {
    "scales.yaml": lambda text: text.rstrip("\n") + PAID,
    "questionnaires/coordinator.yaml": lambda text: text.rstrip("\n") + MORE,
}


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    """The study's questionnaires, that of the coordinator with more questions."""
    return questionnaires(study_with(tmp_path_factory.mktemp("questionnaires"), ASKED))


@pytest.fixture
def written(tmp_path):
    """`written(rule)`: the policy with a rule at its end."""

    def write(rule=RULE):
        path = tmp_path / "rules.yaml"
        path.write_text(TEXT + rule, encoding="utf-8")
        return path

    return write


def coordinators(when):
    """A rule about coordinators."""
    return RULE.replace(ON, "on: coordinator").replace(WHEN, f"    when: {when}\n")


def test_a_rule_of_ones_own_becomes_columns_and_codes(written):
    rule = read_policy(STUDY, written()).rules["nobody_and_much"]
    assert (rule.severity, rule.kind.about, rule.kind.severities) == ("warn", "form", ("warn", "aside", "stop"))
    assert rule.kind.acceptable
    found = rule.impossible
    assert (found.on, found.occasion, found.column) == ("participant_first", "both", "talked_challenges")
    assert [(c.columns, c.codes, c.blank) for c in found.conditions] == [
        (("talked_before",), (3,), False),
        (("talked_challenges",), (1, 2), False),
    ]
    assert list(read_policy(STUDY, written()).rules)[-1] == "nobody_and_much"


@pytest.mark.parametrize(
    ("when", "columns", "codes", "blank"),
    [
        pytest.param("{conflict: answered}", ("conflict",), (1, 2, 3, 4, 5), False, id="answered"),
        pytest.param("{conflict: blank}", ("conflict",), (), True, id="blank"),
        pytest.param("{overall: [God, god, dårlig]}", ("overall",), (2, 5), False, id="also printed"),
        pytest.param("{paid: sted}", ("paid_3",), (1,), False, id="a box"),
        pytest.param("{paid: [sted, mad]}", ("paid_3", "paid_1"), (1,), False, id="one of two boxes"),
        pytest.param("{paid: answered}", ("paid_1", "paid_minus_2", "paid_3"), (1,), False, id="some box"),
        pytest.param("{paid: blank}", ("paid_1", "paid_minus_2", "paid_3"), (0,), True, id="no box"),
        pytest.param("{paid_minus_2: ikke valgt}", ("paid_minus_2",), (0,), False, id="the column of a box"),
        pytest.param("{overall: god, occasion: followup}", ("overall",), (2,), False, id="the occasion last"),
    ],
)
def test_what_a_condition_asks_of_which_columns(written, asked, when, columns, codes, blank):
    found = read_policy(STUDY, written(coordinators(when)), asked).rules["nobody_and_much"].impossible
    assert [(c.columns, c.codes, c.blank) for c in found.conditions] == [(columns, codes, blank)]
    assert (found.occasion, found.column) == ("followup" if "occasion" in when else "both", columns[0])


@pytest.mark.parametrize(
    ("old", "new", "at", "says"),
    [
        pytest.param(ON, "on: participant", "on:", "no questionnaire participant .is participant_first meant", id="on"),
        pytest.param("talked_before:", "talked_after:", "talked_after", "has no question talked_after", id="question"),
        pytest.param(ON, "on: initiator", "talked_before", "initiator has no question talked_before", id="another's question"),
        pytest.param("nej slet ikke", "nej", "talked_before", "talked_before has no answer »nej« .one of »ja, m", id="answer"),
        pytest.param("nej slet ikke", "3", "talked_before", "talked_before: 3 isn't text", id="a code"),
        pytest.param('"ja, noget inden FRS"', "blank", "talked_chall", "no answer »blank«", id="blank among answers"),
        pytest.param("[ja rigtig", "[] #", "talked_chall", "talked_challenges names no answer", id="no answer"),
        pytest.param("[ja rigtig", '\n        - "ja, noget inden FRS"\n        - nej\n#', "- nej", "»nej«", id="in a list"),
        pytest.param(WHEN, "    when: {}\n", "when:", "when names no question", id="when is empty"),
        pytest.param(WHEN, "    when: {occasion: first}\n", "when:", "when names no question", id="an occasion only"),
        pytest.param("when:\n", "when:\n      occasion: second\n", "occasion", "occasion is first or followup", id="occasion"),
        pytest.param("when:\n", "when:\n      occasion: [first, followup]\n", "occasion", "is first or followup", id="both"),
        pytest.param("when:\n", "when:\n      occasion: followup\n", "occasion", "no form of participant_first is", id="never"),
        pytest.param(
            WHEN, "", "nobody_and_much", "no rule nobody_and_much, and a rule of one's own needs on and when", id="when"
        ),
        pytest.param(WHEN, "    when:\n", "nobody_and_much", "needs on and when", id="when says nothing"),
        pytest.param(f"    {ON}\n", "", "nobody_and_much", "there is no rule nobody_and_much", id="no on"),
        pytest.param("severity: warn", "severity: note", "severity", "severity", id="severity"),
        pytest.param("    remedy: Look at the paper.\n", "", "nobody_and_much", "remedy", id="no remedy"),
        pytest.param("nobody_and_much", "Nobody", "Nobody", "'Nobody' isn't allowed .is nobody meant", id="name"),
        pytest.param("when:\n", "when:\n      talked_before: blank\n", "talked_before: nej", "talked_before stands", id="twice"),
    ],
)
def test_a_rule_that_cannot_be_is_refused_with_its_line(written, old, new, at, says):
    assert RULE.count(old) == 1
    path = written(RULE.replace(old, new))
    with pytest.raises(InputError, match=says) as refused:
        read_policy(STUDY, path)
    text = path.read_text(encoding="utf-8")
    assert refused.value.where == f"{path}:{text[: text.index(at, len(TEXT))].count(chr(10)) + 1}"
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("when", "says"),
    [
        pytest.param("{paid: alt}", "no answer »alt« .one of »mad«, »transport«, »sted«; or answered, or blank", id="box"),
        pytest.param("{paid: valgt}", "paid has no answer »valgt«", id="the answer of a box"),
        pytest.param("{paid_2: valgt}", "coordinator has no question paid_2", id="no such box"),
        pytest.param("{remark: answered}", "remark is a line to write on", id="text"),
    ],
)
def test_boxes_and_texts_that_cannot_be_asked_are_refused(written, asked, when, says):
    with pytest.raises(InputError, match=says):
        read_policy(STUDY, written(coordinators(when)), asked)


@pytest.mark.parametrize(("key", "value"), [("on", "initiator"), ("when", "{conflict: blank}")])
def test_a_built_in_rule_says_itself_what_it_looks_for(tmp_path, key, value):
    path = tmp_path / "rules.yaml"
    path.write_text(TEXT.replace("  role_missing:\n", f"  role_missing:\n    {key}: {value}\n"), encoding="utf-8")
    with pytest.raises(InputError, match="rule role_missing is built in") as refused:
        read_policy(STUDY, path)
    assert refused.value.where == f"{path}:{TEXT[: TEXT.index('  role_missing:')].count(chr(10)) + 2}"


@pytest.mark.parametrize(
    ("when", "says"),
    [
        ("{occasion: first, conflict: få}", "»Samordner« from the first conference on which the answer to »{conflict}« is »få«."),
        ("{conflict: blank, paid: [mad, sted]}", "« is blank and the answer to »Hvad blev betalt?« is »mad« or »sted«."),
        ("{paid: answered, overall: blank}", "on which »Hvad blev betalt?« is answered and »Hvad synes du?« is blank."),
        ("{occasion: followup, overall: [God]}", "from the follow-up on which the answer to »Hvad synes du?« is »God«."),
    ],
)
def test_the_page_of_rules_tells_it_in_words(tmp_path, asked, when, says):
    text = page(study_with(tmp_path, {**ASKED, "rules.yaml": lambda text: text + coordinators(when)}))
    assert "### `nobody_and_much`" in text
    assert says.format(conflict=asked["coordinator"].question("conflict").text) in text


# What comes of it.


@pytest.fixture
def in_force(delivery, tmp_path):
    """`in_force(rule)`: the delivery's study has this rule, too."""

    def put(rule=RULE):
        study = study_with(tmp_path, {"rules.yaml": lambda text: text + rule})
        delivery.settings = replace(delivery.settings, study=study)
        return study

    return put


def contradicting(delivery, *forms):
    for form in range(9):
        delivery.set("participant_first", form, talteind="3" if form in forms else "1", taltudfo="2")
    return delivery


SAYS = "Ingen talte sammen, og der blev talt meget / nobody was talked to, and much was talked about"


def found(result):
    """(form, column, value) of what was found: under `aside`, or under the severity of the note."""
    parts: dict[str, list[tuple[int, str, str]]] = {}
    for row in (*result.rejected.table().to_pylist(), *result.noted.table().to_pylist()):
        if row["rule"] == "nobody_and_much":
            assert row["message"] == SAYS
            parts.setdefault(row.get("severity", "aside"), []).append((row["line"] - 2, row["column"], row["value"]))
    return parts


@pytest.mark.parametrize("block", [8 << 20, 300], ids=["one chunk", "many chunks"])
@pytest.mark.parametrize("severity", ["warn", "aside"])
def test_a_severity_decides_what_comes_of_a_contradiction(delivery, in_force, monkeypatch, severity, block):
    monkeypatch.setattr("frs_pipeline.intake.readers.csvfiles.BLOCK", block)
    in_force(RULE.replace("warn", severity))
    result = contradicting(delivery, 2, 5).validated("participant_first", policy=policy(delivery.settings.study))
    assert found(result) == {severity: [(2, "taltudfo", "2"), (5, "taltudfo", "2")]}
    assert result.set_aside == (2 if severity == "aside" else 0)
    assert delivery.validated("participant_followup", policy=policy(delivery.settings.study)).rejected.num_rows == 0


def test_a_contradiction_may_stop_the_run_or_be_accepted(delivery, in_force):
    in_force(RULE.replace("warn", "stop"))
    contradicting(delivery, 2, 5)
    with pytest.raises(CheckFailed, match=r"csv:4: 2 forms break a rule .* the first \[nobody_and_much\] .Look at the paper"):
        delivery.validated("participant_first", policy=policy(delivery.settings.study))
    forms = [delivery.form_id("participant_first", form) for form in (2, 5)]
    delivery.accept([forms[0], "nobody_and_much", "talteind"], [forms[1], "nobody_and_much", ""])
    with pytest.raises(CheckFailed, match=r"csv:4: 1 form breaks"):
        delivery.validated("participant_first", policy=policy(delivery.settings.study))
    delivery.accept(*([form, "nobody_and_much", column] for form, column in zip(forms, ("taltudfo", ""), strict=True)))
    result = delivery.validated("participant_first", policy=policy(delivery.settings.study))
    assert found(result) == {"accepted": [(2, "taltudfo", "2"), (5, "taltudfo", "2")]}


def test_without_the_rule_an_exception_from_it_is_refused(delivery):
    delivery.accept([delivery.form_id("participant_first", 2), "nobody_and_much", ""])
    with pytest.raises(InputError, match="no such rule"):
        delivery.validated("participant_first")


def test_a_form_without_a_sound_answer_does_not_contradict_itself(delivery, in_force):
    in_force()
    contradicting(delivery, 2, 5, 6)
    delivery.set("participant_first", 2, taltudfo="7")
    delivery.set("participant_first", 5, talteind="x")
    delivery.set("participant_first", 6, stato_4="0", stato_5="1")
    result = delivery.validated("participant_first", policy=policy(delivery.settings.study))
    assert found(result) == {}
    assert result.set_aside == 3


def test_a_rule_that_cannot_be_is_told_before_any_work_and_by_the_doctor(delivery, in_force, monkeypatch):
    monkeypatch.setattr(refresh_module, "_materialize", lambda *_: pytest.fail("work began"))
    assert all(found.sound for found in _study(STUDY))
    study = in_force(RULE.replace("nej slet ikke", "nej"))
    with pytest.raises(InputError, match=r"rules\.yaml:\d+: talked_before has no answer »nej«"):
        refresh_module.refresh(delivery.settings)
    (told,) = (found for found in _study(study) if not found.sound)
    assert re.search(r"rules\.yaml:\d+: talked_before has no answer", told.detail)


# All forms at once against one form after the other.

NUMBERS = {"11": "first", "12": "followup"}
QUESTIONS = {
    "conflict": ["rigtig mange", "mange", "almindeligt", "få", "slet ingen"],
    "overall": ["rigtig god", "god", "nogenlunde", "mindre god", "dårlig"],
    "better": ["ja", "nej"],
    "paid": {"mad": "paid_1", "transport": "paid_minus_2", "sted": "paid_3"},
}
BOXES = list(QUESTIONS["paid"].values())
COLUMNS = ["conflict", "overall", "better", *BOXES]
CELLS = ["", " ", "1", " 1", "2", "3", "5", "0", "6", "-1", "x", "1.0"]


def random_form(random):
    """Cells of a form by column; most are sound, and some have no box ticked."""
    ticks = random.choice([["0"], ["", "0"], ["0", "1"], ["", "0", "1", "2", "x"]])
    return {
        **{name: random.choice(CELLS[: random.choice([7, 7, len(CELLS)])]) for name in ("conflict", "overall", "better")},
        **{name: random.choice(ticks) for name in BOXES},
        NUMBER: random.choice(["11", "12", "12", "99", ""]),
        NUMBER_AGAIN: random.choice(["11", "12", "12"]),
        "status": random.choice([STATUS[3], STATUS[3], STATUS[2], STATUS[0], ""]),
    }


def words(question):
    labels = st.sampled_from(list(QUESTIONS[question]))
    return st.sampled_from([("answered",), ("blank",)]) | st.lists(labels, min_size=1, max_size=3).map(tuple)


RULES = st.tuples(
    st.sampled_from([{}, {"occasion": ("first",)}, {"occasion": ("followup",)}]),
    st.lists(st.sampled_from(list(QUESTIONS)), min_size=1, max_size=3, unique=True).flatmap(
        lambda names: st.fixed_dictionaries({name: words(name) for name in names})
    ),
).map(lambda parts: {**parts[0], **parts[1]})


def occasion_of(form):
    same = form[NUMBER] == form[NUMBER_AGAIN]
    return NUMBERS.get(form[NUMBER]) if same else None


def ticked(form):
    """Boxes ticked, or None where one can't be told."""
    boxes = {name: form[name].strip() for name in BOXES}
    return None if set(boxes.values()) - {"", "0", "1"} else [name for name, cell in boxes.items() if cell == "1"]


def holds(form, question, words):
    """What a condition says, of one form."""
    if question == "paid":
        boxes = ticked(form)
        if words == ("blank",):
            return boxes == []
        wanted = BOXES if words == ("answered",) else [QUESTIONS["paid"][word] for word in words]
        return any(form[name].strip() == "1" for name in wanted)
    cell, labels = form[question].strip(), QUESTIONS[question]
    if words == ("blank",):
        return cell == ""
    codes = [str(1 + labels.index(word)) for word in (labels if words == ("answered",) else words)]
    return cell in codes


def broken(asked, forms, own, lacking=()):
    """Rows and columns of forms by the rule that they break; `lacking` are columns that the paper doesn't have."""
    cells = {
        RESPONDENT: [str(i) for i in range(len(forms))],
        CREATED: ["2019-05-06 09:00:00"] * len(forms),
        **{name: ["1" if form["status"] == name else "" for form in forms] for name in STATUS},
        **{name: [form[name] for form in forms] for name in (NUMBER, NUMBER_AGAIN, *COLUMNS)},
        "remark": [""] * len(forms),
    }
    register = pa.table({"conference_number": pa.array([11, 12], pa.int32()), "occasion": list(NUMBERS.values())})
    columns = Columns(list(cells), {name: name for name in (*COLUMNS, "remark") if name not in lacking})
    rules = {
        rule: read_impossible_answers(FILE, ["rules"], "coordinator", when, asked, occasions(STUDY)) for rule, when in own.items()
    }
    found = {name: {} for name in (*own, "answered_unasked")}
    looked_for = (
        Registers(STUDY, register, register),
        rules,
        Clocks.of(about(STUDY).forms),
        Skipped(),
        Scales(asked["coordinator"]),
    )
    for rows, rule, column in judge(pa.table(cells), columns, asked["coordinator"], *looked_for).remarks:
        if rule in found:
            found[rule] |= dict.fromkeys(rows.tolist(), column)
    return found


def last(when):
    """The column that a finding names."""
    name = [name for name in when if name != "occasion"][-1]
    if name != "paid":
        return name
    return BOXES[0] if when[name] in (("answered",), ("blank",)) else QUESTIONS["paid"][when[name][0]]


@pytest.mark.parametrize("number", [5, pytest.param(40, marks=pytest.mark.minutes)])
def test_what_is_found_at_once_is_what_is_found_form_by_form(asked, number):
    @settings(deadline=None, max_examples=number)
    @given(st.integers(0, 2**32), st.lists(RULES, min_size=4, max_size=4))
    def each(seed, rules):
        as_form_by_form(asked, seed, rules)

    each()


def as_form_by_form(asked, seed, rules):
    """Compare what is found in all forms at once with what is found in one after the other."""
    forms = [random_form(random) for random in [Random(seed)] for _ in range(200)]
    own = {f"own_{i}": when for i, when in enumerate(rules)}
    answered = [form["status"] in (STATUS[2], STATUS[3]) for form in forms]
    expected = {
        name: {
            i: last(when)
            for i, form in enumerate(forms)
            if answered[i]
            and when.get("occasion") in (None, (occasion_of(form),))
            and all(holds(form, question, words) for question, words in when.items() if question != "occasion")
        }
        for name, when in own.items()
    }
    unasked = [occasion_of(form) == "first" and holds(form, "better", ("answered",)) for form in forms]
    expected["answered_unasked"] = {i: "better" for i in range(len(forms)) if answered[i] and unasked[i]}
    assert broken(asked, forms, own) == expected


def test_a_rule_about_a_question_that_the_paper_does_not_have_is_broken_by_no_form(asked):
    forms = [random_form(random) for random in [Random(7)] for _ in range(200)]
    own = {"blank": {"better": ("blank",), "overall": ("answered",)}, "other": {"overall": ("answered",)}}
    assert broken(asked, forms, own)["blank"]
    found = broken(asked, forms, own, lacking=("better",))
    assert (found["blank"], found["answered_unasked"]) == ({}, {})
    assert found["other"]
