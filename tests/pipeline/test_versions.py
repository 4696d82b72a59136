"""Results of another version: told apart from altered ones, and made again by a run."""

import json
import shutil

import pytest
from support.shipped import DELIVERY
from support.study import STUDY

from frs_pipeline.operations.doctor import _produced
from frs_pipeline.operations.verify import verify
from frs_pipeline.store import manifest
from frs_pipeline.store.code import program_version
from frs_pipeline.store.files import MANIFEST, Store
from frs_pipeline.store.manifest import due, made_by_another, root_of
from frs_pipeline.store.settings import Settings


@pytest.fixture
def older(refreshed, tmp_path):
    """Writes the manifest as a version before would have: other code, another lock, and one file that isn't made any more."""
    copy = Settings(STUDY, shutil.copytree(refreshed.data, tmp_path / "data"))
    store = Store(copy, DELIVERY)

    def write(version="1.0.0"):
        path = copy.curated(DELIVERY) / MANIFEST
        content = json.loads(path.read_text(encoding="utf-8"))
        gone = copy.curated(DELIVERY) / "statistics" / "of_old.csv"
        gone.write_text("1\n", encoding="utf-8")
        content["outputs"]["curated/statistics/of_old.csv"] = manifest.sha256(gone)
        content["program"] = {name.removeprefix("frs_pipeline/"): "0" * 64 for name in content["program"]}
        content["lock"] = "1" * 64
        content.pop("version")
        if version:
            content["version"] = version
        content["root"] = root_of(content)
        path.write_text(json.dumps(content), encoding="utf-8")
        return store

    return write


def faults(store, **how):
    return {verdict.part: verdict.faults for verdict in verify(store, **how) if verdict.faults}


@pytest.mark.parametrize(("version", "called"), [("1.4.0", "version 1.4.0"), (None, "a version before 2.0.0")])
def test_a_result_of_another_version_is_told_apart_from_an_altered_one(older, version, called):
    store = older(version)
    sound = {verdict.part: verdict.sound for verdict in verify(store, outputs_only=True)}
    assert f"made by {called} and unaltered since (frs run" in sound["outputs"]
    assert faults(store, outputs_only=True) == {}
    told = _produced(store, "D")
    assert (told.sound, f"made by {called}, unaltered" in told.detail) == (True, True)
    assert due(store)  # one run makes it again

    page = store.settings.curated(DELIVERY) / "statistics" / "of_old.csv"
    page.write_text("2\n", encoding="utf-8")
    assert faults(store, outputs_only=True) == {"outputs": ("curated/statistics/of_old.csv isn't what the manifest says",)}
    told = _produced(store, "D")
    assert (told.sound, "altered: curated/statistics/of_old.csv" in told.detail) == (False, True)


def test_what_another_version_made_is_rebuilt_and_its_figures_compared(older):
    store = older()
    told = {verdict.part: verdict for verdict in verify(store)}
    assert {part: verdict.faults for part, verdict in told.items() if verdict.faults} == {}
    assert f"2501 figures made again by {program_version()} have the values of version 1.0.0" in told["rebuild"].sound
    assert "not compared" in told["program"].sound


def test_another_version_doesnt_have_the_code_of_this_one(refreshed, tmp_path):
    copy = Settings(STUDY, shutil.copytree(refreshed.data, tmp_path / "data"))
    path = copy.curated(DELIVERY) / MANIFEST
    content = json.loads(path.read_text(encoding="utf-8")) | {"version": "1.9.0"}
    path.write_text(json.dumps({**content, "root": root_of(content)}), encoding="utf-8")
    assert "it was altered" in str(faults(Store(copy, DELIVERY))["program"])


def test_the_same_version_with_other_code_is_no_other_version(older):
    store = older(program_version())
    told = faults(store, outputs_only=True)
    assert made_by_another(manifest.read_manifest(store)) is None
    assert told == {}
    assert "unaltered since" not in str([verdict.sound for verdict in verify(store, outputs_only=True)])


@pytest.mark.parametrize("named", ["\x1b[31m1.0", "1.0.0 unaltered", ["1.0"], 2, "", "1"])
def test_a_manifest_is_repeated_only_where_it_names_a_version(named):
    assert made_by_another({"version": named}) == "a version before 2.0.0"
