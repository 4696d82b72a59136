"""Whatever can't be got at (closed, or another thing in its place) is one line and exit 3, whichever file it is."""

import errno
import os
import subprocess
import sys

import pytest
from dagster import Failure
from support.keys import environment_of
from support.study import STUDY

from frs_pipeline import cli
from frs_pipeline.assets.wiring import gate
from frs_pipeline.errors import InputError, UsageError, unusable
from frs_pipeline.store.settings import Settings


def failing(number, name="/data/raw/2021-01-31"):
    return OSError(number, os.strerror(number), name)


@pytest.mark.parametrize("number", [errno.EACCES, errno.EISDIR, errno.ENOTDIR, errno.ENOENT, errno.ELOOP, errno.EIO])
def test_what_is_closed_or_no_file_is_input_that_cant_be_read(number):
    told = unusable(failing(number))
    assert isinstance(told, InputError)
    assert str(told).startswith(f"/data/raw/2021-01-31: cannot be used: {os.strerror(number)} (")
    assert (told.exit_code, "\n" in str(told)) == (3, False)


def test_a_full_disk_isnt_input_and_what_says_no_number_isnt_repeated():
    assert unusable(failing(errno.ENOSPC)).exit_code == 1
    assert unusable(OSError("cell 4: somebody wrote this")) is None
    assert unusable(ValueError("x")) is None


def test_the_same_within_a_step():
    def step():
        with gate():
            raise failing(errno.EACCES)

    with pytest.raises(Failure, match="cannot be used: Permission denied") as refused:
        step()
    assert isinstance(refused.value.__cause__, InputError)
    assert not refused.value.allow_retries


@pytest.mark.parametrize("command", [("run",), ("tables", "1"), ("doctor",), ("quarantine",), ("verify",), ("codebook", "check")])
def test_a_folder_that_is_closed_is_one_line_whatever_is_asked(delivery, monkeypatch, capfd, command):
    """As for an account that may not read it; root may read anything, so that the system is asked to say no."""
    closed = str(delivery.folder.parent)
    scandir, listdir = os.scandir, os.listdir

    def refusing(ask):
        def asked(place="."):
            if os.fspath(place) == closed:
                raise failing(errno.EACCES, closed)
            return ask(place)

        return asked

    monkeypatch.setattr(os, "listdir", refusing(listdir))
    monkeypatch.setattr(os, "scandir", refusing(scandir))
    monkeypatch.setenv("FRS_DATA_DIR", str(delivery.data))
    monkeypatch.delenv("FRS_KEY_FILE", raising=False)
    monkeypatch.setattr(sys, "argv", ["frs", *command])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    out, err = capfd.readouterr()
    assert (ended.value.code, out, err.count("\n")) == (3, "", 1)
    assert f"{closed}: cannot be used: Permission denied" in err


@pytest.mark.parametrize("name", ["FRS_DATA_DIR", "FRS_KEY_FILE"])
def test_a_link_that_leads_to_itself_is_told_where_it_is_followed(tmp_path, monkeypatch, name):
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    monkeypatch.setenv(name, str(tmp_path / "loop"))
    settings = Settings.from_environment(STUDY)
    assert (settings.key if name == "FRS_KEY_FILE" else settings.data) == tmp_path / "loop"


def test_names_of_files_are_utf8_whatever_the_locale_says(delivery, tmp_path):
    made = delivery.copy_to(tmp_path / "æøå & data")
    environment = {**environment_of(made.data), "LC_ALL": "C", "PYTHONUTF8": "0"}
    command = [sys.executable, "-m", "frs_pipeline.cli", "run", "--select", "validated"]
    done = subprocess.run(command, env=environment, capture_output=True)
    assert (done.returncode, done.stderr.decode()) == (0, "")
    assert (made.settings.restricted(made.name) / "validated" / "coordinator.parquet").exists()


def test_a_path_that_cant_be_written_in_utf8_is_refused(monkeypatch):
    monkeypatch.setenv("FRS_DATA_DIR", "/data/\udce6")
    with pytest.raises(UsageError, match="isn't a path in UTF-8"):
        Settings.from_environment(STUDY)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda home: (home / "dagster.yaml").mkdir(), "dagster.yaml: cannot be used: Is a directory"),
        (lambda home: (home / "dagster.yaml").write_text("a: ["), "dagster.yaml: isn't a configuration that Dagster takes"),
        (lambda home: (home / "dagster.yaml").write_text("nonsense: 1"), "isn't a configuration that Dagster takes"),
        (lambda home: (home / "history").touch(), "history/: cannot be used: File exists"),
    ],
    ids=["a folder for its file", "no YAML", "unknown to Dagster", "a file for its folder"],
)
def test_a_history_that_has_no_place_is_told(delivery, tmp_path, spoil, says):
    home = tmp_path / "home"
    home.mkdir()
    (home / "dagster.yaml").write_text("telemetry:\n  enabled: false\n") if "history" in says else None
    spoil(home)
    environment = {**environment_of(delivery.data), "DAGSTER_HOME": str(home)}
    command = [sys.executable, "-m", "frs_pipeline.cli", "run", "--select", "validated/codebook"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (3, "", 1), done.stderr
    assert says in done.stderr
