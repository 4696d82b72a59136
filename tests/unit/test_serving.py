"""`make ui` before it becomes Dagster: a port that can be had, or one line."""

import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from frs_pipeline.errors import FrsError, UsageError
from frs_pipeline.operations.serving import HOST, free_port
from frs_pipeline.store.settings import PROJECT


@pytest.fixture
def taken():
    with socket.socket() as server:
        server.bind((HOST, 0))
        server.listen()
        yield server.getsockname()[1]


def test_a_port_that_is_free_is_taken_as_it_is():
    with socket.socket() as server:
        server.bind((HOST, 0))
        port = server.getsockname()[1]
    assert free_port(str(port)) == port


@pytest.mark.parametrize("text", ["", "x", "0", "65536", "-1", "3000 ", "٣٠٠٠", "3000;id"])
def test_what_is_no_port_is_refused(text):
    with pytest.raises(UsageError, match="not a port"):
        free_port(text)


def test_a_port_that_is_taken_is_told(taken):
    with pytest.raises(FrsError, match="Address already in use") as refused:
        free_port(str(taken))
    assert (refused.value.where, refused.value.exit_code) == (f"{HOST}:{taken}", 1)


def project(folder: Path, stub: str) -> Path:
    """A folder with this Makefile and package, and a Python that is `stub` where it becomes Dagster."""
    folder.mkdir()
    shutil.copy(PROJECT / "Makefile", folder)
    (folder / "frs_pipeline").symlink_to(PROJECT / "frs_pipeline")
    (folder / ".dagster_home").mkdir()
    (folder / ".venv" / "bin").mkdir(parents=True)
    for name in ("requirements.lock", "pyproject.toml"):
        shutil.copy(PROJECT / name, folder)
    python = folder / ".venv" / "bin" / "python"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    (folder / "dagster").mkdir()
    (folder / "dagster" / "__init__.py").touch()
    (folder / "dagster" / "__main__.py").write_text(stub)
    (folder / ".venv" / ".installed").touch()
    return folder


SHOW = "import json, os, sys\nprint(json.dumps([sys.argv[1:], os.environ['DAGSTER_HOME'], sys.flags.utf8_mode]))\n"


def make_ui(folder, *arguments, **environment):
    command = ["make", "--no-print-directory", "ui", *arguments]
    # These tests may themselves run below `make test`, whose level and flags aren't this command's.
    of_make = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "PYTHONUTF8")
    inherited = {name: value for name, value in os.environ.items() if name not in of_make}
    return subprocess.run(command, cwd=folder, env={**inherited, **environment}, capture_output=True)


@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make")
@pytest.mark.parametrize("name", ["with blanks", "a & b", "it's", "æøå", "50% $HOME;x"])
def test_it_starts_in_a_folder_of_any_name_and_locale(tmp_path, name):
    folder = project(tmp_path / name, SHOW)
    with socket.socket() as server:
        server.bind((HOST, 0))
        port = server.getsockname()[1]
    done = make_ui(folder, f"PORT={port}", LC_ALL="C", PYTHONUTF8="0")
    (told,) = done.stderr.splitlines()
    assert (done.returncode, told.startswith(b"make ui: what frs run made without a history")) == (0, True)
    arguments, home, utf8 = json.loads(done.stdout)
    assert arguments == ["dev", "--host", HOST, "--port", str(port)]
    assert (home, utf8) == (str(folder / ".dagster_home"), 1)


@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make")
def test_nothing_is_started_when_the_port_is_taken_or_the_history_has_no_place(tmp_path, taken):
    folder = project(tmp_path / "project", "print('started')\n")
    done = make_ui(folder, f"PORT={taken}")
    assert (done.returncode, done.stdout) == (2, b"")
    line, of_make = done.stderr.decode().splitlines()
    assert line.startswith(f"make ui: {HOST}:{taken}: can't be listened on: Address already in use")
    assert of_make.startswith("make:")
    (folder / ".dagster_home").rmdir()
    (folder / ".dagster_home").touch()
    with socket.socket() as server:
        server.bind((HOST, 0))
        port = server.getsockname()[1]
    done = make_ui(folder, f"PORT={port}")
    assert (done.returncode, done.stdout) == (2, b"")
    assert b".dagster_home: isn't a folder that can be used" in done.stderr
