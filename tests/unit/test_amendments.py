"""Corrections and accepted exceptions: made only where they fit, and told; and what rests on them."""

import datetime as dt
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.study import STUDY

from frs_pipeline.codebook.cases import with_cases
from frs_pipeline.codebook.pseudonyms import mart_schema, pseudonymise
from frs_pipeline.errors import InputError
from frs_pipeline.intake.amendments import read_corrections, read_exceptions
from frs_pipeline.intake.delivery import remarks
from frs_pipeline.intake.remarks import registers
from frs_pipeline.lineage.corrections import resting
from frs_pipeline.store.files import Store
from frs_pipeline.store.plan import products
from frs_pipeline.store.rows import Rows
from frs_pipeline.study.instruments import instruments
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.study.rules import KINDS, policy
from frs_pipeline.study.tables import catalogue

ON = dt.date(2021, 1, 31)


def answer(result, form_id, name):
    (row,) = (row for row in result.forms.table().to_pylist() if row["form_id"] == form_id)
    return row[name]


def spoilt(delivery):
    delivery.set("initiator", 1, planhjlp="9")
    return delivery.form_id("initiator", 1)


def test_a_corrected_form_counts_with_the_new_value(delivery):
    form = spoilt(delivery)
    delivery.correct([form, "planhjlp", "9", "2"])
    result = delivery.validated("initiator")
    assert result.set_aside == 0
    assert answer(result, form, "belief") == 2


@pytest.mark.parametrize(("old", "new", "expected"), [("", "2", 2), ("2", "", None), (" 2 ", "3", 3)])
def test_a_blank_may_be_filled_in_and_an_answer_taken_out(delivery, old, new, expected):
    delivery.set("initiator", 1, planhjlp=old)
    form = delivery.form_id("initiator", 1)
    delivery.correct([form, "planhjlp", old.strip(), new])
    assert answer(delivery.validated("initiator"), form, "belief") == expected


def test_a_correction_that_mends_nothing_leaves_the_form_aside_with_the_row_as_delivered(delivery):
    form = spoilt(delivery)
    delivery.correct([form, "planhjlp", "9", "8"])
    (row,) = delivery.validated("initiator").rejected.table().to_pylist()
    assert (row["rule"], row["value"]) == ("outside_scale", "8")
    assert json.loads(row["row"])["planhjlp"] == "9"


def test_both_keyings_of_a_number_may_be_corrected(delivery):
    delivery.set("initiator", 1, raadsnr="4", raadsnr2="5")
    form = delivery.form_id("initiator", 1)
    delivery.correct([form, "raadsnr", "4", "40222"], [form, "raadsnr2", "5", "40222"])
    result = delivery.validated("initiator")
    assert answer(result, form, "conference_number") == 40222


@pytest.mark.parametrize(
    ("changes", "line", "says"),
    [
        ([("9", "8"), ("8", "2")], 3, "the old value isn't what the export says"),
        ([("8", "2"), ("9", "8")], 2, "the old value isn't what the export says"),
        ([("9", "8"), ("9", "2")], 3, "an earlier line corrects the same cell"),
    ],
)
def test_every_correction_is_of_what_the_export_says_and_each_cell_is_corrected_once(delivery, changes, line, says):
    form = spoilt(delivery)
    delivery.correct(*([form, "planhjlp", old, new] for old, new in changes))
    with pytest.raises(InputError, match=rf"corrections\.csv:{line}: {says}"):
        delivery.validated("initiator")


@pytest.mark.parametrize(
    ("when", "good"), [("2021-01-31", True), ("2021-03-01", True), ("2022-02-02", False), ("2999-01-01", False)]
)
def test_a_correction_is_not_of_a_far_future(delivery, when, good):
    form = spoilt(delivery)
    delivery.correct([form, "planhjlp", "9", "2", "papir", "LK", when])
    if good:
        assert delivery.validated("initiator").set_aside == 0
    else:
        with pytest.raises(InputError, match=r"corrections\.csv:2: is dated later than 2022-02-01"):
            delivery.validated("initiator")


