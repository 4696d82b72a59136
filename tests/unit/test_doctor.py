"""What `frs doctor` says of the pipeline's key and of the YAML files, and how it names what somebody called by a number."""

import os
import shutil
from pathlib import Path

import pytest
from support.running import here
from support.study import STUDY

from frs_pipeline.operations.doctor import _folder, _history, _key, _study
from frs_pipeline.store.settings import Settings
from frs_pipeline.study import Study


@pytest.mark.parametrize(("mode", "sound"), [(0o600, True), (0o400, True), (0o640, False), (0o604, False)])
def test_a_key_that_others_can_read_is_not_sound(tmp_path, mode, sound):
    key = tmp_path / "key.txt"
    key.touch()
    key.chmod(mode)
    (found,) = _key(Settings(STUDY, tmp_path, key))
    assert (found.sound, "chmod 600" in found.detail) == (sound, not sound)


def test_of_a_key_that_is_not_named_nothing_is_said(tmp_path):
    assert [*_key(Settings(STUDY, tmp_path)), *_key(Settings(STUDY, tmp_path, tmp_path / "gone"))] == []


def test_what_dagster_shows_of_a_run_is_told(monkeypatch, tmp_path):
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    assert "as never materialised" in _history().detail
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    assert _history().detail.startswith(f"frs run is recorded in {tmp_path};")
    assert _history().sound


def test_a_data_folder_that_a_new_study_does_not_have_yet_is_sound_where_it_can_be_made(tmp_path):
    assert _folder(Settings(STUDY, tmp_path / "study" / "data")).sound
    (tmp_path / "study").write_text("a file", encoding="utf-8")
    found = _folder(Settings(STUDY, tmp_path / "study" / "data"))
    assert not found.sound
    assert "can't be written to" in found.detail


def test_a_closed_data_folder_is_sound_where_both_zones_of_results_are_open(tmp_path, monkeypatch):
    closed = {tmp_path}
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) not in closed)
    (tmp_path / "curated").mkdir()
    assert not _folder(Settings(STUDY, tmp_path)).sound
    (tmp_path / "restricted").mkdir()
    assert _folder(Settings(STUDY, tmp_path)).sound
    closed.add(tmp_path / "restricted")
    assert not _folder(Settings(STUDY, tmp_path)).sound


def test_each_part_of_the_study_is_told_by_itself_and_which_study_it_is(tmp_path):
    study = Study(shutil.copytree(STUDY.folder, tmp_path / "copied"))
    spoilt = {
        "Promises": "promises.yaml",
        "Chapters": "report/chapters.yaml",
        "First page": "report/findings.yaml",
        "Titles of figures": "report/titles.yaml",
    }
    for name in spoilt.values():
        (study.folder / name).write_text("unknown: 1\n", encoding="utf-8")
    found = {finding.what: finding for finding in _study(study)}
    assert found["Study folder"].detail == str(study.folder)
    assert {what for what, finding in found.items() if not finding.sound} == set(spoilt)
    assert all(f"{study.folder / name}:1: unknown isn't a key here" in found[what].detail for what, name in spoilt.items())


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_a_personal_number_in_the_names_of_folders_is_not_repeated(tmp_path, form):
    data = tmp_path / "familie 610118-0011"
    data.mkdir()
    key = data / "key.txt"
    key.touch(0o644)
    done = here(data, "doctor", *form)
    assert "familie" in done.stdout
    assert "0011" not in done.stdout + done.stderr
