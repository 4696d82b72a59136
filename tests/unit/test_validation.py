"""Which forms are accepted, and which are set aside with every reason."""

import json

import pyarrow.parquet as pq
import pytest
from support.study import STUDY

from frs_pipeline.errors import CheckFailed, InputError
from frs_pipeline.intake import validation
from frs_pipeline.intake.delivery import forms_set_aside
from frs_pipeline.intake.remarks import NOTED, REJECTED
from frs_pipeline.intake.validation import forms_schema
from frs_pipeline.study.instruments import instruments
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.study.rules import policy

# The instrument that the cases spoil; `belief` (planhjlp) and `conflict` (konflikt) have codes 1 to 5.
INITIATOR = questionnaires(STUDY)["initiator"]


def validated(delivery, instrument="initiator", **changes):
    result = delivery.validated(instrument, **changes)
    lines = {row["line"] for row in rejected(result)}
    assert result.delivered == len(delivery.dataset(instrument)) - 1
    assert result.set_aside == len(lines)
    assert result.forms.num_rows + result.set_aside == result.delivered
    assert not lines & set(accepted_lines(result))
    assert not lines & {row["line"] for row in result.noted.table().to_pylist() if row["form_id"]}
    return result


def accepted_lines(result):
    return result.forms.table()["line"].to_pylist()


def rejected(result):
    return result.rejected.table().to_pylist()


def reasons(result):
    """(form, rule, column) of what was set aside; forms are counted from 0."""
    return sorted((row["line"] - 2, row["rule"], row["column"]) for row in rejected(result))


def remarks(result, rule):
    """(form, column, severity) of what was noted under a rule."""
    return [(row["line"] - 2, row["column"], row["severity"]) for row in result.noted.table().to_pylist() if row["rule"] == rule]


@pytest.mark.parametrize("instrument", instruments(STUDY))
def test_good_forms_are_all_accepted_as_they_were_delivered(delivery, instrument):
    result = validated(delivery, instrument)
    questionnaire = questionnaires(STUDY)[instrument]
    assert reasons(result) == []
    assert result.forms.schema.equals(forms_schema(questionnaire), check_metadata=True)
    for i, form in enumerate(result.forms.table().to_pylist()):
        assert form["form_id"] == f"{questionnaire.form_prefix}-{delivery.get(instrument, i, 'responde')}"
        assert form["line"] == i + 2
        assert form["conference_number"] == int(delivery.get(instrument, i, "raadsnr"))
        delivered = {q.name: delivery.get(instrument, i, q.source) for q in questionnaire.questions}
        assert {name: form[name] for name in delivered} == {k: int(v) if v else None for k, v in delivered.items()}


NUMBER = ("raadsnr", "raadsnr2")
BOTH_UNREADABLE = [(1, "number_unreadable", "raadsnr")]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        pytest.param(dict.fromkeys(NUMBER, ""), BOTH_UNREADABLE, id="number blank"),
        pytest.param(dict.fromkeys(NUMBER, "4O111"), BOTH_UNREADABLE, id="letter in the number"),
        pytest.param(dict.fromkeys(NUMBER, "40.111"), BOTH_UNREADABLE, id="separator in the number"),
        pytest.param(dict.fromkeys(NUMBER, "4" * 10), BOTH_UNREADABLE, id="number too long"),
        pytest.param({"raadsnr": ""}, BOTH_UNREADABLE, id="first keying blank"),
        pytest.param({"raadsnr2": ""}, [(1, "numbers_differ", "raadsnr2")], id="second keying blank"),
        pytest.param({"raadsnr2": "40112"}, [(1, "numbers_differ", "raadsnr2")], id="keyings differ"),
        pytest.param(dict.fromkeys(NUMBER, "49999"), [(1, "number_unknown", "raadsnr")], id="number of no conference"),
        pytest.param(dict.fromkeys(NUMBER, "9" * 9), [(1, "number_unknown", "raadsnr")], id="number above all others"),
        pytest.param(dict.fromkeys(NUMBER, "0"), [(1, "number_unknown", "raadsnr")], id="number below all others"),
        pytest.param({"planhjlp": "x"}, [(1, "code_unreadable", "planhjlp")], id="answer a letter"),
        pytest.param({"planhjlp": "1,5"}, [(1, "code_unreadable", "planhjlp")], id="answer a fraction"),
        pytest.param({"planhjlp": "1.0"}, [(1, "code_unreadable", "planhjlp")], id="answer with decimals"),
        pytest.param({"planhjlp": "²"}, [(1, "code_unreadable", "planhjlp")], id="answer another digit"),
        pytest.param({"planhjlp": "6"}, [(1, "outside_scale", "planhjlp")], id="code above the scale"),
        pytest.param({"planhjlp": "0"}, [(1, "outside_scale", "planhjlp")], id="code below the scale"),
        pytest.param({"planhjlp": "-1"}, [(1, "outside_scale", "planhjlp")], id="negative code"),
        pytest.param({"planhjlp": "257"}, [(1, "outside_scale", "planhjlp")], id="code that wraps to one"),
        pytest.param(
            {"planhjlp": "6", "konflikt": "7"},
            [(1, "outside_scale", "konflikt"), (1, "outside_scale", "planhjlp")],
            id="two codes outside",
        ),
        pytest.param(
            {"raadsnr2": "1", "planhjlp": "6", "konflikt": "?"},
            [(1, "code_unreadable", "konflikt"), (1, "numbers_differ", "raadsnr2"), (1, "outside_scale", "planhjlp")],
            id="three rules at once",
        ),
        pytest.param({"planhjlp": ""}, [], id="blank answer is no fault"),
        pytest.param({"planhjlp": " 2 ", "raadsnr": "50555 ", "raadsnr2": "50555"}, [], id="spaces around"),
        pytest.param({"planhjlp": "02"}, [], id="leading zero"),
        pytest.param({"created": "yesterday"}, [], id="time of keying unreadable"),
    ],
)
def test_a_form_is_set_aside_with_every_reason(delivery, cells, expected):
    delivery.set("initiator", 1, **cells)
    assert reasons(validated(delivery)) == expected


