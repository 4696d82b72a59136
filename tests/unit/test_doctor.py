"""What `frs doctor` says of the pipeline's key, and of the release policy, and how it names what somebody called by a number."""

import subprocess
import sys

import pytest
from keys import environment_of

from frs_pipeline.doctor import _key, _release
from frs_pipeline.release import policy
from frs_pipeline.settings import Settings


@pytest.mark.parametrize(("mode", "sound"), [(0o600, True), (0o400, True), (0o640, False), (0o604, False)])
def test_a_key_that_others_can_read_is_not_sound(tmp_path, mode, sound):
    key = tmp_path / "key.txt"
    key.touch()
    key.chmod(mode)
    (found,) = _key(Settings(tmp_path, key))
    assert (found.sound, "chmod 600" in found.detail) == (sound, not sound)


def test_of_a_key_that_is_not_named_nothing_is_said(tmp_path):
    assert [*_key(Settings(tmp_path)), *_key(Settings(tmp_path, tmp_path / "gone"))] == []


def test_a_release_policy_with_a_foreign_scale_is_told_with_file_and_line(monkeypatch, tmp_path):
    assert _release().sound
    path = tmp_path / "policy.yaml"
    text = policy.POLICY.read_text(encoding="utf-8").replace("  quality:", "  quantity:")
    path.write_text(text, encoding="utf-8")
    line = next(at for at, content in enumerate(text.splitlines(), 1) if "quantity:" in content)
    monkeypatch.setattr(policy, "release_policy", lambda: policy.read_policy(path))
    found = _release()
    assert not found.sound and f"{path}:{line}:" in found.detail and "no scale quantity" in found.detail


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
