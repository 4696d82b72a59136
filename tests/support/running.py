"""`frs` in a process of its own, and what a run left in the curated folder."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

from frs_pipeline.store.deliveries import sha256
from support.keys import environment_of

NAME = "2021-01-31"


def frs(data: Any, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """`frs …` in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "frs_pipeline.cli", *arguments],
        env={**environment_of(data), **environment},
        capture_output=True,
        text=True,
    )


def curated(delivery: Any) -> dict[str, str]:
    """Hash of every file of the curated folder."""
    folder = delivery.data / "curated"
    return {p.relative_to(folder).as_posix(): sha256(p) for p in folder.rglob("*") if p.is_file()}
