"""What is said of an engine that there isn't or that can't begin, before anything is made; none of it needs Spark or Java."""

import socket
import sys
import time
import types
from pathlib import Path

import pytest
from support.running import here
from support.study import STUDY

from frs_pipeline.errors import FrsError, InputError
from frs_pipeline.store.files import Store
from frs_pipeline.store.lock import claim, exclusive
from frs_pipeline.store.settings import DUCKDB, Engine, Settings
from frs_pipeline.tables import spark
from frs_pipeline.tables.engine import fetch, open_marts, querying, ready
from frs_pipeline.tables.spark import within


@pytest.fixture
def java(tmp_path, monkeypatch):
    """`java(says)`: PySpark is installed, and a Java that says so of its version; None: no Java at all."""
    monkeypatch.setitem(sys.modules, "pyspark", types.ModuleType("pyspark"))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))

    def with_java(says: str | None) -> Path:
        if says is not None:
            program = tmp_path / "bin" / "java"
            program.write_text(f"#!/bin/sh\necho '{says}' >&2\n", encoding="utf-8")
            program.chmod(0o755)
        return tmp_path

    return with_java


def refused(*, master: str = DUCKDB.master, name: str = "spark") -> str:
    """What is said of an engine that can't count."""
    with pytest.raises(InputError) as error:
        ready(Engine(name, master))
    assert error.value.exit_code == 3
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize("ask", [ready, lambda engine: open_marts({}, engine), lambda engine: querying({}, engine)])
def test_an_engine_that_there_is_not_is_refused_wherever_it_should_count(ask):
    with pytest.raises(InputError, match=r"^FRS_ENGINE: there is no engine Spark"):
        ask(Engine("Spark"))


def test_without_pyspark_it_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyspark", None)
    assert "PySpark isn't installed (make spark, or pip install" in refused()


def test_without_java_it_says_what_to_install(java):
    java(None)
    assert "PATH: there is no Java that starts (install Java 17" in refused()


def test_a_java_home_without_java_is_named(java, monkeypatch):
    monkeypatch.setenv("JAVA_HOME", str(java('openjdk version "17.0.15"') / "elsewhere"))
    assert refused().startswith("JAVA_HOME: there is no Java that starts")


@pytest.mark.parametrize(
    ("says", "number"), [('java version "1.8.0_402"', "8"), ('openjdk version "25.0.1"', "25"), ("", "of no")]
)
def test_a_java_that_spark_is_not_made_for_is_refused(java, says, number):
    java(says)
    assert f"Java {number}" in refused()


@pytest.mark.parametrize(
    "master", ["yarn", "k8s://https://127.0.0.1:6443", "spark://10.0.0.7:7077", "spark://127.0.0.1.example.org:7077", "local[2"]
)
def test_a_master_on_another_machine_is_refused(java, master):
    java('openjdk version "17.0.15"')
    assert f"{master} isn't a master on this machine" in refused(master=master)


def test_a_master_that_nobody_is_at_is_refused_at_once(java):
    java('openjdk version "21.0.2"')
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        master = f"spark://127.0.0.1:{free.getsockname()[1]}"
        started = time.monotonic()
        assert f"nobody answers at {master} (start the master" in refused(master=master)
        assert time.monotonic() - started < 5
    assert "nobody answers" in refused(master="spark://localhost:99999")


def test_whatever_spark_says_when_it_does_not_begin_is_one_line(java, monkeypatch, tmp_path):
    java('openjdk version "17.0.15"')

    def fail(self):
        raise RuntimeError("what a form says")

    monkeypatch.setattr(spark._Spark, "begin", fail)
    (tmp_path / "restricted").mkdir()
    with pytest.raises(InputError) as error:
        ready(Engine("spark", "local[*]", tmp_path / "restricted"))
    assert str(error.value).startswith("local[*]: Apache Spark doesn't answer (RuntimeError) (is its master there")
    assert "what a form says" not in str(error.value)
    assert [*(tmp_path / "restricted").iterdir()] == []


def test_what_takes_too_long_is_not_waited_for():
    started = time.monotonic()
    with pytest.raises(TimeoutError):
        within(0.1, lambda: time.sleep(5))
    assert time.monotonic() - started < 2
    assert within(5, lambda: 7) == 7


class Failing:
    """An expression that an engine fails to count."""

    def __init__(self, engine: str) -> None:
        self.name = engine

    def get_backend(self):
        return self

    def to_pyarrow(self):
        raise ConnectionError("what a form says")


def test_an_error_of_sparks_is_one_line_without_what_it_counted():
    with pytest.raises(FrsError) as error:
        fetch(Failing("pyspark"))
    assert str(error.value).startswith("FRS_ENGINE: Apache Spark failed while it counted (ConnectionError) (look at the memory")
    with pytest.raises(ConnectionError, match="what a form says"):
        fetch(Failing("duckdb"))


def test_a_run_sweeps_away_what_a_killed_spark_left_and_nothing_of_a_living_one(tmp_path):
    store = Store(Settings(STUDY, tmp_path), "2021-01-31")
    zone = store.settings.restricted_zone
    killed, living, beginning = (zone / f".spark.{name}.tmp" for name in ("killed", "living", "beginning"))
    for folder in (killed / "blockmgr", living, beginning):
        folder.mkdir(parents=True)
    claim(killed).close()
    with claim(living), exclusive(store):
        assert {*zone.glob(".*.tmp")} == {beginning, living}
    with exclusive(store):
        assert [*zone.glob(".*.tmp")] == [beginning]


@pytest.mark.parametrize(
    ("environment", "says"),
    [
        ({"FRS_ENGINE": "sqlite"}, "frs: FRS_ENGINE: there is no engine sqlite (say duckdb or spark, or unset it for duckdb)"),
        ({"FRS_ENGINE": "spark", "FRS_SPARK_MASTER": "yarn"}, "frs: FRS_SPARK_MASTER: yarn isn't a master on this machine (say"),
    ],
    ids=["engine", "master"],
)
def test_a_run_ends_with_3_before_it_makes_anything(delivery, java, environment, says):
    path = str(java('openjdk version "17.0.15"') / "bin")
    done = here(delivery.data, "run", PATH=path, **environment)
    assert (done.returncode, done.stdout) == (3, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith(says)
    assert not (delivery.data / "curated").exists()
    assert [path.name for path in (delivery.data / "restricted").rglob("*") if path.is_file()] == [".lock"]


def test_the_doctor_says_which_engine_counts_and_that_it_does_not_answer(tmp_path):
    assert "ok   Counting: DuckDB 1." in here(tmp_path, "doctor").stdout
    done = here(tmp_path, "doctor", FRS_ENGINE="sqlite")
    assert "FAIL Counting: FRS_ENGINE: there is no engine sqlite" in done.stdout
    assert done.returncode == 1
