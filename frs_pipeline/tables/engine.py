"""What counts the marts is chosen here and nowhere else: DuckDB in this process, or Apache Spark (FRS_ENGINE).

Both get the same Ibis expressions and the same SQL. Ibis is imported only where it is used: whoever asks for one passport
would wait longer for it than for the count.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from frs_pipeline.errors import InputError
from frs_pipeline.store.rows import ENGINE
from frs_pipeline.store.settings import DUCKDB, Engine
from frs_pipeline.tables import spark

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pyarrow as pa

SPARK = "spark"
# DuckDB counts combinations of small numbers in places of their own, without looking each up, if it may have so many bits of
# places; by default 12. Codes take up to a bit more than their combinations; 18 bits are 5 MB.
_BITS_OF_PLACES = 18


def ready(engine: Engine) -> str:
    """Make sure that the engine counts, and say what it is. Raises `InputError` for one that there isn't or that doesn't answer.

    To be called before anything that takes long: Spark is begun here.
    """
    if _is_spark(engine):
        return spark.ready(engine)
    import duckdb

    return f"DuckDB {duckdb.__version__}"


def open_marts(paths: Mapping[str, Path], engine: Engine = DUCKDB) -> Mapping[str, ir.Table]:
    """Open the marts as Ibis tables on the engine, read from their Parquet files. Raises `InputError` as `ready`."""
    import ibis

    if _is_spark(engine):
        backend = ibis.pyspark.connect(spark.views(paths, engine))
        return {name: backend.table(name) for name in paths}
    connection = ibis.duckdb.connect(**ENGINE, perfect_ht_threshold=_BITS_OF_PLACES)
    return {name: connection.read_parquet(path, table_name=name) for name, path in paths.items()}


def fetch(expression: ir.Table) -> pa.Table:
    """Let the engine count what an expression says. Raises `FrsError` in one line when Spark fails."""
    with spark.in_one_line() if expression.get_backend().name == "pyspark" else nullcontext():
        return expression.to_pyarrow()


def querying(paths: Mapping[str, Path], engine: Engine = DUCKDB) -> Callable[[str], list[tuple[Any, ...]]]:
    """Return a function that runs SQL over the marts, each under its name, and returns the rows.

    Names may stand in double quotes on either engine. Raises `InputError` as `ready`; the function raises as `fetch`.
    """
    if _is_spark(engine):
        session = spark.views(paths, engine)

        def ask(query: str) -> list[tuple[Any, ...]]:
            with spark.in_one_line():
                return [tuple(row) for row in session.sql(query).collect()]

        return ask
    import duckdb

    connection = duckdb.connect(config=ENGINE)
    for name, path in paths.items():
        connection.read_parquet(str(path)).create_view(name)
    return lambda query: connection.execute(query).fetchall()


def _is_spark(engine: Engine) -> bool:
    if engine.name not in (DUCKDB.name, SPARK):
        do = f"say {DUCKDB.name} or {SPARK}, or unset it for {DUCKDB.name}"
        raise InputError(f"there is no engine {engine.name}", where="FRS_ENGINE", do=do)
    return engine.name == SPARK
