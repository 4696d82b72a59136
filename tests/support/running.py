"""`frs` in a process of its own and in this one, and what a run left in the curated folder."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from typing import Any
from unittest import mock

import pytest

from frs_pipeline import cli
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


def here(data: Any, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """`frs …` in this process, where a process of its own isn't the point: it begins in a second less."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
    argv, sys.argv = sys.argv, ["frs", *arguments]
    try:
        with (
            mock.patch.dict(os.environ, {**environment_of(data), **environment}, clear=True),
            redirect_stdout(out),
            redirect_stderr(err),
            pytest.raises(SystemExit) as ended,
        ):
            cli.main()
    finally:
        sys.argv = argv
    said = []
    for stream in (out, err):
        stream.seek(0)
        said.append(stream.read())
    return subprocess.CompletedProcess(["frs", *arguments], int(ended.value.code or 0), *said)


def curated(delivery: Any) -> dict[str, str]:
    """Hash of every file of the curated folder."""
    folder = delivery.data / "curated"
    return {p.relative_to(folder).as_posix(): sha256(p) for p in folder.rglob("*") if p.is_file()}
