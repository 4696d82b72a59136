"""The policy: what it may say, that its page is up to date, and that what it says is what happens."""

import datetime as dt

import pytest
from support.study import STUDY

from frs_pipeline.errors import CheckFailed, InputError
from frs_pipeline.handbook import rules as page_module
from frs_pipeline.handbook.rules import page
from frs_pipeline.intake.amendments import Accepted, Exceptions
from frs_pipeline.intake.remarks import admit, registers
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.study.rules import KINDS, policy, read_policy

TEXT = (STUDY.folder / "rules.yaml").read_text(encoding="utf-8")
FORM_RULES = [name for name, kind in KINDS.items() if kind.about == "form"]


def altered(tmp_path, old, new):
    assert TEXT.count(old) >= 1
    path = tmp_path / "rules.yaml"
    path.write_text(TEXT.replace(old, new, 1), encoding="utf-8")
    return path


def line_of(text):
    """Line of the policy on which `text` begins."""
    return TEXT[: TEXT.index(text)].count("\n") + 1


ASIDE, STOP = "    severity: aside\n    danish: Skemaet er ikke besvaret", "    severity: stop\n    danish: Filen har"


@pytest.mark.parametrize(
    ("old", "new", "at", "says"),
    [
        pytest.param("  keyed_twice:\n", "  keyed_thrice:\n", "  keyed_twice:\n", "no rule keyed_thrice", id="no such rule"),
        pytest.param(ASIDE, ASIDE.replace("aside", "ignore"), ASIDE, "severity", id="no such severity"),
        pytest.param(
            ASIDE,
            ASIDE.replace("aside", "warn"),
            ASIDE,
            "can't be warn .it can be aside or stop",
            id="not warn",
        ),
        pytest.param(STOP, STOP.replace("stop", "warn"), STOP, "can't be warn .it can be stop", id="what can only stop"),
        pytest.param("    danish: Rollen er ikke angivet\n", "", "  role_missing:", "danish", id="no Danish"),
        pytest.param("delivery: 0.05", "delivery: 5", "  delivery: 0.05", "delivery: 5 isn't allowed .at most 1", id="no share"),
        pytest.param("minutes: 10", "minutes: -1", "keyed_twice_within", "at least 0", id="no minutes"),
        pytest.param("[mor, far]", "[mor, fader]", "one_a_conference", "has the answer fader", id="no such role"),
        pytest.param("one_a_conference: [mor, far]\n", "", "largest_share", "one_a_conference", id="key missing"),
    ],
)
def test_a_fault_in_the_policy_is_refused_with_its_line(tmp_path, old, new, at, says):
    path = altered(tmp_path, old, new)
    with pytest.raises(InputError, match=says) as refused:
        read_policy(STUDY, path)
    assert refused.value.where == f"{path}:{line_of(at)}"


@pytest.mark.parametrize("name", KINDS)
def test_a_rule_that_is_missing_is_refused(tmp_path, name):
    start = TEXT.index(f"  {name}:\n")
    lines = TEXT[start:].splitlines(keepends=True)
    own = "".join(lines[: 1 + next((i for i, line in enumerate(lines[1:]) if not line.startswith("    ")), len(lines) - 1)])
    path = altered(tmp_path, own, "")
    with pytest.raises(InputError, match=rf"rule {name} is missing") as refused:
        read_policy(STUDY, path)
    assert refused.value.where == f"{path}:{line_of('rules:')}"


@pytest.mark.parametrize("name", KINDS)
def test_every_rule_says_in_both_languages_what_it_is_and_what_to_do(name):
    rule = policy(STUDY).rules[name]
    assert rule.severity in KINDS[name].severities
    assert rule.message == f"{rule.danish} / {rule.english}"
    assert rule.danish and rule.english and rule.danish != rule.english
    assert rule.meaning.endswith(".") and rule.remedy.endswith(".")


def test_roles_that_a_conference_has_once_are_roles_of_the_questionnaires():
    roles = [q.question("role") for q in questionnaires(STUDY).values() if q.question("role")]
    assert roles
    assert all(role.code(label) is not None for role in roles for label in policy(STUDY).one_a_conference)


def test_the_page_of_rules_tells_every_rule():
    assert [line[5:-1] for line in page(STUDY).splitlines() if line.startswith("### ")] == sorted(
        policy(STUDY).rules, key=lambda name: list(page_module._ABOUT).index(policy(STUDY).rules[name].kind.about)
    )


def spoilt(delivery):
    """Three forms that break a rule which the policy may take either way."""
    delivery.set("participant_first", 1, created="", modified="x")
    delivery.set("participant_first", 2, created="2019-05-09 09:00:00", modified="2019-05-01 09:00:00")
    delivery.repeat("participant_first", 3, responde="900001")
    return delivery


RULES = {"timestamp_unreadable": 1, "timestamps_backwards": 2, "keyed_twice": 9}


