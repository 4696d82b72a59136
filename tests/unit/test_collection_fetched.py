"""A collection followed by what was fetched: of which day it is, and whose decisions hold in it."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.fetched import SURVEYS, kept_as_fetched, seen_again
from support.study import few_tables
from typer.testing import CliRunner

from frs_pipeline.cli import app
from frs_pipeline.collection.drift import drift_of, drift_sheet
from frs_pipeline.collection.interim import day_before, fetched, in_folder
from frs_pipeline.collection.state import as_json, state_of
from frs_pipeline.errors import InputError
from frs_pipeline.intake.withdrawals import CONFERENCES
from frs_pipeline.store.deliveries import LEDGER
from frs_pipeline.store.files import Store

EARLY, LATE = "2021-02-01T10-00-00Z", "2021-02-20T10-00-00Z"


def test_the_newest_of_each_survey_is_taken_until_a_day(delivery: Any) -> None:
    for time in (EARLY, LATE):
        kept_as_fetched(delivery.settings, delivery.folder, time)
    found = fetched(delivery.settings)
    assert found.day == dt.date(2021, 2, 20)
    assert fetched(delivery.settings, until=dt.date(2021, 2, 10)).day == dt.date(2021, 2, 1)
    assert day_before(found).day == dt.date(2021, 2, 1)
    own = state_of(in_folder(delivery.settings, delivery.folder))
    assert [one.forms for one in state_of(found).held] == [one.forms for one in own.held]
    with pytest.raises(InputError, match="nothing was fetched"):
        fetched(delivery.settings, until=dt.date(2021, 1, 1))


def test_it_is_of_the_day_until_which_all_surveys_were_seen(delivery: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """One survey that had nothing new was seen again; another wasn't asked: nobody knows what it has had since."""
    kept_as_fetched(delivery.settings, delivery.folder, EARLY)
    for name in SURVEYS:
        if name != "initiator":
            seen_again(delivery.settings, name, EARLY, LATE)
    found = fetched(delivery.settings)
    assert (found.day, found.uneven) == (dt.date(2021, 2, 1), True)
    monkeypatch.setenv("FRS_DATA_DIR", str(delivery.data))
    monkeypatch.delenv("FRS_STUDY", raising=False)
    said = CliRunner().invoke(app, ["collect", "--fetched"]).stdout
    assert "last seen: participant_first 2021-02-20, participant_followup 2021-02-20, initiator 2021-02-01" in said
    seen_again(delivery.settings, "initiator", EARLY, LATE)
    found = fetched(delivery.settings)
    assert (found.day, found.uneven) == (dt.date(2021, 2, 20), False)
    assert "last seen" not in CliRunner().invoke(app, ["collect", "--fetched"]).stdout


def test_a_questionnaire_that_went_out_of_use_holds_no_day_up(delivery: Any, tmp_path: Path) -> None:
    study = few_tables(tmp_path)
    path = study.folder / "study.yaml"
    text = path.read_text(encoding="utf-8")
    assert "- {name: initiator}" in text
    path.write_text(text.replace("- {name: initiator}", "- {name: initiator, until: 2021-02-10}"), encoding="utf-8")
    settings = replace(delivery.settings, study=study)
    kept_as_fetched(settings, delivery.folder, EARLY)
    others = [name for name in SURVEYS if name != "initiator"]
    for name in others:
        seen_again(settings, name, EARLY, LATE)
    found = fetched(settings)
    assert (found.day, found.uneven) == (dt.date(2021, 2, 20), False)
    seen_again(settings, "coordinator", EARLY, "2021-02-05T10-00-00Z")
    assert fetched(settings).day == dt.date(2021, 2, 1), "on the fifth it was still in use, and nobody had asked for it"


def test_a_survey_fetched_for_the_first_time_hides_no_drift_of_the_others(delivery: Any) -> None:
    others = [name for name in SURVEYS if name != "initiator"]
    kept_as_fetched(delivery.settings, delivery.folder, EARLY, others)
    kept_as_fetched(delivery.settings, delivery.folder, LATE)
    found = fetched(delivery.settings)
    before = day_before(found)
    assert before is not None
    assert before.day == dt.date(2021, 2, 1)
    assert [*drift_of(before, found).moved] == others
    assert day_before(before) is None


