"""What `frs doctor` says of the pipeline's key, and of the release policy."""

import pytest

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