@pytest.mark.parametrize("severity", ["warn", "aside"])
@pytest.mark.parametrize("rule", RULES)
def test_a_severity_decides_whether_a_form_counts(delivery, policy_with, rule, severity):
    others = dict.fromkeys(RULES, "warn") | {rule: severity}
    result = spoilt(delivery).validated("participant_first", policy=policy_with(**others))
    aside = {row["line"] - 2 for row in result.rejected.table().to_pylist() if row["rule"] == rule}
    notes = {row["line"] - 2 for row in result.noted.table().to_pylist() if row["rule"] == rule}
    assert (aside, notes) == (({RULES[rule]}, set()) if severity == "aside" else (set(), {RULES[rule]}))
    assert result.set_aside == len(aside)
    assert (RULES[rule] + 2 in result.forms.table()["line"].to_pylist()) is (severity == "warn")


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_that_stops_the_run_does_so_with_the_first_line(delivery, policy_with, rule):
    remedy = policy(STUDY).rules[rule].remedy
    with pytest.raises(CheckFailed, match=rf"1 form breaks a rule that stops the run, this the first \[{rule}\]") as refused:
        spoilt(delivery).validated("participant_first", policy=policy_with(**{rule: "stop"}))
    assert refused.value.where == f"{delivery.path('participant_first/dataset.csv')}:{RULES[rule] + 2}"
    assert remedy in str(refused.value)


def test_all_forms_that_stop_the_run_are_counted(delivery, policy_with, monkeypatch):
    for form in (4, 2, 1):
        delivery.set("initiator", form, planhjlp="9")
    monkeypatch.setattr("frs_pipeline.intake.readers.csvfiles.BLOCK", 300)
    with pytest.raises(CheckFailed, match=r"initiator/dataset\.csv:3: 3 forms break a rule"):
        delivery.validated("initiator", policy=policy_with(outside_scale="stop"))


@pytest.mark.parametrize(("severity", "refused"), [("stop", True), ("warn", False)])
def test_labels_that_drifted_stop_the_run_or_are_noted(delivery, policy_with, severity, refused):
    path = delivery.path("coordinator/labels.csv")
    path.write_bytes(path.read_bytes().replace(b"rigtig mange", b"slet ingen?"))
    changed = policy_with(labels_drifted=severity)
    if refused:
        with pytest.raises(InputError, match=r"\[labels_drifted\]"):
            delivery.validated("coordinator", policy=changed)
        return
    result = delivery.validated("coordinator", policy=changed)
    assert [(row["rule"], row["column"]) for row in result.noted.table().to_pylist()] == [("labels_drifted", "konflikt")]
    assert result.set_aside == 0


@pytest.mark.parametrize("minutes", [0, 3, 10])
def test_how_close_together_a_paper_is_keyed_twice_is_the_policys(delivery, minutes):
    delivery.set("initiator", 1, created="2019-05-07 09:00:00")
    delivery.repeat("initiator", 1, responde="900001", created="2019-05-07 09:03:00")
    changed = policy(STUDY).model_copy(update={"keyed_twice_within_minutes": minutes})
    assert delivery.validated("initiator", policy=changed).set_aside == (minutes >= 3)


def test_registers_that_disagree_are_noted_with_the_number_or_stop_the_run(delivery, held, policy_with):
    moved = held[0].__class__(**{**vars(held[1]), "date": "2018-03-02", "occasion": "followup"})
    strange = held[0].__class__(**{**vars(held[0]), "conference_number": 60666})
    delivery.write_ledger([held[0], moved, *held[3:], strange])
    intake = delivery.intake()
    found = [(finding.rule, finding.value, finding.column) for finding, _ in registers(intake, "codebook", "ledger")]
    assert found == [
        ("registers_differ", "40222", "date"),
        ("registers_differ", "40222", "occasion"),
        ("not_in_ledger", "40333", "conference_number"),
        ("not_in_codebook", "60666", "raadslagningsnummer"),
    ]
    assert {finding.form for finding, _ in registers(intake, "codebook", "ledger")} == {None}
    for rule, file in (("not_in_ledger", "codebook"), ("not_in_codebook", "ledger"), ("registers_differ", "ledger")):
        with pytest.raises(InputError, match=rf"^{file}: .*\[{rule}\]") as refused:
            registers(delivery.intake(policy=policy_with(**{rule: "stop"})), "codebook", "ledger")
        assert "40" not in refused.value.what


def shares(delivery, policy_with, severity="stop", accepted=()):
    return delivery.intake(policy=policy_with(too_many_set_aside=severity), exceptions=Exceptions(tuple(accepted)))


@pytest.mark.parametrize(
    ("delivered", "aside", "where"),
    [
        pytest.param({"initiator": 100, "coordinator": 100}, {"initiator": 10, "coordinator": 0}, None, id="just within"),
        pytest.param({"initiator": 100, "coordinator": 100}, {"initiator": 10, "coordinator": 1}, "", id="too many of all"),
        pytest.param({"initiator": 10, "coordinator": 90}, {"initiator": 2, "coordinator": 0}, None, id="a fifth of one"),
        pytest.param({"initiator": 10, "coordinator": 90}, {"initiator": 3, "coordinator": 0}, "initiator", id="more of one"),
        pytest.param({"initiator": 0, "coordinator": 0}, {"initiator": 0, "coordinator": 0}, None, id="none delivered"),
    ],
)
def test_how_much_may_be_set_aside(delivery, policy_with, delivered, aside, where):
    if where is None:
        assert admit(shares(delivery, policy_with), delivered, aside) == []
        return
    with pytest.raises(CheckFailed, match=r"forms were set aside, more than the policy's \d+% \[too_many_set_aside\]") as refused:
        admit(shares(delivery, policy_with), delivered, aside)
    assert (refused.value.where or "") == where
    ((finding, accepted),) = admit(shares(delivery, policy_with, "warn"), delivered, aside)
    assert (finding.rule, finding.column or "", accepted) == ("too_many_set_aside", where, None)
    this = Accepted("", "too_many_set_aside", where, "flyttedag", "LK", dt.date(2021, 12, 31))
    ((_, accepted),) = admit(shares(delivery, policy_with, accepted=[this]), delivered, aside)
    assert accepted is this
