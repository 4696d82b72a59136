"""Dagster's history in PostgreSQL: a server for the run of the tests, and a database of its own for each of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
import yaml
from dagster import DagsterInstance
from support.postgresql import Server, postgresql

from frs_pipeline.store.settings import PROJECT

pytest.register_assert_rewrite(
    "pipeline.test_old_runs", "pipeline.test_operations", "pipeline.test_unattended", "faults.test_every_run_is_searched"
)
EMPTY = "empty"
# As FRS_POSTGRES_URL, for tests that empty the environment of all that is the project's.
ELSEWHERE = "TESTS_POSTGRES_URL"
_NUMBERS = count()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server, and in it a database with Dagster's tables and nothing in them: to copy is quicker than to make."""
    before = {name: os.environ.get(name) for name in ("PGPASSFILE", "FRS_POSTGRES_URL")}
    with postgresql() as found:
        found.execute(f"CREATE DATABASE {EMPTY}")
        os.environ |= {"PGPASSFILE": str(found.passfile), "FRS_POSTGRES_URL": found.url(EMPTY)}
        home = tmp_path_factory.mktemp("home")
        (home / "dagster.yaml").write_text(lines(), encoding="utf-8")
        DagsterInstance.from_config(str(home)).dispose()
        try:
            yield found
        finally:
            for name, value in before.items():
                os.environ.pop(name, None) if value is None else os.environ.__setitem__(name, value)


def lines() -> str:
    """What the shipped configuration for PostgreSQL says of storage."""
    shipped = (PROJECT / "deploy" / "postgresql" / "dagster.yaml").read_text(encoding="utf-8")
    return yaml.safe_dump({"storage": yaml.safe_load(shipped)["storage"]})


@pytest.fixture
def storage(server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    """A database of one's own; where it is stands in the environment, the password in a file."""
    name = f"test_{next(_NUMBERS)}"
    server.execute(f"CREATE DATABASE {name} TEMPLATE {EMPTY}")
    with monkeypatch.context() as environment:
        for variable in ("FRS_POSTGRES_URL", ELSEWHERE):
            environment.setenv(variable, server.url(name))
        yield lines().replace("FRS_POSTGRES_URL", ELSEWHERE)
    server.execute(f"DROP DATABASE {name} WITH (FORCE)")
