"""What `frs doctor` says of the pipeline's key and of the YAML files, and how it names what somebody called by a number."""

import subprocess
import sys

import pytest
from support.keys import environment_of
from support.study import STUDY, study_with

from frs_pipeline.operations.doctor import _key, _promises, _release, _report
from frs_pipeline.store.settings import Settings


@pytest.mark.parametrize(("mode", "sound"), [(0o600, True), (0o400, True), (0o640, False), (0o604, False)])
def test_a_key_that_others_can_read_is_not_sound(tmp_path, mode, sound):
    key = tmp_path / "key.txt"
    key.touch()
    key.chmod(mode)
    (found,) = _key(Settings(STUDY, tmp_path, key))
    assert (found.sound, "chmod 600" in found.detail) == (sound, not sound)


def test_of_a_key_that_is_not_named_nothing_is_said(tmp_path):
    assert [*_key(Settings(STUDY, tmp_path)), *_key(Settings(STUDY, tmp_path, tmp_path / "gone"))] == []


def test_a_release_policy_with_a_foreign_scale_is_told_with_file_and_line(tmp_path):
    assert _release(STUDY).sound
    study = study_with(tmp_path, {"release.yaml": lambda text: text.replace("  quality:", "  quantity:")})
    path = study.folder / "release.yaml"
    line = next(at for at, content in enumerate(path.read_text(encoding="utf-8").splitlines(), 1) if "quantity:" in content)
    found = _release(study)
    assert not found.sound and f"{path}:{line}:" in found.detail and "no scale quantity" in found.detail


def test_each_file_that_the_report_and_the_promises_rest_on_is_told_by_itself(tmp_path):
    assert all(found.sound for found in (_promises(STUDY), *_report(STUDY)))
    files = ("promises.yaml", "study.yaml", "report/chapters.yaml", "claims.yaml")
    study = study_with(tmp_path, dict.fromkeys(files, lambda _: "unknown: 1\n"))
    broken = [_promises(study), *_report(study)]
    assert [found.what for found in broken if not found.sound] == ["Promises", "Study", "Chapters", "Claims"]
    assert all(".yaml:1: unknown is no key here" in found.detail for found in broken)


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_a_personal_number_in_the_names_of_folders_is_not_repeated(tmp_path, form):
    data = tmp_path / "familie 610118-0011"
    data.mkdir()
    key = data / "key.txt"
    environment = {**environment_of(data), "FRS_KEY_FILE": str(key)}
    key.touch(0o644)
    command = [sys.executable, "-m", "frs_pipeline.cli", "doctor", *form]
    done = subprocess.run(command, env=environment, capture_output=True, encoding="utf-8", check=False)
    assert "familie" in done.stdout
    assert "0011" not in done.stdout + done.stderr
