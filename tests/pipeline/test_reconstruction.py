"""The shipped delivery is what the command makes: the same bytes, the age files with the same content."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.shipped import RAW
from support.study import STUDY

from frs_pipeline.codebook.made_up import is_shipped
from frs_pipeline.codebook.vault import open_plain
from frs_pipeline.reconstruction.delivery import reconstruct
from frs_pipeline.store.deliveries import DEMO_KEY


@pytest.mark.minutes
def test_the_command_makes_the_shipped_delivery_again(tmp_path: Path) -> None:
    reconstruct(STUDY, tmp_path)
    assert is_shipped(STUDY, tmp_path)
    made = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file())
    assert made == sorted(path.relative_to(RAW) for path in RAW.rglob("*") if path.is_file())
    for name in made:
        if name.suffix == ".age":
            key = DEMO_KEY if name.name == "codebook-pipeline.age" else f"CONTROLLERS-{DEMO_KEY}"
            assert open_plain(tmp_path / name, tmp_path / key) == open_plain(RAW / name, RAW / key)
        else:
            assert (tmp_path / name).read_bytes() == (RAW / name).read_bytes(), name
