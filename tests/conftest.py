"""Markers by folder, deliveries that are made once per run of the tests, and short ways to read and judge one."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from support import keys
from support.once import once
from support.shipped import copy_of_shipped, relock
from support.study import STUDY
from support.tiny import HELD, in_dialect, make

from frs_pipeline.operations.refresh import Refresh, refresh
from frs_pipeline.store.settings import Settings
from frs_pipeline.study.rules import policy

MARKERS = {"unit", "pipeline", "faults", "browser", "spark", "services"}
MEMORY, ROOM = Path("/dev/shm"), 8 * 2**30


def pytest_configure():
    """Make the key that all processes of this run share, before any of them begins, and choose where they write."""
    keys.recipient()
    # What tests read is no terminal, however wide the one is that they are begun from.
    os.environ.pop("COLUMNS", None)
    # A run waits for a hundred files to reach the disk; in memory that takes no time. What tests leave there goes with them.
    if MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and min(shutil.disk_usage(MEMORY).free, memory_left()) >= ROOM:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))


def memory_left():
    """Bytes of memory that nothing uses."""
    told = dict(line.split(":") for line in Path("/proc/meminfo").read_text(encoding="utf-8").splitlines())
    return 1024 * int(told["MemAvailable"].split()[0])


def pytest_collection_modifyitems(items):
    """Each test is marked by the folder it lies in. What takes long begins first, so that both cores end together."""
    for item in items:
        for part in MARKERS.intersection(item.path.parts):
            item.add_marker(part)
    items.sort(key=lambda item: item.get_closest_marker("unit") is not None)


@pytest.fixture(scope="session")
def shared(tmp_path_factory):
    """`shared(name, make)`: a copy, for this process, of a folder that `make` fills once per run of the tests."""

    def copied(name: str, make: Callable[[Path], object]) -> Path:
        return Path(shutil.copytree(once(tmp_path_factory, name, make), tmp_path_factory.mktemp(name) / name))

    return copied


@pytest.fixture(scope="session")
def refreshed(shared):
    """The shipped delivery, refreshed: to be looked at, and copied by who alters it."""
    return Settings(STUDY, shared("refreshed", lambda folder: refresh(copy_of_shipped(folder))))


@pytest.fixture(scope="session")
def relocked(shared):
    """The same with a key of its own, so that copies of it may be altered; and what its refresh said."""

    def make_relocked(folder):
        done = refresh(relock(copy_of_shipped(folder / "data")))
        (folder / "refresh.json").write_text(json.dumps(vars(done)), encoding="utf-8")

    folder = shared("relocked", make_relocked)
    done = json.loads((folder / "refresh.json").read_text(encoding="utf-8"))
    return keys.settings_of(folder / "data"), Refresh(**{**done, "made": tuple(done["made"])})


def frame_of(export):
    """All forms of an export as text: a column `line`, and one a name of the header."""
    found = [chunk.cells.to_pandas().assign(line=chunk.lines) for chunk in export.chunks()]
    return pd.concat(found, ignore_index=True)[["line", *export.names]]


def policy_with(**severities):
    """The policy in force with other severities."""
    rules = policy(STUDY).rules
    changed = {name: rules[name].model_copy(update={"severity": severity}) for name, severity in severities.items()}
    return policy(STUDY).model_copy(update={"rules": {**rules, **changed}})


@pytest.fixture
def delivery(tmp_path):
    """A tiny good delivery of its own."""
    return make(tmp_path)


@pytest.fixture(scope="session")
def make_delivery():
    """`make(folder)`, for a delivery that several tests share."""
    return make


@pytest.fixture(scope="session")
def encode():
    """`in_dialect(rows, encoding, delimiter, terminator)`."""
    return in_dialect


@pytest.fixture(scope="session", name="frame_of")
def _frame_of():
    """`frame_of(export)`."""
    return frame_of


@pytest.fixture(scope="session", name="policy_with")
def _policy_with():
    """`policy_with(rule="severity", …)`."""
    return policy_with


@pytest.fixture
def storage():
    """Where Dagster keeps its history, as lines of dagster.yaml: none is SQLite. For tests/services it is PostgreSQL."""
    return ""


@pytest.fixture(scope="session")
def held():
    """The conferences of the tiny delivery."""
    return HELD
