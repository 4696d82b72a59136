"""Rows that needn't fit into memory: a step's result, batch after batch.

They wait in a file that has no name, so that nothing of them stays when a run is killed.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import weakref
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from frs_pipeline.errors import FrsError

if TYPE_CHECKING:
    import duckdb

# Rows per batch and per row group: small enough to stream, and the same everywhere so that neither bytes nor hashes depend
# on how rows were handed over.
BATCH = 100_000
MEMORY = "400MB"
# By default DuckDB spills into whatever folder it was started in, and fetches missing extensions from a network.
ENGINE: dict[str, Any] = {"threads": 2, "temp_directory": "", "autoinstall_known_extensions": "false"}
_T = TypeVar("_T")


class Rows:
    """Rows of one schema, appended once and read as often as needed; `folder` is where the nameless file is made."""

    def __init__(self, schema: pa.Schema, folder: Path | None = None) -> None:
        self.schema = schema
        self.num_rows = 0
        self.hash = ""
        self._waiting: list[pa.Table] = []
        self._folder = folder
        self._file: IO[bytes] | None = None
        self._writer: Any = None
        self._put = 0
        self._left_out: tuple[Rows, str, pa.Array] | None = None

    @classmethod
    def of(cls, batches: Iterable[pa.RecordBatch | pa.Table], schema: pa.Schema, folder: Path | None = None) -> Rows:
        """Collect all of `batches`, in their order."""
        rows = cls(schema, folder)
        for batch in batches:
            rows.append(batch)
        return rows

    def append(self, batch: pa.RecordBatch | pa.Table) -> None:
        """Append rows with the columns of the schema. Raises `FrsError` in one line when there is no room for them."""
        table = pa.Table.from_batches([batch]) if isinstance(batch, pa.RecordBatch) else batch
        self._waiting.append(table.select(self.schema.names).cast(self.schema))
        self.num_rows += table.num_rows
        self.hash = ""
        while sum(table.num_rows for table in self._waiting) > BATCH:
            waiting = pa.concat_tables(self._waiting)
            self._put_away(waiting.slice(0, BATCH))
            self._waiting = [waiting.slice(BATCH).combine_chunks()]

    def without(self, column: str, values: pa.Array) -> Rows:
        """Return the same rows but for those with one of `values`, each of which one row has; nothing is copied."""
        rest = Rows(self.schema, self._folder)
        rest._left_out = (self, column, values)
        rest.num_rows = self.num_rows - len(values)
        return rest

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the rows, `BATCH` at a time."""
        if self._left_out is not None:
            yield from self._rest(*self._left_out)
            return
        if self._file is not None:
            with self._room():
                self._file.flush()
            # A handle of its own, so that two readers don't move each other's position.
            with os.fdopen(os.open(f"/dev/fd/{self._file.fileno()}", os.O_RDONLY), "rb") as file:
                stream = pa.ipc.open_stream(file)
                for _ in range(self._put):
                    yield stream.read_next_batch()
        if self._waiting:
            yield from pa.concat_tables(self._waiting).combine_chunks().to_batches()

    def _rest(self, rows: Rows, column: str, values: pa.Array) -> Iterator[pa.RecordBatch]:
        waiting, count = pa.Table.from_batches([], self.schema), 0
        for batch in rows.batches():
            kept = batch.filter(pc.invert(pc.is_in(batch[column], value_set=values)))
            waiting = pa.concat_tables([waiting, pa.Table.from_batches([kept])])
            count += kept.num_rows
            while waiting.num_rows > BATCH:
                yield from waiting.slice(0, BATCH).combine_chunks().to_batches()
                waiting = waiting.slice(BATCH)
        yield from waiting.combine_chunks().to_batches()
        if count != self.num_rows:
            raise RuntimeError("rows that were to be left out aren't there, or more than once")

    def table(self) -> pa.Table:
        """Return all rows in memory."""
        return pa.Table.from_batches(self.batches(), self.schema)

    def _put_away(self, table: pa.Table) -> None:
        with self._room():
            if self._writer is None:
                # Where files can't be nameless it has a name for a moment, of a kind that is swept away after a kill.
                self._file = tempfile.TemporaryFile(prefix=".rows.", suffix=".tmp", dir=self._folder)  # noqa: SIM115
                weakref.finalize(self, _close, self._file)
                self._writer = pa.ipc.new_stream(self._file, self.schema)
            for batch in table.combine_chunks().to_batches():
                self._writer.write_batch(batch)
                self._put += 1

    @contextmanager
    def _room(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            where = self._folder or tempfile.gettempdir()
            raise FrsError(f"cannot be written: {error.strerror}", where=where, do="make room; nothing was lost") from error


def ahead(items: Iterator[_T]) -> Iterator[_T]:
    """Yield the same items, each made while the one before is used."""
    with ThreadPoolExecutor(1) as maker:
        coming = maker.submit(next, items, None)
        while (item := coming.result()) is not None:
            coming = maker.submit(next, items, None)
            yield item


def _close(file: IO[bytes]) -> None:
    # What couldn't be written was reported before, and isn't needed any more.
    with suppress(OSError):
        file.close()


@contextmanager
def engine(folder: Path | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open DuckDB in bounded memory; what is too much for it spills into `folder`, and is gone afterwards.

    Raises `FrsError` in one line when there is no room for it.
    """
    import duckdb

    where, do = folder or tempfile.gettempdir(), "make room; nothing was lost"
    try:
        spill = tempfile.TemporaryDirectory(prefix=".engine.", suffix=".tmp", dir=folder)
    except OSError as error:
        raise FrsError(f"cannot be written: {error.strerror}", where=where, do=do) from error
    with spill:
        connection = duckdb.connect(config={**ENGINE, "memory_limit": MEMORY, "temp_directory": spill.name})
        try:
            yield connection
        except (duckdb.IOException, duckdb.OutOfMemoryException) as error:
            raise FrsError("no room for what memory doesn't hold", where=where, do=do) from error
        finally:
            connection.close()


def sorted_by(rows: Rows, columns: Sequence[str], folder: Path | None = None) -> Rows:
    """Sort rows in ascending order of `columns`, which have to distinguish any two rows."""
    if rows.num_rows <= BATCH:
        order = [(name, "ascending") for name in columns]
        return Rows.of([rows.table().sort_by(order)], rows.schema, folder)
    by = ", ".join(f'"{name}"' for name in columns)
    with engine(folder) as connection:
        connection.register("unsorted", pa.RecordBatchReader.from_batches(rows.schema, rows.batches()))
        ordered = connection.execute(f"select * from unsorted order by {by}")  # noqa: S608 - names of columns
        return Rows.of(ordered.to_arrow_reader(BATCH), rows.schema, folder)


class _Digest:
    """A file whose bytes are hashed and written nowhere."""

    closed = False

    def __init__(self) -> None:
        self.sha = hashlib.sha256()

    def write(self, data: bytes) -> int:
        self.sha.update(data)
        return len(data)

    def flush(self) -> None:
        pass

    def close(self) -> None:
        pass


def batches_of(rows: Rows | pa.Table) -> Iterator[pa.RecordBatch]:
    """Yield rows or a table, `BATCH` rows at a time."""
    if isinstance(rows, Rows):
        yield from rows.batches()
    else:
        yield from rows.combine_chunks().to_batches(max_chunksize=BATCH)


def content_hash(rows: Rows | pa.Table) -> str:
    """Hash rows and columns, whatever file they stand in and however they were handed over."""
    if isinstance(rows, Rows) and rows.hash:
        return rows.hash
    hashed = hash_of(batches_of(rows), rows.schema)
    if isinstance(rows, Rows):
        rows.hash = hashed
    return hashed


def hash_of(batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> str:
    """Hash rows that come `BATCH` at a time, as a product's file holds them."""
    digest = _Digest()
    with pa.ipc.new_stream(digest, schema) as stream:
        for batch in batches:
            # Copied, because a slice would bring the bytes behind it, and a null those under it.
            stream.write_batch(batch.take(pa.array(np.arange(batch.num_rows))))
    return digest.sha.hexdigest()


def without_decimals(rows: pa.Table) -> pa.Table:
    """Return rows with floats for decimals, for programs that know none."""
    kinds = [pa.float64() if pa.types.is_decimal(field.type) else field.type for field in rows.schema]
    return rows.cast(
        pa.schema([field.with_type(kind) for field, kind in zip(rows.schema, kinds, strict=True)], rows.schema.metadata)
    )