def test_a_digit_of_another_script_is_no_code(delivery, encode):
    rows = delivery.dataset("initiator")
    rows[2][rows[0].index("planhjlp")] = "\N{FULLWIDTH DIGIT TWO}"
    delivery.path("initiator/dataset.csv").write_bytes(encode(rows, "utf-8"))
    assert reasons(validated(delivery)) == [(1, "code_unreadable", "planhjlp")]


def test_faults_of_several_forms_are_each_told(delivery):
    delivery.set("initiator", 0, raadsnr2="1")
    delivery.set("initiator", 3, planhjlp="9")
    delivery.set("initiator", 4, konflikt="9", raadsnr="", raadsnr2="")
    result = validated(delivery)
    assert reasons(result) == [
        (0, "numbers_differ", "raadsnr2"),
        (3, "outside_scale", "planhjlp"),
        (4, "number_unreadable", "raadsnr"),
        (4, "outside_scale", "konflikt"),
    ]
    assert accepted_lines(result) == [3, 4]


def test_every_form_may_be_set_aside(delivery):
    for form in range(5):
        delivery.set("initiator", form, planhjlp="9")
    assert validated(delivery).forms.num_rows == 0


def test_what_is_set_aside_names_file_line_form_and_reason_and_keeps_the_row(delivery):
    delivery.set("initiator", 2, planhjlp="66")
    result = validated(delivery)
    header, *forms = delivery.dataset("initiator")
    assert result.rejected.schema == REJECTED
    assert rejected(result) == [
        {
            "instrument": "initiator",
            "file": "initiator/dataset.csv",
            "line": 4,
            "form_id": "IN-" + delivery.get("initiator", 2, "responde"),
            "column": "planhjlp",
            "value": "66",
            "rule": "outside_scale",
            "message": policy(STUDY).rules["outside_scale"].message,
            "row": json.dumps(dict(zip(header, forms[2], strict=True)), ensure_ascii=False),
        }
    ]


def test_a_respondent_id_stands_for_the_first_form_that_has_it(delivery):
    delivery.set("initiator", 3, responde=f" {delivery.get('initiator', 1, 'responde')}")
    result = validated(delivery)
    assert reasons(result) == [(3, "respondent_twice", "responde")]
    assert len(set(result.forms.table()["form_id"].to_pylist())) == result.forms.num_rows


FIRST = "2019-05-07 09:00:00"


@pytest.mark.parametrize(
    ("created", "cells", "twice"),
    [
        pytest.param("2019-05-07 09:00:40", {}, True, id="seconds later"),
        pytest.param("2019-05-07 09:10:00", {}, True, id="ten minutes later"),
        pytest.param("2019-05-07 09:10:01", {}, False, id="just after the window"),
        pytest.param("2019-05-08 09:00:00", {}, False, id="a day later"),
        pytest.param(FIRST, {}, True, id="in the same second"),
        pytest.param("2019-05-07 09:00:40", {"planhjlp": "5"}, False, id="another answer"),
        pytest.param("2019-05-07 09:00:40", {"planhjlp": ""}, False, id="an answer left blank"),
        pytest.param("2019-05-07 09:00:40", {"raadsnr": "40333", "raadsnr2": "40333"}, False, id="another number"),
        pytest.param("sometime", {}, False, id="unknown time of keying"),
    ],
)
def test_a_form_is_keyed_twice_only_with_the_same_number_and_answers_within_minutes(delivery, created, cells, twice):
    delivery.set("initiator", 1, created=FIRST, planhjlp="2")
    delivery.repeat("initiator", 1, responde="900001", created=created, **cells)
    found = reasons(validated(delivery))
    # That its times run backwards, too, is only a reason beside another.
    assert [reason for reason in found if reason[1] != "timestamps_backwards"] == (
        [(5, "keyed_twice", "created")] if twice else []
    )
    assert bool(found) == twice