def test_a_form_without_a_readable_respondent_id_is_named_by_its_line(delivery):
    delivery.set("initiator", 1, responde="x", planhjlp="9")
    delivery.set("initiator", 2, responde="", planhjlp="9")
    delivery.correct(["IN-line3", "planhjlp", "9", "1"])
    rows = delivery.validated("initiator").rejected.table().to_pylist()
    assert [(row["form_id"], row["rule"]) for row in rows] == [
        ("IN-line3", "respondent_unreadable"),
        ("IN-line4", "outside_scale"),
        ("IN-line4", "respondent_unreadable"),
    ]


def test_a_line_does_not_name_a_form_whose_respondent_id_can_be_read(delivery):
    delivery.set("initiator", 1, planhjlp="9")
    delivery.correct(["IN-line3", "planhjlp", "9", "1"])
    with pytest.raises(InputError, match="there is no such form in the export"):
        delivery.validated("initiator")


def test_corrections_of_other_questionnaires_do_not_matter(delivery):
    delivery.correct(["SA-1", "konflikt", "9", "1"])
    assert delivery.validated("initiator").set_aside == 0
    with pytest.raises(InputError, match=r"corrections\.csv:2: there is no such form"):
        delivery.validated("coordinator")


@pytest.mark.parametrize("block", [8 << 20, 300], ids=["one chunk", "many chunks"])
@pytest.mark.parametrize(
    ("cells", "says"),
    [
        pytest.param(["", "planhjlp", "7", "2"], "the old value isn't what the export says", id="old differs"),
        pytest.param(["IN-123", "planhjlp", "9", "2"], "there is no such form in the export", id="no such form"),
        pytest.param(["IN-line99", "planhjlp", "9", "2"], "there is no such form in the export", id="no such line"),
        pytest.param(["", "hjlp", "9", "2"], "there is no such column", id="no such column"),
        pytest.param(["", "responde", "9", "2"], "there is no such column", id="respondent id"),
        pytest.param(["", "planhjlp", "9", "9"], "old and new are the same", id="nothing changed"),
        pytest.param(["IN-x", "planhjlp", "9", "2"], "not a form id", id="form without a number"),
        pytest.param(["XX-700012", "planhjlp", "9", "2"], "not a form id", id="prefix of no questionnaire"),
        pytest.param(["IN-7000120000", "planhjlp", "9", "2"], "not a form id", id="number too long"),
        pytest.param(["", "planhjlp", "9", "2", "", "LK", "2021-02-01"], "reason and who are needed", id="no reason"),
        pytest.param(["", "planhjlp", "9", "2", "papir", " ", "2021-02-01"], "reason and who are needed", id="nobody"),
        pytest.param(["", "", "9", "2"], "column, reason and who are needed", id="no column"),
        pytest.param(["", "planhjlp", "9", "2", "papir", "LK", "1. feb. 2021"], "not a date", id="month in words"),
        pytest.param(["", "planhjlp", "9", "2", "papir", "LK", "2021-02-30"], "not a date", id="day that isn't"),
        pytest.param(["", "planhjlp", "9", "2", "papir", "LK", "2021-02-01", "x"], "8 fields where 7 belong", id="too long"),
        pytest.param(["", "planhjlp", "9", "2", "610180-1234", "LK", "2021-02-01"], "holds a personal number", id="personal"),
    ],
)
def test_a_correction_that_does_not_fit_is_refused_with_its_line(delivery, monkeypatch, cells, says, block):
    monkeypatch.setattr("frs_pipeline.intake.readers.csvfiles.BLOCK", block)
    form = spoilt(delivery)
    delivery.correct([cells[0] or form, *cells[1:]])
    with pytest.raises(InputError, match=says) as refused:
        delivery.validated("initiator")
    assert refused.value.where == f"{delivery.path('corrections.csv')}:2"
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("block", [8 << 20, 300], ids=["one chunk", "many chunks"])
def test_a_correction_of_an_id_that_stands_twice_is_refused(delivery, monkeypatch, block):
    monkeypatch.setattr("frs_pipeline.intake.readers.csvfiles.BLOCK", block)
    form = spoilt(delivery)
    delivery.repeat("initiator", 1)
    delivery.correct([form, "planhjlp", "9", "2"])
    with pytest.raises(InputError, match=r"corrections\.csv:2: more than one form has this id"):
        delivery.validated("initiator")


