"""Which DAGSTER_HOME a run accepts: one that it may write to, or whose history a database keeps."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from frs_pipeline.errors import InputError
from frs_pipeline.operations.history import in_database
from frs_pipeline.operations.refresh import _home
from frs_pipeline.store.settings import PROJECT


@pytest.mark.parametrize(
    ("said", "there"),
    [
        (None, False),
        ("", False),
        ("storage: {sqlite: {base_dir: x}}", False),
        ("storage: postgres", False),
        ("- storage", False),
        ("storage: [", False),
        ("storage: {postgres: {}}", True),
    ],
)
def test_where_the_history_is_stands_in_dagster_yaml(tmp_path: Path, said: str | None, there: bool) -> None:
    if said is not None:
        (tmp_path / "dagster.yaml").write_text(said, encoding="utf-8")
    assert in_database(tmp_path) is there


def test_a_folder_that_cannot_be_written_to_is_enough_for_a_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    monkeypatch.setattr(os, "access", lambda path, mode: not mode & os.W_OK)
    with pytest.raises(InputError, match="closed to this account"):
        _home()
    shutil.copy(PROJECT / "deploy" / "postgresql" / "dagster.yaml", tmp_path)
    assert _home() == tmp_path
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(InputError, match="closed to this account"):
        _home()