def test_forms_with_several_reasons_are_counted_once_wherever_their_reasons_stand(delivery, tmp_path):
    for form in (0, 1):
        delivery.set("initiator", form, created=FIRST)
        # Keyed a minute later, and its times run backwards: the warning is found long before the double.
        delivery.repeat("initiator", form, responde=f"90000{form}", created="2019-05-07 09:01:00")
    result = validated(delivery)
    lines = [row["line"] for row in result.rejected.table().to_pylist()]
    assert lines != sorted(lines) and len(set(lines)) == result.set_aside == 2
    pq.write_table(result.rejected.table(), tmp_path / "rejected.parquet")
    assert forms_set_aside(tmp_path / "rejected.parquet") == {"initiator": 2}


def test_it_is_the_later_keying_that_is_set_aside_whatever_the_order_in_the_file(delivery):
    delivery.set("initiator", 1, created="2019-05-07 09:05:00")
    delivery.repeat("initiator", 1, responde="900001", created=FIRST)
    assert [found for found in reasons(validated(delivery)) if found[1] == "keyed_twice"] == [(1, "keyed_twice", "created")]


def test_two_papers_left_wholly_blank_are_two_papers(delivery):
    blank = {question.source: "" for question in INITIATOR.questions}
    delivery.set("initiator", 1, created=FIRST, **blank)
    delivery.repeat("initiator", 1, responde="900001", created="2019-05-07 09:01:00")
    assert reasons(validated(delivery)) == []


def test_blanks_in_the_same_places_are_the_same_answers(delivery):
    blank = {question.source: "" for question in INITIATOR.questions[1:]}
    delivery.set("initiator", 1, created=FIRST, **{INITIATOR.questions[0].source: "1"}, **blank)
    delivery.repeat("initiator", 1, responde="900001", created="2019-05-07 09:01:00")
    assert reasons(validated(delivery)) == [(5, "keyed_twice", "created")]


def test_forms_without_a_number_are_not_taken_for_each_other(delivery):
    delivery.set("initiator", 1, created=FIRST, raadsnr="", raadsnr2="")
    delivery.repeat("initiator", 1, responde="900001", created="2019-05-07 09:01:00")
    assert {rule for _, rule, _ in reasons(validated(delivery))} == {"number_unreadable"}


def test_a_question_that_is_missing_from_the_export_is_refused(delivery):
    delivery.drop_column("initiator", "konflikt")
    with pytest.raises(InputError, match=r"question konflikt is missing from the export \[question_missing\]") as refused:
        validated(delivery)
    assert refused.value.where == f"{delivery.path('initiator/dataset.csv')}:1"


def test_a_column_that_the_questionnaire_does_not_know_is_refused(delivery):
    delivery.add_column("initiator", "nyt_spm", "1")
    with pytest.raises(InputError, match=r"column nyt_spm isn't in questionnaire initiator \[column_unknown\]") as refused:
        validated(delivery)
    assert refused.value.where == f"{delivery.path('initiator/dataset.csv')}:1"


def test_an_export_of_another_questionnaire_is_refused(delivery):
    with pytest.raises(InputError, match="missing"):
        delivery.validated("coordinator", INITIATOR)


def test_an_export_without_forms_is_refused(delivery):
    delivery.write_dataset("initiator", delivery.dataset("initiator")[:1])
    with pytest.raises(InputError, match=r"dataset\.csv: a header and no rows \[no_forms\]"):
        delivery.validated("initiator")


@pytest.mark.parametrize("instrument", ["participant_first", "participant_followup"])
def test_a_form_for_one_occasion_with_a_number_of_the_other(delivery, held, instrument):
    other = {"participant_first": "50444", "participant_followup": "40222"}[instrument]
    delivery.set(instrument, 1, raadsnr=other, raadsnr2=other)
    assert reasons(validated(delivery, instrument)) == [(1, "wrong_occasion", "raadsnr")]


def test_a_number_that_one_keying_has_wrong_is_not_looked_up(delivery):
    delivery.set("initiator", 1, raadsnr="49999")
    assert reasons(validated(delivery)) == [(1, "numbers_differ", "raadsnr2")]


