"""Figure by figure what DuckDB counts, counted by Apache Spark in worker processes of its own, at the study's size."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from support.shipped import DELIVERY
from support.study import STUDY

from frs_pipeline.lineage.meaning import meanings
from frs_pipeline.lineage.passport import Passports
from frs_pipeline.operations.doctor import _counting
from frs_pipeline.store.files import Store, read
from frs_pipeline.store.settings import Engine
from frs_pipeline.study.instruments import instruments
from frs_pipeline.study.tables import catalogue
from frs_pipeline.tables import spark
from frs_pipeline.tables.counting import count
from frs_pipeline.tables.engine import fetch, open_marts
from frs_pipeline.tables.figures import as_table, figures, from_table
from frs_pipeline.tables.nonresponse import answers_by_occasion, conferences_alike, item, unit
from frs_pipeline.tables.reconciling import FormCounts, reconcile

# PySpark leaves closing its connections to Python's garbage collector.
pytestmark = [
    # One process of the tests begins the worker processes, and the other one does the rest.
    pytest.mark.xdist_group("worker processes"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
WORKERS = "local-cluster[2,1,1024]"
# Every how many-th table has a passport asked for.
SAMPLE = 5
LISTENS = "0A"


@pytest.fixture(scope="session")
def store(refreshed, tmp_path_factory) -> Store:
    """The shipped delivery as DuckDB counted it, in an installation where Spark counts."""
    engine = Engine("spark", WORKERS, tmp_path_factory.mktemp("zone"))
    return Store(replace(refreshed, engine=engine), DELIVERY)


@pytest.fixture(scope="session")
def paths(store) -> dict[str, Path]:
    return {name: store.file("marts", name) for name in (*instruments(STUDY), "conference")}


@pytest.fixture(scope="session")
def marts(paths, store):
    return open_marts(paths, store.settings.engine)


def processes(folder: Path) -> Iterator[tuple[Path, str]]:
    """The processes that work within a folder, each with its command."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").resolve().is_relative_to(folder):
                yield process, (process / "cmdline").read_text()
        except OSError:  # it has ended, or is somebody else's
            continue


def addresses(process: Path) -> Iterator[str]:
    """The addresses at which a process listens, as Linux writes them."""
    sockets = {str(file.readlink()) for file in (process / "fd").iterdir() if file.is_symlink()}
    for table in ("tcp", "tcp6"):
        for line in (process / "net" / table).read_text().splitlines()[1:]:
            _, local, _, state, *_, inode = line.split()[:10]
            if state == LISTENS and f"socket:[{inode}]" in sockets:
                yield local.split(":")[0]


def test_every_figure_of_every_table_is_duckdbs(marts, store):
    tables = catalogue(STUDY)
    assert len(tables) == 81
    counted = count(tables.values(), marts)
    listed = [figure for number, table in tables.items() for figure in figures(table, counted[number])]
    assert as_table(listed) == read(store.file("statistics", "figures"))


def test_every_base_is_duckdbs(store, paths):
    printed = from_table(read(store.file("statistics", "figures")))
    forms = FormCounts(paths, store.settings.engine)
    reconciled = reconcile(STUDY, [*catalogue(STUDY).values()], printed, forms)
    reconciled.require()
    assert reconciled.rows == read(store.file("statistics", "bases"))


def test_nonresponse_is_duckdbs(marts, store):
    noted = read(store.file("statistics", "unit_nonresponse"))
    alone = next(row["conferences"] for row in noted.to_pylist() if row["measure"] == "only_in_ledger")
    assert unit(STUDY, fetch(conferences_alike(marts["conference"])), alone, DELIVERY) == noted
    answers = {name: fetch(answers_by_occasion(STUDY, name, marts[name])) for name in instruments(STUDY)}
    assert item(STUDY, answers, DELIVERY) == read(store.file("statistics", "item_nonresponse"))


def test_passports_are_duckdbs(store, refreshed):
    by_spark, by_duckdb = Passports(STUDY, store), Passports(STUDY, Store(refreshed, DELIVERY))
    chosen = [*{place.table: place for place in meanings(STUDY)}.values()][::SAMPLE]
    assert len(chosen) >= 16
    for place in chosen:
        passport = by_spark.of(place)
        assert passport == by_duckdb.of(place)
        assert passport.closes


def test_two_processes_of_sparks_own_counted_and_nobody_else_can_speak_to_them(marts, store):
    running = dict(processes(store.settings.engine.folder))
    commands = " ".join(running.values())
    assert commands.count("CoarseGrainedExecutorBackend") == 2
    places = {place for process in running for place in addresses(process)}
    # 127.0.0.1, and the same in IPv6's notation.
    assert places
    assert places <= {"0100007F", "0000000000000000FFFF00000100007F"}
    assert not re.search(r"spark\.authenticate\.secret", commands)


def test_what_spark_writes_lies_in_one_folder_that_others_cannot_enter(marts, store):
    (folder,) = store.settings.engine.folder.iterdir()
    assert folder.stat().st_mode & 0o77 == 0
    assert [*folder.rglob("shuffle_*.data")]
    assert not (Path(spark.__file__).parents[2] / "spark-warehouse").exists()


def test_the_doctor_says_that_spark_counts(store):
    found = _counting(store.settings)
    assert found.sound
    assert re.fullmatch(rf"Apache Spark 4\.0\.\d+ on {re.escape(WORKERS)} answers", found.detail)
