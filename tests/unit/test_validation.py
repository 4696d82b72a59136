"""Which forms are accepted, and which are set aside with every reason."""

import pytest

from frs_pipeline.errors import InputError
from frs_pipeline.exports.surveyxact import read_export
from frs_pipeline.exports.validation import MESSAGES, REJECTED, forms_schema, validate
from frs_pipeline.questionnaires import INSTRUMENTS
from frs_pipeline.questionnaires.model import questionnaires

# The instrument that the cases spoil; `belief` (planhjlp) and `conflict` (konflikt) have codes 1 to 5.
INITIATOR = questionnaires()["initiator"]


def validated(delivery, instrument="initiator"):
    result = validate(read_export(delivery.path(instrument)), questionnaires()[instrument])
    lines = set(result.rejected["line"].to_pylist())
    assert result.delivered == len(delivery.dataset(instrument)) - 1
    assert result.set_aside == len(lines)
    assert result.forms.num_rows + result.set_aside == result.delivered
    assert not lines & set(result.forms["line"].to_pylist())
    return result


def reasons(result):
    """(form, rule, column) of what was set aside; forms are counted from 0."""
    return sorted((row["line"] - 2, row["rule"], row["column"]) for row in result.rejected.to_pylist())


@pytest.mark.parametrize("instrument", INSTRUMENTS)
def test_good_forms_are_all_accepted_as_they_were_delivered(delivery, instrument):
    result = validated(delivery, instrument)
    questionnaire = questionnaires()[instrument]
    assert reasons(result) == []
    assert result.forms.schema.equals(forms_schema(questionnaire), check_metadata=True)
    for i, form in enumerate(result.forms.to_pylist()):
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
    assert result.forms["line"].to_pylist() == [3, 4]


def test_every_form_may_be_set_aside(delivery):
    for form in range(5):
        delivery.set("initiator", form, planhjlp="9")
    assert validated(delivery).forms.num_rows == 0


def test_what_is_set_aside_names_file_line_form_and_reason(delivery):
    delivery.set("initiator", 2, planhjlp="66")
    result = validated(delivery)
    assert result.rejected.schema == REJECTED
    assert result.rejected.to_pylist() == [
        {
            "instrument": "initiator",
            "file": "initiator/dataset.csv",
            "line": 4,
            "form_id": "IN-" + delivery.get("initiator", 2, "responde"),
            "column": "planhjlp",
            "value": "66",
            "rule": "outside_scale",
            "message": MESSAGES["outside_scale"],
        }
    ]


def test_a_respondent_id_stands_for_the_first_form_that_has_it(delivery):
    delivery.set("initiator", 3, responde=f" {delivery.get('initiator', 1, 'responde')}")
    result = validated(delivery)
    assert reasons(result) == [(3, "respondent_twice", "responde")]
    assert len(set(result.forms["form_id"].to_pylist())) == result.forms.num_rows


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
    assert reasons(validated(delivery)) == ([(5, "keyed_twice", "created")] if twice else [])


def test_it_is_the_later_keying_that_is_set_aside_whatever_the_order_in_the_file(delivery):
    delivery.set("initiator", 1, created="2019-05-07 09:05:00")
    delivery.repeat("initiator", 1, responde="900001", created=FIRST)
    assert reasons(validated(delivery)) == [(1, "keyed_twice", "created")]


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
    with pytest.raises(InputError, match="question konflikt is missing") as refused:
        validated(delivery)
    assert refused.value.where == f"{delivery.path('initiator/dataset.csv')}:1"


def test_a_column_that_the_questionnaire_does_not_know_is_refused(delivery):
    delivery.add_column("initiator", "nyt_spm", "1")
    with pytest.raises(InputError, match="column nyt_spm isn't in questionnaire initiator") as refused:
        validated(delivery)
    assert refused.value.where == f"{delivery.path('initiator/dataset.csv')}:1"


def test_an_export_of_another_questionnaire_is_refused(delivery):
    with pytest.raises(InputError, match="missing"):
        validate(read_export(delivery.path("coordinator")), INITIATOR)
