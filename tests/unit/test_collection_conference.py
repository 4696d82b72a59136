"""The page of a conference and the choice of those that are gone through: on a tiny delivery, whose forms are known."""

from __future__ import annotations

import datetime as dt
import stat
from typing import Any

import pytest
from support.study import STUDY
from typer.testing import CliRunner

from frs_pipeline.cli import app
from frs_pipeline.collection.conference import conference_of
from frs_pipeline.collection.interim import Interim, in_folder
from frs_pipeline.collection.reconciled import drawn, is_chosen, lay_down, record, recorded
from frs_pipeline.collection.state import one_each, state_of
from frs_pipeline.errors import CheckFailed, FrsError, InputError, UsageError
from frs_pipeline.report.collection_pages import conference_page, missing_page
from frs_pipeline.store.settings import find_study
from frs_pipeline.study.questionnaires import questionnaires

FIRST = 40111


def interim_of(delivery: Any) -> Interim:
    return in_folder(delivery.settings, delivery.folder)


def test_all_forms_of_a_conference_stand_on_its_page(delivery: Any) -> None:
    found = conference_of(interim_of(delivery), FIRST, "they read them together")
    forms = {part.questionnaire.instrument: [form.form for form in part.forms] for part in found.parts}
    for name in ("participant_first", "initiator", "coordinator"):
        rows = delivery.dataset(name)
        at = rows[0].index("raadsnr")
        mine = [delivery.form_id(name, place) for place, row in enumerate(rows[1:]) if row[at] == str(FIRST)]
        assert sorted(forms[name]) == sorted(mine)
        assert mine
    page = conference_page(found).decode()
    assert all(form in page for some in forms.values() for form in some)
    assert "None" not in page


def test_a_form_with_two_numbers_stands_aside_with_both(delivery: Any) -> None:
    delivery.set("coordinator", 0, raadsnr2="40222")
    form = delivery.form_id("coordinator", 0)
    for number in (FIRST, 40222):
        (part,) = [
            p for p in conference_of(interim_of(delivery), number, "w").parts if p.questionnaire.instrument == "coordinator"
        ]
        assert form in [one.form for one in part.aside]
        assert "numbers_differ" in next(one.rules for one in part.aside if one.form == form)
    assert "coordinator" in conference_of(interim_of(delivery), FIRST, "w").held.lacks


def test_a_correction_is_shown_and_made(delivery: Any) -> None:
    delivery.set("coordinator", 0, konflikt="1")
    form = delivery.form_id("coordinator", 0)
    delivery.correct((form, "konflikt", "1", "2"))
    found = conference_of(interim_of(delivery), FIRST, "w")
    (one,) = [f for part in found.parts for f in part.forms if f.form == form]
    assert [(correction.old, correction.new) for _, correction in one.corrected] == [("1", "2")]
    question = questionnaires(STUDY)["coordinator"].question("conflict")
    assert question is not None
    assert one.said["conflict"].words == question.says[2]


def test_what_a_family_withdrew_is_nowhere(delivery: Any) -> None:
    form = delivery.form_id("participant_first", 0)
    assert delivery.get("participant_first", 0, "raadsnr") == str(FIRST)
    delivery.withdraw((form, ""))
    assert form not in conference_page(conference_of(interim_of(delivery), FIRST, "w")).decode()


def test_a_withdrawal_from_a_delivery_holds_for_a_later_export(delivery: Any, tmp_path: Any) -> None:
    import shutil

    form = delivery.form_id("participant_first", 0)
    later = shutil.copytree(delivery.folder, tmp_path / "2021-03-01")
    delivery.withdraw((form, ""))
    found = conference_of(in_folder(delivery.settings, later), FIRST, "w")
    assert form not in [one.form for part in found.parts for one in part.forms]


def test_a_conference_withdrawn_by_pseudonym_is_refused_until_its_number_is_known(delivery: Any) -> None:
    delivery.withdraw(("", "C-lark"))
    with pytest.raises(InputError, match="pseudonym"):
        state_of(interim_of(delivery))


@pytest.mark.parametrize("reason", ["", " "])
def test_without_a_reason_nothing_is_shown(delivery: Any, reason: str) -> None:
    with pytest.raises(FrsError, match="reason"):
        conference_of(interim_of(delivery), FIRST, reason)
    assert "refused" in delivery.settings.access_journal.read_text(encoding="utf-8")


def test_an_unknown_number_is_not_repeated(delivery: Any) -> None:
    with pytest.raises(UsageError) as refused:
        conference_of(interim_of(delivery), 98765, "w")
    assert "98765" not in str(refused.value)