def turned(held, number):
    """The entries with another occasion for one of them."""
    other = {"first": "followup", "followup": "first"}
    return [e.__class__(**{**vars(e), "occasion": other[e.occasion]}) if e.conference_number == number else e for e in held]


@pytest.mark.parametrize(
    ("instrument", "number"), [("participant_first", 40222), ("participant_followup", 50444), ("initiator", 50555)]
)
def test_a_ledger_of_another_occasion_than_the_form_is_counted_under(delivery, held, instrument, number):
    delivery.write_ledger(turned(held, number))
    mine = [
        form for form in range(len(delivery.dataset(instrument)) - 1) if delivery.get(instrument, form, "raadsnr") == str(number)
    ]
    assert mine
    assert reasons(validated(delivery, instrument)) == [(form, "ledger_contradicts", "raadsnr") for form in mine]


def test_a_conference_that_is_not_in_the_ledger_is_contradicted_by_nothing(delivery, held):
    delivery.write_ledger([e for e in held if e.conference_number != 40222])
    assert reasons(validated(delivery)) == []


ROLE = questionnaires(STUDY)["participant_first"].question("role").source


@pytest.mark.parametrize(
    ("rule", "cells", "column"),
    [
        ("role_missing", {ROLE: ""}, ROLE),
        ("timestamp_unreadable", {"created": "06-05-2019 09:00"}, "created"),
        ("timestamp_unreadable", {"created": ""}, "created"),
        ("timestamps_backwards", {"modified": "2019-05-01 09:00:00"}, "modified"),
        ("timestamps_backwards", {"starttim": "2029-05-01 09:00:00"}, "closetim"),
    ],
)
def test_a_warning_is_noted_and_the_form_counts(delivery, rule, cells, column):
    delivery.set("participant_first", 2, **cells)
    result = validated(delivery, "participant_first")
    assert reasons(result) == []
    assert result.noted.schema == NOTED
    assert (2, column, "warn") in remarks(result, rule)


def test_a_time_is_read_alike_whatever_stands_beside_it(delivery):
    times = ["2019-05-06T09:00:00", "2019-05-06 09:00:00", "2019-05-06T09:00:00", "2019-05-06 24:00:00", "2019-05-06 9:00:00"]
    for forms, unreadable in (([0, 1, 2], []), (range(5), [3, 4])):
        for form in forms:
            delivery.set("initiator", form, created=times[form])
        assert [form for form, _, _ in remarks(validated(delivery), "timestamp_unreadable")] == unreadable


def test_what_is_only_a_warning_is_told_with_the_reasons_of_a_form_that_is_set_aside(delivery):
    delivery.set("initiator", 1, created="", planhjlp="9")
    result = validated(delivery)
    assert reasons(result) == [(1, "outside_scale", "planhjlp"), (1, "timestamp_unreadable", "created")]
    assert remarks(result, "timestamp_unreadable") == []


def test_an_impossible_role_has_a_rule_of_its_own(delivery):
    delivery.set("participant_first", 1, **{ROLE: "99"})
    assert reasons(validated(delivery, "participant_first")) == [(1, "role_impossible", ROLE)]


def test_the_forms_of_a_delivery_too_large_for_one_chunk_are_judged_alike(delivery, monkeypatch):
    """Also what only shows beside a form of another chunk."""
    delivery.set("participant_first", 1, created=FIRST)
    delivery.repeat("participant_first", 1, responde="900001", created="2019-05-07 09:01:00")
    delivery.repeat("participant_first", 3)
    delivery.set("participant_first", 5, raadsnr2="1")
    delivery.set("participant_first", 6, raadsnr="49999", raadsnr2="49999")
    whole = validated(delivery, "participant_first")
    assert len(reasons(whole)) == 4
    monkeypatch.setattr("frs_pipeline.intake.readers.csvfiles.BLOCK", 300)
    monkeypatch.setattr("frs_pipeline.store.rows.BATCH", 2)
    split = validated(delivery, "participant_first")
    for name in ("forms", "rejected"):
        assert getattr(split, name).table() == getattr(whole, name).table()
    order = [("line", "ascending"), ("rule", "ascending")]
    assert split.noted.table().sort_by(order) == whole.noted.table().sort_by(order)


def test_a_form_that_is_lost_on_the_way_is_noticed(delivery, monkeypatch):
    accepted = validation._Split._accepted
    monkeypatch.setattr(validation._Split, "_accepted", lambda *given: accepted(*given).slice(1))
    with pytest.raises(CheckFailed, match="forms were lost in validation"):
        delivery.validated("initiator")
