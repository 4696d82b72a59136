"""Fixtures of the tests with bad input."""

import os
import sys

import pytest
from support.big_delivery import four_questionnaires
from support.keys import NAME
from support.remembered import remember
from support.running import here as frs
from support.study import STUDY, few_tables, study_of
from support.tiny import Delivery, make

from frs_pipeline import cli
from frs_pipeline.operations.study_files import examine
from frs_pipeline.report.expectations import import_great_expectations


@pytest.fixture(scope="session", autouse=True)
def _promises_are_checked_here():
    """Runs in this process check promises in it: each would import Great Expectations anew in a process of its own."""
    import_great_expectations()
    remember()


@pytest.fixture(scope="session")
def four(tmp_path_factory):
    """The questionnaires of the big delivery."""
    return four_questionnaires(tmp_path_factory.mktemp("questionnaires"))


@pytest.fixture(scope="session")
def good(shared):
    """The tiny delivery after its first run."""

    def run_once(folder):
        assert all(part.sound for part in examine(few_tables(folder)))
        done = frs(make(folder / "data").data, "run")
        assert (done.returncode, done.stderr) == (0, "")

    return Delivery(shared("good", run_once) / "data")


@pytest.fixture
def delivery(good, tmp_path):
    """A copy of it to spoil."""
    return good.copy_to(tmp_path / "data")


@pytest.fixture
def run(monkeypatch, capfd):
    """`frs …` in this process: (exit code, standard output, standard error)."""

    def call(data, *arguments):
        monkeypatch.setenv("FRS_DATA_DIR", str(data))
        if "FRS_STUDY" not in os.environ and study_of(data) is not STUDY:
            monkeypatch.setenv("FRS_STUDY", str(study_of(data).folder))
        if "FRS_KEY_FILE" not in os.environ and (data / NAME).exists():
            monkeypatch.setenv("FRS_KEY_FILE", str(data / NAME))
        monkeypatch.delenv("DAGSTER_HOME", raising=False)
        monkeypatch.setattr(sys, "argv", ["frs", *arguments])
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return ended.value.code, *capfd.readouterr()

    return call
