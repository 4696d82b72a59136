"""What a family withdrew: how it is named, what it takes out of a delivery, what is told of it, and what a file still holds."""

import csv
import datetime as dt
import zipfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.study import STUDY

from frs_pipeline.codebook.cases import with_cases
from frs_pipeline.codebook.pseudonyms import pseudonymise
from frs_pipeline.errors import InputError, UsageError
from frs_pipeline.intake.delivery import withdrawals_of
from frs_pipeline.lineage.impact import Moved, ResultAddress, Value
from frs_pipeline.store.deliveries import AMENDMENTS
from frs_pipeline.store.files import Store
from frs_pipeline.study.instruments import instruments
from frs_pipeline.study.questionnaires import questionnaires
from frs_pipeline.study.release import release_policy
from frs_pipeline.withdrawal.effects import below, turned
from frs_pipeline.withdrawal.erasure import holds
from frs_pipeline.withdrawal.request import look_up as held_of
from frs_pipeline.withdrawal.request import parse_request, record, refuse_unfit


def store_of(delivery):
    return Store(delivery.settings, delivery.name)


def pseudonymised(delivery):
    """Forms under their pseudonyms, by questionnaire, as a run makes them."""
    intake = delivery.intake()
    codebook = with_cases(STUDY, intake.codebook, intake.ledger)
    return {
        name: pa.concat_tables(pseudonymise(delivery.validated(name).forms.batches(), codebook, questionnaires(STUDY)[name]))
        for name in instruments(STUDY)
    }


@pytest.mark.parametrize("block", [8 << 20, 300], ids=["one chunk", "many chunks"])
def test_withdrawn_forms_leave_what_exports_without_them_leave(delivery, monkeypatch, held, tmp_path, block):
    monkeypatch.setattr("frs_pipeline.intake.readers.csvfiles.BLOCK", block)
    delivery.set("initiator", 1, planhjlp="9")  # would be set aside
    delivery.set("coordinator", 0, responde="x")  # known by its line alone
    forms = [delivery.form_id("participant_first", 3), delivery.form_id("initiator", 1), "SA-line2"]
    other = delivery.copy_to(tmp_path / "other")
    delivery.withdraw(*([form, ""] for form in forms), ["", "C-raven"])
    for name, gone in (("participant_first", 3), ("initiator", 1), ("coordinator", 0)):
        rows = other.dataset(name)
        other.write_dataset(name, [row for at, row in enumerate(rows) if at != gone + 1])
    for name in instruments(STUDY):
        header, *rows = other.dataset(name)
        other.write_dataset(name, [header, *(row for row in rows if row[header.index("raadsnr")] != "50444")])
    others = [entry for entry in held if entry.conference_id != "C-raven"]
    other.lock_codebook(others)
    other.write_ledger(others)

    assert pseudonymised(delivery) == pseudonymised(other)
    mine, without = delivery.intake(), other.intake()
    assert (mine.codebook, mine.ledger) == (without.codebook, without.ledger)
    for name in instruments(STUDY):
        result = delivery.validated(name)
        assert result.forms.num_rows + result.set_aside + result.withdrawn == result.delivered
        assert result.rejected.num_rows == other.validated(name).rejected.num_rows == 0
        assert result.delivered - result.withdrawn == other.validated(name).delivered


def test_how_many_were_withdrawn_is_told_by_reason_and_nothing_else(delivery):
    forms = [delivery.form_id("initiator", at) for at in range(3)]
    delivery.withdraw([forms[0], "", "b"], [forms[1], "", "a"], [forms[2], "", "b"])
    rows = delivery.validated("initiator").left.to_pylist()
    assert rows == [
        {"instrument": "initiator", "reason": "a", "forms": 1},
        {"instrument": "initiator", "reason": "b", "forms": 2},
    ]
    assert delivery.validated("coordinator").left.num_rows == 0


def test_a_form_may_be_withdrawn_by_itself_and_with_its_conference(delivery):
    form = delivery.form_id("initiator", 1)
    delivery.withdraw([form, "", "a"], ["", "C-finch", "b"])
    assert delivery.get("initiator", 1, "raadsnr") == "40222"
    assert [row["reason"] for row in delivery.validated("initiator").left.to_pylist()] == ["a"]


