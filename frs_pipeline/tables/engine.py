"""What counts the marts is chosen here and nowhere else: DuckDB in this process, or Apache Spark (FRS_ENGINE).

Both get the same Ibis expressions and the same SQL. Ibis is imported only where it is used: whoever asks for one passport
would wait longer for it than for the count.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from frs_pipeline.errors import InputError
from frs_pipeline.store.files import MartFile
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


# Where the forms of each mart are: a file, or those of several deliveries.
Marts = Mapping[str, Path | Sequence[MartFile]]


class Part(NamedTuple):
    """The forms of a mart that are from one delivery, by the name of their view, without those that views of newer ones have."""

    delivery: str
    view: str
    newer: tuple[str, ...]

    @property
    def forms(self) -> str:
        """The forms that count, as SQL."""
        if not self.newer:
            return f'"{self.view}"'
        again = " UNION ALL ".join(f'SELECT form_id FROM "{name}"' for name in self.newer)  # noqa: S608 - names of marts
        return f'(SELECT * FROM "{self.view}" WHERE form_id NOT IN ({again}))'  # noqa: S608


def parts_of(marts: Marts) -> dict[str, list[Part]]:
    """Return the parts of each mart. A mart in a single file is a view by its own name."""
    return {
        mart: [Part(file.delivery, names[file.path], tuple(names[path] for path in file.newer)) for file in files]
        for mart, files, names in _named(marts)
    }


def _named(marts: Marts) -> Iterator[tuple[str, Sequence[MartFile], dict[Path, str]]]:
    """Yield marts with their files, and the names of the views of all files that are read for them."""
    for mart, one in marts.items():
        files = [MartFile("", one)] if isinstance(one, Path) else one
        paths = list(dict.fromkeys(path for file in files for path in (file.path, *file.newer)))
        yield mart, files, {path: f"{mart}_{at}" if len(paths) > 1 else mart for at, path in enumerate(paths)}


def _paths(marts: Marts) -> dict[str, Path]:
    return {name: path for _, _, names in _named(marts) for path, name in names.items()}


def open_marts(marts: Marts, engine: Engine = DUCKDB) -> Mapping[str, ir.Table]:
    """Open the marts as Ibis tables on the engine, read from their Parquet files; a form that a newer one has again counts once.

    Raises `InputError` as `ready`.
    """
    import ibis

    if _is_spark(engine):
        backend = ibis.pyspark.connect(spark.views(_paths(marts), engine))
        opened = {name: backend.table(name) for name in _paths(marts)}
    else:
        connection = ibis.duckdb.connect(**ENGINE, perfect_ht_threshold=_BITS_OF_PLACES)
        opened = {name: connection.read_parquet(path, table_name=name) for name, path in _paths(marts).items()}

    def forms(part: Part) -> ir.Table:
        rows = opened[part.view]
        for name in part.newer:
            rows = rows.anti_join(opened[name], "form_id")
        return rows

    return {
        mart: ibis.union(*map(forms, parts)) if len(parts) > 1 else forms(parts[0]) for mart, parts in parts_of(marts).items()
    }


def fetch(expression: ir.Table) -> pa.Table:
    """Let the engine count what an expression says. Raises `FrsError` in one line when Spark fails."""
    with spark.in_one_line() if expression.get_backend().name == "pyspark" else nullcontext():
        return expression.to_pyarrow()


def querying(marts: Marts, engine: Engine = DUCKDB) -> Callable[[str], list[tuple[Any, ...]]]:
    """Return a function that runs SQL over the marts, whose `parts_of` say how each is called, and returns the rows.

    Names may stand in double quotes on either engine. Raises `InputError` as `ready`; the function raises as `fetch`.
    """
    if _is_spark(engine):
        session = spark.views(_paths(marts), engine)

        def ask(query: str) -> list[tuple[Any, ...]]:
            with spark.in_one_line():
                return [tuple(row) for row in session.sql(query).collect()]

        return ask
    import duckdb

    connection = duckdb.connect(config=ENGINE)
    for name, path in _paths(marts).items():
        connection.read_parquet(str(path)).create_view(name)
    return lambda query: connection.execute(query).fetchall()


def _is_spark(engine: Engine) -> bool:
    if engine.name not in (DUCKDB.name, SPARK):
        do = f"say {DUCKDB.name} or {SPARK}, or unset it for {DUCKDB.name}"
        raise InputError(f"there is no engine {engine.name}", where="FRS_ENGINE", do=do)
    return engine.name == SPARK
