"""To how many forms each rule was applied, and what comes of it when it couldn't be."""

import datetime as dt

import pytest
from support.study import STUDY

from frs_pipeline.errors import CheckFailed
from frs_pipeline.intake.applying import APPLIED, applied_to_registers, require_applied, rules_of, unapplied
from frs_pipeline.study.instruments import instruments
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.study.rules import KINDS, policy

LATER = "2019-05-07 09:06:00"
TIMES = ("created", "modified", "closetim", "starttim")


def missed(result):
    return {(each.rule, each.reason): (each.number, each.total) for each in unapplied([result.applied])}


def hold(delivery, *results):
    """Raises `CheckFailed` when a rule couldn't be applied to too much."""
    return require_applied(delivery.intake(), [result.applied for result in results])


def rewrite(delivery, instrument, write, columns=TIMES):
    rows = delivery.dataset(instrument)
    for row in rows[1:]:
        for at in map(rows[0].index, columns):
            row[at] = write(dt.datetime.fromisoformat(row[at]))
    delivery.write_dataset(instrument, rows)


def keyed_again(delivery):
    """One paper keyed twice, on a day that is told from its month by no other day of the column."""
    delivery.set("initiator", 1, created="2019-05-07 09:00:00")
    delivery.repeat("initiator", 1, responde="900001", created="2019-05-07 09:05:00", modified=LATER, closetim=LATER)


@pytest.mark.parametrize("instrument", instruments(STUDY))
def test_of_a_good_delivery_every_rule_was_applied_to_every_form(delivery, instrument):
    result = delivery.validated(instrument)
    assert result.applied.schema == APPLIED
    paper = {("keyed_twice", "no_answers"), ("several_of_one", "no_role")}
    assert missed(result).keys() <= paper
    for row in result.applied.to_pylist():
        if row["of"] == "forms" and (row["rule"], row["reason"]) not in paper and row["rule"] not in dict(paper):
            assert row["number"] == result.forms.num_rows
    told = set(result.applied["rule"].to_pylist())
    assert told == {*rules_of(questionnaires(STUDY)[instrument], delivery.intake().policy), "labels_drifted", "wording_drifted"}


def test_every_built_in_rule_is_counted_somewhere(delivery):
    tables = [delivery.validated(name).applied for name in instruments(STUDY)]
    intake = delivery.intake()
    told = {
        rule for table in [*tables, applied_to_registers(intake.codebook, intake.ledger)] for rule in table["rule"].to_pylist()
    }
    assert KINDS.keys() - told == {"too_many_set_aside", "not_applied", "exception_unused"}


def test_times_as_a_danish_spreadsheet_saves_them_are_read(delivery):
    keyed_again(delivery)
    expected = delivery.validated("initiator")
    rewrite(delivery, "initiator", lambda time: time.strftime("%d-%m-%Y %H:%M"))
    result = delivery.validated("initiator")
    assert result.forms.table() == expected.forms.table()
    assert [row["rule"] for row in result.rejected.table().to_pylist()] == ["keyed_twice"]
    assert not missed(result)


def test_times_of_which_day_and_month_cannot_be_told_apart_stop_the_run(delivery):
    keyed_again(delivery)
    rewrite(delivery, "initiator", lambda time: f"{time.month}/{time.day}/{time.year} {time.hour}:{time.minute:02d}")
    result = delivery.validated("initiator")
    assert missed(result) == {
        ("keyed_twice", "times_ambiguous"): (6, 6),
        ("timestamps_backwards", "times_ambiguous"): (6, 6),
    }
    with pytest.raises(CheckFailed, match=r"initiator: .* couldn't be applied to 6 of 6 forms .*\[not_applied\]"):
        hold(delivery, result)


def test_times_that_tell_day_and_month_apart_are_read(delivery):
    keyed_again(delivery)
    delivery.set("initiator", 0, **dict.fromkeys(TIMES, "2019-04-30 09:00:00"))
    rewrite(delivery, "initiator", lambda time: f"{time.month}/{time.day}/{time.year} {time.hour}:{time.minute:02d}", TIMES[:1])
    result = delivery.validated("initiator")
    assert [row["rule"] for row in result.rejected.table().to_pylist()] == ["keyed_twice"]
    assert not missed(result)


