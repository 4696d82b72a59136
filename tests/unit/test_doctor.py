"""What `frs doctor` says of the pipeline's key."""

import pytest

from frs_pipeline.doctor import _key
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
