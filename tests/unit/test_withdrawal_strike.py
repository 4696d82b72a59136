"""Lines of a withdrawn form in sheets that people keep: taken away in whatever letters the sheet was saved."""

import codecs
import datetime as dt

import pyarrow as pa
import pytest
from support.study import STUDY

from frs_pipeline.intake.withdrawals import CONFERENCES, Withdrawal, Withdrawals
from frs_pipeline.store.files import Store
from frs_pipeline.store.settings import Settings
from frs_pipeline.withdrawal.erasure import _strike, collected
from frs_pipeline.withdrawal.request import RequestedForms

SHEET = "form;who\r\nDE-7;Bjørn\r\nDE-77;Åse\r\n"


@pytest.mark.parametrize(("before", "encoding"), [(codecs.BOM_UTF8, "utf-8"), (b"", "utf-8"), (b"", "cp1252")])
def test_only_the_lines_of_the_form_are_taken_away(tmp_path, before, encoding):
    path = tmp_path / "to-adjudicate.csv"
    path.write_bytes(before + SHEET.encode(encoding))
    _strike(path, {"DE-7"})
    assert path.read_bytes() == before + "form;who\r\nDE-77;Åse\r\n".encode(encoding)


def test_of_collections_what_is_about_the_conference_is_found_before_any_run_notes_its_number(tmp_path):
    """And a line about another whose note names the number stays, as do counts."""
    settings = Settings(STUDY, tmp_path)
    day, decided = settings.restricted("2021-03-01") / "collection", settings.decided("collection")
    for path, text in {
        day / "missing.csv": "number\n40222\n",
        day / "state.json": '{"held": 40222}\n',
        decided / "reconciled.csv": "number;note\n40111;as 40222\n040222;\n40333;see DE-7\n",
        decided / "reconciliation.json": '{"seed": 40222}\n',
    }.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    numbered = pa.table({"conference_number": [40222], "conference_id": ["C-finch"]}, schema=CONFERENCES)
    entry = Withdrawal("", "C-finch", "family", "KL", dt.date(2021, 2, 1), "")
    part = RequestedForms(Withdrawals((entry,), numbered), frozenset({"DE-7"}), frozenset(), frozenset({"C-finch"}), ())
    store = Store(settings, "2021-01-31")
    assert collected(store, part) == [day / "missing.csv", decided / "reconciled.csv"]
    _strike(decided / "reconciled.csv", {"DE-7", "C-finch"}, {"40222"})
    assert (decided / "reconciled.csv").read_text() == "number;note\n40111;as 40222\n"
    assert collected(store, part) == [day / "missing.csv"]
