"""Files that people keep in a spreadsheet, as spreadsheets save them; and what is said of those that can't be read."""

import datetime as dt
import unicodedata

import pytest
from support.study import STUDY

from frs_pipeline.codebook.register import read_register
from frs_pipeline.errors import InputError
from frs_pipeline.intake.amendments import read_corrections, read_exceptions
from frs_pipeline.intake.ledger import read_ledger
from frs_pipeline.intake.readers.encodings import garbled
from frs_pipeline.intake.readers.handkept import AmbiguousDays, days_of
from frs_pipeline.intake.withdrawals import read_withdrawals
from frs_pipeline.study.rules import policy

LEDGER = "raadslagningsnummer;dato;anledning\r\n68629;{};rådslagning\r\n72523;{};opfølgning\r\n"
ISO = LEDGER.format("2018-02-02", "2018-02-18")
DANISH = LEDGER.format("02-02-2018", "18-02-2018")
READ = [
    {"conference_number": 68629, "date": dt.date(2018, 2, 2), "occasion": "first"},
    {"conference_number": 72523, "date": dt.date(2018, 2, 18), "occasion": "followup"},
]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(DANISH.encode("cp1252"), id="Danish Excel"),
        pytest.param(DANISH.encode("utf-8-sig"), id="CSV UTF-8"),
        pytest.param(DANISH.encode("utf-16"), id="UTF-16"),
        pytest.param(ISO.encode("cp1252"), id="dates left alone"),
        pytest.param(LEDGER.format("2/2/2018", "2/18/2018").encode(), id="American dates"),
        pytest.param(LEDGER.format("02/02/2018", "18/02/2018").encode(), id="British dates"),
        pytest.param(LEDGER.format("02.02.2018", "18.02.2018").encode(), id="dates with points"),
        pytest.param(LEDGER.format("2018-02-02", "18-02-2018").encode(), id="one date rewritten"),
        pytest.param(LEDGER.format("2-2-2018", "18-2-2018").encode(), id="Danish dates without zeros"),
        pytest.param(b"sep=;\r\n" + DANISH.encode("cp1252"), id="line for Excel"),
        pytest.param(("\ufeffsep=;\r\n" + ISO).encode(), id="line for Excel behind a mark"),
        pytest.param(("\ufeffsep=;\r\n" + ISO).encode("utf-16-le"), id="line for Excel in UTF-16"),
        pytest.param(("sep=,\r\n" + ISO.replace(";", ",")).encode(), id="commas said"),
        pytest.param(unicodedata.normalize("NFD", ISO).encode(), id="a with a ring"),
        pytest.param((ISO + ";;\r\n\r\n").encode(), id="blank lines below"),
    ],
)
def test_a_ledger_is_read_as_spreadsheets_save_it(tmp_path, data):
    path = tmp_path / "kontering.csv"
    path.write_bytes(data)
    assert read_ledger(STUDY, path).to_pylist() == READ


@pytest.mark.parametrize(
    ("data", "says"),
    [
        pytest.param(ISO.encode().decode("cp1252").encode(), ":2: was saved in a wrong encoding", id="UTF-8 twice"),
        pytest.param(ISO.encode("cp850"), ":2: was saved in a wrong encoding", id="MS-DOS"),
        pytest.param(ISO.encode("mac_roman"), ":2: was saved in a wrong encoding", id="Macintosh"),
        pytest.param(ISO.encode("ascii", "replace"), ":2: was saved in a wrong encoding", id="question marks"),
        pytest.param(ISO.encode().replace(b"\xc3\xb8", b"\xf8"), ":2: was saved in a wrong encoding", id="two encodings"),
        pytest.param(LEDGER.format("2/3/2018", "4/5/2018").encode(), ":2: the date may be one of two", id="day or month"),
        pytest.param(LEDGER.format("2/13/2018", "13/2/2018").encode(), ": not a number, a date", id="both ways of writing"),
        pytest.param(
            ISO.replace("\r\n", ";;\r\n").encode(), ":1: the header isn't .*: empty columns stand to the right", id="empty"
        ),
        pytest.param(ISO.replace(";", ",").encode(), ":1: the header isn't .*: commas stand where semicolons", id="commas"),
        pytest.param(ISO.replace(";", "\t").encode("utf-16"), ":1: the header isn't .*: tabs stand where semicolons", id="tabs"),
        pytest.param(
            ISO.replace("raads", "Raads").encode(), ":1: the header isn't .*: it differs in blanks or cap", id="capitals"
        ),
    ],
)
def test_a_ledger_that_cannot_be_read_is_called_what_it_is(tmp_path, data, says):
    path = tmp_path / "kontering.csv"
    path.write_bytes(data)
    with pytest.raises(InputError, match=rf"kontering\.csv{says.replace(': not', ':[23]: not')}") as refused:
        read_ledger(STUDY, path)
    assert "SurveyXact" not in str(refused.value)
    assert "YAML" not in str(refused.value)


