"""A process that lives for months sees what was changed meanwhile: a study's files, the code, and tables that it doesn't know."""

import shutil

import pytest
from dagster import DagsterInstance
from support.night import night as at_night
from support.shipped import DELIVERY
from support.study import STUDY

from frs_pipeline.assets.graph import assets
from frs_pipeline.assets.wiring import deliveries_of
from frs_pipeline.definitions import build_definitions
from frs_pipeline.operations.sensors import nightly, outgrown
from frs_pipeline.store import code
from frs_pipeline.store.plan import definition_hash, products
from frs_pipeline.study import Study


@pytest.fixture
def night(tmp_path, refreshed, monkeypatch):
    """What the night asks for in a code location that was loaded once, of a finished delivery: names of assets, or why none."""
    study = Study(shutil.copytree(STUDY.folder, tmp_path / "study"))
    shutil.copytree(refreshed.data, tmp_path / "data")
    monkeypatch.setenv("FRS_DATA_DIR", str(tmp_path / "data"))
    definitions = build_definitions(study)
    schedule, repository = nightly(study), definitions.get_repository_def()
    with DagsterInstance.local_temp(str(tmp_path)) as instance:
        instance.add_dynamic_partitions(str(deliveries_of(study).name), [DELIVERY])

        def ask():
            found = at_night(schedule, instance, repository_def=repository)
            if not isinstance(found, list):
                return found.skip_message
            return {"/".join(key.path[1:]) for request in found for key in request.asset_selection}

        ask.study = study
        yield ask


def change(study, name, old, new):
    path = study.folder / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_a_changed_file_of_the_study_is_seen_without_a_new_process(night):
    assert night() == "all is up to date"
    change(night.study, "promises.yaml", "default: 0.20", "default: 0.21")
    assert "expectations" in night()
    change(night.study, "promises.yaml", "default: 0.21", "default: 0.20")
    assert night() == "all is up to date"


def test_changed_code_is_seen_without_a_new_process(night, tmp_path, monkeypatch):
    lock = shutil.copy(code._LOCK, tmp_path / "requirements.lock")
    monkeypatch.setattr(code, "_LOCK", lock)
    assert night() == "all is up to date"
    lock.write_text("another==1.0\n", encoding="utf-8")
    asked = night()
    code.look_again()
    assert {product.name for product in products(STUDY).values()} <= asked


def test_a_table_that_the_loaded_code_location_does_not_know_is_told_and_not_asked_for(night):
    entry = '  - {number: 82, title: "", kind: frequency, mart: participant_first, variable: overall}\n'
    path = night.study.folder / "tables.yaml"
    path.write_text(path.read_text(encoding="utf-8") + entry, encoding="utf-8")
    assert "reload it" in night()
    assert outgrown(night.study, night.study.again())
    assert outgrown(night.study.again(), night.study.again()) is None


@pytest.mark.parametrize("name", ["questionnaires/coordinator.yaml", "rules.yaml", "published/figures.csv"])
def test_what_a_step_has_read_is_never_noted_as_what_stands_there_when_it_ends(tmp_path, name):
    """A large delivery takes minutes: a file that is changed meanwhile leaves what was made of it out of date."""
    study = Study(shutil.copytree(STUDY.folder, tmp_path / "study"))
    path = study.folder / name
    by_it = [p.definitions for p in products(study.again()).values() if any(file == path for file, _ in p.definitions)]
    before = [definition_hash(study.again(), definitions) for definitions in by_it]
    assets(study)
    path.write_text(path.read_text(encoding="utf-8") + "\nanother: 1\n", encoding="utf-8")
    assert by_it
    assert [definition_hash(study, definitions) for definitions in by_it] == before