def test_every_row_of_an_id_that_stands_twice_is_withdrawn(delivery):
    delivery.repeat("initiator", 1)
    delivery.withdraw([delivery.form_id("initiator", 1), ""])
    assert (delivery.validated("initiator").withdrawn, delivery.validated("initiator").rejected.num_rows) == (2, 0)


def test_without_the_conferences_numbers_nothing_is_judged(delivery):
    delivery.withdraw(["", "C-finch"])
    with pytest.raises(InputError, match="the codebook has no such conference"):
        delivery.intake().withdrawals.__class__(withdrawals_of(store_of(delivery)))


# How a person names what is withdrawn.


def asked(delivery, *names, reason="samtykke trukket", who="LK"):
    return parse_request(store_of(delivery), names, reason, who)


def test_forms_and_conferences_are_told_apart_and_a_number_becomes_a_pseudonym(delivery):
    form = delivery.form_id("initiator", 0)
    request = asked(delivery, form, "C-finch", "40111", form, " ".join(["C-finch"]))
    assert (request.forms, request.conferences, request.numbered) == ((form,), ("C-finch", "C-lark"), True)
    assert not asked(delivery, form, "C-finch").numbered


@pytest.mark.parametrize(
    "name", ["40112", "6101180011", "610118-0011", "", "C-nobody", "DF-", "XX-700001", "x" * 500, "４０１１１", "40111 "]
)
def test_what_is_neither_is_refused_and_no_number_is_repeated(delivery, name):
    with pytest.raises(UsageError, match="no such form or conference") as refused:
        asked(delivery, name)
    assert "\n" not in str(refused.value)
    digits = "".join(c for c in name if c.isdigit())
    assert not digits or name.startswith("XX-") or digits not in str(refused.value)


@pytest.mark.parametrize(("reason", "who"), [("", "LK"), (" \n", "LK"), ("x", " "), ("610118-0011", "LK"), ("x", "6101180011")])
def test_a_reason_and_who_says_so_are_needed(delivery, reason, who):
    with pytest.raises(UsageError, match="reason"):
        asked(delivery, "C-finch", reason=reason, who=who)


def test_what_is_held_is_found_in_the_exports_good_or_not(delivery, held):
    delivery.set("initiator", 1, planhjlp="9")
    delivery.set("coordinator", 1, responde="x")
    form = delivery.form_id("participant_followup", 0)
    found = held_of(store_of(delivery), asked(delivery, form, "C-finch"))
    numbers = {
        f"{questionnaires(STUDY)[name].form_prefix}-{row[0]}" if row[0] != "x" else "SA-line3"
        for name in instruments(STUDY)
        for row in delivery.dataset(name)[1:]
        if "40222" in row
    }
    assert {delivery.form_id("initiator", 1), "SA-line3"} < numbers
    assert found.forms == found.fresh == numbers | {form}
    assert [entry.form or entry.conference for entry in found.new.entries] == [form, "C-finch"]


def test_a_corrected_number_decides_whose_form_it_is(delivery):
    form = delivery.form_id("initiator", 1)
    delivery.correct([form, "raadsnr", "40222", "40111"], [form, "raadsnr2", "40222", "40111"])
    assert form in held_of(store_of(delivery), asked(delivery, "C-lark")).forms
    assert form not in held_of(store_of(delivery), asked(delivery, "C-finch")).forms


@pytest.mark.parametrize("named", ["form", "form of its conference", "conference"])
def test_what_was_withdrawn_before_is_refused_with_its_line(delivery, named):
    form, store = delivery.form_id("initiator", 1), store_of(delivery)
    delivery.withdraw([form, ""] if named == "form" else ["", "C-finch"])
    request = asked(delivery, "C-finch" if named == "conference" else form)
    found = held_of(store, request)
    with pytest.raises(UsageError, match=r"withdrawals\.csv:2: was withdrawn before"):
        refuse_unfit(store, request, found)
    assert form not in found.fresh