@pytest.mark.parametrize("block", [8 << 20, 300], ids=["one chunk", "many chunks"])
def test_the_format_is_that_of_the_whole_column(delivery, monkeypatch, block):
    """Only the last form tells which is the day."""
    monkeypatch.setattr("frs_pipeline.intake.readers.csvfiles.BLOCK", block)
    last = len(delivery.dataset("participant_first")) - 2
    delivery.set("participant_first", last, **dict.fromkeys(TIMES, "2019-05-30 09:00:00"))
    delivery.set("participant_first", 1, created="2019-05-07 09:10:00")
    rewrite(delivery, "participant_first", lambda time: time.strftime("%d/%m/%Y %H:%M"))
    result = delivery.validated("participant_first")
    assert not any(rule in ("keyed_twice", "timestamps_backwards") and why != "no_answers" for rule, why in missed(result))
    backwards = [row["line"] for row in result.noted.table().to_pylist() if row["rule"] == "timestamps_backwards"]
    assert set(backwards) == {3}


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (lambda d: d.drop_column("initiator", "starttim"), {("timestamps_backwards", "column_missing"): (5, 5)}),
        (
            lambda d: [d.set("initiator", form, closetim="") for form in range(5)],
            {("timestamps_backwards", "column_blank"): (5, 5)},
        ),
        (
            lambda d: d.set("initiator", 1, created=""),
            {("keyed_twice", "time_missing"): (1, 5), ("timestamps_backwards", "time_missing"): (1, 5)},
        ),
        (lambda d: d.set("initiator", 1, closetim="i dag"), {("timestamps_backwards", "time_unreadable"): (1, 5)}),
        (lambda d: d.set("initiator", 1, closetim=""), {}),
        (lambda d: d.write_ledger(()), {("ledger_contradicts", "not_in_ledger"): (5, 5)}),
    ],
)
def test_what_a_rule_could_not_look_at_is_counted_with_the_reason(delivery, spoil, expected):
    spoil(delivery)
    result = delivery.validated("initiator")
    assert missed(result) == expected
    if any(number == total for number, total in expected.values()):
        with pytest.raises(CheckFailed, match=r"\[not_applied\]"):
            hold(delivery, result)
    else:
        assert hold(delivery, result) == []


def test_forms_that_are_set_aside_are_not_among_those_that_a_rule_was_applied_to(delivery):
    keyed_again(delivery)
    delivery.set("initiator", 2, created="", planhjlp="9")
    delivery.write_ledger(())
    result = delivery.validated("initiator")
    assert result.set_aside == 2
    assert missed(result) == {("ledger_contradicts", "not_in_ledger"): (4, 4)}


def test_roles_left_blank_are_told_and_stop_nothing_unless_all_are(delivery):
    for form in range(3):
        delivery.set("participant_first", form, hvem="")
    result = delivery.validated("participant_first")
    assert missed(result)["several_of_one", "no_role"][0] >= 3
    assert hold(delivery, result) == []
    for form in range(9):
        delivery.set("participant_first", form, hvem="")
    with pytest.raises(CheckFailed, match="several_of_one couldn't be applied to 9 of 9 forms"):
        hold(delivery, delivery.validated("participant_first"))


def test_texts_that_an_export_lacks_are_counted_by_question(delivery):
    text = questionnaires(STUDY)["initiator"].question("belief").text.encode("cp1252")
    structure = delivery.path("initiator/structure.csv")
    assert text in structure.read_bytes()
    structure.write_bytes(structure.read_bytes().replace(text, b""))
    (each,) = unapplied([delivery.validated("initiator").applied])
    assert (each.rule, each.of, each.reason, each.number) == ("wording_drifted", "questions", "no_text", 1)


def test_too_much_may_be_accepted_or_allowed(delivery, policy_with):
    delivery.write_ledger(())
    result = delivery.validated("initiator")
    delivery.accept(["", "not_applied", "ledger_contradicts"])
    ((finding, accepted),) = hold(delivery, result)
    assert (finding.rule, finding.instrument, finding.column) == ("not_applied", "initiator", "ledger_contradicts")
    assert accepted is not None
    delivery.path("exceptions.csv").unlink()
    mild = delivery.intake(policy=policy_with(not_applied="warn"))
    ((_, accepted),) = require_applied(mild, [result.applied])
    assert accepted is None


def test_the_registers_are_counted_by_conference(delivery, held):
    delivery.write_ledger([e for e in held if e.conference_number != 40222])
    intake = delivery.intake()
    (each,) = unapplied([applied_to_registers(intake.codebook, intake.ledger)])
    assert (each.rule, each.of, each.reason, each.number, each.total) == ("registers_differ", "conferences", "only_in_one", 1, 5)


def test_a_rule_has_the_policys_share_or_its_own():
    assert policy(STUDY).share_not_applied("keyed_twice") == policy(STUDY).largest_share_not_applied
    assert (
        policy(STUDY).share_not_applied("ledger_contradicts")
        == policy(STUDY).rules["ledger_contradicts"].largest_share_not_applied
    )
