"""Apache Spark on this machine: begun once per process when it is first asked, and ended with it.

It reads marts, which carry pseudonyms and answers. So it listens on the loopback alone and asks who connects, logs nothing,
has no web page, and whatever it writes lies in one folder of the restricted zone that is gone afterwards.
"""

from __future__ import annotations

import atexit
import logging
import os
import re
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any, TypeVar

from frs_pipeline.errors import FrsError, InputError
from frs_pipeline.store.lock import claim
from frs_pipeline.store.settings import Engine

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

# Seconds in which Spark has to have begun and answered: several times what two worker processes take on two cores.
PATIENCE = 120
JAVA = ("17", "21")  # the versions that Spark 4.0 is made for
LOOPBACK = "127.0.0.1"
_MASTER = re.compile(rf"local(?:\[(?:\*|\d+)\])?|local-cluster\[\d+,\d+,\d+\]|spark://({re.escape(LOOPBACK)}|localhost):(\d+)")
# What a user may have set for other Sparks would lead this one elsewhere.
_OTHERS = ("SPARK_", "PYSPARK_", "HADOOP_", "YARN_")
_OTHERWISE = "or unset FRS_ENGINE: then DuckDB counts"
_T = TypeVar("_T")


def ready(engine: Engine) -> str:
    """Begin Spark, unless this process has, and say what it is. Raises `InputError` when it can't begin or doesn't answer."""
    return f"Apache Spark {_begun(engine).version} on {engine.master}"


def views(paths: Mapping[str, Path], engine: Engine) -> SparkSession:
    """Open Parquet files as views, in a space of names of their own. Raises `InputError` as `ready`."""
    begun = _begun(engine)
    with in_one_line():
        session: SparkSession = begun.newSession()
        for name, path in paths.items():
            # A path isn't a pattern.
            session.read.option("__globPaths__", "false").parquet(f"file:{path}").createOrReplaceTempView(name)
    return session


@contextmanager
def in_one_line() -> Iterator[None]:
    """Turn whatever Spark raises, which may quote what it counts, into an error of one line. Raises `FrsError`."""
    try:
        yield
    except Exception as error:
        do = "look at the memory and the disk of this machine; without FRS_ENGINE, DuckDB counts"
        raise FrsError(f"Apache Spark failed while it counted ({type(error).__name__})", where="FRS_ENGINE", do=do) from error