def test_what_people_decided_is_read_as_a_danish_spreadsheet_saves_it(tmp_path):
    written = {
        "corrections": "form;column;old;new;reason;who;when\r\nIN-12;planhjlp;9;2;på papiret;Åse;02-01-2021\r\n",
        "exceptions": "form;rule;column;reason;who;expires\r\nIN-12;keyed_twice;;to børn;Åse;31-12-2021\r\n",
        "withdrawals": "form;conference;reason;who;when\r\nIN-12;;samtykke trukket;Åse;02-01-2021\r\n",
        "kodebog": "personnummer;raadslagningsnummer;dato;anledning\r\n610118-4011;40111;01-02-2018;rådslagning\r\n",
    }
    for name, text in written.items():
        (tmp_path / f"{name}.csv").write_bytes(b"sep=;\r\n" + text.encode("cp1252"))
    (correction,) = read_corrections(tmp_path / "corrections.csv", ("IN",))
    assert (correction.who, correction.when) == ("Åse", dt.date(2021, 1, 2))
    assert correction.where.endswith("corrections.csv:3")
    (accepted,) = read_exceptions(tmp_path / "exceptions.csv", policy(STUDY), dt.date(2021, 1, 31)).accepted
    assert accepted.expires == dt.date(2021, 12, 31)
    (withdrawn,) = read_withdrawals(tmp_path / "withdrawals.csv", ("IN",))
    assert withdrawn.when == dt.date(2021, 1, 2)
    register = read_register(STUDY, tmp_path / "kodebog.csv")
    assert [conference.date for conference in register.conferences] == ["2018-02-01"]
    assert not register.faults


def test_quotation_marks_that_swallow_a_line_of_what_people_decided_are_refused(tmp_path):
    path = tmp_path / "withdrawals.csv"
    head, first, second = "form;conference;reason;who;when\r\n", "IN-12;;{};Åse;02-01-2021\r\n", "IN-13;;{};Åse;02-01-2021\r\n"
    path.write_text(head + first.format('"by letter') + second.format('by letter"'), encoding="utf-8")
    with pytest.raises(InputError, match=r"withdrawals\.csv:2: a cell holds a whole line"):
        read_withdrawals(path, ("IN",))
    path.write_text(head + first.format('"by letter;\r\nagain by telephone"') + second.format("by letter"), encoding="utf-8")
    assert [withdrawn.form for withdrawn in read_withdrawals(path, ("IN",))] == ["IN-12", "IN-13"]


def test_dates_are_in_one_format_or_refused():
    assert days_of([]) == []
    assert days_of(["2/13/2018", "2/3/2018"]) == [dt.date(2018, 2, 13), dt.date(2018, 2, 3)]
    assert days_of(["3/3/2018"]) == [dt.date(2018, 3, 3)]
    assert days_of(["2018-02-03", "x", "30-02-2018"]) == [dt.date(2018, 2, 3), None, None]
    with pytest.raises(AmbiguousDays) as doubt:
        days_of(["2018-02-03", "3/3/2018", "2/3/2018"])
    assert doubt.value.at == 2


def test_what_a_text_becomes_in_wrong_encodings():
    found = garbled(["rådslagning", "ja"])
    assert {"rÃ¥dslagning", "r?dslagning", "r\ufffddslagning", "r†dslagning"} <= found
    assert not found & {"rådslagning", "ja"}


# Exports


def spoil(delivery, name, alter):
    path = delivery.path(name)
    path.write_bytes(alter(path.read_bytes()))


def every_file(delivery, alter):
    for part in ("dataset", "structure", "labels"):
        spoil(delivery, f"initiator/{part}.csv", alter)


@pytest.mark.parametrize(
    "alter",
    [
        pytest.param(lambda data: data.decode("cp1252").encode().decode("cp1252", "replace").encode(), id="UTF-8 twice"),
        pytest.param(lambda data: data.decode("cp1252").encode("ascii", "replace"), id="question marks"),
        pytest.param(lambda data: data.decode("cp1252").encode("cp850", "replace"), id="MS-DOS"),
    ],
)
@pytest.mark.parametrize("part", ["structure", "labels"])
def test_texts_of_an_export_in_a_wrong_encoding_are_called_that(delivery, part, alter):
    spoil(delivery, f"initiator/{part}.csv", alter)
    with pytest.raises(InputError, match=rf"{part}\.csv:[0-9]+: was saved in a wrong encoding") as refused:
        delivery.validated("initiator")
    assert "YAML" not in str(refused.value)


@pytest.mark.parametrize(
    "alter",
    [
        pytest.param(lambda data: b"sep=;\r\n" + data, id="line for Excel"),
        pytest.param(lambda data: unicodedata.normalize("NFD", data.decode("cp1252")).encode(), id="a with a ring"),
    ],
)
def test_an_export_that_a_program_wrote_in_its_own_way_is_read(delivery, alter):
    expected = delivery.validated("initiator").forms.table()
    every_file(delivery, alter)
    found = delivery.validated("initiator").forms.table()
    assert found.drop_columns(["line"]) == expected.drop_columns(["line"])


@pytest.mark.parametrize(
    ("part", "alter"),
    [
        ("dataset", lambda data: data.replace(b"\r\n", b";;\r\n")),
        ("dataset", lambda data: data[: data.index(b"\r\n") + 2] + data[data.index(b"\r\n") + 2 :].replace(b"\r\n", b";;\r\n")),
        ("labels", lambda data: data.replace(b"\r\n", b";\r\n")),
    ],
    ids=["dataset", "dataset below its header", "labels"],
)
def test_empty_columns_to_the_right_of_an_export_are_called_that(delivery, part, alter):
    spoil(delivery, f"initiator/{part}.csv", alter)
    with pytest.raises(InputError, match=rf"{part}\.csv:[12]: .*empty columns stand to the right") as refused:
        delivery.validated("initiator")
    assert "delete them" in str(refused.value)