@pytest.mark.parametrize("name", ["corrections.csv", "exceptions.csv"])
@pytest.mark.parametrize("text", ["", "form;column;old;new;reason\n", "form,column,old,new,reason,who,when\n"])
def test_another_header_is_refused(delivery, name, text):
    delivery.path(name).write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=rf"{name}:1: the header isn't form;"):
        delivery.intake()


def test_blank_lines_blanks_around_cells_and_other_encodings_are_let_through(tmp_path):
    path = tmp_path / "corrections.csv"
    text = "form;column;old;new;reason;who;when\n\n;;;;;;\n IN-12 ; planhjlp;9 ; 2;på papiret;Åse;2021-02-01\n"
    for encoding in ("utf-8", "utf-8-sig", "cp1252", "utf-16"):
        path.write_text(text, encoding=encoding)
        (found,) = read_corrections(path, ("IN",))
        assert (found.form, found.column, found.old, found.new, found.who) == ("IN-12", "planhjlp", "9", "2", "Åse")
        assert (found.respondent, found.where) == ("12", f"{path}:4")


def test_without_the_files_there_is_nothing_to_correct_or_accept(tmp_path):
    assert read_corrections(tmp_path / "corrections.csv", ("IN",)) == ()
    assert read_exceptions(tmp_path / "exceptions.csv", policy(STUDY), ON).accepted == ()


# Exceptions


def keyed_twice(delivery):
    delivery.set("initiator", 1, created="2019-05-07 09:00:00")
    delivery.repeat("initiator", 1, responde="900001", created="2019-05-07 09:01:00")
    return "IN-900001"


def test_an_accepted_finding_is_noted_with_the_reason_and_the_form_counts(delivery):
    form = keyed_twice(delivery)
    assert delivery.validated("initiator").set_aside == 1
    delivery.accept([form, "keyed_twice", "", "tvillinger", "LK", "2021-12-31"])
    result = delivery.validated("initiator")
    assert result.set_aside == 0
    (row,) = (row for row in result.noted.table().to_pylist() if row["rule"] == "keyed_twice")
    told = {name: row[name] for name in ("form_id", "severity", "reason", "who", "expires")}
    assert told == {
        "form_id": form,
        "severity": "accepted",
        "reason": "tvillinger",
        "who": "LK",
        "expires": dt.date(2021, 12, 31),
    }


@pytest.mark.parametrize(
    ("expires", "accepted"), [("2021-01-30", False), ("2021-01-31", True), ("2021-02-01", True), ("2020-12-31", False)]
)
def test_an_exception_holds_until_it_expires_by_the_date_of_the_delivery(delivery, expires, accepted):
    form = keyed_twice(delivery)
    delivery.accept([form, "keyed_twice", "", "tvillinger", "LK", expires])
    assert delivery.validated("initiator").set_aside == (not accepted)


@pytest.mark.parametrize(
    "cells",
    [["IN-700012", "keyed_twice", ""], ["IN-900001", "timestamp_unreadable", ""], ["IN-900001", "keyed_twice", "raadsnr"]],
)
def test_an_exception_is_for_its_form_rule_and_column_only(delivery, cells):
    keyed_twice(delivery)
    delivery.accept(cells)
    assert delivery.validated("initiator").set_aside == 1


def test_an_exception_may_name_the_column(delivery):
    form = keyed_twice(delivery)
    delivery.accept([form, "keyed_twice", "created"])
    assert delivery.validated("initiator").set_aside == 0


def test_a_form_that_is_accepted_in_one_rule_is_still_set_aside_by_another(delivery, held):
    delivery.set("initiator", 1, planhjlp="9")
    others = [e.__class__(**{**vars(e), "occasion": "followup"}) if e.conference_number == 40222 else e for e in held]
    delivery.write_ledger(others)
    form = delivery.form_id("initiator", 1)
    assert delivery.get("initiator", 1, "raadsnr") == "40222"
    delivery.accept([form, "ledger_contradicts", ""])
    assert delivery.validated("initiator").rejected.table()["rule"].to_pylist() == ["outside_scale"]


