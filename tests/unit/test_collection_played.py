"""A collection played over two years: on each sampled day, what is missing is what other code counts."""

from __future__ import annotations

import csv
import datetime as dt
import io
from pathlib import Path

import pytest
from support.missing_by_pandas import forms_by_conference, lacking
from support.played import FIRST, LAST, Played
from support.study import STUDY

from frs_pipeline.collection.interim import in_folder
from frs_pipeline.collection.missing import lacking_forms, list_missing, missing_sheet, reminders
from frs_pipeline.collection.state import count_forms, in_all, state_of
from frs_pipeline.store.settings import Settings

SAMPLED = 24
DAYS = [FIRST + (LAST - FIRST) * at // (SAMPLED - 1) for at in range(SAMPLED)]


@pytest.fixture(scope="module")
def played() -> Played:
    return Played()


def differing(played: Played, day: dt.date, folder: Path) -> list[str]:
    """Say where the state of a day isn't what pandas counts."""
    place = played.export(day, folder)
    state = state_of(in_folder(Settings(STUDY, folder / "data"), place))
    by_pandas = forms_by_conference(place)
    wrong = []
    if {str(one.number): dict(one.forms) for one in state.held} != {
        str(number): {name: int(row[name]) for name in state.came} for number, row in by_pandas.iterrows()
    }:
        wrong.append(f"{day}: forms")
    if {str(one.conference.number): set(one.conference.lacks) for one in lacking_forms(state)} != lacking(by_pandas):
        wrong.append(f"{day}: missing")
    totals = in_all(count_forms(state).to_pylist())
    if totals["forms"] != int(by_pandas[list(state.came)].to_numpy().sum()):
        wrong.append(f"{day}: counts")
    return wrong


@pytest.mark.parametrize("day", DAYS, ids=str)
def test_what_is_missing_is_right_on_each_sampled_day(played: Played, day: dt.date, tmp_path: Path) -> None:
    assert differing(played, day, tmp_path) == []


def test_the_days_tell_of_a_collection_that_grows(played: Played, tmp_path: Path) -> None:
    """Otherwise every day could be the same, and nothing were tested."""
    middle = state_of(in_folder(Settings(STUDY, tmp_path), played.export(DAYS[12], tmp_path)))
    lacks = [one for one in middle.held if one.lacks]
    assert 100 < len(middle.held) < 300
    assert 0 < len(lacks) < len(middle.held)
    assert any(len(one.lacks) > 1 for one in lacks)


def test_sheets_list_the_numbers_and_whom_to_remind(played: Played, tmp_path: Path) -> None:
    place = played.export(DAYS[12], tmp_path)
    settings = Settings(STUDY, tmp_path / "data")
    listed = list_missing(in_folder(settings, place), "the weekly round", after=60)
    expected = lacking(forms_by_conference(place))
    rows = list(csv.reader(io.StringIO(missing_sheet(listed, "english").decode("utf-8-sig")), delimiter=";"))
    assert {row[0] for row in rows[1:]} == expected.keys()
    ages = {str(one.conference.number): one.days for one in listed.lacking}
    due = {(who, number) for number, lacks in expected.items() for who in lacks - {"participants"} if ages[number] >= 60}
    assert {(one.who, str(one.lacking.conference.number)) for one in listed.reminders} == due
    assert due
    assert len(reminders(listed.state, listed.lacking)) > len(due)
    journal = settings.access_journal.read_text(encoding="utf-8")
    assert "collect missing" in journal
    assert "the weekly round" in journal