def test_decisions_of_the_newest_delivery_hold_as_far_as_they_fit(delivery: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    delivery.set("coordinator", 0, raadsnr="40999", raadsnr2="40999")
    kept_as_fetched(delivery.settings, delivery.folder, EARLY)
    assert state_of(fetched(delivery.settings)).aside["coordinator"] == 1
    form, other = delivery.form_id("coordinator", 0), delivery.form_id("coordinator", 1)
    delivery.correct(
        (form, "raadsnr", "40999", "40111"), (form, "raadsnr2", "40999", "40111"), (other, "raadsnr", "40998", "40997")
    )
    state = state_of(fetched(delivery.settings))
    assert (state.aside["coordinator"], state.unfit, state.interim.borrowed) == (0, 1, delivery.name)
    assert as_json(state)["amendments_of"] == delivery.name
    monkeypatch.setenv("FRS_DATA_DIR", str(delivery.data))
    monkeypatch.delenv("FRS_STUDY", raising=False)
    said = CliRunner().invoke(app, ["collect", "--fetched"]).stdout
    assert f"Corrections and exceptions are those of delivery {delivery.name}" in said
    assert "1 correction doesn’t fit here, and isn’t applied" in said


def test_a_finding_that_the_newest_delivery_accepts_stops_nothing(delivery: Any) -> None:
    delivery.edit("coordinator/structure.csv", b"?", b"!")
    kept_as_fetched(delivery.settings, delivery.folder, EARLY)
    with pytest.raises(InputError, match="wording_drifted"):
        state_of(fetched(delivery.settings))
    delivery.accept(("", "wording_drifted", ""))
    assert state_of(fetched(delivery.settings)).interim.borrowed == delivery.name


def test_the_ledger_beside_the_exports_goes_before_that_of_a_delivery(delivery: Any) -> None:
    kept_as_fetched(delivery.settings, delivery.folder, EARLY)
    lines = delivery.path(LEDGER).read_bytes().splitlines(keepends=True)
    (delivery.settings.fetched / LEDGER).write_bytes(b"".join(lines[:3]))
    assert len(state_of(fetched(delivery.settings)).held) == 2
    delivery.path(LEDGER).unlink()
    (delivery.settings.fetched / LEDGER).unlink()
    with pytest.raises(InputError, match="no ledger"):
        state_of(fetched(delivery.settings))


@pytest.mark.parametrize(
    ("keyed", "corrected", "server", "listed"),
    [("40999", "40222", "40999", False), ("40222", "40111", "40222", True), ("40999", "", "40222", False)],
)
def test_whose_form_moved_is_told_by_its_number_as_corrected(
    delivery: Any, tmp_path: Path, keyed: str, corrected: str, server: str, listed: bool
) -> None:
    """C-finch (40222) is withdrawn; the number was keyed wrong, and corrected in writing or at the server."""
    form = delivery.form_id("initiator", 0)
    later = delivery.copy_to(tmp_path / "later" / "data")
    for made, number, answer in ((delivery, keyed, "1"), (later, server, "2")):
        made.set("initiator", 0, raadsnr=number, raadsnr2=number, planhjlp=answer)
    if corrected:
        delivery.correct(*((form, column, keyed, corrected) for column in ("raadsnr", "raadsnr2")))
    delivery.withdraw(("", "C-finch"))
    noted = Store(delivery.settings, delivery.name).file("validated", "withdrawn_conferences")
    noted.parent.mkdir(parents=True)
    pq.write_table(pa.table({"conference_number": [40222], "conference_id": ["C-finch"]}, schema=CONFERENCES), noted)
    for made, time in ((delivery, EARLY), (later, LATE)):
        kept_as_fetched(delivery.settings, made.folder, time)
    found = fetched(delivery.settings)
    before = day_before(found)
    assert before is not None
    assert (form in drift_sheet(drift_of(before, found), "weekly round", "english").decode()) is listed
