"""What `frs doctor` says of the pipeline's key and of the YAML files, and how it names what somebody called by a number."""

import subprocess
import sys

import pytest
from support.keys import environment_of
from support.study import STUDY

from frs_pipeline.operations.doctor import _key, _promises, _release, _report
from frs_pipeline.report import claims, expectations
from frs_pipeline.store.settings import Settings
from frs_pipeline.study import chapters, printed, release


@pytest.mark.parametrize(("mode", "sound"), [(0o600, True), (0o400, True), (0o640, False), (0o604, False)])
def test_a_key_that_others_can_read_is_not_sound(tmp_path, mode, sound):
    key = tmp_path / "key.txt"
    key.touch()
    key.chmod(mode)
    (found,) = _key(Settings(STUDY, tmp_path, key))
    assert (found.sound, "chmod 600" in found.detail) == (sound, not sound)


def test_of_a_key_that_is_not_named_nothing_is_said(tmp_path):
    assert [*_key(Settings(STUDY, tmp_path)), *_key(Settings(STUDY, tmp_path, tmp_path / "gone"))] == []


def test_a_release_policy_with_a_foreign_scale_is_told_with_file_and_line(monkeypatch, tmp_path):
    assert _release(STUDY).sound
    path = tmp_path / "release.yaml"
    text = release.POLICY.read_text(encoding="utf-8").replace("  quality:", "  quantity:")
    path.write_text(text, encoding="utf-8")
    line = next(at for at, content in enumerate(text.splitlines(), 1) if "quantity:" in content)
    monkeypatch.setattr(release, "release_policy", lambda: release.read_policy(STUDY, path))
    found = _release(STUDY)
    assert not found.sound and f"{path}:{line}:" in found.detail and "no scale quantity" in found.detail


def test_each_file_that_the_report_and_the_promises_rest_on_is_told_by_itself(monkeypatch, tmp_path):
    assert all(found.sound for found in (_promises(STUDY), *_report(STUDY)))
    for module, name, read in (
        (expectations, "read_limits", expectations.read_limits.__wrapped__),
        (printed, "study", lambda path: printed.YamlFile(path).parse(printed.Study)),
        (chapters, "chapters", chapters.read_chapters),
        (claims, "claims", claims.read_claims),
    ):
        path = tmp_path / f"{name}.yaml"
        path.write_text("unknown: 1\n", encoding="utf-8")
        monkeypatch.setattr(module, name, lambda read=read, path=path: read(path))
    broken = [_promises(STUDY), *_report(STUDY)]
    assert [found.what for found in broken if not found.sound] == ["Promises", "Study", "Chapters", "Claims"]
    assert all(".yaml:1: unknown isn't a key here" in found.detail for found in broken)


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