def test_a_finding_about_an_export_may_be_accepted(delivery):
    path = delivery.path("coordinator/labels.csv")
    path.write_bytes(path.read_bytes().replace(b"rigtig mange", b"slet ingen?"))
    delivery.accept(["", "labels_drifted", "konflikt"])
    (row,) = delivery.validated("coordinator").noted.table().to_pylist()
    assert (row["rule"], row["severity"], row["reason"]) == ("labels_drifted", "accepted", "i orden")
    delivery.accept(["", "labels_drifted", "planhjlp"])
    with pytest.raises(InputError, match="labels_drifted"):
        delivery.validated("coordinator")


def test_a_conference_may_be_accepted_by_its_number(delivery, held, policy_with):
    delivery.write_ledger(held[1:])
    delivery.accept(["40111", "not_in_ledger", ""])
    ((finding, accepted),) = registers(delivery.intake(policy=policy_with(not_in_ledger="stop")), "codebook", "ledger")
    assert (finding.value, accepted.reason) == ("40111", "i orden")


@pytest.mark.parametrize(
    ("cells", "says"),
    [
        pytest.param(["IN-1", "keyed_thrice", ""], "no such rule", id="no such rule"),
        *(
            pytest.param(["IN-1", rule, ""], f"{rule} can't be accepted", id=rule)
            for rule, kind in KINDS.items()
            if not kind.acceptable and kind.about == "form"
        ),
        pytest.param(["", "no_forms", ""], "no_forms can't be accepted", id="no_forms"),
        pytest.param(["", "keyed_twice", ""], "is about one form or conference", id="form missing"),
        pytest.param(["", "not_in_ledger", ""], "is about one form or conference", id="number missing"),
        pytest.param(["IN-1", "labels_drifted", ""], "is about no single form", id="form given"),
        pytest.param(["IN-1", "too_many_set_aside", ""], "is about no single form", id="form given for a delivery"),
        pytest.param(["IN-1", "keyed_twice", "", "", "LK", "2021-12-31"], "reason and who are needed", id="no reason"),
        pytest.param(["IN-1", "keyed_twice", "", "x", "", "2021-12-31"], "reason and who are needed", id="nobody"),
        pytest.param(["IN-1", "keyed_twice", "", "x", "LK", ""], "not a date", id="no expiry"),
        pytest.param(["IN-1", "keyed_twice", "", "x", "LK"], "5 fields where 6 belong", id="too short"),
    ],
)
def test_an_exception_that_cannot_be_is_refused_with_its_line(delivery, encode, cells, says):
    rest = () if len(cells) > 3 else ("i orden", "LK", "2021-12-31")
    rows = [("form", "rule", "column", "reason", "who", "expires"), [*cells, *rest]]
    delivery.path("exceptions.csv").write_bytes(encode(rows, "utf-8"))
    with pytest.raises(InputError, match=says) as refused:
        delivery.intake()
    assert refused.value.where == f"{delivery.path('exceptions.csv')}:2"


# What rests on corrections


@pytest.fixture
def marts(delivery):
    """`marts()` makes the marts as they would be now, without a run."""

    def make():
        store = Store(delivery.settings, delivery.name)
        for instrument in instruments(STUDY):
            schema = mart_schema(questionnaires(STUDY)[instrument])
            intake = delivery.intake()
            book = with_cases(STUDY, intake.codebook, intake.ledger)
            forms = pseudonymise(delivery.validated(instrument).forms.batches(), book, questionnaires(STUDY)[instrument])
            store.write(products(STUDY)[("marts", instrument)], Rows.of([pa.concat_tables(forms).sort_by("form_id")], schema))
        return store

    return make


def test_the_tables_of_a_corrected_answer_are_those_of_its_question(delivery, marts):
    form = spoilt(delivery)
    delivery.correct([form, "planhjlp", "9", "2"])
    (rests,) = resting(marts())
    assert (rests.correction.form, rests.instrument, rests.counted) == (form, "initiator", True)
    asking = {
        number
        for number, table in catalogue(STUDY).items()
        if "initiator" in table.marts and "belief" in (*table.variables, *table.answered)
    }
    assert asking
    assert {cell.table for cell in rests.cells} == asking
    belief = questionnaires(STUDY)["initiator"].question("belief").labels[2]
    frequencies = [cell.labels for cell in rests.cells if catalogue(STUDY)[cell.table].kind == "frequency"]
    assert frequencies
    assert any(belief in (label or "") for labels in frequencies for label in labels)