class _Spark:
    """The Java process in which Spark runs, its folder, and the session."""

    def __init__(self, engine: Engine) -> None:
        # Without a restricted zone there are no forms yet.
        zone = engine.folder if engine.folder and engine.folder.is_dir() else None
        self._master = engine.master
        self._folder = tempfile.TemporaryDirectory(prefix=".spark.", suffix=".tmp", dir=zone, ignore_cleanup_errors=True)
        self._claim = claim(Path(self._folder.name))
        self._process: subprocess.Popen[bytes] | None = None
        self._context: Any = None

    def begin(self) -> SparkSession:
        """Start Java and Spark in it, and let it count something."""
        from pyspark import SparkConf, SparkContext
        from pyspark.java_gateway import launch_gateway
        from pyspark.sql import SparkSession

        folder = Path(self._folder.name)
        conf = SparkConf(loadDefaults=False).setAll([*_configuration(self._master, folder).items()])
        quiet = {"cwd": folder, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        _log_nothing()
        with _environment(_surroundings(self._master, folder)):
            gateway = launch_gateway(conf, quiet)
        self._process = gateway.proc
        # Only now: what a process was begun with, anybody on the machine may read.
        conf.set("spark.authenticate.secret", secrets.token_hex())
        self._context = SparkContext(conf=conf, gateway=gateway)
        session = SparkSession(self._context)
        session.range(1).count()
        return session

    def end(self) -> None:
        """End Spark and Java, and remove what they wrote."""
        with suppress(Exception):  # Java may be dead
            if self._context:
                self._context.stop()
        if self._process:
            assert self._process.stdin is not None
            # Java ends when nobody can speak to it any more, so it also does when this process is killed.
            self._process.stdin.close()
            try:
                self._process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._claim.close()
        self._folder.cleanup()


_ONE_AT_A_TIME = Lock()


def _begun(engine: Engine) -> SparkSession:
    """Return the session of this process, which is begun when somebody first asks."""
    with _ONE_AT_A_TIME:
        return _session(engine)


@cache
def _session(engine: Engine) -> SparkSession:
    """Begin Spark; it ends with this process."""
    _require_pyspark()
    _require_java()
    _require_master(engine.master)
    spark = _Spark(engine)
    atexit.register(spark.end)
    try:
        return within(PATIENCE, spark.begin)
    except Exception as error:
        spark.end()
        do = f"is its master there, with workers and memory to spare? Correct FRS_SPARK_MASTER, {_OTHERWISE}"
        raise InputError(f"Apache Spark doesn't answer ({type(error).__name__})", where=engine.master, do=do) from error


def _log_nothing() -> None:
    """Silence what Spark logs in Python: whatever is wrong is raised, too, and its words may quote an answer."""
    for name in ("DataFrameQueryContextLogger", "SQLQueryContextLogger"):
        logging.getLogger(name).disabled = True
    # The connection to Java logs in everybody's name.
    logging.getLogger().addFilter(_not_py4j)


def _not_py4j(record: logging.LogRecord) -> bool:
    return "py4j" not in Path(record.pathname).parts


def _require_pyspark() -> None:
    try:
        import pyspark  # noqa: F401
    except ImportError as error:
        do = f"make spark, or pip install 'frs-pipeline[spark]'; {_OTHERWISE}"
        raise InputError("PySpark isn't installed", where="FRS_ENGINE", do=do) from error


def _require_java() -> None:
    """Raise `InputError` unless the Java that Spark will take is of a version that it is made for."""
    home = os.environ.get("JAVA_HOME")
    where, java = ("JAVA_HOME", f"{home}/bin/java") if home else ("PATH", shutil.which("java"))
    do = f"install Java {JAVA[0]} (Debian: openjdk-{JAVA[0]}-jre-headless) or name it by JAVA_HOME; {_OTHERWISE}"
    try:
        version = [java or "java", "-XX:-UsePerfData", "-version"]
        said = subprocess.run(version, capture_output=True, text=True, timeout=PATIENCE, check=True).stderr  # noqa: S603
    except (OSError, subprocess.SubprocessError) as error:
        raise InputError("there is no Java that starts", where=where, do=do) from error
    number = re.search(r'version "(?:1\.)?(\d+)', said)
    if number is None or number[1] not in JAVA:
        raise InputError(f"Java {number[1] if number else 'of no known version'} isn't one for Spark", where=where, do=do)


def _require_master(master: str) -> None:
    """Raise `InputError` for a master that isn't on this machine, or that nobody is at."""
    named = _MASTER.fullmatch(master)
    if named is None:
        do = f"say local[*], local-cluster[2,1,1024] or spark://{LOOPBACK}:PORT, since forms stay on this machine; {_OTHERWISE}"
        raise InputError(f"{master} isn't a master on this machine", where="FRS_SPARK_MASTER", do=do)
    if named[2]:
        try:
            socket.create_connection((named[1], int(named[2])), timeout=5).close()
        except (OSError, OverflowError) as error:
            do = f"start the master, or correct its address; {_OTHERWISE}"
            raise InputError(f"nobody answers at {master}", where="FRS_SPARK_MASTER", do=do) from error


def _configuration(master: str, folder: Path) -> dict[str, str]:
    """Return Spark's configuration; its folder is where Java's process works, so that its path needn't stand in a list."""
    escaped = str(folder).replace("\\", "\\\\").replace('"', '\\"')
    java = f'-XX:-UsePerfData "-Djava.io.tmpdir={escaped}"'
    return {
        "spark.app.name": "frs",
        "spark.master": master,
        "spark.driver.bindAddress": LOOPBACK,
        "spark.driver.host": LOOPBACK,
        # Others may have accounts on this machine. A master that others started has a secret of its own, or none.
        "spark.authenticate": "false" if master.startswith("spark:") else "true",
        "spark.ui.enabled": "false",
        "spark.local.dir": ".",
        "spark.driver.extraJavaOptions": java,
        "spark.executor.extraJavaOptions": java,
        # Names in double quotes, as DuckDB has them.
        "spark.sql.ansi.doubleQuotedIdentifiers": "true",
        # Groups are few: more parts, and plans that change on the way, only take time.
        "spark.sql.shuffle.partitions": "4",
        "spark.sql.adaptive.enabled": "false",
    }


def _surroundings(master: str, folder: Path) -> dict[str, str]:
    """Return the environment variables that Spark needs; worker processes of its own get a home in its folder."""
    import pyspark

    home = Path(pyspark.__file__).parent
    if master.startswith("local-cluster"):
        # They write where Spark is installed.
        for part in ("bin", "jars"):
            (folder / part).symlink_to(home / part)
        home = folder
    loopback = {"SPARK_LOCAL_IP": LOOPBACK, "SPARK_LOCAL_HOSTNAME": "localhost"}
    return {**loopback, "SPARK_HOME": str(home), "SPARK_LAUNCHER_OPTS": "-XX:-UsePerfData", "LC_ALL": "C.UTF-8"}


@contextmanager
def _environment(ours: Mapping[str, str]) -> Iterator[None]:
    """Change the environment for the process that is begun meanwhile: PySpark hands on that of this one."""
    theirs = {name: value for name, value in os.environ.items() if name.startswith(_OTHERS) or name in ours}
    for name in theirs:
        del os.environ[name]
    os.environ.update(ours)
    try:
        yield
    finally:
        for name in ours:
            del os.environ[name]
        os.environ.update(theirs)


def within(seconds: float, do: Callable[[], _T]) -> _T:
    """Return what a function returns. Raises `TimeoutError` when it takes longer; it isn't waited for, not even at the end."""
    result: Future[_T] = Future()

    def work() -> None:
        try:
            result.set_result(do())
        except BaseException as error:
            result.set_exception(error)

    Thread(target=work, daemon=True).start()
    return result.result(timeout=seconds)