def test_the_page_is_for_its_owner_only_and_the_number_is_no_argument(delivery: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRS_DATA_DIR", str(delivery.data))
    monkeypatch.delenv("FRS_STUDY", raising=False)
    done = CliRunner().invoke(app, ["collect", "conference", "--reason", "w"], input=f"{FIRST}\n")
    assert done.exit_code == 0, done.output
    page = delivery.settings.restricted(delivery.name) / "collection" / f"conference-{FIRST}.html"
    assert stat.S_IMODE(page.stat().st_mode) == 0o600
    assert stat.S_IMODE(page.parent.stat().st_mode) == 0o700


def test_counts_in_a_terminal_name_no_conference(delivery: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRS_DATA_DIR", str(delivery.data))
    monkeypatch.delenv("FRS_STUDY", raising=False)
    for more in ([], ["--json"], ["--language", "danish"]):
        done = CliRunner().invoke(app, ["collect", *more])
        assert done.exit_code == 0, done.output
        assert not any(str(number) in done.stdout for number in (40111, 40222, 40333, 50444, 50555))


def test_an_export_with_a_header_row_only_is_said_and_everything_is_missing(delivery: Any) -> None:
    delivery.write_dataset("coordinator", delivery.dataset("coordinator")[:1])
    state = state_of(interim_of(delivery))
    assert state.came["coordinator"].empty
    assert all("coordinator" in one.lacks for one in state.held)
    from frs_pipeline.collection.missing import list_missing

    page = missing_page(list_missing(interim_of(delivery), "w", after=1)).decode()
    assert "40111" in page
    assert "5 af 5 rådslagninger frem til 31. januar 2021 mangler et skema fra nogen." in page
    assert ("mindst 1 dag siden." in page, "at least 1 day has passed." in page) == (True, True)


def test_conferences_that_are_yet_to_be_held_lack_nothing(delivery: Any) -> None:
    state = state_of(in_folder(delivery.settings, delivery.folder, day=dt.date(2018, 3, 15)))
    assert len(state.held) == 2
    assert state.planned == 3
    assert state.early > 0


def test_one_form_is_due_of_those_who_are_alone() -> None:
    assert one_each(STUDY) == {"initiator", "coordinator"}


def test_a_study_without_numbers_is_refused_in_one_line() -> None:
    from frs_pipeline.store.settings import PROJECT, Settings

    study = find_study(PROJECT / "studies" / "library_visitors")
    settings = Settings.from_environment(study)
    with pytest.raises(UsageError, match="carry no number"):
        state_of(in_folder(settings, PROJECT / "studies" / "library_visitors", day=dt.date(2025, 5, 31)))


def test_an_accepted_form_whose_id_another_has_isnt_shown_as_set_aside(delivery: Any) -> None:
    """What was set aside is known by its line: forms that share an id are two, and only one of them may be at fault."""
    delivery.repeat("coordinator", 0, raadsnr2="40222")
    interim = interim_of(delivery)
    (part,) = [p for p in conference_of(interim, FIRST, "w").parts if p.questionnaire.instrument == "coordinator"]
    assert [bool(form.rules) for form in part.forms] == [False, True]
    assert len({form.form for form in part.forms}) == 1


def test_forms_that_share_an_id_are_counted_each(delivery: Any) -> None:
    delivery.repeat("coordinator", 0)
    aside = state_of(interim_of(delivery)).aside["coordinator"]
    delivery.repeat("coordinator", 0)
    assert state_of(interim_of(delivery)).aside["coordinator"] == aside + 1


def test_a_form_that_waits_is_listed_by_its_corrected_number(delivery: Any) -> None:
    from frs_pipeline.collection.missing import numbers_aside

    delivery.set("coordinator", 0, raadsnr="40999", raadsnr2="40998")
    form = delivery.form_id("coordinator", 0)
    delivery.correct((form, "raadsnr", "40999", str(FIRST)))
    interim = interim_of(delivery)
    found = numbers_aside(interim, state_of(interim))
    assert {number for number, forms in found.items() if form in forms.get("coordinator", ())} == {FIRST, 40998}


def test_about_every_tenth_is_chosen_and_stays_chosen() -> None:
    numbers = range(10_000, 90_000)
    chosen = [number for number in numbers if is_chosen(7, number)]
    assert abs(len(chosen) - 8000) < 4 * (80_000 * 0.09) ** 0.5
    assert chosen != [number for number in numbers if is_chosen(8, number)]


def test_what_came_of_a_check_is_written_down(delivery: Any) -> None:
    interim = interim_of(delivery)
    finished = [one.number for one in state_of(interim).held if not one.lacks]
    seed = next(seed for seed in range(1000) if is_chosen(seed, finished[0]))
    with pytest.raises(UsageError, match="no seed"):
        drawn(interim, "w")
    lay_down(delivery.settings, seed, "w")
    lay_down(delivery.settings, seed, "w")
    with pytest.raises(UsageError, match="laid down already"):
        lay_down(delivery.settings, seed + 1, "w")
    assert finished[0] in [one.number for one in drawn(interim, "w").open]
    day = dt.date(2021, 2, 1)
    record(interim, finished[0], "open", "the coordinator’s form; dated wrongly", "w", day)
    record(interim, finished[0], "corrected", "", "w", day)
    assert recorded(delivery.settings)[finished[0]].result == "corrected"
    assert finished[0] not in [one.number for one in drawn(interim, "w").open]
    sheet = delivery.settings.decided("collection") / "reconciled.csv"
    assert len(sheet.read_text(encoding="utf-8-sig").splitlines()) == 3
    assert stat.S_IMODE(sheet.stat().st_mode) == 0o600
    others = next(number for number in (40111, 40222, 40333, 50444, 50555) if not is_chosen(seed, number))
    with pytest.raises(CheckFailed) as refused:
        record(interim, others, "fits", "", "w", day)
    assert str(others) not in str(refused.value)