def test_every_table_of_the_questionnaire_rests_on_a_corrected_number(delivery, marts):
    delivery.set("initiator", 1, raadsnr="4")
    form = delivery.form_id("initiator", 1)
    delivery.correct([form, "raadsnr", "4", "40222"])
    (rests,) = resting(marts())
    assert {cell.table for cell in rests.cells} == {n for n, table in catalogue(STUDY).items() if "initiator" in table.marts}


def test_a_form_that_is_set_aside_all_the_same_counts_nowhere(delivery, marts):
    form = spoilt(delivery)
    delivery.correct([form, "planhjlp", "9", "8"])
    (rests,) = resting(marts())
    assert (rests.counted, rests.cells) == (False, ())


def test_corrections_are_told_in_the_order_of_their_file(delivery, marts):
    delivery.set("coordinator", 0, konflikt="9")
    first, second = delivery.form_id("coordinator", 0), spoilt(delivery)
    delivery.correct([first, "konflikt", "9", "1"], [second, "planhjlp", "9", "2"])
    assert [(rests.correction.form, rests.instrument) for rests in resting(marts())] == [
        (first, "coordinator"),
        (second, "initiator"),
    ]


def test_without_corrections_nothing_rests_on_them(delivery, marts):
    assert resting(marts()) == []


# Exceptions that fit nothing


@pytest.fixture
def told(delivery, tmp_path):
    """`told()` gives (form, column, line) of the exceptions that are said to fit no finding."""

    def judge():
        results = {name: delivery.validated(name) for name in instruments(STUDY)}
        parts = {}
        for name, result in results.items():
            for layer in ("rejected", "noted"):
                parts[layer, name] = tmp_path / f"{layer}-{name}.parquet"
                pq.write_table(getattr(result, layer).table(), parts[layer, name])
        pq.write_table(
            pa.concat_tables([pq.read_table(parts["rejected", n]) for n in instruments(STUDY)]), tmp_path / "aside.parquet"
        )
        accepted = {name: result.forms.num_rows for name, result in results.items()}
        noted = [parts["noted", name] for name in instruments(STUDY)]
        rows, _ = remarks(delivery.intake(), accepted, tmp_path / "aside.parquet", noted, tmp_path)
        return [(r["form_id"], r["column"], r["line"]) for r in rows.table().to_pylist() if r["rule"] == "exception_unused"]

    return judge


def test_an_exception_that_fits_no_finding_is_told_with_its_line(delivery, told):
    form = keyed_twice(delivery)
    delivery.accept([form, "keyed_twice", ""], ["IN-700012", "keyed_twice", ""], ["40111", "registers_differ", "date"])
    assert told() == [("IN-700012", None, 3), ("40111", "date", 4)]


def test_exceptions_that_fit_are_not_told(delivery, held, told):
    form = keyed_twice(delivery)
    delivery.write_ledger([e for e in held if e.conference_number != 50555])
    delivery.accept([form, "keyed_twice", "created"], ["50555", "not_in_ledger", ""])
    assert told() == []


def test_an_exception_about_an_export_fits_one_of_them(delivery, told):
    delivery.add_column("initiator", "nyt_spm", "1")
    delivery.accept(["", "column_unknown", "nyt_spm"], ["", "column_unknown", "andet"], ["", "too_many_set_aside", ""])
    assert told() == [(None, "andet", 3), (None, None, 4)]


def test_an_exception_of_a_form_that_is_set_aside_all_the_same_is_not_told(delivery, told):
    form = keyed_twice(delivery)
    delivery.set("initiator", 5, planhjlp="9")
    delivery.accept([form, "keyed_twice", ""])
    assert told() == []


def test_an_exception_of_another_column_than_the_one_that_set_its_form_aside_is_told(delivery, told):
    form = keyed_twice(delivery)
    delivery.accept([form, "keyed_twice", "planhjlp"])
    assert told() == [(form, "planhjlp", 2)]


def test_an_exception_that_fits_nothing_may_be_a_reason_to_stop(delivery, policy_with, monkeypatch, told):
    monkeypatch.setattr("frs_pipeline.intake.delivery.policy", lambda _study: policy_with(exception_unused="stop"))
    delivery.accept(["IN-700012", "keyed_twice", ""])
    with pytest.raises(InputError, match=r"exceptions\.csv:2: an exception fits no finding \[exception_unused\]"):
        told()
