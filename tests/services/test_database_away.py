"""The database of Dagster's history doesn't answer, or goes in the middle of a run: one line, without a password."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster_postgres.utils
import pytest
from support.keys import environment_of
from support.postgresql import Server

from frs_pipeline.errors import FrsError
from frs_pipeline.operations.doctor import _traces
from frs_pipeline.operations.history import URL
from frs_pipeline.operations.refresh import refresh
from frs_pipeline.store.files import MANIFEST
from frs_pipeline.store.settings import PROJECT

SECRET = "not-to-be-said"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A history as the shipped configuration has it; between tries to reach it no time passes."""
    monkeypatch.setattr(dagster_postgres.utils, "calculate_delay", lambda **_: 0)
    folder = tmp_path / "home"
    folder.mkdir()
    shutil.copy(PROJECT / "deploy" / "postgresql" / "dagster.yaml", folder)
    monkeypatch.setenv("DAGSTER_HOME", str(folder))
    return folder


@pytest.fixture
def nobody() -> Iterator[str]:
    """A place at which nobody answers."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # it doesn't listen
        yield f"127.0.0.1:{taken.getsockname()[1]}"


def test_a_database_that_does_not_answer_is_one_line_and_nothing_is_made(
    delivery: Any, home: Path, nobody: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(URL, f"postgresql+psycopg2://frs@{nobody}/frs")
    made = delivery.settings.curated(delivery.name) / MANIFEST
    before = made.exists()
    do = "start it; or unset DAGSTER_HOME, which runs without a history"
    line = f"FRS_POSTGRES_URL: the database at {nobody} doesn't answer ({do})"
    with pytest.raises(FrsError) as told:
        refresh(delivery.settings, delivery.name)
    assert str(told.value) == line
    found = _traces(delivery.settings.study, home, [])
    assert (found.sound, found.detail) == (False, f"can't be searched: {line}")
    assert "connection" not in capfd.readouterr().err
    assert made.exists() is before


def test_a_database_that_goes_in_the_middle_of_a_run_ends_it_in_one_line(
    delivery: Any, home: Path, storage: str, server: Server, capfd: pytest.CaptureFixture[str]
) -> None:
    name = os.environ[URL].rpartition("/")[2]
    steps: list[str] = []

    def gone(step: str, _made: int, _of: int) -> None:
        if not steps:
            server.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
            server.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
        steps.append(step)

    delivery.set("coordinator", 0, konflikt="2")
    with pytest.raises(FrsError) as told:
        refresh(delivery.settings, delivery.name, told=gone)
    refused = f"FRS_POSTGRES_URL: the database server at 127.0.0.1:{server.port} refuses the connection"
    assert str(told.value).startswith(refused)
    assert "\n" not in str(told.value)
    assert "connection failed" not in capfd.readouterr().err
    assert steps


def test_the_daemon_does_not_say_the_password_of_an_address_that_has_one(home: Path, nobody: str, delivery: Any) -> None:
    """It is Dagster's own program, whose words are many lines."""
    address = {"DAGSTER_HOME": str(home), URL: f"postgresql+psycopg2://frs:{SECRET}@{nobody}/frs"}
    command = [sys.executable, "-m", "dagster._daemon", "run", "--empty-workspace"]
    done = subprocess.run(
        command, env={**environment_of(delivery.data), **address}, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 1
    assert f"port {nobody.rpartition(':')[2]} failed: Connection refused" in done.stderr
    assert SECRET not in done.stdout + done.stderr