def test_a_form_that_no_export_has_is_refused(delivery):
    store, request = store_of(delivery), asked(delivery, "IN-123456")
    with pytest.raises(UsageError, match="IN-123456: there is no such form in the exports"):
        refuse_unfit(store, request, held_of(store, request))


def test_a_withdrawal_is_added_to_the_ledger_whatever_it_was_written_with(delivery):
    store, path = store_of(delivery), delivery.path(AMENDMENTS["withdrawals"])
    form = delivery.form_id("initiator", 1)
    request = asked(delivery, form, reason='sagt; på "mødet"\n i går')
    record(store, request.entries())
    assert path.read_bytes().startswith(b"form;conference;reason;who;when\n")
    path.write_bytes(path.read_text(encoding="utf-8").replace("\n", "\r\n").encode("utf-16"))
    record(store, asked(delivery, "40222").entries())
    first, second = withdrawals_of(store)
    assert (first.form, first.reason, first.who) == (form, 'sagt; på "mødet" i går', "LK")
    assert (second.form, second.conference, second.when) == ("", "C-finch", dt.date.today())
    assert len(list(csv.reader(path.read_text(encoding="utf-8").splitlines(), delimiter=";"))) == 3
    assert "40222" not in path.read_text(encoding="utf-8")


# What is told of it.


def moved(measure, before, after):
    return Moved(ResultAddress("table_01", "", "", "", measure), *(Value(value, "") for value in (before, after)))


@pytest.mark.parametrize(
    ("measure", "before", "after", "falls"),
    [
        ("count", 5, 4, True),
        ("count", 5, 0, True),
        ("n", 9, 3, True),
        ("count", 6, 5, False),
        ("count", 4, 3, False),
        ("percent", 5, 4, False),
    ],
)
def test_counts_that_fall_under_the_threshold(measure, before, after, falls):
    assert release_policy(STUDY).threshold == 5
    assert bool(below(STUDY, [moved(measure, before, after)])) == falls


@pytest.mark.parametrize(
    ("measure", "before", "after", "words"),
    [
        ("gamma", 0.2996, 0.2994, ("strong", "moderate")),
        ("gamma", 0.2, 0.19, ("moderate", "weak")),
        ("gamma", -0.1, -0.09, ("weak", "none")),
        ("gamma", 0.25, 0.21, None),
        ("gamma", 0.3, -0.3, None),
        ("partial_gamma", 0.1, None, ("weak", "not computable")),
        ("p", 0.0494, 0.0496, ("significant", "not significant")),
        ("p", 0.06, 0.04, ("not significant", "significant")),
        ("p", 0.04, 0.001, None),
        ("p", None, 0.04, ("not computable", "significant")),
        ("ase", 0.04, 0.4, None),
    ],
)
def test_findings_that_get_another_word(measure, before, after, words):
    found = turned([moved(measure, before, after)])
    assert [(finding.before, finding.after) for finding in found] == ([words] if words else [])


# What a file still holds.


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("DF-12", True),
        ("x;DF-12\n", True),
        ('{"form":"DF-12"}', True),
        ("DF-123", False),
        ("ADF-12", False),
        ("DF-12-3", False),
        ("", False),
    ],
)
@pytest.mark.parametrize("kind", ["utf-8", "utf-16", "parquet", "dictionary", "zip"])
def test_a_form_is_found_in_every_kind_of_file(tmp_path, kind, text, found):
    path = tmp_path / "some.file"
    if kind in ("parquet", "dictionary"):
        column = pa.array([None, text] * 1000, pa.string())
        column = column.dictionary_encode() if kind == "dictionary" else column
        pq.write_table(pa.table({"n": list(range(2000)), "text": column}), path, compression="zstd", row_group_size=700)
    elif kind == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
            file.writestr("sheet.xml", f"<c>{text}</c>" * 50)
    else:
        path.write_bytes(text.encode(kind))
    assert holds(path, {"DF-12", "C-lark"}) == found
    assert not holds(path, set())
